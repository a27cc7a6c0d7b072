// Package report turns the result of an audit into a verdict, a score and a
// text for its reader: a person at a terminal, a script, a page. It decides
// nothing about mail: whatever it says follows from the findings, and the score
// can be computed again from the JSON alone.
package report

import (
	"math"
	"slices"

	"mailworthy/finding"
)

// Verdict is the answer in one word, apart from the score.
type Verdict string

const (
	// Ready: nothing that a receiver acts on was found.
	Ready Verdict = "ready"
	// ReadyWithWarnings: nothing that stops mail, but a warning.
	ReadyWithWarnings Verdict = "ready with warnings"
	// NotReady: an error or worse.
	NotReady Verdict = "not ready"
	// Incomplete: nothing worse is known, and what the DNS did not say could change that.
	Incomplete Verdict = "incomplete"
	// NotChecked: nothing was found, and no section could be judged, because an
	// offline audit did not ask.
	NotChecked Verdict = "not checked"
)

// Scale holds the numbers that the score is computed with.
type Scale struct {
	// Weights of the sections in the total.
	Weights map[finding.Section]int `json:"weights"`
	// Deductions from a section's 100, one a check however many subjects.
	Deductions map[finding.Severity]int `json:"deductions"`
	// Caps on the total while there is a finding of the severity.
	Caps map[finding.Severity]int `json:"caps"`
}

// DefaultScale is the scale that reports use: SPF 25, DKIM 20, DMARC 25,
// reputation 20, hosts 10; critical 100, error 50, warning 15, notice 3; a
// critical finding caps the total at 49, an error at 79.
func DefaultScale() Scale {
	weights := make(map[finding.Section]int)
	for _, section := range finding.SectionTable {
		if section.Scored {
			weights[section.Section] = section.Weight
		}
	}
	return Scale{
		Weights:    weights,
		Deductions: map[finding.Severity]int{finding.Critical: 100, finding.Error: 50, finding.Warning: 15, finding.Notice: 3},
		Caps:       map[finding.Severity]int{finding.Critical: 49, finding.Error: 79},
	}
}

// defaultScale is that of the reports without a policy, which nobody changes.
var defaultScale = DefaultScale()

// Deduction is what one check takes from its section.
type Deduction struct {
	Check    string           `json:"check"`
	Severity finding.Severity `json:"severity"`
	Points   int              `json:"points"`
}

// SectionScore is the score of one section.
type SectionScore struct {
	Section finding.Section `json:"section"`
	Title   string          `json:"title"`
	Weight  int             `json:"weight"`
	// Judged: the section counts in the mean. It does not if a question that
	// decides it was not answered.
	Judged bool `json:"judged"`
	// Value is 100 less the deductions, null if the section is not judged.
	Value *int `json:"value"`
	// Low and High are the values if everything unknown were bad or good.
	Low        int         `json:"low"`
	High       int         `json:"high"`
	Deductions []Deduction `json:"deductions"`
	// Unknown counts findings that the DNS left undecided, NotChecked those that an
	// offline audit did not ask for. A section that cannot be judged without what
	// was not checked counts neither in the mean nor in its range.
	Unknown    int `json:"unknown"`
	NotChecked int `json:"not_checked"`
	Passed     int `json:"passed"`
	// undecided: a question that decides the section was not answered.
	undecided bool
}

// Score is the weighted mean of the sections, and how it came about.
type Score struct {
	// Value is the total, null if no section could be judged.
	Value *int `json:"value"`
	Low   int  `json:"low"`
	High  int  `json:"high"`
	// Grade is A to F, "-" without a value.
	Grade    string         `json:"grade"`
	Sections []SectionScore `json:"sections"`
	// BeforeCap is the weighted mean before a cap.
	BeforeCap *int `json:"before_cap"`
	// CappedBy is the severity whose cap holds the total down, if one does.
	CappedBy finding.Severity `json:"capped_by" empty:"null"`
	Scale    Scale            `json:"scale"`
}

// Grade computes verdict and score of the findings and sets the Points of each
// in place. A section without any finding, passes included, was not examined
// or does not apply, and is left out of the score.
func Grade(findings []finding.Finding, scale Scale) (Verdict, Score) {
	return grade(findings, nil, scale)
}

// grade is Grade with passes that are no findings.
func grade(findings []finding.Finding, passes []finding.Passes, scale Scale) (Verdict, Score) {
	score := Score{Scale: scale, Grade: "-", Sections: make([]SectionScore, 0, len(finding.Sections))}
	var value, low, high weighted
	// numbers are those that the score points to, made at once.
	numbers := make([]int, 0, len(finding.Sections)+2)
	number := func(n int) *int {
		numbers = append(numbers, n)
		return &numbers[len(numbers)-1]
	}
	apart := finding.Apart(findings)
	for _, name := range finding.Sections {
		s, ok := gradeSection(name, apart, passes, scale)
		if !ok {
			continue
		}
		if s.Judged {
			s.Value = number(s.High)
			value.add(s.High, s.Weight)
		}
		if s.Judged || s.undecided {
			low.add(s.Low, s.Weight)
			high.add(s.High, s.Weight)
		}
		score.Sections = append(score.Sections, s)
	}
	known, possible := worst(findings)
	score.Low = min(low.mean(), scale.cap(possible))
	score.High = min(high.mean(), scale.cap(known))
	if value.weight > 0 {
		mean := value.mean()
		total := min(mean, scale.cap(known))
		score.BeforeCap, score.Value = number(mean), number(total)
		if total < mean {
			score.CappedBy = known
		}
		// Leaving an undecided section out can move the mean past either end.
		score.Low, score.High = min(score.Low, total), max(score.High, total)
		score.Grade = letter(total)
	}
	setPoints(findings, score)
	v := verdict(findings)
	if v == Ready && nothingJudged(score.Sections) {
		v = NotChecked
	}
	return v, score
}

// nothingJudged reports whether no section was judged and what was not checked is
// why. One that weighs nothing stands for none of those that do.
func nothingJudged(sections []SectionScore) bool {
	weighs := slices.ContainsFunc(sections, func(s SectionScore) bool { return s.Weight > 0 })
	return slices.ContainsFunc(sections, func(s SectionScore) bool { return s.NotChecked > 0 }) &&
		!slices.ContainsFunc(sections, func(s SectionScore) bool { return s.Judged && (s.Weight > 0 || !weighs) })
}

// gradeSection computes one section from its findings, but for its value, which is
// High if it is judged. It is false if there are none.
func gradeSection(name finding.Section, findings []finding.Finding, passes []finding.Passes, scale Scale) (SectionScore, bool) {
	s := SectionScore{Section: name, Title: name.Title(), Weight: scale.Weights[name]}
	var rooms [2][16]Deduction // most sections have fewer
	sure, atWorst := deductions(rooms[0][:0]), deductions(rooms[1][:0])
	for i := range passes {
		s.Passed += passes[i].Count(name)
	}
	found, unchecked := s.Passed > 0, false
	for i := range findings {
		f := &findings[i]
		if f.Section != name {
			continue
		}
		found = true
		switch f.Severity {
		case finding.Pass:
			s.Passed++
		case finding.Unknown:
			s.Unknown++
		case finding.NotChecked:
			s.NotChecked++
			unchecked = unchecked || f.Undecides
			continue
		}
		s.undecided = s.undecided || f.Undecides
		points := scale.Deductions[f.Severity]
		sure = sure.with(f.Check, f.Severity, points)
		if f.CouldBe != "" {
			points = max(points, scale.Deductions[f.CouldBe])
		}
		atWorst = atWorst.with(f.Check, f.Severity, points)
	}
	slices.SortStableFunc(sure, func(a, b Deduction) int { return b.Points - a.Points })
	s.Deductions = make([]Deduction, len(sure))
	copy(s.Deductions, sure)
	s.High, s.Low = max(0, 100-sure.points()), max(0, 100-atWorst.points())
	// What is already lost stays lost: an undecided section whose value cannot
	// change any more is judged all the same.
	s.Judged = (!s.undecided || s.Low == s.High) && (!unchecked || s.High == 0)
	return s, found
}

// deductions are what each check takes: one deduction a check.
type deductions []Deduction

func (list deductions) with(check string, severity finding.Severity, points int) deductions {
	if points == 0 {
		return list
	}
	for i := range list {
		if d := &list[i]; d.Check == check {
			if points > d.Points {
				d.Severity, d.Points = severity, points
			}
			return list
		}
	}
	return append(list, Deduction{Check: check, Severity: severity, Points: points})
}

func (list deductions) points() int {
	sum := 0
	for _, d := range list {
		sum += d.Points
	}
	return sum
}

// setPoints writes what fixing each check gains: the rise of the total before
// caps when the worse checks of its section are fixed already. So the points of
// all checks and the mean before caps add up to 100.
func setPoints(findings []finding.Finding, score Score) {
	for i := range findings {
		findings[i].Points = 0
	}
	weights := 0
	for _, s := range score.Sections {
		if s.Judged {
			weights += s.Weight
		}
	}
	for _, s := range score.Sections {
		if !s.Judged || weights == 0 {
			continue
		}
		left := deductions(s.Deductions).points()
		for _, d := range s.Deductions {
			before := max(0, 100-left)
			left -= d.Points
			rise := float64(max(0, 100-left)-before) * float64(s.Weight) / float64(weights)
			gain := math.Round(rise*10) / 10
			for i := range findings {
				if f := &findings[i]; f.Check == d.Check && score.Scale.Deductions[f.Severity] > 0 {
					f.Points = gain
				}
			}
		}
	}
}

// worst returns the worst severity that is known, and the worst one possible.
func worst(findings []finding.Finding) (known, possible finding.Severity) {
	known, possible = finding.Pass, finding.Pass
	for i := range findings {
		f := &findings[i]
		if !f.Severity.Open() {
			known = Worse(known, f.Severity)
			possible = Worse(possible, f.Severity)
		}
		if f.CouldBe != "" {
			possible = Worse(possible, f.CouldBe)
		}
	}
	return known, possible
}

func Worse(a, b finding.Severity) finding.Severity {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// verdict follows from the findings alone. VerdictAs stands in for the severity
// if a finding weighs differently here than in the score.
func verdict(findings []finding.Finding) Verdict {
	known, possible := finding.Pass, finding.Pass
	for i := range findings {
		f := &findings[i]
		s := f.Severity
		if f.VerdictAs != "" {
			s = f.VerdictAs
		}
		if s.Open() {
			possible = Worse(possible, f.CouldBe)
			continue
		}
		known = Worse(known, s)
	}
	of := func(s finding.Severity) Verdict {
		switch {
		case s.AtLeast(finding.Error):
			return NotReady
		case s.AtLeast(finding.Warning):
			return ReadyWithWarnings
		}
		return Ready
	}
	v := of(known)
	if v != NotReady && of(Worse(known, possible)) != v {
		return Incomplete
	}
	return v
}

// cap returns the highest total while there is a finding of severity s.
func (s Scale) cap(worst finding.Severity) int {
	limit := 100
	for severity, c := range s.Caps {
		if worst.AtLeast(severity) {
			limit = min(limit, c)
		}
	}
	return limit
}

func letter(value int) string {
	switch {
	case value >= 90:
		return "A"
	case value >= 80:
		return "B"
	case value >= 70:
		return "C"
	case value >= 50:
		return "D"
	}
	return "F"
}

// weighted is a weighted sum on its way to a mean.
type weighted struct{ sum, weight int }

func (w *weighted) add(value, weight int) {
	w.sum += value * weight
	w.weight += weight
}

func (w *weighted) mean() int {
	if w.weight == 0 {
		return 0
	}
	return int(math.Round(float64(w.sum) / float64(w.weight)))
}
