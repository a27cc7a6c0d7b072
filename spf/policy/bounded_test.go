package policy

import "testing"

// TestBoundedTree: of a tree that is too large the terms nearest to its root are kept, and the rest is
// counted; the policy itself stays as it is.
func TestBoundedTree(t *testing.T) {
	leaf := func(n int) *Record { return &Record{Domain: "a.example", Terms: make([]Term, n)} }
	small := &Policy{Record: &Record{Terms: []Term{{Record: leaf(100)}, {Text: "-all"}}}}
	if small.Bounded() != small || (*Policy)(nil).Bounded() != nil {
		t.Error("a small policy is changed")
	}
	large := &Policy{Record: &Record{LeftOut: 2, Terms: []Term{{Record: leaf(10_000)}, {Record: leaf(10_000)}, {Text: "-all"}}}}
	got := large.Bounded()
	if len(got.Record.Terms) != 3 || got.Record.LeftOut != 2 || len(large.Record.Terms[0].Record.Terms) != 10_000 {
		t.Errorf("%d terms, %d left out", len(got.Record.Terms), got.Record.LeftOut)
	}
	kept := 0
	for i := range 2 {
		r := got.Record.Terms[i].Record
		kept += len(r.Terms)
		if len(r.Terms)+r.LeftOut != 10_000 {
			t.Errorf("%d terms, %d left out", len(r.Terms), r.LeftOut)
		}
	}
	if size := kept * sizeOfTerm; size < maxInReport/2 || size > maxInReport {
		t.Errorf("%d terms are kept", kept)
	}
}
