package maillog

import (
	"strings"
	"testing"
)

// TestVague: lines of any text that begin as a note of the stated program does are not
// understood, unless the same file has a line that is surely of the program.
func TestVague(t *testing.T) {
	const passwd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
	const id = "2026-03-01 06:00:00 1lGvRd-0003xs-Aa "
	for _, tt := range []struct {
		name, text                string
		mta                       MTA
		understood, notUnderstood int64
	}{
		{"passwd", passwd, Exim, 0, 3},
		{"passwd, nothing stated", passwd, "", 0, 3},
		{"a refusal of nobody", "he was rejected by all\nthe plan was: rejected\n", Exim, 0, 2},
		{"a refusal", "H=mx.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no\n", Exim, 1, 0},
		{"a log without its notes' names", passwd + id + "Completed\n" + "daemon started\n", Exim, 3, 2},
		{"packages", "2026-03-01 06:00:00 startup archives unpack\n2026-03-01 06:00:01 status installed tar:amd64 1.34\n", OpenSMTPD, 0, 2},
		{"programs name themselves", "Mar  1 06:00:00 mx exim[7]: daemon started\n", Exim, 1, 0},
	} {
		l := New(Options{MTA: tt.mta})
		for line := range strings.Lines(tt.text) {
			l.Line([]byte(line))
		}
		l.Close()
		r := l.Report(ByDomain)
		if r.Lines.Understood != tt.understood || r.Lines.NotUnderstood != tt.notUnderstood || len(r.NotUnderstood) != int(tt.notUnderstood) || len(r.RejectedHere) > 0 && tt.understood == 0 {
			t.Errorf("%s: %+v, examples %q, rejected %+v", tt.name, r.Lines, r.NotUnderstood, r.RejectedHere)
		}
	}
}
