package view

import (
	"fmt"

	"mailworthy/finding"
	"mailworthy/internal/show"
	spfpolicy "mailworthy/spf/policy"
)

// FlatteningDoc is a flattened SPF record: what it gains, the records, where each range
// comes from as comments.
func FlatteningDoc(f *spfpolicy.Flattening) *Doc {
	d := &Doc{Name: "SPF of " + show.Cut(f.Domain, 255) + ", flattened"}
	if len(f.Records) == 0 {
		d.Add(Note{finding.Notice, T("No proposal for " + f.Domain + ": " + f.Withheld)})
		return d
	}
	d.Add(Title{Text: T(f.Domain), Status: T(fmt.Sprintf("%s lookups now, %s with the records below",
		Lookups(f.LookupsBefore, f.ExactBefore), Lookups(f.LookupsAfter, f.ExactAfter))),
		Lines: Texts(fmt.Sprintf("%s evaluated by both, %s. The largest record has %d octets with its name.",
			show.Counted(f.Verification.Addresses, "address"), show.Counted(len(f.Verification.Disagreements), "disagreement"), f.Octets))})
	for _, rec := range f.Records {
		b := Records{Add: []finding.Record{rec}}
		for _, r := range f.Ranges {
			if r.Record == rec.Name {
				b.Comments = append(b.Comments, fmt.Sprintf("%s from %s, %s", r.Prefix, Places(r.Sources), f.Date.UTC().Format("2006-01-02")))
			}
		}
		d.Add(b)
	}
	for _, list := range []struct {
		title  string
		places []spfpolicy.Place
	}{{"Kept as names", f.Kept}, {"Not needed any more", f.Dropped}} {
		var items []Item
		for _, p := range list.places {
			items = append(items, Item{Text: T(p.Term + show.OrEmpty(": ", p.Why))})
		}
		if len(items) > 0 {
			d.Add(Section{Title: list.title, Blocks: []Block{Items{items}}})
		}
	}
	d.Add(Paragraph(f.Upkeep))
	return d
}
