package policy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		in      []string
		want    string
		dropped []string
	}{
		{[]string{"v=spf1 include:_spf.esp.example ~all", "v=spf1 ip4:192.0.2.0/28 -all"}, "v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all", nil},
		{[]string{"v=spf1 mx -all", "v=spf1 mx -all"}, "v=spf1 mx -all", []string{"mx"}},
		{[]string{"v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.0/24 ~all"}, "v=spf1 ip4:192.0.2.0/24 ~all", []string{"ip4:192.0.2.1"}},
		{[]string{"v=spf1 a -all", "v=spf1 redirect=_spf.acme.example"}, "v=spf1 a include:_spf.acme.example -all", nil},
		{[]string{"v=spf1 a", "v=spf1 redirect=_spf.acme.example"}, "v=spf1 a redirect=_spf.acme.example", nil},
		{[]string{"v=spf1 redirect=a.example", "v=spf1 redirect=b.example"}, "v=spf1 include:a.example include:b.example ~all", nil},
		{[]string{"v=spf1 mx +all", "v=spf1 a"}, "v=spf1 a mx ip4:<the address of each other sender of yours> ~all", []string{"+all"}},
		{[]string{"v=spf1 inlude:_spf.esp.example -all", "v=spf1 mx -all"}, "v=spf1 mx include:_spf.esp.example -all", nil},
		{[]string{"v=spf1 -ip4:192.0.2.9 ip4:192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.9 -all"}, "v=spf1 ip4:192.0.2.9 -ip4:192.0.2.9 ip4:192.0.2.0/24 -all", nil},
		{[]string{"v=spf1 -ip4:192.0.2.9 mx -all", "v=spf1 -ip4:192.0.2.10 ip4:192.0.2.0/24 -all"}, "v=spf1 mx -ip4:192.0.2.10 ip4:192.0.2.0/24 -all", []string{"-ip4:192.0.2.9"}},
		{[]string{"v=spf1 mx -all exp=a.example", "v=spf1 a -all exp=b.example foo=bar"}, "v=spf1 a mx -all exp=a.example foo=bar", []string{"exp=b.example"}},
		// What stands behind all goes before it, as in one record.
		{[]string{"v=spf1 -all mx", "v=spf1 a -all"}, "v=spf1 a mx -all", nil},
		{[]string{"v=spf1 mx -all ip4:203.0.113.5 -ip4:192.0.2.1 ip4:0.0.0.0/1", "v=spf1 a -all"}, "v=spf1 ip4:203.0.113.5 a mx -all", []string{"-ip4:192.0.2.1", "ip4:0.0.0.0/1"}},
		// Whoever wrote a redirect beside all may have meant its senders to pass.
		{[]string{"v=spf1 mx redirect=_spf.acme.example -all", "v=spf1 include:_spf.acme.example -all"}, "v=spf1 mx include:_spf.acme.example -all", []string{"redirect=_spf.acme.example"}},
		{[]string{"v=spf1 mx redirect=_spf.acme.example -all", "v=spf1 a -all"}, "v=spf1 a mx <include:_spf.acme.example, if its senders are yours> -all", nil},
		{[]string{"v=spf1 redirect=_spf.acme.example ~all", "v=spf1 a -all"}, "v=spf1 a <include:_spf.acme.example, if its senders are yours> -all", nil},
		// Terms that the grammar takes for others.
		{[]string{"v=spf1 mx include:_spf.esp.example-all", "v=spf1 mx include:_spf.esp.example -all"}, "v=spf1 mx include:_spf.esp.example -all", []string{"mx", "include:_spf.esp.example"}},
		{[]string{"v=spf1 ip4=203.0.113.5 -all", "v=spf1 mx ~all"}, "v=spf1 ip4:203.0.113.5 mx -all", nil},
		{[]string{"v=spf1 include=_spf.esp.example MS=ms1 -all", "v=spf1 mx -all"}, "v=spf1 mx include:_spf.esp.example -all MS=ms1", nil},
		{[]string{"v=spf1", "v=spf1 -all"}, "v=spf1 -all", nil},
	} {
		got, dropped, notes := Merge(c.in)
		if got != c.want || !slices.Equal(dropped, c.dropped) {
			t.Errorf("%q\n  got  %q without %q\n  want %q without %q\n  %q", c.in, got, dropped, c.want, c.dropped, notes)
		}
	}
}

// TestMergeProperty: the merged record authorises what any of the records does,
// and nothing that none does if nothing excludes addresses; it is valid.
func TestMergeProperty(t *testing.T) {
	ctx := context.Background()
	lifted := spf.Limits{Lookups: maxCost, Voids: maxCost, Questions: maxCost}
	for seed := range uint64(200) {
		m := &maker{rand.New(rand.NewPCG(seed, 11)), spftest.New()}
		var records []string
		signed := false
		for i := range 2 + m.IntN(2) {
			records = append(records, m.record(fmt.Sprintf("m%d.example", i), 2))
			for _, f := range strings.Fields(records[i])[1:] {
				signed = signed || strings.ContainsAny(f[:1], "-~?") && !strings.HasSuffix(f, "all")
			}
		}
		merged, _, notes := Merge(records)
		if _, l := spf.Parse(merged); !spf.IsRecord(merged) || l.ErrorAt >= 0 {
			t.Fatalf("seed %d: %q is invalid: %s", seed, merged, l.Error)
		}
		for i, r := range append(slices.Clone(records), merged) {
			m.z.Add(fmt.Sprintf("e%d.example", i), resolver.TypeTXT, r)
		}
		for i := range 256 {
			a := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			any, known := false, true
			var by string
			for j := range records {
				switch r := lifted.CheckHost(ctx, m.z, spf.Client{IP: a, Domain: fmt.Sprintf("e%d.example", j)}).Result; r {
				case spf.Pass:
					any, by = true, records[j]
				case spf.PermError, spf.TempError:
					known = false
				}
			}
			got := lifted.CheckHost(ctx, m.z, spf.Client{IP: a, Domain: fmt.Sprintf("e%d.example", len(records))})
			if !known || got.Result == spf.PermError {
				continue
			}
			if any && got.Result != spf.Pass {
				t.Fatalf("seed %d: %s passes by %q, but not by %q of %q: %q", seed, a, by, merged, records, notes)
			}
			if !any && got.Result == spf.Pass && !signed {
				t.Fatalf("seed %d: %s passes by %q, and by none of %q", seed, a, merged, records)
			}
		}
	}
}
