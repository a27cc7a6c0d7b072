package dnsworld

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	batch    = 64
	datagram = 1232
	buffers  = 4 << 20
	idle     = 10 * time.Second
)

// Server answers from a world on loopback, UDP and TCP on one port. One loop reads
// and writes datagrams many at a time, so that it keeps up with anything that asks
// from the same machine.
type Server struct {
	world   *World
	latency time.Duration
	udp     *net.UDPConn
	tcp     net.Listener
	wg      sync.WaitGroup
	count   atomic.Int64

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// Serve starts a server on 127.0.0.1, on a port of its choice. Every answer
// takes latency.
func Serve(w *World, latency time.Duration) (*Server, error) {
	s := &Server{world: w, latency: latency, conns: map[net.Conn]bool{}}
	var err error
	for range 50 { // for a port that is free for both
		if s.tcp, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		at := s.tcp.Addr().(*net.TCPAddr)
		if s.udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: at.IP, Port: at.Port}); err == nil {
			break
		}
		s.tcp.Close()
	}
	if err != nil {
		return nil, err
	}
	s.udp.SetReadBuffer(buffers)
	s.udp.SetWriteBuffer(buffers)
	s.wg.Go(s.serveUDP)
	s.wg.Go(s.serveTCP)
	return s, nil
}

// Addr is "127.0.0.1:port".
func (s *Server) Addr() string { return s.udp.LocalAddr().String() }

// Queries is how many datagrams and messages came.
func (s *Server) Queries() int64 { return s.count.Load() }

// Close ends the server.
func (s *Server) Close() {
	s.udp.Close()
	s.tcp.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func newBatch() []ipv4.Message {
	ms := make([]ipv4.Message, batch)
	for i := range ms {
		ms[i].Buffers = [][]byte{make([]byte, 2*datagram)}
	}
	return ms
}

func (s *Server) serveUDP() {
	conn := ipv4.NewPacketConn(s.udp)
	in, out := newBatch(), newBatch()
	space := make([][]byte, batch)
	for i := range space {
		space[i] = out[i].Buffers[0]
	}
	late := &delay{conn: conn, latency: s.latency, more: make(chan struct{}, 1)}
	if s.latency > 0 {
		done := make(chan struct{})
		s.wg.Go(func() { late.run(done) })
		defer close(done)
	}
	for {
		n, err := conn.ReadBatch(in, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		s.count.Add(int64(n))
		answers := out[:0]
		for i := range n {
			k := len(answers)
			b := s.world.Answer(in[i].Buffers[0][:in[i].N], space[k], false)
			if len(b) == 0 || len(b) > datagram {
				continue // none of ours is that long
			}
			answers = out[:k+1]
			answers[k].Buffers[0], answers[k].Addr = b, in[i].Addr
		}
		if s.latency > 0 {
			late.put(answers)
		} else {
			writeAll(conn, answers)
		}
	}
}

func writeAll(conn *ipv4.PacketConn, ms []ipv4.Message) {
	for len(ms) > 0 {
		n, err := conn.WriteBatch(ms, 0)
		if err != nil {
			n = 1 // that one is lost, as on any network
		}
		ms = ms[n:]
	}
}

// delay holds answers back.
type delay struct {
	conn    *ipv4.PacketConn
	latency time.Duration
	more    chan struct{}

	mu    sync.Mutex
	queue []delayed
}

type delayed struct {
	due time.Time
	ipv4.Message
}

func (d *delay) put(ms []ipv4.Message) {
	due := time.Now().Add(d.latency)
	d.mu.Lock()
	for _, m := range ms {
		d.queue = append(d.queue, delayed{due, ipv4.Message{Buffers: [][]byte{append([]byte(nil), m.Buffers[0]...)}, Addr: m.Addr}})
	}
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *delay) run(done <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var ready []ipv4.Message
	for {
		now := time.Now()
		ready = ready[:0]
		d.mu.Lock()
		for len(d.queue) > 0 && !now.Before(d.queue[0].due) && len(ready) < batch {
			ready = append(ready, d.queue[0].Message)
			d.queue = d.queue[1:]
		}
		wait := time.Hour
		if len(d.queue) > 0 {
			wait = d.queue[0].due.Sub(now)
		}
		d.mu.Unlock()
		if writeAll(d.conn, ready); wait <= 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-d.more:
		case <-done:
			return
		}
	}
}

func (s *Server) serveTCP() {
	for {
		c, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			c.Close()
		}
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			s.serveConn(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) serveConn(c net.Conn) {
	r := bufio.NewReader(c)
	var size [2]byte
	for {
		c.SetDeadline(time.Now().Add(idle))
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(r, query); err != nil {
			return
		}
		s.count.Add(1)
		time.Sleep(s.latency)
		b := s.world.Answer(query, make([]byte, 0, 2*datagram), true)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil {
			return
		}
	}
}
