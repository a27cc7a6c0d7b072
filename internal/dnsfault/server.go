// Package dnsfault is a DNS server on loopback that answers wrongly, byte by byte.
// It knows what is right from another server and spoils that. It shares no code with
// package resolver or the DNS library, so that what these cannot write or do not
// read can be sent all the same.
package dnsfault

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Truth asks a server for right answers over UDP and keeps them; several Servers
// may share one.
type Truth struct {
	addr string
	mu   sync.Mutex
	kept map[string]*kept // by the question
}

type kept struct {
	once  sync.Once
	reply []byte
	err   error
}

// NewTruth knows what the server at "host:port" answers.
func NewTruth(addr string) *Truth { return &Truth{addr: addr, kept: make(map[string]*kept)} }

// answer is the right answer to a query, with its id.
func (t *Truth) answer(query []byte) (*Message, error) {
	t.mu.Lock()
	k := t.kept[string(query[2:])]
	if k == nil {
		k = new(kept)
		t.kept[string(query[2:])] = k
	}
	t.mu.Unlock()
	k.once.Do(func() {
		for range 5 { // a busy machine loses datagrams
			if k.reply, k.err = t.ask(query); k.err == nil {
				return
			}
		}
	})
	if k.err != nil {
		return nil, k.err
	}
	m, err := Parse(k.reply)
	if err != nil {
		return nil, err
	}
	m.ID = binary.BigEndian.Uint16(query)
	return m, nil
}

func (t *Truth) ask(query []byte) ([]byte, error) {
	c, err := net.Dial("udp", t.addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := c.Write(query); err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	return buf[:n], err
}

// Server answers every question with one fault.
type Server struct {
	fault Fault
	truth *Truth
	udp   *net.UDPConn
	tcp   net.Listener
	done  chan struct{}
	wg    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	wrong error

	// Close ends the server before the test ends: many at once take many files.
	Close func()
}

// Start serves until the test ends. A question that the truth has no answer for
// fails the test.
func Start(t testing.TB, truth *Truth, fault Fault) *Server {
	t.Helper()
	s := &Server{fault: fault, truth: truth, done: make(chan struct{}), conns: make(map[net.Conn]bool)}
	for range 50 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			continue
		}
		at := l.Addr().(*net.TCPAddr)
		if s.udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: at.IP, Port: at.Port}); err != nil {
			l.Close()
			continue
		}
		s.tcp = l
		break
	}
	if s.tcp == nil {
		t.Fatal("dnsfault: no port")
	}
	s.wg.Go(s.serveUDP)
	s.wg.Go(s.serveTCP)
	s.Close = sync.OnceFunc(func() {
		s.stop()
		if s.wrong != nil {
			t.Error(s.wrong)
		}
	})
	t.Cleanup(s.Close)
	return s
}

func (s *Server) stop() {
	close(s.done)
	s.udp.Close()
	s.tcp.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Addr is "127.0.0.1:port".
func (s *Server) Addr() string { return s.udp.LocalAddr().String() }

// replies are the messages to send.
func (s *Server) replies(query []byte, tcp bool) [][]byte {
	// An answer may come that was meant for who had the port before.
	if len(query) < 17 || query[2]&(flagQR>>8) != 0 {
		return nil
	}
	right, err := s.truth.answer(query)
	if err != nil {
		s.mu.Lock()
		s.wrong = fmt.Errorf("dnsfault: no right answer to %q: %w", query, err)
		s.mu.Unlock()
		return nil
	}
	return s.fault.spoil(right, tcp)
}

func (s *Server) serveUDP() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			select {
			case <-s.done:
				return
			default:
				continue
			}
		}
		for _, out := range s.replies(append([]byte(nil), buf[:n]...), false) {
			s.udp.WriteToUDPAddrPort(out, from)
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
		s.conns[c] = true
		s.mu.Unlock()
		select {
		case <-s.done: // stop has passed over this one
			c.Close()
		default:
		}
		s.wg.Go(func() {
			s.serveConn(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// serveConn answers the questions of a connection. No message closes it.
func (s *Server) serveConn(c net.Conn) {
	c.SetDeadline(time.Now().Add(10 * time.Second))
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		out := s.replies(query, true)
		if out == nil {
			return
		}
		for _, m := range out {
			if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...)); err != nil {
				return
			}
		}
	}
}
