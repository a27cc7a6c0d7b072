package roundtrip

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/field"
)

// TestStatement: what is stated becomes options and places, and what is wrong is named by
// its field.
func TestStatement(t *testing.T) {
	good := Statement{Via: "smtps://me@mx.acme.example", From: "me@acme.example", To: "you@other.example", Wait: []string{"imaps://you@imap.other.example", "maildir:box"}, Auth: "plain", HELO: "mx.acme.example"}
	o, places, err := good.Options()
	if err != nil || o.Via.Port != 465 || o.From != good.From || o.Mechanism != "PLAIN" || o.Retry != nil || len(places) != 2 || places[1].Maildir != "box" {
		t.Errorf("%+v, %v, %v", o, places, err)
	}
	for _, tt := range []struct {
		name, field, says string
		change            func(s *Statement)
	}{
		{"no via", "via", "is missing", func(s *Statement) { s.Via = "" }},
		{"no place", "wait", "is missing", func(s *Statement) { s.Wait = nil }},
		{"a web server", "via", "does not begin with smtp", func(s *Statement) { s.Via = "http://x" }},
		{"no sender", "from", `"x" is no mail address`, func(s *Statement) { s.From = "x" }},
		{"no recipient", "to", `"x" is no mail address`, func(s *Statement) { s.To = "x" }},
		{"an unknown place", "wait", "\"pop3://a@b.example\" is no place", func(s *Statement) { s.Wait = []string{"pop3://a@b.example"} }},
		{"a password in via", "via", "a password in the address", func(s *Statement) { s.Via = "smtp://a:hunter2@b.example" }},
		{"a password in a place", "wait", "a password in the address", func(s *Statement) { s.Wait = []string{"imaps://a:hunter2@b.example"} }},
		{"a place twice", "wait", `"maildir:box" is given twice`, func(s *Statement) { s.Wait = []string{"maildir:box", "box", "maildir:box"} }},
		{"a misspelt mechanism", "auth", `"plian"`, func(s *Statement) { s.Auth = "plian" }},
		{"a folder that is a file", "wait", "is no folder", func(s *Statement) { s.Wait = []string{"maildir:stated_test.go"} }},
		{"a file that is a folder", "wait", "is a folder", func(s *Statement) { s.Wait = []string{"../roundtrip"} }},
		{"a line break in HELO", "helo", "is no host name", func(s *Statement) { s.HELO = "a\r\nMAIL" }},
		{"no mechanism", "auth", "scram-sha-256", func(s *Statement) { s.Auth = "ntlm" }},
		{"too long for duplicates", "duplicates", "it must be 0 to 24h", func(s *Statement) { s.Duplicates = 25 * time.Hour }},
		{"no time", "retry", `"soon" is no time`, func(s *Statement) { s.Retry = []string{"1m", "soon"} }},
		{"none and a time", "retry", `"none" is no time`, func(s *Statement) { s.Retry = []string{"1m", "none"} }},
		{"a negative time", "retry", "is no time", func(s *Statement) { s.Retry = []string{"-1m"} }},
		{"too many times", "retry", "at most 50", func(s *Statement) { s.Retry = slices.Repeat([]string{"1m"}, 51) }},
		{"more files than mailboxes", "wait_password_file", "is given 2 times for 1 mailbox on servers", func(s *Statement) { s.WaitPasswords = 2 }},
		{"a file for a folder", "wait_password_file", "is given 1 time for 0 mailboxes on servers", func(s *Statement) { s.Wait, s.WaitPasswords = []string{"maildir:box"}, 1 }},
		{"a secret without a user", "", "password_file and auth are for a login", func(s *Statement) { s.Via, s.Auth, s.Password = "smtp://mx.acme.example", "", true }},
		{"a mechanism without a user", "", "password_file and auth are for a login", func(s *Statement) { s.Via = "smtp://mx.acme.example" }},
		{"a selector without a key", "", "are for dkim_key", func(s *Statement) { s.DKIMSelector = "s1" }},
		{"a key without a selector", "", "dkim_key needs dkim_selector", func(s *Statement) { s.DKIMKey = "key.pem" }},
		{"a key of no domain", "dkim_domain", "a b", func(s *Statement) { s.DKIMKey, s.DKIMSelector, s.DKIMDomain = "key.pem", "s1", "a b" }},
		{"a selector that is none", "dkim_selector", "s 1", func(s *Statement) { s.DKIMKey, s.DKIMSelector = "key.pem", "s 1" }},
		{"a key that is not there", "dkim_key", "no-such-key.pem: ", func(s *Statement) { s.DKIMKey, s.DKIMSelector = "no-such-key.pem", "s1" }},
	} {
		s := good
		tt.change(&s)
		_, _, err := s.Options()
		var wrong *field.Error
		if !errors.As(err, &wrong) || wrong.Field != tt.field || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if strings.Contains(tt.name, "password") != errors.Is(err, ErrPassword) {
			t.Errorf("%s: ErrPassword is wrong for %v", tt.name, err)
		}
	}
	for text, want := range map[string][]time.Duration{"none": {}, "1m,90s": {time.Minute, 90 * time.Second}} {
		good.Retry = strings.Split(text, ",")
		if o, _, err := good.Options(); err != nil || o.Retry == nil || !slices.Equal(o.Retry, want) {
			t.Errorf("%s: %v, %v", text, o.Retry, err)
		}
	}
}

// TestReadKey: the error of a file that has no key repeats nothing of it.
func TestReadKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(file, "acme.example", "s1"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	if _, err := ReadKey(file+"x", "acme.example", "s1"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
