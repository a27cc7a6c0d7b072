package probe

import (
	"bufio"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
)

// scramServer judges a login by RFC 5802 with a password, inside TLS; a liar does not know
// it and says yes.
func scramServer(cert *tls.Certificate, password string, liar bool) func(*server, net.Conn) {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	return func(_ *server, plain net.Conn) {
		conn := tls.Server(plain, &tls.Config{Certificates: []tls.Certificate{*cert}})
		r := bufio.NewReader(conn)
		say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
		read := func() string {
			line, _ := r.ReadString('\n')
			return strings.TrimRight(line, "\r\n")
		}
		decoded := func() string {
			raw, _ := base64.StdEncoding.DecodeString(read())
			return string(raw)
		}
		encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
		say("220 mx.acme.example ESMTP")
		for {
			switch line := read(); {
			case line == "":
				return
			case strings.HasPrefix(line, "EHLO"):
				say("250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH SCRAM-SHA-256")
			case line == "AUTH SCRAM-SHA-256":
				say("334 ")
				first := strings.TrimPrefix(decoded(), "n,,")
				_, nonce, _ := strings.Cut(first, "r=")
				challenge := "r=" + nonce + "server,s=" + encode("salt") + ",i=4096"
				say("334 %s", encode(challenge))
				final := decoded()
				without, proof, _ := strings.Cut(final, ",p=")
				salted, _ := pbkdf2.Key(sha256.New, password, []byte("salt"), 4096, 32)
				client := mac(salted, "Client Key")
				stored := sha256.Sum256(client)
				message := first + "," + challenge + "," + without
				signature := mac(stored[:], message)
				for i := range client {
					client[i] ^= signature[i]
				}
				if proof != encode(string(client)) && !liar {
					say("535 5.7.8 no: %s", proof)
					continue
				}
				say("334 %s", encode("v="+encode(string(mac(mac(salted, "Server Key"), message)))))
				if read() == "*" {
					say("501 5.7.0 given up")
					continue
				}
				say("235 2.7.0 ok")
			default:
				say("221 bye")
				return
			}
		}
	}
}

// TestSCRAM: the right password, a wrong one, and a server that does not know it and says
// yes.
func TestSCRAM(t *testing.T) {
	root := newAuthority(t)
	cert := root.issue(t, "mx.acme.example", now.AddDate(1, 0, 0))
	for _, tt := range []struct {
		password string
		liar     bool
		want     Outcome
	}{{"hunter2", false, OK}, {"hunter3", false, Rejected5}, {"hunter3", true, Rejected5}} {
		s := listen(t, scramServer(&cert, "hunter2", tt.liar))
		r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: root.pool, TLS: "implicit", Login: &Login{User: "me", Password: tt.password}})
		e := &r.Targets[0].Endpoints[0]
		if st := e.step(StepAuth); st == nil || st.Outcome != tt.want || !strings.HasPrefix(st.Detail, "SCRAM-SHA-256") {
			t.Errorf("%+v: %+v", tt, st)
		}
		for _, said := range e.Transcript {
			if strings.Contains(said.Text, "p=") || strings.Contains(said.Text, tt.password) {
				t.Errorf("the transcript has %q", said.Text)
			}
		}
	}
}
