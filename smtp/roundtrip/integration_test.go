//go:build integration

package roundtrip

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailworthy/dial"
	"mailworthy/internal/debian"
	"mailworthy/internal/peertest"
)

// TestIntegrationPostfixDovecot sends through a Postfix with STARTTLS and a login that
// Dovecot judges, and waits in the mailbox that Dovecot has, junk folder and all.
func TestIntegrationPostfixDovecot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("Postfix and Dovecot need root")
	}
	debian.Install(t, map[string]string{"postfix": "postfix", "dovecot": "dovecot-imapd"})
	dir, err := os.MkdirTemp("/tmp", "mailworthy-roundtrip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	roots := writeCertificate(t, dir)
	smtps, submission, imaps, imap := debian.Port(t), debian.Port(t), debian.Port(t), debian.Port(t)
	startDovecot(t, dir, imap, imaps)
	startPostfix(t, dir, submission, smtps)

	box := func(scheme string, port int, path string) Place {
		return Spec{Via: Via{Scheme: scheme, User: user, Host: "localhost", Port: uint16(port), Path: path}}.Open(PlaceOptions{
			Dialer: &dial.Dialer{Timeout: time.Minute, MaxRead: MaxRead}, Roots: roots, Password: password})
	}
	base := Options{From: user, To: "you@acme.example", Via: Via{Scheme: "smtp", User: user, Host: "localhost", Port: uint16(submission)}, Password: password, Roots: roots,
		Places: []Place{box("imaps", imaps, "")}, Timeout: 40 * time.Second, Poll: 500 * time.Millisecond, Dialer: &dial.Dialer{Timeout: time.Minute}, Resolver: zone(t)}
	for _, tt := range []struct {
		name string
		want Verdict
		with func(*Options)
		see  func(*Report) string
	}{
		{"inbox", Arrived, func(*Options) {}, func(r *Report) string {
			a := r.Attempts[0]
			switch {
			case a.TLS != "1.3" || a.Mechanism == "" || a.Verified == nil || !*a.Verified:
				return fmt.Sprintf("the session: %+v", a)
			case len(r.Hops) == 0 || r.Hops[0].TLS != "yes" || r.Hops[0].TLSVersion != "1.3" || r.Hops[0].With != "ESMTPSA":
				return fmt.Sprintf("the way: %+v", r.Hops)
			case r.DeliverMS == nil || *r.DeliverMS > 20_000 || r.SeenMS == nil:
				return fmt.Sprintf("the times: %v %v", r.DeliverMS, r.SeenMS)
			case r.Message == nil || r.Message.From != "acme.example":
				return "no audit of the mail"
			case r.Copies[0].Folder != "INBOX":
				return fmt.Sprintf("the copies: %+v", r.Copies)
			}
			return ""
		}},
		{"TLS from the first byte, plus-address, STARTTLS of IMAP", Arrived, func(o *Options) {
			o.Via.Scheme, o.Via.Port, o.Plus, o.Places = "smtps", uint16(smtps), true, []Place{box("imap", imap, "INBOX")}
		}, func(r *Report) string {
			if !strings.Contains(r.To, "+"+r.Token+"@") || r.Attempts[0].Phases[1].Phase != StageTLS {
				return fmt.Sprintf("%s, %+v", r.To, r.Attempts)
			}
			return ""
		}},
		{"junk by special use", Spam, func(o *Options) { o.To = "junk@acme.example" }, func(r *Report) string {
			if r.Copies[0].Folder != "Ramsch" {
				return fmt.Sprintf("the copies: %+v", r.Copies)
			}
			return ""
		}},
		{"Maildir", Spam, func(o *Options) {
			o.To, o.Places = "spam@acme.example", []Place{&maildir{filepath.Join(dir, "mail", "you")}}
		}, func(r *Report) string {
			if r.Copies[0].Folder != "Spam" {
				return fmt.Sprintf("the copies: %+v", r.Copies)
			}
			return ""
		}},
		{"refused at once", Bounced, func(o *Options) { o.To = "nobody@acme.example" }, func(r *Report) string {
			if len(r.Attempts) != 1 || r.Attempts[0].Stage != StageRcpt || string(r.Attempts[0].Cause.Reason) != "user-unknown" {
				return fmt.Sprintf("%+v", r.Attempts)
			}
			return ""
		}},
		{"a bounce comes back", Bounced, func(o *Options) { o.To = "gone@far.example" }, func(r *Report) string {
			if r.SentAt == nil || r.Bounce == nil || string(r.Bounce.Items[0].Reason) != "user-unknown" {
				return fmt.Sprintf("%+v", r.Bounce)
			}
			return ""
		}},
		{"put off, then taken", Deferred, func(o *Options) { o.To, o.Retry = "later@acme.example", []time.Duration{200 * time.Millisecond} }, func(r *Report) string {
			if len(r.Attempts) != 2 || string(r.Attempts[1].Cause.Reason) != "greylisted" {
				return fmt.Sprintf("%+v", r.Attempts)
			}
			return ""
		}},
		{"swallowed", Lost, func(o *Options) { o.To, o.Timeout = "hole@acme.example", 3*time.Second }, func(*Report) string { return "" }},
		{"wrong password", Bounced, func(o *Options) { o.Password = "wrong" }, func(r *Report) string {
			if r.Attempts[0].Stage != StageAuth || !strings.HasPrefix(r.Attempts[0].Reply, "535 ") {
				return fmt.Sprintf("%+v", r.Attempts)
			}
			return ""
		}},
		{"wrong password of the mailbox", Unknown, func(o *Options) {
			o.Timeout = time.Second
			o.Places = []Place{Spec{Via: Via{Scheme: "imaps", User: user, Host: "localhost", Port: uint16(imaps)}}.Open(PlaceOptions{Dialer: o.Dialer, Roots: roots, Password: "wrong"})}
		}, func(r *Report) string {
			if !strings.Contains(r.Places[0].Error, "login failed") {
				return r.Places[0].Error
			}
			return ""
		}},
		{"no such folder", Unknown, func(o *Options) { o.Timeout, o.Places = time.Second, []Place{box("imaps", imaps, "None")} }, func(*Report) string { return "" }},
		{"from a stranger", Bounced, func(o *Options) { o.Via.User, o.Password = "", "" }, func(r *Report) string {
			if r.Attempts[0].TLS != "1.3" || r.Attempts[0].Stage != StageRcpt {
				return fmt.Sprintf("%+v", r.Attempts)
			}
			return ""
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := base
			tt.with(&o)
			r, err := Run(t.Context(), o)
			verdict(t, r, err, tt.want)
			if text := tt.see(r); text != "" {
				t.Error(text)
			}
		})
	}
	t.Run("run and watch", func(t *testing.T) { runAndWatch(t, dir, submission, imaps) })
	if t.Failed() {
		log, _ := os.ReadFile(filepath.Join(dir, "mail.log"))
		t.Logf("Postfix said:\n%s", log)
		log, _ = os.ReadFile(filepath.Join(dir, "dovecot.log"))
		t.Logf("Dovecot said:\n%s", log)
	}
}

// runAndWatch: the program sends the mails of a configuration, in a run and in a process
// that watches, and says what became of them: in words, metrics, history and messages.
func runAndWatch(t *testing.T, dir string, submission, imaps int) {
	program := filepath.Join(dir, "mailworthy")
	shell(t, "go", "build", "-buildvcs=false", "-o", program, "mailworthy/cmd/mailworthy")
	hook, told := peertest.Hook(t)
	config, zone := filepath.Join(dir, "mailworthy.yaml"), filepath.Join(dir, "acme.zone")
	login := strings.ReplaceAll(user, "@", "%40") + "@localhost:"
	text := "history: mail.db\nstate_dir: states\nwatch: {schedule: '@every 1h'}\nnotifications:\n  - {type: webhook, url: \"${HOOK}\", when: threshold, severity: warning}\nroundtrips:\n"
	for _, to := range []string{"you", "junk", "nobody"} {
		text += fmt.Sprintf("  - {name: %s, via: \"smtp://%s%d\", tls_ca: cert.pem, password: \"${MAIL_PASSWORD}\", from: %s, to: %s@acme.example, timeout: 30s, wait: {at: \"imaps://%s%d\", password: \"${MAIL_PASSWORD}\"}}\n",
			to, login, submission, user, to, login, imaps)
	}
	write(t, config, text)
	write(t, zone, "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n")
	command := func(name string, args ...string) *exec.Cmd {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		c := exec.CommandContext(ctx, program, append([]string{name}, args...)...)
		c.Env = append(os.Environ(), "HOOK="+hook, "MAIL_PASSWORD="+password)
		return c
	}
	said := func(name string, args ...string) string {
		out, err := command(name, args...).CombinedOutput()
		var status *exec.ExitError
		if err != nil && (!errors.As(err, &status) || status.ExitCode() != 1) {
			t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	has := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
	has(said("run", "--config", config, "--zone", zone, "--always"), "roundtrip: you: arrived, ", "roundtrip: warning: junk: spam: ", "roundtrip: error: nobody: bounced: ")
	has(said("run", "--config", config, "--zone", zone, "--format", "prometheus"), `to="you@acme.example"`, `verdict="arrived"} 1`, `verdict="spam"} 1`, `verdict="bounced"} 1`)
	watch := command("watch", "--config", config, "--zone", zone, "--log-format", "json")
	logs, err := watch.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(logs); lines.Scan(); {
		if strings.Contains(lines.Text(), `"run done"`) {
			_ = watch.Process.Signal(syscall.SIGTERM)
		}
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("watch: %v", err)
	}
	kept := said("history", "roundtrips", "--history", filepath.Join(dir, "mail.db"))
	if n := strings.Count(kept, " arrived "); n != 3 || strings.Count(kept, " spam ") != 3 || strings.Count(kept, " bounced ") != 3 {
		t.Errorf("the history has:\n%s", kept)
	}
	has(told(), "roundtrip junk", "roundtrip nobody")
	// Each of them once, not in every run.
	if n := strings.Count(told(), `"roundtrip-spam"`); n != 1 {
		t.Errorf("it was told %d times: %s", n, told())
	}
}

// writeCertificate puts a key and a certificate for localhost into the folder.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	conf, roots := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(conf.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conf.Certificates[0].Certificate[0]})))
	write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return roots
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func shell(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func startDovecot(t *testing.T, dir string, imap, imaps int) {
	t.Helper()
	mail := filepath.Join(dir, "mail")
	for _, d := range []string{"mail/you/new", "mail/you/cur", "mail/you/tmp", "run", "state"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, "chown", "-R", "65534:65534", mail)
	write(t, filepath.Join(dir, "dovecot.conf"), strings.NewReplacer("DIR", dir, "IMAPS", strconv.Itoa(imaps), "IMAP", strconv.Itoa(imap), "USER", user, "PASSWORD", password).Replace(`protocols = imap
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/dovecot.log
listen = 127.0.0.1
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
first_valid_uid = 1
mail_location = maildir:DIR/mail/you
auth_mechanisms = plain login cram-md5
passdb {
  driver = static
  args = user=USER password=PASSWORD
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=DIR/mail/you
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Ramsch {
    auto = create
    special_use = \Junk
  }
  mailbox Sent {
    auto = create
    special_use = \Sent
  }
}
service imap-login {
  inet_listener imap {
    port = IMAP
  }
  inet_listener imaps {
    port = IMAPS
    ssl = yes
  }
}
service auth {
  unix_listener DIR/run/postfix {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`))
	debian.Start(t, "dovecot", "-F", "-c", filepath.Join(dir, "dovecot.conf"))
}

func startPostfix(t *testing.T, dir string, submission, smtps int) {
	t.Helper()
	etc := filepath.Join(dir, "etc")
	for _, d := range []string{"etc", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, "chown", "postfix", filepath.Join(dir, "data"))
	far := debian.Port(t)
	write(t, filepath.Join(etc, "main.cf"), strings.ReplaceAll(strings.ReplaceAll(`compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = DIR/mail.log
maillog_file_prefixes = /tmp
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx1.acme.example
myorigin = acme.example
mydestination =
mynetworks = 127.0.0.2/32
alias_maps =
alias_database =
recipient_delimiter = +
virtual_mailbox_domains = acme.example
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = inline:{{me@acme.example = you/}, {you@acme.example = you/}, {junk@acme.example = you/.Ramsch/}, {spam@acme.example = you/.Spam/}, {later@acme.example = you/}, {hole@acme.example = you/}}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
transport_maps = inline:{{far.example = smtp:[127.0.0.1]:FAR}, {hole@acme.example = discard:}}
smtpd_tls_security_level = may
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_received_header = yes
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = DIR/run/postfix
smtpd_sasl_auth_enable = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{later@acme.example = 450 4.2.0 Greylisted, try again later}}, reject_unlisted_recipient, permit
`, "DIR", dir), "FAR", strconv.Itoa(far)))
	write(t, filepath.Join(etc, "master.cf"), fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
127.0.0.1:%d inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:%d inet n - n - - smtpd
  -o myhostname=mx.far.example
  -o { smtpd_relay_restrictions = check_recipient_access inline:{{gone@far.example = 550 5.1.1 User unknown}}, reject }
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`, submission, smtps, far))
	shell(t, "postfix", "-c", etc, "start")
	t.Cleanup(func() { _ = exec.Command("postfix", "-c", etc, "stop").Run() })
}
