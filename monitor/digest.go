package monitor

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

const (
	// inFull is how many domains with something to say have it said in full: more are a digest.
	inFull = 3
	// maxCauses and maxNamed bound a digest.
	maxCauses = 12
	maxNamed  = 3
)

// cause is a finding that several domains share: one check at one subject. The subject is
// empty if it is each domain's own.
type cause struct {
	change   string
	severity finding.Severity
	check    string
	subject  string
	title    string
	domains  []string
}

// causes gathers findings over domains.
type causes struct {
	list []*cause
	at   map[[3]string]*cause
}

func (c *causes) add(change, domain string, f finding.Finding) {
	subject := f.Subject
	if subject == domain || strings.HasSuffix(subject, "."+domain) {
		subject = ""
	}
	key := [3]string{change, f.Check, subject}
	if c.at == nil {
		c.at = make(map[[3]string]*cause)
	}
	one := c.at[key]
	if one == nil {
		one = &cause{change: change, severity: f.Severity, check: f.Check, subject: subject, title: f.Title}
		c.at[key] = one
		c.list = append(c.list, one)
	}
	if f.Severity.AtLeast(one.severity) {
		one.severity = f.Severity
	}
	if !slices.Contains(one.domains, domain) {
		one.domains = append(one.domains, domain)
	}
}

// sorted are the causes: what is wrong before what is gone, the worst first, then those of
// most domains.
func (c *causes) sorted() []*cause {
	slices.SortStableFunc(c.list, func(a, b *cause) int {
		rank := func(x *cause) int {
			if x.change == gone {
				return 1
			}
			return 0
		}
		if n := cmp.Compare(rank(a), rank(b)); n != 0 {
			return n
		}
		if a.severity != b.severity {
			if a.severity.AtLeast(b.severity) {
				return -1
			}
			return 1
		}
		return cmp.Compare(len(b.domains), len(a.domains))
	})
	return c.list
}

// What became of a finding.
const (
	fresh    = "new"
	gone     = "gone"
	standing = "standing"
)

// writeDigest writes what is to be said of many domains by cause: "spf-include-missing
// _spf.host.example: 8 domains, new".
func writeDigest(w io.Writer, said []Seen, out *Outcome, failOn finding.Severity, table terminal.Options) error {
	var all causes
	for _, d := range said {
		domain := d.Report.Domain
		c := d.Changed()
		if c == nil {
			for _, f := range d.Report.Findings {
				if report.Fails(f, failOn) {
					all.add(standing, domain, f)
				}
			}
			continue
		}
		for _, f := range c.New {
			all.add(fresh, domain, f)
		}
		for _, m := range c.Changed {
			all.add(fmt.Sprintf("was %s", m.Was), domain, m.Finding)
		}
		for _, f := range c.Gone {
			all.add(gone, domain, f)
		}
	}
	var items view.Items
	list := all.sorted()
	for _, c := range list[:min(len(list), maxCauses)] {
		mark := c.severity
		if c.change == gone {
			mark = finding.Pass
		}
		about := c.check
		if c.subject != "" {
			about += " " + c.subject
		}
		text := ": " + show.Counted(len(c.domains), "domain")
		if c.change != standing {
			text += ", " + c.change
		}
		items.Items = append(items.Items, view.Item{Severity: mark, Text: view.Joined(view.StrongText(about), view.T(text+": "+c.title+" ("+show.Listed(c.domains, maxNamed)+")"))})
	}
	d := &view.Doc{}
	d.Add(view.Title{Text: view.T(show.Counted(len(out.Domains), "domain")), Status: view.T(runWords(out, failOn))}, items)
	if left := len(list) - maxCauses; left > 0 {
		d.Add(view.Aside(fmt.Sprintf("and %d more; mailworthy audit DOMAIN shows those of a domain", left)))
	}
	return terminal.WriteDoc(w, d, table)
}

// runWords are the figures of a run: how many domains fail, are incomplete, changed.
func runWords(out *Outcome, failOn finding.Severity) string {
	failing, open := 0, 0
	for _, d := range out.Domains {
		switch d.Report.Exit(failOn) {
		case 1:
			failing++
		case 3:
			open++
		}
	}
	words := fmt.Sprintf("%d failing, %d changed", failing, out.Changed())
	if open > 0 {
		words += fmt.Sprintf(", %d incomplete", open)
	}
	return words
}
