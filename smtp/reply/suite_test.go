package reply

import (
	"strconv"
	"strings"
	"testing"

	"mailworthy/internal/bouncesuite"
)

// TestSuiteReplies explains the replies of real bounces.
func TestSuiteReplies(t *testing.T) {
	k := Default()
	lines := bouncesuite.Replies(t, "replies.ndjson")
	right, codes, codesAll, statuses, statusesAll := 0, 0, 0, 0, 0
	for i := range lines {
		l := &lines[i]
		c := Context{RemoteHost: l.Rhost, Recipient: "x@" + l.Destination}
		if l.Destination == "" {
			c.Recipient = ""
		}
		if l.Rhost == "localhost" {
			c.RemoteHost = ""
		}
		c.Code, _ = strconv.Atoi(l.Replycode)
		if !strings.Contains(l.Status, ".0.9") {
			c.Enhanced = l.Status
		}
		why, known := bouncesuite.Different(l)
		if r := Parse(l.Text); l.Replycode != "" && strings.Contains(l.Text, l.Replycode) {
			codesAll++
			if strconv.Itoa(r.Code) == l.Replycode {
				codes++
			} else if !known {
				t.Errorf("code %d, want %s: %.200s", r.Code, l.Replycode, l.Text)
			}
			if l.Status != "" && strings.Contains(l.Text, l.Status) {
				statusesAll++
				if r.Enhanced == l.Status {
					statuses++
				} else if !known {
					t.Errorf("enhanced code %s, want %s: %.200s", r.Enhanced, l.Status, l.Text)
				}
			}
		}
		e := k.Explain(l.Text, c)
		if bouncesuite.Right(l.Reason, string(e.Reason)) {
			right++
			continue
		}
		if known {
			t.Logf("difference: %s for %s: %s: %.60s", e.Reason, l.Reason, why, l.Text)
			continue
		}
		t.Errorf("%s (%s %q), want %s: [%s %s] %s %.300s", e.Reason, e.Evidence, e.Marker, l.Reason, l.Replycode, l.Status, l.From, l.Text)
	}
	t.Logf("replies.ndjson: reasons %d of %d, codes %d of %d, enhanced codes %d of %d", right, len(lines), codes, codesAll, statuses, statusesAll)
	if right*100 < len(lines)*95 || codes*100 < codesAll*95 || statuses*100 < statusesAll*95 {
		t.Error("under 95 %")
	}
}

// TestSuiteFieldManual explains the replies of the field manual: each has its codes,
// and a reason but for those in which no word says one.
func TestSuiteFieldManual(t *testing.T) {
	k := Default()
	lines := bouncesuite.Replies(t, "field-manual-replies.ndjson")
	codes, codesAll, named, receivers, receiversAll := 0, 0, 0, 0, 0
	alias := map[string]string{"google": "google", "outlook": "microsoft", "exchangeonline": "microsoft", "yahoo": "yahoo-group", "att": "yahoo-group",
		"webde": "united-internet", "gmx": "united-internet", "orange": "france", "emailsecuritycloud": "broadcom", "mailru": "mailru"}
	for _, l := range lines {
		e := k.Explain(l.Text, Context{})
		if strings.Contains(l.Text, l.Replycode) {
			codesAll++
			if strconv.Itoa(e.Code) == l.Replycode {
				codes++
			} else {
				t.Errorf("code %d, want %s: %s", e.Code, l.Replycode, l.Text)
			}
		}
		if e.Reason == Unknown {
			t.Errorf("unknown: %s", l.Text)
		} else {
			named++
		}
		if want := alias[l.Receiver]; e.Receiver != "" {
			receiversAll++
			if want == "" {
				want = l.Receiver
			}
			if family(e.Receiver) == want {
				receivers++
			} else {
				t.Logf("receiver %s, the manual has %s: %.100s", e.Receiver, l.Receiver, l.Text)
			}
		}
	}
	t.Logf("field manual: codes %d of %d, a reason for %d of %d, receivers %d of %d that a text shows", codes, codesAll, named, len(lines), receivers, receiversAll)
	if codes*100 < codesAll*95 || named*100 < len(lines)*95 || receivers*100 < receiversAll*95 {
		t.Error("under 95 %")
	}
}
