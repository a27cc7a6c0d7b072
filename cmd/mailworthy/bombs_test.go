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

// listOfN joins what make makes of the first n numbers.
func listOfN(n int, make func(i int) string) string {
	var parts []string
	for i := range n {
		parts = append(parts, make(i))
	}
	return strings.Join(parts, " ")
}

func same(s string) func(int) string { return func(int) string { return s } }

// bombZone is what each zone of a bomb begins with.
const bombZone = "$ORIGIN acme.example.\n@ 300 SOA ns1 h 1 2 3 4 5\n@ 300 NS ns1\nns1 300 A 192.0.2.53\n"

// longText is a text as a zone file has it, in strings of 250 octets.
func longText(s string) string {
	var b strings.Builder
	for b.WriteString("("); s != ""; {
		n := min(250, len(s))
		fmt.Fprintf(&b, " %q", s[:n])
		s = s[n:]
	}
	return b.String() + " )\n"
}

// TestZoneBombs: records by the thousand, and terms that each lead to them, end in an
// audit of less than 1 MB and in little memory.
func TestZoneBombs(t *testing.T) {
	addresses := func(host string, n, net int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s 300 A %d.%d.%d.1\n", host, net, i>>8, i&255)
		}
		return b.String()
	}
	const mx = "@ 300 MX 10 mx1\n"
	const spf = "@ 300 TXT \"v=spf1 mx a ptr -all\"\n"
	var hosts, names, many, crowd strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&hosts, "@ 300 MX 10 m%d\nm%d 300 A 10.%d.%d.1\n", i, i, i>>8, i&255)
		fmt.Fprintf(&names, "10.2.0.192.in-addr.arpa. 300 PTR m%d\nm%d 300 A 192.0.2.10\n", i, i)
		many.WriteString(addresses(fmt.Sprint("h", i), 10, i%200+1))
	}
	for i := range 10 {
		fmt.Fprintf(&crowd, "@ 300 MX 10 m%d\n%s", i, addresses(fmt.Sprint("m", i), 300, 200+i))
	}
	thousands := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i) + "\n")
		}
		return mx + "mx1 300 A 192.0.2.10\n" + b.String()
	}
	spfAt := func(name, terms string) string {
		return fmt.Sprintf("%s 300 TXT %s", name, longText("v=spf1 "+terms+" -all"))
	}
	var ten, chain, tree, wide strings.Builder
	for i := range 10 {
		ten.WriteString(spfAt(fmt.Sprint("i", i), listOf(" ", func(n int) string { return fmt.Sprintf("ip4:10.%d.%d.%d/31", i, n>>7, n&127*2) })))
	}
	for i := range 60 {
		fmt.Fprintf(&chain, "r%d 300 TXT \"v=spf1 redirect=r%d.acme.example\"\n", i, i+1)
	}
	for _, name := range []string{"t", "u", "v", "w"} {
		for i := range 9 {
			next := string(name[0] + 1)
			fmt.Fprintf(&tree, "%s%d 300 TXT \"v=spf1 include:%s0.acme.example include:%s1.acme.example ip4:10.0.0.%d -all\"\n", name, i, next, next, i)
			fmt.Fprintf(&tree, "%s%d.x 300 TXT \"v=spf1 include:%s%d.acme.example ip4:10.0.1.%d -all\"\n", name, i, next, i, i)
		}
	}
	for i := range 1000 {
		fmt.Fprintf(&wide, "@ 300 MX 10 m%d\n%s", i, addresses(fmt.Sprint("m", i), 100, i%200+1))
	}
	for _, tt := range []struct{ name, zone string }{
		{"ten includes of 3,000 addresses", mx + ten.String() + spfAt("@", listOfN(10, func(i int) string { return fmt.Sprintf("include:i%d.acme.example", i) }))},
		{"a chain of 60 redirects", mx + chain.String() + "@ 300 TXT \"v=spf1 redirect=r0.acme.example\"\n"},
		{"a tree of includes", mx + tree.String() + spfAt("@", listOfN(9, func(i int) string { return fmt.Sprintf("include:t%d.x.acme.example include:t%d.acme.example", i, i) }))},
		{"1,000 MX hosts of 100 addresses", spf + wide.String()},
		{"3,000 SPF records", thousands(3000, func(i int) string { return fmt.Sprintf("@ 300 TXT \"v=spf1 mx a:h%d.acme.example -all\"", i) })},
		{"3,000 DMARC records", thousands(3000, func(i int) string { return fmt.Sprintf("_dmarc 300 TXT \"v=DMARC1; p=none; x=%d\"", i) })},
		{"3,000 records at a selector", thousands(3000, func(i int) string { return fmt.Sprintf("s1._domainkey 300 TXT \"v=DKIM1; k=rsa; p=AAAA; x=%d\"", i) })},
		{"20,000 selectors", thousands(20000, func(i int) string { return fmt.Sprintf("s%d._domainkey 300 TXT \"v=DKIM1; k=rsa; p=AAAA\"", i) })},
		{"20,000 aliases in a row", thousands(20000, func(i int) string { return fmt.Sprintf("c%d 300 CNAME c%d", i, i+1) }) + "s1._domainkey 300 CNAME c0\n"},
		{"3,000 MX hosts", spf + hosts.String()},
		{"an MX host with 3,000 addresses", spf + mx + addresses("mx1", 3000, 203)},
		{"an address with 3,000 names", spf + mx + "mx1 300 A 192.0.2.10\n" + names.String()},
		{"terms a at 3,000 addresses", mx + addresses("@", 3000, 203) + "@ 300 TXT " + longText("v=spf1 "+listOf(" ", same("a"))+" -all")},
		{"ten terms a at 3,000 addresses", mx + addresses("@", 3000, 203) + "@ 300 TXT \"v=spf1 a a a a a a a a a a -all\"\n"},
		{"terms mx at 10 hosts of 300 addresses", crowd.String() + "@ 300 TXT " + longText("v=spf1 "+listOf(" ", same("mx"))+" -all")},
		{"terms a at 3,000 hosts", mx + many.String() + "@ 300 TXT " + longText("v=spf1 "+listOf(" ", func(i int) string { return fmt.Sprintf("a:h%d.acme.example", i) })+" -all")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone := filepath.Join(t.TempDir(), "acme.zone")
			if err := os.WriteFile(zone, []byte(bombZone+tt.zone), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			var status int
			_, allocated := bombtest.Judge(t, "audit", bombtest.Bounds{Allocated: 200 << 20}, func() any {
				status = run(t.Context(), []string{"audit", "--offline", "--zone", zone + "@acme.example", "--format", "json", "acme.example"}, nil, &stdout, &stderr)
				return nil
			})
			if stdout.Len() == 0 || stdout.Len() > 1_000_000 || status > 1 {
				t.Errorf("status %d, %d bytes, %s", status, stdout.Len(), &stderr)
			}
			t.Logf("%d KB of report, %d MB allocated", stdout.Len()>>10, allocated>>20)
		})
	}
}

// TestTextBombs: the longest policy and the longest TLSA record that are read end in a
// report of less than 1 MB and in little memory.
func TestTextBombs(t *testing.T) {
	const policy = "version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n"
	for _, tt := range []struct{ kind, name, text string }{
		{"mta-sts-policy", "hosts", policy + listOf("\r\n", func(i int) string { return fmt.Sprintf("mx: m%d.acme.example", i) })},
		{"mta-sts-policy", "one host", policy + listOf("\r\n", same("mx: mx1.acme.example"))},
		{"mta-sts-policy", "hosts that are none", policy + listOf("\r\n", same("mx: *.*.x.."))},
		{"mta-sts-policy", "unknown keys", policy + "mx: a.example\r\n" + listOf("\r\n", func(i int) string { return fmt.Sprintf("x%d: y", i) })},
		{"mta-sts-policy", "modes", listOf("\r\n", same("mode: enforce"))},
		{"mta-sts-policy", "nothing", listOf("\r\n", same("xxxx"))},
		{"mta-sts-policy", "colons", strings.Repeat(":", 63_000)},
		{"mta-sts-policy", "a number", policy + "max_age: " + strings.Repeat("9", 62_000)},
		{"tlsa", "data", "3 1 1 " + strings.Repeat("A", 63_000)},
		{"tlsa", "pieces", "3 1 1 " + strings.Repeat("A ", 31_000)},
		{"tlsa", "brackets", "3 1 1 " + strings.Repeat("(", 63_000)},
		{"tlsa", "records", listOf("\n", same("3 1 1 AAAA"))},
	} {
		t.Run(tt.kind+" "+tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			var status int
			bombtest.Judge(t, tt.kind, bombtest.Bounds{Allocated: 200 << 20}, func() any {
				status = run(t.Context(), []string{"lint", tt.kind, "--format", "json"}, strings.NewReader(tt.text), &stdout, &stderr)
				return nil
			})
			if stdout.Len()+stderr.Len() == 0 || stdout.Len() > 1<<20 || status > 2 {
				t.Errorf("status %d, %d bytes, %s", status, stdout.Len(), &stderr)
			}
		})
	}
}

// TestMessageBombs: a message with fields by the thousand, or with one that has no end,
// is judged or refused, in less than 1 MB and in little memory.
func TestMessageBombs(t *testing.T) {
	const rest = "To: b@b.example\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@acme.example>\r\nSubject: x\r\n"
	const from = "From: a@acme.example\r\n"
	zone := filepath.Join(t.TempDir(), "acme.zone")
	if err := os.WriteFile(zone, []byte(bombZone+"@ 300 MX 10 mx1\nmx1 300 A 192.0.2.10\n@ 300 TXT \"v=spf1 mx -all\"\n_dmarc 300 TXT \"v=DMARC1; p=reject\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nested := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "--a%d\r\nContent-Type: multipart/mixed; boundary=a%d\r\n\r\n", i, i+1)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, text string }{
		{"signatures", listOf("", same("DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=s1; h=from; bh=AAAA; b=AAAA\r\n")) + from + rest},
		{"signatures by others", listOf("", func(i int) string {
			return fmt.Sprintf("DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s%d; h=from; bh=AAAA; b=AAAA\r\n", i, i)
		}) + from + rest},
		{"a signature of many fields", "DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=s1; h=" + listOf(":", same("from")) + "; bh=AAAA; b=AAAA\r\n" + from + rest},
		{"a signature of many tags", "DKIM-Signature: v=1; " + listOf("; ", same("x=y")) + "\r\n" + from + rest},
		{"hops", listOf("", same("Received: from a.example (a.example [192.0.2.10]) by b.example with esmtp id 1; Fri, 27 Nov 2026 10:00:00 +0000\r\n")) + from + rest},
		{"a hop of brackets", "Received: from " + strings.Repeat("(", 200_000) + "\r\n" + from + rest},
		{"results", listOf("", same("Authentication-Results: b.example; spf=pass smtp.mailfrom=a@acme.example; dkim=pass header.d=acme.example\r\n")) + from + rest},
		{"a field of results", "Authentication-Results: b.example; " + listOf("; ", func(i int) string { return fmt.Sprintf("dkim=pass header.d=d%d.example", i) }) + "\r\n" + from + rest},
		{"authors", "From: " + listOf(", ", func(i int) string { return fmt.Sprintf("a@d%d.example", i) }) + "\r\n" + rest},
		{"author fields", listOf("", same(from)) + rest},
		{"an author in brackets", "From: " + strings.Repeat("(", 100_000) + strings.Repeat(")", 100_000) + " a@acme.example\r\n" + rest},
		{"an encoded author", "From: " + listOf(" ", same("=?utf-8?q?a?=")) + " <a@acme.example>\r\n" + rest},
		{"ways to unsubscribe", "List-Unsubscribe: " + listOf(", ", func(i int) string { return fmt.Sprintf("<https://d%d.example/>", i) }) + "\r\n" + from + rest},
		{"seals", listOf("", same("ARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=a.example; s=s; b=AAAA\r\n")) + from + rest},
		{"folds", "Subject:" + listOf("", same("\r\n a")) + "\r\n" + from + rest},
		{"parts in parts", from + rest + "Content-Type: multipart/mixed; boundary=a0\r\n\r\n" + nested(2000)},
		{"a line", from + rest + "\r\n" + strings.Repeat("a", 2_000_000)},
		{"a field", "X: " + strings.Repeat("a", 2_000_000)},
		{"nothing", strings.Repeat("\x00", 300_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "m.eml")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"message"}, {"dkim", "verify"}} {
				var stdout, stderr bytes.Buffer
				var status int
				args = append(args, "--offline", "--zone", zone+"@acme.example", "--now", "2026-11-27T20:30:00Z", "--format", "json", file)
				bombtest.Judge(t, args[0], bombtest.Bounds{Allocated: 200 << 20}, func() any {
					status = run(t.Context(), args, nil, &stdout, &stderr)
					return nil
				})
				if stdout.Len()+stderr.Len() == 0 || stdout.Len() > 1<<20 || status > 2 {
					t.Errorf("%s: status %d, %d bytes, %s", args[0], status, stdout.Len(), &stderr)
				}
				t.Logf("%s: status %d, %d KB", args[0], status, stdout.Len()>>10)
			}
		})
	}
}

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
		{"spf", "mx", "v=spf1 " + listOf(" ", same("mx")) + " -all"},
		{"spf", "a", "v=spf1 " + listOf(" ", same("a")) + " -all"},
		{"spf", "ptr", "v=spf1 " + listOf(" ", same("ptr")) + " -all"},
		{"spf", "neutral alls", "v=spf1 " + listOf(" ", same("?all")) + " -all"},
		{"spf", "exists", "v=spf1 " + listOf(" ", same("exists:x")) + " -all"},
		{"spf", "own includes that are absent", "v=spf1 " + listOf(" ", func(i int) string { return fmt.Sprintf("include:s%d.acme.example", i) })},
		{"spf", "own hosts that are absent", "v=spf1 " + listOf(" ", func(i int) string { return fmt.Sprintf("a:s%d.acme.example", i) })},
		{"spf", "one name", "v=spf1 include:" + strings.Repeat("a", 63_000)},
		{"dmarc", "unknown tags", "v=DMARC1; p=none; " + listOf("; ", same("x=y"))},
		{"dmarc", "policies", "v=DMARC1; " + listOf("; ", same("p=none"))},
		{"dmarc", "mailboxes", "v=DMARC1; p=none; rua=" + listOf(",", mail)},
		{"dmarc", "addresses that are none", "v=DMARC1; p=none; rua=" + listOf(",", func(i int) string { return fmt.Sprint("x", i) })},
		{"dmarc", "policies without a semicolon", "v=DMARC1; p=none; " + listOf(" ", same("np=none"))},
		{"dmarc", "failure options", "v=DMARC1; p=none; fo=" + listOf(":", same("1"))},
		{"dmarc", "one mailbox", "v=DMARC1; p=none; " + listOf("; ", same("rua=mailto:a@b.example"))},
		{"dmarc", "semicolons", "v=DMARC1;p=none" + strings.Repeat(";", 63_000)},
		{"dkim", "unknown tags", "v=DKIM1; k=rsa; " + listOf("; ", same("x=y")) + "; p=AAAA"},
		{"dkim", "flags", "v=DKIM1; " + listOf("; ", same("t=y")) + "; p=AAAA"},
		{"dkim", "services", "v=DKIM1; s=" + listOf(":", same("email")) + "; p=AAAA"},
		{"dkim", "keys", listOf("; ", same("p=AAAA"))},
		{"dkim", "a long key", "v=DKIM1; k=rsa; p=" + strings.Repeat("A", 63_000)},
		{"dkim", "a key with spaces", "v=DKIM1; k=rsa; p=" + strings.Repeat("A ", 31_000)},
		{"dkim", "hashes", "v=DKIM1; h=" + listOf(":", same("sha1")) + "; p=AAAA"},
		{"mta-sts", "unknown tags", "v=STSv1; id=1; " + listOf("; ", same("x=y"))},
		{"tls-rpt", "mailboxes", "v=TLSRPTv1; rua=" + listOf(",", mail)},
		{"tls-rpt", "fields", "v=TLSRPTv1; " + listOf("; ", same("rua=x"))},
		{"mta-sts", "ids", "v=STSv1; " + listOf("; ", same("id=1"))},
		{"tls-rpt", "versions", listOf("; ", same("v=TLSRPTv1; rua=mailto:a@b.example"))},
		{"tls-rpt", "commas", "v=TLSRPTv1; rua=" + strings.Repeat(",", 63_000)},
		{"bimi", "a long address", "v=BIMI1; l=https://" + strings.Repeat("a", 63_000)},
		{"bimi", "unknown tags", "v=BIMI1; l=; " + listOf("; ", same("x=y"))},
	} {
		t.Run(tt.kind+" "+tt.name, func(t *testing.T) {
			zone := filepath.Join(t.TempDir(), "acme.zone")
			owner := map[string]string{"spf": "@", "dmarc": "_dmarc", "dkim": "s1._domainkey"}[tt.kind]
			if owner == "" {
				owner = "_" + tt.kind
			}
			text := bombZone + "@ 300 MX 10 mx1\nmx1 300 A 192.0.2.10\n" + owner + " 300 TXT " + longText(tt.record)
			if err := os.WriteFile(zone, []byte(text), 0o600); err != nil {
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
				if stdout.Len() == 0 || stdout.Len() > 1_000_000 || status > 1 {
					t.Errorf("%s: status %d, %d bytes, %s", args[0], status, stdout.Len(), &stderr)
				}
			}
		})
	}
}
