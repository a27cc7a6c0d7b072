package report

import (
	"reflect"
	"slices"
	"sync"
)

// mapStrings returns a deep copy of v in which every string, map keys included,
// has gone through change, and every nil slice is an empty one. Values that
// marshal themselves stay as they are.
func mapStrings[T any](v T, change func(string) string) T {
	stringMapper(change).do(reflect.ValueOf(&v).Elem())
	return v
}

type stringMapper func(string) string

// typeFacts say what there is to change in values of a type.
type typeFacts struct {
	// plain: nothing.
	plain bool
	// fields are those of a struct that are not plain.
	fields []int
}

// knownTypes remembers the facts of types, which never change, as encoding/json
// remembers its own.
var knownTypes sync.Map // reflect.Type to *typeFacts

func factsOf(t reflect.Type) *typeFacts {
	if known, ok := knownTypes.Load(t); ok {
		return known.(*typeFacts)
	}
	facts := &typeFacts{plain: findPlain(t, nil)}
	if !facts.plain && t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !findPlain(f.Type, nil) {
				facts.fields = append(facts.fields, i)
			}
		}
	}
	knownTypes.Store(t, facts)
	return facts
}

// findPlain reports whether values of the type hold no string and no slice that
// would have to be changed. A type that holds itself, as those in within may, is
// as plain as the rest of it.
func findPlain(t reflect.Type, within []reflect.Type) bool {
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || slices.Contains(within, t) {
		return true
	}
	within = append(within, t)
	switch t.Kind() {
	case reflect.String, reflect.Map, reflect.Interface:
		return false
	case reflect.Slice:
		return t.Elem().Kind() == reflect.Uint8
	case reflect.Pointer, reflect.Array:
		return findPlain(t.Elem(), within)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !findPlain(f.Type, within) {
				return false
			}
		}
	}
	return true
}

// do rewrites v in place; what it points to is copied first.
func (change stringMapper) do(v reflect.Value) {
	t := v.Type()
	facts := factsOf(t)
	if facts.plain {
		return
	}
	switch t.Kind() {
	case reflect.String:
		if text := v.String(); text != "" {
			if changed := change(text); changed != text {
				v.SetString(changed)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			to := reflect.New(t.Elem())
			to.Elem().Set(v.Elem())
			change.do(to.Elem())
			v.Set(to)
		}
	case reflect.Interface:
		if !v.IsNil() {
			held := reflect.New(v.Elem().Type()).Elem()
			held.Set(v.Elem())
			change.do(held)
			v.Set(held)
		}
	case reflect.Slice:
		list := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(list, v)
		if !factsOf(t.Elem()).plain {
			for i := range list.Len() {
				change.do(list.Index(i))
			}
		}
		v.Set(list)
	case reflect.Array:
		for i := range v.Len() {
			change.do(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		out := reflect.MakeMapWithSize(t, v.Len())
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for it := v.MapRange(); it.Next(); {
			key.Set(it.Key())
			value.Set(it.Value())
			change.do(key)
			change.do(value)
			out.SetMapIndex(key, value)
		}
		v.Set(out)
	case reflect.Struct:
		for _, i := range facts.fields {
			change.do(v.Field(i))
		}
	}
}
