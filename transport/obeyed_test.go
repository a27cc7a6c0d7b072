package transport

import (
	"strings"
	"testing"
	"time"

	"mailworthy/bimi/bimitest"
	"mailworthy/dial"
	"mailworthy/finding"
)

// TestObeyed: senders obey TLSA records if the MX, an address and the records are signed; if
// one is not, they do not; what was not answered leaves it open (RFC 7672, 2.2).
func TestObeyed(t *testing.T) {
	signed := func() (*DNSSECFacts, *SignedHost) {
		q := func(name string) Signed { return Signed{Name: name, Security: Secure, State: Present} }
		h := &SignedHost{Name: "mx.acme.example", A: q("mx.acme.example"), AAAA: q("mx.acme.example"), TLSA: q("_25._tcp.mx.acme.example")}
		return &DNSSECFacts{Domain: "acme.example", Validates: true, MX: q("acme.example"), Hosts: []SignedHost{*h}}, h
	}
	for _, tt := range []struct {
		name   string
		change func(*DNSSECFacts, *SignedHost)
		want   State
		why    string
	}{
		{"all signed", func(*DNSSECFacts, *SignedHost) {}, Present, ""},
		{"one family signed", func(_ *DNSSECFacts, h *SignedHost) { h.AAAA.Security = Insecure }, Present, ""},
		{"no validation", func(f *DNSSECFacts, _ *SignedHost) { f.Validates, f.Why = false, "because" }, Unknown, "because"},
		{"MX not signed", func(f *DNSSECFacts, _ *SignedHost) { f.MX.Security = Insecure }, Absent, ""},
		{"MX bogus", func(f *DNSSECFacts, _ *SignedHost) { f.MX.Security = Bogus }, Unknown, "MX of the domain is bogus"},
		{"addresses not signed", func(_ *DNSSECFacts, h *SignedHost) { h.A.Security, h.AAAA.Security = Insecure, Insecure }, Absent, ""},
		{"addresses not answered", func(_ *DNSSECFacts, h *SignedHost) { h.A.Security, h.AAAA.Security = Undetermined, Insecure }, Unknown, "addresses of mx.acme.example"},
		{"TLSA not signed", func(_ *DNSSECFacts, h *SignedHost) { h.TLSA.Security = Insecure }, Absent, ""},
		{"TLSA not answered", func(_ *DNSSECFacts, h *SignedHost) { h.TLSA.Security = Undetermined }, Unknown, "_25._tcp.mx.acme.example is unknown"},
	} {
		f, h := signed()
		tt.change(f, h)
		if got, why := f.Obeyed(h); got != tt.want || !strings.Contains(why, tt.why) || (why == "") != (tt.why == "") {
			t.Errorf("%s: %s, %q", tt.name, got, why)
		}
	}
}

// TestBIMITime: dates of a mark certificate are judged by the time that is stated, and a URI
// that cannot be read is not asked for.
func TestBIMITime(t *testing.T) {
	now := time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)
	marks := bimitest.NewAuthority(t, now)
	logo := []byte(bimitest.Logo)
	f := &BIMIFacts{Selector: DefaultSelector, LogoFetch: &Fetch{URL: "https://acme.example/l", Outcome: Fetched, ContentType: "image/svg+xml", Body: logo},
		EvidenceFetch: &Fetch{URL: "https://acme.example/a", Outcome: Fetched, Body: bimitest.PEM(marks.Sign(t, bimitest.Mark(now, "acme.example", logo)), marks.Between)}}
	for days, want := range map[int]string{0: "", 325: "bimi-certificate-expiring", 340: "bimi-certificate-expired", -40: "bimi-certificate-expired"} {
		web := &Web{Now: func() time.Time { return now.AddDate(0, 0, days) }}
		f.read(web, BIMITools{Roots: marks.Pool}, []string{"acme.example"})
		j := &bimiJudge{f: f, s: finding.NewSheet(bimiList, "acme.example")}
		j.logo()
		j.evidence()
		if got, _, _ := strings.Cut(notable(j.s.Findings()), " "); got != want {
			t.Errorf("after %d days: %q, want %q", days, got, want)
		}
	}
	f.LogoFetch.Body = []byte(strings.Replace(bimitest.Logo, "Acme", strings.Repeat("Acme ", 14), 1))
	f.read(&Web{Now: func() time.Time { return now }}, BIMITools{Roots: marks.Pool}, []string{"acme.example"})
	j := &bimiJudge{f: f, s: finding.NewSheet(bimiList, "acme.example")}
	if j.logo(); notable(j.s.Findings()) != "bimi-logo-title notice" {
		t.Errorf("a long title: %q", notable(j.s.Findings()))
	}
	if got := (&Web{Dialer: &dial.Dialer{}}).getURI(t.Context(), "https://acme.example/%zz", 1); got.Outcome != NoHost {
		t.Errorf("%+v", got)
	}
}

// TestParentUnknown: what the DNS does not say of the parent, or of where mail goes, is no pass.
func TestParentUnknown(t *testing.T) {
	for _, tt := range []struct {
		name             string
		parent, exchange State
		records          []string
		want             string
	}{
		{"a policy above", Present, Present, []string{"v=STSv1; id=1"}, "mta-sts-subdomain notice"},
		{"none above", Absent, Present, nil, "mta-sts-subdomain pass"},
		{"a domain without mail", Present, Absent, []string{"v=STSv1; id=1"}, "mta-sts-subdomain pass"},
		{"the parent is not answered", Unknown, Present, nil, "mta-sts-unresolved unknown"},
		{"its exchanges are not answered", Present, Unknown, []string{"v=STSv1; id=1"}, ""},
		{"neither matters", Absent, Unknown, nil, "mta-sts-subdomain pass"},
	} {
		f := &STSFacts{Domain: "bounce.acme.example", Record: Texts{Name: "_mta-sts.bounce.acme.example", State: Absent},
			Parent: &Texts{Name: "_mta-sts.acme.example", State: tt.parent, Records: tt.records}}
		f.Exchanges = &Exchanges{State: tt.exchange}
		got := ""
		for _, found := range CheckSTS(f) {
			if found.Check == "mta-sts-subdomain" || found.Check == "mta-sts-unresolved" && found.Severity != finding.Pass {
				got = found.Check + " " + string(found.Severity)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
