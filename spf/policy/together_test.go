package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestTogether: all complete proposals of a policy, published together, leave no error; one
// that does harm only beside another waits for it.
func TestTogether(t *testing.T) {
	for _, tt := range []struct {
		name    string
		records []string // name and text
		waits   string   // the check whose fix waits
		first   string   // for which, or when
	}{
		{"three void lookups in two records",
			[]string{"@ v=spf1 redirect=_spf.acme.example", "_spf v=spf1 include:_own.acme.example ip4:192.0.2.1 -all a", "_own v=spf1 mx:acme.example -all", "_own v=spf1 a mx ~all"},
			"spf-terms-after-all", "spf-include-permerror"},
		{"two void lookups in two records",
			[]string{"@ v=spf1 redirect=_spf.acme.example", "_spf v=spf1 include:_own.acme.example ip4:192.0.2.1 -all a", "_own v=spf1 mx:acme.example -all", "_own v=spf1 mx ~all"},
			"", ""},
		{"two records that are no matter to each other",
			[]string{"@ v=spf1 include:_spf.acme.example -all mx", "_spf v=spf1 ip4:192.0.2.1 -all a:mail.acme.example"}, "", ""},
		{"an unread record that leads to an error",
			[]string{"@ v=sp1 redirect=_spf.acme.example", "_spf v=spf1 include:_own.acme.exampleinclude:x -all", "_own v=spf1 mx:acme.example -al"}, "", ""},
		{"an unread record that leads to a sound one", []string{"@ v=sp1 redirect=_spf.acme.example", "_spf v=spf1 mx:acme.example -all a:mail.acme.example"}, "", ""},
	} {
		var records strings.Builder
		for _, r := range tt.records {
			name, text, _ := strings.Cut(r, " ")
			fmt.Fprintf(&records, "%s TXT %q\n\t\t\t", name, text)
		}
		r := dnstest.Zone(t, `
			$TTL 3600
			$ORIGIN acme.example.
			@     SOA ns.example. admin.example. 1 7200 900 604800 300
			@     MX 10 mx1
			mx1   A 192.0.2.10
			mail  A 192.0.2.25
			`+records.String())
		waits, first, complete := "", "", 0
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			switch {
			case f.Severity == finding.Pass || f.Fix == nil:
			case f.Fix.Complete:
				complete++
			case f.Fix.After != "":
				waits, first = f.Check, f.Fix.After
			}
		}
		want := 2
		switch {
		case tt.waits != "":
			want = 1
		case strings.HasSuffix(tt.name, "to an error"):
			want = 0
		}
		if waits != tt.waits || first != tt.first || complete != want {
			t.Errorf("%s: %q waits for %q, %d are complete; want %q for %q, %d", tt.name, waits, first, complete, tt.waits, tt.first, want)
		}
	}
}
