package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// SchemaID names the JSON of a notice. Keys are added to it, never renamed.
const SchemaID = "mailworthy/notification/1"

// Logs takes the place of a domain in a notice about the logs of mail servers.
const Logs = "mail logs"

// Bounds on a notice. The report has everything.
const (
	maxItems   = 50
	maxRecords = 50
	maxDomains = 100
	maxText    = 1000
)

// Notice is something to report. Its texts are for people: what the DNS said has been
// made visible (report.Escape), so that nothing in it steers a screen or is cut by
// a program, and long texts are shortened.
type Notice struct {
	// Schema is always "mailworthy/notification/1".
	Schema string `json:"schema"`
	// ID is the same for every try and every target of the notice.
	ID string `json:"id"`
	// Reason is "change" or "threshold".
	Reason When      `json:"reason"`
	Time   time.Time `json:"time"`
	// Domain and Owner are empty if the notice is about several.
	Domain string `json:"domain"`
	Owner  string `json:"owner,omitempty"`
	// Before is what the domain was when it was last reported; null for a threshold,
	// and of several domains.
	Before *report.Outcome `json:"before"`
	// After is what the domain is; of several, the worst of them.
	After report.Outcome `json:"after"`
	// DomainCount is how many domains the notice is about, Domains what became of each
	// of the first 100, the worst first.
	DomainCount int      `json:"domain_count"`
	Domains     []Member `json:"domains"`
	// Findings are what differs, or what is newly at or above the threshold: of
	// several domains each cause once.
	Findings []Item `json:"findings"`
	// Removed and Added are the published records that differ.
	Removed []finding.Record `json:"records_removed"`
	Added   []finding.Record `json:"records_added"`
	// LeftOut counts findings and records over the bounds of a notice.
	LeftOut int `json:"left_out"`
	// OutcomeOnly counts the domains of which neither a finding nor a record differs.
	OutcomeOnly int `json:"outcome_only"`
}

// Member is a domain of a notice.
type Member struct {
	Domain string          `json:"domain"`
	Owner  string          `json:"owner"`
	Before *report.Outcome `json:"before"`
	After  report.Outcome  `json:"after"`
}

// Item is a finding in a notice.
type Item struct {
	// Change is "new", "gone", "changed" or, for a threshold, "standing".
	Change string `json:"change"`
	// Was is the severity before, of a finding that changed.
	Was      finding.Severity `json:"was,omitempty"`
	Severity finding.Severity `json:"severity"`
	Check    string           `json:"check"`
	// Subject is empty if each of several domains has its own.
	Subject string `json:"subject"`
	Title   string `json:"title"`
	// Fix is what to do, if that is known, and for all domains the same.
	Fix string `json:"fix,omitempty"`
	// DomainCount is how many domains have the finding, Domains the first 100 of them.
	DomainCount int      `json:"domain_count"`
	Domains     []string `json:"domains"`
}

// OfChange is the notice of what differs.
func OfChange(c *report.Comparison, owner string, at time.Time) *Notice {
	n := newNotice(Change, c.Domain, owner, c.After, at)
	before := c.Before
	n.Before, n.Domains[0].Before = &before, &before
	for _, f := range c.New {
		n.add(n.item(report.CauseNew, f))
	}
	for _, m := range c.Changed {
		item := n.item(report.CauseChanged, m.Finding)
		item.Was = m.Was
		n.add(item)
	}
	for _, f := range c.Gone {
		item := n.item(report.CauseGone, f)
		item.Fix = ""
		n.add(item)
	}
	n.Removed, n.Added = n.records(c.Removed), n.records(c.Added)
	if len(n.Findings)+len(n.Removed)+len(n.Added) == 0 {
		n.OutcomeOnly = 1
	}
	return n
}

// OfThreshold returns the notice of findings at or above a threshold.
func OfThreshold(domain string, after report.Outcome, findings []finding.Finding, owner string, at time.Time) *Notice {
	n := newNotice(Threshold, domain, owner, after, at)
	for _, f := range findings {
		n.add(n.item(report.CauseStanding, f))
	}
	return n
}

func newNotice(reason When, domain, owner string, after report.Outcome, at time.Time) *Notice {
	domain, owner = shown(domain), shown(owner)
	return &Notice{Schema: SchemaID, Reason: reason, Time: at.UTC().Truncate(time.Second), Domain: domain, Owner: owner, After: after,
		DomainCount: 1, Domains: []Member{{Domain: domain, Owner: owner, After: after}},
		Findings: []Item{}, Removed: []finding.Record{}, Added: []finding.Record{}}
}

func (n *Notice) item(change string, f finding.Finding) Item {
	item := Item{Change: change, Severity: f.Severity, Check: f.Check, Subject: shown(f.Subject), Title: shown(f.Title), DomainCount: 1, Domains: []string{n.Domain}}
	if f.Fix != nil {
		item.Fix = shown(f.Fix.Words())
	}
	return item
}

func (n *Notice) add(item Item) {
	if len(n.Findings) == maxItems {
		n.LeftOut++
		return
	}
	n.Findings = append(n.Findings, item)
}

func (n *Notice) records(list []finding.Record) []finding.Record {
	out := []finding.Record{}
	for i, rec := range list {
		if i == maxRecords {
			n.LeftOut += len(list) - i
			break
		}
		out = append(out, finding.Record{Name: shown(rec.Name), Type: shown(rec.Type), Value: shown(rec.Value)})
	}
	return out
}

// key is the same for notices that say the same, whenever they say it.
func (n *Notice) key() string {
	content := *n
	content.ID, content.Time = "", time.Time{}
	return digest(&content)
}

func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("notify: " + err.Error()) // strings and numbers marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Subject is the notice in a line.
func (n *Notice) Subject() string {
	if n.DomainCount > 1 {
		return n.digestSubject()
	}
	text := n.Domain + ": " + outcome(n.After)
	if n.Before != nil && outcome(*n.Before) != outcome(n.After) {
		text += " (was " + outcome(*n.Before) + ")"
	}
	return text
}

func outcome(o report.Outcome) string {
	if o.Score == nil {
		return string(o.Verdict)
	}
	return string(o.Verdict) + ", " + strconv.Itoa(*o.Score) + "/100"
}

// Lines are what the notice says, a line each: findings, then records as a diff.
func (n *Notice) Lines() []string {
	if n.DomainCount > 1 {
		return n.digestLines()
	}
	var out []string
	for _, i := range n.Findings {
		text := i.Change + ": "
		switch {
		case i.Change == report.CauseStanding:
			text = ""
		case i.Was != "":
			text += string(i.Was) + " → "
		}
		text += string(i.Severity) + " " + i.Check
		if i.Subject != "" {
			text += " (" + i.Subject + ")"
		}
		out = append(out, text+": "+i.Title)
	}
	out = append(out, n.recordLines()...)
	if n.LeftOut > 0 {
		out = append(out, fmt.Sprintf("and %d more", n.LeftOut))
	}
	if n.OutcomeOnly > 0 {
		out = append(out, "The verdict or the score differs; no finding and no record does.")
	}
	return out
}

// recordLines are the records as a diff.
func (n *Notice) recordLines() []string {
	var out []string
	for _, rec := range n.Removed {
		out = append(out, "- "+rec.Name+" "+rec.Type+" "+rec.Value)
	}
	for _, rec := range n.Added {
		out = append(out, "+ "+rec.Name+" "+rec.Type+" "+rec.Value)
	}
	return out
}

// Fixes are the sentences that say what to do, each once.
func (n *Notice) Fixes() []string {
	var out []string
	seen := make(map[string]bool)
	for _, i := range n.Findings {
		if i.Fix != "" && !seen[i.Fix] {
			seen[i.Fix] = true
			out = append(out, i.Check+": "+i.Fix)
		}
	}
	return out
}

// shown is a text without anything that a screen would obey, and not too long.
func shown(s string) string {
	cut := s
	if len(cut) > maxText {
		cut = cut[:maxText]
	}
	text := show.Escape(cut)
	if cut != s {
		text += "…"
	}
	return strings.TrimSpace(text)
}
