package spf

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
)

// editor writes a better record in place of one. What makes a record useless is
// always repaired, so that every proposal works when it is pasted; a check adds
// its own change.
type editor struct {
	record *Record
	// drop are texts of terms to leave out, replace what stands in for others,
	// first what to put before all other terms, add what to put before all.
	drop       []string
	replace    map[string]string
	first, add []string
	// spell says whose void lookups to spare by writing addresses in place of
	// names; that the record needs it, it knows itself.
	spell families
	// all is the sign to end the record with; 0 keeps what is there.
	all qualifier
}

// text is the new record.
func (e *editor) text() string {
	r := e.record
	text := r.Text
	facts := make(map[string]*Term)
	broken := r.Error != ""
	for i := range r.Terms {
		t := &r.Terms[i]
		facts[t.Text] = t
		broken = broken || t.parsed.mistyped() || t.Meant != ""
	}
	if broken {
		text, _ = repair(text)
	}
	terms, l := parse(text, nil)
	out := append([]string{version}, e.first...)
	var tail []string
	seen := make(map[string]bool)
	for _, t := range e.first {
		seen[strings.ToLower(t)] = true
	}
	spell := families{e.spell.v4 || r.crowded.v4, e.spell.v6 || r.crowded.v6}
	sign := e.all
	redirect := ""
	for i := range terms {
		t := &terms[i]
		f := facts[t.text]
		switch {
		case t.kind == KindAll:
			if sign == 0 && i == l.all {
				sign = t.sign
			}
		case l.ignored(i, t) == "redirect_with_all":
		case t.wrong != "", slices.Contains(e.drop, t.text), seen[strings.ToLower(t.text)]:
		case f != nil && useless(f):
		case t.kind == KindRedirect:
			redirect = t.text
		case !t.kind.directive():
			tail = append(tail, t.text)
		case l.ignored(i, t) == "after_all" && f != nil:
			// What stands behind all has never counted. It is no proposal's to
			// make it count, but for the check about it.
		default:
			seen[strings.ToLower(t.text)] = true
			if s, ok := e.replace[t.text]; ok {
				out = append(out, strings.Fields(s)...)
			} else if s := f.spelt(spell); s != "" {
				for _, x := range strings.Fields(s) {
					if !slices.Contains(out, x) {
						out = append(out, x)
					}
				}
			} else {
				out = append(out, t.text)
			}
		}
	}
	for _, a := range e.add {
		if !slices.ContainsFunc(out, func(s string) bool { return foldEqual(s, a) }) {
			out = append(out, a)
		}
	}
	switch {
	case sign == '+':
		sign = '~'
	case sign == 0 && redirect != "":
		return strings.Join(append(append(out, redirect), tail...), " ")
	case sign == 0:
		sign = '~'
	}
	out = append(out, string(rune(sign))+"all")
	return strings.Join(append(out, tail...), " ")
}

// useless reports whether a valid term makes the record an error, gives it away,
// or finds nothing.
func useless(t *Term) bool {
	if t.Error != "" || t.Ignored != "" {
		return false
	}
	switch t.Kind {
	case KindInclude, KindRedirect:
		return t.Status == StatusNone || t.Status == StatusNXDomain || t.Status == StatusMultiple || t.Status == StatusInvalid ||
			t.Record != nil && (t.Record.Loop || broken(t.Record))
	case KindA, KindMX, KindExists:
		return t.Void || t.NullMX || t.Status == StatusInvalid
	}
	return false
}

// broken reports whether an evaluation that goes through all of a record ends in
// permerror because of it or of what it includes.
func broken(r *Record) bool {
	if r.Error != "" || r.Loop {
		return true
	}
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Ignored == "" && (t.Kind == KindInclude || t.Kind == KindRedirect) && useless(t) {
			return true
		}
	}
	return false
}

// fix is the record of an editor as what to publish.
func (e *editor) fix(format string, args ...any) *finding.Fix {
	r := e.record
	f := &finding.Fix{Summary: fmt.Sprintf(format, args...), Name: r.Domain, Type: "TXT", Value: e.text()}
	if r.Text != "" && r.Text != f.Value {
		f.Remove = []finding.Record{{Name: r.Domain, Type: "TXT", Value: r.Text}}
	}
	return f
}

// advice is a fix that is no record.
func advice(format string, args ...any) *finding.Fix {
	return &finding.Fix{Summary: fmt.Sprintf(format, args...)}
}
