package resolver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

const dnsMessage = "application/dns-message"

var errNotDNS = errors.New("the answer is no DNS message")

// https sends questions by POST (RFC 8484), many on one HTTP/2 connection.
type https struct {
	url    string
	name   string // of the server, without what is secret in the URL
	client *http.Client
}

func newHTTPS(url string, config *tls.Config) *https {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = config
	t.ForceAttemptHTTP2 = true
	t.MaxConnsPerHost = 2 // each takes many questions
	t.MaxResponseHeaderBytes = 64 << 10
	return &https{url, WithoutSecrets(url), &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

func (h *https) String() string { return h.name }
func (h *https) close()         { h.client.CloseIdleConnections() }

func (h *https) exchange(ctx context.Context, q *query, _ []byte) ([]byte, error) {
	// The id is zero, for HTTP caches (RFC 8484, 4.1): TLS keeps others out.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(q.msg))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", dnsMessage)
	req.Header.Set("Accept", dnsMessage)
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10))
		return nil, fmt.Errorf("the server answered HTTP %s", clip(resp.Status))
	}
	if typ, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); typ != dnsMessage {
		return nil, fmt.Errorf("%w: its type is %q", errNotDNS, clip(typ))
	}
	msg, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return nil, err
	}
	if !q.answeredBy(msg, 0) {
		return nil, fmt.Errorf("%w for this question", errNotDNS)
	}
	return msg, nil
}
