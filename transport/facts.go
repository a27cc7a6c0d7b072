package transport

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// State is what the DNS said of records.
type State string

// The states. Unknown is never Absent: it was asked, and there was no answer.
const (
	Present State = "present"
	Absent  State = "absent"
	Unknown State = "unknown"
)

// maxMX bounds the MX hosts that are looked at.
const maxMX = 50

// Texts are the TXT records at a name.
type Texts struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Records are the texts there, those of other kinds too.
	Records  []string         `json:"records"`
	Evidence finding.Evidence `json:"evidence"`
	// whole are the texts as they would be in quotes, of those that lost their rest for want
	// of them in a zone file.
	whole map[string]string
}

// maxTexts bounds the texts at a name that are kept.
const maxTexts = 20

func textsOf(name string, a *resolver.Answer, err error) Texts {
	t := Texts{Name: name, State: stateOf(a, err), Records: []string{}, Evidence: outcome(a, err)}
	if t.State == Present {
		for i := range a.Records {
			if len(t.Records) < maxTexts {
				text := a.Records[i].Text()
				if t.Records = append(t.Records, text); a.Records[i].Quoted() != "" {
					t.whole = map[string]string{text: a.Records[i].Quoted()}
				}
			}
		}
	}
	return t
}

// maxAnswers bounds the records of an answer that are kept, as evidence and of a host.
const maxAnswers = 10

// outcome is what was answered, as evidence of a bounded size.
func outcome(a *resolver.Answer, err error) finding.Evidence {
	e := resolver.Outcome(a, err)
	if n := len(e.Answer); n > maxAnswers {
		e.Answer = e.Answer[:maxAnswers:maxAnswers]
		e.Lines = e.Lines[:min(len(e.Lines), maxAnswers)]
		note := fmt.Sprintf("%d more records are left out", n-maxAnswers)
		if e.Note != "" {
			note = e.Note + "; " + note
		}
		e.Note = note
	}
	return e
}

// stateOf reads an outcome. A name that cannot be asked cannot have records.
func stateOf(a *resolver.Answer, err error) State {
	switch {
	case err != nil && resolver.AsError(err).Reason == resolver.BadName:
		return Absent
	case err != nil:
		return Unknown
	case a.Absent():
		return Absent
	}
	return Present
}

// Host is a host with its addresses.
type Host struct {
	Name string `json:"name"`
	// Preference of the MX that names it, 0 if none does.
	Preference uint16 `json:"preference"`
	// State is whether it has an address.
	State State `json:"state"`
	// Addresses are the first of them, in order.
	Addresses []netip.Addr `json:"addresses"`
	// CNAMEs are the names that it is an alias of, in order.
	CNAMEs   []string           `json:"cnames"`
	Evidence []finding.Evidence `json:"evidence"`
	// secure: the addresses, if any, were validated (the AD bit); insecure: answered without.
	secure bool
}

// askHost asks for the addresses of a host.
func askHost(b *resolver.Batch, name string, done func(Host)) {
	h := Host{Name: name, Addresses: []netip.Addr{}, CNAMEs: []string{}}
	var states []State
	take := func(a *resolver.Answer, err error) {
		states = append(states, stateOf(a, err))
		h.Evidence = append(h.Evidence, outcome(a, err))
		if err != nil {
			return
		}
		if len(h.CNAMEs) == 0 {
			h.CNAMEs = append(h.CNAMEs, a.CNAMEs...)
		}
		for i := range a.Records {
			if addr := a.Records[i].Addr; addr.IsValid() {
				h.Addresses = append(h.Addresses, addr)
				h.secure = h.secure || a.AuthenticData
			}
		}
	}
	b.Part(func(b *resolver.Batch) {
		b.Ask(name, resolver.TypeA, take)
		b.Ask(name, resolver.TypeAAAA, take)
	}, func() {
		slices.SortFunc(h.Addresses, netip.Addr.Compare)
		h.Addresses = slices.Clone(h.Addresses[:min(len(h.Addresses), maxAnswers)])
		switch {
		case slices.Contains(states, Present):
			h.State = Present
		case slices.Contains(states, Unknown):
			h.State = Unknown
		default:
			h.State = Absent
		}
		done(h)
	})
}

// Exchanges are the hosts that mail to a domain goes to.
type Exchanges struct {
	Domain string `json:"domain"`
	State  State  `json:"state"`
	// Null: the domain accepts no mail (RFC 7505).
	Null bool `json:"null"`
	// Implicit: there is no MX, and mail goes to the domain itself (RFC 5321, 5.1).
	Implicit bool `json:"implicit"`
	// Hosts are sorted by preference. LeftOut counts those beyond a bound.
	Hosts    []Host           `json:"hosts"`
	LeftOut  int              `json:"left_out"`
	Evidence finding.Evidence `json:"evidence"`
	// secure: the set of MX records, or its absence, was validated.
	secure bool
}

// askExchanges asks for the MX hosts of a domain and their addresses.
func askExchanges(b *resolver.Batch, domain string, done func(*Exchanges)) {
	x := &Exchanges{Domain: domain, Hosts: []Host{}}
	var own Host
	b.Part(func(b *resolver.Batch) {
		askHost(b, domain, func(h Host) { own = h })
		b.Ask(domain, resolver.TypeMX, func(a *resolver.Answer, err error) {
			x.State, x.Evidence = stateOf(a, err), outcome(a, err)
			if err == nil {
				x.secure = a.AuthenticData
			}
			if x.State == Present {
				x.ask(b, a.Records)
			}
		})
	}, func() {
		if x.State == Absent && own.State != Absent {
			x.Implicit = true
			x.Hosts = append(x.Hosts, own)
		}
		done(x)
	})
}

func (x *Exchanges) ask(b *resolver.Batch, records []resolver.Record) {
	seen := map[string]uint16{}
	for i := range records {
		host := strings.TrimSuffix(records[i].Host, ".")
		if host == "" {
			x.Null = true
			continue
		}
		if p, ok := seen[host]; !ok || records[i].Preference < p {
			seen[host] = records[i].Preference
		}
	}
	x.Null = x.Null && len(seen) == 0
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := int(seen[a]) - int(seen[b]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	if len(names) > maxMX {
		x.LeftOut = len(names) - maxMX
		names = names[:maxMX]
	}
	x.Hosts = make([]Host, len(names))
	for i, name := range names {
		askHost(b, name, func(h Host) {
			h.Preference = seen[name]
			x.Hosts[i] = h
		})
	}
}

// live are the hosts that mail can go to: all but those proved to have no address.
func (x *Exchanges) live() []Host {
	return slices.DeleteFunc(slices.Clone(x.Hosts), func(h Host) bool { return h.State == Absent })
}
