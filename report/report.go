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
	if out.SPF = out.SPF.Bounded(); len(out.Envelope) > 0 {
		out.Envelope = slices.Clone(out.Envelope)
		for i := range out.Envelope {
			out.Envelope[i] = out.Envelope[i].Bounded()
		}
	}
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

// Silence is why nothing is known of domains, and these: no resolver answered, or the one
// that did is not believed.
type Silence struct {
	// Why is as Report.Unanswered, or names the resolver that is not believed.
	Why string
	// Lies: it does not see the public DNS.
	Lies    bool
	Domains []string
}

// silence is that of the report, without its domain; its Why is empty if there is none.
func (r *Report) silence() Silence {
	if r.Unanswered != "" {
		return Silence{Why: r.Unanswered}
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Check == "resolver-not-public" && f.Undecides && len(f.Evidence) > 0 {
			return Silence{Why: cmp.Or(f.Evidence[0].Server, "the resolver"), Lies: true}
		}
	}
	return Silence{}
}

// Of reports whether nothing is known of the domain of the report for this reason.
func (s *Silence) Of(r *Report) bool {
	of := r.silence()
	return of.Why != "" && of.Why == s.Why && of.Lies == s.Lies
}

// Silences are the causes for which nothing is known of a domain, in the order of the
// reports.
func Silences(reports []*Report) []Silence {
	var out []Silence
	for _, r := range reports {
		of := r.silence()
		if of.Why == "" {
			continue
		}
		i := slices.IndexFunc(out, func(s Silence) bool { return s.Why == of.Why && s.Lies == of.Lies })
		if i < 0 {
			i = len(out)
			out = append(out, of)
		}
		out[i].Domains = append(out[i].Domains, r.Domain)
	}
	return out
}
