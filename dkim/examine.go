package dkim

import (
	"context"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// The bounds of a discovery.
const (
	// defaultQuestions is the bound with Common and Inferred.
	defaultQuestions = 60
	// commonInBulk is how many of the common selectors Inferred asks.
	commonInBulk = 10
	// forInferred is what the first round leaves for the second: with hints to
	// come, and for the siblings of an alias alone.
	forInferred, forSiblings = 20, 8
	// mostText bounds the text of a record that is kept; no key needs more.
	// mostTexts bounds the records of one answer that are, and mostThorough the keys
	// that are searched for large factors.
	mostText, mostTexts = 4096, 20
	mostThorough        = 16
	// mostListed bounds the selectors taken from a zone.
	mostListed = 200
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
	// Hints says what MX and SPF do: it calls then once, at once or when that is
	// known; nil: nothing is known.
	Hints func(then func(Hints))
	// Names lists up to most names below a name, as far as zones that were loaded hold
	// them (NamesBelow); nil: none can be listed. Their selectors are asked
	// like stated ones, and keys at wrong names are found.
	Names func(name string, most int) []string
	// DKIMDomains are other signing domains (d=): the stated selectors are asked there too.
	DKIMDomains []string
}

// Examine looks for the DKIM keys of a domain: Begin by itself.
func Examine(ctx context.Context, r resolver.Resolver, domain string, o Options) (d *Discovery) {
	b := resolver.NewBatch(ctx, r)
	Begin(b, domain, o, func(found *Discovery) { d = found })
	b.Run()
	return d
}

// Begin looks for the DKIM keys of a domain and calls done with what there is.
// Whatever does not depend on an answer is asked at once: _domainkey.<domain>, two
// selectors that nobody publishes (against wildcards), the stated and the most
// common selectors; then, when Hints has told, the selectors of the providers
// inferred: until then, b must not be done. It never fails: what the DNS does not
// say is in the facts.
func Begin(b *resolver.Batch, domain string, o Options, done func(*Discovery)) {
	s := newSearch(domain, o)
	s.batch, s.done = b, done
	s.open = 1
	if s.guided {
		s.open++
	}
	b.Part(s.firstRound, func() {
		s.judgeFirst()
		s.goOn()
	})
	if s.guided {
		o.Hints(func(h Hints) {
			s.hints = h
			s.goOn()
		})
	}
}

// goOn asks the second round when the first is answered and the hints are there.
func (s *search) goOn() {
	if s.open--; s.open > 0 {
		return
	}
	s.d.HintsIncomplete = s.hints.Incomplete
	s.infer()
	s.second = len(s.d.Selectors)
	more := s.d.Proof != ProofAbsent || s.anything()
	if s.mislay(); !more && len(s.mislaid) == 0 {
		s.undot()
		return
	}
	s.batch.Part(func(b *resolver.Batch) {
		if more {
			s.secondRound(b)
		}
		s.askMislaid(b)
	}, func() {
		s.attachWildcard(s.second)
		s.undot()
	})
}

// search is one discovery under way.
type search struct {
	batch   *resolver.Batch
	done    func(*Discovery)
	c       *catalogue
	d       *Discovery
	most    int      // bound on questions
	pending []string // guesses of the mode that are still to ask, best first
	guided  bool     // hints will come
	hints   Hints
	open    int // what goOn waits for
	second  int // where the selectors of the second round begin

	proof resolved
	// guards are two names that nobody publishes, probes their answers, and shapes
	// those that any selector gets (see shape).
	guards [2]string
	probes [2]resolved
	shapes []string
	// inferred are the providers of d.Providers.
	inferred []inferredProvider
	// names lists names of zones that were loaded, nil if there are none.
	names func(name string, most int) []string
	// mislaid are the names at which keys may stand by mistake.
	mislaid []mislaid
}

func newSearch(domain string, o Options) *search {
	domain = cleanName(domain)
	mode := o.Catalogue
	if mode == "" {
		mode = Common
	}
	s := &search{c: loaded(), most: o.MaxQuestions, guided: o.Hints != nil,
		d: &Discovery{Domain: domain, Proof: ProofUnknown, Catalogue: mode, DKIMDomains: []string{}, Providers: []Inference{},
			Selectors: []Selector{}, Keys: []PublishedKey{}, Wildcard: Wildcard{Status: WildcardUnknown}}}
	switch mode {
	case All:
		s.pending = s.c.all()
		if s.most <= 0 {
			s.most = len(s.pending) + 4*defaultQuestions
		}
	case Inferred:
		s.pending = slices.Clip(s.c.common[:min(commonInBulk, len(s.c.common))])
	default:
		s.pending = slices.Clip(s.c.common)
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
		if sel == "" || s.asked(sel) {
			continue
		}
		for _, at := range append([]string{domain}, s.d.DKIMDomains...) {
			s.d.Selectors = append(s.d.Selectors, Selector{Name: sel, Domain: at, Stated: true})
		}
	}
	s.names = o.Names
	s.list()
	return s
}

// NamesBelow lists up to most names below a name at which zones that r answers from
// have text or an alias; none if no zone holds the name.
func NamesBelow(r resolver.Resolver, name string, most int) []string {
	var names []string
	for _, record := range resolver.Below(r, name, resolver.TypeTXT, resolver.TypeCNAME) {
		if n := len(names); record.Name != name && (n == 0 || names[n-1] != record.Name) {
			if n == most {
				break
			}
			names = append(names, record.Name)
		}
	}
	return names
}

// list takes the selectors of a zone that was loaded.
func (s *search) list() {
	if s.names == nil {
		return
	}
	suffix := "._domainkey." + s.d.Domain
	for _, name := range s.names(suffix[1:], mostListed) {
		sel := strings.TrimSuffix(name, suffix)
		if sel == "*" || strings.HasPrefix(sel, "*.") || strings.HasSuffix(sel, "._domainkey") || strings.HasPrefix(sel, "_") || strings.Contains(sel, "._") {
			continue // a wildcard is found by asking; no selector begins so, such as _adsp (RFC 6376, 3.1), and others stand at a wrong name
		}
		if _, wrong := tenantSelector(sel+"._domainkey", s.d.Domain); wrong && !s.asked(sel) {
			continue
		}
		if i := slices.IndexFunc(s.d.Selectors, func(o Selector) bool { return o.Name == sel && o.Domain == s.d.Domain }); i >= 0 {
			s.d.Selectors[i].Listed = true
		} else if s.add(sel) {
			s.d.Selectors[len(s.d.Selectors)-1].Listed = true
		}
	}
}

// cleanName is a name as the resolver wants it: lower case, no final dot.
func cleanName(s string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
}

// guards returns two names that nobody publishes below _domainkey.<domain>.
func guards(domain string) (names [2]string) {
	for i, label := range resolver.Guards(domain) {
		names[i] = label + "._domainkey." + domain
	}
	return names
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

// asked reports whether the selector is asked at the domain.
func (s *search) asked(sel string) bool {
	for i := range s.d.Selectors {
		if s.d.Selectors[i].Name == sel {
			return true
		}
	}
	return false
}

// add puts a guess on the list, unless it is there or makes no name.
func (s *search) add(sel string) bool {
	if s.asked(sel) || len(sel)+len("._domainkey.")+len(s.d.Domain) > 253 {
		return false
	}
	s.d.Selectors = append(s.d.Selectors, Selector{Name: sel, Domain: s.d.Domain})
	return true
}

// room is the number of questions that the bound still allows.
func (s *search) room() int { return max(0, s.most-s.d.Questions) }

// resolved is an answer or the reason why there is none.
type resolved struct {
	answer *resolver.Answer
	err    error
}

func (r *resolved) set(a *resolver.Answer, err error) { r.answer, r.err = a, err }

func (r *resolved) evidence() finding.Evidence { return resolver.Outcome(r.answer, r.err) }

// set records the outcome of the question for a selector.
func (sel *Selector) set(a *resolver.Answer, err error) {
	if err != nil {
		e := resolver.AsError(err)
		sel.Status, sel.Reason, sel.CNAMEs = SelectorUnresolved, string(e.Reason), e.CNAMEs
		switch {
		case oneLabel(sel.CNAMEs):
			sel.Status, sel.Reason = SelectorNXDomain, ""
		case e.Reason == resolver.AliasLoop && resolver.IsZone(e.Server):
			// A loaded zone says so: nobody finds a key there. That a server answers with a
			// loop may be its fault alone.
			sel.Status, sel.Reason, sel.loop = SelectorNXDomain, "", true
			if sel.CNAMEs == nil {
				sel.CNAMEs = []string{sel.QueryName()}
			}
		}
	} else {
		sel.answer, sel.CNAMEs, sel.loop = a, a.CNAMEs, a.Endless()
		switch a.Status {
		case resolver.Found:
			sel.Status = SelectorFound
		case resolver.NXDomain:
			sel.Status = SelectorNXDomain
		default:
			sel.Status = SelectorNoData
		}
		if sel.loop {
			sel.Status = SelectorNXDomain
		}
	}
	if sel.Stated || sel.Status == SelectorFound || sel.Status == SelectorUnresolved || len(sel.CNAMEs) > 0 {
		e := resolver.Outcome(a, err)
		e.Answer = clipAnswer(e.Answer)
		sel.Evidence = &e
	}
}

// clipAnswer bounds the texts of an answer that are shown.
func clipAnswer(texts []string) []string {
	if len(texts) <= mostTexts && !slices.ContainsFunc(texts, func(s string) bool { return len(s) > mostText }) {
		return texts
	}
	clipped := make([]string, min(len(texts), mostTexts))
	for i := range clipped {
		clipped[i] = show.Cut(texts[i], mostText)
	}
	return clipped
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
	if s.d.Proof != ProofAbsent || s.anything() { // else they need not be asked
		s.d.LeftOut = s.leftOut()
	}
	keys := 0
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
		if s.d.publishes(sel) {
			keys++
		}
	}
	s.d.Keys = make([]PublishedKey, 0, keys)
	for i := range s.d.Selectors {
		if sel := &s.d.Selectors[i]; s.d.publishes(sel) {
			s.d.Keys = append(s.d.Keys, PublishedKey{Selector: sel.Name, Domain: sel.Domain, Stated: sel.Stated, Provider: sel.Provider,
				CNAMEs: sel.CNAMEs, Wildcard: sel.Wildcard, evidence: *sel.Evidence})
			k := &s.d.Keys[len(s.d.Keys)-1]
			k.read(sel.answer.Records)
			if right := sel.asText(); right != "" {
				if _, k.targetKnown = sel.hasKey(right); k.targetKnown || mislaidAlias([]string{right}) {
					k.target = right
				}
			}
			k.insecure = k.insecurity(s.d.Catalogue != Inferred && len(s.d.Keys) <= mostThorough)
		}
	}
	s.takeMislaid()
	s.done(s.d)
}

// publishes reports whether the selector has key records of its own, or was stated.
func (d *Discovery) publishes(sel *Selector) bool {
	return d.answered(sel) && (sel.Stated || !sel.Wildcard)
}

// leftOut counts the pending selectors that were not asked, each once.
func (s *search) leftOut() int {
	n := 0
	for i, sel := range s.pending {
		if !s.asked(sel) && !slices.Contains(s.pending[:i], sel) {
			n++
		}
	}
	return n
}

// read reads the key record of a selector that was found.
func (k *PublishedKey) read(records []resolver.Record) {
	k.texts = k.evidence.Answer // the strings of each record, joined
	if len(records) > len(k.texts) || slices.ContainsFunc(k.texts, func(s string) bool { return len(s) > mostText }) {
		k.texts = make([]string, 0, min(len(records), mostTexts)) // they were clipped
		for i := range records[:cap(k.texts)] {
			k.texts = append(k.texts, records[i].Text())
		}
	}
	best := 0
	k.Key.read(k.texts[0])
	for i := 1; i < len(k.texts) && !k.resembles(); i++ {
		var other Key
		if other.read(k.texts[i]); other.resembles() {
			best, k.Key = i, other
		}
	}
	k.bound()
	k.RecordCount, k.StringCount = len(records), len(records[best].TXT)
	k.quoted = records[best].Quoted()
}

// bound clips what a record that is no key in earnest would fill a report with.
func (k *Key) bound() {
	if len(k.Record) <= mostText {
		return
	}
	k.Record, k.Notes, k.Version, k.Algorithm = show.Cut(k.Record, mostText), show.Cut(k.Notes, mostText), show.Cut(k.Version, mostText), show.Cut(k.Algorithm, mostText)
	if k.Granularity != nil {
		*k.Granularity = show.Cut(*k.Granularity, mostText)
	}
	for _, words := range [][]string{k.Hashes, k.Services, k.Flags} {
		for i := range words {
			words[i] = show.Cut(words[i], 64)
		}
	}
}

func keyOf(r *resolver.Record) *Key {
	k, _ := ParseKey(r.Text()) // its problems are in the key
	return k
}

// resembles reports that the record was meant as a key.
func (k *Key) resembles() bool {
	return k.tag("p") != nil || strings.HasPrefix(k.Version, "DKIM")
}
