package policy

import (
	"strings"

	"mailworthy/spf"
)

// text writes the proposed record: with what needs knowledge, or without it.
func (p *proposal) text(asks bool) string {
	w := proposed{p: p, asks: asks, sign: p.all, seen: make(map[string]bool, len(p.record.Terms)), out: append([]string{spf.Version}, p.first...)}
	if asks && p.allAsk != 0 {
		w.sign = p.allAsk
	}
	for _, t := range p.first {
		w.seen[strings.ToLower(t)] = true
	}
	if p.parts == nil {
		for i := range p.record.Terms {
			w.term(i)
		}
	} else {
		w.readings()
	}
	for _, a := range p.add {
		w.put(a, false)
	}
	if asks {
		w.out = append(w.out, p.ask...)
	}
	return w.whole()
}

// proposed is the text of a proposal while it is written.
type proposed struct {
	p    *proposal
	asks bool
	// out are the terms before all, after those behind it, tail the modifiers. seen are the
	// directives that stand there, by their texts.
	out, after, tail []string
	seen             map[string]bool
	// redirect and end are those of the record, end a placeholder for its all; sign is that
	// of its all, 0 as long as it has none.
	redirect, end string
	sign          spf.Qualifier
	// ended: the all of the record has been passed.
	ended bool
}

// put adds a term where it belongs; late is behind all.
func (w *proposed) put(text string, late bool) {
	t := spf.ParseTerm(text)
	key := strings.ToLower(strings.TrimPrefix(text, "+"))
	switch {
	case t.Kind == spf.KindAll && t.Error == "":
		if w.sign == 0 {
			w.sign = t.Sign
		}
	case t.Kind == spf.KindRedirect && t.Error == "":
		w.redirect = text
	case t.Error == "" && !t.Kind.Directive():
		w.tail = append(w.tail, text)
	case w.seen[key]:
	case late:
		w.seen[key] = true
		w.after = append(w.after, text)
	default:
		w.seen[key] = true
		w.out = append(w.out, text)
	}
}

// term adds what becomes of the i-th term of the record.
func (w *proposed) term(i int) {
	p := w.p
	t := &p.record.Terms[i]
	late := w.ended && !p.moves(t)
	switch e, ok := p.edits[i]; {
	case t.Ignored == "redirect_with_all":
	case ok && (w.asks || !e.asks) && !(e.spare && p.careful):
		for _, s := range e.to {
			w.put(s, late)
		}
	case t.Kind == spf.KindAll && w.ended:
	case w.asks && t.Error != "":
		// Of a record that is only led to, nobody has repaired the rest.
		w.put(placeholder(t.Text), late)
	default:
		if s := t.spelt(p.spell, p.record.Domain); s != "" {
			for _, x := range strings.Fields(s) {
				w.put(x, late)
			}
		} else {
			w.put(t.Text, late)
		}
	}
	w.ended = w.ended || t.Kind == spf.KindAll && t.Error == ""
}

// readings adds the terms of a repaired record, and the placeholders between them.
func (w *proposed) readings() {
	i := 0
	for _, x := range w.p.parts {
		switch {
		case !x.unread:
			if i < len(w.p.record.Terms) {
				w.term(i)
			}
			i++
		case strings.HasPrefix(x.text, "<-all"):
			w.end = x.text
		default:
			w.out = append(w.out, x.text)
		}
	}
}

// whole puts the terms together with the end of the record.
func (w *proposed) whole() string {
	out := w.out
	switch {
	case w.end != "": // also beside an all: which of the two was meant is asked
		if t := spf.ParseTerm(w.redirect); t.Spec != "" { // beside all it would be ignored
			out = append(out, "<include:"+forPlaceholder(t.Spec)+", if its senders are yours>")
		}
		out = append(append(out, w.end), w.after...)
	case w.sign != 0:
		out = append(append(out, w.sign.String()+"all"), w.after...)
	case w.redirect != "":
		out = append(out, w.redirect)
	}
	return strings.Join(append(out, w.tail...), " ")
}
