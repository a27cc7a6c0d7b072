package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/report"
)

// SurveyDoc is what the block lists said: a line a subject, what was found, and every
// list as a detail.
func SurveyDoc(survey *rbl.Survey, findings []finding.Finding) *Doc {
	d := &Doc{Name: "Block lists"}
	var subjects []string
	var table, every Table
	// Subjects of which nothing was asked offline are one line, those with the same
	// lists together.
	offline := make(map[string][]string)
	var unasked []string
	for _, l := range survey.Listings {
		if !slices.Contains(subjects, l.Subject) {
			subjects = append(subjects, l.Subject)
			mark, text := surveyLine(survey.Listings, l.Subject)
			if mark == finding.NotChecked {
				if offline[text] == nil {
					unasked = append(unasked, text)
				}
				offline[text] = append(offline[text], l.Subject)
				continue
			}
			table.Rows = append(table.Rows, []Text{Marked(mark, ""), T(l.Subject), T(text)})
		}
		mark, word := verdictWord(&l)
		if l.Allow && mark != finding.NotChecked {
			mark, word = AllowWord(l.Verdict)
		}
		every.Rows = append(every.Rows, []Text{Marked(mark, ""), T(l.Subject), T(l.Zone), T(word), T(ListingText(l))})
	}
	for _, text := range unasked {
		of := offline[text]
		what := of[0]
		if n := len(of); n > 1 {
			what, text = fmt.Sprintf("%s and %d more", what, n-1), "of each "+text
		}
		table.Rows = append(table.Rows, []Text{Marked(finding.NotChecked, ""), T(what), T(text)})
	}
	d.Add(table, Details{Title: "Every list", Blocks: []Block{every}}, Findings{List: findings})
	return d
}

// surveyLine sums up what the lists said about one subject.
func surveyLine(listings []rbl.Listing, subject string) (finding.Severity, string) {
	by := map[rbl.Verdict][]string{}
	allowed, without, offline := 0, 0, 0
	var mute []string // allow lists
	for _, l := range listings {
		switch {
		case l.Subject != subject:
		case l.Allow:
			switch {
			case l.Verdict == rbl.Listed:
				allowed++
			case l.Verdict == rbl.Clean:
				without++
			case l.Verdict == rbl.Dead:
			case !l.NotAsked():
				mute = append(mute, l.Zone)
			}
		default:
			if l.NotAsked() {
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
	if len(by)+offline == 0 { // allow lists alone were asked
		if without > 0 {
			parts = append(parts, "no entry on "+show.Counted(without, "allow list"))
		}
		if len(mute) > 0 {
			parts = append(parts, fmt.Sprintf("not known of %s: %s", show.Counted(len(mute), "allow list"), strings.Join(mute, ", ")))
		}
	}
	mark := finding.Pass
	switch {
	case len(by)+offline == 0 && allowed > 0:
	case len(by)+offline == 0 && without > 0:
		mark = finding.Info
	case len(by[rbl.Listed]) > 0:
		mark = finding.Error
	case len(by[rbl.Clean]) == 0 && len(by[rbl.Unknown])+len(by[rbl.Blocked]) == 0 && offline > 0:
		mark = finding.NotChecked
	case len(by[rbl.Clean]) == 0:
		mark = finding.Unknown
	}
	return mark, strings.Join(parts, "; ")
}

// CatalogueDoc lists the block lists that are known.
func CatalogueDoc(c *rbl.Catalogue) *Doc {
	live := Table{Header: []string{"", "list", "weight", "access", "holds"}}
	var dead Table
	for _, l := range c.Lists {
		if l.Dead != "" {
			dead.Rows = append(dead.Rows, Texts(l.Zone, "closed "+l.Dead+show.OrEmpty("; ", l.Note)))
			continue
		}
		var asked Text
		if l.Default {
			asked = Marked(finding.Pass, "")
		}
		kinds := make([]string, len(l.Kinds))
		for i, k := range l.Kinds {
			kinds[i] = string(k)
		}
		live.Rows = append(live.Rows, []Text{asked, T(l.Zone), T(string(l.Weight)), T(string(l.Access)), T(strings.Join(kinds, " "))})
	}
	d := &Doc{Name: "The block lists"}
	d.Add(live)
	if len(dead.Rows) > 0 {
		d.Add(Section{Title: "Closed: never asked", Blocks: []Block{dead}})
	}
	d.Add(Para{Lines: []Text{Joined(Marked(finding.Pass, ""), T(" is asked by default. Lists with access by key or registration answer only those whom their operators know; --lists FILE supplies keys."))}})
	return d
}

// ListProbe is the health of the block lists through one resolver.
type ListProbe struct {
	Resolver  string           `json:"resolver"`
	Lists     []rbl.ListHealth `json:"lists"`
	Rewriting rbl.Rewriting    `json:"rewriting"`
}

// asked reports whether a list's test entries were put to somebody, or need not be.
func asked(l rbl.ListHealth) bool { return l.State != rbl.Unresolved || !report.NotAsked(l.Evidence) }

// Silent reports whether a resolver said nothing of any list that was put to it: what it is good for
// is as little known as the lists. One list that does not answer is that list's health.
func Silent(probes []ListProbe) bool {
	return slices.ContainsFunc(probes, func(p ListProbe) bool {
		put := false
		for _, l := range p.Lists {
			if l.State == rbl.Unresolved {
				put = put || asked(l)
			} else if l.State != rbl.Closed || len(l.Evidence) > 0 { // what the catalogue calls closed is never asked
				return false
			}
		}
		return put
	})
}

// slowList is the time for a list's test entries above which it is called slow.
const slowList = time.Second

// ListProbesDoc is the health of the lists, resolver by resolver.
func ListProbesDoc(probes []ListProbe) *Doc {
	d := &Doc{Name: "The health of the block lists"}
	for _, p := range probes {
		s := Section{Title: "through " + p.Resolver}
		switch {
		case p.Rewriting.Rewrites:
			s.Blocks = append(s.Blocks, Para{Lines: []Text{Colored(finding.Unknown, "This resolver invents answers for names that do not exist: no block list can be asked through it.")}})
		case len(p.Lists) > 0 && !slices.ContainsFunc(p.Lists, asked):
			s.Blocks = append(s.Blocks, Para{Lines: []Text{Colored(finding.NotChecked, fmt.Sprintf("Nothing was asked: the tests of %s were not checked (offline).", show.Counted(len(p.Lists), "list")))}})
			d.Add(s)
			continue
		case !p.Rewriting.Known:
			s.Blocks = append(s.Blocks, Paragraph("Whether it invents answers for absent names is not known: the question was not answered."))
		}
		var table Table
		for _, l := range p.Lists {
			mark, state := finding.Pass, string(l.State)
			if l.State != rbl.Usable {
				mark = finding.Unknown
			} else if l.Duration > slowList {
				mark, state = finding.Warning, "slow"
			}
			table.Rows = append(table.Rows, []Text{Marked(mark, ""), T(l.Zone), T(string(l.Kind)), T(state), T(fmt.Sprintf("%d ms", l.DurationMS)),
				T(strings.TrimSpace(show.AsSentence(l.Why) + " " + l.Advice))})
		}
		s.Blocks = append(s.Blocks, table)
		d.Add(s)
	}
	return d
}
