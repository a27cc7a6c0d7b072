package policy

import (
	"context"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestHostless: a record in error in which a term stands for no address mail comes from waits for
// what that leads to, unless the report repairs it as well.
func TestHostless(t *testing.T) {
	const until = "\"mx\" in the record of acme.example leads to a public address (today to none)"
	for _, c := range []struct {
		zone   string
		mended bool
		fix    string
		when   string
	}{
		{"@ MX 10 mxx\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", false, "v=spf1 mx ip4:203.0.113.5 -all", until},
		{"@ MX 10 192.0.2.10\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", false, "v=spf1 mx ip4:203.0.113.5 -all", until},
		{"@ MX 10 localhost.\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", false, "v=spf1 mx ip4:203.0.113.5 -all", until},
		{"@ MX 10 in\nin A 10.0.0.5\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", false, "v=spf1 mx ip4:203.0.113.5 -all", until},
		{"@ A 10.0.0.5\n@ TXT \"v=spf1 a ip4:203.0.113.5 -al\"", false, "v=spf1 a ip4:203.0.113.5 -all", "\"a\" in the record of acme.example leads to a public address (today to none)"},
		{"@ MX 10 mxx\n@ TXT \"v=spf1 include:_own.acme.example -al\"\n_own TXT \"v=spf1 mx:acme.example ip4:203.0.113.5 -all\"", false, "v=spf1 include:_own.acme.example -all",
			"\"mx:acme.example\" in the record of _own.acme.example leads to a public address (today to none)"},
		{"@ MX 10 mxx\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", true, "v=spf1 mx ip4:203.0.113.5 -all", ""},
		{"@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", true, "v=spf1 mx ip4:203.0.113.5 -all", ""},
		{"acme.example TXT \"v=spf1 mx ip4:203.0.113.5 -all\"", false, "v=spf1 mx ip4:203.0.113.5 -all", until},
		{"acme.example TXT \"v=spf1 mx ip4:203.0.113.5 -all\"", true, "v=spf1 mx ip4:203.0.113.5 -all", ""},
		{"@ MX 10 mx1\nmx1 A 192.0.2.10\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", false, "v=spf1 mx ip4:203.0.113.5 -all", ""},
		{"@ MX 10 mx.esp.net.\n@ TXT \"v=spf1 mx ip4:203.0.113.5 -al\"", false, "v=spf1 mx ip4:203.0.113.5 -all", ""}, // what no zone holds may have one
	} {
		r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN acme.example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n"+c.zone+"\n")
		found := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MXMended: c.mended}).Findings() {
			if f.Check == "spf-mx-void" && f.Severity.AtLeast(finding.Notice) && c.mended {
				t.Errorf("%s: %s", c.zone, f.Detail)
			}
			if f.Check != "spf-syntax" && f.Check != "spf-wrong-name" || f.Fix == nil {
				continue
			}
			found = true
			if f.Fix.Value != c.fix || f.Fix.When != c.when || f.Fix.Complete != (c.when == "") {
				t.Errorf("%s: %+v", c.zone, *f.Fix)
			}
		}
		if !found {
			t.Errorf("%s: nothing found", c.zone)
		}
	}
}
