package policy

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// realistic are records as senders publish them.
var realistic = []string{
	"v=spf1 include:_spf.esp.example -all",
	"v=spf1 mx include:_spf.esp.example ip4:192.0.2.10 ~all",
	"v=spf1 ip4:192.0.2.0/28 ip4:198.51.100.7 ip6:2001:db8:1::/48 -all",
	"v=spf1 a mx ip4:203.0.113.9 include:spf.mail.example include:_spf.esp.example ~all",
	"v=spf1 a:mail.acme.example mx:acme.example -all",
	"v=spf1 include:spf.mail.example include:spf.inner.esp.example ip4:192.0.2.10 -all",
	"v=spf1 redirect=_spf.acme.example",
	"v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 a:out.acme.example exists:%{i}.ok.acme.example ~all",
	"v=spf1 ip6:2001:db8::25 ip4:192.0.2.25 include:esp.example -all exp=why.acme.example",
	"v=spf1 mx -all",
	"v=spf1 mx/28 a/27 include:esp.example ?include:spf.mail.example -all",
	"v=spf1 -ip4:192.0.2.66 ip4:192.0.2.64/27 include:_spf.esp.example ~all",
}

// realWorld is the zone of the records, with one of them at acme.example.
func realWorld(record string) *spftest.Zone {
	z := spftest.New()
	z.Add("acme.example", resolver.TypeTXT, record)
	z.Add("acme.example", resolver.TypeA, "192.0.2.80")
	z.Add("acme.example", resolver.TypeMX, "mx1.acme.example")
	z.Add("acme.example", resolver.TypeMX, "mx2.acme.example")
	z.Add("mx1.acme.example", resolver.TypeA, "192.0.2.33")
	z.Add("mx2.acme.example", resolver.TypeA, "192.0.2.34")
	z.Add("mail.acme.example", resolver.TypeA, "198.51.100.99")
	z.Add("out.acme.example", resolver.TypeA, "198.51.100.98")
	z.Add("_spf.acme.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.128/28 include:esp.example -all")
	z.Add("esp.example", resolver.TypeTXT, "v=spf1 ip4:203.0.113.64/28 -all")
	z.Add("_spf.esp.example", resolver.TypeTXT, "v=spf1 ip4:203.0.113.0/27 include:spf.inner.esp.example -all")
	z.Add("spf.inner.esp.example", resolver.TypeTXT, "v=spf1 ip4:203.0.113.128/28 ip6:2001:db8:77::/48 ~all")
	z.Add("spf.mail.example", resolver.TypeTXT, "v=spf1 ip4:198.51.100.128/28 ?all")
	z.Add("why.acme.example", resolver.TypeTXT, "Not one of ours.")
	return z
}

// mistake types something wrong into a record.
func mistake(rng *rand.Rand, s string) string {
	i := rng.IntN(len(s))
	at := func(chars string) int {
		var places []int
		for j := range len(s) {
			if strings.IndexByte(chars, s[j]) >= 0 {
				places = append(places, j)
			}
		}
		if len(places) == 0 {
			return len(s) // nothing to mistype
		}
		return places[rng.IntN(len(places))]
	}
	put := func(j, n int, with string) string {
		if j == len(s) {
			return s
		}
		return s[:j] + with + s[min(j+n, len(s)):]
	}
	switch rng.IntN(22) {
	case 0, 1, 2:
		return put(i, 1, "")
	case 3, 4:
		return put(i, 0, s[i:i+1])
	case 5, 6:
		if i+1 < len(s) {
			return put(i, 2, s[i+1:i+2]+s[i:i+1])
		}
		return s
	case 7:
		return put(i, 0, " ")
	case 8:
		return put(at(":="), 1, []string{"=", ":", ".", ";", " ", ",", "_", "-", ": ", " :", "::", ""}[rng.IntN(12)])
	case 9:
		return put(at("."), 1, []string{",", "..", " ", ". ", ":", "-"}[rng.IntN(6)])
	case 10:
		return put(at("-~?"), 1, []string{"\u2013", "\u2212", "- ", "--", "_", "=", "~-", "\u2014"}[rng.IntN(8)])
	case 11:
		return put(at(" "), 1, []string{"", ",", ", ", ";", "; ", "\u00a0", "\t", "  ", "|", "\" \""}[rng.IntN(10)])
	case 12:
		return s + []string{";", ".", ",", "\"", " ", "'", ")"}[rng.IntN(7)]
	case 13:
		return []string{" ", "\"", "'", "\ufeff", "TXT ", "\t"}[rng.IntN(6)] + s
	case 14:
		return "\"" + s + "\""
	case 15:
		return put(at("/"), 1, []string{"\\", "//", " /", "/ ", ":", ""}[rng.IntN(6)])
	case 16, 17:
		// A name of a term, one of its letters wrong.
		fields := strings.Fields(s)
		f := rng.IntN(len(fields))
		_, name, _, _ := split(fields[f])
		if name == "" {
			return s
		}
		j := strings.Index(s, fields[f]) + strings.Index(fields[f], name) + rng.IntN(len(name))
		return put(j, 1, string(rune('a'+rng.IntN(26))))
	case 18:
		fields := strings.Fields(s)
		if len(fields) < 2 {
			return s
		}
		f := 1 + rng.IntN(len(fields)-1)
		fields[f] = []string{"(" + fields[f] + ")", "<" + fields[f] + ">", "\"" + fields[f] + "\"", fields[f] + ",", strings.Replace(fields[f], ":", ":<", 1) + ">",
			strings.Replace(fields[f], "ip4", "ipv4", 1), strings.Replace(fields[f], "include", "includes", 1), strings.ToUpper(fields[f])}[rng.IntN(8)]
		return strings.Join(fields, " ")
	case 19:
		return strings.Replace(s, "ip4:", "ip6:", 1)
	case 20:
		return strings.Replace(s, []string{"include:", "ip4:", "a:", "mx:"}[rng.IntN(4)], []string{"", "http://"}[rng.IntN(2)], 1)
	}
	return put(at("0123456789"), 1, []string{"O", "l", "", "00"}[rng.IntN(4)])
}

// endOf is the strictness of the end of a record, whose redirect keeps it.
func endOf(text string) int {
	terms, l := spf.Parse(text)
	switch {
	case l.All >= 0:
		return strictness[terms[l.All].Sign]
	case l.Redirect >= 0:
		return strictness['-']
	}
	return 0
}

// complaint says what is wrong with the fixes for a record with mistakes; empty if
// nothing is.
func complaint(original, mutated string) string {
	var before = Examine(context.Background(), realWorld(original), "acme.example")
	var z = realWorld(mutated)
	p := Examine(context.Background(), z, "acme.example")
	findings := Check(p, Context{MX: "present"}).Findings()
	fixed := ""
	was := make(map[string]bool)
	for _, f := range findings {
		was[f.Check] = f.Severity == finding.Critical || f.Severity == finding.Error || was[f.Check]
		if f.Fix == nil || !f.Fix.Complete || f.Fix.Name == "" {
			continue
		}
		if f.Fix.Name != "acme.example" {
			return f.Check + " publishes at " + f.Fix.Name
		}
		if fixed != "" && fixed != f.Fix.Value {
			return "two fixes: " + fixed + " and " + f.Fix.Value
		}
		fixed = f.Fix.Value
	}
	if fixed == "" {
		return ""
	}
	q := Examine(context.Background(), realWorld(fixed), "acme.example")
	if q.Record.Error != "" || !spf.IsRecord(fixed) {
		return fixed + ": " + q.Record.Error
	}
	if lost := before.pass.minus(q.pass); len(lost) > 0 {
		return fixed + " loses " + lost[0].from.String()
	}
	if made := q.pass.minus(before.pass); len(made) > 0 {
		return fixed + " invents " + made[0].from.String()
	}
	if endOf(fixed) < endOf(original) {
		return fixed + " ends weaker"
	}
	for _, f := range Check(q, Context{MX: "present"}).Findings() {
		if (f.Severity == finding.Critical || f.Severity == finding.Error) && !was[f.Check] {
			return fixed + " has a new " + f.Check
		}
	}
	return ""
}

// mistaken is a realistic record with one to three mistakes, each of which can be seen
// and stands in a place of its own; a mistake that makes another valid record nobody
// can mend.
func mistaken(rng *rand.Rand) (original, mutated string) {
	original = realistic[rng.IntN(len(realistic))]
	mutated = original
	z := realWorld(original)
	sound := strings.Fields(original)
	for range 1 + rng.IntN(3) {
		for range 8 {
			m := mistake(rng, mutated)
			if m == mutated || !visible(z, mutated, m) {
				continue
			}
			// What was mistyped already stays as it is.
			touched := slices.ContainsFunc(strings.Fields(mutated), func(f string) bool { return !slices.Contains(sound, f) && !slices.Contains(strings.Fields(m), f) })
			if !touched {
				mutated = m
				break
			}
		}
	}
	return original, mutated
}

// visible reports whether a mistake can be seen in what it changed.
func visible(z *spftest.Zone, before, after string) bool {
	old := strings.Fields(before)
	for i, f := range strings.Fields(after) {
		if slices.Contains(old, f) {
			continue
		}
		t := spf.ParseTerm(f)
		if i == 0 || t.Error != "" || suspicious(&t) || t.Kind == spf.KindModifier {
			return true
		}
		if name, _, ok := t.Target("acme.example", "acme.example"); ok && name != "" && t.Kind != spf.KindExp {
			known := false
			for q := range z.Answers {
				known = known || q.Name == name
			}
			if !known {
				return true
			}
		}
	}
	return false
}

// TestMistakes: a fix that says that it is complete gives back what a record with
// typed mistakes was meant to say: no sender less, none more, no weaker end, no error.
// MISTAKES says how many records are tried.
func TestMistakes(t *testing.T) {
	n := 3000
	if s := os.Getenv("MISTAKES"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	failed, offered := 0, 0
	for range n {
		original, mutated := mistaken(rng)
		if mutated == original {
			continue
		}
		offered++
		if why := complaint(original, mutated); why != "" {
			if failed++; failed <= 40 {
				t.Errorf("%q\n  typed %q\n  %s", original, mutated, why)
			}
		}
	}
	if failed > 0 {
		t.Errorf("%d of %d", failed, offered)
	}
}
