package setup

import (
	"slices"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
)

// dmarcAnswer is the DMARC policy of the domain, looked for once.
type dmarcAnswer struct{ found *dmarc.Discovery }

// Monitoring is a DMARC record to begin with, for a mailbox that takes reports.
const Monitoring = "v=DMARC1; p=none; rua=mailto:<reports: the mailbox that takes aggregate reports>"

// dmarcItem compares the policy of the domain.
func (c *check) dmarcItem(it *Item, r *provider.Record) {
	if c.dmarc == nil {
		c.dmarc = &dmarcAnswer{}
		b := resolver.NewBatch(c.ctx, c.ask)
		dmarc.Begin(b, c.domain, c.namesBelow, nil, nil, func(d *dmarc.Discovery, _ []dmarc.Alignment) { c.dmarc.found = d })
		b.Run()
	}
	d := c.dmarc.found
	it.Expected = Monitoring
	if t := c.o.Tokens["reports"]; t != "" {
		it.Expected = strings.NewReplacer("<reports: the mailbox that takes aggregate reports>", t).Replace(Monitoring)
	}
	if len(d.Walk) > 0 {
		it.Evidence = append(it.Evidence, d.Walk[0].Evidence)
	}
	var own *dmarc.Step
	if len(d.Walk) > 0 {
		own = &d.Walk[0]
	}
	m := c.dmarcMistake(d)
	switch {
	case m != nil:
		c.dmarcMistaken(it, d, own, m)
	case d.Policy != "":
		it.Status, it.Found, it.Expected = OK, d.Record.Text, d.Record.Text
		if d.PolicyDomain != c.domain {
			it.Detail = "It is that of " + d.PolicyDomain + "."
		}
		if d.Record.ASPF == dmarc.Strict && c.s.OwnEnvelope {
			it.Detail = join(it.Detail, "aspf=s: SPF at a host below the domain does not align, and mail of "+c.s.Name+" passes by DKIM alone")
		}
	case d.Record != nil && d.Undecided.Policy == "":
		it.Found = d.Record.Text
		it.wrong("broken", "The record is in error, so that no receiver uses it (mailworthy dmarc check %s).", c.domain)
		it.Expected = ""
	case d.Undecided.Policy != "" && (own == nil || own.Outcome == dmarc.Unanswered):
		it.Status, it.Reason, it.Unanswered = Unknown, "unanswered", true
		it.Detail = "Which policy applies is not known: " + d.Undecided.Policy + "."
	case own != nil && len(own.Evidence.CNAMEs) > 0:
		it.Found = own.Name + " CNAME " + own.Evidence.CNAMEs[0]
		it.replaces(own.Name, "CNAME", own.Evidence.CNAMEs[0])
		it.wrong("alias", "%s is an alias to %s, where no DMARC record is, and no other record may stand beside it.", own.Name, own.Evidence.CNAMEs[0])
		it.occupied("Who runs the policy there can publish it.")
	default:
		c.absent(it, r)
	}
}

// dmarcMistaken says what is the matter with a record that is not in force as it was meant,
// and proposes the one that was.
func (c *check) dmarcMistaken(it *Item, d *dmarc.Discovery, own *dmarc.Step, m *mistake) {
	it.Expected, it.Remove = m.text, m.remove
	switch {
	case m.check == "dmarc-multiple-records":
		it.Found = strings.Join(own.Records, " | ")
		it.wrong("several", "There are %d DMARC records: receivers use none. Keep one.", len(own.Records))
	case m.check == "dmarc-wrong-name":
		s := d.Strays[max(slices.IndexFunc(d.Strays, func(s dmarc.Stray) bool { return s.Text != "" }), 0)]
		it.Found = s.Name + ` TXT "` + show.Cut(s.Text, 300) + `"`
		it.wrong("name", "It stands at %s, where no receiver looks.", s.Name)
	case m.check == "dmarc-version" && len(own.Others) > 0:
		it.Found = own.Others[0].Text
		it.wrong("broken", "The record does not begin with v=DMARC1, so that no receiver uses it (mailworthy dmarc check %s).", c.domain)
	default:
		if d.Record != nil {
			it.Found = d.Record.Text
			if len(it.Remove) == 0 && it.Expected != "" {
				it.replaces(it.Name, "TXT", it.Found)
			}
		}
		it.wrong("broken", "%s", m.detail)
	}
	if i := slices.IndexFunc(d.Strays, func(s dmarc.Stray) bool { return s.Text != "" }); i >= 0 && m.check != "dmarc-wrong-name" {
		it.occupied("%s has a DMARC record as well (%s): compare the two first.", d.Strays[i].Name, show.Cut(d.Strays[i].Text, 300))
	}
	if it.Expected == "" {
		it.Remove = nil
		if m.check != "dmarc-version" {
			it.Detail += " How to correct it, mailworthy audit " + c.domain + " says."
		}
	}
}
