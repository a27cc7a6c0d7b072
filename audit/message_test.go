package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/authres"

	"mailworthy/finding"
)

func TestRunMessage(t *testing.T) {
	acme := func(by ...string) string { return delivered("bounce@bounce.acme.example", signed(t, draft, by...)) }
	from := func(domain string, by ...string) string {
		return delivered("x@esp.example", signed(t, strings.ReplaceAll(draft, "acme.example", domain), by...))
	}
	changed := func(s string) string { return strings.Replace(s, "Hello", "Hello!", 1) }
	// through is a message that a gateway in front of the receiver took.
	through := func(to string, by ...string) string {
		to = strings.Replace(draft, "you@receiver.example", to, 1)
		return "Return-Path: <bounce@bounce.acme.example>\nReceived: from mx0a-00123401.pphosted.com (203.0.113.77)\n" +
			" by DB5EUR03FT016.mail.protection.outlook.com (10.13.1.1) with Microsoft SMTP Server; Sat, 21 Nov 2026 09:00:06 +0000\n" +
			strings.NewReplacer("Return-Path: <>\n", "", "by mx.receiver.example", "by mx0a-00123401.pphosted.com").Replace(delivered("", signed(t, to, by...)))
	}
	for _, tt := range []struct {
		name, in string
		o        MessageOptions
		// want is "spf dkim dmarc", several signatures joined by commas.
		want     string
		findings []string
		// says is a part of some detail.
		says string
	}{
		{name: "all pass, RSA", in: acme("r@acme.example"), want: "pass pass pass"},
		{name: "all pass, Ed25519", in: acme("e@acme.example"), want: "pass pass pass"},
		{name: "two signatures", in: acme("r@acme.example", "e@esp.example"), want: "pass pass,pass pass"},
		{name: "CRLF", in: strings.ReplaceAll(acme("r@acme.example"), "\n", "\r\n"), want: "pass pass pass"},
		{name: "mailbox file", in: "From x@y Sat Nov 21 09:00:00 2026\n" + acme("r@acme.example"), want: "pass pass pass"},
		{name: "SPF alone", in: acme(), want: "pass  pass",
			findings: []string{"error message-dkim-none", "error message-one-click-unsigned", "warning message-dmarc-spf-only"}},
		{name: "DKIM alone", in: delivered("x@esp.example", signed(t, draft, "e@acme.example")), want: "fail pass pass",
			findings: []string{"error message-spf-fail"}, says: "SPF for the client 192.0.2.10 and the envelope domain esp.example is fail. The term \"-all\" in the record of esp.example matched."},
		{name: "changed on the way", in: changed(acme("r@acme.example")), want: "pass fail pass",
			findings: []string{"error message-dkim-fail"}, says: "the body was changed"},
		{name: "one of two fails", in: acme("e@gone.acme.example", "e@acme.example"), want: "pass pass,permerror pass", findings: []string{"notice message-dkim-partly"}},
		{name: "expired since it came", in: delivered("x@esp.example", late(t, draft, signedAt, signedAt.Add(time.Minute))), want: "fail pass pass", findings: []string{"error message-spf-fail"}},
		{name: "expired before it came", in: delivered("x@esp.example", late(t, draft, signedAt.AddDate(0, 0, -8), signedAt.AddDate(0, 0, -1))), want: "fail permerror fail",
			findings: []string{"critical message-dmarc-fail", "error message-spf-fail", "error message-dkim-fail"}},
		{name: "expired, not delivered", in: late(t, draft, signedAt, signedAt.Add(time.Minute)), want: "- permerror temperror",
			findings: []string{"error message-dkim-fail", "unknown message-unresolved", "notice message-spf-not-evaluated"}},
		{name: "key in testing", in: acme("t@acme.example"), want: "pass pass pass", findings: []string{"warning message-dkim-weak"},
			says: "passes, but: the key is in testing mode (t=y): verifiers must not treat the message differently from an unsigned one (RFC 6376, 3.6.1); in practice most ignore the flag, and so it counts here as any other."},
		{name: "l=, nothing else aligned", in: delivered("x@esp.example", limited(t, draft, "acme.example")), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass policy fail",
			findings: []string{"error message-dmarc-length", "warning message-dkim-length"},
			says:     "Whether DMARC passes for the author domain acme.example, whose policy is reject, is the receiver's to decide: it passes if a signature with l= is accepted, and fails if it is not"},
		{name: "l=, changed", in: changed(delivered("x@esp.example", limited(t, draft, "acme.example"))), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass fail fail",
			findings: []string{"critical message-dmarc-fail", "error message-dkim-fail"}},
		{name: "l=, policy none", in: delivered("x@esp.example", limited(t, strings.ReplaceAll(draft, "acme.example", "mail.strict.example"), "mail.strict.example")), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass policy fail",
			findings: []string{"error message-domain-no-mx", "warning message-dkim-length", "warning message-dmarc-length"}},
		{name: "l=, SPF aligned", in: delivered("b@bounce.acme.example", limited(t, draft, "acme.example")), want: "pass policy pass",
			findings: []string{"warning message-dkim-length"}},
		{name: "l=, of another domain", in: delivered("x@esp.example", limited(t, draft, "esp.example")), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass policy fail",
			findings: []string{"critical message-dmarc-fail", "warning message-dkim-length"}},
		{name: "l=, another signature passes", in: delivered("x@esp.example", limited(t, signed(t, draft, "e@acme.example"), "acme.example")), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass policy,pass pass",
			findings: []string{"warning message-dkim-length"}},
		{name: "l=, another signature fails", in: delivered("x@esp.example", limited(t, signed(t, draft, "e@gone.acme.example"), "acme.example")), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass policy,permerror fail",
			findings: []string{"error message-dmarc-length", "warning message-dkim-length", "notice message-dkim-partly"}},
		{name: "l=, SPF not known", in: limited(t, draft, "acme.example"), want: "- policy temperror",
			findings: []string{"unknown message-unresolved", "warning message-dkim-length", "notice message-spf-not-evaluated"},
			says:     "; it passes at receivers that accept the l= of the signature."},
		{name: "nothing aligned", in: delivered("x@esp.example", signed(t, draft, "e@esp.example")), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")},
			want: "pass pass fail", findings: []string{"critical message-dmarc-fail"}, says: "The signing domain esp.example belongs to esp.example"},
		{name: "nothing passes", in: delivered("x@esp.example", draft), want: "fail  fail",
			findings: []string{"critical message-dmarc-fail", "error message-spf-fail", "error message-dkim-none", "error message-one-click-unsigned"},
			says:     "whose policy is reject. SPF of esp.example is fail."},
		{name: "strict", in: delivered("x@mail.strict.example", signed(t, strings.ReplaceAll(draft, "acme.example", "strict.example"), "e@mail.strict.example")),
			want: "none pass fail", findings: []string{"error message-dmarc-fail", "warning message-spf-not-pass"}, says: "strict alignment"},
		{name: "softfail", in: delivered("x@soft.example", signed(t, draft, "e@acme.example")), want: "softfail pass pass", findings: []string{"warning message-spf-not-pass"}},
		{name: "two SPF records", in: delivered("x@twice.example", signed(t, draft, "e@acme.example")), want: "permerror pass pass", findings: []string{"error message-spf-permerror"}},
		{name: "null sender", in: delivered("", signed(t, draft, "e@acme.example")), want: "pass pass pass"},
		{name: "null sender, HELO does not pass", in: delivered("", signed(t, draft, "e@acme.example")), o: MessageOptions{HELO: "soft.example"}, want: "softfail pass pass",
			findings: []string{"warning message-spf-not-pass"}, says: "the HELO name soft.example (the sender is the null sender) is softfail"},
		{name: "no DMARC", in: from("soft.example", "e@esp.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass pass none", findings: []string{"error message-dmarc-none"}},
		{name: "DMARC unusable", in: from("unusable.example", "e@esp.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass pass permerror", findings: []string{"error message-dmarc-permerror"}},
		{name: "null MX", in: from("nomx.example", "e@esp.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass pass none",
			findings: []string{"error message-dmarc-none", "error message-domain-no-mx"}, says: "null MX"},
		{name: "neither MX nor address", in: from("mute.example", "e@esp.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass pass none",
			findings: []string{"error message-dmarc-none", "error message-domain-no-mx"}, says: "neither an MX nor an address"},
		{name: "absent domain", in: from("absent.example", "e@esp.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass pass none",
			findings: []string{"error message-dmarc-none", "error message-domain-no-soa", "error message-domain-no-mx"}, says: "The author domain absent.example does not exist"},
		{name: "absent envelope domain", in: delivered("x@absent.example", signed(t, draft, "e@acme.example")), want: "none pass pass",
			findings: []string{"error message-domain-no-soa", "warning message-spf-not-pass"}, says: "The envelope domain absent.example does not exist"},
		{name: "IDN", in: delivered("x@esp.example", signed(t, strings.Replace(draft, "info@acme.example", "info@bücher.example", 1), "e@xn--bcher-kva.example")),
			o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "pass pass pass", findings: []string{"warning message-header-8bit"}},
		{name: "two From fields", in: delivered("x@esp.example", "From: x@acme.example\n"+draft), want: "fail  -",
			findings: []string{"critical message-from-multiple", "error message-spf-fail", "error message-dkim-none", "error message-dmarc-permerror", "error message-one-click-unsigned"},
			says:     "DMARC cannot be applied, as the message has 2 From fields."},
		{name: "two author domains", in: delivered("x@esp.example", strings.Replace(draft, "From:", "Sender: a@acme.example\nFrom: b@esp.example,", 1)), want: "fail  -",
			findings: []string{"critical message-from-several-addresses", "error message-spf-fail", "error message-dkim-none", "error message-dmarc-permerror", "error message-one-click-unsigned"},
			says:     "addresses of 2 domains (esp.example, acme.example)"},
		{name: "no From", in: delivered("x@soft.example", strings.Replace(draft, "From:", "X-From:", 1)), want: "softfail  -",
			findings: []string{"critical message-from-missing", "error message-dkim-none", "error message-dmarc-permerror", "error message-one-click-unsigned", "warning message-spf-not-pass"}},

		{name: "draft, nothing stated", in: signed(t, draft, "r@acme.example"), want: "- pass pass", findings: []string{"notice message-spf-not-evaluated"}, says: "not delivered yet"},
		{name: "draft, stated", in: signed(t, draft, "r@acme.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1"), MailFrom: sender("info@acme.example")}, want: "pass pass pass"},
		{name: "draft, without sender", in: signed(t, draft, "r@acme.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")}, want: "- pass pass",
			findings: []string{"notice message-spf-not-evaluated"}, says: "the message has no Return-Path"},
		{name: "draft, null sender without HELO", in: signed(t, draft, "r@acme.example"), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1"), MailFrom: null()}, want: "- pass pass",
			findings: []string{"notice message-spf-not-evaluated"}, says: "the HELO name is not known"},
		{name: "unsigned draft", in: draft, want: "-  temperror",
			findings: []string{"error message-dkim-none", "error message-one-click-unsigned", "unknown message-unresolved", "notice message-spf-not-evaluated"}, says: "SPF was not evaluated"},
		{name: "unsigned draft with an envelope that cannot align", in: draft, o: MessageOptions{MailFrom: sender("x@esp.example")}, want: "-  fail",
			findings: []string{"critical message-dmarc-fail", "error message-dkim-none", "error message-one-click-unsigned", "notice message-spf-not-evaluated"}},
		{name: "a gateway of the recipient", in: through("you@gated.example", "e@acme.example"), want: "pass pass pass"},
		{name: "a gateway, the recipient's MX not known", in: through("you@gated.test", "e@acme.example"), want: "- pass pass",
			findings: []string{"notice message-spf-not-evaluated"}, says: "SPF was not evaluated, as the client's address is not known: the Received field in line 2 names mx0a-00123401.pphosted.com (203.0.113.77), of Proofpoint: whether"},
		{name: "a gateway, the recipient not known", in: through("you@absent.example"), want: "-  temperror",
			findings: []string{"error message-dkim-none", "error message-one-click-unsigned", "unknown message-unresolved", "notice message-spf-not-evaluated"}, says: "no MX of a recipient is known"},
		{name: "the address stated is not in Received", in: acme("r@acme.example"), o: MessageOptions{IP: netip.MustParseAddr("192.0.2.11")}, want: "fail pass pass", findings: []string{"error message-spf-fail"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Now = at
			res, err := RunMessage(t.Context(), mailZone(t), strings.NewReader(tt.in), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := outcomes(res); got != tt.want {
				t.Errorf("got %q, want %q\nSPF %+v\nDKIM %+v\nDMARC %+v", got, tt.want, res.SPF, res.DKIM, res.DMARC)
			}
			if got := notable(res); !slices.Equal(got, tt.findings) {
				t.Errorf("findings %q, want %q", got, tt.findings)
			}
			var details []string
			for _, f := range res.Findings {
				details = append(details, f.Detail)
				if f.Severity != finding.Pass && (f.Detail == "" || f.Evidence == nil) {
					t.Errorf("%s is not complete: %+v", f.Check, f)
				}
			}
			if all := strings.Join(details, "\n"); !strings.Contains(all, tt.says) {
				t.Errorf("nothing says %q:\n%s", tt.says, all)
			}
			checkAuthenticationResults(t, res)
		})
	}
}

// TestMessageFixes: nobody is told to authorise a host that receives or forwards the mail,
// to speak for somebody else's domain, or to sign what is signed.
func TestMessageFixes(t *testing.T) {
	changed := func(s string) string { return strings.Replace(s, "Hello", "Hello!", 1) }
	acme := func(keys ...string) string { return delivered("b@bounce.acme.example", signed(t, draft, keys...)) }
	outside := MessageOptions{IP: netip.MustParseAddr("203.0.113.77")}
	gateway := func(helo string) MessageOptions {
		return MessageOptions{IP: outside.IP, HELO: helo}
	}
	for _, tt := range []struct {
		name, in string
		o        MessageOptions
		check    string
		// fix is a part of it, never what is no part.
		fix, never, title string
		follows           string
	}{
		{name: "a host of nobody that is known", in: acme("r@acme.example"), o: outside, check: "message-spf-fail", fix: "If 203.0.113.77 sends for you, add it"},
		{name: "Proofpoint", in: acme("r@acme.example"), o: gateway("mx0a-00123401.pphosted.com"), check: "message-spf-fail", fix: "state it with --ip", never: "add it "},
		{name: "Mimecast", in: acme("r@acme.example"), o: gateway("eu-smtp-inbound-1.mimecast.com"), check: "message-spf-fail", fix: "state it with --ip", never: "add it "},
		{name: "Barracuda", in: acme("r@acme.example"), o: gateway("d1.ess.barracudanetworks.com"), check: "message-spf-fail", fix: "state it with --ip", never: "add it "},
		{name: "Hornetsecurity", in: acme("r@acme.example"), o: gateway("mx-relay29-hz1.antispameurope.com"), check: "message-spf-fail", fix: "state it with --ip", never: "add it "},
		{name: "SpamExperts, no record", in: delivered("x@acme.example.acme.example", signed(t, draft, "e@acme.example")), o: gateway("delivery12.antispamcloud.com"), check: "message-spf-not-pass",
			fix: "state it with --ip", never: "names 203.0.113.77"},
		{name: "the envelope of somebody else", in: delivered("x@absent.example", signed(t, draft, "e@acme.example")), check: "message-spf-not-pass",
			fix: "If absent.example is yours, publish an SPF record there that names 192.0.2.10. If not, only its owner can"},
		{name: "signed so, and changed", in: changed(acme("r@acme.example")), check: "message-dkim-fail", follows: "message-dmarc-spf-onlymessage-one-click-unsigned"},
		{name: "signed so, with l=", in: delivered("b@bounce.acme.example", limited(t, draft, "acme.example")), check: "message-dkim-length", fix: "Sign without l=.", follows: "message-dmarc-spf-onlymessage-one-click-unsigned"},
		{name: "signed so, changed, and nothing else aligns", in: changed(delivered("x@esp.example", signed(t, draft, "r@acme.example"))), o: MessageOptions{IP: netip.MustParseAddr("198.51.100.1")},
			check: "message-dmarc-fail", fix: "Mend the signature of acme.example", never: "Sign with DKIM"},
		{name: "signed by another, and changed", in: changed(acme("e@esp.example")), check: "message-dmarc-spf-only", fix: "Sign with DKIM and d=acme.example."},
		{name: "unsigned, strict alignment", in: delivered("x@mail.strict.example", strings.ReplaceAll(draft, "acme.example", "strict.example")), check: "message-dmarc-fail",
			fix: "Sign with DKIM and d=strict.example, or use an envelope sender at strict.example itself (aspf=s)", never: "below"},
		{name: "a subdomain's signature, changed, strict alignment", in: changed(delivered("x@esp.example", signed(t, strings.ReplaceAll(draft, "acme.example", "strict.example"), "e@mail.strict.example"))),
			check: "message-dmarc-fail", fix: "Sign with DKIM and d=strict.example", never: "Mend"},
		{name: "unsigned", in: acme(), check: "message-one-click-unsigned", fix: "Add list-unsubscribe"},
		{name: "delivered, the sender known", in: "Return-Path: <b@bounce.acme.example>\nReceived: from x by mx.receiver.example with LMTP id 1\n" + signed(t, draft, "e@acme.example"),
			check: "message-spf-not-evaluated", fix: "State the client with --ip.", never: "--mail-from"},
		{name: "a clock that is wrong", in: delivered("b@bounce.acme.example", late(t, draft, signedAt.AddDate(0, 0, 3), time.Time{})), check: "message-dkim-weak", fix: "Set the clock", never: "t=y"},
		{name: "expired since", in: delivered("x@esp.example", late(t, draft, signedAt, signedAt.Add(time.Minute))), check: "message-spf-fail", never: "DKIM"},
		{name: "expired before it came", in: delivered("x@esp.example", late(t, draft, signedAt.AddDate(0, 0, -8), signedAt.AddDate(0, 0, -1))), check: "message-dmarc-fail", fix: "Mend the signature of acme.example"},
		{name: "a key in testing", in: acme("t@acme.example"), check: "message-dkim-weak", fix: "Take t=y out of the key record t._domainkey.acme.example.", title: "DKIM signature passes with a reservation", never: "2048"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Now = at
			res, err := RunMessage(t.Context(), mailZone(t), strings.NewReader(tt.in), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(res.Findings, func(f finding.Finding) bool { return f.Check == tt.check })
			if at < 0 {
				t.Fatalf("no %s in %q", tt.check, notable(res))
			}
			f, follows := res.Findings[at], ""
			for _, c := range f.Follows {
				follows += c.Check
			}
			summary := ""
			if f.Fix != nil {
				summary = f.Fix.Summary
			}
			if !strings.Contains(summary, tt.fix) || tt.never != "" && strings.Contains(summary, tt.never) || tt.title != "" && f.Title != tt.title || follows != tt.follows {
				t.Errorf("%q, fix %q, follows %q", f.Title, summary, follows)
			}
		})
	}
}

// outcomes is "spf dkim dmarc".
func outcomes(res *MessageResult) string {
	out := []string{"-", "", "-"}
	if res.SPF != nil {
		out[0] = string(res.SPF.Result)
	}
	var signatures []string
	for _, s := range res.DKIM.Signatures {
		signatures = append(signatures, string(s.Result))
	}
	out[1] = strings.Join(signatures, ",")
	if res.DMARC != nil {
		out[2] = string(res.DMARC.Result)
	}
	return strings.Join(out, " ")
}

// notable are the findings apart from passes, "severity id" each.
func notable(res *MessageResult) []string {
	var out []string
	for _, f := range res.Findings {
		if f.Severity != finding.Pass && f.Check != "message-line-long" {
			out = append(out, fmt.Sprintf("%s %s", f.Severity, f.Check))
		}
	}
	return out
}

// checkAuthenticationResults reads the field back: it says what the result says.
func checkAuthenticationResults(t *testing.T, res *MessageResult) {
	t.Helper()
	field := res.AuthenticationResults
	for line := range strings.Lines(field) {
		if n := len(strings.TrimRight(line, "\n")); n > 78 {
			t.Errorf("a line of %d: %q", n, line)
		}
	}
	value, ok := strings.CutPrefix(strings.ReplaceAll(field, "\n", ""), "Authentication-Results: ")
	if !ok || strings.ContainsFunc(value, func(r rune) bool { return r > '~' || r < ' ' && r != '\t' }) {
		t.Errorf("the field is %q", field)
	}
	id, results, err := authres.Parse(value)
	if err != nil || id != authservID {
		t.Fatalf("%q does not parse: %q, %v", value, id, err)
	}
	got := []string{"-", "", "-"}
	for _, r := range results {
		switch r := r.(type) {
		case *authres.SPFResult:
			got[0] = string(r.Value)
			if r.From == "" && r.Helo == "" {
				t.Errorf("SPF without identity in %q", value)
			}
		case *authres.DKIMResult:
			if r.Value != authres.ResultNone {
				got[1] = strings.TrimPrefix(got[1]+","+string(r.Value), ",")
			}
		case *authres.DMARCResult:
			got[2] = string(r.Value)
			if r.From != res.From {
				t.Errorf("header.from is %q in %q", r.From, value)
			}
		}
	}
	if joined := strings.Join(got, " "); joined != outcomes(res) {
		t.Errorf("the field says %q, the result %q", joined, outcomes(res))
	}
}

func TestMessageClient(t *testing.T) {
	text := delivered("bounce@bounce.acme.example", draft)
	for _, tt := range []struct {
		name, in string
		o        MessageOptions
		ip, helo string
		from     string // "-" if it is not known
		source   string
	}{
		{"inferred", text, MessageOptions{}, "192.0.2.10", "mx1.acme.example", "bounce@bounce.acme.example", "the topmost Received field, in line 2"},
		{"stated", text, MessageOptions{IP: netip.MustParseAddr("203.0.113.5"), HELO: "h.acme.example", MailFrom: sender("x@y.example")}, "203.0.113.5", "h.acme.example", "x@y.example", "stated"},
		{"stated address that a Received field has", text, MessageOptions{IP: netip.MustParseAddr("192.0.2.10")}, "192.0.2.10", "mx1.acme.example", "bounce@bounce.acme.example", "stated"},
		{"IPv4 in IPv6", text, MessageOptions{IP: netip.MustParseAddr("::ffff:192.0.2.10")}, "192.0.2.10", "mx1.acme.example", "bounce@bounce.acme.example", "stated"},
		{"loopback skipped", "Received: from x (x [127.0.0.1]) by y\n" + text, MessageOptions{}, "192.0.2.10", "mx1.acme.example", "bounce@bounce.acme.example", "line 1 names a loopback address, 127.0.0.1"},
		{"null sender", delivered("", draft), MessageOptions{}, "192.0.2.10", "mx1.acme.example", "", "topmost"},
		{"null sender stated", text, MessageOptions{MailFrom: null()}, "192.0.2.10", "mx1.acme.example", "", "topmost"},
		{"draft", draft, MessageOptions{}, "", "", "-", "no Received field"},
		{"Return-Path broken", "Return-Path: nobody\n" + draft, MessageOptions{}, "", "", "-", "no Received field"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Now = at
			res, err := RunMessage(t.Context(), mailZone(t), strings.NewReader(tt.in), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			c, ip, from := res.Client, "", "-"
			if c.IP.IsValid() {
				ip = c.IP.String()
			}
			if c.MailFrom != nil {
				from = *c.MailFrom
			}
			if ip != tt.ip || c.HELO != tt.helo || from != tt.from || !strings.Contains(c.Source, tt.source) || c.HELOSource == "" || c.MailFromSource == "" {
				t.Errorf("got %q %q %q: %s; %s; %s", ip, c.HELO, from, c.Source, c.HELOSource, c.MailFromSource)
			}
		})
	}
}

// TestMessageAuthenticationResults shows the field as it is written.
func TestMessageAuthenticationResults(t *testing.T) {
	for _, tt := range []struct{ name, in, from, want string }{
		{"pass", delivered("bounce@bounce.acme.example", signed(t, draft, "r@acme.example", "e@acme.example")), "", `Authentication-Results: mailworthy;
	spf=pass smtp.mailfrom=bounce@bounce.acme.example;
	dkim=pass header.a=ed25519-sha256 header.d=acme.example header.s=e;
	dkim=pass header.a=rsa-sha256 header.d=acme.example header.s=r;
	dmarc=pass header.from=acme.example policy.dmarc=reject`},
		{"null sender, unsigned", delivered("", draft), "", `Authentication-Results: mailworthy;
	spf=pass smtp.helo=mx1.acme.example;
	dkim=none;
	dmarc=pass header.from=acme.example policy.dmarc=reject`},
		{"reason", delivered("x@twice.example", draft), "", `Authentication-Results: mailworthy;
	spf=permerror reason="2 SPF records at twice.example"
	smtp.mailfrom=x@twice.example;
	dkim=none;
	dmarc=fail header.from=acme.example policy.dmarc=reject`},
		{"a local part that needs quoting", delivered(`"a;b\"c"@bounce.acme.example`, draft), "", `Authentication-Results: mailworthy;
	spf=pass smtp.mailfrom=bounce.acme.example;
	dkim=none;
	dmarc=pass header.from=acme.example policy.dmarc=reject`},
		{"nothing known", strings.Replace(draft, "From:", "X-From:", 1), "", "Authentication-Results: mailworthy;\n\tdkim=none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := RunMessage(t.Context(), mailZone(t), strings.NewReader(tt.in), MessageOptions{Now: at})
			if err != nil {
				t.Fatal(err)
			}
			if res.AuthenticationResults != tt.want {
				t.Errorf("got\n%s\nwant\n%s", res.AuthenticationResults, tt.want)
			}
		})
	}
}

func TestPlainReason(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", `a "b"; \c`: "a 'b', /c", "a\r\nX: b\x00ü": "a??X: b??",
		strings.Repeat("x", 200): strings.Repeat("x", 97) + "...",
	} {
		if got := plainReason(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
