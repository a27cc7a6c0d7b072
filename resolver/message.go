package resolver

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// This file reads messages (RFC 1035, 4) without building what nobody asks for:
// every record is checked, and only those that answer the question become
// Records. Types that an audit hardly meets are left to the DNS library, record by
// record; so every message that the library would refuse is refused here too.

const (
	maxPointers = 126 // in one name, as the DNS library allows
	rrFixed     = 10  // type, class, TTL and length of the data
	typeRRSIG   = 46
	typeNSEC    = 47
	typeNSEC3   = 50
	typeSIG     = 24
	typeTSIG    = 250
)

// The sections of a message after the question.
const (
	inAnswer = 1 + iota
	inAuthority
	inAdditional
)

// record is one resource record, where it stands in a message.
type record struct {
	owner     int // where its name starts
	typ       Type
	class     uint16
	section   uint8
	used      bool // it is part of what is answered
	ttl       uint32
	data, end int
}

// message is where things stand in a DNS message whose records have been checked.
// It does not hold the bytes, so that it can stay on the stack.
type message struct {
	flags uint16
	// opt is the OPT of the additional section, if hasOPT.
	opt    record
	hasOPT bool
	// short: additional records are missing that the header counts.
	short bool
}

// mostlyAnswered is room for the records of most answers.
const mostlyAnswered = 8

// read checks a message; it returns its records behind those of room, and what is
// wrong. (A field for them would not let room stay on the stack.)
func (m *message) read(raw []byte, room []record) (records []record, wrong string) {
	records = room
	if len(raw) < headerLen {
		return nil, "not a DNS message: no header"
	}
	m.flags = binary.BigEndian.Uint16(raw[2:])
	counts := [4]int{}
	for i := range counts {
		counts[i] = int(binary.BigEndian.Uint16(raw[4+2*i:]))
	}
	off := headerLen
	if off < len(raw) { // servers that fail may send a header alone
		for range counts[0] {
			end, wrong := skipName(raw, off)
			if wrong == "" && end+4 > len(raw) {
				wrong = "the question is cut"
			}
			if wrong != "" {
				return nil, "not a DNS message: " + wrong
			}
			off = end + 4
		}
	}
	for section := inAnswer; section <= inAdditional; section++ {
		for range counts[section] {
			if off == len(raw) {
				if section < inAdditional {
					return nil, "the message ends before its records do"
				}
				m.short = true // what is found without them is found all the same
				return records, ""
			}
			r := record{section: uint8(section)}
			if wrong := r.read(raw, off); wrong != "" {
				return nil, "not a DNS message: " + wrong
			}
			if section == inAdditional && r.typ == typeOPT {
				if m.hasOPT {
					return nil, "there are two OPT records" // RFC 6891, 6.1.1
				}
				m.opt, m.hasOPT = r, true
			}
			records = append(records, r)
			off = r.end
		}
	}
	if off < len(raw) {
		// What stands behind may be records that the header does not count.
		return nil, "there is more behind the records that the header counts"
	}
	return records, ""
}

// rcode is the response code with its upper bits (RFC 6891, 6.1.3).
func (m *message) rcode() int {
	code := int(m.flags & rcodes)
	if m.hasOPT {
		code |= int(m.opt.ttl>>24) << 4
	}
	return code
}

// read checks the record at off.
func (r *record) read(raw []byte, off int) string {
	r.owner = off
	off, wrong := skipName(raw, off)
	if wrong != "" {
		return wrong
	}
	if off+rrFixed > len(raw) {
		return "a record is cut"
	}
	r.typ = Type(binary.BigEndian.Uint16(raw[off:]))
	r.class = binary.BigEndian.Uint16(raw[off+2:])
	r.ttl = binary.BigEndian.Uint32(raw[off+4:])
	if r.ttl > 1<<31-1 && r.typ != typeOPT {
		r.ttl = 0 // RFC 2181, 8
	}
	r.data = off + rrFixed
	r.end = r.data + int(binary.BigEndian.Uint16(raw[off+8:]))
	if r.end > len(raw) {
		return "the data of a record is cut"
	}
	return r.check(raw[:r.end], raw)
}

// check looks at the data, which ends where raw does; whole is the whole message.
func (r *record) check(raw, whole []byte) string {
	const bad = "the data of a record is not of its type"
	at := r.data
	switch r.typ {
	case TypeA:
		if n := r.end - at; n != 4 && n != 0 { // none: see addr
			return bad
		}
		return ""
	case TypeAAAA:
		if n := r.end - at; n != 16 && n != 0 {
			return bad
		}
		return ""
	case TypeTXT, TypeSPF:
		for at < r.end {
			at += 1 + int(raw[at])
		}
	case TypeNS, TypeCNAME, TypePTR, TypeDNAME, TypeMX:
		if r.typ == TypeMX {
			at += 2
		}
		end, wrong := skipName(raw, at)
		if wrong != "" {
			return wrong
		}
		at = end
	case TypeSOA:
		for range 2 {
			end, wrong := skipName(raw, at)
			if wrong != "" {
				return wrong
			}
			at = end
		}
		at += 20
	case typeOPT:
		if at == r.end {
			return ""
		}
		fallthrough
	case TypeTLSA, TypeDS, TypeDNSKEY:
		if r.end-at < 4 { // the library reads what is missing as zeros
			return bad
		}
		fallthrough
	default:
		if _, _, err := dns.UnpackRR(whole, r.owner); err != nil {
			return strings.TrimPrefix(err.Error(), "dns: ")
		}
		return ""
	}
	if at != r.end {
		return bad
	}
	return ""
}

// skipName checks the name at off and returns where it ends.
func skipName(raw []byte, off int) (end int, wrong string) {
	budget, pointers := maxName, 0
	for {
		if off >= len(raw) {
			return 0, "a name is cut"
		}
		c := int(raw[off])
		off++
		switch c & 0xc0 {
		case 0:
			if c == 0 {
				if pointers == 0 {
					end = off
				}
				return end, ""
			}
			if off+c > len(raw) {
				return 0, "a name is cut"
			}
			if budget -= c + 1; budget <= 0 {
				return 0, "a name is longer than 255 octets"
			}
			off += c
		case 0xc0:
			if off >= len(raw) {
				return 0, "a name is cut"
			}
			if pointers == 0 {
				end = off + 1
			}
			if pointers++; pointers > maxPointers {
				return 0, "a name has too many pointers"
			}
			if off = (c&0x3f)<<8 | int(raw[off]); off < headerLen {
				return 0, "a name has a pointer into the header"
			}
		default:
			return 0, "a name has a label of an unknown kind"
		}
	}
}

// labelAt returns the bounds of the label at off, pointers followed, of a name
// that skipName has passed. The end of the name is an empty label.
func labelAt(raw []byte, off int) (start, end int) {
	for raw[off]&0xc0 == 0xc0 {
		off = int(raw[off]&0x3f)<<8 | int(raw[off+1])
	}
	return off + 1, off + 1 + int(raw[off])
}

// nameIs reports whether the name at off is this canonical one.
func nameIs(raw []byte, off int, name string) bool {
	if name == "." {
		name = ""
	}
	for first := true; ; first = false {
		start, end := labelAt(raw, off)
		if start == end {
			return name == ""
		}
		if !first {
			if name == "" || name[0] != '.' {
				return false
			}
			name = name[1:]
		}
		for _, c := range raw[start:end] {
			switch c = fold(c); {
			case name == "":
				return false
			case c == '.' || c == '\\':
				if len(name) < 4 || name[:4] != escaped(c) {
					return false
				}
				name = name[4:]
			case name[0] != c:
				return false
			default:
				name = name[1:]
			}
		}
		off = end
	}
}

// nameAt is the canonical form of the name at off.
func nameAt(raw []byte, off int) string {
	var space [maxName + 1]byte
	b := space[:0]
	for {
		start, end := labelAt(raw, off)
		if start == end {
			break
		}
		if len(b) > 0 {
			b = append(b, '.')
		}
		for _, c := range raw[start:end] {
			if c = fold(c); c == '.' || c == '\\' {
				b = append(b, escaped(c)...)
			} else {
				b = append(b, c)
			}
		}
		off = end
	}
	if len(b) == 0 {
		return "."
	}
	return string(b)
}

// escaped is a byte that would be misread in a canonical name.
func escaped(c byte) string {
	if c == '.' {
		return `\046`
	}
	return `\092`
}

// as turns a record into ours. A text says what is wrong: data that the DNS
// library lets pass and that says nothing.
func (r *record) as(raw []byte, name string) (Record, string) {
	out := Record{Name: name, Type: r.typ, TTL: r.ttl}
	switch r.typ {
	case TypeA, TypeAAAA:
		addr, ok := netip.AddrFromSlice(raw[r.data:r.end])
		if !ok {
			return out, "an address record without an address"
		}
		out.Addr = addr
	case TypeTXT, TypeSPF:
		if r.data == r.end { // RFC 1035, 3.3.14: one or more
			return out, "a TXT record without a character-string"
		}
		n := 0
		for at := r.data; at < r.end; at += 1 + int(raw[at]) {
			n++
		}
		out.TXT = make([]string, 0, n)
		for at := r.data; at < r.end; at += 1 + int(raw[at]) {
			out.TXT = append(out.TXT, string(raw[at+1:at+1+int(raw[at])]))
		}
	case TypeMX:
		out.Preference = binary.BigEndian.Uint16(raw[r.data:])
		out.Host = nameAt(raw, r.data+2)
	case TypeCNAME, TypeDNAME, TypeNS, TypePTR:
		out.Host = nameAt(raw, r.data)
	default:
		rr, _, err := dns.UnpackRR(raw, r.owner)
		if err != nil {
			return out, strings.TrimPrefix(err.Error(), "dns: ")
		}
		out = recordOf(rr)
		out.Name, out.TTL = name, r.ttl
	}
	return out, ""
}

// minimum is the last field of an SOA (RFC 2308, 4).
func (r *record) minimum(raw []byte) uint32 { return binary.BigEndian.Uint32(raw[r.end-4:]) }

// blocked reports whether the server says by an extended error that its answer is its
// own policy instead of what the DNS holds: forged, blocked, censored, filtered, or
// prohibited for this client (RFC 8914, 4.5 and 4.16 to 4.19).
func (m *message) blocked(raw []byte) bool {
	return m.says(raw, dns.ExtendedErrorCodeForgedAnswer, dns.ExtendedErrorCodeBlocked, dns.ExtendedErrorCodeCensored,
		dns.ExtendedErrorCodeFiltered, dns.ExtendedErrorCodeProhibited)
}

// unproved reports whether the server says by an extended error that it has no answer to give,
// nor an old one: it got none from the servers of the zone, or none that its signatures prove, or
// it could not look (RFC 8914, 4.4, 4.7 to 4.9, 4.13 to 4.15 and 4.20 to 4.25; 25 of IANA's registry). An empty message
// is no answer then. That signatures or keys are missing (4.10, 4.11) is also said of zones that
// are as they should be: of a standby key that signs nothing.
func (m *message) unproved(raw []byte) bool {
	return m.says(raw, dns.ExtendedErrorCodeDNSBogus, dns.ExtendedErrorCodeSignatureExpired, dns.ExtendedErrorCodeSignatureNotYetValid,
		dns.ExtendedErrorCodeNSECMissing, dns.ExtendedErrorCodeCachedError, dns.ExtendedErrorCodeNotReady,
		dns.ExtendedErrorCodeNotAuthoritative, dns.ExtendedErrorCodeNotSupported, dns.ExtendedErrorCodeNoReachableAuthority,
		dns.ExtendedErrorCodeNetworkError, dns.ExtendedErrorCodeInvalidData, dns.ExtendedErrorCodeSignatureExpiredBeforeValid) &&
		!m.says(raw, dns.ExtendedErrorCodeStaleAnswer, dns.ExtendedErrorCodeStaleNXDOMAINAnswer)
}

// bogus reports whether the server says by an extended error that it validates and that
// signatures are wrong or missing (RFC 8914, 4.7 to 4.13; 25 of IANA's registry).
func (m *message) bogus(raw []byte) bool {
	return m.says(raw, dns.ExtendedErrorCodeDNSBogus, dns.ExtendedErrorCodeSignatureExpired, dns.ExtendedErrorCodeSignatureNotYetValid,
		dns.ExtendedErrorCodeDNSKEYMissing, dns.ExtendedErrorCodeRRSIGsMissing, dns.ExtendedErrorCodeNoZoneKeyBitSet,
		dns.ExtendedErrorCodeNSECMissing, dns.ExtendedErrorCodeSignatureExpiredBeforeValid)
}

// says reports whether one of the extended errors is among the options.
func (m *message) says(raw []byte, codes ...uint16) bool {
	if !m.hasOPT {
		return false
	}
	for options := raw[m.opt.data:m.opt.end]; len(options) >= 4; {
		code, size := binary.BigEndian.Uint16(options), int(binary.BigEndian.Uint16(options[2:]))
		options = options[4:]
		if size > len(options) {
			return false
		}
		if code == dns.EDNS0EDE && size >= 2 && slices.Contains(codes, binary.BigEndian.Uint16(options)) {
			return true
		}
		options = options[size:]
	}
	return false
}

// extendedError is why a server fails, or why it answers as it does, by its own account
// (RFC 8914).
func (m *message) extendedError(raw []byte) string {
	if !m.hasOPT {
		return ""
	}
	rr, _, err := dns.UnpackRR(raw[:m.opt.end], m.opt.owner)
	opt, ok := rr.(*dns.OPT)
	if err != nil || !ok {
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
			s = "extended error " + strconv.Itoa(int(e.InfoCode))
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

func rcodeName(code int) string {
	switch code {
	case dns.RcodeSuccess:
		return "NOERROR"
	case rcodeNX:
		return "NXDOMAIN"
	case dns.RcodeBadVers:
		return "BADVERS" // the library knows it as BADSIG, its meaning in TSIG
	}
	if s, ok := dns.RcodeToString[code]; ok {
		return s
	}
	return "RCODE" + strconv.Itoa(code)
}
