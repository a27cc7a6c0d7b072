package dial

import (
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestRedirects: none is followed unless the client says so, and never down to http.
func TestRedirects(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/once", http.RedirectHandler("/end", http.StatusFound))
	mux.HandleFunc("/end", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "end") })
	plain := httptest.NewServer(mux)
	defer plain.Close()
	mux.Handle("/down", http.RedirectHandler(plain.URL+"/end", http.StatusFound))
	secure := httptest.NewTLSServer(mux)
	defer secure.Close()
	roots := &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	for _, tt := range []struct {
		url       string
		redirects int
		status    int
		body      string
		err       string
	}{
		{plain.URL + "/once", 0, 302, "", ""},
		{plain.URL + "/once", 1, 200, "end", ""},
		{secure.URL + "/once", 1, 200, "end", ""},
		{secure.URL + "/down", 3, 0, "", "from https to http"},
		{plain.URL + "/loop", 3, 0, "", "more than 3 redirects"},
	} {
		client := (&Dialer{AllowPrivate: true}).HTTP(HTTP{TLS: roots, Given: true, Redirects: tt.redirects})
		res, err := client.Get(tt.url)
		if err != nil || tt.err != "" {
			if err == nil || tt.err == "" || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.url, err, tt.err)
			}
			continue
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != tt.status || tt.body != "" && string(text) != tt.body {
			t.Errorf("%s: %d %q, %v", tt.url, res.StatusCode, text, err)
		}
	}
}

// TestBodies: what is read of an answer is bounded as it comes and as it is unpacked.
func TestBodies(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 10<<20))
		z.Close()
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) })
	s := httptest.NewServer(mux)
	defer s.Close()
	for _, tt := range []struct {
		path    string
		maxBody int64
		read    int
		over    bool
	}{
		{"/long", 999, 999, true}, {"/long", 1000, 1000, false}, {"/long", 0, 1000, false},
		{"/bomb", 0, DefaultMaxBody, true}, {"/endless", 0, DefaultMaxBody, true}, {"/endless", 64 << 20, -1, true},
	} {
		res, err := (&Dialer{}).HTTP(HTTP{Given: true, MaxBody: tt.maxBody}).Get(s.URL + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		var over *OverBudget
		if errors.As(err, &over) != tt.over || tt.read >= 0 && len(text) != tt.read || len(text) > DefaultMaxRead {
			t.Errorf("%s of at most %d: %d bytes, %v", tt.path, tt.maxBody, len(text), err)
		}
	}
	if _, err := (&Dialer{}).HTTP(HTTP{Given: true}).Get(s.URL + "/header"); err == nil {
		t.Error("a header of 100 kB was read")
	}
}

// TestTime: the timeout bounds a request with its body.
func TestTime(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		<-release
	}))
	defer s.Close()
	defer close(release)
	began := time.Now()
	res, err := (&Dialer{Timeout: 50 * time.Millisecond}).HTTP(HTTP{Given: true}).Get(s.URL)
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// TestProxy: only what the user stated goes through the proxy of the environment, at
// which the check of an address would see the proxy.
func TestProxy(t *testing.T) {
	d := &Dialer{Lookup: hosts([]netip.Addr{loopback})}
	if by := d.HTTP(HTTP{}).Transport.(*guarded); by.first.Proxy != nil || by.led.Proxy != nil {
		t.Error("led to a host by a proxy")
	}
	if by := d.HTTP(HTTP{Given: true}).Transport.(*guarded); by.first.Proxy == nil || by.led.Proxy != nil {
		t.Error("a given address knows no proxy, or a redirect knows one")
	}
}
