//go:build !linux

package dnsworld

import (
	"net"
	"net/netip"
)

// packets is a question and the answer to it: here they come one by one.
type packets struct {
	in, out [datagram]byte
	length  int
	from    netip.AddrPort
	ready   []byte
}

func newPackets() *packets { return new(packets) }

func (p *packets) question(int) []byte { return p.in[:p.length] }

func (p *packets) room() []byte { return p.out[:0] }

func (p *packets) answer(_ int, b []byte) { p.ready = b }

// datagrams is a socket.
type datagrams struct{ conn *net.UDPConn }

func listen(at netip.AddrPort) (*datagrams, error) {
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(buffers) // as much as the system grants
	_ = c.SetWriteBuffer(buffers)
	return &datagrams{c}, nil
}

// read waits for a question and returns 1, or 0 if the socket is shut.
func (d *datagrams) read(p *packets) int {
	n, from, err := d.conn.ReadFromUDPAddrPort(p.in[:])
	if err != nil {
		return 0
	}
	p.length, p.from, p.ready = n, from, nil
	return 1
}

func (d *datagrams) send(p *packets) {
	if len(p.ready) > 0 {
		_, _ = d.conn.WriteToUDPAddrPort(p.ready, p.from)
	}
}

// shut ends reads.
func (d *datagrams) shut() { d.conn.Close() }

func (d *datagrams) close() {}
