package transport

import (
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
)

var (
	// policyField is a field of a policy with another sign than the colon, or in other
	// letters, wherever it may begin.
	policyField = lazyre.New(`(?i)(?:^|[ \t;,|"'{])(version|mode|max[_-]?age|mx)["']?[ \t]*([:=])`)
	// spelled are how names of fields stand in them, without hyphens and underscores.
	spelled = map[string]string{"version": "version", "mode": "mode", "maxage": "max_age", "mx": "mx"}
)

// ofRecord is how the text of the TXT record at _mta-sts begins.
var ofRecord = lazyre.New(`^["']?v[ \t]*=[ \t]*stsv1\b`)

// page is what is served in place of a policy, empty if it may be one: an HTML page, the text
// of the TXT record, or nothing at all.
func page(text string) string {
	body := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	head := ascii.ToLower(body[:min(len(body), 1000)])
	switch {
	case body == "":
		return "an empty file"
	case strings.HasPrefix(head, "<!doctype") || strings.HasPrefix(head, "<?xml") || strings.HasPrefix(head, "<!--") || strings.HasPrefix(head, "<") && strings.Contains(head, "html"):
		return "a web page (HTML)"
	case ofRecord.MatchString(head) && !policyField.MatchString(body):
		return "the text of the TXT record at _mta-sts"
	}
	return ""
}

// meant is what a text was meant to say as a policy, and how it does not say it: fields
// with = for the colon, or more than one in a line. Why is empty if its fields are lines,
// each with its colon.
func (p *Policy) meant() (m *Policy, why string) {
	if p.read != nil {
		return p.read, p.why
	}
	m = &Policy{has: map[string]bool{}, near: map[string]string{}}
	equals, joined := false, strings.Contains(p.text, `\n`)
	for line := range strings.Lines(strings.ReplaceAll(p.text, `\n`, "\n")) {
		line = strings.TrimSpace(strings.ReplaceAll(line, "\r", " "))
		if at, _, _ := strings.Cut(line, "#"); strings.TrimSpace(at) == "" {
			continue // a comment
		}
		fields := policyField.FindAllStringSubmatchIndex(line, maxPatterns)
		if len(fields) == 0 {
			if name, value, ok := strings.Cut(line, ":"); ok && isName(name) && len(m.others) < maxTags {
				if line := name + ": " + strings.TrimSpace(value); !slices.Contains(m.others, line) && grammatical(value) {
					m.others = append(m.others, line)
				}
			}
			continue
		}
		joined = joined || len(fields) > 1
		for i, f := range fields {
			to := len(line)
			if i+1 < len(fields) {
				to = fields[i+1][0]
			}
			equals = equals || line[f[4]] == '='
			name := spelled[strings.NewReplacer("-", "", "_", "").Replace(ascii.ToLower(line[f[2]:f[3]]))]
			m.take(name, strings.Trim(line[f[5]:to], " \t;,|\"'{}"))
		}
	}
	switch {
	case joined:
		why = "fields stand in one line, and each has a line of its own"
	case equals:
		why = "an equals sign stands for the colon behind the name of a field"
	}
	p.read, p.why = m, why
	return m, why
}

// grammatical reports whether a value of a field that nobody knows may stay.
func grammatical(value string) bool {
	value = strings.TrimSpace(value)
	return value != "" && !strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\ufffd' })
}

// take reads the value of a field as it was meant.
func (p *Policy) take(name, value string) {
	switch name {
	case "mx":
		p.has[name] = true
		for _, m := range meantPatterns(value) {
			if len(p.MX) < maxPatterns && !slices.Contains(p.MX, m) {
				p.MX = append(p.MX, m)
			}
		}
	case "version":
		p.once(name, value, &p.Version)
	case "mode":
		p.once(name, meantMode(value), &p.Mode)
	case "max_age":
		p.once(name, meantAge(value), &p.MaxAge)
	}
}

// meantMode is the mode that a value was meant to be, or the value.
func meantMode(value string) string {
	word := ascii.ToLower(strings.Trim(value, ".!"))
	for _, mode := range modes {
		if stem := mode[:min(len(mode), 6)]; len(word) <= 12 && (strings.HasPrefix(word, strings.TrimSuffix(stem, "e")) && len(stem) > 4 || hint.Distance(word, mode) <= 1) {
			return mode
		}
	}
	if word == "test" {
		return "testing"
	}
	return value
}

// meantAge is the number of seconds that a value was meant to be, or the value.
func meantAge(value string) string {
	groups := strings.FieldsFunc(strings.TrimRight(ascii.ToLower(value), "second. \t"), func(c rune) bool { return strings.ContainsRune(",. _'", c) })
	for i := 1; i < len(groups); i++ {
		if len(groups[i]) != 3 {
			return value // "1.5" is no number with its thousands set apart
		}
	}
	digits := strings.Join(groups, "")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	}
	return value
}

// meantPatterns are the patterns of MX hosts that a value was meant to be; what is none
// stays as it is.
func meantPatterns(value string) []string {
	value, _, _ = strings.Cut(value, "#")
	var out []string
	for _, part := range strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(" \t,;|", c) }) {
		m := strings.Trim(part, `"'<>`)
		if strings.Trim(m, "0123456789") == "" {
			continue // the preference of the MX
		}
		if _, rest, ok := strings.Cut(m, "://"); ok {
			m, _, _ = strings.Cut(rest, "/")
		}
		if host, port, ok := strings.Cut(m, ":"); ok && port != "" && strings.Trim(port, "0123456789") == "" {
			m = host
		}
		m = strings.TrimSuffix(m, ".")
		if rest, ok := strings.CutPrefix(m, "."); ok && patternProblem(rest) == "" {
			m = "*." + rest // as drafts of the RFC had it
		}
		if patternProblem(m) != "" {
			m = part
		}
		out = append(out, m)
	}
	return out
}

// unread reports whether a field is in the text and senders do not read it, because it is
// not written as fields are.
func (p *Policy) unread(field string) bool {
	m, why := p.meant()
	return why != "" && !p.has[field] && m.has[field]
}
