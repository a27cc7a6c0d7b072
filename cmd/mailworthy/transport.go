package main

import (
	"context"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/inspect"
	"mailworthy/report/view"
	"mailworthy/transport"
)

// addFetching adds the flags that say how what records lead to is fetched.
func addFetching(cmd *cobra.Command, f *inspect.Fetching) {
	cmd.Flags().BoolVar(&f.AllowPrivate, "allow-private", false, "connect to private and loopback addresses too, where records lead there")
	cmd.Flags().StringVar(&f.Roots, "tls-ca", "", "trust the certificates of this PEM `file` as well")
}

// transportCheck is one command about transport security.
type transportCheck struct {
	inspect.Part
	short, checkShort, long string
	// logo: it looks for a logo.
	logo bool
	doc  func(t *inspect.Transport) *view.Doc
}

func newMTASTS() *cobra.Command {
	return newTransportCheck(transportCheck{Part: inspect.MTASTS, short: "MTA-STS alone: record, policy, MX hosts",
		checkShort: "Record and policy of MTA-STS, and whether the policy covers every MX host",
		long: `Asks for the record at _mta-sts, fetches the policy over HTTPS as senders do (no
redirect, the certificate for that name, 64 KB) and holds every MX host against
its patterns. What did not answer is unknown, never missing. If the policy has a
fault, the one to publish in its place is shown.`,
		doc: func(t *inspect.Transport) *view.Doc { return view.STSDoc(t.MTASTS, t.Findings) }})
}

func newTLSRPT() *cobra.Command {
	return newTransportCheck(transportCheck{Part: inspect.TLSRPT, short: "TLS reporting alone: record and destinations",
		checkShort: "The record of TLS reporting, and whether its destinations can receive",
		long: `Asks for the record at _smtp._tls, and whether the domains and hosts of its
destinations exist and accept mail. Nothing is sent to them.`,
		doc: func(t *inspect.Transport) *view.Doc { return view.ReportingDoc(t.TLSRPT, t.Findings) }})
}

func newDNSSEC() *cobra.Command {
	return newTransportCheck(transportCheck{Part: inspect.DNSSEC, short: "DNSSEC alone: the domain and its MX hosts",
		checkShort: "Whether the domain and its MX hosts are signed, and whether the signatures hold",
		long: `Asks a resolver that validates: on this machine, or over tls:// or https://, or one
that --trust-ad states can be trusted. Through any other nothing is said. What ends
in SERVFAIL is asked again without validation: an answer then is bogus.`,
		doc: func(t *inspect.Transport) *view.Doc { return view.DNSSECDoc(t.DNSSEC, t.Findings) }})
}

func newDANE() *cobra.Command {
	return newTransportCheck(transportCheck{Part: inspect.DANE, short: "DANE alone: the TLSA records of the MX hosts",
		checkShort: "The TLSA records of the MX hosts, and whether senders can use them",
		long: `Asks for the TLSA records of the MX hosts through a resolver that validates: on this
machine, or over tls:// or https://, or one that --trust-ad states can be trusted.
No host is connected to: whether a record matches the certificate is not checked.`,
		doc: func(t *inspect.Transport) *view.Doc { return view.DANEDoc(t.DNSSEC, t.Findings) }})
}

func newBIMI() *cobra.Command {
	return newTransportCheck(transportCheck{Part: inspect.BIMI, short: "BIMI alone: record, logo, certificate", logo: true,
		checkShort: "Record, logo and certificate of BIMI, and which mailboxes would show the logo",
		long: `Asks for the record at default._bimi (or that of --selector), or else that of the
organizational domain, fetches the logo and the mark certificate that it names (https,
no redirect, public addresses, bounded), and judges them: the logo as SVG Tiny PS, the
certificate (VMC or CMC) by its path to a mark root, names, dates and the logo inside,
and DMARC, which has to be enforced. Whether a certificate was revoked is not checked.
What did not answer is unknown, never missing.`,
		doc: func(t *inspect.Transport) *view.Doc { return view.BIMIDoc(t.BIMI, t.Findings) }})
}

// addLogo adds the flags that say which logo is looked for, and who may certify it.
func addLogo(cmd *cobra.Command, f *inspect.Logo) {
	cmd.Flags().StringVar(&f.Selector, "selector", transport.DefaultSelector, "look for the record of this `selector`")
	cmd.Flags().StringVar(&f.MarkRoots, "mark-roots", "", "trust the mark roots of this PEM `file` as well")
}

// trustADUsage is the help of --trust-ad.
const trustADUsage = "the path to the resolver can be trusted: believe it when it says that an answer is validated"

func newTransportCheck(c transportCheck) *cobra.Command {
	parent := &cobra.Command{Use: c.Name, Short: c.short, Example: "  mailworthy " + c.Name + " check acme.example\n  mailworthy " + c.Name + " check --format json acme.example"}
	var (
		q     question
		web   inspect.Fetching
		logo  inspect.Logo
		trust bool
	)
	cmd := &cobra.Command{
		Use: "check DOMAIN", Short: c.checkShort, Long: c.long, Example: parent.Example,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              exactly("DOMAIN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			domain, err := audit.ParseAuthorDomain(args[0])
			if err != nil {
				return err
			}
			var with transport.Tools
			if c.logo {
				if with.BIMI, err = logo.Tools(); err != nil {
					return ofFlag(err)
				}
			}
			return q.ask(cmd, func(ctx context.Context, s *session) (*answer, error) {
				if err := s.Held(domain); err != nil {
					return nil, err
				}
				if with.Web, err = s.Web(web); err != nil {
					return nil, ofFlag(err)
				}
				if c.Validated {
					if with.Validator, err = s.Validator(trust); err != nil {
						return nil, err
					}
				}
				t := c.Examine(ctx, s.Asker(), domain, with)
				return &answer{Result: result(t, c.doc), findings: t.Findings}, nil
			})
		},
	}
	q.add(cmd)
	if c.Web {
		addFetching(cmd, &web)
	}
	if c.logo {
		addLogo(cmd, &logo)
	}
	if c.Validated {
		cmd.Flags().BoolVar(&trust, "trust-ad", false, trustADUsage)
	}
	q.failOn.add(cmd, "")
	parent.AddCommand(cmd)
	return parent
}
