package message

import (
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// Hop is one Received field: a server says from whom it took the message (RFC
// 5321, 4.4). Each server adds its own on top.
type Hop struct {
	Line int `json:"line"`
	// HELO is the name that the client greeted with, as far as the field says.
	HELO string `json:"helo" empty:"null"`
	// IP of the client; not valid if the field names none.
	IP netip.Addr `json:"ip" empty:"null"`
	// By is the server that took the message, With the protocol.
	By   string     `json:"by" empty:"null"`
	With string     `json:"with" empty:"null"`
	Date *time.Time `json:"date"`

	// from is the name of the client that the server looked up, else the one that
	// it greeted with; looked says that it looked it up, unnamed that it did and found none.
	from            string
	looked, unnamed bool
	// recipient is the domain of the address that the field names with "for".
	recipient string
}

const (
	// maxHops bounds the Received fields kept. RFC 5321, 6.3 lets a server suspect
	// a loop from a hundred on.
	maxHops = 100
	// maxClauses bounds what is read of one.
	maxClauses = 10_000
)

var (
	// A bracketed address: [192.0.2.1], [IPv6:2001:db8::1]; with a port in the way
	// of Exim: [192.0.2.1]:4711.
	bracketed = lazyre.New(`\[(?:[Ii][Pp][Vv]6:)?([0-9A-Fa-f.:]+)\]`)
	// What might be an address without brackets.
	bareAddr = lazyre.New(`[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+`)
	// The name in a comment: (helo=name), (HELO name), (EHLO name).
	// The name before the address in a comment: (name [192.0.2.1]).
	lookedUp = lazyre.New(`^\(([A-Za-z0-9._-]+\.[A-Za-z]+)\.? \[`)
	heloWord = lazyre.New(`(?i)\b(?:helo|ehlo)[= ]\s*([^\s()]+)`)
)

func readHop(f *Field) Hop {
	h := Hop{Line: f.Line}
	text := f.Unfolded()
	if i := strings.LastIndexByte(text, ';'); i >= 0 {
		if t, err := mail.ParseDate(strings.TrimSpace(text[i+1:])); err == nil {
			h.Date = &t
		}
		text = text[:i]
	}
	clauses := readClauses(text[:min(len(text), maxClauses)])
	h.By = show.Cut(clauses["by"].token, maxQuoted)
	h.With = show.Cut(clauses["with"].token, maxQuoted)
	from := clauses["from"]
	if addr, ok := findAddr(bracketed, from.comments); ok {
		h.IP = addr
	} else if addr, ok := findAddr(bracketed, from.token); ok {
		h.IP = addr
	} else if addr, ok := findAddr(bareAddr, from.comments); ok {
		h.IP = addr
	} else if addr, err := netip.ParseAddr(from.token); err == nil {
		h.IP = addr.Unmap()
	}
	h.HELO = from.token
	verified, named := false, false
	if m := heloWord.FindStringSubmatch(from.comments); m != nil {
		h.HELO, named = m[1], true
		verified = strings.HasPrefix(from.comments, "([") && organization(from.token) != "" // the way of Exim
	}
	h.HELO = show.Cut(strings.TrimSuffix(h.HELO, "."), maxQuoted)
	if h.from = h.HELO; named {
		// The name that it greeted with is said apart: before it stands that of the address,
		// which some servers do not hold against the DNS, or none.
		h.from = ""
		if organization(from.token) != "" {
			h.from = show.Cut(strings.TrimSuffix(from.token, "."), maxQuoted)
		}
	} else if strings.HasPrefix(from.comments, "(unknown") || strings.Contains(from.comments, "may be forged") {
		h.from, h.unnamed = "", true // the name that it greeted with is all that there is
	}
	if m := lookedUp.FindStringSubmatch(from.comments); m != nil {
		h.from, h.looked = show.Cut(strings.TrimSuffix(m[1], "."), maxQuoted), !strings.Contains(from.comments, "may be forged")
	}
	if verified {
		h.from, h.looked = show.Cut(strings.TrimSuffix(from.token, "."), maxQuoted), true
	}
	h.recipient = domainOf(show.Cut(clauses["for"].token, maxQuoted))
	return h
}

// findAddr returns the first address in the text that the pattern finds.
func findAddr(pattern *lazyre.Regexp, text string) (netip.Addr, bool) {
	for _, m := range pattern.FindAllStringSubmatch(text, 8) {
		if addr, err := netip.ParseAddr(m[len(m)-1]); err == nil {
			return addr.Unmap().WithZone(""), true
		}
	}
	return netip.Addr{}, false
}

// clause is what follows a word of a Received field: one token, then comments.
type clause struct{ token, comments string }

// readClauses takes "from a (b) by c with d" apart. Of a word that comes twice
// the first counts.
func readClauses(text string) map[string]clause {
	out := make(map[string]clause)
	word, have := "", clause{}
	keep := func() {
		if _, ok := out[word]; !ok && word != "" {
			out[word] = have
		}
	}
	for at := 0; at < len(text); {
		switch c := text[at]; {
		case c == ' ' || c == '\t':
			at++
		case c == '(':
			end := skipComment(text, at)
			have.comments += text[at:end] + " "
			at = end
		default:
			end := at
			for end < len(text) && strings.IndexByte(" \t(", text[end]) < 0 {
				end++
			}
			token := text[at:end]
			at = end
			switch lower := strings.ToLower(token); {
			case lower == "from" || lower == "by" || lower == "with" || lower == "via" || lower == "id" || lower == "for":
				keep()
				word, have = lower, clause{}
			case have.token == "":
				have.token = token
			}
		}
	}
	keep()
	return out
}

// ClientAt is the client with this address by the topmost Received field that
// names it, nil if none does.
func (f *Facts) ClientAt(ip netip.Addr) *Client {
	for i := range f.Received {
		if h := &f.Received[i]; h.IP == ip {
			return &Client{IP: ip, HELO: h.HELO, Line: h.Line, Why: fmt.Sprintf("the Received field in line %d", h.Line)}
		}
	}
	return nil
}

// unusable says why an address cannot be that of a client on the Internet.
func unusable(ip netip.Addr) string {
	switch {
	case !ip.IsValid():
		return "names no address"
	case ip.IsLoopback():
		return "names a loopback address, " + ip.String()
	case ip.IsPrivate(), carrierNAT.Contains(ip):
		return "names a private address, " + ip.String()
	case nat64.Contains(ip), nat64Local.Contains(ip):
		return "names an address of NAT64, " + ip.String()
	case ip.IsLinkLocalUnicast():
		return "names a link-local address, " + ip.String()
	case !ip.IsGlobalUnicast():
		return "names no address of a host, " + ip.String()
	}
	return ""
}

// carrierNAT is the shared address space of RFC 6598, not routed on the Internet.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// In nat64 and nat64Local a network shows its own hosts the addresses of IPv4 (RFC
// 6052, 2.1; RFC 8215): they say what the client was only to that network.
var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
)
