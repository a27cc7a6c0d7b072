package finding

import (
	"fmt"
	"slices"
	"strings"
)

// Record is a resource record to publish or to remove.
type Record struct {
	// Name is the owner, without the final dot.
	Name string `json:"name"`
	Type string `json:"type"`
	// Value is the data as a person would paste it: for TXT the whole text,
	// strings joined and without quotes.
	Value string `json:"value"`
}

// HasPlaceholder reports whether the record has a named place to fill in, written
// <the address of …>.
func (r Record) HasPlaceholder() bool { return hasPlaceholder(r.Name) || hasPlaceholder(r.Value) }

func hasPlaceholder(s string) bool {
	at := strings.IndexByte(s, '<')
	return at >= 0 && Placeholder(s[at:]) > 0
}

// Placeholder is the length of the place to fill in that s starts with; 0: it starts
// with none.
func Placeholder(s string) int {
	if s == "" || s[0] != '<' {
		return 0
	}
	return strings.IndexByte(s, '>') + 1
}

// Fix is what to publish so that the finding goes away. Published as it stands, a
// fix loses no sender, weakens no policy and invents nothing: what cannot be
// repaired without knowledge that the DNS does not have is a placeholder, or no
// record at all.
type Fix struct {
	// Summary is one sentence: what to do.
	Summary string `json:"summary"`
	// Name, Type and Value are the record to publish, empty if the fix is no record.
	Name  string `json:"name" empty:"null"`
	Type  string `json:"type" empty:"null"`
	Value string `json:"value" empty:"null"`
	// Remove are the published records that the new one replaces.
	Remove []Record `json:"remove"`
	// More are further records to publish with the first, in order.
	More []Record `json:"more"`
	// When is what must hold before it is published, a clause without its "when": "the
	// reports show that all your mail is aligned". Empty: it can be published now.
	When string `json:"when" empty:"null"`
	// Complete: there are records to publish or to remove, and they can be published
	// as they stand, now. It is false if one has a placeholder, if there is none, and
	// if the fix has a condition (When). A sheet fills it in.
	Complete bool `json:"complete"`
	// After is the ID of a check whose fix changes the same record in another way, or does
	// harm beside this one: that one goes first, and this one is not complete until it is
	// published.
	After string `json:"after" empty:"null"`
}

// Records returns the records to publish, in order.
func (f *Fix) Records() []Record {
	var out []Record
	if f.Name != "" && f.Type != "" {
		out = append(out, Record{Name: f.Name, Type: f.Type, Value: f.Value})
	}
	return append(out, f.More...)
}

// Words returns the sentence of the fix with its condition, if it has one.
func (f *Fix) Words() string {
	if f.When == "" || f.Summary == "" {
		return f.Summary
	}
	first, rest := f.Summary[:1], f.Summary[1:]
	if rest != "" && rest[0] >= 'a' && rest[0] <= 'z' { // no abbreviation
		first = strings.ToLower(first)
	}
	return "When " + f.When + ": " + first + rest
}

// Await makes the fix wait for a condition, besides the one that it has; "" is none. It is not
// complete until that holds.
func (f *Fix) Await(when string) {
	switch {
	case when == "":
		return
	case f.When != "":
		when += ", and " + f.When
	}
	f.When, f.Complete = when, false
}

// HasPlaceholder reports whether a record to publish has a place to fill in.
func (f *Fix) HasPlaceholder() bool {
	return hasPlaceholder(f.Name) || hasPlaceholder(f.Value) || slices.ContainsFunc(f.More, Record.HasPlaceholder)
}

// Equal reports whether two fixes are the same.
func (f *Fix) Equal(g *Fix) bool {
	return f.Summary == g.Summary && f.Name == g.Name && f.Type == g.Type && f.Value == g.Value && f.When == g.When && f.Complete == g.Complete && f.After == g.After &&
		slices.Equal(f.Remove, g.Remove) && slices.Equal(f.More, g.More)
}

// Key returns a text that is equal for equal fixes.
func (f *Fix) Key() string { return fmt.Sprintf("%q", []any{*f}) }

// complete reports what Complete says. A value without a name is a record as well:
// it is pasted in place of the old one.
func (f *Fix) complete() bool {
	if f.When != "" || f.After != "" || f.Value == "" && len(f.Remove)+len(f.More) == 0 {
		return false
	}
	return !f.HasPlaceholder()
}
