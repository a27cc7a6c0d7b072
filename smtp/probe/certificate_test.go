package probe

import "testing"

// TestListed: of more names than are kept, all are counted.
func TestListed(t *testing.T) {
	for _, tt := range []struct {
		c    Certificate
		most int
		want string
	}{
		{Certificate{}, 4, ""},
		{Certificate{Names: []string{"a", "b"}, NameCount: 2}, 4, "a, b"},
		{Certificate{Names: []string{"a", "b", "c"}, NameCount: 3}, 2, "a, b and 1 more"},
		{Certificate{Names: []string{"a", "b", "c"}, NameCount: 1500}, 2, "a, b and 1498 more"},
		{Certificate{Names: []string{"a", "b", "c"}}, 2, "a, b and 1 more"},
	} {
		if got := tt.c.Listed(tt.most); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
