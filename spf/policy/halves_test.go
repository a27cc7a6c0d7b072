package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestHalves: a record that two TXT records were made of is put together, and both go; a TXT
// record that is none of terms alone is no half of one.
func TestHalves(t *testing.T) {
	for _, c := range []struct {
		first, second, want string
		complete            bool
	}{
		{"v=spf1 include:spf.esp.example", "-all", "v=spf1 include:spf.esp.example -all", true},
		{"v=spf1", "include:spf.esp.example -all", "v=spf1 include:spf.esp.example -all", true},
		{"v=spf1 +a:mail.acme.example +ip4:203.0.113.80", "+ip4:203.0.113.81 ~all", "v=spf1 +a:mail.acme.example +ip4:203.0.113.80 +ip4:203.0.113.81 ~all", true},
		{"v=spf1 includespf.esp.example ip4:203.0.113.80", "ip4:203.0.113.20 -all", "v=spf1 include:spf.esp.example ip4:203.0.113.80 ip4:203.0.113.20 -all", true},
		{"v=spf1 ip4:203.0.113.80", "ip4:203.0.113.20", "v=spf1 ip4:203.0.113.80 ip4:203.0.113.20", true},
		{"v=spf1 ip4:203.0.113.80", "redirect=spf.esp.example", "v=spf1 ip4:203.0.113.80 redirect=spf.esp.example", true},
		{"v=spf1 ip4:203.0.113.80", "include:gone.esp.example -all", "v=spf1 ip4:203.0.113.80 include:<the right name in place of gone.esp.example> -all", false},
		// None.
		{"v=spf1 ip4:203.0.113.80 -all", "ip4:203.0.113.20 -all", "", false},
		{"v=spf1 ip4:203.0.113.80", "google-site-verification=abc", "", false},
		{"v=spf1 ip4:203.0.113.80", "mx", "", false},
	} {
		r := dnstest.Zone(t, fmt.Sprintf(`
			$TTL 3600
			$ORIGIN example.
			@         SOA ns.example. admin.example. 1 7200 900 604800 300
			acme      MX 10 mail.acme
			acme      TXT %q
			acme      TXT %q
			mail.acme A 203.0.113.9
			spf.esp   TXT "v=spf1 ip4:192.0.2.1 -all"
		`, c.first, c.second))
		got, complete, removed := "", false, 0
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Fix == nil || f.Fix.Value == "" || f.Severity == finding.Pass {
				continue
			}
			if f.Check == "spf-broken-split" {
				got, complete, removed = f.Fix.Value, f.Fix.Complete, len(f.Fix.Remove)
			} else if c.want != "" && f.Fix.Complete && f.Fix.Value != c.want {
				t.Errorf("%q and %q: %s proposes %q", c.first, c.second, f.Check, f.Fix.Value)
			}
		}
		if got != c.want || complete != c.complete || got != "" && removed != 2 {
			t.Errorf("%q and %q: %q (complete: %v, %d removed), not %q", c.first, c.second, got, complete, removed, c.want)
		}
	}
}

// TestPieces: terms alone in TXT records that are not surely a half of the record are no
// reason to publish it without them.
func TestPieces(t *testing.T) {
	for _, c := range []struct {
		texts        []string
		check, value string
		asks         bool
	}{
		{[]string{"v=spf1 mx ip4:203.0.113.9", "ip4:203.0.113.8", "ip4:203.0.113.7 -all"}, "spf-all-missing",
			"v=spf1 mx ip4:203.0.113.9 <ip4:203.0.113.8, if it belongs to the record> <ip4:203.0.113.7, if it belongs to the record> ~all", true},
		{[]string{"v=spf1 mx", "v=spf1 ip4:203.0.113.7 ~all", "ip4:203.0.113.8 -all"}, "spf-multiple-records", "", true},
		{[]string{"v=spf1 mx", "v=spf1 ip4:203.0.113.7 ~all"}, "spf-multiple-records", "v=spf1 ip4:203.0.113.7 mx ~all", false},
	} {
		zone := "$TTL 3600\n$ORIGIN acme.example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n@ MX 10 mail\nmail A 203.0.113.10\n"
		for _, text := range c.texts {
			zone += fmt.Sprintf("@ TXT %q\n", text)
		}
		found := false
		for _, f := range Check(Examine(context.Background(), dnstest.Zone(t, zone), "acme.example"), Context{MX: "present"}).Findings() {
			if f.Severity == finding.Pass || f.Fix == nil {
				continue
			}
			found = found || f.Check == c.check
			if f.Check == c.check && (f.Fix.Value != c.value || f.Fix.Complete == c.asks) || f.Fix.Complete && c.asks {
				t.Errorf("%q: %s %+v", c.texts, f.Check, f.Fix)
			}
		}
		if !found {
			t.Errorf("%q: no %s", c.texts, c.check)
		}
	}
}

// TestApart: while a text stands beside a record that holds terms of SPF which the proposal has
// not, nothing is proposed as it stands.
func TestApart(t *testing.T) {
	for _, c := range []struct {
		zone string
		free bool
	}{
		{`@ TXT "v=spf1 mx"` + "\n" + `@ TXT "ip4:192.0.2.5 -all;"`, false},
		{`@ TXT "v=spf1 mx"` + "\n" + `@ TXT "ip4.192.0.2.5 -all"`, false},
		{`@ TXT "v=spf1 mx"` + "\n" + `@ TXT "inlude:_own.acme.example ~all"`, false},
		{`@ TXT "v=spf1"` + "\n" + `@ TXT "mx"` + "\n" + `@ TXT "ip4:192.0.2.5 ~all"`, false},
		{`acme.example TXT "v=spf1"` + "\n" + `acme.example TXT "mx ip4:192.0.2.5 -all"`, false},
		{`acme.example TXT "v=spf1 mx"` + "\n" + `@ TXT "ip4:192.0.2.5 -all"`, false},
		{`acme.example TXT "v=spf1 mx -all"` + "\n" + `@ SPF "v=spf1 ip4:192.0.2.5 -all"`, false},
		{`@ SPF "v=spf1 ip4:192.0.2.5"` + "\n" + `@ TXT "mx -all"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.5"` + "\n" + `@ SPF "mx -all"`, false},
		{`@ TXT "v=spf1 mx include:_spf.goo"` + "\n" + `@ TXT "gle.com -all"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.1"` + "\n" + `@ TXT "7 -all"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.1"` + "\n" + `@ TXT "'mx redirect=_own.acme.example'"`, false},
		{`@ TXT "v=spf1 mx" ` + "\n" + `@ TXT "TXT \"ip4:192.0.2.5 -all\""`, false},
		{`@ TXT "v=spf1 mx ip4=192.0.2.1" ` + "\n" + `@ SPF "ip4:192.0.2.5 -all"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.1"` + "\n" + `acme.example TXT "ip4:192.0.2.5 -all"`, false},
		{`@ TXT "v=spf1 mx ip4=192.0.2.5 -all"` + "\n" + `@ TXT "google-site-verification=abc"` + "\n" + `@ TXT "MS=ms12345678"` + "\n" + `@ TXT "hello world"`, true},
		{`@ TXT "v=spf1 mx ip4=192.0.2.1 -all"` + "\n" + `@ TXT "ipv4:192.0.2.5"`, false},
		{`@ TXT "v=spf1 mx ip4=192.0.2.1 -all"` + "\n" + `@ TXT "inlude:_own.acme.example"`, false},
		{`@ TXT "v=spf1 mx ip4=192.0.2.1 -all"` + "\n" + `@ TXT "ip4 192.0.2.5"`, false},
		{`@ TXT "v=spf1 mx"` + "\n" + `@ TXT "spf1 ip4:192.0.2.5 -all"`, false},
		{`@ TXT "v=spf1 mx ?all"` + "\n" + `@ TXT "v=spf1; ip4:192.0.2.5 -all"`, false},
		{`@ TXT "v=spf1 mx ?all"` + "\n" + `@ TXT "vv=spf1 -all"`, true},
		{`@ TXT "v=spf1 mx ip4:192.0.2.5 ?all"` + "\n" + `@ TXT "v=spf1; ip4:192.0.2.5 -all"`, true},
		{`@ TXT "v=spf1 mx ip4=192.0.2.5 -all"` + "\n" + `@ TXT "www.acme.example"` + "\n" + `@ TXT "{\"ip\": 4}"` + "\n" + `@ TXT "include us in your prayers"`, true},
		{`@ TXT "v=spf1 mx ip4=192.0.2.5 -all"` + "\n" + `@ TXT "a=b"` + "\n" + `@ TXT "ptr=abc"` + "\n" + `@ TXT "mx.acme.example is our host"`, true},
		{`@ TXT "v=spf1 ip4:192.0.2.1"` + "\n" + `@ TXT "a=mail.acme.example -all"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.1"` + "\n" + `@ TXT "mx=acme.example"`, false},
		{`@ TXT "v=spf1 mx"` + "\n" + `@ TXT "ip4:192.0.2.5 -all"`, true},
		{`@ TXT "v=spf1 mx ip4=192.0.2.5 -all"` + "\n" + `acme.example TXT "v=spf1 mx ip4:192.0.2.9 -all"`, true},
		{`acme.example TXT "v=spf1 mx ip4:192.0.2.9 -all"`, true},
		// Beside a record in error, one of type SPF or at the doubled name may be the right one.
		{`@ TXT "v=spf1 inlude:_own.acme.example mx -all"` + "\n" + `@ SPF "v=spf1 mx ip4:192.0.2.9 -all"`, false},
		{`@ TXT "v=spf1 ipv4:192.0.2.5 -all"` + "\n" + `acme.example TXT "v=spf1 ip4:192.0.2.9 -all"`, false},
		{`@ TXT "v=spf1 ipv4:192.0.2.5 -all"` + "\n" + `acme.example TXT "v=spf1 ipv4:192.0.2.9 -al"`, false},
		{`@ TXT "v=spf1 ipv4:192.0.2.5 -all"` + "\n" + `acme.example TXT "ip4:192.0.2.9"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.5 -all"` + "\n" + `@ TXT "v=spf1 mx -all"` + "\n" + `acme.example TXT "v=spf1 ip4:192.0.2.9 -all"`, false},
		{`@ TXT "v=spf1 ip4:192.0.2.5"` + "\n" + `@ TXT "mx -all"` + "\n" + `@ SPF "v=spf1 ip4:192.0.2.9 -all"`, false},
		{`@ TXT "v=spf1 ipv4:192.0.2.5 -all"` + "\n" + `@ SPF "v=spf1 ipv4:192.0.2.5 -all"`, true},
		// With what nobody reads today comes into force that nobody passes by what is beside what it leads to.
		{`@ TXT "v=spf1 mx inlude:_own.acme.example -all"` + "\n" + `_own TXT "v=spf1"` + "\n" + `_own TXT "ip4:45.77.1.0/24 -all"`, false},
		{`@ TXT "v=spf1 mx inlude:_own.acme.example -all"` + "\n" + `_own TXT "v=spf1 ip4:45.76.9.0/24 -all"` + "\n" + `_own SPF "v=spf1 ip4:45.76.9.0/24 ip4:45.77.1.0/24 -all"`, false},
		{`@ TXT "v=spf1 mx inlude:_own.acme.example -all"` + "\n" + `_own TXT "v=spf1 ip4:45.76.9.0/24 -all"` + "\n" + `_own TXT "MS=ms12345678"`, true},
		{`@ TXT "v=spf1 mx include:_own.acme.example"` + "\n" + `_own TXT "v=spf1 ip4:45.76.9.0/24 -all"` + "\n" + `_own TXT "ip4:45.77.1.0/24 -all"`, true},
		{`acme.example TXT "v=spf1 redirect=_own.acme.example"` + "\n" + `_own TXT "v=spf1 ip4:45.76.9.0/24 -all ip4:45.77.1.0/24"`, false},
		{`acme.example TXT "v=spf1 redirect=_own.acme.example"` + "\n" + `_own TXT "v=spf1 ip4:45.76.9.0/24 -all"`, true},
		{`@ TXT "v=spf1 mx:dead.acme.example ip4:45.76.9.5 -al"` + "\n" + `dead MX 10 gone`, false},
		{`@ TXT "v=spf1 mx:dead.acme.example ip4:45.76.9.5 -al"` + "\n" + `dead MX 10 in` + "\n" + `in A 10.0.0.5`, false},
		{`@ TXT "v=spf1 mx:dead.acme.example ip4:45.76.9.5 -al"` + "\n" + `dead MX 10 gone` + "\n" + `dead MX 20 mx1`, true},
		{`@ TXT "v=spf1 mx:dead.acme.example ip4:45.76.9.5 -al"` + "\n" + `dead MX 10 mx.esp.net.`, true},
		{`@ TXT "v=spf1 mx:dead.acme.example ip4:45.76.9.5"` + "\n" + `dead MX 10 gone`, true},
		// A record of another kind, pasted behind the version or the end.
		{`_dmarc TXT "v=spf1 mx -all v=DMARC1; p=quarantine; rua=mailto:d@acme.example"`, false},
		{`@ SPF "v=spf1 mx -all v=DMARC1; p=quarantine; rua=mailto:d@acme.example"`, false},
		{`@ TXT "v=spf1 ipv4:192.0.2.5 -all"` + "\n" + `acme.example TXT "v=spf1 ip4:192.0.2.5 -all"`, true},
		{`@ TXT "v=spf1 ipv4:192.0.2.5 mx -all"` + "\n" + `@ SPF "v=spf1 ip:192.0.2.5 -all"`, true},
		{`@ TXT "v=spf1 mx -al"` + "\n" + `@ SPF "v=spf1 mx ~all"`, true},
	} {
		r := ownZone(t, c.zone+"\n")
		complete := 0
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{}).Findings() {
			if f.Fix != nil && f.Fix.Complete && f.Fix.Value != "" {
				complete++
				if !c.free {
					t.Errorf("%s\n  %s is complete: %s", c.zone, f.Check, f.Fix.Value)
				}
			}
		}
		if c.free && complete == 0 {
			t.Errorf("%s\n  nothing is complete", c.zone)
		}
	}
}

// TestTermsBeside: terms that somebody published as a record of their own beside the one in force are
// in no force, and are said, unless that one has them.
func TestTermsBeside(t *testing.T) {
	for _, c := range []struct{ record, text, lacks string }{
		{"v=spf1 mx -all", "include:_spf.esp.example", `nothing of "include:_spf.esp.example"`},
		{"v=spf1 mx -all", "+include:_spf.esp.example ~all", `nothing of "+include:_spf.esp.example"`},
		{"v=spf1 mx -all", "ip4:203.0.113.9", `nothing of "ip4:203.0.113.9"`},
		{"v=spf1 mx -all", "SPF include:_spf.esp.example -all", `nothing of "include:_spf.esp.example"`},
		{"v=spf1 redirect=_own.acme.example", "ip4:203.0.113.9 ip6:2001:db8::9", `"ip4:203.0.113.9" and "ip6:2001:db8::9"`},
		{"v=spf1 mx -all", "v=spf ip4:192.0.2.10 ip4:203.0.113.9 -all", `nothing of "ip4:203.0.113.9"`},
		// The record has them, or the text is another one.
		{"v=spf1 mx -all", "ip4:192.0.2.10", ""},
		{"v=spf1 ip4:203.0.113.0/24 mx -all", "ip4:203.0.113.9 -all", ""},
		{"v=spf1 include:_own.acme.example -all", "include:_spf.esp.example", ""},
		{"v=spf1 mx -all", "a", ""},
		{"v=spf1 mx -all", "mx:1", ""},
		{"v=spf1 mx -all", "-all", ""},
		{"v=spf1 mx -all", "include:us in your prayers", ""},
		{"v=spf1 mx -all", "exp=why.acme.example", ""},
	} {
		r := ownZone(t, fmt.Sprintf("@ TXT %q\n@ TXT %q\n_own TXT \"v=spf1 include:_spf.esp.example -all\"\n_spf.esp.example. TXT \"v=spf1 ip4:192.0.2.10 -all\"\n", c.record, c.text))
		said := ""
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-syntax" || f.Severity == finding.Pass {
				continue
			}
			said += f.Detail
			if f.Severity != finding.Warning || f.Fix == nil || f.Fix.Complete {
				t.Errorf("%q beside %q: %s %+v", c.text, c.record, f.Severity, f.Fix)
			}
		}
		if !strings.Contains(said, c.lacks) || (said == "") != (c.lacks == "") {
			t.Errorf("%q beside %q: %q", c.text, c.record, said)
		}
	}
}

// TestUnplaced: what may have been meant as the record of a domain that has none is said.
func TestUnplaced(t *testing.T) {
	for _, c := range []struct{ zone, says string }{
		{`@ TXT "ip4:203.0.113.9 -all"`, `the TXT record "ip4:203.0.113.9 -all"`},
		{`@ TXT "SPF ip4:203.0.113.9 -all"`, `the TXT record "SPF ip4:203.0.113.9 -all"`},
		{`@ SPF "v=spf1 mx -all"` + "\n" + `@ SPF "v=spf1 ip4:203.0.113.9 -all"`, `the record "v=spf1 mx -all" of type SPF; the record`},
		{`acme.example TXT "v=spf1 mx -all"` + "\n" + `acme.example TXT "v=spf1 ip4:203.0.113.9 -all"`, `the record "v=spf1 ip4:203.0.113.9 -all" at acme.example.acme.example`},
		{`acme.example TXT "v=spf mx -all"`, `the record "v=spf mx -all" at acme.example.acme.example`},
		{`@ TXT "hello world"` + "\n" + `* TXT "v=spf1 mx -all"`, ""},
	} {
		said, found := "", false
		for _, f := range Check(Examine(context.Background(), ownZone(t, c.zone+"\n"), "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-record-missing" || f.Severity == finding.Pass {
				continue
			}
			found = true
			if _, rest, ok := strings.Cut(f.Detail, "read by no receiver: "); ok {
				said = rest
			}
			if f.Fix == nil || f.Fix.Complete {
				t.Errorf("%s: %+v", c.zone, f.Fix)
			}
		}
		if !found || !strings.Contains(said, c.says) || (said == "") != (c.says == "") {
			t.Errorf("%s: %v %q", c.zone, found, said)
		}
	}
}
