package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mailworthy/finding"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// FuzzEscape: what Escape returns moves no terminal, whatever goes in.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"v=spf1 -all", reporttest.Attack, "\xff\x00", "é́́́́", "\U000e0041"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Escape(in)
		if !utf8.ValidString(out) {
			t.Errorf("%q is not UTF-8", out)
		}
		for _, r := range out {
			if invisible(r) {
				t.Errorf("%q still has %q", out, r)
			}
		}
		for _, l := range wrap(out, 20) {
			if width(l) > 20 {
				t.Errorf("the line %q is %d cells wide", l, width(l))
			}
		}
	})
}

// FuzzJSONText: every text comes back from JSON.
func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{"plain", `\xff`, "\xff", `\\x5cxff`, reporttest.Attack} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		text := jsonText(in)
		if !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
		if got := fromJSONText(text); got != in {
			t.Errorf("%q came back as %q through %q", in, got, text)
		}
	})
}

// FuzzMasterLine: a name server reads back every TXT record that is written.
func FuzzMasterLine(f *testing.F) {
	for _, seed := range []string{"v=spf1 -all", `a"b\c;d(e)`, reporttest.Attack, strings.Repeat("x", 300), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > 2000 {
			return
		}
		rec := finding.Record{Name: "a.example", Type: "TXT", Value: value}
		for _, zone := range []string{
			"a.example. 300 IN TXT " + masterData(rec.Type, value) + "\n",
			strings.Replace(strings.Join(masterLines(rec, 40), "\n"), "TXT", "300 IN TXT", 1) + "\n",
		} {
			set, err := resolver.ParseZone(strings.NewReader(zone), "a.example", "fuzz")
			if err != nil {
				t.Fatalf("%v\n%s", err, zone)
			}
			a := resolver.Find([]*resolver.ZoneSet{set}, "a.example", resolver.TypeTXT)
			if len(a.Records) != 1 || a.Records[0].Text() != value {
				t.Errorf("%q is read as %+v from\n%s", value, a.Records, zone)
			}
		}
	})
}
