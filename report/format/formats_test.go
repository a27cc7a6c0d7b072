package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/golden"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/report/reporttest"
	"mailworthy/report/terminal"
)

// A record of 64 KB makes no output of a size that hurts, except where all of it
// is wanted.
func TestFormatsAreBounded(t *testing.T) {
	result := reporttest.Hostile()
	big := strings.Repeat("\x1b[31m\xff\u202e", 8192)
	f := &result.Findings[0]
	f.Detail, f.Subject, f.Title = big, big, big
	f.Evidence[0].Answer = []string{big, big}
	f.Evidence[0].Note = big
	f.Fix.Remove[0].Value = big
	r := report.New(result, report.DefaultScale(), "1.0.0")
	for name, write := range outputs() {
		if name == "report.ndjson" || name == "report.json" {
			continue
		}
		var b bytes.Buffer
		if err := write(&b, []*report.Report{r}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b.Len() > 400<<10 {
			t.Errorf("%s: %d KB", name, b.Len()>>10)
		}
	}
}

// reports are all results of report_test.go, graded, in a fixed order.
func reports() []*report.Report {
	var out []*report.Report
	for _, name := range []string{"flawed", "clean", "silent", "hostile"} {
		out = append(out, report.New(reporttest.Results()[name], report.DefaultScale(), "1.0.0"))
	}
	return out
}

// outputs are what the table can write, by the name of the golden file: that of the
// format's extension, or else of the format.
func outputs() map[string]func(io.Writer, []*report.Report) error {
	out := map[string]func(io.Writer, []*report.Report) error{}
	for _, f := range All {
		if f.External {
			continue
		}
		name := f.Name + ".txt"
		if len(f.Extensions) > 0 {
			name = "report" + f.Extensions[0]
		}
		out[name] = func(w io.Writer, r []*report.Report) error { return f.Write(w, r, usual) }
	}
	csv, _ := Find("csv")
	out["findings.csv"] = func(w io.Writer, r []*report.Report) error { return csv.Write(w, r, Options{Findings: true}) }
	for name, width := range map[string]int{"summary-80.txt": 80, "summary-140.txt": 140} {
		out[name] = func(w io.Writer, r []*report.Report) error {
			return terminal.WriteSummary(w, r, terminal.Options{Width: width})
		}
	}
	return out
}

// usual is how the command writes if nothing is asked for.
var usual = Options{Table: terminal.Options{Width: 80}, FailOn: finding.Error}

func rendered(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := outputs()[name](&b, reports()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	for name := range outputs() {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, name)
			golden.Compare(t, "testdata/formats/"+name, text)
			for _, r := range string(text) {
				if r != '\n' && show.Invisible(r) {
					t.Errorf("%q stands in the output", r)
				}
			}
		})
	}
}

// A spreadsheet must read every cell as text or number, whatever the DNS says.
func TestCSVHasNoFormulas(t *testing.T) {
	for _, name := range []string{"report.csv", "findings.csv"} {
		rows, err := csv.NewReader(bytes.NewReader(rendered(t, name))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		neutral := 0
		for _, row := range rows {
			if len(row) != len(rows[0]) {
				t.Errorf("%s: a row of %d cells, want %d", name, len(row), len(rows[0]))
			}
			for _, cell := range row {
				if cell == "" {
					continue
				}
				if strings.ContainsAny(cell[:1], "=+-@\t\r") {
					t.Errorf("%s: the cell %q is a formula", name, cell)
				}
				if strings.HasPrefix(cell, "'=") {
					neutral++
				}
			}
		}
		if name == "findings.csv" && neutral == 0 {
			t.Error("the formula of the hostile record is not there")
		}
	}
}

func TestCSVColumnsFit(t *testing.T) {
	for _, r := range reports() {
		if got, want := len(export.CSVRow(r)), len(export.CSVHeader()); got != want {
			t.Errorf("%s: %d cells for %d columns", r.Domain, got, want)
		}
	}
}

func TestJUnitCounts(t *testing.T) {
	var s export.JunitSuites
	if err := xml.Unmarshal(rendered(t, "report.xml"), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Suites) != 4 {
		t.Fatalf("%d suites, want 4", len(s.Suites))
	}
	tests, failures, skipped := 0, 0, 0
	for _, suite := range s.Suites {
		names := map[string]bool{}
		for _, c := range suite.Cases {
			if names[c.Name] {
				t.Errorf("%s has the case %s twice", suite.Name, c.Name)
			}
			names[c.Name] = true
			tests++
			if c.Failure != nil {
				failures++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
	}
	if tests != s.Tests || failures != s.Failures || skipped != s.Skipped {
		t.Errorf("counted %d tests, %d failures, %d skipped; the file says %d, %d, %d", tests, failures, skipped, s.Tests, s.Failures, s.Skipped)
	}
	if failures != 4 {
		t.Errorf("%d failures, want 4: each error and critical check", failures)
	}
}

func TestNagiosStatus(t *testing.T) {
	by := map[string]*report.Report{}
	for name, result := range reporttest.Results() {
		by[name] = report.New(result, report.DefaultScale(), "1.0.0")
	}
	tests := []struct {
		of     []string
		failOn finding.Severity
		want   int
	}{
		{[]string{"clean"}, finding.Error, export.NagiosOK},
		{[]string{"flawed"}, finding.Error, export.NagiosCritical},
		{[]string{"flawed"}, report.Never, export.NagiosWarning},
		{[]string{"silent"}, finding.Error, export.NagiosUnknown},
		{[]string{"silent"}, report.Never, export.NagiosUnknown},
		{[]string{"clean", "silent"}, finding.Error, export.NagiosUnknown},
		{[]string{"clean", "silent", "flawed"}, finding.Error, export.NagiosCritical},
		{nil, finding.Error, export.NagiosOK},
	}
	for _, tt := range tests {
		var list []*report.Report
		for _, name := range tt.of {
			list = append(list, by[name])
		}
		if got := export.NagiosStatus(list, tt.failOn, false, nil); got != tt.want {
			t.Errorf("%v with fail-on %s: %s, want %s", tt.of, tt.failOn, export.NagiosNames[got], export.NagiosNames[tt.want])
		}
	}
}

// The first line has one bar, before figures that parse.
func TestNagiosFigures(t *testing.T) {
	first, _, _ := strings.Cut(string(rendered(t, "nagios.txt")), "\n")
	text, figures, ok := strings.Cut(first, " | ")
	if !ok || strings.Contains(figures, "|") || !strings.HasPrefix(text, "MAILWORTHY CRITICAL - ") {
		t.Fatalf("first line %q", first)
	}
	if want := "'acme.example score'=49;;;0;100"; !strings.HasPrefix(figures, want) {
		t.Errorf("figures %q, want %q first", figures, want)
	}
}

func TestSARIFResults(t *testing.T) {
	var log export.SarifLog
	if err := json.Unmarshal(rendered(t, "report.sarif"), &log); err != nil {
		t.Fatal(err)
	}
	// Code scanning refuses a file with two runs of one tool.
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	run, want := log.Runs[0], 0
	for i, r := range reports() {
		for _, f := range r.Findings {
			if f.Severity != finding.Pass {
				want++
			}
		}
		if of := run.Invocations[i].Properties; of["domain"] != r.Domain || of["verdict"] != string(r.Verdict) {
			t.Errorf("invocation %d is of %v", i, of)
		}
	}
	if len(run.Results) != want {
		t.Errorf("%d results, want %d", len(run.Results), want)
	}
	rules := make(map[string]bool)
	for _, rule := range run.Tool.Driver.Rules {
		if rules[rule.ID] {
			t.Errorf("%s is a rule twice", rule.ID)
		}
		rules[rule.ID] = true
	}
	for _, result := range run.Results {
		if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("rule %d is not %s", result.RuleIndex, result.RuleID)
		}
		if (result.Kind == "fail") != slices.Contains([]string{"error", "warning", "note"}, result.Level) {
			t.Errorf("%s: kind %s with level %s", result.RuleID, result.Kind, result.Level)
		}
	}
}
