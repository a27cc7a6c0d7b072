package dnstest

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"mailworthy/resolver"
)

// Faulty does not answer one question in OneIn, always the same ones: half of them with
// SERVFAIL, half with no answer in time.
type Faulty struct {
	resolver.Resolver
	OneIn uint32
}

// Lookup implements resolver.Resolver.
func (f Faulty) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	h := fnv.New32a()
	fmt.Fprint(h, strings.ToLower(name), t)
	switch h.Sum32() % (2 * f.OneIn) {
	case 0:
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail}
	case 1:
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Timeout}
	}
	return f.Resolver.Lookup(ctx, name, t)
}
