package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/inspect"
	"mailworthy/internal/cli"
	"mailworthy/internal/field"
	"mailworthy/internal/lockfile"
	"mailworthy/internal/show"
	"mailworthy/report/export"
	"mailworthy/report/view"
	"mailworthy/smtp/roundtrip"
)

// mailboxVariable is the variable of the environment that has the password of --wait.
const mailboxVariable = "MAILWORTHY_IMAP_PASSWORD"

type roundtripFlags struct {
	dns    dnsFlags
	output outputFlags

	stated            roundtrip.Statement
	passwordFile      string
	waitPasswordFiles []string
	waitAuth          string
	tlsCA             string
	state             string
	quiet             bool
}

func newRoundtrip() *cobra.Command {
	f := &roundtripFlags{}
	cmd := &cobra.Command{
		Use:   "roundtrip --via URL --from ADDRESS --to ADDRESS --wait PLACE",
		Short: "Send a synthetic mail, wait for it in the mailbox, and judge what became of it",
		Long: `Sends a small mail with a token in its Message-ID, subject and a field of its own, waits
for it, and says what became of it: arrived, spam, bounced, deferred, lost or unknown, with
the time and TLS of each hop, what the receiver wrote into Authentication-Results, and the
audit of the mail that arrived (as the message command makes it).

--wait is where it arrives, or a bounce of it; repeatable: the sender's mailbox is where
bounces come. imaps://user@host reads every folder, the junk folder too, and changes
nothing; maildir:DIR with its folders; a file (an mbox, or one message).

After an answer that calls the failure temporary (4xx) the same mail is sent again, after
1, 5, 15, 30 and 60 minutes (--retry), and never after a refusal (5xx). With --state FILE
a run that was ended goes on by the same command, and a second copy that comes after a run
is counted by the next one.

Passwords come from --password-file and --wait-password-file, from ` + passwordVariable + `
and ` + mailboxVariable + `, or are asked for. They are sent inside TLS
whose certificate verifies, and nowhere else.

Exit status: 0 arrived; 1 spam, bounced or lost; 2 bad usage; 3 unknown or deferred. With
--format nagios: 0 arrived, 1 spam, deferred or there twice, 2 bounced or lost, 3 unknown.`,
		Example: `  mailworthy roundtrip --via smtp://me@smtp.acme.example --from me@acme.example --to me@other.example --wait imaps://me@imap.other.example
  mailworthy roundtrip --via smtps://me@smtp.acme.example --from me@acme.example --to test@acme.example --wait maildir:/home/test/Maildir --state test.state
  mailworthy roundtrip --via smtp://mx.acme.example:25 --from a@acme.example --to b@acme.example --wait /var/mail/b --format nagios`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.dns.add(cmd)
	f.output.addDocument(cmd, "nagios", "prometheus")
	flags := cmd.Flags()
	flags.StringVar(&f.stated.Via, "via", "", "send by this server: `smtp://[USER@]HOST[:587]` (STARTTLS), smtps://[USER@]HOST[:465] (TLS from the first byte)")
	flags.StringVar(&f.stated.From, "from", "", "the `address` it is from: bounces go there")
	flags.StringVar(&f.stated.To, "to", "", "the `address` it goes to")
	flags.BoolVar(&f.stated.Plus, "plus", false, "put the token into the recipient: local+token@domain")
	flags.StringArrayVar(&f.stated.Wait, "wait", nil, "wait at this `place`: imaps://USER@HOST[:993][/FOLDER], imap://USER@HOST[:143][/FOLDER] (STARTTLS), maildir:DIR, or a file; repeatable")
	flags.StringVar(&f.passwordFile, "password-file", "", "read the password of --via from the first line of this `file`")
	flags.StringArrayVar(&f.waitPasswordFiles, "wait-password-file", nil, "read the password of --wait from the first line of this `file`; repeatable, in the order of --wait")
	flags.StringVar(&f.stated.Auth, "auth", "", "log in at --via with this `mechanism`: scram-sha-256, scram-sha-1, plain, login, cram-md5, xoauth2 (the password is an access token); default: the best that is offered, never xoauth2")
	cli.TakesWords(cmd, "auth", roundtrip.Words()...)
	flags.StringVar(&f.waitAuth, "wait-auth", "password", "log in at --wait by `password|xoauth2` (the password is an access token)")
	flags.StringVar(&f.stated.HELO, "helo", "", "greet with this `name`; default: the address of the connection, as [192.0.2.1]")
	flags.StringVar(&f.tlsCA, "tls-ca", "", "trust the root certificates of this PEM `file`, too")
	flags.StringVar(&f.stated.DKIMKey, "dkim-key", "", "sign with the private key in this PEM `file`")
	flags.StringVar(&f.stated.DKIMSelector, "dkim-selector", "", "the `selector` of the signature")
	flags.StringVar(&f.stated.DKIMDomain, "dkim-domain", "", "the `domain` of the signature; default: that of --from")
	flags.StringSliceVar(&f.stated.Retry, "retry", nil, "after a temporary failure try again after these `times`, up to a tenth longer; none: never; default: 1m,5m,15m,30m,60m")
	flags.DurationVar(&f.stated.Poll, "poll", roundtrip.DefaultPoll, "how long to wait between two looks at first; up to 1m")
	flags.DurationVar(&f.stated.Duplicates, "duplicates", 0, "when it has arrived, go on looking for this `time` for further copies of it")
	flags.StringVar(&f.state, "state", "", "keep in this `file` what is sent, so that the same command goes on after it was ended, and counts copies that come later")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "report no progress on standard error")
	// --timeout is what everybody looks for here; a question of the DNS keeps its own.
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.DurationVar(&f.stated.Timeout, "timeout", roundtrip.DefaultTimeout, "how long to wait until a server takes the mail, and again until it arrives")
	t, timeout := flags.Lookup("timeout"), own.Lookup("timeout")
	t.Value, t.Usage, t.DefValue = timeout.Value, timeout.Usage, timeout.DefValue
	return cmd
}

// passwordHint is an error of what is stated, and says where a password belongs if there
// is one in an address.
func passwordHint(err error) error {
	var wrong *field.Error
	if !errors.Is(err, roundtrip.ErrPassword) || !errors.As(err, &wrong) {
		return ofFlag(err)
	}
	flag, variable := "--password-file", passwordVariable
	if wrong.Field == "wait" {
		flag, variable = "--wait-password-file", mailboxVariable
	}
	return ofFlag(wrong.With("%s FILE, or %s", flag, variable))
}

// places adds the places, with their passwords.
func (f *roundtripFlags) places(cmd *cobra.Command, o *roundtrip.Options, specs []roundtrip.Spec) error {
	files := 0
	for _, s := range specs {
		password := ""
		if s.Via.Scheme != "" {
			p := cli.Password{Flag: "--wait-password-file", Variable: mailboxVariable, User: s.Via.User + " at " + s.Via.Host}
			// One file is for all; of several each is for one.
			if n := len(f.waitPasswordFiles); n > 0 {
				p.File = f.waitPasswordFiles[min(files, n-1)]
			}
			files++
			var err error
			if password, err = p.Read(cmd); err != nil {
				return err
			}
		}
		o.Wait(s, password, f.waitAuth == "xoauth2")
	}
	return nil
}

func (f *roundtripFlags) run(cmd *cobra.Command, _ []string) error {
	if err := f.output.check(); err != nil {
		return err
	}
	f.stated.Password, f.stated.WaitPasswords = f.passwordFile != "", len(f.waitPasswordFiles)
	o, specs, err := f.stated.Options()
	if err != nil {
		return passwordHint(err)
	}
	if o.Timeout <= 0 || o.Poll <= 0 {
		return errors.New("--timeout and --poll must be more than 0") // in a statement that is the default
	}
	session, err := f.dns.open(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer session.Close()
	if o.Roots, err = inspect.Roots(f.tlsCA); err != nil {
		return ofFlag(err)
	}
	o.State = f.state
	o.Through(session.Sceptic, session.Now, session.MaxQueries, session.Deadline)
	if o.Via.User != "" {
		if o.Password, err = (cli.Password{Flag: "--password-file", File: f.passwordFile, Variable: passwordVariable, User: o.Via.User}).Read(cmd); err != nil {
			return err
		}
	}
	if err := f.places(cmd, &o, specs); err != nil {
		return err
	}
	if !f.quiet {
		o.Progress = func(text string) { fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", show.Escape(text)) }
	}
	r, err := roundtrip.Run(cmd.Context(), o)
	if of := (*roundtrip.StateError)(nil); errors.As(err, &of) {
		err = fmt.Errorf("--state %s: %w", f.state, err)
	}
	switch {
	case errors.Is(err, roundtrip.ErrOtherMail):
		return withHint(err, "remove the file to send a new mail, or use another one")
	case errors.Is(err, lockfile.ErrHeld):
		return withHint(err, "wait for it, or use another file")
	case err != nil:
		return err
	}
	if err := f.output.document(cmd, session.verbose, result(r, view.RoundtripDoc).
		With("nagios", func(w io.Writer) error { return export.WriteRoundtripNagios(w, r, session.unknownOK) }).
		With("prometheus", func(w io.Writer) error { return export.WriteRoundtripPrometheus(w, r) })); err != nil {
		return err
	}
	if f.output.Format == "nagios" {
		return exit(export.RoundtripNagiosStatus(r, session.unknownOK))
	}
	return session.exit(r.Exit())
}
