package transport

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mailworthy/internal/ascii"
)

const (
	// MaxPolicy is the size of the longest policy that senders read (RFC 8461, 3.3).
	MaxPolicy = 64 << 10
	// MaxAgeLimit is the longest max_age, in seconds: about a year (RFC 8461, 3.2).
	MaxAgeLimit = 31557600
	// maxPatterns bounds the mx fields of a policy that are kept.
	maxPatterns = 1000
)

// Policy is an MTA-STS policy as senders read it: of a field that may stand once, the
// first counts (RFC 8461, 3.2).
type Policy struct {
	// Version, Mode and MaxAge are the values as they stand, empty if there are none.
	Version string `json:"version"`
	Mode    string `json:"mode"`
	MaxAge  string `json:"max_age"`
	// MX are the patterns in their order.
	MX []string `json:"mx"`
	// Departures say where the text leaves the grammar, although the fields can be read.
	Departures []string `json:"departures"`
	// Differing are fields that stand more than once with different values.
	Differing []string `json:"differing"`
	// Extensions are the names of fields that the RFC does not know.
	Extensions []string `json:"extensions"`

	// has are the fields that are there, near those whose names are not written so.
	has  map[string]bool
	near map[string]string
	many int
	// text is the policy; read what it was meant to say, and why how it does not, once it
	// was read so; others are the lines of the fields that nobody knows.
	text   string
	read   *Policy
	why    string
	others []string
}

// Seconds is max_age, and false if it is not 1 to 10 digits.
func (p *Policy) Seconds() (int64, bool) {
	if p.MaxAge == "" || len(p.MaxAge) > 10 || strings.Trim(p.MaxAge, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(p.MaxAge, 10, 64)
	return n, err == nil
}

// Valid reports whether senders have a policy in it: version, mode and max_age are
// there, and a pattern unless the mode is none.
func (p *Policy) Valid() bool {
	_, age := p.Seconds()
	return p.Version == "STSv1" && slices.Contains(modes, p.Mode) && age &&
		(p.Mode == "none" || len(p.MX) > 0 && !slices.ContainsFunc(p.MX, func(m string) bool { return patternProblem(m) != "" }))
}

var modes = []string{"enforce", "testing", "none"}

// Matches reports whether a pattern of the policy covers the host (RFC 8461, 4.1).
func (p *Policy) Matches(host string) bool {
	return slices.ContainsFunc(p.MX, func(pattern string) bool { return MatchesMX(pattern, host) })
}

// MatchesMX reports whether a pattern covers a host: the whole name, or behind *. all
// labels but the first (RFC 8461, 4.1). Neither case nor a final dot of the host counts.
func MatchesMX(pattern, host string) bool {
	if patternProblem(pattern) != "" {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		label, parent, _ := strings.Cut(host, ".")
		return label != "" && strings.EqualFold(parent, rest)
	}
	return host != "" && strings.EqualFold(pattern, host)
}

func (p *Policy) departs(line int, what string) {
	if len(p.Departures) >= maxProblems {
		p.many++
		return
	}
	if line > 0 {
		what = "line " + strconv.Itoa(line) + ": " + what
	}
	p.Departures = append(p.Departures, what)
}

// ParsePolicy reads a policy, bytes as they are. If it leaves the grammar and can be
// read all the same, it is read on; what it says then is what most senders take it for.
func ParsePolicy(text []byte) *Policy {
	p := &Policy{MX: []string{}, Departures: []string{}, Differing: []string{}, Extensions: []string{}, has: map[string]bool{}, near: map[string]string{}}
	s := string(text)
	if len(s) > MaxPolicy {
		p.departs(0, "it has over "+strconv.Itoa(MaxPolicy)+" bytes")
		s = s[:MaxPolicy]
	}
	if rest, ok := strings.CutPrefix(s, "\ufeff"); ok {
		p.departs(1, "it begins with a byte order mark")
		s = rest
	}
	if strings.Contains(s, "\r") && !strings.Contains(s, "\n") {
		p.departs(0, "its lines end in a carriage return alone")
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	s = strings.TrimSuffix(s, "\n")
	p.text = s
	n := 0
	for line := range strings.SplitSeq(s, "\n") {
		n++
		line = strings.TrimSuffix(line, "\r")
		if strings.Contains(line, "\r") {
			p.departs(n, "it has a carriage return without a line feed")
			line = strings.ReplaceAll(line, "\r", " ")
		}
		p.line(n, line)
	}
	return p
}

// line reads one line of a policy.
func (p *Policy) line(n int, line string) {
	body := strings.TrimRight(line, " \t")
	if body == "" {
		p.departs(n, "it is empty")
		return
	}
	if trimmed := strings.TrimLeft(body, " \t"); trimmed != body {
		p.departs(n, "it begins with a space")
		body = trimmed
	}
	name, value, ok := strings.Cut(body, ":")
	if !ok {
		p.departs(n, quote(body)+" is no name: value")
		return
	}
	if trimmed := strings.TrimRight(name, " \t"); trimmed != name {
		p.departs(n, "there is a space before the colon")
		name = trimmed
	}
	value = strings.TrimLeft(value, " \t")
	switch name {
	case "mx":
		if p.has[name] = true; len(p.MX) < maxPatterns {
			p.MX = append(p.MX, value)
		}
	case "version":
		p.once(name, value, &p.Version)
	case "mode":
		p.once(name, value, &p.Mode)
	case "max_age":
		p.once(name, value, &p.MaxAge)
	default:
		p.extension(n, name, value)
	}
}

// once keeps the first value of a field.
func (p *Policy) once(name, value string, field *string) {
	switch {
	case !p.has[name]:
		p.has[name], *field = true, value
	case *field != value && !slices.Contains(p.Differing, name):
		p.Differing = append(p.Differing, name)
	}
}

// extension reads a field that the RFC does not know.
func (p *Policy) extension(n int, name, value string) {
	for _, known := range []string{"version", "mode", "max_age", "mx"} {
		if strings.EqualFold(strings.ReplaceAll(name, "-", "_"), known) || known == "max_age" && strings.EqualFold(name, "maxage") {
			if _, ok := p.near[known]; !ok {
				p.near[known] = name
			}
		}
	}
	switch {
	case !isName(name):
		p.departs(n, quote(name)+" is no name of a field")
		return
	case value == "":
		p.departs(n, "the field "+quote(name)+" has no value")
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }):
		p.departs(n, "the value of "+quote(name)+" holds a character that does not belong there")
	}
	if len(p.Extensions) < maxTags && !slices.Contains(p.Extensions, name) {
		p.Extensions = append(p.Extensions, name)
	}
}

// patternProblem says why a value is no pattern of MX hosts: ["*."] Domain, the domain
// of labels of letters, digits and inner hyphens (RFC 8461, 3.2; RFC 5321, 4.1.2).
func patternProblem(pattern string) string {
	rest := strings.TrimPrefix(pattern, "*.")
	switch {
	case pattern == "":
		return "it is empty"
	case strings.Contains(pattern, "://"):
		return "it is a URL, not a host"
	case isAddress(strings.Trim(rest, "[]")):
		return "it is an address, and certificates are compared by name"
	case strings.HasSuffix(pattern, "."):
		return "it ends in a dot"
	case strings.Contains(rest, "*"):
		return "* can only be the whole first label"
	case strings.Contains(rest, ":"):
		return "it has a colon, as a port has"
	case strings.ContainsFunc(rest, func(c rune) bool { return c > '~' }):
		return "an internationalized name is written in its xn-- form"
	case strings.ContainsAny(rest, " \t"):
		return "it has a space; each pattern has an mx line of its own"
	case strings.ContainsAny(rest, ","):
		return "it has a comma; each pattern has an mx line of its own"
	case len(rest) > 253:
		return "it is longer than a name can be"
	}
	for label := range strings.SplitSeq(rest, ".") {
		switch {
		case label == "":
			return "it has an empty label"
		case len(label) > 63:
			return "it has a label of over 63 characters"
		case label[0] == '-' || label[len(label)-1] == '-':
			return "a label begins or ends with a hyphen"
		}
		for i := range len(label) {
			if !ascii.IsAlphanumeric(label[i]) && label[i] != '-' {
				_, n := utf8.DecodeRuneInString(label[i:])
				return quote(label[i:i+n]) + " does not belong in the name of a host"
			}
		}
	}
	return ""
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(strings.TrimPrefix(s, "IPv6:"))
	return err == nil
}
