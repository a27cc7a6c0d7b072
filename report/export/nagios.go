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

// The states of a monitoring plugin, which are its exit statuses.
const (
	NagiosOK       = 0
	NagiosWarning  = 1
	NagiosCritical = 2
	NagiosUnknown  = 3
)

var NagiosNames = []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// NagiosStatus is the state of reports: CRITICAL if a finding is as bad as
// failOn, WARNING if one is a warning or worse, UNKNOWN if the DNS left
// open whether there is one, else OK. Of several reports the worst counts, in
// the order CRITICAL, WARNING, UNKNOWN, OK. With unknownOK what the DNS left open
// counts as nothing.
func NagiosStatus(reports []*report.Report, failOn finding.Severity, unknownOK bool) int {
	rank := []int{NagiosOK: 0, NagiosUnknown: 1, NagiosWarning: 2, NagiosCritical: 3}
	status := NagiosOK
	for _, r := range reports {
		if s := nagiosState(r, failOn, unknownOK); rank[s] > rank[status] {
			status = s
		}
	}
	return status
}

func nagiosState(r *report.Report, failOn finding.Severity, unknownOK bool) int {
	exit := r.Exit(failOn)
	open := exit == 3 || r.Verdict == report.Incomplete
	switch {
	case exit == 1:
		return NagiosCritical
	case open && !unknownOK:
		return NagiosUnknown
	case r.Verdict == report.Ready || r.Verdict == report.NotChecked || open && r.Number(finding.Warning) == 0:
		return NagiosOK
	}
	return NagiosWarning
}

// WriteNagios writes the output of a monitoring plugin: one line with the state
// and the figures, then a line a finding.
func WriteNagios(w io.Writer, reports []*report.Report, failOn finding.Severity, unknownOK bool) error {
	var b strings.Builder
	state := NagiosNames[NagiosStatus(reports, failOn, unknownOK)]
	var perf []string
	for _, r := range reports {
		perf = append(perf, nagiosFigures(r, len(reports) > 1)...)
	}
	first := ""
	if len(reports) == 1 {
		first = nagiosLine(reports[0])
	} else {
		var by []string
		for _, v := range []report.Verdict{report.NotReady, report.ReadyWithWarnings, report.Incomplete, report.NotChecked, report.Ready} {
			n := 0
			for _, r := range reports {
				if r.Verdict == v {
					n++
				}
			}
			if n > 0 {
				by = append(by, fmt.Sprintf("%d %s", n, v))
			}
		}
		first = show.Counted(len(reports), "domain") + ": " + strings.Join(by, ", ")
	}
	fmt.Fprintf(&b, "MAILWORTHY %s - %s | %s\n", state, nagiosText(first), strings.Join(perf, " "))
	for _, r := range reports {
		if len(reports) > 1 {
			fmt.Fprintf(&b, "%s - %s\n", NagiosNames[nagiosState(r, failOn, unknownOK)], nagiosText(nagiosLine(r)))
		}
		for _, g := range view.Groups(r) {
			if g.Severity.AtLeast(finding.Warning) || g.Severity == finding.Unknown {
				fmt.Fprintf(&b, "%s: %s: %s\n", g.Severity, nagiosText(g.Check), nagiosText(g.Title(r.Domain)))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nagiosLine is the state of one report in a few words.
func nagiosLine(r *report.Report) string {
	text := fmt.Sprintf("%s is %s, %s (%s)", r.Domain, r.Verdict, strings.ReplaceAll(view.ScoreText(r.Score), "–", "-"), r.Score.Grade)
	for _, g := range view.Groups(r) {
		if g.Severity.AtLeast(finding.Warning) || g.Severity == finding.Unknown {
			return text + ": " + g.Title(r.Domain)
		}
	}
	return text
}

// nagiosFigures are the performance data. An unknown score is "U".
func nagiosFigures(r *report.Report, several bool) []string {
	score := "U"
	if r.Score.Value != nil {
		score = fmt.Sprint(*r.Score.Value)
	}
	label := func(name string) string {
		if !several {
			return name
		}
		// Quotes and equal signs cannot stand in a label.
		domain := strings.NewReplacer("'", "_", "=", "_").Replace(nagiosText(r.Domain))
		return "'" + domain + " " + name + "'"
	}
	out := []string{fmt.Sprintf("%s=%s;;;0;100", label("score"), score)}
	for _, c := range []struct {
		name     string
		severity finding.Severity
	}{{"critical", finding.Critical}, {"errors", finding.Error}, {"warnings", finding.Warning}, {"unknown", finding.Unknown}} {
		out = append(out, fmt.Sprintf("%s=%d;;;0", label(c.name), r.Number(c.severity)))
	}
	return append(out, fmt.Sprintf("%s=%.3fs;;;0", label("time"), float64(r.DurationMS)/1000))
}

// nagiosText is text without the bar that starts the performance data.
func nagiosText(s string) string { return strings.ReplaceAll(show.Line(s), "|", "¦") }
