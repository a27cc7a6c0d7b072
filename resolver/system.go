package resolver

import (
	"bufio"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// resolvConf is where a system that keeps them in a file keeps its resolvers.
const resolvConf = "/etc/resolv.conf"

// readResolvConf returns the resolvers of a file in the form of resolv.conf(5). One
// that names none means the resolver of the host itself.
func readResolvConf(file string) ([]string, error) {
	c, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("the system's resolvers are not known: %w", err)
	}
	if len(c.Servers) == 0 {
		return []string{"127.0.0.1"}, nil
	}
	return c.Servers, nil
}

// adapter is one network adapter of Windows.
type adapter struct {
	up bool
	// gateway: there is a way out of the local network through it.
	gateway bool
	// metric orders adapters: the system prefers the lowest.
	metric  uint32
	servers []netip.Addr
}

// siteLocal are addresses that Windows shows if an adapter has no resolver over
// IPv6: fec0:0:0:ffff::1 and the two after it. Nothing answers there.
var siteLocal = netip.MustParsePrefix("fec0::/10")

// serversOfAdapters returns the resolvers that are in force: those of the adapters
// that are up, the ones with a gateway first, then by their metric, each once.
func serversOfAdapters(adapters []adapter) []string {
	up := slices.DeleteFunc(slices.Clone(adapters), func(a adapter) bool { return !a.up })
	slices.SortStableFunc(up, func(a, b adapter) int {
		if a.gateway != b.gateway {
			if a.gateway {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.metric, b.metric)
	})
	var out []string
	for _, a := range up {
		for _, ip := range a.servers {
			ip = ip.Unmap()
			if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || siteLocal.Contains(ip.WithZone("")) {
				continue
			}
			if s := ip.String(); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// scutilResolver is one entry of what scutil --dns of macOS shows.
type scutilResolver struct {
	servers []string
	port    string
	order   int
	// partial: it is for some names or one adapter, or for multicast.
	partial bool
	// unreachable: the system says that it cannot be reached.
	unreachable bool
}

// serversOfScutil reads what scutil --dns of macOS shows, and returns the resolvers
// that any name is asked of, in the order in which the system asks them. Those of a
// domain of its own (a VPN's), of multicast DNS and the scoped ones, which are for who
// binds to an adapter, are left out.
func serversOfScutil(text string) []string {
	var list []scutilResolver
	var at *scutilResolver
	scoped := false
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		key, value, _ := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(line, "DNS configuration"):
			scoped = strings.Contains(line, "scoped")
			at = nil
		case strings.HasPrefix(line, "resolver #"):
			list = append(list, scutilResolver{partial: scoped})
			at = &list[len(list)-1]
		case at == nil:
		case strings.HasPrefix(key, "nameserver["):
			if ip, err := netip.ParseAddr(value); err == nil {
				at.servers = append(at.servers, ip.Unmap().String())
			}
		case key == "domain", key == "options" && strings.Contains(value, "mdns"), key == "flags" && strings.Contains(value, "Scoped"):
			at.partial = true
		case key == "port":
			at.port = value
		case key == "order":
			at.order, _ = strconv.Atoi(value)
		case key == "reach":
			at.unreachable = strings.Contains(value, "Not Reachable")
		}
	}
	list = slices.DeleteFunc(list, func(r scutilResolver) bool { return r.partial || len(r.servers) == 0 })
	slices.SortStableFunc(list, func(a, b scutilResolver) int {
		if a.unreachable != b.unreachable {
			if b.unreachable {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.order, b.order)
	})
	var out []string
	for _, r := range list {
		for _, s := range r.servers {
			if n, err := strconv.ParseUint(r.port, 10, 16); err == nil && n != 0 && n != 53 {
				s = "[" + s + "]:" + r.port
			}
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
