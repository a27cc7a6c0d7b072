package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/internal/show"
	"mailworthy/monitor"
	"mailworthy/report"
	"mailworthy/report/terminal"
	"mailworthy/report/view"
)

// historyFlags say whether audits are kept, and whether what changed is shown.
type historyFlags struct {
	history string
	changes bool
	confirm int
}

func (f *historyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.history, "history", "", "store each audit in this `file` (created if missing)")
	flags.BoolVar(&f.changes, "changes", false, "with --history, show what changed instead of the whole report")
	flags.IntVar(&f.confirm, "confirm", 1, "with --changes, believe a change when it was seen `N` times in a row: in the next runs, or at once by the next --resolver")
}

// checkHistory refuses what cannot be combined.
func (f *auditFlags) checkHistory() error {
	switch {
	case f.changes && f.history == "":
		return withHint(errors.New("--changes needs a history to compare with"), "add --history FILE")
	case f.changes && f.against != "":
		return withHint(errors.New("--changes and --against exclude each other"), "leave one out")
	case f.changes && !f.output.isDocument():
		return fmt.Errorf("--changes with --format %s: changes are written as table, json, markdown or html", f.output.format)
	case f.changes && (f.confirm < 1 || f.confirm > 100):
		return fmt.Errorf("--confirm %d: it must be 1 to 100", f.confirm)
	case f.confirm > 1 && !f.changes:
		return withHint(errors.New("--confirm says when a change is believed"), "add --changes")
	}
	return nil
}

// toKeep is how many reports of a list wait to be kept before the audits wait too.
const toKeep = 64

// keeper opens the history of --history; nil if none is wanted. The keeper is to be closed.
func (f *auditFlags) keeper(ctx context.Context, a *auditor, stderr io.Writer) *monitor.Keeper {
	if f.history == "" {
		return nil
	}
	room := toKeep
	if !f.streams() {
		// These reports are in memory until the last of them is written in any case.
		room = maxCollected
	}
	return monitor.NewKeeper(ctx, monitor.KeeperOptions{File: f.history, Now: a.session.Now, Changes: f.changes, Confirm: f.confirm, Room: room,
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
			return a.inspector.Through(ctx, s.Stack, target), nil
		},
		Fail: func(err error) {
			fmt.Fprintf(stderr, "error: %s\n", show.Escape(err.Error()))
			if f.changes {
				fmt.Fprintln(stderr, "hint: the audit is not kept; the whole report follows instead of the changes")
			} else {
				fmt.Fprintln(stderr, "hint: the audit is not kept")
			}
		}})
}

// writeChanges writes what changed in each domain, the whole report of those that are
// new to the history, and marks it as told.
func (f *auditFlags) writeChanges(cmd *cobra.Command, k *monitor.Keeper, reports []*report.Report, verbose bool) error {
	list, shown, acknowledge := k.Changes(reports)
	// On a screen a domain without changes to show has its whole report.
	table := docWriter{"table", func(w io.Writer) error { return terminal.WriteChanges(w, shown, f.output.table(cmd, verbose)) }}
	jsons := docWriter{"json", func(w io.Writer) error {
		switch {
		case len(list) < len(reports):
			return report.WriteJSON(w, reports...)
		case len(list) == 1:
			return writeJSON(w, list[0], "  ")
		}
		return writeJSON(w, list, "  ")
	}}
	if err := f.output.document(cmd, verbose, nil, func() *view.Doc { return view.ChangesDoc(shown) }, jsons, table); err != nil {
		return err
	}
	return acknowledge(cmd.Context())
}
