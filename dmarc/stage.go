package dmarc

import (
	"fmt"
	"slices"

	"mailworthy/finding"
)

// Stage is the next step towards p=reject: what to publish, and when.
type Stage struct {
	// Now names what is in force: "missing", "invalid", "none",
	// "quarantine-testing", "quarantine", "reject-testing".
	Now string `json:"now"`
	// Next names the step in the same words, at last "reject".
	Next string `json:"next"`
	// Record is what to publish next.
	Record finding.Record `json:"record"`
	// Before must hold before it is published; Blockers are known to stand in
	// the way.
	Before   []string `json:"before"`
	Blockers []string `json:"blockers,omitempty"`
	// Then are the steps after it.
	Then []string `json:"then,omitempty"`
}

// plan is the order in which enforcement grows (RFC 9989, 5.1.4 to 5.1.7 and 7.4).
var plan = []string{"none", "quarantine-testing", "quarantine", "reject"}

// Next gives the next record to publish, nil when the plan is complete or the
// DNS did not say what is published.
func (d *Discovery) Next(c Context) *Stage {
	now, next := d.nextStage(c)
	if next == "" {
		return nil
	}
	s := &Stage{Now: now, Next: next}
	s.Then = plan[slices.Index(plan, s.Next)+1:]
	s.Record = d.stageRecord(s.Next, c.sends())
	s.Before = before(s.Next, c.sends())
	if own := &d.Walk[0]; own.alias() != "" {
		s.Record.Name = own.alias()
		s.Before = append([]string{fmt.Sprintf("%s is an alias: the operator of %s publishes the record there, or the alias is removed and the record published in its place.",
			own.Name, own.alias())}, s.Before...)
	}
	if c.sends() && s.Next != "none" {
		s.Blockers = d.blockers(c)
	}
	return s
}

// nextStage names what is in force and what comes next; "" where nothing does.
func (d *Discovery) nextStage(c Context) (now, next string) {
	if len(d.Walk) == 0 {
		return "", ""
	}
	now = d.stage()
	switch {
	case now == "" || now == "reject":
		return now, ""
	case !c.sends():
		// Nothing of its own can be lost.
		return now, "reject"
	case now == "missing" || now == "invalid":
		return now, "none"
	case now == "reject-testing":
		// It is applied as quarantine.
		return now, "reject"
	}
	return now, plan[slices.Index(plan, now)+1]
}

// stage names what is in force for the domain; "" where that is not known.
func (d *Discovery) stage() string {
	switch {
	case d.Record == nil && d.Undecided.Policy != "":
		if d.missingInReach() {
			return "missing"
		}
		return ""
	case d.Undecided.Policy != "":
		return ""
	case d.Record == nil:
		return "missing"
	case d.Policy == "" || d.Record.Broken():
		return "invalid"
	case d.Policy != None && d.Record.Testing:
		return string(d.Policy) + "-testing"
	}
	return string(d.Policy)
}

// stageRecord is the record of a step. It stands at the domain itself, so that
// it changes nothing for others where the policy so far came from a parent.
func (d *Discovery) stageRecord(next string, sends bool) finding.Record {
	r := newDraft(None)
	if d.Record != nil && (d.PolicyDomain == d.Domain || d.Record.PSD != "y") {
		r = d.Record.clean(cleaning{ignored: d.ignoresSubdomains(), dead: d.deadHosts()}).set("pct", "").set("t", "")
		if d.PolicyDomain != d.Domain {
			r.set("sp", "").set("np", "").set("psd", "")
		}
	}
	if r.get("rua") == "" && sends {
		r.set("rua", "mailto:dmarc-reports@"+d.Domain)
	}
	switch next {
	case "quarantine-testing":
		r.set("p", string(Quarantine)).set("t", "y")
	default:
		r.set("p", next)
	}
	if !sends {
		r.set("sp", "").set("np", "")
	}
	return finding.Record{Name: recordName(d.Domain), Type: "TXT", Value: r.String()}
}

// before is what must hold before a step is published.
func before(next string, sends bool) []string {
	if !sends {
		return []string{"No mail is sent in the domain's name, by nobody and no service."}
	}
	switch next {
	case "none":
		return []string{
			"A mailbox or service takes the aggregate reports: they are compressed XML, some every day.",
		}
	case "quarantine-testing":
		return []string{
			"Aggregate reports of at least a month have been read (RFC 9989, 7.4).",
			"Every source of your own mail in them passes by an aligned SPF or DKIM, better by both (RFC 9989, 5.1.6).",
			"Receivers that follow RFC 7489 do not know t=y and will quarantine at once.",
		}
	case "quarantine":
		return []string{
			"The reports since the test began show no mail of your own that fails.",
			"Mail through forwarders and mailing lists passes by DKIM, or its loss is acceptable.",
		}
	}
	return []string{
		"Quarantine has been in force for at least a month, and the reports show no mail of your own that fails (RFC 9989, 7.4).",
		"All mail is signed with an aligned DKIM signature: a domain that rejects must not rely on SPF alone (RFC 9989, 7.4).",
		"Nobody writes to mailing lists from this domain, or everyone knows that such mail may be lost; for a domain with ordinary mailboxes, stay at quarantine.",
	}
}

// blockers are conditions known not to hold.
func (d *Discovery) blockers(c Context) []string {
	var out []string
	for i := range c.Alignments {
		if a := &c.Alignments[i]; a.Aligned != nil && !*a.Aligned {
			out = append(out, a.Why)
		}
	}
	if c.path("dkim").blocked(c.HasDKIM) {
		out = append(out, fmt.Sprintf("No aligned DKIM signature is known for %s.", d.Domain))
	}
	if d.Record != nil && !slices.ContainsFunc(d.Record.RUA, func(u URI) bool { return u.Supported() }) {
		out = append(out, "No aggregate reports are asked for, so that nobody knows which mail would be lost.")
	}
	return out
}
