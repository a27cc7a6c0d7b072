package view

import (
	"fmt"
	"strings"

	"mailworthy/doctor"
	"mailworthy/finding"
)

// doctorNames are what the checks of doctor are called.
var doctorNames = map[string]string{
	doctor.Answers: "Resolver", doctor.PublicDNS: "Public DNS", doctor.Rewriting: "NXDOMAIN", doctor.Types: "Record types", doctor.DNSSEC: "DNSSEC", doctor.TCP: "TCP port 53",
	doctor.Lists: "Blocklists (DNSBL)", doctor.IPv6: "IPv6", doctor.Clock: "Clock",
}

// DoctorDoc is whether this machine can audit: a line a check, and what to do about
// what is wrong.
func DoctorDoc(e *doctor.Examination) *Doc {
	d := &Doc{Name: "Doctor"}
	d.Add(Title{Text: T("Doctor"), Status: doctorStatus(e)})
	of := ""
	var table Table
	var advice Items
	flush := func() {
		if len(table.Rows) > 0 {
			name := of
			if name == "" {
				name = "This machine"
			}
			section := Section{Title: name, Blocks: []Block{table}}
			if len(advice.Items) > 0 {
				section.Blocks = append(section.Blocks, advice)
			}
			d.Add(section)
		}
		table, advice = Table{}, Items{}
	}
	for i, c := range e.Checks {
		if i > 0 && c.Resolver != of {
			flush()
		}
		of = c.Resolver
		table.Rows = append(table.Rows, []Text{Marked(c.Severity, ""), T(doctorNames[c.Check]), T(strings.ReplaceAll(string(c.State), "-", " ")), T(c.Text)})
		if c.Advice != "" {
			advice.Items = append(advice.Items, Item{Severity: c.Severity, Text: Joined(StrongText(doctorNames[c.Check]+": "), T(c.Advice))})
		}
	}
	flush()
	if e.Queries > 0 {
		d.Add(Aside(fmt.Sprintf("%d DNS queries, %d ms", e.Queries, e.DurationMS)))
	}
	return d
}

func doctorStatus(e *doctor.Examination) Text {
	switch e.State {
	case doctor.OK:
		return Marked(finding.Pass, "this machine can audit")
	case doctor.Problem:
		for _, c := range e.Checks {
			if c.State == doctor.Problem && c.Severity.AtLeast(finding.Error) {
				return Marked(finding.Error, "audits from here cannot be believed")
			}
		}
		return Marked(finding.Warning, "this machine can audit, but for a part")
	case doctor.Unknown:
		return Marked(finding.Unknown, "not everything could be checked")
	}
	return Marked(finding.NotChecked, "nothing was checked")
}

// DoctorLines are what is said below a report in which all is unknown: why, and what to do.
func DoctorLines(e *doctor.Examination) []string {
	var out []string
	for _, c := range e.Failing() {
		line := "doctor: " + c.Text + ". " + c.Advice
		if c.Resolver != "" {
			line = "doctor: " + c.Resolver + ": " + c.Text + ". " + c.Advice
		}
		if out = append(out, line); len(out) == 2 {
			break
		}
	}
	return out
}
