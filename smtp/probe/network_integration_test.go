//go:build integration

package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/debian"
)

// inNamespace is set in the environment of the test that runs in a network of its own.
const inNamespace = "MAILWORTHY_TEST_NAMESPACE"

// TestIntegrationNetwork: what a network can do to a connection, done by the kernel in a
// network namespace: each has its word, and none takes longer than the deadline.
func TestIntegrationNetwork(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		networkTable(t)
		return
	}
	debian.Install(t, map[string]string{"ip": "iproute2", "unshare": "util-linux", "nft": "nftables"})
	if out, err := exec.Command("unshare", "-rn", "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made here: %v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "-rn", os.Args[0], "-test.run=^TestIntegrationNetwork$", "-test.v", "-test.timeout=100s")
	cmd.Env = append(os.Environ(), inNamespace+"=yes")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "--- SKIP") {
			t.Logf("%s", line)
		}
	}
}

func networkTable(t *testing.T) {
	for _, line := range []string{
		"link set lo up",
		"link add v0 type veth peer name v1",
		"addr add 192.0.2.1/24 dev v0",
		"link set v0 up",
		"link set v1 up",
		"neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev v0", // a host that is not there: a black hole
		"route add unreachable 203.0.113.0/25",
		"route add prohibit 203.0.113.128/25",
		"addr add 192.0.2.7/32 dev lo",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
	firewall := true
	for _, line := range []string{
		"add table inet f",
		"add chain inet f in { type filter hook input priority 0 ; }",
		"add rule inet f in ip daddr 192.0.2.7 tcp dport 2501 drop",
		"add rule inet f in ip daddr 192.0.2.7 tcp dport 2502 reject with tcp reset",
		"add rule inet f in ip daddr 192.0.2.7 tcp dport 2503 reject with icmp type admin-prohibited",
		"add rule inet f in ip daddr 192.0.2.7 tcp dport 2504 reject with icmp type port-unreachable",
	} {
		if out, err := exec.Command("nft", line).CombinedOutput(); err != nil {
			firewall = false
			t.Logf("nft %s: %v: %s", line, err, out)
			break
		}
	}
	ca := newAuthority(t)
	cert := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	local := func(handle func(*server, net.Conn)) string {
		return fmt.Sprintf("mx.acme.example:%d", listen(t, handle).port)
	}
	drip := func(_ *server, c net.Conn) {
		for range 100 {
			if _, err := io.WriteString(c, "2"); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	endless := func(_ *server, c net.Conn) {
		for {
			if _, err := io.WriteString(c, strings.Repeat("220-wait ", 100)); err != nil {
				return
			}
		}
	}
	for _, row := range []struct {
		name, target string
		step         string
		want         Outcome
		found, says  string
		nft          bool
	}{
		{"nothing listens", "mx.acme.example:1", StepConnect, Refused, "smtp-no-host-reachable=error", "connection refused", false},
		{"black hole", "192.0.2.99:587", StepConnect, Timeout, "smtp-unresolved=unknown", "no answer in time", false},
		{"port 25 in a black hole", "192.0.2.99:25", StepConnect, Timeout, "smtp-unresolved=unknown", "block outgoing port 25", false},
		{"no route", "198.51.100.1:587", StepConnect, Unreachable, "smtp-unresolved=unknown", "network unreachable", false},
		{"host unreachable", "203.0.113.1:587", StepConnect, Unreachable, "smtp-unresolved=unknown", "no route to host", false},
		{"prohibited here", "203.0.113.129:587", StepConnect, Unreachable, "smtp-unresolved=unknown", "", false},
		{"IPv6 alone, and none here", "[2001:db8::25]:25", StepConnect, Unreachable, "smtp-unresolved=unknown", "no IPv6", false},
		{"dropped by a firewall", "192.0.2.7:2501", StepConnect, Timeout, "smtp-unresolved=unknown", "firewall", true},
		{"reset by a firewall", "192.0.2.7:2502", StepConnect, Refused, "smtp-no-host-reachable=error", "connection refused", true},
		{"refused by ICMP", "192.0.2.7:2504", StepConnect, Refused, "smtp-no-host-reachable=error", "connection refused", true},
		{"prohibited by ICMP", "192.0.2.7:2503", StepConnect, Unreachable, "smtp-unresolved=unknown", "", true},
		{"reset", local(script{banner: "RST"}.serve), StepBanner, Reset, "smtp-unresolved=unknown", "connection reset", false},
		{"reset after the banner", local(script{answers: map[string]string{"EHLO": "RST"}}.serve), StepEHLO, Reset, "smtp-unresolved=unknown", "connection reset", false},
		{"closed in TLS", local(script{}.serve), StepTLS, Closed, "smtp-starttls-broken=error", "closed the connection", false},
		{"tar pit", local(drip), StepBanner, Timeout, "smtp-unresolved=unknown", "no answer in time", false},
		{"a line without end", local(endless), StepBanner, Protocol, "smtp-protocol=error", "a line of more than", false},
		{"well", local(script{cert: &cert}.serve), StepQuit, OK, "smtp-tls-old-accepted=warning", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.nft && !firewall {
				t.Skip("this kernel has no nftables for a namespace")
			}
			const deadline = 4 * time.Second
			began := time.Now()
			r := run(t, row.target, Options{Roots: ca.pool, TLSVersions: true, ConnectTimeout: time.Second, StepTimeout: time.Second, Deadline: deadline})
			if took := time.Since(began); took > 2*deadline { // without one it would take a minute
				t.Errorf("it took %s", took)
			}
			judged(t, r, row.step, row.want, row.found, nil)
			text := ""
			for _, f := range r.Targets[0].Findings {
				text += f.Detail + "\n"
			}
			if !strings.Contains(text, row.says) {
				t.Errorf("%q does not say %q", text, row.says)
			}
		})
	}
	t.Run("IPv6 alone", func(t *testing.T) {
		l, err := net.Listen("tcp", "[::1]:0")
		if err != nil {
			t.Skipf("no IPv6 in this kernel: %v", err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := l.Accept()
				if err != nil {
					if !errors.Is(err, net.ErrClosed) {
						t.Error(err)
					}
					return
				}
				script{cert: &cert}.serve(&server{}, conn)
				conn.Close()
			}
		}()
		r := run(t, l.Addr().String(), Options{TLS: "starttls", Roots: ca.pool, Deadline: 4 * time.Second})
		l.Close()
		<-done
		// An address has no certificate for it.
		judged(t, r, StepQuit, OK, "smtp-certificate-name=error", func(e *Endpoint) bool { return e.Address == "::1" })
	})
}
