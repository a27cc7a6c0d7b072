package report

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mailworthy/finding"
)

// Acceptance is a finding that the owner of a domain lives with, for a reason and
// for a time. It is shown and not counted; after its last day it counts again.
type Acceptance struct {
	// Check is the ID of the check.
	Check string `json:"check" yaml:"check"`
	// Subject is the domain, address or selector that it is accepted for; empty: any.
	Subject string `json:"subject" yaml:"subject" empty:"null"`
	// Domain restricts it to the audit of this domain; empty: any.
	Domain string `json:"domain" yaml:"domain" empty:"null"`
	// Until is the last day, in UTC, written 2027-03-31.
	Until string `json:"until" yaml:"until"`
	// Reason says why, for whoever reads the report.
	Reason string `json:"reason" yaml:"reason"`
}

// MaxReason bounds the reason of an acceptance, in bytes.
const MaxReason = 500

// check says what is wrong with an acceptance.
func (a *Acceptance) check() error {
	switch {
	case a.Check == "":
		return errors.New("check is missing: the ID of the check to accept")
	case a.Until == "":
		return errors.New("until is missing: an acceptance has a last day, such as 2027-03-31")
	case strings.TrimSpace(a.Reason) == "":
		return errors.New("reason is missing: why it is accepted")
	case len(a.Reason) > MaxReason:
		return fmt.Errorf("reason has %d bytes; it may have %d", len(a.Reason), MaxReason)
	}
	if _, err := time.Parse(time.DateOnly, a.Until); err != nil {
		return errors.New("until is not a day; write it as 2027-03-31")
	}
	return knownCheck(a.Check)
}

// knownCheck says that there is no check of that ID, and which one may be meant.
func knownCheck(id string) error {
	if _, ok := FindCheck(id); ok {
		return nil
	}
	err := fmt.Errorf("there is no check %q", id)
	if similar := SimilarChecks(id); len(similar) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, similar[0])
	}
	return err
}

// matches reports whether the acceptance is about the check of the subject.
func (a *Acceptance) matches(domain, check, subject string) bool {
	return a.Check == check && (a.Subject == "" || strings.EqualFold(a.Subject, subject)) &&
		(a.Domain == "" || strings.EqualFold(a.Domain, domain))
}

// accept marks the findings of an audit of domain that are accepted at the time,
// before they are graded, and returns the acceptances that have ended although
// their finding remains. A finding that more than one is about is accepted as long
// as one of them lasts.
//
// An accepted finding is of severity info, and keeps the one that it had in
// Accepted. Its possible worse severity does not count either; a section that
// cannot be judged without an answer still cannot.
func accept(list []Acceptance, domain string, findings []finding.Finding, now time.Time) []Acceptance {
	today := now.UTC().Format(time.DateOnly)
	ended := make([]bool, len(list))
	// by returns the acceptance that a finding is accepted by, nil if there is none.
	by := func(check, subject string) *Acceptance {
		var by *Acceptance
		var over []int
		for j := range list {
			if a := &list[j]; a.matches(domain, check, subject) {
				if a.Until < today {
					over = append(over, j)
				} else if by == nil || a.Until > by.Until {
					by = a
				}
			}
		}
		if by == nil {
			for _, j := range over {
				ended[j] = true
			}
		}
		return by
	}
	for i := range findings {
		f := &findings[i]
		if f.Severity == finding.Pass || f.Severity == finding.Info || f.Severity == finding.NotChecked {
			continue
		}
		f.Rejudge(func(c *finding.Consequence) {
			if by(c.Check, c.Subject) != nil {
				c.Severity, c.CouldBe = finding.Info, ""
			}
		})
		if a := by(f.Check, f.Subject); a != nil {
			f.Accepted = &finding.Accepted{Severity: f.Severity, Until: a.Until, Reason: a.Reason}
			f.Severity, f.CouldBe, f.VerdictAs = finding.Info, "", ""
		}
	}
	var out []Acceptance
	for j, is := range ended {
		if is {
			out = append(out, list[j])
		}
	}
	return out
}
