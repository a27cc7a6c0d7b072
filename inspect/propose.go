package inspect

import (
	"context"
	"slices"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/provider/setup"
	"mailworthy/report"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// Propose makes the records of a plan and audits them as if they were published, with the
// first stage of DMARC and with the last. It returns the report of the first. What
// services only advise is left out of the SPF record if that has no room for it. The error
// is a *NotNewError if the domain has an SPF record that names senders.
func (i *Inspector) Propose(ctx context.Context, plan setup.Plan) (*setup.Proposal, *report.Report, error) {
	p := setup.Propose(plan)
	if err := i.occupied(ctx, p); err != nil {
		return nil, nil, err
	}
	published, err := p.Published(i.Resolver, false)
	if err != nil {
		return nil, nil, err
	}
	policy := spfpolicy.Examine(ctx, resolver.NewSession(published, i.Options.MaxQueries), p.Domain)
	if policy.Lookups > spf.MaxLookups && !plan.Spare {
		plan.Spare = true
		return i.Propose(ctx, plan)
	}
	p.Lookups, p.Exact = policy.Lookups, policy.LookupsExact
	if p.Lookups > spf.MaxLookups {
		p.Notes = append(p.Notes, "The SPF record takes more than 10 DNS lookups: let a service send from a subdomain of its own, with its own records.")
	}
	target := proposed(p, plan)
	first := i.Through(ctx, published, target)
	p.Audit = verified(first)
	if published, err = p.Published(i.Resolver, true); err != nil {
		return nil, nil, err
	}
	p.AtEnd = verified(i.Through(ctx, published, target))
	return p, first, nil
}

// proposed is what a proposal is audited for.
func proposed(p *setup.Proposal, plan setup.Plan) audit.Target {
	target := audit.Target{Domain: p.Domain, IPs: plan.IPs, Profile: finding.Sender}
	target.Selectors, target.MailFrom, target.DKIMDomains = p.Target()
	if len(plan.IPs) > 0 && plan.HELO != "" {
		target.HELO = []string{plan.HELO}
	}
	if len(plan.IPs) == 0 {
		// What block lists say of a domain is no part of what is proposed.
		target.Sections = slices.DeleteFunc(slices.Clone(finding.Audited), func(s finding.Section) bool { return s == finding.Reputation })
	}
	return target
}

// verified is what a proposal shows of its audit.
func verified(r *report.Report) *setup.Verified {
	v := &setup.Verified{Verdict: string(r.Verdict), Score: r.Score.Value, Findings: []finding.Finding{}}
	for _, f := range r.Findings {
		switch {
		case f.Severity == finding.NotChecked:
			v.NotChecked++
		case f.Severity.AtLeast(finding.Notice) || f.Severity == finding.Unknown:
			v.Findings = append(v.Findings, f)
		}
	}
	return v
}
