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
		{"v=spf1 mx/0 -all", true, "spf-all-pass"},
		{"v=spf1 mx//0 -all", true, "spf-all-pass"},
		{"v=spf1 a/24//0 -all", true, "spf-all-pass"},
		{"v=spf1 a:mail.acme.example/24//16 -all", true, "spf-broad-range"},
		{"v=spf1 a/24//64 -all", true, ""},
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

// TestLintAsksForNames: what is taken off a name may stand for a letter of it, and offline
// nobody can tell, unless the name ends in a top-level domain that no other one begins
// with, or the same separator ends other terms too.
func TestLintAsksForNames(t *testing.T) {
	for _, c := range []struct {
		in, want string
		complete bool
	}{
		{"v=spf1 include:_spf.google.co; -all", "v=spf1 include:<the right name in place of _spf.google.co> -all", false},
		{"v=spf1 include:spf.exampl; -all", "v=spf1 include:<the right name in place of spf.exampl> -all", false},
		{"v=spf1 a:mail.acme.de, -all", "v=spf1 a:<the right name in place of mail.acme.de> -all", false},
		{"v=spf1 include:_spf.google.co/ mx -al", "v=spf1 include:<the right name in place of _spf.google.co> mx -all", false},
		{"v=spf1 exists:spf.acme.co| -all", "v=spf1 exists:<the right name in place of spf.acme.co> -all", false},
		{"v=spf1 redirect=_spf.acme.co;", "v=spf1 redirect=<the right name in place of _spf.acme.co>", false},
		{"v=spf1 include:_spf.google.co\u00a0 -all", "v=spf1 include:<the right name in place of _spf.google.co> -all", false},
		{"v=spf1 include:;spf.google.com -all", "v=spf1 include:<the right name in place of ;spf.google.com> -all", false},
		{"v=spf: include:_spf.google.co; -all", "v=spf1 include:<the right name in place of _spf.google.co> -all", false},
		// A character that slipped into the name of a service stands for no dot.
		{"v=spf1 include:send;grid.net -all", "v=spf1 include:<the right name in place of send;grid.net> -all", false},
		{"v=spf1 mx:send,grid.net -all", "v=spf1 mx:<the right name in place of send,grid.net> -all", false},
		{"v=spf1 include:send@grid.net -all", "v=spf1 include:<the right name in place of send@grid.net> -all", false},
		{"v=spf1 redirect=send@grid.net", "v=spf1 redirect=<the right name in place of send@grid.net>", false},
		{"v=spf1 include:bulk;acme.com -all", "v=spf1 include:<the right name in place of bulk;acme.com> -all", false},
		{"v=spf1 mx:redirect=_s.acme.com", "v=spf1 mx:<the right name in place of redirect=_s.acme.com>", false},
		{"v=spf1 a:mail.acme.com/redirect=_s.acme.com", "v=spf1 a:<the right name in place of mail.acme.com/redirect=_s.acme.com>", false},
		{"v=spf1 include:_spf,acme.com -all", "v=spf1 include:_spf.acme.com -all", true},
		{"v=spf1 include:spf.protection,outlook.com -all", "v=spf1 include:spf.protection.outlook.com -all", true},
		{"v=spf1 a:mail,acme.com -all", "v=spf1 a:mail.acme.com -all", true},
		{"v=spf1 include:_spf.google.com; -all", "v=spf1 include:_spf.google.com -all", true},
		{"v=spf1 ip4:203.0.113.5;-all", "v=spf1 ip4:<the right address in place of 203.0.113.5> -all", false},
		{"v=spf1 mx ip4:45.76.9.0/28&-all", "v=spf1 mx ip4:<the right address in place of 45.76.9.0/28> -all", false},
		{"v=spf1 mx; include:_spf.google.co; -all", "v=spf1 mx include:_spf.google.co -all", true},
		{"v=spf1 mx\u00a0include:_spf.google.co\u00a0-all", "v=spf1 mx include:_spf.google.co -all", true},
		{"v=spf1 include::_spf.google.co -all", "v=spf1 include:_spf.google.co -all", true},
	} {
		found := Lint([]byte(c.in)).Findings
		if len(found) == 0 || found[0].Fix == nil || found[0].Fix.Value != c.want || found[0].Fix.Complete != c.complete {
			t.Errorf("%q: %+v", c.in, found)
			continue
		}
	}
}
