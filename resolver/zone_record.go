package resolver

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"mailworthy/internal/show"
)

// zoneParser turns the entries of a master file into records.
type zoneParser struct {
	file    string
	origin  string // for relative names; empty if there is none yet
	owner   string // the last one stated
	ttl     int64  // $TTL, or -1
	lastTTL int64  // the last one stated on a record, or -1
	minimum int64  // of the last SOA
	bySOA   bool   // the origin is the owner of the last SOA: nothing else stated one
	line    int    // of the entry at hand
	letters bool   // it was said how names in other letters are read
	// generated counts the records of $GENERATE lines, and generatedBytes their text.
	generated, generatedBytes int
	// strings counts the character-strings of all records.
	strings int

	bounds     zoneBounds
	records    zoneRecords
	directives []string // names of $ORIGIN lines
	warnings   []string
}

type zoneRecord struct {
	Record
	line int
}

const (
	defaultTTL  = 3600
	maxTTL      = 1<<31 - 1 // RFC 2181, 8
	maxWarnings = 100
	clipText    = 100
	maxData     = 1<<16 - 1 // octets of a record (RFC 1035, 3.2.1)
)

func (p *zoneParser) warn(line int, format string, args ...any) {
	switch {
	case len(p.warnings) > maxWarnings:
	case len(p.warnings) == maxWarnings:
		p.warnings = append(p.warnings, p.file+": more warnings are left out")
	default:
		p.warnings = append(p.warnings, p.at(line)+fmt.Sprintf(format, args...))
	}
}

func (p *zoneParser) at(line int) string {
	if line == 0 {
		return p.file + ": "
	}
	return p.file + ":" + strconv.Itoa(line) + ": "
}

func (p *zoneParser) errorf(line int, format string, args ...any) error {
	return errors.New(p.at(line) + fmt.Sprintf(format, args...))
}

func (p *zoneParser) parse(s string) error {
	if utf16(s) {
		return fmt.Errorf("zone file %s: not plain text: save it as UTF-8", p.file)
	}
	sc := newZoneScanner(s)
	var e entry
	for {
		ok, wrong := sc.next(&e)
		if !ok {
			return nil
		}
		if wrong == "" {
			wrong = p.entry(&e)
		}
		if wrong != "" {
			text, more := e.text, ""
			if len(text) > clipText {
				text, more = strings.TrimSuffix(clip(text), "…"), "…"
			}
			return p.errorf(e.line, "%s: %q%s", wrong, text, more)
		}
	}
}

// entry reads a directive or a record; it returns what is wrong.
func (p *zoneParser) entry(e *entry) string {
	p.line = e.line
	if t := e.tokens[0]; !t.quoted && strings.HasPrefix(t.text, "$") {
		return p.directive(e)
	}
	rest := e.tokens
	if !e.blank {
		owner, wrong := p.ownerOf(rest)
		if wrong != "" {
			return wrong
		}
		p.owner, rest = owner, rest[1:]
	}
	if p.owner == "" {
		return "the line starts with white space, so it has the owner of the record before, but there is none"
	}
	return p.record(e, rest)
}

// ownerOf reads the owner of a record. That of an SOA is the origin: exports write it without its
// final dot, and nothing else says what the zone is.
func (p *zoneParser) ownerOf(tokens []token) (string, string) {
	text := p.typed(tokens[0].text)
	i := 1
	for i < len(tokens)-1 && !tokens[i].quoted {
		upper := strings.ToUpper(tokens[i].text)
		if _, ttl := parseTTL(upper); !ttl && !isClass(upper) {
			break
		}
		i++
	}
	if i >= len(tokens) || tokens[i].quoted || !strings.EqualFold(tokens[i].text, "SOA") {
		return p.name(text)
	}
	if whole, wrong := canonical(text); wrong == "" && !strings.HasSuffix(text, ".") && strings.Contains(text, ".") && (p.origin == "" || whole == p.origin) {
		p.warn(p.line, "the owner of the SOA has no final dot: it is taken for %s.", whole)
		text += "."
	}
	owner, wrong := p.name(text)
	if wrong == "" && (p.origin == "" || p.bySOA) {
		p.origin, p.bySOA = owner, true
	}
	return owner, wrong
}

func (p *zoneParser) record(e *entry, rest []token) string {
	ttl, class := int64(-1), ""
	for len(rest) > 0 && !rest[0].quoted {
		text := strings.ToUpper(rest[0].text)
		if v, ok := parseTTL(text); ok && ttl < 0 {
			if v > maxTTL {
				return "the TTL is over 2147483647"
			}
			ttl = v
		} else if isClass(text) && class == "" {
			class = text
		} else {
			break
		}
		rest = rest[1:]
	}
	if class != "" && class != "IN" && class != "CLASS1" {
		return "class " + class + " is not supported: only IN"
	}
	if len(rest) == 0 {
		return "the record has no type"
	}
	t, ok := ParseType(rest[0].text)
	if text := rest[0].text; strings.EqualFold(text, "ALIAS") || strings.EqualFold(text, "ANAME") {
		t, ok = typeALIAS, true
	}
	if !ok || rest[0].quoted {
		return fmt.Sprintf("unknown record type %q", clip(rest[0].text))
	}
	if t == 0 || t == 41 || t >= 128 && t <= 255 {
		return "a zone cannot hold records of type " + t.String()
	}
	r := Record{Name: p.owner, Type: t}
	if wrong := p.data(&r, rest[1:]); wrong != "" {
		return wrong
	}
	if t == TypeSOA {
		p.minimum = int64(soaMinimum(&r))
	}
	if e.cut && (t == TypeTXT || t == TypeSPF) {
		p.warn(e.line, "the text behind ';' is a comment: put the string in quotes if it belongs to the record")
		r.quoted = inQuotes(rest[1:])
	}
	switch {
	case ttl >= 0:
		p.lastTTL = ttl
	case p.ttl >= 0:
		ttl = p.ttl // RFC 2308, 4
	case p.lastTTL >= 0:
		ttl = p.lastTTL
	case p.minimum > 0:
		ttl = p.minimum
	default:
		ttl = defaultTTL
	}
	r.TTL = uint32(ttl)
	if p.records.n == p.bounds.records {
		return fmt.Sprintf("the file makes more than %d records", p.bounds.records)
	}
	if p.strings += len(r.TXT); p.strings > p.bounds.strings {
		return fmt.Sprintf("the records of the file have more than %d strings", p.bounds.strings)
	}
	p.records.add(zoneRecord{r, e.line})
	return ""
}

func (p *zoneParser) directive(e *entry) string {
	args := e.tokens[1:]
	switch d := strings.ToUpper(e.tokens[0].text); d {
	case "$ORIGIN":
		if len(args) != 1 {
			return "$ORIGIN takes one name"
		}
		name, wrong := p.name(args[0].text)
		if wrong != "" {
			return wrong
		}
		p.origin = name
		p.directives = append(p.directives, name)
	case "$TTL":
		if len(args) != 1 {
			return "$TTL takes one time"
		}
		v, ok := parseTTL(strings.ToUpper(args[0].text))
		if !ok || v > maxTTL {
			return "bad time in $TTL"
		}
		p.ttl = v
	case "$INCLUDE":
		return "$INCLUDE is not followed: load that file as a zone of its own, or paste it here"
	case "$GENERATE":
		return p.generate(e)
	default:
		return fmt.Sprintf("unknown directive %q", clip(d))
	}
	return ""
}

// name reads a name relative to the origin.
func (p *zoneParser) name(text string) (string, string) {
	name, relative, wrong := parseName(p.typed(text), p.origin)
	if wrong == "relative" {
		return "", fmt.Sprintf("%q is relative (it has no final dot) and there is no origin: add a $ORIGIN line, or load the file as FILE@ORIGIN", clip(text))
	}
	if relative && wrong == "" && p.origin != "." && text != "@" && Within(name, p.origin+"."+p.origin) {
		p.warn(p.line, "%q is %s: is a final dot missing?", clip(text), name)
	}
	return name, wrong
}

// data reads the data of a record.
func (p *zoneParser) data(r *Record, args []token) (wrong string) {
	if len(args) > 0 && args[0].text == `\#` && !args[0].quoted {
		return p.foreign(r, args) // RFC 3597, 5
	}
	switch r.Type {
	case TypeA, TypeAAAA:
		if len(args) != 1 {
			return r.Type.String() + " takes one address"
		}
		a, err := netip.ParseAddr(args[0].text)
		if err != nil || a.Zone() != "" || a.Is4() != (r.Type == TypeA) {
			return fmt.Sprintf("%q is no %s address", clip(args[0].text), map[Type]string{TypeA: "IPv4", TypeAAAA: "IPv6"}[r.Type])
		}
		r.Addr = a
	case TypeNS, TypeCNAME, TypePTR, TypeDNAME, typeALIAS:
		if len(args) != 1 {
			return r.Type.String() + " takes one name"
		}
		r.Host, wrong = p.name(args[0].text)
	case TypeMX:
		if len(args) != 2 {
			return "MX takes a preference and a host"
		}
		n, err := strconv.ParseUint(args[0].text, 10, 16)
		if err != nil {
			return fmt.Sprintf("%q is no preference of an MX (0 to 65535)", clip(args[0].text))
		}
		r.Preference = uint16(n)
		r.Host, wrong = p.name(args[1].text)
	case TypeTXT, TypeSPF:
		if len(args) == 0 {
			return r.Type.String() + " takes at least one string"
		}
		octets := 0
		for _, a := range args {
			s, wrong := unescapeText(a.text)
			if wrong != "" {
				return wrong
			}
			if octets += 1 + len(s); octets > maxData {
				return fmt.Sprintf("the strings have more than the %d octets of a record", maxData)
			}
			r.TXT = append(r.TXT, s)
		}
	case TypeSOA:
		if len(args) != 7 {
			return "bad SOA record: it takes two names and five numbers"
		}
		return p.foreign(r, args)
	default:
		return p.foreign(r, args)
	}
	return wrong
}

// inQuotes is the text of a record as it would be in quotes, with what comments took of
// it; "" if it is longer than a record can be.
func inQuotes(args []token) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		for text := a.text + a.taken; text != ""; {
			c, n := unescape(text)
			if n == 0 {
				c, n = text[0], 1
			}
			b.WriteByte(c)
			text = text[n:]
		}
		if b.Len() > maxData {
			return ""
		}
	}
	return b.String()
}

// unescapeText is a character string (RFC 1035, 3.3) as raw bytes.
func unescapeText(text string) (string, string) {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		c, n := unescape(text[i:])
		if n == 0 {
			return "", `a string has a bad escape: \DDD is three digits up to 255`
		}
		b = append(b, c)
		i += n
	}
	if len(b) > 255 {
		return "", fmt.Sprintf("a string has %d bytes, and 255 are allowed: split it into several", len(b))
	}
	return string(b), ""
}

// foreign leaves the data of the other types to the DNS library.
func (p *zoneParser) foreign(r *Record, args []token) string {
	var b strings.Builder
	b.WriteString(". 0 IN " + r.Type.String())
	for i, a := range args {
		// The value of a parameter may stand in quotes (RFC 9460, 2.1): alpn="h2".
		if i == 0 || !a.quoted || !strings.HasSuffix(args[i-1].text, "=") || args[i-1].quoted {
			b.WriteByte(' ')
		}
		if a.quoted {
			b.WriteString(`"` + a.text + `"`)
		} else {
			b.WriteString(a.text)
		}
	}
	origin := ""
	if p.origin != "" {
		origin = masterName(p.origin)
	}
	zp := dns.NewZoneParser(strings.NewReader(b.String()+"\n"), origin, "")
	rr, ok := zp.Next()
	if err := zp.Err(); err != nil || !ok || rr == nil {
		text := "no data"
		if err != nil {
			text, _, _ = strings.Cut(strings.TrimPrefix(err.Error(), "dns: "), " at line:")
		}
		switch r.Type {
		case TypeSOA, TypeTLSA, TypeDS, TypeDNSKEY, TypeRRSIG, TypeNSEC3PARAM:
			return "bad " + r.Type.String() + " record: " + text
		}
		p.warn(p.line, "the data of a %s record is not understood (%s), and no check reads it", dns.Type(r.Type), clip(text))
		return ""
	}
	got := recordOf(rr)
	got.Name = r.Name
	*r = got
	return ""
}

// masterName is a canonical name with all escapes that a master file wants.
func masterName(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"();@$`, c) >= 0 {
			fmt.Fprintf(&b, `\%03d`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return presentation(b.String())
}

// parseTTL reads seconds, or BIND's 1h30m. The text is in upper case.
func parseTTL(s string) (int64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	total, n, digits := int64(0), int64(0), false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' {
			if n = n*10 + int64(c-'0'); n > 1<<40 {
				n = 1 << 40
			}
			digits = true
			continue
		}
		unit := map[byte]int64{'S': 1, 'M': 60, 'H': 3600, 'D': 86400, 'W': 604800}[c]
		if unit == 0 || !digits {
			return 0, false
		}
		total, n, digits = min(total+n*unit, 1<<40), 0, false
	}
	return total + n, true
}

func isClass(s string) bool {
	switch s {
	case "IN", "CH", "HS", "CS", "NONE":
		return true
	}
	n, ok := strings.CutPrefix(s, "CLASS")
	_, err := strconv.ParseUint(n, 10, 16)
	return ok && err == nil
}

// clip cuts long text of a file, and no character in two.
func clip(s string) string { return show.Cut(s, clipText) }
