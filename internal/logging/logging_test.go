package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestLogsAreHarmless: whatever is logged, in either format, no line of the log holds
// a character that a terminal obeys, and JSON means what was logged.
func TestLogsAreHarmless(t *testing.T) {
	for _, text := range []string{"plain", "a\nb", "\x1b[2J", "\u0085", "\u009b2J", "x\u202egnp", "\u2066a\u2069", "\u200b", "\u2028", "\ufeff",
		"\x7f", "\x00", "\u3164", "\U000e0041", "\xff\xfe", `"quoted" \ `, "bücher 例え", "a\u0301\u0301\u0301\u0301\u0301\u0301"} {
		for _, format := range []string{"text", "json"} {
			var b bytes.Buffer
			log, err := New(&b, format, 2)
			if err != nil {
				t.Fatal(err)
			}
			log.Debug("message "+text, "key "+text, text, "error", errors.New(text), slog.Group("group", "inner", text))
			line := b.String()
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || !utf8.ValidString(line) {
				t.Errorf("%s: %q is not one line", format, line)
			}
			for _, r := range strings.TrimSuffix(line, "\n") {
				if !unicode.IsPrint(r) && !unicode.IsMark(r) || r == 0x3164 {
					t.Errorf("%s: %q holds %U", format, line, r)
				}
			}
			if format == "text" {
				continue
			}
			var got map[string]any
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if want := strings.ToValidUTF8(text, "\ufffd"); got["error"] != want && got["error"] != strings.ReplaceAll(text, "\xff\xfe", "\ufffd\ufffd") {
				t.Errorf("%q is read as %q", text, got["error"])
			}
		}
	}
}

func TestLogsHaveNoCredentials(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		log, err := New(&b, format, 2)
		if err != nil {
			t.Fatal(err)
		}
		log.Warn("https://ann:hunter2@dns.example/x", "server", "https://ann:hunter2@dns.example/x", "error", errors.New(`"tls://ann:hunter2@dns.example": no`),
			slog.Group("group", "server", "https://ann:hunter2@dns.example"))
		if s := b.String(); strings.Contains(s, "hunter2") || !strings.Contains(s, "dns.example") {
			t.Errorf("%s: %s", format, s)
		}
	}
}
