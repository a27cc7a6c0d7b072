package explain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"mailworthy/internal/field"
)

func TestStatement(t *testing.T) {
	for _, c := range []struct {
		in   Statement
		want string // the values, or the field and its message
	}{
		{Statement{}, " invalid IP    [] "},
		{Statement{Domain: "Acme.Example", MailFrom: "<bounce@em.acme.example>", Recipient: "a@b@gmail.example", DKIMDomain: "acme.example", IP: " ::ffff:192.0.2.1", HELO: "mx.acme.example", Selectors: []string{"s1"}},
			"acme.example 192.0.2.1 em.acme.example gmail.example mx.acme.example [s1] acme.example"},
		{Statement{MailFrom: "a@"}, "mail_from"},
		{Statement{IP: "fe80::1%eth0"}, `ip: ip "fe80::1%eth0" is not an IP address`},
		{Statement{HELO: "a b"}, "helo"},
		{Statement{Selectors: []string{"a..b"}}, "selectors"},
	} {
		s, err := c.in.Stated()
		got := fmt.Sprintf("%s %s %s %s %s %v %s", s.Domain, s.IP, s.MailFrom, s.Recipient, s.HELO, s.Selectors, s.DKIMDomain)
		var wrong *field.Error
		if errors.As(err, &wrong) {
			if got = wrong.Field; wrong.Err == nil {
				got += ": " + err.Error()
			}
		}
		if got != c.want {
			t.Errorf("%+v: %q, not %q", c.in, got, c.want)
		}
	}
}

func TestReadKnowledge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.txt")
	if err := os.WriteFile(file, []byte("= ptr-required\n> The host has no name.\n+ Give it one.\nour own words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := ReadKnowledge(t.Context(), []string{file}); err != nil || k == nil {
		t.Error(err)
	}
	var wrong *field.Error
	if _, err := ReadKnowledge(t.Context(), []string{file + ".absent"}); !errors.As(err, &wrong) || wrong.Field != "knowledge" || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("no block\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKnowledge(t.Context(), []string{file}); !errors.As(err, &wrong) || wrong.Help == "" {
		t.Error(err)
	}
}
