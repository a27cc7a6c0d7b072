package transport

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
)

// LintPolicy judges the text of an MTA-STS policy, bytes as they are. Valid is whether
// it is one by the grammar and can be applied (RFC 8461, 3.2); meant is the policy to
// serve in its place, empty if nothing is wrong.
func LintPolicy(text []byte) (valid bool, meant string, findings []finding.Finding) {
	s := finding.NewSheet(checkList, "policy")
	p := ParsePolicy(text)
	if what := page(p.text); what != "" {
		s.Decided("mta-sts-policy-lines")
		s.Add("mta-sts-policy-lines", finding.Finding{Title: "No MTA-STS policy", Detail: "It is " + what + ", and no policy: version:, mode:, max_age: and mx: stand in lines of their own."})
	} else {
		checkPolicy(s, p)
	}
	for _, f := range s.Found() {
		if f.Check == "mta-sts-policy-lines" {
			// Here the question is the grammar itself.
			f.Severity = finding.Error
		}
	}
	findings = s.Findings()
	valid = !slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Error) })
	if slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Severity.AtLeast(finding.Warning) }) {
		meant = p.Text()
	}
	return valid, meant, findings
}

// policyChecks are decided by the text of a policy alone.
var policyChecks = []string{"mta-sts-policy-version", "mta-sts-policy-mode", "mta-sts-policy-max-age", "mta-sts-max-age-limit", "mta-sts-max-age-short",
	"mta-sts-mx-missing", "mta-sts-mx-invalid", "mta-sts-policy-lines", "mta-sts-duplicate-key", "mta-sts-unknown-key"}

// checkPolicy judges what a policy says by itself.
func checkPolicy(s *finding.Sheet, p *Policy) {
	s.Decided(policyChecks...)
	meant, why := p.meant()
	// lost: fields are there that senders do not read; what is said of others is of what was meant.
	lost := slices.ContainsFunc([]string{"version", "mode", "max_age", "mx"}, p.unread)
	said := p
	if lost {
		said = meant
	}
	add := func(id string, severity finding.Severity, format string, args ...any) {
		s.Add(id, finding.Finding{Severity: severity, Detail: fmt.Sprintf(format, args...)})
	}
	absent := func(field string) string {
		if near := p.near[field]; near != "" {
			return fmt.Sprintf("There is no field %s:, but one that is written %s.", field, quote(near))
		}
		return fmt.Sprintf("There is no field %s:.", field)
	}
	switch {
	case !said.has["version"]:
		add("mta-sts-policy-version", "", "%s", absent("version"))
	case said.Version != "STSv1":
		add("mta-sts-policy-version", "", "version: is %s; it must be STSv1, in this case.", quote(said.Version))
	}
	switch {
	case !said.has["mode"]:
		add("mta-sts-policy-mode", "", "%s", absent("mode"))
	case !slices.Contains(modes, said.Mode):
		add("mta-sts-policy-mode", "", "mode: is %s; it must be enforce, testing or none, in lower case.", quote(said.Mode))
	}
	const day = 86400
	switch seconds, ok := said.Seconds(); {
	case !said.has["max_age"]:
		add("mta-sts-policy-max-age", "", "%s", absent("max_age"))
	case !ok:
		add("mta-sts-policy-max-age", "", "max_age: is %s; it must be a number of seconds in at most 10 digits.", quote(said.MaxAge))
	case seconds > MaxAgeLimit:
		add("mta-sts-max-age-limit", "", "max_age: is %d seconds; the most is %d, about a year. Some senders drop such a policy, others take the most.", seconds, MaxAgeLimit)
	case said.Mode == "none":
	case seconds < day:
		add("mta-sts-max-age-short", finding.Warning, "max_age: is %d seconds, less than a day: whoever can block the policy for that long turns it off.", seconds)
	case seconds < 7*day:
		add("mta-sts-max-age-short", finding.Notice, "max_age: is %d seconds, less than a week (%d); weeks or more are usual.", seconds, 7*day)
	}
	if said.Mode != "none" && len(said.MX) == 0 {
		add("mta-sts-mx-missing", "", "%s", absent("mx"))
	}
	var bad []string
	for _, m := range said.MX {
		if problem := patternProblem(m); problem != "" {
			bad = append(bad, fmt.Sprintf("mx: %s (%s)", quote(m), problem))
		}
	}
	if len(bad) > 0 {
		add("mta-sts-mx-invalid", "", "No host matches %s. Some senders then drop the policy.", firstOf(bad, 0))
	}
	switch {
	case lost:
		detail := "Senders find no policy in the text: " + why
		if len(p.Departures) > 0 {
			detail += " (" + firstOf(p.Departures, p.many) + ")"
		}
		s.Add("mta-sts-policy-lines", finding.Finding{Severity: finding.Error, Detail: detail + "."})
	case len(p.Departures) > 0:
		add("mta-sts-policy-lines", "", "The text leaves the grammar of a policy: %s. Some senders read on, others have no policy then.", firstOf(p.Departures, p.many))
	}
	if len(p.Differing) > 0 {
		add("mta-sts-duplicate-key", "", "%s there more than once with different values. The first counts; some senders take the last.", isAre(p.Differing))
	}
}

func isAre(names []string) string {
	if len(names) == 1 {
		return names[0] + ": is"
	}
	return strings.Join(names, ": and ") + ": are"
}

// Places that only the owner of the domain can fill in.
const (
	modePlaceholder   = "<testing, enforce or none>"
	maxAgePlaceholder = "<seconds, such as 604800>"
	mxPlaceholder     = "<name of an MX host>"
)

// Text is the policy as it was meant, to be served in its place: what it says, in the
// grammar, with the hosts in extra, which it does not cover yet. It states nothing that
// the policy did not: what cannot be read is a place to fill in.
func (p *Policy) Text(extra ...string) string {
	p, _ = p.meant()
	mode := p.Mode
	if !slices.Contains(modes, mode) {
		mode = modePlaceholder
	}
	age := p.MaxAge
	switch seconds, ok := p.Seconds(); {
	case ok && seconds > MaxAgeLimit:
		age = fmt.Sprint(MaxAgeLimit)
	case !ok:
		age = maxAgePlaceholder
	}
	var b strings.Builder
	fmt.Fprintf(&b, "version: STSv1\nmode: %s\nmax_age: %s\n", mode, age)
	var patterns []string
	for _, m := range p.MX {
		if patternProblem(m) != "" {
			m = toCorrect(m)
		}
		patterns = append(patterns, m)
	}
	patterns = patterns[:min(len(patterns), maxTags)]
	for _, host := range extra {
		if patternProblem(host) == "" && !p.Matches(host) {
			patterns = append(patterns, host)
		}
	}
	if len(patterns) == 0 && mode != "none" {
		patterns = []string{mxPlaceholder}
	}
	for _, m := range patterns {
		fmt.Fprintf(&b, "mx: %s\n", m)
	}
	for _, line := range p.others {
		b.WriteString(line + "\n")
	}
	return b.String()
}
