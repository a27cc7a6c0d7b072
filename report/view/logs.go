package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/smtp/maillog"
)

// How much of a log one screen shows.
const (
	shownGroups  = 12
	shownReasons = 3
	shownFailing = 8
	shownRefused = 3
	shownSamples = 3
)

// LogsDoc is what a log says, on one screen; all of the groups if that is asked for.
func LogsDoc(r *maillog.Report, all bool) *Doc {
	d := &Doc{Name: "Mail logs"}
	d.Add(logsTitle(r))
	if len(r.Series) > 0 {
		d.Add(logsChart(r))
	}
	for _, b := range logsNotes(r) {
		d.Add(b)
	}
	if len(r.Groups) > 0 {
		d.Add(logsGroups(r, all))
		if s, ok := logsReasons(r, all); ok {
			d.Add(s)
		}
	}
	if s, ok := logsFailing(r, all); ok {
		d.Add(s)
	}
	if s, ok := logsRefused(r, all); ok {
		d.Add(s)
	}
	if s, ok := logsSamples(r, all); ok {
		d.Add(s)
	}
	if n := logsNext(r, r.Names()); len(n.Steps) > 0 {
		d.Add(n)
	}
	return d
}

func logsTitle(r *maillog.Report) Title {
	names := make([]string, len(r.MTAs))
	for i, m := range r.MTAs {
		names[i] = string(m)
	}
	t := Title{Text: T("Mail log"), Status: T(strings.Join(names, ", ")), Right: T(logsPeriod(r))}
	c := &r.Total
	parts := []string{
		thousands(c.Messages) + " " + show.Plural(int(min(c.Messages, 2)), "recipient"), thousands(c.Delivered) + " delivered", thousands(c.Bounced) + " bounced",
	}
	if c.Expired > 0 {
		parts = append(parts, thousands(c.Expired)+" expired")
	}
	if c.Queued > 0 {
		parts = append(parts, thousands(c.Queued)+" still queued")
	}
	parts = append(parts, thousands(c.Deferred)+" "+show.Plural(int(min(c.Deferred, 2)), "deferral"))
	t.Lines = append(t.Lines, T(strings.Join(parts, ", ")))
	n := &r.Lines
	line := thousands(n.Read) + " " + show.Plural(int(min(n.Read, 2)), "line") + " read"
	if n.Other > 0 {
		line += ", " + thousands(n.Other) + " of other programs"
	}
	if r.HandedOver > 0 {
		line += ", " + thousands(r.HandedOver) + " handed over to a filter or another local hop (not counted)"
	}
	t.Lines = append(t.Lines, T(line))
	return t
}

// logsPeriod is the first and the last time, short.
func logsPeriod(r *maillog.Report) string {
	if r.From == nil || r.To == nil {
		return "no times"
	}
	from, err1 := time.Parse(time.RFC3339, *r.From)
	to, err2 := time.Parse(time.RFC3339, *r.To)
	if err1 != nil || err2 != nil {
		return ""
	}
	end := to.Format(minutes)
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		end = to.Format("15:04")
	}
	return from.Format(minutes) + " to " + end
}

// logsChart is the share of attempts that failed, by hour.
func logsChart(r *maillog.Report) Chart {
	c := Chart{Max: 100, Grid: []int{0, 25, 50, 75, 100}, Label: "Attempts that were deferred or failed, percent, by hour",
		Caption: "attempts deferred or failed, percent, by hour"}
	for _, h := range r.Series {
		v := 0
		if h.All > 0 {
			v = int(uint64(h.Failed) * 100 / uint64(h.All))
		}
		c.Points = append(c.Points, Point{At: h.Start, Value: &v, Text: fmt.Sprintf("%d %%: %d of %d", v, h.Failed, h.All), Dot: len(r.Series) < 100})
	}
	return c
}

// logsNotes are what limits what the figures say.
func logsNotes(r *maillog.Report) []Block {
	var list []Block
	note := func(s finding.Severity, format string, args ...any) {
		list = append(list, Note{Severity: s, Text: T(fmt.Sprintf(format, args...))})
	}
	for i := range r.Files {
		if f := &r.Files[i]; f.Err != nil {
			note(finding.Warning, "%s: %v", f.Name, f.Err)
		}
	}
	if r.Total.Messages == 0 {
		if r.Outside > 0 {
			note(finding.Notice, "no recipient in the period that was asked for: %s lines are before or after it", thousands(r.Outside))
		} else {
			note(finding.Notice, "no delivery to a recipient is in the log")
		}
	}
	if r.Other != nil {
		note(finding.Warning, "not read, as another program is stated: %s like those of %s", amount(r.OtherLines, "line"), *r.Other)
	}
	if r.Lines.NotUnderstood > 0 {
		note(finding.Notice, "%s of %s lines were not understood: examples are below", thousands(r.Lines.NotUnderstood), thousands(r.Lines.Read))
	}
	if r.SenderUnknown > 0 {
		note(finding.Notice, "the sender of %s is not known: the line that states it is in an older file", amount(r.SenderUnknown, "recipient"))
	}
	if r.Forgotten > 0 {
		note(finding.Notice, "%s were open for so long that they count as queued", amount(r.Forgotten, "message"))
	}
	return list
}

// logsWidth is that of a terminal in which the table must fit.
const logsWidth = 80

func logsGroups(r *maillog.Report, all bool) Section {
	heading := map[maillog.By]string{maillog.ByReceiver: "Receiver", maillog.ByDomain: "Domain", maillog.ByReason: "Reason", maillog.BySender: "Sender"}[r.By]
	t := Table{Header: []string{heading, "Mail", "Delivered", "Deferred", "Failed", "%", "Median", "95 %"},
		Align: []Align{Left, Right, Right, Right, Right, Right, Right, Right}}
	groups := r.Groups
	if !all && len(groups) > shownGroups {
		groups = groups[:shownGroups]
	}
	rows := make([][]string, 0, len(groups))
	for i := range groups {
		g := &groups[i]
		rows = append(rows, []string{g.Name, thousands(g.Messages), thousands(g.Delivered), thousands(g.Deferred), thousands(g.Failed()),
			percent(&g.Counts), seconds(g.Delay.P50), seconds(g.Delay.P95)})
	}
	room := logsWidth - 2
	for c := 1; c < len(t.Header); c++ {
		w := utf8.RuneCountInString(t.Header[c])
		for _, row := range rows {
			w = max(w, utf8.RuneCountInString(row[c]))
		}
		room -= w + 2
	}
	for i, row := range rows {
		cells := Texts(row...)
		cells[0] = T(show.Cut(row[0], max(room, 12)))
		if g := &groups[i]; g.Failed() > 0 {
			cells[4] = Colored(finding.Error, row[4])
		}
		t.Rows = append(t.Rows, cells)
	}
	s := Section{Title: "By " + strings.ToLower(heading), Blocks: []Block{t}}
	if more := len(r.Groups) - len(groups); more > 0 {
		s.Blocks = append(s.Blocks, Aside(fmt.Sprintf("%d more (--verbose shows them)", more)))
	}
	return s
}

// logsReasons are the reasons that cost most, with the attempts by hour of the day.
func logsReasons(r *maillog.Report, all bool) (Section, bool) {
	t := Table{Header: []string{strings.ToUpper(string(r.By[:1])) + string(r.By[1:]), "Hours 0 to 23", "Why (attempts that failed)"}}
	groups := r.Groups
	if !all && len(groups) > shownGroups {
		groups = groups[:shownGroups]
	}
	for i := range groups {
		g := &groups[i]
		if len(g.Reasons) == 0 {
			continue
		}
		var why []string
		for j := range g.Reasons {
			if j == shownReasons {
				why = append(why, fmt.Sprintf("%d more", len(g.Reasons)-j))
				break
			}
			why = append(why, thousands(g.Reasons[j].Count)+" "+reasonText(&g.Reasons[j]))
		}
		t.Rows = append(t.Rows, Texts(show.Cut(g.Name, 20), hoursLine(g.Hours), strings.Join(why, "; ")))
	}
	return Section{Title: "Reasons that cost most", Blocks: []Block{t}}, len(t.Rows) > 0
}

// reasonText is a reason with its codes.
func reasonText(r *maillog.Reason) string {
	text := r.Reason
	if r.ReplyCode != nil {
		text += " " + strconv.Itoa(*r.ReplyCode)
	}
	if r.EnhancedCode != nil {
		text += " " + *r.EnhancedCode
	}
	return text
}

// hoursLine draws the attempts of each hour of the day.
func hoursLine(h maillog.Hours) string {
	marks := []rune("▁▂▃▄▅▆▇█")
	most := uint32(0)
	for _, n := range h.All {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range h.All {
		switch {
		case n == 0:
			b.WriteRune('·')
		default:
			b.WriteRune(marks[int(uint64(n)*7/uint64(most))])
		}
	}
	return b.String()
}

// logsFailing are the domains that nothing reached.
func logsFailing(r *maillog.Report, all bool) (Section, bool) {
	t := Table{Header: []string{"Domain", "Failed", "Queued", "Why"}, Align: []Align{Left, Right, Right, Left}}
	more := 0
	for i := range r.Domains {
		d := &r.Domains[i]
		if !d.FailsWhole() {
			continue
		}
		if !all && len(t.Rows) == shownFailing {
			more++
			continue
		}
		why := ""
		if len(d.Reasons) > 0 {
			why = reasonText(&d.Reasons[0])
			if d.Reasons[0].Example != nil {
				why += ": " + show.Cut(*d.Reasons[0].Example, 160)
			}
		}
		t.Rows = append(t.Rows, Texts(show.Cut(d.Domain, 32), thousands(d.Failed()), thousands(d.Queued), why))
	}
	s := Section{Title: "Domains that nothing reached", Blocks: []Block{t}}
	if more > 0 {
		s.Blocks = append(s.Blocks, Aside(fmt.Sprintf("%d more (--verbose shows them)", more)))
	}
	return s, len(t.Rows) > 0
}

// logsRefused is mail of others that this server refused.
func logsRefused(r *maillog.Report, all bool) (Section, bool) {
	t := Table{Header: []string{"Times", "Why", "Example"}, Align: []Align{Right}}
	for i := range r.RejectedHere {
		if !all && i == shownRefused {
			break
		}
		x := &r.RejectedHere[i]
		example := ""
		if x.Example != nil {
			example = show.Cut(*x.Example, 120)
		}
		t.Rows = append(t.Rows, Texts(thousands(x.Count), reasonText(x), example))
	}
	return Section{Title: "Mail of others that this server refused", Blocks: []Block{t}}, len(t.Rows) > 0
}

// logsSamples are lines that were not understood.
func logsSamples(r *maillog.Report, all bool) (Section, bool) {
	p := Pre{}
	for i, line := range r.NotUnderstood {
		if !all && i == shownSamples {
			break
		}
		p.Lines = append(p.Lines, show.Cut(line, 300))
	}
	return Section{Title: "Lines not understood", Blocks: []Block{p}}, len(p.Lines) > 0
}

// logsNext are commands to go on with: the example of the reason that cost most.
func logsNext(r *maillog.Report, files []string) Next {
	var n Next
	worst := -1
	for i := range r.Total.Reasons {
		if x := &r.Total.Reasons[i]; x.Example != nil && (worst < 0 || x.Failed > r.Total.Reasons[worst].Failed) {
			worst = i
		}
	}
	if worst >= 0 {
		n.Steps = append(n.Steps, Step{"mailworthy explain --text " + show.ShellQuote(show.Cut(*r.Total.Reasons[worst].Example, 200)), "says who must act on it"})
	}
	if len(r.Total.Reasons) > 1 && r.By != maillog.ByReason && len(files) > 0 {
		n.Steps = append(n.Steps, Step{"mailworthy logs --by reason " + shellFiles(files), "groups by cause"})
	}
	return n
}

// shellFiles are the names of files as a shell takes them; three at most.
func shellFiles(files []string) string {
	var list []string
	for i, f := range files {
		if i == 3 {
			list = append(list, "…")
			break
		}
		list = append(list, show.ShellQuote(f))
	}
	return strings.Join(list, " ")
}

// thousands is a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func amount(n int64, noun string) string {
	return thousands(n) + " " + show.Plural(int(min(n, 2)), noun)
}

// percent is the share that failed for good, "-" if nothing is known.
func percent(c *maillog.Counts) string {
	if c.Delivered+c.Failed() == 0 {
		return "-"
	}
	p := c.BouncedPercent()
	if p > 0 && p < 10 {
		return strconv.FormatFloat(p, 'f', 1, 64)
	}
	return strconv.FormatFloat(p, 'f', 0, 64)
}

// seconds is a delay for people.
func seconds(v *float64) string {
	if v == nil {
		return "-"
	}
	s := *v
	switch {
	case s < 10:
		return strconv.FormatFloat(s, 'g', 2, 64) + "s"
	case s < 60:
		return strconv.FormatFloat(s, 'f', 0, 64) + "s"
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", int(s)/60, int(s)%60)
	case s < 2*86400:
		return fmt.Sprintf("%dh%02dm", int(s)/3600, int(s)%3600/60)
	}
	return fmt.Sprintf("%dd%02dh", int(s)/86400, int(s)%86400/3600)
}

// LogLine is a failure of a log as a line of text, escaped.
func LogLine(e *maillog.Event) string {
	at := ""
	if !e.Time.IsZero() {
		at = e.Time.Format("15:04:05") + " "
	}
	return fmt.Sprintf("%s%-8s %s  %s  %s\n", at, e.Kind, show.Escape(show.Cut(e.Recipient, 80)), e.Reason, show.Escape(show.Cut(e.Text, 200)))
}
