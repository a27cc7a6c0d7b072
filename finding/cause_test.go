package finding

import (
	"slices"
	"testing"
)

// TestBlame: what is unknown for a cause alone stands below it, which could be as bad as the
// worst of that; the rest stands beside.
func TestBlame(t *testing.T) {
	list := []Finding{
		{Check: "a", Severity: Unknown, Section: SPF, CouldBe: Warning},
		{Check: "b", Severity: Error, Section: SPF},
		{Check: "c", Severity: Unknown, Section: DKIM, CouldBe: Critical, Undecides: true},
		{Check: "d", Severity: Unknown, Section: DMARC},
	}
	cause := Finding{Check: "root", Severity: Unknown, Section: Hosts, Title: "Root"}
	rest := cause.Blame(list, func(f *Finding) bool { return f.Check != "d" })
	if got, want := said(rest), []string{"error b  ", "unknown d  "}; !slices.Equal(got, want) {
		t.Errorf("beside: %q, want %q", got, want)
	}
	if cause.CouldBe != Critical || len(cause.Follows) != 2 || cause.Follows[1] != list[2].Consequence() {
		t.Errorf("%+v", cause)
	}
	all := append([]Finding{cause}, rest...)
	if got, want := said(Apart(all)), []string{"unknown a  ", "unknown c  ", "error b  ", "unknown d  "}; !slices.Equal(got, want) {
		t.Errorf("apart: %q, want %q", got, want)
	}
	if apart := Apart(all); apart[1].CouldBe != Critical || !apart[1].Undecides || apart[1].Section != DKIM {
		t.Errorf("apart: %+v", apart[1])
	}
	if same := Apart(rest); &same[0] != &rest[0] {
		t.Error("a list without a cause is another one")
	}
	judged := cause
	judged.Rejudge(func(c *Consequence) {
		if c.Check == "c" {
			c.CouldBe = Notice
		}
	})
	if judged.CouldBe != Warning || cause.Follows[1].CouldBe != Critical {
		t.Errorf("judged %s, and what it was judged from %s", judged.CouldBe, cause.Follows[1].CouldBe)
	}
	// What follows from something known is no cause of anything unknown.
	known := Finding{Check: "root", Severity: Error, Follows: []Consequence{{Check: "a", Severity: Error}}}
	known.Rejudge(func(*Consequence) { t.Error("it is judged") })
	if got := Apart([]Finding{known}); len(got) != 1 || got[0].Check != "root" {
		t.Errorf("apart: %+v", got)
	}
}
