// Package field says what is wrong with one value that somebody stated, by the name of
// its field: a key of JSON, and a flag of the command.
package field

import (
	"errors"
	"fmt"
	"os"
)

// Error is what is wrong with one value, or with values that do not go together.
type Error struct {
	// Field is its name; empty for several.
	Field string
	// What follows the name in the message: `: it must be …`.
	What string
	// Help says what to write instead; empty if the message says it.
	Help string
	// Err is the cause; nil if What says all.
	Err error

	// together and args are those of Together.
	together string
	args     []any
}

func (e *Error) Error() string { return e.Field + e.What }
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to write instead; empty if the message says it.
func (e *Error) Hint() string { return e.Help }

// Errorf is an error of a field; what is formatted follows its name in the message.
func Errorf(field, what string, args ...any) *Error {
	return &Error{Field: field, What: fmt.Sprintf(what, args...)}
}

// With is the error with what to write instead.
func (e *Error) With(help string, args ...any) *Error {
	e.Help = fmt.Sprintf(help, args...)
	return e
}

// BecauseOf is Because for an error that does not name the value of the field, such as a file.
func BecauseOf(key, value string, err error) *Error {
	e := Because(key, err)
	e.What = " " + value + e.What
	return e
}

// Because is an error of a field that says what its cause says, and what to write instead.
func Because(field string, err error) *Error {
	e := &Error{Field: field, What: ": " + err.Error(), Err: err}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		e.Help = hinted.Hint()
	}
	return e
}

// Together is an error of several values, which the text names by their fields, as in
// "${key} needs ${selector}". Its format is Printf's, and what is formatted names no field.
func Together(text string, args ...any) *Error {
	e := &Error{together: text, args: args}
	return e.Named(func(field string) string { return field })
}

// Named returns the error with other names of its fields.
func (e *Error) Named(name func(field string) string) *Error {
	out := *e
	if e.Field != "" {
		out.Field = name(e.Field)
	}
	if e.together != "" {
		out.What = fmt.Sprintf(os.Expand(e.together, name), e.args...)
	}
	return &out
}
