package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// ending judges the all that counts.
func (k *checker) ending() {
	r := k.end
	if r == nil {
		return // a redirect leads to what is not known, or to nothing
	}
	k.Decided("spf-all-neutral", "spf-all-missing")
	if !k.unknownRecords && !k.unknownNames {
		k.Decided("spf-all-pass")
	}
	if pr := k.proposal(k.p.Record); pr.broken && pr.parts != nil {
		k.closeOpen(r)
		return
	}
	all, last, unread := endOfRecord(r)
	switch {
	case unread:
		return // it is there, and cannot be read: that is said
	case all == nil && k.unread:
		return // what cannot be read may have been it
	case all == nil:
		k.endless(r, last)
	case all.Qualifier == "+":
		k.add("spf-all-pass", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s has %s: every address in the world may send in the name of %s and pass SPF.", r.Domain, quote(all.Text), k.p.Domain) + k.unlessInError(r, worlds[0].samples[0]),
			Fix:    k.endFix(r, true, "Name all your senders before ~all, and publish the record."),
		})
	case all.Qualifier == "?":
		k.add("spf-all-neutral", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s ends in ?all, which says nothing about forged mail.", r.Domain),
			Fix:    k.endFix(r, false, "End the record in ~all."),
		})
	case all.Qualifier == "~":
		k.softfail(r, slices.Contains(k.own, r))
		return
	}
	k.Decided("spf-all-softfail")
}

// endOfRecord returns the all of a record, nil if it has none, and the directive before its end.
// unread: one of its terms was meant to end it, and is read as another one.
func endOfRecord(r *Record) (all, last *Term, unread bool) {
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind == spf.KindAll && t.Error == "" && t.Ignored == "" {
			return t, last, false
		}
		if t.Kind.Directive() {
			last = t
		}
		if t.Error == "" && t.Kind.Directive() && indexFold(t.parsed.Spec, "redirect=") >= 0 {
			return nil, last, true // its space was typed as another character
		}
		for _, s := range strings.Fields(t.Meant) {
			m := spf.ParseTerm(s)
			if m.Kind == spf.KindAll || m.Kind == spf.KindRedirect {
				return nil, last, true
			}
		}
	}
	return nil, last, false
}

// closeOpen keeps an end that lets everyone pass from coming into force with the repair of a
// record in error: nobody passes by that, and how it ends is said once it is repaired.
func (k *checker) closeOpen(r *Record) {
	if !slices.Contains(k.own, r) {
		return
	}
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Kind == spf.KindAll && t.Ignored == "" && t.Qualifier == "+" {
			p := k.proposal(r)
			p.allAsk = '~'
			p.ask = append(p.ask, otherSenders)
		}
	}
}

// otherSenders is the placeholder for those whom an end let pass that lets everyone.
const otherSenders = "ip4:<the address of each other sender of yours>"

// endFix is the fix for the end of a record, which asks if it lets everyone pass.
func (k *checker) endFix(r *Record, asks bool, summary string) *finding.Fix {
	if !slices.Contains(k.own, r) {
		return advice("Ask the owner of %s to end the record in ~all or -all, or publish a record of your own.", r.Domain)
	}
	p := k.proposal(r)
	nobody := r == k.p.Record && !useful(r.Text) && !k.unread
	switch silent := nobody && (k.c.MX == "null" && !k.c.Signs || k.c.Profile == finding.Parked); {
	case silent && !asks:
		p.all = '-'
		return p.share(false, "End the record in -all: the domain sends no mail.")
	case asks:
		p.allAsk = '~'
		p.ask = append(p.ask, otherSenders)
	case nobody:
		// Who sends for it today is neutral, and would be softfail.
		p.allAsk = '~'
		p.ask = append(p.ask, anySender)
		return p.share(true, "Name all your senders before ~all, and publish the record.")
	default:
		p.all = '~'
	}
	return p.share(asks, "%s", summary)
}

// endless reports a record with neither all nor redirect; last is its last directive.
func (k *checker) endless(r *Record, last *Term) {
	f := finding.Finding{Detail: fmt.Sprintf("The record of %s has neither all nor redirect. What matches no term is neutral, as good as no record.", r.Domain)}
	if x := modifierForAll(r); slices.Contains(k.own, r) && x != nil {
		f.Detail += fmt.Sprintf(" %s was probably meant to be its all.", quote(x.Text))
		f.Fix = k.ask(r, x, "<-all or ~all>", "End the record in -all or ~all.")
	} else if slices.Contains(k.own, r) && last != nil && last.Kind == spf.KindA && last.Value == "" && last.Qualifier != "+" && last.parsed.Bits4 == 32 {
		f.Detail += fmt.Sprintf(" %s at its end was probably meant to be %s.", quote(last.Text), quote(last.Qualifier+"all"))
		f.Fix = k.ask(r, last, "<-all or ~all>", "End the record in -all or ~all.")
	} else if slices.Contains(k.own, r) && k.cutOff(r) {
		x := &r.Terms[len(r.Terms)-1]
		f.Detail += fmt.Sprintf(" %s at its end has no top-level domain that there is: the rest of the record may have been lost where it was published.", quote(x.Text))
		p := k.proposal(r)
		p.wrong(x, rightName(x))
		p.allAsk = '~'
		p.ask = append(p.ask, "<what was lost behind it>")
		f.Fix = p.share(true, "Publish the whole record.")
	} else if pieces := k.pieces(r.Domain); pieces != nil && k.proposal(r).half == "" {
		f.Detail += fmt.Sprintf(" Other TXT records there hold terms alone, which no receiver reads: %s.", enumerate(pieces, 4))
		p := k.proposal(r)
		p.allAsk = '~'
		for _, s := range strings.Fields(strings.Join(pieces, " ")) {
			if !endsPolicy(s) {
				p.ask = append(p.ask, "<"+forPlaceholder(s)+", if it belongs to the record>")
			}
		}
		f.Fix = p.share(true, "Publish the whole record.")
	} else if rest := k.restOf(r); rest != "" {
		f.Detail += fmt.Sprintf(" The TXT record %s there may be the rest of it.", quote(rest))
		p := k.proposal(r)
		p.allAsk, p.astray = '~', true
		p.ask = append(p.ask, "<what "+forPlaceholder(rest)+" belongs to>")
		f.Fix = p.share(true, "Publish the whole record.")
	} else {
		f.Fix = k.endFix(r, false, "End the record in ~all.")
	}
	k.add("spf-all-missing", r, f)
}

// modifierForAll is the modifier that was probably meant to be the all of a record without one: "a=ll";
// nil if there is none.
func modifierForAll(r *Record) (found *Term) {
	for i := range r.Terms {
		switch t := &r.Terms[i]; {
		case t.Error == "" && t.Kind == spf.KindAll:
			return nil
		case t.Error == "" && t.Kind == spf.KindModifier && likeAll(t.Text):
			found = t
		}
	}
	return found
}

// restOf is the text of another TXT record at a domain that ends in an all, which a record without
// one may have been cut from within a term; "" if there is none.
func (k *checker) restOf(r *Record) string {
	if k.p.answers == nil || k.trial {
		return ""
	}
	for _, x := range k.p.answers.get(r.Domain, resolver.TypeTXT).records() {
		fields := strings.Fields(x.Text())
		if len(fields) > 0 && !spf.IsRecord(x.Text()) && len(fields[len(fields)-1]) > len("all") && endsPolicy(fields[len(fields)-1]) {
			return x.Text()
		}
	}
	return ""
}

// pieces are those of the domain; nil if the name is another one.
func (k *checker) pieces(name string) []string {
	if name != k.p.Domain || k.p.answers == nil || k.trial {
		return nil
	}
	o := k.p.answers.get(name, resolver.TypeTXT)
	texts := o.pieces()
	if o.answer != nil {
		for _, r := range o.answer.OfSPF() { // of a loaded zone
			if s := r.Text(); termsAlone(s) && len(texts) < maxNamed {
				texts = append(texts, s)
			}
		}
	}
	return texts
}

// cutOff reports whether a record without an end stops within a name.
func (k *checker) cutOff(r *Record) bool {
	if len(r.Terms) == 0 {
		return false
	}
	t := &r.Terms[len(r.Terms)-1]
	return t.Error == "" && (t.Kind.Directive() || t.Kind == spf.KindRedirect) && t.Value != "" && hostLike(t.Value) && !plausible(t.Value) && !k.vouched(r.Domain, t.Text)
}

// softfail judges ~all: good beside a DMARC policy that enforces, weak without. A
// domain that sends nothing can say so.
func (k *checker) softfail(r *Record, mine bool) {
	f := finding.Finding{}
	nobody := mine && r == k.p.Record && !useful(r.Text) && !k.unread
	switch {
	case mine && k.c.Profile == finding.Parked || nobody && k.c.MX == "null" && !k.c.Signs && len(k.c.Envelopes) == 0:
		p := k.proposal(r)
		f.Title = "SPF ends in ~all (softfail) on a domain that sends no mail"
		f.Detail = fmt.Sprintf("The record of %s ends in ~all, though the domain sends no mail. Softfail asks receivers to take forged mail all the same.", r.Domain)
		if nobody {
			p.all = '-'
			f.Fix = p.share(false, "End the record in -all: the domain sends no mail.")
		} else {
			f.Fix = advice("Publish v=spf1 -all if the domain sends no mail: the record names senders.")
		}
	case r == k.p.Record && k.c.Service != "" && ofService(r, k.c.Service):
		k.Decided("spf-all-softfail")
		return
	case k.c.DMARCEnforces == nil:
		f.Severity = finding.Info
		f.Title = "SPF ends in ~all (softfail)"
		f.Detail = fmt.Sprintf("The record of %s ends in ~all. That is the better end beside a DMARC policy of quarantine or reject; without one, receivers hardly act on it.", r.Domain)
	case *k.c.DMARCEnforces:
		k.Decided("spf-all-softfail")
		return
	default:
		f.Detail = fmt.Sprintf("The record of %s ends in ~all, and no DMARC policy of quarantine or reject stands beside it. Receivers hardly act on softfail alone.", r.Domain)
		f.Fix = advice("Publish a DMARC policy of quarantine or reject; ~all can stay then.")
		if nobody {
			f.Fix = advice("Publish v=spf1 -all if the domain sends no mail, or a DMARC policy of quarantine or reject.")
		}
	}
	k.add("spf-all-softfail", r, f)
}

// ofService reports whether a record at the return path of a service ends as the service has
// it: the name is an alias, or all that the record has is the include that its customers publish.
func ofService(r *Record, service string) bool {
	if len(r.Evidence.CNAMEs) > 0 {
		return true
	}
	s := (*provider.Service)(nil)
	for i := range r.Terms {
		switch t := &r.Terms[i]; {
		case t.Kind == spf.KindAll:
		case t.Kind != spf.KindInclude || s != nil:
			return false
		default:
			s = provider.Builtin().OfSPF(t.Target)
		}
	}
	return s != nil && s.Name == service
}
