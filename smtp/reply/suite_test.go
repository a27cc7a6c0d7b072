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

// TestSuiteReplies explains the replies of real bounces.
func TestSuiteReplies(t *testing.T) {
	k := Default()
	lines := read(t, "replies.ndjson")
	right, codes, codesAll, statuses, statusesAll := 0, 0, 0, 0, 0
	for _, l := range lines {
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
		if r := Parse(l.Text); l.Replycode != "" && strings.Contains(l.Text, l.Replycode) {
			codesAll++
			if strconv.Itoa(r.Code) == l.Replycode {
				codes++
			} else {
				t.Logf("CODE %d for %s: %.200s", r.Code, l.Replycode, l.Text)
			}
			if l.Status != "" && strings.Contains(l.Text, l.Status) {
				statusesAll++
				if r.Enhanced == l.Status {
					statuses++
				} else {
					t.Logf("STATUS %s for %s: %.200s", r.Enhanced, l.Status, l.Text)
				}
			}
		}
		e := k.Explain(l.Text, c)
		if slices.Contains(mapping[l.Reason], e.Reason) {
			right++
			continue
		}
		t.Logf("REASON %s (%s %q) for %s: [%s %s] %.300s", e.Reason, e.Evidence, e.Marker, l.Reason, l.Replycode, l.Status, l.Text)
	}
	t.Logf("replies.ndjson: reasons %d of %d, codes %d of %d, enhanced codes %d of %d", right, len(lines), codes, codesAll, statuses, statusesAll)
}

// TestSuiteFieldManual explains the replies of the field manual.
func TestSuiteFieldManual(t *testing.T) {
	k := Default()
	lines := read(t, "field-manual-replies.ndjson")
	for _, l := range lines {
		e := k.Explain(l.Text, Context{})
		t.Logf("%s %s %s -> %d %s %s %s %s | %s | %.150s", l.Receiver, l.Replycode, l.Status, e.Code, e.Enhanced, e.Receiver, e.Reason, e.Evidence, e.Marker, l.Text)
	}
}
