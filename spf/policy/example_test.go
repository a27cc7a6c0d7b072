package policy_test

import (
	"context"
	"fmt"
	"strings"

	"mailworthy/resolver"
	"mailworthy/spf/policy"
)

func ExampleExamine() {
	zone, _ := resolver.ParseZone(strings.NewReader(`
acme.example.      3600 TXT "v=spf1 include:_spf.acme.example a:old.acme.example ip4:192.0.2.0/28 -all"
_spf.acme.example. 3600 TXT "v=spf1 ip4:198.51.100.0/24 ~all"
`), "acme.example", "example")
	p := policy.Examine(context.Background(), resolver.NewOverlay(nil, zone), "acme.example")
	fmt.Println(p.Lookups, "lookups,", p.Voids, "of them void,", p.Addresses.IPv4, "IPv4 addresses")
	for _, f := range policy.Check(p, policy.Context{}).Findings() {
		if f.Check == "spf-void-lookup" {
			fmt.Println(f.Severity, f.Fix.Value)
		}
	}
	// Output:
	// 2 lookups, 1 of them void, 272 IPv4 addresses
	// warning v=spf1 include:_spf.acme.example a:<the right name in place of old.acme.example> ip4:192.0.2.0/28 -all
}

func ExampleMerge() {
	merged, dropped, _ := policy.Merge([]string{"v=spf1 include:_spf.esp.example ~all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/28 -all"})
	fmt.Println(merged)
	fmt.Println(len(dropped), "dropped")
	// Output:
	// v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all
	// 1 dropped
}

func ExampleLint() {
	r := policy.Lint([]byte("v=spf1 inlude:_spf.esp.example -all"))
	fmt.Println(r.Valid, r.Findings[0].Check, r.Findings[0].Fix.Value)
	// Output: false spf-syntax v=spf1 include:_spf.esp.example -all
}
