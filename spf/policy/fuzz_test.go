package policy

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// FuzzRepair: every repair is a record, and nothing in it is left to repair.
func FuzzRepair(f *testing.F) {
	for _, s := range spftest.Seeds {
		f.Add(s)
	}
	for _, s := range []string{"0000 AXp=,0.A", "v=spf1 redirect=_spf.acme.co;", "v=spf1 include:;x.example a:mail.acme.de, redirect=b.co| exp=,c.co -al", "acme.example. IN TXT \"v=spf1 mx\u00a0 -all\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r := repair(text); r.text == "" {
			return // too large, or nothing in it can be read
		}
		fixed := repair(text).text
		if _, l := spf.Parse(fixed); !spf.IsRecord(fixed) || l.ErrorAt >= 0 {
			t.Fatalf("%q becomes %q: %s", text, fixed, l.Error)
		}
		if again := repair(fixed).text; again != fixed {
			t.Fatalf("%q becomes %q, and that %q", text, fixed, again)
		}
		r := Lint([]byte(text))
		for _, x := range r.Findings {
			if x.Fix != nil && x.Fix.Value != "" {
				if _, l := spf.Parse(filled(x.Fix.Value)); !spf.IsRecord(x.Fix.Value) || l.ErrorAt >= 0 {
					t.Fatalf("%s proposes %q: %s", x.Check, x.Fix.Value, l.Error)
				}
			}
		}
		merged, _, _ := Merge([]string{text, fixed, "v=spf1 mx -all"})
		if _, l := spf.Parse(filled(merged)); !spf.IsRecord(merged) || l.ErrorAt >= 0 {
			t.Fatalf("%q is merged into %q: %s", text, merged, l.Error)
		}
	})
}

// FuzzExamine: no panic, and bounded questions whatever the records are, never for type
// 99; what is proposed is a record.
func FuzzExamine(f *testing.F) {
	for i, s := range spftest.Seeds {
		f.Add(s, spftest.Seeds[(i+1)%len(spftest.Seeds)], "192.0.2.1")
	}
	f.Add("v=spf1 include:a.%{d} mx p", "no record", "2001:db8::1") // led to again and again, in error
	f.Add("v=spf1 include:a.%{d} mx ptr", "v=spf1 mx mx mx mx mx mx mx mx mx mx", "2001:db8::1")
	f.Fuzz(func(t *testing.T, root, nested, ip string) {
		a, err := netip.ParseAddr(ip)
		if err != nil {
			a = netip.MustParseAddr("192.0.2.1")
		}
		c := &spftest.Chaos{Records: []string{root, nested}, Of: make(map[resolver.Type]int)}
		e := spf.CheckHost(context.Background(), c, spf.Client{IP: a, MailFrom: "bounce@acme.example"})
		c.Asked = 0
		p := Examine(context.Background(), c, "acme.example")
		if c.Asked > maxExamined || c.Of[resolver.TypeSPF] != 0 {
			t.Fatalf("an examination asked %d questions", c.Asked)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Fatal(err)
		}
		p.Targets()
		for _, x := range Check(p, Context{MX: "present", Evaluations: []spf.Evaluation{e}}).Findings() {
			if x.Fix != nil && x.Fix.Value != "" && x.Severity != finding.Pass {
				if _, l := spf.Parse(filled(x.Fix.Value)); !spf.IsRecord(x.Fix.Value) || l.ErrorAt >= 0 {
					t.Fatalf("%s proposes %q: %s", x.Check, x.Fix.Value, l.Error)
				}
			}
		}
	})
}

// filled is a proposal with something valid in its placeholders.
func filled(value string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			b.WriteString(value)
			return b.String()
		}
		b.WriteString(before)
		switch {
		case strings.HasSuffix(before, "ip4:"):
			b.WriteString("192.0.2.1")
		case strings.HasSuffix(before, "ip6:"):
			b.WriteString("2001:db8::1")
		case strings.HasPrefix(inside, "-all"):
			b.WriteString("-all")
		case strings.HasSuffix(before, " "):
			b.WriteString("mx")
		default:
			b.WriteString("right.example")
		}
		value = after
	}
}
