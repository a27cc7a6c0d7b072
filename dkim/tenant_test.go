package dkim

import (
	"slices"
	"strings"
	"testing"
)

// TestOneLabelTargets: an alias of one label is judged without the DNS, and a proposal
// invents no target.
func TestOneLabelTargets(t *testing.T) {
	for _, tt := range []struct {
		name, zone, says string
		records          int
	}{
		{"dotless", "selector1._domainkey CNAME selector1-acme-onmicrosoft-com.", "selector of Microsoft 365", 1},
		{"dotless, of the domain", "selector2._domainkey CNAME selector2-acme-example.", "selector of Microsoft 365", 1},
		{"without its final dot", "selector1._domainkey CNAME selector1-acme-onmicrosoft-com", "selector of Microsoft 365", 1},
		{"of another service", "s1._domainkey CNAME sendgrid.", "one label", 0},
		{"by way of another alias", "s1._domainkey CNAME k.acme.example.\nk CNAME u1234.", "one label", 0},
		{"whole, without its final dot", "selector1._domainkey CNAME selector1-acme-example._domainkey.acme.onmicrosoft.com", "final dot is missing", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := zone(t, tt.zone)
			findings := Check(Examine(t.Context(), r, "acme.example", Options{Names: namesOf(r)}), Context{}).Findings()
			if got := summary(findings); len(got) != 1 || !strings.HasPrefix(got[0], "dkim-cname-dangling error ") {
				t.Fatalf("got %q", got)
			}
			f := find1(t, findings, "dkim-cname-dangling")
			if records := f.Fix.Records(); !strings.Contains(f.Detail, tt.says) || len(records) != tt.records {
				t.Errorf("%s; records %v", f.Detail, records)
			}
			vet(t, f)
		})
	}
}

// TestTenantSelector: the domain of a tenant has such selectors by right.
func TestTenantSelector(t *testing.T) {
	for _, tt := range []struct{ relative, domain, want string }{
		{"selector1-acme-onmicrosoft-com._domainkey", "acme.example", "selector1"},
		{"selector2-acme-example", "acme.example", "selector2"},
		{"selector1-acme-onmicrosoft-com._domainkey", "acme.onmicrosoft.com", ""},
		{"selector1-other-example._domainkey", "acme.example", ""},
		{"selector1-acme-example.mail", "acme.example", ""},
		{"selector1", "acme.example", ""},
		{"", "acme.example", ""},
	} {
		if got, ok := tenantSelector(tt.relative, tt.domain); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s at %s: %q %v", tt.relative, tt.domain, got, ok)
		}
	}
	if names := tenantNames("selector1", "acme.example"); !slices.Contains(names, "selector1-acme-onmicrosoft-com._domainkey.acme.example") {
		t.Error(names)
	}
}
