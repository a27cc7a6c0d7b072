package message

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// world answers with the MX hosts of domains, separated by spaces, and the addresses of
// hosts; what it does not hold was not answered.
func world(mx map[string]string, hosts map[string]string) World {
	addresses := func(host string) (out []netip.Addr, known bool) {
		for text := range strings.FieldsSeq(hosts[host]) {
			out = append(out, netip.MustParseAddr(text))
		}
		return out, hosts[host] != ""
	}
	return World{Addresses: addresses, Exchangers: func(domain string) Exchangers {
		text, known := mx[domain]
		x := Exchangers{Known: known, Hosts: strings.Fields(text)}
		for _, host := range x.Hosts {
			found, _ := addresses(host)
			x.Addresses = append(x.Addresses, found...)
		}
		return x
	}}
}

// gateways are services and servers that take mail for recipients and send it for
// senders: the MX host, the host that takes a message, the one that hands it on.
var gateways = []struct{ name, mx, takes, hands string }{
	{"Proofpoint", "mxa-00112233.gslb.pphosted.com", "mx0a-00112233.pphosted.com", "mx0a-00112233.pphosted.com"},
	{"Proofpoint Essentials", "mx1-us1.ppe-hosted.com", "mx1-us1.ppe-hosted.com", "dispatch1-us1.ppe-hosted.com"},
	{"Mimecast", "eu-smtp-inbound-1.mimecast.com", "relay.mimecast.com", "eu-smtp-delivery-1.mimecast.com"},
	{"Barracuda", "d12345a.ess.barracudanetworks.com", "d12345a.ess.barracudanetworks.com", "outbound-ip7b.ess.barracuda.com"},
	{"Cisco", "mx1.hc1234-56.iphmx.com", "esa1.hc1234-56.iphmx.com", "esa1.hc1234-56.iphmx.com"},
	{"Trend Micro", "receiver.in.tmes.trendmicro.eu", "mail-in1.in.tmes.trendmicro.eu", "repost01.tmes.trendmicro.eu"},
	{"Sophos", "mx-01-eu-central-1.prod.hydra.sophos.com", "mx-01-eu-central-1.prod.hydra.sophos.com", "ip-10.eu-central-1.prod.hydra.sophos.com"},
	{"Reflexion", "asp.reflexion.net", "mail1.reflexion.net", "mail2.reflexion.net"},
	{"Hornetsecurity", "mx01.hornetsecurity.com", "mx-gate29-hz1.hornetsecurity.com", "mx-relay29-hz1.antispameurope.com"},
	{"SpamExperts", "mx.spamexperts.com", "mx12.antispamcloud.com", "delivery12.antispamcloud.com"},
	{"Symantec", "cluster5.eu.messagelabs.com", "server-5.tower-3.messagelabs.com", "mail1.bemta25.messagelabs.com"},
	{"Zix", "inbound.zixcorp.com", "mx7.zixcorp.com", "out7.zixcorp.com"},
	{"Forcepoint", "cust1.in.mailcontrol.com", "cluster-a.mailcontrol.com", "cluster-a.mailcontrol.com"},
	{"Trellix", "primary.eu.email.fireeyecloud.com", "in1.eu.email.fireeyecloud.com", "out1.eu.email.fireeyecloud.com"},
}

const (
	ofGateway = "198.51.100.25"
	ofSender  = "192.0.2.10"
	atGateway = `Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by TAKES with ESMTPS id c3 for <bob@receiver.example>; Fri, 27 Nov 2026 20:00:01 +0000
Received: from laptop (dsl.isp.example [198.51.100.7]) by mx1.acme.example with ESMTPSA id c2
`
	// The receivers of what a gateway hands on.
	exchangeOnline = `Received: from AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::1) by VI1PR01MB2.eurprd01.prod.outlook.com with HTTPS
Authentication-Results: spf=fail (sender IP is 198.51.100.25) smtp.mailfrom=acme.example; dkim=none (message not signed)
Received-SPF: Fail (protection.outlook.com: domain of acme.example does not designate 198.51.100.25 as permitted sender) receiver=protection.outlook.com; client-ip=198.51.100.25; helo=HANDS;
Received: from HANDS (198.51.100.25) by DB5EUR03FT016.mail.protection.outlook.com (10.13.1.1) with Microsoft SMTP Server
`
	workspace = `Delivered-To: bob@receiver.example
Received: by 2002:a05:6402:1234:b0:5c1:aaaa:bbbb with SMTP id x1csp1
Authentication-Results: mx.google.com; spf=softfail (google.com: domain of transitioning a@acme.example does not designate 198.51.100.25 as permitted sender) smtp.mailfrom=a@acme.example
Received: from HANDS (HANDS. [198.51.100.25]) by mx.google.com with ESMTPS id z3 for <bob@receiver.example>
`
	own = `Received: from mail.receiver.example ([203.0.113.25]) by store.receiver.example with LMTP id a1
Received: from HANDS (HANDS [198.51.100.25]) by mail.receiver.example (Postfix) with ESMTPS id a2 for <bob@receiver.example>
`
)

// TestGateways: a host that relays for both sides alike is the client if the recipient's
// mail does not go to it, is passed over if it does, and neither if that is not known.
func TestGateways(t *testing.T) {
	for _, g := range gateways {
		hosts := map[string]string{g.hands: ofGateway, "mail.receiver.example": "203.0.113.25", "receiver-example.mail.protection.outlook.com": "203.0.113.99", "aspmx.l.google.com": "203.0.113.98"}
		for name, tt := range map[string]struct{ header, mx string }{
			"before Exchange Online":  {exchangeOnline, "receiver-example.mail.protection.outlook.com"},
			"before Google Workspace": {workspace, "aspmx.l.google.com"},
			"before a server":         {own, "mail.receiver.example"},
		} {
			text := strings.NewReplacer("HANDS", g.hands, "TAKES", g.takes).Replace(tt.header+atGateway) + "From: a@acme.example\nTo: bob@receiver.example\n\n"
			facts := read(t, text).Facts()
			for _, where := range []struct {
				name string
				dns  World
				ip   string
				why  string
			}{
				{"of the recipient", world(map[string]string{"receiver.example": g.mx}, hosts), ofSender, "takes the recipient's mail"},
				{"of the sender", world(map[string]string{"receiver.example": tt.mx}, hosts), ofGateway, ""},
				{"nothing known", World{}, "", "state the client with --ip, 198.51.100.25 if it sends for the sender, 192.0.2.10 of line"},
				{"no MX", world(map[string]string{"receiver.example": ""}, hosts), "", "cannot be told"},
			} {
				c, why := facts.Client(where.dns)
				got := ""
				if c != nil {
					got, why = c.IP.String(), c.Why
				}
				if got != where.ip || !strings.Contains(why, where.why) {
					t.Errorf("%s %s, %s: %q: %s", g.name, name, where.name, got, why)
				}
			}
		}
	}
}

// TestRelays: other hosts that hand a message on, of the recipient, of the sender or of
// somebody else.
func TestRelays(t *testing.T) {
	hosts := map[string]string{"gw.receiver.example": ofGateway, "mail.receiver.example": "203.0.113.25", "mx2.hoster.example": ofGateway,
		"receiver-example.mail.protection.outlook.com": "203.0.113.99", "lists.uni.example": ofGateway,
		"mx0a-00112233.pphosted.com": "198.51.100.26", "mx0a-00445566.pphosted.com": ofGateway}
	const (
		eop  = "Received: from HANDS (198.51.100.25) by DB5EUR03FT016.mail.protection.outlook.com (10.13.1.1) with Microsoft SMTP Server\n"
		post = "Received: from HANDS (HANDS [198.51.100.25]) by mail.receiver.example (Postfix) with ESMTPS id a2 for <bob@receiver.example>\n"
		last = "Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by HANDS with ESMTPS id c3\n"
		bob  = "To: bob@receiver.example\n"
	)
	for _, tt := range []struct {
		name, hands, header string
		mx                  string
		ip, why             string
	}{
		{"a gateway of one's own", "gw.receiver.example", post + last + bob, "receiver.example=gw.receiver.example", ofSender, "is from one host of receiver.example to another"},
		{"a second MX", "mx2.hoster.example", post + last + bob, "receiver.example=mail.receiver.example,mx2.hoster.example", ofSender, "it is an MX host of receiver.example"},
		{"before Exchange Online, which names no recipient", "gw.receiver.example", eop + last + bob, "receiver.example=gw.receiver.example", "", "which To names and no server"},
		{"the same, with the address of the envelope", "gw.receiver.example", "Delivered-To: bob@receiver.example\n" + eop + last, "receiver.example=gw.receiver.example", ofSender, ""},
		{"a recipient that a lower server wrote", "evil.example", eop + last + "Delivered-To: x@evil.example\n", "evil.example=evil.example", "", "only what the client called itself"},
		{"To of a domain of the sender's", "lists.uni.example", eop + last + "To: x@uni.example\n", "uni.example=lists.uni.example", "", "which To names"},
		{"a forwarder", "lists.uni.example", post + last + "To: x@uni.example\n", "uni.example=lists.uni.example receiver.example=mail.receiver.example", ofGateway, ""},
		{"a forwarder with SRS", "lists.uni.example", "Return-Path: <SRS0=ab=cd=acme.example=a@uni.example>\n" + eop + last + "To: x@uni.example\n", "uni.example=lists.uni.example", ofGateway, ""},
		{"a mailing list", "lists.uni.example", eop + last + "List-Id: <l.uni.example>\nTo: l@uni.example\n", "uni.example=lists.uni.example", ofGateway, ""},
		{"a relay of the sender's", "out.acme.example", post + strings.Replace(last, "mx1.acme", "app.acme", 1) + bob, "", ofGateway, ""},
		{"a smarthost, the recipient's MX not known", "smtp.isp.example", post + last + bob, "", "", "the MX of receiver.example is not known"},
		{"a smarthost", "smtp.isp.example", post + last + bob, "receiver.example=mail.receiver.example", ofGateway, ""},
		{"both with the same service", "mx0a-00445566.pphosted.com", strings.NewReplacer("HANDS", "mx0a-00112233.pphosted.com", "198.51.100.25", "198.51.100.26").Replace(post) +
			"Received: from HANDS (HANDS [198.51.100.25]) by mx0a-00112233.pphosted.com with ESMTPS id b2\n" + last + bob, "receiver.example=mx0a-00112233.pphosted.com", ofGateway, "takes the recipient's mail"},
		{"a name that is only said", "mx0a-00112233.pphosted.com", eop + last + bob, "receiver.example=mx0b-00112233.pphosted.com", "", "only what the client called itself"},
		{"the gateway left out its own field", "mx0a-00445566.pphosted.com", post + bob, "receiver.example=mx0b-00445566.pphosted.com", "", "none below names the host"},
		{"after the gateway comes another", "gw.receiver.example", post + strings.Replace(last, "HANDS", "mx.other.example", 1) + bob, "receiver.example=gw.receiver.example", "", "is not of receiver.example"},
		{"Exchange hybrid", "mail-db5eur03on2050.outbound.protection.outlook.com", post + "Received: from AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::1) by VI1PR01MB2.eurprd01.prod.outlook.com with Microsoft SMTP Server\n" +
			"Received: from mx1.acme.example (192.0.2.10) by DB5EUR03FT016.mail.protection.outlook.com (10.13.1.1) with Microsoft SMTP Server\n" + bob, "receiver.example=receiver-example.mail.protection.outlook.com", ofSender, "outlook.com"},
		{"Microsoft 365 sends, and Microsoft 365 receives", "mail-db5eur03on2050.outbound.protection.outlook.com", eop + "Received: from AM0PR01MB1.eurprd01.prod.outlook.com (2603:10a6:208:1::1) by VI1PR01MB2.eurprd01.prod.outlook.com with Microsoft SMTP Server\n" + bob,
			"receiver.example=receiver-example.mail.protection.outlook.com", ofGateway, ""},
		{"through Exim, which looks the name up", "mx0a-00445566.pphosted.com", "Received: from HANDS ([198.51.100.25]:4711 helo=x.example) by mail.receiver.example with esmtps (Exim 4.97) id 1 for bob@receiver.example\n" + last,
			"receiver.example=mx0b-00445566.pphosted.com", ofSender, ""},
	} {
		mx := make(map[string]string)
		for one := range strings.FieldsSeq(tt.mx) {
			domain, list, _ := strings.Cut(one, "=")
			mx[domain] = strings.ReplaceAll(list, ",", " ")
		}
		text := strings.ReplaceAll(tt.header, "HANDS", tt.hands)
		c, why := read(t, text+"From: a@acme.example\n\n").Facts().Client(world(mx, hosts))
		got := ""
		if c != nil {
			got, why = c.IP.String(), c.Why
		}
		if got != tt.ip || !strings.Contains(why, tt.why) {
			t.Errorf("%s: %q: %s", tt.name, got, why)
		}
	}
}

// TestGatewaysBounded: a header cannot make the search ask without end.
func TestGatewaysBounded(t *testing.T) {
	asked := 0
	w := World{Exchangers: func(domain string) Exchangers {
		asked++
		return Exchangers{Known: true, Hosts: []string{"mx." + domain}, Addresses: []netip.Addr{netip.MustParseAddr(ofGateway)}}
	}}
	var header strings.Builder
	for i := range 90 {
		fmt.Fprintf(&header, "Received: from mx.d%d.example (mx.d%d.example [198.51.100.25]) by mx.d%d.example with ESMTP for <x@d%d.example>\n", i, i, max(i-1, 0), i)
	}
	c, why := read(t, header.String()+"From: a@acme.example\n\n").Facts().Client(w)
	if c != nil || !strings.Contains(why, "more than 8 hosts") || asked > 3*(maxGateways+2) {
		t.Errorf("%+v, %s; %d questions", c, why, asked)
	}
}

// TestRelayNames: each gateway of the tests is known as one, and no mailbox service is.
func TestRelayNames(t *testing.T) {
	for _, g := range gateways {
		if !slices.ContainsFunc([]string{g.mx, g.takes, g.hands}, func(h string) bool { return RelayOf(h) != "" }) {
			t.Errorf("%s is no gateway", g.name)
		}
	}
	for _, host := range []string{"", "mail-sor-f41.google.com", "com", "notpphosted.com", "mx1.acme.example"} {
		if s := RelayOf(host); s != "" {
			t.Errorf("%q is of %s", host, s)
		}
	}
}

// TestCalledInside: a greeting is no proof that a host is the receiver's own; its address is.
func TestCalledInside(t *testing.T) {
	const below = "Received: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by gw.receiver.example with ESMTPS id b2\nFrom: a@acme.example\nTo: bob@receiver.example\n\n"
	for name, hop := range map[string]string{
		"Exim":    "from [198.51.100.66] (helo=gw.receiver.example) by mx.receiver.example with esmtp (Exim 4.98)",
		"qmail":   "from unknown (HELO gw.receiver.example) (198.51.100.66) by mx.receiver.example with SMTP",
		"Postfix": "from gw.receiver.example (unknown [198.51.100.66]) by mx.receiver.example (Postfix) with ESMTP id c3",
	} {
		facts := read(t, "Received: "+hop+"\n"+below).Facts()
		for _, tt := range []struct {
			name  string
			hosts map[string]string
			ip    string
		}{
			{"it has the address", map[string]string{"gw.receiver.example": "198.51.100.66"}, "192.0.2.10"},
			{"another one has it", map[string]string{"gw.receiver.example": "203.0.113.25"}, "198.51.100.66"},
		} {
			if c, why := facts.Client(world(map[string]string{"receiver.example": "mx.receiver.example"}, tt.hosts)); c == nil || c.IP.String() != tt.ip {
				t.Errorf("%s, %s: %v, %s", name, tt.name, c, why)
			}
		}
		// The server that looked for the name, and found none, has said what can be known.
		c, why := facts.Client(World{})
		if name == "Postfix" && (c == nil || c.IP.String() != "198.51.100.66") || name != "Postfix" && (c != nil || !strings.Contains(why, "only what the client called itself")) {
			t.Errorf("%s, nothing known: %v, %s", name, c, why)
		}
	}
}
