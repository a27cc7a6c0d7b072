package view

import (
	"fmt"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	spfpolicy "mailworthy/spf/policy"
)

// SPFTreeDoc is the SPF records of a domain: every record, every term with its cost
// towards the limit of ten lookups, what it finds and where it fails.
func SPFTreeDoc(r *report.Report) *Doc {
	d := &Doc{Name: "SPF of " + show.Cut(r.Domain, 255)}
	for _, p := range append([]*spfpolicy.Policy{r.SPF}, r.Envelope...) {
		if p == nil || p.Record == nil {
			continue
		}
		if p.Status == spfpolicy.StatusMultiple {
			d.Add(severalSPF(p.Record))
			continue
		}
		s := Section{Title: p.Domain, Status: T(SPFCounted(p)), Blocks: []Block{Tree{Lead: "lookups", Nodes: spfNodes(p.Record), Caption: SPFAuthorises(p)}}}
		for _, e := range r.Evaluations {
			if e.Domain == p.Domain {
				s.Lines = append(s.Lines, T(fmt.Sprintf("%s: %s after %s and %s", e.IP, e.Result,
					show.Counted(e.Lookups, "lookup"), show.Counted(e.VoidLookups, "void lookup"))))
			}
		}
		d.Add(s)
	}
	return d
}

// severalSPF is the records of a name that has more than one.
func severalSPF(rec *spfpolicy.Record) Block {
	var texts Pre
	for i := range rec.Published {
		if rec.Published[i].SPF {
			texts.Lines = append(texts.Lines, show.Quoted("TXT", show.Cut(rec.Published[i].Text(), show.MaxRecordText)))
		}
	}
	return Section{Title: rec.Domain, Status: Colored(finding.Critical, fmt.Sprintf("%d SPF records: none is evaluated, the result is permerror", len(texts.Lines))), Blocks: []Block{texts}}
}

// spfNodes are the terms of a record and what they lead to.
func spfNodes(rec *spfpolicy.Record) []Node {
	var out []Node
	if severity, text := SPFRecordText(rec); text != "" {
		out = append(out, Node{Text: text, Severity: severity, Group: true})
	}
	if rec.Loop || rec.Repeated {
		return out
	}
	for i := range rec.Terms {
		t := &rec.Terms[i]
		severity, notes := SPFTermNotes(t)
		n := Node{Lead: SPFTermCost(t), Text: t.Text, Notes: notes}
		if severity != finding.Pass {
			n.Severity = severity
		}
		if t.Record != nil {
			n.Children = spfNodes(t.Record)
		}
		out = append(out, n)
	}
	return out
}
