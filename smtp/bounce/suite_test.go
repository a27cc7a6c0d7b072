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

func TestSuiteBounces(t *testing.T) {
	k := reply.Default()
	all := cases(t)
	byFile := map[string]kase{}
	for _, c := range all {
		byFile[c.File] = c
	}
	n := struct{ recipients, count, reasons, codes, codesAll, statuses, statusesAll, addresses, addressesAll, observed, observedAll int }{}
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
		var got []Recipient
		var kind Kind
		for _, m := range Split(data) {
			p := Parse(m, k)
			got, kind = append(got, p.Recipients...), p.Kind
		}
		if len(got) != len(want) {
			t.Logf("COUNT %s: %d recipients for %d (%s)", c.File, len(got), len(want), kind)
			for _, r := range got[:min(5, len(got))] {
				t.Logf("   %s", r.Address)
			}
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
					t.Logf("ADDRESS %s: %s for %s", c.File, g.Address, c.Observed[i].Recipient)
				}
			}
			right := slices.Contains(mapping[w.Reason], e.Reason)
			if !reviewed {
				if right {
					n.observed++
				} else {
					t.Logf("OBSERVED %s: %s (%s %q) for %s: %.200s", c.File, e.Reason, e.Evidence, e.Marker, w.Reason, g.Text)
				}
				continue
			}
			if right {
				n.reasons++
			} else {
				t.Logf("REASON %s: %s (%s %q) for %s [%s %s]: %.250s", c.File, e.Reason, e.Evidence, e.Marker, w.Reason, w.Replycode, w.Status, g.Text)
			}
			if w.Replycode != "" {
				n.codesAll++
				if g.Code() == w.Replycode {
					n.codes++
				} else {
					t.Logf("CODE %s: %q for %s: %.250q", c.File, g.Code(), w.Replycode, g.Text)
				}
			}
			if w.Status != "" && strings.Contains(string(data), w.Status) {
				n.statusesAll++
				if e.Enhanced == w.Status {
					n.statuses++
				} else {
					t.Logf("STATUS %s: %q for %s: %.250q", c.File, e.Enhanced, w.Status, g.Text)
				}
			}
		}
	}
	t.Logf("bounces: reasons %d of %d, reply codes %d of %d, status %d of %d, recipients %d of %d; observed only: reasons %d of %d",
		n.reasons, n.recipients, n.codes, n.codesAll, n.statuses, n.statusesAll, n.addresses, n.addressesAll, n.observed, n.observedAll)
}
