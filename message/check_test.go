package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
)

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// clean is a header that nothing is wrong with, to change one field of.
const clean = `Received: from mx1.acme.example (mx1.acme.example [192.0.2.10])
	by mx.receiver.example with ESMTPS id 1; Sat, 21 Nov 2026 09:00:05 +0000
From: Acme <info@acme.example>
To: You <you@receiver.example>
Subject: Your invoice
Date: Sat, 21 Nov 2026 09:00:00 +0000
Message-ID: <20261121.1@acme.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Precedence: bulk
List-Unsubscribe: <https://acme.example/u?1>, <mailto:u@acme.example>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
X-MailerSend-Tags: a
X-MC-Tags: a
X-SMTPAPI: {}
X-SES-CONFIGURATION-SET: a
X-Mailgun-Tag: a
X-PM-Tag: a

Hello
`

// signed is a signature that passes and covers what one click needs.
var signed = []Signature{{Domain: "acme.example", Headers: []string{"from", "list-unsubscribe", "list-unsubscribe-post"}, Passes: true}}

// with replaces the field by lines, "" for none; a field that clean lacks is added.
func with(field, lines string) string {
	var b strings.Builder
	skip, done := false, false
	for line := range strings.Lines(clean) {
		name, _, _ := strings.Cut(line, ":")
		switch {
		case line == "\n" && !done:
			b.WriteString(lines)
			done = true
		case line[0] == ' ' || line[0] == '\t':
		case strings.EqualFold(name, field):
			skip = true
			if !done {
				b.WriteString(lines)
				done = true
			}
		default:
			skip = false
		}
		if line == "\n" {
			skip = false
		}
		if !skip {
			b.WriteString(line)
		}
	}
	return b.String()
}

// found checks a message and returns what is wrong, "severity id" each.
func found(t *testing.T, text string, signatures []Signature) []string {
	t.Helper()
	var out []string
	for _, f := range Check(read(t, text).Facts(), Context{Now: now, Signatures: signatures}).Findings() {
		if f.Severity == finding.Pass {
			continue
		}
		if f.Detail == "" || f.Title == "" || f.Subject == "" || f.Section != finding.Message || f.Reference == "" {
			t.Errorf("%s is not complete: %+v", f.Check, f)
		}
		if len(f.Detail) > 1000 {
			t.Errorf("%s: a detail of %d bytes", f.Check, len(f.Detail))
		}
		out = append(out, fmt.Sprintf("%s %s", f.Severity, f.Check))
	}
	return out
}

// TestCleanPasses: every check of the header passes on a clean message, so that
// none is without a test in this direction.
func TestCleanPasses(t *testing.T) {
	if wrong := found(t, clean, signed); len(wrong) > 0 {
		t.Fatalf("a clean message has %q", wrong)
	}
	passes := map[string]bool{}
	for _, f := range Check(read(t, clean).Facts(), Context{Now: now, Signatures: signed}).Findings() {
		passes[f.Check] = true
	}
	for _, c := range slices.Concat(headerChecks, listChecks, serviceChecks()) {
		if !passes[c.ID] {
			t.Errorf("%s was not decided", c.ID)
		}
	}
}

var flawed = []struct {
	name, in   string
	want       []string
	signatures []Signature
}{
	{name: "no From", in: with("From", ""), want: []string{"critical message-from-missing"}},
	{name: "two From", in: with("From", "From: a@acme.example\nFrom: b@acme.example\n"), want: []string{"critical message-from-multiple"}},
	{name: "From empty", in: with("From", "From:\n"), want: []string{"critical message-from-invalid"}},
	{name: "From without domain", in: with("From", "From: root@localhost\n"), want: []string{"critical message-from-invalid"}},
	{name: "comma in the name", in: with("From", "From: Acme, Ltd <info@acme.example>\n"), want: []string{"critical message-from-invalid"}},
	{name: "two addresses", in: with("From", "From: a@acme.example, b@acme.example\nSender: a@acme.example\n"), want: []string{"error message-from-several-addresses"}},
	{name: "two addresses without Sender", in: with("From", "From: a@acme.example, b@acme.example\n"), want: []string{"error message-from-several-addresses", "warning message-sender-invalid"}},
	{name: "two domains", in: with("From", "From: a@acme.example, b@esp.example\nSender: a@acme.example\n"), want: []string{"critical message-from-several-addresses"}},
	{name: "group", in: with("From", "From: Team: a@acme.example;\n"), want: []string{"error message-from-group"}},
	{name: "empty group", in: with("From", "From: Team:;\n"), want: []string{"critical message-from-invalid", "error message-from-group"}},
	{name: "Sender with two", in: with("Sender", "Sender: a@acme.example, b@acme.example\n"), want: []string{"warning message-sender-invalid"}},
	{name: "Sender broken", in: with("Sender", "Sender: a@\n"), want: []string{"warning message-sender-invalid"}},
	{name: "Reply-To broken", in: with("Reply-To", "Reply-To: noreply\n"), want: []string{"warning message-address-invalid"}},
	{name: "To empty", in: with("To", "To:\n"), want: []string{"warning message-address-invalid"}},
	{name: "Bcc empty", in: with("Bcc", "Bcc:\n"), want: nil},
	{name: "undisclosed", in: with("To", "To: undisclosed-recipients:;\n"), want: nil},
	{name: "no recipient", in: with("To", ""), want: []string{"notice message-recipients-missing"}},
	{name: "no Date", in: with("Date", ""), want: []string{"error message-date-missing"}},
	{name: "Date broken", in: with("Date", "Date: yesterday\n"), want: []string{"error message-date-invalid"}},
	{name: "wrong day", in: with("Date", "Date: Mon, 21 Nov 2026 09:00:00 +0000\n"), want: []string{"warning message-date-invalid"}},
	{name: "future", in: with("Date", "Date: Sun, 22 Nov 2026 09:00:10 +0000\n"), want: []string{"warning message-date-skewed"}},
	{name: "nearly future", in: with("Date", "Date: Sun, 22 Nov 2026 09:00:00 +0000\n"), want: nil},
	{name: "past", in: with("Date", "Date: Tue, 17 Nov 2026 09:00:00 +0000\n"), want: []string{"warning message-date-skewed"}},
	{name: "nearly past", in: with("Date", "Date: Tue, 17 Nov 2026 09:00:10 +0000\n"), want: nil},
	{name: "old file", in: strings.ReplaceAll(clean, "Nov 2026", "Nov 2020"), want: nil},
	{name: "past without Received", in: strings.Replace(strings.Replace(clean, "Received:", "X-Received:", 1), "Sat, 21 Nov 2026 09:00:00", "Sat, 14 Nov 2026 09:00:00", 1), want: []string{"warning message-date-skewed"}},
	{name: "no Message-ID", in: with("Message-ID", ""), want: []string{"error message-id-missing"}},
	{name: "Message-ID broken", in: with("Message-ID", "Message-ID: 4711\n"), want: []string{"error message-id-invalid"}},
	{name: "Message-ID odd", in: with("Message-ID", "Message-ID: <[1]@acme.example>\n"), want: []string{"warning message-id-invalid"}},
	{name: "no Subject", in: with("Subject", ""), want: []string{"warning message-subject-missing"}},
	{name: "Subject empty", in: with("Subject", "Subject: =?utf-8?q?_?=\n"), want: []string{"warning message-subject-missing"}},
	{name: "two Subjects", in: with("Subject", "Subject: a\nSubject: b\n"), want: []string{"error message-duplicate-field"}},
	{name: "two Message-IDs and Tos", in: with("To", "To: a@acme.example\nTO: a@acme.example\nMessage-ID: <1@acme.example>\n"), want: []string{"error message-duplicate-field", "error message-duplicate-field"}},
	{name: "no field", in: with("X-Bad", "what is this\n"), want: []string{"error message-header-syntax"}},
	{name: "space before the colon", in: with("Subject", "Subject : x\n"), want: []string{"warning message-header-syntax"}},
	{name: "Latin-1", in: with("Subject", "Subject: caf\xe9\n"), want: []string{"error message-header-8bit"}},
	{name: "UTF-8", in: with("Subject", "Subject: café\n"), want: []string{"warning message-header-8bit"}},
	{name: "UTF-8 with SMTPUTF8", in: with("From", "From: büro@acme.example\n"), want: []string{"notice message-header-8bit"}},
	{name: "encoded-word", in: with("Subject", "Subject: =?nope?q?x?=\n"), want: []string{"warning message-encoded-word"}},
	{name: "encoded-word in quotes", in: with("From", "From: \"=?utf-8?q?x?=\" <info@acme.example>\n"), want: []string{"warning message-encoded-word"}},
	{name: "quotes in the Subject", in: with("Subject", "Subject: \"=?utf-8?q?x?=\"\n"), want: nil},
	{name: "long line in the header", in: with("X-Long", "X-Long: "+strings.Repeat("x", 991)+"\n"), want: []string{"error message-line-too-long"}},
	{name: "long line in the body", in: clean + strings.Repeat("x", 999) + "\n", want: []string{"error message-line-too-long"}},
	{name: "line of 998", in: clean + strings.Repeat("x", 998) + "\n", want: []string{"notice message-line-long"}},
	{name: "bare CR", in: clean + "a\rb\n", want: []string{"error message-bare-line-end"}},
	{name: "bare LF", in: strings.ReplaceAll(clean, "\n", "\r\n") + "a\nb\r\n", want: []string{"error message-bare-line-end"}},
	{name: "CRLF throughout", in: strings.ReplaceAll(clean, "\n", "\r\n"), want: nil},
	{name: "NUL", in: clean + "a\x00b\n", want: []string{"error message-nul"}},
	{name: "no MIME-Version", in: with("MIME-Version", ""), want: []string{"warning message-mime-version"}},
	{name: "MIME-Version 1.1", in: with("MIME-Version", "MIME-Version: 1.1\n"), want: []string{"warning message-mime-version"}},
	{name: "MIME-Version with a comment", in: with("MIME-Version", "MIME-Version: 1.0 (Acme Mail)\n"), want: nil},
	{name: "8 bit without MIME", in: strings.Replace(strings.Replace(clean, "MIME-Version: 1.0\n", "", 1), "Content-Type: text/plain; charset=utf-8\n", "", 1) + "café\n", want: []string{"warning message-mime-version"}},
	{name: "Precedence junk", in: with("Precedence", "Precedence: junk\n"), want: []string{"notice message-precedence"}},
	{name: "Precedence urgent", in: with("Precedence", "Precedence: urgent\n"), want: []string{"notice message-precedence"}},
	{name: "no unsubscribe in bulk mail", in: strings.Replace(strings.Replace(clean, "List-Unsubscribe:", "X-U:", 1), "List-Unsubscribe-Post:", "X-P:", 1), want: []string{"warning message-unsubscribe-missing"}},
	{name: "no unsubscribe in a list", in: strings.NewReplacer("List-Unsubscribe:", "X-U:", "List-Unsubscribe-Post:", "X-P:", "Precedence: bulk", "List-Id: <news.acme.example>").Replace(clean), want: []string{"warning message-unsubscribe-missing"}},
	{name: "no unsubscribe", in: strings.NewReplacer("List-Unsubscribe:", "X-U:", "List-Unsubscribe-Post:", "X-P:", "Precedence:", "X-Q:").Replace(clean), want: []string{"notice message-unsubscribe-missing"}},
	{name: "no angle brackets", in: with("List-Unsubscribe", "List-Unsubscribe: https://acme.example/u\n"), want: []string{"error message-one-click-invalid", "warning message-unsubscribe-invalid"}},
	{name: "http", in: with("List-Unsubscribe", "List-Unsubscribe: <http://acme.example/u>\n"), want: []string{"error message-one-click-invalid", "warning message-unsubscribe-invalid"}},
	{name: "http beside https", in: with("List-Unsubscribe", "List-Unsubscribe: <http://acme.example/u>, <https://acme.example/u>\n"), want: []string{"warning message-unsubscribe-invalid"}},
	{name: "mailto alone", in: with("List-Unsubscribe", "List-Unsubscribe: <mailto:u@acme.example>\n"), want: []string{"error message-one-click-invalid"}},
	{name: "no Post", in: with("List-Unsubscribe-Post", ""), want: []string{"warning message-one-click-missing"}},
	{name: "Post in another case", in: with("List-Unsubscribe-Post", "List-Unsubscribe-Post: list-unsubscribe=one-click\n"), want: []string{"error message-one-click-invalid"}},
	{name: "Post without List-Unsubscribe", in: with("List-Unsubscribe", ""), want: []string{"error message-one-click-invalid"}},
	{name: "two List-Unsubscribe", in: with("List-Unsubscribe", "List-Unsubscribe: <https://a.example/>\nList-Unsubscribe: <https://b.example/>\n"), want: []string{"error message-duplicate-field"}},
	{name: "not signed", in: clean, signatures: []Signature{}, want: []string{"error message-one-click-unsigned"}},
	{name: "signature does not cover", in: clean, signatures: []Signature{{Domain: "acme.example", Headers: []string{"from", "list-unsubscribe"}, Passes: true}}, want: []string{"error message-one-click-unsigned"}},
	{name: "signature fails", in: clean, signatures: []Signature{{Domain: "acme.example", Headers: signed[0].Headers}}, want: []string{"error message-one-click-unsigned"}},
	{name: "signature not known", in: clean, signatures: []Signature{{Domain: "acme.example", Headers: signed[0].Headers, Unknown: true}}, want: []string{"unknown message-unresolved"}},
	{name: "unknown one that does not cover", in: clean, signatures: []Signature{{Domain: "acme.example", Unknown: true}}, want: []string{"error message-one-click-unsigned"}},
	{name: "signature with l=", in: clean, signatures: []Signature{{Domain: "acme.example", Headers: signed[0].Headers, Disputed: true}}, want: []string{"warning message-one-click-unsigned"}},
	{name: "signature with l= that does not cover", in: clean, signatures: []Signature{{Domain: "acme.example", Disputed: true}}, want: []string{"error message-one-click-unsigned"}},
	{name: "one of two signatures covers", in: clean, signatures: append([]Signature{{Domain: "esp.example", Passes: true}}, signed...), want: nil},
	{name: "MailerSend", in: with("X-MailerSend-Tags", "X-MailerSend-Tags: 1,2,3,4,5,6\n"), want: []string{"warning message-service-mailersend"}},
	{name: "Mandrill", in: with("X-MC-Tags", "X-MC-Tags: _x\n"), want: []string{"warning message-service-mandrill"}},
	{name: "SendGrid", in: with("X-SMTPAPI", "X-SMTPAPI: {\n"), want: []string{"warning message-service-sendgrid"}},
	{name: "SES", in: with("X-SES-CONFIGURATION-SET", "X-SES-CONFIGURATION-SET: a b\n"), want: []string{"warning message-service-ses"}},
	{name: "Mailgun", in: with("X-Mailgun-Variables", "X-Mailgun-Variables: a\n"), want: []string{"warning message-service-mailgun"}},
	{name: "Postmark", in: with("X-PM-Tag", "X-PM-Tag: a\nX-PM-Tag: b\n"), want: []string{"warning message-service-postmark"}},
}

// TestFlaws changes one thing in the clean message, and nothing else is found.
func TestFlaws(t *testing.T) {
	hit := map[string]bool{}
	for _, tt := range flawed {
		t.Run(tt.name, func(t *testing.T) {
			signatures := tt.signatures
			if signatures == nil {
				signatures = signed
			}
			got := found(t, tt.in, signatures)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q\n%s", got, tt.want, tt.in)
			}
			for _, g := range got {
				_, id, _ := strings.Cut(g, " ")
				hit[id] = true
			}
		})
	}
	for _, c := range slices.Concat(headerChecks, listChecks, serviceChecks()) {
		if !hit[c.ID] {
			t.Errorf("nothing makes %s fire", c.ID)
		}
	}
}

func TestFixes(t *testing.T) {
	for _, tt := range []struct{ in, check, want string }{
		{with("From", "From: Acme, Ltd <info@acme.example>\n"), "message-from-invalid", `Write From: "Acme, Ltd" <info@acme.example>`},
		{with("Message-ID", ""), "message-id-missing", "Add Message-ID: <20261121090000.4711@acme.example>, another one for each message."},
		{with("Date", ""), "message-date-missing", "Add Date: Sat, 21 Nov 2026 10:00:00 +0000, at the time of writing."},
		{with("Subject", "Subject: a\nSubject: b\n"), "message-duplicate-field", "Leave out all Subject fields but one."},
	} {
		got := ""
		for _, f := range Check(read(t, tt.in).Facts(), Context{Now: now, Signatures: signed}).Findings() {
			if f.Check == tt.check && f.Fix != nil {
				got = f.Fix.Summary
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.check, got, tt.want)
		}
	}
}
