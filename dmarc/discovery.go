package dmarc

import "mailworthy/finding"

// Discovery is what the DNS says about the DMARC policy of one domain.
type Discovery struct {
	// Domain is the Author Domain, as A-labels.
	Domain string `json:"domain"`
	// Error says why Domain cannot be asked about; all else is then empty.
	Error string `json:"error" empty:"null"`
	// Queries are the names of the walk in its order, up to where it stops.
	Queries []string `json:"queries"`
	Walk    []Step   `json:"walk"`
	// OrganizationalDomain by the walk (RFC 9989, 4.10.2), empty when undecided.
	OrganizationalDomain string `json:"organizational_domain" empty:"null"`
	// PolicyDomain is where the applicable record stands, empty when there is
	// none or that is undecided.
	PolicyDomain string  `json:"policy_domain" empty:"null"`
	Record       *Record `json:"record"`
	// Tag is where Policy comes from: "p", "sp" or "np".
	Tag string `json:"tag" empty:"null"`
	// Policy is what applies to the Author Domain, EffectivePolicy the same
	// after t; both empty if there is none or it is undecided. A Record
	// without a Policy that is not undecided is one that receivers do not apply.
	Policy          Policy `json:"policy" empty:"null"`
	EffectivePolicy Policy `json:"effective_policy" empty:"null"`
	// Undecided says what the DNS did not let us find out; empty strings if
	// all was.
	Undecided Undecided `json:"undecided"`
	// Exists is false if the Author Domain is NXDOMAIN, nil if not known.
	Exists    *bool            `json:"exists"`
	Existence finding.Evidence `json:"existence"`
	// RFC7489 is the answer by the public suffix list.
	RFC7489 *PublicSuffix `json:"rfc7489"`
	// Strays are records at names where no receiver looks.
	Strays []Stray `json:"strays"`
	// Beside is the answer for a CNAME at the name of the domain's own TXT record; nil
	// if it was not asked for or not answered.
	Beside *finding.Evidence `json:"beside"`
	// Wildcard is the question for a name that nobody published.
	Wildcard *Probe `json:"wildcard"`
	// Destinations are where the reports go, in the order of the record.
	Destinations []Destination `json:"destinations"`
	// DestinationsLeftOut counts hosts beyond the bound, not examined.
	DestinationsLeftOut int `json:"destinations_left_out"`

	// hoped are where reports would go as well by what was meant to be a record.
	hoped []*Destination
}

// Undecided says in a sentence each what could not be decided and why.
type Undecided struct {
	Policy               string `json:"policy" empty:"null"`
	OrganizationalDomain string `json:"organizational_domain" empty:"null"`
}

// Outcome says what a step of the walk brought.
type Outcome string

const (
	// HasRecord: exactly one DMARC Policy Record.
	HasRecord Outcome = "record"
	// Multiple: several; all are discarded (RFC 9989, 4.10, step 2).
	Multiple Outcome = "multiple"
	// NoRecord: none, though there may be other TXT.
	NoRecord Outcome = "none"
	// Unanswered: the DNS did not say.
	Unanswered Outcome = "unanswered"
)

// Step is one question of the walk.
type Step struct {
	Domain string `json:"domain"`
	// Name is the question: _dmarc.<Domain>.
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Record  *Record `json:"record"`
	// Records are the texts of several policy records.
	Records []string `json:"records"`
	// Others are TXT that are no policy records.
	Others []Other `json:"others"`
	// Suffix: the public suffix list has the name, or it is a top-level domain.
	Suffix   bool             `json:"public_suffix"`
	Evidence finding.Evidence `json:"evidence"`

	// meant is what stands where the alias was meant to lead whose target lost its final
	// dot; nil if that is not it.
	meant *meantAlias
	// wildcard: the answer is that of a wildcard of a loaded zone, which holds nothing at the name.
	wildcard bool
}

// Other is a TXT that is no DMARC Policy Record, and why not.
type Other struct {
	Text     string `json:"text"`
	Intended bool   `json:"intended"`
	Reason   string `json:"reason"`
	Hint     string `json:"hint" empty:"null"`

	quoted string // as of a Record
}

// PublicSuffix is the answer of a receiver by RFC 7489.
type PublicSuffix struct {
	OrganizationalDomain string `json:"organizational_domain"`
	PolicyDomain         string `json:"policy_domain" empty:"null"`
	Tag                  string `json:"tag" empty:"null"`
	Policy               Policy `json:"policy" empty:"null"`
	Undecided            string `json:"undecided" empty:"null"`
	// Differences are sentences, empty if the walk says the same.
	Differences []string           `json:"differences"`
	Evidence    []finding.Evidence `json:"evidence"`
}

// Stray is a policy record where no receiver looks for it.
type Stray struct {
	Name string `json:"name"`
	// Text is the record, empty if the DNS did not answer.
	Text     string           `json:"text" empty:"null"`
	Evidence finding.Evidence `json:"evidence"`

	// piece is another text at the name that begins as the rest of a record does; "" if there is none.
	piece string
}

// Probe asks whether a wildcard answers.
type Probe struct {
	Name string `json:"name"`
	// Answers: there is TXT at a name that nobody published; nil is not known.
	Answers  *bool            `json:"answers"`
	Texts    []string         `json:"texts"`
	Evidence finding.Evidence `json:"evidence"`
}

// Destination is a host that is to receive reports.
type Destination struct {
	Host string `json:"host"`
	// Addresses are the mailboxes of the record at this host; Tags "rua", "ruf".
	Addresses []string `json:"addresses"`
	Tags      []string `json:"tags"`
	// OrganizationalDomain of the host by its own walk, empty when undecided.
	OrganizationalDomain string `json:"organizational_domain" empty:"null"`
	// External: another organization's; nil when undecided.
	External *bool `json:"external"`
	// ExternalBySuffix: another organization's by the public suffix list.
	ExternalBySuffix bool `json:"external_by_public_suffix"`
	// Authorized: the destination says that it accepts these reports (RFC 9990,
	// section 4); nil when undecided or not needed.
	Authorized *bool `json:"authorized"`
	// AuthorizationName is where it says so.
	AuthorizationName string `json:"authorization_name" empty:"null"`
	// Reason says why it is not authorized, or why that is not known.
	Reason string `json:"reason" empty:"null"`
	// CanReceive: it has an MX that is not null, or an address; nil when undecided.
	CanReceive    *bool  `json:"can_receive"`
	ReceiveReason string `json:"receive_reason" empty:"null"`
	// Evidence by question.
	Authorization []finding.Evidence `json:"authorization_evidence"`
	Mail          []finding.Evidence `json:"mail_evidence"`
	Walk          []Step             `json:"walk"`
}
