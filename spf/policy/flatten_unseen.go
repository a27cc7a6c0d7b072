package policy

import (
	"fmt"

	"mailworthy/resolver"
	"mailworthy/spf"
)

// withoutUnseen returns the policy as if what an offline run did not ask matched nobody,
// and the terms that lead there, by their keys, with the reason to keep each a name. A
// term that stays as it is under the same sign matches whoever it matches, in the record
// as it is and in the proposal. Without such terms, or if the DNS failed to answer
// anything else, it is the policy itself.
func (p *Policy) withoutUnseen() (*Policy, map[string]string) {
	k := &answers{root: p.answers.root, cut: p.answers.cut, asked: make(map[question]*outcome, len(p.answers.asked))}
	found := false
	for q, o := range p.answers.asked {
		c := *o
		c.facts = nil
		if o.err != nil {
			switch resolver.AsError(o.err).Reason {
			case resolver.Offline:
				found = true
				c.err, c.answer = nil, &resolver.Answer{Name: q.name, Type: q.t, Status: resolver.Found, TTL: changesOften}
				if q.t == resolver.TypeTXT {
					c.answer.Records = []resolver.Record{{Name: q.name, Type: q.t, TXT: []string{spf.Version + " ?all"}}}
				}
			case resolver.BadName:
			default:
				return p, nil
			}
		}
		k.asked[q] = &c
	}
	if !found || p.answers.get(p.Domain, resolver.TypeTXT).err != nil {
		return p, nil
	}
	unseen := make(map[string]string)
	p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Ignored != "" || t.Kind == spf.KindExp {
				continue
			}
			if t.Status == StatusUnresolved {
				unseen[key(r, t)] = fmt.Sprintf("offline: %s was not asked", t.Target)
			}
			for _, h := range t.Hosts {
				if h.Status == StatusUnresolved {
					unseen[key(r, t)] = fmt.Sprintf("offline: the addresses of %s were not asked", h.Name)
				}
			}
		}
	})
	return assemble(k), unseen
}

// holdsUnseen reports whether a record, or one that it leads to, has a term whose
// addresses were not asked.
func (d *draft) holdsUnseen(r *Record, seen map[string]bool) bool {
	if len(d.unseen) == 0 || seen[r.Domain] {
		return false
	}
	seen[r.Domain] = true
	for i := range r.Terms {
		t := &r.Terms[i]
		if d.unseen[key(r, t)] != "" {
			return true
		}
		if target := d.full[t.Target]; target != nil && (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && d.holdsUnseen(target, seen) {
			return true
		}
	}
	return false
}
