package maillog

import (
	"bytes"
	"strconv"

	"mailworthy/smtp/reply"
)

const (
	// maxCauses bounds the texts that are remembered with what they mean.
	maxCauses = 4096
	// maxExplained bounds the different texts that are explained in full, which takes
	// the time of a hundred lines each. What comes after is explained by its codes.
	maxExplained = 5_000
)

// cause is what a text means.
type cause struct {
	reason   reply.Reason
	bit      uint64
	code     int
	enhanced string
	receiver string
}

// causes explains texts. Texts that differ in addresses, ids and numbers alone are
// explained once.
type causes struct {
	know  *reply.Knowledge
	known map[string]*cause
	bits  map[reply.Reason]uint64
	names []reply.Reason
	key   []byte
	// explained is how many texts were.
	explained int
}

func (c *causes) init(k *reply.Knowledge) {
	c.know, c.known = k, map[string]*cause{}
	c.bits = map[reply.Reason]uint64{}
}

// bit returns the flag of a reason. The set is closed, and smaller than 64.
func (c *causes) bit(r reply.Reason) uint64 {
	b, ok := c.bits[r]
	if !ok && len(c.names) < 64 {
		b = 1 << len(c.names)
		c.bits[r] = b
		c.names = append(c.names, r)
	}
	return b
}

// of explains the text of a record. relay is the host that spoke, if known.
func (c *causes) of(r *record, relay []byte, receiver string, speaker reply.Speaker) *cause {
	k := append(c.key[:0], receiver...)
	k = append(k, '|')
	k = append(k, enhancedAt(r.dsn)...)
	k = append(k, byte('0'+r.status), speakerKey(speaker))
	head := len(k)
	k = normalise(k, r.text)
	c.key = k
	if found := c.known[string(k)]; found != nil {
		return found
	}
	said := r.text
	if c.explained++; c.explained > maxExplained {
		code, enhanced := leadingCodes(said)
		said = bytes.TrimSpace(append(strconv.AppendInt(nil, int64(code), 10), append([]byte{' '}, enhanced...)...))
		if k = append(k[:head], said...); c.known[string(k)] != nil {
			return c.known[string(k)]
		}
	}
	text := reply.Context{Recipient: string(r.recipient), RemoteHost: string(relay), Enhanced: string(enhancedAt(r.dsn)), Final: r.status != statusDeferred, Speaker: speaker}
	e := c.know.Explain(string(bytes.ReplaceAll(said, []byte(`\n`), []byte("\n"))), text)
	if r.status == statusExpired && (e.Reason == reply.Unknown || len(r.text) == 0) {
		e.Reason = reply.Expired
	}
	found := &cause{reason: e.Reason, bit: c.bit(e.Reason), code: e.Code, enhanced: e.Enhanced, receiver: e.Receiver}
	if len(c.known) >= maxCauses {
		clear(c.known)
	}
	c.known[string(k)] = found
	return found
}

func speakerKey(s reply.Speaker) byte {
	if s == "" {
		return '-'
	}
	return s[0]
}

// maxNormal is how much of a text tells it from others.
const maxNormal = 400

// normalise appends a text without what differs between two that mean the same:
// addresses, and words with digits but for codes.
func normalise(dst, text []byte) []byte {
	start := len(dst)
	for len(text) > 0 && len(dst)-start < maxNormal {
		i := bytes.IndexByte(text, ' ')
		if i < 0 {
			i = len(text)
		}
		word := text[:i]
		digit, at := false, false
		for _, c := range word {
			if c >= '0' && c <= '9' {
				digit = true
			} else if c == '@' {
				at = true
				break
			}
		}
		switch {
		case at:
			dst = append(dst, '@')
		case digit && !isCode(word):
			dst = append(dst, '#')
		default:
			dst = append(dst, word...)
		}
		dst = append(dst, ' ')
		if i == len(text) {
			break
		}
		text = text[i+1:]
	}
	return dst
}

// isCode reports whether a word is a reply code, an enhanced one, or both.
func isCode(w []byte) bool {
	if n, ok := num(w, 3); ok && n >= 200 && n < 600 {
		if len(w) == 3 {
			return true
		}
		return w[3] == '-' && len(w) < 24
	}
	return len(w) < 12 && enhancedAt(bytes.TrimLeft(w, "(#<[")) != nil
}

// spokenHost returns the host that a text names as the other side: "host X[IP] said",
// "connect to X[IP]:25", "lost connection with X[IP]", behind "delivery temporarily
// suspended: ".
func spokenHost(b []byte) (host, ip []byte) {
	if after, ok := bytes.CutPrefix(b, []byte("delivery temporarily suspended: ")); ok {
		b = after
	}
	for _, p := range [...]string{"host ", "connect to ", "lost connection with ", "conversation with ", "SASL authentication failed; server "} {
		if hasPrefix(b, p) {
			b = b[len(p):]
			i := bytes.IndexByte(b, '[')
			if i <= 0 || i > 255 || bytes.IndexByte(b[:i], ' ') >= 0 {
				return nil, nil
			}
			host, ip, _ = relayOf(b)
			return host, ip
		}
	}
	return nil, nil
}
