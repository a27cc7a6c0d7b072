package mailhost

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// mistaken is a zone with MX records of acme.example that name no host for mail from
// outside, and what they could have meant.
const mistaken = `
	$ORIGIN acme.example.
	$TTL 300
	@ SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	@ A 192.0.2.80
	mx1 A 192.0.2.10
	mail A 192.0.2.25
	_mx A 192.0.2.26
	inside A 10.0.0.5
	localhost A 127.0.0.1
	both A 10.0.0.5
	both A 192.0.2.27
	six A 127.0.0.1
	six AAAA 2001:db8:10::6
	four A 192.0.2.28
	four AAAA fd00::4
	relay A 192.0.2.40
	relay A 192.0.2.43
	alias44 CNAME relay44
	relay44 A 192.0.2.44
	gate CNAME acme-example.mail.protection.outlook.com.
	undotted CNAME host.other.test
	led CNAME undotted
	dead CNAME mail.other.test
	within CNAME mail.us
	www.us A 192.0.2.81
	beyond CNAME mail.dev
	unreached CNAME inside.dev
	own CNAME mx1.acme.example
	gone CNAME nosuch
	localhost.example.	A 127.0.0.1
	$ORIGIN .
	. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	mail.protection.outlook.com. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	acme-example.mail.protection.outlook.com. A 203.0.113.33
	google.com. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	aspmx.l.google.com. A 203.0.113.26
	localhost. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	localhost. A 127.0.0.1
	local. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	mx.local. A 10.0.0.9
	40.2.0.192.in-addr.arpa. PTR relay.acme.example.
	41.2.0.192.in-addr.arpa. PTR host.other.test.
	host.other.test. A 192.0.2.41
	mail.us. A 203.0.113.40
	mail.dev. A 203.0.113.41
	inside.dev. A 10.0.0.9
	42.2.0.192.in-addr.arpa. PTR relay.acme.example.
	43.2.0.192.in-addr.arpa. PTR relay.acme.example.
	43.2.0.192.in-addr.arpa. PTR mx1.acme.example.
	44.2.0.192.in-addr.arpa. PTR alias44.acme.example.
	localdomain. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
`

// A record whose host is none is replaced by what was meant, goes if other hosts take
// the mail, and else waits for its owner to say which host it is: nothing is invented.
func TestMistakenExchanges(t *testing.T) {
	const ask = "<the host that takes the mail of acme.example>"
	tests := []struct {
		mx       string // separated by commas
		want     string
		fix      string
		complete bool
	}{
		{"0 localhost.", "error mx-private-address localhost", "MX 0 " + ask + "; without MX 0 localhost", false},
		{"0 localhost", "error mx-private-address localhost.acme.example", "MX 0 " + ask + "; without MX 0 localhost.acme.example", false},
		{"0 localhost., 10 mx1", "error mx-private-address localhost", "without MX 0 localhost", true},
		{"0 localhost.localdomain.", "error mx-private-address localhost.localdomain", "MX 0 " + ask + "; without MX 0 localhost.localdomain", false},
		{"0 localhost.localdomain", "error mx-private-address localhost.localdomain.acme.example", "MX 0 " + ask + "; without MX 0 localhost.localdomain.acme.example", false},
		{"0 localhost.localdomain, 10 mx1", "error mx-private-address localhost.localdomain.acme.example", "without MX 0 localhost.localdomain.acme.example", true},
		{"10 mx.local.", "error mx-private-address mx.local", "MX 10 " + ask + "; without MX 10 mx.local", false},
		{"10 mx.lan.", "error mx-unresolvable mx.lan", "MX 10 " + ask + "; without MX 10 mx.lan", false},
		{"10 mail.", "error mx-unresolvable mail", "MX 10 mail.acme.example; without MX 10 mail", true},
		{"10 mail., 20 mail", "error mx-unresolvable mail", "without MX 10 mail", true},
		{"10 both.", "error mx-unresolvable both", "MX 10 " + ask + "; without MX 10 both", false}, // one of its addresses is private
		{"10 nosuch.", "error mx-unresolvable nosuch", "MX 10 " + ask + "; without MX 10 nosuch", false},
		{"10 mail.acme.example", "error mx-unresolvable mail.acme.example.acme.example", "MX 10 mail.acme.example; without MX 10 mail.acme.example.acme.example", true},
		{"10 aspmx.l.google.com", "error mx-unresolvable aspmx.l.google.com.acme.example", "MX 10 aspmx.l.google.com; without MX 10 aspmx.l.google.com.acme.example", true},
		{"10 mail.other.test", "error mx-unresolvable mail.other.test.acme.example", "", false},
		{"10 127.0.0.1.", "error mx-ip-literal 127.0.0.1", "MX 10 " + ask + "; without MX 10 127.0.0.1", false},
		{"10 192.168.1.4", "error mx-ip-literal 192.168.1.4.acme.example", "MX 10 " + ask + "; without MX 10 192.168.1.4.acme.example", false},
		{"10 192.0.2.99.", "error mx-ip-literal 192.0.2.99", "MX 10 <the name of the host 192.0.2.99>; without MX 10 192.0.2.99; with A 192.0.2.99", false},
		{"10 192.0.2.80.", "error mx-ip-literal 192.0.2.80", "MX 10 acme.example; without MX 10 192.0.2.80", true},
		{"10 192.0.2.40.", "error mx-ip-literal 192.0.2.40", "MX 10 relay.acme.example; without MX 10 192.0.2.40", true},
		{"10 192.0.2.40", "error mx-ip-literal 192.0.2.40.acme.example", "MX 10 relay.acme.example; without MX 10 192.0.2.40.acme.example", true},
		{"10 192.0.2.41.", "error mx-ip-literal 192.0.2.41", "MX 10 <the name of the host 192.0.2.41>; without MX 10 192.0.2.41; with A 192.0.2.41", false}, // somebody else's
		{"10 192.0.2.42.", "error mx-ip-literal 192.0.2.42", "MX 10 <the name of the host 192.0.2.42>; without MX 10 192.0.2.42; with A 192.0.2.42", false}, // does not lead back
		{"10 192.0.2.43.", "error mx-ip-literal 192.0.2.43", "MX 10 <the name of the host 192.0.2.43>; without MX 10 192.0.2.43; with A 192.0.2.43", false}, // two names
		{"10 192.0.2.44.", "error mx-ip-literal 192.0.2.44", "MX 10 <the name of the host 192.0.2.44>; without MX 10 192.0.2.44; with A 192.0.2.44", false}, // an alias
		{"10 inside", "error mx-private-address inside.acme.example", "A <the public address of inside.acme.example>; without A 10.0.0.5", false},
		{"10 six", "error mx-private-address six.acme.example", "A <the public address of six.acme.example>; without A 127.0.0.1", false},
		{"10 four", "error mx-private-address four.acme.example", "AAAA <the public address of four.acme.example>; without AAAA fd00::4", false},
		{"10 both", "error mx-private-address both.acme.example", "without A 10.0.0.5", true},
		{"10 _mx", "notice mx-underscore _mx.acme.example", "", false},
		{"10 gate", "error mx-cname gate.acme.example", "MX 10 acme-example.mail.protection.outlook.com; without MX 10 gate.acme.example", true},
		{"10 mx1, 20 undotted", "error mx-unresolvable undotted.acme.example", "MX 20 " + ask + "; without MX 20 undotted.acme.example", false},
		{"10 mx1, 20 led", "error mx-unresolvable led.acme.example", "MX 20 " + ask + "; without MX 20 led.acme.example", false},
		{"10 mx1, 20 undotted, 30 led", "error mx-unresolvable undotted.acme.example", "MX 20 " + ask + "; without MX 20 undotted.acme.example; without MX 30 led.acme.example", false}, // one cause
		{"10 mx1, 20 beyond", "error mx-unresolvable beyond.acme.example", "MX 20 " + ask + "; without MX 20 beyond.acme.example", false},
		{"10 mx1, 20 dead", "error mx-unresolvable dead.acme.example", "without MX 20 dead.acme.example", true}, // with its dot it leads nowhere either
		{"10 mx1, 20 unreached", "error mx-unresolvable unreached.acme.example", "without MX 20 unreached.acme.example", true},
		{"10 mx1, 20 within", "error mx-unresolvable within.acme.example", "without MX 20 within.acme.example", true}, // a name of us.acme.example
		{"10 mx1, 20 own", "error mx-unresolvable own.acme.example", "without MX 20 own.acme.example", true},          // mx1 has its record
		{"10 mx1, 20 gone", "error mx-unresolvable gone.acme.example", "without MX 20 gone.acme.example", true},
		{"10 mx1, 32767 ms12345678.msv1.invalid.", "notice mx-validation ms12345678.msv1.invalid", "TXT MS=ms12345678; without MX 32767 ms12345678.msv1.invalid", true},
		{"0 ms12345678.msv1.invalid.", "error mx-validation ms12345678.msv1.invalid", "MX 10 " + ask + "; without MX 0 ms12345678.msv1.invalid; with TXT MS=ms12345678", false},
		{"0 .", "error mx-null acme.example", "MX 10 " + ask + "; without MX 0 .", false},
	}
	for _, tt := range tests {
		t.Run(tt.mx, func(t *testing.T) {
			zone := mistaken + "\t$ORIGIN acme.example.\n"
			for mx := range strings.SplitSeq(tt.mx, ", ") {
				zone += "\t@ MX " + mx + "\n"
			}
			d := ExamineDomain(t.Context(), dnstest.Zone(t, zone), "acme.example")
			all := slices.DeleteFunc(Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings(), func(f finding.Finding) bool {
				return f.Severity == finding.Pass || f.Check == "mx-single"
			})
			if got := strings.Join(found(all), ", "); got != tt.want {
				t.Fatalf("found %s, want %s", got, tt.want)
			}
			var fix []string
			f := all[0].Fix
			for _, r := range f.Records()[:min(len(f.Records()), 1)] {
				fix = append(fix, r.Type+" "+r.Value)
			}
			for _, r := range f.Remove {
				fix = append(fix, "without "+r.Type+" "+r.Value)
			}
			for _, r := range f.More {
				fix = append(fix, "with "+r.Type+" "+r.Value)
			}
			if got := strings.Join(fix, "; "); got != tt.fix || f.Complete != tt.complete {
				t.Errorf("fix %q (complete: %t), want %q", got, f.Complete, tt.fix)
			}
		})
	}
}

// TestLostDots: what an alias that leads nowhere was meant to lead to is said where nothing speaks
// against it, and as probable where it can be no name of the domain's own.
func TestLostDots(t *testing.T) {
	const head = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 192.0.2.10\n"
	for _, tt := range []struct{ records, says string }{
		{"mx2 CNAME host.esp.net", "Probably the zone added its own name to the target of the alias at mx2.acme.com, because the final dot of host.esp.net"},
		{"mx2 CNAME foo\nfoo CNAME host.esp.net", "Probably the zone added its own name to the target of the alias at foo.acme.com"},
		{"mx2 CNAME mail.us", "Perhaps the zone"},
		{"mx2 CNAME mail.us\nwww.us A 192.0.2.11", ""},
		{"mx2 CNAME mail.us.acme.com.\nus MX 10 mx1", ""},
		{"mx2 CNAME host.esp.com\nmx1.acme.com A 192.0.2.11", "Probably the zone"}, // a doubled name is no sign
		{"mx2 CNAME mx1.acme.com.acme.com.\n@ MX 20 mx2.acme.com", ""},
		{"mx2 CNAME host.esp.net\n$ORIGIN esp.net.\n@ SOA ns host 1 7200 3600 1209600 300\n", ""},
		{"mx2 CNAME host.esp.net\n$ORIGIN esp.net.\n@ SOA ns host 1 7200 3600 1209600 300\nhost A 192.0.2.12", "Probably the zone"},
	} {
		d := ExamineDomain(t.Context(), dnstest.Zone(t, head+tt.records+"\n"), "acme.com")
		for _, f := range Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings() {
			if f.Check != "mx-unresolvable" || f.Subject != "mx2.acme.com" {
				continue
			}
			if said := strings.Contains(f.Detail, "the zone added its own name"); !strings.Contains(f.Detail, tt.says) || said != (tt.says != "") || f.Fix.Complete != (tt.says == "") {
				t.Errorf("%s: complete: %t: %s", tt.records, f.Fix.Complete, f.Detail)
			}
			tt.says = "found"
		}
		if tt.says != "found" {
			t.Errorf("%s: nothing found", tt.records)
		}
	}
}

// TestMendedExchanges: the MX records are mended where each host that cannot be reached was meant to be
// one that can.
func TestMendedExchanges(t *testing.T) {
	for mx, want := range map[string]bool{
		"10 mx1": true, "10 mail.acme.example": true, "10 mx1, 20 mail.acme.example": true,
		"10 nosuch.": false, "10 mx1, 20 nosuch.": false, "10 inside": false, "0 localhost.": false, "0 .": false, "": false,
	} {
		zone := mistaken + "\t$ORIGIN acme.example.\n"
		for mx := range strings.SplitSeq(mx, ", ") {
			if mx != "" {
				zone += "\t@ MX " + mx + "\n"
			}
		}
		if d := ExamineDomain(t.Context(), dnstest.Zone(t, zone), "acme.example"); d.Mended() != want {
			t.Errorf("%q: mended is %t", mx, d.Mended())
		}
	}
	// On the network a wildcard may answer for the name that the lost dot made.
	for records, meant := range map[string]string{"* A 192.0.2.80": "mx1.acme.com", "* CNAME mx1": "mx1.acme.com", "mx1.acme.com A 192.0.2.80": ""} {
		client := dnstest.Start(t, "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ MX 10 mx1.acme.com\nmx1 A 192.0.2.10\n"+records+"\n").Client(resolver.Config{})
		d := ExamineDomain(t.Context(), client, "acme.com")
		client.Close()
		name := ""
		if m := d.Exchanges[0].Meant; m != nil {
			name = m.Name
		}
		if name != meant || !d.Mended() {
			t.Errorf("%s: meant is %q, mended is %t", records, name, d.Mended())
		}
	}
}

// What is no name of a host, such as one with a port, takes no mail, whether the DNS says so or
// says nothing; what is around a name goes. All of it is one finding.
func TestImpossibleExchanges(t *testing.T) {
	const (
		zone = `
	$ORIGIN acme.example.
	$TTL 300
	@ SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	@ A 192.0.2.80
	mx1 A 192.0.2.10
	`
		ask = "10 <the host that takes the mail of acme.example>"
	)
	tests := []struct {
		mx, want, fix string // separated by commas and spaces; an empty fix has no record
		complete      bool
	}{
		{"10 mx1.acme.example:25.", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{"10 mx1.acme.example:25", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{"10 mx1:25", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{"10 mx1:25, 20 mx1:587", "mx-unresolvable+mx-underscore mx-unresolvable+mx-underscore", "10 mx1.acme.example -", true},
		{"10 mx1, 20 mx1:587", "mx-unresolvable+mx-underscore", "-", true},
		{"10 smtp://mx1.acme.example/.", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{"10 <mx1.acme.example>.", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{`10 10\032mx1.acme.example.`, "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{`10 mx1.acme.example\032.`, "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{`10 mx1\@acme.example.`, "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{`10 www\@acme.example.`, "mx-unresolvable+mx-underscore", ask, false},
		{"10 mx1.acme.example,", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{"10 mx1.acme,example.", "mx-unresolvable+mx-underscore", "10 mx1.acme.example", true},
		{"10 mx1.acme.example.10.", "mx-unresolvable", "10 mx1.acme.example", true},
		{"10 mx1.acme.example.10", "mx-unresolvable", "10 mx1.acme.example", true},
		{"10 10.mx1", "mx-unresolvable", "10 mx1.acme.example", true},
		{"10 20.mx1", "mx-unresolvable", "", false},
		{"10 10.acme.example.", "mx-unresolvable", "", false}, // the web server is not what is meant
		{"10 aspmx.l.google.com:25.", "mx-unresolvable+mx-underscore", "10 aspmx.l.google.com", true},
		{"10 aspmx.l.google.com.10.", "mx-unresolvable", "10 aspmx.l.google.com", true},
		{"10 mx.esp.net:25.", "mx-unresolvable+mx-underscore", "10 mx.esp.net", true},
		{`10 postmaster\@mx.esp.net.`, "mx-unresolvable+mx-underscore", ask, false},
		{"10 mx.esp.net.10.", "mx-unresolvable", ask, false},
		{"10 localhost:25.", "mx-unresolvable+mx-underscore", ask, false},
		{"10 192.0.2.300.", "mx-unresolvable", ask, false},
		{"10 192.0.2.10:25.", "mx-ip-literal", "10 <the name of the host 192.0.2.10>", false},
		{"10 192.0.2.80:25", "mx-ip-literal", "10 acme.example", true},
		{"10 http://192.0.2.80/.", "mx-ip-literal", "10 acme.example", true},
		{"10 [2001:db8::1]:25.", "mx-ip-literal", "10 <the name of the host 2001:db8::1>", false},
	}
	for _, tt := range tests {
		records := zone
		for mx := range strings.SplitSeq(tt.mx, ", ") {
			records += "\n\t@ MX " + mx
		}
		d := ExamineDomain(t.Context(), dnstest.Zone(t, records), "acme.example")
		var got, fix []string
		complete := true
		for _, f := range Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings() {
			if f.Severity == finding.Pass && f.Check != "mx-underscore" || f.Check == "mx-single" {
				continue
			}
			if f.Severity == finding.Pass {
				if strings.Contains(tt.want, f.Check) {
					t.Errorf("%s: %s is a pass and follows", tt.mx, f.Check)
				}
				continue
			}
			text := f.Check
			for _, c := range f.Follows {
				text += "+" + c.Check
			}
			got = append(got, text)
			complete = complete && f.Fix.Complete
			switch {
			case f.Fix.Value != "":
				fix = append(fix, f.Fix.Value)
			case len(f.Fix.Remove) > 0:
				fix = append(fix, "-")
			}
		}
		if strings.Join(got, " ") != tt.want || strings.Join(fix, " ") != tt.fix || complete != tt.complete {
			t.Errorf("%s: found %q, fix %q (complete: %t), want %q, %q", tt.mx, got, fix, complete, tt.want, tt.fix)
		}
		if d.SendersUnknown() {
			t.Errorf("%s: senders are unknown", tt.mx)
		}
	}
}

// The hosts of an envelope domain are judged in the same way.
func TestImpossibleEnvelopeHosts(t *testing.T) {
	for _, host := range []string{"192.0.2.10.", "mx.esp.net:25.", "mx.esp.net.10.", "2001:db8::1.", "https://mx.esp.net/."} {
		r := dnstest.Zone(t, "acme.example. 300 SOA ns.acme.example. h.acme.example. 1 2 3 4 5\nbounce.acme.example. 300 MX 10 "+host)
		a := ExamineSOA(t.Context(), r, []string{"bounce.acme.example"})
		all := Check(&Facts{Envelope: a}, Context{Profile: finding.Sender}).Findings()
		if want := "warning mx-unresolvable " + strings.TrimSuffix(host, "."); !slices.Contains(found(all), want) {
			t.Errorf("%s: found %q", host, found(all))
		}
	}
}

// Reserved names are no hosts whatever the DNS says, even if it says nothing.
func TestReservedNamesAreKnown(t *testing.T) {
	const zone = `
	acme.example. 300 SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	acme.example. 300 MX 10 %s.
	`
	for host, want := range map[string]string{
		"localhost": "error mx-private-address localhost", "mx.local": "error mx-unresolvable mx.local",
		"mx.corp.internal": "error mx-unresolvable mx.corp.internal", "mail": "unknown hosts-unresolved mail could be error undecides",
	} {
		r := &asker{next: dnstest.Zone(t, fmt.Sprintf(zone, host)), fail: []string{host}}
		d := ExamineDomain(t.Context(), r, "acme.example")
		if got := found(Check(&Facts{Domain: d}, Context{Profile: finding.Sender}).Findings()); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: found %q, want %q", host, got, want)
		}
		if d.SendersUnknown() != (host == "mail") {
			t.Errorf("%s: senders unknown %t", host, d.SendersUnknown())
		}
	}
}

func TestGateways(t *testing.T) {
	for host, want := range map[string]string{
		"acme-example.mail.protection.outlook.com": "Microsoft 365", "acme-example.p-v1.mx.microsoft": "Microsoft 365",
		"smtp.google.com": "Google", "alt4.aspmx.l.google.com": "Google", "aspmx2.googlemail.com": "Google",
		"mx0a-00112233.pphosted.com": "Proofpoint", "eu-smtp-inbound-1.mimecast.com": "Mimecast",
		"d1.a.ess.barracudanetworks.com": "Barracuda Email Gateway", "in1-smtp.messagingengine.com": "Fastmail",
		"inbound-smtp.eu-west-1.amazonaws.com": "Amazon SES", "mx00.ionos.de": "IONOS", "mx2.zoho.eu": "Zoho Mail",
		"smtp-out.messagingengine.com": "", "mail.notgoogle.com": "", "google.com.acme.example": "", "com": "", "": "",
		"ec2-192-0-2-1.compute-1.amazonaws.com": "", "inbound-smtp.amazonaws.com": "", "mx1.acme.example": "",
	} {
		got := ""
		if g := GatewayOf(host); g != nil {
			got = g.Service
		}
		if got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

// An ordinary host costs no question more for what could have been meant.
func TestMeantIsAskedOnlyWithoutAddress(t *testing.T) {
	r := &asker{next: dnstest.Zone(t, mistaken+"\n\tacme.example. MX 10 mail.acme.example.\n\tacme.example. MX 20 nosuch.\n")}
	ExamineDomain(t.Context(), r, "acme.example")
	if n := len(r.asked); n != 10 {
		t.Errorf("%d questions: %v", n, r.asked)
	}
}
