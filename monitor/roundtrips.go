package monitor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"mailworthy/config"
	"mailworthy/finding"
	"mailworthy/history"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/notify"
	"mailworthy/report"
	"mailworthy/smtp/roundtrip"
)

// The checks of round trips (roundtrip.Checks). As those of logs they are no checks of a
// domain. Others are "roundtrip-" and a verdict.
const (
	roundtripPrefix = "roundtrip-"
	roundtripSlow   = "roundtrip-slow"
	roundtripTwice  = "roundtrip-duplicate"
)

// roundtripsAtOnce bounds the mails that are waited for at the same time.
const roundtripsAtOnce = 8

// Mail is a synthetic mail of a run.
type Mail struct {
	Name   string
	Report *roundtrip.Report

	of *config.Roundtrip
}

// subject is what names the mail in a notice.
func (m *Mail) subject() string { return "roundtrip " + m.Name }

// Findings are what is wrong with the mail; none: it has arrived in time, and once.
func (m *Mail) Findings() []finding.Finding {
	list := m.ofVerdict()
	for _, text := range m.Report.Twice() {
		list = append(list, finding.Finding{Check: roundtripTwice, Severity: finding.Warning, Subject: m.Name, Title: m.Name + ": " + text})
	}
	return list
}

// ofVerdict is what is wrong with what became of the mail.
func (m *Mail) ofVerdict() []finding.Finding {
	r := m.Report
	severity := finding.Error
	switch r.Verdict {
	case roundtrip.Arrived:
		if took, _ := r.Took(); m.of.Slow > 0 && took > m.of.Slow {
			return []finding.Finding{{Check: roundtripSlow, Severity: finding.Warning, Subject: m.Name,
				Title: fmt.Sprintf("%s: it took %s until the mail was there (limit %s)", m.Name, took.Round(time.Second), m.of.Slow)}}
		}
		return nil
	case roundtrip.Spam, roundtrip.Deferred:
		severity = finding.Warning
	case roundtrip.Unknown:
		severity = finding.Unknown
	}
	return []finding.Finding{{Check: roundtripPrefix + string(r.Verdict), Severity: severity, Subject: m.Name,
		Title: m.Name + ": " + string(r.Verdict) + ": " + show.Cut(r.Why, 400)}}
}

// MailTools are what synthetic mails need besides the resolver of a session.
type MailTools struct {
	// Roots are the root certificates, with those of a file if it is named.
	Roots func(file string) (*x509.CertPool, error)
	// Clock of the waiting; nil: that of the machine.
	Clock roundtrip.Clock
}

// beginRoundtrips sends the configured mails beside the audits of the run. What it returns
// waits for them and puts them into the outcome.
func (m *Monitor) beginRoundtrips(ctx context.Context, s *Session) (end func(*Outcome)) {
	list := m.Config.Roundtrips
	var notSent []string
	if s.Mail == nil {
		for i := range list {
			notSent = append(notSent, list[i].Name)
		}
		list = nil
	}
	reports, errs := make([]*roundtrip.Report, len(list)), make([]error, len(list))
	places := make(chan struct{}, roundtripsAtOnce)
	var all sync.WaitGroup
	for i := range list {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			reports[i], errs[i] = m.roundtrip(ctx, s, &list[i])
		})
	}
	return func(out *Outcome) {
		all.Wait()
		out.NotSent = notSent
		for i := range list {
			if errs[i] != nil {
				out.trouble("roundtrip %s: %w", list[i].Name, errs[i])
				continue
			}
			out.Mails = append(out.Mails, Mail{list[i].Name, reports[i], &list[i]})
		}
	}
}

// roundtrip sends one mail and waits for it, or goes on with the one of the run before.
func (m *Monitor) roundtrip(ctx context.Context, s *Session, c *config.Roundtrip) (*roundtrip.Report, error) {
	o := roundtrip.Options{From: c.From, To: c.To, Plus: c.Plus, Via: c.Via, Mechanism: c.Auth, HELO: c.HELO,
		Timeout: cmp.Or(c.Timeout, config.DefaultRoundtrip), Duplicates: c.Duplicates, Clock: s.Mail.Clock}
	var err error
	if o.Roots, err = s.Mail.Roots(c.TLSCA); err != nil {
		return nil, fmt.Errorf("tls_ca %s: %w", m.Config.Spelt(c.TLSCA), err)
	}
	o.Through(s.Resolver, s.Now, s.MaxQueries, s.Deadline)
	if o.Password, err = m.password(&c.Password); err != nil {
		return nil, err
	}
	for i := range c.Wait {
		password, err := m.password(&c.Wait[i].Password)
		if err != nil {
			return nil, err
		}
		o.Wait(c.Wait[i].Place, password, c.Wait[i].Token)
	}
	if c.Key != "" {
		if o.Key, err = roundtrip.ReadKey(c.Key, c.KeyDomain, c.KeySelector); err != nil {
			return nil, fmt.Errorf("dkim_key %s: %w", m.Config.Spelt(c.Key), err)
		}
	}
	// A mail of other addresses is another one: what is left of it is nobody's.
	sum := sha256.Sum256([]byte(c.Via.String() + "\x00" + c.From + "\x00" + c.To + "\x00" + fmt.Sprint(c.Plus)))
	if o.State, err = m.state("-roundtrip-" + hex.EncodeToString(sum[:6]) + ".json"); err != nil {
		return nil, m.stateTrouble(err)
	}
	r, err := roundtrip.Run(ctx, o)
	if of := (*roundtrip.StateError)(nil); errors.As(err, &of) {
		return nil, fmt.Errorf("its state: %w", m.stateTrouble(err))
	}
	return r, err
}

// password reads a password; none is stated: it is empty.
func (m *Monitor) password(p *config.Password) (string, error) {
	if p.File == "" {
		return p.Text.Reveal(), nil
	}
	line, err := readfile.FirstLine(p.File)
	if err != nil {
		return "", fmt.Errorf("password_file %s: %w", m.Config.Spelt(p.File), err)
	}
	return line, nil
}

// Also are what a run found that is of no domain: the logs of mail servers, synthetic mails.
func (o *Outcome) Also() []finding.Finding {
	list := slices.Clone(o.Logs)
	for i := range o.Mails {
		list = append(list, o.Mails[i].Findings()...)
	}
	return list
}

// Roundtrips are the reports of the synthetic mails.
func (o *Outcome) Roundtrips() []*roundtrip.Report {
	list := make([]*roundtrip.Report, len(o.Mails))
	for i := range o.Mails {
		list[i] = o.Mails[i].Report
	}
	return list
}

// beside is what the outcome has that is of no domain, for those who write it.
func (m *Monitor) beside(o *Outcome) *report.Beside {
	b := &report.Beside{Schema: report.RunSchemaID, Logs: len(m.Config.Logs.Paths) > 0, NotSent: o.NotSent}
	b.Configured = b.Logs || len(m.Config.Roundtrips) > 0
	for _, f := range o.Also() {
		b.Findings = append(b.Findings, report.Remark{Check: f.Check, Severity: f.Severity, Subject: f.Subject, Title: f.Title})
	}
	for i := range o.Mails {
		b.Roundtrips = append(b.Roundtrips, report.Roundtrip{Name: o.Mails[i].Name, Report: *o.Mails[i].Report})
	}
	for _, t := range o.Troubles {
		b.Errors = append(b.Errors, t.Error())
	}
	return b
}

// tellRoundtrips is what a target is to hear about the mails, as tellLogs is about logs. A
// target of some domains hears of the mails from and to these.
func (m *Monitor) tellRoundtrips(outbox *notify.Outbox, t *notify.Target, out *Outcome, now time.Time) []*notify.Notice {
	var list []*notify.Notice
	for i := range out.Mails {
		mail := &out.Mails[i]
		of := func(address string) bool {
			return slices.Contains(t.Domains, strings.ToLower(address[strings.LastIndexByte(address, '@')+1:]))
		}
		// What is not known ends nothing and begins nothing.
		if mail.Report.Verdict == roundtrip.Unknown || len(t.Domains) > 0 && !of(mail.of.From) && !of(mail.of.To) {
			continue
		}
		if n := standing(outbox, t, mail.subject(), mail.Findings(), now); n != nil {
			list = append(list, n)
		}
	}
	return list
}

// writeRoundtrips writes a line for each mail with which something is wrong; with always for
// each.
func writeRoundtrips(w io.Writer, out *Outcome, always bool) error {
	var b strings.Builder
	for i := range out.Mails {
		mail := &out.Mails[i]
		list := mail.Findings()
		for _, f := range list {
			fmt.Fprintf(&b, "roundtrip: %s: %s  (%s)\n", f.Severity, show.Escape(f.Title), f.Check)
		}
		if always && len(list) == 0 {
			took, _ := mail.Report.Took()
			fmt.Fprintf(&b, "roundtrip: %s: arrived, %s\n", show.Escape(mail.Name), show.Duration(took.Milliseconds()))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// keepRoundtrips puts the mails into the history.
func (l *ledger) keepRoundtrips(ctx context.Context) {
	for i := range l.out.Mails {
		if l.store == nil {
			return
		}
		r := l.out.Mails[i].Report
		if len(r.Earlier) > 0 {
			l.fail(l.countEarlier(ctx, l.out.Mails[i].Name, r.Earlier))
		}
		l.fail(l.store.AddRoundtrip(ctx, history.Roundtrip{Name: l.out.Mails[i].Name, MessageID: r.MessageID, Started: r.Began, Verdict: string(r.Verdict), Why: r.Why,
			DeliverMS: r.DeliverMS, SeenMS: r.SeenMS, Tries: len(r.Attempts), Duplicates: r.Duplicates}))
	}
}

// countEarlier adds the copies that came later to the mails of earlier runs.
func (l *ledger) countEarlier(ctx context.Context, name string, list []roundtrip.Earlier) error {
	mails, err := l.store.Roundtrips(ctx, name, 0)
	if err != nil {
		return err
	}
	for i := range list {
		at := slices.IndexFunc(mails, func(m history.Roundtrip) bool { return m.MessageID == list[i].MessageID })
		if at < 0 {
			continue
		}
		mails[at].Duplicates += list[i].Duplicates
		if err := l.store.AddRoundtrip(ctx, mails[at]); err != nil {
			return err
		}
	}
	return nil
}

// standing returns the notice of what is newly found, of the severity of the target; for one that
// hears of changes, from warnings on. Nil: nothing.
func standing(outbox *notify.Outbox, t *notify.Target, subject string, list []finding.Finding, now time.Time) *notify.Notice {
	after := report.Outcome{Verdict: report.Ready}
	for _, f := range list {
		if f.Severity.AtLeast(finding.Error) {
			after.Verdict = report.NotReady
		} else if after.Verdict == report.Ready {
			after.Verdict = report.ReadyWithWarnings
		}
	}
	limit := *t
	if t.When == notify.Change {
		limit.Severity = finding.Warning
	}
	if fresh := outbox.Standing(&limit, subject, list); len(fresh) > 0 {
		return notify.OfThreshold(subject, after, fresh, "", now)
	}
	return nil
}
