package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mailworthy/dial"
	"mailworthy/resolver"
)

// TestFetches: what one audit has got, another does not fetch again; what was not
// answered is fetched anew; so many are made at once; what is old is forgotten.
func TestFetches(t *testing.T) {
	const atOnce = 3
	s := NewFetches(atOnce)
	var made, now, most atomic.Int64
	fetch := func(outcome Outcome) func() *Fetch {
		return func() *Fetch {
			made.Add(1)
			for n := now.Add(1); ; {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			defer now.Add(-1)
			return &Fetch{Outcome: outcome}
		}
	}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			if f := s.get(t.Context(), fmt.Sprintf("host%d", i%20), fetch(Fetched)); f.Outcome != Fetched {
				t.Errorf("host%d: %s", i%20, f.Outcome)
			}
		})
	}
	all.Wait()
	if made.Load() != 20 || most.Load() > atOnce {
		t.Errorf("%d fetches of 20 names, %d at once", made.Load(), most.Load())
	}

	for range 2 {
		s.get(t.Context(), "silent", fetch(Unanswered))
	}
	if got := made.Load() - 20; got != 2 {
		t.Errorf("what was not answered was fetched %d times by two", got)
	}

	for i := range 2 * maxFetches {
		s.get(t.Context(), fmt.Sprintf("other%d", i), fetch(Fetched))
	}
	if n := s.done.Len(); n != maxFetches {
		t.Errorf("%d fetches are remembered; at most %d should be", n, maxFetches)
	}
}

// TestFetchesEnd: who waits for another one's fetch, or for a place, waits no longer than
// its own context; that is no answer, and the next one fetches.
func TestFetchesEnd(t *testing.T) {
	s := NewFetches(1)
	ended, end := context.WithCancel(t.Context())
	end()
	under, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		s.get(t.Context(), "slow", func() *Fetch { close(under); <-release; return &Fetch{Outcome: Fetched} })
	})
	<-under
	never := func() *Fetch { t.Error("fetched, and should have waited"); return &Fetch{} }
	for _, name := range []string{"slow", "another"} {
		if f := s.get(ended, name, never); f.Outcome != Unanswered || f.URL != "https://"+name || !strings.Contains(f.Reason, "time was over") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	close(release)
	all.Wait()
	if f := s.get(t.Context(), "another", func() *Fetch { return &Fetch{Outcome: BadStatus} }); f.Outcome != BadStatus {
		t.Errorf("after one that was given up: %+v", f)
	}
}

// TestFetchFailed: each way of failing has its word, and only those that say nothing of
// the server are unanswered.
func TestFetchFailed(t *testing.T) {
	for _, c := range []struct {
		err    error
		want   Outcome
		reason string
	}{
		{&dial.Refused{}, NotPublic, ""},
		{&dial.OverBudget{}, TooLarge, ""},
		{&dial.NoAddress{}, NoHost, ""},
		{&resolver.Error{Reason: resolver.Timeout}, Unanswered, "the DNS did not answer"},
		{tls.RecordHeaderError{}, TLSFailed, "does not speak TLS"},
		{fmt.Errorf("get: %w", http.ErrSchemeMismatch), TLSFailed, "does not speak TLS"},
		{fmt.Errorf("get: %w", io.ErrUnexpectedEOF), Unanswered, "the server closed the connection"},
		{tls.AlertError(40), TLSFailed, "handshake failure"},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "mta-sts.acme.example"}}, BadCertificate, ""},
		{context.DeadlineExceeded, Unanswered, "in time"},
		{os.ErrDeadlineExceeded, Unanswered, "in time"},
		{fmt.Errorf("get: %w", errors.New("connection reset by peer")), Unanswered, "connection reset by peer"},
	} {
		var f Fetch
		f.failed(fmt.Errorf("https://mta-sts.acme.example: %w", c.err))
		if f.Outcome != c.want || f.Reason == "" || !strings.Contains(f.Reason, c.reason) {
			t.Errorf("%T: %s, %q; want %s, %q", c.err, f.Outcome, f.Reason, c.want, c.reason)
		}
	}
}

// TestFetchEvidence: what was not asked is no answer, and what failed is none either.
func TestFetchEvidence(t *testing.T) {
	for outcome, status := range map[Outcome]string{Unanswered: "timeout", NotFetched: "offline", BadCertificate: "tls-failed",
		TLSFailed: "tls-failed", NotPublic: "protocol", NoHost: "protocol", Fetched: "ok", BadStatus: "ok", Redirected: "ok"} {
		f := Fetch{URL: "https://acme.example/", Outcome: outcome, Status: 404, Reason: "why"}
		if e := f.Evidence(); e.Status != status || e.Rcode != "404" || e.Name != f.URL || e.Note != "why" {
			t.Errorf("%s: %+v", outcome, e)
		}
	}
}
