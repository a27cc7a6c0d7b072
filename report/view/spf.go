package view

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// Lookups is a static worst case, as far as it is known.
func Lookups(n int, exact bool) string {
	if !exact {
		return fmt.Sprintf("at least %d", n)
	}
	return fmt.Sprint(n)
}

// Places names terms and the records that hold them.
func Places(list []spfpolicy.Place) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Term+" in "+p.In)
	}
	return strings.Join(out, ", ")
}

type Policy struct {
	Domain, Counted, Authorises string
	Record                      Record
}

type Record struct {
	Class, Text string
	Terms       []Term
}

type Term struct {
	Class, Cost, Text, Notes string
	Record                   *Record
}

func NewPolicy(policy *spfpolicy.Policy) Policy {
	return Policy{Domain: policy.Domain, Counted: SPFCounted(policy), Authorises: SPFAuthorises(policy), Record: NewRecord(policy.Record)}
}

func NewRecord(rec *spfpolicy.Record) Record {
	class, text := SPFRecordText(rec)
	p := Record{Class: string(class), Text: rec.Domain}
	if text != "" {
		p.Text += ": " + text
	}
	if rec.Loop || rec.Repeated {
		return p
	}
	for i := range rec.Terms {
		t := &rec.Terms[i]
		severity, notes := SPFTermNotes(t)
		term := Term{Class: string(severity), Cost: SPFTermCost(t), Text: t.Text, Notes: strings.Join(notes, "; ")}
		if severity == finding.Pass {
			term.Class = ""
		}
		if t.Record != nil {
			below := NewRecord(t.Record)
			term.Record = &below
		}
		p.Terms = append(p.Terms, term)
	}
	return p
}

// SPFCounted is the static worst case in words, or why it does not count.
func SPFCounted(p *spfpolicy.Policy) string {
	switch {
	case p.Status == spfpolicy.StatusMultiple && p.Record != nil:
		return fmt.Sprintf("cannot be evaluated: %s (permerror)", show.Counted(spfRecords(p.Record), "SPF record"))
	case p.Record != nil && len(p.Record.Terms) == 0 && p.Status != spfpolicy.StatusFound:
		return "no record to evaluate"
	case !p.LookupsExact:
		return fmt.Sprintf("at least %d of 10 DNS lookups: some depend on the client", p.Lookups)
	}
	return fmt.Sprintf("%d of 10 DNS lookups", p.Lookups)
}

// spfRecords counts what is published as an SPF record.
func spfRecords(rec *spfpolicy.Record) (n int) {
	for i := range rec.Published {
		if rec.Published[i].SPF {
			n++
		}
	}
	return n
}

// SPFAuthorises counts the addresses in words; empty if there is nothing to count.
func SPFAuthorises(p *spfpolicy.Policy) string {
	a := p.Addresses
	var families []string
	for _, family := range []struct {
		name  string
		count string
	}{{"IPv4", rounded(a.IPv4)}, {"IPv6", rounded(a.IPv6)}} {
		switch family.count {
		case "0", "":
		case "1":
			families = append(families, "1 "+family.name+" address")
		default:
			families = append(families, family.count+" "+family.name+" addresses")
		}
	}
	text := strings.Join(families, " and ")
	switch {
	case text == "" && a.Exact && p.Status == spfpolicy.StatusFound:
		return "authorises no address"
	case text == "":
		return ""
	case !a.Exact:
		return "authorises at least " + text
	}
	return "authorises " + text
}

// statusTexts say what the DNS holds where a record should be.
var statusTexts = map[spfpolicy.Status]string{
	spfpolicy.StatusNone: "no SPF record", spfpolicy.StatusMultiple: "several SPF records: permerror", spfpolicy.StatusNXDomain: "the name does not exist",
	spfpolicy.StatusUnresolved: "not answered", spfpolicy.StatusInvalid: "the name cannot be asked", spfpolicy.StatusNotAsked: "not asked: the bound was reached",
}

// SPFRecordText is what is to be said about a record besides its terms.
func SPFRecordText(rec *spfpolicy.Record) (finding.Severity, string) {
	switch {
	case rec.Loop:
		return finding.Critical, "a loop: this record is being evaluated already"
	case rec.Repeated:
		return finding.Notice, "shown above"
	}
	text, ok := statusTexts[rec.Status]
	if !ok {
		return finding.Pass, ""
	}
	if rec.Status == spfpolicy.StatusUnresolved && report.NotAsked([]finding.Evidence{rec.Evidence}) {
		return finding.NotChecked, notChecked
	}
	if rec.Evidence.Status != "" && rec.Status == spfpolicy.StatusUnresolved {
		text += " (" + rec.Evidence.Status + ")"
	}
	return statusSeverity(rec.Status), text
}

func statusSeverity(status spfpolicy.Status) finding.Severity {
	if status == spfpolicy.StatusUnresolved || status == spfpolicy.StatusNotAsked {
		return finding.Unknown
	}
	return finding.Critical
}

// SPFTermCost is what a term costs, empty for nothing.
func SPFTermCost(t *spfpolicy.Term) string {
	switch {
	case !t.CostExact:
		return fmt.Sprintf("%d+", t.Cost)
	case t.Cost > 0:
		return fmt.Sprint(t.Cost)
	}
	return ""
}

// SPFTermNotes are what is to be said about a term, and how bad it is.
func SPFTermNotes(t *spfpolicy.Term) (bad finding.Severity, notes []string) {
	bad = finding.Pass
	note := func(severity finding.Severity, format string, args ...any) {
		notes = append(notes, fmt.Sprintf(format, args...))
		bad = report.Worse(bad, severity)
	}
	switch {
	case t.Error != "":
		note(finding.Critical, "%s", t.Error)
	case t.Ignored != "":
		note(finding.Warning, "ignored: %s", strings.ReplaceAll(t.Ignored, "_", " "))
	}
	if t.Unknown != "" {
		note(finding.Notice, "depends on the client: %s", t.Unknown)
	}
	if text, ok := statusTexts[t.Status]; ok && t.Record == nil && t.Status != spfpolicy.StatusNone {
		note(statusSeverity(t.Status), "%s", text)
	}
	if t.Void {
		note(finding.Warning, "void lookup")
	} else if t.VoidFor != "" {
		note(finding.Notice, "void lookup for %s clients", t.VoidFor)
	}
	if n := len(t.Prefixes); n > 0 && (t.Kind == spf.KindA || t.Kind == spf.KindMX) {
		note(finding.Pass, "%s", show.Counted(n, "address"))
	}
	if t.Record != nil {
		note(finding.Pass, "%s in it", show.Counted(t.Record.Lookups, "lookup"))
	}
	return bad, notes
}

// rounded is a decimal number that a person can take in.
func rounded(decimal string) string {
	if len(decimal) <= 9 {
		return decimal
	}
	return fmt.Sprintf("about %s.%s × 10^%d", decimal[:1], decimal[1:2], len(decimal)-1)
}
