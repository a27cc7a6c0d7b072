package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailworthy/dial"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// authority signs certificates for the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	a.cert, a.key = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "Test Root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a certificate for an hour around now unless the template says otherwise.
func (a *authority) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotBefore.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) leaf(t *testing.T, template *x509.Certificate) tls.Certificate {
	cert, key := a.sign(t, template)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

// world is a domain on loopback: its DNS and the host of its policy.
type world struct {
	dns  *dnstest.Server
	web  *Web
	hits *counter
}

// counter counts connections.
type counter struct {
	net.Listener
	n atomic.Int64
}

func (c *counter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

// policyWorld serves by the handler with the certificate. The zone is without its SOA.
func policyWorld(t *testing.T, roots *x509.CertPool, cert tls.Certificate, zone string, handler http.HandlerFunc) *world {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{hits: &counter{Listener: listener}}
	srv := &httptest.Server{Listener: w.hits, Config: &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	w.dns = dnstest.Start(t, "$ORIGIN acme.example.\n$TTL 60\n@ SOA ns host 1 7200 900 604800 60\n"+zone)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	w.web = &Web{Dialer: &dial.Dialer{AllowPrivate: true, Timeout: 20 * time.Second}, Roots: roots, Port: port}
	return w
}

// sts checks MTA-STS of the domain.
func (w *world) sts(t *testing.T, domain string) (*STSFacts, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := w.dns.Patient(-1)
	w.web.Dialer.Lookup = dial.Through(client)
	b := resolver.NewBatch(ctx, resolver.NewSession(client, 0))
	var f *STSFacts
	BeginSTS(b, w.web, domain, func(got *STSFacts) { f = got })
	b.Run()
	return f, notable(CheckSTS(f))
}

const (
	stsZone    = "_mta-sts TXT \"v=STSv1; id=1\"\nmta-sts A 127.0.0.1\n@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 127.0.0.1\nmx2 A 127.0.0.1\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:tls@acme.example\"\n"
	goodPolicy = "version: STSv1\nmode: enforce\nmx: mx1.acme.example\nmx: mx2.acme.example\nmax_age: 604800\n"
)

func text(policy string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != policyPath {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, policy)
	}
}

// TestSTSWorld: each record, policy, host and certificate that senders would not use has
// its finding; what did not answer is unknown.
func TestSTSWorld(t *testing.T) {
	root := newAuthority(t)
	host := []string{"mta-sts.acme.example"}
	good := root.leaf(t, &x509.Certificate{DNSNames: host})
	old := root.leaf(t, &x509.Certificate{DNSNames: host, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour)})
	other := root.leaf(t, &x509.Certificate{DNSNames: []string{"acme.example"}})
	common := root.leaf(t, &x509.Certificate{Subject: pkix.Name{CommonName: host[0]}})
	self := (&authority{}).leaf(t, &x509.Certificate{DNSNames: host})
	stranger := newAuthority(t).leaf(t, &x509.Certificate{DNSNames: host})

	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	typed := func(kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, goodPolicy)
		}
	}
	without := func(old, new string) string { return strings.ReplaceAll(stsZone, old, new) }
	policy := func(mode string, mx ...string) http.HandlerFunc {
		return text("version: STSv1\nmode: " + mode + "\nmax_age: 604800\nmx: " + strings.Join(mx, "\nmx: ") + "\n")
	}
	const record = "_mta-sts TXT \"v=STSv1; id=1\"\n"
	for _, tt := range []struct {
		name    string
		zone    string
		cert    tls.Certificate
		handler http.HandlerFunc
		want    string
		detail  string
	}{
		{"good", stsZone, good, text(goodPolicy), "", ""},
		{"wildcard", stsZone, good, policy("enforce", "*.acme.example"), "", ""},
		{"no record, no host", "@ MX 10 mx1\nmx1 A 127.0.0.1\n", good, text(goodPolicy), "mta-sts-missing notice", ""},
		{"no record", without(record, ""), good, text(goodPolicy), "mta-sts-policy-without-record warning", ""},
		{"no record, a web server", without(record, ""), good, status(404), "mta-sts-missing notice", ""},
		{"other text", without(record, "_mta-sts TXT \"v=spf1 -all\"\n"), good, status(404), "mta-sts-missing notice", ""},
		{"two records", stsZone + "_mta-sts TXT \"v=STSv1; id=2\"\n", good, text(goodPolicy), "mta-sts-multiple-records error", ""},
		{"foreign text beside", stsZone + "_mta-sts TXT \"hello\"\n", good, text(goodPolicy), "", ""},
		{"space before the semicolon", without(record, "_mta-sts TXT \"v=STSv1 ; id=1\"\n"), good, text(goodPolicy), "mta-sts-version-prefix warning", ""},
		{"version in another case", without(record, "_mta-sts TXT \"V=STSv1; id=1\"\n"), good, text(goodPolicy), "mta-sts-syntax error", ""},
		{"no id", without(record, "_mta-sts TXT \"v=STSv1;\"\n"), good, text(goodPolicy), "mta-sts-id-invalid error", ""},
		{"no host", without("mta-sts A 127.0.0.1\n", ""), good, text(goodPolicy), "mta-sts-host-missing error", ""},
		{"expired", stsZone, old, text(goodPolicy), "mta-sts-certificate error", "valid from"},
		{"another name", stsZone, other, text(goodPolicy), "mta-sts-certificate error", "it is for acme.example, not for mta-sts.acme.example"},
		{"common name alone", stsZone, common, text(goodPolicy), "mta-sts-certificate error", "common name"},
		{"self-signed", stsZone, self, text(goodPolicy), "mta-sts-certificate error", "self-signed"},
		{"unknown authority", stsZone, stranger, text(goodPolicy), "mta-sts-certificate error", "no authority that is trusted"},
		{"redirect", stsZone, good, http.RedirectHandler("https://mta-sts.acme.example/other", http.StatusMovedPermanently).ServeHTTP, "mta-sts-redirect error", ""},
		{"not modified", stsZone, good, status(304), "mta-sts-redirect error", "a redirect (status 304), which"},
		{"not found", stsZone, good, status(404), "mta-sts-http-status error", "status 404"},
		{"no content", stsZone, good, status(204), "mta-sts-http-status error", ""},
		{"server error", stsZone, good, status(503), "mta-sts-unresolved unknown", "status 503"},
		{"too many", stsZone, good, status(429), "mta-sts-unresolved unknown", ""},
		{"hangs up", stsZone, good, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		}, "mta-sts-unresolved unknown", ""},
		{"html", stsZone, good, typed("text/html"), "mta-sts-content-type warning", ""},
		{"no type", stsZone, good, typed("-"), "mta-sts-content-type warning", ""},
		{"too large", stsZone, good, text(goodPolicy + strings.Repeat("x", MaxPolicy)), "mta-sts-too-large error", ""},
		{"endless", stsZone, good, func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, "mta-sts-too-large error", ""},
		{"bad mode", stsZone, good, policy("Enforce", "mx1.acme.example"), "mta-sts-policy-mode error", ""},
		{"html page as policy", stsZone, good, text("<html>"), "mta-sts-record-without-policy error", "is a web page (HTML)"},
		{"the record as policy", stsZone, good, text("v=STSv1; id=20260101"), "mta-sts-record-without-policy error", "the text of the TXT record at _mta-sts"},
		{"an empty policy", stsZone, good, text(""), "mta-sts-record-without-policy error", "is an empty file"},
		{"equals signs", stsZone, good, text(strings.ReplaceAll(goodPolicy, ": ", "=")), "mta-sts-policy-lines error", "an equals sign stands for the colon"},
		{"one line", stsZone, good, text(strings.ReplaceAll(goodPolicy, "\n", "; ")), "mta-sts-policy-lines error", "each has a line of its own."},
		{"final dots", stsZone, good, policy("enforce", "mx1.acme.example.", "mx2.acme.example."), "mta-sts-mx-invalid critical", "it ends in a dot"},
		{"one final dot", stsZone, good, policy("enforce", "mx1.acme.example.", "mx2.acme.example"), "mta-sts-mx-invalid error", ""},
		{"two in a line", stsZone, good, policy("testing", "mx1.acme.example, mx2.acme.example"), "mta-sts-mx-invalid error, mta-sts-testing notice", "it has a"},
		{"no host covered", stsZone, good, policy("enforce", "mx.elsewhere.example"), "mta-sts-mx-not-covered critical, mta-sts-mx-unused notice", "any MX host"},
		{"first host not covered", stsZone, good, policy("enforce", "mx2.acme.example"), "mta-sts-mx-not-covered error", "mx1.acme.example"},
		{"backup not covered", stsZone, good, policy("enforce", "mx1.acme.example"), "mta-sts-backup-not-covered error", "mx2.acme.example"},
		{"testing, no host covered", stsZone, good, policy("testing", "mx.elsewhere.example"), "mta-sts-mx-not-covered warning, mta-sts-mx-unused notice, mta-sts-testing notice", ""},
		{"testing without reports", strings.Split(stsZone, "_smtp")[0], good, policy("testing", "*.acme.example"), "mta-sts-testing-unreported warning, mta-sts-testing notice", ""},
		{"withdrawn", stsZone, good, text("version: STSv1\nmode: none\nmax_age: 86400\n"), "mta-sts-mode-none notice", ""},
		{"a host without address", without("mx2 A 127.0.0.1\n", ""), good, policy("enforce", "mx1.acme.example"), "", ""},
		{"two labels below a wildcard", without("MX 10 mx1\n", "MX 10 a.mx1\na.mx1 A 127.0.0.1\n"), good, policy("enforce", "*.acme.example"), "mta-sts-mx-not-covered error", "a.mx1.acme.example"},
		{"no MX, an address", "@ A 127.0.0.1\n_mta-sts TXT \"v=STSv1; id=1\"\nmta-sts A 127.0.0.1\n", good, policy("enforce", "acme.example"), "", ""},
		{"null MX", "@ MX 0 .\n_mta-sts TXT \"v=STSv1; id=1\"\nmta-sts A 127.0.0.1\n", good, policy("enforce", "acme.example"), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := policyWorld(t, root.pool, tt.cert, tt.zone, tt.handler)
			f, got := w.sts(t, "acme.example")
			if got != tt.want {
				t.Errorf("%q, want %q (%+v)", got, tt.want, f.Fetch)
			}
			details := ""
			for _, found := range CheckSTS(f) {
				details += found.Detail + "\n"
			}
			if !strings.Contains(details, tt.detail) {
				t.Errorf("no %q in %s", tt.detail, details)
			}
			if f.Proposed != nil && !strings.Contains(*f.Proposed, "<") {
				if valid, _, findings := LintPolicy([]byte(*f.Proposed)); !valid {
					t.Errorf("%q is proposed: %s", *f.Proposed, notable(findings))
				}
				for _, h := range f.Exchanges.live() {
					if f.Policy.Mode != "none" && !ParsePolicy([]byte(*f.Proposed)).Matches(h.Name) {
						t.Errorf("%q is proposed and leaves %s out", *f.Proposed, h.Name)
					}
				}
			}
		})
	}
}

// TestSTSFaults: whatever question has no answer, nothing is said to be missing, and the
// finding is of severity unknown.
func TestSTSFaults(t *testing.T) {
	root := newAuthority(t)
	good := root.leaf(t, &x509.Certificate{DNSNames: []string{"mta-sts.acme.example"}})
	for _, kind := range []dnstest.Fault{{Kind: dnstest.Silence}, {Kind: dnstest.ServFail}, {Kind: dnstest.Refused}} {
		for _, q := range []struct {
			name string
			t    resolver.Type
			open bool
		}{
			{"_mta-sts.acme.example", resolver.TypeTXT, true}, {"mta-sts.acme.example", resolver.TypeA, true}, {"mta-sts.acme.example", resolver.TypeAAAA, false},
			{"acme.example", resolver.TypeMX, true}, {"mx1.acme.example", resolver.TypeA, false}, {"_smtp._tls.acme.example", resolver.TypeTXT, false},
		} {
			t.Run(fmt.Sprint(kind.Kind, " at ", q.name, " ", q.t), func(t *testing.T) {
				t.Parallel()
				w := policyWorld(t, root.pool, good, stsZone, text(goodPolicy))
				w.dns.Fault(q.name, q.t, kind)
				want := ""
				if q.open {
					want = "mta-sts-unresolved unknown"
				}
				if _, got := w.sts(t, "acme.example"); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			})
		}
	}
}

// TestSTSPrivate: without leave, nothing inside is connected to, whichever way a record
// leads there.
func TestSTSPrivate(t *testing.T) {
	root := newAuthority(t)
	good := root.leaf(t, &x509.Certificate{DNSNames: []string{"mta-sts.acme.example"}})
	for _, at := range []string{"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"} {
		kind := "A"
		if netip.MustParseAddr(at).Is6() {
			kind = "AAAA"
		}
		for _, zone := range []string{fmt.Sprintf("mta-sts %s %s\n", kind, at), fmt.Sprintf("mta-sts CNAME inside\ninside %s %s\n", kind, at)} {
			w := policyWorld(t, root.pool, good, strings.ReplaceAll(stsZone, "mta-sts A 127.0.0.1\n", "")+zone, text(goodPolicy))
			w.web.Dialer.AllowPrivate = false
			if f, got := w.sts(t, "acme.example"); got != "mta-sts-private-address error" || w.hits.n.Load() != 0 {
				t.Errorf("%s: %q, %d connections (%+v)", zone, got, w.hits.n.Load(), f.Fetch)
			}
		}
	}
}

// TestReporting: destinations that take no reports are named; what did not answer is
// unknown.
func TestReporting(t *testing.T) {
	const r = "_smtp._tls TXT "
	for _, tt := range []struct{ zone, fault, want string }{
		{r + "\"v=TLSRPTv1; rua=mailto:a@acme.example\"\n@ MX 10 mx\n", "", ""},
		{r + "\"v=TLSRPTv1; rua=mailto:a@acme.example; rua=https://web.acme.example/r\"\n@ A 192.0.2.1\nweb A 192.0.2.1\n", "", "tls-rpt-syntax notice"},
		{"", "", "tls-rpt-missing notice"},
		{"_mta-sts TXT \"v=STSv1; id=1\"\n", "", "tls-rpt-missing warning"},
		{r + "\"v=TLSRPTv1; rua=mailto:a@acme.example\"\n" + r + "\"v=TLSRPTv1; rua=mailto:b@acme.example\"\n", "", "tls-rpt-multiple-records error"},
		{r + "\"v=TLSRPTv1; rua=mailto:a@none.acme.example\"\n", "", "tls-rpt-host-cannot-receive error"},
		{r + "\"v=TLSRPTv1; rua=mailto:a@null.acme.example\"\nnull MX 0 .\n", "", "tls-rpt-host-cannot-receive error"},
		{r + "\"v=TLSRPTv1; rua=https://none.acme.example/\"\n", "", "tls-rpt-host-cannot-receive error"},
		{r + "\"v=TLSRPTv1; rua=a@acme.example\"\n", "", "tls-rpt-destination-invalid error"},
		{r + "\"v=tlsrptv1; rua=mailto:a@acme.example\"\n@ MX 10 mx\n", "", "tls-rpt-syntax error"},
		{r + "\"v=TLSRPTv1; rua=mailto:a@acme.example\"\n@ MX 10 mx\n", "_smtp._tls.acme.example TXT", "tls-rpt-unresolved unknown"},
		{r + "\"v=TLSRPTv1; rua=mailto:a@x.acme.example\"\nx MX 10 mx\n", "x.acme.example MX", "tls-rpt-unresolved unknown"},
		{r + "\"v=TLSRPTv1; rua=https://x.acme.example/\"\nx A 192.0.2.1\n", "x.acme.example A", "tls-rpt-unresolved unknown"},
	} {
		srv := dnstest.Start(t, "$ORIGIN acme.example.\n$TTL 60\n@ SOA ns host 1 7200 900 604800 60\n"+tt.zone)
		if name, kind, ok := strings.Cut(tt.fault, " "); ok {
			types := map[string]resolver.Type{"TXT": resolver.TypeTXT, "MX": resolver.TypeMX, "A": resolver.TypeA}
			srv.Fault(name, types[kind], dnstest.Fault{Kind: dnstest.ServFail})
		}
		client := srv.Client(resolver.Config{Timeout: 10 * time.Second, Retries: -1})
		b := resolver.NewBatch(context.Background(), resolver.NewSession(client, 0))
		BeginReporting(b, "acme.example", func(f *ReportingFacts) {
			if got := notable(CheckReporting(f)); got != tt.want {
				t.Errorf("%s (%s): %q, want %q", tt.zone, tt.fault, got, tt.want)
			}
		})
		b.Run()
		client.Close()
	}
}
