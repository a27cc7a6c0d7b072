package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"

	"mailworthy/audit"
	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/report/html"
	"mailworthy/report/pdf"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
	"mailworthy/smtp/roundtrip"
)

// All are the formats, the default first.
var All = []Format{
	{Name: "table", Extensions: []string{".txt"}, Write: writeTable, Doc: func(w io.Writer, d *view.Doc, o Options) error { return terminal.WriteDoc(w, d, o.Table) }},
	{Name: "json", Extensions: []string{".json"}, Write: func(w io.Writer, reports []*report.Report, o Options) error {
		return report.WriteRunJSON(w, o.Beside, reports...)
	}},
	{Name: "ndjson", Extensions: []string{".ndjson", ".jsonl"}, Write: writeLines(reportLine), Row: rowOf(usualNDJSON, reportLine), Detail: lineDetail, lines: reflect.TypeFor[report.Report]()},
	{Name: "rows", Write: writeLines(shortLine), Row: rowOf(usualRow, shortLine), Detail: always(audit.ForRow), lines: reflect.TypeFor[report.Row]()},
	{Name: "csv", Extensions: []string{".csv"}, Write: writeCSV, Row: csvRow, Detail: always(audit.WithoutPasses), Header: csvHeader},
	{Name: "markdown", Extensions: []string{".md"}, Write: writeMarkdown, Doc: plainDoc(export.WriteMarkdownDoc)},
	{Name: "html", Extensions: []string{".html", ".htm"}, Write: writeHTML, Doc: plainDoc(html.WriteDoc), NeedsPlan: true},
	{Name: "pdf", Extensions: []string{".pdf"}, Write: writePDF, External: true, Binary: true, NeedsPlan: true},
	{Name: "junit", Extensions: []string{".xml"}, Write: func(w io.Writer, reports []*report.Report, o Options) error {
		return export.WriteJUnit(w, reports, o.FailOn)
	}},
	{Name: "sarif", Extensions: []string{".sarif"}, Write: plain(export.WriteSARIF)},
	{Name: "github", Write: plain(export.WriteGitHub)},
	{Name: "nagios", Write: func(w io.Writer, reports []*report.Report, o Options) error {
		return export.WriteNagios(w, reports, o.FailOn, o.UnknownOK, o.Beside)
	}, Exit: func(reports []*report.Report, o Options) int {
		return export.NagiosStatus(reports, o.FailOn, o.UnknownOK, o.Beside)
	}},
	{Name: "prometheus", Extensions: []string{".prom"}, Write: writePrometheus},
	{Name: "zone", Extensions: []string{".zone"}, Write: plain(export.WriteZone), NeedsPlan: true},
}

// plain is the writer of a format that asks for nothing but the reports.
func plain(write func(io.Writer, []*report.Report) error) func(io.Writer, []*report.Report, Options) error {
	return func(w io.Writer, reports []*report.Report, _ Options) error { return write(w, reports) }
}

func plainDoc(write func(io.Writer, *view.Doc) error) func(io.Writer, *view.Doc, Options) error {
	return func(w io.Writer, d *view.Doc, _ Options) error { return write(w, d) }
}

func writeTable(w io.Writer, reports []*report.Report, o Options) error {
	if o.Tree {
		for _, r := range reports {
			d := view.SPFTreeDoc(r)
			if err := terminal.WriteDoc(w, d, o.Table); err != nil {
				return err
			}
			if len(d.Blocks) > 0 {
				if _, err := fmt.Fprintln(w); err != nil {
					return err
				}
			}
		}
	}
	if err := terminal.WriteTables(w, reports, o.Table); err != nil || !o.Plan {
		return err
	}
	for _, r := range reports {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := terminal.WritePlan(w, r, o.Table); err != nil {
			return err
		}
	}
	return nil
}

func writeHTML(w io.Writer, reports []*report.Report, o Options) error {
	return html.Write(w, reports, o.Beside, o.Brand)
}

// writePDF prints the page that writeHTML writes.
func writePDF(w io.Writer, reports []*report.Report, o Options) error {
	browser, err := pdf.Find(o.Chromium)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := writeHTML(&page, reports, o); err != nil {
		return err
	}
	text, err := pdf.Print(context.Background(), browser, page.Bytes())
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func writeMarkdown(w io.Writer, reports []*report.Report, o Options) error {
	if o.Tree {
		for _, r := range reports {
			if err := export.WriteMarkdownDoc(w, view.SPFTreeDoc(r)); err != nil {
				return err
			}
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
	}
	return export.WriteMarkdown(w, reports, o.Beside)
}

func writePrometheus(w io.Writer, reports []*report.Report, o Options) error {
	if err := export.WritePrometheus(w, reports); err != nil || o.Beside == nil {
		return err
	}
	mails := make([]*roundtrip.Report, len(o.Beside.Roundtrips))
	for i := range mails {
		mails[i] = &o.Beside.Roundtrips[i].Report
	}
	return export.WriteRoundtripPrometheus(w, mails...)
}

// usualNDJSON and usualRow are about how long a report and a row are.
const (
	usualNDJSON = 48 << 10
	usualRow    = 1 << 10
)

func reportLine(r *report.Report, o Options) any {
	if o.Table.Verbose {
		return r
	}
	return report.Lean(r)
}

func lineDetail(o Options) audit.Detail {
	if o.Table.Verbose {
		return audit.Whole
	}
	return audit.WithoutPasses
}

func always(d audit.Detail) func(Options) audit.Detail {
	return func(Options) audit.Detail { return d }
}

func shortLine(r *report.Report, _ Options) any { return report.NewRow(r) }

func writeCSV(w io.Writer, reports []*report.Report, o Options) error {
	if o.Findings {
		return export.WriteFindingsCSV(w, reports)
	}
	return export.WriteCSV(w, reports)
}

func csvRow(to *Text, r *report.Report, o Options) error {
	if o.Findings {
		return to.csvRows(export.FindingsCSVRows(r)...)
	}
	return to.csvRows(export.CSVRow(r))
}

func csvHeader(to *Text, o Options) error {
	if o.Findings {
		return to.csvRows(export.FindingsCSVHeader())
	}
	return to.csvRows(export.CSVHeader())
}
