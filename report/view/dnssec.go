package view

import (
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// signedText is what DNSSEC says of a question, and of whether there are records.
func signedText(f *transport.DNSSECFacts, q transport.Signed) Text {
	state := map[transport.State]string{transport.Present: "", transport.Absent: ", no records", transport.Unknown: ""}[q.State]
	switch {
	case q.Security == transport.Bogus:
		return Marked(finding.Critical, "bogus")
	case nobodyAsked(f):
		return Marked(finding.NotChecked, "not checked"+state)
	case !f.Validates || q.Security == transport.Undetermined:
		return Marked(finding.Unknown, "not known"+state)
	case q.Security == transport.Secure:
		return Marked(finding.Pass, "signed"+state)
	}
	return Marked(finding.Info, "not signed"+state)
}

// nobodyAsked reports whether no resolver was asked, on purpose: what is signed is not
// checked, which is not the same as not known.
func nobodyAsked(f *transport.DNSSECFacts) bool { return f.Root.Reason == string(resolver.Offline) }

func resolverFact(f *transport.DNSSECFacts) Fact {
	text := Joined(Marked(finding.Pass, ""), T(" "+f.Root.Evidence.Server+" validates"))
	switch {
	case nobodyAsked(f):
		text = Marked(finding.NotChecked, "not checked (offline): no resolver was asked whether anything is signed")
	case !f.Validates:
		text = Marked(finding.Unknown, f.Why)
	}
	return Fact{Key: "resolver", Value: text}
}

// DNSSECDoc is what DNSSEC says of a domain and its MX hosts.
func DNSSECDoc(f *transport.DNSSECFacts, findings []finding.Finding) *Doc {
	d := &Doc{Name: f.Domain}
	d.Add(Title{Text: StrongText(f.Domain), Status: Joined(Marked(standing(findings), ""), T(" DNSSEC"))})
	d.Add(Facts{Facts: append([]Fact{resolverFact(f), {Key: "domain", Value: signedText(f, f.SOA)}, {Key: "MX", Value: signedText(f, f.MX)},
		{Key: "_dmarc", Value: signedText(f, f.DMARC)}, {Key: "DS", Value: signedText(f, f.DS)}}, signatureFacts(f)...)})
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

// signatureFacts are until when the domain's own records are signed, and how the zone proves
// what is not there, as far as that was answered.
func signatureFacts(f *transport.DNSSECFacts) []Fact {
	var facts []Fact
	if len(f.Signatures) > 0 {
		first := slices.MinFunc(f.Signatures, func(a, b transport.Signature) int { return a.Expiration.Compare(b.Expiration) })
		facts = append(facts, Fact{Key: "signatures", Value: T(show.Counted(len(f.Signatures), "signature") + ", the first to end is that of " + first.Covers + " at " + show.RFC3339(first.Expiration))})
	}
	if f.NSEC3 != nil {
		facts = append(facts, Fact{Key: "NSEC3", Value: T(show.Counted(f.NSEC3.Iterations, "iteration"))})
	}
	return facts
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
