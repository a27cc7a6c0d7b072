package terminal

import (
	"bytes"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/reporttest"
)

// A record stands as a DNS panel asks for it, each part whole on a line of its own,
// however narrow the screen; and what the value holds cannot reach the terminal.
func TestRecordsCanBeCopied(t *testing.T) {
	long := "v=DKIM1; k=rsa; p=" + strings.Repeat("MIIBIjANBg", 60)
	f := reporttest.Found(finding.DKIM, "dkim-selector-missing", finding.Critical)
	f.Fix = &finding.Fix{Complete: true, Summary: "Publish the key.", Name: "s1._domainkey.acme.example", Type: "TXT", Value: long,
		More: []finding.Record{{Name: "acme.example", Type: "MX", Value: "10 mx.acme.example"}, {Name: "x.example", Type: "TXT", Value: "a\x1b[31m\"b\" c"}}}
	r := report.New(&audit.Result{Domain: "acme.example", Findings: []finding.Finding{f}}, report.DefaultScale(), "1")
	for _, width := range []int{40, 60, 80, 140} {
		var b bytes.Buffer
		if err := WriteTable(&b, r, Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"\n       Name   s1._domainkey.acme.example\n       Type   TXT\n       Value  " + long + "\n",
			"\n       Name   acme.example\n       Type   MX\n       Value  10 mx.acme.example\n",
			"\n       Value  a\\x1b[31m\"b\" c\n",
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%d columns: %q is missing in\n%s", width, want, b.String())
			}
		}
	}
}

// A terminal that has links gets them; no other sees their codes.
func TestLinks(t *testing.T) {
	f := reporttest.Found(finding.SPF, "spf-syntax", finding.Critical)
	f.Reference = "RFC 7208, 4.6"
	r := report.New(&audit.Result{Domain: "acme.example", Findings: []finding.Finding{f}}, report.DefaultScale(), "1")
	for _, links := range []bool{false, true} {
		var b bytes.Buffer
		if err := WriteTable(&b, r, Options{Verbose: true, Links: links}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "\x1b]8;;https://www.rfc-editor.org/rfc/rfc7208#section-4.6\x1b\\RFC 7208, 4.6\x1b]8;;\x1b\\"); got != links {
			t.Errorf("links %v: %q", links, b.String())
		}
	}
}
