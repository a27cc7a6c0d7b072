package dkim

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
)

// TestKin: a domain without a key of its own is judged by the keys of those that may sign for
// it, and what is not known of them is unknown.
func TestKin(t *testing.T) {
	key := `k1._domainkey TXT "v=DKIM1; k=ed25519; p=` + ed25519Key + `"`
	for _, tt := range []struct {
		name, zone string
		open       string
		stated     []string
		want       []string
		says       string
	}{
		{"a live key", key, "", nil, []string{"dkim-none-observed info news.acme.example"}, "A signature with d=acme.example aligns with news.acme.example"},
		{"a live key, and alignment is not known", key, "The policy is not known.", nil,
			[]string{"dkim-none-observed notice news.acme.example undecides could-be-error"}, "whether a signature with it aligns is not known: The policy is not known."},
		{"no key, as is proved", "", "", nil, []string{"dkim-proved-absent error news.acme.example"}, "no selector below it can exist"},
		{"no key among those that were tried", `other._domainkey TXT "x"`, "", nil,
			[]string{"dkim-none-observed notice news.acme.example undecides could-be-error"}, "selectors tried there none has a usable key"},
		{"a mistyped key", strings.Replace(key, "k=ed25519;", "k=ed25519", 1), "", nil, []string{"dkim-key-syntax error k1._domainkey.acme.example"}, "k1._domainkey.acme.example"},
		{"a stated selector that stands there", key, "", []string{"k1"}, []string{"dkim-none-observed info news.acme.example"}, "A signature with d=acme.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := zone(t, tt.zone+"\nnews TXT x")
			o := Options{Selectors: []string{"k1"}}
			kin := &Kin{Domains: []*Discovery{Examine(t.Context(), r, "acme.example", o)}, Open: tt.open}
			o.Selectors = tt.stated
			findings := Check(Examine(t.Context(), r, "news.acme.example", o), Context{Kin: kin}).Findings()
			got := summary(findings)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if !slices.ContainsFunc(findings, func(f finding.Finding) bool {
				return f.Severity != finding.Pass && strings.Contains(f.Detail+f.Subject, tt.says)
			}) {
				t.Errorf("%q is not said: %+v", tt.says, findings[0])
			}
		})
	}
}
