package dmarc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// Context is what a judgement needs to know besides the facts of DMARC.
type Context struct {
	// Profile is what the domain is for; empty: Sender.
	Profile finding.Profile
	// Alignments are those of the stated envelope and signing domains.
	Alignments []Alignment
	// HasDKIM: a usable key of the domain itself is known (true), or it is
	// proved that there is none (false); nil is not known.
	HasDKIM *bool
	// HasSPF: the same for an SPF record of the domain itself.
	HasSPF *bool
}

func (c *Context) sends() bool { return c.Profile == "" || c.Profile == finding.Sender }

// judge gathers the findings about one domain.
type judge struct {
	*finding.Sheet
	d *Discovery
	c Context
	// rj judges the record that applies; nil if there is none.
	rj *recordJudge
	// steps are those of evidence, once they are asked for.
	steps []finding.Evidence
	// staged are the fixes that go further than to put a record right.
	staged []*finding.Fix
}

// Check turns the facts into findings.
func Check(d *Discovery, c Context) *finding.Sheet {
	j := &judge{Sheet: finding.NewSheet(checkList, d.Domain), d: d, c: c}
	if len(d.Walk) == 0 {
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Critical, Undecides: true,
			Detail: "Nothing could be asked: " + d.Error + "."})
		return j.Sheet
	}
	j.walk()
	j.beside()
	j.misplaced()
	j.missing()
	if d.Record != nil {
		j.record()
		j.destinations()
	}
	j.discovery()
	j.alignment()
	var staged []*finding.Fix
	if j.rj != nil {
		staged = j.rj.staged
	}
	settle(j.Sheet, append(staged, j.staged...))
	j.hosted()
	return j.Sheet
}

// settle makes the fixes of one report agree: of several records at one name none
// counts, so that one proposal alone has a record there, the one that puts right what
// is wrong before one that goes further. The others follow it, and say so.
func settle(sheet *finding.Sheet, staged []*finding.Fix) {
	whole := func(f *finding.Fix) bool {
		return f.Type == "TXT" && !strings.Contains(f.Value, "<") || f.Type == "" && f.Value != ""
	}
	first := map[string]*finding.Fix{}
	for _, later := range []bool{false, true} {
		for _, f := range sheet.Found() {
			if f.Fix != nil && whole(f.Fix) && slices.Contains(staged, f.Fix) == later && first[f.Fix.Name] == nil {
				first[f.Fix.Name] = f.Fix
			}
		}
	}
	for _, f := range sheet.Found() {
		if f.Fix == nil || !whole(f.Fix) {
			continue
		}
		if one := first[f.Fix.Name]; one.Value != f.Fix.Value {
			summary, _, _ := strings.Cut(f.Fix.Words(), ";")
			f.Fix = &finding.Fix{Summary: "Correct the record first, as shown. " + strings.TrimSuffix(summary, ".") + "."}
		}
	}
}

// evidence of all steps of the walk, which the findings share.
func (j *judge) evidence() []finding.Evidence {
	if j.steps == nil {
		j.steps = walkEvidence(j.d.Walk)
	}
	return j.steps
}

// own is the step at the domain itself.
func (j *judge) own() *Step { return &j.d.Walk[0] }

// walk judges what stands at the names of the walk, and what was not answered.
func (j *judge) walk() {
	d := j.d
	j.silence()
	answered := true
	for i := range d.Walk {
		s := &d.Walk[i]
		// What a public suffix publishes is not the owner's to change.
		if s.Suffix && i > 0 {
			continue
		}
		answered = answered && s.Outcome != Unanswered
		if s.Outcome == Multiple {
			j.multiple(s, i)
		}
		j.others(s, i)
	}
	if answered {
		j.Decided("dmarc-multiple-records", "dmarc-version", "dmarc-spf-at-dmarc-name")
	}
}

// silence reports what of the walk the DNS did not answer, by what hangs on it.
func (j *judge) silence() {
	d := j.d
	var evidence []finding.Evidence
	offlineSuffix := true
	for i := range d.Walk {
		if s := &d.Walk[i]; s.Outcome == Unanswered {
			evidence = append(evidence, s.Evidence)
			offlineSuffix = offlineSuffix && s.beyondReach()
		}
	}
	switch {
	case d.Undecided.Policy != "" && d.missingInReach():
		// What can be said is said by dmarc-record-missing.
	case d.Undecided.Policy != "" && d.Record != nil:
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Warning, Evidence: []finding.Evidence{d.Existence},
			Detail: sentence(d.Undecided.Policy) + "."})
	case d.Undecided.Policy != "":
		f := finding.Finding{CouldBe: finding.Critical, Undecides: true, Evidence: evidence,
			Detail: "Which policy applies is not known: " + d.Undecided.Policy + "."}
		if d.onlySuffixesSilent() {
			f.CouldBe = finding.Error
		}
		j.Add("dmarc-unresolved", f)
	case offlineSuffix:
		// Nothing, or nothing but public suffixes that an offline audit does not ask.
	case d.Undecided.OrganizationalDomain != "":
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Warning, Evidence: evidence,
			Detail: "The policy is known, the organizational domain is not: " + d.Undecided.OrganizationalDomain + "."})
	default:
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Notice, Evidence: evidence,
			Detail: sentence(silence(d.Walk)) + ". The policy and the organizational domain are the same whatever stands there."})
	}
}

// multiple reports several records at one name.
func (j *judge) multiple(s *Step, i int) {
	f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence}}
	var detail strings.Builder
	fmt.Fprintf(&detail, "%s has %d DMARC records; receivers discard all of them (RFC 9989, 4.10, step 2): ", s.Name, len(s.Records))
	detail.WriteString(quotedList(s.Records) + ".")
	note, moot := j.standing(i)
	if moot {
		f.Severity = finding.Warning
	} else if i == 0 && j.d.Record != nil {
		note = fmt.Sprintf("By RFC 9989 the record at %s then applies; receivers that follow RFC 7489 stop here and apply none.", j.d.PolicyDomain)
	}
	if note != "" {
		detail.WriteString(" " + note)
	}
	f.Detail = detail.String()
	c := merge(s.Records, s.Domain)
	f.Fix = publish("Replace the records by a single one.", s.Name, c.String())
	if !c.certain() {
		f.Fix.Summary += c.incomplete()
	}
	f.Fix.Remove = txtRecords(s.Name, s.Records)
	if c.none {
		f.Fix = &finding.Fix{Summary: "Replace the records by a single one."}
	}
	j.Add("dmarc-multiple-records", f)
}

// standing says what the loss of the record at step i means for the domain, and
// whether another one makes it moot.
func (j *judge) standing(i int) (note string, moot bool) {
	d := j.d
	switch {
	case i > 0 && d.Record != nil:
		return fmt.Sprintf("The record at %s applies to %s all the same.", d.PolicyDomain, d.Domain), true
	case i > 0 && j.own().Outcome == Unanswered:
		return fmt.Sprintf("It matters to %s only if that has no record of its own, which is not known.", d.Domain), true
	case d.Record != nil:
		return fmt.Sprintf("The record at %s applies instead.", d.PolicyDomain), false
	case d.Undecided.Policy != "":
		return "", false
	}
	return "No policy applies, as if there were no DMARC at all.", false
}

// merge makes one record of several that were discarded, with all their report
// addresses. If their policies differ, nobody but the owner knows which one was meant.
func merge(texts []string, domain string) *cleaned {
	var out *cleaned
	for _, text := range texts[:min(len(texts), maxDestinations)] {
		c := clean(text, false, domain)
		if out == nil {
			out = c
			continue
		}
		for _, tag := range []string{"p", "sp", "np", "adkim", "aspf", "psd", "t", "pct"} {
			switch a, b := out.get(tag), c.get(tag); {
			case a == b:
			case tag == "pct" || tag == "t":
				out.set(tag, "") // in force for all that was asked for
			case tag == "p":
				out.set(tag, either(a, b))
			case tag == "sp" || tag == "np":
				out.set(tag, either(cmp.Or(a, string(None)), cmp.Or(b, string(None))))
			case tag == "psd":
				out.set(tag, "<what psd was meant to be>")
			default:
				out.set(tag, either(cmp.Or(a, "r"), cmp.Or(b, "r")))
			}
		}
		for _, tag := range []string{"rua", "ruf"} {
			out.set(tag, union(out.get(tag), c.get(tag)))
		}
		if out.get("fo") == "" {
			out.set("fo", c.get("fo"))
		}
		out.open = append(out.open, c.open...)
		out.none = out.none || c.none
	}
	out.changes = nil
	return out
}

// either is a placeholder for one of two values.
func either(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return "<" + strings.Trim(a, "<>") + " or " + strings.Trim(b, "<>") + ">"
}

// union joins two lists of addresses.
func union(a, b string) string {
	list := strings.FieldsFunc(a, func(c rune) bool { return c == ',' })
	for uri := range strings.SplitSeq(b, ",") {
		if uri != "" && !slices.Contains(list, uri) {
			list = append(list, uri)
		}
	}
	return strings.Join(list, ",")
}

// maxAttempts bounds the failed attempts at a record that are reported of one name.
const maxAttempts = 5

// others reports TXT at a name of the walk that are no records: failed attempts
// at one, and strangers.
func (j *judge) others(s *Step, i int) {
	var strangers []string
	attempts := 0
	for n := range s.Others {
		o := &s.Others[n]
		if !o.Intended {
			strangers = append(strangers, o.Text)
			continue
		}
		if attempts++; attempts > maxAttempts {
			continue
		}
		f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence},
			Detail: fmt.Sprintf("%s has the TXT record %s, which is not read as a DMARC record: %s.", s.Name, quoted(o.Text), o.Reason)}
		note, moot := j.standing(i)
		if s.Outcome == HasRecord {
			note, moot = "Another record at the name is in force, so that this one has no effect.", true
		}
		if note != "" {
			f.Detail += " " + note
		}
		switch c := clean(o.Text, i == 0 && j.d.ignoresSubdomains(), s.Domain); {
		case s.Outcome == HasRecord && covers(s.Record, c):
			f.Severity = finding.Warning
			f.Fix = &finding.Fix{Summary: "Remove the record that has no effect.", Remove: txtRecords(s.Name, []string{o.Text})}
		case i == 0 && s.Outcome == HasRecord:
			f.Severity = finding.Warning
			c = merge(append([]string{s.Record.Text}, s.attempts()...), s.Domain)
			f.Fix = publish("Make one record of it and of the one in force.", s.Name, c.String())
			if !c.certain() {
				f.Fix.Summary += c.incomplete()
			}
			f.Fix.Remove = txtRecords(s.Name, append([]string{s.Record.Text}, s.attempts()...))
		case moot:
			f.Severity = finding.Warning
			f.Fix = &finding.Fix{Summary: "Correct the record, or remove it."}
		default:
			f.Fix = publish(c.but("Publish the record so that v=DMARC1; comes first.", "dmarc-version"), s.Name, c.String())
			f.Fix.Remove = txtRecords(s.Name, []string{o.Text})
			if c.none {
				f.Fix = &finding.Fix{Summary: c.but("Publish the record so that v=DMARC1; comes first.")}
			}
		}
		j.Add("dmarc-version", f)
	}
	// A wildcard's records are no decision about this name, and of the parents
	// only the one whose record applies is of interest.
	if len(strangers) == 0 || i > 0 && s.Domain != j.d.PolicyDomain {
		return
	}
	// Those of an alias to a name of the domain stand where they belong.
	if s.alias() != "" && resolver.Within(s.alias(), j.d.Domain) {
		return
	}
	f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence},
		Detail: fmt.Sprintf("%s has %s that no DMARC receiver reads: %s.",
			s.Name, show.Counted(len(strangers), "TXT record"), quotedList(strangers)),
		Fix: &finding.Fix{Summary: "Remove what is not a DMARC record from " + s.Name + ".", Remove: txtRecords(s.Name, strangers)}}
	if j.d.Wildcard != nil && slices.Contains(j.d.Wildcard.Texts, strangers[0]) {
		f.Detail += " It comes from a wildcard, which answers for every name without records of its own."
		f.Fix = nil
	}
	j.Add("dmarc-spf-at-dmarc-name", f)
}

// missing reports that no policy was found.
func (j *judge) missing() {
	d := j.d
	if d.Record != nil {
		j.Decided("dmarc-record-missing")
		return
	}
	if d.Undecided.Policy != "" && !d.missingInReach() || j.Has("dmarc-multiple-records") || j.Has("dmarc-version") || j.Has("dmarc-wrong-name") {
		return
	}
	f := finding.Finding{Evidence: j.evidence(), Detail: fmt.Sprintf(
		"None of the %s of the tree walk has a DMARC record, from %s to %s.", show.Counted(len(d.Walk), "name"),
		d.Queries[0], d.Queries[len(d.Queries)-1])}
	if d.Undecided.Policy != "" {
		f.Detail = fmt.Sprintf("Neither %s nor a domain above it that is yours has a DMARC record. The public suffix was not asked, "+
			"because the audit is offline: only a policy of its operator could apply instead.", d.Domain)
	}
	name := recordName(d.Domain)
	for i := range d.Walk[1:] {
		if s := &d.Walk[i+1]; !s.Suffix {
			f.Detail += s.aliasText()
		}
	}
	if j.c.sends() {
		f.Detail += " Anyone may write mail in its name, and Gmail, Yahoo, Microsoft and Apple refuse bulk mail of domains without a policy."
		f.Fix = publish("Publish a monitoring-only record (p=none), with a mailbox that takes aggregate reports: they are compressed XML, some every day. "+
			"Without rua= it is valid as well, but nobody sees the reports.", name, newDraft(None).set("rua", mailboxPlaceholder).String())
	} else {
		f.Detail += " It sends no mail, so that all mail in its name is forged, and nothing tells receivers to reject it."
		f.Fix = publish("Publish a record that rejects all mail in the domain's name.", name, "v=DMARC1; p=reject;")
	}
	j.Add("dmarc-record-missing", f)
}

// beside reports a CNAME at the name of the record.
func (j *judge) beside() {
	e := j.d.Beside
	if e == nil {
		if j.own().alias() != "" && j.own().Outcome != Unanswered {
			j.Decided("dmarc-cname-and-txt")
		}
		return
	}
	j.Decided("dmarc-cname-and-txt")
	if e.Status != string(resolver.Found) || len(e.Answer) == 0 {
		return
	}
	s := j.own()
	j.Add("dmarc-cname-and-txt", finding.Finding{Evidence: []finding.Evidence{s.Evidence, *e},
		Detail: fmt.Sprintf("%s has a TXT record and a CNAME to %s: which policy applies depends on the resolver. Nothing may be published beside a CNAME (RFC 1034, 3.6.2): "+
			"some resolvers answer with the TXT record, others follow the CNAME.", s.Name, show.Cut(e.Answer[0], 260)),
		Fix: &finding.Fix{Summary: fmt.Sprintf("Remove the CNAME, if the TXT record at %s is the policy that you mean; remove the TXT record, if %s publishes it.", s.Name, show.Cut(e.Answer[0], 260))}})
}

// misplaced reports records where no receiver looks.
func (j *judge) misplaced() {
	s := j.own()
	if s.Outcome == Unanswered {
		return
	}
	answered := true
	var silent []finding.Evidence
	moved := s.Outcome != NoRecord || j.Has("dmarc-version")
	for i := range j.d.Strays {
		stray := &j.d.Strays[i]
		if stray.Text == "" {
			answered = false
			silent = append(silent, stray.Evidence)
			continue
		}
		if stray.Name == s.alias() {
			continue // receivers do read it, by way of the alias
		}
		f := finding.Finding{Subject: stray.Name, Evidence: []finding.Evidence{stray.Evidence, s.Evidence},
			Detail: fmt.Sprintf("The DMARC record %s is published at %s, where no receiver looks: it belongs at %s.", quoted(stray.Text), stray.Name, s.Name)}
		c := clean(stray.Text, false, j.d.Domain)
		switch {
		case s.Outcome == HasRecord:
			f.Severity = finding.Notice
			f.Detail += " The record in the right place is in force."
			f.Fix = &finding.Fix{Summary: "Remove it.", Remove: txtRecords(stray.Name, []string{stray.Text})}
			if s.Record == nil || !c.within(s.Record) {
				// It may be the one that was meant.
				f.Fix = &finding.Fix{Summary: "Compare the two records, put what was meant into the one in the right place, and remove the other."}
			}
		case moved || c.none:
			f.Fix = &finding.Fix{Summary: "Remove it, once the right name has one record."}
		default:
			moved = true
			f.Fix = publish(c.but("Move the record to "+s.Name+"."), s.Name, c.String())
			f.Fix.Remove = txtRecords(stray.Name, []string{stray.Text})
			f.Detail += " Without it no policy applies to the domain."
			if j.d.Record != nil {
				f.Detail = strings.TrimSuffix(f.Detail, " Without it no policy applies to the domain.")
			}
		}
		j.Add("dmarc-wrong-name", f)
	}
	if answered {
		j.Decided("dmarc-wrong-name")
	} else if s.Outcome != HasRecord {
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Error, Evidence: silent,
			Detail: "Whether a DMARC record is published at a wrong name is not known: the DNS did not answer."})
	}
}

// attempts are the texts at the step that were meant as records and are none.
func (s *Step) attempts() []string {
	var out []string
	for i := range s.Others {
		if o := &s.Others[i]; o.Intended && len(out) < maxAttempts {
			out = append(out, o.Text)
		}
	}
	return out
}

// covers reports that a record in force loses nothing if the other goes: it is no
// weaker, and has its report addresses.
func covers(r *Record, c *cleaned) bool {
	if !c.certain() || r.P.rank() < Policy(c.get("p")).rank() {
		return false
	}
	has := func(uris []URI, want string) bool {
		return want == "" || slices.ContainsFunc(uris, func(u URI) bool { return strings.EqualFold(u.Text, want) })
	}
	for uri := range strings.SplitSeq(c.get("rua"), ",") {
		if !has(r.RUA, uri) {
			return false
		}
	}
	return true
}

// publish is a fix by one TXT record.
func publish(summary, name, value string) *finding.Fix {
	return &finding.Fix{Summary: summary, Name: name, Type: "TXT", Value: value}
}

func txtRecords(name string, texts []string) []finding.Record {
	var out []finding.Record
	for _, text := range texts {
		if len(text) > maxRepair {
			continue // its end is not known here
		}
		out = append(out, finding.Record{Name: name, Type: "TXT", Value: text})
	}
	return out
}

// quoted is a text of the DNS as a Detail repeats it.
func quoted(s string) string { return show.Quote(s, 300) }

// quotedList quotes at most four texts.
func quotedList(texts []string) string {
	var parts []string
	for _, text := range texts[:min(len(texts), 4)] {
		parts = append(parts, quoted(text))
	}
	if len(texts) > 4 {
		parts = append(parts, fmt.Sprintf("and %d more", len(texts)-4))
	}
	return strings.Join(parts, ", ")
}

// sentence starts with a capital.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
