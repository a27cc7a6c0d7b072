package setup

import (
	"strings"

	"mailworthy/dmarc"
	"mailworthy/internal/show"
	"mailworthy/provider"
)

// dmarcAnswer is the DMARC policy of the domain, looked for once.
type dmarcAnswer struct{ found *dmarc.Discovery }

// Monitoring is a DMARC record to begin with, for a mailbox that takes reports.
const Monitoring = "v=DMARC1; p=none; rua=mailto:<reports: the mailbox that takes aggregate reports>"

// dmarcItem compares the policy of the domain.
func (c *check) dmarcItem(it *Item, r *provider.Record) {
	if c.dmarc == nil {
		c.dmarc = &dmarcAnswer{dmarc.Discover(c.ctx, c.ask, c.domain)}
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
	switch {
	case d.Policy != "":
		it.Status, it.Found, it.Expected = OK, d.Record.Text, d.Record.Text
		if d.PolicyDomain != c.domain {
			it.Detail = "It is that of " + d.PolicyDomain + "."
		}
		if d.Record.ASPF == dmarc.Strict && c.s.OwnEnvelope {
			it.Detail = join(it.Detail, "aspf=s: SPF at a host below the domain does not align, and mail of "+c.s.Name+" passes by DKIM alone")
		}
	case own != nil && len(own.Records) > 1:
		it.Found = strings.Join(own.Records, " | ")
		it.wrong("several", "There are %d DMARC records: receivers use none. Keep one.", len(own.Records))
		it.Expected = ""
	case d.Record != nil && d.Undecided.Policy == "":
		it.Found = d.Record.Text
		it.wrong("broken", "The record is in error, so that no receiver uses it (mailworthy dmarc check %s).", c.domain)
		it.Expected = ""
	case len(d.Strays) > 0 && d.Strays[0].Text != "":
		s := d.Strays[0]
		it.Found = s.Name + ` TXT "` + show.Cut(s.Text, 300) + `"`
		it.Expected = s.Text
		it.replaces(s.Name, "TXT", s.Text)
		it.wrong("name", "It stands at %s, where no receiver looks.", s.Name)
	case own != nil && len(own.Others) > 0 && looksLikeDMARC(own.Others[0].Text):
		it.Found = own.Others[0].Text
		it.wrong("broken", "The record does not begin with v=DMARC1, so that no receiver uses it (mailworthy dmarc check %s).", c.domain)
		it.Expected = ""
	case d.Undecided.Policy != "" && (own == nil || own.Outcome == dmarc.Unanswered):
		it.Status, it.Reason, it.Unanswered = Unknown, "unanswered", true
		it.Detail = "Which policy applies is not known: " + d.Undecided.Policy + "."
	default:
		c.absent(it, r)
	}
}

// looksLikeDMARC reports whether a text that is no policy record was meant to be one.
func looksLikeDMARC(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "dmarc") || strings.HasPrefix(strings.ReplaceAll(text, " ", ""), "p=")
}
