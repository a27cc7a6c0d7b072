// Package bimitest makes logos and mark certificates for tests.
package bimitest

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// Logo is one that nothing is wrong with.
const Logo = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 100 100">
  <title>Acme</title>
  <rect width="100" height="100" fill="#036"/>
  <circle cx="50" cy="50" r="30" fill="#fff"/>
</svg>
`

// Gzip compresses.
func Gzip(text []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(text)
	_ = z.Close()
	return out.Bytes()
}

// Authority signs mark certificates: a root, and an intermediate below it.
type Authority struct {
	Root, Between *x509.Certificate
	Pool          *x509.CertPool
	key           *ecdsa.PrivateKey
}

func id(last ...int) asn1.ObjectIdentifier {
	return append(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087}, last...)
}

// Object identifiers that tests change.
var (
	MarkType  = id(1, 13)
	Country   = id(1, 3)
	Trademark = id(1, 4)
	Source    = id(5, 1)
	Pilot     = id(4, 1)
	Usage     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 31}
	Logotype  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 12}
	SCT       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// NewAuthority makes one, valid from a year before the time to a year after.
func NewAuthority(t testing.TB, now time.Time) *Authority {
	t.Helper()
	a := &Authority{Pool: x509.NewCertPool()}
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{name}}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0)}
	}
	var key *ecdsa.PrivateKey
	a.Root, key = sign(t, ca("Test Mark Root"), nil, nil)
	a.Pool.AddCert(a.Root)
	a.Between, a.key = sign(t, ca("Test Mark Issuer"), a.Root, key)
	return a
}

func sign(t testing.TB, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = number
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// Certificate is what a mark certificate is made of; a test changes it.
type Certificate struct {
	Template *x509.Certificate
	// Subject are fields by their identifiers.
	Subject map[string]string
	// Logo is put into it, compressed; Extension replaces the whole extension.
	Logo      []byte
	Extension []byte
	// Digest replaces that of the logo.
	Digest []byte
}

// Mark is a certificate that nothing is wrong with: a registered mark of the domain, issued
// a month before the time for a year.
func Mark(now time.Time, domain string, logo []byte) *Certificate {
	return &Certificate{Logo: logo,
		Template: &x509.Certificate{DNSNames: []string{domain}, UnknownExtKeyUsage: []asn1.ObjectIdentifier{Usage}, BasicConstraintsValid: true,
			NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 11, 0), ExtraExtensions: []pkix.Extension{{Id: SCT, Value: []byte{4, 0}}}},
		Subject: map[string]string{MarkType.String(): "Registered Mark", Country.String(): "US", Trademark.String(): "1234567"}}
}

// Sign makes the certificate.
func (a *Authority) Sign(t testing.TB, c *Certificate) *x509.Certificate {
	t.Helper()
	c.Template.Subject = pkix.Name{CommonName: "Acme Ltd", Organization: []string{"Acme Ltd"}}
	for _, oid := range []asn1.ObjectIdentifier{MarkType, Country, Trademark, Source, id(3, 2), id(3, 5)} {
		if value, ok := c.Subject[oid.String()]; ok {
			c.Template.Subject.ExtraNames = append(c.Template.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: oid, Value: value})
		}
	}
	if c.Extension == nil && c.Logo != nil {
		c.Extension = extension(t, c.Logo, c.Digest)
	}
	if c.Extension != nil {
		c.Template.ExtraExtensions = append(c.Template.ExtraExtensions, pkix.Extension{Id: Logotype, Critical: true, Value: c.Extension})
	}
	cert, _ := sign(t, c.Template, a.Between, a.key)
	return cert
}

// extension is a logotype with a logo (RFC 3709, 4.1).
func extension(t testing.TB, logo, sum []byte) []byte {
	t.Helper()
	packed := Gzip(logo)
	if sum == nil {
		whole := sha256.Sum256(packed)
		sum = whole[:]
	}
	wrap := func(class, tag int, inside ...[]byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: bytes.Join(inside, nil)})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	leaf := func(tag int, data []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Tag: tag, Bytes: data})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	sequence := func(inside ...[]byte) []byte { return wrap(asn1.ClassUniversal, asn1.TagSequence, inside...) }
	oid, err := asn1.Marshal(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	uri := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(packed)
	details := sequence(leaf(asn1.TagIA5String, []byte("image/svg+xml")), sequence(sequence(sequence(oid), leaf(asn1.TagOctetString, sum))), sequence(leaf(asn1.TagIA5String, []byte(uri))))
	return sequence(wrap(asn1.ClassContextSpecific, 2, wrap(asn1.ClassContextSpecific, 0, sequence(sequence(details)))))
}

// PEM is a file of certificates.
func PEM(chain ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
