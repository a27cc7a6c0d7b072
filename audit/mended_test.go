package audit

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

// sound is acme.example in order, with the zones of others that its records lead to. KEY1
// to KEY4 are keys.
const sound = `
	@ SOA ns hostmaster 1 7200 3600 1209600 300
	@ NS ns
	ns A 192.0.2.53
	@ MX 10 mx1
	@ MX 20 mx2
	mx1 A 192.0.2.10
	mx2 A 192.0.2.11
	@ TXT "v=spf1 mx -all"
	s1._domainkey TXT "v=DKIM1; k=rsa; p=" KEY1
	s2._domainkey TXT "v=DKIM1; k=rsa; p=" KEY2
	_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@acme.example"
	_smtp._tls TXT "v=TLSRPTv1; rua=mailto:t@acme.example"
	10.2.0.192.in-addr.arpa. PTR mx1
	11.2.0.192.in-addr.arpa. PTR mx2
	k1.u1.esp.test. TXT "v=DKIM1; k=rsa; p=" KEY3
	k2.u1.esp.test. TXT "v=DKIM1; k=rsa; p=" KEY4
	mx.esp.test. A 203.0.113.9
	mx3.esp.test. A 203.0.113.10
	9.113.0.203.in-addr.arpa. PTR mx.esp.test.
	10.113.0.203.in-addr.arpa. PTR mx3.esp.test.
	aspmx.l.google.com. A 203.0.113.26
	alt1.aspmx.l.google.com. A 203.0.113.27
	esp.test. A 203.0.113.8
	acme.dmarc.esp.test. TXT "v=DMARC1; p=quarantine; rua=mailto:d@acme.example"
	two.dmarc.esp.test. TXT "v=DMARC1; p=none"
	two.dmarc.esp.test. TXT "v=DMARC1; p=reject"
	u1.wl.sendgrid.net. MX 10 mx.sendgrid.net.
	u1.wl.sendgrid.net. TXT "v=spf1 ip4:203.0.113.77 -all"
`

// TestMended: what is found in a domain with one mistake is one finding, its fix is what was
// meant, and with all complete fixes of the report published nothing is left but what
// cannot be known.
func TestMended(t *testing.T) {
	keys := make([]string, 4)
	for i := range keys {
		keys[i] = rsatest.Public(2048, i)
	}
	tests := []struct {
		name string
		// without are starts of lines of the sound zone that are left out; with are lines put in.
		without, with string
		domain        string // empty: acme.example
		// want are the findings that are worse than notices, and what is said.
		want, says string
		// fixes are the complete fixes together: what is published, and - what is removed.
		fixes string
		// left are the findings once they are published.
		left string
	}{
		// A final dot that is missing in a target.
		{"MX of a service without its dot", "@ MX, @ TXT", "@ TXT \"v=spf1 ip4:192.0.2.10 -all\"\n@ MX 1 aspmx.l.google.com\n@ MX 5 alt1.aspmx.l.google.com", "",
			"mx-unresolvable", "the final dot is missing",
			"MX 1 aspmx.l.google.com, MX 5 alt1.aspmx.l.google.com, - MX 1 aspmx.l.google.com.acme.example, - MX 5 alt1.aspmx.l.google.com.acme.example", "provider-record-missing"},
		{"MX of another domain without its dot", "@ MX", "@ MX 10 mx.esp.test\n@ MX 20 mx3.esp.test", "", "mx-unresolvable", "the final dot is missing",
			"MX 10 mx.esp.test, MX 20 mx3.esp.test, - MX 10 mx.esp.test.acme.example, - MX 20 mx3.esp.test.acme.example", ""},
		{"MX of a subdomain without its dot", "", "news MX 10 mx1.acme.example\nnews MX 20 mx2.acme.example\nnews TXT \"v=spf1 mx -all\"\n" +
			"s1._domainkey.news TXT \"v=DKIM1; k=rsa; p=\" KEY1\ns2._domainkey.news TXT \"v=DKIM1; k=rsa; p=\" KEY2", "news.acme.example", "mx-unresolvable", "the final dot is missing",
			"MX 10 mx1.acme.example, MX 20 mx2.acme.example, - MX 10 mx1.acme.example.acme.example, - MX 20 mx2.acme.example.acme.example", ""},
		{"MX that may be a domain or a part of one", "@ MX 20", "@ MX 20 esp.test", "", "mx-unresolvable", "Perhaps the zone added its own name to esp.test", "", "mx-unresolvable"},
		{"MX whose meant host has no address", "@ MX 20", "@ MX 20 gone.esp.test", "", "mx-unresolvable", "Perhaps the zone added its own name to gone.esp.test", "", "mx-unresolvable"},
		{"MX below the domain that is gone", "@ MX 20", "@ MX 20 mx9", "", "mx-unresolvable", "has neither an A nor an AAAA record", "", "mx-unresolvable"},
		{"MX at a doubled name", "@ MX", "acme.example MX 10 mx1\nacme.example MX 20 mx2\n@ A 192.0.2.80", "", "mx-implicit", "\"mx\" in the SPF record stands for no address",
			"MX 10 mx1.acme.example, MX 20 mx2.acme.example, - MX 10 mx1.acme.example, - MX 20 mx2.acme.example", ""},
		{"MX at a doubled name, and no address: the reports are lost for it", "@ MX", "acme.example MX 10 mx1\nacme.example MX 20 mx2", "", "mx-missing", "the domain is in the name twice",
			"MX 10 mx1.acme.example, MX 20 mx2.acme.example, - MX 10 mx1.acme.example, - MX 20 mx2.acme.example", ""},
		{"address of an MX host at a doubled name", "mx2 A", "mx2.acme.example A 192.0.2.11", "", "mx-unresolvable", "An address stands at mx2.acme.example.acme.example",
			"A 192.0.2.11, - A 192.0.2.11", ""},
		{"record of type SPF behind an include", "@ TXT", "@ TXT \"v=spf1 mx include:_own.acme.example -all\"\n_own SPF \"v=spf1 ip4:192.0.2.20 -all\"\n20.2.0.192.in-addr.arpa. PTR mail\nmail A 192.0.2.20", "", "spf-include-missing", "as a record of type SPF (99)",
			"", "spf-include-missing"},
		{"MX missing: the reports are lost for it", "@ MX, @ TXT", "@ TXT \"v=spf1 ip4:192.0.2.10 -all\"", "", "mx-missing", "has neither an MX record nor an address", "", "mx-missing"},
		{"MX written as a URL", "@ MX 20", "@ MX 20 https://mx3.esp.test.", "", "mx-unresolvable", "Probably mx3.esp.test is meant", "MX 20 mx3.esp.test, - MX 20 https://mx3.esp.test", ""},
		{"MX written as a mailbox", "@ MX 20", "@ MX 20 info@mx3.esp.test.", "", "mx-unresolvable", "Probably mx3.esp.test is meant", "MX 20 mx3.esp.test, - MX 20 info@mx3.esp.test", ""},
		{"MX with a port", "@ MX 20", "@ MX 20 mx3.esp.test:25.", "", "mx-unresolvable", "Probably mx3.esp.test is meant", "MX 20 mx3.esp.test, - MX 20 mx3.esp.test:25", ""},
		{"MX written as a URL of a host that is gone", "@ MX 20", "@ MX 20 https://gone.esp.test.", "", "mx-unresolvable", "is no name of a host", "- MX 20 https://gone.esp.test", ""},
		{"DKIM alias without its dot", "s2", "s2._domainkey CNAME k2.u1.esp.test", "", "dkim-cname-dangling", "the final dot is missing",
			"CNAME k2.u1.esp.test, - CNAME k2.u1.esp.test.acme.example", ""},
		{"DKIM aliases without their dots", "s", "s1._domainkey CNAME k1.u1.esp.test\ns2._domainkey CNAME k2.u1.esp.test", "", "dkim-cname-dangling dkim-cname-dangling", "the final dot is missing",
			"CNAME k1.u1.esp.test, - CNAME k1.u1.esp.test.acme.example, CNAME k2.u1.esp.test, - CNAME k2.u1.esp.test.acme.example", ""},
		{"DKIM alias of a service without its dot", "s2", "s2._domainkey CNAME s2.domainkey.u1.wl.sendgrid.net\ns2.domainkey.u1.wl.sendgrid.net. TXT \"v=DKIM1; k=rsa; p=\" KEY2", "", "dkim-cname-dangling", "the final dot is missing",
			"CNAME s2.domainkey.u1.wl.sendgrid.net, - CNAME s2.domainkey.u1.wl.sendgrid.net.acme.example", ""},
		{"DKIM alias over a name of the domain that lost its dot", "s2", "s2._domainkey CNAME k9.keys\nk9.keys CNAME k2.u1.esp.test", "", "dkim-cname-dangling", "k9.keys.acme.example is an alias of k2.u1.esp.test.acme.example, which does not exist: the domain was added to the target, because the final dot is missing",
			"CNAME k2.u1.esp.test, - CNAME k2.u1.esp.test.acme.example", ""},
		{"DKIM aliases over one name of the domain that lost its dot", "s", "s1._domainkey CNAME k9.keys\ns2._domainkey CNAME k9.keys\nk9.keys CNAME k2.u1.esp.test", "", "dkim-cname-dangling", "s2._domainkey.acme.example leads there as well",
			"CNAME k2.u1.esp.test, - CNAME k2.u1.esp.test.acme.example", ""},
		{"DKIM alias over another selector that lost its dot", "s", "s1._domainkey CNAME s2._domainkey\ns2._domainkey CNAME k2.u1.esp.test", "", "dkim-cname-dangling", "s2._domainkey.acme.example is an alias of k2.u1.esp.test.acme.example",
			"CNAME k2.u1.esp.test, - CNAME k2.u1.esp.test.acme.example", ""},
		{"DKIM aliases over one name of the domain that lost its dot, to no key", "s", "s1._domainkey CNAME k9.keys\ns2._domainkey CNAME k9.keys\nk9.keys CNAME gone.u1.esp.test", "", "dkim-cname-dangling", "there is no key either", "", "dkim-cname-dangling"},
		{"DKIM alias over another's name that leads below the domain", "s2", "s2._domainkey CNAME k9.u1.esp.test.\nk9.u1.esp.test. CNAME k2.u1.esp.test.acme.example.", "", "dkim-cname-dangling", "which has no TXT record", "", "dkim-cname-dangling"},
		{"DKIM alias of a service without its dot, to no key", "s2", "s2._domainkey CNAME s2.domainkey.u1.wl.sendgrid.net", "", "dkim-cname-dangling", "there is no key either", "", "dkim-cname-dangling"},
		{"DKIM alias without its dot to no key", "s2", "s2._domainkey CNAME k9.u1.esp.test", "", "dkim-cname-dangling", "the final dot is missing", "", "dkim-cname-dangling"},
		{"DKIM alias to a name of the domain", "s2", "s2._domainkey CNAME k9.keys", "", "dkim-cname-dangling", "which has no TXT record", "", "dkim-cname-dangling"},
		// An alias of a key that is published with the wrong type, or leads back to itself.
		{"DKIM target as text", "s2", "s2._domainkey TXT \"k2.u1.esp.test\"", "", "dkim-key-syntax", "an alias was meant", "CNAME k2.u1.esp.test, - TXT k2.u1.esp.test", ""},
		{"DKIM target as text, with its dot", "s2", "s2._domainkey TXT \"K2.u1.esp.test.\"", "", "dkim-key-syntax", "an alias was meant", "CNAME k2.u1.esp.test, - TXT K2.u1.esp.test.", ""},
		{"DKIM target of a service as text", "s2", "s2._domainkey TXT \"s2.domainkey.u1.wl.sendgrid.net\"\ns2.domainkey.u1.wl.sendgrid.net. TXT \"v=DKIM1; k=rsa; p=\" KEY2", "", "dkim-key-syntax", "an alias was meant",
			"CNAME s2.domainkey.u1.wl.sendgrid.net, - TXT s2.domainkey.u1.wl.sendgrid.net", ""},
		{"DKIM target of a service as text, and no key is there", "s2", "s2._domainkey TXT \"s2.domainkey.u1.wl.sendgrid.net\"", "", "dkim-key-syntax", "No key was seen there", "", "dkim-key-syntax"},
		{"DKIM target with the type before it as text", "s2", "s2._domainkey TXT \"CNAME k2.u1.esp.test.\"", "", "dkim-key-syntax", "an alias was meant", "CNAME k2.u1.esp.test, - TXT CNAME k2.u1.esp.test.", ""},
		{"DKIM target as an address of the web", "s2", "s2._domainkey TXT \"https://k2.u1.esp.test/\"", "", "dkim-key-syntax", "an alias was meant", "CNAME k2.u1.esp.test, - TXT https://k2.u1.esp.test/", ""},
		{"DKIM target in place of the key", "s2", "s2._domainkey TXT \"v=DKIM1; k=rsa; p=k2.u1.esp.test\"", "", "dkim-key-syntax", "an alias was meant", "CNAME k2.u1.esp.test, - TXT v=DKIM1; k=rsa; p=k2.u1.esp.test", ""},
		{"DKIM text that is a name without a key", "s2", "s2._domainkey TXT \"mx.esp.test\"", "", "dkim-key-syntax", "", "", "dkim-key-syntax"},
		{"DKIM text that is no name", "s2", "s2._domainkey TXT \"k2\"", "", "dkim-key-syntax", "", "", "dkim-key-syntax"},
		{"DKIM alias of itself", "s2", "s2._domainkey CNAME s2._domainkey", "", "dkim-cname-dangling", "in a loop", "", "dkim-cname-dangling"},
		{"DKIM aliases of each other", "s", "s1._domainkey CNAME s2._domainkey\ns2._domainkey CNAME s1._domainkey", "", "dkim-cname-dangling dkim-cname-dangling", "in a loop", "", "dkim-cname-dangling dkim-cname-dangling"},
		{"DMARC alias of itself", "_dmarc", "_dmarc CNAME _dmarc", "", "dmarc-record-missing", "is an alias of _dmarc.acme.example", "", "dmarc-record-missing"},
		{"DMARC alias of itself over another name", "_dmarc", "_dmarc CNAME policy\npolicy CNAME _dmarc", "", "dmarc-record-missing", "is an alias of _dmarc.acme.example", "", "dmarc-record-missing"},
		{"MX host that is an alias of itself", "@ MX 20", "@ MX 20 mx9\nmx9 CNAME mx9", "", "mx-unresolvable", "is an alias of mx9.acme.example", "- MX 20 mx9.acme.example", ""},
		{"include of an alias of itself", "@ TXT", "@ TXT \"v=spf1 mx include:x.acme.example -all\"\nx CNAME x", "", "spf-include-missing", "x.acme.example", "", "spf-include-missing"},
		{"transport at aliases of themselves", "_smtp", "_smtp._tls CNAME _smtp._tls\n_mta-sts CNAME _mta-sts\ndefault._bimi CNAME default._bimi", "", "", "", "", ""},
		{"a name below a zone that is there", "", "", "nosuch.acme.example", "domain-missing", "does not exist", "", "domain-missing"},
		{"a name below a zone whose policy for such names is another", "_dmarc", "_dmarc TXT \"v=DMARC1; p=none; np=reject; rua=mailto:d@acme.example\"", "nosuch.acme.example", "domain-missing", "does not exist", "", "domain-missing"},
		{"DMARC alias without its dot", "_dmarc", "_dmarc CNAME acme.dmarc.esp.test", "", "dmarc-record-missing", "the final dot is missing",
			"CNAME acme.dmarc.esp.test, - CNAME acme.dmarc.esp.test.acme.example", ""},
		{"DMARC alias of a subdomain without its dot", "_dmarc", "_dmarc CNAME acme.dmarc.esp.test\nnews MX 10 mx1\nnews MX 20 mx2\nnews TXT \"v=spf1 mx -all\"\n" +
			"s1._domainkey.news TXT \"v=DKIM1; k=rsa; p=\" KEY1\ns2._domainkey.news TXT \"v=DKIM1; k=rsa; p=\" KEY2", "news.acme.example", "dmarc-record-missing", "the final dot is missing",
			"CNAME acme.dmarc.esp.test, - CNAME acme.dmarc.esp.test.acme.example", ""},
		{"DMARC alias over a name of the domain that lost its dot", "_dmarc", "_dmarc CNAME policy\npolicy CNAME acme.dmarc.esp.test", "", "dmarc-record-missing", "policy.acme.example is an alias of acme.dmarc.esp.test.acme.example, which does not exist",
			"CNAME acme.dmarc.esp.test, - CNAME acme.dmarc.esp.test.acme.example", ""},
		{"DMARC alias without its dot to two records", "_dmarc", "_dmarc CNAME two.dmarc.esp.test", "", "dmarc-record-missing", "the final dot is missing", "", "dmarc-record-missing"},
		{"DMARC alias without its dot to nothing", "_dmarc", "_dmarc CNAME gone.dmarc.esp.test", "", "dmarc-record-missing", "the final dot is missing", "", "dmarc-record-missing"},
		{"DMARC alias to a name of the domain", "_dmarc", "_dmarc CNAME policy", "", "dmarc-record-missing", "which does not exist", "", "dmarc-record-missing"},
		// A record of transport security at a wrong name.
		{"MTA-STS with an underscore", "", "_mta_sts TXT \"v=STSv1; id=20260101\"\nmta-sts A 192.0.2.80", "", "mta-sts-wrong-name", "published at _mta_sts.acme.example",
			"TXT v=STSv1; id=20260101, - TXT v=STSv1; id=20260101", ""},
		{"MTA-STS at a doubled name", "", "_mta-sts.acme.example TXT \"v=STSv1; id=20260101\"\nmta-sts A 192.0.2.80", "", "mta-sts-wrong-name", "the domain is in the name twice",
			"TXT v=STSv1; id=20260101, - TXT v=STSv1; id=20260101", ""},
		{"MTA-STS at the host of the policy", "", "mta-sts TXT \"v=STSv1; id=20260101\"\nmta-sts A 192.0.2.80", "", "mta-sts-wrong-name", "published at mta-sts.acme.example",
			"TXT v=STSv1; id=20260101, - TXT v=STSv1; id=20260101", ""},
		{"MTA-STS at the domain itself", "", "@ TXT \"v=STSv1; id=20260101\"\nmta-sts A 192.0.2.80", "", "mta-sts-wrong-name", "published at acme.example:",
			"TXT v=STSv1; id=20260101, - TXT v=STSv1; id=20260101", ""},
		{"MTA-STS at a wrong name, and nobody serves the policy", "", "_mta_sts TXT \"v=STSv1; id=20260101\"", "", "mta-sts-wrong-name", "published at _mta_sts.acme.example", "", "mta-sts-wrong-name"},
		{"MTA-STS of a subdomain at its right name", "", "_mta-sts.news TXT \"v=STSv1; id=20260101\"", "", "", "", "", ""},
		{"TLS-RPT with a hyphen", "_smtp", "_smtp-tls TXT \"v=TLSRPTv1; rua=mailto:x@acme.example\"", "", "tls-rpt-wrong-name", "published at _smtp-tls.acme.example",
			"TXT v=TLSRPTv1; rua=mailto:x@acme.example, - TXT v=TLSRPTv1; rua=mailto:x@acme.example", ""},
		{"TLS-RPT at _tls", "_smtp", "_tls TXT \"v=TLSRPTv1; rua=mailto:x@acme.example\"", "", "tls-rpt-wrong-name", "published at _tls.acme.example",
			"TXT v=TLSRPTv1; rua=mailto:x@acme.example, - TXT v=TLSRPTv1; rua=mailto:x@acme.example", ""},
		{"TLS-RPT with one underscore", "_smtp", "_smtp.tls TXT \"v=TLSRPTv1; rua=mailto:x@acme.example\"", "", "tls-rpt-wrong-name", "published at _smtp.tls.acme.example",
			"TXT v=TLSRPTv1; rua=mailto:x@acme.example, - TXT v=TLSRPTv1; rua=mailto:x@acme.example", ""},
		{"TLS-RPT at a doubled name, misspelt", "_smtp", "_smtp._tls.acme.example TXT \"v=TLSRPTv1; rua=x@acme.example\"", "", "tls-rpt-wrong-name", "the domain is in the name twice",
			"TXT v=TLSRPTv1; rua=mailto:x@acme.example, - TXT v=TLSRPTv1; rua=x@acme.example", ""},
		{"TLS-RPT by an alias at a wrong name", "_smtp", "_smtp-tls CNAME tls.esp.test.\ntls.esp.test. TXT \"v=TLSRPTv1; rua=mailto:x@acme.example\"", "", "tls-rpt-wrong-name", "published at _smtp-tls",
			"CNAME tls.esp.test, - CNAME tls.esp.test", ""},
		{"TLS-RPT at a wrong name beside the right one", "", "_smtp-tls TXT \"v=TLSRPTv1; rua=mailto:x@acme.example\"", "", "", "", "", ""},
		{"BIMI without its selector", "", "_bimi TXT \"v=BIMI1; l=https://acme.example/l.svg\"\n@ A 192.0.2.80", "", "bimi-wrong-name", "published at _bimi.acme.example",
			"TXT v=BIMI1; l=https://acme.example/l.svg, - TXT v=BIMI1; l=https://acme.example/l.svg", ""},
		{"BIMI without its underscore", "", "default.bimi TXT \"v=BIMI1; l=https://acme.example/l.svg\"\n@ A 192.0.2.80", "", "bimi-wrong-name", "published at default.bimi.acme.example",
			"TXT v=BIMI1; l=https://acme.example/l.svg, - TXT v=BIMI1; l=https://acme.example/l.svg", ""},
		{"BIMI at another selector", "", "brand._bimi TXT \"v=BIMI1; l=https://acme.example/l.svg\"\n@ A 192.0.2.80", "", "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "$ORIGIN .\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n$TTL 300\n"
			for line := range strings.Lines(sound) {
				if line = strings.TrimSpace(line); line != "" && !startsWithAny(line, tt.without) {
					text += line + "\n"
				}
			}
			text += strings.ReplaceAll(tt.with, "\t", "") + "\n"
			for i, key := range keys {
				text = strings.ReplaceAll(text, "KEY"+string(rune('1'+i)), "\""+key[:200]+"\" \""+key[200:]+"\"")
			}
			target := Target{Domain: tt.domain, Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Hosts, finding.Transport}}
			if target.Domain == "" {
				target.Domain = "acme.example"
			}
			zone := dnstest.Zone(t, text)
			before := Run(t.Context(), zone, target, Options{})
			said, got := worse(before)
			for _, f := range before.Findings {
				if f.Severity == finding.Unknown {
					t.Errorf("unknown in a loaded zone: %s: %s", f.Check, f.Detail)
				}
			}
			if got != tt.want {
				t.Errorf("found %s, want %s", got, tt.want)
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("%q is not said in %s", tt.says, said)
			}
			var fixes []string
			var publish, remove []finding.Record
			for _, f := range before.Findings {
				if f.Fix == nil || !f.Fix.Complete {
					continue
				}
				for _, r := range f.Fix.Records() {
					fixes, publish = append(fixes, r.Type+" "+r.Value), append(publish, r)
				}
				for _, r := range f.Fix.Remove {
					fixes, remove = append(fixes, "- "+r.Type+" "+r.Value), append(remove, r)
				}
			}
			if got := strings.Join(fixes, ", "); got != tt.fixes {
				t.Errorf("fixes %s\nwant  %s", got, tt.fixes)
			}
			published, err := resolver.Amend(zone, remove, publish)
			if err != nil {
				t.Fatal(err)
			}
			if _, left := worse(Run(t.Context(), published, target, Options{})); left != tt.left {
				t.Errorf("once published, %s is left, want %s", left, tt.left)
			}
		})
	}
}

func startsWithAny(line, starts string) bool {
	return slices.ContainsFunc(strings.Split(starts, ", "), func(s string) bool { return s != "" && strings.HasPrefix(line, s) })
}

// worse lists the findings that are worse than notices, and all that they say.
func worse(r *Result) (said, ids string) {
	var out []string
	for _, f := range r.Findings {
		if f.Severity.AtLeast(finding.Warning) {
			said += f.Title + ": " + f.Detail + "\n"
			out = append(out, f.Check)
		}
	}
	return said, strings.Join(out, " ")
}
