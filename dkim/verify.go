package dkim

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"math"
	"time"

	"mailworthy/resolver"
)

// The sizes of RSA keys that signatures are verified with. RFC 8301, 3.2 forbids
// shorter ones; much longer ones only cost time.
const (
	minKeyBits = 1024
	maxKeyBits = 16384
)

// Result is the outcome of one signature, by the names of RFC 8601, 2.7.1.
type Result string

const (
	// Pass: the signature verifies.
	Pass Result = "pass"
	// Fail: the message or the signature was changed, or another key signed.
	Fail Result = "fail"
	// Policy: it verifies, but in a way that is not acceptable (l=).
	Policy Result = "policy"
	// Neutral: it was not processed: an unknown algorithm, or one signature too many.
	Neutral Result = "neutral"
	// TempError: the DNS did not say what the key is.
	TempError Result = "temperror"
	// PermError: it can never verify, for a reason apart from the cryptography
	// (PERMFAIL of RFC 6376, 6.1.1 and 6.1.2).
	PermError Result = "permerror"
	// NotChecked is no result of a receiver: an offline run did not ask for the key.
	// Verify never gives it; see the package audit.
	NotChecked Result = "not checked"
)

// Verification is the outcome for all signatures of a message.
type Verification struct {
	// Signatures in the order of the header, the top one first; empty: not signed.
	Signatures []Signature `json:"signatures"`
}

// Signature is one DKIM-Signature header field and its outcome.
type Signature struct {
	Domain    string `json:"domain"`
	Selector  string `json:"selector"`
	Algorithm string `json:"algorithm"`
	// KeyBits is the size of the published key, 0 if there is none.
	KeyBits int    `json:"key_bits"`
	Result  Result `json:"result"`
	// Reason says why, in a sentence; empty for a plain pass.
	Reason string `json:"reason"`
	// Identity is i=, or its default "@" and the domain.
	Identity string `json:"identity"`
	// Canonicalization is c= with its defaults: "relaxed/simple".
	Canonicalization string `json:"canonicalization"`
	// Headers are the header fields signed (h=), in lower case.
	Headers []string `json:"headers"`
	// BodyLength is l=: the octets of the body that are signed; nil: all.
	BodyLength *int64     `json:"body_length"`
	Signed     *time.Time `json:"signed_at"`
	Expires    *time.Time `json:"expires_at"`
	// Testing: the key says t=y. A verifier must then not treat the message
	// differently from an unsigned one (RFC 6376, 3.6.1); most ignore the flag, and
	// Result does.
	Testing bool `json:"testing"`
	// Warnings are weaknesses of a signature whatever its result.
	Warnings []string `json:"warnings"`

	disputed bool
}

// Disputed reports that receivers differ: the signature verifies, and it is the
// receiver's to accept l= or to ignore a signature that has it (RFC 6376, 8.2).
func (s *Signature) Disputed() bool { return s.disputed && s.Result == Policy }

// Verify checks every DKIM signature of a message (RFC 6376, 6.1) at the time
// now. The error says that the message cannot be read, and wraps ErrTooLarge or
// ErrNotMessage if that is the reason; a signature that does not verify is no
// error. The body is read after the keys, and only if a signature needs it.
func Verify(ctx context.Context, r resolver.Resolver, message io.Reader, now time.Time) (*Verification, error) {
	body := bufio.NewReader(message)
	m, err := readHeader(body)
	if err != nil {
		return nil, err
	}
	var signatures []*signature
	fields := m.named["dkim-signature"]
	for _, i := range fields[:min(len(fields), maxListed)] {
		s := parseSignature(m.fields[i], now)
		s.at = i
		signatures = append(signatures, s)
	}
	for i, s := range signatures {
		if i >= maxSignatures {
			s.Result, s.Reason = Neutral, fmt.Sprintf("not checked: it is number %d, and %d are checked", i+1, maxSignatures)
			if more := len(fields) - maxListed; i+1 == maxListed && more > 0 {
				s.Reason += fmt.Sprintf("; %d more stand behind it", more)
			}
		}
	}
	keys := lookupKeys(ctx, r, signatures[:min(len(signatures), maxSignatures)])
	for _, s := range signatures[:min(len(signatures), maxSignatures)] {
		s.judgeKey(keys[s.name])
		s.judgeMessage(m)
	}
	if err := m.verify(body, signatures, keys, now); err != nil {
		return nil, err
	}
	v := &Verification{Signatures: make([]Signature, len(signatures))}
	for i, s := range signatures {
		v.Signatures[i] = s.Signature
	}
	return v, nil
}

// foundKey is what is published at the selector of a signature.
type foundKey struct {
	resolved
	keys []*Key
}

// lookupKeys asks for the keys of all signatures at once, each name once.
func lookupKeys(ctx context.Context, r resolver.Resolver, signatures []*signature) map[string]*foundKey {
	found := map[string]*foundKey{}
	b := resolver.NewBatch(ctx, r)
	for _, s := range signatures {
		if s.Domain == "" || s.Selector == "" || found[s.name] != nil {
			continue
		}
		f := &foundKey{}
		found[s.name] = f
		b.Ask(s.name, resolver.TypeTXT, f.set)
	}
	b.Run()
	for _, f := range found {
		if f.err != nil {
			continue
		}
		for i := range f.answer.Records {
			f.keys = append(f.keys, keyOf(&f.answer.Records[i]))
		}
	}
	return found
}

// judgeKey applies the rules of section 6.1.2 to the key of a signature.
func (s *signature) judgeKey(f *foundKey) {
	if f == nil {
		return // the signature does not say where its key is
	}
	if f.err != nil {
		e := resolver.AsError(f.err)
		if e.Reason == resolver.BadName {
			s.refuse(PermError, "%s cannot be a name in the DNS: %s", quote(s.asked), e.Detail)
		}
		s.refuse(TempError, "the key at %s could not be looked up: %s", s.name, e.Reason)
		return
	}
	if len(f.keys) == 0 {
		why := fmt.Sprintf("no key for signature: %s has no TXT record (%s)", s.name, f.answer.Status)
		if n := len(f.answer.CNAMEs); n > 0 {
			why = fmt.Sprintf("no key for signature: %s is an alias of %s, which has no TXT record (%s)", s.name, f.answer.CNAMEs[n-1], f.answer.Status)
		}
		s.refuse(PermError, "%s", why)
		return
	}
	k := f.keys[0]
	s.KeyBits, s.Testing = k.Bits, k.Testing
	if k.Testing {
		s.warn("the key is in testing mode (t=y): verifiers must not treat the message differently from an unsigned one (RFC 6376, 3.6.1); in practice most ignore the flag, and so it counts here as any other")
	}
	if k.Algorithm == algorithmRSA && k.Bits >= minKeyBits && k.Bits < 2048 {
		s.warn("the key has %d bits; 2048 are recommended (RFC 8301, 3.2)", k.Bits)
	}
	switch p := k.refusal(); {
	case len(f.keys) > 1:
		s.refuse(PermError, "%s has %d TXT records; one is allowed, and with more the result is undefined (RFC 6376, 3.6.2.2)", s.name, len(f.keys))
	case p != nil && p.Kind == ProblemAlgorithm:
		s.refuse(PermError, "inappropriate key algorithm: %s (RFC 6376, 6.1.2)", p.Detail)
	case p != nil:
		s.refuse(PermError, "key syntax error: %s (RFC 6376, 6.1.2)", p.Detail)
	case !k.allows(s.hash):
		s.refuse(PermError, "inappropriate hash algorithm: the key allows only %s (h=; RFC 6376, 6.1.2)", list(k.Hashes))
	case k.Revoked:
		s.refuse(PermError, "key revoked: p= is empty (RFC 6376, 6.1.2)")
	case k.Algorithm != s.keyType:
		s.refuse(PermError, "inappropriate key algorithm: the signature is %s, the key is of the type %s (RFC 6376, 6.1.2)", s.Algorithm, k.Algorithm)
	case !k.forMail():
		s.refuse(PermError, "the key is not for mail: it allows only the service %s (s=; RFC 6376, 3.6.1)", list(k.Services))
	case k.Strict && !s.identityIsDomain():
		s.refuse(PermError, "domain mismatch: the key has t=s, so i=%s must be in the domain %s itself (RFC 6376, 3.10)", quote(s.Identity), s.Domain)
	case k.Algorithm == algorithmRSA && k.Bits < minKeyBits:
		s.refuse(PermError, "the key has %d bits; signatures with RSA keys under %d have permanently failed (RFC 8301, 3.2)", k.Bits, minKeyBits)
	case k.Bits > maxKeyBits:
		s.refuse(Policy, "the key has %d bits; none over %d is used here (RFC 8301, 3.2 wants up to 4096)", k.Bits, maxKeyBits)
	}
}

// judgeMessage notes what of the message the signature leaves open.
func (s *signature) judgeMessage(m *message) {
	if len(s.Headers) == 0 {
		return
	}
	signed := map[string]int{}
	for _, name := range s.Headers {
		signed[name]++
	}
	if n := len(m.named["from"]); n > signed["from"] && signed["from"] > 0 {
		s.warn("the message has %d From fields, of which %d are signed (RFC 6376, 8.15)", n, signed["from"])
	}
	if n := signed["dkim-signature"]; n > 0 && n >= len(m.named["dkim-signature"]) {
		s.warn("h= names DKIM-Signature more often than there are other signatures: some verifiers take the signature itself for it, and fail it (RFC 6376, 3.5)")
	}
	var open []string
	fields := []string{"subject", "date", "to", "cc", "reply-to"}
	if s.BodyLength != nil {
		fields = append(fields, "content-type") // else the whole body is signed as it is
	}
	for _, name := range fields {
		if len(m.named[name]) > 0 && signed[name] == 0 {
			open = append(open, name)
		}
	}
	if len(open) > 0 {
		s.warn("not signed, so that they can be changed: %s (RFC 6376, 5.4.1)", list(open))
	}
}

// bodyKey is what a hash of the body depends on.
type bodyKey struct {
	canonicalization string
	// length is l=, math.MaxInt64 if there is none.
	length int64
}

func (s *signature) bodyKey() bodyKey {
	if s.BodyLength != nil {
		return bodyKey{s.body, *s.BodyLength}
	}
	return bodyKey{s.body, math.MaxInt64}
}

// verify computes the signatures that nothing was held against, reading the body
// once for all of them.
func (m *message) verify(body io.Reader, signatures []*signature, keys map[string]*foundKey, now time.Time) error {
	hashes := map[bodyKey]*bodyHash{}
	for _, s := range signatures {
		if s.Result == "" {
			hashes[s.bodyKey()] = nil
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	var readers []io.Writer
	for key := range hashes {
		hashes[key] = newBodyHash(key)
		readers = append(readers, hashes[key])
	}
	if err := copyBody(io.MultiWriter(readers...), body); err != nil {
		return err
	}
	sums := map[bodyKey][]byte{}
	for key, h := range hashes {
		sums[key] = h.end()
	}
	for _, s := range signatures {
		if s.Result != "" {
			continue
		}
		s.compute(m, keys[s.name].keys[0].public(), sums[s.bodyKey()], hashes[s.bodyKey()].total)
		s.expire(now)
	}
	return nil
}

// copyBody reads a body to its end, within the bound.
func copyBody(w io.Writer, body io.Reader) error {
	n, err := io.Copy(&crlfWriter{to: w}, io.LimitReader(body, MaxBody+1))
	if err != nil {
		return readError(err)
	}
	if n > MaxBody {
		return fmt.Errorf("%w: a body over %d MiB", ErrTooLarge, MaxBody>>20)
	}
	return nil
}

// compute verifies a signature (RFC 6376, 6.1.3) by the hash of the body up to l=,
// and says what does not fit, if anything. The canonical body has total octets.
func (s *signature) compute(m *message, key crypto.PublicKey, bh []byte, total int64) {
	if s.BodyLength != nil && *s.BodyLength > total {
		s.refuse(PermError, "l=%d is more than the %d octets of the body (RFC 6376, 3.5)", *s.BodyLength, total)
		return
	}
	bodyFits := subtle.ConstantTimeCompare(bh, s.bh) == 1
	h := sha256.New()
	m.hashHeader(h, s)
	headerFits := verifyHash(key, h.Sum(nil), s.b)
	switch {
	case !bodyFits && headerFits:
		s.refuse(Fail, "body hash did not verify: the body was changed after signing; the signed header fields were not")
	case !bodyFits:
		s.refuse(Fail, "body hash did not verify: the body was changed after signing, and the signature does not fit the header fields either")
	case !headerFits:
		s.refuse(Fail, "signature did not verify: a signed header field was changed or added after signing, or another key signed; the body is as signed")
	case s.BodyLength != nil:
		s.disputed = true
		covers := fmt.Sprintf("but l= signs only the first %d of %d octets of the body:", *s.BodyLength, total)
		if *s.BodyLength == total {
			covers = fmt.Sprintf("over all %d octets of the body, but with l=", total)
		}
		s.refuse(Policy, "it verifies, %s anyone can append to the message; receivers may accept that or not (RFC 6376, 8.2)", covers)
	default:
		s.Result = Pass
	}
}

func verifyHash(key crypto.PublicKey, hashed, sig []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, hashed, sig) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, hashed, sig)
	}
	return false
}

// expire refuses a signature that is past its x=.
func (s *signature) expire(now time.Time) {
	if s.Expires == nil || !now.After(*s.Expires) {
		return
	}
	expired := fmt.Sprintf("the signature expired at %s (x=; RFC 6376, 6.1.1)", s.Expires.Format(time.RFC3339))
	switch s.Result {
	case Pass:
		s.Result, s.Reason = PermError, expired+"; apart from that it verifies"
	case Policy:
		s.Result, s.Reason = PermError, expired+"; apart from that: "+s.Reason
	default:
		s.Reason = expired + "; besides, " + s.Reason
	}
}
