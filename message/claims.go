package message

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// claim is what a field says of the client: Received-SPF (RFC 7208, 9.1), or
// Authentication-Results (RFC 8601) in the forms that name its address.
type claim struct {
	line  int
	field string
	ip    netip.Addr
	helo  string
}

var (
	clientIP = lazyre.New(`(?i)\b(?:client-ip|sender IP is|policy\.iprev|smtp\.remote-ip|smtp\.client-ip|remote-ip|designates?)\s*=?\s*"?\[?(?:IPv6:)?([0-9A-Fa-f.:]+)`)
	neither  = lazyre.New(`(?i)[(: ]\[?([0-9A-Fa-f.:]+)\]? is neither permitted nor denied`)
	helo     = lazyre.New(`(?i)\bhelo=\s*"?([^;\s"]+)`)
)

// claims are those of the header, from the top.
func (f *Facts) claims() []claim {
	var out []claim
	read := func(field string, texts []Text) {
		for _, t := range texts[:min(len(texts), maxListed)] {
			text := t.Text[:min(len(t.Text), maxClauses)]
			addr, ok := findAddr(clientIP, text)
			if !ok {
				addr, ok = findAddr(neither, text)
			}
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
