package report

import (
	"cmp"
	"slices"

	"mailworthy/audit"
	"mailworthy/finding"
)

// SchemaID names the JSON contract. Keys are added to it, never renamed.
const SchemaID = "mailworthy/report/1"

// Report is the result of an audit with its verdict and score: the root of the
// JSON that `mailworthy audit` writes.
type Report struct {
	// Schema is always "mailworthy/report/1".
	Schema string `json:"schema"`
	// Version is that of the program.
	Version string  `json:"version"`
	Verdict Verdict `json:"verdict"`
	Score   Score   `json:"score"`
	// Deviations say how a user's policy differs from the default.
	Deviations []string `json:"deviations"`
	// AcceptancesEnded are acceptances whose last day is over although their
	// finding stands, so that it counts again.
	AcceptancesEnded []Acceptance `json:"acceptances_ended"`
	// The facts and the findings; the findings are sorted, worst first.
	audit.Result
	// Passed are the IDs of the checks that passed. Lines of NDJSON have them here alone,
	// unless the whole reports were asked for.
	Passed []string `json:"passed"`
	// DurationMS is the wall time of the audit in milliseconds.
	DurationMS int64 `json:"duration_ms"`
	// Unanswered says why, if no resolver answered any question: the servers and
	// what came of asking them.
	Unanswered string `json:"unanswered" empty:"null"`
	// Plan is what to do, if it was asked for.
	Plan *Plan `json:"plan"`
}

// New grades a result, whose findings become those of the report: they are sorted
// by severity, then points, then section, and given their points.
func New(r *audit.Result, scale Scale, version string) *Report {
	out := &Report{Schema: SchemaID, Version: version, Result: *r, DurationMS: r.Duration.Milliseconds()}
	out.Unanswered = audit.Unanswered(r.Trace)
	for i := range out.Findings {
		if out.Findings[i].Evidence == nil {
			out.Findings[i].Evidence = []finding.Evidence{}
		}
	}
	out.Verdict, out.Score = grade(out.Findings, out.Passes, scale)
	sortFindings(out.Findings)
	if out.Detail != audit.ForRow {
		out.Passed = out.passed()
	}
	Agree(out.Findings)
	return out
}

// sortFindings sorts the worst first. A finding is large, so each is moved once.
func sortFindings(findings []finding.Finding) {
	type place struct {
		points        float64
		at            int32
		rank, section int8
	}
	places := make([]place, 0, 128)
	for i := range findings {
		f := &findings[i]
		places = append(places, place{f.Points, int32(i), int8(f.Severity.Rank()), int8(slices.Index(finding.Sections, f.Section))})
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(int(b.rank-a.rank), cmp.Compare(b.points, a.points), int(a.section-b.section))
	})
	for i := range places {
		// A circle of findings that take the place of each other; it ends at i.
		held, to := findings[i], i
		for from := int(places[to].at); from != to; from = int(places[to].at) {
			places[to].at = int32(to)
			if from == i {
				findings[to] = held
				break
			}
			findings[to] = findings[from]
			to = from
		}
	}
}

// Silence is what came of asking resolvers of which none answered, and the domains that
// nothing is known of for it.
type Silence struct {
	Why     string // as Report.Unanswered
	Domains []string
}

// Silences are the causes for which nothing is known of a domain, in the order of the
// reports.
func Silences(reports []*Report) []Silence {
	var out []Silence
	at := make(map[string]int)
	for _, r := range reports {
		if r.Unanswered == "" {
			continue
		}
		i, known := at[r.Unanswered]
		if !known {
			i = len(out)
			at[r.Unanswered] = i
			out = append(out, Silence{Why: r.Unanswered})
		}
		out[i].Domains = append(out[i].Domains, r.Domain)
	}
	return out
}
