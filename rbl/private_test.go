package rbl

import (
	"strings"
	"testing"

	"mailworthy/finding"
)

// No list holds an address that is another host in every network: it is not asked
// about, and not called clean.
func TestPrivateAddresses(t *testing.T) {
	tests := []struct {
		addrs    string
		severity finding.Severity // of rbl-no-addresses; "": a pass
		left     string           // not asked about
	}{
		{"192.0.2.9", "", ""},
		{"10.0.0.1", finding.Notice, "10.0.0.1"},
		{"192.0.2.9 10.0.0.1 10.0.0.1", finding.Info, "10.0.0.1"},
		{"127.0.0.2 100.64.0.1 169.254.1.1 240.0.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1 fc00::1 ::ffff:192.168.1.1", finding.Notice, "127.0.0.2, 100.64.0.1, 169.254.1.1, 240.0.0.1, 0.0.0.0, 224.0.0.1 and 4 more"},
	}
	for _, tt := range tests {
		r := worldAsker(t)
		s := Examine(t.Context(), r, Options{Catalogue: lists(t, worldLists), Lists: []string{"bl.good.test"}, Addresses: given(strings.Fields(tt.addrs)...)})
		if got := addrList(s.NotPublic); got != tt.left {
			t.Errorf("%s: not asked about %s", tt.addrs, got)
		}
		for _, l := range s.Listings {
			if l.Subject != "192.0.2.9" {
				t.Errorf("%s: %s is %s", tt.addrs, l.Subject, l.Verdict)
			}
		}
		all := Check(s, Context{Profile: finding.Sender}).Findings()
		found := findings(all, "rbl-no-addresses")
		if tt.severity == "" {
			if !passed(all, "rbl-no-addresses") {
				t.Errorf("%s: %+v", tt.addrs, found)
			}
		} else if len(found) != 1 || found[0].Severity != tt.severity || !strings.Contains(found[0].Detail, tt.left) {
			t.Errorf("%s: %+v", tt.addrs, found)
		}
		if s.Addresses == nil {
			t.Errorf("%s: addresses are null", tt.addrs)
		}
	}
}
