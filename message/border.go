package message

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
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

// claim is what a field says of the client: Received-SPF (RFC 7208, 9.1), or
// Authentication-Results (RFC 8601) in the forms that name its address.
type claim struct {
	line  int
	field string
	ip    netip.Addr
	helo  string
}

var (
	clientIP = lazyre.New(`(?i)\b(?:client-ip|sender IP is|policy\.iprev|smtp\.remote-ip|smtp\.client-ip|remote-ip)\s*=?\s*"?\[?(?:IPv6:)?([0-9A-Fa-f.:]+)`)
	helo     = lazyre.New(`(?i)\bhelo=\s*"?([^;\s"]+)`)
)

// claims are those of the header, from the top.
func (f *Facts) claims() []claim {
	var out []claim
	read := func(field string, texts []Text) {
		for _, t := range texts[:min(len(texts), maxListed)] {
			text := t.Text[:min(len(t.Text), maxClauses)]
			addr, ok := findAddr(clientIP, text)
			if !ok || unusable(addr) != "" {
				continue
			}
			c := claim{line: t.Line, field: field, ip: addr}
			if m := helo.FindStringSubmatch(text); m != nil {
				c.helo = show.Cut(strings.TrimSuffix(m[1], "."), maxQuoted)
			}
			out = append(out, c)
		}
	}
	read("Received-SPF", f.ReceivedSPF)
	read("Authentication-Results", f.AuthenticationResults)
	slices.SortStableFunc(out, func(a, b claim) int { return a.line - b.line })
	return out
}

// Client infers the client from the header: the host from which the receiver's
// first server took the message, where SPF is checked (RFC 7208, 2.5). Each server
// puts its fields on top, and so those above that hop are the receiver's own, from
// one of its hosts to the next: with a protocol of mailboxes, from a private
// address, or between hosts of one organization. What a Received-SPF or
// Authentication-Results field among them says of the client is the receiver's
// word, and counts. Nothing can be inferred from fields further down: whoever sent
// the message could have written them. Without one it is nil, and the second
// result says why.
func (f *Facts) Client() (*Client, string) {
	if len(f.Received) == 0 {
		return nil, "the message has no Received field, so it was not delivered yet, or was saved without it"
	}
	claims := f.claims()
	var skipped []string
	skip := func(h *Hop, why string) {
		if len(skipped) < 5 {
			skipped = append(skipped, fmt.Sprintf("line %d %s", h.Line, why))
		}
	}
	for i := range f.Received {
		h := &f.Received[i]
		if said := above(claims, h.Line); said != nil {
			return f.claimed(said), "" // a server that took the message later wrote it
		}
		if submitted(h.With) {
			skip(h, "is the submission by a user ("+h.With+")")
			break
		}
		why := unusable(h.IP)
		switch {
		case why != "":
		case f.confirmed(claims, i):
			return f.hop(h, skipped), ""
		case ownProtocol(h.With):
			why = "is a step inside the receiver (with " + h.With + ")"
		case i+1 < len(f.Received) && sameOrganization(h.from, h.By) && sameOrganization(f.Received[i+1].By, h.By):
			why = fmt.Sprintf("is from one host of %s to another", organization(h.By))
		}
		if why == "" {
			return f.hop(h, skipped), ""
		}
		skip(h, why)
	}
	return nil, "no Received field names the address of a host that handed the message over (" + strings.Join(skipped, "; ") + "): state it with --ip"
}

// above returns the topmost claim if it stands above a line.
func above(claims []claim, line int) *claim {
	if len(claims) > 0 && claims[0].line < line {
		return &claims[0]
	}
	return nil
}

// confirmed reports whether the claim directly below a Received field names the
// same client: some servers put their Received field on top of it.
func (f *Facts) confirmed(claims []claim, at int) bool {
	h := &f.Received[at]
	for i := range claims {
		c := &claims[i]
		if c.line > h.Line && (at+1 == len(f.Received) || c.line < f.Received[at+1].Line) {
			return c.ip == h.IP
		}
	}
	return false
}

// hop is the client of a Received field.
func (f *Facts) hop(h *Hop, skipped []string) *Client {
	c := &Client{IP: h.IP, HELO: h.HELO, Line: h.Line}
	c.Why = fmt.Sprintf("the topmost Received field, in line %d", h.Line)
	if len(skipped) > 0 {
		c.Why = fmt.Sprintf("the Received field in line %d, the topmost that is not the receiver's own (%s)", h.Line, strings.Join(skipped, "; "))
	}
	return c
}

// claimed is the client that a claim names, with the HELO of its Received field.
func (f *Facts) claimed(c *claim) *Client {
	client := &Client{IP: c.ip, HELO: c.helo, Why: fmt.Sprintf("the %s field in line %d", c.field, c.line)}
	if at := f.ClientAt(c.ip); at != nil && !submitted(f.withAt(at.Line)) {
		client.Line = at.Line
		client.HELO = cmp.Or(client.HELO, at.HELO)
		client.Why += fmt.Sprintf(" and the Received field in line %d", at.Line)
	}
	return client
}

// withAt is the protocol of the Received field in a line.
func (f *Facts) withAt(line int) string {
	for i := range f.Received {
		if f.Received[i].Line == line {
			return f.Received[i].With
		}
	}
	return ""
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
