package show_test

import (
	"testing"

	"mailworthy/internal/show"
)

func TestCut(t *testing.T) {
	tests := []struct {
		in    string
		limit int
		want  string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"abcd", 0, "…"},
		{"aé", 3, "aé"},
		{"aéb", 2, "a…"},
		{"aéb", 3, "aé…"},
		{"日本", 1, "…"},
		{"日本", 5, "日…"},
		{"a\U0001f600b", 4, "a…"},
		{"\x80\x80\x80\x80\x80\x80", 5, "\x80\x80\x80\x80\x80…"},
	}
	for _, tt := range tests {
		if got := show.Cut(tt.in, tt.limit); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
		}
		if got, want := show.Quote(tt.in, tt.limit), `"`+tt.want+`"`; got != want {
			t.Errorf("Quote(%q, %d) = %q, want %q", tt.in, tt.limit, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	tests := []struct {
		n    int
		noun string
		want string
	}{
		{0, "error", "0 errors"},
		{1, "error", "1 error"},
		{2, "address", "2 addresses"},
		{2, "mailbox", "2 mailboxes"},
		{3, "critical", "3 critical"},
		{3, "unknown", "3 unknown"},
	}
	for _, tt := range tests {
		if got := show.Counted(tt.n, tt.noun); got != tt.want {
			t.Errorf("Counted(%d, %q) = %q, want %q", tt.n, tt.noun, got, tt.want)
		}
	}
}

func TestListed(t *testing.T) {
	tests := []struct {
		list []string
		want string
	}{
		{nil, ""},
		{[]string{"a"}, "a"},
		{[]string{"a", "b"}, "a, b"},
		{[]string{"a", "b", "c", "d"}, "a, b and 2 more"},
	}
	for _, tt := range tests {
		if got := show.Listed(tt.list, 2); got != tt.want {
			t.Errorf("Listed(%q, 2) = %q, want %q", tt.list, got, tt.want)
		}
	}
}
