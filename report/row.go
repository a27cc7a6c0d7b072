package report

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"time"

	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/receiver"
	spfpolicy "mailworthy/spf/policy"
)

// RowSchemaID names the JSON contract of a row. Keys are added to it, never renamed.
const RowSchemaID = "mailworthy/row/1"

//go:embed schema/row-1.json
var rowSchema []byte

// RowSchema returns the JSON Schema (draft 2020-12) of a row.
func RowSchema() []byte { return bytes.Clone(rowSchema) }

// Row is a report in about a kilobyte: what a list of many domains is sorted, counted
// and acted on by. Every key is always there.
type Row struct {
	// Schema is always "mailworthy/row/1".
	Schema string `json:"schema"`
	// Domain is what was audited, as A-labels.
	Domain string `json:"domain"`
	// At is when the audit began, in whole seconds.
	At      time.Time `json:"at"`
	Verdict Verdict   `json:"verdict"`
	// Score is 0 to 100, null if no section could be judged. Low and High are what it
	// would be if all that is unknown were bad or good.
	Score *int `json:"score"`
	Low   int  `json:"low"`
	High  int  `json:"high"`
	// Grade is A to F, "-" without a score.
	Grade string `json:"grade"`
	// Sections are the scores of the sections that were looked at, null if the DNS left a
	// section undecided.
	Sections map[finding.Section]*int `json:"sections"`
	Profile  finding.Profile          `json:"profile"`
	// Findings are those from notice to critical, and what is unknown or was not checked,
	// worst first, one for each check and severity.
	Findings []RowFinding `json:"findings"`
	// SPF is null if it was not looked at, like DKIM, DMARC and IPs.
	SPF *RowSPF `json:"spf"`
	// DKIM are the selectors at which a key was found.
	DKIM  []string  `json:"dkim"`
	DMARC *RowDMARC `json:"dmarc"`
	// IPs are the sending addresses that were examined.
	IPs []string `json:"ips"`
	// Receivers say whether the requirements of each that the DNS shows are met, for all
	// senders and (_bulk) for those of bulk; null if it was not asked for.
	Receivers map[string]*receiver.Result `json:"receivers"`
	// Publish are the records of all fixes that can be published as they stand, as name,
	// type and value. Remove are those that they replace.
	Publish [][3]string `json:"publish"`
	Remove  [][3]string `json:"remove"`
	// Queries is the number of distinct questions that the audit asked.
	Queries int `json:"queries"`
	// DurationMS is the wall time of the audit in milliseconds.
	DurationMS int64 `json:"duration_ms"`
}

// RowFinding is what one check found at one severity.
type RowFinding struct {
	Check    string           `json:"check"`
	Severity finding.Severity `json:"severity"`
	// Subjects are what it was found at; empty: the domain itself.
	Subjects []string `json:"subjects"`
}

// RowSPF is what is published for SPF.
type RowSPF struct {
	// Known is false if the DNS did not say what is published.
	Known bool `json:"known"`
	// Records are all SPF records; more than one is an error.
	Records []string `json:"records"`
	// Lookups and Voids are the terms that ask the DNS and those that find nothing.
	Lookups int `json:"lookups"`
	Voids   int `json:"voids"`
}

// RowDMARC is the DMARC record that applies to the domain.
type RowDMARC struct {
	// Known is false if the DNS did not say which record applies.
	Known bool `json:"known"`
	// Record is null if there is none, or if it is not known.
	Record *string `json:"record"`
	// At is the domain at which it is published (below _dmarc).
	At *string `json:"at"`
	// Policy is what applies to the domain by p, sp or np.
	Policy *dmarc.Policy `json:"policy"`
}

// NewRow returns a report as a row.
func NewRow(r *Report) *Row {
	row := &Row{Schema: RowSchemaID, Domain: r.Domain, At: r.Started.Truncate(time.Second), Verdict: r.Verdict, Score: r.Score.Value, Low: r.Score.Low, High: r.Score.High,
		Grade: r.Score.Grade, Sections: make(map[finding.Section]*int, len(r.Score.Sections)), Profile: r.Profile,
		Receivers: make(map[string]*receiver.Result, len(receiver.Receivers)), Queries: r.Queries, DurationMS: r.DurationMS}
	for i := range r.Score.Sections {
		row.Sections[r.Score.Sections[i].Section] = r.Score.Sections[i].Value
	}
	row.findings(r)
	row.facts(r)
	for _, key := range rowReceivers {
		row.Receivers[key] = nil
	}
	for i := range r.Receivers {
		v := &r.Receivers[i]
		key, ok := rowReceivers[[2]string{v.Receiver, v.Volume}]
		if !ok { // the report is another version's
			key = rowReceiver(v.Receiver, v.Volume)
		}
		row.Receivers[key] = &v.Result
	}
	return row
}

// rowReceivers are the keys of the receivers of a row, by name and volume.
var rowReceivers = func() map[[2]string]string {
	keys := make(map[[2]string]string, len(receiver.Receivers))
	for _, r := range receiver.Receivers {
		keys[[2]string{r.Name, r.Volume}] = rowReceiver(r.Name, r.Volume)
	}
	return keys
}()

func rowReceiver(name, volume string) string {
	key := strings.ReplaceAll(strings.ToLower(name), " ", "_")
	if volume == receiver.Bulk {
		key += "_bulk"
	}
	return key
}

// findings adds the findings and the records of their fixes.
func (row *Row) findings(r *Report) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Fix != nil && f.Fix.Complete {
			row.Publish = addRecords(row.Publish, f.Fix.Records())
			row.Remove = addRecords(row.Remove, f.Fix.Remove)
		}
		if !f.Severity.Open() && !f.Severity.AtLeast(finding.Notice) {
			continue
		}
		n := slices.IndexFunc(row.Findings, func(had RowFinding) bool { return had.Check == f.Check && had.Severity == f.Severity })
		if n < 0 {
			n = len(row.Findings)
			row.Findings = append(row.Findings, RowFinding{Check: f.Check, Severity: f.Severity})
		}
		if list := &row.Findings[n].Subjects; f.Subject != "" && !slices.Contains(*list, f.Subject) {
			*list = append(*list, f.Subject)
		}
	}
	for i := range row.Findings {
		if f := &row.Findings[i]; len(f.Subjects) == 1 && f.Subjects[0] == r.Domain {
			f.Subjects = nil
		}
	}
	// What one fix publishes stays, whatever another one replaces.
	row.Remove = slices.DeleteFunc(row.Remove, func(gone [3]string) bool { return slices.Contains(row.Publish, gone) })
}

func addRecords(to [][3]string, list []finding.Record) [][3]string {
	for _, rec := range list {
		if one := [3]string{rec.Name, rec.Type, rec.Value}; !slices.Contains(to, one) {
			to = append(to, one)
		}
	}
	return to
}

// facts adds what is published.
func (row *Row) facts(r *Report) {
	if p := r.SPF; p != nil {
		row.SPF = &RowSPF{Known: p.Status != spfpolicy.StatusUnresolved && p.Status != spfpolicy.StatusNotAsked, Lookups: p.Lookups, Voids: p.Voids}
		if p.Record != nil {
			for i := range p.Record.Published {
				if txt := &p.Record.Published[i]; txt.SPF {
					row.SPF.Records = append(row.SPF.Records, txt.Text())
				}
			}
		}
	}
	if r.DKIM != nil {
		for i := range r.DKIM.Keys {
			if name := r.DKIM.Keys[i].Selector; !slices.Contains(row.DKIM, name) {
				row.DKIM = append(row.DKIM, name)
			}
		}
	}
	if d := r.DMARC; d != nil {
		row.DMARC = &RowDMARC{Known: d.Undecided.Policy == ""}
		if d.Record != nil {
			row.DMARC.Record, row.DMARC.At = &d.Record.Text, &d.PolicyDomain
		}
		if d.Policy != "" {
			row.DMARC.Policy = &d.Policy
		}
	}
	for _, s := range r.Examined.Senders {
		row.IPs = append(row.IPs, s.Addr.String())
	}
}
