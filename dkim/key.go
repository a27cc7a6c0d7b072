package dkim

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
)

// KeyEncoding says how p= carries the public key.
type KeyEncoding string

const (
	// SPKI: a SubjectPublicKeyInfo (RFC 5280, 4.1), as Appendix C of RFC 6376 shows for RSA.
	SPKI KeyEncoding = "spki"
	// PKCS1: a bare RSAPublicKey (RFC 8017, A.1.1), as section 3.6.1 of RFC 6376 says.
	PKCS1 KeyEncoding = "pkcs1"
	// Raw: the 32 octets of an Ed25519 key (RFC 8463, 4.2).
	Raw KeyEncoding = "raw"
)

// The key types of k=.
const (
	algorithmRSA     = "rsa"
	algorithmEd25519 = "ed25519"
)

// Key is a key record (RFC 6376, 3.6.1), with the defaults filled in.
type Key struct {
	// Record is the text of the record, strings joined.
	Record string `json:"record"`
	// Version is the value of v=, empty if there is none.
	Version string `json:"version" empty:"null"`
	// Algorithm is the key type k=; "rsa" if there is none.
	Algorithm string `json:"algorithm"`
	// Bits is the size of the key: of the RSA modulus, 256 for Ed25519, 0 if
	// it could not be decoded.
	Bits     int         `json:"bits"`
	Encoding KeyEncoding `json:"encoding" empty:"null"`
	// Exponent is the public exponent of an RSA key in decimal.
	Exponent string `json:"exponent" empty:"null"`
	// Hashes are the acceptable hash algorithms h=; empty: all.
	Hashes []string `json:"hashes"`
	// Services are the service types s=; "*" if there is none.
	Services []string `json:"services"`
	Flags    []string `json:"flags"`
	// Testing is flag y, Strict flag s: the domain of i= must equal d=.
	Testing bool `json:"testing"`
	Strict  bool `json:"strict"`
	// Revoked: p= is there and empty.
	Revoked bool   `json:"revoked"`
	Notes   string `json:"notes" empty:"null"`
	// Granularity is the value of the obsolete g=, nil if there is none.
	Granularity *string `json:"granularity"`
	// Fingerprint is the SHA-256 of the key itself in hexadecimal, the same
	// however p= encodes it.
	Fingerprint string `json:"fingerprint" empty:"null"`
	// Problems are the defects in the order of the record.
	Problems []Problem `json:"problems"`

	tags []tag
	// material is the modulus of an RSA key, big-endian, or the 32 octets of an
	// Ed25519 key.
	material []byte
}

// ProblemKind is the rule that a key record breaks.
type ProblemKind string

const (
	// ProblemSyntax: not a tag list by RFC 6376, 3.2, or without p=.
	ProblemSyntax ProblemKind = "syntax"
	// ProblemVersion: v= is not first or not DKIM1.
	ProblemVersion ProblemKind = "version"
	// ProblemAlgorithm: k= names no known key type.
	ProblemAlgorithm ProblemKind = "algorithm"
	// ProblemUndecodable: p= is no key of the type k=.
	ProblemUndecodable ProblemKind = "undecodable"
	// ProblemInsecure: p= is a key that anyone can sign with, by its form alone.
	ProblemInsecure ProblemKind = "insecure"
)

// Problem is a defect of a key record, and where it is. It implements error.
type Problem struct {
	Kind ProblemKind `json:"kind"`
	// Tag is the tag concerned, empty if the list as a whole is.
	Tag string `json:"tag" empty:"null"`
	// Offset is the position in the record in octets, from 0.
	Offset int `json:"offset"`
	// Detail says what is wrong, as part of a sentence.
	Detail string `json:"detail"`
	// Tolerated: against the grammar, but verifiers read over it.
	Tolerated bool `json:"tolerated"`
	// refusedBySome: tolerated, but not by every verifier in use.
	refusedBySome bool
	// Exposed: anyone can sign with this key, since what is published is a private
	// key or makes every signature valid.
	Exposed bool `json:"exposed"`
}

// Error implements error.
func (p *Problem) Error() string { return "dkim: key record: " + p.Detail }

// ParseKey reads a key record strictly. The Key is never nil: it holds what could
// be read. The error is the first Problem that verifiers do not read over, as a
// *Problem; nil if there is none. An empty p= is no error: the key is revoked.
func ParseKey(record string) (*Key, error) {
	k := new(Key)
	k.read(record)
	if p := k.refusal(); p != nil {
		return k, p
	}
	return k, nil
}

// read reads the record into an empty key.
func (k *Key) read(record string) {
	k.Record, k.Algorithm, k.Services = record, algorithmRSA, []string{"*"}
	k.tags, k.Problems = parseTags(record, false)
	if !k.broken() {
		k.readTags()
		slices.SortStableFunc(k.Problems, func(a, b Problem) int { return a.Offset - b.Offset })
	}
	if len(k.Problems) > mostProblems {
		// Those for which the record is refused come first.
		slices.SortStableFunc(k.Problems, func(a, b Problem) int { return toleration(a) - toleration(b) })
		k.Problems = slices.Clip(k.Problems[:mostProblems:mostProblems])
		slices.SortStableFunc(k.Problems, func(a, b Problem) int { return a.Offset - b.Offset })
	}
}

// mostProblems bounds the defects of one record that are kept.
const mostProblems = 50

func toleration(p Problem) int {
	if p.Tolerated {
		return 1
	}
	return 0
}

// refusal is the first problem for which verifiers refuse the record, or nil.
func (k *Key) refusal() *Problem {
	for i := range k.Problems {
		if !k.Problems[i].Tolerated {
			return &k.Problems[i]
		}
	}
	return nil
}

// broken reports that the tag list as a whole is invalid.
func (k *Key) broken() bool {
	return slices.ContainsFunc(k.Problems, func(p Problem) bool { return p.Kind == ProblemSyntax && !p.Tolerated })
}

// Live reports that a verifier can use the key for mail: it is decoded, not
// revoked, and the record has nothing for which it is refused or ignored.
func (k *Key) Live() bool {
	return k.Bits > 0 && !k.Revoked && k.refusal() == nil && k.forMail() && k.allows("sha256")
}

// forMail reports whether s= includes mail (RFC 6376, 3.6.1).
func (k *Key) forMail() bool {
	return slices.Contains(k.Services, "*") || slices.Contains(k.Services, "email")
}

// allows reports whether h= accepts the hash algorithm.
func (k *Key) allows(hash string) bool { return len(k.Hashes) == 0 || slices.Contains(k.Hashes, hash) }

// tag returns the tag of a name, or nil.
func (k *Key) tag(name string) *tag {
	for i := range k.tags {
		if k.tags[i].name == name {
			return &k.tags[i]
		}
	}
	return nil
}

func (k *Key) problem(kind ProblemKind, t *tag, at int, detail string) *Problem {
	k.Problems = append(k.Problems, Problem{Kind: kind, Tag: t.name, Offset: at, Detail: detail})
	return &k.Problems[len(k.Problems)-1]
}

// readTags interprets the tags of section 3.6.1, those of others ignored.
func (k *Key) readTags() {
	if t := k.tag("v"); t != nil {
		k.Version = t.value
		if t.value != "DKIM1" {
			k.problem(ProblemVersion, t, t.valueAt, "v= must be exactly DKIM1, not "+quote(t.value)+versionHint(t.value))
		} else if t != &k.tags[0] {
			k.problem(ProblemVersion, t, t.nameAt, "v= must be the first tag; here "+k.tags[0].name+"= stands before it")
		}
	}
	if t := k.tag("k"); t != nil {
		k.Algorithm = t.value
		escaped := strings.HasSuffix(t.value, `\`) && strings.HasSuffix(k.Version, `\`) // one paste, said of v=
		if t.value != algorithmRSA && t.value != algorithmEd25519 && !escaped {
			detail := "k=" + quote(t.value) + " is no key type that verifiers know; rsa and ed25519 are"
			if at := runOn.FindStringSubmatch(t.value); at != nil {
				detail += ": a semicolon is missing before " + at[1] + "="
			} else if lower := strings.ToLower(t.value); lower == algorithmRSA || lower == algorithmEd25519 {
				detail += ", in lower case"
			}
			k.problem(ProblemAlgorithm, t, t.valueAt, detail)
		}
	}
	if t := k.tag("h"); t != nil {
		k.Hashes = k.words(t)
	}
	if t := k.tag("s"); t != nil {
		k.Services = k.words(t)
	}
	if t := k.tag("t"); t != nil {
		k.Flags = k.words(t)
		k.Testing = slices.Contains(k.Flags, "y")
		k.Strict = slices.Contains(k.Flags, "s")
	}
	if t := k.tag("n"); t != nil {
		k.Notes = t.value
	}
	if t := k.tag("g"); t != nil {
		k.Granularity = &t.value
	}
	t := k.tag("p")
	if t == nil {
		detail := "there is no p= tag, which is required"
		if k.tag("P") != nil {
			detail += "; tag names are case-sensitive, and P= is another tag"
		}
		at := len(k.Record)
		if in, i := k.swallowed(); in != nil {
			// What it does to the tag that has it is the same mistake.
			k.Problems = slices.DeleteFunc(k.Problems, func(p Problem) bool { return p.Tag == in.name })
			at = in.valueAt + i
			detail = "a semicolon is missing before p=, so that verifiers read it as a part of " + in.name + "= and find no p= tag, which is required"
		}
		k.Problems = append(k.Problems, Problem{Kind: ProblemSyntax, Tag: "p", Offset: at, Detail: detail})
		return
	}
	if k.Revoked = t.value == ""; !k.Revoked {
		k.decode(t)
	}
}

// runOn is a tag within the value of another, with no semicolon before it.
var runOn = lazyre.New(`(?:[ \t,:|/.&]|rsa|ed25519|DKIM1)([a-z])[ \t]*=`)

// swallowed finds p= within the value of another tag, and where it is there.
func (k *Key) swallowed() (*tag, int) {
	for i := range k.tags {
		t := &k.tags[i]
		for _, at := range runOn.FindAllStringSubmatchIndex(t.value, -1) {
			if t.value[at[2]:at[3]] == "p" {
				return t, at[2]
			}
		}
	}
	return nil, 0
}

// emptyLists say what an empty list comes to (RFC 6376, 3.6.1 wants one entry in
// each). Without flags nothing is amiss, and verifiers read over it.
var emptyLists = map[string]string{
	"h": "h= is empty; it needs at least one hash algorithm. OpenDKIM and others find none that they may use, some verifiers read it as if it were not there",
	"s": "s= is empty; it needs at least one service type, * or email. OpenDKIM and others find that the key is not for mail, some verifiers do not read s= at all",
	"t": "t= is empty; it needs at least one flag. Verifiers read it as if it were not there",
}

// words splits a colon-separated list of h=, s= or t=, folding white space around
// the colons left out.
func (k *Key) words(t *tag) []string {
	list := []string{}
	at := t.valueAt
	if n := strings.Count(t.value, ":") + 1; n > mostTags {
		k.problem(ProblemSyntax, t, at, fmt.Sprintf("%s= has a list of %d entries; more than %d are not read", t.name, n, mostTags))
		return list
	}
	if strings.Trim(t.value, ":"+fws) == "" {
		k.problem(ProblemSyntax, t, at, emptyLists[t.name]).Tolerated = t.name == "t"
		return list
	}
	for part := range strings.SplitSeq(t.value, ":") {
		word := strings.Trim(part, fws)
		switch {
		case word == "":
			k.problem(ProblemSyntax, t, at, t.name+"= has an empty entry in its list").Tolerated = true
		case !isHyphenatedWord(word) && !(t.name == "s" && word == "*"):
			k.problem(ProblemSyntax, t, at, t.name+"= has the entry "+quote(word)+", which is no word of letters, digits and hyphens").Tolerated = true
			list = append(list, word)
		default:
			list = append(list, word)
		}
		at += len(part) + 1
	}
	return list
}

// isHyphenatedWord implements hyphenated-word of RFC 6376, 2.10.
func isHyphenatedWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := ascii.IsLetter(c) || ascii.IsDigit(c)
		if !alnum && (c != '-' || i == 0 || i == len(s)-1) || i == 0 && !ascii.IsLetter(c) {
			return false
		}
	}
	return s != ""
}

func versionHint(v string) string {
	switch {
	case strings.HasSuffix(v, `\`):
		return ": the backslash is an escape of zone files that was pasted as text"
	case strings.EqualFold(v, "DKIM1"):
		return ": the comparison is case-sensitive"
	case strings.HasPrefix(v, "DKIM1"):
		return ": a semicolon is missing after DKIM1"
	}
	return ""
}
