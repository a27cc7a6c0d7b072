package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/internal/show"
)

// keepInForce leaves out what would weaken the policy that is in force. Receivers ignore
// a tag that they cannot read: "t=yes" beside p=reject is no test, and a repair to t=y
// would make one of it. How to say it is remarked, for the owner to decide.
func (r *repair) keepInForce(tokens []token) {
	if _, _, ok := versionOf(r.published); !ok {
		return
	}
	is := readRecord(r.published)
	if is.Broken() || r.draft.get("p") != string(is.P) {
		return // nothing is in force, or something else than what was meant
	}
	d := &r.draft
	_, sp, np, _ := is.Effective()
	if d.get("t") == "y" && !is.Testing && is.P.rank()+sp.rank()+np.rank() > 0 {
		r.leave(tokens, "t", "for a test of the policy")
	}
	if pct := number(d.get("pct")); pct >= 0 && (is.Percent == nil || *is.Percent > pct) && is.P.rank() > 0 {
		r.leave(tokens, "pct", "to have receivers by RFC 7489 apply the policy to a share of the mail")
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

// leave takes a tag out of the draft, and says how to write it.
func (r *repair) leave(tokens []token, name, why string) {
	value := r.draft.get(name)
	r.draft.set(name, "")
	written := name + "=" + value
	for i := range tokens {
		if tokens[i].name == name {
			written = r.source(&tokens[i])
		}
	}
	r.changes = slices.DeleteFunc(r.changes, func(c change) bool { return strings.HasSuffix(c.text, " becomes "+name+"="+value) })
	r.changes = append(r.changes, change{"", fmt.Sprintf("%s is left out, as receivers ignore it: write %s=%s %s", show.Cut(written, 60), name, value, why), false})
}
