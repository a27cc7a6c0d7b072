package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/doctor"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/report/view"
	"mailworthy/resolver"
)

func newDoctor() *cobra.Command {
	var (
		dns    dnsFlags
		output outputFlags
		lists  string
		failOn failOnFlag
	)
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Whether this machine can audit: resolver, DNSSEC, TCP, block lists, IPv6, clock",
		Long: `Asks the resolver what an audit needs of it: whether it sees the public DNS, denies
names that do not exist, validates DNSSEC, answers over TCP, and which block lists
(DNSBL) refuse it; and whether IPv6 works and the clock is right. Several --resolver
are examined one by one. Each line is ok, problem or unknown, with what to do about it.

Exit status: 0 nothing at or above --fail-on, 1 a problem is, 2 bad input, 3 something
is not known.`,
		Example: `  mailworthy doctor
  mailworthy doctor --resolver 192.0.2.53 --resolver tls://192.0.2.54
  mailworthy doctor --format json`,
		Args:              exactly(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			limit, err := failOn.limit()
			if err != nil {
				return err
			}
			if err := output.check(); err != nil {
				return err
			}
			catalogue, err := openCatalogue(cmd.Context(), lists)
			if err != nil {
				return err
			}
			e, err := examine(cmd.Context(), dns, catalogue, false, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if err := output.document(cmd, dns.verbose > 0, e, func() *view.Doc { return view.DoctorDoc(e) }); err != nil {
				return err
			}
			return exit(e.Status(limit, limit == report.Never, dns.unknown == "ok"))
		},
	}
	dns.add(cmd)
	output.addDocument(cmd)
	addListsFlag(cmd, &lists)
	failOn.add(cmd, "")
	return cmd
}

// examine examines each resolver of the flags.
func examine(ctx context.Context, dns dnsFlags, catalogue *rbl.Catalogue, quick bool, stderr io.Writer) (*doctor.Examination, error) {
	if dns.offline && len(dns.zones) == 0 {
		now := time.Now()
		if clock, err := clockAt(dns.now); err != nil {
			return nil, err
		} else if clock != nil {
			now = clock()
		}
		return doctor.Offline(now), nil
	}
	s, err := dns.open(stderr)
	if err != nil {
		return nil, err
	}
	defer s.stack.Close()
	if dns.offline {
		return doctor.Offline(s.now), nil
	}
	o, closing, err := doctor.Open(resolver.Config{Servers: dns.resolvers, Timeout: dns.timeout, Retries: dns.tries()}, quick)
	if err != nil {
		return nil, err
	}
	defer closing()
	o.Catalogue, o.Now = catalogue, s.now
	ctx, cancel := s.context(ctx)
	defer cancel()
	return doctor.Examine(ctx, o), nil
}

// sayWhyUnknown says below a run in which no resolver answered what doctor finds, in at
// most two lines. It is asked once in a run, and briefly.
func sayWhyUnknown(ctx context.Context, dns dnsFlags, stderr io.Writer) {
	if dns.offline {
		return
	}
	dns.retries, dns.timeout, dns.deadline = 0, min(dns.timeout, time.Second), 3*time.Second
	e, err := examine(ctx, dns, nil, true, io.Discard)
	if err != nil {
		return
	}
	for _, line := range view.DoctorLines(e) {
		fmt.Fprintln(stderr, show.Escape(line))
	}
}
