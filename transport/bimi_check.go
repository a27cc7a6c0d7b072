package transport

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/bimi"
	"mailworthy/finding"
	"mailworthy/internal/show"
)

// bimiJudge turns what there is of BIMI into findings.
type bimiJudge struct {
	f *BIMIFacts
	s *finding.Sheet
}

// CheckBIMI returns the findings about BIMI.
func CheckBIMI(f *BIMIFacts) []finding.Finding {
	j := &bimiJudge{f: f, s: finding.NewSheet(bimiList, f.Domain)}
	wanted := j.records()
	f.applying().hosted(j.s.Found(), f.Domain)
	if wanted {
		j.policy()
		j.logo()
		j.evidence()
	}
	return j.s.Findings()
}

// audited are the findings as an audit has them: it is about mail, of which BIMI loses none,
// so that they are warnings at worst, and a domain need not have a logo.
func (f *BIMIFacts) audited(findings []finding.Finding) []finding.Finding {
	out := findings[:0]
	for _, found := range findings {
		if found.Check == "bimi-record-missing" && (len(found.Evidence) == 0 || len(found.Evidence[0].CNAMEs) == 0 || f.Record.wild(f.beside())) {
			continue // but for an alias of its own, which says that one was meant
		}
		if found.Severity.AtLeast(finding.Error) && found.Check != "bimi-certificate-private-key" {
			found.Severity = finding.Warning
		}
		if found.CouldBe.AtLeast(finding.Error) {
			found.CouldBe = finding.Warning
		}
		out = append(out, found)
	}
	return out
}

// unresolved says what is not known.
func (j *bimiJudge) unresolved(detail string, could finding.Severity, evidence ...finding.Evidence) {
	j.s.Add("bimi-unresolved", finding.Finding{Detail: detail, CouldBe: could, Evidence: evidence})
}

// records judges the records; false: there is no logo to look for.
func (j *bimiJudge) records() bool {
	f, s := j.f, j.s
	t := f.applying()
	evidence := []finding.Evidence{f.Record.Evidence}
	if t != &f.Record {
		evidence = append(evidence, t.Evidence)
	}
	if t.State == Unknown {
		j.unresolved(fmt.Sprintf("Whether there is a record at %s is not known: the DNS did not answer (%s).", t.Name, t.Evidence.Status), finding.Error, evidence...)
		return false
	}
	s.Decided("bimi-multiple-records", "bimi-foreign-record", "bimi-unresolved")
	if target := f.Record.aliasText("._bimi"); target != "" {
		s.Add("bimi-syntax", f.Record.asAlias("BIMI", target))
		return false
	}
	records, near := bimiRecords(t)
	j.atApex(len(records)+len(near) > 0)
	if foreign := len(f.Record.Records) - len(slices.Concat(bimiRecords(&f.Record))); foreign > 0 {
		s.Add("bimi-foreign-record", finding.Finding{Evidence: []finding.Evidence{f.Record.Evidence},
			Detail: fmt.Sprintf("%s has %s that is no BIMI record.", f.Record.Name, show.Counted(foreign, "TXT record"))})
	}
	switch {
	case len(records) > 1:
		s.Add("bimi-multiple-records", finding.Finding{Evidence: evidence, Fix: &finding.Fix{Summary: "Leave one of them."},
			Detail: fmt.Sprintf("%s has %d records that begin with v=BIMI1. Mailboxes then take the domain to have none.", t.Name, len(records))})
		return false
	case len(records) == 0 && len(near) > 1:
		s.Add("bimi-syntax", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("%s has %d records, and none begins with v=BIMI1.", t.Name, len(near))})
		return false
	case len(records) == 0 && len(near) == 1:
		records = near
	case len(records) == 0:
		s.Add("bimi-record-missing", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("There is no record at %s: no logo is shown.", t.Name) + danglingAlias(&f.Record, f.Domain, f.beside())})
		return false
	}
	s.Decided("bimi-record-missing")
	if found, ok := t.cutOff("BIMI", records[0], meantBIMI, f.Domain); ok {
		s.Add("bimi-syntax", found)
		return false
	}
	about := len(s.Found())
	checkBIMI(s, ParseBIMI(records[0]), f.Domain)
	for _, found := range s.Found()[about:] {
		found.Evidence = evidence
		if found.Fix != nil && found.Fix.Value != "" {
			found.Fix.Name, found.Fix.Type = t.Name, "TXT"
			found.Fix.Remove = []finding.Record{{Name: t.Name, Type: "TXT", Value: records[0]}}
		}
	}
	return !f.Declined
}

// atApex judges the texts of the domain itself, where nobody looks for a record.
func (j *bimiJudge) atApex(rightly bool) {
	f, s := j.f, j.s
	if f.own.State == Unknown {
		return // the other sections say so
	}
	s.Decided("bimi-wrong-name")
	records, near := bimiRecords(&f.own)
	if len(records)+len(near) == 0 {
		return
	}
	found := finding.Finding{Evidence: []finding.Evidence{f.own.Evidence},
		Detail: fmt.Sprintf("%s itself has a BIMI record, which belongs at %s.", f.Domain, f.Record.Name)}
	if rightly {
		found.Severity = finding.Warning
		found.Detail = fmt.Sprintf("%s itself has a BIMI record, which nobody looks for; the one at %s counts.", f.Domain, f.applying().Name)
	} else if len(records) == 1 && len(ParseBIMI(records[0]).Problems) == 0 {
		found.Fix = &finding.Fix{Summary: "Publish the record at its name, and remove it from the domain itself.", Name: f.Record.Name, Type: "TXT", Value: records[0],
			Remove: []finding.Record{{Name: f.Domain, Type: "TXT", Value: records[0]}}}
	}
	s.Add("bimi-wrong-name", found)
}

// policy judges whether DMARC is enforced.
func (j *bimiJudge) policy() {
	f, s := j.f, j.s
	var evidence []finding.Evidence
	for i := range f.DMARC {
		evidence = append(evidence, f.DMARC[i].Evidence)
	}
	switch enforced, why := f.enforced(); enforced {
	case Unknown:
		s.Undecided("bimi-unresolved")
		j.unresolved("Whether DMARC is enforced is not known: "+strings.Join(why, "; ")+".", finding.Error, evidence...)
	case Absent:
		s.Add("bimi-dmarc-not-enforced", finding.Finding{Evidence: evidence,
			Detail: fmt.Sprintf("No mailbox shows the logo: %s. BIMI needs p and sp of quarantine or reject, for all of the mail, at the domain and at its organizational domain.", strings.Join(why, "; ")),
			Fix:    &finding.Fix{Summary: f.nextStep()}})
	default:
		s.Decided("bimi-dmarc-not-enforced")
	}
}

// fetched judges how a file is served, and reports whether there is one to judge.
func (j *bimiJudge) fetched(what string, get *Fetch) bool {
	s := j.s
	evidence := []finding.Evidence{get.Evidence()}
	add := func(id, format string, args ...any) {
		s.Add(id, finding.Finding{Evidence: evidence, Subject: show.Cut(get.URL, 200), Detail: fmt.Sprintf(format, args...)})
	}
	served := []string{"bimi-host-missing", "bimi-private-address", "bimi-web-certificate", "bimi-redirect", "bimi-http-status"}
	switch get.Outcome {
	case Unanswered, TLSFailed:
		s.Undecided(served...)
		s.Add("bimi-unresolved", finding.Finding{Subject: show.Cut(get.URL, 200), CouldBe: finding.Error, Evidence: evidence, Detail: fmt.Sprintf("The %s is not known: %s.", what, get.Reason)})
		return false
	case NotFetched:
		s.Undecided(served...)
		s.Add("bimi-unresolved", finding.Finding{Subject: show.Cut(get.URL, 200), Severity: finding.NotChecked, Title: "The BIMI logo and certificate were not checked", Evidence: evidence,
			Detail: fmt.Sprintf("The %s was not fetched.", what)})
		return false
	}
	s.Decided(served...)
	switch get.Outcome {
	case NoHost:
		add("bimi-host-missing", "The host of the %s has no address.", what)
	case NotPublic:
		add("bimi-private-address", "Mailboxes cannot fetch the %s: %s.", what, get.Reason)
	case BadCertificate:
		add("bimi-web-certificate", "The web server of the %s has a certificate that is not accepted: %s.", what, get.Reason)
	case Redirected:
		add("bimi-redirect", "The %s is behind a redirect (%s); what is there was not looked at.", what, get.Reason)
	case BadStatus:
		add("bimi-http-status", "The web server answers with status %d in place of the %s.", get.Status, what)
	default:
		return true
	}
	return false
}

// kinds adds a finding for each kind of faults of a file.
func (j *bimiJudge) kinds(faults bimi.Faults, what string, get *Fetch, checks []kindCheck) {
	for _, c := range checks {
		j.s.Decided(c.id)
		of := faults.Of(c.kind)
		if len(of) == 0 {
			continue
		}
		found := finding.Finding{Subject: show.Cut(get.URL, 200), Evidence: []finding.Evidence{get.Evidence()},
			Detail: fmt.Sprintf("The %s: %s.", what, firstOf(of.Texts(), 0))}
		if !of.Grave() {
			found.Severity, found.Title = finding.Notice, "Long <title> in the BIMI logo"
		}
		j.s.Add(c.id, found)
	}
}

// kindCheck is the check about a kind of faults.
type kindCheck struct {
	kind bimi.Kind
	id   string
}

var logoChecks = []kindCheck{
	{bimi.TooLarge, "bimi-logo-too-large"}, {bimi.NotSVG, "bimi-logo-not-svg"}, {bimi.Unsafe, "bimi-logo-unsafe"},
	{bimi.Profile, "bimi-logo-profile"}, {bimi.NotSquare, "bimi-logo-not-square"}, {bimi.NoTitle, "bimi-logo-title"},
}

var evidenceChecks = []kindCheck{
	{bimi.Unreadable, "bimi-certificate-unreadable"}, {bimi.PrivateKey, "bimi-certificate-private-key"}, {bimi.Order, "bimi-certificate-order"},
	{bimi.Untrusted, "bimi-certificate-untrusted"}, {bimi.Usage, "bimi-certificate-usage"}, {bimi.NoLogo, "bimi-certificate-logo"},
	{bimi.OtherName, "bimi-certificate-name"}, {bimi.Dates, "bimi-certificate-expired"}, {bimi.Expiring, "bimi-certificate-expiring"},
	{bimi.Requirements, "bimi-certificate-requirements"},
}

// logo judges the file of l=.
func (j *bimiJudge) logo() {
	get := j.f.LogoFetch
	if get == nil {
		return
	}
	if get.Outcome == TooLarge {
		j.s.Add("bimi-logo-too-large", finding.Finding{Subject: show.Cut(get.URL, 200), Evidence: []finding.Evidence{get.Evidence()},
			Detail: fmt.Sprintf("The logo has more than %d bytes, and may have %d.", 2*bimi.MaxLogo, bimi.MaxLogo)})
		return
	}
	if !j.fetched("logo", get) || j.f.Logo == nil {
		return
	}
	if j.s.Decided("bimi-content-type"); !isSVG(get.ContentType) {
		kind := quote(get.ContentType)
		if get.ContentType == "" {
			kind = "stated nowhere"
		}
		j.s.Add("bimi-content-type", finding.Finding{Subject: show.Cut(get.URL, 200), Evidence: []finding.Evidence{get.Evidence()}, Detail: fmt.Sprintf("The media type of the logo is %s; it has to be image/svg+xml.", kind)})
	}
	j.kinds(j.f.Logo.Faults, "logo", get, logoChecks)
}

// evidence judges the file of a=.
func (j *bimiJudge) evidence() {
	get := j.f.EvidenceFetch
	if get == nil {
		return
	}
	if get.Outcome == TooLarge {
		j.s.Add("bimi-certificate-unreadable", finding.Finding{Subject: show.Cut(get.URL, 200), Evidence: []finding.Evidence{get.Evidence()},
			Detail: fmt.Sprintf("The certificate has more than %d bytes.", bimi.MaxEvidence)})
		return
	}
	if !j.fetched("certificate", get) || j.f.Evidence == nil {
		return
	}
	e := j.f.Evidence
	checks := evidenceChecks
	if e.Certificates == 0 {
		checks = checks[:2] // the rest was not looked at
	}
	j.kinds(e.Faults, "certificate", get, checks)
	if e.Certificates > 0 && j.f.Logo != nil {
		j.kinds(e.Faults, "certificate", get, []kindCheck{{bimi.OtherLogo, "bimi-logo-mismatch"}})
	}
}
