package dkim

import (
	"fmt"
	"strings"
)

// cut shows a text from the DNS in a sentence, in full or its beginning.
func cut(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "…"
	}
	return `"` + s + `"`
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
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	} else if n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
