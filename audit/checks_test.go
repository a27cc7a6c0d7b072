package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
	spfpolicy "mailworthy/spf/policy"
)

// txt is a TXT record in master-file form, its text split into strings.
func txt(name, text string) string {
	var parts []string
	for len(text) > 250 {
		parts, text = append(parts, fmt.Sprintf("%q", text[:250])), text[250:]
	}
	return name + " TXT " + strings.Join(append(parts, fmt.Sprintf("%q", text)), " ")
}

// spoilt is a good sender with something spoilt, and what an audit must say.
type spoilt struct {
	check    string
	severity finding.Severity
	// without are prefixes of the good zone's lines that are left out.
	without string
	// with are lines put in.
	with   string
	target Target
}

// spoiltDomains are a good sender spoilt in every way that a check looks for, and
// the DNS that each is to be audited in.
func spoiltDomains(t *testing.T) (rows []spoilt, dns func(spoilt) (resolver.Resolver, string)) {
	t.Helper()
	k2048, k2048b, k1024, k8192 := rsatest.Public(2048, 0), rsatest.Public(2048, 1), rsatest.Public(1024, 0), ""
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	ed := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	// No key is made for these: the size of the modulus is what is measured.
	k8192 = base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: oddNumber(8192), E: 65537}))
	k512 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: oddNumber(512), E: 65537}))
	good := []string{
		"@ SOA ns hostmaster 1 7200 3600 1209600 300", "@ NS ns", "ns A 198.51.100.53",
		"@ MX 10 mx1", "@ MX 20 mx2", "mx1 A 198.51.100.10", "mx2 A 198.51.100.11",
		`@ TXT "v=spf1 mx -all"`,
		txt("s1._domainkey", "v=DKIM1; k=rsa; p="+k2048), txt("s2._domainkey", "v=DKIM1; k=rsa; p="+k2048b),
		`_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@x.example"`,
	}
	world := []string{
		"$ORIGIN example.\n$TTL 300\n@ SOA ns hostmaster 1 2 3 4 300\nx NS ns.x\nesp NS ns.x\nother NS ns.x",
		"$ORIGIN esp.example.\n$TTL 300\n@ SOA ns hostmaster 1 2 3 4 300\n_spf TXT \"v=spf1 ip4:203.0.113.0/25 -all\"\nbroken TXT \"v=spf1 ip4:1.2.3 -all\"\nwide TXT \"v=spf1 ip4:11.0.0.0/8 -all\"",
		"$ORIGIN other.example.\n$TTL 300\n@ SOA ns hostmaster 1 2 3 4 300\n@ MX 0 .\nk1 CNAME gone.other.example.",
		"$ORIGIN unregistered.\n$TTL 300\n@ SOA ns hostmaster 1 2 3 4 300",
		"$ORIGIN test.\n$TTL 300\n@ SOA ns hostmaster 1 2 3 4 300",
	}
	for _, text := range bundled(t) {
		if strings.Contains(text, "arpa.\n") || strings.Contains(text, "block list") || strings.Contains(text, "allow list") {
			if strings.Contains(text, "$ORIGIN 100.51.198.in-addr.arpa.") {
				text += "\n12 PTR pool-198-51-100-12.dsl.tidy.example.\n13 PTR elsewhere.tidy.example.\n"
			}
			if strings.Contains(text, "$ORIGIN 113.0.203.in-addr.arpa.") {
				text += "\n1 PTR host.tidy.example.\n"
			}
			world = append(world, text)
		}
	}
	// The PTR names of 198.51.100.0/24 lead to tidy.example.
	for _, text := range bundled(t) {
		if strings.Contains(text, "$ORIGIN tidy.example.") {
			world = append(world, text+"\npool-198-51-100-12.dsl A 198.51.100.12\nelsewhere A 198.51.100.99\nhost A 203.0.113.1\n")
		}
	}
	nine := "@ TXT \"v=spf1 mx a:mx1.x.example a:mx2.x.example exists:mx1.x.example exists:mx2.x.example a:mx1.x.example/30 a:mx2.x.example/30 mx/30 mx//64 -all\""
	var manyMX string
	for i := range 11 {
		manyMX += fmt.Sprintf("many MX %d mx1\n", i)
		manyMX = strings.Replace(manyMX, fmt.Sprintf("many MX %d mx1\n", i), fmt.Sprintf("many MX %d h%d\nh%d A 198.51.100.10\n", i, i, i), 1)
	}
	spfIs := func(terms string) (string, string) { return "@ TXT", `@ TXT "v=spf1 ` + terms + `"` }
	record := func(check string, severity finding.Severity, terms string, more ...string) {
		without, with := spfIs(terms)
		rows = append(rows, spoilt{check, severity, without, with + "\n" + strings.Join(more, "\n"), Target{}})
	}
	policy := func(check string, severity finding.Severity, text string, more ...string) {
		rows = append(rows, spoilt{check, severity, "_dmarc", fmt.Sprintf("_dmarc TXT %q\n", text) + strings.Join(more, "\n"), Target{}})
	}
	key := func(check string, severity finding.Severity, text string) {
		rows = append(rows, spoilt{check, severity, "s1._domainkey", txt("s1._domainkey", text), Target{Selectors: []string{"s1"}}})
	}
	add := func(check string, severity finding.Severity, without, with string, target ...Target) {
		target = append(target, Target{})
		rows = append(rows, spoilt{check, severity, without, with, target[0]})
	}

	add("spf-record-missing", finding.Error, "@ TXT", "")
	add("spf-multiple-records", finding.Critical, "", `@ TXT "v=spf1 -all"`)
	record("spf-syntax", finding.Critical, "inlude:_spf.esp.example -all")
	record("spf-too-many-lookups", finding.Critical, strings.TrimSuffix(strings.TrimPrefix(nine, `@ TXT "v=spf1 `), ` -all"`)+" a a:ns.x.example -all")
	add("spf-syntax", finding.Warning, "", `@ TXT "v=sf1 ip4:203.0.113.9 -all"`)
	add("spf-syntax", finding.Notice, "", `@ TXT "v=sf1 mx -all"`)
	add("spf-lookups-near-limit", finding.Warning, "@ TXT", nine)
	record("spf-too-many-void-lookups", finding.Critical, "a:n1.x.example a:n2.x.example a:n3.x.example mx -all")
	record("spf-void-lookup", finding.Warning, "a:n1.x.example mx -all")
	record("spf-include-missing", finding.Critical, "include:none.esp.example mx -all")
	record("spf-include-permerror", finding.Critical, "include:broken.esp.example mx -all")
	record("spf-target-unregistered", finding.Critical, "include:_spf.nobody.unregistered mx -all")
	record("spf-loop", finding.Critical, "include:x.example mx -all")
	record("spf-too-many-mx", finding.Critical, "mx:many.x.example -all", manyMX)
	record("spf-all-pass", finding.Critical, "mx +all")
	record("spf-all-pass", finding.Critical, "mx all")
	record("spf-all-neutral", finding.Warning, "mx ?all")
	record("spf-all-missing", finding.Warning, "mx")
	add("spf-all-softfail", finding.Notice, "@ TXT\n_dmarc", "@ TXT \"v=spf1 mx ~all\"\n_dmarc TXT \"v=DMARC1; p=none; rua=mailto:d@x.example\"")
	record("spf-all-softfail", finding.Pass, "mx ~all")
	record("spf-terms-after-all", finding.Warning, "mx -all ip4:203.0.113.1")
	record("spf-redirect-with-all", finding.Warning, "mx -all redirect=_spf.esp.example")
	record("spf-ptr", finding.Warning, "mx ptr -all")
	record("spf-broad-range", finding.Warning, "mx ip4:11.0.0.0/12 -all")
	record("spf-broad-range", finding.Critical, "mx ip4:11.0.0.0/8 -all")
	record("spf-broad-range", finding.Notice, "mx include:wide.esp.example -all")
	record("spf-address-count", finding.Notice, "mx ip4:11.0.0.0/11 -all")
	record("spf-shared-provider", finding.Warning, "mx ip4:3.0.0.0/15 -all")
	record("spf-private-address", finding.Warning, "mx ip4:10.0.0.0/24 -all")
	record("spf-duplicate-term", finding.Notice, "mx include:_spf.esp.example include:_spf.esp.example -all")
	record("spf-overlap", finding.Notice, "mx ip4:203.0.113.0/24 ip4:203.0.113.7 -all")
	add("spf-record-too-long", finding.Warning, "", txt("@", "verification="+strings.Repeat("z", 440)))
	add("spf-broken-split", finding.Error, "@ TXT", `@ TXT "v=spf1 include:_spf.esp.example" "include:_spf.esp.example -all"`)
	add("spf-deprecated-type", finding.Notice, "", `@ TXT "spf2.0/pra mx -all"`)
	record("spf-unknown-modifier", finding.Notice, "mx op=auth -all")
	record("spf-unknown-modifier", finding.Error, "mx ip4=203.0.113.1 -all")
	record("spf-macro-uncountable", finding.Notice, "mx include:%{i}._spf.esp.example -all")
	add("spf-ip-not-authorized", finding.Critical, "", "", Target{IPs: addrs("198.51.100.77")})
	record("spf-exp-invalid", finding.Notice, "mx exp=none.x.example -all")
	record("spf-mx-void", finding.Warning, "mx:www.x.example mx -all", "www A 198.51.100.80")
	add("spf-wrong-name", finding.Error, "@ TXT", `x.example TXT "v=spf1 mx -all"`)
	add("spf-whitespace", finding.Error, "@ TXT", `@ TXT " v=spf1 mx -all"`)

	add("dkim-none-observed", finding.Notice, "s1._domainkey\ns2._domainkey", txt("unguessable-9f2c._domainkey", "v=DKIM1; p="+k2048))
	add("dkim-proved-absent", finding.Error, "s1._domainkey\ns2._domainkey", "")
	add("dkim-selector-missing", finding.Critical, "", "", Target{Selectors: []string{"absent"}})
	key("dkim-key-syntax", finding.Error, "v=DKIM1; k=rsa; k=rsa; p="+k2048)
	key("dkim-key-undecodable", finding.Error, "v=DKIM1; k=rsa; p=QUJD")
	add("dkim-multiple-records", finding.Error, "", txt("s1._domainkey", "v=DKIM1; p="+k2048b))
	key("dkim-revoked", finding.Error, "v=DKIM1; p=")
	add("dkim-wrong-name", finding.Error, "s1._domainkey", txt("s1.domainkey", "v=DKIM1; p="+k2048), Target{Selectors: []string{"s1"}})
	add("dkim-key-split", finding.Error, "s1._domainkey", txt("s1._domainkey", "v=DKIM1; k=rsa; p="+k2048[:200])+"\n"+txt("s1._domainkey", k2048[200:]))
	key("dkim-key-insecure", finding.Critical, "v=DKIM1; k=ed25519; p=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	add("dkim-ed25519-only", finding.Warning, "s1._domainkey\ns2._domainkey", txt("s1._domainkey", "v=DKIM1; k=ed25519; p="+ed))
	add("dkim-revoked", finding.Notice, "s1._domainkey", `s1._domainkey TXT "v=DKIM1; p="`)
	key("dkim-key-too-short", finding.Critical, "v=DKIM1; p="+k512)
	key("dkim-key-weak", finding.Warning, "v=DKIM1; p="+k1024)
	key("dkim-key-too-long", finding.Warning, "v=DKIM1; p="+k8192)
	key("dkim-testing", finding.Warning, "v=DKIM1; t=y; p="+k2048)
	key("dkim-hash-sha1", finding.Error, "v=DKIM1; h=sha1; p="+k2048)
	key("dkim-hash-sha1", finding.Notice, "v=DKIM1; h=sha1:sha256; p="+k2048)
	key("dkim-hash-unknown", finding.Error, "v=DKIM1; h=md5; p="+k2048)
	key("dkim-service-excluded", finding.Error, "v=DKIM1; s=tlsrpt; p="+k2048)
	key("dkim-granularity", finding.Notice, "v=DKIM1; g=*; p="+k2048)
	key("dkim-version-misplaced", finding.Error, "k=rsa; v=DKIM1; p="+k2048)
	key("dkim-algorithm-unknown", finding.Error, "v=DKIM1; k=dsa; p="+k2048)
	add("dkim-single-selector", finding.Notice, "s2._domainkey", "")
	add("dkim-shared-key", finding.Notice, "s2._domainkey", txt("s2._domainkey", "v=DKIM1; p="+k2048))
	add("dkim-wildcard", finding.Warning, "", txt("*._domainkey", "v=DKIM1; k=ed25519; p="+ed))
	add("dkim-cname-dangling", finding.Error, "s1._domainkey", "s1._domainkey CNAME k1.other.example.", Target{Selectors: []string{"s1"}})
	add("dkim-parked-key", finding.Notice, "@ MX\n@ TXT", "@ MX 0 .\n@ TXT \"v=spf1 -all\"")

	add("dmarc-record-missing", finding.Error, "_dmarc", "")
	add("dmarc-multiple-records", finding.Critical, "", `_dmarc TXT "v=DMARC1; p=none"`)
	policy("dmarc-syntax", finding.Critical, "v=DMARC1; p reject")
	policy("dmarc-version", finding.Critical, "v=dmarc1; p=reject")
	policy("dmarc-policy-missing", finding.Critical, "v=DMARC1; sp=reject")
	policy("dmarc-policy-missing", finding.Warning, "v=DMARC1; rua=mailto:d@x.example")
	policy("dmarc-policy-invalid", finding.Critical, "v=DMARC1; p=block")
	policy("dmarc-policy-none", finding.Warning, "v=DMARC1; p=none; rua=mailto:d@x.example")
	policy("dmarc-subdomain-policy-weaker", finding.Warning, "v=DMARC1; p=reject; sp=none; rua=mailto:d@x.example")
	policy("dmarc-testing", finding.Warning, "v=DMARC1; p=reject; t=y; rua=mailto:d@x.example")
	policy("dmarc-historic-tag", finding.Notice, "v=DMARC1; p=reject; ri=3600; rua=mailto:d@x.example")
	policy("dmarc-unknown-tag", finding.Notice, "v=DMARC1; p=reject; zz=1; rua=mailto:d@x.example")
	policy("dmarc-duplicate-tag", finding.Error, "v=DMARC1; p=reject; p=none; rua=mailto:d@x.example")
	policy("dmarc-tag-value-invalid", finding.Warning, "v=DMARC1; p=reject; psd=maybe; rua=mailto:d@x.example")
	policy("dmarc-no-aggregate-reports", finding.Warning, "v=DMARC1; p=reject")
	policy("dmarc-report-uri-invalid", finding.Error, "v=DMARC1; p=reject; rua=mailto:d@x.example,d@")
	policy("dmarc-report-scheme", finding.Notice, "v=DMARC1; p=reject; rua=mailto:d@x.example,ftp://x.example/")
	policy("dmarc-report-addresses-many", finding.Notice, "v=DMARC1; p=reject; rua=mailto:d@x.example,mailto:e@x.example,mailto:f@x.example")
	policy("dmarc-report-size-suffix", finding.Notice, "v=DMARC1; p=reject; rua=mailto:d@x.example!10m")
	policy("dmarc-report-not-authorized", finding.Error, "v=DMARC1; p=reject; rua=mailto:d@tidy.example")
	policy("dmarc-report-host-cannot-receive", finding.Error, "v=DMARC1; p=reject; rua=mailto:d@other.example")
	policy("dmarc-failure-options", finding.Notice, "v=DMARC1; p=reject; fo=1; rua=mailto:d@x.example")
	policy("dmarc-alignment-mode-invalid", finding.Warning, "v=DMARC1; p=reject; adkim=x; rua=mailto:d@x.example")
	policy("dmarc-older-readers", finding.Notice, "v=DMARC1; rua=mailto:d@x.example; p=reject")
	add("dmarc-spf-unaligned", finding.Error, "", "", Target{MailFrom: []string{"esp.example"}, DKIMDomains: []string{"x.example"}})
	add("dmarc-spf-unaligned", finding.Critical, "", "", Target{MailFrom: []string{"esp.example"}, DKIMDomains: []string{"esp.example"}})
	add("dmarc-dkim-unaligned", finding.Error, "", "", Target{MailFrom: []string{"x.example"}, DKIMDomains: []string{"esp.example"}})
	add("dmarc-spf-only", finding.Warning, "", "", Target{MailFrom: []string{"x.example"}, DKIMDomains: []string{"esp.example"}})
	add("dmarc-discovery-differs", finding.Warning, "", `_dmarc.sub TXT "v=DMARC1; p=reject; rua=mailto:d@x.example; psd=n"`, Target{Domain: "sub.x.example"})
	policy("dmarc-psd-not-suffix", finding.Warning, "v=DMARC1; p=reject; psd=y; rua=mailto:d@x.example")
	add("dmarc-inherited", finding.Notice, "", "sub MX 10 mx1", Target{Domain: "sub.x.example"})
	add("dmarc-subdomain-policy-ignored", finding.Notice, "", `_dmarc.sub TXT "v=DMARC1; p=reject; sp=reject; rua=mailto:d@x.example"`, Target{Domain: "sub.x.example"})
	add("dmarc-wrong-name", finding.Error, "_dmarc", `@ TXT "v=DMARC1; p=reject"`)
	add("dmarc-spf-at-dmarc-name", finding.Notice, "", `_dmarc TXT "v=spf1 -all"`)
	add("dmarc-wildcard", finding.Notice, "", `* TXT "v=DMARC1; p=none"`)

	add("rbl-listed", finding.Warning, "", "", Target{IPs: addrs("192.0.2.11")})
	add("rbl-no-addresses", finding.Notice, "@ MX\n@ TXT", "@ A 198.51.100.10\n@ TXT \"v=spf1 include:_spf.esp.example -all\"\n@ MX 10 nowhere", Target{})
	add("rbl-allow-listed", finding.Info, "", "")

	add("domain-missing", finding.Critical, "", "", Target{Domain: "missing.example"})
	add("mx-missing", finding.Error, "@ MX", "")
	add("mx-implicit", finding.Warning, "@ MX", "@ A 198.51.100.10")
	add("mx-null", finding.Error, "@ MX", "@ MX 0 .")
	add("mx-null-not-alone", finding.Error, "", "@ MX 0 .")
	add("mx-null-preference", finding.Notice, "@ MX", "@ MX 5 .")
	add("mx-unresolvable", finding.Error, "", "@ MX 30 nowhere")
	add("mx-cname", finding.Error, "", "@ MX 30 alias\nalias CNAME mx1")
	add("mx-ip-literal", finding.Error, "", "@ MX 30 198.51.100.10.")
	add("mx-private-address", finding.Error, "", "@ MX 30 inside\ninside A 10.0.0.1")
	add("mx-underscore", finding.Notice, "", "@ MX 30 mx_3\nmx_3 A 192.0.2.30")
	add("mx-validation", finding.Notice, "", "@ MX 32767 ms12345678.msv1.invalid.")
	add("mx-single", finding.Notice, "@ MX 20", "")
	add("mx-duplicate", finding.Notice, "", "@ MX 30 mx1")
	add("ptr-missing", finding.Error, "", "", Target{IPs: addrs("198.51.100.77")})
	add("ptr-unconfirmed", finding.Error, "", "", Target{IPs: addrs("198.51.100.13")})
	add("ptr-generic", finding.Warning, "", "", Target{IPs: addrs("198.51.100.12")})
	add("helo-unresolvable", finding.Warning, "", "", Target{HELO: []string{"nowhere.x.example"}})
	add("helo-mismatch", finding.Warning, "", "", Target{HELO: []string{"mx1.x.example"}})

	for i := range rows {
		if rows[i].target.Domain == "" {
			rows[i].target.Domain = "x.example"
		}
	}
	others := make([]*resolver.ZoneSet, len(world))
	for i, text := range world {
		others[i] = dnstest.Parse(t, text)
	}
	return rows, func(row spoilt) (resolver.Resolver, string) {
		lines := []string{"$ORIGIN x.example.", "$TTL 300"}
		for _, l := range good {
			if !slices.ContainsFunc(strings.Split(row.without, "\n"), func(p string) bool { return p != "" && strings.HasPrefix(l, p) }) {
				lines = append(lines, l)
			}
		}
		zone := strings.Join(append(lines, row.with), "\n")
		zones := append([]*resolver.ZoneSet{dnstest.Parse(t, zone)}, others...)
		return network{resolver.NewOverlay(nil, zones...)}, zone
	}
}

// TestEveryCheck: each check fires with its severity, in an audit of a whole domain
// that is spoilt in its way.
func TestEveryCheck(t *testing.T) {
	rows, world := spoiltDomains(t)
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.check] = true
		t.Run(row.check+"/"+string(row.severity), func(t *testing.T) {
			dns, zone := world(row)
			target := row.target
			result := Run(context.Background(), dns, target, Options{})
			var got []string
			for _, f := range result.Findings {
				if f.Check == row.check && f.Severity == row.severity {
					if f.Severity != finding.Pass {
						complete(t, f)
						mends(t, dns, target, result, f)
					}
					return
				}
				if f.Severity != finding.Pass {
					got = append(got, fmt.Sprintf("%s %s: %s", f.Severity, f.Check, f.Detail))
				}
			}
			t.Errorf("no %s %s among:\n%s\nin\n%s", row.severity, row.check, strings.Join(got, "\n"), zone)
		})
	}
	// What cannot be had from a zone alone is tested where it can.
	elsewhere := map[string]string{
		"dmarc-cname-and-txt":   "nothing stands beside a CNAME in a zone: package dmarc",
		"spf-string-too-long":   "no zone file can hold a string over 255 octets: lint",
		"dkim-ent-broken":       "no sound server answers so: package dkim",
		"domain-no-soa":         "a zone without SOA is no zone: package mailhost",
		"rbl-domain-listed":     "package rbl",
		"rbl-list-blocked":      "package rbl, and integration with rbldnsd",
		"rbl-list-unhealthy":    "package rbl, and integration with rbldnsd",
		"rbl-list-dead":         "package rbl",
		"rbl-resolver-rewrites": "package rbl",
		"rbl-not-asked":         "package rbl",
		"resolver-dns64":        "a zone is not made up: TestDNS64",
		"ns-inconsistent":       "package mailhost", "ns-lame": "package mailhost", "ns-unreachable": "package mailhost",
	}
	for _, c := range slices.Concat(spfpolicy.Checks, dkim.Checks, dmarc.Checks, rbl.Checks, mailhost.Checks) {
		if !seen[c.ID] && elsewhere[c.ID] == "" && c.Severity != finding.Unknown {
			t.Errorf("%s is spoilt by no row", c.ID)
		}
	}
}

// network is a resolver whose names cannot be listed, as those of a zone file can.
type network struct{ resolver.Resolver }

// complete checks what every finding must have: a title, a detail, evidence of
// what was asked, and a reference.
func complete(t *testing.T, f finding.Finding) {
	t.Helper()
	if f.Title == "" || f.Detail == "" || f.Reference == "" || f.Subject == "" {
		t.Errorf("%s: incomplete: %+v", f.Check, f)
	}
	if len(f.Evidence) == 0 && f.Check != "rbl-no-addresses" { // nothing was asked, as nothing is known
		t.Errorf("%s: no evidence", f.Check)
	}
}

// mends publishes the fix of a finding and audits again: the finding must be gone,
// and nothing as bad as an error may have come up instead.
func mends(t *testing.T, dns resolver.Resolver, target Target, before *Result, f finding.Finding) {
	t.Helper()
	if f.Fix == nil || f.Fix.Name == "" {
		return
	}
	publish := append([]finding.Record{{Name: f.Fix.Name, Type: f.Fix.Type, Value: f.Fix.Value}}, f.Fix.More...)
	for _, r := range publish {
		if strings.Contains(r.Name+r.Value, "<") {
			return // a place to fill in
		}
	}
	proposed, err := resolver.Amend(dns, f.Fix.Remove, publish)
	if err != nil {
		t.Errorf("the fix cannot be published: %v", err)
		return
	}
	after := Run(context.Background(), proposed, target, Options{})
	if slices.ContainsFunc(after.Findings, func(g finding.Finding) bool {
		return g.Check == f.Check && g.Severity == f.Severity && g.Subject == f.Subject
	}) {
		t.Errorf("the fix does not help: %+v", *f.Fix)
	}
	for _, g := range after.Findings {
		if g.Severity.AtLeast(finding.Error) && !slices.ContainsFunc(before.Findings, func(b finding.Finding) bool { return b.Check == g.Check && b.Severity != finding.Pass }) {
			t.Errorf("the fix brings up %s %s: %s\n%+v", g.Severity, g.Check, g.Detail, *f.Fix)
		}
	}
}

// oddNumber is an odd number of that many bits.
func oddNumber(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	return n.Sub(n, big.NewInt(1))
}
