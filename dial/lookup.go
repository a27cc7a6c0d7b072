package dial

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"mailworthy/resolver"
)

// Through returns a Dialer.Lookup that asks r for the A and AAAA records of a host. It
// fails with a *NoAddress if the host has none, and with r's error if that cannot be
// known. Addresses of IPv6 come first, those that DNS64 made up last.
func Through(r resolver.Resolver) func(ctx context.Context, host string) ([]netip.Addr, error) {
	type result struct {
		a   *resolver.Answer
		err error
	}
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		name := strings.TrimSuffix(host, ".")
		other := make(chan result, 1)
		go func() {
			a, err := r.Lookup(ctx, name, resolver.TypeAAAA)
			other <- result{a, err}
		}()
		var v4 result
		v4.a, v4.err = r.Lookup(ctx, name, resolver.TypeA)
		v6 := <-other
		var addrs, madeUp []netip.Addr
		for _, res := range []result{v6, v4} {
			if res.err != nil {
				continue
			}
			for _, rec := range res.a.Records {
				if rec.Addr.IsValid() {
					addrs = append(addrs, rec.Addr)
				}
			}
			madeUp = append(madeUp, res.a.MadeUp...)
		}
		if addrs = append(addrs, madeUp...); len(addrs) > 0 {
			return addrs, nil
		}
		if v4.err != nil {
			return nil, v4.err
		}
		if v6.err != nil {
			return nil, v6.err
		}
		return nil, &NoAddress{Host: host}
	}
}

// ThroughOrHosts is Through, but for names that the DNS has no part in: localhost (RFC
// 6761, 6.3) and names of one label, which the system's resolver knows.
func ThroughOrHosts(r resolver.Resolver) func(ctx context.Context, host string) ([]netip.Addr, error) {
	through := Through(r)
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		switch {
		case name == "localhost" || strings.HasSuffix(name, ".localhost"):
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}, nil
		case !strings.Contains(name, "."):
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
		return through(ctx, host)
	}
}
