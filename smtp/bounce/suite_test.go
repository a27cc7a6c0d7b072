package bounce

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailworthy/smtp/reply"
)

const suite = "../../../shared/conformance/bounces"

type expectation struct {
	Status, Replycode, Reason string
	Hardbounce                bool
}

type observation struct {
	Recipient, Reason, DecodedBy string
	ReplyCode                    string
}

type kase struct {
	File, Kind string
	Expect     []expectation
	Observed   []observation
	SameAs     string `json:"same_as"`
}

func cases(t testing.TB) []kase {
	text, err := os.ReadFile(filepath.Join(suite, "index.json"))
	if err != nil {
		t.Skip("no conformance data beside the project")
	}
	var index struct{ Cases []kase }
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	return index.Cases
}

// mapping is how the reasons of the corpus's project translate; see the same table of
// package reply.
var mapping = map[string][]reply.Reason{
	"authfailure":     {reply.AuthFailure},
	"badreputation":   {reply.Reputation, reply.RateLimited},
	"blocked":         {reply.IPListed, reply.Reputation, reply.PTRRequired, reply.Policy, reply.SenderRejected, reply.RateLimited, reply.NotAccepting},
	"contenterror":    {reply.Content, reply.NotCompliant},
	"delivered":       {reply.Delivered},
	"exceedlimit":     {reply.MessageTooBig, reply.RateLimited},
	"expired":         {reply.Expired, reply.Network},
	"failedstarttls":  {reply.TLSFailure},
	"feedback":        {reply.Complaint},
	"filtered":        {reply.Filtered, reply.UserUnknown, reply.RecipientPolicy},
	"hasmoved":        {reply.MailboxMoved},
	"hostunknown":     {reply.DomainUnknown},
	"mailboxfull":     {reply.MailboxFull},
	"mailererror":     {reply.SystemError},
	"mesgtoobig":      {reply.MessageTooBig},
	"networkerror":    {reply.Network, reply.DNS, reply.Loop, reply.DomainUnknown},
	"norelaying":      {reply.RelayDenied},
	"notaccept":       {reply.NotAccepting, reply.NullMX},
	"notcompliantrfc": {reply.NotCompliant},
	"onhold":          {reply.Unknown},
	"policyviolation": {reply.Policy},
	"rejected":        {reply.SenderRejected, reply.RecipientPolicy},
	"requireptr":      {reply.PTRRequired},
	"securityerror":   {reply.LoginRequired, reply.LoginFailure, reply.Policy, reply.RecipientPolicy},
	"spamdetected":    {reply.Spam},
	"speeding":        {reply.RateLimited},
	"suppressed":      {reply.Suppressed},
	"suspend":         {reply.MailboxDisabled},
	"syntaxerror":     {reply.Syntax},
	"systemerror":     {reply.SystemError},
	"systemfull":      {reply.SystemFull},
	"toomanyconn":     {reply.TooManyConnections, reply.RateLimited},
	"undefined":       {reply.Unknown},
	"userunknown":     {reply.UserUnknown},
	"vacation":        {reply.AutoReply},
	"virusdetected":   {reply.Virus},
}

// differences are the recipients of which we say something else, and why.
var differences = map[string]string{
	"arf-01.eml":                  "the address is redacted in every field; nothing is made up in its place",
	"lhost-amavis-03.eml":         "the reply says SPAM; the duplicate header is in the text around it",
	"lhost-apachejames-01.eml":    "the corpus's project cuts the first digit of the address",
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

func TestSuiteBounces(t *testing.T) {
	k := reply.Default()
	all := cases(t)
	byFile := map[string]kase{}
	for _, c := range all {
		byFile[c.File] = c
	}
	n := struct{ recipients, reasons, codes, codesAll, statuses, statusesAll, addresses, addressesAll, observed, observedAll int }{}
	for _, c := range all {
		data, err := os.ReadFile(filepath.Join(suite, c.File))
		if err != nil {
			t.Fatal(err)
		}
		want := c.Expect
		if c.SameAs != "" {
			want = byFile[c.SameAs].Expect
		}
		reviewed := want != nil
		if want == nil {
			for _, o := range c.Observed {
				want = append(want, expectation{Reason: o.Reason})
			}
		}
		say := t.Errorf
		if why, ok := differences[filepath.Base(c.File)]; ok {
			say = func(format string, args ...any) { t.Logf("difference: %s: "+format, append([]any{why}, args...)...) }
		}
		var got []Recipient
		var kind Kind
		for _, m := range Split(data) {
			p := Parse(m, k)
			got, kind = append(got, p.Recipients...), p.Kind
		}
		if len(got) != len(want) {
			say("%s: %d recipients, want %d (%s)", c.File, len(got), len(want), kind)
		}
		for i, w := range want {
			if reviewed {
				n.recipients++
			} else {
				n.observedAll++
			}
			if i >= len(got) {
				continue
			}
			g := got[i]
			e := g.Explanation
			if i < len(c.Observed) && strings.Contains(c.Observed[i].Recipient, "@") && !strings.Contains(c.Observed[i].Recipient, ".invalid") {
				n.addressesAll++
				if strings.EqualFold(g.Address, c.Observed[i].Recipient) {
					n.addresses++
				} else {
					say("%s: %s for %s", c.File, g.Address, c.Observed[i].Recipient)
				}
			}
			right := slices.Contains(mapping[w.Reason], e.Reason)
			if !reviewed {
				if right {
					n.observed++
				} else {
					say("%s: %s (%s %q) for %s: %.200q", c.File, e.Reason, e.Evidence, e.Marker, w.Reason, g.Text)
				}
				continue
			}
			if right {
				n.reasons++
			} else {
				say("%s: %s (%s %q) for %s [%s %s]: %.250q", c.File, e.Reason, e.Evidence, e.Marker, w.Reason, w.Replycode, w.Status, g.Text)
			}
			if w.Replycode != "" {
				n.codesAll++
				if g.Code() == w.Replycode {
					n.codes++
				} else {
					say("%s: %q for %s: %.250q", c.File, g.Code(), w.Replycode, g.Text)
				}
			}
			if w.Status != "" && strings.Contains(string(data), w.Status) {
				n.statusesAll++
				if e.Enhanced == w.Status {
					n.statuses++
				} else {
					say("%s: %q for %s: %.250q", c.File, e.Enhanced, w.Status, g.Text)
				}
			}
		}
	}
	t.Logf("bounces: reasons %d of %d, reply codes %d of %d, status %d of %d, recipients %d of %d; observed only: reasons %d of %d",
		n.reasons, n.recipients, n.codes, n.codesAll, n.statuses, n.statusesAll, n.addresses, n.addressesAll, n.observed, n.observedAll)
	for _, share := range [][2]int{{n.reasons, n.recipients}, {n.codes, n.codesAll}, {n.statuses, n.statusesAll}, {n.addresses, n.addressesAll}} {
		if share[0]*100 < share[1]*95 {
			t.Errorf("%d of %d is under 95 %%", share[0], share[1])
		}
	}
}
