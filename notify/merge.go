package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

const (
	// maxNamed is how many domains a line of a digest names, maxDiff how many records it
	// shows.
	maxNamed = 3
	maxDiff  = 10
	// maxSubject bounds the line of a digest that a mail has as its subject.
	maxSubject = 120
)

// merge makes one notice of those that a target is to get at once: each cause once,
// with the domains that have it. One alone stays as it is.
func merge(list []*Notice) *Notice {
	if len(list) == 1 {
		return list[0]
	}
	all := &Notice{Schema: SchemaID, Reason: list[0].Reason, Time: list[0].Time, Owner: list[0].Owner, After: list[0].After, DomainCount: len(list),
		Findings: []Item{}, Removed: []finding.Record{}, Added: []finding.Record{}}
	var causes report.Causes
	for _, n := range list {
		if n.Reason == Change {
			all.Reason = Change
		}
		if n.Owner != all.Owner {
			all.Owner = ""
		}
		if worse(n.After, all.After) < 0 {
			all.After = n.After
		}
		all.Domains = append(all.Domains, n.Domains...)
		for _, i := range n.Findings {
			causes.Add(i.Change, i.Was, n.Domain, finding.Finding{Check: i.Check, Severity: i.Severity, Subject: i.Subject, Title: i.Title}, i.Fix)
		}
		all.Removed, all.Added = append(all.Removed, n.Removed...), append(all.Added, n.Added...)
		all.LeftOut += n.LeftOut
		all.OutcomeOnly += n.OutcomeOnly
	}
	for _, c := range causes.Sorted() {
		all.add(Item{Change: c.Change, Was: c.Was, Severity: c.Severity, Check: c.Check, Subject: c.Subject, Title: c.Title, Fix: c.Fix,
			DomainCount: len(c.Domains), Domains: c.Domains[:min(len(c.Domains), maxDomains)]})
	}
	for _, records := range []*[]finding.Record{&all.Removed, &all.Added} {
		if more := len(*records) - maxRecords; more > 0 {
			*records, all.LeftOut = (*records)[:maxRecords], all.LeftOut+more
		}
	}
	// Members that are not domains come first, so that they are not cut off.
	slices.SortStableFunc(all.Domains, func(a, b Member) int {
		return cmp.Or(strings.Index(b.Domain, " ")-strings.Index(a.Domain, " "), worse(a.After, b.After))
	})
	all.Domains = all.Domains[:min(len(all.Domains), maxDomains)]
	return all
}

// worse orders outcomes, the worst first.
func worse(a, b report.Outcome) int {
	rank := []report.Verdict{report.NotReady, report.Incomplete, report.ReadyWithWarnings, report.Ready}
	return cmp.Or(slices.Index(rank, a.Verdict)-slices.Index(rank, b.Verdict), a.Low-b.Low)
}

// about says what a notice is about: a domain by its name, several by their number, and
// mail logs and synthetic mails, whose names have a space.
func (n *Notice) about() string {
	if n.DomainCount <= 1 {
		return n.Domain
	}
	var others []string
	for _, m := range n.Domains {
		if strings.Contains(m.Domain, " ") {
			others = append(others, m.Domain)
		}
	}
	domains := n.DomainCount - len(others)
	if domains == 0 {
		return show.Listed(others, maxNamed)
	}
	if len(others) > 0 {
		return show.Counted(domains, "domain") + " and " + show.Listed(others, maxNamed)
	}
	return show.Counted(domains, "domain")
}

// digestSubject says of how many domains a notice is, and what is worst.
func (n *Notice) digestSubject() string {
	text := n.about() + ": "
	switch {
	case len(n.Findings) > 0:
		text += itemWords(n.Findings[0])
		if more := len(n.Findings) - 1; more > 0 {
			text += fmt.Sprintf("; and %d more", more)
		}
	case len(n.Removed)+len(n.Added) > 0:
		text += "records differ"
	default:
		text += "the verdict or the score differs"
	}
	return show.Cut(text, maxSubject)
}

// itemWords are a cause with what became of it: "error spf-include-missing
// _spf.host.example: 8 domains, new".
func itemWords(i Item) string {
	c := report.Cause{Change: i.Change, Was: i.Was, Check: i.Check, Subject: i.Subject, Domains: i.Domains}
	return string(i.Severity) + " " + c.About() + ": " + c.Reach(i.DomainCount)
}

// digestLines are the causes, a line each, and what differs beside.
func (n *Notice) digestLines() []string {
	var out []string
	for _, i := range n.Findings {
		line := itemWords(i) + ": " + i.Title
		if i.DomainCount > 1 {
			line += " (" + named(i) + ")"
		}
		out = append(out, line)
	}
	if records := n.recordLines(); len(records) <= maxDiff {
		out = append(out, records...)
	} else {
		out = append(out, append(records[:maxDiff:maxDiff], fmt.Sprintf("and %d more records that differ", len(records)-maxDiff))...)
	}
	if n.LeftOut > 0 {
		out = append(out, fmt.Sprintf("and %d more", n.LeftOut))
	}
	if n.OutcomeOnly > 0 {
		out = append(out, show.Counted(n.OutcomeOnly, "domain")+": the verdict or the score differs; no finding and no record does")
	}
	return out
}

// named are the first domains of a cause.
func named(i Item) string {
	if i.DomainCount <= maxNamed {
		return strings.Join(i.Domains, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(i.Domains[:maxNamed], ", "), i.DomainCount-maxNamed)
}

// owners are those of the domains, each once.
func (n *Notice) owners() string {
	var list []string
	for _, m := range n.Domains {
		if m.Owner != "" && !slices.Contains(list, m.Owner) {
			list = append(list, m.Owner)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return show.Plural(len(list), "Owner") + ": " + show.Listed(list, maxNamed)
}
