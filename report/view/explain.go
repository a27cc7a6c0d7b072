package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/receiver"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
)

// Bounds of what a screen of causes shows.
const (
	maxCauses     = 40
	maxRecipients = 3
	maxSaidLines  = 24
	// saidWidth is what a line of a text as it was said is wrapped at.
	saidWidth = 74
)

// cause is what several recipients have in common.
type cause struct {
	in    *explain.Input
	items []*explain.Item
	// of are the inputs that the items are from.
	of []*explain.Input
}

// ExplainDoc is what was explained: a screen a cause, then the text as it was said.
func ExplainDoc(r *explain.Report) *Doc {
	d := &Doc{Name: "mailworthy explain"}
	causes, notes, codes := causesOf(r)
	recipients := 0
	for _, c := range causes {
		recipients += len(c.items)
	}
	if len(r.Inputs)+r.OthersLeftOut > 1 || recipients > 1 {
		d.Add(Title{Text: T(fmt.Sprintf("%s, %s", show.Counted(recipients, "recipient"), show.Counted(len(causes), "cause"))),
			Lines: []Text{T("from " + show.Counted(len(r.Inputs)+r.OthersLeftOut, "input") + countKinds(r))}})
	}
	for _, c := range codes {
		d.Add(codeBlocks(c)...)
	}
	if len(d.Blocks) == 0 && len(causes) == 1 {
		one := causes[0].section()
		d.Add(Title{Text: T(one.Title), Status: one.Status})
		d.Add(one.Blocks...)
		causes = nil
	}
	for i, c := range causes {
		if i == maxCauses {
			d.Add(Aside(fmt.Sprintf("%s are left out here; --format json has all.", show.Counted(len(causes)-i, "more cause"))))
			break
		}
		d.Add(c.section())
	}
	for _, n := range notes {
		d.Add(n)
	}
	return d
}

// countKinds says what the inputs are, if they are of several kinds.
func countKinds(r *explain.Report) string {
	names := map[bounce.Kind]string{bounce.KindReply: "reply", bounce.KindText: "text", bounce.KindLog: "log", bounce.KindBounce: "bounce",
		bounce.KindComplaint: "complaint", bounce.KindAutoReply: "automatic answer", bounce.KindNotBounce: "other mail"}
	n := map[bounce.Kind]int{}
	var order []bounce.Kind
	for i := range r.Inputs {
		k := r.Inputs[i].Kind
		if n[k]++; n[k] == 1 {
			order = append(order, k)
		}
	}
	n[bounce.KindNotBounce] += r.OthersLeftOut
	var out []string
	for _, k := range order {
		name := show.Counted(n[k], names[k])
		if k == bounce.KindReply && n[k] > 1 {
			name = fmt.Sprintf("%d replies", n[k])
		}
		out = append(out, name)
	}
	return ": " + strings.Join(out, ", ")
}

// causesOf gathers the items with the same cause, the most frequent first.
func causesOf(r *explain.Report) (causes []*cause, notes []Block, codes []*explain.Input) {
	at := map[string]*cause{}
	said := map[string]int{}
	for i := range r.Inputs {
		in := &r.Inputs[i]
		for _, n := range in.Notes {
			if said[n]++; said[n] == 1 && len(notes) < maxCauses {
				severity := finding.Notice
				if in.Kind == bounce.KindNotBounce {
					severity = finding.Warning
				}
				notes = append(notes, Note{severity, T(in.Name + ": " + n)})
			}
		}
		if in.Code != nil {
			codes = append(codes, in)
			continue
		}
		for j := range in.Items {
			item := &in.Items[j]
			e := &item.Explanation
			key := fmt.Sprint(in.Kind, "\x00", item.Reason, "\x00", item.SaidBy, "\x00", e.Receiver, "\x00", e.Code, e.Enhanced, "\x00", permanent(item), "\x00",
				deref(item.Action), "\x00", item.Meaning, "\x00", item.Proof.Outcome, item.Proof.Why)
			c := at[key]
			if c == nil {
				c = &cause{in: in}
				at[key] = c
				causes = append(causes, c)
			}
			c.items = append(c.items, item)
			c.of = append(c.of, in)
		}
	}
	slices.SortStableFunc(causes, func(a, b *cause) int {
		// What went well comes last.
		good := func(c *cause) int {
			if c.items[0].Reason == reply.Delivered {
				return 1
			}
			return 0
		}
		if d := good(a) - good(b); d != 0 {
			return d
		}
		return len(b.items) - len(a.items)
	})
	return causes, notes, codes
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func permanent(i *explain.Item) string {
	switch {
	case i.Permanent == nil:
		return ""
	case *i.Permanent:
		return "yes"
	}
	return "no"
}

// section is the screen of a cause.
func (c *cause) section() Section {
	item := c.items[0]
	s := Section{Title: itemTitle(item), Status: c.status(), Loose: true}
	facts := Facts{[]Fact{
		{"Recipient", T(c.recipients())},
		{"Said by", T(saidBy(item))},
		{"Why", T(item.Meaning)},
		{"Who acts", T(whoActs(item.Who))},
		{"Wait", T(wait(item))},
	}}
	if c.in.Kind == bounce.KindComplaint {
		facts.Facts[1] = Fact{"Said by", T("the recipient")}
		if cp := c.in.Complaint; cp != nil {
			facts.Facts = append(facts.Facts, Fact{"Type", T(deref(cp.Type))}, Fact{"Failed", T(deref(cp.AuthFailure))})
		}
	}
	if o := c.in.Original; o != nil && len(c.items) == 1 {
		facts.Facts = append(facts.Facts, Fact{"Message", T(message(o))})
	}
	s.Blocks = append(s.Blocks, facts, Items{itemsOf(item.Next)})
	s.Blocks = append(s.Blocks, proofBlocks(&item.Proof)...)
	if item.Reference != nil && strings.HasPrefix(*item.Reference, "http") {
		s.Blocks = append(s.Blocks, Aside("See "+*item.Reference))
	}
	if item.Text != "" {
		name := c.of[0].Name
		if name == "text" || name == "-" {
			name = ""
		}
		s.Blocks = append(s.Blocks, Pre{Caption: "As it was said" + show.OrEmpty(" in ", name), Lines: saidLines(item.Text)})
	}
	if cmd := item.Proof.Command; cmd != nil {
		does := "repeats the proof"
		if item.Proof.Outcome == proof.NotRun {
			does = "is the proof"
		}
		var steps []Step
		for one := range strings.SplitSeq(*cmd, " ; ") {
			steps = append(steps, Step{one, does})
		}
		s.Blocks = append(s.Blocks, Next{steps})
	}
	return s
}

// status is what became of the message, in the colour of it.
func (c *cause) status() Text {
	item := c.items[0]
	action := bounce.Action(deref(item.Action))
	switch {
	case action == bounce.Failed && item.Permanent != nil && !*item.Permanent:
		return Marked(finding.Error, "failed; it can heal")
	case action == bounce.Failed:
		return Marked(finding.Error, "failed for good")
	case action == bounce.Delayed:
		return Marked(finding.Warning, "delayed: it is tried again")
	case action == bounce.Relayed, action == bounce.Expanded:
		return Marked(finding.Pass, "sent on")
	case action == bounce.Delivered:
		return Marked(finding.Pass, "delivered")
	case item.Permanent != nil && *item.Permanent:
		return Marked(finding.Error, "final")
	case item.Permanent != nil:
		return Marked(finding.Warning, "temporary")
	}
	return nil
}

// recipients are the first few of a cause.
func (c *cause) recipients() string {
	var out []string
	for _, i := range c.items {
		if a := deref(i.Recipient); a != "" && !slices.Contains(out, a) {
			out = append(out, show.Cut(a, 120))
		}
	}
	if len(out) == 0 && len(c.items) > 1 {
		return show.Counted(len(c.items), "reply")
	}
	return show.Listed(out, maxRecipients)
}

// saidBy says who speaks, with what code and when.
func saidBy(i *explain.Item) string {
	e := &i.Explanation
	host, name := show.Cut(deref(i.RemoteHost), 120), receiver.MailboxName(e.Receiver)
	who := "not shown by the text"
	switch i.SaidBy {
	case reply.Remote:
		who = "the receiver's server"
		if e.Reason == reply.LoginFailure || e.Reason == reply.LoginRequired || i.Submission {
			who = "the server that takes your mail and sends it on"
		}
		if name != "" {
			who = name
		}
		if host != "" {
			who += " (" + host + ")"
		}
	case reply.Local:
		who = "your own server, not the receiver"
		if host != "" {
			who += " (it was about " + host + ")"
		}
	default:
		if name != "" {
			who += "; it looks like " + name
		}
	}
	code := strings.TrimSpace(strings.TrimPrefix(fmt.Sprintf("%d %s", e.Code, e.Enhanced), "0 "))
	if code == "0" {
		code = ""
	}
	return who + show.OrEmpty(", ", strings.TrimSpace(code)) + show.OrEmpty(", ", stageText(e.Stage))
}

func stageText(s reply.Stage) string {
	switch s {
	case reply.StageConnect:
		return "when connecting"
	case reply.StageBanner:
		return "at the greeting"
	case reply.StageEHLO:
		return "in answer to EHLO"
	case reply.StageSTARTTLS:
		return "at STARTTLS"
	case reply.StageAuth:
		return "at the login"
	case reply.StageMail:
		return "in answer to MAIL FROM"
	case reply.StageRcpt:
		return "in answer to RCPT TO"
	case reply.StageData:
		return "in answer to DATA"
	case reply.StageEndOfData:
		return "after the message"
	case reply.StageQuit:
		return "in answer to QUIT"
	}
	return ""
}

func whoActs(w reply.Who) string {
	switch w {
	case reply.WhoSender:
		return "you, as the sender"
	case reply.WhoRecipient:
		return "the recipient, or who runs the recipient's server"
	case reply.WhoListOwner:
		return "whoever keeps the list of addresses"
	case reply.WhoOwnServer:
		return "who runs your own mail server"
	case reply.WhoNetwork:
		return "who runs the network of your mail server"
	case reply.WhoProvider:
		return "your sending service"
	}
	return ""
}

func wait(i *explain.Item) string {
	if i.RetryAfterS == nil {
		return ""
	}
	return (time.Duration(*i.RetryAfterS) * time.Second).String() + ", says the text"
}

// message names the returned message.
func message(o *explain.Original) string {
	out := show.Cut(deref(o.Subject), 80)
	if from := deref(o.From); from != "" {
		out = strings.TrimSpace(out + " from " + show.Cut(from, 120))
	}
	return out
}

func itemsOf(steps []string) []Item {
	out := make([]Item, len(steps))
	for i, s := range steps {
		out[i] = Item{Text: T(s)}
	}
	return out
}

// proofBlocks say what the DNS shows.
func proofBlocks(p *explain.Proof) []Block {
	switch p.Outcome {
	case proof.Proved:
		out := []Block{Note{finding.Error, Joined(StrongText("Proved. "), T(p.Why))}}
		if len(p.Findings) > 0 {
			out = append(out, Findings{List: p.Findings})
		}
		return out
	case proof.RuledOut:
		out := []Block{Note{finding.Pass, Joined(StrongText("Ruled out. "), T(p.Why))}}
		var seen []string
		for i := range p.Seen {
			seen = append(seen, EvidenceLines(finding.Finding{Evidence: p.Seen[i : i+1]})...)
		}
		if len(seen) > 0 {
			at := ""
			if p.At != nil {
				at = " at " + p.At.UTC().Format("2006-01-02 15:04:05 UTC")
			}
			out = append(out, Pre{Caption: "What the DNS says" + at, Lines: wrapped(seen)})
		}
		return out
	case proof.Unknown:
		out := []Block{Note{finding.Unknown, Joined(StrongText("Not known. "), T(p.Why))}}
		if len(p.Findings) > 0 {
			out = append(out, Findings{List: p.Findings})
		}
		return out
	}
	if len(p.Checks) == 0 {
		return nil // the DNS cannot show it
	}
	return []Block{Aside("The DNS was not asked for the cause.")}
}

// saidLines are the lines of a text, wrapped.
func saidLines(text string) []string {
	return wrapped(strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"))
}

func wrapped(lines []string) []string {
	var out []string
	for _, l := range lines {
		if show.Width(l) <= saidWidth {
			out = append(out, strings.TrimRight(l, " \t"))
		} else {
			out = append(out, show.Wrap(l, saidWidth)...)
		}
	}
	if len(out) > maxSaidLines {
		out = append(out[:maxSaidLines], "…")
	}
	return out
}

// codeBlocks explain a code that stands alone.
func codeBlocks(in *explain.Input) []Block {
	c, item := in.Code, &in.Items[0]
	name := strings.TrimSpace(c.Asked)
	s := Section{Title: name, Lines: []Text{T(c.Class)}, Loose: true}
	var facts []Fact
	for _, code := range c.Codes {
		facts = append(facts, Fact{code.Code, Joined(T(code.Title+". "+code.Meaning+" "), SoftText(code.Reference))})
	}
	facts = append(facts, Fact{"Reason", T(itemTitle(item))}, Fact{"Who acts", T(whoActs(item.Who))})
	s.Blocks = append(s.Blocks, Facts{facts}, Items{itemsOf(item.Next)})
	if len(c.Receivers) > 0 {
		t := Table{Header: []string{"Receiver", "means by it"}}
		for _, r := range c.Receivers {
			var names []string
			for _, id := range r.Receivers {
				names = append(names, receiver.MailboxName(id))
			}
			t.Rows = append(t.Rows, Texts(cmp.Or(show.Listed(names, 2), "any"), r.Meaning))
		}
		s.Blocks = append(s.Blocks, t)
	}
	if item.Proof.At != nil {
		s.Blocks = append(s.Blocks, proofBlocks(&item.Proof)...)
	}
	return []Block{s}
}

// itemTitle is the reason of an item in a few words; a reply of success that is about
// no message has none.
func itemTitle(item *explain.Item) string {
	if c := item.ReplyCode; c != nil && *c < 400 && item.Reason == reply.Unknown {
		return "No failure: the session goes on, or ends as it should"
	}
	return CauseTitle(item.Reason)
}

// CauseTitle is a reason in a few words.
func CauseTitle(r reply.Reason) string {
	if t := map[reply.Reason]string{
		reply.AuthFailure: "SPF, DKIM or DMARC did not pass", reply.PTRRequired: "The sending address has no proper PTR record",
		reply.IPListed: "The sender is on a block list", reply.Reputation: "The sender has a bad reputation",
		reply.SenderRejected: "The sender address is refused", reply.DomainUnknown: "The recipient's domain does not exist",
		reply.NullMX: "The recipient's domain takes no mail", reply.NotAccepting: "The recipient's server takes no mail",
		reply.Network: "The recipient's server was not reached", reply.DNS: "The DNS did not answer", reply.Expired: "Tried for days and given up",
		reply.TLSFailure: "The encryption failed", reply.LoginFailure: "The login failed", reply.LoginRequired: "A login is required",
		reply.RelayDenied: "The server does not take mail for this domain", reply.TooManyConnections: "Too many connections",
		reply.RateLimited: "Too much mail in too short a time", reply.Greylisted: "Greylisted: put off for a while",
		reply.UserUnknown: "The mailbox does not exist", reply.MailboxDisabled: "The mailbox is disabled", reply.MailboxMoved: "The recipient has moved",
		reply.MailboxFull: "The mailbox is full", reply.Filtered: "A filter of the recipient refused it",
		reply.RecipientPolicy: "The recipient does not take mail of this sender", reply.Spam: "Judged to be spam", reply.Content: "Something in the message is refused",
		reply.Virus: "A virus, or an attachment like one", reply.Policy: "A rule of the receiver forbids it", reply.NotCompliant: "The message breaks a standard",
		reply.MessageTooBig: "The message is too big", reply.SystemFull: "The recipient's server is full", reply.SystemError: "The server has a fault",
		reply.Syntax: "A command was not understood", reply.Loop: "The mail goes in circles", reply.Suppressed: "The sending service did not try",
		reply.Complaint: "The recipient complained", reply.AutoReply: "An automatic answer", reply.Delivered: "Delivered",
	}[r]; t != "" {
		return t
	}
	return "The text does not say why"
}
