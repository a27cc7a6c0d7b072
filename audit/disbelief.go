package audit

import (
	"context"
	"maps"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// A resolver that says NXDOMAIN to everything does not see the public DNS, and a
// domain that everybody else sees would be called unregistered. One that has records of
// every type for every name, as a captive portal's may, does not see it either, nor does one that
// lets a few names through and denies all others. Whether it sees the top-level domain, the root
// and the servers of com is asked only if it denies the domain, or another one of which it has
// shown nothing: an audit of a domain that is there costs no question more.

// doubt is why a resolver is not believed.
type doubt struct {
	evidence []finding.Evidence
	// all: nothing that it says is believed, and else nothing of names in tlds.
	all  bool
	tlds []string
	// denials: what it denies is believed only in domains that it has shown.
	denials bool
	shown   map[string]bool
}

// maxDoubted bounds the top-level domains that are asked about.
const maxDoubted = 4

// doubts asks whether a resolver that denies names sees the public DNS at all. It
// returns nil if it is to be believed, or was not asked.
func (a *run) doubts(ctx context.Context) *doubt {
	if d := a.invents(ctx); d != nil {
		return d
	}
	if d := a.blocks(); d != nil {
		return d
	}
	lists := a.lists()
	d := a.deniesZones(ctx, lists)
	if d != nil && d.all {
		return d
	}
	if said := a.hidesReverse(ctx); said != nil {
		if d == nil {
			d = new(doubt)
		}
		d.tlds, d.evidence = append(d.tlds, "arpa"), append(d.evidence, said...)
	}
	if s := a.selects(ctx, lists); s != nil {
		return s
	}
	return d
}

// hidesReverse asks whether a resolver that has denied reverse names, and shown none, denies all of
// them to who sees the rest of the DNS, or has the domain and nothing else. It returns what says so;
// nil if it does not.
func (a *run) hidesReverse(ctx context.Context) (said []finding.Evidence) {
	shown, denied, own := false, "", false
	a.session.Answers(func(answer *resolver.Answer) {
		switch name := answer.LastName(); {
		case answer.OfZone():
		case resolver.TopLevel(name) != "arpa":
			own = own || answer.Status == resolver.Found && resolver.Within(name, a.target.Domain)
		case name == "arpa":
		case answer.Status != resolver.NXDomain:
			shown = true
		case answer.Type == resolver.TypePTR:
			denied = name
		}
	})
	if shown || denied == "" {
		return nil
	}
	session := resolver.NewSession(a.resolver, 0)
	answers := resolver.HidesReverse(ctx, session)
	if answers == nil && own {
		answers = resolver.DeniesAbove(ctx, session, a.target.Domain, denied)
	}
	for _, answer := range answers {
		said = append(said, answer.Evidence())
	}
	return said
}

// selects asks whether a resolver that has denied domains, and shown nothing of them, lets a
// few names through and denies all others. It is nil if it does not. lists are the zones of block
// lists, which deny what is not listed.
func (a *run) selects(ctx context.Context, lists []string) *doubt {
	shown, denied := make(map[string]bool), make(map[string]bool)
	// Most names are of the domain: for these it is found once.
	own := resolver.Registrable(a.target.Domain)
	ownDenied := resolver.DeniedAlone(own)
	in := func(name string) string {
		if resolver.Within(name, own) {
			return ownDenied
		}
		return resolver.DeniedAlone(name)
	}
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.OfZone() {
			return
		}
		switch name := answer.LastName(); {
		case answer.Status == resolver.Found || len(answer.CNAMEs) > 0:
			// At the end of an alias may be what it denies to who asks for that.
			shown[in(answer.Name)] = true
		case answer.Type == resolver.TypeA && resolver.Within(name, "ipv4only.arpa"), answer.Type == resolver.TypeAAAA: // as of most names
		case !ofList(lists, name):
			denied[in(name)] = true
		}
	})
	maps.DeleteFunc(denied, func(domain string, _ bool) bool { return domain == "" || shown[domain] })
	if len(denied) == 0 {
		return nil
	}
	said := resolver.Selective(ctx, resolver.NewSession(a.resolver, 0))
	if said == nil {
		return nil
	}
	d := &doubt{denials: true, shown: shown, all: denied[own]}
	for _, answer := range said {
		d.evidence = append(d.evidence, answer.Evidence())
	}
	return d
}

// deniesZones asks whether a resolver that denies the domain, or names in top-level domains of
// which it has shown nothing, has these and the root. It returns nil if it has.
func (a *run) deniesZones(ctx context.Context, lists []string) *doubt {
	denier, all := a.denier()
	tlds := a.unseen(lists)
	own := resolver.TopLevel(a.target.Domain)
	if all {
		tlds = slices.DeleteFunc(tlds, func(tld string) bool { return tld == own })
		tlds = append([]string{own, "."}, tlds[:min(len(tlds), maxDoubted)]...)
	} else if tlds = tlds[:min(len(tlds), maxDoubted)]; len(tlds) == 0 {
		return nil
	}
	evidence := make([]finding.Evidence, len(tlds))
	errs, found, local := make([]error, len(tlds)), make([]bool, len(tlds)), make([]bool, len(tlds))
	b := resolver.NewBatch(ctx, resolver.NewSession(a.resolver, 0))
	for i, name := range tlds {
		b.Ask(name, resolver.TypeNS, func(answer *resolver.Answer, err error) {
			if evidence[i] = resolver.Outcome(answer, err); evidence[i].Server == "" {
				evidence[i].Server = denier
			}
			errs[i] = err
			found[i] = err == nil && answer.Status == resolver.Found
			local[i] = err == nil && answer.OfZone()
		})
	}
	b.Run()
	if ctx.Err() != nil {
		return nil
	}
	rest := 0
	if all {
		const top, root = 0, 1
		switch {
		case local[top], local[root],
			// The root is always there, but for a network that has a top-level domain of its own.
			found[top] && (evidence[root].Status != string(resolver.NXDomain) || !resolver.InRoot(own)):
		case found[root] && errs[top] != nil: // the denial came by another way than this failure
		case found[root] && !resolver.InRoot(own): // there is no such top-level domain
		default:
			return &doubt{evidence: evidence[:2], all: true}
		}
		rest = 2
	}
	d := new(doubt)
	for i := rest; i < len(tlds); i++ {
		if errs[i] == nil && !found[i] && !local[i] {
			d.tlds, d.evidence = append(d.tlds, tlds[i]), append(d.evidence, evidence[i])
		}
	}
	if d.tlds == nil {
		return nil
	}
	return d
}

const (
	// fewFound and manyFound are how many answers without one that something is absent make
	// a resolver suspect: few if none of them is a record for mail, many in any case.
	fewFound, manyFound = 2, 6
)

// invents asks for a record of a name that cannot exist if the resolver has found
// whatever it was asked for, addresses apart. It returns nil if it is to be believed.
// Some selector, or _dmarc of a name that nobody published, is absent from any domain
// that has no wildcard, so that an audit of nearly all asks nothing more.
func (a *run) invents(ctx context.Context) *doubt {
	found, absent, forMail := 0, false, false
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.OfZone() || answer.Type == resolver.TypeA || answer.Type == resolver.TypeAAAA {
			return
		}
		absent = absent || answer.Absent()
		found++
		for _, r := range answer.Records {
			forMail = forMail || slices.ContainsFunc(r.TXT, func(text string) bool { return strings.HasPrefix(text, "v=") })
		}
	})
	if absent || found < fewFound || forMail && found < manyFound {
		return nil
	}
	answer, err := resolver.NewSession(a.resolver, 0).Lookup(ctx, resolver.NeverThere, resolver.TypeTXT)
	if err != nil || answer.Absent() || answer.OfZone() {
		return nil
	}
	return &doubt{evidence: []finding.Evidence{answer.Evidence()}, all: true}
}

// blocks tells a resolver that hides the domain: it gives it no address but 0.0.0.0 or ::,
// the answer of one that blocks a name, and denies that a registered name has an SOA.
func (a *run) blocks() *doubt {
	if a.target.Domain != resolver.Registrable(a.target.Domain) {
		return nil
	}
	var evidence []finding.Evidence
	soa := true
	a.session.Answers(func(answer *resolver.Answer) {
		switch {
		case answer.OfZone() || answer.Name != a.target.Domain || len(answer.CNAMEs) > 0:
		case answer.Type == resolver.TypeSOA:
			soa = answer.Status == resolver.Found
		case answer.Status == resolver.Found && !slices.ContainsFunc(answer.Records, func(r resolver.Record) bool { return !r.Addr.IsUnspecified() }):
			evidence = append(evidence, answer.Evidence())
		}
	})
	if soa || evidence == nil {
		return nil
	}
	return &doubt{evidence: evidence, all: true}
}

// unseen are the registered top-level domains in which the resolver has denied a name
// and found none. Names at block lists are apart: these are tested by themselves.
func (a *run) unseen(lists []string) []string {
	var denied []string
	seen := make(map[string]bool)
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.OfZone() {
			return
		}
		name := answer.LastName()
		tld := resolver.TopLevel(name)
		switch {
		case answer.Status != resolver.NXDomain:
			seen[tld] = true
		case tld == "arpa", seen[tld], slices.Contains(denied, tld), !resolver.InRoot(tld):
		case ofList(lists, name):
		default:
			denied = append(denied, tld)
		}
	})
	return slices.DeleteFunc(denied, func(tld string) bool { return seen[tld] })
}

// lists are the zones of the block lists that the audit asks.
func (a *run) lists() []string {
	if !a.wants(finding.Reputation) {
		return nil
	}
	catalogue := a.options.Catalogue
	if catalogue == nil {
		catalogue = rbl.BuiltIn()
	}
	return catalogue.Zones()
}

// ofList reports whether a name is in one of the zones, or has one of them below it.
func ofList(zones []string, name string) bool {
	return slices.ContainsFunc(zones, func(zone string) bool { return resolver.Within(name, zone) || resolver.Within(zone, name) })
}

// denier is the server that denies the domain, and the organizational domain with it,
// or all that it was asked. It is none if anything was found at or below these.
func (a *run) denier() (server string, denies bool) {
	own := resolver.Registrable(a.target.Domain)
	anything, existing, denier := false, false, ""
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.Name == "." || answer.Name == "" {
			return // it was asked whether it validates: who denies domains may have a root of its own
		}
		local := answer.OfZone()
		if !local {
			denier = answer.Server
			// One that leads every name to a page of its own finds addresses, and nothing else.
			anything = anything || answer.Status == resolver.Found && answer.Type != resolver.TypeA && answer.Type != resolver.TypeAAAA
		}
		if answer.Name != own && !strings.HasSuffix(answer.Name, "."+own) {
			return
		}
		switch {
		case local || answer.Status == resolver.Found || len(answer.CNAMEs) > 0:
			existing = true
		case answer.Name == a.target.Domain && answer.Status == resolver.NXDomain:
			server, denies = answer.Server, true
		case answer.Name == own && answer.Status == resolver.NoData && own != a.target.Domain:
			existing = true // the domain may be denied, its parent is not
		}
	})
	if denies && !existing {
		return server, true
	}
	// Without NXDOMAIN it denies only if it finds nothing but addresses of anybody, not
	// even of what the records of a loaded zone name.
	return denier, denier != "" && !anything
}

// disbelieve answers as the session did, but for what came from the network and is in
// doubt: that is no answer.
type disbelieve struct {
	next resolver.Resolver
	*doubt
}

func (d disbelieve) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := d.next.Lookup(ctx, name, t)
	if err != nil || a.OfZone() || !d.disbelieves(a) {
		return a, err
	}
	return nil, &resolver.Error{Name: a.Name, Type: t, Reason: resolver.NotPublic, Server: a.Server, Rcode: a.Rcode,
		Detail: "it does not see the public DNS"}
}

// disbelieves reports whether an answer of the network is in doubt.
func (d *doubt) disbelieves(a *resolver.Answer) bool {
	name := a.LastName()
	if d.denials && !d.all {
		domain := resolver.DeniedAlone(name)
		return a.Absent() && domain != "" && !d.shown[domain]
	}
	return d.all || slices.Contains(d.tlds, resolver.TopLevel(name))
}

// unbelieved audits again, as if the resolver had not answered, which is what it
// comes to: so nothing that it denied is said to be missing or gone.
func (a *run) unbelieved(ctx context.Context, why *doubt) *run {
	o := a.options
	o.Health = &rbl.Health{} // what such a resolver says of the lists is nobody else's
	o.Authoritative = nil
	again := a.again(o, disbelieve{a.session, why})
	again.doubt = why
	again.ask(ctx)
	return again
}

// again returns an audit of the same that asks r.
func (a *run) again(o Options, r resolver.Resolver) *run {
	return &run{target: a.target, options: o, names: a.names, resolver: r, session: resolver.NewSession(r, 0),
		result: &Result{Domain: a.result.Domain, Unicode: a.result.Unicode, Started: a.result.Started, Examined: examined(a.target), Detail: o.Detail}}
}

// noteDNS64 says for which hosts the resolver made addresses up.
func (a *run) noteDNS64(findings []finding.Finding) []finding.Finding {
	if !a.wants(finding.Hosts) {
		return findings
	}
	var hosts []string
	var evidence []finding.Evidence
	server, byLooks := "", false
	a.session.Answers(func(answer *resolver.Answer) {
		byLooks = byLooks || answer.MadeUpByLooks
		if len(answer.MadeUp) > 0 && !slices.Contains(hosts, answer.Name) {
			hosts, evidence, server = append(hosts, answer.Name), append(evidence, answer.Evidence()), answer.Server
		}
	})
	if len(hosts) == 0 {
		return findings
	}
	return append(findings, mailhost.MadeUp(a.target.Domain, server, byLooks, hosts, evidence))
}
