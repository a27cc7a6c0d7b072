package inspect

import (
	"net/netip"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/rbl"
)

// TestLookUp: addresses and domains are asked about, and what a zone does not answer is
// not checked.
func TestLookUp(t *testing.T) {
	zone := dnstest.Zone(t, "$ORIGIN bl.test.\n@ SOA a b 1 1 1 1 1\n")
	l := LookUp(t.Context(), zone, rbl.DefaultCatalogue(), nil, []netip.Addr{netip.MustParseAddr("11.0.0.1")}, []string{"acme.example"}, 500)
	if l.Schema != "mailworthy/rbl/1" || len(l.RBL.Addresses) != 1 || len(l.RBL.Domains) != 1 || l.Queries == 0 || len(l.Findings) == 0 {
		t.Errorf("%+v", l)
	}
	for _, f := range l.Findings {
		if f.Severity.AtLeast(finding.Notice) {
			t.Errorf("nothing was answered: %+v", f)
		}
	}
}
