package dmarc

import (
	"fmt"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// mislaid is the discovery of a domain in a zone whose names can be listed.
func mislaid(t testing.TB, zone, domain string) (d *Discovery) {
	t.Helper()
	r := world(t, zone)
	names := func(name string, most int) (out []string) {
		for _, rec := range resolver.Below(r.Resolver, name, resolver.TypeTXT) {
			if rec.Name != name && len(out) < most {
				out = append(out, rec.Name)
			}
		}
		return out
	}
	b := resolver.NewBatch(t.Context(), r)
	Begin(b, domain, names, nil, nil, func(found *Discovery, _ []Alignment) { d = found })
	b.Run()
	return d
}

// TestMislaid: what stands at _dmarc, at the domain itself or at a name like that of the
// record is judged for what it was meant to be, and nothing that counts elsewhere is lost.
func TestMislaid(t *testing.T) {
	const mx = "acme.example MX 10 mx.acme.example\n"
	yes, no := true, false
	for _, test := range []struct {
		name, zone string
		hasSPF     *bool
		// check is of the finding looked at; adds and removes are what its fix does.
		check, adds, removes string
		complete             bool
	}{
		{"two underscores", `__dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "__dmarc.acme.example", true},
		{"a letter missing", `_dmrc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "_dmrc.acme.example", true},
		{"at _domainkey", `_domainkey.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "_domainkey.acme.example", true},
		{"below _domainkey", `_dmarc._domainkey.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "_dmarc._domainkey.acme.example", true},
		{"where consent stands", `_report._dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "_report._dmarc.acme.example", true},
		{"at a selector", `s1._domainkey.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "s1._domainkey.acme.example", true},
		{"a key at a selector", `s1._domainkey.acme.example TXT "v=DKIM1; p=reject"`, nil, "dmarc-record-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports>", "", false},
		{"a key with another record behind it", `s1._domainkey.acme.example TXT "v=DKIM1; k=rsa; p=abc; v=DMARC1; p=none"`, nil, "dmarc-record-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports>", "", false},
		{"of a subdomain named alike", `_dmarc.acme.acme.example TXT "` + sound + `"`, nil, "dmarc-record-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports>", "", false},
		{"of another name", `_dmarc.www.acme.example TXT "` + sound + `"`, nil, "dmarc-record-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports>", "", false},
		{"SPF at its name, none elsewhere", `_dmarc.acme.example TXT "v=spf1 mx -all"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &no, "dmarc-spf-at-dmarc-name", "", "", false},
		{"SPF at its name, not known elsewhere", `_dmarc.acme.example TXT "v=spf1 mx -all"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-spf-at-dmarc-name", "", "", false},
		{"SPF of another sender at its name", `_dmarc.acme.example TXT "v=spf1 mx include:sendgrid.net -all"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &yes, "dmarc-spf-at-dmarc-name", "", "", false},
		{"SPF at its name and its own", `_dmarc.acme.example TXT "v=spf1 mx -all"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &yes, "dmarc-spf-at-dmarc-name", "", "_dmarc.acme.example", true},
		{"a key at its name", `_dmarc.acme.example TXT "v=DKIM1; p=abc"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &yes, "dmarc-spf-at-dmarc-name", "", "", false},
		{"TLS reporting at its name", `_dmarc.acme.example TXT "v=TLSRPTv1; rua=mailto:t@acme.example"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &yes, "dmarc-spf-at-dmarc-name", "", "", false},
		{"a proof at its name", `_dmarc.acme.example TXT "google-site-verification=abc"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &yes, "dmarc-spf-at-dmarc-name", "", "", false},
		{"other text at its name", `_dmarc.acme.example TXT "hello"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, &yes, "dmarc-spf-at-dmarc-name", "", "", false}, // the rest of a record, perhaps
		{"sp in a record of its own", `_dmarc.acme.example TXT "` + sound + `"` + "\n" + `_dmarc.acme.example TXT "sp=none"`, nil, "dmarc-version", "_dmarc.acme.example TXT v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@acme.example", "_dmarc.acme.example, _dmarc.acme.example", false},
		{"two halves with a slip", `_dmarc.acme.example TXT "v=DMARC1 p=quarantine"` + "\n" + `_dmarc.acme.example TXT "sp=reject; rua=mailto:d@acme.example"`, nil, "dmarc-version", "_dmarc.acme.example TXT v=DMARC1; p=<quarantine or none, quarantine or reject>; sp=<quarantine or reject>; rua=mailto:d@acme.example", "_dmarc.acme.example, _dmarc.acme.example", false},
		{"two halves at the domain", `acme.example TXT "v=DMARC1; p=quarantine"` + "\n" + `acme.example TXT "t=y; rua=mailto:d@acme.example"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT v=DMARC1; p=quarantine", "acme.example", false},
		{"two halves at the domain, one in quotes", `acme.example TXT "v=DMARC1; p=quarantine"` + "\n" + `acme.example TXT "\"t=y; rua=mailto:d@acme.example"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT v=DMARC1; p=quarantine", "acme.example", false},
		{"two halves at a wrong name", `dmarc.acme.example TXT "v=DMARC1; p=quarantine"` + "\n" + `dmarc.acme.example TXT "sp=reject; rua=mailto:d@acme.example"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT v=DMARC1; p=quarantine", "dmarc.acme.example", false},
		{"beside something else at the domain", `acme.example TXT "` + sound + `"` + "\n" + `acme.example TXT "x=1; hello"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "acme.example", true},
		{"a test at one of two wrong names", `_dmark.acme.example TXT "v=DMARC1; p=reject; t=y"` + "\n" + `dmarc.acme.example TXT "v=DMARC1; p=reject"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT v=DMARC1; p=reject", "dmarc.acme.example", false},
		{"two in one", `acme.example TXT "v=spf1 mx -all ` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound + ", acme.example TXT v=spf1 mx -all", "acme.example", true},
		{"two in one, swapped", `acme.example TXT "` + sound + `; v=spf1 mx -all"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound + ", acme.example TXT v=spf1 mx -all", "acme.example", true},
		{"two in one, beside one in force", `acme.example TXT "v=spf1 mx -all v=DMARC1; p=none"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "", "", false},
		{"behind a proof", `acme.example TXT "MS=ms123456 ` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound + ", acme.example TXT MS=ms123456", "acme.example", true},
		{"behind a proof and a semicolon", `acme.example TXT "google-site-verification=a_b-c; ` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound + ", acme.example TXT google-site-verification=a_b-c", "acme.example", true},
		{"behind a proof, beside one in force", `acme.example TXT "MS=ms123456 ` + sound + `"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "acme.example TXT MS=ms123456", "acme.example", true},
		{"before a proof, beside one in force", `acme.example TXT "` + sound + `; MS=ms123456"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "acme.example TXT MS=ms123456", "acme.example", true},
		{"before a proof, beside a weaker one", `acme.example TXT "` + sound + ` MS=ms123456"` + "\n" + `_dmarc.acme.example TXT "v=DMARC1; p=none"`, nil, "dmarc-wrong-name", "", "", false},
		{"before two proofs", `acme.example TXT "` + sound + ` MS=ms123456 google-site-verification=abc"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound + ", acme.example TXT MS=ms123456, acme.example TXT google-site-verification=abc", "acme.example", true},
		{"a proof before it at its name", `_dmarc.acme.example TXT "MS=ms123456 ` + sound + `"`, nil, "dmarc-version", "_dmarc.acme.example TXT " + sound + ", acme.example TXT MS=ms123456", "_dmarc.acme.example", true},
		{"a proof within it at its name", `_dmarc.acme.example TXT "` + sound + `; MS=ms123456"`, nil, "dmarc-unknown-tag", "_dmarc.acme.example TXT " + sound + ", acme.example TXT MS=ms123456", "_dmarc.acme.example", true},
		{"a proof in one of two", `_dmarc.acme.example TXT "` + sound + `; MS=ms123456"` + "\n" + `_dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-multiple-records", "_dmarc.acme.example TXT " + sound + ", acme.example TXT MS=ms123456", "_dmarc.acme.example, _dmarc.acme.example", true},
		{"two in one, beside an SPF record", `acme.example TXT "` + sound + `; v=spf1 -all"`, &yes, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "acme.example", false},
		{"SPF without terms", `acme.example TXT "v=spf1 ~all ` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound + ", acme.example TXT v=spf1 ~all", "acme.example", true},
		{"tests beside none", `_dmarc.acme.example TXT "v=DMARC1; p=quarantine; t=y"` + "\n" + `_dmarc.acme.example TXT "v=DMARC1; p=quarantine; pct=10"`, nil, "dmarc-multiple-records", "_dmarc.acme.example TXT v=DMARC1; p=quarantine; pct=<100 or 10>; t=<y or n>", "_dmarc.acme.example, _dmarc.acme.example", false},
		// What a record at a wrong name says against it is the owner's to decide.
		{"no policy, and one elsewhere", `_dmarc.acme.example TXT "v=DMARC1; rua=mailto:d@acme.example"` + "\n" + `acme.example TXT "` + sound + `"`, nil, "dmarc-policy-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:d@acme.example", "_dmarc.acme.example", false},
		{"a void one, and one elsewhere", `_dmarc.acme.example TXT "v=DMARC1 p=none"` + "\n" + `acme.example TXT "` + sound + `"`, nil, "dmarc-version", "_dmarc.acme.example TXT v=DMARC1; p=none", "_dmarc.acme.example", false},
		{"two at wrong names", `acme.example TXT "v=DMARC1; p=none"` + "\n" + `_dmarc.acme.example.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT v=DMARC1; p=none", "acme.example", false},
		{"two at one wrong name", `dmarc.acme.example TXT "v=DMARC1; p=none"` + "\n" + `dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT v=DMARC1; p=none", "dmarc.acme.example", false},
		{"the same at two wrong names", `acme.example TXT "` + sound + `"` + "\n" + `dmarc.acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "acme.example", true},
		{"an alias without its dot, and a record elsewhere", `_dmarc.acme.example CNAME _dmarc.esp.test.acme.example` + "\n" + `_dmarc.esp.test TXT "v=DMARC1; p=none"` + "\n" + `acme.example TXT "` + sound + `"`, nil, "dmarc-wrong-name", "_dmarc.acme.example CNAME _dmarc.esp.test", "_dmarc.acme.example", false},
		{"a tag as a record of its own", `_dmarc.acme.example TXT "v=DMARC1; p=reject"` + "\n" + `_dmarc.acme.example TXT "t=y"`, nil, "dmarc-spf-at-dmarc-name", "", "", false},
		{"sp in one of two", `_dmarc.acme.example TXT "v=DMARC1; p=reject; sp=none"` + "\n" + `_dmarc.acme.example TXT "v=DMARC1; p=reject"`, nil, "dmarc-multiple-records", "_dmarc.acme.example TXT v=DMARC1; p=reject; sp=<none or reject>", "_dmarc.acme.example, _dmarc.acme.example", false},
		{"a word with a colon", `_dmarc.acme.example TXT "v=DMARC1; p=reject; brevo-code:abc"`, nil, "dmarc-syntax", "_dmarc.acme.example TXT v=DMARC1; p=reject; <correct or leave out: brevo-code:abc>", "_dmarc.acme.example", false},
		{"a proof that swallowed the version", `_dmarc.acme.example TXT "google-site-verification=v=DMARC1; p=reject"`, nil, "dmarc-version", "_dmarc.acme.example TXT v=DMARC1; p=reject; <correct or leave out: google-site-verification=v=DMARC1>", "_dmarc.acme.example", false},
		{"an alias as text, with its final dot", `_dmarc.acme.example TXT "dm.esp.test."`, nil, "dmarc-version", "_dmarc.acme.example CNAME dm.esp.test", "_dmarc.acme.example", false},
		{"words with a final dot", `_dmarc.acme.example TXT "hello.world."`, nil, "dmarc-record-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports>", "", false},
		{"a service's domain with its final dot", `_dmarc.acme.example TXT "ondmarc.test."`, nil, "dmarc-version", "_dmarc.acme.example CNAME ondmarc.test", "_dmarc.acme.example", false},
		{"an alias as text", `_dmarc.acme.example TXT "_dmarc.esp.test"`, nil, "dmarc-version", "_dmarc.acme.example CNAME _dmarc.esp.test", "_dmarc.acme.example", false},
		{"an alias of a wildcard to a name with TXT", "*.acme.example CNAME acme.example\nacme.example TXT \"v=spf1 mx -all\"\ndmarc.acme.example TXT \"" + sound + `"`, &yes, "dmarc-wrong-name", "_dmarc.acme.example TXT " + sound, "dmarc.acme.example", true},
		{"an alias of a wildcard", "*.acme.example CNAME www.esp.test", nil, "dmarc-record-missing", "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports>", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			own := ""
			if test.hasSPF != nil && *test.hasSPF {
				own = "v=spf1 mx -all"
			}
			findings := Check(mislaid(t, mx+test.zone, "acme.example"), Context{HasSPF: test.hasSPF, SPF: own}).Findings()
			f := find(t, findings, test.check)
			if f.Severity == finding.Pass || f.Fix == nil {
				t.Fatalf("%+v", f)
			}
			var adds, removes []string
			for _, r := range f.Fix.Records() {
				adds = append(adds, fmt.Sprintf("%s %s %s", r.Name, r.Type, r.Value))
			}
			for _, r := range f.Fix.Remove {
				removes = append(removes, r.Name)
			}
			if got := strings.Join(adds, ", "); got != test.adds {
				t.Errorf("adds %s, want %s", got, test.adds)
			}
			if got := strings.Join(removes, ", "); got != test.removes || f.Fix.Complete != test.complete {
				t.Errorf("removes %q, complete %v", got, f.Fix.Complete)
			}
			complete(t, findings)
		})
	}
}

// TestMislaidOfSubdomain: the record of a subdomain at the names that a control panel makes of
// its own, which adds the name of the zone above.
func TestMislaidOfSubdomain(t *testing.T) {
	for _, name := range []string{"_dmarc.news.acme.example.acme.example", "_dmarc.news.acme.example.news.acme.example", "news._dmarc.acme.example", "dmarc.news.acme.example"} {
		d := mislaid(t, "news.acme.example MX 10 mx.acme.example\nacme.example MX 10 mx.acme.example\n"+name+` TXT "`+sound+`"`, "news.acme.example")
		f := find(t, Check(d, Context{}).Findings(), "dmarc-wrong-name")
		if f.Fix == nil || f.Fix.Name != "_dmarc.news.acme.example" || f.Fix.Value != sound || len(f.Fix.Remove) != 1 || f.Fix.Remove[0].Name != name {
			t.Errorf("%s: %s %+v", name, f.Detail, f.Fix)
		}
	}
}

// TestWaits: what the records show against a stricter policy or alignment waits for the owner.
func TestWaits(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		name, record string
		c            Context
		check, when  string
	}{
		{"nothing is sent", "v=DMARC1; p=none", Context{Profile: finding.Parked}, "dmarc-policy-none", ""},
		{"strict, with a key", "v=DMARC1; p=reject; adkim=strict", Context{HasDKIM: &yes}, "dmarc-alignment-mode-invalid", ""},
		{"strict, without a key", "v=DMARC1; p=reject; adkim=strict", Context{HasDKIM: &no}, "dmarc-alignment-mode-invalid", "mail is signed with d=acme.example itself, which has no key"},
		{"strict, with a key below", "v=DMARC1; p=reject; adkim=strict", Context{HasDKIM: &yes, Signers: []string{"mg.acme.example"}}, "dmarc-alignment-mode-invalid", "mail does without the signing domain mg.acme.example, which strict alignment leaves out"},
		{"two, and a piece beside them", `v=DMARC1; p=reject"
_dmarc.acme.example TXT "v=DMARC1; p=reject "
_dmarc.acme.example TXT "rua=mailto:d@acme.example`, Context{}, "dmarc-multiple-records", "what stands beside them was meant as no part of it: \"rua=mailto:d@acme.example\""},
		{"two, and one that says no more", `v=DMARC1; p=reject"
_dmarc.acme.example TXT "v=DMARC1; p=reject "
_dmarc.acme.example TXT "v=DMARC1 p=reject`, Context{}, "dmarc-multiple-records", ""},
		{"strict, for names below", "v=DMARC1; p=reject; adkim=strict", Context{Profile: finding.Parked, Senders: []string{"news.acme.example"}}, "dmarc-alignment-mode-invalid", "mail of all names that have the record is aligned strictly"},
	} {
		zone := "acme.example MX 10 mx.acme.example\n"
		if test.record != "" {
			zone += `_dmarc.acme.example TXT "` + test.record + `"`
		}
		if f := find(t, Check(mislaid(t, zone, "acme.example"), test.c).Findings(), test.check); f.Fix == nil || f.Fix.When != test.when {
			t.Errorf("%s: %+v", test.name, f.Fix)
		}
	}
}
