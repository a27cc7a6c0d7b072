package mailhost

import (
	"net/netip"
	"testing"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// BenchmarkExamine is what an audit costs here, but for the network: its questions
// are answered from memory, through a session of its own.
func BenchmarkExamine(b *testing.B) {
	memory := resolver.NewCache(dnstest.Zone(b, world+"\n"+reverse), resolver.CacheOptions{})
	addrs := []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.14"), netip.MustParseAddr("2001:db8::10")}
	b.Run("domain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			batch := resolver.NewBatch(b.Context(), resolver.NewSession(memory, 0))
			BeginDomain(batch, "acme.example", func(*Domain) {})
			batch.Run()
		}
	})
	b.Run("addresses", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			batch := resolver.NewBatch(b.Context(), resolver.NewSession(memory, 0))
			BeginAddresses(batch, addrs, func([]Address) {})
			batch.Run()
		}
	})
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			resolver.NewSession(memory, 0)
		}
	})
	b.Run("generic", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			generic("mail7.customer-mx.example.com", addrs[0])
		}
	})
}
