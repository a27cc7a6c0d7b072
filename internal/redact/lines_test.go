package redact

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// TestLines: a secret that goes over the ends of lines is hidden in each of them, whatever
// codes and white space stand between, and nothing else is.
func TestLines(t *testing.T) {
	var s Secrets
	s.Password("me", "hunter2-secret")
	s.Password("me", "two words")
	plain := base64.StdEncoding.EncodeToString([]byte("\x00me\x00hunter2-secret"))
	for _, tt := range []struct {
		name      string
		in, wants []string
	}{
		{"in one line", []string{"no hunter2-secret", "here"}, []string{"no " + Hidden, "here"}},
		{"over two", []string{"no hunter2", "-secret here"}, []string{"no " + Hidden, Hidden + " here"}},
		{"with spaces", []string{"no hunter2  ", "  -secret here"}, []string{"no " + Hidden + "  ", "  " + Hidden + " here"}},
		{"with codes", []string{"535-5.7.8 no hunter2", "535-5.7.8 -sec", "535 5.7.8 ret here"}, []string{"535-5.7.8 no " + Hidden, "535-5.7.8 " + Hidden, "535 5.7.8 " + Hidden + " here"}},
		{"with codes alone between", []string{"535-hunter2", "535-", "535 -secret"}, []string{"535-" + Hidden, "535-", "535 " + Hidden}},
		{"a character a line", strings.Split("hunter2-secret", ""), slices.Repeat([]string{Hidden}, len("hunter2-secret"))},
		{"twice", []string{"hunter2-secrethunt", "er2-secret"}, []string{Hidden + Hidden, Hidden}},
		{"in base64", []string{"bad " + plain[:9], plain[9:]}, []string{"bad " + Hidden, Hidden}},
		{"at its own space", []string{"two ", "words"}, []string{Hidden, Hidden}},
		{"at its own space, behind codes", []string{"535-5.7.8 two", "535 5.7.8  words"}, []string{"535-5.7.8 " + Hidden, "535 5.7.8 " + Hidden}},
		{"a part of it", []string{"no hunter2", "and -secret"}, []string{"no hunter2", "and -secret"}},
		{"nothing", []string{"250-mx", "250 SIZE 100"}, []string{"250-mx", "250 SIZE 100"}},
		{"none", nil, nil},
	} {
		in := slices.Clone(tt.in)
		if got := s.Lines(in); !slices.Equal(got, tt.wants) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.wants)
		}
		if !slices.Equal(in, tt.in) {
			t.Errorf("%s: the lines were changed", tt.name)
		}
	}
	var none Secrets
	if got := none.Lines([]string{"a", "b"}); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%q", got)
	}
}

// FuzzLines: however a secret is cut into lines, it can be read from none of them together.
func FuzzLines(f *testing.F) {
	f.Add("no ", "here", uint(3), uint(9))
	f.Add("535-5.7.8 ", " ", uint(0), uint(1))
	f.Fuzz(func(t *testing.T, head, tail string, a, b uint) {
		const secret = "hunter2-secret"
		if strings.ContainsAny(head+tail, "\r\n") {
			return
		}
		var s Secrets
		s.Add(secret)
		i, j := int(a%uint(len(secret)+1)), int(b%uint(len(secret)+1))
		i, j = min(i, j), max(i, j)
		var joined strings.Builder
		for _, line := range s.Lines([]string{head + secret[:i], secret[i:j], secret[j:] + tail}) {
			joined.WriteString(strings.TrimRight(line[len(before.FindString(line)):], " \t\r"))
		}
		if strings.Contains(joined.String(), secret) {
			t.Errorf("%q", joined.String())
		}
	})
}
