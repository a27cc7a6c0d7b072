package spf

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"blitiri.com.ar/go/spf"

	"mailworthy/internal/spftest"
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
			z := spftest.Providers()
			ctx := context.Background()
			c := Client{IP: netip.MustParseAddr(row.ip), HELO: "mx.acme.example", MailFrom: "bounce@" + row.domain}
			b.ReportAllocs()
			for b.Loop() {
				if e := CheckHost(ctx, z, c); string(e.Result) != row.want {
					b.Fatal(e)
				}
			}
			b.ReportMetric(float64(z.Asked.Load())/float64(b.N), "queries/op")
		})
	}
}

func BenchmarkBlitiri(b *testing.B) {
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			z := spftest.Providers()
			var asked atomic.Int64
			ctx := context.Background()
			ip := net.ParseIP(row.ip)
			b.ReportAllocs()
			for b.Loop() {
				r, err := spf.CheckHostWithSender(ip, "mx.acme.example", "bounce@"+row.domain, spf.WithResolver(forBlitiri{z, &asked}), spf.WithContext(ctx))
				if string(r) != row.want {
					b.Fatal(r, err)
				}
			}
			b.ReportMetric(float64(asked.Load())/float64(b.N), "queries/op")
		})
	}
}

// BenchmarkParse is the parser alone.
func BenchmarkParse(b *testing.B) {
	text := spftest.Providers().TXT["literal.example"][0]
	var room [16]Term
	b.ReportAllocs()
	for b.Loop() {
		if _, l := parse(text, room[:0]); l.ErrorAt >= 0 {
			b.Fatal(l)
		}
	}
}
