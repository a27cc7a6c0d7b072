package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/view"
)

// WriteSurvey writes what the block lists said: a line a subject, what was found,
// and with Verbose every list.
func WriteSurvey(w io.Writer, survey *rbl.Survey, findings []finding.Finding, o Options) error {
	s := newScreen(o)
	var subjects []string
	for _, l := range survey.Listings {
		if !slices.Contains(subjects, l.Subject) {
			subjects = append(subjects, l.Subject)
		}
	}
	var rows [][]string
	for _, subject := range subjects {
		mark, text := surveyLine(survey.Listings, subject)
		rows = append(rows, []string{s.severity(mark, s.mark(mark)), s.text(subject), s.text(text)})
	}
	s.list(nil, rows)
	if s.o.Verbose {
		s.blank()
		rows = nil
		for _, l := range survey.Listings {
			m, word := view.VerdictMarks[l.Verdict], string(l.Verdict)
			if l.Allow {
				m, word = view.AllowWord(l.Verdict)
			}
			rows = append(rows, []string{s.severity(m, s.mark(m)), s.text(l.Subject), s.text(l.Zone), word, s.text(view.ListingText(l))})
		}
		s.list(nil, rows)
	}
	s.findings(&report.Report{Result: audit.Result{Findings: findings}})
	return s.writeTo(w)
}

// surveyLine sums up what the lists said about one subject.
func surveyLine(listings []rbl.Listing, subject string) (finding.Severity, string) {
	by := map[rbl.Verdict][]string{}
	allowed, offline := 0, 0
	for _, l := range listings {
		switch {
		case l.Subject != subject:
		case l.Allow:
			if l.Verdict == rbl.Listed {
				allowed++
			}
		default:
			if l.Verdict == rbl.Unknown && report.NotAsked(l.Evidence) {
				offline++
				continue
			}
			by[l.Verdict] = append(by[l.Verdict], l.Zone)
		}
	}
	var parts []string
	if listed := by[rbl.Listed]; len(listed) > 0 {
		parts = append(parts, "listed on "+strings.Join(listed, ", "))
	}
	if n := len(by[rbl.Clean]); n > 0 {
		parts = append(parts, fmt.Sprintf("clean on %s", show.Counted(n, "list")))
	}
	if silent := slices.Concat(by[rbl.Blocked], by[rbl.Unknown]); len(silent) > 0 {
		parts = append(parts, fmt.Sprintf("not known of %s: %s", show.Counted(len(silent), "list"), strings.Join(silent, ", ")))
	}
	if closed := by[rbl.Dead]; len(closed) > 0 {
		parts = append(parts, "closed: "+strings.Join(closed, ", "))
	}
	if offline > 0 {
		parts = append(parts, show.Counted(offline, "list")+" not checked (offline)")
	}
	if allowed > 0 {
		parts = append(parts, fmt.Sprintf("vouched for by %s", show.Counted(allowed, "allow list")))
	}
	mark := finding.Pass
	switch {
	case len(by[rbl.Listed]) > 0:
		mark = finding.Error
	case len(by[rbl.Clean]) == 0 && len(by[rbl.Unknown])+len(by[rbl.Blocked]) == 0 && offline > 0:
		mark = finding.NotChecked
	case len(by[rbl.Clean]) == 0:
		mark = finding.Unknown
	}
	return mark, strings.Join(parts, "; ")
}

// WriteCatalogue lists the block lists that are known.
func WriteCatalogue(w io.Writer, c *rbl.Catalogue, o Options) error {
	s := newScreen(o)
	var live, dead [][]string
	for _, l := range c.Lists {
		if l.Dead != "" {
			dead = append(dead, []string{s.text(l.Zone), s.text("closed " + l.Dead + show.OrEmpty("; ", l.Note))})
			continue
		}
		asked := ""
		if l.Default {
			asked = s.mark(finding.Pass)
		}
		kinds := make([]string, len(l.Kinds))
		for i, k := range l.Kinds {
			kinds[i] = string(k)
		}
		live = append(live, []string{asked, s.text(l.Zone), string(l.Weight), string(l.Access), s.text(strings.Join(kinds, " "))})
	}
	s.list([]string{"", "list", "weight", "access", "holds"}, live)
	if len(dead) > 0 {
		s.blank()
		s.line(s.bold("Closed: never asked"))
		s.list(nil, dead)
	}
	s.blank()
	s.para("", s.fold(s.mark(finding.Pass)+" is asked by default. Lists with access by key or registration answer only those whom their operators know; --lists FILE supplies keys."))
	return s.writeTo(w)
}

// Probe is the health of the block lists through one resolver.
type Probe struct {
	Resolver  string           `json:"resolver"`
	Lists     []rbl.ListHealth `json:"lists"`
	Rewriting rbl.Rewriting    `json:"rewriting"`
}

// slowList is the time for a list's test entries above which it is called slow.
const slowList = time.Second

// WriteProbes writes the health of the lists, resolver by resolver.
func WriteProbes(w io.Writer, probes []Probe, o Options) error {
	s := newScreen(o)
	for i, p := range probes {
		if i > 0 {
			s.blank()
		}
		s.line(s.bold(s.text("through " + p.Resolver)))
		switch {
		case p.Rewriting.Rewrites:
			s.para("  ", s.severity(finding.Unknown, s.text("This resolver invents answers for names that do not exist: no block list can be asked through it.")))
		case !p.Rewriting.Known:
			s.para("  ", s.text("Whether it invents answers for absent names is not known: the question was not answered."))
		}
		var rows [][]string
		for _, l := range p.Lists {
			mark, state := finding.Pass, string(l.State)
			if l.State != rbl.Usable {
				mark = finding.Unknown
			} else if l.Duration > slowList {
				mark, state = finding.Warning, "slow"
			}
			text := strings.TrimSpace(show.AsSentence(l.Why) + " " + l.Advice)
			rows = append(rows, []string{s.severity(mark, s.mark(mark)), s.text(l.Zone), string(l.Kind), state,
				fmt.Sprintf("%d ms", l.DurationMS), s.text(text)})
		}
		s.list(nil, rows)
	}
	return s.writeTo(w)
}
