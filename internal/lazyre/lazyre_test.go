package lazyre

import (
	"regexp"
	"slices"
	"testing"
)

// TestRegexp: a method says what that of regexp.Regexp says.
func TestRegexp(t *testing.T) {
	const pattern, text = `(?P<code>[45]\d\d) (\w+)`, "550 no; 451 later"
	r, want := New(pattern), regexp.MustCompile(pattern)
	if !r.Match([]byte(text)) || !r.MatchString(text) || r.MatchString("250 ok") {
		t.Error("Match")
	}
	if r.FindString(text) != want.FindString(text) || !slices.Equal(r.FindStringIndex(text), want.FindStringIndex(text)) ||
		!slices.Equal(r.FindStringSubmatch(text), want.FindStringSubmatch(text)) || !slices.Equal(r.FindStringSubmatchIndex(text), want.FindStringSubmatchIndex(text)) {
		t.Error("Find")
	}
	if !slices.Equal(r.SubexpNames(), want.SubexpNames()) || !slices.Equal(r.FindAllString(text, 1), want.FindAllString(text, 1)) {
		t.Error("FindAll")
	}
	equal := func(a, b []int) bool { return slices.Equal(a, b) }
	if !slices.EqualFunc(r.FindAllIndex([]byte(text), -1), want.FindAllIndex([]byte(text), -1), equal) ||
		!slices.EqualFunc(r.FindAllStringIndex(text, -1), want.FindAllStringIndex(text, -1), equal) ||
		!slices.EqualFunc(r.FindAllStringSubmatchIndex(text, -1), want.FindAllStringSubmatchIndex(text, -1), equal) ||
		!slices.EqualFunc(r.FindAllStringSubmatch(text, -1), want.FindAllStringSubmatch(text, -1), func(a, b []string) bool { return slices.Equal(a, b) }) {
		t.Error("FindAll, indexes and groups")
	}
	if r.ReplaceAllLiteralString(text, "$2") != "$2; $2" || r.ReplaceAllString(text, "$2") != want.ReplaceAllString(text, "$2") || r.ReplaceAllStringFunc(text, func(s string) string { return s[:3] }) != "550; 451" {
		t.Error("ReplaceAll")
	}
}

// TestUnsound: in a test a pattern is compiled at once, so that none is overlooked
// until somebody has the text that it is for.
func TestUnsound(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a pattern that does not compile was taken")
		}
	}()
	New("(")
}
