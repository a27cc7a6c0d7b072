package audit

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/message"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// MessageSchema names the JSON contract of a MessageResult. Keys are added to it,
// never renamed.
const MessageSchema = "mailworthy/message/1"

// MessageOptions state what a message alone does not tell.
type MessageOptions struct {
	// IP is the client that handed the message to the receiver; not valid: taken
	// from the Received fields.
	IP netip.Addr
	// HELO is the name that it greeted with; "": taken from the Received field.
	HELO string
	// MailFrom is the envelope sender, "" the null sender; nil: taken from
	// Return-Path.
	MailFrom *string
	// Now is the time to judge by; zero: the time of the call.
	Now time.Time
	// MaxQueries bounds the distinct questions; zero: 500.
	MaxQueries int
	// Deadline bounds the time; zero: none but the context's.
	Deadline time.Duration
}

// MessageResult is what a receiver finds out about a message.
type MessageResult struct {
	// Schema is always "mailworthy/message/1".
	Schema string `json:"schema"`
	// From is the author domain in A-labels, empty if there is not exactly one.
	From string `json:"from"`
	// SPF is null if it was not evaluated; SPFNotEvaluated says why.
	SPF             *spf.Evaluation    `json:"spf"`
	SPFNotEvaluated string             `json:"spf_not_evaluated" empty:"null"`
	DKIM            *dkim.Verification `json:"dkim"`
	// DMARC is null if it was not evaluated; DMARCNotEvaluated says why.
	DMARC             *dmarc.Verdict `json:"dmarc"`
	DMARCNotEvaluated string         `json:"dmarc_not_evaluated" empty:"null"`
	// DMARCAcceptingLength is what DMARC comes to at receivers that accept signatures
	// with l=, which the standard leaves to them; empty if that makes no difference.
	DMARCAcceptingLength dmarc.Result `json:"dmarc_accepting_length" empty:"null"`
	// AuthenticationResults is the header field that a receiver would add, folded
	// at line feeds.
	AuthenticationResults string        `json:"authentication_results"`
	Client                MessageClient `json:"client"`
	// Headers are the facts of the header.
	Headers *message.Facts `json:"headers"`
	// AuthorHost is where the author domain takes its mail, EnvelopeHost the same of
	// another envelope domain.
	AuthorHost   *mailhost.Domain    `json:"author_host"`
	EnvelopeHost *mailhost.Authority `json:"envelope_host"`
	Findings     []finding.Finding   `json:"findings"`
	// Queries is the number of distinct questions asked.
	Queries    int              `json:"queries"`
	DurationMS int64            `json:"duration_ms"`
	Trace      []resolver.Trace `json:"-"`
}

// MessageClient is the host that handed the message over, and the envelope.
type MessageClient struct {
	// IP is empty if it is not known.
	IP   netip.Addr `json:"ip"`
	HELO string     `json:"helo"`
	// MailFrom is the envelope sender: empty for the null sender, null if it is
	// not known.
	MailFrom *string `json:"mail_from"`
	// Source says where IP comes from, or why it is not known; the others the same
	// of HELO and of the envelope sender.
	Source         string `json:"source"`
	HELOSource     string `json:"helo_source"`
	MailFromSource string `json:"mail_from_source"`
}

// messageRun is the examination of one message under way.
type messageRun struct {
	options MessageOptions
	session *resolver.Session
	facts   *message.Facts
	result  *MessageResult
}

// RunMessage examines a raw message as a receiver does: SPF for its client, every
// DKIM signature, DMARC with alignment, and the hygiene of its header. The error
// says that the message cannot be read; what the DNS does not say is in the result
// as unknown.
func RunMessage(ctx context.Context, r resolver.Resolver, msg io.Reader, o MessageOptions) (*MessageResult, error) {
	started := time.Now()
	if o.MaxQueries == 0 {
		o.MaxQueries = DefaultMaxQueries
	}
	if o.Now.IsZero() {
		o.Now = started
	}
	br := bufio.NewReader(msg)
	m, err := message.ReadHeader(br)
	if err != nil {
		return nil, err
	}
	if o.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Deadline)
		defer cancel()
	}
	a := &messageRun{options: o, session: resolver.NewSession(r, o.MaxQueries), facts: m.Facts()}
	a.result = &MessageResult{Schema: MessageSchema, Headers: a.facts, Client: a.client(ctx)}
	a.author()
	if err := a.ask(ctx, m, br); err != nil {
		return nil, err
	}
	a.facts.Layout = m.Layout
	a.expired()
	a.evaluateDMARC(ctx)
	a.result.Queries, a.result.Trace = a.session.Queries(), a.session.Trace()
	a.judge()
	a.uncheckOutcomes()
	a.result.AuthenticationResults = a.authenticationResults()
	NotChecked(a.result.Findings, a.result.Trace)
	a.result.DurationMS = time.Since(started).Milliseconds()
	return a.result, nil
}

// uncheckOutcomes changes the outcomes that an offline run did not ask for.
func (a *messageRun) uncheckOutcomes() {
	res := a.result
	if res.SPF != nil {
		UncheckSPF(res.SPF, res.Trace)
	}
	UncheckDKIM(res.DKIM, res.Trace)
	if res.DMARC != nil {
		UncheckDMARC(res.DMARC, res.Trace)
	}
}

// author decides the author domain (RFC 9989, 5.3.1).
func (a *messageRun) author() {
	switch domains := a.facts.AuthorDomains; {
	case len(a.facts.From) == 0:
		a.result.DMARCNotEvaluated = "the message has no From field"
	case len(a.facts.From) > 1:
		a.result.DMARCNotEvaluated = fmt.Sprintf("the message has %d From fields", len(a.facts.From))
	case len(domains) == 0:
		a.result.DMARCNotEvaluated = "the From field holds no address with a domain"
	case len(domains) > 1:
		a.result.DMARCNotEvaluated = fmt.Sprintf("the From field holds addresses of %d domains (%s)", len(domains), strings.Join(domains[:min(len(domains), 5)], ", "))
	default:
		a.result.From = domains[0]
	}
}

// ask reads the body and puts all questions at the same time. The DMARC walks of
// the domains that could align are asked in the same round, as if all of them had
// passed; the evaluation that follows finds the answers in the session.
func (a *messageRun) ask(ctx context.Context, m *message.Message, body io.Reader) error {
	var g errgroup.Group
	res := a.result
	var unread error
	pr, pw := io.Pipe()
	g.Go(func() error {
		unread = m.ReadBody(io.TeeReader(body, pw))
		pw.CloseWithError(unread)
		return nil
	})
	g.Go(func() (err error) {
		head := bytes.NewReader(m.Header)
		res.DKIM, err = dkim.Verify(ctx, a.session, io.MultiReader(head, pr), a.verifiedAt())
		// The body is read to its end in any case: the reader waits for it.
		_, _ = io.Copy(io.Discard, pr)
		return err
	})
	kind, _ := a.identity()
	client, identity := a.spfClient()
	client.Assumed.Names = true
	if identity != "" {
		g.Go(func() error {
			e := spf.CheckHost(ctx, a.session, client)
			res.SPF = &e
			return nil
		})
		// CheckHost asks term after term; this asks the same names at once.
		g.Go(func() error {
			spfpolicy.Examine(ctx, a.session, identity)
			return nil
		})
		if kind == "mailfrom" && identity != res.From {
			g.Go(func() error {
				res.EnvelopeHost = &mailhost.ExamineSOA(ctx, a.session, []string{identity})[0]
				return nil
			})
		}
	}
	if res.From != "" {
		g.Go(func() error {
			res.AuthorHost = mailhost.ExamineDomain(ctx, a.session, res.From)
			return nil
		})
		g.Go(func() error {
			dmarc.Evaluate(ctx, a.session, a.hoped(identity))
			return nil
		})
	}
	err := g.Wait()
	if unread != nil {
		return unread // the others failed for it
	}
	return err
}

// verifiedAt is the time to verify the signatures at: now, or if one has expired since the
// message was delivered, by the topmost Received field that names a time, then.
func (a *messageRun) verifiedAt() time.Time {
	for i := range a.facts.Received {
		t := a.facts.Received[i].Date
		if t == nil {
			continue
		}
		if slices.ContainsFunc(a.facts.Signatures, func(s message.SignatureField) bool {
			return !s.Expires.IsZero() && a.options.Now.After(s.Expires) && !t.After(s.Expires)
		}) {
			return *t
		}
		break
	}
	return a.options.Now
}

// expired notes the signatures that have expired since the message was delivered.
func (a *messageRun) expired() {
	at := a.verifiedAt()
	for _, s := range a.result.DKIM.Signatures {
		if s.Expires != nil && a.options.Now.After(*s.Expires) && !at.After(*s.Expires) && len(a.facts.Notes) < 10 {
			a.facts.Notes = append(a.facts.Notes, fmt.Sprintf("the signature of %s expired at %s (x=), after the message was delivered, at %s: it is judged as it was then",
				clip(s.Domain), s.Expires.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339)))
		}
	}
}

// hoped are the identities that could pass: the SPF identity and the domains of
// the signatures, each as if it did.
func (a *messageRun) hoped(identity string) dmarc.Identities {
	id := dmarc.Identities{From: a.result.From}
	if identity != "" {
		id.SPF = append(id.SPF, dmarc.Identity{Domain: identity, Result: string(spf.Pass)})
	}
	for _, s := range a.facts.Signatures {
		one := dmarc.Identity{Domain: s.Domain, Result: string(dkim.Pass)}
		if s.Domain != "" && !slices.Contains(id.DKIM, one) {
			id.DKIM = append(id.DKIM, one)
		}
	}
	return id
}

// evaluateDMARC applies DMARC to what SPF and DKIM found. If a result is not
// known, and DMARC would pass if it were a pass, DMARC is not decided either. What
// is the receiver's to decide (l=) is evaluated both ways.
func (a *messageRun) evaluateDMARC(ctx context.Context) {
	res := a.result
	if res.From == "" {
		return
	}
	known, hopeful, accepting := dmarc.Identities{From: res.From}, dmarc.Identities{From: res.From}, dmarc.Identities{From: res.From}
	disputed := false
	var open []string
	switch {
	case res.SPF != nil:
		one := dmarc.Identity{Domain: res.SPF.Domain, Result: string(res.SPF.Result)}
		known.SPF = append(known.SPF, one)
		if res.SPF.Result == spf.TempError {
			open = append(open, "SPF ended in temperror ("+res.SPF.Error+")")
			one.Result = string(spf.Pass)
		}
		hopeful.SPF = append(hopeful.SPF, one)
	default:
		// The identity may be known even so: one that cannot align leaves nothing open.
		kind, identity := a.identity()
		if identity == "" && kind != "mailfrom" {
			identity = res.From
		}
		if identity != "" {
			open = append(open, "SPF was not evaluated ("+res.SPFNotEvaluated+")")
			hopeful.SPF = append(hopeful.SPF, dmarc.Identity{Domain: identity, Result: string(spf.Pass)})
		}
	}
	for _, s := range res.DKIM.Signatures {
		one := dmarc.Identity{Domain: s.Domain, Result: string(s.Result)}
		known.DKIM = append(known.DKIM, one)
		if s.Disputed() {
			disputed = true
			accepting.DKIM = append(accepting.DKIM, dmarc.Identity{Domain: s.Domain, Result: string(dkim.Pass)})
		}
		if s.Result == dkim.TempError {
			open = append(open, "the signature of "+s.Domain+" could not be verified ("+s.Reason+")")
			one.Result = string(dkim.Pass)
		}
		hopeful.DKIM = append(hopeful.DKIM, one)
	}
	v := dmarc.Evaluate(ctx, a.session, known)
	if len(open) > 0 {
		h := dmarc.Evaluate(ctx, a.session, hopeful)
		v.SPFAligned, v.DKIMAligned = unlessChanged(v.SPFAligned, h.SPFAligned), unlessChanged(v.DKIMAligned, h.DKIMAligned)
		if v.Result == dmarc.ResultFail && h.Result != dmarc.ResultFail {
			v.Result, v.Error = dmarc.ResultTempError, strings.Join(open, "; ")
		}
	}
	if disputed && (v.Result == dmarc.ResultFail || v.Result == dmarc.ResultTempError) {
		switch h := dmarc.Evaluate(ctx, a.session, accepting); {
		case h.Result == dmarc.ResultPass:
			res.DMARCAcceptingLength = h.Result
			v.Error = strings.TrimPrefix(v.Error+"; it passes at receivers that accept the l= of the signature", "; ")
		case h.Result == dmarc.ResultTempError && v.Result == dmarc.ResultFail:
			v.Result, v.Error = h.Result, "it fails unless receivers accept the l= of the signature, and then it is not known ("+h.Error+")"
		}
	}
	res.DMARC = &v
}

// unlessChanged is the first answer, or "not known" if the second differs.
func unlessChanged(known, hoped *bool) *bool {
	if known == nil || hoped == nil || *known != *hoped {
		return nil
	}
	return known
}
