package terminal

import (
	"fmt"
	"io"

	"mailworthy/report/view"
)

// WriteChanges writes what changed in each of the domains, and the whole report of one
// that has nothing to be compared with.
func WriteChanges(w io.Writer, list []view.Change, o Options) error {
	for i, c := range list {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := writeChange(w, c, o); err != nil {
			return err
		}
	}
	return nil
}

func writeChange(w io.Writer, c view.Change, o Options) error {
	if c.Changes == nil {
		return WriteTable(w, c.Report, o)
	}
	if err := WriteDoc(w, view.ComparisonDoc(c.Changes), o); err != nil || c.Pending.Unchanged() {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%s:\n", view.PendingText); err != nil {
		return err
	}
	return WriteDoc(w, view.ComparisonDoc(c.Pending), o)
}
