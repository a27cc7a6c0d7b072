package dnsworld

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batch    = 64
	datagram = 1232
	buffers  = 4 << 20
	idle     = 10 * time.Second
)

// Server answers from a world on loopback, UDP and TCP on one port. It shares the
// processors with what it is to measure, so datagrams are read and sent many at a
// time (packets), and answers are computed without allocating.
type Server struct {
	world   *World
	latency time.Duration
	udp     *datagrams
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
		if s.udp, err = listen(s.tcp.Addr().(*net.TCPAddr).AddrPort()); err == nil {
			break
		}
		s.tcp.Close()
	}
	if err != nil {
		return nil, err
	}
	s.wg.Go(s.serveUDP)
	s.wg.Go(s.serveTCP)
	return s, nil
}

// Addr is "127.0.0.1:port".
func (s *Server) Addr() string { return s.tcp.Addr().String() }

// Queries is how many datagrams and messages came.
func (s *Server) Queries() int64 { return s.count.Load() }

// Close ends the server.
func (s *Server) Close() {
	s.udp.shut()
	s.tcp.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	s.udp.close()
}

// gather is how long questions are let come together if few came. Each costs less
// then: system calls and the wake-ups of who waits for the answers are shared.
const gather = 200 * time.Microsecond

// serveUDP answers what comes, many questions at a time.
func (s *Server) serveUDP() {
	if s.latency > 0 {
		s.serveLate()
		return
	}
	p := newPackets()
	for {
		n := s.answer(p)
		if n == 0 {
			return
		}
		if s.udp.send(p); n < batch {
			time.Sleep(gather)
		}
	}
}

// answer reads questions, answers them and returns how many they were; none if
// the socket is shut.
func (s *Server) answer(p *packets) int {
	n := s.udp.read(p)
	s.count.Add(int64(n))
	for i := range n {
		p.answer(i, s.world.Answer(p.question(i), p.room(), false))
	}
	return n
}

// late is a batch of answers with the time to send them.
type late struct {
	*packets
	due time.Time
}

// serveLate is serveUDP if answers take their time.
func (s *Server) serveLate() {
	queue, spare := make(chan late, 1<<12), make(chan *packets, 1<<12)
	s.wg.Go(func() {
		for l := range queue {
			time.Sleep(time.Until(l.due))
			s.udp.send(l.packets)
			select {
			case spare <- l.packets:
			default:
			}
		}
	})
	defer close(queue)
	for {
		var p *packets
		select {
		case p = <-spare:
		default:
			p = newPackets()
		}
		n := s.answer(p)
		if n == 0 {
			return
		}
		if queue <- (late{p, time.Now().Add(s.latency)}); n < batch {
			time.Sleep(gather)
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
