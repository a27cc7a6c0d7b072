package view

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/report"
)

// ExaminedText says in sentences what the audit looked at, and why.
func ExaminedText(r *report.Report) []string {
	e := r.Examined
	var parts []string
	public, private := sendersText(r)
	switch from := public; {
	case from != "":
		if e.LeftOut > 0 {
			from += fmt.Sprintf(" (%d more not examined)", e.LeftOut)
		}
		parts = append(parts, "sending from "+from)
	case e.SendersUnknown:
		why := "unknown: the DNS did not say"
		if r.Number(finding.NotChecked) > 0 && r.Number(finding.Unknown) == 0 {
			why = "not checked: no zone holds what names them"
		}
		parts = append(parts, "sending addresses "+why)
	case private != "":
	case r.RBL != nil || r.Hosts != nil:
		if r.Profile != finding.Parked {
			parts = append(parts, "no sending IP known (use --ip)")
		}
	}
	if private != "" {
		parts = append(parts, "no mail comes from private addresses ("+private+")")
	}
	if others := show.Without(e.MailFrom, r.Domain); len(others) > 0 {
		parts = append(parts, "envelope "+show.Listed(others, 3))
	}
	if others := show.Without(e.DKIMDomains, r.Domain); len(others) > 0 {
		parts = append(parts, "signing as "+show.Listed(others, 3))
	}
	if len(e.Selectors) > 0 {
		parts = append(parts, show.Plural(len(e.Selectors), "selector")+" "+show.Listed(e.Selectors, 4))
	}
	if len(e.HELO) > 0 {
		parts = append(parts, "HELO "+show.Listed(e.HELO, 3))
	}
	var out []string
	if len(parts) > 0 {
		parts[0] = strings.ToUpper(parts[0][:1]) + parts[0][1:]
		out = append(out, strings.Join(parts, "; ")+".")
	}
	if len(r.Services) > 0 {
		var names []string
		for _, s := range r.Services {
			names = append(names, s.Name)
		}
		out = append(out, "Services: "+show.Listed(names, 5)+".")
	}
	if len(e.NotSenders) > 0 {
		out = append(out, "MX hosts that only receive, not examined as senders: "+show.Listed(e.NotSenders, 4)+".")
	}
	if len(e.SenderRanges) > 0 {
		names := "SPF also authorises"
		if inError(r) {
			names = "The SPF record, which is in error, also names"
		}
		out = append(out, names+" (not checked): "+show.Listed(e.SenderRanges, 3)+".")
	}
	for i := range r.Findings {
		// It is a notice, and yet says why an address that the resolver shows is not here.
		if c, ok := report.FindCheck(r.Findings[i].Check); ok && c.Examined {
			out = append(out, r.Findings[i].Detail)
		}
	}
	if r.Profile != "" && r.Profile != finding.Sender {
		why := ""
		if r.ProfileWhy != "" {
			why = " (" + r.ProfileWhy + ")"
		}
		out = append(out, "Judged as a "+string(r.Profile)+" domain"+why+".")
	}
	if text := NotCheckedText(r); text != "" {
		out = append(out, text)
	}
	if len(r.Deviations) > 0 {
		out = append(out, "Judged by a policy that deviates: "+strings.Join(r.Deviations, "; ")+".")
	}
	return append(out, acceptedText(r)...)
}

// inError reports whether receivers make nothing of the SPF record.
func inError(r *report.Report) bool {
	return r.SPF != nil && r.SPF.Record != nil && r.SPF.Record.Error != ""
}

// sendersText groups the public addresses by where they come from, and lists the others,
// from which no mail comes. A record in error says whence mail is meant to come.
func sendersText(r *report.Report) (public, private string) {
	const most = 4
	var labels, others []string
	by := make(map[string][]string)
	spf := "SPF"
	if inError(r) {
		spf = "SPF record in error"
	}
	for _, s := range r.Examined.Senders {
		if !mailhost.Public(s.Addr) {
			others = append(others, s.Addr.String())
			continue
		}
		var from []string
		for _, f := range s.From {
			label := "stated"
			switch word, _, _ := strings.Cut(strings.ToLower(f), " "); word {
			case "mx":
				label = "MX"
			case "spf":
				label = spf
			}
			if !slices.Contains(from, label) {
				from = append(from, label)
			}
		}
		label := strings.Join(from, ", ")
		if by[label] == nil {
			labels = append(labels, label)
		}
		by[label] = append(by[label], s.Addr.String())
	}
	var parts []string
	for _, label := range labels {
		parts = append(parts, show.Listed(by[label], most)+" ("+label+")")
	}
	if len(others) > 0 {
		private = show.Listed(others, most)
	}
	return strings.Join(parts, ", "), private
}
