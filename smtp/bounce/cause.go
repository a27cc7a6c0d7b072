package bounce

import (
	"strings"

	"mailworthy/smtp/reply"
)

// explain says why, by the report's own text first, then by what the mail says to
// people.
func (m *Message) explain(rc *Recipient, human, all string, k *reply.Knowledge) {
	ctx := reply.Context{Recipient: rc.Address, RemoteHost: rc.RemoteHost, Enhanced: rc.Status,
		Delayed: rc.Action == Delayed, Final: rc.Action == Failed}
	if rc.RemoteHost != "" && strings.EqualFold(rc.RemoteHost, m.ReportingMTA) {
		ctx.RemoteHost = ""
	}
	if human != "" {
		ctx.Stage = reply.Parse(human).Stage
	}
	e := k.Explain(rc.Text, ctx)
	silent := strings.TrimSpace(rc.Text) == "" || (e.Reason == reply.Unknown && e.Evidence == "") ||
		(e.Evidence != "text" && generic(e.Enhanced)) || e.Evidence == "reply-code" && e.Reason != reply.Delivered
	if len(m.Recipients) > 1 {
		all = ""
	}
	if e.Code == 0 || silent {
		for _, text := range []string{human, all} {
			if strings.TrimSpace(text) == "" {
				continue
			}
			other := k.Explain(text, ctx)
			if e.Code == 0 && other.Code != 0 && other.Code/100 == class(rc) && sameAnswer(&e, &other) {
				e.Code = other.Code
				if generic(e.Enhanced) && !generic(other.Enhanced) {
					e.Enhanced = other.Enhanced
				}
			}
			if silent && other.Reason != reply.Unknown && (other.Evidence == "text" || e.Reason == reply.Unknown) {
				other.Code, other.Enhanced = pick(e, other)
				if other.Speaker == reply.SpeakerUnknown {
					other.Speaker = e.Speaker
				}
				e = other
				if strings.TrimSpace(rc.Text) == "" {
					rc.Text = strings.TrimSpace(text)
				}
				silent = false
			}
			if e.Stage == "" {
				e.Stage = other.Stage
			}
			if e.RemoteHost == "" && ctx.RemoteHost == "" {
				e.RemoteHost, e.RemoteIP = other.RemoteHost, other.RemoteIP
			}
			if !silent && e.Code != 0 {
				break
			}
		}
	}
	answered(&e)
	if rc.Action == "" {
		rc.Action = actionBy(&e)
	}
	success(rc, &e, k)
	if rc.RemoteHost == "" {
		rc.RemoteHost = e.RemoteHost
	}
	if rc.RemoteIP == "" {
		rc.RemoteIP = e.RemoteIP
	}
	m.identities(&e)
	rc.Explanation = e
}

// answered says that a server spoke if nothing says who did and there is a reply code:
// systems quote the codes of others, and write enhanced codes of their own alone.
func answered(e *reply.Explanation) {
	if e.Speaker == reply.SpeakerUnknown && e.Code != 0 {
		e.Speaker = reply.Remote
	}
}

// class is the first digit that the codes of a recipient have.
func class(rc *Recipient) int {
	if rc.Status != "" {
		return int(rc.Status[0] - '0')
	}
	if rc.Action == Delayed {
		return 4
	}
	return 5
}

// sameAnswer reports whether two readings can be of the same answer.
func sameAnswer(a, b *reply.Explanation) bool {
	return a.Enhanced == "" || b.Enhanced == "" || a.Enhanced == b.Enhanced || generic(a.Enhanced) || generic(b.Enhanced)
}

// pick returns the codes of the reading that has them.
func pick(e, other reply.Explanation) (int, string) {
	code, enhanced := e.Code, e.Enhanced
	if code == 0 {
		code = other.Code
	}
	if enhanced == "" || generic(enhanced) && other.Enhanced != "" {
		enhanced = other.Enhanced
	}
	return code, enhanced
}

// generic reports whether an enhanced code says nothing.
func generic(code string) bool {
	return code == "" || strings.HasSuffix(code, ".0.0")
}

// success corrects what was no failure: the action is believed before the codes.
func success(rc *Recipient, e *reply.Explanation, k *reply.Knowledge) {
	switch rc.Action {
	case Delivered, Relayed, Expanded:
		e.Reason, e.Permanent, e.Proofs, e.Who = reply.Delivered, nil, nil, reply.WhoUnknown
		e.Meaning, e.Next = k.Meaning(reply.Delivered)
	case Delayed:
		no := false
		e.Permanent = &no
	case Failed:
		if e.Reason == reply.Delivered {
			e.Reason = reply.Unknown
			e.Meaning, e.Next = k.Meaning(reply.Unknown)
		}
	}
}

func actionBy(e *reply.Explanation) Action {
	switch {
	case e.Reason == reply.Delivered:
		return Delivered
	case e.Code/100 == 4 || (e.Code == 0 && strings.HasPrefix(e.Enhanced, "4")):
		if e.Permanent != nil && *e.Permanent {
			return Failed
		}
		return Delayed
	}
	return Failed
}

// identities adds what the returned message shows of the parties.
func (m *Message) identities(e *reply.Explanation) {
	o, d := &m.Original, &e.Identities
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	fill(&d.AuthorDomain, domainPart(o.From))
	fill(&d.EnvelopeDomain, domainPart(o.EnvelopeFrom))
	fill(&d.HELO, o.HELO)
	if len(o.DKIM) > 0 && d.DKIMDomain == "" {
		d.DKIMDomain, d.DKIMSelector = o.DKIM[0].Domain, o.DKIM[0].Selector
	}
}

// own reports whether an address is one of the mail's own: its sender, its addressee,
// the author of the original, or a postmaster.
func (m *Message) own(address string) bool {
	a := strings.ToLower(address)
	for _, other := range []string{m.From, m.To, m.Original.From, m.Original.EnvelopeFrom} {
		if other != "" && strings.Contains(strings.ToLower(other), a) {
			return true
		}
	}
	if m.Original.MessageID != "" && strings.EqualFold(m.Original.MessageID, a) {
		return true
	}
	local, _, _ := strings.Cut(a, "@")
	switch local {
	case "postmaster", "mailer-daemon", "abuse", "root", "hostmaster", "helpdesk", "support", "admin", "no-reply", "noreply":
		return true
	}
	return false
}
