package monitor

import (
	"context"
	"slices"
	"time"

	"mailworthy/notify"
	"mailworthy/report"
)

// prepare puts the notices into the outbox. It returns nil if nobody
// is to be notified, or if the outbox cannot be kept.
func (m *Monitor) prepare(out *Outcome, now time.Time) *notify.Outbox {
	if len(m.Config.Notifications) == 0 {
		return nil
	}
	trouble := func(err error) { out.trouble("notifications: %w", m.stateTrouble(err)) }
	file, err := m.state("-outbox.json")
	if err != nil {
		trouble(err)
		return nil
	}
	outbox, err := notify.OpenOutbox(file)
	if err != nil {
		trouble(err)
	}
	if outbox == nil {
		return nil
	}
	for i := range m.Config.Notifications {
		t := &m.Config.Notifications[i]
		var list []*notify.Notice
		for _, d := range out.Domains {
			if len(t.Domains) == 0 || slices.Contains(t.Domains, d.Report.Domain) {
				if n := m.tell(outbox, t, d, now); n != nil {
					list = append(list, n)
				}
			}
		}
		if n := m.tellLogs(outbox, t, out, now); n != nil {
			list = append(list, n)
		}
		list = append(list, m.tellRoundtrips(outbox, t, out, now)...)
		outbox.Add(t, list...)
	}
	if err := outbox.Save(); err != nil {
		trouble(err)
		return nil
	}
	return outbox
}

// tell returns the notice to a target about one domain; nil: there is nothing to report.
func (m *Monitor) tell(outbox *notify.Outbox, t *notify.Target, d Seen, now time.Time) *notify.Notice {
	one := d.Report
	domain, _ := m.Config.ForDomain(one.Domain)
	if t.When == notify.Change {
		if c := d.Changed(); c != nil {
			return notify.OfChange(c, domain.Owner, now)
		}
		return nil
	}
	// With a history the findings are those known: a night without an answer ends
	// nothing and begins nothing.
	stands := one.Findings
	after := report.OutcomeOf(one)
	if d.Observation != nil && d.Observation.Standing != nil {
		s := d.Observation.Standing
		stands = nil
		for _, f := range s.Findings {
			stands = append(stands, f.Finding)
		}
		after = report.Outcome{Verdict: s.Verdict, Score: s.Score.Value, Low: s.Score.Low, High: s.Score.High, Grade: s.Score.Grade}
	}
	if fresh := outbox.Standing(t, one.Domain, stands); len(fresh) > 0 {
		return notify.OfThreshold(one.Domain, after, fresh, domain.Owner, now)
	}
	return nil
}

// deliver sends what is in the outbox. A domain whose changes will be reported again is not
// settled.
func (m *Monitor) deliver(ctx context.Context, outbox *notify.Outbox, out *Outcome, told bool, now time.Time) {
	for _, d := range out.Domains {
		if told || d.Observation == nil || !changed(d.Observation.Changes) {
			outbox.Settle(d.Report.Domain)
		}
	}
	outbox.Settle(notify.Logs)
	for i := range out.Mails {
		outbox.Settle(out.Mails[i].subject())
	}
	out.Troubles = append(out.Troubles, outbox.Deliver(ctx, m.Sender, m.Config.Notifications, now)...)
	if err := outbox.Save(); err != nil {
		out.Troubles = append(out.Troubles, m.stateTrouble(err))
	}
}
