package resolver_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"testing"

	"mailworthy/resolver"
)

// BenchmarkQuestion is what a question that nobody has asked costs on its way
// through session, cache and client, from batches as large as those of an audit.
// The server is in the same process, and allocates nothing.
func BenchmarkQuestion(b *testing.B) {
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{echo(b)}}})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	const batch = 32
	names := make([]string, b.N)
	for i := range names {
		names[i] = fmt.Sprintf("selector%d._domainkey.acme.example", i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for len(names) > 0 {
		n := min(batch, len(names))
		q := resolver.NewBatch(context.Background(), resolver.NewSession(st, 0))
		for _, name := range names[:n] {
			q.Ask(name, resolver.TypeTXT, func(a *resolver.Answer, err error) {
				if err != nil || a.Status != resolver.Found {
					b.Error(a, err)
				}
			})
		}
		q.Run()
		names = names[n:]
	}
}

// echo answers every question with one TXT record.
func echo(b *testing.B) string {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			msg := buf[:n-11] // without the OPT record
			binary.BigEndian.PutUint16(msg[2:], 0x8180)
			msg[7], msg[11] = 1, 0
			msg = append(msg, 0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44, 0, 12, 11)
			c.WriteToUDPAddrPort(append(msg, "v=DKIM1; p="...), from)
		}
	}()
	return "udp://" + c.LocalAddr().String()
}
