package reply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/bouncesuite"
)

// TestTraps has the texts that mislead: the code says one thing, the text another, or
// another server speaks than it seems.
func TestTraps(t *testing.T) {
	k := Default()
	final, temporary := true, false
	for _, c := range []struct {
		text      string
		recipient string
		receiver  string
		speaker   Speaker
		reason    Reason
		permanent *bool
	}{
		// The text before the codes.
		{"550 5.1.1 <u@example.com> - 203.0.113.2 has sent to too many recipients this hour. IB607 <http://x.co/rlbounce>", "", "godaddy", Remote, RateLimited, &temporary},
		{"host example-com.mail.protection.outlook.com[198.51.100.2] said: 550 5.4.1 [u@example.com]: Recipient address rejected: Access denied [X.prod.protection.outlook.com] (in reply to RCPT TO command)", "u@example.com", "microsoft-365", Remote, UserUnknown, &final},
		{"552 5.1.1 <u@comcast.net> recipient rejected - extended quota violation", "", "comcast", Remote, MailboxFull, &final},
		{"554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/203.0.113.5", "", "", Remote, IPListed, &temporary},
		{"550 5.7.1 <x@spam.example>: user unknown", "", "", Remote, UserUnknown, &final},
		// The own server speaks.
		{"connect to gmail-smtp-in.l.google.com[142.250.27.27]:25: Connection timed out", "u@gmail.com", "gmail", Local, Network, nil},
		{"connect to mx.example.net[2001:db8::1]:25: Network is unreachable", "", "", Local, Network, nil},
		{"Host or domain name not found. Name service error for name=nosuch.example type=MX: Host not found", "", "", Local, DomainUnknown, nil},
		{"Host or domain name not found. Name service error for name=nosuch.example type=MX: Host not found, try again", "", "", Local, DNS, nil},
		{"Domain example.org does not accept mail (nullMX)", "", "", Local, NullMX, &final},
		{"mail for example.org loops back to myself", "", "", Local, Loop, nil},
		{"TLS is required, but was not offered by host mx.example.net[192.0.2.1]", "", "", Local, TLSFailure, nil},
		{"Server certificate not verified", "", "", Local, TLSFailure, nil},
		{"lost connection with mx2.qq.com[184.105.206.86] while performing the HELO handshake", "", "qq", Local, Network, nil},
		{"retry timeout exceeded", "", "", Local, Expired, &final},
		{"Unrouteable address", "", "", Local, DomainUnknown, nil},
		{"all relevant MX records point to non-existent hosts", "", "", Local, DomainUnknown, nil},
		{"Sorry, I couldn't find any host named nosuch.example. (#5.1.2)", "", "", Local, DomainUnknown, &final},
		{"CNAME lookup failed temporarily. (#4.4.3)", "", "", Local, DNS, &temporary},
		{"Network error on destination MXs", "", "", Local, Network, nil},
		{"Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.", "", "", Local, Network, &final},
		{"Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)", "", "", Local, Network, &temporary},
		// The space of the server is not that of the mailbox.
		{"452 4.4.5 Insufficient disk space; try again later", "", "", Remote, SystemFull, &temporary},
		{"431 4.3.1 Not enough disk space", "", "", Remote, SystemFull, &temporary},
		{"552 5.2.2 Not enough disk space in mailbox", "", "", Remote, MailboxFull, &final},
		{"421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2.", "", "", Remote, TLSFailure, &temporary},
		{"550 5.7.1 TLS version not supported", "", "", Remote, TLSFailure, &final},
		{"550 5.7.1 SPF check: domain acme.example does not designate 203.0.113.5 as permitted sender", "", "", Remote, AuthFailure, &final},
		{"421-4.7.0 [203.0.113.5 15] Our system has detected that this message is suspicious due to the very low reputation of the sending IP address.", "", "", Remote, Reputation, &temporary},
		// Receivers.
		{"550-5.7.26 Unauthenticated email from example.com is not accepted due to\n550-5.7.26 domain's DMARC policy. Please contact the administrator\n550 5.7.26 of example.com domain. x - gsmtp", "u@example.net", "google-workspace", Remote, AuthFailure, &final},
		{"421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes", "", "yahoo", Remote, Reputation, &temporary},
		{"550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level. Spf= Fail , Dkim= Pass , DMARC= Pass", "", "microsoft-consumer", Remote, AuthFailure, &final},
		{"553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see http://postmaster.yahoo.com/550-bl23.html", "", "yahoo", Remote, IPListed, &temporary},
		{"550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.23", "", "", Remote, AuthFailure, &final},
		{"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]", "", "", Remote, PTRRequired, &temporary},
		{"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", "", "", Remote, Policy, &final},
		{"450 4.1.8 <a@b.example>: Sender address rejected: Domain not found", "", "", Remote, SenderRejected, &temporary},
		{"554 5.7.1 <u@example.com>: Relay access denied", "", "", Remote, RelayDenied, &final},
		{"530 5.7.57 Client not authenticated to send mail", "", "", Remote, LoginRequired, &final},
		{"535 5.7.8 Error: authentication failed", "", "", Remote, LoginFailure, &final},
		{"550 5.7.30 Basic authentication is not supported for Client Submission", "", "", Remote, LoginFailure, &final},
		// What the sender's domain lacks is no sender address that is refused.
		{"550 5.7.40 Your email has been blocked because the sender domain doesn't have a DMARC record, or the DMARC record doesn't specify a DMARC policy.", "", "", Remote, AuthFailure, &final},
		{"421 4.7.40 Your email has been rate limited because the sender domain doesn't have a DMARC record, or the DMARC record doesn't specify a DMARC policy.", "", "", Remote, AuthFailure, &temporary},
		{"550 5.7.1 Sender domain does not have a valid SPF record", "", "", Remote, AuthFailure, &final},
		{"550 5.7.1 Sender domain is not DKIM signed", "", "", Remote, AuthFailure, &final},
		{"550 5.7.1 Sender domain's DMARC policy is reject", "", "", Remote, AuthFailure, &final},
		{"550 5.1.8 Sender domain must exist", "", "", Remote, SenderRejected, &final},
		{"550 Callback setup failed while verifying <a@acme.example>", "", "", Remote, SenderRejected, &final},
		// What expires is not always the message.
		{"454 4.7.5 The remote certificate is expired", "", "", Remote, TLSFailure, &temporary},
		{"450 4.4.101 Proxy session setup failed on Frontend: certificate expired", "", "", Remote, TLSFailure, &temporary},
		{"TLS certificate verification failed: certificate has expired", "", "", Local, TLSFailure, nil},
		{"535 5.7.8 Your password has expired", "", "", Remote, LoginFailure, &final},
		{"550 5.7.1 Your API key has expired", "", "", Remote, LoginFailure, &final},
		{"550 5.4.1 The domain has expired", "", "", Remote, DomainUnknown, &final},
		{"550 5.7.1 Sender domain has expired", "", "", Remote, SenderRejected, &final},
		{"550 5.7.1 signature expired (x= in the past)", "", "", Remote, AuthFailure, &final},
		{"550 5.2.1 This account has expired", "", "", Remote, MailboxDisabled, &final},
		{"550 5.7.1 Your subscription has expired", "", "", Remote, Unknown, &final},
		{"554 5.4.7 Delivery expired (message too old)", "", "", Remote, Expired, &final},
		{"Your message has expired after 5 days in the queue", "", "", Local, Expired, &final},
		// A name in a command, and what the next server does not offer.
		{"501 5.5.4 Invalid domain name", "", "", Remote, Syntax, &final},
		{"501 5.5.2 Invalid domain address", "", "", Remote, Syntax, &final},
		{"550 5.1.2 Invalid domain name", "", "", Remote, DomainUnknown, &final},
		{"550 5.6.7 SMTPUTF8 is required, but was not offered by host mx.b.example", "", "", Remote, NotCompliant, &final},
		{"550 5.6.1 8BITMIME not supported", "", "", Remote, NotCompliant, &final},
		{"450 4.4.312 DNS query failed", "", "", Remote, DNS, &temporary},
		{"451 4.4.0 DNS query failed", "", "", Remote, DNS, &temporary},
		{"554 5.4.4 DNS query failed", "", "", Remote, DNS, &final},
		{"550 5.4.312 Message expired, DNS query failed(InfoDomainNonexistent)", "", "", Remote, DomainUnknown, &final},
		{"450 4.4.317 Cannot connect to remote server", "", "", Remote, Network, &temporary},
		// A success that is about no message.
		{"220 mx.example.net ESMTP", "", "", Remote, Unknown, nil},
		{"221 2.0.0 Bye", "", "", Remote, Unknown, nil},
		{"235 2.7.0 Authentication successful", "", "", Remote, Unknown, nil},
		{"354 End data with <CR><LF>.<CR><LF>", "", "", Remote, Unknown, nil},
		{"251 2.1.5 User not local; will forward", "", "", Remote, Delivered, nil},
		// What sendmail concludes is not what it was told.
		{"while talking to mx.example.net.: >>> DATA <<< 550 5.7.1 <u@example.com>... Relaying denied 550 5.1.1 <u@example.com>... User unknown", "", "", Remote, RelayDenied, &final},
		// Nothing explains it.
		{"550 5.0.0 Nyaan", "", "", Remote, Unknown, &final},
		{"421 mumble", "", "", Remote, SystemError, &temporary},
		{"550", "", "", Remote, Unknown, &final},
		{"the cat sat on the mat", "", "", SpeakerUnknown, Unknown, nil},
		{"", "", "", SpeakerUnknown, Unknown, nil},
		{"250 2.0.0 Ok: queued as 12345", "", "", Remote, Delivered, nil},
	} {
		e := k.Explain(c.text, Context{Recipient: c.recipient})
		if e.Reason != c.reason || e.Speaker != c.speaker || e.Receiver != c.receiver || !same(e.Permanent, c.permanent) {
			t.Errorf("%.90s\n   got  %s %s %q %v (%q)\n   want %s %s %q %v", c.text, e.Reason, e.Speaker, e.Receiver, show(e.Permanent), e.Marker, c.reason, c.speaker, c.receiver, show(c.permanent))
		}
		if e.Meaning == "" || len(e.Next) == 0 || e.Who == "" {
			t.Errorf("%.60s: no meaning, steps or who", c.text)
		}
	}
}

// TestSteps: what to do fits the reply: after a 5xx nothing is tried again by itself, no list
// is looked up that no text names, and a receiver's certificate is not to blame for a sender
// without TLS.
func TestSteps(t *testing.T) {
	for _, c := range []struct{ text, says, never string }{
		{"550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", "send this message again later", "by itself"},
		{"450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", "by itself", "returns it"},
		{"550 Too many connections from your host", "send this one again", "by itself"},
		{"554 5.7.1 Greylisted, try again", "Send the message again", "Nothing to do"},
		{"450 4.7.1 Greylisted, try again", "Nothing to do", "returns it"},
		{"450 4.1.1 <x@b.example>: Recipient address rejected: User unknown in local recipient table", "only if it lasts", "and remove it"},
		{"550 5.1.1 <x@b.example>: Recipient address rejected: User unknown in local recipient table", "and remove it from the list", "lasts"},
		{"554 5.7.1 You are not allowed to connect", "The text names no public list", "that the text names"},
		{"554 5.7.1 Service unavailable; Client host [192.0.2.55] blocked using zen.spamhaus.org", "the list that the text names", "no public list"},
		{"554 5.7.1 <unknown[192.0.2.55]>: Client host rejected: Access denied", "Ask the receiver's postmaster", "block list"},
		{"530 5.7.0 Must issue a STARTTLS command first", "Let the sending server use STARTTLS", "certificate"},
		{"550 5.7.1 The sender domain doesn't have a DMARC record", "Publish a DMARC record", "envelope sender exists"},
		{"550 5.6.7 SMTPUTF8 is required, but was not offered by host mx.b.example", "in ASCII", "header that is missing"},
		{"550 5.6.1 8BITMIME not supported", "quoted-printable", "header that is missing"},
		{"501 5.5.4 Invalid domain name", "greet with its own full host name", "remove it"},
		{"550 5.7.27 Sender address has null MX", "Publish an MX for the domain of the envelope sender", "Remove"},
		{"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", "Authenticated SMTP", "password"},
	} {
		if next := strings.Join(Default().Explain(c.text, Context{}).Next, "\n"); !strings.Contains(next, c.says) || strings.Contains(next, c.never) {
			t.Errorf("%s: %s", c.text, next)
		}
	}
}

// TestDelayed: a message that is still being tried was not given up.
func TestDelayed(t *testing.T) {
	for _, text := range []string{"Delivery attempts will continue to be made", "Message has been delayed, and will be retried"} {
		e := Default().Explain(text, Context{Delayed: true})
		if strings.Contains(e.Meaning, "gave up") || strings.Contains(strings.Join(e.Next, " "), "Send again") || e.Permanent == nil || *e.Permanent {
			t.Errorf("%s: %s %v %v", text, e.Meaning, e.Next, show(e.Permanent))
		}
		if e = Default().Explain(text, Context{Final: true}); e.Reason == Expired && !strings.Contains(e.Meaning, "gave up") {
			t.Errorf("%s, final: %s", text, e.Meaning)
		}
	}
}

func same(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func show(p *bool) string {
	switch {
	case p == nil:
		return "-"
	case *p:
		return "permanent"
	}
	return "temporary"
}

func TestContext(t *testing.T) {
	k := Default()
	if e := k.Explain("452 4.2.2 mailbox full", Context{Final: true}); e.Permanent == nil || !*e.Permanent {
		t.Error("a 4xx that the sender gave up on is final")
	}
	if e := k.Explain("550 5.1.1 user unknown", Context{Delayed: true}); e.Permanent == nil || *e.Permanent {
		t.Error("what is still tried is not final, whatever the code")
	}
	if e := k.Explain("550 no", Context{RemoteHost: "mxa-1.gslb.pphosted.com", Recipient: "a@gmail.com"}); e.Receiver != "proofpoint" {
		t.Errorf("receiver %q: the host comes before the domain", e.Receiver)
	}
	if e := k.Explain("550 5.7.1 blocked - see https://ipcheck.proofpoint.com", Context{Recipient: "a@icloud.com"}); e.Receiver != "proofpoint" {
		t.Errorf("receiver %q: the text's marks come before the domain", e.Receiver)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in       string
		code     int
		enhanced string
		stage    Stage
		host, ip string
		text     string
	}{
		{"550 5.1.1 User unknown", 550, "5.1.1", "", "", "", "User unknown"},
		{"550-5.1.1 a\r\n550-5.1.1 b\r\n550 5.1.1 c", 550, "5.1.1", "", "", "", "a b c"},
		{"550-5.1.1 a 550-5.1.1 b 550 5.1.1 c", 550, "5.1.1", "", "", "", "a b c"},
		{"Diagnostic-Code: smtp; 554 5.7.1 no", 554, "5.7.1", "", "", "", "no"},
		{"host mx.example.net[192.0.2.1] said: 450 4.7.1 later (in reply to RCPT TO command)", 450, "4.7.1", StageRcpt, "mx.example.net", "192.0.2.1", "later"},
		{"host mx.example.net[2001:db8::1] said: 554 no (in reply to end of DATA command)", 554, "", StageEndOfData, "mx.example.net", "2001:db8::1", "no"},
		{"host mx.example.net[192.0.2.1] refused to talk to me: 421 4.7.0 busy", 421, "4.7.0", StageBanner, "mx.example.net", "192.0.2.1", "busy"},
		{"SMTP error from remote mail server after RCPT TO:<a@b.example>: host mx.b.example [192.0.2.3]: 550 5.1.1 no", 550, "5.1.1", StageRcpt, "mx.b.example", "192.0.2.3", "no"},
		{"host mx.b.example [192.0.2.3] SMTP error from remote mail server after end of data: 552 too large", 552, "", StageEndOfData, "mx.b.example", "192.0.2.3", "too large"},
		{"H=mx.b.example [192.0.2.3]: SMTP error from remote mail server after pipelined MAIL FROM:<x@y.example> SIZE=10: 550 no", 550, "", StageMail, "", "", "no"},
		{"192.0.2.32 does not like recipient.\nRemote host said: 550 5.1.1 no such user\nGiving up on 192.0.2.32.", 550, "5.1.1", StageRcpt, "", "192.0.2.32", "no such user"},
		{"mx.c.example [192.0.2.25] did not like our RCPT TO:550 5.2.1 disabled", 550, "5.2.1", StageRcpt, "mx.c.example", "192.0.2.25", "disabled"},
		{"... while talking to mx.d.example.:\n>>> RCPT To:<a@d.example>\n<<< 550 5.1.1 unknown", 550, "5.1.1", StageRcpt, "mx.d.example", "", "unknown"},
		{"Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'", 550, "5.1.10", "", "", "", "RESOLVER.ADR.RecipientNotFound; Recipient not found"},
		{"#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##", 550, "5.1.1", "", "", "", "RESOLVER.ADR.RecipNotFound; not found ##"},
		{"sorry, no mailbox here by that name (#5.1.1 - chkusr)", 0, "5.1.1", "", "", "", "sorry, no mailbox here by that name (#5.1.1 - chkusr)"},
		{"550 #5.1.0 Address rejected.", 550, "5.1.0", "", "", "", "Address rejected."},
		{"554 rejected #5.7.1 spam", 554, "5.7.1", "", "", "", "rejected #5.7.1 spam"},
		{"mail.contoso.example #5.1.1 no such user", 0, "5.1.1", "", "mail.contoso.example", "", "no such user"},
		{"EXCH01 #5.1.1 no such user", 0, "5.1.1", "", "exch01", "", "no such user"},
		{"(550, b'5.1.1 no such user')", 550, "5.1.1", "", "", "", "no such user')"},
		{"{'a@b.example': (550, b'5.1.1 no')}", 550, "5.1.1", "", "", "", "no')}"},
		{`{"code":452,"message":"4.2.2 Mailbox full"}`, 452, "4.2.2", "", "", "", `{"code":452,"message":"4.2.2 Mailbox full"}`},
		{"Detail: no such user SMTP code: 550 Additional SMTP info: 5.1.1", 550, "5.1.1", "", "", "", "Detail: no such user SMTP code: 550 Additional SMTP info: 5.1.1"},
		{"450 4.1.1 <a@b.example>: unverified address: connect to mx.b.example[192.0.2.3]:25: Connection refused", 450, "4.1.1", "", "", "", "<a@b.example>: unverified address: connect to mx.b.example[192.0.2.3]:25: Connection refused"},
		{"571 5.7.1 blocked", 571, "5.7.1", "", "", "", "blocked"},
		{"exceeded the limit of 500 messages", 0, "", "", "", "", "exceeded the limit of 500 messages"},
		{"from 10.5.5.250 at 5.6.7.8", 0, "", "", "", "", "from 10.5.5.250 at 5.6.7.8"},
	} {
		r := Parse(c.in)
		if r.Code != c.code || r.Enhanced != c.enhanced || r.Stage != c.stage || r.RemoteHost != c.host || r.RemoteIP != c.ip || r.Text != c.text {
			t.Errorf("%q\n  got  %d %q %q %q %q %q\n  want %d %q %q %q %q %q", c.in, r.Code, r.Enhanced, r.Stage, r.RemoteHost, r.RemoteIP, r.Text, c.code, c.enhanced, c.stage, c.host, c.ip, c.text)
		}
	}
}

func TestIdentities(t *testing.T) {
	k := Default()
	for _, c := range []struct {
		text   string
		want   Identities
		proofs []Proof
	}{
		{"550-5.7.26 The MAIL FROM domain [mail.example.com] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [192.0.2.24].",
			Identities{EnvelopeDomain: "mail.example.com", ClientIP: "192.0.2.24"}, []Proof{ProofSPF}},
		{"550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy. - gsmtp",
			Identities{AuthorDomain: "example.com"}, []Proof{ProofDMARC, ProofSPF, ProofDKIM}},
		{"554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using bl.example.org; see x",
			Identities{ClientIP: "192.0.2.9", Zone: "bl.example.org", ZoneSubject: "ip"}, []Proof{ProofRBL}},
		{"554 5.7.1 Service unavailable; Sender address [a@bad.example] blocked using dbl.spamhaus.org",
			Identities{EnvelopeDomain: "bad.example", Zone: "dbl.spamhaus.org", ZoneSubject: "domain"}, []Proof{ProofRBL}},
		{"450 4.7.25 Client host rejected: cannot find your hostname, [2001:db8::7]",
			Identities{ClientIP: "2001:db8::7"}, []Proof{ProofPTR, ProofHELO}},
		{"450 4.7.1 <bad.example>: Helo command rejected: Host not found",
			Identities{HELO: "bad.example"}, []Proof{ProofHELO, ProofPTR}},
		{"450 4.1.8 <a@env.example>: Sender address rejected: Domain not found",
			Identities{EnvelopeDomain: "env.example"}, []Proof{ProofMailFrom}},
		{"Domain rcpt.example does not accept mail (nullMX)",
			Identities{RecipientDomain: "rcpt.example"}, []Proof{ProofRecipientMX}},
		{"TLS is required, but was not offered by host mx.example.net[192.0.2.1]",
			Identities{}, []Proof{ProofMTASTS, ProofDANE}},
	} {
		e := k.Explain(c.text, Context{})
		if e.Identities != c.want || !slices.Equal(e.Proofs, c.proofs) {
			t.Errorf("%s\n  got  %+v %v\n  want %+v %v", c.text, e.Identities, e.Proofs, c.want, c.proofs)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"451 4.7.1 Greylisted for 5 minutes":                      5 * time.Minute,
		"450 4.2.0 Greylisted, please try again in 300 seconds":   5 * time.Minute,
		"451 4.7.1 Please try again in 00:04:10":                  4*time.Minute + 10*time.Second,
		"450 try again after 2 hours":                             2 * time.Hour,
		"450 greylisting in action, please come back in 00:01:00": time.Minute,
		"421 too many connections, retry in 60 secs":              time.Minute,
		"550 5.1.1 user unknown":                                  0,
		"450 4.2.0 try again later":                               0,
		"451 try again in 99999999999 seconds":                    0,
	} {
		if e := Default().Explain(text, Context{}); e.RetryAfter != want {
			t.Errorf("%s: %v, want %v", text, e.RetryAfter, want)
		}
	}
}

// TestCodes: every code that the standards name is explained.
func TestCodes(t *testing.T) {
	k := Default()
	for _, c := range strings.Fields("211 214 220 221 235 250 251 252 334 354 421 432 450 451 452 454 455 500 501 502 503 504 521 530 534 535 538 550 551 552 553 554 555 556 " +
		"X.0.0 X.1.0 X.1.1 X.1.2 X.1.3 X.1.4 X.1.5 X.1.6 X.1.7 X.1.8 X.1.9 X.1.10 X.2.0 X.2.1 X.2.2 X.2.3 X.2.4 X.3.0 X.3.1 X.3.2 X.3.3 X.3.4 X.3.5 X.3.6 " +
		"X.4.0 X.4.1 X.4.2 X.4.3 X.4.4 X.4.5 X.4.6 X.4.7 X.4.8 X.5.0 X.5.1 X.5.2 X.5.3 X.5.4 X.5.5 X.5.6 X.6.0 X.6.1 X.6.2 X.6.3 X.6.4 X.6.5 X.6.6 X.6.7 X.6.8 X.6.9 X.6.10 " +
		"X.7.0 X.7.1 X.7.2 X.7.3 X.7.4 X.7.5 X.7.6 X.7.7 X.7.8 X.7.9 X.7.10 X.7.11 X.7.12 X.7.13 X.7.14 X.7.15 X.7.16 X.7.17 X.7.18 X.7.19 X.7.20 X.7.21 X.7.22 X.7.23 X.7.24 X.7.25 X.7.26 X.7.27 X.7.28 X.7.29 X.7.30") {
		known, ok := k.Code(c)
		if !ok || known.Title == "" || known.Meaning == "" || known.Reference == "" {
			t.Errorf("%s is not explained", c)
		}
	}
	for _, c := range []struct {
		ask    string
		reason Reason
		codes  int
	}{
		{"550-5.7.26", AuthFailure, 2}, {"550 5.7.26", AuthFailure, 2}, {"421", SystemError, 1}, {"5.7.1", Unknown, 1}, {"X.2.2", MailboxFull, 1},
		{"250", Delivered, 1}, {"354", Unknown, 1}, {"556", NullMX, 1}, {"599", Unknown, 1},
		// A code of receivers alone means what they say.
		{"5.7.515", AuthFailure, 1}, {"550 5.7.509", AuthFailure, 2}, {"5.7.708", RateLimited, 1}, {"221", Unknown, 1}, {"252", Unknown, 1}, {"5.9.9", Unknown, 1},
	} {
		h, ok := k.Help(c.ask)
		if !ok || h.Reason != c.reason || len(h.Codes) != c.codes || h.Class == "" || h.Meaning == "" || len(h.Next) == 0 {
			t.Errorf("help for %s: %+v", c.ask, h)
		}
	}
	for _, not := range []string{"", "user unknown", "55", "5501", "550 5.1.1 user", "127.0.0.1"} {
		if _, ok := k.Help(not); ok {
			t.Errorf("%q is no code", not)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{
		{"550 a", 1}, {"550-a\n550 b", 1}, {"550 a\n421 b", 2}, {"550-a\n550-b\n550 c\n450 d\ncontinued", 2},
		{"host a[192.0.2.1] said: 550 x\nhost b[192.0.2.2] said: 450 y", 2}, {"some words\nof one text", 1}, {"", 0},
		{"550 5.1.1 a\n550 5.1.1 b", 2},
		{"host a[192.0.2.1] said: 550-5.1.1 x\n550-5.1.1 y\n550 5.1.1 z", 1}, {"I get this:\n550 5.1.1 a\n421 b", 2},
		{"SMTP error from remote mail server after RCPT TO:<a@b.example>:\n    550 5.1.1 no", 1},
		{"connect to a[192.0.2.1]:25: Connection refused\n550 b", 2}, {"Error: Invalid login: 535-5.7.8 a\n535 5.7.8 b\n at index.js", 1},
	} {
		if got := Split(c.in); len(got) != c.want {
			t.Errorf("%q: %d replies, want %d: %q", c.in, len(got), c.want, got)
		}
	}
}

// TestUserRules: a user's file comes before what is built in.
func TestUserRules(t *testing.T) {
	k, err := New(strings.NewReader("# ours\n= policy who=recipient permanent=no proof=none ref=https://example.com/help\n> The gateway closes at night.\n+ Send by day.\nuser unknown * after hours\n= suppressed\n@5.9.1\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := k.Explain("550 5.1.1 User unknown (after hours)", Context{})
	if e.Reason != Policy || e.Meaning != "The gateway closes at night." || e.Next[0] != "Send by day." || *e.Permanent || len(e.Proofs) != 0 || e.Reference != "https://example.com/help" {
		t.Errorf("%+v", e)
	}
	for _, bad := range []string{"marker\n", "= nonsense\n", "= policy colour=red\n", "= policy\n***\n", "= policy permanent=maybe\n"} {
		if _, err := New(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestReasons: each reason of the list has a meaning, somebody who acts, and steps.
func TestReasons(t *testing.T) {
	k := Default()
	if len(k.reasons) != 39 {
		t.Errorf("%d reasons", len(k.reasons))
	}
	proofs := []Proof{ProofSPF, ProofDKIM, ProofDMARC, ProofPTR, ProofHELO, ProofRBL, ProofMailFrom, ProofRecipientMX, ProofMTASTS, ProofDANE, ProofMessage, ProofSubmission}
	for r, c := range k.reasons {
		if c.meaning == "" || len(c.next) == 0 || c.who == "" || c.permanent == "" {
			t.Errorf("%s: %+v", r, c)
		}
		for _, p := range c.proofs {
			if !slices.Contains(proofs, p) {
				t.Errorf("%s: no such proof: %s", r, p)
			}
		}
	}
	ids := map[string]bool{}
	for _, r := range k.receivers {
		ids[r.id], ids[family(r.id)] = true, true
	}
	for i := range k.rules {
		for _, r := range k.rules[i].Receivers {
			if !ids[r] {
				t.Errorf("rule %q: no such receiver: %s", k.rules[i].Marker, r)
			}
		}
		for _, p := range k.rules[i].Proofs {
			if !slices.Contains(proofs, p) {
				t.Errorf("rule %q: no such proof: %s", k.rules[i].Marker, p)
			}
		}
	}
}

func FuzzExplain(f *testing.F) {
	for _, s := range []string{"550 5.1.1 User unknown", "550-5.7.26 a\n550 5.7.26 b", "host a[192.0.2.1] said: 450 x (in reply to RCPT TO command)", "Remote host said: ", ">>> RCPT TO:<a@b> <<< 550 x", "ERROR_CODE :550, ERROR_CODE :"} {
		f.Add(s)
	}
	k := Default()
	f.Fuzz(func(t *testing.T, s string) {
		e := k.Explain(s, Context{})
		if e.Code != 0 && (e.Code < 200 || e.Code > 599) {
			t.Errorf("code %d", e.Code)
		}
		if len(e.Whole) > MaxText+8 || e.Reason == "" || e.Meaning == "" {
			t.Errorf("%+v", e)
		}
		for range Split(s) {
		}
		k.Help(s)
	})
}

// TestLong: a text of any length costs a bounded time.
func TestLong(t *testing.T) {
	for _, s := range []string{"550 ", "<<< 550 ", ">>> RCPT ", "host a[1.2.3.4] said: ", "550-", "((((", "a@", "5.1.1 "} {
		start := time.Now()
		Default().Explain(strings.Repeat(s, 1<<20), Context{})
		// It takes a part of a second; with a cost that is quadratic, an hour.
		if d := time.Since(start); d > time.Minute {
			t.Errorf("%q: %v", s, d)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	lines := bouncesuite.Replies(b, "replies.ndjson")
	k := Default()
	for i := 0; b.Loop(); i++ {
		k.Explain(lines[i%len(lines)].Text, Context{})
	}
}

// TestAtLogin: a code means something else at AUTH than at STARTTLS or MAIL (RFC 4954, 6;
// RFC 3207, 4).
func TestAtLogin(t *testing.T) {
	for _, tt := range []struct {
		stage  Stage
		text   string
		reason Reason
		final  string
	}{
		{StageAuth, "454 4.7.0 Sorry", LoginFailure, "T"},
		{StageAuth, "454 not now", LoginFailure, "T"},
		{StageAuth, "454 4.7.0 try again later", LoginFailure, "T"},
		{StageAuth, "454 4.3.0 lookup failure: the LDAP server is busy", LoginFailure, "T"},
		{StageAuth, "454", LoginFailure, "T"},
		{StageAuth, "432 4.7.12 Transition", LoginFailure, "T"},
		{StageAuth, "535 5.7.8 Sorry", LoginFailure, "P"},
		{StageAuth, "534 5.7.9 Sorry", LoginFailure, "P"},
		{StageAuth, "504 5.7.4 Sorry", LoginFailure, "P"},
		{StageAuth, "538 5.7.11 Sorry", LoginFailure, "P"},
		{StageSTARTTLS, "454 4.7.0 Sorry", TLSFailure, "T"},
		{StageSTARTTLS, "454 TLS not available due to temporary reason", TLSFailure, "T"},
		{"", "454 4.7.0 TLS not available due to local problem", TLSFailure, "T"},
		{StageRcpt, "454 4.7.1 <a@b.example>: Relay access denied", RelayDenied, "T"},
	} {
		x := Default().Explain(tt.text, Context{Stage: tt.stage, Speaker: Remote})
		final := "-"
		if x.Permanent != nil {
			final = map[bool]string{true: "P", false: "T"}[*x.Permanent]
		}
		if x.Reason != tt.reason || final != tt.final {
			t.Errorf("%s at %q: %s %s, want %s %s (%s)", tt.text, tt.stage, x.Reason, final, tt.reason, tt.final, x.Meaning)
		}
	}
}
