package show_test

import (
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// FuzzMasterLine: a name server reads back every TXT record that is written.
func FuzzZoneLine(f *testing.F) {
	for _, seed := range []string{"v=spf1 -all", `a"b\c;d(e)`, bombtest.Attack, strings.Repeat("x", 300), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > 2000 {
			return
		}
		rec := finding.Record{Name: "a.example", Type: "TXT", Value: value}
		for _, zone := range []string{
			"a.example. 300 IN TXT " + show.ZoneData(rec.Type, value) + "\n",
			strings.Replace(strings.Join(show.ZoneLines(rec, 40), "\n"), "TXT", "300 IN TXT", 1) + "\n",
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
