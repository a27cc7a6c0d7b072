package monitor

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// WriteText writes what a person is to know of a run, which is nothing if nothing
// changed, whatever fails as before: of each domain what changed; of a first or an
// unrecorded run what makes it fail; a line for what is incomplete. If that is much to
// say of several domains, it is said by cause. The last line sums the run up. With always
// what is unchanged has a line too, and the run has one.
func WriteText(w io.Writer, out *Outcome, failOn finding.Severity, always bool, table terminal.Options) error {
	written := false
	write := func(part func(io.Writer) error) error {
		var b bytes.Buffer
		if err := part(&b); err != nil || b.Len() == 0 {
			return err
		}
		if written {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		written = true
		_, err := w.Write(b.Bytes())
		return err
	}
	var said, stands []Seen
	for _, d := range out.Domains {
		status := d.Report.Exit(failOn)
		known := d.Observation != nil && !d.Observation.First
		switch {
		case d.Changed() != nil, !known && (status == 1 || len(d.Report.AcceptancesEnded) > 0):
			said = append(said, d)
		case status == 3, always:
			stands = append(stands, d)
		}
	}
	stands, silent := unansweredOf(stands)
	if err := write(func(w io.Writer) error { return writeUnanswered(w, silent) }); err != nil {
		return err
	}
	if len(said) > inFull {
		if err := write(func(w io.Writer) error { return writeDigest(w, said, out, failOn, table) }); err != nil {
			return err
		}
	} else {
		for _, d := range said {
			if err := write(func(w io.Writer) error { return writeDomain(w, d, failOn, table) }); err != nil {
				return err
			}
		}
	}
	if err := write(func(w io.Writer) error { return writeStanding(w, stands, always) }); err != nil {
		return err
	}
	if err := write(func(w io.Writer) error { return writeLogs(w, out) }); err != nil {
		return err
	}
	if err := write(func(w io.Writer) error { return writeRoundtrips(w, out, always) }); err != nil {
		return err
	}
	if always && len(out.Domains) > 0 || written && len(out.Domains) > 1 {
		return write(func(w io.Writer) error {
			_, err := io.WriteString(w, summary(out, failOn)+"\n")
			return err
		})
	}
	return nil
}

// unansweredOf takes out the domains of which nothing is known, if one cause has made that
// of several: it is the cause that matters, and each domain would say it again.
func unansweredOf(stands []Seen) (others []Seen, silent []report.Silence) {
	reports := make([]*report.Report, len(stands))
	for i := range stands {
		reports[i] = stands[i].Report
	}
	silent = slices.DeleteFunc(report.Silences(reports), func(s report.Silence) bool { return len(s.Domains) == 1 })
	for _, d := range stands {
		if !slices.ContainsFunc(silent, func(s report.Silence) bool { return s.Of(d.Report) }) {
			others = append(others, d)
		}
	}
	return others, silent
}

// writeUnanswered writes a line for each cause of silence.
func writeUnanswered(w io.Writer, silent []report.Silence) error {
	for _, s := range silent {
		text := fmt.Sprintf("%s: nothing is known of %s (%s)", view.SilenceText(s), show.Counted(len(s.Domains), "domain"), show.Listed(s.Domains, maxNamed))
		if _, err := fmt.Fprintln(w, show.Line(text)); err != nil {
			return err
		}
	}
	return nil
}

// maxStanding bounds the lines of domains that did not change, unless all are wanted.
const maxStanding = 10

// writeStanding writes a line for each domain of which nothing changed.
func writeStanding(w io.Writer, stands []Seen, always bool) error {
	for i, d := range stands {
		if i == maxStanding && !always {
			_, err := fmt.Fprintf(w, "and %d more\n", len(stands)-i)
			return err
		}
		word := "unchanged: "
		if d.Observation == nil || d.Observation.First {
			word = ""
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", word, view.Summary(d.Report)); err != nil {
			return err
		}
	}
	return nil
}

func writeDomain(w io.Writer, d Seen, failOn finding.Severity, table terminal.Options) error {
	fails := func(f finding.Finding) bool { return report.Fails(f, failOn) }
	changes := d.Changed()
	if changes == nil {
		return terminal.WritePart(w, d.Report, fails, table)
	}
	if err := terminal.WriteDoc(w, view.ComparisonDoc(changes), table); err != nil {
		return err
	}
	return terminal.WriteChosen(w, d.Report, func(f finding.Finding) bool { return fails(f) && isNew(changes, f) }, table)
}

// isNew reports whether a finding is among the new or worse ones.
func isNew(c *report.Comparison, f finding.Finding) bool {
	same := func(g finding.Finding) bool { return g.Check == f.Check && g.Subject == f.Subject }
	return slices.ContainsFunc(c.New, same) || slices.ContainsFunc(c.Changed, func(m report.Moved) bool { return same(m.Finding) })
}
