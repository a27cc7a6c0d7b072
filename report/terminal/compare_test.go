package terminal

import (
	"bytes"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/golden"
	"mailworthy/report"
	"mailworthy/report/reporttest"
	"mailworthy/report/view"
)

func TestCompareGolden(t *testing.T) {
	before, after := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0"), report.New(reporttest.Clean(), report.DefaultScale(), "1.0.0")
	after.Domain = before.Domain
	before.SPF.Record.Evidence = finding.Evidence{Name: "acme.example", Type: "TXT", Status: "found", Answer: []string{"v=spf1 ~all", "v=spf1 -all", "other"}}
	after.SPF.Record.Evidence = finding.Evidence{Name: "acme.example", Type: "TXT", Status: "found", Answer: []string{"v=spf1 -all", "another"}}
	var b bytes.Buffer
	if err := WriteDoc(&b, view.ComparisonDoc(report.Compare(before, after)), Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/plan/compare.txt", b.Bytes())
}

// altered is how an edited record is drawn.
func altered(a report.Alteration) string {
	c := &report.Comparison{Added: []finding.Record{{}}, Altered: []report.Alteration{a}}
	for _, b := range view.ComparisonDoc(c).Blocks {
		if s, ok := b.(view.Section); ok && s.Title == "Records" {
			screen := newScreen(Options{Width: 100})
			screen.diff(view.Diff{Lines: s.Blocks[0].(view.Diff).Lines[:1]})
			return strings.TrimSpace(screen.buf.String())
		}
	}
	return ""
}

func TestDiffWords(t *testing.T) {
	for _, tt := range []struct{ before, after, want string }{
		{"v=spf1 a -all", "v=spf1 a -all", "v=spf1 a -all"},
		{"v=spf1 a -all", "v=spf1 mx -all", "v=spf1 [-a-] {+mx+} -all"},
		{"v=spf1 -all", "v=spf1 a mx -all", "v=spf1 {+a mx+} -all"},
		{"v=spf1 a b c d -all", "v=spf1 b d -all", "v=spf1 [-a-] b [-c-] d -all"},
		{"v=DMARC1;p=none;rua=mailto:a@a.example", "v=DMARC1; p=reject; rua=mailto:a@a.example",
			"v=DMARC1; [-p=none;-] {+p=reject;+} rua=mailto:a@a.example"},
		{"", "v=spf1 -all", "{+v=spf1 -all+}"},
	} {
		text := altered(report.Alteration{Name: "a.example", Type: "TXT", Words: report.DiffWords(report.RecordWords(tt.before), report.RecordWords(tt.after))})
		if text != "~ a.example. TXT "+tt.want {
			t.Errorf("%s to %s is\n%s\nwant\n%s", tt.before, tt.after, text, tt.want)
		}
	}
}

// TestLongWords: two long keys are told apart, wherever they differ.
func TestLongWords(t *testing.T) {
	key := "p=" + strings.Repeat("A", 398)
	for _, at := range []int{2, 30, 200, 380, 399} {
		other := key[:at] + "Z" + key[at+1:]
		text := altered(report.Alteration{Name: "a.example", Type: "TXT", Words: report.DiffWords([]string{key}, []string{other})})
		if !strings.Contains(text, "Z") || len(text) > 200 {
			t.Errorf("differing at %d:\n%s", at, text)
		}
	}
}

// FuzzDiffWords: what stayed and what went is the text before, what stayed and
// what came the text after.
func FuzzDiffWords(f *testing.F) {
	f.Add("v=spf1 a b -all", "v=spf1 b c -all")
	f.Add(strings.Repeat("a b ", 1500), strings.Repeat("b c ", 1500))
	f.Add("\xff;;", " ; ")
	f.Fuzz(func(t *testing.T, before, after string) {
		a, b := report.RecordWords(before), report.RecordWords(after)
		words := report.DiffWords(a, b)
		join := func(without string) string {
			var texts []string
			for _, w := range words {
				if w.Op != without {
					texts = append(texts, w.Text)
				}
			}
			return strings.Join(texts, " ")
		}
		if got, want := join(report.WordAdded), strings.Join(a, " "); got != want {
			t.Errorf("before is %q, want %q", got, want)
		}
		if got, want := join(report.WordRemoved), strings.Join(b, " "); got != want {
			t.Errorf("after is %q, want %q", got, want)
		}
		c := &report.Comparison{Altered: []report.Alteration{{Name: "a.example", Type: "TXT", Before: before, After: after, Words: words}}}
		c.Added = []finding.Record{{Name: "a.example", Type: "TXT", Value: after}}
		var out bytes.Buffer
		if err := WriteDoc(&out, view.ComparisonDoc(c), Options{ASCII: true}); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r != '\n' && (r < ' ' || r > '~') {
				t.Fatalf("%q in %q", r, out.String())
			}
		}
	})
}

// TestWriteChanges: a domain with something to compare with has its changes and those that
// are not believed yet, another one its whole report.
func TestWriteChanges(t *testing.T) {
	flawed, clean := report.New(reporttest.Flawed(), report.DefaultScale(), "1.0.0"), report.New(reporttest.Clean(), report.DefaultScale(), "1.0.0")
	clean.Domain = flawed.Domain
	changes := report.Compare(flawed, clean)
	var b, whole bytes.Buffer
	if err := WriteTable(&whole, flawed, Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if err := WriteChanges(&b, []view.Change{{Report: clean, Changes: changes, Pending: changes}, {Report: flawed, First: true}}, Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Count(got, view.PendingText+":\n") != 1 || !strings.HasSuffix(got, "\n\n"+whole.String()) {
		t.Errorf("%s", got)
	}
}
