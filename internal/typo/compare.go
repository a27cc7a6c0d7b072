package typo

import (
	"net/netip"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/report"
	"mailworthy/spf"
)

// comparison holds what is published after some fixes against what was, and what was meant.
type comparison struct {
	*inspection
	// as is "" or "plan", if all harm is of that kind.
	as             string
	before, after  *report.Report
	now            facts
	added, removed []finding.Record
}

func (c *comparison) all() {
	c.newFindings()
	c.senders()
	c.policies()
	c.mailboxes()
	c.transport()
	c.keysAndHosts()
}

func (c *comparison) harm(kind, format string, args ...any) {
	if c.as != "" {
		kind, format = c.as, kind+": "+format
	}
	c.inspection.harm(kind, format, args...)
}

// open: a report that names an error of a domain's SPF without a complete fix, in its record
// or in one below it that it leads to, does not claim that the others repair it.
func (c *comparison) open(domain string) bool {
	led := func(name string) bool {
		_, service := c.Template.Envelope[name]
		return within(name, domain) && !service
	}
	return slices.ContainsFunc(c.before.Findings, func(f finding.Finding) bool {
		return f.Section == finding.SPF && f.Severity.AtLeast(finding.Error) && (f.Fix == nil || !f.Fix.Complete) &&
			(f.Subject == domain || led(f.Subject) || slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Type == "TXT" && led(e.Name) || e.Name == domain }))
	})
}

// claims reports whether a complete fix publishes a record that says who may
// send for a domain, or its policy.
func (c *comparison) claims(of, domain string) bool {
	return slices.ContainsFunc(c.added, func(r finding.Record) bool {
		if _, service := c.Template.Envelope[r.Name]; service || domain != Domain {
			return kind(r) == of && r.Name == domain
		}
		return kind(r) == of && within(r.Name, Domain) && (r.Name == Domain || !c.receives(r.Name))
	})
}

// receives: a name below the domain that has MX records, also by mistake, is a return path of its own,
// whose SPF record says nothing of the domain.
func (c *comparison) receives(name string) bool {
	return slices.ContainsFunc(c.Records, func(r finding.Record) bool { return r.Type == "MX" && r.Name == name })
}

// newFindings are errors that were there neither before nor where nothing is wrong.
func (c *comparison) newFindings() {
	for _, f := range c.after.Findings {
		if f.Severity.AtLeast(finding.Error) && !has(c.before, f) && !has(c.ideal, f) && !c.shows(f) && !newSender(c.before, f) {
			c.harm("new-finding", "%s %s: %s", f.Check, f.Subject, f.Detail)
		}
	}
}

// senders: strangers get no more than they had or were meant to have, senders no less.
func (c *comparison) senders() {
	for _, from := range c.Template.clients() {
		meant, was, is := c.meant.spf[from], c.published.spf[from], c.now.spf[from]
		plain := client{from.domain, stranger}
		switch {
		case from.ip == stranger && usable(was) && strength(is) < min(strength(was), strength(meant)):
			c.harm("weaker-spf", "%s for a stranger to %s, %s before", is, from.domain, was)
		case from.ip == stranger:
			if c.claims("spf", from.domain) && usable(is) && strength(is) < strength(meant) &&
				!c.any(func(p *subset) bool { return usable(p.facts.spf[from]) && strength(p.facts.spf[from]) <= strength(is) }) {
				c.harm("weaker-spf", "%s for a stranger to %s, where %s was meant", is, from.domain, meant)
			}
		case is == spf.Pass:
		case was == spf.Pass:
			c.harm("lost-sender", "%s has %s for %s, and passed before", from.ip, is, from.domain)
		case !c.open(from.domain) && c.claims("spf", from.domain) && !c.any(func(p *subset) bool { return usable(p.facts.spf[plain]) && p.facts.spf[from] != spf.Pass }) &&
			!c.any(func(p *subset) bool { return p.n == 1 && len(c.Mistakes) > 1 && p.mended.spf[from] != spf.Pass }):
			c.harm("lost-sender", "%s has %s for %s by what is called a complete record, and was meant to pass", from.ip, is, from.domain)
		}
	}
}

// policies and the alignment they ask for are no weaker than before, and than meant.
func (c *comparison) policies() {
	for name, meant := range c.meant.policy {
		was, is := c.published.policy[name], c.now.policy[name]
		switch {
		case level(is) < min(level(was), level(meant)):
			c.harm("weaker-dmarc", "%q for %s, %q before", is, name, was)
		case c.claims("dmarc", Domain) && level(is) < level(meant) && !c.any(func(p *subset) bool {
			return level(p.facts.policy[name]) <= level(is) && (p.facts.record != nil || p.n < len(c.Mistakes))
		}):
			c.harm("weaker-dmarc", "%q for %s by what is called a complete record, where %q was meant", is, name, meant)
		}
	}
	if m, p, n := c.meant.record, c.published.record, c.now.record; m != nil && n != nil {
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
			c.harm("weaker-dmarc", "the alignment is %s and %s, and was %s and %s", n.ADKIM, n.ASPF, p.ADKIM, p.ASPF)
		}
	}
}

// mailboxes for reports that were written somewhere are still reported to.
func (c *comparison) mailboxes() {
	if c.now.record != nil && c.claims("dmarc", Domain) {
		var texts strings.Builder
		for _, r := range c.Records {
			if r.Type == "TXT" && (r.Name == "_dmarc."+Domain || slices.ContainsFunc(c.removed, func(o finding.Record) bool { return same(o, r) })) {
				texts.WriteString(r.Value + "\n")
			}
		}
		for _, m := range c.meant.mailboxes() {
			if shows(texts.String(), m) && !slices.Contains(c.now.mailboxes(), m) &&
				!c.any(func(p *subset) bool {
					return p.facts.record != nil && !slices.Contains(p.facts.mailboxes(), m) && len(p.facts.mailboxes()) > 0
				}) {
				c.harm("lost-mailbox", "%s is not in %q", m, c.now.record.Text)
			}
		}
	}
}

// shows reports whether a mailbox can be read in a text. Behind a mark and one letter more it is another
// one, as far as anybody can tell: "mailt:ijohn.doe@…".
func shows(text, mailbox string) bool {
	for from := 0; ; from++ {
		at := strings.Index(text[from:], mailbox)
		if at < 0 {
			return false
		}
		if from += at; from < 2 || !ascii.IsAlphanumeric(text[from-1]) || ascii.IsAlphanumeric(text[from-2]) {
			return true
		}
	}
}

// keysAndHosts: what was right of keys and MX still is, and so is what the domain is for.
func (c *comparison) keysAndHosts() {
	for name, meant := range c.meant.keys {
		was, is := c.published.keys[name], c.now.keys[name]
		switch {
		case meant == "" || is == meant:
		case was == meant:
			c.harm("lost-key", "the key at %s was good and is %.20q", name, is)
		case is != "" && is != was && !c.blanksAlike(name, meant, is) && !c.any(func(p *subset) bool { return p.facts.keys[name] == is }):
			c.harm("lost-key", "the key at %s is another by what is called a complete record", name)
		}
	}
	for _, host := range c.meant.mx {
		if slices.Contains(c.published.mx, host) && !slices.Contains(c.now.mx, host) {
			c.harm("lost-mx", "%s", host)
		}
	}
	if c.after.Profile != c.before.Profile && c.after.Profile != c.ideal.Profile && !c.any(func(p *subset) bool { return p.n < len(c.Mistakes) && p.report.Profile == c.after.Profile }) {
		c.harm("profile", "%s (%s), and was %s (%s)", c.after.Profile, c.after.ProfileWhy, c.before.Profile, c.before.ProfileWhy)
	}
}

// blanksAlike reports whether a key is the published one with "+" for each blank, of which all
// but one stand for "+": nothing shows that this one does not, be it in the place of a
// character or typed before one where another is lost.
func (c *comparison) blanksAlike(name, meant, is string) bool {
	plus := strings.Count(meant, "+")
	return len(is) == len(meant) && plus > 1 && strings.Count(is, "+") == plus+1 && slices.ContainsFunc(c.Records, func(r finding.Record) bool {
		_, key, ok := strings.Cut(r.Value, "p=")
		return r.Name == name && ok && strings.Count(key, " ") == plus+1 && strings.ReplaceAll(key, " ", "+") == is
	})
}

// transport holds what the records of transport security name against what was meant. The
// id of MTA-STS only has to be one.
func (c *comparison) transport() {
	for of, name := range places {
		is, meant := c.now.named[of], c.meant.named[of]
		if !slices.ContainsFunc(c.added, func(r finding.Record) bool { return r.Name == name && r.Type == "TXT" }) || of == "mta-sts" && len(is) == 1 && is[0] != "" {
			continue
		}
		var texts strings.Builder
		for _, r := range c.Records {
			if r.Type == "TXT" && r.Name == name {
				texts.WriteString(r.Value + "\n")
			}
		}
		for _, m := range meant {
			// What the record does not show letter by letter, nobody but the owner knows; and one
			// that validly names something else shows what it shows.
			_, bare, _ := strings.Cut(m, ":")
			if !slices.Contains(is, m) && strings.Contains(texts.String(), bare) && !c.any(func(p *subset) bool {
				return slices.ContainsFunc(p.facts.named[of], func(o string) bool { return !slices.Contains(meant, o) && slices.Contains(is, o) })
			}) {
				c.harm("lost-named", "%s names %q by what is called a complete record, not %q", name, is, m)
			}
		}
		for _, o := range is {
			mailbox, mail := strings.CutPrefix(o, "mailto:")
			if !slices.Contains(meant, o) && !(mail && strings.Contains(strings.ToLower(strings.ReplaceAll(texts.String(), " ", "")), strings.ToLower(mailbox))) && !c.any(func(p *subset) bool { return slices.Contains(p.facts.named[of], o) }) {
				c.harm("invented", "%s names %q by what is called a complete record", name, o)
			}
		}
	}
}

// any reports whether a test is true of the zone with some of the mistakes, or all:
// then the records say so, and nobody can know that it is a mistake.
func (x *inspection) any(test func(p *subset) bool) bool {
	if x.subsets == nil {
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
			p := subset{n: len(some), facts: learn(x.ctx, r, x.Template), report: run(x.ctx, r, x.Template.Target, nil)}
			records, _ = with(records, complete(p.report))
			if r, err = x.world.With(records); err == nil {
				p.mended = learn(x.ctx, r, x.Template)
			}
			x.subsets = append(x.subsets, p)
		}
	}
	for i := range x.subsets {
		if test(&x.subsets[i]) {
			return true
		}
	}
	return false
}

// shows reports whether some of the mistakes, without the others, have the same
// finding: then it was there, and hidden behind another.
func (x *inspection) shows(f finding.Finding) bool {
	return x.any(func(p *subset) bool { return p.n < len(x.Mistakes) && has(p.report, f) })
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
