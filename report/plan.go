package report

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	spfpolicy "mailworthy/spf/policy"
)

// Plan is what to do about a report, in order: what stops mail first.
type Plan struct {
	Before Outcome `json:"before"`
	// After is the outcome of auditing the proposal, null if it was not audited.
	After   *Outcome `json:"after"`
	Actions []Action `json:"actions"`
}

// Outcome is the verdict and score of one audit.
type Outcome struct {
	Verdict Verdict `json:"verdict"`
	Score   *int    `json:"score"`
	Low     int     `json:"low"`
	High    int     `json:"high"`
	Grade   string  `json:"grade"`
}

func OutcomeOf(r *Report) Outcome {
	return Outcome{Verdict: r.Verdict, Score: r.Score.Value, Low: r.Score.Low, High: r.Score.High, Grade: r.Score.Grade}
}

// Who is the party that can carry an action out.
type Who string

const (
	// WhoDNS: whoever edits the zone of the domain.
	WhoDNS Who = "dns"
	// WhoHost: whoever runs the sending hosts or provides their addresses.
	WhoHost Who = "host"
	// WhoProvider: another organization, in its own zone or service.
	WhoProvider Who = "provider"
)

// Action is one thing to do. It may close several findings.
type Action struct {
	// Summary is what to do, a sentence a step.
	Summary []string `json:"summary"`
	// Severity is that of the worst finding it closes.
	Severity finding.Severity `json:"severity"`
	Who      Who              `json:"who"`
	// Whom names the party.
	Whom string `json:"whom"`
	// Points are gained in the mean before caps: computed if the proposal was
	// audited, else the sum of the findings' points.
	Points float64  `json:"points"`
	Closes []Closed `json:"closes"`
	// Remove and Add are the records to change.
	Remove []finding.Record `json:"remove"`
	Add    []finding.Record `json:"add"`
	// TTL is how long caches may keep what is replaced, in seconds; 0 is not known.
	TTL uint32 `json:"ttl"`
	// Template: a record holds places to fill in, written <…>.
	Template bool `json:"template"`
	// When is the condition of a step for later, which a plan lists last and never
	// applies; empty: it is for now.
	When string `json:"when" empty:"null"`
	// Complete: there are records to change, and they can be published as they stand, now.
	// It is false if the audit of the records found something against them.
	Complete bool `json:"complete"`
	// after is that of the fix, and key its key.
	after, key string
	// Audited: the records were laid over the DNS and audited, and the outcome
	// was no worse.
	Audited bool `json:"audited"`
	// Objection says what the audit of the records found against them.
	Objection string `json:"objection" empty:"null"`
	// Verify says how to see that it worked.
	Verify string `json:"verify"`
}

// Closed is a finding that an action closes.
type Closed struct {
	Check   string `json:"check"`
	Subject string `json:"subject"`
}

// Change is a set of records to take out of the DNS and to put into it.
type Change struct {
	Remove []finding.Record
	Add    []finding.Record
}

// maxActions bounds a plan, and so the audits that it takes.
const maxActions = 40

// MakePlan orders what the fixes of a report propose, and merges what concerns
// the same record. If again is given, it audits the domain with all changes
// laid over the DNS, in their order, as the same kind of domain with the same
// senders and selectors: each proposal is tried on top of those before it, so that the fix of the second finding is that of the record as the
// first fix left it. What a proposal newly brings up is not pursued. A fix
// that is not complete is never applied, nor one that takes away what was there (harm).
// One with a condition is a step for later: it comes last. Again may return nil for "could not be audited".
func MakePlan(r *Report, again func([]Change) *Report) *Plan {
	p := &Plan{Before: OutcomeOf(r), Actions: []Action{}}
	current := r
	var changes []Change
	tried := make(map[string]bool)
	var refused []string // what was objected to
	retried, since := false, maxActions
	for len(tried) < maxActions {
		a, ok := nextAction(r, current, tried)
		if !ok && !retried && len(changes) > since {
			// What was tried first may do no harm beside what was applied after it.
			for _, key := range refused {
				delete(tried, key)
			}
			retried = true
			a, ok = nextAction(r, current, tried)
		}
		if !ok {
			break
		}
		if again == nil || !a.Complete && a.after == "" || a.Template || len(a.Add)+len(a.Remove) == 0 {
			p.add(a)
			continue
		}
		trial := append(slices.Clone(changes), Change{Remove: a.Remove, Add: a.Add})
		after := again(trial)
		if after == nil {
			p.add(a)
			continue
		}
		if a.Objection = cmp.Or(objection(current, after), futile(a, current, after)); a.Objection != "" {
			a.Complete = false
			refused, since = append(refused, a.key), min(since, len(changes))
			p.add(a)
			continue
		}
		a.Audited, a.Complete = true, true
		a.Closes = closed(current, after)
		a.Points = exactMean(after.Score) - exactMean(current.Score)
		p.add(a)
		current, changes = after, trial
	}
	slices.SortStableFunc(p.Actions, func(a, b Action) int {
		return cmp.Compare(min(len(a.When), 1), min(len(b.When), 1))
	})
	if len(changes) > 0 {
		o := OutcomeOf(current)
		p.After = &o
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		a.Points = math.Round(a.Points*10) / 10
		a.Verify = verifyText(r, *a)
	}
	return p
}

// exactMean is the mean before caps and before rounding.
func exactMean(s Score) float64 {
	var sum, weight float64
	for _, section := range s.Sections {
		if section.Judged {
			sum += float64(*section.Value * section.Weight)
			weight += float64(section.Weight)
		}
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// Changes are the records of the actions that were audited, in order.
func (p *Plan) Changes() []Change {
	var out []Change
	for _, a := range p.Actions {
		if a.Audited {
			out = append(out, Change{Remove: a.Remove, Add: a.Add})
		}
	}
	return out
}

// nextAction returns the first fix of the current report that was not tried and
// that belongs to a finding of the first report. Findings with the same fix are
// one action.
func nextAction(first, current *Report, tried map[string]bool) (Action, bool) {
	for _, f := range current.Findings {
		if f.Fix == nil || !f.Severity.AtLeast(finding.Notice) || !hasFinding(first, f) {
			continue
		}
		key := f.Fix.Key()
		if tried[key] {
			continue
		}
		tried[key] = true
		a := Action{Summary: []string{f.Fix.Words()}, When: f.Fix.When, Severity: f.Severity, Closes: []Closed{}, Remove: slices.Clone(f.Fix.Remove), Add: f.Fix.Records()}
		if a.Remove == nil {
			a.Remove = []finding.Record{}
		}
		if a.Add == nil {
			a.Add = []finding.Record{}
		}
		counted := make(map[string]bool)
		for _, other := range current.Findings {
			if other.Fix == nil || other.Fix.Key() != key || !other.Severity.AtLeast(finding.Notice) {
				continue
			}
			a.Closes = append(a.Closes, Closed{other.Check, other.Subject})
			if !counted[other.Check] {
				counted[other.Check] = true
				a.Points += other.Points
			}
			a.TTL = max(a.TTL, ttlOf(other, a))
		}
		a.Who, a.Whom = who(first, f, a)
		a.Template = slices.ContainsFunc(a.Add, finding.Record.HasPlaceholder)
		a.Complete, a.after, a.key = f.Fix.Complete, f.Fix.After, key
		return a, true
	}
	return Action{}, false
}

func hasFinding(r *Report, f finding.Finding) bool {
	return slices.ContainsFunc(r.Findings, func(g finding.Finding) bool {
		return g.Check == f.Check && g.Subject == f.Subject && g.Severity != finding.Pass
	})
}

// ttlOf is the TTL of the answers that the action replaces.
func ttlOf(f finding.Finding, a Action) uint32 {
	var ttl uint32
	for _, e := range f.Evidence {
		for _, rec := range slices.Concat(a.Remove, a.Add) {
			if strings.EqualFold(e.Name, rec.Name) && e.Type == rec.Type {
				ttl = max(ttl, e.TTL)
			}
		}
	}
	return ttl
}

// who finds the party from where the records stand, or else from the section.
func who(r *Report, f finding.Finding, a Action) (Who, string) {
	own := r.Domain
	if r.DMARC != nil && r.DMARC.OrganizationalDomain != "" && Within(r.Domain, r.DMARC.OrganizationalDomain) {
		own = r.DMARC.OrganizationalDomain
	}
	records := slices.Concat(a.Add, a.Remove)
	switch {
	case len(records) > 0 && Within(records[0].Name, "arpa"):
		return WhoHost, "the IP provider of " + f.Subject + " (owner of the reverse zone)"
	case len(records) > 0 && !Within(records[0].Name, own):
		return WhoProvider, "the operator of " + hostPart(records[0].Name)
	case len(records) > 0:
		return WhoDNS, "zone " + own
	case f.Section == finding.Hosts || f.Section == finding.Reputation:
		return WhoHost, "whoever runs the sending hosts"
	case f.Section == finding.DKIM:
		return WhoProvider, "whoever signs the mail"
	}
	return WhoDNS, "zone " + own
}

// hostPart is a name without its service labels and what is below them.
func hostPart(name string) string {
	labels := strings.Split(name, ".")
	for i := len(labels) - 1; i >= 0; i-- {
		if strings.HasPrefix(labels[i], "_") {
			return strings.Join(labels[i+1:], ".")
		}
	}
	return name
}

// Within reports whether name is zone or below it.
func Within(name, zone string) bool {
	name, zone = strings.ToLower(strings.TrimSuffix(name, ".")), strings.ToLower(zone)
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// objection says what a proposal takes away or breaks.
func objection(before, after *Report) string {
	if text := harm(before, after); text != "" {
		return text
	}
	for _, f := range after.Findings {
		if f.Severity.AtLeast(finding.Error) && !hasFinding(before, f) {
			return fmt.Sprintf("With these records the audit finds %s: %s.", f.Check, strings.TrimSuffix(f.Title, "."))
		}
	}
	return ""
}

// futile says that a proposal leaves all that it is to close, and costs points. That the
// mean falls is no objection by itself: what was found to be wrong may be what hid the rest.
func futile(a Action, before, after *Report) string {
	was, is := exactMean(before.Score), exactMean(after.Score)
	left := func(c Closed) bool { return hasFinding(after, finding.Finding{Check: c.Check, Subject: c.Subject}) }
	if is >= was || slices.ContainsFunc(a.Closes, func(c Closed) bool { return !left(c) }) {
		return ""
	}
	return fmt.Sprintf("With these records the audit still finds %s, and the mean of the sections falls from %.1f to %.1f.", a.Closes[0].Check, was, is)
}

// closed are the findings that are gone, or worth no fix any more, and not merely undecided.
func closed(before, after *Report) []Closed {
	out := []Closed{}
	for _, f := range before.Findings {
		if f.Severity.AtLeast(finding.Notice) && decided(after, f) && !slices.ContainsFunc(after.Findings, func(g finding.Finding) bool {
			return g.Check == f.Check && g.Subject == f.Subject && (g.Severity.AtLeast(finding.Notice) || g.Severity.Open())
		}) {
			out = append(out, Closed{f.Check, f.Subject})
		}
	}
	return out
}

// decided reports whether the absence of a finding says something: the check is
// there in some form, or nothing of its section is undecided. What is unknown of another
// address leaves one about an address decided.
func decided(r *Report, of finding.Finding) bool {
	if termGone(r, of.Subject) || exchangeGone(r, &of) {
		return true
	}
	address := func(f *finding.Finding) bool { _, err := netip.ParseAddr(f.Subject); return err == nil }
	examined := false
	for _, f := range finding.Apart(r.Findings) {
		if f.Check == of.Check && !f.Severity.Open() {
			return true
		}
		if f.Section == of.Section {
			examined = true
			if (f.Severity.Open() || f.Undecides) && (f.Subject == of.Subject || !address(&f) || !address(&of)) {
				return false
			}
		}
	}
	return examined
}

// termGone reports whether a finding's subject is a term of SPF, such as include:_spf.example, that
// the domain's record, which was answered, does not have: what was said of the term is over.
func termGone(r *Report, subject string) bool {
	kind, _, _ := strings.Cut(strings.TrimLeft(subject, "+-~?"), ":")
	if !slices.Contains([]string{"include", "a", "mx", "exists", "ptr"}, strings.ToLower(kind)) || r.SPF == nil {
		return false
	}
	switch r.SPF.Status {
	case spfpolicy.StatusNone, spfpolicy.StatusNXDomain:
		return true
	case spfpolicy.StatusFound:
		return r.SPF.Record != nil && !slices.ContainsFunc(r.SPF.Record.Terms, func(t spfpolicy.Term) bool { return t.Text == subject })
	}
	return false
}

// exchangeGone reports whether a finding is about the host of an MX record that neither the domain nor
// one of its envelope domains has any more, all of which were answered.
func exchangeGone(r *Report, of *finding.Finding) bool {
	if of.Section != finding.Hosts || !strings.HasPrefix(of.Check, "mx-") || of.Subject == r.Domain || r.Hosts == nil || r.Hosts.Domain == nil {
		return false
	}
	d := r.Hosts.Domain
	if d.MX == mailhost.MXUnknown || d.ExchangesLeftOut > 0 || slices.ContainsFunc(d.Exchanges, func(e mailhost.Exchange) bool { return e.Name == of.Subject }) {
		return false
	}
	return !slices.ContainsFunc(r.Hosts.Envelope, func(a mailhost.Authority) bool {
		return a.Domain == of.Subject || a.MX == mailhost.MXUnknown || slices.ContainsFunc(a.Hosts, func(h mailhost.Host) bool { return h.Name == of.Subject })
	})
}

// add appends an action, or merges it into the one that wrote the record which
// this one replaces. It takes the place of an earlier try at the same findings
// that the audit objected to.
func (p *Plan) add(a Action) {
	p.Actions = slices.DeleteFunc(p.Actions, func(b Action) bool {
		return b.Objection != "" && !slices.ContainsFunc(b.Closes, func(c Closed) bool { return !slices.Contains(a.Closes, c) })
	})
	for i := range p.Actions {
		b := &p.Actions[i]
		if !b.Audited || !a.Audited || len(b.Add) == 0 || !containsAny(a.Remove, b.Add) {
			continue
		}
		b.Summary = append(b.Summary, a.Summary...)
		for _, c := range a.Closes {
			if !slices.Contains(b.Closes, c) {
				b.Closes = append(b.Closes, c)
			}
		}
		b.Points += a.Points
		if a.Severity.Rank() > b.Severity.Rank() {
			b.Severity = a.Severity
		}
		written := b.Add
		b.Add = append(lessRecords(b.Add, a.Remove), a.Add...)
		b.Remove = append(b.Remove, lessRecords(a.Remove, written)...)
		b.TTL = max(b.TTL, a.TTL)
		return
	}
	p.Actions = append(p.Actions, a)
}

func containsAny(list, of []finding.Record) bool {
	return slices.ContainsFunc(list, func(r finding.Record) bool { return slices.Contains(of, r) })
}

// lessRecords is list without the records of the other.
func lessRecords(list, other []finding.Record) []finding.Record {
	return slices.DeleteFunc(slices.Clone(list), func(r finding.Record) bool { return slices.Contains(other, r) })
}

// verifyText says how to see that an action worked.
func verifyText(r *Report, a Action) string {
	var sections []string
	var checks []string
	for _, c := range a.Closes {
		if !slices.Contains(checks, c.Check) {
			checks = append(checks, c.Check)
		}
		if known, ok := FindCheck(c.Check); ok && known.Section.Flag() != "" && !slices.Contains(sections, known.Section.Flag()) {
			sections = append(sections, known.Section.Flag())
		}
	}
	only := ""
	if len(sections) > 0 {
		only = "--only " + strings.Join(sections, ",") + " "
	}
	run := "`mailworthy audit " + only + r.Domain + "`"
	text := "Then check: " + run
	if a.TTL > 0 {
		text = fmt.Sprintf("Wait %s (TTL), then check: %s", show.TTL(a.TTL), run)
	}
	if len(checks) == 0 {
		return text + "."
	}
	return text + " no longer shows " + show.Listed(checks, len(checks)) + "."
}
