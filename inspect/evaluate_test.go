package inspect

import (
	"errors"
	"strings"
	"testing"

	"mailworthy/dmarc"
	"mailworthy/spf"
)

// TestClient: what is not stated of a client is assumed, and marked as such.
func TestClient(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, tt := range []struct {
		stated         Client
		mailFrom       string
		assumed        spf.Assumed
		field, message string
	}{
		{Client{IP: "192.0.2.1", Domain: "ACME.example"}, "postmaster@acme.example", spf.Assumed{LocalPart: true, HELO: true, Names: true}, "", ""},
		{Client{IP: "192.0.2.1", MailFrom: text("info@acme.example"), HELO: "mx.acme.example"}, "info@acme.example", spf.Assumed{Names: true}, "", ""},
		{Client{IP: "192.0.2.1", MailFrom: text("acme.example"), HELO: "mx.acme.example"}, "postmaster@acme.example", spf.Assumed{LocalPart: true, Names: true}, "", ""},
		{Client{IP: "2001:db8::1", MailFrom: text(""), HELO: "mx.acme.example"}, "", spf.Assumed{Names: true}, "", ""},
		{Client{IP: "192.0.2.1", MailFrom: text(""), Domain: "acme.example"}, "", spf.Assumed{HELO: true, Names: true}, "", ""},
		{Client{IP: "192.0.2.1", MailFrom: text("a b@acme.example")}, "a b@acme.example", spf.Assumed{HELO: true, Names: true}, "", ""},
		{stated: Client{IP: "192.0.2.300"}, field: "ip", message: "not an IP address"},
		{stated: Client{IP: "fe80::1%eth0"}, field: "ip", message: "not an IP address"},
		{stated: Client{IP: "192.0.2.1", Domain: "a b"}, message: "a b"},
		{stated: Client{IP: "192.0.2.1"}, message: ErrNothingToEvaluate.Error()},
		{stated: Client{IP: "192.0.2.1", MailFrom: text("x y")}, field: "mail_from", message: "contains a space"},
	} {
		c, err := tt.stated.Client()
		var wrong *FieldError
		if tt.message != "" {
			if err == nil || !strings.Contains(err.Error(), tt.message) || tt.field != "" && (!errors.As(err, &wrong) || wrong.Field != tt.field) {
				t.Errorf("%+v: %v, want %s %s", tt.stated, err, tt.field, tt.message)
			}
			continue
		}
		if err != nil || c.MailFrom != tt.mailFrom || c.Assumed != tt.assumed {
			t.Errorf("%+v: %+v, %v", tt.stated, c, err)
		}
	}
}

func TestIdentities(t *testing.T) {
	id, err := Identities{From: "acme.example", SPF: []string{"bounce.acme.example=Pass"}, DKIM: []string{"ESP.example = fail"}}.Identities()
	if err != nil || id.From != "acme.example" || id.SPF[0] != (dmarc.Identity{Domain: "bounce.acme.example", Result: "pass"}) || id.DKIM[0] != (dmarc.Identity{Domain: "esp.example", Result: "fail"}) {
		t.Errorf("%+v, %v", id, err)
	}
	for _, tt := range []struct {
		stated         Identities
		field, message string
	}{
		{Identities{}, "from", ""},
		{Identities{From: "acme.example", SPF: []string{"acme.example"}}, "spf", "not DOMAIN=RESULT"},
		{Identities{From: "acme.example", SPF: []string{"a b=pass"}}, "spf", ""},
		{Identities{From: "acme.example", DKIM: []string{"acme.example=softfail"}}, "dkim", `"softfail" is no result`},
	} {
		_, err := tt.stated.Identities()
		var wrong *FieldError
		if !errors.As(err, &wrong) || wrong.Field != tt.field || !strings.Contains(wrong.What, tt.message) {
			t.Errorf("%+v: %v, want %s %s", tt.stated, err, tt.field, tt.message)
		}
	}
}
