package resolver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestZoneFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a [folder]*")
	if err := os.MkdirAll(filepath.Join(dir, "folder.zone"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a.zone":      "whatever it is\n",
		"b.db":        "$TTL 300\n@ SOA ns hostmaster 1 2 3 4 5\n",
		"C.DB":        "; of BIND\n\nc.example. 3600 IN SOA ns hostmaster 1 2 3 4 5\n",
		"d.txt":       ";; Domain: d.example.\n;; Exported: today\nd.example.\t3600\tIN\tTXT \"v=spf1 -all\"\n",
		"e.txt":       "e.example. A 192.0.2.1\n",
		"f.txt":       "e.example. IN TXT (\n \"v=spf1 -all\"\n)\n",
		"g.txt":       "$ORIGIN g.example.\na mistake\n",
		"h.txt":       "\ufeff$ORIGIN h.example.\n",
		"empty.db":    "",
		"history.db":  "SQLite format 3\x00\x10\x00",
		"lines.txt":   "a.example\nb.example\n",
		"readme.txt":  "These are the zones of acme.example.\n",
		"prose.txt":   "The zones of a customer.\n",
		"ttl.txt":     "e.example. IN 1h A 192.0.2.1\n",
		"utf16.txt":   "\xff\xfe$\x00O\x00",
		"comment.txt": "; nothing\n",
		"notes.md":    "e.example. A 192.0.2.1\n",
		"x.zone~":     "e.example. A 192.0.2.1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func(files []string) string {
		var b strings.Builder
		for _, f := range files {
			fmt.Fprintf(&b, "%s ", filepath.Base(f))
		}
		return b.String()
	}
	zones, other, err := ZoneFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(zones), "C.DB a.zone b.db d.txt e.txt f.txt g.txt h.txt ttl.txt "; got != want {
		t.Errorf("zones: %s, want %s", got, want)
	}
	if got, want := names(other), "comment.txt empty.db history.db lines.txt prose.txt readme.txt utf16.txt "; got != want {
		t.Errorf("others: %s, want %s", got, want)
	}
	if _, _, err := ZoneFiles(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("no folder: %v", err)
	}
}

// TestManyZones: what one of many zones costs does not grow with their number, in
// one file as in many.
func TestManyZones(t *testing.T) {
	const n = 20_000
	zone := func(i int) string {
		return fmt.Sprintf("$ORIGIN d%d.example.\n@ 300 SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n@ TXT \"%d\"\n", i, i)
	}
	var all strings.Builder
	sets := make([]*ZoneSet, n)
	start := time.Now()
	for i := range n {
		all.WriteString(zone(i))
		var err error
		if sets[i], err = ParseZone(strings.NewReader(zone(i)), "", "z"); err != nil {
			t.Fatal(err)
		}
	}
	// Without a SOA the zones are the $ORIGIN lines.
	bare, err := ParseZone(strings.NewReader(strings.ReplaceAll(all.String(), "@ 300 SOA ns hostmaster 1 2 3 4 5\n", "other.test. A 192.0.2.1\n")), "", "z")
	if err != nil || len(bare.Origins()) != n {
		t.Fatal(err)
	}
	one, err := ParseZone(strings.NewReader(all.String()), "", "z")
	if err != nil {
		t.Fatal(err)
	}
	for what, sets := range map[string][]*ZoneSet{"one file": {one}, "a folder": sets, "no SOA": {bare}} {
		r := NewOverlay(nil, sets...)
		for i := range n {
			a, err := r.Lookup(context.Background(), fmt.Sprintf("d%d.example", i), TypeTXT)
			if err != nil || len(a.Records) != 1 || a.Records[0].Text() != fmt.Sprint(i) {
				t.Fatalf("%s: %d: %+v, %v", what, i, a, err)
			}
		}
	}
	// It takes half a second; it took two minutes.
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}
