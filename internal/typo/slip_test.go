package typo

import (
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/spf/policy"
)

// slipsTried is which of the single slips TestSingleSlips tries unless TYPO_SLIPS says
// otherwise: one in so many.
const slipsTried = 331

// TestSingleSlips types each single slip of the hand into the policies of every domain, and
// looks for harm as TestFixesDoNoHarm does. TYPO_SLIPS says which: 1 is all, n one in n;
// with TYPO_NEAR=m a second slip stands at most m places behind the first, each pair by
// itself. TYPO_ONLY chooses domains whose name holds it.
func TestSingleSlips(t *testing.T) {
	every, near, from := slipsTried, 0, 0
	for name, to := range map[string]*int{"TYPO_SLIPS": &every, "TYPO_NEAR": &near, "TYPO_FROM": &from} {
		if s := os.Getenv(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			*to = n
		}
	}
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	type made struct {
		label string
		c     *Case
		m     *Meant
	}
	cases := make(chan made)
	go func() {
		defer close(cases)
		n := from
		chosen := func() bool {
			n++
			return n%every == 0
		}
		send := func(tmpl Template, meant *Meant, mistakes ...Mistake) {
			select {
			case cases <- made{"slip " + strconv.Itoa(n), NewCase(tmpl, mistakes), meant}:
			case <-t.Context().Done():
			}
		}
		for _, tmpl := range append(Templates(), Variants()...) {
			if !strings.Contains(tmpl.Name, os.Getenv("TYPO_ONLY")) {
				continue
			}
			meant, err := w.Learn(t.Context(), tmpl)
			if err != nil {
				t.Error(err)
				continue
			}
			for at, r := range tmpl.Records {
				if kind(r) == "" || r.Type != "TXT" || only(os.Getenv("TYPO_KIND"), r) {
					continue
				}
				list := slips(r.Value)
				if near == 0 {
					for _, s := range list {
						if chosen() {
							send(tmpl, meant, s.mistake(at, r))
						}
					}
					continue
				}
				for pair := range suspects(r, list, near, chosen) {
					send(tmpl, meant, list[pair[0]].mistake(at, r), list[pair[1]].mistake(at, r))
				}
			}
		}
	}()
	harmless(t, w, func() (string, *Case, *Meant, bool) {
		m, ok := <-cases
		return m.label, m.c, m.m, ok
	})
}

// suspects are those of the chosen pairs of slips, at most near places apart, for which a record that is
// neither what was meant nor what one of the two alone leads to can be published, as far as
// the text by itself tells.
func suspects(r finding.Record, list []slip, near int, chosen func() bool) iter.Seq[[2]int] {
	typed := func(of ...slip) string {
		cells := strings.Split(r.Value, "")
		for _, s := range of {
			s.do(cells)
		}
		return strings.Join(cells, "")
	}
	alone := make([][]string, len(list))
	for i, s := range list {
		alone[i] = append(proposed(r, typed(s)), typed(s), r.Value)
	}
	return func(yield func([2]int) bool) {
		for i, s := range list {
			for j := i + 1; j < len(list) && list[j].at <= s.at+near; j++ {
				if !chosen() {
					continue
				}
				for _, value := range proposed(r, typed(s, list[j])) {
					if !slices.Contains(alone[i], value) && !slices.Contains(alone[j], value) {
						if !yield([2]int{i, j}) {
							return
						}
						break
					}
				}
			}
		}
	}
}

// proposed are the records that can be published as they stand, as far as the text of one
// by itself tells.
func proposed(r finding.Record, text string) (out []string) {
	var findings []finding.Finding
	switch kind(r) {
	case "spf":
		findings = policy.Lint([]byte(text)).Findings
	case "dmarc":
		findings = dmarc.Lint([]byte(text))
	case "dkim":
		findings = dkim.Lint([]byte(text))
	}
	for _, f := range findings {
		if f.Fix != nil && f.Fix.Value != "" && !strings.Contains(f.Fix.Value, "<") && !slices.Contains(out, f.Fix.Value) {
			out = append(out, f.Fix.Value)
		}
	}
	return out
}

// only reports whether a record is of another kind than the one that is asked for.
func only(of string, r finding.Record) bool { return of != "" && kind(r) != of }
