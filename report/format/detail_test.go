package format

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/dnsworld"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// strict accepts one finding and judges others.
var strict = &report.Policy{Severities: map[string]finding.Severity{"spf-overlap": finding.Error}, Accept: []report.Acceptance{
	{Check: "dmarc-policy-none", Until: "2026-12-31", Reason: "soon"}}}

// alike fails if what is written of an audit of the detail that a format asks for is not
// byte for byte what is written of a whole one: its rows, what a run counts of it, and
// whether it fails. The answers of both are the same.
func alike(t *testing.T, r resolver.Resolver, target audit.Target, o audit.Options, policy *report.Policy) {
	t.Helper()
	asked := resolver.NewSession(r, 0)
	var reports [audit.ForRow + 1]*report.Report
	for d := range reports {
		o.Detail = audit.Detail(d)
		result := audit.Run(t.Context(), asked, target, o)
		result.Duration = 0
		if result.RBL != nil {
			for i := range result.RBL.Lists {
				l := &result.RBL.Lists[i]
				if l.DurationMS = 0; l.Slow() {
					l.Advice = "" // so is a busy machine
				}
			}
		}
		reports[d] = report.NewWithPolicy(result, policy, "1.0.0")
	}
	whole := reports[audit.Whole]
	for _, r := range reports[1:] {
		if all, some := tally(whole), tally(r); all != some {
			t.Errorf("%s: %s counted, whole %s", target.Domain, some, all)
		}
		if all, some := asJSON(whole.Score), asJSON(r.Score); all != some || whole.Verdict != r.Verdict || whole.ProfileWhy != r.ProfileWhy {
			t.Errorf("%s: %s, %s, whole %s, %s", target.Domain, r.Verdict, some, whole.Verdict, all)
		}
		for _, failOn := range []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice} {
			if all, some := whole.Exit(failOn), r.Exit(failOn); all != some {
				t.Errorf("%s: exit %d, whole %d", target.Domain, some, all)
			}
		}
	}
	for i := range All {
		f := &All[i]
		if f.Row == nil {
			continue
		}
		for _, options := range []Options{{}, {Findings: true}} {
			if options.Findings && f.Name != "csv" {
				continue
			}
			var all, some Text
			if err := errors.Join(f.Row(&all, whole, options), f.Row(&some, reports[f.Detail(options)], options)); err != nil {
				t.Fatal(err)
			}
			if a, b := all.Bytes, some.Bytes; !bytes.Equal(a, b) {
				at := 0
				for at < min(len(a), len(b)) && a[at] == b[at] {
					at++
				}
				near := func(text []byte) []byte { return text[max(0, at-100):min(len(text), at+100)] }
				t.Errorf("%s: %s differs:\n%s\n%s", target.Domain, f.Name, near(a), near(b))
			}
		}
	}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func tally(r *report.Report) string {
	var t report.Tally
	t.Add(r.Count())
	return asJSON(t)
}

func TestDetailBundled(t *testing.T) {
	zones := resolver.NewOverlay(nil, reporttest.BundledZones(t)...)
	o := audit.Options{Now: reporttest.Started}
	for _, target := range reporttest.BundledTargets {
		alike(t, zones, target, o, nil)
		alike(t, dnstest.Faulty{Resolver: zones, OneIn: 200}, target, o, strict)
		for _, section := range finding.Choosable {
			target.Sections = []finding.Section{section}
			alike(t, zones, target, o, nil)
		}
	}
}

// TestDetailWorld: a thousand domains of a list, some of whose servers fail.
func TestDetailWorld(t *testing.T) {
	t.Parallel()
	n := 400
	switch {
	case os.Getenv("IN_FULL") != "":
		n = 1000
	case testing.Short():
		n = 100
	}
	s, err := dnsworld.Serve(dnsworld.New(1, 0), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{s.Addr()}, Timeout: 100 * time.Millisecond, Retries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	o := audit.Options{Selectors: dkim.Inferred, Health: &rbl.Health{}, Now: reporttest.Started}
	domains := func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
	sections := []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Hosts}
	for range audit.Stream(t.Context(), domains, audit.StreamOptions{}, func(_ context.Context, i int) bool {
		alike(t, dnstest.Faulty{Resolver: st, OneIn: 200}, audit.Target{Domain: dnsworld.Domain(i), Sections: sections}, o, []*report.Policy{nil, strict}[i%2])
		return true
	}) {
	}
}
