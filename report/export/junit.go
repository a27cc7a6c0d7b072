package export

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

type JunitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
	Out       string      `xml:"system-out,omitempty"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Classname string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	File      string        `xml:"file,attr,omitempty"`
	Line      int           `xml:"line,attr,omitempty"`
	Failure   *junitMessage `xml:"failure"`
	Skipped   *junitMessage `xml:"skipped"`
	Out       string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a suite a domain and a test case a check: failed if a
// finding is as bad as failOn, skipped if the DNS left the check undecided or was not asked.
// Lesser findings are in the output of a case that passed.
func WriteJUnit(w io.Writer, reports []*report.Report, failOn finding.Severity) error {
	all := JunitSuites{Name: "mailworthy", Suites: []junitSuite{}}
	for _, r := range reports {
		suite := junitSuite{Name: show.Line(r.Domain), Time: fmt.Sprintf("%.3f", float64(r.DurationMS)/1000),
			Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), Out: show.Line(view.Headline(r)) + " Score: " + view.ScoreText(r.Score) + "."}
		for _, c := range junitCases(r, failOn) {
			suite.Tests++
			if c.Failure != nil {
				suite.Failures++
			}
			if c.Skipped != nil {
				suite.Skipped++
			}
			suite.Cases = append(suite.Cases, c)
		}
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Skipped += suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitCases are the checks of a report: each once, at its worst.
func junitCases(r *report.Report, failOn finding.Severity) []junitCase {
	var out []junitCase
	at := make(map[string]int)
	for _, g := range view.Groups(r) {
		i, seen := at[g.Check]
		if !seen {
			i = len(out)
			at[g.Check] = i
			out = append(out, junitCase{Name: show.Line(g.Check), Classname: show.Line(r.Domain) + "." + string(g.Findings[0].Section), Time: "0"})
		}
		c := &out[i]
		if g.Severity == finding.Pass {
			continue
		}
		for i := range g.Findings {
			if file, line := placeOf(&g.Findings[i]); c.File == "" && file != "" {
				c.File, c.Line = show.Line(file), line
			}
		}
		message := show.Line(g.Title(r.Domain))
		text := plainFindings(g)
		switch {
		case failOn != report.Never && !g.Severity.Open() && g.Severity.AtLeast(failOn):
			c.Failure = &junitMessage{Message: message, Type: string(g.Severity), Text: text}
		case g.Severity.Open() && c.Failure == nil:
			c.Skipped = &junitMessage{Message: message, Text: text}
		default:
			c.Out += string(g.Severity) + ": " + message + "\n" + text
		}
	}
	return out
}

// plainFindings are the details and fixes of a check in plain text.
func plainFindings(g view.Group) string {
	var b strings.Builder
	for _, f := range g.Findings {
		if f.Detail != "" {
			b.WriteString(show.Line(view.DetailText(f, "", true)) + "\n")
		}
		if f.Fix == nil {
			continue
		}
		b.WriteString("Fix: " + show.Line(view.FixText(f.Fix, true)) + "\n")
		for _, rec := range f.Fix.Remove {
			b.WriteString("- " + show.Cut(show.ZoneLine(rec), show.MaxRecordText) + "\n")
		}
		for _, rec := range f.Fix.Records() {
			b.WriteString("+ " + show.ZoneLine(rec) + "\n")
		}
	}
	if text := view.FollowText(g.Findings); text != "" {
		b.WriteString(show.Line(text) + "\n")
	}
	return b.String()
}
