package audit

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/receiver"
	"mailworthy/resolver"
)

// TestKeysOfKin: under relaxed alignment a key of the organizational domain signs for a
// domain without one, and what is not known of it is unknown.
func TestKeysOfKin(t *testing.T) {
	const (
		zone = `$ORIGIN example.
@ 300 SOA ns host 1 2 3 4 300
$ORIGIN acme.example.
@ 300 SOA ns host 1 2 3 4 300
news 300 MX 10 mx
news 300 TXT "v=spf1 ip4:192.0.2.10 -all"
deep.eu 300 TXT "v=spf1 ip4:192.0.2.10 -all"
mx 300 A 192.0.2.10
`
		policy = "_dmarc 300 TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n"
		strict = "_dmarc 300 TXT \"v=DMARC1; p=reject; adkim=s; rua=mailto:d@acme.example\"\n"
		key    = "s1._domainkey 300 TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
		broken = "s1._domainkey 300 TXT \"v=DKIM1; k=ed25519 p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
		odd    = "unguessable-9f2c._domainkey 300 TXT \"v=DKIM1; p=\"\n"
		own    = "_dmarc.news 300 TXT \"v=DMARC1; p=reject; psd=n; rua=mailto:d@acme.example\"\n"
	)
	for _, tt := range []struct {
		name     string
		target   Target
		zone     string
		silent   string
		has      []string
		hasNot   []string
		receiver receiver.State
	}{
		{name: "a key of the organizational domain", zone: policy + key, has: []string{"info dkim-none-observed"},
			hasNot: []string{"dkim-proved-absent", "dmarc-spf-only", "dkim-unresolved"}, receiver: receiver.Yes},
		{name: "no policy at all", zone: key, has: []string{"info dkim-none-observed"}, hasNot: []string{"dkim-proved-absent"}, receiver: receiver.Yes},
		{name: "no key anywhere", zone: policy, has: []string{"error dkim-proved-absent", "warning dmarc-spf-only"}, hasNot: []string{"dkim-none-observed"}, receiver: receiver.No},
		{name: "strict alignment", zone: strict + key, has: []string{"error dkim-proved-absent", "warning dmarc-spf-only"}, hasNot: []string{"dkim-none-observed"}, receiver: receiver.No},
		{name: "an organization of its own", zone: policy + own + key, has: []string{"error dkim-proved-absent", "warning dmarc-spf-only"}, receiver: receiver.No},
		{name: "keys at selectors that cannot be guessed", zone: policy + odd, has: []string{"notice dkim-none-observed"},
			hasNot: []string{"dkim-proved-absent", "dmarc-spf-only"}, receiver: receiver.Unknown},
		{name: "no answer above", zone: policy + key, silent: "_domainkey.acme.example", has: []string{"unknown dkim-unresolved"},
			hasNot: []string{"dkim-proved-absent", "dmarc-spf-only"}, receiver: receiver.Unknown},
		{name: "an alias above without an answer", zone: policy + "s1._domainkey 300 CNAME s1.esp.test.\n", has: []string{"not-checked dkim-unresolved", "not-checked dkim-none-observed"},
			hasNot: []string{"dkim-proved-absent", "dmarc-spf-only"}, receiver: receiver.Unknown},
		{name: "no answer for the policy", zone: policy + key, silent: "_dmarc.acme.example", has: []string{"notice dkim-none-observed"},
			hasNot: []string{"dkim-proved-absent", "dmarc-spf-only"}, receiver: receiver.Unknown},
		{name: "a key between", target: Target{Domain: "deep.eu.acme.example"}, zone: policy + "s1._domainkey.eu" + key[len("s1._domainkey"):],
			has: []string{"info dkim-none-observed"}, hasNot: []string{"dkim-proved-absent", "dmarc-spf-only"}, receiver: receiver.Yes},
		{name: "a stated selector above", target: Target{Domain: "news.acme.example", Selectors: []string{"s1"}}, zone: policy + key,
			has: []string{"info dkim-none-observed"}, hasNot: []string{"dkim-selector-missing", "dkim-proved-absent"}, receiver: receiver.Yes},
		{name: "a stated selector nowhere", target: Target{Domain: "news.acme.example", Selectors: []string{"s9"}}, zone: policy + odd,
			has: []string{"critical dkim-selector-missing"}, receiver: receiver.No},
		{name: "a stated selector without an answer", target: Target{Domain: "news.acme.example", Selectors: []string{"s9"}}, zone: policy + key,
			silent: "s9._domainkey.acme.example", has: []string{"unknown dkim-unresolved"}, hasNot: []string{"dkim-selector-missing"}, receiver: receiver.Yes},
		{name: "a mistyped key", zone: policy + broken, has: []string{"error dkim-key-syntax"}, hasNot: []string{"dkim-proved-absent", "dkim-none-observed", "dmarc-spf-only"}, receiver: receiver.No},
		{name: "a key of an envelope domain below", target: Target{Domain: "acme.example", MailFrom: []string{"news.acme.example"}}, zone: policy + "s1._domainkey.news" + key[len("s1._domainkey"):],
			has: []string{"info dkim-none-observed"}, hasNot: []string{"dkim-proved-absent", "dmarc-spf-only"}, receiver: receiver.Yes},
		{name: "an envelope domain without a key", target: Target{Domain: "acme.example", MailFrom: []string{"news.acme.example"}}, zone: policy,
			has: []string{"error dkim-proved-absent"}, hasNot: []string{"dkim-none-observed"}, receiver: receiver.No},
		{name: "an envelope domain of somebody else", target: Target{Domain: "news.acme.example", MailFrom: []string{"esp.example"}}, zone: policy + odd + "\n$ORIGIN esp.example.\ns1._domainkey 300 TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n",
			has: []string{"notice dkim-none-observed"}, receiver: receiver.Unknown},
		{name: "who signs is stated", target: Target{Domain: "news.acme.example", DKIMDomains: []string{"news.acme.example"}}, zone: policy + key,
			has: []string{"error dkim-proved-absent"}, receiver: receiver.No},
		{name: "the keys alone", target: Target{Domain: "news.acme.example", Sections: []finding.Section{finding.DKIM}}, zone: policy + key,
			has: []string{"info dkim-none-observed"}, hasNot: []string{"dkim-proved-absent"}, receiver: receiver.Yes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.target.Domain == "" {
				tt.target.Domain = "news.acme.example"
			}
			var r resolver.Resolver = resolver.NewOverlay(nil, dnstest.Parse(t, zone+tt.zone))
			if tt.silent != "" {
				r = silent{r, func(name string, _ resolver.Type) bool { return !resolver.Within(name, tt.silent) }}
			}
			a := newRun(r, tt.target, Options{})
			a.ask(t.Context())
			a.result.Trace = a.session.Trace()
			a.judge()
			var got []string
			for _, f := range a.result.Findings {
				if f.Section == finding.DKIM || f.Section == finding.DMARC {
					got = append(got, string(f.Severity)+" "+f.Check)
				}
			}
			for _, want := range tt.has {
				if !slices.Contains(got, want) {
					t.Errorf("no %s in %q", want, got)
				}
			}
			for _, bad := range tt.hasNot {
				if slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, " "+bad) && s != "pass "+bad }) {
					t.Errorf("%s in %q", bad, got)
				}
			}
			if f := a.dkimFact(); f.State != tt.receiver {
				t.Errorf("receivers: %+v, want %s", f, tt.receiver)
			}
		})
	}
}

// TestEnvelopeKeys: a loaded zone shows the envelope domain of a service, and its key is judged
// beside those of the domain.
func TestEnvelopeKeys(t *testing.T) {
	const (
		key  = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
		zone = `$ORIGIN acme.example.
@ 300 SOA ns host 1 2 3 4 300
@ 300 MX 10 mx
@ 300 TXT "v=spf1 mx -all"
s1._domainkey 300 TXT "` + key + `"
_dmarc 300 TXT "v=DMARC1; p=reject; rua=mailto:d@acme.example"
mx 300 A 192.0.2.10
mg 300 MX 10 mxa.mailgun.org.
mg 300 MX 10 mxb.mailgun.org.
mg 300 TXT "v=spf1 include:mailgun.org -all"
`
	)
	for _, tt := range []struct{ name, record, at, check, fix string }{
		{"a semicolon lost", "v=DKIM1; k=ed25519 p=" + key[22:], "k1._domainkey.mg", "error dkim-key-syntax k1._domainkey.mg.acme.example", key},
		{"revoked, with colons", "v=DKIM1: k=rsa: p=", "k1._domainkey.mg", "error dkim-key-syntax k1._domainkey.mg.acme.example", "v=DKIM1; k=rsa; p="},
		{"revoked", "v=DKIM1; p=", "k1._domainkey.mg", "notice dkim-revoked k1._domainkey.mg.acme.example", ""},
		{"no underscore", key, "k1.domainkey.mg", "error dkim-wrong-name k1._domainkey.mg.acme.example", key},
		{"the name doubled", key, "k1._domainkey.mg.acme.example", "error dkim-wrong-name k1._domainkey.mg.acme.example", key},
		{"in order", key, "k1._domainkey.mg", "", ""},
	} {
		result := Run(t.Context(), resolver.NewOverlay(nil, dnstest.Parse(t, zone+tt.at+" 300 TXT \""+tt.record+"\"\n")), Target{Domain: "acme.example"}, Options{})
		var got []string
		for _, f := range result.Findings {
			if f.Section == finding.DKIM && strings.Contains(f.Subject, ".mg.") {
				got = append(got, string(f.Severity)+" "+f.Check+" "+f.Subject)
				if tt.fix != "" && (f.Fix == nil || f.Fix.Value != tt.fix || !f.Fix.Complete) {
					t.Errorf("%s: the fix is %+v", tt.name, f.Fix)
				}
			}
		}
		if strings.Join(got, ", ") != tt.check {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.check)
		}
	}
}
