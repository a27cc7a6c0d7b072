package spf

import (
	"context"
	"strings"
	"sync"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// The bounds of an examination.
const (
	maxRecords  = 100
	maxExamined = 300
	atOnce      = 64
)

// Examine finds everything that a domain publishes for SPF, whatever client it is
// for. A target is asked for as soon as the record that names it is known, so
// that a tree three includes deep takes four rounds to its last record, however
// broad it is. It goes on beyond every limit of an evaluation, up to 100 records
// and 300 questions in all; what lies beyond is marked.
//
// Type 99 is never asked for (RFC 7208, 3.1).
func Examine(ctx context.Context, r resolver.Resolver, domain string) *Policy {
	return examine(ctx, r, domain, false)
}

// ExamineOwn finds what the domain's own record authorises directly, and asks no
// more than that needs: the record, and the addresses that its a and mx terms
// name. Includes are not followed. What it asks, Examine asks too, so the two can
// run at the same time over one resolver.Session, and those who wait for
// SendingAddresses alone need not wait for the whole tree.
func ExamineOwn(ctx context.Context, r resolver.Resolver, domain string) *Policy {
	return examine(ctx, r, domain, true)
}

func examine(ctx context.Context, r resolver.Resolver, domain string, own bool) *Policy {
	name, ok := asciiDomain(domain)
	if !ok || !checkable(name) {
		return &Policy{Domain: domain, Status: StatusInvalid, Record: &Record{Domain: domain, Status: StatusInvalid, LookupsExact: true, facts: &recordFacts{}},
			LookupsExact: true, Addresses: Accounting{IPv4: "0", IPv6: "0", Exact: true}}
	}
	x := &examiner{ctx: ctx, r: r, own: own, slots: make(chan struct{}, atOnce), once: make(map[string]bool),
		answers: &answers{root: name, asked: make(map[question]*outcome)}}
	x.start("record "+name, func() { x.visit(name) })
	x.tasks.Wait()
	return assemble(x.answers)
}

// question is what is asked; outcome what came of it, once done is closed.
type question struct {
	name string
	t    resolver.Type
}

type outcome struct {
	done   chan struct{}
	answer *resolver.Answer
	err    error
	cut    bool
}

// answers is all that an examination learnt.
type answers struct {
	root  string
	asked map[question]*outcome
	cut   bool
}

// get is the outcome of a question; one that was never put was cut.
func (k *answers) get(name string, t resolver.Type) *outcome {
	if o := k.asked[question{name, t}]; o != nil {
		return o
	}
	return &outcome{cut: true}
}

func (o *outcome) status() Status {
	switch {
	case o.cut:
		return StatusNotAsked
	case o.err != nil && resolver.AsError(o.err).Reason == resolver.BadName:
		return StatusInvalid
	case o.err != nil:
		return StatusUnresolved
	case o.answer.Status == resolver.NXDomain:
		return StatusNXDomain
	case o.answer.Absent():
		return StatusNone
	}
	return StatusFound
}

// records are those of the answer, none where there is none.
func (o *outcome) records() []resolver.Record {
	if o.answer == nil {
		return nil
	}
	return o.answer.Records
}

// evidence shows the question with its outcome.
func (k *answers) evidence(name string, t resolver.Type) finding.Evidence {
	o := k.get(name, t)
	if o.cut {
		return finding.Evidence{Name: name, Type: t.String(), Status: string(StatusNotAsked), Note: "the bound of the examination was reached"}
	}
	return resolver.Outcome(o.answer, o.err)
}

// examiner asks. Its tasks run at the same time, and start what their answers
// lead to.
type examiner struct {
	ctx   context.Context
	r     resolver.Resolver
	own   bool // for ExamineOwn
	slots chan struct{}
	tasks sync.WaitGroup

	mu      sync.Mutex
	once    map[string]bool
	records int
	*answers
}

// start runs a task, once for each key.
func (x *examiner) start(key string, task func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.once[key] {
		return
	}
	x.once[key] = true
	if strings.HasPrefix(key, "record ") {
		if x.records++; x.records > maxRecords {
			x.cut = true
			return
		}
	}
	x.tasks.Go(task)
}

// ask puts a question that was not put before.
func (x *examiner) ask(name string, t resolver.Type) *outcome {
	q := question{name, t}
	x.mu.Lock()
	o := x.asked[q]
	if o != nil || len(x.asked) >= maxExamined {
		if o == nil {
			x.cut = true
			o = &outcome{cut: true}
		}
		x.mu.Unlock()
		if o.done != nil {
			<-o.done
		}
		return o
	}
	o = &outcome{done: make(chan struct{})}
	x.asked[q] = o
	x.mu.Unlock()
	x.slots <- struct{}{}
	o.answer, o.err = x.r.Lookup(x.ctx, name, t)
	<-x.slots
	close(o.done)
	return o
}

// visit examines the record of a domain.
func (x *examiner) visit(domain string) {
	o := x.ask(domain, resolver.TypeTXT)
	if domain != x.root {
		x.absent(domain, o)
	}
	if o.status() != StatusFound {
		return
	}
	text, n := selectRecord(o.answer)
	if n != 1 {
		return
	}
	terms, l := parse(text, nil)
	for i := range terms {
		t := &terms[i]
		if t.wrong != "" || l.ignored(i, t) != "" {
			continue
		}
		name, _, ok := t.target(domain, x.root)
		if !ok || !askable(name) {
			continue
		}
		x.follow(t.kind, name)
	}
}

// follow asks what a term leads to.
func (x *examiner) follow(k Kind, name string) {
	if x.own && (k == KindInclude || k == KindExists || k == KindExp ||
		k == KindRedirect && registrable(name) != registrable(x.root)) {
		return
	}
	switch k {
	case KindInclude, KindRedirect:
		if checkable(name) {
			x.start("record "+name, func() { x.visit(name) })
		}
	case KindA:
		x.start("A "+name, func() { x.absent(name, x.ask(name, resolver.TypeA)) })
		x.start("AAAA "+name, func() { x.absent(name, x.ask(name, resolver.TypeAAAA)) })
	case KindExists:
		x.start("A "+name, func() { x.absent(name, x.ask(name, resolver.TypeA)) })
	case KindExp:
		x.start("TXT "+name, func() { x.ask(name, resolver.TypeTXT) })
	case KindMX:
		x.start("MX "+name, func() {
			o := x.ask(name, resolver.TypeMX)
			x.absent(name, o)
			for i, r := range o.records() {
				host := targetName(r.Host)
				if i >= 2*maxHosts || !askable(host) {
					continue
				}
				x.start("host A "+host, func() { x.ask(host, resolver.TypeA) })
				x.start("host AAAA "+host, func() { x.ask(host, resolver.TypeAAAA) })
			}
		})
	}
}

// absent asks whether the registrable domain of a target that does not exist has
// an owner. Only what was absent is asked about.
func (x *examiner) absent(name string, o *outcome) {
	if x.own || o.status() != StatusNXDomain {
		return
	}
	end := denied(name, o.answer.CNAMEs)
	d, top := acquirable(end, x.root)
	if d != "" && d != end && d != registrable(x.root) {
		x.start("SOA "+d, func() { x.ask(d, resolver.TypeSOA) })
	}
	if top != "" {
		x.start("SOA "+top, func() { x.ask(top, resolver.TypeSOA) })
	}
}

// ignored says why no receiver reads the i-th term of a record: it stands behind
// all (RFC 7208, 5.1), or is a redirect beside it (6.1).
func (l *layout) ignored(i int, t *term) string {
	switch {
	case l.all < 0:
	case t.kind == KindRedirect:
		return "redirect_with_all"
	case i > l.all && t.kind.directive():
		return "after_all"
	}
	return ""
}

// static gives the values of the macros that do not depend on the client: the
// domain of the record, and that of the sender, which is the domain examined.
type static struct{ domain, root string }

func (s static) macro(letter byte) (string, bool) {
	switch letter {
	case 'd':
		return s.domain, true
	case 'o':
		return s.root, true
	}
	return "", false
}

// target is the name that a term asks for whatever the client, empty where it
// asks for none. It is false where the name depends on the macro letter bad.
func (t *term) target(domain, root string) (name string, bad byte, ok bool) {
	switch t.kind {
	case KindAll, KindIP4, KindIP6, KindModifier, KindInvalid:
		return "", 0, true
	}
	if t.spec == "" {
		return domain, 0, true
	}
	name, bad, ok = expand(t.spec, static{domain, root})
	return targetName(name), bad, ok
}
