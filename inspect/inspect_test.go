package inspect

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// TestInspect: a report is what an audit found, judged; Graded is told of it before it
// has its plan; the plan has audited what it proposes; and the same settings serve
// several domains.
func TestInspect(t *testing.T) {
	zones := reporttest.BundledZones(t)
	var told []string
	i := &Inspector{Resolver: resolver.NewOverlay(nil, zones...), Options: audit.Options{Now: reporttest.Started}, Version: "1.2.3",
		Policy: &report.Policy{Severities: map[string]finding.Severity{}}}
	i.Graded = func(_ context.Context, target audit.Target, r *report.Report) {
		if r.Plan != nil || r.Verdict == "" {
			t.Errorf("%s: told of a report with the plan %v and the verdict %q", r.Domain, r.Plan, r.Verdict)
		}
		told = append(told, target.Domain)
	}
	target := audit.Target{Domain: "acme.example"}
	plain := i.Inspect(t.Context(), target)
	if plain.Plan != nil || plain.Version != "1.2.3" {
		t.Errorf("plan %v, version %q", plain.Plan, plain.Version)
	}
	i.Plan = true
	planned := i.Inspect(t.Context(), target)
	if !reflect.DeepEqual(checks(plain), checks(planned)) {
		t.Errorf("the plan changed what was found:\n%v\n%v", checks(plain), checks(planned))
	}
	if p := planned.Plan; p == nil || len(p.Actions) == 0 || reflect.DeepEqual(p.Before, p.After) {
		t.Errorf("nothing is planned, or nothing comes of it: %+v", p)
	}
	through := i.Through(t.Context(), i.Resolver, target)
	if through.Plan != nil || !reflect.DeepEqual(checks(plain), checks(through)) {
		t.Errorf("through the same resolver: %v", checks(through))
	}
	if want := []string{"acme.example", "acme.example"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
}

// checks are the findings of a report, without what differs from run to run.
func checks(r *report.Report) (out []string) {
	for _, f := range r.Findings {
		out = append(out, string(f.Severity)+" "+f.Check+" "+f.Subject)
	}
	return out
}

// silent is a resolver that nobody answers.
type silent struct{}

func (silent) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestInspectEnded: a report of an audit that was given no time says that it knows
// nothing.
func TestInspectEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	i := &Inspector{Resolver: silent{}, Options: audit.Options{Selectors: dkim.Common, Health: new(rbl.Health)}, Plan: true}
	r := i.Inspect(ctx, audit.Target{Domain: "acme.example"})
	if r == nil || r.Plan == nil {
		t.Fatalf("%+v", r)
	}
	for _, f := range r.Findings {
		if f.Severity.AtLeast(finding.Warning) && f.Severity != finding.Unknown {
			t.Errorf("%s %s: %s", f.Severity, f.Check, f.Title)
		}
	}
}
