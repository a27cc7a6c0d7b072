package typo

import (
	"net/netip"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
)

// Template is a domain without mistakes.
type Template struct {
	Name string
	// Records are those of the owner.
	Records []finding.Record
	// Senders are addresses that mail of the domain comes from. Envelope has those
	// of envelope domains of services.
	Senders  []netip.Addr
	Envelope map[string][]netip.Addr
	// Target is what the owner states.
	Target audit.Target
}

// envelope adds an envelope domain.
func (t Template) envelope(domain string, senders ...string) Template {
	t.Envelope = make(map[string][]netip.Addr)
	for _, s := range senders {
		t.Envelope[domain] = append(t.Envelope[domain], netip.MustParseAddr(s))
	}
	return t
}

// template reads the records of a domain, one a line: owner, type, value; @ is
// the domain, and names without a final dot are below it.
func template(name string, senders, selectors []string, lines string) Template {
	t := Template{Name: name, Target: audit.Target{Domain: Domain, Selectors: selectors}}
	for _, s := range senders {
		t.Senders = append(t.Senders, netip.MustParseAddr(s))
	}
	lines = strings.NewReplacer("@RSA1@", rsa1, "@RSA2@", rsa2).Replace(lines)
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		owner, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		rtype, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
		switch {
		case owner == "@":
			owner = Domain
		case strings.HasSuffix(owner, "."):
			owner = strings.TrimSuffix(owner, ".")
		default:
			owner += "." + Domain
		}
		t.Records = append(t.Records, finding.Record{Name: owner, Type: rtype, Value: strings.TrimSpace(value)})
	}
	return t
}

const servers = `
@ NS ns1.acme.example
@ NS ns2.acme.example
ns1 A 192.0.2.53
ns2 A 198.51.100.53
www A 192.0.2.80
mail A 192.0.2.20
mail AAAA 2001:db8:10::1
20.2.0.192.in-addr.arpa. PTR mail.acme.example
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.acme.example
`

const hosts = servers + `
@ MX 10 mx1.acme.example
@ MX 20 mx2.acme.example
mx1 A 192.0.2.10
mx1 AAAA 2001:db8:10::10
mx2 A 192.0.2.11
10.2.0.192.in-addr.arpa. PTR mx1.acme.example
11.2.0.192.in-addr.arpa. PTR mx2.acme.example
0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mx1.acme.example
`

// Templates are the domains that mistakes are typed into.
func Templates() []Template {
	return []Template{
		template("own servers", []string{"192.0.2.10", "192.0.2.11", "192.0.2.20", "2001:db8:10::10", "203.0.113.5"}, []string{"s1", "s2"}, hosts+`
@ TXT v=spf1 mx ip4:192.0.2.20 ip6:2001:db8:10::/64 include:_spf.esp.example -all
s1._domainkey TXT v=DKIM1; k=rsa; p=@RSA1@
s2._domainkey TXT v=DKIM1; k=rsa; p=@RSA2@
_dmarc TXT v=DMARC1; p=reject; rua=mailto:dmarc@acme.example,mailto:acme@reports.example
_smtp._tls TXT v=TLSRPTv1; rua=mailto:tls@acme.example
_mta-sts TXT v=STSv1; id=20261127T000000
`),
		template("own servers, nothing stated", []string{"192.0.2.10", "192.0.2.11"}, nil, hosts+`
@ TXT v=spf1 mx -all
@ TXT acme-site-verification=4f0c2f1b
default._domainkey TXT v=DKIM1; k=rsa; p=@RSA1@
_dmarc TXT v=DMARC1; p=quarantine; rua=mailto:postmaster@acme.example
`),
		template("Microsoft 365", []string{"203.0.113.33", "203.0.113.40"}, nil, servers+`
@ MX 0 acme-example.mail.protection.outlook.com
@ TXT MS=ms12345678
@ TXT v=spf1 include:spf.protection.outlook.com -all
selector1._domainkey CNAME selector1-acme-example._domainkey.acmetenant.onmicrosoft.com
selector2._domainkey CNAME selector2-acme-example._domainkey.acmetenant.onmicrosoft.com
_dmarc TXT v=DMARC1; p=reject; rua=mailto:dmarc@acme.example
autodiscover CNAME autodiscover.outlook.com
`),
		template("Google and SendGrid", []string{"203.0.113.49", "203.0.113.55"}, nil, servers+`
@ MX 1 aspmx.l.google.com
@ MX 5 alt1.aspmx.l.google.com
@ TXT google-site-verification=hs2Jk1
@ TXT v=spf1 include:_spf.google.com ~all
google._domainkey TXT v=DKIM1; k=rsa; p=@RSA1@
em1234 CNAME u1234567.wl123.sendgrid.net
s1._domainkey CNAME s1.domainkey.u1234567.wl123.sendgrid.net
s2._domainkey CNAME s2.domainkey.u1234567.wl123.sendgrid.net
_dmarc TXT v=DMARC1; p=quarantine; sp=reject; rua=mailto:dmarc-reports@acme.example; ruf=mailto:forensic@acme.example; fo=1
`).envelope("em1234.acme.example", "203.0.113.65", "203.0.113.70"),
		template("Amazon SES", []string{"203.0.113.81", "203.0.113.90"}, []string{"7v6qjduqgj2jhvqj5m3a4k3v2ydl4szk", "ab6qjduqgj2jhvqj5m3a4k3v2ydl4szk"}, servers+`
@ MX 10 inbound-smtp.eu-west-1.amazonaws.com
@ TXT v=spf1 include:amazonses.com ip4:192.0.2.20 ~all
bounce MX 10 feedback-smtp.eu-west-1.amazonses.com
bounce TXT v=spf1 include:amazonses.com ~all
7v6qjduqgj2jhvqj5m3a4k3v2ydl4szk._domainkey CNAME 7v6qjduqgj2jhvqj5m3a4k3v2ydl4szk.dkim.amazonses.com
ab6qjduqgj2jhvqj5m3a4k3v2ydl4szk._domainkey CNAME ab6qjduqgj2jhvqj5m3a4k3v2ydl4szk.dkim.amazonses.com
_dmarc TXT v=DMARC1; p=quarantine; pct=100; adkim=s; aspf=r; rua=mailto:d@acme.example!10m
`).envelope("bounce.acme.example", "203.0.113.81", "203.0.113.90"),
		template("Mailchimp and Brevo", []string{"192.0.2.10", "192.0.2.11", "203.0.113.97", "203.0.113.113"}, nil, hosts+`
@ TXT brevo-code:1f3b5d7f9a0c2e4f6a8b0c1d3e5f7a9b
@ TXT v=spf1 a:mx1.acme.example mx include:servers.mcsv.net include:spf.brevo.com ~all
k2._domainkey CNAME dkim2.mcsv.net
k3._domainkey CNAME dkim3.mcsv.net
brevo1._domainkey CNAME b1.acme-example.dkim.brevo.com
brevo2._domainkey CNAME b2.acme-example.dkim.brevo.com
_dmarc TXT v=DMARC1; p=quarantine; sp=reject; rua=mailto:rua@dmarc.brevo.com,mailto:d@acme.example
`),
		template("redirect and strict", []string{"192.0.2.10", "192.0.2.11", "192.0.2.20", "203.0.113.5"}, []string{"s1", "s2"}, hosts+`
@ TXT v=spf1 redirect=_spf.acme.example
_spf TXT v=spf1 include:_own.acme.example include:spf.esp.example -all
_own TXT v=spf1 mx:acme.example a:mail.acme.example -all
s1._domainkey TXT v=DKIM1; k=rsa; p=@RSA1@
s2._domainkey CNAME dkim1.esp.example
_dmarc TXT v=DMARC1; p=reject; sp=quarantine; np=reject; adkim=s; aspf=s; rua=mailto:dmarc@acme.example; ruf=mailto:ruf@acme.example; fo=0:d:s
`),
		template("macros", []string{"192.0.2.10", "192.0.2.11", "192.0.2.20"}, nil, hosts+`
@ TXT v=spf1 mx exists:%{i}._spf.acme.example -all exp=why.acme.example
192.0.2.20._spf A 127.0.0.2
why TXT See https://acme.example/why?i=%{i}
default._domainkey TXT v=DKIM1; k=rsa; h=sha256; s=email; p=@RSA2@
_dmarc TXT v=DMARC1; p=none; rua=mailto:dmarc@acme.example
`),
		template("web host", []string{"192.0.2.10", "192.0.2.11", "192.0.2.20", "192.0.2.80", "203.0.113.5"}, []string{"default"}, hosts+`
@ A 192.0.2.80
80.2.0.192.in-addr.arpa. PTR www.acme.example
@ TXT v=spf1 +a +mx +ip4:192.0.2.20 include:spf.esp.example ~all
default._domainkey TXT v=DKIM1; k=rsa; p=@RSA1@;
_dmarc TXT v=DMARC1; p=quarantine; rua=mailto:postmaster@acme.example; fo=1
`),
		template("parked", nil, nil, servers+`
@ MX 0 .
@ TXT v=spf1 -all
*._domainkey TXT v=DKIM1; p=
_dmarc TXT v=DMARC1; p=reject
`),
		template("only receives", nil, nil, hosts+`
@ TXT v=spf1 -all
_dmarc TXT v=DMARC1; p=reject; rua=mailto:dmarc@acme.example
`),
	}
}
