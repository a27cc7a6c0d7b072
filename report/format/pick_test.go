package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/field"
	"mailworthy/internal/show"
)

func TestPick(t *testing.T) {
	r := reports()[:1]
	for _, tt := range []struct{ format, fields, query, want string }{
		{"rows", "score,domain", "", `{"score":49,"domain":"acme.example"}` + "\n"},
		{"rows", "domain,domain", "", `{"domain":"acme.example","domain":"acme.example"}` + "\n"},
		{"rows", "", ".domain", `"acme.example"` + "\n"},
		{"rows", "domain", "keys", `["domain"]` + "\n"},
		{"rows", "", `.domain, (.score | . + 0.5)`, "\"acme.example\"\n49.5\n"},
		{"rows", "", `select(.score > 90)`, ""},
		{"rows", "", `halt`, ""},
		{"rows", "", `$ENV, env`, "{}\n{}\n"},
		{"ndjson", "domain,queries", "", `{"domain":"acme.example","queries":47}` + "\n"},
		{"ndjson", "", ".score.value", "49\n"},
	} {
		f, _ := Find(tt.format)
		var fields []string
		if tt.fields != "" {
			fields = strings.Split(tt.fields, ",")
		}
		p, err := NewPick(f, fields, tt.query)
		if err != nil {
			t.Errorf("%s %q: %v", tt.fields, tt.query, err)
			continue
		}
		var b bytes.Buffer
		var row Text
		if err := errors.Join(f.Write(&b, r, Options{Pick: p}), f.Row(&row, r[0], Options{Pick: p})); err != nil || b.String() != tt.want || string(row.Bytes) != tt.want {
			t.Errorf("%s %q: %q and %q, %v, want %q", tt.fields, tt.query, b.String(), row.Bytes, err, tt.want)
		}
	}
}

func TestPickErrors(t *testing.T) {
	f, _ := Find("rows")
	for _, tt := range []struct{ field, query, want, help string }{
		{"scor", "", `fields: a line of rows has no field "scor"`, "did you mean score? the fields are schema, domain,"},
		{"Score", "", `fields: a line of rows has no field "Score"`, "did you mean score?"},
		{"evidence-of-all", "", `fields: a line of rows has no field "evidence-of-all"`, "the fields are schema, domain,"},
		{"", ".a[", "jq: ", "--jq takes a filter of jq"},
		{"", "nothing", "jq: function not defined: nothing/0", ""},
		{"", "input", "jq: input(s)/0 is not allowed", ""},
		{"", strings.Repeat(" ", maxQuery) + ".", "jq: the query has more than 65536 bytes", ""},
	} {
		var fields []string
		if tt.field != "" {
			fields = []string{tt.field}
		}
		_, err := NewPick(f, fields, tt.query)
		var wrong *field.Error
		if !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Error(), tt.want) || !strings.HasPrefix(wrong.Hint(), tt.help) {
			t.Errorf("%q %.20q: %v, %+v", tt.field, tt.query, err, wrong)
		}
	}
	p, err := NewPick(f, nil, ".domain[]")
	if err != nil {
		t.Fatal(err)
	}
	var row Text
	if err := f.Row(&row, reports()[0], Options{Pick: p}); err == nil || !strings.HasPrefix(err.Error(), "jq: acme.example: cannot iterate over") || len(row.Bytes) > 0 {
		t.Errorf("%v, %q", err, row.Bytes)
	}
}

// Whatever a query does to text from the DNS, lines stay lines of harmless JSON.
func TestPickHostile(t *testing.T) {
	f, _ := Find("ndjson")
	p, err := NewPick(f, nil, `.. | strings | ., explode, @json, @base64`)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, reports(), Options{Pick: p}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if !json.Valid([]byte(line)) || !strings.HasSuffix(line, "\n") || slices.ContainsFunc([]rune(strings.TrimSuffix(line, "\n")), show.Invisible) {
			t.Fatalf("%q", line)
		}
	}
}
