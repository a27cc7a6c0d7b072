package rbl

import (
	"fmt"
	"strings"
	"testing"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// BenchmarkClean is what an examination of two addresses on 32 lists costs in a bulk
// run: the lists have passed their tests, and nothing is listed.
func BenchmarkClean(b *testing.B) {
	var zones, yaml strings.Builder
	yaml.WriteString("lists:\n")
	for i := range 32 {
		fmt.Fprintf(&zones, "bl%[1]d.test. SOA ns.test. host.test. 1 7200 3600 1209600 300\n2.0.0.127.bl%[1]d.test. A 127.0.0.2\n", i)
		fmt.Fprintf(&yaml, "  - {zone: bl%d.test, weight: error}\n", i)
	}
	o := Options{Catalogue: lists(b, yaml.String()), Health: &Health{}, Addresses: given("192.0.2.10", "192.0.2.11"),
		Domains: []Subject{{Name: "acme.example", Role: "author domain"}}}
	cache := resolver.NewCache(dnstest.Zone(b, zones.String()), resolver.CacheOptions{})
	clean := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, l := range Examine(b.Context(), cache, o).Listings {
			if l.Verdict == Clean {
				clean++
			}
		}
	}
	if clean != 64*b.N {
		b.Errorf("%d clean in %d rounds", clean, b.N)
	}
}
