package dkim

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailworthy/internal/rsatest"
)

// spki is the p= of an RSA key of so many bits. It is a key in form only: nothing
// can be signed with it.
func spki(t testing.TB, bits int) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: modulus(bits), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func pkcs1(bits int) string {
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: modulus(bits), E: 65537}))
}

// modulus is an odd number of so many bits, in which nothing is amiss.
func modulus(bits int) *big.Int {
	n, found := moduli.Load(bits)
	if !found {
		n, _ = moduli.LoadOrStore(bits, makeModulus(bits))
	}
	return new(big.Int).Set(n.(*big.Int))
}

// moduli are those that were made: to look for one takes a while.
var moduli sync.Map

func makeModulus(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	n.Add(n, new(big.Int).Lsh(big.NewInt(0x1234567), uint(bits/2)))
	for n.Add(n, big.NewInt(12345)); weakModulus(n.Bytes(), true) != ""; n.Add(n, big.NewInt(2)) {
	}
	return n
}

// rawRSA is an RSAPublicKey of any two numbers.
func rawRSA(t testing.TB, n, e *big.Int) string {
	t.Helper()
	der, err := asn1.Marshal(rsaPublicKey{n, e})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// ed25519Key is the key of RFC 8463, A.2.
const ed25519Key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

// rfc6376Key is the key of RFC 6376, Appendix C.
const rfc6376Key = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"

func edSPKI(t testing.TB) string {
	t.Helper()
	raw, _ := base64.StdEncoding.DecodeString(ed25519Key)
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(raw))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestParseKey(t *testing.T) {
	rsa2048 := spki(t, 2048)
	tests := []struct {
		name, record string
		want         Key // Bits, Algorithm, Encoding, Services, … as far as set
	}{
		{"RFC 6376 appendix C", "v=DKIM1; p=" + rfc6376Key, Key{Version: "DKIM1", Algorithm: "rsa", Bits: 1024, Encoding: SPKI, Exponent: "65537"}},
		{"RFC 8463 appendix A", "v=DKIM1; k=ed25519; p=" + ed25519Key, Key{Version: "DKIM1", Algorithm: "ed25519", Bits: 256, Encoding: Raw}},
		{"no version, final semicolon", "k=rsa;p=" + rsa2048 + ";", Key{Algorithm: "rsa", Bits: 2048, Encoding: SPKI, Exponent: "65537"}},
		{"bare RSAPublicKey", "v=DKIM1;k=rsa;p=" + pkcs1(2048), Key{Version: "DKIM1", Algorithm: "rsa", Bits: 2048, Encoding: PKCS1, Exponent: "65537"}},
		{"odd size", "p=" + spki(t, 1023), Key{Algorithm: "rsa", Bits: 1023, Encoding: SPKI, Exponent: "65537"}},
		{"over the limit", "p=" + spki(t, 4097), Key{Algorithm: "rsa", Bits: 4097, Encoding: SPKI, Exponent: "65537"}},
		{"exponent 3", "p=" + rawRSA(t, modulus(2048), big.NewInt(3)), Key{Algorithm: "rsa", Bits: 2048, Encoding: PKCS1, Exponent: "3"}},
		{"white space everywhere", " v = DKIM1 ;\tk\r\n = rsa ; p = " + rsa2048[:40] + " \r\n\t" + rsa2048[40:] + " ; ",
			Key{Version: "DKIM1", Algorithm: "rsa", Bits: 2048, Encoding: SPKI, Exponent: "65537"}},
		{"revoked", "v=DKIM1; p=", Key{Version: "DKIM1", Algorithm: "rsa", Revoked: true}},
		{"flags and lists", "v=DKIM1; h= sha1 : sha256; s=email:tlsrpt; t=y:s; n=a note=1; p=" + rsa2048,
			Key{Version: "DKIM1", Algorithm: "rsa", Bits: 2048, Encoding: SPKI, Exponent: "65537", Hashes: []string{"sha1", "sha256"},
				Services: []string{"email", "tlsrpt"}, Flags: []string{"y", "s"}, Testing: true, Strict: true, Notes: "a note=1"}},
		{"unknown tags are ignored", "v=DKIM1; x_1=1; p=" + rsa2048 + "; zz=", Key{Version: "DKIM1", Algorithm: "rsa", Bits: 2048, Encoding: SPKI, Exponent: "65537"}},
		{"granularity", "v=DKIM1; g=; p=" + rsa2048, Key{Version: "DKIM1", Algorithm: "rsa", Bits: 2048, Encoding: SPKI, Exponent: "65537", Granularity: new(string)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := ParseKey(tt.record)
			if err != nil || len(k.Problems) > 0 {
				t.Fatalf("ParseKey: %v, problems %+v", err, k.Problems)
			}
			if k.Live() == tt.want.Revoked {
				t.Errorf("Live is %v", k.Live())
			}
			if !k.Revoked && len(k.Fingerprint) != 64 {
				t.Errorf("fingerprint %q", k.Fingerprint)
			}
			want := tt.want
			want.Record, want.Fingerprint, want.tags, want.material = k.Record, k.Fingerprint, k.tags, k.material
			if want.Services == nil {
				want.Services = []string{"*"}
			}
			if got, want := fmt.Sprintf("%+v", noPointer(k)), fmt.Sprintf("%+v", noPointer(&want)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// noPointer makes a key comparable by its text.
func noPointer(k *Key) any {
	g := "none"
	if k.Granularity != nil {
		g = "g=" + *k.Granularity
	}
	c := *k
	c.Granularity, c.tags = nil, nil
	return []any{g, c}
}

func TestParseKeyProblems(t *testing.T) {
	rsa2048 := spki(t, 2048)
	tests := []struct {
		name, record string
		kind         ProblemKind
		offset       int
		detail       string // a part of it
	}{
		{"empty", "", ProblemSyntax, 0, "empty"},
		{"no key", "v=DKIM1; k=rsa", ProblemSyntax, 14, "no p= tag"},
		{"key in capitals", "v=DKIM1; P=" + rsa2048, ProblemSyntax, 11 + len(rsa2048), "case-sensitive"},
		{"duplicate", "v=DKIM1; p=" + rsa2048 + "; k=rsa; k=rsa", ProblemSyntax, 20 + len(rsa2048), "k= is there twice"},
		{"duplicate, one empty", "v=DKIM1; p=; p=" + rsa2048, ProblemSyntax, 13, "p= is there twice"},
		{"no equals sign", "v=DKIM1; rsa; p=" + rsa2048, ProblemSyntax, 9, `"rsa" has no equals sign`},
		{"tag name", "v=DKIM1; 2=3; p=" + rsa2048, ProblemSyntax, 9, `"2" is no tag name`},
		{"zone-file quotes", `"v=DKIM1; p=` + rsa2048 + `"`, ProblemSyntax, 0, "quotation marks"},
		{"non-ASCII", "v=DKIM1; n=caf\xc3\xa9; p=" + rsa2048, ProblemSyntax, 14, "octet 0xc3"},
		{"line break", "v=DKIM1; p=" + rsa2048[:20] + "\n" + rsa2048[20:], ProblemSyntax, 31, "line break"},
		{"NUL", "v=DKIM1; n=\x00; p=" + rsa2048, ProblemSyntax, 11, "octet 0x00"},
		{"version last", "k=rsa; p=" + rsa2048 + "; v=DKIM1", ProblemVersion, 11 + len(rsa2048), "must be the first"},
		{"version in lower case", "v=dkim1; p=" + rsa2048, ProblemVersion, 2, "case-sensitive"},
		{"version 1.0", "v=DKIM1.0; p=" + rsa2048, ProblemVersion, 2, "exactly DKIM1"},
		{"version of SPF", "v=spf1 -all", ProblemVersion, 2, `"spf1 -all"`},
		{"missing semicolon", "v=DKIM1 k=rsa; p=" + rsa2048, ProblemVersion, 2, "a semicolon is missing"},
		{"escaped semicolons", `v=DKIM1\; k=rsa\; p=` + rsa2048, ProblemVersion, 2, "backslash"},
		{"algorithm", "v=DKIM1; k=dsa; p=" + rsa2048, ProblemAlgorithm, 11, "no key type"},
		{"algorithm in capitals", "v=DKIM1; k=RSA; p=" + rsa2048, ProblemAlgorithm, 11, "lower case"},
		{"empty algorithm", "v=DKIM1; k=; p=" + rsa2048, ProblemAlgorithm, 11, "no key type"},
		{"not base64", "p=" + rsa2048[:30] + "*" + rsa2048[31:], ProblemUndecodable, 32, `character "*"`},
		{"cut off", "p=" + rsa2048[:253], ProblemUndecodable, 255, "cannot be complete"},
		{"cut off at a boundary", "p=" + rsa2048[:252], ProblemUndecodable, 2, "announces 294 octets and has 189"},
		{"missing padding", "k=ed25519; p=" + strings.TrimRight(ed25519Key, "="), ProblemUndecodable, 56, "no padding"},
		{"blanks for plus", "p=" + strings.ReplaceAll(rfc6376Key, "+", " "), ProblemUndecodable, 2 + strings.IndexByte(rfc6376Key, '+'), "white space where + stood: with + in its place it is a key of 1024 bits"},
		{"a blank for plus, and cut", "p=" + strings.ReplaceAll(rfc6376Key, "+", " ")[:150], ProblemUndecodable, 2, "white space may stand where + stood"},
		{"padding inside", "p=AAAA==AAAA", ProblemUndecodable, 6, "padding before its end"},
		{"too much padding", "p=AAAA==", ProblemUndecodable, 6, "padding does not fit"},
		{"PEM", "p=-----BEGIN PUBLIC KEY-----" + rsa2048, ProblemUndecodable, 2, "armour"},
		{"trailing octets", "p=" + base64.StdEncoding.EncodeToString(append(mustDecode(t, pkcs1(2048)), 0)), ProblemUndecodable, 2, "1 octets after"},
		{"negative modulus", "p=" + rawRSA(t, big.NewInt(-12345), big.NewInt(3)), ProblemUndecodable, 2, "not positive"},
		{"exponent 0", "p=" + rawRSA(t, modulus(2048), new(big.Int)), ProblemUndecodable, 2, "not positive"},
		{"even modulus", "p=" + rawRSA(t, new(big.Int).Lsh(big.NewInt(1), 2047), big.NewInt(3)), ProblemInsecure, 2, "even modulus"},
		{"even exponent", "p=" + rawRSA(t, modulus(2048), big.NewInt(4)), ProblemInsecure, 2, "even exponent 4"},
		{"exponent 1", "p=" + rawRSA(t, modulus(2048), big.NewInt(1)), ProblemInsecure, 2, "any signature verifies"},
		{"huge exponent", "p=" + rawRSA(t, modulus(2048), modulus(2000)), ProblemUndecodable, 2, "exponent of 2000 bits"},
		{"Ed25519 in SPKI", "k=ed25519; p=" + edSPKI(t), ProblemUndecodable, 13, "p=" + ed25519Key},
		{"Ed25519 as RSA", "p=" + ed25519Key, ProblemUndecodable, 2, "32 octets"},
		{"Ed25519 in SPKI as RSA", "p=" + edSPKI(t), ProblemUndecodable, 2, "an Ed25519 key although k= says rsa"},
		{"RSA as Ed25519", "k=ed25519; p=" + rsa2048, ProblemUndecodable, 13, "an RSA key although k= says ed25519"},
		{"short Ed25519", "k=ed25519; p=AAAA", ProblemUndecodable, 13, "3 octets"},
		{"many tags", "a=;" + manyTags(mostTags) + "p=" + rsa2048, ProblemSyntax, 3 + 5*(mostTags-1), "more than 100 tags"},
		{"long list", "h=" + strings.Repeat("a:", mostTags) + "sha256; p=" + rsa2048, ProblemSyntax, 2, "a list of 101 entries"},
		{"empty hashes", "v=DKIM1; h=; p=" + rsa2048, ProblemSyntax, 11, "h= is empty; it needs at least one hash algorithm. OpenDKIM and others find none that they may use"},
		{"empty hashes with a colon", "v=DKIM1; h= : ; p=" + rsa2048, ProblemSyntax, 12, "h= is empty"},
		{"empty services", "v=DKIM1; s=; p=" + rsa2048, ProblemSyntax, 11, "s= is empty; it needs at least one service type"},
		{"text", "p=aGVsbG8gd29ybGQ=", ProblemUndecodable, 2, "neither encoding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := ParseKey(tt.record)
			var p *Problem
			if !errors.As(err, &p) {
				t.Fatalf("ParseKey gave %v", err)
			}
			if p.Kind != tt.kind || p.Offset != tt.offset || !strings.Contains(p.Detail, tt.detail) {
				t.Errorf("got %s at %d: %s", p.Kind, p.Offset, p.Detail)
			}
			if k.Live() {
				t.Error("the key is live")
			}
		})
	}
}

// manyTags are n tags of five octets.
func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t%02d=;", i)
	}
	return b.String()
}

func mustDecode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What verifiers read over is a problem, but the key is live.
func TestParseKeyTolerates(t *testing.T) {
	for _, record := range []string{"v=DKIM1;; p=%s", ";v=DKIM1; p=%s", "v=DKIM1; h=sha256:; p=%s", "v=DKIM1; s=*:9x; p=%s", "v=DKIM1; t=; p=%s", "v=DKIM1; s=:email; p=%s"} {
		record = fmt.Sprintf(record, spki(t, 2048))
		k, err := ParseKey(record)
		if err != nil || len(k.Problems) != 1 || !k.Problems[0].Tolerated || !k.Live() {
			t.Errorf("%.20s: %v, %+v", record, err, k.Problems)
		}
	}
}

func TestParseKeyExposed(t *testing.T) {
	key := rsatest.Key(2048, 0)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]string{
		"PKCS #1":    base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key)),
		"PKCS #8":    base64.StdEncoding.EncodeToString(pkcs8),
		"PEM joined": "-----BEGIN PRIVATE KEY-----" + base64.StdEncoding.EncodeToString(pkcs8) + "-----END PRIVATE KEY-----",
		"exponent 1": rawRSA(t, modulus(2048), big.NewInt(1)),
	} {
		k, _ := ParseKey("v=DKIM1; p=" + p)
		if !slices.ContainsFunc(k.Problems, func(p Problem) bool { return p.Exposed }) {
			t.Errorf("%s: not seen as exposed: %+v", name, k.Problems)
		}
	}
}

// One key has one fingerprint, however it is written down.
func TestFingerprint(t *testing.T) {
	a, _ := ParseKey("v=DKIM1; p=" + spki(t, 2048))
	b, _ := ParseKey("k=rsa; t=s; p= " + pkcs1(2048))
	c, _ := ParseKey("v=DKIM1; p=" + spki(t, 2050))
	if a.Fingerprint != b.Fingerprint || a.Fingerprint == c.Fingerprint || a.Fingerprint == "" {
		t.Errorf("fingerprints %s, %s, %s", a.Fingerprint, b.Fingerprint, c.Fingerprint)
	}
}

// A key that is read without the library for ASN.1 is read as with it, whatever
// octet of it is changed.
func TestDecodePlainRSA(t *testing.T) {
	agree := func(der []byte) bool {
		var plain, full Key
		if !plain.decodePlainRSA(der) {
			return false
		}
		full.decodeRSA(der, func(format string, args ...any) *Problem {
			return full.problem(ProblemUndecodable, &tag{}, 0, fmt.Sprintf(format, args...))
		})
		if !reflect.DeepEqual(plain, full) {
			t.Errorf("%x: %+v, want %+v", der, plain, full)
		}
		return true
	}
	for _, key := range []string{rfc6376Key, spki(t, 1024), spki(t, 2048), spki(t, 4096), pkcs1(512), pkcs1(1023), pkcs1(2048),
		rawRSA(t, modulus(1024), big.NewInt(3)), rawRSA(t, modulus(160), big.NewInt(1<<24-1))} {
		der := mustDecode(t, key)
		if !agree(der) {
			t.Errorf("%s is not plain", key)
		}
		for i := range der {
			if i > 50 && i < len(der)-10 {
				continue
			}
			for v := range 256 {
				changed := slices.Clone(der)
				changed[i] = byte(v)
				agree(changed)
			}
			agree(der[:i])
		}
		agree(append(der, 0))
	}
	for _, odd := range []string{rawRSA(t, modulus(1024), big.NewInt(1)), rawRSA(t, big.NewInt(-3), big.NewInt(3)),
		rawRSA(t, modulus(1024), big.NewInt(1<<24+1)), rawRSA(t, big.NewInt(0), big.NewInt(0)), ed25519Key, edSPKI(t)} {
		if agree(mustDecode(t, odd)) {
			t.Errorf("%s is plain", odd)
		}
	}
}

func TestRepaired(t *testing.T) {
	p := spki(t, 2048)
	tests := []struct{ name, record, want string }{
		{"version last", "k=rsa; p=" + p + "; v=DKIM1", "v=DKIM1; k=rsa; p=" + p},
		{"testing", "v=DKIM1; t=y; p=" + p, "v=DKIM1; p=" + p},
		{"testing and strict", "v=DKIM1; t=y:s; p=" + p, "v=DKIM1; t=s; p=" + p},
		{"granularity, sha1", "v=DKIM1; g=*; h=sha1; n=hi; p=" + p, "v=DKIM1; h=sha256; n=hi; p=" + p},
		{"a key for TLS reports", "v=DKIM1; t=y; s=tlsrpt; p=" + p, ""},
		{"empty lists", "v=DKIM1; h=; s=; t=; p=" + p, "v=DKIM1; h=sha256; s=email; p=" + p},
		{"empty entries in lists", "v=DKIM1; h=sha256:; s=:email; t=s:; p=" + p, "v=DKIM1; h=sha256; s=email; t=s; p=" + p},
		{"escapes", `v=DKIM1\; k=rsa\; p=` + p, "v=DKIM1; k=rsa; p=" + p},
		{"quotes", `"v=DKIM1; k=rsa; p=` + p[:100] + `" "` + p[100:] + `"`, "v=DKIM1; k=rsa; p=" + p},
		{"missing semicolon", "v=DKIM1 k=rsa; p=" + p, "v=DKIM1; k=rsa; p=" + p},
		{"capitals", "V=DKIM1; K=RSA; P=" + p, "v=DKIM1; k=rsa; p=" + p},
		{"PEM", "v=DKIM1; p=-----BEGIN PUBLIC KEY-----" + p + "-----END PUBLIC KEY-----", "v=DKIM1; p=" + p},
		{"padding", "v=DKIM1; k=ed25519; p=" + strings.TrimRight(ed25519Key, "="), "v=DKIM1; k=ed25519; p=" + ed25519Key},
		{"wrapped Ed25519", "v=DKIM1; k=rsa; p=" + edSPKI(t), "v=DKIM1; k=ed25519; p=" + ed25519Key},
		{"same tag twice", "v=DKIM1; k=rsa; k=rsa; p=" + p, "v=DKIM1; k=rsa; p=" + p},
		{"contradiction", "v=DKIM1; p=; p=" + p, ""},
		{"cut off", "v=DKIM1; p=" + p[:200], ""},
		{"a letter of another alphabet in k=", "v=DKIM1; k=rs\u0430; p=" + p, "v=DKIM1; k=rsa; p=" + p},
		{"p= of another alphabet", "v=DKIM1; k=rsa; \u0440=" + p, "v=DKIM1; k=rsa; p=" + p},
		{"revoked, of another alphabet", "v=DKIM1; k=rs\u0430; \u0440=", "v=DKIM1; k=rsa; p="},
		{"a quote in the key", "v=DKIM1; p=" + p[:200] + `"` + p[200:], ""},
		{"an apostrophe in the key", "v=DKIM1; p=" + p[:200] + "'" + p[200:], ""},
		{"a bracket in the key", "v=DKIM1; p=" + p[:200] + "(" + p[200:], ""},
		{"a semicolon in the key", "v=DKIM1; p=" + p[:200] + ";" + p[200:], ""},
		{"two pairs of quotes in the key", "v=DKIM1; p=" + p[:100] + `""` + p[100:200] + `" "` + p[200:], "v=DKIM1; p=" + p},
		{"the comment of opendkim-genkey", "v=DKIM1; k=rsa; p=" + p + " ; ----- DKIM key s1 for acme.example", "v=DKIM1; k=rsa; p=" + p},
		{"the comment behind half a key", "v=DKIM1; k=rsa; p=" + p[:200] + " ; ----- DKIM key s1 for acme.example", ""},
		{"something behind the key", "v=DKIM1; k=rsa; p=" + p + " ; ----- DKIM key s1", ""},
		{"a separator in h=", "v=DKIM1; h=sha,56; p=" + p, "v=DKIM1; h=sha256; p=" + p},
		{"another separator in h=", "v=DKIM1; h=sha1:sha2;56; p=" + p, "v=DKIM1; h=sha256; p=" + p},
		{"another hash", "v=DKIM1; h=sha512; p=" + p, "v=DKIM1; h=sha256:sha512; p=" + p},
		{"something else", "v=spf1 -all", ""},
	}
	for _, tt := range tests {
		k, _ := ParseKey(tt.record)
		if got := k.repaired(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{"v=DKIM1; k=rsa; p=" + rfc6376Key, "v=DKIM1; k=ed25519; p=" + ed25519Key, "v=DKIM1; p=", "p=;;", "v=DKIM1; h=sha1:; t=y:s; s=*; g=*; n=x; p=AA==",
		"v=DKIM1\\; p=A", "\"v=DKIM1 k=rsa; p=-----BEGIN PRIVATE KEY-----", "p=MAMCAQA="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, record string) {
		k, err := ParseKey(record)
		if k.Live() && (err != nil || k.public() == nil) {
			t.Errorf("live with error %v and key %v", err, k.public())
		}
		if fixed := k.repaired(); fixed != "" {
			if r, err := ParseKey(fixed); err != nil || !r.Live() && !r.Revoked {
				t.Errorf("repaired to %q: %v", fixed, err)
			}
		}
		for _, p := range k.Problems {
			if p.Offset < 0 || p.Offset > len(record) {
				t.Errorf("offset %d of %d", p.Offset, len(record))
			}
		}
		Lint([]byte(record))
	})
}

func BenchmarkParseKey(b *testing.B) {
	for _, bits := range []int{1024, 2048, 4096} {
		record := "v=DKIM1; k=rsa; p=" + spki(b, bits)
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseKey(record); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestQuoteKeepsCharacters: what is cut off is whole characters.
func TestQuoteKeepsCharacters(t *testing.T) {
	for n := 30; n < 50; n++ {
		if got := quote(strings.Repeat("a", n) + "\u00e9\u4e16\u00e9"); strings.Contains(got, "\\x") {
			t.Errorf("%d: %s", n, got)
		}
	}
	if _, said := base64Problem("abc\u00e9"); !strings.Contains(said, "\u00e9") {
		t.Error(said)
	}
}
