package resolver

import "time"

// AgeSockets makes the sockets of a client as old as sockets become.
func AgeSockets(c *Client) {
	for _, s := range c.servers {
		u := s.transport.(*udp)
		u.mu.Lock()
		for _, socket := range u.sockets {
			if socket != nil {
				socket.mu.Lock()
				socket.opened = time.Now().Add(-2 * socketAge)
				socket.mu.Unlock()
			}
		}
		u.mu.Unlock()
	}
}

// Sockets are those of a client that take questions.
func Sockets(c *Client) map[any]bool {
	all := map[any]bool{}
	for _, s := range c.servers {
		u := s.transport.(*udp)
		u.mu.Lock()
		for _, socket := range u.sockets {
			all[socket] = true
		}
		u.mu.Unlock()
	}
	return all
}

// UDPSockets is how many sockets take questions to one server.
const UDPSockets = udpSockets

// ZoneOfLimit says which zone of Config.ZoneQPS a name belongs to; "" for none.
func ZoneOfLimit(c *Client, name string) string {
	l := c.limits.zone(name)
	for zone, z := range c.limits.zones {
		if z == l {
			return zone
		}
	}
	return ""
}

// UnderWay is what a stack holds that is not over: places taken and in line, and
// questions of the cache.
func UnderWay(st *Stack, maxInFlight int) int {
	p := &st.Client.places
	p.mu.Lock()
	n := maxInFlight - p.free + len(p.queue) - p.first
	p.mu.Unlock()
	for i := range st.Cache.shards {
		s := &st.Cache.shards[i]
		s.mu.Lock()
		n += len(s.slots) - s.once.n - s.again.n
		s.mu.Unlock()
	}
	return n
}

// Window is the size and the ceiling of a server's window.
func Window(c *Client, server int) (size, ceiling int) {
	u := c.servers[server].transport.(*udp)
	u.paceMu.Lock()
	defer u.paceMu.Unlock()
	return u.pace.size, u.pace.ceiling
}

// InLine is how many questions wait for a place, and how many have one or had one.
func InLine(c *Client, server int) (waiting, under int) {
	u := c.servers[server].transport.(*udp)
	u.paceMu.Lock()
	defer u.paceMu.Unlock()
	for i := u.pace.waiting.first; i != nil; i = i.newer {
		waiting++
	}
	for _, l := range []inquiries{u.pace.under, u.pace.late, u.pace.doubted} {
		for i := l.first; i != nil; i = i.newer {
			under++
		}
	}
	return waiting, under
}

// FixWindow has all servers asked so many questions at once, whatever becomes of them.
func FixWindow(c *Client, size int) {
	for _, s := range c.servers {
		u := s.transport.(*udp)
		u.paceMu.Lock()
		u.pace.size, u.pace.most, u.pace.credit, u.pace.doubts = size, size, -1<<30, time.Hour
		u.paceMu.Unlock()
	}
}
