package dkim

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"mailworthy/resolver"
)

// signature is a DKIM-Signature header field as far as it could be read.
type signature struct {
	Signature
	field        string // the whole header field
	at           int    // its index in the message; -1: not there
	tags         []tag
	valueAt      int // where the value begins in field
	header, body string
	keyType      string // of a=
	hash         string
	b, bh        []byte
	// name is where the key is, in A-labels; asked is the same as the tags have it.
	name, asked string
}

// signatureTags are required (RFC 6376, 3.5).
var signatureTags = []string{"v", "a", "b", "bh", "d", "h", "s"}

// parseSignature reads a signature header field and judges it by itself (RFC
// 6376, 6.1.1): if it can never verify, Result and Reason say why, else Result
// is empty. Whatever can be told of the signature is filled in even so.
func parseSignature(field string, now time.Time) *signature {
	s := &signature{field: field, at: -1, Signature: Signature{Headers: []string{}, Canonicalization: simple + "/" + simple}}
	s.valueAt = strings.IndexByte(field, ':') + 1
	tags, problems := parseTags(strings.TrimSuffix(field[s.valueAt:], "\r\n"), true)
	s.tags = tags
	for i := range problems {
		if !problems[i].Tolerated {
			s.refuse(PermError, "the signature is malformed: %s (RFC 6376, 3.2)", problems[i].Detail)
			break
		}
	}
	s.readDomain()
	s.readAlgorithm()
	s.readHeaders()
	s.readTimes(now)
	s.readBody()
	for _, name := range signatureTags {
		if s.tag(name) == nil {
			s.refuse(PermError, "the required tag %s= is missing (RFC 6376, 3.5)", name)
		}
	}
	if t := s.tag("v"); t != nil && t.value != "1" {
		s.refuse(PermError, "version %s is unknown; 1 is the only one (RFC 6376, 3.5)", quote(t.value))
	}
	return s
}

// refuse sets the result, unless there is one.
func (s *signature) refuse(r Result, format string, args ...any) {
	if s.Result == "" {
		s.Result, s.Reason = r, fmt.Sprintf(format, args...)
	}
}

func (s *signature) tag(name string) *tag {
	for i := range s.tags {
		if s.tags[i].name == name {
			return &s.tags[i]
		}
	}
	return nil
}

// value returns the value of a tag without white space.
func (s *signature) value(name string) (string, bool) {
	if t := s.tag(name); t != nil {
		return stripFWS(t.value), true
	}
	return "", false
}

// readDomain reads d=, s=, i= and q=.
func (s *signature) readDomain() {
	d, _ := s.value("d")
	selector, _ := s.value("s")
	s.Domain, s.Selector, s.Identity = d, selector, "@"+d
	s.asked = selector + "._domainkey." + d
	if max(len(d), len(selector)) > 253 {
		s.refuse(PermError, "d= or s= is longer than a name can be (RFC 6376, 3.5)")
		return
	}
	domain := aLabels(d)
	s.name = aLabels(selector) + "._domainkey." + domain
	if s.tag("d") != nil && (!strings.Contains(domain, ".") || !resolver.IsHostName(domain)) {
		s.refuse(PermError, "d=%s is no domain name (RFC 6376, 3.5)", quote(d))
	}
	if s.tag("s") != nil && selector == "" {
		s.refuse(PermError, "s= is empty (RFC 6376, 3.5)")
	}
	if i, ok := s.value("i"); ok {
		s.Identity = i
		at := strings.LastIndexByte(i, '@')
		if domain := i[at+1:]; at < 0 || !strings.EqualFold(domain, d) && !isBelow(domain, d) {
			s.refuse(PermError, "domain mismatch: i=%s is neither in the domain d=%s nor below it (RFC 6376, 6.1.1)", quote(i), d)
		}
	}
	if q, ok := s.value("q"); ok && !slices.Contains(strings.Split(q, ":"), "dns/txt") {
		s.refuse(PermError, "q=%s has no known way to look up the key; dns/txt is the only one (RFC 6376, 3.5)", quote(q))
	}
}

// aLabels is a name in lower case, with U-labels as A-labels (RFC 8616, 5).
func aLabels(name string) string {
	name = cleanName(name)
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

// identityIsDomain reports that the domain of i= is d=, as t=s wants it.
func (s *signature) identityIsDomain() bool {
	return strings.EqualFold(s.Identity[strings.LastIndexByte(s.Identity, '@')+1:], s.Domain)
}

func isBelow(domain, parent string) bool {
	n := len(domain) - len(parent)
	return n > 0 && domain[n-1] == '.' && strings.EqualFold(domain[n:], parent)
}

// readAlgorithm reads a= and c=.
func (s *signature) readAlgorithm() {
	s.Algorithm, _ = s.value("a")
	s.keyType, s.hash, _ = strings.Cut(s.Algorithm, "-")
	switch {
	case s.tag("a") == nil:
	case s.Algorithm == "rsa-sha1":
		s.refuse(PermError, "rsa-sha1 must not be used: signatures with it have permanently failed (RFC 8301, 3.1)")
	case s.Algorithm != "rsa-sha256" && s.Algorithm != "ed25519-sha256":
		s.refuse(Neutral, "the algorithm %s is unknown, and the signature is ignored (RFC 6376, 3.3.4)", quote(s.Algorithm))
	}
	s.header, s.body = simple, simple
	if c, ok := s.value("c"); ok {
		header, body, found := strings.Cut(c, "/")
		s.header = header
		if found {
			s.body = body
		}
	}
	s.Canonicalization = s.header + "/" + s.body
	for _, c := range []string{s.header, s.body} {
		if c != simple && c != relaxed {
			s.refuse(PermError, "the canonicalization %s is unknown (RFC 6376, 3.4)", quote(c))
		}
	}
}

// readHeaders reads h=.
func (s *signature) readHeaders() {
	h, ok := s.value("h")
	if !ok {
		return
	}
	if strings.Count(h, ":") >= maxSigned {
		s.refuse(Policy, "h= has more than %d names", maxSigned)
		return
	}
	for name := range strings.SplitSeq(h, ":") {
		if name == "" {
			s.refuse(PermError, "h= has an empty name (RFC 6376, 3.5)")
			continue
		}
		s.Headers = append(s.Headers, strings.ToLower(name))
	}
	if !slices.Contains(s.Headers, "from") {
		s.refuse(PermError, "From is not signed: h= does not name it (RFC 6376, 6.1.1)")
	}
}

// readTimes reads t= and x=.
func (s *signature) readTimes(now time.Time) {
	read := func(name string) *time.Time {
		v, ok := s.value(name)
		if !ok {
			return nil
		}
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil || len(v) > 12 {
			s.refuse(PermError, "%s=%s is no time: up to 12 digits are allowed (RFC 6376, 3.5)", name, quote(v))
			return nil
		}
		const last = 253402300799 // the end of the year 9999
		at := time.Unix(int64(min(n, last)), 0).UTC()
		return &at
	}
	s.Signed, s.Expires = read("t"), read("x")
	if s.Signed != nil && s.Expires != nil && !s.Expires.After(*s.Signed) {
		s.refuse(PermError, "x= is not later than t= (RFC 6376, 3.5)")
	}
	if s.Signed != nil && s.Signed.After(now) {
		s.warn("it was signed in the future: t= is %s", s.Signed.Format(time.RFC3339))
	}
}

// readBody reads b=, bh= and l=.
func (s *signature) readBody() {
	for _, d := range []struct {
		name string
		to   *[]byte
	}{{"b", &s.b}, {"bh", &s.bh}} {
		v, ok := s.value(d.name)
		data, err := unbase64(v)
		if ok && (err != nil || len(data) == 0) {
			s.refuse(PermError, "%s= is no base64 (RFC 6376, 3.5)", d.name)
		}
		*d.to = data
	}
	if l, ok := s.value("l"); ok {
		if l == "" || len(l) > 76 || strings.Trim(l, "0123456789") != "" {
			s.refuse(PermError, "l=%s is no length: up to 76 digits are allowed (RFC 6376, 3.5)", quote(l))
			return
		}
		n, err := strconv.ParseInt(l, 10, 64)
		if err != nil {
			n = math.MaxInt64
		}
		s.BodyLength = &n
	}
}

func (s *signature) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

// withoutB is the field with the value of b= deleted, white space around it
// included (RFC 6376, 3.7).
func (s *signature) withoutB() string {
	t := s.tag("b")
	if t == nil {
		return s.field
	}
	return s.field[:s.valueAt+t.from] + s.field[s.valueAt+t.to:]
}
