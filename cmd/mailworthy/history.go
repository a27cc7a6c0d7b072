package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/history"
	"mailworthy/history/sqlite"
	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/internal/show"
	"mailworthy/internal/when"
	"mailworthy/monitor"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/view"
)

// historyFlag names the history of the commands that read one.
type historyFlag struct {
	file   string
	config configFlag
}

func (f *historyFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "history", "", "the history `file`, as --history of audit wrote it; default: that of the configuration")
	f.config.add(cmd)
}

// open opens a history that must be there.
func (f *historyFlag) open(ctx context.Context, now func() time.Time) (*history.Store, error) {
	of := "history " + f.file
	if f.file == "" {
		c, err := f.config.load(io.Discard)
		switch {
		case errors.As(err, new(cli.Status)):
			return nil, withHint(errors.New("the configuration names no history, as it has mistakes"), "mailworthy config check names them; --history FILE reads a history without it")
		case err != nil && f.config.file != "":
			return nil, err
		case err != nil:
			return nil, withHint(errors.New("no history: neither --history nor a configuration names one"), "add --history FILE, or --config FILE")
		case c.History.File == "":
			return nil, withHint(fmt.Errorf("%s keeps no history", c.File), "add --history FILE, or history: file: FILE to the configuration")
		}
		f.file, of = c.History.File, "the history of "+c.File // its name may hold a variable
	}
	if _, err := os.Stat(f.file); errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(fmt.Errorf("%s: there is no such file", of), "mailworthy audit --history FILE DOMAIN starts one")
	}
	return sqlite.Open(ctx, f.file, now)
}

func newHistory() *cobra.Command {
	cmd := newHistoryList()
	cmd.Use = "history [DOMAIN]"
	cmd.Short = "The runs that a history keeps: list, show, roundtrips, prune"
	cmd.Long = "Lists the runs of a domain, or of all, as history list does."
	cmd.Example = `  mailworthy history
  mailworthy history list --history mail.db acme.example
  mailworthy history show --history mail.db acme.example 2026-03-01
  mailworthy history prune --history mail.db --keep 400d`
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && !strings.Contains(args[0], ".") {
			return habits.NoSubcommand(cmd, args)
		}
		return nil
	}
	cmd.AddCommand(newHistoryList(), newHistoryShow(), newHistoryRoundtrips(), newHistoryPrune())
	return cmd
}

// historyQuestion are the flags of a command that shows what a history has.
type historyQuestion struct {
	history historyFlag
	output  outputFlags
	verbose bool
	limit   int
}

func (q *historyQuestion) add(cmd *cobra.Command) {
	q.history.add(cmd)
	q.output.addDocument(cmd)
}

// addLimit adds the flag that bounds a list.
func (q *historyQuestion) addLimit(cmd *cobra.Command, standard int, of string) {
	cmd.Flags().IntVar(&q.limit, "limit", standard, "how many of the last "+of+"; 0 is all")
}

// open opens the history for do.
func (q *historyQuestion) open(cmd *cobra.Command, do func(*history.Store) error) error {
	if err := q.output.check(); err != nil {
		return err
	}
	store, err := q.history.open(cmd.Context(), nil)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(store)
}

// show shows what find has of the history.
func (q *historyQuestion) show(cmd *cobra.Command, find func(*history.Store) (format.Result, error)) error {
	return q.open(cmd, func(store *history.Store) error {
		found, err := find(store)
		if err != nil {
			return err
		}
		return q.output.document(cmd, q.verbose, found)
	})
}

// ofDomain makes a command of one that shows what find has of a domain, of which up to so
// many further arguments tell more.
func (q *historyQuestion) ofDomain(cmd *cobra.Command, more int, find func(ctx context.Context, store *history.Store, domain string, args []string) (format.Result, error)) *cobra.Command {
	cmd.Args, cmd.ValidArgsFunction = cli.AtLeast("DOMAIN", more), cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		domain, err := audit.ParseDomain(args[0])
		if err != nil {
			return err
		}
		return q.show(cmd, func(store *history.Store) (format.Result, error) { return find(cmd.Context(), store, domain, args[1:]) })
	}
	q.add(cmd)
	return cmd
}

func newHistoryList() *cobra.Command {
	var q historyQuestion
	cmd := &cobra.Command{
		Use:   "list [DOMAIN]",
		Short: "The runs of a domain, or of all, oldest first",
		Example: `  mailworthy history list --history mail.db
  mailworthy history list --history mail.db --limit 0 --format json acme.example`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			domain := ""
			if len(args) > 1 {
				return withHint(fmt.Errorf("unexpected argument %q", args[1]), "usage: %s", cmd.UseLine())
			}
			if len(args) == 1 {
				var err error
				if domain, err = audit.ParseDomain(args[0]); err != nil {
					return err
				}
			}
			return q.show(cmd, func(store *history.Store) (format.Result, error) {
				runs, err := store.List(cmd.Context(), domain, q.limit)
				return result(runs, monitor.RunsDoc), err
			})
		},
	}
	q.add(cmd)
	q.addLimit(cmd, 50, "runs")
	return cmd
}

func newHistoryRoundtrips() *cobra.Command {
	var q historyQuestion
	cmd := &cobra.Command{
		Use:   "roundtrips [NAME]",
		Short: "The synthetic mails of a name, or all, oldest first",
		Example: `  mailworthy history roundtrips --history mail.db
  mailworthy history roundtrips --history mail.db --format json "me@acme.example to me@other.example"`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.show(cmd, func(store *history.Store) (format.Result, error) {
				mails, err := store.Roundtrips(cmd.Context(), strings.Join(args, ""), q.limit)
				return result(mails, monitor.MailsDoc), err
			})
		},
	}
	q.add(cmd)
	q.addLimit(cmd, 50, "mails")
	return cmd
}

func newHistoryShow() *cobra.Command {
	var q historyQuestion
	cmd := &cobra.Command{
		Use:   "show DOMAIN [RUN]",
		Short: "The report of a run, the last one by default",
		Long: `Shows the report of a run as it was. RUN is its number, first, last, or a day or
a time: then the last run up to its end.`,
		Example: `  mailworthy history show --history mail.db acme.example
  mailworthy history show --history mail.db --format html -o report.html acme.example 2026-03-01`,
		Args:              cli.AtLeast("DOMAIN", 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseDomain(args[0])
			if _, wrong := strconv.Atoi(args[0]); err != nil && wrong == nil {
				return withHint(err, "the domain comes first: mailworthy history show DOMAIN %s", args[0])
			}
			if err != nil {
				return err
			}
			return q.open(cmd, func(store *history.Store) error {
				r, err := store.Get(cmd.Context(), domain, append(args, "last")[1])
				if err != nil {
					return err
				}
				to := q.output.Outputs()[0]
				return q.output.save(cmd, to, func(w io.Writer) error {
					return to.Write(w, []*report.Report{r}, format.Options{Table: q.output.table(cmd, to, q.verbose)})
				})
			})
		},
	}
	q.history.add(cmd)
	q.output.add(cmd, "table", "json", "markdown", "html")
	cmd.Flags().BoolVarP(&q.verbose, "verbose", "v", false, "show passes, notices and evidence")
	return cmd
}

func newHistoryPrune() *cobra.Command {
	var (
		file      historyFlag
		keep, now string
	)
	cmd := &cobra.Command{
		Use:   "prune --keep AGE",
		Short: "Remove runs that are older; the last one of each domain stays",
		Example: `  mailworthy history prune --history mail.db --keep 400d
  mailworthy history prune --history mail.db --keep 2y`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keep == "" {
				return withHint(errors.New("--keep is missing"), "usage: %s", cmd.UseLine())
			}
			age, err := when.Age(keep)
			if err != nil {
				return fmt.Errorf("--keep: %w", err)
			}
			clock, err := inspect.ClockAt(now)
			if err != nil {
				return ofFlag(err)
			}
			store, err := file.open(cmd.Context(), clock)
			if err != nil {
				return err
			}
			defer store.Close()
			n, err := store.Prune(cmd.Context(), age)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", show.Counted(int(n), "run"))
			return err
		},
	}
	file.add(cmd)
	cmd.Flags().StringVar(&keep, "keep", "", "how `long` runs are kept: 400d, 8w, 2y")
	cmd.Flags().StringVar(&now, "now", "", "take this `time` (RFC 3339) for now")
	return cmd
}

func newDiff() *cobra.Command {
	var q historyQuestion
	cmd := &cobra.Command{
		Use:   "diff DOMAIN [RUN] [RUN]",
		Short: "What changed between two runs: findings, records word by word, score and verdict",
		Long: `Compares what was known of a domain after two runs. What the DNS did not answer
in a run is taken from the last one in which it did: a record is removed when the
DNS says so, not when it says nothing.

A RUN is a number, first, last, or a day or a time: then the last run up to its
end. With one RUN it is compared with the last one, with none the last two are.`,
		Example: `  mailworthy diff --history mail.db acme.example
  mailworthy diff --history mail.db acme.example 2026-03-01
  mailworthy diff --history mail.db --format json acme.example first last`,
	}
	return q.ofDomain(cmd, 2, func(ctx context.Context, store *history.Store, domain string, runs []string) (format.Result, error) {
		c, err := store.Between(ctx, domain, runs...)
		return result(c, view.ComparisonDoc), err
	})
}

func newTrend() *cobra.Command {
	var q historyQuestion
	cmd := &cobra.Command{
		Use:   "trend DOMAIN",
		Short: "The score over time, and the runs in which something changed",
		Example: `  mailworthy trend --history mail.db acme.example
  mailworthy trend --history mail.db -o trend.html acme.example`,
	}
	q.addLimit(cmd, 0, "runs")
	cmd.Flags().BoolVarP(&q.verbose, "verbose", "v", false, "show runs without a change too")
	return q.ofDomain(cmd, 0, func(ctx context.Context, store *history.Store, domain string, _ []string) (format.Result, error) {
		t, err := store.Trend(ctx, domain, q.limit)
		if err == nil && len(t.Points) == 0 {
			err = fmt.Errorf("history %s: %w of %s", q.history.file, history.ErrNoRun, domain)
		}
		return result(t, func(t *report.Trend) *view.Doc { return view.TrendDoc(t, q.verbose) }), err
	})
}
