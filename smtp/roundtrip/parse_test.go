package roundtrip

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"mailworthy/internal/field"
	"mailworthy/message"
)

// TestAddresses: what is a server, a place and a mail address, and what is refused. A
// password in one is never repeated.
func TestAddresses(t *testing.T) {
	for text, want := range map[string]Via{
		"smtp://mail.acme.example":              {Scheme: "smtp", Host: "mail.acme.example", Port: 587},
		"SMTPS://me@acme.example@mail.example.": {Scheme: "smtps", User: "me@acme.example", Host: "mail.example", Port: 465},
		"smtp://a%40b@192.0.2.1:25":             {Scheme: "smtp", User: "a@b", Host: "192.0.2.1", Port: 25},
		"smtp://me@[2001:db8::1]:2525/":         {Scheme: "smtp", User: "me", Host: "2001:db8::1", Port: 2525},
		"smtp://m%C3%BCller@b%C3%BCcher":        {},
		"smtp://bücher.example":                 {Scheme: "smtp", Host: "xn--bcher-kva.example", Port: 587},
		"http://mail.acme.example":              {},
		"smtp://":                               {},
		"smtp://host:0":                         {},
		"smtp://host:70000":                     {},
		"smtp://host/x":                         {},
		"smtp://@host":                          {},
		"smtp://me:" + password + "@host":       {},
		"smtp://a\r\nb@host":                    {},
		"mail.acme.example":                     {},
	} {
		v, err := ParseVia(text)
		if (err != nil) != (want.Scheme == "") || err == nil && v != want {
			t.Errorf("%q is %+v (%v), want %+v", text, v, err, want)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the error repeats the password: %v", err)
		}
		if strings.Contains(text, password) && !errors.Is(err, ErrPassword) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]Spec{
		"imaps://me@host/INBOX%2FTests": {Via: Via{Scheme: "imaps", User: "me", Host: "host", Port: 993, Path: "INBOX/Tests"}},
		"imap://me@host/A/B":            {Via: Via{Scheme: "imap", User: "me", Host: "host", Port: 143, Path: "A/B"}},
		"imaps://host":                  {},
		"pop3://me@host":                {},
		"maildir:/home/me/Maildir":      {Maildir: "/home/me/Maildir"},
		"maildir:":                      {},
		"/var/mail/me":                  {File: "/var/mail/me"},
		"file:///var/mail/me":           {File: "/var/mail/me"},
		"mbox:/var/mail/me":             {File: "/var/mail/me"},
		"a/b:c":                         {File: "a/b:c"},
		`C:\mail\box`:                   {File: `C:\mail\box`},
		"maildr:/home/me/Maildir":       {},
		"imasp:me@host":                 {},
		"imaps//me@host":                {},
		"":                              {},
	} {
		s, err := ParsePlace(text)
		if (err != nil) != (want == Spec{}) || err == nil && s != want {
			t.Errorf("%q is %+v (%v), want %+v", text, s, err, want)
		}
	}
	for text, want := range map[string]string{"me@acme.example": "me@acme.example", "me+x@bücher.example": "me+x@xn--bcher-kva.example",
		"me": "", "@acme.example": "", "me@": "", "a b@c.example": "", "me@acme.example> SIZE=1": "", "me@acme.example\r\nRSET": "", "<me@acme.example>": ""} {
		if got, err := ParseAddress(text); got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
	}
}

// TestHops: whether a hop had TLS, as servers write it.
func TestHops(t *testing.T) {
	for _, tt := range []struct{ name, field, has, version string }{
		{"Postfix", "from a.example (a.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby b.example (Postfix) with ESMTPS id 4F", "yes", "1.3"},
		{"Postfix, no TLS", "from a.example (a.example [192.0.2.1]) by b.example (Postfix) with ESMTP id 4F", "no", ""},
		{"Postfix, no TLS, login", "from a.example (a.example [192.0.2.1]) by b.example (Postfix) with ESMTPA id 4F", "no", ""},
		{"Postfix, sendmail", "by b.example (Postfix, from userid 1000) id 4F", "local", ""},
		{"Exim", "from a.example ([192.0.2.1]:4711 helo=a.example) by b.example with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <x@a.example>) id 1q", "yes", "1.3"},
		{"Gmail", "from a.example (a.example. [192.0.2.1]) by mx.google.com with ESMTPS id x (version=TLS1_2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 bits=128/128)", "yes", "1.2"},
		{"Microsoft", "from a.example (192.0.2.1) by b.example (10.0.0.1) with Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20", "yes", "1.3"},
		{"Microsoft, inside", "from a.example (2603::1) by b.example with Microsoft SMTP Server id 15.20", "unknown", ""},
		{"Dovecot", "from b.example by b.example with LMTP id 4F", "local", ""},
		{"loopback", "from localhost (localhost [127.0.0.1]) by b.example (Postfix) with ESMTP id 4F", "local", ""},
		{"UTF8", "from a.example (a.example [192.0.2.1]) by b.example with UTF8SMTPSA id 4F", "yes", ""},
		{"web", "by b.example with HTTP id 4F", "unknown", ""},
		{"nothing", "somehow", "unknown", ""},
	} {
		m, err := message.ReadHeader(bufio.NewReader(strings.NewReader("Received: " + tt.field + "; Thu, 26 Nov 2026 10:00:05 +0000\r\nFrom: a@b.example\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		list := hops(m, m.Facts(), time.Date(2026, 11, 26, 10, 0, 0, 9e8, time.UTC))
		if len(list) != 1 || list[0].TLS != tt.has || list[0].TLSVersion != tt.version || list[0].DelayMS == nil || *list[0].DelayMS != 5000 {
			t.Errorf("%s: %+v, want TLS %s %s", tt.name, list, tt.has, tt.version)
		}
	}
}

// TestUIDs: a range of a hostile server is not spread out.
func TestUIDs(t *testing.T) {
	for _, tt := range []struct {
		set  imap.UIDSet
		want int
	}{{imap.UIDSet{{Start: 1, Stop: 4294967295}}, maxFound}, {imap.UIDSet{{Start: 4294967295, Stop: 4294967295}}, 1}, {imap.UIDSet{{Start: 5, Stop: 0}}, 0},
		{imap.UIDSet{{Start: 3, Stop: 1}, {Start: 9, Stop: 9}}, 4}, {nil, 0}} {
		if got := uidsOf(&imap.SearchData{All: tt.set}, maxFound); len(got) != tt.want {
			t.Errorf("%v is %v", tt.set, got)
		}
	}
}

// TestKey: what signs and what does not; an error repeats nothing of the file.
func TestKey(t *testing.T) {
	for _, text := range []string{"", password, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"} {
		if _, err := ParseKey([]byte(text), "a.example", "s"); err == nil || strings.Contains(err.Error(), "AAAA") || strings.Contains(err.Error(), password) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// FuzzSort: whatever a mailbox has, it is sorted, and the mail is known by its token alone.
func FuzzSort(f *testing.F) {
	l := &letter{Token: "mwaaaaaaaaaaaaaaaaaaaaaaaa", From: user, To: "you@other.example", Date: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)}
	f.Add(l.text())
	f.Add(dsn(l.text(), "failed", "5.1.1", "550 no"))
	f.Add(dsn(l.text(), "delayed", "4.4.1", "later"))
	f.Add([]byte("Received: from a by b with ESMTPS; now\n\n"))
	o := &Options{From: user, To: "you@other.example", Clock: System{}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		kind, in := o.sort(&Found{Folder: "INBOX", Raw: raw}, l)
		if kind == theMail && !bytes.Contains(raw, []byte(l.Token)) {
			t.Errorf("a mail without the token is ours: %q", raw)
		}
		if (kind == aBounce || kind == aDelay) != (in != nil) {
			t.Errorf("kind %d has the report %v", kind, in)
		}
		if m, err := message.ReadHeader(bufio.NewReader(bytes.NewReader(raw))); err == nil {
			hops(m, m.Facts(), l.Date)
		}
	})
}

// TestRefusedAddresses: what is refused names the address without its password, wherever that may
// stand, and says what is right.
func TestRefusedAddresses(t *testing.T) {
	const via, place = "the form is smtp://[USER@]HOST[:PORT]", "the form is imaps://USER@HOST[:PORT][/FOLDER]"
	for _, tt := range []struct{ text, says, help string }{
		{"mx.acme.example", `"mx.acme.example" does not begin with smtp:// or smtps://`, "did you mean smtp://mx.acme.example?"},
		{"me@mx.acme.example:2525", `"me@mx.acme.example:2525" does not begin with`, "did you mean smtp://me@mx.acme.example:2525?"},
		{"smtps:me@mx.acme.example", `does not begin with`, "did you mean smtps://me@mx.acme.example?"},
		{"http://mx.acme.example", `"http://mx.acme.example" does not begin with`, via},
		{"smtp://mx.acme.example:99999", `"smtp://mx.acme.example:99999" has no port from 1 to 65535`, via},
		{"smtp://a..b", `"smtp://a..b" names no host`, via},
		{"smtp://mx.acme.example/x", `"smtp://mx.acme.example/x" has something behind the host`, via},
		{"smtp://@mx.acme.example", `"smtp://@mx.acme.example" has no user's name before the @`, via},
		{"smtp://me:hunter2@mx.acme.example", `"smtp://me:…@mx.acme.example": there is a password in the address`, ""},
		{"smtp://me:hunt@er2@mx.acme.example", `"smtp://me:…@mx.acme.example": there is a password in the address`, ""},
		{"me:hunter2@mx.acme.example", `"me:…@mx.acme.example" does not begin with`, via},
		{"smtp:me:hunter2@mx.acme.example", `"smtp:…@mx.acme.example" does not begin with`, via},
		{"smtp://me:hunt/er2@mx.acme.example", `"smtp://me:…@mx.acme.example" has no port`, via},
		{"smtp://me:1234/hunter2@mx.acme.example", `"smtp://me:…@mx.acme.example" has something behind the host`, via},
		{"smtp://me:hunter2", `"smtp://me:…" has no port`, via},
		{"smtp://me:hunter2:25", `"smtp://me:…" names no host`, via},
		{"smtp://me@mx.acme.example:hunter2", `"smtp://me@mx.acme.example:…" has no port`, via},
	} {
		_, err := ParseVia(tt.text)
		refused(t, tt.text, err, tt.says, tt.help)
	}
	for _, tt := range []struct{ text, says, help string }{
		{"imaps://imap.acme.example", `"imaps://imap.acme.example" has no user`, "it is imaps://"},
		{"imaps:me@imap.acme.example", "does not begin with imap:// or imaps://", "did you mean imaps://me@imap.acme.example?"},
		{"imaps://me@imap.acme.example/%zz", "has a folder that is not written as in a URL", place},
		{"imapss://me:hunter2@imap.acme.example", `"imapss://me:…@imap.acme.example" is no place`, "it is imaps://"},
		{"imap//me:hunter2@imap.acme.example", `"imap//me:…@imap.acme.example" has no colon`, "did you mean imap://me:…@imap.acme.example?"},
		{"imasp:me:hunter2@imap.acme.example", `"imasp:…@imap.acme.example" is no place`, "did you mean imaps:?"},
		{"me@acme.example", `"me@acme.example" has no scheme`, "did you mean imaps://me@acme.example?"},
		{"me:hunter2@acme.example", `"me:…@acme.example" has no scheme`, "did you mean imaps://me:…@acme.example?"},
		{"imaps://me:hunter2@imap.acme.example", "there is a password in the address", ""},
		{"maildir:", `"maildir:" names no folder`, "it is imaps://"},
		{"mbox:", "the name of a file is missing after mbox:", ""},
		{" ", "the name of a file is missing", ""},
	} {
		_, err := ParsePlace(tt.text)
		refused(t, tt.text, err, tt.says, tt.help)
	}
	for _, text := range []string{"./me@acme.example", "mbox:me@acme.example", "/var/mail/me@acme.example"} {
		if p, err := ParsePlace(text); err != nil || p.File == "" {
			t.Errorf("%q is %+v, %v", text, p, err)
		}
	}
}

func refused(t *testing.T, text string, err error, says, help string) {
	t.Helper()
	var wrong *field.Error
	switch {
	case !errors.As(err, &wrong):
		t.Errorf("%q: %v", text, err)
	case !strings.Contains(wrong.Error(), says) || !strings.HasPrefix(wrong.Hint(), help) || help == "" && wrong.Hint() != "":
		t.Errorf("%q: %s (%s), want %s (%s)", text, wrong, wrong.Hint(), says, help)
	case strings.Contains(wrong.Error()+wrong.Hint(), "hunt") || strings.Contains(wrong.Error()+wrong.Hint(), "er2"):
		t.Errorf("%q: the password is repeated: %s (%s)", text, wrong, wrong.Hint())
	}
}

// TestSubmission: who has a user or the port of submission takes the user's own mail.
func TestSubmission(t *testing.T) {
	for text, want := range map[string]bool{"smtp://mx.acme.example:25": false, "smtp://mx.acme.example": true, "smtps://mx.acme.example": true, "smtp://me@mx.acme.example:25": true, "smtp://mx.acme.example:2525": false} {
		if v, err := ParseVia(text); err != nil || v.submission() != want {
			t.Errorf("%s: %v, %v", text, v.submission(), err)
		}
	}
}
