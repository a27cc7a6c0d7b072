package policy

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// checkZone has one domain for each case of TestCheck.
const checkZone = `
	$TTL 3600
	$ORIGIN example.
	@           SOA ns.example. admin.example. 1 7200 900 604800 300
	_spf.esp    TXT "v=spf1 ip4:198.51.100.0/24 -all"
	two.esp     TXT "v=spf1 include:_spf.esp.example -all"
	bad.esp     TXT "v=spf1 ip4:198.51.100.0/33 -all"
	twice.esp   TXT "v=spf1 -all"
	twice.esp   TXT "v=spf1 ~all"
	text.esp    TXT "no record"
	host.esp    A 203.0.113.9

	clean       TXT "v=spf1 ip4:192.0.2.1 include:_spf.esp.example -all"
	none        TXT "site-verification=1"
	near        TXT "v=spf1: ip4:192.0.2.1 -all"
	space       TXT " v=spf1 ip4:192.0.2.1 -all"
	double      TXT "v=spf1 include:_spf.esp.example ~all"
	double      TXT "v=spf1 ip4:192.0.2.0/28 -all"
	typo        TXT "v=spf1 inlude:_spf.esp.example -all"
	gone        TXT "v=spf1 ip4:192.0.2.1 include:absent.esp.example -all"
	nospf       TXT "v=spf1 include:text.esp.example ip4:192.0.2.1 -all"
	permerror   TXT "v=spf1 include:bad.esp.example ip4:192.0.2.1 -all"
	pertwice    TXT "v=spf1 include:twice.esp.example ip4:192.0.2.1 -all"
	unreg       TXT "v=spf1 ip4:192.0.2.1 include:_spf.nobody.test -all"
	unrega      TXT "v=spf1 ip4:192.0.2.1 a:mail.nobody.test -all"
	self        TXT "v=spf1 ip4:192.0.2.1 include:self.example -all"
	around      TXT "v=spf1 include:back.around.example ip4:192.0.2.1 -all"
	back.around TXT "v=spf1 include:around.example -all"
	plus        TXT "v=spf1 ip4:192.0.2.1 +all"
	bare        TXT "v=spf1 ip4:192.0.2.1 all"
	neutral     TXT "v=spf1 ip4:192.0.2.1 ?all"
	open        TXT "v=spf1 ip4:192.0.2.1"
	soft        TXT "v=spf1 ip4:192.0.2.1 ~all"
	after       TXT "v=spf1 ip4:192.0.2.1 -all include:_spf.esp.example"
	both        TXT "v=spf1 ip4:192.0.2.1 -all redirect=_spf.esp.example"
	ptr         TXT "v=spf1 ip4:192.0.2.1 ptr -all"
	ptrmacro    TXT "v=spf1 ip4:192.0.2.1 exists:%{p}.ok.example -all"
	wide        TXT "v=spf1 ip4:11.22.0.0/15 -all"
	huge        TXT "v=spf1 ip4:11.0.0.0/8 -all"
	wide6       TXT "v=spf1 ip6:2600::/31 -all"
	innerwide   TXT "v=spf1 include:wide.example -all"
	many        TXT "v=spf1 ip4:11.16.0.0/12 -all"
	cloud       TXT "v=spf1 ip4:34.64.0.0/18 -all"
	lan         TXT "v=spf1 ip4:192.168.1.1 ip4:192.0.2.1 -all"
	again       TXT "v=spf1 include:_spf.esp.example ip4:192.0.2.1 include:_spf.esp.example -all"
	twoways     TXT "v=spf1 include:two.esp.example include:_spf.esp.example -all"
	inside      TXT "v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.7 -all"
	long        TXT "v=spf1 ip4:192.0.2.1 -all"
	old         TXT "v=spf1 ip4:192.0.2.1 -all"
	old         TXT "spf2.0/pra ip4:192.0.2.1 -all"
	glued       TXT "v=spf1 ip4:192.0.2.1" "include:_spf.esp.example -all"
	glued2      TXT "v=spf1 include:_spf.esp.example" "include:two.esp.example -all"
	modifier    TXT "v=spf1 ip4:192.0.2.1 -all foo=bar"
	mistyped    TXT "v=spf1 ip4=192.0.2.1 -all"
	macro       TXT "v=spf1 ip4:192.0.2.1 include:%{ir}.esp.example -all"
	exp         TXT "v=spf1 ip4:192.0.2.1 -all exp=text.none.example"
	nullmx      TXT "v=spf1 ip4:192.0.2.1 mx -all"
	nullmx      MX 0 .
	nomx        TXT "v=spf1 ip4:192.0.2.1 mx -all"
	void1       TXT "v=spf1 a:v1.example ip4:192.0.2.1 -all"
	void3       TXT "v=spf1 a:v1.example a:v2.example exists:v3.example ip4:192.0.2.1 -all"
	v6void      TXT "v=spf1 a:h1.v6void.example a:h2.v6void.example a:h3.v6void.example ip6:2001:db8::1 -all"
	h1.v6void A 203.0.113.9
	h2.v6void A 203.0.113.10
	h3.v6void A 203.0.113.11
	h1.v6none A 203.0.113.9
	h2.v6none A 203.0.113.10
	h3.v6none A 203.0.113.11
	h1.v6early A 203.0.113.9
	h2.v6early A 203.0.113.10
	h3.v6early A 203.0.113.11
	x1.v4void AAAA 2001:db8:1::1
	x2.v4void AAAA 2001:db8:1::2
	x3.v4void AAAA 2001:db8:1::3
	x1.v4deep AAAA 2001:db8:1::1
	x2.v4deep AAAA 2001:db8:1::2
	x3.v4deep AAAA 2001:db8:1::3
	x1.v4to AAAA 2001:db8:1::1
	x2.v4to AAAA 2001:db8:1::2
	x3.v4to AAAA 2001:db8:1::3
	h2.esp      A 203.0.113.10
	v6foreign   TXT "v=spf1 a:host.esp.example a:h2.esp.example a:h3.esp.example ip6:2001:db8::1 -all"
	h3.esp      A 203.0.113.11
	nine        TXT "v=spf1 a:host.esp.example a:h2.esp.example a:h3.esp.example include:two.esp.example include:k1.example include:k2.example include:k3.example -all"
	k1          TXT "v=spf1 ip4:203.0.113.33 -all"
	k2          TXT "v=spf1 ip4:203.0.113.34 -all"
	k3          TXT "v=spf1 ip4:203.0.113.35 a:host.esp.example -all"
	eleven      TXT "v=spf1 a:host.esp.example mx:mxs.esp.example include:two.esp.example include:k1.example include:k2.example include:k3.example include:four.esp.example ip4:192.0.2.1 -all"
	four.esp    TXT "v=spf1 a:h2.esp.example a:h3.esp.example a:host.esp.example ip4:203.0.113.40 -all"
	mxs.esp     MX 10 host.esp.example.
	mxs.esp     MX 20 h2.esp.example.
	manymx      TXT "v=spf1 mx:crowd.esp.example ip4:192.0.2.1 -all"
	moved       TXT "v=spf1 redirect=_spf.moved.example"
	_spf.moved  TXT "v=spf1 ip4:192.0.2.1 ?all"
	parked      TXT "v=spf1 -all"
	anyone      TXT "v=spf1 ip4:192.0.2.1 exists:host.esp.example -all"
	anyin       TXT "v=spf1 ip4:192.0.2.1 include:inner.plus.example -all"
	inner.plus  TXT "v=spf1 include:plus.example -all"
	any4        TXT "v=spf1 ip4:0.0.0.0/0 ip6:2001:db8::1 -all"
	halves      TXT "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 ip6:2001:db8::1 -all"
	any6        TXT "v=spf1 ip4:192.0.2.1 ip6:2000::/3 -all"
	but         TXT "v=spf1 -ip4:192.0.2.9 ip4:192.0.2.1 include:plus.example -all"
	anyto       TXT "v=spf1 redirect=_spf.anyto.example"
	_spf.anyto  TXT "v=spf1 ip4:192.0.2.1 exists:host.esp.example -all"
	anymacro    TXT "v=spf1 include:%{ir}.esp.example include:plus.example -all"
	closed      TXT "v=spf1 -all ip4:0.0.0.0/0"
	anyerror    TXT "v=spf1 include:bad.esp.example ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"
	x1.six      AAAA 2001:db8:1::1
	x2.six      AAAA 2001:db8:1::2
	x3.six      AAAA 2001:db8:1::3
	v4void      TXT "v=spf1 a:x1.v4void.example ~a:x2.v4void.example a:x3.v4void.example//64 ip4:192.0.2.0/28 -all"
	v4deep      TXT "v=spf1 ip4:192.0.2.1 include:voids.esp.example a:x1.v4deep.example -all"
	voids.esp   TXT "v=spf1 a:x1.six.example a:x2.six.example a:x3.six.example -all"
	v4to        TXT "v=spf1 redirect=_spf.v4to.example"
	_spf.v4to   TXT "v=spf1 a:x1.v4to.example a:x2.v4to.example a:x3.v4to.example ip4:192.0.2.1 -all"
	v6none      TXT "v=spf1 a:h1.v6none.example a:h2.v6none.example a:h3.v6none.example -all"
	v6early     TXT "v=spf1 ip6:2001:db8::1 a:h1.v6early.example a:h2.v6early.example a:h3.v6early.example -all"
	vptr        TXT "v=spf1 a:v1.example mx:v2.example ptr ip4:192.0.2.1 -all"
	perclient   TXT "v=spf1 exists:%{i}.a.example exists:%{i}.b.example ptr ip4:192.0.2.0/28 -all"
	minus       TXT "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 include:_spf.esp.example -all"
`

func zoneOf(t testing.TB) resolver.Resolver {
	t.Helper()
	z := checkZone
	for _, h := range "abcdefghijk" {
		z += "\tcrowd.esp MX 10 " + string(h) + ".crowd.esp.example.\n\t" + string(h) + ".crowd.esp A 203.0.113.77\n"
	}
	for _, h := range "abcdefghijk" {
		z += "\townmx MX 10 " + string(h) + ".ownmx.example.\n\t" + string(h) + ".ownmx A 203.0.113.78\n"
	}
	z += "\townmx TXT \"v=spf1 mx ip4:192.0.2.1 -all\"\n"
	z += "\tlong TXT \"" + strings.Repeat("x", 250) + "\" \"" + strings.Repeat("y", 250) + "\"\n"
	z += "\t$ORIGIN 192.in-addr.arpa.\n\t@ SOA ns.example. admin.example. 1 7200 900 604800 300\n"
	z += "\t$ORIGIN test.\n\t@ SOA ns.example. admin.example. 1 7200 900 604800 300\n"
	return dnstest.Zone(t, z)
}

func TestCheck(t *testing.T) {
	enforced, lax := true, false
	r := zoneOf(t)
	for _, c := range []struct {
		domain   string
		want     string // "check severity" or, for a pass, "check pass"
		fix      string // the value to publish
		advised  bool   // no value is proposed
		but      Context
		alsoNone []string // findings that would be wrong beside it
		says     string   // what the detail says
		asked    string   // a client to evaluate
		// undecided is a check that is no pass either
		undecided string
	}{
		{domain: "clean", want: "spf-syntax pass", alsoNone: []string{"spf-all-softfail", "spf-overlap", "spf-private-address", "spf-void-lookup"}},
		{domain: "none", want: "spf-record-missing error", fix: "v=spf1 ip4:<the address of each server that sends for you> include:<the SPF record of each service that sends for you> ~all", but: Context{MX: "present"}},
		{domain: "none", want: "spf-record-missing error", fix: "v=spf1 -all", but: Context{Profile: finding.Parked}},
		{domain: "none", want: "spf-record-missing warning", fix: "v=spf1 -all", but: Context{Profile: finding.Receiver}},
		{domain: "none", want: "spf-record-missing error", fix: "v=spf1 ip4:192.0.2.9 ip6:2001:db8::9 ip4:<the address of each server that sends for you> include:<the SPF record of each service that sends for you> ~all", but: Context{Evaluations: []spf.Evaluation{
			{IP: netip.MustParseAddr("192.0.2.9"), Result: spf.None}, {IP: netip.MustParseAddr("2001:db8::9"), Result: spf.None}}}},
		{domain: "absent", want: "spf-record-missing error"},
		{domain: "near", want: "spf-syntax critical", fix: "v=spf1 ip4:192.0.2.1 -all", alsoNone: []string{"spf-record-missing"}, undecided: "spf-record-missing"},
		{domain: "space", want: "spf-whitespace error", fix: "v=spf1 ip4:192.0.2.1 -all", alsoNone: []string{"spf-record-missing", "spf-syntax"}, undecided: "spf-record-missing"},
		{domain: "double", want: "spf-multiple-records critical", fix: "v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all"},
		{domain: "typo", want: "spf-syntax critical", fix: "v=spf1 include:_spf.esp.example -all"},
		{domain: "gone", want: "spf-include-missing critical", fix: "v=spf1 ip4:192.0.2.1 include:<the right name in place of absent.esp.example> -all", alsoNone: []string{"spf-target-unregistered"}},
		{domain: "nospf", want: "spf-include-missing critical", fix: "v=spf1 include:<the right name in place of text.esp.example> ip4:192.0.2.1 -all", alsoNone: []string{"spf-void-lookup"}},
		{domain: "permerror", want: "spf-include-permerror critical"},
		{domain: "pertwice", want: "spf-include-permerror critical"},
		{domain: "unreg", want: "spf-target-unregistered critical", fix: "v=spf1 ip4:192.0.2.1 include:<the right name in place of _spf.nobody.test> -all"},
		{domain: "unrega", want: "spf-target-unregistered critical", fix: "v=spf1 ip4:192.0.2.1 a:<the right name in place of mail.nobody.test> -all"},
		{domain: "self", want: "spf-loop critical", fix: "v=spf1 ip4:192.0.2.1 -all"},
		{domain: "around", want: "spf-loop critical", fix: "v=spf1 ip4:192.0.2.1 -all"},
		{domain: "plus", want: "spf-all-pass critical", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each other sender of yours> ~all"},
		{domain: "bare", want: "spf-all-pass critical", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each other sender of yours> ~all"},
		{domain: "anyone", want: "spf-all-pass critical", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each sender that exists:host.esp.example stands for> -all", alsoNone: []string{"spf-address-count"},
			says: `every address in the world, by "exists:host.esp.example", which holds for every client`},
		{domain: "anyin", want: "spf-all-pass critical", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each sender that include:inner.plus.example stands for> -all",
			says: `by "include:inner.plus.example", there by "include:plus.example", there by "+all"`},
		{domain: "any4", want: "spf-all-pass critical", fix: "v=spf1 ip4:<the address of each sender that ip4:0.0.0.0/0 stands for> ip6:2001:db8::1 -all", says: `every IPv4 address in the world, by "ip4:0.0.0.0/0"`},
		{domain: "halves", want: "spf-all-pass critical", fix: "v=spf1 ip4:<the address of each sender that ip4:0.0.0.0/1 stands for> ip4:<the address of each sender that ip4:128.0.0.0/1 stands for> ip6:2001:db8::1 -all", says: `by "ip4:0.0.0.0/1" and "ip4:128.0.0.0/1" together`},
		{domain: "any6", want: "spf-all-pass critical", fix: "v=spf1 ip4:192.0.2.1 ip6:<the address of each sender that ip6:2000::/3 stands for> -all", says: `every IPv6 address in the world, by "ip6:2000::/3"`},
		{domain: "but", want: "spf-all-pass critical", fix: "v=spf1 -ip4:192.0.2.9 ip4:192.0.2.1 ip4:<the address of each sender that include:plus.example stands for> -all", says: `nearly every IPv4 address`},
		{domain: "anyto", want: "spf-all-pass critical", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each sender that exists:host.esp.example stands for> -all"},
		{domain: "anymacro", want: "spf-all-pass critical"},
		{domain: "closed", want: "spf-all-pass pass"},
		{domain: "anyerror", want: "spf-all-pass pass"},
		{domain: "innerwide", want: "spf-all-pass pass"},
		{domain: "neutral", want: "spf-all-neutral warning", fix: "v=spf1 ip4:192.0.2.1 ~all"},
		{domain: "open", want: "spf-all-missing warning", fix: "v=spf1 ip4:192.0.2.1 ~all"},
		{domain: "soft", want: "spf-all-softfail notice", but: Context{DMARCEnforces: &lax}},
		{domain: "soft", want: "spf-all-softfail pass", but: Context{DMARCEnforces: &enforced}},
		{domain: "soft", want: "spf-all-softfail info"},
		{domain: "after", want: "spf-terms-after-all warning", fix: "v=spf1 ip4:192.0.2.1 include:_spf.esp.example -all"},
		{domain: "both", want: "spf-redirect-with-all warning", fix: "v=spf1 ip4:192.0.2.1 <include:_spf.esp.example, if its senders are yours> -all"},
		{domain: "ptr", want: "spf-ptr warning", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each sender that ptr stands for> -all"},
		{domain: "ptrmacro", want: "spf-ptr warning", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each sender that exists:%{p}.ok.example stands for> -all"},
		{domain: "wide", want: "spf-broad-range warning"},
		{domain: "huge", want: "spf-broad-range critical"},
		{domain: "wide6", want: "spf-broad-range warning"},
		{domain: "innerwide", want: "spf-broad-range notice"},
		{domain: "many", want: "spf-address-count notice"},
		{domain: "cloud", want: "spf-shared-provider warning"},
		{domain: "lan", want: "spf-private-address warning", fix: "v=spf1 ip4:<the public address of the host behind 192.168.1.1> ip4:192.0.2.1 -all"},
		{domain: "again", want: "spf-duplicate-term notice", fix: "v=spf1 include:_spf.esp.example ip4:192.0.2.1 -all"},
		{domain: "twoways", want: "spf-duplicate-term notice", fix: "v=spf1 include:two.esp.example -all"},
		{domain: "inside", want: "spf-overlap notice", fix: "v=spf1 ip4:192.0.2.0/24 -all"},
		{domain: "long", want: "spf-record-too-long warning"},
		{domain: "old", want: "spf-deprecated-type notice"},
		{domain: "glued", want: "spf-syntax critical", fix: "v=spf1 ip4:192.0.2.1 include:_spf.esp.example -all",
			says: "Two strings of the record of glued.example join as", alsoNone: []string{"spf-broken-split"}},
		{domain: "glued2", want: "spf-broken-split error", fix: "v=spf1 include:_spf.esp.example include:two.esp.example -all"},
		{domain: "modifier", want: "spf-unknown-modifier notice", fix: "v=spf1 ip4:192.0.2.1 -all"},
		{domain: "mistyped", want: "spf-unknown-modifier error", fix: "v=spf1 ip4:192.0.2.1 -all"},
		{domain: "macro", want: "spf-macro-uncountable notice"},
		{domain: "exp", want: "spf-exp-invalid notice"},
		{domain: "nullmx", want: "spf-mx-void warning", fix: "v=spf1 ip4:192.0.2.1 -all", alsoNone: []string{"spf-void-lookup"}},
		{domain: "nomx", want: "spf-mx-void warning", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each server that sends for you> -all", says: "a void lookup, of which two are allowed", alsoNone: []string{"spf-void-lookup"}},
		{domain: "void1", want: "spf-void-lookup warning", fix: "v=spf1 a:<the right name in place of v1.example> ip4:192.0.2.1 -all", alsoNone: []string{"spf-too-many-void-lookups"}},
		{domain: "void3", want: "spf-too-many-void-lookups critical", fix: "v=spf1 a:<the right name in place of v1.example> a:<the right name in place of v2.example> exists:<the right name in place of v3.example> ip4:192.0.2.1 -all", alsoNone: []string{"spf-void-lookup"}},
		{domain: "v6void", want: "spf-too-many-void-lookups critical", fix: "v=spf1 ip4:203.0.113.9 ip4:203.0.113.10 ip4:203.0.113.11 ip6:2001:db8::1 -all",
			says: "For a client with an IPv6 address 3 terms", alsoNone: []string{"spf-void-lookup"}, undecided: "spf-void-lookup"},
		{domain: "v6foreign", want: "spf-too-many-void-lookups critical", advised: true}, // the addresses of others are not copied
		{domain: "v6early", want: "spf-void-lookup warning", fix: "v=spf1 ip6:2001:db8::1 ip4:203.0.113.9 ip4:203.0.113.10 ip4:203.0.113.11 -all",
			says: "IPv6 clients get permerror", alsoNone: []string{"spf-too-many-void-lookups"}},
		{domain: "v6none", want: "spf-void-lookup warning", says: "IPv6 clients get permerror", alsoNone: []string{"spf-too-many-void-lookups"}},
		{domain: "v6none", want: "spf-too-many-void-lookups critical", fix: "v=spf1 ip4:203.0.113.9 ip4:203.0.113.10 ip4:203.0.113.11 ip6:2001:db8::9 -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("2001:db8::9"), Domain: "v6none.example", Identity: "mailfrom", Result: spf.PermError, VoidLookups: 3, Error: "voids"}}}},
		{domain: "v6none", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip4:203.0.113.9 ip4:203.0.113.10 ip4:203.0.113.11 ip6:2001:db8::9 -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("2001:db8::9"), Domain: "v6none.example", Identity: "mailfrom", Result: spf.PermError, VoidLookups: 3, Error: "voids"}}}},
		{domain: "v4void", want: "spf-too-many-void-lookups critical", fix: "v=spf1 ip6:2001:db8:1::1 ~ip6:2001:db8:1::2 ip6:2001:db8:1::/64 ip4:192.0.2.0/28 -all",
			says: "For a client with an IPv4 address 3 terms", alsoNone: []string{"spf-void-lookup"}},
		{domain: "v4void", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip6:2001:db8:1::1 ~ip6:2001:db8:1::2 ip6:2001:db8:1::/64 ip4:192.0.2.0/28 ip4:192.0.2.99 -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("192.0.2.99"), Domain: "v4void.example", Identity: "mailfrom", Result: spf.PermError, VoidLookups: 3, Error: "voids"}}}},
		{domain: "v4deep", want: "spf-too-many-void-lookups critical"},
		{domain: "v4deep", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip4:192.0.2.99 ip4:192.0.2.1 include:voids.esp.example ip6:2001:db8:1::1 -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("192.0.2.99"), Domain: "v4deep.example", Identity: "mailfrom", Result: spf.PermError, VoidLookups: 3, Error: "voids"}}}},
		{domain: "v4to", want: "spf-too-many-void-lookups critical", fix: "v=spf1 ip6:2001:db8:1::1 ip6:2001:db8:1::2 ip6:2001:db8:1::3 ip4:192.0.2.1 -all"},
		{domain: "vptr", want: "spf-void-lookup warning", says: "For a client without a reverse name (PTR) \"ptr\" finds nothing either: that makes three, and a permerror"},
		{domain: "v4void", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip6:2001:db8:1::1 ~ip6:2001:db8:1::2 ip6:2001:db8:1::/64 ip4:192.0.2.0/28 -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("192.0.2.2"), Domain: "v4void.example", Identity: "mailfrom", Result: spf.PermError, VoidLookups: 3, Error: "voids"}}}},
		{domain: "perclient", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip4:192.0.2.2 exists:%{i}.a.example exists:%{i}.b.example ptr ip4:192.0.2.0/28 -all", asked: "192.0.2.2"},
		{domain: "minus", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip4:192.0.2.99 ip4:192.0.2.1 -ip4:192.0.2.0/24 include:_spf.esp.example -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("192.0.2.99"), Domain: "minus.example", Identity: "mailfrom", Result: spf.Fail, Matched: "-ip4:192.0.2.0/24", MatchedIn: "minus.example"}}}},
		{domain: "nine", want: "spf-lookups-near-limit warning", alsoNone: []string{"spf-too-many-lookups"}},
		{domain: "eleven", want: "spf-too-many-lookups critical", alsoNone: []string{"spf-lookups-near-limit"}},
		{domain: "manymx", want: "spf-too-many-mx critical", fix: "v=spf1 ip4:<the address of each MX host that sends> ip4:192.0.2.1 -all"},
		{domain: "ownmx", want: "spf-too-many-mx critical", fix: "v=spf1 ip4:203.0.113.78 ip4:192.0.2.1 -all"},
		{domain: "moved", want: "spf-all-neutral warning", fix: "v=spf1 ip4:192.0.2.1 ~all"},
		{domain: "parked", want: "spf-all-missing pass"},
		{domain: "clean", want: "spf-ip-not-authorized critical", fix: "v=spf1 ip4:192.0.2.1 include:_spf.esp.example ip4:192.0.2.99 -all",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("192.0.2.99"), Domain: "clean.example", Identity: "mailfrom", Result: spf.Fail, Matched: "-all", MatchedIn: "clean.example"}}}},
		{domain: "clean", want: "spf-ip-not-authorized pass",
			but: Context{Evaluations: []spf.Evaluation{{IP: netip.MustParseAddr("192.0.2.1"), Domain: "clean.example", Identity: "mailfrom", Result: spf.Pass}}}},
	} {
		p := Examine(context.Background(), r, c.domain+".example")
		if c.asked != "" {
			c.but.Evaluations = append(c.but.Evaluations, spf.CheckHost(context.Background(), r, client(c.asked, "a@"+p.Domain)))
		}
		findings := Check(p, c.but).Findings()
		id, severity, _ := strings.Cut(c.want, " ")
		at := slices.IndexFunc(findings, func(f finding.Finding) bool { return f.Check == id && string(f.Severity) == severity })
		if at < 0 {
			t.Errorf("%s: no %s:\n%s", c.domain, c.want, list(findings))
			continue
		}
		f := findings[at]
		if c.fix != "" && (f.Fix == nil || f.Fix.Value != c.fix) {
			t.Errorf("%s: %s proposes %+v, not %q", c.domain, id, f.Fix, c.fix)
		}
		if c.advised && (f.Fix == nil || f.Fix.Value != "") {
			t.Errorf("%s: %s proposes %+v", c.domain, id, f.Fix)
		}
		if !strings.Contains(f.Title+f.Detail, c.says) {
			t.Errorf("%s: %s says %s", c.domain, id, f.Detail)
		}
		for _, x := range findings {
			if slices.Contains(c.alsoNone, x.Check) && x.Severity != finding.Pass {
				t.Errorf("%s: %s %s beside %s: %s", c.domain, x.Check, x.Severity, id, x.Detail)
			}
			if x.Check == c.undecided {
				t.Errorf("%s: %s is %s", c.domain, x.Check, x.Severity)
			}
			sound(t, c.domain, x)
		}
		if f.Fix == nil || !f.Fix.Complete {
			continue
		}
		// What is offered against permerror and for an address works.
		published := instead{r, f.Fix.Name, f.Fix.Value}
		switch id {
		case "spf-too-many-void-lookups":
			for _, a := range append(p.clients(), netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("2001:db8::3")) {
				if e := spf.CheckHost(context.Background(), published, client(a.String(), "a@"+p.Domain)); e.Result == spf.PermError {
					t.Errorf("%s: %q gives permerror for %s: %s", c.domain, f.Fix.Value, a, e.Error)
				}
			}
		case "spf-ip-not-authorized":
			for _, x := range c.but.Evaluations {
				if e := spf.CheckHost(context.Background(), published, client(x.IP.String(), "a@"+p.Domain)); e.Result != spf.Pass {
					t.Errorf("%s: %q gives %s for %s: %s", c.domain, f.Fix.Value, e.Result, x.IP, e.Error)
				}
			}
		}
	}
}

// instead is a resolver with one SPF record in place of another.
type instead struct {
	resolver.Resolver
	name, text string
}

func (i instead) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if name == i.name && t == resolver.TypeTXT {
		return &resolver.Answer{Name: name, Type: t, Status: resolver.Found, Records: []resolver.Record{{Name: name, Type: t, TXT: []string{i.text}}}}, nil
	}
	return i.Resolver.Lookup(ctx, name, t)
}

// sound tests what must be true of every finding.
func sound(t *testing.T, domain string, f finding.Finding) {
	t.Helper()
	if f.Severity == finding.Pass {
		return
	}
	if f.Detail == "" || !strings.HasSuffix(f.Detail, ".") || strings.Contains(f.Detail, "%!") {
		t.Errorf("%s: %s: detail %q", domain, f.Check, f.Detail)
	}
	if len(f.Evidence) == 0 {
		t.Errorf("%s: %s has no evidence", domain, f.Check)
	}
	if f.Severity == finding.Unknown && f.CouldBe == "" {
		t.Errorf("%s: %s does not say what it could be", domain, f.Check)
	}
	if f.Fix == nil || f.Fix.Value == "" {
		return
	}
	if _, l := spf.Parse(filled(f.Fix.Value)); !spf.IsRecord(f.Fix.Value) || l.ErrorAt >= 0 {
		t.Errorf("%s: %s proposes the invalid record %q", domain, f.Check, f.Fix.Value)
	}
}

func list(fs []finding.Finding) string {
	var b strings.Builder
	for _, f := range fs {
		if f.Severity != finding.Pass {
			b.WriteString("\t" + f.Check + " " + string(f.Severity) + ": " + f.Detail + "\n")
		}
	}
	return b.String()
}

// TestBounded: an evaluation that this program's own bound ended is unknown, and the DNS
// is not blamed.
func TestBounded(t *testing.T) {
	z := spftest.New()
	z.Add("acme.example", resolver.TypeTXT, "v=spf1"+strings.Repeat(" mx", 10)+" -all")
	for i := range 10 {
		host := fmt.Sprintf("h%d.acme.example", i)
		z.Add("acme.example", resolver.TypeMX, host)
		z.Add(host, resolver.TypeA, "203.0.113.1")
	}
	e := spf.CheckHost(context.Background(), z, client("192.0.2.1", "a@acme.example"))
	if !e.Bounded {
		t.Fatalf("%+v", e)
	}
	found := false
	for _, f := range Check(Examine(context.Background(), z, "acme.example"), Context{Evaluations: []spf.Evaluation{e}}).Findings() {
		if f.Check != "spf-unresolved" {
			continue
		}
		found = true
		if f.Title != "SPF evaluation not finished: result unknown" || f.Subject != "192.0.2.1" {
			t.Errorf("%s: %s", f.Title, f.Detail)
		}
	}
	if !found {
		t.Error("no spf-unresolved")
	}
}

// client is a client of the test that sends from an address.
func client(ip, from string) spf.Client {
	return spf.Client{IP: netip.MustParseAddr(ip), HELO: "mx.acme.example", MailFrom: from}
}
