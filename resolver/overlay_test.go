package resolver

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// fixed answers from a list of its own and counts; what is not listed is NXDOMAIN.
type fixed struct {
	answers map[string]*Answer // by "name TYPE"
	errs    map[string]*Error
	asked   []string
}

func (f *fixed) Lookup(_ context.Context, name string, t Type) (*Answer, error) {
	k := name + " " + t.String()
	f.asked = append(f.asked, k)
	if e := f.errs[k]; e != nil {
		return nil, e
	}
	if a := f.answers[k]; a != nil {
		return a, nil
	}
	return &Answer{Name: name, Type: t, Status: NXDomain, Server: "net", Rcode: "NXDOMAIN", TTL: 5}, nil
}

func TestOverlay(t *testing.T) {
	parent := mustParse(t, `
$ORIGIN acme.example.
$TTL 500
@     1000 SOA ns host 1 2 3 4 500
@     NS  ns.acme.example.
www   100 CNAME www.esp.test.
in    CNAME x.other.example.
gone  CNAME none.esp.test.
bad   CNAME broken.esp.test.
back  CNAME back.esp.test.
round CNAME round.esp.test.
weird CNAME a\.b.esp.test.
sub   NS  ns.sub
far   NS  ns.far
tosub CNAME host.sub
tofar CNAME host.far
sub   DS  1 8 2 0000000000000000000000000000000000000000000000000000000000000000
end   A   192.0.2.1
`, "")
	child := mustParse(t, "@ SOA ns host 1 2 3 4 5\nhost A 192.0.2.2\n", "sub.acme.example")
	other := mustParse(t, "$ORIGIN other.example.\nx 500 A 192.0.2.3\n", "")
	esp := func(s Status, chain []string, ttl uint32, addr ...string) *Answer {
		a := &Answer{Status: s, CNAMEs: chain, TTL: ttl, Server: "net", Rcode: "NOERROR", AuthenticData: true}
		for _, x := range addr {
			a.Records = append(a.Records, Record{Type: TypeTXT, TXT: []string{x}})
		}
		return a
	}
	net := func() *fixed {
		return &fixed{answers: map[string]*Answer{
			"www.esp.test A":          esp(Found, []string{"edge.esp.test"}, 50, "web"),
			"back.esp.test A":         esp(Found, []string{"mid.esp.test", "end.acme.example"}, 50, "stale"),
			"visitor.test A":          esp(Found, []string{"end.acme.example"}, 20, "stale"),
			"round.esp.test A":        esp(NoData, []string{"round.acme.example"}, 50),
			"acme.example DS":         esp(NoData, nil, 9),
			"host.far.acme.example A": esp(Found, nil, 9, "far"),
			"a.test A":                esp(Found, nil, 9, "net"),
		}, errs: map[string]*Error{"broken.esp.test A": {Name: "broken.esp.test", Type: TypeA, Reason: ServFail, Server: "net", Detail: "bogus"}}}
	}
	for _, tc := range []struct {
		name   string
		typ    Type
		want   string
		server string
		ttl    uint32
		asked  string
		off    string // the same without a next resolver
	}{
		{"end.acme.example", TypeA, `found "192.0.2.1"`, "zone acme.example", 500, "[]", `found "192.0.2.1"`},
		{"none.acme.example", TypeA, `nxdomain`, "zone acme.example", 500, "[]", `nxdomain`},
		{"a.test", TypeA, `found "net"`, "net", 9, "[a.test A]", `offline`},
		{"www.acme.example", TypeA, `found >www.esp.test >edge.esp.test "web"`, "net", 50, "[www.esp.test A]", `offline`},
		{"in.acme.example", TypeA, `found >x.other.example "192.0.2.3"`, "zone other.example", 500, "[]", `found >x.other.example "192.0.2.3"`},
		{"gone.acme.example", TypeA, `nxdomain >none.esp.test`, "net", 5, "[none.esp.test A]", `offline`},
		{"bad.acme.example", TypeA, `servfail`, "net", 0, "[broken.esp.test A]", `offline`},
		{"back.acme.example", TypeA, `found >back.esp.test >mid.esp.test >end.acme.example "192.0.2.1"`, "zone acme.example", 50, "[back.esp.test A]", `offline`},
		{"visitor.test", TypeA, `found >end.acme.example "192.0.2.1"`, "zone acme.example", 20, "[visitor.test A]", `offline`},
		{"round.acme.example", TypeA, `alias-loop`, "net", 0, "[round.esp.test A]", `offline`},
		{"weird.acme.example", TypeA, `bad-name`, "zone acme.example", 0, "[]", `offline`},
		{"host.sub.acme.example", TypeA, `found "192.0.2.2"`, "zone sub.acme.example", 5, "[]", `found "192.0.2.2"`},
		{"tosub.acme.example", TypeA, `found >host.sub.acme.example "192.0.2.2"`, "zone sub.acme.example", 5, "[]", `found >host.sub.acme.example "192.0.2.2"`},
		{"sub.acme.example", TypeDS, `found "1 8 2 0000000000000000000000000000000000000000000000000000000000000000"`, "zone acme.example", 500, "[]", `found "1 8 2 0000000000000000000000000000000000000000000000000000000000000000"`},
		{"host.far.acme.example", TypeA, `found "far"`, "net", 9, "[host.far.acme.example A]", `offline`},
		{"tofar.acme.example", TypeA, `found >host.far.acme.example "far"`, "net", 9, "[host.far.acme.example A]", `offline`},
		{"acme.example", TypeDS, `nodata`, "net", 9, "[acme.example DS]", `offline`},
		{"a..test", TypeA, `bad-name`, "", 0, "[]", `bad-name`},
	} {
		next := net()
		a, err := NewOverlay(next, parent, child, other).Lookup(context.Background(), tc.name, tc.typ)
		if got := say(a, err); got != tc.want || fmt.Sprint(next.asked) != tc.asked {
			t.Errorf("%s %s: got %s (%v), asked %v; want %s, asked %s", tc.name, tc.typ, got, err, next.asked, tc.want, tc.asked)
		}
		if e := AsError(err); e != nil {
			if e.Server != tc.server || e.Name != tc.name || e.Type != tc.typ {
				t.Errorf("%s %s: error %+v", tc.name, tc.typ, e)
			}
		} else if a.Server != tc.server || a.TTL != tc.ttl {
			t.Errorf("%s %s: from %s with TTL %d, want %s with %d", tc.name, tc.typ, a.Server, a.TTL, tc.server, tc.ttl)
		} else if len(a.CNAMEs) > 0 && a.CNAMEs[0] == "www.esp.test" && a.AuthenticData {
			t.Errorf("%s %s: AD although a zone here is part of the answer", tc.name, tc.typ)
		}
		if got := say(NewOverlay(nil, parent, child, other).Lookup(context.Background(), tc.name, tc.typ)); got != tc.off {
			t.Errorf("%s %s offline: got %s, want %s", tc.name, tc.typ, got, tc.off)
		}
	}
}

func TestOverlayOffline(t *testing.T) {
	s := mustParse(t, "$ORIGIN a.test.\nwww CNAME b.test.\nsub NS ns.sub\n", "")
	for name, want := range map[string]string{
		"c.test":       "no zone holds the name",
		"www.a.test":   "it is an alias of b.test, which no zone holds",
		"x.sub.a.test": "x.sub.a.test is delegated away by the zone a.test",
	} {
		_, err := NewOverlay(nil, s).Lookup(context.Background(), name, TypeA)
		if e := AsError(err); e == nil || e.Reason != Offline || e.Detail != want {
			t.Errorf("%s: %+v, want %s", name, e, want)
		}
	}
	if got := say(NewOverlay(nil).Lookup(context.Background(), "a.test", TypeA)); got != "offline" {
		t.Errorf("without any zone: %s", got)
	}
}

// An alias in a zone that leads back to itself is an error to who evaluates, and an empty answer
// in a session that judges what is published.
func TestLoopsEnd(t *testing.T) {
	zone := NewOverlay(nil, mustParse(t, `
$ORIGIN acme.example.
@ 300 SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
self 300 CNAME self
a 300 CNAME b
b 300 CNAME a
on 300 CNAME a
out 300 CNAME mail.esp.test.
`, ""))
	tests := []struct {
		name   string
		chain  []string
		reason Reason
	}{
		{"self.acme.example", []string{"self.acme.example"}, AliasLoop},
		{"a.acme.example", []string{"b.acme.example", "a.acme.example"}, AliasLoop},
		{"on.acme.example", []string{"a.acme.example", "b.acme.example", "a.acme.example"}, AliasLoop},
		{"out.acme.example", nil, Offline},
	}
	for _, tt := range tests {
		_, err := NewSession(zone, 0).Lookup(t.Context(), tt.name, TypeTXT)
		if e := AsError(err); e == nil || e.Reason != tt.reason {
			t.Errorf("%s: %v", tt.name, err)
		}
		s := NewSession(zone, 0).LoopsEnd()
		for range 2 { // the second time from what the session has
			a, err := s.Lookup(t.Context(), tt.name, TypeTXT)
			if tt.chain == nil {
				if e := AsError(err); e == nil || e.Reason != tt.reason {
					t.Errorf("%s: %v, %v", tt.name, a, err)
				}
				continue
			}
			if err != nil || a.Status != NoData || !a.Endless() || !slices.Equal(a.CNAMEs, tt.chain) {
				t.Errorf("%s: %v, %v", tt.name, a, err)
			}
		}
	}
}

// TestNeverInRoot: without anybody to ask it is known all the same that no top-level domain is a
// number or has a colon in it.
func TestNeverInRoot(t *testing.T) {
	zone := mustParse(t, "$ORIGIN acme.example.\n@ SOA ns host 1 2 3 4 5\nout CNAME mx.esp.10.\n", "")
	for name, want := range map[string]string{
		"mx1.acme.example.10": "nxdomain", "192.0.2.10": "nxdomain", "mx1.acme.example:25": "nxdomain", "mx1.acme,example": "nxdomain", "mx.esp.net ": "nxdomain",
		"out.acme.example": "nxdomain", "mx.esp.net": "offline", "mx.xn--p1ai": "offline", "mail": "offline", "x.acme.example": "nxdomain",
	} {
		a, err := NewOverlay(nil, zone).Lookup(t.Context(), name, TypeA)
		got := ""
		if err != nil {
			got = string(AsError(err).Reason)
		} else {
			got = string(a.Status)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
		if a, _ := NewOverlay(&fixed{}, zone).Lookup(t.Context(), name, TypeA); name != "x.acme.example" && a.Server != "net" {
			t.Errorf("%q was not asked: %v", name, a)
		}
	}
}

// TestFlattened: servers answer for an alias of addresses alone with the addresses, and nobody sees
// an alias.
func TestFlattened(t *testing.T) {
	zone := mustParse(t, "$ORIGIN acme.example.\n@ SOA ns host 1 2 3 4 5\nmail ALIAS mx1\nmx1 A 192.0.2.1\nover ANAME www\nwww CNAME mx1\ngone ALIAS nosuch\nround ALIAS round\nout ALIAS mx.esp.test.\nalias CNAME mail\n", "")
	next := &fixed{answers: map[string]*Answer{"mx.esp.test A": {Name: "mx.esp.test", Type: TypeA, Status: Found, CNAMEs: []string{"a.esp.test"}, Records: []Record{{Name: "a.esp.test", Type: TypeA}}}}}
	for _, tt := range []struct {
		name, want string
		chain      []string
	}{
		{"mail.acme.example", "found", nil}, {"over.acme.example", "found", nil}, {"gone.acme.example", "nodata", nil},
		{"out.acme.example", "found", nil}, {"round.acme.example", "alias-loop", nil}, {"alias.acme.example", "found", []string{"mail.acme.example"}},
	} {
		a, err := NewOverlay(next, zone).Lookup(t.Context(), tt.name, TypeA)
		if err != nil {
			if got := string(AsError(err).Reason); got != tt.want {
				t.Errorf("%s: %s", tt.name, got)
			}
			continue
		}
		if string(a.Status) != tt.want || !slices.Equal(a.CNAMEs, tt.chain) || a.Name != tt.name {
			t.Errorf("%s: %s %v", tt.name, a.Status, a.CNAMEs)
		}
	}
	if a, err := NewOverlay(&fixed{}, zone).Lookup(t.Context(), "out.acme.example", TypeA); err != nil || a.Status != NoData {
		t.Errorf("an end that does not exist: %v, %v", a, err)
	}
}
