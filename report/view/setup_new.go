package view

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/provider/setup"
)

// ProposalDoc is the set of records for a new domain, what its audit found, and the
// order of steps.
func ProposalDoc(p *setup.Proposal) *Doc {
	d := &Doc{Name: "Mail for " + p.Domain}
	d.Add(proposalTitle(p))
	addProposed(d, p)
	if p.Policy != "" {
		d.Add(Pre{Caption: "https://mta-sts." + p.Domain + "/.well-known/mta-sts.txt", Lines: strings.Split(strings.TrimSpace(p.Policy), "\n")})
	}
	if p.Audit != nil && len(p.Audit.Findings) > 0 {
		items := Items{}
		for _, f := range p.Audit.Findings {
			items.Items = append(items.Items, Item{Severity: f.Severity, Text: T(f.Title + " (" + f.Check + ", " + f.Subject + ")")})
		}
		d.Add(Section{Title: "What the audit of the proposal says", Blocks: []Block{items}})
	}
	items := Items{}
	for i, s := range p.Steps {
		text := T(fmt.Sprintf("%d. %s", i+1, s.Do))
		if s.Verify != "" {
			text = Joined(text, SoftText(" Verify: "), CodeText(s.Verify))
		}
		items.Items = append(items.Items, Item{Text: text})
	}
	d.Add(Section{Title: "Steps", Blocks: []Block{items}})
	if len(p.Notes) > 0 {
		items := Items{}
		for _, n := range p.Notes {
			items.Items = append(items.Items, Item{Text: T(n)})
		}
		d.Add(Section{Title: "Notes", Blocks: []Block{items}})
	}
	return d
}

// proposalTitle is what the proposal is for, and how its audit ended.
func proposalTitle(p *setup.Proposal) Title {
	title := Title{Text: T(p.Domain + "  new")}
	if p.Audit != nil {
		severity := finding.Pass
		if !strings.HasPrefix(p.Audit.Verdict, "ready") {
			severity = finding.Error
		}
		title.Status = Marked(severity, "the proposal audits as "+p.Audit.Verdict)
		if p.Audit.Score != nil {
			title.Right = T(fmt.Sprintf("%d/100", *p.Audit.Score))
		}
	}
	from := strings.Join(p.Providers, ", ")
	if from != "" {
		title.Lines = append(title.Lines, T("sends through "+from))
	}
	if p.Receives != "" {
		title.Lines = append(title.Lines, T("receives at "+p.Receives))
	}
	atLeast := ""
	if !p.Exact {
		atLeast = " or more (not all includes were answered)"
	}
	title.Lines = append(title.Lines, T(fmt.Sprintf("SPF takes %d of 10 DNS lookups%s", p.Lookups, atLeast)))
	if p.AtEnd != nil {
		title.Lines = append(title.Lines, T("with the last stage of DMARC the audit says "+p.AtEnd.Verdict))
	}
	return title
}

// addProposed adds the records: those to publish now, those to fill in, and the others.
func addProposed(d *Doc, p *setup.Proposal) {
	var now, fill Records
	later := Section{Title: "Later, or elsewhere"}
	for i := range p.Records {
		r := &p.Records[i]
		switch {
		case r.Whose != "":
			later.Blocks = append(later.Blocks, Records{Comments: []string{"for " + r.Whose}, Add: []finding.Record{r.Record()}})
		case r.Later != "":
			later.Blocks = append(later.Blocks, Records{Comments: []string{r.Purpose + " (" + r.For + "): when " + r.Later}, Add: []finding.Record{r.Record()}})
		case !r.Complete:
			fill.Add = append(fill.Add, r.Record())
		default:
			now.Add = append(now.Add, r.Record())
		}
	}
	for _, part := range []struct {
		title string
		r     Records
	}{{"Publish", now}, {"Publish when filled in", fill}} {
		if len(part.r.Add) > 0 {
			d.Add(Section{Title: part.title, Blocks: []Block{part.r}})
		}
	}
	if len(later.Blocks) > 0 {
		d.Add(later)
	}
}
