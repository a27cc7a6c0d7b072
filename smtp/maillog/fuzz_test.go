package maillog

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// fuzzLines reads arbitrary lines as the log of one program: no panic, every line is
// counted once, and what comes out is JSON.
func fuzzLines(f *testing.F, mta MTA, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, forced := range []MTA{"", mta} {
			l := New(Options{MTA: forced, Location: time.UTC, Year: 2026, Senders: true, Event: func(e *Event) {
				if e.Kind == "" || e.MTA == "" {
					t.Fatalf("event without a kind or program: %+v", e)
				}
				if _, err := json.Marshal(e); err != nil {
					t.Fatal(err)
				}
			}})
			for line := range bytes.Lines(text) {
				l.Line(line)
			}
			l.Close()
			r := l.Report(ByReceiver)
			if r.Lines.Read != r.Lines.Understood+r.Lines.Other+r.Lines.NotUnderstood {
				t.Fatalf("lines do not add up: %+v", r.Lines)
			}
			for _, d := range r.Domains {
				if d.Messages < 0 || d.Delivered < 0 || d.Bounced < 0 || d.Expired < 0 || d.Attempts < 0 {
					t.Fatalf("negative counts: %+v", d)
				}
			}
			if l.queue.pairs < 0 {
				t.Fatalf("%d recipients are open", l.queue.pairs)
			}
			for _, by := range []By{ByReceiver, ByDomain, ByReason, BySender} {
				if _, err := json.Marshal(l.Report(by)); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func FuzzPostfix(f *testing.F) {
	fuzzLines(f, Postfix,
		"Oct 10 15:59:28 mail postfix/smtp[910]: 4abcDE1z2QzF12: to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=4.7.1, status=deferred (host mx.b.example[192.0.2.1] said: 450 4.7.1 Greylisted (in reply to RCPT TO command))\n",
		"4abcDE1z2QzF12: from=<x@y.example>, status=expired, returned to sender\n",
		"Oct 10 15:59:28 mail postfix/smtpd[910]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b>: Relay access denied; from=<\"a b\"@c> to=<a@b> proto=ESMTP helo=<x>\n",
		"Oct 10 15:59:28 mail postfix/smtp[910]: message repeated 3 times: [ connect to x[192.0.2.1]:25: Connection refused]\n")
}

func FuzzExim(f *testing.F) {
	fuzzLines(f, Exim,
		"2026-11-03 10:00:00 1vFabc-000000001bo-D342 <= a@b.example H=w (x) [192.0.2.7] P=esmtpsa id=a1@b T=\"He \\\" llo\" for c@d.example\n2026-11-03 10:00:02 1vFabc-000000001bo-D342 == c@d.example R=dnslookup T=remote_smtp defer (-44) H=mx [192.0.2.9]: SMTP error from remote mail server after RCPT TO:<c@d.example>: 451 4.7.1 no\n",
		"2026-11-03 10:00:00 1jmFYj-00039V-QX => |/bin/x -a <p@q> R=pipe T=address_pipe\n",
		"Nov  3 10:00:00 h exim[12]: [1/2] 1jmFYj-00039V-QX ** a@b R=\nNov  3 10:00:00 h exim[12]: [2/2] x: Unrouteable address\n")
}

func FuzzSendmail(f *testing.F) {
	fuzzLines(f, Sendmail,
		"Nov  3 10:00:03 mx1 sm-mta[2103]: 5A3A01ab002101: to=<a@b>,<c@d>, delay=1+00:00:02, mailer=esmtp, relay=mx.b. [192.0.2.9], dsn=4.2.0, stat=Deferred: 450 4.2.0 no\n",
		"Nov  3 10:30:01 mx1 sm-mta[2202]: 5A3AU0cd002200: 5A3AU1cd002202: sender notify: Cannot send message for 5 days\n")
}

func FuzzOpenSMTPD(f *testing.F) {
	fuzzLines(f, OpenSMTPD,
		"Jul  6 06:01:46 h smtpd[752]: 5df87c9b982c840c mta delivery evpid=3d4c4a424797fe79 from=<a@b> to=<c@d> rcpt=<-> source=\"192.0.2.1\" relay=\"192.0.2.2 (mx)\" delay=1h2m3s result=\"Ok\" stat=\"250 2.0.0: f6e94209 Message accepted for delivery\"\n",
		"Jul  6 06:01:46 h smtpd[752]: delivery: TempFail for 3d4c4a424797fe79: from=<a@b>, to=<c@d>, delay=1s, stat=421 busy\n")
}

func FuzzQmail(f *testing.F) {
	fuzzLines(f, Qmail,
		"@400000006728f0a10a1b2c3d new msg 1\n@400000006728f0a10a1b3000 starting delivery 11: msg 1 to remote a@b.example\n@400000006728f0a20a1b3300 delivery 11: failure: 192.0.2.5_does_not_like_recipient./Remote_host_said:_550_5.1.1_no/\n",
		"1730736289.169946 delivery 1: success: ok/\n")
}

func FuzzMox(f *testing.F) {
	fuzzLines(f, Mox,
		"l=error m=\"temporary failure delivering from queue\" err=\"421 4.7.0 \\\"later\\\"\" pkg=queue msgid=13 recipient=a@b.example backoff=7m30s\n",
		"{\"MESSAGE\":\"l=info m=\\\"delivered from queue\\\" msgid=1 recipient=a@b\",\"SYSLOG_IDENTIFIER\":\"mox\",\"__REALTIME_TIMESTAMP\":\"1793700000000000\"}\n")
}

// FuzzDecompress reads arbitrary files: no panic, and no end of memory.
func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"))
	f.Add([]byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x41\x00\x00a"))
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, _, err := Decompress(bytes.NewReader(b))
		if err != nil {
			return
		}
		l := New(Options{Location: time.UTC, Year: 2026})
		_ = l.Read(t.Context(), r)
	})
}
