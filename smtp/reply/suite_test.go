package reply

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const suite = "../../../shared/conformance/bounces"

// mapping is how the reasons of the corpus's project translate. Where it has one word
// for several of ours, or lets the SMTP command decide and not the text, there are
// several; the first is the usual one.
var mapping = map[string][]Reason{
	"authfailure":     {AuthFailure},
	"badreputation":   {Reputation, RateLimited},
	"blocked":         {IPListed, Reputation, PTRRequired, Policy, SenderRejected, RateLimited, NotAccepting},
	"contenterror":    {Content, NotCompliant},
	"delivered":       {Delivered},
	"exceedlimit":     {MessageTooBig, RateLimited},
	"expired":         {Expired, Network},
	"failedstarttls":  {TLSFailure},
	"feedback":        {Complaint},
	"filtered":        {Filtered, UserUnknown, RecipientPolicy},
	"hasmoved":        {MailboxMoved},
	"hostunknown":     {DomainUnknown},
	"mailboxfull":     {MailboxFull},
	"mailererror":     {SystemError},
	"mesgtoobig":      {MessageTooBig},
	"networkerror":    {Network, DNS, Loop, DomainUnknown},
	"norelaying":      {RelayDenied},
	"notaccept":       {NotAccepting, NullMX},
	"notcompliantrfc": {NotCompliant},
	"onhold":          {Unknown},
	"policyviolation": {Policy},
	"rejected":        {SenderRejected, RecipientPolicy},
	"requireptr":      {PTRRequired},
	"securityerror":   {LoginRequired, LoginFailure, Policy, RecipientPolicy},
	"spamdetected":    {Spam},
	"speeding":        {RateLimited},
	"suppressed":      {Suppressed},
	"suspend":         {MailboxDisabled},
	"syntaxerror":     {Syntax},
	"systemerror":     {SystemError},
	"systemfull":      {SystemFull},
	"toomanyconn":     {TooManyConnections, RateLimited},
	"undefined":       {Unknown},
	"userunknown":     {UserUnknown},
	"vacation":        {AutoReply},
	"virusdetected":   {Virus},
}

type line struct {
	Text, From, Rhost, Destination, Reason, Replycode, Status, Receiver string
	Severity                                                            int
}

func read(t testing.TB, name string) []line {
	f, err := os.Open(filepath.Join(suite, name))
	if err != nil {
		t.Skip("no conformance data beside the project")
	}
	defer f.Close()
	var out []line
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// differences are the replies of which we say something else, by where they are from
// and what they begin with, and why.
var differences = map[string]string{
	"sisimai/lhost-amavis-03.eml":         "the reply says SPAM; the duplicate header is in the text before it",
	"sisimai/lhost-amazonses-11.eml":      "a part of a JSON object, which package bounce reads whole",
	"sisimai/lhost-ezweb-02.eml":          "the server says \"user unknown\", the carrier around it \"disabled\"",
	"sisimai/lhost-gmail-03.eml":          "\"Header error\" is about the message, not the recipient",
	"sisimai/lhost-mfilter-04.eml":        "Microsoft's \"Access denied\" is an unknown recipient (DBEB)",
	"sisimai/lhost-postfix-74.eml":        "TSS04 is about volume and complaints, not the envelope sender",
	"sisimai/lhost-powermta-01.eml":       "the text says \"User Unknown\"; PowerMTA has it as inactive in a field of its own",
	"sisimai/lhost-sendmail-09.eml":       "\"Header error\" is about the form of the message",
	"sisimai/lhost-sendmail-21.eml":       "\"Connection refused\" is the network: no receiver has refused the sender",
	"sisimai/lhost-sendmail-29.eml":       "the text is \"421\" and no more",
	"sisimai/lhost-trendmicro-03.eml":     "the text does not say why: unknown",
	"sisimai/lhost-v5sendmail-07.eml":     "the answer to MAIL is 501; 554 is sendmail's own",
	"sisimai/rfc3464-35.eml":              "\"not a registered gateway user\" may be the sender or the recipient: unknown",
	"google 553 The sender address":       "an invalid sender address is about the sender",
	"google 552 This message was blocked": "\"its content presents a potential security issue\" is about content",
	"google 553 We weren\"t able to find": "the recipient's domain was not found, not the user",
	"yahooinc 421 [TSS04]":                "TSS04 is about volume and complaints, not the envelope sender",
}

func different(l *line) (string, bool) {
	if why, ok := differences[l.From]; ok {
		return why, true
	}
	for k, why := range differences {
		if rest, ok := strings.CutPrefix(k, l.Receiver+" "+l.Replycode+" "); ok && strings.Contains(l.Text, rest) {
			return why, true
		}
	}
	return "", false
}

// TestSuiteReplies explains the replies of real bounces.
func TestSuiteReplies(t *testing.T) {
	k := Default()
	lines := read(t, "replies.ndjson")
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
		why, known := different(l)
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
		if slices.Contains(mapping[l.Reason], e.Reason) {
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
	lines := read(t, "field-manual-replies.ndjson")
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
