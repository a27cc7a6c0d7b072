package spf

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// overLimit is a policy of 14 lookups.
const overLimit = `
	$TTL 3600
	acme.example.          TXT "v=spf1 a mx include:_spf.esp.example include:_spf.crm.example include:_spf.desk.example include:_spf.shop.example include:quick.example ip4:192.0.2.1 ip4:192.0.2.0/28 ~all"
	acme.example.          TXT "site-verification=0123456789"
	acme.example.          A 192.0.2.10
	acme.example.          MX 10 mx.acme.example.
	mx.acme.example.       A 192.0.2.20
	mx.acme.example.       AAAA 2001:db8::20
	_spf.esp.example.      TXT "v=spf1 include:_spf1.esp.example include:_spf2.esp.example ~all"
	_spf1.esp.example.     TXT "v=spf1 ip4:198.51.100.0/26 ip4:198.51.100.128/26 -all"
	_spf2.esp.example.     TXT "v=spf1 ip4:198.51.100.64/26 ip6:2001:db8:1::/48 -all"
	_spf.crm.example.      TXT "v=spf1 a:out1.crm.example a:out2.crm.example -all"
	out1.crm.example.      A 203.0.113.1
	out2.crm.example.      A 203.0.113.2
	_spf.desk.example.     TXT "v=spf1 include:_spf1.desk.example exists:%{i}._spf.desk.example ?all"
	_spf1.desk.example.    TXT "v=spf1 ip4:203.0.113.64/27 ?all"
	_spf.shop.example.     TXT "v=spf1 -ip4:203.0.113.130 ip4:203.0.113.128/25 -all"
	quick.example.     60  TXT "v=spf1 ip4:198.51.100.250 -all"
`

func TestFlatten(t *testing.T) {
	f, err := Flatten(context.Background(), dnstest.Zone(t, overLimit), "acme.example", noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Records {
		t.Log(r.Name, r.Value)
	}
	for _, r := range f.Ranges {
		t.Log(f.Comment(r))
	}
	t.Log(f.Kept, f.Dropped, f.LookupsBefore, f.LookupsAfter, f.Verification, f.Withheld, f.Upkeep)
	_ = fmt.Sprint
	_ = strings.Join
}
