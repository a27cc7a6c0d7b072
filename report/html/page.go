package html

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

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
	//go:embed page.js
	pageJS string
)

// head is what every page has in its head: nothing in a page is loaded from elsewhere,
// and what is in a record cannot be a style or a script.
type head struct {
	// Policy is the content security policy: the style and the script by their hashes.
	Policy        string
	Style, Script template.HTML
}

var pageHead = newHead(pageCSS+filterCSS(), pageJS)

// filterCSS hides what is not of the section that is chosen to be shown alone.
func filterCSS() string {
	var b strings.Builder
	for _, s := range finding.Sections {
		fmt.Fprintf(&b, "body:has(#only-%s:checked) .of:not(.of-%[1]s) { display: none; }\n", s)
	}
	return b.String()
}

func newHead(css, js string) head {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return head{
		Policy: "default-src 'none'; img-src data:; style-src " + hash(css) + "; script-src " + hash(js),
		Style:  template.HTML("<style>" + css + "</style>"), Script: template.HTML("<script>" + js + "</script>"),
	}
}

// page is what the template draws. Text in it is raw: the template escapes it
// for HTML, and what t is applied to for the eye too.
type page struct {
	head
	Title, Date string
	Version     string
	Count       int
	Columns     []string
	// Filter are the sections that the reader can have alone.
	Filter  []finding.Section
	Reports []reportPage
	// Beside is what stands below them: what a run found that is of none.
	Beside []templateBlock
	// Brand is the cover; nil for none. Logo is its picture as a URL of data.
	Brand *report.Brand
	Logo  template.URL
}

// reportPage is a report with its contents.
type reportPage struct {
	view.Report
	Contents []anchor
}

// anchor is a part of the page that the contents lead to.
type anchor struct{ ID, Title string }

// Write writes reports as one page that needs nothing else: no network and no file
// beside it, and no script but for buttons that copy. Brand is its cover; nil for none.
// Beside is what a run found that is of no report; nil for nothing.
func Write(w io.Writer, reports []*report.Report, beside *report.Beside, brand *report.Brand) error {
	tmpl, err := parse()
	if err != nil {
		return err
	}
	p := page{head: pageHead, Count: len(reports), Brand: brand, Logo: template.URL(brand.DataURL())}
	for _, s := range finding.Audited {
		p.Columns = append(p.Columns, s.Short())
	}
	for i, r := range reports {
		p.Version = r.Version
		one := view.NewReport(r, fmt.Sprintf("r%d", i+1))
		p.Date = cmp.Or(p.Date, one.Date)
		p.Reports = append(p.Reports, reportPage{one, contents(&one)})
		for _, s := range r.Score.Sections {
			if !slices.Contains(p.Filter, s.Section) {
				p.Filter = append(p.Filter, s.Section)
			}
		}
	}
	blocks := templateBlocks{name: "Beside the domains"}
	p.Beside = blocks.of(view.BesideBlocks(beside), 2)
	p.Title = fmt.Sprintf("Mail audit of %s, %s", show.Counted(len(reports), "domain"), strings.Split(p.Date, ",")[0])
	switch {
	case len(reports) == 0 && len(p.Beside) > 0:
		p.Title = show.Line(view.BesideSummary(beside))
	case len(reports) == 1:
		p.Title = fmt.Sprintf("%s: %s, %s", show.Line(reports[0].Domain), reports[0].Verdict, view.ScoreText(reports[0].Score))
	}
	var b bytes.Buffer
	if err := tmpl.ExecuteTemplate(&b, "page", p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// contents are the parts that the report has.
func contents(r *view.Report) []anchor {
	var out []anchor
	for _, part := range []struct {
		there     bool
		id, title string
	}{
		{true, "sections", "Sections"},
		{len(r.Receivers) > 0, "receivers", "Receivers"},
		{len(r.Plan.Actions) > 0, "plan", "What to do"},
		{len(r.Groups) > 0, "findings", "Findings"},
		{len(r.Policies) > 0, "spf", "SPF"},
		{len(r.Keys) > 0, "dkim", "DKIM keys"},
		{len(r.Walk) > 0, "dmarc", "DMARC lookup"},
		{len(r.Alignments) > 0, "alignment", "Alignment"},
		{len(r.Addresses) > 0, "addresses", "Sending IPs"},
		{r.Grid != nil, "lists", "Blocklists"},
		{len(r.Passes) > 0, "passed", "Passed"},
		{true, "score", "Score"},
	} {
		if part.there {
			out = append(out, anchor{r.ID + "-" + part.id, part.title})
		}
	}
	return out
}
