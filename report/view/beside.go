package view

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// BesideBlocks are what a run found that is of no domain: a row for each synthetic mail,
// with the whole of it folded away, and one for each thing that is wrong by the logs. None
// if neither is configured.
func BesideBlocks(b *report.Beside) []Block {
	if b == nil || !b.Configured {
		return nil
	}
	var out []Block
	if mails := besideMails(b); len(mails.Rows) > 0 {
		s := Section{Title: "Round trips", Blocks: []Block{mails}}
		for i := range b.Roundtrips {
			r := &b.Roundtrips[i]
			facts := Facts{Facts: []Fact{{"from, to", T(r.From + " to " + r.To)}, {"by", T(r.Via)}, {"Message-ID", CodeText(r.MessageID)}}}
			s.Blocks = append(s.Blocks, Details{Title: r.Name, Blocks: append([]Block{facts}, roundtripBlocks(&r.Report)...)})
		}
		out = append(out, s)
	}
	if b.Logs {
		s := Section{Title: "Mail logs"}
		var t Table
		for _, f := range b.Findings {
			if !ofMail(f.Check) {
				t.Rows = append(t.Rows, []Text{Marked(f.Severity, string(f.Severity)), T(f.Title), CodeText(f.Check)})
			}
		}
		if s.Blocks = []Block{t}; len(t.Rows) == 0 {
			s.Blocks = []Block{Note{finding.Pass, T("Nothing is wrong by the logs.")}}
		}
		out = append(out, s)
	}
	if len(b.Errors) > 0 {
		s := Section{Title: "What could not be done"}
		var items Items
		for _, text := range b.Errors {
			items.Items = append(items.Items, Item{Text: T(show.Cut(text, 400)), Severity: finding.Unknown})
		}
		s.Blocks = []Block{items}
		out = append(out, s)
	}
	return out
}

// ofMail reports whether a check is of synthetic mails, and not of logs.
func ofMail(check string) bool { return strings.HasPrefix(check, "roundtrip-") }

func besideMails(b *report.Beside) Table {
	t := Table{Header: []string{"", "round trip", "took", "what became of it"}, Align: []Align{"", "", Right}}
	for i := range b.Roundtrips {
		r := &b.Roundtrips[i]
		mark, took, why := RoundtripMark(r.Verdict), "–", r.Why
		if d, known := r.Took(); known {
			took = show.Duration(d.Milliseconds())
		}
		// What is wrong with a mail that arrived is that it was slow.
		if at := slices.IndexFunc(b.Findings, func(f report.Remark) bool { return ofMail(f.Check) && f.Subject == r.Name }); at >= 0 && mark == finding.Pass {
			mark, why = b.Findings[at].Severity, strings.TrimPrefix(b.Findings[at].Title, r.Name+": ")
		}
		t.Rows = append(t.Rows, []Text{Marked(mark, string(r.Verdict)), T(r.Name), T(took), T(show.Cut(why, 400))})
	}
	for _, name := range b.NotSent {
		t.Rows = append(t.Rows, []Text{SoftText("not sent"), T(name), T("–"), SoftText("nothing is asked of the network")})
	}
	return t
}

// BesideSummary is the round trips of a run in a few words, and whether the logs are well;
// "" if neither is configured.
func BesideSummary(b *report.Beside) string {
	if b == nil || !b.Configured {
		return ""
	}
	var parts []string
	count := make(map[string]int)
	var verdicts []string
	for i := range b.Roundtrips {
		v := string(b.Roundtrips[i].Verdict)
		if count[v]++; count[v] == 1 {
			verdicts = append(verdicts, v)
		}
	}
	if n := len(b.Roundtrips); n > 0 {
		slices.Sort(verdicts)
		for i, v := range verdicts {
			verdicts[i] = fmt.Sprintf("%d %s", count[v], v)
		}
		parts = append(parts, show.Counted(n, "round trip")+": "+strings.Join(verdicts, ", "))
	}
	if n := len(b.NotSent); n > 0 {
		parts = append(parts, show.Counted(n, "round trip")+" not sent")
	}
	if b.Logs && !slices.ContainsFunc(b.Findings, func(f report.Remark) bool { return !ofMail(f.Check) }) {
		parts = append(parts, "mail logs: nothing is wrong")
	}
	return strings.Join(parts, "; ")
}
