package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"mailworthy/dial"
	"mailworthy/resolver"
)

// OutcomeOf returns the word for what a step failed with.
func OutcomeOf(err error) Outcome {
	var protocol *errProtocol
	var over *dial.OverBudget
	var refused *dial.Refused
	var dns *resolver.Error
	var none *dial.NoAddress
	var timeout net.Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &protocol), errors.As(err, &over):
		return Protocol
	case errors.As(err, &refused):
		return NotTried
	case errors.As(err, &none):
		return Unreachable
	case errors.As(err, &dns):
		if dns.Reason == resolver.Timeout {
			return Timeout
		}
		return Protocol
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL),
		errors.Is(err, syscall.EAFNOSUPPORT), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return Unreachable
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, syscall.ETIMEDOUT),
		errors.Is(err, net.ErrClosed): // given up
		return Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed
	case errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	}
	return Protocol
}

// TLSOutcomeOf is OutcomeOf for a handshake: a server that hangs up, stays silent or breaks
// off has its own word, all else is a failure of TLS.
func TLSOutcomeOf(err error) Outcome {
	var alert tls.AlertError
	var header tls.RecordHeaderError
	if errors.As(err, &alert) || errors.As(err, &header) {
		return TLSFailed
	}
	switch o := OutcomeOf(err); o {
	case Protocol:
		return TLSFailed
	default:
		return o
	}
}

// FailureText says in words what a step failed with.
func FailureText(err error) string {
	var protocol *errProtocol
	switch {
	case errors.As(err, &protocol):
		return protocol.why
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.ENETUNREACH):
		return "network unreachable"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return "no route to host"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	}
	return err.Error()
}

// noFamily reports whether a connection failed because this machine has no IPv6.
func noFamily(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
