package policy

import (
	"slices"
	"strings"
	"sync"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/spf"
)

// repair makes a valid record of one that is not, as a person would read it. It
// says what it changed. The text may be anything.
func repair(text string) repaired {
	if len(text) > maxRepaired {
		return repaired{}
	}
	w := repairer{text: text, out: []string{spf.Version}, seen: make(map[spf.Kind]string), apart: make(map[string]bool)}
	if !w.cut() {
		return repaired{}
	}
	if w.all == 0 && blankAlone(text) {
		w.note("", "", "between the spaces stands a blank in place of what may have been a term")
		w.changes[len(w.changes)-1].asked = true
		w.parts = append(w.parts, reading{text: anySender, unread: true})
		w.unread++
	}
	for i := range w.tokens {
		w.token(i)
	}
	return w.whole()
}

// repairer reads one record, token by token.
type repairer struct {
	text   string
	tokens []string
	// lost are tokens that may have lost something, and why (see joinTokens). apart are those
	// whose sign stood by itself, or in place of the space behind the version; odd, written
	// and swallowed are those of oddTokens, asWritten and beforeOddSpace.
	lost                           map[string]string
	apart, odd, written, swallowed map[string]bool
	// spaced are those of joinTokens; figuresGone says that some term has lost figures, once sought.
	spaced      map[string]string
	figuresGone func() bool
	// all is the index of the token that ends the policy, or -1, and comment that of a mark of a
	// comment before it, or before the end.
	all, comment int

	repaired
	// out are the terms that can be read, behind the version; seen has the redirect and exp among them.
	out  []string
	seen map[spf.Kind]string
	// glued is the first all that another term stood at without a space.
	glued string
	// unread is how many terms cannot be read.
	unread int
}

func (w *repairer) note(term, to, why string) {
	w.changes = append(w.changes, change{term: quotable(term), to: to, why: why})
}

// leaveOut puts a placeholder in place of what cannot be read.
func (w *repairer) leaveOut(tok, placeholder, why string) {
	w.note(tok, "", why)
	w.changes[len(w.changes)-1].asked = true
	w.parts = append(w.parts, reading{text: placeholder, unread: true})
	w.unread++
}

// keep takes a term over.
func (w *repairer) keep(x reading) {
	w.out = append(w.out, x.text)
	w.parts = append(w.parts, x)
}

// cut takes the record apart into its tokens, and reports whether it has not too many.
func (w *repairer) cut() bool {
	plain := plainText(w.text)
	if plain != strings.TrimSpace(w.text) {
		if w.inLine() {
			if first := firstField(strings.TrimSpace(w.text)); ownsDomain(first) {
				w.note(first, "", "what another service asked for belongs in a TXT record of its own")
			} else {
				w.note("", "", "a line of a zone file stands where its text alone belongs")
			}
		} else {
			w.note("", "", oddCharacters(w.text))
		}
	}
	rest, ok := w.version(plain)
	fields := strings.Fields(rest)
	if len(fields) > maxTokens {
		return false
	}
	w.odd = oddTokens(w.text, fields)
	fields = withoutComment(fields, w.note)
	w.tokens, w.lost, w.spaced = joinTokens(fields, w.note)
	w.figuresGone = sync.OnceValue(w.anyFiguresGone)
	if head := plain[:len(plain)-len(rest)]; ok && len(w.tokens) > 0 && len(w.tokens[0]) == 1 && strings.HasSuffix(ascii.ToLower(head), "spf") {
		w.lost[w.tokens[0]] = "it may stand in place of the version's figure"
	}
	if ok && len(fields) > 0 && rest[0] != ' ' && !strings.HasSuffix(strings.TrimRight(plain[:len(plain)-len(rest)], ":;,=./\""), " ") && plain[len(plain)-len(rest)-1] != ' ' {
		w.apart[fields[0]] = true
	}
	for i, f := range fields[:max(len(fields)-1, 0)] {
		if strings.Trim(f, "-~?") == "" {
			w.apart[f+fields[i+1]] = true
		}
	}
	w.written, w.swallowed = asWritten(w.text), beforeOddSpace(w.text)
	w.all = slices.IndexFunc(w.tokens, endsPolicy)
	w.comment = slices.IndexFunc(w.tokens, func(t string) bool { return t[0] == '#' && noise(t) })
	return true
}

// inLine reports whether the record stands in a line with something else before it.
func (w *repairer) inLine() bool {
	text := strings.TrimSpace(unlike(w.text))
	return cutOwner(text) != text
}

// version takes the version off, whatever stands in its place, and reports whether there is one.
func (w *repairer) version(plain string) (rest string, ok bool) {
	rest, ok = cutVersion(plain)
	list, senders := senderID(plain)
	if senders {
		rest, ok = list, true
	}
	if !ok {
		rest = plain
	}
	if spf.IsRecord(w.text) {
		return rest, ok
	}
	first := firstField(w.text)
	switch head := plain[:len(plain)-len(rest)]; {
	case ok && strings.HasPrefix(plain, first) && len(head) < len(first) && spf.IsRecord(head):
		w.note("", "", "a space is missing behind "+spf.Version)
	case senders:
		w.note(first, spf.Version, "it is the version of Sender ID, which nobody reads")
	case ok && len(head) < len(first) && len(head) == len(spf.Version)+1 && strings.HasPrefix(plain, first) && ascii.EqualFold(head[:len(spf.Version)], spf.Version):
		w.note(head, spf.Version, "a space belongs behind it")
	case first != spf.Version && !w.inLine():
		w.note(first, spf.Version, "the record must begin with "+spf.Version+" and a space")
	}
	return rest, ok
}

// token reads one token.
func (w *repairer) token(i int) {
	tok, before := w.tokens[i], ""
	if i > 0 {
		before = w.tokens[i-1]
	}
	if proof, all := ownershipToken(tok); proof != "" {
		w.note(tok, all, "what another service asked for belongs in a TXT record of its own")
		if all != "" {
			w.keep(reading{text: all})
		}
		return
	}
	terms, why := readToken(tok, before)
	if w.comment >= 0 && i > w.comment && (w.all < 0 || i < w.all) && !noise(tok) {
		w.leaveOut(tok, "<"+forPlaceholder(tok)+", if it is no comment>", "it stands behind the mark of a comment")
		return
	}
	if terms == nil {
		w.unreadable(i, why)
		return
	}
	if placeholder, doubt := w.doubt(i, terms, why); doubt != "" {
		w.leaveOut(tok, placeholder, doubt)
		return
	}
	if why != "" {
		w.note(tok, strings.Join(terms, " "), why)
	}
	for n := range terms {
		w.term(i, n, terms, why)
		if endsPolicy(terms[n]) && why != "" && len(terms) > 1 && w.glued == "" {
			w.glued = terms[n]
		}
	}
}

// oneEnd asks which all ends the record, if one that was glued to another term stands before one that
// differs: what of the two was left behind, nobody can tell.
func (w *repairer) oneEnd() {
	first := slices.IndexFunc(w.parts, func(x reading) bool { return !x.unread && endsPolicy(x.text) })
	if w.glued == "" || first < 0 || w.parts[first].text != w.glued {
		return
	}
	for i := first + 1; i < len(w.parts); i++ {
		x := w.parts[i]
		if x.unread || !endsPolicy(x.text) || ascii.EqualFold(x.text, w.glued) {
			continue
		}
		w.parts[first] = reading{text: eitherAll(w.glued, x.text), unread: true}
		w.parts = slices.Delete(w.parts, i, i+1)
		w.changes = append(w.changes, change{term: w.glued, why: "the record has " + x.text + " as well", asked: true})
		w.unread++
		w.out = slices.DeleteFunc(w.out, endsPolicy)
		return
	}
}

// eitherAll is a placeholder for one of two alls, the stricter one first.
func eitherAll(a, b string) string {
	if strictness[spf.ParseTerm(b).Sign] > strictness[spf.ParseTerm(a).Sign] {
		a, b = b, a
	}
	return "<" + a + " or " + b + ">"
}

// doubt says why what a token was read as is not sure, with what stands for it; empty if it is.
func (w *repairer) doubt(i int, terms []string, why string) (instead, doubt string) {
	tok := w.tokens[i]
	switch {
	case w.odd[tok]:
		// A character that was taken for another one stands in a name that cannot be asked.
		return placeholder(tok), "a character in it stands for another one"
	case !w.written[tok] && tok[0] != '+' && passesAll(terms):
		// What was taken for a space may be the sign of all.
		return lostAll('-'), "whether it lets everyone pass is not sure"
	case (why != "" || w.apart[tok] || !w.written[tok]) && doubtfulSign(terms):
		// It may stand for a letter, or for a dash of a list.
		return excludedOrNot(terms), "whether it excludes senders is not sure"
	case w.swallowed[tok] && startsAddress(tok) && standsForDigit(tok+";"):
		return placeholder(tok), "the last digit of the address may be lost"
	case startsAddress(tok) && i+1 < len(w.tokens) && strings.Trim(w.tokens[i+1], "0123456789") == "":
		return placeholder(tok), "the figures behind it may belong to it"
	case w.lost[tok] != "" && len(tok) == 1:
		return "<" + tok + ", if it stood here>", w.lost[tok]
	case w.lost[tok] != "":
		return placeholder(tok), w.lost[tok]
	case lostDigit(tok, terms), w.spaced[tok] != "" && (!strings.Contains(w.text, w.spaced[tok]) || w.figuresGone()),
		why != "" && len(terms) > 0 && standsForDigit(member(w.tokens, i)) && (!w.written[tok] || !separated(tok) || w.figuresGone()):
		return placeholder(tok), "a digit of the address may be lost"
	case why != "" && len(terms) > 0 && standsForLetter(member(w.tokens, i), terms) && spf.ParseTerm(terms[len(terms)-1]).Macros:
		return placeholder(tok), "the last letter of the name may be lost"
	}
	return "", ""
}

// anyFiguresGone reports whether something in the record shows that figures of an address may be lost: an
// address that is none, or figures that stand by themselves.
func (w *repairer) anyFiguresGone() bool {
	return len(w.lost) > 0 || slices.ContainsFunc(w.tokens, func(tok string) bool {
		tok = tok[:max(1, len(strings.TrimSuffix(strings.TrimSuffix(tok, ","), ";")))]
		if ascii.IsDigit(tok[0]) {
			return true
		}
		if !startsAddress(tok) || valid(tok) {
			return false
		}
		fixed, _ := fix(spf.ParseTerm(tok), 3)
		return fixed == nil || standsForDigit(tok)
	})
}

// unreadable puts what it may have been in place of a token that nobody can read.
func (w *repairer) unreadable(i int, why string) {
	tok := w.tokens[i]
	last := i+1 == len(w.tokens)
	switch {
	case noise(tok) && last && strings.IndexByte("+-~?", tok[0]) >= 0 && !slices.ContainsFunc(w.out, endsPolicy) && w.seen[spf.KindRedirect] == "":
		w.leaveOut(tok, lostAll(tok[0]), "a sign whose all is missing")
	case noise(tok) && i == 0 && w.nothingBeforeAll():
		// Nothing else stands before all: it may be what is left of a sender.
		w.leaveOut(tok, "<a sender, if one stood here>", "a sender may have stood there")
	case noise(tok) && tok[0] == '+' && slices.ContainsFunc(w.tokens, func(t string) bool { return t[0] == '+' && !noise(t) }):
		// "+ +mx", "+– +mx": in a record that writes the sign of each term, it is what is left of one.
		w.leaveOut(tok, "<a sender, if one stood here>", "a sender may have stood there")
	case noise(tok) && len(tok) == 2 && strings.IndexByte("+-~?", tok[0]) >= 0 && strings.IndexByte("+-~?", tok[1]) < 0 && (w.all < 0 || i < w.all):
		w.leaveOut(tok, "<a sender, if one stood here>", "a sender may have stood behind the sign") // "+."
	case noise(tok):
		w.note(tok, "", "punctuation that means nothing")
	default:
		// An all that stands without its space is read all the same.
		head, end := tok, ""
		if last && !onlyAlls(tok) {
			head, end = cutAll(tok)
		}
		w.leaveOut(tok, placeholder(head), why)
		if end != "" {
			w.keep(reading{text: end})
		}
	}
}

// nothingBeforeAll reports whether nothing but punctuation stands before all, well written or not.
func (w *repairer) nothingBeforeAll() bool {
	first := slices.IndexFunc(w.tokens, func(t string) bool { return !noise(t) })
	return first > 0 && (first == w.all || hint.Distance(strings.ToLower(strings.Trim(w.tokens[first], "+-~?.,;:")), "all") <= 1)
}

// term takes over the n-th of the terms that a token was read as, for the reason why.
func (w *repairer) term(i, n int, terms []string, why string) {
	tok, fixed := w.tokens[i], terms[n]
	t := spf.ParseTerm(fixed)
	if n+1 < len(terms) && strings.Contains(tok, fixed+terms[n+1]) && spaceOrLetter(&t) {
		w.leaveOut(fixed, fixed[:len(fixed)-len(t.Spec)]+"<"+t.Spec+" or "+t.Spec[:len(t.Spec)-1]+">", "its last digit may stand in place of a space")
		return
	}
	switch first := w.seen[t.Kind]; {
	case t.Kind == spf.KindRedirect && first != "" && !ascii.EqualFold(first, fixed):
		w.leaveOut(fixed, "include:<"+forPlaceholder(t.Spec)+", if its senders are yours too>", "only one redirect may stand in a record")
		return
	case (t.Kind == spf.KindRedirect || t.Kind == spf.KindExp) && first != "":
		w.note(fixed, "", "only one "+string(t.Kind)+" may stand in a record")
		return
	case t.Kind == spf.KindRedirect || t.Kind == spf.KindExp:
		w.seen[t.Kind] = fixed
	}
	x := reading{text: fixed, cut: w.mayBeCut(i, n, terms, &t, why)}
	if len(terms) == 1 && why != "" {
		if x.or = otherReading(tok, &t); x.or != "" {
			last := &w.changes[len(w.changes)-1]
			last.asked, last.why = true, "it may be "+fixed+" or "+x.or
		}
	}
	w.keep(x)
}

// mayBeCut reports whether the name of a term may have lost its first or last letter to what was
// taken off.
func (w *repairer) mayBeCut(i, n int, terms []string, t *spf.Term, why string) bool {
	tok := w.tokens[i]
	last := n+1 == len(terms)
	switch {
	case !last && (t.Spec != "" || t.Prefix.IsValid()) && endsPolicy(terms[n+1]) && !strings.Contains(tok, terms[n]+terms[n+1]) && !listApart(tok, terms):
		return true
	case n == 0 && why != "" && lostStart(tok, terms):
		return true
	}
	return last && (why != "" && standsForLetter(member(w.tokens, i), terms) || w.swallowed[tok] && standsForLetter(tok+";", terms))
}

// whole is the record that was read.
func (w *repairer) whole() repaired {
	w.oneEnd()
	if w.unread > maxUnread {
		return repaired{changes: w.changes}
	}
	w.repaired.text, w.shown = strings.Join(w.out, " "), spf.Version
	ends := slices.ContainsFunc(w.out, endsPolicy)
	for i := range w.parts {
		x := &w.parts[i]
		if rest, ok := strings.CutPrefix(x.text, "redirect=<"); ok && x.unread && ends {
			x.text = "include:<" + rest // beside all, a redirect is ignored
		}
		w.shown += " " + x.text
	}
	return w.repaired
}
