package typo

import (
	"net/netip"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/spf"
)

// compare holds what is published after against what was, and what was meant. As
// is "" or "plan", if all harm is of that kind.
func (x *inspection) compare(as string, before, after *report.Report, now facts, added, removed []finding.Record) {
	harm := func(kind, format string, args ...any) {
		if as != "" {
			kind, format = as, kind+": "+format
		}
		x.harm(kind, format, args...)
	}
	// A report that names an error of a domain's SPF without a complete fix, in its record
	// or in one below it that it leads to, does not claim that the others repair it.
	open := func(domain string) bool {
		led := func(name string) bool {
			_, service := x.Template.Envelope[name]
			return within(name, domain) && !service
		}
		return slices.ContainsFunc(before.Findings, func(f finding.Finding) bool {
			return f.Section == finding.SPF && f.Severity.AtLeast(finding.Error) && (f.Fix == nil || !f.Fix.Complete) &&
				(f.Subject == domain || led(f.Subject) || slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Name == domain }))
		})
	}
	// claims reports whether a complete fix publishes a record that says who may
	// send for a domain, or its policy.
	claims := func(of, domain string) bool {
		return slices.ContainsFunc(added, func(r finding.Record) bool {
			if _, service := x.Template.Envelope[r.Name]; service || domain != Domain {
				return kind(r) == of && r.Name == domain
			}
			return kind(r) == of && within(r.Name, Domain)
		})
	}
	for _, f := range after.Findings {
		if f.Severity.AtLeast(finding.Error) && !has(before, f) && !has(x.ideal, f) && !x.shows(f) && !newSender(before, f) {
			harm("new-finding", "%s %s: %s", f.Check, f.Subject, f.Detail)
		}
	}
	for _, c := range x.Template.clients() {
		meant, was, is := x.meant.spf[c], x.published.spf[c], now.spf[c]
		plain := client{c.domain, stranger}
		switch {
		case c.ip == stranger && usable(was) && strength(is) < min(strength(was), strength(meant)):
			harm("weaker-spf", "%s for a stranger to %s, %s before", is, c.domain, was)
		case c.ip == stranger:
			if claims("spf", c.domain) && usable(is) && strength(is) < strength(meant) &&
				!x.any(func(p *part) bool { return usable(p.facts.spf[c]) && strength(p.facts.spf[c]) <= strength(is) }) {
				harm("weaker-spf", "%s for a stranger to %s, where %s was meant", is, c.domain, meant)
			}
		case is == spf.Pass:
		case was == spf.Pass:
			harm("lost-sender", "%s has %s for %s, and passed before", c.ip, is, c.domain)
		case !open(c.domain) && claims("spf", c.domain) && !x.any(func(p *part) bool { return usable(p.facts.spf[plain]) && p.facts.spf[c] != spf.Pass }) &&
			!x.any(func(p *part) bool { return p.n == 1 && len(x.Mistakes) > 1 && p.mended.spf[c] != spf.Pass }):
			harm("lost-sender", "%s has %s for %s by what is called a complete record, and was meant to pass", c.ip, is, c.domain)
		}
	}
	for name, meant := range x.meant.policy {
		was, is := x.published.policy[name], now.policy[name]
		switch {
		case level(is) < min(level(was), level(meant)):
			harm("weaker-dmarc", "%q for %s, %q before", is, name, was)
		case claims("dmarc", Domain) && level(is) < level(meant) && !x.any(func(p *part) bool {
			return level(p.facts.policy[name]) <= level(is) && (p.facts.record != nil || p.n < len(x.Mistakes))
		}):
			harm("weaker-dmarc", "%q for %s by what is called a complete record, where %q was meant", is, name, meant)
		}
	}
	if m, p, n := x.meant.record, x.published.record, now.record; m != nil && n != nil {
		strict := func(a, b bool) int {
			v := 0
			if a {
				v++
			}
			if b {
				v++
			}
			return v
		}
		if p != nil && p.ADKIM == m.ADKIM && p.ASPF == m.ASPF && strict(n.ADKIM == "s", n.ASPF == "s") < strict(p.ADKIM == "s", p.ASPF == "s") {
			harm("weaker-dmarc", "the alignment is %s and %s, and was %s and %s", n.ADKIM, n.ASPF, p.ADKIM, p.ASPF)
		}
	}
	if now.record != nil && claims("dmarc", Domain) {
		var texts strings.Builder
		for _, r := range x.Records {
			if r.Type == "TXT" && (r.Name == "_dmarc."+Domain || slices.ContainsFunc(removed, func(o finding.Record) bool { return same(o, r) })) {
				texts.WriteString(r.Value + "\n")
			}
		}
		for _, m := range x.meant.mailboxes() {
			if strings.Contains(texts.String(), m) && !slices.Contains(now.mailboxes(), m) &&
				!x.any(func(p *part) bool {
					return p.facts.record != nil && !slices.Contains(p.facts.mailboxes(), m) && len(p.facts.mailboxes()) > 0
				}) {
				harm("lost-mailbox", "%s is not in %q", m, now.record.Text)
			}
		}
	}
	for name, meant := range x.meant.keys {
		was, is := x.published.keys[name], now.keys[name]
		switch {
		case meant == "" || is == meant:
		case was == meant:
			harm("lost-key", "the key at %s was good and is %.20q", name, is)
		case is != "" && is != was && !x.any(func(p *part) bool { return p.facts.keys[name] == is }):
			harm("lost-key", "the key at %s is another by what is called a complete record", name)
		}
	}
	for _, host := range x.meant.mx {
		if slices.Contains(x.published.mx, host) && !slices.Contains(now.mx, host) {
			harm("lost-mx", "%s", host)
		}
	}
	if after.Profile != before.Profile && after.Profile != x.ideal.Profile && !x.any(func(p *part) bool { return p.n < len(x.Mistakes) && p.report.Profile == after.Profile }) {
		harm("profile", "%s (%s), and was %s (%s)", after.Profile, after.ProfileWhy, before.Profile, before.ProfileWhy)
	}
}

// any reports whether a test is true of the zone with some of the mistakes, or all:
// then the records say so, and nobody can know that it is a mistake.
func (x *inspection) any(test func(p *part) bool) bool {
	if x.parts == nil {
		for set := 1; set < 1<<len(x.Mistakes); set++ {
			var some []Mistake
			for i, m := range x.Mistakes {
				if set>>i&1 == 1 {
					some = append(some, m)
				}
			}
			records := Apply(x.Template.Records, some)
			r, err := x.world.With(records)
			if err != nil {
				continue
			}
			p := part{n: len(some), facts: learn(x.ctx, r, x.Template), report: run(x.ctx, r, x.Template.Target, nil)}
			records, _ = with(records, complete(p.report))
			if r, err = x.world.With(records); err == nil {
				p.mended = learn(x.ctx, r, x.Template)
			}
			x.parts = append(x.parts, p)
		}
	}
	for i := range x.parts {
		if test(&x.parts[i]) {
			return true
		}
	}
	return false
}

// shows reports whether some of the mistakes, without the others, have the same
// finding: then it was there, and hidden behind another.
func (x *inspection) shows(f finding.Finding) bool {
	return x.any(func(p *part) bool { return p.n < len(x.Mistakes) && has(p.report, f) })
}

// newSender reports whether a finding is about the host of an address that the
// audit before did not know to send.
func newSender(before *report.Report, f finding.Finding) bool {
	ip, err := netip.ParseAddr(f.Subject)
	return err == nil && f.Section == finding.Hosts && !slices.ContainsFunc(before.Examined.Senders, func(s audit.Sender) bool { return s.Addr == ip })
}

// has reports whether a report has the finding, as bad or worse.
func has(r *report.Report, f finding.Finding) bool {
	return slices.ContainsFunc(r.Findings, func(g finding.Finding) bool {
		return g.Check == f.Check && strings.EqualFold(g.Subject, f.Subject) && g.Severity.AtLeast(f.Severity)
	})
}
