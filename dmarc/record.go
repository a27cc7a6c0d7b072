package dmarc

import (
	"slices"
	"strings"
)

// Policy is a Domain Owner Assessment Policy (RFC 9989, 4.7, tags p, sp and np).
type Policy string

// The policies, weakest first.
const (
	None       Policy = "none"
	Quarantine Policy = "quarantine"
	Reject     Policy = "reject"
)

// Mode is an alignment mode (RFC 9989, 4.7, tags adkim and aspf).
type Mode string

const (
	// Relaxed: the same Organizational Domain is enough.
	Relaxed Mode = "r"
	// Strict: the domains are identical.
	Strict Mode = "s"
)

// Record is a DMARC Policy Record as it was published, and what it means.
type Record struct {
	Text string `json:"text"`
	// Tags are all tags in their order, the version first.
	Tags []Tag `json:"tags"`
	// Problems are the places that the grammar does not allow (RFC 9989, 4.8).
	Problems []Problem `json:"problems"`

	// P, SP and NP are the published policies; empty if absent or invalid.
	P  Policy `json:"p" empty:"null"`
	SP Policy `json:"sp" empty:"null"`
	NP Policy `json:"np" empty:"null"`
	// ADKIM and ASPF are the modes in force.
	ADKIM Mode `json:"adkim"`
	ASPF  Mode `json:"aspf"`
	// FO are the failure options in force; the default is "0".
	FO []string `json:"fo"`
	// PSD is "y", "n" or "u", the default.
	PSD string `json:"psd"`
	// Testing is t=y: enforcement one level lower.
	Testing bool  `json:"t"`
	RUA     []URI `json:"rua"`
	RUF     []URI `json:"ruf"`

	// Historic tags (RFC 9989, C.5.2), which receivers by RFC 7489 still read;
	// nil if absent or invalid.
	Percent *int `json:"pct"`

	// quoted is the text that the record has in quotes, if a zone file has none around it
	// and lost what stands behind the first semicolon; otherwise "".
	quoted string
}

// Tag is one name=value of a record.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Offset and ValueOffset count bytes from the start of the record.
	Offset      int `json:"offset"`
	ValueOffset int `json:"value_offset"`
	// Status is "active", "historic" or "unknown" (RFC 9989, 9.3).
	Status string `json:"status"`
	// Invalid says why the value is not one that the tag can have; a default
	// stands in for it.
	Invalid string `json:"invalid" empty:"null"`
	// Duplicate: a tag of this name came before and stands.
	Duplicate bool `json:"duplicate"`
}

// Problem is one place that breaks the grammar of a tag list.
type Problem struct {
	// Offset counts bytes from the start of the record.
	Offset int `json:"offset"`
	// Text is the piece in question.
	Text string `json:"text"`
	// Reason says what is wrong with it, Hint what was probably meant.
	Reason string `json:"reason"`
	Hint   string `json:"hint" empty:"null"`
	// Harmless: nothing is lost by skipping it, and readers do.
	Harmless bool `json:"harmless"`
}

// URI is one report destination of rua or ruf.
type URI struct {
	Text   string `json:"text"`
	Offset int    `json:"offset"`
	// Scheme in lower case; only mailto must be supported (RFC 9989, 4.7).
	Scheme string `json:"scheme" empty:"null"`
	// Address and Host of a valid mailto URI, decoded.
	Address string `json:"address" empty:"null"`
	Host    string `json:"host" empty:"null"`
	// Size is the obsolete suffix, "10m" of "!10m".
	Size string `json:"size" empty:"null"`
	// Error says why it is no valid URI; Hint is what was probably meant.
	Error string `json:"error" empty:"null"`
	Hint  string `json:"hint" empty:"null"`
	// torn: what follows it was probably a part of it.
	torn bool
}

// Valid reports that the URI is syntactically valid (RFC 9989, 4.10.1 counts it).
func (u *URI) Valid() bool { return u.Error == "" }

// Supported reports that receivers are bound to send reports there.
func (u *URI) Supported() bool { return u.Valid() && u.Scheme == "mailto" }

// Tag returns the tag of that name that stands: the first.
func (r *Record) Tag(name string) (Tag, bool) {
	if i := r.indexOf(name); i >= 0 {
		return r.Tags[i], true
	}
	return Tag{}, false
}

// Effective gives the policies as a receiver applies them, defaults filled in:
// sp falls back to p, np to sp. Without a valid p, or with an invalid sp or np,
// the record counts as p=none if it has a valid rua URI, and otherwise not at
// all: usable is false (RFC 9989, 4.10.1).
func (r *Record) Effective() (p, sp, np Policy, usable bool) {
	return r.effective(r.Broken())
}

func (r *Record) effective(broken bool) (p, sp, np Policy, usable bool) {
	if broken {
		for i := range r.RUA {
			if r.RUA[i].Valid() {
				return None, None, None, true
			}
		}
		return "", "", "", false
	}
	p, sp, np = r.P, r.SP, r.NP
	if sp == "" {
		sp = p
	}
	if np == "" {
		np = sp
	}
	return p, sp, np, true
}

// Broken reports that p is missing or invalid, or sp or np invalid.
func (r *Record) Broken() bool {
	return r.P == "" || r.invalid("sp") || r.invalid("np")
}

// contradicts reports whether a tag is there more than once, with values that differ: what
// is in force is not known then.
func (r *Record) contradicts(name string) bool {
	first := r.indexOf(name)
	return first >= 0 && slices.ContainsFunc(r.Tags, func(t Tag) bool {
		return t.Duplicate && t.Name == name && !strings.EqualFold(t.Value, r.Tags[first].Value)
	})
}

func (r *Record) invalid(name string) bool {
	i := r.indexOf(name)
	return i >= 0 && r.Tags[i].Invalid != ""
}

// Lowered is the policy one level below, as t=y asks for (RFC 9989, 4.7, tag t).
func (p Policy) Lowered() Policy {
	if p == Reject {
		return Quarantine
	}
	return None
}

// rank orders policies by how much they enforce.
func (p Policy) rank() int {
	switch p {
	case Reject:
		return 2
	case Quarantine:
		return 1
	}
	return 0
}
