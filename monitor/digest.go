package monitor

import (
	"fmt"
	"io"
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

// writeDigest writes what is to be said of many domains by cause: "spf-include-missing
// _spf.host.example: 8 domains, new".
func writeDigest(w io.Writer, said []Seen, out *Outcome, failOn finding.Severity, table terminal.Options) error {
	var all report.Causes
	changed := 0
	for _, d := range said {
		if c := d.Changed(); c != nil {
			changed++
			all.AddComparison(c)
			continue
		}
		for _, f := range d.Report.Findings {
			if report.Fails(f, failOn) {
				all.Add(report.CauseStanding, "", d.Report.Domain, f, "")
			}
		}
	}
	var items view.Items
	list := all.Sorted()
	for _, c := range list[:min(len(list), maxCauses)] {
		mark := c.Severity
		if c.Change == report.CauseGone {
			mark = finding.Pass
		}
		text := ": " + c.Reach(len(c.Domains)) + ": " + c.Title
		if len(c.Domains) > 1 {
			text += " (" + show.Listed(c.Domains, maxNamed) + ")"
		}
		items.Items = append(items.Items, view.Item{Severity: mark, Text: view.Joined(view.StrongText(c.About()), view.T(text))})
	}
	d := &view.Doc{}
	d.Add(view.Title{Text: view.T(digestTitle(len(out.Domains), changed, len(said)-changed))})
	if len(items.Items) > 0 {
		d.Add(items)
	} else {
		d.Add(view.Paragraph("No finding is new or gone: records, verdicts or scores differ."))
	}
	if left := len(list) - maxCauses; left > 0 {
		d.Add(view.Aside(fmt.Sprintf("and %d more; mailworthy audit DOMAIN shows those of a domain", left)))
	}
	return terminal.WriteDoc(w, d, table)
}

// digestTitle says how many of the domains have changed, and how many others fail.
func digestTitle(domains, changed, failing int) string {
	var words []string
	if changed > 0 {
		words = append(words, fmt.Sprintf("%d changed", changed))
	}
	if failing > 0 {
		words = append(words, fmt.Sprintf("%d failing", failing))
	}
	return show.Counted(domains, "domain") + ": " + strings.Join(words, ", ")
}

// summary are the figures of a run: how many domains fail, are incomplete, changed; what
// was asked, and which domain took longest.
func summary(out *Outcome, failOn finding.Severity) string {
	failing, open, unknown, fresh, gone, queries := 0, 0, 0, 0, 0, 0
	var longest *report.Report
	for _, d := range out.Domains {
		r := d.Report
		switch r.Exit(failOn) {
		case 1:
			failing++
		case 3:
			open++
		}
		if r.Number(finding.Unknown) > 0 {
			unknown++
		}
		if c := d.Changed(); c != nil {
			fresh, gone = fresh+len(c.New), gone+len(c.Gone)
		}
		queries += r.Queries
		if longest == nil || r.DurationMS > longest.DurationMS {
			longest = r
		}
	}
	text := fmt.Sprintf("%s: %d failing, %d changed", show.Counted(len(out.Domains), "domain"), failing, out.Changed())
	if fresh+gone > 0 {
		text += fmt.Sprintf(" (findings: %d new, %d gone)", fresh, gone)
	}
	if open > 0 {
		text += fmt.Sprintf(", %d incomplete", open)
	}
	if unknown > open {
		text += fmt.Sprintf(", %d with something unknown", unknown)
	}
	text += " · " + show.Counted(queries, "DNS query")
	if len(out.Domains) > 1 {
		text += fmt.Sprintf(", the longest %s (%s)", show.Escape(longest.Domain), show.Duration(longest.DurationMS))
	}
	return text
}
