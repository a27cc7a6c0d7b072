package mailhost

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// Every way to fail, at every question about a domain without flaws: whatever is
// not answered is unknown, and nothing is missing.
func TestFaultMatrix(t *testing.T) {
	const zones = `
		$TTL 300
		acme.example. SOA ns.example. host.example. 1 7200 3600 1209600 300
		acme.example. MX 10 mx1.acme.example.
		acme.example. MX 20 mx2.acme.example.
		mx1.acme.example. A 192.0.2.10
		mx1.acme.example. AAAA 2001:db8::10
		mx2.acme.example. A 192.0.2.11
		bounce.acme.example. MX 10 mx1.acme.example.
		2.0.192.in-addr.arpa. SOA ns.example. host.example. 1 7200 3600 1209600 300
		10.2.0.192.in-addr.arpa. PTR mx1.acme.example.
		11.2.0.192.in-addr.arpa. PTR mx2.acme.example.
	`
	examine := func(ctx context.Context, r resolver.Resolver) []finding.Finding {
		return Check(&Facts{
			Domain:    ExamineDomain(ctx, r, "acme.example"),
			Addresses: ExamineAddresses(ctx, r, []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")}),
			HELO:      ExamineHELO(ctx, r, []string{"mx1.acme.example"}),
			Envelope:  ExamineSOA(ctx, r, []string{"bounce.acme.example"}),
		}, Context{Profile: finding.Sender}).Findings()
	}
	faults := map[string]dnstest.Kind{"servfail": dnstest.ServFail, "refused": dnstest.Refused, "silence": dnstest.Silence,
		"wrong id": dnstest.WrongID, "wrong question": dnstest.WrongQuestion, "garbage": dnstest.Garbage, "short": dnstest.Short, "referral": dnstest.Referral}
	// The questions, and whether the audit of a domain that answers all else
	// must say that something is not known.
	questions := map[string]bool{
		"acme.example MX": true, "acme.example SOA": true, "acme.example A": false, "acme.example AAAA": false,
		"mx1.acme.example A": true, "mx1.acme.example AAAA": false, "mx2.acme.example A": true, "mx2.acme.example AAAA": false,
		"10.2.0.192.in-addr.arpa PTR": true, "11.2.0.192.in-addr.arpa PTR": true,
		"bounce.acme.example SOA": false, "bounce.acme.example MX": true,
	}
	types := map[string]resolver.Type{"A": resolver.TypeA, "AAAA": resolver.TypeAAAA, "MX": resolver.TypeMX, "SOA": resolver.TypeSOA, "PTR": resolver.TypePTR}
	for name, kind := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var questionsAsked sync.WaitGroup
			for question, matters := range questions {
				server := dnstest.Start(t, zones)
				name, typ, _ := strings.Cut(question, " ")
				server.Fault(name, types[typ], dnstest.Fault{Kind: kind})
				client := server.Patient(-1)
				questionsAsked.Go(func() {
					unknown := 0
					for _, f := range examine(t.Context(), client) {
						switch f.Severity {
						case finding.Pass:
						case finding.Unknown:
							unknown++
						default:
							t.Errorf("%s: %s %s: %s", question, f.Severity, f.Check, f.Detail)
						}
					}
					if matters != (unknown > 0) {
						t.Errorf("%s: %d findings are unknown", question, unknown)
					}
				})
			}
			questionsAsked.Wait()
		})
	}
	for name, f := range map[string]dnstest.Fault{"truncated": {Kind: dnstest.Truncate}, "the first answer is lost": {Kind: dnstest.Silence, First: 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dnstest.Start(t, zones)
			server.Fault("", dnstest.Any, f)
			for _, f := range examine(t.Context(), server.Patient(9)) {
				if f.Severity != finding.Pass {
					t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
				}
			}
		})
	}
}
