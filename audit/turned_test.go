package audit

import (
	"slices"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestTurned: that something is missing is said only if the resolver that denied it still
// sees the public DNS when the report is made.
func TestTurned(t *testing.T) {
	const (
		firm = "$ORIGIN firm.com.\n@ SOA ns host 1 2 3 4 60\n@ NS ns\n@ MX 10 mx\n@ TXT \"v=spf1 mx -all\"\nmx A 198.51.100.7\n"
		com  = "$ORIGIN com.\n@ SOA ns host 1 2 3 4 60\n@ NS a.gtld-servers.net.\n"
		gtld = "$ORIGIN gtld-servers.net.\n@ SOA ns host 1 2 3 4 60\na A 192.0.2.30\n"
	)
	for _, tt := range []struct {
		name   string
		zones  []string
		failed bool // the top-level domain is not answered
		add    string
		want   string
	}{
		{name: "sees the domain", zones: []string{com, gtld}, want: "dmarc-record-missing"},
		{name: "denies the domain", want: "resolver-not-public"},
		// Which hosts serve the domain is a second round: doubts look at it when an audit begins.
		{name: "denies what serves the domain", zones: []string{com}, want: "dmarc-record-missing"},
		{name: "has text for what cannot be", zones: []string{com, gtld}, add: "no-such-name.invalid", want: "resolver-not-public"},
		{name: "does not answer about the domain", failed: true, want: "dmarc-record-missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := dnstest.Start(t, append(slices.Clone(tt.zones), firm)...)
			if tt.failed {
				srv.Fault("com", resolver.TypeNS, dnstest.Fault{Kind: dnstest.ServFail})
			}
			if tt.add != "" {
				srv.Add(tt.add, resolver.TypeTXT, "log in")
			}
			client := srv.Client(resolver.Config{Timeout: 10 * time.Second, Retries: -1})
			defer client.Close()
			r := Run(t.Context(), resolver.NewCache(client, resolver.CacheOptions{}), Target{Domain: "firm.com", Sections: []finding.Section{finding.SPF, finding.DMARC}}, Options{Selectors: "inferred"})
			said := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Check == tt.want && f.Severity != finding.Pass }) >= 0
			if !said {
				t.Errorf("not said: %+v", r.Findings)
			}
			if bad := worseThanUnknown(r); tt.want == "resolver-not-public" && len(bad) > 0 {
				t.Errorf("%q", bad)
			}
			// Two questions and one round: neither waits for the other, nor is left out if that fails.
			if n, m := srv.Count("com", resolver.TypeNS), srv.Count(neverThere, resolver.TypeTXT); n != 1 || m != 1 {
				t.Errorf("the top-level domain was asked about %d times, and what cannot be %d times", n, m)
			}
			if n := srv.Count("a.gtld-servers.net", dnstest.Any); n != 0 {
				t.Errorf("what serves it was asked about %d times", n)
			}
		})
	}
}
