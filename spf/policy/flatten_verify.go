package policy

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// memory answers from what an examination learnt, with some TXT records in place
// of the real ones. What it does not know is absent: names that depend on the
// client are so for the current record and the proposal alike.
type memory struct {
	answers *answers
	records map[string]string
	// lenient says that what it does not know is not absent: a record is not
	// known, and anything else has no address that matches and is not void.
	lenient bool
	// void are names that are absent though they were not asked.
	void []string
}

// Lookup implements resolver.Resolver.
func (m *memory) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if text, ok := m.records[name]; ok && t == resolver.TypeTXT {
		return &resolver.Answer{Name: name, Type: t, Status: resolver.Found,
			Records: []resolver.Record{{Name: name, Type: t, TXT: []string{text}}}}, nil
	}
	if o := m.answers.get(name, t); !o.cut {
		return o.answer, o.err
	}
	switch {
	case slices.Contains(m.void, name):
	case m.lenient && t == resolver.TypeTXT:
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Offline}
	case m.lenient:
		return &resolver.Answer{Name: name, Type: t, Status: resolver.Found}, nil
	}
	return &resolver.Answer{Name: name, Type: t, Status: resolver.NoData}, nil
}

// examine is Examine without waiting.
func (m *memory) examine(domain string) *Policy {
	x := &examiner{answers: newAnswers(domain)}
	x.put = func(name string, t resolver.Type, then func(*resolver.Answer, error)) {
		then(m.Lookup(context.Background(), name, t))
	}
	x.ask(domain, resolver.TypeTXT, asRecord|asOwn)
	return assemble(x.answers)
}

// maxSamples bounds the addresses of a comparison, checkedSamples those of one
// within a check, maxCompared the cost of a record that is compared.
const (
	maxSamples     = 4000
	checkedSamples = 400
	maxCompared    = 500
)

// verify compares the current record with a draft and makes it the proposal, or
// says why it is withheld.
func (p *Policy) verify(ctx context.Context, f *Flattening, d *draft, samples int) {
	f.Ranges = append(f.Ranges, d.ranges...)
	for i := range f.Ranges {
		f.Ranges[i].Comment = f.Ranges[i].comment(f.Date)
	}
	after := &memory{answers: p.answers, records: make(map[string]string)}
	for _, r := range d.records {
		after.records[r.Name] = r.Value
	}
	q := after.examine(p.Domain)
	f.LookupsAfter, f.ExactAfter, f.VoidsAfter = q.Lookups, q.LookupsExact, q.Voids
	for i, r := range d.records {
		n := len(r.Name) + len(r.Value)
		if i == 0 {
			for j := range p.Record.Published {
				if x := &p.Record.Published[j]; !x.SPF {
					n += x.Octets
				}
			}
		}
		f.Octets = max(f.Octets, n)
	}
	switch {
	case p.Lookups > maxCompared:
		f.Withheld = fmt.Sprintf("a record with %d lookups cannot be compared with a new one", p.Lookups)
		return
	case q.Status != StatusFound || q.Record.Error != "":
		f.Withheld = "the new record would not be valid: " + q.Record.Error
		return
	case q.Lookups > spf.MaxLookups:
		f.Withheld = fmt.Sprintf("even flattened, the record needs %d lookups: what is kept needs too many", q.Lookups)
		return
	case q.crowded != families{}:
		f.Withheld = fmt.Sprintf("even flattened, the record has too many void lookups for %s clients", q.crowded)
		return
	case q.Voids > spf.MaxVoidLookups:
		f.Withheld = fmt.Sprintf("even flattened, the record has %d void lookups", q.Voids)
		return
	}
	p.compare(ctx, f, after, samples)
	switch {
	case len(f.Verification.Disagreements) > 0:
		x := f.Verification.Disagreements[0]
		f.Withheld = fmt.Sprintf("the proposal disagrees with the current record: %s gives %s, not %s", x.Addr, x.After, x.Before)
		return
	case q.Lookups >= p.Lookups:
		f.Withheld = fmt.Sprintf("nothing is gained: the record needs %d lookups, and no way was found to write it with fewer", p.Lookups)
		return
	}
	f.Records = append(f.Records, d.records...)
	f.Upkeep = upkeep(f, p.Domain)
}

// upkeep says what has to be watched.
func upkeep(f *Flattening, domain string) string {
	var watch []string
	for _, r := range f.Ranges {
		for _, s := range r.Sources {
			if s.In != domain && !slices.Contains(watch, s.In) {
				watch = append(watch, s.In)
			}
		}
	}
	if len(watch) == 0 {
		return "Compare the addresses of your own hosts with these records whenever you change them."
	}
	return fmt.Sprintf("The addresses of %d names are copied here. Their owners change them without telling you: "+
		"run this command at least once a day and publish what it says, or mail from new addresses will fail.", len(watch))
}

// compare evaluates both records for every sample. The limits of the current one
// are lifted, because it may be over them; of the new one only that on void
// lookups, which names that depend on the client would count towards here.
func (p *Policy) compare(ctx context.Context, f *Flattening, after *memory, most int) {
	before := &memory{answers: p.answers}
	lifted := spf.Limits{Lookups: maxCost, Voids: maxCost, Questions: maxCost}
	bounded := spf.Limits{Lookups: spf.MaxLookups, Voids: maxCost, Questions: maxCost}
	for _, a := range p.samples(most) {
		if ctx.Err() != nil {
			f.Withheld = "the comparison was stopped"
			return
		}
		c := spf.Client{IP: a, HELO: p.Domain, MailFrom: "postmaster@" + p.Domain}
		x := lifted.CheckHost(ctx, before, c)
		y := bounded.CheckHost(ctx, after, c)
		f.Verification.Addresses++
		if x.Result != y.Result {
			f.Verification.Disagreements = append(f.Verification.Disagreements, Disagreement{Addr: a, Before: x.Result, After: y.Result})
			if len(f.Verification.Disagreements) >= 20 {
				return
			}
		}
	}
}

// samples are the addresses to compare: of every range of the tree, whatever its
// sign, both ends, the middle, and the addresses next to it.
func (p *Policy) samples(most int) []netip.Addr {
	var out []netip.Addr
	add := func(s span) {
		out = append(out, s.from, s.to)
		if a := s.from.Prev(); a.IsValid() {
			out = append(out, a)
		}
		if a := s.to.Next(); a.IsValid() {
			out = append(out, a)
		}
		out = append(out, middle(s))
	}
	p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			for _, x := range r.Terms[i].Prefixes {
				add(spanOf(x))
			}
		}
	})
	for _, s := range p.pass {
		add(s)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	out = slices.Compact(out)
	if len(out) > most {
		some := make([]netip.Addr, most)
		for i := range some {
			some[i] = out[i*len(out)/most]
		}
		out = some
	}
	return out
}

// middle is an address well inside a range: that of the longest common prefix
// with its next bit set and nothing else.
func middle(s span) netip.Addr {
	a, b := s.from.As16(), s.to.As16()
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		bit := byte(0x80)
		for a[i]&bit == b[i]&bit {
			bit >>= 1
		}
		a[i] = b[i] &^ (bit - 1)
		for j := i + 1; j < len(a); j++ {
			a[j] = 0
		}
		break
	}
	m := netip.AddrFrom16(a)
	if s.from.Is4() {
		return m.Unmap()
	}
	return m
}

// AsFix is the proposal as what to publish.
func (f *Flattening) AsFix() *finding.Fix {
	if len(f.Records) == 0 {
		return nil
	}
	return &finding.Fix{
		Summary: fmt.Sprintf("Publish the flattened record: %d lookups in place of %d.", f.LookupsAfter, f.LookupsBefore),
		Name:    f.Records[0].Name, Type: f.Records[0].Type, Value: f.Records[0].Value,
		Remove: []finding.Record{{Name: f.Domain, Type: "TXT", Value: f.Current}},
		More:   f.Records[1:],
	}
}
