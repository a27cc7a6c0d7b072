package dmarc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// recordJudge judges one record on its own. Audit and lint share it.
type recordJudge struct {
	*finding.Sheet
	r       *Record
	subject string
	// domain is where the record stands, at name; lint knows neither.
	domain, name string
	published    bool
	// step is where the record was found; nil in lint.
	step     *Step
	evidence []finding.Evidence
	// ignored: the record stands below the organizational domain, so that sp
	// and np have no effect.
	ignored bool
	// unplaced: whether sp and np have an effect is not known.
	unplaced bool
	sends    bool
	// unsigned: the domain itself is known to have no usable key.
	unsigned bool
	// shared: names that may send have the record as well, whether the domain does or not.
	shared bool
	// relaxed are the identifiers known to send that align with the domain in the mode
	// relaxed alone, by their kind.
	relaxed map[string][]string
	// cleaned is the record to publish, once it is asked for.
	cleaned *cleaned
	// staged are the fixes that go further than to put the record right.
	staged []*finding.Fix
}

// record judges the record that applies.
func (j *judge) record() {
	d := j.d
	rj := &recordJudge{Sheet: j.Sheet, r: d.Record, subject: d.PolicyDomain, domain: d.PolicyDomain, name: recordName(d.PolicyDomain),
		published: true, sends: j.c.sends() || j.c.Signs != "", unsigned: j.c.HasDKIM != nil && (!*j.c.HasDKIM || j.c.SignedAbove != ""), shared: d.PolicyDomain != d.Domain || len(j.c.Senders) > 0, ignored: d.ignoresSubdomains(), unplaced: d.unplaced(), relaxed: j.relaxed()}
	j.rj = rj
	for i := range d.Walk {
		if d.Walk[i].Domain == d.PolicyDomain {
			rj.step = &d.Walk[i]
		}
	}
	j.policyNone(rj)
	rj.testing(d.Policy)
	if d.PolicyDomain != d.Domain && d.Record.PSD == "y" && publicSuffix(d.PolicyDomain) {
		// The record of a public suffix: its operator's to mend.
		return
	}
	rj.all()
	rj.suffix()
}

// suffix reports psd=y at a domain that no list calls a public suffix: then each name
// below it is an organization of its own (RFC 9989, 4.10.2), and none is aligned with it.
func (j *recordJudge) suffix() {
	j.Decided("dmarc-psd-not-suffix")
	if j.r.PSD != "y" || publicSuffix(j.domain) {
		return
	}
	c := j.clean().clone()
	c.set("psd", "")
	j.add("dmarc-psd-not-suffix", finding.Finding{
		Detail: fmt.Sprintf("psd=y says that %s is a public suffix, which the public suffix list does not know. Then every name below it is an organization of its own: "+
			"neither an envelope domain nor a d= such as bounce.%s is aligned with %s.", j.domain, j.domain, j.domain),
		Fix: j.later(c, c.but("Take psd=y out."), fmt.Sprintf("the names below %s are yours, and not those of others whom you give them to", j.domain))})
}

// Lint judges one record on its own, bytes as they are but for a final line break.
func Lint(record []byte) []finding.Finding {
	record = bytes.TrimSuffix(bytes.TrimSuffix(record, []byte("\n")), []byte("\r"))
	text := string(record)
	sheet := finding.NewSheet(checkList, "record")
	r, err := ParseRecord(text)
	var not *NotPolicyError
	if errors.As(err, &not) {
		not.atName(text)
		f := finding.Finding{Detail: fmt.Sprintf("%s is not read as a DMARC record: %s.", quoted(text), not.Reason)}
		if not.Intended {
			c := clean(text, false)
			f.Fix = &finding.Fix{Summary: c.but("Write the record so that v=DMARC1; comes first.", "dmarc-version"), Value: c.String()}
		}
		sheet.Add("dmarc-version", f)
		return sheet.Findings()
	}
	rj := &recordJudge{Sheet: sheet, r: r, subject: "record", sends: true}
	rj.Decided("dmarc-version", "dmarc-policy-none")
	p, _, _, usable := r.Effective()
	if usable && p == None && !r.Broken() && !r.contradicts("p") {
		rj.add("dmarc-policy-none", finding.Finding{Detail: "The policy is none: receivers report, and treat failing mail as any other.",
			Fix: rj.monitoredFix()})
	}
	rj.testing(p)
	rj.all()
	settle(sheet, rj.staged)
	return sheet.Findings()
}

func (j *recordJudge) add(id string, f finding.Finding) {
	f.Subject = j.subject
	if f.Evidence == nil {
		f.Evidence = j.proof()
	}
	j.Add(id, f)
}

// proof is the answer with the record, which the findings about it share.
func (j *recordJudge) proof() []finding.Evidence {
	if j.evidence == nil && j.step != nil {
		j.evidence = []finding.Evidence{j.step.Evidence}
	}
	return j.evidence
}

// clean is the record without what is found about it, its policy kept; the same for
// every finding.
func (j *recordJudge) clean() *cleaned {
	if j.cleaned == nil {
		j.cleaned = cleanRecord(j.r, j.ignored, j.domain)
		if beside := j.beside(); beside != nil {
			changes := j.cleaned.changes
			j.cleaned = merge(append([]string{j.r.Text}, beside...), j.domain)
			j.cleaned.changes = append(changes, change{"dmarc-version", "what was meant beside it is part of it", false})
		}
	}
	return j.cleaned
}

// beside are texts at the name of the record that were meant as one, and say what it
// does not.
func (j *recordJudge) beside() []string {
	if j.step == nil {
		return nil
	}
	return j.step.uncovered(j.r, j.ignored)
}

// fix is by the clean record, which changes more than the checks ask for if
// more was found.
func (j *recordJudge) fix(summary string, checks ...string) *finding.Fix {
	c := j.clean()
	return j.replace(c, c.but(summary, checks...))
}

// replace puts a record in the place of this one.
func (j *recordJudge) replace(c *cleaned, summary string) *finding.Fix {
	f := publish(summary, j.name, c.String())
	switch {
	case f.Value == "":
		return &finding.Fix{Summary: summary}
	case j.published:
		f.Remove, f.More = txtRecords(j.name, append([]string{j.r.Text}, j.beside()...)), txtRecords(j.domain, c.proofs)
	default:
		f.Name, f.Type = "", ""
	}
	if j.published && j.beside() != nil && !j.r.Broken() {
		f.When = j.r.changed(c)
	}
	if lost := j.unaligned(c); j.sends && lost != nil {
		f.When = fmt.Sprintf("mail does without %s, which strict alignment leaves out", among(lost))
	} else if kinds := j.stricter(c); j.published && j.shared && len(kinds) > 0 {
		f.When = "mail of all names that have the record is aligned strictly"
	} else if j.published && j.unsigned && slices.Contains(kinds, "dkim") {
		f.When = fmt.Sprintf("mail is signed with d=%s itself, which has no key", j.domain)
	}
	return f
}

// stricter are the modes of alignment that a record asks for and that are not in force
// now, by kind.
func (j *recordJudge) stricter(c *cleaned) (kinds []string) {
	if c.get("adkim") == "s" && j.r.ADKIM != Strict {
		kinds = append(kinds, "dkim")
	}
	if c.get("aspf") == "s" && j.r.ASPF != Strict {
		kinds = append(kinds, "spf")
	}
	return kinds
}

// unaligned are the identifiers known to send that a record would no longer align.
func (j *recordJudge) unaligned(c *cleaned) (lost []string) {
	for _, kind := range j.stricter(c) {
		for _, name := range j.relaxed[kind] {
			lost = append(lost, fmt.Sprintf("the %s %s", kindNames[kind], name))
		}
	}
	return lost
}

// monitoredFix is the step from monitoring to enforcement.
func (j *recordJudge) monitoredFix() *finding.Fix {
	c := j.clean().clone()
	if c.get("p") != string(None) {
		return j.fix("Publish the record with its policy.")
	}
	c.step(nextOf(&c.draft))
	return j.later(c, c.but(quarantineSummary(&c.draft)), allAligned)
}

// all applies the rules that need nothing but the record.
func (j *recordJudge) all() {
	j.syntax()
	j.policy()
	j.subdomains()
	j.tags()
	j.values()
	j.reports()
	j.olderReaders()
	j.Decided("dmarc-syntax", "dmarc-policy-missing", "dmarc-policy-invalid", "dmarc-subdomain-policy-weaker",
		"dmarc-subdomain-policy-ignored", "dmarc-historic-tag", "dmarc-unknown-tag", "dmarc-duplicate-tag",
		"dmarc-tag-value-invalid", "dmarc-alignment-mode-invalid", "dmarc-failure-options", "dmarc-report-uri-invalid",
		"dmarc-report-size-suffix", "dmarc-report-scheme", "dmarc-report-addresses-many", "dmarc-older-readers")
}

// maxProblems bounds the places of a record that are named one by one.
const maxProblems = 5

// syntax reports what the grammar does not allow (RFC 9989, 4.8), and what follows
// from it: that is no finding of its own.
func (j *recordJudge) syntax() {
	if j.r.quoted != "" {
		j.unquoted()
		return
	}
	problems := j.r.Problems
	if len(problems) == 0 {
		return
	}
	severity := finding.Warning
	var parts []string
	for i := range problems {
		p := &problems[i]
		if !p.Harmless {
			severity = finding.Critical
		}
		if len(parts) == maxProblems {
			continue
		}
		part := fmt.Sprintf("at byte %d, %q, %s", p.Offset, finding.Mark(j.r.Text, p.Offset), p.Reason)
		if p.Hint != "" {
			part += " (" + p.Hint + ")"
		}
		parts = append(parts, part)
	}
	if more := len(problems) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	detail := fmt.Sprintf("The record has %s: %s. A receiver skips what it cannot read and uses the default instead; stricter ones discard the whole record.",
		show.Counted(len(problems), "syntax error"), strings.Join(parts, "; "))
	if severity == finding.Critical {
		detail += j.consequences()
	}
	j.add("dmarc-syntax", finding.Finding{Severity: severity, Detail: detail,
		Fix: j.fix("Publish the record in this form.", "dmarc-syntax")})
}

// unquoted reports a record that its zone file cuts off for want of quotes.
func (j *recordJudge) unquoted() {
	f := finding.Finding{Severity: finding.Warning, Title: "DMARC record cut off: no quotes in the zone file",
		Detail: cutOff(j.r.Text, j.r.quoted),
		Fix:    j.fix("Put the string in quotes.", "dmarc-syntax")}
	if j.r.Broken() {
		f.Severity = finding.Critical
	}
	f.Detail += j.consequences()
	j.add("dmarc-syntax", f)
}

// cutOff says what a zone file without quotes made of a record.
func cutOff(text, whole string) string {
	return fmt.Sprintf("In the zone file the string has no quotes around it, so that the text behind the first semicolon is a comment (RFC 1035, 5.1): %s is published, %s was meant.",
		quoted(text), quoted(whole))
}

// consequences says what the syntax errors of a record do to its policy and reports.
func (j *recordJudge) consequences() string {
	var out string
	if j.misreadPolicy() {
		out = " So it has no valid policy: receivers apply no DMARC."
		if _, _, _, usable := j.r.Effective(); usable {
			out = " So it has no valid policy, and counts as p=none."
		}
	}
	if j.sends && j.misreadReports() {
		out += " No aggregate reports are sent."
	}
	return out
}

// misreadPolicy reports that the policy is not in force because of a syntax error that
// is reported: the text shows one.
func (j *recordJudge) misreadPolicy() bool {
	if j.r.Broken() && j.r.quoted != "" {
		return true
	}
	if !j.r.Broken() || !slices.ContainsFunc(j.r.Problems, func(p Problem) bool { return !p.Harmless }) {
		return false
	}
	for _, name := range []string{"p", "sp", "np"} {
		if t, ok := j.r.Tag(name); ok && t.Invalid != "" && t.Invalid != syntaxError {
			return false
		}
	}
	if _, ok := j.r.Tag("p"); ok {
		return true
	}
	return j.clean().get("p") != string(None) || slices.ContainsFunc(j.clean().changes, func(c change) bool { return strings.HasSuffix(c.text, "p=none") })
}

// misreadReports reports that nobody gets reports because the tag that names the
// address is misread, and that is reported.
func (j *recordJudge) misreadReports() bool {
	if j.supported() || j.clean().get("rua") == "" {
		return false
	}
	t, ok := j.r.Tag("rua")
	return !ok || t.Invalid == syntaxError
}

// supported reports that aggregate reports go to somebody.
func (j *recordJudge) supported() bool {
	return slices.ContainsFunc(j.r.RUA, func(u URI) bool { return u.Supported() })
}

// policy reports a missing or invalid policy by what 4.10.1 makes of it.
func (j *recordJudge) policy() {
	if !j.r.Broken() || j.misreadPolicy() {
		return
	}
	_, _, _, usable := j.r.Effective()
	f := finding.Finding{Severity: finding.Critical}
	consequence := "and without a valid rua address receivers then apply no DMARC at all"
	if usable {
		f.Severity = finding.Warning
		consequence = "so receivers act as if it were p=none, because there is a valid rua address"
	}
	id, what := "dmarc-policy-missing", "The record has no p tag"
	var wrong []string
	for _, name := range []string{"p", "sp", "np"} {
		if t, ok := j.r.Tag(name); ok && t.Invalid != "" && t.Invalid != syntaxError {
			id = "dmarc-policy-invalid"
			text := fmt.Sprintf("%s=%s is no policy (at byte %d: %s)", name, show.Cut(t.Value, 60), t.ValueOffset, finding.Mark(j.r.Text, t.ValueOffset))
			if meant := nearestPolicy(t.Value); meant != "" {
				text += ", probably meant: " + name + "=" + meant
			}
			wrong = append(wrong, text)
		}
	}
	if wrong != nil {
		if usable {
			f.Severity = finding.Error // a policy was asked for, and none is in force
		}
		what = "The values are none, quarantine and reject, but " + strings.Join(wrong, " and ")
		if _, ok := j.r.Tag("p"); !ok {
			what += ", and p is missing"
		}
	} else if p := j.clean().get("p"); p != string(None) && p != policyPlaceholder {
		what += "; probably meant: p=" + p
	}
	f.Detail = fmt.Sprintf("%s, %s (RFC 9989, 4.10.1).", what, consequence)
	f.Fix = j.fix("Publish the record with a policy.", "dmarc-policy-missing", "dmarc-policy-invalid")
	if j.bare() {
		c := j.clean().clone().withPlaceholder()
		f.Detail += " Nor has it a rua tag: perhaps a part of it was lost where it was published."
		f.Fix = j.replace(c, c.but("Publish the whole record.", "dmarc-policy-missing"))
	}
	j.add(id, f)
}

// bare reports that the record has neither a policy nor a report address, misread ones
// included: that is one fault.
func (j *recordJudge) bare() bool {
	_, p := j.r.Tag("p")
	_, rua := j.r.Tag("rua")
	return j.sends && !p && !rua && j.clean().get("p") == policyPlaceholder && j.clean().get("rua") == ""
}

// subdomains compares sp and np with p.
func (j *recordJudge) subdomains() {
	r := j.r
	if j.unplaced && (r.SP != "" || r.NP != "") {
		j.Undecided("dmarc-subdomain-policy-ignored", "dmarc-subdomain-policy-weaker")
		return
	}
	if j.ignored {
		if r.SP != "" || r.NP != "" {
			j.add("dmarc-subdomain-policy-ignored", finding.Finding{
				Detail: fmt.Sprintf("sp and np count only in the record of an organizational domain or a public suffix; names below %s get theirs from above.", j.subject),
				Fix:    j.fix("Leave sp and np out.", "dmarc-subdomain-policy-ignored")})
		}
		return
	}
	if r.Broken() {
		return
	}
	var weaker []string
	if r.SP != "" && r.SP.rank() < r.P.rank() {
		weaker = append(weaker, fmt.Sprintf("with sp=%s mail from existing subdomains gets off more lightly than with p=%s", r.SP, r.P))
	}
	if r.NP != "" && r.NP.rank() < r.P.rank() {
		weaker = append(weaker, fmt.Sprintf("with np=%s mail from subdomains that do not exist gets off more lightly than with p=%s", r.NP, r.P))
	}
	if weaker != nil {
		j.add("dmarc-subdomain-policy-weaker", finding.Finding{
			Detail: sentence(strings.Join(weaker, ", and ")) + ". Whoever wants to misuse the name takes a subdomain.",
			Fix:    j.full()})
	}
}

// testing reports what lowers the policy.
func (j *recordJudge) testing(applied Policy) {
	j.Decided("dmarc-testing")
	r := j.r
	p, sp, np, _ := r.Effective()
	if !r.Testing && !j.sampled() {
		return
	}
	f := finding.Finding{Fix: j.full()}
	none := p.rank()+sp.rank()+np.rank() == 0
	if none {
		f.Severity = finding.Notice
	}
	switch {
	case r.Testing:
	case none:
		f.Title = fmt.Sprintf("DMARC pct=%d without effect on p=none", *r.Percent)
	default:
		f.Title = fmt.Sprintf("DMARC policy for a share of the mail only (pct=%d)", *r.Percent)
	}
	var parts []string
	if r.Testing && applied.rank() > 0 {
		parts = append(parts, fmt.Sprintf("t=y: receivers apply %s where the policy is %s. Those that follow RFC 7489 do not know t and apply %s in full.",
			applied.Lowered(), applied, applied))
	} else if r.Testing {
		parts = append(parts, "t=y: it has no effect on a policy of none.")
	}
	if j.sampled() {
		text := fmt.Sprintf("pct=%d: receivers that follow RFC 7489 apply the policy to that share of failing mail; RFC 9989 has no pct, and receivers that follow it apply the policy to all.", *r.Percent)
		if none {
			text = fmt.Sprintf("pct=%d: it has no effect on a policy of none, and RFC 9989 has no pct.", *r.Percent)
		}
		parts = append(parts, text)
		c, _ := checkList.Find("dmarc-historic-tag")
		f.Follows = []finding.Consequence{c.Consequence(j.subject, fmt.Sprintf("RFC 9989 no longer knows pct=%d.", *r.Percent))}
	}
	f.Detail = strings.Join(parts, " ")
	j.add("dmarc-testing", f)
}

// sampled reports that a valid policy is for a share of the mail, as receivers by RFC
// 7489 read it.
func (j *recordJudge) sampled() bool {
	return j.r.Percent != nil && *j.r.Percent < 100 && !j.r.Broken()
}
