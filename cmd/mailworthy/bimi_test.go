package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/bimi/bimitest"
	"mailworthy/internal/dnstest"
)

// logoHost serves files at logo.acme.example on loopback. It returns the port and the file of
// its certificate.
func logoHost(t *testing.T, files map[string][]byte) (port, roots string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"logo.acme.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	roots = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(body)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	_, port, _ = net.SplitHostPort(srv.Listener.Addr().String())
	return port, roots
}

// TestBIMI: the command fetches and judges logo and certificate, says the same in each
// format, and takes mark roots from a file; in an audit none of it decides the verdict.
func TestBIMI(t *testing.T) {
	now := time.Now()
	marks := bimitest.NewAuthority(t, now)
	logo := []byte(bimitest.Logo)
	hostile := strings.Replace(bimitest.Logo, "<title>Acme</title>", "<title>\x1b[31m&lt;script&gt;alert(1)&lt;/script&gt;</title><b onclick='x'/>", 1)
	port, roots := logoHost(t, map[string][]byte{"/good.svg": logo, "/bad.svg": []byte(strings.ReplaceAll(hostile, "\x1b", "|")),
		"/mark.pem": bimitest.PEM(marks.Sign(t, bimitest.Mark(now, "acme.example", logo)), marks.Between)})
	root := filepath.Join(t.TempDir(), "marks.pem")
	if err := os.WriteFile(root, bimitest.PEM(marks.Root), 0o600); err != nil {
		t.Fatal(err)
	}
	at := "https://logo.acme.example:" + port
	dns := dnstest.Start(t, fmt.Sprintf(`
		$ORIGIN .
		$TTL 60
		. SOA ns h 1 1 1 1 60
		. NS ns.example.
		example. SOA ns h 1 1 1 1 60
		acme.example. SOA ns.example. h.example. 1 1 1 1 60
		acme.example. NS ns.example.
		acme.example. MX 10 mx.acme.example.
		mx.acme.example. A 11.0.0.1
		acme.example. TXT "v=spf1 mx -all"
		_dmarc.acme.example. TXT "v=DMARC1; p=reject; rua=mailto:r@acme.example"
		logo.acme.example. A 127.0.0.1
		default._bimi.acme.example. TXT "v=BIMI1; l=%[1]s/good.svg; a=%[1]s/mark.pem"
		bad._bimi.acme.example. TXT "v=BIMI1; l=%[1]s/bad.svg; a=%[1]s/mark.pem"
		gone._bimi.acme.example. TXT "v=BIMI1; l=%[1]s/gone.svg; a="
	`, at))
	check := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		status := run(context.Background(), append(args, "--resolver", dns.Addr(), "--tls-ca", roots), strings.NewReader(""), &out, &errs)
		return status, out.String() + errs.String()
	}
	for _, tt := range []struct {
		args   string
		status int
		want   []string
	}{
		{"bimi check acme.example --allow-private --mark-roots " + root, 0, []string{"BIMI", "VMC, Acme Ltd, from Test Mark Issuer", "Gmail", "yes, if it trusts the sender", "bytes, Acme"}},
		{"bimi check acme.example --allow-private", 1, []string{"bimi-certificate-untrusted", "no: the certificate has faults"}},
		{"bimi check acme.example --allow-private --fail-on never", 0, []string{"bimi-certificate-untrusted"}},
		{"bimi check acme.example", 1, []string{"bimi-private-address", "a loopback address"}},
		{"bimi check acme.example --allow-private --selector bad --mark-roots " + root, 1, []string{"bimi-logo-profile", "bimi-logo-unsafe", "bimi-logo-mismatch"}},
		{"bimi check acme.example --allow-private --selector bad --format markdown", 1, []string{"bimi-logo-unsafe"}},
		{"bimi check acme.example --allow-private --selector bad --format html", 1, []string{"bimi-logo-unsafe"}},
		{"bimi check acme.example --allow-private --selector gone", 1, []string{"bimi-http-status", "status 404"}},
		{"bimi check acme.example --selector none", 0, []string{"bimi-record-missing"}},
		{"bimi check acme.example --selector a..b", 2, []string{"is not a selector", "hint:"}},
		{"bimi check acme.example --mark-roots " + os.DevNull, 2, []string{"no certificate in PEM form"}},
		{"bimi check acme.example --mark-roots " + root + ".gone", 2, []string{"--mark-roots"}},
		{"audit acme.example --only transport --trust-ad --allow-private --unknown ok", 0, []string{"bimi-certificate-untrusted"}},
	} {
		status, out := check(strings.Fields(tt.args)...)
		if status != tt.status {
			t.Errorf("%s: status %d, want %d: %s", tt.args, status, tt.status, out)
		}
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", tt.args, want, out)
			}
		}
		if strings.Contains(tt.args, "html") && strings.Contains(out, "<script>alert") {
			t.Errorf("%s: the title came through: %s", tt.args, out)
		}
	}
	var got struct {
		Schema string `json:"schema"`
		BIMI   struct {
			From     string `json:"from"`
			Logo     struct{ Title string }
			Evidence struct {
				Mark string
			}
			Receivers []struct{ Receiver, Shows string }
		} `json:"bimi"`
		Findings []struct{ Check, Severity string }
	}
	if _, out := check("bimi", "check", "acme.example", "--allow-private", "--mark-roots", root, "--format", "json"); json.Unmarshal([]byte(out), &got) != nil {
		t.Fatal(out)
	}
	if got.Schema != "mailworthy/bimi/1" || got.BIMI.From != "default._bimi.acme.example" || got.BIMI.Logo.Title != "Acme" || got.BIMI.Evidence.Mark != "VMC" || len(got.BIMI.Receivers) != 4 || got.BIMI.Receivers[1].Shows != "present" {
		t.Errorf("%+v", got)
	}
	// The verdict is about mail: what is wrong with the logo leaves it as it is.
	verdict := func(args ...string) string {
		_, out := check(append([]string{"audit", "acme.example", "--skip", "rbl", "--trust-ad", "--format", "json"}, args...)...)
		var r struct{ Verdict string }
		if json.Unmarshal([]byte(out), &r) != nil {
			t.Fatal(out)
		}
		return r.Verdict
	}
	if with, without := verdict("--allow-private"), verdict("--allow-private", "--transport=false"); with != without {
		t.Errorf("the verdict with a logo that nobody trusts is %s, without the section %s", with, without)
	}
}
