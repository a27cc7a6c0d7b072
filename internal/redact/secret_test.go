package redact

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

// TestSecrets: however a server repeats the password, it is not in what is left, and the
// rest is.
func TestSecrets(t *testing.T) {
	const user, password = "me@acme.example", `hunter2 & "Söhne"/+?=\Zwölf`
	var s Secrets
	s.Password(user, password)
	s.Add("digest", "")
	std, raw := base64.StdEncoding.EncodeToString, []byte(password)
	for _, form := range []string{password, "digest", hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), std(raw), base64.RawURLEncoding.EncodeToString(raw),
		std([]byte("\x00" + user + "\x00" + password)), std([]byte(user + "\x00" + user + "\x00" + password)), std([]byte("user=" + user + "\x01auth=Bearer " + password + "\x01\x01")),
		url.QueryEscape(password), url.PathEscape(password), "hunter2%20%26%20%22S%C3%B6hne%22%2F%2B%3F%3D%5CZw%C3%B6lf",
		"hunter2 &amp; &#34;Söhne&#34;/+?=\\Zwölf", `hunter2 & \"Söhne\"/+?=\\Zwölf`, `hunter2 \u0026 \"Söhne\"/+?=\\Zwölf`} {
		for _, around := range []string{"FORM", "no: FORM", "FORM!", "(FORM)(FORM)"} {
			text := strings.ReplaceAll(around, "FORM", form)
			if got, want := s.Without(text), strings.ReplaceAll(around, "FORM", Hidden); got != want {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	}
	// In the middle of a longer text that is encoded as a whole.
	for _, before := range []string{"", "a", "ab", "abc"} {
		for _, after := range []string{"", "x", "xy", "xyz"} {
			text := std([]byte(before + password + after))
			if got := s.Without(text); strings.Count(got, Hidden) != 1 || len(got) > len(Hidden)+12 {
				t.Errorf("%q: %q", text, got)
			}
		}
	}
	var none, short Secrets
	none.Password(user, "")
	if got := none.Without("235 2.7.0 ok"); got != "235 2.7.0 ok" {
		t.Error(got)
	}
	// A short one is in too many texts by chance to be looked for inside of others.
	short.Password("me", "abc")
	if got := short.Without("abc YWJj 616263 xYWJjx"); got != Hidden+" "+Hidden+" "+Hidden+" x"+Hidden+"x" {
		t.Error(got)
	}
}
