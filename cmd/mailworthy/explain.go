package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/internal/show"
	"mailworthy/report/view"
	"mailworthy/resolver"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/proof"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	dns       dnsFlags
	output    outputFlags
	texts     []string
	knowledge []string
	noProof   bool
	lists     string
	stated    explain.Statement
}

func newExplain() *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain [FILE...]",
		Short: "An SMTP reply, a bounce or a log line: who said it, why, who must act, and the proof",
		Long: `Explains why a message did not arrive. It takes a raw mail (a bounce of any
system, an abuse report, an automatic answer, an mbox file of many), a pasted
bounce, an SMTP reply, lines of a mail log, or a code alone, and tells them apart
by itself: files, - for standard input, --text for the text itself.

Of each recipient it says who refused (the receiver, or your own server, whose
codes are no verdict of anybody), why, who must act, and what to do. Where the DNS
can show the cause, it is asked: exactly for the domains, the address and the
selector in hand. What the text does not say, state: --domain, --ip, --selector,
--helo, --mail-from, --recipient. --domain also tells backscatter, the bounces of
messages that you never sent.

--knowledge adds texts that you know the meaning of. A file has blocks:
  = REASON [receiver=gmail] [code=550] [permanent=yes|no] [who=sender] [proof=spf]
  > what it means
  + what to do
  a text to look for; * stands for anything

Exit status: 0 explained, 1 a recipient failed for good, 2 nothing could be read.`,
		Example: `  mailworthy explain bounce.eml
  mailworthy explain --text "550 5.7.26 Unauthenticated email from acme.example" --ip 192.0.2.10
  mailworthy explain 421
  grep status=bounced /var/log/mail.log | mailworthy explain --format json -`,
		RunE: f.run,
	}
	f.dns.add(cmd)
	f.output.addDocument(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.texts, "text", nil, "explain this `text`; repeatable")
	flags.StringArrayVar(&f.knowledge, "knowledge", nil, "a `file` of texts and what they mean, before those that are built in; repeatable")
	flags.BoolVar(&f.noProof, "no-proof", false, "do not ask the DNS for the cause")
	addListsFlag(cmd, &f.lists)
	flags.StringVar(&f.stated.Domain, "domain", "", "your `domain`: the one in From")
	flags.StringVar(&f.stated.IP, "ip", "", "the `address` that sent")
	flags.StringVar(&f.stated.HELO, "helo", "", "the `name` that it greeted with")
	flags.StringVar(&f.stated.MailFrom, "mail-from", "", "the envelope sender, an address or its `domain`")
	flags.StringVar(&f.stated.Recipient, "recipient", "", "the recipient, an address or its `domain`")
	flags.StringArrayVar(&f.stated.Selectors, "selector", nil, "the DKIM `selector` that signed; repeatable")
	flags.StringVar(&f.stated.DKIMDomain, "dkim-domain", "", "the `domain` that signed (d=); default: that of the message")
	return cmd
}

func (f *explainFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.output.check(); err != nil {
		return err
	}
	stated, err := f.stated.Stated()
	if err != nil {
		return ofFlag(err)
	}
	if len(args)+len(f.texts) == 0 {
		return withHint(errors.New("nothing to explain"), "usage: %s, or --text TEXT, or - for standard input", cmd.UseLine())
	}
	x := &explain.Explainer{Stated: stated}
	if x.Knowledge, err = explain.ReadKnowledge(cmd.Context(), f.knowledge); err != nil {
		return ofFlag(err)
	}
	prover, verbose, closing, err := f.prover(cmd)
	if err != nil {
		return err
	}
	defer closing()
	report := &explain.Report{Schema: explain.Schema, Inputs: []explain.Input{}}
	inputs, failed := x.ReadAll(cmd.Context(), explain.Sources{Texts: f.texts, Names: args, Stdin: cmd.InOrStdin()})
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	report.Inputs = append(report.Inputs, inputs...)
	bad := len(failed)
	for _, err := range failed {
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", show.Escape(err.Error()))
	}
	report.Prove(cmd.Context(), prover)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if len(report.Inputs) > 0 {
		if err := f.output.document(cmd, verbose, result(report.Short(), view.ExplainDoc)); err != nil {
			return err
		}
	}
	others, lines := report.Others()
	bad += others
	for _, line := range lines {
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", show.Escape(line))
	}
	switch {
	case report.Failed():
		return exit(exitFindings)
	case bad > 0 && !report.Readable():
		return exit(exitUsage)
	}
	return nil
}

// prover opens what asks the DNS. With --no-proof, and with --offline without a zone,
// nothing is asked.
func (f *explainFlags) prover(cmd *cobra.Command) (*proof.Prover, bool, func(), error) {
	none := func() {}
	if f.noProof || f.dns.Offline && len(f.dns.Zones) == 0 && len(f.dns.Resolvers) == 0 {
		return proof.New(nil, audit.Options{}), f.dns.verbose > 0, none, nil
	}
	catalogue, err := openCatalogue(cmd.Context(), f.lists)
	if err != nil {
		return nil, false, none, err
	}
	s, err := f.dns.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return nil, false, none, err
	}
	o := audit.Options{Catalogue: catalogue}
	s.Bound(&o)
	p := proof.New(s.Stack, o)
	p.Flags = f.dns.repeated()
	return p, s.verbose, s.Close, nil
}

// repeated are the flags that say whom to ask, as a shell takes them.
func (f *dnsFlags) repeated() string {
	var b strings.Builder
	for _, z := range f.Zones {
		b.WriteString(" --zone " + show.ShellQuote(z))
	}
	for _, r := range f.Resolvers {
		b.WriteString(" --resolver " + show.ShellQuote(cmp.Or(resolver.WithoutSecrets(r), r)))
	}
	if f.Offline {
		b.WriteString(" --offline")
	}
	if f.Now != "" {
		b.WriteString(" --now " + show.ShellQuote(f.Now))
	}
	return b.String()
}
