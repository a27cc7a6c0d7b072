package dmarc

import (
	"fmt"
	"slices"
	"strings"
	"sync"

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
	Blockers []string `json:"blockers"`
	// Then are the steps after it.
	Then []string `json:"then"`
}

// plan is the order in which enforcement grows (RFC 9989, 5.1.4 to 5.1.7 and 7.4).
var plan = []string{"none", "quarantine-testing", "quarantine", "reject"}

// Next gives the next record to publish, nil when the plan is complete or the
// DNS did not say what is published.
func (d *Discovery) Next(c Context) *Stage {
	meant := sync.OnceValue(d.meant)
	now, next := d.nextStage(c, meant)
	if next == "" {
		return nil
	}
	s := &Stage{Now: now, Next: next}
	s.Then = plan[slices.Index(plan, s.Next)+1:]
	s.Record = finding.Record{Name: recordName(d.Domain), Type: "TXT", Value: d.stageRecord(s.Next, &c, meant).String()}
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

// meant is the record in force as it was probably meant.
func (d *Discovery) meant() *cleaned {
	return cleanRecord(d.Record, d.ignoresSubdomains(), d.Domain, d.PolicyDomain)
}

// MeansReject reports whether the domain rejects mail that fails, or has one record that was
// meant to say so and is no valid one, or not at the right name.
func (d *Discovery) MeansReject() bool {
	if d.EffectivePolicy == Reject {
		return true
	}
	var texts []string
	if d.Record != nil && d.PolicyDomain == d.Domain {
		if !d.Record.Broken() {
			return false
		}
		texts = append(texts, d.Record.Text)
	}
	if len(d.Walk) > 0 {
		for _, o := range d.Walk[0].Others {
			if o.Intended {
				texts = append(texts, o.Text)
			}
		}
	}
	for _, s := range d.Strays {
		if s.Text != "" && (!strings.HasPrefix(s.Name, "_dmarc.") || s.Name == recordName(d.Domain)+"."+d.Domain) {
			texts = append(texts, s.Text)
		}
	}
	return len(texts) == 1 && nextMeant(clean(texts[0], false, d.Domain)) == string(Reject)
}

// nextStage names what is in force and what comes next; "" if nothing does. meant is the
// record in force as it was meant: reading that costs more than all else, so it is asked
// for where it counts alone.
func (d *Discovery) nextStage(c Context, meant func() *cleaned) (now, next string) {
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
	case now == "invalid":
		// What was meant, put right; nothing if that cannot be told.
		return now, nextMeant(meant())
	case now == "missing" && d.attempted():
		// The findings propose the record that was meant.
		return now, ""
	case now == "missing":
		return now, "none"
	case now == "none" && d.PolicyDomain == d.Domain:
		return now, nextOf(&meant().draft)
	case now == "reject-testing":
		// It is applied as quarantine.
		return now, "reject"
	}
	return now, plan[slices.Index(plan, now)+1]
}

// stage names what is in force for the domain; "" if that is not known.
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

// attempted reports that somebody tried to publish a record, which nobody reads.
func (d *Discovery) attempted() bool {
	own := &d.Walk[0]
	return own.Outcome == Multiple || slices.ContainsFunc(own.Others, func(o Other) bool { return o.Intended }) ||
		slices.ContainsFunc(d.Strays, func(s Stray) bool { return s.Text != "" })
}

// nextMeant names the policy that a record in error was meant to have.
func nextMeant(c *cleaned) string {
	p := Policy(c.get("p"))
	switch {
	case !c.certain() || p != None && p != Quarantine && p != Reject:
		return ""
	case p == Quarantine && c.get("t") == "y":
		return "quarantine-testing"
	}
	return string(p)
}

// nextOf is the step after p=none. A test (t=y) would lower what the record already
// asks for subdomains.
func nextOf(d *draft) string {
	if d.get("t") != "y" && Policy(d.get("sp")).rank()+Policy(d.get("np")).rank() > 0 {
		return "quarantine"
	}
	return "quarantine-testing"
}

// step gives the record the policy of a step; what it asks for subdomains stays, or
// grows with it.
func (c *cleaned) step(next string) {
	t := ""
	if next == "quarantine-testing" {
		next, t = string(Quarantine), "y"
	}
	c.set("p", next).set("t", t).set("pct", "")
}

// stageRecord is the record of a step. It is published at the domain itself, so that
// it changes nothing for others if the policy so far came from a parent.
func (d *Discovery) stageRecord(next string, ctx *Context, meant func() *cleaned) *cleaned {
	c := &cleaned{draft: *newDraft(None)}
	if d.Record != nil && (d.PolicyDomain == d.Domain || d.Record.PSD != "y") {
		c = meant().clone()
		if d.PolicyDomain != d.Domain {
			c.set("sp", "").set("np", "").set("psd", "")
		}
	}
	if ctx.sends() {
		c.withPlaceholder()
	} else {
		c.silent(ctx)
	}
	if d.stage() != "invalid" || !ctx.sends() {
		c.step(next)
	}
	return c
}

// silent leaves the policy for names below a domain that sends no mail to its own p, or as it
// is while some of them send.
func (c *cleaned) silent(ctx *Context) {
	switch {
	case len(ctx.Senders) == 0:
		c.set("sp", "").set("np", "")
	case c.get("sp") == "":
		p := Policy(c.get("p"))
		if p != Quarantine && p != Reject {
			p = None
		}
		c.set("sp", string(p))
	}
}

// rejecting says what is published for a domain that sends no mail.
func (c *Context) rejecting() string {
	out := "Publish a record that rejects all mail in the domain's name"
	if len(c.Senders) > 0 {
		out += "; what sends below it, or may (" + among(c.Senders) + "), keeps its policy by sp="
	}
	return out + "."
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
