package view

import (
	"strings"
	"testing"
)

// TestOffered: a server that writes long keywords, and many, fills no screen.
func TestOffered(t *testing.T) {
	var lines []string
	for range 128 {
		lines = append(lines, "X"+strings.Repeat("v", 480))
	}
	if got := offered(lines); len(got) > 430 || !strings.HasSuffix(got, "and 124 more") {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-40):])
	}
	if got := offered([]string{"PIPELINING", "SIZE 1000"}); got != "PIPELINING, SIZE 1000" {
		t.Error(got)
	}
}
