//go:build integration

package resolver_test

import (
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mailworthy/internal/debian"
	"mailworthy/internal/dnsworld"
	"mailworthy/resolver"
)

// TestIntegrationPace asks resolvers of Debian, as they come, for names that nobody
// asked before: next to nothing is lost at default settings, and it takes about as long
// as with the best fixed number of questions at once. The authorities behind them are a
// synthetic world.
func TestIntegrationPace(t *testing.T) {
	for _, tc := range []struct {
		label string
		start func(t *testing.T, world string) (server string)
	}{
		{"unbound", startUnbound},
		{"dnsmasq", startDnsmasq},
		{"systemd-resolved", startResolved},
	} {
		t.Run(tc.label, func(t *testing.T) {
			world, err := dnsworld.Serve(dnsworld.New(1, 0), 5*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(world.Close)
			compare(t, tc.start(t, world.Addr()))
		})
	}
}

// found stands for the window that a client finds by itself.
const found = 0

// compare holds the window that is found against the best fixed one. Another's use of the
// machine is in both: they are measured by turns, and what is held is the mean of the
// ratios of neighbours, as far as these agree with each other.
func compare(t *testing.T, server string) {
	const (
		names        = 6000
		least, most  = 3, 9 // pairs
		aim, farAway = 0.9, 0.5
	)
	r := &rates{server: server, lost: names}
	best := 0
	sum := map[int]float64{}
	for range 2 {
		for _, size := range []int{16, 32, 64, 128} {
			if sum[size] += r.of(t, size, names/2); sum[size] > sum[best] {
				best = size
			}
		}
	}
	var ratios []float64
	mean, sure := 0.0, 0.0
	for n := 0; n < most && (n < least || mean < aim); n++ {
		var fixed, own float64
		if n%2 == 0 {
			fixed, own = r.of(t, best, names), r.of(t, found, names)
		} else {
			own, fixed = r.of(t, found, names), r.of(t, best, names)
		}
		ratios = append(ratios, own/fixed)
		mean, sure = meanOf(ratios)
	}
	// One domain in a thousand refuses, and these are counted in any case. Of the rest a
	// machine that others use as well loses some in one round or the other, for nothing is
	// asked again here. What no pace is held to loses thousands in every round.
	if r.lost > names/100+names/400 {
		t.Errorf("at default settings %d of %d are lost in every round", r.lost, names)
	}
	t.Logf("%.0f %% of the best fixed window, %d, ± %.0f in %d pairs", 100*mean, best, 100*sure, len(ratios))
	if mean < farAway || mean+sure < aim {
		t.Errorf("%.2f (± %.2f) of the answers a second of the best fixed window, %d: %.2f", mean, sure, best, ratios)
	}
}

// meanOf is the geometric mean of ratios, and how far it may be off: twice the standard
// error.
func meanOf(ratios []float64) (mean, sure float64) {
	n := float64(len(ratios))
	var sum, squares float64
	for _, r := range ratios {
		sum += math.Log(r)
		squares += math.Log(r) * math.Log(r)
	}
	if n < 2 {
		return math.Exp(sum), math.Inf(1)
	}
	variance := max(0, squares-sum*sum/n) / (n - 1)
	mean = math.Exp(sum / n)
	return mean, mean * (math.Exp(2*math.Sqrt(variance/n)) - 1)
}

// rates measures answers a second.
type rates struct {
	server string
	// asked is how many names were asked for; each is asked for once.
	asked int
	// lost is the least that one found window had no answer for.
	lost int
}

// of is the rate with a window of that size, until the last name is asked for: what is
// lost is waited for five seconds, for nothing is asked again here, and is counted instead.
func (r *rates) of(t *testing.T, size, names int) float64 {
	const atOnce = 512
	c := newClient(t, resolver.Config{Servers: []string{r.server}, Retries: -1, Timeout: 5 * time.Second})
	defer c.Close()
	if size != found {
		resolver.FixWindow(c, size)
	}
	began, first := time.Now(), r.asked
	var took time.Duration
	got := askMany(t, c, "", names, atOnce, func(i int) string {
		if i == names {
			took = time.Since(began)
		}
		return fmt.Sprintf("www.d%06d", 2*(first+i))
	})
	rate := float64(names-atOnce) / took.Seconds()
	r.asked += names
	failed := 0
	for what, n := range got {
		if what == "timeout" || what == "refused" || what == "servfail" || what == "network" {
			failed += n
		}
	}
	if size == found {
		r.lost = min(r.lost, failed)
	}
	window, ceiling := resolver.Window(c, 0)
	t.Logf("%4d at once (0: found, %d in the end, ceiling %d): %6.0f answers a second, %d failed", size, window, ceiling, rate, failed)
	return rate
}

// startUnbound starts one with the settings that it comes with, but for where it asks.
func startUnbound(t *testing.T, world string) string {
	debian.Install(t, map[string]string{"unbound": "unbound"})
	dir, port := t.TempDir(), debian.Port(t)
	_, at, _ := net.SplitHostPort(world)
	conf := fmt.Sprintf(`server:
  interface: 127.0.0.1
  port: %d
  do-daemonize: no
  chroot: ""
  username: ""
  directory: %q
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  do-ip6: no
  module-config: "iterator"
  local-zone: "test." nodefault
  local-zone: "example." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@%s
`, port, dir, at)
	file := filepath.Join(dir, "unbound.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	debian.Start(t, "unbound", "-d", "-p", "-c", file)
	debian.Await(t, port, "d000001.example", resolver.TypeMX)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func startDnsmasq(t *testing.T, world string) string {
	debian.Install(t, map[string]string{"dnsmasq": "dnsmasq-base"})
	port := debian.Port(t)
	host, at, _ := net.SplitHostPort(world)
	debian.Start(t, "dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--user=root", "--bind-interfaces",
		"--listen-address=127.0.0.1", fmt.Sprintf("--port=%d", port), "--server="+host+"#"+at)
	debian.Await(t, port, "d000001.example", resolver.TypeMX)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// startResolved starts one whose settings, user and state are its own: it is not
// installed, for that would change the system.
func startResolved(t *testing.T, world string) string {
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		t.Skip("no mount namespace of our own: ", err)
	}
	if c, err := net.ListenPacket("udp", "127.0.0.53:53"); err != nil {
		t.Skip("the port of its stub is taken: ", err)
	} else {
		c.Close()
	}
	root := debian.Unpack(t, "systemd-resolved", "libsystemd-shared")
	script := filepath.Join(t.TempDir(), "run")
	text := fmt.Sprintf(`set -e
mount --make-rprivate /
{ cat /etc/passwd; echo systemd-resolve:x:0:0::/:/bin/false; } >%[3]s.passwd
mount --bind %[3]s.passwd /etc/passwd
mount -t tmpfs none /run
mkdir -p /run/systemd/resolve /run/systemd/netif/links
mount -t tmpfs none /etc/systemd
printf '[Resolve]\nDNS=%[2]s\nDomains=~.\nLLMNR=no\nMulticastDNS=no\n' >/etc/systemd/resolved.conf
export LD_LIBRARY_PATH=$(dirname "$(find %[1]s -name 'libsystemd-shared-*.so')")
exec "$(find %[1]s -name systemd-resolved -type f -perm -u+x)"
`, root, world, script)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	debian.Start(t, "unshare", "-m", "sh", script)
	debian.AwaitServer(t, "127.0.0.53:53", "d000001.example", resolver.TypeMX)
	return "127.0.0.53:53"
}
