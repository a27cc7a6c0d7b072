package inspect

import (
	"errors"
	"strings"
	"testing"

	"mailworthy/provider"
)

// TestNewDomainPlan: each mistake is of its field, and one account is of one region.
func TestNewDomainPlan(t *testing.T) {
	for _, tt := range []struct {
		stated NewDomain
		field  string
		err    string
	}{
		{NewDomain{Domain: "a b"}, "", "a b"},
		{NewDomain{Providers: []string{"sendgird"}}, "", `there is no service "sendgird"`},
		{NewDomain{Providers: []string{"hostgator"}}, "", "not in the catalogue"},
		{NewDomain{Providers: []string{"sendgrid@eu", "sendgrid"}}, "providers", " sendgrid is stated for two regions (eu, none)"},
		{NewDomain{Providers: []string{"sendgrid@mars"}}, "region", `"mars"`},
		{NewDomain{Providers: []string{"sendgrid"}, Tokens: []string{"number=1"}}, "tokens", "NAME:KEY=VALUE"},
		{NewDomain{Providers: []string{"sendgrid"}, Tokens: []string{"nobody-knows:number=1"}}, "", "there is no service"},
		{NewDomain{Providers: []string{"zoho-mail@eu"}, Receives: "zoho-mail@com"}, "receives", "of another region (eu)"},
		{NewDomain{Receives: "no host.example"}, "receives", "no host"},
		{NewDomain{Receives: "nobody-knows"}, "", "there is no service"},
		{NewDomain{IPs: []string{"192.0.2.300"}}, "ips", "not an IP address"},
		{NewDomain{IPs: []string{"192.0.2.1"}, HELO: "a b"}, "helo", "a b"},
		{NewDomain{IPs: []string{"192.0.2.1"}, Reports: "nobody"}, "reports", "not a mailbox"},
		{NewDomain{}, "", ErrNobodySends.Error()},
	} {
		if tt.stated.Domain == "" {
			tt.stated.Domain = "acme.example"
		}
		_, err := tt.stated.Plan(provider.Builtin())
		var wrong *FieldError
		if err == nil || !strings.Contains(err.Error(), tt.err) || tt.field != "" && (!errors.As(err, &wrong) || wrong.Field != tt.field) {
			t.Errorf("%+v: %v, want %s%s", tt.stated, err, tt.field, tt.err)
		}
	}
	p, err := NewDomain{Domain: "ACME.example", Providers: []string{"zoho-mail@eu", "Zoho-Mail@eu", "sendgrid"}, Receives: "zoho-mail", Tokens: []string{"sendgrid:number=7"},
		IPs: []string{"192.0.2.1"}, HELO: "mail.acme.example", TLSRPT: true}.Plan(provider.Builtin())
	if err != nil || p.Domain != "acme.example" || len(p.Services) != 2 || p.Receives == nil || p.Receives.Options.Region != "eu" || p.Services[1].Options.Tokens["number"] != "7" ||
		len(p.IPs) != 1 || p.HELO != "mail.acme.example" || !p.TLSRPT {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := (NewDomain{Domain: "acme.example", Providers: []string{"zoho-mail"}, Receives: "zoho-mail@eu"}).Plan(provider.Builtin()); err != nil || p.Services[0].Options.Region != "eu" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := (NewDomain{Domain: "acme.example", IPs: []string{"192.0.2.1"}, Receives: "mx.acme.example"}).Plan(provider.Builtin()); err != nil || p.ReceiveHost != "mx.acme.example" {
		t.Errorf("%+v, %v", p, err)
	}
}
