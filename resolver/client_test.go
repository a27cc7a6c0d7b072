package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/peertest"
	"mailworthy/internal/runtest"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	runtest.AtOnce(16)
	runtest.RareGC()
	goleak.VerifyTestMain(m)
}

const (
	typeA     = resolver.TypeA
	typeAAAA  = resolver.TypeAAAA
	typeCNAME = resolver.TypeCNAME
	typeMX    = resolver.TypeMX
	typeTXT   = resolver.TypeTXT
)

const acme = `
	$ORIGIN acme.example.
	$TTL 300
	@       SOA ns hostmaster 1 7200 900 604800 60
	@       MX    20 mx2
	@       MX    10 mx1
	mx1     A     192.0.2.1
	mx1     A     192.0.2.1
	mx2     A     192.0.2.2
	www 30  CNAME mx1
	www2    CNAME www
	gone    CNAME absent
	dry     CNAME ent
	a.ent   A     192.0.2.3
	out     CNAME a.other.test.
	loop    CNAME loop2
	loop2   CNAME loop
	dot     CNAME a\.b
	a\.b    A     192.0.2.4
	txt     TXT   "a\000b" "\255"
	sub     NS    ns.sub
`

// say is an outcome in one line: the status, the chain and the data, or the
// reason of an error.
func say(a *resolver.Answer, err error) string {
	if err != nil {
		return string(resolver.AsError(err).Reason)
	}
	s := string(a.Status)
	for _, c := range a.CNAMEs {
		s += " >" + c
	}
	for i := range a.Records {
		s += fmt.Sprintf(" %q", a.Records[i].String())
	}
	return s
}

// quick is a client that does not wait between tries.
func quick(s *dnstest.Server, c resolver.Config) *resolver.Client {
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	cl := s.Client(c)
	resolver.SkipPauses(cl, func(time.Duration) {})
	return cl
}

// patience is a timeout for faults: short if nothing ever comes, enough for what comes on a
// busy machine if something does, and without end if no try is lost.
func patience(faults ...dnstest.Fault) time.Duration {
	d := time.Minute
	for _, f := range faults {
		switch {
		case f.Then:
		case f.Kind == dnstest.Silence && f.First == 0 && f.Transport == "":
			d = min(d, 100*time.Millisecond)
		case f.Kind == dnstest.Silence, f.Kind == dnstest.WrongID && f.First > 0:
			d = min(d, 2*time.Second)
		case f.Kind == dnstest.WrongID, f.Kind == dnstest.WrongQuestion, f.Kind == dnstest.Garbage:
			d = min(d, 600*time.Millisecond) // of several tries, one that hears the stray says so
		}
	}
	return d
}

func TestClientAnswers(t *testing.T) {
	s := dnstest.Start(t, acme)
	s.Add(`foo:bar/b z.example.com`, typeA, "192.0.2.5")
	s.Add("high\x80\xff.example.com", typeA, "192.0.2.6")
	s.Add(`back\slash.example.com`, typeA, "192.0.2.7")
	s.Add("a.other.test", typeA, "192.0.2.8")
	c := quick(s, resolver.Config{})
	for _, tc := range []struct {
		name string
		typ  resolver.Type
		want string
		ttl  uint32
	}{
		{"acme.example", typeMX, `found "20 mx2.acme.example" "10 mx1.acme.example"`, 300},
		{"ACME.example.", typeMX, `found "20 mx2.acme.example" "10 mx1.acme.example"`, 300},
		{"acme.example", typeTXT, `nodata`, 60},
		{"ent.acme.example", typeA, `nodata`, 60},
		{"absent.acme.example", typeA, `nxdomain`, 60},
		{"mx1.acme.example", typeA, `found "192.0.2.1"`, 300},
		{"www.acme.example", typeA, `found >mx1.acme.example "192.0.2.1"`, 30},
		{"www2.acme.example", typeA, `found >www.acme.example >mx1.acme.example "192.0.2.1"`, 30},
		{"www.acme.example", typeCNAME, `found "mx1.acme.example"`, 30},
		{"www.acme.example", typeMX, `nodata >mx1.acme.example`, 30},
		{"gone.acme.example", typeA, `nxdomain >absent.acme.example`, 60},
		{"dry.acme.example", typeA, `nodata >ent.acme.example`, 60},
		{"out.acme.example", typeA, `found >a.other.test "192.0.2.8"`, 300},
		{"loop.acme.example", typeA, `alias-loop`, 0},
		{"dot.acme.example", typeA, `found >a\046b.acme.example "192.0.2.4"`, 300},
		{"txt.acme.example", typeTXT, `found "a\x00b\xff"`, 300},
		{"foo:bar/b z.example.com", typeA, `found "192.0.2.5"`, 300},
		{"high\x80\xff.example.com", typeA, `found "192.0.2.6"`, 300},
		{`back\slash.example.com`, typeA, `found "192.0.2.7"`, 300},
		{"x.sub.acme.example", typeA, `malformed`, 0}, // a referral is not an answer
		{".", resolver.TypeSOA, `found ". . 1 7200 900 604800 60"`, 300},
		{"", resolver.TypeMX, `nodata`, 60},
	} {
		a, err := c.Lookup(context.Background(), tc.name, tc.typ)
		if got := say(a, err); got != tc.want {
			t.Errorf("%s %s: got %s, want %s (%v)", tc.name, tc.typ, got, tc.want, err)
		} else if a != nil && (a.TTL != tc.ttl || a.Server != "udp://"+s.Addr() || a.Type != tc.typ) {
			t.Errorf("%s %s: got ttl %d from %s, want %d", tc.name, tc.typ, a.TTL, a.Server, tc.ttl)
		}
	}
}

func TestClientQuestion(t *testing.T) {
	s := dnstest.Start(t, acme)
	s.AuthenticData(true)
	c := quick(s, resolver.Config{})
	ports, ids := map[uint16]bool{}, map[uint16]bool{}
	for range 20 {
		a, err := c.Lookup(context.Background(), "acme.example", typeMX)
		if err != nil || !a.AuthenticData {
			t.Fatalf("answer %v, %v: want AD", a, err)
		}
	}
	for _, q := range s.Log() {
		if !q.RD || !q.AD || q.DO || !q.EDNS || q.UDPSize != 1232 || q.Transport != "udp" {
			t.Errorf("question %+v: want RD, AD, no DO, EDNS with 1232", q)
		}
		ports[q.From.Port()], ids[q.ID] = true, true
	}
	if len(ports) < 10 || len(ids) < 18 {
		t.Errorf("20 questions had %d source ports and %d ids", len(ports), len(ids))
	}
}

func TestClientBadNames(t *testing.T) {
	s := dnstest.Start(t)
	c := quick(s, resolver.Config{})
	for _, name := range []string{"a..example", ".example", "example..", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "a"} {
		if got := say(c.Lookup(context.Background(), name, typeA)); got != "bad-name" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range []string{strings.Repeat("a", 63) + ".example", strings.Repeat("a.", 126) + "a"} {
		if got := say(c.Lookup(context.Background(), name, typeA)); got != "nxdomain" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if n := s.Queries(); n != 2 {
		t.Errorf("%d questions were sent, want 2", n)
	}
}

// TestClientFaults is each fault, and what Lookup must make of it.
func TestClientFaults(t *testing.T) {
	t.Parallel()
	const (
		found  = `found >mx1.acme.example "192.0.2.1"`
		absent = `nxdomain`
	)
	for _, tc := range []struct {
		label   string
		faults  []dnstest.Fault
		name    string
		want    string
		queries int // how many reach the server
		detail  string
		rcode   string
	}{
		{"servfail", []dnstest.Fault{{Kind: dnstest.ServFail}}, "", "servfail", 3, "", "SERVFAIL"},
		{"servfail with a reason", []dnstest.Fault{{Kind: dnstest.ServFail, Code: 22, Text: "all dead"}}, "", "servfail", 3, "No Reachable Authority: all dead", "SERVFAIL"},
		{"servfail once", []dnstest.Fault{{Kind: dnstest.ServFail, First: 1}}, "", found, 2, "", ""},
		{"servfail twice", []dnstest.Fault{{Kind: dnstest.ServFail, First: 2}}, "", found, 3, "", ""},
		{"refused", []dnstest.Fault{{Kind: dnstest.Refused, Code: 18}}, "", "refused", 1, "Prohibited", "REFUSED"},
		{"formerr", []dnstest.Fault{{Kind: dnstest.FormErr}}, "", "rcode", 2, "", "FORMERR"},
		{"notimp", []dnstest.Fault{{Kind: dnstest.NotImp}}, "", "rcode", 2, "", "NOTIMP"},
		{"yxdomain", []dnstest.Fault{{Kind: dnstest.YXDomain}}, "", "rcode", 1, "", "YXDOMAIN"},
		{"no EDNS: formerr", []dnstest.Fault{{Kind: dnstest.FormErr, EDNSOnly: true}}, "", found, 2, "", ""},
		{"no EDNS: notimp", []dnstest.Fault{{Kind: dnstest.NotImp, EDNSOnly: true}}, "", found, 2, "", ""},
		{"no EDNS: a bare header", []dnstest.Fault{{Kind: dnstest.HeaderOnly, EDNSOnly: true}}, "", found, 2, "", ""},
		{"silence", []dnstest.Fault{{Kind: dnstest.Silence}}, "", "timeout", 3, "", ""},
		{"silence once", []dnstest.Fault{{Kind: dnstest.Silence, First: 1}}, "", found, 2, "", ""},
		{"truncated", []dnstest.Fault{{Kind: dnstest.Truncate}}, "", found, 2, "", ""},
		{"truncated, TCP silent", []dnstest.Fault{{Kind: dnstest.Truncate}, {Kind: dnstest.Silence, Transport: "tcp"}}, "", "timeout", 6, "the answer is truncated over UDP, and TCP failed", ""},
		{"truncated, TCP closes", []dnstest.Fault{{Kind: dnstest.Truncate}, {Kind: dnstest.Close, Transport: "tcp"}}, "", "network", 9, "the answer is truncated over UDP, and TCP failed: the server closed the connection", ""},
		{"truncated, TCP closes once", []dnstest.Fault{{Kind: dnstest.Truncate}, {Kind: dnstest.Close, Transport: "tcp", First: 1}}, "", found, 3, "", ""},
		{"truncated, TCP servfail", []dnstest.Fault{{Kind: dnstest.Truncate}, {Kind: dnstest.ServFail, Transport: "tcp"}}, "", "servfail", 6, "", "SERVFAIL"},
		{"wrong id", []dnstest.Fault{{Kind: dnstest.WrongID}}, "", "malformed", 3, "1 messages came, and none answers the question", ""},
		{"wrong id, then right", []dnstest.Fault{{Kind: dnstest.WrongID, Then: true}}, "", found, 1, "", ""},
		{"wrong question", []dnstest.Fault{{Kind: dnstest.WrongQuestion}}, "", "malformed", 3, "", ""},
		{"wrong question, then right", []dnstest.Fault{{Kind: dnstest.WrongQuestion, Then: true}}, "", found, 1, "", ""},
		{"wrong type, then right", []dnstest.Fault{{Kind: dnstest.WrongType, Then: true}}, "", found, 1, "", ""},
		{"no question, then right", []dnstest.Fault{{Kind: dnstest.NoQuestion, Then: true}}, "", found, 1, "", ""},
		{"garbage", []dnstest.Fault{{Kind: dnstest.Garbage}}, "", "malformed", 3, "", ""},
		{"garbage, then right", []dnstest.Fault{{Kind: dnstest.Garbage, Then: true}}, "", found, 1, "", ""},
		{"short, then right", []dnstest.Fault{{Kind: dnstest.Short, Then: true}}, "", found, 1, "", ""},
		{"empty, then right", []dnstest.Fault{{Kind: dnstest.Empty, Then: true}}, "", found, 1, "", ""},
		{"cut", []dnstest.Fault{{Kind: dnstest.Cut}}, "", "malformed", 3, "", ""},
		{"cut once", []dnstest.Fault{{Kind: dnstest.Cut, First: 1}}, "", found, 2, "", ""},
		{"another case", []dnstest.Fault{{Kind: dnstest.MixedCase}}, "", found, 1, "", ""},
		{"referral", []dnstest.Fault{{Kind: dnstest.Referral}}, "", "malformed", 3, "a referral to other servers: this server does no recursion", "NOERROR"},
		{"referral once", []dnstest.Fault{{Kind: dnstest.Referral, First: 1}}, "", found, 2, "", ""},
		{"nothing at all", []dnstest.Fault{{Kind: dnstest.Bare}}, "", "nodata", 1, "", ""},
		{"other types only", []dnstest.Fault{{Kind: dnstest.OtherType}}, "", "malformed", 3, "the answer holds records that are no answer", "NOERROR"},
		{"half a chain", []dnstest.Fault{{Kind: dnstest.CNAMEOnly}}, "", found, 2, "", ""},
		{"half a chain, end absent", []dnstest.Fault{{Kind: dnstest.CNAMEOnly, First: 1}}, "gone.acme.example", "nxdomain >absent.acme.example", 2, "", ""},
		{"half a loop", []dnstest.Fault{{Kind: dnstest.CNAMEOnly}}, "loop.acme.example", "alias-loop", 2, "", ""},
		{"nxdomain rewritten", []dnstest.Fault{{Kind: dnstest.Rewrite}}, "absent.acme.example", `found "192.0.2.99"`, 1, "", ""},
		{"nxdomain", nil, "absent.acme.example", absent, 1, "", ""},
	} {
		t.Run(tc.label, func(t *testing.T) {
			t.Parallel()
			s := dnstest.Start(t, acme)
			for _, f := range tc.faults {
				s.Fault("", dnstest.Any, f)
			}
			if tc.name == "" {
				tc.name = "www.acme.example"
			}
			c := quick(s, resolver.Config{Timeout: patience(tc.faults...)})
			a, err := c.Lookup(context.Background(), tc.name, typeA)
			if got := say(a, err); got != tc.want {
				t.Fatalf("got %s, want %s (%v)", got, tc.want, err)
			}
			if n := s.Queries(); n != tc.queries {
				t.Errorf("%d questions reached the server, want %d: %+v", n, tc.queries, s.Log())
			}
			if e := resolver.AsError(err); e != nil {
				if tc.detail != "" && e.Detail != tc.detail || e.Rcode != tc.rcode || e.Name != tc.name || e.Type != typeA || e.Server == "" {
					t.Errorf("error %+v, want detail %q and rcode %q", e, tc.detail, tc.rcode)
				}
			}
		})
	}
}

func TestClientNoServer(t *testing.T) {
	closed := peertest.Closed(t)
	s := dnstest.Start(t, acme)
	for _, scheme := range []string{"udp", "tcp", "tls"} {
		c := quick(s, resolver.Config{Servers: []string{scheme + "://" + closed}})
		a, err := c.Lookup(context.Background(), "acme.example", typeMX)
		if say(a, err) != "network" || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v, %v: want network, refused", scheme, a, err)
		}
	}
}

func TestClientLargeAnswer(t *testing.T) {
	s := dnstest.Start(t)
	for i := range 40 {
		s.Add("big.test", typeTXT, fmt.Sprintf("%d %s", i, strings.Repeat("x", 200)))
	}
	c := quick(s, resolver.Config{})
	a, err := c.Lookup(context.Background(), "big.test", typeTXT)
	if err != nil || len(a.Records) != 40 || !strings.HasPrefix(a.Records[39].Text(), "39 ") || a.Server != "tcp://"+s.Addr() {
		t.Fatalf("got %v, %v", a, err)
	}
}

func TestClientFailover(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		label  string
		fault  dnstest.Kind
		avoids bool // the second question goes to the other server at once
	}{
		{"silence", dnstest.Silence, true},
		{"refused", dnstest.Refused, true},
		{"wrong id", dnstest.WrongID, true},
		{"referral", dnstest.Referral, true},
		{"servfail", dnstest.ServFail, false},
	} {
		t.Run(tc.label, func(t *testing.T) {
			t.Parallel()
			bad, good := dnstest.Start(t, acme), dnstest.Start(t, acme)
			bad.Fault("", dnstest.Any, dnstest.Fault{Kind: tc.fault})
			c := quick(bad, resolver.Config{Servers: []string{bad.Addr(), good.Addr()}, Timeout: patience(dnstest.Fault{Kind: tc.fault, First: 1})})
			now := time.Unix(1e9, 0)
			resolver.SetClock(c, func() time.Time { return now })
			ask := func(wantBad, wantGood int) {
				t.Helper()
				a, err := c.Lookup(context.Background(), "acme.example", typeMX)
				if err != nil || a.Server != "udp://"+good.Addr() {
					t.Fatalf("got %v, %v", a, err)
				}
				if b, g := bad.Queries(), good.Queries(); b != wantBad || g != wantGood {
					t.Errorf("%d questions at the failing server and %d at the other, want %d and %d", b, g, wantBad, wantGood)
				}
			}
			ask(1, 1)
			if !tc.avoids {
				ask(2, 2)
				return
			}
			ask(1, 2)
			now = now.Add(6 * time.Second) // the penalty is over
			ask(2, 3)
			now = now.Add(6 * time.Second) // the second one is longer
			ask(2, 4)
			bad.Reset()
			good.Reset()
			now = now.Add(time.Minute)
			a, err := c.Lookup(context.Background(), "acme.example", typeMX)
			if err != nil || a.Server != "udp://"+bad.Addr() {
				t.Errorf("the server that works again is not asked: %v, %v", a, err)
			}
		})
	}
}

func TestClientAllFail(t *testing.T) {
	t.Parallel()
	one, two := dnstest.Start(t, acme), dnstest.Start(t, acme)
	one.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.ServFail})
	two.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence})
	c := one.Client(resolver.Config{Servers: []string{one.Addr(), two.Addr()}, Timeout: time.Second, Retries: 3})
	var pauses []time.Duration
	resolver.SkipPauses(c, func(d time.Duration) { pauses = append(pauses, d) })
	for range 2 { // all failing, they are still tried
		one.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.ServFail})
		before := one.Queries() + two.Queries()
		// What says most is reported, whichever came last.
		if got := say(c.Lookup(context.Background(), "acme.example", typeMX)); got != "servfail" {
			t.Errorf("got %s", got)
		}
		if n := one.Queries() + two.Queries() - before; n != 4 {
			t.Errorf("%d tries, want 4", n)
		}
	}
	if len(pauses) != 4 { // before a server is asked again, in each Lookup
		t.Errorf("%d pauses, want 4", len(pauses))
	}
	for _, d := range pauses {
		if d < 50*time.Millisecond || d > 2*time.Second {
			t.Errorf("a pause of %v", d)
		}
	}
}

func TestClientEDNSRemembered(t *testing.T) {
	s := dnstest.Start(t, acme)
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.FormErr, EDNSOnly: true})
	c := quick(s, resolver.Config{})
	for range 3 {
		if _, err := c.Lookup(context.Background(), "acme.example", typeMX); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Queries(); n != 4 {
		t.Errorf("%d questions, want 4: EDNS is not tried again", n)
	}
}

func TestClientLoss(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence, Percent: 30})
	c := quick(s, resolver.Config{Timeout: 500 * time.Millisecond, Retries: 12})
	for range 20 {
		if _, err := c.Lookup(context.Background(), "acme.example", typeMX); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Queries(); n <= 20 {
		t.Errorf("%d questions: nothing was lost", n)
	}
}

func TestClientEnds(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t, acme)
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence})
	url, config := s.HTTPS()
	dot, _ := s.TLS()
	for _, server := range []string{"udp://" + s.Addr(), "tcp://" + s.Addr(), dot, url} {
		c := quick(s, resolver.Config{Servers: []string{server}, Timeout: time.Hour, TLS: config})
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		_, err := c.Lookup(ctx, "acme.example", typeMX)
		if e := resolver.AsError(err); e == nil || e.Reason != resolver.Canceled || e.Detail != "the deadline passed before the answer" || e.Server == "" {
			t.Errorf("%s, deadline: %+v", server, e)
		}
		cancel()
		ctx, cancel = context.WithCancel(context.Background())
		before := s.Queries()
		go func() {
			for s.Queries() == before {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		_, err = c.Lookup(ctx, "acme.example", typeMX)
		if e := resolver.AsError(err); e == nil || e.Reason != resolver.Canceled || e.Detail != "stopped before the answer" {
			t.Errorf("%s, canceled: %+v", server, e)
		}
		before = s.Queries()
		if got := say(c.Lookup(ctx, "acme.example", typeMX)); got != "canceled" || s.Queries() != before {
			t.Errorf("%s, canceled before: %s, %d questions", server, got, s.Queries()-before)
		}
	}
}

func TestErrorsAreErrors(t *testing.T) {
	s := dnstest.Start(t)
	s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Refused})
	a, err := quick(s, resolver.Config{}).Lookup(context.Background(), "x.test", typeA)
	var e *resolver.Error
	if a != nil || !errors.As(err, &e) {
		t.Errorf("got %v, %v", a, err)
	}
	if got := resolver.Outcome(a, err); got.Status != "refused" || got.Name != "x.test" || got.Type != "A" {
		t.Errorf("evidence %+v", got)
	}
}
