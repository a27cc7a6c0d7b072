package spf

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"blitiri.com.ar/go/spf"

	"mailworthy/resolver"
)

// The rows of the comparison: the same zone in memory, the same client.
var rows = []struct{ name, domain, ip, want string }{
	// A record of ranges alone: what it takes to read it.
	{"Parse", "literal.example", "203.0.113.9", "softfail"},
	{"FirstInclude", "acme.example", "198.51.100.1", "pass"},
	{"LastInclude", "acme.example", "198.51.100.187", "pass"},
	{"Miss", "acme.example", "203.0.113.9", "softfail"},
	{"MissIPv6", "acme.example", "2001:db8:ffff::1", "softfail"},
	{"Macro", "macro.example", "203.0.113.9", "pass"},
}

func BenchmarkThis(b *testing.B) {
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			z := providers()
			ctx := context.Background()
			c := Client{IP: netip.MustParseAddr(row.ip), HELO: "mx.acme.example", MailFrom: "bounce@" + row.domain}
			b.ReportAllocs()
			for b.Loop() {
				if e := CheckHost(ctx, z, c); string(e.Result) != row.want {
					b.Fatal(e)
				}
			}
			b.ReportMetric(float64(z.asked.Load())/float64(b.N), "queries/op")
		})
	}
}

func BenchmarkBlitiri(b *testing.B) {
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			z := providers()
			ctx := context.Background()
			ip := net.ParseIP(row.ip)
			b.ReportAllocs()
			for b.Loop() {
				r, err := spf.CheckHostWithSender(ip, "mx.acme.example", "bounce@"+row.domain, spf.WithResolver(forBlitiri{z}), spf.WithContext(ctx))
				if string(r) != row.want {
					b.Fatal(r, err)
				}
			}
			b.ReportMetric(float64(z.other.Load())/float64(b.N), "queries/op")
		})
	}
}

// BenchmarkParse is the parser alone.
func BenchmarkParse(b *testing.B) {
	text := providers().txt["literal.example"][0]
	var room [16]term
	b.ReportAllocs()
	for b.Loop() {
		if _, l := parse(text, room[:0]); l.wrongAt >= 0 {
			b.Fatal(l)
		}
	}
}

// BenchmarkAudit is what an audit finds out of an ordinary domain: who sends for it
// and its whole tree, with every answer known.
func BenchmarkAudit(b *testing.B) {
	z := providers()
	z.add("shop.example", resolver.TypeTXT, "v=spf1 a mx include:_spf.first.example include:sum.example ip4:203.0.113.7 ~all")
	z.add("shop.example", resolver.TypeTXT, "site-verification=0123456789abcdef")
	z.add("shop.example", resolver.TypeA, "203.0.113.5")
	z.add("shop.example", resolver.TypeMX, "mx1.shop.example")
	z.add("shop.example", resolver.TypeMX, "mx2.shop.example")
	z.add("mx1.shop.example", resolver.TypeA, "203.0.113.6")
	z.add("mx1.shop.example", resolver.TypeAAAA, "2001:db8:7::6")
	z.add("mx2.shop.example", resolver.TypeA, "203.0.113.8")
	z.add("sum.example", resolver.TypeTXT, "v=spf1 include:_spf.second.example include:_spf.third.example ip4:198.51.100.0/27 ~all")
	s := resolver.NewSession(&locked{z: z}, 0)
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
	z := locked{z: providers()}
	b.ReportAllocs()
	for b.Loop() {
		if p := Examine(context.Background(), &z, "acme.example"); p.Lookups != 5 {
			b.Fatal(p.Lookups)
		}
	}
}
