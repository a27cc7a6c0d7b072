package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// The verdicts of Endpoint.DANE and Endpoint.MTASTS.
const (
	// PolicyMatch: the session is as the domain demands, PolicyMismatch: it is not, and
	// senders that obey do not deliver.
	PolicyMatch    = "match"
	PolicyMismatch = "mismatch"
	// PolicyNone: the domain demands nothing of this host.
	PolicyNone = "none"
	// PolicyUnusable: there are TLSA records, and senders can use none of them.
	PolicyUnusable = "unusable"
	// PolicyInsecure: there are TLSA records, and they are not signed: senders pass them
	// over.
	PolicyInsecure = "insecure"
	// PolicyUnknown: what is demanded, or what the server showed, is not known.
	PolicyUnknown = "unknown"
)

// demands are what a domain demands of the sessions with its MX hosts.
type demands struct {
	sts    *transport.STSFacts
	dnssec *transport.DNSSECFacts
}

// demanded asks for the policies of a domain.
func (p *prober) demanded(ctx context.Context, domain string) *demands {
	d := &demands{}
	b := resolver.NewBatch(ctx, p.o.Resolver)
	b.Part(func(b *resolver.Batch) {
		transport.BeginSTS(b, p.o.Web, domain, func(f *transport.STSFacts) { d.sts = f })
		transport.BeginDNSSEC(b, p.o.Validator, domain, func(f *transport.DNSSECFacts) { d.dnssec = f })
	}, func() {})
	b.Run()
	return d
}

// withoutTLS reports whether the session shows that the host has no TLS, rather than that
// this session had none.
func (e *Endpoint) withoutTLS() bool {
	return e.TLS == nil && e.ok(StepEHLO) && (e.Banner == nil || !masked(*e.Banner, e.EHLO)) && !offers(e.EHLO, "STARTTLS")
}

// compare holds an endpoint against what its domain demands, and says in words what does
// not match.
func (d *demands) compare(e *Endpoint, now time.Time) (sts, dane, whySTS, whyDANE string) {
	sts, whySTS = d.mtaSTS(e)
	dane, whyDANE = d.dane(e, now)
	return sts, dane, whySTS, whyDANE
}

// mtaSTS is the verdict by RFC 8461, 4.1 and 4.2.
func (d *demands) mtaSTS(e *Endpoint) (verdict, why string) {
	f := d.sts
	switch {
	case f == nil || f.Record.State == transport.Unknown:
		return PolicyUnknown, ""
	case f.ID == "":
		return PolicyNone, ""
	case f.Policy == nil || !f.Policy.Valid():
		return PolicyUnknown, ""
	case f.Policy.Mode == "none":
		return PolicyNone, ""
	case !f.Policy.Matches(e.Host):
		return PolicyMismatch, "no pattern of the policy covers " + e.Host
	case e.withoutTLS():
		return PolicyMismatch, "it offers no STARTTLS"
	case e.Certificate == nil || e.Certificate.Verified == nil:
		return PolicyUnknown, ""
	case !*e.Certificate.Verified:
		return PolicyMismatch, strings.Join(e.Certificate.Reasons, "; ")
	}
	return PolicyMatch, ""
}

// dane is the verdict by RFC 7672, 2.2 and 3.
func (d *demands) dane(e *Endpoint, now time.Time) (verdict, why string) {
	f := d.dnssec
	if f == nil {
		return PolicyUnknown, ""
	}
	i := slices.IndexFunc(f.Hosts, func(h transport.SignedHost) bool { return h.Name == e.Host })
	if i < 0 {
		return PolicyUnknown, ""
	}
	h := &f.Hosts[i]
	usable := slices.DeleteFunc(slices.Clone(h.Records), func(t transport.TLSA) bool { return t.Unusable != "" })
	secure := func(q *transport.Signed) bool { return q.Security == transport.Secure && q.State == transport.Present }
	switch {
	case h.TLSA.State == transport.Unknown:
		return PolicyUnknown, ""
	case h.TLSA.State == transport.Absent:
		return PolicyNone, ""
	case f.Validates && (f.MX.Security == transport.Insecure || !secure(&h.A) && !secure(&h.AAAA) || h.TLSA.Security == transport.Insecure):
		return PolicyInsecure, ""
	case len(usable) == 0:
		// Senders then want TLS, and no certificate (RFC 7672, 2.2).
		return PolicyUnusable, ""
	}
	switch {
	case e.withoutTLS():
		why = "it offers no STARTTLS"
	case len(e.chain) == 0, e.askedFor != "":
		return PolicyUnknown, ""
	default:
		for k := range usable {
			reason := matches(&usable[k], e.chain, e.Host, f.Domain, now)
			if reason == "" {
				return verdictIf(f.Validates, PolicyMatch), ""
			}
			if why == "" || !strings.Contains(reason, "no certificate") {
				why = usable[k].String() + ": " + reason
			}
		}
	}
	// What nobody validated may be another's record.
	return verdictIf(f.Validates, PolicyMismatch), why
}

func verdictIf(known bool, verdict string) string {
	if known {
		return verdict
	}
	return PolicyUnknown
}

// matches says why a TLSA record does not match the chain; empty: it does. Of usage 3 the
// key alone counts, neither dates nor names (RFC 7672, 3.1.1); of usage 2 the chain up to
// the certificate that the record is of, with dates and the name (3.1.2).
func matches(t *transport.TLSA, chain []*x509.Certificate, host, domain string, now time.Time) string {
	want, err := hex.DecodeString(t.Data)
	if err != nil {
		return "its data cannot be read"
	}
	is := func(c *x509.Certificate) bool {
		raw := c.Raw
		if t.Selector == 1 {
			raw = c.RawSubjectPublicKeyInfo
		}
		switch t.Matching {
		case 1:
			sum := sha256.Sum256(raw)
			raw = sum[:]
		case 2:
			sum := sha512.Sum512(raw)
			raw = sum[:]
		}
		return bytes.Equal(raw, want)
	}
	if t.Usage == 3 {
		if is(chain[0]) {
			return ""
		}
		return "it is not the certificate of the server"
	}
	anchors, between := x509.NewCertPool(), x509.NewCertPool()
	found := false
	for i, c := range chain {
		switch {
		case i > maxChain:
		case is(c):
			anchors.AddCert(c)
			found = true
		case i > 0:
			between.AddCert(c)
		}
	}
	if t.Matching == 0 && t.Selector == 0 && !found { // the record has the certificate itself
		if c, err := x509.ParseCertificate(want); err == nil {
			anchors.AddCert(c)
			found = true
		}
	}
	if !found {
		return "no certificate that the server sends is the one of the record"
	}
	if chain[0].VerifyHostname(host) != nil && chain[0].VerifyHostname(domain) != nil {
		return "the certificate is neither for " + host + " nor for " + domain
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: anchors, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
		return err.Error()
	}
	return ""
}

// policies judges the endpoint by what the domain demands.
func (s *sheet) policies() {
	e, d := s.e, s.t.demands
	if d == nil || !e.led {
		return
	}
	if !e.ok(StepEHLO) {
		if d.sts != nil && d.sts.ID != "" {
			s.Undecided("smtp-sts-certificate")
		}
		return
	}
	sts, dane, whySTS, whyDANE := d.compare(e, s.o.Now)
	e.MTASTS, e.DANE = &sts, &dane
	evidence := func() []finding.Evidence {
		out := s.evidence()
		if d.dnssec != nil {
			for i := range d.dnssec.Hosts {
				if h := &d.dnssec.Hosts[i]; h.Name == e.Host {
					out = append(out, h.TLSA.Evidence)
				}
			}
		}
		return out
	}
	switch sts {
	case PolicyMatch:
		s.Decided("smtp-sts-certificate")
	case PolicyMismatch:
		severity, effect := finding.Error, "Senders that obey MTA-STS do not deliver to it."
		if d.sts.Policy.Mode == "testing" {
			severity, effect = finding.Warning, "With mode: enforce, senders would not deliver to it."
		}
		f := finding.Finding{Severity: severity, Subject: s.subject, Evidence: append(s.evidence(), d.sts.Record.Evidence),
			Detail: fmt.Sprintf("%s does not satisfy the MTA-STS policy of %s (mode %s): %s. %s", s.subject, s.t.domain, d.sts.Policy.Mode, whySTS, effect)}
		f.Fix = &finding.Fix{Summary: remedyOf("smtp-sts-certificate")}
		s.Add("smtp-sts-certificate", f)
	case PolicyUnknown:
		s.Undecided("smtp-sts-certificate")
	}
	switch {
	case dane == PolicyMatch:
		s.Decided("smtp-dane-mismatch")
	case dane == PolicyMismatch:
		f := finding.Finding{Subject: s.subject, Evidence: evidence(),
			Detail: fmt.Sprintf("What %s shows matches no usable TLSA record at _25._tcp.%s (%s). Senders that obey DANE do not deliver to it.", s.subject, e.Host, show.Clip(whyDANE, 300))}
		f.Fix = &finding.Fix{Summary: remedyOf("smtp-dane-mismatch")}
		s.Add("smtp-dane-mismatch", f)
	case dane == PolicyUnknown && whyDANE != "":
		s.Add("smtp-unresolved", finding.Finding{Subject: s.subject, CouldBe: finding.Error, Evidence: evidence(),
			Detail: fmt.Sprintf("What %s shows matches no usable TLSA record at _25._tcp.%s (%s). Whether senders use these records is not known: %s.", s.subject, e.Host, show.Clip(whyDANE, 300), d.dnssec.Why)})
		s.Undecided("smtp-dane-mismatch")
	case dane == PolicyUnknown:
		s.Undecided("smtp-dane-mismatch")
	}
}

func remedyOf(id string) string {
	i := slices.IndexFunc(Checks, func(c finding.Check) bool { return c.ID == id })
	return Checks[i].Remedy
}
