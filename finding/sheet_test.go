package finding

import (
	"slices"
	"testing"
)

var testList = NewList([]Check{
	{ID: "a", Severity: Warning, Section: SPF, Title: "A", Reference: "RFC 1"},
	{ID: "b", Severity: Error, Section: SPF, Title: "B", Reference: "RFC 2"},
	{ID: "c", Severity: Notice, Section: SPF, Title: "C?", Passed: "C", Reference: "RFC 3"},
	{ID: "d", Severity: Error, Section: SPF, Title: "D", Reference: "RFC 4"},
})

// said are the findings in short.
func said(findings []Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, string(f.Severity)+" "+f.Check+" "+f.Subject+" "+f.Title+f.Detail)
	}
	return out
}

// TestSheet: the worst first, then by the order of the checks and of what was
// found; passes last, and only of what was decided everywhere.
func TestSheet(t *testing.T) {
	s := NewSheet(testList, "acme.example")
	s.Add("d", Finding{Detail: "1"})
	s.Add("a", Finding{Severity: Critical, Subject: "mx.acme.example", Title: "Z"})
	s.Add("b", Finding{Detail: "2"})
	s.Add("d", Finding{Detail: "3"})
	s.Decided("d", "c")
	want := []string{"critical a mx.acme.example Z", "error b acme.example B2", "error d acme.example D1", "error d acme.example D3", "pass c acme.example C"}
	if got := said(s.Findings()); !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if !s.Has("a") || s.Has("c") || s.Has("x") {
		t.Error("Has is about what was added")
	}
	other := NewSheet(testList, "other.example")
	other.Decided("a", "b", "c")
	other.Undecided("b")
	want = append(want, "pass a other.example A", "pass c other.example C")
	got := Collect(s, other)
	if !slices.Equal(said(got), want) {
		t.Errorf("%q, not %q", said(got), want)
	}
	if f := got[5]; f.Section != SPF || f.Reference != "RFC 1" || cap(got) != len(got) {
		t.Errorf("a pass %+v, room for %d", f, cap(got))
	}
	for _, f := range s.Found() {
		f.Detail += "!"
	}
	if f := s.Findings()[0]; f.Detail != "!" {
		t.Errorf("%q was not amended", f.Detail)
	}
	if got := NewSheet(testList, "").Findings(); got == nil || len(got) > 0 {
		t.Errorf("no findings are %v", got)
	}
}

// TestComplete: a fix is complete if its records can be published as they stand, now.
func TestComplete(t *testing.T) {
	r := Record{Name: "acme.example", Type: "TXT", Value: "v=spf1 -all"}
	for _, tt := range []struct {
		fix   Fix
		want  bool
		words string
	}{
		{Fix{Summary: "Ask them."}, false, "Ask them."},
		{Fix{Summary: "Publish.", Name: r.Name, Type: r.Type, Value: r.Value}, true, "Publish."},
		{Fix{Summary: "Publish.", Value: r.Value}, true, "Publish."},
		{Fix{Summary: "Remove.", Remove: []Record{r}}, true, "Remove."},
		{Fix{Summary: "Publish.", Value: "v=spf1 ip4:<the address of …> -all"}, false, "Publish."},
		{Fix{Summary: "Publish.", More: []Record{r, {Name: "<selector>._domainkey.acme.example"}}}, false, "Publish."},
		{Fix{When: "the test is over", Summary: "Publish.", Value: r.Value}, false, "When the test is over: publish."},
		{Fix{When: "it is no longer used", Summary: "Remove.", Remove: []Record{r}}, false, "When it is no longer used: remove."},
	} {
		s := NewSheet(testList, "acme.example")
		s.Add("a", Finding{Fix: &tt.fix})
		if f := s.Findings()[0].Fix; f.Complete != tt.want || f.Words() != tt.words {
			t.Errorf("%+v: complete %v, %q", tt.fix, f.Complete, f.Words())
		}
	}
}

// TestSheetUnlisted: what the package does not list is a mistake in the program.
func TestSheetUnlisted(t *testing.T) {
	for name, do := range map[string]func(){
		"Add":     func() { NewSheet(testList, "").Add("x", Finding{}) },
		"Decided": func() { NewSheet(testList, "").Decided("a", "x") },
		"NewList": func() { NewList(make([]Check, 65)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			do()
		}()
	}
}
