package rbl_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"mailworthy/rbl"
	"mailworthy/resolver"
)

// A list counts only after it has passed its own test: here it lists 127.0.0.2,
// as it must, and not 127.0.0.1.
func ExampleExamine() {
	zone, err := resolver.ParseZone(strings.NewReader(`
$ORIGIN psbl.surriel.com.
$TTL 300
@           SOA ns.example. hostmaster.example. 1 7200 3600 1209600 300
2.0.0.127   A   127.0.0.2
10.2.0.192  A   127.0.0.2
10.2.0.192  TXT "Listed in PSBL"
`), "", "psbl.zone")
	if err != nil {
		panic(err)
	}
	survey := rbl.Examine(context.Background(), resolver.NewOverlay(nil, zone), rbl.Options{
		Lists: []string{"psbl.surriel.com", "dnsbl.sorbs.net"},
		Addresses: func(then func([]netip.Addr)) {
			then([]netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")})
		},
	})
	for _, l := range survey.Listings {
		fmt.Printf("%s %s: %s %s\n", l.Subject, l.Zone, l.Verdict, l.Reasons)
	}
	// Output:
	// 192.0.2.10 psbl.surriel.com: listed [Listed in PSBL]
	// 192.0.2.10 dnsbl.sorbs.net: dead []
	// 192.0.2.11 psbl.surriel.com: clean []
	// 192.0.2.11 dnsbl.sorbs.net: dead []
}
