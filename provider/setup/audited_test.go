package setup_test

import (
	"slices"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/provider"
	"mailworthy/provider/setup"
)

// unseen are findings about zones as they should be that the DNS alone cannot spare the
// audit: nothing in these zones shows that the envelope, or the signing domain, is another
// one than the domain.
var unseen = map[string][]string{
	"brevo":                    {"spf-record-missing"}, // the older way: a key of its own, no alias
	"cloudflare-email-routing": {"spf-record-missing"},
	"customer.io":              {"spf-record-missing", "dkim-proved-absent"}, // all of it is below the subdomain
	"klaviyo":                  {"spf-record-missing", "dkim-proved-absent"}, // the dynamic way: the subdomain is delegated
}

// TestAudited: of a zone as the documentation of a service asks for it, in each way and
// region, the audit says nothing against what is published: no error, no warning but that
// DMARC only monitors, and nothing at all of what services need. What the DNS cannot show
// of two of them goes once the envelope and the signing domain are stated.
func TestAudited(t *testing.T) {
	zones := 0
	for _, s := range provider.Builtin().All() {
		for w := range s.Ways {
			regions := s.RegionNames()
			if len(regions) == 0 {
				regions = []string{""}
			}
			for _, region := range regions {
				zones++
				zone, returnPath := setup.Documented(t, s, &s.Ways[w], region)
				target := audit.Target{Domain: setup.TestDomain, Sections: []finding.Section{finding.SPF, finding.DKIM, finding.DMARC}}
				for _, stated := range []bool{false, true} {
					if stated {
						if s.ID != "cloudflare-email-routing" && s.ID != "customer.io" {
							break
						}
						target.MailFrom, target.DKIMDomains = []string{returnPath}, []string{setup.TestDomain, returnPath}
						target.Selectors = s.Selectors[:1]
					}
					for _, f := range audit.Run(t.Context(), zone, target, audit.Options{}).Findings {
						against := f.Severity.AtLeast(finding.Warning) && f.Check != "dmarc-policy-none" || f.Severity.AtLeast(finding.Notice) && f.Section == finding.Hygiene
						if against && (stated || !slices.Contains(unseen[s.ID], f.Check)) {
							t.Errorf("%s %s %s, stated %t: %s %s %s: %s", s.ID, s.Ways[w].Name, region, stated, f.Severity, f.Check, f.Subject, f.Detail)
						}
					}
				}
			}
		}
	}
	if zones < 81 {
		t.Errorf("%d zones, want 81", zones)
	}
}
