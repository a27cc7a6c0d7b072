package dial

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailworthy/internal/peertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a TCP service on loopback that counts who connects to it.
type service struct {
	addr  netip.AddrPort
	count atomic.Int64
}

// serve starts a service at an address of this host; what it does with a connection
// is up to handle.
func serve(t *testing.T, addr string, handle func(net.Conn)) *service {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	if err != nil {
		t.Skipf("no listener on %s: %v", addr, err)
	}
	s := &service{addr: netip.MustParseAddrPort(l.Addr().String())}
	peertest.Serve(t, l, func(conn net.Conn) {
		s.count.Add(1)
		handle(conn)
	})
	return s
}

func greet(conn net.Conn) { _, _ = conn.Write([]byte("hello\r\n")) }

// hosts is a Lookup with what each call returns, one after the other.
func hosts(answers ...[]netip.Addr) func(context.Context, string) ([]netip.Addr, error) {
	n := 0
	return func(context.Context, string) ([]netip.Addr, error) {
		n++
		return answers[min(n, len(answers))-1], nil
	}
}

var loopback = netip.MustParseAddr("127.0.0.1")

func (s *service) at(host string) string {
	_, port, _ := net.SplitHostPort(s.addr.String())
	return net.JoinHostPort(host, port)
}

// TestGiven: what the user stated is connected to wherever it is, and what the program
// was led to only if the dialer permits it.
func TestGiven(t *testing.T) {
	s := serve(t, "127.0.0.1", greet)
	for _, tt := range []struct {
		name   string
		dialer *Dialer
		dial   func(*Dialer) (net.Conn, error)
		want   Class
	}{
		{"given", &Dialer{}, func(d *Dialer) (net.Conn, error) { return d.DialGiven(t.Context(), "tcp", s.addr.String()) }, Public},
		{"given by name", &Dialer{Lookup: hosts([]netip.Addr{loopback})}, func(d *Dialer) (net.Conn, error) { return d.DialGiven(t.Context(), "tcp4", s.at("relay.example")) }, Public},
		{"given, any port", &Dialer{Ports: []uint16{25}}, func(d *Dialer) (net.Conn, error) { return d.DialGiven(t.Context(), "tcp", s.addr.String()) }, Public},
		{"given, in a stated range", &Dialer{Refuse: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, func(d *Dialer) (net.Conn, error) { return d.DialGiven(t.Context(), "tcp", s.addr.String()) }, Stated},
		{"led to", &Dialer{}, func(d *Dialer) (net.Conn, error) { return d.DialContext(t.Context(), "tcp", s.addr.String()) }, Loopback},
		{"led to, private permitted", &Dialer{AllowPrivate: true}, func(d *Dialer) (net.Conn, error) { return d.DialContext(t.Context(), "tcp", s.addr.String()) }, Public},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := s.count.Load()
			conn, err := tt.dial(tt.dialer)
			if tt.want == Public {
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(conn)
				if err != nil || string(text) != "hello\r\n" || conn.Close() != nil {
					t.Errorf("%q, %v", text, err)
				}
				return
			}
			var refused *Refused
			if !errors.As(err, &refused) || refused.Class != tt.want || s.count.Load() != before {
				t.Errorf("%v, %d connections", err, s.count.Load()-before)
			}
		})
	}
	_, err := (&Dialer{Ports: []uint16{25, 443}}).DialContext(t.Context(), "tcp", "192.0.2.1:22")
	if err == nil || err.Error() != "port 22 of 192.0.2.1 is not connected to" {
		t.Errorf("port: %v", err)
	}
	for _, address := range []string{"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:http", "::1:25"} {
		if conn, err := (&Dialer{}).DialGiven(t.Context(), "tcp", address); err == nil {
			conn.Close()
			t.Errorf("%s: connected", address)
		}
	}
	for _, network := range []string{"udp", "unix", "ip", ""} {
		if _, err := (&Dialer{}).DialGiven(t.Context(), network, s.addr.String()); err == nil {
			t.Errorf("%s: connected", network)
		}
	}
}

// TestNextAddress: one address that is refused or closed does not keep from the next.
func TestNextAddress(t *testing.T) {
	s := serve(t, "127.0.0.1", greet)
	for name, list := range map[string][]netip.Addr{
		"closed first":          {netip.MustParseAddr("127.0.0.2"), loopback},
		"other family first":    {netip.MustParseAddr("::1"), loopback},
		"both families, closed": {netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1"), loopback},
		"mapped":                {netip.MustParseAddr("::ffff:127.0.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			d := &Dialer{Lookup: hosts(list), AllowPrivate: true}
			conn, err := d.DialContext(t.Context(), "tcp", s.at("a.example"))
			if err != nil {
				t.Fatal(err)
			}
			if to := conn.RemoteAddr().String(); to != s.addr.String() {
				t.Errorf("connected to %s", to)
			}
			conn.Close()
		})
	}
}

func TestNoAddress(t *testing.T) {
	four := &Dialer{Source: loopback, Lookup: hosts([]netip.Addr{netip.MustParseAddr("2001:db8::1")})}
	var none *NoAddress
	if _, err := four.DialContext(t.Context(), "tcp", "a.example:25"); !errors.As(err, &none) || !none.Other {
		t.Errorf("another family: %v", err)
	}
	empty := &Dialer{Lookup: hosts(nil)}
	if _, err := empty.DialContext(t.Context(), "tcp", "a.example:25"); !errors.As(err, &none) || none.Other || err.Error() != "a.example has no address" {
		t.Errorf("none: %v", err)
	}
	silent := errors.New("SERVFAIL")
	broken := &Dialer{Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, silent }}
	if _, err := broken.DialContext(t.Context(), "tcp", "a.example:25"); !errors.Is(err, silent) {
		t.Errorf("unknown: %v", err)
	}
}

func TestSource(t *testing.T) {
	s := serve(t, "127.0.0.1", greet)
	conn, err := (&Dialer{Source: netip.MustParseAddr("127.0.0.9")}).DialGiven(t.Context(), "tcp", s.addr.String())
	if err != nil {
		t.Skip(err) // not every system has all of 127.0.0.0/8
	}
	defer conn.Close()
	if from := conn.LocalAddr().String(); !strings.HasPrefix(from, "127.0.0.9:") {
		t.Errorf("from %s", from)
	}
}

// TestDeadline: a connection ends when its time is over, whatever is asked of it.
func TestDeadline(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, "127.0.0.1", func(net.Conn) { <-release })
	defer close(release)
	for name, d := range map[string]*Dialer{"of the dialer": {Timeout: time.Second}, "of the context": {}} {
		t.Run(name, func(t *testing.T) {
			// Time enough to connect on a busy machine, and as long as the reading waits.
			ctx := t.Context()
			if d.Timeout == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Second)
				defer cancel()
			}
			conn, err := d.DialGiven(ctx, "tcp", s.addr.String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, later := range []time.Time{{}, time.Now().Add(time.Hour)} {
				if err := conn.SetDeadline(later); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > 10*time.Second {
					t.Errorf("%v after %s", err, time.Since(began))
				}
			}
		})
	}
}

// TestBudget: no more is read than is permitted, and just so much is.
func TestBudget(t *testing.T) {
	s := serve(t, "127.0.0.1", func(conn net.Conn) { _, _ = conn.Write(make([]byte, 1000)) })
	for most, want := range map[int64]int{999: 999, 1000: 1000, 1001: 1000, 0: 1000, -1: 1000} {
		conn, err := (&Dialer{MaxRead: most}).DialGiven(t.Context(), "tcp", s.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn)
		var over *OverBudget
		if len(text) != want || errors.As(err, &over) != (most == 999) || over != nil && over.Bytes != 999 {
			t.Errorf("of at most %d: %d bytes, %v", most, len(text), err)
		}
		conn.Close()
	}
}

// TestLimits: no more connections are open at once than is permitted, in all and to
// one address; those who wait come in, or leave with their context.
func TestLimits(t *testing.T) {
	one, two := serve(t, "127.0.0.1", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), netip.MustParseAddr("127.0.0.2")
	for name, tt := range map[string]struct {
		d    *Dialer
		free bool // another address is not in the way
	}{
		"in all":     {&Dialer{MaxOpen: 2, AllowPrivate: true}, false},
		"an address": {&Dialer{MaxPerAddr: 2, AllowPrivate: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dial := func(wait time.Duration) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(t.Context(), wait)
				defer cancel()
				return tt.d.DialContext(ctx, "tcp", one.addr.String())
			}
			var open []net.Conn
			for range 2 {
				conn, err := dial(time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				open = append(open, conn)
			}
			if _, err := dial(20 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a third: %v", err)
			}
			wait := time.Minute
			if !tt.free {
				wait = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			_, err := tt.d.DialContext(ctx, "tcp", one.at(two.String()))
			cancel()
			if waited := errors.Is(err, context.DeadlineExceeded); waited == tt.free {
				t.Errorf("to another address: %v", err)
			}
			time.AfterFunc(20*time.Millisecond, func() { open[0].Close(); open[0].Close() })
			third, err := dial(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dial(20 * time.Millisecond); err == nil {
				t.Error("closing twice made two places")
			}
			third.Close()
			open[1].Close()
			if len(tt.d.byAddr) != 0 || len(tt.d.total) != 0 {
				t.Errorf("left behind: %v, %d", tt.d.byAddr, len(tt.d.total))
			}
		})
	}
}
