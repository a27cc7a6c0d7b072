package view

import (
	"fmt"
	"time"

	"mailworthy/bimi"
	"mailworthy/finding"
	"mailworthy/transport"
)

// BIMIDoc is what there is of BIMI for a domain, and which mailboxes would show the logo.
func BIMIDoc(f *transport.BIMIFacts, findings []finding.Finding) *Doc {
	d := &Doc{Name: f.Domain}
	d.Add(Title{Text: StrongText(f.Domain), Status: Joined(Marked(standing(findings), ""), T(" BIMI"))})
	facts := Facts{Facts: []Fact{{Key: "record", Value: bimiRecordText(f)}}}
	for _, p := range f.DMARC {
		facts.Facts = append(facts.Facts, Fact{Key: "DMARC", Value: bimiPolicyText(p)})
	}
	if f.LogoFetch != nil {
		facts.Facts = append(facts.Facts, Fact{Key: "logo", Value: logoText(f)})
	}
	if f.EvidenceFetch != nil {
		facts.Facts = append(facts.Facts, Fact{Key: "certificate", Value: markText(f)})
	}
	d.Add(facts)
	table := Table{Header: []string{"", "receiver", "wants", "would show the logo"}}
	for _, v := range f.Receivers {
		mark, word := finding.Severity(finding.Pass), "yes, if it trusts the sender"
		switch v.Shows {
		case transport.Absent:
			mark, word = finding.Error, "no: "+v.Why
		case transport.Unknown:
			mark, word = finding.Unknown, "not known: "+v.Why
		}
		needs := v.Needs
		if needs == "none" {
			needs = "no certificate"
		}
		table.Rows = append(table.Rows, []Text{Marked(mark, ""), T(v.Receiver), T(needs), T(word)})
	}
	if f.From != "" && !f.Declined {
		d.Add(table)
	}
	d.Add(Findings{Domain: f.Domain, List: notable(findings)})
	if f.EvidenceFetch != nil {
		d.Add(Aside("Mark roots as of " + bimi.RootsRead + "; whether a certificate was revoked is not checked."))
	}
	return d
}

// bimiRecordText is the record that applies, and where it is if not at the domain's own name.
func bimiRecordText(f *transport.BIMIFacts) Text {
	t := f.Record
	if f.Parent != nil && f.From == f.Parent.Name {
		t = *f.Parent
	}
	text := textsText(t, "v=BIMI1")
	if t.Name != f.Record.Name {
		text = Joined(text, SoftText(" at "+t.Name))
	}
	if f.Declined {
		text = Joined(text, SoftText(" (the domain has no logo)"))
	}
	return text
}

func bimiPolicyText(p transport.BIMIPolicy) Text {
	switch p.Enforced {
	case transport.Present:
		return Joined(Marked(finding.Pass, ""), T(" enforced for "+p.Domain))
	case transport.Unknown:
		return Marked(finding.Unknown, "not known: "+p.Why)
	}
	return Marked(finding.Error, p.Why)
}

// logoText is what came of the logo.
func logoText(f *transport.BIMIFacts) Text {
	l := f.Logo
	if l == nil {
		return fetchText(*f.LogoFetch)
	}
	text := fmt.Sprintf("%d bytes", l.Bytes)
	if l.More {
		text = fmt.Sprintf("over %d bytes", l.Bytes)
	}
	if l.Compressed {
		text += ", compressed"
	}
	if l.Title != "" {
		text += ", " + l.Title
	}
	return T(text)
}

// markText is what there is of the certificate.
func markText(f *transport.BIMIFacts) Text {
	e := f.Evidence
	if e == nil {
		return fetchText(*f.EvidenceFetch)
	}
	if e.NotAfter == nil {
		return T("none that can be read")
	}
	kind := string(e.Mark)
	if kind == "" {
		kind = "of no mark type that is known"
	}
	return T(fmt.Sprintf("%s, %s, from %s, until %s", kind, e.Subject, e.Issuer, e.NotAfter.Format(time.DateOnly)))
}
