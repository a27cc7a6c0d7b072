package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// cleaned is a record that keeps what it was meant to say and is freed of all else
// that was found about it. Every fix of a record starts from it, so that no two undo
// each other.
type cleaned struct {
	draft
	changes []change
	// open are pieces that nobody can read.
	open []string
	// proofs are the proofs of ownership that stand in the text, each a record of its own.
	proofs []string
	// none: the record is too long to be repaired.
	none bool
}

// change is one thing that cleaning does, and the check that asks for it.
type change struct {
	check string
	text  string
	// drop: text goes; otherwise text says itself what happens.
	drop bool
}

// clean makes the record to publish from the text of one, and says in what it differs.
// ignored: sp and np count nowhere. hosts are domains of its owner.
func clean(text string, ignored bool, hosts ...string) *cleaned {
	r := repaired(text, hosts...)
	out := &cleaned{draft: r.draft, changes: r.changes, open: r.open, proofs: r.proofs, none: r.text == nil}
	for _, name := range []string{"sp", "np"} {
		if ignored && out.get(name) != "" {
			out.drop("dmarc-subdomain-policy-ignored", name+"="+out.get(name))
			out.set(name, "")
		}
	}
	return out
}

// cleanRecord is clean of a published record. What its zone file lost for want of quotes
// is a part of it, unless that would weaken what is in force.
func cleanRecord(r *Record, ignored bool, hosts ...string) *cleaned {
	c := clean(r.Text, ignored, hosts...)
	if r.quoted == "" {
		return c
	}
	whole := clean(r.quoted, ignored, hosts...)
	if now, err := ParseRecord(whole.String()); !r.Broken() && (err != nil || !c.within(now) || now.Testing || now.Percent != nil) {
		_, rest, _ := strings.Cut(r.quoted, ";")
		c.open = append(c.open, strings.TrimSpace(rest))
		return c
	}
	return whole
}

// within reports whether a record says all that this one does: no policy is weaker
// and no mailbox is missing.
func (c *cleaned) within(r *Record) bool {
	if !c.certain() {
		return false
	}
	own, err := ParseRecord(c.String())
	if err != nil {
		return false
	}
	order := []Policy{None, Quarantine, Reject}
	p, sp, np, _ := own.Effective()
	rp, rsp, rnp, _ := r.Effective()
	if p == "" || rp == "" {
		return false
	}
	for _, x := range [][2]Policy{{p, rp}, {sp, rsp}, {np, rnp}} {
		if slices.Index(order, x[0]) > slices.Index(order, x[1]) {
			return false
		}
	}
	for _, lists := range [][2][]URI{{own.RUA, r.RUA}, {own.RUF, r.RUF}} {
		for _, u := range lists[0] {
			if !slices.ContainsFunc(lists[1], func(o URI) bool { return strings.EqualFold(o.Address, u.Address) }) {
				return false
			}
		}
	}
	return true
}

// clone is a copy to change.
func (c *cleaned) clone() *cleaned {
	out := *c
	out.changes = slices.Clip(c.changes)
	return &out
}

func (c *cleaned) drop(check, text string) {
	c.changes = append(c.changes, change{check, show.Cut(text, 60), true})
}

// String is the record to publish; "" if there is none. What nobody can read has a
// placeholder, as has what is not known.
func (c *cleaned) String() string {
	if c.none {
		return ""
	}
	out := c.draft.String()
	for _, text := range c.open[:min(len(c.open), 5)] {
		out += "; <correct or leave out: " + openText(text) + ">"
	}
	return out
}

// openText is a piece of a record in a placeholder.
func openText(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '<' || c == '>' || c == ';' {
			return '?'
		}
		return c
	}, show.Cut(s, 60))
}

// certain reports that the record can be published as it stands.
func (c *cleaned) certain() bool {
	return !c.none && len(c.open) == 0 && !strings.Contains(c.draft.String(), "<")
}

// withPlaceholder asks for a mailbox if the draft has none.
func (c *cleaned) withPlaceholder() *cleaned {
	if c.get("rua") == "" {
		c.set("rua", mailboxPlaceholder)
	}
	return c
}

// without puts a placeholder in the place of the addresses at some hosts.
func (c *cleaned) without(hosts []string) *cleaned {
	for _, tag := range []string{"rua", "ruf"} {
		var keep []string
		gone := false
		for uri := range strings.SplitSeq(c.get(tag), ",") {
			switch u := parseURI(uri, 0); {
			case uri == "":
			case u.Valid() && slices.Contains(hosts, u.Host):
				gone = true
			default:
				keep = append(keep, uri)
			}
		}
		if gone && !slices.Contains(keep, mailboxPlaceholder) {
			keep = append(keep, mailboxPlaceholder)
		}
		if gone {
			c.set(tag, strings.Join(keep, ","))
		}
	}
	return c
}

// but completes the summary of a fix by what the record changes besides: what
// the finding itself asks for is not repeated.
func (c *cleaned) but(summary string, checks ...string) string {
	var drops, others []string
	for _, ch := range c.changes {
		switch {
		case slices.Contains(checks, ch.check):
		case ch.drop && !slices.Contains(drops, ch.text):
			drops = append(drops, ch.text)
		case !ch.drop && !slices.Contains(others, ch.text):
			others = append(others, ch.text)
		}
	}
	var parts []string
	switch len(drops) {
	case 0:
	case 1:
		parts = append(parts, drops[0]+" is dropped")
	default:
		parts = append(parts, among(drops)+" are dropped")
	}
	if parts = append(parts, others...); parts != nil {
		changes := strings.ReplaceAll(list(parts, ", "), string(rune(unsure)), "?")
		summary = strings.TrimSuffix(summary, ".") + "; " + changes + "."
	}
	if !c.certain() {
		summary += c.incomplete()
	}
	return summary
}

// incomplete says what has to be filled in.
func (c *cleaned) incomplete() string {
	switch {
	case c.none:
		return fmt.Sprintf(" It is longer than %d bytes: write it anew.", maxRepair)
	case len(c.open) > 0:
		return fmt.Sprintf(" What %q was meant to say is yours to fill in.", strings.ReplaceAll(show.Cut(c.open[0], 60), string(rune(unsure)), "?"))
	}
	return " Fill in what stands between < and >."
}

// among joins with a final "and".
func among(parts []string) string {
	if len(parts) > 5 {
		return list(parts, ", ")
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// full is the policy in full force: not for a share of the mail, not as a test,
// and for subdomains as well. What weakens a policy in several ways has one fix.
func (j *recordJudge) full() *finding.Fix {
	c := j.clean().clone()
	if c.get("p") == string(None) {
		return j.monitoredFix()
	}
	var without, raised []string
	if c.get("t") == "y" {
		without = append(without, "t=y")
	}
	if pct := c.get("pct"); pct != "" {
		without = append(without, "pct="+pct)
	}
	c.set("t", "").set("pct", "")
	for _, name := range []string{"sp", "np"} {
		if p, weaker := Policy(c.get("p")), c.get(name); weaker != "" && !strings.Contains(weaker, "<") && Policy(weaker).rank() < p.rank() {
			raised = append(raised, fmt.Sprintf("%s=%s in the place of %s", name, p, weaker))
			c.set(name, string(p))
		}
	}
	var summary string
	when := reportsClean
	switch {
	case raised == nil && without == nil:
		return j.fix("Publish the record in this form.")
	case raised == nil:
		summary = fmt.Sprintf("Publish the policy in full, without %s.", among(without))
	case without == nil:
		summary, when = "Give subdomains the same policy.", "those subdomains that send mail are aligned"
	default:
		summary = fmt.Sprintf("Publish the policy in full, without %s and with %s.", among(without), among(raised))
		when = "the reports are clean, those about subdomains too"
	}
	return j.later(c, c.but(summary), when)
}

// What must hold before a policy grows.
const (
	allAligned   = "aggregate reports show that all your mail passes"
	reportsClean = "the reports are clean"
)

// quarantineSummary says what the step from none to quarantine is.
func quarantineSummary(next *draft) string {
	if next.get("t") == "y" {
		return "Move to p=quarantine (t=y first)."
	}
	return "Move to p=quarantine."
}

// later is a step towards more enforcement. A domain that sends takes it when the
// condition holds; for one that sends nothing, and whose record nobody else has, there is
// nothing to wait for.
func (j *recordJudge) later(c *cleaned, summary, when string) *finding.Fix {
	f := j.replace(c, summary)
	if j.sends || j.shared {
		f.Await(when)
	}
	j.staged = append(j.staged, f)
	return f
}
