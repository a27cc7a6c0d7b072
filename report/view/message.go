package view

import (
	"cmp"
	"fmt"
	"strings"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/spf"
)

// MessageDoc is what was found about a message: a line an outcome, the findings, and
// the Authentication-Results field.
func MessageDoc(m *audit.MessageResult) *Doc {
	title := Title{Text: T("message from " + cmp.Or(m.From, "no author domain")), Lines: envelope(m)}
	d := &Doc{}
	d.Add(title, outcomes(m))
	if text := NotCheckedText(&report.Report{Result: audit.Result{Findings: m.Findings}}); text != "" {
		d.Add(Aside(text))
	}
	d.Add(Findings{Domain: m.From, List: m.Findings})
	var field Pre
	for i, l := range strings.Split(m.AuthenticationResults, "\n") {
		if l = strings.TrimSpace(l); i > 0 {
			l = "    " + l
		}
		field.Lines = append(field.Lines, l)
	}
	d.Add(field, Counted{Findings: m.Findings, Queries: m.Queries, DurationMS: m.DurationMS})
	return d
}

// envelope says what was taken for the client and the envelope sender, and why.
func envelope(m *audit.MessageResult) []Text {
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
	return append(Texts(client, sender), Texts(m.Headers.Notes...)...)
}

// outcomes is the table of what SPF, each signature and DMARC came to.
func outcomes(m *audit.MessageResult) Table {
	var table Table
	add := func(mark finding.Severity, name, result, text string) {
		table.Rows = append(table.Rows, []Text{Marked(mark, ""), T(name), T(result), T(text)})
	}
	if e := m.SPF; e != nil {
		add(spfMark(e.Result), "SPF", string(e.Result), fmt.Sprintf("%s for %s (%s)%s", e.IP, e.Domain, e.Identity, alignment(m, "spf", 0))+show.OrEmpty(": ", e.Error))
	} else {
		add(finding.Unknown, "SPF", "–", "not evaluated: "+m.SPFNotEvaluated)
	}
	for i, sig := range m.DKIM.Signatures {
		text := fmt.Sprintf("%s, selector %s, %s", sig.Domain, sig.Selector, sig.Algorithm)
		if sig.KeyBits > 0 {
			text += fmt.Sprintf(", %d bits", sig.KeyBits)
		}
		mark := dkimMark(sig.Result)
		if sig.Disputed() {
			mark = finding.Warning
		}
		add(mark, "DKIM", string(sig.Result), text+alignment(m, "dkim", i)+show.OrEmpty(": ", sig.Reason))
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
		mark := dmarcMark(v.Result)
		if m.DMARCAcceptingLength != "" && v.Result == dmarc.ResultFail {
			mark = finding.Warning
		}
		add(mark, "DMARC", string(v.Result), text+show.OrEmpty(": ", v.Error))
	} else {
		add(finding.Error, "DMARC", "–", "not applied: "+m.DMARCNotEvaluated)
	}
	return table
}

// alignment says whether the n-th identity of a kind aligns with the author domain.
// Only one that passes can.
func alignment(m *audit.MessageResult, kind string, n int) string {
	if m.DMARC == nil {
		return ""
	}
	for _, id := range m.DMARC.Identifiers {
		if id.Kind != kind {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		switch {
		case id.Result != "pass":
			return ""
		case id.Aligned == nil:
			return ", alignment not known"
		case *id.Aligned:
			return ", aligned"
		}
		return ", not aligned"
	}
	return ""
}

func spfMark(r spf.Result) finding.Severity {
	switch r {
	case spf.Pass:
		return finding.Pass
	case spf.TempError:
		return finding.Unknown
	case spf.NotChecked:
		return finding.NotChecked
	case spf.Fail, spf.PermError:
		return finding.Error
	}
	return finding.Warning
}

func dkimMark(r dkim.Result) finding.Severity {
	switch r {
	case dkim.Pass:
		return finding.Pass
	case dkim.TempError:
		return finding.Unknown
	case dkim.NotChecked:
		return finding.NotChecked
	}
	return finding.Error
}

func dmarcMark(r dmarc.Result) finding.Severity {
	switch r {
	case dmarc.ResultPass:
		return finding.Pass
	case dmarc.ResultTempError:
		return finding.Unknown
	case dmarc.ResultNotChecked:
		return finding.NotChecked
	}
	return finding.Error
}
