package finding

import "slices"

// Consequence is what would be a finding if it had not a cause that is one.
type Consequence struct {
	Check string `json:"check"`
	// Severity is the one that it would have.
	Severity Severity `json:"severity"`
	Section  Section  `json:"section"`
	Subject  string   `json:"subject"`
	Title    string   `json:"title"`
	Detail   string   `json:"detail"`
	// CouldBe and Undecides are as those of a finding.
	CouldBe   Severity `json:"could_be" empty:"null"`
	Undecides bool     `json:"undecides_section"`
}

// Consequence returns the finding as its cause lists it.
func (f *Finding) Consequence() Consequence {
	return Consequence{Check: f.Check, Severity: f.Severity, Section: f.Section, Subject: f.Subject, Title: f.Title, Detail: f.Detail,
		CouldBe: f.CouldBe, Undecides: f.Undecides}
}

// Consequence returns what the check would have found, as its cause lists it.
func (c *Check) Consequence(subject, detail string) Consequence {
	return Consequence{Check: c.ID, Severity: c.Severity, Section: c.Section, Subject: subject, Title: c.Title, Detail: detail}
}

// Blame returns the findings without those that are unknown for the cause alone, by
// follows, which are listed below it. The cause could be as bad as the worst of them.
func (f *Finding) Blame(findings []Finding, follows func(*Finding) bool) []Finding {
	rest := make([]Finding, 0, len(findings))
	for i := range findings {
		if g := &findings[i]; g.Severity == Unknown && follows(g) {
			f.Follows = append(f.Follows, g.Consequence())
		} else {
			rest = append(rest, *g)
		}
	}
	f.weigh(f.CouldBe)
	return rest
}

// weigh makes the finding as bad at worst as that, and as what is unknown for it.
func (f *Finding) weigh(atWorst Severity) {
	f.CouldBe = atWorst
	for i := range f.Follows {
		if c := &f.Follows[i]; c.Severity == Unknown && c.CouldBe.Rank() > f.CouldBe.Rank() {
			f.CouldBe = c.CouldBe
		}
	}
}

// Rejudge gives each that is unknown for the finding to judge, and makes the finding as bad
// at worst as the worst of them then. The list is another one afterwards.
func (f *Finding) Rejudge(judge func(*Consequence)) {
	if !f.causes() {
		return
	}
	f.Follows = slices.Clone(f.Follows)
	for i := range f.Follows {
		if c := &f.Follows[i]; c.Severity == Unknown {
			judge(c)
		}
	}
	f.weigh("")
}

// causes reports whether something is unknown for the finding.
func (f *Finding) causes() bool {
	return slices.ContainsFunc(f.Follows, func(c Consequence) bool { return c.Severity == Unknown })
}

// Apart returns the findings with what is unknown for one cause in the place of the cause:
// by it each section is known to be undecided, whatever section the cause belongs to. They
// are the same list if there is no such cause.
func Apart(findings []Finding) []Finding {
	if !slices.ContainsFunc(findings, func(f Finding) bool { return len(f.Follows) > 0 && f.causes() }) {
		return findings
	}
	out := make([]Finding, 0, len(findings)+16)
	for i := range findings {
		f := &findings[i]
		if !f.causes() {
			out = append(out, *f)
			continue
		}
		for _, c := range f.Follows {
			out = append(out, Finding{Check: c.Check, Severity: c.Severity, Section: c.Section, Subject: c.Subject, Title: c.Title, Detail: c.Detail,
				CouldBe: c.CouldBe, Undecides: c.Undecides})
		}
	}
	return out
}
