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
	var denied []resolver.Denial
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
			tld := resolver.Witness(name)
			if a.doubt != nil && slices.Contains(a.doubt.tlds, tld) { // it never saw that one
				continue
			}
			if len(denied) < maxTurned && !slices.ContainsFunc(denied, func(d resolver.Denial) bool {
				return d.Server == e.Server && resolver.Witness(d.Name) == tld
			}) {
				denied = append(denied, resolver.Denial{Server: e.Server, Name: name})
			}
		}
	}
	if denied == nil {
		return nil
	}
	if shown := resolver.NewBatch(ctx, r).Blind(ctx, denied...); shown != nil {
		return &doubt{evidence: []finding.Evidence{shown.Evidence()}, all: true}
	}
	return nil
}
