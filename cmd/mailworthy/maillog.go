package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/internal/show"
	"mailworthy/report/export"
	"mailworthy/report/view"
	"mailworthy/smtp/maillog"
)

// maillogFlags are the flags of logs, the command that reads logs of mail servers.
type maillogFlags struct {
	output  outputFlags
	stated  maillog.Statement
	now     string
	events  bool
	follow  bool
	verbose bool
}

func newLogs() *cobra.Command {
	f := &maillogFlags{}
	cmd := &cobra.Command{
		Use:   "logs FILE... | -",
		Short: "Mail server logs: which receivers take the mail, which defer or refuse it, and why",
		Long: `Reads logs of Postfix, Exim, sendmail, OpenSMTPD, qmail and mox, in any order,
rotated and compressed (gzip, bzip2, xz, zstd). It counts recipients of messages: one
deferred five times and then delivered is one delivery with five deferrals. Mail that
goes to a content filter and comes back is counted once.

Times without a year are taken to be of the year before the file was last written;
--year states that of the first line. Times without a zone are of this machine (TZ).`,
		Example: `  mailworthy logs /var/log/mail.log*
  mailworthy logs --since 24h --by domain /var/log/mail.log
  journalctl -u postfix@- -o short-iso | mailworthy logs -
  mailworthy logs --fail-on-bounces 5% --since 24h /var/log/mail.log
  mailworthy logs --events /var/log/exim4/mainlog | jq 'select(.event == "bounced")'`,
		RunE: f.run,
	}
	flags := cmd.Flags()
	f.output.addDocument(cmd, "csv")
	flags.StringVar(&f.stated.By, "by", "receiver", "group by `receiver|domain|reason|sender`")
	flags.StringVar(&f.stated.MTA, "mta", "auto", "the `program` of the log: "+strings.Join(maillog.Words(), ", "))
	flags.StringVar(&f.stated.Since, "since", "", "count from this `time` on: 24h, 7d, a date, or RFC 3339")
	flags.StringVar(&f.stated.Until, "until", "", "count up to this `time`")
	flags.IntVar(&f.stated.Year, "year", 0, "the `year` of the first line of each file, if its times have none")
	flags.StringVar(&f.now, "now", "", "take this `time` (RFC 3339) for now")
	flags.StringVar(&f.stated.FailOnBounces, "fail-on-bounces", "", "end with status 1 if at least this `percent` of the recipients failed for good: 5%")
	flags.BoolVar(&f.events, "events", false, "write each event as a line of JSON (NDJSON)")
	flags.BoolVar(&f.follow, "follow", false, "go on with what is written to the file, rotated or not, until interrupted")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show all groups, and more examples")
	cli.TakesWords(cmd, "mta", maillog.Words()...)
	return cmd
}

// options are what the flags say of reading.
func (f *maillogFlags) options() (o maillog.Options, err error) {
	clock, err := inspect.ClockAt(f.now)
	if err != nil {
		return o, ofFlag(err)
	}
	if clock == nil {
		clock = time.Now
	}
	if o, err = f.stated.Options(clock()); errors.Is(err, maillog.ErrPeriod) {
		err = errors.New("--since is not before --until")
	}
	return o, ofFlag(err)
}

func (f *maillogFlags) run(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return withHint(errors.New("FILE is missing"), "usage: %s", cmd.UseLine())
	}
	if err := f.output.check(); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	if f.follow && len(args) > 1 {
		return errors.New("--follow follows one file")
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	var unwritten error
	live := !f.follow
	if f.events || f.follow {
		o.Event = func(e *maillog.Event) {
			switch {
			case unwritten != nil || !live:
				return
			case f.events:
				unwritten = export.WriteLogEvent(out, e)
			case e.Failed():
				_, unwritten = out.WriteString(view.LogLine(e))
			}
			if unwritten == nil && f.follow {
				unwritten = out.Flush()
			}
		}
	}
	l := maillog.New(o)
	var files []maillog.File
	if f.follow {
		files, err = l.FollowFile(cmd.Context(), args[0], cmd.InOrStdin(), func() { live = true })
	} else {
		files, err = l.ReadFiles(cmd.Context(), args, cmd.InOrStdin())
	}
	if err == nil {
		err = unwritten
	}
	if err == nil && f.events {
		err = out.Flush()
	}
	if err != nil {
		return err
	}
	r := l.Report(maillog.By(f.stated.By))
	r.Files = files
	skipped, err := r.Unread()
	level := "warning"
	if err != nil {
		level = "error"
	}
	for _, why := range skipped {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", level, show.Escape(why.Error()))
	}
	if err != nil {
		return err
	}
	if !f.events {
		said := r.Short()
		if f.verbose {
			said = r
		}
		shown := result(said, func(*maillog.Report) *view.Doc { return view.LogsDoc(r, f.verbose) }).With("csv", func(w io.Writer) error { return export.WriteLogsCSV(w, r) })
		if err := f.output.document(cmd, f.verbose, shown); err != nil {
			return err
		}
	}
	if r.TooManyBounces(o) {
		return exit(exitFindings)
	}
	return nil
}
