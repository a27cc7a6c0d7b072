package dmarc

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailworthy/internal/bombtest"
	"mailworthy/resolver"
)

// one answers TXT questions for one name with some records, and nothing else.
type one struct {
	name  string
	texts []string
	alias string // the answer to a question for a CNAME at the name
}

func (o *one) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a := &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain, Rcode: "NXDOMAIN"}
	switch {
	case name == o.name && t == resolver.TypeTXT:
		a.Status, a.Rcode = resolver.Found, "NOERROR"
		for _, text := range o.texts {
			a.Records = append(a.Records, resolver.Record{Name: name, Type: t, TXT: split255(text)})
		}
	case name == o.name && t == resolver.TypeCNAME && o.alias != "":
		a.Status, a.Rcode = resolver.Found, "NOERROR"
		a.Records = []resolver.Record{{Name: name, Type: t, Host: o.alias}}
	case name == o.name, strings.HasSuffix(o.name, "."+name):
		a.Status, a.Rcode = resolver.NoData, "NOERROR"
	}
	return a, nil
}

func split255(s string) []string {
	var out []string
	for len(s) > 255 {
		out, s = append(out, s[:255]), s[255:]
	}
	return append(out, s)
}

// TestBombs: any record of up to 64 KB is judged in little memory, and said in
// little.
func TestBombs(t *testing.T) {
	parts := []string{"x=y;", "m=x ", ";", "=", " ", "\x01", "\xff", "p=reject;", "p=rejct;", "sp:none;", "rua=mailto:a@acme.example;", "mailto:a@acme.example,",
		"a@b,", "v=DMARC1;", `\;`, `"`, "“", "rua=", "!10m,", "fo=1:", "pct=1;", "mailto:", "p", "@", ".", "x@y.example z "}
	for _, start := range []string{"", "v=DMARC1; ", "v=DMARC1; p=reject; rua=mailto:a@acme.example", "v=dmarc1; p="} {
		for _, part := range parts {
			for _, size := range []int{4000, 65000} {
				record := start + strings.Repeat(part, size/len(part))
				bomb(t, fmt.Sprintf("lint %q %q %d", start, part, size), func() any { return Lint([]byte(record)) })
				bomb(t, fmt.Sprintf("check %q %q %d", start, part, size), func() any {
					d := Discover(context.Background(), &one{name: "_dmarc.acme.example", texts: []string{record}}, "acme.example")
					return []any{d, Check(d, Context{}).Findings(), d.Next(Context{})}
				})
			}
		}
	}
	var many []string
	for i := range 500 {
		many = append(many, fmt.Sprintf("v=DMARC; p=reject; rua=mailto:a%d@acme.example; %s", i, strings.Repeat("x", 60)))
	}
	bomb(t, "many attempts", func() any {
		d := Discover(context.Background(), &one{name: "_dmarc.acme.example", texts: many}, "acme.example")
		return []any{d, Check(d, Context{}).Findings(), d.Next(Context{})}
	})
	for i := range many {
		many[i] = strings.Replace(many[i], "v=DMARC;", "v=DMARC1;", 1)
	}
	bomb(t, "many records", func() any {
		d := Discover(context.Background(), &one{name: "_dmarc.acme.example", texts: many}, "acme.example")
		return []any{d, Check(d, Context{}).Findings(), d.Next(Context{})}
	})
}

func bomb(t *testing.T, name string, judge func() any) {
	t.Helper()
	bombtest.Judge(t, name, bombtest.Bounds{Said: 700_000, Allocated: 50 << 20}, judge)
}

// TestBeside: a server that answers for each type what it holds has a CNAME beside
// the record.
func TestBeside(t *testing.T) {
	d := Discover(context.Background(), &one{name: "_dmarc.acme.example", texts: []string{sound}, alias: "pol.vendor.test"}, "acme.example")
	f := find(t, Check(d, Context{}).Findings(), "dmarc-cname-and-txt")
	if f.Severity != "error" || !strings.Contains(f.Detail, "CNAME to pol.vendor.test") || f.Fix.Complete {
		t.Errorf("%+v", f)
	}
}
