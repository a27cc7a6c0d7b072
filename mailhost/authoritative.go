package mailhost

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Bounds on the authoritative servers asked.
const (
	maxServerHosts   = 16
	maxServers       = 32
	maxRecordsShown  = 20
	maxZoneCutLabels = 8
)

// Authoritative is what each authoritative server of a domain says.
type Authoritative struct {
	Domain string `json:"domain"`
	// Zone is the name whose NS records were used: the domain or one above it.
	Zone string `json:"zone"`
	// NS: Absent where no name up to the organizational domain has NS records.
	NS      Presence `json:"ns"`
	Servers []Server `json:"servers"`
	// LeftOut counts servers beyond the bound.
	LeftOut  int                `json:"servers_left_out,omitempty"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// ServerState says how a server answered.
type ServerState string

const (
	// Answers: every question was answered.
	Answers ServerState = "answers"
	// Lame: it refused or failed to answer for a zone that it is named for.
	Lame ServerState = "lame"
	// Unreachable: nothing came back.
	Unreachable ServerState = "unreachable"
	// Nowhere: the server's name has no address.
	Nowhere ServerState = "no address"
	// NotAsked: the name was not resolved, or the examination stopped before.
	NotAsked ServerState = "not asked"
)

// Server is one address of one name server.
type Server struct {
	Host  string      `json:"host"`
	Addr  netip.Addr  `json:"ip"`
	State ServerState `json:"state"`
	// Records are what it says, where it answers.
	Records  []Published        `json:"records,omitempty"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`
}

// Published is what one server says about one kind of record.
type Published struct {
	// What is "SPF", "DMARC" or "MX".
	What string `json:"what"`
	// Values are the records, sorted.
	Values []string `json:"values"`
	// NXDomain: the server says that the name does not exist.
	NXDomain bool `json:"nxdomain,omitempty"`
}

// text is a value to compare and to show.
func (p *Published) text() string {
	switch {
	case p.NXDomain:
		return "no such name"
	case len(p.Values) == 0:
		return "none"
	}
	return strings.Join(p.Values, " | ")
}

// The questions that are compared.
var compared = []struct {
	what   string
	prefix string
	t      resolver.Type
	// version selects among TXT records.
	version string
}{
	{"SPF", "", resolver.TypeTXT, "v=spf1"},
	{"DMARC", "_dmarc.", resolver.TypeTXT, "v=DMARC1"},
	{"MX", "", resolver.TypeMX, ""},
}

// ExamineAuthoritative finds the authoritative servers of the domain through r
// and asks each for the SPF, DMARC and MX records of the domain. The function
// at makes a resolver that asks that one server.
func ExamineAuthoritative(ctx context.Context, r resolver.Resolver, domain string, at func(server netip.Addr) resolver.Resolver) *Authoritative {
	a := &Authoritative{Domain: canonical(domain), NS: Absent, Servers: []Server{}}
	hosts := a.findServers(ctx, r)
	q := newQuestions(ctx, r)
	addresses := make([]hostOutcomes, len(hosts))
	for i, host := range hosts {
		addresses[i] = q.host(host)
	}
	q.wait()
	for _, h := range addresses {
		f := h.facts()
		switch f.Resolves {
		case Absent:
			a.Servers = append(a.Servers, Server{Host: f.Name, State: Nowhere, Evidence: f.Evidence})
		case Unknown:
			a.Servers = append(a.Servers, Server{Host: f.Name, State: NotAsked, Evidence: f.Evidence})
		}
		for _, addr := range f.Addresses {
			if len(a.Servers) == maxServers {
				a.LeftOut++
				continue
			}
			a.Servers = append(a.Servers, Server{Host: f.Name, Addr: addr, State: NotAsked})
		}
	}
	a.askServers(ctx, at)
	return a
}

// findServers returns the hosts of the NS records nearest above the domain. All
// names up to the organizational domain are asked at once.
func (a *Authoritative) findServers(ctx context.Context, r resolver.Resolver) []string {
	var names []string
	organizational := organizational(a.Domain)
	for name := a.Domain; len(names) < maxZoneCutLabels; {
		names = append(names, name)
		_, parent, ok := strings.Cut(name, ".")
		if name == organizational || !ok {
			break
		}
		name = parent
	}
	if last := names[len(names)-1]; last != organizational {
		names = append(names, organizational)
	}
	q := newQuestions(ctx, r)
	asked := make([]*outcome, len(names))
	for i, name := range names {
		asked[i] = q.ask(name, resolver.TypeNS)
	}
	q.wait()
	for i, o := range asked {
		a.Evidence = append(a.Evidence, o.evidence())
		if o.err != nil {
			// A nearer zone cut may be hidden here: servers above it would be the wrong ones.
			a.NS = Unknown
			return nil
		}
		// An alias leads into another zone, whose servers are not the domain's own.
		if o.answer.Absent() || len(o.answer.CNAMEs) > 0 {
			continue
		}
		a.NS, a.Zone = Present, names[i]
		var hosts []string
		for j := range o.answer.Records {
			host := o.answer.Records[j].Host
			switch {
			case slices.Contains(hosts, host):
			case len(hosts) == maxServerHosts:
				a.LeftOut++
			default:
				hosts = append(hosts, host)
			}
		}
		slices.Sort(hosts)
		return hosts
	}
	return nil
}

// askServers puts the questions to all servers at the same time.
func (a *Authoritative) askServers(ctx context.Context, at func(netip.Addr) resolver.Resolver) {
	asked := make([][]*outcome, len(a.Servers))
	q := newQuestions(ctx, nil)
	for i := range a.Servers {
		if s := &a.Servers[i]; s.Addr.IsValid() {
			one := at(s.Addr)
			for _, c := range compared {
				o := &outcome{}
				asked[i] = append(asked[i], o)
				q.group.Go(func() error {
					o.answer, o.err = one.Lookup(ctx, c.prefix+a.Domain, c.t)
					return nil
				})
			}
		}
	}
	q.wait()
	for i := range a.Servers {
		if asked[i] != nil {
			a.Servers[i].read(asked[i])
		}
	}
}

// read turns the answers of one server into facts.
func (s *Server) read(asked []*outcome) {
	var failed ServerState
	for i, o := range asked {
		s.Evidence = append(s.Evidence, o.evidence())
		if o.err != nil {
			if state := stateOf(resolver.AsError(o.err)); failed != Lame {
				failed = state
			}
			continue
		}
		c := compared[i]
		p := Published{What: c.what, Values: []string{}, NXDomain: o.answer.Status == resolver.NXDomain && len(o.answer.CNAMEs) == 0}
		for j := range o.answer.Records {
			record := &o.answer.Records[j]
			text := record.String()
			if c.version != "" && (len(text) < len(c.version) || !strings.EqualFold(text[:len(c.version)], c.version)) {
				continue
			}
			if len(p.Values) < maxRecordsShown {
				p.Values = append(p.Values, text)
			}
		}
		slices.Sort(p.Values)
		s.Records = append(s.Records, p)
	}
	// A datagram may get lost: a server that answered anything can be reached.
	s.State = Answers
	if failed == Lame || len(s.Records) == 0 {
		s.State = failed
	}
}

// stateOf says what a failed question to an authoritative server means.
func stateOf(err *resolver.Error) ServerState {
	switch err.Reason {
	case resolver.Timeout, resolver.Network:
		return Unreachable
	case resolver.Refused, resolver.ServFail, resolver.BadRcode, resolver.Malformed:
		return Lame
	}
	return NotAsked
}
