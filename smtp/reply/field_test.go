package reply

import (
	"os"
	"strings"
	"testing"
)

// TestField: the replies of testdata/field.txt, which stand in no corpus: each is one
// reply, of that receiver, for that reason.
func TestField(t *testing.T) {
	data, err := os.ReadFile("testdata/field.txt")
	if err != nil {
		t.Fatal(err)
	}
	k, rows := Default(), 0
	for line := range strings.Lines(string(data)) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), "|", 5)
		if len(f) < 5 || line[0] == '#' {
			continue
		}
		rows++
		text := strings.ReplaceAll(f[4], `\n`, "\n")
		pieces := Split(text)
		if len(pieces) != 1 {
			t.Errorf("%d replies: %.100q", len(pieces), text)
			continue
		}
		e := k.Explain(pieces[0], Context{Recipient: recipientOf(text)})
		got := []string{e.Receiver, string(e.Reason), "-", string(e.Who)}
		if got[0] == "" {
			got[0] = "-"
		}
		if e.Permanent != nil {
			got[2] = map[bool]string{true: "P", false: "T"}[*e.Permanent]
		}
		if g, want := strings.Join(got, " "), strings.Join(f[:4], " "); g != want {
			t.Errorf("%s, want %s (%s %q): %.200q", g, want, e.Evidence, e.Marker, text)
		}
	}
	if rows < 380 {
		t.Errorf("only %d rows", rows)
	}
}

// recipientOf is the address of the mobile carrier, Chinese and German receivers that only
// the recipient's domain tells.
func recipientOf(text string) string {
	for _, a := range []string{"abc@docomo.ne.jp", "abcdefg@163.com"} {
		if strings.Contains(text, a) {
			return a
		}
	}
	return ""
}
