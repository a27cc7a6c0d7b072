package monitor

import (
	"mailworthy/history"
	"mailworthy/report"
	"mailworthy/report/view"
)

// Changed is what audit --changes --format json writes of a domain.
type Changed struct {
	Run history.Run `json:"run"`
	// First: nothing to compare with was there.
	First   bool               `json:"first"`
	Changes *report.Comparison `json:"changes"`
	Pending *report.Comparison `json:"pending"`
}

// ChangedOf is what a kept audit changed.
func ChangedOf(o *history.Observation) Changed {
	return Changed{o.Run, o.First, o.Changes, o.Pending}
}

// Shown is how it is shown, r being the report of the audit: of the first audit there are
// no changes to show.
func (c Changed) Shown(r *report.Report) view.Change {
	shown := view.Change{Report: r, First: c.First, Changes: c.Changes, Pending: c.Pending}
	if c.First {
		shown.Changes = nil
	}
	return shown
}
