package view

import (
	"mailworthy/finding"
	"mailworthy/transport"
)

// signedText is what DNSSEC says of a question, and of whether there are records.
func signedText(f *transport.DNSSECFacts, q transport.Signed) Text {
	state := map[transport.State]string{transport.Present: "", transport.Absent: ", no records", transport.Unknown: ""}[q.State]
	switch {
	case q.Security == transport.Bogus:
		return Marked(finding.Critical, "bogus")
	case !f.Validates || q.Security == transport.Undetermined:
		return Marked(finding.Unknown, "not known"+state)
	case q.Security == transport.Secure:
		return Marked(finding.Pass, "signed"+state)
	}
	return Marked(finding.Info, "not signed"+state)
}

func resolverFact(f *transport.DNSSECFacts) Fact {
	text := Joined(Marked(finding.Pass, ""), T(" "+f.Root.Evidence.Server+" validates"))
	if !f.Validates {
		text = Marked(finding.Unknown, f.Why)
	}
	return Fact{Key: "resolver", Value: text}
}

// DNSSECDoc is what DNSSEC says of a domain and its MX hosts.
func DNSSECDoc(f *transport.DNSSECFacts, findings []finding.Finding) *Doc {
	d := &Doc{Name: f.Domain}
	d.Add(Title{Text: StrongText(f.Domain), Status: Joined(Marked(standing(findings), ""), T(" DNSSEC"))})
	d.Add(Facts{Facts: []Fact{resolverFact(f), {Key: "domain", Value: signedText(f, f.SOA)}, {Key: "MX", Value: signedText(f, f.MX)},
		{Key: "_dmarc", Value: signedText(f, f.DMARC)}, {Key: "DS", Value: signedText(f, f.DS)}}})
	table := Table{Header: []string{"MX host", "A", "AAAA"}}
	for _, h := range f.Hosts {
		table.Rows = append(table.Rows, []Text{T(h.Name), signedText(f, h.A), signedText(f, h.AAAA)})
	}
	if len(table.Rows) > 0 {
		d.Add(table)
	}
	d.Add(Findings{Domain: f.Domain, List: notable(findings)})
	return d
}

// DANEDoc is the TLSA records of the MX hosts of a domain.
func DANEDoc(f *transport.DNSSECFacts, findings []finding.Finding) *Doc {
	d := &Doc{Name: f.Domain}
	d.Add(Title{Text: StrongText(f.Domain), Status: Joined(Marked(standing(findings), ""), T(" DANE"))})
	d.Add(Facts{Facts: []Fact{resolverFact(f), {Key: "MX", Value: signedText(f, f.MX)}}})
	table := Table{Header: []string{"MX host", "TLSA", "records"}}
	for _, h := range f.Hosts {
		var records []string
		for i := range h.Records {
			text := h.Records[i].String()
			if h.Records[i].Unusable != "" {
				text += " (not usable)"
			}
			records = append(records, text)
		}
		table.Rows = append(table.Rows, []Text{T(h.Name), signedText(f, h.TLSA), T(firstWords(records, 10))})
	}
	if len(table.Rows) > 0 {
		d.Add(table)
	}
	d.Add(Findings{Domain: f.Domain, List: notable(findings)})
	d.Add(Aside("The DNS alone was asked: whether a record matches the certificate of its host is not checked."))
	return d
}
