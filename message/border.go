package message

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Client is the host that handed the message to the receiver, and why it is
// taken for that.
type Client struct {
	IP   netip.Addr
	HELO string
	// Line is that of the Received field, 0 if none names the address.
	Line int
	Why  string
}

// Client infers the client from the header: the host from which the receiver's
// first server took the message, where SPF is checked (RFC 7208, 2.5). Each server
// puts its fields on top, and so those above that hop are the receiver's own, from
// one of its hosts to the next: with a protocol of mailboxes, from a private
// address, between hosts of one organization, or from a gateway that takes the
// recipient's mail, which the world tells. What a Received-SPF or
// Authentication-Results field among them says of the client is the receiver's
// word, and counts. Nothing can be inferred from fields further down: whoever sent
// the message could have written them. Where it cannot be told it is nil, and the
// second result says why.
func (f *Facts) Client(w World) (*Client, string) {
	if len(f.Received) == 0 {
		return nil, "the message has no Received field, so it was not delivered yet, or was saved without it"
	}
	b := &border{Facts: f, world: w, claims: f.claims()}
	for i := 0; i < len(f.Received); i++ {
		h := &f.Received[i]
		if b.passed > maxGateways {
			return nil, fmt.Sprintf("the message went through more than %d hosts that take the recipient's mail: state the client with --ip", maxGateways)
		}
		if said := b.above(h.Line); said != nil {
			// A server that took the message later wrote it.
			at := b.handedOverBy(said.ip, i)
			if at < 0 {
				return f.claimed(said), ""
			}
			if inside, why := b.judge(at); why != "" {
				return nil, why
			} else if !inside {
				return f.claimed(said), ""
			}
			b.pass(at)
			i = at
			continue
		}
		if submitted(h.With) {
			b.skip(h, "is the submission by a user ("+h.With+")")
			break
		}
		why := b.ownStep(i)
		if why == "" {
			inside, unclear := b.judge(i)
			if unclear != "" {
				return nil, unclear
			} else if !inside {
				if why := b.stillWithSender(i); why != "" {
					return nil, why
				}
				return b.hop(h), ""
			}
			b.pass(i)
			continue
		}
		b.skip(h, why)
	}
	return nil, "no Received field names the address of a host that handed the message over (" + strings.Join(b.skipped, "; ") + "): state it with --ip"
}

// maxGateways bounds the hosts of the recipient that are passed, each of which may cost
// questions.
const maxGateways = 8

// border is the search for the hop into the receiver.
type border struct {
	*Facts
	world   World
	claims  []claim
	skipped []string
	// passed is how many hosts of the recipient were.
	passed int
	// gateway is the owner of the host of the recipient that was passed last, whose
	// field comes next.
	gateway string
}

// ownStep says why a field is of a step inside the receiver, or of no use; "" if the
// message may have come from outside there.
func (b *border) ownStep(i int) string {
	h := &b.Received[i]
	if why := unusable(h.IP); why != "" {
		return why
	}
	switch {
	case b.confirmed(i):
	case ownProtocol(h.With):
		return "is a step inside the receiver (with " + h.With + ")"
	case i+1 < len(b.Received) && sameOrganization(h.from, h.By) && sameOrganization(b.Received[i+1].By, h.By) &&
		RelayOf(h.By) == "" && !leaving(h):
		return fmt.Sprintf("is from one host of %s to another", organization(h.By))
	}
	return ""
}

func (b *border) skip(h *Hop, why string) {
	if len(b.skipped) < 5 {
		b.skipped = append(b.skipped, fmt.Sprintf("line %d %s", h.Line, why))
	}
}

// pass goes on to what the client of a hop, a host of the recipient, wrote: what was
// said of itself is no claim any more.
func (b *border) pass(i int) {
	h := &b.Received[i]
	b.passed++
	b.gateway = cmp.Or(owner(h.from), owner(h.HELO))
	b.claims = slices.DeleteFunc(b.claims, func(c claim) bool { return c.line < h.Line || c.ip == h.IP })
}

// handedOverBy is the first hop from one on whose client has the address, -1 if there is none.
func (b *border) handedOverBy(ip netip.Addr, from int) int {
	for i := from; i < len(b.Received); i++ {
		if h := &b.Received[i]; h.IP == ip && !submitted(h.With) {
			return i
		}
	}
	return -1
}

// above returns the topmost claim if it stands above a line.
func (b *border) above(line int) *claim {
	if len(b.claims) > 0 && b.claims[0].line < line {
		return &b.claims[0]
	}
	return nil
}

// confirmed reports whether the claim directly below a Received field names the
// same client: some servers put their Received field on top of it.
func (b *border) confirmed(at int) bool {
	h := &b.Received[at]
	for i := range b.claims {
		c := &b.claims[i]
		if c.line > h.Line && (at+1 == len(b.Received) || c.line < b.Received[at+1].Line) {
			return c.ip == h.IP
		}
	}
	return false
}

// hop is the client of a Received field.
func (b *border) hop(h *Hop) *Client {
	c := &Client{IP: h.IP, HELO: h.HELO, Line: h.Line}
	c.Why = fmt.Sprintf("the topmost Received field, in line %d", h.Line)
	if len(b.skipped) > 0 {
		c.Why = fmt.Sprintf("the Received field in line %d, the topmost that is not the receiver's own (%s)", h.Line, strings.Join(b.skipped, "; "))
	}
	return c
}

// submitted reports whether a protocol is one with authentication (RFC 3848): a user
// handed the message over, no server.
func submitted(with string) bool {
	switch strings.ToUpper(with) {
	case "ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "SMTPA", "SMTPSA", "ASMTP", "ESMTPSA-AUTH":
		return true
	}
	return false
}

// ownProtocol reports whether a protocol is one that no server on the Internet is
// handed mail by: between mailbox servers, or into a mailbox.
func ownProtocol(with string) bool {
	switch strings.ToUpper(with) {
	case "HTTPS", "HTTP", "MAPI", "LMTP", "LMTPS", "LMTPA", "LMTPSA", "UTF8LMTP", "UTF8LMTPS", "LOCAL", "PIPE", "IMAP", "POP3", "UUCP":
		return true
	}
	return false
}

// sameOrganization reports whether two hosts are of one organization: what their
// names have in common is a registered domain.
func sameOrganization(a, b string) bool {
	org := organization(a)
	return org != "" && org == organization(b)
}

// organization returns the registered domain of a host, "" if it is not a full name.
func organization(host string) string {
	host = strings.ToLower(strings.Trim(host, "[]."))
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || len(host) > 253 {
		return ""
	}
	org, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return cmp.Or(sister(org), org)
}

// sister is the name under which the hosts of a large receiver are known, for its
// other domains.
func sister(org string) string {
	switch org {
	case "office365.com", "office365.us", "exchangelabs.com", "hotmail.com", "live.com", "microsoft.com", "outlook.de", "partner.outlook.cn":
		return "outlook.com"
	case "gmail.com", "googlemail.com", "1e100.net":
		return "google.com"
	case "me.com", "mac.com", "icloud.com":
		return "apple.com"
	case "yahoodns.net", "aol.com", "yahoo.co.uk":
		return "yahoo.com"
	}
	return ""
}
