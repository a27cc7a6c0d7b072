package html

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
)

// page is what the template draws. Text in it is raw: the template escapes it
// for HTML, and what t is applied to for the eye too.
type page struct {
	Title   string
	Version string
	Style   template.CSS
	Count   int
	Columns []string
	Reports []view.Report
}

// Write writes reports as one page that needs nothing else: no script, no
// network, no file beside it.
func Write(w io.Writer, reports []*report.Report) error {
	tmpl, err := parse("")
	if err != nil {
		return err
	}
	p := page{Title: fmt.Sprintf("Mail of %s", show.Counted(len(reports), "domain")), Style: template.CSS(pageCSS), Count: len(reports)}
	for _, s := range finding.Audited {
		p.Columns = append(p.Columns, s.Short())
	}
	for i, r := range reports {
		p.Version = r.Version
		p.Reports = append(p.Reports, view.NewReport(r, fmt.Sprintf("r%d", i+1)))
	}
	if len(reports) == 1 {
		p.Title = fmt.Sprintf("%s: %s, %s", show.Line(reports[0].Domain), reports[0].Verdict, view.ScoreText(reports[0].Score))
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}
