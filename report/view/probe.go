package view

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/smtp/probe"
)

// probeColumns are the columns of a probe, with the step that each is.
var probeColumns = []struct{ title, step string }{
	{"connect", probe.StepConnect}, {"banner", probe.StepBanner}, {"EHLO", probe.StepEHLO}, {"STARTTLS", probe.StepSTARTTLS}, {"TLS", probe.StepTLS},
	{"login", probe.StepAuth}, {"MAIL", probe.StepMail}, {"RCPT", probe.StepRcpt}, {"QUIT", probe.StepQuit},
}

// ProbeDoc is a probe: a row for each endpoint and a column for each step, what was
// agreed on, the findings, and for who wants to know more what was said.
func ProbeDoc(r *probe.Report) *Doc {
	d := &Doc{Name: "SMTP probe"}
	for i := range r.Targets {
		t := &r.Targets[i]
		title := Title{Text: T(t.Target + "  probe"), Status: ProbeStatus(t)}
		if i == 0 && r.From != "" {
			title.Lines = Texts("from " + r.From + show.OrEmpty(" as ", r.HELO))
		}
		d.Add(title)
		if len(t.Endpoints) > 0 {
			d.Add(probeTable(t))
		}
		d.Add(probeFacts(t)...)
		var list []finding.Finding
		for _, f := range t.Findings {
			switch f.Severity {
			case finding.Pass:
			case finding.Info:
				d.Add(Note{Severity: finding.Info, Text: T(f.Detail)})
			default:
				list = append(list, f)
			}
		}
		if len(list) > 0 {
			d.Add(Findings{Domain: t.Target, List: list})
		}
		for k := range t.Endpoints {
			e := &t.Endpoints[k]
			if len(e.Transcript) == 0 {
				continue
			}
			pre := Pre{Caption: "transcript of " + EndpointName(e)}
			for _, s := range e.Transcript {
				pre.Lines = append(pre.Lines, SaidLine(s))
			}
			d.Add(Details{Title: pre.Caption, Blocks: []Block{pre}})
		}
	}
	return d
}

// EndpointName is an endpoint as host:port, with its address if the host is a name.
func EndpointName(e *probe.Endpoint) string {
	name := net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
	if e.Address != "" && e.Address != e.Host {
		name += " " + e.Address
	}
	return name
}

// shortName is EndpointName, without the address if the host has no other.
func shortName(t *probe.Target, e *probe.Endpoint) string {
	for i := range t.Endpoints {
		if o := &t.Endpoints[i]; o.Host == e.Host && o.Address != e.Address {
			return EndpointName(e)
		}
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// ProbeStatus returns the status of a target: its worst finding.
func ProbeStatus(t *probe.Target) Text {
	worst, n := finding.Pass, 0
	for _, f := range t.Findings {
		switch {
		case f.Severity.Rank() > worst.Rank():
			worst, n = f.Severity, 1
		case f.Severity == worst:
			n++
		}
	}
	if worst.Rank() <= finding.Info.Rank() {
		return Marked(finding.Pass, "good")
	}
	if worst == finding.Unknown {
		return Marked(worst, fmt.Sprintf("%d unknown", n))
	}
	return Marked(worst, show.Counted(n, string(worst)))
}

// stepOf is the step of an endpoint to show in a column: of two EHLO the one that went
// wrong.
func stepOf(e *probe.Endpoint, name string) *probe.Step {
	var found *probe.Step
	for i := range e.Steps {
		s := &e.Steps[i]
		if s.Step != name || found != nil && (s.Outcome == probe.NotTried || found.Outcome != probe.OK && found.Outcome != probe.NotTried) {
			continue
		}
		found = s
	}
	return found
}

func probeTable(t *probe.Target) Table {
	table := Table{Header: []string{"endpoint"}}
	var columns []string
	for _, c := range probeColumns {
		if slices.ContainsFunc(t.Endpoints, func(e probe.Endpoint) bool { return stepOf(&e, c.step) != nil }) {
			table.Header, columns = append(table.Header, c.title), append(columns, c.step)
		}
	}
	for i := range t.Endpoints {
		e := &t.Endpoints[i]
		row := []Text{T(shortName(t, e))}
		for _, name := range columns {
			s := stepOf(e, name)
			if resolve := stepOf(e, probe.StepResolve); name == probe.StepConnect && resolve != nil && resolve.Outcome != probe.OK {
				text := "DNS " + string(resolve.Outcome)
				if resolve.Outcome == probe.Unreachable {
					text = "no address"
				}
				row = append(row, Marked(finding.Error, text))
				continue
			}
			row = append(row, stepText(s))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func stepText(s *probe.Step) Text {
	switch {
	case s == nil:
		return T("")
	case s.Outcome == probe.OK:
		return Marked(finding.Pass, show.Duration(s.DurationMS))
	case s.Outcome == probe.NotTried && s.Detail == "not offered":
		return Marked(finding.Warning, s.Detail)
	case s.Outcome == probe.NotTried:
		return SoftText("-")
	}
	return Marked(finding.Error, string(s.Outcome))
}

// probeFacts say what the sessions showed: greeting, TLS, certificate, mechanisms.
func probeFacts(t *probe.Target) []Block {
	var out []Block
	for i := range t.Endpoints {
		e := &t.Endpoints[i]
		f := Facts{}
		if e.Banner != nil {
			f.Facts = append(f.Facts, Fact{"banner", T(show.Cut(strings.ReplaceAll(*e.Banner, "\n", " "), 160))})
		}
		if e.TLS != nil {
			f.Facts = append(f.Facts, Fact{"TLS", T(e.TLS.Version + ", " + e.TLS.Cipher)})
		}
		if len(e.TLSVersions) > 0 {
			f.Facts = append(f.Facts, Fact{"TLS versions", versionsText(e.TLSVersions)})
		}
		if c := e.Certificate; c != nil {
			text := cmp.Or(c.Listed(4), "no name") + ", until " + c.NotAfter.Format(time.DateOnly) + ", " + c.Key
			if c.Key == "RSA" {
				text += " " + strconv.Itoa(c.KeyBits)
			}
			switch {
			case c.Verified == nil:
				f.Facts = append(f.Facts, Fact{"certificate", Joined(T(text+"  "), Marked(finding.Unknown, "trust not known"))})
			case *c.Verified:
				f.Facts = append(f.Facts, Fact{"certificate", Joined(T(text+"  "), Marked(finding.Pass, "verifies"))})
			default:
				f.Facts = append(f.Facts, Fact{"certificate", Joined(T(text+"  "), Marked(finding.Warning, strings.Join(c.Reasons, "; ")))})
			}
		}
		if e.MTASTS != nil && e.DANE != nil {
			f.Facts = append(f.Facts, Fact{"verdicts", Joined(T("PKIX "), pkixText(e), T("   MTA-STS "), policyText(*e.MTASTS), T("   DANE "), policyText(*e.DANE))})
		}
		if b := e.BareLF; b != nil && *b {
			f.Facts = append(f.Facts, Fact{"bare LF", Marked(finding.Notice, "taken for the end of a command")})
		} else if b != nil {
			f.Facts = append(f.Facts, Fact{"bare LF", Marked(finding.Pass, "not taken for the end of a command")})
		}
		if len(e.EndsOfData) > 0 {
			f.Facts = append(f.Facts, Fact{"end of data", endsOfDataText(e.EndsOfData)})
		}
		lines := e.EHLO
		if len(e.EHLOTLS) > 0 {
			lines = e.EHLOTLS
		}
		if len(lines) > 0 {
			f.Facts = append(f.Facts, Fact{"offers", T(offered(lines))})
		}
		for _, s := range e.Steps {
			if s.Step == probe.StepAuth && s.Detail != "" {
				f.Facts = append(f.Facts, Fact{"login", T(show.Cut(s.Detail, 300))})
			}
		}
		if len(f.Facts) > 0 {
			out = append(out, Section{Title: EndpointName(e), Blocks: []Block{f}})
		}
	}
	return out
}

// offered are the first keywords of an EHLO answer on a few lines, however long they are.
func offered(lines []string) string {
	short := make([]string, len(lines))
	room, most := 400, 0
	for i, line := range lines {
		short[i] = show.Cut(line, 80)
		if room -= utf8.RuneCountInString(short[i]) + 2; room >= 0 {
			most++
		}
	}
	return show.Listed(short, most)
}

// endsOfDataText says which wrong ends of a message are taken.
func endsOfDataText(list []probe.EndOfData) Text {
	var parts []Text
	for i, d := range list {
		if i > 0 {
			parts = append(parts, T("   "))
		}
		switch {
		case d.Taken == nil:
			parts = append(parts, Marked(finding.Unknown, d.Sent+" unknown"))
		case *d.Taken:
			parts = append(parts, Marked(finding.Error, d.Sent+" taken"))
		default:
			parts = append(parts, Marked(finding.Pass, d.Sent+" not taken"))
		}
	}
	return Joined(parts...)
}

// versionsText says which versions of TLS are accepted.
func versionsText(list []probe.TLSVersion) Text {
	var parts []Text
	for i, v := range list {
		if i > 0 {
			parts = append(parts, T("   "))
		}
		old := v.Version == "1.0" || v.Version == "1.1"
		switch {
		case v.Accepted == nil:
			parts = append(parts, Marked(finding.Unknown, v.Version+" unknown"))
		case *v.Accepted && old:
			parts = append(parts, Marked(finding.Warning, v.Version+" accepted"))
		case *v.Accepted:
			parts = append(parts, Marked(finding.Pass, v.Version+" accepted"))
		default:
			parts = append(parts, SoftText(v.Version+" refused"))
		}
	}
	return Joined(parts...)
}

// pkixText, and policyText for the policies of a domain, are verdicts on a certificate.
func pkixText(e *probe.Endpoint) Text {
	switch c := e.Certificate; {
	case c == nil:
		return SoftText("no certificate")
	case c.Verified == nil:
		return Marked(finding.Unknown, "unknown")
	case *c.Verified:
		return Marked(finding.Pass, "verifies")
	default:
		return Marked(finding.Warning, "does not verify")
	}
}

func policyText(verdict string) Text {
	switch verdict {
	case probe.PolicyMatch:
		return Marked(finding.Pass, verdict)
	case probe.PolicyMismatch:
		return Marked(finding.Error, verdict)
	case probe.PolicyNone:
		return SoftText(verdict)
	case probe.PolicyUnusable, probe.PolicyInsecure:
		return Marked(finding.Notice, verdict)
	}
	return Marked(finding.Unknown, verdict)
}
