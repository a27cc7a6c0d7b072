// Package dnstest is the DNS for tests: zones as text, answered in memory or by a
// real server on loopback that can be told to fail in every way that servers do.
package dnstest

import (
	"strings"
	"testing"

	"mailworthy/resolver"
)

// Zone is a resolver that answers from a master file and from nothing else; every
// other name is *resolver.Error with reason Offline. The indentation that a text
// has in a Go source is removed.
func Zone(t testing.TB, text string) resolver.Resolver {
	t.Helper()
	return resolver.NewOverlay(nil, Parse(t, text))
}

// Parse reads a master file, removing the indentation of a Go source.
func Parse(t testing.TB, text string) *resolver.ZoneSet {
	t.Helper()
	s, err := resolver.ParseZone(strings.NewReader(dedent(text)), "", "test.zone")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dedent removes the white space that all lines begin with.
func dedent(text string) string {
	lines := strings.Split(text, "\n")
	prefix, seen := "", false
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			continue
		}
		lead := l[:len(l)-len(strings.TrimLeft(l, " \t"))]
		if !seen {
			prefix, seen = lead, true
		}
		for !strings.HasPrefix(lead, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, prefix)
	}
	return strings.Join(lines, "\n")
}
