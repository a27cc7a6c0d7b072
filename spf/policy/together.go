package policy

import (
	"cmp"
	"maps"
	"slices"

	"mailworthy/finding"
)

// together holds back proposals that do no harm alone, but do beside a worse finding's: of
// three terms that find nothing each is harmless without one of the others. What is held back
// waits for the other, and is judged anew when that is published. And a record of the domain that
// nobody reads today is not put in force while it ends in permerror.
func (k *checker) together() {
	if k.trial {
		return
	}
	ready := slices.DeleteFunc(slices.Clone(k.Found()), func(f *finding.Finding) bool {
		x := f.Fix
		return x == nil || x.Type != "TXT" || x.When != "" || x.After != "" || x.Value == "" || x.HasPlaceholder()
	})
	slices.SortStableFunc(ready, func(a, b *finding.Finding) int { return cmp.Compare(b.Severity.Rank(), a.Severity.Rank()) })
	agreed := make(map[string]string)
	first := ""
	for _, f := range ready {
		texts := maps.Clone(agreed)
		for _, r := range f.Fix.Records() {
			if r.Type == "TXT" {
				texts[r.Name] = r.Value
			}
		}
		if len(agreed) > 0 && !maps.Equal(texts, agreed) && (len(k.worse(k.p.with(texts))) > 0 || k.loses(k.p.with(texts))) {
			f.Fix.After = first
			continue
		}
		agreed, first = texts, cmp.Or(first, f.Check)
	}
	if _, ok := agreed[k.p.Domain]; !ok || k.p.with(agreed).works("", "") {
		return
	}
	when := "what it leads to is repaired"
	switch {
	case k.published.Status.absent(): // Of a record that nobody reads a check gives none; this one would give permerror.
	case k.published.works("", "") || k.asks():
		return // something else is known to be wrong
	default:
		when = "what it leads to takes fewer lookups" // all that is wrong is repaired, and it is one too many
	}
	for _, f := range ready {
		if f.Fix.Name == k.p.Domain {
			f.Fix.When = when
		}
	}
}

// asks reports whether something that is wrong is left to the owner to repair.
func (k *checker) asks() bool {
	return slices.ContainsFunc(k.Found(), func(f *finding.Finding) bool {
		x := f.Fix
		return f.Severity.AtLeast(finding.Error) && (x == nil || x.When != "" || x.After != "" || x.Value == "" || x.HasPlaceholder())
	})
}
