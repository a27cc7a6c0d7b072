package reply

import (
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/lazyre"
)

// Explain says what a text means. It never fails: what nothing explains has the
// reason Unknown.
func (k *Knowledge) Explain(text string, c Context) Explanation {
	return k.ExplainReply(Parse(text), c)
}

// ExplainReply is Explain for a reply that Parse took apart.
func (k *Knowledge) ExplainReply(r Reply, c Context) Explanation {
	if r.Code == 0 && (c.Code/100 >= 2 && c.Code/100 <= 5) {
		r.Code = c.Code
	}
	if r.Enhanced == "" && c.Enhanced != "" {
		r.Enhanced = c.Enhanced
	}
	if r.Stage == "" {
		r.Stage = c.Stage
	}
	if r.RemoteHost == "" {
		r.RemoteHost = strings.ToLower(strings.TrimRight(c.RemoteHost, "."))
	}
	e := Explanation{Reply: r, Reason: Unknown}
	said, whole := fold(r.Text), fold(r.Whole)
	// The last word of qmail, behind what the last try met with.
	c.Final = c.Final || !c.Delayed && strings.Contains(whole, "this message has been in the queue too long")
	if strings.HasPrefix(whole, "x-unix;") {
		e.Speaker = Local
	}
	if e.Speaker == SpeakerUnknown && c.Speaker != "" {
		e.Speaker = c.Speaker
	}
	if c.Recipient == "" && e.Stage != StageMail && e.Stage != StageEHLO {
		if m := subjectRE.FindStringSubmatch(r.Text); m != nil && !strings.Contains(said, "sender") {
			c.Recipient = m[1]
		}
	}
	e.Receiver = k.receiver(&e.Reply, &c, whole)
	rule := k.match(&e, said, whole)
	if rule != nil && rule.Local && r.Speaker != Remote && !(r.Code != 0 && (ofMailbox(rule.Reason) || rule.Reason == LoginFailure)) {
		// The text is known to be one of sending servers, whatever the caller thinks.
		e.Speaker = Local
		if e.Stage == "" && rule.Reason == Network && !brokenRE.MatchString(rule.Marker) {
			e.Stage = StageConnect
		}
	}
	if e.Speaker == Local && (rule == nil || rule.Local) && r.RemoteHost == "" && c.RemoteHost == "" {
		e.Receiver = k.ReceiverOfDomain(domainOf(c.Recipient))
	}
	k.fill(&e, rule, &c)
	e.RetryAfter = retryAfter(whole)
	e.Identities = identities(&e, &c)
	k.choose(&e)
	e.Next = fitting(&e)
	return e
}

// returned has the steps that count on another try, as they are after a reply of 5xx: the
// sending server returns the message then, and tries no more (RFC 5321, 4.2.1).
var returned = strings.NewReplacer(
	"Wait and send slower; the sending server tries again by itself.", "Send slower, and send this message again later: after a code that begins with 5 the sending server returns it.",
	"; then it goes through by itself", ", and send this one again: after a code that begins with 5 the sending server returns it",
	"Nothing to do: the sending server tries again, and the second try passes. It must retry from the same address.",
	"Send the message again after some minutes, from the same address: after a code that begins with 5 the sending server returns it.",
	"Wait; the sending server tries again by itself.", "Send the message again later: after a code that begins with 5 the sending server returns it.",
	"Wait: the message is tried again. If it lasts", "Send the message again later. If it lasts")

// fitting are the steps without what the reply itself makes untrue.
func fitting(e *Explanation) []string {
	for i := range e.Next {
		if e.Code/100 == 5 {
			e.Next[i] = returned.Replace(e.Next[i])
		}
		if e.Reason == UserUnknown && e.Permanent != nil && !*e.Permanent {
			e.Next[i] = strings.Replace(e.Next[i], ", and remove it from the list.", ". The refusal is a temporary one: remove the address from the list only if it lasts.", 1)
		}
		if e.Reason == IPListed && e.Identities.Zone == "" {
			e.Next[i] = strings.Replace(e.Next[i], "Look the address up in the list that the text names,", "The text names no public list: look the address up in the usual ones,", 1)
			e.Next[i] = strings.Replace(e.Next[i], "then ask for removal there.", "then ask for removal there, or the receiver's postmaster if none has it.", 1)
		}
	}
	return e.Next
}

// ofMailbox reports whether a reason is about a mailbox. Sending servers have words for
// these as well, for mailboxes of their own; with a reply code they are an answer.
func ofMailbox(r Reason) bool {
	return r == UserUnknown || r == MailboxFull || r == MailboxDisabled || r == RecipientPolicy
}

// brokenRE finds the markers about a connection that was open, at a point of the
// session that they do not name.
var brokenRE = lazyre.New(`lost|dropped|closed|reset|died|pipe|while|unexpectedly|aborted|disconnected|i/o|^timed out|operation`)

// subjectRE finds the address that a reply to RCPT begins with.
var subjectRE = lazyre.New(`^[<\[]([^\s<>@]{1,128}@[A-Za-z0-9.-]{1,253})[>\]](?::|\.\.\.| )`)

// match finds the rule that decides the reason: the receiver's own texts and codes,
// texts, codes that say a reason by themselves, weak texts, other codes.
func (k *Knowledge) match(e *Explanation, said, whole string) *Rule {
	if e.Code/100 == 2 || (e.Code == 0 && strings.HasPrefix(e.Enhanced, "2.")) {
		e.Evidence = "reply-code"
		if basic, ok := k.Code(strconv.Itoa(e.Code)); !ok || basic.Reason != "" {
			e.Reason = Delivered // the others, such as a greeting, are about no message
		}
		return nil
	}
	if e.Code/100 == 3 {
		e.Evidence = "reply-code"
		return nil
	}
	known, enhanced := k.Code(e.Enhanced)
	basic, _ := k.Code(strconv.Itoa(e.Code))
	if r := k.find(e, false, said, whole); r != nil && !ofSender(r, known) {
		e.decided(r)
		return r
	}
	if enhanced && known.Specific && !contradicts(known, basic) {
		e.Reason, e.Evidence, e.Reference = known.Reason, "enhanced-code", known.Reference
		return nil
	}
	if said != whole && !e.wrapped {
		// What stands around the reply, such as the words of the sending server.
		if r := k.find(e, false, whole, whole); r != nil {
			e.decided(r)
			return r
		}
	}
	if r := k.find(e, true, said, whole); r != nil {
		e.decided(r)
		return r
	}
	switch {
	case enhanced && known.Reason != "":
		e.Reason, e.Evidence, e.Reference = known.Reason, "enhanced-code", known.Reference
	case basic.Reason != "":
		e.Reason, e.Evidence, e.Reference = basic.Reason, "reply-code", basic.Reference
	default:
		e.Reference = known.Reference
		if e.wrapped && said != whole {
			if r := k.find(e, false, whole, whole); r != nil {
				e.decided(r)
				return r
			}
		}
	}
	return nil
}

// find returns the first rule, weak or not, that fits the reply and the text.
func (k *Knowledge) find(e *Explanation, weak bool, said, whole string) *Rule {
	of := family(e.Receiver)
	for i := range k.rules {
		r := &k.rules[i]
		if r.Weak != weak || !r.applies(e, of) {
			continue
		}
		text := said
		if r.Local {
			if e.Speaker == Remote {
				continue
			}
			text = whole
		}
		switch {
		case r.enhanced != "":
			if r.enhanced != e.Enhanced {
				continue
			}
		case r.code != "":
			if r.code != strconv.Itoa(e.Code) {
				continue
			}
		case !contains(text, r.parts):
			continue
		}
		return r
	}
	return nil
}

// ofSender reports whether a code is about the sender's address, and a rule takes the
// same words, such as "invalid address", for the recipient's.
func ofSender(r *Rule, enhanced Code) bool {
	return enhanced.Specific && enhanced.Reason == SenderRejected && len(r.Receivers) == 0 && (r.Reason == UserUnknown || r.Reason == DomainUnknown)
}

// contradicts reports whether a reply code rules out what the enhanced code says.
func contradicts(enhanced, basic Code) bool {
	return basic.Specific && enhanced.Reason == UserUnknown && (basic.Reason == LoginRequired || basic.Reason == LoginFailure)
}

// decided notes the rule that gave the reason.
func (e *Explanation) decided(r *Rule) {
	e.Reason, e.Reference = r.Reason, r.Reference
	e.Marker, e.Evidence = r.Marker, "text"
	if r.enhanced != "" {
		e.Evidence = "enhanced-code"
	} else if r.code != "" {
		e.Evidence = "reply-code"
	}
}

// applies reports whether the options of a rule fit the reply of a receiver of this family.
func (r *Rule) applies(e *Explanation, family string) bool {
	if len(r.Receivers) > 0 && !slices.Contains(r.Receivers, e.Receiver) && !slices.Contains(r.Receivers, family) {
		return false
	}
	if len(r.Receivers) > 0 && e.Speaker == Local {
		return false
	}
	if len(r.Stages) > 0 && !slices.Contains(r.Stages, e.Stage) {
		return false
	}
	if len(r.Codes) > 0 {
		fits := false
		for _, c := range r.Codes {
			switch {
			case strings.Contains(c, "."):
				fits = fits || c == e.Enhanced
			case len(c) == 1:
				fits = fits || (e.Code/100 == int(c[0]-'0')) || (e.Code == 0 && strings.HasPrefix(e.Enhanced, c))
			default:
				fits = fits || c == strconv.Itoa(e.Code)
			}
		}
		return fits
	}
	return true
}

// contains reports whether a text has all parts in their order. A part that begins
// with a letter or digit begins a word.
func contains(text string, parts []string) bool {
	for _, p := range parts {
		i := wordIndex(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return true
}

// wordIndex returns where a part begins as a word in a text, -1 if nowhere.
func wordIndex(text, part string) int {
	if !alnum(part[0]) {
		return strings.Index(text, part)
	}
	for from := 0; ; {
		i := strings.Index(text[from:], part)
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || !alnum(text[i-1]) {
			return i
		}
		from = i + 1
	}
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80 }

// fill sets what follows from the reason and the rule.
func (k *Knowledge) fill(e *Explanation, rule *Rule, c *Context) {
	about := k.reasons[e.Reason]
	e.Who, e.Meaning, e.Next, e.Proofs = about.who, about.meaning, about.next, about.proofs
	permanent := about.permanent
	if rule != nil {
		if rule.Who != "" {
			e.Who = rule.Who
		}
		if rule.Meaning != "" {
			e.Meaning = rule.Meaning
		}
		if len(rule.Next) > 0 {
			e.Next = rule.Next
		}
		if rule.Proofs != nil {
			e.Proofs = rule.Proofs
		}
		if rule.Permanent != "" {
			permanent = rule.Permanent
		}
	}
	if e.Meaning == about.meaning && e.Evidence == "enhanced-code" {
		if known, ok := k.Code(e.Enhanced); ok && known.Reason == e.Reason {
			e.Meaning = known.Meaning
		}
	}
	if e.Reason == Unknown && (e.Code/100 == 2 || e.Code/100 == 3) {
		if known, ok := k.Code(strconv.Itoa(e.Code)); ok {
			e.Meaning, e.Reference = known.Meaning, known.Reference
		}
		e.Who, e.Next, e.Proofs, permanent = WhoUnknown, []string{noFailure}, nil, "-"
	}
	if e.Reason == Expired && c.Delayed && (rule == nil || rule.Meaning == "") {
		e.Meaning = "The sending server has not delivered the message yet, and goes on trying."
		e.Next = []string{"Nothing to do yet. If it lasts, look for the failures of each try in the log of the sending server: they name the cause."}
	}
	e.Permanent = permanence(permanent, e, c)
	e.Next = slices.Clone(e.Next)
	e.Proofs = slices.Clone(e.Proofs)
	if e.Speaker == Local && e.Reason == SystemError {
		e.Who = WhoOwnServer
	}
	if e.Reason == Unknown && e.Permanent != nil {
		if *e.Permanent {
			e.Meaning += " The code says that it is final."
		} else {
			e.Meaning += " The code says that it is temporary."
		}
	}
}

// permanence decides whether trying again is of no use; nil if nothing says so.
func permanence(rule string, e *Explanation, c *Context) *bool {
	yes, no := true, false
	switch {
	case rule == "-":
		return nil
	case c.Delayed:
		return &no
	case rule == "yes", strings.HasSuffix(e.Enhanced, ".4.7") && e.Reason != RateLimited:
		return &yes
	case rule == "no":
		return &no
	case c.Final && e.Code/100 != 5:
		return &yes
	case strings.HasPrefix(e.Enhanced, "5"), e.Code/100 == 5 && !strings.HasPrefix(e.Enhanced, "4"):
		return &yes
	case strings.HasPrefix(e.Enhanced, "4"), e.Code/100 == 4:
		return &no
	case c.Final:
		return &yes
	}
	return nil
}
