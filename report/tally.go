package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mailworthy/finding"
)

// Tally counts over the reports of a run what a reader of many wants to know
// first. Its size does not grow with the number of reports. The zero value is
// ready; it is not for several goroutines.
type Tally struct {
	Domains int `json:"domains"`
	// Verdicts and Grades count domains; the grade is "" where no score is known.
	Verdicts map[Verdict]int `json:"verdicts"`
	Grades   map[string]int  `json:"grades"`
	// Checks counts by check and severity the domains with a finding of it, passes
	// left out.
	Checks map[string]map[finding.Severity]int `json:"checks"`
	// Unknown counts the domains with anything that the DNS left undecided.
	Unknown int `json:"unknown"`
	// Questions counts what the audits asked, Types the same by type.
	Questions int            `json:"questions"`
	Types     map[string]int `json:"types"`
}

// Add counts a report.
func (t *Tally) Add(r *Report) {
	one := Tally{Domains: 1, Verdicts: map[Verdict]int{r.Verdict: 1}, Grades: map[string]int{}, Questions: r.Queries,
		Checks: map[string]map[finding.Severity]int{}, Types: map[string]int{}}
	grade := r.Score.Grade
	if r.Score.Value == nil {
		grade = ""
	}
	one.Grades[grade] = 1
	for _, f := range r.Findings {
		switch {
		case f.Severity == finding.Pass:
			continue
		case f.Severity == finding.Unknown:
			one.Unknown = 1
		}
		if one.Checks[f.Check] == nil {
			one.Checks[f.Check] = map[finding.Severity]int{}
		}
		one.Checks[f.Check][f.Severity] = 1
	}
	for _, q := range r.Trace {
		one.Types[q.Type.String()]++
	}
	t.Merge(&one)
}

// Merge counts what the other has counted.
func (t *Tally) Merge(other *Tally) {
	t.Domains += other.Domains
	t.Unknown += other.Unknown
	t.Questions += other.Questions
	t.Verdicts = sum(t.Verdicts, other.Verdicts)
	t.Grades = sum(t.Grades, other.Grades)
	t.Types = sum(t.Types, other.Types)
	if t.Checks == nil {
		t.Checks = make(map[string]map[finding.Severity]int)
	}
	for id, by := range other.Checks {
		t.Checks[id] = sum(t.Checks[id], by)
	}
}

func sum[K comparable](to, from map[K]int) map[K]int {
	if to == nil {
		to = make(map[K]int)
	}
	for k, n := range from {
		to[k] += n
	}
	return to
}

// Frequent is a check with how many domains have a finding of it.
type Frequent struct {
	Check    string           `json:"check"`
	Severity finding.Severity `json:"severity"`
	Title    string           `json:"title"`
	Domains  int              `json:"domains"`
}

// MostFrequent are the n most frequent findings that are a warning or worse, or
// undecided; of equally frequent ones the worse comes first.
func (t *Tally) MostFrequent(n int) []Frequent {
	list := []Frequent{}
	for id, by := range t.Checks {
		for severity, domains := range by {
			if severity.AtLeast(finding.Warning) || severity == finding.Unknown {
				check, _ := FindCheck(id)
				list = append(list, Frequent{id, severity, check.Title, domains})
			}
		}
	}
	slices.SortFunc(list, func(a, b Frequent) int {
		return cmp.Or(b.Domains-a.Domains, b.Severity.Rank()-a.Severity.Rank(), strings.Compare(a.Check, b.Check))
	})
	return list[:min(n, len(list))]
}

// mostFrequent is how many findings a summary names.
const mostFrequent = 10

// WriteTally writes the tally for a person: verdicts, grades, the most frequent
// findings and the questions.
func WriteTally(w io.Writer, t *Tally) error {
	var b strings.Builder
	line := func(parts []string) {
		if len(parts) > 0 {
			fmt.Fprintf(&b, "  %s\n", strings.Join(parts, " · "))
		}
	}
	var parts []string
	for _, v := range []Verdict{Ready, ReadyWithWarnings, NotReady, Incomplete} {
		if n := t.Verdicts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	line(parts)
	parts = nil
	for _, grade := range slices.Sorted(maps.Keys(t.Grades)) {
		name := "grade " + grade
		if grade == "" {
			name = "without a grade"
		}
		parts = append(parts, fmt.Sprintf("%d %s", t.Grades[grade], name))
	}
	line(parts)
	frequent := t.MostFrequent(mostFrequent)
	if len(frequent) > 0 {
		b.WriteString("  most frequent findings, by domains\n")
	}
	for _, f := range frequent {
		fmt.Fprintf(&b, "  %7d  %-8s  %s: %s\n", f.Domains, f.Severity, f.Check, shown(f.Title))
	}
	types := slices.SortedFunc(maps.Keys(t.Types), func(a, b string) int {
		return cmp.Or(t.Types[b]-t.Types[a], strings.Compare(a, b))
	})
	parts = nil
	for _, name := range types {
		parts = append(parts, fmt.Sprintf("%d %s", t.Types[name], name))
	}
	if t.Questions > 0 {
		fmt.Fprintf(&b, "  %s: %s\n", counted(t.Questions, "question"), strings.Join(parts, " · "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
