package explain

import (
	"context"
	"net/netip"
	"strings"

	"golang.org/x/sync/errgroup"

	"mailworthy/audit"
	"mailworthy/smtp/proof"
)

// atOnce is how many proofs run at the same time.
const atOnce = 16

// Prove runs the proofs of all items. With a prover that has no resolver, they say
// which commands would.
func (r *Report) Prove(ctx context.Context, p *proof.Prover) {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range r.Inputs {
		for j := range r.Inputs[i].Items {
			item := &r.Inputs[i].Items[j]
			g.Go(func() error {
				item.prove(ctx, p)
				return nil
			})
		}
	}
	_ = g.Wait() // nothing returns an error
}

func (i *Item) prove(ctx context.Context, p *proof.Prover) {
	out := p.Run(ctx, i.request)
	i.Proof = Proof{Command: text(out.Command), Checks: out.Checks, Outcome: out.Outcome, Why: out.Why, Findings: out.Findings, Seen: out.Seen}
	if !out.At.IsZero() {
		at := out.At
		i.Proof.At = &at
	}
}

// The identities that a hostile text states are read as strictly as flags are.

func parseDomain(s string) string {
	d, err := audit.ParseDomain(s)
	if err != nil {
		return ""
	}
	return d
}

func parseHELO(s string) string {
	if s == "" {
		return ""
	}
	h, err := audit.ParseHELO(s)
	if err != nil {
		return ""
	}
	return h
}

func parseSelector(s string) string {
	if s == "" {
		return ""
	}
	out, err := audit.ParseSelector(s)
	if err != nil {
		return ""
	}
	return out
}

func parseIP(s string) netip.Addr {
	ip, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}
	}
	return ip.Unmap()
}
