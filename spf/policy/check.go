package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/spf"
)

// Context is what the checks have to know beside the policy.
type Context struct {
	// Profile says what the domain is for.
	Profile finding.Profile
	// DMARCEnforces says whether a DMARC policy of quarantine or reject applies;
	// nil is not known.
	DMARCEnforces *bool
	// MX is "present", "none", "null" or "unknown".
	MX string
	// MXMended: the same report has complete MX records for the domain, in place of those that name no
	// host with a public address, or that are missing.
	MXMended bool
	// Evaluations are those of the addresses that send for the domain.
	Evaluations []spf.Evaluation
	// Doubtful are evaluations of addresses that seem to send and that the record fails:
	// those of a mail host whose other addresses pass, or of any if it lets none pass.
	Doubtful []spf.Evaluation
	// Envelopes are other domains that its mail is known to have in the envelope, so
	// that SPF is checked there: stated ones, and those of services that are
	// recognised.
	Envelopes []string
	// Foreign: the policy is of an envelope domain of another organization.
	Foreign bool
	// Signs: a key of the domain, or an alias that may lead to one, is there: something may send
	// with it, whatever the other records say.
	Signs bool
	// Service is the name of the one whose return path the domain is; empty if it is none.
	Service string
}

// checker applies the checks to one policy.
type checker struct {
	*finding.Sheet
	// p is the policy that is judged: the published one, or if its record is in error
	// what it was meant to be.
	p, published *Policy
	c            Context
	// counts are the findings of each check, those beyond the bound too.
	counts map[string]int
	// trial says that a proposal is judged, for which none is made.
	trial bool
	// proposals are those for records of the domain's own. flatten says that the
	// root's has too many lookups, unread that a term of its own cannot be read.
	proposals       []*proposal
	flatten, unread bool
	flattened       *finding.Fix
	shortened       *finding.Fix
	// own are the root and what it redirects to, as far as that is the domain's.
	own []*Record
	// end is the record whose all ends the evaluation; nil if it is unknown.
	end *Record
	// byName and via are those of full and leads, once they are asked for.
	byName map[string]*Record
	via    map[string]*Term
	// misread are the records of the domain's own administration that are in error as they
	// are published, by domain; texts are those that are judged in place of published ones.
	misread map[string]bool
	texts   map[string]string
	// unclear: what a record that the domain's own leads to was meant to be is not all known.
	unclear bool
	// joined says which strings of a record in error join without a space.
	joined string
	// slipped are the terms that are said to be mistyped, for which nothing else is said.
	slipped map[string]bool
	// unknownRecords and unknownNames say that parts of the tree are not known.
	unknownRecords, unknownNames bool
}

// The most findings of one check, and those of a record that is large itself: each
// carries the record as evidence, and its fix.
const (
	maxOfCheck = 20
	maxOfLarge = 4
	largeText  = 2 << 10
)

// whileUnread are checks of what a receiver finds on its way through a record, and finds
// nothing of while the record is a permerror by itself.
var whileUnread = []string{"spf-loop", "spf-void-lookup", "spf-too-many-void-lookups", "spf-mx-void"}

// Add files a finding, up to a bound for each check. What only follows once a record in
// error can be read is said with the error.
func (k *checker) Add(id string, f finding.Finding) {
	if k.misread[k.p.Domain] && !k.trial && slices.Contains(whileUnread, id) && (f.Fix == nil || f.Fix.Name == "" || f.Fix.Name == k.p.Domain) {
		found := k.Found()
		if i := slices.IndexFunc(found, func(x *finding.Finding) bool { return x.Check == "spf-syntax" && x.Subject == k.p.Domain }); i >= 0 {
			found[i].Detail += " Once that is repaired: " + f.Detail
			k.Undecided(id)
			return
		}
	}
	most := maxOfCheck
	if len(k.published.Record.Text) > largeText {
		most = maxOfLarge
	}
	if k.counts == nil {
		k.counts = make(map[string]int)
	}
	if k.counts[id]++; k.counts[id] <= most {
		k.Sheet.Add(id, f)
	}
}

// more says in the last finding of each check how many there are beyond the bound.
func (k *checker) more() {
	last := make(map[string]*finding.Finding)
	n := make(map[string]int)
	for _, f := range k.Found() {
		last[f.Check] = f
		n[f.Check]++
	}
	for id, f := range last {
		if left := k.counts[id] - n[id]; left > 0 {
			f.Detail += fmt.Sprintf(" There are %d more like this.", left)
		}
	}
}

// Check judges a policy. It asks nothing.
func Check(p *Policy, c Context) *finding.Sheet { return check(p, c, false) }

func check(p *Policy, c Context, trial bool) *finding.Sheet {
	k := &checker{Sheet: finding.NewSheet(checkList, p.Domain), p: p, published: p, c: c, trial: trial}
	switch p.Status {
	case StatusUnresolved, StatusNotAsked:
		k.Add("spf-unresolved", finding.Finding{
			Detail:    fmt.Sprintf("The DNS did not say whether %s has an SPF record (%s). Nothing is known about its policy.", p.Domain, why(p.Record.Evidence)),
			Evidence:  []finding.Evidence{p.Record.Evidence},
			CouldBe:   finding.Critical,
			Undecides: true,
		})
	case StatusNone, StatusNXDomain:
		k.missing()
	case StatusMultiple:
		k.multiple()
	case StatusFound:
		k.Decided("spf-record-missing", "spf-multiple-records", "spf-whitespace")
		k.judge()
	}
	k.settle()
	k.together()
	k.foreign()
	k.apart()
	k.more()
	return k.Sheet
}

// foreign: the record of another organization is its to publish.
func (k *checker) foreign() {
	if !k.c.Foreign {
		return
	}
	for _, f := range k.Found() {
		if x := f.Fix; x != nil && x.When == "" && x.Value != "" {
			x.When = "you are the one who publishes the records of " + k.p.Domain
		}
	}
}

// judge judges a record: its shape as it is published, and all else as it was meant.
func (k *checker) judge() {
	k.survey()
	k.shape()
	if !k.mend() {
		return
	}
	k.mendBelow()
	k.records()
	k.tree()
	k.addresses()
	if !k.trial {
		k.senders()
	}
}

// why is the reason of an evidence without answer.
func why(e finding.Evidence) string {
	s := e.Type + " " + e.Name + ": " + e.Status
	if e.Note != "" {
		s += ", " + quotable(e.Note)
	}
	return s
}

// corrected says what to do about a record that was repaired.
func corrected(m *repaired) string {
	if m.complete() {
		return "Publish the corrected record."
	}
	return "Publish the corrected record, with what the places in brackets stand for: nobody but you can tell."
}

// said lists what a repair changed.
func said(changes []change) string {
	var b strings.Builder
	for i, c := range changes {
		if i == 8 {
			b.WriteString(" …")
			break
		}
		s := c.String()
		b.WriteString(" " + strings.ToUpper(s[:1]) + s[1:] + ".")
	}
	return b.String()
}

// survey finds out which records are whose.
func (k *checker) survey() {
	k.p.walk(func(r *Record, mine bool) {
		if mine && !r.Loop && !r.Repeated {
			k.own = append(k.own, r)
		}
		k.unknownRecords = k.unknownRecords || r.Status.unknown()
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindExists {
				k.unknownNames = k.unknownNames || t.Status.unknown()
				for j := range t.Hosts {
					k.unknownNames = k.unknownNames || t.Hosts[j].Status.unknown()
				}
			}
		}
	})
	k.unknownRecords = k.unknownRecords || k.p.Cut || k.unread
	k.unknownNames = k.unknownNames || k.p.Cut
	k.end = k.lastRecord()
}

// full has every record of the tree that shows its terms.
func (k *checker) full() map[string]*Record {
	if k.byName == nil {
		k.byName = make(map[string]*Record)
		k.p.walk(func(r *Record, _ bool) {
			if !r.Loop && !r.Repeated {
				k.byName[r.Domain] = r
			}
		})
	}
	return k.byName
}

// leads is the term of the domain's own record that leads to another one's.
func (k *checker) leads(domain string) *Term {
	if k.via != nil {
		return k.via[domain]
	}
	k.via = make(map[string]*Term)
	var down func(r *Record, via *Term)
	down = func(r *Record, via *Term) {
		if r.Loop || r.Repeated {
			return
		}
		if via != nil {
			k.via[r.Domain] = via
		}
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Record == nil {
				continue
			}
			first := via
			if slices.ContainsFunc(k.own, func(o *Record) bool { return o.Domain == r.Domain }) {
				first = t
			}
			down(t.Record, first)
		}
	}
	down(k.p.Record, nil)
	return k.via[domain]
}

// lastRecord follows redirects to the record whose all counts (RFC 7208, 6.1).
func (k *checker) lastRecord() *Record {
	r := k.p.Record
	for range maxRecords {
		var redirect *Term
		for i := range r.Terms {
			if t := &r.Terms[i]; t.Kind == spf.KindRedirect && t.Ignored == "" && t.Error == "" {
				redirect = t
			}
		}
		if redirect == nil {
			return r
		}
		next := k.full()[redirect.Target]
		if redirect.Target == "" || next == nil || next.Status != StatusFound {
			return nil
		}
		r = next
	}
	return nil
}

// enumerate quotes up to most texts.
func enumerate(texts []string, most int) string {
	var out []string
	for i, t := range texts {
		if i == most {
			out = append(out, fmt.Sprintf("%d more", len(texts)-most))
			break
		}
		out = append(out, quote(t))
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

// quote marks a piece of hostile text in a message and bounds it.
func quote(s string) string { return strconv.Quote(show.Cut(s, 120)) }
