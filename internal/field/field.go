// Package field says what is wrong with one value that somebody stated, by the name of
// its field: a key of JSON, and a flag of the command.
package field

import (
	"errors"
	"fmt"
)

// Error is what is wrong with one value.
type Error struct {
	// Field is its name.
	Field string
	// What follows the name in the message: `: it must be …`.
	What string
	// Help says what to write instead; empty if the message says it.
	Help string
	// Err is the cause; nil if What says all.
	Err error
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

// Because is an error of a field that says what its cause says, and what to write instead.
func Because(field string, err error) *Error {
	e := &Error{Field: field, What: ": " + err.Error(), Err: err}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		e.Help = hinted.Hint()
	}
	return e
}
