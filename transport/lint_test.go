package transport

import (
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
)

func TestLint(t *testing.T) {
	for _, tt := range []struct {
		kind, record string
		// want are the findings that are no passes: ID and severity.
		want string
	}{
		{"mta-sts", "v=STSv1; id=20160831085700Z;", ""},
		{"mta-sts", "v=STSv1;id=a\n", ""},
		{"mta-sts", "v=STSv1; id=20160831T; x.y-z=1", ""},
		{"mta-sts", "v=STSv1 ;\tid=1", "mta-sts-version-prefix warning"},
		{"mta-sts", "v=STSv1; id=" + strings.Repeat("a", 32), ""},
		{"mta-sts", "v=STSv1; id=" + strings.Repeat("a", 33), "mta-sts-id-invalid error"},
		{"mta-sts", "v=STSv1; id=2026-11-21", "mta-sts-id-invalid error"},
		{"mta-sts", "v=STSv1; id=", "mta-sts-id-invalid error"},
		{"mta-sts", "v=STSv1;", "mta-sts-id-invalid error"},
		{"mta-sts", "v=stsv1; id=1", "mta-sts-syntax error"},
		{"mta-sts", " v=STSv1; id=1", "mta-sts-syntax error"},
		{"mta-sts", "v=STSv1; id=1; id=2", "mta-sts-syntax error"},
		{"mta-sts", "v=STSv1;; id=1", "mta-sts-syntax error"},
		{"mta-sts", "v=STSv1; mode", "mta-sts-syntax error mta-sts-id-invalid error"},
		{"mta-sts", "", "mta-sts-syntax error mta-sts-id-invalid error"},

		{"tls-rpt", "v=TLSRPTv1; rua=mailto:reports@acme.example", ""},
		{"tls-rpt", "v=TLSRPTv1;rua=mailto:a@acme.example , https://reports.acme.example/v1/tlsrpt;", ""},
		{"tls-rpt", "v=TLSRPTv1; rua=reports@acme.example", "tls-rpt-destination-invalid error"},
		{"tls-rpt", "v=TLSRPTv1; rua=http://reports.acme.example/", "tls-rpt-destination-invalid warning"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example,ftp://acme.example/", "tls-rpt-destination-invalid notice"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; rua=mailto:b@acme.example", "tls-rpt-syntax notice"},
		{"tls-rpt", "v=TLSRPTv1; x.y-z_1=a; x.y-z_1=b; rua=mailto:a@acme.example", ""},
		{"tls-rpt", "v=TLSRPTv1; -x=a; rua=mailto:a@acme.example", "tls-rpt-syntax error"},
		{"tls-rpt", "v=TLSRPTv1; " + strings.Repeat("x", 33) + "=a; rua=mailto:a@acme.example", "tls-rpt-syntax error"},
		{"tls-rpt", "v=TLSRPTv1; x=a b; rua=mailto:a@acme.example", "tls-rpt-syntax error"},
		{"tls-rpt", "v=TLSRPTv1; x=a=b; rua=mailto:a@acme.example", "tls-rpt-syntax error"},
		{"tls-rpt", "v=TLSRPTv1; x=; rua=mailto:a@acme.example", "tls-rpt-syntax error"},
		{"mta-sts", "v=STSv1; id=1; x=a=b", "mta-sts-syntax error"},
		{"mta-sts", "v=STSv1; id=1; x=", "mta-sts-syntax error"},
		{"mta-sts", "v=STSv1; id=1; x=1; x=2", ""},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:@acme.example", "tls-rpt-destination-invalid error"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example!10m", "tls-rpt-destination-invalid error"},
		{"tls-rpt", "v=TLSRPTv1; rua=", "tls-rpt-destination-invalid error"},
		{"tls-rpt", "v=TLSRPTv1;", "tls-rpt-destination-invalid error"},
		{"tls-rpt", "v=TLSRPTv1; RUA=mailto:a@acme.example", "tls-rpt-destination-invalid error"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; RUA=mailto:b@acme.example", ""},
		{"tls-rpt", "v=TLSRPT1; rua=mailto:a@acme.example", "tls-rpt-syntax error"},

		{"bimi", "v=BIMI1; l=https://acme.example/logo.svg; a=https://acme.example/logo.pem", ""},
		{"bimi", "v=BIMI1; l=https://acme.example/logo.svg", "bimi-evidence-missing notice"},
		{"bimi", "v=BIMI1; l=; a=;", ""},
		{"bimi", "v=BIMI1; l=", ""},
		{"bimi", "v=BIMI1; a=https://acme.example/logo.pem", "bimi-location-invalid error"},
		{"bimi", "v=BIMI1; l=http://acme.example/logo.svg; a=https://acme.example/logo.pem", "bimi-location-invalid error"},
		{"bimi", "v=BIMI1; l=https:///logo.svg; a=https://acme.example/l.pem", "bimi-location-invalid error"},
		{"bimi", "v=BIMI1; l=https://acme.example/logo.png; a=https://acme.example/l.pem", "bimi-location-invalid warning"},
		{"bimi", "v=BIMI2; l=https://acme.example/logo.svg; a=https://acme.example/l.pem", "bimi-syntax error"},
		{"bimi", "l=; v=BIMI1", "bimi-syntax error"},
		{"bimi", "v=BIMI1; l=https://acme.example/logo.svg; a=; avp=foo", "bimi-syntax warning bimi-evidence-missing notice"},
		{"bimi", "v=BIMI1; l=https://acme.example/logo.svg; a=; avp=", "bimi-syntax warning bimi-evidence-missing notice"},
		{"bimi", "v=BIMI1; l=; a=; avp=foo", "bimi-syntax warning"},
		{"bimi", "v=BIMI1; l=https://acme.example/logo.svg; a=https://acme.example/l.pem; avp=Personal; lps=news", ""},
		{"bimi", "v=BIMI1; l=https://acme.example/a.svg,https://acme.example/b.svg; a=https://acme.example/l.pem", "bimi-location-invalid error"},
		{"bimi", "v=BIMI1; l=https://acme.example/a.svg; a=https://acme.example/l.pem https://acme.example/m.pem", "bimi-location-invalid error"},
		{"bimi", "v=BIMI1; l=https://acme.example/a,b.svg; a=https://acme.example/l.pem", ""},
		// One cause, one finding.
		{"bimi", "v=BIMI1; l=https://acme.example/l.svg, a=https://acme.example/l.pem", "bimi-syntax error"},
		{"bimi", "v=BIMI1; l=https://acme.example/l.svg a=https://acme.example/l.pem", "bimi-syntax error"},
		{"bimi", "v=BIMI1; l:https://acme.example/l.svg; a=https://acme.example/l.pem", "bimi-syntax error"},
		{"bimi", "v=BIMI1 l=https://acme.example/l.svg; a=https://acme.example/l.pem", "bimi-syntax error"},
		{"bimi", "v=BIMI1, l=https://acme.example/l.svg, a=https://acme.example/l.pem", "bimi-syntax error"},
		{"tls-rpt", "v=TLSRPTv1; rua=malto:a@acme.example", "tls-rpt-destination-invalid warning"},
		{"tls-rpt", "v=TLSRPTv1; rua=htps://acme.example/v1", "tls-rpt-destination-invalid warning"},
		{"tls-rpt", "v=TLSRPTv1; rua:mailto:a@acme.example", "tls-rpt-syntax error"},
		{"mta-sts", "v=STSv1; id:1", "mta-sts-syntax error"},
	} {
		var got []string
		for _, f := range Lint(tt.kind, []byte(tt.record)) {
			if f.Severity != finding.Pass {
				got = append(got, f.Check, string(f.Severity))
			}
		}
		if g := strings.Join(got, " "); g != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.kind, tt.record, g, tt.want)
		}
	}
}

// What is said names the fault: the character, both values, and what senders make of it.
func TestLintSays(t *testing.T) {
	for _, tt := range []struct{ kind, record, said string }{
		{"mta-sts", "v=STSv1; id=2026-11-21", `The id "2026-11-21" holds "-"; it must be`},
		{"mta-sts", "v=STSv1; id=a_b.c d", `holds "_", ".", " "; it must be`},
		{"mta-sts", "v=STSv1; id=a_b.c-d:e", `holds "_", ".", "-" and more; it must be`},
		{"mta-sts", "v=STSv1; id=", `The id "" is empty; it must be`},
		{"mta-sts", "v=STSv1; id=" + strings.Repeat("a", 33), " has 33 characters; it must be"},
		{"mta-sts", "v=STSv1; id=1; id=2", `id= is there twice, as "1" and as "2". The standard does not say which of them counts: some senders take the first, some the last`},
		{"mta-sts", "v=STSv1; id=1; id=1", "id= is there twice, and once is enough"},
		{"mta-sts", "v=STSv1;; id=1", "senders must take such a record for none (RFC 8461, 3.1)"},
		{"tls-rpt", "v=TLSRPTv1;; rua=mailto:a@acme.example", "no sender has to read such a record (RFC 8460, 3)"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg,https://a.example/y.svg", "it names more than one file"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; a=", "a= is empty"},
		{"bimi", "v=BIMI1; L=https://a.example/x.svg; a=", "There is no l=, but L=: names are written in lower case"},
		{"bimi", "v=BIMI1; l=https://a.example/my logo.svg", "it has a space, which a URI writes as %20"},
		{"tls-rpt", "v=TLSRPTv1; RUA=mailto:a@acme.example", "There is no rua=, but RUA=: names are written in lower case"},
		{"mta-sts", "v=STSv1; Id=1", "There is no id=, but Id=: names are written in lower case"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg, a=", "a semicolon is missing before the next tag (at byte 36"},
		{"bimi", "v=BIMI1; l=https://localhost/x.svg", `its host "localhost" is no public name`},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; avp=foo", `avp= is "foo", which means nothing: mailboxes take the default, brand.`},
	} {
		var said []string
		for _, f := range Lint(tt.kind, []byte(tt.record)) {
			said = append(said, f.Detail)
		}
		if all := strings.Join(said, "\n"); !strings.Contains(all, tt.said) {
			t.Errorf("%s %q: %s", tt.kind, tt.record, all)
		}
	}
}

// A record with what stood around it where it was copied is no record to senders, and
// was meant to be one: it is not missing.
func TestNearRecords(t *testing.T) {
	for _, text := range []string{`"v=TLSRPTv1; rua=mailto:a@acme.example"`, "\u201cv=TLSRPTv1; rua=mailto:a@acme.example\u201d", `_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:a@acme.example"`,
		`v=TLSRPTv1\; rua=mailto:a@acme.example`, "&quot;v=TLSRPTv1; rua=mailto:a@acme.example&quot;", "V=tlsrptv1; rua=mailto:a@acme.example",
		"v=TLSRPTv1, rua=mailto:a@acme.example", "v=TLSRPTv1 rua=mailto:a@acme.example", "TLSRPTv1; rua=mailto:a@acme.example", "v=TLSRPT1; rua=mailto:a@acme.example",
		"v = TLSRPTv1: rua=mailto:a@acme.example", "v=TLSRPTv1&#59; rua=mailto:a@acme.example", `acme.example. 3600 IN TXT "v=TLSRPTv1; rua=mailto:a@acme.example"`} {
		if records, near := versioned([]string{text}, "v=TLSRPTv1"); len(records) != 0 || len(near) != 1 {
			t.Errorf("%q: %q, %q", text, records, near)
		}
	}
	for _, text := range []string{"see v=TLSRPTv1; rua=mailto:a@acme.example", "v=TLSRPTv2; rua=mailto:a@acme.example", "google-site-verification=v=TLSRPTv1;"} {
		if records, near := versioned([]string{text}, "v=TLSRPTv1"); len(records)+len(near) != 0 {
			t.Errorf("%q: %q, %q", text, records, near)
		}
	}
	for _, text := range []string{"v=STSv1, id=20260101", "v=STSv.; id=20260101", "v=STSv; id=20260101", "STSv1; id=20260101", "v=STSv1", "v:STSv1; id=20260101"} {
		if records, near := versioned([]string{text}, "v=STSv1"); len(records) != 0 || len(near) != 1 {
			t.Errorf("%q: %q, %q", text, records, near)
		}
	}
	for _, text := range []string{"v=spf1 -all", "v=STSv2; id=1", "v=DMARC1; p=none", "sts", ""} {
		if records, near := versioned([]string{text}, "v=STSv1"); len(records)+len(near) != 0 {
			t.Errorf("%q: %q, %q", text, records, near)
		}
	}
	if records, near := bimiRecords(&Texts{Records: []string{`"v=BIMI1; l=; a="`, "v=BIMI1;l=;a=;"}}); len(records) != 1 || len(near) != 1 {
		t.Errorf("%q, %q", records, near)
	}
}

// What is proposed is a record without a finding.
func TestFixesAreValid(t *testing.T) {
	for _, kind := range Types {
		for _, record := range []string{"", "v=1", "v=STSv1; id=-", "v=TLSRPTv1; rua=a@acme.example,http://acme.example", "v=TLSRPTv1; rua=x", "v=BIMI1;", "v=BIMI1; x=y"} {
			for _, f := range Lint(kind, []byte(record)) {
				if f.Fix == nil {
					continue
				}
				value := strings.NewReplacer("<domain>", "acme.example", "<mailbox for reports>", "a@acme.example", idPlaceholder, "20261121").Replace(f.Fix.Value)
				for _, g := range Lint(kind, []byte(value)) {
					if g.Severity != finding.Pass {
						t.Errorf("%s %q: the fix %q has %s: %s", kind, record, value, g.Check, g.Detail)
					}
				}
			}
		}
	}
}

// What a record was meant to say is proposed, and no address is invented or lost.
func TestMeant(t *testing.T) {
	const reports, logo = "v=TLSRPTv1; rua=mailto:a@acme.example", "v=BIMI1; l=https://a.example/x.svg"
	for _, tt := range []struct{ kind, record, want string }{
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; rua=mailto:b@acme.example", reports + ",mailto:b@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; mailto:b@acme.example", reports + ",mailto:b@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example;MAILTO:b@acme.example;", reports + ",mailto:b@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; https://acme.example/r", reports + ",https://acme.example/r"},
		{"tls-rpt", "v=TLSRPTv1; rua=a@acme.example", reports},
		{"bimi", "v=BIMI1:l=https://acme.example/x.svg:a=https://acme.example/x.pem", "v=BIMI1; l=https://acme.example/x.svg; a=https://acme.example/x.pem"},
		{"bimi", "v=BIMI1.l=https://acme.example/x.svg.gz.a=https://acme.example/x.pem:avp=brand", "v=BIMI1; l=https://acme.example/x.svg.gz; a=https://acme.example/x.pem; avp=brand"},
		{"bimi", "v=BIMI1:l=https://acme.example/x.svg:a=:avp=brand", "v=BIMI1; l=https://acme.example/x.svg; a=; avp=brand"},
		{"bimi", "v=BIMI1; l=https://acme.example/x.svg; a=https://acme.example/a:l=https://b.pem", ""}, // a URL may have it
		// A host in other letters is its A-labels; of a path the owner knows.
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@bücher.example,https://bücher.example/r", "v=TLSRPTv1; rua=<correct: https://b?cher.example/r>,mailto:<mailbox for reports>"},
		{"bimi", "v=BIMI1; l=https://bücher.example/x.svg; a=https://bücher.example/x.pem", "v=BIMI1; l=<correct: https://b?cher.example/x.svg>; a=<correct: https://b?cher.example/x.pem>"},
		{"bimi", "v=BIMI1; l=https://a.example/bücher.svg", "v=BIMI1; l=<correct: https://a.example/b?cher.svg>"},
		// Fields that nobody knows stay, if the grammar allows them.
		{"tls-rpt", "v=TLSRPTv1; rua=a@acme.example; ext=1; foo=b=ar", reports + "; ext=1"},
		{"mta-sts", "v=STSv1; id=2026_01; ext=1; foo=bar", "v=STSv1; id=202601; ext=1; foo=bar"},
		{"mta-sts", "v=STSv1 ; ext=1;; bad tag", "v=STSv1; id=" + idPlaceholder + "; ext=1"},
		{"mta-sts", "v=STSv1; id=1; id=2; ext=1", "v=STSv1; id=" + idPlaceholder + "; ext=1"},
		{"bimi", "v=BIMI1; l=http://acme.example/x.svg; a=; avp=brand; x=y", "v=BIMI1; l=https://acme.example/x.svg; a=; avp=brand; x=y"},
		{"bimi", "v=BIMI1; a=https://acme.example/x.pem; avp=brand", "v=BIMI1; l=https://<domain>/logo.svg; a=https://acme.example/x.pem; avp=brand"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; l=https://a.example/y.svg; a=; avp=x; avp=y", "v=BIMI1; l=<https://a.example/x.svg or https://a.example/y.svg>; a=; avp=<brand or personal>"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg,https://a.example/x.svg", "v=BIMI1; l=https://a.example/x.svg"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; a=https://a.example/x.pem, https://b.example/x.pem", "v=BIMI1; l=https://a.example/x.svg; a=<https://a.example/x.pem or https://b.example/x.pem>"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; avp=foo", "v=BIMI1; l=https://a.example/x.svg; avp=<brand or personal>"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; avp=persnal; lps=x", "v=BIMI1; l=https://a.example/x.svg; avp=personal; lps=x"},
		{"bimi", "v=BIMI1;; l=; a=; avp=brand", "v=BIMI1; l=; a=; avp=brand"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example.", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto: a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto://a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example!10m", reports},
		{"tls-rpt", "v=TLSRPTv1; rua:mailto:a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1 rua=mailto:a@acme.example", reports},
		{"tls-rpt", "v=tlsrptv1; rua=mailto:a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example mailto:b@acme.example", reports + ",mailto:b@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example,nobody", reports + ",mailto:<mailbox for reports>"},
		{"tls-rpt", "v=TLSRPTv1;", "v=TLSRPTv1; rua=mailto:<mailbox for reports>"},
		// Copied with what stood around it.
		{"tls-rpt", `"v=TLSRPTv1; rua=mailto:a@acme.example"`, reports},
		{"tls-rpt", `"v=TLSRPTv1; rua=mailto:a@ac" "me.example"`, reports},
		{"tls-rpt", "\u201cv=TLSRPTv1; rua=mailto:a@acme.example\u201d", reports},
		{"tls-rpt", "&quot;v=TLSRPTv1; rua=mailto:a@acme.example&quot;", reports},
		{"tls-rpt", `\"v=TLSRPTv1\; rua=mailto:a@acme.example\"`, reports},
		{"tls-rpt", `_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:a@acme.example"`, reports},
		{"tls-rpt", `_smtp._tls.acme.example. 3600 IN TXT ( "v=TLSRPTv1; rua=mailto:a@acme.example" )`, reports},
		{"tls-rpt", `v=TLSRPTv1; rua="mailto:a@acme.example"`, reports},
		{"tls-rpt", "v=TLSRPTv1\uff1b rua=mailto:a@acme.example", reports},
		{"tls-rpt", `v=TLSRPTv1; rua=mailto:a"b@acme.example`, "v=TLSRPTv1; rua=mailto:<mailbox for reports>"},
		{"mta-sts", "&quot;v=STSv1; id=20260101&quot;", "v=STSv1; id=20260101"},
		{"mta-sts", `@ IN TXT "v=STSv1; id=20260101;"`, "v=STSv1; id=20260101"},
		{"bimi", "\u201cv=BIMI1; l=https://a.example/x.svg; a=https://a.example/x.pem\u201d", "v=BIMI1; l=https://a.example/x.svg; a=https://a.example/x.pem"},
		{"bimi", `v=BIMI1\; l=https://a.example/x.svg\; a=https://a.example/x.pem`, "v=BIMI1; l=https://a.example/x.svg; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=http://a.example/x\u201d.svg; a=", "v=BIMI1; l=<correct: http://a.example/x\".svg>; a="},
		{"bimi", "v=BIMI1; l=http://a.example/x.svg?a=1&amp;b=2; a=", "v=BIMI1; l=https://a.example/x.svg?a=1&b=2; a="},
		// A piece behind a stray semicolon belongs to the value before.
		{"bimi", "v=BIMI1; l=https://a.example/lo;o.svg; a=https://a.example/x.pem", "v=BIMI1; l=<correct: https://a.example/lo%3Bo.svg>; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; a=https://a.example/v;c.pem", "v=BIMI1; l=https://a.example/x.svg; a=<correct: https://a.example/v%3Bc.pem>"},
		{"bimi", "v=BIMI1; l:https://a.example/lo;o.svg; a=", "v=BIMI1; l=<correct: https://a.example/lo%3Bo.svg>; a="},
		{"bimi", "v=BIMI1, l=https://a.example/lo; ;o.svg; a=https://a.example/x.pem", "v=BIMI1; l=<correct: https://a.example/lo%3Bo.svg>; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg;; a=https://a.example/x.pem", "v=BIMI1; l=https://a.example/x.svg; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; a", "v=BIMI1; l=https://a.example/x.svg"},
		{"tls-rpt", "v=TLSRPTv1; rua=https://acme.example/re;ports", "v=TLSRPTv1; rua=<correct: https://acme.example/re%3Bports>"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:dm;rc@acme.example", "v=TLSRPTv1; rua=mailto:<mailbox for reports>"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailt otls@acme.example", "v=TLSRPTv1; rua=mailto:<mailbox for reports>"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailt;otls@acme.example", "v=TLSRPTv1; rua=mailto:<mailbox for reports>"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; b@acme.example", reports + ",mailto:b@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:b@acme.example,mailto:a@acme.co;m", "v=TLSRPTv1; rua=mailto:b@acme.example,mailto:<mailbox for reports>"},
		// What the owner named is kept: as the slip shows it, or to be corrected by him.
		{"tls-rpt", "v=TLSRPTv1; rua=mailto=a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto//a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=malto:a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua==mailto:a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example|mailto:b@acme.example", reports + ",mailto:b@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:t ls@acme.example", "v=TLSRPTv1; rua=mailto:<mailbox for reports>"},
		{"tls-rpt", "v=TLSRPTv1; RUA=mailto:a@acme.example", reports},
		{"tls-rpt", "v=TLSRPTv1; Rua=https//r.acme.example/v1; x=1", "v=TLSRPTv1; rua=https://r.acme.example/v1; x=1"},
		{"tls-rpt", "v=TLSRPTv1; rua=https:/r.acme.example/v1,mailto:a@acme.example", "v=TLSRPTv1; rua=https://r.acme.example/v1,mailto:a@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=htps://r.acme.example/v1", "v=TLSRPTv1; rua=https://r.acme.example/v1"},
		{"tls-rpt", "v=TLSRPTv1; rua=https: //r.acme.example/v1", "v=TLSRPTv1; rua=https://r.acme.example/v1"},
		{"tls-rpt", "v=TLSRPTv1; rua=https://r.acme.example/a;b, mailto:a@acme.example", "v=TLSRPTv1; rua=<correct: https://r.acme.example/a%3Bb>,mailto:a@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=https://r.acme.example/a,b", "v=TLSRPTv1; rua=<correct: https://r.acme.example/a%2Cb>"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:tls@acmeexample", "v=TLSRPTv1; rua=<correct: mailto:tls@acmeexample>"},
		{"bimi", "v=BIMI1; l=x; a=avp=personal", "v=BIMI1; l=<correct: x>; a=; avp=personal"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg; a=; avpersonal", logo + "; a=; avp=personal"},
		{"bimi", "v=BIMI1; l-https://a.example/x.svg; .a=https://a.example/x.pem", logo + "; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svgp a=https://a.example/x.pem", "v=BIMI1; l=<correct: https://a.example/x.svgp%3B>; a=https://a.example/x.pem"},
		{"tls-rpt", "v=TLSRPTv1; rua=https://r.acme.example/report, mailto;a@acme.example", "v=TLSRPTv1; rua=https://r.acme.example/report,mailto:a@acme.example"},
		{"tls-rpt", "v=TLSRPTv1 rua=mailto:a@acme.example,htt.ps://r.acme.example/v1", "v=TLSRPTv1; rua=mailto:a@acme.example,<correct: htt.ps://r.acme.example/v1>"},
		{"tls-rpt", "v=TLSRPTv1:rua=mailto:a@acme.example,https://r.acme.example/v1:", "v=TLSRPTv1; rua=mailto:a@acme.example,<correct: https://r.acme.example/v1:>"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example,httlps'://r.acme.example/v1", "v=TLSRPTv1; rua=mailto:a@acme.example,<correct: httlps'://r.acme.example/v1>"},
		{"bimi", "v=BIMI1; l=https:./a.example/x.svg", "v=BIMI1; l=<correct: https://a.example/x.svg>"},
		{"tls-rpt", "v=TLSRPTv1; rua=https://r.acme.example/report mailto:a@acme.example", "v=TLSRPTv1; rua=https://r.acme.example/report,mailto:a@acme.example"},
		{"tls-rpt", "v=TLSRPTv1; rua=https://r.acme.example/reportm mailto:a@acme.example", "v=TLSRPTv1; rua=<correct: https://r.acme.example/reportm%2C>,mailto:a@acme.example"},
		{"bimi", "v=BIMI1; l=https://acme,example/l.svg", "v=BIMI1; l=<correct: https://acme.example/l.svg>"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg, a=https://a.example/x.pem", logo + "; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svg a=https://a.example/x.pem", logo + "; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1; l=https://a.example/x.svga=https://a.example/x.pem", logo + "; a=https://a.example/x.pem"},
		{"bimi", "v=BIMI1, l=https://a.example/x.svg, a=", logo + "; a="},
		{"bimi", "v=BIMI1; l:https://a.example/x.svg", logo},
		{"bimi", "v=BIMI1 l=https://a.example/x.svg", logo},
		{"bimi", "v=BIMI1, l=https://a.example/x.svg", logo},
		{"bimi", "v=BIMI1; L=https://a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=https//a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=https:/a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=https;//a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=htps://a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=<https://a.example/x.svg>", logo},
		{"bimi", "v=BIMI1; 1=https://a.example/x.svg", logo},
		{"bimi", "v=BIMI1; I=https://a.example/x.svg", logo},
		{"bimi", "v=BIMI1; l=https://a.example/my logo.svg", "v=BIMI1; l=<https://a.example/my%20logo.svg or https://a.example/mylogo.svg>"},
		{"bimi", "v=BIMI1; l=https://localhost/x.svg", "v=BIMI1; l=<correct: https://localhost/x.svg>"},
		{"mta-sts", "v=STSv1; ID=1", "v=STSv1; id=1"},
		{"mta-sts", "v=STSv1; id20260101", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1; id=20260101; mode: enforce; max_age: 86400", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1; id=20260101;mx: mx1.acme.example", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1; id=2026-01-01T10:00:00Z", "v=STSv1; id=20260101T100000Z"},
		{"mta-sts", "v=STSv1; id=20260101v=DMARC1; p=none", "v=STSv1; id=" + idPlaceholder + "; p=none"},
		{"mta-sts", "v=STSv1 id=20260101 v=DMARC1; p=none", "v=STSv1; id=" + idPlaceholder + "; p=none"},
		{"mta-sts", "v=STSv1; id=20260101==", "v=STSv1; id=20260101"},
		{"tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; v=DMARC1; p=none; rua=mailto:b@acme.example", "v=TLSRPTv1; rua=mailto:a@acme.example,mailto:b@acme.example; <correct: v=DMARC1>; p=none"},
		{"mta-sts", "v=STSv1; ud=20260101", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1; id=2026;0101", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1, id=20260101", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv.; id=20260101", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1&#59;&nbsp;id&#61;20260101", "v=STSv1; id=20260101"},
		{"mta-sts", "v=STSv1; id=2026-11-21", "v=STSv1; id=20261121"},
		{"mta-sts", "v=STSv1; id:20261121", "v=STSv1; id=20261121"},
		{"mta-sts", "v=STSv1 id=20261121", "v=STSv1; id=20261121"},
		{"mta-sts", "v=STSv1;", "v=STSv1; id=<date and time of the last change of the policy>"},
	} {
		got := ""
		for _, f := range Lint(tt.kind, []byte(tt.record)) {
			if f.Fix != nil && got == "" {
				got = f.Fix.Value
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.record, got, tt.want)
		}
	}
}

// What is proposed as it stands has no error itself, whatever was mistyped.
func TestMeantIsValid(t *testing.T) {
	const keys = " ,;:=.-_/?@\"'<>\\|!%#1aA\u00e9"
	for kind, records := range map[string][]string{
		"mta-sts": {"v=STSv1; id=20261127T000000; ext=1"},
		"tls-rpt": {"v=TLSRPTv1; rua=mailto:tls@acme.example,https://reports.esp.example/v1/x; ext=1", "v=TLSRPTv1;rua=https://r.acme.example/a"},
		"bimi":    {"v=BIMI1; l=https://acme.example/logo.svg; a=https://acme.example/logo.pem; avp=brand", "v=BIMI1;l=https://acme.example/l.svg;"},
	} {
		for _, record := range records {
			for i := range record {
				typed := []string{record[:i] + record[i+1:]}
				for _, key := range keys {
					typed = append(typed, record[:i]+string(key)+record[i:], record[:i]+string(key)+record[i+1:])
				}
				for _, text := range typed {
					for _, f := range Lint(kind, []byte(text)) {
						if f.Fix == nil || f.Fix.Value == "" || strings.Contains(f.Fix.Value, "<") {
							continue
						}
						for _, g := range Lint(kind, []byte(f.Fix.Value)) {
							if g.Severity.AtLeast(finding.Error) {
								t.Errorf("%q: what is proposed, %q, has %s: %s", text, f.Fix.Value, g.Check, g.Detail)
							}
						}
					}
				}
			}
		}
	}
}

// Any record of up to 64 KB is judged at once, in little.
func TestBombs(t *testing.T) {
	for _, kind := range Types {
		for _, part := range []string{"x;", "x=y;", ";", "=", "\x00", " ", "rua=mailto:a@acme.example;", ",mailto:a@acme.example", "id=1;", "\xff"} {
			for _, start := range []string{"", "v=STSv1; ", "v=TLSRPTv1; rua=mailto:a@acme.example", "v=BIMI1; l="} {
				record := (start + strings.Repeat(part, 65535/len(part)))[:65000]
				took, said := time.Hour, 0
				for try := 0; try < 5 && took > time.Second; try++ { // a busy machine may stop any one of them
					began := time.Now()
					said = 0
					for _, f := range Lint(kind, []byte(record)) {
						said += len(f.Detail)
						if f.Fix != nil {
							said += len(f.Fix.Value) + len(f.Fix.Summary)
						}
					}
					took = min(took, time.Since(began))
				}
				if took > time.Second || said > 20000 {
					t.Errorf("%s %q and %q: %v, %d bytes", kind, start, part, took, said)
				}
			}
		}
	}
}

func FuzzLint(f *testing.F) {
	for _, seed := range []string{"v=STSv1; id=1", "v=TLSRPTv1; rua=mailto:a@acme.example,https://acme.example/", "v=BIMI1; l=; a=", ";=;;\x00=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record string) {
		for _, kind := range Types {
			for _, found := range Lint(kind, []byte(record)) {
				if len(found.Detail) > 2000 {
					t.Errorf("%s %q: a detail of %d bytes", kind, record, len(found.Detail))
				}
			}
		}
	})
}
