package dial

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Bounds on an answer to HTTP.
const (
	// DefaultMaxBody is how many bytes of a body are read, after decompression.
	DefaultMaxBody = 64 << 10
	// maxHeader bounds the header of an answer.
	maxHeader = 64 << 10
)

// HTTP says how a client is to be. The zero HTTP follows no redirect, uses no proxy
// and goes only where DialContext does.
type HTTP struct {
	// TLS is for the connections; nil: the system's certificates. The least version is
	// 1.2, unless it says otherwise.
	TLS *tls.Config
	// Given: the user stated the address himself (DialGiven), and the proxy of the
	// environment is used. A redirect is not his word: it goes where DialContext does.
	Given bool
	// Redirects is how many are followed, none of them from https to http. Without any,
	// the redirect itself is the answer.
	Redirects int
	// MaxBody is how many bytes of a body can be read; zero: DefaultMaxBody. Reading on
	// fails with an *OverBudget.
	MaxBody int64
}

// HTTP returns a client whose connections are the dialer's. Each request has its own
// connection, which is closed with the body of the answer. The timeout of the dialer
// bounds the request, redirects and body included.
func (d *Dialer) HTTP(o HTTP) *http.Client {
	transport := func(given bool) *http.Transport {
		t := &http.Transport{DialContext: d.DialContext, TLSClientConfig: o.TLS.Clone(), DisableKeepAlives: true,
			ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeader}
		if given {
			// What is checked at the socket would be the address of the proxy: only the
			// user's own destinations go through one.
			t.DialContext, t.Proxy = d.DialGiven, http.ProxyFromEnvironment
		}
		return t
	}
	by := &guarded{led: transport(false), most: o.MaxBody}
	by.first = by.led
	if o.Given {
		by.first = transport(true)
	}
	if by.most == 0 {
		by.most = DefaultMaxBody
	}
	return &http.Client{Transport: by, Timeout: d.timeout(), CheckRedirect: func(req *http.Request, via []*http.Request) error {
		switch last := via[len(via)-1]; {
		case o.Redirects == 0:
			return http.ErrUseLastResponse
		case len(via) > o.Redirects:
			return fmt.Errorf("more than %d redirects", o.Redirects)
		case last.URL.Scheme == "https" && req.URL.Scheme != "https":
			return errors.New("a redirect from https to http is not followed")
		}
		return nil
	}}
}

// guarded makes the first request of a client one way and its redirects another, and
// bounds what is read of the answers.
type guarded struct {
	first, led *http.Transport
	most       int64
}

// RoundTrip implements http.RoundTripper.
func (g *guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	by := g.first
	// A client sets it in requests that a redirect led to, and in no others.
	if req.Response != nil {
		by = g.led
	}
	res, err := by.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = &body{ReadCloser: res.Body, left: g.most, most: g.most}
	return res, nil
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (g *guarded) CloseIdleConnections() {
	g.first.CloseIdleConnections()
	g.led.CloseIdleConnections()
}

// body is what can be read of an answer.
type body struct {
	io.ReadCloser
	left, most int64
}

// Read fails with an *OverBudget if there is more to read than is permitted.
func (b *body) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), &OverBudget{Bytes: b.most}
	}
	b.left -= int64(n)
	return n, err
}
