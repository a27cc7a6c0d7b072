package view

import (
	"strings"
	"unicode"

	"mailworthy/internal/lazyre"
)

// Reference is one place that a rule comes from. URL is empty if it is not on the web.
type Reference struct{ Text, URL string }

// rfc is a reference such as "RFC 7208, 4.6.4 and 5.1".
var rfc = lazyre.New(`^RFC ([0-9]{1,5})(?:, (?:sections? )?([0-9]+(?:\.[0-9]+)*|[A-Z]\.[0-9.]*[0-9]))?`)

// References are the places that a text of references names, which are apart by "; ".
func References(text string) []Reference {
	var out []Reference
	for _, part := range strings.Split(text, "; ") {
		if part == "" {
			continue
		}
		ref := Reference{Text: part}
		if m := rfc.FindStringSubmatch(part); m != nil {
			ref.URL = "https://www.rfc-editor.org/rfc/rfc" + m[1]
			switch {
			case m[2] == "":
			case m[2][0] >= 'A':
				ref.URL += "#appendix-" + m[2]
			default:
				ref.URL += "#section-" + m[2]
			}
		} else if at := strings.Index(part, "https://"); at >= 0 {
			ref.URL = strings.TrimRight(strings.Fields(part[at:])[0], ",.)")
		}
		out = append(out, ref)
	}
	return out
}

// FirstSentence is a text up to its first full stop with a space and a capital letter
// after it.
func FirstSentence(text string) string {
	for from := 0; ; {
		at := strings.Index(text[from:], ". ")
		if at < 0 {
			return text
		}
		from += at + 2
		if from < len(text) && unicode.IsUpper(rune(text[from])) {
			return text[:from-1]
		}
	}
}
