package transport

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// Signature is one of a set of records (RRSIG; RFC 4034, 3.1).
type Signature struct {
	Covers     string    `json:"covers"`
	Algorithm  int       `json:"algorithm"`
	KeyTag     int       `json:"key_tag"`
	Inception  time.Time `json:"inception"`
	Expiration time.Time `json:"expiration"`
}

// signatureTime is how the master form of a signature writes times (RFC 4034, 3.2).
const signatureTime = "20060102150405"

// readSignatures reads signatures in master form. What cannot be read is left out.
func readSignatures(answers []string) []Signature {
	out := []Signature{}
	for _, answer := range answers {
		// type covered, algorithm, labels, TTL, expiration, inception, key tag, signer, signature
		fields := strings.Fields(answer)
		if len(fields) < 9 {
			continue
		}
		algorithm, err1 := strconv.Atoi(fields[1])
		tag, err2 := strconv.Atoi(fields[6])
		until, err3 := time.Parse(signatureTime, fields[4])
		from, err4 := time.Parse(signatureTime, fields[5])
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
			continue
		}
		out = append(out, Signature{Covers: fields[0], Algorithm: algorithm, KeyTag: tag, Inception: from, Expiration: until})
	}
	return out
}

// left is what is left of a signature, and whether that is too little: the server that signs
// has missed the time to do so. Some sign for a day or two at a time.
func (s *Signature) left(now time.Time) (left time.Duration, little bool) {
	const week, days = 7 * 24 * time.Hour, 3 * 24 * time.Hour
	life := s.Expiration.Sub(s.Inception)
	left = s.Expiration.Sub(now)
	return left, left < life/10 || life > week && left < days
}

// signatures judges how long the signatures of the domain's own records last. Of several of
// one set the latest counts: one is enough.
func (f *DNSSECFacts) signatures(s *finding.Sheet) {
	if f.RRSIG == nil || len(f.Signatures) == 0 {
		return
	}
	latest := map[string]*Signature{}
	for i := range f.Signatures {
		one := &f.Signatures[i]
		if before := latest[one.Covers]; before == nil || one.Expiration.After(before.Expiration) {
			latest[one.Covers] = one
		}
	}
	var first *Signature
	for _, one := range latest {
		if _, little := one.left(f.now); little && (first == nil || one.Expiration.Before(first.Expiration) || one.Expiration.Equal(first.Expiration) && one.Covers < first.Covers) {
			first = one
		}
	}
	if s.Decided("dnssec-signature-expiring"); first == nil {
		return
	}
	left, _ := first.left(f.now)
	s.Add("dnssec-signature-expiring", finding.Finding{Evidence: []finding.Evidence{f.RRSIG.Evidence},
		Detail: fmt.Sprintf("The signature of %s %s ends at %s, in %s; it was made at %s and should have been renewed.", show.Escape(f.Domain), show.Cut(first.Covers, 20), show.RFC3339(first.Expiration),
			show.Duration(max(left, 0).Milliseconds()), show.RFC3339(first.Inception))})
}

// NSEC3 is how a zone proves what is not there by NSEC3 (RFC 5155, 4).
type NSEC3 struct {
	Iterations int `json:"iterations"`
	// Salt in hexadecimal, empty without.
	Salt string `json:"salt"`
}

// readNSEC3 reads NSEC3PARAM records in master form; nil: there is none.
func readNSEC3(answers []string) *NSEC3 {
	for _, answer := range answers {
		fields := strings.Fields(answer)
		if len(fields) < 4 {
			continue
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			continue
		}
		p := &NSEC3{Iterations: n}
		if fields[3] != "-" {
			p.Salt = fields[3]
		}
		return p
	}
	return nil
}

// manyIterations are more than all validators count.
const manyIterations = 100

// denial judges how the zone proves what is not there.
func (f *DNSSECFacts) denial(s *finding.Sheet) {
	if f.NSEC3PARAM == nil || f.NSEC3PARAM.State == Unknown || f.SOA.State != Present {
		return // without an SOA the domain is within another one's zone
	}
	s.Decided("dnssec-nsec3-iterations")
	p := f.NSEC3
	if p == nil || p.Iterations == 0 && p.Salt == "" {
		return
	}
	salt := "no salt"
	if p.Salt != "" {
		salt = "the salt " + show.Cut(p.Salt, 40)
	}
	found := finding.Finding{Evidence: []finding.Evidence{f.NSEC3PARAM.Evidence}, Detail: fmt.Sprintf("NSEC3PARAM has %s and %s; 0 iterations without salt are best.", show.Counted(p.Iterations, "iteration"), salt)}
	if p.Iterations > manyIterations {
		found.Severity = finding.Warning
		found.Detail += " Resolvers that validate treat such a zone as unsigned, or fail."
	}
	s.Add("dnssec-nsec3-iterations", found)
}

// chain judges whether the DS at the parent is that of a key of the zone, if the keys fail
// validation: that may be why. Keys that pass it have their DS.
func (f *DNSSECFacts) chain(s *finding.Sheet) {
	switch {
	case f.DS.Security != Secure || f.DS.State != Present:
		return
	case f.DNSKEY.Security == Secure:
		s.Decided("dnssec-parent-ds")
		return
	case f.DNSKEY.Security != Bogus || f.DNSKEY.Unchecked != Present:
		return // a DS and no key: that is said as bogus alone
	}
	s.Decided("dnssec-parent-ds")
	for _, ds := range f.DS.Answers {
		for _, key := range f.DNSKEY.Answers {
			if resolver.IsDSOf(ds, f.Domain, key) {
				return
			}
		}
	}
	s.Add("dnssec-parent-ds", finding.Finding{Severity: finding.Critical, Title: "DS at the parent matches no DNSKEY", Evidence: []finding.Evidence{f.DS.Evidence, f.DNSKEY.Evidence},
		Detail: fmt.Sprintf("The parent has %s for %s, and none is that of a DNSKEY of the zone: nobody who validates sees the domain.", show.Counted(len(f.DS.Answers), "DS record"), show.Escape(f.Domain))})
}
