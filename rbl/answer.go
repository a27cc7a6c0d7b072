package rbl

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/resolver"
)

// pattern is an answer in which octets may be ranges.
type pattern [4]struct{ low, high byte }

// parsePattern reads 127.0.0.2, 127.0.0.10-12, 127.0.*.3.
func parsePattern(s string) (pattern, error) {
	var p pattern
	if strings.Count(s, ".") != len(p)-1 {
		return p, errors.New("not four octets")
	}
	for i := range p {
		var o string
		o, s, _ = strings.Cut(s, ".")
		if o == "*" {
			p[i].high = 255
			continue
		}
		low, high, ranged := strings.Cut(o, "-")
		if !ranged {
			high = low
		}
		a, err := strconv.ParseUint(low, 10, 8)
		if err != nil {
			return p, errors.New("not an octet")
		}
		b, err := strconv.ParseUint(high, 10, 8)
		if err != nil || b < a {
			return p, errors.New("not a range of octets")
		}
		p[i].low, p[i].high = byte(a), byte(b)
	}
	if p[0].low != 127 || p[0].high != 127 {
		return p, errors.New("not in 127/8")
	}
	return p, nil
}

func (p pattern) matches(o [4]byte) bool {
	for i, r := range p {
		if o[i] < r.low || o[i] > r.high {
			return false
		}
	}
	return true
}

// matches reports whether the answer o is the one of the catalogue, of a mask
// list also as one bit among several.
func (l *List) matches(answer string, o [4]byte) bool {
	p, err := parsePattern(answer)
	if err != nil {
		return false
	}
	if l.Mask && p[3].low == p[3].high {
		return o[0] == 127 && o[1] == p[1].low && o[2] == p[2].low && o[3]&p[3].low != 0
	}
	return p.matches(o)
}

// reading is what the answer of a list says, before its health is considered.
type reading struct {
	// verdict is Listed, Clean, Blocked or Unknown.
	verdict Verdict
	answers []string
	codes   []Code
	// why explains Blocked and Unknown, advice how to get an answer.
	why, advice string
	// outside: an address outside 127/8 came back.
	outside bool
}

// The answers that are refusals whatever the list (RFC 5782, 5: 127.0.0.1 is
// never an entry's value by convention; 127.255.255.x was introduced by
// Spamhaus and taken over by others).
var commonRefusals = []Refusal{
	{Answer: "127.255.255.252", Meaning: "the zone name is mistyped", Advice: "Correct the zone of the list."},
	{Answer: "127.255.255.254", Meaning: "the question came through a public resolver", Advice: askThroughOwn},
	{Answer: "127.255.255.255", Meaning: "too many questions came from this resolver", Advice: askThroughOwn},
	{Answer: "127.255.255.*", Meaning: "the list answers with an error", Advice: askThroughOwn},
	{Answer: "127.0.0.1", Meaning: "the list refuses the question", Advice: askThroughOwn},
}

const askThroughOwn = "Ask through a resolver of your own (--resolver)."

// read decodes an answer of the list.
func (l *List) read(a *resolver.Answer) reading {
	if a.Absent() {
		return reading{verdict: Clean}
	}
	r := reading{verdict: Clean}
	var addrs []netip.Addr
	for i := range a.Records {
		if addr := a.Records[i].Addr; addr.Is4() {
			addrs = append(addrs, addr)
		}
	}
	if len(addrs) == 0 {
		return reading{verdict: Unknown, why: "the answer holds no address"}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	var refused *Refusal
	for _, addr := range addrs {
		r.answers = append(r.answers, addr.String())
		if addr.As4()[0] != 127 {
			r.outside = true
		} else if refused == nil {
			refused = l.refusal(addr.As4())
		}
	}
	switch {
	case r.outside:
		// RFC 5782, 7: an abandoned list's name with a web server behind it looks so.
		r.verdict = Unknown
		r.why = fmt.Sprintf("it answered %s, which is outside 127/8: the zone is parked, or the resolver invents answers", strings.Join(r.answers, ", "))
		return r
	case refused != nil:
		r.verdict = Blocked
		r.why = fmt.Sprintf("it answered %s: %s", strings.Join(r.answers, ", "), refused.Meaning)
		r.advice = refused.Advice
		return r
	}
	for _, addr := range addrs {
		r.codes = append(r.codes, l.decode(addr)...)
	}
	for _, c := range r.codes {
		if c.Effect == "" || l.allows() {
			r.verdict = Listed
		}
	}
	return r
}

// refusal returns why an answer in 127/8 is no entry, or nil.
func (l *List) refusal(o [4]byte) *Refusal {
	for i := range l.Refusals {
		if l.matches(l.Refusals[i].Answer, o) {
			return &l.Refusals[i]
		}
	}
	for i := range commonRefusals {
		if p, _ := parsePattern(commonRefusals[i].Answer); p.matches(o) {
			return &commonRefusals[i]
		}
	}
	return nil
}

// decode explains one answer. One that the catalogue does not know is a listing
// all the same (RFC 5782, 6).
func (l *List) decode(addr netip.Addr) []Code {
	var codes []Code
	for i := range l.Codes {
		if l.matches(l.Codes[i].Answer, addr.As4()) {
			c := l.Codes[i]
			c.Answer = addr.String()
			codes = append(codes, c)
			if !l.Mask {
				break
			}
		}
	}
	if len(codes) == 0 {
		c := Code{Answer: addr.String()}
		if len(l.Codes) > 0 {
			c.Meaning = "a code that the list does not explain"
		}
		codes = append(codes, c)
	}
	for i := range codes {
		if codes[i].Weight == "" {
			codes[i].Weight = l.Weight
		}
	}
	return codes
}
