package terminal

import (
	"fmt"
	"io"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report/view"
	"mailworthy/spf"
)

// WriteFlattening writes a flattened SPF record for a person: what it gains, the
// records in master-file syntax, and where each range comes from as comments.
func WriteFlattening(w io.Writer, f *spf.Flattening, o Options) error {
	s := newScreen(o)
	if len(f.Records) == 0 {
		s.hang(s.severity(finding.Notice, s.mark(finding.Notice))+" ", "  ", s.text("No proposal for "+f.Domain+": "+f.Withheld), nil)
		return s.writeTo(w)
	}
	s.para("", s.bold(s.text(f.Domain))+"  "+s.text(fmt.Sprintf("%s lookups now, %s with the records below",
		view.Lookups(f.LookupsBefore, f.ExactBefore), view.Lookups(f.LookupsAfter, f.ExactAfter))))
	s.para("", s.text(fmt.Sprintf("%s evaluated by both, %s. The largest record has %d octets with its name.",
		show.Counted(f.Verification.Addresses, "address"), show.Counted(len(f.Verification.Disagreements), "disagreement"), f.Octets)))
	for _, rec := range f.Records {
		s.blank()
		date := f.Date.UTC().Format("2006-01-02")
		for _, r := range f.Ranges {
			if r.Record == rec.Name {
				s.hang("; ", ";   ", s.text(fmt.Sprintf("%s from %s, %s", r.Prefix, view.Places(r.Sources), date)), s.dim)
			}
		}
		for _, l := range show.ZoneLines(rec, s.width) {
			s.line(s.bold(s.fold(l)))
		}
	}
	for _, list := range []struct {
		title  string
		places []spf.Place
	}{{"Kept as names", f.Kept}, {"Not needed any more", f.Dropped}} {
		if len(list.places) == 0 {
			continue
		}
		s.blank()
		s.line(s.bold(list.title))
		for _, p := range list.places {
			s.hang("  - ", "    ", s.text(p.Term+show.OrEmpty(": ", p.Why)), nil)
		}
	}
	s.blank()
	s.para("", s.text(f.Upkeep))
	return s.writeTo(w)
}
