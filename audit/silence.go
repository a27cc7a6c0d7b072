package audit

import (
	"cmp"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/receiver"
	"mailworthy/resolver"
)

// cause is a fault for which more than one section is not known.
type cause struct {
	found finding.Finding
	// all: what is unknown without evidence is unknown for it, too.
	all bool
	// of reports whether a question that came to this is one that it left open.
	of func(status string) bool
	// zone is the domain that it is a fault of; empty: of the resolver.
	zone string
}

// commonFault is why what is unknown has one cause: the resolver does not see the public
// DNS, or not one question was answered, or none about the domain. It is nil if there is none.
func (a *run) commonFault() *cause {
	if a.doubt != nil {
		return &cause{found: mailhost.NotPublic(a.target.Domain, a.doubt.evidence[0].Server, a.doubt.evidence, a.doubt.all), all: a.doubt.all,
			of: func(status string) bool { return status == string(resolver.NotPublic) }}
	}
	s := silenceOf(a.result.Trace)
	if s.resolvers(a.result.Trace) {
		return &cause{found: mailhost.Silent(a.target.Domain, s.why(), s.failed == 0, s.evidence(a.result.Trace)), all: true, of: unanswered}
	}
	return a.zoneFault(s.heard)
}

// zoneFault is that nothing about the organizational domain was answered, or about the
// domain, and that this leaves more than one section open. Others says that a resolver
// answered something.
func (a *run) zoneFault(others bool) *cause {
	for _, zone := range [...]string{resolver.Registrable(a.target.Domain), a.target.Domain} {
		c := silentZone(a.result.Trace, a.target.Domain, zone, others)
		if c == nil {
			continue
		}
		var open []finding.Section
		for i := range a.result.Findings {
			if f := &a.result.Findings[i]; f.Severity == finding.Unknown && !slices.Contains(open, f.Section) && c.explains(f) {
				open = append(open, f.Section)
			}
		}
		if len(open) > 1 {
			return c
		}
	}
	return nil
}

// silentZone is the cause that nothing at or below a name was answered; nil if something was,
// or nothing was asked but for time that was over. Of DS the zone above answers.
func silentZone(trace []resolver.Trace, domain, zone string, others bool) *cause {
	var within []resolver.Trace
	elsewhere := false
	for i := range trace {
		t := &trace[i]
		switch in := zone != "" && resolver.Within(t.Name, zone); {
		case in && t.Type == resolver.TypeDS && strings.EqualFold(t.Name, zone):
		case in && !unanswered(t.Status):
			return nil
		case in:
			within = append(within, *t)
		default:
			elsewhere = elsewhere || !isAnswer(t.Status)
		}
	}
	s := silenceOf(within)
	if s.failed < 2 {
		return nil
	}
	found := mailhost.ZoneSilent(domain, zone, s.why(), others, !elsewhere, s.evidence(within))
	if others && s.refused(within) {
		found = mailhost.ZoneRefused(domain, zone, s.why(), !elsewhere, s.evidence(within))
	}
	return &cause{found: found, all: !elsewhere, of: unanswered, zone: zone}
}

// explains reports whether the finding is unknown for the cause alone.
func (c *cause) explains(f *finding.Finding) bool {
	return restsOn(f, c.all, c.of) && (c.zone == "" || !slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool {
		return !isAnswer(e.Status) && !resolver.Within(e.Name, c.zone)
	}))
}

// blame gives facts that are open for the cause alone that reason: no lookup of theirs
// failed by itself.
func (c *cause) blame(a *run, facts ...*receiver.Fact) {
	for _, f := range facts {
		if f.State != receiver.Unknown || f.Evidence == "" {
			continue
		}
		if of := a.of(f.Finding); of == nil && c.all || of != nil && c.explains(of) {
			*f = because(receiver.Unknown, &c.found)
		}
	}
}

// put places the cause before all else, with what follows from it below it. If that is not
// all, it stands beside: each says what it concerns. Of a resolver that is not believed
// nothing else is left, but what was answered all the same, as by a loaded zone.
func (c *cause) put(a *run) {
	rest := a.result.Findings
	if c.all || c.zone != "" || a.doubt != nil && a.doubt.denials {
		rest = c.found.Blame(rest, c.explains)
	}
	if a.doubt != nil {
		believed := !c.all
		a.session.Answers(func(*resolver.Answer) { believed = true })
		if !believed {
			rest, a.result.Passes = nil, nil
		}
	}
	a.result.Findings = append([]finding.Finding{c.found}, rest...)
}

// silence is what came of the questions that were put to resolvers.
type silence struct {
	// heard: one was answered. zone: a loaded zone answered one.
	heard, zone bool
	// failed are the questions that were not answered, late those that the time of the
	// audit ended.
	failed, late int
	servers      []string
}

// unanswered reports whether a question that came to this was put and got no answer.
func unanswered(status string) bool {
	switch resolver.Reason(status) {
	case resolver.Timeout, resolver.Network, resolver.Refused, resolver.ServFail, resolver.BadRcode, resolver.Malformed, resolver.Canceled:
		return true
	}
	return false
}

// silenceOf reads a trace as far as the first answer of a resolver.
func silenceOf(trace []resolver.Trace) (s silence) {
	for i := range trace {
		switch t := &trace[i]; {
		case resolver.IsZone(t.Server):
			s.zone = true
		case t.Status == string(resolver.Canceled):
			s.late++
		case unanswered(t.Status):
			s.failed++
			text := t.Status
			if t.Server != "" {
				text = t.Server + ": " + t.Status
			}
			if !slices.Contains(s.servers, text) {
				s.servers = append(s.servers, text)
			}
		case isAnswer(t.Status), t.Status == string(resolver.AliasLoop):
			s.heard = true
			return s
		}
	}
	return s
}

// resolvers reports whether the silence is that of the resolvers. That they said nothing of
// one domain may be the fault of its servers; so may it be of a few, if a loaded zone says
// the rest.
func (s *silence) resolvers(trace []resolver.Trace) bool {
	if s.heard || s.failed+s.late == 0 {
		return false
	}
	enough := 2
	if s.zone {
		enough = 4
	}
	var domains []string
	for i := range trace {
		t := &trace[i]
		if t.Status == string(resolver.Network) {
			return true // it was not even reached
		}
		if domain := resolver.Registrable(t.Name); unanswered(t.Status) && !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return len(domains) >= enough
}

// refused reports whether all that was put was refused. Of servers of a zone that refuse a
// resolver says SERVFAIL: so it refuses by itself.
func (s *silence) refused(trace []resolver.Trace) bool {
	return !slices.ContainsFunc(trace, func(t resolver.Trace) bool {
		return unanswered(t.Status) && t.Status != string(resolver.Refused) && t.Status != string(resolver.Canceled)
	})
}

// why names the servers and what came of asking them, in an order that is the same whichever
// question ended first.
func (s *silence) why() string { return show.Listed(slices.Sorted(slices.Values(s.servers)), 3) }

// evidence is some questions that were not answered, the same ones whichever ended first.
func (s *silence) evidence(trace []resolver.Trace) []finding.Evidence {
	const most = 3
	var out []finding.Evidence
	for i := range trace {
		if t := &trace[i]; unanswered(t.Status) {
			out = append(out, finding.Evidence{Name: t.Name, Type: t.Type.String(), Status: t.Status, Server: t.Server, Note: t.Detail})
		}
	}
	slices.SortStableFunc(out, func(a, b finding.Evidence) int {
		return cmp.Or(len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type))
	})
	return out[:min(most, len(out))]
}

// Unanswered says why nothing at all answered the questions of a trace: the servers, and
// what came of asking them. It is empty if anything did, and if nobody was asked.
func Unanswered(trace []resolver.Trace) string {
	if s := silenceOf(trace); !s.heard && !s.zone {
		return s.why()
	}
	return ""
}
