package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
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

// host is what the DNS says of an MX host; nil: it was not asked.
func (d *demands) host(name string) *transport.SignedHost {
	if d.dnssec == nil {
		return nil
	}
	i := slices.IndexFunc(d.dnssec.Hosts, func(h transport.SignedHost) bool { return h.Name == name })
	if i < 0 {
		return nil
	}
	return &d.dnssec.Hosts[i]
}

// dane is the verdict by RFC 7672, 2.2 and 3. Why says what does not match, and unknown
// why that is not a mismatch all the same.
func (d *demands) dane(e *Endpoint, now time.Time) (verdict, why, unknown string) {
	h := d.host(e.Host)
	if h == nil || h.TLSA.State == transport.Unknown {
		return PolicyUnknown, "", ""
	}
	usable := slices.DeleteFunc(slices.Clone(h.Records), func(t transport.TLSA) bool { return t.Unusable != "" })
	obeyed, unknown := d.dnssec.Obeyed(h)
	switch {
	case h.TLSA.State == transport.Absent:
		return PolicyNone, "", ""
	case obeyed == transport.Absent:
		return PolicyInsecure, "", ""
	case len(usable) == 0:
		// Senders then want TLS, and no certificate (RFC 7672, 2.2).
		return PolicyUnusable, "", ""
	case e.withoutTLS():
		why = "it offers no STARTTLS"
	case len(e.chain) == 0, e.askedFor != "":
		return PolicyUnknown, "", ""
	default:
		for i := range usable {
			reason := matches(&usable[i], e.chain, h.Base, d.dnssec.Domain, now)
			switch {
			case reason == "" && unknown == "":
				return PolicyMatch, "", ""
			case reason == "":
				return PolicyUnknown, "", ""
			case why == "" || !strings.Contains(reason, "no certificate"):
				why = usable[i].String() + ": " + reason
			}
		}
		if h.Base != e.Host && unknown == "" { // RFC 7672, 8.1
			unknown = "senders ask for the certificate of " + h.Base + ", and this session asked for that of " + e.Host
		}
	}
	if unknown != "" {
		return PolicyUnknown, why, unknown
	}
	return PolicyMismatch, why, ""
}

// matches says why a TLSA record does not match the chain; empty: it does. Of usage 3 the
// key alone counts, neither dates nor names (RFC 7672, 3.1.1); of usage 2 the chain up to
// the certificate that the record is of, with dates and a name: the one that the records
// are below, or the domain (3.1.2, 3.2.2).
func matches(t *transport.TLSA, chain []*x509.Certificate, base, domain string, now time.Time) string {
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
		return notOf(t, chain[0], want)
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
	if chain[0].VerifyHostname(base) != nil && chain[0].VerifyHostname(domain) != nil {
		return "the certificate is neither for " + base + " nor for " + domain
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: anchors, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
		return err.Error()
	}
	return ""
}

// notOf says why a record of usage 3 is not that of the certificate, if it can be told: the
// digest of its other part, or of nothing.
func notOf(t *transport.TLSA, leaf *x509.Certificate, want []byte) string {
	part := [...]string{"certificate", "key"}
	raw := [...][]byte{leaf.Raw, leaf.RawSubjectPublicKeyInfo}
	for selector, whole := range raw {
		for matching, sum := range digests(whole) {
			if bytes.Equal(sum, want) && t.Selector <= 1 && (selector != int(t.Selector) || matching != int(t.Matching)) {
				return fmt.Sprintf("its digest is that of the server's %s, which is %d %d %d, and the record says %d %d %d", part[selector], t.Usage, selector, matching, t.Usage, t.Selector, t.Matching)
			}
		}
		for _, sum := range digests(pem.EncodeToMemory(&pem.Block{Type: [...]string{"CERTIFICATE", "PUBLIC KEY"}[selector], Bytes: whole})) {
			if bytes.Equal(sum, want) {
				return fmt.Sprintf("its digest is that of the PEM file of the server's %s; the digest of its DER form is wanted", part[selector])
			}
		}
	}
	if never := t.Never(); never != "" {
		return never
	}
	return "it is not the " + part[min(t.Selector, 1)] + " of the server"
}

// digests are a text by matching type: as it is, its SHA-256 and its SHA-512.
func digests(raw []byte) [3][]byte {
	short, long := sha256.Sum256(raw), sha512.Sum512(raw)
	return [...][]byte{raw, short[:], long[:]}
}

// demandTLS adds what a demand makes of a server without STARTTLS to the finding that says
// so: senders that obey do not deliver. False: nothing says so yet.
func (s *sheet) demandTLS(check, what string, enforced bool, evidence finding.Evidence) bool {
	for _, f := range s.Found() {
		if f.Subject != s.subject || f.Check != "smtp-starttls-missing" && f.Check != "smtp-starttls-broken" {
			continue
		}
		c, _ := checkList.Find(check)
		severity, effect := finding.Warning, "With mode: enforce, senders would not deliver to it."
		if enforced {
			severity, effect = c.Severity, "Senders that obey do not deliver to it."
			f.Severity = severity
		}
		detail := fmt.Sprintf("TLS is demanded by %s. %s", what, effect)
		f.Detail += " " + detail
		f.Evidence = append(f.Evidence, evidence)
		f.Follows = append(f.Follows, finding.Consequence{Check: c.ID, Severity: severity, Section: c.Section, Subject: s.subject, Title: c.Title, Detail: detail})
		s.Undecided(check)
		return true
	}
	return false
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
	sts, whySTS := d.mtaSTS(e)
	dane, whyDANE, unknown := d.dane(e, s.o.Now)
	e.MTASTS, e.DANE = &sts, &dane
	switch sts {
	case PolicyMatch:
		s.Decided("smtp-sts-certificate")
	case PolicyMismatch:
		if e.withoutTLS() && s.demandTLS("smtp-sts-certificate", "the MTA-STS policy of "+s.t.domain, d.sts.Policy.Mode == "enforce", d.sts.Record.Evidence) {
			break
		}
		severity, effect := finding.Error, "Senders that obey MTA-STS do not deliver to it."
		if d.sts.Policy.Mode == "testing" {
			severity, effect = finding.Warning, "With mode: enforce, senders would not deliver to it."
		}
		s.add("smtp-sts-certificate", severity, fmt.Sprintf("%s does not satisfy the MTA-STS policy of %s (mode %s): %s. %s", s.subject, s.t.domain, d.sts.Policy.Mode, whySTS, effect), d.sts.Record.Evidence)
	case PolicyUnknown:
		s.Undecided("smtp-sts-certificate")
	}
	switch dane {
	case PolicyMatch:
		s.Decided("smtp-dane-mismatch")
	case PolicyUnknown:
		s.Undecided("smtp-dane-mismatch")
	}
	if whyDANE == "" {
		return
	}
	tlsa := &d.host(e.Host).TLSA
	if dane == PolicyMismatch && e.withoutTLS() && s.demandTLS("smtp-dane-mismatch", "the TLSA records at "+tlsa.Name, true, tlsa.Evidence) {
		return
	}
	detail := fmt.Sprintf("What %s shows matches no usable TLSA record at %s (%s). ", s.subject, tlsa.Name, show.Cut(whyDANE, 300))
	if dane == PolicyMismatch {
		s.add("smtp-dane-mismatch", "", detail+"Senders that obey DANE do not deliver to it.", tlsa.Evidence)
		if e.Certificate != nil {
			found := s.Found()
			found[len(found)-1].Fix = &finding.Fix{Summary: fmt.Sprintf("If the certificate that was shown is the right one, publish 3 1 1 %s at %s, and take the records that match nothing away.", e.Certificate.SPKISHA256, tlsa.Name)}
		}
	} else {
		s.unknown(finding.Error, detail+"Whether senders obey these records is not known: "+unknown+".", tlsa.Evidence)
	}
}
