package message

import (
	"strings"
	"testing"
)

// TestBorder: the hop into the receiver is found in the headers that the large
// receivers write, whatever stands above and below it.
func TestBorder(t *testing.T) {
	dns := world(map[string]string{"gmail.example": "gmail-smtp-in.l.google.com", "rcpt.example": "mx.rcpt.example", "hosted.example": "mx1.acme.example"}, nil)
	for _, tt := range []struct {
		name, header string
		ip, helo     string // ip "": it cannot be told
		why          string
	}{
		{"Exchange Online, internal hops with public addresses", `Received: from AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::1) by
 VI1PR01MB2.eurprd01.prod.outlook.com with HTTPS; Fri, 27 Nov 2026 20:00:05 +0000
Received: from DB5EUR01FT015.eop-EUR01.prod.protection.outlook.com
 (2603:10a6:208:2::7) by AM0PR01MB1.outlook.office365.com (2603:10a6:208:1::1) with
 Microsoft SMTP Server (version=TLS1_2) id 15.20.1; Fri, 27 Nov 2026 20:00:04 +0000
Authentication-Results: spf=pass (sender IP is 192.0.2.10)
 smtp.mailfrom=acme.example; dkim=none (message not signed)
Received-SPF: Pass (protection.outlook.com: domain of acme.example designates
 192.0.2.10 as permitted sender) receiver=protection.outlook.com;
 client-ip=192.0.2.10; helo=mx1.acme.example; pr=C
Received: from mx1.acme.example (192.0.2.10) by
 DB5EUR01FT015.mail.protection.outlook.com (10.152.4.1) with Microsoft SMTP
 Server id 15.20.1; Fri, 27 Nov 2026 20:00:03 +0000
`, "192.0.2.10", "mx1.acme.example", ""},
		{"Exchange Online, internal hops, no result fields", `Received: from DB5EUR01FT015.eop-EUR01.prod.protection.mailhost.example (2001:db8:a6::7) by AM0PR01MB1.eurprd01.prod.mailhost.example with Microsoft SMTP Server
Received: from mx1.acme.example (192.0.2.10) by DB5EUR01FT015.mail.protection.mailhost.example (10.152.4.1) with Microsoft SMTP Server
`, "192.0.2.10", "mx1.acme.example", "line 1 is from one host of mailhost.example to another"},
		{"from one tenant of Exchange Online to another", `Received: from AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::1) by VI1PR01MB2.eurprd01.prod.outlook.com with HTTPS
Authentication-Results: spf=pass (sender IP is 40.107.22.44) smtp.mailfrom=acme.example
Received-SPF: Pass (protection.outlook.com: domain of acme.example designates 40.107.22.44 as permitted sender) client-ip=40.107.22.44; helo=EUR05-AM6-obe.outbound.protection.outlook.com;
Received: from EUR05-AM6-obe.outbound.protection.outlook.com (40.107.22.44) by DB5EUR03FT.mail.protection.outlook.com (10.13.1.1) with Microsoft SMTP Server
Received: from PAXPR01MB1.eurprd01.prod.outlook.com (2603:10a6:102:1::1) by AM6PR01MB2.eurprd01.prod.outlook.com with Microsoft SMTP Server
`, "40.107.22.44", "EUR05-AM6-obe.outbound.protection.outlook.com", ""},
		{"Gmail", `Delivered-To: bob@gmail.com
Received: by 2002:a05:6402:1234:b0:5c1:aaaa:bbbb with SMTP id x1csp1; Fri, 27 Nov 2026 12:00:06 -0800 (PST)
X-Received: by 2002:a17:906:1 with SMTP id y2; Fri, 27 Nov 2026 12:00:05 -0800 (PST)
Return-Path: <bounce@acme.example>
Received: from mx1.acme.example (mx1.acme.example. [192.0.2.10]) by mx.google.com with ESMTPS id z3 for <bob@gmail.com>
Received-SPF: pass (google.com: domain of bounce@acme.example designates 192.0.2.10 as permitted sender) client-ip=192.0.2.10;
Received: from inside.acme.example (unknown [203.0.113.7]) by mx1.acme.example with ESMTP
`, "192.0.2.10", "mx1.acme.example", "the Received field in line 5"},
		{"Gmail to Gmail", `Received: by 2002:a05:6402:1234:b0:5c1:aaaa:bbbb with SMTP id x1csp1
Received: from mail-sor-f41.google.com (mail-sor-f41.google.com. [209.85.220.41]) by mx.google.com with SMTPS id a1
Received-SPF: pass (google.com: domain of a@acme.example designates 209.85.220.41 as permitted sender) client-ip=209.85.220.41;
Received: by 2002:a17:906:2 with SMTP id q9
`, "209.85.220.41", "mail-sor-f41.google.com", ""},
		{"Postfix, a filter, and the mailbox server", `Received: from mx.receiver.example ([203.0.113.25]) by imap.receiver.example with LMTP id a1
Received: from localhost (localhost [127.0.0.1]) by mx.receiver.example (Postfix) with ESMTP id b2
Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by mx.receiver.example (Postfix) with ESMTPS id c3
Received: from [10.0.0.5] (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTPSA id d4
`, "192.0.2.10", "mx1.acme.example", "line 1 is a step inside the receiver (with LMTP)"},
		{"several hosts of the receiver", `Received: from relay2.receiver.example (relay2.receiver.example [203.0.113.26]) by store.receiver.example with ESMTP id a1
Received: from relay1.receiver.example (relay1.receiver.example [203.0.113.25]) by relay2.receiver.example with ESMTP id a2
Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by relay1.receiver.example with ESMTPS id a3
`, "192.0.2.10", "mx1.acme.example", "line 2 is from one host of receiver.example to another"},
		{"saved by the sender's own server", `Received: from [10.0.0.5] (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTPSA id d4
`, "", "", "line 1 is the submission by a user (ESMTPSA)"},
		{"Exim's submission", `Received: from dsl.isp.example ([198.51.100.7] helo=laptop) by mx1.acme.example with esmtpsa (TLS1.3) (Exim 4.97) id d4
`, "", "", "state it with --ip"},
		{"saved by the sender's MX, from a server of the sender's", `Received: from web.acme.example (web.acme.example [192.0.2.80]) by mx1.acme.example (Postfix) with ESMTP id d4
To: joe@rcpt.example
`, "", "", "nobody else had the message yet"},
		{"saved by the sender's MX, from outside", `Received: from dsl.isp.example (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTP id d4
To: joe@rcpt.example
`, "", "", "State with --ip"},
		{"saved by the host that the envelope is of", `Return-Path: <b1@bounce.esp.example>
Received: from web7.esp.example (web7.esp.example [192.0.2.80]) by mta2.esp.example with ESMTP id d4
To: joe@rcpt.example
`, "", "", "mta2.esp.example, a host of the sender's own organization"},
		{"the sender's organization receives", `Received: from dsl.isp.example (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTP id d4 for <bob@acme.example>
To: joe@rcpt.example
`, "198.51.100.7", "dsl.isp.example", ""},
		{"nobody knows for whom", `Received: from dsl.isp.example (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTP id d4
`, "198.51.100.7", "dsl.isp.example", ""},
		{"the sender's host is the recipient's MX", `Received: from dsl.isp.example (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTP id d4
To: joe@hosted.example
`, "198.51.100.7", "dsl.isp.example", ""},
		{"the server checked SPF", `Received: from dsl.isp.example (dsl.isp.example [198.51.100.7]) by mx1.acme.example (Postfix) with ESMTP id d4
Received-SPF: fail (acme.example) client-ip=198.51.100.7;
To: joe@rcpt.example
`, "198.51.100.7", "dsl.isp.example", ""},
		{"inside one organization", `Received: from out.acme.example (out.acme.example [192.0.2.10]) by mx1.acme.example with ESMTPS id a1
Received: from laptop (dsl.isp.example [198.51.100.7]) by out.acme.example with ESMTPSA id a2
`, "", "", "line 1 is from one host of acme.example to another"},
		{"a gateway in front, the receiver names the sender", `Received: from AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::1) by VI1PR01MB2.eurprd01.prod.outlook.com with HTTPS
Authentication-Results: spf=pass (sender IP is 192.0.2.10) smtp.mailfrom=acme.example
Received: from mx0a-00112233.pphosted.com (205.220.165.32) by DB5EUR03FT.mail.protection.outlook.com (10.13.1.1) with Microsoft SMTP Server
Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by mx0a-00112233.pphosted.com (PPS) with ESMTPS id c3
`, "192.0.2.10", "mx1.acme.example", "Authentication-Results"},
		{"a gateway of the sender", `Delivered-To: bob@gmail.example
Received: by 2002:a05:6402:1234:b0:5c1:aaaa:bbbb with SMTP id x1csp1
Received: from mx0b-00112233.pphosted.com (mx0b-00112233.pphosted.com. [205.220.177.32]) by mx.google.com with ESMTPS id z3
Received-SPF: pass (google.com: domain of a@acme.example designates 205.220.177.32 as permitted sender) client-ip=205.220.177.32;
Received: from mail.acme.example (mail.acme.example [192.0.2.10]) by mx0b-00112233.pphosted.com (PPS) with ESMTPS id c3
`, "205.220.177.32", "mx0b-00112233.pphosted.com", ""},
		{"what the sender wrote does not count", `Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by mx.receiver.example with ESMTPS id c3
Received-SPF: pass client-ip=203.0.113.99; helo=good.acme.example
Authentication-Results: mx.receiver.example; spf=pass (sender IP is 203.0.113.99)
Received: from good.acme.example (good.acme.example [203.0.113.99]) by mx.receiver.example with ESMTPS id c2
`, "192.0.2.10", "mx1.acme.example", "the topmost Received field, in line 1"},
		{"a client that greets with the receiver's name", `Received: from mx9.receiver.example (unknown [198.51.100.66]) by mx.receiver.example with ESMTP id c3
Received: from good.acme.example (good.acme.example [203.0.113.99]) by mx9.receiver.example with ESMTPS id c2
`, "198.51.100.66", "mx9.receiver.example", ""},
		{"Yahoo", `Received: from 10.222.1.9 by atlas.receiver.example with HTTPS; Fri, 27 Nov 2026 20:00:06 +0000
Received: from 192.0.2.10 (EHLO mx1.acme.example) by 10.222.1.2 with SMTPs; Fri, 27 Nov 2026 20:00:05 +0000
`, "192.0.2.10", "mx1.acme.example", ""},
		{"Authentication-Results in the words of Google", `Authentication-Results: mx.receiver.example; spf=softfail (receiver.example: domain of transitioning a@acme.example does not designate 192.0.2.10 as permitted sender) smtp.mailfrom=a@acme.example
Received: from relay.receiver.example (relay.receiver.example [203.0.113.26]) by store.receiver.example with ESMTP id a1
Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by relay.other.example with ESMTPS id a3
`, "192.0.2.10", "mx1.acme.example", "the Authentication-Results field in line 1"},
		{"neither permitted nor denied", `Received-SPF: neutral (google.com: 192.0.2.10 is neither permitted nor denied by best guess record for domain of a@acme.example)
Received: from relay.receiver.example (relay.receiver.example [203.0.113.26]) by store.receiver.example with ESMTP id a1
Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by relay.other.example with ESMTPS id a3
`, "192.0.2.10", "mx1.acme.example", "the Received-SPF field in line 1"},
		{"an address for a result, IPv6", `Received: from store1.receiver.example (store1.receiver.example [203.0.113.40]) by store2.receiver.example with ESMTP
Received-SPF: pass (receiver.example) client-ip="2001:db8::10"; helo="mx1.acme.example"; envelope-from="a@acme.example"
Received: from mx1.acme.example (mx1.acme.example [IPv6:2001:db8::10]) by store1.receiver.example with ESMTPS
`, "2001:db8::10", "mx1.acme.example", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, why := read(t, tt.header+"From: a@acme.example\n\n").Facts().Client(dns)
			if c == nil {
				if tt.ip != "" || !strings.Contains(why, tt.why) {
					t.Errorf("no client: %s", why)
				}
				return
			}
			if c.IP.String() != tt.ip || c.HELO != tt.helo || !strings.Contains(c.Why, tt.why) {
				t.Errorf("got %s, %s: %s", c.IP, c.HELO, c.Why)
			}
		})
	}
}
