package report

import (
	"slices"
	"testing"

	"mailworthy/finding"
)

// TestAlterations: of several records at a name those that share most words are
// one edited; what shares nothing came and went.
func TestAlterations(t *testing.T) {
	rec := func(values ...string) (list []finding.Record) {
		for _, v := range values {
			list = append(list, finding.Record{Name: "a.example", Type: "MX", Value: v})
		}
		return list
	}
	removed, added := rec("10 mx1.a.example", "20 mx2.a.example", "30 old.example"), rec("20 mx1.a.example", "5 new.example", "40 mx2.a.example")
	c := &Comparison{Removed: removed, Added: added, Altered: alterations(removed, added)}
	var got []string
	for _, a := range c.Altered {
		got = append(got, a.Before+" to "+a.After)
	}
	in, out := c.Unaltered()
	if want := []string{"10 mx1.a.example to 20 mx1.a.example", "20 mx2.a.example to 40 mx2.a.example"}; !slices.Equal(got, want) {
		t.Errorf("altered %q, want %q", got, want)
	}
	if !slices.Equal(in, rec("5 new.example")) || !slices.Equal(out, rec("30 old.example")) {
		t.Errorf("added %v, removed %v", in, out)
	}
}
