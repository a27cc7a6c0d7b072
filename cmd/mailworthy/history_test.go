package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/internal/dnstest"
)

// TestConfirmedByResolver: with several resolvers a change is believed at once
// if the next one sees it too, and waits if that does not.
func TestConfirmedByResolver(t *testing.T) {
	zones := func(policy string) []string {
		text, err := os.ReadFile("../../testdata/zones/tidy.example.zone")
		if err != nil {
			t.Fatal(err)
		}
		return []string{strings.Replace(string(text), "p=reject", "p="+policy, 1)}
	}
	before, after, late := dnstest.Start(t, zones("reject")...), dnstest.Start(t, zones("none")...), dnstest.Start(t, zones("reject")...)
	file := filepath.Join(t.TempDir(), "history.db")
	audit := func(day string, servers ...*dnstest.Server) string {
		t.Helper()
		args := []string{"audit", "--history", file, "--changes", "--confirm", "2", "--skip", "rbl,hosts", "--fail-on", "never",
			"--now", "2026-03-" + day + "T03:00:00Z", "tidy.example"}
		for _, s := range servers {
			args = append(args, "--resolver", s.Addr())
		}
		var out, errs bytes.Buffer
		if status := run(t.Context(), args, nil, &out, &errs); status != exitOK {
			t.Fatalf("status %d: %s", status, &errs)
		}
		return out.String()
	}
	const altered, waits = "[-p=reject;-] {+p=none;+}", "not believed before it is seen again"
	audit("01", before)
	if text := audit("02", after, late); !strings.Contains(text, waits) {
		t.Errorf("one of two resolvers has the change:\n%s", text)
	}
	if text := audit("03", before, late); strings.Contains(text, altered) {
		t.Errorf("it is back:\n%s", text)
	}
	if text := audit("04", after, after); !strings.Contains(text, altered) || strings.Contains(text, waits) {
		t.Errorf("both have it:\n%s", text)
	}
	if text := audit("05", after); strings.Contains(text, altered) {
		t.Errorf("it was told:\n%s", text)
	}
}
