package dmarc

import (
	"fmt"
	"strings"
)

// dispute has a fix that puts a policy into force at the domain wait for the owner where a
// record at a wrong name says something else, or where the policy in force today, that of a
// domain above, is stricter: which of them was meant, nobody else can tell.
func (j *judge) dispute() {
	own, d := j.own(), j.d
	if own.Outcome == Unanswered || own.Outcome == HasRecord && d.Record != nil && d.PolicyDomain == d.Domain && !d.Record.Broken() {
		return // what is in force stays
	}
	for _, f := range j.Found() {
		fix := f.Fix
		if fix == nil || fix.When != "" || fix.Name != own.Name || strings.Contains(fix.Value, "<") {
			continue
		}
		now, err := ParseRecord(fix.Value)
		if err != nil && fix.Type != "CNAME" {
			continue
		}
		for i := range d.Strays {
			s := &d.Strays[i]
			if s.Text == "" || s.Name == own.alias() {
				continue
			}
			if s.piece != "" && fix.Type == "TXT" {
				fix.When = fmt.Sprintf("%s at %s is no part of it", quoted(s.piece), s.Name)
				break
			}
			_, rest := apart(s.Text)
			if c := clean(rest, false, d.Domain); !c.none && (fix.Type == "CNAME" || !c.same(now)) {
				fix.When = fmt.Sprintf("%s at %s is not what was meant", quoted(s.Text), s.Name)
				break
			}
		}
		if p := d.Policy; fix.When == "" && fix.Type == "TXT" && d.Record != nil && d.PolicyDomain != d.Domain && (now.P.rank() < p.rank() || now.Testing && !d.Record.Testing) {
			policy := "p=" + string(now.P)
			if now.Testing {
				policy += " as a test (t=y)"
			}
			fix.When = fmt.Sprintf("mail of %s is to have %s in place of the %s that applies to it now", d.Domain, policy, p)
		}
	}
}

// same reports whether a record has the policies of this one, and all of its mailboxes.
func (c *cleaned) same(r *Record) bool {
	if r == nil || (c.get("t") == "y") != r.Testing || (c.get("pct") != "") != (r.Percent != nil && *r.Percent < 100) || c.get("p") != string(r.P) || c.get("sp") != string(r.SP) || c.get("np") != string(r.NP) {
		return false
	}
	for _, tag := range [...]struct {
		name string
		have []URI
	}{{"rua", r.RUA}, {"ruf", r.RUF}} {
		for uri := range strings.SplitSeq(c.get(tag.name), ",") {
			if uri != "" && !hasURI(tag.have, uri) {
				return false
			}
		}
	}
	return true
}

// changed says what must be certain before texts that stand beside the record in force become
// part of it; empty if nothing that it asks for is another then.
func (r *Record) changed(c *cleaned) string {
	now, err := ParseRecord(c.String())
	if err != nil {
		return ""
	}
	p, sp, np, _ := r.Effective()
	q, sq, nq, _ := now.Effective()
	if p.rank() > q.rank() || sp.rank() > sq.rank() || np.rank() > nq.rank() || now.Testing != r.Testing || now.ADKIM != r.ADKIM || now.ASPF != r.ASPF || now.Percent != nil && r.Percent == nil {
		return "what stands beside the record in force was meant as a part of it"
	}
	return ""
}

// isPiece reports whether a text begins as the rest of a record does: with one of its tags but
// the version, or with a mailbox.
func isPiece(text string) bool {
	if len(text) > maxRepair {
		return false
	}
	text = strings.Trim(text, " \t\"'")
	tokens := repaired(text).tokens()
	return len(tokens) > 0 && (tokens[0].known && tokens[0].name != "v" && strings.TrimSpace(tokens[0].op) == "=" || strings.HasPrefix(strings.ToLower(text), "mailto:"))
}
