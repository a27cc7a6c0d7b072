package bimi

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/internal/show"
)

// MaxEvidence is how many bytes of evidence are read: a chain with a logo of 32 KB, written
// as text twice over, fits.
const MaxEvidence = 128 << 10

// maxCertificates bounds the certificates of a file.
const maxCertificates = 10

// expiring is how long before its end a certificate is said to be about to expire.
const expiring = 14 * 24 * time.Hour

// The kinds of faults of evidence.
const (
	// Unreadable: there is no certificate that can be read.
	Unreadable Kind = "unreadable"
	// Order: the leaf is not first, or the issuers do not follow one another.
	Order Kind = "order"
	// Untrusted: no path leads to a mark root.
	Untrusted Kind = "untrusted"
	// Usage: the extended key usage of BIMI is missing.
	Usage Kind = "usage"
	// NoLogo: there is no logo inside that can be read.
	NoLogo Kind = "no-logo"
	// OtherLogo: the logo inside is not the one that the record names.
	OtherLogo Kind = "other-logo"
	// OtherName: it is for another domain.
	OtherName Kind = "other-name"
	// Dates: it is not valid yet, or no longer.
	Dates Kind = "dates"
	// Expiring: it is not valid for long.
	Expiring Kind = "expiring"
	// Requirements: it departs from what is required of mark certificates.
	Requirements Kind = "requirements"
	// PrivateKey: there is a private key in the file.
	PrivateKey Kind = "private-key"
)

// Mark is the kind of a mark certificate.
type Mark string

// The marks: verified marks are trademarks and those of governments, common marks are others.
const (
	VMC       Mark = "VMC"
	CMC       Mark = "CMC"
	OtherMark Mark = ""
)

// Evidence is what there is in the file of a mark certificate.
type Evidence struct {
	// Certificates is how many are in the file.
	Certificates int    `json:"certificates"`
	Subject      string `json:"subject"`
	Issuer       string `json:"issuer"`
	// MarkType as the certificate has it, and what kind of certificate that makes it; empty
	// if that is not known.
	MarkType string `json:"mark_type"`
	Mark     Mark   `json:"mark" empty:"null"`
	// Names are those that it is for.
	Names     []string   `json:"names"`
	NotBefore *time.Time `json:"not_before"`
	NotAfter  *time.Time `json:"not_after"`
	Faults    Faults     `json:"faults"`
	// logo is the one inside.
	logo *Logo
	leaf *x509.Certificate
}

// Options say what a certificate is held against.
type Options struct {
	// Roots are the authorities that certify marks; nil: Roots().
	Roots *x509.CertPool
	// Now is the time it is judged by.
	Now time.Time
	// Names are those of which it has to have one: the domain, its organizational domain,
	// and those with the selector.
	Names []string
	// Logo is the one that the record names; nil: it is not known, and nothing is compared.
	Logo *Logo
}

func (e *Evidence) fault(kind Kind, format string, args ...any) {
	if len(e.Faults) < maxFaults {
		e.Faults = append(e.Faults, Fault{Kind: kind, Text: fmt.Sprintf(format, args...)})
	}
}

// Object identifiers of mark certificates (the requirements of the BIMI group, and
// RFC 3709 for the logotype).
var (
	oidUsage     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 31}
	oidLogotype  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 12}
	oidMarkType  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 1, 13}
	oidPilot     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 4, 1}
	oidPriorUse  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 5, 1}
	oidCountry   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 1, 3}
	oidTrademark = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 1, 4}
	oidStatuteIn = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 3, 2}
	oidStatute   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 3, 5}
	oidSCT       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// field is one of the subject of a certificate.
type field struct {
	name string
	oid  asn1.ObjectIdentifier
}

// marks are the mark types with their fields of the subject.
var marks = []struct {
	name   string
	mark   Mark
	fields []field
}{
	{"Registered Mark", VMC, []field{{"trademarkCountryOrRegionName", oidCountry}, {"trademarkIdentifier", oidTrademark}}},
	{"Government Mark", VMC, []field{{"statuteCountryName", oidStatuteIn}, {"statuteCitation", oidStatute}}},
	{"Prior Use Mark", CMC, nil},
	{"Modified Registered Mark", CMC, []field{{"trademarkCountryOrRegionName", oidCountry}, {"trademarkIdentifier", oidTrademark}}},
}

// From these days on certificates must not be of the pilot, and those of marks in prior use
// have to say where the use was seen.
var (
	noPilot       = time.Date(2025, time.March, 15, 0, 0, 0, 0, time.UTC)
	priorUseShown = time.Date(2025, time.April, 15, 0, 0, 0, 0, time.UTC)
)

// ReadEvidence reads the file of a mark certificate, the leaf first and then its issuers,
// and judges it.
func ReadEvidence(file []byte, o Options) *Evidence {
	e := &Evidence{Names: []string{}, Faults: Faults{}}
	chain := e.certificates(file)
	if len(chain) == 0 {
		return e
	}
	if at := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return !c.IsCA }); at > 0 {
		e.fault(Order, "the certificate of the mark is the %s in the file and has to be the first, its issuers after it", ordinal(at+1))
		chain = append([]*x509.Certificate{chain[at]}, slices.Delete(slices.Clone(chain), at, at+1)...)
	} else {
		e.order(chain)
	}
	e.leaf = chain[0]
	e.describe()
	e.usage()
	e.path(chain, o)
	e.dates(o.Now)
	e.forDomain(o.Names)
	e.requirements()
	e.inside(o.Logo)
	return e
}

// certificates returns those of a PEM file.
func (e *Evidence) certificates(file []byte) (chain []*x509.Certificate) {
	if len(file) > MaxEvidence {
		e.fault(Unreadable, "it has more than %d bytes", MaxEvidence)
		return nil
	}
	other := ""
	for rest := file; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case strings.Contains(block.Type, "PRIVATE KEY"):
			e.fault(PrivateKey, "the file has a private key in it, for everybody to fetch")
		case block.Type != "CERTIFICATE":
			other = block.Type
		case len(chain) == maxCertificates:
			e.fault(Order, "it has more than %d certificates", maxCertificates)
			return chain
		default:
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				e.fault(Unreadable, "certificate %d of the file cannot be read: %s", e.Certificates+1, show.Cut(strings.TrimPrefix(err.Error(), "x509: "), 120))
				if len(chain) == 0 {
					return nil
				}
				continue
			}
			chain = append(chain, c)
			e.Certificates++
		}
	}
	if len(chain) > 0 || len(e.Faults.Of(Unreadable)) > 0 {
		return chain
	}
	switch _, err := x509.ParseCertificate(file); {
	case other != "":
		e.fault(Unreadable, "it has no certificate, but %s", show.Quote(other, 40))
	case err == nil:
		e.fault(Unreadable, "it is a certificate in DER form and has to be in PEM form")
	default:
		e.fault(Unreadable, "there is no certificate in PEM form in it")
	}
	return nil
}

func ordinal(n int) string {
	if words := []string{"first", "second", "third", "fourth", "fifth"}; n <= len(words) {
		return words[n-1]
	}
	return "last"
}

// order says which certificate does not follow the one that it has signed.
func (e *Evidence) order(chain []*x509.Certificate) {
	for i := 1; i < len(chain); i++ {
		if !bytes.Equal(chain[i-1].RawIssuer, chain[i].RawSubject) {
			e.fault(Order, "the %s certificate of the file is not that of the issuer of the one before it", ordinal(i+1))
			return
		}
	}
}

func (e *Evidence) describe() {
	c := e.leaf
	name := func(organization []string, common string) string {
		if len(organization) > 0 {
			return show.Cut(organization[0], 100)
		}
		return show.Cut(common, 100)
	}
	e.Subject, e.Issuer = name(c.Subject.Organization, c.Subject.CommonName), name([]string{c.Issuer.CommonName}, "")
	from, to := c.NotBefore.UTC(), c.NotAfter.UTC()
	e.NotBefore, e.NotAfter = &from, &to
	for _, n := range c.DNSNames[:min(len(c.DNSNames), maxNames)] {
		e.Names = append(e.Names, show.Cut(strings.ToLower(n), 253))
	}
	e.MarkType = show.Cut(e.subject(oidMarkType), 60)
	for _, m := range marks {
		if m.name == e.MarkType {
			e.Mark = m.mark
		}
	}
}

// maxNames bounds the names of a certificate that are shown.
const maxNames = 20

// subject is a field of the subject, empty if it is not there.
func (e *Evidence) subject(oid asn1.ObjectIdentifier) string {
	for _, a := range e.leaf.Subject.Names {
		if a.Type.Equal(oid) {
			return fmt.Sprint(a.Value)
		}
	}
	return ""
}

func (e *Evidence) extension(oid asn1.ObjectIdentifier) ([]byte, bool) {
	for i := range e.leaf.Extensions {
		if x := &e.leaf.Extensions[i]; x.Id.Equal(oid) {
			return x.Value, true
		}
	}
	return nil, false
}

// usage wants the extended key usage of BIMI; others beside it are not asked for.
func (e *Evidence) usage() {
	if !slices.ContainsFunc(e.leaf.UnknownExtKeyUsage, oidUsage.Equal) {
		e.fault(Usage, "it is no mark certificate: the extended key usage %s is missing", oidUsage)
	}
}

// path looks for one to the roots, at a time at which the leaf is valid: its dates are
// judged apart. Critical extensions that Go does not know, such as the logotype, are known
// here.
func (e *Evidence) path(chain []*x509.Certificate, o Options) {
	roots := o.Roots
	if roots == nil {
		roots = Roots()
	}
	between := x509.NewCertPool()
	for _, c := range chain {
		c.UnhandledCriticalExtensions = nil
		if c != e.leaf {
			between.AddCert(c)
		}
	}
	at := o.Now
	if at.Before(e.leaf.NotBefore) {
		at = e.leaf.NotBefore
	}
	if at.After(e.leaf.NotAfter) {
		at = e.leaf.NotAfter
	}
	_, err := e.leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err == nil {
		return
	}
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
	)
	self := func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }
	switch last := chain[len(chain)-1]; {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.fault(Untrusted, "the certificate of an issuer is not valid: %s", span(invalid.Cert))
	case errors.As(err, &unknown) && self(e.leaf):
		e.fault(Untrusted, "it is self-signed")
	case errors.As(err, &unknown) && len(chain) == 1:
		e.fault(Untrusted, "no mark root has signed it, and the certificates of its issuers are not in the file")
	case errors.As(err, &unknown) && self(last):
		e.fault(Untrusted, "its path ends at %s, which is no mark root known here", show.Quote(last.Subject.CommonName, 80))
	case errors.As(err, &unknown):
		e.fault(Untrusted, "no path leads from it to a mark root known here: the issuer %s is missing or is none", show.Quote(last.Issuer.CommonName, 80))
	default:
		e.fault(Untrusted, "its path is not valid: %s", show.Cut(strings.TrimPrefix(err.Error(), "x509: "), 120))
	}
}

func span(c *x509.Certificate) string {
	return fmt.Sprintf("%s to %s", c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
}

func (e *Evidence) dates(now time.Time) {
	switch left := e.leaf.NotAfter.Sub(now); {
	case now.Before(e.leaf.NotBefore):
		e.fault(Dates, "it is not valid yet: %s", span(e.leaf))
	case left < 0:
		e.fault(Dates, "it has expired: %s", span(e.leaf))
	case left < expiring:
		e.fault(Expiring, "it ends on %s", e.leaf.NotAfter.UTC().Format(time.DateOnly))
	}
}

// forDomain wants one of the names; there are no wildcards.
func (e *Evidence) forDomain(names []string) {
	for _, n := range e.leaf.DNSNames {
		if slices.ContainsFunc(names, func(want string) bool { return strings.EqualFold(strings.TrimSuffix(n, "."), want) }) {
			return
		}
	}
	if len(names) == 0 {
		return
	}
	if len(e.Names) == 0 {
		e.fault(OtherName, "it names no domain")
		return
	}
	e.fault(OtherName, "it is for %s, not for %s", show.Listed(e.Names, 5), show.Listed(names, 5))
}

// requirements are those of the BIMI group that receivers hardly check.
func (e *Evidence) requirements() {
	at := slices.IndexFunc(marks, func(m struct {
		name   string
		mark   Mark
		fields []field
	}) bool {
		return m.name == e.MarkType
	})
	switch {
	case e.MarkType == "":
		e.fault(Requirements, "its subject has no mark type")
	case at < 0:
		e.fault(Requirements, "its mark type is %s, which is none that is defined", show.Quote(e.MarkType, 60))
	default:
		for _, f := range marks[at].fields {
			if e.subject(f.oid) == "" {
				e.fault(Requirements, "its subject has no %s, which a %s has", f.name, e.MarkType)
			}
		}
	}
	if _, pilot := e.extension(oidPilot); pilot && !e.leaf.NotBefore.Before(noPilot) {
		e.fault(Requirements, "it has the extension of the pilot, which is not permitted since %s", noPilot.Format(time.DateOnly))
	}
	if e.MarkType == "Prior Use Mark" && !e.leaf.NotBefore.Before(priorUseShown) && e.subject(oidPriorUse) == "" {
		e.fault(Requirements, "its subject has no priorUseMarkSourceURL, which a Prior Use Mark has since %s", priorUseShown.Format(time.DateOnly))
	}
	if _, logged := e.extension(oidSCT); !logged {
		e.fault(Requirements, "it has no signed timestamp of a log (SCT)")
	}
}

// inside reads the logo in the certificate and compares it with the record's.
func (e *Evidence) inside(named *Logo) {
	der, ok := e.extension(oidLogotype)
	if !ok {
		e.fault(NoLogo, "there is no logo in it: the extension %s is missing", oidLogotype)
		return
	}
	got, err := readLogotype(der)
	if err != nil {
		e.fault(NoLogo, "the logo in it cannot be read: %s", err)
		return
	}
	if !got.hashed() {
		e.fault(NoLogo, "the logo in it does not have the digest that the certificate states")
	}
	if e.logo = ReadLogo(got.data); e.logo.text == nil {
		e.fault(NoLogo, "the logo in it cannot be read: %s", strings.Join(e.logo.Faults.Texts(), "; "))
		return
	}
	if named == nil || named.text == nil {
		return
	}
	switch {
	case bytes.Equal(e.logo.text, named.text):
	case bytes.Equal(bytes.Join(bytes.Fields(e.logo.text), []byte(" ")), bytes.Join(bytes.Fields(named.text), []byte(" "))):
		e.fault(OtherLogo, "the logo in it and the one of the record differ in white space")
	default:
		e.fault(OtherLogo, "the logo in it (%s) is not the one of the record (%s)", show.Counted(len(e.logo.text), "byte"), show.Counted(len(named.text), "byte"))
	}
}
