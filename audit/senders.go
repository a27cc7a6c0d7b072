package audit

import (
	"context"
	"net/netip"
	"slices"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/sync/errgroup"

	"mailworthy/mailhost"
	"mailworthy/spf"
)

// findSenders decides which addresses mail is expected from: the stated ones,
// else those of the MX hosts and the single addresses of the domain's own SPF
// record. Ranges of providers are named, not swept.
func (a *run) findSenders(ctx context.Context) {
	e := &a.result.Examined
	if len(a.target.IPs) > 0 {
		for _, ip := range a.target.IPs {
			e.add(ip, "stated", len(a.target.IPs))
		}
		return
	}
	own := spf.ExamineOwn(ctx, a.session, a.target.Domain)
	if !wait(ctx, a.mxKnown) {
		e.SendersUnknown = true
		return
	}
	for _, s := range a.mailHosts(ctx) {
		e.add(s.Addr, "MX host "+s.Host, a.options.MaxIPs)
	}
	for _, s := range own.SendingAddresses() {
		e.add(s.Addr, "SPF "+s.From, a.options.MaxIPs)
	}
	e.SenderRanges = append(e.SenderRanges, own.Targets()...)
	e.SendersUnknown = sendersUndecided(a.domain, own)
}

// mailHosts are the MX hosts that mail may be expected from. A host of another
// organization, such as a provider's inbound gateway, that the domain's SPF record
// does not let send is none: it receives.
func (a *run) mailHosts(ctx context.Context) []mailhost.Source {
	hosts := a.domain.Addresses()
	foreign := func(s mailhost.Source) bool { return organization(s.Host) != organization(a.target.Domain) }
	if !slices.ContainsFunc(hosts, foreign) || !wait(ctx, a.spfKnown) {
		return hosts
	}
	sends := make([]bool, len(hosts))
	var g errgroup.Group
	g.SetLimit(8)
	for i, s := range hosts {
		g.Go(func() error {
			sends[i] = !foreign(s) || a.maySend(ctx, s.Addr)
			return nil
		})
	}
	_ = g.Wait()
	var senders []mailhost.Source
	for i, s := range hosts {
		if sends[i] {
			senders = append(senders, s)
		} else if !slices.Contains(a.result.Examined.NotSenders, s.Host) {
			a.result.Examined.NotSenders = append(a.result.Examined.NotSenders, s.Host)
		}
	}
	return senders
}

// maySend reports whether an envelope domain's SPF record lets an address send, or
// leaves it open.
func (a *run) maySend(ctx context.Context, ip netip.Addr) bool {
	for _, d := range a.result.Examined.MailFrom {
		switch a.checkHost(ctx, ip, d).Result {
		case spf.Fail, spf.SoftFail:
		default:
			return true
		}
	}
	return false
}

// organization is the registrable domain of a name, or the name itself.
func organization(name string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return d
	}
	return name
}

// sendersUndecided reports that an unanswered question could have named more addresses.
func sendersUndecided(d *mailhost.Domain, own *spf.Policy) bool {
	if d.MX == mailhost.MXUnknown || own.Status == spf.StatusUnresolved {
		return true
	}
	if d.MX == mailhost.MXNone {
		return d.Own.Resolves == mailhost.Unknown
	}
	return slices.ContainsFunc(d.Exchanges, func(e mailhost.Exchange) bool { return e.Resolves == mailhost.Unknown })
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
