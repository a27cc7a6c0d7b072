package dmarc

import (
	"fmt"

	"mailworthy/resolver"
)

// organization is the Organizational Domain that a walk comes to, whatever the
// unanswered steps hold; false if that depends on them.
func organization(steps []Step) (string, bool) {
	org, same := "", true
	possible := everyWay(func(supposed map[string]held) bool {
		c := conclude(steps, supposed)
		if org == "" {
			org = c.org
		}
		same = same && c.org == org
		return same
	}, steps)
	if !possible || !same {
		return "", false
	}
	return org, true
}

// sameOrganization compares where two walks end. A step that both have in
// common and that was not answered often makes no difference: nil only if
// it does.
func sameOrganization(x, y []Step) *bool {
	var same, different bool
	possible := everyWay(func(supposed map[string]held) bool {
		if conclude(x, supposed).org == conclude(y, supposed).org {
			same = true
		} else {
			different = true
		}
		return !(same && different)
	}, x, y)
	if !possible || same == different {
		return nil
	}
	return &same
}

// Alignment is one authenticated identifier judged against the Author Domain
// (RFC 9989, 4.4).
type Alignment struct {
	// Kind is "spf" for an envelope domain, "dkim" for a signing domain.
	Kind   string `json:"kind"`
	Domain string `json:"domain"`
	// OrganizationalDomain of Domain, empty when undecided or not needed.
	OrganizationalDomain string `json:"organizational_domain" empty:"null"`
	// Mode is the one in force; empty if the record is not known.
	Mode Mode `json:"mode" empty:"null"`
	// Relaxed and Strict say whether it would align in that mode; Aligned is
	// the answer in the mode in force. Nil is not known.
	Relaxed *bool `json:"relaxed"`
	Strict  bool  `json:"strict"`
	Aligned *bool `json:"aligned"`
	// Why is a sentence.
	Why string `json:"why"`
	// Queries and Walk are empty if no walk was needed.
	Queries []string `json:"queries"`
	Walk    []Step   `json:"walk"`
}

// maxIdentifiers bounds the identifiers of a kind that are walked from.
const maxIdentifiers = 20

func (a *asker) askIdentifiers(b *resolver.Batch, d *Discovery, kind string, domains []string) []identifier {
	out := make([]identifier, len(domains))
	for i, domain := range domains {
		out[i] = a.askIdentifier(b, d, kind, domain, i < maxIdentifiers)
	}
	return out
}

func judgeAll(d *Discovery, identifiers []identifier) []Alignment {
	out := make([]Alignment, len(identifiers))
	for i := range identifiers {
		out[i] = identifiers[i].judge(d)
	}
	return out
}

// identifier is one on its way to being judged.
type identifier struct {
	kind, domain string
	err          error
	walk         []*question // nil if there is none
}

// askIdentifier puts the questions of the identifier's own walk, none if the
// domains are equal (RFC 9989, 4.10.2) or walk is false.
func (a *asker) askIdentifier(b *resolver.Batch, d *Discovery, kind, domain string, walk bool) identifier {
	id := identifier{kind: kind}
	if id.domain, id.err = canonical(domain); id.err == nil && walk && id.domain != d.Domain && d.Error == "" {
		id.walk = a.askWalk(b, id.domain)
	}
	return id
}

var kindNames = map[string]string{"spf": "envelope domain", "dkim": "signing domain"}

// judge reads the walk and compares.
func (id *identifier) judge(d *Discovery) Alignment {
	out := Alignment{Kind: id.kind, Domain: id.domain, Mode: d.Alignment(id.kind)}
	name := fmt.Sprintf("The %s %s", kindNames[id.kind], id.domain)
	no, yes := false, true
	switch {
	case id.err != nil || len(d.Walk) == 0:
		out.Why = fmt.Sprintf("%s cannot be compared: one of the two is no domain name.", name)
		return out
	case id.domain == d.Domain:
		out.Strict, out.Relaxed, out.Aligned = true, &yes, &yes
		out.OrganizationalDomain = d.OrganizationalDomain
		out.Why = fmt.Sprintf("%s is the author domain itself: aligned in either mode.", name)
		return out
	case id.walk == nil && out.Mode == Strict:
		out.Aligned = &no
		out.Why = fmt.Sprintf("%s is not identical to the author domain %s, and the record asks for strict alignment.", name, d.Domain)
		return out
	case id.walk == nil:
		out.Why = fmt.Sprintf("%s was not examined: at most %d are.", name, maxIdentifiers)
		return out
	}
	out.Walk = readWalk(id.walk)
	out.Queries = queries(out.Walk)
	out.OrganizationalDomain, _ = organization(out.Walk)
	out.Relaxed = sameOrganization(d.Walk, out.Walk)
	switch {
	case out.Relaxed != nil && !*out.Relaxed:
		// Not even relaxed: the mode makes no difference.
		out.Aligned = &no
	case out.Mode == Strict:
		out.Aligned = &no
	case out.Mode == Relaxed:
		out.Aligned = out.Relaxed
	}
	out.Why = name + id.why(d, &out)
	return out
}

// why explains a judgement that needed a walk.
func (id *identifier) why(d *Discovery, out *Alignment) string {
	switch {
	case out.Relaxed == nil && out.Mode == Strict:
		return fmt.Sprintf(" is not identical to the author domain %s, and the record asks for strict alignment.", d.Domain)
	case out.Relaxed == nil:
		return fmt.Sprintf(" may or may not share the organizational domain of %s: %s.", d.Domain,
			silence(append(append([]Step{}, d.Walk...), out.Walk...)))
	case !*out.Relaxed:
		return fmt.Sprintf(" belongs to %s%s, the author domain %s to %s%s: not aligned in either mode.",
			orUndecided(out.OrganizationalDomain), explain(out.Walk), d.Domain, orUndecided(d.OrganizationalDomain), explain(d.Walk))
	}
	shared := fmt.Sprintf(" shares the organizational domain %s with the author domain %s", orUndecided(out.OrganizationalDomain), d.Domain)
	switch out.Mode {
	case Strict:
		return shared + " but is not identical to it, and the record asks for strict alignment."
	case Relaxed:
		return shared + ": aligned, since relaxed alignment is in force."
	}
	return shared + ": aligned if the record asks for relaxed alignment, and the record is not known."
}

// Alignment is the mode in force for a kind, "spf" or "dkim"; without a record the
// default, and empty if it is not known whether there is one.
func (d *Discovery) Alignment(kind string) Mode {
	switch {
	case d.Record == nil && d.Undecided.Policy != "":
		return ""
	case d.Record == nil:
		return Relaxed
	case kind == "spf":
		return d.Record.ASPF
	}
	return d.Record.ADKIM
}

// explain says in brackets how a walk came to its Organizational Domain.
func explain(steps []Step) string {
	org, ok := organization(steps)
	if !ok {
		return ""
	}
	last := &steps[len(steps)-1]
	switch {
	case last.Outcome == HasRecord && last.Record.PSD == "n" && last.Domain == org:
		return " (its record says psd=n)"
	case last.Outcome == HasRecord && last.Record.PSD == "y" && len(steps) > 1:
		return " (the name below " + last.Domain + ", whose record says psd=y)"
	}
	silent := false
	for i := range steps {
		switch steps[i].Outcome {
		case HasRecord:
			return " (the shortest name with a record)"
		case Unanswered:
			silent = true
		}
	}
	if silent {
		return " (whether it has a record is not known)"
	}
	return " (no record at it or above)"
}

func orUndecided(org string) string {
	if org == "" {
		return "a domain that could not be decided"
	}
	return org
}
