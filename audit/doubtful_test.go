package audit

import (
	"context"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

// TestDoubtful: an address of the domain's own MX host that its record fails is named, if
// another address of that host passes, or if the record lets nobody send and there are keys.
func TestDoubtful(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	key := "s1._domainkey TXT \"v=DKIM1; p=" + k2048[:200] + "\" \"" + k2048[200:] + "\"\n"
	const (
		dual = "@ MX 10 mx1\nmx1 A 198.51.100.10\nmx1 AAAA 2001:db8::10\n"
		one  = "@ MX 10 mx1\nmx1 A 198.51.100.10\n"
	)
	for _, tt := range []struct{ name, zone, want string }{
		{"IPv6 is not in the record", dual + key + `@ TXT "v=spf1 ip4:198.51.100.10 -all"`, "notice 2001:db8::10"},
		{"nor IPv4", dual + key + `@ TXT "v=spf1 ip6:2001:db8::10 ~all"`, "notice 198.51.100.10"},
		{"one of two IPv4 addresses", one + "mx1 A 198.51.100.11\n" + key + `@ TXT "v=spf1 ip4:198.51.100.11 -all"`, "notice 198.51.100.10"},
		{"both are", dual + key + `@ TXT "v=spf1 mx -all"`, ""},
		{"the host only receives", dual + key + `@ TXT "v=spf1 ip4:203.0.113.5 -all"`, ""},
		{"neutral", dual + key + `@ TXT "v=spf1 ip4:198.51.100.10 ?all"`, ""},
		{"the MX is another's", "@ MX 10 mx1.esp.example.\n" + key + `@ TXT "v=spf1 ip4:198.51.100.10 -all"`, ""},
		{"another host passes", dual + "@ MX 20 mx2\nmx2 A 198.51.100.12\n" + key + `@ TXT "v=spf1 ip4:198.51.100.12 -all"`, ""},
		{"every term fails", one + key + `@ TXT "v=spf1 -mx -a -all"`, "warning 198.51.100.10"},
		{"or softly", one + key + `@ TXT "v=spf1 ~mx -all"`, "warning 198.51.100.10"},
		{"every term fails, and nothing signs", one + `@ TXT "v=spf1 -mx -a -all"`, ""},
		{"a domain that says it sends nothing", one + key + `@ TXT "v=spf1 -all"`, ""},
		{"an error, which is one finding", one + key + `@ TXT "v=spf1 -mx - all"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone := dnstest.Parse(t, "$ORIGIN acme.example.\n@ SOA ns h 1 2 3 4 5\n"+tt.zone+"\n")
			r := Run(context.Background(), resolver.NewOverlay(nil, zone), Target{Domain: "acme.example"}, Options{})
			var got []string
			for _, f := range r.Findings {
				if f.Check == "spf-ip-not-authorized" && f.Severity.AtLeast(finding.Notice) {
					got = append(got, string(f.Severity)+" "+f.Subject)
					if f.Fix == nil || f.Fix.Complete || f.Fix.Name != "" {
						t.Errorf("nobody but the owner knows whether it sends: %+v", f.Fix)
					}
				}
			}
			if strings.Join(got, "; ") != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			for _, v := range r.Receivers {
				for _, q := range v.Requirements {
					if q.ID == "spf" && q.Result == "fails" && tt.want != "" {
						t.Errorf("%s: %s", v.Receiver, q.Because)
					}
				}
			}
		})
	}
}
