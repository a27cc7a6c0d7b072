package dnstest

import (
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"mailworthy/internal/runtest"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	runtest.AtOnce(16)
	goleak.VerifyTestMain(m)
}

// ask sends one question with the library's own client.
func ask(t *testing.T, s *Server, network, name string, typ resolver.Type) (*dns.Msg, error) {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, uint16(typ))
	m.SetEdns0(1232, false)
	c := dns.Client{Net: network}
	r, _, err := c.Exchange(m, s.Addr())
	return r, err
}

func TestServer(t *testing.T) {
	s := Start(t, `
		$ORIGIN acme.example.
		$TTL 300
		@     SOA ns hostmaster 1 7200 900 604800 60
		@     MX  10 mx
		www   CNAME mx
		mx    A   192.0.2.1
		mx    A   192.0.2.2
	`)
	s.Add(`foo:bar/b z.example.com`, resolver.TypeA, "192.0.2.3")
	s.Add(`raw.example.com`, resolver.TypeTXT, "\x80\xff\\\"", "two")
	s.Add(`mail.acme.example`, resolver.TypeMX, "0", "")
	for _, network := range []string{"udp", "tcp"} {
		for _, tc := range []struct {
			name string
			typ  resolver.Type
			want string // the records without their owner, then the rcode
		}{
			{"acme.example.", resolver.TypeMX, "10 mx.acme.example."},
			{"www.acme.example.", resolver.TypeA, "mx.acme.example. 192.0.2.1 192.0.2.2"},
			{`foo:bar/b\032z.example.com.`, resolver.TypeA, "192.0.2.3"},
			{`raw.example.com.`, resolver.TypeTXT, `"\128\255\\\"" "two"`},
			{"mail.acme.example.", resolver.TypeMX, "0 ."},
			{"example.com.", resolver.TypeA, ""},
		} {
			m, err := ask(t, s, network, tc.name, tc.typ)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, rr := range m.Answer {
				if got != "" {
					got += " "
				}
				got += rr.String()[len(rr.Header().String()):]
			}
			if got != tc.want || m.Rcode != 0 {
				t.Errorf("%s %s %s: got %s, %s", network, tc.name, tc.typ, got, dns.RcodeToString[m.Rcode])
			}
		}
	}
	if m, err := ask(t, s, "udp", "absent.test.", resolver.TypeA); err != nil || m.Rcode != dns.RcodeNameError || len(m.Ns) != 1 {
		t.Errorf("absent: %v, %v", m, err)
	}
	if n := s.Count("acme.example", resolver.TypeMX); n != 2 {
		t.Errorf("counted %d questions, want 2", n)
	}
	if s.Reset(); s.Queries() != 0 {
		t.Errorf("%d questions after Reset", s.Queries())
	}
}

func TestSilenceRest(t *testing.T) {
	s := Start(t)
	s.Add("a.test", resolver.TypeTXT, "x")
	s.SilenceRest("a.test")
	if m, err := ask(t, s, "udp", "a.test.", resolver.TypeTXT); err != nil || len(m.Answer) != 1 {
		t.Errorf("TXT: %v, %v", m, err)
	}
	q := Query{Name: "a.test", Type: resolver.TypeA}
	if f := s.match(&q); f == nil || f.Kind != Silence {
		t.Errorf("A: fault %v, want silence", f)
	}
}
