package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/rawjson"
	"mailworthy/mailhost"
)

// Baseline is what an earlier run found, so that only what is new makes a run fail. It
// may be read by several goroutines.
type Baseline struct {
	domains map[string]map[Held]finding.Severity
}

// Held is a finding of a baseline.
type Held struct {
	Check string
	// Subject is the domain itself if a row does not name one.
	Subject string
}

// maxBaseline bounds the domains of a baseline.
const maxBaseline = 1 << 20

// ReadBaseline reads reports (an object, an array, or one a line) or rows, and reads past
// what a run found beside them. Its error says what is wrong with which value.
func ReadBaseline(in io.Reader) (*Baseline, error) {
	b := &Baseline{domains: make(map[string]map[Held]finding.Severity)}
	buffered := bufio.NewReaderSize(in, 64<<10)
	dec := json.NewDecoder(buffered)
	array := false
	if first, err := buffered.Peek(1); err == nil && first[0] == '[' {
		array = true
		if _, err := dec.Token(); err != nil {
			return nil, err
		}
	}
	for n := 1; ; n++ {
		if array && !dec.More() {
			_, err := dec.Token()
			if err != nil {
				return nil, fmt.Errorf("it ends within value %d", n)
			}
			break
		}
		var one struct {
			Schema   string `json:"schema"`
			Domain   string `json:"domain"`
			Findings []struct {
				Check    string           `json:"check"`
				Severity finding.Severity `json:"severity"`
				Subject  string           `json:"subject"`
				Subjects []string         `json:"subjects"`
			} `json:"findings"`
		}
		err := dec.Decode(&one)
		switch {
		case errors.Is(err, io.EOF) && !array:
			if n == 1 {
				return nil, errors.New("it is empty")
			}
			return b, nil
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return nil, fmt.Errorf("it ends within value %d", n)
		case err != nil:
			return nil, fmt.Errorf("value %d is not a report or row: %w", n, err)
		case one.Schema == RunSchemaID:
			continue // of no domain
		case one.Schema != SchemaID && one.Schema != RowSchemaID || one.Domain == "":
			return nil, fmt.Errorf("value %d is not a report or row: its schema is %q, not %s or %s", n, one.Schema, SchemaID, RowSchemaID)
		case len(b.domains) == maxBaseline:
			return nil, fmt.Errorf("it has more than %d domains", maxBaseline)
		}
		held := make(map[Held]finding.Severity, len(one.Findings))
		for _, f := range one.Findings {
			if f.Severity != finding.Unknown && !f.Severity.AtLeast(finding.Notice) {
				continue
			}
			subjects := f.Subjects
			if one.Schema == SchemaID || len(subjects) == 0 {
				subjects = []string{f.Subject}
			}
			for _, subject := range subjects {
				h := Held{f.Check, baselineSubject(rawjson.Unescape(subject), one.Domain)}
				if was, ok := held[h]; !ok || f.Severity.Rank() > was.Rank() {
					held[h] = f.Severity
				}
			}
		}
		b.domains[one.Domain] = held
	}
	if len(b.domains) == 0 {
		return nil, errors.New("it is empty")
	}
	return b, nil
}

// baselineSubject is the domain itself for no subject.
func baselineSubject(subject, domain string) string {
	if subject == "" {
		return domain
	}
	return subject
}

// Exit is Report.Exit of what the baseline does not have at that severity or worse. What
// it had unknown is not new if it still is.
func (b *Baseline) Exit(r *Report, failOn finding.Severity) int {
	held := b.domains[r.Domain]
	// Nothing at all was known then: none of what is not known now is new.
	nothing := false
	for h, was := range held {
		nothing = nothing || was == finding.Unknown && mailhost.NothingKnown(h.Check)
	}
	var fresh []finding.Finding
	for _, f := range r.Findings {
		was, ok := held[Held{f.Check, baselineSubject(f.Subject, r.Domain)}]
		known := ok && (was == f.Severity || !f.Severity.Open() && was != finding.Unknown && was.AtLeast(f.Severity) || f.Severity == finding.Unknown)
		if !known && !(nothing && f.Severity == finding.Unknown) {
			fresh = append(fresh, f)
		}
	}
	return ExitOf(fresh, failOn)
}

// Fixed returns what the baseline had at the domain and the report shows to be gone, in
// the order of check and subject. What the DNS did not say, and a section that was not
// looked at, show nothing.
func (b *Baseline) Fixed(r *Report) []Held {
	examined, open := make(map[finding.Section]bool), make(map[finding.Section]bool)
	now := make(map[Held]bool)
	for _, f := range finding.Apart(r.Findings) {
		examined[f.Section] = true
		open[f.Section] = open[f.Section] || f.Severity.Open()
		if f.Severity.AtLeast(finding.Notice) {
			now[Held{f.Check, baselineSubject(f.Subject, r.Domain)}] = true
		}
	}
	var fixed []Held
	for h, severity := range b.domains[r.Domain] {
		c, ok := FindCheck(h.Check)
		if ok && severity != finding.Unknown && !now[h] && examined[c.Section] && !open[c.Section] {
			fixed = append(fixed, h)
		}
	}
	slices.SortFunc(fixed, func(a, b Held) int {
		return strings.Compare(a.Check+"\x00"+a.Subject, b.Check+"\x00"+b.Subject)
	})
	return fixed
}

// Has reports whether the baseline has the domain.
func (b *Baseline) Has(domain string) bool { return b.domains[domain] != nil }
