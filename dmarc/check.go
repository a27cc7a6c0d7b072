package dmarc

import (
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
	// SPF is the text of that record; empty: there is none, or it is not known.
	SPF string
	// SignedAbove is the domain above whose key is the one of HasDKIM; empty: it is the
	// domain's own.
	SignedAbove string
	// Envelopes are envelope domains below the domain that were found in its zone.
	Envelopes []string
	// Signers are names below the domain that have a DKIM key in its zone.
	Signers []string
	// Senders are names below the domain that send mail by what its zone shows, or may because
	// they are delegated, and have no record of their own: the domain's applies to them.
	Senders []string
	// Signs is the name of a key by which a domain may send although its profile, which
	// was guessed, says that it does not. Empty: there is none.
	Signs string
}

func (c *Context) sends() bool { return c.Profile == "" || c.Profile == finding.Sender }

// silence is what must be certain before mail in the name of a domain that seems to send none is
// rejected; empty: nothing speaks against it.
func (c *Context) silence() string {
	if c.Signs == "" {
		return ""
	}
	return "it is certain that nothing sends in its name, although there is a key, or may be, at " + show.Cut(c.Signs, 260)
}

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
	j.dispute()
	j.meantDestinations()
	return j.Sheet
}

// settle makes the fixes of one report agree: of several records at one name none
// counts, so that one proposal alone has a record there, the one that puts right what
// is wrong before one that goes further. The others follow it, and say so.
func settle(sheet *finding.Sheet, staged []*finding.Fix) {
	whole := func(f *finding.Fix) bool {
		return f.Type == "TXT" && !strings.Contains(f.Value, "<") || f.Type == "" && f.Value != ""
	}
	// Beside several records of which one has yet to be chosen, nothing more is published.
	open := map[string]bool{}
	for _, f := range sheet.Found() {
		if f.Check == "dmarc-multiple-records" && f.Fix != nil && !(f.Fix.Name != "" && whole(f.Fix)) {
			open[recordName(f.Subject)] = true
		}
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
		if one := first[f.Fix.Name]; one.Value != f.Fix.Value || open[f.Fix.Name] && f.Check != "dmarc-multiple-records" {
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

// maxAttempts bounds the failed attempts at a record that are reported of one name.
const maxAttempts = 5

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
	for i := range d.Walk {
		if s := &d.Walk[i]; i == 0 && s.meant != nil {
			f.Detail = s.withoutDot() + " " + f.Detail
		} else if i > 0 && !s.Suffix {
			f.Detail += s.aliasText()
		}
	}
	if j.c.sends() {
		f.Detail += " Anyone may write mail in its name, and Gmail, Yahoo, Microsoft and Apple refuse bulk mail of domains without a policy."
		f.Fix = publish("Publish a monitoring-only record (p=none), with a mailbox that takes aggregate reports: they are compressed XML, some every day. "+
			"Without rua= it is valid as well, but nobody sees the reports.", name, newDraft(None).set("rua", mailboxPlaceholder).String())
	} else {
		f.Detail += " It sends no mail, so that all mail in its name is forged, and nothing tells receivers to reject it."
		f.Fix = publish(j.c.rejecting(), name, "v=DMARC1; p=reject;")
		if len(j.c.Senders) > 0 {
			f.Fix.Value += " sp=none;"
		}
		f.Fix.When = j.c.silence()
	}
	if at := slices.IndexFunc(d.Walk, func(s Step) bool { return !s.Suffix && s.meant != nil }); at > 0 {
		f.Fix = d.Walk[at].dotted()
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
