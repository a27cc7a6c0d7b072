package dmarc

import (
	"strings"
	"testing"

	"mailworthy/finding"
)

// TestHosted: beside a CNAME no TXT can stand, so that what is wrong at the
// target is its operator's to mend.
func TestHosted(t *testing.T) {
	const alias = "_dmarc.acme.example CNAME acme.dmarc.test\nacme.example MX 10 mx.acme.example\n"
	const news = "news.acme.example A 192.0.2.1\n"
	tests := []struct {
		name, zone, domain, check string
		summary                   string // contained
		detail                    string // contained
		fix                       string // "name TYPE value", "-" what is removed
	}{
		{"another policy", `acme.dmarc.test TXT "v=DMARC1; p=none; rua=mailto:d@acme.example"`, "acme.example", "dmarc-policy-none",
			`have the operator of acme.dmarc.test change the record there to "v=DMARC1; p=quarantine; rua=mailto:d@acme.example; t=y"`,
			"_dmarc.acme.example is an alias of acme.dmarc.test.", ""},
		{"several", "acme.dmarc.test TXT \"" + sound + "\"\nacme.dmarc.test TXT \"v=DMARC1; p=none\"", "acme.example", "dmarc-multiple-records",
			`have the operator of acme.dmarc.test change the record there to "v=DMARC1; p=<reject or none>`, "is an alias of acme.dmarc.test", ""},
		{"other TXT", "acme.dmarc.test TXT \"" + sound + "\"\nacme.dmarc.test TXT \"x\"", "acme.example", "dmarc-spf-at-dmarc-name",
			"have the operator of acme.dmarc.test", "is an alias of acme.dmarc.test", ""},
		{"a domain below", `acme.dmarc.test TXT "v=DMARC1; p=reject; sp=none; rua=mailto:d@acme.example"` + "\n" + news, "news.acme.example", "dmarc-policy-none",
			"a record of its own for news.acme.example; the one at _dmarc.acme.example stays as it is. The alternative is to change sp= there", "", "_dmarc.news.acme.example TXT v=DMARC1; p=quarantine; rua=mailto:d@acme.example; t=y"},
		{"to nowhere", "dmarc.test A 192.0.2.1", "acme.example", "dmarc-record-missing",
			"Remove the alias", "_dmarc.acme.example is an alias of acme.dmarc.test, which does not exist.",
			"_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports> - _dmarc.acme.example CNAME acme.dmarc.test"},
		{"to a name without TXT", "acme.dmarc.test A 192.0.2.1", "acme.example", "dmarc-record-missing",
			"or have the operator of acme.dmarc.test publish the record there", "is an alias of acme.dmarc.test, which has no DMARC record.",
			"_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports> - _dmarc.acme.example CNAME acme.dmarc.test"},
		{"to nowhere by way of another alias", "acme.dmarc.test CNAME gone.dmarc.test", "acme.example", "dmarc-record-missing",
			"have the operator of gone.dmarc.test", "is an alias of gone.dmarc.test, which does not exist.",
			"_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:<mailbox for reports> - _dmarc.acme.example CNAME acme.dmarc.test"},
		{"to nowhere, inherited", "_dmarc.news.acme.example CNAME gone.test\n" + news + `acme.dmarc.test TXT "` + sound + `"`, "news.acme.example", "dmarc-inherited",
			"", "_dmarc.news.acme.example is an alias of gone.test, which does not exist.", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := discover(t, alias+test.zone, test.domain)
			f := find(t, Check(d, Context{}).Findings(), test.check)
			if !strings.Contains(f.Detail, test.detail) {
				t.Errorf("the detail is %s", f.Detail)
			}
			if f.Fix == nil {
				f.Fix = &finding.Fix{}
			}
			if !strings.Contains(f.Fix.Summary, test.summary) {
				t.Errorf("the fix is to %s", f.Fix.Summary)
			}
			got := strings.TrimSpace(f.Fix.Name + " " + f.Fix.Type + " " + f.Fix.Value)
			for _, r := range f.Fix.Remove {
				got += " - " + r.Name + " " + r.Type + " " + r.Value
			}
			if got != test.fix {
				t.Errorf("the fix is %s", got)
			}
		})
	}
}

// TestNextOfAnAlias: the next record is for the operator of the target.
func TestNextOfAnAlias(t *testing.T) {
	d := discover(t, "_dmarc.acme.example CNAME acme.dmarc.test\n"+`acme.dmarc.test TXT "v=DMARC1; p=none; rua=mailto:d@acme.example"`, "acme.example")
	s := d.Next(Context{})
	if s == nil || s.Record.Name != "acme.dmarc.test" || !strings.Contains(s.Before[0], "acme.dmarc.test") {
		t.Errorf("%+v", s)
	}
}
