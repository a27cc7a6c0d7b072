package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	rand "math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/internal/rawjson"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/report/reporttest"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// encodes fails unless v is written as JSON that has every key of its type and no list
// that is null, and from which encoding/json reads what was written.
func encodes(t *testing.T, v any) {
	t.Helper()
	text, err := MarshalJSON(v, "")
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	for _, c := range strings.TrimSuffix(string(text), "\n") {
		if show.Invisible(c) || c == utf8.RuneError && !strings.Contains(string(text), string(utf8.RuneError)) {
			t.Fatalf("%T: %q stands in the JSON", v, c)
		}
	}
	var parsed any
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatalf("%T: %v in %s", v, err, text)
	}
	of := reflect.ValueOf(v)
	if wrong := wrongKeys(of.Type(), parsed); wrong != "" {
		t.Fatalf("%T: %s in %s", v, wrong, text)
	}
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	back := reflect.New(of.Type())
	if err := json.Unmarshal(text, back.Interface()); err != nil {
		t.Fatalf("%T: %v in %s", v, err, text)
	}
	stringMapper(rawjson.Unescape).do(back.Elem())
	again, err := MarshalJSON(back.Interface(), "")
	if err != nil || !bytes.Equal(text, again) {
		i := 0
		for i < min(len(again), len(text)) && again[i] == text[i] {
			i++
		}
		t.Fatalf("%T: %v: at byte %d\n%q was read as\n%q", v, err, i, text[max(i-100, 0):], again[max(i-100, 0):])
	}
	indented, err := MarshalJSON(v, "  ")
	var compact bytes.Buffer
	if err != nil || json.Compact(&compact, indented) != nil || compact.String()+"\n" != string(text) {
		t.Fatalf("%T: %v: indented it is another value: %s", v, err, indented)
	}
}

// wrongKeys says what of the JSON of a value of type t is not as docs/json.md has it.
func wrongKeys(t reflect.Type, parsed any) string {
	switch {
	case t.Implements(textMarshaler) || t.Kind() == reflect.Interface || parsed == nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Map):
		return ""
	case t.Kind() == reflect.Pointer:
		return wrongKeys(t.Elem(), parsed)
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return ""
		}
		list, ok := parsed.([]any)
		if !ok {
			return fmt.Sprintf("%v as a list of %v", parsed, t.Elem())
		}
		for _, one := range list {
			if wrong := wrongKeys(t.Elem(), one); wrong != "" {
				return wrong
			}
		}
	case reflect.Map:
		for _, one := range parsed.(map[string]any) {
			if wrong := wrongKeys(t.Elem(), one); wrong != "" {
				return wrong
			}
		}
	case reflect.Struct:
		object, ok := parsed.(map[string]any)
		if !ok {
			return fmt.Sprintf("%v as %v", parsed, t)
		}
		fields := reflect.VisibleFields(t)
		n := 0
		for _, f := range fields {
			name := f.Tag.Get("json")
			if f.Anonymous && name == "" || !f.IsExported() || name == "-" {
				continue
			}
			n++
			value, there := object[name]
			switch {
			case !there:
				return fmt.Sprintf("%v without %s", t, name)
			case value == nil && f.Tag.Get("empty") == "null":
				continue
			}
			if wrong := wrongKeys(f.Type, value); wrong != "" {
				return name + ": " + wrong
			}
		}
		if n != len(object) {
			return fmt.Sprintf("%d keys of %v, not %d", len(object), t, n)
		}
	}
	return ""
}

var hostileStrings = []string{"", "plain", bombtest.Attack, `\xff`, `\\x5cxff`, `\x`, `\xg0`, "\xff\x00", "é́́́́", "\U000e0041", "\u2028\u2029\x7f\u0080",
	"\b\f\n\r\t\x01\x1f\"\\/<>&", "1234567\"", "12345678\\", "1234567\x7f", "1234567é", "\ufffd", "\xed\xa0\x80", "\U0010fffe\U000f0000", `"v=spf1 -all"`}

func TestEncodeReports(t *testing.T) {
	list := reports()
	zones := reporttest.BundledZones(t)
	for _, target := range reporttest.BundledTargets {
		list = append(list, bundledReport(t, target, zones))
	}
	for _, r := range list {
		encodes(t, r)
		encodes(t, *r)
		encodes(t, NewStanding(r))
		encodes(t, Compare(list[0], r))
		var tally Tally
		tally.Add(r.Count())
		encodes(t, tally)
	}
	encodes(t, list)
	encodes(t, rbl.DefaultCatalogue())
	encodes(t, AllChecks())
}

func TestEncodeText(t *testing.T) {
	for _, s := range hostileStrings {
		encodes(t, s)
		for i := range 20 {
			encodes(t, strings.Repeat("x", i)+s+strings.Repeat("y", i))
		}
		encodes(t, map[string]string{s: s, `\x41`: "1", "\xff": "2", "]": "3"})
		if ip, err := netip.ParseAddr("fe80::1%" + s); err == nil {
			if text, err := MarshalJSON(ip, ""); err != nil || !json.Valid(text) {
				t.Errorf("%q: %s, %v", ip, text, err)
			}
		}
	}
	for c := range 256 {
		encodes(t, string([]byte{byte(c)}))
		encodes(t, "1234567"+string([]byte{byte(c)})+"1234567")
	}
}

func TestEncodeValues(t *testing.T) {
	type Part struct {
		Text string   `json:"text"`
		List []string `json:"list"`
	}
	type values struct {
		Part
		Left   string `json:"-"`
		hidden string
		Small  int8             `json:"small"`
		Large  uint64           `json:"large"`
		Bytes  []byte           `json:"bytes"`
		Array  [2][]int         `json:"array"`
		Map    map[string][]int `json:"map"`
		None   map[string]int   `json:"none"`
		Any    []any            `json:"any"`
		To     *Part            `json:"to"`
		Bool   bool             `json:"bool"`
		Reason string           `json:"reason" empty:"null"`
		Line   int              `json:"line" empty:"null"`
		Zero   Part             `json:"zero" empty:"null"`
		Time   time.Time        `json:"time" empty:"null"`
		At     *time.Time       `json:"at"`
		Addr   netip.Addr       `json:"addr" empty:"null"`
		Prefix netip.Prefix     `json:"prefix"`
		Out    string           `json:"out,omitempty"`
	}
	at := time.Date(2026, 10, 17, 1, 2, 3, 40, time.FixedZone("", 3600))
	ip := netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		of   values
		want string
	}{
		{values{}, `{"text":"","list":[],"small":0,"large":0,"bytes":null,"array":[[],[]],"map":null,"none":null,"any":[],"to":null,"bool":false,"reason":null,"line":null,"zero":null,"time":null,"at":null,"addr":null,"prefix":""}`},
		{values{Part: Part{Text: "x"}, Left: "it must not be written", hidden: "nor this", Small: -128, Large: math.MaxUint64, Bytes: []byte("\xff"), Array: [2][]int{{1}, nil}, Map: map[string][]int{"b": nil, "a": {1}, "": {}},
			None: map[string]int{}, Any: []any{nil, 1, "x", 1.5, []string(nil), map[string]any(nil), (*Part)(nil), Part{}, at, ip, true},
			To: &Part{}, Bool: true, Reason: "\xff", Line: 3, Zero: Part{Text: "x"}, Time: at, At: &at, Addr: ip, Prefix: netip.PrefixFrom(ip, 32), Out: "o"},
			`{"text":"x","list":[],"small":-128,"large":18446744073709551615,"bytes":"/w==","array":[[1],[]],"map":{"":[],"a":[1],"b":[]},"none":{},` +
				`"any":[null,1,"x",1.5,[],null,null,{"text":"","list":[]},"2026-10-17T01:02:03.00000004+01:00","2001:db8::1",true],` +
				`"to":{"text":"","list":[]},"bool":true,"reason":"\\xff","line":3,"zero":{"text":"x","list":[]},"time":"2026-10-17T01:02:03.00000004+01:00","at":"2026-10-17T01:02:03.00000004+01:00","addr":"2001:db8::1","prefix":"2001:db8::1/32","out":"o"}`},
	} {
		for _, v := range []any{tt.of, &tt.of} {
			if text, err := MarshalJSON(v, ""); err != nil || strings.TrimSpace(string(text)) != tt.want {
				t.Errorf("%v\n%s, want\n%s", err, text, tt.want)
			}
		}
	}
	if text, err := MarshalJSON(nil, ""); err != nil || string(text) != "null\n" {
		t.Errorf("nil became %s, %v", text, err)
	}
	// A number is written as encoding/json does.
	for _, f := range []float64{0, math.Copysign(0, -1), 1, 1.5, -0.1, 1e-6, 9.99e-7, 1e-9, 1e-10, 1e-100, 1e20, 1e21, 1.5e21, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		want, _ := json.Marshal(f)
		if text, err := AppendJSON(nil, f); err != nil || string(text) != string(want)+"\n" {
			t.Errorf("%v became %s, want %s", f, text, want)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(-1), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if text, err := MarshalJSON(v, ""); err == nil {
			t.Errorf("%v became %s", v, text)
		}
	}
}

// A value that the encoder cannot write is an error; it is not left out.
func TestEncodeUnknown(t *testing.T) {
	type One struct {
		X int `json:"x"`
	}
	for _, v := range []any{
		struct{ X int }{}, struct {
			X int `json:"x,string"`
		}{}, map[int]int{}, func() {}, json.RawMessage("1"),
		struct {
			*One
			Y int `json:"y"`
		}{},
	} {
		if text, err := MarshalJSON(v, ""); err == nil {
			t.Errorf("%T became %s", v, text)
		}
	}
}

// TestEncodeRandom has values of all kinds in every field of what is written.
func TestEncodeRandom(t *testing.T) {
	f := filler{rand.New(rand.NewPCG(1, 2)), hostileStrings}
	for range 300 {
		f.check(t)
	}
}

func FuzzEncode(f *testing.F) {
	for i, s := range hostileStrings {
		f.Add(s, uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		encodes(t, text)
		encodes(t, map[string]string{text: text, text + "x": "", "x" + text: ""})
		filler{rand.New(rand.NewPCG(seed, 0)), []string{text, "", "plain"}}.check(t)
	})
}

// filler fills values with random ones.
type filler struct {
	*rand.Rand
	texts []string
}

// check compares a value of a type that the program writes.
func (f filler) check(t *testing.T) {
	roots := []any{new(Report), new(Standing), new(Comparison), new(Trend), new(Tally), new(finding.Check),
		new(spf.Evaluation), new(spfpolicy.Flattening), new(dkim.Verification), new(dmarc.Verdict), new(audit.MessageResult), new(rbl.Catalogue), new(rbl.Survey)}
	v := reflect.ValueOf(roots[f.IntN(len(roots))])
	f.fill(v.Elem(), 6)
	encodes(t, v.Interface())
}

func (f filler) fill(v reflect.Value, depth int) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(f.Int64N(1e10), f.Int64N(1e9)).UTC()))
		return
	case reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf([]netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8::1%x\u202e")}[f.IntN(4)]))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.texts[f.IntN(len(f.texts))])
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.IntN(3) - 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.IntN(3)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f.NormFloat64() * math.Pow(10, float64(f.IntN(60)-30)))
	case reflect.Pointer:
		if depth > 0 && f.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth-1)
		}
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf([]any{1, "x", []string{f.texts[0]}, finding.Pass, &finding.Fix{}}[f.IntN(5)]))
		}
	case reflect.Slice:
		if n := f.IntN(4); depth > 0 && n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
			for i := range n - 1 {
				f.fill(v.Index(i), depth-1)
			}
		}
	case reflect.Map:
		if n := f.IntN(4); depth > 0 && n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n - 1 {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				f.fill(key, 0)
				f.fill(value, depth-1)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				f.fill(v.Field(i), depth-1)
			}
		}
	}
}

// TestIndented: an indent changes nothing but white space, and a report that it would make larger
// than a megabyte stands on one line.
func TestIndented(t *testing.T) {
	for _, n := range []int{0, 10, 60, 1000} {
		var v any = []any{"{\"[]:,\\", 1.5, nil, true}
		for range n {
			v = map[string]any{"a": v, "b\"": []any{1, "x"}}
		}
		flat, err := MarshalJSON(v, "")
		if err != nil {
			t.Fatal(err)
		}
		text, err := MarshalJSON(v, "  ")
		if err != nil {
			t.Fatal(err)
		}
		var library bytes.Buffer
		if err := json.Indent(&library, flat, "", "  "); err != nil {
			t.Fatal(err)
		}
		want := library.Bytes()
		if library.Len() > maxIndented && n > 0 {
			want = flat
			list, err := MarshalJSON([]any{v, v}, "  ")
			if err != nil || bytes.Count(list, []byte("\n")) != 1 {
				t.Errorf("%d deep, twice: %d lines, %v", n, bytes.Count(list, []byte("\n")), err)
			}
		}
		if !bytes.Equal(text, want) || len(text) > maxIndented {
			t.Errorf("%d deep: %d octets, of %d on one line", n, len(text), len(flat))
		}
	}
}
