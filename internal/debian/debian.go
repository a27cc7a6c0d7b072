//go:build integration

// Package debian installs and starts servers from Debian for the integration
// tests: nothing that was installed by hand is relied on, and all of it listens
// on loopback alone.
package debian

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailworthy/internal/lockfile"
	"mailworthy/internal/pause"
	"mailworthy/resolver"
)

// patience is how long packages may take to come, and whoever else runs apt-get to end:
// Chromium over a slow line is a matter of minutes.
const patience = 15 * time.Minute

// installing serialises apt-get within the tests of a package.
var installing sync.Mutex

// alone waits until no other package's tests run apt-get, which fails where another one runs.
func alone(t testing.TB) (release func()) {
	t.Helper()
	installing.Lock()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		lock, err := lockfile.Take(filepath.Join(os.TempDir(), "mailworthy-apt"))
		if err == nil {
			return func() { lock.Release(); installing.Unlock() }
		}
		if !errors.Is(err, lockfile.ErrHeld) || time.Now().After(deadline) {
			installing.Unlock()
			t.Fatalf("apt-get is in use: %v", err)
		}
	}
}

// locked is what apt-get and dpkg say if another program than these tests installs packages,
// as a machine does by itself after it has started.
var locked = regexp.MustCompile(`Could not get lock|Unable to (acquire|lock)|is locked by another process`)

// run runs a command in a folder, again while somebody else holds the lock of apt-get or dpkg,
// and ends the test with what the command said if it fails.
func run(t testing.TB, dir, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if !locked.Match(out) || pause.For(ctx, 2*time.Second) != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
}

// Install installs the packages by name if a program of the package is
// missing. Without apt-get the test is skipped.
func Install(t testing.TB, programs map[string]string) {
	t.Helper()
	defer alone(t)()
	var missing []string
	for program, pkg := range programs {
		if _, err := Program(program); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("no apt-get here to install " + strings.Join(missing, " "))
	}
	// A server that starts by itself after installation would hold its port.
	policy := filepath.Join("/usr/sbin", "policy-rc.d")
	if _, err := os.Stat(policy); os.IsNotExist(err) {
		if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err == nil {
			defer os.Remove(policy)
		}
	}
	for _, args := range [][]string{{"update", "-q"}, append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...)} {
		run(t, "", "apt-get", append([]string{"-o", "Acquire::Retries=3"}, args...)...)
	}
}

// Program finds a server's program: Debian keeps them where users do not look.
func Program(name string) (string, error) {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path, nil
		}
	}
	return exec.LookPath(name)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// Start runs a server in the foreground until the test ends, and shows what it
// said if the test failed.
func Start(t testing.TB, program string, args ...string) {
	t.Helper()
	path, err := Program(program)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", program, out.String())
		}
	})
}

// Port returns a port of 127.0.0.1 that is free for UDP and TCP. It is kept for the test by
// a lock that tests of other packages, which run at the same time, heed; and it is none that
// the kernel gives to whoever asks for any (32768 and above), for a server takes seconds to
// listen.
func Port(t testing.TB) int {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "mailworthy-ports")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		port := 12000 + rand.IntN(20000)
		lock, err := lockfile.Take(filepath.Join(dir, strconv.Itoa(port)))
		if err != nil {
			continue
		}
		address := "127.0.0.1:" + strconv.Itoa(port)
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			lock.Release()
			continue
		}
		udp, err := net.ListenPacket("udp", address)
		tcp.Close()
		if err != nil {
			lock.Release()
			continue
		}
		udp.Close()
		t.Cleanup(lock.Release)
		return port
	}
	t.Fatal("no port of 127.0.0.1 is free for UDP and TCP")
	return 0
}

// Await waits until the server at the port answers the question at all.
func Await(t testing.TB, port int, name string, typ resolver.Type) {
	t.Helper()
	AwaitServer(t, "127.0.0.1:"+strconv.Itoa(port), name, typ)
}

// AwaitServer is Await of a server at another address.
func AwaitServer(t testing.TB, server, name string, typ resolver.Type) {
	t.Helper()
	client, err := resolver.New(resolver.Config{Servers: []string{server}, Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var last error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_, last = client.Lookup(ctx, name, typ)
		cancel()
		if last == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("the server at %s does not answer %s %s: %v", server, name, typ, last)
}

// Unpack downloads packages and unpacks them into a folder of the test, which it
// returns, without installing them: for those that would change the system, as
// systemd-resolved does with /etc/resolv.conf.
func Unpack(t testing.TB, packages ...string) (root string) {
	t.Helper()
	defer alone(t)()
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip("no apt-get here to download " + strings.Join(packages, " "))
	}
	dir := t.TempDir()
	// Without a first update the lists may be missing, and with each one it takes long.
	script := `set -e; mkdir -p root; apt-get download -q "$@" >log 2>&1 || { apt-get update -q >>log 2>&1; apt-get download -q "$@" >>log 2>&1; } || { cat log; exit 1; }
for p in *.deb; do dpkg -x "$p" root; done`
	run(t, dir, "sh", append([]string{"-c", script, "sh"}, packages...)...)
	return filepath.Join(dir, "root")
}

// NPM installs npm packages into a folder of the test, which it returns: programs for Node
// in it find them. Their install scripts are not run.
func NPM(t testing.TB, packages ...string) (dir string) {
	t.Helper()
	Install(t, map[string]string{"node": "nodejs", "npm": "npm"})
	dir = t.TempDir()
	run(t, dir, "npm", append([]string{"install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"}, packages...)...)
	return dir
}
