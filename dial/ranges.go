package dial

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"mailworthy/internal/show"
)

// Class is what an address is for, in words; Public is every other address.
type Class string

// The classes of addresses (the IANA special-purpose registries, RFC 6890, and what
// clouds use).
const (
	Public        Class = ""
	Loopback      Class = "a loopback address"
	Private       Class = "a private address"
	LinkLocal     Class = "a link-local address"
	Shared        Class = "an address of carrier-grade NAT"
	Documentation Class = "an address for documentation"
	Benchmarking  Class = "an address for benchmarks"
	Metadata      Class = "the address of a cloud's metadata service"
	Multicast     Class = "a multicast address"
	Unspecified   Class = "the unspecified address"
	Reserved      Class = "a reserved address"
	// Stated is a range of Dialer.Refuse.
	Stated Class = "in a range that is not to be connected to"
)

// private reports whether AllowPrivate permits the class. Metadata services give keys
// to whoever asks: nothing but a user's own word leads there.
func (c Class) private() bool {
	switch c {
	case Loopback, Private, LinkLocal, Shared, Documentation, Benchmarking:
		return true
	}
	return false
}

// ranges are the special ones, the first that contains an address counts.
var ranges = []struct {
	prefix netip.Prefix
	class  Class
}{
	{netip.MustParsePrefix("169.254.169.254/32"), Metadata}, // AWS, Azure, Google, most others
	{netip.MustParsePrefix("169.254.170.2/32"), Metadata},   // AWS ECS
	{netip.MustParsePrefix("169.254.170.23/32"), Metadata},  // AWS EKS
	{netip.MustParsePrefix("100.100.100.200/32"), Metadata}, // Alibaba
	{netip.MustParsePrefix("168.63.129.16/32"), Metadata},   // Azure's host, a public address
	{netip.MustParsePrefix("192.0.0.192/32"), Metadata},     // Oracle
	{netip.MustParsePrefix("fd00:ec2::/32"), Metadata},      // AWS
	{netip.MustParsePrefix("fd20:ce::254/128"), Metadata},   // Google
	{netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), Metadata},

	{netip.MustParsePrefix("0.0.0.0/8"), Unspecified}, // 0.0.0.0 connects to this host; RFC 1122, 3.2.1.3
	{netip.MustParsePrefix("10.0.0.0/8"), Private},    // RFC 1918
	{netip.MustParsePrefix("100.64.0.0/10"), Shared},  // RFC 6598
	{netip.MustParsePrefix("127.0.0.0/8"), Loopback},
	{netip.MustParsePrefix("169.254.0.0/16"), LinkLocal}, // RFC 3927
	{netip.MustParsePrefix("172.16.0.0/12"), Private},
	{netip.MustParsePrefix("192.0.0.0/24"), Private}, // protocol assignments: DS-Lite, NAT64 discovery
	{netip.MustParsePrefix("192.0.2.0/24"), Documentation},
	{netip.MustParsePrefix("192.88.99.0/24"), Reserved}, // relays of 6to4, RFC 7526
	{netip.MustParsePrefix("192.168.0.0/16"), Private},
	{netip.MustParsePrefix("198.18.0.0/15"), Benchmarking}, // RFC 2544
	{netip.MustParsePrefix("198.51.100.0/24"), Documentation},
	{netip.MustParsePrefix("203.0.113.0/24"), Documentation},
	{netip.MustParsePrefix("224.0.0.0/4"), Multicast},
	{netip.MustParsePrefix("240.0.0.0/4"), Reserved}, // 255.255.255.255 included

	{netip.MustParsePrefix("::/128"), Unspecified},
	{netip.MustParsePrefix("::1/128"), Loopback},
	{netip.MustParsePrefix("64:ff9b:1::/48"), Private}, // NAT64 of the own network, RFC 8215
	{netip.MustParsePrefix("100::/64"), Reserved},      // discarded, RFC 6666
	{netip.MustParsePrefix("2001::/23"), Reserved},     // protocol assignments, Teredo among them
	{netip.MustParsePrefix("2001:db8::/32"), Documentation},
	{netip.MustParsePrefix("3fff::/20"), Documentation}, // RFC 9637
	{netip.MustParsePrefix("fc00::/7"), Private},        // RFC 4193
	{netip.MustParsePrefix("fe80::/10"), LinkLocal},
	{netip.MustParsePrefix("fec0::/10"), Private}, // site-local, RFC 3879
	{netip.MustParsePrefix("ff00::/8"), Multicast},
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056
	global    = netip.MustParsePrefix("2000::/3")     // the only space that is given out
)

// ClassOf returns what an address is for. An address of IPv6 that contains one of
// IPv4 (mapped, NAT64, 6to4, ISATAP) has the class of that one: the connection may
// well go there.
func ClassOf(a netip.Addr) Class {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return Reserved
	}
	for _, r := range ranges {
		if r.prefix.Contains(a) {
			return r.class
		}
	}
	if a.Is4() {
		return Public
	}
	b := a.As16()
	v4 := func(at int) Class { return ClassOf(netip.AddrFrom4([4]byte(b[at : at+4]))) }
	isatap := binary.BigEndian.Uint32(b[8:12]) &^ 0x0200_0000
	switch {
	case nat64.Contains(a):
		return v4(12)
	case sixToFour.Contains(a):
		return v4(2)
	case !global.Contains(a):
		return Reserved
	case isatap == 0x0000_5efe: // RFC 5214, 6.1
		return v4(12)
	}
	return Public
}

// Refused is the failure of a connection that was not even tried.
type Refused struct {
	// Host as it was asked for, a name or an address.
	Host string
	// Addr is the address that was refused; the zero Addr: the port was.
	Addr  netip.Addr
	Port  uint16
	Class Class
}

func (e *Refused) Error() string {
	switch host := show.Escape(e.Host); {
	case !e.Addr.IsValid():
		return fmt.Sprintf("port %d of %s is not connected to", e.Port, host)
	case e.Host == e.Addr.String():
		return fmt.Sprintf("%s is %s, which is not connected to", host, e.Class)
	default:
		return fmt.Sprintf("%s leads to %s, %s, which is not connected to", host, e.Addr, e.Class)
	}
}
