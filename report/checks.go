package report

import (
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/hint"
	"mailworthy/mailhost"
	"mailworthy/message"
	"mailworthy/provider/setup"
	"mailworthy/rbl"
	"mailworthy/smtp/probe"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// AllChecks lists every check of every section, in the order of a report.
func AllChecks() []finding.Check {
	return slices.Concat(spfpolicy.Checks, dkim.Checks, dmarc.Checks, rbl.Checks, mailhost.Checks, message.Checks, transport.Checks, transport.DANEChecks, setup.Checks, probe.Checks)
}

// FindCheck returns the check with the ID.
func FindCheck(id string) (finding.Check, bool) {
	for _, c := range AllChecks() {
		if c.ID == id {
			return c, true
		}
	}
	return finding.Check{}, false
}

// SimilarChecks returns the IDs that somebody may have meant by id: those that
// hold it, or else the nearest by spelling.
func SimilarChecks(id string) []string {
	var holding []string
	best, nearest := len(id)/2+1, []string(nil)
	for _, c := range AllChecks() {
		if strings.Contains(c.ID, id) {
			holding = append(holding, c.ID)
		}
		switch d := hint.Distance(id, c.ID); {
		case d < best:
			best, nearest = d, []string{c.ID}
		case d == best && nearest != nil:
			nearest = append(nearest, c.ID)
		}
	}
	if len(holding) > 0 {
		return holding
	}
	return nearest
}
