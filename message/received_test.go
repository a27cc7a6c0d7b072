package message

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The forms in which the common servers write Received.
func TestReceived(t *testing.T) {
	for _, tt := range []struct{ name, in, ip, helo, by, with, date string }{
		{"Postfix", "from mx1.acme.example (mx1.acme.example [192.0.2.10])\r\n\tby mx.receiver.example (Postfix) with ESMTPS id 4XqL7\r\n\tfor <you@receiver.example>; Sat, 21 Nov 2026 09:00:05 +0100 (CET)",
			"192.0.2.10", "mx1.acme.example", "mx.receiver.example", "ESMTPS", "2026-11-21T08:00:05Z"},
		{"Postfix without PTR", "from mx1.acme.example (unknown [192.0.2.10]) by mx.receiver.example with ESMTP id 1", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "ESMTP", ""},
		{"Sendmail", "from mx1.acme.example (IDENT:root@ptr.acme.example [192.0.2.10] (may be forged)) by mx.receiver.example (8.17/8.17) with ESMTP id x", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "ESMTP", ""},
		{"Gmail", "from mx1.acme.example (ptr.acme.example. [2001:db8::10])\r\n        by mx.google.com with ESMTPS id a1\r\n        for <you@gmail.com>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Sat, 21 Nov 2026 01:00:05 -0800 (PST)",
			"2001:db8::10", "mx1.acme.example", "mx.google.com", "ESMTPS", "2026-11-21T09:00:05Z"},
		{"Gmail inside", "by 2002:a05:6402:1234:b0:abcd with SMTP id x; Sat, 21 Nov 2026 01:00:06 -0800 (PST)", "", "", "2002:a05:6402:1234:b0:abcd", "SMTP", "2026-11-21T09:00:06Z"},
		{"Exim", "from ptr.acme.example ([192.0.2.10]:4711 helo=mx1.acme.example)\r\n\tby mx.receiver.example with esmtps (TLS1.3) (Exim 4.97) id 1", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "esmtps", ""},
		{"Exim, HELO like PTR", "from mx1.acme.example ([192.0.2.10]) by mx.receiver.example with esmtp id 1", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "esmtp", ""},
		{"Exim without PTR", "from [192.0.2.10] (port=4711 helo=mx1.acme.example) by mx.receiver.example with esmtp id 1", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "esmtp", ""},
		{"qmail", "from unknown (HELO mx1.acme.example) (192.0.2.10) by mx.receiver.example with SMTP; 21 Nov 2026 09:00:05 -0000", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "SMTP", "2026-11-21T09:00:05Z"},
		{"qmail with ident", "from ptr.acme.example (HELO mx1.acme.example) (joe@192.0.2.10) by mx.receiver.example with SMTP", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "SMTP", ""},
		{"Yahoo", "from 192.0.2.10 (EHLO mx1.acme.example) by 10.222.1.2 with SMTPs; Sat, 21 Nov 2026 09:00:05 +0000", "192.0.2.10", "mx1.acme.example", "10.222.1.2", "SMTPs", "2026-11-21T09:00:05Z"},
		{"Exchange", "from mx1.acme.example (192.0.2.10) by AM7EUR06FT012.mail.protection.outlook.com (10.233.255.1) with Microsoft SMTP Server (version=TLS1_2) id 15.20; Sat, 21 Nov 2026 09:00:05 +0000",
			"192.0.2.10", "mx1.acme.example", "AM7EUR06FT012.mail.protection.outlook.com", "Microsoft", "2026-11-21T09:00:05Z"},
		{"Exchange IPv6", "from AS8P1.EURP1.PROD.OUTLOOK.COM (2603:10a6:20b:1::1) by AM0P2.EURP2.PROD.OUTLOOK.COM with HTTPS", "2603:10a6:20b:1::1", "AS8P1.EURP1.PROD.OUTLOOK.COM", "AM0P2.EURP2.PROD.OUTLOOK.COM", "HTTPS", ""},
		{"IPv6 tag", "from mx1.acme.example (mx1.acme.example [IPv6:2001:db8::10]) by mx.receiver.example with ESMTP", "2001:db8::10", "mx1.acme.example", "mx.receiver.example", "ESMTP", ""},
		{"IPv4 in IPv6", "from mx1.acme.example (mx1.acme.example [::ffff:192.0.2.10]) by mx.receiver.example", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "", ""},
		{"HELO is a literal", "from [192.0.2.99] (ptr.acme.example [192.0.2.10]) by mx.receiver.example with ESMTP", "192.0.2.10", "[192.0.2.99]", "mx.receiver.example", "ESMTP", ""},
		{"local", "by mail.acme.example (Postfix, from userid 1000) id 1; Sat, 21 Nov 2026 09:00:05 +0000", "", "", "mail.acme.example", "", "2026-11-21T09:00:05Z"},
		{"SMTPUTF8", "from mx1.acme.example (mx1.acme.example [192.0.2.10]) by mx.receiver.example with UTF8SMTPS id 1", "192.0.2.10", "mx1.acme.example", "mx.receiver.example", "UTF8SMTPS", ""},
		{"a version is no address", "from mx1.acme.example (Exim 4.97.1.2.3) by mx.receiver.example", "", "mx1.acme.example", "mx.receiver.example", "", ""},
		{"empty", "", "", "", "", "", ""},
		{"open comment", "from mx1.acme.example (((( [192.0.2.10", "192.0.2.10", "mx1.acme.example", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := readHop(&Field{Name: "Received", Value: " " + tt.in, Line: 7})
			ip, date := "", ""
			if h.IP.IsValid() {
				ip = h.IP.String()
			}
			if h.Date != nil {
				date = h.Date.UTC().Format(time.RFC3339)
			}
			if ip != tt.ip || h.HELO != tt.helo || h.By != tt.by || h.With != tt.with || date != tt.date || h.Line != 7 {
				t.Errorf("got %q %q %q %q %q", ip, h.HELO, h.By, h.With, date)
			}
		})
	}
}

func TestClient(t *testing.T) {
	const (
		public  = "Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by mx.receiver.example\n"
		other   = "Received: from desk.acme.example (desk [203.0.113.7]) by mx1.acme.example\n"
		loop    = "Received: from localhost (localhost [127.0.0.1]) by mx.receiver.example\n"
		loop6   = "Received: from localhost (localhost [::1]) by mx.receiver.example\n"
		private = "Received: from filter (filter [10.1.2.3]) by store.receiver.example\n"
		ula     = "Received: from filter (filter [fd00::1]) by store.receiver.example\n"
		nat     = "Received: from filter (filter [100.64.1.2]) by store.receiver.example\n"
		link    = "Received: from filter (filter [fe80::1]) by store.receiver.example\n"
		zero    = "Received: from filter (filter [0.0.0.0]) by store.receiver.example\n"
		none    = "Received: by store.receiver.example with LMTP\n"
	)
	for _, tt := range []struct {
		name, in, ip string
		line         int
		why          string
	}{
		{"topmost", public + other, "192.0.2.10", 1, "the topmost Received field, in line 1"},
		{"order counts", other + public, "203.0.113.7", 1, "the topmost Received field, in line 1"},
		{"loopback", loop + loop6 + public, "192.0.2.10", 3, "the Received field in line 3, the topmost that is not the receiver's own (line 1 names a loopback address, 127.0.0.1; line 2 names a loopback address, ::1)"},
		{"private", private + ula + nat + public, "192.0.2.10", 4, "line 3 names a private address, 100.64.1.2"},
		{"link-local", link + public, "192.0.2.10", 2, "line 1 names a link-local address, fe80::1"},
		{"unspecified", zero + public, "192.0.2.10", 2, "line 1 names no address of a host, 0.0.0.0"},
		{"no address", none + public, "192.0.2.10", 2, "line 1 names no address"},
		{"none is public", none + private, "", 0, "no Received field names the address of a host that handed the message over (line 1 names no address; line 2 names a private address, 10.1.2.3): state it with --ip"},
		{"no Received", "", "", 0, "no Received field"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, why := read(t, tt.in+"From: a@acme.example\n\n").Facts().Client(World{})
			if c == nil {
				if tt.ip != "" || !strings.Contains(why, tt.why) {
					t.Errorf("no client: %s", why)
				}
				return
			}
			if c.IP.String() != tt.ip || c.Line != tt.line || !strings.Contains(c.Why, tt.why) || why != "" {
				t.Errorf("got %s from line %d: %s", c.IP, c.Line, c.Why)
			}
		})
	}
	f := read(t, loop+public+"From: a@acme.example\n\n").Facts()
	if c := f.ClientAt(netip.MustParseAddr("192.0.2.10")); c == nil || c.Line != 2 || c.HELO != "mx1.acme.example" {
		t.Errorf("the stated address is in line 2, got %+v", c)
	}
	if c := f.ClientAt(netip.MustParseAddr("192.0.2.11")); c != nil {
		t.Errorf("an address of no field: %+v", c)
	}
}

func TestReceivedBound(t *testing.T) {
	f := read(t, strings.Repeat("Received: by mx.receiver.example\n", maxHops+5)+"From: a@acme.example\n\n").Facts()
	if len(f.Received) != maxHops || f.ReceivedLeftOut != 5 {
		t.Errorf("%d kept, %d left out", len(f.Received), f.ReceivedLeftOut)
	}
}
