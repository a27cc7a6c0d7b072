package spf

import (
	"net/netip"
	"time"
)

// Result is the outcome of check_host() (RFC 7208, 2.6).
type Result string

const (
	// None: no domain to check, or no record there.
	None Result = "none"
	// Neutral: the domain says nothing about the client.
	Neutral Result = "neutral"
	// Pass: the client is authorised.
	Pass Result = "pass"
	// Fail: the client is not authorised.
	Fail Result = "fail"
	// SoftFail: the client is probably not authorised.
	SoftFail Result = "softfail"
	// TempError: the DNS did not answer; a later try may.
	TempError Result = "temperror"
	// PermError: the records are in error and must be changed.
	PermError Result = "permerror"
	// Unknown is no result of a receiver: the record has a macro whose value was not
	// stated (see Client.Assumed), and the result depends on it.
	Unknown Result = "unknown"
	// NotChecked is no result of a receiver either: an offline run did not ask.
	// CheckHost never gives it; see the package audit.
	NotChecked Result = "not checked"
)

// Client is what a receiver knows of an SMTP session when it checks SPF.
type Client struct {
	// IP is the address of the client.
	IP netip.Addr
	// HELO is the name given with HELO or EHLO.
	HELO string
	// MailFrom is the whole address of MAIL FROM; "" is the null sender, whose
	// identity is postmaster@HELO (RFC 7208, 2.4).
	MailFrom string
	// Domain replaces the domain to check; "" takes that of the identity.
	Domain string
	// Receiver is the name of the checking host, for %{r}; "" is "unknown".
	Receiver string
	// Now is the time for %{t}; zero is the time of the call.
	Now time.Time
	// Assumed says which values nobody stated, so that HELO and MailFrom hold guesses:
	// if a macro asks for one of them, the result is Unknown.
	Assumed Assumed
	// MaxQuestions bounds what the evaluation asks; zero is 30.
	MaxQuestions int
	// WithoutSteps: nobody looks at the steps of the evaluation, and it has none.
	WithoutSteps bool
}

// Assumed says what of a client is not known.
type Assumed struct {
	// HELO is the name given with HELO: %{h}.
	HELO bool
	// LocalPart is that of the address of MAIL FROM: %{l} and %{s}.
	LocalPart bool
	// Names says that the names of the client are not known if the question for them has
	// no answer: a receiver that gets one may come to another result, and so the result
	// is TempError unless it is Pass, though the standard goes on (RFC 7208, 5.5).
	Names bool
}

// Evaluation is the verdict of CheckHost and how it came about.
type Evaluation struct {
	Result Result `json:"result"`
	// Explanation is the domain's own text for a fail (RFC 7208, 6.2), empty
	// if it gives none. It is the text of a third party.
	Explanation string `json:"explanation"`
	// Domain is the one that was checked, in A-labels.
	Domain string `json:"domain"`
	// Identity is "mailfrom" or "helo".
	Identity string     `json:"identity"`
	IP       netip.Addr `json:"ip"`
	// Matched is the term that matched, as it is written; MatchedIn is the
	// domain of the record that holds it. Both are empty without a match.
	Matched   string `json:"matched"`
	MatchedIn string `json:"matched_in"`
	// Path are the include and redirect terms that led there, outermost first.
	Path []string `json:"path"`
	// Lookups and VoidLookups are the terms counted towards the limits of 10
	// and 2 (RFC 7208, 4.6.4) until the evaluation ended.
	Lookups     int `json:"lookups"`
	VoidLookups int `json:"void_lookups"`
	// Questions is how many the evaluation asked the DNS, addresses of MX and
	// PTR names included.
	Questions int `json:"questions"`
	// Error says why the result is an error, or none.
	Error string `json:"error"`
	// Bounded says that the result is temperror because of the bound on
	// questions, and not because of the DNS.
	Bounded bool `json:"bounded"`
	// Unstated are the macro letters that the result depends on and whose values were
	// not stated: "h", "l" or "s".
	Unstated []string `json:"unstated"`
	// Steps are the terms in the order they were evaluated.
	Steps []Step `json:"steps"`
}

// Step is one term as evaluated.
type Step struct {
	// Domain is that of the record, Term its text.
	Domain string `json:"domain"`
	Term   string `json:"term"`
	// Depth counts the includes and redirects around it.
	Depth int `json:"depth"`
	// Target is the name asked, after macro expansion; empty if none was.
	Target string `json:"target" empty:"null"`
	// Outcome is "match", "no match", "permerror" or "temperror"; that of a
	// redirect is the result of its target.
	Outcome string `json:"outcome"`
	// Lookups is the count of terms after this one began.
	Lookups int  `json:"lookups"`
	Void    bool `json:"void"`
	// Note says more: what an include returned, why an error.
	Note string `json:"note" empty:"null"`
}
