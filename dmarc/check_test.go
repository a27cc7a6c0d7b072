package dmarc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
)

// sound is a record without anything to say about it.
const sound = `v=DMARC1; p=reject; rua=mailto:dmarc@acme.example`

// TestCheckRecord: what is found about one record at _dmarc.acme.example, in a
// zone where all else is in order, and what is to be published instead.
func TestCheckRecord(t *testing.T) {
	const rua = "rua=mailto:dmarc@acme.example"
	const fixed = "v=DMARC1; p=reject; " + rua
	tests := []struct {
		record string
		want   string // findings worse than a pass
		fix    string // of the first
	}{
		{sound, "", ""},
		{"v=DMARC1; p=quarantine; " + rua, "", ""},
		{"v=dmarc1; p=reject; " + rua, "critical dmarc-version", fixed},
		{" v=DMARC1; p=reject; " + rua, "critical dmarc-version", fixed},
		{"p=reject; v=DMARC1; " + rua, "critical dmarc-version", fixed},
		{"v=DMARC1; p=reject; " + rua + "; np", "critical dmarc-syntax", fixed},
		{"v=DMARC1; p=reject; aspf=; " + rua, "critical dmarc-syntax", "v=DMARC1; p=reject; aspf=<r or s>; " + rua},
		{"v=DMARC1; p=reject;; " + rua, "warning dmarc-syntax", fixed},
		{"v=DMARC1; " + rua, "warning dmarc-policy-missing", "v=DMARC1; p=none; " + rua},
		{"v=DMARC1;", "critical dmarc-policy-missing", "v=DMARC1; p=<none, quarantine or reject>; rua=mailto:<mailbox for reports>"},
		{"v=DMARC1; p=none; rua=mailto:a@acme.example,ruf=mailto:b@acme.example; fo=1", "critical dmarc-syntax, warning dmarc-policy-none",
			"v=DMARC1; p=none; rua=mailto:a@acme.example; ruf=mailto:b@acme.example; fo=1"},
		{"v=DMARC1; p=quarantin; " + rua, "error dmarc-policy-invalid", "v=DMARC1; p=quarantine; " + rua},
		{"v=DMARC1; p=rejected", "critical dmarc-policy-invalid, warning dmarc-no-aggregate-reports", "v=DMARC1; p=reject"},
		{"v=DMARC1; p=reject; sp=no; " + rua, "error dmarc-policy-invalid", "v=DMARC1; p=reject; sp=<none, quarantine or reject>; " + rua},
		{"v=DMARC1; p=reject " + rua, "critical dmarc-syntax", fixed},
		{"v=DMARC1; p=none; " + rua, "warning dmarc-policy-none", "v=DMARC1; p=quarantine; " + rua + "; t=y"},
		{"v=DMARC1; p=reject; sp=none; " + rua, "warning dmarc-subdomain-policy-weaker", "v=DMARC1; p=reject; sp=reject; " + rua},
		{"v=DMARC1; p=quarantine; np=none; " + rua, "warning dmarc-subdomain-policy-weaker", "v=DMARC1; p=quarantine; np=quarantine; " + rua},
		{"v=DMARC1; p=quarantine; sp=reject; np=reject; " + rua, "", ""},
		{"v=DMARC1; p=reject; t=y; " + rua, "warning dmarc-testing", fixed},
		{"v=DMARC1; p=reject; t=n; " + rua, "", ""},
		{"v=DMARC1; p=reject; pct=50; " + rua, "warning dmarc-testing", fixed},
		{"v=DMARC1; p=none; t=y; " + rua, "warning dmarc-policy-none, notice dmarc-testing", ""},
		{"v=DMARC1; p=reject; pct=100; rf=afrf; ri=3600; " + rua, "notice dmarc-historic-tag", fixed},
		{"v=DMARC1; p=reject; x=y; " + rua, "notice dmarc-unknown-tag", fixed},
		{"v=DMARC1; p=reject; rau=mailto:dmarc@acme.example", "warning dmarc-unknown-tag", fixed},
		{"v=DMARC1; p=reject; rau=x; " + rua, "notice dmarc-unknown-tag", fixed},
		{"v=DMARC1; p=reject; adkm=s; " + rua, "notice dmarc-unknown-tag", "v=DMARC1; p=reject; adkim=s; " + rua},
		{"v=DMARC1; p=reject; p=none; " + rua, "error dmarc-duplicate-tag", fixed},
		{"v=DMARC1; p=reject; psd=yes; " + rua, "warning dmarc-tag-value-invalid", fixed},
		{"v=DMARC1; p=reject; t=1; " + rua, "warning dmarc-tag-value-invalid", fixed},
		{"v=DMARC1; p=reject", "warning dmarc-no-aggregate-reports", "v=DMARC1; p=reject; rua=mailto:<mailbox for reports>"},
		{"v=DMARC1; p=reject; rua=dmarc@acme.example", "error dmarc-report-uri-invalid", fixed},
		{"v=DMARC1; p=reject; " + rua + ",https://acme.example/x", "notice dmarc-report-scheme", ""},
		{"v=DMARC1; p=reject; rua=mailto:a,b@acme.example", "error dmarc-report-uri-invalid", "v=DMARC1; p=reject; rua=mailto:<mailbox for reports>"},
		{"v=DMARC1; p=reject; " + rua + "!10m", "notice dmarc-report-size-suffix", fixed},
		{"v=DMARC1; p=reject; fo=1; " + rua, "notice dmarc-failure-options", fixed},
		{"v=DMARC1; p=reject; fo=0:1; ruf=mailto:f@acme.example; " + rua, "notice dmarc-failure-options",
			"v=DMARC1; p=reject; " + rua + "; ruf=mailto:f@acme.example; fo=1"},
		{"v=DMARC1; p=reject; fo=1:d:s; ruf=mailto:f@acme.example; " + rua, "", ""},
		{"v=DMARC1; p=reject; adkim=relaxed; " + rua, "warning dmarc-alignment-mode-invalid", "v=DMARC1; p=reject; adkim=r; " + rua},
		{"v=DMARC1; p=reject; adkim=s; aspf=r; " + rua, "", ""},
		{"v=DMARC1; " + rua + "; p=reject", "notice dmarc-older-readers", fixed},
		{"v=DMARC1; P=reject; " + rua, "notice dmarc-older-readers", fixed},
	}
	for _, test := range tests {
		t.Run(test.record, func(t *testing.T) {
			d := discover(t, fmt.Sprintf("_dmarc.acme.example TXT %q\nacme.example MX 10 mx.acme.example", test.record), "acme.example")
			findings := Check(d, Context{}).Findings()
			if got := strings.Join(ids(findings, "acme.example"), ", "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.fix != "" && (findings[0].Fix == nil || findings[0].Fix.Value != test.fix || findings[0].Fix.Name != "_dmarc.acme.example") {
				t.Errorf("the fix is %+v, want %s", findings[0].Fix, test.fix)
			}
			complete(t, findings)
		})
	}
}

// TestTitles: a title follows the case, and one tag has one finding.
func TestTitles(t *testing.T) {
	const rua = "; rua=mailto:dmarc@acme.example"
	const share, fo = "DMARC policy for a share of the mail only (pct=", "DMARC fo= tag "
	for _, test := range []struct{ tags, check, title, detail, follows string }{
		{"p=quarantine; pct=50", "dmarc-testing", share + "50)", "RFC 9989 has no pct", "dmarc-historic-tag"},
		{"p=none; sp=reject; pct=20", "dmarc-testing", share + "20)", "", "dmarc-historic-tag"},
		{"p=none; pct=0", "dmarc-testing", "DMARC pct=0 without effect on p=none", "no effect", "dmarc-historic-tag"},
		{"p=reject; t=y; pct=0", "dmarc-testing", "DMARC in test mode (t=y): policy not enforced", "pct=0", "dmarc-historic-tag"},
		{"p=reject; t=y", "dmarc-testing", "DMARC in test mode (t=y): policy not enforced", "", ""},
		{"p=quaratine; pct=50", "dmarc-testing", "", "", ""},
		{"p=quaratine; pct=50", "dmarc-historic-tag", "", "", ""}, // said once there is a policy
		{"p=quaratine; pct=50", "dmarc-policy-invalid", "Invalid DMARC policy (p= must be none, quarantine or reject)", "probably meant: p=quarantine", ""},
		{"p=quaratine; pct=100", "dmarc-historic-tag", "Obsolete DMARC tags (pct, rf, ri)", "pct=100; only receivers that follow RFC 7489 read it.", ""},
		{"pct=10", "dmarc-historic-tag", "", "", ""},
		{"p=reject; pct=50; ri=60", "dmarc-historic-tag", "Obsolete DMARC tags (pct, rf, ri)", "knows ri=60; ", ""},
		{"p=reject; pct=100; ri=60", "dmarc-historic-tag", "Obsolete DMARC tags (pct, rf, ri)", "pct=100 and ri=60; only receivers that follow RFC 7489 read them.", ""},
		{"p=reject; fo=0:1:d:s; ruf=mailto:f@acme.example", "dmarc-failure-options", fo + "with a part that has no effect", "", ""},
		{"p=reject; fo=x; ruf=mailto:f@acme.example", "dmarc-failure-options", fo + "without effect", "", ""},
		{"p=reject; fo=0:1:d:s", "dmarc-failure-options", fo + "without effect", "", ""},
	} {
		findings := Check(discover(t, `_dmarc.acme.example TXT "v=DMARC1; `+test.tags+rua+"\"\nacme.example MX 10 mx.acme.example", "acme.example"), Context{}).Findings()
		var got finding.Finding
		for _, f := range findings {
			if f.Check == test.check && f.Severity != finding.Pass {
				got = f
			}
		}
		follows := ""
		for _, c := range got.Follows {
			follows += c.Check
		}
		if got.Title != test.title || !strings.Contains(got.Detail, test.detail) || follows != test.follows {
			t.Errorf("%s: %q, %q, follows %q", test.tags, got.Title, got.Detail, follows)
		}
	}
}

// TestCheckUnquoted: in a zone file without quotes the record ends at its first
// semicolon. What was meant is known there, and is proposed; live it is asked for.
func TestCheckUnquoted(t *testing.T) {
	const meant, ask = "v=DMARC1; p=reject; rua=mailto:dmarc@acme.example", "v=DMARC1; p=<none, quarantine or reject>; rua=mailto:<mailbox for reports>"
	for _, test := range []struct{ data, want, fix string }{
		{"v=DMARC1; p=reject; rua=mailto:dmarc@acme.example", "critical dmarc-syntax", meant},
		{"v=DMARC1;p=reject;rua=mailto:dmarc@acme.example", "critical dmarc-syntax", meant},
		{"v=DMARC1 ; p=reject ; rua=mailto:dmarc@acme.example", "critical dmarc-syntax", meant},
		{"v=dmarc1; p=reject; rua=mailto:dmarc@acme.example", "critical dmarc-version", meant},
		{"p=reject; rua=mailto:dmarc@acme.example", "critical dmarc-version", meant},
		{`v=DMARC1\; p=reject; rua=mailto:dmarc@acme.example`, "warning dmarc-syntax", meant},
		{`v=DMARC1\; p=reject; t=y`, "warning dmarc-syntax, warning dmarc-no-aggregate-reports", "v=DMARC1; p=reject; <correct or leave out: p=reject? t=y>"},
		{"v=DMARC1; p=reject; rua=mailto:dmarc@acme.example ; since May", "critical dmarc-syntax", meant + "; <correct or leave out: since May>"},
		{"v=DMARC1 ; our record", "critical dmarc-policy-missing", ask},
		{`"v=DMARC1"; p=reject`, "critical dmarc-policy-missing", ask},
		{`"` + meant + `" ; p=none until May`, "", ""},
	} {
		findings := Check(discover(t, "_dmarc.acme.example TXT "+test.data+"\nacme.example MX 10 mx.acme.example", "acme.example"), Context{}).Findings()
		if got := strings.Join(ids(findings, "acme.example"), ", "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.data, got, test.want)
		} else if test.fix != "" && findings[0].Fix.Value != test.fix {
			t.Errorf("%s: the fix is %+v, want %s", test.data, findings[0].Fix, test.fix)
		}
		if test.want != "" && strings.Contains(test.want, "-syntax") && !strings.Contains(findings[0].Detail, "comment") {
			t.Errorf("%s: the cause is not said: %s", test.data, findings[0].Detail)
		}
		complete(t, findings)
	}
}

// complete: every finding says what was seen, on what evidence, and passes are
// those of listed checks.
func complete(t *testing.T, findings []finding.Finding) {
	t.Helper()
	for _, f := range findings {
		switch {
		case f.Severity == finding.Pass:
		case f.Detail == "" || f.Title == "" || f.Reference == "":
			t.Errorf("%s says too little: %+v", f.Check, f)
		case strings.ContainsRune(f.Detail, '\n'):
			t.Errorf("%s has a line break in its detail", f.Check)
		case len(f.Evidence) == 0:
			t.Errorf("%s has no evidence", f.Check)
		case (f.Severity == finding.Unknown) != (f.CouldBe != ""):
			t.Errorf("%s is %s and could be %q", f.Check, f.Severity, f.CouldBe)
		}
	}
}

// TestCheckWalk: what is found about the names around the record.
func TestCheckWalk(t *testing.T) {
	const own = `_dmarc.acme.example TXT "` + sound + "\"\nacme.example MX 10 mx.acme.example\n"
	const news = "news.acme.example A 192.0.2.1\n"
	const newsOwn = news + `_dmarc.news.acme.example TXT "v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"` + "\n"
	parked := Context{Profile: finding.Parked}
	tests := []struct {
		name, zone, domain string
		c                  Context
		want               string
		fix                string // of the first: "name value"
	}{
		{"nothing", "acme.example A 192.0.2.1", "acme.example", Context{}, "error dmarc-record-missing",
			"_dmarc.acme.example v=DMARC1; p=none; rua=mailto:<mailbox for reports>"},
		{"nothing, parked", "acme.example A 192.0.2.1", "acme.example", parked, "error dmarc-record-missing", "_dmarc.acme.example v=DMARC1; p=reject;"},
		{"parked and rejecting", `_dmarc.acme.example TXT "v=DMARC1; p=reject;"`, "acme.example", parked, "", ""},
		{"parked and monitoring", `_dmarc.acme.example TXT "v=DMARC1; p=none; sp=none"`, "acme.example", parked, "warning dmarc-policy-none", "_dmarc.acme.example v=DMARC1; p=reject"},
		{"only other TXT", `_dmarc.acme.example TXT "v=spf1 -all"`, "acme.example", Context{}, "error dmarc-record-missing, notice dmarc-spf-at-dmarc-name", ""},
		{"other TXT beside it", own + `_dmarc.acme.example TXT "v=spf1 -all"`, "acme.example", Context{}, "notice dmarc-spf-at-dmarc-name", ""},
		{"two", own + `_dmarc.acme.example TXT "v=DMARC1; p=quarantine; rua=mailto:b@acme.example"`, "acme.example", Context{}, "critical dmarc-multiple-records",
			"_dmarc.acme.example v=DMARC1; p=<reject or quarantine>; rua=mailto:dmarc@acme.example,mailto:b@acme.example"},
		{"one in two pieces", "_dmarc.acme.example TXT \"v=DMARC1;\"\n_dmarc.acme.example TXT \"p=reject; rua=mailto:dmarc@acme.example\"\nacme.example MX 10 mx.acme.example", "acme.example", Context{},
			"critical dmarc-policy-missing, warning dmarc-version", "_dmarc.acme.example " + sound},
		{"one in two pieces, the policy in the first", "_dmarc.acme.example TXT \"v=DMARC1; p=reject;\"\n_dmarc.acme.example TXT \"rua=mailto:dmarc@acme.example\"\nacme.example MX 10 mx.acme.example", "acme.example", Context{},
			"warning dmarc-version", "_dmarc.acme.example " + sound},
		{"two at the parent's name", own + `_dmarc.acme.example TXT "v=DMARC1; p=none"` + "\n" + newsOwn, "news.acme.example", Context{},
			"warning dmarc-multiple-records acme.example, warning dmarc-report-not-authorized acme.example", ""},
		{"two at the own name, the parent's applies", own + newsOwn + `_dmarc.news.acme.example TXT "v=DMARC1; p=none"`, "news.acme.example", Context{},
			"critical dmarc-multiple-records", ""},
		{"two at the own name, and p=none is the parent's", `_dmarc.acme.example TXT "v=DMARC1; p=none; rua=mailto:dmarc@acme.example"` + "\nacme.example MX 10 mx.acme.example\n" + newsOwn + `_dmarc.news.acme.example TXT "v=DMARC1; p=none"`, "news.acme.example", Context{},
			"critical dmarc-multiple-records, warning dmarc-policy-none", ""},
		{"a failed attempt beside it", own + `_dmarc.acme.example TXT "v=dmarc1; p=none"`, "acme.example", Context{}, "warning dmarc-version", ""},
		{"inherited", own + news, "news.acme.example", Context{}, "notice dmarc-inherited", ""},
		{"inherited by a name that does not exist", own, "news.acme.example", Context{}, "notice dmarc-inherited", ""},
		{"inherited, sp=none", `_dmarc.acme.example TXT "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@acme.example"` + "\nacme.example MX 10 mx.acme.example\n" + news, "news.acme.example", Context{},
			"warning dmarc-policy-none, warning dmarc-subdomain-policy-weaker acme.example, notice dmarc-inherited",
			"_dmarc.news.acme.example v=DMARC1; p=quarantine; rua=mailto:dmarc@acme.example; t=y"},
		{"inherited of a public suffix", `_dmarc.example TXT "v=DMARC1; p=none; psd=y; x=y"` + "\nacme.example A 192.0.2.1", "acme.example", Context{},
			"warning dmarc-policy-none, warning dmarc-discovery-differs, notice dmarc-inherited",
			"_dmarc.acme.example v=DMARC1; p=quarantine; rua=mailto:<mailbox for reports>; t=y"},
		{"sp below the organization", own + news + `_dmarc.news.acme.example TXT "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@acme.example"`, "news.acme.example", Context{},
			"notice dmarc-subdomain-policy-ignored", "_dmarc.news.acme.example v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"},
		{"a record at the domain itself", `acme.example TXT "` + sound + `"` + "\nacme.example MX 10 mx.acme.example", "acme.example", Context{}, "error dmarc-wrong-name", ""},
		{"the underscore left out", `dmarc.acme.example TXT "` + sound + `"` + "\nacme.example MX 10 mx.acme.example", "acme.example", Context{}, "error dmarc-wrong-name dmarc.acme.example", ""},
		{"the name doubled", `_dmarc.acme.example.acme.example TXT "` + sound + `"` + "\nacme.example MX 10 mx.acme.example", "acme.example", Context{},
			"error dmarc-wrong-name _dmarc.acme.example.acme.example", ""},
		{"a leftover at the domain itself", own + `acme.example TXT "v=DMARC1; p=none"`, "acme.example", Context{}, "notice dmarc-wrong-name", ""},
		{"a wildcard", own + `*.acme.example TXT "v=spf1 -all"`, "acme.example", Context{}, "notice dmarc-wildcard", ""},
		{"a wildcard with a record", own + `*.acme.example TXT "` + sound + `"`, "acme.example", Context{}, "notice dmarc-wildcard", ""},
		{"a subdomain with a record, the parent without", newsOwn + "acme.example MX 10 mx.acme.example", "news.acme.example", Context{},
			"warning dmarc-report-not-authorized acme.example, warning dmarc-discovery-differs", ""},
		{"psd=n below what was registered", own + news + `_dmarc.news.acme.example TXT "v=DMARC1; p=reject; psd=n; rua=mailto:r@news.acme.example"`, "news.acme.example", Context{},
			"warning dmarc-discovery-differs", ""},
		{"a top-level domain with a record of no public suffix", own + `_dmarc.example TXT "v=DMARC1; p=none"`, "acme.example", Context{}, "warning dmarc-discovery-differs",
			"_dmarc.acme.example v=DMARC1; p=reject; rua=mailto:dmarc@acme.example; psd=n"},
		{"psd=y of no public suffix", `_dmarc.acme.example TXT "v=DMARC1; p=reject; psd=y; rua=mailto:dmarc@acme.example"` + "\nacme.example MX 10 mx.acme.example", "acme.example", Context{},
			"warning dmarc-psd-not-suffix", "_dmarc.acme.example v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"},
		{"psd=y of no public suffix, seen from below", `_dmarc.acme.example TXT "v=DMARC1; p=reject; psd=y; rua=mailto:dmarc@acme.example"` + "\nacme.example MX 10 mx.acme.example\n" + news, "news.acme.example", Context{},
			"warning dmarc-psd-not-suffix acme.example, notice dmarc-inherited", "_dmarc.acme.example v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"},
		{"psd=y below another organization", own + news + `_dmarc.news.acme.example TXT "v=DMARC1; p=reject; psd=y; rua=mailto:r@news.acme.example"`, "news.acme.example", Context{},
			"warning dmarc-psd-not-suffix", "_dmarc.news.acme.example v=DMARC1; p=reject; rua=mailto:r@news.acme.example"},
		{"psd=y of a public suffix that a company has", `_dmarc.github.io TXT "v=DMARC1; p=reject; psd=y; rua=mailto:dmarc@github.io"` + "\ngithub.io MX 10 mx.github.io", "github.io", Context{}, "", ""},
		{"psd=y of a registry's suffix", `_dmarc.co.uk TXT "v=DMARC1; p=reject; psd=y; rua=mailto:dmarc@co.uk"` + "\nco.uk MX 10 mx.co.uk", "co.uk", Context{}, "", ""},
		{"no domain", "", "acme..example", Context{}, "unknown dmarc-unresolved", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			findings := Check(discover(t, test.zone, test.domain), test.c).Findings()
			if got := strings.Join(ids(findings, test.domain), ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			for _, f := range findings {
				for _, c := range f.Follows {
					if c.Severity == "" || c.Title == "" || c.Subject == "" {
						t.Errorf("below %s: %+v", f.Check, c)
					}
				}
			}
			if test.fix != "" {
				if fix := findings[0].Fix; fix == nil || fix.Name+" "+fix.Value != test.fix {
					t.Errorf("the fix is %+v, want %s", fix, test.fix)
				}
			}
			if test.name != "no domain" {
				complete(t, findings)
			}
		})
	}
}

// TestCheckUnknown: a question that is not answered is never an absence.
func TestCheckUnknown(t *testing.T) {
	const own = `_dmarc.acme.example TXT "` + sound + "\"\nacme.example MX 10 mx.acme.example\n"
	const foreign = `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@reports.test"` + "\nreports.test MX 10 mx.reports.test\n" +
		`acme.example._report._dmarc.reports.test TXT "v=DMARC1"` + "\n"
	probe := recordName(nobody("acme.example") + ".acme.example")
	tests := []struct {
		name, zone, domain string
		want               string // with what it could be, and "!" if it undecides the section
	}{
		{"the record", own + "!_dmarc.acme.example timeout", "acme.example", "unknown dmarc-unresolved could be critical!"},
		{"the record, servfail", own + "!_dmarc.acme.example servfail", "acme.example", "unknown dmarc-unresolved could be critical!"},
		{"the parent's record", own + "!_dmarc.acme.example refused", "news.acme.example", "unknown dmarc-unresolved could be critical!"},
		{"the public suffix, no record below", "acme.example A 192.0.2.1\n!_dmarc.example timeout", "acme.example", "unknown dmarc-unresolved could be error!"},
		{"the public suffix, offline, no record below", "acme.example A 192.0.2.1\n!_dmarc.example offline", "acme.example", "error dmarc-record-missing"},
		{"the public suffix, a record below", own + "!_dmarc.example timeout", "acme.example", "unknown dmarc-unresolved could be notice"},
		{"the public suffix, offline, a record below", own + "!_dmarc.example offline", "acme.example", ""},
		{"the parent's, with an own record", own + `_dmarc.news.acme.example TXT "v=DMARC1; p=reject; rua=mailto:r@news.acme.example"` + "\nnews.acme.example A 192.0.2.1\n!_dmarc.acme.example timeout", "news.acme.example",
			"unknown dmarc-unresolved could be warning"},
		{"whether the domain exists, with np", `_dmarc.acme.example TXT "v=DMARC1; p=reject; np=none; rua=mailto:dmarc@acme.example"` + "\nacme.example MX 10 mx.acme.example\n!news.acme.example timeout", "news.acme.example",
			"unknown dmarc-unresolved could be warning, unknown dmarc-unresolved could be error, warning dmarc-subdomain-policy-weaker, notice dmarc-inherited"},
		{"the wildcard", own + "!" + probe + " timeout", "acme.example", "unknown dmarc-unresolved could be notice"},
		{"a wrong name, no record", "acme.example A 192.0.2.1\n!dmarc.acme.example timeout", "acme.example", "error dmarc-record-missing, unknown dmarc-unresolved could be error"},
		{"a wrong name, with a record", own + "!dmarc.acme.example timeout", "acme.example", ""},
		{"the authorization", foreign + "!acme.example._report._dmarc.reports.test timeout", "acme.example", "unknown dmarc-unresolved could be error"},
		{"the destination's organization, authorized", foreign + "!_dmarc.reports.test timeout", "acme.example", ""},
		{"the destination's MX", foreign + "!reports.test servfail", "acme.example", "unknown dmarc-unresolved could be error"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, f := range Check(discover(t, test.zone, test.domain), Context{}).Findings() {
				if f.Severity == finding.Pass {
					continue
				}
				s := string(f.Severity) + " " + f.Check
				if f.CouldBe != "" {
					s += " could be " + string(f.CouldBe)
				}
				if f.Undecides {
					s += "!"
				}
				if len(f.Evidence) == 0 {
					t.Errorf("%s has no evidence", f.Check)
				}
				got = append(got, s)
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestFaultMatrix: whatever single question fails, and however, no check calls
// missing what is there.
func TestFaultMatrix(t *testing.T) {
	const zone = `
		_dmarc.acme.example TXT "v=DMARC1; p=quarantine; rua=mailto:a@reports.test"
		news.acme.example A 192.0.2.1
		reports.test MX 10 mx.reports.test
		acme.example._report._dmarc.reports.test TXT "v=DMARC1"`
	sane := world(t, zone)
	Discover(context.Background(), sane, "news.acme.example")
	for _, reason := range []string{"timeout", "servfail", "refused", "malformed", "network", "budget-spent", "canceled", "rcode", "alias-loop", "offline"} {
		for _, q := range sane.asked {
			name, _, _ := strings.Cut(q, " ")
			d := discover(t, zone+"\n!"+name+" "+reason, "news.acme.example")
			for _, f := range Check(d, Context{}).Findings() {
				if f.Severity.AtLeast(finding.Warning) {
					t.Errorf("%s %s: %s %s: %s", name, reason, f.Severity, f.Check, f.Detail)
				}
			}
		}
	}
}

// TestCheckDestinations: consent and mail of the hosts that are to get reports.
func TestCheckDestinations(t *testing.T) {
	const mx = "reports.test MX 10 mx.reports.test\n"
	tests := []struct {
		name, rua, zone string
		want            string
		fix             string
	}{
		{"inside", "mailto:a@reports.acme.example", "reports.acme.example A 192.0.2.1", "", ""},
		{"authorized", "mailto:a@reports.test", mx + `acme.example._report._dmarc.reports.test TXT "v=DMARC1;"`, "", ""},
		{"authorized by a wildcard", "mailto:a@reports.test", mx + `*._report._dmarc.reports.test TXT "v=DMARC1"`, "", ""},
		{"authorized, another address there", "mailto:a@reports.test", mx + `*._report._dmarc.reports.test TXT "v=DMARC1; rua=mailto:b@reports.test"`, "", ""},
		{"not authorized", "mailto:a@reports.test", mx, "error dmarc-report-not-authorized reports.test", "acme.example._report._dmarc.reports.test v=DMARC1;"},
		{"other TXT there", "mailto:a@reports.test", mx + `acme.example._report._dmarc.reports.test TXT "yes"`, "error dmarc-report-not-authorized reports.test", ""},
		{"sent on elsewhere", "mailto:a@reports.test", mx + `acme.example._report._dmarc.reports.test TXT "v=DMARC1; rua=mailto:b@other.test"`, "error dmarc-report-not-authorized reports.test", ""},
		{"inside by name, another organization by psd=n", "mailto:a@x.acme.example", "x.acme.example A 192.0.2.1\n" + `_dmarc.x.acme.example TXT "v=DMARC1; p=none; psd=n"`,
			"warning dmarc-report-not-authorized x.acme.example", ""},
		{"no such domain", "mailto:a@x.acme.example", "", "error dmarc-report-host-cannot-receive x.acme.example", "_dmarc.acme.example v=DMARC1; p=reject; rua=mailto:<mailbox for reports>"},
		{"no such domain, of others", "mailto:a@gone.test", "", "error dmarc-report-host-cannot-receive gone.test", "_dmarc.acme.example v=DMARC1; p=reject; rua=mailto:<mailbox for reports>"},
		{"neither MX nor address", "mailto:a@x.acme.example", `x.acme.example TXT "x"`, "error dmarc-report-host-cannot-receive x.acme.example", ""},
		{"a null MX", "mailto:a@x.acme.example", "x.acme.example MX 0 .\nx.acme.example A 192.0.2.1", "error dmarc-report-host-cannot-receive x.acme.example", ""},
		{"an address alone", "mailto:a@x.acme.example", "x.acme.example AAAA 2001:db8::1", "", ""},
		{"the domain itself with a null MX", "mailto:a@acme.example", "acme.example MX 0 .", "error dmarc-report-host-cannot-receive acme.example", ""},
		{"failure reports alone", "mailto:a@acme.example; ruf=mailto:f@reports.test", mx + "acme.example A 192.0.2.1", "warning dmarc-report-not-authorized reports.test", "acme.example._report._dmarc.reports.test v=DMARC1;"},
		{"failure reports too", "mailto:a@reports.test; ruf=mailto:f@reports.test", mx, "error dmarc-report-not-authorized reports.test", ""},
		{"one of two", "mailto:a@reports.test,mailto:a@y.acme.example", "y.acme.example A 192.0.2.1\n" + `*._report._dmarc.reports.test TXT "v=DMARC1"`,
			"error dmarc-report-host-cannot-receive reports.test", "_dmarc.acme.example v=DMARC1; p=reject; rua=mailto:a@y.acme.example,mailto:<mailbox for reports>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			zone := `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=` + test.rua + "\"\n" + test.zone
			findings := Check(discover(t, zone, "acme.example"), Context{}).Findings()
			if got := strings.Join(ids(findings, ""), ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if fix := findings[0].Fix; test.fix != "" && (fix == nil || fix.Name+" "+fix.Value != test.fix) {
				t.Errorf("the fix is %+v", fix)
			}
			complete(t, findings)
		})
	}
}

// TestFailureReportsAreNamed: what concerns ruf alone is about failure reports,
// which hardly anybody sends.
func TestFailureReportsAreNamed(t *testing.T) {
	zone := `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:a@acme.example; ruf=mailto:f@reports.test"` + "\nacme.example A 192.0.2.1\nreports.test A 192.0.2.1\n"
	f := find(t, Check(discover(t, zone, "acme.example"), Context{}).Findings(), "dmarc-report-not-authorized")
	if f.Reference != "RFC 9991" || !strings.Contains(f.Detail, "Failure reports go to f@reports.test; reports.test has not agreed") {
		t.Errorf("%s: %s", f.Reference, f.Detail)
	}
	d := discover(t, zone+"!acme.example._report._dmarc.reports.test timeout", "acme.example")
	if f := find(t, Check(d, Context{}).Findings(), "dmarc-unresolved"); f.CouldBe != finding.Warning {
		t.Errorf("could be %s", f.CouldBe)
	}
}

func TestDestinationsBounded(t *testing.T) {
	var uris []string
	for i := range 40 {
		uris = append(uris, fmt.Sprintf("mailto:a@r%d.test", i))
	}
	d := discover(t, fmt.Sprintf("_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=%s\" \"%s\"", uris[0], ","+strings.Join(uris[1:], ",")[:240]), "acme.example")
	if len(d.Destinations) != maxDestinations || d.DestinationsLeftOut == 0 {
		t.Errorf("%d destinations, %d left out", len(d.Destinations), d.DestinationsLeftOut)
	}
	long := strings.Repeat("a.", 114) + "test"
	d = discover(t, `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=" "mailto:a@`+long+`"`, "acme.example")
	if f := d.Destinations[0]; f.Authorized == nil || *f.Authorized || !strings.Contains(f.Reason, "longer") {
		t.Errorf("authorized %v, %s", f.Authorized, f.Reason)
	}
}

// TestCheckAlignment: stated envelope and signing domains.
func TestCheckAlignment(t *testing.T) {
	const reject = `_dmarc.acme.example TXT "` + sound + "\"\nacme.example MX 10 mx.acme.example\n"
	const none = `_dmarc.acme.example TXT "v=DMARC1; p=none; rua=mailto:dmarc@acme.example"` + "\nacme.example MX 10 mx.acme.example\n"
	const strict = `_dmarc.acme.example TXT "` + sound + "; aspf=s\"\nacme.example MX 10 mx.acme.example\n"
	yes, no := true, false
	tests := []struct {
		name, zone     string
		spf, dkim      []string
		hasSPF, hasKey *bool
		want           string
		passed         string // checks that must be among the passes
	}{
		{"nothing stated or known", reject, nil, nil, nil, nil, "", ""},
		{"all aligned", reject, []string{"b.acme.example"}, []string{"acme.example"}, nil, nil, "", "dmarc-spf-unaligned dmarc-dkim-unaligned dmarc-spf-only"},
		{"envelope not, no DKIM stated", reject, []string{"esp.test"}, nil, nil, nil, "error dmarc-spf-unaligned esp.test", ""},
		{"envelope not, proved without DKIM", reject, []string{"esp.test"}, nil, nil, &no, "critical dmarc-spf-unaligned esp.test", ""},
		{"envelope not, DKIM aligned", reject, []string{"esp.test"}, []string{"acme.example"}, nil, nil, "error dmarc-spf-unaligned esp.test", "dmarc-spf-only"},
		{"neither", reject, []string{"esp.test"}, []string{"esp.test"}, nil, nil, "critical dmarc-spf-unaligned esp.test, critical dmarc-dkim-unaligned esp.test", ""},
		{"DKIM not, envelope aligned", reject, []string{"acme.example"}, []string{"esp.test"}, nil, nil, "error dmarc-dkim-unaligned esp.test, warning dmarc-spf-only", ""},
		{"DKIM not, without enforcement", none, []string{"acme.example"}, []string{"esp.test"}, nil, nil, "error dmarc-dkim-unaligned esp.test, warning dmarc-policy-none", "dmarc-spf-only"},
		{"one signature of two", reject, nil, []string{"esp.test", "acme.example"}, nil, nil, "error dmarc-dkim-unaligned esp.test", ""},
		{"strict", strict, []string{"b.acme.example"}, nil, nil, nil, "error dmarc-spf-unaligned b.acme.example", ""},
		{"SPF alone", reject, nil, nil, &yes, &no, "warning dmarc-spf-only", ""},
		{"both", reject, nil, nil, &yes, &yes, "", "dmarc-spf-only"},
		{"DKIM not known", reject, nil, nil, &yes, nil, "", ""},
		{"not known", reject + "!_dmarc.b.acme.example timeout", []string{"b.acme.example"}, nil, nil, nil, "unknown dmarc-unresolved b.acme.example", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, alignments := DiscoverAligned(context.Background(), world(t, test.zone), "acme.example", test.spf, test.dkim)
			findings := Check(d, Context{Alignments: alignments, HasSPF: test.hasSPF, HasDKIM: test.hasKey}).Findings()
			if got := strings.Join(ids(findings, "acme.example"), ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			for id := range strings.FieldsSeq(test.passed) {
				if f := find(t, findings, id); f.Severity != finding.Pass && !strings.Contains(test.want, id) {
					t.Errorf("%s is %s", id, f.Severity)
				}
			}
			if test.name == "strict" {
				if fix := findings[0].Fix; fix.Value != "v=DMARC1; p=reject; aspf=r; rua=mailto:dmarc@acme.example" {
					t.Errorf("the fix is %s", fix.Value)
				}
			}
			complete(t, findings)
		})
	}
}

// TestStricter: what asks for strict alignment waits until nothing that is known to send
// needs relaxed alignment.
func TestStricter(t *testing.T) {
	for _, test := range []struct {
		record, want string
		spf, dkim    []string
		envelopes    []string
		when         string
	}{
		{"adkim=strict", "adkim=s", nil, nil, nil, ""},
		{"adkim=strict", "adkim=s", nil, []string{"acme.example"}, nil, ""},
		{"adkim=strict", "adkim=s", []string{"b.acme.example"}, nil, nil, ""},
		{"adkim=strict", "adkim=s", nil, []string{"acme.example", "mail.acme.example"}, nil, "the signing domain mail.acme.example"},
		{"adkim:s", "adkim=s", nil, []string{"mail.acme.example"}, nil, "the signing domain mail.acme.example"},
		{"aspf=strict", "aspf=s", []string{"b.acme.example"}, nil, nil, "the envelope domain b.acme.example"},
		{"aspf=strict", "aspf=s", nil, nil, []string{"em1.acme.example"}, "the envelope domain em1.acme.example"},
		{"aspf=relaxed", "aspf=r", []string{"b.acme.example"}, nil, nil, ""},
		{"aspf=S", "", []string{"acme.example"}, nil, nil, ""},
		{"adkim=r.", "adkim=r", nil, []string{"mail.acme.example"}, nil, ""},
	} {
		d, alignments := DiscoverAligned(context.Background(), world(t, `_dmarc.acme.example TXT "`+sound+"; "+test.record+"\"\nacme.example MX 10 mx.acme.example\n"), "acme.example", test.spf, test.dkim)
		for _, f := range Check(d, Context{Alignments: alignments, Envelopes: test.envelopes}).Findings() {
			if f.Severity == finding.Pass {
				continue
			}
			if f.Fix == nil || !strings.Contains(f.Fix.Value, test.want) || test.want == "" {
				t.Errorf("%s: %s: %+v", test.record, f.Check, f.Fix)
			} else if !strings.Contains(f.Fix.When, test.when) || (f.Fix.When == "") != (test.when == "") || f.Fix.Complete != (test.when == "") {
				t.Errorf("%s: when %q, complete %v", test.record, f.Fix.When, f.Fix.Complete)
			}
		}
	}
}

// TestMeantIsProposed: what an address is said to have been meant as is what is proposed.
func TestMeantIsProposed(t *testing.T) {
	for _, uri := range []string{"mailto=d@acme.example", "mailto//d@acme.example", "=mailto:d@acme.example", "rua=mailto:d@acme.example", "d@acme.example"} {
		for _, f := range Lint([]byte("v=DMARC1; p=reject; rua=" + uri)) {
			if f.Severity == finding.Pass {
				continue
			}
			if f.Fix == nil || f.Fix.Value != "v=DMARC1; p=reject; rua=mailto:d@acme.example" {
				t.Errorf("%s: %+v", uri, f.Fix)
			}
			if _, meant, said := strings.Cut(f.Detail, "meant: "); said && !strings.HasPrefix(meant, "mailto:d@acme.example") {
				t.Errorf("%s: %s", uri, f.Detail)
			}
		}
	}
}

// TestChecksAreComplete: each check is documented, listed once, and a pass in an
// audit of a sound domain.
func TestChecksAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks {
		if seen[c.ID] {
			t.Errorf("%s is listed twice", c.ID)
		}
		seen[c.ID] = true
		if !strings.HasPrefix(c.ID, "dmarc-") || c.Section != finding.DMARC {
			t.Errorf("%s is not of this section", c.ID)
		}
		for _, text := range []string{c.Title, c.Condition, c.Why, c.Remedy, c.Reference} {
			if text == "" {
				t.Errorf("%s says too little", c.ID)
			}
		}
	}
	d, alignments := DiscoverAligned(context.Background(), world(t, `
		_dmarc.acme.example TXT "`+sound+`"
		acme.example MX 10 mx.acme.example`), "acme.example", []string{"b.acme.example"}, []string{"acme.example"})
	for _, f := range Check(d, Context{Alignments: alignments}).Findings() {
		if f.Severity != finding.Pass {
			t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
		}
		delete(seen, f.Check)
	}
	delete(seen, "dmarc-unresolved")
	for id := range seen {
		t.Errorf("%s is not decided in a sound audit", id)
	}
}

func TestLint(t *testing.T) {
	tests := []struct{ record, want string }{
		{sound, ""},
		{sound + "\n", ""},
		{sound + "\r\n", ""},
		{sound + "\n\n", "critical dmarc-syntax"},
		{"", "critical dmarc-version"},
		{"v=spf1 -all", "critical dmarc-version"},
		{"v=DMARC1; p=none; rua=mailto:a@acme.example", "warning dmarc-policy-none"},
		{"v=DMARC1; p=reject; t=y; rua=mailto:a@acme.example", "warning dmarc-testing"},
		{"v=DMARC1; p=none; np", "critical dmarc-syntax, warning dmarc-policy-none, warning dmarc-no-aggregate-reports"},
	}
	for _, test := range tests {
		if got := strings.Join(ids(Lint([]byte(test.record)), "record"), ", "); got != test.want {
			t.Errorf("%q: %s", test.record, got)
		}
	}
}

// TestHostileText: what is copied of a record is bounded.
func TestHostileText(t *testing.T) {
	junk := strings.Repeat("\x1b[2J=;", 3000)
	for _, text := range []string{junk, "v=DMARC1; " + junk, "v=DMARC1; p=" + junk, "v=DMARC1; p=none; rua=" + strings.Repeat("mailto:\u202e,", 4000),
		"v=DMARC1; fo=" + strings.Repeat(":", 9000), strings.Repeat("v=DMARC1;", 7000), "v=dmarc1;" + junk} {
		for _, f := range Lint([]byte(text)) {
			if len(f.Detail) > 4000 {
				t.Errorf("%s has a detail of %d bytes", f.Check, len(f.Detail))
			}
		}
	}
	if !slices.Contains(ids(Lint([]byte(strings.Repeat("v=DMARC1;", 7000))), "record"), "critical dmarc-syntax") {
		t.Error("7000 tags are no syntax error")
	}
}
