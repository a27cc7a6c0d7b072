package transport

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// slowFetch is how long a policy takes that some senders no longer wait for, in
// milliseconds; the limit of the RFC is a minute (RFC 8461, 3.3).
const slowFetch = 10_000

// stsJudge turns what there is of MTA-STS into findings.
type stsJudge struct {
	f *STSFacts
	s *finding.Sheet
	// record: a record is there, or was meant to be.
	record bool
}

// CheckSTS returns the findings about MTA-STS.
func CheckSTS(f *STSFacts) []finding.Finding {
	j := &stsJudge{f: f, s: finding.NewSheet(checkList, f.Domain)}
	j.records()
	f.Record.hosted(j.s.Found(), f.Domain)
	if j.record {
		j.policyHost()
	}
	if j.f.Policy != nil && j.record && page(j.f.Policy.text) == "" {
		j.policy()
		j.exchanges()
	}
	return j.s.Findings()
}

// unresolved says what is not known, and what it could be at worst.
func (j *stsJudge) unresolved(detail string, could finding.Severity, evidence ...finding.Evidence) {
	j.s.Add("mta-sts-unresolved", finding.Finding{Detail: detail, CouldBe: could, Evidence: evidence})
}

func (j *stsJudge) name() string { return "_mta-sts." + j.f.Domain }

// records judges the record at _mta-sts.
func (j *stsJudge) records() {
	f, s := j.f, j.s
	evidence := []finding.Evidence{f.Record.Evidence}
	if f.Record.State == Unknown {
		// Without an answer to the first question of the section nothing speaks for it.
		s.Add("mta-sts-unresolved", finding.Finding{CouldBe: finding.Error, Undecides: true, Evidence: evidence,
			Detail: fmt.Sprintf("Whether there is a record at %s is not known: the DNS did not answer (%s).", j.name(), f.Record.Evidence.Status)})
		// The policy is judged all the same: senders that get the record use it.
		j.record = f.Policy != nil
		return
	}
	s.Decided("mta-sts-missing", "mta-sts-multiple-records", "mta-sts-unresolved", "mta-sts-policy-without-record", "mta-sts-subdomain")
	records, near := f.records()
	switch {
	case len(records) > 1:
		j.record = true
		s.Add("mta-sts-multiple-records", finding.Finding{Evidence: evidence,
			Detail: fmt.Sprintf("%s has %d records that begin with v=STSv1;. Senders then take the domain to have none.", j.name(), len(records)),
			Fix:    &finding.Fix{Summary: "Leave one of them: the one whose id belongs to the policy that is served."}})
		return
	case len(records) == 0 && len(near) > 0:
		records = near
	case len(records) == 0:
		j.noRecord(evidence)
		return
	}
	j.record = true
	if found, ok := f.Record.cutOff("MTA-STS", records[0], meantSTS, f.Domain); ok {
		s.Add("mta-sts-syntax", found)
		return
	}
	r := ParseSTS(records[0])
	about := len(s.Found())
	checkSTS(s, r)
	for _, found := range s.Found()[about:] {
		found.Evidence = evidence
		if found.Fix != nil {
			found.Fix.Name, found.Fix.Type = j.name(), "TXT"
			found.Fix.Remove = []finding.Record{{Name: j.name(), Type: "TXT", Value: records[0]}}
		}
	}
}

// noRecord is said of a domain without a record: senders do not look for a policy.
func (j *stsJudge) noRecord(evidence []finding.Evidence) {
	f, s := j.f, j.s
	if target := f.Record.aliasText("_mta-sts"); target != "" {
		s.Add("mta-sts-syntax", f.Record.asAlias("MTA-STS", target))
		return
	}
	if f.Policy != nil && (f.Policy.Version != "" || len(f.Policy.MX) > 0) {
		fix := fixOf("Publish the record, once the policy covers every MX host.", "v=STSv1; id="+idPlaceholder)
		fix.Name, fix.Type = j.name(), "TXT"
		inPlaceOfAlias(fix, &f.Record, &f.reports)
		s.Add("mta-sts-policy-without-record", finding.Finding{Evidence: append(evidence, f.Fetch.Evidence()), Fix: fix,
			Detail: fmt.Sprintf("%s serves a policy, and there is no record at %s: senders do not look for it.", f.Host.Name, j.name()) + danglingAlias(&f.Record, f.Domain, &f.reports)})
		return
	}
	s.Add("mta-sts-missing", finding.Finding{Evidence: evidence, Detail: noneAt(&f.Record, "MTA-STS") + ": mail to the domain may travel without TLS." + danglingAlias(&f.Record, f.Domain, &f.reports)})
	p := f.Parent
	if p == nil || f.Exchanges.State == Absent || f.Exchanges.Null {
		return
	}
	above, _ := versioned(p.Records, "v=STSv1")
	switch {
	case p.State == Unknown:
		s.Undecided("mta-sts-subdomain")
		j.unresolved(fmt.Sprintf("Whether %s has a record, which would not count for %s, is not known: the DNS did not answer.", p.Name, f.Domain), finding.Notice, p.Evidence)
	case len(above) == 0:
	case f.Exchanges.State == Unknown:
		s.Undecided("mta-sts-subdomain")
	default:
		s.Add("mta-sts-subdomain", finding.Finding{Evidence: []finding.Evidence{p.Evidence},
			Detail: fmt.Sprintf("%s has a record, which does not count for %s: a policy is not inherited.", p.Name, f.Domain)})
	}
}

// policyHost judges how the policy is served.
func (j *stsJudge) policyHost() {
	f, s := j.f, j.s
	get := &f.Fetch
	evidence := append(slices.Clone(f.Host.Evidence), get.Evidence())
	served := []string{"mta-sts-record-without-policy", "mta-sts-host-missing", "mta-sts-certificate", "mta-sts-redirect", "mta-sts-http-status",
		"mta-sts-private-address", "mta-sts-too-large", "mta-sts-content-type", "mta-sts-slow"}
	// none adds why there is no policy.
	none := func(id, format string, args ...any) {
		s.Decided(served...)
		found := finding.Finding{Detail: fmt.Sprintf(format, args...), Evidence: evidence, Fix: j.fix()}
		if id != "mta-sts-record-without-policy" {
			c, _ := checkList.Find("mta-sts-record-without-policy")
			found.Follows = []finding.Consequence{{Check: c.ID, Severity: c.Severity, Section: c.Section, Subject: f.Domain, Title: c.Title, Detail: "Senders find no policy. Those that know an earlier one go on with it."}}
		}
		s.Add(id, found)
	}
	switch get.Outcome {
	case Unanswered:
		j.unresolved(fmt.Sprintf("The policy at %s is not known: %s.", get.URL, get.Reason), finding.Error, evidence...)
	case NotFetched:
		s.Add("mta-sts-unresolved", finding.Finding{Severity: finding.NotChecked, Title: "The MTA-STS policy was not checked",
			Detail: fmt.Sprintf("The policy at %s was not fetched.", get.URL), Evidence: evidence})
	case NoHost:
		none("mta-sts-host-missing", "There is a record, and %s, which has to serve the policy, has no address.", f.Host.Name)
	case NotPublic:
		none("mta-sts-private-address", "The policy cannot be fetched by senders: %s.", get.Reason)
	case BadCertificate:
		none("mta-sts-certificate", "The certificate of %s is not accepted: %s.", f.Host.Name, get.Reason)
	case TLSFailed:
		none("mta-sts-record-without-policy", "There is a record, and no policy at %s: %s.", get.URL, get.Reason)
	case Redirected:
		none("mta-sts-redirect", "%s answers with a redirect (%s), which senders must not follow.", get.URL, get.Reason)
	case BadStatus:
		none("mta-sts-http-status", "%s answers with status %d; senders take a policy with status 200 alone.", get.URL, get.Status)
	case TooLarge:
		none("mta-sts-too-large", "The policy at %s is larger than %d bytes.", get.URL, MaxPolicy)
	case Fetched:
		if what := page(f.Policy.text); what != "" {
			none("mta-sts-record-without-policy", "There is a record, and no policy: what %s serves is %s.", get.URL, what)
			return
		}
		s.Decided(served...)
		if !plainText(get.ContentType) {
			kind := quote(get.ContentType)
			if get.ContentType == "" {
				kind = "stated nowhere"
			}
			s.Add("mta-sts-content-type", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("The media type of the policy is %s; it should be text/plain. Some senders refuse any other.", kind)})
		}
		if get.DurationMS > slowFetch {
			s.Add("mta-sts-slow", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("The policy took %s; senders wait for a minute at most.", show.Duration(get.DurationMS))})
		}
	}
}

// policy judges the text of the policy.
func (j *stsJudge) policy() {
	f, s := j.f, j.s
	about := len(s.Found())
	checkPolicy(s, f.Policy)
	evidence := f.Fetch.Evidence()
	for _, found := range s.Found()[about:] {
		found.Evidence = []finding.Evidence{evidence}
		if found.Severity.AtLeast(finding.Warning) || found.Severity == "" {
			found.Fix = j.fix()
		}
	}
	s.Decided("mta-sts-mode-none", "mta-sts-testing", "mta-sts-testing-unreported")
	switch f.Policy.Mode {
	case "none":
		s.Add("mta-sts-mode-none", finding.Finding{Evidence: []finding.Evidence{evidence}, Detail: "The policy says mode: none: the domain withdraws MTA-STS. Once its earlier max_age is over, record and policy can go."})
	case "testing":
		s.Add("mta-sts-testing", finding.Finding{Evidence: []finding.Evidence{evidence}, Detail: "The policy says mode: testing: senders report failures and deliver all the same."})
		records, near := versioned(f.reports.Records, "v=TLSRPTv1")
		switch {
		case f.reports.State == Unknown:
			s.Undecided("mta-sts-testing-unreported")
		case len(records)+len(near) == 0:
			s.Add("mta-sts-testing-unreported", finding.Finding{Evidence: []finding.Evidence{f.reports.Evidence},
				Detail: fmt.Sprintf("The policy says mode: testing, and there is no TLS reporting record at %s: nobody is told what fails.", f.reports.Name)})
		}
	}
}

// fix says where the policy to publish is.
func (j *stsJudge) fix() *finding.Fix {
	if j.f.Proposed == nil {
		return nil
	}
	return &finding.Fix{Summary: fmt.Sprintf("Serve the policy that mailworthy mta-sts check %s proposes, then give the record a new id.", j.f.Domain)}
}

// exchanges holds the MX hosts against the patterns.
func (j *stsJudge) exchanges() {
	f, s := j.f, j.s
	p, x := f.Policy, f.Exchanges
	if p.Mode != "enforce" && p.Mode != "testing" || len(p.MX) == 0 {
		return
	}
	if x.State == Unknown {
		j.unresolved(fmt.Sprintf("Whether the policy covers the MX hosts is not known: the DNS did not answer for the MX of %s (%s).", f.Domain, x.Evidence.Status), finding.Critical, x.Evidence)
		return
	}
	s.Decided("mta-sts-mx-not-covered", "mta-sts-backup-not-covered", "mta-sts-mx-unused")
	evidence := []finding.Evidence{x.Evidence, f.Fetch.Evidence()}
	live := x.live()
	best := -1 // the best preference that is covered
	for _, h := range live {
		if p.Matches(h.Name) {
			best = int(h.Preference)
			break
		}
	}
	meant, _ := p.meant()
	var first, backup, misread []string
	for _, h := range live {
		switch {
		case p.Matches(h.Name):
		case meant.Matches(h.Name):
			misread = append(misread, h.Name)
		case best >= 0 && int(h.Preference) > best:
			backup = append(backup, h.Name)
		default:
			first = append(first, h.Name)
		}
	}
	severity := finding.Error
	if p.Mode == "testing" {
		severity = finding.Warning
	}
	if len(first) > 0 {
		found := finding.Finding{Severity: severity, Evidence: evidence, Fix: j.addFix(first, backup)}
		consequence := "senders that keep to the policy do not deliver to it"
		if len(first) > 1 {
			consequence = "senders that keep to the policy do not deliver to them"
		}
		if p.Mode == "testing" {
			consequence = "with mode: enforce, senders would not deliver there"
		}
		found.Detail = fmt.Sprintf("No mx: of the policy covers %s: %s.", show.Listed(escaped(first), 5), consequence)
		if len(first)+len(backup) == len(live) {
			if p.Mode == "enforce" {
				found.Severity = finding.Critical
			}
			found.Detail = fmt.Sprintf("No mx: of the policy covers any MX host of the domain (%s): %s.", show.Listed(escaped(first), 5), consequence)
		}
		s.Add("mta-sts-mx-not-covered", found)
	}
	if len(backup) > 0 {
		s.Add("mta-sts-backup-not-covered", finding.Finding{Severity: severity, Evidence: evidence, Fix: j.addFix(first, backup),
			Detail: fmt.Sprintf("No mx: of the policy covers %s, which mail goes to only if the hosts before do not answer: then it waits, and comes back.", show.Listed(escaped(backup), 5))})
	}
	j.follows(misread, severity)
	if x.Null || x.LeftOut > 0 {
		return
	}
	var unused []string
	for _, m := range p.MX {
		if patternProblem(m) == "" && !slices.ContainsFunc(x.Hosts, func(h Host) bool { return MatchesMX(m, h.Name) }) {
			unused = append(unused, "mx: "+m)
		}
	}
	if len(unused) > 0 {
		s.Add("mta-sts-mx-unused", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("No MX host matches %s. That is right for a host that is to come, else it permits more than is needed.", show.Listed(escaped(unused), 5))})
	}
}

// follows says of hosts that a pattern was meant to cover, and as it is written does not, that
// the policy does not cover them: below the finding about the pattern.
func (j *stsJudge) follows(hosts []string, severity finding.Severity) {
	for _, found := range j.s.Found() {
		if len(hosts) == 0 || found.Check != "mta-sts-mx-invalid" {
			continue
		}
		if severity == finding.Error && len(hosts) == len(j.f.Exchanges.live()) {
			severity = finding.Critical
			found.Severity = severity // mail waits, and comes back
		}
		c, _ := checkList.Find("mta-sts-mx-not-covered")
		found.Follows = append(found.Follows, finding.Consequence{Check: c.ID, Severity: severity, Section: c.Section, Subject: j.f.Domain, Title: c.Title,
			Detail: fmt.Sprintf("As it is written, no mx: of the policy covers %s.", show.Listed(escaped(hosts), 5))})
	}
}

// addFix is the fix for hosts that the policy does not cover.
func (j *stsJudge) addFix(first, backup []string) *finding.Fix {
	var lines []string
	for _, h := range slices.Concat(first, backup) {
		if patternProblem(h) == "" {
			lines = append(lines, "mx: "+h)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return &finding.Fix{Summary: fmt.Sprintf("If these hosts are yours, add to the policy: %s. Then give the record at %s a new id.", show.Listed(lines, 10), j.name())}
}
