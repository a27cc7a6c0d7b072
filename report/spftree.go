package report

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/spf"
)

// WriteSPFTree draws the SPF records of a domain: every record, every term with
// its cost towards the limit of ten lookups, what it finds and where it fails.
func WriteSPFTree(w io.Writer, r *Report, o TableOptions) error {
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
		s.hang("", "  ", s.bold(s.text(p.Domain))+"  "+s.text(spfCounted(p)), nil)
		for _, e := range r.Evaluations {
			if e.Domain == p.Domain {
				s.hang("  ", "    ", s.text(fmt.Sprintf("%s: %s after %s and %s", e.IP, e.Result,
					counted(e.Lookups, "lookup"), counted(e.VoidLookups, "void lookup"))), s.dim)
			}
		}
		s.spfRecord(p.Record, "")
		s.hang("", "  ", s.text(spfAuthorises(p)), nil)
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
		s.hang("  ", "    ", s.fold(quoted("TXT", clip(text, maxRecordText))), nil)
	}
}

// spfCounted is the static worst case in words.
func spfCounted(p *spf.Policy) string {
	if !p.LookupsExact {
		return fmt.Sprintf("at least %d of 10 lookups: some depend on the client", p.Lookups)
	}
	return fmt.Sprintf("%d of 10 lookups at worst", p.Lookups)
}

// spfAuthorises counts the addresses in words.
func spfAuthorises(p *spf.Policy) string {
	a := p.Addresses
	exact := ""
	if !a.Exact {
		exact = " or more"
	}
	return fmt.Sprintf("authorises %s IPv4 and %s IPv6 addresses%s", rounded(a.IPv4), rounded(a.IPv6), exact)
}

// statusTexts say what the DNS holds where a record should be.
var statusTexts = map[spf.Status]string{
	spf.StatusNone: "no SPF record", spf.StatusMultiple: "several SPF records: permerror", spf.StatusNXDomain: "the name does not exist",
	spf.StatusUnresolved: "not answered", spf.StatusInvalid: "the name cannot be asked", spf.StatusNotAsked: "not asked: the bound was reached",
}

// spfRecord draws a record and what its terms lead to, behind the indent.
func (s *screen) spfRecord(rec *spf.Record, indent string) {
	if severity, text := spfRecordText(rec); text != "" {
		s.line(spfCost("") + indent + s.severity(severity, s.text(text)))
	}
	if rec.Loop || rec.Repeated {
		return
	}
	for i := range rec.Terms {
		s.spfTerm(&rec.Terms[i], indent, i == len(rec.Terms)-1)
	}
}

// spfRecordText is what is to be said about a record besides its terms.
func spfRecordText(rec *spf.Record) (finding.Severity, string) {
	switch {
	case rec.Loop:
		return finding.Critical, "a loop: this record is being evaluated already"
	case rec.Repeated:
		return finding.Notice, "shown above"
	}
	text, ok := statusTexts[rec.Status]
	if !ok {
		return finding.Pass, ""
	}
	if rec.Evidence.Status != "" && rec.Status == spf.StatusUnresolved {
		text += " (" + rec.Evidence.Status + ")"
	}
	return statusSeverity(rec.Status), text
}

func statusSeverity(status spf.Status) finding.Severity {
	if status == spf.StatusUnresolved || status == spf.StatusNotAsked {
		return finding.Unknown
	}
	return finding.Critical
}

// spfTerm draws one term: its cost, its text, and what is to be said about it.
func (s *screen) spfTerm(t *spf.Term, indent string, last bool) {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	bad, notes := spfTermNotes(t)
	text := s.text(t.Text)
	if len(notes) > 0 {
		text += s.fold("  · ") + s.text(strings.Join(notes, "; "))
	}
	lead := spfCost(spfTermCost(t)) + indent
	s.hang(lead+s.fold(branch), spfCost("")+indent+s.fold(below)+"  ", text, func(l string) string {
		if bad == finding.Pass {
			return l
		}
		return s.severity(bad, l)
	})
	if t.Record != nil {
		s.spfRecord(t.Record, indent+s.fold(below))
	}
}

// spfTermCost is what a term costs, empty for nothing.
func spfTermCost(t *spf.Term) string {
	switch {
	case !t.CostExact:
		return fmt.Sprintf("%d+", t.Cost)
	case t.Cost > 0:
		return fmt.Sprint(t.Cost)
	}
	return ""
}

// spfTermNotes are what is to be said about a term, and how bad it is.
func spfTermNotes(t *spf.Term) (bad finding.Severity, notes []string) {
	bad = finding.Pass
	note := func(severity finding.Severity, format string, args ...any) {
		notes = append(notes, fmt.Sprintf(format, args...))
		bad = worse(bad, severity)
	}
	switch {
	case t.Error != "":
		note(finding.Critical, "%s", t.Error)
	case t.Ignored != "":
		note(finding.Warning, "ignored: %s", strings.ReplaceAll(t.Ignored, "_", " "))
	}
	if t.Unknown != "" {
		note(finding.Notice, "depends on the client: %s", t.Unknown)
	}
	if text, ok := statusTexts[t.Status]; ok && t.Record == nil && t.Status != spf.StatusNone {
		note(statusSeverity(t.Status), "%s", text)
	}
	if t.Void {
		note(finding.Warning, "void lookup")
	} else if t.VoidFor != "" {
		note(finding.Notice, "void lookup for %s clients", t.VoidFor)
	}
	if n := len(t.Prefixes); n > 0 && (t.Kind == spf.KindA || t.Kind == spf.KindMX) {
		note(finding.Pass, "%s", counted(n, "address"))
	}
	if t.Record != nil {
		note(finding.Pass, "%s in it", counted(t.Record.Lookups, "lookup"))
	}
	return bad, notes
}

// spfCost is the column of costs.
func spfCost(cost string) string { return fmt.Sprintf("%3s  ", cost) }

// rounded is a decimal number that a person can take in.
func rounded(decimal string) string {
	if len(decimal) <= 9 {
		return decimal
	}
	return fmt.Sprintf("about %s.%s × 10^%d", decimal[:1], decimal[1:2], len(decimal)-1)
}
