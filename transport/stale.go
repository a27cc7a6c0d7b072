package transport

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// CompareSTS returns what is wrong with the way from an earlier state of a domain to a later
// one: a policy that says something else under the id of the earlier one, which senders go
// on with (RFC 8461, 3.1). It says nothing if one of the two is not known.
func CompareSTS(before, after *STSFacts) []finding.Finding {
	if before == nil || after == nil || before.Policy == nil || after.Policy == nil || before.ID == "" || before.ID != after.ID {
		return nil
	}
	was, is := before.Policy, after.Policy
	mx := func(p *Policy) []string { return slices.Compact(slices.Sorted(slices.Values(p.MX))) }
	if was.Mode == is.Mode && was.MaxAge == is.MaxAge && slices.Equal(mx(was), mx(is)) {
		return nil
	}
	s := finding.NewSheet(checkList, after.Domain)
	found := finding.Finding{Evidence: []finding.Evidence{after.Record.Evidence, after.Fetch.Evidence()},
		Detail: fmt.Sprintf("The policy is another one than before (mode %s, %s; then mode %s, %s), and the id is %s still: senders that know the earlier policy go on with it for as much as %s seconds.",
			quote(was.Mode), show.Counted(len(was.MX), "mx line"), quote(is.Mode), show.Counted(len(is.MX), "mx line"), quote(after.ID), quote(was.MaxAge)),
		Fix: &finding.Fix{Summary: "Give the record at _mta-sts." + after.Domain + " a new id."}}
	if was.Mode != "enforce" {
		found.Severity = finding.Warning
	}
	s.Add("mta-sts-id-stale", found)
	return s.Findings()
}
