package finding

import (
	"reflect"
	"slices"
	"testing"
)

// TestPasses: what is collected without passes, and the passes, are what Collect has.
func TestPasses(t *testing.T) {
	list := NewList([]Check{{ID: "a", Section: SPF, Severity: Error}, {ID: "b", Section: DKIM, Severity: Error}, {ID: "c", Section: SPF, Severity: Notice}})
	other := NewList([]Check{{ID: "d", Section: DKIM, Severity: Warning}})
	sheets := func() []*Sheet {
		first, second, third, none := NewSheet(list, "one.example"), NewSheet(list, "two.example"), NewSheet(other, "one.example"), NewSheet(other, "two.example")
		first.Decided("a", "b", "c")
		first.Add("a", Finding{Detail: "wrong"})
		second.Decided("b", "c")
		second.Undecided("b")
		third.Decided("d")
		none.Add("d", Finding{Severity: Unknown})
		return []*Sheet{first, second, third, none}
	}
	all := Collect(sheets()...)
	found, passes := CollectFound(sheets()...)
	passed := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Severity != Pass })
	if rest := slices.DeleteFunc(all, func(f Finding) bool { return f.Severity == Pass }); !reflect.DeepEqual(rest, found) {
		t.Errorf("%+v, not %+v", found, rest)
	}
	count := func(passes []Passes, section Section) (n int) {
		for _, p := range passes {
			n += p.Count(section)
		}
		return n
	}
	n := 0
	for _, p := range passes {
		n += p.Len()
	}
	if n != len(passed) || count(passes, SPF) != 2 || count(passes, DKIM) != 2 || count(passes, DMARC) != 0 {
		t.Errorf("%d passed, of SPF %d, of DKIM %d: %+v", n, count(passes, SPF), count(passes, DKIM), passed)
	}
	// Each once, though it passed for two subjects.
	if ids := AppendPassed(AppendPassed(nil, passes, DKIM), passes, SPF); !slices.Equal(ids, []string{"b", "d", "c"}) {
		t.Errorf("%q", ids)
	}
	for i := range passes {
		passes[i] = passes[i].Of(func(s Section) bool { return s == SPF })
	}
	if count(passes, SPF) != 2 || count(passes, DKIM) != 0 {
		t.Errorf("of SPF alone %d, and of DKIM %d", count(passes, SPF), count(passes, DKIM))
	}
}
