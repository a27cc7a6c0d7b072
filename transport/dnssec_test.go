package transport

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// signedDNS answers from lines "name TYPE state data", the state being secure, insecure
// or bogus, or the reason of a failure. A name without a line is securely absent.
type signedDNS struct {
	lines  string
	server string
	// unchecked: what is bogus is answered.
	unchecked bool
}

func (d *signedDNS) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a := &resolver.Answer{Name: name, Type: t, Status: resolver.NXDomain, Server: d.server, AuthenticData: true}
	for line := range strings.Lines(d.lines) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(fields) < 3 || fields[0] != name || fields[1] != t.String() {
			continue
		}
		state, alias, _ := strings.Cut(fields[2], ",")
		if alias != "" {
			a.CNAMEs = []string{alias}
		}
		switch state {
		case "secure", "insecure":
			a.AuthenticData = state == "secure"
		case "elsewhere": // another resolver answered, one that does not validate
			a.AuthenticData, a.Server = false, "udp://127.0.0.2:53"
		case "bogus":
			if !d.unchecked {
				return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.ServFail, Server: d.server, Detail: "Signature Expired"}
			}
		default:
			return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Reason(state), Server: d.server}
		}
		if a.Status = resolver.NoData; len(fields) == 4 {
			a.Status = resolver.Found
			r := resolver.Record{Name: name, Type: t, Data: fields[3], Host: fields[3]}
			if t == resolver.TypeTXT {
				r.TXT = []string{fields[3]}
			}
			a.Records = append(a.Records, r)
		}
	}
	return a, nil
}

// signedWorld is a domain that does all of it right.
const signedWorld = `. SOA secure root
acme.example SOA secure soa
acme.example MX secure mx1.acme.example
acme.example DNSKEY secure 257 3 13 AAAA
acme.example DS secure 1 13 2 ABCD
_dmarc.acme.example TXT secure v=DMARC1
mx1.acme.example A secure 192.0.2.1
mx1.acme.example AAAA secure
`

// A key of acme.example and its DS records, made by ldns.
const (
	testKey = "257 3 13 acWbBk1QNjshXfWBRP4A9hvHoHNAT8sRwFN08jMwvJhc4n69KY8OuaRdJLh4F6pJ7TwAWcUPISL1L+cKHD5q3A=="
	testDS  = "3168 13 2 68FE3D3CD832B57AD2D9291BA6CD8F87864D90F3757BD3C22B644064BEBAB8C4"
)

// signedAt is the time of these tests.
var signedAt = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)

// TestDNSSEC: what a resolver says counts only if it validates and the path to it can be
// trusted; each state of the answers has its finding.
func TestDNSSEC(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	tlsa := func(state, data string) string { return "_25._tcp.mx1.acme.example TLSA " + state + " " + data + "\n" }
	good := tlsa("secure", "3 1 1 "+sum)
	replace := strings.NewReplacer
	// rrsig is a signature made and ending so many days from now.
	rrsig := func(covers string, made, ends int) string {
		at := func(days int) string { return signedAt.AddDate(0, 0, days).Format(signatureTime) }
		return fmt.Sprintf("acme.example RRSIG insecure %s 13 2 60 %s %s 3168 acme.example. AAAA\n", covers, at(ends), at(made))
	}
	for _, tt := range []struct {
		name, lines, server string
		trusted             bool
		dnssec, dane        string
	}{
		{"good", signedWorld + good, "", false, "", ""},
		{"over TLS", signedWorld + good, "tls://192.0.2.53:853", false, "", ""},
		{"over HTTPS", signedWorld + good, "https://dns.example/dns-query", false, "", ""},
		{"over IPv6 loopback", signedWorld + good, "udp://[::1]:53", false, "", ""},
		{"over the network", signedWorld + good, "udp://192.0.2.53:53", false, "dnssec-unresolved unknown", "dane-unresolved unknown"},
		{"over a trusted network", signedWorld + good, "udp://192.0.2.53:53", true, "", ""},
		{"domain from one that does not validate", replace("acme.example SOA secure", "acme.example SOA elsewhere").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", ""},
		{"MX from one that does not validate", replace("MX secure", "MX elsewhere").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", "dane-unresolved unknown"},
		{"addresses from one that does not validate", replace(" A secure", " A elsewhere", " AAAA secure", " AAAA elsewhere").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown, dnssec-unresolved unknown", "dane-unresolved unknown"},
		{"TLSA from one that does not validate", signedWorld + tlsa("elsewhere", "3 1 1 "+sum), "", false, "", "dane-unresolved unknown"},
		{"no validation", replace("secure", "insecure").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", "dane-unresolved unknown"},
		{"no answer for the root, AD elsewhere", replace(". SOA secure", ". SOA timeout").Replace(signedWorld + good), "", false, "", ""},
		{"no answer for the root, no AD", replace("secure", "insecure", ". SOA secure", ". SOA timeout").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", "dane-unresolved unknown"},
		{"unsigned", replace("acme.example SOA secure", "acme.example SOA insecure", "MX secure", "MX insecure", "DNSKEY secure 257 3 13 AAAA", "DNSKEY insecure", "DS secure 1 13 2 ABCD", "DS secure", " A secure", " A insecure", " AAAA secure", " AAAA insecure").Replace(signedWorld), "", false, "dnssec-unsigned notice", ""},
		{"island", replace("acme.example SOA secure", "acme.example SOA insecure", "DS secure 1 13 2 ABCD", "DS secure").Replace(signedWorld), "", false, "dnssec-parent-ds warning", "dane-missing notice"},
		{"bogus domain", replace("acme.example SOA secure", "acme.example SOA bogus", "MX secure", "MX bogus").Replace(signedWorld), "", false, "dnssec-bogus critical, dnssec-bogus critical", "dane-unresolved unknown"},
		{"SERVFAIL for another reason", replace("MX secure", "MX servfail").Replace(signedWorld), "", false, "dnssec-unresolved unknown", "dane-unresolved unknown"},
		{"DS of another key", replace("acme.example SOA secure", "acme.example SOA bogus", "acme.example DNSKEY secure", "acme.example DNSKEY bogus").Replace(signedWorld + good), "", false, "dnssec-bogus critical, dnssec-parent-ds critical", ""},
		{"DS of the key", replace("acme.example SOA secure", "acme.example SOA bogus", "acme.example DNSKEY secure 257 3 13 AAAA", "acme.example DNSKEY bogus "+testKey, "1 13 2 ABCD", testDS).Replace(signedWorld + good), "", false, "dnssec-bogus critical", ""},
		{"signed for long", signedWorld + good + rrsig("SOA", -10, 20), "", false, "", ""},
		{"two days left", signedWorld + good + rrsig("SOA", -28, 20) + rrsig("MX", -28, 2), "", false, "dnssec-signature-expiring warning", ""},
		{"a tenth left", signedWorld + good + rrsig("SOA", -92, 8), "", false, "dnssec-signature-expiring warning", ""},
		{"a second signature that lasts", signedWorld + good + rrsig("SOA", -28, 2) + rrsig("SOA", -1, 29), "", false, "", ""},
		{"signed for two days at a time", signedWorld + good + rrsig("SOA", -1, 1), "", false, "", ""},
		{"what is no signature", signedWorld + good + "acme.example RRSIG secure SOA 13 2 60 x y 1 acme.example. AAAA\n", "", false, "", ""},
		{"signatures not answered", signedWorld + good + "acme.example RRSIG timeout\nacme.example NSEC3PARAM timeout\n", "", false, "", ""},
		{"keys not answered", replace("acme.example DNSKEY secure 257 3 13 AAAA", "acme.example DNSKEY timeout").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", ""},
		{"digests not answered", replace("acme.example DS secure 1 13 2 ABCD", "acme.example DS timeout").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", ""},
		{"NSEC3 as it should be", signedWorld + good + "acme.example NSEC3PARAM secure 1 0 0 -\n", "", false, "", ""},
		{"iterations", signedWorld + good + "acme.example NSEC3PARAM secure 1 0 10 -\n", "", false, "dnssec-nsec3-iterations notice", ""},
		{"salt", signedWorld + good + "acme.example NSEC3PARAM secure 1 0 0 AABB\n", "", false, "dnssec-nsec3-iterations notice", ""},
		{"many iterations", signedWorld + good + "acme.example NSEC3PARAM secure 1 0 150 AABB\n", "", false, "dnssec-nsec3-iterations warning", ""},
		{"timeout", replace("_dmarc.acme.example TXT secure", "_dmarc.acme.example TXT timeout").Replace(signedWorld + good), "", false, "dnssec-unresolved unknown", ""},
		{"host not signed", replace(" A secure", " A insecure", " AAAA secure", " AAAA insecure").Replace(signedWorld), "", false, "dnssec-mx-unsigned notice", ""},
		{"old algorithm", replace("257 3 13", "257 3 7").Replace(signedWorld + good), "", false, "dnssec-algorithm warning", ""},
		{"SHA-1 digest", replace("1 13 2 ABCD", "1 13 1 ABCD").Replace(signedWorld + good), "", false, "dnssec-algorithm warning", ""},

		{"no TLSA", signedWorld, "", false, "", "dane-missing notice"},
		{"TLSA bogus", signedWorld + tlsa("bogus", "3 1 1 "+sum), "", false, "", "dane-lookup-failed critical"},
		{"no TLSA, and no proof of it", signedWorld + strings.TrimSuffix(tlsa("bogus", ""), " \n") + "\n", "", false, "", "dane-denial-broken error"},
		{"TLSA not answered", signedWorld + tlsa("timeout", ""), "", false, "", "dane-unresolved unknown"},
		{"TLSA SERVFAIL", signedWorld + tlsa("servfail", ""), "", false, "", "dane-unresolved unknown"},
		{"TLSA insecure", signedWorld + tlsa("insecure", "3 1 1 "+sum), "", false, "", "dane-tlsa-insecure warning"},
		{"addresses insecure", replace(" A secure", " A insecure", " AAAA secure", " AAAA insecure").Replace(signedWorld) + good, "", false, "dnssec-mx-unsigned notice", "dane-tlsa-insecure warning"},
		{"MX insecure", replace("MX secure", "MX insecure").Replace(signedWorld) + good, "", false, "", "dane-mx-insecure warning"},
		{"PKIX usage alone", signedWorld + tlsa("secure", "1 1 1 "+sum), "", false, "", "dane-unusable-all error"},
		{"PKIX usage beside", signedWorld + good + tlsa("secure", "1 1 1 "+sum), "", false, "", "dane-usage-pkix warning"},
		{"short digest beside", signedWorld + good + tlsa("secure", "3 1 1 abcd"), "", false, "", "tlsa-unusable error"},
		{"digest of nothing alone", signedWorld + tlsa("secure", "3 1 1 "+strings.Repeat("0", 64)), "", false, "", "tlsa-never-matches critical"},
		{"digest of nothing beside", signedWorld + good + tlsa("secure", "3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "", false, "", "tlsa-never-matches warning"},
		{"SHA-512 alone", signedWorld + tlsa("secure", "3 1 2 "+sum+sum), "", false, "", "dane-sha512-only notice"},
		{"SHA-512 beside", signedWorld + good + tlsa("secure", "3 1 2 "+sum+sum), "", false, "", ""},
		{"an alias, TLSA at its end", replace(" A secure", " A secure,real.esp.example").Replace(signedWorld) + "_25._tcp.real.esp.example TLSA secure 3 1 1 " + sum + "\n", "", false, "", "dane-cname warning"},
		{"an alias, TLSA at its own name", replace(" A secure", " A secure,real.esp.example").Replace(signedWorld) + good, "", false, "", "dane-cname warning"},
		{"an alias, TLSA at its end bogus", replace(" A secure", " A secure,real.esp.example").Replace(signedWorld) + good + "_25._tcp.real.esp.example TLSA bogus 3 1 1 " + sum + "\n", "", false, "", "dane-lookup-failed critical"},
		{"an alias, TLSA at its end not answered", replace(" A secure", " A secure,real.esp.example").Replace(signedWorld) + good + "_25._tcp.real.esp.example TLSA timeout\n", "", false, "", "dane-unresolved unknown"},
		{"an alias without TLSA", replace(" A secure", " A secure,real.esp.example").Replace(signedWorld), "", false, "", "dane-missing notice"},
		{"one host of two", signedWorld + good + "acme.example MX secure mx2.acme.example\nmx2.acme.example A secure 192.0.2.2\n", "", false, "", "dane-partial warning"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.server == "" {
				tt.server = "udp://127.0.0.1:53"
			}
			checking := &signedDNS{lines: tt.lines, server: tt.server}
			b := resolver.NewBatch(t.Context(), resolver.NewSession(checking, 0))
			v := &Validator{Unchecked: &signedDNS{lines: tt.lines, server: tt.server, unchecked: true}, Trusted: tt.trusted, Now: func() time.Time { return signedAt }}
			done := false
			BeginDNSSEC(b, v, "acme.example", func(f *DNSSECFacts) {
				done = true
				if got := notable(CheckDNSSEC(f)); got != tt.dnssec {
					t.Errorf("dnssec: %q, want %q", got, tt.dnssec)
				}
				if got := notable(CheckDANE(f)); got != tt.dane {
					t.Errorf("dane: %q, want %q", got, tt.dane)
				}
			})
			if b.Run(); !done {
				t.Error("it never ended")
			}
		})
	}
}

// TestOpenHostIsNoPass: what one host of two publishes, or whether it is signed, is not known:
// what depends on it is no pass because the other is in order.
func TestOpenHostIsNoPass(t *testing.T) {
	world := signedWorld + "_25._tcp.mx1.acme.example TLSA secure 3 1 1 " + strings.Repeat("ab", 32) + "\nacme.example MX secure mx2.acme.example\n"
	signedHost := "mx2.acme.example A secure 192.0.2.2\n"
	for _, tt := range []struct {
		name, lines string
		open        []string
	}{
		{"both answered", signedHost + "_25._tcp.mx2.acme.example TLSA secure 3 1 1 " + strings.Repeat("ab", 32) + "\n", nil},
		{"TLSA", signedHost + "_25._tcp.mx2.acme.example TLSA timeout\n", []string{"dane-partial", "dane-tlsa-insecure", "dane-cname", "dane-full", "dane-unusable-all", "dane-usage-pkix", "dane-sha512-only", "dane-ta-cert-selector"}},
		{"addresses", "mx2.acme.example A timeout\nmx2.acme.example AAAA timeout\n_25._tcp.mx2.acme.example TLSA secure 3 1 1 " + strings.Repeat("ab", 32) + "\n", []string{"dane-partial", "dane-tlsa-insecure", "dane-cname"}},
	} {
		b := resolver.NewBatch(t.Context(), resolver.NewSession(&signedDNS{lines: world + tt.lines, server: "udp://127.0.0.1:53"}, 0))
		var passed []string
		BeginDNSSEC(b, &Validator{}, "acme.example", func(f *DNSSECFacts) {
			for _, found := range CheckDANE(f) {
				if found.Severity == finding.Pass {
					passed = append(passed, found.Check)
				}
			}
		})
		b.Run()
		for _, check := range []string{"dane-partial", "dane-tlsa-insecure", "dane-cname", "dane-full", "dane-unusable-all", "dane-usage-pkix", "dane-sha512-only", "dane-ta-cert-selector"} {
			if slices.Contains(passed, check) == slices.Contains(tt.open, check) {
				t.Errorf("%s: %s passes: %v", tt.name, check, slices.Contains(passed, check))
			}
		}
	}
}
