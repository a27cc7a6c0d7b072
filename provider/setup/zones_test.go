package setup

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/provider"
	"mailworthy/resolver"
)

const testDomain = "acme.example"

// testKey is a key that verifiers can use.
var testKey = sync.OnceValue(func() string { return rsatest.Public(2048, 0) })

// published is a record of a generated zone, and the record of the catalogue that it is
// for.
type published struct {
	name, rtype, value string
	of                 *provider.Record
}

// invented fills a template in with contents of the form that the service uses.
func invented(r *provider.Record, v *provider.Values) (name, value string) {
	if r.Match != "" && !v.Complete(r.Name) {
		name = strings.ReplaceAll(strings.ReplaceAll(v.Fill(r.Match), "[0-9]", "20260101"), "*", "2026")
		if n := strings.Count(name, "?"); n > 0 {
			_, key, _ := strings.Cut(r.Name, "<")
			name = strings.Replace(name, strings.Repeat("?", n), (key[:6] + strings.Repeat("q", n))[:n], 1)
		}
		if tokens, ok := v.Capture(r.Name, name); ok {
			note(v, tokens)
		}
	}
	for _, text := range []string{r.Name, r.Value} {
		for {
			filled := v.Fill(text)
			_, rest, ok := strings.Cut(filled, "<")
			if !ok || strings.HasPrefix(text, "<") && strings.HasSuffix(text, ">") && text == r.Value && len(r.Accept) > 0 {
				break
			}
			inside, _, _ := strings.Cut(rest, ">")
			key, _, _ := strings.Cut(inside, ":")
			switch {
			case key == "key":
				v.Tokens[key] = testKey()
			case key == "u" || key == "wl":
				v.Tokens[key] = key + "123"
			case key == "number" || key == "portal":
				v.Tokens[key] = "4711"
			case key == "aws" || key == "region":
				v.Tokens[key] = "eu-west-1"
			case key == "cluster":
				v.Tokens[key] = "cluster89"
			case key == "mx":
				v.Tokens[key] = "acme-example.mail.protection.outlook.com"
			case key == "tenant":
				v.Tokens[key] = "acme.onmicrosoft.com"
			case text == r.Value && strings.HasPrefix(text, "<") && strings.HasSuffix(text, ">") && r.Type != "TXT":
				v.Tokens[key] = "t1.service.example"
			default:
				v.Tokens[key] = "x" + key
			}
		}
	}
	name = cmpName(name, v.Fill(r.Name))
	value = v.Fill(r.Value)
	if strings.Contains(value, "<") {
		value = v.Fill(r.Accept[0])
		value = strings.ReplaceAll(value, "**", "a.b")
		if rest, ok := strings.CutPrefix(value, "*."); ok {
			value = "t1." + rest
		}
		value = strings.ReplaceAll(value, "*", "1")
		if r.Type == "MX" {
			value = "10 " + value
		}
	}
	return name, value
}

// zoneOf is a zone as the documentation of a service tells its customers to publish.
func zoneOf(s *provider.Service, way *provider.Way, region string, needs ...provider.Need) []published {
	rp := testDomain
	if len(s.ReturnPaths) > 0 {
		rp = s.ReturnPaths[0] + "." + testDomain
		if s.ReturnPaths[0] == "@" {
			rp = testDomain
		}
	}
	v := valuesOf(s, testDomain, region, rp, Options{})
	out := []published{}
	for i := range way.Records {
		r := &way.Records[i]
		if r.Need == provider.Unwanted || len(needs) > 0 && !slices.Contains(needs, r.Need) {
			continue
		}
		if len(r.Try) > 0 {
			v.Vars["selector"] = r.Try[0]
		}
		if r.Purpose == provider.SPF {
			sign := r.All
			if sign == "" {
				sign = "~"
			}
			name, value := invented(r, &v)
			out = append(out, published{name, "TXT", "v=spf1 " + value + " " + sign + "all", r})
			continue
		}
		name, value := invented(r, &v)
		if r.Purpose == provider.DMARC {
			value = "v=DMARC1; p=none; rua=mailto:reports@" + testDomain
		}
		out = append(out, published{name, r.Type, value, r})
	}
	if !slices.ContainsFunc(out, func(p published) bool { return p.of.Purpose == provider.DMARC }) {
		out = append(out, published{"_dmarc." + testDomain, "TXT", "v=DMARC1; p=none; rua=mailto:reports@" + testDomain,
			&provider.Record{Purpose: provider.DMARC, Need: provider.Optional, Type: "TXT"}})
	}
	return out
}

// world is the DNS with the records of the zone and what the services publish behind
// them: keys, and the records that SPF includes.
func world(t testing.TB, zone []published) resolver.Resolver {
	t.Helper()
	set, err := resolver.NewZone(testDomain)
	if err != nil {
		t.Fatal(err)
	}
	rest := map[string][]resolver.Record{}
	for _, p := range zone {
		add(t, set, p)
		switch {
		case p.rtype == "CNAME" && p.of.Purpose == provider.DKIM && !strings.HasPrefix(p.value, "gone."):
			rest[p.value] = []resolver.Record{txt(p.value, "v=DKIM1; k=rsa; p="+testKey())}
		case p.of.Purpose == provider.SPF:
			for _, w := range strings.Fields(p.value) {
				if name, ok := strings.CutPrefix(w, "include:"); ok {
					rest[name] = []resolver.Record{txt(name, "v=spf1 ip4:198.51.100.0/24 ~all")}
				}
			}
		}
	}
	add(t, set, published{testDomain, "SOA", "ns.acme.example. h.acme.example. 1 1 1 1 300", nil})
	add(t, set, published{testDomain, "A", "192.0.2.1", nil}) // reports reach it
	sets := []*resolver.ZoneSet{set}
	for name, records := range rest {
		if resolver.Within(name, testDomain) {
			continue
		}
		z, err := resolver.NewZone(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if err := z.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		sets = append(sets, z)
	}
	return resolver.NewOverlay(dnstest.Zone(t, "$ORIGIN example.\n@ SOA ns h 1 1 1 1 300\n"), sets...)
}

func txt(name, text string) resolver.Record {
	r := resolver.Record{Name: name, Type: resolver.TypeTXT, TTL: 300}
	for len(text) > 255 {
		r.TXT, text = append(r.TXT, text[:255]), text[255:]
	}
	r.TXT = append(r.TXT, text)
	return r
}

func add(t testing.TB, set *resolver.ZoneSet, p published) {
	t.Helper()
	r := resolver.Record{Name: p.name, TTL: 300}
	r.Type, _ = resolver.ParseType(p.rtype)
	switch p.rtype {
	case "TXT":
		r = txt(p.name, p.value)
	case "MX":
		if _, err := fmt.Sscanf(p.value, "%d %s", &r.Preference, &r.Host); err != nil {
			t.Fatalf("%s MX %q: %v", p.name, p.value, err)
		}
	case "CNAME", "NS":
		r.Host = p.value
	case "A":
		r.Addr = netip.MustParseAddr(p.value)
	case "SOA":
		r.Data, r.Host = p.value, "ns.acme.example"
	}
	if err := set.Add(r); err != nil {
		t.Fatalf("%s %s %s: %v", p.name, p.rtype, p.value, err)
	}
}

// TestDocumented: with the records that a service's documentation asks for, all is ok,
// in each region and way, for a zone whose targets are there and for one alone.
func TestDocumented(t *testing.T) {
	zones := 0
	for _, s := range provider.Builtin().All() {
		for w := range s.Ways {
			regions := s.RegionNames()
			if len(regions) == 0 {
				regions = []string{""}
			}
			for _, region := range regions {
				zones++
				zone := zoneOf(s, &s.Ways[w], region)
				l := Check(t.Context(), world(t, zone), s, testDomain, Options{})
				for _, it := range l.Records {
					// Neither name nor value of these tells whose they are.
					hidden := strings.HasPrefix(it.Name, "<") && strings.HasPrefix(it.Expected, "<") && (it.Need == provider.Optional || it.Need == provider.Unverified)
					if it.Status != OK && it.Need != provider.Unwanted && !hidden {
						t.Errorf("%s %s %s: %s %s %s is %s: %s (expected %s, found %s)", s.ID, s.Ways[w].Name, region, it.Purpose, it.Type, it.Name, it.Status, it.Detail, it.Expected, it.Found)
					}
				}
				if region != "" && s.ID != "resend" && l.Region != region && len(l.Findings) > 0 {
					t.Errorf("%s: region %s, want %s", s.ID, l.Region, region)
				}
				if len(l.Findings) > 0 {
					t.Errorf("%s: %+v", s.ID, l.Findings)
				}
			}
		}
	}
	t.Logf("%d zones", zones)
}
