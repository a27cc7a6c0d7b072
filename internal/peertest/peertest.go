// Package peertest is the other side of connections, for tests.
package peertest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// longest is how long a connection lasts: a test that hangs ends then.
const longest = 20 * time.Second

// Serve hands each connection that the listener accepts to serve, in a goroutine of its own,
// and closes it then. The end of the test closes the listener and waits for all of them.
func Serve(t testing.TB, l net.Listener, serve func(net.Conn)) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(longest))
				serve(conn)
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
}

// Closed returns an address of loopback (host:port) that refuses connections and datagrams
// until the test ends. The port is taken meanwhile, by sockets that are connected elsewhere: the
// port of a listener that was closed may be given to a server of another test, or to the very
// client that asks it, which then hears itself.
func Closed(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for range 50 {
		var packets *net.UDPConn
		packets, err = net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
		if err != nil {
			continue
		}
		at := packets.LocalAddr().(*net.UDPAddr)
		var stream net.Conn
		if stream, err = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: at.IP, Port: at.Port}}).Dial("tcp4", l.Addr().String()); err != nil {
			packets.Close() // the port is free for datagrams alone
			continue
		}
		t.Cleanup(func() { stream.Close(); packets.Close() })
		return at.String()
	}
	t.Fatal("no port: ", err)
	return ""
}

// Hook starts a server of HTTP that keeps what is sent to it. Told returns that, one body
// after the other.
func Hook(t testing.TB) (url string, told func() string) {
	var mu sync.Mutex
	all := ""
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		all += string(text)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}
