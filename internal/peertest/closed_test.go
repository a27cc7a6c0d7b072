package peertest

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestClosed: the port refuses whoever comes by TCP and by UDP, and nobody gets it.
func TestClosed(t *testing.T) {
	at := Closed(t)
	if conn, err := net.Dial("tcp4", at); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("TCP: %v, %v", conn, err)
	}
	packets, err := net.Dial("udp4", at)
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	_ = packets.SetDeadline(time.Now().Add(longest))
	if _, err := packets.Write([]byte("?")); err != nil {
		t.Fatal(err)
	}
	if n, err := packets.Read(make([]byte, 9)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("UDP: %d bytes, %v", n, err)
	}
	if l, err := net.Listen("tcp4", at); err == nil {
		l.Close()
		t.Error("TCP: somebody else got the port")
	}
	if c, err := net.ListenPacket("udp4", at); err == nil {
		c.Close()
		t.Error("UDP: somebody else got the port")
	}
}
