package dial

import (
	"fmt"
	"net"
	"time"
)

// OverBudget is the failure of a read from a connection that has sent more than the
// dialer permits.
type OverBudget struct {
	// Bytes that were permitted.
	Bytes int64
}

func (e *OverBudget) Error() string {
	return fmt.Sprintf("the other side sent more than %d bytes", e.Bytes)
}

// budget is how much may be read of a connection; negative: everything.
func (d *Dialer) budget() int64 {
	if d.MaxRead == 0 {
		return DefaultMaxRead
	}
	return d.MaxRead
}

// bounded is a connection with an end and a budget. As any connection, it is read by
// one goroutine at a time.
type bounded struct {
	net.Conn
	end   time.Time
	left  int64 // negative: no bound
	read  int64
	leave func()
}

// Read fails with an *OverBudget if there is more to read than the budget permits.
func (c *bounded) Read(p []byte) (int, error) {
	if c.left < 0 || len(p) == 0 {
		return c.Conn.Read(p)
	}
	// One more than is left: that the other side has nothing more to say is no failure.
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.Conn.Read(p)
	if int64(n) > c.left {
		n, err = int(c.left), &OverBudget{Bytes: c.read + c.left}
	}
	c.left -= int64(n)
	c.read += int64(n)
	return n, err
}

// Close closes the connection and gives its place back.
func (c *bounded) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// within is the time, or the end of the connection if that is sooner.
func (c *bounded) within(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}

// SetDeadline sets a deadline that is no later than the end of the connection; the
// zero time is that end. So do the other two.
func (c *bounded) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.within(t)) }
func (c *bounded) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.within(t)) }
func (c *bounded) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.within(t)) }
