package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/rawjson"
	"mailworthy/mailhost"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// Comparison is what differs between two audits of a domain: of the live zone
// and of a new one, or of yesterday and today.
type Comparison struct {
	Domain string  `json:"domain"`
	Before Outcome `json:"before"`
	After  Outcome `json:"after"`
	// New are findings of After alone, and of what changed between the two; Gone those of Before alone, Changed those
	// whose severity differs, with the severity before.
	New     []finding.Finding `json:"new"`
	Gone    []finding.Finding `json:"gone"`
	Changed []Moved           `json:"changed"`
	// Unsure are findings of one side that the other side left undecided: they
	// are neither new nor gone.
	Unsure []finding.Finding `json:"unsure"`
	// Added and Removed are published records that differ. What one side could
	// not ask about is in neither.
	Added   []finding.Record `json:"records_added"`
	Removed []finding.Record `json:"records_removed"`
	// Altered pairs those of Removed and Added that are one record edited.
	Altered []Alteration `json:"records_altered"`
}

// Moved is a finding whose severity changed.
type Moved struct {
	Was     finding.Severity `json:"was"`
	Finding finding.Finding  `json:"finding"`
}

// Compare returns the differences from before to after.
func Compare(before, after *Report) *Comparison {
	c := &Comparison{Domain: after.Domain, Before: OutcomeOf(before), After: OutcomeOf(after)}
	for _, f := range after.Findings {
		old, ok := findingLike(before, f)
		switch {
		case !counts(f):
		case ok && old.Severity != f.Severity:
			c.Changed = append(c.Changed, Moved{Was: old.Severity, Finding: f})
		case ok:
		case decided(before, f):
			c.New = append(c.New, f)
		default:
			c.Unsure = append(c.Unsure, f)
		}
	}
	for _, f := range before.Findings {
		if _, ok := findingLike(after, f); ok || !counts(f) {
			continue
		}
		if decided(after, f) {
			c.Gone = append(c.Gone, f)
		} else {
			c.Unsure = append(c.Unsure, f)
		}
	}
	if before.Transport != nil && after.Transport != nil {
		c.New = append(c.New, transport.CompareSTS(before.Transport.STS, after.Transport.STS)...)
	}
	c.compareRecords(before, after)
	return c
}

// counts reports whether a finding says that something is wrong.
func counts(f finding.Finding) bool { return f.Severity.AtLeast(finding.Notice) }

// findingLike is the finding of the same check and subject.
func findingLike(r *Report, f finding.Finding) (finding.Finding, bool) {
	i := slices.IndexFunc(r.Findings, func(g finding.Finding) bool {
		return g.Check == f.Check && g.Subject == f.Subject && counts(g)
	})
	if i < 0 {
		return finding.Finding{}, false
	}
	return r.Findings[i], true
}

// compareRecords compares name by name what both could ask.
func (c *Comparison) compareRecords(before, after *Report) {
	old, new := before.Published(), after.Published()
	for _, q := range slices.Concat(old.order, new.order) {
		was, asked := old.records[q]
		is, askedNow := new.records[q]
		if !asked || !askedNow {
			continue
		}
		c.Removed = append(c.Removed, lessRecords(was, is)...)
		c.Added = append(c.Added, lessRecords(is, was)...)
		delete(new.records, q)
	}
	c.Altered = alterations(c.Removed, c.Added)
}

// Same reports whether nothing differs that matters: findings and records.
func (c *Comparison) Same() bool {
	return len(c.New)+len(c.Gone)+len(c.Changed)+len(c.Added)+len(c.Removed) == 0
}

// Published are the records about mail that an audit saw.
type Published struct {
	order   []question
	records map[question][]finding.Record
}

type question struct{ name, rtype string }

func (p *Published) asked(name, rtype string) {
	q := question{strings.ToLower(name), rtype}
	if _, ok := p.records[q]; !ok {
		p.order = append(p.order, q)
		p.records[q] = []finding.Record{}
	}
}

func (p *Published) add(name, rtype, value string) {
	p.asked(name, rtype)
	q := question{strings.ToLower(name), rtype}
	rec := finding.Record{Name: name, Type: rtype, Value: value}
	if !slices.Contains(p.records[q], rec) {
		p.records[q] = append(p.records[q], rec)
	}
}

// Published gathers the SPF, DKIM, DMARC and MX records of the domain from the
// facts. A question without an answer is not in it.
func (r *Report) Published() *Published {
	p := &Published{records: make(map[question][]finding.Record)}
	for _, policy := range append([]*spfpolicy.Policy{r.SPF}, r.Envelope...) {
		if policy != nil && policy.Record != nil {
			p.evidence(policy.Record.Evidence, "v=spf1")
		}
	}
	if r.DMARC != nil {
		for _, step := range r.DMARC.Walk {
			p.evidence(step.Evidence, "")
		}
	}
	if r.DKIM != nil {
		for _, s := range r.DKIM.Selectors {
			switch {
			case s.Evidence != nil:
				p.evidence(*s.Evidence, "")
			case s.Status == dkim.SelectorNXDomain || s.Status == dkim.SelectorNoData:
				p.asked(s.QueryName(), "TXT")
			}
		}
	}
	if r.Hosts != nil && r.Hosts.Domain != nil {
		d := r.Hosts.Domain
		if d.MX != mailhost.MXUnknown {
			p.asked(d.Name, "MX")
		}
		for _, x := range d.Exchanges {
			p.add(d.Name, "MX", strconv.Itoa(int(x.Preference))+" "+cmp.Or(x.Name, "."))
		}
	}
	return p
}

// evidence takes the records of an answer that start as given.
func (p *Published) evidence(e finding.Evidence, start string) {
	if e.Kind != finding.DNS {
		return
	}
	switch e.Status {
	case "found":
		p.asked(e.Name, e.Type)
		for _, a := range e.Answer {
			if len(a) >= len(start) && strings.EqualFold(a[:len(start)], start) {
				p.add(e.Name, e.Type, a)
			}
		}
	case "nodata", "nxdomain":
		p.asked(e.Name, e.Type)
	}
}

// ReadJSON reads what WriteJSON or WriteNDJSON wrote: one report, an array, or
// one a line. What a run found beside its reports is read past.
func ReadJSON(in io.Reader) ([]*Report, error) {
	dec := json.NewDecoder(in)
	var out []*Report
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		list := []json.RawMessage{raw}
		if raw[0] == '[' {
			if err := json.Unmarshal(raw, &list); err != nil {
				return nil, fmt.Errorf("report: %w", err)
			}
		}
		for _, text := range list {
			if isBeside(text) {
				continue
			}
			var r *Report
			if err := json.Unmarshal(text, &r); err != nil {
				return nil, fmt.Errorf("report: %w", err)
			}
			if r == nil || r.Schema != SchemaID {
				return nil, fmt.Errorf("report: not a report of schema %s", SchemaID)
			}
			r = mapStrings(r, rawjson.Unescape)
			r.restore()
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("report: no report in the input")
	}
	return out, nil
}
