package view_test

import (
	"strings"
	"testing"

	"mailworthy/report/view"
	"mailworthy/smtp/probe"
)

// TestOffered: a server that writes long keywords, and many, fills no screen.
func TestOffered(t *testing.T) {
	offered := func(lines ...string) string {
		d := view.ProbeDoc(&probe.Report{Targets: []probe.Target{{Endpoints: []probe.Endpoint{{EHLO: lines}}}}})
		for _, b := range d.Blocks {
			section, ok := b.(view.Section)
			if !ok {
				continue
			}
			for _, f := range section.Blocks[0].(view.Facts).Facts {
				if f.Key == "offers" {
					return f.Value.Plain()
				}
			}
		}
		t.Fatalf("nothing is offered: %+v", d)
		return ""
	}
	var lines []string
	for range 128 {
		lines = append(lines, "X"+strings.Repeat("v", 480))
	}
	if got := offered(lines...); len(got) > 430 || !strings.HasSuffix(got, "and 124 more") {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-40):])
	}
	if got := offered("PIPELINING", "SIZE 1000"); got != "PIPELINING, SIZE 1000" {
		t.Error(got)
	}
}
