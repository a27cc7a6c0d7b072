package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report/view"
	"mailworthy/spf"
)

func newSPF() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spf",
		Short: "SPF alone: check, evaluate for one client, flatten",
		Example: `  mailworthy spf check --tree acme.example
  mailworthy spf evaluate --ip 192.0.2.10 --mail-from info@acme.example
  mailworthy spf flatten acme.example`,
	}
	cmd.AddCommand(newSPFCheck(), newSPFEvaluate(), newSPFFlatten())
	return cmd
}

func newSPFCheck() *cobra.Command {
	f := &auditFlags{}
	cmd := &cobra.Command{
		Use:   "check DOMAIN...",
		Short: "The SPF section of the audit; --tree shows every term with its cost",
		Example: `  mailworthy spf check acme.example
  mailworthy spf check --tree acme.example
  mailworthy spf check --ip 192.0.2.10 acme.example`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.report(cmd, args, []finding.Section{finding.SPF})
		},
	}
	f.dns.add(cmd)
	f.output.addReports(cmd, "table", "json", "ndjson", "markdown", "html")
	f.addTarget(cmd, finding.SPF)
	cmd.Flags().BoolVar(&f.tree, "tree", false, "show every record and term with its cost, void lookups and addresses")
	return cmd
}

func newSPFEvaluate() *cobra.Command {
	var (
		q                  question
		ip, helo, mailFrom string
	)
	cmd := &cobra.Command{
		Use:   "evaluate --ip IP [--helo NAME] [--mail-from ADDRESS] [DOMAIN]",
		Short: "check_host() of RFC 7208 for one client",
		Long: `Evaluates SPF as a receiver does for one client: its address, its HELO name and
its envelope sender. An empty --mail-from '' is the null sender of bounces, for
which the HELO name is checked. A DOMAIN replaces the domain of the sender.`,
		Example: `  mailworthy spf evaluate --ip 192.0.2.10 --mail-from info@acme.example
  mailworthy spf evaluate --ip 192.0.2.10 --helo mx1.acme.example --mail-from ''
  mailworthy spf evaluate --ip 2001:db8::10 acme.example --format json`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			client := spf.Client{HELO: helo, MailFrom: mailFrom}
			addr, err := netip.ParseAddr(ip)
			switch {
			case ip == "":
				return withHint(errors.New("--ip is missing"), "usage: %s", cmd.UseLine())
			case err != nil || addr.Zone() != "":
				return withHint(fmt.Errorf("--ip %q is not an IP address", ip), "write it as 192.0.2.10 or 2001:db8::10")
			case len(args) > 1:
				return withHint(fmt.Errorf("unexpected argument %q", args[1]), "usage: %s", cmd.UseLine())
			}
			client.IP = addr
			if len(args) == 1 {
				if client.Domain, err = audit.ParseDomain(args[0]); err != nil {
					return err
				}
			}
			switch {
			case !cmd.Flags().Changed("mail-from") && client.Domain != "":
				client.MailFrom = "postmaster@" + client.Domain
				client.Assumed.LocalPart = true
			case client.MailFrom == "" && client.HELO == "" && client.Domain == "":
				return withHint(errors.New("nothing to evaluate"), "give --mail-from, --helo or a domain")
			case strings.ContainsFunc(client.MailFrom[strings.LastIndex(client.MailFrom, "@")+1:], unicode.IsSpace):
				return fmt.Errorf("--mail-from %q: its domain contains a space", client.MailFrom)
			case client.MailFrom != "" && !strings.Contains(client.MailFrom, "@"):
				client.MailFrom = "postmaster@" + client.MailFrom
				client.Assumed.LocalPart = true
			}
			client.Assumed.HELO, client.Assumed.Names = helo == "", true
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				client.Now = s.now
				asker := s.asker()
				e := spf.CheckHost(ctx, asker, client)
				audit.UncheckSPF(&e, asker.Trace())
				return &answer{value: e, doc: func() *view.Doc { return view.EvaluationDoc(e) }}, nil
			})
		},
	}
	q.add(cmd)
	cmd.Flags().StringVar(&ip, "ip", "", "the `address` of the client")
	cmd.Flags().StringVar(&helo, "helo", "", "the `name` it greets with")
	cmd.Flags().StringVar(&mailFrom, "mail-from", "", "the envelope sender `address`; '' is the null sender")
	return cmd
}
