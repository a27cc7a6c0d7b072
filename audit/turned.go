package audit

import (
	"context"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// maxTurned bounds the denials of a report after which the resolver is examined again.
const maxTurned = 2

// turned tells a resolver that saw the public DNS when the audit began, and does not any more:
// a VPN came up, a portal asks for a login, a day's limit was reached. It is asked only if
// something is found to be missing, and believed if it does not answer.
func (a *run) turned(ctx context.Context, r resolver.Resolver) *doubt {
	if a.doubt != nil && a.doubt.all {
		return nil
	}
	type witness struct{ server, tld string }
	var asked []witness
	b := resolver.NewBatch(ctx, r)
	for i := range a.result.Findings {
		f := &a.result.Findings[i]
		if !f.Severity.AtLeast(finding.Warning) {
			continue
		}
		for _, e := range f.Evidence {
			if e.Status != string(resolver.NXDomain) && e.Status != string(resolver.NoData) || strings.HasPrefix(e.Server, "zone ") {
				continue
			}
			name := e.Name
			if n := len(e.CNAMEs); n > 0 {
				name = e.CNAMEs[n-1]
			}
			w := witness{e.Server, resolver.Witness(name)}
			if a.doubt != nil && slices.Contains(a.doubt.tlds, w.tld) { // it never saw that one
				continue
			}
			if slices.Contains(asked, w) || len(asked) == maxTurned {
				continue
			}
			asked = append(asked, w)
			if denied := b.Blind(ctx, e.Server, name); denied != nil {
				return &doubt{evidence: []finding.Evidence{denied.Evidence()}, all: true}
			}
		}
	}
	return nil
}
