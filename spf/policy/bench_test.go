package policy

import (
	"context"
	"testing"

	"mailworthy/internal/spftest"
	"mailworthy/resolver"
)

// BenchmarkAudit is what an audit finds out of an ordinary domain: who sends for it
// and its whole tree, with every answer known.
func BenchmarkAudit(b *testing.B) {
	z := spftest.Providers()
	z.Add("shop.example", resolver.TypeTXT, "v=spf1 a mx include:_spf.first.example include:sum.example ip4:203.0.113.7 ~all")
	z.Add("shop.example", resolver.TypeTXT, "site-verification=0123456789abcdef")
	z.Add("shop.example", resolver.TypeA, "203.0.113.5")
	z.Add("shop.example", resolver.TypeMX, "mx1.shop.example")
	z.Add("shop.example", resolver.TypeMX, "mx2.shop.example")
	z.Add("mx1.shop.example", resolver.TypeA, "203.0.113.6")
	z.Add("mx1.shop.example", resolver.TypeAAAA, "2001:db8:7::6")
	z.Add("mx2.shop.example", resolver.TypeA, "203.0.113.8")
	z.Add("sum.example", resolver.TypeTXT, "v=spf1 include:_spf.second.example include:_spf.third.example ip4:198.51.100.0/27 ~all")
	s := resolver.NewSession(&spftest.Locked{Zone: z}, 0)
	b.ReportAllocs()
	for b.Loop() {
		batch := resolver.NewBatch(b.Context(), s)
		addresses := 0
		Begin(batch, "shop.example", func(own *Own) { addresses = len(own.Addresses) }, func(p *Policy) {
			if p.Lookups != 6 || addresses != 5 {
				b.Fatal(p.Lookups, addresses)
			}
		})
		batch.Run()
	}
}

// BenchmarkExamine is the whole tree with its accounting.
func BenchmarkExamine(b *testing.B) {
	z := spftest.Locked{Zone: spftest.Providers()}
	b.ReportAllocs()
	for b.Loop() {
		if p := Examine(context.Background(), &z, "acme.example"); p.Lookups != 5 {
			b.Fatal(p.Lookups)
		}
	}
}
