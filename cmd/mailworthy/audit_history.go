package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/internal/show"
	"mailworthy/monitor"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

func (f *auditFlags) addHistory(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.History, "history", "", "store each audit in this `file` (created if missing)")
	flags.BoolVar(&f.Changes, "changes", false, "with --history, show what changed instead of the whole report")
	flags.IntVar(&f.Confirm, "confirm", 1, "with --changes, believe a change when it was seen `N` times in a row: in the next runs, or at once by the next --resolver")
}

// toKeep is how many reports of a list wait to be kept before the audits wait too.
const toKeep = 64

// keeper opens the history of --history; nil if none is wanted. The keeper is to be closed.
func (f *auditFlags) keeper(ctx context.Context, a *auditor, stderr io.Writer) *monitor.Keeper {
	if f.History == "" {
		return nil
	}
	room := toKeep
	if !f.Streams() {
		// These reports are in memory until the last of them is written in any case.
		room = bulk.MaxCollected
	}
	return monitor.NewKeeper(ctx, monitor.KeeperOptions{File: f.History, Now: a.session.Now, Changes: f.Changes, Confirm: f.Confirm, Room: room,
		Again: func(ctx context.Context, target audit.Target, attempt int) (*report.Report, error) {
			other, ok := f.dns.Other(attempt)
			if !ok {
				return nil, nil
			}
			s, err := other.Open(ctx, nil)
			if err != nil {
				return nil, ofFlag(err)
			}
			defer s.Close()
			return a.Inspector.Through(ctx, s.Stack, target), nil
		},
		Fail: func(err error) {
			a.unkept = unkeptFor(err)
			fmt.Fprintf(stderr, "error: %s\n", show.Escape(err.Error()))
			if f.Changes {
				fmt.Fprintln(stderr, "hint: the audit is not kept; the whole report follows instead of the changes")
			} else {
				fmt.Fprintln(stderr, "hint: the audit is not kept")
			}
		}})
}

// writeChanges writes what changed in each domain, the whole report of those that are
// new to the history, and marks it as reported.
func (f *auditFlags) writeChanges(cmd *cobra.Command, k *monitor.Keeper, reports []*report.Report, verbose bool) error {
	list, shown, acknowledge := k.Changes(reports)
	r := result(shown, view.ChangesDoc).With("json", func(w io.Writer) error {
		if len(list) < len(reports) {
			return report.WriteJSON(w, reports...)
		}
		return format.WriteJSON(w, format.OneOrAll(list), "  ")
	})
	// On a screen a domain without changes to show has its whole report.
	r = r.With("table", func(w io.Writer) error {
		return terminal.WriteChanges(w, shown, f.output.table(cmd, f.writing.Outputs[0], verbose))
	})
	if err := f.output.document(cmd, verbose, r); err != nil {
		return err
	}
	return acknowledge(cmd.Context())
}
