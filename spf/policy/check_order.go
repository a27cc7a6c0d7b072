package policy

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// order reports terms that nobody reads.
func (k *checker) order(r *Record) {
	var after, moved []string
	var redirect *Term
	astray := ""
	p := k.proposal(r)
	varies := slices.ContainsFunc(r.Terms, func(t Term) bool { return (t.parsed.Macros || t.Kind == spf.KindPTR) && t.Ignored == "" })
	for i := range r.Terms {
		t := &r.Terms[i]
		switch t.Ignored {
		case "after_all":
			after = append(after, t.Text)
			p.move = true
			switch {
			case !p.moves(t):
			case t.Kind == spf.KindPTR:
				p.wrong(t, sendersOf(t)) // before all it would be a fault of its own
				moved = append(moved, t.Text)
			case t.parsed.Prefix.IsValid() && len(addresses{{t.parsed.Prefix.Addr(), t.parsed.Prefix.Addr()}}.minus(unroutable)) == 0:
				p.wrong(t, string(t.Kind)+":<the public address of the host behind "+forPlaceholder(t.Value)+">")
				moved = append(moved, t.Text)
			case varies && (t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindExists && !t.parsed.Macros) && k.stands(r.Domain, t.parsed).absent():
				// How many void lookups go before it, only the client tells.
				p.wrong(t, sendersOf(t))
				moved = append(moved, t.Text)
			case k.nowhere(r.Domain, t.Text):
				// Before all, a name that leads nowhere would be a permerror, or a void lookup.
				p.wrong(t, rightName(t))
				moved, astray = append(moved, t.Text), ", with the right name for what leads nowhere"
			default:
				moved = append(moved, t.Text)
			}
		case "redirect_with_all":
			redirect = t
		}
	}
	if len(after) > 0 && !p.broken {
		what := fmt.Sprintf("Move %s before all, if these senders are yours%s; else remove what stands behind all.", enumerate(moved, 5), astray)
		if len(moved) == 0 {
			what = "Remove what stands behind all."
		}
		second := ""
		if slices.ContainsFunc(r.Terms, func(t Term) bool { return t.Kind == spf.KindModifier && ascii.EqualFold(t.parsed.Name(), "v") }) {
			second = " The second " + spf.Version + " begins no record: two were put into one."
		}
		k.add("spf-terms-after-all", r, finding.Finding{
			Detail: fmt.Sprintf("In the record of %s %s behind all, where no receiver reads on: %s.%s", r.Domain, stands(len(after), "term"), enumerate(after, 10), second),
			Fix:    p.share(false, "%s", what),
		})
	}
	if redirect != nil && p.broken {
		k.unredirected(r, redirect) // its all, or a space, may be the slip: whether its senders are meant is asked
	} else if redirect != nil {
		k.add("spf-redirect-with-all", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s has both all and %s. With all anywhere in a record its redirect is ignored.", r.Domain, quote(redirect.Text)),
			Fix:    k.unredirected(r, redirect),
		})
	}
}

// unredirected is the fix for a redirect beside all: the record without it, if its senders are
// there already or the DNS has none for it. Else whether they are the domain's is asked: whoever
// wrote both may have meant them to pass.
func (k *checker) unredirected(r *Record, redirect *Term) *finding.Fix {
	p := k.proposal(r)
	name, _, ok := redirect.parsed.Target(r.Domain, k.p.Domain)
	held := slices.ContainsFunc(r.Terms, func(t Term) bool {
		return t.Kind == spf.KindInclude && t.Qualifier == "+" && t.Ignored == "" && ok && t.Target == name
	})
	held = held || ok && k.p.answers.get(name, resolver.TypeTXT).recordStatus().absent()
	all := slices.IndexFunc(r.Terms, func(t Term) bool { return t.Kind == spf.KindAll && t.Error == "" && t.Ignored == "" })
	switch {
	case held && useful(withoutTerm(r, redirect)):
		return p.shareSure("Publish the record without the redirect", "; its policy does not change")
	case all < 0 || r.Terms[all].Qualifier == "+":
		return advice("Publish the record without the redirect, or without all.")
	}
	p.ask = append(p.ask, "<include:"+forPlaceholder(redirect.Value)+", if its senders are yours>")
	p.astray = true // what else is proposed for the record has to ask as well
	return p.share(true, "Include what the redirect names if its senders are yours; else publish the record without it.")
}

// stands is "1 term stands" and "2 terms stand".
func stands(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " stands"
	}
	return fmt.Sprintf("%d %ss stand", n, noun)
}
