package audit

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// A resolver that says NXDOMAIN to everything does not see the public DNS, and a
// domain that everybody else sees would be called unregistered. Whether it sees the
// top-level domain and the root is asked only where it denies the domain: an audit of
// a domain that is there costs no question more.

// denied asks whether a resolver that denies the domain sees the public DNS at all.
// It returns the answers that say that it does not, and nil where it is to be
// believed, or was not asked.
func (a *run) denied(ctx context.Context) []finding.Evidence {
	server, ok := a.denier()
	if !ok {
		return nil
	}
	tld := a.target.Domain[strings.LastIndexByte(a.target.Domain, '.')+1:]
	var evidence [2]finding.Evidence
	var errs [2]*resolver.Error
	var found [2]bool
	local := false
	b := resolver.NewBatch(ctx, resolver.NewSession(a.resolver, 0))
	for i, name := range [...]string{tld, "."} {
		b.Ask(name, resolver.TypeNS, func(answer *resolver.Answer, err error) {
			evidence[i], errs[i] = resolver.Outcome(answer, err), resolver.AsError(err)
			found[i] = err == nil && answer.Status == resolver.Found
			local = local || err == nil && ofZone(answer)
		})
	}
	b.Run()
	top, root := 0, 1
	switch {
	case local, ctx.Err() != nil:
		return nil
	case found[top]:
		return nil
	case found[root] && errs[top] != nil:
		return nil // the denial of the domain came by another way than this failure
	case found[root] && !registered(tld):
		return nil // there is no such top-level domain
	}
	for i := range evidence {
		if evidence[i].Server == "" {
			evidence[i].Server = server
		}
	}
	return evidence[:]
}

// denier is the server that denies the domain, and the organizational domain with it,
// or all that it was asked. It is none if anything was found at or below these.
func (a *run) denier() (server string, denies bool) {
	own := organization(a.target.Domain)
	anything, existing, denier := false, false, ""
	a.session.Answers(func(answer *resolver.Answer) {
		local := ofZone(answer)
		if !local {
			denier = answer.Server
			anything = anything || answer.Status == resolver.Found
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
	// Without NXDOMAIN it denies only if it finds nothing at all of anybody, not even
	// of what the records of a loaded zone name.
	return denier, denier != "" && !anything
}

// ofZone reports that a loaded zone has answered.
func ofZone(a *resolver.Answer) bool { return strings.HasPrefix(a.Server, "zone ") }

// registered reports whether a top-level domain is known to be in the root.
func registered(tld string) bool {
	_, icann := publicsuffix.PublicSuffix("x." + tld)
	return icann
}

// disbelieve answers as the session did, but for what came from the network: that is
// no answer.
type disbelieve struct{ next resolver.Resolver }

func (d disbelieve) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := d.next.Lookup(ctx, name, t)
	if err != nil || ofZone(a) {
		return a, err
	}
	return nil, &resolver.Error{Name: a.Name, Type: t, Reason: resolver.NotPublic, Server: a.Server, Rcode: a.Rcode,
		Detail: "it does not see the public DNS"}
}

// unbelieved audits again, as if the resolver had not answered, which is what it
// comes to: so nothing that it denied is said to be missing or gone.
func (a *run) unbelieved(ctx context.Context, why []finding.Evidence) *run {
	o := a.options
	o.Health = &rbl.Health{} // what such a resolver says of the lists is nobody else's
	o.Authoritative = nil
	again := &run{target: a.target, options: o, notPublic: why, names: a.names,
		result: &Result{Domain: a.result.Domain, Unicode: a.result.Unicode, Started: a.result.Started, Examined: examined(a.target)}}
	again.resolver = disbelieve{a.session}
	again.session = resolver.NewSession(again.resolver, 0)
	again.ask(ctx)
	return again
}

// noteResolver puts before all else that the resolver does not see the public DNS.
// That all the rest is not known follows, and is not worth a line each; only what a
// loaded zone decides stands beside it, with what it leaves open.
func (a *run) noteResolver() {
	if a.notPublic == nil {
		return
	}
	cause := mailhost.NotPublic(a.target.Domain, a.notPublic[0].Server, a.notPublic)
	var rest []finding.Finding
	a.session.Answers(func(*resolver.Answer) { rest = a.result.Findings })
	a.result.Findings = append([]finding.Finding{cause}, rest...)
}

// noteDNS64 says for which hosts the resolver made addresses up.
func (a *run) noteDNS64(findings []finding.Finding) []finding.Finding {
	if !a.wants(finding.Hosts) {
		return findings
	}
	var hosts []string
	var evidence []finding.Evidence
	server := ""
	a.session.Answers(func(answer *resolver.Answer) {
		if len(answer.MadeUp) > 0 && !slices.Contains(hosts, answer.Name) {
			hosts, evidence, server = append(hosts, answer.Name), append(evidence, answer.Evidence()), answer.Server
		}
	})
	if len(hosts) == 0 {
		return findings
	}
	return append(findings, mailhost.MadeUp(a.target.Domain, server, hosts, evidence))
}
