package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// arithmetic says how the total follows from the sections.
func arithmetic(s report.Score) string {
	if s.Value == nil {
		return "No section could be judged, so there is no score."
	}
	text := fmt.Sprintf("The mean of the sections by weight is %d.", *s.BeforeCap)
	if s.CappedBy != "" {
		text += fmt.Sprintf(" While a finding of severity %s stands, the total is at most %d.", s.CappedBy, *s.Value)
	}
	if s.Low != s.High {
		text += fmt.Sprintf(" If all that is unknown were bad it would be %d, if all were good %d.", s.Low, s.High)
	}
	return text
}

// Summary is a report in one line: the domain, its outcome and what comes first.
func Summary(r *report.Report) string {
	return show.Line(r.Domain) + ": " + OutcomeText(report.OutcomeOf(r)) + ": " + strings.TrimSuffix(show.Line(Headline(r)), ".")
}

func OutcomeText(o report.Outcome) string {
	if o.Score == nil {
		return string(o.Verdict) + ", no score"
	}
	return fmt.Sprintf("%s %d/100 %s", o.Verdict, *o.Score, o.Grade)
}

// Mark is a severity as one character whose shape alone tells it apart.
func Mark(sev finding.Severity) string {
	switch sev {
	case finding.Critical, finding.Error:
		return "✖"
	case finding.Warning:
		return "▲"
	case finding.Unknown:
		return "?"
	case finding.Notice, finding.Info:
		return "·"
	case finding.NotChecked:
		return "–"
	}
	return "✔"
}

// NobodyAnswered says that no resolver answered, and what came of asking them.
func NobodyAnswered(why string) string {
	return fmt.Sprintf("No resolver answered any question (%s)", why)
}

// SilenceText says why nothing is known of domains.
func SilenceText(s report.Silence) string {
	if s.Lies {
		return fmt.Sprintf("DNS resolver does not see the public DNS (%s)", s.Why)
	}
	return NobodyAnswered(s.Why)
}

// Headline says in a sentence or two what the verdict means and what to do first.
func Headline(r *report.Report) string {
	if r.Unanswered != "" {
		return NobodyAnswered(r.Unanswered) + ": nothing is known of the domain."
	}
	groups := Groups(r)
	first := func(least finding.Severity) string {
		for _, g := range groups {
			if g.Severity.AtLeast(least) {
				return " Fix first: " + g.Title(r.Domain) + "."
			}
		}
		return ""
	}
	var counts []string
	for _, c := range []struct {
		severity finding.Severity
		one      string
	}{{finding.Critical, "critical"}, {finding.Error, "error"}, {finding.Warning, "warning"}} {
		if n := CountChecks(r, c.severity); n > 0 {
			counts = append(counts, show.Counted(n, c.one))
		}
	}
	switch r.Verdict {
	case report.NotReady:
		return strings.Join(counts, ", ") + "." + first(finding.Error)
	case report.ReadyWithWarnings:
		if len(counts) == 0 {
			return "No problems found, but not everything could be observed."
		}
		return strings.Join(counts, ", ") + "." + first(finding.Warning)
	case report.Incomplete:
		if cause, checks := commonCause(r.Findings); cause != nil {
			return fmt.Sprintf("%s, so that %s could not be completed.", strings.TrimSuffix(cause.Title, "."), show.Counted(checks, "check"))
		}
		why := "DNS lookups failed"
		if unstated(r) {
			why = "not all that decides was stated"
		}
		return fmt.Sprintf("%s could not be completed (%s); the result may change.", show.Counted(CountChecks(r, finding.Unknown), "check"), why)
	case report.NotChecked:
		// That there are addresses to look up, which passes where no list was asked, judges nothing.
		if slices.ContainsFunc(r.Score.Sections, func(s report.SectionScore) bool { return s.Passed > 0 && s.Section != finding.Reputation }) {
			return "No problems found in what was checked; without what no zone holds there is no verdict."
		}
		return "Nothing could be judged: no zone holds what the checks ask for."
	}
	nothing := "No problems found."
	if left := SectionsNotChecked(r); len(left) > 0 {
		nothing = "No problems found in what was checked; not checked: " + strings.Join(left, ", ") + "."
	} else if CountChecks(r, finding.NotChecked) > 0 {
		nothing = "No problems found in what was checked."
	}
	if r.Profile == finding.Parked {
		return nothing + " Parked: its DNS says that it sends no mail, which protects it from spoofing."
	}
	return nothing
}

// SectionsNotChecked are those that could not be judged because an offline audit did not
// ask.
func SectionsNotChecked(r *report.Report) []string {
	var out []string
	for i := range r.Score.Sections {
		if s := &r.Score.Sections[i]; !s.Judged && s.NotChecked > 0 && s.Unknown == 0 {
			out = append(out, s.Title)
		}
	}
	return out
}

// commonCause is what several checks are unknown for, with the number of these; nil if
// there is no such cause.
func commonCause(findings []finding.Finding) (cause *finding.Finding, checks int) {
	for i := range findings {
		if f := &findings[i]; f.Severity == finding.Unknown && len(f.Follows) > 0 {
			return f, len(Grouped(finding.Apart(findings[i : i+1])))
		}
	}
	return nil, 0
}

// unstated reports whether all that is unknown hangs on what nobody stated, and not on the
// DNS.
func unstated(r *report.Report) bool {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity == finding.Unknown && !slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool { return e.Status == finding.NotStated }) {
			return false
		}
	}
	return true
}

// CountChecks counts the checks with a finding of the severity.
func CountChecks(r *report.Report, s finding.Severity) int {
	n := 0
	for _, g := range Groups(r) {
		if g.Severity == s {
			n++
		}
	}
	return n
}

// CountedText counts checks by what they came to, and the questions that it took.
func CountedText(r *report.Report) string {
	var counts []string
	for _, c := range []struct {
		severity finding.Severity
		one      string
	}{
		{finding.Critical, "critical"}, {finding.Error, "error"}, {finding.Unknown, "unknown"},
		{finding.Warning, "warning"}, {finding.Notice, "notice"},
	} {
		if n := CountChecks(r, c.severity); n > 0 {
			counts = append(counts, show.Counted(n, c.one))
		}
	}
	return strings.Join([]string{cmp.Or(strings.Join(counts, ", "), "nothing found"), fmt.Sprintf("%d passed", CountChecks(r, finding.Pass)),
		show.Counted(r.Queries, "DNS query") + ", " + show.Duration(r.DurationMS)}, " · ")
}

// ScoreText is the total with its range if that is not a point. A range alone
// says nothing: if nothing could be judged, anything is possible.
func ScoreText(score report.Score) string {
	if score.Value == nil {
		return "no score"
	}
	text := strconv.Itoa(*score.Value) + "/100"
	if score.Low != score.High {
		text += fmt.Sprintf(" (%d–%d)", score.Low, score.High)
	}
	return text
}

// VerdictSeverity is the severity whose colour and mark a verdict has.
func VerdictSeverity(v report.Verdict) finding.Severity {
	switch v {
	case report.NotReady:
		return finding.Error
	case report.ReadyWithWarnings:
		return finding.Warning
	case report.Incomplete:
		return finding.Unknown
	case report.NotChecked:
		return finding.NotChecked
	}
	return finding.Pass
}
