package audit

import (
	"context"
	"net/netip"
	"slices"

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
	for _, s := range a.domain.Addresses() {
		e.add(s.Addr, "MX host "+s.Host, a.options.MaxIPs)
	}
	for _, s := range own.SendingAddresses() {
		e.add(s.Addr, "SPF "+s.From, a.options.MaxIPs)
	}
	e.SenderRanges = append(e.SenderRanges, own.Targets()...)
	e.SendersUnknown = sendersUndecided(a.domain, own)
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
