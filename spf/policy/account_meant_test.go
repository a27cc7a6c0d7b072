package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailworthy/internal/dnstest"
)

// TestMeansNothingSent: what several records mean together is what their merged one says.
func TestMeansNothingSent(t *testing.T) {
	for _, c := range []struct {
		records       []string
		nothing, none bool // MeansNothingSent, NamesNoSender
	}{
		{[]string{"v=spf1 -all"}, true, true},
		{[]string{"v=spf1 -all", "v=spf1  -all"}, true, true},
		{[]string{"v=spf1 -all", "v=spf1 '-all"}, true, true},
		{[]string{"v=spf1 -all", "v=spf1 ~all"}, true, true}, // the stricter one stays
		{[]string{"v=spf1 ?all", "v=spf1 ?ALL"}, false, true},
		{[]string{"v=spf1 -all", "v=spf1 mx -all"}, false, false},
		{[]string{"v=spf1 -all", "v=spf1 foo -all"}, false, false},
	} {
		var zone strings.Builder
		for _, r := range c.records {
			fmt.Fprintf(&zone, "acme TXT %q\n", r)
		}
		p := Examine(context.Background(), dnstest.Zone(t, "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\nacme MX 0 .\n"+zone.String()), "acme.example")
		if got, none := p.MeansNothingSent(), p.NamesNoSender(); got != c.nothing || none != c.none {
			t.Errorf("%q: %v and %v", c.records, got, none)
		}
	}
}

// TestMeansNothingSentElsewhere: a record of type SPF, or one at the doubled name, says what it would at
// the domain; a wildcard's does not, and neither do two that differ.
func TestMeansNothingSentElsewhere(t *testing.T) {
	for zone, nothing := range map[string]bool{
		"acme SPF \"v=spf1 -all\"":                                          true,
		"acme.example.acme TXT \"v=spf1 -all\"":                             true,
		"acme SPF \"v=spf1 -all\"\nacme.example.acme TXT \"v=spf1 -all\"":   true,
		"acme SPF \"v=spf1 mx -all\"":                                       false,
		"acme SPF \"v=spf1 -all\"\nacme TXT \"v=spf1 mx -al\"":              false,
		"acme SPF \"v=spf1 -all\"\nacme.example.acme TXT \"v=spf1 a -all\"": false,
		"*.acme TXT \"v=spf1 -all\"":                                        false,
	} {
		p := Examine(context.Background(), dnstest.Zone(t, "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\nacme MX 0 .\n"+zone+"\n"), "acme.example")
		if got := p.MeansNothingSent(); got != nothing {
			t.Errorf("%s: %v", zone, got)
		}
	}
}
