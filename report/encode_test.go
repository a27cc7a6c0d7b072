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
	"mailworthy/internal/rawjson"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/receiver"
	"mailworthy/report/reporttest"
	"mailworthy/spf"
)

// byEncodingJSON is what the encoder is held against: encoding/json over a copy
// with changed strings, and its text with what a terminal would obey escaped.
func byEncodingJSON(v any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(mapStrings(v, rawjson.Escape)); err != nil {
		return nil, err
	}
	var out []byte
	for text := buf.Bytes(); len(text) > 0; {
		r, size := utf8.DecodeRune(text)
		switch {
		case r > 0xffff && show.Invisible(r):
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case r >= 0x7f && show.Invisible(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out, nil
}

// sameJSON fails where the two differ.
func sameJSON(t *testing.T, v any) {
	t.Helper()
	for _, indent := range []string{"", "  "} {
		want, wantErr := byEncodingJSON(v, indent)
		got, err := MarshalJSON(v, indent)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%T: error %v, want %v", v, err, wantErr)
		}
		if !bytes.Equal(got, want) {
			i := 0
			for i < len(got) && i < len(want) && got[i] == want[i] {
				i++
			}
			from := max(i-100, 0)
			t.Fatalf("%T: at byte %d:\n%q, want\n%q", v, i, got[from:min(i+100, len(got))], want[from:min(i+100, len(want))])
		}
	}
}

var hostileStrings = []string{"", "plain", reporttest.Attack, `\xff`, `\\x5cxff`, `\x`, `\xg0`, "\xff\x00", "é́́́́", "\U000e0041", "\u2028\u2029\x7f\u0080",
	"\b\f\n\r\t\x01\x1f\"\\/<>&", "1234567\"", "12345678\\", "1234567\x7f", "1234567é", "\ufffd", "\xed\xa0\x80", "\U0010fffe\U000f0000", `"v=spf1 -all"`}

func TestEncodeReports(t *testing.T) {
	list := reports()
	zones := reporttest.BundledZones(t)
	for _, target := range reporttest.BundledTargets {
		list = append(list, bundledReport(t, target, zones))
	}
	for _, r := range list {
		sameJSON(t, r)
		sameJSON(t, *r)
		sameJSON(t, NewStanding(r))
		sameJSON(t, Compare(list[0], r))
		var tally Tally
		tally.Add(r.Count())
		sameJSON(t, tally)
	}
	sameJSON(t, list)
	sameJSON(t, rbl.DefaultCatalogue())
	sameJSON(t, AllChecks())
}

func TestEncodeText(t *testing.T) {
	for _, s := range hostileStrings {
		sameJSON(t, s)
		for i := range 20 {
			sameJSON(t, strings.Repeat("x", i)+s+strings.Repeat("y", i))
		}
		sameJSON(t, map[string]any{s: s, `\x41`: 1, "\xff": 2, "]": 3})
		if ip, err := netip.ParseAddr("fe80::1%" + s); err == nil {
			sameJSON(t, ip)
		}
	}
	for c := range 256 {
		sameJSON(t, string([]byte{byte(c)}))
		sameJSON(t, "1234567"+string([]byte{byte(c)})+"1234567")
	}
}

func TestEncodeValues(t *testing.T) {
	type embedded struct {
		Text string   `json:"text,omitempty"`
		List []string `json:"list"`
	}
	type Embedded embedded
	type values struct {
		Embedded
		Left    string `json:"-"`
		hidden  string
		Small   int8             `json:"small"`
		Large   uint64           `json:"large"`
		Bytes   []byte           `json:"bytes"`
		Array   [2][]int         `json:"array"`
		Map     map[string][]int `json:"map"`
		None    map[string]int   `json:"none"`
		Any     []any            `json:"any"`
		To      *embedded        `json:"to"`
		Empty   *embedded        `json:"empty,omitempty"`
		Bool    bool             `json:"bool,omitempty"`
		Struct  embedded         `json:"struct,omitempty"`
		Zero    embedded         `json:"zero,omitzero"`
		Time    time.Time        `json:"time,omitzero"`
		At      *time.Time       `json:"at"`
		Addr    netip.Addr       `json:"addr,omitzero"`
		Prefix  netip.Prefix     `json:"prefix"`
		Listing []netip.Addr     `json:"listing,omitempty"`
	}
	sameJSON(t, nil)
	sameJSON(t, values{})
	sameJSON(t, &values{})
	at := time.Date(2026, 10, 17, 1, 2, 3, 40, time.FixedZone("", 3600))
	ip := netip.MustParseAddr("2001:db8::1")
	full := values{Embedded: Embedded{Text: "x"}, hidden: "it must not be written", Small: -128, Large: math.MaxUint64, Bytes: []byte("\xff"), Array: [2][]int{{1}, nil}, Map: map[string][]int{"b": nil, "a": {1}, "": {}},
		None: map[string]int{}, Any: []any{nil, 1, "x", 1.5, []string(nil), map[string]any(nil), (*embedded)(nil), embedded{}, &embedded{}, at, &at, ip, true},
		To: &embedded{}, Empty: &embedded{}, Bool: true, Zero: embedded{Text: "x"}, Time: at, At: &at, Addr: ip, Prefix: netip.PrefixFrom(ip, 32), Listing: []netip.Addr{{}, ip}}
	sameJSON(t, full)
	sameJSON(t, &full)
	for _, f := range []float64{0, math.Copysign(0, -1), 1, 1.5, -0.1, 1e-6, 9.99e-7, 1e-9, 1e-10, 1e-100, 1e20, 1e21, 1.5e21, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		sameJSON(t, f)
	}
	sameJSON(t, math.NaN())
	sameJSON(t, math.Inf(-1))
	sameJSON(t, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
}

// What encoding/json can write and the encoder cannot is said, not left out.
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
			Y int `json:"x"`
		}{}, struct {
			One
			Y int `json:"x"`
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

// What is written without a plan has every field of its type, as the plan would.
func TestEncodeByHand(t *testing.T) {
	f := filler{rand.New(rand.NewPCG(3, 4)), hostileStrings}
	for range 300 {
		for _, v := range []any{new(finding.Finding), new(finding.Evidence), new(receiver.Requirement), new(dkim.Selector), new(rbl.Listing), new(Scale)} {
			sameJSON(t, v) // that of zero
			f.fill(reflect.ValueOf(v).Elem(), 6)
			sameJSON(t, v)
			sameJSON(t, reflect.ValueOf(v).Elem().Interface())
		}
	}
}

func FuzzEncode(f *testing.F) {
	for i, s := range hostileStrings {
		f.Add(s, uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		sameJSON(t, text)
		sameJSON(t, map[string]string{text: text, text + "x": "", "x" + text: ""})
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
		new(spf.Evaluation), new(spf.Flattening), new(dkim.Verification), new(dmarc.Verdict), new(audit.MessageResult), new(rbl.Catalogue), new(rbl.Survey)}
	v := reflect.ValueOf(roots[f.IntN(len(roots))])
	f.fill(v.Elem(), 6)
	sameJSON(t, v.Interface())
}

func (f filler) fill(v reflect.Value, depth int) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(f.Int64N(1e10), f.Int64N(1e9)).UTC()))
		return
	case reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf([]netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8::1%x\xff\u202e")}[f.IntN(4)]))
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
