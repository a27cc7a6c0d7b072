package report

import (
	"slices"
	"strings"
	"sync"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/hint"
	"mailworthy/mailhost"
	"mailworthy/message"
	"mailworthy/provider/setup"
	"mailworthy/rbl"
	"mailworthy/smtp/maillog"
	"mailworthy/smtp/probe"
	"mailworthy/smtp/roundtrip"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// AllChecks lists every check of every section, in the order of a report.
func AllChecks() []finding.Check {
	return slices.Concat(spfpolicy.Checks, dkim.Checks, dmarc.Checks, rbl.Checks, mailhost.Checks, message.Checks, audit.MessageChecks, transport.Checks, transport.DANEChecks, transport.BIMIChecks, setup.Checks, probe.Checks, maillog.Checks, roundtrip.Checks)
}

// checksByID are all checks by their IDs, gathered when they are first asked for.
var checksByID = sync.OnceValue(func() map[string]finding.Check {
	out := map[string]finding.Check{}
	for _, c := range AllChecks() {
		out[c.ID] = c
	}
	return out
})

// FindCheck returns the check with the ID.
func FindCheck(id string) (finding.Check, bool) {
	c, ok := checksByID()[id]
	return c, ok
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
