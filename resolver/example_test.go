package resolver_test

import (
	"context"
	"fmt"
	"strings"

	"mailworthy/resolver"
)

// A zone answers as its authoritative server would; what it does not hold is
// unknown, not absent.
func ExampleNewOverlay() {
	zone, err := resolver.ParseZone(strings.NewReader(`
$ORIGIN acme.example.
$TTL 300
@      SOA   ns hostmaster 1 7200 900 604800 60
@      TXT   "v=spf1 ip4:192.0.2.0/28 " "-all"
bounce CNAME mail.esp.example.
`), "", "acme.zone")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := resolver.NewSession(resolver.NewOverlay(nil, zone), 500)
	for _, name := range []string{"acme.example", "nosuch.acme.example", "bounce.acme.example"} {
		a, err := r.Lookup(context.Background(), name, resolver.TypeTXT)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(a.Name, a.Status, a.Server, a.TTL)
		for _, rec := range a.Records {
			fmt.Println(" ", rec.Text())
		}
	}
	// Output:
	// acme.example found zone acme.example 300
	//   v=spf1 ip4:192.0.2.0/28 -all
	// nosuch.acme.example nxdomain zone acme.example 60
	// bounce.acme.example TXT: offline (it is an alias of mail.esp.example, which no zone holds) from zone acme.example
}
