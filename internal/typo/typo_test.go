package typo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// known is how many cases of TestFixesDoNoHarm still show each kind of harm. A
// number may only fall; when it does, write it down here.
var known = map[string]int{}

// zonesTried is how many zones TestFixesDoNoHarm tries unless TYPO_ZONES says
// otherwise.
const zonesTried = 800

// random makes choices by a seed.
type random struct{ *rand.Rand }

func (r random) Int(n int) int { return r.IntN(n) }

// seeded is the case of a seed; nil if it is no zone.
func seeded(templates []Template, seed uint64) (int, *Case) {
	r := random{rand.New(rand.NewPCG(seed, 12))}
	i := r.IntN(len(templates))
	return i, NewCase(templates[i], New(templates[i], r))
}

// world learns all templates.
func world(t testing.TB) (*World, []Template, []*Meant) {
	t.Helper()
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	templates := Templates()
	meant := make([]*Meant, len(templates))
	for i, tmpl := range templates {
		if meant[i], err = w.Learn(context.Background(), tmpl); err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return w, templates, meant
}

// TestFixesDoNoHarm types mistakes into thousands of zones, publishes every
// complete fix and the plan of the report on each, and looks for harm.
func TestFixesDoNoHarm(t *testing.T) {
	tried := uint64(zonesTried)
	if testing.Short() {
		tried /= 10
	}
	first, n := seeds(t, tried)
	w, templates, meant := world(t)
	next := first
	harmless(t, w, func() (string, *Case, *Meant, bool) {
		if next == first+n {
			return "", nil, nil, false
		}
		next++
		i, c := seeded(templates, next-1)
		return fmt.Sprintf("seed %d", next-1), c, meant[i], true
	})
}

// seeds are the zones to try: the first n, or how many TYPO_ZONES says, and from which
// TYPO_FIRST does.
func seeds(t *testing.T, n uint64) (first, count uint64) {
	t.Helper()
	stated := func(name string, otherwise uint64) uint64 {
		s := os.Getenv(name)
		if s == "" {
			return otherwise
		}
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	if os.Getenv("TYPO_ZONES") == "" {
		return 0, n
	}
	return stated("TYPO_FIRST", 0), stated("TYPO_ZONES", n)
}

// harmless inspects the cases that next gives, until there is none, and fails for each kind
// of harm. A case that is nil is no zone.
func harmless(t *testing.T, w *World, next func() (label string, c *Case, m *Meant, ok bool)) {
	type example struct{ text string }
	var (
		mu       sync.Mutex
		wg       sync.WaitGroup
		of       int
		tried    int
		counts   = make(map[string]int)
		examples = make(map[string][]example)
	)
	take := func() (string, *Case, *Meant, bool) {
		mu.Lock()
		defer mu.Unlock()
		label, c, m, ok := next()
		if ok {
			of++
		}
		return label, c, m, ok
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				label, c, m, ok := take()
				if !ok {
					return
				}
				if c == nil {
					continue
				}
				harms, err := w.Inspect(t.Context(), c, m)
				if err != nil {
					t.Errorf("%s: %v", label, err)
				}
				mu.Lock()
				tried++
				seen := make(map[string]bool)
				for _, h := range harms {
					if !seen[h.Kind] {
						seen[h.Kind] = true
						counts[h.Kind]++
						examples[h.Kind] = append(examples[h.Kind], example{fmt.Sprintf("%s: %s\n  %s: %s", label, c, h.Kind, h.Text)})
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d zones of %d", tried, of)
	long := os.Getenv("TYPO_ZONES")
	shown := 1
	if s := os.Getenv("TYPO_SHOW"); s != "" {
		shown, _ = strconv.Atoi(s)
	}
	for _, kind := range slices.Sorted(maps.Keys(Kinds)) {
		got, limit := counts[kind], known[kind]
		list := examples[kind]
		slices.SortFunc(list, func(a, b example) int {
			return cmp.Or(strings.Count(a.text, "\n")-strings.Count(b.text, "\n"), len(a.text)-len(b.text), strings.Compare(a.text, b.text))
		})
		var b strings.Builder
		for _, e := range list[:min(shown, len(list))] {
			b.WriteString("\n" + e.text)
		}
		switch {
		case got > limit && (long == "" || limit == 0):
			t.Errorf("%s: %d zones, at most %d are known: %s%s", kind, got, limit, Kinds[kind], b.String())
		case got > 0:
			t.Logf("%s: %d zones, %d known%s", kind, got, limit, b.String())
		case limit > 0 && long == "" && !testing.Short():
			t.Logf("%s: none any more; take it out of known", kind)
		}
	}
}

// TestTogetherDoNoHarm: mistakes in several records of one domain whose repairs were harmless each by
// itself, and not together or in the order that they were tried.
func TestTogetherDoNoHarm(t *testing.T) {
	w, templates, meant := world(t)
	at := slices.IndexFunc(templates, func(t Template) bool { return t.Name == "redirect and strict" })
	for _, typed := range []map[string]string{
		{"mx1." + Domain: "127.0.0.1", "_own." + Domain: "v=spf1 include:sp1.esp.example include:sp2.esp.example a:mx1.acme.example mx:acme.example a:mail.acme.example -all"},
		{"_own." + Domain: "v=spf1 mx:acme.example a:mail.acme.example include:_spf.google.com,include:sendgrid.net -all", Domain: "v=spf1 redirect=_spf.acme.example a mx a mx a mx a mx a mx"},
		{"_own." + Domain: "v=spf1 mx:cme.example a:mail.acme.example -all", Domain: "vv=spf1 redirect=_spf.acme.example", "_spf." + Domain: "v=spf1 include:_own.acme.example include:spf. esp.example -all"},
	} {
		var mistakes []Mistake
		for i, r := range templates[at].Records {
			if text := typed[r.Name]; text != "" && (kind(r) == "spf" || r.Type == "A") {
				mistakes = append(mistakes, mistake(r, "types "+text, func(z *sheet) { z.records[i].cells = []string{text} }))
			}
		}
		harms, err := w.Inspect(t.Context(), NewCase(templates[at], mistakes), meant[at])
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range harms {
			t.Errorf("%v: %s: %s", typed, h.Kind, h.Text)
		}
	}
}

// TestTemplates: what a report proposes for a domain without mistakes does no harm.
func TestTemplates(t *testing.T) {
	w, templates, meant := world(t)
	for i, tmpl := range templates {
		harms, err := w.Inspect(t.Context(), NewCase(tmpl, nil), meant[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range harms {
			t.Errorf("%s: %s: %s", tmpl.Name, h.Kind, h.Text)
		}
	}
}

// bytes makes choices by the bytes of a fuzzer.
type bytes struct{ left *[]byte }

func (b bytes) Int(n int) int {
	got := 0
	for range 2 {
		got <<= 8
		if len(*b.left) > 0 {
			got, *b.left = got+int((*b.left)[0]), (*b.left)[1:]
		}
		if n <= 256 {
			break
		}
	}
	return got % n
}

// FuzzFixesDoNoHarm is the same with the choices of a fuzzer.
func FuzzFixesDoNoHarm(f *testing.F) {
	w, templates, meant := world(f)
	r := rand.New(rand.NewPCG(5, 8))
	for i := range templates {
		seed := []byte{byte(i)}
		for range 24 {
			seed = append(seed, byte(r.UintN(256)))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		choices := bytes{&data}
		i := choices.Int(len(templates))
		c := NewCase(templates[i], New(templates[i], choices))
		if c == nil {
			return
		}
		harms, err := w.Inspect(t.Context(), c, meant[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range harms {
			if known[h.Kind] == 0 {
				t.Errorf("%s\n  %s: %s", c, h.Kind, h.Text)
			}
		}
	})
}
