package resolver

import (
	"net/netip"
	"strconv"
)

// ReverseName returns the name that has the PTR records of an address (RFC 1035, 3.5;
// RFC 3596, 2.5). An IPv4 address in IPv6 is to be unmapped before.
func ReverseName(addr netip.Addr) string {
	b := make([]byte, 0, 72)
	if addr.Is4() {
		o := addr.As4()
		for i := 3; i >= 0; i-- {
			b = append(strconv.AppendUint(b, uint64(o[i]), 10), '.')
		}
		return string(append(b, "in-addr.arpa"...))
	}
	const hex = "0123456789abcdef"
	o := addr.As16()
	for i := 15; i >= 0; i-- {
		b = append(b, hex[o[i]&15], '.', hex[o[i]>>4], '.')
	}
	return string(append(b, "ip6.arpa"...))
}
