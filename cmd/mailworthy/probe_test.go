package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/peertest"
)

// localhostCertificate is a certificate for localhost that signs itself, and the file of it
// for --tls-ca.
func localhostCertificate(t *testing.T) (cert tls.Certificate, roots string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	roots = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, roots
}

// submission is a server with TLS from the first byte at localhost that refuses every
// login and repeats in its answer what it was sent. It returns its address and the file of
// its certificate.
func submission(t *testing.T) (address, roots string) {
	t.Helper()
	cert, roots := localhostCertificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	peertest.Serve(t, l, func(conn net.Conn) {
		_, _ = conn.Write([]byte("220 localhost ESMTP \x1b[31mred\x1b[0m <script>alert(1)</script>\r\n"))
		r := bufio.NewReader(conn)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimRight(line, "\r\n")
			text := "250 ok\r\n"
			switch {
			case strings.HasPrefix(line, "EHLO"):
				text = "250-localhost\r\n250-SIZE\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n"
			case strings.HasPrefix(line, "AUTH PLAIN "):
				decoded, _ := base64.StdEncoding.DecodeString(line[len("AUTH PLAIN "):])
				text = "535 5.7.8 bad: " + line + " is " + strings.ReplaceAll(string(decoded), "\x00", "/") + "\r\n"
			case line == "QUIT":
				text = "221 bye\r\n"
			}
			if _, err := conn.Write([]byte(text)); err != nil || line == "QUIT" {
				return
			}
		}
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port, roots
}

// TestProbeKeepsThePassword: whatever the way that the password came, and though the
// server repeats it, no output has it, nor what it was sent as; and nothing that the
// server says reaches a terminal or a page as it is.
func TestProbeKeepsThePassword(t *testing.T) {
	const password = "hunter2-Secret"
	sent := base64.StdEncoding.EncodeToString([]byte("\x00apikey\x00" + password))
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address, roots := submission(t)
	probe := func(t *testing.T, in string, args ...string) (int, string) {
		var out, errs bytes.Buffer
		args = append([]string{"probe", address, "--tls", "implicit", "--tls-ca", roots, "--login", "apikey"}, args...)
		status := run(context.Background(), args, strings.NewReader(in), &out, &errs)
		all := out.String() + errs.String()
		for _, secret := range []string{password, sent, base64.StdEncoding.EncodeToString([]byte(password))} {
			if strings.Contains(all, secret) {
				t.Errorf("the output has %q: %s", secret, all)
			}
		}
		if strings.Contains(all, "\x1b") || strings.Contains(all, "<html") && strings.Contains(all, "<script>alert") {
			t.Errorf("the banner came through: %q", all)
		}
		return status, all
	}
	for _, format := range []string{"table", "json", "markdown", "html", "nagios", "prometheus"} {
		status, out := probe(t, "", "--password-file", file, "-v", "--log-format", "json", "--format", format, "--provider", "sendgrid")
		want := 1
		if format == "nagios" {
			want = 2
		}
		if status != want {
			t.Errorf("%s: status %d, want %d: %s", format, status, want, out)
		}
		if format != "prometheus" && !strings.Contains(out, "smtp-login-refused") {
			t.Errorf("%s has no smtp-login-refused: %s", format, out)
		}
		if format == "table" && !strings.Contains(out, "SendGrid's user name") {
			t.Errorf("nothing of SendGrid: %s", out)
		}
	}
	if status, out := probe(t, password+"\n"); status != 1 || !strings.Contains(out, "password of apikey: ") {
		t.Errorf("by standard input: %d, %s", status, out)
	}
	t.Setenv(passwordVariable, password)
	if status, out := probe(t, ""); status != 1 {
		t.Errorf("by the environment: %d, %s", status, out)
	}
}

// TestProbeVersions: --tls-versions shows what is accepted and what is not, in each form.
func TestProbeVersions(t *testing.T) {
	address, roots := submission(t) // crypto/tls has 1.2 and 1.3 unless it is told otherwise
	for format, want := range map[string]string{"table": "TLS versions +✔ 1.3 accepted +✔ 1.2 accepted +1.1 refused +1.0 refused",
		"json": `"version": "1.0",\s+"accepted": false,\s+"outcome": "tls-failed"`, "prometheus": `mailworthy_probe_tls_version_accepted{.*version="1.1"} 0`} {
		var out, errs bytes.Buffer
		status := run(context.Background(), []string{"probe", address, "--tls", "implicit", "--tls-ca", roots, "--tls-versions", "--format", format}, strings.NewReader(""), &out, &errs)
		if status != 0 || !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s: status %d, %s%s", format, status, out.String(), errs.String())
		}
	}
}
