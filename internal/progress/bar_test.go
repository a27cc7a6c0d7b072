package progress

import (
	"strings"
	"testing"
)

// TestBar: what is written while the bar stands comes out whole, and nothing is drawn
// before the bar starts or after it stops.
func TestBar(t *testing.T) {
	var out strings.Builder
	b := NewBar(&out)
	b.Add(1, 0)
	b.Stop()
	if _, err := b.Write([]byte("before\n")); err != nil || out.String() != "before\n" {
		t.Fatalf("%q, %v", out.String(), err)
	}
	b.Start(3)
	b.Add(10, 1)
	b.Add(20, 1)
	if _, err := b.Write([]byte("meanwhile\n")); err != nil || !strings.Contains(out.String(), "meanwhile\n") {
		t.Errorf("%q, %v", out.String(), err)
	}
	b.Stop()
	n := out.Len()
	b.Add(30, 1)
	if got := out.String()[n:]; got != "" {
		t.Errorf("after its end: %q", got)
	}
}
