package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/smtp/bounce"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
)

// mail explains one raw message.
func (x *Explainer) mail(name string, data []byte) Input {
	m := bounce.Parse(data, x.knowledge())
	in := Input{Name: name, Kind: m.Kind, Items: []Item{}, Notes: []string{}, ReportingMTA: text(m.ReportingMTA)}
	if m.Original.Found {
		in.Original = original(&m.Original)
	}
	for _, l := range m.Limits {
		in.Notes = append(in.Notes, "Not all was read: "+l+".")
	}
	switch m.Kind {
	case bounce.KindNotBounce:
		in.Notes = append(in.Notes, "This mail is neither a bounce nor a complaint nor an automatic answer.")
	case bounce.KindBounce:
		x.origin(&in, m)
	}
	if c := m.Complaint; c != nil {
		in.Complaint = &Complaint{Type: text(c.Type), SourceIP: text(c.SourceIP), AuthFailure: text(c.AuthFailure), UserAgent: text(c.UserAgent)}
	}
	forged := in.Origin != nil && in.Origin.Verdict == bounce.Backscatter
	for i := range m.Recipients {
		r := &m.Recipients[i]
		e := &r.Explanation
		item := newItem(e)
		item.Recipient = text(r.Address)
		item.Action = text(string(r.Action))
		if m.Kind == bounce.KindComplaint || m.Kind == bounce.KindAutoReply {
			item.Action = nil
		}
		item.RemoteHost = text(cmp.Or(r.RemoteHost, e.RemoteHost))
		item.Text = cutText(r.Text)
		if forged {
			// What the receiver refused is the forger's to mend.
			item.Who, item.Next = reply.WhoUnknown, []string{"Nothing: this is backscatter, a bounce of a message that your domain did not send."}
		}
		x.fill(&item, e, m, forged)
		in.Items = append(in.Items, item)
	}
	return in
}

// original is the returned message as the contract has it.
func original(o *bounce.Original) *Original {
	out := &Original{MessageID: text(o.MessageID), From: text(o.From), EnvelopeFrom: text(o.EnvelopeFrom),
		Subject: text(o.Subject), Date: text(o.Date), DKIM: []Signature{}}
	for _, s := range o.DKIM {
		out.DKIM = append(out.DKIM, Signature{s.Domain, text(s.Selector)})
	}
	return out
}

// origin says whether the returned message was sent by the user's domain: the stated
// one, else the one that the bounce came to, of which only another domain's signature
// says that it did not send.
func (x *Explainer) origin(in *Input, m *bounce.Message) {
	domain, stated := x.Stated.Domain, true
	if domain == "" {
		stated = false
		if i := strings.LastIndexByte(m.To, '@'); i >= 0 {
			domain = parseDomain(strings.Trim(m.To[i+1:], "<>\"' "))
		}
	}
	if domain == "" {
		return
	}
	returned := m.Original
	if returned.EnvelopeFrom == "" {
		returned.EnvelopeFrom = m.To // a bounce goes to the envelope sender (RFC 5321, 4.5.5)
	}
	verdict, why := returned.SentBy(domain)
	switch {
	case stated:
		in.Origin = &Origin{verdict, why}
	case verdict == bounce.Backscatter && len(m.Original.DKIM) > 0:
		in.Origin = &Origin{verdict, why}
	}
	if in.Origin != nil && verdict == bounce.Backscatter {
		note := fmt.Sprintf("This is backscatter: a bounce of a message that %s did not send, somebody forged its sender. %s Nothing of yours failed. "+
			"A DMARC policy of quarantine or reject lets receivers refuse such messages at once.", domain, why)
		if !stated {
			note = "This looks like backscatter" + strings.TrimPrefix(note, "This is backscatter") + " (--domain states your domain.)"
		}
		in.Notes = append(in.Notes, note)
	}
}

// newItem is what an explanation says by itself.
func newItem(e *reply.Explanation) Item {
	item := Item{SaidBy: e.Speaker, Receiver: text(e.Receiver), RemoteHost: text(e.RemoteHost), EnhancedCode: text(e.Enhanced),
		Stage: text(string(e.Stage)), Reason: e.Reason, Permanent: e.Permanent, Who: e.Who, Meaning: e.Meaning, Next: slices.Clone(e.Next),
		Reference: text(e.Reference), Explanation: *e}
	if e.Code != 0 {
		code := e.Code
		item.ReplyCode = &code
	}
	if e.RetryAfter > 0 {
		s := int64(e.RetryAfter.Seconds())
		item.RetryAfterS = &s
	}
	if item.SaidBy == "" {
		item.SaidBy = reply.SpeakerUnknown
	}
	if item.Who == "" {
		item.Who = reply.WhoUnknown
	}
	if item.Next == nil {
		item.Next = []string{}
	}
	return item
}

// fill sets the identities of an item and the request of its proof. m is the mail that
// the item is from, nil for a text.
func (x *Explainer) fill(item *Item, e *reply.Explanation, m *bounce.Message, forged bool) {
	s, d := &x.Stated, &e.Identities
	id := proof.Identities{ClientIP: s.IP, IPStated: s.IP.IsValid(), HELO: s.HELO, Author: parseDomain(d.AuthorDomain), Envelope: s.MailFrom,
		Recipient: parseDomain(d.RecipientDomain), RemoteHost: e.RemoteHost, Zone: parseDomain(d.Zone), ZoneSubject: d.ZoneSubject}
	if !id.ClientIP.IsValid() {
		id.ClientIP = parseIP(d.ClientIP)
	}
	id.HELO = cmp.Or(id.HELO, parseHELO(d.HELO))
	id.Author = cmp.Or(id.Author, s.Domain)
	id.Recipient = cmp.Or(id.Recipient, s.Recipient)
	id.Envelope = cmp.Or(id.Envelope, parseDomain(d.EnvelopeDomain))
	for _, sel := range s.Selectors {
		id.DKIM = append(id.DKIM, proof.Signature{Domain: cmp.Or(s.DKIMDomain, parseDomain(d.DKIMDomain), id.Author), Selector: sel})
	}
	if len(id.DKIM) == 0 && m != nil {
		for _, sig := range m.Original.DKIM {
			if domain := parseDomain(sig.Domain); domain != "" {
				id.DKIM = append(id.DKIM, proof.Signature{Domain: domain, Selector: parseSelector(sig.Selector)})
			}
		}
	}
	if len(id.DKIM) == 0 {
		if domain := cmp.Or(s.DKIMDomain, parseDomain(d.DKIMDomain)); domain != "" {
			id.DKIM = []proof.Signature{{Domain: domain, Selector: parseSelector(d.DKIMSelector)}}
		}
	}
	out := Identities{HELO: text(id.HELO), AuthorDomain: text(id.Author), EnvelopeDomain: text(id.Envelope), DKIM: []Signature{},
		RecipientDomain: text(id.Recipient), List: text(id.Zone)}
	if id.ClientIP.IsValid() {
		out.ClientIP = text(id.ClientIP.String())
	}
	for _, sig := range id.DKIM {
		out.DKIM = append(out.DKIM, Signature{sig.Domain, text(sig.Selector)})
	}
	item.Identities = out
	if id.Envelope == "" && id.Author != "" {
		id.Envelope, id.EnvelopeAssumed = id.Author, true
	}
	item.request = proof.Request{Reason: e.Reason, Proofs: e.Proofs, Receiver: e.Receiver, Enhanced: e.Enhanced, Text: e.Whole, Identities: id, Forged: forged}
}
