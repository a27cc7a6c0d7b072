package dnsworld

import (
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// packets are questions read together, and the answers to them.
type packets struct {
	read, send [batch]message
	from       [batch]unix.RawSockaddrInet4
	parts      [2 * batch]unix.Iovec
	in         [batch][datagram]byte
	out        [batch][datagram]byte
	answers    int
}

// message is struct mmsghdr.
type message struct {
	unix.Msghdr
	length uint32
}

func newPackets() *packets {
	p := new(packets)
	for i := range p.read {
		p.read[i].Iov = &p.parts[i]
		p.read[i].SetIovlen(1)
		p.read[i].Name = (*byte)(unsafe.Pointer(&p.from[i]))
		p.parts[i].Base = &p.in[i][0]
		p.parts[i].SetLen(datagram)
		p.send[i].Iov = &p.parts[batch+i]
		p.send[i].SetIovlen(1)
		p.send[i].Namelen = unix.SizeofSockaddrInet4
	}
	return p
}

// question is one of those read.
func (p *packets) question(i int) []byte { return p.in[i][:p.read[i].length] }

// room is where the next answer is written.
func (p *packets) room() []byte { return p.out[p.answers][:0] }

// answer adds what was written to room as the answer to question i.
func (p *packets) answer(i int, b []byte) {
	if len(b) == 0 || len(b) > datagram {
		return // silence; none of ours is that long
	}
	p.send[p.answers].Name = p.read[i].Name
	part := &p.parts[batch+p.answers]
	part.Base = &b[0]
	part.SetLen(len(b))
	p.answers++
}

// datagrams is a socket whose system calls block. The poller of the runtime does
// not know it: otherwise every datagram that comes, and every one that was taken by
// its receiver, wakes a thread of the runtime that looks for who waits. That was a
// third of the processor time of the world.
type datagrams struct{ fd int }

func listen(at netip.AddrPort) (*datagrams, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// As much as the system grants.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffers)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, buffers)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	return &datagrams{fd}, nil
}

// read waits for questions and returns how many came; none if the socket is
// shut.
func (d *datagrams) read(p *packets) int {
	for {
		p.answers = 0
		for i := range p.read {
			p.read[i].Namelen = unix.SizeofSockaddrInet4
		}
		n, _, err := syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(d.fd), uintptr(unsafe.Pointer(&p.read)), batch, unix.MSG_WAITFORONE, 0, 0)
		switch {
		case err == unix.EINTR:
		case err != 0 || p.read[0].Namelen == 0:
			return 0
		default:
			return int(n)
		}
	}
}

// send sends the answers.
func (d *datagrams) send(p *packets) {
	for at := 0; at < p.answers; {
		n, _, err := syscall.Syscall6(unix.SYS_SENDMMSG, uintptr(d.fd), uintptr(unsafe.Pointer(&p.send[at])), uintptr(p.answers-at), 0, 0, 0)
		switch {
		case err == unix.EINTR:
		case err != 0:
			at++ // that one is lost, as on any network
		default:
			at += int(n)
		}
	}
}

// shut ends reads.
func (d *datagrams) shut() { _ = unix.Shutdown(d.fd, unix.SHUT_RDWR) }

// close is for when nothing is read any more.
func (d *datagrams) close() { unix.Close(d.fd) }
