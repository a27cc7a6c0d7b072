package resolver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// Nobody is an address where nobody listens. No other program of the tests gets the
// port from the system, as it may get one that was listened on before.
const Nobody = "127.0.0.1:1"

// sink is an address where questions vanish.
func sink(t *testing.T) string {
	l, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.LocalAddr().String()
}

// TestFailedSends: if the system sends nothing, the places of the questions that
// failed go to those in line, which fail too; nobody waits for himself.
func TestFailedSends(t *testing.T) {
	c, err := New(Config{Servers: []string{sink(t)}, MaxInFlight: 10, Retries: -1, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	u := c.servers[0].transport.(*udp)
	for range udpSockets {
		s, _, err := u.socket()
		if err != nil {
			t.Fatal(err)
		}
		s.conn.SetWriteDeadline(time.Unix(1, 0))
	}
	b := NewBatch(t.Context(), NewSession(c, 0))
	failed := 0
	for i := range 200 {
		b.Ask(fmt.Sprintf("h%d.test", i), TypeA, func(_ *Answer, err error) {
			if err != nil && AsError(err).Reason == Timeout { // that is what the error says of itself
				failed++
			}
		})
	}
	b.Run()
	if failed != 200 || c.places.free != 10 {
		t.Errorf("%d failed, %d places are free", failed, c.places.free)
	}
}

// TestRefusedInLine: the same if the port is closed.
func TestRefusedInLine(t *testing.T) {
	c, err := New(Config{Servers: []string{Nobody}, MaxInFlight: 600, Retries: -1, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := NewBatch(t.Context(), NewSession(c, 0))
	const many = 5000
	failed := 0
	for i := range many {
		b.Ask(fmt.Sprintf("h%d.test", i), TypeA, func(_ *Answer, err error) {
			if err != nil && AsError(err).Reason == Network {
				failed++
			}
		})
	}
	b.Run()
	if failed != many || c.places.free != 600 {
		t.Errorf("%d failed, %d places are free", failed, c.places.free)
	}
}

// TestToItself: a socket that has the port of the server that it asks is told from
// others.
func TestToItself(t *testing.T) {
	at := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(sink(t)))
	other, err := net.DialUDP("udp4", nil, at)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var itself *net.UDPConn
	for range 50 { // whoever asks for a port meanwhile may be given this one
		free, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		free.Close()
		port := free.LocalAddr().(*net.UDPAddr)
		if itself, err = net.DialUDP("udp4", port, port); err == nil {
			break
		}
	}
	if itself == nil {
		t.Fatal("no port")
	}
	defer itself.Close()
	if toItself(other) || !toItself(itself) {
		t.Errorf("%s, %s", other.LocalAddr(), itself.LocalAddr())
	}
}

// TestNoMoreSockets: if the system has no port or no file for another socket, those that are
// open take the questions, as long as they take any.
func TestNoMoreSockets(t *testing.T) {
	u := newUDP(netip.MustParseAddrPort(sink(t)), time.Minute, 10)
	defer u.close()
	var open [2]*udpSocket
	for i := range open {
		s, _, err := u.socket()
		if err != nil {
			t.Fatal(err)
		}
		open[i] = s
	}
	u.mu.Lock()
	u.addr = netip.MustParseAddrPort("[fe80::1]:53") // without a zone nothing is connected to it
	u.mu.Unlock()
	for i := range 3 * udpSockets {
		if i == udpSockets {
			open[0].worn.Store(true)
		}
		if s, _, err := u.socket(); err != nil || s != open[0] && s != open[1] || s.worn.Load() {
			t.Fatalf("question %d: %v, %v", i, s, err)
		}
	}
	open[1].worn.Store(true)
	if s, _, err := u.socket(); err == nil {
		t.Errorf("%v", s)
	}
}

// TestCloseEndsWornSockets: a question on a socket that was replaced ends with the
// others.
func TestCloseEndsWornSockets(t *testing.T) {
	c, err := New(Config{Servers: []string{sink(t)}, Retries: -1, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	b := NewBatch(t.Context(), c)
	u := c.servers[0].transport.(*udp)
	failed := 0
	const many = 3 * udpSockets * socketRun
	for i := range many {
		b.Ask(fmt.Sprintf("h%d.test", i), TypeA, func(_ *Answer, err error) {
			if err != nil {
				failed++
			}
		})
		u.mu.Lock()
		for _, s := range u.sockets {
			if s != nil && i < many/2 {
				s.worn.Store(true)
			}
		}
		u.mu.Unlock()
	}
	began := time.Now()
	c.Close()
	b.Run()
	if took := time.Since(began); failed != many || took > 30*time.Second {
		t.Errorf("%d of %d failed after %s", failed, many, took)
	}
}

// held is a resolver that answers when the test says, whether somebody waits or not.
type held struct {
	asked chan chan *Answer
}

func (h *held) Lookup(_ context.Context, name string, t Type) (*Answer, error) {
	answer := make(chan *Answer)
	h.asked <- answer
	return <-answer, nil
}

// TestCacheLate: an answer that comes after all have left, while the question is
// being asked anew, is counted once.
func TestCacheLate(t *testing.T) { synctest.Test(t, testCacheLate) }

func testCacheLate(t *testing.T) {
	h := &held{make(chan chan *Answer)}
	c := NewCache(h, CacheOptions{})
	one := &Answer{Name: "a.test", Type: TypeA, Status: NoData, TTL: 300}
	q := question{"a.test", TypeA}
	left := c.start(q, newWaiter())
	late := <-h.asked
	left.stop()
	again := newWaiter()
	c.start(q, again)
	late <- one
	synctest.Wait() // it has landed
	<-h.asked <- one
	<-again.done
	if s := c.Stats(); s.Entries != 1 || s.Bytes != sizeOf(one) {
		t.Errorf("%+v, of %d bytes", s, sizeOf(one))
	}
}
