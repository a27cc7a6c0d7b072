package dmarc

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// policyNone reports that failing mail of the domain goes through.
func (j *judge) policyNone(rj *recordJudge) {
	d := j.d
	if d.Undecided.Policy != "" || d.Record.Broken() || d.Record.contradicts("p") {
		return
	}
	j.Decided("dmarc-policy-none")
	if d.Policy != None {
		return
	}
	f := finding.Finding{Evidence: rj.proof(),
		Detail: fmt.Sprintf("%s=none at %s: receivers report, and treat forged mail as any other.", d.Tag, rj.name)}
	own, meant := d.PolicyDomain == d.Domain, rj.clean
	if !own {
		meant = sync.OnceValue(d.meant)
	}
	if _, next := d.nextStage(j.c, meant); next != "" {
		var c *cleaned
		if !own {
			c = d.stageRecord(next, &j.c, meant)
		} else {
			c = rj.clean().clone()
			if !j.c.sends() {
				c.silent(&j.c)
			}
			c.step(next)
		}
		when, summary := allAligned, quarantineSummary(&c.draft)
		if !j.c.sends() {
			when, summary = j.c.silence(), j.c.rejecting()
		}
		if own {
			f.Fix = rj.replace(c, c.but(summary))
		} else {
			f.Fix = publish(c.but(summary)+j.besideParent(), recordName(d.Domain), c.String())
		}
		f.Fix.When = when
		j.staged = append(j.staged, f.Fix)
	}
	j.Add("dmarc-policy-none", f)
}

// besideParent says what becomes of the record that was inherited when the domain
// gets one of its own.
func (j *judge) besideParent() string {
	d := j.d
	if d.Record == nil || d.PolicyDomain == d.Domain {
		return ""
	}
	out := fmt.Sprintf(" That is a record of its own for %s; the one at %s stays as it is.", d.Domain, recordName(d.PolicyDomain))
	if d.Record.PSD == "y" {
		return out
	}
	tag, whom := "sp", "for all subdomains without a record"
	if d.Exists != nil && !*d.Exists {
		tag, whom = "np", "for all subdomains that do not exist"
	}
	return out + fmt.Sprintf(" The alternative is to change %s= there, %s.", tag, whom)
}

// discovery judges how the record was found.
func (j *judge) discovery() {
	d := j.d
	j.inherited()
	j.differs()
	w := d.Wildcard
	switch {
	case w == nil:
	case w.Answers == nil:
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Notice, Evidence: []finding.Evidence{w.Evidence},
			Detail: fmt.Sprintf("Whether a wildcard answers at _dmarc of any name is not known: the DNS did not answer for %s.", w.Name)})
	case !*w.Answers:
		j.Decided("dmarc-wildcard")
	default:
		detail := fmt.Sprintf("A wildcard answers for %s, a name that nobody published, and so for _dmarc at every subdomain without records of its own.", w.Name)
		if len(w.Texts) > 0 {
			if _, err := ParseRecord(w.Texts[0]); err == nil {
				detail += " Its record applies to all of them, with p and not with sp."
			} else {
				detail += " What it says is no DMARC record, and receivers skip it."
			}
			detail += " It says " + quoted(w.Texts[0]) + "."
		}
		j.Add("dmarc-wildcard", finding.Finding{Detail: detail, Evidence: []finding.Evidence{w.Evidence},
			Fix: &finding.Fix{Summary: "Restrict the wildcard to types and names that need it."}})
	}
}

// inherited says where the policy comes from if it is not the domain's own.
func (j *judge) inherited() {
	d := j.d
	if d.Record == nil {
		return
	}
	if j.own().Outcome == Multiple {
		return // it says so
	}
	j.Decided("dmarc-inherited")
	if d.PolicyDomain == d.Domain {
		return
	}
	whose := "its organizational domain"
	if d.Record.PSD == "y" {
		whose = "the public suffix above it"
		if !publicSuffix(d.PolicyDomain) {
			whose = "whose record says psd=y"
		}
	}
	detail := fmt.Sprintf("%s has no record of its own; the one at %s, %s, applies.", d.Domain, d.PolicyDomain, whose)
	var fix *finding.Fix
	if s := j.own(); s.meant != nil {
		detail = s.withoutDot() + " " + detail
		fix = s.dotted()
	} else {
		detail += s.aliasText()
	}
	switch {
	case d.Policy != "" && d.Record.Broken():
		detail += " It counts as p=none (RFC 9989, 4.10.1)."
	case d.Tag == "p":
		detail += fmt.Sprintf(" Its p=%s counts for %s too, since no sp or np says otherwise.", d.Policy, d.Domain)
	case d.Tag == "sp":
		detail += fmt.Sprintf(" Its sp=%s counts, the policy for subdomains.", d.Policy)
	case d.Tag == "np":
		detail += fmt.Sprintf(" Its np=%s counts, because %s does not exist in the DNS.", d.Policy, d.Domain)
	}
	j.Add("dmarc-inherited", finding.Finding{Detail: detail, Fix: fix, Evidence: append(slices.Clip(j.evidence()), d.Existence)})
}

// differs reports where receivers by RFC 7489 come to another answer.
func (j *judge) differs() {
	d := j.d
	s := d.RFC7489
	if s == nil || s.Undecided != "" || d.Undecided.Policy != "" {
		return
	}
	if d.OrganizationalDomain != "" || len(s.Differences) > 0 {
		j.Decided("dmarc-discovery-differs")
	}
	if len(s.Differences) == 0 || d.Record != nil && d.Record.Broken() && d.PolicyDomain == s.PolicyDomain {
		return // one record, read differently because of what is reported as invalid
	}
	if j.consequence("dmarc-multiple-records", "dmarc-discovery-differs", strings.Join(s.Differences, " ")) ||
		j.consequence("dmarc-psd-not-suffix", "dmarc-discovery-differs", strings.Join(s.Differences, " ")) {
		return
	}
	f := finding.Finding{Detail: strings.Join(s.Differences, " ") +
		" Most receivers still use the public suffix list (RFC 7489, 3.2); those that follow RFC 9989 walk the tree (4.10).",
		Evidence: slices.Concat(j.evidence(), s.Evidence)}
	switch {
	case d.Record != nil && (d.PolicyDomain != s.PolicyDomain || d.Policy != s.Policy):
		c := cleanRecord(d.Record, false, d.Domain, d.PolicyDomain)
		if d.Policy != "" {
			p := string(d.Policy)
			if s.Policy.rank() > d.Policy.rank() {
				p = either(p, string(s.Policy)) // either one is weaker or stricter for somebody
			}
			c.set("p", p).set("sp", "").set("np", "").set("psd", "")
		}
		if d.Record.PSD == "y" {
			c.set("rua", "").set("ruf", "").set("fo", "") // those of the registry
			c.withPlaceholder()
		}
		f.Fix = publish("Publish a record at the domain itself, where everyone looks first."+j.besideParent(), recordName(d.Domain), c.String())
	case d.Record == nil:
		p := string(None)
		if s.Policy.rank() > 0 {
			p = either(p, string(s.Policy))
		}
		f.Fix = publish("Publish a record at the domain itself, where everyone looks first.", recordName(d.Domain),
			newDraft(None).set("p", p).set("rua", mailboxPlaceholder).String())
	case labels(d.OrganizationalDomain) > labels(s.OrganizationalDomain) && !strings.Contains(explain(d.Walk), "psd=n"):
		f.Fix = publish("Publish a record at the domain that you registered too, so that the walk ends there.",
			recordName(s.OrganizationalDomain), newDraft(None).set("rua", mailboxPlaceholder).String())
	case labels(d.OrganizationalDomain) < labels(s.OrganizationalDomain) && s.OrganizationalDomain == d.PolicyDomain:
		c := j.rj.clean().clone()
		c.set("psd", "n")
		f.Fix = publish(c.but("Say that the domain is its own organization."), recordName(d.PolicyDomain), c.String())
	default:
		f.Fix = &finding.Fix{Summary: "Use the author domain itself as envelope and signing domain: then both come to the same result (RFC 9989, C.3)."}
	}
	if f.Fix.Name != "" && f.Fix.Name == recordName(d.PolicyDomain) {
		f.Fix.Remove = txtRecords(f.Fix.Name, []string{d.Record.Text})
	}
	j.staged = append(j.staged, f.Fix)
	j.Add("dmarc-discovery-differs", f)
}

// consequence lists what only follows from the finding of a check below that one, and
// reports whether it was found.
func (j *judge) consequence(of, id, detail string) bool {
	for _, f := range j.Found() {
		if f.Check == of {
			c, _ := checkList.Find(id)
			f.Follows = append(f.Follows, c.Consequence(j.d.Domain, detail))
			j.Undecided(id)
			return true
		}
	}
	return false
}

// path sums up the stated identifiers of a kind: whether one aligns, whether
// one does not, and whether any was stated.
type path struct {
	stated, unknown int
	aligned         bool
}

func (c *Context) path(kind string) path {
	var p path
	for i := range c.Alignments {
		a := &c.Alignments[i]
		if a.Kind != kind {
			continue
		}
		p.stated++
		switch {
		case a.Aligned == nil:
			p.unknown++
		case *a.Aligned:
			p.aligned = true
		}
	}
	return p
}

// blocked reports that no identifier of the kind aligns: those stated do not,
// or none was stated and it is proved that there can be none.
func (p path) blocked(has *bool) bool {
	if p.stated == 0 {
		return has != nil && !*has
	}
	return !p.aligned && p.unknown == 0
}

// open reports that one aligns; the domain itself is the one if none was stated.
func (p path) open(has *bool) bool {
	if p.stated == 0 {
		return has != nil && *has
	}
	return p.aligned
}

// alignment judges the stated envelope and signing domains.
func (j *judge) alignment() {
	spf, dkim := j.c.path("spf"), j.c.path("dkim")
	for i := range j.c.Alignments {
		a := &j.c.Alignments[i]
		id, otherBlocked := "dmarc-spf-unaligned", dkim.blocked(j.c.HasDKIM)
		if a.Kind == "dkim" {
			id, otherBlocked = "dmarc-dkim-unaligned", !dkim.aligned && spf.blocked(j.c.HasSPF)
		}
		worst := finding.Error
		if otherBlocked {
			worst = finding.Critical
		}
		switch {
		case a.Aligned == nil:
			j.Add("dmarc-unresolved", finding.Finding{Subject: a.Domain, CouldBe: worst,
				Evidence: slices.Concat(j.evidence(), walkEvidence(a.Walk)), Detail: a.Why})
		case !*a.Aligned:
			f := finding.Finding{Subject: a.Domain, Severity: worst, Evidence: slices.Concat(j.evidence(), walkEvidence(a.Walk)),
				Detail: a.Why, Fix: j.alignmentFix(a)}
			if otherBlocked {
				f.Detail += " No other identifier that is known aligns either: mail sent so fails DMARC."
			} else if a.Kind == "spf" {
				f.Detail += " SPF cannot make DMARC pass for it; an aligned DKIM signature must."
			} else {
				f.Detail += " This signature cannot make DMARC pass; another, or SPF, must."
			}
			j.Add(id, f)
		}
	}
	if spf.stated > 0 && spf.unknown == 0 {
		j.Decided("dmarc-spf-unaligned")
	}
	if dkim.stated > 0 && dkim.unknown == 0 {
		j.Decided("dmarc-dkim-unaligned")
	}
	j.spfOnly(spf, dkim)
}

// relaxed are the identifiers known to send that align in the mode relaxed alone, by kind.
func (j *judge) relaxed() map[string][]string {
	out := map[string][]string{"spf": slices.Clone(j.c.Envelopes), "dkim": slices.Clone(j.c.Signers)}
	for i := range j.c.Alignments {
		if a := &j.c.Alignments[i]; !a.Strict && (a.Relaxed == nil || *a.Relaxed) {
			out[a.Kind] = append(out[a.Kind], a.Domain)
		}
	}
	if j.d.PolicyDomain != j.d.Domain && j.c.SignedAbove != "" {
		out["dkim"] = append(out["dkim"], j.c.SignedAbove)
	}
	return out
}

// alignmentFix says how to align an identifier.
func (j *judge) alignmentFix(a *Alignment) *finding.Fix {
	d := j.d
	if a.Mode == Strict && a.Relaxed != nil && *a.Relaxed && d.Record != nil && d.PolicyDomain == d.Domain {
		tag := "aspf"
		if a.Kind == "dkim" {
			tag = "adkim"
		}
		c := j.rj.clean().clone()
		c.set(tag, string(Relaxed))
		return j.rj.later(c, c.but("Ask for relaxed alignment."), fmt.Sprintf("the mail is yours, and %s itself cannot be used for it", d.Domain))
	}
	if d.Record != nil && j.Has("dmarc-psd-not-suffix") && resolver.Within(a.Domain, d.PolicyDomain) {
		return &finding.Fix{Summary: fmt.Sprintf("Take psd=y out of the record at %s: with it no name below %s is aligned with another one.", recordName(d.PolicyDomain), d.PolicyDomain)}
	}
	strict := a.Mode == Strict
	if a.Kind == "dkim" {
		return &finding.Fix{Summary: fmt.Sprintf("Have the sending service sign with d=%s: it will name the selector records to publish there.", d.Domain)}
	}
	if strict {
		return &finding.Fix{Summary: fmt.Sprintf("Send with an envelope address at %s itself.", d.Domain)}
	}
	return &finding.Fix{Summary: fmt.Sprintf("Have the sending service use an envelope domain (return path) of yours, such as bounce.%s: it will name the records to publish there.", d.Domain)}
}

// spfOnly reports that enforcement rests on SPF alone, which forwarding breaks.
func (j *judge) spfOnly(spf, dkim path) {
	enforces := j.d.Enforces()
	if enforces == nil || !j.c.sends() {
		return
	}
	switch {
	case !*enforces, dkim.open(j.c.HasDKIM), spf.blocked(j.c.HasSPF):
		j.Decided("dmarc-spf-only")
	case dkim.blocked(j.c.HasDKIM) && spf.open(j.c.HasSPF):
		j.Add("dmarc-spf-only", finding.Finding{
			Detail: fmt.Sprintf("The policy is %s, and only SPF can make mail of %s pass. A forwarder has another address than the sender, so that SPF fails there: forwarded mail and mailing lists lose such mail.",
				j.d.EffectivePolicy, j.d.Domain),
			Evidence: j.evidence(),
			Fix:      &finding.Fix{Summary: fmt.Sprintf("Sign all mail with DKIM and d=%s before enforcing a policy.", j.d.Domain)}})
	}
}
