package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/dnstest"
)

// readmeStatus are the exit statuses of the commands in README.md that are not 0.
var readmeStatus = map[string]int{
	"go run ./cmd/mailworthy audit --offline --zone testdata/zones acme.example":                  1,
	"mailworthy audit --ip 192.0.2.10 --selector s1 --mail-from bounce.acme.example acme.example": 1,
	"mailworthy audit --zone testdata/zones/acme.example.zone acme.example":                       1,
	"mailworthy audit -f domains.txt -o rows.ndjson --checkpoint rows.state":                      1,
	"mailworthy audit -f domains.txt --format ndjson -o reports.ndjson --summary never":           1,
	"mailworthy audit -o report.html -o report.md acme.example":                                   1,
	"mailworthy setup sendgrid acme.example":                                                      1,
	// The server of the test does not serve google.com.
	"mailworthy setup new shop.example --provider sendgrid --receives google":            3,
	"mailworthy explain bounce.eml":                                                      1,
	"mailworthy explain --text '550 5.7.25 The IP address 192.0.2.11 has no PTR record'": 1,
	"mailworthy audit --format json acme.example":                                        1,
	"mailworthy message message.eml":                                                     1,
	// Nor the public DNS.
	"mailworthy doctor":                                                1,
	"mailworthy spf check --tree acme.example":                         1,
	"echo 'v=spf1 inlude:_spf.esp.example -all' | mailworthy lint spf": 1,
}

// readmeBounce is a delivery report of acme.example's own server.
const readmeBounce = `From: MAILER-DAEMON@mx1.acme.example
To: info@acme.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx1.acme.example

Final-Recipient: rfc822; ann@shop.example
Action: failed
Status: 5.7.25
Remote-MTA: dns; mx.shop.example
Diagnostic-Code: smtp; 550 5.7.25 192.0.2.11 has no PTR record

--b
Content-Type: text/rfc822-headers

From: info@acme.example
To: ann@shop.example
Message-ID: <1@acme.example>

--b--
`

// readmeLog is a log of Postfix.
const readmeLog = `Nov 20 10:00:00 mx1 postfix/qmgr[9]: 3C2F10DE11: from=<info@acme.example>, size=900, nrcpt=1 (queue active)
Nov 20 10:00:01 mx1 postfix/smtp[10]: 3C2F10DE11: to=<ann@shop.example>, relay=mx.shop.example[192.0.2.80]:25, delay=1, delays=0/0/0.5/0.5, dsn=5.7.25, status=bounced (host mx.shop.example[192.0.2.80] said: 550 5.7.25 192.0.2.11 has no PTR record (in reply to RCPT TO command))
Nov 20 10:00:01 mx1 postfix/qmgr[9]: 3C2F10DE11: removed
`

// TestReadme runs every command of README.md. Those that ask the live DNS ask a
// server on loopback that serves the bundled zones.
func TestReadme(t *testing.T) {
	t.Chdir("../..")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/zones/*.zone")
	if err != nil {
		t.Fatal(err)
	}
	var zones []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, string(text))
	}
	srv := dnstest.Start(t, zones...)
	dir := t.TempDir()
	domains := filepath.Join(dir, "domains.txt")
	if err := os.WriteFile(domains, []byte("acme.example\ntidy.example\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	message := "From: info@acme.example\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@acme.example>\r\nSubject: hello\r\n\r\nhello\r\n"
	for name, text := range map[string]string{"message.eml": message, "bounce.eml": readmeBounce, "mail.log": readmeLog} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for _, line := range commands(string(readme)) {
		stdin, command := "", line
		if said, rest, ok := strings.Cut(line, " | "); ok {
			stdin, command = strings.Trim(strings.TrimPrefix(said, "echo "), "'")+"\n", rest
		}
		command = strings.TrimPrefix(command, "go run ./cmd/")
		args := words(command)
		if args[0] != "mailworthy" {
			if line != "go test ./..." {
				t.Errorf("README.md: %q is run by no test", line)
			}
			continue
		}
		args = args[1:]
		for i, a := range args {
			switch a {
			case "domains.txt", "rows.ndjson", "rows.state", "reports.ndjson", "report.html", "report.md", "message.eml", "bounce.eml", "mail.log":
				args[i] = filepath.Join(dir, a)
			}
		}
		if asksTheDNS(args) {
			args = append(args, "--resolver", srv.Addr())
		}
		var out, errs bytes.Buffer
		got := run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
		if want := readmeStatus[line]; got != want {
			t.Errorf("%s\nexit status %d, want %d\n%s%s", line, got, want, out.String(), errs.String())
		}
		// A list is summed up, unless that is not wanted; nothing else is said.
		summed := slices.Contains(args, "-f") && !slices.Contains(args, "never")
		if summed != strings.HasPrefix(errs.String(), "2 domains in ") || !summed && errs.Len() > 0 {
			t.Errorf("%s\nstandard error: %s", line, errs.String())
		}
		ran++
	}
	if ran < 10 {
		t.Errorf("only %d commands found in README.md", ran)
	}
	for _, name := range []string{"rows.ndjson", "reports.ndjson"} {
		if written, err := os.ReadFile(filepath.Join(dir, name)); err != nil || bytes.Count(written, []byte("\n")) != 2 {
			t.Errorf("%s: %v, %d lines, want 2", name, err, bytes.Count(written, []byte("\n")))
		}
	}
}

// words are the arguments of a command line; what stands in single quotes is one.
func words(command string) []string {
	var args []string
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			args = append(args, part)
			continue
		}
		args = append(args, strings.Fields(part)...)
	}
	return args
}

// commands are the lines of the shell blocks of a page.
func commands(page string) []string {
	var lines []string
	inside := false
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```sh"
		case inside && line != "":
			lines = append(lines, line)
		}
	}
	return lines
}

func asksTheDNS(args []string) bool {
	for _, a := range args {
		if a == "--offline" {
			return false
		}
	}
	return args[0] != "lint" && args[0] != "checks" && args[0] != "logs"
}
