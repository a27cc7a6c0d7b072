package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/spf"
)

// senders judges the addresses that send for the domain.
func (k *checker) senders() {
	var failed, undecided []spf.Evaluation
	unknown := len(k.c.Evaluations) == 0
	for _, e := range k.c.Evaluations {
		if e.Domain != k.p.Domain || e.Identity == "helo" {
			continue
		}
		switch e.Result {
		case spf.Pass:
		case spf.Unknown:
			unknown = true
			undecided = append(undecided, e)
		case spf.TempError:
			unknown = true
			f := finding.Finding{
				Subject:  e.IP.String(),
				Detail:   fmt.Sprintf("Whether %s may send for %s is not known: the evaluation ends in temperror (%s).", e.IP, e.Domain, quotable(e.Error)),
				Evidence: []finding.Evidence{k.p.Record.Evidence}, CouldBe: finding.Critical,
			}
			if e.Bounded {
				f.Title = "SPF evaluation not finished: result unknown"
				f.Detail = fmt.Sprintf("Whether %s may send for %s is not known: the evaluation was %s.", e.IP, e.Domain, e.Error)
			}
			k.Add("spf-unresolved", f)
		default:
			failed = append(failed, e)
		}
	}
	if !unknown {
		k.Decided("spf-ip-not-authorized")
	}
	for _, e := range undecided {
		k.Add("spf-unresolved", finding.Finding{
			Subject: e.IP.String(), Title: "SPF result depends on the sender or HELO (not stated)",
			Detail:   fmt.Sprintf("Whether %s may send for %s is not known: %s.", e.IP, e.Domain, e.Error),
			Evidence: append([]finding.Evidence{k.p.Record.Evidence}, notStated(e)...), CouldBe: finding.Critical, Fix: advice("State it: %s.", wanted(e)),
		})
	}
	k.doubtful()
	if len(failed) == 0 {
		return
	}
	fix := k.authorise(failed)
	for _, e := range failed {
		detail := fmt.Sprintf("%s gets %s for %s: ", e.IP, e.Result, e.Domain)
		switch {
		case e.Error != "":
			detail += quotable(e.Error) + "."
		case e.Matched != "":
			detail += fmt.Sprintf("it matches %s in the record of %s.", quote(e.Matched), e.MatchedIn)
		default:
			detail += "no term matches."
		}
		detail += k.holder(e)
		k.Add("spf-ip-not-authorized", finding.Finding{Subject: e.IP.String(), Detail: detail,
			Evidence: []finding.Evidence{k.p.Record.Evidence}, Fix: fix})
	}
}

// doubtful says of addresses that may send that they fail: nobody stated them, so that it
// is a question to the owner, and a warning only if the record lets nobody send at all.
func (k *checker) doubtful() {
	if len(k.c.Doubtful) == 0 {
		return // of most domains: what the record means need not be read for it
	}
	nobody := k.p.NamesNobody()
	for _, e := range k.c.Doubtful {
		f := finding.Finding{Severity: finding.Notice, Subject: e.IP.String(), Title: "SPF does not authorise an address of the mail host",
			Detail:   fmt.Sprintf("%s gets %s for %s, and another address of the same mail host passes. Mail that leaves by it fails SPF.", e.IP, e.Result, e.Domain),
			Evidence: []finding.Evidence{k.p.Record.Evidence}, Fix: advice("If mail leaves by %s, add %s to the record.", e.IP, addressTerm(e))}
		if nobody {
			f.Severity, f.Title = finding.Warning, "SPF authorises no address, and the domain seems to send"
			f.Detail = fmt.Sprintf("No term of the record of %s lets an address pass, so %s gets %s, as any other does.", e.Domain, e.IP, e.Result)
			f.Fix = advice("If mail leaves by %s, put %s at the start of the record. If the domain sends nothing, publish v=spf1 -all.", e.IP, addressTerm(e))
		}
		k.Add("spf-ip-not-authorized", f)
	}
}

// authorise changes the proposal so that the addresses of some evaluations pass. It is
// evaluated for each of them; if nothing works, the error must go first.
func (k *checker) authorise(failed []spf.Evaluation) *finding.Fix {
	r := k.p.Record
	p := k.proposal(r)
	var terms []string
	inError := false
	outside := make([]spf.Evaluation, 0, len(failed))
	for _, e := range failed {
		if routable(e.IP) {
			outside = append(outside, e)
			continue
		}
		p.ask, p.astray = append(p.ask, "ip4:<the public address of the host behind "+e.IP.String()+">"), true
	}
	if failed = outside; len(failed) == 0 {
		return p.share(true, "Publish the record with the address that the host has on the internet: no receiver sees one of an inner network.")
	}
	for _, e := range failed {
		inError = inError || e.Result == spf.PermError
		if t := addressTerm(e); t != "" && !slices.Contains(terms, t) {
			terms = append(terms, t)
		}
	}
	named := strings.Join(terms[:min(len(terms), 5)], " ")
	p.spell = families{p.spell.v4 || k.p.VoidsIPv4 > spf.MaxVoidLookups, p.spell.v6 || k.p.VoidsIPv6 > spf.MaxVoidLookups}
	passes := func(x spf.Evaluation) bool {
		text := p.text(false)
		// Whatever the client says of itself: who it is was found out for one HELO name and
		// one sender at most.
		return k.p.tryAgain(r.Domain, text, x, spf.Assumed{HELO: true, LocalPart: true}).Result == spf.Pass
	}
	var missing []string // of those that do not pass by the rest of the proposal
	for _, e := range failed {
		if t := addressTerm(e); !passes(e) && !slices.Contains(missing, t) {
			missing = append(missing, t)
		}
	}
	if len(missing) == 0 {
		return p.share(false, "Publish the record without what keeps %s from a pass, which is a finding of its own.", named)
	}
	for _, first := range []bool{false, true} {
		p.add, p.first = missing, nil
		if first {
			p.add, p.first = nil, missing
		}
		if slices.ContainsFunc(failed, func(x spf.Evaluation) bool { return !passes(x) }) {
			continue
		}
		switch {
		case first && inError:
			return p.share(false, "Publish the record with %s at its start, and repair what ends in permerror behind it: it is a finding of its own.", named)
		case first:
			return p.share(false, "Publish the record with %s at its start.", named)
		case inError:
			return p.share(false, "Publish the record with %s and without what ends in permerror, which is a finding of its own.", named)
		}
		return p.share(false, "Publish the record with %s.", named)
	}
	p.add, p.first = nil, nil
	return advice("Repair the error first; it is a finding of its own. Then the address may pass, or needs to be added.")
}

// holder says which term of the tree holds an address that does not pass, and why
// it does not help.
func (k *checker) holder(e spf.Evaluation) string {
	out := ""
	k.p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if out != "" || t.Error != "" || t.Kind == spf.KindAll {
				continue
			}
			match := t.match
			if t.Kind == spf.KindIP4 || t.Kind == spf.KindIP6 {
				match = setOf(t.parsed.Prefix)
			}
			if t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect || !match.contains(e.IP) {
				continue
			}
			reason := "but the evaluation ends before it"
			switch {
			case t.Ignored != "":
				reason = "but stands behind all, where nobody reads it"
			case e.Matched == t.Text && e.MatchedIn == r.Domain:
				continue
			case t.Qualifier != "+":
				reason = "and its sign " + t.Qualifier + " excludes it"
			case e.Matched != "":
				reason = "but another term comes first"
			}
			out = fmt.Sprintf(" %s in the record of %s holds the address, %s.", quote(t.Text), r.Domain, reason)
		}
	})
	return out
}

// wanted says what to state.
func wanted(e spf.Evaluation) string {
	var out []string
	for _, l := range e.Unstated {
		s := "the address of MAIL FROM, by --mail-from"
		if l == "h" {
			s = "the name that the host gives with HELO, by --helo"
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// notStated shows what was not stated as evidence.
func notStated(e spf.Evaluation) []finding.Evidence {
	var out []finding.Evidence
	for _, l := range e.Unstated {
		out = append(out, finding.Evidence{Name: "%{" + l + "}", Type: "macro", Status: finding.NotStated})
	}
	return out
}
