package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mailworthy/internal/dnstest"
	"mailworthy/report/format"
	"mailworthy/resolver"
)

// TestHostileText audits a domain whose records try to move the terminal, turn
// the text around, run a formula and fill the screen, in every format.
func TestHostileText(t *testing.T) {
	const domain = "hostile.example"
	evil := []string{
		"\x1b[2J\x1b[1;1H\x1b]0;owned\x07", "\u202ereversed\u2066", "\x9b31m\xff\xfe", "\r\nCritical: none\r\n",
		`=HYPERLINK("http://192.0.2.1","x")`, "<script>alert(1)</script>", "`rm -rf /`|$(id)\x00",
	}
	srv := dnstest.Start(t)
	srv.Add(domain, resolver.TypeSOA, "ns.hostile.example. hostmaster.hostile.example. 1 7200 3600 1209600 300")
	for _, e := range evil {
		srv.Add(domain, resolver.TypeTXT, "v=spf1 include:"+e+".example -all")
		srv.Add("_dmarc."+domain, resolver.TypeTXT, "v=DMARC1; p="+e)
		srv.Add("s1._domainkey."+domain, resolver.TypeTXT, "v=DKIM1; n="+e+"; p="+e)
		srv.Add("mx."+domain, resolver.TypeTXT, e)
	}
	// One record of some 60 KB.
	var long []string
	for range 240 {
		long = append(long, strings.Repeat("\x1b[31mA", 40))
	}
	srv.Add(domain, resolver.TypeTXT, long...)
	srv.Add("s2._domainkey."+domain, resolver.TypeTXT, append([]string{"v=DKIM1; p="}, long...)...)
	srv.Add(domain, resolver.TypeMX, "10", "\x1b[31mmx\u202e.hostile.example")
	srv.Add(domain, resolver.TypeMX, "20", "mx.hostile.example")
	srv.Add("mx.hostile.example", resolver.TypeA, "192.0.2.66")
	srv.Add("66.2.0.192.in-addr.arpa", resolver.TypePTR, "\x1b[31mpwn\x07.example")

	for _, name := range format.Names() {
		if f, _ := format.Find(name); f.External {
			continue
		}
		for _, extra := range [][]string{nil, {"--verbose"}} {
			args := append([]string{"audit", "--resolver", srv.Addr(), "--format", name, "--selector", "s1,s2", "--mail-from", "mx." + domain, domain}, extra...)
			var out, errs bytes.Buffer
			if status := run(context.Background(), args, strings.NewReader(""), &out, &errs); status == exitUsage && name != "nagios" {
				t.Fatalf("%s: %s", name, errs.String())
			}
			text := out.String()
			if !strings.Contains(text, domain) {
				t.Errorf("%s: the report does not name the domain", name)
			}
			if !utf8.ValidString(text) {
				t.Errorf("%s: the output is not UTF-8", name)
			}
			for i, r := range text {
				if r != '\n' && r != '\t' && r != '\r' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
					t.Errorf("%s %v: %U at %d: %q", name, extra, r, i, text[max(0, i-30):min(len(text), i+30)])
					break
				}
			}
			if name == "csv" && (strings.Contains(text, ",=") || strings.Contains(text, `,"=`)) {
				t.Errorf("%s: a formula", name)
			}
			if name == "html" && strings.Contains(text, "<script>alert") {
				t.Errorf("%s: a script", name)
			}
			// JSON and HTML hold all that was found; a person is not to drown in it.
			limit := 4 << 20
			if name == "table" && extra == nil || name == "nagios" || name == "prometheus" || name == "csv" {
				limit = 64 << 10
			}
			if len(text) > limit {
				t.Errorf("%s %v: %d bytes, at most %d wanted", name, extra, len(text), limit)
			}
			// Verbose logs are free-form, but they are for the terminal too.
			if strings.ContainsRune(errs.String(), '\x1b') {
				t.Errorf("%s: standard error has an escape sequence", name)
			}
		}
	}
}
