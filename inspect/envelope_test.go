package inspect

import (
	"errors"
	"testing"
)

func TestEnvelope(t *testing.T) {
	for _, tt := range []struct {
		name               string
		ip, helo, mailFrom string
		sender, wrong      string
	}{
		{name: "an address", mailFrom: "bounce@acme.example", sender: "bounce@acme.example"},
		{name: "in brackets", mailFrom: " <bounce@acme.example> ", sender: "bounce@acme.example"},
		{name: "a domain", mailFrom: "acme.example", sender: "postmaster@acme.example"},
		{name: "an @ in the local part", mailFrom: `"a@b"@acme.example`, sender: `"a@b"@acme.example`},
		{name: "the null sender", mailFrom: "<>", sender: ""},
		{name: "all", ip: " 192.0.2.10", helo: "mx1.acme.example", mailFrom: "a@acme.example", sender: "a@acme.example"},
		{name: "no address", ip: "192.0.2", wrong: "ip"},
		{name: "an address of this host", ip: "fe80::1%eth0", wrong: "ip"},
		{name: "no name", helo: "a b", wrong: "helo"},
		{name: "no domain", mailFrom: "ada@-", wrong: "mail_from"},
	} {
		o, err := Envelope{IP: tt.ip, HELO: tt.helo, MailFrom: &tt.mailFrom}.Options()
		var wrong *FieldError
		if errors.As(err, &wrong) != (tt.wrong != "") || wrong != nil && wrong.Field != tt.wrong {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err == nil && (*o.MailFrom != tt.sender || o.IP.IsValid() != (tt.ip != "") || o.HELO != tt.helo) {
			t.Errorf("%s: %+v, sender %q", tt.name, o, *o.MailFrom)
		}
	}
	if o, err := (Envelope{}).Options(); err != nil || o.MailFrom != nil {
		t.Errorf("%+v, %v", o, err)
	}
}
