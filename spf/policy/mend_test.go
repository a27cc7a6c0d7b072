package policy

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/spf"
)

// TestHidden: what stands behind an error is found with it, and no complete fix puts a
// fault in force that the error hides today.
func TestHidden(t *testing.T) {
	for name, c := range map[string]struct {
		zone string
		// complete are the texts of all complete fixes, by name, and asked those of the others.
		complete, asked []string
	}{
		"below a record in error": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v=spf1 incluse:b.acme.example ip4:192.0.2.20 ~all"
			 b TXT "v=spf1 ip4:192.0.2.128/25 -all."`,
			[]string{"a v=spf1 include:b.acme.example ip4:192.0.2.20 ~all", "b v=spf1 ip4:192.0.2.128/25 -all"}, nil},
		"three deep": {
			`@ TXT "v=spf1 inlude:a.acme.example -all"
			 a TXT "v=spf1 inlude:b.acme.example -all"
			 b TXT "v=spf1 inlude:c.acme.example -all"
			 c TXT "v=spf1 ipv4:192.0.2.20 -all"`,
			[]string{"@ v=spf1 include:a.acme.example -all", "a v=spf1 include:b.acme.example -all", "b v=spf1 include:c.acme.example -all", "c v=spf1 ip4:192.0.2.20 -all"}, nil},
		"behind a redirect": {
			`@ TXT "v=spf1 redirect=a.acme.example"
			 a TXT "v=spf1 include:b.acme.example ~all"
			 b TXT "v=spf1 inlude:c.acme.example ~all"
			 c TXT "v=spf1 ip4:192.0.2.20. -all"`,
			[]string{"b v=spf1 include:c.acme.example ~all"}, []string{"c "}},
		"everyone, behind an error": {
			`@ TXT "v=spf1 inlude:a.acme.example -all"
			 a TXT "v=spf1 ip4:192.0.2.20 all"`,
			nil, []string{"@ v=spf1 include:a.acme.example -all"}},
		"everyone, behind a cut": {
			`@ TXT "v=spf1"
			 @ TXT "include:a.acme.example -all"
			 a TXT "v=spf1 ip4:192.0.2.20 all"`,
			nil, []string{"@ v=spf1 ip4:<the address of each sender that include:a.acme.example stands for> -all"}},
		"a text beside a record in error": {
			`@ TXT "<v=spf1 ip4:192.0.2.20"
			 @ TXT "v=spf1 ip4:192.0.2.30 -all>"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.30 <ip4:192.0.2.20, if its senders are yours> -all"}},
		"two texts, neither in force": {
			`@ TXT "v=spf 1 ip4:192.0.2.20 -all"
			 @ TXT "v=spf1ip4:192.0.2.30 -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.30 <ip4:192.0.2.20, if its senders are yours> -all|@ v=spf1 ip4:192.0.2.20 <ip4:192.0.2.30, if its senders are yours> -all"}},
		"two texts of one list": {
			`@ TXT "v=spf 1 ip4:192.0.2.20 -all"
			 @ TXT "v=spf1ip4:192.0.2.20 -all"`,
			[]string{"@ v=spf1 ip4:192.0.2.20 -all"}, nil},
		"a text beside an included record in error": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v=spf 1 ip4:192.0.2.20 -all"
			 a TXT "v=spf1 ip4:192.0.2.30 -all."`,
			nil, []string{"a v=spf1 ip4:192.0.2.30 <ip4:192.0.2.20, if its senders are yours> -all"}},
		"two records where a redirect ends": {
			`@ TXT "v=spf1 redirect=a.acme.example"
			 a TXT "v=spf1 redirect=b.acme.example"
			 a TXT "v=spf1 ip4:192.0.2.20 ~all"
			 b TXT "v=spf1 ip4:192.0.2.30 -all"`,
			[]string{"a v=spf1 ip4:192.0.2.20 include:b.acme.example -all"}, nil},
		"a circle beside a text": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v:spf1 ip4:192.0.2.20 -all"
			 a TXT "v=spf1 include:a.acme.example ip4:192.0.2.30 -all"`,
			nil, []string{"a v=spf1 ip4:192.0.2.30 <ip4:192.0.2.20, if its senders are yours> -all"}},
		"a circle beside terms alone": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "ip4:192.0.2.20 -all"
			 a TXT "v=spf1 include:acme.example ip4:192.0.2.30 -all"`,
			nil, []string{"a v=spf1 ip4:192.0.2.30 <ip4:192.0.2.20, if its senders are yours> -all"}},
		"a circle, and the record at the doubled name": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v=spf1 include:a.acme.example ip4:192.0.2.30 -all"
			 a.acme.example TXT "v=spf1 ip4:192.0.2.20 -all"`,
			nil, nil},
		"a short length, in two records": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v=spf1 ip4:192.0.2.0/2 -all"
			 a TXT "v=spf1 ip4:192.0.2.0/24 -all"`,
			nil, nil},
		"a short length, behind an error": {
			`@ TXT "v=spf1 ip4:192.0.2.0/2 inlude:a.acme.example -all"
			 a TXT "v=spf1 ip4:192.0.2.20 -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.0/2 include:a.acme.example -all"}},
		"a name cut by the repair, in two records": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v=spf1 a:mai;.acme.example -all"
			 a TXT "v=spf1 ip4:192.0.2.20 -all"
			 mail A 192.0.2.30`,
			nil, nil},
		"two redirects of one": {
			`@ TXT "v=spf1 redirwect=a.acme.example,b.acme.example"
			 a TXT "v=spf1 ip4:192.0.2.20 -all"
			 b TXT "v=spf1 ip4:192.0.2.30 -all"`,
			nil, []string{"@ v=spf1 redirect=<the name that redirwect=a.acme.example,b.acme.example was meant to be> ip4:<the address of each server that sends for you> ~all"}},
		"names that find nothing behind all, and one that the client tells": {
			`@ TXT "v=spf1 redirect=a.acme.example"
			 a TXT "v=spf1 exists:%{i}.b.acme.example ip4:192.0.2.20 ~all a mx"`,
			nil, []string{"a v=spf1 exists:%{i}.b.acme.example ip4:192.0.2.20 ip4:<the address of each sender that a stands for> ip4:<the address of each sender that mx stands for> ~all"}},
		"a mended name that finds nothing": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "v=spf1 mx :mail.acme.example ip4:192.0.2.20 -all"
			 mail A 192.0.2.30`,
			nil, []string{"a v=spf1 mx:<the right name in place of mail.acme.example> ip4:192.0.2.20 -all"}},
		"one name in three spellings": {
			`@ TXT "v=spf1 a:acme.example a a:ACME.EXAMPLE. -all"
			 @ A 192.0.2.30`,
			[]string{"@ v=spf1 a:acme.example -all"}, nil},
		"a token before the record": {
			`@ TXT "MS=ms12345678 v=spf1 ip4:192.0.2.20 -all"`,
			[]string{"@ v=spf1 ip4:192.0.2.20 -all"}, nil},
		"a record in error behind one that stands twice": {
			`@ TXT "v=spf1 a:mail.acme.example include:a.acme.example include:b.acme.example -all"
			 a TXT "v=spf1 mx:acme.example include:c.acme.example -all"
			 b TXT "v=spf1 include:gone.acme.example ip4:192.0.2.30 include:a.acme.example -all"
			 c TXT "v=spf1 include:d.acme.example -all"
			 d TXT "v=spf1 ip4:192.0.2.40 -all"
			 @ MX 10 mail
			 mail A 192.0.2.20`,
			nil, []string{"b v=spf1 include:<the right name in place of gone.acme.example> ip4:192.0.2.30 include:a.acme.example -all"}},
		"a text, and its end beside it": {
			`@ TXT "v=spff1 ip4:192.0.2.20"
			 @ TXT "ip4:192.0.2.30 -all"`,
			[]string{"@ v=spf1 ip4:192.0.2.20 ip4:192.0.2.30 -all"}, nil},
		"the version alone, and nobody": {
			`@ TXT "v=spf1"
			 @ TXT "v=spf1 -all"`,
			nil, nil},
		"a redirect glued to an all": {
			`@ TXT "v=spf1 ip4:192.0.2.20 redirect=a.acme.example~all"
			 a TXT "v=spf1 ip4:192.0.2.30 -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.20 <include:a.acme.example, if its senders are yours> ~all"}},
		"what one record shuts out, and another lets pass": {
			`@ TXT "v=spf1 -ip4:192.0.2.20 ip4:198.51.100.0/24 -all"
			 @ TXT "v=spf1 ip4:192.0.2.0/24 -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.0/24 -ip4:192.0.2.20 ip4:198.51.100.0/24 -all"}},
		"an IPv4 address in the form of IPv6": {
			`@ TXT "v=spf1 ip4:::ffff:192.0.2.20 -all"`,
			[]string{"@ v=spf1 ip4:192.0.2.20 -all"}, nil},
		"terms beside a record of type SPF": {
			`@ SPF "v=spf1 ip4:192.0.2.20"
			 @ TXT "ip4:192.0.2.30 -all"`,
			nil, nil},
		"terms of type SPF beside the record": {
			`@ TXT "v=spf1 ip4:192.0.2.20"
			 @ SPF "ip4:192.0.2.30 -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.20 <ip4:192.0.2.30, if it belongs to the record> ~all"}},
		"a record of type SPF, and another at the doubled name": {
			`@ SPF "v=spf1 ip4:192.0.2.20 -all"
			 acme.example TXT "v=spf1 ip4:192.0.2.30 -all"`,
			nil, nil},
		"terms, and the record at the doubled name": {
			`@ TXT "ip4:192.0.2.30 -all"
			 acme.example TXT "v=spf1 ip4:192.0.2.20"`,
			nil, nil},
		"a text whose version nobody can read, beside its rest": {
			`@ TXT "v=spf1 include:a.acme.example -all"
			 a TXT "vo=psf1 ip4:192.0.2.20"
			 a TXT "ip4:192.0.2.30 -all"`,
			nil, []string{"@ v=spf1 include:<the right name in place of a.acme.example> -all"}},
		"a record cut within a name": {
			`@ TXT "v=spf1 ip4:192.0.2.20 include:_spf.google"
			 @ TXT ".com -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.20 include:_spf.google <what .com-all belongs to> ~all"}},
		"a redirect glued to an all that a name may end in": {
			`@ TXT "v=spf1 ip4:192.0.2.20 redirect=a.acme.com-all"
			 a TXT "v=spf1 ip4:192.0.2.30 -all"`,
			nil, []string{"@ v=spf1 ip4:192.0.2.20 <include:a.acme.com, if its senders are yours> -all"}},
		"a redirect that only leads back": {
			`@ TXT "v=spf1 ip4:192.0.2.20 redirect=a.acme.example"
			 a TXT "v=spf1 include:acme.example ~all"`,
			[]string{"@ v=spf1 ip4:192.0.2.20 ~all"}, nil},
	} {
		zone := "$TTL 3600\n$ORIGIN acme.example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n"
		for line := range strings.Lines(c.zone) {
			zone += strings.TrimSpace(line) + "\n"
		}
		r := dnstest.Zone(t, zone)
		var complete, asked []string
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Fix == nil || f.Severity == finding.Pass || len(f.Fix.Remove) == 0 {
				continue
			}
			name := strings.TrimSuffix(strings.TrimSuffix(f.Fix.Name, "acme.example"), ".")
			if name == "" {
				name = "@"
			}
			to := &asked
			if f.Fix.Complete {
				to = &complete
			}
			if s := name + " " + f.Fix.Value; !slices.Contains(*to, s) {
				*to = append(*to, s)
			}
		}
		slices.Sort(complete)
		slices.Sort(asked)
		if !slices.Equal(complete, c.complete) {
			t.Errorf("%s: complete are %q, not %q", name, complete, c.complete)
		}
		if len(asked) != len(c.asked) {
			t.Errorf("%s: asked is %q, not %q", name, asked, c.asked)
			continue
		}
		for i, want := range c.asked {
			if !slices.Contains(strings.Split(want, "|"), asked[i]) && !(strings.HasSuffix(want, " ") && strings.HasPrefix(asked[i], want)) {
				t.Errorf("%s: asked is %q, not %q", name, asked[i], want)
			}
		}
	}
}

// TestInnerAddress: an address that no receiver sees is not put into the record, beside one that
// receivers see.
func TestInnerAddress(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@    SOA ns.example. admin.example. 1 7200 900 604800 300
		@    TXT "v=spf1 mx -all"
		@    MX 10 mail
		mail A 192.0.2.30
	`)
	for ip, want := range map[string]string{
		"10.0.0.5":     "v=spf1 mx ip4:<the public address of the host behind 10.0.0.5> -all",
		"100.64.1.2":   "v=spf1 mx ip4:<the public address of the host behind 100.64.1.2> -all",
		"fd00::5":      "v=spf1 mx ip4:<the public address of the host behind fd00::5> -all",
		"198.51.100.5": "v=spf1 mx ip4:198.51.100.5 -all",
	} {
		failed := []spf.Evaluation{{IP: netip.MustParseAddr(ip), Domain: "acme.example", Result: spf.Fail}}
		said := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present", Evaluations: failed}).Findings() {
			if f.Check != "spf-ip-not-authorized" {
				continue
			}
			if said = true; f.Fix.Value != want || f.Fix.Complete == strings.Contains(want, "<") {
				t.Errorf("%s: %+v", ip, f.Fix)
			}
		}
		if !said {
			t.Errorf("%s: nothing is said", ip)
		}
	}
}

// TestUnreached: of one mechanism with two signs the second is said to have no effect.
func TestUnreached(t *testing.T) {
	for text, want := range map[string]string{
		"v=spf1 -mx mx -all":                              `"mx" stands behind "-mx"`,
		"v=spf1 mx ~mx -ip4:192.0.2.9 ip4:192.0.2.9 -all": `"~mx" stands behind "mx"; "ip4:192.0.2.9" stands behind "-ip4:192.0.2.9"`,
		"v=spf1 mx +mx -a -all":                           "",
	} {
		said := ""
		for _, f := range Lint([]byte(text)).Findings {
			if strings.Contains(f.Detail, "the later one has no effect") {
				said = f.Detail
			}
		}
		if !strings.Contains(said, want) || want == "" && said != "" {
			t.Errorf("%s: %q", text, said)
		}
	}
}

// TestForeign: what to publish for a domain of another organization is its to publish.
func TestForeign(t *testing.T) {
	r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN esp.example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n@ TXT \"v=spf1 ipv4:192.0.2.20 -all\"\n")
	for _, foreign := range []bool{false, true} {
		complete := false
		for _, f := range Check(Examine(context.Background(), r, "esp.example"), Context{MX: "present", Foreign: foreign}).Findings() {
			complete = complete || f.Fix != nil && f.Fix.Complete
		}
		if complete == foreign {
			t.Errorf("foreign %v: complete %v", foreign, complete)
		}
	}
}

// TestNamesOfExamples: a name that was copied from instructions is asked for, but not of a domain
// that stands in some itself.
func TestNamesOfExamples(t *testing.T) {
	for domain, want := range map[string]string{
		"acme.com":     "v=spf1 include:<the right name in place of example.com> a:<the right name in place of mail.example.org> ip4:45.76.0.5 -all",
		"acme.example": "",
	} {
		r := dnstest.Zone(t, "$TTL 3600\n$ORIGIN "+domain+".\n@ SOA ns.acme.com. admin.acme.com. 1 7200 900 604800 300\n@ TXT \"v=spf1 include:example.com a:mail.example.org ip4:45.76.0.5 -all\"\n")
		value := ""
		for _, f := range Check(Examine(context.Background(), r, domain), Context{MX: "present"}).Findings() {
			if f.Title == "SPF names a domain of examples" {
				value = f.Fix.Value
			}
		}
		if value != want {
			t.Errorf("%s: %q", domain, value)
		}
	}
}
