package dkim

import (
	"fmt"
	"strings"

	"mailworthy/internal/show"
)

// list is "a", "a and b", "a, b and c", bounded.
func list(names []string) string {
	const most = 12
	n := len(names)
	shown := make([]string, min(n, most))
	for i := range shown {
		shown[i] = show.Cut(names[i], 260) // over the length of any name
	}
	switch {
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), n-most)
	case n > 1:
		return strings.Join(shown[:n-1], ", ") + " and " + shown[n-1]
	}
	return strings.Join(shown, "")
}
