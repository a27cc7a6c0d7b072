package rbl

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// State is the health of a list as seen through one resolver.
type State string

const (
	// Usable: the test entries answer as RFC 5782, 5 requires.
	Usable State = "usable"
	// Refused: the list says that it does not answer this resolver.
	Refused State = "blocked"
	// Unhealthy: the entry that must be listed is not, or the one that must not be is.
	Unhealthy State = "unhealthy"
	// Unresolved: a test entry was not answered.
	Unresolved State = "unresolved"
	// Closed: the catalogue knows the list as closed; or it does not know the list at all,
	// and its zone does not exist, as seen through a resolver that finds other names.
	Closed State = "dead"
)

const (
	// slow is the time to answer from which a list is called slow.
	slow = time.Second
	// unresolvedHolds is how long a list that did not answer its test is left
	// alone: a moment's failure must not spoil a run of a thousand domains.
	unresolvedHolds = 5 * time.Minute
)

// ListHealth is the health of a list for one kind of subject.
type ListHealth struct {
	List  *List  `json:"-"`
	Zone  string `json:"list"`
	Kind  Kind   `json:"kind" empty:"null"`
	State State  `json:"state"`
	// Asked: the user named the list, here or in a file.
	Asked bool `json:"-"`
	// Why says what was wrong, as a sentence about "it", the list, without the full stop.
	Why string `json:"why" empty:"null"`
	// Advice says what to do about it, in full sentences.
	Advice string `json:"advice" empty:"null"`
	// Outside: an answer was outside 127/8, as from a parked zone or a rewriting resolver.
	Outside bool `json:"outside"`
	// byTest: the list is called closed by its test, and not by the catalogue.
	byTest bool
	// outsideAt is the place in Evidence of that answer.
	outsideAt int
	// questions are how many the test asked, but for that about the top-level domain top,
	// which lists share; "" if that was not asked.
	questions int
	top       string
	// servers are those, loaded zones apart, that had the entry that must be listed.
	servers []string
	// Duration is the time of the slowest test entry.
	Duration   time.Duration      `json:"-"`
	DurationMS int64              `json:"duration_ms"`
	Evidence   []finding.Evidence `json:"evidence"`
}

// Slow reports whether the list is usable, but took long to answer.
func (h *ListHealth) Slow() bool { return h.State == Usable && h.Duration >= slow }

// Rewriting says whether a resolver invents answers for names that do not exist.
type Rewriting struct {
	// Known: the question was answered.
	Known    bool               `json:"known"`
	Rewrites bool               `json:"rewrites"`
	Evidence []finding.Evidence `json:"evidence"`
}

// Health remembers for a run which lists passed their test, so that no list is
// tested twice and none that failed is asked about anything. It is for one
// resolver; the zero value is ready for use by several examinations at once.
type Health struct {
	tests memo[healthKey, *ListHealth]
	probe memo[struct{}, Rewriting]
}

type healthKey struct {
	zone string
	kind Kind
	// server is the one tested through, if it is not the one that answered first.
	server string
}

// Probe tests each selected list for each kind it takes, and whether the
// resolver can be believed at all. Options.Domains and Addresses do not matter.
func Probe(ctx context.Context, r resolver.Resolver, o Options) ([]ListHealth, Rewriting) {
	health := o.Health
	if health == nil {
		health = &Health{}
	}
	var kinds [][]Kind
	lists := o.lists()
	n := 0
	for _, l := range lists {
		kinds = append(kinds, testedKinds(l))
		n += len(kinds[len(kinds)-1])
	}
	out := make([]ListHealth, 0, n)
	var rewriting Rewriting
	b := resolver.NewBatch(ctx, r)
	health.rewriting(b, o.AbsentName, func(found Rewriting, _ bool) { rewriting = found })
	for i, l := range lists {
		for _, kind := range kinds[i] {
			at := len(out)
			out = append(out, ListHealth{})
			health.of(b, l, kind, func(h *ListHealth, _ bool) { out[at] = *h })
		}
	}
	b.Run()
	confirmClosed(out)
	return out, inferRewriting(rewriting, out)
}

// testedKinds are the kinds to test a list for; a dead one has a single entry.
func testedKinds(l *List) []Kind {
	if l.Dead != "" {
		return []Kind{""}
	}
	return slices.DeleteFunc(slices.Clone(l.Kinds), func(k Kind) bool { return k == Allow })
}

// of hands on the health of a list, testing it unless that was done in this run.
// What it hands on is shared. Own says that the batch tested it.
func (h *Health) of(b *resolver.Batch, l *List, kind Kind, then func(health *ListHealth, own bool)) {
	if l.Dead != "" {
		closed := closedByCatalogue(l)
		then(&closed, false)
		return
	}
	own := false
	h.tests.begin(b, healthKey{zone: l.zone(), kind: kind}, func(tell func(*ListHealth, time.Duration)) {
		own = true
		beginTest(b, l, kind, tell)
	}, func(health *ListHealth, ok bool) {
		if !ok {
			health = &ListHealth{List: l, Zone: l.Zone, Kind: kind, State: Unresolved, Why: "its test was not finished in time"}
		}
		then(health, own)
	})
}

// known returns the health of a list if it was tested in this run, or nil.
func (h *Health) known(l *List, kind Kind) *ListHealth {
	health, _ := h.tests.peek(healthKey{zone: l.zone(), kind: kind})
	return health
}

func closedByCatalogue(l *List) ListHealth {
	why := "it was closed"
	if l.Dead != "unknown" {
		why += " (" + l.Dead + ")"
	}
	if l.Note != "" {
		why += ". " + strings.TrimSuffix(l.Note, ".")
	}
	return ListHealth{List: l, Zone: l.Zone, State: Closed, Why: why, Advice: "Take it out of your configuration."}
}

// entries are the test entries of the list for a kind (RFC 5782, 5).
func (l *List) entries(kind Kind) (listed []string, clean string) {
	of := func(entry string) bool {
		addr, err := netip.ParseAddr(entry)
		if err != nil {
			return kind == Domain
		}
		return kind == kindOf(addr)
	}
	for _, e := range l.Test.Listed {
		if of(e) {
			listed = append(listed, e)
		}
	}
	if l.Test.Clean != "" && of(l.Test.Clean) {
		clean = l.Test.Clean
	}
	must, mustNot := "127.0.0.2", "127.0.0.1"
	switch kind {
	case IPv6:
		must, mustNot = "::ffff:127.0.0.2", "::ffff:127.0.0.1"
	case Domain:
		must, mustNot = "test", "invalid"
	}
	if len(listed) == 0 {
		listed = []string{must}
	}
	if clean == "" {
		clean = mustNot
	}
	return listed, clean
}

// probed is one test entry and what the list said.
type probed struct {
	entry  string
	answer *resolver.Answer
	err    *resolver.Error
	reading
	took time.Duration
}

// beginTest asks the test entries of a list, at the same time, and says how long
// the result holds.
func beginTest(b *resolver.Batch, l *List, kind Kind, tell func(*ListHealth, time.Duration)) {
	listed, clean := l.entries(kind)
	results := make([]probed, len(listed)+1)
	b.Part(func(b *resolver.Batch) {
		for i := range results {
			if i == len(listed) {
				results[i].begin(b, l, clean, "")
			} else {
				results[i].begin(b, l, listed[i], l.Test.Answer)
			}
		}
	}, func() {
		h, hold := &ListHealth{List: l, Zone: l.Zone, Kind: kind}, forTheRun
		for i := range results {
			p := &results[i]
			h.Evidence = append(h.Evidence, l.evidence(resolver.Outcome(p.answer, p.asError())))
			if p.err == nil || p.err.Reason != resolver.BadName {
				h.questions++
			}
			h.Duration = max(h.Duration, p.took)
			if i < len(listed) && p.entryFound() && !p.answer.OfZone() {
				h.servers = append(h.servers, resolver.Address(p.answer.Server))
			}
			if p.err != nil {
				hold = min(hold, holds(p.err))
			}
		}
		h.DurationMS = h.Duration.Milliseconds()
		judged := func() {
			if h.State != Unresolved {
				hold = forTheRun
			}
			if h.Slow() {
				h.Advice = "It answers slowly through this resolver: one nearer to you may help, or leave the list out."
			}
			tell(h, hold)
		}
		if h.judge(l, results[:len(listed)], &results[len(listed)]) {
			judged()
			return
		}
		h.questions++
		b.Ask(l.zone(), resolver.TypeSOA, func(soa *resolver.Answer, err error) {
			h.Evidence = append(h.Evidence, l.evidence(resolver.Outcome(soa, err)))
			if soa == nil || soa.Status != resolver.NXDomain || l.HasKey {
				h.judgeAbsent(l, listed, soa, nil)
				judged()
				return
			}
			// A resolver that denies the top-level domain as well denies everything.
			h.top = l.zone()[strings.LastIndexByte(l.zone(), '.')+1:]
			b.Ask(h.top, resolver.TypeSOA, func(top *resolver.Answer, _ error) {
				h.judgeAbsent(l, listed, soa, top)
				judged()
			})
		})
	})
}

// holds is for how long not to ask again. What stopped the examination, and not
// the list, does not speak about the list.
func holds(err *resolver.Error) time.Duration {
	if err.Reason == resolver.Canceled || err.Reason == resolver.Budget {
		return 0
	}
	return unresolvedHolds
}

// begin asks for an entry. Answer is what the catalogue has for one that must be
// listed.
func (p *probed) begin(b *resolver.Batch, l *List, entry, answer string) {
	p.entry = entry
	name := l.entryOf(entry)
	if name == "" {
		p.err = &resolver.Error{Name: l.Zone, Type: resolver.TypeA, Reason: resolver.BadName}
		return
	}
	start := time.Now()
	b.Ask(name, resolver.TypeA, func(a *resolver.Answer, err error) {
		p.answer, p.took = a, time.Since(start)
		if err != nil {
			p.err = resolver.AsError(err)
			return
		}
		p.reading = l.read(a)
		p.accept(answer)
	})
}

// accept takes the answer that the catalogue has for the entry that must be
// listed, even if it would be a refusal elsewhere.
func (p *probed) accept(answer string) {
	if answer != "" && slices.Equal(p.answers, []string{answer}) {
		p.verdict = Listed
	}
}

// asError avoids a nil *Error in an error.
func (p *probed) asError() error {
	if p.err == nil {
		return nil
	}
	return p.err
}

// entryFound: an entry in 127/8, be it listed, neutral or credit.
func (p *probed) entryFound() bool {
	return p.err == nil && !p.answer.Absent() && (p.verdict == Listed || p.verdict == Clean)
}

// judge decides by the answers of the test entries; it returns false when no
// entry that must be listed is, which may also mean that the list is gone.
func (h *ListHealth) judge(l *List, listed []probed, clean *probed) bool {
	all := append(slices.Clone(listed), *clean)
	for _, p := range all {
		if p.verdict == Blocked {
			h.State, h.Why, h.Advice = Refused, p.why, p.advice
			return true
		}
	}
	if clean.entryFound() {
		h.State = Unhealthy
		h.Why = fmt.Sprintf("it lists %s, which must not be listed: it lists the whole world (RFC 5782, 5)", clean.entry)
		h.Advice = "Do not use the list until it passes its own test."
		return true
	}
	for i, p := range all {
		if p.verdict == Unknown {
			h.State, h.Why, h.Outside, h.outsideAt = Unhealthy, p.why, p.outside, i
			h.Advice = "If other lists do the same, change the resolver; else do not use the list."
			return true
		}
	}
	passed := slices.ContainsFunc(listed, func(p probed) bool { return p.entryFound() })
	failed := clean
	if !passed {
		failed = nil
		if i := slices.IndexFunc(listed, func(p probed) bool { return p.err != nil }); i >= 0 {
			failed = &listed[i]
		}
	}
	switch {
	case failed != nil && failed.err != nil:
		h.State = Unresolved
		h.Why = fmt.Sprintf("its test entry %s was not answered: %s", failed.entry, reasonText(failed.err))
		h.Advice = "Try again, or through another resolver."
		if failed.err.Reason == resolver.Offline {
			h.Why, h.Advice = notAsked, ""
		}
	case passed:
		h.State = Usable
	default:
		return false
	}
	return true
}

// judgeAbsent decides about a list whose test entries are not there: it is gone
// if its zone is, and the top-level domain above it is not. One resolver's word is not
// enough for that of a list that the catalogue has as alive: a local block looks the same.
func (h *ListHealth) judgeAbsent(l *List, listed []string, soa, top *resolver.Answer) {
	entries := strings.Join(listed, " or ")
	gone := soa != nil && soa.Status == resolver.NXDomain
	switch {
	case gone && l.HasKey:
		h.State = Unhealthy
		h.Why = "the name with your key does not exist: the key is not accepted, or the list is gone"
		h.Advice = "Check the key, and that the subscription covers this list."
	case gone && (top == nil || top.Status == resolver.NXDomain):
		h.State = Unresolved
		h.Why = "its zone does not exist for this resolver, nor does the top-level domain above it: whether the list was closed is not known"
		h.Advice = "Ask through another resolver (--resolver)."
	case gone && l.vouched:
		h.State = Unresolved
		h.Why = "its zone does not exist for this resolver, and it was alive when this program was made: the resolver blocks it, or it was closed since"
		h.Advice = "Ask through another resolver (--resolver)."
	case gone:
		h.State, h.byTest = Closed, true
		h.Why = "its zone does not exist for this resolver, which finds other names"
		h.Advice = "If another resolver says the same (--resolver), take it out of your configuration."
	default:
		h.State = Unhealthy
		h.Why = fmt.Sprintf("it does not list %s, which must be listed: it is empty, or does not answer us as it should (RFC 5782, 5)", entries)
		h.Advice = "Do not use the list until it passes its own test: \"not listed\" means nothing there. If all lists do the same, the resolver drops answers in 127/8 (rebinding protection)."
	}
}

// answers: the list has answered its test, for better or worse.
func (h *ListHealth) answers() bool { return h.State == Usable || h.State == Refused }

// confirmClosed takes back that lists are closed if their tests alone say so, others
// were tested too, and none of them answered: then it may be the resolver that denies
// block lists. It returns whether it did.
func confirmClosed(lists []ListHealth) bool {
	others := false
	for i := range lists {
		h := &lists[i]
		if h.answers() {
			return false
		}
		others = others || h.Zone != lists[0].Zone
	}
	taken := false
	for i := range lists {
		if h := &lists[i]; others && h.State == Closed && h.byTest {
			h.State, h.Why, h.Advice, taken = Unresolved, notConfirmed, "Ask through another resolver (--resolver).", true
		}
	}
	return taken
}

const notConfirmed = "its zone does not exist for this resolver, which finds no other block list either: whether the list was closed is not known"

// notAsked is why nothing is known of a list whose entries no loaded zone holds.
const notAsked = "it was not asked (offline)"

// reasonText is the reason of a failed question for a person.
func reasonText(err *resolver.Error) string {
	s := string(err.Reason)
	if err.Reason == resolver.BadRcode && err.Rcode != "" {
		s += " " + err.Rcode
	}
	return s
}

// rewriting asks once a run for a name that does not exist. RFC 6761, 6.4
// reserves "invalid" for such names, so the question costs nobody anything.
func (h *Health) rewriting(b *resolver.Batch, name string, then func(found Rewriting, own bool)) {
	own := false
	h.probe.begin(b, struct{}{}, func(tell func(Rewriting, time.Duration)) {
		own = true
		if name == "" {
			name = randomLabel() + ".invalid"
		}
		b.Ask(name, resolver.TypeA, func(a *resolver.Answer, err error) {
			if err != nil {
				tell(Rewriting{}, holds(resolver.AsError(err)))
				return
			}
			tell(Rewriting{Known: true, Rewrites: !a.Absent(), Evidence: []finding.Evidence{a.Evidence()}}, forTheRun)
		})
	}, func(r Rewriting, _ bool) { then(r, own) })
}

func randomLabel() string {
	b := make([]byte, 20)
	for i := range b {
		b[i] = 'a' + byte(rand.IntN(26))
	}
	return string(b)
}

// inferRewriting finds out a resolver that leaves reserved names alone: if at
// least three lists, and half of those tested, answer the same address outside
// 127/8, it is not they who do.
func inferRewriting(r Rewriting, lists []ListHealth) Rewriting {
	if r.Rewrites {
		return r
	}
	var same map[string][]finding.Evidence
	for i := range lists {
		h := &lists[i]
		if !h.Outside {
			continue
		}
		if same == nil {
			same = make(map[string][]finding.Evidence)
		}
		e := h.Evidence[h.outsideAt]
		key := strings.Join(e.Answer, " ")
		same[key] = append(same[key], e)
	}
	for _, evidence := range same {
		if n := len(evidence); n >= 3 && 2*n >= len(lists) {
			return Rewriting{Known: true, Rewrites: true, Evidence: evidence[:3]}
		}
	}
	return r
}
