package inspect

import (
	"context"
	"time"

	"mailworthy/audit"
	"mailworthy/bimi"
	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/field"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// Transport is what was found about one part of the transport security of a domain, outside
// an audit.
type Transport struct {
	// Schema is "mailworthy/", the name of the part, and "/1".
	Schema string `json:"schema"`
	Domain string `json:"domain"`
	// One of these is there, by the part.
	MTASTS     *transport.STSFacts       `json:"mta_sts"`
	TLSRPT     *transport.ReportingFacts `json:"tls_rpt"`
	DNSSEC     *transport.DNSSECFacts    `json:"dnssec"`
	BIMI       *transport.BIMIFacts      `json:"bimi"`
	Findings   []finding.Finding         `json:"findings"`
	Queries    int                       `json:"queries"`
	DurationMS int64                     `json:"duration_ms"`
}

// Part is a part of transport security that can be examined alone.
type Part struct {
	// Name is that of its command.
	Name string
	// Web: it fetches over HTTPS. Validated: it asks a resolver that validates.
	Web, Validated bool

	begin func(b *resolver.Batch, with transport.Tools, t *Transport)
}

// The parts.
var (
	MTASTS = Part{Name: "mta-sts", Web: true, begin: func(b *resolver.Batch, with transport.Tools, t *Transport) {
		transport.BeginSTS(b, with.Web, t.Domain, func(f *transport.STSFacts) { t.MTASTS, t.Findings = f, transport.CheckSTS(f) })
	}}
	TLSRPT = Part{Name: "tls-rpt", begin: func(b *resolver.Batch, _ transport.Tools, t *Transport) {
		transport.BeginReporting(b, t.Domain, func(f *transport.ReportingFacts) { t.TLSRPT, t.Findings = f, transport.CheckReporting(f) })
	}}
	DNSSEC = Part{Name: "dnssec", Validated: true, begin: func(b *resolver.Batch, with transport.Tools, t *Transport) {
		transport.BeginDNSSEC(b, &with.Validator, t.Domain, func(f *transport.DNSSECFacts) { t.DNSSEC, t.Findings = f, transport.CheckDNSSEC(f) })
	}}
	DANE = Part{Name: "dane", Validated: true, begin: func(b *resolver.Batch, with transport.Tools, t *Transport) {
		transport.BeginDNSSEC(b, &with.Validator, t.Domain, func(f *transport.DNSSECFacts) { t.DNSSEC, t.Findings = f, transport.CheckDANE(f) })
	}}
	BIMI = Part{Name: "bimi", Web: true, begin: func(b *resolver.Batch, with transport.Tools, t *Transport) {
		transport.BeginBIMI(b, with.Web, with.BIMI, t.Domain, func(f *transport.BIMIFacts) { t.BIMI, t.Findings = f, transport.CheckBIMI(f) })
	}}
)

// Logo states which logo BIMI looks for, and who may certify it.
type Logo struct {
	// Selector is that of the record.
	Selector string
	// MarkRoots is a PEM file of mark roots that are trusted besides those of package bimi.
	MarkRoots string
}

// Tools is what is looked for. The error is a *FieldError of "selector" or "mark_roots".
func (l Logo) Tools() (with transport.BIMITools, err error) {
	if with.Selector, err = audit.ParseSelector(l.Selector); err != nil {
		return with, field.Because("selector", err).With("a selector is what stands before ._bimi in the name of the record, such as %s", transport.DefaultSelector)
	}
	if l.MarkRoots != "" {
		with.Roots = bimi.Roots()
		if err := dial.AddRoots(with.Roots, l.MarkRoots); err != nil {
			return with, field.BecauseOf("mark_roots", l.MarkRoots, err)
		}
	}
	return with, nil
}

// Examine asks what the part needs of a domain. What was not asked on purpose is not
// checked.
func (p Part) Examine(ctx context.Context, r *resolver.Session, domain string, with transport.Tools) *Transport {
	started := time.Now()
	t := &Transport{Schema: "mailworthy/" + p.Name + "/1", Domain: domain}
	b := resolver.NewBatch(ctx, r)
	p.begin(b, with, t)
	b.Run()
	audit.NotChecked(t.Findings, r.Trace())
	t.Queries, t.DurationMS = r.Queries(), time.Since(started).Milliseconds()
	return t
}
