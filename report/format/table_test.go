package format

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/reporttest"
)

// Each row of the table is whole, and no name or extension stands for two formats.
func TestTable(t *testing.T) {
	taken := map[string]string{}
	for _, f := range All {
		if !regexp.MustCompile(`^[a-z]+$`).MatchString(f.Name) || f.Write == nil {
			t.Errorf("%q is no format", f.Name)
		}
		if f.Header != nil && f.Row == nil {
			t.Errorf("%s has a header and no rows", f.Name)
		}
		if found, ok := Find(f.Name); !ok || found.Name != f.Name {
			t.Errorf("%s is found as %q", f.Name, found.Name)
		}
		for _, extension := range f.Extensions {
			if !strings.HasPrefix(extension, ".") || extension != strings.ToLower(extension) {
				t.Errorf("%s: extension %q", f.Name, extension)
			}
			for _, file := range []string{"x" + extension, "a.b/C" + strings.ToUpper(extension)} {
				if found, ok := ByExtension(file); !ok || found.Name != f.Name {
					t.Errorf("%s is of format %q, want %s", file, found.Name, f.Name)
				}
			}
			if taken[extension] != "" {
				t.Errorf("%s is of %s and %s", extension, taken[extension], f.Name)
			}
			taken[extension] = f.Name
		}
	}
	for _, file := range []string{"", "report", "report.", "report.html.bak", ".", "a.html/b"} {
		if f, ok := ByExtension(file); ok {
			t.Errorf("%q is taken for %s", file, f.Name)
		}
	}
	if _, ok := Find(""); ok {
		t.Error("no name is a format")
	}
}

// What is written row by row is what is written as a whole.
func TestRows(t *testing.T) {
	rows := 0
	for _, f := range All {
		if f.Row == nil {
			continue
		}
		for _, o := range []Options{{}, {Findings: true}} {
			var whole, header bytes.Buffer
			if err := f.Write(&whole, reports(), o); err != nil {
				t.Fatal(err)
			}
			if err := f.Write(&header, nil, o); err != nil {
				t.Fatal(err)
			}
			var above, text Text
			if f.Header != nil {
				if err := f.Header(&above, o); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(above.Bytes, header.Bytes()) {
				t.Errorf("%s: the header is %q, without reports %q", f.Name, above.Bytes, header.Bytes())
			}
			out := bytes.Clone(above.Bytes)
			for _, r := range reports() {
				text.Bytes = text.Bytes[:0]
				if err := f.Row(&text, r, o); err != nil {
					t.Fatal(err)
				}
				out = append(out, text.Bytes...)
				rows++
			}
			if !bytes.Equal(out, whole.Bytes()) {
				t.Errorf("%s: the rows are not what is written as a whole", f.Name)
			}
		}
	}
	if rows == 0 {
		t.Error("no format has rows")
	}
}

// A format with an exit status of its own goes by the limit that it is given.
func TestExit(t *testing.T) {
	flawed := []*report.Report{report.New(reporttest.Results()["flawed"], report.DefaultScale(), "1.0.0")}
	for _, f := range All {
		if f.Exit == nil {
			continue
		}
		if got := f.Exit(nil, usual); got != 0 {
			t.Errorf("%s: status %d of nothing", f.Name, got)
		}
		at, never := f.Exit(flawed, usual), f.Exit(flawed, Options{FailOn: finding.Severity(report.Never)})
		if at == 0 || at == never {
			t.Errorf("%s: status %d at error, %d at never", f.Name, at, never)
		}
	}
}

// TestNames: the names that flags propose are those of the table, and each of the lists
// has what it promises.
func TestNames(t *testing.T) {
	all := Names()
	if len(all) != len(All) {
		t.Errorf("%d names of %d formats", len(all), len(All))
	}
	for _, list := range []struct {
		names []string
		has   func(Format) bool
		most  string
	}{
		{RowNames(), func(f Format) bool { return f.Row != nil }, "rows"},
		{DocNames(), func(f Format) bool { return f.Doc != nil }, "markdown"},
	} {
		if !slices.Contains(list.names, list.most) {
			t.Errorf("%v is without %s", list.names, list.most)
		}
		for _, f := range All {
			if slices.Contains(list.names, f.Name) != list.has(f) {
				t.Errorf("%s: %v", f.Name, list.names)
			}
		}
	}
}

// TestExtras: the tree stands before a report and the plan behind it, if they are asked
// for, and not otherwise.
func TestExtras(t *testing.T) {
	r := bundledReport(t, audit.Target{Domain: "acme.example"}, reporttest.BundledZones(t))
	for _, c := range []struct {
		name       string
		tree, plan bool
		o          Options
	}{
		{"table", false, false, Options{}},
		{"table", true, false, Options{Tree: true}},
		{"table", false, true, Options{Plan: true}},
		{"table", true, true, Options{Tree: true, Plan: true}},
		{"markdown", true, false, Options{Tree: true}},
	} {
		f, _ := Find(c.name)
		var plain, out bytes.Buffer
		if err := errors.Join(f.Write(&plain, []*report.Report{r}, Options{}), f.Write(&out, []*report.Report{r}, c.o)); err != nil {
			t.Fatal(err)
		}
		before, after, ok := strings.Cut(out.String(), plain.String())
		if !ok || (before != "") != c.tree || (after != "") != c.plan {
			t.Errorf("%s %+v: %d bytes stand before the report, %d behind it (it is there: %v)", c.name, c.o, len(before), len(after), ok)
		}
	}
}

// TestPDFWithout: no browser, no PDF; the error says what was looked for.
func TestPDFWithout(t *testing.T) {
	f, _ := Find("pdf")
	var out bytes.Buffer
	err := f.Write(&out, nil, Options{Chromium: filepath.Join(t.TempDir(), "no-chromium")})
	if err == nil || !strings.Contains(err.Error(), "no-chromium") || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}
