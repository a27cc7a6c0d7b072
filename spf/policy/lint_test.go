package policy

import (
	"mailworthy/spf"
	"testing"
)

func TestLint(t *testing.T) {
	for _, c := range []struct {
		in    string
		valid bool
		want  string // the worst finding, or none
	}{
		{"v=spf1 mx -all", true, ""},
		{"v=spf1 mx -all\n", true, ""},
		{"v=spf1 a mx ip4:192.0.2.1 include:_spf.esp.example ~all", true, ""},
		{"v=spf1", true, "spf-all-missing"},
		{"v=spf1 +all", true, "spf-all-pass"},
		{"v=spf1 inlude:_spf.esp.example -all", false, "spf-syntax"},
		{"v=spf1 include:_spf.goog;e.com -all", true, "spf-include-missing"},
		{"v=spf1 a:mail.acme.de;b.acme.de -all", true, "spf-void-lookup"},
		{"v=spf1\tmx -all", false, "spf-syntax"},
		{" v=spf1 mx -all", false, "spf-whitespace"},
		{"v=spf1: mx -all", false, "spf-syntax"},
		{"\"v=spf1 mx -all\"", false, "spf-syntax"},
		{"v=DMARC1; p=none", false, "spf-syntax"},
		{"", false, "spf-syntax"},
		{"v=spf1 ip4:10.0.0.1 -all", true, "spf-private-address"},
		{"v=spf1 ip4:11.0.0.0/8 -all", true, "spf-broad-range"},
		{"v=spf1 include=_spf.esp.example -all", true, "spf-unknown-modifier"},
		{"v=spf1 a:a.example a:b.example a:c.example a:d.example a:e.example a:f.example a:g.example a:h.example a:i.example a:j.example a:k.example -all", true, "spf-too-many-lookups"},
		{"v=spf1 -all mx", true, "spf-terms-after-all"},
		{"v=spf1 redirect=_spf.acme.example -all", true, "spf-redirect-with-all"},
		{"v=spf1 mx mx -all", true, "spf-duplicate-term"},
		{"v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1 -all", true, "spf-overlap"},
		{"v=spf1 ptr -all", true, "spf-ptr"},
		{"v=spf1 include:%{i}.acme.example -all", true, "spf-macro-uncountable"},
		{"v=spf1 exists:{l}.acme.example -all", true, "spf-void-lookup"},
		{"v=spf1 include:{d2}.esp.example -all", true, "spf-include-missing"},
	} {
		r := Lint([]byte(c.in))
		got := ""
		if len(r.Findings) > 0 {
			got = r.Findings[0].Check
		}
		if r.Valid != c.valid || got != c.want {
			t.Errorf("%q: valid %v with %q, not %v with %q: %+v", c.in, r.Valid, got, c.valid, c.want, r.Findings)
		}
		for _, f := range r.Findings {
			if f.Fix != nil && f.Fix.Value != "" && !spf.IsRecord(f.Fix.Value) {
				t.Errorf("%q: %s proposes %q", c.in, f.Check, f.Fix.Value)
			}
		}
	}
}
