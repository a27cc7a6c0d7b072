// Package receiver holds the published requirements of the large receivers
// against what an audit found, and says which a sender meets.
//
// A receiver does not read reports: it answers 550 5.7.26 to one message. The
// requirements behind such answers are few and public, they differ between
// receivers and grow with the volume that a domain sends. Some can be seen in the
// DNS, and for these the verdict is meets, fails or cannot tell, with the finding
// that causes it and the answer that a message would get. Others show only in
// the mail itself (complaints, TLS, a way to unsubscribe); they are listed as not
// shown by the DNS, and never as met.
//
// The package asks nothing and knows no protocol: its facts are filled in by
// whoever has them.
package receiver

import (
	"slices"
	"strings"
)

// Result is the verdict on a requirement, and on all of a receiver.
type Result string

const (
	// Meets: the DNS shows that the requirement is met.
	Meets Result = "meets"
	// Fails: the DNS shows that it is not.
	Fails Result = "fails"
	// CannotTell: the DNS did not say, or cannot.
	CannotTell Result = "cannot tell"
	// NotChecked: the audit was not to ask (--offline).
	NotChecked Result = "not checked"
)

// State of a fact.
type State string

const (
	Yes State = "yes"
	No  State = "no"
	// Unknown is also the zero value: what nobody looked at is not known.
	Unknown State = "unknown"
)

// Fact is one thing that a receiver asks for.
type Fact struct {
	State State `json:"state"`
	// Finding is the ID of the check that decided it, if it is not Yes.
	Finding string `json:"finding" empty:"null"`
	// Evidence is a sentence: what was seen.
	Evidence string `json:"evidence" empty:"null"`
}

// Facts are what the requirements are about. Each is worded so that Yes is good.
type Facts struct {
	// SPF passes for the envelope domains: for every sending address that is
	// known, else there is a valid record.
	SPF Fact `json:"spf"`
	// DKIM: a usable key is published. Unknown if no selector was found, which
	// does not mean that there is none.
	DKIM Fact `json:"dkim"`
	// DKIMRSA: a usable RSA key is published. Gmail and Microsoft verify no other.
	DKIMRSA Fact `json:"dkim_rsa"`
	// DKIMKeys: no RSA key is shorter than 1024 bits.
	DKIMKeys Fact `json:"dkim_keys"`
	// DMARC: a record with a policy applies to the domain.
	DMARC Fact `json:"dmarc"`
	// Aligned: From can align with the envelope domain or a DKIM domain.
	Aligned Fact `json:"aligned"`
	// NotEnforced: no DMARC policy asks for quarantine or rejection.
	NotEnforced Fact `json:"not_enforced"`
	// PTR: every sending address has a PTR name that leads back to it.
	PTR Fact `json:"ptr"`
	// HELO: the names stated as HELO have addresses.
	HELO Fact `json:"helo"`
	// SOA: the From and envelope domains, or their organizational domains, have an SOA.
	SOA Fact `json:"soa"`
	// TakesMail: neither the From nor an envelope domain has a null MX.
	TakesMail Fact `json:"takes_mail"`
	// AddressesUnlisted: no sending address is on Spamhaus ZEN.
	AddressesUnlisted Fact `json:"addresses_unlisted"`
	// DomainsUnlisted: no domain is on the Spamhaus DBL.
	DomainsUnlisted Fact `json:"domains_unlisted"`
}

// The volumes that receivers tell apart.
const (
	Bulk = "bulk"
	Low  = "low"
)

// Verdict says whether a sender meets the demands of one receiver.
type Verdict struct {
	Receiver string `json:"receiver"`
	// Volume is "bulk" or "low".
	Volume string `json:"volume"`
	// Who says to whom the requirements apply.
	Who string `json:"who"`
	// Result is of those requirements that the DNS shows.
	Result       Result        `json:"verdict"`
	Requirements []Requirement `json:"requirements"`
}

// Requirement is one thing that a receiver asks for, and whether it is met.
type Requirement struct {
	ID     string `json:"id"`
	Text   string `json:"requirement"`
	Result Result `json:"verdict"`
	// ShownByDNS: false for what shows only in the mail itself, or was not stated.
	ShownByDNS bool `json:"shown_by_dns"`
	// Because is a sentence: what was seen, or why it cannot be told.
	Because string `json:"because" empty:"null"`
	// Finding is the ID of the check that causes the verdict.
	Finding string `json:"finding" empty:"null"`
	// Code and Reply are what the receiver answers if the requirement fails;
	// the reply is its gist, as receivers change the wording.
	Code      string `json:"code" empty:"null"`
	Reply     string `json:"reply" empty:"null"`
	Reference string `json:"reference"`
}

// Judge holds the facts against the receivers' requirements for a volume, "bulk"
// or "low"; empty is both.
func Judge(f Facts, volume string) []Verdict {
	out := make([]Verdict, 0, len(Receivers))
	for i := range Receivers {
		r := &Receivers[i]
		if volume != "" && r.Volume != volume {
			continue
		}
		v := Verdict{Receiver: r.Name, Volume: r.Volume, Who: r.Who, Result: Meets}
		v.Requirements = make([]Requirement, 0, len(r.Rules))
		for i := range r.Rules {
			q := r.Rules[i].judge(&f)
			q.Reference = r.Reference
			v.Requirements = append(v.Requirements, q)
		}
		v.sum()
		out = append(out, v)
	}
	return out
}

// sum makes the verdict that of the worst requirement that the DNS shows.
func (v *Verdict) sum() {
	rank := []Result{Meets, NotChecked, CannotTell, Fails}
	v.Result = Meets
	for i := range v.Requirements {
		if q := &v.Requirements[i]; q.ShownByDNS && slices.Index(rank, q.Result) > slices.Index(rank, v.Result) {
			v.Result = q.Result
		}
	}
}

// NotCheckedIf changes the requirements that cannot be told to NotChecked if the
// check that leaves them open was not made on purpose.
func NotCheckedIf(verdicts []Verdict, unchecked func(check string) bool) {
	for i := range verdicts {
		v := &verdicts[i]
		for j := range v.Requirements {
			if q := &v.Requirements[j]; q.ShownByDNS && q.Result == CannotTell && unchecked(q.Finding) {
				q.Result = NotChecked
			}
		}
		v.sum()
	}
}

// Cause is the first requirement that decides the verdict; nil if it is Meets.
func (v *Verdict) Cause() *Requirement {
	for i := range v.Requirements {
		if q := &v.Requirements[i]; q.ShownByDNS && q.Result == v.Result && v.Result != Meets {
			return q
		}
	}
	return nil
}

// judge applies one rule.
func (r *Rule) judge(f *Facts) Requirement {
	q := Requirement{ID: r.ID, Text: r.Text, Code: r.Code, Reply: r.Reply, Result: CannotTell, ShownByDNS: true}
	if len(r.AnyOf) == 0 {
		q.ShownByDNS = false
		q.Because = "Not visible in DNS."
		return q
	}
	// One that is met suffices; if none is, one that is not known keeps it open.
	q.Result = Fails
	for _, name := range r.AnyOf {
		switch fact := f.get(name); fact.State {
		case Yes:
			q.Result, q.Because, q.Finding = Meets, fact.Evidence, ""
			return q
		case No:
			if q.Result == Fails {
				q.add(fact)
			}
		default:
			if q.Result == Fails {
				q.Result, q.Because, q.Finding = CannotTell, "", ""
			}
			q.add(fact)
		}
	}
	switch {
	case q.Result == CannotTell && r.IfStated && q.Finding == "":
		q.ShownByDNS = false
		q.Because = "It was not stated."
	case q.Because == "":
		q.Because = "It was not examined."
	}
	return q
}

// add names a fact among the causes.
func (q *Requirement) add(f *Fact) {
	if q.Finding == "" {
		q.Finding = f.Finding
	}
	if !strings.Contains(q.Because, f.Evidence) { // one reason can keep two open
		if q.Because != "" {
			q.Because += " "
		}
		q.Because += f.Evidence
	}
}
