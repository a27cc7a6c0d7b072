package inspect

import (
	"context"
	"net/netip"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// Listings are what block lists say of addresses and domains, outside an audit.
type Listings struct {
	// Schema is always "mailworthy/rbl/1".
	Schema     string            `json:"schema"`
	Findings   []finding.Finding `json:"findings"`
	RBL        *rbl.Survey       `json:"rbl"`
	Queries    int               `json:"queries"`
	DurationMS int64             `json:"duration_ms"`
}

// LookUp asks the lists of the catalogue, or those named only, about addresses and domains.
// Each of them may cost as many questions as maxQueries.
func LookUp(ctx context.Context, r resolver.Resolver, c *rbl.Catalogue, only []string, addrs []netip.Addr, domains []string, maxQueries int) *Listings {
	asker := resolver.NewSession(r, maxQueries*(len(addrs)+len(domains)))
	o := rbl.Options{Catalogue: c, Lists: only}
	if len(addrs) > 0 {
		o.Addresses = func(then func([]netip.Addr)) { then(addrs) }
	}
	for _, d := range domains {
		o.Domains = append(o.Domains, rbl.Subject{Name: d, Role: "domain"})
	}
	started := time.Now()
	survey := rbl.Examine(ctx, asker, o)
	l := &Listings{Schema: "mailworthy/rbl/1", RBL: survey, Findings: rbl.Check(survey, rbl.Context{}).Findings()}
	audit.NotChecked(l.Findings, asker.Trace())
	l.Queries, l.DurationMS = asker.Queries(), time.Since(started).Milliseconds()
	return l
}
