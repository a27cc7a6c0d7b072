package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
	"mailworthy/spf"
)

// WriteSPFTree draws the SPF records of a domain: every record, every term with
// its cost towards the limit of ten lookups, what it finds and where it fails.
func WriteSPFTree(w io.Writer, r *report.Report, o Options) error {
	s := newScreen(o)
	for _, p := range append([]*spf.Policy{r.SPF}, r.Envelope...) {
		if p == nil || p.Record == nil {
			continue
		}
		if p.Status == spf.StatusMultiple {
			s.spfSeveral(p.Record)
			s.blank()
			continue
		}
		s.hang("", "  ", s.bold(s.text(p.Domain))+"  "+s.text(view.SPFCounted(p)), nil)
		for _, e := range r.Evaluations {
			if e.Domain == p.Domain {
				s.hang("  ", "    ", s.text(fmt.Sprintf("%s: %s after %s and %s", e.IP, e.Result,
					show.Counted(e.Lookups, "lookup"), show.Counted(e.VoidLookups, "void lookup"))), s.dim)
			}
		}
		s.spfRecord(p.Record, "")
		s.hang("", "  ", s.text(view.SPFAuthorises(p)), nil)
		s.blank()
	}
	return s.writeTo(w)
}

// spfSeveral shows the records of a name that has more than one.
func (s *screen) spfSeveral(rec *spf.Record) {
	var texts []string
	for i := range rec.Published {
		if rec.Published[i].SPF {
			texts = append(texts, rec.Published[i].Text())
		}
	}
	s.hang("", "  ", s.bold(s.text(rec.Domain))+"  "+s.severity(finding.Critical, fmt.Sprintf("%d SPF records: none is evaluated, the result is permerror", len(texts))), nil)
	for _, text := range texts {
		s.hang("  ", "    ", s.fold(show.Quoted("TXT", show.Clip(text, show.MaxRecordText))), nil)
	}
}

// spfRecord draws a record and what its terms lead to, behind the indent.
func (s *screen) spfRecord(rec *spf.Record, indent string) {
	if severity, text := view.SPFRecordText(rec); text != "" {
		s.line(view.SPFCost("") + indent + s.severity(severity, s.text(text)))
	}
	if rec.Loop || rec.Repeated {
		return
	}
	for i := range rec.Terms {
		s.spfTerm(&rec.Terms[i], indent, i == len(rec.Terms)-1)
	}
}

// spfTerm draws one term: its cost, its text, and what is to be said about it.
func (s *screen) spfTerm(t *spf.Term, indent string, last bool) {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	bad, notes := view.SPFTermNotes(t)
	text := s.text(t.Text)
	if len(notes) > 0 {
		text += s.fold("  · ") + s.text(strings.Join(notes, "; "))
	}
	lead := view.SPFCost(view.SPFTermCost(t)) + indent
	s.hang(lead+s.fold(branch), view.SPFCost("")+indent+s.fold(below)+"  ", text, func(l string) string {
		if bad == finding.Pass {
			return l
		}
		return s.severity(bad, l)
	})
	if t.Record != nil {
		s.spfRecord(t.Record, indent+s.fold(below))
	}
}
