package dmarc

import "slices"

// Below returns the record that applies to mail from names below the domain that have
// none of their own, which its sp and np are for; nil if there is none. It is not that of
// the domain itself unless the domain is an organizational domain or a public suffix
// (RFC 9989, 4.10.1). Decided is false if a step of the walk that could change it was not
// answered.
func (d *Discovery) Below() (r *Record, decided bool) {
	if len(d.Walk) == 0 {
		return nil, false
	}
	domains := walkDomains("x." + d.Domain)
	steps := []Step{{Domain: domains[0], Outcome: NoRecord}}
	for _, name := range domains[1:] {
		// A walk that stopped here stops below, too. In a long name the domain's own
		// step is cut out.
		at := slices.IndexFunc(d.Walk, func(s Step) bool { return s.Domain == name })
		if at < 0 {
			break
		}
		steps = append(steps, d.Walk[at])
	}
	ways, same, policy := 0, true, -1
	possible := everyWay(func(supposed map[string]held) bool {
		c := conclude(steps, supposed)
		if ways++; ways == 1 {
			policy = c.policy
		}
		same = same && c.policy == policy
		return same
	}, steps)
	if !possible || !same {
		return nil, false
	}
	if policy < 0 {
		return nil, true
	}
	return steps[policy].Record, true
}
