package policy

import (
	"bytes"
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// LintReport is what can be said of one record by itself.
type LintReport struct {
	// Type is "spf".
	Type string `json:"type"`
	// Valid says that a receiver would select the record and find no error in it.
	Valid    bool              `json:"valid"`
	Findings []finding.Finding `json:"findings"`
}

// anyDomain stands for the domain of a record that comes without one.
const anyDomain = "this domain"

// maxRecord is the most that the data of one DNS record can be.
const maxRecord = 65535

// Lint judges the bytes of one record as they are, but for one line feed at the
// end. It asks nothing: what the DNS decides, such as the cost of an include, is
// not judged.
func Lint(record []byte) LintReport {
	text := string(bytes.TrimSuffix(bytes.TrimSuffix(record, []byte("\n")), []byte("\r")))
	report := LintReport{Type: "spf", Findings: []finding.Finding{}}
	if text == "" || len(text) > maxRecord {
		detail := "There is no record: the input is empty."
		if text != "" {
			detail = fmt.Sprintf("The input has %d octets; no DNS record holds more than %d.", len(text), maxRecord)
		}
		s := finding.NewSheet(checkList, "record")
		s.Add("spf-syntax", finding.Finding{Detail: detail})
		report.Findings = s.Findings()
		return report
	}
	k := newAnswers(anyDomain)
	k.asked[question{anyDomain, resolver.TypeTXT}] = &outcome{over: true,
		answer: &resolver.Answer{Name: anyDomain, Type: resolver.TypeTXT, Status: resolver.Found,
			Records: []resolver.Record{{Name: anyDomain, Type: resolver.TypeTXT, TXT: []string{text}}}}}
	p := assemble(k)
	c := &checker{Sheet: finding.NewSheet(checkList, anyDomain), p: p, published: p}
	if p.Status != StatusFound {
		c.near(text)
	} else {
		report.Valid = p.Record.Error == ""
		c.survey()
		c.shape()
		if c.mend() {
			c.records()
			c.lookups()
			c.uncountable()
			c.addresses()
		}
	}
	c.settle()
	c.more()
	for _, f := range c.Findings() {
		if f.Severity == finding.Pass || f.Severity == finding.Info || f.Check == "spf-unresolved" {
			continue
		}
		report.Findings = append(report.Findings, unnamed(f))
	}
	return report
}

// near judges a text that is no record, but perhaps was meant to be one.
func (k *checker) near(text string) {
	if _, envelope := senderID(plainText(text)); envelope || looksLikeRecord(text) {
		meant := repair(text)
		k.nearMiss(text, &meant)
		return
	}
	k.Add("spf-syntax", finding.Finding{
		Title:     "SPF record does not begin with \"v=spf1 \"",
		Detail:    fmt.Sprintf("%s does not begin with v=spf1 and a space. Receivers pass it over.", quote(text)),
		Reference: "RFC 7208, 4.5",
	})
}

// unnamed removes the stand-in for the domain, and evidence that is none.
func unnamed(f finding.Finding) finding.Finding {
	f.Evidence = nil
	if f.Subject == anyDomain {
		f.Subject = "record"
	}
	if f.Fix != nil {
		fix := *f.Fix
		if fix.Name == anyDomain {
			fix.Name = ""
		}
		fix.Remove = nil
		// Without a domain, what belongs in a record of its own is only said.
		fix.More = slices.DeleteFunc(slices.Clone(fix.More), func(r finding.Record) bool { return r.Name == anyDomain })
		f.Fix = &fix
	}
	return f
}
