package mailhost

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/hint"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// addresses judges the names of the sending addresses.
func (j *judge) addresses() {
	if j.addressesUnknown {
		j.Undecided("ptr-missing", "ptr-unconfirmed", "ptr-generic")
	}
	var noPTR, noForward []string
	var noPTREvidence, noForwardEvidence []finding.Evidence
	for i := range j.facts.Addresses {
		a := &j.facts.Addresses[i]
		switch {
		case a.NotPublic != "":
			continue
		case a.PTR == Unknown:
			j.Undecided("ptr-missing", "ptr-unconfirmed", "ptr-generic")
			noPTR = append(noPTR, a.Addr.String())
			noPTREvidence = append(noPTREvidence, a.Evidence...)
			continue
		case a.PTR == Absent:
			j.Add("ptr-missing", finding.Finding{Subject: a.Addr.String(), Evidence: a.Evidence,
				Detail: fmt.Sprintf("%s has no PTR record: nothing at %s.", a.Addr, resolver.ReverseName(a.Addr)),
				Fix:    j.namePTR(a)})
			continue
		}
		j.Decided("ptr-missing", "ptr-generic")
		j.generic(a)
		if a.NamesLeftOut > 0 || slices.ContainsFunc(a.Names, func(n ReverseName) bool { return n.Confirmed == Unknown }) {
			j.Undecided("ptr-unconfirmed")
		}
		if a.Confirmed() == Unknown {
			noForward = append(noForward, a.Addr.String())
			noForwardEvidence = append(noForwardEvidence, a.evidence()...)
			continue
		}
		j.Decided("ptr-unconfirmed")
		j.unconfirmed(a)
	}
	if len(noPTR) > 0 {
		j.unresolved("PTR lookup failed: result unknown", named(noPTR),
			fmt.Sprintf("The question for the PTR record of %s was not answered.", named(noPTR)), finding.Error, noPTREvidence)
	}
	if len(noForward) > 0 {
		j.unresolved("A/AAAA lookup of a PTR name failed: result unknown", named(noForward),
			fmt.Sprintf("The names in the PTR records of %s could not be looked up.", named(noForward)), finding.Error, noForwardEvidence)
	}
}

// evidence is all that was asked about the address.
func (a *Address) evidence() []finding.Evidence {
	out := slices.Clone(a.Evidence)
	for _, n := range a.Names {
		out = append(out, n.Evidence...)
	}
	return out[:min(len(out), maxEvidence)]
}

// owner is where the PTR record of the address is to stand: behind the alias that its
// provider made, if there is one (RFC 2317).
func (a *Address) owner() string {
	for i := range a.Evidence {
		if c := a.Evidence[i].CNAMEs; len(c) > 0 {
			return c[len(c)-1]
		}
	}
	return resolver.ReverseName(a.Addr)
}

// unconfirmed judges the names that do not lead back.
func (j *judge) unconfirmed(a *Address) {
	var astray []string
	for _, n := range a.Names {
		if n.Confirmed == Absent {
			leads := "has no address"
			if len(n.Resolved) > 0 {
				leads = "has " + addrList(n.Resolved)
			}
			astray = append(astray, show.Cut(n.Name, maxShown)+" "+leads)
		}
	}
	if len(astray) == 0 {
		return
	}
	f := finding.Finding{Subject: a.Addr.String(), Evidence: a.evidence(),
		Detail: fmt.Sprintf("The PTR record of %s names a host that does not have this address: %s.", a.Addr, named(astray))}
	if a.Confirmed() == Present {
		f.Severity = finding.Notice
		f.Title = "Some PTR names of a sending IP have no matching A/AAAA record"
		f.Detail = fmt.Sprintf("%s has %d PTR records, and not all lead back to it: %s. One is enough (RFC 8601, 3), but a receiver may look at any one of them.", a.Addr, len(a.Names)+a.NamesLeftOut, named(astray))
		f.Fix = &finding.Fix{Summary: "Have the PTR records that do not lead back removed."}
		for _, n := range a.Names {
			if n.Confirmed == Absent {
				f.Fix.Remove = append(f.Fix.Remove, finding.Record{Name: a.owner(), Type: "PTR", Value: n.Name})
			}
		}
	} else {
		f.Fix = j.forwardOrPTR(a)
	}
	j.Add("ptr-unconfirmed", f)
}

// forwardOrPTR publishes the address at the name if the name is the domain's own and
// has no address: if it has another one, something else answers there. Else it
// changes the PTR record.
func (j *judge) forwardOrPTR(a *Address) *finding.Fix {
	if j.facts.Domain != nil {
		own := j.facts.Domain.Authority.Organizational
		for _, n := range a.Names {
			if known := j.hostOf(a.Addr); known != "" && (hint.Distance(known, n.Name) <= 2 || strings.HasPrefix(n.Name, known+".")) {
				break // the PTR record is mistyped, or a zone's name was added: that is no other host
			}
			if oddCharacter(n.Name) == "" && resolver.Within(n.Name, own) && len(n.Resolved) == 0 && !slices.ContainsFunc(n.Evidence, func(e finding.Evidence) bool { return len(e.CNAMEs) > 0 }) {
				return &finding.Fix{Summary: fmt.Sprintf("Publish the address %s at %s.", a.Addr, n.Name), Name: n.Name,
					Type: forwardType(a.Addr).String(), Value: a.Addr.String()}
			}
		}
	}
	return j.namePTR(a)
}

// generic judges names that look generated: one that does not is enough.
func (j *judge) generic(a *Address) {
	var why []string
	for _, n := range a.Names {
		switch {
		case endsInNumber(n.Name):
			j.Undecided("ptr-generic") // it is no name at all
			return
		case n.Generic == "":
			return
		}
		why = append(why, fmt.Sprintf("%s: %s", show.Cut(n.Name, maxShown), n.Generic))
	}
	switch {
	case len(why) == 0:
		return
	case a.NamesLeftOut > 0:
		j.Undecided("ptr-generic")
		return
	}
	j.Add("ptr-generic", finding.Finding{Subject: a.Addr.String(), Evidence: a.Evidence,
		Detail: fmt.Sprintf("The name of %s looks as if its provider had generated it, as for home connections (%s).", a.Addr, named(why)),
		Fix:    j.namePTR(a)})
}

// namePTR is the PTR record that the address should have: the name of a host that
// has the address already. If none is known, its owner must say which.
func (j *judge) namePTR(a *Address) *finding.Fix {
	fix := &finding.Fix{Name: a.owner(), Type: "PTR", Value: j.hostOf(a.Addr)}
	for _, n := range a.Names {
		fix.Remove = append(fix.Remove, finding.Record{Name: fix.Name, Type: "PTR", Value: n.Name})
	}
	fix.Summary = fmt.Sprintf("Ask the provider of %s to set its PTR record to %s.", a.Addr, fix.Value)
	if fix.Value == "" {
		fix.Value = fmt.Sprintf("<the name of the host %s>", a.Addr)
		fix.More = []finding.Record{{Name: fix.Value, Type: forwardType(a.Addr).String(), Value: a.Addr.String()}}
		fix.Summary = fmt.Sprintf("Ask the provider of %s to set its PTR record to the host's name, and publish the address there.", a.Addr)
	}
	return fix
}

// hostOf is a name that leads to the address: that of a HELO, or of an MX host.
func (j *judge) hostOf(addr netip.Addr) string {
	for _, h := range j.facts.HELO {
		if !h.Literal && slices.Contains(h.Addresses, addr) {
			return h.Name
		}
	}
	if j.facts.Domain != nil {
		for _, e := range j.facts.Domain.Exchanges {
			if e.isHost() && len(e.CNAMEs) == 0 && slices.Contains(e.Addresses, addr) {
				return e.Name
			}
		}
	}
	return ""
}

// helo judges the names that the sending hosts greet with.
func (j *judge) helo() {
	for i := range j.facts.HELO {
		h := &j.facts.HELO[i]
		if h.Literal {
			j.Add("helo-unresolvable", finding.Finding{Subject: h.Name, Title: "HELO/EHLO is an IP literal, not a host name",
				Detail: fmt.Sprintf("The host greets with the address %s. That is legal for a host without a name, but many receivers reject it.", h.Name),
				Fix:    &finding.Fix{Summary: "Greet with the full name of the host, the one in its PTR record."}})
			continue
		}
		switch h.Resolves {
		case Absent:
			j.Add("helo-unresolvable", finding.Finding{Subject: h.Name, Evidence: h.Evidence,
				Detail: fmt.Sprintf("The host greets with %s, which has neither an A nor an AAAA record.", h.Name), Fix: j.heloFix(h)})
		case Unknown:
			j.Undecided("helo-unresolvable")
			j.unresolved("A/AAAA lookup of the HELO/EHLO name failed: result unknown", h.Name,
				fmt.Sprintf("The addresses of %s are not known: the questions were not answered.", h.Name), finding.Warning, h.Evidence)
		default:
			j.Decided("helo-unresolvable")
		}
		j.heloMismatch(h)
	}
}

// heloFix publishes at the HELO name the address whose PTR record names it already;
// else its owner must say which address the host has.
func (j *judge) heloFix(h *HELO) *finding.Fix {
	fix := &finding.Fix{Summary: fmt.Sprintf("Publish the address of the sending host at %s.", h.Name)}
	if j.facts.Domain == nil || !resolver.Within(h.Name, j.facts.Domain.Authority.Organizational) || len(h.CNAMEs) > 0 {
		return fix
	}
	fix.Name, fix.Type, fix.Value = h.Name, "A", fmt.Sprintf("<the address of the host that greets with %s>", h.Name)
	for i := range j.facts.Addresses {
		a := &j.facts.Addresses[i]
		if slices.ContainsFunc(a.Names, func(n ReverseName) bool { return n.Name == h.Name }) {
			fix.Type, fix.Value = forwardType(a.Addr).String(), a.Addr.String()
			break
		}
	}
	return fix
}

// heloMismatch compares a HELO name with the PTR names of the sending addresses.
func (j *judge) heloMismatch(h *HELO) {
	var names []string
	var evidence, unanswered []finding.Evidence
	for i := range j.facts.Addresses {
		a := &j.facts.Addresses[i]
		if a.PTR == Unknown || a.NamesLeftOut > 0 {
			unanswered = append(unanswered, a.Evidence...)
		}
		for _, n := range a.Names {
			if n.Name == h.Name {
				j.Decided("helo-mismatch")
				return
			}
			if !slices.Contains(names, n.Name) {
				names = append(names, n.Name)
			}
		}
		if len(evidence) < maxEvidence {
			evidence = append(evidence, a.Evidence...)
		}
	}
	switch {
	case len(unanswered) > 0 || j.addressesUnknown && len(names) > 0:
		if len(unanswered) == 0 {
			unanswered = evidence
		}
		j.Undecided("helo-mismatch")
		j.unresolved("PTR lookup failed: not known whether the HELO/EHLO name matches", h.Name,
			fmt.Sprintf("%s is in no PTR record that was found, and not all were.", h.Name), finding.Warning, unanswered)
	case len(names) > 0:
		j.Add("helo-mismatch", finding.Finding{Subject: h.Name, Evidence: evidence,
			Detail: fmt.Sprintf("The host greets with %s, but the PTR records of the sending addresses name %s.", h.Name, named(names)),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Greet with the name in the PTR record, or have the record name %s.", h.Name)}})
	}
}
