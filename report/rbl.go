package report

import (
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// NotAsked reports whether a question was not asked because the audit is offline.
func NotAsked(evidence []finding.Evidence) bool {
	return slices.ContainsFunc(evidence, func(e finding.Evidence) bool { return e.Status == string(resolver.Offline) })
}
