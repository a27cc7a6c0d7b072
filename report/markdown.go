package report

import "strings"

// mdText escapes text for Markdown so that it is read as written: what would
// start markup, HTML or a table cell is escaped.
func mdText(s string) string {
	s = shown(s)
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && strings.ContainsRune("\\`*_[]<>|#~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
