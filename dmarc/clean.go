package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
)

// cleaning says what a record may not keep, besides what receivers ignore in any.
type cleaning struct {
	// ignored: sp and np count nowhere.
	ignored bool
	// dead are the hosts that cannot receive reports.
	dead []string
	// rua is the address to add where none is left; "": none.
	rua string
}

// cleaned is a record that keeps its policy and is freed of all else that was
// found about it. Every fix of a record starts from it, so that no two undo each
// other.
type cleaned struct {
	*draft
	changes []change
}

// change is one thing that cleaning does, and the check that asks for it.
type change struct {
	check string
	text  string
	// drop: text goes; otherwise text says itself what happens.
	drop bool
}

// clean makes the record to publish, and says in what it differs.
func (r *Record) clean(c cleaning) *cleaned {
	out := &cleaned{}
	for i := range r.Problems {
		if p := &r.Problems[i]; p.replace == "" && !p.Harmless {
			out.drop("dmarc-syntax", p.Text)
		}
	}
	whole := r.whole()
	meant := whole.corrected()
	for i := range min(len(meant.Tags), len(whole.Tags)) {
		if from, to := whole.Tags[i].Name, meant.Tags[i].Name; from != to {
			out.become("dmarc-unknown-tag", from, to)
		}
	}
	out.draft = meant.draft()
	for i := range meant.Tags {
		out.tag(meant, &meant.Tags[i])
	}
	if _, ok := meant.Tag("p"); !ok {
		out.changes = append(out.changes, change{"dmarc-policy-missing", "p=" + out.get("p") + " is added", false})
	}
	for _, name := range []string{"sp", "np"} {
		if c.ignored && out.get(name) != "" {
			out.drop("dmarc-subdomain-policy-ignored", name+"="+out.get(name))
			out.set(name, "")
		}
	}
	out.addresses("rua", meant.RUA, c)
	out.addresses("ruf", meant.RUF, c)
	if out.get("ruf") == "" && out.get("fo") != "" {
		out.drop("dmarc-failure-options", "fo="+out.get("fo"))
		out.set("fo", "")
	}
	if out.get("rua") == "" && c.rua != "" {
		out.set("rua", c.rua)
		out.changes = append(out.changes, change{"dmarc-no-aggregate-reports", "rua=" + c.rua + " is added", false})
	}
	return out
}

// corrected is the record with the names of misspelt tags put right.
func (r *Record) corrected() *Record {
	text := r.Text
	for i := len(r.Tags) - 1; i >= 0; i-- {
		t := &r.Tags[i]
		if meant := misspelt(t); meant != "" && r.indexOf(meant) < 0 {
			text = text[:t.Offset] + meant + text[t.Offset+len(t.Name):]
		}
	}
	if text == r.Text {
		return r
	}
	if next, err := ParseRecord(text); err == nil {
		return next
	}
	return r
}

func (c *cleaned) drop(check, text string) {
	c.changes = append(c.changes, change{check, clip(text, 60), true})
}

func (c *cleaned) become(check, from, to string) {
	c.changes = append(c.changes, change{check, clip(from, 60) + " becomes " + clip(to, 120), false})
}

// tag notes what the draft does with a tag of the record.
func (c *cleaned) tag(r *Record, t *Tag) {
	text := func() string { return t.Name + "=" + t.Value }
	switch {
	case t.Duplicate:
		c.drop("dmarc-duplicate-tag", text())
	case t.Status == "unknown":
		c.drop("dmarc-unknown-tag", text())
	case t.Name == "v" || t.Name == "rua" || t.Name == "ruf" || t.Invalid == syntaxError:
	case t.Name == "p" || t.Name == "sp" || t.Name == "np":
		if t.Invalid != "" {
			c.become("dmarc-policy-invalid", text(), t.Name+"="+c.get(t.Name))
		}
	case t.Name == "fo" && c.get("fo") == "":
		c.drop("dmarc-failure-options", text())
	case t.Name == "fo":
		if !strings.EqualFold(c.get("fo"), t.Value) {
			c.become("dmarc-failure-options", text(), "fo="+c.get("fo"))
		}
	case c.get(t.Name) != "":
	case t.Status == "historic":
		c.drop("dmarc-historic-tag", text())
	case t.Name == "adkim" || t.Name == "aspf":
		c.drop("dmarc-alignment-mode-invalid", text())
	default:
		c.drop("dmarc-tag-value-invalid", text())
	}
}

// addresses notes what the draft does with the addresses of a tag, and takes
// away those that nothing can be sent to.
func (c *cleaned) addresses(tag string, uris []URI, clean cleaning) {
	keep := make([]URI, 0, len(uris))
	for i := range uris {
		u := &uris[i]
		torn := i > 0 && uris[i-1].Hint != "" && strings.HasSuffix(uris[i-1].Hint, "%2C"+u.Text)
		switch {
		case u.Valid() && slices.Contains(clean.dead, u.Host):
			c.drop("dmarc-report-host-cannot-receive", u.Text)
			continue
		case u.Hint != "":
			c.become("dmarc-report-uri-invalid", u.Text, u.Hint)
		case !torn && !u.Supported():
			c.drop("dmarc-report-uri-invalid", u.Text)
		}
		if u.Size != "" {
			c.drop("dmarc-report-size-suffix", "!"+u.Size)
		}
		keep = append(keep, *u)
	}
	c.set(tag, joinURIs(keep))
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
		case !ch.drop:
			others = append(others, ch.text)
		}
	}
	var parts []string
	switch len(drops) {
	case 0:
	case 1:
		parts = append(parts, drops[0]+" is dropped too")
	default:
		parts = append(parts, among(drops)+" are dropped too")
	}
	parts = append(parts, others...)
	if parts == nil {
		return summary
	}
	return strings.TrimSuffix(summary, ".") + "; " + list(parts, ", ") + "."
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
	c := j.clean()
	var without, raised []string
	if c.get("t") == "y" {
		without = append(without, "t=y")
	}
	if pct := c.get("pct"); pct != "" {
		without = append(without, "pct="+pct)
	}
	c.set("t", "").set("pct", "")
	for _, name := range []string{"sp", "np"} {
		if p, weaker := Policy(c.get("p")), c.get(name); weaker != "" && Policy(weaker).rank() < p.rank() {
			raised = append(raised, fmt.Sprintf("%s=%s in the place of %s", name, p, weaker))
			c.set(name, string(p))
		}
	}
	var summary string
	switch {
	case raised == nil:
		summary = fmt.Sprintf("When the reports are clean, publish the policy in full, without %s.", among(without))
	case without == nil:
		summary = "Give subdomains the same policy, once those that send are aligned."
	default:
		summary = fmt.Sprintf("When the reports are clean, those about subdomains too, publish the policy in full, without %s and with %s.", among(without), among(raised))
	}
	return j.replace(c, c.but(summary))
}
