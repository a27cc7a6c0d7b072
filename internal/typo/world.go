// Package typo types mistakes into the zones of realistic domains, and judges
// what is proposed for them. It is for tests: what Inspect finds is harm that a
// fix would do to a domain whose owner publishes it as it stands.
package typo

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Domain is the one that all templates are about.
const Domain = "acme.example"

// rsa1 and rsa2 are RSA keys of 2048 bits.
const (
	rsa1 = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA19tPWEc0vOTiFJlQGMFyaetAziFqWylOtN0bjfWlmi9vxwxJTOfj0awPy2KS0tgqJlXh9tVjeiPKf17Okv62b8s+zkSIhirDIOk0jYBcNcFabVnp9DI/ALFpn5wTarUuTcs3YYH8sNn/mUhUdwc+hbxcCBYba0HgWB0xyEtYKE65/XANsN7ti6J3aY5tMKpQwE3quG7q32WfBt5tkv3Zq33MGT4mkQ8PImH3rpHFGZy+OoOge5ANZ0ToAM4xOl6YFefxjwLcq6esTiySmCLluDdThlNyIyPCy9fCiWBDulMKEe0tYvRiFKcGCoZ4FCfVT4wRZg9kPMzye59nQ9811wIDAQAB"
	rsa2 = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6g3hrqttyRTBb5y4LfsGiNSBpr+x0G6KSmmexqLmDSucXhpeemZIkjIWe6WNTWnqW9NYb/rKIuenSPhg/NoEscnD4abjZXFyO22t4HrAxgagwYbv6RQ/jhucfc1JMkuvLZGOXt9d+lHulLUbyC8MzqJtHNNYmLXkBzHPweBDCUQNW+sBMVBWFSgxR8wahup7GOleiHR+j2RIdKwPOh/cU+RxkPn1HWJVZg9DRXLDlzQzQEMEiNAu/IMai4T8XuhYg67fAYcSvo454UAAVo71cRHJqMSQf9ZRL8lEQ2UlDaql/dSm29CngDnhMhUa/iDQlQ0VTGlj5lDFWn7dF4MdvwIDAQAB"
)

// others are the zones that the owner of the domain cannot edit: the top of the
// tree, and the services. Other names do not exist.
const others = `
$TTL 3600
$ORIGIN .
. SOA ns.example. host.example. 1 7200 3600 1209600 300
. NS ns.example.
$ORIGIN example.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
ns A 192.0.2.52
$ORIGIN com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
$ORIGIN net.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
$ORIGIN org.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
$ORIGIN arpa.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
in-addr NS ns.example.
$ORIGIN 113.0.203.in-addr.arpa.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
5 PTR mx.esp.example.
33 PTR acme-example.mail.protection.outlook.com.
49 PTR aspmx.l.google.com.
50 PTR alt1.aspmx.l.google.com.
65 PTR mx.sendgrid.net.
81 PTR feedback-smtp.eu-west-1.amazonses.com.
82 PTR inbound-smtp.eu-west-1.amazonaws.com.
$ORIGIN 100.51.198.in-addr.arpa.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.

$ORIGIN esp.example.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
@ MX 10 mx
mx A 203.0.113.5
_spf TXT "v=spf1 ip4:203.0.113.0/28 ip6:2001:db8:e5b::/48 -all"
spf TXT "v=spf1 include:_spf.esp.example -all"
dkim1 TXT "v=DKIM1; k=rsa; p=@RSA1@"
$ORIGIN reports.example.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
@ MX 10 mx
mx A 203.0.113.200
*._report._dmarc TXT "v=DMARC1"

$ORIGIN outlook.com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
spf.protection TXT "v=spf1 ip4:203.0.113.32/28 -all"
acme-example.mail.protection A 203.0.113.33
autodiscover A 203.0.113.34
$ORIGIN onmicrosoft.com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
selector1-acme-example._domainkey.acmetenant TXT "v=DKIM1; k=rsa; p=@RSA1@"
selector2-acme-example._domainkey.acmetenant TXT "v=DKIM1; k=rsa; p=@RSA2@"

$ORIGIN google.com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
_spf TXT "v=spf1 include:_netblocks.google.com -all"
_netblocks TXT "v=spf1 ip4:203.0.113.48/28 -all"
aspmx.l A 203.0.113.49
alt1.aspmx.l A 203.0.113.50
$ORIGIN sendgrid.net.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
@ TXT "v=spf1 ip4:203.0.113.64/28 -all"
u1234567.wl123 MX 10 mx
u1234567.wl123 TXT "v=spf1 ip4:203.0.113.64/28 -all"
mx A 203.0.113.65
s1.domainkey.u1234567.wl123 TXT "v=DKIM1; k=rsa; p=@RSA1@"
s2.domainkey.u1234567.wl123 TXT "v=DKIM1; k=rsa; p=@RSA2@"

$ORIGIN amazonses.com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
@ TXT "v=spf1 ip4:203.0.113.80/28 -all"
feedback-smtp.eu-west-1 A 203.0.113.81
7v6qjduqgj2jhvqj5m3a4k3v2ydl4szk.dkim TXT "v=DKIM1; k=rsa; p=@RSA1@"
ab6qjduqgj2jhvqj5m3a4k3v2ydl4szk.dkim TXT "v=DKIM1; k=rsa; p=@RSA2@"
$ORIGIN amazonaws.com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
inbound-smtp.eu-west-1 A 203.0.113.82

$ORIGIN mcsv.net.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
servers TXT "v=spf1 ip4:203.0.113.96/28 -all"
dkim2 TXT "v=DKIM1; k=rsa; p=@RSA1@"
dkim3 TXT "v=DKIM1; k=rsa; p=@RSA2@"
$ORIGIN brevo.com.
@ SOA ns.example. host.example. 1 7200 3600 1209600 300
@ NS ns.example.
@ MX 10 mx
mx A 203.0.113.115
spf TXT "v=spf1 ip4:203.0.113.112/28 -all"
b1.acme-example.dkim TXT "v=DKIM1; k=rsa; p=@RSA1@"
b2.acme-example.dkim TXT "v=DKIM1; k=rsa; p=@RSA2@"
dmarc MX 10 mx
*._report._dmarc.dmarc TXT "v=DMARC1"
`

// master is others with the keys in their places, each text in strings of at most
// 255 octets.
func master() string {
	replace := func(s, at, key string) string { return strings.ReplaceAll(s, at, key[:200]+`" "`+key[200:]) }
	return replace(replace(others, "@RSA1@", rsa1), "@RSA2@", rsa2)
}

// zones are those that the owner edits: his domain, and the reverse names of his
// addresses.
var zones = []string{Domain, "2.0.192.in-addr.arpa", "0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa"}

// World is all of the DNS but for the zones of the owner. It may be used by
// several goroutines.
type World struct{ others *resolver.ZoneSet }

// NewWorld reads the zones of the others.
func NewWorld() (*World, error) {
	set, err := resolver.ParseZone(strings.NewReader(master()), "", "others.zone")
	if err != nil {
		return nil, err
	}
	return &World{set}, nil
}

// With is the DNS with these records in the zones of the owner. A record that no
// server would load is an error.
func (w *World) With(records []finding.Record) (resolver.Resolver, error) {
	sets := []*resolver.ZoneSet{w.others}
	for _, origin := range zones {
		set, err := resolver.NewZone(origin)
		if err != nil {
			return nil, err
		}
		soa := resolver.Record{Name: origin, Type: resolver.TypeSOA, TTL: 3600, Host: "ns1." + Domain, Data: "ns1." + Domain + ". hostmaster." + Domain + ". 1 7200 3600 1209600 300"}
		if err := set.Add(soa); err != nil {
			return nil, err
		}
		for _, r := range records {
			if !within(r.Name, origin) {
				continue
			}
			rec, err := parsed(r)
			if err != nil {
				return nil, err
			}
			if err := set.Add(rec); err != nil {
				return nil, err
			}
		}
		sets = append(sets, set)
	}
	return resolver.NewOverlay(nil, sets...), nil
}

func within(name, zone string) bool {
	name = strings.ToLower(name)
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// parsed is a record as a resolver has it.
func parsed(r finding.Record) (resolver.Record, error) {
	t, ok := resolver.ParseType(r.Type)
	if !ok {
		return resolver.Record{}, errors.New("no type " + r.Type)
	}
	out := resolver.Record{Name: r.Name, Type: t, TTL: 3600}
	var err error
	switch t {
	case resolver.TypeA, resolver.TypeAAAA:
		if out.Addr, err = netip.ParseAddr(r.Value); err == nil && (out.Addr.Zone() != "" || out.Addr.Is4() != (t == resolver.TypeA)) {
			err = errors.New("no address of this type")
		}
	case resolver.TypeTXT:
		text := r.Value
		for len(text) > 255 {
			out.TXT, text = append(out.TXT, text[:255]), text[255:]
		}
		out.TXT = append(out.TXT, text)
	case resolver.TypeMX:
		preference, host, _ := strings.Cut(r.Value, " ")
		var n uint64
		n, err = strconv.ParseUint(preference, 10, 16)
		out.Preference, out.Host = uint16(n), strings.TrimSpace(host)
	case resolver.TypeCNAME, resolver.TypeNS, resolver.TypePTR:
		out.Host = r.Value
	default:
		err = errors.New("no data of type " + r.Type)
	}
	if out.Host != "." {
		out.Host = strings.TrimSuffix(out.Host, ".")
	}
	return out, err
}
