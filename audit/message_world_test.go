package audit

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

var at = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// keys are those that the tests sign with.
var keys = sync.OnceValue(func() (k struct {
	rsa *rsa.PrivateKey
	ed  ed25519.PrivateKey
}) {
	k.rsa = rsatest.Key(2048, 0)
	k.ed = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	return k
})

// mailZone is a sender with all in order, its sending service, and domains that
// lack something.
func mailZone(t testing.TB) resolver.Resolver {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(keys().rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(der)
	rsaRecord := fmt.Sprintf(`"v=DKIM1; k=rsa; p=%s" "%s"`, text[:200], text[200:])
	ed := base64.StdEncoding.EncodeToString(keys().ed.Public().(ed25519.PublicKey))
	edRecord := fmt.Sprintf(`"v=DKIM1; k=ed25519; p=%s"`, ed)
	return dnstest.Zone(t, strings.NewReplacer("RSA", rsaRecord, "ED", edRecord, "+KEY+", ed).Replace(`$TTL 300
$ORIGIN example.
@ SOA ns hostmaster 1 7200 3600 1209600 300
acme SOA ns hostmaster 1 7200 3600 1209600 300
acme MX 10 mx1.acme
acme TXT "v=spf1 include:_spf.esp.example -all"
bounce.acme TXT "v=spf1 ip4:192.0.2.10 -all"
mx1.acme A 192.0.2.10
mx1.acme TXT "v=spf1 a -all"
r._domainkey.acme TXT RSA
e._domainkey.acme TXT ED
t._domainkey.acme TXT "v=DKIM1; k=ed25519; t=y; p=+KEY+"
_dmarc.acme TXT "v=DMARC1; p=reject; rua=mailto:d@acme.example"
strict SOA ns hostmaster 1 7200 3600 1209600 300
strict MX 10 mx1.acme
_dmarc.strict TXT "v=DMARC1; p=none; adkim=s; aspf=s"
e._domainkey.mail.strict TXT ED
esp SOA ns hostmaster 1 7200 3600 1209600 300
esp MX 10 mx1.acme
esp TXT "v=spf1 ip4:198.51.100.0/24 -all"
_spf.esp TXT "v=spf1 ip4:198.51.100.0/24 -all"
e._domainkey.esp TXT ED
soft SOA ns hostmaster 1 7200 3600 1209600 300
soft A 192.0.2.80
soft TXT "v=spf1 ~all"
twice SOA ns hostmaster 1 7200 3600 1209600 300
twice TXT "v=spf1 -all"
twice TXT "v=spf1 ~all"
nomx SOA ns hostmaster 1 7200 3600 1209600 300
nomx MX 0 .
mute SOA ns hostmaster 1 7200 3600 1209600 300
unusable SOA ns hostmaster 1 7200 3600 1209600 300
unusable A 192.0.2.80
_dmarc.unusable TXT "v=DMARC1; p=often"
gated MX 10 mx0a-00123401.pphosted.com.
pphosted.com. SOA ns hostmaster 1 7200 3600 1209600 300
mx0a-00123401.pphosted.com. A 203.0.113.77
xn--bcher-kva SOA ns hostmaster 1 7200 3600 1209600 300
xn--bcher-kva A 192.0.2.80
_dmarc.xn--bcher-kva TXT "v=DMARC1; p=reject"
e._domainkey.xn--bcher-kva TXT ED
`))
}

// draft is a message with nothing wrong in its header.
const draft = `From: Acme <info@acme.example>
To: You <you@receiver.example>
Subject: Your invoice
Date: Sat, 21 Nov 2026 09:00:00 +0000
Message-ID: <20261121.1@acme.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
List-Unsubscribe: <https://acme.example/u?1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click

Hello
`

// delivered puts the lines that the receiver writes on top.
func delivered(returnPath, text string) string {
	return "Return-Path: <" + returnPath + ">\nReceived: from mx1.acme.example (mx1.acme.example [192.0.2.10])\n" +
		"\tby mx.receiver.example with ESMTPS id 1; Sat, 21 Nov 2026 09:00:05 +0000\n" + text
}

// signedAt is when the messages of the tests are signed: after their Date, and
// before they are looked at.
var signedAt = time.Date(2026, 11, 21, 9, 0, 1, 0, time.UTC)

// signed signs a message by "selector@domain"; a selector r signs with RSA, others
// with Ed25519.
func signed(t testing.TB, text string, by ...string) string {
	t.Helper()
	text = strings.ReplaceAll(text, "\n", "\r\n")
	for _, s := range by {
		selector, domain, _ := strings.Cut(s, "@")
		key := crypto.Signer(keys().ed)
		if selector == "r" {
			key = keys().rsa
		}
		text = signature{domain: domain, selector: selector, signed: signedAt}.sign(t, text, key)
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// limited signs a draft by the selector e of a domain, with l= as long as the body.
func limited(t testing.TB, text, domain string) string {
	t.Helper()
	s := signature{domain: domain, selector: "e", signed: signedAt, length: true}
	return strings.ReplaceAll(s.sign(t, strings.ReplaceAll(text, "\n", "\r\n"), keys().ed), "\r\n", "\n")
}

// late signs a draft at a time, with x= if that is not zero.
func late(t testing.TB, text string, at, expires time.Time) string {
	t.Helper()
	s := signature{domain: "acme.example", selector: "e", signed: at, expires: expires}
	return strings.ReplaceAll(s.sign(t, strings.ReplaceAll(text, "\n", "\r\n"), keys().ed), "\r\n", "\n")
}

func null() *string { return new(string) }

func sender(s string) *string { return &s }
