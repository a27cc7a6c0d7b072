package policy

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// aliasZone has aliases whose ends do not exist: what is denied is the end of the
// chain, and the names before it exist (RFC 6604, 3).
const aliasZone = `
	$TTL 3600
	$ORIGIN .
	example.      SOA ns.example. admin.example. 1 7200 900 604800 300
	acme.example. TXT "v=spf1 include:prov2.example -all"
	prov2.example. CNAME gone3.example.
	sub.example.  TXT "v=spf1 include:spf.prov.example -all"
	spf.prov.example. CNAME y.prov.example.
	y.prov.example. CNAME x.gone.example.
	prov.example. A 192.0.2.4
	a.example.    TXT "v=spf1 a:spf.prov.example -all"
	mx.example.   TXT "v=spf1 mx:spf.prov.example -all"
	ex.example.   TXT "v=spf1 exists:spf.prov.example -all"
	own.example.  TXT "v=spf1 include:in.own.example -all"
	in.own.example. CNAME gone.own.example.
	owned.example. TXT "v=spf1 include:out.own.example -all"
	out.own.example. CNAME nowhere.prov.example.
	alias.example. CNAME gone2.example.
	corp.example. TXT "v=spf1 include:spf.corp.local include:x.foo.invalid a:host.fritzbox a:y.b.onion mx:h.home.arpa -all"
	test.example. TXT "v=spf1 include:_spf.gone.test -all"
	acme.lan.     TXT "v=spf1 include:_spf.gone.example a:x.gone.lan a:x.gone.test a:x.gone.intern include:x.gone.com -all"
	com.          TXT "x"
`

// rootZone is a world of which nothing is unknown.
func rootZone(t *testing.T, text string) resolver.Resolver {
	t.Helper()
	z, err := resolver.ParseZone(strings.NewReader(strings.ReplaceAll(text, "\n\t", "\n")), ".", "test.zone")
	if err != nil {
		t.Fatal(err)
	}
	return resolver.NewOverlay(nil, z)
}

func TestUnregistered(t *testing.T) {
	r := rootZone(t, aliasZone)
	for _, c := range []struct {
		domain   string
		subjects string // of spf-target-unregistered
		says     string // in its first detail
		missing  string // in that of spf-include-missing
	}{
		{"acme.example", "gone3.example", `names prov2.example, an alias of gone3.example, but the domain gone3.example does not exist`,
			"prov2.example is an alias of gone3.example, which does not exist"},
		{"sub.example", "gone.example", `names spf.prov.example, an alias of x.gone.example, but the domain gone.example does not exist`,
			"spf.prov.example is an alias of x.gone.example, which does not exist"},
		{"a.example", "gone.example", "an alias of x.gone.example", ""},
		{"mx.example", "gone.example", "an alias of x.gone.example", ""},
		{"ex.example", "gone.example", "an alias of x.gone.example", ""},
		{"own.example", "", "", "in.own.example is an alias of gone.own.example, which does not exist"},
		{"owned.example", "", "", "out.own.example is an alias of nowhere.prov.example, which does not exist"},
		// Nobody can register these, and a top-level domain that does not exist.
		{"corp.example", "", "", "spf.corp.local does not exist"},
		// In a world of test names, test names stand for real ones.
		{"test.example", "gone.test", "the domain gone.test does not exist", "_spf.gone.test does not exist"},
		{"acme.lan", "gone.lan gone.com", "the domain gone.lan does not exist", "_spf.gone.example does not exist"},
	} {
		findings := Check(Examine(context.Background(), r, c.domain), Context{}).Findings()
		var subjects []string
		says := ""
		for _, f := range findings {
			if f.Check == "spf-target-unregistered" && f.Severity != finding.Pass {
				subjects = append(subjects, f.Subject)
				says += f.Detail
			}
			sound(t, c.domain, f)
		}
		if got := strings.Join(subjects, " "); got != c.subjects || !strings.Contains(says, c.says) {
			t.Errorf("%s: not registered: %q, not %q: %s", c.domain, got, c.subjects, says)
		}
		at := slices.IndexFunc(findings, func(f finding.Finding) bool {
			return f.Check == "spf-include-missing" && f.Severity == finding.Critical
		})
		if c.missing != "" && (at < 0 || !strings.Contains(findings[at].Detail, c.missing)) {
			t.Errorf("%s: not said to be missing: %s\n%s", c.domain, c.missing, list(findings))
		}
	}
}

// TestMissingAlias: a domain that is an alias exists, and takes no TXT record
// beside the CNAME.
func TestMissingAlias(t *testing.T) {
	r := rootZone(t, aliasZone)
	findings := Check(Examine(context.Background(), r, "alias.example"), Context{}).Findings()
	f := findings[0]
	if f.Check != "spf-record-missing" || !strings.Contains(f.Detail, "alias.example is an alias of gone2.example, which does not exist, so it has no SPF record") {
		t.Errorf("%s: %s", f.Check, f.Detail)
	}
	if f.Fix == nil || len(f.Fix.Remove) != 1 || f.Fix.Remove[0] != (finding.Record{Name: "alias.example", Type: "CNAME", Value: "gone2.example"}) {
		t.Errorf("fix %+v", f.Fix)
	}
	if e := spf.CheckHost(context.Background(), r, client("192.0.2.1", "a@alias.example")); e.Result != spf.None || e.Error != "alias.example is an alias of gone2.example, which does not exist" {
		t.Errorf("%s: %s", e.Result, e.Error)
	}
}
