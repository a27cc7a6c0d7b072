package resolver

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

// udpSocket is a socket with the questions that are on it.
type udpSocket struct {
	udp     *udp
	conn    *net.UDPConn
	opened  time.Time
	waiting atomic.Int32 // how many are pending; it changes under the lock alone
	worn    atomic.Bool  // it takes no more questions
	unsent  atomic.Int32 // len(out), for a look without the lock

	mu          sync.Mutex
	out         []*inquiry // to be sent
	pending     pending
	first, last *inquiry // in the order of their due times
	timer       *time.Timer
	armed       bool
	count       int  // of questions taken
	over        bool // closed, or about to be once nothing is pending
	random      [256]byte
	used        int // of random

	sending  sync.Mutex // for the rest; it is taken before mu
	batch    *ipv4.PacketConn
	messages [sendAtOnce]ipv4.Message
	taken    [sendAtOnce]*inquiry
}

// pending holds the questions on a socket by their ids, in buckets: a map would need
// four lookups a question.
type pending [1 << 10]*inquiry

func (p *pending) get(id uint16) *inquiry {
	i := p[id%uint16(len(p))]
	for i != nil && i.id != id {
		i = i.next
	}
	return i
}

func (p *pending) put(i *inquiry) {
	at := &p[i.id%uint16(len(p))]
	i.next, *at = *at, i
}

func (p *pending) drop(i *inquiry) {
	at := &p[i.id%uint16(len(p))]
	for *at != i {
		at = &(*at).next
	}
	*at, i.next = i.next, nil
}

func newSocket(u *udp, c *net.UDPConn) *udpSocket {
	s := &udpSocket{udp: u, conn: c, opened: time.Now()}
	s.used = len(s.random)
	s.batch = ipv4.NewPacketConn(c) // what it does here is the same for IPv6
	for i := range s.messages {
		s.messages[i].Buffers = make([][]byte, 1)
	}
	s.timer = time.AfterFunc(time.Hour, s.expire)
	s.timer.Stop()
	return s
}

// add registers a question under an id of its own; false if the socket takes
// no more.
func (s *udpSocket) add(i *inquiry, timeout time.Duration) bool {
	now := time.Since(s.opened)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.waiting.Load() >= socketPending {
		s.worn.Store(true)
		return false
	}
	i.id = s.randomID()
	for s.pending.get(i.id) != nil {
		i.id = s.randomID()
	}
	binary.BigEndian.PutUint16(i.q.msg, i.id)
	s.pending.put(i)
	s.waiting.Add(1)
	i.due = now + timeout
	i.socket.Store(s)
	if i.before = s.last; s.last != nil {
		s.last.after = i
	} else {
		s.first = i
	}
	s.last = i
	s.out = append(s.out, i)
	s.unsent.Store(int32(len(s.out)))
	if !s.armed {
		s.armed = true
		s.timer.Reset(timeout)
	}
	if s.count++; s.count >= socketQuestions || now > socketAge {
		s.worn.Store(true)
	}
	return true
}

// flush sends what waits to be sent. No lock is held if a failure is reported: that
// may let in another question, which is flushed then.
func (s *udpSocket) flush() {
	for {
		n, failed, err := s.send()
		if n == 0 {
			return
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			s.fail(err) // it is about what was sent before, and so about all
		}
		for _, i := range failed {
			if s.remove(i) {
				s.udp.failed(i, err)
			}
		}
	}
}

// send sends the next questions, as many as go together. It returns how many these
// are, which of them failed, and with what.
func (s *udpSocket) send() (n int, failed []*inquiry, err error) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	n = copy(s.taken[:], s.out)
	rest := copy(s.out, s.out[n:])
	clear(s.out[rest:])
	s.out = s.out[:rest]
	s.unsent.Store(int32(rest))
	s.mu.Unlock()
	for i, q := range s.taken[:n] {
		s.messages[i].Buffers[0] = q.q.msg
	}
	for sent := 0; sent < n && !errors.Is(err, syscall.ECONNREFUSED); {
		k, wrong := s.batch.WriteBatch(s.messages[sent:n], 0)
		if wrong == nil {
			sent += k
			continue
		}
		err = wrong
		failed = append(failed, s.taken[sent])
		sent++
	}
	for i := range n {
		s.messages[i].Buffers[0], s.taken[i] = nil, nil
	}
	return n, failed, err
}

// randomID is an id that nobody can guess (RFC 5452, 9.2). The generator is asked
// for many at a time.
func (s *udpSocket) randomID() uint16 {
	if s.used == len(s.random) {
		rand.Read(s.random[:])
		s.used = 0
	}
	s.used += 2
	return binary.BigEndian.Uint16(s.random[s.used-2:])
}

// drop takes a question out. The lock is held.
func (s *udpSocket) drop(i *inquiry) {
	s.pending.drop(i)
	s.waiting.Add(-1)
	if i.before != nil {
		i.before.after = i.after
	} else {
		s.first = i.after
	}
	if i.after != nil {
		i.after.before = i.before
	} else {
		s.last = i.before
	}
	i.before, i.after = nil, nil
	if s.over && s.waiting.Load() == 0 {
		s.shut()
	}
}

// shut closes the socket, which ends read. The lock is held.
func (s *udpSocket) shut() {
	s.timer.Stop()
	s.conn.Close()
}

// remove takes a question out; false if its receiver has been called, or is just
// being called.
func (s *udpSocket) remove(i *inquiry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending.get(i.id) != i {
		return false
	}
	s.drop(i)
	return true
}

// retire lets the socket finish what is on it.
func (s *udpSocket) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worn.Store(true)
	if s.over {
		return
	}
	if s.over = true; s.waiting.Load() == 0 {
		s.shut()
	}
}

// fail ends the socket and everything on it.
func (s *udpSocket) fail(err error) {
	s.mu.Lock()
	s.worn.Store(true)
	s.over = true
	var failed []*inquiry
	for i := s.first; i != nil; i = i.after {
		failed = append(failed, i)
	}
	for _, i := range failed {
		s.drop(i)
	}
	s.shut()
	s.mu.Unlock()
	for _, i := range failed {
		s.udp.failed(i, i.outcome(err))
	}
}

// outcome adds to an error that something came which is no answer. The wait is over.
func (i *inquiry) outcome(err error) error {
	if i.strays > 0 {
		return &strayError{i.strays, err}
	}
	return err
}

// expire ends the waits that are due. One timer serves the socket: it is set to
// the first due time, whether that question is answered by then or not.
func (s *udpSocket) expire() {
	s.mu.Lock()
	now := time.Since(s.opened)
	var late []*inquiry
	for s.first != nil && now >= s.first.due {
		late = append(late, s.first)
		s.drop(s.first)
	}
	if s.armed = s.first != nil; s.armed {
		s.timer.Reset(s.first.due - now)
	}
	s.mu.Unlock()
	for _, i := range late {
		s.udp.failed(i, i.outcome(context.DeadlineExceeded))
	}
}

// read hands the answers to those who wait for them, until the socket is closed
// or fails.
func (s *udpSocket) read() {
	buf := make([]byte, maxDatagram)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			s.fail(err)
			return
		}
		if i := s.match(buf[:n]); i != nil {
			s.udp.answered(i, buf[:n])
		}
	}
}

// maxDatagram is more than we ask for; what is longer is cut, and so malformed.
const maxDatagram = 4096

// match takes out the question that msg answers. Anything else may be forged: the
// wait goes on.
func (s *udpSocket) match(msg []byte) *inquiry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var i *inquiry
	if len(msg) >= 2 {
		i = s.pending.get(binary.BigEndian.Uint16(msg))
	}
	if i == nil {
		s.stray(msg)
		return nil
	}
	if !i.q.answeredBy(msg, i.id) {
		i.strays++
		return nil
	}
	s.drop(i)
	return i
}

// stray notes a message with no id of ours for the question that it may be meant
// for: the only one, or one of the oldest that it repeats.
func (s *udpSocket) stray(msg []byte) {
	if s.first == s.last {
		if s.first != nil {
			s.first.strays++
		}
		return
	}
	n := 0
	for i := s.first; i != nil && n < maxStraySearch; i, n = i.after, n+1 {
		if len(msg) >= 2 && i.q.answeredBy(msg, binary.BigEndian.Uint16(msg)) {
			i.strays++
			return
		}
	}
}

// maxStraySearch bounds what a stray message costs us.
const maxStraySearch = 64
