package report

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/rawjson"
)

// encoder is JSON under way. encoding/json writes null for a list that is nil, and text
// from the DNS as something else than its bytes. It takes four times as long too
// (BenchmarkRow), without the copy of the report in which both would be mended first.
type encoder struct {
	text []byte
	// err is the first.
	err error
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) null() { e.text = append(e.text, "null"...) }

// value adds a value of any type.
func (e *encoder) value(of any) { e.reflected(reflect.ValueOf(of)) }

func (e *encoder) reflected(v reflect.Value) {
	if !v.IsValid() {
		e.null()
		return
	}
	p, err := planOf(v.Type())
	if err != nil {
		e.fail(err)
		return
	}
	e.planned(p, v)
}

// planned adds a value of the type of the plan.
func (e *encoder) planned(p *plan, v reflect.Value) {
	switch p.kind {
	case asText:
		e.ownText(v)
	case asBytes:
		e.bytes(v.Bytes())
	case reflect.String:
		e.text = rawjson.AppendString(e.text, v.String())
	case reflect.Bool:
		e.text = strconv.AppendBool(e.text, v.Bool())
	case reflect.Int64:
		e.text = strconv.AppendInt(e.text, v.Int(), 10)
	case reflect.Uint64:
		e.text = strconv.AppendUint(e.text, v.Uint(), 10)
	case reflect.Float64:
		e.float(v.Float())
	case reflect.Pointer:
		if v.IsNil() {
			e.null()
		} else {
			e.planned(p.elem, v.Elem())
		}
	case reflect.Interface:
		e.reflected(v.Elem())
	case reflect.Slice:
		e.text = append(e.text, '[')
		for i := range v.Len() {
			e.planned(p.elem, v.Index(i))
			e.text = append(e.text, ',')
		}
		e.end(']')
	case reflect.Map:
		e.entries(p, v)
	case reflect.Struct:
		e.text = append(e.text, '{')
		e.fields(p, v)
		e.end('}')
	}
}

// fields adds the fields of a struct, each with a comma behind it.
func (e *encoder) fields(p *plan, v reflect.Value) {
	for i := range p.fields {
		f := &p.fields[i]
		of := v.Field(f.at)
		switch {
		case f.key == "":
			e.fields(f.plan, of)
			continue
		case f.leftOut && of.IsZero():
			continue
		case f.nullIfZero && of.IsZero():
			e.text = append(append(e.text, f.key...), "null,"...)
			continue
		}
		e.text = append(e.text, f.key...)
		e.planned(f.plan, of)
		e.text = append(e.text, ',')
	}
}

// end ends what may have a comma behind its last part.
func (e *encoder) end(with byte) {
	if last := len(e.text) - 1; e.text[last] == ',' {
		e.text[last] = with
	} else {
		e.text = append(e.text, with)
	}
}

// pointerTo is a pointer to the value, or to a copy if it has no place of its own.
func pointerTo(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	held := reflect.New(v.Type())
	held.Elem().Set(v)
	return held.Interface()
}

// entries adds a map, in the order of what is written as its keys.
func (e *encoder) entries(p *plan, v reflect.Value) {
	if v.IsNil() {
		e.null()
		return
	}
	type entry struct {
		key string
		at  int
	}
	list := make([]entry, 0, 8)
	t := v.Type()
	key, values := reflect.New(t.Key()).Elem(), reflect.MakeSlice(reflect.SliceOf(t.Elem()), v.Len(), v.Len())
	for it := v.MapRange(); it.Next(); {
		key.SetIterKey(it)
		values.Index(len(list)).SetIterValue(it)
		list = append(list, entry{rawjson.Escape(key.String()), len(list)})
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	e.text = append(e.text, '{')
	for _, in := range list {
		e.text = append(rawjson.AppendValid(append(e.text, '"'), in.key), `":`...)
		e.planned(p.elem, values.Index(in.at))
		e.text = append(e.text, ',')
	}
	e.end('}')
}

// ownText adds the text that the value has for itself.
func (e *encoder) ownText(v reflect.Value) {
	e.text = append(e.text, '"')
	from := len(e.text)
	text, err := pointerTo(v).(encoding.TextAppender).AppendText(e.text)
	if err != nil {
		e.fail(err)
		return
	}
	if own := string(text[from:]); !rawjson.IsPlain(own) {
		text = rawjson.AppendValid(text[:from], own)
	}
	e.text = append(text, '"')
}

func (e *encoder) bytes(b []byte) {
	if b == nil {
		e.null()
		return
	}
	e.text = append(e.text, '"')
	e.text = base64.StdEncoding.AppendEncode(e.text, b)
	e.text = append(e.text, '"')
}

// float adds a number as encoding/json writes it, which is as JavaScript does.
func (e *encoder) float(f float64) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		e.fail(fmt.Errorf("JSON has no number %v", f))
		return
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	e.text = strconv.AppendFloat(e.text, f, format, -1, 64)
	// e-09 is written as e-9.
	if n := len(e.text); format == 'e' && string(e.text[n-4:n-1]) == "e-0" {
		e.text = append(e.text[:n-2], e.text[n-1])
	}
}
