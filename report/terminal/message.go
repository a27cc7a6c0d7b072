package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/audit"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteMessage writes what was found about a message: a line an outcome, the
// findings, and the Authentication-Results field.
func WriteMessage(w io.Writer, m *audit.MessageResult, o Options) error {
	s := newScreen(o)
	author := m.From
	if author == "" {
		author = "no author domain"
	}
	s.line(s.bold(s.text("message from " + author)))
	s.envelope(m)
	s.blank()
	s.outcomes(m)
	r := &report.Report{Result: audit.Result{Domain: m.From, Findings: m.Findings, Queries: m.Queries}, DurationMS: m.DurationMS}
	s.findings(r)
	s.blank()
	for i, l := range strings.Split(m.AuthenticationResults, "\n") {
		if l = s.text(strings.TrimSpace(l)); i == 0 {
			s.line(l)
		} else {
			s.line("    " + l)
		}
	}
	s.blank()
	s.counts(r)
	return s.writeTo(w)
}

// envelope says what was taken for the client and the envelope sender, and why.
func (s *screen) envelope(m *audit.MessageResult) {
	c := &m.Client
	client := "client not known: " + c.Source
	if c.IP.IsValid() {
		client = fmt.Sprintf("client %s (%s)", c.IP, c.Source)
		if c.HELO != "" {
			client += ", HELO " + c.HELO
		}
	}
	sender := "envelope sender not known: " + c.MailFromSource
	if c.MailFrom != nil {
		sender = fmt.Sprintf("envelope sender <%s> (%s)", *c.MailFrom, c.MailFromSource)
	}
	s.hang("", "", s.text(client), s.dim)
	s.hang("", "", s.text(sender), s.dim)
	for _, note := range m.Headers.Notes {
		s.hang("", "", s.text(note), s.dim)
	}
}

// outcomes is the table of what SPF, each signature and DMARC came to.
func (s *screen) outcomes(m *audit.MessageResult) {
	var rows [][]string
	add := func(mark finding.Severity, name, result, text string) {
		rows = append(rows, []string{s.severity(mark, s.mark(mark)), name, result, s.text(text)})
	}
	if e := m.SPF; e != nil {
		text := fmt.Sprintf("%s for %s (%s)%s", e.IP, e.Domain, e.Identity, view.Alignment(m, "spf", 0))
		if e.Error != "" {
			text += ": " + e.Error
		}
		add(view.SPFMark(e.Result), "SPF", string(e.Result), text)
	} else {
		add(finding.Unknown, "SPF", "–", "not evaluated: "+m.SPFNotEvaluated)
	}
	for i, sig := range m.DKIM.Signatures {
		text := fmt.Sprintf("%s, selector %s, %s", sig.Domain, sig.Selector, sig.Algorithm)
		if sig.KeyBits > 0 {
			text += fmt.Sprintf(", %d bits", sig.KeyBits)
		}
		text += view.Alignment(m, "dkim", i)
		if sig.Reason != "" {
			text += ": " + sig.Reason
		}
		mark := view.DKIMMark(sig.Result)
		if sig.Disputed() {
			mark = finding.Warning
		}
		add(mark, "DKIM", string(sig.Result), text)
	}
	if len(m.DKIM.Signatures) == 0 {
		add(finding.Error, "DKIM", "none", "the message is not signed")
	}
	if v := m.DMARC; v != nil {
		text := v.Domain
		if v.EffectivePolicy != nil {
			text += ", policy " + string(*v.EffectivePolicy)
		}
		if v.PolicyDomain != nil && *v.PolicyDomain != v.Domain {
			text += " of " + *v.PolicyDomain
		}
		if v.Error != "" {
			text += ": " + v.Error
		}
		mark := view.DMARCMark(v.Result)
		if m.DMARCAcceptingLength != "" && v.Result == dmarc.ResultFail {
			mark = finding.Warning
		}
		add(mark, "DMARC", string(v.Result), text)
	} else {
		add(finding.Error, "DMARC", "–", "not applied: "+m.DMARCNotEvaluated)
	}
	for i := range rows {
		rows[i][2] = s.fold(rows[i][2])
	}
	s.list(nil, rows)
	if text := view.NotCheckedText((&report.Report{Result: audit.Result{Findings: m.Findings}})); text != "" {
		s.blank()
		s.hang("", "", s.text(text), s.dim)
	}
}
