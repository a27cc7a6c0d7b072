package dmarc

import (
	"net/url"
	"strconv"
	"strings"

	"mailworthy/internal/show"
)

// parseURIs reads the value of rua or ruf: URIs separated by commas
// (RFC 9989, 4.8, dmarc-urilist). offset is that of the value in the record.
func parseURIs(value string, offset int) []URI {
	uris := make([]URI, 0, min(maxURIs+1, 1+strings.Count(value, ",")))
	for start := 0; start <= len(value); {
		end := len(value)
		if i := strings.IndexByte(value[start:], ','); i >= 0 {
			end = start + i
		}
		if len(uris) == maxURIs {
			uris = append(uris, URI{Text: show.Cut(value[start:], 40), Offset: offset + start,
				Error: "more than " + strconv.Itoa(maxURIs) + " addresses: the rest is not read"})
			break
		}
		from, to := trimmed(value, start, end)
		uris = append(uris, parseURI(value[from:to], offset+from))
		start = end + 1
	}
	// An unescaped comma tears an address in two: "mailto:a,b@c.example", and one typed
	// for a dot does: "mailto:a@acme,example".
	for i := 1; i < len(uris); i++ {
		before, after := &uris[i-1], &uris[i]
		if before.Supported() && !strings.Contains(before.Host, ".") && after.Scheme == "" && after.Text != "" && notHost(strings.ToLower(after.Text)) == "" {
			before.torn = true
			after.Error = "it follows a comma that was probably typed for a dot"
		}
		if before.Scheme == "mailto" && !before.Valid() && !strings.Contains(before.Text, "@") &&
			after.Scheme == "" && strings.Contains(after.Text, "@") {
			before.Hint = before.Text + "%2C" + after.Text
			after.Hint = ""
			after.Error = "it follows a comma that was probably part of an address: write it as %2C"
		}
	}
	return uris
}

// parseURI reads one URI (RFC 3986; mailto: RFC 6068) with the obsolete size suffix.
func parseURI(text string, offset int) URI {
	u := URI{Text: text, Offset: offset}
	body := text
	if i := strings.LastIndexByte(text, '!'); i >= 0 && sizeSuffix(text[i+1:]) {
		body, u.Size = text[:i], text[i+1:]
	}
	u.Error, u.Hint = u.read(body)
	return u
}

// read fills u in and returns what is wrong with body, and what was meant.
func (u *URI) read(body string) (wrong, hint string) {
	if body == "" {
		return "an empty address", ""
	}
	if i := strings.IndexFunc(body, notURI); i >= 0 {
		return "the character " + strconv.QuoteToASCII(string([]rune(body[i:])[:1])) + " cannot stand in a URI", ""
	}
	if i := strings.IndexByte(body, '!'); i >= 0 {
		// Behind the domain it was meant as the limit of RFC 7489, 6.2, not as a part of the address.
		if address := parseURI(body[:i], 0); address.Error == "" && address.Scheme == "mailto" {
			return "what follows the exclamation mark is no limit on the size of reports", body[:i]
		}
		return "an exclamation mark must be written %21", strings.ReplaceAll(body, "!", "%21")
	}
	scheme, rest, ok := strings.Cut(body, ":")
	if !ok || !isScheme(scheme) {
		if strings.Contains(body, "@") {
			return "it is no URI: mailto: is missing", "mailto:" + body
		}
		return "it is no URI: there is no scheme such as mailto:", ""
	}
	u.Scheme = strings.ToLower(scheme)
	if u.Scheme != "mailto" {
		return u.readOther(body)
	}
	to, _, _ := strings.Cut(rest, "?")
	if strings.HasPrefix(to, "//") {
		return "an address follows mailto: without slashes", "mailto:" + strings.TrimLeft(to, "/")
	}
	address, err := url.PathUnescape(to)
	if err != nil {
		return "a percent sign is not followed by two hexadecimal digits", ""
	}
	at := strings.LastIndexByte(address, '@')
	if at >= 0 && strings.IndexByte(to, '@') < 0 {
		return "the @ of an address is written as it is, not as %40 (RFC 6068, 2)", "mailto:" + strings.ReplaceAll(to, "%40", "@")
	}
	if at < 0 {
		return "the address has no @", ""
	}
	local, host := address[:at], strings.ToLower(address[at+1:])
	switch {
	case local == "":
		return "the address has nothing before its @", ""
	case local[0] == ':' || local[0] == ';':
		return "the address begins with punctuation that no address begins with", "mailto:" + strings.TrimLeft(to, ":;")
	case len(local) > 64:
		return "the address has more than 64 characters before its @", ""
	case strings.IndexByte(local, '@') >= 0 && local[0] != '"':
		return "the address has more than one @", ""
	case len(local) > len("mailto:") && strings.EqualFold(local[:len("mailto:")], "mailto:"):
		return "mailto: is there twice", to[len("mailto:"):]
	}
	if reason := notHost(host); reason != "" {
		if bare := strings.TrimRight(body, "."); bare != body && notHost(strings.TrimRight(host, ".")) == "" {
			return reason, bare
		}
		return reason, ""
	}
	u.Address, u.Host = address, host
	if host != address[at+1:] {
		u.Address = local + "@" + host
	}
	return "", ""
}

// readOther reads a URI of another scheme: any valid one may be given, and
// receivers ignore those that they do not support (RFC 9989, 4.7, tag rua).
func (u *URI) readOther(body string) (wrong, hint string) {
	parsed, err := url.Parse(body)
	if err != nil || parsed.Host == "" && parsed.Opaque == "" && parsed.Path == "" {
		return "it is no valid URI", ""
	}
	if (u.Scheme == "http" || u.Scheme == "https") && parsed.Host == "" {
		return "it has no host", ""
	}
	u.Host = strings.ToLower(parsed.Hostname())
	if isMailScheme(u.Scheme) {
		_, rest, _ := strings.Cut(body, ":")
		hint = "mailto:" + strings.TrimLeft(rest, "/")
	}
	return "", hint
}

// sizeSuffix matches 1*DIGIT [ "k" / "m" / "g" / "t" ] (RFC 9989, 4.8).
func sizeSuffix(s string) bool {
	if n := len(s) - 1; n > 0 && strings.IndexByte("kmgtKMGT", s[n]) >= 0 {
		s = s[:n]
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// notURI reports a character outside those of RFC 3986, 2.
func notURI(c rune) bool {
	return c <= ' ' || c > '~' || strings.ContainsRune("\"<>\\^`{|}", c)
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= s[i] && s[i] <= '9' || s[i] == '+' || s[i] == '-' || s[i] == '.')) {
			return false
		}
	}
	return s != ""
}

// notHost says why s cannot be the domain of a mailbox.
func notHost(s string) string {
	if s == "" {
		return "the address has nothing after its @"
	}
	if s[0] == '[' {
		return "an IP address cannot authorise reports: a domain is needed"
	}
	if len(s) > 253 {
		return "the domain is longer than the DNS allows"
	}
	if s[len(s)-1] == '.' {
		return "the domain has a final dot, which no domain of an address has"
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return "the domain has an empty or over-long label"
		}
		for i := 0; i < len(label); i++ {
			c := label[i]
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return "the domain has a character that no domain has (A-labels are needed: RFC 9990, 4)"
			}
		}
	}
	if end := s[1+strings.LastIndexByte(s, '.'):]; strings.Trim(end, "0123456789") == "" {
		return "the domain ends in a number, as an IP address does and no domain"
	}
	return ""
}
