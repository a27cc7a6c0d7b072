package transport

import (
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestCheck: all of a domain's transport security is asked and judged together; a domain
// that takes no mail is not asked to publish what is for receiving it; of zone files
// nothing is said about signatures.
func TestCheck(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN example.
		@               SOA ns.example. admin.example. 1 7200 900 604800 300
		plain           MX  10 mx.plain
		mx.plain        A   192.0.2.1
		good            MX  10 mx.good
		mx.good         A   192.0.2.2
		_mta-sts.good   TXT "v=STSv1; id=1"
		mta-sts.good    A   192.0.2.3
		_smtp._tls.good TXT "v=TLSRPTv1; rua=mailto:tls@good.example"
		null            MX  0 .
		twice           MX  10 mx.good
		_smtp._tls.twice TXT "v=TLSRPTv1; rua=mailto:other@good.example"
		_smtp._tls.twice TXT "v=TLSRPTv1; rua=mailto:tls@good.example"
	`)
	for _, c := range []struct {
		domain      string
		found, none []string
	}{
		{"plain.example", []string{"mta-sts-missing", "tls-rpt-missing"}, []string{"dnssec-unresolved", "dane-missing"}},
		{"good.example", nil, []string{"mta-sts-missing", "tls-rpt-missing", "mta-sts-syntax", "dnssec-unresolved"}},
		{"null.example", nil, []string{"mta-sts-missing", "tls-rpt-missing", "dane-missing", "mta-sts-subdomain"}},
		{"twice.example", []string{"mta-sts-missing", "tls-rpt-multiple-records"}, []string{"tls-rpt-missing"}},
	} {
		var facts *Facts
		b := resolver.NewBatch(t.Context(), r)
		Begin(b, Tools{}, c.domain, func(f *Facts) { facts = f })
		b.Run()
		if facts == nil || facts.STS == nil || facts.Reporting == nil || facts.DNSSEC == nil {
			t.Fatalf("%s: %+v", c.domain, facts)
		}
		var found []string
		for _, f := range Check(facts) {
			if f.Severity != finding.Pass {
				found = append(found, f.Check)
			}
		}
		for _, id := range c.found {
			if !slices.Contains(found, id) {
				t.Errorf("%s: no %s, but %v", c.domain, id, found)
			}
		}
		for _, id := range c.none {
			if slices.Contains(found, id) {
				t.Errorf("%s: %s, and should not be", c.domain, id)
			}
		}
	}
}
