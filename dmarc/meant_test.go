package dmarc

import (
	"slices"
	"strings"
	"testing"
)

// Addresses of another kind of record are read as those of a mistyped rua.
func TestMeantReports(t *testing.T) {
	for _, tt := range []struct {
		tags string
		uris string
		open bool
	}{
		{"rua=mailto:a@acme.example", "mailto:a@acme.example", false},
		{"rua=mailto=a@acme.example, b@acme.example", "mailto:a@acme.example mailto:b@acme.example", false},
		{"rua=https://web-0.invalid/,malto:a@acme.example", "https://web-0.invalid/ mailto:a@acme.example", false},
		{"rua=mailto:dm;rc@acme.example", "", true},
		{"mode", "", true},
		{"", "", false},
		{strings.Repeat("x", maxRepair+1), "", true},
	} {
		if uris, open := MeantReports(tt.tags, "acme.example"); !slices.Equal(uris, strings.Fields(tt.uris)) || open != tt.open {
			t.Errorf("%.40q: %q, %v", tt.tags, uris, open)
		}
	}
	for host, want := range map[string]bool{"acme.example": true, "ACME.com": true, "acme.exampl": false, "acme": false, "a..com": false} {
		if IsKnownHost(host) != want {
			t.Errorf("%s: not %v", host, want)
		}
	}
}
