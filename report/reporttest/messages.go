package reporttest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// footballZone has the keys of RFC 8463, A.2.
const footballZone = `$TTL 300
$ORIGIN example.com.
@ SOA ns hostmaster 1 7200 3600 1209600 300
football MX 10 mx1.football
football TXT "v=spf1 ip4:192.0.2.10 -all"
mx1.football A 192.0.2.10
brisbane._domainkey.football TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
test._domainkey.football TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
_dmarc.football TXT "v=DMARC1; p=reject; rua=mailto:d@football.example.com"
`

// Messages are the results that the tests show: the message of RFC 8463 as it was
// delivered, one that is wrong in every way, and one that no question is answered of.
func Messages(t *testing.T) map[string]*audit.MessageResult {
	t.Helper()
	football, err := os.ReadFile(filepath.Join(Root(t), "dkim/testdata/rfc8463-a3.eml"))
	if err != nil {
		t.Fatal(err)
	}
	top := "Return-Path: <joe@football.example.com>\nReceived: from mx1.football.example.com (mx1.football.example.com [192.0.2.10])\n" +
		"\tby mx.receiver.example with ESMTPS id 1; Fri, 11 Jul 2003 21:00:39 -0700\n"
	flawed := "Return-Path: <>\nReceived: from \x1b[31mevil (x [203.0.113.9])\n\tby mx.receiver.example; Fri, 11 Jul 2003 21:00:39 -0700\n" +
		"From: Joe, the Boss <joe@football.example.com>\nSubject: caf\xe9 \x1b]0;x\x07\nSubject: \u202egnp.exe\nnonsense \x1b[2J\nDate: tomorrow\nMessage-ID: 1\n" +
		"List-Unsubscribe: <https://football.example.com/\x1b[A>\nList-Unsubscribe-Post: yes\nX-MailerSend-Tags: 1,2,3,4,5,6\n\na\x00\rb\n"
	out := map[string]*audit.MessageResult{}
	for _, m := range []struct {
		name, text string
		r          resolver.Resolver
	}{
		{"football", top + string(football), dnstest.Zone(t, footballZone)},
		{"flawed", flawed, dnstest.Zone(t, footballZone)},
		{"silent", top + string(football), silentResolver{}},
	} {
		res, err := audit.RunMessage(t.Context(), m.r, strings.NewReader(m.text), audit.MessageOptions{Now: time.Date(2018, 6, 11, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		res.DurationMS = 12
		out[m.name] = res
	}
	return out
}

type silentResolver struct{}

func (silentResolver) Lookup(_ context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Timeout}
}
