package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/report"
	"mailworthy/report/view"
)

// CSVHeader names the columns of a row a domain. Columns are added at the end,
// never moved.
func CSVHeader() []string {
	return []string{"domain", "verdict", "score", "score_low", "score_high", "grade",
		"spf", "dkim", "dmarc", "reputation", "hosts",
		"critical", "errors", "warnings", "notices", "unknown", "passed",
		"first_check", "first_title", "checks", "profile",
		"spf_record", "spf_lookups", "dkim_keys", "dmarc_policy", "dmarc_effective_policy", "mx",
		"queries", "duration_ms", "started", "not_checked"}
}

// csvSections are the sections with a column, in its place. The list is one of its
// own: a section that joins the table must not move the columns behind it.
var csvSections = []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Reputation, finding.Hosts}

// CSVRow is a report as one row. Scores and grade
// are empty if they are not known.
func CSVRow(r *report.Report) []string {
	grade := r.Score.Grade
	if r.Score.Value == nil {
		grade = ""
	}
	row := make([]string, 0, 32)
	row = append(row, r.Domain, string(r.Verdict), show.Number(r.Score.Value), strconv.Itoa(r.Score.Low), strconv.Itoa(r.Score.High), grade)
	for _, name := range csvSections {
		value := ""
		for i := range r.Score.Sections {
			if s := &r.Score.Sections[i]; s.Section == name {
				value = show.Number(s.Value)
			}
		}
		row = append(row, value)
	}
	for _, s := range []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice, finding.Unknown, finding.Pass} {
		row = append(row, strconv.Itoa(r.Number(s)))
	}
	row = append(row, csvChecks(r)...)
	row = append(row, string(r.Profile))
	row = append(row, csvFacts(r)...)
	row = append(row, strconv.Itoa(r.Queries), strconv.FormatInt(r.DurationMS, 10), show.RFC3339(r.Started), strconv.Itoa(r.Number(finding.NotChecked)))
	return safeRow(row)
}

// csvChecks are the columns from first_check to checks.
func csvChecks(r *report.Report) []string {
	var found []finding.Finding
	for i := range r.Findings {
		if r.Findings[i].Severity.AtLeast(finding.Warning) {
			found = append(found, r.Findings[i])
		}
	}
	list := view.Grouped(found)
	if len(list) == 0 {
		return make([]string, 3)
	}
	var checks []string
	for _, g := range list {
		checks = append(checks, g.Check)
	}
	return []string{list[0].Check, list[0].Title(r.Domain), strings.Join(checks, " ")}
}

// csvFacts are the columns from spf_record to mx.
func csvFacts(r *report.Report) []string {
	facts := make([]string, 6)
	if p := r.SPF; p != nil && p.Record != nil {
		facts[0] = p.Record.Text
		facts[1] = strconv.Itoa(p.Lookups)
	}
	if r.DKIM != nil {
		var keys []string
		for _, k := range r.DKIM.Keys {
			keys = append(keys, k.Selector+":"+k.Algorithm+":"+strconv.Itoa(k.Bits))
		}
		facts[2] = strings.Join(keys, " ")
	}
	if r.DMARC != nil {
		facts[3], facts[4] = string(r.DMARC.Policy), string(r.DMARC.EffectivePolicy)
	}
	if r.Hosts != nil && r.Hosts.Domain != nil {
		var hosts []string
		for _, x := range r.Hosts.Domain.Exchanges {
			hosts = append(hosts, x.Name)
		}
		if r.Hosts.Domain.MX == mailhost.MXNull {
			hosts = []string{"."}
		}
		facts[5] = strings.Join(hosts, " ")
	}
	return facts
}

// safeRow makes cells that neither a spreadsheet nor a terminal obeys. A cell
// that a spreadsheet would read as a formula gets an apostrophe before it, which
// is the spreadsheets' own sign for text.
func safeRow(row []string) []string {
	for i, cell := range row {
		cell = show.Line(cell)
		if cell != "" && strings.IndexByte("=+-@", cell[0]) >= 0 || strings.HasPrefix(cell, "＝") ||
			strings.HasPrefix(cell, "＋") || strings.HasPrefix(cell, "－") || strings.HasPrefix(cell, "＠") {
			cell = "'" + cell
		}
		row[i] = cell
	}
	return row
}

// WriteCSV writes a header and a row a report.
func WriteCSV(w io.Writer, reports []*report.Report) error {
	rows := [][]string{CSVHeader()}
	for _, r := range reports {
		rows = append(rows, CSVRow(r))
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// FindingsCSVHeader names the columns of a row a finding.
func FindingsCSVHeader() []string {
	return []string{"domain", "check", "severity", "section", "subject", "title", "detail", "points", "reference",
		"fix", "fix_name", "fix_type", "fix_value", "asked"}
}

// FindingsCSVRows are the findings of a report as rows; passes are left out.
func FindingsCSVRows(r *report.Report) [][]string {
	var rows [][]string
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity == finding.Pass {
			continue
		}
		var fix finding.Fix
		if f.Fix != nil {
			fix = *f.Fix
		}
		var asked []string
		for _, e := range f.Evidence {
			asked = append(asked, e.Name+" "+e.Type+" "+e.Status)
		}
		rows = append(rows, safeRow([]string{r.Domain, f.Check, string(f.Severity), string(f.Section), f.Subject, f.Title, f.Detail,
			strconv.FormatFloat(f.Points, 'f', -1, 64), f.Reference, fix.Words(), fix.Name, fix.Type, fix.Value, strings.Join(asked, "; ")}))
	}
	return rows
}

// WriteFindingsCSV writes a header and a row a finding; passes are left out.
func WriteFindingsCSV(w io.Writer, reports []*report.Report) error {
	rows := [][]string{FindingsCSVHeader()}
	for _, r := range reports {
		rows = append(rows, FindingsCSVRows(r)...)
	}
	return csv.NewWriter(w).WriteAll(rows)
}
