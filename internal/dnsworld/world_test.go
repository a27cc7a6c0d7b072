package dnsworld

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/resolver"
)

// ask puts a question to a world through a client, and says the outcome in a line.
func ask(c *resolver.Client, name string, t resolver.Type) string {
	a, err := c.Lookup(context.Background(), name, t)
	if err != nil {
		return string(resolver.AsError(err).Reason)
	}
	s := string(a.Status)
	for i := range a.Records {
		s += fmt.Sprintf(" %q", a.Records[i].String())
	}
	return s
}

// find is the first domain that fits.
func find(t *testing.T, w *World, fits func(domain) bool) (int, domain) {
	t.Helper()
	for i := range 100_000 {
		if d := w.domain(i); fits(d) {
			return i, d
		}
	}
	t.Fatal("no such domain")
	return 0, domain{}
}

func TestWorld(t *testing.T) {
	defer goleak.VerifyNone(t)
	w := New(1, 0)
	s, err := Serve(w, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := resolver.New(resolver.Config{Servers: []string{s.Addr()}, Timeout: time.Second, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	at, _ := find(t, w, func(d domain) bool {
		return d.kind == hosted && d.fault == healthy && d.host == 0 && d.sender < 0 && d.strict && !d.extra
	})
	self, _ := find(t, w, func(d domain) bool { return d.kind == own && d.fault == healthy && d.sender < 0 && d.strict })
	none, _ := find(t, w, func(d domain) bool { return d.kind == parked && d.fault == healthy && !d.extra })
	broken := func(f fault) string {
		i, _ := find(t, w, func(d domain) bool { return d.fault == f && d.kind == hosted })
		return Domain(i)
	}
	a, b := address(self, 0), address(self, 1)
	for _, tc := range []struct {
		name string
		typ  resolver.Type
		want string
	}{
		{Domain(at), resolver.TypeMX, `found "10 mx1.l.google.com" "20 mx2.l.google.com"`},
		{Domain(at), resolver.TypeTXT, `found "v=spf1 include:_spf.google.com -all"`},
		{"MX1.l.google.com", resolver.TypeA, `found "11.0.0.1"`},
		{"mx1.l.google.com", resolver.TypeAAAA, `nodata`},
		{"l.google.com", resolver.TypeA, `nodata`},
		{"mx3.l.google.com", resolver.TypeA, `nxdomain`},
		{"1.0.0.11.in-addr.arpa", resolver.TypePTR, `found "mx1.l.google.com"`},
		{"_spf.google.com", resolver.TypeTXT, `found "v=spf1 include:_nb1._spf.google.com include:_nb2._spf.google.com include:_nb3._spf.google.com ip4:11.0.0.192/27 ~all"`},
		{"_nb1.mailgun.org", resolver.TypeTXT, `found "v=spf1 ip4:11.0.13.0/28 ip6:2001:db8:d:0::/64 include:_in._nb1.mailgun.org ~all"`},
		{"_domainkey." + Domain(at), resolver.TypeTXT, `nodata`},
		{"selector1._domainkey." + Domain(at), resolver.TypeTXT, `nxdomain`},
		{Domain(self), resolver.TypeMX, fmt.Sprintf(`found "10 mx1.%s" "20 mx2.%s"`, Domain(self), Domain(self))},
		{"mx2." + Domain(self), resolver.TypeA, fmt.Sprintf(`found "%d.%d.%d.%d"`, b[0], b[1], b[2], b[3])},
		{fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", a[3], a[2], a[1], a[0]), resolver.TypePTR, fmt.Sprintf(`found "mx1.%s"`, Domain(self))},
		{Domain(none), resolver.TypeMX, `found "0 ."`},
		{Domain(none), resolver.TypeTXT, `found "v=spf1 -all"`},
		{"_dmarc." + Domain(none), resolver.TypeTXT, `found "v=DMARC1; p=reject; adkim=s; aspf=s"`},
		{"2.0.0.127.zen.spamhaus.org", resolver.TypeA, `found "127.0.0.2"`},
		{"1.0.0.127.zen.spamhaus.org", resolver.TypeA, `nxdomain`},
		{"test.dbl.spamhaus.org", resolver.TypeA, `found "127.0.1.2"`},
		{"invalid.dbl.spamhaus.org", resolver.TypeA, `nxdomain`},
		{"_dmarc.test", resolver.TypeTXT, `nxdomain`},
		{"d9999999.test", resolver.TypeA, `nxdomain`},
		{"anything.invalid", resolver.TypeA, `nxdomain`},
		{broken(servFail), resolver.TypeTXT, `servfail`},
		{broken(refused), resolver.TypeMX, `refused`},
		{"_dmarc." + broken(silent), resolver.TypeTXT, `timeout`},
		{broken(lame), resolver.TypeMX, `malformed`},
	} {
		if got := ask(c, tc.name, tc.typ); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.name, tc.typ, got, tc.want)
		}
	}
	if got := ask(c, "google._domainkey."+Domain(at), resolver.TypeTXT); len(got) < 400 {
		t.Errorf("the DKIM key: %s", got)
	}
	if got := ask(c, broken(truncated), resolver.TypeTXT); got[:5] != "found" {
		t.Errorf("truncated over UDP: %s", got)
	}
}

// TestWorldIsTheSame: two worlds of one seed are alike, and of two seeds are not.
func TestWorldIsTheSame(t *testing.T) {
	one, same, other := New(1, 0), New(1, 0), New(2, 0)
	faults, differ := 0, 0
	for i := range 10_000 {
		if one.domain(i) != same.domain(i) {
			t.Fatalf("domain %d differs", i)
		}
		if one.domain(i) != other.domain(i) {
			differ++
		}
		if one.domain(i).fault != healthy {
			faults++
		}
	}
	if string(one.keys[3]) != string(same.keys[3]) || differ < 5000 {
		t.Errorf("keys differ, or the seed does not matter: %d domains differ", differ)
	}
	if faults < 60 || faults > 140 {
		t.Errorf("%d of 10,000 domains fail, want about 100", faults)
	}
}

// TestAnswerAllocates: nothing, so that the world costs little beside what it is to
// measure.
func TestAnswerAllocates(t *testing.T) {
	w, out := New(1, 0), make([]byte, 0, datagram)
	header := "\x00\x01\x01\x20\x00\x01\x00\x00\x00\x00\x00\x01"
	for i := range 200 {
		a := address(i, 0)
		for _, name := range []string{
			Domain(i), "_dmarc." + Domain(i), "mx1." + Domain(i), "google._domainkey." + Domain(i), "default._domainkey." + Domain(i),
			fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", a[3], a[2], a[1], a[0]), fmt.Sprintf("%d.%d.%d.%d.zen.spamhaus.org", a[3], a[2], a[1], a[0]),
		} {
			for _, typ := range []byte{typeA, typeNS, typePTR, typeMX, typeTXT} {
				q := append(appendName([]byte(header), name), 0, typ, 0, 1)
				if n := testing.AllocsPerRun(1, func() { w.Answer(q, out, false) }); n > 0 {
					t.Fatalf("%s, type %d: %v allocations", name, typ, n)
				}
			}
		}
	}
}

// FuzzAnswer wants no panic, and answers that are none but to queries.
func FuzzAnswer(f *testing.F) {
	w := New(1, 0)
	f.Add([]byte("\x00\x01\x01\x20\x00\x01\x00\x00\x00\x00\x00\x01\x07d000000\x04test\x00\x00\x10\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, q []byte) {
		if a := w.Answer(q, make([]byte, 0, 64), false); a != nil && (len(a) < headerLen || a[2]&0x80 == 0 || a[0] != q[0]) {
			t.Errorf("%x", a)
		}
	})
}
