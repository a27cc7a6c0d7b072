package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/report"
)

// belief is what is believed of a domain, what of it was reported, and which changes
// wait to be seen again, by subject.
type belief struct {
	believed, told *report.Standing
	pending        map[subject]*pending
}

// subject is what a change is about: a check applied to something, or the records
// of a name.
type subject struct{ kind, what, about string }

// pending is a change that was seen and is not believed yet.
type pending struct {
	// Value is the digest of what was seen, Seen how often in a row.
	Value string `json:"value"`
	Seen  int    `json:"seen"`
	// NotBefore is when the answers that showed it will have left every cache.
	NotBefore time.Time `json:"not_before"`
}

// longestTTL bounds how long a cache is waited for.
const longestTTL = 24 * time.Hour

// hearAll takes in one audit and further opinions of the same time, and returns
// the standing after the first.
func (b *belief) hearAll(prior *report.Standing, heard []*report.Report, confirm int) *report.Standing {
	var first *report.Standing
	for i, r := range heard {
		settled := prior.Settle(r)
		if i == 0 {
			first = settled
		}
		b.hear(settled, r, i > 0, confirm)
	}
	return first
}

// hear believes what of the standing after an audit has been seen often enough.
// An independent audit need not wait for caches.
func (b *belief) hear(settled *report.Standing, r *report.Report, independent bool, confirm int) {
	if b.believed == nil {
		b.believed, b.told = settled, settled
		return
	}
	v := report.NewCoverage(r)
	was, is := valuesOf(b.believed), valuesOf(settled)
	keep := make(map[subject]bool)
	for at := range b.subjects(was, is) {
		value := is[at].digest()
		if value == was[at].digest() {
			delete(b.pending, at)
			continue
		}
		if p := b.pending[at]; decided(v, at, was[at], is[at]) {
			after := r.Started.Add(min(ttl(v, at, was[at], is[at]), longestTTL))
			switch {
			case p == nil || p.Value != value:
				b.pending[at] = &pending{Value: value, Seen: 1, NotBefore: after}
			case independent || !r.Started.Before(p.NotBefore):
				p.Seen, p.NotBefore = p.Seen+1, after
			}
			if b.pending[at].Seen >= confirm {
				delete(b.pending, at)
				continue
			}
		}
		keep[at] = true
	}
	mixed := mix(settled, b.believed, keep)
	mixed.Grade(r.Score.Scale)
	if c := report.CompareStandings(b.believed, mixed); len(keep) > 0 && c.Same() && !c.SameOutcome() {
		return // the score would be reported without its cause
	}
	b.believed = mixed
}

// value is what a standing has about a subject.
type value struct {
	findings []report.HeldFinding
	records  *report.PublishedSet
}

// digest: equal digests mean no change.
func (v value) digest() string {
	var lines []string
	for _, f := range v.findings {
		lines = append(lines, string(f.Severity)+" "+f.Title)
	}
	if v.records != nil {
		lines = append(lines, "records")
		lines = append(lines, v.records.Values...)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// aboutFinding is the subject of a finding; ok is false of those that say that
// something is right or not known, which are no news.
func aboutFinding(f finding.Finding) (at subject, ok bool) {
	return subject{"check", f.Check, f.Subject}, f.Severity.AtLeast(finding.Notice) || f.Severity == finding.Info
}

func valuesOf(s *report.Standing) map[subject]value {
	out := make(map[subject]value)
	for _, f := range s.Findings {
		if at, ok := aboutFinding(f.Finding); ok {
			v := out[at]
			v.findings = append(v.findings, f)
			out[at] = v
		}
	}
	for i := range s.Records {
		set := &s.Records[i]
		out[subject{"records", set.Type, set.Name}] = value{records: set}
	}
	return out
}

// subjects are all that may have changed, or that waits to be seen again.
func (b *belief) subjects(was, is map[subject]value) iter.Seq[subject] {
	all := make(map[subject]bool)
	for at := range was {
		all[at] = true
	}
	for at := range is {
		all[at] = true
	}
	for at := range b.pending {
		all[at] = true
	}
	return maps.Keys(all)
}

// decided reports whether the audit itself said what is now had of the subject.
func decided(v *report.Coverage, at subject, was, is value) bool {
	if at.kind == "records" {
		return v.Asked(at.about, at.what)
	}
	for _, f := range is.findings {
		if !f.UnansweredSince.IsZero() {
			return false
		}
	}
	if len(is.findings) < len(was.findings) {
		for _, f := range was.findings {
			if !v.Decides(f.Finding) {
				return false
			}
		}
	}
	return true
}

// ttl is how long the answers about the subject may be kept.
func ttl(v *report.Coverage, at subject, was, is value) time.Duration {
	if at.kind == "records" {
		return time.Duration(v.TTL(at.about, at.what)) * time.Second
	}
	longest := uint32(0)
	for _, f := range append(slices.Clone(was.findings), is.findings...) {
		for _, e := range f.Evidence {
			longest = max(longest, v.TTL(e.Name, e.Type))
		}
	}
	return time.Duration(longest) * time.Second
}

// mix is the one standing with what the other has about the subjects of keep.
func mix(settled, believed *report.Standing, keep map[subject]bool) *report.Standing {
	out := *settled
	out.Findings, out.Records = nil, nil
	for i, from := range []*report.Standing{settled, believed} {
		kept := i == 1
		for _, f := range from.Findings {
			if at, ok := aboutFinding(f.Finding); (ok && keep[at]) == kept {
				out.Findings = append(out.Findings, f)
			}
		}
		for _, set := range from.Records {
			if keep[subject{"records", set.Type, set.Name}] == kept {
				out.Records = append(out.Records, set)
			}
		}
	}
	return &out
}

// beliefOf reads what is believed of the domain, and the standing after its last run.
func beliefOf(ctx context.Context, tx Tx, domain string) (b *belief, prior *report.Standing, err error) {
	b = &belief{pending: make(map[subject]*pending)}
	if prior, err = lastStanding(ctx, tx, domain); err != nil {
		return nil, nil, err
	}
	kept, ok, err := tx.Belief(ctx, domain)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		// Runs that were only kept have been seen by whoever asked for them.
		b.believed, b.told = prior, prior
		return b, prior, nil
	}
	if b.believed, err = standing(ctx, tx, kept.Believed); err != nil {
		return nil, nil, err
	}
	if b.told, err = standing(ctx, tx, kept.Told); err != nil {
		return nil, nil, err
	}
	var list []storedPending
	if err := json.Unmarshal([]byte(kept.Pending), &list); err != nil {
		return nil, nil, err
	}
	for _, p := range list {
		b.pending[subject{p.Kind, p.What, string(p.About)}] = &p.pending
	}
	return b, prior, nil
}

// storedPending is a pending change as it is stored. Subjects are bytes.
type storedPending struct {
	Kind  string `json:"kind"`
	What  string `json:"what"`
	About []byte `json:"about"`
	pending
}

func keepBelief(ctx context.Context, tx Tx, domain string, b *belief) (believed int64, err error) {
	list := []storedPending{}
	for at, p := range b.pending {
		list = append(list, storedPending{at.kind, at.what, []byte(at.about), *p})
	}
	waiting, err := json.Marshal(list)
	if err != nil {
		return 0, err
	}
	if believed, err = keepStanding(ctx, tx, b.believed); err != nil {
		return 0, err
	}
	told, err := keepStanding(ctx, tx, b.told)
	if err != nil {
		return 0, err
	}
	return believed, tx.SetBelief(ctx, domain, Belief{Believed: believed, Told: told, Pending: string(waiting)})
}
