package audit

import (
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestSynthesised: what a wildcard of a loaded zone answers is no record that somebody
// published at the wrong name, nothing that a fix can remove, and goes once a fix publishes
// something at or below the name (RFC 4592).
func TestSynthesised(t *testing.T) {
	const head = "$ORIGIN .\n$TTL 300\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\nmx1 A 192.0.2.10\n" +
		"10.2.0.192.in-addr.arpa. PTR mx1\nesp.test. TXT \"v=spf1 ip4:192.0.2.77 -all\"\n"
	const apex = "@ MX 10 mx1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n"
	const doubled = "_dmarc.acme.example TXT \"v=DMARC1; p=none\"\n"
	for _, tt := range []struct {
		name, zone, domain string
		// check is found, with says in its detail and condition, and complete as stated; none is
		// not found.
		check, says string
		complete    bool
		none        string
	}{
		{"an address for every name, a right record", apex + "* A 192.0.2.80", "acme.example", "", "", false, "spf-wrong-name"},
		{"an empty SPF record for every name", "@ MX 10 mx1\n* TXT \"v=spf1 -all\"", "acme.example", "spf-record-missing", "*.acme.example has one, but a wildcard answers for names below acme.example alone.", false, "spf-wrong-name"},
		{"a null MX beside an empty SPF record of the wildcard", apex + "* TXT \"v=spf1 -all\"", "news.acme.example", "mx-missing", "the TXT record of *.acme.example stands at news.acme.example as well", false, ""},
		{"one that a doubled name stops at others", "@ MX 10 mx1\n* TXT \"v=spf1 -all\"\n" + doubled, "acme.example", "spf-record-missing", "no TXT record", false, "spf-wrong-name"},
		{"one below which a key stands", apex + "* TXT \"v=spf1 mx -all\"\n* MX 10 mx1\nk1._domainkey.news TXT \"v=DKIM1; p=\"", "news.acme.example", "spf-record-missing",
			"*.acme.example has one, but a wildcard answers only for names at and below which nothing stands (RFC 4592, 2.2.1): k1._domainkey.news.acme.example has a record.", false, "spf-wrong-name"},
		{"the same of MX", apex + "* TXT \"v=spf1 mx -all\"\n* MX 10 mx1\nk1._domainkey.news TXT \"v=DKIM1; p=\"", "news.acme.example", "mx-missing", "*.acme.example has one", false, "spf-wrong-name"},
		{"one beside a text without a version", apex + "news MX 10 mx1\nnews TXT \"mx -all\"\n* TXT \"v=spf1 -all\"", "news.acme.example", "spf-record-missing", "", false, "spf-wrong-name"},
		{"a record at a doubled name", "@ MX 10 mx1\nacme.example TXT \"v=spf1 mx -all\"\n* A 192.0.2.80", "acme.example", "spf-wrong-name", "acme.example.acme.example has", true, ""},
		{"a slip in it, beside an MX of the wildcard", apex + "* MX 10 mx1\n* TXT \"v=spf1 mx ip4=192.0.2.77 -all\"", "news.acme.example", "spf-unknown-modifier",
			"the MX record of *.acme.example stands at news.acme.example as well", false, ""},
		{"a slip in it, and nothing else", apex + "* TXT \"v=spf1 a:mx1.acme.example ip4=192.0.2.77 -all\"", "news.acme.example", "spf-unknown-modifier", "ip4=", true, ""},
		{"a slip in a record of its own", apex + "* MX 10 mx1\nnews MX 10 mx1\nnews TXT \"v=spf1 mx ip4=192.0.2.77 -all\"", "news.acme.example", "spf-unknown-modifier", "ip4=", true, ""},
		{"an MX without its final dot, and an alias for every name", "@ A 192.0.2.80\n@ MX 10 mx1.acme.example\n@ TXT \"v=spf1 mx -all\"\n* CNAME acme.example.", "acme.example", "mx-unresolvable",
			"Nothing but a wildcard answers for the MX host mx1.acme.example.acme.example", true, "mx-cname"},
		{"the same, and an address", "@ MX 10 mx1.acme.example\n@ TXT \"v=spf1 mx -all\"\n* A 192.0.2.80", "acme.example", "mx-unresolvable", "the final dot is missing", true, ""},
		{"an MX of a service, and an address", "@ MX 10 aspmx.l.google.com\n@ TXT \"v=spf1 mx -all\"\n* A 192.0.2.80\naspmx.l.google.com. A 203.0.113.26", "acme.example", "mx-unresolvable", "the final dot is missing", true, ""},
		{"an MX host that a wildcard has on purpose", "@ MX 10 mail\n@ TXT \"v=spf1 mx -all\"\n* A 192.0.2.80", "acme.example", "", "", false, "mx-unresolvable"},
		{"a policy below a name that the wildcard answers for", "@ MX 10 mx1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p:none\"\n* MX 10 mx1", "news.acme.example", "dmarc-syntax", "", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: tt.domain, Profile: finding.Sender, Sections: []finding.Section{finding.DMARC, finding.SPF, finding.Hosts}}, Options{})
			found := tt.check == ""
			var all []string
			for _, f := range r.Findings {
				if !f.Severity.AtLeast(finding.Notice) {
					continue
				}
				all = append(all, f.Check+": "+f.Detail)
				if f.Check == tt.none {
					t.Errorf("%s: %s", f.Check, f.Detail)
				}
				if f.Fix == nil {
					continue
				}
				if f.Check == tt.check {
					found = true
					if words := f.Detail + " " + f.Fix.When; !strings.Contains(words, tt.says) || f.Fix.Complete != tt.complete {
						t.Errorf("%s, complete %v: %s\n%+v", f.Check, f.Fix.Complete, words, *f.Fix)
					}
				}
				for _, gone := range f.Fix.Remove {
					if label, _, _ := strings.Cut(gone.Name, "."); !strings.Contains("\n"+tt.zone, "\n"+label) && gone.Name != "acme.example" && !strings.Contains(tt.zone, "acme.example TXT") {
						t.Errorf("%s removes %v, which no record is", f.Check, gone)
					}
				}
			}
			if !found {
				t.Errorf("no %s in\n%s", tt.check, strings.Join(all, "\n"))
			}
		})
	}
}
