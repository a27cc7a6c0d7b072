package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	jsonschema "github.com/santhosh-tekuri/jsonschema/v6"

	"mailworthy/finding"
	"mailworthy/internal/golden"
	"mailworthy/internal/rawjson"
	"mailworthy/internal/show"
	"mailworthy/report/reporttest"
)

// TestSchemaIsCurrent generates the JSON Schema from the types: keys from their
// tags, descriptions from their comments, the values of named strings from their
// constants. So no key is without its meaning and none is forgotten.
func TestSchemaIsCurrent(t *testing.T) {
	for _, tt := range []struct {
		of                           reflect.Type
		file, id, title, description string
	}{
		{reflect.TypeFor[Report](), "report-1.json", SchemaID, "A mailworthy report", "What one audit found about a domain."},
		{reflect.TypeFor[Row](), "row-1.json", RowSchemaID, "A row of a mailworthy list", "What one audit found about a domain, in short."},
	} {
		generatedSchema(t, tt.of, tt.file, tt.id, tt.title,
			tt.description+" Keys are added, never renamed. Bytes that are no UTF-8 are written as the four characters \\xNN, a backslash before xNN as \\x5c.")
	}
}

// generatedSchema returns the schema of a type, after it compared it with its file, which
// -update writes; id is what the key "schema" says, and no description is none.
func generatedSchema(t *testing.T, of reflect.Type, file, id, title, description string) *jsonschema.Schema {
	t.Helper()
	g := schemaGenerator{defs: map[string]any{}, docs: map[string]*packageDocs{}}
	root := g.object(of)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://mailworthy.example/schema/" + file
	root["title"] = title
	if description != "" {
		root["description"] = description
	}
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": id}
	root["$defs"] = g.defs
	text, err := MarshalJSON(root, "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "schema/"+file, text)
	return reporttest.CompiledSchema(t, text)
}

// validates holds what a value is as JSON against a schema.
func validates(t *testing.T, schema *jsonschema.Schema, what string, v any) {
	t.Helper()
	text, err := MarshalJSON(v, "  ")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

type schemaGenerator struct {
	defs map[string]any
	docs map[string]*packageDocs
}

// of returns the schema of a type; named structs go into $defs.
func (g *schemaGenerator) of(t reflect.Type) map[string]any {
	switch t.String() {
	case "time.Time":
		return map[string]any{"type": "string", "format": "date-time"}
	case "netip.Addr", "netip.Prefix":
		return map[string]any{"type": "string"}
	case "json.RawMessage":
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.String:
		s := map[string]any{"type": "string"}
		if values := g.doc(t).values[t.Name()]; len(values) > 0 {
			s["enum"] = values
		}
		return s
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64, reflect.Float32:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.of(t.Elem())}
	case reflect.Array:
		return map[string]any{"type": "array", "items": g.of(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{g.of(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		// SPF is one word in the schema, of two packages in the code.
		name := filepath.Base(strings.TrimSuffix(t.PkgPath(), "/policy")) + "." + t.Name()
		if _, ok := g.defs[name]; !ok {
			g.defs[name] = nil // in progress: a type may hold itself
			g.defs[name] = g.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + name}
	}
	panic("no schema for " + t.String())
}

func (g *schemaGenerator) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	required := []string{}
	g.fields(t, properties, &required)
	s := map[string]any{"type": "object", "properties": properties, "required": required}
	if d := g.doc(t).types[t.Name()]; d != "" {
		s["description"] = d
	}
	return s
}

func (g *schemaGenerator) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		switch {
		case f.Anonymous && tag == "":
			g.fields(f.Type, properties, required)
			continue
		case !f.IsExported() || tag == "-":
			continue
		case tag == "":
			panic(fmt.Sprintf("%s.%s has no json tag", t, f.Name))
		}
		s := g.of(f.Type)
		if f.Tag.Get("empty") == "null" {
			s = map[string]any{"anyOf": []any{s, map[string]any{"type": "null"}}}
		}
		if d := g.doc(t).fields[t.Name()+"."+f.Name]; d != "" {
			s["description"] = d
		}
		if properties[tag] != nil {
			panic(fmt.Sprintf("%s has two fields %s", t, tag))
		}
		properties[tag] = s
		*required = append(*required, tag)
	}
}

// packageDocs are the comments of a package's types and fields, and the values
// of its string constants by type.
type packageDocs struct {
	types, fields map[string]string
	values        map[string][]string
}

func (g *schemaGenerator) doc(t reflect.Type) *packageDocs {
	path, ours := strings.CutPrefix(t.PkgPath(), "mailworthy/")
	if !ours {
		return &packageDocs{}
	}
	if d := g.docs[path]; d != nil {
		return d
	}
	d := &packageDocs{types: map[string]string{}, fields: map[string]string{}, values: map[string][]string{}}
	g.docs[path] = d
	files, _ := filepath.Glob("../" + path + "/*.go")
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			panic(err)
		}
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok {
				d.read(gen)
			}
		}
	}
	return d
}

func (d *packageDocs) read(gen *ast.GenDecl) {
	for _, spec := range gen.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			d.types[spec.Name.Name] = oneLine(gen.Doc.Text())
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range st.Fields.List {
				for _, n := range f.Names {
					d.fields[spec.Name.Name+"."+n.Name] = oneLine(f.Doc.Text())
				}
			}
		case *ast.ValueSpec:
			id, ok := spec.Type.(*ast.Ident)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					d.values[id.Name] = append(d.values[id.Name], strings.Trim(lit.Value, `"`))
				}
			}
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestReportsValidate(t *testing.T) {
	schema := reporttest.CompiledSchema(t, currentSchema(t))
	for name, result := range reporttest.Results() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteJSON(&b, New(result, DefaultScale(), "1.0.0")); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "testdata/json/"+name+".json", b.Bytes())
			doc, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a report that breaks the contract", func(t *testing.T) {
		if err := schema.Validate(map[string]any{"schema": SchemaID, "findings": []any{map[string]any{"severity": "terrible"}}}); err == nil {
			t.Error("validates")
		}
	})
}

// TestScoreFromJSONAlone computes verdict-free numbers of each golden report
// again, from nothing but its JSON, by the rules of docs/scoring.md.
func TestScoreFromJSONAlone(t *testing.T) {
	files, err := filepath.Glob("testdata/json/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden reports", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r struct {
				Score struct {
					Value     *int
					Low, High int
					Scale     struct{ Weights, Deductions, Caps map[string]int }
				}
				Findings []struct {
					Check, Section, Severity string
					CouldBe                  string `json:"could_be"`
					Undecides                bool   `json:"undecides_section"`
				}
			}
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
			scale := r.Score.Scale
			order := []string{"", "pass", "info", "notice", "warning", "error", "critical"}
			rank := func(s string) int {
				for i, o := range order {
					if o == s {
						return i
					}
				}
				return 0 // unknown
			}
			// total is the weighted mean under the cap, judging each finding by as.
			total := func(judged func(section string) bool, as func(i int) string) (value, weight int) {
				sum, worst := 0, 0
				for section, w := range scale.Weights {
					seen, worstOf := false, map[string]int{}
					for i, f := range r.Findings {
						worst = max(worst, rank(as(i)))
						if f.Section == section {
							seen = true
							worstOf[f.Check] = max(worstOf[f.Check], scale.Deductions[as(i)])
						}
					}
					if !seen || !judged(section) {
						continue
					}
					left := 100
					for _, d := range worstOf {
						left -= d
					}
					sum, weight = sum+max(0, left)*w, weight+w
				}
				if weight == 0 {
					return 0, 0
				}
				value = int(float64(sum)/float64(weight) + 0.5)
				for s, limit := range scale.Caps {
					if worst >= rank(s) {
						value = min(value, limit)
					}
				}
				return value, weight
			}
			known := func(i int) string { return r.Findings[i].Severity }
			possible := func(i int) string {
				if f := r.Findings[i]; rank(f.CouldBe) > rank(f.Severity) {
					return f.CouldBe
				}
				return r.Findings[i].Severity
			}
			sectionAt := func(section string, as func(int) string) int {
				left, worstOf := 100, map[string]int{}
				for i, f := range r.Findings {
					if f.Section == section {
						worstOf[f.Check] = max(worstOf[f.Check], scale.Deductions[as(i)])
					}
				}
				for _, d := range worstOf {
					left -= d
				}
				return max(0, left)
			}
			decided := func(section string) bool {
				for _, f := range r.Findings {
					if f.Section == section && f.Undecides {
						return sectionAt(section, known) == sectionAt(section, possible)
					}
				}
				return true
			}
			all := func(string) bool { return true }
			value, weight := total(decided, known)
			low, _ := total(all, possible)
			high, _ := total(all, known)
			if weight == 0 {
				if r.Score.Value != nil {
					t.Errorf("value %d where no section is judged", *r.Score.Value)
				}
			} else {
				low, high = min(low, value), max(high, value)
				if r.Score.Value == nil || *r.Score.Value != value {
					t.Errorf("value %v, computed %d", r.Score.Value, value)
				}
			}
			if r.Score.Low != low || r.Score.High != high {
				t.Errorf("range %d–%d, computed %d–%d", r.Score.Low, r.Score.High, low, high)
			}
		})
	}
}

// TestJSONKeepsBytes has bytes that are no UTF-8 come back from the JSON.
func TestJSONKeepsBytes(t *testing.T) {
	for _, in := range []string{"plain", "\xff\xfe", `\xff as text`, `\xzz`, "caf\xe9 café", `\\xff`, "\x00\u009b31m\u202e"} {
		text, err := MarshalJSON(finding.Record{Value: in}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range string(text) {
			if show.Invisible(c) && c != '\n' {
				t.Errorf("%q: %q stands in the JSON", in, c)
			}
		}
		var out finding.Record
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		if got := rawjson.Unescape(out.Value); got != in {
			t.Errorf("%q came back as %q through %s", in, got, text)
		}
	}
}

// currentSchema is the schema of reports. The embedded one is that before an update.
func currentSchema(t *testing.T) []byte {
	t.Helper()
	if !*golden.Update {
		return Schema()
	}
	text, err := os.ReadFile("schema/report-1.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
