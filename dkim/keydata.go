package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"mailworthy/internal/ascii"
)

// The algorithm identifiers of a SubjectPublicKeyInfo that are met in p=.
var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// rsaPublicKey is RSAPublicKey of RFC 8017, A.1.1.
type rsaPublicKey struct {
	N, E *big.Int
}

// subjectPublicKeyInfo is that of RFC 5280, 4.1.
type subjectPublicKeyInfo struct {
	Algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	Key asn1.BitString
}

// decode reads the public key in p= and measures it.
func (k *Key) decode(t *tag) {
	undecodable := func(format string, args ...any) *Problem {
		return k.problem(ProblemUndecodable, t, t.valueAt, "p= "+fmt.Sprintf(format, args...))
	}
	der, err := unbase64(t.value)
	defer func() {
		if k.Bits == 0 && strings.Contains(t.value, " ") {
			k.blanks(t)
		}
	}()
	if err != nil {
		at, detail := base64Problem(t.value)
		p := undecodable("%s", detail)
		p.Offset += at
		if block, _ := pem.Decode([]byte(unarmour(t.value))); block != nil {
			der = block.Bytes
		}
		p.Exposed = isPrivateKey(der)
		return
	}
	switch k.Algorithm {
	case algorithmEd25519:
		k.decodeEd25519(der, undecodable)
	case algorithmRSA:
		if !k.decodePlainRSA(der) {
			k.decodeRSA(der, undecodable)
		}
	}
	if k.Bits == 0 && isPrivateKey(der) {
		p := &k.Problems[len(k.Problems)-1] // it was found to be no public key
		p.Detail, p.Exposed = "p= holds a private key: everyone can sign with it", true
	}
}

// blanks says of a key that cannot be decoded what the blanks in it are: a form or
// a panel turned + into them. Verifiers leave white space out (RFC 6376, 3.6.1), and
// so find a key that is cut.
func (k *Key) blanks(t *tag) {
	p := &k.Problems[len(k.Problems)-1]
	if p.Exposed {
		return
	}
	if plus, ok := withPlus(t.value); ok {
		whole, _ := ParseKey("p=" + plus) // withPlus has read it
		p.Offset = t.valueAt + strings.IndexByte(t.value, ' ')
		p.Detail = fmt.Sprintf("p= has white space where + stood: with + in its place it is a key of %d bits, and without it the key is too short", whole.Bits)
	} else if !strings.ContainsAny(t.value, "+-") {
		p.Detail += "; white space may stand where + stood"
	}
}

func (k *Key) decodeEd25519(der []byte, undecodable func(string, ...any) *Problem) {
	if len(der) == ed25519.PublicKeySize {
		k.Bits, k.Encoding, k.material = 256, Raw, der
		k.fingerprint(der)
		return
	}
	if info, ok := parseSPKI(der); ok {
		if info.Algorithm.OID.Equal(oidEd25519) {
			undecodable("holds the Ed25519 key wrapped in a SubjectPublicKeyInfo; it must be the bare 32 octets, "+
				"which are p=%s (RFC 8463, 4.2)", base64.StdEncoding.EncodeToString(info.Key.Bytes))
		} else {
			undecodable("holds %s although k= says ed25519", algorithmName(info.Algorithm.OID))
		}
		return
	}
	undecodable("holds %d octets; an Ed25519 key has 32", len(der))
}

// plainRSA is the AlgorithmIdentifier rsaEncryption with its NULL (RFC 3279, 2.3.1).
const plainRSA = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"

// decodePlainRSA reads a key that has nothing unusual about it, as nearly all do.
// The library for ASN.1, which takes several times as long, reads the others.
func (k *Key) decodePlainRSA(der []byte) bool {
	if len(der) == ed25519.PublicKeySize {
		return false
	}
	key, encoding := der, PKCS1
	if info, rest, ok := element(der, 0x30); ok && len(rest) == 0 && len(info) > len(plainRSA) && string(info[:len(plainRSA)]) == plainRSA {
		octets, rest, ok := element(info[len(plainRSA):], 0x03)
		if !ok || len(rest) > 0 || len(octets) == 0 || octets[0] != 0 {
			return false
		}
		key, encoding = octets[1:], SPKI
	}
	pair, rest, ok := element(key, 0x30)
	if !ok || len(rest) > 0 {
		return false
	}
	modulus, pair, ok := oddInteger(pair)
	if !ok {
		return false
	}
	exponent, rest, ok := oddInteger(pair)
	if !ok || len(rest) > 0 || len(exponent) > 3 {
		return false
	}
	e := 0
	for _, b := range exponent {
		e = e<<8 | int(b)
	}
	if e == 1 {
		return false
	}
	k.Bits, k.Encoding, k.Exponent = 8*(len(modulus)-1)+bits.Len8(modulus[0]), encoding, strconv.Itoa(e)
	k.material = modulus
	k.fingerprint(key)
	return true
}

// element reads a DER element of a tag, up to 65535 octets.
func element(der []byte, tag byte) (value, rest []byte, ok bool) {
	if len(der) < 2 || der[0] != tag {
		return nil, nil, false
	}
	size, head := int(der[1]), 2
	switch {
	case size < 0x80:
	case size == 0x81 && len(der) > 2 && der[2] >= 0x80:
		size, head = int(der[2]), 3
	case size == 0x82 && len(der) > 3 && der[2] > 0:
		size, head = int(der[2])<<8|int(der[3]), 4
	default:
		return nil, nil, false
	}
	if len(der)-head < size {
		return nil, nil, false
	}
	return der[head : head+size], der[head+size:], true
}

// oddInteger reads a positive odd INTEGER, without the octet for the sign.
func oddInteger(der []byte) (value, rest []byte, ok bool) {
	value, rest, ok = element(der, 0x02)
	if !ok || len(value) == 0 || value[0] >= 0x80 || value[len(value)-1]&1 == 0 {
		return nil, nil, false
	}
	if value[0] == 0 {
		if value = value[1:]; value[0] < 0x80 {
			return nil, nil, false // not the shortest form
		}
	}
	return value, rest, true
}

func (k *Key) decodeRSA(der []byte, undecodable func(string, ...any) *Problem) {
	if len(der) == ed25519.PublicKeySize {
		undecodable("holds 32 octets, as an Ed25519 key has, but k= says rsa")
		return
	}
	insecure := func(format string, args ...any) {
		p := undecodable(format, args...)
		p.Kind, p.Exposed = ProblemInsecure, true
	}
	inner, encoding := der, PKCS1
	if info, ok := parseSPKI(der); ok {
		if !info.Algorithm.OID.Equal(oidRSA) {
			undecodable("holds %s although k= says rsa", algorithmName(info.Algorithm.OID))
			return
		}
		inner, encoding = info.Key.Bytes, SPKI
	}
	var key rsaPublicKey
	rest, err := asn1.Unmarshal(inner, &key)
	switch {
	case err != nil:
		undecodable("is no RSA public key: %s", derProblem(der))
	case len(rest) > 0:
		undecodable("has %d octets after the end of the key", len(rest))
	case key.N.Sign() <= 0 || key.E.Sign() <= 0:
		undecodable("is no RSA public key: its two numbers are not positive")
	case key.N.Bit(0) == 0:
		insecure("has an even modulus, so that anyone can compute the private key")
	case key.E.Cmp(big.NewInt(1)) == 0:
		insecure("has the exponent 1, with which any signature verifies")
	case key.E.Bit(0) == 0:
		insecure("has the even exponent %s, which no RSA key has", decimal(key.E))
	default:
		k.Bits, k.Encoding, k.Exponent = key.N.BitLen(), encoding, decimal(key.E)
		k.material = key.N.Bytes()
		if key.E.BitLen() > 31 {
			undecodable("has an exponent of %d bits; common libraries refuse more than 31", key.E.BitLen())
		}
		k.fingerprint(inner)
	}
}

// decimal is a number from the DNS, or its size if it is long.
func decimal(n *big.Int) string {
	if n.BitLen() > 128 {
		return fmt.Sprintf("a number of %d bits", n.BitLen())
	}
	return n.String()
}

func (k *Key) fingerprint(key []byte) {
	sum := sha256.Sum256(key)
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	k.Fingerprint = string(text[:])
}

// public returns the key for a verification, or nil if there is none.
func (k *Key) public() crypto.PublicKey {
	t := k.tag("p")
	if k.Bits == 0 || t == nil {
		return nil
	}
	der, err := unbase64(t.value)
	if err != nil {
		return nil
	}
	if k.Encoding == Raw {
		return ed25519.PublicKey(der)
	}
	key := readRSA(der)
	if key == nil || key.E.BitLen() > 31 {
		return nil
	}
	return &rsa.PublicKey{N: key.N, E: int(key.E.Int64())}
}

// readRSA reads an RSA key in either encoding, nil if it is not one.
func readRSA(der []byte) *rsaPublicKey {
	if info, ok := parseSPKI(der); ok {
		der = info.Key.Bytes
	}
	var key rsaPublicKey
	if _, err := asn1.Unmarshal(der, &key); err != nil {
		return nil
	}
	return &key
}

func parseSPKI(der []byte) (*subjectPublicKeyInfo, bool) {
	var info subjectPublicKeyInfo
	rest, err := asn1.Unmarshal(der, &info)
	return &info, err == nil && len(rest) == 0
}

func algorithmName(oid asn1.ObjectIdentifier) string {
	switch {
	case oid.Equal(oidRSA):
		return "an RSA key"
	case oid.Equal(oidRSAPSS):
		return "a key for RSASSA-PSS"
	case oid.Equal(oidEd25519):
		return "an Ed25519 key"
	case oid.Equal(oidEC):
		return "an elliptic-curve key (ECDSA), which DKIM does not have,"
	}
	return "a key of the unknown type " + oid.String()
}

func isPrivateKey(der []byte) bool {
	if len(der) == 0 {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	// Not x509.ParsePKCS1PrivateKey: it validates the primes, which takes long.
	var private struct {
		Version          int
		N, E, D, P, Q    *big.Int
		DP, DQ, QInverse *big.Int
	}
	_, err := asn1.Unmarshal(der, &private)
	return err == nil
}

// derProblem says why der is not what was expected, as far as that can be told.
func derProblem(der []byte) string {
	if _, err := x509.ParseCertificate(der); err == nil {
		return "it is a certificate, of which the public key alone belongs here"
	}
	if want, ok := derLength(der); ok && want > len(der) {
		return fmt.Sprintf("its encoding announces %d octets and has %d, so the end is missing", want, len(der))
	}
	return "it has neither encoding of one (SubjectPublicKeyInfo, RSAPublicKey)"
}

// derLength is the size that the outermost SEQUENCE announces.
func derLength(der []byte) (int, bool) {
	if len(der) < 2 || der[0] != 0x30 {
		return 0, false
	}
	if der[1] < 0x80 {
		return 2 + int(der[1]), true
	}
	n := int(der[1] & 0x7f)
	if n < 1 || n > 3 || len(der) < 2+n {
		return 0, false
	}
	size := 0
	for _, b := range der[2 : 2+n] {
		size = size<<8 | int(b)
	}
	return 2 + n + size, true
}

// unbase64 decodes base64string of RFC 6376, 2.10: padded, with folding white
// space anywhere.
func unbase64(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(stripFWS(s))
}

func stripFWS(s string) string {
	if !strings.ContainsAny(s, fws) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(fws, r) {
			return -1
		}
		return r
	}, s)
}

// base64Problem says why s cannot be decoded, and at which offset.
func base64Problem(s string) (int, string) {
	digits := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case strings.IndexByte(fws, c) >= 0:
		case ascii.IsLetter(c), ascii.IsDigit(c), c == '+', c == '/':
			digits++
		case c == '=':
			if rest := strings.Trim(s[i:], "="+fws); rest != "" {
				return i, "has padding before its end"
			}
			return i, "is no base64: the padding does not fit, so characters are missing or too many"
		default:
			if strings.HasPrefix(s[i:], "-----") {
				return i, "has the armour of a PEM file, which must be left out"
			}
			return i, fmt.Sprintf("has the character %s, which base64 does not have", quote(firstOf(s[i:])))
		}
	}
	if digits%4 == 1 {
		return len(s), fmt.Sprintf("is no base64: %d characters cannot be complete", digits)
	}
	return len(s), fmt.Sprintf("is no base64: it has %d characters and no padding, so the end is missing or was cut", digits)
}

// unarmour gives the lines of a PEM file back that a TXT record joined.
func unarmour(s string) string {
	s = strings.ReplaceAll(s, "----- ", "-----\n")
	begin, rest, ok := strings.Cut(s, "KEY-----")
	if !ok {
		return s
	}
	body, end, _ := strings.Cut(rest, "-----END")
	return begin + "KEY-----\n" + strings.TrimSpace(body) + "\n-----END" + end + "\n"
}

// firstOf is the first character of a text, of however many bytes.
func firstOf(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
