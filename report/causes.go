package report

import (
	"cmp"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// What became of a finding between two runs.
const (
	CauseNew = "new"
	// CauseChanged: its severity is another one.
	CauseChanged = "changed"
	CauseGone    = "gone"
	// CauseStanding: nothing is said of a run before.
	CauseStanding = "standing"
)

// Cause is a finding that several domains share: one check at one subject, with one
// change. Its severity is the worst of them.
type Cause struct {
	Change string
	// Was is the severity before, of CauseChanged.
	Was      finding.Severity
	Severity finding.Severity
	Check    string
	// Subject is empty if it is in each domain another one.
	Subject string
	Title   string
	// Fix is what to do, if it is the same for all.
	Fix     string
	Domains []string
}

// About names the cause: its check, and its subject if that is not the only domain.
func (c *Cause) About() string {
	if c.Subject == "" || len(c.Domains) == 1 && c.Subject == c.Domains[0] {
		return c.Check
	}
	return c.Check + " " + c.Subject
}

// what is the change in a word or two: "new", "was warning"; empty of CauseStanding.
func (c *Cause) what() string {
	switch c.Change {
	case CauseStanding:
		return ""
	case CauseChanged:
		return "was " + string(c.Was)
	}
	return c.Change
}

// Reach says how many domains have the cause, or which one has it alone, and what became of
// it: "8 domains, new". number is how many they are, of which Domains may be the first.
func (c *Cause) Reach(number int) string {
	text := show.Counted(number, "domain")
	if number == 1 {
		text = c.Domains[0]
	}
	if what := c.what(); what != "" {
		text += ", " + what
	}
	return text
}

// Causes gathers the findings of several domains by their causes. The zero value is
// ready.
type Causes struct {
	list []*Cause
	at   map[causeKey]*Cause
}

type causeKey struct {
	change         string
	was            finding.Severity
	check, subject string
}

// Add adds a finding of the domain; fix is what to do about it. All of a domain are to
// be added before the next one.
func (c *Causes) Add(change string, was finding.Severity, domain string, f finding.Finding, fix string) {
	subject := f.Subject
	own := subject == domain || strings.HasSuffix(subject, "."+domain)
	if own {
		subject = ""
	}
	key := causeKey{change, was, f.Check, subject}
	one := c.at[key]
	if one == nil {
		if c.at == nil {
			c.at = make(map[causeKey]*Cause)
		}
		one = &Cause{Change: change, Was: was, Severity: f.Severity, Check: f.Check, Subject: f.Subject, Title: f.Title, Fix: fix}
		c.at[key] = one
		c.list = append(c.list, one)
	}
	if f.Severity.AtLeast(one.Severity) {
		one.Severity = f.Severity
	}
	if f.Subject != one.Subject {
		one.Subject = subject
	}
	if fix != one.Fix {
		one.Fix = ""
	}
	if n := len(one.Domains); n == 0 || one.Domains[n-1] != domain {
		one.Domains = append(one.Domains, domain)
	}
}

// AddComparison adds what a comparison says of its domain.
func (c *Causes) AddComparison(of *Comparison) {
	for _, f := range of.New {
		c.Add(CauseNew, "", of.Domain, f, "")
	}
	for _, m := range of.Changed {
		c.Add(CauseChanged, m.Was, of.Domain, m.Finding, "")
	}
	for _, f := range of.Gone {
		c.Add(CauseGone, "", of.Domain, f, "")
	}
}

// Sorted returns the causes: what is wrong before what is gone, the worst first, of
// equally bad ones those of most domains.
func (c *Causes) Sorted() []*Cause {
	rank := func(x *Cause) int {
		if x.Change == CauseGone {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(c.list, func(a, b *Cause) int {
		return cmp.Or(rank(a)-rank(b), b.Severity.Rank()-a.Severity.Rank(), len(b.Domains)-len(a.Domains))
	})
	return c.list
}
