package main

import (
	"github.com/spf13/cobra"

	"mailworthy/doctor"
	"mailworthy/report"
	"mailworthy/report/format"
	"mailworthy/report/view"
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
names that do not exist, answers for TXT, MX and PTR, validates DNSSEC, answers over
TCP, and which block lists (DNSBL) refuse it; and whether IPv6 works and the clock is
right. Several --resolver are examined one by one. Each line is ok, problem or unknown, with what to do about it.

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
			var e *doctor.Examination
			if err := output.show(cmd, dns.verbose > 0, func() (format.Result, error) {
				catalogue, err := openCatalogue(cmd.Context(), lists)
				if err != nil {
					return format.Result{}, err
				}
				if e, err = dns.Doctor(cmd.Context(), catalogue, warning(cmd.ErrOrStderr())); err == nil {
					err = cmd.Context().Err()
				}
				return result(e, view.DoctorDoc), ofFlag(err)
			}); err != nil {
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
