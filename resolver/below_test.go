package resolver

import (
	"context"
	"slices"
	"testing"
)

func TestBelow(t *testing.T) {
	set := mustParse(t, `
$ORIGIN acme.example.
$TTL 300
@ SOA ns1 host 1 7200 3600 1209600 300
@ MX 10 mx1
em1 CNAME u1.wl.sendgrid.net.
b.em1 TXT "x"
s1._domainkey CNAME s1.domainkey.u1.wl.sendgrid.net.
mg MX 10 mxa.mailgun.org.
* MX 10 mx9
acme-not A 192.0.2.1
$ORIGIN example.
x.notacme CNAME acme.example.
`, "example")
	tests := []struct {
		domain string
		types  []Type
		want   []string
	}{
		{"acme.example", []Type{TypeCNAME, TypeMX}, []string{"acme.example MX 10 mx1.acme.example", "*.acme.example MX 10 mx9.acme.example", "em1.acme.example CNAME u1.wl.sendgrid.net", "mg.acme.example MX 10 mxa.mailgun.org", "s1._domainkey.acme.example CNAME s1.domainkey.u1.wl.sendgrid.net"}},
		{"_domainkey.acme.example", []Type{TypeCNAME}, []string{"s1._domainkey.acme.example CNAME s1.domainkey.u1.wl.sendgrid.net"}},
		{"em1.acme.example", []Type{TypeTXT}, []string{"b.em1.acme.example TXT x"}},
		{"nothing.acme.example", []Type{TypeMX}, nil},
		{"other.test", []Type{TypeMX}, nil},
	}
	stack := &Stack{Resolver: NewOverlay(nil, set)}
	for _, tt := range tests {
		for _, r := range []Resolver{stack, stack.Resolver, NewSession(stack, 0)} {
			var got []string
			for _, rec := range Below(r, tt.domain, tt.types...) {
				got = append(got, rec.Name+" "+rec.Type.String()+" "+rec.String())
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%T %s: %q, want %q", r, tt.domain, got, tt.want)
			}
		}
	}
	if got := Below(deaf{}, "acme.example", TypeMX); got != nil {
		t.Errorf("a resolver without zones: %v", got)
	}
}

type deaf struct{}

func (deaf) Lookup(context.Context, string, Type) (*Answer, error) {
	return nil, &Error{Reason: Timeout}
}
