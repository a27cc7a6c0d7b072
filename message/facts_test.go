package message

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/show"
)

func TestDates(t *testing.T) {
	for _, tt := range []struct{ in, time, wrong string }{
		{"Sat, 21 Nov 2026 09:00:00 +0000", "2026-11-21T09:00:00Z", ""},
		{"21 Nov 2026 10:00:00 +0100", "2026-11-21T09:00:00Z", ""},
		{"Sat, 21 Nov 2026 09:00 GMT (comment)", "2026-11-21T09:00:00Z", ""},
		{"sat, 21 Nov 26 09:00:00 +0000", "2026-11-21T09:00:00Z", ""},
		{"Mon, 21 Nov 2026 09:00:00 +0000", "2026-11-21T09:00:00Z", "that day is a Saturday"},
		{"", "", "it is empty"},
		{"2026-11-21T09:00:00Z", "", "it has not the form"},
		{"Sat, 31 Nov 2026 09:00:00 +0000", "", "it has not the form"},
		{"Sam., 21 nov. 2026 09:00:00 +0000", "", "it has not the form"},
	} {
		d := readDate(&Field{Value: " " + tt.in})
		got := ""
		if d.Time != nil {
			got = d.Time.UTC().Format(time.RFC3339)
		}
		if got != tt.time || (d.Error == "") != (tt.wrong == "") || !strings.Contains(d.Error, tt.wrong) {
			t.Errorf("%q: %s, %q", tt.in, got, d.Error)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	for _, tt := range []struct {
		in, wrong string
		broken    bool
	}{
		{"<1.a+b=c$d@acme.example>", "", false},
		{"<1@[192.0.2.1]>", "", false},
		{"<1@localhost>", "", false},
		{"", "empty", true},
		{"1@acme.example", "angle brackets", true},
		{"<1@acme.example", "angle brackets", true},
		{"<1>", "no @", true},
		{"<@acme.example>", "one side", true},
		{"<1@>", "one side", true},
		{"<1 2@acme.example>", "white space", true},
		{"<1@acme.example> <2@acme.example>", "white space", true},
		{"<[1]@acme.example>", "precedes the @", false},
		{"<1..2@acme.example>", "precedes the @", false},
		{"<1@acme@example>", "follows the @", false},
		{"<1@acme..example>", "follows the @", false},
	} {
		id := readMessageID(&Field{Value: " " + tt.in})
		if (id.Error == "") != (tt.wrong == "") || !strings.Contains(id.Error, tt.wrong) || id.Broken != tt.broken {
			t.Errorf("%q: %q, broken %t", tt.in, id.Error, id.Broken)
		}
	}
}

func TestReturnPaths(t *testing.T) {
	for _, tt := range []struct {
		in, address string
		null        bool
		wrong       string
	}{
		{"<bounce@acme.example>", "bounce@acme.example", false, ""},
		{"bounce+1=you=receiver.example@acme.example", "bounce+1=you=receiver.example@acme.example", false, ""},
		{"<>", "", true, ""},
		{"< >", "", true, ""},
		{"", "", false, "it is empty"},
		{"<a@acme.example>, <b@acme.example>", "", false, "not exactly one"},
		{"group: a@acme.example;", "", false, "not exactly one"},
		{"<root>", "", false, "no @"},
	} {
		p := readPath(&Field{Value: " " + tt.in})
		if p.Address != tt.address || p.Null != tt.null || (p.Error == "") != (tt.wrong == "") || !strings.Contains(p.Error, tt.wrong) {
			t.Errorf("%q: %+v", tt.in, p)
		}
	}
}

func TestSignatureFields(t *testing.T) {
	s := readSignature(&Field{Line: 3, Value: " v=1; a=rsa-sha256; d=Acme.Example;\r\n\ts=s1; h=From:To :\r\n\t List-Unsubscribe; b=d=x"})
	want := SignatureField{Line: 3, Domain: "acme.example", Selector: "s1", Headers: []string{"from", "to", "list-unsubscribe"}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestUnsubscribeURIs(t *testing.T) {
	for _, tt := range []struct {
		in    string
		uris  []URI
		wrong string
	}{
		{"<https://acme.example/u?id=1>", []URI{{"https://acme.example/u?id=1", "https", ""}}, ""},
		{"<mailto:u@acme.example?subject=u>, <https://acme.example/u>", []URI{{"mailto:u@acme.example?subject=u", "mailto", ""}, {"https://acme.example/u", "https", ""}}, ""},
		{"(leave) <mailto:u@acme.example> (by mail),\t<HTTP://acme.example/>", []URI{{"mailto:u@acme.example", "mailto", ""}, {"HTTP://acme.example/", "http", ""}}, ""},
		{"<https://acme.example/ a/ b>", []URI{{"https://acme.example/a/b", "https", ""}}, ""},
		{"", []URI{}, "no URI"},
		{"https://acme.example/u", []URI{}, "angle brackets"},
		{"x <https://acme.example/u>", []URI{{"https://acme.example/u", "https", ""}}, "angle brackets"},
		{"<https://acme.example/u", []URI{}, "not closed"},
		{"<https://a.example/> <https://b.example/>", []URI{{"https://a.example/", "https", ""}, {"https://b.example/", "https", ""}}, "no comma"},
		{"<https:///u>", []URI{{"https:///u", "https", "it names no host"}}, ""},
		{"<mailto:nobody>", []URI{{"mailto:nobody", "mailto", "it names no address"}}, ""},
		{"<ftp://acme.example/>", []URI{{"ftp://acme.example/", "ftp", "receivers know https: and mailto: only"}}, ""},
		{"<acme.example/u>", []URI{{"acme.example/u", "", "it has no scheme such as https:"}}, ""},
		{"<https://acme.example/%zz>", []URI{{"https://acme.example/%zz", "", "it is no URI"}}, ""},
	} {
		u := Unsubscribe{URIs: []URI{}}
		u.read(tt.in)
		if !reflect.DeepEqual(u.URIs, tt.uris) || (u.Error == "") != (tt.wrong == "") || !strings.Contains(u.Error, tt.wrong) {
			t.Errorf("%q: %+v, %q", tt.in, u.URIs, u.Error)
		}
	}
}

// The facts of a whole header, as JSON has them.
func TestFacts(t *testing.T) {
	f := read(t, "From x@y Sat Nov 21 09:00:00 2026\nReturn-Path: <>\nFrom: Acme <a@acme.example>, b@Other.Example\nfrom: c@acme.example\n"+
		"Subject: =?utf-8?q?caf=C3=A9?=\nSubject: second\nTo: \"=?utf-8?q?x?=\" <t@receiver.example>\nTo: t2@receiver.example\nTo: t2@receiver.example\n"+
		"Content-Type: text/plain\nX-Raw: caf\xe9\nX-Utf: café\nAuthentication-Results: mx.receiver.example;\n\tspf=pass\n").Facts()
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"notes", len(f.Notes), 2},
		{"author domains", f.AuthorDomains, []string{"acme.example", "other.example"}},
		{"fields", f.Fields, 12},
		{"null sender", f.ReturnPath, []Path{{Line: 2, Text: "<>", Null: true}}},
		{"subject", f.Subject, []Text{{5, "café"}, {6, "second"}}},
		{"repeated", f.Repeated, []Repeated{{"From", 2, []int{3, 4}, false}, {"To", 3, []int{7, 8, 9}, false}, {"Subject", 2, []int{5, 6}, false}}},
		{"quoted word", f.BadWords, []BadWord{{"To", 7, "=?utf-8?q?x?=: it stands in quotation marks, where it is no encoded-word but plain text"}}},
		{"8 bit", f.EightBit, []EightBit{{"X-Raw", 11, false}, {"X-Utf", 12, true}}},
		{"MIME", f.MIMEFields, []string{"Content-Type"}},
		{"results", f.AuthenticationResults, []Text{{13, "mx.receiver.example;\tspf=pass"}}},
		{"SMTPUTF8", f.International, false},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
	if !read(t, "From: büro@acme.example\n\n").Facts().International || !read(t, "From: a@acme.example\nReceived: from x by y with UTF8SMTP id 1\n\n").Facts().International {
		t.Error("SMTPUTF8 is not noticed")
	}
}

// Lists are bounded, and what is said counts all.
func TestFactsBounds(t *testing.T) {
	text := strings.Repeat("From: a@acme.example\nDate: x\nMessage-ID: x\nReturn-Path: x\nSubject : caf\xe9 =?x?q?y?=\nContent-Id: x\nDKIM-Signature: d=x\n", 100)
	f := read(t, text+"\n").Facts()
	for name, n := range map[string]int{"From": len(f.From), "Date": len(f.Date), "Message-ID": len(f.MessageID), "Return-Path": len(f.ReturnPath), "Subject": len(f.Subject),
		"8 bit": len(f.EightBit), "spaced": len(f.Spaced), "words": len(f.BadWords), "MIME": len(f.MIMEFields), "signatures": len(f.Signatures), "lines": len(f.Repeated[0].Lines)} {
		if n != maxListed {
			t.Errorf("%s: %d kept", name, n)
		}
	}
	details := ""
	for _, one := range Check(f, Context{Now: now}).Findings() {
		details += one.Detail + "\n"
	}
	for _, want := range []string{"There are 100 From fields", "Subject stands 100 times, in lines 5, 12, ", " and more"} {
		if !strings.Contains(details, want) {
			t.Errorf("nothing says %q", want)
		}
	}
}

func TestServices(t *testing.T) {
	long := strings.Repeat("t", 51)
	for _, tt := range []struct {
		in   string
		want string // part of the problem; empty: none
	}{
		{`X-MailerSend-Tags: "a, b, c, d, e"`, ""},
		{`X-MailerSend-Tags: a, b, c, d, e, f`, "6 tags"},
		{"X-MailerSend-Other: a, b, c, d, e, f", ""},
		{"X-MC-Tags: welcome, " + long[:50], ""},
		{"X-MC-Tags: welcome, " + long, "over 50 characters"},
		{"X-MC-Tags: _internal", "underscore"},
		{"X-MC-Track: opens,clicks_htmlonly", ""},
		{"X-MC-Track: opens,clicks,clicks_all", "at most two"},
		{"X-MC-Track: open", `"open" is none`},
		{`X-MC-Metadata: { "user": "1", "ok": true, "_rcpt": "a@acme.example" }`, ""},
		{`X-MC-Metadata: {"user": "` + strings.Repeat("x", 250) + `"}`, "at most 250"},
		{`X-MC-Metadata: {"_user": 1}`, "underscore"},
		{`X-MC-Metadata: {"user": {"id": 1}}`, "object or a list"},
		{`X-MC-Metadata: user=1`, "no valid JSON"},
		{`X-MC-MergeVars: {"name": "x"}`, ""},
		{`X-MC-MergeVars: ["name"]`, "no object"},
		{`X-SMTPAPI: {"category": ["a","b"], "unique_args": {"k": "v"}}`, ""},
		{`X-SMTPAPI: {"category": "a",` + "\n \"to\": [\"a@acme.example\"]}", ""},
		{`X-SMTPAPI: {"category": ["1","2","3","4","5","6","7","8","9","10","11"]}`, "11 categories"},
		{`X-SMTPAPI: {"unique_args": {"k": "` + strings.Repeat("\n v", 10000) + `"}}`, "at most 10,000"},
		{`X-SMTPAPI: {"category": "a"`, "no valid JSON"},
		{`X-SMTPAPI: null`, "no object"},
		{"X-SMTPAPI: {}\nX-SMTPAPI: {}", "stands 2 times"},
		{`X-SMTPAPI: {"a": "` + strings.Repeat("v", 1000) + `"}`, "must be folded"},
		{"X-SES-MESSAGE-TAGS: campaign=spring, kind=news_1", ""},
		{"X-SES-MESSAGE-TAGS: campaign=spring sale", "other than 1 to 256"},
		{"X-SES-MESSAGE-TAGS: campaign", "name=value"},
		{"X-SES-CONFIGURATION-SET: main_1", ""},
		{"X-SES-CONFIGURATION-SET: my set", "1 to 64"},
		{"X-SES-CONFIGURATION-SET: a\nX-SES-CONFIGURATION-SET: b", "stands 2 times"},
		{"X-Mailgun-Tag: a\nX-Mailgun-Tag: b\nX-Mailgun-Tag: c", ""},
		{"X-Mailgun-Tag: a\nX-Mailgun-Tag: b\nX-Mailgun-Tag: c\nX-Mailgun-Tag: d", "at most 3"},
		{"X-Mailgun-Tag: " + strings.Repeat("x", 129), "128 ASCII"},
		{`X-Mailgun-Variables: {"a": 1}`, ""},
		{`X-Mailgun-Variables: a=1`, "no valid JSON"},
		{"X-PM-Tag: a\nX-PM-Metadata-k: v", ""},
		{"X-PM-Tag: a\nX-PM-Tag: b", "stands 2 times"},
	} {
		fields := read(t, tt.in+"\n\n").Facts().Service
		var problems []string
		for _, f := range fields {
			problems = append(problems, f.Problems...)
		}
		if len(fields) == 0 || (len(problems) == 0) != (tt.want == "") || !strings.Contains(strings.Join(problems, "; "), tt.want) {
			t.Errorf("%s: %+v", show.Cut(tt.in, 80), fields)
		}
	}
	if f := read(t, "X-Mailer: x\n\n").Facts().Service; f != nil {
		t.Errorf("a field of no service: %+v", f)
	}
}

// TestDeliveries: the fields that each delivery writes are not the sender's to leave out.
func TestDeliveries(t *testing.T) {
	const hop = "Received: from x ([192.0.2.1]) by y\n"
	for _, tt := range []struct {
		name, header string
		want         int
	}{
		{"one delivery", "Return-Path: <a@b.example>\n" + hop, 0},
		{"a mailbox that forwards", "Return-Path: <f@g.example>\n" + hop + "Return-Path: <a@b.example>\n" + hop, 0},
		{"the sender's own, delivered", "Return-Path: <a@b.example>\n" + hop + "Return-Path: <a@b.example>\n", 2},
		{"twice by the sender", hop + "Return-Path: <a@b.example>\nReturn-Path: <c@d.example>\n", 2},
		{"twice, not delivered", "Return-Path: <a@b.example>\nReturn-Path: <c@d.example>\n", 2},
	} {
		got := 0
		for _, r := range read(t, tt.header+"From: a@b.example\n\n").Facts().Repeated {
			got = r.Count
		}
		if got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	f := read(t, "From: a@b.example\nX-MS-Journal-Report:\n\n").Facts()
	if len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "journal report") {
		t.Errorf("%q", f.Notes)
	}
}
