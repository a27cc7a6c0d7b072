package resolver

import (
	"context"
	"slices"
	"testing"

	"mailworthy/finding"
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

func TestWildcardFor(t *testing.T) {
	set := mustParse(t, `
$ORIGIN acme.example.
$TTL 300
@ SOA ns1 host 1 7200 3600 1209600 300
* MX 10 mx1
* TXT "v=spf1 -all"
x.* TXT "below the wildcard"
s1._domainkey.news TXT "v=DKIM1; p="
own A 192.0.2.1
*.own A 192.0.2.2
`, "acme.example")
	child := mustParse(t, "$ORIGIN child.acme.example.\n@ 300 SOA ns1 host 1 7200 3600 1209600 300\n", "child.acme.example")
	r := NewOverlay(nil, set, child)
	for name, want := range map[string]int{
		"other.acme.example": 2, "deep.other.acme.example": 2, "*.acme.example": 0, "acme.example": 0, "news.acme.example": 0,
		"s2._domainkey.news.acme.example": 0, "own.acme.example": 0, "a.own.acme.example": 1, "below.child.acme.example": 0, "other.test": 0,
	} {
		found := WildcardFor(r, name)
		if len(found) != want {
			t.Errorf("%s: %v", name, found)
		}
		// The zone says the same.
		if a, err := r.Lookup(t.Context(), name, TypeMX); err == nil && (a.Wildcard != "") != (want > 0) {
			t.Errorf("%s: the answer is of %q", name, a.Wildcard)
		}
	}
	if WildcardFor(deaf{}, "other.acme.example") != nil {
		t.Error("a resolver without zones has a wildcard")
	}
}

func TestBelowAmended(t *testing.T) {
	set := mustParse(t, `
$ORIGIN acme.example.
@ 300 SOA ns1 host 1 7200 3600 1209600 300
em1 300 CNAME u1.wl.sendgrid.net.
em2 300 CNAME u2.wl.sendgrid.net.
`, "acme.example")
	r, err := Amend(NewOverlay(nil, set), []finding.Record{{Name: "em1.acme.example", Type: "CNAME", Value: "u1.wl.sendgrid.net"}},
		[]finding.Record{{Name: "em3.acme.example", Type: "CNAME", Value: "u3.wl.sendgrid.net"}, {Name: "em4.other.example", Type: "CNAME", Value: "x.example"}})
	if err != nil {
		t.Fatal(err)
	}
	got := Below(NewSession(r, 0), "acme.example", TypeCNAME)
	if len(got) != 2 || got[0].Name != "em2.acme.example" || got[1].Name != "em3.acme.example" {
		t.Errorf("%v", got)
	}
}

type deaf struct{}

func (deaf) Lookup(context.Context, string, Type) (*Answer, error) {
	return nil, &Error{Reason: Timeout}
}
