package dnsworld

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

const (
	typeA     = 1
	typeNS    = 2
	typeSOA   = 6
	typePTR   = 12
	typeMX    = 15
	typeTXT   = 16
	headerLen = 12
	ttl       = 3600

	flagQR, flagAA, flagTC, flagRD, flagRA, flagAD = 1 << 15, 1 << 10, 1 << 9, 1 << 8, 1 << 7, 1 << 5
	rcodeServFail, rcodeNXDomain, rcodeRefused     = 2, 3, 5
)

// soaData is that of every zone; its owner is the root, so it fits every name.
var soaData = append([]byte{0, 0}, 0, 0, 0, 1, 0, 0, 28, 32, 0, 0, 3, 132, 0, 9, 58, 128, 0, 0, 14, 16)

// absent is the authority section of every negative answer.
var absent = func() []byte {
	b := []byte{0, 0, typeSOA, 0, 1, 0, 0, ttl >> 8, ttl & 255, 0, byte(len(soaData))}
	return append(b, soaData...)
}()

// reply is an answer being written.
type reply struct {
	out     []byte
	labels  [128]uint8 // where each label starts in the question
	n       int        // how many
	name    [256]byte  // the name asked, in lower case, dots between the labels
	length  int
	records uint16
	rcode   uint16
	flags   uint16
	silent  bool
}

// Answer writes the answer to query into out[:0]. It returns nothing if the
// servers of the name are silent, or what came is no query.
func (w *World) Answer(query, out []byte, tcp bool) []byte {
	var r reply
	end := r.question(query)
	if end == 0 {
		return nil
	}
	typ := binary.BigEndian.Uint16(query[end-4:])
	r.out = append(out[:0], query[:end]...)
	r.flags = flagQR | flagRD | flagRA
	w.records(&r, typ, tcp)
	if r.silent {
		return nil
	}
	authority := uint16(0)
	if r.records == 0 && r.rcode&^rcodeNXDomain == 0 && r.flags&flagTC == 0 && r.flags&flagRA != 0 {
		r.out = append(r.out, absent...)
		authority = 1
	}
	additional := uint16(0)
	if query[11] != 0 { // EDNS
		additional = 1
		r.out = append(r.out, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)
	}
	binary.BigEndian.PutUint16(r.out[2:], r.flags|r.rcode)
	binary.BigEndian.PutUint16(r.out[6:], r.records)
	binary.BigEndian.PutUint16(r.out[8:], authority)
	binary.BigEndian.PutUint16(r.out[10:], additional)
	return r.out
}

// question reads the question and returns where it ends, 0 if there is none.
func (r *reply) question(q []byte) int {
	if len(q) < headerLen+5 || q[2]&0x80 != 0 || q[4] != 0 || q[5] != 1 {
		return 0
	}
	at := headerLen
	for q[at] != 0 {
		l := int(q[at])
		if l > 63 || at+1+l >= len(q) || r.length+l+1 > len(r.name) || r.n == len(r.labels) {
			return 0
		}
		if r.n > 0 {
			r.name[r.length] = '.'
			r.length++
		}
		r.labels[r.n] = uint8(r.length)
		r.n++
		for _, c := range q[at+1 : at+1+l] {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			r.name[r.length] = c
			r.length++
		}
		at += l + 1
	}
	if at+5 > len(q) {
		return 0
	}
	return at + 5
}

// from is the name asked, from label i on.
func (r *reply) from(i int) []byte {
	if i >= r.n {
		return nil
	}
	return r.name[r.labels[i]:r.length]
}

// before is the name asked, up to label i.
func (r *reply) before(i int) []byte {
	if i == 0 {
		return nil
	}
	return r.name[:r.labels[i]-1]
}

// add writes a record of the name asked.
func (r *reply) add(typ uint16, data ...byte) {
	r.out = appendRecord(r.out, typ, data)
	r.records++
}

// open starts a record whose data is written next; shut ends it.
func (r *reply) open(typ uint16) (at int) {
	r.out = appendRecord(r.out, typ, nil)
	r.records++
	return len(r.out)
}

func (r *reply) shut(at int) {
	binary.BigEndian.PutUint16(r.out[at-2:], uint16(len(r.out)-at))
}

// host writes a label in front of the name asked, from label i on.
func (r *reply) host(label string, i int) {
	r.out = append(append(r.out, byte(len(label))), label...)
	at := headerLen + int(r.labels[i])
	r.out = append(r.out, 0xc0|byte(at>>8), byte(at))
}

// text writes a TXT record of one string; the texts of domains are short.
func (r *reply) text(parts ...string) {
	at := r.open(typeTXT)
	r.out = append(r.out, 0)
	for _, p := range parts {
		r.out = append(r.out, p...)
	}
	r.out[at] = byte(len(r.out) - at - 1)
	r.shut(at)
}

// records writes what the world holds at the name.
func (w *World) records(r *reply, typ uint16, tcp bool) {
	if r.n >= 2 {
		switch top := r.from(r.n - 1); string(top) {
		case "test", "example":
			if i := w.number(r.from(r.n-2), top); i >= 0 {
				w.ofDomain(r, i, r.n-2, typ, tcp)
				return
			}
		case "arpa":
			if w.reverse(r, typ) {
				return
			}
		}
	}
	if n := w.fixed[string(r.from(0))]; n != nil {
		for i := range n.sets {
			if s := &n.sets[i]; s.typ == typ {
				r.out = append(r.out, s.body...)
				r.records = s.count
			}
		}
		return
	}
	if r.n == 0 || r.n == 1 && (string(r.from(0)) == "test" || string(r.from(0)) == "example") {
		return
	}
	r.rcode = rcodeNXDomain
	w.listed(r, typ)
}

// number is that of the domain whose name is at b, or -1.
func (w *World) number(b, top []byte) int {
	digits := len(b) - len(top) - 2
	if digits < 6 || digits > 9 || b[0] != 'd' {
		return -1
	}
	i := 0
	for _, c := range b[1 : 1+digits] {
		if c < '0' || c > '9' {
			return -1
		}
		i = i*10 + int(c-'0')
	}
	if i >= w.domains || topLevel(i) != string(top) {
		return -1
	}
	return i
}

// ofDomain answers for a name at or below domain i, which is at the label given.
func (w *World) ofDomain(r *reply, i, label int, typ uint16, tcp bool) {
	d := w.domain(i)
	sub := string(r.before(label)) // does not escape
	switch d.fault {
	case servFail:
		if typ == typeTXT {
			r.rcode = rcodeServFail
			return
		}
	case refused:
		r.rcode = rcodeRefused
		return
	case silent:
		if sub == "_dmarc" {
			r.silent = true
			return
		}
	case truncated:
		if typ == typeTXT && sub == "" && !tcp {
			r.flags |= flagTC
			return
		}
	case lame:
		r.flags &^= flagRA
		return
	}
	switch sub {
	case "":
		w.apex(r, d, i, typ)
	case "_dmarc":
		switch {
		case d.kind == bare:
			r.rcode = rcodeNXDomain
		case typ == typeTXT && d.kind == parked:
			r.text("v=DMARC1; p=reject; adkim=s; aspf=s")
		case typ == typeTXT:
			r.text("v=DMARC1; p=", d.policy, "; rua=mailto:dmarc@", string(r.from(label)))
		}
	case "mx1", "mx2":
		if d.kind != own {
			r.rcode = rcodeNXDomain
		} else if typ == typeA {
			r.address(i, int(sub[2]-'1'))
		}
	case "www":
		if typ == typeA {
			r.address(i, 0)
		}
	case "_domainkey":
		if d.kind >= parked {
			r.rcode = rcodeNXDomain
		}
	default:
		selector, ok := strings.CutSuffix(sub, "._domainkey")
		p := d.key(selector)
		if !ok || p < 0 {
			r.rcode = rcodeNXDomain
		} else if typ == typeTXT {
			r.add(typeTXT, w.keys[p]...)
		}
	}
}

// key is the provider whose key is at a selector, or -1.
func (d *domain) key(selector string) int {
	switch d.kind {
	case hosted:
		for _, p := range [2]int{d.host, d.sender} {
			if p < 0 {
				continue
			}
			for _, s := range providers[p].selectors {
				if s == selector {
					return p
				}
			}
		}
	case own:
		if selector == "default" || selector == "mail" && d.extra {
			return d.host
		}
	}
	return -1
}

func (w *World) apex(r *reply, d domain, i int, typ uint16) {
	switch typ {
	case typeA:
		r.address(i, 0)
	case typeNS:
		for _, ns := range []string{"ns1", "ns2"} {
			at := r.open(typeNS)
			r.host(ns, 0)
			r.shut(at)
		}
	case typeSOA:
		r.add(typeSOA, soaData...)
	case typeMX:
		switch d.kind {
		case hosted:
			for k, host := range [2]string{"mx1", "mx2"} {
				at := r.open(typeMX)
				r.out = append(r.out, 0, byte(10*(k+1)))
				r.out = append(append(r.out, 3), host...)
				r.out = appendName(r.out, providers[d.host].mx)
				r.shut(at)
			}
		case own:
			for k, host := range [2]string{"mx1", "mx2"} {
				at := r.open(typeMX)
				r.out = append(r.out, 0, byte(10*(k+1)))
				r.host(host, 0)
				r.shut(at)
			}
		case parked:
			r.add(typeMX, 0, 0, 0)
		}
	case typeTXT:
		if d.extra {
			r.text("site-verification=", string(r.from(0)))
		}
		end := " ~all"
		if d.strict {
			end = " -all"
		}
		also, second := "", ""
		if d.sender >= 0 {
			also, second = " include:", providers[d.sender].spf
		}
		switch d.kind {
		case hosted:
			r.text("v=spf1 include:", providers[d.host].spf, also, second, end)
		case own:
			var b [15]byte
			r.text("v=spf1 mx ip4:", string(netip.AddrFrom4(address(i, 1)).AppendTo(b[:0])), also, second, end)
		case parked:
			r.text("v=spf1 -all")
		}
	}
}

// address is one of the two of domain i.
func address(i, n int) [4]byte {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(ownBase+2*i+n))
	return a
}

// address adds one of the two addresses of domain i.
func (r *reply) address(i, n int) {
	a := address(i, n)
	r.add(typeA, a[:]...)
}

// reverse answers for in-addr.arpa; false if a prepared name may be meant.
func (w *World) reverse(r *reply, typ uint16) bool {
	if r.n != 6 {
		return false
	}
	v, ok := r.octets()
	if v -= ownBase; !ok || int32(v) < 0 || int(v) >= 2*w.domains {
		return false
	}
	i := int(v / 2)
	if d := w.domain(i); d.kind != own {
		r.rcode = rcodeNXDomain
	} else if typ == typePTR {
		at := r.open(typePTR)
		r.out = append(append(r.out, 3), "mx1"...)
		r.out[len(r.out)-1] += byte(v % 2)
		var b [16]byte
		r.out = appendName(r.out, string(appendDomain(b[:0], i)))
		r.shut(at)
	}
	return true
}

// octets reads the first four labels as an address, the last octet first.
func (r *reply) octets() (uint32, bool) {
	var v uint32
	for k := range 4 {
		b := r.from(k)
		n, digits := uint32(0), 0
		for _, c := range b {
			if c < '0' || c > '9' {
				break
			}
			n, digits = n*10+uint32(c-'0'), digits+1
		}
		if digits == 0 || digits > 3 || digits >= len(b) || b[digits] != '.' {
			return 0, false
		}
		v |= n << (8 * k)
	}
	return v, true
}

// listed answers for a block list: one entry of a thousand is listed.
func (w *World) listed(r *reply, typ uint16) {
	if r.n < 5 {
		return
	}
	v, ok := r.octets()
	if !ok || !w.lists[string(r.from(4))] {
		return
	}
	if mix(w.seed^uint64(v)<<8^uint64(r.length))%1000 != 0 {
		return
	}
	r.rcode = 0
	switch typ {
	case typeA:
		r.add(typeA, 127, 0, 0, 2)
	case typeTXT:
		r.text("seen in a synthetic trap")
	}
}

// appendRecord writes a record whose owner is the name asked.
func appendRecord(b []byte, typ uint16, data []byte) []byte {
	b = append(b, 0xc0, headerLen, byte(typ>>8), byte(typ), 0, 1, 0, 0, ttl>>8, ttl&255)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
}

func wireName(name string) []byte { return appendName(nil, name) }

// appendName writes a name without compression.
func appendName(b []byte, name string) []byte {
	for name != "" {
		label, rest, _ := strings.Cut(name, ".")
		b = append(append(b, byte(len(label))), label...)
		name = rest
	}
	return append(b, 0)
}

// characterStrings is a text as the data of a TXT record.
func characterStrings(s string) []byte {
	var b []byte
	for len(s) > 255 {
		b = append(append(b, 255), s[:255]...)
		s = s[255:]
	}
	return append(append(b, byte(len(s))), s...)
}
