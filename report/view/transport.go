package view

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// standing is the worst of findings, as the status of a title.
func standing(findings []finding.Finding) (worst finding.Severity) {
	worst = finding.Pass
	for i := range findings {
		if s := findings[i].Severity; s.Rank() > worst.Rank() || s == finding.NotChecked && worst == finding.Pass {
			worst = s
		}
	}
	return worst
}

// notable are the findings that are no passes.
func notable(findings []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f finding.Finding) bool { return f.Severity == finding.Pass })
}

// textsText is what there is at the name of a TXT record.
func textsText(t transport.Texts, version string) Text {
	switch t.State {
	case transport.Unknown:
		if report.NotAsked([]finding.Evidence{t.Evidence}) {
			return Marked(finding.NotChecked, notChecked)
		}
		return Marked(finding.Unknown, "not known: "+t.Evidence.Status)
	case transport.Absent:
		return T("none")
	}
	var out []string
	for _, r := range t.Records {
		if len(r) >= len(version) && strings.EqualFold(r[:len(version)], version) {
			out = append(out, r)
		}
	}
	switch len(out) {
	case 0:
		return T("none of its kind")
	case 1:
		return CodeText(out[0])
	}
	return T(fmt.Sprintf("%d records", len(out)))
}

// fetchText is what came of a fetch.
func fetchText(f transport.Fetch) Text {
	switch f.Outcome {
	case transport.Fetched:
		return T(fmt.Sprintf("fetched, %d ms", f.DurationMS))
	case transport.Unanswered:
		return Marked(finding.Unknown, "not known: "+f.Reason)
	case transport.NotFetched:
		return Marked(finding.NotChecked, "not checked")
	}
	return T(f.Reason)
}

// STSDoc is what there is of MTA-STS for a domain.
func STSDoc(f *transport.STSFacts, findings []finding.Finding) *Doc {
	d := &Doc{Name: f.Domain}
	status := standing(findings)
	if status == finding.Pass && f.Fetch.Outcome == transport.NotFetched {
		status = finding.NotChecked // the record alone says little
	}
	d.Add(Title{Text: StrongText(f.Domain), Status: Joined(Marked(status, ""), T(" MTA-STS"))})
	facts := Facts{Facts: []Fact{
		{Key: "record", Value: textsText(f.Record, "v=STSv1")},
		{Key: "policy", Value: fetchText(f.Fetch)},
	}}
	if p := f.Policy; p != nil {
		facts.Facts = append(facts.Facts, Fact{Key: "mode", Value: T(p.Mode)}, Fact{Key: "max_age", Value: T(p.MaxAge)}, Fact{Key: "mx", Value: T(firstWords(p.MX, 10))})
	}
	d.Add(facts)
	table := Table{Header: []string{"", "MX host", "pref", "covered"}, Align: []Align{Left, Left, Right}}
	for _, h := range f.Exchanges.Hosts {
		mark, word := finding.Severity(finding.Info), "no policy is known"
		switch {
		case h.State == transport.Absent:
			word = "it has no address"
		case f.Policy == nil:
		case slices.Contains(f.Uncovered, h.Name):
			mark, word = finding.Error, "no"
		case f.Policy.Matches(h.Name):
			mark, word = finding.Pass, "yes"
		default:
			word = "no pattern counts"
		}
		table.Rows = append(table.Rows, []Text{Marked(mark, ""), T(h.Name), T(fmt.Sprint(h.Preference)), T(word)})
	}
	if len(table.Rows) > 0 {
		d.Add(table)
	}
	d.Add(Findings{Domain: f.Domain, List: notable(findings)})
	if f.Proposed != nil {
		d.Add(PolicyToServe(*f.Proposed, f.Fetch.URL))
	}
	return d
}

// ReportingDoc is what there is of TLS reporting for a domain.
func ReportingDoc(f *transport.ReportingFacts, findings []finding.Finding) *Doc {
	d := &Doc{Name: f.Domain}
	d.Add(Title{Text: StrongText(f.Domain), Status: Joined(Marked(standing(findings), ""), T(" TLS reporting"))})
	d.Add(Facts{Facts: []Fact{{Key: "record", Value: textsText(f.Record, "v=TLSRPTv1")}}})
	var table Table
	for i := range f.Destinations {
		dest := &f.Destinations[i]
		mark, word := finding.Severity(finding.Pass), "a destination"
		if dest.Problem != "" {
			mark, word = finding.Error, dest.Problem
		} else if h := f.HostOf(dest); h != nil {
			switch cannot, unanswered, evidence := h.Takes(); {
			case cannot != "":
				mark, word = finding.Error, "takes no reports: "+cannot
			case unanswered != "" && slices.ContainsFunc(evidence, func(e finding.Evidence) bool { return e.Status == string(resolver.Offline) }):
				mark, word = finding.NotChecked, "not checked (offline): whether it takes reports"
			case unanswered != "":
				mark, word = finding.Unknown, "the DNS did not answer for "+unanswered
			}
		}
		table.Rows = append(table.Rows, []Text{Marked(mark, ""), T(dest.URI), T(word)})
	}
	if len(table.Rows) > 0 {
		d.Add(table)
	}
	d.Add(Findings{Domain: f.Domain, List: notable(findings)})
	return d
}

// firstWords joins the first few of a list.
func firstWords(list []string, most int) string {
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}
