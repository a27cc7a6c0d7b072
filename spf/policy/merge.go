package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/provider"
	"mailworthy/spf"
)

// Merge makes one record of several, for a domain that publishes more than one
// and so none that counts (RFC 7208, 4.5). The merged record authorises every
// address that any of them authorises, except by a "+all". Terms that can be
// spared are in dropped; notes say what else was decided.
//
// Where no term has a sign of its own, the addresses stand first and what needs
// the DNS behind them: the order does not change the result. Otherwise each
// record keeps its order.
func Merge(records []string) (merged string, dropped []string, notes []string) {
	m := merger{seen: make(map[string]bool)}
	for i, text := range records {
		m.read(i, text)
	}
	return m.write()
}

// endNotSaid is noted of a merged record whose redirects may end in another all.
const endNotSaid = "~all ends the record: what the redirects end in is not said here"

// part is what one record says before its all: the directives, and the target of
// its redirect.
type part struct {
	terms    []spf.Term
	redirect string
}

// merger gathers the terms of several records.
type merger struct {
	parts     []part
	redirects []string // targets, each once
	exp       string
	modifiers []string
	all       spf.Qualifier // the strictest, 0 for none
	plusAll   bool
	seen      map[string]bool

	// ignored are redirects beside all.
	ignored []spf.Term

	// unread are placeholders for terms that cannot be read, or must not stay.
	unread, dropped, notes []string
}

func (m *merger) drop(s string) {
	if !slices.Contains(m.dropped, s) {
		m.dropped = append(m.dropped, s)
	}
}

func (m *merger) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// strictness orders what the signs of "all" ask of receivers.
var strictness = map[spf.Qualifier]int{'+': 1, '?': 2, '~': 3, '-': 4}

// read takes one record apart, after repairing it if it must be.
func (m *merger) read(i int, text string) {
	terms, l := spf.Parse(text)
	cut := make(map[string]bool) // what is asked for
	if !spf.IsRecord(text) || l.ErrorAt >= 0 {
		r := repair(text)
		for _, c := range r.changes {
			m.note("record %d: %s", i+1, c)
		}
		for _, p := range r.parts {
			if p.unread {
				m.unread = append(m.unread, p.text)
			} else if p.or != "" {
				m.unread, cut[p.text] = append(m.unread, "<"+forPlaceholder(p.text)+" or "+forPlaceholder(p.or)+">"), true
			} else if t := spf.ParseTerm(p.text); p.cut && t.Kind != spf.KindExp {
				name := rightNameOf(&t)
				if rest, ok := strings.CutPrefix(name, "redirect="); ok {
					name = "include:" + rest // what the records are merged into has an all
				}
				m.unread, cut[p.text] = append(m.unread, name), true
			}
		}
		if r.text == "" {
			m.unread = append(m.unread, "<the senders of record "+strconv.Itoa(i+1)+">")
		}
		terms, l = spf.Parse(r.text)
	} else if plain := withoutGlue(text); plain != text {
		terms, l = spf.Parse(plain)
	}
	var p part
	for j, t := range terms {
		switch why := l.Ignored(j, &t); {
		case why == "after_all" && movable(&t) && !suspicious(&t) && !cut[t.Text]:
			m.note("%s stood behind all, where no receiver reads on", quote(t.Text))
		case why == "redirect_with_all" && !suspicious(&t):
			m.ignored = append(m.ignored, t)
			continue
		case why != "":
			m.drop(t.Text)
			m.note("%s has no effect where it stands, behind or beside all", quote(t.Text))
			continue
		}
		if cut[t.Text] {
			continue
		}
		switch t.Kind {
		case spf.KindAll:
			if j != l.All {
				continue
			}
			if t.Sign == '+' {
				m.plusAll = true
				m.drop(t.Text)
			}
			if m.all != 0 && m.all != t.Sign {
				m.note("the records end in %call and %call; the merged one has the stricter", m.all, t.Sign)
			}
			if strictness[t.Sign] > strictness[m.all] {
				m.all = t.Sign
			}
		case spf.KindRedirect:
			p.redirect = t.Spec
			if !slices.ContainsFunc(m.redirects, func(s string) bool { return ascii.EqualFold(s, t.Spec) }) {
				m.redirects = append(m.redirects, t.Spec)
			}
		case spf.KindExp:
			if m.exp == "" {
				m.exp = t.Text
			} else if !ascii.EqualFold(m.exp, t.Text) {
				m.drop(t.Text)
				m.note("only one explanation may stand in a record: %s stays", quote(m.exp))
			}
		case spf.KindModifier:
			if !ascii.EqualFold(t.Name(), "v") && !slices.Contains(m.modifiers, t.Text) { // a second version is none
				m.modifiers = append(m.modifiers, t.Text)
			}
		default:
			p.terms = append(p.terms, t)
		}
	}
	m.parts = append(m.parts, p)
}

// withoutGlue is a valid record with what was meant in place of terms that the grammar takes for
// others: a name that all is glued to, and a mechanism with an equals sign.
func withoutGlue(text string) string {
	terms, _ := spf.Parse(text)
	out := []string{spf.Version}
	for i := range terms {
		t := &terms[i]
		fixed, _ := fix(*t, 3)
		if len(fixed) > 0 && !ascii.EqualFold(t.Name(), "v") && (t.Kind == spf.KindModifier || slices.ContainsFunc(fixed, endsPolicy)) && !doubtfulSign(fixed) {
			out = append(out, fixed...)
		} else {
			out = append(out, t.Text)
		}
	}
	return strings.Join(out, " ")
}

// movable reports whether a term behind all goes before it: one that authorises, and not half of
// the world.
func movable(t *spf.Term) bool {
	return t.Error == "" && t.Kind.Directive() && t.Kind != spf.KindAll && t.Sign == '+' && !(t.Prefix.IsValid() && isBroad(t.Prefix)) && t.Bits4 >= 16 && t.Bits6 >= 32
}

// String says what was changed, for a person.
func (c change) String() string {
	switch {
	case c.term == "":
		return c.why
	case c.asked:
		return fmt.Sprintf("%s is for you to fill in: %s", quote(c.term), c.why)
	case c.to == "":
		return fmt.Sprintf("%s is left out: %s", quote(c.term), c.why)
	}
	return fmt.Sprintf("%s becomes %s: %s", quote(c.term), quote(c.to), c.why)
}

// signed reports whether a term of the record has another sign than "+".
func (p *part) signed() bool {
	return slices.ContainsFunc(p.terms, func(t spf.Term) bool { return t.Sign != '+' })
}

// write puts the terms together.
func (m *merger) write() (string, []string, []string) {
	if m.plusAll {
		m.note("+all would authorise every address there is; it is not kept")
		m.unread = append(m.unread, "ip4:<the address of each other sender of yours>")
		if m.all == '+' {
			m.all = '~'
		}
	}
	// Records that exclude addresses stand last, or they would take away what
	// another one grants.
	slices.SortStableFunc(m.parts, func(a, b part) int {
		switch {
		case a.signed() == b.signed():
			return 0
		case b.signed():
			return -1
		}
		return 1
	})
	plain := true
	var terms []spf.Term
	for i := range m.parts {
		plain = plain && !m.parts[i].signed()
		for _, t := range m.parts[i].terms {
			if t.Sign != '+' && m.blocks(&t, i) {
				m.drop(t.Text)
				m.note("%s would take away what another record authorises", quote(t.Text))
				continue
			}
			terms = append(terms, t)
		}
	}
	// A redirect stands for a whole record, so it can be kept beside no all.
	redirect := ""
	if len(m.redirects) == 1 && m.all == 0 {
		redirect = m.redirects[0]
	} else {
		for _, r := range m.redirects {
			t := spf.ParseTerm("include:" + r)
			m.note("%s becomes an include, because only one record can end the evaluation", quote("redirect="+r))
			terms = append(terms, t)
		}
		if m.all == 0 && len(m.redirects) > 1 {
			m.all = '~'
			m.note("%s", endNotSaid)
		}
	}
	for i := range m.ignored {
		t := &m.ignored[i]
		if slices.ContainsFunc(terms, func(o spf.Term) bool {
			return o.Kind == spf.KindInclude && o.Sign == '+' && ascii.EqualFold(o.Spec, t.Spec)
		}) {
			m.drop(t.Text)
		} else {
			m.unread = append(m.unread, "<include:"+forPlaceholder(t.Spec)+", if its senders are yours>")
		}
	}
	terms = m.distinct(terms, plain)
	if plain {
		slices.SortStableFunc(terms, func(a, b spf.Term) int { return weight(a.Kind) - weight(b.Kind) })
	}
	return m.joined(terms, redirect), m.dropped, m.notes
}

// joined is the text of the merged record: its terms, what is asked for, and its end.
func (m *merger) joined(terms []spf.Term, redirect string) string {
	out, end := []string{spf.Version}, ""
	for _, t := range terms {
		out = append(out, t.Text)
	}
	for i, s := range m.unread {
		if strings.HasPrefix(s, "<-all") {
			if m.all != '-' && redirect == "" {
				end = s // it may have been stricter than that of another record
			}
		} else if !slices.Contains(m.unread[:i], s) {
			out = append(out, s)
		}
	}
	if end != "" {
		out = append(out, end)
	} else if redirect != "" {
		out = append(out, "redirect="+redirect)
	} else if m.all != 0 {
		out = append(out, string(rune(m.all))+"all")
	}
	if m.exp != "" {
		out = append(out, m.exp)
	}
	out = append(out, m.modifiers...)
	return strings.Join(out, " ")
}

// blocks reports whether a term of the i-th part that excludes addresses could
// exclude one that another part authorises behind it: a later one, or a redirect,
// which ends up last. Only literal ranges that lie apart surely do not.
func (m *merger) blocks(t *spf.Term, i int) bool {
	for j, p := range m.parts {
		if j == i {
			continue
		}
		if p.redirect != "" {
			return true
		}
		if j < i {
			continue
		}
		for _, other := range p.terms {
			if other.Sign == '+' && (!t.Prefix.IsValid() || !other.Prefix.IsValid() || t.Prefix.Overlaps(other.Prefix)) {
				return true
			}
		}
	}
	return false
}

// shutOut are the terms of records that exclude what another one of them may let pass, of which
// a merged record says the opposite. Only literal ranges that lie apart surely do not.
func shutOut(records []string) (terms []string) {
	m := merger{seen: make(map[string]bool)}
	for i, text := range records {
		m.read(i, text)
	}
	for i := range m.parts {
		for _, t := range m.parts[i].terms {
			meets := func(o spf.Term) bool {
				return o.Sign == '+' && (!t.Prefix.IsValid() || !o.Prefix.IsValid() || t.Prefix.Overlaps(o.Prefix))
			}
			for j, p := range m.parts {
				if j != i && t.Sign != '+' && (p.redirect != "" || slices.ContainsFunc(p.terms, meets)) && !slices.Contains(terms, t.Text) {
					terms = append(terms, t.Text)
				}
			}
		}
	}
	return terms
}

// distinct drops terms that stand twice, and if no sign is in the way the
// ranges that lie inside others.
func (m *merger) distinct(in []spf.Term, plain bool) []spf.Term {
	var out []spf.Term
	for i, t := range in {
		key := string(rune(t.Sign)) + strings.ToLower(strings.TrimLeft(t.Text, "+-~?"))
		if t.Prefix.IsValid() {
			key = string(rune(t.Sign)) + t.Prefix.Masked().String()
		}
		inside := plain && t.Prefix.IsValid() && slices.ContainsFunc(in, func(o spf.Term) bool {
			return o.Prefix.IsValid() && within(t.Prefix, o.Prefix) && o.Prefix.Bits() < t.Prefix.Bits()
		})
		if m.seen[key] || inside {
			m.drop(in[i].Text)
			continue
		}
		m.seen[key] = true
		out = append(out, t)
	}
	return out
}

// within reports whether a prefix lies inside another or is equal to it.
func within(p, outer netip.Prefix) bool {
	return outer.Bits() <= p.Bits() && outer.Contains(p.Addr())
}

// weight orders mechanisms by what they cost a receiver.
func weight(k spf.Kind) int {
	switch k {
	case spf.KindIP4:
		return 0
	case spf.KindIP6:
		return 1
	case spf.KindA:
		return 2
	case spf.KindMX:
		return 3
	case spf.KindInclude:
		return 4
	case spf.KindExists:
		return 5
	}
	return 6
}

// slipOfService reports whether a name is nearly that of a service which another include names, and is
// in another domain: of two records that differ in it, one has a slip.
func slipOfService(name string, terms []spf.Term) bool {
	services := provider.Builtin()
	return services.OfSPF(name) == nil && slices.ContainsFunc(terms, func(t spf.Term) bool {
		return t.Kind == spf.KindInclude && services.OfSPF(ascii.ToLower(t.Spec)) != nil && registrable(t.Spec) != registrable(name) && hint.Distance(name, ascii.ToLower(t.Spec)) <= 2
	})
}
