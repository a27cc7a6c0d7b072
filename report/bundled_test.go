package report

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/audit"
	"mailworthy/internal/golden"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
)

// bundledReport audits a target on the bundled zones, always in the same time.
func bundledReport(t testing.TB, target audit.Target, zones []*resolver.ZoneSet) *Report {
	t.Helper()
	result := audit.Run(context.Background(), resolver.NewOverlay(nil, zones...), target, audit.Options{Now: reporttest.Started})
	result.Duration = 0
	return New(result, DefaultScale(), "1.0.0")
}

// What a person sees of each bundled domain; and whatever the audit finds, its
// JSON is by the schema and comes back, and every format can be written.
func TestBundledZones(t *testing.T) {
	zones := reporttest.BundledZones(t)
	schema := reporttest.CompiledSchema(t, Schema())
	for name, target := range reporttest.BundledTargets {
		t.Run(name, func(t *testing.T) {
			r := bundledReport(t, target, zones)
			var table bytes.Buffer
			if err := WriteTable(&table, r, TableOptions{Width: 80}); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "testdata/bundled/"+name+".txt", table.Bytes())

			r.Plan = MakePlan(r, nil)
			var text bytes.Buffer
			if err := WriteJSON(&text, r); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%v", err)
			}
			back, err := ReadJSON(&text)
			if err != nil {
				t.Fatal(err)
			}
			var again, before bytes.Buffer
			if err := WriteJSON(&again, back[0]); err != nil {
				t.Fatal(err)
			}
			if err := WriteJSON(&before, r); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Bytes(), before.Bytes()) {
				t.Error("the report reads back differently from what was written")
			}
			for format, write := range formats {
				var b bytes.Buffer
				if err := write(&b, []*Report{r}); err != nil || b.Len() == 0 {
					t.Errorf("%s: %d bytes, %v", format, b.Len(), err)
				}
			}
		})
	}
}

// Every check that a finding names is documented.
func TestFindingsAreDocumented(t *testing.T) {
	zones := reporttest.BundledZones(t)
	for _, target := range reporttest.BundledTargets {
		for _, f := range bundledReport(t, target, zones).Findings {
			if c, ok := FindCheck(f.Check); !ok || c.Section != f.Section {
				t.Errorf("%s of section %s is not documented there", f.Check, f.Section)
			}
		}
	}
}

// The proposed records are a zone file that a name server reads, and that holds
// just these records.
func TestZoneFileParses(t *testing.T) {
	r := New(reporttest.Flawed(), DefaultScale(), "1.0.0")
	r.Findings[0].Fix.Value = "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 40) + `exp=%{d}"\` + "\xff -all"
	var b bytes.Buffer
	if err := WriteZone(&b, []*Report{r}); err != nil {
		t.Fatal(err)
	}
	set, err := resolver.ParseZone(bytes.NewReader(b.Bytes()), "acme.example", "proposed")
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	for _, want := range []struct{ name, value string }{
		{"acme.example", r.Findings[0].Fix.Value},
		{"_dmarc.acme.example", "v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc-reports@acme.example,mailto:acme@reports.dmarc.example; adkim=r; aspf=r"},
	} {
		a, err := resolver.NewOverlay(nil, set).Lookup(context.Background(), want.name, resolver.TypeTXT)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Records) != 1 || a.Records[0].Text() != want.value {
			t.Fatalf("%s holds %+v, want %q", want.name, a.Records, want.value)
		}
		if slices.ContainsFunc(a.Records[0].TXT, func(s string) bool { return len(s) > 255 }) {
			t.Errorf("%s has a string over 255 bytes", want.name)
		}
	}
}

// mapStrings leaves what it was given as it was.
func TestMapStringsCopies(t *testing.T) {
	type inner struct {
		List []string
		Map  map[string][]string
	}
	type outer struct {
		inner
		Any  any
		To   *inner
		Addr netip.Addr
		Nil  []int
	}
	in := outer{inner: inner{List: []string{"a"}, Map: map[string][]string{"a": {"a"}}}, Any: []string{"a"}, To: &inner{List: []string{"a"}}, Addr: netip.MustParseAddr("192.0.2.1")}
	out := mapStrings(in, func(s string) string { return s + "!" })
	if out.To.List[0] != "a!" || out.Any.([]string)[0] != "a!" || out.Addr != in.Addr || out.Nil == nil || out.To.Map != nil {
		t.Errorf("%+v", out)
	}
	if in.To.List[0] != "a" || in.Any.([]string)[0] != "a" || in.Nil != nil {
		t.Errorf("the original changed: %+v", in)
	}
}

// A record of 64 KB makes no output of a size that hurts, except where all of it
// is wanted.
func TestFormatsAreBounded(t *testing.T) {
	result := reporttest.Hostile()
	big := strings.Repeat("\x1b[31m\xff\u202e", 8192)
	f := &result.Findings[0]
	f.Detail, f.Subject, f.Title = big, big, big
	f.Evidence[0].Answer = []string{big, big}
	f.Evidence[0].Note = big
	f.Fix.Remove[0].Value = big
	r := New(result, DefaultScale(), "1.0.0")
	for name, write := range formats {
		if name == "report.ndjson" {
			continue
		}
		var b bytes.Buffer
		if err := write(&b, []*Report{r}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b.Len() > 400<<10 {
			t.Errorf("%s: %d KB", name, b.Len()>>10)
		}
	}
}
