package resolver

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// zoneText is the zone of RFC 4592, 2.2.1, with more around it.
const zoneText = `
$TTL 1h
$ORIGIN example.
@                 IN SOA ns.example. john\.doe.example. (
                         2025010101 ; serial
                         2h 15m 1w  600 )
@                 NS   ns.example.com.
                  NS   ns.example.net.
*                 TXT  "this is a wildcard"
*                 MX   10 host1.example.
sub.*             TXT  "this is not a wildcard"
host1             A    192.0.2.1
_ssh._tcp.host1   SRV  1 0 22 host1
_ssh._tcp.host2   SRV  1 0 22 host2.example.
subdel            NS   ns.example.com.
subdel            NS   ns.example.net.
ns.subdel         A    192.0.2.53

www      60       CNAME host1
chain             CNAME www
away              CNAME mail.elsewhere.test.
lost              CNAME sub.host1
wild.lost         A     192.0.2.9
loop1             CNAME loop2
loop2             CNAME loop1
*.alias           CNAME host1
deep.ent.host3    A     192.0.2.3
old               DNAME new.example.
a.new             A     192.0.2.7
txt               TXT   "v=spf1 " "-all" unquoted "a\"b\\c\255\000" ( "on the"
                        "next line" ) ; comment "not a string"
UPPER.Case        A     192.0.2.10
host4             AAAA  2001:db8::1
host4             A     192.0.2.4
host4             A     192.0.2.5
host4    30       A     192.0.2.4
tlsa              TLSA  3 1 1 ( 0123456789abcdef 0123456789abcdef
                                0123456789abcdef 0123456789abcdef )
odd\.dot          A     192.0.2.11
sp\032ace         A     192.0.2.12
foo:bar/baz       A     192.0.2.13
null              MX    0 .
raw               TYPE65534 \# 3 010203
gen               A     \# 4 c0000214
`

func mustParse(t testing.TB, text, origin string) *ZoneSet {
	t.Helper()
	s, err := ParseZone(strings.NewReader(text), origin, "test.zone")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// say is an outcome in one line: the status, the chain and the data.
func say(a *Answer, err error) string {
	if err != nil {
		e := AsError(err)
		return string(e.Reason)
	}
	s := string(a.Status)
	for _, c := range a.CNAMEs {
		s += " >" + c
	}
	for i := range a.Records {
		s += " " + fmt.Sprintf("%q", a.Records[i].String())
	}
	return s
}

func TestZoneLookup(t *testing.T) {
	r := NewOverlay(nil, mustParse(t, zoneText, ""))
	for _, tc := range []struct {
		name string
		typ  Type
		want string
	}{
		// RFC 4592, 2.2.1, in its order.
		{"host3.example", TypeMX, `nodata`}, // here an empty non-terminal
		{"host5.example", TypeMX, `found "10 host1.example"`},
		{"host5.example", TypeA, `nodata`},
		{"foo.bar.example", TypeTXT, `found "this is a wildcard"`},
		{"host1.example", TypeMX, `nodata`},
		{"sub.*.example", TypeMX, `nodata`},
		{"_telnet._tcp.host1.example", 33, `nxdomain`},
		{"host.subdel.example", TypeA, `offline`},
		{"ghost.*.example", TypeMX, `nxdomain`},
		{"*.example", TypeTXT, `found "this is a wildcard"`},
		{"_tcp.host2.example", TypeMX, `nodata`},
		{"host2.example", TypeMX, `nodata`},

		{"example", TypeSOA, `found "ns.example. john\\.doe.example. 2025010101 7200 900 604800 600"`},
		{"example", TypeNS, `found "ns.example.com" "ns.example.net"`},
		{"example", TypeDS, `offline`},
		{"EXAMPLE.", TypeMX, `nodata`},
		{"www.example", TypeA, `found >host1.example "192.0.2.1"`},
		{"www.example", TypeCNAME, `found "host1.example"`},
		{"www.example", TypeMX, `nodata >host1.example`},
		{"chain.example", TypeA, `found >www.example >host1.example "192.0.2.1"`},
		{"away.example", TypeA, `offline`},
		{"lost.example", TypeA, `nxdomain >sub.host1.example`},
		{"loop1.example", TypeA, `alias-loop`},
		{"x.alias.example", TypeA, `found >host1.example "192.0.2.1"`},
		{"alias.example", TypeA, `nodata`},
		{"ent.host3.example", TypeA, `nodata`},
		{"a.old.example", TypeA, `found >a.new.example "192.0.2.7"`},
		{"b.old.example", TypeA, `nxdomain >b.new.example`},
		{"old.example", TypeA, `nodata`},
		{strings.Repeat("l.", 119) + "old.example", TypeA, `nxdomain >` + strings.Repeat("l.", 119) + "new.example"},
		{"txt.example", TypeTXT, `found "v=spf1 -allunquoteda\"b\\c\xff\x00on thenext line"`},
		{"upper.CASE.example", TypeA, `found "192.0.2.10"`},
		{"host4.example", TypeAAAA, `found "2001:db8::1"`},
		{"host4.example", TypeA, `found "192.0.2.4" "192.0.2.5"`},
		{"tlsa.example", TypeTLSA, `found "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`},
		{"dot.example", TypeA, `nodata`},
		{"odd.dot.example", TypeA, `nodata`}, // by the wildcard: not the label "odd.dot"
		{"sp ace.example", TypeA, `found "192.0.2.12"`},
		{"foo:bar/baz.example", TypeA, `found "192.0.2.13"`},
		{"null.example", TypeMX, `found "0 ."`},
		{"raw.example", 65534, `found "\\# 3 010203"`},
		{"gen.example", TypeA, `found "192.0.2.20"`},
		{"subdel.example", TypeNS, `offline`},
		{"subdel.example", TypeDS, `nodata`},
		{"elsewhere.test", TypeA, `offline`},
		{"exampl", TypeA, `offline`},
		{"a..example", TypeA, `bad-name`},
		{".example", TypeA, `bad-name`},
		{strings.Repeat("a", 64) + ".example", TypeA, `bad-name`},
		{strings.Repeat("a.", 124) + "example", TypeA, `bad-name`},
	} {
		if got := say(r.Lookup(context.Background(), tc.name, tc.typ)); got != tc.want {
			t.Errorf("%s %s: got %s, want %s", tc.name, tc.typ, got, tc.want)
		}
	}
}
