package mailhost

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// alias judges a host that is a CNAME (RFC 2181, 10.3).
func (j *judge) alias(d *Domain, i int) {
	e := &d.Exchanges[i]
	if len(e.CNAMEs) == 0 {
		if e.Resolves == Unknown {
			j.Undecided("mx-cname")
		}
		return
	}
	target := e.CNAMEs[len(e.CNAMEs)-1]
	fix := &finding.Fix{Summary: "Name the host that the alias leads to.", Name: d.Name, Type: "MX",
		Value: fmt.Sprintf("%d %s", e.Preference, target), Remove: []finding.Record{e.record(d)}}
	switch {
	case e.Resolves == Unknown:
		fix = &finding.Fix{Summary: fmt.Sprintf("Name the host that the alias leads to, once %s has an address.", target)}
	case !e.usable():
		fix = d.replace(e, "the alias leads to no public address")
	case d.named(target, i):
		fix = &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: %s, which the alias leads to, has one already.", target), Remove: fix.Remove}
	case d.aliased(target, i):
		fix = &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: another one is an alias of %s too, and is to name it.", target), Remove: fix.Remove}
	}
	j.Add("mx-cname", finding.Finding{Subject: e.Name, Evidence: e.Evidence,
		Detail: fmt.Sprintf("The MX host %s of %s is an alias of %s. An MX record must name the host itself.", e.Name, d.Name, target),
		Fix:    fix})
}

// aliased: an MX record before that one names an alias of the host.
func (d *Domain) aliased(host string, before int) bool {
	for i := range d.Exchanges[:before] {
		if c := d.Exchanges[i].CNAMEs; len(c) > 0 && c[len(c)-1] == host {
			return true
		}
	}
	return false
}

// lostDot are the questions about an MX host whose alias leads nowhere, maybe because its target lost its
// final dot: the host that it would lead to with it, and what is there if it is a name of the zone's own.
type lostDot struct {
	exchange *Exchange
	name     string
	host     hostOutcomes
	parent   string // "" if it can be no name of the zone's own
	own      outcome
}

// lostDots are those of the MX hosts.
func (d *Domain) lostDots(q *domainOutcomes) (out []lostDot) {
	for i := range d.Exchanges {
		e := &d.Exchanges[i]
		n := len(e.CNAMEs)
		if !e.isHost() || e.Meant != nil || e.Resolves != Absent || n == 0 {
			continue
		}
		target := e.CNAMEs[n-1]
		name := resolver.Undotted(target, d.Name, resolver.Registrable(resolver.LastOwner(e.Name, e.CNAMEs)))
		if name == "" || d.named(name, -1) {
			continue
		}
		l := lostDot{exchange: e, name: name}
		if a := q.hosts[i].v4.answer; a != nil && a.Status == resolver.NXDomain && GatewayOf(name) == nil {
			l.parent = resolver.OwnParent(target, name)
		}
		out = append(out, l)
	}
	return out
}

func (l *lostDot) ask(b *resolver.Batch) {
	l.host.ask(b, l.name)
	if l.parent != "" {
		l.own.ask(b, l.parent, resolver.TypeA)
	}
}

// read decides whether the final dot is missing: not if the host is known to have no public address
// either, nor if the zone has names where the target as it stands would be.
func (l *lostDot) read() {
	host := l.host.facts(l.name)
	if host.silent == 0 && !slices.ContainsFunc(host.Addresses, isPublic) {
		return
	}
	if l.parent != "" && l.own.exists() == Present {
		return
	}
	l.exchange.aimed = l.name
}

// nameAimed has the host named that the alias at an MX host was meant to lead to.
func (d *Domain) nameAimed(e *Exchange, f *finding.Finding) {
	how := "Probably"
	if !certainly(&Host{Name: e.aimed}, d.Authority.Organizational) {
		how = "Perhaps"
	}
	f.Detail += fmt.Sprintf(" %s the zone added its own name to the target of the alias at %s, because the final dot of %s is missing.", how, resolver.LastOwner(e.Name, e.CNAMEs), e.aimed)
	f.Fix = d.anotherMX(fmt.Sprintf("If %s takes the mail, name it in the MX record (\"%d %[1]s\"): that is where the alias was to lead.", e.aimed, e.Preference), e.Preference, e.record(d))
}

// aimedBefore adds an MX record to the finding of one before it that is to name the same host: the
// owner is asked once.
func (j *judge) aimedBefore(d *Domain, at int) bool {
	e := &d.Exchanges[at]
	before := slices.IndexFunc(d.Exchanges[:at], func(o Exchange) bool { return e.aimed != "" && o.aimed == e.aimed })
	if before < 0 {
		return false
	}
	first := d.Exchanges[before].Name
	found := j.Found()
	i := slices.IndexFunc(found, func(f *finding.Finding) bool { return f.Check == "mx-unresolvable" && f.Subject == first })
	if i < 0 {
		return false
	}
	f := found[i]
	f.Detail += fmt.Sprintf(" So it is for the MX host %s.", e.Name)
	f.Evidence = append(slices.Clip(f.Evidence), e.Evidence...)
	f.Fix.Remove = append(f.Fix.Remove, e.record(d))
	j.follows(f, "mx-cname", fmt.Sprintf("%s is an alias, and an MX record must name the host itself.", e.Name))
	return true
}
