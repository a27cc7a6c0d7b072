package export

import (
	"fmt"
	"io"
	"slices"
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

// nagiosRank orders the states, the worst highest.
var nagiosRank = [...]int{NagiosOK: 0, NagiosUnknown: 1, NagiosWarning: 2, NagiosCritical: 3}

// nagiosCounted are the severities that are counted in the figures.
var nagiosCounted = [...]struct {
	name     string
	severity finding.Severity
}{{"critical", finding.Critical}, {"errors", finding.Error}, {"warnings", finding.Warning}, {"unknown", finding.Unknown}}

// NagiosStatus is the state of reports: CRITICAL if a finding is as bad as
// failOn, WARNING if one is a warning or worse, UNKNOWN if the DNS left
// open whether there is one, else OK. Of several reports the worst counts, in
// the order CRITICAL, WARNING, UNKNOWN, OK. With unknownOK what the DNS left open
// counts as nothing. What the run found beside them counts, too, and what it could not do
// is unknown; beside may be nil.
func NagiosStatus(reports []*report.Report, failOn finding.Severity, unknownOK bool, beside *report.Beside) int {
	status := NagiosOK
	if beside == nil {
		beside = &report.Beside{}
	}
	if len(beside.Errors) > 0 {
		status = NagiosUnknown
	}
	for _, f := range beside.Findings {
		switch {
		case failOn != report.Never && f.Severity.AtLeast(failOn):
			status = NagiosCritical
		case f.Severity.AtLeast(finding.Warning) && status != NagiosCritical:
			status = NagiosWarning
		case f.Severity == finding.Unknown && !unknownOK && status == NagiosOK:
			status = NagiosUnknown
		}
	}
	for _, r := range reports {
		if s := nagiosState(r, failOn, unknownOK); nagiosRank[s] > nagiosRank[status] {
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

const (
	// maxNagios is how many bytes are written: more is cut off by NRPE and by Nagios.
	maxNagios = 8 << 10
	// maxFigures is how many of them are figures of single domains; beyond that, the
	// figures are those of all together.
	maxFigures = 3 << 10
)

// WriteNagios writes the output of a monitoring plugin in at most 8 KB: one line with the
// state and the figures, then a line a finding, of several domains the worst first. What
// has no room is counted. Beside is what the run found that is of no domain; may be nil.
func WriteNagios(w io.Writer, reports []*report.Report, failOn finding.Severity, unknownOK bool, beside *report.Beside) error {
	var b strings.Builder
	state := NagiosNames[NagiosStatus(reports, failOn, unknownOK, beside)]
	if beside == nil {
		beside = &report.Beside{}
	}
	// That no resolver answers is said once, of all domains of which it makes nothing known.
	var silent []report.Silence
	if len(reports) > 1 {
		silent = report.Silences(reports)
	}
	slices.SortFunc(silent, func(a, b report.Silence) int { return strings.Compare(a.Why, b.Why) })
	figures := strings.TrimSpace(nagiosPerformance(reports) + " " + besidePerformance(beside))
	fmt.Fprintf(&b, "MAILWORTHY %s - %s%s\n", state, show.Cut(nagiosText(nagiosSummary(reports, silent, beside)), maxFigures), show.OrEmpty(" | ", figures))
	left := 0
	write := func(line string) {
		if left > 0 || b.Len()+len(line) > maxNagios-len("and 100000 more lines\n") {
			left++
			return
		}
		b.WriteString(line)
	}
	for _, f := range beside.Findings {
		write(fmt.Sprintf("%s: %s: %s\n", f.Severity, nagiosText(f.Check), nagiosText(f.Title)))
	}
	for _, text := range beside.Errors {
		write(fmt.Sprintf("error: %s\n", nagiosText(show.Cut(text, 400))))
	}
	worst := slices.Clone(reports)
	slices.SortStableFunc(worst, func(x, y *report.Report) int {
		return nagiosRank[nagiosState(y, failOn, unknownOK)] - nagiosRank[nagiosState(x, failOn, unknownOK)]
	})
	for _, r := range worst {
		if slices.ContainsFunc(silent, func(s report.Silence) bool { return s.Of(r) }) {
			continue // the summary says it
		}
		if len(reports) > 1 {
			write(fmt.Sprintf("%s - %s\n", NagiosNames[nagiosState(r, failOn, unknownOK)], nagiosText(nagiosLine(r))))
		}
		for _, g := range view.Groups(r) {
			if g.Severity.AtLeast(finding.Warning) || g.Severity == finding.Unknown {
				write(fmt.Sprintf("%s: %s: %s\n", g.Severity, nagiosText(g.Check), nagiosText(g.Title(r.Domain))))
			}
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "and %s\n", show.Counted(left, "more line"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nagiosSummary is the text of the first line behind the state: how many domains have which
// verdict, or what is said of the only one; what is silent; what is beside the reports.
func nagiosSummary(reports []*report.Report, silent []report.Silence, beside *report.Beside) string {
	var said []string
	switch {
	case len(reports) == 1:
		said = append(said, nagiosLine(reports[0]))
	case len(reports) > 1:
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
		said = append(said, show.Counted(len(reports), "domain")+": "+strings.Join(by, ", "))
	}
	for _, s := range silent {
		said = append(said, view.SilenceText(s)+": nothing is known of "+show.Listed(s.Domains, 3))
	}
	if summary := view.BesideSummary(beside); summary != "" {
		said = append(said, summary)
	}
	if also := beside.Findings; len(also) > 0 {
		text := show.Counted(len(also), "finding") + ": " + also[0].Title
		if len(said) > 0 {
			text = "also " + text
		}
		said = append(said, text)
	}
	if n := len(beside.Errors); n > 0 {
		said = append(said, show.Counted(n, "error")+": "+beside.Errors[0])
	}
	return strings.Join(said, "; ")
}

// nagiosPerformance are the figures of each report, or of all together if that is long.
func nagiosPerformance(reports []*report.Report) string {
	var each []string
	for _, r := range reports {
		each = append(each, nagiosFigures(r, len(reports) > 1)...)
	}
	text := strings.Join(each, " ")
	if len(reports) < 2 || len(text) <= maxFigures {
		return text
	}
	all := []string{fmt.Sprintf("domains=%d;;;0", len(reports))}
	for _, c := range nagiosCounted {
		n := 0
		for _, r := range reports {
			n += r.Number(c.severity)
		}
		all = append(all, fmt.Sprintf("%s=%d;;;0", c.name, n))
	}
	return strings.Join(all, " ")
}

// nagiosLine is the state of one report in a few words.
func nagiosLine(r *report.Report) string {
	grade := " (" + r.Score.Grade + ")"
	if r.Verdict == report.Incomplete {
		grade = "" // what is not known could make it another one
	}
	text := fmt.Sprintf("%s is %s, %s%s", r.Domain, r.Verdict, strings.ReplaceAll(view.ScoreText(r.Score), "–", "-"), grade)
	for _, g := range view.Groups(r) {
		if g.Severity.AtLeast(finding.Warning) || g.Severity == finding.Unknown {
			return text + ": " + g.Title(r.Domain)
		}
	}
	if left := view.SectionsNotChecked(r); len(left) > 0 {
		text += ", not checked: " + strings.Join(left, ", ")
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
		return nagiosLabel(r.Domain, name)
	}
	out := []string{fmt.Sprintf("%s=%s;;;0;100", label("score"), score)}
	for _, c := range nagiosCounted {
		out = append(out, fmt.Sprintf("%s=%d;;;0", label(c.name), r.Number(c.severity)))
	}
	return append(out, fmt.Sprintf("%s=%.3fs;;;0", label("time"), float64(r.DurationMS)/1000))
}

// nagiosLabel names a figure of one of several.
func nagiosLabel(of, name string) string {
	// Quotes and equal signs cannot stand in a label.
	return "'" + strings.NewReplacer("'", "_", "=", "_").Replace(nagiosText(show.Cut(of, 100))) + " " + name + "'"
}

// besidePerformance are the figures of the synthetic mails of a run, as many as there is
// room for.
func besidePerformance(beside *report.Beside) string {
	text := ""
	for i := range beside.Roundtrips {
		r := &beside.Roundtrips[i]
		took := "U"
		if d, known := r.Took(); known {
			took = fmt.Sprintf("%.3fs", d.Seconds())
		}
		one := fmt.Sprintf("%s=%s;;;0 %s=%d;;;0 ", nagiosLabel(r.Name, "took"), took, nagiosLabel(r.Name, "tries"), len(r.Attempts))
		if len(text)+len(one) > maxFigures/2 {
			break
		}
		text += one
	}
	return strings.TrimSpace(text)
}

// nagiosText is text without the bar that starts the performance data.
func nagiosText(s string) string { return strings.ReplaceAll(show.Line(s), "|", "¦") }
