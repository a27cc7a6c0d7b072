package resolver

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// maxDetail bounds what a server may put into our errors.
const maxDetail = 200

// response is what one message says of one question.
type response struct {
	Answer
	// more: the chain of aliases ends early, and its last name is to be asked.
	more bool
}

// readResponse interprets a message that answers a question (query.answeredBy) for
// a canonical name. It returns errors of the reasons ServFail, Refused, BadRcode,
// Malformed and AliasLoop.
func readResponse(msg []byte, name string, t Type, server string) (*response, *Error) {
	fail := func(r Reason, rcode, detail string) (*response, *Error) {
		return nil, &Error{Name: name, Type: t, Reason: r, Server: server, Rcode: rcode, Detail: detail}
	}
	var m dns.Msg
	if err := m.Unpack(msg); err != nil {
		return fail(Malformed, "", clip("not a DNS message: "+strings.TrimPrefix(err.Error(), "dns: ")))
	}
	rcode := rcodeName(m.Rcode)
	// The library takes a message that ends early for a short one.
	if len(m.Answer) != int(binary.BigEndian.Uint16(msg[6:])) || len(m.Ns) != int(binary.BigEndian.Uint16(msg[8:])) {
		return fail(Malformed, rcode, "the message ends before its records do")
	}
	switch m.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	case dns.RcodeServerFailure:
		return fail(ServFail, rcode, extendedError(&m))
	case dns.RcodeRefused:
		return fail(Refused, rcode, extendedError(&m))
	default:
		return fail(BadRcode, rcode, extendedError(&m))
	}

	res := &response{Answer: Answer{Name: name, Type: t, Server: server, Rcode: rcode,
		AuthenticData: m.AuthenticatedData, TTL: ^uint32(0)}}
	at := name
	for {
		var alias *dns.CNAME
		other := false
		for _, rr := range m.Answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || fromPresentation(h.Name) != at {
				continue
			}
			switch c, isAlias := rr.(*dns.CNAME); {
			case Type(h.Rrtype) == t:
				r := recordOf(rr)
				if (t == TypeA || t == TypeAAAA) && !r.Addr.IsValid() {
					return fail(Malformed, rcode, "an address record without an address")
				}
				res.Records = append(res.Records, r)
				res.TTL = min(res.TTL, h.Ttl)
			case isAlias && alias == nil:
				alias = c
			case h.Rrtype != dns.TypeRRSIG && h.Rrtype != dns.TypeNSEC && h.Rrtype != dns.TypeDNAME:
				other = true
			}
		}
		if len(res.Records) > 0 {
			if m.Rcode == dns.RcodeNameError {
				return fail(Malformed, rcode, "NXDOMAIN, and yet records")
			}
			res.Status = Found
			return res, nil
		}
		if alias == nil {
			if e := res.absence(&m, at, other); e != "" {
				return fail(Malformed, rcode, e)
			}
			return res, nil
		}
		res.TTL = min(res.TTL, alias.Hdr.Ttl)
		at = fromPresentation(alias.Target)
		if e := follow(name, t, &res.CNAMEs, at, server); e != nil {
			return nil, e
		}
	}
}

// absence decides what a message without records of the type says of the last
// name of the chain (RFC 2308, 2). A text is returned where it says nothing.
func (res *response) absence(m *dns.Msg, at string, other bool) string {
	var soa *dns.SOA
	ns := false
	for _, rr := range m.Ns {
		switch v := rr.(type) {
		case *dns.SOA:
			if soa == nil {
				soa = v
			}
		case *dns.NS:
			ns = true
		}
	}
	if m.Rcode == dns.RcodeNameError {
		// With aliases it is the last name that does not exist (RFC 6604, 3).
		res.Status = NXDomain
	} else {
		res.Status = NoData
		switch {
		case len(res.CNAMEs) > 0 && (soa == nil || !within(at, fromPresentation(soa.Hdr.Name))):
			res.more = true
			return ""
		case soa != nil:
		case other:
			return "the answer holds records of other types only"
		case m.Authoritative:
		case ns:
			return "a referral to other servers: this server does no recursion"
		case !m.RecursionAvailable:
			return "an empty answer from a server that does no recursion"
		}
	}
	if soa == nil {
		res.TTL = 0
	} else {
		res.TTL = min(res.TTL, soa.Hdr.Ttl, soa.Minttl) // RFC 2308, 5
	}
	return ""
}

func rcodeName(code int) string {
	if code == dns.RcodeBadVers {
		return "BADVERS" // the library knows it as BADSIG, its meaning in TSIG
	}
	if s, ok := dns.RcodeToString[code]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", code)
}

// extendedError is why a server fails, by its own account (RFC 8914).
func extendedError(m *dns.Msg) string {
	opt := m.IsEdns0()
	if opt == nil {
		return ""
	}
	var out []string
	for _, o := range opt.Option {
		e, ok := o.(*dns.EDNS0_EDE)
		if !ok {
			continue
		}
		s := dns.ExtendedErrorCodeToString[e.InfoCode]
		if s == "" {
			s = fmt.Sprintf("extended error %d", e.InfoCode)
		}
		s = joinDetail(s, e.ExtraText)
		if len(s) > maxDetail {
			s = s[:maxDetail] + "…"
		}
		if out = append(out, s); len(out) == 3 {
			break
		}
	}
	return strings.Join(out, "; ")
}
