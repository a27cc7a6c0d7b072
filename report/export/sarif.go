package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// The parts of SARIF 2.1.0 (OASIS) that a report fills.
type (
	SarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string         `json:"id"`
		Short   sarifText      `json:"shortDescription"`
		Full    sarifText      `json:"fullDescription"`
		Help    sarifText      `json:"help"`
		HelpURI string         `json:"helpUri,omitempty"`
		Default sarifLevel     `json:"defaultConfiguration"`
		Props   map[string]any `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful bool           `json:"executionSuccessful"`
		Start      string         `json:"startTimeUtc"`
		End        string         `json:"endTimeUtc"`
		Properties map[string]any `json:"properties"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Kind         string            `json:"kind"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Props        map[string]any    `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name      string `json:"name"`
		Qualified string `json:"fullyQualifiedName"`
		Kind      string `json:"kind"`
	}
)

// WriteSARIF writes a log with one run and an invocation a domain: code scanning
// refuses a file with two runs of one tool. A finding's location is the line of the zone
// file that it rests on; without one, the path dns/NAME/TYPE of the DNS name that it is
// about: code scanning takes no URI but of files. What the DNS left undecided
// is a result of kind "open"; passes are left out.
func WriteSARIF(w io.Writer, reports []*report.Report) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "mailworthy", Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{},
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
	}
	for _, r := range reports {
		run.add(r)
	}
	log := SarifLog{Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
	text, err := report.MarshalJSON(log, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// add appends the results of a report, and the rules that they are the first of.
func (run *sarifRun) add(r *report.Report) {
	end := r.Started.Add(time.Duration(r.DurationMS) * time.Millisecond)
	run.Tool.Driver.Version = r.Version
	run.Invocations = append(run.Invocations, sarifInvocation{Successful: true, Start: show.RFC3339(r.Started), End: show.RFC3339(end),
		Properties: map[string]any{"domain": r.Domain, "verdict": r.Verdict, "score": r.Score.Value, "grade": r.Score.Grade}})
	for _, f := range r.Findings {
		if f.Severity == finding.Pass {
			continue
		}
		rule := slices.IndexFunc(run.Tool.Driver.Rules, func(s sarifRule) bool { return s.ID == f.Check })
		if rule < 0 {
			rule = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f))
		}
		kind, level := sarifKind(f.Severity)
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Check, RuleIndex: rule, Kind: kind, Level: level,
			Message:      sarifText{sarifMessage(f)},
			Locations:    []sarifLocation{sarifPlace(r, f)},
			Fingerprints: map[string]string{"checkAndSubject/v1": fingerprint(r.Domain, f.Check, f.Subject)},
			Props:        map[string]any{"severity": f.Severity, "section": f.Section, "subject": f.Subject, "points": f.Points, "fix": f.Fix},
		})
	}
}

// sarifKind is the kind and level of a severity. Only a failure has a level.
func sarifKind(s finding.Severity) (kind, level string) {
	switch s {
	case finding.Critical, finding.Error:
		return "fail", "error"
	case finding.Warning:
		return "fail", "warning"
	case finding.Notice:
		return "fail", "note"
	case finding.Unknown:
		return "open", "none"
	case finding.NotChecked:
		return "notApplicable", "none"
	}
	return "informational", "none"
}

func sarifRuleOf(f finding.Finding) sarifRule {
	c, ok := report.FindCheck(f.Check)
	if !ok {
		c = finding.Check{ID: f.Check, Severity: f.Severity, Section: f.Section, Title: f.Title, Reference: f.Reference}
	}
	_, level := sarifKind(c.Severity)
	why := cmp.Or(c.Why, c.Title)
	help := strings.TrimSpace(c.Condition + " " + c.Remedy + " " + c.Reference)
	return sarifRule{ID: c.ID, Short: sarifText{c.Title}, Full: sarifText{why}, Help: sarifText{cmp.Or(help, c.Title)}, HelpURI: helpURI(c), Default: sarifLevel{level},
		Props: map[string]any{"tags": []string{"email", string(c.Section)}, "severity": c.Severity, "reference": c.Reference}}
}

// sarifMessage is the finding in sentences with the record to publish.
func sarifMessage(f finding.Finding) string {
	text := show.Line(strings.TrimSuffix(f.Title, ".")) + "."
	if f.Detail != "" {
		text += " " + show.Line(f.Detail)
	}
	if f.Fix != nil {
		text += "\nFix: " + show.Line(view.FixText(f.Fix, true))
		for _, rec := range f.Fix.Records() {
			text += "\n" + show.ZoneLine(rec)
		}
	}
	return text
}

// sarifPlace is the name that was asked, or else the subject.
func sarifPlace(r *report.Report, f finding.Finding) sarifLocation {
	name, rtype := f.Subject, ""
	if f.Fix != nil && f.Fix.Name != "" {
		name, rtype = f.Fix.Name, f.Fix.Type
	} else if len(f.Evidence) > 0 {
		name, rtype = f.Evidence[0].Name, f.Evidence[0].Type
	}
	if name == "" {
		name = r.Domain
	}
	uri, line := "dns/"+uriName(name), 1
	if rtype != "" {
		uri += "/" + uriName(rtype)
	}
	if file, at := placeOf(&f); file != "" {
		uri, line = fileURI(file), at
	}
	subject := cmp.Or(f.Subject, r.Domain)
	return sarifLocation{
		Physical: sarifPhysical{Artifact: sarifArtifact{uri}, Region: sarifRegion{line}},
		Logical:  []sarifLogical{{Name: show.Line(subject), Qualified: show.Line(r.Domain + "/" + subject), Kind: "resource"}},
	}
}

// uriName is a DNS name in a URI. Bytes that no host name and no service label
// has become underscores: readers of SARIF refuse more URIs than RFC 3986 does,
// and the properties have the subject in full.
func uriName(name string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name[:min(len(name), 255)])
}

// fingerprint tells the same finding in two runs.
func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
