package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
)

// Hidden takes the place of a secret.
const Hidden = "<redacted>"

// Secrets are credentials that a server was sent, and that are not shown even if it
// repeats them. The zero value has none.
type Secrets struct {
	forms    []string
	replacer *strings.Replacer
}

// Password adds a password of a user, in the forms in which servers and libraries repeat
// one: as it is, in a URL, in HTML, in JSON, in hexadecimal, in base64, alone and as the
// mechanisms PLAIN and XOAUTH2 send it.
func (s *Secrets) Password(user, password string) {
	if password == "" {
		return
	}
	plain := "\x00" + user + "\x00" + password
	query := url.QueryEscape(password)
	forms := []string{password, query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(password), html.EscapeString(password), inJSON(password, false), inJSON(password, true)}
	for _, text := range []string{password, plain, user + plain, "user=" + user + "\x01auth=Bearer " + password + "\x01\x01"} {
		raw := []byte(text)
		digits := hex.EncodeToString(raw)
		forms = append(forms, digits, strings.ToUpper(digits), base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
			base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
	}
	s.Add(append(forms, inside(password)...)...)
}

// inJSON is a text within the quotation marks of JSON.
func inJSON(text string, forHTML bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(forHTML)
	_ = e.Encode(text) // a string can always be written
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// inside are what a text looks like in the base64 of a longer one: of its three positions
// there the digits that depend on it alone, if they are enough to be nothing else.
func inside(text string) []string {
	const enough = 8
	var forms []string
	for before := range 3 {
		raw := append(make([]byte, before), text...)
		first, last := (before*8+5)/6, len(raw)*8/6 // digits that share no bit with a neighbour
		for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if digits := coding.EncodeToString(raw); last-first >= enough {
				forms = append(forms, digits[first:last])
			}
		}
	}
	return forms
}

// Add adds texts that are secrets as they are.
func (s *Secrets) Add(texts ...string) {
	for _, text := range texts {
		if text != "" && !slices.Contains(s.forms, text) {
			s.forms = append(s.forms, text)
		}
	}
	// Of two that begin at the same place, the longer one.
	slices.SortStableFunc(s.forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	s.replacer = nil
}

// Without returns a text without the secrets.
func (s *Secrets) Without(text string) string {
	if len(s.forms) == 0 {
		return text
	}
	if s.replacer == nil {
		pairs := make([]string, 0, 2*len(s.forms))
		for _, form := range s.forms {
			pairs = append(pairs, form, Hidden)
		}
		s.replacer = strings.NewReplacer(pairs...)
	}
	return s.replacer.Replace(text)
}
