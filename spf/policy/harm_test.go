package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// TestMeant: what is probably meant is what is published; what only its owner knows
// has a place for it, and is not complete.
func TestMeant(t *testing.T) {
	for _, c := range []struct{ in, fix string }{
		{"include.spf.esp.example -all", "include:spf.esp.example -all"},
		{"include-_spf.esp.example -all", "include:_spf.esp.example -all"},
		{"include;_spf.esp.example -all", "include:_spf.esp.example -all"},
		{"include _spf.esp.example -all", "include:_spf.esp.example -all"},
		{"mx.acme.example -all", "<mx:acme.example or a:mx.acme.example> -all"},
		{"esp.example mx -all", "<a:esp.example or include:esp.example> mx -all"},
		{"servers.mcsv.net -all", "include:servers.mcsv.net -all"},
		{"mail.acme.example -all", "a:mail.acme.example -all"},
		{"a.mail.acme.example -all", "a:mail.acme.example -all"},
		{"mx-1.acme.example -all", "a:mx-1.acme.example -all"},
		{"ip4.192.0.2.10 -all", "ip4:192.0.2.10 -all"},
		{"ip4192.0.2.10 -all", "ip4:192.0.2.10 -all"},
		{"ip4-192.0.2.0/28 -all", "ip4:192.0.2.0/28 -all"},
		{"ip62001:db8::1 -all", "ip6:2001:db8::1 -all"},
		{"ip4:192.0.2.0 /28 -all", "ip4:192.0.2.0/28 -all"},
		{"ip4:192.0.2.0\\28 -all", "ip4:192.0.2.0/28 -all"},
		{"ip4:192.0.2.0:24 -all", "ip4:192.0.2.0/24 -all"},
		{"include:a.example|b.example -all", "include:a.example include:b.example -all"},
		{"mx, a, -all", "mx a -all"},
		{"include:<_spf.esp.example> -all", "include:_spf.esp.example -all"},
		{"include:_spf..esp.example -al", "include:_spf.esp.example -all"},
		{"mx =all", "mx -all"},
		{"mx i:6:2001:db8:10::/64 -all", "mx <the term that i:6:2001:db8:10::/64 was meant to be> -all"},
		{"mx ip:6:2001:db8:10::/64 -all", "mx ip6:<the address that ip:6:2001:db8:10::/64 was meant to be> -all"},
		{"\u00a0-all", "-all"},
		// A blank that is no space may be what is left of a term.
		{"\u00a0 -all", "ip4:<the address of each server that sends for you> -all"},
		{"mx =all:~", "mx <-all or ~all>"},
		{"mx =al", "mx <-all or ~all>"},
		{"mx =al -all", "mx <-all or ~all>"}, // which of the two was meant
		{"redirect=_spf.esp.example al", "<include:_spf.esp.example, if its senders are yours> <-all or ~all>"},
		{"a :lal", "a <-all or ~all>"},
		{"ip4:192.0.2.20:25 mx =al", "ip4:192.0.2.20 mx <-all or ~all>"},
		{"ip4:192.0.2.20:25 mx a=ll", "ip4:192.0.2.20 mx <-all or ~all>"},
		{"ip4:192.0.2.20:25 mx a=ll -all", "ip4:192.0.2.20 mx -all"},
		{"mx _all", "mx -all"},
		{"mx \u2212all", "mx -all"},
		{"mx -all;", "mx -all"},
		{"mx ~-all", "mx -all"},
		// What stands behind all comes into force, but not a slip.
		{"inlude:_spf.esp.example -all include:b.example", "include:_spf.esp.example include:b.example -all"},
		{"inlude:_spf.esp.example -all include:https://b.example", "include:_spf.esp.example include:b.example -all"},
		{"include:_spf,esp.example -all include:https://b.example", "include:_spf.esp.example -all include:https://b.example"},
		{"redirect:_spf.acme.example", "redirect=_spf.acme.example"},
		{"edirect=_spf.acme.example", "redirect=_spf.acme.example"},

		{"ip4:192.0.2.300 mx -all", "ip4:<the address that ip4:192.0.2.300 was meant to be> mx -all"},
		{"ip4:192.0.2.0/33 -all", "ip4:<the address that ip4:192.0.2.0/33 was meant to be> -all"},
		{"ip4:192.0.2.01 -all", "ip4:<the address that ip4:192.0.2.01 was meant to be> -all"},
		{"ip41:92.0.2.1 -all", "ip4:<the address that ip41:92.0.2.1 was meant to be> -all"},
		{"include:_spf esp.example -all", "include:<the name that include:_spf was meant to be> <the term that esp.example was meant to be> -all"},
		{"include_spf.esp.example -all", "include:<spf.esp.example or _spf.esp.example> -all"},
		{"mx al", "mx <-all or ~all>"},
		{"mx + all", "mx ip4:<the address of each other sender of yours> ~all"},
		{"mx foobar -all", "mx <the term that foobar was meant to be> -all"},
	} {
		r := Lint([]byte(spf.Version + " " + c.in))
		got := ""
		for _, f := range r.Findings {
			if f.Fix == nil || f.Fix.Value == "" {
				continue
			}
			if got != "" && got != f.Fix.Value {
				t.Errorf("%q: two fixes, %q and %q", c.in, got, f.Fix.Value)
			}
			got = f.Fix.Value
			if f.Fix.Complete == strings.Contains(got, "<") {
				t.Errorf("%q: %q is complete: %v", c.in, got, f.Fix.Complete)
			}
		}
		if got != spf.Version+" "+c.fix {
			t.Errorf("%q becomes %q, not %q", c.in, got, c.fix)
		}
		if slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return strings.HasPrefix(f.Check, "spf-all") }) {
			t.Errorf("%q: a finding about all beside the error", c.in)
		}
	}
}

// TestTypography: what a word processor put in place of ASCII is read as that, in what
// is said as in what is proposed.
func TestTypography(t *testing.T) {
	for _, c := range []struct{ in, meant string }{
		{"include:esp\u2013mail.example", "include:esp-mail.example"},
		{"include:esp\u2011mail.example", "include:esp-mail.example"},
		{"include\uff1aesp.example", "include:esp.example"},
		{"\u2013all", "-all"},
		{"\u02dcall", "~all"},
		{"\u201cinclude:esp.example\u201d", "include:esp.example"},
		{"ip4:192.0.2.0\u204424", "ip4:192.0.2.0/24"},
		{"include:m\u00fcller\u2013mail.example", "include:xn--mller-mail-9db.example"},
		{"include:m\u00fcller.example", "include:xn--mller-kva.example"},
		{"include:_spf.g\u043eogle.com", "include:_spf.google.com"},
		{"include:g\u0436ogle.com", ""},
		{"\u2013include:esp.example", ""},    // a list's dash, or a sign
		{"ip4:192.0.2.1\u200b", ""},          // it may hide a digit
		{"a:mail.acme.example\u00a0all", ""}, // it may be the sign of all
		{"include:esp.example\u200b", "include:esp.example"},
	} {
		if got := meant(spf.ParseTerm(c.in)); got != c.meant {
			t.Errorf("%q: %q, not %q", c.in, got, c.meant)
		}
	}
}

// TestUnstated: a result that depends on what nobody stated is not known.
func TestUnstated(t *testing.T) {
	z := spftest.New()
	z.Add("acme.example", resolver.TypeTXT, "v=spf1 ip4:203.0.113.1 include:%{i}._ip.%{h}._spf.acme.example ~all")
	z.Add("192.0.2.10._ip.mx1.acme.example._spf.acme.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.10 -all")
	z.Add("l.example", resolver.TypeTXT, "v=spf1 exists:%{l}._u.l.example -all")
	z.Add("sales._u.l.example", resolver.TypeA, "127.0.0.2")
	z.Add("minus.example", resolver.TypeTXT, "v=spf1 -exists:%{h}.bad.example ip4:192.0.2.10 -all")
	z.Add("to.example", resolver.TypeTXT, "v=spf1 redirect=%{l}.to.example")
	both := spf.Assumed{HELO: true, LocalPart: true}
	for _, c := range []struct {
		domain, ip, helo, from string
		assumed                spf.Assumed
		want                   spf.Result
	}{
		{"acme.example", "192.0.2.10", "acme.example", "postmaster@acme.example", both, spf.Unknown},
		{"acme.example", "192.0.2.10", "mx1.acme.example", "postmaster@acme.example", spf.Assumed{LocalPart: true}, spf.Pass},
		{"acme.example", "203.0.113.1", "", "postmaster@acme.example", both, spf.Pass},
		{"l.example", "192.0.2.10", "", "postmaster@l.example", both, spf.Unknown},
		{"l.example", "192.0.2.10", "", "sales@l.example", spf.Assumed{HELO: true}, spf.Pass},
		{"minus.example", "192.0.2.10", "", "postmaster@minus.example", both, spf.Unknown},
		{"to.example", "192.0.2.10", "", "postmaster@to.example", both, spf.Unknown},
	} {
		e := spf.CheckHost(context.Background(), z, spf.Client{IP: client(c.ip, "").IP, HELO: c.helo, MailFrom: c.from, Assumed: c.assumed})
		if e.Result != c.want || (e.Result == spf.Unknown) != (len(e.Unstated) > 0) {
			t.Errorf("%s %s: %s (%s), not %s", c.domain, c.ip, e.Result, e.Error, c.want)
		}
		for _, f := range Check(Examine(context.Background(), z, c.domain), Context{Evaluations: []spf.Evaluation{e}}).Findings() {
			if f.Check == "spf-ip-not-authorized" && f.Severity != finding.Pass {
				t.Errorf("%s: %s: %s", c.domain, f.Check, f.Detail)
			}
		}
	}
}

// TestHarmless: proposals that took senders away, or contradicted each other.
func TestHarmless(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN example.
		@         SOA ns.example. admin.example. 1 7200 900 604800 300
		only      TXT "v=spf1 include:gone.esp.example -all"
		plan      TXT "v=spf1 ip4:10.0.0.5 -all"
		ten       TXT "v=spf1 ip4:10.0.0.0/8 ip4:192.0.2.1 -all"
		loop      TXT "v=spf1 include:_spf.loop.example -all"
		_spf.loop TXT "v=spf1 ip4:192.0.2.1 include:loop.example -all"
		self      TXT "v=spf1 include:self.example -all"
		doubled.example.doubled TXT "v=spf1 ip4:192.0.2.1 -all"
		doubled   MX 10 mx.doubled
		sub.doubled.example.doubled TXT "v=spf1 ip4:192.0.2.3 -all"
		sub.doubled MX 10 mx.doubled
		wild      MX 10 mx.wild
		*.wild    TXT "v=spf1 ip4:192.0.2.1 -all"
		below     A 192.0.2.1
		_spf.below TXT "v=spf1 ip4:192.0.2.1 -all"
		several   TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2.1 ip4:10.0.0.1 a:gone.example foo=bar ptr ?all"
		astray    TXT "v=spf1 inlude:gone.esp.example -all"
		parked    TXT "v=spf1 ~all"
		world     TXT "v=spf1 ip4:192.0.2.1 ip4:10.0.0.0/8 ip4:0.0.0.0/0 -all"
		unclear   TXT "v=spf1 redirect=_spf.esp.example unknown=a.example -all"
		later     TXT "v=spf1 ip4:192.0.2.1 -all include:gone.esp.example"
		dash      TXT "v=spf1 all include:go\226\128\147ne.esp.example ~all"
		dashed    TXT "v=spf1 -all a:go\226\128\147ne.esp.example ip4:192.0.2.1"
		late      TXT "v=spf1 ip4:192.0.2.1 -all ip4:10.0.0.1 ptr"
		voids     TXT "v=spf1 a:four.example include:_spf.below.example ~all v=spf1 a mx ~all"
		four      A 192.0.2.4
		cutoff    TXT "v=spf1 ip4:192.0.2.1 include:spf.protec"
		cutoff    MX 10 mx.cutoff
		appended  TXT "v=spf1 ip4:192.0.2.1 include:_spf.below.example.appended.example ~all"
		comma     TXT "v=spf1 ip4:192.0.2.1 include:mail,comma.example ~all"
		mail.comma TXT "v=spf1 ip4:192.0.2.7 -all"
		semi      TXT "v=spf1 ip4:192.0.2.1 redirect=mail;semi.example"
		mail.semi TXT "v=spf1 ip4:192.0.2.7 -all"
		comma2    TXT "v=spf1 ip4:192.0.2.1 include:mail,comma.example ~all"
		comma3    TXT "v=spf1 ip4:192.0.2.1 include:mial,comma3.example ~all"
		angles    TXT "v=spf1 include:<gone.esp.example> -all"
		two       TXT "v=spf1 ip4:192.0.2.5 redirect=_spf.below.example v=spf1 ip4:192.0.2.6 -all"
		nosign    TXT "v=spf1 ip4:192.0.2.1 redirect_spf.below.example="
		first     TXT "v=spf1 ?all include:gone.esp.example include:_spf.below.example"
		dots      TXT "v=spf1 ip4:192.0.2..0 -all"
		macro     TXT "v=spf1 ip4:192.0.2.1 exists:%{i}._spf.macro.exampl\\ -all"
		minus     TXT "v=spf1 include:_spf.below.example-include:_spf.loop.example ~all"
	`)
	for _, c := range []struct {
		domain, check, name, fix string
		complete                 bool
		but                      Context
		none                     string
	}{
		{domain: "only", check: "spf-include-missing", name: "only", fix: "v=spf1 include:<the right name in place of gone.esp.example> -all"},
		{domain: "plan", check: "spf-private-address", name: "plan", fix: "v=spf1 ip4:<the public address of the host behind 10.0.0.5> -all"},
		{domain: "ten", check: "spf-private-address", name: "ten", fix: "v=spf1 ip4:192.0.2.1 -all", complete: true, none: "spf-broad-range"},
		{domain: "ten", check: "spf-private-address", name: "ten", fix: "v=spf1 ip4:192.0.2.1 -all", complete: true, none: "spf-address-count"},
		{domain: "world", check: "spf-all-pass", name: "world", fix: "v=spf1 ip4:192.0.2.1 ip4:<the address of each sender that ip4:0.0.0.0/0 stands for> -all", none: "spf-overlap"},
		{domain: "unclear", check: "spf-redirect-with-all", name: "unclear", fix: "v=spf1 <the term that unknown=a.example was meant to be> <include:_spf.esp.example, if its senders are yours> -all"},
		{domain: "loop", check: "spf-loop", name: "_spf.loop", fix: "v=spf1 ip4:192.0.2.1 -all", complete: true},
		{domain: "self", check: "spf-loop", name: "self", fix: "v=spf1 ip4:<the address of each server that sends for you> -all"},
		{domain: "doubled", check: "spf-wrong-name", name: "doubled", fix: "v=spf1 ip4:192.0.2.1 -all", complete: true, none: "spf-record-missing"},
		{domain: "sub.doubled", check: "spf-wrong-name", name: "sub.doubled", fix: "v=spf1 ip4:192.0.2.3 -all", complete: true, none: "spf-record-missing"},
		{domain: "wild", check: "spf-record-missing", name: "wild", fix: "v=spf1 ip4:<the address of each server that sends for you> include:<the SPF record of each service that sends for you> ~all", none: "spf-wrong-name"},
		{domain: "below", check: "spf-wrong-name"},
		{domain: "several", check: "spf-ptr", name: "several", fix: "v=spf1 ip4:192.0.2.1 ip4:<the public address of the host behind 10.0.0.1> a:<the right name in place of gone.example> ip4:<the address of each sender that ptr stands for> ~all"},
		{domain: "astray", check: "spf-syntax", name: "astray", fix: "v=spf1 include:<the right name in place of gone.esp.example> -all"},
		{domain: "dots", check: "spf-syntax", name: "dots", fix: "v=spf1 ip4:<the address that ip4:192.0.2..0 was meant to be> -all"},
		{domain: "macro", check: "spf-syntax", name: "macro", fix: "v=spf1 ip4:192.0.2.1 exists:<the name that exists:%{i}._spf.macro.exampl was meant to be> -all"},
		{domain: "minus", check: "spf-include-missing", name: "minus", fix: "v=spf1 <include:_spf.below.example -include:_spf.loop.example or include:_spf.below.example include:_spf.loop.example> ~all"},
		{domain: "parked", check: "spf-all-softfail", name: "parked", fix: "v=spf1 -all", complete: true, but: Context{Profile: finding.Parked}},
		{domain: "parked", check: "spf-all-softfail", name: "parked", fix: "v=spf1 -all", complete: true, but: Context{MX: "null"}},
		{domain: "later", check: "spf-terms-after-all", name: "later", fix: "v=spf1 ip4:192.0.2.1 include:<the right name in place of gone.esp.example> -all"},
		{domain: "late", check: "spf-terms-after-all", name: "late", fix: "v=spf1 ip4:192.0.2.1 ip4:<the public address of the host behind 10.0.0.1> ip4:<the address of each sender that ptr stands for> -all"},
		{domain: "voids", check: "spf-terms-after-all"},
		{domain: "cutoff", check: "spf-all-missing", name: "cutoff", fix: "v=spf1 ip4:192.0.2.1 include:<the right name in place of spf.protec> <what was lost behind it> ~all"},
		{domain: "appended", check: "spf-include-missing", name: "appended", fix: "v=spf1 ip4:192.0.2.1 include:_spf.below.example ~all", complete: true},
		{domain: "comma", check: "spf-include-missing", name: "comma", fix: "v=spf1 ip4:192.0.2.1 include:mail.comma.example ~all", complete: true},
		{domain: "semi", check: "spf-include-missing", name: "semi", fix: "v=spf1 ip4:192.0.2.1 redirect=mail.semi.example", complete: true},
		{domain: "comma2", check: "spf-include-missing", name: "comma2", fix: "v=spf1 ip4:192.0.2.1 include:<the right name in place of mail,comma.example> ~all"},
		{domain: "comma3", check: "spf-include-missing", name: "comma3", fix: "v=spf1 ip4:192.0.2.1 include:<the right name in place of mial,comma3.example> ~all"},
		{domain: "angles", check: "spf-syntax", name: "angles", fix: "v=spf1 include:<the right name in place of gone.esp.example> -all", none: "spf-include-missing"},
		{domain: "two", check: "spf-unknown-modifier", name: "two", fix: "v=spf1 ip4:192.0.2.5 ip4:192.0.2.6 <include:_spf.below.example, if its senders are yours> -all"},
		{domain: "nosign", check: "spf-unknown-modifier", name: "nosign", fix: "v=spf1 ip4:192.0.2.1 <the term that redirect_spf.below.example= was meant to be> ~all"},
		{domain: "dash", check: "spf-syntax", name: "dash", fix: "v=spf1 include:<the right name in place of go-ne.esp.example> ip4:<the address of each other sender of yours> ~all"},
		{domain: "dashed", check: "spf-syntax", name: "dashed", fix: "v=spf1 a:<the right name in place of go-ne.esp.example> ip4:192.0.2.1 -all"},
		{domain: "first", check: "spf-terms-after-all", name: "first", fix: "v=spf1 include:<the right name in place of gone.esp.example> include:_spf.below.example ~all"},
		{domain: "wild", check: "spf-record-missing", but: Context{Envelopes: []string{"em1.wild.example"}}},
	} {
		found := false
		var records []string
		for _, f := range Check(Examine(context.Background(), r, c.domain+".example"), c.but).Findings() {
			if f.Severity == finding.Pass {
				continue
			}
			if f.Check == c.none {
				t.Errorf("%s: %s: %s", c.domain, f.Check, f.Detail)
			}
			if f.Fix != nil && f.Fix.Complete && !slices.Contains(records, f.Fix.Name+f.Fix.Value) {
				records = append(records, f.Fix.Name+f.Fix.Value)
			}
			if f.Check != c.check {
				continue
			}
			found = true
			switch {
			case f.Fix == nil:
				t.Errorf("%s: no fix", c.domain)
			case f.Fix.Value != c.fix || f.Fix.Complete != c.complete || c.fix != "" && f.Fix.Name != c.name+".example":
				t.Errorf("%s: %s proposes %+v", c.domain, f.Check, f.Fix)
			case len(c.but.Envelopes) > 0 && f.Severity != finding.Notice:
				t.Errorf("%s: %s", c.domain, f.Severity)
			}
		}
		if !found {
			t.Errorf("%s: no %s", c.domain, c.check)
		}
		if len(records) > 1 {
			t.Errorf("%s: fixes that contradict each other: %q", c.domain, records)
		}
	}
}

// TestMarkForDot: a comma stands for a dot if a record stands at the name that this makes. On the network
// a wildcard's answer is none, and a guard that nobody answered leaves it open.
func TestMarkForDot(t *testing.T) {
	for _, c := range []struct {
		zone, silent string
		complete     bool
	}{
		{"mail TXT \"v=spf1 ip4:192.0.2.7 -all\"", "", true},
		{"* TXT \"v=spf1 ip4:192.0.2.7 -all\"", "", false},
		{"mail TXT \"v=spf1 ip4:192.0.2.7 -all\"\n* TXT \"v=spf1 -all\"", "", true},
		{"mail TXT \"v=spf1 ip4:192.0.2.7 -all\"", guardBeside("mail.acme.com"), false},
		{"mx A 192.0.2.10", "", false},
	} {
		s := dnstest.Start(t, "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ MX 10 mx1\nmx1 A 192.0.2.10\n"+
			"@ TXT \"v=spf1 mx include:mail,acme.com -all\"\n"+c.zone+"\n")
		if c.silent != "" {
			s.Fault(c.silent, dnstest.Any, dnstest.Fault{Kind: dnstest.ServFail})
		}
		client := s.Client(resolver.Config{})
		seen := false
		for _, f := range Check(Examine(t.Context(), client, "acme.com"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-include-missing" || f.Severity == finding.Pass {
				continue
			}
			seen = true
			if f.Fix.Complete != c.complete {
				t.Errorf("%s, silent %q: %+v", c.zone, c.silent, f.Fix)
			}
		}
		client.Close()
		if !seen {
			t.Errorf("%s: no finding", c.zone)
		}
	}
}

// bombs are records that are made to cost time or memory.
var bombs = map[string]func(i int) string{
	"modifiers": func(int) string { return "m=x " }, "addresses": func(int) string { return "ip4:203.0.113.9 " },
	"ranges": func(i int) string { return fmt.Sprintf("ip4:%d.%d.%d.0/25 ", 1+i%200, i/200, i%7) }, "private": func(i int) string { return fmt.Sprintf("ip4:10.%d.%d.1 ", i/250, i%250) },
	"includes": func(int) string { return "include:x " }, "many includes": func(i int) string { return fmt.Sprintf("include:x%d.example ", i) },
	"exists": func(int) string { return "exists:%{i}.x " }, "a": func(int) string { return "a " }, "mx": func(int) string { return "mx " }, "ptr": func(int) string { return "ptr " },
	"garbage": func(i int) string { return string(rune(1+i%31)) + "\xff,;\"' " }, "letters": func(int) string { return "q " }, "brackets": func(int) string { return "(" },
	"macros": func(int) string { return "a:%{d}%{o}%{i} " }, "open macros": func(int) string { return "%{" }, "all": func(int) string { return "-all " }, "glued": func(int) string { return "ip4:1.2.3.4include:a.example" },
	"signs": func(int) string { return "- " }, "colons": func(int) string { return ": " }, "commas": func(int) string { return "a," }, "redirects": func(i int) string { return fmt.Sprintf("redirect=x%d.example ", i) },
	"slips": func(int) string { return "include:a..b.example " }, "long": func(int) string { return strings.Repeat("x", 299) + " " }, "lists": func(int) string { return "include:a.example" + strings.Repeat(",b.example", 20) + " " },
}

// TestBombs: any record of up to 64 KB is judged within bounds of memory and output.
func TestBombs(t *testing.T) {
	for name, unit := range bombs {
		for _, size := range []int{7 << 10, 16 << 10, 62 << 10} {
			var b strings.Builder
			b.WriteString("v=spf1 ")
			for i := 0; b.Len() < size; i++ {
				b.WriteString(unit(i))
			}
			lint, _ := bombtest.Judge(t, name, bombtest.Bounds{Said: 100_000, Allocated: 100 << 20}, func() any { return Lint([]byte(b.String())) })
			z := spftest.New()
			z.Answers[spftest.Question{Name: "acme.example", Type: resolver.TypeTXT}] = &resolver.Answer{Name: "acme.example", Type: resolver.TypeTXT, Status: resolver.Found,
				Records: []resolver.Record{{TXT: stringsOf(b.String())}}}
			var policy, findings []byte
			bombtest.Judge(t, name, bombtest.Bounds{Allocated: 100 << 20}, func() any {
				p := Examine(context.Background(), z, "acme.example")
				policy, _ = json.Marshal(p)
				findings, _ = json.Marshal(Check(p, Context{MX: "present"}).Findings())
				return nil
			})
			if n := len(policy) + len(findings); len(lint) > 100_000 || n > 900_000 {
				t.Errorf("%s, %d KB: %d octets of lint, %d of a report (%d of the policy)", name, size>>10, len(lint), n, len(policy))
			}
		}
	}
}
