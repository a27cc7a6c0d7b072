//go:build integration

package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/debian"
)

// between makes an authority that this one has signed.
func (a *authority) between(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Test Intermediate"}, NotBefore: now.AddDate(-1, 0, 0),
		NotAfter: now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	out := &authority{key: key}
	if out.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return out
}

// pemFiles writes the key and the chain into one file each, and both into a third.
func pemFiles(t testing.TB, dir, name string, cert tls.Certificate, more ...*authority) (both, chain, key string) {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	keyText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
	chainText := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	for _, a := range more {
		chainText = append(chainText, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})...)
	}
	both, chain, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".chain"), filepath.Join(dir, name+".key")
	for file, text := range map[string][]byte{both: append(slices.Clone(keyText), chainText...), chain: chainText, key: keyText} {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return both, chain, key
}

// awaitPort waits until something listens on a port.
func awaitPort(t testing.TB, port int) {
	t.Helper()
	for range 100 {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), time.Second)
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("nothing listens on port %d", port)
}

func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Logf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestIntegrationServers: what the probe says of mail servers from Debian, each set up well
// or badly in one way; and openssl and swaks see the same certificate, version and
// keywords.
func TestIntegrationServers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("Postfix needs root")
	}
	debian.Install(t, map[string]string{"postfix": "postfix", "openssl": "openssl"})
	dir, err := os.MkdirTemp("/tmp", "mailworthy-probe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root := newAuthority(t)
	middle := root.between(t)
	const host = "mx.acme.example"
	good := root.issue(t, host, now.AddDate(0, 6, 0))
	goodFile, goodChain, goodKey := pemFiles(t, dir, "good", good)
	expired, _, _ := pemFiles(t, dir, "expired", root.issue(t, host, now.AddDate(0, 0, -3)))
	other, _, _ := pemFiles(t, dir, "other", root.issue(t, "www.other.example", now.AddDate(0, 6, 0)))
	leaf := middle.issue(t, host, now.AddDate(0, 6, 0))
	alone, _, _ := pemFiles(t, dir, "alone", leaf)
	whole, _, _ := pemFiles(t, dir, "whole", leaf, middle)
	itself, _, _ := pemFiles(t, dir, "itself", (*authority)(nil).issue(t, host, now.AddDate(0, 6, 0)))

	rows := []struct {
		name    string
		master  string // a service of Postfix, with PORT
		tls     string
		twice   bool
		patient time.Duration // for a step, if not the usual
		to      string        // a mailbox for messages with wrong ends
		step    string
		want    Outcome
		found   string
		sees    func(e *Endpoint) bool
	}{
		{name: "Postfix 3.7, well set up", step: StepQuit, want: OK, found: "smtp-bare-lf=notice", sees: func(e *Endpoint) bool {
			return e.TLS.Version == "1.3" && *e.Certificate.Verified && versionsOf(e) == "1.3+ 1.2+ 1.1- 1.0-" && e.BareLF != nil
		}},
		{name: "without TLS", master: "-o smtpd_tls_security_level=none", step: StepQuit, want: OK, found: "smtp-starttls-missing=warning"},
		{name: "expired", master: "-o smtpd_tls_chain_files=" + expired, step: StepQuit, want: OK, found: "smtp-certificate-expired=warning"},
		{name: "for another name", master: "-o smtpd_tls_chain_files=" + other, step: StepQuit, want: OK, found: "smtp-certificate-name=warning"},
		{name: "signed by itself", master: "-o smtpd_tls_chain_files=" + itself, step: StepQuit, want: OK, found: "smtp-certificate-untrusted=notice"},
		{name: "no intermediate", master: "-o smtpd_tls_chain_files=" + alone, step: StepQuit, want: OK, found: "smtp-certificate-untrusted=notice",
			sees: func(e *Endpoint) bool {
				return strings.Contains(strings.Join(e.Certificate.Reasons, " "), "no intermediate")
			}},
		{name: "with its intermediate", master: "-o smtpd_tls_chain_files=" + whole, step: StepQuit, want: OK, sees: func(e *Endpoint) bool { return *e.Certificate.Verified }},
		{name: "versions of TLS as Debian has them", master: "-o smtpd_tls_protocols=>=TLSv1", step: StepQuit, want: OK, found: "smtp-tls-old-accepted=warning",
			sees: func(e *Endpoint) bool { return versionsOf(e) == "1.3+ 1.2+ 1.1+ 1.0+" }},
		{name: "TLS 1.2 at most", master: "-o smtpd_tls_protocols=TLSv1.2", step: StepQuit, want: OK, sees: func(e *Endpoint) bool { return versionsOf(e) == "1.3- 1.2+ 1.1- 1.0-" }},
		{name: "TLS at once", master: "-o smtpd_tls_wrappermode=yes", tls: "implicit", step: StepQuit, want: OK, sees: func(e *Endpoint) bool { return e.TLS.Implicit && len(e.TLSVersions) == 4 }},
		{name: "TLS at once where STARTTLS is expected", master: "-o smtpd_tls_wrappermode=yes", step: StepQuit, want: OK, tls: "starttls", patient: 2 * time.Second, found: "smtp-wrong-tls-kind=warning"},
		{name: "no EHLO keywords", master: "-o smtpd_discard_ehlo_keywords=pipelining,size,8bitmime", step: StepQuit, want: OK,
			found: "smtp-no-pipelining=notice smtp-no-8bitmime=notice smtp-no-size=notice"},
		{name: "refuses us", master: "-o smtpd_delay_reject=no -o smtpd_client_restrictions=reject", step: StepBanner, want: Rejected5, found: "smtp-unresolved=unknown"},
		{name: "421 on load", master: "-o smtpd_client_connection_rate_limit=1 -o smtpd_client_event_limit_exceptions=", twice: true, step: StepBanner, want: Rejected4, found: "smtp-unresolved=unknown"},
		{name: "bare line feeds taken", master: "-o smtpd_forbid_bare_newline=no", to: "me@acme.example", step: StepQuit, want: OK, found: "smtp-smuggling-proved=error", sees: ends("+++--")},
		{name: "bare line feeds normalized", master: "-o smtpd_forbid_bare_newline=normalize", to: "me@acme.example", step: StepQuit, want: OK, sees: ends("-----")},
		{name: "bare line feeds refused", master: "-o smtpd_forbid_bare_newline=reject", to: "me@acme.example", step: StepQuit, want: OK, sees: ends("-----")},
		{name: "no such mailbox", master: "-o smtpd_recipient_restrictions=reject", to: "me@acme.example", step: StepQuit, want: OK, found: "smtp-unresolved=unknown", sees: ends("?????")},
		{name: "postscreen", step: StepQuit, want: OK, found: "smtp-bare-lf=notice", sees: func(e *Endpoint) bool { return e.step(StepBanner).duration > 900*time.Millisecond }},
	}
	ports := make([]int, len(rows))
	var master strings.Builder
	for i, row := range rows {
		ports[i] = debian.Port(t)
		if row.name == "postscreen" {
			fmt.Fprintf(&master, "127.0.0.1:%d inet n - n - 1 postscreen\n", ports[i])
			continue
		}
		fmt.Fprintf(&master, "127.0.0.1:%d inet n - n - - smtpd\n", ports[i])
		for _, o := range strings.Split(row.master, "-o ")[1:] {
			fmt.Fprintf(&master, "  -o %s\n", strings.TrimSpace(o))
		}
	}
	startPostfix(t, dir, goodFile, master.String())
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			awaitPort(t, ports[i])
			o := Options{Roots: root.pool, TLS: row.tls, TLSVersions: row.step == StepQuit && row.to == "", SmugglingTo: row.to, Smuggling: row.master == "", StepTimeout: 8 * time.Second, Deadline: 25 * time.Second}
			if row.patient > 0 {
				o.StepTimeout = row.patient
			}
			target := fmt.Sprintf("%s:%d", host, ports[i])
			began := time.Now()
			r := run(t, target, o)
			if row.twice {
				r = run(t, target, o)
			}
			if took := time.Since(began); took > 55*time.Second {
				t.Errorf("it took %s", took)
			}
			judged(t, r, row.step, row.want, row.found, row.sees)
		})
	}
	port := ports[0]
	r := run(t, fmt.Sprintf("%s:%d", host, port), Options{Roots: root.pool})
	t.Run("openssl", func(t *testing.T) { sameAsOpenSSL(t, &r.Targets[0].Endpoints[0], port) })
	t.Run("swaks", func(t *testing.T) { sameAsSwaks(t, &r.Targets[0].Endpoints[0], port) })
	t.Run("chasquid", func(t *testing.T) { chasquid(t, dir, host, goodChain, goodKey, root) })
	t.Run("Exim", func(t *testing.T) { exim(t, dir, host, goodChain, goodKey, root) })
	t.Run("Dovecot", func(t *testing.T) { dovecot(t, dir, host, goodChain, goodKey, root) })
	t.Run("OpenSMTPD", func(t *testing.T) { openSMTPD(t, dir, host, root) })
	t.Run("smtp-server", func(t *testing.T) { smtpServer(t, host, goodChain, goodKey, root) })
}

// judged compares a report with what must be said.
func judged(t *testing.T, r *Report, step string, outcome Outcome, findings string, sees func(*Endpoint) bool) {
	t.Helper()
	e := &r.Targets[0].Endpoints[0]
	if st := e.step(step); st == nil || st.Outcome != outcome {
		t.Errorf("%s is %+v, want %s; all: %+v", step, st, outcome, e.Steps)
		return
	}
	if got := found(&r.Targets[0]); got != findings {
		t.Errorf("found %q, want %q: %+v", got, findings, e.TLSVersions)
	}
	if sees != nil && !sees(e) {
		t.Errorf("%s, %+v, %+v, %+v", versionsOf(e), e.TLS, e.Certificate, e.Steps)
	}
}

// ends compares which wrong ends of a message are taken.
func ends(want string) func(*Endpoint) bool {
	return func(e *Endpoint) bool { return endsTaken(e) == want }
}

// versionsOf are the versions of TLS with + (accepted), - (refused) or ? (unknown).
func versionsOf(e *Endpoint) string {
	var out []string
	for _, v := range e.TLSVersions {
		switch {
		case v.Accepted == nil:
			out = append(out, v.Version+"?")
		case *v.Accepted:
			out = append(out, v.Version+"+")
		default:
			out = append(out, v.Version+"-")
		}
	}
	return strings.Join(out, " ")
}

func startPostfix(t *testing.T, dir, chain, services string) {
	t.Helper()
	etc := filepath.Join(dir, "etc")
	for _, d := range []string{"etc", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "chown", "postfix", filepath.Join(dir, "data"))
	files := map[string]string{"main.cf": strings.NewReplacer("DIR", dir, "CHAIN", chain).Replace(`compatibility_level = 3.6
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
myhostname = mx.acme.example
myorigin = acme.example
mydestination = acme.example
mynetworks = 127.0.0.2/32
alias_maps =
alias_database =
local_recipient_maps =
smtpd_tls_security_level = may
smtpd_tls_chain_files = CHAIN
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_relay_restrictions = reject_unauth_destination
postscreen_greet_wait = 1s
postscreen_access_list =
`), "master.cf": services + `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
smtpd pass - - n - - smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
postlog unix-dgram n - n - 1 postlogd
`}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "postfix", "-c", etc, "start")
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "mail.log"))
			t.Logf("%s", log[max(0, len(log)-6000):])
		}
		_ = exec.Command("postfix", "-c", etc, "stop").Run()
	})
}

// sameAsOpenSSL: openssl s_client sees the same certificate, version, and versions.
func sameAsOpenSSL(t *testing.T, e *Endpoint, port int) {
	see := func(args ...string) string {
		return command(t, "sh", append([]string{"-c", `openssl s_client -connect 127.0.0.1:"$0" -starttls smtp -servername mx.acme.example "$@" </dev/null`, strconv.Itoa(port)}, args...)...)
	}
	text := see()
	block, _ := pem.Decode([]byte(text[max(0, strings.Index(text, "-----BEGIN")):]))
	if block == nil || !slices.Equal(block.Bytes, e.chain[0].Raw) {
		t.Errorf("another certificate:\n%s", text)
	}
	if !strings.Contains(text, "TLSv"+e.TLS.Version) {
		t.Errorf("%s: another version:\n%s", e.TLS.Version, text)
	}
	r := run(t, fmt.Sprintf("mx.acme.example:%d", port), Options{TLSVersions: true})
	for _, v := range r.Targets[0].Endpoints[0].TLSVersions {
		flag := "-tls" + strings.TrimSuffix(strings.ReplaceAll(v.Version, ".", "_"), "_0")
		accepted := strings.Contains(see(flag, "-cipher", "ALL:@SECLEVEL=0"), "BEGIN CERTIFICATE")
		if v.Accepted == nil || *v.Accepted != accepted {
			t.Errorf("TLS %s: openssl %v, here %+v", v.Version, accepted, v)
		}
	}
}

// sameAsSwaks: swaks sees the same banner and keywords, before TLS and inside.
func sameAsSwaks(t *testing.T, e *Endpoint, port int) {
	root := debian.Unpack(t, "swaks", "libnet-ssleay-perl")
	libs, _ := filepath.Glob(filepath.Join(root, "usr/lib/*/perl5/*"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "perl", filepath.Join(root, "usr/bin/swaks"), "--server", "127.0.0.1", "--port", strconv.Itoa(port), "--tls", "--quit-after", "EHLO", "--to", "a@acme.example", "--helo", "[127.0.0.1]")
	cmd.Env = append(os.Environ(), "PERL5LIB="+strings.Join(libs, ":"))
	out, err := cmd.CombinedOutput()
	text := string(out)
	var keywords []string
	for _, m := range regexp.MustCompile(`(?m)^(?:<-|<~) +250[- ](.+)$`).FindAllStringSubmatch(text, -1) {
		keywords = append(keywords, strings.TrimSpace(m[1]))
	}
	want := append(append([]string{"mx.acme.example"}, e.EHLO...), append([]string{"mx.acme.example"}, e.EHLOTLS...)...)
	if !strings.Contains(text, "<-  "+*e.Banner) || !slices.Equal(keywords, want) {
		t.Errorf("%v: %q, here %q\n%s", err, keywords, want, text)
	}
	if !strings.Contains(text, "TLSv"+e.TLS.Version) {
		t.Errorf("another version than %s:\n%s", e.TLS.Version, text)
	}
}

// chasquid: STARTTLS, a login that is judged, and TLS at once, by another library than
// OpenSSL.
func chasquid(t *testing.T, dir, host, chain, key string, root *authority) {
	bin := debian.Unpack(t, "chasquid")
	conf := filepath.Join(dir, "chasquid")
	for _, d := range []string{filepath.Join("certs", host), filepath.Join("domains", "acme.example"), "data"} {
		if err := os.MkdirAll(filepath.Join(conf, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	smtp, submission, smtps := debian.Port(t), debian.Port(t), debian.Port(t)
	files := map[string]string{"chasquid.conf": fmt.Sprintf("hostname: %q\nsmtp_address: \"127.0.0.1:%d\"\nsubmission_address: \"127.0.0.1:%d\"\nsubmission_over_tls_address: \"127.0.0.1:%d\"\ndata_dir: %q\nmail_log_path: \"<stderr>\"\n",
		host, smtp, submission, smtps, filepath.Join(conf, "data"))}
	for from, to := range map[string]string{chain: "fullchain.pem", key: "privkey.pem"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join("certs", host, to)] = string(text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	debian.Start(t, filepath.Join(bin, "usr/bin/chasquid"), "-config_dir", conf)
	awaitPort(t, smtps)
	const old = "smtp-tls-old-accepted=warning" // as servers in Go have it that are built before 1.22
	login := func() *Login { return &Login{User: "nobody@acme.example", Password: "hunter2-secret"} }
	for _, row := range []struct {
		port      int
		tls, step string
		want      Outcome
		login     *Login
		found     string
	}{{smtp, "", StepQuit, OK, nil, old}, {submission, "", StepAuth, Rejected5, login(), "smtp-login-refused=error " + old}, {smtps, "implicit", StepQuit, OK, nil, old}} {
		r := run(t, fmt.Sprintf("%s:%d", host, row.port), Options{Roots: root.pool, TLS: row.tls, Login: row.login, TLSVersions: true, StepTimeout: 8 * time.Second})
		judged(t, r, row.step, row.want, row.found, func(e *Endpoint) bool { return strings.HasPrefix(versionsOf(e), "1.3+ 1.2+ ") })
	}
}

// exim: GnuTLS.
func exim(t *testing.T, dir, host, chain, key string, root *authority) {
	bin := debian.Unpack(t, "exim4-daemon-light", "libidn12")
	libs, _ := filepath.Glob(filepath.Join(bin, "usr/lib/*-linux-gnu"))
	spool, conf, port := filepath.Join(dir, "exim"), filepath.Join(dir, "exim.conf"), debian.Port(t)
	if err := os.Mkdir(spool, 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "chown", "nobody:nogroup", spool)
	text := fmt.Sprintf("exim_user = nobody\nexim_group = nogroup\nprimary_hostname = %s\nspool_directory = %s\nlog_file_path = %s/%%slog\nlocal_interfaces = 127.0.0.1\ntls_advertise_hosts = *\ntls_certificate = %s\ntls_privatekey = %s\n"+
		"keep_environment =\nacl_smtp_rcpt = no\nhost_lookup =\nrfc1413_hosts =\nsmtp_accept_max_per_connection = 5\nbegin acl\nno:\n  deny message = relay not permitted\n", host, spool, spool, chain, key)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// The package makes the user that the program looks for; its other half is not wanted: it
	// would take the place of Postfix.
	if exec.Command("id", "Debian-exim").Run() != nil {
		command(t, "useradd", "--system", "--no-create-home", "Debian-exim")
		t.Cleanup(func() { _ = exec.Command("userdel", "Debian-exim").Run() })
	}
	debian.Start(t, "env", "LD_LIBRARY_PATH="+strings.Join(libs, ":"), filepath.Join(bin, "usr/sbin/exim4"), "-bdf", "-C", conf, "-oX", strconv.Itoa(port))
	awaitPort(t, port)
	r := run(t, fmt.Sprintf("%s:%d", host, port), Options{Roots: root.pool, TLSVersions: true, Smuggling: true, RelayTo: "a@elsewhere.example", StepTimeout: 8 * time.Second})
	judged(t, r, StepQuit, OK, "smtp-tls-old-accepted=warning smtp-bare-lf=notice", func(e *Endpoint) bool {
		return e.TLS.Version == "1.3" && strings.HasPrefix(versionsOf(e), "1.3+ 1.2+ ") && e.ok(StepMail) && e.step(StepRcpt).Outcome == Rejected5
	})
}
