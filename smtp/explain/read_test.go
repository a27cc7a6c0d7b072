package explain

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailworthy/audit"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
)

const dsn = `Return-Path: <>
From: MAILER-DAEMON@mx1.acme.example
To: ann@acme.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx1.acme.example

Final-Recipient: rfc822; joe@remote.example
Action: failed
Status: 5.7.26
Remote-MTA: dns; mx.remote.example
Diagnostic-Code: smtp; 550 5.7.26 DMARC did not pass for [198.51.100.1]

--b
Content-Type: text/rfc822-headers

From: ann@acme.example
Return-Path: <bounce@news.acme.example>
Subject: hello
Message-ID: <1@ID>
DKIM-Signature: v=1; d=SIGNER; s=s1; b=x

--b--
`

// TestKinds tells inputs apart.
func TestKinds(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("Mar  1 10:00:00 mx1 postfix/smtp[1]: 4AB12C3D: to=<joe@remote.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to mx.remote.example[203.0.113.5]:25: Connection refused)\n"))
	w.Close()
	utf16 := []byte("\xff\xfe5\x005\x000\x00 \x005\x00.\x001\x00.\x001\x00 \x00n\x00o\x00")
	for _, tt := range []struct {
		name   string
		data   string
		kind   bounce.Kind
		action string
		reason reply.Reason
		said   reply.Speaker
	}{
		{"reply", "550 5.1.1 <joe@remote.example>: User unknown", bounce.KindReply, "failed", reply.UserUnknown, reply.Remote},
		{"several lines", "450-4.7.1 Greylisted\r\n450 4.7.1 try again in 300 seconds\r\n", bounce.KindReply, "delayed", reply.Greylisted, reply.Remote},
		{"code", " 421 ", bounce.KindReply, "delayed", reply.SystemError, reply.SpeakerUnknown},
		{"success", "250 2.0.0 Ok: queued as 1", bounce.KindReply, "delivered", reply.Delivered, reply.Remote},
		{"text", "Host or domain name not found. Name service error for name=gone.example type=MX: Host not found", bounce.KindText, "", reply.DomainUnknown, reply.Local},
		{"wrapped", "host mx.remote.example[203.0.113.5] said: 552 5.2.2 Mailbox full (in reply to RCPT TO command)", bounce.KindText, "failed", reply.MailboxFull, reply.Remote},
		{"nothing known", "the cat sat on the mat", bounce.KindText, "", reply.Unknown, reply.SpeakerUnknown},
		{"bounce", dsn, bounce.KindBounce, "failed", reply.AuthFailure, reply.Remote},
		{"CR alone", strings.ReplaceAll(dsn, "\n", "\r"), bounce.KindBounce, "failed", reply.AuthFailure, reply.Remote},
		{"pasted", "Your message could not be delivered:\n\n<ann@remote.example>: host mx.remote.example[203.0.113.5] said: 552 5.2.2 Mailbox full\n", bounce.KindBounce, "failed", reply.MailboxFull, reply.Remote},
		{"log, packed", packed.String(), bounce.KindLog, "delayed", reply.Network, reply.Local},
		{"a greeting", "220 mx.remote.example ESMTP", bounce.KindReply, "", reply.Unknown, reply.Remote},
		{"a code of success that is no delivery", "252", bounce.KindReply, "", reply.Unknown, reply.SpeakerUnknown},
		{"log of a program that is not known, with a reply", "Nov  2 10:00:00 mx1 mymta[9]: 550 5.1.1 no such user\n", bounce.KindText, "failed", reply.UserUnknown, reply.SpeakerUnknown},
		{"log, its ids struck out", "Nov  2 10:00:00 mx1 postfix/smtp[9]: XXXXXXX: to=<joe@remote.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to mx.remote.example[203.0.113.5]:25: Connection refused)\n", bounce.KindLog, "delayed", reply.Network, reply.Local},
		{"UTF-16", string(utf16), bounce.KindReply, "failed", reply.UserUnknown, reply.Remote},
	} {
		in, err := (&Explainer{}).Read(tt.name, []byte(tt.data))
		if err != nil || len(in) != 1 || len(in[0].Items) != 1 {
			t.Errorf("%s: %v %+v", tt.name, err, in)
			continue
		}
		i := in[0].Items[0]
		action := ""
		if i.Action != nil {
			action = *i.Action
		}
		if in[0].Kind != tt.kind || action != tt.action || i.Reason != tt.reason || i.SaidBy != tt.said {
			t.Errorf("%s: %s %s %s %s, want %s %s %s %s", tt.name, in[0].Kind, action, i.Reason, i.SaidBy, tt.kind, tt.action, tt.reason, tt.said)
		}
	}
	for data, want := range map[string]error{"Nov  2 10:00:00 mx1 sshd[9]: Failed password for root from 203.0.113.7\n": ErrOtherLog, "": ErrEmpty, " \r\n": ErrEmpty, "\x7fELF\x00\x00\x01\x02": ErrBinary, "\x89PNG\r\n\x1a\n\x00\x00\x00": ErrBinary} {
		if _, err := (&Explainer{}).Read("x", []byte(data)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", data, err, want)
		}
	}
}

// TestRecipients finds the recipient that a text names, and takes no sender for one.
func TestRecipients(t *testing.T) {
	for text, want := range map[string]string{
		"host mx.remote.example[203.0.113.5] said: 450 4.2.0 <joe@remote.example>: Recipient address rejected: Greylisted (in reply to RCPT TO command)": "joe@remote.example",
		"SMTP error from remote mail server after RCPT TO:<joe@remote.example>: host mx.remote.example [203.0.113.5]: 550 no":                            "joe@remote.example",
		"<joe@remote.example>: host mx.remote.example[203.0.113.5] said: 554 5.7.1 no (in reply to MAIL FROM command)":                                   "joe@remote.example",
		"<joe@remote.example>: Host or domain name not found. Name service error for name=remote.example type=MX: Host not found":                        "joe@remote.example",
		"550 5.7.1 <joe@remote.example>... Relaying denied":                                                                                              "joe@remote.example",
		"553 5.1.8 <ann@acme.example>: Sender address rejected: Domain not found":                                                                        "",
		"<ann@acme.example>: Sender address rejected: not owned by user x":                                                                               "",
		"550 5.7.1 mail from <ann@acme.example> is refused":                                                                                              "",
		"after RCPT TO:<joe@remote.example>: 550 <ann@remote.example>: User moved":                                                                       "",
		"552 5.2.2 mailbox full": "",
	} {
		in, err := (&Explainer{}).Read("x", []byte(text))
		if err != nil || len(in) != 1 || len(in[0].Items) != 1 {
			t.Errorf("%s: %v %+v", text, err, in)
			continue
		}
		got := ""
		if r := in[0].Items[0].Recipient; r != nil {
			got = *r
		}
		if got != want {
			t.Errorf("%s: recipient %q, want %q", text, got, want)
		}
	}
	in, _ := (&Explainer{}).Read("x", []byte("Nov  2 10:00:00 mx1 postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[198.51.100.9]: 450 4.7.25 Client host rejected: cannot find your hostname, [198.51.100.9]; from=<a@b.example> to=<ann@acme.example> proto=ESMTP helo=<x>\n"))
	if len(in) != 1 || len(in[0].Items) != 1 || in[0].Items[0].RemoteHost != nil {
		t.Errorf("a client that was refused answers: %+v", in)
	}
}

// TestOrigins: a bounce of a message that the domain never sent is told by its signature
// and its Message-ID, and nothing of it is proved.
func TestOrigins(t *testing.T) {
	for _, tt := range []struct {
		stated, id, signer string
		want               bounce.Origin
	}{
		{"acme.example", "acme.example", "botnet.example", bounce.Own},
		{"acme.example", "botnet.example", "news.acme.example", bounce.Own},
		{"acme.example", "botnet.example", "botnet.example", bounce.Backscatter},
		{"other.example", "botnet.example", "botnet.example", bounce.Foreign},
		{"", "botnet.example", "botnet.example", bounce.Backscatter},
		{"", "acme.example", "acme.example", ""},
	} {
		x := &Explainer{Stated: Stated{Domain: tt.stated}}
		in, err := x.Read("x", []byte(strings.NewReplacer("@ID", "@"+tt.id, "SIGNER", tt.signer).Replace(dsn)))
		if err != nil || len(in) != 1 {
			t.Fatal(err)
		}
		var got bounce.Origin
		if in[0].Origin != nil {
			got = in[0].Origin.Verdict
		}
		r := &Report{Inputs: in}
		r.Prove(context.Background(), proof.New(nil, audit.Options{}))
		if forged := r.Inputs[0].Items[0].Proof.Command == nil; got != tt.want || forged != (tt.want == bounce.Backscatter) {
			t.Errorf("%+v: %q, command %v", tt, got, r.Inputs[0].Items[0].Proof.Command)
		}
	}
}

// TestBackscatterOfEnvelope: a forged envelope sender alone brings the bounce too; the
// report need not return it, because the bounce goes to it.
func TestBackscatterOfEnvelope(t *testing.T) {
	data := strings.NewReplacer("@ID", "@lotto.example", "SIGNER", "lotto.example", "From: news@acme.example", "From: news@lotto.example").Replace(dsn)
	if !strings.Contains(data, "\nTo: ") {
		t.Fatal("the report is to nobody")
	}
	x := &Explainer{Stated: Stated{Domain: "acme.example"}}
	in, err := x.Read("x", []byte(data))
	if err != nil || len(in) != 1 || in[0].Origin == nil || in[0].Origin.Verdict != bounce.Backscatter {
		t.Errorf("%v %+v", err, in)
	}
}

// TestIdentities: what the message shows stays, what it does not is taken from the flags,
// and what a flag states of the sending server comes before the text.
func TestIdentities(t *testing.T) {
	data := []byte(strings.NewReplacer("@ID", "@acme.example", "SIGNER", "acme.example").Replace(dsn))
	of := func(s Stated) Identities {
		in, err := (&Explainer{Stated: s}).Read("x", data)
		if err != nil {
			t.Fatal(err)
		}
		return in[0].Items[0].Identities
	}
	word := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	i := of(Stated{})
	if word(i.AuthorDomain) != "acme.example" || word(i.EnvelopeDomain) != "news.acme.example" || word(i.ClientIP) != "198.51.100.1" ||
		len(i.DKIM) != 1 || i.DKIM[0].Domain != "acme.example" || word(i.DKIM[0].Selector) != "s1" || word(i.RecipientDomain) != "remote.example" {
		t.Errorf("%+v", i)
	}
	i = of(Stated{Domain: "other.example", MailFrom: "bounce.acme.example", IP: parseIP("192.0.2.10"), HELO: "mx1.acme.example", Selectors: []string{"s2"}})
	if word(i.AuthorDomain) != "acme.example" || word(i.EnvelopeDomain) != "bounce.acme.example" || word(i.ClientIP) != "192.0.2.10" ||
		word(i.HELO) != "mx1.acme.example" || word(i.DKIM[0].Selector) != "s2" {
		t.Errorf("%+v", i)
	}
}

// contract are the keys of an item, of its proof and of an input that users rely on.
var contract = map[string][]string{
	"input": {"name", "kind", "items"},
	"item": {"recipient", "action", "said_by", "receiver", "remote_host", "reply_code", "enhanced_code", "stage", "reason", "permanent", "who", "meaning", "next",
		"retry_after_s", "text", "proof"},
	"proof": {"command", "checks", "outcome", "findings"},
}

// TestContract: every key is there whatever the input, and lists are never null.
func TestContract(t *testing.T) {
	for _, data := range []string{dsn, "550 5.1.1 no", "421", "the cat", "From: a@b.example\nSubject: x\nTo: b@c.example\n\nhello\n"} {
		in, err := (&Explainer{}).Read("x", []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		r := &Report{Schema: Schema, Inputs: in}
		r.Prove(context.Background(), proof.New(nil, audit.Options{}))
		text, _ := json.Marshal(r)
		var out struct {
			Inputs []map[string]any
		}
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		has := func(what string, m map[string]any) {
			for _, k := range contract[what] {
				if _, ok := m[k]; !ok {
					t.Errorf("%.20q: %s has no %s", data, what, k)
				}
			}
		}
		for _, i := range out.Inputs {
			has("input", i)
			items, ok := i["items"].([]any)
			if !ok {
				t.Errorf("%.20q: items is %v", data, i["items"])
			}
			for _, it := range items {
				m := it.(map[string]any)
				has("item", m)
				p := m["proof"].(map[string]any)
				has("proof", p)
				for _, list := range []any{m["next"], p["checks"], p["findings"]} {
					if _, ok := list.([]any); !ok {
						t.Errorf("%.20q: a list is %v", data, list)
					}
				}
			}
		}
	}
}

// FuzzExplain: any input is explained or refused, with a closed set of words.
func FuzzExplain(f *testing.F) {
	for _, s := range []string{dsn, "550-5.7.26 a\n550 5.7.26 b", "421", "Mar  1 10:00:00 mx1 postfix/smtp[1]: 4AB12C3D: to=<a@b.example>, relay=none, dsn=4.4.1, status=deferred (x)", "\x00"} {
		f.Add([]byte(s))
	}
	x := &Explainer{Stated: Stated{Domain: "acme.example"}}
	p := proof.New(nil, audit.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := x.Read("x", data)
		if err != nil {
			return
		}
		r := &Report{Schema: Schema, Inputs: in}
		r.Prove(context.Background(), p)
		for _, i := range r.Inputs {
			for _, item := range i.Items {
				if item.Reason == "" || item.Who == "" || item.SaidBy == "" || item.Meaning == "" || item.Proof.Outcome != proof.NotRun && item.Proof.Outcome != proof.Unknown {
					t.Errorf("%+v", item)
				}
				if item.Proof.Command != nil && strings.ContainsAny(*item.Proof.Command, "`$|&\n\\") {
					t.Errorf("command %q", *item.Proof.Command)
				}
			}
		}
	})
}

// TestOthers: a folder of mails that are no bounces is not named line by line.
func TestOthers(t *testing.T) {
	r := &Report{Inputs: []Input{{Name: "log", Kind: bounce.KindLog}}}
	if n, lines := r.Others(); n != 0 || len(lines) != 0 {
		t.Errorf("%d, %q", n, lines)
	}
	for i := range 500 {
		r.Inputs = append(r.Inputs, Input{Name: fmt.Sprintf("mbox:%d", i+1), Kind: bounce.KindNotBounce})
	}
	if short := r.Short(); len(short.Inputs) != maxOthers+1 || short.OthersLeftOut != 500-maxOthers || len(r.Inputs) != 501 {
		t.Errorf("%d inputs, %d more", len(short.Inputs), short.OthersLeftOut)
	}
	n, lines := r.Others()
	if n != 500 || len(lines) != maxOthers+1 || !strings.HasPrefix(lines[0], "mbox:1: a mail") || lines[maxOthers] != "490 mails more that are neither" {
		t.Errorf("%d, %q", n, lines)
	}
}
