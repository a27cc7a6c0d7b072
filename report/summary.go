package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/spf"
)

// Headline says in a sentence or two what the verdict means and what to do first.
func (r *Report) Headline() string {
	if r.Unanswered != "" {
		return fmt.Sprintf("No resolver answered any question (%s): nothing is known of the domain.", r.Unanswered)
	}
	groups := r.Groups()
	first := func(least finding.Severity) string {
		for _, g := range groups {
			if g.Severity.AtLeast(least) {
				return " First: " + g.title(r.Domain) + "."
			}
		}
		return ""
	}
	critical, errors, warnings := r.checks(finding.Critical), r.checks(finding.Error), r.checks(finding.Warning)
	switch r.Verdict {
	case NotReady:
		switch {
		case critical > 0 && errors > 0:
			return fmt.Sprintf("%s and %s that receivers act on.%s", counted(critical, "critical problem"), counted(errors, "error"), first(finding.Error))
		case critical > 0:
			return fmt.Sprintf("%s that receivers act on.%s", counted(critical, "critical problem"), first(finding.Error))
		}
		return fmt.Sprintf("%s that receivers act on.%s", counted(errors, "error"), first(finding.Error))
	case ReadyWithWarnings:
		if warnings == 0 {
			return "Nothing found that stops mail, but not everything could be observed."
		}
		return fmt.Sprintf("Nothing found that stops mail; %s to look at.%s", counted(warnings, "warning"), first(finding.Warning))
	case Incomplete:
		return fmt.Sprintf("The DNS did not answer everything: what is unknown could change the outcome (%s).",
			counted(r.checks(finding.Unknown), "open check"))
	}
	if r.Profile == finding.Parked {
		return "Nobody can send in its name unnoticed: the domain says that it sends nothing."
	}
	return "Nothing found that a receiver acts on."
}

// checks counts the checks with a finding of the severity.
func (r *Report) checks(s finding.Severity) int {
	n := 0
	for _, g := range r.Groups() {
		if g.Severity == s {
			n++
		}
	}
	return n
}

// title is the group's title with its subjects where they are not the domain.
func (g Group) title(domain string) string {
	var subjects []string
	for _, f := range g.Findings {
		if f.Subject != "" && f.Subject != domain && !slices.Contains(subjects, f.Subject) {
			subjects = append(subjects, f.Subject)
		}
	}
	title := strings.TrimSuffix(g.Findings[0].Title, ".")
	switch {
	case len(subjects) == 0 || strings.Contains(title, subjects[0]):
		return title
	case len(subjects) == 1:
		return title + " (" + clip(subjects[0], 80) + ")"
	}
	return fmt.Sprintf("%s (%s and %d more)", title, clip(subjects[0], 80), len(subjects)-1)
}

// ExaminedText says in sentences what the audit looked at, and why.
func (r *Report) ExaminedText() []string {
	e := r.Examined
	var parts []string
	switch from := sendersText(e.Senders); {
	case from != "":
		if e.LeftOut > 0 {
			from += fmt.Sprintf(" (%d more not examined)", e.LeftOut)
		}
		parts = append(parts, "sending from "+from)
	case e.SendersUnknown:
		parts = append(parts, "sending addresses unknown: the DNS did not say")
	case r.RBL != nil || r.Hosts != nil:
		if r.Profile != finding.Parked {
			parts = append(parts, "no sending address known (--ip states one)")
		}
	}
	if others := without(e.MailFrom, r.Domain); len(others) > 0 {
		parts = append(parts, "envelope "+listed(others, 3))
	}
	if others := without(e.DKIMDomains, r.Domain); len(others) > 0 {
		parts = append(parts, "signing as "+listed(others, 3))
	}
	if len(e.Selectors) > 0 {
		parts = append(parts, plural(len(e.Selectors), "selector")+" "+listed(e.Selectors, 4))
	}
	if len(e.HELO) > 0 {
		parts = append(parts, "HELO "+listed(e.HELO, 3))
	}
	var out []string
	if len(parts) > 0 {
		parts[0] = strings.ToUpper(parts[0][:1]) + parts[0][1:]
		out = append(out, strings.Join(parts, "; ")+".")
	}
	if len(e.NotSenders) > 0 {
		out = append(out, "MX hosts that only receive, not examined as senders: "+listed(e.NotSenders, 4)+".")
	}
	if len(e.SenderRanges) > 0 {
		out = append(out, "Also authorised, not examined: "+listed(e.SenderRanges, 3)+".")
	}
	if r.Profile != "" && r.Profile != finding.Sender {
		why := ""
		if r.ProfileWhy != "" {
			why = " (" + r.ProfileWhy + ")"
		}
		out = append(out, "Judged as a "+string(r.Profile)+" domain"+why+".")
	}
	if text := r.notCheckedText(); text != "" {
		out = append(out, text)
	}
	if len(r.Deviations) > 0 {
		out = append(out, "Judged by a policy that deviates: "+strings.Join(r.Deviations, "; ")+".")
	}
	return append(out, r.acceptedText()...)
}

// sendersText groups the addresses by where they come from.
func sendersText(senders []audit.Sender) string {
	const most = 4
	var labels []string
	by := make(map[string][]string)
	for _, s := range senders {
		var from []string
		for _, f := range s.From {
			label := "stated"
			switch word, _, _ := strings.Cut(strings.ToLower(f), " "); word {
			case "mx":
				label = "MX"
			case "spf":
				label = "SPF"
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
		parts = append(parts, listed(by[label], most)+" ("+label+")")
	}
	return strings.Join(parts, ", ")
}

// listed joins the first few of a list.
func listed(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return strings.EqualFold(s, one) })
}

// SectionLine is a section in one line.
type SectionLine struct {
	Section finding.Section
	Title   string
	// Mark is the worst severity known in it, Unknown where nothing worse than a
	// notice is known and something is open.
	Mark finding.Severity
	// Score is nil where the section was not judged.
	Score *int
	// Text is its worst finding, then what is not known, or else what is good
	// about it.
	Text string
}

// Value is the score as text.
func (l SectionLine) Value() string {
	if l.Score == nil {
		return "–"
	}
	return strconv.Itoa(*l.Score)
}

// SectionLines gives a line for each section that was looked at.
func (r *Report) SectionLines() []SectionLine {
	groups := r.Groups()
	var out []SectionLine
	for _, s := range r.Score.Sections {
		line := SectionLine{Section: s.Section, Title: s.Title, Mark: finding.Pass, Score: s.Value}
		var of []Group
		for _, g := range groups {
			if g.Findings[0].Section == s.Section {
				of = append(of, g)
			}
		}
		known, open := notable(of)
		var parts []string
		if len(known) > 0 {
			line.Mark = known[0].Severity
			parts = append(parts, known[0].title(r.Domain))
			if len(known) > 1 {
				parts = append(parts, fmt.Sprintf("%d more", len(known)-1))
			}
		}
		if len(open) > 0 {
			if len(known) == 0 {
				line.Mark = finding.Unknown
			}
			parts = append(parts, open[0].gist(r.Domain))
			if len(open) > 1 {
				parts = append(parts, fmt.Sprintf("%d more unknown", len(open)-1))
			}
		}
		if line.Text = strings.Join(parts, "; "); line.Text == "" {
			line.Text = r.good(s.Section)
		}
		if !s.Judged && line.Mark == finding.Pass {
			line.Mark = finding.Unknown
			if len(of) > 0 && s.NotChecked > 0 && s.Unknown == 0 {
				line.Mark, line.Text = finding.NotChecked, r.notCheckedLine(s.Section)
				out = append(out, line)
				continue
			}
			for _, g := range groups {
				if g.Findings[0].Section == s.Section && g.Findings[0].Undecides {
					line.Text = g.title(r.Domain)
					break
				}
			}
		}
		out = append(out, line)
	}
	return out
}

// notable are the groups that are a warning or worse, and those that the DNS left
// undecided, each worst first.
func notable(groups []Group) (known, open []Group) {
	for _, g := range groups {
		switch {
		case g.Severity == finding.Unknown:
			open = append(open, g)
		case g.Severity.AtLeast(finding.Warning):
			known = append(known, g)
		}
	}
	return known, open
}

// heading is the title of the group alone. That of an unresolved section speaks of
// it as a whole, which stands only where all of it is undecided.
func (g Group) heading() string {
	f := g.Findings[0]
	if f.Section != finding.Message && strings.HasSuffix(f.Check, "-unresolved") && !slices.ContainsFunc(g.Findings, func(f finding.Finding) bool { return f.Undecides }) {
		return sectionTitles[f.Section] + " is known in part"
	}
	return f.Title
}

// gist is what a group of open findings is about. The title of an unresolved
// section speaks of it as a whole, which stands only where all of it is undecided;
// otherwise it is the first sentence of the detail.
func (g Group) gist(domain string) string {
	f := g.Findings[0]
	if f.Undecides || f.Detail == "" || !strings.HasSuffix(f.Check, "-unresolved") {
		return g.title(domain)
	}
	sentence, _, _ := strings.Cut(f.Detail, ". ")
	sentence = clip(strings.TrimSuffix(sentence, "."), 160)
	if len(g.Findings) > 1 {
		sentence += fmt.Sprintf(" (and %d more)", len(g.Findings)-1)
	}
	return sentence
}

// good says what stands in a section without warnings.
func (r *Report) good(s finding.Section) string {
	text := ""
	switch s {
	case finding.SPF:
		text = r.goodSPF()
	case finding.DKIM:
		text = r.goodDKIM()
	case finding.DMARC:
		text = r.goodDMARC()
	case finding.Reputation:
		text = r.goodReputation()
	case finding.Hosts:
		text = r.goodHosts()
	}
	if text == "" {
		text = "nothing wrong"
	}
	return text
}

func (r *Report) goodSPF() string {
	if r.SPF == nil || r.SPF.Status != spf.StatusFound || r.SPF.Record == nil {
		return ""
	}
	terms := strings.Fields(r.SPF.Record.Text)
	end := ""
	for _, t := range terms {
		if strings.EqualFold(strings.TrimLeft(t, "+-~?"), "all") || strings.HasPrefix(strings.ToLower(t), "redirect=") {
			end = ", " + clip(t, 80)
		}
	}
	if len(terms) == 2 && strings.EqualFold(terms[1], "-all") {
		return "-all: nobody may send"
	}
	least := ""
	if !r.SPF.LookupsExact {
		least = "at least "
	}
	return fmt.Sprintf("%s%d of 10 lookups%s", least, r.SPF.Lookups, end)
}

func (r *Report) goodDKIM() string {
	if r.DKIM == nil {
		return ""
	}
	var keys []string
	for _, k := range r.DKIM.Keys {
		if k.Live() {
			keys = append(keys, fmt.Sprintf("%s (%s %d)", clip(k.Selector, 63), clip(k.Algorithm, 20), k.Bits))
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return plural(len(keys), "key") + " " + listed(keys, 3)
}

func (r *Report) goodDMARC() string {
	d := r.DMARC
	if d == nil || d.Policy == "" {
		return ""
	}
	text := "p=" + string(d.Policy)
	if d.Tag != "" && d.Tag != "p" {
		text = d.Tag + "=" + string(d.Policy)
	}
	if d.PolicyDomain != "" && d.PolicyDomain != r.Domain {
		text += " of " + d.PolicyDomain
	}
	if d.Record != nil {
		var to []string
		for _, u := range d.Record.RUA {
			if u.Address != "" && !slices.Contains(to, u.Address) {
				to = append(to, u.Address)
			}
		}
		if len(to) > 0 {
			text += ", reports to " + listed(to, 2)
		}
	}
	return text
}

func (r *Report) goodReputation() string {
	if r.RBL == nil {
		return ""
	}
	asked := make(map[string]bool)
	silent := make(map[string]bool)
	for _, l := range r.RBL.Listings {
		switch l.Verdict {
		case rbl.Clean, rbl.Listed:
			asked[l.Zone] = true
		case rbl.Unknown, rbl.Blocked:
			silent[l.Zone] = true
		}
	}
	if len(asked) == 0 {
		return ""
	}
	var subjects []string
	if n := len(r.RBL.Addresses); n > 0 {
		subjects = append(subjects, counted(n, "address"))
	}
	if n := len(r.RBL.Domains); n > 0 {
		subjects = append(subjects, counted(n, "domain"))
	}
	text := strings.Join(subjects, " and ") + " clean on " + counted(len(asked), "list")
	if n := len(silent); n > 0 {
		text += fmt.Sprintf("; %s gave no answer", counted(n, "list"))
	}
	return text
}

func (r *Report) goodHosts() string {
	h := r.Hosts
	if h == nil {
		return ""
	}
	var parts []string
	if d := h.Domain; d != nil {
		switch d.MX {
		case mailhost.MXPresent:
			parts = append(parts, counted(len(d.Exchanges), "MX host"))
		case mailhost.MXNull:
			parts = append(parts, "null MX: takes no mail")
		}
	}
	confirmed := 0
	for _, a := range h.Addresses {
		if slices.ContainsFunc(a.Names, func(n mailhost.ReverseName) bool { return n.Confirmed == mailhost.Present }) {
			confirmed++
		}
	}
	if confirmed > 0 && confirmed == len(h.Addresses) {
		parts = append(parts, counted(confirmed, "sending address")+" with confirmed PTR")
	}
	return strings.Join(parts, "; ")
}
