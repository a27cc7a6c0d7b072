package audit

import (
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestSendersOpen: while the DNS does not say which hosts or addresses stand behind a term of the
// domain's own record, its senders are not known, and nothing of them passes.
func TestSendersOpen(t *testing.T) {
	const zone = `$ORIGIN acme.com.
$TTL 300
@ SOA ns host 1 7200 3600 1209600 300
@ NS ns
ns A 192.0.2.53
@ MX 10 mx1
mx1 A 45.76.0.10
al A 45.76.0.11
bounce MX 10 mx1
bounce TXT "v=spf1 mx:acme.com a:al.acme.com -all"
`
	const reverse = "$ORIGIN 76.45.in-addr.arpa.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n10.0 PTR mx1.acme.com.\n11.0 PTR al.acme.com.\n"
	for _, tt := range []struct {
		name string
		t    resolver.Type
		open bool
	}{
		{"", resolver.TypeA, false},
		{"al.acme.com", resolver.TypeA, true},
		{"al.acme.com", resolver.TypeAAAA, true},
		{"acme.com", resolver.TypeMX, true},
	} {
		server := dnstest.Start(t, zone, reverse)
		if tt.name != "" {
			server.Fault(tt.name, tt.t, dnstest.Fault{Kind: dnstest.ServFail})
		}
		client := server.Client(resolver.Config{})
		r := Run(t.Context(), client, Target{Domain: "bounce.acme.com", Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.Hosts}}, Options{})
		client.Close()
		passes := false
		for _, f := range r.Findings {
			passes = passes || f.Check == "ptr-missing" && f.Severity == finding.Pass
		}
		for _, p := range r.Passes {
			for c := range p.Checks() {
				passes = passes || c.ID == "ptr-missing"
			}
		}
		if r.Examined.SendersUnknown != tt.open || passes == tt.open {
			t.Errorf("%s %s: senders unknown %t, ptr-missing passes %t", tt.name, tt.t, r.Examined.SendersUnknown, passes)
		}
	}
}
