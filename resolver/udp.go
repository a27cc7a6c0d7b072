package resolver

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Many questions share a few sockets, because a socket for each costs three times
// as much. Against forged answers (RFC 5452) that is no step back:
//
//   - The id is 16 random bits of the system's generator, no two alike among the
//     questions on a socket.
//   - The port is chosen at random by the system. One question's port is as hard to
//     guess as before: the forger needs that of its own socket, not of any. What
//     sharing gives away is that a port lives longer, so that it could be found out
//     and then used. So a socket takes socketQuestions questions or is used for
//     socketAge, whichever comes first, and is then replaced; and while there is
//     little to do, which is when a single wait can be kept open, every question
//     goes to another socket.
//   - Sockets are connected: the system drops what comes from another address or
//     port, and reports a closed port.
//   - The question in the answer has to be ours, and equal questions under way are
//     one (Cache, Session), so that there is no birthday to be had.
//   - What matches the id but not the question ends no wait: see strayError.
const (
	// udpSockets is how many sockets take questions to one server.
	udpSockets      = 16
	socketQuestions = 8192
	socketAge       = 10 * time.Second
	// socketRun is how many questions in a row go to one socket while it is busy:
	// answers that come together are then read together.
	socketRun = 32
	// socketPending bounds the questions under way on a socket, so that a free id
	// is found at once.
	socketPending = 1 << 12
	// sendAtOnce is how many questions go to the system in one call. More would gain
	// little, and the first would wait longer.
	sendAtOnce = 16
	// receiveBuffer is asked of the system for each socket.
	receiveBuffer = 1 << 20
)

// receiver gets the outcome of a question, once. The message answers it
// (query.answeredBy) and is valid until received returns, which must not block.
type receiver interface {
	received(msg []byte, err error)
}

// inquiry is a question on its way over UDP. It is part of its receiver.
type inquiry struct {
	paced
	q      *query
	to     receiver
	socket atomic.Pointer[udpSocket]
	id     uint16
	strays int
	due    time.Duration // since the socket was opened
	// The questions on a socket in the order of their due times.
	before, after *inquiry
	// The next question of the same bucket.
	next *inquiry
}

// udp asks one server over UDP.
type udp struct {
	addr    netip.AddrPort
	name    string
	timeout time.Duration

	mu       sync.Mutex
	sockets  [udpSockets]*udpSocket
	at, run  int                 // the socket in use, and how many questions in a row it took
	open     map[*udpSocket]bool // those that were replaced too, until nothing is on them
	closed   bool
	wg       sync.WaitGroup
	flusher  sync.WaitGroup
	flushing bool // flushes runs

	paceMu    sync.Mutex // for the rest; no other lock is taken under it
	pace      pace
	made      time.Time
	late      *time.Timer // it has those give their places up that are late
	armed     bool
	admitting bool // somebody is letting the line in
	over      bool
	unsent    chan struct{} // for flushes; holds one
}

// newUDP takes the questions that may be under way at most.
func newUDP(addr netip.AddrPort, timeout time.Duration, most int) *udp {
	u := &udp{addr: addr, name: "udp://" + addr.String(), timeout: timeout, open: make(map[*udpSocket]bool)}
	u.pace.window, u.made = newWindow(most), time.Now()
	u.late = time.AfterFunc(time.Hour, u.overdue)
	u.late.Stop()
	u.unsent = make(chan struct{}, 1)
	return u
}

func (u *udp) String() string { return u.name }

func (u *udp) close() {
	u.mu.Lock()
	u.closed = true
	sockets := slices.Collect(maps.Keys(u.open))
	u.mu.Unlock()
	for _, s := range sockets {
		s.fail(errClosed)
	}
	u.wg.Wait()
	u.paceMu.Lock()
	if !u.over {
		u.over = true
		u.late.Stop()
		close(u.unsent)
	}
	u.paceMu.Unlock()
	u.flusher.Wait()
}

// ask puts a question on a socket, or in line for a place in the window; i.to gets
// the outcome, possibly before ask returns. It is sent by flush, with what else waits
// there.
func (u *udp) ask(i *inquiry) *udpSocket {
	if !u.enter(i) {
		return nil
	}
	return u.put(i)
}

// put puts a question on a socket.
func (u *udp) put(i *inquiry) *udpSocket {
	for {
		s, worn, err := u.socket()
		if worn != nil {
			worn.flush()
		}
		if err != nil {
			u.failed(i, err)
			return nil
		}
		if !s.add(i, u.timeout) {
			continue // it was retired meanwhile
		}
		if s.unsent.Load() >= sendAtOnce {
			s.flush()
		}
		return s
	}
}

// flush sends what was asked.
func (u *udp) flush() {
	u.mu.Lock()
	sockets := u.sockets
	u.mu.Unlock()
	for _, s := range sockets {
		if s != nil && s.unsent.Load() > 0 {
			s.flush()
		}
	}
}

// exchange implements transport. The timeout is the transport's own.
func (u *udp) exchange(ctx context.Context, q *query, buf []byte) ([]byte, error) {
	e := &udpExchange{buf: buf, done: make(chan struct{})}
	e.q, e.to = q, e
	if s := u.ask(&e.inquiry); s != nil {
		s.flush()
	}
	select {
	case <-e.done:
		return e.msg, e.err
	case <-ctx.Done():
	}
	if !u.cancel(&e.inquiry) {
		<-e.done // its receiver is being called just now
		return e.msg, e.err
	}
	if e.strays > 0 {
		return nil, &strayError{e.strays, ctx.Err()}
	}
	return nil, ctx.Err()
}

type udpExchange struct {
	inquiry
	buf  []byte
	msg  []byte
	err  error
	done chan struct{}
}

func (e *udpExchange) received(msg []byte, err error) {
	if e.err = err; err == nil {
		e.msg = append(e.buf[:0], msg...)
	}
	close(e.done)
}

// connect returns a new socket to the server. On this machine, a server that is gone
// leaves its port free, and the system may give that port to the socket itself: it
// would get its own questions, and never the word that nobody listens.
func (u *udp) connect() (*net.UDPConn, error) {
	for {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(u.addr))
		if err != nil || !toItself(c) {
			return c, err
		}
		defer c.Close() // not before another one has another port
	}
}

// toItself reports whether a socket is connected to itself.
func toItself(c *net.UDPConn) bool { return c.LocalAddr().String() == c.RemoteAddr().String() }

// socket returns the socket for the next question: the last one while it is busy
// and its run is not over, else the next of the ring. The second one was replaced.
func (u *udp) socket() (s, worn *udpSocket, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, nil, errClosed
	}
	s = u.sockets[u.at]
	if s == nil || u.run >= socketRun || s.waiting.Load() == 0 {
		u.at, u.run = (u.at+1)%udpSockets, 0
		s = u.sockets[u.at]
	}
	if u.run++; s != nil && !s.worn.Load() {
		return s, nil, nil
	}
	if worn = s; worn != nil {
		worn.retire()
	}
	c, err := u.connect()
	if err != nil {
		u.sockets[u.at] = nil
		for _, s := range u.sockets { // out of ports or of file descriptors: those that are open do
			if s != nil && !s.worn.Load() {
				return s, worn, nil
			}
		}
		return nil, worn, err
	}
	c.SetReadBuffer(receiveBuffer) // as much as the system grants
	s = newSocket(u, c)
	if !u.flushing {
		u.flushing = true
		u.flusher.Go(u.flushes)
	}
	u.sockets[u.at] = s
	u.open[s] = true
	u.wg.Go(func() {
		s.read()
		u.mu.Lock()
		delete(u.open, s)
		u.mu.Unlock()
	})
	return s, worn, nil
}
