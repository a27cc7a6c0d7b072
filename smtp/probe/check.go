package probe

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// judge turns what was seen into findings.
func judge(r *Report, o *Options, answered bool) {
	v := &view{o: o, ports: map[uint16]bool{}}
	if answered { // in the same run, on the port of MX hosts
		v.any, v.ports[25] = true, true
	}
	for i := range r.Targets {
		for k := range r.Targets[i].Endpoints {
			v.see(&r.Targets[i].Endpoints[k])
		}
	}
	for i := range r.Targets {
		v.target(&r.Targets[i])
	}
}

// view is what is known of the network here from all endpoints of a run, and what has
// been said of it already.
type view struct {
	o *Options
	// ports are those that something answered on, any is that one did.
	ports            map[uint16]bool
	any              bool
	said25, saidIPv6 bool
}

func (v *view) see(e *Endpoint) {
	if c := e.step(StepConnect); c != nil && (c.Outcome == OK || c.Outcome == Refused || c.Outcome == Reset) {
		v.any, v.ports[e.Port] = true, true
	}
}

// sheet gathers the findings of one target.
type sheet struct {
	*finding.Sheet
	o       *Options
	t       *Target
	subject string
	e       *Endpoint
}

func (v *view) target(t *Target) {
	s := &sheet{Sheet: finding.NewSheet(checkList, t.Target), o: v.o, t: t, subject: t.Target}
	defer func() { t.Findings = append([]finding.Finding{}, s.Findings()...) }()
	switch {
	case t.unknown != "":
		s.unknown(finding.Error, show.AsSentence(t.unknown))
		return
	case t.nullMX:
		s.Add("smtp-no-host-reachable", finding.Finding{Severity: finding.Info, Title: "The domain takes no mail (null MX)", Evidence: t.evidence,
			Detail: t.Target + " publishes a null MX (RFC 7505): there is no server to probe."})
		return
	}
	var dead []*Endpoint
	connected, open := 0, 0
	for i := range t.Endpoints {
		e := &t.Endpoints[i]
		s.e, s.subject = e, s.name(e)
		switch {
		case e.ok(StepConnect):
			connected++
			s.session()
		case v.unreached(s, e):
			dead = append(dead, e)
		default:
			open++
		}
	}
	if connected > 0 || len(dead) > 0 {
		s.Decided("smtp-no-host-reachable")
	}
	if open > 0 {
		s.Undecided("smtp-no-host-reachable", "smtp-host-unreachable")
	}
	switch {
	case len(dead) == 0:
		s.Decided("smtp-host-unreachable")
	case connected+open == 0:
		var lines []string
		for _, e := range dead {
			lines = append(lines, s.name(e)+": "+e.ended().Detail)
		}
		s.e, s.subject = dead[0], t.Target
		s.dead("smtp-no-host-reachable", show.AsSentence(show.Listed(lines, 6)), dead...)
	default:
		for _, e := range dead {
			if !s.matters(e) {
				continue
			}
			s.e, s.subject = e, s.name(e)
			s.dead("smtp-host-unreachable", show.AsSentence(s.name(e)+": "+e.ended().Detail), e)
		}
	}
}

// dead adds the finding about endpoints that cannot be reached. A server that has no
// address need not be started.
func (s *sheet) dead(id, detail string, list ...*Endpoint) {
	s.add(id, "", detail)
	var hosts []string
	for _, e := range list {
		if e.step(StepResolve).Outcome != Unreachable {
			return
		}
		if !slices.Contains(hosts, e.Host) {
			hosts = append(hosts, e.Host)
		}
	}
	found := s.Found()
	found[len(found)-1].Fix.Summary = fmt.Sprintf("Publish an A or AAAA record of %s, or name a host that has one.", show.Listed(hosts, 6))
}

// name is what a finding calls an endpoint: the host and port, with the address if the
// host has several.
func (s *sheet) name(e *Endpoint) string {
	name := net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
	for i := range s.t.Endpoints {
		if o := &s.t.Endpoints[i]; o.Host == e.Host && o.Port == e.Port && o.Address != e.Address {
			return name + " (" + e.Address + ")"
		}
	}
	return name
}

// matters reports whether a closed port is worth a finding: of the ports that nobody
// asked for, one that is open is enough.
func (s *sheet) matters(e *Endpoint) bool {
	if e.led || len(s.o.Ports) > 0 || len(s.t.Endpoints) == 1 {
		return true
	}
	return !slices.ContainsFunc(s.t.Endpoints, func(o Endpoint) bool { return o.Address == e.Address && o.ok(StepConnect) })
}

// unreached judges an endpoint that could not be connected to: true if that is the
// server's doing, false if it is not known whose, which has been said then.
func (v *view) unreached(s *sheet, e *Endpoint) bool {
	resolve, connect := e.step(StepResolve), e.step(StepConnect)
	if resolve.Outcome != OK {
		if resolve.Outcome == Unreachable {
			return true
		}
		s.unknown(finding.Error, fmt.Sprintf("The addresses of %s cannot be known: %s.", e.Host, resolve.Detail))
		return false
	}
	switch connect.Outcome {
	case Refused:
		return true
	case Reset:
		s.unknown(finding.Error, fmt.Sprintf("%s: %s as soon as it was made. A firewall that blocks this address does the same: it says nothing about other clients.", s.subject, connect.Detail))
	case NotTried, Protocol:
		s.unknown(finding.Error, fmt.Sprintf("%s was not connected to: %s.", s.subject, connect.Detail))
	case Timeout, Unreachable:
		switch {
		case e.noIPv6:
			if !v.saidIPv6 {
				v.saidIPv6 = true
				s.unknown(finding.Warning, fmt.Sprintf("This machine has no IPv6 (%s): %s and other IPv6 addresses cannot be probed from here.", connect.Detail, e.Address))
			}
		case v.ports[e.Port]:
			return true
		case e.Port == 25:
			if !v.said25 {
				v.said25 = true
				other := "Nothing else was reached either."
				if v.any {
					other = "Other ports can be connected to."
				}
				s.unknown(finding.Error, fmt.Sprintf("No connection to port 25 was answered (%s: %s). %s Most clouds and home networks block outgoing port 25: probe from a mail server, or --port 587,465.", s.subject, connect.Detail, other))
			}
		default:
			if s.matters(e) {
				s.unknown(finding.Error, fmt.Sprintf("%s: %s. Whether the server is down or a firewall between here and there drops the connection cannot be told from here.", s.subject, connect.Detail))
			}
		}
	}
	return false
}

func (s *sheet) evidence() []finding.Evidence {
	e := s.e
	if e == nil {
		return s.t.evidence
	}
	ev := finding.Evidence{Kind: finding.Connection, Name: net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port))), Type: "SMTP", Server: e.Address, Status: string(OK)}
	if bad := e.ended(); bad != nil {
		ev.Status = string(bad.Outcome)
	} else if !e.ok(StepConnect) {
		ev.Status, ev.Server = string(NotTried), ""
	}
	if e.Banner != nil {
		ev.Answer = append(ev.Answer, *e.Banner)
	}
	return []finding.Evidence{ev}
}

func (s *sheet) add(id string, severity finding.Severity, detail string, more ...finding.Evidence) {
	f := finding.Finding{Severity: severity, Subject: s.subject, Detail: detail, Evidence: append(s.evidence(), more...)}
	if c, ok := checkList.Find(id); ok && severity != finding.Info {
		f.Fix = &finding.Fix{Summary: c.Remedy}
	}
	s.Add(id, f)
}

// unknown says what cannot be known, and how bad it could be.
func (s *sheet) unknown(couldBe finding.Severity, detail string, more ...finding.Evidence) {
	s.Add("smtp-unresolved", finding.Finding{Subject: s.subject, Detail: detail, CouldBe: couldBe, Evidence: append(s.evidence(), more...)})
}
