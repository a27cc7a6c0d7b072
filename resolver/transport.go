package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// transport carries one question to one server. The message it returns answers
// the question (query.answeredBy); it may use buf for it. The context ends the
// wait.
type transport interface {
	exchange(ctx context.Context, q *query, buf []byte) ([]byte, error)
	// String names the server, as in Answer.Server.
	String() string
	close()
}

// strayError says that a wait ended although something came: none of it answered
// the question.
type strayError struct {
	n   int
	err error
}

func (e *strayError) Error() string {
	return fmt.Sprintf("%d messages came, and none answers the question", e.n)
}
func (e *strayError) Unwrap() error { return e.err }

// interrupt ends reads and writes when the context ends.
func interrupt(ctx context.Context, c net.Conn) (stop func() bool) {
	if d, ok := ctx.Deadline(); ok {
		c.SetDeadline(d)
	}
	return context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
}

// failure is a transport's error as a reason. The context is that of the whole
// audit, not of the try.
func failure(ctx context.Context, err error, name string, t Type, server string) *Error {
	e := &Error{Name: name, Type: t, Server: server}
	var stray *strayError
	var ne net.Error
	switch {
	case ended(ctx):
		return canceled(ctx, name, t, server)
	case errors.As(err, &stray):
		e.Reason, e.Detail = Malformed, stray.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		e.Reason = Timeout
	case errors.Is(err, errNotDNS):
		e.Reason, e.Detail = Malformed, clip(err.Error())
	default:
		e.Reason, e.Detail = Network, systemError(err)
	}
	return e
}

// systemError is the cause without Go's account of the addresses.
func systemError(err error) string {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	s := err.Error()
	if len(s) > maxDetail {
		s = s[:maxDetail] + "…"
	}
	return s
}

// ended reports whether the context is over, or its deadline passed although its
// timer did not fire yet.
func ended(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	d, ok := ctx.Deadline()
	return ok && !time.Now().Before(d)
}

func canceled(ctx context.Context, name string, t Type, server string) *Error {
	e := &Error{Name: name, Type: t, Reason: Canceled, Server: server, Detail: "the deadline passed before the answer"}
	if errors.Is(ctx.Err(), context.Canceled) {
		e.Detail = "stopped before the answer"
	}
	return e
}
