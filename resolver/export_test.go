package resolver

import (
	"context"
	"time"
)

// SetClock gives a client a clock of its own.
func SetClock(c *Client, now func() time.Time) { c.now = now }

// SkipPauses takes the waits between tries away; f is told of them.
func SkipPauses(c *Client, f func(time.Duration)) {
	c.pause = func(_ context.Context, d time.Duration) error { f(d); return nil }
}

// ReadResponse makes readResponse reachable for the fuzz target.
func ReadResponse(msg []byte, name string, t Type) (*Answer, bool, *Error) {
	r, err := readResponse(msg, name, t, "udp://192.0.2.53:53")
	if err != nil {
		return nil, false, err
	}
	return &r.Answer, r.more, nil
}

// SystemServers reads a resolv.conf.
var ResolvConf = readResolvConf

// ParseServer reads an address of Config.Servers and says where it leads.
func ParseServer(spec string) (string, error) {
	s, err := newServer(spec, &Config{})
	if err != nil {
		return "", err
	}
	defer s.close()
	if st, ok := s.transport.(*stream); ok && st.tls != nil {
		return s.String() + " as " + st.tls.ServerName, nil
	}
	return s.String(), nil
}
