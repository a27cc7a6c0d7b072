package dmarc

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// fakeDNS is a whole world from a master file: it answers for every name, and
// fails where it is told to. It counts questions.
type fakeDNS struct {
	resolver.Resolver
	faults  map[string]resolver.Reason
	latency time.Duration

	mu    sync.Mutex
	asked []string
}

// world reads a master file at the root, so that every other name is NXDOMAIN.
// A line "!name reason" is a fault: the name does not answer, for any type.
func world(t testing.TB, text string) *fakeDNS {
	t.Helper()
	f := &fakeDNS{faults: map[string]resolver.Reason{}}
	var zone strings.Builder
	zone.WriteString("$ORIGIN .\n$TTL 300\n@ SOA ns. host. 1 2 3 4 60\n")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if fault, ok := strings.CutPrefix(line, "!"); ok {
			name, reason, _ := strings.Cut(fault, " ")
			f.faults[name] = resolver.Reason(reason)
			continue
		}
		zone.WriteString(line + "\n")
	}
	f.Resolver = dnstest.Zone(t, zone.String())
	return f
}

func (f *fakeDNS) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	f.mu.Lock()
	f.asked = append(f.asked, name+" "+t.String())
	f.mu.Unlock()
	if f.latency > 0 {
		time.Sleep(f.latency)
	}
	if reason := f.faults[name]; reason != "" {
		return nil, &resolver.Error{Name: name, Type: t, Reason: reason, Server: "udp://192.0.2.53:53"}
	}
	return f.Resolver.Lookup(ctx, name, t)
}

// discover is Discover in a world.
func discover(t testing.TB, zone, domain string) *Discovery {
	t.Helper()
	return Discover(context.Background(), world(t, zone), domain)
}

// ids lists findings of a severity worse than pass as "severity id [subject]",
// the subject only if it is not the domain.
func ids(findings []finding.Finding, domain string) []string {
	var out []string
	for _, f := range findings {
		if f.Severity == finding.Pass {
			continue
		}
		s := string(f.Severity) + " " + f.Check
		if f.Subject != domain {
			s += " " + f.Subject
		}
		out = append(out, s)
	}
	return out
}

// find returns the finding of a check.
func find(t testing.TB, findings []finding.Finding, id string) finding.Finding {
	t.Helper()
	for _, f := range findings {
		if f.Check == id {
			return f
		}
	}
	t.Fatalf("no finding %s among %v", id, ids(findings, ""))
	return finding.Finding{}
}
