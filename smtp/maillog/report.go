package maillog

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"mailworthy/internal/field"
	"mailworthy/internal/show"
	"mailworthy/smtp/reply"
)

// Schema names the form of a Report in JSON.
const Schema = "mailworthy/logs/1"

// By is what a report groups by.
type By string

// The ways to group.
const (
	ByReceiver By = "receiver"
	ByDomain   By = "domain"
	ByReason   By = "reason"
	BySender   By = "sender"
)

// Report is what a log says, summed up.
type Report struct {
	Schema string `json:"schema"`
	By     By     `json:"by"`
	MTAs   []MTA  `json:"mtas"`
	Lines  Lines  `json:"lines"`
	// Other is the program that most lines look like which were not read, as another one
	// was stated; null if there are none. OtherLines is how many.
	Other      *MTA    `json:"looks_like"`
	OtherLines int64   `json:"looks_like_lines"`
	From       *string `json:"from"`
	To         *string `json:"to"`
	// Total are all groups together.
	Total   Counts   `json:"total"`
	Groups  []Group  `json:"groups"`
	Domains []Domain `json:"domains"`
	// GroupsLeftOut and DomainsLeftOut are how many with fewer messages are not listed; the total has
	// them.
	GroupsLeftOut  int `json:"groups_left_out"`
	DomainsLeftOut int `json:"domains_left_out"`
	// RejectedHere is mail of others that this server refused.
	RejectedHere []Reason `json:"rejected_here"`
	// HandedOver is how many recipients went to a filter or another local hop.
	HandedOver int64 `json:"handed_over"`
	// SenderUnknown is how many recipients have no sender: the line that states it is
	// in an older file.
	SenderUnknown int64 `json:"sender_unknown"`
	// Forgotten is how many messages were open for so long that they were counted as
	// queued to bound the memory.
	Forgotten int64 `json:"forgotten"`
	// Outside is how many lines were before --since or after --until.
	Outside int64 `json:"outside"`
	// NotUnderstood are examples of lines that were not.
	NotUnderstood []string `json:"examples_not_understood"`
	Files         []File   `json:"files"`
	// Series are the attempts of each hour in which there were any.
	Series []Hour `json:"series"`
}

// Hour is what was attempted in the hour from Start on.
type Hour struct {
	Start  time.Time `json:"start"`
	All    uint32    `json:"attempts"`
	Failed uint32    `json:"failed"`
}

// Counts are of recipients of messages, but for Attempts and Deferred, which are of
// attempts: a recipient deferred five times and then delivered is one delivery with
// five deferrals.
type Counts struct {
	Messages  int64    `json:"messages"`
	Attempts  int64    `json:"attempts"`
	Delivered int64    `json:"delivered"`
	Deferred  int64    `json:"deferred"`
	Bounced   int64    `json:"bounced"`
	Expired   int64    `json:"expired"`
	Queued    int64    `json:"queued"`
	Reasons   []Reason `json:"reasons"`
	Delay     Delay    `json:"delay_s"`
	// Hours are attempts by hour of the day: all and those that failed.
	Hours Hours `json:"hours"`
}

// Hours are attempts by hour of the day; no entries if no line has a time.
type Hours struct {
	All    []uint32 `json:"all"`
	Failed []uint32 `json:"failed"`
}

// Delay is how long deliveries took, in seconds; nil if none was delivered.
type Delay struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	Max *float64 `json:"max"`
}

// Reason is why recipients were deferred or failed.
type Reason struct {
	Reason       string  `json:"reason"`
	ReplyCode    *int    `json:"reply_code"`
	EnhancedCode *string `json:"enhanced_code"`
	Count        int64   `json:"count"`
	// Failed is how many of Count were final.
	Failed  int64   `json:"failed"`
	Example *string `json:"example"`
	First   *string `json:"first"`
	Last    *string `json:"last"`
	// Recipient is the one of the example.
	Recipient *string `json:"recipient"`
}

// Group is what went to one receiver, or has one domain, reason or sender.
type Group struct {
	// Receiver is an id of package reply, nil if none is known.
	Receiver *string `json:"receiver"`
	// Name is the receiver, or the domain of the relays.
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
	Counts
}

// Domain is what went to one recipient domain.
type Domain struct {
	Domain   string  `json:"domain"`
	Receiver *string `json:"receiver"`
	Counts
}

// FailsWhole reports whether nothing reached the domain, and something failed for good
// or was put off.
func (d *Domain) FailsWhole() bool {
	return d.Delivered == 0 && d.Bounced+d.Expired+d.Deferred > 0
}

// Failed is how many recipients failed for good.
func (c *Counts) Failed() int64 { return c.Bounced + c.Expired }

// BouncedPercent is the share of recipients that failed for good of those whose fate
// is known; 0 if there are none.
func (c *Counts) BouncedPercent() float64 {
	known := c.Delivered + c.Failed()
	if known == 0 {
		return 0
	}
	return 100 * float64(c.Failed()) / float64(known)
}

// maxListed bounds the domains of a group in a report, and the groups and the domains of one that is
// shortened.
const maxListed = 1000

// Short is the report with the groups and domains of the most messages alone.
func (r *Report) Short() *Report {
	out := *r
	if n := len(r.Groups) - maxListed; n > 0 {
		out.Groups, out.GroupsLeftOut = r.Groups[:maxListed], n
	}
	if n := len(r.Domains) - maxListed; n > 0 {
		out.Domains, out.DomainsLeftOut = r.Domains[:maxListed], n
	}
	return &out
}

// Report returns what was counted until now.
func (l *Log) Report(by By) *Report {
	t := &l.tallies
	r := &Report{
		Schema: Schema, By: by, Lines: t.lines, From: rfc3339(t.from), To: rfc3339(t.to), HandedOver: t.handedOver,
		SenderUnknown: t.senderUnknown, Forgotten: l.queue.evicted, Outside: t.outside,
		MTAs: []MTA{}, Domains: []Domain{}, RejectedHere: []Reason{}, NotUnderstood: []string{}, Files: []File{}, Series: []Hour{},
	}
	if other, n := t.mostLike(l.o.MTA, nil); n > 0 {
		r.Other, r.OtherLines = &other, n
	}
	for _, m := range MTAs() {
		if t.mtas[m] > 0 {
			r.MTAs = append(r.MTAs, m)
		}
	}
	for at, p := range t.series {
		r.Series = append(r.Series, Hour{time.Unix(at*3600, 0).UTC(), p.All, p.Failed})
	}
	sort.Slice(r.Series, func(i, j int) bool { return r.Series[i].Start.Before(r.Series[j].Start) })
	for _, s := range t.samples {
		r.NotUnderstood = append(r.NotUnderstood, clean(s))
	}
	sums := t.sum(r)
	r.Groups = l.groups(by, r.Domains, sums)
	r.RejectedHere = reasonsOf(t.refused)
	return r
}

// groupSum is what went to a group by the domains' counts.
type groupSum struct {
	group   *group
	counts  counts
	domains map[string]bool
}

// sum fills in the domains of the report and its total, and returns the sums of the groups.
func (t *tallies) sum(r *Report) map[*group]*groupSum {
	sums := map[*group]*groupSum{}
	var total counts
	domains := make([]*domain, 0, len(t.domains)+1)
	for _, d := range t.domains {
		domains = append(domains, d)
	}
	if t.over != nil {
		domains = append(domains, t.over)
	}
	sort.Slice(domains, func(i, j int) bool { return domains[i].name < domains[j].name })
	for _, d := range domains {
		var whole counts
		fallback := t.mainGroup(d)
		used := false
		for _, c := range d.cells {
			if c.counts.messages == 0 && c.counts.attempts == 0 {
				continue
			}
			used = true
			g := c.group
			if g == nil {
				g = fallback
			}
			s := sums[g]
			if s == nil {
				s = &groupSum{group: g, domains: map[string]bool{}}
				sums[g] = s
			}
			s.counts.add(&c.counts)
			if len(s.domains) < maxListed {
				s.domains[d.name] = true
			}
			whole.add(&c.counts)
		}
		if !used {
			continue
		}
		total.add(&whole)
		one := Domain{Domain: clean(d.name), Counts: publish(&whole)}
		if fallback != nil {
			one.Receiver = said(fallback.receiver)
		}
		r.Domains = append(r.Domains, one)
	}
	r.Total = publish(&total)
	sort.SliceStable(r.Domains, func(i, j int) bool { return more(&r.Domains[i].Counts, &r.Domains[j].Counts) })
	return sums
}

// groups returns what was counted in groups, those with the most messages first.
func (l *Log) groups(by By, domains []Domain, sums map[*group]*groupSum) []Group {
	t := &l.tallies
	groups := []Group{}
	switch by {
	case ByDomain:
		for i := range domains {
			d := &domains[i]
			groups = append(groups, Group{Receiver: d.Receiver, Name: d.Domain, Domains: []string{d.Domain}, Counts: d.Counts})
		}
	case ByReason:
		for i, c := range t.byCause {
			if c != nil {
				groups = append(groups, Group{Name: string(l.causes.names[i]), Domains: []string{}, Counts: publish(c)})
			}
		}
	case BySender:
		for name, c := range t.senders {
			if c.messages > 0 || c.attempts > 0 {
				groups = append(groups, Group{Name: clean(name), Domains: []string{}, Counts: publish(c)})
			}
		}
	default:
		for _, s := range sums {
			g := Group{Receiver: said(s.group.receiver), Name: clean(s.group.name), Domains: []string{}, Counts: publish(&s.counts)}
			for name := range s.domains {
				g.Domains = append(g.Domains, clean(name))
			}
			slices.Sort(g.Domains)
			groups = append(groups, g)
		}
	}
	sort.SliceStable(groups, func(i, j int) bool {
		a, b := &groups[i], &groups[j]
		if by == ByReason && a.Attempts != b.Attempts {
			return a.Attempts > b.Attempts
		}
		if a.Messages != b.Messages || a.Attempts != b.Attempts {
			return more(&a.Counts, &b.Counts)
		}
		return a.Name < b.Name
	})
	return groups
}

// more orders by messages, then attempts.
func more(a, b *Counts) bool {
	if a.Messages != b.Messages {
		return a.Messages > b.Messages
	}
	return a.Attempts > b.Attempts
}

// mainGroup returns the group that most of a domain's mail went to; for a domain that
// no relay is known of, a group of its own name.
func (t *tallies) mainGroup(d *domain) *group {
	var best *cell
	for _, c := range d.cells {
		if c.group != nil && c.group != t.local && (best == nil || c.counts.messages > best.counts.messages) {
			best = c
		}
	}
	if best != nil {
		return best.group
	}
	for _, c := range d.cells {
		if c.group == t.local {
			return t.local
		}
	}
	if d.receiver != "" {
		return t.named(d.receiver, d.receiver)
	}
	return t.named("", d.name)
}

// publish turns counts into what a report has.
func publish(c *counts) Counts {
	p := Counts{
		Messages: c.messages, Attempts: c.attempts, Delivered: c.delivered, Deferred: c.deferred, Bounced: c.bounced, Expired: c.expired,
		Queued: c.queued(), Reasons: reasonsOf(c.reasons), Hours: Hours{All: []uint32{}, Failed: []uint32{}},
	}
	if v, ok := c.delays.at(0.5); ok {
		p.Delay.P50 = rounded(v)
	}
	if v, ok := c.delays.at(0.95); ok {
		p.Delay.P95 = rounded(v)
		p.Delay.Max = rounded(c.delays.max)
	}
	if c.hours != nil {
		for _, h := range c.hours {
			p.Hours.All = append(p.Hours.All, h.All)
			p.Hours.Failed = append(p.Hours.Failed, h.Failed)
		}
	}
	return p
}

// rounded returns a number of seconds with three significant digits.
func rounded(v float64) *float64 {
	if v > 0 {
		scale := math.Pow(10, 2-math.Floor(math.Log10(v)))
		v = math.Round(v*scale) / scale
	}
	return &v
}

// reasonsOf returns the reasons, the most frequent first.
func reasonsOf(m map[reasonKey]*reasonCount) []Reason {
	list := make([]Reason, 0, len(m))
	for k, c := range m {
		r := Reason{Reason: string(k.reason), EnhancedCode: said(k.enhanced), Count: c.count, Failed: c.failed, Example: said(c.example), First: rfc3339(c.first), Last: rfc3339(c.last), Recipient: said(c.recipient)}
		if r.Reason == "" {
			r.Reason = string(reply.Unknown)
		}
		if k.code != 0 {
			r.ReplyCode = &k.code
		}
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		if a.Count != b.Count {
			return a.Count > b.Count
		}
		if a.Failed != b.Failed {
			return a.Failed > b.Failed
		}
		return strings.Compare(a.key(), b.key()) < 0
	})
	return list
}

func (r *Reason) key() string {
	k := r.Reason
	if r.ReplyCode != nil {
		k += string(rune('0'+*r.ReplyCode/100)) + string(rune('0'+*r.ReplyCode/10%10)) + string(rune('0'+*r.ReplyCode%10))
	}
	if r.EnhancedCode != nil {
		k += *r.EnhancedCode
	}
	return k
}

func rfc3339(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.Format(time.RFC3339)
	return &s
}

// Skipped reports whether the file was left out because another has the same lines.
func (f *File) Skipped() bool { return errors.Is(f.Err, ErrCopy) }

// Read reports whether anything was read: a file in full or in part, or one that another
// stands for.
func (r *Report) Read() bool {
	return slices.ContainsFunc(r.Files, func(f File) bool { return f.Err == nil || f.Skipped() || f.Understood > 0 })
}

// Unread returns what is to be said of the files that were not read, or not in full; and why
// none was, if so: then the first file is that of the error.
func (r *Report) Unread() (skipped []error, err error) {
	for i := range r.Files {
		if f := &r.Files[i]; f.Err != nil {
			skipped = append(skipped, fmt.Errorf("%s: %w", f.Name, f.Err))
		}
	}
	if r.Read() || len(skipped) == 0 {
		return skipped, nil
	}
	why := &field.Error{What: skipped[0].Error(), Err: r.Files[0].Err}
	if other := (*OtherLogError)(nil); errors.As(why.Err, &other) {
		why.Help = other.Hint()
	} else if errors.Is(why.Err, ErrNoLog) && len(r.NotUnderstood) > 0 {
		why.Help = "a line of it: " + show.Cut(r.NotUnderstood[0], 120)
	}
	return skipped[1:], why
}

// TooManyBounces reports whether as many recipients failed for good as the options allow not.
func (r *Report) TooManyBounces(o Options) bool {
	return o.MaxBounced != nil && r.Total.Failed() > 0 && r.Total.BouncedPercent() >= *o.MaxBounced
}

// Names returns the names of the files that were read in full, without standard input.
func (r *Report) Names() (names []string) {
	for i := range r.Files {
		if f := &r.Files[i]; f.Err == nil && !f.stdin {
			names = append(names, f.Name)
		}
	}
	return names
}
