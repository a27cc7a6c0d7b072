package probe

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxChain is how many certificates of a chain are described, maxNames how many names.
const maxChain, maxNames = 10, 100

// Certificate is the one that a server showed, with how it verifies by PKIX (RFC 5280,
// RFC 6125).
type Certificate struct {
	Subject string   `json:"subject"`
	Issuer  string   `json:"issuer"`
	Names   []string `json:"names"`
	// NameCount is how many names it has, of which Names are the first.
	NameCount int       `json:"name_count"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	// Key is the algorithm of the key and KeyBits its length.
	Key       string `json:"key"`
	KeyBits   int    `json:"key_bits"`
	Signature string `json:"signature"`
	// SHA256 and SPKISHA256 are of the certificate and of its key, as TLSA records have
	// them (RFC 6698).
	SHA256     string `json:"sha256"`
	SPKISHA256 string `json:"spki_sha256"`
	SelfSigned bool   `json:"self_signed"`
	// Chain is what the server sent after it.
	Chain []Issuer `json:"chain"`
	// NameMatches, Expired and Trusted are the parts of the verdict; Trusted is null if
	// no roots are known here.
	NameMatches bool  `json:"name_matches"`
	Expired     bool  `json:"expired"`
	Trusted     *bool `json:"trusted"`
	// Verified: all of it holds; null if that is not known.
	Verified *bool `json:"verified"`
	// Result is the first failure in the words of RFC 8460, 4.3: certificate-expired,
	// certificate-host-mismatch, certificate-not-trusted, validation-failure; empty if none.
	Result string `json:"result_type"`
	// Reasons say in words why it does not verify.
	Reasons []string `json:"reasons"`
}

// Issuer is a certificate of the chain.
type Issuer struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
}

// Listed are the first few of the names, and how many more there are; empty: none.
func (c *Certificate) Listed(most int) string {
	all := max(c.NameCount, len(c.Names))
	if most = min(most, len(c.Names)); all > most {
		return fmt.Sprintf("%s and %d more", strings.Join(c.Names[:most], ", "), all-most)
	}
	return strings.Join(c.Names, ", ")
}

// describe says what a chain is and verifies it for a host by the roots, at a time.
func describe(chain []*x509.Certificate, host string, roots *x509.CertPool, now time.Time) *Certificate {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	sum, key := sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	c := &Certificate{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Serial: fmt.Sprintf("%x", leaf.SerialNumber),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(), Signature: leaf.SignatureAlgorithm.String(),
		SHA256: hex.EncodeToString(sum[:]), SPKISHA256: hex.EncodeToString(key[:]), Names: []string{}, Chain: []Issuer{}, Reasons: []string{}}
	c.SelfSigned = leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
	c.Names = append(c.Names, leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)]...)
	for _, ip := range leaf.IPAddresses[:min(len(leaf.IPAddresses), maxNames)] {
		c.Names = append(c.Names, ip.String())
	}
	c.NameCount = len(leaf.DNSNames) + len(leaf.IPAddresses)
	switch k := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		c.Key, c.KeyBits = "RSA", k.N.BitLen()
	case *ecdsa.PublicKey:
		c.Key, c.KeyBits = "ECDSA "+k.Curve.Params().Name, k.Curve.Params().BitSize
	case ed25519.PublicKey:
		c.Key, c.KeyBits = "Ed25519", 256
	default:
		c.Key = leaf.PublicKeyAlgorithm.String()
	}
	between := x509.NewCertPool()
	for i, p := range chain[1:] {
		if i == maxChain {
			break
		}
		between.AddCert(p)
		c.Chain = append(c.Chain, Issuer{p.Subject.String(), p.Issuer.String(), p.NotAfter.UTC()})
	}
	c.verify(leaf, host, roots, between, now)
	return c
}

// verify judges dates, name and trust apart, so that one failure does not hide another.
func (c *Certificate) verify(leaf *x509.Certificate, host string, roots, between *x509.CertPool, now time.Time) {
	fail := func(word, why string) {
		if c.Result == "" {
			c.Result = word
		}
		c.Reasons = append(c.Reasons, why)
	}
	at := now
	switch {
	case now.After(leaf.NotAfter):
		c.Expired, at = true, leaf.NotAfter
		fail("certificate-expired", "it expired on "+leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		at = leaf.NotBefore
		fail("validation-failure", "it is valid from "+leaf.NotBefore.UTC().Format(time.DateOnly)+" only")
	}
	if err := leaf.VerifyHostname(host); err == nil {
		c.NameMatches = true
	} else {
		fail("certificate-host-mismatch", fmt.Sprintf("it is for %s, not for %s", cmp.Or(c.Listed(4), "no name"), host))
	}
	if roots == nil {
		c.Reasons = append(c.Reasons, "no root certificates are known here: whether it is trusted is unknown")
	} else {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		ok := err == nil
		c.Trusted = &ok
		if err != nil {
			word, why := "validation-failure", err.Error()
			var unknown x509.UnknownAuthorityError
			var invalid x509.CertificateInvalidError
			switch {
			case errors.As(err, &unknown) && c.SelfSigned:
				word, why = "certificate-not-trusted", "it is signed by itself"
			case errors.As(err, &unknown) && len(c.Chain) == 0:
				word, why = "certificate-not-trusted", "no known root has issued it, and the server sends no intermediate certificate (issuer "+c.Issuer+")"
			case errors.As(err, &unknown):
				word, why = "certificate-not-trusted", "its chain leads to no known root (issuer "+c.Issuer+")"
			case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
				word, why = "certificate-expired", "a certificate of its chain is expired"
			}
			fail(word, why)
		}
	}
	switch {
	case c.Result != "":
		no := false
		c.Verified = &no
	case c.Trusted != nil:
		yes := true
		c.Verified = &yes
	}
}

// Verifies reports whether a chain verifies for a host by the roots, at a time: dates, name
// and trust. Nil roots are those of the system.
func Verifies(chain []*x509.Certificate, host string, roots *x509.CertPool, now time.Time) bool {
	if roots == nil {
		roots, _ = x509.SystemCertPool()
	}
	c := describe(chain, host, roots, now)
	return c != nil && c.Verified != nil && *c.Verified
}
