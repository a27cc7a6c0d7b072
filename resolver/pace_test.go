package resolver_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailworthy/resolver"
)

// cramped is a server with room for so many questions at once.
type cramped struct {
	conn    *net.UDPConn
	places  int32
	takes   time.Duration
	refuses bool
	wg      sync.WaitGroup

	inside, most, came, turnedAway atomic.Int32
}

func startCramped(t *testing.T, places int32, takes time.Duration, refuses bool) *cramped {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadBuffer(4 << 20)
	s := &cramped{conn: conn, places: places, takes: takes, refuses: refuses}
	s.wg.Go(s.serve)
	t.Cleanup(func() { conn.Close(); s.wg.Wait() })
	return s
}

// serve answers NXDOMAIN. Names that begin with an s have silent servers, and those
// with an r ones that refuse.
func (s *cramped) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		s.came.Add(1)
		reply := append([]byte(nil), buf[:n]...)
		say := func(rcode uint16) {
			binary.BigEndian.PutUint16(reply[2:], 1<<15|1<<8|1<<7|rcode)
			s.conn.WriteToUDPAddrPort(reply, from)
		}
		first := buf[13]
		if first == 's' {
			continue
		}
		if first == 'r' {
			say(5)
			continue
		}
		if s.inside.Load() >= s.places {
			if s.turnedAway.Add(1); s.refuses {
				say(5)
			}
			continue
		}
		s.most.Store(max(s.most.Load(), s.inside.Add(1)))
		s.wg.Go(func() {
			time.Sleep(s.takes)
			s.inside.Add(-1)
			say(3)
		})
	}
}

func newClient(t *testing.T, c resolver.Config) *resolver.Client {
	t.Helper()
	cl, err := resolver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// batchOf asks so many questions at once; stop ends their context.
func batchOf(t *testing.T, c *resolver.Client, n int) (b *resolver.Batch, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	b = resolver.NewBatch(ctx, c)
	for i := range n {
		b.Ask(plain(i)+".test", typeA, func(*resolver.Answer, error) {})
	}
	return b, cancel
}

// outcomes are how often each came.
type outcomes struct {
	mu sync.Mutex
	of map[string]int
}

func (o *outcomes) add(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[what]++
}

// askMany asks for names of its own, so many at once, and one try each.
func askMany(t *testing.T, c *resolver.Client, label string, n, at int, name func(i int) string) map[string]int {
	t.Helper()
	o := &outcomes{of: map[string]int{}}
	var next atomic.Int32
	var wg sync.WaitGroup
	for range at {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				o.add(say(c.Lookup(t.Context(), label+name(i)+".test", typeA)))
			}
		})
	}
	wg.Wait()
	return o.of
}

func plain(i int) string { return fmt.Sprintf("n%d", i) }

// thrice tries what holds of servers with clocks of their own: a machine that stops one of them
// for a while blurs it. It is wrong if three tries that the machine left alone are; and where it
// leaves hardly any alone, TestWindowServers alone, on a clock of its own, decides.
func thrice(t *testing.T, try func() error) {
	t.Helper()
	wrong := 0
	for range 6 {
		calm := undisturbed()
		err := try()
		if left := calm(); err == nil {
			return
		} else if !left {
			t.Logf("the machine stood still: %v", err)
		} else if wrong++; wrong == 3 {
			t.Error(err)
			return
		} else {
			t.Log(err)
		}
	}
	t.Skip("the machine stands still again and again")
}

// undisturbed notes how long this process stands still; calm reports whether it never did for
// longer than ten times what a server here takes.
func undisturbed() (calm func() bool) {
	done, stood := make(chan struct{}), make(chan time.Duration)
	go func() {
		longest, last := time.Duration(0), time.Now()
		for {
			select {
			case <-done:
				stood <- longest
				return
			case <-time.After(time.Millisecond):
				now := time.Now()
				longest, last = max(longest, now.Sub(last)), now
			}
		}
	}()
	return func() bool {
		close(done)
		return <-stood <= 100*time.Millisecond
	}
}

// TestPaceCramped: a server that loses or refuses what it has no room for is soon
// asked no more than it has room for, and meanwhile nothing is left without an answer.
// (That hardly anything is waited for as long as a timeout is TestWindowServers, which no
// busy machine disturbs.)
func TestPaceCramped(t *testing.T) {
	t.Parallel()
	for _, places := range []int32{16, 50, 150} {
		for _, refuses := range []bool{false, true} {
			t.Run(fmt.Sprintf("places=%d refuses=%t", places, refuses), func(t *testing.T) {
				thrice(t, func() error {
					s := startCramped(t, places, 10*time.Millisecond, refuses)
					c := newClient(t, resolver.Config{Servers: []string{s.conn.LocalAddr().String()}, Retries: 1})
					if got := askMany(t, c, "", 1000, 512, plain); got["nxdomain"] != 1000 {
						return fmt.Errorf("at first: %v", got)
					}
					away := s.turnedAway.Load()
					if got := askMany(t, c, "z", 1000, 512, plain); got["nxdomain"] != 1000 {
						return fmt.Errorf("later: %v", got)
					}
					// A busy machine turns some away at any time; TestWindowServers is exact.
					if later := s.turnedAway.Load() - away; away+later > 500 {
						return fmt.Errorf("turned away %d, then %d, of 1000 each", away, later)
					}
					return nil
				})
			})
		}
	}
}

// TestPaceSlow: names whose servers are silent, and names that are refused, are not
// taken for a crowded server, and do not stop the others.
func TestPaceSlow(t *testing.T) {
	t.Parallel()
	thrice(t, func() error {
		s := startCramped(t, 1000, 10*time.Millisecond, false)
		c := newClient(t, resolver.Config{Servers: []string{s.conn.LocalAddr().String()}, Retries: -1, Timeout: 2 * time.Second})
		got := askMany(t, c, "", 6000, 512, func(i int) string {
			switch i % 50 {
			case 7:
				return fmt.Sprintf("s%d", i)
			case 13:
				return fmt.Sprintf("r%d", i)
			}
			return plain(i)
		})
		if got["timeout"] != 120 || got["refused"] != 120 || got["nxdomain"] != 5760 {
			return fmt.Errorf("%v", got)
		}
		if size, ceiling := resolver.Window(c, 0); size < 32 || ceiling > 0 {
			return fmt.Errorf("a window of %d, a ceiling of %d: nothing was lost", size, ceiling)
		}
		// What is refused is asked three times again at most, and what is late once.
		if extra := s.came.Load() - 6000; extra > 3*120+120 {
			return fmt.Errorf("%d questions were asked again", extra)
		}
		return nil
	})
}

// TestPaceServers: each server has a window of its own: losses at one do not narrow
// that of the other. (How near a window comes to the room that there is, a busy machine
// blurs: that is TestWindowServers.)
func TestPaceServers(t *testing.T) {
	t.Parallel()
	thrice(t, func() error {
		small, large := startCramped(t, 12, 10*time.Millisecond, false), startCramped(t, 1000, 10*time.Millisecond, false)
		c := newClient(t, resolver.Config{Servers: []string{small.conn.LocalAddr().String(), large.conn.LocalAddr().String()}, Timeout: time.Second})
		size, ceiling := 0, 0
		for range 20 {
			askMany(t, c, "", 1500, 256, plain)
			if size, ceiling = resolver.Window(c, 0); size < 32 && ceiling > 0 {
				break
			}
		}
		if size >= 32 || ceiling == 0 {
			return fmt.Errorf("the small one: a window of %d, a ceiling of %d", size, ceiling)
		}
		if size, ceiling := resolver.Window(c, 1); size < 32 || ceiling > 0 {
			return fmt.Errorf("the large one: a window of %d, a ceiling of %d", size, ceiling)
		}
		return nil
	})
}

// TestPaceEnds: those in line end with their context, with the client, and leave
// nothing behind.
func TestPaceEnds(t *testing.T) {
	t.Parallel()
	thrice(t, func() error {
		s := startCramped(t, 0, 0, false)
		c := newClient(t, resolver.Config{Servers: []string{s.conn.LocalAddr().String()}, Timeout: 20 * time.Second})
		b, stop := batchOf(t, c, 400)
		for s.came.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond) // for more to come, if more are sent
		n := s.came.Load()
		stop()
		b.Run()
		if waiting, under := resolver.InLine(c, 0); waiting != 0 || under != 0 {
			t.Errorf("%d in line and %d under way after the end", waiting, under)
		}
		b, _ = batchOf(t, c, 400)
		go func() { time.Sleep(50 * time.Millisecond); c.Close() }()
		b.Run()
		if n > 64 {
			return fmt.Errorf("%d questions to a server that answered none", n)
		}
		return nil
	})
}
