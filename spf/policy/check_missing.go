package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
	"mailworthy/resolver"
	"mailworthy/spf"
)

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
	if k.oldType() {
		return
	}
	wrong, open := k.wrongName()
	if wrong {
		return // it is not missing, and is no pass
	}
	k.Decided("spf-record-missing")
	f := finding.Finding{Evidence: []finding.Evidence{k.p.Record.Evidence}}
	aliases := k.p.Record.Evidence.CNAMEs
	switch {
	case k.p.Status == StatusNXDomain && len(aliases) > 0:
		f.Detail = resolver.Absence(k.p.Domain, aliases) + ", so it has no SPF record."
	case k.p.Status == StatusNXDomain:
		f.Detail = k.p.Domain + " does not exist in the DNS, so it has no SPF record."
	case len(k.p.Record.Published) == 0:
		f.Detail = fmt.Sprintf("%s has no TXT record, so no SPF record.", k.p.Domain)
	default:
		f.Detail = fmt.Sprintf("%s has %s, but none that begins with v=spf1.", k.p.Domain, show.Counted(len(k.p.Record.Published), "TXT record"))
	}
	f.Detail += " SPF result: none."
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
	if k.p.answers != nil {
		if alias, at := undotted(k.p.Domain, k.p.Domain, k.p.answers.get(k.p.Domain, resolver.TypeTXT)); alias != "" {
			said, fix := k.dotted(k.p.Domain, at, alias)
			f.Detail, f.Fix = f.Detail+said, fix
			k.addMissing(f, open)
			return
		}
	}
	f.Fix = k.firstRecord()
	if there := k.unplaced(); there != nil {
		f.Detail += fmt.Sprintf(" What may have been meant as it is read by no receiver: %s.", strings.Join(there, "; "))
	}
	if k.p.Status == StatusNXDomain && len(aliases) > 0 {
		// No other record may stand beside a CNAME (RFC 2181, 10.1).
		f.Fix.Summary = "Remove the alias, which leads nowhere. " + f.Fix.Summary
		f.Fix.Remove = []finding.Record{{Name: k.p.Domain, Type: "CNAME", Value: aliases[0]}}
	}
	k.addMissing(f, open)
}

// oldType reports a record that a zone has as type SPF, and whether there is one.
func (k *checker) oldType() bool {
	if k.p.answers == nil {
		return false
	}
	text := k.p.answers.get(k.p.Domain, resolver.TypeTXT).ofType99()
	if text == "" {
		return false
	}
	f := finding.Finding{Title: "SPF record of type SPF (99), which receivers do not ask for", Evidence: []finding.Evidence{k.p.Record.Evidence}, Reference: "RFC 7208, 3.1",
		Detail: fmt.Sprintf("The zone has %s as a record of type SPF (99). Receivers ask for TXT alone, so that %s has no SPF record for them. SPF result: none.", quote(text), k.p.Domain),
		Fix:    advice("Correct the record and publish it as TXT at %s.", k.p.Domain)}
	_, l := spf.Parse(text)
	stated := ""
	if p := (&proposal{record: &Record{Domain: k.p.Domain}, edits: make(map[int]edit)}); l.ErrorAt < 0 && !k.trial && k.besides(k.p.Domain, text) == nil && alienTerms(text) == nil && !k.doubledElse(text) && k.holds(p, text) {
		f.Fix = &finding.Fix{Summary: "Publish the record as TXT.", Name: k.p.Domain, Type: "TXT"}
		f.Fix.Value, stated = k.withStated(text)
		f.Fix.Summary += stated
	}
	k.Decided("spf-record-missing")
	k.Add("spf-record-missing", f)
	return true
}

// doubledElse reports whether another record than a text stands at a name that a panel makes of the
// domain's: which of the two is the domain's nobody knows.
func (k *checker) doubledElse(text string) bool {
	return slices.ContainsFunc(doubles(k.p.Domain), func(name string) bool {
		f := k.p.answers.get(name, resolver.TypeTXT).record()
		return f.count > 0 && f.text != text
	})
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
		f.Value = spf.Version + " -all"
		return f
	}
	terms := []string{spf.Version}
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
func addressTerm(e spf.Evaluation) string {
	switch {
	case e.IP.Is4():
		return "ip4:" + e.IP.String()
	case e.IP.Is6():
		return "ip6:" + e.IP.String()
	}
	return ""
}

// switchMark is what people put before a record that is to be out of force for a while.
var switchMark = lazyre.New(`(?i)^["'\s]*(#+|;+|//+|--+|!+|x-|_+|%+|rem\s)\s*v=spf1(?:\s|$)`)

// switchedOff is the mark by which a record was perhaps switched off, or "".
func switchedOff(text string) string {
	if m := switchMark.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// nearMiss judges a text that was meant to be a record.
func (k *checker) nearMiss(text string, meant *repaired) {
	f := finding.Finding{Evidence: []finding.Evidence{k.p.Record.Evidence}}
	half, whole := k.p.answers.get(k.p.Domain, resolver.TypeTXT).nearHalf()
	if whole != nil {
		meant = whole
	}
	meant = k.chosen(k.p.Domain, meant)
	p := k.proposal(k.p.Record)
	p.published, p.parts, p.broken, p.half = text, meant.parts, true, half
	asked := k.askCut(p)
	switch {
	case meant.text == "":
		f.Fix = advice("Write the record anew, with v=spf1 and a space at its start.")
	case len(meant.parts) == 0:
		f.Fix = &finding.Fix{Summary: "Publish the record with your senders: nothing that was there could be read.", Name: k.p.Domain, Type: "TXT",
			Value: spf.Version + " <your senders> ~all", Remove: []finding.Record{{Name: k.p.Domain, Type: "TXT", Value: text}}}
	default:
		f.Fix = p.share(false, "%s", corrected(meant))
		if mark := switchedOff(text); mark != "" {
			f.Fix.When = fmt.Sprintf("the record was not switched off on purpose, by the %s before it", quote(mark))
		}
	}
	if trimmed := strings.TrimLeft(text, " \t\r\n"); trimmed != text && spf.IsRecord(trimmed) {
		f.Detail = fmt.Sprintf("The TXT record %s of %s has white space before v=spf1. For receivers it is no SPF record, and a check gives none.", quote(text), k.p.Domain)
		k.Add("spf-whitespace", f)
	} else {
		f.Title = "SPF record does not begin with \"v=spf1 \""
		f.Reference = "RFC 7208, 4.5"
		f.Detail = fmt.Sprintf("The TXT record %s of %s was meant to be an SPF record, but does not begin with v=spf1 and a space. Receivers pass it over, and a check gives none.", quote(text), k.p.Domain)
		i := slices.IndexFunc(k.p.Record.Published, func(x Published) bool { return x.Text() == text && unquoted(x.Strings) != "" })
		if i >= 0 {
			n := len(k.p.Record.Published[i].Strings)
			f.Title = "SPF record without quotes in the zone file"
			f.Detail = fmt.Sprintf("The TXT record of %s is %d strings, which join without a space: %s. In a zone file a text with spaces stands in one pair of quotes. For receivers it is no SPF record, and a check gives none.", k.p.Domain, n, quote(text))
			if f.Fix != nil && f.Fix.Name != "" && meant.complete() {
				f.Fix.Summary = "Publish the record as one string, in quotes."
			}
		}
		f.Detail += said(meant.changes) + asked
		if half != "" {
			f.Detail += fmt.Sprintf(" The TXT record %s beside it goes on where it ends.", quote(half))
		}
		if more := k.besides(k.p.Domain, meant.text, text, half); more != nil {
			f.Detail += " Another TXT record there was meant to be one as well, and names other senders."
		}
		k.Add("spf-syntax", f)
	}
	if meant.text == "" || len(meant.parts) == 0 {
		return
	}
	// The rest is said of what it was meant to be.
	k.judgeWith(map[string]string{k.p.Domain: meant.text})
	k.unread = !meant.complete()
	k.mendBelow()
	k.records()
	k.tree()
	k.addresses()
	if !k.trial {
		k.senders()
	}
}

// unquoted is the record that a zone file holds without its quotes, or with each term in quotes:
// the strings of a TXT record with a space between them, if that is one; else "".
func unquoted(texts []string) string {
	if len(texts) < 2 || slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, " ") }) {
		return ""
	}
	if text := strings.Join(texts, " "); len(text) <= maxRepaired && spf.IsRecord(plainText(text)) {
		return text
	}
	return ""
}

// maxMerged bounds the records of one name that a fix removes one by one.
const maxMerged = 100

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
	merged, astray := k.reaching(k.p.Domain, merged, texts)
	if known := !slices.ContainsFunc(texts, func(s string) bool { return k.endOf(cmp.Or(repair(s).text, s), 0) == 0 }); known {
		// The strictest of their ends is that of the record.
		notes = slices.DeleteFunc(notes, func(n string) bool { return n == endNotSaid })
	}
	merged, stated := k.withStated(merged)
	dropped = append(dropped, astray...)
	detail := fmt.Sprintf("%s has %d SPF records: receivers answer permerror and use none.", k.p.Domain, len(texts))
	if len(dropped) > 0 {
		detail += " In the merged record " + enumerate(dropped, 8) + " can be spared."
	}
	for i, n := range notes {
		if i < 8 {
			detail += " " + strings.ToUpper(n[:1]) + n[1:] + "."
		}
	}
	detail += stated
	replace := "Replace both SPF records with"
	if len(texts) > 2 {
		replace = fmt.Sprintf("Replace all %d SPF records with", len(texts))
	}
	fix := &finding.Fix{Summary: replace + " this one.", Name: k.p.Domain, Type: "TXT", Value: merged, Remove: remove}
	if len(texts) > maxMerged {
		fix = advice("%s one.", replace)
	} else if q := k.p.with(map[string]string{k.p.Domain: merged}); q.passesWorld() {
		// Today nobody passes by it.
		fix = advice("%s one. Put together as they stand they let everyone pass: name your senders in place of what does.", replace)
	} else if q.Lookups > spf.MaxLookups {
		detail += fmt.Sprintf(" The merged record needs %d lookups, and ten are allowed.", q.Lookups)
		flat := q.flatten(context.Background(), time.Time{}, checkedSamples, flattening{own: true})
		if less := flat.AsFix(); less == nil || strings.Contains(merged, "<") {
			fix = advice("%s one, without the includes of services that no longer send for you: ten lookups are allowed.", replace)
		} else {
			fix.Value, fix.More = less.Value, less.More
			fix.Summary = replace + " this one, or one without what no longer sends for you." + flat.changes()
			if wrong := k.worse(k.p.with(textsOf(fix.Name, fix.Value, fix.More))); len(wrong) > 0 {
				fix = advice("%s one, once what they lead to is repaired. %s", replace, wrong[0].Detail)
			}
		}
	} else if wrong := k.worse(q); len(wrong) > 0 && !strings.Contains(merged, "<") {
		fix = advice("%s one, once what they lead to is repaired. %s", replace, wrong[0].Detail)
	}
	if fix.Value == "" {
		// Nothing is proposed as it stands.
	} else if out := shutOut(texts); out != nil {
		fix.When = enumerate(out, 3) + " may pass where another of the records lets it"
	}
	if !useful(merged) && slices.ContainsFunc(texts, func(s string) bool { return strings.TrimSpace(s) == spf.Version }) {
		fix = advice("%s one, with your senders: of one of them nothing is left but the version.", replace)
	}
	if more := k.besides(k.p.Domain, merged); more != nil {
		fix = advice("%s one, with what another TXT record there names that does not begin with v=spf1 and a space, if its senders are yours: %s.", replace, enumerate(more, 4))
	}
	if alien := alienTerms(merged); alien != nil {
		fix = advice("%s one, without what is no part of SPF and belongs in a record of its own: %s.", replace, enumerate(alien, 4))
	}
	if pieces := k.pieces(k.p.Domain); pieces != nil {
		fix = advice("%s one, with what other TXT records there hold, if it belongs to it: %s.", replace, enumerate(pieces, 4))
	}
	k.Add("spf-multiple-records", finding.Finding{Detail: detail, Evidence: []finding.Evidence{k.p.Record.Evidence}, Fix: fix})
}

// reaching is the merged record of texts without the includes that lead back to the
// domain, with placeholders for those that lead nowhere, and with the end of a
// redirect if that is the strictest. What leads back is in astray.
func (k *checker) reaching(domain, merged string, texts []string) (text string, astray []string) {
	terms, l := spf.Parse(merged)
	if l.All >= 0 {
		for _, s := range texts {
			if r := repair(s); r.text != "" {
				s = r.text
			}
			if end := k.endOf(s, 0); strictness[end] > strictness[terms[l.All].Sign] {
				terms[l.All].Text = end.String() + "all"
				terms[l.All].Sign = end
			}
		}
	}
	out := []string{spf.Version}
	bad := make(map[string]bool)
	k.p.with(map[string]string{domain: merged}).walk(func(r *Record, _ bool) {
		if r.Domain != domain || r.Loop || r.Repeated {
			return
		}
		for i := range r.Terms {
			t := &r.Terms[i]
			bad[t.Text] = (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && t.Record != nil && t.Record.broken(0)
		}
	})
	written := make(map[string]bool)
	for _, s := range texts {
		for f := range strings.FieldsSeq(s) {
			written[f] = true
		}
	}
	open := false // within a placeholder, which stays as it is
	for i := range terms {
		t := &terms[i]
		if open = open || strings.Contains(t.Text, "<"); open {
			out = append(out, t.Text)
			open = !strings.Contains(t.Text, ">")
			continue
		}
		if fixed, _ := fix(*t, 3); len(fixed) > 0 && suspicious(t) && t.Kind != spf.KindModifier {
			if !k.nowhere(domain, fixed...) {
				out = append(out, fixed...)
			} else {
				out = append(out, rightNameOf(t))
			}
			continue
		}
		name, _, ok := t.Target(domain, k.p.Domain)
		switch {
		case ok && t.Kind == spf.KindInclude && ascii.EqualFold(name, domain):
			astray = append(astray, t.Text)
		case ok && t.Kind == spf.KindInclude && k.nowhere(domain, t.Text):
			out = append(out, rightNameOf(t))
		case ok && t.Kind == spf.KindInclude && k.p.answers.get(name, resolver.TypeTXT).recordStatus().unknown() && slipOfService(name, terms):
			out = append(out, rightNameOf(t)) // nobody asked whose it is
		case ok && !written[t.Text] && k.nowhere(domain, t.Text):
			out = append(out, rightNameOf(t)) // as it was repaired
		case bad[t.Text]:
			out = append(out, "<"+forPlaceholder(t.Text)+", once the record that it leads to is repaired>")
		default:
			out = append(out, t.Text)
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
	return depth < spf.MaxLookups && slices.ContainsFunc(r.Terms, func(t Term) bool {
		return (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && t.Record != nil && t.Record.broken(depth+1)
	})
}

// endOf is the sign of the all that ends a record, after its redirects; 0 if it has none
// or the DNS did not say.
func (k *checker) endOf(text string, depth int) spf.Qualifier {
	terms, l := spf.Parse(text)
	if l.ErrorAt >= 0 || depth > spf.MaxLookups {
		return 0
	}
	if l.All >= 0 {
		return terms[l.All].Sign
	}
	for i := range terms {
		if fixed, _ := fix(terms[i], 3); len(fixed) == 1 && terms[i].Kind == spf.KindRedirect && suspicious(&terms[i]) {
			terms[i] = spf.ParseTerm(fixed[0])
		}
		if name, _, ok := terms[i].Target(k.p.Domain, k.p.Domain); ok && terms[i].Kind == spf.KindRedirect {
			if f := k.p.answers.get(name, resolver.TypeTXT).record(); f.count == 1 {
				return k.endOf(f.text, depth+1)
			}
		}
	}
	return 0
}

// type99 reports records of type SPF of a loaded zone beside the TXT record.
func (k *checker) type99() {
	if k.p.answers == nil || k.p.Status != StatusFound {
		return
	}
	for i, r := range k.p.answers.get(k.p.Domain, resolver.TypeTXT).answer.OfSPF() {
		text := r.Text()
		if i == maxNamed || !spf.IsRecord(text) {
			break
		}
		f := finding.Finding{Title: "Obsolete SPF record of type SPF (99)", Evidence: []finding.Evidence{k.p.Record.Evidence}, Reference: "RFC 7208, 3.1",
			Detail: fmt.Sprintf("The zone has %s as a record of type SPF (99) beside the TXT record. Receivers ask for TXT alone.", quote(text)),
			Fix:    advice("Remove the record of type SPF.")}
		if text != k.p.Record.Text {
			f.Detail += " It says something else than that one."
			f.Fix = advice("Remove the record of type SPF, once the senders that it names stand in the TXT record.")
		}
		k.Add("spf-deprecated-type", f)
	}
}

// deprecated looks for Sender ID records. One that holds the only list of senders goes when
// these stand in an SPF record.
func (k *checker) deprecated() {
	k.Decided("spf-deprecated-type")
	k.type99()
	meant := ""
	if k.p.answers != nil && k.p.Status.absent() {
		meant, _ = k.p.answers.get(k.p.Domain, resolver.TypeTXT).near()
	}
	for i := range k.p.Record.Published {
		text := k.p.Record.Published[i].Text()
		if len(text) < len(senderIDVersion) || !ascii.EqualFold(text[:len(senderIDVersion)], senderIDVersion) || text == meant {
			continue
		}
		_, list, _ := strings.Cut(text, " ")
		f := finding.Finding{
			Detail:   fmt.Sprintf("%s still publishes the Sender ID record %s, which nobody reads.", k.p.Domain, quote(text)),
			Evidence: []finding.Evidence{k.p.Record.Evidence},
			Fix: &finding.Fix{Summary: "Remove the Sender ID record.",
				Remove: []finding.Record{{Name: k.p.Domain, Type: "TXT", Value: text}}},
		}
		if k.p.Status.absent() && meant == "" && useful(spf.Version+" "+list) {
			f.Fix = advice("Remove the Sender ID record once its senders stand in an SPF record.")
		}
		k.Add("spf-deprecated-type", f)
	}
}
