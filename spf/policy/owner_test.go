package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/spf"
)

// TestFlattenBarren: a sender whose record is not there is not flattened away.
func TestFlattenBarren(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN example.
		@         SOA ns.example. admin.example. 1 7200 900 604800 300
		acme      TXT "v=spf1 ip4:192.0.2.1 include:%{i}._spf.%{d} -all"
	`)
	f, err := Flatten(context.Background(), r, "acme.example", noon)
	if err != nil || f.Withheld == "" || f.AsFix() != nil {
		t.Errorf("%+v %v", f, err)
	}
}

// TestFlattenElsewhere: what is an alias or a wildcard's is flattened where it stands.
func TestFlattenElsewhere(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@    SOA ns.example. admin.example. 1 7200 900 604800 300
		mx1  A 192.0.2.10
		news CNAME t
		t    TXT "v=spf1 a:mx1.acme.example -all"
		*    TXT "v=spf1 a:mx1.acme.example ~all"
	`)
	for _, c := range []struct{ domain, withheld string }{
		{"news.acme.example", "mailworthy spf flatten t.acme.example"},
		{"foo.acme.example", "the record is the one of *.acme.example"},
		{"t.acme.example", ""},
	} {
		f, err := Flatten(context.Background(), r, c.domain, noon)
		if err != nil || !strings.Contains(f.Withheld, c.withheld) || (f.Withheld == "") != (c.withheld == "") || (len(f.Records) > 0) != (c.withheld == "") {
			t.Errorf("%s: %+v %v", c.domain, f, err)
		}
	}
}

// TestOwnersRecords: records as their owners publish them. What they name stays, what only
// they know is asked, and one cause is said once.
func TestOwnersRecords(t *testing.T) {
	for _, c := range []struct {
		in string // records of acme.example; the first is at the apex
		// fix is the record proposed, whole if it holds no placeholder; empty is none.
		fix    string
		at     string // its name, if not acme.example
		more   string // what is published besides
		checks string // all that are found
		says   string
		never  string
	}{
		// A Sender ID record that holds the only list of senders.
		{in: "spf2.0/mfrom v=spf1 mx include:_spf.esp.example ~all", fix: "v=spf1 mx include:_spf.esp.example ~all", checks: "spf-syntax", says: "the version of Sender ID"},
		{in: "spf2.0/mfrom,pra mx include:_spf.esp.example -all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-syntax"},
		{in: "SPF2.0/pra,mfrom +mx inlude:_spf.esp.example -all", fix: "v=spf1 +mx include:_spf.esp.example -all", checks: "spf-syntax"},
		{in: "spf2.0/pra mx -all", fix: "v=spf1 ip4:<the address of each server that sends for you> include:<the SPF record of each service that sends for you> ~all", checks: "spf-record-missing spf-deprecated-type"},
		{in: "spf2.0/pra v=spf1 mx -all", fix: "v=spf1 mx -all", checks: "spf-syntax"},
		{in: "v=spf2 mx -all", fix: "v=spf1 mx -all", checks: "spf-syntax"},
		{in: "spf=v1 mx -all", fix: "v=spf1 mx -all", checks: "spf-syntax"},
		{in: "v=spf3 hello", checks: "spf-record-missing", fix: "v=spf1 ip4:<the address of each server that sends for you> include:<the SPF record of each service that sends for you> ~all"},
		{in: "v=spf1mxinclude:_spf.esp.example-all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-syntax", says: "A space is missing behind v=spf1", never: `becomes "v=spf1"`},
		// Whoever names a mailbox for reports, or a text that is missing, keeps it.
		{in: "v=spf1 mx ra=postmaster rp=100 rr=e:f -all", checks: "spf-unknown-modifier"},
		{in: "v=spf1 inlude:_spf.esp.example ra=postmaster -all", fix: "v=spf1 include:_spf.esp.example -all ra=postmaster", checks: "spf-syntax spf-unknown-modifier"},
		{in: "v=spf1 mx mx ra=postmaster -all", fix: "v=spf1 mx -all ra=postmaster", checks: "spf-duplicate-term spf-unknown-modifier"},
		{in: "v=spf1 mx ra=a@acme.example -all", checks: "spf-unknown-modifier", says: "is malformed"},
		{in: "v=spf1 mx exp=why.acme.example -all", checks: "spf-exp-invalid"},
		{in: "v=spf1 mx mx exp=why.acme.example -all", fix: "v=spf1 mx -all exp=why.acme.example", checks: "spf-duplicate-term spf-exp-invalid"},
		// A record below the same domain is the reader's own.
		{in: "v=spf1 include:_own.acme.example -all\n_own v=spf1 ptr -all", fix: "v=spf1 ip4:<the address of each sender that ptr stands for> -all", at: "_own.acme.example", checks: "spf-ptr", never: "Ask the owner"},
		// The host of a mail domain need not be what sends its mail.
		{in: "v=spf1 mx a:info@acme.example ~all", fix: "v=spf1 mx a:<the right name in place of info@acme.example> ~all", checks: "spf-void-lookup spf-all-softfail"},
		{in: "v=spf1 mx mx:info@acme.example -all", fix: "v=spf1 mx mx:<the right name in place of info@acme.example> -all", checks: "spf-void-lookup"},
		{in: "v=spf1 inlude:_spf.esp.example a:info@acme.example -all", fix: "v=spf1 include:_spf.esp.example a:<the name that a:info@acme.example was meant to be> -all", checks: "spf-syntax"},
		{in: "v=spf1 mx include:info@_spf.esp.example -all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-include-missing", says: "permerror"},
		{in: "v=spf1 mx include:info@acme.example -all", fix: "v=spf1 mx include:<the right name in place of info@acme.example> -all", checks: "spf-include-missing", says: "permerror", never: "probably meant"},
		// A host inside sends by an address that the DNS does not know.
		{in: "v=spf1 mx ip4:10.0.0.5 -all", fix: "v=spf1 mx ip4:<the public address of the host behind 10.0.0.5> -all", checks: "spf-private-address"},
		{in: "v=spf1 mx ip6:fd00::5 ip4:127.0.0.1 -all", fix: "v=spf1 mx ip6:<the public address of the host behind fd00::5> -all", checks: "spf-private-address"},
		{in: "v=spf1 mx ip4:127.0.0.1 ip4:192.168.1.0/24 -all", fix: "v=spf1 mx -all", checks: "spf-private-address"},
		// An address that stands bare.
		{in: "v=spf1 ip6:2001:db8:2::/64 2001:db8:3::25 -all", fix: "v=spf1 ip6:2001:db8:2::/64 ip6:2001:db8:3::25 -all", checks: "spf-syntax"},
		{in: "v=spf1 ip4:192.0.2.0/28 198.51.100.7 -all", fix: "v=spf1 ip4:192.0.2.0/28 ip4:198.51.100.7 -all", checks: "spf-syntax"},
		{in: "v=spf1 ip4:192.0.2.1 192.0.2.7 -all", fix: "v=spf1 ip4:192.0.2.1 <the term that 192.0.2.7 was meant to be> -all", checks: "spf-syntax"},
		{in: "v=spf1 ip6:2001:db8::2 001:db8::25 -all", fix: "v=spf1 ip6:2001:db8::2 <the term that 001:db8::25 was meant to be> -all", checks: "spf-syntax"},
		{in: "v=spf1 mx ip4:[192.0.2.25] ip6:[2001:db8::25] -all", fix: "v=spf1 mx ip4:192.0.2.25 ip6:2001:db8::25 -all", checks: "spf-syntax"},
		{in: "v=spf1 mx ip4:[192.0.2.25 -all", fix: "v=spf1 mx ip4:<the address that ip4:[192.0.2.25 was meant to be> -all", checks: "spf-syntax"},
		{in: "v=spf1 mx ip4:[2.0.2.25] -all", fix: "v=spf1 mx ip4:<the address that ip4:[2.0.2.25] was meant to be> -all", checks: "spf-syntax"},
		// What another service asked for.
		{in: "v=spf1 mx -all:proof=073f26e958d1", fix: "v=spf1 mx -all", more: "acme.example TXT proof=073f26e958d1", checks: "spf-syntax", says: "belongs in a TXT record of its own"},
		{in: "v=spf1 mx -all google-site-verification=abcdef", fix: "v=spf1 mx -all", more: "acme.example TXT google-site-verification=abcdef", checks: "spf-unknown-modifier", says: "belongs in a TXT record of its own"},
		{in: "v=spf1 mx -allMS=ms123", fix: "v=spf1 mx -all", more: "acme.example TXT MS=ms123", checks: "spf-syntax", says: "belongs in a TXT record of its own"},
		{in: "v=spf1 mx \"-all\" \"MS=ms123\"", fix: "v=spf1 mx -all", more: "acme.example TXT MS=ms123", checks: "spf-syntax"},
		{in: "v=spf1 mx -all MS=ms123", fix: "v=spf1 mx -all", more: "acme.example TXT MS=ms123", checks: "spf-unknown-modifier"},
		{in: "v=spf1 mx -all google-site-verification=a.b:c", fix: "v=spf1 mx -all", more: "acme.example TXT google-site-verification=a.b:c", checks: "spf-unknown-modifier"},
		{in: "v=spf1 MS=ms123 ip4:192.0.2.25:587 -all", fix: "v=spf1 ip4:192.0.2.25 -all", more: "acme.example TXT MS=ms123", checks: "spf-syntax"},
		{in: "v=spf1 -all MS=ms123", fix: "v=spf1 -all", more: "acme.example TXT MS=ms123", checks: "spf-unknown-modifier"},
		{in: "v=spf1 mx -all MS=ms123\n@ MS=ms123", fix: "v=spf1 mx -all", checks: "spf-unknown-modifier"},
		{in: "v=spf1 mx sender=esp.example -all", fix: "v=spf1 mx <the term that sender=esp.example was meant to be> -all", checks: "spf-unknown-modifier"},
		// Two records in one have one cause and one fix.
		{in: "v=spf1 mx -all v=spf1 include:_spf.esp.example ~all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-terms-after-all", says: "two were put into one"},
		{in: "v=spf1 mx v=spf1 include:_spf.esp.example -all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-unknown-modifier"},
		// A stray separator before all, a word for an address, a record's name behind mx.
		{in: "v=spf1 mx include:_spf.esp.example:-all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-syntax", says: "probably meant to be"},
		{in: "v=spf1 mx a:mail.acme.example,-all", fix: "v=spf1 mx a:mail.acme.example -all", checks: "spf-syntax"},
		{in: "v=spf1 mx include:_spf.sp.example:-all", fix: "v=spf1 mx include:<the right name in place of _spf.sp.example> -all", checks: "spf-syntax spf-target-unregistered", says: "as it is corrected, leads to no SPF record"},
		{in: "v=spf1 mx include:x:-all", fix: "v=spf1 mx include:<the name that include:x: was meant to be> -all", checks: "spf-syntax"},
		{in: "v=spf1 mx ip4:192.0.2.2:-all", fix: "v=spf1 mx ip4:<the address that ip4:192.0.2.2: was meant to be> -all", checks: "spf-syntax"},
		{in: "v=spf1 mx server:192.0.2.25 -all", fix: "v=spf1 mx ip4:192.0.2.25 -all", checks: "spf-syntax", says: "probably meant to be"},
		{in: "v=spf1 mx ip:192.0.2.25 ipaddress:2001:db8::25 -all", fix: "v=spf1 mx ip4:192.0.2.25 ip6:2001:db8::25 -all", checks: "spf-syntax"},
		{in: "v=spf1 mx _spf.esp.example -all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-syntax"},
		{in: "v=spf1 mx _spf.sp.example -all", fix: "v=spf1 mx include:<the right name in place of _spf.sp.example> -all", checks: "spf-syntax spf-target-unregistered", says: "as it is corrected, leads to no SPF record"},
		{in: "v=spf1 mx mail.acme.example -all", fix: "v=spf1 mx <the term that mail.acme.example was meant to be> -all", checks: "spf-syntax"},
		// Whoever the client is, a loaded zone has no record for it.
		{in: "v=spf1 include:%{ir}.%{d}._spf.acme.example -all", fix: "v=spf1 include:<the right name in place of acme.example._spf.acme.example> -all", checks: "spf-include-missing", says: "whatever the client is"},
		{in: "v=spf1 mx redirect=%{i}._spf.%{d}", fix: "v=spf1 mx redirect=<the right name in place of _spf.acme.example>", checks: "spf-include-missing", says: "permerror"},
		{in: "v=spf1 include:%{i}._spf.%{d} -all\n192.0.2.10._spf v=spf1 ip4:192.0.2.10 -all", checks: "spf-macro-uncountable"},
		{in: "v=spf1 include:%{i}._spf.%{d} -all\n*._spf v=spf1 ip4:192.0.2.10 -all", checks: "spf-macro-uncountable"},
		{in: "v=spf1 include:%{l}.%{i}._spf.%{d} -all", checks: "spf-macro-uncountable"},
		{in: "v=spf1 include:_spf.%{h} -all", checks: "spf-macro-uncountable"},
		{in: "v=spf1 mx exists:%{i}._spf.%{d} -all", checks: ""},
		// Of a record in error a receiver reads nothing.
		{in: "v=spf1 ipv4:192.0.2.25 include:acme.example -all", fix: "v=spf1 ip4:192.0.2.25 -all", checks: "spf-syntax", says: "Once that is repaired"},
		{in: "v=spf1 ip4:192.0.2.25:587 mx:mail.acme.example -all", fix: "v=spf1 ip4:192.0.2.25 a:mail.acme.example -all", checks: "spf-syntax", says: "which has no MX record"},
		// One cause, one finding.
		{in: "v=spf1 mx a:https://mail.acme.example -all", fix: "v=spf1 mx a:mail.acme.example -all", checks: "spf-void-lookup"},
		// What names stand for today may change: only addresses within addresses are spared.
		{in: "v=spf1 +a +mx +ip4:192.0.2.80 -all", checks: "spf-overlap", says: "Nothing need change"},
		{in: "v=spf1 mx ip4:192.0.2.10 -all", checks: "spf-overlap"},
		{in: "v=spf1 a:mail.acme.example ip4:192.0.2.0/24 -all", checks: "spf-overlap"},
		{in: "v=spf1 mx:acme.example/24 a/24//64 -all", checks: "spf-overlap"},
		{in: "v=spf1 mx ip4:192.0.2.128/25 ip4:192.0.2.200 -all", fix: "v=spf1 mx ip4:192.0.2.128/25 -all", checks: "spf-overlap"},
		{in: "v=spf1 mx a:mail.acme.example a:mail.acme.example/25 -all", fix: "v=spf1 mx a:mail.acme.example/25 -all", checks: "spf-overlap"},
		// A host in place of a mail domain.
		{in: "v=spf1 mx:mail.acme.example -all", fix: "v=spf1 a:mail.acme.example -all", checks: "spf-mx-void", says: "probably meant is \"a:mail.acme.example\""},
		{in: "v=spf1 mx mx:mail.acme.example/32 -all", fix: "v=spf1 mx a:mail.acme.example/32 -all", checks: "spf-mx-void"},
		{in: "v=spf1 mx MX:MAIL.acme.example mx:mx1.acme.example -all", fix: "v=spf1 mx a:MAIL.acme.example a:mx1.acme.example -all", checks: "spf-mx-void"},
		{in: "v=spf1 mx mx:mail.acme.example/24 -all", fix: "v=spf1 mx <a:mail.acme.example/24, if it sends for you> -all", checks: "spf-mx-void"},
		{in: "v=spf1 mx mx:mx.esp.example -all", fix: "v=spf1 mx <a:mx.esp.example, if it sends for you> -all", checks: "spf-mx-void"},
		// Without a name, mx is of the mail domain itself, wherever the record stands.
		{in: "v=spf1 redirect=mail.acme.example\nmail v=spf1 mx ip4:192.0.2.7 -all", at: "mail.acme.example", fix: "v=spf1 ip4:<the address of each server that sends for you> ip4:192.0.2.7 -all", checks: "spf-mx-void"},
		{in: "v=spf1 redirect=mail.acme.example\nmail v=spf1 +mx ip4:192.0.2.7 -all", at: "mail.acme.example", fix: "v=spf1 ip4:<the address of each server that sends for you> ip4:192.0.2.7 -all", checks: "spf-mx-void"},
		{in: "v=spf1 redirect=mail.acme.example\nmail v=spf1 MX ip4:192.0.2.7 -all", at: "mail.acme.example", fix: "v=spf1 ip4:<the address of each server that sends for you> ip4:192.0.2.7 -all", checks: "spf-mx-void"},
		{in: "v=spf1 redirect=mail.acme.example\nmail v=spf1 mx/24 ip4:192.0.2.7 -all", at: "mail.acme.example", fix: "v=spf1 ip4:<the address of each server that sends for you> ip4:192.0.2.7 -all", checks: "spf-mx-void"},
		{in: "v=spf1 include:mail.acme.example -all\nmail v=spf1 mx//64 ip4:192.0.2.7 -all", checks: "spf-void-lookup"},
		{in: "v=spf1 mx mx:www.acme.example -all", fix: "v=spf1 mx <a:www.acme.example, if it sends for you> -all", checks: "spf-mx-void"},
		// A permerror authorises nobody: what the rest of the record would let pass is said as that.
		{in: "v=spf1 mx ip4:300.1.1.1 +all", fix: "v=spf1 mx ip4:<the address that ip4:300.1.1.1 was meant to be> ip4:<the address of each other sender of yours> ~all", checks: "spf-syntax", never: "authorises"},
		{in: "v=spf1 mx mx:shop.acme.example -all", fix: "v=spf1 mx <a:shop.acme.example, if it sends for you> -all", checks: "spf-mx-void"},
		{in: "v=spf1 mx -mx:mail.acme.example -all", fix: "v=spf1 mx ip4:<the address of each server that sends for you> -all", checks: "spf-mx-void", never: "probably meant"},
		{in: "v=spf1 mx mx:inside.acme.example -all", fix: "v=spf1 mx ip4:<the address of each server that sends for you> -all", checks: "spf-mx-void", never: "probably meant"},
		{in: "v=spf1 mx ip4:0.0.0.0/0 -all", fix: "v=spf1 mx ip4:<the address of each sender that ip4:0.0.0.0/0 stands for> -all", checks: "spf-all-pass spf-broad-range"},
		// What an included record of the domain's own says to no receiver.
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 ip4:192.0.2.25 -all redirect=_spf.esp.example", at: "spf.acme.example", fix: "v=spf1 ip4:192.0.2.25 <include:_spf.esp.example, if its senders are yours> -all", checks: "spf-redirect-with-all"},
		{in: "v=spf1 mx -all redirect=_spf.esp.example", fix: "v=spf1 mx <include:_spf.esp.example, if its senders are yours> -all", checks: "spf-redirect-with-all"},
		// How many void lookups come before it, only the client tells.
		{in: "v=spf1 mx ptr exists:%{i}._spf.acme.example -all exists:gone.acme.example", fix: "v=spf1 mx ip4:<the address of each sender that ptr stands for> exists:%{i}._spf.acme.example ip4:<the address of each sender that exists:gone.acme.example stands for> -all", checks: "spf-ptr spf-terms-after-all"},
		{in: "v=spf1 mx -all redirect=gone.esp.example", fix: "v=spf1 mx -all", checks: "spf-redirect-with-all", says: "its policy does not change"},
		{in: "v=spf1 mx include:_spf.esp.example redirect=_spf.esp.example -all", fix: "v=spf1 mx include:_spf.esp.example -all", checks: "spf-redirect-with-all", says: "its policy does not change"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 -all include:_spf.esp.example", at: "spf.acme.example", fix: "v=spf1 include:_spf.esp.example -all", checks: "spf-terms-after-all"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 ip4:192.0.2.25 -all a:gone.acme.example", at: "spf.acme.example", fix: "v=spf1 ip4:192.0.2.25 a:<the right name in place of gone.acme.example> -all", checks: "spf-terms-after-all"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 ip4=192.0.2.25 include:_spf.esp.example -all", at: "spf.acme.example", fix: "v=spf1 ip4:192.0.2.25 include:_spf.esp.example -all", checks: "spf-unknown-modifier", says: "not in force"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 a:mail.acme.example,a:mx1.acme.example -all", at: "spf.acme.example", fix: "v=spf1 a:mail.acme.example a:mx1.acme.example -all", checks: "spf-void-lookup", says: "no host has such a name"},
		{in: "v=spf1 mx ?include:spf.acme.example -all\nspf v=spf1 redirect=_spf.esp.example +all", checks: "spf-redirect-with-all", says: "without the redirect, or without all"},
		{in: "v=spf1 redirect=_spf.esp.example ~all", fix: "v=spf1 <include:_spf.esp.example, if its senders are yours> ~all", checks: "spf-redirect-with-all spf-all-softfail"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 ?all redirect=_spf.esp.example", at: "spf.acme.example", fix: "v=spf1 <include:_spf.esp.example, if its senders are yours> ?all", checks: "spf-redirect-with-all"},
		{in: "v=spf1 mx include:_spf.de,example.com,_b.example -all", fix: "v=spf1 mx include:<the right name in place of _spf.de,example.com,_b.example> -all", checks: "spf-include-missing"},
		{in: "v=spf1 mx -all a:gone.acme.example", fix: "v=spf1 mx a:<the right name in place of gone.acme.example> -all", checks: "spf-terms-after-all"},
		// A bare name that may be two terms is what the DNS bears out.
		{in: "v=spf1 ip4:192.0.2.1 mx.acme.example -all", fix: "v=spf1 ip4:192.0.2.1 mx:acme.example -all", checks: "spf-syntax", says: "probably meant to be \"mx:acme.example\""},
		{in: "v=spf1 ip4:192.0.2.1 mx.acme.example -all\nmx v=text", fix: "v=spf1 ip4:192.0.2.1 mx:acme.example -all", checks: "spf-syntax"},
		{in: "v=spf1 ip4:192.0.2.1 mx.esp.example -all", fix: "v=spf1 ip4:192.0.2.1 a:mx.esp.example -all", checks: "spf-syntax", says: "probably meant to be \"a:mx.esp.example\""},
		{in: "v=spf1 ip4:192.0.2.1 mx.mail.acme.example -all", fix: "v=spf1 ip4:192.0.2.1 <mx:mail.acme.example or a:mx.mail.acme.example> -all", checks: "spf-syntax", never: "probably meant to be"},
		{in: "v=spf1 ip4:192.0.2.1 a.www.acme.example -all", fix: "v=spf1 ip4:192.0.2.1 a:www.acme.example -all", checks: "spf-syntax"},
		{in: "v=spf1 ip4:192.0.2.1 acme.example -all", fix: "v=spf1 ip4:192.0.2.1 a:acme.example -all", checks: "spf-syntax"},
		{in: "v=spf1 esp.example mx -all", fix: "v=spf1 <a:esp.example or include:esp.example> mx -all", checks: "spf-syntax"},
		// A record of the domain's own that another one leads to.
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 ip4:192.0.2.25 -all\nspf v=spf1 include:_spf.esp.example ~all", at: "spf.acme.example",
			fix: "v=spf1 ip4:192.0.2.25 include:_spf.esp.example -all", checks: "spf-include-permerror", never: "Tell the owner"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf1 ip4:192.0.2.25 -all\nspf v=spf1 include:acme.example ~all", checks: "spf-include-permerror", never: "Tell the owner"},
		{in: "v=spf1 redirect=spf.acme.example\nspf v=spf include:acme.example mx:acme.example -all", fix: "v=spf1 redirect=<the right name in place of spf.acme.example>", checks: "spf-include-missing"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf ip4:192.0.2.25 include:_spf.esp.example", at: "spf.acme.example", fix: "v=spf1 ip4:192.0.2.25 include:_spf.esp.example", checks: "spf-include-missing"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf v=spf ip4:192.0.2.25 ~all", at: "spf.acme.example", fix: "v=spf1 ip4:192.0.2.25 ~all", checks: "spf-include-missing"},
		{in: "v=spf1 mx include:spf.acme.example -all\nspf ip4:192.0.2.25 +all", fix: "v=spf1 mx include:<the right name in place of spf.acme.example> -all", checks: "spf-include-missing"},
	} {
		var records []string
		for line := range strings.SplitSeq("@ "+c.in, "\n") {
			name, text, _ := strings.Cut(line, " ")
			records = append(records, fmt.Sprintf("%s TXT %q", name, text))
		}
		r := dnstest.Zone(t, `
			$TTL 3600
			$ORIGIN example.
			@         SOA ns.example. admin.example. 1 7200 900 604800 300
			_spf.esp  TXT "v=spf1 ip4:203.0.113.0/25 -all"
			mx.esp    A 203.0.113.5
			$ORIGIN acme.example.
			@         MX 10 mx1
			@         A 192.0.2.80
			mx1       A 192.0.2.10
			mail      A 192.0.2.25
			shop A 192.0.2.80
			www       A 192.0.2.80
			inside    A 10.0.0.5
			`+strings.Join(records, "\n\t\t\t")+"\n")
		var found, fixes []string
		said := ""
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Severity == finding.Pass {
				continue
			}
			if !slices.Contains(found, f.Check) {
				found = append(found, f.Check)
			}
			said += f.Title + " " + f.Detail + " "
			sound(t, c.in, f)
			if f.Fix == nil {
				continue
			}
			said += f.Fix.Summary + " "
			if f.Fix.Value == "" {
				if f.Fix.Complete {
					t.Errorf("%q: %s: %+v", c.in, f.Check, f.Fix)
				}
				continue
			}
			if at := f.Fix.Name; at != "acme.example" && at != c.at || f.Fix.Complete == strings.Contains(c.fix, "<") {
				t.Errorf("%q: %s: %+v", c.in, f.Check, f.Fix)
			}
			if !slices.Contains(fixes, f.Fix.Value) {
				fixes = append(fixes, f.Fix.Value)
			}
			more := ""
			for _, r := range f.Fix.More {
				more += r.Name + " " + r.Type + " " + r.Value
			}
			if more != c.more {
				t.Errorf("%q: %s: besides %q, not %q", c.in, f.Check, more, c.more)
			}
		}
		want := strings.Fields(c.checks)
		slices.Sort(want)
		slices.Sort(found)
		if !slices.Equal(found, want) {
			t.Errorf("%q: %v, not %v", c.in, found, want)
		}
		if strings.Join(fixes, "|") != c.fix {
			t.Errorf("%q becomes %q, not %q", c.in, fixes, c.fix)
		}
		if !strings.Contains(said, c.says) || c.never != "" && strings.Contains(said, c.never) {
			t.Errorf("%q: %s", c.in, said)
		}
		for _, f := range fixes {
			if _, l := spf.Parse(f); !strings.Contains(f, "<") && l.ErrorAt >= 0 {
				t.Errorf("%q: %q", c.in, f)
			}
		}
	}
}

// TestRepairedCircle: a repaired record that would lead back to where all begins is
// no complete fix.
func TestRepairedCircle(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@      SOA ns.example. admin.example. 1 7200 900 604800 300
		@      TXT "v=spf1 redirect=_spf.acme.example"
		_spf   TXT "v=spf1 ip4:192.0.2.7 include:_own.acme.example -all"
		_own   TXT "v=spf1 include:acme.example inclde:_esp.acme.example -all"
		_esp   TXT "v=spf1 ip4:203.0.113.0/25 -all"
	`)
	asked := 0
	for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
		if f.Fix == nil || f.Fix.Name != "_own.acme.example" {
			continue
		}
		asked++
		if f.Fix.Complete || !strings.Contains(f.Fix.Value, "include:<the right name in place of acme.example>") {
			t.Errorf("%s: %+v", f.Check, f.Fix)
		}
	}
	if asked == 0 {
		t.Error("nothing is proposed for the broken record")
	}
}

// TestCircleInError: a record that leads back to itself and has another mistake as well names
// senders that nobody reads: what includes it is not taken out.
func TestCircleInError(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@   SOA ns.example. admin.example. 1 7200 900 604800 300
		@   TXT "v=spf1 ip4:192.0.2.7 include:b.acme.example -all"
		b   TXT "v=spf1 include:b.acme.example ip4.192.0.2.3 -all"
	`)
	said := false
	for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
		said = said || f.Check == "spf-loop" && f.Severity != finding.Pass
		if f.Fix != nil && f.Fix.Name == "acme.example" {
			t.Errorf("%s: %+v", f.Check, f.Fix)
		}
	}
	if !said {
		t.Error("the circle is not said")
	}
}

// TestExampleAddresses: an address that was copied from an example stands where one of the
// owner's belongs, and is asked for in every proposal.
func TestExampleAddresses(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.com.
		@   SOA ns.example. admin.example. 1 7200 900 604800 300
		@   TXT "v=spf1 include:gone.acme.com ip4:192.0.2.10 -all"
	`)
	const want = "v=spf1 include:<the right name in place of gone.acme.com> ip4:<your address in place of 192.0.2.10, which is one of examples> -all"
	asked := 0
	for _, f := range Check(Examine(context.Background(), r, "acme.com"), Context{MX: "present"}).Findings() {
		if f.Fix == nil || f.Fix.Value == "" {
			continue
		}
		asked++
		if f.Fix.Complete || f.Fix.Value != want {
			t.Errorf("%s: %+v", f.Check, f.Fix)
		}
	}
	if asked == 0 {
		t.Error("nothing is proposed")
	}
}

// TestType99Beside: a record of type SPF beside the TXT record is read by nobody.
func TestType99Beside(t *testing.T) {
	for _, c := range []struct{ spf, says string }{
		{"v=spf1 mx -all", "Remove the record of type SPF."},
		{"v=spf1 ip4:203.0.113.77 -all", "once the senders that it names stand in the TXT record"},
		{"hello", ""},
	} {
		r := ownZone(t, "@ TXT \"v=spf1 mx -all\"\n@ SPF \""+c.spf+"\"\n")
		said := ""
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check == "spf-deprecated-type" && f.Severity == finding.Notice {
				said = f.Fix.Summary
			}
		}
		if said == "" != (c.says == "") || !strings.Contains(said, c.says) {
			t.Errorf("%s: %q", c.spf, said)
		}
	}
}

// TestType99: what a zone has as type SPF is no record, and as TXT it would be.
func TestType99(t *testing.T) {
	for _, c := range []struct{ zone, says, fix string }{
		{`@ SPF "v=spf1 ip4:192.0.2.10 mx -all"`, "of type SPF (99)", "v=spf1 ip4:192.0.2.10 mx -all"},
		{"@ SPF \"v=spf1 mx -all\"\n@ TXT \"MS=ms123\"", "of type SPF (99)", "v=spf1 mx -all"},
		{`@ SPF "v=spf1 inlude:_spf.esp.example -all"`, "of type SPF (99)", ""},
		{`@ SPF "v=spf1 include:gone.acme.example -all"`, "of type SPF (99)", ""},
		{`@ SPF "hello"`, "has no TXT record", "v=spf1 " + anySender + " include:<the SPF record of each service that sends for you> ~all"},
	} {
		r := ownZone(t, c.zone+"\n")
		found := 0
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-record-missing" || f.Severity == finding.Pass {
				continue
			}
			found++
			if !strings.Contains(f.Detail, c.says) || f.Fix == nil || f.Fix.Value != c.fix {
				t.Errorf("%s: %s %+v", c.zone, f.Detail, f.Fix)
			}
		}
		if found != 1 {
			t.Errorf("%s: %d findings", c.zone, found)
		}
	}
}

// TestSplitNames: a record that is spread over several takes no name at which something
// stands already.
func TestSplitNames(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, " ip4:45.76.%d.5", i)
	}
	long := "acme TXT \"v=spf1\""
	for rest := text.String() + " -all"; rest != ""; rest = rest[min(200, len(rest)):] {
		long += fmt.Sprintf(" %q", rest[:min(200, len(rest))])
	}
	for _, c := range []struct {
		zone string
		want []string
	}{
		{"", []string{"_spf1", "_spf2"}},
		{`_spf1.acme TXT "v=spf1 ip4:203.0.113.5 -all"`, []string{"_spf2", "_spf3"}},
		{"_spf1.acme TXT \"v=spf1 ip4:203.0.113.5 -all\"\n_spf3.acme CNAME x.example.", []string{"_spf2", "_spf4"}},
		{`_spf1.acme TXT "another text"`, []string{"_spf1", "_spf2"}},
		{`*.acme TXT "v=spf1 -all"`, []string{"_spf1", "_spf2"}},
	} {
		r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n"+long+"\n"+c.zone+"\n")
		found := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{}).Findings() {
			if f.Check != "spf-record-too-long" || f.Fix == nil {
				continue
			}
			found = true
			for i, name := range c.want {
				if len(f.Fix.More) != len(c.want) || f.Fix.More[i].Name != name+".acme.example" || !strings.Contains(f.Fix.Value, "include:"+name+".acme.example") {
					t.Errorf("%s: %s %v", c.zone, f.Fix.Value, f.Fix.More)
				}
			}
		}
		if !found {
			t.Errorf("%s: no fix", c.zone)
		}
	}
}

// TestSwitchedOff: a record that a mark before its version may have put out of force is not
// put in force again without asking; a slip is mended.
func TestSwitchedOff(t *testing.T) {
	for text, off := range map[string]bool{
		"# v=spf1 mx -all": true, "#v=spf1 mx -all": true, "; v=spf1 mx -all": true, "//v=spf1 mx -all": true, "x-v=spf1 mx -all": true, "_v=spf1 mx -all": true,
		"--v=spf1 mx -all": true, "!v=spf1 mx -all": true,
		"=v=spf1 mx -all": false, "'v=spf1 mx -all": false, ".v=spf1 mx -all": false,
	} {
		r := ownZone(t, "@ TXT \""+text+"\"\n")
		found := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{}).Findings() {
			if f.Check == "spf-syntax" && f.Fix != nil {
				found = true
				if f.Fix.Value != "v=spf1 mx -all" || f.Fix.Complete == off || (f.Fix.When != "") != off {
					t.Errorf("%s: %+v", text, *f.Fix)
				}
			}
		}
		if !found {
			t.Errorf("%s: nothing found", text)
		}
	}
}

// TestInErrorForNobody: what a record lets pass behind an error, its own or one that it leads to
// first, is in force for nobody, and that is said.
func TestInErrorForNobody(t *testing.T) {
	const records = "\nball TXT \"v=spf1 ipv4:192.0.2.1 +all\"\nhalf TXT \"v=spf1 ip4:0.0.0.0/1 ipv4:192.0.2.1 -all\"\nsound TXT \"v=spf1 ip4:0.0.0.0/1 -all\""
	for _, c := range []struct {
		text, check string
		nobody      bool
	}{
		{"v=spf1 include:ball.acme.example -all", "spf-all-pass", true},
		{"v=spf1 include:ball.acme.example +all", "spf-all-pass", true},
		{"v=spf1 include:nope.acme.example +all", "spf-all-pass", true},
		{"v=spf1 include:acme.example +all", "spf-all-pass", true},
		{"v=spf1 mx +all", "spf-all-pass", false},
		{"v=spf1 +all include:nope.acme.example", "spf-all-pass", false},
		{"v=spf1 include:half.acme.example -all", "spf-broad-range", true},
		{"v=spf1 ip4:0.0.0.0/1 include:nope.acme.example -all", "spf-broad-range", false},
		{"v=spf1 include:sound.acme.example -all", "spf-broad-range", false},
	} {
		found := false
		for _, f := range Check(Examine(context.Background(), ownZone(t, "@ TXT \""+c.text+"\""+records+"\n"), "acme.example"), Context{}).Findings() {
			if f.Severity == finding.Pass {
				continue
			}
			if f.Check == "spf-address-count" && c.nobody {
				t.Errorf("%s: %s", c.text, f.Detail)
			}
			if f.Check == c.check {
				found = true
				if strings.Contains(f.Detail, "Nobody passes by it") != c.nobody {
					t.Errorf("%s: %s", c.text, f.Detail)
				}
			}
		}
		if !found {
			t.Errorf("%s: no %s", c.text, c.check)
		}
	}
}

// TestBroadBehind: a range that hardly anyone has, in a record of one's own that an include leads
// to, is not put in force by a repair without asking.
func TestBroadBehind(t *testing.T) {
	for length, complete := range map[string]bool{"/1": false, "/9": false, "/24": true} {
		r := ownZone(t, "@ TXT \"v=spf1 include:more.acme.example ip4.192.0.2.9 -all\"\nmore TXT \"v=spf1 ip4:198.0.0.0"+length+" -all\"\n")
		found := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{}).Findings() {
			if f.Check == "spf-syntax" && f.Fix != nil {
				found = true
				if f.Fix.Complete != complete {
					t.Errorf("%s: %+v", length, *f.Fix)
				}
			}
		}
		if !found {
			t.Errorf("%s: nothing found", length)
		}
	}
}

// TestBroadInError: what a record in error would let pass is in force for nobody.
func TestBroadInError(t *testing.T) {
	for text, inError := range map[string]bool{"v=spf1 mx ip4:0.0.0.0/1 - all": true, "v=spf1 mx/0 - all": true, "v=spf1 mx ip4:0.0.0.0/1 -all": false} {
		r := ownZone(t, "@ TXT \""+text+"\"\n")
		found := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{}).Findings() {
			if f.Check == "spf-address-count" && f.Severity == finding.Notice && inError {
				t.Errorf("%s: %s", text, f.Detail)
			}
			if f.Check == "spf-broad-range" && f.Severity.AtLeast(finding.Error) {
				found = true
				if strings.Contains(f.Detail, "Nobody passes by it while the record is in error") != inError {
					t.Errorf("%s: %s", text, f.Detail)
				}
			}
		}
		if !found {
			t.Errorf("%s: nothing found", text)
		}
	}
}
