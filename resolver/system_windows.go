package resolver

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemServers returns the resolvers of the system: those of its network adapters,
// as there is no file of them.
func systemServers() ([]string, error) {
	adapters, err := systemAdapters()
	if err != nil {
		return nil, fmt.Errorf("the system's resolvers are not known: %w", err)
	}
	servers := serversOfAdapters(adapters)
	if len(servers) == 0 {
		return nil, errors.New("the system's resolvers are not known: no network adapter that is up has one")
	}
	return servers, nil
}

// systemAdapters asks the system for its network adapters.
func systemAdapters() ([]adapter, error) {
	const flags = windows.GAA_FLAG_SKIP_UNICAST | windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST |
		windows.GAA_FLAG_SKIP_FRIENDLY_NAME | windows.GAA_FLAG_INCLUDE_GATEWAYS
	// The system says how much room it needs, which may grow until it is asked again.
	size := uint32(15 << 10)
	for range 5 {
		buf := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buf[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, first, &size)
		if errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) && size <= 16<<20 {
			continue
		}
		if err != nil {
			return nil, err
		}
		var out []adapter
		for a := first; a != nil; a = a.Next {
			one := adapter{up: a.OperStatus == windows.IfOperStatusUp, gateway: a.FirstGatewayAddress != nil, metric: min(a.Ipv4Metric, a.Ipv6Metric)}
			if one.metric == 0 { // one of the two protocols is not bound to it
				one.metric = max(a.Ipv4Metric, a.Ipv6Metric)
			}
			for s := a.FirstDnsServerAddress; s != nil; s = s.Next {
				ip, ok := netip.AddrFromSlice(s.Address.IP())
				if !ok {
					continue
				}
				if ip.IsLinkLocalUnicast() && ip.Is6() {
					ip = ip.WithZone(strconv.FormatUint(uint64(a.Ipv6IfIndex), 10))
				}
				one.servers = append(one.servers, ip)
			}
			out = append(out, one)
		}
		return out, nil
	}
	return nil, windows.ERROR_BUFFER_OVERFLOW
}
