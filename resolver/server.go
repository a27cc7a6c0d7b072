package resolver

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// penaltyStep is how long a server is passed over after its first failure; every
// further one doubles it, up to penaltyMax.
const (
	penaltyStep = 5 * time.Second
	penaltyMax  = 2 * time.Minute
)

// server is one resolver with its health.
type server struct {
	transport
	// tcp is where an answer is fetched that is truncated over UDP.
	tcp transport
	// noEDNS: it fails on EDNS and answers without.
	noEDNS atomic.Bool
	// limit is that of its questions; nil: none.
	limit *rate.Limiter
	// failing: failures is not 0. It spares a server that works the lock.
	failing atomic.Bool

	mu       sync.Mutex
	failures int
	until    time.Time // it is passed over while others are healthy
	// witnessed are its examinations, by what it was asked.
	witnessed map[question]*witnessed
}

func (s *server) failed(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.until) {
		return // one of many questions that ran into the same failure
	}
	s.until = now.Add(min(penaltyStep<<min(s.failures, 10), penaltyMax))
	s.failures++
	s.failing.Store(true)
}

func (s *server) succeeded() {
	if !s.failing.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.until = 0, time.Time{}
	s.failing.Store(false)
}

// penalty is how long the server is still passed over.
func (s *server) penalty(now time.Time) time.Duration {
	if !s.failing.Load() {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.until.Sub(now))
}

// newServer reads an address of Config.Servers.
func newServer(spec string, c *Config) (*server, error) {
	bad := func(format string, args ...any) (*server, error) {
		return nil, fmt.Errorf("resolver %q: %s", WithoutSecrets(spec), fmt.Sprintf(format, args...))
	}
	if address, _, _ := strings.Cut(spec, "?"); strings.Contains(address, "@") {
		return bad("a user name or password has no place in it")
	}
	scheme, rest, ok := strings.Cut(spec, "://")
	if !ok {
		scheme, rest = "udp", spec
	}
	switch scheme {
	case "https":
		u, err := url.Parse(spec)
		if err != nil || u.Host == "" || u.User != nil {
			return bad("not a URL like https://dns.example/dns-query")
		}
		if u.Path == "" {
			u.Path = "/dns-query"
		}
		return &server{transport: newHTTPS(u.String(), c.TLS)}, nil
	case "udp", "tcp":
		addr, _, err := serverAddr(rest, "53")
		if err != nil {
			return bad("%s", err)
		}
		tcp := newStream("tcp://"+addr.String(), addr.String(), nil, c.Timeout)
		if scheme == "tcp" {
			return &server{transport: tcp}, nil
		}
		return &server{transport: newUDP(addr, c.Timeout, c.MaxInFlight), tcp: tcp}, nil
	case "tls":
		rest, name, _ := strings.Cut(rest, "#")
		addr, host, err := serverAddr(rest, "853")
		if err != nil {
			return bad("%s", err)
		}
		if name == "" {
			name = host
		}
		config := &tls.Config{}
		if c.TLS != nil {
			config = c.TLS.Clone()
		}
		config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
		config.NextProtos = []string{"dot"}
		if config.ServerName == "" {
			config.ServerName = name
		}
		return &server{transport: newStream("tls://"+addr.String(), addr.String(), config, c.Timeout)}, nil
	}
	return bad("unknown scheme %q: udp, tcp, tls or https", clip(scheme))
}

// WithoutSecrets is the address of a server as it may be shown and logged: without
// user name, password, what follows a question mark or, but for tls, a #, and stamps. The text
// need not be a URL.
func WithoutSecrets(spec string) string {
	scheme, rest, ok := strings.Cut(spec, "://")
	if strings.EqualFold(scheme, "sdns") {
		return scheme + "://…" // a stamp holds addresses and hashes
	}
	if !ok {
		scheme, rest = "", spec
	} else {
		scheme += "://"
	}
	// A password may hold a slash or a question mark, which end the authority of a URL by
	// the letter.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "…@" + rest[at+1:]
	}
	if at := strings.IndexByte(rest, '?'); at >= 0 {
		rest = rest[:at] + "?…"
	}
	if at := strings.IndexByte(rest, '#'); at >= 0 && !strings.EqualFold(scheme, "tls://") { // of tls it is a name
		rest = rest[:at] + "#…"
	}
	return scheme + rest
}

// Address is the server of an answer without the transport, where it answers over UDP and
// what is too long for that over TCP.
func Address(server string) string {
	return strings.TrimPrefix(strings.TrimPrefix(server, "udp://"), "tcp://")
}

// serverAddr reads host[:port]. A name is looked up with the system's resolver, once.
func serverAddr(s, port string) (addr netip.AddrPort, host string, err error) {
	host = s
	if _, err := netip.ParseAddr(s); err != nil {
		if h, p, err := net.SplitHostPort(s); err == nil {
			host, port = h, p
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	n, err := net.LookupPort("tcp", port)
	if err != nil || n == 0 {
		return addr, "", fmt.Errorf("bad port %q", clip(port))
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		if _, wrong := canonical(host); wrong != "" || host == "" || strings.ContainsAny(host, "/:@ ") {
			return addr, "", fmt.Errorf("%q is neither an address nor a host name", clip(host))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil || len(ips) == 0 {
			return addr, "", fmt.Errorf("no address of %s is known to this system", host)
		}
		ip = ips[0].Unmap()
	}
	return netip.AddrPortFrom(ip, uint16(n)), host, nil
}
