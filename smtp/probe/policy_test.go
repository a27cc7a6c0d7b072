package probe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// between is an authority below a root, and a certificate that it issued: the server sends
// the certificate and that of the authority.
func between(t *testing.T, root *authority, name string) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Test Intermediate"}, NotBefore: now.AddDate(-1, 0, 0),
		NotAfter: now.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, root.cert, &key.PublicKey, root.key)
	if err != nil {
		t.Fatal(err)
	}
	middle := &authority{key: key}
	if middle.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	leaf := middle.issue(t, name, now.AddDate(1, 0, 0))
	leaf.Certificate = append(leaf.Certificate, raw)
	return leaf, middle.cert
}

// TestDANE: the records of the host against the chain that the server sends, through a
// resolver that validates and through one that does not.
func TestDANE(t *testing.T) {
	root := newAuthority(t)
	chain, middle := between(t, root, "mx.acme.example")
	wrong, wrongMiddle := between(t, root, "other.example")
	expired := root.issue(t, "mx.acme.example", now.AddDate(0, 0, -1))
	leaf := func(c tls.Certificate) *x509.Certificate {
		parsed, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	key := func(c *x509.Certificate) string {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		return hex.EncodeToString(sum[:])
	}
	full := func(c *x509.Certificate) string {
		sum := sha512.Sum512(c.Raw)
		return hex.EncodeToString(sum[:])
	}
	none := strings.Repeat("00", 32)
	for _, tt := range []struct {
		name      string
		cert      *tls.Certificate
		records   []string
		ad        bool
		want, add string
	}{
		{"3 1 1", &chain, []string{"3 1 1 " + key(leaf(chain))}, true, PolicyMatch, ""},
		{"3 0 2", &chain, []string{"3 0 2 " + full(leaf(chain))}, true, PolicyMatch, ""},
		{"3 1 0", &chain, []string{"3 1 0 " + hex.EncodeToString(leaf(chain).RawSubjectPublicKeyInfo)}, true, PolicyMatch, ""},
		{"one of two", &chain, []string{"3 1 1 " + none, "3 1 1 " + key(leaf(chain))}, true, PolicyMatch, ""},
		{"3 1 1, expired and for another name", &expired, []string{"3 1 1 " + key(leaf(expired))}, true, PolicyMatch, ""},
		{"2 1 1", &chain, []string{"2 1 1 " + key(middle)}, true, PolicyMatch, ""},
		{"2 0 0 of the root that is not sent", &chain, []string{"2 0 0 " + hex.EncodeToString(root.cert.Raw)}, true, PolicyMatch, ""},
		{"2 1 1 of the root that is not sent", &chain, []string{"2 1 1 " + key(root.cert)}, true, PolicyMismatch, "smtp-dane-mismatch=error"},
		{"2 1 1, another name", &wrong, []string{"2 1 1 " + key(wrongMiddle)}, true, PolicyMismatch, "smtp-dane-mismatch=error"},
		{"2 1 1, expired", &expired, []string{"2 1 1 " + key(root.cert)}, true, PolicyMismatch, "smtp-dane-mismatch=error"},
		{"another key", &chain, []string{"3 1 1 " + none}, true, PolicyMismatch, "smtp-dane-mismatch=error"},
		{"no STARTTLS", nil, []string{"3 1 1 " + none}, true, PolicyMismatch, "smtp-starttls-missing=error"},
		{"the other selector", &chain, []string{"3 0 1 " + key(leaf(chain))}, true, PolicyMismatch, "smtp-dane-mismatch=error"},
		{"not validated, matches", &chain, []string{"3 1 1 " + key(leaf(chain))}, false, PolicyUnknown, ""},
		{"not validated, another key", &chain, []string{"3 1 1 " + none}, false, PolicyUnknown, "smtp-unresolved=unknown"},
		{"no record", &chain, nil, true, PolicyNone, ""},
		{"no record, not validated", &chain, nil, false, PolicyNone, ""},
		{"usage 1", &chain, []string{"1 1 1 " + none}, true, PolicyUnusable, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := map[string]string{"TLS:EHLO": "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"}
			if tt.cert == nil {
				answers["EHLO"] = "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
			}
			s := listen(t, script{cert: tt.cert, answers: answers}.serve)
			text := "$TTL 300\nacme.example. SOA . . 1 1 1 1 1\nacme.example. MX 10 mx.acme.example.\nmx.acme.example. A 127.0.0.1\n"
			for _, r := range tt.records {
				text += "_25._tcp.mx.acme.example. TLSA " + r + "\n"
			}
			dns := dnstest.Start(t, text)
			dns.AuthenticData(tt.ad)
			r := run(t, "acme.example", Options{Roots: root.pool, Ports: []uint16{s.port}, Resolver: dns.Client(resolver.Config{}), Validator: &transport.Validator{},
				Dialer: &dial.Dialer{AllowPrivate: true, MaxPerAddr: 1, MaxRead: MaxRead}})
			e := &r.Targets[0].Endpoints[0]
			if e.DANE == nil || *e.DANE != tt.want || e.MTASTS == nil || *e.MTASTS != PolicyNone {
				t.Fatalf("the verdicts are %v %v, want %s; %+v", e.DANE, e.MTASTS, tt.want, e.Steps)
			}
			var of []string
			for _, f := range r.Targets[0].Findings {
				if (f.Check == "smtp-dane-mismatch" || f.Check == "smtp-starttls-missing") && f.Severity != finding.Pass || f.Severity == finding.Unknown {
					of = append(of, f.Check+"="+string(f.Severity))
				}
			}
			if got := strings.Join(of, " "); got != tt.add {
				t.Errorf("found %q, want %q", got, tt.add)
			}
		})
	}
	// Without a domain there is nothing to compare with.
	s := listen(t, script{cert: &chain}.serve)
	if e := &run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: root.pool, Validator: &transport.Validator{}}).Targets[0].Endpoints[0]; e.DANE != nil || e.MTASTS != nil {
		t.Errorf("of a host: %v %v", e.DANE, e.MTASTS)
	}
}

// A record that does not match says why, if that can be told.
func TestNotOf(t *testing.T) {
	cert, _ := between(t, newAuthority(t), "mx.acme.example")
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := func(raw []byte) string {
		s := sha256.Sum256(raw)
		return hex.EncodeToString(s[:])
	}
	long := sha512.Sum512(leaf.RawSubjectPublicKeyInfo)
	for _, tt := range []struct{ record, want string }{
		{"3 1 1 " + sum(leaf.RawSubjectPublicKeyInfo), ""},
		{"3 0 1 " + sum(leaf.RawSubjectPublicKeyInfo), "its digest is that of the server's key, which is 3 1 1, and the record says 3 0 1"},
		{"3 1 1 " + sum(leaf.Raw), "its digest is that of the server's certificate, which is 3 0 1, and the record says 3 1 1"},
		{"3 0 2 " + hex.EncodeToString(long[:]), "its digest is that of the server's key, which is 3 1 2, and the record says 3 0 2"},
		{"3 0 1 " + sum(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})), "its digest is that of the PEM file of the server's certificate; the digest of its DER form is wanted"},
		{"3 1 1 " + sum(nil), "its digest is that of an empty input: the command that should have read the certificate read nothing"},
		{"3 1 1 " + strings.Repeat("ab", 32), "it is not the key of the server"},
		{"3 0 1 " + strings.Repeat("ab", 32), "it is not the certificate of the server"},
	} {
		record, err := transport.ParseTLSA(tt.record)
		if err != nil {
			t.Fatal(err)
		}
		if got := matches(record, []*x509.Certificate{leaf}, "mx.acme.example", "acme.example", leaf.NotBefore); got != tt.want {
			t.Errorf("%.12s: %s, want %s", tt.record, got, tt.want)
		}
	}
}

// TestDANEObeyed: a mismatch is one only if it is known that senders obey the records, and
// which name they ask for and expect.
func TestDANEObeyed(t *testing.T) {
	root := newAuthority(t)
	cert, middle := between(t, root, "real.example")
	var chain []*x509.Certificate
	for _, raw := range cert.Certificate {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	sum := sha256.Sum256(middle.RawSubjectPublicKeyInfo)
	there := transport.Signed{State: transport.Present, Security: transport.Secure}
	unanswered := transport.Signed{State: transport.Unknown, Security: transport.Undetermined}
	const mx, real = "mx.acme.example", "real.example"
	for _, tt := range []struct {
		name, base, data string
		change           func(*transport.DNSSECFacts)
		want, unknown    string
	}{
		{"name of the aliases' end", real, hex.EncodeToString(sum[:]), nil, PolicyMatch, ""},
		{"name of the host alone", mx, hex.EncodeToString(sum[:]), nil, PolicyMismatch, ""},
		{"another key", mx, "00", nil, PolicyMismatch, ""},
		{"another key, and senders ask for another name", real, "00", nil, PolicyUnknown, "asked for that of " + mx},
		{"an address without an answer", mx, "00", func(f *transport.DNSSECFacts) {
			f.Hosts[0].A.Security, f.Hosts[0].AAAA = transport.Insecure, unanswered
		}, PolicyUnknown, "not answered"},
		{"no signed address", mx, "00", func(f *transport.DNSSECFacts) { f.Hosts[0].A.Security = transport.Insecure }, PolicyInsecure, ""},
		{"no answer about the MX", mx, "00", func(f *transport.DNSSECFacts) { f.MX = unanswered }, PolicyUnknown, "the MX of the domain"},
		{"no signed MX", mx, "00", func(f *transport.DNSSECFacts) { f.MX.Security = transport.Insecure }, PolicyInsecure, ""},
		{"no signed TLSA", mx, "00", func(f *transport.DNSSECFacts) { f.Hosts[0].TLSA.Security = transport.Insecure }, PolicyInsecure, ""},
		{"another host", mx, "00", func(f *transport.DNSSECFacts) { f.Hosts[0].Name = real }, PolicyUnknown, ""},
	} {
		absent := transport.Signed{State: transport.Absent, Security: transport.Secure}
		f := &transport.DNSSECFacts{Domain: "acme.example", Validates: true, MX: there, Hosts: []transport.SignedHost{{Name: mx, Base: tt.base, A: there, AAAA: absent, TLSA: there,
			Records: []transport.TLSA{{Usage: 2, Selector: 1, Matching: 1, Data: tt.data}}}}}
		if tt.change != nil {
			tt.change(f)
		}
		e := &Endpoint{Host: mx, chain: chain, TLS: &TLS{}, Steps: []Step{{Step: StepEHLO, Outcome: OK}}}
		got, why, unknown := (&demands{dnssec: f}).dane(e, now)
		if got != tt.want || (why == "") != (got != PolicyMismatch && tt.unknown == "") || !strings.Contains(unknown, tt.unknown) || (unknown == "") != (tt.unknown == "") {
			t.Errorf("%s: %s (%s; %s), want %s (%s)", tt.name, got, why, unknown, tt.want, tt.unknown)
		}
	}
}

// TestMTASTS: the policy against what the host showed.
func TestMTASTS(t *testing.T) {
	yes, no := true, false
	good := Endpoint{Host: "mx.acme.example", Port: 25, led: true, Certificate: &Certificate{Verified: &yes}, TLS: &TLS{}, Steps: []Step{{Step: StepEHLO, Outcome: OK}}}
	with := func(change func(*Endpoint)) *Endpoint {
		e := good
		change(&e)
		return &e
	}
	policy := func(mode string) *transport.Policy {
		return transport.ParsePolicy([]byte("version: STSv1\nmode: " + mode + "\nmx: *.acme.example\nmax_age: 86400\n"))
	}
	facts := func(mode string) *transport.STSFacts {
		return &transport.STSFacts{Record: transport.Texts{State: transport.Present}, ID: "1", Policy: policy(mode)}
	}
	for _, tt := range []struct {
		name  string
		e     *Endpoint
		facts *transport.STSFacts
		want  string
		found string
	}{
		{"match", &good, facts("enforce"), PolicyMatch, ""},
		{"certificate", with(func(e *Endpoint) { e.Certificate = &Certificate{Verified: &no, Reasons: []string{"it expired"}} }), facts("enforce"), PolicyMismatch, "smtp-sts-certificate=error"},
		{"certificate, testing", with(func(e *Endpoint) { e.Certificate = &Certificate{Verified: &no, Reasons: []string{"it expired"}} }), facts("testing"), PolicyMismatch, "smtp-sts-certificate=warning"},
		{"no STARTTLS", with(func(e *Endpoint) { e.TLS, e.Certificate, e.EHLO = nil, nil, []string{"SIZE"} }), facts("enforce"), PolicyMismatch, "smtp-sts-certificate=error"},
		{"not covered", with(func(e *Endpoint) { e.Host = "mx.other.example" }), facts("enforce"), PolicyMismatch, "smtp-sts-certificate=error"},
		{"a handshake that failed", with(func(e *Endpoint) { e.TLS, e.Certificate, e.EHLO = nil, nil, []string{"STARTTLS"} }), facts("enforce"), PolicyUnknown, ""},
		{"no roots", with(func(e *Endpoint) { e.Certificate = &Certificate{} }), facts("enforce"), PolicyUnknown, ""},
		{"mode none", &good, facts("none"), PolicyNone, ""},
		{"no record", &good, &transport.STSFacts{Record: transport.Texts{State: transport.Absent}}, PolicyNone, ""},
		{"no answer", &good, &transport.STSFacts{Record: transport.Texts{State: transport.Unknown}}, PolicyUnknown, ""},
		{"not fetched", &good, &transport.STSFacts{Record: transport.Texts{State: transport.Present}, ID: "1"}, PolicyUnknown, ""},
	} {
		d := &demands{sts: tt.facts}
		target := &Target{Target: "acme.example", domain: "acme.example", demands: d, Endpoints: []Endpoint{*tt.e}}
		s := &sheet{Sheet: finding.NewSheet(checkList, "acme.example"), o: &Options{Now: now}, t: target, subject: "mx", e: &target.Endpoints[0]}
		s.policies()
		target.Findings = s.Findings()
		if e := s.e; e.MTASTS == nil || *e.MTASTS != tt.want || found(target) != tt.found {
			t.Errorf("%s: %v, found %q; want %s, %q", tt.name, *e.MTASTS, found(target), tt.want, tt.found)
		}
	}
}

// TestBareLF: a server that takes a bare line feed, those that refuse it, and those whose
// answer does not show it.
func TestBareLF(t *testing.T) {
	answers := func(noop string) map[string]string {
		return map[string]string{"EHLO": "250-mx\r\n250-SIZE\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n", "NOOP": noop, "STARTTLS": "454 4.7.0 later\r\n"}
	}
	yes, no := true, false
	for _, tt := range []struct {
		noop string
		want *bool
		said string // what is said of one that does not show it
	}{{"250 2.0.0 ok\r\n", &yes, ""}, {"500 5.5.2 bare LF\r\n", &no, ""}, {"521 5.5.2 bare LF\r\n", &no, ""},
		{"421 4.3.2 busy\r\n", nil, "is not known: 421 4.3.2 busy."}, {"", nil, "is not known: the server closed the connection."}} {
		s := listen(t, script{answers: answers(tt.noop)}.serve)
		target := run(t, fmt.Sprintf("127.0.0.1:%d", s.port), Options{Smuggling: true}).Targets[0]
		e := &target.Endpoints[0]
		said := slices.ContainsFunc(target.Findings, func(f finding.Finding) bool {
			return f.Check == "smtp-unresolved" && strings.Contains(f.Detail, "bare line feed") && strings.HasSuffix(f.Detail, tt.said)
		})
		if said != (tt.said != "") {
			t.Errorf("%q: %+v", tt.noop, target.Findings)
		}
		if (e.BareLF == nil) != (tt.want == nil) || e.BareLF != nil && *e.BareLF != *tt.want {
			t.Errorf("%q: %v, want %v", tt.noop, e.BareLF, tt.want)
		}
		if last := e.Transcript[len(e.Transcript)-1]; tt.noop == "" && last.Text != "a line feed alone: the server closed the connection" {
			t.Errorf("the transcript ends in %q", last.Text)
		}
		if e := &run(t, fmt.Sprintf("127.0.0.1:%d", s.port), Options{}).Targets[0].Endpoints[0]; e.BareLF != nil {
			t.Error("it was tried unasked")
		}
	}
}
