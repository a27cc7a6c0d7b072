package setup

import (
	"strings"
	"testing"

	"mailworthy/provider"
	"mailworthy/resolver"
)

// Documented is a zone as a service's documentation tells customers to publish, with what
// the service has behind it, and with an MX if the service takes no mail, for tests outside
// of this package. It returns the return path, too.
func Documented(t testing.TB, s *provider.Service, way *provider.Way, region string) (zone resolver.Resolver, returnPath string) {
	records := zoneOf(s, way, region)
	receives := false
	for _, p := range records {
		receives = receives || p.rtype == "MX" && p.name == testDomain
		if strings.HasPrefix(p.of.Name, "{return-path}") {
			returnPath = p.name
		}
	}
	if !receives {
		records = append(records, published{testDomain, "MX", "10 mx." + testDomain, &provider.Record{Purpose: provider.MX}})
	}
	return world(t, records), returnPath
}

// TestDomain is the domain of such zones.
const TestDomain = testDomain
