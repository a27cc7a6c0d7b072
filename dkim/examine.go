package dkim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// The bounds of a discovery.
const (
	// defaultQuestions is the bound with Common and Inferred.
	defaultQuestions = 60
	// atOnce bounds the questions in flight.
	atOnce = 256
	// commonInBulk is how many of the common selectors Inferred asks.
	commonInBulk = 10
	// forInferred is what the first round leaves for the second: with hints to
	// come, and for the siblings of an alias alone.
	forInferred, forSiblings = 20, 8
	// mostText bounds the text of a record that is kept; no key needs more.
	mostText = 4096
)

// Hints are names found elsewhere in the audit that point to providers.
type Hints struct {
	// MXHosts are the domain's mail exchangers.
	MXHosts []string
	// SPFTargets are the domains that its SPF record includes or redirects to,
	// nested ones too.
	SPFTargets []string
	// Incomplete: a question that could have named more was not answered.
	Incomplete bool
}

// Options say what to look for. The zero value guesses the common selectors.
type Options struct {
	// Selectors are stated to be in use: always asked.
	Selectors []string
	// Catalogue chooses the guesses; empty: Common.
	Catalogue Mode
	// MaxQuestions bounds the questions in all, guesses cut first; zero: 60, or no
	// bound but the catalogue's size with All.
	MaxQuestions int
	// Hints returns what MX and SPF say. It may block until that is known or ctx
	// ends; nil: nothing is known.
	Hints func(context.Context) Hints
	// DKIMDomains are other signing domains (d=): the stated selectors are asked there too.
	DKIMDomains []string
}

// Examine looks for the DKIM keys of a domain. Whatever does not depend on an
// answer is asked at once: _domainkey.<domain>, two selectors that nobody
// publishes (against wildcards), the stated and the most common selectors; then,
// when Hints has returned, the selectors of the providers inferred. It never
// fails: what the DNS does not say is in the facts.
func Examine(ctx context.Context, r resolver.Resolver, domain string, o Options) *Discovery {
	s := newSearch(ctx, r, domain, o)
	var wait sync.WaitGroup
	var hints Hints
	if o.Hints != nil {
		wait.Go(func() { hints = o.Hints(ctx) })
	}
	s.firstRound()
	wait.Wait()
	s.d.HintsIncomplete = hints.Incomplete
	s.infer(hints)
	if s.d.Proof != ProofAbsent || s.anything() {
		s.secondRound()
	}
	s.conclude()
	return s.d
}

// search is one discovery under way.
type search struct {
	ctx     context.Context
	r       resolver.Resolver
	c       *catalogue
	d       *Discovery
	most    int             // bound on questions
	guided  bool            // hints may come
	pending []string        // guesses of the mode that are still to ask, best first
	asked   map[string]bool // selectors asked at the domain
	// shapes are the answers that any selector gets (see shape).
	shapes []string
	// inferred are the providers of d.Providers, with the name that stands for
	// {label} in their selectors.
	inferred []inferredProvider
}

func newSearch(ctx context.Context, r resolver.Resolver, domain string, o Options) *search {
	domain = cleanName(domain)
	mode := o.Catalogue
	if mode == "" {
		mode = Common
	}
	s := &search{ctx: ctx, r: r, c: loaded(), most: o.MaxQuestions, guided: o.Hints != nil, asked: map[string]bool{},
		d: &Discovery{Domain: domain, Proof: ProofUnknown, Catalogue: mode, DKIMDomains: []string{}, Providers: []Inference{},
			Selectors: []Selector{}, Keys: []PublishedKey{}, Evidence: []finding.Evidence{},
			Wildcard: Wildcard{Status: WildcardUnknown, Evidence: []finding.Evidence{}}}}
	switch mode {
	case All:
		s.pending = s.c.all()
		if s.most <= 0 {
			s.most = len(s.pending) + 4*defaultQuestions
		}
	case Inferred:
		s.pending = slices.Clone(s.c.common[:min(commonInBulk, len(s.c.common))])
	default:
		s.pending = slices.Clone(s.c.common)
	}
	if s.most <= 0 {
		s.most = defaultQuestions
	}
	for _, name := range o.DKIMDomains {
		if name = cleanName(name); name != "" && name != domain && !slices.Contains(s.d.DKIMDomains, name) {
			s.d.DKIMDomains = append(s.d.DKIMDomains, name)
		}
	}
	for _, sel := range o.Selectors {
		sel, _, _ = strings.Cut(cleanName(sel), "._domainkey") // a whole name may have been pasted
		if sel == "" || s.asked[sel] {
			continue
		}
		s.asked[sel] = true
		for _, at := range append([]string{domain}, s.d.DKIMDomains...) {
			s.d.Selectors = append(s.d.Selectors, Selector{Name: sel, Domain: at, Stated: true})
		}
	}
	return s
}

// cleanName is a name as the resolver wants it: lower case, no final dot.
func cleanName(s string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
}

// guards returns two selectors that nobody publishes, the same for a domain every
// time, so that an audit can be repeated and its answers cached.
func guards(domain string) [2]string {
	sum := sha256.Sum256([]byte("mailworthy wildcard guard\x00" + domain))
	return [2]string{"x" + hex.EncodeToString(sum[:8]), "x" + hex.EncodeToString(sum[8:16])}
}

// guess takes up to n selectors from the pending ones that were not asked yet.
func (s *search) guess(n int) {
	for n > 0 && len(s.pending) > 0 {
		sel := s.pending[0]
		s.pending = s.pending[1:]
		if s.add(sel) {
			n--
		}
	}
}

// add puts a guess on the list, unless it is there or makes no name.
func (s *search) add(sel string) bool {
	if s.asked[sel] || len(sel)+len("._domainkey.")+len(s.d.Domain) > 253 {
		return false
	}
	s.asked[sel] = true
	s.d.Selectors = append(s.d.Selectors, Selector{Name: sel, Domain: s.d.Domain})
	return true
}

// room is the number of questions that the bound still allows.
func (s *search) room() int { return max(0, s.most-s.d.Questions) }

// firstRound asks at once whatever depends on nothing.
func (s *search) firstRound() {
	s.d.Questions = 3 + len(s.d.Selectors)
	room, reserve := s.room(), forSiblings
	if s.guided {
		reserve = forInferred
	}
	if s.d.Catalogue == Inferred {
		reserve = max(0, room-commonInBulk)
	}
	s.guess(room - min(reserve, room/2))

	name := "_domainkey." + s.d.Domain
	guard := guards(s.d.Domain)
	var proof resolved
	var probes [2]resolved
	g := s.group()
	g.Go(func() error { proof = s.lookup(name); return nil })
	for i := range guard {
		g.Go(func() error { probes[i] = s.lookup(guard[i] + "." + name); return nil })
	}
	s.ask(g, s.d.Selectors)
	_ = g.Wait() // the functions return no errors
	s.d.Questions = 3 + len(s.d.Selectors)

	s.d.Evidence = append(s.d.Evidence, proof.evidence())
	switch {
	case proof.err != nil:
	case proof.answer.Status == resolver.NXDomain && len(proof.answer.CNAMEs) == 0:
		s.d.Proof = ProofAbsent
	default:
		// With an alias the NXDOMAIN is that of its target: the name itself exists.
		s.d.Proof = ProofExists
	}
	s.judgeWildcard(guard, probes)
	s.attachWildcard(0)
}

// secondRound asks for the selectors of the providers inferred, and then for what
// is left of the mode's guesses.
func (s *search) secondRound() {
	from := len(s.d.Selectors)
	n := s.room()
	lists := make([][]string, len(s.inferred))
	for i, p := range s.inferred {
		lists[i] = p.Expand(p.label)
	}
	// One of each in turn, so that a provider with many does not use up the bound.
	for more := true; more; {
		more = false
		for i, list := range lists {
			if len(list) == 0 {
				continue
			}
			more = true
			switch {
			case s.asked[list[0]]:
			case n > 0:
				s.add(list[0])
				n--
			default:
				s.pending = append(s.pending, list[0]) // counted as left out
			}
			lists[i] = list[1:]
		}
	}
	s.guess(n)
	g := s.group()
	s.ask(g, s.d.Selectors[from:])
	_ = g.Wait()
	s.d.Questions += len(s.d.Selectors) - from
	s.attachWildcard(from)
}

// group runs questions at the same time.
func (s *search) group() *errgroup.Group {
	g := new(errgroup.Group)
	g.SetLimit(atOnce)
	return g
}

// ask asks for each selector of the list, in g.
func (s *search) ask(g *errgroup.Group, list []Selector) {
	for i := range list {
		sel := &list[i]
		g.Go(func() error {
			sel.set(s.lookup(sel.QueryName()))
			return nil
		})
	}
}

// resolved is an answer or the reason why there is none.
type resolved struct {
	answer *resolver.Answer
	err    error
}

func (s *search) lookup(name string) resolved {
	a, err := s.r.Lookup(s.ctx, name, resolver.TypeTXT)
	return resolved{a, err}
}

func (r resolved) evidence() finding.Evidence { return resolver.Outcome(r.answer, r.err) }

// set records the outcome of the question for a selector.
func (sel *Selector) set(r resolved) {
	if r.err != nil {
		sel.Status, sel.Reason = SelectorUnresolved, string(resolver.AsError(r.err).Reason)
	} else {
		sel.answer, sel.CNAMEs = r.answer, r.answer.CNAMEs
		switch r.answer.Status {
		case resolver.Found:
			sel.Status = SelectorFound
		case resolver.NXDomain:
			sel.Status = SelectorNXDomain
		default:
			sel.Status = SelectorNoData
		}
	}
	if sel.Stated || sel.Status == SelectorFound || sel.Status == SelectorUnresolved || len(sel.CNAMEs) > 0 {
		e := r.evidence()
		sel.Evidence = &e
	}
}

// anything reports whether any selector asked so far exists or may exist.
func (s *search) anything() bool {
	return slices.ContainsFunc(s.d.Selectors, func(sel Selector) bool {
		return sel.Domain == s.d.Domain &&
			(sel.Status == SelectorFound || sel.Status == SelectorUnresolved && sel.Stated || len(sel.CNAMEs) > 0)
	})
}

// conclude counts, names the providers and reads the keys.
func (s *search) conclude() {
	for _, sel := range s.pending {
		if !s.asked[sel] {
			s.asked[sel] = true
			s.d.LeftOut++
		}
	}
	if s.d.Proof == ProofAbsent && !s.anything() {
		s.d.LeftOut = 0 // they need not be asked
	}
	for i := range s.d.Selectors {
		sel := &s.d.Selectors[i]
		s.name(sel)
		if sel.Domain == s.d.Domain {
			s.d.Tried++
			switch {
			case sel.Status == SelectorUnresolved:
				s.d.Unresolved++
			case sel.Status == SelectorFound && !sel.Wildcard:
				s.d.Answered++
			}
		}
		if s.d.answered(sel) && (sel.Stated || !sel.Wildcard) {
			s.d.Keys = append(s.d.Keys, publishedKey(sel))
		}
	}
}

// publishedKey reads the key record of a selector that was found.
func publishedKey(sel *Selector) PublishedKey {
	records := sel.answer.Records
	best, key := &records[0], keyOf(&records[0])
	for i := range records[1:] {
		if k := keyOf(&records[i+1]); k.resembles() && !key.resembles() {
			best, key = &records[i+1], k
		}
	}
	key.Record, key.Notes = clip(key.Record, mostText), clip(key.Notes, mostText)
	return PublishedKey{Selector: sel.Name, Domain: sel.Domain, Stated: sel.Stated, Provider: sel.Provider, CNAMEs: sel.CNAMEs,
		Wildcard: sel.Wildcard, RecordCount: len(records), StringCount: len(best.TXT), Key: *key, evidence: *sel.Evidence}
}

func keyOf(r *resolver.Record) *Key {
	k, _ := ParseKey(r.Text()) // its problems are in the key
	return k
}

// resembles reports that the record was meant as a key.
func (k *Key) resembles() bool {
	return k.tag("p") != nil || strings.HasPrefix(k.Version, "DKIM")
}
