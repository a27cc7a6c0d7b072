package historytest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

// World is the DNS of a test: the bundled zones, edited, parts of it silent.
type World struct {
	resolver.Resolver
	// Silent names a question that is not answered.
	Silent func(name string, t resolver.Type) bool
	// Denies: a resolver of a closed network answers, which knows no name.
	Denies bool
}

// NewWorld parses the bundled zones with old text replaced by new, pairwise.
func NewWorld(t testing.TB, replace ...string) *World {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root(), "testdata", "zones", "*.zone"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no bundled zones: %v", err)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	for i := 0; i < len(replace); i += 2 {
		found := false
		for j := range all {
			found = found || strings.Contains(all[j], replace[i])
			all[j] = strings.ReplaceAll(all[j], replace[i], replace[i+1])
		}
		if !found {
			t.Fatalf("no zone has %q", replace[i])
		}
	}
	var zones []*resolver.ZoneSet
	for i, text := range all {
		z, err := resolver.ParseZone(strings.NewReader(text), "", files[i])
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, z)
	}
	return &World{Resolver: resolver.NewOverlay(nil, zones...)}
}

// Lookup implements resolver.Resolver.
func (w *World) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if w.Silent != nil && w.Silent(strings.ToLower(name), t) {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail, Server: "udp://192.0.2.53:53", Rcode: "SERVFAIL"}
	}
	if w.Denies {
		return &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain, Rcode: "NXDOMAIN", Server: "udp://192.0.2.53:53", TTL: 60}, nil
	}
	return w.Resolver.Lookup(ctx, name, t)
}

// start is when the first run of a test starts.
var start = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// Run audits a domain on the given day.
func (w *World) Run(t testing.TB, target audit.Target, day int) *report.Report {
	t.Helper()
	now := start.AddDate(0, 0, day)
	return report.New(audit.Run(t.Context(), w, target, audit.Options{Now: now}), report.DefaultScale(), "test")
}

// Questions returns all that an audit asks, as names and types.
func (w *World) Questions(t testing.TB, target audit.Target) [][2]string {
	t.Helper()
	var out [][2]string
	for _, q := range audit.Run(t.Context(), w, target, audit.Options{Now: start}).Trace {
		out = append(out, [2]string{strings.ToLower(q.Name), q.Type.String()})
	}
	return out
}

// root is the folder of the project: the tests run in folders of several depths.
func root() string {
	dir := "."
	for range 6 {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Join(dir, "..")
	}
	return dir
}

// Numbered returns the nth report of a made-up domain: every tenth has other content.
func Numbered(n int) *report.Report {
	f := finding.Finding{Check: "spf-record-missing", Severity: finding.Critical, Section: finding.SPF, Subject: "made.example",
		Title: "No SPF record", Detail: fmt.Sprintf("Seen in week %d.", n/10),
		Evidence: []finding.Evidence{{Name: "made.example", Type: "TXT", Status: "nodata", TTL: uint32(n), Server: "udp://192.0.2.53:53"}}}
	return report.New(&audit.Result{Domain: "made.example", Profile: finding.Sender, ProfileWhy: "stated", Findings: []finding.Finding{f},
		Started: start.Add(time.Duration(n) * time.Hour), Queries: n}, report.DefaultScale(), "test")
}

// SameJSON checks that a run gives the report back byte by byte.
func SameJSON(t testing.TB, s *history.Store, run history.Run, r *report.Report) {
	t.Helper()
	got, err := s.JSON(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	want, err := report.MarshalJSON(r, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, bytes.TrimSpace(want)) {
		t.Fatalf("run %d is\n%s\nwant\n%s", run.ID, got, want)
	}
}

// Unchanged fails the test if the comparison shows a change.
func Unchanged(t testing.TB, what any, c *report.Comparison) {
	t.Helper()
	if c.Unchanged() {
		return
	}
	var b bytes.Buffer
	if err := terminal.WriteDoc(&b, view.ComparisonDoc(c), terminal.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Errorf("silent: %.300v\n%s", what, &b)
}

// Targets returns the domains that the tests audit, which have flaws of every kind.
func Targets() []audit.Target {
	return []audit.Target{
		{Domain: "acme.example"},
		{Domain: "tidy.example", Selectors: []string{"s1"}},
		{Domain: "parked.example"},
		{Domain: "crm.example", MailFrom: []string{"esp.example"}},
	}
}
