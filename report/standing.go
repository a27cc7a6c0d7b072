package report

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/rawjson"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	spfpolicy "mailworthy/spf/policy"
)

// Standing is what is known of a domain after all audits so far. What the latest audit
// could not ask keeps its value from the latest that could: a record is gone when the
// DNS says so, not when it says nothing.
type Standing struct {
	Domain  string          `json:"domain"`
	Profile finding.Profile `json:"profile"`
	// Verdict and Score are those of Findings.
	Verdict  Verdict        `json:"verdict"`
	Score    Score          `json:"score"`
	Findings []HeldFinding  `json:"findings"`
	Records  []PublishedSet `json:"records"`
}

// HeldFinding is a finding and since when the DNS has not said whether it still holds.
type HeldFinding struct {
	finding.Finding
	UnansweredSince time.Time `json:"unanswered_since" empty:"null"`
}

// PublishedSet are the records of one name and type: none if the DNS says so.
type PublishedSet struct {
	Name            string    `json:"name"`
	Type            string    `json:"type"`
	Values          []string  `json:"values"`
	UnansweredSince time.Time `json:"unanswered_since" empty:"null"`
}

// NewStanding is what one audit knows.
func NewStanding(r *Report) *Standing {
	s := &Standing{Domain: r.Domain, Profile: r.Profile, Verdict: r.Verdict, Score: r.Score,
		Findings: []HeldFinding{}, Records: []PublishedSet{}}
	// What one cause left open is kept for what it is: the next audit may have an answer for
	// a part of it.
	for _, f := range finding.Apart(r.Findings) {
		// Neither says anything about the domain, and both change from run to run.
		f.Evidence = slices.Clone(f.Evidence)
		for i := range f.Evidence {
			e := &f.Evidence[i]
			e.TTL, e.Server, e.Transcript, e.File, e.Lines = 0, "", nil, "", nil
		}
		s.Findings = append(s.Findings, HeldFinding{Finding: f})
	}
	published := r.Published()
	for _, q := range published.order {
		set := PublishedSet{Name: q.name, Type: q.rtype, Values: []string{}}
		for _, rec := range published.records[q] {
			set.Values = append(set.Values, rec.Value)
		}
		// Servers rotate the records of a name.
		slices.Sort(set.Values)
		s.Records = append(s.Records, set)
	}
	return s
}

// Settle is the standing after one more audit. The receiver may be nil: nothing
// is known yet.
func (s *Standing) Settle(r *Report) *Standing {
	fresh := NewStanding(r)
	if s == nil {
		return fresh
	}
	v := NewCoverage(r)
	if v.profileOpen && fresh.Profile != s.Profile {
		// Judged as another kind of domain, for want of an answer.
		fresh.Profile, fresh.Findings = s.Profile, nil
		for _, f := range s.Findings {
			fresh.Findings = append(fresh.Findings, f.unanswered(r.Started))
		}
	} else {
		fresh.Findings = s.settleFindings(fresh.Findings, v)
	}
	for _, set := range s.Records {
		if !v.Asked(set.Name, set.Type) {
			if set.UnansweredSince.IsZero() {
				set.UnansweredSince = r.Started
			}
			fresh.Records = append(fresh.Records, set)
		}
	}
	fresh.Grade(r.Score.Scale)
	return fresh
}

// Grade computes verdict and score of the findings.
func (s *Standing) Grade(scale Scale) {
	findings := make([]finding.Finding, len(s.Findings))
	for i, f := range s.Findings {
		findings[i] = f.Finding
	}
	s.Verdict, s.Score = Grade(findings, scale)
	for i := range findings {
		s.Findings[i].Points = findings[i].Points
	}
}

func (f HeldFinding) unanswered(since time.Time) HeldFinding {
	if f.UnansweredSince.IsZero() {
		f.UnansweredSince = since
	}
	return f
}

// settleFindings takes from the fresh findings what the DNS decided, and from
// those before what it left open.
func (s *Standing) settleFindings(fresh []HeldFinding, v *Coverage) []HeldFinding {
	started := v.report.Started
	examined := make(map[finding.Section]bool)
	for _, f := range s.Findings {
		examined[f.Section] = true
	}
	before := pairFindings(fresh, s.Findings)
	matched := make(map[int]bool)
	found := make(map[string]bool)
	open := make(map[string]bool)
	var out []HeldFinding
	for i, f := range fresh {
		if v.open(f.Finding) && examined[f.Section] {
			open[f.Check] = true
			continue
		}
		if !f.Severity.Open() {
			found[f.Check] = true
		}
		if j, ok := before[i]; ok {
			matched[j] = true
			if old := s.Findings[j]; old.Severity != f.Severity && v.dependsOnUndecided(f.Section) {
				f = old.unanswered(started)
			}
		}
		out = append(out, f)
	}
	for j, f := range s.Findings {
		switch {
		case matched[j]:
		case open[f.Check], f.Severity.Open() && !v.Decides(f.Finding):
			// A finding undecided before and now keeps its earlier text, and stays if
			// now less was said than before.
			out = append(out, f)
		case f.Severity.Open():
		case f.Severity == finding.Pass && found[f.Check]:
		case !v.Decides(f.Finding):
			out = append(out, f.unanswered(started))
		}
	}
	return out
}

// pairFindings pairs each finding of a with the one of b that is about the same,
// by their indexes.
func pairFindings(a, b []HeldFinding) map[int]int {
	pairs := make(map[int]int)
	taken := make(map[int]bool)
	pair := func(same func(f, g *finding.Finding) bool) {
		for i := range a {
			f := &a[i].Finding
			if _, ok := pairs[i]; ok || f.Severity.Open() || f.Severity == finding.Pass {
				continue
			}
			for j := range b {
				g := &b[j].Finding
				if !taken[j] && g.Check == f.Check && g.Subject == f.Subject && !g.Severity.Open() &&
					g.Severity != finding.Pass && same(f, g) {
					pairs[i], taken[j] = j, true
					break
				}
			}
		}
	}
	pair(func(f, g *finding.Finding) bool { return f.Detail == g.Detail })
	pair(func(f, g *finding.Finding) bool {
		return slices.ContainsFunc(f.Evidence, func(e finding.Evidence) bool {
			return slices.ContainsFunc(g.Evidence, func(o finding.Evidence) bool { return e.Name == o.Name && e.Type == o.Type })
		})
	})
	// An address has a finding for each list that has an entry for it: those of
	// two lists are not about the same.
	pair(func(f, _ *finding.Finding) bool { return f.Section != finding.Reputation })
	return pairs
}

// Coverage is what one audit asked, and what of it the DNS answered.
type Coverage struct {
	report    *Report
	published *Published
	// findings are those of the report, with what is open for one cause apart.
	findings []finding.Finding
	// answered is by question; a question that any server answered is.
	answered map[question]bool
	ttl      map[question]uint32
	// denied are the names of which a server said that they do not exist.
	denied map[string]bool
	// silent are the sections with something undecided, undecided those that
	// cannot be judged at all.
	silent, undecided map[finding.Section]bool
	// missing: the domain itself does not exist.
	missing bool
	// profileOpen: the profile was guessed without an answer that could change it.
	profileOpen bool
}

// NewCoverage returns that of a report.
func NewCoverage(r *Report) *Coverage {
	v := &Coverage{report: r, published: r.Published(), findings: finding.Apart(r.Findings), answered: make(map[question]bool), ttl: make(map[question]uint32), denied: make(map[string]bool),
		silent: make(map[finding.Section]bool), undecided: make(map[finding.Section]bool)}
	v.gather(reflect.ValueOf(r))
	// A guess that is simply absent comes without evidence.
	for _, q := range v.published.order {
		v.answered[q] = true
	}
	for _, f := range v.findings {
		v.missing = v.missing || f.Check == "domain-missing" && f.Subject == r.Domain && f.Severity == finding.Critical
		if !f.Severity.Open() {
			continue
		}
		v.silent[f.Section] = true
		if f.Undecides {
			v.undecided[f.Section] = true
		}
	}
	if r.ProfileWhy != "stated" {
		v.profileOpen = r.SPF != nil && (r.SPF.Status == spfpolicy.StatusUnresolved || r.SPF.Status == spfpolicy.StatusNotAsked) ||
			r.Hosts != nil && r.Hosts.Domain != nil && r.Hosts.Domain.MX == mailhost.MXUnknown
	}
	return v
}

var evidenceType = reflect.TypeFor[finding.Evidence]()

// gather returns every question and answer of the report, in whatever part.
func (v *Coverage) gather(x reflect.Value) {
	switch x.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !x.IsNil() {
			v.gather(x.Elem())
		}
	case reflect.Slice:
		switch x.Type().Elem().Kind() {
		case reflect.Struct, reflect.Pointer:
			for i := range x.Len() {
				v.gather(x.Index(i))
			}
		}
	case reflect.Struct:
		if x.Type() == evidenceType {
			e := x.Interface().(finding.Evidence)
			q := questionOf(&e)
			v.answered[q] = v.answered[q] || e.Answered()
			v.ttl[q] = max(v.ttl[q], e.TTL)
			if e.Kind == finding.DNS && e.Status == "nxdomain" && len(e.CNAMEs) == 0 {
				v.denied[q.name] = true
			}
			return
		}
		for i := range x.NumField() {
			if x.Type().Field(i).IsExported() {
				v.gather(x.Field(i))
			}
		}
	}
}

// questionOf returns what evidence answers: of the DNS a name and type, and else what
// was looked at, which no name and type is.
func questionOf(e *finding.Evidence) question {
	if e.Kind == finding.DNS {
		return question{strings.ToLower(e.Name), e.Type}
	}
	return question{strings.ToLower(e.Name), string(e.Kind) + " " + e.Type}
}

// Asked reports whether the DNS said which records are at the name, be it by saying that
// a name above does not exist (RFC 8020).
func (v *Coverage) Asked(name, rtype string) bool {
	name = strings.ToLower(name)
	if _, ok := v.published.records[question{name, rtype}]; ok {
		return true
	}
	for up, below, ok := strings.Cut(name, "."); ok; up, below, ok = strings.Cut(below, ".") {
		if up != "" && v.denied[below] {
			return true
		}
	}
	return false
}

// Decides reports whether a finding that the audit does not have is really gone:
// everything it depends on was answered.
func (v *Coverage) Decides(f finding.Finding) bool {
	if v.missing || termGone(v.report, f.Subject) || exchangeGone(v.report, &f) {
		return true // of a domain that does not exist nothing else holds
	}
	examined, checked, passed := false, false, false
	for _, g := range v.findings {
		examined = examined || g.Section == f.Section
		if g.Check == f.Check && !g.Severity.Open() {
			checked = true
			passed = passed || g.Severity == finding.Pass && g.Subject == f.Subject
		}
	}
	if !examined || v.silentList(f) || v.senderOpen(f) || v.profileOpen && v.silent[f.Section] {
		return false
	}
	all := len(f.Evidence) > 0
	for _, e := range f.Evidence {
		answered, asked := v.answered[questionOf(&e)]
		// A question that was unanswered then too cannot have caused the finding.
		if asked && !answered && e.Answered() {
			return false
		}
		all = all && asked
	}
	switch {
	case passed && all && f.Section == finding.DMARC:
		// What it rests on was answered, whatever is not known of SPF and DKIM.
		return true
	case v.dependsOnUndecided(f.Section):
		return false
	case passed && f.Section != finding.Reputation:
		// A check of addresses passes as soon as one of several lists has spoken.
		return true
	case f.Section == finding.DKIM && !all && v.silent[finding.SPF]:
		// An include that is not known may have named more selectors to ask.
		return false
	case !v.silent[f.Section]:
		return true
	}
	return checked && (all || f.Subject == v.report.Domain)
}

// open reports whether a finding of this audit says that something is not known
// which an earlier one may have known.
func (v *Coverage) open(f finding.Finding) bool {
	return f.Severity.Open() || f.CouldBe != "" && v.silent[f.Section]
}

// dependsOnUndecided reports whether the section also depends on one that is undecided.
func (v *Coverage) dependsOnUndecided(s finding.Section) bool {
	switch s {
	case finding.SPF:
		return v.undecided[finding.DMARC]
	case finding.DMARC:
		return v.undecided[finding.SPF] || v.undecided[finding.DKIM]
	case finding.DKIM:
		// MX and SPF say whose selectors are asked, and whose they are.
		r := v.report
		return v.undecided[finding.SPF] || r.DKIM != nil && r.DKIM.HintsIncomplete ||
			r.Hosts != nil && r.Hosts.Domain != nil && r.Hosts.Domain.MX == mailhost.MXUnknown
	}
	return false
}

// silentList: the finding is about an entry on a list that now gave no verdict.
func (v *Coverage) silentList(f finding.Finding) bool {
	if f.Section != finding.Reputation || v.report.RBL == nil {
		return false
	}
	for i := range v.report.RBL.Listings {
		l := &v.report.RBL.Listings[i]
		if l.Verdict != rbl.Unknown && l.Verdict != rbl.Blocked || l.Subject != f.Subject && l.Name != f.Subject {
			continue
		}
		for _, e := range f.Evidence {
			if name, zone := strings.ToLower(e.Name), strings.ToLower(l.Zone); name == zone || strings.HasSuffix(name, "."+zone) {
				return true
			}
		}
	}
	return false
}

// senderOpen: the finding is about an address that was not examined, at a time
// when not all addresses were known.
func (v *Coverage) senderOpen(f finding.Finding) bool {
	addr, err := netip.ParseAddr(f.Subject)
	if err != nil || !v.report.Examined.SendersUnknown {
		return false
	}
	for _, s := range v.report.Examined.Senders {
		if s.Addr == addr {
			return false
		}
	}
	return true
}

// TTL is how long in seconds what the audit heard at the name may be kept in
// caches; 0 if it was not asked.
func (v *Coverage) TTL(name, rtype string) uint32 {
	return v.ttl[question{strings.ToLower(name), rtype}]
}

// UnmarshalJSON reads into v what MarshalJSON wrote.
func UnmarshalJSON[T any](text []byte, v *T) error {
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	*v = mapStrings(*v, rawjson.Unescape)
	return nil
}
