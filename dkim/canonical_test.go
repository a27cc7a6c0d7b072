package dkim

import (
	"bytes"
	"crypto/sha256"
	"math"
	"regexp"
	"strings"
	"testing"
)

// canonicalBody is sections 3.4.3 and 3.4.4 as they are written, on a whole body.
func canonicalBody(algorithm, body string) string {
	if algorithm == relaxed {
		body = regexp.MustCompile(`[ \t]+`).ReplaceAllString(body, " ")
		body = strings.ReplaceAll(body, " \r\n", "\r\n")
		body = strings.TrimSuffix(body, " ")
	}
	for strings.HasSuffix(body, "\r\n") {
		body = strings.TrimSuffix(body, "\r\n")
	}
	if body == "" && algorithm == relaxed {
		return ""
	}
	return body + "\r\n"
}

// FuzzBodyHash writes a body in two parts, with line ends as they come, and compares
// what is hashed with the text of the standard.
func FuzzBodyHash(f *testing.F) {
	for _, body := range []string{"", "\n", "\r\n\r\n", " \r\n", "a", "a \t b\r\n\r\n \t\r\n", "\na\n", "a\rb\r", "a \r \r\r\n", " C \r\nD \t E\r\n\r\n\r\n", "\r", "a \r\r"} {
		for _, at := range []int{0, 1, len(body) / 2, len(body)} {
			f.Add(body, at, int64(3))
			f.Add(body, at, int64(math.MaxInt64))
		}
	}
	f.Fuzz(func(t *testing.T, body string, at int, length int64) {
		if at < 0 || at > len(body) || length < 0 {
			t.Skip()
		}
		whole := strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n")
		for _, algorithm := range []string{simple, relaxed} {
			h := newBodyHash(bodyKey{algorithm, length})
			w := &crlfWriter{to: h}
			for _, part := range []string{body[:at], body[at:]} {
				if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			want := canonicalBody(algorithm, whole)
			sum := sha256.Sum256([]byte(want[:min(length, int64(len(want)))]))
			if got := h.end(); !bytes.Equal(got, sum[:]) || h.total != int64(len(want)) {
				t.Errorf("%s %q at %d up to %d: %d octets, want %d: %q", algorithm, body, at, length, h.total, len(want), want)
			}
		}
	})
}
