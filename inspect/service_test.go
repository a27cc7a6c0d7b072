package inspect

import (
	"errors"
	"strings"
	"testing"

	"mailworthy/provider"
)

func TestServiceOptions(t *testing.T) {
	s, _ := provider.Builtin().Find("amazon-ses")
	plain, _ := provider.Builtin().Find("sendgrid")
	if s == nil || plain == nil || len(plain.Regions) > 0 && len(s.Regions) == 0 {
		t.Fatal("no service to test with")
	}
	region := s.RegionNames()[0]
	o, err := Service{Region: region, ReturnPath: "Bounce.", Selectors: []string{"s1"}, Tokens: []string{"reports=a@acme.example"}}.Options(s)
	if err != nil || o.Region != region || o.ReturnPath != "bounce" || o.Selectors[0] != "s1" || o.Tokens["reports"] != "a@acme.example" {
		t.Errorf("%+v, %v", o, err)
	}
	for _, tt := range []struct {
		stated Service
		field  string
	}{
		{Service{Region: "nowhere-1"}, "region"},
		{Service{ReturnPath: "a b"}, "return_path"},
		{Service{Tokens: []string{"reports"}}, "tokens"},
		{Service{Tokens: []string{"no-such-place=x"}}, "tokens"},
		{Service{Tokens: []string{"reports=<x>"}}, "tokens"},
	} {
		_, err := tt.stated.Options(s)
		var wrong *FieldError
		if !errors.As(err, &wrong) || wrong.Field != tt.field {
			t.Errorf("%+v: %v", tt.stated, err)
		}
	}
	if _, err := (Service{Selectors: []string{"a b"}}).Options(s); err == nil {
		t.Error("a selector with a space is taken")
	}
}

// TestServiceID: a stated service is one of whose records something is known, however it
// is written; others are told apart from those that do not exist.
func TestServiceID(t *testing.T) {
	for _, c := range []struct{ name, id, err string }{
		{"sendgrid", "sendgrid", ""},
		{"Amazon SES", "amazon-ses", ""},
		{"Send-Grid", "sendgrid", ""},
		{"hostgator", "", "what HostGator needs is not known"},
		{"sendgrd", "", `there is no service "sendgrd"`},
		{"xyzzyplugh", "", `there is no service "xyzzyplugh"`},
	} {
		id, err := serviceID(c.name)
		if id != c.id || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %q, %v; want %q, %s", c.name, id, err, c.id, c.err)
		}
	}
}
