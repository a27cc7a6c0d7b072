package mailhost

import "mailworthy/provider"

// Gateway is a service whose MX hosts only receive: mail leaves from other hosts of
// its own, or does not leave there at all, and its customers cannot change a PTR.
type Gateway struct {
	// Service is its name.
	Service string
	// Mailboxes: people send from mailboxes at the service, with their own domain in
	// MAIL FROM.
	Mailboxes bool
}

// GatewayOf returns the service whose inbound host it is, nil if none is known.
func GatewayOf(host string) *Gateway {
	s := provider.Builtin().OfInbound(host)
	if s == nil {
		return nil
	}
	g := &Gateway{Service: s.Name, Mailboxes: s.Mailboxes}
	if s.InboundAs != "" {
		g.Service = s.InboundAs
	}
	return g
}
