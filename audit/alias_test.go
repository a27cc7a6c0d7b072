package audit

import (
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestApexAlias: that the domain itself is an alias is named where it is the cause, and what
// cannot stand beside the alias waits until it is gone.
func TestApexAlias(t *testing.T) {
	const soa = "@ 300 SOA ns hostmaster 1 2 3 4 300\n"
	for _, tt := range []struct {
		name, zone, domain string
		alias              bool
	}{
		{"an alias at the domain", "@ 300 CNAME www\nwww 300 A 192.0.2.80\n", "acme.example", true},
		{"an alias of an alias", "@ 300 CNAME www\nwww 300 CNAME web\nweb 300 A 192.0.2.80\n", "acme.example", true},
		{"an address", soa + "@ 300 A 192.0.2.80\n", "acme.example", false},
		{"an alias below the domain", soa + "news 300 CNAME www\nwww 300 A 192.0.2.80\n", "news.acme.example", false},
	} {
		world := resolver.NewOverlay(nil, dnstest.Parse(t, "$ORIGIN acme.example.\n"+tt.zone))
		r := Run(t.Context(), world, Target{Domain: tt.domain, Sections: []finding.Section{finding.SPF, finding.Hosts}}, Options{Selectors: "inferred"})
		seen := map[string]bool{}
		for _, f := range r.Findings {
			named := strings.Contains(f.Detail, "is an alias of")
			waits := f.Fix != nil && strings.Contains(f.Fix.When, "the alias at acme.example is replaced")
			switch f.Check {
			case "domain-no-soa":
				named = named && strings.Contains(f.Fix.Summary, "remove the alias") && strings.Contains(f.Title, "alias")
			case "spf-record-missing", "mx-implicit":
				named = named && waits
			default:
				if waits {
					t.Errorf("%s: %s waits", tt.name, f.Check)
				}
				continue
			}
			if f.Severity != finding.Pass && named != tt.alias {
				t.Errorf("%s: %s: %s; %+v", tt.name, f.Check, f.Detail, f.Fix)
			}
			seen[f.Check] = f.Severity != finding.Pass
		}
		if tt.alias && (!seen["domain-no-soa"] || !seen["spf-record-missing"] || !seen["mx-implicit"]) {
			t.Errorf("%s: %v", tt.name, seen)
		}
	}
}
