package dkim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mailworthy/internal/bombtest"
	"mailworthy/resolver"
)

// bombs are records that are made to cost much: up to 64 KB, as many as an answer
// holds.
func bombs() map[string][]string {
	const most = 64 << 10
	fill := func(s string) string { return strings.Repeat(s, most/len(s)) }
	few := func(s string, n int) (texts []string) {
		for i := range n {
			texts = append(texts, fmt.Sprintf(s, i))
		}
		return texts
	}
	return map[string][]string{
		"semicolons":              {"v=DKIM1" + fill(";")},
		"semicolons apart":        {"v=DKIM1" + fill("; ")},
		"tags":                    {"v=DKIM1;" + fill("a=b;")},
		"one tag, often":          {"v=DKIM1;" + fill("p=;")},
		"entries of h=":           {"v=DKIM1;h=" + fill("a:")},
		"empty entries of s=":     {"v=DKIM1;s=" + fill(":")},
		"flags":                   {"v=DKIM1;t=" + fill("y:")},
		"a note":                  {"v=DKIM1;n=" + fill("x") + ";p="},
		"a note of quotes":        {"v=DKIM1;n=" + fill(`"`) + ";p="},
		"control characters":      {"v=DKIM1;n=" + fill("\x01") + ";p="},
		"bytes over 127":          {"v=DKIM1; p=" + fill("\xff")},
		"a version":               {"v=" + fill("DKIM1 ")},
		"a type":                  {"v=DKIM1; k=" + fill("rsa")},
		"a granularity":           {"v=DKIM1; g=" + fill("*") + "; p="},
		"a key of As":             {"v=DKIM1; p=" + fill("A")},
		"a key of blanks":         {"v=DKIM1; p=" + fill("A ")},
		"a key of a large length": {"v=DKIM1; p=MIL//w" + fill("A")},
		"colons for equals":       {fill("v:DKIM1 ")},
		"equals signs":            {fill("=")},
		"backslashes":             {fill(`\;`)},
		"quotes":                  {fill(`" "`)},
		"armour":                  {"v=DKIM1; p=" + fill("-----BEGIN PUBLIC KEY-----")},
		"brackets":                {fill("<")},
		"line breaks":             {fill("v=DKIM1;\r\n ")},
		"up to what is repaired":  {("v=DKIM1 p " + fill("t=s,"))[:mostText]},
		"a modulus of zeros":      {"v=DKIM1; p=MIIP/DANBgkqhkiG9w0BAQEFAAOCD+kAMIIP5AKCD9sB" + strings.Repeat("AAAA", 900)},
		"many records":            few("v=DKIM1; p=%d", 3000),
		"many empty records":      few("", 3000),
		"two large records":       {"v=DKIM1;" + fill("a=b;")[:30000], "v=DKIM1;p=" + fill("A")[:30000]},
		"four pieces":             {("v=DKIM1 p " + fill("t=s,"))[:mostText-8], fill("A")[:mostText], fill("B ")[:mostText], fill("C=")[:mostText]},
	}
}

// TestBombs: whatever stands at a selector is judged in little memory, and in a
// report of less than a megabyte.
func TestBombs(t *testing.T) {
	most := bombtest.Bounds{Said: 1 << 20, Allocated: 100 << 20}
	for name, texts := range bombs() {
		bombtest.Judge(t, "lint, "+name, most, func() any { return Lint([]byte(texts[0])) })
		r := bomb{texts}
		var d *Discovery
		bombtest.Judge(t, "audit, "+name, most, func() any {
			d = Examine(t.Context(), r, "acme.example", Options{Selectors: []string{"s1"}})
			return Check(d, Context{}).Findings()
		})
		if out, err := json.Marshal(d); err != nil || len(out) > 1<<20 {
			t.Errorf("%s: %d KB of facts, %v", name, len(out)>>10, err)
		}
	}
}

// bomb answers one selector with texts that no zone file holds.
type bomb struct{ texts []string }

func (b bomb) Lookup(_ context.Context, name string, typ resolver.Type) (*resolver.Answer, error) {
	a := &resolver.Answer{Name: name, Type: typ, Status: resolver.NoData, Rcode: "NOERROR"}
	if strings.HasPrefix(name, "s1.") {
		a.Status = resolver.Found
		for _, text := range b.texts {
			record := resolver.Record{Name: name, Type: typ}
			for len(text) > 255 {
				record.TXT, text = append(record.TXT, text[:255]), text[255:]
			}
			record.TXT = append(record.TXT, text)
			a.Records = append(a.Records, record)
		}
	}
	return a, nil
}
