package inspect

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/report"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// MaxRecord is the size of the longest TXT record that the DNS can carry.
const MaxRecord = 65535

// RecordTypes are the types of records that Lint knows.
var RecordTypes = append([]string{"spf", "dkim", "dmarc"}, transport.Types...)

// syntaxChecks are the checks of each type for a text that is no record.
var syntaxChecks = map[string]string{"spf": "spf-syntax", "dkim": "dkim-key-syntax", "dmarc": "dmarc-syntax",
	"mta-sts": "mta-sts-syntax", "tls-rpt": "tls-rpt-syntax", "bimi": "bimi-syntax"}

// MaxInput is the size of the longest input that Lint reads of a type.
func MaxInput(kind string) int {
	switch kind {
	case "mta-sts-policy":
		return 2 * transport.MaxPolicy
	case "tlsa":
		return 3 * MaxRecord // in hexadecimal
	}
	return MaxRecord
}

// ReadInput reads what Lint is to check of a type; from names it in errors. More than MaxInput
// is an error, but for a line break at its end.
func ReadInput(kind string, r io.Reader, from string) ([]byte, error) {
	most := MaxInput(kind)
	record, err := io.ReadAll(io.LimitReader(r, int64(most)+3))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	if len(record) > most+2 {
		return nil, fmt.Errorf("%s: over %d bytes, more than a record can hold", from, most)
	}
	return record, nil
}

// Linted is what is wrong with one record.
type Linted struct {
	Type     string            `json:"type"`
	Valid    bool              `json:"valid"`
	Findings []finding.Finding `json:"findings"`
	// Proposed is the text to serve in place of a policy (mta-sts-policy); nil if nothing
	// is wrong with it, and for every other type.
	Proposed *string `json:"proposed"`
}

// Lint checks a record of a type of RecordTypes, bytes as they are but for a line break
// at the end, without asking the DNS.
func Lint(kind string, record []byte) Linted {
	l := Linted{Type: kind}
	if kind == "mta-sts-policy" {
		var meant string
		if l.Valid, meant, l.Findings = transport.LintPolicy(record); meant != "" {
			l.Proposed = &meant
		}
		return l
	}
	if n := recordLines(record); n > 1 && kind != "tlsa" {
		// Whatever else is wrong follows from that.
		c, _ := report.FindCheck(syntaxChecks[kind])
		l.Findings = []finding.Finding{{Check: c.ID, Severity: finding.Error, Section: c.Section, Subject: "record", Reference: c.Reference,
			Title: fmt.Sprintf("The input has %d lines", n), Detail: fmt.Sprintf("The input has %d lines, and a record is one. Check each record by itself.", n)}}
		return l
	}
	switch kind {
	case "spf":
		r := spfpolicy.Lint(record)
		l.Valid, l.Findings = r.Valid, r.Findings
		return l
	case "dkim":
		l.Findings = dkim.Lint(record)
	case "dmarc":
		l.Findings = dmarc.Lint(record)
	default:
		l.Findings = transport.Lint(kind, record)
	}
	l.Valid = !slices.ContainsFunc(l.Findings, func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Error) })
	return l
}

// recordLines counts the lines that begin a record: one that begins with white
// space goes on with the line before (RFC 6376, 3.2).
func recordLines(record []byte) int {
	n := 0
	for line := range bytes.Lines(record) {
		if text := bytes.TrimRight(line, "\r\n"); len(text) > 0 && (n == 0 || text[0] != ' ' && text[0] != '\t') {
			n++
		}
	}
	return n
}
