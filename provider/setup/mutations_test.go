package setup

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"mailworthy/provider"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mutation is a mistake at one record of a zone, and what is to be said of it.
type mutation struct {
	name string
	// applies says which records it can befall.
	applies func(s *provider.Service, p published) bool
	change  func(s *provider.Service, zone []published, i int) []published
	status  Status
	reason  string
}

func isKind(purpose provider.Purpose, rtype string) func(*provider.Service, published) bool {
	return func(_ *provider.Service, p published) bool {
		return p.of.Purpose == purpose && p.rtype == rtype && p.of.Need != provider.Optional && p.of.Need != provider.Unverified
	}
}

// alter is a zone with one record changed.
func alter(f func(*published)) func(*provider.Service, []published, int) []published {
	return func(_ *provider.Service, zone []published, i int) []published {
		zone = slices.Clone(zone)
		f(&zone[i])
		return zone
	}
}

// beside is a zone with one more record at the name of another.
func beside(rtype, value string) func(*provider.Service, []published, int) []published {
	return func(_ *provider.Service, zone []published, i int) []published {
		return append(slices.Clone(zone), published{zone[i].name, rtype, value, zone[i].of})
	}
}

func firm(p published) bool {
	return p.of.Need == provider.Needed || p.of.Need == provider.Advised
}

var dkimCNAME, dkimTXT, spfTXT = isKind(provider.DKIM, "CNAME"), isKind(provider.DKIM, "TXT"), isKind(provider.SPF, "TXT")

func both(a, b func(*provider.Service, published) bool) func(*provider.Service, published) bool {
	return func(s *provider.Service, p published) bool { return a(s, p) && b(s, p) }
}

func needs(_ *provider.Service, p published) bool { return firm(p) }

// telling: the target says whose it is.
func telling(_ *provider.Service, p published) bool { return !onlyPlaces(p.of) }

func notDMARC(_ *provider.Service, p published) bool { return p.of.Purpose != provider.DMARC }

var mutations = []mutation{
	{"missing", needs, func(_ *provider.Service, zone []published, i int) []published {
		return slices.Delete(slices.Clone(zone), i, i+1)
	}, Missing, ""},
	{"DMARC, domain twice in the name", isKind(provider.DMARC, "TXT"), alter(func(p *published) { p.name += "." + testDomain }), Wrong, "name"},
	{"domain twice in the name", both(needs, both(telling, notDMARC)), alter(func(p *published) { p.name += "." + testDomain }), Wrong, "doubled"},
	{"no underscore", both(dkimCNAME, telling), alter(func(p *published) { p.name = strings.Replace(p.name, "._domainkey", ".domainkey", 1) }), Wrong, "underscore"},
	{"no underscore", dkimTXT, alter(func(p *published) { p.name = strings.Replace(p.name, "._domainkey", ".domainkey", 1) }), Wrong, "underscore"},
	{"no _domainkey", both(dkimCNAME, telling), alter(func(p *published) { p.name = strings.Replace(p.name, "._domainkey", "", 1) }), Wrong, "label"},
	{"flattened", both(dkimCNAME, telling), alter(func(p *published) { p.rtype, p.value = "TXT", "v=DKIM1; k=rsa; p="+testKey() }), Wrong, "flattened"},
	{"target as text", both(dkimCNAME, telling), alter(func(p *published) { p.rtype = "TXT" }), Wrong, "type"},
	{"final dot", both(dkimCNAME, telling), alter(func(p *published) { p.value += "." + testDomain }), Wrong, "final-dot"},
	{"final dot, target not known", both(dkimCNAME, func(s *provider.Service, p published) bool { return !telling(s, p) }),
		alter(func(p *published) { p.value += "." + testDomain }), Wrong, "final-dot"},
	{"+all", both(spfTXT, func(_ *provider.Service, p published) bool { return p.of.All == "" }), alter(func(p *published) {
		f := strings.Fields(p.value)
		p.value = strings.Join(append(f[:len(f)-1], "+all"), " ")
	}), OK, ""},
	{"elsewhere", both(dkimCNAME, telling), alter(func(p *published) { p.value = "s1.nowhere.example" }), Wrong, "target"},
	{"truncated", dkimTXT, alter(func(p *published) { p.value = p.value[:min(len(p.value), 255)] }), Wrong, "truncated"},
	{"revoked", dkimTXT, alter(func(p *published) { p.value = p.value[:strings.Index(p.value, "p=")+2] }), Wrong, "revoked"},
	{"two keys", dkimTXT, beside("TXT", "v=DKIM1; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), Wrong, "several"},
	{"alias to nothing", dkimTXT, alter(func(p *published) { p.rtype, p.value = "CNAME", "gone.nowhere.example" }), Wrong, "type"},
	{"SPF without the include", spfTXT, alter(func(p *published) { p.value = "v=spf1 ip4:192.0.2.1 ~all" }), Missing, ""},
	{"two SPF records", spfTXT, beside("TXT", "v=spf1 ip4:192.0.2.1 ~all"), Wrong, "several"},
	{"include behind all", spfTXT, alter(func(p *published) {
		f := strings.Fields(p.value)
		p.value = f[0] + " " + f[2] + " " + f[1]
	}), Wrong, "ignored"},
	{"include with -", spfTXT, alter(func(p *published) { p.value = strings.Replace(p.value, "include:", "-include:", 1) }), Wrong, "sign"},
	{"SPF at the apex", func(s *provider.Service, p published) bool { return spfTXT(s, p) && p.name != testDomain },
		alter(func(p *published) { p.name = testDomain }), Wrong, "apex"},
	{"~all", func(_ *provider.Service, p published) bool { return p.of.All == "-" }, alter(func(p *published) { p.value = strings.Replace(p.value, "-all", "~all", 1) }), Wrong, "all"},
	{"MX not alone", func(_ *provider.Service, p published) bool { return p.of.Alone && p.of.Need == provider.Needed }, beside("MX", "20 mx.acme.example"), Wrong, "not-alone"},
	{"MX final dot", isKind(provider.ReturnPath, "MX"), alter(func(p *published) { p.value += "." + testDomain }), Wrong, "final-dot"},
	{"return path flattened", both(isKind(provider.ReturnPath, "CNAME"), func(s *provider.Service, p published) bool {
		return telling(s, p) && len(s.ReturnPaths) > 0 && !strings.Contains(s.ReturnPaths[0], "<")
	}),
		alter(func(p *published) { p.rtype, p.value = "TXT", "v=spf1 ip4:198.51.100.0/24 ~all" }), Wrong, "flattened"},
	{"return path elsewhere", both(isKind(provider.ReturnPath, "CNAME"), func(s *provider.Service, p published) bool {
		return telling(s, p) && len(s.ReturnPaths) > 0 && !strings.Contains(s.ReturnPaths[0], "<")
	}),
		alter(func(p *published) { p.value = "bounce.nowhere.example" }), Wrong, "target"},
	{"DMARC at the apex", isKind(provider.DMARC, "TXT"), alter(func(p *published) { p.name = testDomain }), Wrong, "name"},
	{"two DMARC records", func(_ *provider.Service, p published) bool {
		return p.of.Purpose == provider.DMARC && p.of.Need != provider.Optional
	}, beside("TXT", "v=DMARC1; p=reject"), Wrong, "several"},
	{"DMARC without version", isKind(provider.DMARC, "TXT"), alter(func(p *published) { p.value = strings.TrimPrefix(p.value, "v=DMARC1; ") }), Wrong, "broken"},
}

// TestMutations: a table of mistakes. The status and the cause are those of the
// mutation, the sentence is in testdata/mutations.txt.
func TestMutations(t *testing.T) {
	var b strings.Builder
	rows := 0
	for _, s := range provider.Builtin().All() {
		if !s.NeedsRecords() {
			continue
		}
		region := ""
		if names := s.RegionNames(); len(names) > 0 {
			region = names[0]
		}
		zone := zoneOf(s, &s.Ways[0], region)
		for _, m := range mutations {
			for i, p := range zone {
				if !m.applies(s, p) {
					continue
				}
				rows++
				l := Check(t.Context(), world(t, m.change(s, zone, i)), s, testDomain, Options{Selectors: chosen(zone)})
				it := itemFor(l, s, zone, i)
				if it == nil {
					t.Errorf("%s, %s at %s: no item", s.ID, m.name, p.name)
					continue
				}
				status := m.status
				if it.Status != status || it.Status == Wrong && it.Reason != m.reason {
					t.Errorf("%s, %s at %s %s: %s %s, want %s %s: %s", s.ID, m.name, p.rtype, p.name, it.Status, it.Reason, status, m.reason, it.Detail)
				}
				fmt.Fprintf(&b, "%s | %s | %s %s | %s | %s\n", s.ID, m.name, it.Type, it.Name, it.Status, it.Detail)
			}
		}
		for _, other := range s.RegionNames() {
			if other == region || slices.Index(s.RegionNames(), other) > 2 {
				continue
			}
			rows += mixedRegions(t, &b, s, region, other)
		}
	}
	if rows < 150 {
		t.Errorf("%d mutations, want 150", rows)
	}
	t.Logf("%d mutations", rows)
	const file = "testdata/mutations.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	have, wanted := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(have), len(wanted)) {
		if i >= len(have) || i >= len(wanted) || have[i] != wanted[i] {
			t.Fatalf("line %d differs from %s (go test ./provider/setup -update):\n%s", i+1, file, have[min(i, len(have)-1)])
		}
	}
}

// chosen are the selectors of a zone that the customer chose or that have no form: only
// who states them can find them.
func chosen(zone []published) []string {
	var out []string
	for _, p := range zone {
		if strings.HasPrefix(p.of.Name, "<selector1") || strings.HasPrefix(p.of.Name, "<selector2") {
			sel, _, _ := strings.Cut(p.name, ".")
			out = append(out, sel)
		}
	}
	return out
}

// itemFor is the item of a record of the zone. The tokens of Amazon SES may stand in
// for each other: it is the one that is not ok.
func itemFor(l *Checklist, s *provider.Service, zone []published, i int) *Item {
	if s.ID == "amazon-ses" && zone[i].of.Purpose == provider.DKIM {
		for j := range l.Records {
			if it := &l.Records[j]; it.Purpose == provider.DKIM && it.Status != OK {
				return it
			}
		}
	}
	for j := range l.Records {
		it := &l.Records[j]
		if it.record == zone[i].of || it.record == nil || zone[i].of.Purpose == provider.DMARC && it.Purpose == provider.DMARC {
			return it
		}
	}
	return nil
}

// mixedRegions puts each record of another region into the zone.
func mixedRegions(t *testing.T, b *strings.Builder, s *provider.Service, region, other string) int {
	here, there := zoneOf(s, &s.Ways[0], region), zoneOf(s, &s.Ways[0], other)
	n := 0
	for i, p := range here {
		if p.value == there[i].value || !firm(p) && p.of.Purpose != provider.ReturnPath {
			continue
		}
		n++
		zone := slices.Clone(here)
		zone[i] = there[i]
		l := Check(t.Context(), world(t, zone), s, testDomain, Options{Region: region})
		it := itemFor(l, s, here, i)
		if it == nil || it.Status != Wrong || it.Reason != "region" {
			t.Errorf("%s, %s of %s in %s: %+v", s.ID, p.name, other, region, it)
			continue
		}
		fmt.Fprintf(b, "%s | region %s in %s | %s %s | %s | %s\n", s.ID, other, region, it.Type, it.Name, it.Status, it.Detail)
	}
	return n
}
