//go:build integration

package probe

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/debian"
)

// peer is a port of a server, with what must be said of it.
type peer struct {
	name     string
	port     int
	tls      string
	user     string // of a login; empty: none
	password string
	auth     string // the only mechanism that is tried; empty: as offered
	relayTo  string
	step     string
	want     Outcome
	found    string
	says     string // is in the details of the findings
	sees     func(e *Endpoint) bool
	patience time.Duration // for a step, if not the usual
}

// peers probes each port of the host at an address and compares the report with what must be
// said.
func peers(t *testing.T, host, address string, root *authority, rows []peer) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := Options{Resolver: zone(t, strings.ReplaceAll(zoneText, "127.0.0.1", address)), Roots: root.pool, TLS: row.tls, RelayTo: row.relayTo, StepTimeout: orElse(row.patience, 8*time.Second), Deadline: 20 * time.Second}
			if row.user != "" {
				o.Login = &Login{User: row.user, Password: row.password}
				if row.auth != "" {
					o.Login.Mechanisms = []string{row.auth}
				}
			}
			r := run(t, fmt.Sprintf("%s:%d", host, row.port), o)
			judged(t, r, row.step, row.want, row.found, row.sees)
			e := &r.Targets[0].Endpoints[0]
			text := ""
			for _, f := range r.Targets[0].Findings {
				text += f.Detail + "\n"
			}
			if !strings.Contains(text, row.says) {
				t.Errorf("%q does not say %q", text, row.says)
			}
			if row.auth != "" && row.want != NotTried && !strings.HasPrefix(e.step(StepAuth).Detail, row.auth+": ") {
				t.Errorf("another mechanism than %s: %+v", row.auth, e.step(StepAuth))
			}
			for _, said := range e.Transcript {
				if row.password != "" && strings.Contains(said.Text, row.password) {
					t.Errorf("the transcript has the password: %q", said.Text)
				}
			}
		})
	}
}

// dovecot: the submission service of Dovecot, and every mechanism of a login with the right
// password and a wrong one.
func dovecot(t *testing.T, dir, host, chain, key string, root *authority) {
	debian.Install(t, map[string]string{"dovecot": "dovecot-core", "/usr/lib/dovecot/submission": "dovecot-submissiond"})
	conf := filepath.Join(dir, "dovecot")
	for _, d := range []string{"run", "state", "home"} {
		if err := os.MkdirAll(filepath.Join(conf, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const user, password = "me@acme.example", "hunter2-secret"
	submission, submissions := debian.Port(t), debian.Port(t)
	text := strings.NewReplacer("DIR", conf, "HOST", host, "CHAIN", chain, "KEY", key, "SUBMISSIONS", strconv.Itoa(submissions), "SUBMISSION", strconv.Itoa(submission),
		"USER", user, "PASSWORD", password).Replace(`protocols = submission
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/dovecot.log
listen = 127.0.0.1 127.0.0.2
hostname = HOST
ssl = required
ssl_cert = <CHAIN
ssl_key = <KEY
first_valid_uid = 1
mail_location = maildir:DIR/home
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0
submission_relay_host = 127.0.0.1
submission_backend_capabilities = 8BITMIME PIPELINING SIZE
passdb {
  driver = static
  args = user=USER password=PASSWORD
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=DIR/home
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service submission-login {
  inet_listener submission {
    port = SUBMISSION
  }
  inet_listener submissions {
    port = SUBMISSIONS
    ssl = yes
  }
}
`)
	if err := os.WriteFile(filepath.Join(conf, "dovecot.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "chown", "-R", "65534:65534", filepath.Join(conf, "home"))
	debian.Start(t, "dovecot", "-F", "-c", filepath.Join(conf, "dovecot.conf"))
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(conf, "dovecot.log"))
			t.Logf("Dovecot said:\n%s", log)
		}
	})
	awaitPort(t, submissions)
	offered := func(e *Endpoint) bool {
		return strings.Join(authOf(e.EHLOTLS), " ") == "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"
	}
	rows := []peer{
		{name: "STARTTLS", port: submission, step: StepQuit, want: OK, sees: offered},
		{name: "TLS at once", port: submissions, tls: "implicit", step: StepQuit, want: OK, sees: offered},
		{name: "TLS at once, found out", port: submissions, step: StepQuit, want: OK, patience: 2 * time.Second, sees: func(e *Endpoint) bool { return e.TLS.Implicit }},
		{name: "no token", port: submission, user: user, password: password, auth: "XOAUTH2", step: StepAuth, want: NotTried, found: "smtp-unresolved=unknown", says: "no XOAUTH2 is offered; the server has PLAIN"},
	}
	for _, m := range Mechanisms[:len(Mechanisms)-1] {
		rows = append(rows, peer{name: m, port: submission, user: user, password: password, auth: m, step: StepAuth, want: OK},
			peer{name: m + ", wrong password", port: submissions, tls: "implicit", user: user, password: "wrong-" + password, auth: m, step: StepAuth, want: Rejected5, found: "smtp-login-refused=error", says: "535 5.7.8"})
	}
	// To the address that a client has itself, Dovecot offers all mechanisms in plain text.
	peers(t, host, "127.0.0.2", root, rows)
}

// openSMTPD runs in a file system of its own: it has its paths and users built in. Debian 12
// has it with an OpenSSL that it does not know how to hand its private key to: it offers
// TLS, and each handshake fails.
func openSMTPD(t *testing.T, dir, host string, root *authority) {
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("no mount namespace can be made here: %v: %s", err, out)
	}
	bin := debian.Unpack(t, "opensmtpd", "libevent-2.1-7")
	libs, _ := filepath.Glob(filepath.Join(bin, "usr/lib/*-linux-gnu"))
	conf := filepath.Join(dir, "opensmtpd")
	if err := os.Mkdir(conf, 0o755); err != nil {
		t.Fatal(err)
	}
	const user, password = "me", "hunter2-secret"
	smtp, submission, smtps, plain := debian.Port(t), debian.Port(t), debian.Port(t), debian.Port(t)
	_, chain, key := pemFiles(t, dir, "opensmtpd", root.issue(t, host, now.AddDate(0, 6, 0)))
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	hash := strings.TrimSpace(command(t, "openssl", "passwd", "-6", password))
	text := fmt.Sprintf(`pki acme cert %q
pki acme key %q
table logins { %s = %q }
listen on 127.0.0.1 port %d tls pki acme hostname %s
listen on 127.0.0.1 port %d tls-require pki acme auth <logins> hostname %s
listen on 127.0.0.1 port %d smtps pki acme auth <logins> hostname %s
listen on 127.0.0.1 port %d hostname %s
action "in" maildir
match from any for domain "acme.example" action "in"
`, chain, key, user, hash, smtp, host, submission, host, smtps, host, plain, host)
	if err := os.WriteFile(filepath.Join(conf, "smtpd.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	debian.Start(t, "unshare", "-m", "sh", "-ec", `
for d in /var/lib /var/spool /run; do mount -t tmpfs none $d; done
cp /etc/passwd /etc/group "$1"
printf 'opensmtpd:x:64001:64001::/nonexistent:/bin/false\nopensmtpq:x:64002:64002::/nonexistent:/bin/false\n' >>"$1/passwd"
printf 'opensmtpd:x:64001:\nopensmtpq:x:64002:\n' >>"$1/group"
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
export LD_LIBRARY_PATH="$3"
exec "$2" -d -f "$1/smtpd.conf"
`, "sh", conf, filepath.Join(bin, "usr/sbin/smtpd"), strings.Join(libs, ":"))
	awaitPort(t, smtps)
	peers(t, host, "127.0.0.1", root, []peer{
		{name: "without TLS", port: plain, relayTo: "a@elsewhere.example", step: StepQuit, want: OK, found: "smtp-unresolved=unknown smtp-starttls-missing=warning smtp-no-pipelining=notice",
			says: "550 Invalid recipient", // as it says of an unknown user, too
			sees: func(e *Endpoint) bool { return e.step(StepRcpt).Outcome == Rejected5 }},
		{name: "STARTTLS", port: smtp, step: StepTLS, want: TLSFailed, found: "smtp-starttls-broken=error smtp-no-pipelining=notice"},
		{name: "login", port: submission, user: user, password: password, step: StepTLS, want: TLSFailed, found: "smtp-starttls-broken=error smtp-unresolved=unknown smtp-no-pipelining=notice",
			says: "the session ended before the login"},
		{name: "TLS at once", port: smtps, tls: "implicit", step: StepTLS, want: TLSFailed, found: "smtp-tls-failed=error"},
	})
}

// scripted is a program for Node: servers of the npm package smtp-server, each with one
// fault. Its first argument says which listens where.
const scripted = `
const fs = require('fs');
const { SMTPServer } = require('smtp-server');
const { SMTPConnection } = require('smtp-server/lib/smtp-connection');
const ports = JSON.parse(process.argv[2]), key = fs.readFileSync(process.argv[3]), cert = fs.readFileSync(process.argv[4]);
const refuse = (responseCode, message) => Object.assign(new Error(message), { responseCode });
const write = (c, ...lines) => c._socket.write(lines.map(l => l + '\r\n').join(''));
const keywords = (c, list) => write(c, '250-mx.acme.example', ...list.map((k, i) => (i < list.length - 1 ? '250-' : '250 ') + k));
const faults = {
  'well': {},
  'slow banner': { onConnect: (session, done) => setTimeout(done, 1200) },
  'no banner in time': { onConnect: (session, done) => setTimeout(done, 6000) },
  'busy': { onConnect: (session, done) => done(refuse(421, '4.7.0 too many connections')) },
  'busy at EHLO': { EHLO: c => { write(c, '421 4.3.2 closing down'); c.close(); } },
  'no EHLO': { EHLO: c => write(c, '500 5.5.1 command not recognized') },
  'put off at AUTH': { onAuth: (auth, session, done) => done(refuse(454, '4.7.0 Temporary authentication failure')) },
  'busy at AUTH': { onAuth: (auth, session, done) => done(refuse(421, '4.7.0 too many errors')) },
  'wants TLS 1.3': { onAuth: (auth, session, done) => done(refuse(538, '5.7.11 Encryption required for requested authentication mechanism')) },
  'STARTTLS put off': { STARTTLS: c => write(c, '454 4.7.0 TLS not available due to local problem') },
  'STARTTLS unknown': { STARTTLS: c => write(c, '502 5.5.1 command not implemented') },
  'STARTTLS with 250': { STARTTLS: c => write(c, '250 2.0.0 ok') },
  'plain text into TLS': { STARTTLS: c => write(c, '220 2.0.0 go', '250 2.0.0 injected') },
  'SIZE odd': { EHLO: c => keywords(c, ['SIZE -1', 'size=12', 'PIPELINING', '8BITMIME', 'STARTTLS', 'AUTH PLAIN']) },
  'junk in EHLO': { EHLO: c => keywords(c, ['', '   ', 'X\u001b[31mRED\u0007', 'PIPELINING', 'SIZE 99999999999999999999999', '8BITMIME x=\u0000y', 'XSTARTTLS', 'starttls', 'AUTH', 'AUTH=', 'auth=plain', 'HELP '.repeat(80)]) },
  'two codes': { EHLO: c => write(c, '250-mx.acme.example', '550 no') },
  'STARTTLS twice': { inside: c => keywords(c, ['PIPELINING', 'SIZE 1', '8BITMIME', 'STARTTLS', 'AUTH PLAIN']) },
  'AUTH before TLS': { allowInsecureAuth: true, EHLO: c => keywords(c, ['PIPELINING', 'SIZE 1', '8BITMIME', 'STARTTLS', 'AUTH PLAIN LOGIN']) },
  'no TLS': { EHLO: c => keywords(c, ['PIPELINING', 'SIZE 1', '8BITMIME', 'AUTH PLAIN']) },
  'relays': {},
  'hangs up': { QUIT: c => c._socket.destroy() },
};
for (const [name, port] of Object.entries(ports)) {
  const server = new SMTPServer(Object.assign({ name: 'mx.acme.example', banner: 'ESMTP', key, cert, size: 1000, authOptional: true, disableReverseLookup: true, closeTimeout: 100,
    onAuth: (auth, session, done) => auth.password === 'hunter2-secret' ? done(null, { user: 1 }) : done(refuse(535, '5.7.8 bad credentials')) }, faults[name]));
  server.fault = faults[name];
  server.on('error', () => {});
  server.listen(port, '127.0.0.1');
}
for (const command of ['EHLO', 'STARTTLS', 'QUIT']) {
  const usual = SMTPConnection.prototype['handler_' + command];
  SMTPConnection.prototype['handler_' + command] = function (line, done) {
    const fault = this._server.fault, own = this.secure ? command === 'EHLO' && fault.inside : fault[command];
    if (!own) return usual.call(this, line, done);
    own(this);
    done();
  };
}
`

// smtpServer: what a server says at the wrong moment.
func smtpServer(t *testing.T, host, chain, key string, root *authority) {
	modules := debian.NPM(t, "smtp-server@3.21.6")
	// smtp-server offers AUTH before TLS by itself, and refuses it there.
	const early = "smtp-auth-before-tls=warning"
	rows := []peer{
		{name: "well", step: StepQuit, want: OK, found: early, user: "me", password: "hunter2-secret", sees: func(e *Endpoint) bool { return e.ok(StepAuth) && e.TLS.Version == "1.3" }},
		{name: "slow banner", step: StepQuit, want: OK, found: early, sees: func(e *Endpoint) bool { return e.step(StepBanner).DurationMS >= 1200 }},
		{name: "no banner in time", step: StepBanner, want: Timeout, found: "smtp-unresolved=unknown", says: "no answer in time", patience: time.Second},
		{name: "busy", step: StepBanner, want: Rejected4, found: "smtp-unresolved=unknown", says: "left alone for this run"},
		{name: "busy at EHLO", step: StepEHLO, want: Rejected4, found: "smtp-unresolved=unknown", says: "left alone for this run"},
		{name: "no EHLO", step: StepQuit, want: OK, found: "smtp-starttls-missing=warning smtp-no-pipelining=notice smtp-no-8bitmime=notice smtp-no-size=notice"},
		{name: "put off at AUTH", step: StepAuth, want: Rejected4, user: "me", password: "hunter2-secret", found: "smtp-unresolved=unknown " + early, says: "454 4.7.0"},
		{name: "busy at AUTH", step: StepAuth, want: Rejected4, user: "me", password: "hunter2-secret", found: "smtp-unresolved=unknown " + early, says: "421 4.7.0"},
		{name: "wants TLS 1.3", step: StepAuth, want: Rejected5, user: "me", password: "hunter2-secret", found: "smtp-login-refused=error " + early, says: "538 5.7.11"},
		{name: "STARTTLS put off", step: StepSTARTTLS, want: Rejected4, found: "smtp-unresolved=unknown " + early, says: "TLS not available due to local problem"},
		{name: "STARTTLS unknown", step: StepSTARTTLS, want: Rejected5, found: "smtp-starttls-broken=error " + early, says: "502 5.5.1"},
		{name: "STARTTLS with 250", step: StepSTARTTLS, want: Protocol, found: "smtp-starttls-broken=error " + early, says: "250 2.0.0"},
		{name: "plain text into TLS", step: StepTLS, want: TLSFailed, found: "smtp-injection=error " + early, says: "injected"},
		{name: "SIZE odd", step: StepQuit, want: OK, found: early},
		{name: "junk in EHLO", step: StepQuit, want: OK, found: early, sees: func(e *Endpoint) bool { return e.TLS != nil && len(e.EHLO) == 12 }},
		{name: "two codes", step: StepEHLO, want: Protocol, found: "smtp-protocol=error", says: "250 and 550"},
		{name: "STARTTLS twice", step: StepQuit, want: OK, found: "smtp-starttls-broken=warning " + early, says: "again inside TLS"},
		{name: "AUTH before TLS", step: StepQuit, want: OK, found: early},
		{name: "no TLS", step: StepAuth, want: NotTried, user: "me", password: "hunter2-secret", found: "smtp-submission-without-tls=error smtp-unresolved=unknown " + early, says: "no password is sent without TLS"},
		{name: "hangs up", step: StepQuit, want: OK, found: early},
		{name: "relays", step: StepRcpt, want: OK, relayTo: "a@elsewhere.example", found: "smtp-relay-suspected=warning " + early},
	}
	ports := map[string]int{}
	for i := range rows {
		rows[i].port = debian.Port(t)
		ports[rows[i].name] = rows[i].port
	}
	program := filepath.Join(modules, "servers.js")
	if err := os.WriteFile(program, []byte(scripted), 0o644); err != nil {
		t.Fatal(err)
	}
	arg, err := json.Marshal(ports)
	if err != nil {
		t.Fatal(err)
	}
	debian.Start(t, "node", program, string(arg), key, chain)
	for i := range rows {
		awaitPort(t, rows[i].port)
	}
	peers(t, host, "127.0.0.1", root, rows)
}
