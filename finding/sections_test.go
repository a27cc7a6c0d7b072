package finding

import (
	"slices"
	"testing"
)

// Each row has what those who read it take for granted.
func TestSectionTable(t *testing.T) {
	total := 0
	words := map[string]Section{}
	for _, s := range SectionTable {
		if s.Section == "" || s.Title == "" || s.Section.Title() != s.Title || s.Section.Flag() != s.Flag {
			t.Errorf("%+v", s)
		}
		if !s.Scored && s.Weight != 0 || s.Weight < 0 {
			t.Errorf("%s weighs %d", s.Section, s.Weight)
		}
		if s.Default && s.Flag == "" {
			t.Errorf("%s is audited and cannot be left out", s.Section)
		}
		total += s.Weight
		for _, word := range []string{s.Flag, string(s.Section)} {
			if other, taken := words[word]; word != "" && taken && other != s.Section {
				t.Errorf("%q is %s and %s", word, other, s.Section)
			}
			words[word] = s.Section
			got, ok := ChosenSection(word)
			if want := s.Flag != ""; ok != want || want && got != s.Section {
				t.Errorf("%q chooses %q, %t", word, got, ok)
			}
		}
	}
	if total != 100 {
		t.Errorf("the sections weigh %d in all, want 100", total)
	}
	for _, list := range [][]Section{Audited, Choosable} {
		for _, s := range list {
			if !slices.Contains(Sections, s) {
				t.Errorf("%s is no section", s)
			}
		}
	}
	if Section("x").Title() != "" || Section("x").Flag() != "" {
		t.Error("an unknown section has a title or a flag")
	}
}

// TestInOrder: the order is that of a report, whatever that of the sections is.
func TestInOrder(t *testing.T) {
	if got := InOrder([]Section{Hosts, SPF, Hosts, Transport}); !slices.Equal(got, []Section{SPF, Hosts, Transport}) {
		t.Errorf("%v", got)
	}
	if got := InOrder(nil); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
	words := ChoosableWords()
	for _, s := range Choosable {
		if !slices.Contains(words, s.Flag()) || !slices.Contains(words, string(s)) {
			t.Errorf("%s is not among %v", s, words)
		}
	}
	if !slices.IsSorted(words) || slices.Contains(words, "") || slices.Contains(words, string(Hygiene)) {
		t.Errorf("%v", words)
	}
}
