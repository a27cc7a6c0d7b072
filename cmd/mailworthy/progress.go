package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailworthy/audit"
	"mailworthy/internal/progress"
	"mailworthy/report/terminal"
)

// wantsProgress reports whether a bar is drawn: if --progress says so, else for
// a list if standard error is a terminal that no rows go to.
func (f *auditFlags) wantsProgress(cmd *cobra.Command) bool {
	if flag := cmd.Flags().Lookup("progress"); flag != nil && flag.Changed {
		return f.progress
	}
	return f.File != "" && onScreen(cmd.ErrOrStderr()) && !(f.Streams() && f.Outputs()[0].Standard() && onScreen(cmd.OutOrStdout()))
}

// onScreen reports whether what is written to w is seen on a terminal.
func onScreen(w any) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

const (
	// patience is how long an audit may take before it says what it waits for.
	patience = time.Second
	// turned is how often that is drawn anew.
	turned = 150 * time.Millisecond
)

// watched makes a single audit say on a terminal what it waits for, and returns what ends
// that. It does nothing for a list, or if nobody looks at standard error or asked for its
// log.
func (f *auditFlags) watched(cmd *cobra.Command, a *auditor, domains int) func() {
	file, ok := cmd.ErrOrStderr().(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || f.File != "" || domains != 1 || f.dns.verbose > 0 || f.progress || os.Getenv("TERM") == "dumb" {
		return func() {}
	}
	w := audit.NewWaiting(a.Inspector.Resolver, a.Inspector.Options.Catalogue)
	a.Inspector.Resolver = w
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < 1 {
		columns = 80
	}
	return progress.Spin(file, terminal.Plain(os.Getenv).ASCII, columns, patience, turned, w.Line)
}
