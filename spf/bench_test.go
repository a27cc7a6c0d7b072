package spf

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"blitiri.com.ar/go/spf"
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
			b.ReportMetric(float64(z.asked)/float64(b.N), "queries/op")
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
			b.ReportMetric(float64(z.other)/float64(b.N), "queries/op")
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
