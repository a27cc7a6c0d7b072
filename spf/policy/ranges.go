package policy

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// span is a closed range of addresses of one family.
type span struct{ from, to netip.Addr }

// addresses is a set of addresses: spans in order, apart from each other, IPv4
// before IPv6. The zero value is empty. Sets are never changed, so they may be
// shared.
type addresses []span

// everything is what "all" matches.
var everything = addresses{
	{netip.AddrFrom4([4]byte{}), netip.AddrFrom4([4]byte{255, 255, 255, 255})},
	{netip.IPv6Unspecified(), lastOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0))},
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	p = p.Masked()
	if p.Addr().Is4() {
		v := p.Addr().As4()
		n := binary.BigEndian.Uint32(v[:]) | uint32(1<<(32-p.Bits())-1)
		binary.BigEndian.PutUint32(v[:], n)
		return netip.AddrFrom4(v)
	}
	v := p.Addr().As16()
	for i := p.Bits(); i < 128; i++ {
		v[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom16(v)
}

func spanOf(p netip.Prefix) span { return span{p.Masked().Addr(), lastOf(p)} }

// setOf is the set of some prefixes.
func setOf(ps ...netip.Prefix) addresses {
	s := make(addresses, 0, len(ps))
	for _, p := range ps {
		if p.IsValid() {
			s = append(s, spanOf(p))
		}
	}
	return s.tidy()
}

// tidy sorts spans and joins those that touch. It changes s.
func (s addresses) tidy() addresses {
	slices.SortFunc(s, func(a, b span) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	out := s[:0]
	for _, x := range s {
		if n := len(out); n > 0 {
			last := &out[n-1]
			// Next of the last address of a family is invalid, and less than all.
			next := last.to.Next()
			if last.to.BitLen() == x.from.BitLen() && (!next.IsValid() || x.from.Compare(next) <= 0) {
				if x.to.Compare(last.to) > 0 {
					last.to = x.to
				}
				continue
			}
		}
		out = append(out, x)
	}
	return out
}

// union is the addresses in any of the sets.
func union(sets ...addresses) addresses {
	n, filled, last := 0, 0, addresses(nil)
	for _, s := range sets {
		if len(s) > 0 {
			n, filled, last = n+len(s), filled+1, s
		}
	}
	if filled < 2 {
		return last
	}
	out := make(addresses, 0, n)
	for _, s := range sets {
		out = append(out, s...)
	}
	return out.tidy()
}

// minus is the addresses of s that are not in b.
func (s addresses) minus(b addresses) addresses {
	if len(s) == 0 || len(b) == 0 {
		return s
	}
	var out addresses
	s.without(b, func(x span) { out = append(out, x) })
	return out
}

// without visits the addresses of s that are not in b, in order.
func (s addresses) without(b addresses, visit func(span)) {
	j := 0
	for _, x := range s {
		for j < len(b) && b[j].to.Compare(x.from) < 0 {
			j++
		}
		from := x.from
		rest := true
		for k := j; k < len(b) && b[k].from.Compare(x.to) <= 0; k++ {
			if from.Compare(b[k].from) < 0 {
				visit(span{from, b[k].from.Prev()})
			}
			if b[k].to.Compare(x.to) >= 0 {
				rest = false
				break
			}
			from = b[k].to.Next()
		}
		if rest {
			visit(span{from, x.to})
		}
	}
}

// overlap is the addresses in both sets.
func (s addresses) overlap(b addresses) addresses { return s.minus(s.minus(b)) }

func (s addresses) contains(a netip.Addr) bool {
	i, found := slices.BinarySearchFunc(s, a, func(x span, a netip.Addr) int { return x.from.Compare(a) })
	if found {
		return true
	}
	return i > 0 && s[i-1].to.BitLen() == a.BitLen() && a.Compare(s[i-1].to) <= 0
}

// covers reports whether all of b is in s.
func (s addresses) covers(b addresses) bool { return len(b.minus(s)) == 0 }

// amount is a number of addresses, 2^128 at most.
type amount struct{ over, high, low uint64 }

// add adds the addresses of a span of IPv6.
func (n amount) add(x span) amount {
	a, b := x.from.As16(), x.to.As16()
	low, borrow := bits.Sub64(binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(a[8:]), 0)
	high, _ := bits.Sub64(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(a[:8]), borrow)
	low, one := bits.Add64(low, 1, 0)
	high, over := bits.Add64(high, 0, one)
	var carry uint64
	n.low, carry = bits.Add64(n.low, low, 0)
	n.high, carry = bits.Add64(n.high, high, carry)
	n.over += over + carry
	return n
}

func (n amount) String() string {
	if n.over != 0 {
		return "340282366920938463463374607431768211456"
	}
	// From the right, as many digits at a time as a word holds.
	const word, digits = 1e19, 19
	var room [40]byte
	at := len(room)
	for high, low := n.high, n.low; high|low > 0; {
		var rest uint64
		high, rest = high/word, high%word
		low, rest = bits.Div64(rest, low, word)
		for i := 0; i < digits && high|low|rest > 0; i++ {
			at--
			room[at] = byte('0' + rest%10)
			rest /= 10
		}
	}
	if at == len(room) {
		return "0"
	}
	return string(room[at:])
}

// count is how many IPv4 and IPv6 addresses there are.
func (s addresses) count() (v4 uint64, v6 amount) {
	for _, x := range s {
		x.count(&v4, &v6)
	}
	return v4, v6
}

// count adds the addresses of a span to those of its family.
func (x span) count(v4 *uint64, v6 *amount) {
	if !x.from.Is4() {
		*v6 = v6.add(x)
		return
	}
	a, b := x.from.As4(), x.to.As4()
	*v4 += uint64(binary.BigEndian.Uint32(b[:])-binary.BigEndian.Uint32(a[:])) + 1
}

// prefixes writes the set with as few prefixes as there can be.
func (s addresses) prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, x := range s {
		for from := x.from; ; {
			b := from.BitLen() - trailingZeros(from)
			p := netip.PrefixFrom(from, b)
			for lastOf(p).Compare(x.to) > 0 {
				b++
				p = netip.PrefixFrom(from, b)
			}
			out = append(out, p)
			last := lastOf(p)
			if last == x.to {
				break
			}
			from = last.Next()
		}
	}
	return out
}

func trailingZeros(a netip.Addr) int {
	if a.Is4() {
		v := a.As4()
		return bits.TrailingZeros32(binary.BigEndian.Uint32(v[:]))
	}
	v := a.As16()
	if n := bits.TrailingZeros64(binary.BigEndian.Uint64(v[8:])); n < 64 {
		return n
	}
	return 64 + bits.TrailingZeros64(binary.BigEndian.Uint64(v[:8]))
}

// unroutable are the addresses that no mail comes from over the internet; those for
// examples are not among them.
var unroutable = func() addresses {
	var ps []netip.Prefix
	for _, r := range reserved {
		if r.kind != documentation {
			ps = append(ps, r.prefix)
		}
	}
	return setOf(ps...)
}()
