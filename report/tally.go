package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Tally counts over the reports of a run what a reader of many wants to know
// first. Its size does not grow with the number of reports. The zero value is
// ready; it is not for several goroutines.
type Tally struct {
	Domains int `json:"domains"`
	// Verdicts and Grades count domains; the grade is "" if no score is known.
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

// Summary is a Tally with how the run went.
type Summary struct {
	Tally
	// MostFrequent are the ten most frequent findings.
	MostFrequent []Frequent `json:"most_frequent"`
	// FromCache is the share of the questions of this run that no server was asked; nil
	// if there was no cache.
	FromCache  *float64 `json:"from_cache"`
	DurationMS int64    `json:"duration_ms"`
}

// mostFrequent is how many findings a summary names.
const mostFrequent = 10

// Summarize is the summary of a run that took so long.
func (t *Tally) Summarize(took time.Duration, fromCache *float64) *Summary {
	return &Summary{Tally: *t, MostFrequent: t.MostFrequent(mostFrequent), FromCache: fromCache, DurationMS: took.Milliseconds()}
}

// mostlyTypes is room for the types that an audit asks for.
const mostlyTypes = 8

// Count is what a Tally counts of one report: little, to be kept where the report
// is not.
type Count struct {
	verdict   Verdict
	grade     string
	unknown   bool
	questions int
	checks    []checkCount
	types     []typeCount
}

// checkCount is a check with a finding of the severity.
type checkCount struct {
	check    string
	severity finding.Severity
}

// typeCount is how many questions of a type were asked.
type typeCount struct {
	asked resolver.Type
	n     int
}

// Count counts the report.
func (r *Report) Count() Count {
	c := Count{verdict: r.Verdict, grade: r.Score.Grade, questions: r.Queries, types: make([]typeCount, 0, mostlyTypes)}
	if r.Score.Value == nil {
		c.grade = ""
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity == finding.Pass {
			continue
		}
		c.unknown = c.unknown || f.Severity == finding.Unknown
		if one := (checkCount{f.Check, f.Severity}); !slices.Contains(c.checks, one) {
			c.checks = append(c.checks, one)
		}
	}
	for i := range r.Trace {
		asked := r.Trace[i].Type
		at := slices.IndexFunc(c.types, func(t typeCount) bool { return t.asked == asked })
		if at < 0 {
			at = len(c.types)
			c.types = append(c.types, typeCount{asked: asked})
		}
		c.types[at].n++
	}
	return c
}

// Add adds what was counted of a report.
func (t *Tally) Add(c Count) {
	t.Domains++
	t.Questions += c.questions
	if c.unknown {
		t.Unknown++
	}
	count(&t.Verdicts, c.verdict, 1)
	count(&t.Grades, c.grade, 1)
	if t.Checks == nil {
		t.Checks = make(map[string]map[finding.Severity]int)
	}
	for _, one := range c.checks {
		by := t.Checks[one.check]
		count(&by, one.severity, 1)
		t.Checks[one.check] = by
	}
	for _, asked := range c.types {
		count(&t.Types, asked.asked.String(), asked.n)
	}
}

func count[K comparable](in *map[K]int, key K, n int) {
	if *in == nil {
		*in = make(map[K]int)
	}
	(*in)[key] += n
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
