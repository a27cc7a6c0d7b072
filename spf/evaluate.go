package spf

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// The limits of an evaluation.
const (
	// MaxLookups is how many terms of one evaluation may need the DNS, MaxVoidLookups how
	// many of them may find nothing there (RFC 7208, 4.6.4).
	MaxLookups     = 10
	MaxVoidLookups = 2
	// MaxHosts is how many names of one MX or PTR answer are looked up (RFC 7208, 4.6.4).
	MaxHosts = 10
	// maxQuestions bounds all that one evaluation asks, if its client does not
	// say otherwise. The RFC would allow 10 mx terms of 10 hosts each, 111
	// questions; no honest record needs a third.
	maxQuestions = 30
	// maxTime is the least that RFC 7208, 4.6.4 asks for.
	maxTime = 20 * time.Second
)

// EveryQuestion is a Client.MaxQuestions that no evaluation comes to: it is more
// than ten terms with ten hosts each, the names of the client and an explanation
// take. It suits those who have asked everything before, by Examine of package
// spf/policy on the same resolver.
const EveryQuestion = 150

// Limits bound one evaluation: terms that need the DNS, terms that find nothing there, and
// questions. Those of RFC 7208 are CheckHost's; a comparison of two records may lift them.
type Limits struct{ Lookups, Voids, Questions int }

var standard = Limits{Lookups: MaxLookups, Voids: MaxVoidLookups, Questions: maxQuestions}

// CheckHost is check_host() of RFC 7208 for one client. It asks in the order of
// the terms, nothing that the evaluation does not come to, never for type 99,
// and at most 30 questions or Client.MaxQuestions; it ends in temperror after 20
// seconds.
//
// It asks one question after the other. If speed matters, give it a resolver
// that remembers answers and run Examine of package spf/policy on the same one before or
// beside it: that asks everything at the same time.
func CheckHost(ctx context.Context, r resolver.Resolver, c Client) Evaluation {
	end := time.Now().Add(maxTime)
	if at, ok := ctx.Deadline(); !ok || at.After(end) {
		limited := withDeadline(ctx, end)
		defer limited.stop()
		ctx = limited
	}
	l := standard
	if c.MaxQuestions > 0 {
		l.Questions = c.MaxQuestions
	}
	return l.CheckHost(ctx, r, c)
}

// evaluations keeps the working memory of evaluations for the next ones: a
// receiver, an audit and a comparison of records run many.
var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

// maxSteps bounds the trace of an evaluation that is kept.
const maxSteps = 400

// keptTerms is the most terms that are kept memory for.
const keptTerms = 256

// CheckHost is the function CheckHost within other limits, and without a limit of time.
func (l Limits) CheckHost(ctx context.Context, r resolver.Resolver, c Client) Evaluation {
	e := evaluations.Get().(*evaluation)
	e.ctx, e.r, e.limits, e.client = ctx, r, l, c
	e.run()
	out := e.out
	out.Steps = []Step{} // a list in JSON, though it be empty
	switch {
	case c.WithoutSteps:
	case len(e.steps) > maxSteps:
		// How it began and how it ended: no record of honest size has so many terms.
		out.Steps = slices.Concat(e.steps[:maxSteps/2], e.steps[len(e.steps)-maxSteps/2:])
	default:
		out.Steps = append(out.Steps, e.steps...)
	}
	if cap(e.terms) > keptTerms || cap(e.steps) > keptTerms {
		return out // a hostile record's memory is not kept
	}
	// Nothing of this evaluation, such as its records, outlives it in the pool.
	clear(e.terms[:cap(e.terms)])
	clear(e.steps)
	clear(e.path[:cap(e.path)])
	*e = evaluation{terms: e.terms[:0], steps: e.steps[:0], path: e.path[:0]}
	evaluations.Put(e)
	return out
}

// run evaluates e.client and leaves the verdict in e.out.
func (e *evaluation) run() {
	c := &e.client
	e.ip, e.helo = c.IP.Unmap().WithZone(""), c.HELO
	e.out.IP = e.ip
	e.out.Identity = "mailfrom"
	if !ascii.Only(e.helo) {
		if a, ok := ASCIIDomain(e.helo); ok {
			e.helo = a
		}
	}
	sender := c.MailFrom
	if sender == "" {
		if sender = c.HELO; sender == "" {
			sender = c.Domain
		} else {
			e.out.Identity = "helo"
		}
		e.local, e.sender = "postmaster", strings.TrimSpace(sender)
	} else {
		e.local, e.sender = splitSender(sender)
	}
	var ok bool
	e.plain = ascii.Only(e.local)
	domain := c.Domain
	if domain == "" {
		domain = e.sender
	}
	if !ascii.Only(e.sender) {
		if e.sender, ok = ASCIIDomain(e.sender); !ok {
			e.sender = "unknown"
		}
	}
	switch domain, ok = ASCIIDomain(domain); {
	case !ok || !Checkable(domain):
		e.out.Domain = domain
		e.out.Result = None
		e.note("there is no domain to check: a name of two labels at least is needed")
		e.out.Error = e.why
		return
	case !e.ip.IsValid():
		e.out.Domain = domain
		e.out.Result = None
		e.out.Error = "there is no client address to check"
		return
	}
	e.out.Domain = domain
	e.out.Result = e.host(domain, 0)
	if r := e.out.Result; e.could|only(r) != only(r) {
		e.out.Matched, e.out.MatchedIn, e.out.Path = "", "", nil
		switch {
		case len(e.assumed) > 0:
			e.out.Result, e.out.Unstated = Unknown, e.assumed
			e.out.Error = unstated(e.assumed)
		case r != PermError && r != TempError:
			e.out.Result = TempError
			e.why = "the names of " + e.ip.String() + ", which the record asks for, are not known: " + e.unnamed.Error()
		}
	}
	switch e.out.Result {
	case Fail:
		e.explain()
	case None, TempError, PermError:
		e.out.Error = e.why
		e.out.Bounded = e.bounded && e.out.Result == TempError
	}
	e.out.Lookups, e.out.VoidLookups, e.out.Questions = e.lookups, e.void, e.questions
}

// evaluation is one run of check_host().
type evaluation struct {
	ctx    context.Context
	r      resolver.Resolver
	client Client
	limits Limits
	ip     netip.Addr
	helo   string
	// local and sender are the parts of <sender>; plain says that the local part
	// is ASCII.
	local, sender string
	plain         bool

	lookups, void, questions int
	// includes is how many includes the evaluation is in; their exp is not used.
	includes int
	// domain is that of the record under evaluation, for %{d}.
	domain string
	// exp is the explanation of the record that failed the client, unexpanded,
	// and expDomain the domain of that record.
	exp, expDomain string
	// names are the validated names of the client, once reversed is true;
	// noNames says that there was no PTR record.
	names             []string
	reversed, noNames bool
	// unnamed is why not all names of the client are known.
	unnamed error
	// why explains the result if it is an error or none; stopped says that it
	// is temperror whatever the rest would give.
	why     string
	stopped bool
	// assumed are the letters of macros that were not stated. could are the results that
	// the record under evaluation would have, beside the one that it comes to, if terms
	// that hang on what is not known matched, or were in error; untold counts these terms.
	assumed []string
	could   results
	untold  int
	// bounded says that it was stopped by the bound on questions.
	bounded bool

	out Evaluation
	// steps is the trace; terms are those of the records under evaluation, the
	// innermost last; path are the includes and redirects around it.
	steps []Step
	terms []Term
	path  []string
}

// note keeps the first reason given.
func (e *evaluation) note(why string) {
	if e.why == "" {
		e.why = why
	}
}

// ask puts a question. The error says why there is no answer.
func (e *evaluation) ask(name string, t resolver.Type) (*resolver.Answer, error) {
	if e.questions >= e.limits.Questions {
		e.stopped, e.bounded = true, true
		e.note("stopped after " + strconv.Itoa(e.limits.Questions) + " questions: that is this program's own bound for one evaluation, and no failure of the DNS")
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Budget}
	}
	e.questions++
	a, err := e.r.Lookup(e.ctx, name, t)
	if err != nil {
		re := resolver.AsError(err)
		if e.ctx.Err() != nil || re.Reason == resolver.Budget || re.Reason == resolver.Canceled {
			e.stopped = true
			if e.ctx.Err() == context.DeadlineExceeded {
				e.note("the evaluation took longer than its time limit")
			}
		}
		if re.Reason == resolver.BadName {
			// A name that cannot be asked matches nothing (RFC 7208, 4.8).
			return &resolver.Answer{Name: name, Type: t, Status: resolver.Found}, nil
		}
		return nil, err
	}
	return a, nil
}

// host is check_host() for one domain (RFC 7208, 4).
func (e *evaluation) host(domain string, depth int) Result {
	a, err := e.ask(domain, resolver.TypeTXT)
	if err != nil {
		e.note(err.Error())
		return TempError
	}
	text, n := Select(a)
	switch {
	case n == 0:
		if depth > 0 && a.Absent() {
			e.void++
		}
		if a.Status == resolver.NXDomain {
			e.note(resolver.Absence(domain, a.CNAMEs))
		} else {
			e.note("no SPF record at " + domain)
		}
		return None
	case n > 1:
		e.note(strconv.Itoa(n) + " SPF records at " + domain)
		return PermError
	}
	from := len(e.terms)
	var l Layout
	if e.terms, l = parse(text, e.terms); l.ErrorAt >= 0 {
		e.note(quote(e.terms[from+l.ErrorAt].Text) + " in the record of " + domain + ": " + l.Error)
		return PermError
	}
	to := len(e.terms)
	outer := e.domain
	e.domain = domain
	result := e.record(from, to, l, depth)
	e.domain = outer
	e.terms = e.terms[:from]
	return result
}

// Select picks the SPF record of an answer and counts them (4.5).
func Select(a *resolver.Answer) (text string, n int) {
	for i := range a.Records {
		r := &a.Records[i]
		// Most TXT records are something else: do not join those.
		if len(r.TXT) > 0 && len(r.TXT[0]) >= len(Version) && !ascii.EqualFold(r.TXT[0][:len(Version)], Version) {
			continue
		}
		if s := r.Text(); IsRecord(s) {
			if n++; n == 1 {
				text = s
			}
		}
	}
	return text, n
}

// record evaluates the terms from..to, which are those of one record (4.6.2).
func (e *evaluation) record(from, to int, l Layout, depth int) Result {
	for i := from; i < to; i++ {
		if !e.terms[i].Kind.Directive() {
			continue
		}
		t := e.terms[i]
		step := e.step(&t, depth)
		matched, failure := e.match(&t, step, depth)
		switch {
		case failure != "":
			e.steps[step].Outcome = string(failure)
			return failure
		case !matched:
			e.steps[step].Outcome = "no match"
			continue
		}
		e.steps[step].Outcome = "match"
		if t.Kind != KindInclude && e.out.Matched == "" {
			e.out.Matched, e.out.MatchedIn = t.Text, e.domain
			e.out.Path = append([]string(nil), e.path...)
		}
		result := t.Sign.Result()
		if result == Fail && e.includes == 0 && l.Exp >= 0 {
			e.exp, e.expDomain = e.terms[from+l.Exp].Spec, e.domain
		}
		return result
	}
	// An all anywhere takes the redirect away (6.1), but then it matched above.
	if l.Redirect < 0 {
		return Neutral
	}
	t := e.terms[from+l.Redirect]
	step := e.step(&t, depth)
	name, ok, failure := e.target(&t, step)
	if failure != "" {
		e.steps[step].Outcome = string(failure)
		return failure
	}
	if !ok {
		e.steps[step].Outcome = "no match"
		return Neutral
	}
	result := PermError
	if Checkable(name) {
		e.path = append(e.path, t.Text)
		result = e.host(name, depth+1)
		e.path = e.path[:len(e.path)-1]
		if result == None {
			result = PermError
		}
	} else {
		e.note(quote(name) + " cannot be the target of a redirect")
	}
	e.steps[step].Outcome = string(result)
	return result
}

// step starts the trace of a term and returns its index.
func (e *evaluation) step(t *Term, depth int) int {
	e.steps = append(e.steps, Step{Domain: e.domain, Term: t.Text, Depth: depth, Lookups: e.lookups})
	return len(e.steps) - 1
}

// explain fetches the explanation of a fail (6.2). Whatever goes wrong, there is
// none.
func (e *evaluation) explain() {
	if e.exp == "" {
		return
	}
	e.domain = e.expDomain
	name, _, ok := expand(e.exp, e)
	if name = TargetName(name); !ok || !Askable(name) || e.unstated(e.exp) != "" {
		return
	}
	a, err := e.ask(name, resolver.TypeTXT)
	if err != nil || len(a.Records) != 1 {
		return
	}
	text := a.Records[0].Text()
	if ExplanationError(text) != "" {
		return
	}
	if e.unstated(text) != "" {
		e.out.Explanation = text // as it is written: the client that it speaks of is made up
		return
	}
	if text, _, ok = expand(text, e); ok && ascii.Only(text) {
		e.out.Explanation = text
	}
}

// quote marks a piece of hostile text in a message and bounds it.
func quote(s string) string { return strconv.Quote(show.Cut(s, 120)) }
