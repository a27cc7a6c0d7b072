package policy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// overLimit is a policy of 13 lookups.
const overLimit = `
	$TTL 3600
	acme.example.          TXT "v=spf1 a mx include:_spf.esp.example include:_spf.crm.example include:_spf.desk.example include:_spf.shop.example include:quick.example ip4:192.0.2.1 ip4:192.0.2.0/28 ~all"
	acme.example.          TXT "site-verification=0123456789"
	acme.example.          A 192.0.2.10
	acme.example.          MX 10 mx.acme.example.
	mx.acme.example.       A 192.0.2.20
	mx.acme.example.       AAAA 2001:db8::20
	_spf.esp.example.      TXT "v=spf1 include:_spf1.esp.example include:_spf2.esp.example ~all"
	_spf1.esp.example.     TXT "v=spf1 ip4:198.51.100.0/26 ip4:198.51.100.128/26 -all"
	_spf2.esp.example.     TXT "v=spf1 ip4:198.51.100.64/26 ip6:2001:db8:1::/48 -all"
	_spf.crm.example.      TXT "v=spf1 a:out1.crm.example a:out2.crm.example -all"
	out1.crm.example.      A 203.0.113.1
	out2.crm.example.      A 203.0.113.2
	_spf.desk.example.     TXT "v=spf1 include:_spf1.desk.example exists:%{i}._spf.desk.example ?all"
	_spf1.desk.example.    TXT "v=spf1 ip4:203.0.113.64/27 ?all"
	_spf.shop.example.     TXT "v=spf1 -ip4:203.0.113.130 ip4:203.0.113.128/25 -all"
	quick.example.     60  TXT "v=spf1 ip4:198.51.100.250 -all"
`

func TestFlatten(t *testing.T) {
	f, err := Flatten(context.Background(), dnstest.Zone(t, overLimit), "acme.example", noon)
	if err != nil {
		t.Fatal(err)
	}
	if f.Withheld != "" {
		t.Fatal(f.Withheld)
	}
	const want = "v=spf1 ip4:192.0.2.0/28 ip4:192.0.2.20 ip4:198.51.100.0/25 ip4:198.51.100.128/26 ip4:203.0.113.1 ip4:203.0.113.2 " +
		"ip4:203.0.113.128/31 ip4:203.0.113.131 ip4:203.0.113.132/30 ip4:203.0.113.136/29 ip4:203.0.113.144/28 ip4:203.0.113.160/27 ip4:203.0.113.192/26 " +
		"ip6:2001:db8::20 ip6:2001:db8:1::/48 include:_spf.desk.example include:quick.example ~all"
	if len(f.Records) != 1 || f.Records[0].Value != want || f.Records[0].Name != "acme.example" {
		t.Errorf("%+v", f.Records)
	}
	if f.LookupsBefore != 13 || f.LookupsAfter != 4 {
		t.Errorf("%d lookups, then %d", f.LookupsBefore, f.LookupsAfter)
	}
	var kept []string
	for _, k := range f.Kept {
		kept = append(kept, k.Term+": "+k.Why)
	}
	if want := []string{"include:_spf.desk.example: its record depends on the client, by exists:%{i}._spf.desk.example",
		"include:quick.example: it changes often: the record of quick.example may be kept for 60 seconds only"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q", kept)
	}
	var comments []string
	for _, r := range f.Ranges {
		comments = append(comments, r.Comment)
	}
	for _, want := range []string{
		"2026-07-01 ip4:198.51.100.0/25 from ip4:198.51.100.0/26 in _spf1.esp.example, ip4:198.51.100.64/26 in _spf2.esp.example",
		"2026-07-01 ip4:203.0.113.1 from a:out1.crm.example in _spf.crm.example",
		"2026-07-01 ip4:192.0.2.20 from mx in acme.example",
	} {
		if !slices.Contains(comments, want) {
			t.Errorf("no comment %q in %q", want, comments)
		}
	}
	if f.Verification.Addresses < 50 || len(f.Verification.Disagreements) != 0 {
		t.Errorf("%+v", f.Verification)
	}
}

// TestFlattenSplits: more ranges than one record holds go to records of their
// own, and what takes no fewer lookups is left alone.
func TestFlattenSplits(t *testing.T) {
	z := spftest.New()
	root := "v=spf1 include:large.example"
	for i := range 10 {
		n := fmt.Sprintf("p%d.example", i)
		root += " include:" + n
		record := "v=spf1"
		for j := range 8 {
			record += fmt.Sprintf(" ip4:198.51.%d.%d", 100+i, j*2)
		}
		z.Add(n, resolver.TypeTXT, record+" -all")
	}
	z.Add("acme.example", resolver.TypeTXT, root+" -all")
	large := "v=spf1"
	for i := range 256 {
		large += fmt.Sprintf(" ip4:203.0.%d.%d", i/64, i%64*4+1)
	}
	z.Add("large.example", resolver.TypeTXT, large+" -all")
	f, err := Flatten(context.Background(), &spftest.Locked{Zone: z}, "acme.example", noon)
	if err != nil || f.Withheld != "" {
		t.Fatal(err, f.Withheld)
	}
	if f.LookupsAfter > 5 || f.LookupsBefore != 11 {
		t.Errorf("%d lookups, then %d", f.LookupsBefore, f.LookupsAfter)
	}
	if !strings.Contains(f.Records[0].Value, "include:large.example") {
		t.Errorf("256 ranges were copied to spare one lookup: %q", f.Records[0].Value)
	}
	for i, r := range f.Records {
		if n := len(r.Name) + len(r.Value); n > maxOctets {
			t.Errorf("%s has %d octets", r.Name, n)
		}
		if i > 0 && r.Name != fmt.Sprintf("_spf%d.acme.example", i) {
			t.Errorf("record %d is %s", i, r.Name)
		}
	}
}

func TestFlattenWithheld(t *testing.T) {
	r := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN acme.example.
		@     SOA ns admin 1 7200 900 604800 300
		small TXT "v=spf1 ip4:192.0.2.1 -all"
		none  TXT "hello"
		two   TXT "v=spf1 -all"
		two   TXT "v=spf1 ~all"
		bad   TXT "v=spf1 include:none.acme.example -all"
		loop  TXT "v=spf1 include:loop.acme.example -all"
		error TXT "v=spf1 bogus -all"
		away  TXT "v=spf1 include:elsewhere.example -all"
		all   TXT "v=spf1 exists:%{i}.a.acme.example exists:%{l}.a.acme.example -all"
	`)
	for domain, want := range map[string]string{
		"small": "nothing is gained", "none": "there is no record", "two": "merge them first", "bad": "none.acme.example has no usable record",
		"loop": "in a loop", "error": "repair that first", "away": "the DNS did not say", "absent": "there is no record", "all": "nothing is gained",
	} {
		f, err := Flatten(context.Background(), r, domain+".acme.example", noon)
		if err != nil || !strings.Contains(f.Withheld, want) || len(f.Records) != 0 {
			t.Errorf("%s: %q, %v", domain, f.Withheld, f.Records)
		}
	}
	if _, err := Flatten(context.Background(), r, "nonsense", noon); err == nil {
		t.Error("a name of one label is no domain")
	}
}

// maker writes policies at random.
type maker struct {
	*rand.Rand
	z *spftest.Zone
}

// address is one of a few, so that ranges meet.
func (m *maker) address() netip.Addr {
	if m.IntN(4) == 0 {
		a := netip.MustParseAddr("2001:db8::").As16()
		a[5], a[15] = byte(m.IntN(3)), byte(m.IntN(32))
		return netip.AddrFrom16(a)
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, byte(m.IntN(256))})
}

func (m *maker) sign() string {
	return []string{"", "", "", "", "+", "-", "~", "?"}[m.IntN(8)]
}

func (m *maker) literal() string {
	a := m.address()
	bits := a.BitLen()
	if m.IntN(2) == 0 {
		bits -= m.IntN(6)
	}
	return prefixTerm(netip.PrefixFrom(a, bits))
}

// record writes a record of a domain, with nested ones below it.
func (m *maker) record(domain string, depth int) string {
	terms := []string{spf.Version}
	for i := range m.IntN(7) {
		target := fmt.Sprintf("n%d.%s", i, domain)
		switch k := m.IntN(10); {
		case k < 5 || depth == 0:
			terms = append(terms, m.sign()+m.literal())
		case k < 6:
			m.z.Add(target, resolver.TypeA, fmt.Sprintf("192.0.2.%d", m.IntN(256)))
			terms = append(terms, m.sign()+"a:"+target)
		case k < 7:
			m.z.Add(target, resolver.TypeMX, "mx."+target)
			m.z.Add("mx."+target, resolver.TypeA, fmt.Sprintf("192.0.2.%d", m.IntN(256)))
			terms = append(terms, m.sign()+"mx:"+target+[]string{"", "/30", "//64"}[m.IntN(3)])
		case k < 8 && m.IntN(3) == 0:
			terms = append(terms, m.sign()+"exists:%{i}."+target)
		default:
			m.z.Add(target, resolver.TypeTXT, m.record(target, depth-1))
			terms = append(terms, m.sign()+"include:"+target)
		}
	}
	switch m.IntN(8) {
	case 0:
		if depth > 0 {
			m.z.Add("r."+domain, resolver.TypeTXT, m.record("r."+domain, depth-1))
			terms = append(terms, "redirect=r."+domain)
		}
	case 1:
	default:
		terms = append(terms, []string{"-all", "~all", "?all"}[m.IntN(3)])
	}
	return strings.Join(terms, " ")
}

// TestFlattenProperty: whatever is offered gives the same result as the current
// record for every address near its ranges, with fewer lookups, and is valid.
func TestFlattenProperty(t *testing.T) {
	offered := 0
	for seed := range uint64(150) {
		m := &maker{rand.New(rand.NewPCG(seed, 7)), spftest.New()}
		m.z.Add("acme.example", resolver.TypeTXT, m.record("acme.example", 3))
		r := &spftest.Locked{Zone: m.z}
		f, err := Flatten(context.Background(), r, "acme.example", noon)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Verification.Disagreements) > 0 {
			t.Errorf("seed %d: %s", seed, f.Withheld)
		}
		if f.Withheld != "" {
			continue
		}
		offered++
		after := spftest.New()
		for k, v := range m.z.Answers {
			after.Answers[k] = v
		}
		for _, x := range f.Records {
			delete(after.Answers, spftest.Question{Name: x.Name, Type: resolver.TypeTXT})
			after.Add(x.Name, resolver.TypeTXT, x.Value)
			if len(x.Name)+len(x.Value) > maxOctets {
				t.Errorf("seed %d: %s is too long", seed, x.Name)
			}
			if _, l := spf.Parse(x.Value); l.ErrorAt >= 0 {
				t.Errorf("seed %d: %q is invalid", seed, x.Value)
			}
		}
		q := Examine(context.Background(), &spftest.Locked{Zone: after}, "acme.example")
		if q.Lookups >= f.LookupsBefore || q.Lookups != f.LookupsAfter || q.Lookups > spf.MaxLookups {
			t.Errorf("seed %d: %d lookups, %d before, %d said", seed, q.Lookups, f.LookupsBefore, f.LookupsAfter)
		}
		// Every address of the small world, not only the samples.
		for i := range 256 + 3*40 {
			a := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
			if i >= 256 {
				b := netip.MustParseAddr("2001:db8::").As16()
				b[5], b[15] = byte((i-256)/40), byte((i-256)%40)
				a = netip.AddrFrom16(b)
			}
			c := spf.Client{IP: a, MailFrom: "postmaster@acme.example"}
			lifted := spf.Limits{Lookups: maxCost, Voids: maxCost, Questions: maxCost}
			x, y := lifted.CheckHost(context.Background(), m.z, c), lifted.CheckHost(context.Background(), after, c)
			if x.Result != y.Result {
				t.Fatalf("seed %d: %s gives %s, then %s\n%s\n%v", seed, a, x.Result, y.Result, f.Current, f.Records)
			}
		}
	}
	if offered < 40 {
		t.Errorf("only %d of 150 policies were flattened", offered)
	}
}
