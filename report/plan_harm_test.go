package report

import (
	"net/netip"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/report/reporttest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// audited is the report of an audit of records of acme.example.
func audited(t *testing.T, zone string, target audit.Target) *Report {
	t.Helper()
	const top = "$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.53\n"
	var sets []*resolver.ZoneSet
	for origin, text := range map[string]string{"acme.example": top + zone, "example": top + "acme NS ns1.acme\n"} {
		set, err := resolver.ParseZone(strings.NewReader(text), origin, "test")
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, set)
	}
	o := audit.Options{Now: reporttest.Started}
	return New(audit.Run(t.Context(), resolver.NewOverlay(nil, sets...), target, o), DefaultScale(), "1.0.0")
}

// TestWeakerPolicy: whose policy falls, with the record that applies to each name.
func TestWeakerPolicy(t *testing.T) {
	const (
		host   = "@ MX 10 mx1\nmx1 A 192.0.2.10\nnews MX 10 mx1\na.news MX 10 mx1\n"
		strict = `_dmarc TXT "v=DMARC1; p=reject"` + "\n"
		news   = "news.acme.example"
	)
	tests := []struct{ name, domain, before, after, want string }{
		{"sp and np that count nowhere go", news, strict + `_dmarc.news TXT "v=DMARC1; p=none; sp=reject; np=reject"`, strict + `_dmarc.news TXT "v=DMARC1; p=none"`, ""},
		{"np alone", news, strict + `_dmarc.news TXT "v=DMARC1; p=none; np=reject"`, strict + `_dmarc.news TXT "v=DMARC1; p=none"`, ""},
		{"sp below p", news, strict + `_dmarc.news TXT "v=DMARC1; p=quarantine; sp=reject"`, strict + `_dmarc.news TXT "v=DMARC1; p=quarantine"`, ""},
		{"two levels down", "a." + news, strict + `_dmarc.a.news TXT "v=DMARC1; p=none; sp=reject"`, strict + `_dmarc.a.news TXT "v=DMARC1; p=none"`, ""},
		{"a record that stands where two did, below a stricter one", news, strict + "_dmarc.news TXT \"v=DMARC1; p=none; sp=reject\"\n_dmarc.news TXT \"v=DMARC1; p=reject\"",
			strict + `_dmarc.news TXT "v=DMARC1; p=reject"`, ""},
		{"t=y goes", "acme.example", `_dmarc TXT "v=DMARC1; p=reject; t=y"`, strict, ""},

		{"sp of the organizational domain goes", "acme.example", `_dmarc TXT "v=DMARC1; p=none; sp=reject"`, `_dmarc TXT "v=DMARC1; p=none"`, "its subdomains falls from reject to none"},
		{"np of it", "acme.example", `_dmarc TXT "v=DMARC1; p=none; np=reject"`, `_dmarc TXT "v=DMARC1; p=none"`, "subdomains that do not exist falls from reject to none"},
		{"sp of it grows weak", "acme.example", strict, `_dmarc TXT "v=DMARC1; p=reject; sp=quarantine"`, "its subdomains falls from reject to quarantine"},
		{"sp of psd=n, which makes an organizational domain", news, strict + `_dmarc.news TXT "v=DMARC1; p=none; sp=reject; psd=n"`, strict + `_dmarc.news TXT "v=DMARC1; p=none; psd=n"`, "its subdomains falls from reject to none"},
		{"psd=n takes the names below from the stricter record", news, strict + `_dmarc.news TXT "v=DMARC1; p=none"`, strict + `_dmarc.news TXT "v=DMARC1; p=none; psd=n"`, "its subdomains falls from reject to none"},
		{"the record above grows weak", news, strict + `_dmarc.news TXT "v=DMARC1; p=reject"`, `_dmarc TXT "v=DMARC1; p=none"` + "\n" + `_dmarc.news TXT "v=DMARC1; p=reject"`, "its subdomains falls from reject to none"},
		{"the record above goes", news, strict + `_dmarc.news TXT "v=DMARC1; p=none"`, `_dmarc.news TXT "v=DMARC1; p=none"`, "its subdomains falls from reject to none"},
		{"t=y comes", "acme.example", strict, `_dmarc TXT "v=DMARC1; p=reject; t=y"`, "acme.example falls from reject to quarantine"},
		{"t=y comes, for subdomains alone", "acme.example", `_dmarc TXT "v=DMARC1; p=none; sp=quarantine"`, `_dmarc TXT "v=DMARC1; p=none; sp=quarantine; t=y"`, "its subdomains falls from quarantine to none"},
		{"its own, weaker than the record above", news, strict, strict + `_dmarc.news TXT "v=DMARC1; p=none"`, news + " falls from reject to none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := audit.Target{Domain: tt.domain}
			got := weakerPolicy(audited(t, host+tt.before, target), audited(t, host+tt.after, target))
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestLostSender: an address that mail comes from must go on to pass; one that no mail can
// come from is no sender to lose.
func TestLostSender(t *testing.T) {
	of := func(ip string, result spf.Result) *Report {
		return New(&audit.Result{Domain: "acme.example", Evaluations: []spf.Evaluation{{Domain: "acme.example", IP: netip.MustParseAddr(ip), Result: result}}}, DefaultScale(), "1.0.0")
	}
	for ip, lost := range map[string]bool{"192.0.2.10": true, "2001:db8::10": true, "10.0.0.5": true, "100.64.0.1": true,
		"127.0.0.1": false, "127.0.1.1": false, "::1": false, "0.0.0.0": false, "::": false, "169.254.1.1": false, "fe80::1": false, "224.0.0.1": false} {
		if got := lostSender(of(ip, spf.Pass), of(ip, spf.Fail)); (got != "") != lost {
			t.Errorf("%s: %q", ip, got)
		}
		if got := lostSender(of(ip, spf.Fail), of(ip, spf.SoftFail)) + lostSender(of(ip, spf.Pass), of(ip, spf.Pass)); got != "" {
			t.Errorf("%s: %q", ip, got)
		}
	}
}
