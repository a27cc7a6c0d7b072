package dmarc

import (
	"context"
	"strings"

	"mailworthy/resolver"
)

// Identity is a domain with the result of its check.
type Identity struct {
	Domain string `json:"domain"`
	// Result is that of SPF or DKIM: only "pass" makes it an Authenticated
	// Identifier (RFC 9989, 4.3).
	Result string `json:"result"`
}

// Identities are what DMARC needs to know about a message.
type Identities struct {
	// From is the Author Domain: the domain of the From header.
	From string
	// SPF are MAIL FROM domains, DKIM the d= domains of signatures.
	SPF  []Identity
	DKIM []Identity
}

// Result is the DMARC result of a message (RFC 9989, 9.2).
type Result string

const (
	// ResultPass: a record applies and an identifier that passed is aligned.
	ResultPass Result = "pass"
	// ResultFail: a record applies and none is aligned.
	ResultFail Result = "fail"
	// ResultNone: no record applies.
	ResultNone Result = "none"
	// ResultTempError: the DNS did not say what the result depends on.
	ResultTempError Result = "temperror"
	// ResultPermError: the record that applies cannot be used, or the author
	// domain is no domain.
	ResultPermError Result = "permerror"
	// ResultNotChecked is no result of a receiver: an offline run did not ask.
	// Evaluate never gives it; see the package audit.
	ResultNotChecked Result = "not checked"
)

// Verdict is what a receiver concludes. Null is "there is none" or "not known".
type Verdict struct {
	Result               Result  `json:"result"`
	Domain               string  `json:"domain"`
	PolicyDomain         *string `json:"policy_domain"`
	OrganizationalDomain *string `json:"organizational_domain"`
	// Policy applies to this Author Domain, EffectivePolicy is the same after t.
	Policy          *Policy `json:"policy"`
	EffectivePolicy *Policy `json:"effective_policy"`
	// Tag is where Policy comes from: p, sp or np.
	Tag   *string `json:"tag"`
	ADKIM *Mode   `json:"adkim"`
	ASPF  *Mode   `json:"aspf"`
	// SPFAligned and DKIMAligned: an identity that passed is aligned.
	SPFAligned  *bool `json:"spf_aligned"`
	DKIMAligned *bool `json:"dkim_aligned"`
	// Queries are the names of the Author Domain's walk in order.
	Queries     []string            `json:"queries"`
	Identifiers []IdentityAlignment `json:"identifiers"`
	// Error says what stands in the way of a result, or of the policy.
	Error string `json:"error" empty:"null"`
}

// IdentityAlignment is one identity with how it was judged.
type IdentityAlignment struct {
	Result string `json:"result"`
	Alignment
}

// Evaluate applies DMARC to the identities of a message (RFC 9989, 5.3).
func Evaluate(ctx context.Context, r resolver.Resolver, id Identities) (v Verdict) {
	b := resolver.NewBatch(ctx, r)
	BeginEvaluate(b, id, func(verdict Verdict) { v = verdict })
	b.Run()
	return v
}

// BeginEvaluate applies DMARC to the identities of a message and calls done with the
// verdict. The Author Domain's walk is one round of questions, the walks of all
// identities that passed a second; under strict alignment, and for equal domains,
// there is none (RFC 9989, 4.10.2).
func BeginEvaluate(b *resolver.Batch, id Identities, done func(Verdict)) {
	domain, err := canonical(id.From)
	v := Verdict{Domain: domain, Queries: []string{}, Identifiers: []IdentityAlignment{}}
	if err != nil {
		v.Result, v.Error = ResultPermError, err.Error()
		done(v)
		return
	}
	d := &Discovery{Domain: domain}
	var a asker
	var policy policyQuestions
	var identities []evaluated
	b.Part(func(b *resolver.Batch) { policy = a.askPolicy(b, domain) }, func() {
		policy.read(d)
		v.describe(d)
		b.Part(func(b *resolver.Batch) { identities = a.askIdentities(b, d, id) }, func() {
			v.judge(d, identities)
			v.conclude(d)
			done(v)
		})
	})
}

// describe takes over what the walk decided.
func (v *Verdict) describe(d *Discovery) {
	v.Queries = d.Queries
	v.PolicyDomain = notEmpty(d.PolicyDomain)
	v.OrganizationalDomain = notEmpty(d.OrganizationalDomain)
	v.Policy = notEmpty(d.Policy)
	v.EffectivePolicy = notEmpty(d.EffectivePolicy)
	v.Tag = notEmpty(d.Tag)
	if d.Record != nil {
		v.ADKIM, v.ASPF = &d.Record.ADKIM, &d.Record.ASPF
	}
}

// evaluated is an identity on its way to being judged.
type evaluated struct {
	Identity
	id identifier
}

// askIdentities puts the walks of the identities that passed, or may have.
func (a *asker) askIdentities(b *resolver.Batch, d *Discovery, id Identities) []evaluated {
	all := make([]evaluated, 0, len(id.SPF)+len(id.DKIM))
	add := func(kind string, identities []Identity) {
		walks := 0
		for _, i := range identities {
			walk := false
			if passed(i) || open(i) {
				walk = d.Alignment(kind) != Strict && walks < maxIdentifiers
				walks++
			}
			all = append(all, evaluated{i, a.askIdentifier(b, d, kind, i.Domain, walk)})
		}
	}
	add("spf", id.SPF)
	add("dkim", id.DKIM)
	return all
}

// judge looks for aligned identifiers among those that passed, or may have.
func (v *Verdict) judge(d *Discovery, identities []evaluated) {
	no := false
	aligned := map[string]*bool{"spf": &no, "dkim": &no}
	for i := range identities {
		p := &identities[i]
		if !passed(p.Identity) && !open(p.Identity) {
			v.Identifiers = append(v.Identifiers, IdentityAlignment{p.Result, Alignment{Kind: p.id.kind, Domain: p.id.domain,
				Mode: d.Alignment(p.id.kind), Aligned: &no, Strict: p.id.domain == d.Domain,
				Why: "The result is not pass, so the " + kindNames[p.id.kind] + " is no authenticated identifier."}})
			continue
		}
		judged := p.id.judge(d)
		if open(p.Identity) && (judged.Aligned == nil || *judged.Aligned) {
			// It may have passed: the message neither passes nor fails by it (5.3.6).
			judged.Aligned = nil
			judged.Why = "The check of the " + kindNames[p.id.kind] + " did not complete, so whether it is an authenticated identifier is not known. " + judged.Why
		}
		v.Identifiers = append(v.Identifiers, IdentityAlignment{p.Result, judged})
		if p.id.err == nil {
			aligned[p.id.kind] = or(aligned[p.id.kind], judged.Aligned)
		}
	}
	v.SPFAligned, v.DKIMAligned = aligned["spf"], aligned["dkim"]
}

// conclude gives the result. A message for which a question that matters was
// not answered neither passes nor fails (RFC 9989, 5.3.6).
func (v *Verdict) conclude(d *Discovery) {
	v.Error = d.Undecided.Policy
	switch {
	case d.Record == nil && d.Undecided.Policy != "":
		v.Result = ResultTempError
		return
	case d.Record == nil:
		v.Result = ResultNone
		return
	}
	if _, _, _, usable := d.Record.Effective(); !usable {
		v.Result = ResultPermError
		v.Error = "the record at " + d.PolicyDomain + " has no usable policy and no valid rua address, so DMARC is not applied (RFC 9989, 4.10.1)"
		return
	}
	switch any := or(v.SPFAligned, v.DKIMAligned); {
	case any == nil:
		v.Result = ResultTempError
		for _, i := range v.Identifiers {
			if i.Aligned == nil && v.Error == "" {
				v.Error = i.Why
			}
		}
	case *any:
		v.Result = ResultPass
	default:
		v.Result = ResultFail
	}
}

func passed(i Identity) bool { return strings.EqualFold(i.Result, "pass") }

// open reports that the check of an identity did not complete: its DNS did not answer.
func open(i Identity) bool { return strings.EqualFold(i.Result, "temperror") }

// or is true if one is, else nil if one is not known, else false.
func or(a, b *bool) *bool {
	switch {
	case a != nil && *a:
		return a
	case b != nil && *b:
		return b
	case a == nil || b == nil:
		return nil
	}
	return a
}

func notEmpty[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
