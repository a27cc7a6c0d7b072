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
	// NS: Absent if no name up to the organizational domain has NS records.
	NS      Presence `json:"ns"`
	Servers []Server `json:"servers"`
	// LeftOut counts servers beyond the bound.
	LeftOut  int                `json:"servers_left_out"`
	Evidence []finding.Evidence `json:"evidence"`
}

// ServerState says how a server answered.
type ServerState string

const (
	// Answers: every question was answered.
	Answers ServerState = "answers"
	// Lame: it refused or failed to answer for a zone that it is named for.
	Lame ServerState = "lame"
	// WithoutAuthority: what it answered is not the word of a server that holds the zone (no
	// AA bit; RFC 1035, 4.1.1): it resolves for others, or somebody between intercepts questions.
	WithoutAuthority ServerState = "not authoritative"
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
	// Records are what it says, if it answers.
	Records  []Published        `json:"records"`
	Evidence []finding.Evidence `json:"evidence"`
}

// Published is what one server says about one kind of record.
type Published struct {
	// What is "SPF", "DMARC" or "MX".
	What string `json:"what"`
	// Values are the records, sorted.
	Values []string `json:"values"`
	// NXDomain: the server says that the name does not exist.
	NXDomain bool `json:"nxdomain"`
	// at is the place of its evidence among that of the server.
	at int
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

// ExamineAuthoritative is BeginAuthoritative for a caller that waits.
func ExamineAuthoritative(ctx context.Context, r resolver.Resolver, domain string, at func(server netip.Addr) resolver.Resolver) *Authoritative {
	var out *Authoritative
	b := alone(ctx, r)
	BeginAuthoritative(b, domain, at, func(a *Authoritative) { out = a })
	b.Run()
	return out
}

// BeginAuthoritative finds the authoritative servers of the domain and asks each
// for the SPF, DMARC and MX records of the domain. The function at makes a resolver
// that asks that one server.
func BeginAuthoritative(b *resolver.Batch, domain string, at func(server netip.Addr) resolver.Resolver, done func(*Authoritative)) {
	a := &Authoritative{Domain: canonical(domain), NS: Absent, Servers: []Server{}}
	a.findServers(b, func(hosts []string) {
		a.resolveServers(b, hosts, func() {
			a.askServers(b, at, func() { done(a) })
		})
	})
}

// cuts are the names that may have NS records: the domain and those above it, up to
// the organizational domain.
func (a *Authoritative) cuts() []string {
	var names []string
	organizational := resolver.Registrable(a.Domain)
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
	return names
}

// findServers finds the hosts of the NS records nearest above the domain. All names
// are asked at once.
func (a *Authoritative) findServers(b *resolver.Batch, then func(hosts []string)) {
	names := a.cuts()
	asked := make([]outcome, len(names))
	b.Part(func(b *resolver.Batch) {
		for i, name := range names {
			asked[i].ask(b, name, resolver.TypeNS)
		}
	}, func() { then(a.nearest(names, asked)) })
}

// nearest reads the first of the names that has NS records.
func (a *Authoritative) nearest(names []string, asked []outcome) []string {
	for i := range asked {
		o := &asked[i]
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

// resolveServers finds the addresses of the hosts.
func (a *Authoritative) resolveServers(b *resolver.Batch, hosts []string, then func()) {
	asked := make([]hostOutcomes, len(hosts))
	b.Part(func(b *resolver.Batch) {
		for i, host := range hosts {
			asked[i].ask(b, host)
		}
	}, func() {
		for i, host := range hosts {
			a.addServers(asked[i].facts(host))
		}
		then()
	})
}

func (a *Authoritative) addServers(f Host) {
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

// askServers puts the questions to all servers at the same time. They are questions
// to other resolvers than that of the batch.
func (a *Authoritative) askServers(b *resolver.Batch, at func(netip.Addr) resolver.Resolver, then func()) {
	b.Part(func(b *resolver.Batch) {
		for i := range a.Servers {
			if s := &a.Servers[i]; s.Addr.IsValid() {
				a.askServer(b, s, at(s.Addr))
			}
		}
	}, then)
}

func (a *Authoritative) askServer(b *resolver.Batch, s *Server, one resolver.Resolver) {
	asked := make([]outcome, len(compared))
	b.Part(func(b *resolver.Batch) {
		for i, c := range compared {
			b.Go(func() { asked[i].take(one.Lookup(b.Context(), c.prefix+a.Domain, c.t)) }, func() {})
		}
	}, func() { s.read(asked, a.Zone) })
}

// read turns the answers of one server of a zone into facts.
func (s *Server) read(asked []outcome, zone string) {
	var failed ServerState
	for i := range asked {
		o, c := &asked[i], compared[i]
		s.Evidence = append(s.Evidence, o.evidence())
		switch to := o.leadsOut(zone); {
		case to != "":
			s.Records = append(s.Records, Published{What: c.what, Values: []string{"an alias to " + to}, at: i})
			continue
		case o.err == nil && (o.answer.Authoritative || o.answer.OfZone()):
		case o.err != nil && c.prefix != "" && resolver.AsError(o.err).Reason == resolver.Malformed:
			continue // the name may be delegated to other servers, which is what a referral says
		default:
			if state := stateOf(o); failed != Lame {
				failed = state
			}
			continue
		}
		p := Published{What: c.what, at: i, Values: []string{}, NXDomain: o.answer.Status == resolver.NXDomain && len(o.answer.CNAMEs) == 0}
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
	if failed == Lame || failed == WithoutAuthority || len(s.Records) == 0 {
		s.State = failed
	}
}

// leadsOut is the first alias by which a name leads out of the zone, whose servers do not answer for
// what is there; "" if none does.
func (o *outcome) leadsOut(zone string) string {
	var aliases []string
	if o.err != nil {
		aliases = resolver.AsError(o.err).Aliases()
	} else {
		aliases = o.answer.CNAMEs
	}
	for _, to := range aliases {
		if !resolver.Within(to, zone) {
			return to
		}
	}
	return ""
}

// stateOf says what it means that a question to an authoritative server failed, or was answered
// without authority.
func stateOf(o *outcome) ServerState {
	if o.err == nil {
		return WithoutAuthority
	}
	switch resolver.AsError(o.err).Reason {
	case resolver.Timeout, resolver.Network:
		return Unreachable
	case resolver.Refused, resolver.ServFail, resolver.BadRcode, resolver.Malformed:
		return Lame
	}
	return NotAsked
}
