//go:build integration

package explain

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/dmarc"
	"mailworthy/internal/debian"
	"mailworthy/resolver"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
	"mailworthy/spf"
)

// dnsAddr is where unbound answers at port 53, which is all that the C library asks.
const dnsAddr = "127.77.0.53"

// refusals are messages that Postfix refuses by its own configuration.
var refusals = []struct {
	name, sender, recipient string
	// addr and helo are those that the receiving Postfix sees (XCLIENT).
	addr, helo string
	size       int
	code       int
	enhanced   string
	said       reply.Speaker
	reason     reply.Reason
	// delayed: it is put off, and only the log tells.
	delayed bool
	outcome proof.Outcome
	check   string
}{
	{name: "no PTR record", sender: "ann@acme.test", recipient: "joe@ptr.remote.test", addr: "192.0.2.11", code: 550, enhanced: "5.7.25", said: reply.Remote,
		reason: reply.PTRRequired, outcome: proof.Proved, check: "ptr-missing"},
	{name: "HELO without an address", sender: "ann@acme.test", recipient: "joe@helo.remote.test", helo: "nowhere.acme.test", code: 550, enhanced: "5.7.1", said: reply.Remote,
		reason: reply.Policy, outcome: proof.Proved, check: "helo-unresolvable"},
	{name: "listed", sender: "ann@acme.test", recipient: "joe@list.remote.test", addr: "192.0.2.66", code: 554, enhanced: "5.7.1", said: reply.Remote,
		reason: reply.IPListed, outcome: proof.Proved, check: "rbl-listed"},
	{name: "envelope domain", sender: "ann@gone.acme.test", recipient: "joe@sender.remote.test", code: 550, enhanced: "5.1.8", said: reply.Remote,
		reason: reply.SenderRejected, outcome: proof.Proved, check: "domain-missing"},
	{name: "SPF", sender: "ann@acme.test", recipient: "joe@spf.remote.test", addr: "192.0.2.99", code: 550, enhanced: "5.7.23", said: reply.Remote,
		reason: reply.AuthFailure, outcome: proof.Proved, check: "spf-ip-not-authorized"},
	{name: "DMARC", sender: "ann@acme.test", recipient: "joe@dmarc.remote.test", addr: "192.0.2.99", code: 550, enhanced: "5.7.26", said: reply.Remote,
		reason: reply.AuthFailure, outcome: proof.Proved, check: "spf-ip-not-authorized"},
	{name: "relay", sender: "ann@acme.test", recipient: "joe@elsewhere.test", code: 554, enhanced: "5.7.1", said: reply.Remote,
		reason: reply.RelayDenied, outcome: proof.Proved, check: "domain-missing"},
	{name: "size", sender: "ann@acme.test", recipient: "joe@size.remote.test", size: 200_000, enhanced: "5.3.4", said: reply.Local,
		reason: reply.MessageTooBig, outcome: proof.NotRun},
	{name: "greylisting", sender: "ann@acme.test", recipient: "joe@grey.remote.test", code: 450, enhanced: "4.7.1", said: reply.Remote,
		reason: reply.Greylisted, delayed: true, outcome: proof.NotRun},
}

// TestIntegrationPostfix sends through a Postfix that refuses, reads its bounces and its
// log, and proves the causes from the DNS that it has asked itself.
func TestIntegrationPostfix(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("Postfix and a resolver at port 53 need root")
	}
	debian.Install(t, map[string]string{"rbldnsd": "rbldnsd", "unbound": "unbound", "postfix": "postfix"})
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("no mount namespaces here: %s", out)
	}
	dir, err := os.MkdirTemp("/tmp", "mailworthy-postfix")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	serveZones(t, dir)
	client, err := resolver.New(resolver.Config{Servers: []string{dnsAddr}, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	inject := startPostfix(t, dir, client)
	for _, r := range refusals {
		body := "From: " + r.sender + "\r\nTo: " + r.recipient + "\r\nSubject: " + r.name + "\r\n\r\nhello\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", r.size/72)
		if err := smtp.SendMail(inject, nil, r.sender, []string{r.recipient}, []byte(body)); err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
	}
	log, mails := await(t, dir)
	prove := func(in []Input, err error) *Report {
		if err != nil {
			t.Fatal(err)
		}
		r := &Report{Schema: Schema, Inputs: in}
		r.Prove(context.Background(), proof.New(client, audit.Options{Selectors: "inferred", Deadline: 20 * time.Second}))
		return r
	}
	x := &Explainer{}
	fromLog, fromMail := prove(x.Read("mail.log", log)), prove(x.Read("mbox", mails))
	for _, r := range refusals {
		for _, source := range []struct {
			name   string
			report *Report
		}{{"log", fromLog}, {"bounce", fromMail}} {
			if r.delayed && source.name == "bounce" {
				continue
			}
			t.Run(r.name+", "+source.name, func(t *testing.T) {
				var item *Item
				for i := range source.report.Inputs {
					for j := range source.report.Inputs[i].Items {
						it := &source.report.Inputs[i].Items[j]
						if it.Recipient != nil && *it.Recipient == r.recipient && it.SaidBy == r.said {
							item = it
						}
					}
				}
				if item == nil {
					t.Fatalf("nothing says it of %s", r.recipient)
				}
				action := string(bounce.Failed)
				if r.delayed {
					action = string(bounce.Delayed)
				}
				if item.Explanation.Code != r.code || item.Explanation.Enhanced != r.enhanced || item.Reason != r.reason || item.Action == nil || *item.Action != action {
					t.Errorf("%d %s %s %v: %s", item.Explanation.Code, item.Explanation.Enhanced, item.Reason, item.Action, item.Text)
				}
				var checks []string
				for _, f := range item.Proof.Findings {
					checks = append(checks, f.Check)
				}
				if item.Proof.Outcome != r.outcome || r.check != "" && !slices.Contains(checks, r.check) {
					t.Errorf("%s %v, want %s %s: %s\n%s", item.Proof.Outcome, checks, r.outcome, r.check, item.Proof.Why, item.Text)
				}
				if r.delayed && (item.RetryAfterS == nil || *item.RetryAfterS != 300) {
					t.Errorf("wait %v", item.RetryAfterS)
				}
			})
		}
	}
}

// serveZones starts unbound with the zones of the test, and rbldnsd behind it.
func serveZones(t *testing.T, dir string) {
	t.Helper()
	authority := debian.Port(t)
	write(t, dir, "bl", "$SOA 300 ns.test. host.test. 1 600 300 86400 300\n$NS 300 ns.test.\n:127.0.0.2:Spam from $\n127.0.0.2\n192.0.2.66\n")
	write(t, dir, "unbound.conf", fmt.Sprintf(`server:
  interface: %[1]s
  port: 53
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: %[2]q
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "test." static
  local-data: "test. 300 SOA ns.test. host.test. 1 600 300 86400 300"
  local-data: "test. 300 NS ns.test."
  local-data: "acme.test. 300 SOA ns.test. host.test. 1 600 300 86400 300"
  local-data: "acme.test. 300 MX 10 mx1.acme.test."
  local-data: 'acme.test. 300 TXT "v=spf1 ip4:192.0.2.10 -all"'
  local-data: '_dmarc.acme.test. 300 TXT "v=DMARC1; p=reject"'
  local-data: "mx1.acme.test. 300 A 192.0.2.10"
  local-data: "bad.acme.test. 300 A 192.0.2.66"
  local-data: "other.acme.test. 300 A 192.0.2.99"
  local-zone: "2.0.192.in-addr.arpa." static
  local-data: "2.0.192.in-addr.arpa. 300 SOA ns.test. host.test. 1 600 300 86400 300"
  local-data-ptr: "192.0.2.10 300 mx1.acme.test"
  local-data-ptr: "192.0.2.66 300 bad.acme.test"
  local-data-ptr: "192.0.2.99 300 other.acme.test"
  local-zone: "bl.test." nodefault
  local-zone: "bl.test." transparent
remote-control:
  control-enable: no
stub-zone:
  name: "bl.test"
  stub-addr: 127.0.0.1@%[3]d
`, dnsAddr, dir, authority))
	debian.Start(t, "rbldnsd", "-n", "-b", fmt.Sprintf("127.0.0.1/%d", authority), "-u", "nobody", "bl.test:ip4set:"+filepath.Join(dir, "bl"))
	debian.Await(t, authority, "2.0.0.127.bl.test", resolver.TypeA)
	debian.Start(t, "unbound", "-d", "-p", "-c", filepath.Join(dir, "unbound.conf"))
	client, err := resolver.New(resolver.Config{Servers: []string{dnsAddr}, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 40 {
		if a, err := client.Lookup(t.Context(), "2.0.0.127.bl.test", resolver.TypeA); err == nil && a.Status == resolver.Found {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("unbound does not answer for bl.test")
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startPostfix starts one Postfix that sends and refuses, in a mount namespace in which
// the system's resolver is that of the test. It returns where messages are handed in.
func startPostfix(t *testing.T, dir string, dns resolver.Resolver) string {
	t.Helper()
	inject, refuse := debian.Port(t), debian.Port(t)
	var transport strings.Builder
	for _, r := range refusals {
		_, domain, _ := strings.Cut(r.recipient, "@")
		addr, helo := r.addr, r.helo
		if addr == "" {
			addr = "192.0.2.10"
		}
		port := proxy(t, refuse, addr, helo, dns)
		fmt.Fprintf(&transport, "%s smtp:[127.0.0.1]:%d\n", domain, port)
	}
	// Its bounces get to the mailbox, though the domain is none that Postfix is to know.
	transport.WriteString("gone.acme.test virtual:\n")
	etc := filepath.Join(dir, "etc")
	for _, d := range []string{"etc", "queue", "data", "mail"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "chown", "postfix", filepath.Join(dir, "data"))
	run(t, "chown", "nobody", filepath.Join(dir, "mail"))
	write(t, etc, "transport", transport.String())
	write(t, dir, "resolv.conf", "nameserver "+dnsAddr+"\n")
	write(t, etc, "main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = %[1]s/mail.log
maillog_file_prefixes = /tmp
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx1.acme.test
mydomain = acme.test
myorigin = acme.test
mydestination =
mynetworks = 127.0.0.1/32
local_recipient_maps =
alias_maps =
alias_database =
smtputf8_enable = no
message_size_limit = 10000000
virtual_mailbox_domains = acme.test
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:mbox
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
transport_maps = texthash:%[1]s/etc/transport
unknown_client_reject_code = 550
unknown_hostname_reject_code = 550
unknown_address_reject_code = 550
relay_domains = remote.test
parent_domain_matches_subdomains = relay_domains
smtp_tls_security_level = none
smtpd_policy_service_default_action = DUNNO
`, dir))
	policy := policyService(t, dns)
	write(t, etc, "master.cf", fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
  -o smtpd_relay_restrictions=permit_mynetworks,reject
127.0.0.1:%d inet n - n - - smtpd
  -o myhostname=mx.remote.test
  -o smtpd_authorized_xclient_hosts=127.0.0.0/8
  -o message_size_limit=100000
  -o smtpd_delay_reject=yes
  -o smtpd_relay_restrictions=reject_unauth_destination
  -o smtpd_client_restrictions=reject_unknown_client_hostname,reject_rbl_client,bl.test
  -o smtpd_helo_restrictions=reject_unknown_helo_hostname
  -o smtpd_sender_restrictions=reject_unknown_sender_domain
  -o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:%d,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`, inject, refuse, policy))
	debian.Start(t, "unshare", "-m", "sh", "-c", fmt.Sprintf("mount --bind %s/resolv.conf /etc/resolv.conf && exec postfix -c %s start-fg", dir, etc))
	t.Cleanup(func() {
		if out, err := exec.Command("postfix", "-c", etc, "stop").CombinedOutput(); err != nil {
			t.Logf("postfix stop: %v %s", err, out)
		}
		if log, err := os.ReadFile(filepath.Join(dir, "mail.log")); err == nil && t.Failed() {
			t.Logf("%s", log)
		}
	})
	addr := fmt.Sprintf("127.0.0.1:%d", inject)
	for range 200 {
		if greets(addr) {
			return addr
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("Postfix does not answer")
	return ""
}

// greets reports whether a server answers as an SMTP server.
func greets(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "220")
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", name, err, out)
	}
}

// proxy stands between the sending and the refusing side: the latter sees the client that
// the test states, with the name that the DNS has for it.
func proxy(t *testing.T, to int, addr, helo string, dns resolver.Resolver) int {
	t.Helper()
	name := "[UNAVAILABLE]"
	if a, err := dns.Lookup(t.Context(), reverseName(addr), resolver.TypePTR); err == nil && len(a.Records) > 0 {
		name = strings.TrimSuffix(a.Records[0].Host, ".")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go relay(from, fmt.Sprintf("127.0.0.1:%d", to), fmt.Sprintf("XCLIENT ADDR=%s NAME=%s\r\n", addr, name), helo)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func reverseName(addr string) string {
	b := netip.MustParseAddr(addr).As4()
	return fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1], b[0])
}

// relay carries one session.
func relay(from net.Conn, to, xclient, helo string) {
	defer from.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	in := bufio.NewReader(server)
	answer := func() {
		for {
			line, err := in.ReadString('\n')
			if err != nil || len(line) > 3 && line[3] == ' ' {
				return
			}
		}
	}
	answer()
	fmt.Fprint(server, "EHLO proxy.test\r\n")
	answer()
	fmt.Fprint(server, xclient)
	go func() {
		// The greeting that XCLIENT is answered with is the client's.
		_, _ = io.Copy(from, in)
		from.Close()
	}()
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if helo != "" && strings.HasPrefix(strings.ToUpper(line), "EHLO ") {
			line = "EHLO " + helo + "\r\n"
		}
		if _, err := io.WriteString(server, line); err != nil {
			return
		}
	}
}

// policyService decides on SPF and DMARC as a small policy service does, from the DNS of
// the test, and puts off what is to be greylisted.
func policyService(t *testing.T, dns resolver.Resolver) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	decide := func(a map[string]string) string {
		ip, err := netip.ParseAddr(a["client_address"])
		if err != nil {
			return "DUNNO"
		}
		_, sender, _ := strings.Cut(a["sender"], "@")
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		e := spf.CheckHost(ctx, dns, spf.Client{IP: ip, HELO: a["helo_name"], MailFrom: a["sender"]})
		switch {
		case strings.Contains(a["recipient"], "@grey."):
			return "450 4.7.1 Greylisted, try again in 300 seconds"
		case strings.Contains(a["recipient"], "@spf.") && e.Result == spf.Fail:
			return fmt.Sprintf("550 5.7.23 SPF validation failed: MAIL FROM domain [%s] does not permit [%s]", sender, ip)
		case strings.Contains(a["recipient"], "@dmarc."):
			v := dmarc.Evaluate(ctx, dns, dmarc.Identities{From: sender, SPF: []dmarc.Identity{{Domain: sender, Result: string(e.Result)}}})
			if v.Result == dmarc.ResultFail {
				return fmt.Sprintf("550 5.7.26 Unauthenticated email from %s is not accepted due to %[1]s's DMARC policy, client [%s]", sender, ip)
			}
		}
		return "DUNNO"
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				a := map[string]string{}
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					if line = strings.TrimSpace(line); line != "" {
						k, v, _ := strings.Cut(line, "=")
						a[k] = v
						continue
					}
					fmt.Fprintf(c, "action=%s\n\n", decide(a))
					a = map[string]string{}
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// await waits until every message has its fate, and returns the log and the bounces.
func await(t *testing.T, dir string) (log, mails []byte) {
	t.Helper()
	bounces := 0
	for _, r := range refusals {
		if !r.delayed {
			bounces++
		}
	}
	for range 300 {
		log, _ = os.ReadFile(filepath.Join(dir, "mail.log"))
		mails, _ = os.ReadFile(filepath.Join(dir, "mail", "mbox"))
		done := bytes.Count(mails, []byte("\nSubject: Undelivered Mail")) >= bounces
		for _, r := range refusals {
			done = done && bytes.Contains(log, []byte("to=<"+r.recipient+">, relay="))
		}
		if done {
			return log, mails
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatalf("not all came back: %d of %d bounces\n%s", bytes.Count(mails, []byte("\nSubject: Undelivered Mail")), bounces, log)
	return nil, nil
}
