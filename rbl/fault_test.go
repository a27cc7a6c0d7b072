package rbl

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// Every way to fail, at every question of one list: no fault may turn a verdict
// into another one than unknown.
func TestFaultMatrix(t *testing.T) {
	const listed, clean, must, mustNot = "10.2.0.192.bl.test", "11.2.0.192.bl.test", "2.0.0.127.bl.test", "1.0.0.127.bl.test"
	c := lists(t, `lists: [{zone: bl.test, weight: error}]`)
	examine := func(t *testing.T, name string, typ resolver.Type, f dnstest.Fault, retries int) *Survey {
		t.Parallel()
		server := dnstest.Start(t, `
			bl.test. SOA ns.test. host.test. 1 7200 3600 1209600 300
			2.0.0.127.bl.test. A 127.0.0.2
			10.2.0.192.bl.test. A 127.0.0.2
			10.2.0.192.bl.test. TXT "spam"
		`)
		server.Fault(name, typ, f)
		return Examine(t.Context(), server.Patient(retries), Options{Catalogue: c, Addresses: given("192.0.2.10", "192.0.2.11")})
	}
	verdicts := func(t *testing.T, s *Survey) [2]Verdict {
		return [2]Verdict{verdict(t, s, "192.0.2.10", "bl.test").Verdict, verdict(t, s, "192.0.2.11", "bl.test").Verdict}
	}
	faults := map[string]dnstest.Kind{"servfail": dnstest.ServFail, "refused": dnstest.Refused, "formerr": dnstest.FormErr,
		"silence": dnstest.Silence, "wrong id": dnstest.WrongID, "wrong question": dnstest.WrongQuestion, "garbage": dnstest.Garbage,
		"short": dnstest.Short, "referral": dnstest.Referral}
	wants := map[string][2]Verdict{
		must:    {Unknown, Unknown},
		mustNot: {Unknown, Unknown},
		listed:  {Unknown, Clean},
		clean:   {Listed, Unknown},
	}
	for name, kind := range faults {
		for question, want := range wants {
			t.Run(name+" at "+question, func(t *testing.T) {
				s := examine(t, question, resolver.TypeA, dnstest.Fault{Kind: kind}, 1)
				if got := verdicts(t, s); got != want {
					t.Errorf("%v, want %v", got, want)
				}
				if len(findings(Check(s, Context{}).Findings(), "rbl-unresolved")) == 0 {
					t.Error("no finding says so")
				}
			})
		}
	}
	for question, want := range map[string][2]Verdict{mustNot: {Unknown, Unknown}, clean: {Listed, Unknown}} {
		t.Run("rewrite at "+question, func(t *testing.T) {
			s := examine(t, question, resolver.TypeA, dnstest.Fault{Kind: dnstest.Rewrite}, 1)
			if got := verdicts(t, s); got != want || len(findings(Check(s, Context{}).Findings(), "rbl-list-unhealthy")) == 0 {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	t.Run("truncated", func(t *testing.T) {
		s := examine(t, "", dnstest.Any, dnstest.Fault{Kind: dnstest.Truncate}, 1)
		if got := verdicts(t, s); got != [2]Verdict{Listed, Clean} {
			t.Errorf("%v", got)
		}
	})
	t.Run("the reason is not answered", func(t *testing.T) {
		s := examine(t, listed, resolver.TypeTXT, dnstest.Fault{Kind: dnstest.ServFail}, 1)
		if l := verdict(t, s, "192.0.2.10", "bl.test"); l.Verdict != Listed || l.Reasons != nil {
			t.Errorf("%+v", l)
		}
	})
	t.Run("a third of the answers is lost", func(t *testing.T) {
		s := examine(t, "", dnstest.Any, dnstest.Fault{Kind: dnstest.Silence, Percent: 30}, 9)
		if got := verdicts(t, s); got != [2]Verdict{Listed, Clean} {
			t.Errorf("%v", got)
		}
	})
}

// many is 25 lists, each with one of 32 addresses.
func many(t testing.TB) (*Catalogue, resolver.Resolver, func(func([]netip.Addr))) {
	var zones, yaml strings.Builder
	yaml.WriteString("lists:\n")
	for i := range 25 {
		zone := fmt.Sprintf("bl%d.test", i)
		fmt.Fprintf(&zones, "%[1]s. SOA ns.test. host.test. 1 7200 3600 1209600 300\n2.0.0.127.%[1]s. A 127.0.0.2\n%[2]d.2.0.192.%[1]s. A 127.0.0.2\n%[2]d.2.0.192.%[1]s. TXT listed\n", zone, i)
		fmt.Fprintf(&yaml, "  - {zone: %s, weight: error}\n", zone)
	}
	addrs := make([]netip.Addr, 32)
	for i := range addrs {
		addrs[i] = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
	}
	return lists(t, yaml.String()), dnstest.Zone(t, zones.String()), func(then func([]netip.Addr)) { then(addrs) }
}

// 32 addresses on 25 lists are two rounds: entries and test entries together,
// then the reasons of what is listed.
func TestManyAreTwoRounds(t *testing.T) {
	c, zones, addrs := many(t)
	synctest.Test(t, func(t *testing.T) {
		r := &asker{next: zones, delay: 20 * time.Millisecond}
		start := time.Now()
		s := Examine(t.Context(), r, Options{Catalogue: c, Addresses: addrs})
		if took := time.Since(start); took != 40*time.Millisecond {
			t.Errorf("%s", took)
		}
		if want := 32*25 + 25*2 + 25 + 1; r.total() != want || len(s.Listings) != 32*25 {
			t.Errorf("%d questions, want %d; %d verdicts", r.total(), want, len(s.Listings))
		}
	})
}

func BenchmarkExamine(b *testing.B) {
	c, zones, addrs := many(b)
	r := &asker{next: zones}
	b.ReportAllocs()
	for b.Loop() {
		Examine(b.Context(), r, Options{Catalogue: c, Addresses: addrs})
	}
	b.ReportMetric(float64(r.total())/float64(b.N), "queries/op")
}
