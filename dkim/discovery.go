package dkim

import (
	"mailworthy/finding"
	"mailworthy/resolver"
)

// Mode says which selectors of the catalogue are asked besides the stated ones.
type Mode string

const (
	// Inferred: those of the providers that MX, SPF and CNAMEs point to, and the
	// ten most common.
	Inferred Mode = "inferred"
	// Common: those of the inferred providers and the most common, up to the bound.
	Common Mode = "common"
	// All: the whole catalogue.
	All Mode = "all"
)

// Proof says what the name _domainkey.<domain> proves about the names below it.
type Proof string

const (
	// ProofAbsent: NXDOMAIN, so no selector exists (RFC 8020, 2).
	ProofAbsent Proof = "nxdomain"
	// ProofExists: the name exists, so something exists at or below it.
	ProofExists Proof = "exists"
	// ProofUnknown: the DNS did not say.
	ProofUnknown Proof = "unknown"
)

// Discovery is what the DNS says about the DKIM keys of a domain.
type Discovery struct {
	Domain string `json:"domain"`
	Proof  Proof  `json:"proof"`
	// Catalogue is the mode that chose the guesses.
	Catalogue Mode `json:"catalogue"`
	// DKIMDomains are the other signing domains at which stated selectors were asked.
	DKIMDomains []string `json:"dkim_domains"`
	Wildcard    Wildcard `json:"wildcard"`
	// Providers are the services that the domain seems to use, and why.
	Providers []Inference `json:"providers"`
	// Selectors are all that were asked, stated ones first, in the order asked.
	Selectors []Selector `json:"selectors"`
	// Keys are the key records found, in the order of Selectors.
	Keys []PublishedKey `json:"keys"`
	// Mislaid are keys at names where nobody looks for them.
	Mislaid []Mislaid `json:"mislaid"`
	// Tried counts the selectors asked at the domain itself, Answered those of
	// them with records of their own, Unresolved those that the DNS did not
	// answer; the rest are absent.
	Tried      int `json:"tried"`
	Answered   int `json:"answered"`
	Unresolved int `json:"unresolved"`
	// LeftOut counts selectors that the mode asks for and the bound did not allow.
	LeftOut int `json:"left_out"`
	// HintsIncomplete: the DNS did not say all of MX and SPF, so providers may be missing.
	HintsIncomplete bool `json:"hints_incomplete"`
	// Questions counts all questions asked here.
	Questions int `json:"questions"`
	// Evidence is the question for _domainkey.<domain>.
	Evidence []finding.Evidence `json:"evidence"`

	// openNames: a wrong name at which a key may stand did not answer.
	openNames bool
}

// WildcardStatus says what random selectors are answered with.
type WildcardStatus string

const (
	// WildcardNone: random selectors do not exist.
	WildcardNone WildcardStatus = "none"
	// WildcardKey: random selectors are answered with a live key.
	WildcardKey WildcardStatus = "key"
	// WildcardRevoked: random selectors are answered with an empty p=, which says
	// that nothing signs here.
	WildcardRevoked WildcardStatus = "revoked"
	// WildcardOther: random selectors are answered with something that is no key.
	WildcardOther WildcardStatus = "other"
	// WildcardUnknown: the DNS did not say.
	WildcardUnknown WildcardStatus = "unknown"
)

// Wildcard is what two selectors that nobody would publish were answered with.
type Wildcard struct {
	Status WildcardStatus `json:"status"`
	// Records are the TXT records of the answer.
	Records []string `json:"records"`
	// CNAMEs are the aliases of the answer.
	CNAMEs   []string           `json:"cnames"`
	Evidence []finding.Evidence `json:"evidence"`
}

// Inference is a provider that the domain seems to use.
type Inference struct {
	Provider string `json:"provider"`
	// Why names what points to it: "mx aspmx.l.google.com".
	Why []string `json:"why"`
}

// SelectorStatus is the outcome of one question for a selector.
type SelectorStatus string

const (
	// SelectorFound: there are TXT records.
	SelectorFound SelectorStatus = "found"
	// SelectorNoData: the name exists without TXT records.
	SelectorNoData SelectorStatus = "nodata"
	// SelectorNXDomain: the name does not exist.
	SelectorNXDomain SelectorStatus = "nxdomain"
	// SelectorUnresolved: the DNS did not say.
	SelectorUnresolved SelectorStatus = "unresolved"
)

// Selector is one question for a selector and its outcome.
type Selector struct {
	Name string `json:"selector"`
	// Domain is where it was asked: the domain, or another signing domain.
	Domain string `json:"domain"`
	// Stated: the user says that it is in use; otherwise it is a guess.
	Stated bool `json:"stated"`
	// Listed: a zone that was loaded has the name.
	Listed bool           `json:"listed"`
	Status SelectorStatus `json:"status"`
	// Reason says why an unresolved question has no answer.
	Reason string `json:"reason" empty:"null"`
	// CNAMEs are the aliases followed. With an absent status they dangle.
	CNAMEs []string `json:"cnames"`
	// Provider is whose key it is; empty if that is not known. ProviderBy says
	// what it is known from: "cname", the target of the alias; "inferred", a
	// provider inferred for the domain uses this selector; "selector", the selector
	// is one that only this provider uses.
	Provider   string `json:"provider" empty:"null"`
	ProviderBy string `json:"provider_by" empty:"null"`
	// Wildcard: the answer is that of any selector.
	Wildcard bool `json:"wildcard"`
	// Evidence is the question and its answer; nil for a guess that is simply absent.
	Evidence *finding.Evidence `json:"evidence"`

	answer *resolver.Answer // nil if there is none
	// loop: it is an alias that leads back to itself, by others or without.
	loop bool
	// right is the answer for the name that a dangling alias was meant to lead to.
	right resolved
}

// QueryName is the name asked: <selector>._domainkey.<domain> (RFC 6376, 3.6.2.1).
func (s *Selector) QueryName() string { return s.Name + "._domainkey." + s.Domain }

// answered reports whether the selector has TXT records that are about it: its own,
// or a wildcard's that is a key.
func (d *Discovery) answered(s *Selector) bool {
	return s.Status == SelectorFound && !(s.Wildcard && d.Wildcard.Status == WildcardOther)
}

// Dangling reports that the selector is an alias whose end is absent.
func (s *Selector) Dangling() bool {
	return len(s.CNAMEs) > 0 && (s.Status == SelectorNoData || s.Status == SelectorNXDomain)
}

// PublishedKey is a key record where it is published.
type PublishedKey struct {
	Selector string `json:"selector"`
	Domain   string `json:"domain"`
	Stated   bool   `json:"stated"`
	Provider string `json:"provider" empty:"null"`
	// CNAMEs are the aliases followed to the record.
	CNAMEs []string `json:"cnames"`
	// Wildcard: the record answers any selector.
	Wildcard bool `json:"wildcard"`
	// RecordCount is the number of TXT records at the selector; one is right
	// (RFC 6376, 3.6.2.2). Of several, Key is the first that looks like a key.
	RecordCount int `json:"record_count"`
	// StringCount is the number of character strings of the record.
	StringCount int `json:"string_count"`
	Key

	evidence finding.Evidence
	// texts are the TXT records at the selector, up to a bound.
	texts []string
	// insecure says why anyone can sign with the key, see Key.insecurity.
	insecure string
	// quoted is the record as it would be in quotes, if a zone file has none around it and
	// lost what stands behind the first semicolon.
	quoted string
	// target is where an alias would lead that was published as text, and the key is.
	target string
	// targetKnown: there is a key, or it is a name of a service that may have one.
	targetKnown bool
}

// QueryName is the name of the record: <selector>._domainkey.<domain>.
func (k *PublishedKey) QueryName() string { return k.Selector + "._domainkey." + k.Domain }
