package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

func (k *checker) tooManyHosts(r *Record, t *Term) {
	f := finding.Finding{
		Subject:  t.Target,
		Detail:   fmt.Sprintf("%s in the record of %s has more than ten hosts. A receiver that comes to the term answers permerror.%s", quote(t.Text), r.Domain, k.chain(r)),
		Evidence: t.Evidence[:1],
	}
	f.Fix = k.tell(r)
	if k.mine(r) {
		pr := k.proposal(r)
		var terms []string
		for _, p := range setOf(t.Prefixes...).prefixes() {
			terms = append(terms, prefixTerm(p))
		}
		// The hosts of somebody else may change: a copy of them grows stale.
		if asks := t.Qualifier != "+" || !t.within(k.p.Domain) || len(terms) > 16 || len(t.Hosts) >= 2*spf.MaxHosts || unknownHost(t); asks {
			pr.replace(t, true, "ip4:<the address of each MX host that sends>")
			f.Fix = pr.share(true, "Name the addresses of the hosts that send mail.")
		} else {
			pr.replace(t, false, terms...)
			f.Fix = pr.share(false, "Publish the record with the addresses of the hosts; keep those that send mail.")
		}
	}
	k.Add("spf-too-many-mx", f)
}

func (k *checker) mxVoid(r *Record, t *Term) {
	if k.c.MXMended && t.Void && t.Target == k.p.Domain {
		k.Undecided("spf-mx-void") // the MX records come, and with them what the term stands for
		return
	}
	what := "has no MX record: a void lookup, of which two are allowed"
	if t.NullMX {
		what = "has a null MX: it takes no mail"
	}
	var fix *finding.Fix
	evidence := t.Evidence
	host, own, shown := k.hostOf(t)
	switch {
	case host != "" && own:
		what += fmt.Sprintf(". It is a host with addresses: probably meant is %s", quote(host))
		p := k.proposal(r)
		p.replace(t, false, host)
		fix, evidence = p.share(false, "Name the host by a in place of mx, or leave the term out if it does not send."), append(slices.Clip(evidence), shown...)
	case host != "":
		what += fmt.Sprintf(". It is a host with addresses: if it sends for %s, %s is meant", r.Domain, quote(host))
		p := k.proposal(r)
		p.wrong(t, "<"+forPlaceholder(host)+", if it sends for you>")
		fix, evidence = p.share(true, "Name the host by a in place of mx if it sends for you; if not, publish the record without the term."), append(slices.Clip(evidence), shown...)
	case t.NullMX && useful(withoutTerm(r, t)):
		fix = k.drop(r, t, "Publish the record without the term.")
	default:
		p := k.proposal(r)
		if t.NullMX {
			p.replace(t, true, anySender)
		} else {
			p.wrong(t, anySender)
		}
		fix = p.share(true, "Name the servers that send, in place of mx; if none does, publish the record without it.")
	}
	k.add("spf-mx-void", r, finding.Finding{
		Detail:   fmt.Sprintf("%s in the record of %s authorises the mail exchangers of %s, which %s.", quote(t.Text), r.Domain, t.Target, what),
		Evidence: evidence,
		Fix:      fix,
	})
}

// hostOf returns the a term for the host that an mx term names in place of a mail domain: it
// has addresses, and no MX. Own says that it is a host of the domain's own that may well
// send by its name, so that the owner who wrote that meant its addresses; a web server need
// not, and another name may be a mail domain whose MX is missing.
func (k *checker) hostOf(t *Term) (term string, own bool, evidence []finding.Evidence) {
	if t.NullMX || !t.Void || t.Qualifier != "+" || t.Status != StatusNone || t.Target == k.p.Domain || t.parsed.Spec == "" || t.parsed.Macros || k.p.answers == nil {
		return "", false, nil
	}
	public := true
	for _, typ := range [...]resolver.Type{resolver.TypeA, resolver.TypeAAAA} {
		records := k.p.answers.get(t.Target, typ).records()
		if len(records) > 0 {
			evidence = append(evidence, k.p.answers.evidence(t.Target, typ))
		}
		for i := range records {
			public = public && routable(records[i].Addr)
		}
	}
	if evidence == nil || !public {
		return "", false, nil
	}
	first, _, _ := strings.Cut(t.Target, ".")
	own = registrable(t.Target) != "" && registrable(t.Target) == registrable(k.p.Domain) && t.Target != registrable(t.Target) && ofMailHost(first) && t.parsed.Bits4 == 32 && t.parsed.Bits6 == 128
	return "a" + t.Text[strings.IndexByte(t.Text, ':'):], own, evidence
}

// ofMailHost reports whether a label is one of the usual ones of hosts that send mail, with or
// without a number: mx1, mail-2.
func ofMailHost(label string) bool {
	word := strings.TrimRight(label, "0123456789-_")
	return word == "outbound" || slices.Contains(senderWords, word)
}
