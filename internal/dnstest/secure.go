package dnstest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"mailworthy/resolver"
)

// Client asks this server, and is closed when the test ends. Servers of the
// configuration are kept if there are any.
func (s *Server) Client(c resolver.Config) *resolver.Client {
	s.t.Helper()
	if len(c.Servers) == 0 {
		c.Servers = []string{s.Addr()}
	}
	cl, err := resolver.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(cl.Close)
	return cl
}

// HTTPS serves DNS over HTTPS too. It returns the URL, and the configuration that
// trusts the certificate.
func (s *Server) HTTPS() (string, *tls.Config) {
	h := httptest.NewUnstartedServer(http.HandlerFunc(s.serveHTTP))
	h.EnableHTTP2 = true
	h.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that refuse the certificate
	h.StartTLS()
	s.t.Cleanup(h.Close)
	return h.URL + "/dns-query", trust(h.Certificate())
}

// TLS serves DNS over TLS too. It returns "tls://127.0.0.1:port", and the
// configuration that trusts the certificate.
func (s *Server) TLS() (string, *tls.Config) {
	// httptest has a certificate for 127.0.0.1.
	h := httptest.NewUnstartedServer(nil)
	h.StartTLS()
	cert := h.TLS.Certificates[0]
	leaf := h.Certificate()
	h.Close()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	t := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"dot"}})
	s.wg.Go(func() { s.serveTCP(t, "tls") })
	return "tls://" + l.Addr().String(), trust(leaf)
}

func trust(leaf *x509.Certificate) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{RootCAs: roots}
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	const message = "application/dns-message"
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != message || r.URL.Path != "/dns-query" {
		http.Error(w, "POST a DNS message to /dns-query", http.StatusBadRequest)
		return
	}
	query, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil {
		return
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	out := s.handle(query, "https", from)
	if out == nil {
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		return
	}
	if len(out[0]) == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", message)
	w.Write(out[0])
}
