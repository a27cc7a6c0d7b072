package transport

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestMislaid: a record that stands at a wrong name of a loaded zone is said instead of that
// it is missing, and an alias at the right one is named.
func TestMislaid(t *testing.T) {
	const sts, tls, logo = `TXT "v=STSv1; id=1"`, `TXT "v=TLSRPTv1; rua=mailto:t@acme.example"`, `TXT "v=BIMI1; l=https://acme.example/l.svg"`
	for _, tt := range []struct {
		zone, check, says string
		fix               string // type, value and - what is removed
		complete          bool
	}{
		{"_mta_sts " + sts + "\nmta-sts A 192.0.2.1", "mta-sts-wrong-name", "published at _mta_sts.acme.example", "TXT v=STSv1; id=1 - _mta_sts.acme.example TXT", true},
		{"_mta_sts " + sts, "mta-sts-wrong-name", "published at _mta_sts.acme.example", "TXT v=STSv1; id=1 - _mta_sts.acme.example TXT", false},
		{"_mta-sts.acme " + sts + "\nmta-sts A 192.0.2.1", "mta-sts-wrong-name", "in the name twice", "TXT v=STSv1; id=1 - _mta-sts.acme.acme.example TXT", true},
		{"@ " + sts + "\nmta-sts A 192.0.2.1", "mta-sts-wrong-name", "published at acme.example:", "TXT v=STSv1; id=1 - acme.example TXT", true},
		{"_tls._smtp " + tls, "tls-rpt-wrong-name", "published at _tls._smtp.acme.example", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _tls._smtp.acme.example TXT", true},
		{"_smtp-tls TXT \"v=TLSRPTv1, rua=mailto:t@acme.example\"", "tls-rpt-wrong-name", "published at _smtp-tls", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp-tls.acme.example TXT", true},
		{"_smtp-tls CNAME far.test.\nfar.test. " + tls, "tls-rpt-wrong-name", "published at _smtp-tls", "CNAME far.test - _smtp-tls.acme.example CNAME", true},
		{"_smtp-tls TXT \"v=TLSRPTv1; rua=mailto:t@acme.example; x=" + strings.Repeat("y", 200) + "\"" + strings.Repeat(" \""+strings.Repeat("y", 250)+"\"", 16), "tls-rpt-wrong-name", "published at _smtp-tls", "", false},
		{"_dmarc TXT \"v=BIMI1; l=https://acme.example/l.svg; v=DMARC1; p=reject; rua=mailto:d@acme.example\"", "bimi-wrong-name", "published at _dmarc.acme.example",
			"TXT v=BIMI1; l=https://acme.example/l.svg; v=DMARC1; p=reject; rua=mailto:d@acme.example - _dmarc.acme.example TXT", false},
		{"bimi " + logo, "bimi-wrong-name", "published at bimi.acme.example", "TXT v=BIMI1; l=https://acme.example/l.svg - bimi.acme.example TXT", true},
		{"default._bimi.acme.example " + logo, "bimi-wrong-name", "in the name twice", "TXT v=BIMI1; l=https://acme.example/l.svg - default._bimi.acme.example.acme.example TXT", true},
		{"_tls " + tls + "\n_tls " + strings.Replace(tls, "t@", "u@", 1), "tls-rpt-missing", "There is no record", "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports>", false},
		{"_smtp._tls CNAME gone.test.", "tls-rpt-missing", "is an alias of gone.test, which does not exist", "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports> - _smtp._tls.acme.example CNAME", false},
		{"_smtp._tls CNAME far.test.\nfar.test. A 192.0.2.1", "tls-rpt-missing", "is an alias of far.test, which has no such record", "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports> - _smtp._tls.acme.example CNAME", false},
		{"_smtp._tls CNAME tls.far.test", "tls-rpt-missing", "added its own name to tls.far.test", "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports> - _smtp._tls.acme.example CNAME", false},
		{"_mta-sts CNAME gone.test.", "mta-sts-missing", "is an alias of gone.test, which does not exist", "", false},
		// Something else stands there.
		{"_smtp._tls TXT \"v=DMARC1; p=reject\"", "tls-rpt-missing", `At _smtp._tls.acme.example there is "v=DMARC1; p=reject", and no TLS-RPT record`, "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports>", false},
		{"_mta-sts TXT \"hello\"", "mta-sts-missing", `At _mta-sts.acme.example there is "hello", and no MTA-STS record`, "", false},
		// The alias of a wildcard is nobody's at the name.
		{"* CNAME gone.test.", "tls-rpt-missing", "A wildcard answers there, as for _mta-sts.acme.example: an alias of gone.test, which does not exist", "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports>", false},
		{"* CNAME gone.test.", "mta-sts-missing", "A wildcard answers there", "", false},
		// Two records at one another's names, one at that of DMARC.
		{"_smtp._tls " + sts + "\nmta-sts A 192.0.2.1\n_mta-sts " + tls, "mta-sts-wrong-name", "published at _smtp._tls.acme.example", "TXT v=STSv1; id=1 - _smtp._tls.acme.example TXT", true},
		{"_smtp._tls " + sts + "\nmta-sts A 192.0.2.1\n_mta-sts " + tls, "tls-rpt-wrong-name", "published at _mta-sts.acme.example", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _mta-sts.acme.example TXT", true},
		{"_dmarc " + logo, "bimi-wrong-name", "published at _dmarc.acme.example", "TXT v=BIMI1; l=https://acme.example/l.svg - _dmarc.acme.example TXT", true},
		// A record that an alias leads to is changed where it stands.
		{"_smtp._tls CNAME tls.test.\ntls.test. TXT \"v=TLSRPTv1; rua=t@acme.example\"", "tls-rpt-destination-invalid", "_smtp._tls.acme.example is an alias of tls.test.", "", false},
		{"_mta-sts CNAME sts.test.\nsts.test. TXT \"v=STSv1; id:1\"", "mta-sts-syntax", "_mta-sts.acme.example is an alias of sts.test.", "", false},
		{"default._bimi CNAME b.test.\nb.test. TXT \"v=BIMI1; l=acme.example/l.svg\"", "bimi-location-invalid", "default._bimi.acme.example is an alias of b.test.", "", false},
		{"_smtp._tls CNAME tls\ntls TXT \"v=TLSRPTv1; rua=t@acme.example\"", "tls-rpt-destination-invalid", "is an alias of tls.acme.example.", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp._tls.acme.example CNAME", true},
		{"_smtp._tls CNAME tls.test.\ntls.test. " + tls + "\ntls.test. TXT \"v=TLSRPTv1; rua=mailto:u@acme.example\"", "tls-rpt-multiple-records", "is an alias of tls.test.", "", false},
		// The rest is a comment for want of quotes.
		{"_mta-sts TXT v=STSv1; id=1", "mta-sts-syntax", `"v=STSv1" is published, "v=STSv1; id=1" was meant`, "TXT v=STSv1; id=1 - _mta-sts.acme.example TXT", true},
		{"_smtp._tls TXT v=TLSRPTv1; rua=mailto:t@acme.example", "tls-rpt-syntax", "has no quotes around it", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp._tls.acme.example TXT", true},
		{"default._bimi TXT v=BIMI1; l=https://acme.example/l.svg; a=", "bimi-syntax", "has no quotes around it", "TXT v=BIMI1; l=https://acme.example/l.svg; a= - default._bimi.acme.example TXT", true},
		// An alias that was published as text.
		{"_mta-sts TXT _mta-sts.esp.test", "mta-sts-syntax", "is the name _mta-sts.esp.test: an alias was meant", "CNAME _mta-sts.esp.test - _mta-sts.acme.example TXT", false},
		{"_smtp._tls TXT _smtp._tls.esp.test.", "tls-rpt-syntax", "is the name _smtp._tls.esp.test: an alias was meant", "CNAME _smtp._tls.esp.test - _smtp._tls.acme.example TXT", false},
		{"default._bimi TXT acme._bimi.esp.test", "bimi-syntax", "is the name acme._bimi.esp.test: an alias was meant", "CNAME acme._bimi.esp.test - default._bimi.acme.example TXT", false},
		{"_smtp._tls " + tls + "\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:u@acme.example,mailto:t@acme.example; x=1\"", "tls-rpt-multiple-records", "has 2 records",
			"TXT v=TLSRPTv1; rua=mailto:t@acme.example,mailto:u@acme.example; x=1 - _smtp._tls.acme.example TXT - _smtp._tls.acme.example TXT", true},
		{"_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:t@gone.test\"", "tls-rpt-host-cannot-receive", `Reports go to "mailto:t@gone.test", and that domain does not exist.`, "", false},
		// A record that is put right waits where its reports are lost.
		{"_smtp._tls TXT \"v=TLSRPTv1 rua=mailto:t@null.acme.example\"\nnull MX 0 .", "tls-rpt-syntax", "", "TXT v=TLSRPTv1; rua=mailto:t@null.acme.example - _smtp._tls.acme.example TXT", false},
		{"_smtp._tls TXT \"v=TLSRPTv1 rua=mailto:t@news.acme.example\"\nnews MX 10 mx", "tls-rpt-syntax", "", "TXT v=TLSRPTv1; rua=mailto:t@news.acme.example - _smtp._tls.acme.example TXT", true},
		{"_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:t@gone.test\"\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:t@gone.test;\"", "tls-rpt-multiple-records", "", "TXT v=TLSRPTv1; rua=mailto:t@gone.test - _smtp._tls.acme.example TXT - _smtp._tls.acme.example TXT", false},
		{"_smtp._tls TXT \"v=TLSRPTv1 rua=https://none.acme.example/\"", "tls-rpt-syntax", "", "TXT v=TLSRPTv1; rua=https://none.acme.example/ - _smtp._tls.acme.example TXT", false},
		{"_smtp._tls TXT \"v=TLSRPTv1 rua=https://mx.acme.example/\"", "tls-rpt-syntax", "", "TXT v=TLSRPTv1; rua=https://mx.acme.example/ - _smtp._tls.acme.example TXT", true},
		// So does one that is moved, or whose alias is.
		{"_smtp.tls TXT \"v=TLSRPTv1; rua=mailto:t@null.acme.example\"\nnull MX 0 .", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=mailto:t@null.acme.example - _smtp.tls.acme.example TXT", false},
		{"_smtp._tls.acme.example TXT \"v=TLSRPTv1; rua=mailto:t@gone.test\"", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=mailto:t@gone.test - _smtp._tls.acme.example.acme.example TXT", false},
		{"@ TXT \"v=TLSRPTv1; rua=mailto:t@news.acme.example,mailto:u@gone.test\"\nnews MX 10 mx", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=mailto:t@news.acme.example,mailto:u@gone.test - acme.example TXT", false},
		{"_mta-sts TXT \"v=TLSRPTv1; rua=mailto:t@gone.test\"", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=mailto:t@gone.test - _mta-sts.acme.example TXT", false},
		{"_smtp.tls TXT \"v=TLSRPTv1 rua=mailto:t@gone.test\"", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=mailto:t@gone.test - _smtp.tls.acme.example TXT", false},
		{"_smtp.tls TXT \"v=TLSRPTv1; rua=https://none.acme.example/\"", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=https://none.acme.example/ - _smtp.tls.acme.example TXT", false},
		{"_smtp.tls CNAME far.test.\nfar.test. TXT \"v=TLSRPTv1; rua=mailto:t@gone.test\"", "tls-rpt-wrong-name", "", "CNAME far.test - _smtp.tls.acme.example CNAME", false},
		{"_smtp.tls TXT \"v=TLSRPTv1; rua=mailto:t@news.acme.example\"\nnews MX 10 mx", "tls-rpt-wrong-name", "", "TXT v=TLSRPTv1; rua=mailto:t@news.acme.example - _smtp.tls.acme.example TXT", true},
		// Nobody knows here whether a host speaks TLS; and one record in two.
		{"_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:t@acme.example,http://r.acme.example/x\"", "tls-rpt-destination-invalid", "reports go over https alone", "TXT v=TLSRPTv1; rua=mailto:t@acme.example,https://r.acme.example/x - _smtp._tls.acme.example TXT", false},
		{"_smtp._tls TXT \"v=TLSRPTv1;\"\n_smtp._tls TXT \"rua=mailto:t@acme.example\"", "tls-rpt-destination-invalid", "There is no rua=", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp._tls.acme.example TXT - _smtp._tls.acme.example TXT", true},
		{"_smtp._tls TXT \"v=TLSRPTv1;\"\n_smtp._tls TXT \"hello\"", "tls-rpt-destination-invalid", "There is no rua=", "TXT v=TLSRPTv1; rua=mailto:<mailbox for reports> - _smtp._tls.acme.example TXT", false},
		{"_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:t@acme.example,\"\n_smtp._tls TXT \"mailto:u@acme.example\"", "tls-rpt-destination-invalid", "No reports go to", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp._tls.acme.example TXT", false},
		// Beside an alias, or another one at a wrong name, it is the owner's to decide.
		{"_smtp._tls CNAME gone.test.\n_smtp._tls.acme.example " + tls, "tls-rpt-wrong-name", "the domain is in the name twice", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp._tls.acme.example.acme.example TXT", false},
		{"default._bimi CNAME gone.test.\ndefault._bimi.acme.example " + logo, "bimi-wrong-name", "the domain is in the name twice", "TXT v=BIMI1; l=https://acme.example/l.svg - default._bimi.acme.example.acme.example TXT", false},
		{"_smtp._tls.acme.example " + tls + "\n_smtp.tls TXT \"v=TLSRPTv1; rua=mailto:u@acme.example\"", "tls-rpt-wrong-name", "published at", "TXT v=TLSRPTv1; rua=mailto:t@acme.example - _smtp._tls.acme.example.acme.example TXT", false},
		{"default._bimi CNAME gone.test.", "bimi-record-missing", "is an alias of gone.test, which does not exist", "", false},
	} {
		zone := dnstest.Zone(t, "$ORIGIN .\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n$TTL 300\n@ MX 10 mx\nmx A 192.0.2.1\n@ A 192.0.2.1\n_dmarc TXT \"v=DMARC1; p=reject\"\n"+tt.zone+"\n")
		names := func(name string, most int) (names []string) {
			for _, r := range resolver.Below(zone, name, resolver.TypeTXT, resolver.TypeCNAME) {
				if r.Name != name && len(names) < most && !slices.Contains(names, r.Name) {
					names = append(names, r.Name)
				}
			}
			return names
		}
		var f *Facts
		b := resolver.NewBatch(t.Context(), resolver.NewSession(zone, 0))
		Begin(b, Tools{Names: names}, "acme.example", func(got *Facts) { f = got })
		b.Run()
		all := Check(f)
		at := slices.IndexFunc(all, func(f finding.Finding) bool { return f.Check == tt.check && f.Severity != finding.Pass })
		if at < 0 {
			t.Errorf("%s: no %s", tt.zone[:min(len(tt.zone), 60)], tt.check)
			continue
		}
		got, fix := all[at], ""
		if got.Fix != nil && got.Fix.Value != "" {
			fix = got.Fix.Type + " " + got.Fix.Value
			for _, r := range got.Fix.Remove {
				fix += " - " + r.Name + " " + r.Type
			}
		}
		if !strings.Contains(got.Detail, tt.says) || fix != tt.fix || (got.Fix != nil && got.Fix.Complete) != tt.complete {
			t.Errorf("%s: %s\n  fix %q (%+v)", tt.zone[:min(len(tt.zone), 60)], got.Detail, fix, got.Fix)
		}
	}
}
