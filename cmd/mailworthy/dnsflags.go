package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/inspect"
	"mailworthy/internal/logging"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// dnsFlags are the flags of every command that asks the DNS.
type dnsFlags struct {
	inspect.Asking
	unknown   string
	verbose   int
	logFormat string
}

func (f *dnsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.Resolvers, "resolver", nil, "ask this `server` (host[:port], udp://, tcp://, tls://, https://…/dns-query); repeatable; default: the system's")
	flags.StringArrayVar(&f.Zones, "zone", nil, "answer from this zone file (BIND format), or the .zone, .db and .txt zone files of this folder (`FILE[@ORIGIN]`); repeatable")
	flags.BoolVar(&f.Offline, "offline", false, "never touch the network: what no zone answers is not checked")
	flags.StringVar(&f.unknown, "unknown", "fail", "whether what the DNS did not say ends in exit status 3: `fail|ok`")
	flags.DurationVar(&f.Timeout, "timeout", 2*time.Second, "how long to wait for each try of a question")
	flags.IntVar(&f.Retries, "retries", 2, "further tries for a question that is not answered")
	flags.DurationVar(&f.Deadline, "deadline", 30*time.Second, "how long one domain may take")
	flags.IntVar(&f.MaxQueries, "max-queries", 500, "how many questions one domain may cost")
	flags.StringVar(&f.Now, "now", "", "judge expiry at this `time` (RFC 3339) instead of now")
	flags.CountVarP(&f.verbose, "verbose", "v", "show passes, notices and evidence, and log to standard error; twice: log every question")
	flags.StringVar(&f.logFormat, "log-format", "text", "log as `text|json`")
}

// session is what a command needs to ask the DNS. Whoever opens one closes it.
type session struct {
	*inspect.Session
	verbose bool
	log     *slog.Logger
	// unknownOK: what the DNS did not say does not end in exit status 3.
	unknownOK bool
}

// Held is that of the session, in the words of the flags.
func (s *session) Held(domain string) error { return ofFlag(s.Session.Held(domain)) }

// exit is the error that carries the status of what was found.
func (s *session) exit(status int) error {
	if status == exitIncomplete && s.unknownOK {
		status = exitOK
	}
	return exit(status)
}

// open checks the flags and opens what asks by them.
func (f *dnsFlags) open(ctx context.Context, stderr io.Writer) (*session, error) {
	log, err := logging.New(stderr, f.logFormat, f.verbose)
	if err != nil {
		return nil, fmt.Errorf("--log-format %w", err)
	}
	s, err := f.Open(ctx, warning(stderr))
	if err != nil {
		return nil, ofFlag(err)
	}
	return &session{Session: s, verbose: f.verbose > 0, log: log, unknownOK: f.unknown == "ok"}, nil
}

// warning writes what is odd and keeps nothing from going on.
func warning(stderr io.Writer) func(text string) {
	return func(text string) { fmt.Fprintf(stderr, "warning: %s\n", show.Escape(text)) }
}

// sayWhyUnknown says below a run in which no resolver answered what doctor finds, in at
// most two lines.
func (f *dnsFlags) sayWhyUnknown(ctx context.Context, stderr io.Writer) {
	if e := f.Briefly(ctx); e != nil {
		for _, line := range view.DoctorLines(e) {
			fmt.Fprintln(stderr, show.Escape(line))
		}
	}
}

// logAudit logs what an audit asked.
func (s *session) logAudit(r *report.Report) {
	// The arguments would be allocated for each question, wanted or not.
	if s.log.Enabled(context.Background(), slog.LevelDebug) {
		for _, q := range r.Trace {
			s.log.Debug("question", "domain", r.Domain, "name", q.Name, "type", q.Type.String(), "status", q.Status,
				"server", q.Server, "duration_ms", q.Duration.Milliseconds())
		}
	}
	s.log.Info("audited", "domain", r.Domain, "questions", r.Queries, "duration_ms", r.DurationMS)
}
