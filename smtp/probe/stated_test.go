package probe

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/field"
	"mailworthy/provider"
)

// TestStatement: what is stated becomes options, and what is wrong is named by its field.
func TestStatement(t *testing.T) {
	many := strings.Split(strings.Repeat("1 ", 5)+"2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", " ")
	for _, tt := range []struct {
		name   string
		stated Statement
		field  string // of the error; "-" is an error of none
		hint   string
		check  func(o Options) bool
	}{
		{name: "nothing", check: func(o Options) bool { return o.TLS == "" && o.Login == nil && o.Ports == nil }},
		{name: "ports once each", stated: Statement{Ports: []string{"25", " 465", "25"}}, check: func(o Options) bool { return slices.Equal(o.Ports, []uint16{25, 465}) }},
		{name: "sixteen ports", stated: Statement{Ports: many}, check: func(o Options) bool { return len(o.Ports) == maxPorts }},
		{name: "seventeen ports", stated: Statement{Ports: append(many, "17")}, field: "ports"},
		{name: "a range", stated: Statement{Ports: []string{"25-30"}}, field: "ports", hint: "25,465,587"},
		{name: "port 0", stated: Statement{Ports: []string{"0"}}, field: "ports", hint: "25,465,587"},
		{name: "auto", stated: Statement{TLS: "auto"}, check: func(o Options) bool { return o.TLS == "" }},
		{name: "from the first byte", stated: Statement{TLS: "implicit"}, check: func(o Options) bool { return o.TLS == "implicit" }},
		{name: "ssl", stated: Statement{TLS: "ssl"}, field: "tls"},
		{name: "a literal", stated: Statement{HELO: "[192.0.2.1]"}, check: func(o Options) bool { return o.HELO == "[192.0.2.1]" }},
		{name: "a line break in HELO", stated: Statement{HELO: "a\r\nMAIL"}, field: "helo", hint: "reverse DNS"},
		{name: "a command in an address", stated: Statement{RelayTo: "a@b.example>"}, field: "relay_to"},
		{name: "a login", stated: Statement{Login: "apikey", Auth: []string{"plain", "SCRAM-sha-1"}, Provider: "Send-Grid"}, check: func(o Options) bool {
			return o.Login.User == "apikey" && slices.Equal(o.Login.Mechanisms, []string{"PLAIN", "SCRAM-SHA-1"}) && o.Login.Service.ID == "sendgrid"
		}},
		{name: "no mechanism", stated: Statement{Login: "a", Auth: []string{"ntlm"}}, field: "auth"},
		{name: "no service", stated: Statement{Provider: "sendgrd"}, field: "-", hint: "did you mean sendgrid?"},
	} {
		o, err := tt.stated.Options(provider.Builtin())
		var wrong *field.Error
		switch {
		case tt.field == "" && (err != nil || !tt.check(o)):
			t.Errorf("%s: %+v, %v", tt.name, o, err)
		case tt.field != "" && (!errors.As(err, &wrong) || wrong.Field != strings.Trim(tt.field, "-") || !strings.Contains(wrong.Hint(), tt.hint)):
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestStatedTogether: what is for a login needs one.
func TestStatedTogether(t *testing.T) {
	for _, s := range []Statement{{Password: true}, {Auth: []string{"plain"}}} {
		var wrong *field.Error
		if _, err := s.Options(provider.Builtin()); !errors.As(err, &wrong) || wrong.Error() != "password_file and auth are for login" || wrong.Hint() == "" {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if words := Words(); len(words) != len(Mechanisms) || words[0] != "plain" {
		t.Errorf("mechanisms: %q", words)
	}
}

// TestParseTargets: all are read, or none.
func TestParseTargets(t *testing.T) {
	if all, err := ParseTargets([]string{"acme.example", "mx.acme.example:25"}); err != nil || len(all) != 2 || all[1].Port != 25 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := ParseTargets([]string{"acme.example", "https://acme.example"}); err == nil {
		t.Error("a URL is a target")
	}
	if _, err := ParseTargets(make([]string, MaxTargets+1)); err == nil || err.Error() != "101 targets: at most 100 are probed at once" {
		t.Error(err)
	}
}

// TestCheckMailboxes: without a mailbox nothing is looked at, and with one each target.
func TestCheckMailboxes(t *testing.T) {
	targets, err := ParseTargets([]string{"127.0.0.1:25", "192.0.2.1:25"})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckMailboxes(t.Context(), targets, Options{}); err != nil {
		t.Error(err)
	}
	if err := CheckMailboxes(t.Context(), targets[:1], Options{SmugglingTo: "me@acme.example"}); err != nil {
		t.Error(err)
	}
	var wrong *field.Error
	if err := CheckMailboxes(t.Context(), targets, Options{SmugglingTo: "me@acme.example"}); !errors.As(err, &wrong) || wrong.Field != "smuggling_to" {
		t.Error(err)
	}
}
