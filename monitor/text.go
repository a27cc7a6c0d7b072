package monitor

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// WriteText writes what a person is to know of a run, which is nothing where nothing
// changed and nothing is wrong: of each domain what changed; of a first or an
// unrecorded run what makes it fail; of what stands unchanged a line.
func WriteText(w io.Writer, out *Outcome, failOn finding.Severity, table terminal.Options) error {
	written := false
	for _, d := range out.Domains {
		var b bytes.Buffer
		if err := writeDomain(&b, d, failOn, table); err != nil {
			return err
		}
		if b.Len() == 0 {
			continue
		}
		if written {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		written = true
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return writeLogs(w, out, written)
}

func writeDomain(w io.Writer, d Seen, failOn finding.Severity, table terminal.Options) error {
	fails := func(f finding.Finding) bool { return report.Fails(f, failOn) }
	changes := d.Changed()
	switch {
	case changes != nil:
		if err := terminal.WriteDoc(w, view.ComparisonDoc(changes), table); err != nil {
			return err
		}
		return terminal.WriteChosen(w, d.Report, func(f finding.Finding) bool { return fails(f) && isNew(changes, f) }, table)
	case d.Report.Exit(failOn) == 0 && len(d.Report.AcceptancesEnded) == 0:
		return nil
	case d.Observation != nil && !d.Observation.First:
		_, err := fmt.Fprintf(w, "unchanged: %s\n", view.Summary(d.Report))
		return err
	}
	return terminal.WritePart(w, d.Report, fails, table)
}

// isNew reports whether a finding is among the new or worse ones.
func isNew(c *report.Comparison, f finding.Finding) bool {
	same := func(g finding.Finding) bool { return g.Check == f.Check && g.Subject == f.Subject }
	return slices.ContainsFunc(c.New, same) || slices.ContainsFunc(c.Changed, func(m report.Moved) bool { return same(m.Finding) })
}
