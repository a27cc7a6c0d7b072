package bimi_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/bimi"
	"mailworthy/bimi/bimitest"
)

// now is the time of these tests, after the requirements that have a date.
var now = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)

// TestEvidence: what receivers refuse in a mark certificate has a fault of its kind.
func TestEvidence(t *testing.T) {
	a := bimitest.NewAuthority(t, now)
	other := bimitest.NewAuthority(t, now)
	logo := []byte(bimitest.Logo)
	named := bimi.ReadLogo(logo)
	// signed makes a certificate that the change has spoilt, and the file with it.
	signed := func(change func(*bimitest.Certificate)) []byte {
		c := bimitest.Mark(now, "acme.example", logo)
		if change != nil {
			change(c)
		}
		return bimitest.PEM(a.Sign(t, c), a.Between)
	}
	issued := func(from, to time.Time) func(*bimitest.Certificate) {
		return func(c *bimitest.Certificate) { c.Template.NotBefore, c.Template.NotAfter = from, to }
	}
	mark := func(kind string, also ...asn1.ObjectIdentifier) func(*bimitest.Certificate) {
		return func(c *bimitest.Certificate) {
			c.Subject = map[string]string{bimitest.MarkType.String(): kind}
			for _, oid := range also {
				c.Subject[oid.String()] = "x"
			}
		}
	}
	named2 := func(names ...string) func(*bimitest.Certificate) {
		return func(c *bimitest.Certificate) { c.Template.DNSNames = names }
	}
	leaf := a.Sign(t, bimitest.Mark(now, "acme.example", logo))
	stranger := other.Sign(t, bimitest.Mark(now, "acme.example", logo))
	self := func() *x509.Certificate { return bimitest.NewAuthority(t, now).Root }()
	day := 24 * time.Hour
	for _, tt := range []struct {
		name string
		file []byte
		want string
		text string
	}{
		{"good", signed(nil), "", ""},
		{"with its root", bimitest.PEM(leaf, a.Between, a.Root), "", ""},
		{"words before", append([]byte("subject=Acme\n"), signed(nil)...), "", ""},
		{"for the organizational domain and others", signed(named2("other.example", "ACME.example")), "", ""},
		{"for the selector", signed(named2("default._bimi.acme.example")), "", ""},
		{"usage beside others", signed(func(c *bimitest.Certificate) { c.Template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "", ""},
		{"a critical extension that nobody knows", signed(func(c *bimitest.Certificate) {
			c.Template.ExtraExtensions = append(c.Template.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
		}), "", ""},
		{"common mark", signed(mark("Prior Use Mark", bimitest.Source)), "", ""},
		{"government", signed(mark("Government Mark", asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 3, 2}, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 53087, 3, 5})), "", ""},
		{"of the pilot, before", signed(func(c *bimitest.Certificate) {
			issued(time.Date(2025, 3, 14, 0, 0, 0, 0, time.UTC), now.Add(90*day))(c)
			c.Template.ExtraExtensions = append(c.Template.ExtraExtensions, pkix.Extension{Id: bimitest.Pilot, Value: []byte{5, 0}})
		}), "", ""},

		{"empty", nil, "unreadable", "no certificate in PEM form"},
		{"HTML", []byte("<html>"), "unreadable", ""},
		{"DER", leaf.Raw, "unreadable", "DER form"},
		{"a request", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte{1}}), "unreadable", "CERTIFICATE REQUEST"},
		{"not a certificate", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), "unreadable", "certificate 1"},
		{"large", bytes.Repeat([]byte("x"), bimi.MaxEvidence+1), "unreadable", "more than"},
		{"private key", append(signed(nil), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{1}})...), "private-key", ""},
		{"issuer first", bimitest.PEM(a.Between, leaf), "order", "the second in the file"},
		{"root before the issuer", bimitest.PEM(leaf, a.Root, a.Between), "order", "the second certificate"},
		{"a foreign issuer", bimitest.PEM(leaf, a.Between, leaf), "order", "the third"},
		{"many", bimitest.PEM(leaf, a.Between, a.Root, a.Root, a.Root, a.Root, a.Root, a.Root, a.Root, a.Root, a.Root), "order", "more than 10"},
		{"no issuer", bimitest.PEM(leaf), "untrusted", "not in the file"},
		{"unknown authority", bimitest.PEM(stranger, other.Between), "untrusted", "Test Mark Root"},
		{"unknown root in the file", bimitest.PEM(stranger, other.Between, other.Root), "untrusted", "ends at"},
		{"forged by name", bimitest.PEM(stranger, a.Between), "untrusted", ""},
		{"self-signed", bimitest.PEM(self), "usage, untrusted, other-name, requirements, no-logo", "self-signed"},
		{"no usage", signed(func(c *bimitest.Certificate) { c.Template.UnknownExtKeyUsage = nil }), "usage", "1.3.6.1.5.5.7.3.31"},
		{"usage of the web", signed(func(c *bimitest.Certificate) {
			c.Template.UnknownExtKeyUsage, c.Template.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}), "usage", ""},
		{"no logo", signed(func(c *bimitest.Certificate) { c.Logo = nil }), "no-logo", "1.3.6.1.5.5.7.1.12"},
		{"logo that is nothing", signed(func(c *bimitest.Certificate) { c.Extension = []byte{1, 2} }), "no-logo", "DER"},
		{"logo of an empty sequence", signed(func(c *bimitest.Certificate) { c.Extension = []byte{0x30, 0} }), "no-logo", "no image"},
		{"logo with another digest", signed(func(c *bimitest.Certificate) { c.Digest = make([]byte, 32) }), "no-logo", "digest"},
		{"logo that is a bomb", signed(func(c *bimitest.Certificate) { c.Logo = bytes.Repeat([]byte{' '}, 4<<20) }), "no-logo", "more than 65536"},
		{"another logo", signed(func(c *bimitest.Certificate) { c.Logo = []byte(strings.Replace(bimitest.Logo, "#036", "#037", 1)) }), "other-logo", "is not the one"},
		{"line ends", signed(func(c *bimitest.Certificate) { c.Logo = []byte(strings.ReplaceAll(bimitest.Logo, "\n", "\r\n")) }), "other-logo", "white space"},
		{"another domain", signed(named2("other.example")), "other-name", "it is for other.example"},
		{"a subdomain", signed(named2("mail.acme.example")), "other-name", ""},
		{"a wildcard", signed(named2("*.acme.example")), "other-name", ""},
		{"another selector", signed(named2("v2._bimi.acme.example")), "other-name", ""},
		{"no name", signed(named2()), "other-name", "names no domain"},
		{"expired", signed(issued(now.Add(-400*day), now.Add(-day))), "dates", "2026-05-31"},
		{"not yet", signed(issued(now.Add(day), now.Add(300*day))), "dates", "not valid yet"},
		{"13 days left", signed(issued(now.Add(-300*day), now.Add(13*day))), "expiring", "2026-06-14"},
		{"15 days left", signed(issued(now.Add(-300*day), now.Add(15*day))), "", ""},
		{"no mark type", signed(func(c *bimitest.Certificate) { delete(c.Subject, bimitest.MarkType.String()) }), "requirements", "no mark type"},
		{"mark type of nobody", signed(mark("Fancy Mark")), "requirements", "Fancy Mark"},
		{"registered mark without its number", signed(func(c *bimitest.Certificate) { delete(c.Subject, bimitest.Trademark.String()) }), "requirements", "trademarkIdentifier"},
		{"common mark without source", signed(mark("Prior Use Mark")), "requirements", "priorUseMarkSourceURL"},
		{"common mark without source, before", signed(func(c *bimitest.Certificate) {
			mark("Prior Use Mark")(c)
			issued(time.Date(2025, 4, 14, 0, 0, 0, 0, time.UTC), now.Add(90*day))(c)
		}), "", ""},
		{"of the pilot", signed(func(c *bimitest.Certificate) {
			c.Template.ExtraExtensions = append(c.Template.ExtraExtensions, pkix.Extension{Id: bimitest.Pilot, Value: []byte{5, 0}})
		}), "requirements", "pilot"},
		{"not logged", signed(func(c *bimitest.Certificate) { c.Template.ExtraExtensions = nil }), "requirements", "SCT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := bimi.ReadEvidence(tt.file, bimi.Options{Roots: a.Pool, Now: now, Names: []string{"acme.example", "default._bimi.acme.example"}, Logo: named})
			if got := kinds(e.Faults); got != tt.want {
				t.Errorf("%q, want %q (%q)", got, tt.want, e.Faults.Texts())
			}
			if all := strings.Join(e.Faults.Texts(), "; "); !strings.Contains(all, tt.text) {
				t.Errorf("no %q in %q", tt.text, all)
			}
		})
	}
	e := bimi.ReadEvidence(signed(nil), bimi.Options{Roots: a.Pool, Now: now})
	if e.Mark != bimi.VMC || e.MarkType != "Registered Mark" || e.Subject != "Acme Ltd" || e.Issuer != "Test Mark Issuer" || e.Certificates != 2 || !slices.Equal(e.Names, []string{"acme.example"}) || len(e.Faults) > 0 {
		t.Errorf("%+v", e)
	}
	if e := bimi.ReadEvidence(signed(mark("Modified Registered Mark", bimitest.Country, bimitest.Trademark)), bimi.Options{Roots: a.Pool, Now: now}); e.Mark != bimi.CMC || len(e.Faults) > 0 {
		t.Errorf("%+v", e)
	}
}

// TestIssuerExpired: an issuer whose time is over breaks the path, and is named as the
// cause.
func TestIssuerExpired(t *testing.T) {
	a := bimitest.NewAuthority(t, now)
	c := bimitest.Mark(now, "acme.example", []byte(bimitest.Logo))
	c.Template.NotAfter = now.AddDate(3, 0, 0)
	e := bimi.ReadEvidence(bimitest.PEM(a.Sign(t, c), a.Between), bimi.Options{Roots: a.Pool, Now: now.AddDate(2, 0, 0)})
	if got := kinds(e.Faults); got != "untrusted" || !strings.Contains(e.Faults[0].Text, "issuer is not valid: 2025-06-01 to 2027-06-01") {
		t.Errorf("%s: %q", got, e.Faults.Texts())
	}
}

// TestRoots: the mark roots can be read, are what they say, and are no roots of the web.
func TestRoots(t *testing.T) {
	pool := bimi.Roots()
	text, err := os.ReadFile("roots.pem")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now}); err != nil || !c.IsCA {
			t.Errorf("%s: %v", c.Subject.CommonName, err)
		}
		names = append(names, c.Subject.CommonName)
	}
	if want := "DigiCert Verified Mark Root CA, GlobalSign Verified Mark Root R42, SSL.com VMC ECC Root CA 2024, SSL.com VMC RSA Root CA 2024"; strings.Join(names, ", ") != want {
		t.Errorf("%q", names)
	}
	a := bimitest.NewAuthority(t, now)
	pool.AddCert(a.Root)
	if pool.Equal(bimi.Roots()) {
		t.Error("the pool of one caller is that of another")
	}
	leaf := a.Sign(t, bimitest.Mark(now, "acme.example", nil))
	e := bimi.ReadEvidence(bimitest.PEM(leaf, a.Between), bimi.Options{Now: now})
	if len(e.Faults.Of(bimi.Untrusted)) != 1 {
		t.Errorf("trusted by nobody's leave: %q", e.Faults.Texts())
	}
}

// FuzzEvidence: whatever the file is, reading ends, faults are bounded, and nothing that is
// not signed by the authority is without a fault.
func FuzzEvidence(f *testing.F) {
	a := bimitest.NewAuthority(f, now)
	leaf := a.Sign(f, bimitest.Mark(now, "acme.example", []byte(bimitest.Logo)))
	f.Add(bimitest.PEM(leaf, a.Between))
	f.Add(leaf.Raw)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"))
	logo := bimi.ReadLogo([]byte(bimitest.Logo))
	f.Fuzz(func(t *testing.T, file []byte) {
		// The bytes are a file, and the whole of a certificate.
		for _, text := range [][]byte{file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: file})} {
			e := bimi.ReadEvidence(text, bimi.Options{Now: now, Names: []string{"acme.example"}, Logo: logo})
			if len(e.Faults) > 20 || len(e.Faults) == 0 {
				t.Errorf("%d faults in what no mark root has signed: %+v", len(e.Faults), e)
			}
		}
	})
}

// FuzzLogotype: whatever the extension is, reading it ends.
func FuzzLogotype(f *testing.F) {
	a := bimitest.NewAuthority(f, now)
	c := bimitest.Mark(now, "acme.example", []byte(bimitest.Logo))
	a.Sign(f, c)
	f.Add(c.Extension)
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := bimi.ReadLogotype(der)
		if (err == nil) != (got != nil) {
			t.Errorf("%q, %v", got, err)
		}
	})
}
