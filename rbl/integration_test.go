//go:build integration

package rbl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/debian"
	"mailworthy/resolver"
)

// datasets are zones of rbldnsd: its type and its file.
var datasets = []struct{ zone, kind, data string }{
	{"bl.good.test", "ip4set", `
:127.0.0.2:Spam from $, see https://good.test/
127.0.0.2
192.0.2.10
192.0.2.16/29 :127.0.0.10:Dial-up $
!192.0.2.17
192.0.2.20 :127.0.0.4:Infected $
`},
	{"six.good.test", "ip6trie", `
:127.0.0.3:Spam from $
0:0:0:0:0:ffff:7f00:2
2001:db8:10::/48
!2001:db8:10:1::/64
`},
	{"dom.good.test", "dnset", `
:127.0.0.64:Named in spam: $
TEST
.spam.example
*.wild.example
phish.example :127.0.0.72:Phishing
refused.example :127.0.0.1:Query refused
`},
	{"bl.world.test", "ip4trie", `
:127.0.0.2:Closed since 2008
0/0
`},
	{"bl.empty.test", "ip4set", `
# nothing
`},
	{"bl.public.test", "ip4trie", `
:127.255.255.254:Error: open resolver
0/0
`},
	{"bl.own.test", "ip4set", `
:127.0.0.2:$
127.0.0.99
192.0.2.10
`},
	{"allow.test", "ip4set", `
127.0.0.2 :127.0.10.0:test
192.0.2.30 :127.0.9.2:acme.example
`},
}

const integrationLists = `
lists:
  - zone: bl.good.test
    weight: critical
    codes:
      - {answer: 127.0.0.2, sublist: SBL}
      - {answer: 127.0.0.4, sublist: XBL}
      - {answer: 127.0.0.10, sublist: PBL, weight: error}
  - {zone: six.good.test, kinds: [ipv6], weight: error}
  - {zone: dom.good.test, kinds: [domain], mask: true, weight: error, codes: [{answer: 127.0.0.8, sublist: PH}, {answer: 127.0.0.64, sublist: ABUSE}]}
  - {zone: bl.world.test}
  - {zone: bl.empty.test}
  - {zone: bl.public.test}
  - {zone: bl.own.test, test: {listed: [127.0.0.99]}}
  - {zone: bl.gone.test}
  - zone: allow.test
    kinds: [ipv4, allow]
    test: {answer: 127.0.10.0}
    codes: [{answer: "127.0.*.2", effect: credit}]
    refusals: [{answer: "127.0.10.*", meaning: quota}]
  - {zone: bl.closed.test, dead: 2024-06-05}
`

// TestIntegrationRBLDNSD asks lists of rbldnsd, the program behind most real
// ones, through unbound.
func TestIntegrationRBLDNSD(t *testing.T) {
	debian.Install(t, map[string]string{"rbldnsd": "rbldnsd", "unbound": "unbound"})
	port := serveLists(t)
	for _, scheme := range []string{"udp", "tcp"} {
		t.Run(scheme, func(t *testing.T) {
			client, err := resolver.New(resolver.Config{Servers: []string{fmt.Sprintf("%s://127.0.0.1:%d", scheme, port)}, Timeout: 2 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			counted := &asker{next: client}
			s := Examine(t.Context(), counted, Options{Catalogue: lists(t, integrationLists), Lists: []string{"all", "bl.closed.test"},
				Addresses: given("192.0.2.10", "192.0.2.11", "192.0.2.16", "192.0.2.17", "192.0.2.20", "192.0.2.30", "2001:db8:10::25", "2001:db8:10:1::25", "2001:db8::25"),
				Domains:   []Subject{{"mail.spam.example", "author domain"}, {"wild.example", ""}, {"a.wild.example", ""}, {"phish.example", ""}, {"refused.example", ""}, {"acme.example", ""}}})
			checkIntegration(t, s)
			for q, n := range counted.asked {
				if n > 1 {
					t.Errorf("%s was asked %d times", q, n)
				}
			}
		})
	}
}

func checkIntegration(t *testing.T, s *Survey) {
	t.Helper()
	want := map[string]string{
		"192.0.2.10 bl.good.test":         "listed SBL critical Spam from 192.0.2.10, see https://good.test/",
		"192.0.2.11 bl.good.test":         "clean",
		"192.0.2.16 bl.good.test":         "listed PBL error Dial-up 192.0.2.16",
		"192.0.2.17 bl.good.test":         "clean",
		"192.0.2.20 bl.good.test":         "listed XBL+PBL critical Dial-up 192.0.2.20 Infected 192.0.2.20",
		"2001:db8:10::25 six.good.test":   "listed  error Spam from 2001:db8:10::25",
		"2001:db8:10:1::25 six.good.test": "clean",
		"2001:db8::25 six.good.test":      "clean",
		"mail.spam.example dom.good.test": "listed ABUSE error Named in spam: spam.example",
		"wild.example dom.good.test":      "clean",
		"a.wild.example dom.good.test":    "listed ABUSE error Named in spam: wild.example",
		"phish.example dom.good.test":     "listed PH+ABUSE error Phishing",
		"refused.example dom.good.test":   "blocked",
		"acme.example dom.good.test":      "clean",
		"192.0.2.10 bl.own.test":          "listed  warning 192.0.2.10",
		"192.0.2.11 bl.own.test":          "clean",
		"192.0.2.30 allow.test":           "listed  warning acme.example",
		"192.0.2.10 allow.test":           "clean",
	}
	for _, a := range s.Addresses {
		if a.Is4() {
			want[a.String()+" bl.world.test"] = "unknown"
			want[a.String()+" bl.empty.test"] = "unknown"
			want[a.String()+" bl.public.test"] = "blocked"
			want[a.String()+" bl.gone.test"] = "dead"
		}
	}
	seen := 0
	for _, l := range s.Listings {
		got := string(l.Verdict)
		if l.Verdict == Listed {
			var sublists []string
			for _, c := range l.Codes {
				sublists = append(sublists, c.Sublist)
			}
			got += fmt.Sprintf(" %s %s %s", strings.Join(sublists, "+"), l.Weight, strings.Join(l.Reasons, " "))
		}
		if w, ok := want[l.Subject+" "+l.Zone]; ok {
			seen++
			if got != w {
				t.Errorf("%s %s: %q (%s), want %q", l.Subject, l.Zone, got, l.Why, w)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d verdicts were there", seen, len(want))
	}
	if !s.Resolver.Known || s.Resolver.Rewrites {
		t.Errorf("the resolver: %+v", s.Resolver)
	}
	checks := map[string][]string{"rbl-list-unhealthy": {"bl.world.test", "bl.empty.test"}, "rbl-list-blocked": {"bl.public.test", "dom.good.test"},
		"rbl-list-dead": {"bl.gone.test", "bl.closed.test"}, "rbl-allow-listed": {"192.0.2.30"}, "rbl-unresolved": nil}
	all := Check(s, Context{Profile: finding.Sender}).Findings()
	for id, want := range checks {
		var got []string
		for _, f := range findings(all, id) {
			got = append(got, f.Subject)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// serveLists starts rbldnsd behind unbound and returns unbound's port.
func serveLists(t *testing.T) int {
	t.Helper()
	dir := readableDir(t)
	authority, recursive := debian.Port(t), debian.Port(t)
	args := []string{"-n", "-b", fmt.Sprintf("127.0.0.1/%d", authority)}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "nobody") // it will not run as root
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, `server:
  interface: 127.0.0.1@%d
  port: %[1]d
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: %[2]q
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  root-hints: ""
  local-zone: "test." transparent
  local-data: "test. 300 IN SOA ns.test. host.test. 1 600 300 86400 300"
  local-data: "test. 300 IN NS ns.test."
  qname-minimisation: yes
remote-control:
  control-enable: no
`, recursive, dir)
	for _, d := range datasets {
		file := filepath.Join(dir, d.zone)
		data := "$SOA 300 ns.test. host.test. 1 600 300 86400 300\n$NS 300 ns.test.\n" + d.data
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, fmt.Sprintf("%s:%s:%s", d.zone, d.kind, file))
		fmt.Fprintf(&conf, "stub-zone:\n  name: %q\n  stub-addr: 127.0.0.1@%d\n", d.zone, authority)
	}
	// Names of no list do not exist: the parent says so.
	fmt.Fprintf(&conf, "server:\n  local-zone: \"gone.test.\" static\n")
	file := filepath.Join(dir, "unbound.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	debian.Start(t, "rbldnsd", args...)
	debian.Await(t, authority, "2.0.0.127.bl.good.test", resolver.TypeA)
	debian.Start(t, "unbound", "-d", "-p", "-c", file)
	debian.Await(t, recursive, "2.0.0.127.bl.good.test", resolver.TypeA)
	return recursive
}

// readableDir is a folder that servers under another user can read.
func readableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mailworthy-lists")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
