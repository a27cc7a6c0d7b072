package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/provider"
	"mailworthy/report/export"
	"mailworthy/report/view"
	"mailworthy/smtp/probe"
)

// passwordVariable is the variable of the environment that has the password of --login.
const passwordVariable = "MAILWORTHY_SMTP_PASSWORD"

type probeFlags struct {
	question
	stated       probe.Statement
	tlsCA        string
	allowPrivate bool
	passwordFile string
	services     string
	trustAD      bool
}

func newProbe() *cobra.Command {
	f := &probeFlags{}
	cmd := &cobra.Command{
		Use:   "probe HOST[:PORT]...|DOMAIN...",
		Short: "Connect to mail servers and see how far a session gets, step by step",
		Long: `Connects to a host, or to every MX host of a domain, and does a session at each address
and port: banner, EHLO, STARTTLS (on 465 TLS from the first byte), EHLO again, QUIT. Each
step has an outcome and its time. No message is sent, but with --smuggling-to to a
mailbox of your own.

A name without a port whose domain has MX records is a domain: its MX hosts are probed on
port 25. Any other name or address is a host: ports 25, 465 and 587.
What MX hosts show is held against the MTA-STS policy and the TLSA records of the domain.

What cannot be seen from here (a blocked port 25, no IPv6, a server that limits
connections) is unknown, and never "no STARTTLS".

--login reads the password from --password-file, from ` + passwordVariable + `,
or asks for it. It goes to servers with TLS and a certificate that verifies only.

Exit status: 0 nothing at or above --fail-on, 1 something is, 2 bad input, 3 what could
not be seen from here could change that. With --format nagios: 0 1 2 3 as its states.`,
		Example: `  mailworthy probe acme.example
  mailworthy probe smtp.acme.example:587 smtp.acme.example:465
  mailworthy probe acme.example --tls-versions
  mailworthy probe mail.acme.example --port 25 --relay-to somebody@elsewhere.example
  mailworthy probe smtp.sendgrid.net:587 --login apikey --password-file key.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return withHint(errors.New("HOST or DOMAIN is missing"), "usage: %s", cmd.UseLine())
			}
			return nil
		},
		RunE: f.run,
	}
	f.add(cmd, "nagios", "prometheus")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.stated.Ports, "port", nil, "connect to these `ports` where the target states none; default: 25 of MX hosts, 25,465,587 of hosts")
	flags.StringVar(&f.stated.HELO, "helo", "", "greet with this `name`; default: the address of the connection, as [192.0.2.1]")
	flags.StringVar(&f.stated.TLS, "tls", "auto", "how TLS begins: `auto|starttls|implicit`; auto: from the first byte on 465, else STARTTLS")
	flags.StringVar(&f.tlsCA, "tls-ca", "", "trust the root certificates of this PEM `file`, too")
	flags.BoolVar(&f.allowPrivate, "allow-private", false, "connect to private addresses even if MX records lead there")
	flags.BoolVar(&f.trustAD, "trust-ad", false, "the path to the resolver can be trusted: believe it when it says that an answer is validated (for DANE)")
	flags.StringVar(&f.stated.RelayTo, "relay-to", "", "try MAIL and RCPT with this `address` of another domain, and RSET; never a message")
	flags.BoolVar(&f.stated.Smuggling, "smuggling", false, "try whether a command that ends in a bare line feed is taken: NOOP, never a message")
	flags.StringVar(&f.stated.SmugglingTo, "smuggling-to", "", "send messages with wrong ends of data to this `address`, a mailbox of yours at the target: up to 5 of them for each port")
	flags.BoolVar(&f.stated.TLSVersions, "tls-versions", false, "find out which versions of TLS (1.0 to 1.3) each server accepts, by up to four more connections after all others")
	flags.StringVar(&f.stated.Login, "login", "", "log in as this `user`, over verified TLS only, one attempt a mechanism")
	flags.StringVar(&f.passwordFile, "password-file", "", "read the password of --login from the first line of this `file`")
	flags.StringSliceVar(&f.stated.Auth, "auth", nil, "log in with these `mechanisms`: plain, login, cram-md5, scram-sha-256, scram-sha-1, xoauth2 (the password is an access token); default: all but the last, as offered")
	flags.StringVar(&f.stated.Provider, "provider", "", "the `service` whose habits explain a refused login; default: found by the host")
	flags.DurationVar(&f.stated.ConnectTimeout, "connect-timeout", probe.DefaultConnect, "how long a connection may take to be made")
	flags.DurationVar(&f.stated.StepTimeout, "step-timeout", probe.DefaultStep, "how long an answer may take")
	cli.TakesWords(cmd, "auth", probe.Words()...)
	f.failOn.add(cmd, "")
	addServicesFlag(cmd, &f.services)
	completeServices(cmd, (*provider.Catalogue).All)
	// A session has its own patience besides that of the DNS.
	deadline := flags.Lookup("deadline")
	deadline.Usage = "how long one target may take, the DNS included"
	deadline.DefValue = probe.DefaultDeadline.String()
	f.dns.Deadline = probe.DefaultDeadline
	return cmd
}

// options checks the flags and makes the options of a probe of them.
func (f *probeFlags) options(cmd *cobra.Command) (o probe.Options, err error) {
	if f.stated.Password = f.passwordFile != ""; f.stated.ConnectTimeout <= 0 || f.stated.StepTimeout <= 0 {
		return o, errors.New("--connect-timeout and --step-timeout must be more than 0") // in a statement that is the default
	}
	services, err := catalogue(f.services)
	if err != nil {
		return o, err
	}
	if o, err = f.stated.Options(services); err != nil {
		return o, ofFlag(err)
	}
	if o.Roots, err = inspect.Roots(f.tlsCA); err != nil || o.Login == nil {
		return o, ofFlag(err)
	}
	o.Login.Password, err = cli.Password{Flag: "--password-file", File: f.passwordFile, Variable: passwordVariable, User: o.Login.User}.Read(cmd)
	return o, err
}

func (f *probeFlags) run(cmd *cobra.Command, args []string) error {
	failOn, err := f.failOn.limit()
	if err != nil {
		return err
	}
	targets, err := probe.ParseTargets(args)
	if err != nil {
		return err
	}
	return f.ask(cmd, func(_ context.Context, s *session) (*answer, error) {
		o, err := f.options(cmd)
		if err != nil {
			return nil, err
		}
		if err := s.Probe(&o, len(targets), f.allowPrivate, f.trustAD); err != nil {
			return nil, err
		}
		if err := probe.CheckMailboxes(cmd.Context(), targets, o); err != nil {
			return nil, ofFlag(err)
		}
		// Each target has a deadline of its own.
		r := probe.Run(cmd.Context(), targets, o)
		a := &answer{findings: r.Findings(), Result: result(r, view.ProbeDoc).
			With("nagios", func(w io.Writer) error { return export.WriteProbeNagios(w, r, failOn, s.unknownOK) }).
			With("prometheus", func(w io.Writer) error { return export.WriteProbePrometheus(w, r) })}
		if f.output.Format == "nagios" {
			a.status = func(finding.Severity) int { return export.ProbeNagiosStatus(r, failOn, s.unknownOK) }
		}
		return a, nil
	})
}
