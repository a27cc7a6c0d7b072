package history

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/audit"
	"mailworthy/report"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	if file := os.Getenv("HISTORY_TEST_WRITER"); file != "" {
		writer(file)
		return
	}
	goleak.VerifyTestMain(m)
}

// world is the DNS of a test: the bundled zones, edited, parts of it silent.
type world struct {
	resolver.Resolver
	// silent names a question that is not answered.
	silent func(name string, t resolver.Type) bool
	// denies: a resolver of a closed network answers, which knows no name.
	denies bool
}

// newWorld parses the bundled zones with old text replaced by new, pairwise.
func newWorld(t testing.TB, replace ...string) *world {
	t.Helper()
	files, err := filepath.Glob("../testdata/zones/*.zone")
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
	return &world{Resolver: resolver.NewOverlay(nil, zones...)}
}

func (w *world) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if w.silent != nil && w.silent(strings.ToLower(name), t) {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail, Server: "udp://192.0.2.53:53", Rcode: "SERVFAIL"}
	}
	if w.denies {
		return &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain, Rcode: "NXDOMAIN", Server: "udp://192.0.2.53:53", TTL: 60}, nil
	}
	return w.Resolver.Lookup(ctx, name, t)
}

var start = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// run audits a domain on the given day.
func (w *world) run(t testing.TB, target audit.Target, day int) *report.Report {
	t.Helper()
	now := start.AddDate(0, 0, day)
	return report.New(audit.Run(t.Context(), w, target, audit.Options{Now: now}), report.DefaultScale(), "test")
}

// questions are all that an audit asks.
func (w *world) questions(t testing.TB, target audit.Target) [][2]string {
	t.Helper()
	var out [][2]string
	for _, q := range audit.Run(t.Context(), w, target, audit.Options{Now: start}).Trace {
		out = append(out, [2]string{strings.ToLower(q.Name), q.Type.String()})
	}
	return out
}
