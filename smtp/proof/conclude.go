package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
)

// conclude makes one outcome of the aspects.
func (j *judgement) conclude(out *Proof) {
	var bad, good, unknown, unasked []aspect
	for _, p := range j.aspects {
		switch p.state {
		case shown:
			bad = append(bad, p)
		case right:
			good = append(good, p)
		case open:
			unknown = append(unknown, p)
		default:
			unasked = append(unasked, p)
		}
	}
	var findings []finding.Finding
	for _, p := range bad {
		for _, f := range p.findings {
			if !slices.ContainsFunc(findings, func(o finding.Finding) bool { return o.Check == f.Check && o.Subject == f.Subject }) {
				findings = append(findings, f)
			}
		}
	}
	assumed := ""
	if id := &j.request.Identities; id.EnvelopeAssumed && slices.Contains(j.request.Proofs, reply.ProofSPF) {
		assumed = fmt.Sprintf(" The envelope domain is not stated and was taken to be %s (--mail-from states it).", id.Envelope)
	}
	switch passes := j.sufficed(); {
	case passes != "" && !j.plan.vague:
		out.Outcome = RuledOut
		out.Why = passes + " " + changed
	case len(bad) > 0 && j.plan.vague:
		out.Outcome, out.Findings = Unknown, findings
		out.Why = "The text does not name the cause. The DNS shows what receivers refuse mail for: " + sentences(bad)
	case len(bad) > 0:
		out.Outcome, out.Findings = Proved, findings
		out.Why = sentences(bad)
		if len(good) > 0 && len(good) <= 2 {
			out.Why += " " + sentences(good)
		}
	case len(unknown) > 0 || len(j.plan.missing) > 0 && len(good)+len(unasked) == 0:
		out.Outcome = Unknown
		out.Why = strings.TrimSpace(sentences(unknown) + " " + j.rest())
	case len(good) == 0 && len(unasked) > 0:
		out.Outcome, out.Why = NotRun, "It was not asked (--offline): "+sentences(unasked)
	case len(good) == 0:
		out.Outcome, out.Why = Unknown, strings.TrimSpace("Nothing could be looked at. "+j.rest())
	case len(j.plan.missing) > 0 || len(unasked) > 0:
		// Some of it is right; the cause may be in the rest.
		out.Outcome = Unknown
		out.Why = strings.TrimSpace(sentences(good) + " " + sentences(unasked) + " " + j.rest())
	default:
		out.Outcome = RuledOut
		out.Why = sentences(good) + " " + changed
	}
	out.Why = strings.TrimSpace(out.Why) + assumed
	if out.Findings == nil {
		out.Findings = []finding.Finding{}
	}
}

const changed = "The DNS is right now: it has changed since, or the receiver saw another answer."

// rest names what was not known to begin with.
func (j *judgement) rest() string {
	if text := stateText(j.plan.missing); text != "" {
		return "Something is not known. " + text
	}
	return ""
}

// sufficed says which of SPF and DKIM would have been enough and passes; "" if none
// does, or if that is not how the receiver judges.
func (j *judgement) sufficed() string {
	if j.plan.mode != either && j.plan.mode != aligned {
		return ""
	}
	// A domain without a policy, or with one that is invalid, is refused for that.
	for _, p := range j.aspects {
		if p.proof == reply.ProofDMARC && slices.ContainsFunc(p.findings, func(f finding.Finding) bool { return f.Check == "dmarc-record-missing" }) &&
			strings.Contains(strings.ToLower(j.request.Text), "dmarc") && j.plan.mode == aligned {
			return ""
		}
	}
	for _, p := range j.aspects {
		if p.proof != reply.ProofSPF || p.state != right {
			continue
		}
		switch id := &j.request.Identities; {
		case j.plan.mode == either || id.Author == "":
			return p.why
		case id.Author == id.Envelope || slices.Contains(j.aligned, id.Envelope):
			return p.why + " It is aligned with " + id.Author + "."
		}
	}
	return ""
}

// sentences joins what the aspects say, each once.
func sentences(aspects []aspect) string {
	var out []string
	for _, p := range aspects {
		if p.why != "" && !slices.Contains(out, p.why) {
			out = append(out, p.why)
		}
	}
	return strings.Join(out, " ")
}

// maxSeen bounds the records that a proof rests on.
const maxSeen = 12

// seen are the answers about the names of the identities.
func (j *judgement) seen(s *resolver.Session) []finding.Evidence {
	id := &j.request.Identities
	names := map[string]bool{}
	for _, d := range []string{id.Author, id.Envelope, id.Recipient, id.HELO} {
		if d != "" {
			names[d], names["_dmarc."+d], names["_mta-sts."+d] = true, true, true
		}
	}
	for _, k := range id.DKIM {
		if k.Selector != "" {
			names[k.Selector+"._domainkey."+cmp.Or(k.Domain, id.Author)] = true
		}
	}
	out := []finding.Evidence{}
	s.Answers(func(a *resolver.Answer) {
		ours := names[a.Name] || a.Type == resolver.TypePTR || a.Type == resolver.TypeTLSA ||
			id.Zone != "" && strings.HasSuffix(a.Name, "."+id.Zone) && a.Type == resolver.TypeA
		if ours && len(out) < maxSeen && a.Type != resolver.TypeCNAME && a.Type != resolver.TypeNS {
			out = append(out, a.Evidence())
		}
	})
	slices.SortStableFunc(out, func(a, b finding.Evidence) int { return strings.Compare(a.Name+a.Type, b.Name+b.Type) })
	return out
}
