package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/probe"
	"mailworthy/smtp/roundtrip"
)

// RoundtripMark is the severity that a verdict is shown as.
func RoundtripMark(v roundtrip.Verdict) finding.Severity {
	switch v {
	case roundtrip.Arrived:
		return finding.Pass
	case roundtrip.Spam, roundtrip.Deferred:
		return finding.Warning
	case roundtrip.Bounced, roundtrip.Lost:
		return finding.Error
	}
	return finding.Unknown
}

// maxRows bounds the tables of a round trip.
const maxRows = 30

// RoundtripDoc is what became of a synthetic mail: the verdict, how it was handed over, its
// way with the time and TLS of each hop, what the receiver wrote, the audit of it, and
// why it was refused.
func RoundtripDoc(r *roundtrip.Report) *Doc {
	d := &Doc{Name: "round trip"}
	title := Title{Text: T(r.From + " to " + r.To), Status: Marked(RoundtripMark(r.Verdict), string(r.Verdict)),
		Lines: Texts("by "+r.Via, "Message-ID "+r.MessageID)}
	if r.Signed != nil {
		title.Lines = append(title.Lines, T("signed by "+r.Signed.Domain+", selector "+r.Signed.Selector))
	}
	if r.Resumed {
		title.Lines = append(title.Lines, T("begun by an earlier run, at "+r.Began.UTC().Format(time.RFC3339)))
	}
	d.Add(title)
	d.Add(roundtripBlocks(r)...)
	return d
}

// roundtripBlocks are what stands below the title.
func roundtripBlocks(r *roundtrip.Report) []Block {
	var d Doc
	d.Add(Paragraph(r.Why))
	for _, text := range r.Twice() {
		d.Add(Note{finding.Warning, T(text)})
	}
	for i := range r.Earlier {
		if e := &r.Earlier[i]; e.Duplicates == 0 {
			d.Add(Note{finding.Notice, T(e.Sentence())})
		}
	}
	if t := roundtripTimes(r); len(t.Facts) > 0 {
		d.Add(t)
	}
	d.Add(attemptsTable(r))
	if len(r.Hops) > 0 {
		d.Add(Section{Title: "Its way", Blocks: []Block{hopsTable(r)}})
	}
	if len(r.Places) > 0 {
		d.Add(Section{Title: "Where it was looked for", Blocks: []Block{placesTable(r)}})
	}
	for i := range r.Attempts {
		// The last refusal says it; the earlier ones are in the table.
		if a := &r.Attempts[i]; a.Cause != nil && i == len(r.Attempts)-1 {
			in := explain.Input{Name: "reply", Kind: bounce.KindReply, Items: []explain.Item{*a.Cause}}
			d.Add(Section{Title: "What the answer means", Blocks: explained(in), Loose: true})
		}
	}
	if r.Bounce != nil {
		d.Add(Section{Title: "The bounce", Blocks: explained(*r.Bounce), Loose: true})
	}
	for i := range r.Delays[:min(len(r.Delays), 3)] {
		d.Add(Section{Title: "It was delayed on its way", Blocks: explained(r.Delays[i]), Loose: true})
	}
	if len(r.AuthenticationResults) > 0 {
		var pre Pre
		for _, f := range r.AuthenticationResults[:min(len(r.AuthenticationResults), 10)] {
			for part := range strings.SplitSeq(f.Text, ";") {
				pre.Lines = append(pre.Lines, strings.TrimSpace(part))
			}
		}
		d.Add(Section{Title: "What the receiver wrote (Authentication-Results)", Blocks: []Block{pre}})
	}
	if r.Message != nil {
		d.Add(Section{Title: "The mail that arrived", Blocks: []Block{outcomes(r.Message), Findings{Domain: r.Message.From, List: r.Message.Findings},
			Counted{Findings: r.Message.Findings, Queries: r.Message.Queries, DurationMS: r.Message.DurationMS}}, Loose: true})
	}
	return d.Blocks
}

// explained is the screen of one input of explain.
func explained(in explain.Input) []Block {
	doc := ExplainDoc(&explain.Report{Schema: explain.Schema, Inputs: []explain.Input{in}})
	var out []Block
	for _, b := range doc.Blocks {
		if t, ok := b.(Title); ok { // a document has one title
			b = Paragraph(strings.TrimSpace(t.Text.Plain() + "  " + t.Status.Plain()))
		}
		out = append(out, b)
	}
	return out
}

func roundtripTimes(r *roundtrip.Report) Facts {
	var f Facts
	add := func(key string, ms *int64, text string) {
		if ms != nil {
			f.Facts = append(f.Facts, Fact{key, Joined(T(show.Duration(*ms)), SoftText("  "+text))})
		}
	}
	add("handed over in", r.SubmitMS, "the session that was accepted")
	add("delivered in", r.DeliverMS, "from there until the mailbox had it, by the mailbox's clock")
	add("seen after", r.SeenMS, "when a look at the mailbox found it")
	return f
}

func attemptsTable(r *roundtrip.Report) Table {
	t := Table{Header: []string{"try", "at", "outcome", "took", "TLS", "answer"}, Align: []Align{Right}}
	from := max(len(r.Attempts)-maxRows, 0)
	for i := range r.Attempts[from:] {
		a := &r.Attempts[from+i]
		outcome := Marked(finding.Pass, string(probe.OK))
		if a.Stage != "" {
			outcome = Marked(finding.Warning, a.Stage+" "+string(a.Outcome))
			if a.Outcome == probe.Rejected5 || a.Outcome == probe.TLSFailed {
				outcome = Marked(finding.Error, a.Stage+" "+string(a.Outcome))
			}
		}
		secure := cmp.Or(a.TLS, "–")
		if a.Verified != nil && !*a.Verified {
			secure += ", not verified"
		}
		answer := show.Cut(a.Reply, 300)
		if a.RetryAt != nil {
			answer += "; again at " + a.RetryAt.UTC().Format("15:04:05")
		}
		t.Rows = append(t.Rows, []Text{T(strconv.Itoa(from + i + 1)), T(a.At.UTC().Format("15:04:05")), outcome, T(show.Duration(a.DurationMS)), T(secure), T(answer)})
	}
	return t
}

func hopsTable(r *roundtrip.Report) Table {
	t := Table{Header: []string{"hop", "after", "TLS", "with", "by", "from"}, Align: []Align{Right, Right}}
	for i := range r.Hops[:min(len(r.Hops), maxRows)] {
		h := &r.Hops[i]
		after := "?"
		if h.DelayMS != nil {
			after = show.Duration(*h.DelayMS)
			if *h.DelayMS < 0 {
				after = "-" + show.Duration(-*h.DelayMS) + " (clocks differ)"
			}
		}
		secure := Marked(finding.Pass, cmp.Or(h.TLSVersion, "yes"))
		switch h.TLS {
		case "no":
			secure = Marked(finding.Warning, "no")
		case "local":
			secure = SoftText("local")
		case "unknown":
			secure = Marked(finding.Unknown, "not said")
		}
		from := show.Cut(h.From, 80)
		if h.IP != "" && !strings.Contains(from, h.IP) {
			from = strings.TrimSpace(from + " " + h.IP)
		}
		t.Rows = append(t.Rows, []Text{T(strconv.Itoa(i + 1)), T(after), secure, T(show.Cut(h.With, 30)), T(show.Cut(h.By, 60)), T(from)})
	}
	return t
}

func placesTable(r *roundtrip.Report) Table {
	var t Table
	for i := range r.Places {
		p := &r.Places[i]
		text := Marked(finding.Pass, fmt.Sprintf("%s, %s in the last one", show.Counted(p.Looks, "look"), show.Counted(p.Folders, "folder")))
		switch {
		case p.Looks == 0:
			text = SoftText("not looked at")
		case p.Error != "":
			text = Marked(finding.Unknown, "cannot be read: "+show.Cut(p.Error, 300))
		}
		t.Rows = append(t.Rows, []Text{T(p.Place), text})
	}
	return t
}
