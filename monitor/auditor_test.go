package monitor

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/internal/dnstest"
	"mailworthy/report"
)

// TestAuditor: each domain is audited as the template says, graded before it is kept, and
// held against the baseline; what was opened is closed in reverse, once all is kept.
func TestAuditor(t *testing.T) {
	zones := dnstest.Zone(t, "$ORIGIN acme.example.\n@ SOA a b 1 1 1 1 1\n@ TXT \"v=spf1 -all\"\n")
	held, err := report.ReadBaseline(strings.NewReader(`{"schema": "mailworthy/report/1", "domain": "other.example", "findings": []}`))
	if err != nil {
		t.Fatal(err)
	}
	var said, order strings.Builder
	file := filepath.Join(t.TempDir(), "history.db")
	a := &Auditor{Template: audit.Target{Domain: "template.example", Sections: []finding.Section{finding.SPF}}, Inspector: inspect.Inspector{Resolver: zones},
		Graded: func(r *report.Report) { order.WriteString(r.Domain + " ") }}
	a.Standard.Baseline = held
	a.CompareWithBaseline(&said)
	a.Keeper = NewKeeper(t.Context(), KeeperOptions{File: file, Room: 1, Fail: func(err error) { t.Error(err) }})
	a.Ends(func() { order.WriteString("first ") }, func() { order.WriteString("second ") })
	r := a.Audit(t.Context(), "acme.example")
	if r.Domain != "acme.example" || len(r.Findings) == 0 || slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Section != finding.SPF }) || a.Of("b.example").Domain != "b.example" || a.Template.Domain != "template.example" {
		t.Errorf("%+v", r)
	}
	if !a.Close() || order.String() != "acme.example second first " {
		t.Errorf("closed in the order %q", order.String())
	}
	if !strings.Contains(said.String(), "new") {
		t.Errorf("of a domain that is not in the baseline: %q", said.String())
	}
	failing := &Auditor{Inspector: inspect.Inspector{Resolver: zones}, Keeper: NewKeeper(t.Context(), KeeperOptions{File: filepath.Join(file, "none"), Room: 1, Fail: func(error) {}})}
	failing.Audit(t.Context(), "acme.example")
	if failing.Close() {
		t.Error("what was not kept counts as kept")
	}
	without := &Auditor{Inspector: inspect.Inspector{Resolver: zones}}
	without.CompareWithBaseline(&said)
	without.Audit(t.Context(), "acme.example")
	if !without.Close() {
		t.Error("nothing was to be kept")
	}
}
