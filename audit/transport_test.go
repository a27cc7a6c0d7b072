package audit

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// secured is a domain with all that transport security has, on loopback.
const secured = `
	$ORIGIN .
	$TTL 60
	. SOA ns host 1 7200 900 604800 60
	. NS ns.example.
	example. SOA ns host 1 7200 900 604800 60
	example. NS ns.example.
	$ORIGIN safe.example.
	@ SOA ns host 1 7200 900 604800 60
	@ NS ns
	ns A 192.0.2.1
	@ MX 10 mx
	mx A 192.0.2.10
	_25._tcp.mx TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	@ TXT "v=spf1 mx -all"
	_dmarc TXT "v=DMARC1; p=reject; rua=mailto:r@safe.example"
	mta-sts A 127.0.0.1
	_mta-sts TXT "v=STSv1; id=20261128"
	_smtp._tls TXT "v=TLSRPTv1; rua=mailto:r@safe.example"
	default._bimi TXT "v=BIMI1; l=; a="
`

const securedPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx.safe.example\r\nmax_age: 604800\r\n"

// policyHost serves a policy for mta-sts.safe.example and counts how often.
func policyHost(t testing.TB, policy func() string) (*transport.Web, *atomic.Int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mta-sts.safe.example"}, DNSNames: []string{"mta-sts.safe.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	var hits atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: listener, TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		Config: &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			hits.Add(1)
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, policy())
		})}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return &transport.Web{Dialer: &dial.Dialer{AllowPrivate: true, Timeout: 5 * time.Second}, Roots: pool, Port: port, Shared: transport.NewFetches(4)}, &hits
}

// overTransport audits transport security alone.
func overTransport(r resolver.Resolver, web *transport.Web) *Result {
	if web != nil && web.Dialer.Lookup == nil {
		web.Dialer.Lookup = dial.Through(r)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return Run(ctx, r, Target{Domain: "safe.example", Sections: []finding.Section{finding.Transport}},
		Options{Transport: transport.Tools{Web: web}})
}

// TestTransport: what a domain with all of it has is found good, and an audit that does
// not ask for the section asks nothing for it.
func TestTransport(t *testing.T) {
	srv := dnstest.Start(t, secured)
	srv.AuthenticData(true)
	client := srv.Client(resolver.Config{})
	defer client.Close()
	web, hits := policyHost(t, func() string { return securedPolicy })
	r := overTransport(client, web)
	if bad := worseThanUnknown(r); len(bad) > 0 || unknowns(r) > 0 || r.Transport.STS.Policy == nil || !r.Transport.DNSSEC.Validates || len(r.Transport.DNSSEC.Hosts[0].Records) != 1 {
		t.Errorf("%v, %d unknown, %+v", bad, unknowns(r), r.Transport.STS.Fetch)
	}
	for _, check := range []string{"mta-sts-missing", "mta-sts-mx-not-covered", "tls-rpt-missing", "dnssec-bogus", "dane-mx-insecure", "dane-lookup-failed"} {
		if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
			return f.Check == check && f.Severity == finding.Pass && f.Section == finding.Transport
		}) {
			t.Errorf("%s is no pass", check)
		}
	}
	overTransport(client, web)
	if hits.Load() != 1 {
		t.Errorf("the policy was fetched %d times for two audits of one run", hits.Load())
	}
	srv.Reset()
	plain := Run(context.Background(), client, Target{Domain: "safe.example"}, Options{})
	for _, q := range srv.Log() {
		if strings.HasPrefix(q.Name, "_mta-sts.") || strings.HasPrefix(q.Name, "mta-sts.") || strings.HasPrefix(q.Name, "_smtp.") || strings.HasPrefix(q.Name, "_25.") || strings.Contains(q.Name, "._bimi.") ||
			q.Type == resolver.TypeRRSIG || q.Type == resolver.TypeNSEC3PARAM || q.Type == resolver.TypeDS || q.Type == resolver.TypeDNSKEY {
			t.Errorf("an audit without the section asks %s %s", q.Name, q.Type)
		}
	}
	if plain.Transport != nil {
		t.Error("facts of what was not asked")
	}
}

// TestTransportFaults spoils every single question of transport security in every way, and
// the fetch as well: nothing becomes worse than unknown, least of all "missing".
func TestTransportFaults(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some hundred audits over loopback")
	}
	ask := func(srv *dnstest.Server, patience time.Duration, web *transport.Web) *Result {
		srv.AuthenticData(true)
		client := srv.Client(resolver.Config{Timeout: patience, Retries: 1})
		defer client.Close()
		if web != nil {
			own := *web
			own.Shared = nil
			own.Dialer = &dial.Dialer{AllowPrivate: true, Timeout: 5 * time.Second, Lookup: dial.Through(client)}
			web = &own
		}
		return overTransport(client, web)
	}
	web, _ := policyHost(t, func() string { return securedPolicy })
	baseline := ask(dnstest.Start(t, secured), 10*time.Second, web)
	if bad := worseThanUnknown(baseline); len(bad) > 0 || unknowns(baseline) > 0 {
		t.Fatal(bad)
	}
	names := map[string]bool{}
	var g errgroup.Group
	g.SetLimit(16) // nearly all of it is waiting
	for _, q := range baseline.Trace {
		names[q.Name+" "+q.Type.String()] = true
		for _, f := range faults {
			g.Go(func() error {
				srv := dnstest.Start(t, secured)
				defer srv.Close()
				for _, fault := range f.fault {
					srv.Fault(q.Name, q.Type, fault)
				}
				r := ask(srv, 60*time.Millisecond, web)
				for _, bad := range worseThanUnknown(r) {
					t.Errorf("%s %s, %s: %s", q.Name, q.Type, f.name, bad)
				}
				// Whether a host has an IPv6 address as well, what DNSSEC has at the parent, and
				// what is no question of transport security, decides nothing by itself.
				decides := q.Type != resolver.TypeAAAA && q.Type != resolver.TypeDS && q.Type != resolver.TypeDNSKEY && q.Name != "." &&
					(q.Name != "safe.example" || q.Type == resolver.TypeMX)
				if decides && !f.recovers && unknowns(r) == 0 {
					t.Errorf("%s %s, %s: nothing is unknown", q.Name, q.Type, f.name)
				}
				return nil
			})
		}
	}
	_ = g.Wait()
	for _, q := range []string{"_mta-sts.safe.example TXT", "mta-sts.safe.example A", "_smtp._tls.safe.example TXT", "_25._tcp.mx.safe.example TLSA", "safe.example DNSKEY", "safe.example RRSIG",
		"safe.example NSEC3PARAM", "default._bimi.safe.example TXT", ". SOA"} {
		if !names[q] {
			t.Errorf("%s was not asked: the matrix has a hole (%v)", q, names)
		}
	}
	gone := *web
	gone.Port = "1"
	r := ask(dnstest.Start(t, secured), 10*time.Second, &gone)
	if bad := worseThanUnknown(r); len(bad) > 0 || unknowns(r) != 1 {
		t.Errorf("nobody serves the policy: %v, %d unknown", bad, unknowns(r))
	}
	// Without AD nothing is said of DNSSEC, once, and the verdict does not hang on it.
	srv := dnstest.Start(t, secured)
	client := srv.Client(resolver.Config{Timeout: 10 * time.Second})
	defer client.Close()
	plain := *web
	plain.Shared, plain.Dialer = nil, &dial.Dialer{AllowPrivate: true, Timeout: 5 * time.Second, Lookup: dial.Through(client)}
	r = overTransport(client, &plain)
	i := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Severity == finding.Unknown })
	if bad := worseThanUnknown(r); len(bad) > 0 || unknowns(r) != 1 || r.Findings[i].Check != "dnssec-unresolved" || r.Findings[i].CouldBe != "" {
		t.Errorf("%v, %d unknown", bad, unknowns(r))
	}
}

// validated answers as a resolver on this machine that has validated all of it.
type validated struct{ resolver.Resolver }

func (v validated) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := v.Resolver.Lookup(ctx, name, t)
	if err != nil {
		return nil, err
	}
	signed := *a
	signed.AuthenticData, signed.Server = true, "udp://127.0.0.1:53"
	return &signed, nil
}

// TestTransportChain: an audit of a domain that has all of transport security, of signed
// zones, takes no more than 1.15 times its longest chain of questions, 20 ms each, which is
// that of its mail hosts without the section. The files are fetched before: their host is
// known after one round, and three are left for connection, TLS and HTTP.
func TestTransportChain(t *testing.T) {
	zone := strings.Replace(secured, "l=; a=", "l=https://mta-sts.safe.example/logo.svg; a=https://mta-sts.safe.example/mark.pem", 1) + `
	10.2.0.192.in-addr.arpa. PTR mx.safe.example.
	arpa. SOA ns.example. host.example. 1 7200 900 604800 60
	`
	web, hits := policyHost(t, func() string { return securedPolicy })
	r := validated{resolver.NewOverlay(nil, dnstest.Parse(t, zone))}
	if first := overTransport(r, web); first.Transport.STS.Policy == nil || first.Transport.BIMI.Logo == nil || first.Transport.DNSSEC.RRSIG == nil || hits.Load() != 3 {
		t.Fatalf("%d fetches: %+v", hits.Load(), first.Transport)
	}
	const trip = 20 * time.Millisecond
	took := func(sections []finding.Section) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			started := time.Now()
			Run(t.Context(), slow{r, trip}, Target{Domain: "safe.example", Sections: sections}, Options{Transport: transport.Tools{Web: web}})
			took = time.Since(started)
		})
		return took
	}
	with, without := took(append(slices.Clone(finding.Audited), finding.Transport)), took(nil)
	if ratio := float64(with) / float64(without); ratio > 1.15 || without < 3*trip {
		t.Errorf("%s with transport security, %s without: %.2f", with, without, ratio)
	} else {
		t.Logf("%s with transport security, %s without: %.2f", with, without, ratio)
	}
	if hits.Load() != 3 {
		t.Errorf("%d fetches by three audits of one run", hits.Load())
	}
}

// TestTransportRounds: with transport security an audit takes no round more, and as its
// questions are asked beside the others, no longer.
func TestTransportRounds(t *testing.T) {
	r := world(t)
	sections := append(slices.Clone(finding.Audited), finding.Transport)
	for _, domain := range []string{"tidy.example", "acme.example", "parked.example"} {
		without, with := rounds(t, r, Target{Domain: domain}), rounds(t, r, Target{Domain: domain, Sections: sections})
		if with > without {
			t.Errorf("%s: %d rounds, and %d with transport security", domain, without, with)
		}
	}
}
