package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mailworthy/dial"
	"mailworthy/internal/pause"
	"mailworthy/internal/redact"
)

// Bounds on a delivery.
const (
	// tries of one notice in one run.
	tries = 4
	// tryTimeout bounds one try, from the connection to the end of the answer.
	tryTimeout = 15 * time.Second
	// firstWait doubles from try to try; a random part of it is waited.
	firstWait = 2 * time.Second
	// maxWait bounds what a Retry-After can ask for. A receiver that asks for more is tried
	// again in the next run.
	maxWait = time.Minute
	// maxAnswer bounds what is read of an answer, which is not shown.
	maxAnswer = 64 << 10
)

// Sender delivers notices. The zero Sender is ready to use.
type Sender struct {
	// TLS is for the connections; nil: the system's certificates.
	TLS *tls.Config
	// Version of the program, for User-Agent.
	Version string
	// Timeout of one try; zero: 15 seconds.
	Timeout time.Duration
	// Dialer makes the connections; nil: one of the sender's own. Targets are the
	// user's own choice, so they may be private.
	Dialer *dial.Dialer
	// Now and Wait are the clock; nil: the real one. Wait ends early with the context.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// failure is a try that failed.
type failure struct {
	err error
	// final: trying again soon cannot help.
	final bool
	// after is how long the receiver asks to wait; zero: it does not say.
	after time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// Send delivers a notice, trying again if that can help. The error never holds
// anything secret.
func (s *Sender) Send(ctx context.Context, t *Target, n *Notice) error {
	for try := 1; ; try++ {
		err := s.try(ctx, t, n)
		if err == nil {
			return nil
		}
		var f *failure
		if !errors.As(err, &f) || f.final || try == tries || f.after > maxWait || ctx.Err() != nil {
			return s.clean(t, err, try)
		}
		wait := rand.N(firstWait<<(try-1)) + 100*time.Millisecond
		if err := s.wait(ctx, max(wait, f.after)); err != nil {
			return s.clean(t, f, try)
		}
	}
}

// clean is an error without secrets.
func (s *Sender) clean(t *Target, err error, try int) error {
	// Not of the target alone: a proxy's address has credentials as well.
	text := redact.URLs(t.redact(err.Error()))
	if try > 1 {
		text += fmt.Sprintf(" (%d tries)", try)
	}
	return errors.New(text)
}

func (s *Sender) try(ctx context.Context, t *Target, n *Notice) error {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = tryTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if t.Kind == Email {
		return s.mail(ctx, t, n, timeout)
	}
	return s.post(ctx, t, n, timeout)
}

func (s *Sender) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Sender) wait(ctx context.Context, d time.Duration) error {
	if s.Wait != nil {
		return s.Wait(ctx, d)
	}
	return pause.For(ctx, d)
}

// dialer makes the connections of one try.
func (s *Sender) dialer(timeout time.Duration) *dial.Dialer {
	if s.Dialer != nil {
		return s.Dialer
	}
	return &dial.Dialer{Timeout: timeout}
}

// post delivers to a webhook. The address is the user's own choice, so it may be a
// private one; no redirect leads anywhere else.
func (s *Sender) post(ctx context.Context, t *Target, n *Notice, timeout time.Duration) error {
	text, err := body(t.Kind, n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL.Reveal(), bytes.NewReader(text))
	if err != nil {
		return errors.New("the address cannot be posted to")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "mailworthy/"+s.Version)
	if t.Kind == Webhook {
		req.Header.Set(IDHeader, n.ID)
		if t.Key != "" {
			req.Header.Set(SignatureHeader, Sign(t.Key, text, s.now()))
		}
	}
	client := s.dialer(timeout).HTTP(dial.HTTP{TLS: s.TLS, Given: true, MaxBody: maxAnswer})
	res, err := client.Do(req)
	if err != nil {
		return &failure{err: unwrapURL(err), final: isCertificate(err)}
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return s.judge(res)
}

// judge says what an answer means.
func (s *Sender) judge(res *http.Response) error {
	code := res.StatusCode
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return &failure{err: fmt.Errorf("the receiver redirects (HTTP %d), which is not followed: state the address itself", code), final: true}
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500 && code != http.StatusNotImplemented:
		return &failure{err: fmt.Errorf("the receiver answers HTTP %d", code), after: retryAfter(res.Header.Get("Retry-After"), s.now())}
	}
	return &failure{err: fmt.Errorf("the receiver refuses with HTTP %d", code), final: true}
}

// retryAfter reads the header (RFC 9110, 10.2.3): seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// unwrapURL is the error without the address, which is secret.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	// Either the context or the deadline of the connection ends first.
	var timed net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout() {
		return errors.New("no answer in time")
	}
	return err
}

// isCertificate reports whether the other side's certificate was refused.
func isCertificate(err error) bool {
	var bad *tls.CertificateVerificationError
	return errors.As(err, &bad)
}
