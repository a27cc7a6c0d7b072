package export

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// metric is a family of the Prometheus text format.
type metric struct {
	name, help string
	samples    []string
}

func (m *metric) add(value float64, labels ...string) {
	var b strings.Builder
	b.WriteString(m.name + "{")
	for i := 0; i < len(labels); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(labels[i] + `="` + promLabel(labels[i+1]) + `"`)
	}
	fmt.Fprintf(&b, "} %v\n", value)
	m.samples = append(m.samples, b.String())
}

// promLabel escapes a label's value by the text format.
func promLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(show.Line(s))
}

// writeMetrics writes the families that have samples.
func writeMetrics(w io.Writer, families ...metric) error {
	var b strings.Builder
	for _, m := range families {
		if len(m.samples) > 0 {
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s", m.name, m.help, m.name, strings.Join(m.samples, ""))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WritePrometheus writes metrics for the text-file collector of the node
// exporter. A score that is not known has no sample.
func WritePrometheus(w io.Writer, reports []*report.Report) error {
	score := metric{name: "mailworthy_score", help: "Score of the domain from 0 to 100, without a sample where unknown."}
	low := metric{name: "mailworthy_score_low", help: "Score if everything that the DNS left unknown were bad."}
	high := metric{name: "mailworthy_score_high", help: "Score if everything that the DNS left unknown were good."}
	section := metric{name: "mailworthy_section_score", help: "Score of a section from 0 to 100, without a sample where not judged."}
	verdict := metric{name: "mailworthy_verdict", help: "1 for the verdict of the domain, 0 for the others."}
	counts := metric{name: "mailworthy_findings", help: "Findings by severity."}
	checks := metric{name: "mailworthy_check_findings", help: "Findings of a check that are a warning or worse, or that the DNS left undecided."}
	queries := metric{name: "mailworthy_queries", help: "Questions that the audit asked the DNS."}
	duration := metric{name: "mailworthy_duration_seconds", help: "Wall time of the audit."}
	at := metric{name: "mailworthy_audit_timestamp_seconds", help: "When the audit began, in seconds since 1970."}
	for _, r := range reports {
		if r.Score.Value != nil {
			score.add(float64(*r.Score.Value), "domain", r.Domain)
		}
		low.add(float64(r.Score.Low), "domain", r.Domain)
		high.add(float64(r.Score.High), "domain", r.Domain)
		for _, s := range r.Score.Sections {
			if s.Value != nil {
				section.add(float64(*s.Value), "domain", r.Domain, "section", string(s.Section))
			}
		}
		for _, v := range []report.Verdict{report.Ready, report.ReadyWithWarnings, report.NotReady, report.Incomplete, report.NotChecked} {
			verdict.add(oneIf(v == r.Verdict), "domain", r.Domain, "verdict", string(v))
		}
		for _, s := range []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice, finding.Unknown, finding.NotChecked, finding.Pass} {
			counts.add(float64(r.Number(s)), "domain", r.Domain, "severity", string(s))
		}
		for _, g := range view.Groups(r) {
			if g.Severity.AtLeast(finding.Warning) || g.Severity == finding.Unknown {
				checks.add(float64(len(g.Findings)), "domain", r.Domain, "check", g.Check, "severity", string(g.Severity))
			}
		}
		queries.add(float64(r.Queries), "domain", r.Domain)
		duration.add(float64(r.DurationMS)/1000, "domain", r.Domain)
		at.add(float64(r.Started.Unix()), "domain", r.Domain)
	}
	return writeMetrics(w, score, low, high, section, verdict, counts, checks, queries, duration, at)
}

// oneIf is the value of a metric that is 1 if something is so, else 0.
func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
