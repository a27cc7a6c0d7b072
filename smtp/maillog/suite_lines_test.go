package maillog

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// suiteFragments are cases that are no line of a log but a part of one.
var suiteFragments = map[string]string{
	"postfix-grok/delays_0001.yaml":               "the value of delays=",
	"postfix-grok/relay_0001.yaml":                "the value of relay=",
	"postfix-grok/tls_features_0009.yaml":         "the value of tls=",
	"postfix-grok/tls_features_0010.yaml":         "the value of tls=",
	"postfix-grok/tls_features_0011.yaml":         "the value of tls=",
	"postfix-grok/tls_features_0012.yaml":         "the value of tls=",
	"postfix-grok/command_counter_data_0001.yaml": "the end of a line",
	"postfix-grok/command_counter_data_0004.yaml": "the end of a line",
}

// suiteDifferences are lines that this package does not understand, with the reason.
var suiteDifferences = map[string]string{
	"postfix-parser/postfixLines-45.json": "an empty line is no line",
	"postfix-parser/postfixLines-47.json": "cut off within the recipient, as the project says: null is expected",
	"postfix-parser/syslogLines-00.json":  "of another program, as the project says: null is expected",
}

var headed = regexp.MustCompile(`^(?:[A-Z][a-z]{2} [ \d]\d? \d|\d{4}-\d\d-\d\d)`)

// daemonOfCase returns the program that a case is of, by its name.
func daemonOfCase(c *suiteCase) string {
	name := strings.TrimPrefix(c.File, "postfix-grok/")
	i := strings.LastIndexByte(name, '_')
	switch d := strings.ReplaceAll(name[:max(i, 0)], "_", "-"); d {
	case "tls-features":
		return "postfix/smtp"
	case "script":
		return "postfix/postfix-script"
	case "sendmail":
		return "postfix/sendmail"
	default:
		if postfixDaemon([]byte(d)) != daemonUnknown {
			return "postfix/" + d
		}
	}
	switch {
	case strings.Contains(c.Program, "/"):
		return c.Program
	case c.Program != "":
		return "postfix/" + c.Program
	}
	return "postfix/smtp"
}

// oneLine reads a line and returns its events and what became of it.
func oneLine(line string) (*Report, []Event) {
	var events []Event
	l := New(Options{Location: time.UTC, Year: 2026, Event: func(e *Event) { events = append(events, *e) }})
	for _, part := range strings.SplitAfter(line, "\n") {
		l.Line([]byte(part))
		break
	}
	return l.Report(ByReceiver), events
}

// TestSuiteLines reads every line of the public logs: as it stands, and behind a head
// of syslog, and compares the fields of deliveries, refusals and attempts.
func TestSuiteLines(t *testing.T) {
	read, same := 0, 0
	for _, c := range suiteCases(t, "line") {
		if suiteFragments[c.File] != "" {
			continue
		}
		line, _, _ := strings.Cut(c.Line, "\n")
		forms := []string{line}
		if !headed.MatchString(line) && c.MTA == "postfix" {
			forms = append(forms, "Oct 10 15:59:28 mail "+daemonOfCase(&c)+"[910]: "+line)
		}
		read++
		ok := true
		for i, form := range forms {
			r, events := oneLine(form)
			if suiteDifferences[c.File] != "" {
				if r.Lines.Understood != 0 && i == 0 {
					t.Errorf("%s: understood, and listed as a difference", c.File)
				}
				continue
			}
			if r.Lines.Understood != 1 {
				t.Errorf("%s: not understood: %s", c.File, form)
				ok = false
				continue
			}
			for _, problem := range compareLine(&c, events) {
				t.Errorf("%s: %s\n%s", c.File, problem, form)
				ok = false
			}
		}
		if ok {
			same++
		}
	}
	t.Logf("lines of the public logs: %d of %d as expected, %d of them differ for a reason that is listed", same, read, len(suiteDifferences))
}

// compareLine compares the fields that the project expects of a line with the event.
func compareLine(c *suiteCase, events []Event) (problems []string) {
	field := func(names ...string) string {
		for _, n := range names {
			switch v := c.Expect[n].(type) {
			case string:
				return v
			case float64:
				return strconv.FormatFloat(v, 'g', -1, 64)
			}
		}
		if p, ok := c.Expect["properties"].(map[string]any); ok {
			for _, n := range names {
				switch v := p[n].(type) {
				case string:
					return v
				case float64:
					return strconv.FormatFloat(v, 'g', -1, 64)
				}
			}
		}
		if p, ok := c.Expect["postfix"].(map[string]any); ok && names[0] == "qid" {
			s, _ := p["client_id"].(string)
			return s
		}
		return ""
	}
	want := map[string]string{}
	kv := field("postfix_keyvalue_data")
	for _, k := range []string{"to", "relay", "delay", "dsn", "tls", "from"} {
		v := field(k)
		if v == "" {
			if m := regexp.MustCompile(`(?:^|[ ,])` + k + `=([^ ,]*)`).FindStringSubmatch(kv); m != nil {
				v = m[1]
			}
		}
		if v != "" {
			want[k] = strings.Trim(v, "<>")
		}
	}
	if field("status") == "forwarded" {
		want["status"] = "sent"
	} else if s := field("postfix_status", "status"); s != "" {
		want["status"], _, _ = strings.Cut(s, " ")
	}
	if id := field("qid", "postfix_queueid", "exim_msgid"); id != "" && id != "NOQUEUE" {
		want["id"] = id
	}
	if want["status"] == "" {
		// Not a delivery: attempts and arrivals have events, notes have none.
		if len(events) == 1 && want["id"] != "" && events[0].QueueID != want["id"] {
			problems = append(problems, fmt.Sprintf("id %q, want %q", events[0].QueueID, want["id"]))
		}
		if s := field("exim_sender_email"); s != "" && (len(events) != 1 || events[0].Sender != s || events[0].Kind != Received) {
			problems = append(problems, fmt.Sprintf("sender %+v, want %q", events, s))
		}
		if s := field("exim_header_id"); s != "" && (len(events) != 1 || events[0].MessageID != s) {
			problems = append(problems, fmt.Sprintf("message id %+v, want %q", events, s))
		}
		if s := field("postfix_smtp_response"); s != "" && (len(events) != 1 || events[0].Kind != Attempt || !strings.Contains(events[0].Text, s)) {
			problems = append(problems, fmt.Sprintf("attempt %+v, want %q", events, s))
		}
		if a := field("postfix_action"); a == "reject" && (len(events) != 1 || events[0].Kind != Rejected) {
			problems = append(problems, fmt.Sprintf("%+v, want a refusal", events))
		}
		return problems
	}
	if len(events) != 1 {
		return append(problems, fmt.Sprintf("%d events", len(events)))
	}
	e := events[0]
	relay := e.Relay
	if relay == "" {
		relay = "none"
	}
	got := map[string]string{
		"to": e.Recipient, "relay": relay, "delay": strconv.FormatFloat(e.Delay, 'g', -1, 64), "tls": e.TLS, "id": e.QueueID, "from": e.Sender, "dsn": e.EnhancedCode,
	}
	switch e.Kind {
	case Delivered:
		got["status"] = "sent"
	case Other:
		got["status"] = "undeliverable-but-not-cached"
	default:
		got["status"] = string(e.Kind)
	}
	want["relay"], _, _ = strings.Cut(want["relay"], "[")
	if want["relay"] == "" {
		delete(want, "relay")
	}
	if strings.HasPrefix(want["dsn"], "1.") {
		delete(want, "dsn") // no enhanced code (RFC 3463, section 2)
	}
	for k, v := range want {
		if got[k] != v {
			problems = append(problems, fmt.Sprintf("%s %q, want %q", k, got[k], v))
		}
	}
	return problems
}
