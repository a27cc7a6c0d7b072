// Package bouncesuite reads the conformance data about replies and bounces, which stands
// beside the project and not in it: tests skip if it is absent. The packages that read
// replies and bounces share it.
package bouncesuite

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Dir is the folder of the data, from a package two folders below the project's root.
const Dir = "../../../shared/conformance/bounces"

// Line is a reply with what the corpus's project says of it.
type Line struct {
	Text, From, Rhost, Destination, Reason, Replycode, Status, Receiver string
	Severity                                                            int
}

// Expectation is what a reviewer of the corpus's project says of a recipient.
type Expectation struct {
	Status, Replycode, Reason string
	Hardbounce                bool
}

// Observation is what that project printed for one.
type Observation struct {
	Recipient, Reason, DecodedBy string
	ReplyCode                    string
}

// Case is one mail of the corpus.
type Case struct {
	File, Kind string
	Expect     []Expectation
	Observed   []Observation
	SameAs     string `json:"same_as"`
}

// Replies reads a file of replies.
func Replies(t testing.TB, name string) []Line {
	f, err := os.Open(filepath.Join(Dir, name))
	if err != nil {
		t.Skip("no conformance data beside the project")
	}
	defer f.Close()
	var out []Line
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l Line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// Cases reads the list of mails.
func Cases(t testing.TB) []Case {
	text, err := os.ReadFile(filepath.Join(Dir, "index.json"))
	if err != nil {
		t.Skip("no conformance data beside the project")
	}
	var index struct{ Cases []Case }
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	return index.Cases
}

// reasons is how the reasons of the corpus's project translate. If it has one word
// for several of ours, or lets the SMTP command decide and not the text, there are
// several; the first is the usual one.
var reasons = map[string][]string{
	"authfailure":     {"auth-failure"},
	"badreputation":   {"reputation", "rate-limited"},
	"blocked":         {"ip-listed", "reputation", "ptr-required", "policy", "sender-rejected", "rate-limited", "not-accepting"},
	"contenterror":    {"content", "not-compliant"},
	"delivered":       {"delivered"},
	"exceedlimit":     {"message-too-big", "rate-limited"},
	"expired":         {"expired", "network"},
	"failedstarttls":  {"tls-failure"},
	"feedback":        {"complaint"},
	"filtered":        {"filtered", "user-unknown", "recipient-policy"},
	"hasmoved":        {"mailbox-moved"},
	"hostunknown":     {"domain-unknown"},
	"mailboxfull":     {"mailbox-full"},
	"mailererror":     {"system-error"},
	"mesgtoobig":      {"message-too-big"},
	"networkerror":    {"network", "dns", "loop", "domain-unknown"},
	"norelaying":      {"relay-denied"},
	"notaccept":       {"not-accepting", "null-mx"},
	"notcompliantrfc": {"not-compliant"},
	"onhold":          {"unknown"},
	"policyviolation": {"policy"},
	"rejected":        {"sender-rejected", "recipient-policy"},
	"requireptr":      {"ptr-required"},
	"securityerror":   {"login-required", "login-failure", "policy", "recipient-policy"},
	"spamdetected":    {"spam"},
	"speeding":        {"rate-limited"},
	"suppressed":      {"suppressed"},
	"suspend":         {"mailbox-disabled"},
	"syntaxerror":     {"syntax"},
	"systemerror":     {"system-error"},
	"systemfull":      {"system-full"},
	"toomanyconn":     {"too-many-connections", "rate-limited"},
	"undefined":       {"unknown"},
	"userunknown":     {"user-unknown"},
	"vacation":        {"auto-reply"},
	"virusdetected":   {"virus"},
}

// Right reports whether our reason is one of those that a reason of the corpus's project
// translates to.
func Right(theirs, ours string) bool { return slices.Contains(reasons[theirs], ours) }

// replyDifferences are the replies of which we say something else, by where they are from
// and what they begin with, and why.
var replyDifferences = map[string]string{
	"sisimai/lhost-amavis-03.eml":         "the reply says SPAM; the duplicate header is in the text before it",
	"sisimai/lhost-amazonses-11.eml":      "a part of a JSON object, which package bounce reads whole",
	"sisimai/lhost-exim-30.eml":           "an access table refuses the recipient; whether the mailbox exists is not said",
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

// Different says why we say something else of a reply.
func Different(l *Line) (string, bool) {
	if why, ok := replyDifferences[l.From]; ok {
		return why, true
	}
	for k, why := range replyDifferences {
		if rest, ok := strings.CutPrefix(k, l.Receiver+" "+l.Replycode+" "); ok && strings.Contains(l.Text, rest) {
			return why, true
		}
	}
	return "", false
}

// bounceDifferences are the mails of which we say something else, and why.
var bounceDifferences = map[string]string{
	"arf-01.eml":                  "the address is redacted in every field; nothing is made up in its place",
	"lhost-amavis-03.eml":         "the reply says SPAM; the duplicate header is in the text around it",
	"lhost-apachejames-01.eml":    "the corpus's project cuts the first digit of the address",
	"lhost-exim-30.eml":           "an access table refuses the recipient; whether the mailbox exists is not said",
	"lhost-ezweb-02.eml":          "the server says \"user unknown\", the carrier around it \"disabled\"",
	"lhost-fml-02.eml":            "the list is written <neko-nyaan@example.org>., the address to write to stands alone",
	"lhost-gmail-03.eml":          "\"Header error\" is about the message, not the recipient",
	"lhost-mfilter-04.eml":        "Microsoft's \"Access denied\" is an unknown recipient (DBEB)",
	"lhost-mimecast-01.eml":       "more is read: the corpus's project finds nothing",
	"lhost-mimecast-02.eml":       "more is read: the corpus's project finds nothing",
	"lhost-office365-13.eml":      "more is said: RESOLVER.ADR.RecipientNotFound is an unknown user",
	"lhost-postfix-74.eml":        "TSS04 is about volume and complaints, not the envelope sender",
	"lhost-postfix-79.eml":        "more is read: the corpus's project finds nothing",
	"lhost-postfix-80.eml":        "\"MailFrom domain is listed in Spamhaus\" is no unknown user",
	"lhost-powermta-01.eml":       "the text says \"User Unknown\"; PowerMTA has it as inactive in a field of its own",
	"lhost-sendmail-09.eml":       "\"Header error\" is about the form of the message",
	"lhost-sendmail-13.eml":       "\"maildir over quota\" stands in the transcript: the mailbox is full",
	"lhost-sendmail-21.eml":       "\"Connection refused\" is the network: no receiver has refused the sender",
	"lhost-sendmail-29.eml":       "the text is \"421\" and no more",
	"lhost-trendmicro-03.eml":     "the text does not say why: unknown",
	"lhost-v5sendmail-05.eml":     "one of three: the last command that was answered is QUIT, with 421",
	"lhost-v5sendmail-07.eml":     "the answer to MAIL is 501; 554 is sendmail's own",
	"lhost-x1-04.eml":             "more is read: the corpus's project finds nothing",
	"lhost-x2-07.eml":             "more is read: the corpus's project finds nothing",
	"rfc3464-35.eml":              "\"not a registered gateway user\" may be the sender or the recipient: unknown",
	"rfc3464-38.eml":              "more is read: the corpus's project finds nothing",
	"rhost-cloudflare-01.eml":     "\"Upstream error\" is a fault of a system",
	"rhost-exchangeonline-01.eml": "more is read: the corpus's project finds nothing",
	"rhost-microsoft-06.eml":      "5.7.515 is authentication, which this corpus's project has under security",
}

// DifferentBounce says why we say something else of a mail.
func DifferentBounce(file string) (why string, ok bool) {
	why, ok = bounceDifferences[filepath.Base(file)]
	return why, ok
}
