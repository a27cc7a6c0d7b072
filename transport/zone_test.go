package transport

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// What BIMI asks for of DMARC is what stands in its way, and never weakens a policy.
func TestBIMIStep(t *testing.T) {
	for _, tt := range []struct{ zone, why, step string }{
		{"", "there is no DMARC record at _dmarc.acme.example", "Publish a DMARC record with p=none and rua= first"},
		{`_dmarc TXT "v=DMARC1; p=none"`, "says p=none", "Go on to p=quarantine once"},
		{`_dmarc TXT "v=DMARC1; p=rejct; rua=mailto:a@acme.example"`, "has no valid policy", "Correct the DMARC record first."},
		{`_dmarc TXT "v=DMARC1; p=reject; sp=none"`, "says sp=none", "(sp=reject)"},
		{`_dmarc TXT "v=DMARC1; p=quarantine; sp=none"`, "says sp=none", "(sp=quarantine)"},
		{`_dmarc TXT "v=DMARC1; p=reject; t=y"`, "says t=y", "Take t=y out"},
		{`_dmarc TXT "v=DMARC1; p=reject; pct=50"`, "says pct=50", "Take pct=50 out"},
		{"_dmarc TXT \"v=DMARC1; p=reject\"\n_dmarc TXT \"v=DMARC1; p=none\"", "there are 2 DMARC records", "Leave one DMARC record."},
	} {
		found := bimiOf(t, "default._bimi TXT \"v=BIMI1; l=https://acme.example/l.svg; a=\"\n"+tt.zone)
		at := slices.IndexFunc(found, func(f finding.Finding) bool { return f.Check == "bimi-dmarc-not-enforced" })
		if at < 0 || found[at].Fix == nil {
			t.Errorf("%s: %+v", tt.zone, found)
			continue
		}
		f := found[at]
		if !strings.Contains(f.Detail, tt.why) || !strings.Contains(f.Fix.Summary, tt.step) || strings.Contains(tt.zone, "p=reject") && strings.Contains(f.Fix.Summary, "quarantine") {
			t.Errorf("%s: %s / %s", tt.zone, f.Detail, f.Fix.Summary)
		}
	}
	// The alias of a wildcard says nothing of a logo.
	for _, f := range bimiOf(t, "* CNAME gone.test.") {
		if f.Check == "bimi-record-missing" && f.Severity != finding.Pass {
			t.Errorf("a wildcard: %s", f.Detail)
		}
	}
}

// TLSA records of a zone file are judged by themselves.
func TestUnsignedTLSA(t *testing.T) {
	for data, want := range map[string]string{
		"3 1 1 " + strings.Repeat("ab", 32): "dane-unresolved not-checked",
		"3 1 1 " + strings.Repeat("00", 32): "tlsa-never-matches warning, dane-unresolved not-checked",
		"3 1 1 0b9fa5":                      "tlsa-unusable error, dane-unresolved not-checked",
		"1 1 1 " + strings.Repeat("ab", 32): "dane-usage-pkix warning, dane-unresolved not-checked",
	} {
		all := transportOf(t, "_25._tcp.mx TLSA "+data)
		all = slices.DeleteFunc(all, func(f finding.Finding) bool {
			return !strings.HasPrefix(f.Check, "dane-") && !strings.HasPrefix(f.Check, "tlsa-")
		})
		if got := notable(all); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}

// TestMislaidTLSA: a TLSA record at a name like the one of an MX host without any is said, and
// those of other hosts and ports are not.
func TestMislaidTLSA(t *testing.T) {
	for _, tt := range []struct {
		name string
		said bool
	}{
		{"_25._tcp", true}, {"_25._tcp.mx.acme.example", true}, {"25._tcp.mx", true}, {"_tcp._25.mx", true}, {"_25.tcp.mx", true}, {"mx", true},
		{"_25._tcp.mx", false}, {"_25._tcp.mail", false}, {"_465._tcp.mx", false}, {"_443._tcp", false},
	} {
		said := slices.ContainsFunc(transportOf(t, tt.name+" TLSA 3 1 1 "+strings.Repeat("ab", 32)), func(f finding.Finding) bool {
			return f.Check == "tlsa-unusable" && f.Severity == finding.Error && strings.Contains(f.Detail, "where senders look")
		})
		if said != tt.said {
			t.Errorf("%s: said %v", tt.name, said)
		}
	}
	if s := transportOf(t, "_25._tcp TLSA 3 1 1 "+strings.Repeat("ab", 32)+"\n_25._tcp.mx TLSA 3 1 1 "+strings.Repeat("ab", 32)); slices.ContainsFunc(s, func(f finding.Finding) bool { return f.Check == "tlsa-unusable" && f.Severity == finding.Error }) {
		t.Error("said beside the right one")
	}
}

// bimiOf are the findings of an audit about BIMI.
func bimiOf(t *testing.T, lines string) []finding.Finding {
	t.Helper()
	return slices.DeleteFunc(transportOf(t, lines), func(f finding.Finding) bool { return !strings.HasPrefix(f.Check, "bimi-") })
}

// transportOf are the findings of an audit of a zone file.
func transportOf(t *testing.T, lines string) (out []finding.Finding) {
	t.Helper()
	zone := dnstest.Zone(t, "$ORIGIN .\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n$TTL 300\n@ MX 10 mx\nmx A 192.0.2.1\n"+lines+"\n")
	b := resolver.NewBatch(t.Context(), resolver.NewSession(zone, 0))
	names := func(name string) (out []string) {
		for _, r := range resolver.Below(zone, name, resolver.TypeTLSA) {
			out = append(out, r.Name)
		}
		return out
	}
	Begin(b, Tools{TLSANames: names}, "acme.example", func(f *Facts) { out = Check(f) })
	b.Run()
	return out
}
