package provider

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"mailworthy/internal/ascii"
)

// Token reads what somebody states for a placeholder of a service, as it is pasted from
// the service's page: alone, or with what stands around it in the record (an "em1234"
// for the digits of em<number>, a whole DKIM record for its key). It returns what
// belongs in the place. The error says what the place takes, if the value has not the
// form that the service uses or could not stand in such a record at all.
func (s *Service) Token(key, value string) (string, error) {
	value = strings.Trim(strings.TrimSpace(value), `"`)
	if key == "key" {
		return keyToken(value)
	}
	templates := s.templatesOf(key)
	if len(templates) == 0 {
		templates = []place{{}}
	}
	for _, t := range templates {
		if s.fits(key, value, t) {
			return value, nil
		}
	}
	for _, t := range templates {
		if inner, ok := unwrap(t.text, key, value); ok && s.fits(key, inner, t) {
			return inner, nil
		}
	}
	if shape := s.shape(key); shape != "" {
		form := "like " + strings.ReplaceAll(shape, "[0-9]", "123")
		if strings.Trim(shape, "?") == "" {
			form = fmt.Sprintf("of %d letters and digits", len(shape))
		}
		return "", fmt.Errorf("%q is not %s", value, form)
	}
	return "", fmt.Errorf("%q cannot stand there: %s", value, templates[0].takes())
}

// place is a template with a placeholder, and what kind of text the record has there.
type place struct {
	text string
	// name: the text is of a name; host: of a target.
	name, host bool
}

func (p place) takes() string {
	switch {
	case p.name:
		return "it is a part of a host name"
	case p.host:
		return "it is a host name or a part of one"
	}
	return "it is a word without spaces and quotation marks"
}

// templatesOf are the places at which a service has a placeholder.
func (s *Service) templatesOf(key string) []place {
	var out []place
	add := func(p place) {
		if slices.ContainsFunc(pieces(p.text), func(part piece) bool { return part.key != "" && keyOf(part.key) == key }) {
			out = append(out, p)
		}
	}
	for _, name := range s.ReturnPaths {
		add(place{text: name, name: true})
	}
	for r := range s.Records() {
		add(place{text: r.Name, name: true})
		add(place{text: r.Value, host: r.Type != "TXT"})
	}
	return out
}

// shape is the pattern that the catalogue has for a placeholder, "" if it has none.
func (s *Service) shape(key string) string {
	for _, w := range s.Shapes {
		if k, pattern, _ := strings.Cut(w, "="); k == key {
			return pattern
		}
	}
	return ""
}

// fits reports whether a value can stand at a place of a record.
func (s *Service) fits(key, value string, at place) bool {
	if shape := s.shape(key); shape != "" && !(Values{}).Like(shape, value) {
		return false
	}
	for _, c := range []byte(value) {
		host := ascii.IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == ';' || !host && (at.name || at.host) {
			return false
		}
	}
	// Whoever pastes the whole text means the place in it.
	inner, ok := unwrap(at.text, key, value)
	return value != "" && (!ok || inner == value || s.shape(key) != "")
}

// unwrap returns what stands at a placeholder in a value that has the text around it,
// too: what the template has before and behind it, up to a variable such as {domain} or
// another placeholder, for which anything may stand.
func unwrap(template, key, value string) (string, bool) {
	before, after, open, found := "", "", false, false
	for _, p := range pieces(template) {
		if found {
			after = p.text // "" for another placeholder
			break
		}
		switch {
		case p.key == "":
			before = p.text
		case keyOf(p.key) == key:
			found = true
		default:
			before, open = "", true
		}
	}
	if i := strings.LastIndexByte(before, '}'); i >= 0 {
		before, open = before[i+1:], true
	}
	after, _, _ = strings.Cut(after, "{")
	cut := false
	if i := indexFold(value, before); i == 0 || i > 0 && open {
		value, cut = value[i+len(before):], true
	}
	if label, rest, ok := strings.Cut(value, "."); after == "." && ok && rest != "" {
		return label, true // the place is one label, and the domain follows
	}
	if i := indexFold(value, strings.TrimRight(after, ".")); i > 0 {
		value, cut = value[:i], true
	}
	return value, cut
}

// indexFold is where a text begins in a value, without regard to case, -1 if nowhere or
// if it is too short to tell.
func indexFold(value, part string) int {
	if len(part) < 2 {
		return -1
	}
	return strings.Index(strings.ToLower(value), strings.ToLower(part))
}

// keyToken is a DKIM key: base64, in one piece or several, or the record around it.
func keyToken(value string) (string, error) {
	if strings.Contains(value, "=") && strings.Contains(value, ";") || strings.HasPrefix(value, "p=") {
		for tag := range strings.SplitSeq(value, ";") {
			if k, v, ok := strings.Cut(tag, "="); ok && strings.TrimSpace(k) == "p" {
				value = v
			}
		}
	}
	value = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '"' {
			return -1
		}
		return r
	}, value)
	if der, err := base64.StdEncoding.DecodeString(value); err != nil || len(der) < 32 {
		return "", fmt.Errorf("it is no key: base64 is expected, as it stands behind p=")
	}
	return value, nil
}
