package resolver

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// streamIdle is how long a connection without questions is kept (RFC 7766, 6.2.3).
const streamIdle = 8 * time.Second

var (
	errLost   = errors.New("the server closed the connection")
	errClosed = errors.New("the client is closed")
)

// stream sends questions over one connection, TCP or TLS (RFC 7858), many at a
// time (RFC 7766, 6.2.1.1). A connection that breaks is replaced; a question that
// was on it gets one of its own, for servers that take a single question each.
type stream struct {
	name  string // "tcp://192.0.2.53:53"
	addr  string
	tls   *tls.Config   // nil for TCP
	limit time.Duration // for connecting
	base  context.Context
	stop  context.CancelFunc

	mu   sync.Mutex
	conn *streamConn
	dial *dialing
	wg   sync.WaitGroup
}

func newStream(name, addr string, config *tls.Config, limit time.Duration) *stream {
	s := &stream{name: name, addr: addr, tls: config, limit: limit}
	s.base, s.stop = context.WithCancel(context.Background())
	return s
}

// dialing is a connection that is being made, for all who wait for it.
type dialing struct {
	done chan struct{}
	conn *streamConn
	err  error
}

func (s *stream) String() string { return s.name }

func (s *stream) exchange(ctx context.Context, q *query, _ []byte) ([]byte, error) {
	c, err := s.shared(ctx)
	if err != nil {
		return nil, err
	}
	msg, err := c.ask(ctx, q)
	if !errors.Is(err, errLost) {
		return msg, err
	}
	alone, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer alone.Close()
	defer interrupt(ctx, alone)()
	id := randomID()
	if _, err := alone.Write(frame(q.withID(id))); err != nil {
		return nil, err
	}
	r := bufio.NewReader(alone)
	for strays := 0; ; strays++ {
		msg, err := readFrame(r)
		switch {
		case errors.Is(err, io.EOF):
			return nil, errLost
		case err != nil && strays > 0:
			return nil, &strayError{strays, err}
		case err != nil:
			return nil, err
		case q.answeredBy(msg, id):
			return msg, nil
		}
	}
}

// shared returns the connection in use, or makes one.
func (s *stream) shared(ctx context.Context) (*streamConn, error) {
	s.mu.Lock()
	if s.base.Err() != nil {
		s.mu.Unlock()
		return nil, errClosed
	}
	if s.conn != nil && s.conn.alive() {
		defer s.mu.Unlock()
		return s.conn, nil
	}
	d := s.dial
	if d == nil {
		d = &dialing{done: make(chan struct{})}
		s.dial = d
		// The connection is for all: the caller's end is not its end.
		s.wg.Go(func() { s.open(d) })
	}
	s.mu.Unlock()
	select {
	case <-d.done:
		return d.conn, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *stream) open(d *dialing) {
	ctx, cancel := context.WithTimeout(s.base, s.limit)
	defer cancel()
	c, err := s.connect(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(d.done)
	s.dial = nil
	if err == nil && s.base.Err() != nil {
		c.Close()
		err = errClosed
	}
	if err != nil {
		d.err = err
		return
	}
	sc := &streamConn{Conn: c, pending: make(map[uint16]*waiting), dead: make(chan struct{})}
	sc.mu.Lock()
	sc.idle = time.AfterFunc(streamIdle, sc.closeIdle)
	sc.mu.Unlock()
	s.conn, d.conn = sc, sc
	s.wg.Go(sc.read)
}

func (s *stream) connect(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", s.addr)
	if err != nil || s.tls == nil {
		return c, err
	}
	t := tls.Client(c, s.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return t, nil
}

func (s *stream) close() {
	s.stop()
	s.mu.Lock()
	if s.conn != nil {
		s.conn.drop()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// streamConn is one connection with the questions that are on it.
type streamConn struct {
	net.Conn
	write sync.Mutex

	mu       sync.Mutex
	pending  map[uint16]*waiting
	lastRead time.Time // the last message
	idle     *time.Timer
	gone     bool
	dead     chan struct{}
}

type waiting struct {
	q      *query
	msg    chan []byte
	strays int
}

func (c *streamConn) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.gone
}

// drop ends the connection; everything on it is lost.
func (c *streamConn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		c.gone = true
		c.idle.Stop()
		close(c.dead)
		c.Conn.Close()
	}
}

func (c *streamConn) closeIdle() {
	c.mu.Lock()
	busy := len(c.pending) > 0
	if busy {
		c.idle.Reset(streamIdle)
	}
	c.mu.Unlock()
	if !busy {
		c.drop()
	}
}

func (c *streamConn) ask(ctx context.Context, q *query) ([]byte, error) {
	w := &waiting{q: q, msg: make(chan []byte, 1)}
	c.mu.Lock()
	id := randomID()
	for c.pending[id] != nil {
		id++
	}
	if c.gone || len(c.pending) >= 1<<15 {
		c.mu.Unlock()
		return nil, errLost
	}
	c.pending[id] = w
	c.idle.Reset(streamIdle)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		if c.pending[id] == w { // the id may be another's by now
			delete(c.pending, id)
		}
		c.mu.Unlock()
	}()

	asked := time.Now()
	c.write.Lock()
	if d, ok := ctx.Deadline(); ok {
		c.SetWriteDeadline(d)
	}
	_, err := c.Write(frame(q.withID(id)))
	c.write.Unlock()
	if err != nil {
		c.drop()
		return nil, errLost
	}
	select {
	case msg := <-w.msg:
		return msg, nil
	case <-c.dead:
		select {
		case msg := <-w.msg:
			return msg, nil
		default:
		}
		return nil, errLost
	case <-ctx.Done():
	}
	c.mu.Lock()
	silent, strays := c.lastRead.Before(asked), w.strays
	c.mu.Unlock()
	if silent && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		c.drop() // nothing at all came: the other side may be gone
	}
	if strays > 0 {
		return nil, &strayError{strays, ctx.Err()}
	}
	return nil, ctx.Err()
}

// read hands the messages to those who wait for them, until the connection ends.
func (c *streamConn) read() {
	defer c.drop()
	r := bufio.NewReader(c.Conn)
	for {
		msg, err := readFrame(r)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.lastRead = time.Now()
		if len(msg) >= headerLen {
			id := binary.BigEndian.Uint16(msg)
			if w := c.pending[id]; w != nil {
				if w.q.answeredBy(msg, id) {
					w.msg <- msg
					delete(c.pending, id)
				} else {
					w.strays++
				}
			}
		}
		c.mu.Unlock()
	}
}

// frame puts the length in front (RFC 1035, 4.2.2), in one write (RFC 7766, 8).
func frame(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 0, len(msg)+2), uint16(len(msg))), msg...)
}

func readFrame(r *bufio.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, msg)
	return msg, err
}
