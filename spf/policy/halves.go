package policy

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// secondHalf is the text of the one TXT record beside that of a domain which goes on where that
// one ends without an all: terms alone, as a panel leaves them that cuts a record in two. It is
// empty if there is none, or several. Only the strings of one TXT record are joined (RFC 7208, 3.3).
func (o *outcome) secondHalf() string {
	f := o.record()
	if f.count != 1 || len(f.text) > maxRepaired {
		return ""
	}
	pieces := o.pieces()
	if m := f.repaired(); len(pieces) != 1 || m == nil && !f.endless() || m != nil && !m.goesOn() {
		return ""
	}
	return pieces[0]
}

// pieces are the texts of TXT records beside that of a domain that are terms alone.
func (o *outcome) pieces() (texts []string) {
	for _, r := range o.records() {
		if s := r.Text(); termsAlone(s) && len(texts) < maxNamed {
			texts = append(texts, s)
		}
	}
	return texts
}

// both is the record of a domain with its second half, and the text of that; nothing if it has none.
func (o *outcome) both() (half string, meant *repaired) {
	if half = o.secondHalf(); half == "" {
		return "", nil
	}
	return joined(o.record().text, half)
}

// nearHalf is the one TXT record of terms alone that goes on where a text ends which was meant to
// be the record of a domain that has none, and both as one; nothing if there is none.
func (o *outcome) nearHalf() (half string, meant *repaired) {
	text, m := o.near()
	if m == nil || !m.goesOn() {
		return "", nil
	}
	pieces := o.pieces()
	if len(pieces) != 1 {
		return "", nil
	}
	return joined(text, pieces[0])
}

// joined is a record with the half that goes on where it ends, and that half; nothing if nobody
// can tell what both mean together.
func joined(text, half string) (string, *repaired) {
	m := repair(strings.TrimRight(text, " ") + " " + strings.TrimSpace(half))
	if m.text == "" || !m.complete() {
		return "", nil
	}
	return half, &m
}

// termsAlone reports whether a text is terms of SPF without a version, and nothing that other
// records begin with as well.
func termsAlone(text string) bool {
	if len(text) > maxRepaired || looksLikeRecord(text) {
		return false
	}
	terms, l := spf.Parse(spf.Version + " " + text)
	if l.ErrorAt >= 0 || len(terms) == 0 {
		return false
	}
	named := false
	for i := range terms {
		t := &terms[i]
		if t.Kind == spf.KindModifier || suspicious(t) {
			return false
		}
		named = named || t.Spec != "" || t.Prefix.IsValid() || t.Kind == spf.KindAll && !ascii.EqualFold(t.Text, "all")
	}
	return named
}

// halves judges the domain's record with its second half, and returns the text of both; nothing if
// it has none.
func (k *checker) halves() string {
	r := k.p.Record
	if k.trial || r == nil {
		return ""
	}
	half, m := k.p.answers.get(r.Domain, resolver.TypeTXT).both()
	if half == "" {
		return ""
	}
	m = k.chosen(r.Domain, m)
	p := k.proposal(r)
	p.parts, p.broken, p.half = m.parts, true, half
	k.add("spf-broken-split", r, finding.Finding{
		Title: "SPF record is split over two TXT records",
		Detail: fmt.Sprintf("The record of %s ends without all, and the TXT record %s beside it goes on with it. Receivers join the strings of one TXT record, and never two records: the second half is not in force.%s%s",
			r.Domain, quote(half), said(m.changes), k.askCut(p)),
		Fix: p.share(false, "Publish both as one record."),
	})
	return m.text
}
