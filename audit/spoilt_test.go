package audit

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/internal/dnsfault"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// outcome is what came of one question.
type outcome struct {
	answer *resolver.Answer
	err    error
}

// key is the same for outcomes that an audit cannot tell apart, but for the wording.
func (o outcome) key() string {
	if o.err != nil {
		e := resolver.AsError(o.err)
		return "not answered: " + string(e.Reason) + " " + e.Rcode
	}
	s := fmt.Sprintf("%s %v", o.answer.Status, o.answer.CNAMEs)
	for i := range o.answer.Records {
		s += fmt.Sprintf(" %q", o.answer.Records[i].String())
	}
	return s
}

// instead answers one question otherwise than the rest of the world.
type instead struct {
	resolver.Resolver
	name string
	typ  resolver.Type
	outcome
}

func (i instead) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if strings.EqualFold(name, i.name) && t == i.typ {
		return i.answer, i.err
	}
	return i.Resolver.Lookup(ctx, name, t)
}

// otherwise are answers that could be the truth if a question is not answered.
// Other questions may have shown that the name exists.
func otherwise(q resolver.Trace, exists bool) []*resolver.Answer {
	absent := func(s resolver.Status, rcode string) *resolver.Answer {
		return &resolver.Answer{Name: q.Name, Type: q.Type, Status: s, Rcode: rcode, TTL: 60}
	}
	out := []*resolver.Answer{absent(resolver.NoData, "NOERROR")}
	if !exists {
		out = append(out, absent(resolver.NXDomain, "NXDOMAIN"))
	}
	found := func(records ...resolver.Record) {
		a := absent(resolver.Found, "NOERROR")
		for _, r := range records {
			r.Name, r.Type, r.TTL = q.Name, q.Type, 60
			a.Records = append(a.Records, r)
		}
		out = append(out, a)
	}
	switch q.Type {
	case resolver.TypeA:
		for _, s := range []string{"127.0.0.2", "127.0.0.4", "127.0.1.2", "127.0.0.10", "192.0.2.200"} {
			found(resolver.Record{Addr: netip.MustParseAddr(s)})
		}
	case resolver.TypeAAAA:
		found(resolver.Record{Addr: netip.MustParseAddr("2001:db8:bad::1")})
	case resolver.TypeTXT:
		if strings.HasPrefix(q.Name, "_dmarc.") && strings.Count(q.Name, ".") == 1 {
			// All that a public suffix may publish (RFC 9989, 4.7).
			found(resolver.Record{TXT: []string{"v=DMARC1; p=none; psd=y"}})
			return out
		}
		for _, s := range []string{"", "unrelated", "v=spf1 +all", "v=spf1 include:absent.example -all", "v=spf1 x", "v=DMARC1; p=none", "v=DMARC1; p=x; rua=y",
			"v=DKIM1; p=", "v=DKIM1; t=y; p=AAAA", "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALm7dSK2bi6HUcMtqxjGHUE8mYvYGFrrkIlsUt5hq2cJo5ceTUFkjjMuwh4EORVUL0DBZm3XTzY0MjICiqK5XoECAwEAAQ=="} {
			found(resolver.Record{TXT: []string{s}})
		}
		found(resolver.Record{TXT: []string{"v=spf1 -all"}}, resolver.Record{TXT: []string{"v=spf1 mx -all"}})
	case resolver.TypeMX:
		found(resolver.Record{Host: "."})
		found(resolver.Record{Host: "absent.example", Preference: 10})
	case resolver.TypePTR:
		found(resolver.Record{Host: "absent.example"})
		found(resolver.Record{Host: "host-198-51-100-10.pool.example"})
	}
	return out
}

// about is what a finding is about.
type about struct{ check, subject string }

// TestSpoiltAnswers spoils every question of an audit, byte by byte, in every way
// that dnsfault knows; by hand, a third of the questions. Nothing may be said then that is not true of the domain: no
// finding that it does not have, and no pass for what it has, or for what it could
// have, by the answer that is missing.
func TestSpoiltAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("thirty thousand questions over loopback")
	}
	m := &spoiling{t: t, right: world(t), options: Options{Selectors: "inferred", Now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}}
	targets := []Target{
		{Domain: "tidy.example"},
		{Domain: "tidy.example", Selectors: []string{"s1", "s2", "ed"}, IPs: addrs("198.51.100.10", "198.51.100.11")},
		{Domain: "acme.example"},
		{Domain: "parked.example"},
	}
	baselines := make([]*Result, len(targets))
	for i, target := range targets {
		baselines[i] = Run(context.Background(), m.right, target, m.options)
	}
	m.spoil(baselines)
	for i, target := range targets {
		t.Run(fmt.Sprintf("%s %d", target.Domain, i), func(t *testing.T) { m.audit(t, target, baselines[i]) })
	}
	t.Logf("%d questions, %d faults: %d audits", len(m.spoilt), len(dnsfault.Faults()), m.audits.Load())
}

type spoiling struct {
	t       *testing.T
	right   resolver.Resolver
	options Options
	spoilt  map[string]*badlyAnswered // by question
	audits  atomic.Int32
}

// badlyAnswered is what comes of a question, and the faults that each outcome comes of.
type badlyAnswered struct {
	q        resolver.Trace
	outcomes map[string]outcome
	by       map[string][]string
}

func questionOf(q resolver.Trace) string { return q.Name + " " + q.Type.String() }

// spoil asks all questions of some audits of a server with each fault.
func (m *spoiling) spoil(baselines []*Result) {
	m.spoilt = map[string]*badlyAnswered{}
	for _, r := range baselines {
		for _, q := range r.Trace {
			name := questionOf(q)
			if !inFull() && crc32.ChecksumIEEE([]byte(name))%3 != 0 {
				continue
			}
			m.spoilt[name] = &badlyAnswered{q, map[string]outcome{}, map[string][]string{}}
		}
	}
	truth := dnsfault.NewTruth(dnstest.Start(m.t, bundled(m.t)...).Addr())
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(16)
	for _, f := range dnsfault.Faults() {
		if f.Recovers {
			continue
		}
		g.Go(func() error {
			srv := dnsfault.Start(m.t, truth, f)
			defer srv.Close()
			client, err := resolver.New(resolver.Config{Servers: []string{srv.Addr()}, Timeout: 250 * time.Millisecond, Retries: -1})
			if err != nil {
				return err
			}
			defer client.Close()
			b := resolver.NewBatch(context.Background(), client)
			for _, s := range m.spoilt {
				b.Ask(s.q.Name, s.q.Type, func(a *resolver.Answer, err error) {
					o := outcome{a, err}
					mu.Lock()
					defer mu.Unlock()
					s.outcomes[o.key()] = o
					s.by[o.key()] = append(s.by[o.key()], f.Name)
				})
			}
			b.Run()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		m.t.Fatal(err)
	}
}

// audit audits one domain with every outcome of every question.
func (m *spoiling) audit(t *testing.T, target Target, baseline *Result) {
	audited := func(q resolver.Trace, o outcome) *Result {
		m.audits.Add(1)
		return Run(context.Background(), instead{m.right, q.Name, q.Type, o}, target, m.options)
	}
	worse := func(s finding.Severity) bool { return s.AtLeast(finding.Notice) }
	is, fails := map[about]finding.Severity{}, map[string]bool{}
	for _, f := range baseline.Findings {
		is[about{f.Check, f.Subject}] = f.Severity
		fails[f.Check] = fails[f.Check] || worse(f.Severity)
	}
	exists := map[string][]resolver.Type{} // the types that show that the name does
	for _, q := range baseline.Trace {
		if q.Status == string(resolver.Found) || q.Status == string(resolver.NoData) {
			exists[q.Name] = append(exists[q.Name], q.Type)
		}
	}
	var g errgroup.Group
	g.SetLimit(8)
	for _, q := range baseline.Trace {
		s := m.spoilt[questionOf(q)]
		if s == nil {
			continue
		}
		g.Go(func() error {
			// A check passes for all that it is about, which may be several selectors or
			// addresses.
			could := map[string]string{}
			possible := otherwise(q, slices.ContainsFunc(exists[q.Name], func(t resolver.Type) bool { return t != q.Type }))
			for _, a := range possible {
				o := outcome{answer: a}
				for _, f := range audited(q, o).Findings {
					if worse(f.Severity) {
						could[f.Check] = o.key()
					}
				}
			}
			for _, key := range slices.Sorted(maps.Keys(s.outcomes)) {
				o := s.outcomes[key]
				said := func(what string, f finding.Finding) {
					t.Errorf("%s: %s (%d faults, such as %q): %s: %s %s of %s: %s", questionOf(q), key, len(s.by[key]), s.by[key][0], what, f.Severity, f.Check, f.Subject, f.Detail)
				}
				for _, f := range audited(q, o).Findings {
					at := about{f.Check, f.Subject}
					was, had := is[at]
					switch {
					case f.Severity == finding.Pass && fails[f.Check]:
						said("it passes what fails", f)
					case f.Severity == finding.Pass && o.err != nil && could[f.Check] != "":
						said("it passes what would fail with "+could[f.Check], f)
					case worse(f.Severity) && (!had || was != f.Severity) && f.Check != "dkim-none-observed" && f.Check != "rbl-no-addresses":
						said("it is not so", f)
					}
				}
			}
			return nil
		})
	}
	_ = g.Wait()
}
