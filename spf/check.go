package spf

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
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
	// Evaluations are those of the addresses that send for the domain.
	Evaluations []Evaluation
	// Envelopes are other domains that its mail is known to have in the envelope, so
	// that SPF is checked there: stated ones, and those of services that are
	// recognised.
	Envelopes []string
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
	// end is the record whose all ends the evaluation; nil where it is unknown.
	end *Record
	// byName and via are those of full and leads, once they are asked for.
	byName map[string]*Record
	via    map[string]*Term
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

// Add files a finding, up to a bound for each check.
func (k *checker) Add(id string, f finding.Finding) {
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
	k.more()
	return k.Sheet
}

// judge judges a record: its shape as it is published, and all else as it was meant.
func (k *checker) judge() {
	k.survey()
	k.shape()
	if !k.mend() {
		return
	}
	k.records()
	k.tree()
	k.addresses()
	if !k.trial {
		k.senders()
	}
}

// mend reports the errors of the domain's own records, and goes on with what these
// were meant to be: a receiver reads nothing of them as they are (RFC 7208, 4.6). It
// returns false if nobody can tell.
func (k *checker) mend() bool {
	texts, unsure := make(map[string]string), make(map[string]string)
	for range maxMended {
		before := len(texts)
		for _, r := range k.own {
			if _, done := texts[r.Domain]; done || r.Error == "" || r.Status != StatusFound {
				continue
			}
			m := r.facts.repaired()
			if other := r.facts.otherwise(); other != nil {
				gone, found := k.includesOf(r.Domain, m.text)
				otherGone, otherFound := k.includesOf(r.Domain, other.text)
				switch {
				case gone > otherGone:
					m = other
				case found == otherFound && gone == otherGone && !k.resolved(r.Domain, m.text):
					unsure[r.Domain] = other.text // the DNS does not tell
				}
			}
			texts[r.Domain] = m.text
			k.syntax(r, m)
			if m.text == "" {
				return false
			}
		}
		if len(texts) == before {
			break
		}
		k.judgeWith(texts)
	}
	for domain, other := range unsure {
		if r := k.full()[domain]; r != nil {
			k.either(r, other)
		}
	}
	return true
}

// either asks which of two readings of a record was meant, where they differ.
func (k *checker) either(r *Record, other string) {
	terms, _ := parse(other, nil)
	for i := range r.Terms {
		if t := &r.Terms[i]; i < len(terms) && t.Kind == KindInclude && t.Text != terms[i].text {
			k.proposal(r).wrong(t, "include:<"+forPlaceholder(t.Value)+" or "+forPlaceholder(terms[i].spec)+">")
		}
	}
}

// includesOf counts the includes of a text that have no record, and those that have.
func (k *checker) includesOf(domain, text string) (gone, found int) {
	terms, _ := parse(text, nil)
	for i := range terms {
		t := &terms[i]
		if name, _, ok := t.target(domain, k.p.Domain); ok && t.kind == KindInclude {
			switch s := k.p.answers.get(name, resolver.TypeTXT).recordStatus(); {
			case s.absent():
				gone++
			case s == StatusFound:
				found++
			}
		}
	}
	return gone, found
}

// resolved reports whether the DNS said of every include of a text what it leads to.
func (k *checker) resolved(domain, text string) bool {
	terms, _ := parse(text, nil)
	return !slices.ContainsFunc(terms, func(t term) bool {
		name, _, ok := t.target(domain, k.p.Domain)
		return t.kind == KindInclude && ok && k.p.answers.get(name, resolver.TypeTXT).recordStatus().unknown()
	})
}

// judgeWith goes on with other texts for some records.
func (k *checker) judgeWith(texts map[string]string) {
	k.p = k.published.with(texts)
	k.own, k.byName, k.via, k.end = nil, nil, nil, nil
	k.survey()
	for _, p := range k.proposals {
		if r := k.full()[p.record.Domain]; r != nil {
			p.record, p.spell = r, r.crowded
		}
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

// missing judges a domain without a record.
func (k *checker) missing() {
	k.Decided("spf-multiple-records", "spf-whitespace")
	k.deprecated()
	if k.p.answers != nil {
		if text, meant := k.p.answers.get(k.p.Domain, resolver.TypeTXT).near(); meant != nil {
			k.nearMiss(text, meant)
			return
		}
	}
	k.Decided("spf-record-missing")
	wrong, open := k.wrongName()
	if wrong {
		return
	}
	f := finding.Finding{Evidence: []finding.Evidence{k.p.Record.Evidence}}
	aliases := k.p.Record.Evidence.CNAMEs
	switch {
	case k.p.Status == StatusNXDomain && len(aliases) > 0:
		f.Detail = absence(k.p.Domain, aliases) + ", so it has no SPF record."
	case k.p.Status == StatusNXDomain:
		f.Detail = k.p.Domain + " does not exist in the DNS, so it has no SPF record."
	case len(k.p.Record.Published) == 0:
		f.Detail = fmt.Sprintf("%s has no TXT record at all, so no SPF record.", k.p.Domain)
	default:
		f.Detail = fmt.Sprintf("%s has %s, but none that begins with v=spf1.", k.p.Domain, show.Counted(len(k.p.Record.Published), "TXT record"))
	}
	f.Detail += " Every check of mail from it gives none."
	if k.c.Profile == finding.Receiver {
		f.Severity = finding.Warning
	}
	if len(k.c.Envelopes) > 0 && k.c.Profile != finding.Parked && k.c.Profile != finding.Receiver {
		// SPF is about the envelope domain (RFC 7208, 2.4).
		f.Severity = finding.Notice
		f.Detail = fmt.Sprintf("%s has no SPF record. Its mail has %s in the envelope, where SPF is checked, so that it is missed only by mail that has the domain itself there.", k.p.Domain, enumerate(k.c.Envelopes, 5))
		f.Fix = advice("None is needed while all mail has %s in the envelope.", enumerate(k.c.Envelopes, 5))
		k.addMissing(f, open)
		return
	}
	f.Fix = k.firstRecord()
	if k.p.Status == StatusNXDomain && len(aliases) > 0 {
		// No other record may stand beside a CNAME (RFC 2181, 10.1).
		f.Fix.Summary = "Remove the alias, which leads nowhere. " + f.Fix.Summary
		f.Fix.Remove = []finding.Record{{Name: k.p.Domain, Type: "CNAME", Value: aliases[0]}}
	}
	k.addMissing(f, open)
}

// addMissing adds spf-record-missing. If the names at which a record may stand by
// mistake are open, it would follow from one there: all that is said of it could be.
func (k *checker) addMissing(f finding.Finding, open bool) {
	k.Add("spf-record-missing", f)
	if open {
		last := k.Found()[len(k.Found())-1]
		last.CouldBe = last.Severity
	}
}

// firstRecord proposes a record for a domain that has none.
func (k *checker) firstRecord() *finding.Fix {
	f := &finding.Fix{Name: k.p.Domain, Type: "TXT"}
	if k.c.Profile == finding.Parked || k.c.Profile == finding.Receiver {
		f.Summary = "Publish a record that says that the domain sends no mail."
		f.Value = version + " -all"
		return f
	}
	terms := []string{version}
	for _, e := range k.c.Evaluations {
		if t := addressTerm(e); t != "" && !slices.Contains(terms, t) {
			terms = append(terms, t)
		}
	}
	// What a domain without a record sends from, the DNS does not say: an MX that
	// takes its mail need not send any.
	f.Summary = "Publish a record that names every sender: the address of each server of your own, and the include of each service that sends for you."
	terms = append(terms, anySender, "include:<the SPF record of each service that sends for you>")
	f.Value = strings.Join(append(terms, "~all"), " ")
	return f
}

// addressTerm is the term for the client of an evaluation.
func addressTerm(e Evaluation) string {
	switch {
	case e.IP.Is4():
		return "ip4:" + e.IP.String()
	case e.IP.Is6():
		return "ip6:" + e.IP.String()
	}
	return ""
}

// nearMiss judges a text that was meant to be a record.
func (k *checker) nearMiss(text string, meant *repaired) {
	f := finding.Finding{Evidence: []finding.Evidence{k.p.Record.Evidence}}
	p := k.proposal(k.p.Record)
	p.published, p.parts, p.broken = text, meant.parts, true
	switch {
	case meant.text == "":
		f.Fix = advice("Write the record anew, with v=spf1 and a space at its start.")
	case len(meant.parts) == 0:
		f.Fix = &finding.Fix{Summary: "Publish the record with your senders: nothing that was there could be read.", Name: k.p.Domain, Type: "TXT",
			Value: version + " <your senders> ~all", Remove: []finding.Record{{Name: k.p.Domain, Type: "TXT", Value: text}}}
	default:
		f.Fix = p.share(false, "%s", corrected(meant))
	}
	if trimmed := strings.TrimLeft(text, " \t\r\n"); trimmed != text && isRecord(trimmed) {
		f.Detail = fmt.Sprintf("The TXT record %s of %s has white space before v=spf1. For receivers it is no SPF record, and a check gives none.", quote(text), k.p.Domain)
		k.Add("spf-whitespace", f)
	} else {
		f.Title = "The version of the SPF record is malformed"
		f.Reference = "RFC 7208, 4.5"
		f.Detail = fmt.Sprintf("The TXT record %s of %s was meant to be an SPF record, but does not begin with v=spf1 and a space. Receivers pass it over, and a check gives none.", quote(text), k.p.Domain)
		f.Detail += said(meant.changes)
		k.Add("spf-syntax", f)
	}
	if meant.text == "" || len(meant.parts) == 0 {
		return
	}
	// The rest is said of what it was meant to be.
	k.judgeWith(map[string]string{k.p.Domain: meant.text})
	k.unread = !meant.complete()
	k.records()
	k.tree()
	k.addresses()
	if !k.trial {
		k.senders()
	}
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

// multiple judges a domain with several records.
func (k *checker) multiple() {
	k.Decided("spf-record-missing", "spf-multiple-records", "spf-whitespace")
	k.deprecated()
	texts := k.p.answers.get(k.p.Domain, resolver.TypeTXT).spfTexts()
	var remove []finding.Record
	for _, text := range texts {
		remove = append(remove, finding.Record{Name: k.p.Domain, Type: "TXT", Value: text})
	}
	merged, dropped, notes := Merge(texts)
	merged, astray := k.reaching(merged, texts)
	dropped = append(dropped, astray...)
	detail := fmt.Sprintf("%s publishes %d SPF records; a receiver must answer permerror and use none of them.", k.p.Domain, len(texts))
	if len(dropped) > 0 {
		detail += " In the merged record " + enumerate(dropped, 8) + " can be spared."
	}
	for i, n := range notes {
		if i < 8 {
			detail += " " + strings.ToUpper(n[:1]) + n[1:] + "."
		}
	}
	fix := &finding.Fix{Summary: "Remove all of them and publish one.", Name: k.p.Domain, Type: "TXT", Value: merged, Remove: remove}
	if q := k.p.with(map[string]string{k.p.Domain: merged}); q.Lookups > maxLookups {
		detail += fmt.Sprintf(" The merged record needs %d lookups, and ten are allowed.", q.Lookups)
		flat := q.flatten(context.Background(), time.Time{}, checkedSamples).AsFix()
		if flat == nil || strings.Contains(merged, "<") {
			fix = advice("Remove all of them and publish one, without the includes of services that no longer send for you: ten lookups are allowed.")
		} else {
			fix.Value, fix.More = flat.Value, flat.More
			fix.Summary = "Remove all of them and publish the flattened record, or one without what no longer sends for you. Its addresses are copies, which must be kept current."
		}
	}
	k.Add("spf-multiple-records", finding.Finding{Detail: detail, Evidence: []finding.Evidence{k.p.Record.Evidence}, Fix: fix})
}

// reaching is the merged record of texts without the includes that lead back to the
// domain, with placeholders for those that lead nowhere, and with the end of a
// redirect if that is the strictest. What leads back is in astray.
func (k *checker) reaching(merged string, texts []string) (text string, astray []string) {
	terms, l := parse(merged, nil)
	if l.all >= 0 {
		for _, s := range texts {
			if r := repair(s); r.text != "" {
				s = r.text
			}
			if end := k.endOf(s, 0); strictness[end] > strictness[terms[l.all].sign] {
				terms[l.all].text = end.String() + "all"
				terms[l.all].sign = end
			}
		}
	}
	out := []string{version}
	bad := make(map[string]bool)
	for _, t := range k.p.with(map[string]string{k.p.Domain: merged}).Record.Terms {
		bad[t.Text] = (t.Kind == KindInclude || t.Kind == KindRedirect) && t.Record != nil && t.Record.broken(0)
	}
	for i := range terms {
		t := &terms[i]
		if fixed, _ := fix(*t, 3); len(fixed) > 0 && t.suspicious() && t.kind != KindModifier {
			if !k.nowhere(k.p.Domain, fixed...) {
				out = append(out, fixed...)
			} else {
				out = append(out, t.rightName())
			}
			continue
		}
		name, _, ok := t.target(k.p.Domain, k.p.Domain)
		switch {
		case ok && t.kind == KindInclude && foldEqual(name, k.p.Domain):
			astray = append(astray, t.text)
		case ok && t.kind == KindInclude && k.nowhere(k.p.Domain, t.text):
			out = append(out, t.rightName())
		case bad[t.text]:
			out = append(out, "<"+forPlaceholder(t.text)+", once the record that it leads to is repaired>")
		default:
			out = append(out, t.text)
		}
	}
	return strings.Join(out, " "), astray
}

// broken reports whether a record, or one that it leads to, is a permerror to whoever
// comes to it.
func (r *Record) broken(depth int) bool {
	if r.Error != "" || r.Loop || r.Status.absent() || r.Status == StatusMultiple || r.Status == StatusInvalid {
		return true
	}
	return depth < maxLookups && slices.ContainsFunc(r.Terms, func(t Term) bool {
		return (t.Kind == KindInclude || t.Kind == KindRedirect) && t.Record != nil && t.Record.broken(depth+1)
	})
}

// endOf is the sign of the all that ends a record, after its redirects; 0 if it has none
// or the DNS did not say.
func (k *checker) endOf(text string, depth int) qualifier {
	terms, l := parse(text, nil)
	if l.wrongAt >= 0 || depth > maxLookups {
		return 0
	}
	if l.all >= 0 {
		return terms[l.all].sign
	}
	for i := range terms {
		if fixed, _ := fix(terms[i], 3); len(fixed) == 1 && terms[i].kind == KindRedirect && terms[i].suspicious() {
			terms[i] = term{text: fixed[0]}
			terms[i].parse()
		}
		if name, _, ok := terms[i].target(k.p.Domain, k.p.Domain); ok && terms[i].kind == KindRedirect {
			if f := k.p.answers.get(name, resolver.TypeTXT).record(); f.count == 1 {
				return k.endOf(f.text, depth+1)
			}
		}
	}
	return 0
}

// deprecated looks for Sender ID records.
func (k *checker) deprecated() {
	k.Decided("spf-deprecated-type")
	for i := range k.p.Record.Published {
		text := k.p.Record.Published[i].Text()
		if len(text) < 7 || !foldEqual(text[:7], "spf2.0/") {
			continue
		}
		k.Add("spf-deprecated-type", finding.Finding{
			Detail:   fmt.Sprintf("%s still publishes the Sender ID record %s, which nobody reads.", k.p.Domain, quote(text)),
			Evidence: []finding.Evidence{k.p.Record.Evidence},
			Fix: &finding.Fix{Summary: "Remove the Sender ID record.",
				Remove: []finding.Record{{Name: k.p.Domain, Type: "TXT", Value: text}}},
		})
	}
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
			if t.Kind == KindA || t.Kind == KindMX || t.Kind == KindExists {
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
			if t := &r.Terms[i]; t.Kind == KindRedirect && t.Ignored == "" && t.Error == "" {
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
