package dkim_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"mailworthy/dkim"
	"mailworthy/resolver"
)

func ExampleParseKey() {
	key, err := dkim.ParseKey("v=DKIM1; k=ed25519; t=s; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	fmt.Println(key.Algorithm, key.Bits, key.Strict, err)

	_, err = dkim.ParseKey("k=rsa; p=; v=DKIM1")
	fmt.Println(err)
	// Output:
	// ed25519 256 true <nil>
	// dkim: key record: v= must be the first tag; here k= stands before it
}

func ExampleExamine() {
	zone, err := resolver.ParseZone(strings.NewReader(`
$ORIGIN acme.example.
$TTL 300
@                SOA  ns hostmaster 1 7200 3600 1209600 300
mail._domainkey  TXT  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
`), "", "acme.zone")
	if err != nil {
		log.Fatal(err)
	}
	d := dkim.Examine(context.Background(), resolver.NewOverlay(nil, zone), "acme.example", dkim.Options{})
	for _, key := range d.Keys {
		fmt.Println(key.QueryName(), key.Bits, key.Live())
	}
	fmt.Println("proof of absence:", d.Proof == dkim.ProofAbsent)
	// Output:
	// mail._domainkey.acme.example 256 true
	// proof of absence: false
}

func ExampleVerify() {
	message := "From: ann@acme.example\n\nNot signed.\n"
	v, err := dkim.Verify(context.Background(), resolver.NewOverlay(nil), strings.NewReader(message), time.Now())
	fmt.Println(len(v.Signatures), err)
	// Output: 0 <nil>
}
