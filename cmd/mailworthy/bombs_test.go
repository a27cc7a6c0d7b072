package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/internal/bombtest"
)

// listOf joins what make makes of 0, 1, 2, … until the text has some 64 KB.
func listOf(separator string, make func(i int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < 63_000; i++ {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(make(i))
	}
	return b.String()
}

func same(s string) func(int) string { return func(int) string { return s } }

// TestBombs: the longest record that the DNS can carry, of the kinds that cost most,
// ends in a report of less than 1 MB and in little memory, as a record and in an audit.
func TestBombs(t *testing.T) {
	mail := func(i int) string { return fmt.Sprintf("mailto:a%d@b%d.example", i, i) }
	for _, tt := range []struct{ kind, name, record string }{
		{"spf", "unknown modifiers", "v=spf1 " + listOf(" ", same("m=x")) + " -all"},
		{"spf", "one address", "v=spf1 " + listOf(" ", same("ip4:203.0.113.9")) + " -all"},
		{"spf", "addresses", "v=spf1 " + listOf(" ", func(i int) string { return fmt.Sprintf("ip4:203.%d.%d.%d", i>>16, i>>8&255, i&255) }) + " -all"},
		{"spf", "includes", "v=spf1 " + listOf(" ", func(i int) string { return fmt.Sprintf("include:a%d.example", i) }) + " -all"},
		{"spf", "mistyped terms", "v=spf1 " + listOf(" ", same("inlude:x")) + " -all"},
		{"spf", "alls", "v=spf1 " + listOf(" ", same("-all"))},
		{"spf", "macros", "v=spf1 " + listOf(" ", same("exists:%{i}.%{l}.x")) + " -all"},
		{"spf", "dots for colons", "v=spf1 " + listOf(" ", same("ip4.1.2.3.4"))},
		{"spf", "one name", "v=spf1 include:" + strings.Repeat("a", 63_000)},
		{"dmarc", "unknown tags", "v=DMARC1; p=none; " + listOf("; ", same("x=y"))},
		{"dmarc", "policies", "v=DMARC1; " + listOf("; ", same("p=none"))},
		{"dmarc", "mailboxes", "v=DMARC1; p=none; rua=" + listOf(",", mail)},
		{"dmarc", "addresses that are none", "v=DMARC1; p=none; rua=" + listOf(",", func(i int) string { return fmt.Sprint("x", i) })},
		{"dmarc", "semicolons", "v=DMARC1;p=none" + strings.Repeat(";", 63_000)},
		{"dkim", "unknown tags", "v=DKIM1; k=rsa; " + listOf("; ", same("x=y")) + "; p=AAAA"},
		{"dkim", "a long key", "v=DKIM1; k=rsa; p=" + strings.Repeat("A", 63_000)},
		{"dkim", "a key with spaces", "v=DKIM1; k=rsa; p=" + strings.Repeat("A ", 31_000)},
		{"dkim", "hashes", "v=DKIM1; h=" + listOf(":", same("sha1")) + "; p=AAAA"},
		{"mta-sts", "unknown tags", "v=STSv1; id=1; " + listOf("; ", same("x=y"))},
		{"tls-rpt", "mailboxes", "v=TLSRPTv1; rua=" + listOf(",", mail)},
		{"tls-rpt", "fields", "v=TLSRPTv1; " + listOf("; ", same("rua=x"))},
		{"bimi", "unknown tags", "v=BIMI1; l=; " + listOf("; ", same("x=y"))},
	} {
		t.Run(tt.kind+" "+tt.name, func(t *testing.T) {
			zone := filepath.Join(t.TempDir(), "acme.zone")
			owner := map[string]string{"spf": "@", "dmarc": "_dmarc", "dkim": "s1._domainkey"}[tt.kind]
			if owner == "" {
				owner = "_" + tt.kind
			}
			text := "$ORIGIN acme.example.\n@ 300 SOA ns1 h 1 2 3 4 5\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n@ 300 MX 10 mx1\nmx1 300 A 192.0.2.10\n" + owner + " 300 TXT ("
			for rest := tt.record; rest != ""; {
				n := min(250, len(rest))
				text += fmt.Sprintf(" %q", rest[:n])
				rest = rest[n:]
			}
			if err := os.WriteFile(zone, []byte(text+" )\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"lint", tt.kind, "--format", "json"},
				{"audit", "--offline", "--zone", zone + "@acme.example", "--format", "json", "--selector", "s1", "acme.example"}} {
				var stdout, stderr bytes.Buffer
				var status int
				bombtest.Judge(t, args[0], bombtest.Bounds{Allocated: 200 << 20}, func() any {
					status = run(t.Context(), args, strings.NewReader(tt.record), &stdout, &stderr)
					return nil
				})
				if stdout.Len() == 0 || stdout.Len() > 1<<20 || status > 1 {
					t.Errorf("%s: status %d, %d bytes, %s", args[0], status, stdout.Len(), &stderr)
				}
			}
		})
	}
}
