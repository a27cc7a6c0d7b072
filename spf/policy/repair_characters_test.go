package policy

import (
	"strings"
	"testing"
)

// TestOddCharacters: what is said names the character that stands there and what
// belongs there.
func TestOddCharacters(t *testing.T) {
	for _, c := range []struct{ in, said string }{
		{"v=spf1\t-all", "A tab stands where a space belongs."},
		{"v=spf1\tmx\t-all", "A tab stands where a space belongs."},
		{"v=spf1 mx\t-all", "A tab stands where a space belongs."},
		{"v=spf1\u00a0mx -all", "A no-break space stands where a space belongs."},
		{"v=spf1 mx\u2003-all", "A space of a word processor (U+2003) stands where a space belongs."},
		{"v=spf1 mx\r-all", "A line break stands where a space belongs."},
		{"v=spf1 mx \u2013all", "A dash of a word processor (U+2013) stands where a hyphen belongs."},
		{"v=spf1 mx \u02dcall", "\"\u02dc\" (U+02DC) stands where \"~\" belongs."},
		{"v=spf1 m\u200bx -all", "An invisible character (U+200B) has no place in a record."},
		{"\u201cv=spf1 mx -all\u201d", "Quotation marks have no place in a record."},
		{"&quot;v=spf1 mx -all&quot;", "HTML entities, such as &quot; or &nbsp;, have no place in a record."},
		{"v=spf1&nbsp;mx -all", "HTML entities, such as &quot; or &nbsp;, have no place in a record."},
		{`acme.example. 3600 IN TXT "v=spf1 mx -all"`, "A line of a zone file stands where its text alone belongs."},
		{`"v=spf1 mx -all"`, "Quotation marks have no place in a record."},
		{"v=spf1 m\u0445 -\u0391LL", "A Cyrillic letter (U+0445) stands where \"x\" belongs; a Greek letter (U+0391) stands where \"A\" belongs."},
		{"v=spf1 \u0131p4:192.0.2.1 -all", "A Turkish letter (U+0131) stands where \"i\" belongs."},
		{"v=spf1\tmx\u00a0\u2013all", "A tab stands where a space belongs; a no-break space stands where a space belongs; a dash of a word processor (U+2013) stands where a hyphen belongs."},
	} {
		found := Lint([]byte(c.in)).Findings
		if len(found) != 1 || !strings.Contains(found[0].Detail, c.said) || strings.Contains(found[0].Detail, ` "v=spf1" becomes`) {
			t.Errorf("%q: %+v", c.in, found)
		}
	}
	if got := Lint([]byte("\t v=spf1 mx -all ")).Findings; len(got) != 1 || got[0].Check != "spf-whitespace" {
		t.Errorf("white space around a record: %+v", got)
	}
}
