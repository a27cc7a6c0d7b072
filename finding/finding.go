// Package finding is the vocabulary that every other package speaks: what a
// check is, what it found, how bad that is, on what evidence, and what to
// publish instead.
//
// A Check is documentation: an ID, why a receiver cares, and the standard that
// says so. A Finding is one application of a check to one subject (a domain, an
// address, a selector). The packages of the protocols export their lists of
// checks and turn facts into findings with a Sheet; nothing here asks the DNS.
package finding

// Severity says what a receiver will do about a finding.
type Severity string

// The severities, worst first. Unknown stands apart: the DNS did not say.
const (
	// Critical: mail is rejected, or anyone can spoof or hijack the domain.
	Critical Severity = "critical"
	// Error: a receiver will act on it.
	Error Severity = "error"
	// Warning: a receiver may act on it, or it breaks when something small changes.
	Warning Severity = "warning"
	// Notice: worth knowing; hardly any receiver acts on it.
	Notice Severity = "notice"
	// Info: shown as context, never counted.
	Info Severity = "info"
	// Pass: the check was decided and nothing was wrong.
	Pass Severity = "pass"
	// Unknown: the DNS did not say, so the check is not decided.
	Unknown Severity = "unknown"
	// NotChecked: it was not asked on purpose (--offline). It counts as nothing.
	NotChecked Severity = "not-checked"
)

// Rank orders severities for display: critical, error, unknown, warning,
// notice, info, pass. Any other severity, NotChecked too, ranks below all.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 6
	case Error:
		return 5
	case Unknown:
		return 4
	case Warning:
		return 3
	case Notice:
		return 2
	case Info:
		return 1
	case Pass:
		return 0
	}
	return -1
}

// AtLeast reports whether s is as bad as limit or worse. Unknown, NotChecked, Info
// and Pass are at least nothing but themselves: what is not known is no failure.
func (s Severity) AtLeast(limit Severity) bool {
	if s == limit {
		return true
	}
	if s.Open() || limit.Open() || s == Info || s == Pass {
		return false
	}
	return s.Rank() > limit.Rank()
}

// Open reports whether the check is not decided: the DNS did not say, or was not
// asked.
func (s Severity) Open() bool { return s == Unknown || s == NotChecked }

// Check documents one rule. The ID and Severity are a contract with users'
// configurations: stable, kebab-case, prefixed by the protocol.
type Check struct {
	ID string `json:"id"`
	// Severity is the usual one; a condition named in Condition may change it.
	Severity Severity `json:"severity"`
	Section  Section  `json:"section"`
	// Title says in a few words what is wrong, without the subject. It is complete in
	// itself: it names the record, and reads the same if no section is around it.
	Title string `json:"title"`
	// Passed is the title of a finding of severity Pass. It is true of whatever the check
	// was decided for, a domain too that has nothing of the kind.
	Passed string `json:"passed"`
	// Condition says when the check fires and how its severity depends on the case.
	Condition string `json:"condition"`
	// Why says what a receiver does about it.
	Why string `json:"why"`
	// Remedy says in general what to do; a finding's Fix has the record.
	Remedy string `json:"remedy"`
	// Reference is the RFC and section, or the receiver's page.
	Reference string `json:"reference"`
	// Whole: the title speaks of the section as a whole. A finding that does not undecide
	// the section is about a part of it.
	Whole bool `json:"-"`
	// Examined: its findings say what was left out of the examination, and so are shown with
	// what was examined.
	Examined bool `json:"-"`
}

// Evidence is one thing that was looked at and what was seen: by default a question to
// the DNS and its answer.
type Evidence struct {
	// Kind is what was looked at; empty: the DNS.
	Kind EvidenceKind `json:"kind" empty:"null"`
	// Name is what was asked: a name, or by Kind a host and port, a URL, a file.
	Name string `json:"name"`
	// Type is the record type, or by Kind the protocol or what is looked at of Name.
	Type string `json:"type"`
	// Status is "found", "nodata", "nxdomain", or the reason why there is no
	// answer: "timeout", "servfail", "refused", …. See Answered for other kinds.
	Status string `json:"status"`
	// Answer holds the data, one string a record, as raw text: escape it for the medium.
	Answer []string `json:"answer"`
	// CNAMEs are the aliases followed to the answer, in order.
	CNAMEs []string `json:"cnames"`
	Server string   `json:"server" empty:"null"`
	Rcode  string   `json:"rcode" empty:"null"`
	// TTL in seconds.
	TTL uint32 `json:"ttl"`
	// AuthenticData is the AD bit of the answer (RFC 4035, 3.2.3).
	AuthenticData bool   `json:"authentic_data"`
	Note          string `json:"note" empty:"null"`
	// File is the zone file that answered, if one did. Lines are those of the records of
	// Answer in it, of the first twenty at most, or that of its SOA if there is no record.
	File  string `json:"file" empty:"null"`
	Lines []int  `json:"lines"`
	// Transcript is what was said, of a Connection or Fetch. No secret stands in it.
	Transcript []Said `json:"transcript"`
}

// Finding is one check applied to one subject.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Section  Section  `json:"section"`
	// Subject is the domain, address, name or selector that it is about.
	Subject string `json:"subject"`
	Title   string `json:"title"`
	// Detail says what was seen, with its figures, in full sentences.
	Detail string `json:"detail"`
	// Points is what fixing it gains in the total before caps, once the worse
	// findings of its section are fixed. The report fills it in.
	Points   float64    `json:"points"`
	Evidence []Evidence `json:"evidence"`
	Fix      *Fix       `json:"fix"`
	// Reference is the RFC section or page that the rule comes from.
	Reference string `json:"reference"`
	// CouldBe is the severity that an undecided finding would have at worst.
	CouldBe Severity `json:"could_be" empty:"null"`
	// Undecides: without this answer the section as a whole cannot be judged
	// and is left out of the mean.
	Undecides bool `json:"undecides_section"`
	// Partial: the title speaks of the section as a whole, and only a part of it is not
	// known, which the detail names. A sheet fills it in.
	Partial bool `json:"partial"`
	// Hint is how to state what the DNS cannot show: a flag and its value.
	Hint string `json:"hint" empty:"null"`
	// VerdictAs replaces Severity for the verdict alone, if the two differ.
	VerdictAs Severity `json:"verdict_as" empty:"null"`
	// Follows are what only follows from this finding and goes away with it: it is
	// listed here, counts in no number of findings and has no fix of its own. What is not
	// decided for one cause still leaves its section undecided (see Apart).
	Follows []Consequence `json:"follows"`
	// Accepted: the owner of the domain lives with it. It is shown with severity
	// info and counts nowhere.
	Accepted *Accepted `json:"accepted"`
}

// Accepted says until when and why a finding does not count.
type Accepted struct {
	// Severity is the one that it would have.
	Severity Severity `json:"severity"`
	// Until is the last day, in UTC, written 2027-03-31.
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// Profile says what a domain is for; the checks judge it accordingly.
type Profile string

const (
	// Sender: the domain sends mail.
	Sender Profile = "sender"
	// Parked: the domain declares that it neither sends nor needs to be spoofable
	// (v=spf1 -all, null MX, DMARC reject).
	Parked Profile = "parked"
	// Receiver: the domain receives mail and sends none.
	Receiver Profile = "receiver"
)
