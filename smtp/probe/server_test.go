package probe

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/peertest"
	"mailworthy/internal/runtest"
	"mailworthy/resolver"
)

func TestMain(m *testing.M) {
	runtest.AtOnce(16)
	goleak.VerifyTestMain(m)
}

// now is the time of the tests: certificates are made around it.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// authority signs the certificates of the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, NotBefore: now.AddDate(-1, 0, 0),
		NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

// issue makes a certificate for a name that ends at a time. A nil authority: it signs itself.
func (a *authority) issue(t testing.TB, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	parent, signer := template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// server is a scripted mail server on loopback.
type server struct {
	port uint16
	mu   sync.Mutex
	got  []string // the commands of clients
	n    int      // connections
}

func (s *server) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.got...)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// listen starts a server that does with each connection what handle says.
func listen(t testing.TB, handle func(s *server, conn net.Conn)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{port: netip.MustParseAddrPort(l.Addr().String()).Port()}
	peertest.Serve(t, l, func(conn net.Conn) {
		s.mu.Lock()
		s.n++
		s.mu.Unlock()
		handle(s, conn)
	})
	return s
}

// script is a server by its answers: banner, then the answer to each command by its first
// word ("" closes, "RST" resets, absent: 250). After an answer of 220 to STARTTLS TLS
// begins, with answers of the same script under "TLS:" and the word if there are any.
type script struct {
	banner  string
	answers map[string]string
	cert    *tls.Certificate
	max     uint16 // the newest version of TLS
	// early is TLS from the first byte.
	early bool
}

const good = "250-mx.acme.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n"
const goodTLS = "250-mx.acme.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n"

func (sc script) serve(s *server, conn net.Conn) {
	inside := ""
	secure := func() bool {
		c := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*sc.cert}, MinVersion: tls.VersionTLS10, MaxVersion: sc.max})
		if c.Handshake() != nil {
			return false
		}
		conn, inside = c, "TLS:"
		return true
	}
	if sc.early && !secure() {
		return
	}
	if sc.banner == "" {
		sc.banner = "220 mx.acme.example ESMTP\r\n"
	}
	say := func(text string) bool {
		if text == "RST" {
			if c, ok := conn.(*net.TCPConn); ok {
				time.Sleep(500 * time.Millisecond) // so that the client is past its connect
				_ = c.SetLinger(0)
			}
			return false
		}
		_, err := conn.Write([]byte(text))
		return err == nil && text != ""
	}
	if !say(sc.banner) {
		return
	}
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.got = append(s.got, line)
		s.mu.Unlock()
		word, _, _ := strings.Cut(strings.ToUpper(line), " ")
		text, ok := sc.answers[inside+line]
		if !ok {
			text, ok = sc.answers[inside+word]
		}
		if !ok {
			switch {
			case word == "EHLO" && inside == "":
				text = good
			case word == "EHLO":
				text = goodTLS
			case word == "STARTTLS":
				text = "220 2.0.0 go ahead\r\n"
			case word == "QUIT":
				text = "221 2.0.0 bye\r\n"
			default:
				text = "250 2.0.0 ok\r\n"
			}
		}
		if !say(text) || word == "QUIT" || strings.HasPrefix(text, "421") {
			return
		}
		if word == "STARTTLS" && strings.HasPrefix(text, "220") {
			if c, ok := conn.(*net.TCPConn); ok && sc.cert == nil {
				// A connection that is closed with something unread is reset by the kernel.
				_ = c.CloseWrite()
				_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
				_, _ = io.Copy(io.Discard, c)
				return
			}
			if !secure() {
				return
			}
			r = bufio.NewReader(conn)
		}
	}
}

// zone answers from master-file text for acme.example.
func zone(t testing.TB, text string) resolver.Resolver {
	t.Helper()
	z, err := resolver.ParseZone(strings.NewReader(text), "example.", "test")
	if err != nil {
		t.Fatal(err)
	}
	stack, err := resolver.Build(resolver.Options{Zones: []*resolver.ZoneSet{z}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stack.Close() })
	return stack
}

const zoneText = `$TTL 300
@ SOA ns.example. root.example. 1 1 1 1 1
@ NS ns.example.
ns A 192.0.2.53
mx.acme A 127.0.0.1
acme MX 10 mx.acme
null MX 0 .
empty MX 10 nothing.empty
`

// run probes one target with usual options. Nothing that answers is given up on a busy machine.
func run(t testing.TB, target string, o Options) *Report {
	t.Helper()
	spec, err := ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	if o.Resolver == nil {
		o.Resolver = zone(t, zoneText)
	}
	if o.Dialer == nil {
		o.Dialer = &dial.Dialer{MaxPerAddr: 1, MaxRead: MaxRead}
	}
	o.Now = now
	o.ConnectTimeout = orElse(o.ConnectTimeout, 20*time.Second)
	o.StepTimeout = orElse(o.StepTimeout, 20*time.Second)
	o.Deadline = orElse(o.Deadline, time.Minute)
	return Run(context.Background(), []Spec{spec}, o)
}

// found are the checks with a finding that is no pass, with their severities.
func found(t *Target) string {
	var out []string
	for _, f := range t.Findings {
		if f.Severity != finding.Pass {
			out = append(out, f.Check+"="+string(f.Severity))
		}
	}
	return strings.Join(out, " ")
}
