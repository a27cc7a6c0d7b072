package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
)

func TestDiffWords(t *testing.T) {
	for _, tt := range []struct{ before, after, want string }{
		{"v=spf1 a -all", "v=spf1 a -all", "v=spf1 a -all"},
		{"v=spf1 a -all", "v=spf1 mx -all", "v=spf1 [-a-] {+mx+} -all"},
		{"v=spf1 -all", "v=spf1 a mx -all", "v=spf1 {+a mx+} -all"},
		{"v=spf1 a b c d -all", "v=spf1 b d -all", "v=spf1 [-a-] b [-c-] d -all"},
		{"v=DMARC1;p=none;rua=mailto:a@a.example", "v=DMARC1; p=reject; rua=mailto:a@a.example",
			"v=DMARC1; [-p=none;-] {+p=reject;+} rua=mailto:a@a.example"},
		{"", "v=spf1 -all", "{+v=spf1 -all+}"},
	} {
		s := newScreen(TableOptions{Width: 100})
		s.alteration(Alteration{Name: "a.example", Type: "TXT", Words: diffWords(recordWords(tt.before), recordWords(tt.after))})
		if got := strings.TrimSpace(s.buf.String()); got != "~ a.example. TXT "+tt.want {
			t.Errorf("%s to %s is\n%s\nwant\n%s", tt.before, tt.after, got, tt.want)
		}
	}
}

// TestLongWords: two long keys are told apart, wherever they differ.
func TestLongWords(t *testing.T) {
	key := "p=" + strings.Repeat("A", 398)
	for _, at := range []int{2, 30, 200, 380, 399} {
		other := key[:at] + "Z" + key[at+1:]
		s := newScreen(TableOptions{Width: 100})
		s.alteration(Alteration{Name: "a.example", Type: "TXT", Words: diffWords([]string{key}, []string{other})})
		text := s.buf.String()
		if !strings.Contains(text, "Z") || len(text) > 200 {
			t.Errorf("differing at %d:\n%s", at, text)
		}
	}
}

// TestAlterations: of several records at a name those that share most words are
// one edited; what shares nothing came and went.
func TestAlterations(t *testing.T) {
	rec := func(values ...string) (list []finding.Record) {
		for _, v := range values {
			list = append(list, finding.Record{Name: "a.example", Type: "MX", Value: v})
		}
		return list
	}
	removed, added := rec("10 mx1.a.example", "20 mx2.a.example", "30 old.example"), rec("20 mx1.a.example", "5 new.example", "40 mx2.a.example")
	c := &Comparison{Removed: removed, Added: added, Altered: alterations(removed, added)}
	var got []string
	for _, a := range c.Altered {
		got = append(got, a.Before+" to "+a.After)
	}
	in, out := c.unaltered()
	if want := []string{"10 mx1.a.example to 20 mx1.a.example", "20 mx2.a.example to 40 mx2.a.example"}; !slices.Equal(got, want) {
		t.Errorf("altered %q, want %q", got, want)
	}
	if !slices.Equal(in, rec("5 new.example")) || !slices.Equal(out, rec("30 old.example")) {
		t.Errorf("added %v, removed %v", in, out)
	}
}

// FuzzDiffWords: what stayed and what went is the text before, what stayed and
// what came the text after.
func FuzzDiffWords(f *testing.F) {
	f.Add("v=spf1 a b -all", "v=spf1 b c -all")
	f.Add(strings.Repeat("a b ", 1500), strings.Repeat("b c ", 1500))
	f.Add("\xff;;", " ; ")
	f.Fuzz(func(t *testing.T, before, after string) {
		a, b := recordWords(before), recordWords(after)
		words := diffWords(a, b)
		join := func(without string) string {
			var texts []string
			for _, w := range words {
				if w.Op != without {
					texts = append(texts, w.Text)
				}
			}
			return strings.Join(texts, " ")
		}
		if got, want := join(WordAdded), strings.Join(a, " "); got != want {
			t.Errorf("before is %q, want %q", got, want)
		}
		if got, want := join(WordRemoved), strings.Join(b, " "); got != want {
			t.Errorf("after is %q, want %q", got, want)
		}
		c := &Comparison{Altered: []Alteration{{Name: "a.example", Type: "TXT", Before: before, After: after, Words: words}}}
		c.Added = []finding.Record{{Name: "a.example", Type: "TXT", Value: after}}
		var out bytes.Buffer
		if err := WriteComparison(&out, c, TableOptions{ASCII: true}); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r != '\n' && (r < ' ' || r > '~') {
				t.Fatalf("%q in %q", r, out.String())
			}
		}
	})
}
