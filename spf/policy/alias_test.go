package policy

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/spf"
)

// TestAstrayNames: a record that a panel put elsewhere, or whose alias lost its final dot, is
// found and put right.
func TestAstrayNames(t *testing.T) {
	const include = `@ TXT "v=spf1 mx include:_spf.acme.example -all"` + "\n"
	for _, c := range []struct{ zone, check, says, fix string }{
		{include + "_spf CNAME _spf.esp.example", "spf-include-missing", "the final dot of _spf.esp.example is missing", "_spf.acme.example CNAME _spf.esp.example"},
		{include + "_spf CNAME _t\n_t CNAME _spf.esp.example", "spf-include-missing", "the final dot of _spf.esp.example is missing", ""},
		{include + "_spf CNAME _t\n_t CNAME spf.us\nwww.us A 192.0.2.9", "spf-include-missing", "an alias of spf.us.acme.example, which does not exist", ""}, // a name of us.acme.example
		{include + "_spf CNAME spf.us\nus MX 10 mx1", "spf-include-missing", "an alias of spf.us.acme.example, which does not exist", ""},
		{include + "_spf CNAME spf.us", "spf-include-missing", "the final dot of spf.us is missing", ""},
		{include + "_spf CNAME _spf.esp.example\nmx1.acme.example A 192.0.2.9", "spf-include-missing", "the final dot of _spf.esp.example is missing", "_spf.acme.example CNAME _spf.esp.example"}, // a doubled name is no sign
		{include + "_spf CNAME _none.esp.example", "spf-include-missing", "the final dot of _none.esp.example is missing", ""},
		{include + "_spf CNAME open.esp.example", "spf-include-missing", "the final dot of open.esp.example is missing", ""},
		{include + "_spf.acme.example CNAME _spf.esp.example.", "spf-include-missing", "the zone added its own name to one that was whole", "_spf.acme.example CNAME _spf.esp.example"},
		{include + `_spf.acme.example TXT "v=spf1 ip4:192.0.2.7 -all"`, "spf-include-missing", "A record stands at _spf.acme.example.acme.example", "_spf.acme.example TXT v=spf1 ip4:192.0.2.7 -all"},
		{include + `_spf.acme.example TXT "v=spf1 include:acme.example -all"`, "spf-include-missing", "A record stands at _spf.acme.example.acme.example", ""},
		{`@ TXT "v=spf1 mx include:_spf.gone.example -all"`, "spf-include-missing", "leads to no SPF record", "acme.example TXT v=spf1 mx include:<the right name in place of _spf.gone.example> -all"},
		{`_dmarc TXT "v=spf1 mx -all"`, "spf-wrong-name", "_dmarc.acme.example has", "acme.example TXT v=spf1 mx -all"},
		{`_dmarc TXT "v=spf1 -all"`, "spf-record-missing", "has no TXT record", "acme.example TXT v=spf1 " + anySender + " include:<the SPF record of each service that sends for you> ~all"},
		{`* TXT "v=spf1 mx -all"` + "\n" + `_dmarc TXT "v=DMARC1; p=none"`, "spf-record-missing", "has no TXT record", "acme.example TXT v=spf1 " + anySender + " include:<the SPF record of each service that sends for you> ~all"},
	} {
		r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n"+
			"_spf.esp TXT \"v=spf1 ip4:203.0.113.0/25 -all\"\nopen.esp TXT \"v=spf1 +all\"\n$ORIGIN acme.example.\n@ MX 10 mx1\nmx1 A 192.0.2.10\n"+c.zone+"\n")
		seen := 0
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != c.check || f.Severity == finding.Pass {
				continue
			}
			seen++
			got := ""
			if f.Fix.Value != "" {
				got = f.Fix.Name + " " + f.Fix.Type + " " + f.Fix.Value
			}
			if strings.Contains(c.says, "which does not exist") && strings.Contains(f.Detail+f.Fix.Summary, "spf.us is missing") || strings.Contains(f.Fix.Summary, "(spf.us.)") != strings.Contains(c.says, "dot of spf.us") {
				t.Errorf("%s: a stranger is named: %s %s", c.zone, f.Detail, f.Fix.Summary)
			}
			if !strings.Contains(f.Detail, c.says) || got != c.fix || f.Fix.Complete != (c.fix != "" && !strings.Contains(c.fix, "<")) {
				t.Errorf("%s: %q: %s", c.zone, got, f.Detail)
			}
		}
		if seen != 1 {
			t.Errorf("%s: %d findings", c.zone, seen)
		}
	}
}

// TestEnds: a domain that sends nothing is told to end its record in -all at once; of an all that cannot be
// read nobody knows which it was.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		text, check, fix string
		but              Context
	}{
		{"v=spf1 ?all", "spf-all-neutral", "v=spf1 -all", Context{MX: "null"}},
		{"v=spf1", "spf-all-missing", "v=spf1 -all", Context{MX: "none", Profile: finding.Parked}},
		{"v=spf1 ip4:192.0.2.1 a=ll", "spf-all-missing", "v=spf1 ip4:192.0.2.1 <-all or ~all>", Context{}}, // which of the two it was, nobody can tell
		{"v=spf1 ip4:192.0.2.1 all=-", "spf-all-missing", "v=spf1 ip4:192.0.2.1 <-all or ~all>", Context{}},
		{"v=spf1 ip4:192.0.2.1 a=ll -all", "spf-unknown-modifier", "v=spf1 ip4:192.0.2.1 -all", Context{}},
		{"v=spf1 ?all", "spf-all-neutral", "v=spf1 " + anySender + " ~all", Context{MX: "present"}},
		{"v=spf1 ~all", "spf-all-softfail", "v=spf1 -all", Context{MX: "null", DMARCEnforces: new(bool)}},
		// Where there is a key something may send, and is softfail or neutral today.
		{"v=spf1 ~all", "spf-all-softfail", "", Context{MX: "null", Signs: true, DMARCEnforces: new(bool)}},
		{"v=spf1 ?all", "spf-all-neutral", "v=spf1 " + anySender + " ~all", Context{MX: "null", Signs: true}},
		{"v=spf1", "spf-all-missing", "v=spf1 " + anySender + " ~all", Context{MX: "null", Signs: true}},
		{"v=spf1 mx ?all", "spf-all-neutral", "v=spf1 mx ~all", Context{MX: "none", Profile: finding.Parked}},
	} {
		r := ownZone(t, "@ TXT \""+c.text+"\"\n")
		seen := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), c.but).Findings() {
			if f.Check == c.check && f.Severity != finding.Pass {
				seen = true
				if f.Fix.Value != c.fix {
					t.Errorf("%q: %+v", c.text, f.Fix)
				}
			}
		}
		if !seen {
			t.Errorf("%q: no %s", c.text, c.check)
		}
	}
}

// TestUnquoted: a zone file's line without quotes makes strings of the terms, and these are read.
func TestUnquoted(t *testing.T) {
	for _, c := range []struct{ rdata, fix, says string }{
		{"v=spf1 mx a:mx1.acme.example -all", "v=spf1 mx a:mx1.acme.example -all", "is 4 strings"},
		{`"v=spf1" "mx" "-all"`, "v=spf1 mx -all", "in one pair of quotes"},
		{"“v=spf1 mx -all”", "v=spf1 mx -all", "is 3 strings"},
		{"'v=spf1 ip4:192.0.2.1 ip4:192.0.2.3 -all'", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.3 -all", "is 4 strings"},
		{"v=spf1 mx ipv4:192.0.2.1 -all", "v=spf1 mx ip4:192.0.2.1 -all", `"ipv4" is no mechanism`},
		{`"v=spf1mx -all"`, "v=spf1 mx -all", "does not begin with v=spf1 and a space"},
	} {
		r := ownZone(t, "@ TXT "+c.rdata+"\n")
		seen := 0
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-syntax" || f.Severity == finding.Pass {
				continue
			}
			seen++
			if f.Fix.Value != c.fix || !f.Fix.Complete || !strings.Contains(f.Detail, c.says) {
				t.Errorf("%s: %+v: %s", c.rdata, f.Fix, f.Detail)
			}
		}
		if seen != 1 {
			t.Errorf("%s: %d findings", c.rdata, seen)
		}
	}
}

// TestMergedPlaceholders: what is asked for in one of several records is asked for whole in what
// they are merged into.
func TestMergedPlaceholders(t *testing.T) {
	for _, c := range []struct{ first, second, fix string }{
		{"v=spf1 mx -all", "v=spf1 esp.example ~all", "v=spf1 mx <a:esp.example or include:esp.example> -all"},
		{"v=spf1 mx -all", "v=spf1 redirect=_spf.esp.example ~all", "v=spf1 mx <include:_spf.esp.example, if its senders are yours> -all"},
		{"v=spf1 mx -all", "v=spf1 ip4:192.0.2.300 include:gone.acme.example ~all", "v=spf1 mx include:<the right name in place of gone.acme.example> ip4:<the address that ip4:192.0.2.300 was meant to be> -all"},
		{"v=spf1 -all v=spf1 mx", "v=spf1 include:_spf.esp.example ~all", "v=spf1 mx include:_spf.esp.example -all"},
		{"v=spf1 mx include:_spf.google.com -all", "v=spf1 mx include:_sp.fgoogle.com -all", "v=spf1 mx include:<the right name in place of _sp.fgoogle.com> include:_spf.google.com -all"},
		{"v=spf1 mx include:_spf.google.com -all", "v=spf1 mx include:spf.protection.outlook.com -all", "v=spf1 mx include:_spf.google.com include:spf.protection.outlook.com -all"},
		{"v=spf1 mx -all", "v=spf1 include:_spf.esp.exampl eip4:192.0.2.99 ~all # old", "v=spf1 ip4:192.0.2.99 mx include:_spf.esp.example -all"},
	} {
		r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n_spf.esp TXT \"v=spf1 ip4:203.0.113.0/25 -all\"\n"+
			"$ORIGIN acme.example.\n@ MX 10 mx1\nmx1 A 192.0.2.10\n@ TXT \""+c.first+"\"\n@ TXT \""+c.second+"\"\n")
		seen := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-multiple-records" || f.Severity == finding.Pass {
				continue
			}
			seen = true
			if f.Fix.Value != c.fix || f.Fix.Complete == strings.Contains(c.fix, "<") {
				t.Errorf("%q and %q: %+v", c.first, c.second, f.Fix)
			}
		}
		if !seen {
			t.Errorf("%q and %q: no finding", c.first, c.second)
		}
	}
}

// TestStatedInMerge: an address that is stated to send is in the one record that is proposed, and
// what was pasted behind a version is in none.
func TestStatedInMerge(t *testing.T) {
	for _, c := range []struct{ records, check, fix, says string }{
		{"@ TXT \"v=spf1 mx ~all\"\n@ TXT \"v=spf1 include:_spf.esp.example -all\"", "spf-multiple-records", "v=spf1 ip4:192.0.2.77 mx include:_spf.esp.example -all", "Without \"ip4:192.0.2.77\" at its start"},
		{"@ TXT \"v=spf1 mx ~all\"\n@ TXT \"v=spf1 ip4:192.0.2.64/26 -all\"", "spf-multiple-records", "v=spf1 ip4:192.0.2.64/26 mx -all", ""},
		{"acme.example TXT \"v=spf1 mx -all\"", "spf-wrong-name", "v=spf1 ip4:192.0.2.77 mx -all", "Without \"ip4:192.0.2.77\" at its start"},
		{"@ SPF \"v=spf1 mx -all\"", "spf-record-missing", "v=spf1 ip4:192.0.2.77 mx -all", "Without \"ip4:192.0.2.77\" at its start"},
		{"@ SPF \"v=spf1 -ip4:192.0.2.77 mx -all\"", "spf-record-missing", "v=spf1 -ip4:192.0.2.77 mx -all", ""},
		{"@ TXT \"v=spf1 mx ~all\"\n@ TXT \"v=spf1 v=DMARC1; p=reject; rua=mailto:d@acme.example\"", "spf-multiple-records", "", "belongs in a record of its own"},
		{"@ TXT \"v=spf1 mx ~all\"\n@ TXT \"v=spf1 google-site-verification=abc\"", "spf-multiple-records", "", "belongs in a record of its own"},
		{"@ TXT \"v=spf1 mx ~all\"\n@ TXT \"v=spf1 ip4=192.0.2.77 ra=postmaster -all\"", "spf-multiple-records", "v=spf1 ip4:192.0.2.77 mx -all ra=postmaster", ""},
	} {
		r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n_spf.esp TXT \"v=spf1 ip4:203.0.113.0/25 -all\"\n"+
			"$ORIGIN acme.example.\n@ MX 10 mx1\nmx1 A 192.0.2.10\n"+c.records+"\n")
		stated := []spf.Evaluation{
			{IP: netip.MustParseAddr("192.0.2.77"), Domain: "acme.example", Identity: "mailfrom", Result: spf.None},
			{IP: netip.MustParseAddr("10.0.0.5"), Domain: "acme.example", Identity: "mailfrom", Result: spf.None},
		}
		seen := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present", Evaluations: stated}).Findings() {
			if f.Check != c.check || f.Severity == finding.Pass {
				continue
			}
			seen = true
			if f.Fix.Value != c.fix || f.Fix.Complete != (c.fix != "") || !strings.Contains(f.Detail+f.Fix.Summary, c.says) {
				t.Errorf("%s: %s %+v", c.records, f.Detail, f.Fix)
			}
		}
		if !seen {
			t.Errorf("%s: no finding", c.records)
		}
	}
}

// TestUnderscoreAtColon: an underscore before the colon was typed a place too early, or is one too
// many: which, nobody can tell of a macro, and the name of no host begins with one.
func TestUnderscoreAtColon(t *testing.T) {
	for text, want := range map[string]string{
		"v=spf1 include_:spf.esp.example -all":    "v=spf1 include:<_spf.esp.example or spf.esp.example> -all",
		"v=spf1 redirect_:spf.esp.example":        "v=spf1 <redirect=_spf.esp.example or redirect=spf.esp.example>",
		"v=spf1 include_spf.esp.example -all":     "v=spf1 include:<spf.esp.example or _spf.esp.example> -all",
		"v=spf1 exists_:%{i}.x.acme.example -all": "v=spf1 exists:<the name that exists_:%{i}.x.acme.example was meant to be> -all",
		"v=spf1 mx a_:mail.acme.example -all":     "v=spf1 mx <the term that a_:mail.acme.example was meant to be> -all",
	} {
		got := ""
		for _, f := range Lint([]byte(text)).Findings {
			if f.Check == "spf-syntax" && f.Fix != nil {
				got = f.Fix.Value
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
