package bounce

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailworthy/internal/bombtest"
	"mailworthy/internal/bouncesuite"
	"mailworthy/smtp/reply"
)

const dsn = `Return-Path: <>
From: MAILER-DAEMON@mta.example.net (Mail Delivery System)
To: sender@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

The mail system

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mta.example.net

Final-Recipient: rfc822; gone@example.org
Original-Recipient: rfc822;alias@example.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <gone@example.org>: User unknown

Final-Recipient: rfc822; slow@example.org
Action: delayed
Status: 5.4.7
Will-Retry-Until: Thu, 1 Jan 2026 00:00:00 +0000
Diagnostic-Code: X-Postfix; connect to mx.example.org[192.0.2.1]:25: Connection timed out

Final-Recipient: rfc822; list@example.org
Action: expanded
Status: 2.0.0

Final-Recipient: rfc822; relay@example.org
Action: relayed
Status: 2.0.0

Final-Recipient: utf-8; j\x{F6}rg@example.org
Action: failed
Status: 5.6.7

--B
Content-Type: text/rfc822-headers

Return-Path: <bounce@mail.example.com>
Received: from out.example.com (out.example.com [203.0.113.9]) by mta.example.net; x
DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; bh=x; b=y
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>
To: gone@example.org
Subject: hello
Message-ID: <1@example.com>

--B--
`

func TestReport(t *testing.T) {
	k := reply.Default()
	for name, data := range map[string]string{"LF": dsn, "CRLF": strings.ReplaceAll(dsn, "\n", "\r\n"), "CR": strings.ReplaceAll(dsn, "\n", "\r")} {
		m := Parse([]byte(data), k)
		if m.Kind != KindBounce || m.ReportingMTA != "mta.example.net" || !m.NullSender || len(m.Recipients) != 5 {
			t.Fatalf("%s: %+v", name, m)
		}
		for i, want := range []struct {
			address   string
			action    Action
			reason    reply.Reason
			speaker   reply.Speaker
			permanent string
		}{
			{"gone@example.org", Failed, reply.UserUnknown, reply.Remote, "true"},
			{"slow@example.org", Delayed, reply.Network, reply.Local, "false"},
			{"list@example.org", Expanded, reply.Delivered, reply.SpeakerUnknown, "-"},
			{"relay@example.org", Relayed, reply.Delivered, reply.SpeakerUnknown, "-"},
			{"jörg@example.org", Failed, reply.NotCompliant, reply.SpeakerUnknown, "true"},
		} {
			r := m.Recipients[i]
			permanent := "-"
			if p := r.Explanation.Permanent; p != nil {
				permanent = fmt.Sprint(*p)
			}
			if r.Address != want.address || r.Action != want.action || r.Explanation.Reason != want.reason || r.Explanation.Speaker != want.speaker || permanent != want.permanent {
				t.Errorf("%s: %s %s %s %s %s, want %+v", name, r.Address, r.Action, r.Explanation.Reason, r.Explanation.Speaker, permanent, want)
			}
		}
		if g := m.Recipients[0].Given; g != "alias@example.org" {
			t.Errorf("given: %s", g)
		}
		o := m.Original
		if o.MessageID != "1@example.com" || o.From != "joerg@example.com" || o.EnvelopeFrom != "bounce@mail.example.com" || len(o.DKIM) != 1 || o.DKIM[0] != (Signature{"example.com", "s1"}) || o.ClientIP != "203.0.113.9" || o.HELO != "out.example.com" {
			t.Errorf("%s: %+v", name, o)
		}
		if d := m.Recipients[0].Explanation.Identities; d.AuthorDomain != "example.com" || d.EnvelopeDomain != "mail.example.com" || d.DKIMSelector != "s1" || d.RecipientDomain != "example.org" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestSentBy(t *testing.T) {
	for _, c := range []struct {
		o    Original
		want Origin
	}{
		{Original{Found: true, From: "a@example.com", DKIM: []Signature{{"mail.example.com", "s"}}}, Own},
		{Original{Found: true, From: "a@example.com", MessageID: "1@example.com"}, Own},
		{Original{Found: true, From: "a@example.com", MessageID: "1@evil.example"}, Backscatter},
		{Original{Found: true, EnvelopeFrom: "a@example.com", MessageID: "1@example.com", DKIM: []Signature{{"evil.example", "s"}}}, Own},
		{Original{Found: true, From: "a@example.com", DKIM: []Signature{{"evil.example", "s"}}}, Backscatter},
		{Original{Found: true, From: "a@other.example"}, Foreign},
		{Original{Found: true, From: "a@example.com"}, OriginUnknown},
		{Original{Found: true, From: "a@notexample.com", MessageID: "1@notexample.com"}, Foreign},
		{Original{}, OriginUnknown},
	} {
		if got, why := c.o.SentBy("example.com"); got != c.want || why == "" {
			t.Errorf("%+v: %s (%s), want %s", c.o, got, why, c.want)
		}
	}
}

func TestKinds(t *testing.T) {
	k := reply.Default()
	for _, c := range []struct {
		in   string
		want Kind
	}{
		{"550 5.1.1 User unknown", KindReply},
		{"550-5.7.26 a\n550 5.7.26 b", KindReply},
		{"smtp; 554 5.7.1 no", KindReply},
		{"host a[192.0.2.1] said: 550 no", KindText},
		{"", KindText},
		{"Your message could not be delivered", KindText},
		{"Jun  1 12:00:00 mx postfix/smtp[123]: ABCDEF0123: to=<a@b.example>, relay=none, status=deferred (x)", KindLog},
		{"2026-06-01T12:00:00.123456+00:00 mx sm-mta[123]: x: to=<a@b.example>, stat=Sent", KindLog},
		{"2026-06-01 12:00:00 1P1ceB-000FL1-4q ** a@b.example R=dnslookup T=remote_smtp: 550 no", KindLog},
		{"@400000004faa0d1c0d1b2c3c delivery 1: deferral: x", KindLog},
		{dsn, KindBounce},
		{"From: a@example.com\nTo: b@example.com\nSubject: lunch\n\nAt noon? It could not be better.\n", KindNotBounce},
		{"From: a@example.com\nTo: b@example.com\nSubject: Re: Undeliverable\n\nWhat does this mean?\n", KindNotBounce},
		{"From: a@example.com\nTo: b@example.com\nSubject: AW: Undelivered mail?\n\nDid you see the 550 5.1.1 user unknown error last week?\n", KindNotBounce},
		{"From: a@example.com\nTo: b@example.com\nSubject: Fwd: Undelivered mail\n\n> <c@shop.example>: host mx.shop.example[192.0.2.25] said: 550 5.1.1 User unknown (in reply to RCPT TO command)\n", KindBounce},
		{"From: a@example.com\nTo: b@example.com\nAuto-Submitted: auto-replied\nSubject: away\n\nBack on Monday.\n", KindAutoReply},
		{"From: a@example.com\nTo: b@example.com\nSubject: Out of Office: lunch\n\nBack on Monday.\n", KindAutoReply},
		{"From: fbl@example.com\nTo: b@example.com\nSubject: FW: x\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=B\n\n--B\nContent-Type: text/plain\n\nx\n--B\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\nSource-IP: 192.0.2.1\nOriginal-Rcpt-To: u@example.net\n\n--B\nContent-Type: message/rfc822\n\nFrom: s@example.org\nMessage-ID: <1@example.org>\n\nx\n--B--\n", KindComplaint},
		{"\x00\x01\x02\xff\xfe", KindText},
	} {
		if got := KindOf([]byte(c.in), k); got != c.want {
			t.Errorf("%.60q: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestMbox(t *testing.T) {
	one := "From MAILER-DAEMON Thu Apr 29 23:34:45 2015\n" + dsn
	if got := Split([]byte(one + "\n" + one)); len(got) != 2 {
		t.Errorf("%d messages", len(got))
	}
	if got := Split([]byte(dsn)); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
}

// TestHostile: what is built to cost much costs little, and what was not read is
// named.
func TestHostile(t *testing.T) {
	k := reply.Default()
	nested := "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	recipients := strings.Builder{}
	for i := range 50000 {
		fmt.Fprintf(&recipients, "Final-Recipient: rfc822; u%d@example.org\nAction: failed\nStatus: 5.1.1\n\n", i)
	}
	distinct := strings.Builder{}
	for i := range 50000 {
		fmt.Fprintf(&distinct, "<u%d@example.org>:\n550 5.1.1 User unknown\n", i)
	}
	status := "From: mailer-daemon@example.net\nSubject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
	head := "From: mailer-daemon@example.net\nSubject: Undelivered Mail\n\nUser unknown\n"
	for name, c := range map[string]struct {
		data    string
		limited bool
	}{
		"deep":         {strings.Repeat(nested, 20000), true},
		"many parts":   {"Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 200000), true},
		"many fields":  {strings.Repeat("X: y\n", 500000) + "\n", true},
		"long field":   {"Subject: " + strings.Repeat("x", 1<<20) + "\n" + strings.Repeat(" y\n", 300000) + "\nx", true},
		"recipients":   {status + recipients.String(), true},
		"addresses":    {head + strings.Repeat("<user@example.org>:\n", 100000), false},
		"other people": {head + strings.Repeat("a@b.example c@d.example ", 100000), false},
		"headers":      {head + strings.Repeat("Received: x\nFrom: y\n", 100000), true},
		"distinct":     {head + distinct.String(), false},
		"tags":         {"From: mailer-daemon@example.net\nSubject: failed\nContent-Type: text/html\n\n" + strings.Repeat("<a <b <style>", 100000), false},
		"escapes":      {"From: mailer-daemon@example.net\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=\n=ZZ", 500000), false},
		"size":         {head + strings.Repeat("User unknown ", 4<<20), true},
	} {
		var m *Message
		_, allocated := bombtest.Judge(t, name, bombtest.Bounds{Allocated: 1 << 30}, func() any {
			m = Parse([]byte(c.data), k)
			return len(m.Recipients)
		})
		if c.limited != (len(m.Limits) > 0) {
			t.Errorf("%s: limits %q", name, m.Limits)
		}
		if len(m.Recipients) > maxRecipients {
			t.Errorf("%s: %d recipients", name, len(m.Recipients))
		}
		t.Logf("%s: %d KB, %d MB allocated, %d recipients, %q", name, len(c.data)>>10, allocated>>20, len(m.Recipients), m.Limits)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(dsn))
	f.Add([]byte("From: a\n\n<b@c.example>:\n550 x\n"))
	files, _ := filepath.Glob(filepath.Join(bouncesuite.Dir, "sisimai", "*-01.eml"))
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	k := reply.Default()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, one := range Split(data) {
			m := Parse(one, k)
			if m.Kind == KindNotBounce && len(m.Recipients) > 0 {
				t.Errorf("no bounce with %d recipients", len(m.Recipients))
			}
			for i := range m.Recipients {
				if m.Recipients[i].Explanation.Reason == "" || m.Recipients[i].Action == "" {
					t.Errorf("%+v", m.Recipients[i])
				}
			}
			m.Original.SentBy("example.com")
		}
		KindOf(data, k)
	})
}

// BenchmarkParse reads the bounces of the corpus; 1,000 of them must take less than 5
// seconds.
func BenchmarkParse(b *testing.B) {
	var all [][]byte
	files, _ := filepath.Glob(filepath.Join(bouncesuite.Dir, "sisimai", "*.eml"))
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, bytes.Clone(data))
	}
	if len(all) == 0 {
		all = [][]byte{[]byte(dsn)}
	}
	k := reply.Default()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		Parse(all[n%len(all)], k)
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(n)*1000, "ms/1000bounces")
}
