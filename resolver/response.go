package resolver

import "github.com/miekg/dns"

// maxDetail bounds what a server may put into our errors.
const maxDetail = 200

// Bits of a header that say what kind of server answers.
const (
	bitAA = 1 << 10
	bitRA = 1 << 7
)

// response is what one message says of one question.
type response struct {
	Answer
	// more: the chain of aliases ends early, and its last name is to be asked.
	more bool
}

// readResponse interprets a message that answers a question (query.answeredBy) for
// a canonical name. It returns errors of the reasons ServFail, Refused, BadRcode,
// Malformed and AliasLoop. Nothing of the message is kept.
func readResponse(msg []byte, name string, t Type, server string) (*response, *Error) {
	fail := func(r Reason, rcode, detail string) (*response, *Error) {
		return nil, &Error{Name: name, Type: t, Reason: r, Server: server, Rcode: rcode, Detail: detail}
	}
	var space [mostlyAnswered]record
	var m message
	answer, wrong := m.read(msg, space[:0])
	if wrong != "" {
		return fail(Malformed, "", clip(wrong))
	}
	code := m.rcode()
	rcode := rcodeName(code)
	switch code {
	case dns.RcodeSuccess, rcodeNX:
	case dns.RcodeServerFailure:
		return fail(ServFail, rcode, m.extendedError(msg))
	case dns.RcodeRefused:
		return fail(Refused, rcode, m.extendedError(msg))
	default:
		return fail(BadRcode, rcode, m.extendedError(msg))
	}

	res := &response{Answer: Answer{Name: name, Type: t, Server: server, Rcode: rcode,
		AuthenticData: m.flags&bitAD != 0, TTL: ^uint32(0)}}
	at := name
	for {
		var alias *record
		other := false
		for i := range answer {
			r := &answer[i]
			if r.class != classIN || !nameIs(msg, r.owner, at) {
				continue
			}
			switch {
			case r.typ == t:
				got, wrong := r.as(msg, at)
				if wrong != "" {
					return fail(Malformed, rcode, clip(wrong))
				}
				if res.Records == nil {
					res.Records = make([]Record, 0, len(answer)-i)
				}
				res.Records = append(res.Records, got)
				res.TTL = min(res.TTL, r.ttl)
			case r.typ == TypeCNAME && alias == nil:
				alias = r
			case r.typ != TypeCNAME && r.typ != typeRRSIG && r.typ != typeNSEC && r.typ != TypeDNAME:
				other = true
			}
		}
		if len(res.Records) > 0 {
			if code == rcodeNX {
				return fail(Malformed, rcode, "NXDOMAIN, and yet records")
			}
			res.Status = Found
			return res, nil
		}
		if alias == nil {
			if e := res.absence(&m, msg, code, at, other); e != "" {
				return fail(Malformed, rcode, e)
			}
			return res, nil
		}
		res.TTL = min(res.TTL, alias.ttl)
		at = nameAt(msg, alias.data)
		if e := follow(name, t, &res.CNAMEs, at, server); e != nil {
			return nil, e
		}
	}
}

// absence decides what a message without records of the type says of the last
// name of the chain (RFC 2308, 2). A text is returned where it says nothing.
func (res *response) absence(m *message, raw []byte, rcode int, at string, other bool) string {
	if rcode == rcodeNX {
		// With aliases it is the last name that does not exist (RFC 6604, 3).
		res.Status = NXDomain
	} else {
		res.Status = NoData
		switch {
		case len(res.CNAMEs) > 0 && (!m.hasSOA || !within(at, nameAt(raw, m.soa.owner))):
			res.more = true
			return ""
		case m.hasSOA:
		case other:
			return "the answer holds records of other types only"
		case m.flags&bitAA != 0:
		case m.ns:
			return "a referral to other servers: this server does no recursion"
		case m.flags&bitRA == 0:
			return "an empty answer from a server that does no recursion"
		}
	}
	if !m.hasSOA {
		res.TTL = 0
	} else {
		res.TTL = min(res.TTL, m.soa.ttl, m.soa.minimum(raw)) // RFC 2308, 5
	}
	return ""
}
