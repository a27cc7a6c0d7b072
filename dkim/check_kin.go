package dkim

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// Kin are the keys of other domains of the organization of one that has none of its own:
// signatures in their name may align with it (RFC 9989, 4.4).
type Kin struct {
	// Domains are what the DNS says of each, the organizational domain first.
	Domains []*Discovery
	// Open says in a sentence why it is not known whether they align; empty: they do.
	Open string
}

// Live returns a live key of theirs that aligns, an RSA key if there is one; nil if none is
// known.
func (a *Kin) Live() *PublishedKey {
	if a == nil || a.Open != "" {
		return nil
	}
	return a.live()
}

// live is a live key of theirs, whether it aligns or not.
func (a *Kin) live() (found *PublishedKey) {
	for _, d := range a.Domains {
		for i := range d.Keys {
			if k := &d.Keys[i]; k.Live() && k.RecordCount == 1 && !k.Wildcard && (found == nil || found.Algorithm != algorithmRSA) {
				found = k
			}
		}
	}
	return found
}

// Absent reports that nothing there can be a key: each name is proved to have none.
func (a *Kin) Absent() bool {
	return a == nil || !slices.ContainsFunc(a.Domains, func(d *Discovery) bool {
		return d.Proof != ProofAbsent || len(d.Keys) > 0 || len(d.Mislaid) > 0
	})
}

// names are the domains.
func (a *Kin) names() string {
	names := make([]string, len(a.Domains))
	for i, d := range a.Domains {
		names[i] = d.Domain
	}
	return list(names)
}

// stated reports whether a stated selector has a key there, and whether that is not known.
func (a *Kin) stated(selector string) (found, open bool) {
	if a == nil {
		return false, false
	}
	for _, d := range a.Domains {
		for i := range d.Selectors {
			if s := &d.Selectors[i]; s.Name == selector {
				found, open = found || d.answered(s), open || s.Status == SelectorUnresolved
			}
		}
	}
	return found && a.Open == "", open || found && a.Open != ""
}

// kin judges a domain without a key of its own by those that may sign for it. It reports false if
// that changes nothing: nothing there can be a key.
func (j *judge) kin() bool {
	a := j.c.Kin
	if k := a.Live(); k != nil {
		j.Add("dkim-none-observed", finding.Finding{Severity: finding.Info, Title: "No DKIM key of its own: a key of " + k.Domain + " aligns",
			Detail: fmt.Sprintf("%s has no key of its own, and %s has one at %s. A signature with d=%[2]s aligns with %[1]s, since relaxed alignment is in force: see that its mail has one.",
				j.d.Domain, k.Domain, k.QueryName()),
			Evidence: []finding.Evidence{k.evidence}})
		return true
	}
	switch {
	case a.Absent():
		return false
	case j.anyStated():
		return true // what is stated is judged by itself
	}
	if a.Open == "" && j.brokenKin() {
		return true
	}
	tried, unresolved := 0, 0
	var evidence, silent []finding.Evidence
	for _, d := range a.Domains {
		tried, unresolved = tried+d.Tried, unresolved+d.Unresolved
		evidence = append(evidence, d.Evidence...)
		if slices.ContainsFunc(d.Evidence, unanswered) {
			silent = append(silent, d.Evidence...)
		}
		for i := range d.Selectors {
			// An alias was published for a key, and what it leads to is not known.
			if s := &d.Selectors[i]; s.Status == SelectorUnresolved && len(s.CNAMEs) > 0 && len(silent) < mostEvidence {
				silent = append(silent, *s.Evidence)
			}
		}
	}
	if silent != nil {
		j.Add("dkim-unresolved", finding.Finding{Subject: silent[0].Name, Evidence: silent, CouldBe: finding.Error, Undecides: true,
			Detail: fmt.Sprintf("%s has no key of its own, but a signature in the name of %s may align with it, and whether there are keys was not answered (%s).",
				j.d.Domain, a.names(), silent[0].Status)})
	}
	if unresolved == tried && silent != nil {
		return true
	}
	f := finding.Finding{Title: "No DKIM key of its own, and none known of " + a.names(), Undecides: true, CouldBe: finding.Error, VerdictAs: finding.Warning,
		Evidence: slices.Concat(j.d.Evidence, evidence),
		Fix:      &finding.Fix{Summary: "Look up d= and s= in the DKIM-Signature header of a message that was sent, and state them: --dkim-domain DOMAIN --selector NAME."},
		Hint:     "--dkim-domain DOMAIN and --selector NAME state who signs: d= and s= in the DKIM-Signature of a message sent"}
	if k := a.live(); k != nil {
		f.Title = "No DKIM key of its own; whether that of " + a.names() + " aligns is not known"
		f.Detail = fmt.Sprintf("%s has no key of its own. There is one at %s, and whether a signature with it aligns is not known: %s", j.d.Domain, k.QueryName(), a.Open)
	} else {
		f.Detail = fmt.Sprintf("%s has no key of its own. A signature in the name of %s may align with it, and of the %s tried there none has a usable key%s. Selectors cannot be listed, so this does not mean that there is none.",
			j.d.Domain, a.names(), show.Counted(tried, "selector"), openOf(unresolved))
	}
	j.Add("dkim-none-observed", f)
	return true
}

func openOf(unresolved int) string {
	if unresolved == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d got no answer)", unresolved)
}

// brokenKin judges the key records there that are no keys as they stand, and were meant to
// be, and reports whether there are any: for the domain they are the cause.
func (j *judge) brokenKin() bool {
	found := false
	for _, d := range j.c.Kin.Domains {
		for i := range d.Keys {
			if k := &d.Keys[i]; !k.Live() && !k.Wildcard && len(k.Problems) > 0 && (&mending{PublishedKey: k}).key() != nil {
				j.key(k)
				found, j.kinBroken = true, true
			}
		}
	}
	return found
}
