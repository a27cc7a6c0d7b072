package dmarc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/show"
)

// keepInForce leaves out what would weaken the policy that is in force. Receivers ignore
// a value that they cannot read: "t=yes" beside p=reject is no test, and a repair to t=y
// would make one of it. How to say it is remarked, for the owner to decide. Of a record
// that breaks the grammar nobody knows what is in force: some receivers skip what they
// cannot read, others the whole record (RFC 9989, 4.8). For these it would enforce now what
// was meant as a test, or for a share of the mail: the owner is asked.
func (r *repair) keepInForce(tokens []token) {
	_, _, begins := versionOf(r.published)
	is := readRecord(r.published)
	if !begins || is.Broken() || r.draft.get("p") != string(is.P) {
		// Nothing is in force, or something else than what was meant.
		switch p := r.draft.get("p"); {
		case r.second == policyPlaceholder:
			r.draft.set("p", policyPlaceholder)
		case r.second != "" && !strings.Contains(p, "<"):
			r.draft.set("p", either(p, r.second)) // one may be that of subdomains
		}
		r.askUnread()
		return
	}
	skipped := slices.ContainsFunc(is.Problems, func(p Problem) bool { return !p.Harmless })
	if skipped {
		r.askUnread()
	}
	narrows := func(name, without, why string) {
		if skipped {
			r.ask(name, without, why)
		} else {
			r.leave(tokens, name, why)
		}
	}
	d := &r.draft
	_, sp, np, _ := is.Effective()
	if d.get("t") == "y" && !is.Testing && is.P.rank()+sp.rank()+np.rank() > 0 {
		narrows("t", "n", "for a test of the policy")
	}
	if pct := number(d.get("pct")); pct >= 0 && (is.Percent == nil || *is.Percent > pct) && is.P.rank() > 0 {
		whole := "100"
		if is.Percent != nil {
			whole = strconv.Itoa(*is.Percent)
		}
		narrows("pct", whole, "to have receivers by RFC 7489 apply the policy to a share of the mail")
	}
	// What sp is without its tag: p; np without its own: sp.
	if v := d.get("sp"); v != "" && !strings.Contains(v, "<") && Policy(v).rank() < sp.rank() {
		r.leave(tokens, "sp", "if subdomains are to have that policy")
		if is.SP != "" && is.SP != is.P {
			d.set("sp", string(is.SP))
		}
	}
	if v := d.get("np"); v != "" && !strings.Contains(v, "<") && Policy(v).rank() < np.rank() {
		r.leave(tokens, "np", "if subdomains that do not exist are to have that policy")
		if is.NP != "" && is.NP != sp {
			d.set("np", string(is.NP))
		}
	}
}

// askUnread has the owner say whether the policy is a test, for a share of the mail, or with
// strict alignment, where something may have said so that nobody can read: it comes into force
// only now.
func (r *repair) askUnread() {
	d := &r.draft
	if d.get("p") == string(None) && (d.get("sp") == "" || d.get("sp") == string(None)) && (d.get("np") == "" || d.get("np") == string(None)) {
		return // nothing is enforced
	}
	for _, tag := range [...]struct{ name, choice string }{{"t", "<y or n>"}, {"pct", "<a number from 0 to 100>"}, {"psd", "<y, n or u>"}, {"adkim", "<r or s>"}, {"aspf", "<r or s>"}, {"sp", policyPlaceholder}, {"np", policyPlaceholder}} {
		if r.unread[tag.name] && d.get(tag.name) == "" {
			d.set(tag.name, tag.choice)
		}
	}
}

// leave takes a tag out of the draft, and says how to write it.
func (r *repair) leave(tokens []token, name, why string) {
	value := r.take(name, "")
	written := name + "=" + value
	for i := range tokens {
		if tokens[i].name == name {
			written = r.source(&tokens[i])
		}
	}
	r.changes = append(r.changes, change{"", fmt.Sprintf("%s is left out, as receivers ignore it: write %s=%s %s", show.Cut(written, 60), name, value, why), false})
}

// ask has the owner choose between the value of a tag and what holds without it.
func (r *repair) ask(name, without, why string) {
	value := r.take(name, "")
	r.draft.set(name, "<"+value+" or "+without+">")
	r.changes = append(r.changes, change{"", fmt.Sprintf("some receivers ignore what was meant as %s=%s, others the whole record: write %s=%s %s", name, value, name, value, why), false})
}

// take gives a tag of the draft another value, unsays what was to become of it, and
// returns the one that it had.
func (r *repair) take(name, value string) string {
	was := r.draft.get(name)
	r.draft.set(name, value)
	r.changes = slices.DeleteFunc(r.changes, func(c change) bool { return strings.HasSuffix(c.text, " becomes "+name+"="+was) })
	return was
}
