package dmarc_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/resolver"
)

func ExampleParseRecord() {
	r, err := dmarc.ParseRecord("v=DMARC1; p=reject; sp=quarantine; rua=dmarc@acme.example")
	if err != nil {
		log.Fatal(err)
	}
	p, sp, np, _ := r.Effective()
	fmt.Println(p, sp, np)
	fmt.Println(r.RUA[0].Error, "->", r.RUA[0].Hint)
	// Output:
	// reject quarantine quarantine
	// it is no URI: mailto: is missing -> mailto:dmarc@acme.example
}

// Will mail from news.acme.example pass that a service sends with its own
// envelope domain and signs with the customer's?
func ExampleEvaluate() {
	zone, err := resolver.ParseZone(strings.NewReader(`
$ORIGIN example.
$TTL 300
@            SOA ns hostmaster 1 7200 900 1209600 300
_dmarc.acme  TXT "v=DMARC1; p=reject; sp=quarantine"
news.acme    A   192.0.2.1
bounce.esp   A   192.0.2.2
`), "", "example.zone")
	if err != nil {
		log.Fatal(err)
	}
	v := dmarc.Evaluate(context.Background(), resolver.NewOverlay(nil, zone), dmarc.Identities{
		From: "news.acme.example",
		SPF:  []dmarc.Identity{{Domain: "bounce.esp.example", Result: "pass"}},
		DKIM: []dmarc.Identity{{Domain: "acme.example", Result: "pass"}},
	})
	fmt.Println(v.Result, *v.Policy, *v.PolicyDomain)
	for _, i := range v.Identifiers {
		fmt.Println(i.Kind, i.Domain, *i.Aligned)
	}
	// Output:
	// pass quarantine acme.example
	// spf bounce.esp.example false
	// dkim acme.example true
}
