package view

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/provider/setup"
	"mailworthy/resolver"
)

// setupSeverity is the colour and mark of a record's status.
func setupSeverity(it *setup.Item) finding.Severity {
	switch it.Status {
	case setup.OK:
		return finding.Pass
	case setup.Missing, setup.Wrong:
		switch it.Need {
		case provider.Needed:
			return finding.Error
		case provider.Optional:
			return finding.Notice
		}
		return finding.Warning
	case setup.Unknown:
		return finding.Unknown
	}
	return finding.Info
}

// HostOf is the name of a record as the page of a DNS host asks for it: without the
// domain, and @ for the domain itself.
func HostOf(name, domain string) string {
	if strings.EqualFold(name, domain) {
		return "@"
	}
	if !resolver.Within(strings.ToLower(name), domain) {
		return name
	}
	return name[:len(name)-len(domain)-1]
}

// SetupRecords are the records of a checklist to publish and to remove. What would take the
// place of a record that may be another sender's is not among them: see SetupOccupied.
func SetupRecords(l *setup.Checklist) Records {
	var out Records
	for i := range l.Records {
		it := &l.Records[i]
		if !it.ToDo() || it.Expected == "" || it.Occupied {
			continue
		}
		out.Add = append(out.Add, it.Record())
		out.Remove = append(out.Remove, it.Remove...)
	}
	return out
}

// SetupOccupied are the records to publish once it is certain that nobody needs what is at
// their names, and what they would replace.
func SetupOccupied(l *setup.Checklist) Records {
	var out Records
	for i := range l.Records {
		if it := &l.Records[i]; it.ToDo() && it.Expected != "" && it.Occupied {
			out.Add = append(out.Add, it.Record())
			out.Remove = append(out.Remove, it.Remove...)
		}
	}
	return out
}

// SetupStatus returns the status of a checklist in a few words.
func SetupStatus(l *setup.Checklist) Text {
	n := map[setup.Status]int{}
	for i := range l.Records {
		n[l.Records[i].Status]++
	}
	var parts []string
	for _, s := range []setup.Status{setup.Wrong, setup.Missing, setup.Unknown} {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	switch {
	case len(l.Records) == 0:
		return T("nothing known")
	case len(parts) == 0:
		return Marked(finding.Pass, "all set up")
	}
	worst := finding.Unknown
	for i := range l.Records {
		if s := setupSeverity(&l.Records[i]); l.Records[i].ToDo() && s.Rank() > worst.Rank() {
			worst = s
		}
	}
	return Marked(worst, strings.Join(parts, ", "))
}

// SetupDoc is a checklist: the records with their status, what to publish, how mail is
// handed in, and what to do next.
func SetupDoc(l *setup.Checklist) *Doc {
	d := &Doc{Name: l.Provider + " for " + l.Domain}
	title := Title{Text: T(l.Domain + "  " + l.Provider), Status: SetupStatus(l)}
	var about []string
	if l.Region != "" {
		about = append(about, "region "+l.Region+" ("+l.RegionBy+")")
	}
	if l.Way != "" {
		about = append(about, l.Way+" set-up")
	}
	if l.ReturnPath != "" && l.ReturnPath != l.Domain {
		about = append(about, "return path "+l.ReturnPath)
	}
	if len(about) > 0 {
		title.Lines = Texts(strings.Join(about, ", "))
	}
	d.Add(title)
	if len(l.Records) > 0 {
		table := Table{Header: []string{"status", "for", "record"}}
		for i := range l.Records {
			it := &l.Records[i]
			table.Rows = append(table.Rows, []Text{Marked(setupSeverity(it), string(it.Status)), T(string(it.Purpose)), T(it.Type + " " + it.Name)})
		}
		d.Add(table)
		d.Add(setupDetails(l)...)
	}
	if r := SetupRecords(l); len(r.Add) > 0 {
		copying := Section{Title: "To copy into a DNS panel", Loose: true,
			Lines: Texts("Names are without ." + l.Domain + ", which panels add; @ is " + l.Domain + " itself.")}
		for _, rec := range r.Add {
			copying.Blocks = append(copying.Blocks, Facts{[]Fact{{"type", T(rec.Type)}, {"name", CodeText(HostOf(rec.Name, l.Domain))}, {"value", CodeText(rec.Value)}}})
		}
		blocks := []Block{r, copying}
		d.Add(Section{Title: "Publish", Blocks: blocks, Loose: true})
	}
	if r := SetupOccupied(l); len(r.Add) > 0 {
		d.Add(Section{Title: "Publish if nobody else needs what is there", Blocks: []Block{r}, Loose: true})
	}
	d.Add(setupMail(l)...)
	if len(l.Next) > 0 {
		items := Items{}
		for _, n := range l.Next {
			items.Items = append(items.Items, Item{Text: T(n)})
		}
		d.Add(Section{Title: "Next", Blocks: []Block{items}})
	}
	if l.Source != "" {
		d.Add(Aside("Expectations from: " + l.Source + " (" + l.Date + ")"))
	}
	return d
}

// setupDetails are what there is to say of single records.
func setupDetails(l *setup.Checklist) []Block {
	var out []Block
	for i := range l.Records {
		it := &l.Records[i]
		if it.Detail == "" || it.Status == setup.NotNeeded && it.Reason == "" && it.Need != provider.Unwanted {
			continue
		}
		text := Joined(StrongText(it.Type+" "+it.Name), T(": "+it.Detail))
		if it.Status == setup.Wrong && it.Found != "" {
			text = Joined(text, T(" Found: "), CodeText(show.Cut(it.Found, 200)))
		}
		out = append(out, Note{Severity: setupSeverity(it), Text: text})
	}
	return out
}

// PortsText lists ports with their kind of TLS.
func PortsText(list []setup.Port) string {
	var start, implicit []string
	for _, p := range list {
		if p.TLS == "implicit" {
			implicit = append(implicit, fmt.Sprint(p.Port))
		} else {
			start = append(start, fmt.Sprint(p.Port))
		}
	}
	var parts []string
	if len(start) > 0 {
		parts = append(parts, strings.Join(start, " ")+" with STARTTLS")
	}
	if len(implicit) > 0 {
		parts = append(parts, strings.Join(implicit, " ")+" with TLS from the first byte")
	}
	return strings.Join(parts, "; ")
}

// setupMail says how programs hand mail to the service.
func setupMail(l *setup.Checklist) []Block {
	var out []Block
	if m := l.SMTP; m != nil {
		f := Facts{[]Fact{{"host", CodeText(m.Hosts[0])}, {"ports", T(PortsText(m.PortTLS))}, {"user name", T(m.Username)}, {"password", T(m.Password)}}}
		floor := "1.2 or newer"
		if m.MinTLS == "" {
			floor += " recommended; what " + l.Provider + " refuses is not documented here"
		}
		f.Facts = append(f.Facts, Fact{"TLS", T(floor)})
		if len(m.Hosts) > 1 {
			f.Facts = append(f.Facts, Fact{"for servers", T(m.Hosts[1] + ", ports " + PortsText(m.RelayPorts))})
		}
		if m.FromMemory != "" {
			f.Facts = append(f.Facts, Fact{"not verified", T(m.FromMemory + " (from memory)")})
		}
		out = append(out, Section{Title: "SMTP", Blocks: []Block{f}})
	}
	var items Items
	for _, t := range l.Limits {
		items.Items = append(items.Items, Item{Text: T("Limit: " + t)})
	}
	for _, t := range l.Traps {
		items.Items = append(items.Items, Item{Text: T("Trap: " + t)})
	}
	for _, t := range smtpTraps(l.SMTP) {
		items.Items = append(items.Items, Item{Text: T("Trap: " + t)})
	}
	if len(items.Items) > 0 {
		out = append(out, Section{Title: "Limits and traps", Blocks: []Block{items}})
	}
	return out
}

// smtpTraps are those of any service with such ports.
func smtpTraps(m *setup.Mail) []string {
	if m == nil {
		return nil
	}
	var out []string
	implicit, blocked := 0, false
	for _, p := range m.PortTLS {
		if p.TLS == "implicit" && implicit == 0 {
			implicit = p.Port
		}
		blocked = blocked || p.Port == 25
	}
	if implicit > 0 {
		out = append(out, fmt.Sprintf("a client that waits for STARTTLS on port %d hangs: TLS starts with the first byte there; one that starts TLS at once on a STARTTLS port gets an error", implicit))
	}
	if blocked {
		out = append(out, "cloud hosts block port 25: use another one")
	}
	return out
}

// SMTPDoc is how programs hand mail to a service, alone.
func SMTPDoc(l *setup.Checklist) *Doc {
	d := &Doc{Name: l.Provider + ": SMTP"}
	d.Add(Title{Text: T(l.Provider), Status: T("SMTP")})
	if l.SMTP == nil {
		d.Add(Paragraph("No SMTP host is known for " + l.Provider + "."))
	}
	d.Add(setupMail(l)...)
	if l.Source != "" {
		d.Add(Aside("From: " + l.Source + " (" + l.Date + ")"))
	}
	return d
}

// ServicesDoc lists services: what each needs and how it aligns.
func ServicesDoc(services []*provider.Service) *Doc {
	d := &Doc{Name: "Sending services"}
	d.Add(Title{Text: T("Sending services"), Status: T(show.Counted(len(services), "service"))})
	table := Table{Header: []string{"service", "aligns by", "records"}}
	for _, s := range services {
		var needs []string
		seen := map[string]bool{}
		if len(s.Ways) > 0 {
			for _, r := range s.Ways[0].Records {
				if r.Need != provider.Unwanted && r.Need != provider.Unverified && r.Need != provider.Optional && !seen[string(r.Purpose)] {
					seen[string(r.Purpose)] = true
					needs = append(needs, string(r.Purpose))
				}
			}
		}
		table.Rows = append(table.Rows, []Text{CodeText(s.ID), T(strings.Join(s.Align, " ")), T(strings.Join(needs, ", "))})
	}
	d.Add(table, Next{[]Step{{"mailworthy setup sendgrid acme.example", "what a domain needs for a service"}, {"mailworthy setup sendgrid --smtp", "how mail is handed in"}}})
	return d
}
