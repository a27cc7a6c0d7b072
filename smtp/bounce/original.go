package bounce

import (
	"net/netip"
	"strings"

	"mailworthy/internal/lazyre"
)

const addressPattern = `(?:"[^"\r\n]{1,128}"|[^\s<>()\[\]"',;:@\\]{1,128})@(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,252}[\p{L}\p{N}])?|\[[0-9a-fA-F.:]{3,45}\])`

var (
	addressInRE  = lazyre.New(addressPattern)
	messageIDRE  = lazyre.New(`<([^<>\s]{1,256})>`)
	dkimDomainRE = lazyre.New(`(?:^|;)\s*d\s*=\s*([A-Za-z0-9._-]{1,253})`)
	dkimSelRE    = lazyre.New(`(?:^|;)\s*s\s*=\s*([A-Za-z0-9._-]{1,253})`)
	envelopeRE   = lazyre.New(`(?i)envelope-(?:from|sender)[ =:]+<?(` + addressPattern + `)`)
	receivedRE   = lazyre.New(`(?i)^from\s+(\S{1,255})(?:\s+\(([^()]*(?:\([^()]*\)[^()]*)*)\))?`)
	bracketIPRE  = lazyre.New(`\[?(?:IPv6:)?((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]?`)
)

// originalOf reads the header of the returned message.
func originalOf(h header) Original {
	var o Original
	if len(h) == 0 {
		return o
	}
	if m := messageIDRE.FindStringSubmatch(h.get("message-id")); m != nil {
		o.MessageID = m[1]
	} else if id := h.get("message-id"); !strings.ContainsAny(id, " \t") {
		o.MessageID = id
	}
	o.Subject = decodeWords(h.get("subject"))
	o.Date = h.get("date")
	o.From = lastAddress(decodeWords(h.get("from")))
	for _, name := range []string{"return-path", "x-envelope-from", "x-postfix-sender", "envelope-from", "x-mailer-envelope-from"} {
		if a := addressInRE.FindString(h.get(name)); a != "" {
			o.EnvelopeFrom = a
			break
		}
	}
	for _, name := range []string{"to", "cc"} {
		for _, v := range h.all(name) {
			o.To = append(o.To, addressInRE.FindAllString(decodeWords(v), 100)...)
		}
	}
	for _, v := range h.all("dkim-signature") {
		d, s := dkimDomainRE.FindStringSubmatch(v), dkimSelRE.FindStringSubmatch(v)
		if d == nil || len(o.DKIM) >= 20 {
			continue
		}
		sig := Signature{Domain: strings.ToLower(d[1])}
		if s != nil {
			sig.Selector = strings.ToLower(s[1])
		}
		o.DKIM = append(o.DKIM, sig)
	}
	for _, v := range h.all("received") {
		if o.EnvelopeFrom == "" {
			if m := envelopeRE.FindStringSubmatch(v); m != nil {
				o.EnvelopeFrom = m[1]
			}
		}
		if o.ClientIP == "" {
			o.HELO, o.ClientIP = received(v)
		}
	}
	o.Found = o.MessageID != "" || o.From != "" || o.Subject != "" || len(o.To) > 0 || o.EnvelopeFrom != ""
	return o
}

// received reads the name and the public address of the client of a Received field;
// both are empty for a hop inside of a network.
func received(v string) (helo, ip string) {
	m := receivedRE.FindStringSubmatch(v)
	if m == nil {
		return "", ""
	}
	from := v
	if i := strings.Index(strings.ToLower(v), " by "); i > 0 {
		from = v[:i]
	}
	for _, b := range bracketIPRE.FindAllStringSubmatch(from, 8) {
		a, err := netip.ParseAddr(b[1])
		if err != nil || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
			continue
		}
		return strings.ToLower(strings.Trim(m[1], "[]().")), a.String()
	}
	return "", ""
}

// lastAddress returns the address of a From field: that in angle brackets.
func lastAddress(v string) string {
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		if a := addressInRE.FindString(v[i:]); a != "" {
			return a
		}
	}
	return addressInRE.FindString(v)
}
