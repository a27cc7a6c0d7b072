package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// Web fetches what records lead to, over HTTPS, without following a redirect.
type Web struct {
	// Dialer makes the connections; it refuses addresses that are not public unless it
	// says otherwise, and its timeout bounds a fetch.
	Dialer *dial.Dialer
	// Roots are trusted; nil: those of the system.
	Roots *x509.CertPool
	// Port is asked in place of 443; for tests.
	Port string
	// Now is the time that certificates are judged by; nil: the clock.
	Now func() time.Time
	// Shared are fetches of the audits of a run; nil: each is made anew, at once.
	Shared *Fetches
}

// Outcome is what came of a fetch.
type Outcome string

// The outcomes of a fetch. What the network, a busy server or the DNS did is Unanswered:
// nothing is known then.
const (
	Fetched        Outcome = "fetched"
	Unanswered     Outcome = "unanswered"
	NotPublic      Outcome = "not-public"
	BadCertificate Outcome = "certificate"
	TLSFailed      Outcome = "tls-failed"
	Redirected     Outcome = "redirect"
	BadStatus      Outcome = "status"
	TooLarge       Outcome = "too-large"
	NoHost         Outcome = "no-host"
	NotFetched     Outcome = "not-fetched"
)

// Fetch is one file that was fetched, or why it was not.
type Fetch struct {
	URL     string  `json:"url"`
	Outcome Outcome `json:"outcome"`
	// Status is that of HTTP; 0: there was no answer of HTTP.
	Status int `json:"status"`
	// Location is where a redirect leads to.
	Location    string `json:"location"`
	ContentType string `json:"content_type"`
	// Reason says in words why it is no file.
	Reason string `json:"reason"`
	// DurationMS is how long it took.
	DurationMS int64  `json:"duration_ms"`
	Body       []byte `json:"-"`
}

// Evidence is the fetch as a report shows it.
func (f *Fetch) Evidence() finding.Evidence {
	e := finding.Evidence{Kind: finding.Fetch, Name: f.URL, Type: "GET", Status: "timeout", Note: f.Reason}
	switch f.Outcome {
	case Unanswered:
	case NotFetched:
		e.Status = string(resolver.Offline)
	case BadCertificate, TLSFailed:
		e.Status = "tls-failed"
	case NotPublic, NoHost:
		e.Status = "protocol"
	default:
		e.Status = "ok"
	}
	if f.Status != 0 {
		e.Rcode = fmt.Sprint(f.Status)
	}
	return e
}

// Get fetches a file of at most so many bytes, or returns what an audit that shares its
// fetches has got.
func (w *Web) Get(ctx context.Context, host, path string, most int64) *Fetch {
	if w.Shared != nil {
		return w.Shared.get(ctx, host+path, func() *Fetch { return w.fetch(ctx, host, path, most) })
	}
	return w.fetch(ctx, host, path, most)
}

// getURI fetches the file of an https: URI of a record, which httpsProblem has nothing
// against. What stands there of a user is left out.
func (w *Web) getURI(ctx context.Context, uri string, most int64) *Fetch {
	u, err := url.Parse(uri)
	if err != nil {
		return &Fetch{URL: uri, Outcome: NoHost, Reason: "its URL cannot be asked for"}
	}
	return w.Get(ctx, strings.ToLower(u.Host), u.RequestURI(), most)
}

func (w *Web) fetch(ctx context.Context, host, path string, most int64) *Fetch {
	f := &Fetch{URL: "https://" + host + path}
	began := time.Now()
	defer func() { f.DurationMS = time.Since(began).Milliseconds() }()
	at := host
	if w.Port != "" {
		name, _, stated := strings.Cut(host, ":")
		if at = net.JoinHostPort(name, w.Port); stated {
			f.URL = "https://" + name + path
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+at+path, nil)
	if err != nil {
		f.Outcome, f.Reason = NoHost, "its URL cannot be asked for"
		return f
	}
	req.Header.Set("User-Agent", "mailworthy")
	client := w.Dialer.HTTP(dial.HTTP{TLS: &tls.Config{RootCAs: w.Roots, Time: w.Now}, MaxBody: most})
	res, err := client.Do(req)
	if err != nil {
		f.failed(err)
		return f
	}
	defer res.Body.Close()
	f.Status, f.ContentType = res.StatusCode, show.Cut(res.Header.Get("Content-Type"), 100)
	switch {
	case res.StatusCode >= 500, res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusRequestTimeout:
		f.Outcome, f.Reason = Unanswered, fmt.Sprintf("the server answered with status %d", res.StatusCode)
		return f
	case res.StatusCode >= 300 && res.StatusCode < 400:
		f.Outcome, f.Location = Redirected, show.Cut(res.Header.Get("Location"), 200)
		f.Reason = fmt.Sprintf("status %d", res.StatusCode)
		if f.Location != "" {
			f.Reason += " leads to " + quote(f.Location)
		}
		return f
	case res.StatusCode != http.StatusOK:
		f.Outcome, f.Reason = BadStatus, fmt.Sprintf("the server answered with status %d", res.StatusCode)
		return f
	}
	f.Outcome = Fetched
	if f.Body, err = io.ReadAll(res.Body); err != nil {
		f.failed(err)
	}
	return f
}

// failed says what an error means.
func (f *Fetch) failed(err error) {
	var (
		refused *dial.Refused
		over    *dial.OverBudget
		none    *dial.NoAddress
		dns     *resolver.Error
		cert    *tls.CertificateVerificationError
		alert   tls.AlertError
		record  tls.RecordHeaderError
		timeout net.Error
	)
	switch {
	case errors.As(err, &cert):
		f.Outcome, f.Reason = BadCertificate, certificateProblem(cert)
	case errors.As(err, &refused):
		f.Outcome, f.Reason = NotPublic, refused.Error()
	case errors.As(err, &over):
		f.Outcome, f.Reason = TooLarge, over.Error()
	case errors.As(err, &none):
		f.Outcome, f.Reason = NoHost, none.Error()
	case errors.As(err, &dns):
		f.Outcome, f.Reason = Unanswered, "the DNS did not answer for its addresses ("+string(dns.Reason)+")"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch): // the second: it speaks HTTP
		f.Outcome, f.Reason = TLSFailed, "the server does not speak TLS"
	case errors.As(err, &alert):
		f.Outcome, f.Reason = TLSFailed, "the server ends the handshake: "+strings.TrimPrefix(alert.Error(), "tls: ")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f.Outcome, f.Reason = Unanswered, "the server did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Outcome, f.Reason = Unanswered, "the server closed the connection before it had answered in full"
	default:
		f.Outcome, f.Reason = Unanswered, "the connection failed: "+show.Cut(plainError(err), 160)
	}
}

// plainError is the innermost error, which is without the URL.
func plainError(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// certificateProblem says why a certificate was not accepted.
func certificateProblem(e *tls.CertificateVerificationError) string {
	var (
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.As(e.Err, &host):
		names := host.Certificate.DNSNames
		if len(names) == 0 {
			return "it names no host in its alternative names (the common name does not count)"
		}
		return "it is for " + show.Listed(escaped(names), 5) + ", not for " + show.Escape(host.Host)
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		c := invalid.Cert
		return fmt.Sprintf("it is valid from %s to %s", c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
	case errors.As(e.Err, &unknown):
		chain := e.UnverifiedCertificates
		if len(chain) > 0 && chain[0].CheckSignatureFrom(chain[0]) == nil || len(chain) > 0 && string(chain[0].RawIssuer) == string(chain[0].RawSubject) {
			return "it is self-signed"
		}
		if len(chain) == 1 {
			return "no authority that is trusted has signed it, or the server leaves out the intermediate certificate"
		}
		return "no authority that is trusted has signed it"
	}
	return show.Cut(strings.TrimPrefix(e.Err.Error(), "x509: "), 160)
}

func escaped(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = show.Cut(s, 100)
	}
	return out
}

// plainText reports whether a media type is text/plain.
func plainText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter)) && kind == "text/plain"
}
