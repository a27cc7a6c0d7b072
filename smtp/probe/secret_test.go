package probe

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestSecretOverReplies: a password that a server tells in parts, each in a reply of its own,
// stands in no part of the report, not even a part of it.
func TestSecretOverReplies(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, "mx.acme.example", now.AddDate(0, 3, 0))
	const password = "hunter2-Secret"
	goodTLS := strings.Replace(goodTLS, "250-SIZE 1000", "250-SIZE 1000\r\n250-XTELLS %s", 1)
	for _, tt := range []struct {
		name    string
		banner  string
		answers map[string]string
		parts   []string
	}{
		{"two mechanisms", "", map[string]string{"TLS:AUTH": "504 5.7.4 no hunter2\r\n", "TLS:AUTH LOGIN": "535 5.7.8 -Secret is wrong\r\n"}, []string{"hunter2", "-Secret"}},
		{"a challenge and its end", "", map[string]string{"TLS:AUTH": "504 5.7.4 no\r\n", "TLS:AUTH LOGIN": "334 hunter2\r\n", "TLS:am9l": "535-5.7.8 -Sec\r\n535 5.7.8 ret\r\n"}, []string{"hunter2", "-Sec", "ret"}},
		{"banner and end", "220 mx.acme.example ESMTP hun\r\n", map[string]string{"TLS:AUTH": "535 5.7.8 no\r\n", "EHLO": "250-ter2-S\r\n250 STARTTLS\r\n", "TLS:EHLO": "250 no secret\r\n"}, nil},
		{"the greetings", "220 mx.acme.example ESMTP hunter2\r\n", map[string]string{"EHLO": "250--Secret\r\n250 STARTTLS\r\n", "TLS:AUTH": "535 5.7.8 no\r\n"}, []string{"hunter2", "-Secret"}},
		{"keywords and the refusal", "", map[string]string{"TLS:EHLO": strings.Replace(fmt.Sprintf(goodTLS, "hunter2"), "250 AUTH", "250-AUTH", 1) + "250 XHUNT hunter2\r\n", "TLS:AUTH": "535 5.7.8 -Secret\r\n"}, []string{"XHUNT hunter2", "-Secret"}},
		{"no reply at all", "", map[string]string{"TLS:AUTH": "504 5.7.4 hunter2\r\n", "TLS:AUTH LOGIN": "-Secret\r\n"}, []string{"hunter2", "-Secret"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := listen(t, script{cert: &cert, banner: tt.banner, answers: tt.answers}.serve)
			r := run(t, fmt.Sprintf("mx.acme.example:%d", s.port), Options{Roots: ca.pool, Login: &Login{User: "joe", Password: password}})
			var heard strings.Builder
			for _, said := range r.Targets[0].Endpoints[0].Transcript {
				if said.By == "server" {
					heard.WriteString(textOf(said.Text))
				}
			}
			if strings.Contains(heard.String(), password) {
				t.Errorf("the transcript has it: %s", heard.String())
			}
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range tt.parts {
				if strings.Contains(string(raw), part) {
					t.Errorf("%q is in the report: %s", part, raw)
				}
			}
			if len(tt.parts) > 0 && !strings.Contains(heard.String(), "<redacted>") {
				t.Errorf("nothing is hidden: %s", heard.String())
			}
		})
	}
}

// TestTranscript: of a bounded transcript all that is shown is without the secret, however
// late its end comes, and a line that is cut hides what it had.
func TestTranscript(t *testing.T) {
	const password = "hunter2-Secret"
	s := (&prober{o: &Options{Login: &Login{User: "joe", Password: password}}}).begin(&Endpoint{}, now)
	reply := func(line string) { s.t.hear(line); s.t.reply() }
	for _, c := range strings.Split(password, "") {
		reply("220-" + c)
	}
	reply("220 " + strings.Repeat("x", 2*maxSaid) + "hunter2")
	for range maxTranscript {
		s.t.add("client", "NOOP")
	}
	reply("250 -Secret")
	said, hide := s.t.lines()
	for i, c := range said {
		if want := "220-<redacted>"; i < len(password) && c.Text != want {
			t.Errorf("%q, want %q", c.Text, want)
		}
		if strings.Contains(c.Text, "hunter2") || strings.Contains(c.Text, "Secret") {
			t.Error(c.Text)
		}
	}
	if n := len(said); n != maxTranscript+1 || said[n-1].Text != fmt.Sprintf("%d more lines", len(password)+2) {
		t.Errorf("%d lines, the last one %q", n, said[n-1].Text)
	}
	if got := hide("banner: " + strings.Repeat("x", 2*maxSaid) + "hunter2"); strings.Contains(got, "hunter2") {
		t.Error(got)
	}
}
