package spf

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"

	"mailworthy/internal/spftest"
	"mailworthy/resolver"
)

// forBlitiri is the same zone for the other package.
type forBlitiri struct {
	*spftest.Zone
	asked *atomic.Int64
}

var notFound = &net.DNSError{Err: "no such host", IsNotFound: true}

func (z forBlitiri) find(name string) (string, error) {
	z.asked.Add(1)
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if z.Fail[name] {
		return name, &net.DNSError{Err: "server failure", IsTemporary: true}
	}
	return name, nil
}

func (z forBlitiri) LookupTXT(_ context.Context, name string) ([]string, error) {
	name, err := z.find(name)
	if v := z.TXT[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

func (z forBlitiri) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	name, err := z.find(name)
	if v := z.MX[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

func (z forBlitiri) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	name, err := z.find(name)
	if v := z.IP[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}

func (z forBlitiri) LookupAddr(_ context.Context, addr string) ([]string, error) {
	name, err := z.find(resolver.ReverseName(netip.MustParseAddr(addr).Unmap()))
	if v := z.PTR[name]; v != nil {
		return v, nil
	} else if err == nil {
		err = notFound
	}
	return nil, err
}
