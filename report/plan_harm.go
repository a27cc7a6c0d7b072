package report

import (
	"cmp"
	"fmt"
	"slices"

	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/spf"
)

// harm says what a proposal takes away that the audit before it found: a sender
// that passes, a policy that is enforced, a key that verifies, what the domain is
// for. It is empty if the proposal takes nothing away.
func harm(before, after *Report) string {
	for _, check := range []func(before, after *Report) string{lostPurpose, lostSender, weakerPolicy, lostKey} {
		if text := check(before, after); text != "" {
			return text
		}
	}
	return ""
}

// lostPurpose: the domain is something else, or nobody may send for a sender.
func lostPurpose(before, after *Report) string {
	if before.Profile != "" && after.Profile != "" && before.Profile != after.Profile {
		return fmt.Sprintf("With these records the domain counts as a %s, and not as a %s.", after.Profile, before.Profile)
	}
	if before.Profile == finding.Sender && after.SPF != nil && after.SPF.SendsNothing() && (before.SPF == nil || !before.SPF.SendsNothing()) {
		return "With these records nobody may send mail of the domain."
	}
	return ""
}

// lostSender: an address that passed SPF passes no longer.
func lostSender(before, after *Report) string {
	for i := range before.Evaluations {
		b := &before.Evaluations[i]
		if b.Result != spf.Pass || b.IP.IsLoopback() || b.IP.IsUnspecified() || b.IP.IsMulticast() || b.IP.IsLinkLocalUnicast() {
			continue // or no mail comes from there
		}
		at := slices.IndexFunc(after.Evaluations, func(a spf.Evaluation) bool { return a.IP == b.IP && a.Domain == b.Domain })
		if at >= 0 && after.Evaluations[at].Result != spf.Pass {
			return fmt.Sprintf("With these records SPF of %s gives %s for %s, and not pass.", b.Domain, after.Evaluations[at].Result, b.IP)
		}
	}
	return ""
}

// strength orders DMARC policies.
func strength(p dmarc.Policy) int {
	return slices.Index([]dmarc.Policy{dmarc.Quarantine, dmarc.Reject}, p) + 1
}

// weakerPolicy: a policy of the domain, or of the names below it, asks for less. What
// applies below it need not be its own record's sp and np.
func weakerPolicy(before, after *Report) string {
	b, a := before.DMARC, after.DMARC
	if b == nil || a == nil {
		return ""
	}
	type policy struct {
		of            string
		before, after dmarc.Policy
	}
	var list []policy
	if b.Undecided.Policy == "" && a.Undecided.Policy == "" {
		list = append(list, policy{before.Domain, b.Policy, a.Policy}, policy{before.Domain, b.EffectivePolicy, a.EffectivePolicy})
	}
	below, known := b.Below()
	if is, still := a.Below(); known && still {
		was, is := policiesBelow(below), policiesBelow(is)
		for i, of := range [...]string{"its subdomains", "subdomains that do not exist", "its subdomains", "subdomains that do not exist"} {
			list = append(list, policy{of, was[i], is[i]})
		}
	}
	for _, p := range list {
		if strength(p.after) < strength(p.before) {
			return fmt.Sprintf("With these records the DMARC policy of %s falls from %s to %s.", p.of, p.before, cmp.Or(string(p.after), "no policy"))
		}
	}
	return ""
}

// policiesBelow are the policies of a record for subdomains and for those that do not
// exist, as they stand and as receivers apply them.
func policiesBelow(r *dmarc.Record) (out [4]dmarc.Policy) {
	if r == nil {
		return out
	}
	_, sp, np, _ := r.Effective()
	out = [...]dmarc.Policy{sp, np, sp, np}
	if r.Testing {
		out[2], out[3] = sp.Lowered(), np.Lowered()
	}
	return out
}

// lostKey: a DKIM key that verified does so no longer.
func lostKey(before, after *Report) string {
	if before.DKIM == nil || after.DKIM == nil {
		return ""
	}
	for i := range before.DKIM.Keys {
		k := &before.DKIM.Keys[i]
		if !k.Live() || k.Wildcard {
			continue
		}
		for j := range after.DKIM.Keys {
			if g := &after.DKIM.Keys[j]; g.Selector == k.Selector && g.Domain == k.Domain && !g.Live() {
				return fmt.Sprintf("With these records the DKIM key of selector %s does not verify any more.", k.Selector)
			}
		}
	}
	return ""
}
