package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestLarge: what a configuration of its full size costs grows with its size and not
// with the square of it, whatever it is full of, and what is wrong with it is told in
// a bounded number of short lines.
// BOMBS=1 go test ./config -run TestLarge -v shows the figures for the largest.
func TestLarge(t *testing.T) {
	size := 1 << 20
	if os.Getenv("BOMBS") != "" {
		size = maxBytes
	}
	fill := func(start, format string) string {
		var b strings.Builder
		b.WriteString(start)
		for i := 0; b.Len() < size-200; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	var some strings.Builder
	some.WriteString("domains:\n")
	for i := range 10_000 {
		fmt.Fprintf(&some, "  - d%d.example\n", i)
	}
	for _, tt := range []struct {
		name, text string
		wrong      string
	}{
		{"domains", fill("domains:\n", "  - d%d.example\n"), ""},
		{"domains with statements", fill("domains:\n", "  - {domain: d%d.example, selectors: [a]}\n"), ""},
		{"a domain again and again", fill("domains:\n", "  - %[1]d.example\n  - %[1]d.example\n"), "twice"},
		{"unknown keys", fill("domains: [a.example]\n", "k%d: 1\n"), "has no key"},
		{"nearly known keys", fill("domains: [a.example]\n", "domain%d: 1\n"), "has no key"},
		{"a long key", "domains: [a.example]\n? " + strings.Repeat("k", size-100) + "\n: 1\n", "has no key"},
		{"a long word", "domains: [a.example]\nfail_on: " + strings.Repeat("e", size-100) + "\n", "fail_on must be"},
		{"a long domain", "domains: [" + strings.Repeat("a", size-100) + "]\n", "domain"},
		{"accepted findings", fill(some.String()+"accept:\n", "  - {check: spf-record-missing, domain: d%d.example, until: 2030-01-01, reason: r}\n"), "not among"},
		{"notifications", fill("domains: [a.example]\nhistory: h.db\nnotifications:\n", "  - {type: slack, name: n%d, url: \"https://a.example/\"}\n"), ""},
		{"notifications of domains", fill(some.String()+"notifications:\n  - type: slack\n    url: https://a.example/\n    domains:\n", "      - d%d.example\n"), "not among"},
		{"selectors", fill("domains:\n  - domain: a.example\n    selectors:\n", "      - s%d\n"), ""},
		{"severities", fill("domains: [a.example]\npolicy:\n  severities:\n", "    no-check-%d: info\n"), "no check"},
		{"lists", fill("domains: [a.example]\nremove_lists:\n", "  - l%d.example\n"), "remove_lists"},
		{"nesting", "domains: " + strings.Repeat("[", size/2-100), "YAML"},
		{"mappings in mappings", "domains: " + strings.Repeat("{a: ", size/8), "YAML"},
		{"variables", fill("domains: [a.example]\nstate_dir: /x/", "${HOME}"), ""},
		{"variables that are not set", fill("domains: [a.example]\nstate_dir: /x/", "${X%d}"), "not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Now()
			_, err := Parse("m.yaml", []byte(tt.text), func(name string) (string, bool) { return "/home/me", name == "HOME" })
			took := time.Since(began)
			said := ""
			if err != nil {
				said = err.Error()
			}
			t.Logf("%d KB: %.2f s: %.100s", len(tt.text)>>10, took.Seconds(), said)
			if (err == nil) != (tt.wrong == "") || !strings.Contains(said, tt.wrong) {
				t.Errorf("%.300s, want %q", said, tt.wrong)
			}
			if lines := strings.Count(said, "\n"); lines > maxProblems || len(said) > (maxProblems+1)*500 {
				t.Errorf("%d bytes in %d lines", len(said), lines)
			}
			// Each takes a second or less; quadratic, it takes minutes.
			if took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
