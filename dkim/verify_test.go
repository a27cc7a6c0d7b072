package dkim

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

// fixture is an example of a standard under testdata, with CRLF line ends.
func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\n", "\r\n")
}

// rfcZone has the keys of RFC 6376, Appendix C, and of RFC 8463, A.2.
func rfcZone(t testing.TB) resolver.Resolver {
	const rsaKey = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" +
		"DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
	return dnstest.Zone(t, fmt.Sprintf(`$ORIGIN example.com.
$TTL 300
@ SOA ns hostmaster 1 7200 3600 1209600 300
brisbane._domainkey TXT %s
brisbane._domainkey.football TXT %s
test._domainkey.football TXT %s
`, quoted("v=DKIM1; p="+rfc6376Key), quoted("v=DKIM1; k=ed25519; p="+ed25519Key), quoted("v=DKIM1; k=rsa; p="+rsaKey)))
}

func TestVerifyStandards(t *testing.T) {
	at := time.Date(2018, 6, 11, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ file, want string }{
		{"rfc6376-a2.eml", "example.com brisbane rsa-sha256 1024 pass"},
		{"rfc8463-a3.eml", "football.example.com brisbane ed25519-sha256 256 pass, football.example.com test rsa-sha256 1024 pass"},
	} {
		text := fixture(t, tt.file)
		for name, text := range map[string]string{"CRLF": text, "LF": strings.ReplaceAll(text, "\r\n", "\n"), "mbox": "From joe Fri Jul 11 21:01:54 2003\n" + text, "a byte order mark": "\xef\xbb\xbf" + text} {
			v, err := Verify(t.Context(), rfcZone(t), strings.NewReader(text), at)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range v.Signatures {
				got = append(got, fmt.Sprintf("%s %s %s %d %s", s.Domain, s.Selector, s.Algorithm, s.KeyBits, s.Result))
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("%s with %s: %s\n%+v", tt.file, name, s, v.Signatures)
			}
		}
	}
	v, err := Verify(t.Context(), rfcZone(t), strings.NewReader(fixture(t, "rfc6376-a2.eml")), at)
	if err != nil {
		t.Fatal(err)
	}
	s := v.Signatures[0]
	if s.Identity != "joe@football.example.com" || s.Canonicalization != "simple/simple" || fmt.Sprint(s.Headers) != "[received from to subject date message-id]" {
		t.Errorf("%+v", s)
	}
}

// mail is what the tests sign.
const mail = "From: Ann <ann@acme.example>\r\nTo: Bob <bob@shop.example>\r\nSubject:  Two   spaces \r\n and a fold\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n\r\n" +
	"Hi.  \r\n\r\nWe  won\tthe game. \r\n\r\n\r\n"

var edKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))

func edRecord() string {
	return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey))
}

func rsaRecord(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// keyZone publishes records at selectors of acme.example.
func keyZone(t testing.TB, records map[string]string) resolver.Resolver {
	t.Helper()
	text := ""
	for selector, record := range records {
		if strings.HasPrefix(record, "CNAME ") {
			text += selector + "._domainkey " + record + "\n"
		} else {
			text += selector + "._domainkey TXT " + quoted(record) + "\n"
		}
	}
	return resolver.NewOverlay(nil, parseZone(t, "acme.example", text+"www TXT here"), parseZone(t, "esp.example", ""))
}

// readAll reads the header of a message, and of its body the hash and length for a
// signature.
func readAll(t testing.TB, text string, s *signature) (*message, []byte, int64) {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(text))
	m, err := readHeader(r)
	if err != nil {
		t.Fatal(err)
	}
	h := newBodyHash(s.bodyKey())
	if err := copyBody(h, r); err != nil {
		t.Fatal(err)
	}
	bh := h.end()
	return m, bh, h.total
}

// seal signs a message as a DKIM-Signature of these tags, to which bh= and b= are
// added. Unlike the library, it signs whatever it is told to.
func seal(t testing.TB, message, tags string, key crypto.Signer) string {
	t.Helper()
	s := parseSignature("DKIM-Signature: "+tags+"\r\n", time.Now())
	m, bh, _ := readAll(t, message, s)
	field := "DKIM-Signature: " + tags + "; bh=" + base64.StdEncoding.EncodeToString(bh) + "; b="
	h := sha256.New()
	m.hashHeader(h, parseSignature(field+"\r\n", time.Now()))
	opts := crypto.SignerOpts(crypto.SHA256)
	if _, ok := key.(ed25519.PrivateKey); ok {
		opts = crypto.Hash(0)
	}
	sig, err := key.Sign(nil, h.Sum(nil), opts)
	if err != nil {
		t.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\r\n" + message
}

const edTags = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=acme.example; s=ed; h=from:to:subject:date"

func TestVerify(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ed := map[string]string{"ed": edRecord()}
	p512 := spki(t, 512)
	replace := func(s, old, new string) string {
		t.Helper()
		if !strings.Contains(s, old) {
			t.Fatalf("%q is not in the message", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	with := func(tags string) string { return seal(t, mail, tags, edKey) }
	good := with(edTags)
	tests := []struct {
		name, message string
		keys          map[string]string
		want          Result
		reason        string // a part of it
	}{
		{"good", good, ed, Pass, ""},
		{"good, simple", with(replace(edTags, "relaxed/relaxed", "simple/simple")), ed, Pass, ""},
		{"good, one canonicalization named", with(replace(edTags, "relaxed/relaxed", "relaxed")), ed, Pass, ""},
		{"good, none named", with(replace(edTags, " c=relaxed/relaxed;", "")), ed, Pass, ""},
		{"good, folded", replace(good, "; d=", ";\r\n\td="), ed, Pass, ""},
		{"good, with z= that the library trips over", with(edTags + "; z=From:joe@b=20example|To:x"), ed, Pass, ""},
		{"good, i= in other case", with(edTags + "; i=ann@News.ACME.example"), ed, Pass, ""},
		{"good, white space in the key", good, map[string]string{"ed": replace(edRecord(), "p=", "p=\t ")}, Pass, ""},
		{"good, many fields", strings.Repeat("X: y\r\n", 2001) + good, ed, Pass, ""},
		{"good, many folds", "X: y\r\n" + strings.Repeat(" z\r\n", 1001) + good, ed, Pass, ""},
		{"good, over-signed", with(edTags + ":from:reply-to"), ed, Pass, ""},
		{"good, its own field name in h=", with(edTags + ":dkim-signature"), ed, Pass, ""},
		{"good, its own field name in h= twice", with(edTags + ":DKIM-Signature:dkim-signature"), ed, Pass, ""},
		{"good, its own field name in h=, simple", with(replace(edTags, "relaxed/relaxed", "simple/simple") + ":dkim-signature"), ed, Pass, ""},

		{"body changed", replace(good, "won", "lost"), ed, Fail, "body hash did not verify: the body was changed after signing; the signed header fields were not"},
		{"body appended", good + "Sent by a list\r\n", ed, Fail, "body hash did not verify"},
		{"header changed", replace(good, "To: Bob", "To: Eve"), ed, Fail, "signature did not verify: a signed header field was changed or added"},
		{"body and header changed", replace(replace(good, "won", "lost"), "To: Bob", "To: Eve"), ed, Fail, "does not fit the header fields either"},
		{"field added to an over-signed name", "From: Eve <eve@evil.example>\r\n" + with(edTags+":from"), ed, Fail, "signature did not verify"},
		{"white space changed, relaxed", replace(good, "We  won\tthe", "We won the"), ed, Pass, ""},
		{"white space changed, simple", replace(with(replace(edTags, "relaxed/relaxed", "simple/simple")), "We  won", "We won"), ed, Fail, "body hash"},
		{"another key", good, map[string]string{"ed": "v=DKIM1; k=ed25519; p=" + ed25519Key}, Fail, "another key signed"},

		{"length, nothing appended", with(edTags + "; l=22"), ed, Policy, "l= signs only the first 22 of 25 octets of the body: anyone can append to the message; receivers may accept that or not (RFC 6376, 8.2)"},
		{"length of the whole body", with(edTags + "; l=25"), ed, Policy, "it verifies, over all 25 octets of the body, but with l= anyone can append to the message; receivers may accept that or not"},
		{"length, appended", with(edTags+"; l=25") + "Buy now\r\n", ed, Policy, "signs only the first 25 of 38 octets"},
		{"length zero", with(edTags + "; l=0"), ed, Policy, "first 0 of 25"},
		{"length, changed within", replace(with(edTags+"; l=25"), "won", "met"), ed, Fail, "body hash did not verify"},
		{"length over the body", with(edTags + "; l=100"), ed, PermError, "l=100 is more than the 25 octets"},
		{"length of 76 digits", with(edTags + "; l=" + strings.Repeat("9", 76)), ed, PermError, "is more than"},
		{"length of 77 digits", with(edTags + "; l=" + strings.Repeat("9", 77)), ed, PermError, "is no length"},
		{"length not a number", with(edTags + "; l=-1"), ed, PermError, "is no length"},

		{"expires later", with(edTags + "; t=1772300000; x=1772400000"), ed, Pass, ""},
		{"expired", with(edTags + "; t=1772300000; x=1772300001"), ed, PermError, "expired at 2026-02-28T17:33:21Z (x=; RFC 6376, 6.1.1); apart from that it verifies"},
		{"expired and changed", replace(with(edTags+"; x=1772300001"), "won", "lost"), ed, Fail, "besides, body hash did not verify"},
		{"expired before it was signed", with(edTags + "; t=1772300000; x=1772300000"), ed, PermError, "x= is not later than t="},
		{"expiry not a number", with(edTags + "; x=soon"), ed, PermError, `x="soon" is no time`},
		{"time of 13 digits", with(edTags + "; t=1000000000000"), ed, PermError, "up to 12 digits"},

		{"no key", good, nil, PermError, "no key for signature: ed._domainkey.acme.example has no TXT record (nxdomain)"},
		{"dangling alias", good, map[string]string{"ed": "CNAME ed.esp.example."}, PermError, "is an alias of ed.esp.example, which has no TXT record"},
		{"revoked", good, map[string]string{"ed": "v=DKIM1; k=ed25519; p="}, PermError, "key revoked"},
		{"malformed key", good, map[string]string{"ed": edRecord() + "; k=ed25519"}, PermError, "key syntax error: the tag k= is there twice"},
		{"no key in the record", good, map[string]string{"ed": "v=spf1 -all"}, PermError, "key syntax error"},
		{"key of another type", good, map[string]string{"ed": "v=DKIM1; p=" + spki(t, 2048)}, PermError, "the signature is ed25519-sha256, the key is of the type rsa"},
		{"key of an unknown type", good, map[string]string{"ed": "v=DKIM1; k=x448; p=AAAA"}, PermError, "inappropriate key algorithm"},
		{"key for another hash", good, map[string]string{"ed": edRecord() + "; h=sha1"}, PermError, "inappropriate hash algorithm: the key allows only sha1"},
		{"key for another service", good, map[string]string{"ed": edRecord() + "; s=tlsrpt"}, PermError, "not for mail: it allows only the service tlsrpt"},
		{"key without any hash", good, map[string]string{"ed": edRecord() + "; h="}, PermError, "key syntax error: h= is empty"},
		{"key without any service", good, map[string]string{"ed": edRecord() + "; s=;"}, PermError, "key syntax error: s= is empty"},
		{"key without any flag", good, map[string]string{"ed": edRecord() + "; t="}, Pass, ""},
		{"strict key, i= below", with(edTags + "; i=@news.acme.example"), map[string]string{"ed": edRecord() + "; t=s"}, PermError, "t=s"},
		{"strict key, i= the same", with(edTags + "; i=ann@acme.example"), map[string]string{"ed": edRecord() + "; t=s"}, Pass, ""},
		{"short key", replace(good, "ed25519-sha256", "rsa-sha256"), map[string]string{"ed": "v=DKIM1; p=" + p512}, PermError, "512 bits; signatures with RSA keys under 1024 have permanently failed (RFC 8301, 3.2)"},
		{"very long key", replace(good, "ed25519-sha256", "rsa-sha256"), map[string]string{"ed": "v=DKIM1; p=" + spki(t, 16386)}, Policy, "16386 bits"},
		{"rsa-sha1", replace(good, "ed25519-sha256", "rsa-sha1"), map[string]string{"ed": "v=DKIM1; p=" + spki(t, 2048)}, PermError, "rsa-sha1 must not be used: signatures with it have permanently failed (RFC 8301, 3.1)"},
		{"unknown algorithm", replace(good, "ed25519-sha256", "ed448-sha3"), ed, Neutral, `algorithm "ed448-sha3" is unknown`},
		{"algorithm in capitals", replace(good, "ed25519-sha256", "ED25519-SHA256"), ed, Neutral, "is unknown"},

		{"duplicate tag", replace(good, "s=ed;", "s=ed; s=ed;"), ed, PermError, "the tag s= is there twice"},
		{"no tag list", "DKIM-Signature: hello\r\n" + mail, ed, PermError, "malformed"},
		{"empty", "DKIM-Signature:\r\n" + mail, ed, PermError, "malformed"},
		{"no version", replace(good, "v=1; ", ""), ed, PermError, "required tag v= is missing"},
		{"version 2", replace(good, "v=1; ", "v=2; "), ed, PermError, `version "2" is unknown`},
		{"no selector", replace(good, " s=ed;", ""), ed, PermError, "required tag s= is missing"},
		{"no body hash", replace(good, "bh=", "zz="), ed, PermError, "required tag bh= is missing"},
		{"From not signed", with(replace(edTags, "h=from:to", "h=to")), ed, PermError, "From is not signed"},
		{"empty h=", replace(good, "h=from:to:subject:date", "h="), ed, PermError, "h= has an empty name"},
		{"i= elsewhere", with(edTags + "; i=ann@evil.example"), ed, PermError, "domain mismatch"},
		{"i= only ends alike", with(edTags + "; i=ann@notacme.example"), ed, PermError, "domain mismatch"},
		{"i= above", with(edTags + "; i=ann@example"), ed, PermError, "domain mismatch"},
		{"d= of one label", replace(good, "d=acme.example", "d=acme"), ed, PermError, `d="acme" is no domain name`},
		{"d= with a space", replace(good, "d=acme.example", "d=acme.exa*mple"), ed, PermError, "is no domain name"},
		{"canonicalization", replace(good, "c=relaxed/relaxed", "c=relaxed/nowsp"), ed, PermError, `canonicalization "nowsp" is unknown`},
		{"query method", with(edTags + "; q=http"), ed, PermError, "q="},
		{"query method among others", with(edTags + "; q=http:dns/txt"), ed, Pass, ""},
		{"b= no base64", good[:strings.Index(good, "; b=")+4] + "***\r\n" + mail, ed, PermError, "b= is no base64"},
		{"many names in h=", replace(good, "h=from", "h="+strings.Repeat("x:", maxSigned)+"from"), ed, Policy, "more than 500 names"},
		{"very long domain", replace(good, "d=acme", "d="+strings.Repeat("\u00fc", 1000)), ed, PermError, "longer than a name"},
		{"b= empty", good[:strings.Index(good, "; b=")+4] + "\r\n" + mail, ed, PermError, "b= is no base64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Verify(t.Context(), keyZone(t, tt.keys), strings.NewReader(tt.message), now)
			if err != nil || len(v.Signatures) != 1 {
				t.Fatalf("%+v, %v", v, err)
			}
			s := v.Signatures[0]
			if s.Result != tt.want || !strings.Contains(s.Reason, tt.reason) || (s.Reason == "") != (s.Result == Pass) {
				t.Errorf("%s: %q", s.Result, s.Reason)
			}
			if lf, err := Verify(t.Context(), keyZone(t, tt.keys), strings.NewReader(strings.ReplaceAll(tt.message, "\r\n", "\n")), now); err != nil || lf.Signatures[0].Result != s.Result {
				t.Errorf("with LF: %+v, %v", lf, err)
			}
		})
	}
}

// A signature that signs others is not among the fields that its own h= selects
// (RFC 6376, 3.5), wherever it stands. Those added later are.
func TestVerifySignsOthers(t *testing.T) {
	ed := map[string]string{"ed": edRecord()}
	const over = edTags + ":dkim-signature"
	// below puts the signature on top of a message under its other fields.
	below := func(message string) string {
		field, rest, _ := strings.Cut(message, "\r\n")
		return strings.Replace(rest, "\r\n\r\n", "\r\n"+field+"\r\n\r\n", 1)
	}
	first := seal(t, mail, edTags, edKey)
	for _, tt := range []struct {
		name, message string
		want          []Result // the top one first
	}{
		{"above", seal(t, first, over, edKey), []Result{Pass, Pass}},
		{"above, over-signed", seal(t, first, over+":dkim-signature", edKey), []Result{Pass, Pass}},
		{"below", below(seal(t, first, over, edKey)), []Result{Pass, Pass}},
		{"below, over-signed", below(seal(t, first, over+":dkim-signature", edKey)), []Result{Pass, Pass}},
		{"below, the other changed", strings.Replace(below(seal(t, first, over, edKey)), "s=ed", "s=no", 1), []Result{PermError, Fail}},
		{"one of two, both over-signed", seal(t, seal(t, mail, over, edKey), over+":dkim-signature", edKey), []Result{Pass, Fail}},
		{"three, each signs those below", seal(t, seal(t, first, over, edKey), over+":dkim-signature", edKey), []Result{Pass, Pass, Pass}},
	} {
		v, err := Verify(t.Context(), keyZone(t, ed), strings.NewReader(tt.message), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var got []Result
		for _, s := range v.Signatures {
			got = append(got, s.Result)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v\n%+v", tt.name, got, v.Signatures)
		}
	}
}

// Receivers differ about a signature with l= that verifies, and about no other.
func TestDisputed(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		want          bool
	}{
		{"whole body", seal(t, mail, edTags+"; l=25", edKey), true},
		{"appended", seal(t, mail, edTags+"; l=25", edKey) + "Buy now\r\n", true},
		{"without l=", seal(t, mail, edTags, edKey), false},
		{"changed", strings.Replace(seal(t, mail, edTags+"; l=25", edKey), "won", "met", 1), false},
		{"expired", seal(t, mail, edTags+"; l=25; x=1000000000", edKey), false},
		{"policy for another reason", strings.Replace(seal(t, mail, edTags+"; l=25", edKey), "h=from", "h="+strings.Repeat("x:", maxSigned)+"from", 1), false},
	} {
		v, err := Verify(t.Context(), keyZone(t, map[string]string{"ed": edRecord()}), strings.NewReader(tt.message), time.Now())
		if err != nil || v.Signatures[0].Disputed() != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, v, err)
		}
	}
}

// Two records at a selector are undefined, even if one of them is the key.
func TestVerifyMultipleRecords(t *testing.T) {
	r := resolver.NewOverlay(nil, parseZone(t, "acme.example", "ed._domainkey TXT "+quoted(edRecord())+"\ned._domainkey TXT \"v=DKIM1; p=\""))
	v, err := Verify(t.Context(), r, strings.NewReader(seal(t, mail, edTags, edKey)), time.Now())
	if err != nil || v.Signatures[0].Result != PermError || !strings.Contains(v.Signatures[0].Reason, "2 TXT records") {
		t.Errorf("%+v, %v", v, err)
	}
}

// What the DNS does not say is a temporary error, and never a permanent one.
func TestVerifyUnresolved(t *testing.T) {
	for _, reason := range []resolver.Reason{resolver.Timeout, resolver.ServFail, resolver.Refused, resolver.Malformed, resolver.Offline, resolver.Budget, resolver.Canceled} {
		v, err := Verify(t.Context(), &failing{reason}, strings.NewReader(seal(t, mail, edTags, edKey)), time.Now())
		if err != nil || v.Signatures[0].Result != TempError || !strings.Contains(v.Signatures[0].Reason, string(reason)) {
			t.Errorf("%s: %+v, %v", reason, v, err)
		}
	}
}

type failing struct{ reason resolver.Reason }

func (f *failing) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	return nil, &resolver.Error{Name: name, Type: t, Reason: f.reason}
}

// Messages signed by go-msgauth verify, and nothing else of them.
func TestVerifyLibrary(t *testing.T) {
	key := rsatest.Key(2048, 0)
	r := keyZone(t, map[string]string{"rsa": rsaRecord(t, key), "ed": edRecord()})
	for _, header := range []dkim.Canonicalization{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed} {
		for _, body := range []dkim.Canonicalization{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed} {
			for _, text := range []string{"", "\r\n\r\n", " \r\n", "a", "a \t b\r\n\r\n \t\r\n", "\r\na\r\n", ".\r\n..\r\n", "a\rb\r\n"} {
				message := strings.Split(mail, "\r\n\r\n")[0] + "\r\n\r\n" + text
				message = librarySign(t, message, &dkim.SignOptions{Domain: "acme.example", Selector: "rsa", Signer: key, HeaderCanonicalization: header, BodyCanonicalization: body})
				message = librarySign(t, message, &dkim.SignOptions{Domain: "acme.example", Selector: "ed", Signer: edKey, HeaderCanonicalization: header, BodyCanonicalization: body,
					HeaderKeys: []string{"From", "From", "DKIM-Signature", "Subject"}, Expiration: time.Now().Add(time.Hour), Identifier: "ann@acme.example"})
				v, err := Verify(t.Context(), r, strings.NewReader(message), time.Now())
				if err != nil || len(v.Signatures) != 2 || v.Signatures[0].Result != Pass || v.Signatures[1].Result != Pass || v.Signatures[1].KeyBits != 2048 {
					t.Errorf("%s/%s %q: %+v, %v", header, body, text, v, err)
				}
			}
		}
	}
}

func librarySign(t testing.TB, message string, o *dkim.SignOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := dkim.Sign(&b, strings.NewReader(message), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVerifySeveral(t *testing.T) {
	message := mail
	for range maxSignatures + 2 {
		message = seal(t, message, edTags, edKey)
	}
	r := &recorder{next: keyZone(t, map[string]string{"ed": edRecord()})}
	v, err := Verify(t.Context(), r, strings.NewReader(message), time.Now())
	if err != nil || len(v.Signatures) != maxSignatures+2 {
		t.Fatalf("%+v, %v", v, err)
	}
	for i, s := range v.Signatures {
		if want := map[bool]Result{true: Pass, false: Neutral}[i < maxSignatures]; s.Result != want || s.Domain != "acme.example" {
			t.Errorf("signature %d: %+v", i, s)
		}
	}
	if len(r.asked) != 1 {
		t.Errorf("the one key was asked %d times", len(r.asked))
	}
}

func TestVerifyWarnings(t *testing.T) {
	for _, tt := range []struct{ name, message, key, want string }{
		{"testing", seal(t, mail, edTags, edKey), edRecord() + "; t=y", "the key is in testing mode (t=y): verifiers must not treat the message differently from an unsigned one (RFC 6376, 3.6.1); in practice most ignore the flag"},
		{"own field in h=", seal(t, mail, edTags+":dkim-signature", edKey), edRecord(), "some verifiers take the signature itself for it, and fail it"},
		{"two From fields", "From: Eve <eve@evil.example>\r\n" + seal(t, mail, edTags, edKey), edRecord(), "2 From fields, of which 1 are signed"},
		{"unsigned fields", seal(t, mail, strings.ReplaceAll(edTags, ":subject:date", ""), edKey), edRecord(), "subject and date"},
		{"in the future", seal(t, mail, edTags+"; t=4102444800", edKey), edRecord(), "signed in the future: t= is 2100-01-01T00:00:00Z"},
	} {
		v, err := Verify(t.Context(), keyZone(t, map[string]string{"ed": tt.key}), strings.NewReader(tt.message), time.Now())
		if err != nil || v.Signatures[0].Result != Pass || !slices.ContainsFunc(v.Signatures[0].Warnings, func(w string) bool { return strings.Contains(w, tt.want) }) {
			t.Errorf("%s: %+v, %v", tt.name, v, err)
		}
	}
}

// Domains in U-labels are looked up as A-labels (RFC 8616, 5).
func TestVerifyInternationalized(t *testing.T) {
	r := resolver.NewOverlay(nil, parseZone(t, "xn--bcher-kva.example", "ed._domainkey TXT "+quoted(edRecord())))
	v, err := Verify(t.Context(), r, strings.NewReader(seal(t, mail, strings.Replace(edTags, "d=acme.example", "d=b\u00fccher.example", 1), edKey)), time.Now())
	if err != nil || v.Signatures[0].Result != Pass {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestVerifyMessages(t *testing.T) {
	r := keyZone(t, nil)
	for name, message := range map[string]string{"unsigned": mail, "no body": "From: a@acme.example\r\n", "header without its end": "From: a", "a line that is no field": "hello\r\nFrom: a"} {
		v, err := Verify(t.Context(), r, strings.NewReader(message), time.Now())
		if err != nil || v.Signatures == nil || len(v.Signatures) != 0 {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if data, _ := json.Marshal(&Verification{Signatures: []Signature{}}); string(data) != `{"signatures":[]}` {
		t.Errorf("no signatures are written %s", data)
	}
	for name, message := range map[string]string{"empty": "", "no header": "\r\nhi\r\n", "a line": "hello", "only a fold": " \r\n", "only a name": "From", "no name": ": x\r\n",
		"text": "He said: hello\r\n", "binary": "\x7fELF\x02\x01:\x00\n", "long binary data": "\x7fELF" + strings.Repeat("\x00", MaxHeader), "only a line of a mailbox": "From joe\n"} {
		if _, err := Verify(t.Context(), r, strings.NewReader(message), time.Now()); !errors.Is(err, ErrNotMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := seal(t, mail, edTags, edKey)
	r = keyZone(t, map[string]string{"ed": edRecord()})
	for name, message := range map[string]io.Reader{
		"header":        strings.NewReader("X: " + strings.Repeat("x", MaxHeader) + "\r\n\r\n"),
		"folded header": strings.NewReader("X: " + strings.Repeat("x\r\n ", MaxHeader/4) + "\r\n\r\n"),
	} {
		if _, err := Verify(t.Context(), r, message, time.Now()); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := copyBody(io.Discard, io.LimitReader(zeros{}, MaxBody)); err != nil {
		t.Error(err)
	}
	if err := copyBody(io.Discard, io.LimitReader(zeros{}, MaxBody+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("body: %v", err)
	}
	for name, text := range map[string]string{"header": "From: a", "body": good} {
		if _, err := Verify(t.Context(), r, io.MultiReader(strings.NewReader(text), broken{}), time.Now()); !errors.Is(err, errBroken) {
			t.Errorf("broken in the %s: %v", name, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error) { return 0, errBroken }

func FuzzVerify(f *testing.F) {
	good := seal(f, mail, edTags, edKey)
	f.Add(good)
	f.Add(fixture(f, "rfc6376-a2.eml"))
	f.Add(fixture(f, "rfc8463-a3.eml"))
	f.Add("DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=rsa; h=from; l=3; x=1; bh=AA==; b=AA==\nFrom: x\n\nhi")
	r := keyZone(f, map[string]string{"ed": edRecord(), "rsa": "v=DKIM1; p=" + rfc6376Key})
	f.Fuzz(func(t *testing.T, message string) {
		if len(message) > 1<<16 {
			t.Skip()
		}
		v, err := Verify(t.Context(), r, strings.NewReader(message), time.Unix(1772300000, 0))
		if err != nil {
			return
		}
		m, err := readHeader(bufio.NewReader(strings.NewReader(message)))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(m.named["dkim-signature"]); n != len(v.Signatures) {
			t.Errorf("%d of %d signatures", len(v.Signatures), n)
		}
		if len(m.fields) < 2000 && strings.Count(message, "\n") < 1000 { // its time grows with the square of them
			oracle(t, r, m, message, v)
		}
		for _, s := range v.Signatures {
			if s.Result == "" || (s.Reason == "") != (s.Result == Pass) || s.Headers == nil {
				t.Errorf("%+v", s)
			}
		}
	})
}

// oracle holds a verification against the one of go-msgauth: what that library
// verifies is no fail here, and what passes here is none there. A signature whose h=
// names DKIM-Signature is left out: the library takes the signature itself for one of
// the fields that it selects (RFC 6376, 3.5 says otherwise); so is one with times, which
// it judges by the clock of the machine, and one with l=, which it refuses.
func oracle(t *testing.T, r resolver.Resolver, m *message, text string, v *Verification) {
	t.Helper()
	head := strings.Join(m.fields, "") + "\r\n"
	body := bufio.NewReader(strings.NewReader(text))
	if _, err := readHeader(body); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if err := copyBody(&rest, body); err != nil {
		t.Fatal(err)
	}
	theirs, _ := dkim.VerifyWithOptions(io.MultiReader(strings.NewReader(head), &rest), &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			a, err := r.Lookup(t.Context(), name, resolver.TypeTXT)
			if err != nil {
				return nil, err
			}
			var texts []string
			for i := range a.Records {
				texts = append(texts, a.Records[i].Text())
			}
			return texts, nil
		},
	})
	if len(theirs) != min(len(v.Signatures), maxSignatures) {
		return // it counts other fields as signatures
	}
	for i, l := range theirs {
		s := v.Signatures[i]
		if slices.Contains(s.Headers, "dkim-signature") || s.BodyLength != nil || s.Expires != nil || s.Signed != nil {
			continue
		}
		if s.Result == Fail && l.Err == nil || s.Result == Pass && l.Err != nil {
			t.Errorf("signature %d is %s (%s), by the library: %v", i+1, s.Result, s.Reason, l.Err)
		}
	}
}

func FuzzParseSignature(f *testing.F) {
	for _, s := range []string{edTags + "; bh=AA==; b=AA==", "v=1;;a=; b\r\n =\r\n\t x ; h=::", "b=;b=", "d=\xc3\xbc.example; s=a.b; i=x=40@y; t=9; x=8; l=7; q=dns/txt:x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		field := "DKIM-Signature: " + value + "\r\n"
		s := parseSignature(field, time.Unix(1772300000, 0))
		own := s.withoutB()
		if b := s.tag("b"); b == nil && own != field || b != nil && len(own) != len(field)-(b.to-b.from) {
			t.Errorf("without b=: %q", own)
		}
		if s.Result == "" && (s.Domain == "" || s.Selector == "" || len(s.b) == 0 || len(s.bh) == 0) {
			t.Errorf("accepted %+v", s)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	key := rsatest.Key(2048, 0)
	r := keyZone(b, map[string]string{"rsa": rsaRecord(b, key)})
	for _, size := range []int{1 << 10, 1 << 20} {
		message := librarySign(b, mail+strings.Repeat("All work and no play makes Jack a dull boy.\r\n", size/45), &dkim.SignOptions{Domain: "acme.example", Selector: "rsa", Signer: key,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				if v, err := Verify(b.Context(), r, strings.NewReader(message), time.Now()); err != nil || v.Signatures[0].Result != Pass {
					b.Fatal(v, err)
				}
			}
		})
	}
}
