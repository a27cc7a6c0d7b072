package audit

import (
	"context"
	"sync"
	"testing"

	"mailworthy/resolver"
)

func TestWaitingSection(t *testing.T) {
	w := &Waiting{lists: []string{"zen.list.example"}}
	for _, tt := range []struct {
		name string
		typ  resolver.Type
		want string
	}{
		{"10.2.0.192.zen.list.example", resolver.TypeA, "blocklists"},
		{"s1._domainkey.acme.example", resolver.TypeTXT, "DKIM"},
		{"_domainkey.acme.example", resolver.TypeTXT, "DKIM"},
		{"_dmarc.acme.example.", resolver.TypeTXT, "DMARC"},
		{"acme.example._report._dmarc.reports.example", resolver.TypeTXT, "DMARC"},
		{"_mta-sts.acme.example", resolver.TypeTXT, "transport security"},
		{"_25._tcp.mx1.acme.example", resolver.TypeTLSA, "transport security"},
		{"10.2.0.192.in-addr.arpa", resolver.TypePTR, "PTR"},
		{"ACME.example", resolver.TypeTXT, "SPF"},
		{"acme.example", resolver.TypeMX, "MX"},
		{"mx1.acme.example", resolver.TypeA, "host names"},
	} {
		if got := w.section(tt.name, tt.typ); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.name, tt.typ, got, tt.want)
		}
	}
}

// hanging answers when it is let go.
type hanging struct{ asked, release chan struct{} }

func (h hanging) Lookup(context.Context, string, resolver.Type) (*resolver.Answer, error) {
	h.asked <- struct{}{}
	<-h.release
	return nil, &resolver.Error{Reason: resolver.Timeout}
}

func TestWaitingLine(t *testing.T) {
	h := hanging{make(chan struct{}), make(chan struct{})}
	w := &Waiting{next: h, under: make(map[string]int)}
	var g sync.WaitGroup
	for _, name := range []string{"_dmarc.acme.example", "acme.example"} {
		g.Go(func() { _, _ = w.Lookup(context.Background(), name, resolver.TypeTXT) })
		<-h.asked
	}
	if got, want := w.Line(), "2 DNS queries; waiting for DMARC, SPF"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	close(h.release)
	g.Wait()
	if got, want := w.Line(), "judging, DNS queries: 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
