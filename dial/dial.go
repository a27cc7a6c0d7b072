// Package dial makes every outgoing TCP connection of the program that is not the
// DNS client's own: webhooks, mail servers, whatever the DNS of an audited domain
// points to. Nothing else in the program dials; a test holds it.
//
// Who chose the destination decides what is refused. A host that the user stated
// (a webhook, a relay: DialGiven) may be anywhere that a connection can go. A host
// that the program was led to, by a record or a redirect (DialContext), may not be
// inside: loopback, private, link-local and shared addresses, those of cloud
// metadata services, and addresses of IPv6 that contain one of these are refused.
// Otherwise whoever publishes a record could have the program speak to the user's
// own network (server-side request forgery).
//
// The address is checked when the socket is about to connect, not when the name is
// looked up: no alias, second answer or redirect leads around the check.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"mailworthy/internal/show"
)

// Defaults of a Dialer, and bounds on it.
const (
	// DefaultTimeout is how long a connection may last, from the lookup to the end.
	DefaultTimeout = time.Minute
	// DefaultMaxRead is how many bytes are read from a connection.
	DefaultMaxRead = 1 << 20
	// DefaultMaxOpen is how many connections are open at once.
	DefaultMaxOpen = 64
	// maxAddrs is how many addresses of a name are tried.
	maxAddrs = 8
	// fallback is how long the first family has before the other one is tried beside
	// it (RFC 8305, 5).
	fallback = 300 * time.Millisecond
)

// Dialer makes connections. The zero Dialer is ready to use and refuses addresses
// that are not public. It may be used by several goroutines, and its limits hold
// for all of them together: it must not be copied.
type Dialer struct {
	// Lookup returns the addresses of a host; nil: those that the system's resolver
	// has. Through asks a resolver of the program.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Source is the address to connect from; the zero Addr: the system chooses. With a
	// source of one family, addresses of the other are not tried.
	Source netip.Addr
	// AllowPrivate permits private, loopback, link-local, shared and documentation
	// addresses everywhere: for the audit of a network from inside.
	AllowPrivate bool
	// Refuse are further ranges that no connection is made to, not even a given one.
	Refuse []netip.Prefix
	// Ports are those that may be connected to when led to a host; none: all.
	Ports []uint16
	// Timeout is how long a connection may last, from the lookup to the end, however
	// it is used; zero: DefaultTimeout. The deadline of the context counts too, if it
	// is sooner. Its cancellation ends the dialing, not a connection that is made.
	Timeout time.Duration
	// MaxRead is how many bytes are read from one connection, those of TLS included;
	// zero: DefaultMaxRead, negative: as many as come.
	MaxRead int64
	// MaxOpen is how many connections are open at once, and MaxPerAddr to one address;
	// who comes later waits. Zero: DefaultMaxOpen, and no limit of an address.
	MaxOpen, MaxPerAddr int

	mu     sync.Mutex
	total  chan struct{}
	byAddr map[netip.Addr]*places
}

// DialContext connects to an address (host:port) that the program was led to. The
// network is tcp, tcp4 or tcp6. The error wraps a *Refused if the address is one that
// is not connected to, and else says what the lookup or the connection failed with.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dial(ctx, network, address, false)
}

// DialGiven connects to an address (host:port) that the user stated himself: private
// addresses and all ports are permitted.
func (d *Dialer) DialGiven(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dial(ctx, network, address, true)
}

func (d *Dialer) dial(ctx context.Context, network, address string, given bool) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, fmt.Errorf("network %q is not TCP", network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q is not host:port", show.Escape(address))
	}
	n, err := strconv.ParseUint(service, 10, 16)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("%q is not a port", show.Escape(service))
	}
	port := uint16(n)
	if !given && !d.mayUse(port) {
		return nil, &Refused{Host: host, Port: port}
	}
	end := time.Now().Add(d.timeout())
	if at, ok := ctx.Deadline(); ok && at.Before(end) {
		end = at
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	addrs, err := d.addresses(ctx, network, host)
	if err != nil {
		return nil, err
	}
	conn, err := d.race(ctx, addrs, func(ctx context.Context, a netip.Addr) (net.Conn, error) {
		return d.connect(ctx, host, netip.AddrPortFrom(a, port), given, end)
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (d *Dialer) mayUse(port uint16) bool {
	for _, p := range d.Ports {
		if p == port {
			return true
		}
	}
	return len(d.Ports) == 0
}

func (d *Dialer) timeout() time.Duration {
	if d.Timeout > 0 {
		return d.Timeout
	}
	return DefaultTimeout
}

// addresses returns the addresses of the host that the network and the source permit.
func (d *Dialer) addresses(ctx context.Context, network, host string) ([]netip.Addr, error) {
	all, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var usable []netip.Addr
	for _, a := range all {
		// An address of IPv4 that is written as one of IPv6 is connected to over IPv4.
		a = a.Unmap()
		switch {
		case network == "tcp4" && !a.Is4(), network == "tcp6" && a.Is4(),
			d.Source.IsValid() && d.Source.Unmap().Is4() != a.Is4():
		case len(usable) < maxAddrs:
			usable = append(usable, a)
		}
	}
	if len(usable) == 0 {
		return nil, &NoAddress{Host: host, Other: len(all) > 0}
	}
	return usable, nil
}

func (d *Dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if d.Lookup != nil {
		return d.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// race tries the addresses of the first one's family in turn, and beside them, after
// a moment or as soon as those have failed, the addresses of the other family. It
// returns the first connection, or else what the first address failed with.
func (d *Dialer) race(ctx context.Context, addrs []netip.Addr, connect func(context.Context, netip.Addr) (net.Conn, error)) (net.Conn, error) {
	var families [2][]netip.Addr
	for _, a := range addrs {
		i := 0
		if a.Is4() != addrs[0].Is4() {
			i = 1
		}
		families[i] = append(families[i], a)
	}
	if len(families[1]) == 0 {
		return inTurn(ctx, addrs, connect)
	}
	type result struct {
		conn  net.Conn
		err   error
		first bool
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result)
	failed := make(chan struct{})
	var all sync.WaitGroup
	run := func(i int) {
		conn, err := inTurn(ctx, families[i], connect)
		results <- result{conn, err, i == 0}
	}
	all.Go(func() { run(0) })
	all.Go(func() {
		timer := time.NewTimer(fallback)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-failed:
		case <-ctx.Done():
		}
		run(1)
	})
	var won net.Conn
	var firstErr, otherErr error
	for range 2 {
		r := <-results
		switch {
		case r.err == nil && won == nil:
			won = r.conn
			cancel()
		case r.err == nil:
			r.conn.Close()
		case r.first:
			firstErr = r.err
			close(failed)
		default:
			otherErr = r.err
		}
	}
	all.Wait()
	if won != nil {
		return won, nil
	}
	// A refusal is no failure of the network; the other family's failure says more.
	var refused *Refused
	if errors.As(firstErr, &refused) {
		firstErr, otherErr = otherErr, firstErr
	}
	return nil, errors.Join(firstErr, otherErr)
}

// inTurn tries one address after the other, each with its share of the time.
func inTurn(ctx context.Context, addrs []netip.Addr, connect func(context.Context, netip.Addr) (net.Conn, error)) (net.Conn, error) {
	var failures []error
	for i, a := range addrs {
		if ctx.Err() != nil && len(failures) > 0 {
			break
		}
		one, cancel := ctx, context.CancelFunc(func() {})
		if end, ok := ctx.Deadline(); ok && i < len(addrs)-1 {
			one, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(len(addrs)-i))
		}
		conn, err := connect(one, a)
		cancel()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// connect makes one connection, and holds it against the limits until it is closed.
func (d *Dialer) connect(ctx context.Context, host string, at netip.AddrPort, given bool, end time.Time) (net.Conn, error) {
	leave, err := d.enter(ctx, at.Addr())
	if err != nil {
		return nil, fmt.Errorf("waiting for a connection to %s: %w", at, err)
	}
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("address %q cannot be checked", address)
		}
		if class := d.refused(to.Addr(), given); class != Public {
			return &Refused{Host: host, Addr: to.Addr(), Port: to.Port(), Class: class}
		}
		return nil
	}}
	if d.Source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: d.Source.AsSlice(), Zone: d.Source.Zone()}
	}
	conn, err := dialer.DialContext(ctx, "tcp", at.String())
	if err == nil {
		err = conn.SetDeadline(end)
	}
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		leave()
		var refused *Refused
		if errors.As(err, &refused) {
			return nil, refused // without the words of net
		}
		return nil, err
	}
	return &bounded{Conn: conn, end: end, left: d.budget(), leave: leave}, nil
}

// refused returns the class of an address that is not connected to, and Public for
// one that is.
func (d *Dialer) refused(a netip.Addr, given bool) Class {
	a = a.Unmap().WithZone("")
	for _, p := range d.Refuse {
		if p.Contains(a) {
			return Stated
		}
	}
	class := ClassOf(a)
	if given || d.AllowPrivate && class.private() {
		return Public
	}
	return class
}

// NoAddress is the failure of a host that has no address to connect to.
type NoAddress struct {
	Host string
	// Other: it has addresses, of a family that could not be used.
	Other bool
}

func (e *NoAddress) Error() string {
	if e.Other {
		return show.Escape(e.Host) + " has no address of the family that is connected from"
	}
	return show.Escape(e.Host) + " has no address"
}
