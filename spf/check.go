package spf

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
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
}

// checker applies the checks to one policy.
type checker struct {
	*finding.Sheet
	p *Policy
	c Context
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

// Check judges a policy. It asks nothing.
func Check(p *Policy, c Context) *finding.Sheet {
	k := &checker{Sheet: finding.NewSheet(checkList, p.Domain), p: p, c: c}
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
		k.survey()
		k.records()
		k.tree()
		k.addresses()
		k.senders()
	}
	return k.Sheet
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
	for i := range k.p.Record.Published {
		if text := k.p.Record.Published[i].Text(); looksLikeRecord(text) {
			k.nearMiss(text)
			return
		}
	}
	k.Decided("spf-record-missing")
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
		f.Detail = fmt.Sprintf("%s has %s, but none that begins with v=spf1.", k.p.Domain, count(len(k.p.Record.Published), "TXT record"))
	}
	f.Detail += " Every check of mail from it gives none."
	if k.c.Profile == finding.Receiver {
		f.Severity = finding.Warning
	}
	f.Fix = k.firstRecord()
	if k.p.Status == StatusNXDomain && len(aliases) > 0 {
		// No other record may stand beside a CNAME (RFC 2181, 10.1).
		f.Fix.Summary = "Remove the alias, which leads nowhere. " + f.Fix.Summary
		f.Fix.Remove = []finding.Record{{Name: k.p.Domain, Type: "CNAME", Value: aliases[0]}}
	}
	k.Add("spf-record-missing", f)
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
		if t := addressTerm(e); t != "" {
			terms = append(terms, t)
		}
	}
	f.Summary = "Publish a record of the senders that are known, and add an include for every provider that sends for you."
	if k.c.MX == "present" {
		terms = append(terms, "mx")
	} else if len(terms) == 1 {
		f.Summary = "Publish a record; add the addresses that send for you, and an include for every provider, before ~all."
	}
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
func (k *checker) nearMiss(text string) {
	fixed, changes := repair(text)
	f := finding.Finding{
		Evidence: []finding.Evidence{k.p.Record.Evidence},
		Fix: &finding.Fix{Summary: "Publish the corrected record.", Name: k.p.Domain, Type: "TXT", Value: fixed,
			Remove: []finding.Record{{Name: k.p.Domain, Type: "TXT", Value: text}}},
	}
	if trimmed := strings.TrimLeft(text, " \t\r\n"); trimmed != text && isRecord(trimmed) {
		f.Detail = fmt.Sprintf("The TXT record %s of %s has white space before v=spf1. For receivers it is no SPF record, and a check gives none.", quote(text), k.p.Domain)
		k.Add("spf-whitespace", f)
		return
	}
	f.Title = "The version of the SPF record is malformed"
	f.Reference = "RFC 7208, 4.5"
	f.Detail = fmt.Sprintf("The TXT record %s of %s was meant to be an SPF record, but does not begin with v=spf1 and a space. Receivers pass it over, and a check gives none.", quote(text), k.p.Domain)
	f.Detail += said(changes)
	k.Add("spf-syntax", f)
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
	var texts []string
	var remove []finding.Record
	for i := range k.p.Record.Published {
		if x := &k.p.Record.Published[i]; x.SPF {
			texts = append(texts, x.Text())
		}
	}
	// Servers turn the order of the records; what is said and proposed must not turn with it.
	slices.Sort(texts)
	for _, text := range texts {
		remove = append(remove, finding.Record{Name: k.p.Domain, Type: "TXT", Value: text})
	}
	merged, dropped, notes := Merge(texts)
	detail := fmt.Sprintf("%s publishes %d SPF records; a receiver must answer permerror and use none of them.", k.p.Domain, len(texts))
	if len(dropped) > 0 {
		detail += " In the merged record " + enumerate(dropped, 8) + " can be spared."
	}
	for i, n := range notes {
		if i < 8 {
			detail += " " + strings.ToUpper(n[:1]) + n[1:] + "."
		}
	}
	if n := costOf(merged); n > maxLookups {
		detail += fmt.Sprintf(" The merged record has %d terms that need the DNS by itself: flatten it.", n)
	}
	k.Add("spf-multiple-records", finding.Finding{
		Detail:   detail,
		Evidence: []finding.Evidence{k.p.Record.Evidence},
		Fix:      &finding.Fix{Summary: "Remove all of them and publish one.", Name: k.p.Domain, Type: "TXT", Value: merged, Remove: remove},
	})
}

// costOf is the lookups that the terms of a text take by themselves.
func costOf(text string) int {
	n := 0
	terms, l := parse(text, nil)
	for i := range terms {
		if terms[i].kind.costs() && l.ignored(i, &terms[i]) == "" {
			n++
		}
	}
	return n
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
	k.unknownRecords = k.unknownRecords || k.p.Cut
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

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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
