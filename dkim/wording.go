package dkim

import (
	"fmt"
	"strings"
)

// cut shows a text from the DNS in a sentence, in full or its beginning.
func cut(s string) string { return `"` + clip(s, 120) + `"` }

// clip bounds a text from the DNS.
func clip(s string, most int) string {
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// count is "1 selector", "2 selectors".
func count(n int, noun string) string { return fmt.Sprintf("%d %s", n, plural(n, noun)) }

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// list is "a", "a and b", "a, b and c", bounded.
func list(names []string) string {
	const most = 12
	n := len(names)
	shown := make([]string, min(n, most))
	for i := range shown {
		shown[i] = clip(names[i], 260) // over the length of any name
	}
	switch {
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), n-most)
	case n > 1:
		return strings.Join(shown[:n-1], ", ") + " and " + shown[n-1]
	}
	return strings.Join(shown, "")
}
