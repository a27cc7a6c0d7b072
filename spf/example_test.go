package spf_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"mailworthy/resolver"
	"mailworthy/spf"
)

func ExampleCheckHost() {
	zone, _ := resolver.ParseZone(strings.NewReader(`
acme.example.      3600 TXT "v=spf1 include:_spf.acme.example ip4:192.0.2.0/28 -all"
_spf.acme.example. 3600 TXT "v=spf1 ip4:198.51.100.0/24 ?all"
`), "acme.example", "example")
	for _, ip := range []string{"192.0.2.3", "198.51.100.7", "203.0.113.9"} {
		e := spf.CheckHost(context.Background(), resolver.NewOverlay(nil, zone), spf.Client{
			IP:       netip.MustParseAddr(ip),
			HELO:     "mx.acme.example",
			MailFrom: "bounce@acme.example",
		})
		fmt.Println(e.Result, e.Matched, e.MatchedIn)
	}
	// Output:
	// pass ip4:192.0.2.0/28 acme.example
	// pass ip4:198.51.100.0/24 _spf.acme.example
	// fail -all acme.example
}

// Parse goes on after an error, and says which terms receivers ignore.
func ExampleParse() {
	const record = "v=spf1 mx/24 ip4:192.0.2.300 -all a:mail.acme.example"
	if !spf.IsRecord(record) {
		return
	}
	terms, layout := spf.Parse(record)
	for i := range terms {
		t := &terms[i]
		fmt.Printf("%d %s%s %q %q\n", t.Offset, t.Sign, t.Kind, t.Error, layout.Ignored(i, t))
	}
	fmt.Println("first error:", terms[layout.ErrorAt].Text)
	// Output:
	// 7 +mx "" ""
	// 13 +ip4 "not an address" ""
	// 29 -all "" ""
	// 34 +a "" "after_all"
	// first error: ip4:192.0.2.300
}

// Two macros are known whatever the client is: the domain of the record and that of the
// sender.
func ExampleTerm_Target() {
	for _, text := range []string{"mx", "include:_spf.%{o}", "exists:%{ir}.allowed.%{d}"} {
		t := spf.ParseTerm(text)
		name, macro, ok := t.Target("acme.example", "acme.example")
		if !ok {
			fmt.Printf("%s: it depends on %%{%c}\n", text, macro)
			continue
		}
		fmt.Println(text+":", name)
	}
	// Output:
	// mx: acme.example
	// include:_spf.%{o}: _spf.acme.example
	// exists:%{ir}.allowed.%{d}: it depends on %{i}
}

// Of two records a receiver evaluates none.
func ExampleSelect() {
	_, n := spf.Select(&resolver.Answer{Records: []resolver.Record{
		{TXT: []string{"site-verification=0123456789abcdef"}},
		{TXT: []string{"v=spf1 mx -all"}},
		{TXT: []string{"v=spf1 include:_spf.esp", ".example -all"}},
	}})
	fmt.Println(n, "SPF records")
	// Output: 2 SPF records
}
