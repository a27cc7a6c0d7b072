package provider

import (
	"regexp"
	"strings"
)

// variables are the names in braces of a template.
func variables(text string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return out
		}
		out, text = append(out, name), after
	}
}

// Values fill templates in.
type Values struct {
	// Vars are for {name}, Tokens for <key: …>; Texts are the wordings of placeholders,
	// by their keys.
	Vars, Tokens, Texts map[string]string
}

// NewValues returns values for a service without any token: the wordings of its
// placeholders.
func NewValues(s *Service) Values {
	v := Values{Vars: map[string]string{}, Tokens: map[string]string{}, Texts: map[string]string{}}
	note := func(text string) {
		for _, part := range pieces(text) {
			if key, wording, ok := strings.Cut(part.key, ":"); ok && v.Texts[key] == "" {
				v.Texts[key] = key + ":" + wording
			}
		}
	}
	for _, name := range s.ReturnPaths {
		note(name)
	}
	for _, r := range s.Regions {
		note(r.Name)
		for _, text := range r.Vars {
			note(text)
		}
	}
	for r := range s.Records() {
		note(r.Name)
		note(r.Value)
	}
	return v
}

// piece is a part of a template: text, or the inside of a placeholder.
type piece struct{ text, key string }

func pieces(text string) []piece {
	var out []piece
	for text != "" {
		before, rest, ok := strings.Cut(text, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			return append(out, piece{text: text})
		}
		if before != "" {
			out = append(out, piece{text: before})
		}
		out, text = append(out, piece{key: inside}), after
	}
	return out
}

// substitute replaces {name}. A value may have placeholders and names itself, so that a
// text that grows beyond any record is left as it is.
func (v Values) substitute(text string) string {
	for range 4 {
		if !strings.Contains(text, "{") || len(text) > maxValue {
			break
		}
		for name, value := range v.Vars {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
	}
	return text
}

// keyOf is the key of the inside of a placeholder.
func keyOf(inside string) string {
	key, _, _ := strings.Cut(inside, ":")
	return key
}

// Fill returns the text of a template: with the tokens that are known, and <key: what
// it is> for those that are not.
func (v Values) Fill(text string) string {
	var b strings.Builder
	for _, p := range pieces(v.substitute(text)) {
		switch key := keyOf(p.key); {
		case p.key == "":
			b.WriteString(p.text)
		case v.Tokens[key] != "":
			b.WriteString(v.Tokens[key])
		case v.Texts[key] != "":
			b.WriteString("<" + v.Texts[key] + ">")
		default:
			b.WriteString("<" + p.key + ">")
		}
	}
	return b.String()
}

// Complete reports whether nothing is left to fill in.
func (v Values) Complete(text string) bool { return !strings.Contains(v.Fill(text), "<") }

// Capture compares a name or value with a template, case folded. It returns what
// stands at the places that were not known; ok is false if it is something else.
func (v Values) Capture(template, have string) (tokens map[string]string, ok bool) {
	parts := pieces(v.substitute(template))
	var b strings.Builder
	var keys []string
	seen := map[string]bool{}
	b.WriteString("(?is)^")
	for _, p := range parts {
		key := keyOf(p.key)
		switch {
		case p.key == "":
			b.WriteString(regexp.QuoteMeta(p.text))
		case v.Tokens[key] != "":
			b.WriteString(regexp.QuoteMeta(v.Tokens[key]))
		case len(parts) == 1:
			b.WriteString("(.+)")
			keys = append(keys, key)
		case seen[key]:
			b.WriteString(`[^.]+`)
		default:
			seen[key] = true
			b.WriteString(`([^.]+)`)
			keys = append(keys, key)
		}
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, false
	}
	m := re.FindStringSubmatch(have)
	if m == nil {
		return nil, false
	}
	tokens = map[string]string{}
	for i, key := range keys {
		tokens[key] = m[i+1]
	}
	return tokens, true
}

// Like reports whether a name matches a pattern: a * stands for part of a label, and
// at the front, before a dot, for any number of labels; ** stands for anything; ? for
// one character and [0-9] for digits.
func (v Values) Like(pattern, have string) bool {
	p := regexp.QuoteMeta(v.Fill(pattern))
	p = strings.ReplaceAll(p, `\[0-9\]`, `[0-9]+`)
	p = strings.ReplaceAll(p, `\?`, `[^.]`)
	p = strings.ReplaceAll(p, `\*\*`, "\x00")
	if rest, ok := strings.CutPrefix(p, `\*\.`); ok {
		p = "\x00" + `\.` + rest
	}
	p = strings.ReplaceAll(p, `\*`, `[^.]*`)
	p = strings.ReplaceAll(p, "\x00", ".+")
	re, err := regexp.Compile("(?is)^" + p + "$")
	return err == nil && re.MatchString(have)
}
