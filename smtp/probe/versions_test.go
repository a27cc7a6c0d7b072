package probe

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
)

// hellos is a server with STARTTLS whose answers to hellos are given by the version that
// is offered: bytes, or "close", "silence", or nothing for the handshake of the script. It
// is told how many connections there were before.
func hellos(sc script, answer func(version string, n int) string) func(*server, net.Conn) {
	return func(s *server, conn net.Conn) {
		r := bufio.NewReader(conn)
		n := s.connections() - 1
		if banner := answer("banner", n); banner != "" {
			_, _ = io.WriteString(conn, banner)
			return
		}
		_, _ = io.WriteString(conn, "220 mx.acme.example ESMTP\r\n")
		for _, said := range []string{good, "220 go\r\n"} {
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
			_, _ = io.WriteString(conn, said)
		}
		first := make([]byte, 5)
		if _, err := io.ReadFull(r, first); err != nil {
			return
		}
		hello := make([]byte, int(first[3])<<8|int(first[4]))
		if _, err := io.ReadFull(r, hello); err != nil {
			return
		}
		switch text := answer(offeredIn(hello), n); text {
		case "":
			_, inside := secured(conn, io.MultiReader(bytes.NewReader(first), bytes.NewReader(hello), r), sc)
			if inside != nil {
				rest := bufio.NewReader(inside)
				for range 2 {
					if _, err := rest.ReadString('\n'); err != nil {
						return
					}
					_, _ = io.WriteString(inside, goodTLS)
				}
			}
		case "close":
		case "silence":
			_, _ = r.ReadByte()
		default:
			_, _ = io.WriteString(conn, text)
		}
	}
}

// offeredIn is the newest version in a hello: "1.3", or that of the message.
func offeredIn(hello []byte) string {
	versions := versionsIn(hello)
	switch {
	case versions == nil:
		return fmt.Sprintf("1.%d", int(hello[5])-1)
	case bytes.Equal(versions, []byte{2, 3, 4}):
		return "1.3"
	}
	return "all" // of the session
}

// versionsIn is the content of the extension with the versions (RFC 8446, 4.1.2 and 4.2.1);
// nil: the hello has none. Its numbers are looked for nowhere else: they stand in random bytes,
// too.
func versionsIn(hello []byte) []byte {
	const header, version, random = 4, 2, 32
	at := header + version + random
	at += 1 + int(hello[at])                           // session
	at += 2 + int(binary.BigEndian.Uint16(hello[at:])) // suites
	at += 1 + int(hello[at])                           // compression
	for at += 2; at+4 <= len(hello); {
		size := int(binary.BigEndian.Uint16(hello[at+2:]))
		if binary.BigEndian.Uint16(hello[at:]) == extVersions {
			return hello[at+4 : at+4+size]
		}
		at += 4 + size
	}
	return nil
}

// replayed is a connection whose first bytes were read before.
type replayed struct {
	net.Conn
	r io.Reader
}

func (c *replayed) Read(p []byte) (int, error) { return c.r.Read(p) }

func secured(conn net.Conn, r io.Reader, sc script) (tls.ConnectionState, *tls.Conn) {
	c := tls.Server(&replayed{conn, r}, &tls.Config{Certificates: []tls.Certificate{*sc.cert}, MinVersion: tls.VersionTLS10, MaxVersion: sc.max})
	if c.Handshake() != nil {
		return tls.ConnectionState{}, nil
	}
	return c.ConnectionState(), c
}

const protocolAlert = "\x15\x03\x01\x00\x02\x02\x46"

// TestTLSVersions: what a server answers to each version; what it does not answer is
// unknown, never refused.
func TestTLSVersions(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	old := func(v string) bool { return v == "1.0" || v == "1.1" }
	for _, tt := range []struct {
		name        string
		max         uint16
		answer      func(version string, n int) string
		versions    string
		want        string
		connections int
	}{
		{"all", 0, func(string, int) string { return "" }, "1.3+ 1.2+ 1.1+ 1.0+", "smtp-tls-old-accepted=warning", 4},
		{"1.2 at most", tls.VersionTLS12, func(string, int) string { return "" }, "1.3- 1.2+ 1.1+ 1.0+", "smtp-tls-old-accepted=warning", 4},
		{"1.1 at most", tls.VersionTLS11, func(string, int) string { return "" }, "1.3- 1.2- 1.1+ 1.0+", "smtp-tls-old-only=warning", 4},
		{"alerts", 0, func(v string, _ int) string {
			if old(v) {
				return protocolAlert
			}
			return ""
		}, "1.3+ 1.2+ 1.1- 1.0-", "", 4},
		{"a warning first", 0, func(v string, _ int) string {
			if old(v) {
				return "\x15\x03\x01\x00\x02\x01\x70" + protocolAlert
			}
			return ""
		}, "1.3+ 1.2+ 1.1- 1.0-", "", 4},
		{"closes at old versions", 0, func(v string, _ int) string {
			if old(v) {
				return "close"
			}
			return ""
		}, "1.3+ 1.2+ 1.1- 1.0-", "", 5},
		{"closes after the second connection", 0, func(_ string, n int) string {
			if n > 1 {
				return "close"
			}
			return ""
		}, "1.3+ 1.2+ 1.1? 1.0?", "smtp-unresolved=unknown", 5},
		{"421 at the third", 0, func(what string, n int) string {
			if what == "banner" && n == 2 {
				return "421 4.7.0 mx.acme.example too many connections\r\n"
			}
			return ""
		}, "1.3+ 1.2+ 1.1? 1.0?", "smtp-unresolved=unknown", 3},
		{"silence", 0, func(v string, _ int) string {
			if v == "1.0" {
				return "silence"
			}
			return ""
		}, "1.3+ 1.2+ 1.1+ 1.0?", "smtp-tls-old-accepted=warning", 4},
		{"garbage", 0, func(v string, _ int) string {
			if old(v) {
				return "454 4.7.0 TLS not available\r\n"
			}
			return ""
		}, "1.3+ 1.2+ 1.1? 1.0?", "smtp-unresolved=unknown", 4},
		{"close_notify", 0, func(v string, _ int) string {
			if old(v) {
				return "\x15\x03\x01\x00\x02\x01\x00"
			}
			return ""
		}, "1.3+ 1.2+ 1.1? 1.0?", "smtp-unresolved=unknown", 4},
		{"a suite that is not in crypto/tls", 0, func(v string, _ int) string {
			switch v {
			case "banner":
				return ""
			case "1.2", "1.1":
				return string(helloOf(0x0302, 0x0039))
			default:
				return "\x15\x03\x01\x00\x02\x02\x28"
			}
		}, "1.3- 1.2- 1.1+ 1.0-", "smtp-unresolved=unknown smtp-tls-old-only=warning", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, hellos(script{cert: &cert, max: tt.max}, tt.answer))
			o := Options{Roots: ca.pool, TLSVersions: true}
			if tt.name == "silence" {
				o.StepTimeout = 2 * time.Second
			}
			r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), o)
			e := &r.Targets[0].Endpoints[0]
			var got []string
			for _, v := range e.TLSVersions {
				mark := "?"
				if v.Accepted != nil && *v.Accepted {
					mark = "+"
				} else if v.Accepted != nil {
					mark = "-"
				}
				if (v.Outcome == OK) != (mark == "+") || v.Outcome != OK && v.Detail == "" {
					t.Errorf("%+v", v)
				}
				got = append(got, v.Version+mark)
			}
			if list := strings.Join(got, " "); list != tt.versions {
				t.Errorf("%s, want %s: %+v", list, tt.versions, e.TLSVersions)
			}
			var list []string
			for _, f := range strings.Fields(found(&r.Targets[0])) {
				if strings.HasPrefix(f, "smtp-tls") || strings.HasPrefix(f, "smtp-unresolved") || strings.HasPrefix(f, "smtp-starttls") {
					list = append(list, f)
				}
			}
			if text := strings.Join(list, " "); text != tt.want {
				t.Errorf("found %q, want %q", text, tt.want)
			}
			if n := s.connections(); n != tt.connections {
				t.Errorf("%d connections, want %d", n, tt.connections)
			}
			passed := false
			for _, f := range r.Targets[0].Findings {
				passed = passed || f.Check == "smtp-tls-old-accepted" && f.Severity == finding.Pass
			}
			if passed != (strings.HasSuffix(tt.versions, "1.1- 1.0-")) {
				t.Errorf("passed is %v with %s", passed, tt.versions)
			}
		})
	}
}

// TestTLSVersionsAtOnce: where TLS begins with the first byte, it does for each version, and
// nothing is said on these connections but the hello.
func TestTLSVersionsAtOnce(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	s := listen(t, script{cert: &cert, early: true}.serve)
	r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: ca.pool, TLSVersions: true, TLS: "implicit", Smuggling: true})
	e := &r.Targets[0].Endpoints[0]
	for _, v := range e.TLSVersions {
		if v.Outcome != OK || v.Cipher == "" || strings.HasPrefix(v.Cipher, "0x") {
			t.Errorf("%+v", v)
		}
	}
	if len(e.TLSVersions) != 4 || s.connections() != 4 || strings.Join(s.commands(), ",") != "EHLO [127.0.0.1],NOOP,QUIT" {
		t.Errorf("%d versions, %d connections, %q", len(e.TLSVersions), s.connections(), s.commands())
	}
	// Without TLS there is nothing to offer.
	plain := listen(t, script{answers: map[string]string{"EHLO": "250 mx\r\n"}}.serve)
	r = run(t, fmt.Sprintf("mx.acme.example:%d", plain.port), Options{TLSVersions: true})
	if e := &r.Targets[0].Endpoints[0]; len(e.TLSVersions) != 0 || plain.connections() != 1 {
		t.Errorf("%+v, %d connections", e.TLSVersions, plain.connections())
	}
}

// helloOf is a ServerHello in a record.
func helloOf(version, suite uint16) []byte {
	body := append(append(number(version), make([]byte, 32)...), 0)
	body = append(append(body, number(suite)...), 0)
	message := append([]byte{messageServer}, vector(3, body)...)
	return append(append([]byte{recordHandshake}, number(version)...), vector(2, message)...)
}

// TestReadServerHello: a request for another key share is an answer of TLS 1.3, messages may
// be spread over records, and what is cut off proves nothing.
func TestReadServerHello(t *testing.T) {
	whole := helloOf(0x0303, 0xc02f)
	split := append(append([]byte{recordHandshake, 3, 3}, vector(2, whole[5:20])...), append([]byte{recordHandshake, 3, 3}, vector(2, whole[20:])...)...)
	retry := append(number(0x0303), append(make([]byte, 32), 0, 0x13, 0x01, 0, 0, 6, 0, extVersions, 0, 2, 3, 4)...)
	record := append([]byte{recordHandshake, 3, 3}, vector(2, append([]byte{messageServer}, vector(3, retry)...))...)
	for name, tt := range map[string]struct {
		in   []byte
		want serverHello
	}{"whole": {whole, serverHello{0x0303, 0xc02f}}, "split": {split, serverHello{0x0303, 0xc02f}}, "retry": {record, serverHello{0x0304, 0x1301}}} {
		if got, err := readServerHello(bytes.NewReader(tt.in)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for n := range len(tt.in) {
			if got, err := readServerHello(bytes.NewReader(tt.in[:n])); err == nil {
				t.Errorf("%s, %d bytes of it: %+v", name, n, got)
			}
		}
	}
	var alert tls.AlertError
	if _, err := readServerHello(strings.NewReader(protocolAlert)); !errors.As(err, &alert) || alert != 70 {
		t.Errorf("the alert is %v", err)
	}
}

func FuzzServerHello(f *testing.F) {
	f.Add(helloOf(0x0303, 0xc02f))
	f.Add([]byte(protocolAlert))
	f.Add([]byte("\x16\x03\x03\x00\x04\x02\x00\x00\x00"))
	f.Add([]byte("220 mx\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := readServerHello(bytes.NewReader(in))
		if err == nil && len(in) < 5+4+38 {
			t.Errorf("%+v of %x", h, in)
		}
		if err != nil && FailureText(err) == "" {
			t.Errorf("no text for %v", err)
		}
	})
}
