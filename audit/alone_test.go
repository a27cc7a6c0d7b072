package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/dkim"
	"mailworthy/internal/dnstest"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// hosting are n domains with the mail of ten providers, which share hosts, nested
// includes and keys, beside the bundled zones with their block lists.
func hosting(t *testing.T, n int) resolver.Resolver {
	t.Helper()
	var b strings.Builder
	soa := "@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.1\n"
	key := strings.Repeat("A", 300)
	b.WriteString("$TTL 300\n")
	for p := range 10 {
		fmt.Fprintf(&b, "$ORIGIN p%d.test.\n%s", p, soa)
		fmt.Fprintf(&b, "spf TXT \"v=spf1 include:spf2.p%d.test include:spf.p%d.test ip4:198.51.100.%d ?all\"\n", p, (p+1)%10, p*8)
		fmt.Fprintf(&b, "spf2 TXT \"v=spf1 ip4:203.0.113.%d/29 a:mx1.p%d.test -all\"\n", p*8, p)
		fmt.Fprintf(&b, "mx1 A 198.51.100.%d\nmx2 A 203.0.113.%d\nmx2 AAAA 2001:db8::%d\ndkim TXT \"v=DKIM1; p=\" \"%.250s\"\n", p*8, p*8, p+1, key)
	}
	for i := range n {
		p := i % 10
		fmt.Fprintf(&b, "$ORIGIN d%d.example.\n%s", i, soa)
		if i%13 != 0 {
			fmt.Fprintf(&b, "@ MX 10 mx1.p%d.test.\n@ MX 20 mx2.p%d.test.\n", p, p)
		}
		if i%11 != 0 {
			fmt.Fprintf(&b, "@ TXT \"v=spf1 mx include:spf.p%d.test %s\"\n", p, []string{"-all", "~all", "?all", "+all"}[i%4])
		}
		if i%7 != 0 {
			fmt.Fprintf(&b, "_dmarc TXT \"v=DMARC1; p=%s; rua=mailto:reports@p%d.test\"\n", []string{"none", "quarantine", "reject", "rejekt"}[i%4], p)
		}
		fmt.Fprintf(&b, "%s._domainkey CNAME dkim.p%d.test.\n", []string{"s1", "default", "google"}[i%3], p)
	}
	zones := []*resolver.ZoneSet{dnstest.Parse(t, b.String())}
	for _, text := range bundled(t) {
		zones = append(zones, dnstest.Parse(t, text))
	}
	return dnstest.Faulty{Resolver: resolver.NewOverlay(nil, zones...), OneIn: 400}
}

// TestAlone: many domains audited at once, with one cache and one knowledge
// of the block lists, give what each gives when it is audited alone.
func TestAlone(t *testing.T) {
	n := 250
	if inFull() {
		n = 1000
	}
	world := hosting(t, n)
	domains := make([]string, n)
	for i := range domains {
		domains[i] = fmt.Sprintf("d%d.example", i)
	}
	catalogue := rbl.DefaultCatalogue()
	options := func() Options {
		return Options{Selectors: dkim.Inferred, Catalogue: catalogue, Health: &rbl.Health{}, Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	}
	// Time stands still, so that nothing is slow in one and not in the other.
	synctest.Test(t, func(t *testing.T) {
		bulk, alike := map[string][]byte{}, options()
		cache := resolver.NewCache(world, resolver.CacheOptions{})
		together := func(ctx context.Context, domain string) []byte {
			return comparable(t, Run(ctx, cache, Target{Domain: domain}, alike))
		}
		for domain, result := range Stream(t.Context(), slices.Values(domains), StreamOptions{Concurrency: 64}, together) {
			bulk[domain] = result
		}
		alone := func(ctx context.Context, domain string) []byte {
			return comparable(t, Run(ctx, resolver.NewCache(world, resolver.CacheOptions{}), Target{Domain: domain}, options()))
		}
		unknown := 0
		for domain, want := range Stream(t.Context(), slices.Values(domains), StreamOptions{Concurrency: 2}, alone) {
			if got := bulk[domain]; !bytes.Equal(got, want) {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				t.Fatalf("%s: in bulk and alone differ at byte %d\n%.400s\n%.400s", domain, i, got[max(0, i-200):], want[max(0, i-200):])
			}
			if bytes.Contains(want, []byte(`"severity":"unknown"`)) {
				unknown++
			}
		}
		if len(bulk) != n || unknown == 0 || unknown == n {
			t.Errorf("%d domains, %d of them with something unknown: too much alike", len(bulk), unknown)
		}
		if s := cache.Stats(); s.Hits == 0 {
			t.Errorf("nothing was shared: %+v", s)
		}
	})
}

// comparable is the JSON of a result without what differs between two audits of
// the same: the age of what the cache has.
func comparable(t *testing.T, r *Result) []byte {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	parts := bytes.Split(text, []byte(`"ttl":`))
	for i := range parts[1:] {
		parts[i+1] = bytes.TrimLeft(parts[i+1], "0123456789")
	}
	return bytes.Join(parts, []byte(`"ttl":`))
}
