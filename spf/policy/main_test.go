package policy

import (
	"os"
	"testing"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/runtest"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	runtest.RareGC()
	os.Exit(m.Run())
}

// ownZone is the zone of acme.example with one MX host and further records.
func ownZone(t *testing.T, records string) resolver.Resolver {
	t.Helper()
	return dnstest.Zone(t, "$TTL 3600\n$ORIGIN acme.example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n@ MX 10 mx1\nmx1 A 192.0.2.10\n"+records)
}
