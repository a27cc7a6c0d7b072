package finding

import (
	"strings"
	"testing"
)

func TestMark(t *testing.T) {
	long := strings.Repeat("a", 100)
	for _, tt := range []struct {
		record string
		offset int
		want   string
	}{
		{"v=DMARC1; p:reject", 10, "v=DMARC1; ➞p:reject"},
		{"v=DMARC1; p:reject", 0, "➞v=DMARC1; p:reject"},
		{"v=DMARC1", 8, "v=DMARC1➞"},
		{"v=DMARC1", 99, "v=DMARC1➞"},
		{"", -1, "➞"},
		{long + "!" + long, 100, "…" + long[:40] + "➞!" + long[:59] + "…"},
		{"é" + long[:39] + "!", 41, "é" + long[:39] + "➞!"},
		{"éé" + long[:39] + "!", 43, "…" + long[:39] + "➞!"},
	} {
		if got := Mark(tt.record, tt.offset); got != tt.want {
			t.Errorf("%q at %d: %s, want %s", tt.record, tt.offset, got, tt.want)
		}
	}
}
