package audit

import (
	"slices"
	"strings"
	"sync"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/receiver"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// NotChecked changes the findings that are unknown only because an offline audit
// did not ask: they are of severity not-checked, and count as nothing. The trace
// is that of the audit: it decides of findings without evidence of their own.
func NotChecked(findings []finding.Finding, trace []resolver.Trace) {
	unheld, asked := left(trace)
	if !unheld {
		return
	}
	offline := func(status string) bool { return status == string(resolver.Offline) }
	for i := range findings {
		if f := &findings[i]; f.Severity == finding.Unknown && restsOn(f, !asked, offline) {
			uncheck(f)
		}
	}
	// That no key was observed follows from keys that were not asked for.
	unasked := slices.ContainsFunc(findings, func(f finding.Finding) bool {
		return f.Check == "dkim-unresolved" && f.Severity == finding.NotChecked && f.Undecides
	})
	for i := range findings {
		if f := &findings[i]; unasked && f.Check == "dkim-none-observed" && f.Severity != finding.Pass {
			uncheck(f)
		}
	}
}

// restsOn reports whether a finding is unknown for questions that came to such a status,
// and for no others. If they are all that was not answered, so is one without evidence of
// its own: that may be the record alone which needs what was not said.
func restsOn(f *finding.Finding, all bool, such func(status string) bool) bool {
	here := all && !answers()[f.Check]
	for _, e := range f.Evidence {
		if such(e.Status) {
			here = true
		} else if !isAnswer(e.Status) {
			return false
		}
	}
	return here
}

// answers are the checks whose findings are unknown for what the DNS answered. Those of
// the others are for what it did not: the checks that end in "-unresolved", and all that
// depend on such a one.
var answers = sync.OnceValue(func() map[string]bool {
	out := make(map[string]bool)
	for _, list := range [...][]finding.Check{rbl.Checks, mailhost.Checks, spfpolicy.Checks, dkim.Checks, dmarc.Checks, transport.Checks} {
		for i := range list {
			if c := &list[i]; c.Severity == finding.Unknown && !strings.HasSuffix(c.ID, "-unresolved") {
				out[c.ID] = true
			}
		}
	}
	return out
})

// left reports whether questions were left because no zone holds the name, and
// whether one had no answer for another reason.
func left(trace []resolver.Trace) (offline, other bool) {
	for i := range trace {
		switch {
		case trace[i].Status == string(resolver.Offline):
			offline = true
		case !isAnswer(trace[i].Status):
			other = true
		}
	}
	return offline, other
}

// NotAsked reports whether all that was not answered was not asked either, because
// the run is offline: what is a temperror of receivers was not checked then.
func NotAsked(trace []resolver.Trace) bool {
	offline, other := left(trace)
	return offline && !other
}

// UncheckSPF makes a temperror that only means that an offline run did not ask a
// result of its own. The trace is that of the run.
func UncheckSPF(e *spf.Evaluation, trace []resolver.Trace) {
	if e.Result != spf.TempError || !NotAsked(trace) {
		return
	}
	e.Result = spf.NotChecked
	for i := range e.Steps {
		if s := &e.Steps[i]; s.Outcome == string(spf.TempError) {
			s.Outcome, s.Note = string(spf.NotChecked), "no zone holds what it needs"
		}
	}
}

// UncheckDKIM does the same for the signatures of a message.
func UncheckDKIM(v *dkim.Verification, trace []resolver.Trace) {
	for i := range v.Signatures {
		if s := &v.Signatures[i]; s.Result == dkim.TempError && NotAsked(trace) {
			s.Result = dkim.NotChecked
		}
	}
}

// UncheckDMARC does the same for the verdict of DMARC.
func UncheckDMARC(v *dmarc.Verdict, trace []resolver.Trace) {
	if v.Result != dmarc.ResultTempError || !NotAsked(trace) {
		return
	}
	v.Result = dmarc.ResultNotChecked
	if v.EffectivePolicy == nil {
		v.Error = "no zone holds the record of " + v.Domain
	}
	for i := range v.Identifiers {
		if id := &v.Identifiers[i]; id.Result == string(spf.TempError) {
			id.Result = string(spf.NotChecked)
		}
	}
}

// uncheck says of a finding that it was not checked. Its own words are about a
// question that was put and failed.
func uncheck(f *finding.Finding) {
	f.Severity, f.CouldBe, f.VerdictAs, f.Fix = finding.NotChecked, "", "", nil
	f.Title = "Not checked (offline): DNS lookup for " + f.Section.Title()
	f.Detail = "It rests on names that no zone holds, and an offline run asks nobody."
	names := unheld(f.Evidence)
	if f.Section == finding.Reputation {
		// A list is asked for several names, of which its zone says enough.
		for i, name := range names {
			if resolver.Within(name, f.Subject) {
				names[i] = f.Subject
			}
		}
		names = slices.Compact(names)
	}
	if len(names) > 0 {
		f.Detail = "No zone holds " + show.Listed(names, maxUnheld) + ", and an offline run asks nobody."
	}
}

// maxUnheld bounds the names that a finding says were not checked.
const maxUnheld = 4

// unheld are the names that were not asked for, as no zone holds them.
func unheld(evidence []finding.Evidence) []string {
	var names []string
	for _, e := range evidence {
		if e.Status != string(resolver.Offline) {
			continue
		}
		name := e.Name
		if n := len(e.CNAMEs); n > 0 {
			name = e.CNAMEs[n-1]
		}
		if name == "." {
			name = "the root"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// noZoneHas says which name no zone holds, if that is why a question was not
// answered; else it is empty.
func noZoneHas(evidence []finding.Evidence) string {
	if names := unheld(evidence); len(names) > 0 {
		return "No zone holds " + names[0] + "."
	}
	return ""
}

// isAnswer reports whether the status of a question is an answer of the DNS.
func isAnswer(status string) bool {
	switch resolver.Status(status) {
	case resolver.Found, resolver.NoData, resolver.NXDomain:
		return true
	}
	return false
}

// uncheckReceivers changes the verdicts that cannot be told only because of what
// was not checked.
func (a *run) uncheckReceivers() {
	if !slices.ContainsFunc(a.result.Findings, func(f finding.Finding) bool { return f.Severity == finding.NotChecked }) {
		return
	}
	receiver.NotCheckedIf(a.result.Receivers, func(check string) bool {
		return !slices.ContainsFunc(a.result.Findings, func(f finding.Finding) bool {
			return f.Check == check && f.Severity != finding.Pass && f.Severity != finding.NotChecked
		})
	})
}
