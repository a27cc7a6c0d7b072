package audit

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// faults are the ways in which one question goes wrong.
var faults = []struct {
	name  string
	fault []dnstest.Fault
	// recovers: the client gets an answer all the same.
	recovers bool
}{
	{name: "timeout", fault: []dnstest.Fault{{Kind: dnstest.Silence}}},
	{name: "servfail", fault: []dnstest.Fault{{Kind: dnstest.ServFail}}},
	{name: "refused", fault: []dnstest.Fault{{Kind: dnstest.Refused}}},
	{name: "wrong id", fault: []dnstest.Fault{{Kind: dnstest.WrongID}}},
	{name: "garbage", fault: []dnstest.Fault{{Kind: dnstest.Garbage}}},
	{name: "truncated without TCP", fault: []dnstest.Fault{{Kind: dnstest.Truncate, Transport: "udp"}, {Kind: dnstest.Close, Transport: "tcp"}}},
	{name: "lost once", fault: []dnstest.Fault{{Kind: dnstest.Silence, First: 1}}, recovers: true},
}

// TestFaultMatrix spoils every single question of an audit in every way. A clean
// domain must never get a worse finding from it than "unknown", and what decides
// a section must leave the audit incomplete.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some hundred audits over loopback")
	}
	zones := bundled(t)
	target := Target{Domain: "tidy.example"}
	options := Options{Selectors: "inferred"}
	ask := func(srv *dnstest.Server, patience time.Duration) *Result {
		client := srv.Client(resolver.Config{Timeout: patience, Retries: 1})
		defer client.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		result := Run(ctx, client, target, options)
		if ctx.Err() != nil {
			t.Error("the audit hung until its context ended")
		}
		return result
	}
	baseline := ask(dnstest.Start(t, zones...), 20*time.Second)
	if bad := worseThanUnknown(baseline); len(bad) > 0 {
		t.Fatalf("the clean domain has findings without any fault: %s", strings.Join(bad, "; "))
	}
	decisive := map[string]bool{"tidy.example TXT": true, "_dmarc.tidy.example TXT": true, "tidy.example MX": true,
		"_spf.esp.example TXT": true, "10.100.51.198.in-addr.arpa PTR": true, "10.100.51.198.zen.spamhaus.org A": true}
	var mu sync.Mutex
	incomplete := map[string]int{}
	var g errgroup.Group
	g.SetLimit(24) // nearly all of it is waiting
	for nth, f := range faults {
		for i, q := range baseline.Trace {
			question := q.Name + " " + q.Type.String()
			// By hand, each fault has a third of the questions, beside those that decide.
			if !inFull() && (i+nth)%3 != 0 && !decisive[question] {
				continue
			}
			g.Go(func() error {
				t.Run(strings.ReplaceAll(f.name, " ", "-")+"/"+question, func(t *testing.T) {
					srv := dnstest.Start(t, zones...)
					for _, fault := range f.fault {
						srv.Fault(q.Name, q.Type, fault)
					}
					result := ask(srv, 60*time.Millisecond)
					for _, bad := range worseThanUnknown(result) {
						t.Error(bad)
					}
					if !decisive[question] || f.recovers {
						return
					}
					if unknowns(result) == 0 {
						t.Error("nothing is unknown")
					}
					mu.Lock()
					incomplete[question]++
					mu.Unlock()
				})
				return nil
			})
		}
	}
	_ = g.Wait()
	for question := range decisive {
		if incomplete[question] == 0 {
			t.Errorf("the audit never asked %s: the matrix has a hole", question)
		}
	}
}

// TestLossyNetwork loses three datagrams in ten.
func TestLossyNetwork(t *testing.T) {
	t.Parallel()
	srv := dnstest.Start(t, bundled(t)...)
	srv.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence, Percent: 30, Transport: "udp"})
	client := srv.Client(resolver.Config{Timeout: 100 * time.Millisecond, Retries: 4})
	defer client.Close()
	result := Run(context.Background(), client, Target{Domain: "tidy.example"}, Options{})
	if bad := worseThanUnknown(result); len(bad) > 0 {
		t.Errorf("with three datagrams in ten lost: %s", strings.Join(bad, "; "))
	}
}

// TestTruncatedWithoutTCP: every answer is truncated and TCP is closed at once, so
// the DNS says nothing at all.
func TestTruncatedWithoutTCP(t *testing.T) {
	srv := dnstest.Start(t, bundled(t)...)
	srv.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Truncate, Transport: "udp"})
	srv.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Close, Transport: "tcp"})
	client := srv.Client(resolver.Config{Timeout: 100 * time.Millisecond, Retries: -1})
	defer client.Close()
	result := Run(context.Background(), client, Target{Domain: "tidy.example"}, Options{Selectors: "inferred"})
	if bad := worseThanUnknown(result); len(bad) > 0 {
		t.Errorf("nothing was answered, yet: %s", strings.Join(bad, "; "))
	}
	if first := &result.Findings[0]; first.Check != "resolver-silent" || unknowns(result) != 1 || len(first.Follows) < 4 {
		t.Errorf("nothing was answered: %d findings are unknown, the first is %+v", unknowns(result), first)
	}
}

// worseThanUnknown lists the findings that claim something. What could not be
// observed for want of an answer is a notice by contract and claims nothing.
func worseThanUnknown(r *Result) []string {
	var bad []string
	for _, f := range r.Findings {
		switch f.Severity {
		case finding.Pass, finding.Unknown, finding.Info:
		default:
			if f.Check != "dkim-none-observed" && f.Check != "rbl-no-addresses" {
				bad = append(bad, fmt.Sprintf("%s %s: %s: %s", f.Severity, f.Check, f.Subject, f.Detail))
			}
		}
	}
	return bad
}

func unknowns(r *Result) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == finding.Unknown {
			n++
		}
	}
	return n
}

// TestParkedUnknown: what a domain is for follows from its records. Where these are
// not answered, what only a sender is blamed for must not be said.
func TestParkedUnknown(t *testing.T) {
	zones := bundled(t)
	for _, q := range []struct {
		name string
		typ  resolver.Type
	}{{"parked.example", resolver.TypeTXT}, {"parked.example", resolver.TypeMX}, {"_dmarc.parked.example", resolver.TypeTXT}} {
		srv := dnstest.Start(t, zones...)
		srv.Fault(q.name, q.typ, dnstest.Fault{Kind: dnstest.ServFail})
		client := srv.Client(resolver.Config{Timeout: 10 * time.Second, Retries: -1})
		result := Run(context.Background(), client, Target{Domain: "parked.example"}, Options{Selectors: "inferred"})
		client.Close()
		if bad := worseThanUnknown(result); len(bad) > 0 {
			t.Errorf("%s %s is not answered: %s", q.name, q.typ, strings.Join(bad, "; "))
		}
		if unknowns(result) == 0 {
			t.Errorf("%s %s is not answered, and nothing is unknown", q.name, q.typ)
		}
	}
}
