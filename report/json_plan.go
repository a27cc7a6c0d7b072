package report

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"mailworthy/internal/rawjson"
)

// plan is how values of a type are written: what there is to know of it is found
// out once.
type plan struct {
	// kind is that of the type, the widest of its kinds of numbers, or one of ours.
	kind reflect.Kind
	// elem is the plan of what a pointer, list or map holds.
	elem *plan
	// fields are those of a struct.
	fields []field
}

// Kinds that reflect does not have.
const (
	// asText: values have a text for themselves, as times and addresses.
	asText reflect.Kind = 100 + iota
	// asBytes are written in base64.
	asBytes
)

// field is a field of a struct.
type field struct {
	at int
	// key is the name as it is written, with the colon; empty: the fields of this embedded
	// struct stand among the others.
	key string
	// nullIfZero is the tag empty:"null": an empty text or number is written as null.
	// Only formats that others define leave keys out, by the tag omitempty.
	nullIfZero, leftOut bool
	plan                *plan
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	textAppender  = reflect.TypeFor[encoding.TextAppender]()
	timeType      = reflect.TypeFor[time.Time]()
)

// plans remembers the plans of types, which never change, as encoding/json
// remembers its own.
var plans sync.Map // reflect.Type to *plan

func planOf(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	made := make(map[reflect.Type]*plan)
	p, err := makePlan(t, made)
	if err != nil {
		return nil, err
	}
	for t, p := range made {
		plans.Store(t, p)
	}
	return p, nil
}

// makePlan makes the plan of a type and of all in it that made does not have. What
// encoding/json can write and this program has not is an error.
func makePlan(t reflect.Type, made map[reflect.Type]*plan) (*plan, error) {
	if p := made[t]; p != nil {
		return p, nil
	}
	p := &plan{kind: t.Kind()}
	made[t] = p
	if known, err := hasOwnText(t); err != nil {
		return nil, err
	} else if known {
		p.kind = asText
		return p, nil
	}
	var err error
	switch p.kind {
	case reflect.Bool, reflect.String, reflect.Float64, reflect.Interface:
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.kind = reflect.Int64
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.kind = reflect.Uint64
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			p.kind = asBytes
		}
		p.elem, err = makePlan(t.Elem(), made)
	case reflect.Array:
		p.kind = reflect.Slice
		p.elem, err = makePlan(t.Elem(), made)
	case reflect.Pointer:
		p.elem, err = makePlan(t.Elem(), made)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("no JSON for the keys of %s", t)
		}
		p.elem, err = makePlan(t.Elem(), made)
	case reflect.Struct:
		err = p.addFields(t, made)
	default:
		err = fmt.Errorf("no JSON for %s", t)
	}
	return p, err
}

// hasOwnText reports whether values of the type are written as the text that they
// have for themselves: that of a time is the same in JSON.
func hasOwnText(t reflect.Type) (bool, error) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return false, nil
	}
	to := reflect.PointerTo(t)
	switch {
	case !to.Implements(jsonMarshaler) && !to.Implements(textMarshaler):
		return false, nil
	case to.Implements(textAppender) && (t == timeType || !to.Implements(jsonMarshaler)):
		return true, nil
	}
	return false, fmt.Errorf("%s marshals itself", t)
}

func (p *plan) addFields(t reflect.Type, made map[reflect.Type]*plan) error {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() {
			continue
		}
		to, err := makePlan(f.Type, made)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		name, options, _ := strings.Cut(tag, ",")
		add := field{at: i, plan: to, nullIfZero: f.Tag.Get("empty") == "null", leftOut: options == "omitempty"}
		switch {
		case options != "" && options != "omitempty":
			return fmt.Errorf("%s.%s: no JSON for the option %s", t, f.Name, options)
		case name != "":
			add.key = string(rawjson.AppendString(nil, name)) + ":"
		case !f.Anonymous || len(to.fields) == 0:
			return fmt.Errorf("%s.%s has no name in JSON", t, f.Name)
		}
		p.fields = append(p.fields, add)
	}
	return nil
}
