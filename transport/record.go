// Package transport reads the TXT records that say how mail to a domain travels
// and how it is shown: MTA-STS (RFC 8461, a policy that demands TLS for mail to
// the domain's MX hosts), TLS reporting (RFC 8460, where senders report failed
// TLS to) and BIMI (draft-brand-indicators-for-message-identification, the logo
// that mailboxes show beside mail that passes DMARC).
//
// All three are lists of tags behind a version. Lint judges a record alone; BeginSTS
// and BeginReporting ask for what there is of a domain, the policy file over HTTPS too,
// and CheckSTS and CheckReporting judge it.
package transport

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
)

// Tag is one name=value of a record, in its order.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxTags bounds the tags of a record that are read.
const maxTags = 100

// Record is what the three kinds have in common. Its readers take a record
// with a problem for no record.
type Record struct {
	Tags []Tag `json:"tags"`
	// Problems say where the text leaves the grammar.
	Problems []string `json:"problems"`
	// Repeated are names that occur more than once.
	Repeated []string `json:"repeated"`
	// text is the record, and many counts problems beyond those that are kept.
	text string
	many int
	// loose: values may have spaces and equals signs, and each name stands once.
	loose bool
}

const (
	// maxRecord is the longest record that is read: far above any that is meant.
	maxRecord = 4096
	// maxProblems bounds the problems of a record that are kept.
	maxProblems = 10
)

// All returns the values of the tags of the name.
func (r *Record) All(name string) []string {
	var out []string
	for _, t := range r.Tags {
		if t.Name == name {
			out = append(out, t.Value)
		}
	}
	return out
}

// Get returns the value of the first tag of the name.
func (r *Record) Get(name string) (value string, ok bool) {
	for _, t := range r.Tags {
		if t.Name == name {
			return t.Value, true
		}
	}
	return "", false
}

func (r *Record) problem(format string, args ...any) {
	if len(r.Problems) >= maxProblems {
		r.many++
		return
	}
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// STS is an MTA-STS record (RFC 8461, 3.1).
type STS struct {
	Record
	ID string `json:"id"`
}

// ParseSTS reads an MTA-STS record.
func ParseSTS(text string) *STS {
	s := &STS{Record: split(text, "v=STSv1")}
	s.ID, _ = s.Get("id")
	return s
}

// ValidID reports whether the ID is 1 to 32 letters and digits (RFC 8461, 3.1).
func (s *STS) ValidID() bool {
	for i := range len(s.ID) {
		if !ascii.IsAlphanumeric(s.ID[i]) {
			return false
		}
	}
	return len(s.ID) >= 1 && len(s.ID) <= 32
}

// TLSRPT is a TLS reporting record (RFC 8460, 3).
type TLSRPT struct {
	Record
	Destinations []Destination `json:"destinations"`
}

// Destination is a URI that reports go to, and what is wrong with it.
type Destination struct {
	URI     string `json:"uri"`
	Problem string `json:"problem" empty:"null"`
	// Ignored: a URI of a scheme that senders need not support: no reports go there,
	// and the record is valid all the same.
	Ignored bool `json:"ignored"`
	// Meant is what was probably meant, if that can be told.
	Meant string `json:"meant" empty:"null"`
}

// ParseTLSRPT reads a TLS reporting record.
func ParseTLSRPT(text string) *TLSRPT {
	t := &TLSRPT{Record: split(text, "v=TLSRPTv1")}
	// More than one rua is allowed: tlsrpt-record = tlsrpt-version 1*(field-delim
	// tlsrpt-field), and a field may be one (RFC 8460, 3).
	for _, rua := range t.All("rua") {
		for uri := range strings.SplitSeq(rua, ",") {
			t.Destinations = append(t.Destinations, destination(strings.Trim(uri, " \t")))
		}
	}
	return t
}

// destination judges a URI of rua, and reads what was meant.
func destination(uri string) Destination {
	d := judged(uri)
	if d.Problem == "" || uri == "" {
		return d
	}
	if meant, ok := strings.CutPrefix(meantTLSRPT("v=TLSRPTv1; rua="+uri), "v=TLSRPTv1; rua="); ok && !strings.ContainsAny(meant, "<,;") && meant != uri {
		d.Meant = meant
	}
	return d
}

// judged judges a URI of rua: mailto or https (RFC 8460, 3).
func judged(uri string) Destination {
	d := Destination{URI: uri}
	scheme, rest, ok := strings.Cut(uri, ":")
	isScheme := ok && scheme != "" && ascii.IsLetter(scheme[0]) && strings.Trim(ascii.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
	switch scheme = ascii.ToLower(scheme); {
	case uri == "":
		d.Problem = "it is empty"
	case scheme == "mailto" && ok:
		address, _, _ := strings.Cut(rest, "?")
		if !isMailbox(address) || strings.ContainsAny(uri, " \t!;<>\"") {
			d.Problem = "it is no mail address"
		}
	case scheme == "https" && ok:
		d.Problem = httpsProblem(uri)
	case scheme == "http" && ok && httpsProblem("https:"+rest) == "":
		d.Problem, d.Ignored = "reports go over https alone", true
	case isScheme && rest != "" && !strings.ContainsAny(uri, " \t;<>\""):
		d.Problem, d.Ignored = "it is neither mailto: nor https:", true // a URI like any other
	case isMailbox(uri):
		d.Problem = "mailto: is missing"
	default:
		d.Problem = "it is neither mailto: nor https:"
	}
	return d
}

// isMailbox reports whether s is local@domain.
func isMailbox(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && isHost(domain) && !strings.HasSuffix(domain, ".") && !strings.ContainsAny(local, " \t,;:<>()[]\"!/")
}

// BIMI is a BIMI assertion record (draft-brand-indicators-for-message-identification, 4.2).
type BIMI struct {
	Record
	// Location is l=, the URI of the logo; Evidence a=, that of its certificate.
	Location string `json:"location"`
	Evidence string `json:"evidence"`
	// Declined: the domain says that it has no logo.
	Declined bool `json:"declined"`
}

// ParseBIMI reads a BIMI assertion record.
func ParseBIMI(text string) *BIMI {
	b := &BIMI{Record: split(text, "v=BIMI1")}
	var stated bool
	b.Location, stated = b.Get("l")
	b.Evidence, _ = b.Get("a")
	b.Declined = stated && b.Location == "" && b.Evidence == ""
	return b
}

// unreadable says by version why a record that leaves the grammar is an error, even if
// the fault is small: nothing says that the rest counts, as it does of DMARC.
var unreadable = map[string]string{
	"v=STSv1":    ": senders must take such a record for none (RFC 8461, 3.1)",
	"v=TLSRPTv1": ": no sender has to read such a record (RFC 8460, 3)",
}

// split reads the tags behind the version, which is first and in its own case.
func split(text, version string) Record {
	r := Record{text: text, loose: version == "v=BIMI1"}
	if len(text) > maxRecord {
		r.problem("it has %d bytes, and of a record %d are read", len(text), maxRecord)
		text = text[:maxRecord]
	}
	fields := strings.SplitN(text, ";", maxTags+2)
	if len(fields) > maxTags+1 {
		r.problem("it has more than %d tags", maxTags)
		fields = fields[:maxTags+1]
	}
	if first := strings.TrimRight(fields[0], " \t"); first != version {
		r.problem("it does not begin with %s; but %s", version, quote(finding.Mark(text, 0)))
		if strings.EqualFold(strings.Join(strings.Fields(first), ""), version) {
			fields = fields[1:]
		}
	} else {
		fields = fields[1:]
	}
	seen := make(map[string]bool)
	at := 0 // where the field begins
	if n := len(strings.SplitN(text, ";", 2)[0]) + 1; len(fields) == 0 || len(text) >= n && !strings.HasPrefix(text, fields[0]+";") {
		at = n
	}
	for i, whole := range fields {
		field := strings.Trim(whole, " \t")
		here := at + strings.Index(whole, field)
		at += len(whole) + 1
		if field == "" {
			if i < len(fields)-1 {
				r.problem("there is nothing between two semicolons, which the grammar does not allow%s", unreadable[version])
			}
			continue
		}
		name, value, ok := strings.Cut(field, "=")
		// The RFCs know no space around the sign; the draft of BIMI does.
		if version == "v=BIMI1" {
			name, value = strings.TrimRight(name, " \t"), strings.TrimLeft(value, " \t")
		}
		switch {
		case !ok:
			r.problem("%s (at byte %d) is no name=value", quote(finding.Mark(text, here)), here)
			continue
		case !isName(name):
			r.problem("%s is no name of a tag (at byte %d, %s)", quote(name), here, quote(finding.Mark(text, here)))
			continue
		case seen[name] && version != "v=BIMI1" && name != "id":
			if len(r.Repeated) < maxProblems && !slices.Contains(r.Repeated, name) {
				r.Repeated = append(r.Repeated, name)
			}
		case seen[name] && name == "id" && version == "v=STSv1":
			if first, _ := r.Get(name); first == value {
				r.problem("id= is there twice, and once is enough: the standard does not say how senders read that")
			} else {
				r.problem("id= is there twice, as %s and as %s. The standard does not say which of them counts: some senders take the first, some the last, and some take the record for none", quote(first), quote(value))
			}
		case seen[name]:
			r.problem("the tag %s occurs twice", name)
		}
		known := name == "rua" && version == "v=TLSRPTv1" || name == "id" && version == "v=STSv1"
		if wrong := wrongIn(value, version == "v=BIMI1", known); wrong >= 0 {
			place := here + len(field) - len(value) + wrong
			r.problem("the value of %s holds a character that does not belong in a record (at byte %d, %s)", name, place, quote(finding.Mark(text, place)))
		} else if value == "" && version != "v=BIMI1" && !known {
			r.problem("the field %s has no value (at byte %d, %s)", name, here, quote(finding.Mark(text, here)))
		}
		if version == "v=BIMI1" {
			if next := hiddenIn(field[len(field)-len(value):]); next >= 0 {
				place := here + len(field) - len(value) + next
				r.problem("a semicolon is missing before the next tag (at byte %d, %s)", place, quote(finding.Mark(text, place)))
			}
		}
		seen[name] = true
		r.Tags = append(r.Tags, Tag{name, value})
	}
	return r
}

// wrongIn is where a value has a character that no value has, -1 for nowhere: in an
// extension neither spaces nor equals signs (sts-ext-value in RFC 8461, 3.1, and
// tlsrpt-ext-value in RFC 8460, 3). What else a known field may hold is judged apart.
func wrongIn(value string, loose, known bool) int {
	return strings.IndexFunc(value, func(c rune) bool {
		return c < ' ' || c > '~' || !loose && !known && (c == ' ' || c == '=')
	})
}

// isName reports whether s is the name of a field (sts-ext-name in RFC 8461, 3.1).
func isName(s string) bool {
	if s == "" || len(s) > 32 || !ascii.IsAlphanumeric(s[0]) {
		return false
	}
	for i := range len(s) {
		if !ascii.IsAlphanumeric(s[i]) && strings.IndexByte("_-.", s[i]) < 0 {
			return false
		}
	}
	return true
}

// isHost reports whether s is a name of two labels or more.
func isHost(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return false
		}
		for i := range len(l) {
			if !ascii.IsAlphanumeric(l[i]) && l[i] != '-' {
				return false
			}
		}
	}
	return len(labels) >= 2 && len(s) <= 254
}

// httpsProblem says what is wrong with a URI that has to be https; "" is nothing.
func httpsProblem(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case len(uris(uri)) > 0:
		return "it names more than one file, and there may be one alone"
	case strings.ContainsAny(uri, " \t"):
		return "it has a space, which a URI writes as %20"
	case err != nil:
		return "it is no URI"
	case !strings.EqualFold(u.Scheme, "https"):
		return "it does not begin with https://"
	case u.Hostname() == "":
		return "it names no host"
	case !isHost(u.Hostname()):
		return "its host " + quote(u.Hostname()) + " is no public name"
	}
	return ""
}

// uris are the URIs of a value that is a list of them; none if it is no list. A comma may
// stand in one.
func uris(value string) []string {
	list := strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
	if len(list) < 2 || slices.ContainsFunc(list, func(s string) bool { return !strings.Contains(s, "://") }) {
		return nil
	}
	return list
}

// noneAt says that no record of a kind stands at a name, and what does.
func noneAt(t *Texts, what string) string {
	if len(t.Records) == 0 {
		return "There is no record at " + t.Name
	}
	return fmt.Sprintf("At %s there is %s, and no %s record", t.Name, quote(t.Records[0]), what)
}

// quote repeats at most so much of what a record holds.
func quote(s string) string { return show.Quote(s, 120) }
