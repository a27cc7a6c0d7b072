package dkim

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

// Key is a key record (RFC 6376, 3.6.1), with the defaults filled in.
type Key struct {
	// Record is the text of the record, strings joined.
	Record string `json:"record"`
	// Version is the value of v=, empty where there is none.
	Version string `json:"version,omitempty"`
	// Algorithm is the key type k=; "rsa" where there is none.
	Algorithm string `json:"algorithm"`
	// Bits is the size of the key: of the RSA modulus, 256 for Ed25519, 0 where
	// it could not be decoded.
	Bits     int         `json:"bits"`
	Encoding KeyEncoding `json:"encoding,omitempty"`
	// Exponent is the public exponent of an RSA key in decimal.
	Exponent string `json:"exponent,omitempty"`
	// Hashes are the acceptable hash algorithms h=; empty: all.
	Hashes []string `json:"hashes,omitempty"`
	// Services are the service types s=; "*" where there is none.
	Services []string `json:"services"`
	Flags    []string `json:"flags,omitempty"`
	// Testing is flag y, Strict flag s: the domain of i= must equal d=.
	Testing bool `json:"testing"`
	Strict  bool `json:"strict"`
	// Revoked: p= is there and empty.
	Revoked bool   `json:"revoked"`
	Notes   string `json:"notes,omitempty"`
	// Granularity is the value of the obsolete g=, nil where there is none.
	Granularity *string `json:"granularity,omitempty"`
	// Fingerprint is the SHA-256 of the key itself in hexadecimal, the same
	// however p= encodes it.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Problems are the defects in the order of the record.
	Problems []Problem `json:"problems,omitempty"`

	tags []tag
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
)

// Problem is a defect of a key record, and where it is. It implements error.
type Problem struct {
	Kind ProblemKind `json:"kind"`
	// Tag is the tag concerned, empty where the list as a whole is.
	Tag string `json:"tag,omitempty"`
	// Offset is the position in the record in octets, from 0.
	Offset int `json:"offset"`
	// Detail says what is wrong, as part of a sentence.
	Detail string `json:"detail"`
	// Tolerated: against the grammar, but verifiers read over it.
	Tolerated bool `json:"tolerated,omitempty"`
	// Exposed: anyone can sign with this key (a private key was published, or the
	// exponent makes every signature valid).
	Exposed bool `json:"exposed,omitempty"`
}

// Error implements error.
func (p *Problem) Error() string { return "dkim: key record: " + p.Detail }

type tag struct {
	name, value     string
	nameAt, valueAt int
}

// ParseKey reads a key record strictly. The Key is never nil: it holds what could
// be read. The error is the first Problem that verifiers do not read over, as a
// *Problem; nil where there is none. An empty p= is no error: the key is revoked.
func ParseKey(record string) (*Key, error) {
	return &Key{Record: record}, nil
}

// Usable reports that a verifier can use the key: decoded, not revoked, and
// nothing wrong that a verifier would refuse it for.
func (k *Key) Usable() bool { return false }
