//go:build integration

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/debian"
	"mailworthy/resolver"
)

// TestIntegrationRealServers audits the bundled domains through real servers,
// nsd as the authority and unbound as the resolver, and from the zone files
// directly: the findings must be the same.
func TestIntegrationRealServers(t *testing.T) {
	debian.Install(t, map[string]string{"nsd": "nsd", "unbound": "unbound"})
	const zones = "../../testdata/zones"
	port := startServers(t, zones)
	for _, domain := range []string{"acme.example", "tidy.example", "parked.example", "crm.example", "absent.example"} {
		t.Run(domain, func(t *testing.T) {
			extra := []string{domain}
			if domain == "acme.example" {
				extra = append(extra, "--mail-from", "bounce.acme.example", "--selector", "k1", "--helo", "mx1.acme.example", "--ip", "192.0.2.10", "--ip", "192.0.2.11")
			}
			fromZones := findingsOf(t, append([]string{"audit", "--format", "json", "--skip", "transport", "--offline", "--zone", zones}, extra...))
			for _, scheme := range []string{"udp", "tcp"} {
				server := fmt.Sprintf("%s://127.0.0.1:%d", scheme, port)
				fromServers := findingsOf(t, append([]string{"audit", "--format", "json", "--skip", "transport", "--resolver", server}, extra...))
				if fromServers != fromZones {
					t.Errorf("over %s the findings differ:\n%s", scheme, difference(fromZones, fromServers))
				}
			}
			least := 10
			if domain == "absent.example" {
				least = 2 // the status, and that the domain does not exist
			}
			if strings.Count(fromZones, "\n") < least {
				t.Errorf("an audit without findings compares nothing: %s", fromZones)
			}
		})
	}
}

// startServers serves the zone files of a folder with nsd behind unbound and
// returns unbound's port.
func startServers(t *testing.T, folder string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.zone"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no zones in %s", folder)
	}
	dir := t.TempDir()
	authority, recursive := debian.Port(t), debian.Port(t)
	var nsd, unbound strings.Builder
	fmt.Fprintf(&nsd, `server:
  ip-address: 127.0.0.1@%d
  username: ""
  zonesdir: ""
  database: ""
  pidfile: "%[2]s/nsd.pid"
  xfrdfile: "%[2]s/xfrd.state"
  zonelistfile: "%[2]s/zone.list"
  xfrdir: "%[2]s"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
`, authority, dir)
	fmt.Fprintf(&unbound, `server:
  interface: 127.0.0.1@%d
  port: %[1]d
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "%[2]s"
  pidfile: "%[2]s/unbound.pid"
  use-syslog: no
  verbosity: 1
  module-config: "iterator"
  do-not-query-localhost: no
  do-ip6: no
`, recursive, dir)
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		zone := strings.TrimSuffix(filepath.Base(file), ".zone")
		fmt.Fprintf(&nsd, "zone:\n  name: %q\n  zonefile: %q\n", zone, path)
		fmt.Fprintf(&unbound, "  local-zone: %q nodefault\n", zone+".")
	}
	fmt.Fprintf(&unbound, "  local-zone: \"8.b.d.0.1.0.0.2.ip6.arpa.\" nodefault\nremote-control:\n  control-enable: no\n")
	for _, file := range files {
		zone := strings.TrimSuffix(filepath.Base(file), ".zone")
		fmt.Fprintf(&unbound, "stub-zone:\n  name: %q\n  stub-addr: 127.0.0.1@%d\n", zone+".", authority)
	}
	for name, text := range map[string]string{"nsd.conf": nsd.String(), "unbound.conf": unbound.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	debian.Start(t, "nsd", "-d", "-c", filepath.Join(dir, "nsd.conf"))
	debian.Await(t, authority, "acme.example", resolver.TypeSOA)
	debian.Start(t, "unbound", "-d", "-p", "-c", filepath.Join(dir, "unbound.conf"))
	debian.Await(t, recursive, "acme.example", resolver.TypeSOA)
	return recursive
}

// findingsOf runs an audit and returns its findings without what depends on who
// answered: servers, TTLs.
func findingsOf(t *testing.T, args []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(context.Background(), args, strings.NewReader(""), &out, &errs)
	if status == exitUsage {
		t.Fatalf("%s: %s", strings.Join(args, " "), errs.String())
	}
	var report struct {
		Verdict  string
		Findings []struct {
			Check, Severity, Subject, Detail string
			Fix                              any
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "exit status %d, %s\n", status, report.Verdict)
	for _, f := range report.Findings {
		// Whether a resolver invents answers is a question about the resolver.
		if f.Check == "rbl-resolver-rewrites" {
			continue
		}
		line, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

// difference lists the lines of one text that the other does not have.
func difference(zones, servers string) string {
	var b strings.Builder
	for _, side := range []struct{ name, text, other string }{{"zones", zones, servers}, {"servers", servers, zones}} {
		other := strings.Split(side.other, "\n")
		for line := range strings.Lines(side.text) {
			if line = strings.TrimSuffix(line, "\n"); !slices.Contains(other, line) {
				fmt.Fprintf(&b, "%s: %s\n", side.name, line)
			}
		}
	}
	return b.String()
}
