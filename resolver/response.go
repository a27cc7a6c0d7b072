package resolver

import (
	"slices"

	"github.com/miekg/dns"
)

// maxDetail bounds what a server may put into our errors.
const maxDetail = 200

// bitRA says that the server does recursion.
const bitRA = 1 << 7

// response is what one message says of one question.
type response struct {
	Answer
	// more: the chain of aliases ends early, and its last name is to be asked.
	more bool
	// seen are the data of the records, once they are many.
	seen map[string]bool
}

// fewRecords are compared one by one.
const fewRecords = 16

// add adds a record, unless it is there: copies that a server sends are the same record (RFC 2181, 5),
// of which resolvers keep one.
func (res *response) add(r Record) {
	switch n := len(res.Records); {
	case n < fewRecords:
		for i := range res.Records {
			if res.Records[i].sameData(&r) {
				return
			}
		}
	default:
		if res.seen == nil {
			res.seen = make(map[string]bool)
			for i := range res.Records {
				res.seen[res.Records[i].dataKey()] = true
			}
		}
		key := r.dataKey()
		if res.seen[key] {
			return
		}
		res.seen[key] = true
	}
	res.Records = append(res.Records, r)
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
	records, wrong := m.read(msg, space[:0])
	if wrong != "" {
		return fail(Malformed, "", clip(wrong))
	}
	code := m.rcode()
	rcode := rcodeName(code)
	switch code {
	case dns.RcodeSuccess, rcodeNX:
		if m.blocked(msg) {
			return fail(Refused, rcode, m.extendedError(msg))
		}
	case dns.RcodeServerFailure:
		if m.blocked(msg) {
			return fail(Refused, rcode, m.extendedError(msg))
		}
		_, e := fail(ServFail, rcode, m.extendedError(msg))
		e.bogus = m.bogus(msg)
		return nil, e
	case dns.RcodeRefused:
		return fail(Refused, rcode, m.extendedError(msg))
	default:
		return fail(BadRcode, rcode, m.extendedError(msg))
	}

	res := &response{Answer: Answer{Name: name, Type: t, Server: server, Rcode: rcode,
		AuthenticData: m.flags&bitAD != 0, Authoritative: m.flags&bitAA != 0, TTL: ^uint32(0)}}
	at := name
	for {
		var alias *record
		for i := range records {
			r := &records[i]
			if r.section != inAnswer || r.class != classIN || !nameIs(msg, r.owner, at) {
				continue
			}
			switch {
			case r.typ == t:
				got, wrong := r.as(msg, at)
				if wrong != "" {
					return fail(Malformed, rcode, clip(wrong))
				}
				if res.Records == nil {
					res.Records = make([]Record, 0, len(records)-i)
				}
				r.used = true
				res.add(got)
				res.TTL = min(res.TTL, r.ttl)
			case r.typ == TypeCNAME && alias == nil:
				alias = r
			}
		}
		if len(res.Records) > 0 {
			if code == rcodeNX {
				return fail(Malformed, rcode, "NXDOMAIN, and yet records")
			}
			if wrong := res.leftOut(records, msg, at); wrong != "" {
				return fail(Malformed, rcode, clip(wrong))
			}
			if alias != nil {
				if e := res.ring(records, msg, alias); e != nil {
					return nil, e
				}
			}
			res.Status = Found
			return res, nil
		}
		if alias == nil {
			if m.unproved(msg) {
				return fail(ServFail, rcode, m.extendedError(msg))
			}
			if e := res.absence(&m, records, msg, code, at); e != "" {
				return fail(Malformed, rcode, e)
			}
			return res, nil
		}
		alias.used = true
		res.TTL = min(res.TTL, alias.ttl)
		at = nameAt(msg, alias.data)
		if e := follow(name, t, &res.CNAMEs, at, server); e != nil {
			return nil, e
		}
	}
}

// ring returns an error if an alias beside the records leads back to their name: these are no
// data of it then (RFC 2181, 10.1).
func (res *response) ring(records []record, raw []byte, alias *record) *Error {
	chain := slices.Clone(res.CNAMEs)
	for alias != nil {
		at := nameAt(raw, alias.data)
		if e := follow(res.Name, res.Type, &chain, at, res.Server); e != nil {
			return e
		}
		alias = nil
		for i := range records {
			if r := &records[i]; r.section == inAnswer && r.class == classIN && r.typ == TypeCNAME && nameIs(raw, r.owner, at) {
				alias = r
				break
			}
		}
	}
	return nil
}

// leftOut says what records of the type asked stand in the message that are not
// part of the answer: under another name, in another class or in another section.
// What is read would be a part of the set then, as absent as the rest.
func (res *response) leftOut(records []record, raw []byte, at string) string {
	for i := range records {
		r := &records[i]
		switch {
		case r.used || r.typ != res.Type:
		case r.section == inAnswer:
			if r.typ != TypeCNAME { // some servers follow the alias that is asked for
				return "a record of the type asked is of another name or class"
			}
		case nameIs(raw, r.owner, at):
			// Some servers repeat an address or a name server beside the answer.
			got, wrong := r.as(raw, at)
			if wrong != "" || r.class != classIN || !slices.ContainsFunc(res.Records, func(have Record) bool { return have.String() == got.String() }) {
				return "a record of what is asked stands outside of the answer section"
			}
		}
	}
	return ""
}

// absence decides what a message without records of the type says of the last name
// of the chain (RFC 2308, 2). It is told from a message that does not answer by what
// else it holds: no record but the chain, and the SOA of a zone that the name is in;
// a resolver (RA) may leave that out. A text is returned if it says nothing.
func (res *response) absence(m *message, records []record, raw []byte, rcode int, at string) string {
	if m.short {
		// One of those that are missing may be an OPT, with the rest of the response code
		// (RFC 6891, 6.1.3).
		return "the message ends before its records do"
	}
	var soa *record
	enclosed, servers, foreign := false, false, false
	for i := range records {
		r := &records[i]
		if r.used {
			continue
		}
		if r.typ == res.Type && nameIs(raw, r.owner, at) {
			return "the record asked for stands outside of the answer section, or in another class"
		}
		switch r.section {
		case inAnswer:
			if len(res.CNAMEs) == 0 || r.class != classIN || !besideAlias(records, raw, r) {
				return "the answer holds records that are no answer"
			}
		case inAuthority:
			switch {
			case r.class != classIN:
				return "the authority section is of another class"
			case r.typ == TypeSOA:
				soa = r
				if Within(at, nameAt(raw, r.owner)) {
					enclosed = true
				} else {
					foreign = true
				}
			case r.typ == TypeNS:
				servers = true
			case r.typ != typeRRSIG && r.typ != typeNSEC && r.typ != typeNSEC3:
				return "the authority section holds records that are no proof of absence"
			}
		}
	}
	enclosed = enclosed && !foreign
	for i := range records {
		if r := &records[i]; r.section == inAdditional && !r.beside(enclosed) {
			return "the additional section holds records that nothing refers to"
		}
	}
	bare := soa == nil && !servers && m.flags&bitRA != 0
	res.Status = NoData
	if rcode == rcodeNX {
		// With aliases it is the last name that does not exist (RFC 6604, 3).
		res.Status = NXDomain
	}
	switch {
	case enclosed:
		if rcode == rcodeNX && nameIs(raw, soa.owner, at) {
			return "NXDOMAIN for a name that is a zone by the same message"
		}
		res.TTL = min(res.TTL, soa.ttl, soa.minimum(raw)) // RFC 2308, 5
		return ""
	case len(res.CNAMEs) > 0 && (rcode != rcodeNX || !bare):
		res.more = true
		return ""
	case soa != nil:
		return "the SOA is of a zone that the name is not in"
	case bare:
		res.TTL = 0
		return ""
	case servers:
		return "a referral to other servers: this server does no recursion"
	}
	return "an empty answer from a server that does no recursion"
}

// besideAlias reports whether a record may stand beside the aliases of an answer:
// the DNAME that one follows from (RFC 6672, 3.1), a signature, a copy of one.
func besideAlias(records []record, raw []byte, r *record) bool {
	for i := range records {
		alias := &records[i]
		if !alias.used {
			continue
		}
		switch owner := nameAt(raw, alias.owner); r.typ {
		case TypeDNAME:
			if at := nameAt(raw, r.owner); owner != at && Within(owner, at) {
				return true
			}
		case typeRRSIG:
			return true
		case TypeCNAME:
			if nameIs(raw, r.owner, owner) && nameAt(raw, r.data) == nameAt(raw, alias.data) {
				return true
			}
		}
	}
	return false
}

// beside reports whether a record may stand in the additional section of a message
// without an answer: addresses only with a proof whose servers they are of.
func (r *record) beside(proof bool) bool {
	switch r.typ {
	case typeOPT, typeTSIG, typeSIG:
		return true
	case TypeA, TypeAAAA, typeRRSIG:
		return proof && r.class == classIN
	}
	return false
}
