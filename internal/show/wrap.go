package show

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// Width is the number of terminal cells that s takes: two for wide East Asian
// characters, none for combining marks.
func Width(s string) int { return displaywidth.String(s) }

// Wrap breaks text at its spaces into lines of at most limit cells. A word that
// is wider than a line is cut between characters.
func Wrap(text string, limit int) []string {
	limit = max(limit, 8)
	var lines []string
	line, used := "", 0
	flush := func() {
		lines = append(lines, line)
		line, used = "", 0
	}
	for _, word := range strings.Fields(text) {
		w := Width(word)
		if used > 0 && used+1+w > limit {
			flush()
		}
		for w > limit && used == 0 {
			var head string
			head, word = cutAt(word, limit)
			lines = append(lines, head)
			w = Width(word)
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+w
	}
	if used > 0 || len(lines) == 0 {
		flush()
	}
	return lines
}

// cutAt splits s so that the first part takes at most limit cells, at least one
// character in any case.
func cutAt(s string, limit int) (head, tail string) {
	g := displaywidth.StringGraphemes(s)
	at, used := 0, 0
	for g.Next() {
		if at > 0 && used+g.Width() > limit {
			break
		}
		at += len(g.Value())
		used += g.Width()
	}
	return s[:at], s[at:]
}
