package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
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
	// rj judges the record that applies; nil where there is none.
	rj *recordJudge
	// steps are those of evidence, once they are asked for.
	steps []finding.Evidence
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
	j.missing()
	j.misplaced()
	if d.Record != nil {
		j.record()
		j.destinations()
	}
	j.discovery()
	j.alignment()
	j.hosted()
	return j.Sheet
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
	f.Fix = publish("Replace the records by a single one.", s.Name, merge(s.Records))
	f.Fix.Remove = txtRecords(s.Name, s.Records)
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

// merge makes one record of several that were discarded: the mildest of their
// policies, since none was in force before, and all their report addresses.
func merge(texts []string) string {
	var best *Record
	var rua []URI
	for _, text := range texts {
		r, err := ParseRecord(text)
		if err != nil {
			continue
		}
		rua = append(rua, r.RUA...)
		if best == nil || r.P != "" && (best.P == "" || r.P.rank() < best.P.rank()) {
			best = r
		}
	}
	if best == nil {
		return ""
	}
	return best.draft().set("rua", joinURIs(rua[:min(len(rua), maxDestinations)])).String()
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
		if moot {
			f.Severity = finding.Warning
			f.Fix = &finding.Fix{Summary: "Correct the record, or remove it."}
			f.Fix.Remove = txtRecords(s.Name, []string{o.Text})
		} else if r, err := ParseRecord(o.Hint); err == nil {
			c := r.clean(cleaning{})
			f.Fix = publish(c.but("Publish the record so that v=DMARC1; comes first."), s.Name, c.String())
			f.Fix.Remove = txtRecords(s.Name, []string{o.Text})
		}
		j.Add("dmarc-version", f)
	}
	// A wildcard's records are no decision about this name, and of the parents
	// only the one whose record applies is of interest.
	if len(strangers) == 0 || i > 0 && s.Domain != j.d.PolicyDomain {
		return
	}
	f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence},
		Detail: fmt.Sprintf("%s has %s that no DMARC receiver reads: %s.",
			s.Name, count(len(strangers), "TXT record", "TXT records"), quotedList(strangers)),
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
	if d.Undecided.Policy != "" && !d.missingInReach() || j.Has("dmarc-multiple-records") || j.Has("dmarc-version") {
		return
	}
	f := finding.Finding{Evidence: j.evidence(), Detail: fmt.Sprintf(
		"None of the %s of the tree walk has a DMARC record, from %s to %s.", count(len(d.Walk), "name", "names"),
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
		f.Fix = publish("Publish a record that asks for reports and changes nothing else yet.", name,
			"v=DMARC1; p=none; rua=mailto:dmarc-reports@"+d.Domain)
	} else {
		f.Detail += " It sends no mail, so that all mail in its name is forged, and nothing tells receivers to reject it."
		f.Fix = publish("Publish a record that rejects all mail in the domain's name.", name, "v=DMARC1; p=reject;")
	}
	j.Add("dmarc-record-missing", f)
}

// misplaced reports records where no receiver looks.
func (j *judge) misplaced() {
	s := j.own()
	if s.Outcome == Unanswered {
		return
	}
	answered := true
	var silent []finding.Evidence
	for i := range j.d.Strays {
		stray := &j.d.Strays[i]
		if stray.Text == "" {
			answered = false
			silent = append(silent, stray.Evidence)
			continue
		}
		f := finding.Finding{Subject: stray.Name, Evidence: []finding.Evidence{stray.Evidence, s.Evidence},
			Detail: fmt.Sprintf("The DMARC record %s stands at %s, where no receiver looks: it belongs at %s.", quoted(stray.Text), stray.Name, s.Name),
			Fix:    &finding.Fix{Summary: "Remove it."}}
		if s.Outcome == HasRecord {
			f.Severity = finding.Notice
			f.Detail += " The record in the right place is in force."
		} else if r := readable(stray.Text); r != nil {
			c := r.clean(cleaning{})
			f.Fix = publish(c.but("Move the record to "+s.Name+"."), s.Name, c.String())
		}
		f.Fix.Remove = txtRecords(stray.Name, []string{stray.Text})
		j.Add("dmarc-wrong-name", f)
	}
	if answered {
		j.Decided("dmarc-wrong-name")
	} else if s.Outcome != HasRecord {
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Error, Evidence: silent,
			Detail: "Whether a DMARC record stands at a wrong name is not known: the DNS did not answer."})
	}
}

// readable parses a record, or what it was meant to be.
func readable(text string) *Record {
	r, err := ParseRecord(text)
	if not, ok := err.(*NotPolicyError); ok {
		r, err = ParseRecord(not.Hint)
	}
	if err != nil {
		return nil
	}
	return r
}

// publish is a fix by one TXT record.
func publish(summary, name, value string) *finding.Fix {
	return &finding.Fix{Summary: summary, Name: name, Type: "TXT", Value: value}
}

func txtRecords(name string, texts []string) []finding.Record {
	var out []finding.Record
	for _, text := range texts {
		out = append(out, finding.Record{Name: name, Type: "TXT", Value: text})
	}
	return out
}

// quoted is a text of the DNS as a Detail repeats it.
func quoted(s string) string { return `"` + clip(s, 300) + `"` }

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

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// sentence starts with a capital.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
