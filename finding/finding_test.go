package finding

import (
	"reflect"
	"slices"
	"testing"
)

// TestAtLeast: what is not known is no failure, and at least nothing but itself.
func TestAtLeast(t *testing.T) {
	order := []Severity{Critical, Error, Warning, Notice}
	for i, s := range order {
		for j, limit := range order {
			if got := s.AtLeast(limit); got != (i <= j) {
				t.Errorf("%s at least %s: %v", s, limit, got)
			}
		}
		for _, open := range []Severity{Unknown, NotChecked} {
			if open.AtLeast(s) || s.AtLeast(open) || !open.AtLeast(open) || !open.Open() || s.Open() {
				t.Errorf("%s beside %s", s, open)
			}
		}
		for _, fine := range []Severity{Info, Pass} {
			if fine.AtLeast(s) || !fine.AtLeast(fine) {
				t.Errorf("%s is at least %s", fine, s)
			}
		}
	}
}

// TestRank is the order of display: what is not known stands above a warning.
func TestRank(t *testing.T) {
	order := []Severity{Critical, Error, Unknown, Warning, Notice, Info, Pass, NotChecked}
	if !slices.IsSortedFunc(order, func(a, b Severity) int { return b.Rank() - a.Rank() }) {
		t.Error("the order of severities")
	}
}

func TestFix(t *testing.T) {
	f := Fix{Summary: "Ask for quarantine.", Name: "_dmarc.acme.example", Type: "TXT", Value: "v=DMARC1; p=quarantine", More: []Record{{Name: "a.example", Type: "A", Value: "192.0.2.1"}}}
	if r := f.Records(); len(r) != 2 || r[0].Value != f.Value || r[1].Name != "a.example" {
		t.Errorf("%+v", r)
	}
	other := f
	other.When = "the reports are clean"
	if f.Key() == other.Key() || f.Key() != (&Fix{Summary: f.Summary, Name: f.Name, Type: f.Type, Value: f.Value, More: slices.Clone(f.More)}).Key() {
		t.Error("keys of equal fixes are equal, and of others not")
	}
	same := f
	same.More = slices.Clone(f.More)
	if !f.Equal(&same) {
		t.Error("equal fixes differ")
	}
	for i := range reflect.TypeFor[Fix]().NumField() {
		other := f
		v := reflect.ValueOf(&other).Elem().Field(i)
		switch v.Kind() {
		case reflect.String:
			v.SetString("other")
		case reflect.Bool:
			v.SetBool(!v.Bool())
		default:
			v.Set(reflect.ValueOf([]Record{{Name: "other.example"}}))
		}
		if f.Equal(&other) {
			t.Errorf("%s makes no difference", reflect.TypeFor[Fix]().Field(i).Name)
		}
	}
	for summary, want := range map[string]string{
		"Ask for quarantine.": "When the reports are clean: ask for quarantine.",
		"DMARC: next step.":   "When the reports are clean: DMARC: next step.",
		"":                    "",
	} {
		other.Summary = summary
		if got := other.Words(); got != want {
			t.Errorf("%q", got)
		}
	}
	if f.Words() != f.Summary {
		t.Errorf("%q", f.Words())
	}
}

// TestAnswered: a connection that was put off says nothing about the server.
func TestAnswered(t *testing.T) {
	for _, c := range []struct {
		kind   EvidenceKind
		status string
		want   bool
	}{
		{DNS, "found", true}, {DNS, "nxdomain", true}, {DNS, "timeout", false}, {DNS, "offline", false},
		{Connection, "ok", true}, {Connection, "rejected-5xx", true}, {Connection, "rejected-4xx", false}, {Connection, "refused", false},
		{Fetch, "tls-failed", true}, {Fetch, "timeout", false},
	} {
		if got := (&Evidence{Kind: c.kind, Status: c.status}).Answered(); got != c.want {
			t.Errorf("%q %s: %v", c.kind, c.status, got)
		}
	}
}
