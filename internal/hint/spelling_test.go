package hint

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	long := strings.Repeat("a", maxWord)
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "all", 3},
		{"spf", "spf", 0},
		{"spf", "spf1", 1},
		{"reject", "rejct", 1},
		{"reject", "rejekt", 1},
		{"include", "inlcude", 1},
		{"quarantine", "qurantien", 2},
		{"none", "reject", 5},
		{long, long[1:], 1},
		{long, "", maxWord},
		{long + "a", long, maxWord + 1},
		{long + "a", long + "a", 0},
	}
	for _, tt := range tests {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := Distance(pair[0], pair[1]); got != tt.want {
				t.Errorf("Distance(%q, %q) = %d, want %d", pair[0], pair[1], got, tt.want)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	tests := []struct {
		word  string
		most  int
		names []string
		want  string
	}{
		{"rejcet", 2, []string{"none", "quarantine", "reject"}, "reject"},
		{"rejcet", 0, []string{"reject"}, ""},
		{"ip", 1, []string{"ip4", "ip6"}, "ip4"},
		{"ip6", 1, []string{"ip4", "ip6"}, "ip6"},
		{"x", 2, nil, ""},
	}
	for _, tt := range tests {
		if got := Nearest(tt.word, tt.most, tt.names...); got != tt.want {
			t.Errorf("Nearest(%q, %d, %q) = %q, want %q", tt.word, tt.most, tt.names, got, tt.want)
		}
	}
	if got := DidYouMean(Nearest("rejcet", 2, "reject")); got != "did you mean reject?" {
		t.Errorf("the hint is %q", got)
	}
	if got := DidYouMean(""); got != "" {
		t.Errorf("the hint of no name is %q", got)
	}
}
