package redact

import (
	"regexp"
	"slices"
	"strings"
)

// What stands in a line of a reply before its text: the code and the enhanced code of SMTP,
// if they are there; before with white space.
var (
	codes  = regexp.MustCompile(`^(?:[2-5]\d\d[- ])?(?:[245]\.\d{1,3}\.\d{1,3}(?: |$))?`)
	before = regexp.MustCompile(`^(?:[2-5]\d\d[- ])?\s*(?:[245]\.\d{1,3}\.\d{1,3}(?:\s|$))?\s*`)
)

// Lines returns the lines of one reply without the secrets, those too that begin in one
// line and end in a later one: codes, white space and line breaks between do not matter.
func (s *Secrets) Lines(lines []string) []string {
	out := slices.Clone(lines)
	if len(s.forms) == 0 {
		return out
	}
	if len(lines) > 1 {
		out = s.across(s.across(out, codes, ""), before, " \t\r") // a secret may have spaces itself
	}
	for i := range out {
		out[i] = s.Without(out[i])
	}
	return out
}

// across hides the parts of the secrets that go over the end of a line, without what stands
// before the texts and the white space behind them.
func (s *Secrets) across(lines []string, before *regexp.Regexp, behind string) []string {
	var joined strings.Builder
	begins, ends := make([]int, len(lines)), make([]int, len(lines)) // of the texts in their lines
	at := make([]int, len(lines)+1)                                  // of the texts in joined
	for i, line := range lines {
		begins[i] = len(before.FindString(line))
		ends[i] = max(begins[i], len(strings.TrimRight(line, behind)))
		joined.WriteString(line[begins[i]:ends[i]])
		at[i+1] = joined.Len()
	}
	text := joined.String()
	type span struct{ from, to int }
	hidden := make([][]span, len(lines))
	for _, form := range s.forms {
		for from := 0; ; {
			n := strings.Index(text[from:], form)
			if n < 0 {
				break
			}
			from += n
			to := from + len(form)
			first := firstAfter(at, from) - 1
			for i := first; i < len(lines) && at[i] < to && to > at[first+1]; i++ {
				hidden[i] = append(hidden[i], span{max(from, at[i]) - at[i] + begins[i], min(to, at[i+1]) - at[i] + begins[i]})
			}
			from++
		}
	}
	for i, spans := range hidden {
		slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
		var b strings.Builder
		end := 0
		for _, p := range spans {
			if p.from >= p.to || p.to <= end {
				continue
			}
			if p.from >= end {
				b.WriteString(lines[i][end:p.from] + Hidden)
			}
			end = p.to
		}
		lines[i] = b.String() + lines[i][end:]
	}
	return lines
}

// firstAfter is the place of the first number in a sorted list that is greater than n.
func firstAfter(list []int, n int) int {
	i, _ := slices.BinarySearch(list, n+1)
	return i
}
