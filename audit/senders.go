package audit

import (
	"net/netip"
	"slices"

	"mailworthy/mailhost"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// findSenders examines SPF, and decides which addresses mail is expected from: the
// stated ones, else those of the MX hosts and the single addresses of the domain's
// own SPF record. Ranges of providers are named, not swept.
func (a *run) findSenders(b *resolver.Batch) {
	examined := func(p *spfpolicy.Policy) {
		a.result.SPF = p
		a.spf.tell()
	}
	e := &a.result.Examined
	if like := a.options.Like; like != nil {
		e.keep(&like.Examined)
		spfpolicy.Begin(b, a.target.Domain, nil, examined)
		a.senders.tell()
		return
	}
	if len(a.target.IPs) > 0 {
		for _, ip := range a.target.IPs {
			e.add(ip, "stated", len(a.target.IPs))
		}
		spfpolicy.Begin(b, a.target.Domain, nil, examined)
		a.senders.tell()
		return
	}
	spfpolicy.Begin(b, a.target.Domain, func(own *spfpolicy.Own) {
		a.mx.when(func() {
			a.mailHosts(b, func(hosts []mailhost.Source) {
				for _, s := range hosts {
					if madeUp(s.Addr) {
						continue
					}
					e.add(s.Addr, mxSource+s.Host, a.options.MaxIPs)
				}
				for _, s := range own.Addresses {
					if madeUp(s.Addr) || spf.ParseTerm(s.From).Kind == spf.KindMX && a.domain.OnlyReceives(s.Addr) {
						continue
					}
					e.add(s.Addr, "SPF "+s.From, a.options.MaxIPs)
				}
				e.SendersUnknown = sendersUndecided(a.domain, own)
				a.targets(own.Targets, a.senders.tell)
			})
		})
	}, examined)
}

// mxSource stands before the host of an address that an MX record led to.
const mxSource = "MX host "

// targets adds the single addresses behind the includes of the domain's own zone, if
// it is loaded: nothing has to be asked for them. The others are named alone.
func (a *run) targets(names []string, then func()) {
	e := &a.result.Examined
	held := func(name string) bool {
		return resolver.Registrable(name) == resolver.Registrable(a.target.Domain) && len(resolver.Below(a.resolver, name, resolver.TypeTXT)) > 0
	}
	if !slices.ContainsFunc(names, held) {
		e.SenderRanges = append(e.SenderRanges, names...)
		then()
		return
	}
	a.spf.when(func() {
		for _, name := range names {
			whole := false
			if held(name) {
				var found []spfpolicy.Source
				found, whole = a.result.SPF.Singles(name)
				for _, s := range found {
					if !madeUp(s.Addr) {
						e.add(s.Addr, "SPF "+s.From+" in "+name, a.options.MaxIPs)
					}
				}
			}
			if !whole {
				e.SenderRanges = append(e.SenderRanges, name)
			}
		}
		then()
	})
}

// madeUp reports whether an AAAA record holds an address of IPv4, translated or
// mapped: nobody sends from it.
func madeUp(addr netip.Addr) bool { return mailhost.Translated(addr) || addr.Is4In6() }

// mailHosts finds the MX hosts that mail may be expected from. A host that is known
// to receive only is left out, whatever SPF says. One of another organization is left out if
// the domain's SPF record does not let it send, or lets it only as part of what a
// provider's record holds: that is the provider's to name.
func (a *run) mailHosts(b *resolver.Batch, then func([]mailhost.Source)) {
	hosts, receiveOnly := a.domain.Senders()
	a.result.Examined.NotSenders = append(a.result.Examined.NotSenders, receiveOnly...)
	own := resolver.Registrable(a.target.Domain)
	var foreign []mailhost.Source
	for _, h := range hosts {
		if resolver.Registrable(h.Host) != own {
			foreign = append(foreign, h)
		}
	}
	if len(foreign) == 0 {
		then(hosts)
		return
	}
	domains := a.result.Examined.MailFrom
	a.spf.when(func() {
		clients := make([]envelope, 0, len(foreign)*len(domains))
		for _, h := range foreign {
			for _, d := range domains {
				clients = append(clients, envelope{h.Addr, d})
			}
		}
		a.checkHosts(b, clients, func(e []spf.Evaluation) {
			var senders []mailhost.Source
			for _, h := range hosts {
				sends := true
				if len(foreign) > 0 && h == foreign[0] {
					sends = slices.ContainsFunc(e[:len(domains)], maySend)
					foreign, e = foreign[1:], e[len(domains):]
				}
				if sends {
					senders = append(senders, h)
				} else if !slices.Contains(a.result.Examined.NotSenders, h.Host) {
					a.result.Examined.NotSenders = append(a.result.Examined.NotSenders, h.Host)
				}
			}
			then(senders)
		})
	})
}

// maySend reports whether an SPF record lets an address send by a term of its own, or
// leaves it open.
func maySend(e spf.Evaluation) bool {
	switch e.Result {
	case spf.Fail, spf.SoftFail:
		return false
	case spf.Pass:
		return resolver.Registrable(e.MatchedIn) == resolver.Registrable(e.Domain)
	}
	return true
}

// sendersUndecided reports that an unanswered question could have named more addresses.
func sendersUndecided(d *mailhost.Domain, own *spfpolicy.Own) bool {
	return own.Status == spfpolicy.StatusUnresolved || own.Open || d.SendersUnknown()
}

// keep takes over the senders of an earlier audit.
func (e *Examined) keep(of *Examined) {
	e.Senders, e.SenderRanges, e.NotSenders = slices.Clone(of.Senders), slices.Clone(of.SenderRanges), slices.Clone(of.NotSenders)
	e.SendersUnknown, e.LeftOut = of.SendersUnknown, of.LeftOut
}

// add notes an address and why it is examined, up to the bound.
func (e *Examined) add(ip netip.Addr, from string, bound int) {
	ip = ip.Unmap()
	i := slices.IndexFunc(e.Senders, func(s Sender) bool { return s.Addr == ip })
	switch {
	case i >= 0:
		if !slices.Contains(e.Senders[i].From, from) {
			e.Senders[i].From = append(e.Senders[i].From, from)
		}
	case len(e.Senders) >= bound:
		e.LeftOut++
	default:
		e.Senders = append(e.Senders, Sender{Addr: ip, From: []string{from}})
	}
}
