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
