package report

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
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
	// knowsZero: values have a method IsZero, as times and addresses.
	knowsZero bool
}

// Kinds that reflect does not have.
const (
	// asText: values have a text for themselves, as times and addresses.
	asText reflect.Kind = 100 + iota
	// asBytes are written in base64.
	asBytes
	// asKnown: the struct has a function for itself; embedded in another its fields
	// are as any.
	asKnown
)

// field is a field of a struct.
type field struct {
	at int
	// key is the name as it is written, with the colon, and the quotation mark of a
	// text; empty: the fields of this embedded struct stand among the others.
	key string
	// omitEmpty and omitZero are those of encoding/json.
	omitEmpty, omitZero bool
	plan                *plan
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	textAppender  = reflect.TypeFor[encoding.TextAppender]()
	zeroer        = reflect.TypeFor[interface{ IsZero() bool }]()
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
	p := &plan{kind: t.Kind(), knowsZero: reflect.PointerTo(t).Implements(zeroer)}
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
		if new(encoder).known(reflect.New(t).Interface()) {
			p.kind = asKnown
		}
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
		add := field{at: i, plan: to}
		name, options, _ := strings.Cut(tag, ",")
		switch options {
		case "":
		case "omitempty":
			add.omitEmpty = true
		case "omitzero":
			add.omitZero = !holdsList(f.Type)
		default:
			return fmt.Errorf("%s.%s: no JSON for the option %s", t, f.Name, options)
		}
		switch {
		case name != "":
			add.key = string(rawjson.AppendString(nil, name)) + ":"
			if to.kind == reflect.String {
				add.key += `"`
			}
		case !f.Anonymous || len(to.fields) == 0:
			return fmt.Errorf("%s.%s has no name in JSON", t, f.Name)
		}
		p.fields = append(p.fields, add)
	}
	keys := p.keys()
	slices.Sort(keys)
	for i := range keys[min(1, len(keys)):] {
		if keys[i] == keys[i+1] {
			return fmt.Errorf("%s has two fields %s", t, keys[i])
		}
	}
	return nil
}

// keys are those of a struct and of the structs embedded in it.
func (p *plan) keys() []string {
	var out []string
	for _, f := range p.fields {
		if f.key == "" {
			out = append(out, f.plan.keys()...)
		} else {
			out = append(out, strings.TrimSuffix(f.key, `"`))
		}
	}
	return out
}

// holdsList reports whether a struct has a list. It is never zero, as a list that
// is nil is written as an empty one.
func holdsList(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Uint8
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && holdsList(f.Type) {
				return true
			}
		}
	}
	return false
}
