package probe

import (
	"bufio"
	"strings"
	"testing"
)

func FuzzBanner(f *testing.F) {
	for _, s := range []string{"220 mx ESMTP\r\n", "220-a\r\n220 b\r\n", "220\n", "250-\r\n", "421 x", "22", "\x00\r\n", strings.Repeat("220-x\r\n", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := readAnswer(bufio.NewReaderSize(strings.NewReader(text), 64), func(line string) {
			if len(line) > maxLine {
				t.Errorf("a line of %d bytes", len(line))
			}
		})
		if len(a.lines) > maxLines || err == nil && (a.code < 200 || a.code > 599 || len(a.lines) == 0) {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func FuzzEHLO(f *testing.F) {
	for _, s := range []string{"STARTTLS\nAUTH PLAIN LOGIN", "auth=login", "XSTARTTLS", "SIZE", " ", "XXXXXXXA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, m := range authOf(lines) {
			if m == "" || m != strings.ToUpper(m) || len(strings.Fields(m)) != 1 {
				t.Errorf("mechanism %q", m)
			}
		}
		_ = masked(text, lines)
		if offers(lines, "STARTTLS") && !strings.Contains(strings.ToUpper(text), "STARTTLS") {
			t.Errorf("STARTTLS in %q", text)
		}
	})
}
