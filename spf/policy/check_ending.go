package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
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
	mine := slices.Contains(k.own, r)
	if pr := k.proposal(k.p.Record); pr.broken && pr.parts != nil {
		// Nobody passes by a record in error: how it ends is said once it is repaired.
		// An end that lets everyone pass must not come into force with that.
		for i := range r.Terms {
			if t := &r.Terms[i]; mine && t.Kind == spf.KindAll && t.Ignored == "" && t.Qualifier == "+" {
				p := k.proposal(r)
				p.allAsk = '~'
				p.ask = append(p.ask, "ip4:<the address of each other sender of yours>")
			}
		}
		return
	}
	fix := func(asks bool, format string) *finding.Fix {
		if !mine {
			return advice("Ask the owner of %s to end the record in ~all or -all, or publish a record of your own.", r.Domain)
		}
		p := k.proposal(r)
		nobody := r == k.p.Record && !useful(r.Text) && !k.unread
		switch silent := nobody && (k.c.MX == "null" || k.c.Profile == finding.Parked); {
		case silent && !asks:
			p.all = '-'
			return p.share(false, "End the record in -all: the domain sends no mail.")
		case asks:
			p.allAsk = '~'
			p.ask = append(p.ask, "ip4:<the address of each other sender of yours>")
		case nobody:
			// Who sends for it today is neutral, and would be softfail.
			p.allAsk = '~'
			p.ask = append(p.ask, anySender)
			return p.share(true, "Name all your senders before ~all, and publish the record.")
		default:
			p.all = '~'
		}
		return p.share(asks, "%s", format)
	}
	var all, last *Term
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind == spf.KindAll && t.Error == "" && t.Ignored == "" {
			all = t
			break
		}
		if t.Kind.Directive() {
			last = t
		}
		for _, s := range strings.Fields(t.Meant) {
			m := spf.ParseTerm(s)
			if m.Kind == spf.KindAll || m.Kind == spf.KindRedirect {
				return // it is there, and cannot be read: that is said
			}
		}
	}
	if all == nil {
		if k.unread {
			return // what cannot be read may have been it
		}
		f := finding.Finding{Detail: fmt.Sprintf("The record of %s has neither all nor redirect. What matches no term is neutral, as good as no record.", r.Domain)}
		if mine && last != nil && last.Kind == spf.KindA && last.Value == "" && last.Qualifier != "+" && last.parsed.Bits4 == 32 {
			f.Detail += fmt.Sprintf(" %s at its end was probably meant to be %s.", quote(last.Text), quote(last.Qualifier+"all"))
			f.Fix = k.ask(r, last, "<-all or ~all>", "End the record in -all or ~all.")
		} else {
			f.Fix = fix(false, "End the record in ~all.")
		}
		k.add("spf-all-missing", r, f)
		k.Decided("spf-all-softfail")
		return
	}
	switch all.Qualifier {
	case "+":
		k.add("spf-all-pass", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s has %s: every address in the world may send in the name of %s and pass SPF.", r.Domain, quote(all.Text), k.p.Domain),
			Fix:    fix(true, "Name all your senders before ~all, and publish the record."),
		})
	case "?":
		k.add("spf-all-neutral", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s ends in ?all, which says nothing about forged mail.", r.Domain),
			Fix:    fix(false, "End the record in ~all."),
		})
	case "~":
		k.softfail(r, mine)
		return
	}
	k.Decided("spf-all-softfail")
}

// softfail judges ~all: good beside a DMARC policy that enforces, weak without. A
// domain that sends nothing can say so.
func (k *checker) softfail(r *Record, mine bool) {
	f := finding.Finding{}
	nobody := mine && r == k.p.Record && !useful(r.Text) && !k.unread
	switch {
	case mine && k.c.Profile == finding.Parked || nobody && k.c.MX == "null":
		p := k.proposal(r)
		f.Title = "SPF ends in ~all (softfail) on a domain that sends no mail"
		f.Detail = fmt.Sprintf("The record of %s ends in ~all, though the domain sends no mail. Softfail asks receivers to take forged mail all the same.", r.Domain)
		if nobody {
			p.all = '-'
			f.Fix = p.share(false, "End the record in -all: the domain sends no mail.")
		} else {
			f.Fix = advice("Publish v=spf1 -all if the domain sends no mail: the record names senders.")
		}
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
