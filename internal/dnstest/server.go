package dnstest

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"mailworthy/resolver"
)

// Bounds of the server: questions under way, connections, queries kept.
const (
	maxWorkers = 512
	maxConns   = 128
	maxLog     = 1 << 17
	idle       = 10 * time.Second
)

// Server is a DNS server on loopback, UDP and TCP on one port. It behaves as a
// resolver that knows nothing but its zones: every other name is NXDOMAIN.
type Server struct {
	t    testing.TB
	udp  *net.UDPConn
	done chan struct{}
	wg   sync.WaitGroup
	work chan struct{}
	// Close ends the server before the test ends: many at once take many files.
	Close func()

	mu        sync.Mutex
	listeners []net.Listener
	sets      []*resolver.ZoneSet
	conns     map[net.Conn]bool
	faults    []*fault
	latency   time.Duration
	latencies map[string]time.Duration
	authentic bool
	authority bool
	rng       *rand.Rand
	log       []Query
	count     int
}

// Query is one question that reached the server.
type Query struct {
	Name      string
	Type      resolver.Type
	Transport string // "udp", "tcp", "tls" or "https"
	ID        uint16
	// From is where it came from.
	From netip.AddrPort
	// EDNS: there was an OPT record; UDPSize is its buffer size and DO its flag.
	EDNS    bool
	UDPSize uint16
	DO      bool
	// RD and AD are bits of the header.
	RD, AD bool
}

// Start serves the zones until the test ends.
func Start(t testing.TB, zones ...string) *Server {
	t.Helper()
	s := &Server{t: t, done: make(chan struct{}), work: make(chan struct{}, maxWorkers),
		conns: make(map[net.Conn]bool), latencies: make(map[string]time.Duration)}
	for _, z := range zones {
		s.sets = append(s.sets, Parse(t, z))
	}
	root, err := resolver.NewZone(".")
	if err != nil {
		t.Fatal(err)
	}
	s.sets = append(s.sets, root)
	s.Add(".", resolver.TypeSOA, ". . 1 7200 900 604800 60")
	s.Reset()
	s.listen()
	s.wg.Go(s.serveUDP)
	tcp := s.listeners[0]
	s.wg.Go(func() { s.serveTCP(tcp, "tcp") })
	s.Close = sync.OnceFunc(s.stop)
	t.Cleanup(s.Close)
	return s
}

// listen finds a port that is free for both.
func (s *Server) listen() {
	s.t.Helper()
	var err error
	for range 50 {
		var l net.Listener
		if l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			continue
		}
		at := l.Addr().(*net.TCPAddr)
		if s.udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: at.IP, Port: at.Port}); err != nil {
			l.Close()
			continue
		}
		s.listeners = []net.Listener{l}
		return
	}
	s.t.Fatal("dnstest: no port: ", err)
}

func (s *Server) stop() {
	close(s.done)
	s.udp.Close()
	s.mu.Lock()
	for _, l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Addr is "127.0.0.1:port".
func (s *Server) Addr() string { return s.udp.LocalAddr().String() }

// Add adds a record. The name is raw: no escapes. The values are the strings of a
// TXT or SPF (raw bytes), the preference and host of an MX, the address of an A
// or AAAA, the host of a CNAME, DNAME, NS or PTR; for every other type the one
// value is its data in master-file form. The order is kept.
func (s *Server) Add(name string, t resolver.Type, value ...string) {
	s.t.Helper()
	r := resolver.Record{Name: name, Type: t, TTL: 300}
	one := ""
	if len(value) > 0 {
		one = value[0]
	}
	var err error
	switch t {
	case resolver.TypeA, resolver.TypeAAAA:
		r.Addr, err = netip.ParseAddr(one)
	case resolver.TypeTXT, resolver.TypeSPF:
		r.TXT = value
	case resolver.TypeMX:
		var n uint64
		n, err = strconv.ParseUint(one, 10, 16)
		r.Preference = uint16(n)
		if len(value) != 2 {
			s.t.Fatalf("dnstest: %s MX takes a preference and a host", name)
		}
		if r.Host = value[1]; r.Host == "" {
			r.Host = "."
		}
	case resolver.TypeCNAME, resolver.TypeDNAME, resolver.TypeNS, resolver.TypePTR:
		r.Host = one
	default:
		r.Data = one
	}
	if err == nil {
		_, err = toRR(r)
	}
	if err != nil {
		s.t.Fatalf("dnstest: %s %s %q: %v", name, t, value, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := resolver.Find(s.sets, name, t).Origin
	for _, set := range s.sets {
		for _, o := range set.Origins() {
			if o == at {
				if err := set.Add(r); err != nil {
					s.t.Fatalf("dnstest: %v", err)
				}
				return
			}
		}
	}
	s.t.Fatalf("dnstest: %q cannot be a name", name)
}

// Authoritative makes the server one of the name servers of its zones: it sets the AA bit, and
// does no recursion for anybody.
func (s *Server) Authoritative() *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authority = true
	return s
}

// AuthenticData makes the server set the AD bit if the question asks for it.
func (s *Server) AuthenticData(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authentic = on
}

// Log is what was asked so far, in order.
func (s *Server) Log() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Query(nil), s.log...)
}

// Queries is how many questions came.
func (s *Server) Queries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Count is how many questions came for a name (in lower case) and type. An empty
// name stands for all, and so does the type Any.
func (s *Server) Count(name string, t resolver.Type) int {
	n := 0
	for _, q := range s.Log() {
		if (name == "" || q.Name == name) && (t == Any || q.Type == t) {
			n++
		}
	}
	return n
}

// Reset forgets the log, the faults and the latencies; the zones stay.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.count, s.faults, s.latency, s.authentic = nil, 0, nil, 0, false
	clear(s.latencies)
	s.rng = rand.New(rand.NewPCG(1, 2))
}

// record notes a query.
func (s *Server) record(q Query) {
	s.count++
	if len(s.log) < maxLog {
		s.log = append(s.log, q)
	}
}

func (s *Server) serveUDP() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		query := append([]byte(nil), buf[:n]...)
		s.work <- struct{}{}
		s.wg.Go(func() {
			defer func() { <-s.work }()
			for _, out := range s.handle(query, "udp", from) {
				s.udp.WriteToUDPAddrPort(out, from)
			}
		})
	}
}

// serveTCP takes connections of a listener, plain or TLS.
func (s *Server) serveTCP(l net.Listener, transport string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		full := len(s.conns) >= maxConns
		if !full {
			s.conns[c] = true
		}
		s.mu.Unlock()
		if full {
			c.Close()
			continue
		}
		select {
		case <-s.done: // stop has passed over this one
			c.Close()
		default:
		}
		s.wg.Go(func() {
			s.serveConn(c, transport)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) serveConn(c net.Conn, transport string) {
	from, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	for {
		c.SetDeadline(time.Now().Add(idle))
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		out := s.handle(query, transport, from)
		if out == nil {
			// Silence on a connection: hold it until the other side gives up.
			io.Copy(io.Discard, c)
			return
		}
		for _, m := range out {
			if len(m) == 0 {
				return // Close, or an empty message
			}
			if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...)); err != nil {
				return
			}
		}
	}
}

// handle returns the messages to send: none for silence.
func (s *Server) handle(query []byte, transport string, from netip.AddrPort) [][]byte {
	var q dns.Msg
	if err := q.Unpack(query); err != nil || len(q.Question) != 1 || q.Response {
		return nil
	}
	name := plainName(q.Question[0].Name)
	typ := resolver.Type(q.Question[0].Qtype)
	rec := Query{Name: name, Type: typ, Transport: transport, ID: q.Id, From: from, RD: q.RecursionDesired, AD: q.AuthenticatedData}
	if opt := q.IsEdns0(); opt != nil {
		rec.EDNS, rec.UDPSize, rec.DO = true, opt.UDPSize(), opt.Do()
	}
	s.mu.Lock()
	s.record(rec)
	f := s.match(&rec)
	wait := s.latency
	if d, ok := s.latencies[name]; ok {
		wait = d
	}
	s.mu.Unlock()
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.done:
			return nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reply(&q, &rec, f)
}
