package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/rawjson"
	"mailworthy/report"
)

// Pick is what is wanted of each line of a format that is JSON, a line a domain. Nil is
// all of it. Several goroutines may use it.
type Pick struct {
	fields [][]byte
	code   *gojq.Code
}

// Fields are the keys of a line of the format, in their order; nil if its lines are no JSON.
func (f Format) Fields() []string {
	if f.lines == nil {
		return nil
	}
	return keys(f.lines, nil)
}

func keys(of reflect.Type, to []string) []string {
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			to = keys(field.Type, to)
		case field.IsExported() && name != "-":
			to = append(to, name)
		}
	}
	return to
}

// maxQuery bounds the text of a query.
const maxQuery = 64 << 10

// NewPick returns what picks the fields of each line, or what a query makes of it; the
// query sees the fields picked, if any. The error is a *field.Error of "fields" or "jq".
func NewPick(f Format, fields []string, query string) (*Pick, error) {
	if len(fields) == 0 && query == "" {
		return nil, nil
	}
	var p Pick
	known := f.Fields()
	for _, name := range fields {
		if !slices.Contains(known, name) {
			help := "the fields are " + strings.Join(known, ", ")
			if near := hint.Nearest(strings.ToLower(name), max(len(name)/2, 1), known...); near != "" {
				help = hint.DidYouMean(near) + " " + help
			}
			return nil, field.Errorf("fields", ": a line of %s has no field %q", f.Name, name).With("%s", help)
		}
		p.fields = append(p.fields, []byte(name))
	}
	if query == "" {
		return &p, nil
	}
	if len(query) > maxQuery {
		return nil, field.Errorf("jq", ": the query has more than %d bytes", maxQuery)
	}
	parsed, err := gojq.Parse(query)
	if err != nil {
		return nil, field.Because("jq", err).With("--jq takes a filter of jq, such as '{domain, score}'")
	}
	// Neither files nor the environment are there for it.
	if p.code, err = gojq.Compile(parsed); err != nil {
		return nil, field.Because("jq", err)
	}
	return &p, nil
}

// appendLine adds v as JSON on one line, or what is wanted of it.
func (p *Pick) appendLine(to []byte, domain string, v any) ([]byte, error) {
	if p == nil {
		return report.AppendJSON(to, v)
	}
	line, err := report.AppendJSON(nil, v)
	if err != nil {
		return nil, err
	}
	if p.fields != nil {
		if line, err = p.picked(line); err != nil {
			return nil, err
		}
	}
	if p.code == nil {
		return append(to, line...), nil
	}
	var in any
	if err := json.Unmarshal(line, &in); err != nil {
		return nil, err
	}
	for results := p.code.Run(in); ; {
		v, ok := results.Next()
		if !ok {
			return to, nil
		}
		if halted, ok := v.(*gojq.HaltError); ok && halted.Value() == nil {
			return to, nil
		}
		if err, failed := v.(error); failed {
			return nil, field.Because("jq", fmt.Errorf("%s: %w", domain, err))
		}
		text, err := gojq.Marshal(v)
		if err != nil {
			return nil, field.Because("jq", fmt.Errorf("%s: %w", domain, err))
		}
		to = append(append(to, rawjson.EscapeInvisible(text)...), '\n')
	}
}

// picked is a line with the fields wanted, in the order that they were asked for.
func (p *Pick) picked(line []byte) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(line, &all); err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for i, name := range p.fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), `":`...)
		value := all[string(name)]
		if value == nil {
			value = json.RawMessage("null")
		}
		out = append(out, value...)
	}
	return append(out, '}', '\n'), nil
}

// writeLines writes a line a report, and one of what a run found beside them.
func writeLines(line func(*report.Report, Options) any) func(io.Writer, []*report.Report, Options) error {
	return func(w io.Writer, reports []*report.Report, o Options) error {
		var b bytes.Buffer
		for _, r := range reports {
			text, err := o.Pick.appendLine(nil, r.Domain, line(r, o))
			if err != nil {
				return err
			}
			b.Write(text)
		}
		if o.Beside != nil && o.Beside.Configured {
			text, err := report.AppendJSON(b.AvailableBuffer(), o.Beside)
			if err != nil {
				return err
			}
			b.Write(text)
		}
		_, err := b.WriteTo(w)
		return err
	}
}

// rowOf adds a line for a report.
func rowOf(usual int, line func(*report.Report, Options) any) func(*Text, *report.Report, Options) error {
	return func(to *Text, r *report.Report, o Options) error {
		text, err := o.Pick.appendLine(slices.Grow(to.Bytes, usual), r.Domain, line(r, o))
		if err == nil {
			to.Bytes = text
		}
		return err
	}
}
