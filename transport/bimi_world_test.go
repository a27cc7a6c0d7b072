package transport

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailworthy/bimi"
	"mailworthy/bimi/bimitest"
	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// bimiZone is a domain with all of BIMI.
const bimiZone = "_dmarc TXT \"v=DMARC1; p=reject\"\nlogo A 127.0.0.1\n"

const bimiRecord = "default._bimi TXT \"v=BIMI1; l=https://logo.acme.example/logo.svg; a=https://logo.acme.example/mark.pem\"\n"

// bimi checks BIMI of the domain.
func (w *world) bimi(t *testing.T, domain string, with BIMITools) (*BIMIFacts, []finding.Finding) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := w.dns.Patient(-1)
	w.web.Dialer.Lookup = dial.Through(client)
	b := resolver.NewBatch(ctx, resolver.NewSession(client, 0))
	var f *BIMIFacts
	BeginBIMI(b, w.web, with, domain, func(got *BIMIFacts) { f = got })
	b.Run()
	return f, CheckBIMI(f)
}

// files serves a logo and a certificate.
func files(logo, mark []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/logo.svg":
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = w.Write(logo)
		case "/mark.pem":
			w.Header().Set("Content-Type", "application/x-pem-file")
			_, _ = w.Write(mark)
		default:
			http.NotFound(w, r)
		}
	}
}

// shows are the verdicts in short, in the order of the receivers: yes, no or ?.
func shows(f *BIMIFacts) string {
	var out strings.Builder
	for _, v := range f.Receivers {
		out.WriteString(map[State]string{Present: "yes ", Absent: "no ", Unknown: "? "}[v.Shows])
	}
	return strings.TrimSpace(out.String())
}

// TestBIMIWorld: each record, policy, logo, certificate and way to serve it that mailboxes
// refuse has its finding and its verdict; what did not answer is unknown, and is not called
// missing.
func TestBIMIWorld(t *testing.T) {
	web := newAuthority(t)
	good := web.leaf(t, &x509.Certificate{DNSNames: []string{"logo.acme.example"}})
	foreign := web.leaf(t, &x509.Certificate{DNSNames: []string{"www.acme.example"}})
	now := time.Now()
	marks := bimitest.NewAuthority(t, now)
	logo := []byte(bimitest.Logo)
	sign := func(change func(*bimitest.Certificate)) []byte {
		c := bimitest.Mark(now, "acme.example", logo)
		if change != nil {
			change(c)
		}
		return bimitest.PEM(marks.Sign(t, c), marks.Between)
	}
	mark := sign(nil)
	common := sign(func(c *bimitest.Certificate) {
		c.Subject = map[string]string{bimitest.MarkType.String(): "Prior Use Mark", bimitest.Source.String(): "https://acme.example"}
	})
	all := files(logo, mark)
	svg := func(old, new string) http.HandlerFunc {
		return files([]byte(strings.Replace(bimitest.Logo, old, new, 1)), mark)
	}
	// only serves one path otherwise.
	only := func(path string, handler http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				handler(w, r)
				return
			}
			all(w, r)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	policy := func(record string) string {
		return strings.Replace(bimiZone, "v=DMARC1; p=reject", record, 1) + bimiRecord
	}
	one := func(record string) string { return bimiZone + "default._bimi TXT \"" + record + "\"\n" }
	const l, a = "l=https://logo.acme.example/logo.svg", "a=https://logo.acme.example/mark.pem"
	whole := bimiZone + bimiRecord
	const none = "no no no no"
	for _, tt := range []struct {
		name    string
		zone    string
		handler http.HandlerFunc
		want    string
		shows   string
		detail  string
	}{
		{"good", whole, all, "", "yes yes yes yes", ""},
		{"common mark", whole, files(logo, common), "", "yes no yes yes", ""},
		{"no certificate", one("v=BIMI1; " + l), all, "bimi-evidence-missing notice", "no no yes yes", ""},
		{"compressed", one("v=BIMI1; l=https://logo.acme.example/logo.svg; " + a), files(bimitest.Gzip(logo), mark), "", "yes yes yes yes", ""},
		{"with a port and a query", one("v=BIMI1; l=https://logo.acme.example:443/logo.svg?v=2; " + a), all, "", "yes yes yes yes", ""},

		{"no record", bimiZone, all, "bimi-record-missing notice", none, ""},
		{"declined", one("v=BIMI1; l=; a=;"), all, "", none, ""},
		{"two records", whole + strings.Replace(bimiRecord, "logo.svg", "b.svg", 1), all, "bimi-multiple-records error", none, ""},
		{"foreign text beside", whole + "default._bimi TXT \"hello\"\n", all, "bimi-foreign-record warning", "yes yes yes yes", ""},
		{"wildcard of another kind", bimiZone + "*._bimi TXT \"v=spf1 -all\"\n", all, "bimi-foreign-record warning, bimi-record-missing notice", none, ""},
		{"at the domain itself", bimiZone + "@ TXT \"v=BIMI1; " + l + "\"\n", all, "bimi-wrong-name error, bimi-record-missing notice", none, ""},
		{"at the domain itself, too", whole + "@ TXT \"v=BIMI1; " + l + "\"\n", all, "bimi-wrong-name warning", "yes yes yes yes", ""},
		{"version in another case", one("v=bimi1; " + l + "; " + a), all, "bimi-syntax error", none, ""},
		{"no logo named", one("v=BIMI1; " + a), all, "bimi-location-invalid error", none, ""},
		{"http", one("v=BIMI1; l=http://logo.acme.example/logo.svg; " + a), all, "bimi-location-invalid error", none, ""},

		{"p=none", policy("v=DMARC1; p=none; rua=mailto:r@acme.example"), all, "bimi-dmarc-not-enforced error", none, "p=none"},
		{"sp=none", policy("v=DMARC1; p=reject; sp=none"), all, "bimi-dmarc-not-enforced error", none, "sp=none"},
		{"t=y", policy("v=DMARC1; p=reject; t=y"), all, "bimi-dmarc-not-enforced error", none, "t=y"},
		{"pct=99", policy("v=DMARC1; p=quarantine; pct=99"), all, "bimi-dmarc-not-enforced error", none, "pct=99"},
		{"pct=100", policy("v=DMARC1; p=quarantine; pct=100"), all, "", "yes yes yes yes", ""},
		{"no DMARC", "logo A 127.0.0.1\n" + bimiRecord, all, "bimi-dmarc-not-enforced error", none, "no DMARC record"},
		{"two DMARC records", whole + "_dmarc TXT \"v=DMARC1; p=none\"\n", all, "bimi-dmarc-not-enforced error", none, "2 DMARC records"},

		{"no host", one("v=BIMI1; l=https://gone.acme.example/logo.svg; " + a), all, "bimi-host-missing error", none, ""},
		{"logo not found", whole, only("/logo.svg", status(404)), "bimi-http-status error", none, "status 404"},
		{"certificate not found", whole, only("/mark.pem", status(403)), "bimi-http-status error", "no no yes yes", "status 403"},
		{"redirect", whole, only("/logo.svg", http.RedirectHandler("https://logo.acme.example/other.svg", http.StatusFound).ServeHTTP), "bimi-redirect warning", "? ? ? ?", ""},
		{"server error", whole, only("/logo.svg", status(503)), "bimi-unresolved unknown", "? ? ? ?", "status 503"},
		{"certificate not answered", whole, only("/mark.pem", status(500)), "bimi-unresolved unknown", "? ? yes yes", ""},
		{"hangs up", whole, only("/logo.svg", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		}), "bimi-unresolved unknown", "? ? ? ?", ""},
		{"as text", whole, only("/logo.svg", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write(logo)
		}), "bimi-content-type warning", "yes yes yes yes", "text/plain"},
		{"endless logo", whole, only("/logo.svg", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}), "bimi-logo-too-large error", none, ""},
		{"bomb of the web server", whole, only("/logo.svg", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bimitest.Gzip(make([]byte, 4<<20)))
		}), "bimi-logo-too-large error", none, ""},
		{"endless certificate", whole, only("/mark.pem", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, strings.Repeat("-", 4096)); err != nil {
					return
				}
			}
		}), "bimi-certificate-unreadable error", "no no yes yes", ""},

		{"html", whole, files([]byte("<html>"), mark), "bimi-logo-not-svg error, bimi-logo-mismatch error", none, ""},
		{"script", whole, svg("</svg>", "<script/></svg>"), "bimi-logo-unsafe error, bimi-logo-mismatch error", none, "<script>"},
		{"another profile", whole, svg("tiny-ps", "full"), "bimi-logo-profile error, bimi-logo-mismatch error", none, "baseProfile"},
		{"not square", whole, svg("0 0 100 100", "0 0 100 50"), "bimi-logo-not-square error, bimi-logo-mismatch error", none, ""},
		{"no title", whole, svg("<title>Acme</title>", ""), "bimi-logo-title error, bimi-logo-mismatch error", none, ""},
		{"another logo", whole, svg("#036", "#063"), "bimi-logo-mismatch error", "no no yes yes", ""},
		{"no certificate in it", whole, files(logo, []byte("<html>")), "bimi-certificate-unreadable error", "no no yes yes", ""},
		{"expired", whole, files(logo, sign(func(c *bimitest.Certificate) {
			c.Template.NotBefore, c.Template.NotAfter = now.AddDate(0, -6, 0), now.Add(-time.Hour)
		})), "bimi-certificate-expired error", "no no yes yes", ""},
		{"expiring", whole, files(logo, sign(func(c *bimitest.Certificate) { c.Template.NotAfter = now.Add(48 * time.Hour) })), "bimi-certificate-expiring warning", "yes yes yes yes", ""},
		{"another domain", whole, files(logo, sign(func(c *bimitest.Certificate) { c.Template.DNSNames = []string{"other.example"} })), "bimi-certificate-name error", "no no yes yes", ""},
		{"mark type of nobody", whole, files(logo, sign(func(c *bimitest.Certificate) { c.Subject[bimitest.MarkType.String()] = "X" })), "bimi-certificate-requirements warning", "? ? yes yes", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := policyWorld(t, web.pool, good, tt.zone, tt.handler)
			f, findings := w.bimi(t, "acme.example", BIMITools{Roots: marks.Pool})
			if got := notable(findings); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if got := shows(f); got != tt.shows {
				t.Errorf("shown: %s, want %s (%+v)", got, tt.shows, f.Receivers)
			}
			details := ""
			for _, found := range findings {
				details += found.Detail + "\n"
				if fix := found.Fix; fix != nil && fix.Type == "TXT" && strings.HasPrefix(fix.Value, "v=DMARC1") {
					t.Errorf("BIMI proposes a DMARC record: %s", fix.Value)
				}
			}
			if !strings.Contains(details, tt.detail) {
				t.Errorf("no %q in %s", tt.detail, details)
			}
			// An audit is about mail, of which a logo loses none.
			for _, found := range f.audited(findings) {
				if found.Severity.AtLeast(finding.Error) || found.CouldBe.AtLeast(finding.Error) || found.Check == "bimi-record-missing" && found.Severity != finding.Pass {
					t.Errorf("in an audit %s is %s", found.Check, found.Severity)
				}
			}
		})
	}
	t.Run("web certificate", func(t *testing.T) {
		f, findings := policyWorld(t, web.pool, foreign, whole, all).bimi(t, "acme.example", BIMITools{Roots: marks.Pool})
		if got := notable(findings); got != "bimi-web-certificate error, bimi-web-certificate error" || shows(f) != none {
			t.Errorf("%q, %s", got, shows(f))
		}
	})
	t.Run("unknown mark authority", func(t *testing.T) {
		f, findings := policyWorld(t, web.pool, good, whole, all).bimi(t, "acme.example", BIMITools{})
		if got := notable(findings); got != "bimi-certificate-untrusted error" || shows(f) != "no no yes yes" {
			t.Errorf("%q, %s", got, shows(f))
		}
	})
	t.Run("another selector", func(t *testing.T) {
		w := policyWorld(t, web.pool, good, bimiZone+strings.Replace(bimiRecord, "default", "v2", 1), all)
		f, findings := w.bimi(t, "acme.example", BIMITools{Selector: "v2", Roots: marks.Pool})
		if got := notable(findings); got != "" || f.From != "v2._bimi.acme.example" {
			t.Errorf("%q, %q", got, f.From)
		}
	})
}

// TestBIMIParent: a subdomain without a record has that of its organizational domain, whose
// DMARC policy counts as well.
func TestBIMIParent(t *testing.T) {
	web := newAuthority(t)
	good := web.leaf(t, &x509.Certificate{DNSNames: []string{"logo.acme.example"}})
	marks := bimitest.NewAuthority(t, time.Now())
	logo := []byte(bimitest.Logo)
	all := files(logo, bimitest.PEM(marks.Sign(t, bimitest.Mark(time.Now(), "acme.example", logo)), marks.Between))
	for _, tt := range []struct{ name, zone, fault, want, from string }{
		{"inherited", bimiZone + bimiRecord, "", "", "default._bimi.acme.example"},
		{"its own", bimiZone + bimiRecord + "default._bimi.news TXT \"v=BIMI1; l=; a=\"\n", "", "", "default._bimi.news.acme.example"},
		{"its own policy", bimiZone + bimiRecord + "_dmarc.news TXT \"v=DMARC1; p=none\"\n", "", "bimi-dmarc-not-enforced error", "default._bimi.acme.example"},
		{"the parent's policy", strings.Replace(bimiZone, "p=reject", "p=none", 1) + bimiRecord + "_dmarc.news TXT \"v=DMARC1; p=reject\"\n", "", "bimi-dmarc-not-enforced error", "default._bimi.acme.example"},
		{"own record not answered", bimiZone + bimiRecord, "default._bimi.news.acme.example", "bimi-unresolved unknown", ""},
		{"parent's record not answered", bimiZone + bimiRecord, "default._bimi.acme.example", "bimi-unresolved unknown", ""},
		{"own policy not answered", bimiZone + bimiRecord, "_dmarc.news.acme.example", "bimi-unresolved unknown", "default._bimi.acme.example"},
		{"parent's policy not answered", bimiZone + bimiRecord, "_dmarc.acme.example", "bimi-unresolved unknown", "default._bimi.acme.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := policyWorld(t, web.pool, good, tt.zone, all)
			if tt.fault != "" {
				w.dns.Fault(tt.fault, resolver.TypeTXT, dnstest.Fault{Kind: dnstest.ServFail})
			}
			f, findings := w.bimi(t, "news.acme.example", BIMITools{Roots: marks.Pool})
			if got := notable(findings); got != tt.want || f.From != tt.from {
				t.Errorf("%q from %q, want %q from %q", got, f.From, tt.want, tt.from)
			}
		})
	}
}

// TestBIMIPrivate: without leave, nothing inside is connected to, whichever way l= or a= lead
// there: by A, AAAA, an alias, as an address, or by a redirect.
func TestBIMIPrivate(t *testing.T) {
	web := newAuthority(t)
	good := web.leaf(t, &x509.Certificate{DNSNames: []string{"logo.acme.example"}})
	record := func(host string) string {
		return "default._bimi TXT \"v=BIMI1; l=https://" + host + "/logo.svg; a=https://" + host + "/mark.pem\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n"
	}
	for _, at := range []string{"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"} {
		kind := "A"
		if netip.MustParseAddr(at).Is6() {
			kind = "AAAA"
		}
		zones := []string{record("logo.acme.example") + fmt.Sprintf("logo %s %s\n", kind, at), record("logo.acme.example") + fmt.Sprintf("logo CNAME inside\ninside %s %s\n", kind, at)}
		if kind == "A" {
			zones = append(zones, record(at))
		}
		for _, zone := range zones {
			w := policyWorld(t, web.pool, good, zone, files([]byte(bimitest.Logo), nil))
			w.web.Dialer.AllowPrivate = false
			if f, findings := w.bimi(t, "acme.example", BIMITools{}); notable(findings) != "bimi-private-address error, bimi-private-address error" || w.hits.n.Load() != 0 {
				t.Errorf("%s: %q, %d connections (%+v)", zone, notable(findings), w.hits.n.Load(), f.LogoFetch)
			}
		}
	}
	// The listener does count, and a redirect to it is not followed.
	w := policyWorld(t, web.pool, good, bimiZone+bimiRecord, http.RedirectHandler("https://127.0.0.1/logo.svg", http.StatusFound).ServeHTTP)
	if _, findings := w.bimi(t, "acme.example", BIMITools{}); notable(findings) != "bimi-redirect warning, bimi-redirect warning" || w.hits.n.Load() != 2 {
		t.Errorf("%q, %d connections", notable(findings), w.hits.n.Load())
	}
	// A name that is public when it is asked for, and inside when it is connected to.
	w = policyWorld(t, web.pool, good, bimiZone+bimiRecord, files(nil, nil))
	w.web.Dialer.AllowPrivate = false
	asked := 0
	w.web.Dialer.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		if asked++; asked == 1 {
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	if list, _ := w.web.Dialer.Lookup(t.Context(), "logo.acme.example"); list[0].IsLoopback() {
		t.Fatal("the first answer is not public")
	}
	if get := w.web.getURI(t.Context(), "https://logo.acme.example/logo.svg", bimi.MaxLogo); get.Outcome != NotPublic || w.hits.n.Load() != 0 {
		t.Errorf("%+v, %d connections", get, w.hits.n.Load())
	}
}

// TestBIMIOffline: what was not fetched is not checked, and what no server answers for is
// unknown.
func TestBIMIOffline(t *testing.T) {
	srv := dnstest.Start(t, "$ORIGIN acme.example.\n$TTL 60\n@ SOA ns host 1 7200 900 604800 60\n"+bimiZone+bimiRecord)
	client := srv.Client(resolver.Config{Timeout: 10 * time.Second, Retries: -1})
	defer client.Close()
	b := resolver.NewBatch(t.Context(), resolver.NewSession(client, 0))
	BeginBIMI(b, nil, BIMITools{}, "acme.example", func(f *BIMIFacts) {
		if got := notable(CheckBIMI(f)); got != "bimi-unresolved not-checked, bimi-unresolved not-checked" || shows(f) != "? ? ? ?" {
			t.Errorf("%q, %s", got, shows(f))
		}
	})
	b.Run()
}
