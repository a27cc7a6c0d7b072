package roundtrip

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/audit"
	"mailworthy/internal/lazyre"
	"mailworthy/message"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/probe"
	"mailworthy/smtp/proof"
	"mailworthy/smtp/reply"
)

// explainer knows what the mail states of itself.
func (o *Options) explainer() *explain.Explainer {
	domain := func(a string) string { return a[strings.LastIndexByte(a, '@')+1:] }
	s := explain.Stated{Domain: domain(o.From), MailFrom: domain(o.From), Recipient: domain(o.To)}
	if o.Key != nil {
		s.DKIMDomain, s.Selectors = o.Key.Domain, []string{o.Key.Selector}
	}
	return &explain.Explainer{Stated: s}
}

// prove adds to what was said what the DNS shows of it.
func (o *Options) prove(ctx context.Context, in *explain.Input) {
	p := o.Prover
	if p == nil {
		p = proof.New(nil, audit.Options{Now: o.Clock.Now()})
	}
	r := &explain.Report{Inputs: []explain.Input{*in}}
	r.Prove(ctx, p)
	*in = r.Inputs[0]
}

// explained is what a reply means.
func (o *Options) explained(ctx context.Context, said, stage string) *explain.Item {
	in := o.explainer().Reply(said, reply.Context{Recipient: o.To, RemoteHost: o.Via.Host, Stage: reply.Stage(stage), Speaker: reply.Remote})
	o.prove(ctx, &in)
	return &in.Items[0]
}

// kind is what a mail with the token is.
type kind int

const (
	other kind = iota // an answer, or a copy of somebody else's
	theMail
	aBounce
	aDelay
)

// heads reports whether a mail is the letter.
func (l *letter) heads(m *message.Message) bool {
	return slices.ContainsFunc(m.Fields, func(h message.Field) bool {
		// Some services write a Message-ID of their own: the field with the token stays.
		return h.Is(tokenField) && h.Unfolded() == l.Token || h.Is("Message-ID") && strings.Trim(h.Unfolded(), "<>") == l.messageID()
	})
}

// sort says what a mail is; a report about the mail comes explained.
func (o *Options) sort(f *Found, l *letter) (kind, *explain.Input) {
	m, err := message.ReadHeader(bufio.NewReader(bytes.NewReader(f.Raw)))
	if err != nil {
		return other, nil
	}
	if l.heads(m) {
		return theMail, nil
	}
	list, err := o.explainer().Read(f.Folder, f.Raw)
	if err != nil || len(list) != 1 || list[0].Kind != bounce.KindBounce {
		return other, nil
	}
	in := &list[0]
	failed, delayed := len(in.Items) == 0, false
	for i := range in.Items {
		item := &in.Items[i]
		switch {
		case item.Action == nil:
			temporary := item.Permanent != nil && !*item.Permanent
			failed, delayed = failed || !temporary, delayed || temporary
		case *item.Action == string(bounce.Failed):
			failed = true
		case *item.Action == string(bounce.Delayed):
			delayed = true
		}
	}
	switch {
	case failed:
		return aBounce, in
	case delayed:
		return aDelay, in
	}
	return other, nil // a report of success
}

// arrival takes the mail apart that arrived: its way, and what the receiver and we think
// of it.
func (r *run) arrival(ctx context.Context, f *Found) {
	m, err := message.ReadHeader(bufio.NewReader(bytes.NewReader(f.Raw)))
	if err != nil {
		return
	}
	facts := m.Facts()
	r.report.AuthenticationResults = append([]message.Text{}, facts.AuthenticationResults...)
	began := r.state.Began
	if last := r.state.last(); last != nil {
		began = last.At
	}
	r.report.Hops = hops(m, facts, began)
	stored := f.StoredAt
	if n := len(r.report.Hops); stored.IsZero() && n > 0 && r.report.Hops[n-1].At != nil {
		stored = *r.report.Hops[n-1].At
	}
	if r.state.SentAt != nil && !stored.IsZero() {
		// Both have whole seconds often; a clock that is further behind measures nothing.
		if d := stored.Sub(*r.state.SentAt); d > -2*time.Second {
			ms := max(d, 0).Milliseconds()
			r.report.DeliverMS = &ms
		}
	}
	result, err := audit.RunMessage(ctx, r.o.Resolver, bytes.NewReader(f.Raw), r.o.Message)
	if err == nil && ctx.Err() == nil {
		r.report.Message = result
	}
}

// hops is the way of a mail, the first server first.
func hops(m *message.Message, facts *message.Facts, began time.Time) []Hop {
	out := []Hop{}
	before := began
	for _, h := range slices.Backward(facts.Received) {
		hop := Hop{From: h.HELO, By: h.By, With: h.With, At: h.Date}
		if h.IP.IsValid() {
			hop.IP = h.IP.String()
		}
		for i := range m.Fields {
			if m.Fields[i].Line == h.Line {
				hop.TLS, hop.TLSVersion = hopTLS(&h, m.Fields[i].Unfolded())
			}
		}
		if h.Date != nil {
			if !before.IsZero() {
				// Received has whole seconds: the same second is no time.
				ms := h.Date.Sub(before.Truncate(time.Second)).Milliseconds()
				hop.DelayMS = &ms
			}
			before = *h.Date
		} else {
			before = time.Time{}
		}
		out = append(out, hop)
	}
	return out
}

// tlsVersion is how servers name a version: TLSv1.3, TLS1_3, TLS1.2:ECDHE…, version=TLS1_2.
var tlsVersion = lazyre.New(`(?i)\bTLS ?v?(1[._][0-3])\b|\bTLS ?v?(1[._][0-3])[:_]`)

// protocol takes the name of RFC 3848 and RFC 6531 apart: S is TLS, A a login.
var protocol = lazyre.New(`^(?i:(UTF8)?(E?SMTP|LMTP)(S?)(A?))$`)

// hopTLS says whether a hop had TLS, as its Received field tells: by the name of the
// protocol, or by the version that many servers add.
func hopTLS(h *message.Hop, text string) (has, version string) {
	if m := tlsVersion.FindStringSubmatch(text[:min(len(text), 4000)]); m != nil {
		return "yes", strings.ReplaceAll(m[1]+m[2], "_", ".")
	}
	m := protocol.FindStringSubmatch(h.With)
	switch {
	case m != nil && m[3] != "", strings.EqualFold(h.With, "https"):
		return "yes", ""
	case h.IP.IsValid() && h.IP.IsLoopback(), strings.EqualFold(h.With, "local"), strings.EqualFold(h.With, "lmtp") && !h.IP.IsValid(),
		h.With == "" && (strings.Contains(text, "from userid ") || strings.Contains(text, "invoked by uid ") || strings.Contains(text, "invoked from network")):
		return "local", ""
	case m != nil:
		return "no", ""
	}
	return "unknown", ""
}

// conclude gives the verdict of what was found.
func (r *run) conclude() {
	rep, junk := r.report, 0
	for i := range rep.Copies {
		if rep.Copies[i].Junk {
			junk++
		}
	}
	rep.Duplicates = max(len(rep.Copies)-1, 0)
	switch {
	case len(rep.Copies) > junk:
		rep.Verdict, rep.Why = Arrived, "It is in "+r.where(false)+"."
		if junk > 0 {
			rep.Why = "It is in " + r.where(false) + ", and in the junk folder, too."
		}
	case junk > 0:
		rep.Verdict, rep.Why = Spam, "It is in the junk folder ("+r.where(true)+")."
	case rep.Bounce != nil:
		rep.Verdict, rep.Why = Bounced, "A bounce came back."
		for i := range rep.Bounce.Items {
			rep.Why = "A bounce came back: " + rep.Bounce.Items[i].Meaning
			break
		}
	}
}

// where is the folder of the first copy that is for junk or not.
func (r *run) where(junk bool) string {
	for i := range r.report.Copies {
		if c := &r.report.Copies[i]; c.Junk == junk {
			return c.Folder
		}
	}
	return ""
}

// unsent gives the verdict of a mail that no server took.
func (r *run) unsent() {
	rep := r.report
	r.done = r.state.NextTry == nil
	a := r.state.last()
	if a == nil {
		rep.Verdict, rep.Why = Unknown, "It was not sent."
		return
	}
	stage := a.Stage
	switch {
	case a.Outcome == probe.Rejected5:
		rep.Verdict, rep.Why = Bounced, fmt.Sprintf("%s refuses it at %s: %s", r.o.Via.Host, stage, a.Reply)
		if stage == StageAuth {
			rep.Why = fmt.Sprintf("%s refuses the login, and nothing was sent: %s", r.o.Via.Host, a.Reply)
		}
	case a.Cause != nil:
		rep.Verdict, rep.Why = Deferred, fmt.Sprintf("%s puts it off at %s: %s", r.o.Via.Host, stage, a.Reply)
	default:
		rep.Verdict, rep.Why = Unknown, fmt.Sprintf("It was not sent: %s at %s: %s", r.o.Via.Host, stage, a.Reply)
	}
	if rep.Verdict == Deferred {
		switch {
		case r.state.NextTry != nil && r.o.State != "":
			rep.Why += fmt.Sprintf(" (the next try is due at %s: the same command goes on)", r.state.NextTry.UTC().Format(time.RFC3339))
		case r.state.NextTry == nil:
			rep.Why += fmt.Sprintf(" (no try is left after %d)", len(r.state.Attempts))
		}
	}
}

// missing gives the verdict of a mail that was sent and is nowhere.
func (r *run) missing(end time.Time) {
	rep := r.report
	for i := range rep.Places {
		// What was read before the end says nothing of the end.
		if p := &rep.Places[i]; p.LastRead == nil || p.LastRead.Before(end) {
			rep.Verdict = Unknown
			rep.Why = fmt.Sprintf("%s accepted it, and whether it arrived is not known: %s cannot be read", r.o.Via.Host, p.Place)
			if p.Error != "" {
				rep.Why += ": " + p.Error
			}
			return
		}
	}
	r.done = true
	if r.state.SentAt == nil {
		if a := r.state.last(); a != nil && a.Outcome == probe.Rejected5 {
			r.unsent()
			return
		}
		rep.Verdict, rep.Why = Unknown, "The connection broke before the server had answered, and the mail is nowhere."
		return
	}
	rep.Verdict = Lost
	rep.Why = fmt.Sprintf("%s accepted it, and after %s it is in no folder that was read, nor a bounce of it.", r.o.Via.Host, r.o.Clock.Now().Sub(*r.state.SentAt).Round(time.Second))
}
