package audit

import (
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestAwaitsExcluded: what a term of the SPF record excludes is not published before its owner has said that
// it is to.
func TestAwaitsExcluded(t *testing.T) {
	const head = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 45.76.0.53\n@ MX 10 mx1\nmx1 A 45.76.0.10\nmail A 45.76.0.20\n"
	for _, tt := range []struct{ name, zone, check, when string }{
		{"an MX record", "@ MX 20 mail.acme.com\n@ TXT \"v=spf1 -mx ip4:45.76.0.20 -al\"", "mx-unresolvable", `"-mx" in the SPF record is to exclude its senders`},
		{"in what is included", "@ MX 20 mail.acme.com\n@ TXT \"v=spf1 include:_s.acme.com -all\"\n_s TXT \"v=spf1 ~mx:acme.com ip4:45.76.0.20 -all\"", "mx-unresolvable", `"~mx:acme.com" in the SPF record is to exclude its senders`},
		{"let pass", "@ MX 20 mail.acme.com\n@ TXT \"v=spf1 mx ip4:45.76.0.20 -al\"", "mx-unresolvable", ""},
		{"of another domain", "@ MX 20 mail.acme.com\nnews MX 10 mx1\n@ TXT \"v=spf1 -mx:news.acme.com ip4:45.76.0.20 -al\"", "mx-unresolvable", ""},
		{"an address", "@ MX 20 mx2\nmx2.acme.com A 45.76.0.11\n@ TXT \"v=spf1 -a:mx2.acme.com mx -all\"", "mx-unresolvable", `"-a:mx2.acme.com" in the SPF record is to exclude its senders`},
		{"the address of an MX host", "@ MX 20 mx2\nmx2.acme.com A 45.76.0.11\n@ TXT \"v=spf1 -mx ip4:45.76.0.11 -all\"", "mx-unresolvable", `"-mx" in the SPF record is to exclude its senders`},
	} {
		r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: "acme.com", Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.Hosts}}, Options{})
		at := slices.IndexFunc(r.Findings, func(f finding.Finding) bool {
			return f.Check == tt.check && f.Fix != nil && f.Severity != finding.Pass
		})
		if at < 0 {
			t.Errorf("%s: not found", tt.name)
			continue
		}
		if fix := r.Findings[at].Fix; fix.When != tt.when || fix.Complete != (tt.when == "") {
			t.Errorf("%s: waits until %q (complete %t), want %q: %s", tt.name, fix.When, fix.Complete, tt.when, fix.Summary)
		}
	}
}
