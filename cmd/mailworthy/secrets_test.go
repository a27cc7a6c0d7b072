package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/peertest"
)

// The credentials of these tests: characters that mean something in URLs, JSON, HTML and
// base64.
const (
	secretUser     = "me@acme.example"
	secretPassword = "hunter2 &/+?=<Söhne>"
	secretMailbox  = "correct+horse/battery&stapleÄ"
)

// cutMark stands before a form that goes on in the next line of a reply.
const cutMark = "cut:"

// spellings are the forms in which a server or a library may repeat a password.
func spellings(user, password string) []string {
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	return []string{password, encode(password), encode("\x00" + user + "\x00" + password), encode("user=" + user + "\x01auth=Bearer " + password + "\x01\x01"),
		encode("LOGIN " + user + " " + password + "\r\n"), base64.RawURLEncoding.EncodeToString([]byte(password)), hex.EncodeToString([]byte(password)),
		strings.ToUpper(hex.EncodeToString([]byte("\x00" + user + "\x00" + password))), url.QueryEscape(password), url.PathEscape(password)}
}

// leaks are the forms of the passwords that are in a text, however its format escapes
// them. Of what is encoded in the middle of something longer, a part is enough.
func leaks(text string) (found []string) {
	for _, password := range []string{secretPassword, secretMailbox} {
		for _, form := range spellings(secretUser, password) {
			part := form
			if len(form) > 40 {
				part = form[len(form)/2 : len(form)/2+16]
			}
			for _, part := range []string{part, cutMark + form[:len(form)*3/4]} {
				quoted, _ := json.Marshal(part)
				for _, shown := range []string{part, html.EscapeString(part), string(quoted[1 : len(quoted)-1])} {
					if strings.Contains(text, shown) && !slices.Contains(found, form) {
						found = append(found, form)
					}
				}
			}
		}
	}
	return found
}

// indiscreet is a server at localhost with TLS from the first byte that repeats the
// passwords in all that it says. It speaks SMTP, where it refuses the login or takes the
// mail, and IMAP, where it refuses the login.
type indiscreet struct{ cert tls.Certificate }

func (s *indiscreet) listen(t *testing.T, serve func(say func(format string, args ...any), read func() (string, bool))) (address string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{s.cert}})
	if err != nil {
		t.Fatal(err)
	}
	peertest.Serve(t, l, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		serve(func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }, func() (string, bool) {
			line, err := r.ReadString('\n')
			return strings.TrimRight(line, "\r\n"), err == nil
		})
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// smtp is the server of mail. Code is its answer to a login, box the file that it puts mail
// into.
func (s *indiscreet) smtp(t *testing.T, code int, box string) string {
	forms := spellings(secretUser, secretPassword)
	said := strings.Join(forms, " ")
	return s.listen(t, func(say func(string, ...any), read func() (string, bool)) {
		say("220 localhost ESMTP %s", said)
		for {
			line, ok := read()
			word, _, _ := strings.Cut(strings.ToUpper(line), " ")
			switch {
			case !ok:
				return
			case word == "EHLO":
				say("250-localhost %s", said)
				for _, form := range forms {
					say("250-X%s", form)
				}
				say("250-SIZE\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN")
			case word == "AUTH":
				for _, form := range forms {
					say("%d-5.7.8 %s", code, form)
					say("%d-5.7.8 %s%s\r\n%[1]d-5.7.8 %[4]s", code, cutMark, form[:len(form)*3/4], form[len(form)*3/4:])
				}
				say("%d 5.7.8 %s", code, line)
			case word == "DATA":
				say("354 go on")
				mail := ""
				for line, ok := read(); ok && line != "."; line, ok = read() {
					mail += line + "\n"
				}
				if err := os.WriteFile(box, []byte(mail), 0o600); err != nil {
					t.Error(err)
				}
				say("250 2.0.0 queued as %s", said)
			case word == "QUIT":
				say("221 2.0.0 %s", said)
				return
			default:
				say("250 2.0.0 %s", said)
			}
		}
	})
}

// imap is the server of a mailbox.
func (s *indiscreet) imap(t *testing.T) string {
	said := strings.Join(spellings(secretUser, secretMailbox), " ")
	return s.listen(t, func(say func(string, ...any), read func() (string, bool)) {
		say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] %s", said)
		for {
			line, ok := read()
			if !ok {
				return
			}
			tag, _, _ := strings.Cut(line, " ")
			say("%s NO [AUTHENTICATIONFAILED] %s", tag, said)
		}
	})
}

// TestPasswordsAreNowhere: a probe with a login, a round trip, and the round trips of run and
// watch, with servers that repeat the passwords in every form in all that they say: neither
// is in any output, log, message to somebody, or file that is left, in any format.
func TestPasswordsAreNowhere(t *testing.T) {
	dir := t.TempDir()
	cert, roots := localhostCertificate(t)
	s := &indiscreet{cert: cert}
	box := filepath.Join(dir, "box")
	refuses, takes, mailbox := s.smtp(t, 535, box), s.smtp(t, 235, box), s.imap(t)

	inputs := filepath.Join(t.TempDir(), "inputs") // what may have them
	if err := os.Mkdir(inputs, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	password, imap := write(filepath.Join(inputs, "smtp"), secretPassword+"\n"), write(filepath.Join(inputs, "imap"), secretMailbox+"\n")
	zone := write(filepath.Join(dir, "acme.example.zone"), "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n")

	// discreet looks into what a command said, and into all that is left in the folder.
	discreet := func(t *testing.T, text string) {
		t.Helper()
		if found := leaks(text); len(found) > 0 {
			t.Errorf("the output has %q: %s", found, text)
		}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if found := leaks(string(raw)); len(found) > 0 {
				t.Errorf("%s has %q", path, found)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	do := func(t *testing.T, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		run(t.Context(), append(args, "-vv", "--log-format", "json"), strings.NewReader(""), &out, &errs)
		discreet(t, out.String()+errs.String())
		return out.String()
	}
	formats := []string{"table", "json", "markdown", "html", "nagios", "prometheus"}
	files := []string{"-o", filepath.Join(dir, "out.html"), "-o", filepath.Join(dir, "out.json"), "-o", filepath.Join(dir, "out.md")}
	t.Run("probe", func(t *testing.T) {
		probe := func(address string, args ...string) []string {
			return append([]string{"probe", address, "--tls", "implicit", "--tls-ca", roots, "--login", secretUser, "--password-file", password, "--relay-to", "a@elsewhere.example"}, args...)
		}
		for _, address := range []string{refuses, takes} {
			for _, format := range formats {
				text := do(t, probe(address, "--format", format)...)
				if format == "json" && !strings.Contains(text, "redacted") {
					t.Errorf("nothing of what the server said: %s", text)
				}
			}
			do(t, probe(address, files...)...)
		}
	})
	t.Run("roundtrip", func(t *testing.T) {
		roundtrip := func(address string, args ...string) []string {
			user := url.PathEscape(secretUser) + "@"
			return append([]string{"roundtrip", "--via", "smtps://" + user + address, "--tls-ca", roots, "--from", secretUser, "--to", "b@acme.example", "--wait", "imaps://" + user + mailbox,
				"--password-file", password, "--wait-password-file", imap, "--timeout", "1ms", "--state", filepath.Join(dir, "state"+address), "--zone", zone}, args...)
		}
		for _, address := range []string{refuses, takes} {
			for _, format := range formats {
				text := do(t, roundtrip(address, "--format", format)...)
				if format == "json" && !strings.Contains(text, "redacted") {
					t.Errorf("nothing of what the servers said: %s", text)
				}
			}
			do(t, roundtrip(address, files...)...)
		}
	})
	t.Run("run and watch", func(t *testing.T) {
		hook, told := peertest.Hook(t)
		t.Setenv("HOOK", hook)
		t.Setenv("MAIL_PASSWORD", secretPassword)
		config := write(filepath.Join(dir, "mailworthy.yaml"), fmt.Sprintf(`
history: mail.db
state_dir: state
watch: {schedule: '@every 1h', listen: '127.0.0.1:0'}
notifications:
  - {type: webhook, url: "${HOOK}", when: threshold, severity: warning}
roundtrips:
  - {name: refused, via: "smtps://%[1]s@%[2]s", tls_ca: %[3]s, password: "${MAIL_PASSWORD}", from: a@acme.example, to: b@acme.example, timeout: 10s, wait: {at: "imaps://%[1]s@%[4]s", password_file: %[5]s}}
  - {name: taken, via: "smtps://%[1]s@%[6]s", tls_ca: %[3]s, password: "${MAIL_PASSWORD}", from: a@acme.example, to: c@acme.example, timeout: 10s, wait: [{at: "imaps://%[1]s@%[4]s", password_file: %[5]s}, box]}
`, url.PathEscape(secretUser), refuses, roots, mailbox, imap, takes))
		for _, format := range []string{"table", "json", "ndjson", "rows", "csv", "html", "nagios", "prometheus"} {
			text := do(t, "run", "--config", config, "--zone", zone, "--format", format)
			if format == "table" && (!strings.Contains(text, "roundtrip: error: refused: bounced") || !strings.Contains(text, "redacted")) {
				t.Errorf("nothing of what the servers said: %s", text)
			}
		}
		do(t, "history", "roundtrips", "--history", filepath.Join(dir, "mail.db"))
		do(t, "history", "roundtrips", "--history", filepath.Join(dir, "mail.db"), "--format", "json", "refused")
		do(t, "config", "check", "--config", config)
		ctx, cancel := context.WithCancel(t.Context())
		logs, out, ended := &lines{}, &lines{}, make(chan int)
		go func() {
			ended <- run(ctx, []string{"watch", "--config", config, "--zone", zone, "-vv", "--log-format", "json"}, strings.NewReader(""), out, logs)
		}()
		address := logs.await(t, "listening")["address"].(string)
		logs.await(t, "run done")
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		metrics, _ := io.ReadAll(res.Body)
		res.Body.Close()
		cancel()
		<-ended
		discreet(t, string(metrics)+logs.text.String()+out.text.String()+told())
		if !strings.Contains(told(), "redacted") || !strings.Contains(string(metrics), `verdict="bounced"`) {
			t.Errorf("nothing of it was told: %s\n%s", told(), metrics)
		}
	})
}
