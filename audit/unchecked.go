package audit

import (
	"slices"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/receiver"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// NotChecked changes the findings that are unknown only because an offline audit
// did not ask: they are of severity not-checked, and count as nothing. The trace
// is that of the audit: it decides of findings without evidence of their own.
func NotChecked(findings []finding.Finding, trace []resolver.Trace) {
	offline, asked := left(trace)
	if !offline {
		return
	}
	for i := range findings {
		f := &findings[i]
		if f.Severity != finding.Unknown {
			continue
		}
		// What lists answered stands in the evidence in full; elsewhere that may be the record
		// alone which needs what was not asked.
		here := !asked && (f.Section != finding.Reputation || len(f.Evidence) == 0)
		for _, e := range f.Evidence {
			if e.Status == string(resolver.Offline) {
				here = true
			} else if !isAnswer(e.Status) {
				here = false
				break
			}
		}
		if here {
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

func uncheck(f *finding.Finding) {
	f.Severity, f.CouldBe, f.VerdictAs, f.Fix = finding.NotChecked, "", "", nil
}

// noZoneHas says which name no zone holds, if that is why a question was not
// answered; else it is empty.
func noZoneHas(evidence []finding.Evidence) string {
	for _, e := range evidence {
		if e.Status != string(resolver.Offline) {
			continue
		}
		name := e.Name
		if n := len(e.CNAMEs); n > 0 {
			name = e.CNAMEs[n-1]
		}
		return "No zone holds " + name + "."
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
