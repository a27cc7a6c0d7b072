package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailworthy/audit"
	"mailworthy/internal/lockfile"
	"mailworthy/internal/readfile"
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

	via, from, to      string
	plus               bool
	wait               []string
	passwordFile       string
	waitPasswordFiles  []string
	auth, waitAuth     string
	helo, tlsCA        string
	key, selector      string
	dkimDomain         string
	retry              []string
	patience, interval time.Duration
	state              string
	quiet              bool
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
a run that was ended goes on by the same command.

Passwords come from --password-file and --wait-password-file, from ` + passwordVariable + `
and ` + mailboxVariable + `, or are asked for. They are sent inside TLS
whose certificate verifies, and nowhere else.

Exit status: 0 arrived; 1 spam, bounced or lost; 2 bad usage; 3 unknown or deferred. With
--format nagios: 0 arrived, 1 spam or deferred, 2 bounced or lost, 3 unknown.`,
		Example: `  mailworthy roundtrip --via smtp://me@smtp.acme.example --from me@acme.example --to me@other.example --wait imaps://me@imap.other.example
  mailworthy roundtrip --via smtps://me@smtp.acme.example --from me@acme.example --to test@acme.example --wait maildir:/home/test/Maildir --state test.state
  mailworthy roundtrip --via smtp://mx.acme.example:25 --from a@acme.example --to b@acme.example --wait /var/mail/b --format nagios`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.dns.add(cmd)
	f.output.addDocument(cmd, "nagios", "prometheus")
	flags := cmd.Flags()
	flags.StringVar(&f.via, "via", "", "send by this server: `smtp://[USER@]HOST[:587]` (STARTTLS), smtps://[USER@]HOST[:465] (TLS from the first byte)")
	flags.StringVar(&f.from, "from", "", "the `address` it is from: bounces go there")
	flags.StringVar(&f.to, "to", "", "the `address` it goes to")
	flags.BoolVar(&f.plus, "plus", false, "put the token into the recipient: local+token@domain")
	flags.StringArrayVar(&f.wait, "wait", nil, "wait at this `place`: imaps://USER@HOST[:993][/FOLDER], imap://USER@HOST[:143][/FOLDER] (STARTTLS), maildir:DIR, or a file; repeatable")
	flags.StringVar(&f.passwordFile, "password-file", "", "read the password of --via from the first line of this `file`")
	flags.StringArrayVar(&f.waitPasswordFiles, "wait-password-file", nil, "read the password of --wait from the first line of this `file`; repeatable, in the order of --wait")
	flags.StringVar(&f.auth, "auth", "", "log in at --via with this `mechanism`: scram-sha-256, scram-sha-1, plain, login, cram-md5, xoauth2 (the password is an access token); default: the best that is offered, never xoauth2")
	flags.StringVar(&f.waitAuth, "wait-auth", "password", "log in at --wait by `password|xoauth2` (the password is an access token)")
	flags.StringVar(&f.helo, "helo", "", "greet with this `name`; default: the address of the connection, as [192.0.2.1]")
	flags.StringVar(&f.tlsCA, "tls-ca", "", "trust the root certificates of this PEM `file`, too")
	flags.StringVar(&f.key, "dkim-key", "", "sign with the private key in this PEM `file`")
	flags.StringVar(&f.selector, "dkim-selector", "", "the `selector` of the signature")
	flags.StringVar(&f.dkimDomain, "dkim-domain", "", "the `domain` of the signature; default: that of --from")
	flags.StringSliceVar(&f.retry, "retry", nil, "after a temporary failure try again after these `times`, up to a tenth longer; none: never; default: 1m,5m,15m,30m,60m")
	flags.DurationVar(&f.interval, "poll", roundtrip.DefaultPoll, "how long to wait between two looks at first; up to 1m")
	flags.StringVar(&f.state, "state", "", "keep in this `file` what is sent, so that the same command goes on after it was ended")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "report no progress on standard error")
	// --timeout is what everybody looks for here; a question of the DNS keeps its own.
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.DurationVar(&f.patience, "timeout", roundtrip.DefaultTimeout, "how long to wait until a server takes the mail, and again until it arrives")
	t, timeout := flags.Lookup("timeout"), own.Lookup("timeout")
	t.Value, t.Usage, t.DefValue = timeout.Value, timeout.Usage, timeout.DefValue
	_ = cmd.RegisterFlagCompletionFunc("wait-auth", cobra.FixedCompletions([]string{"password", "xoauth2"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// options checks the flags and makes the options of a round trip of them, without
// passwords.
func (f *roundtripFlags) options() (o roundtrip.Options, places []roundtrip.Spec, err error) {
	for _, missing := range []struct {
		flag string
		is   bool
	}{{"--via", f.via == ""}, {"--from", f.from == ""}, {"--to", f.to == ""}, {"--wait", len(f.wait) == 0}} {
		if missing.is {
			return o, nil, withHint(fmt.Errorf("%s is missing", missing.flag), "mailworthy roundtrip --help shows examples")
		}
	}
	o = roundtrip.Options{Plus: f.plus, HELO: f.helo, Timeout: f.patience, Poll: f.interval, State: f.state, Mechanism: strings.ToUpper(f.auth)}
	// An address with a password in it is not repeated.
	if o.Via, err = roundtrip.ParseVia(f.via); err != nil {
		return o, nil, passwordHint(fmt.Errorf("--via: %w", err), err, "--password-file FILE, or %s", passwordVariable)
	}
	if o.From, err = roundtrip.ParseAddress(f.from); err != nil {
		return o, nil, fmt.Errorf("--from: %w", err)
	}
	if o.To, err = roundtrip.ParseAddress(f.to); err != nil {
		return o, nil, fmt.Errorf("--to: %w", err)
	}
	servers := 0
	for _, text := range f.wait {
		p, err := roundtrip.ParsePlace(text)
		if err != nil {
			return o, nil, passwordHint(fmt.Errorf("--wait: %w", err), err, "--wait-password-file FILE, or %s", mailboxVariable)
		}
		places = append(places, p)
		if p.Via.Scheme != "" {
			servers++
		}
	}
	n := len(f.waitPasswordFiles)
	switch {
	case n > 1 && n != servers || n > 0 && servers == 0:
		return o, nil, fmt.Errorf("--wait-password-file is given %s for %s on servers", show.Counted(n, "time"), show.Counted(servers, "mailbox"))
	case f.patience <= 0 || f.interval <= 0:
		return o, nil, errors.New("--timeout and --poll must be more than 0")
	case f.helo != "" && !heloName.MatchString(f.helo):
		return o, nil, withHint(fmt.Errorf("--helo %q is no host name", f.helo), "a name with forward and reverse DNS, or an address as [192.0.2.1]")
	case f.auth != "" && !slices.Contains(roundtrip.Mechanisms, o.Mechanism):
		return o, nil, fmt.Errorf("--auth %q: it must be %s", f.auth, strings.ToLower(show.Listed(roundtrip.Mechanisms, 9)))
	case o.Via.User == "" && (f.passwordFile != "" || f.auth != ""):
		return o, nil, withHint(errors.New("--password-file and --auth are for a login"), "write the user into --via: %s://USER@%s", o.Via.Scheme, o.Via.Host)
	case f.waitAuth != "password" && f.waitAuth != "xoauth2":
		return o, nil, fmt.Errorf("--wait-auth %q: it must be password or xoauth2", f.waitAuth)
	case f.key == "" && (f.selector != "" || f.dkimDomain != ""):
		return o, nil, withHint(errors.New("--dkim-selector and --dkim-domain are for --dkim-key"), "add --dkim-key FILE")
	case f.key != "" && f.selector == "":
		return o, nil, withHint(errors.New("--dkim-key needs --dkim-selector"), "the receiver looks for the public key at SELECTOR._domainkey.DOMAIN")
	}
	if f.retry != nil {
		o.Retry = []time.Duration{}
	}
	for _, text := range f.retry {
		if text == "none" && len(f.retry) == 1 {
			break
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return o, nil, withHint(fmt.Errorf("--retry %q is no time", text), "write it as 1m,5m,15m, or none")
		}
		o.Retry = append(o.Retry, d)
	}
	if len(o.Retry) > 50 {
		return o, nil, errors.New("--retry: at most 50 times")
	}
	if f.key != "" {
		if o.Key, err = f.signer(o.From); err != nil {
			return o, nil, err
		}
	}
	return o, places, nil
}

// passwordHint says where a password belongs, if there was one in an address.
func passwordHint(shown, err error, hint string, args ...any) error {
	if errors.Is(err, roundtrip.ErrPassword) {
		return withHint(shown, hint, args...)
	}
	return shown
}

// signer reads the key of --dkim-key.
func (f *roundtripFlags) signer(from string) (*roundtrip.Key, error) {
	_, domain, _ := strings.Cut(from, "@")
	var err error
	if f.dkimDomain != "" {
		if domain, err = audit.ParseDomain(f.dkimDomain); err != nil {
			return nil, fmt.Errorf("--dkim-domain: %w", err)
		}
	}
	selector, err := audit.ParseSelector(f.selector)
	if err != nil {
		return nil, fmt.Errorf("--dkim-selector: %w", err)
	}
	text, err := readfile.Read(f.key, 64<<10, readfile.Wait)
	if err != nil {
		return nil, fmt.Errorf("--dkim-key %s: %w", f.key, err)
	}
	key, err := roundtrip.ParseKey(text, domain, selector)
	if err != nil {
		return nil, fmt.Errorf("--dkim-key %s: %w", f.key, err)
	}
	return key, nil
}

// places adds the places, with their passwords.
func (f *roundtripFlags) places(cmd *cobra.Command, o *roundtrip.Options, specs []roundtrip.Spec) error {
	files := 0
	for _, s := range specs {
		password := ""
		if s.Via.Scheme != "" {
			p := passwordSource{flag: "--wait-password-file", variable: mailboxVariable, user: s.Via.User + " at " + s.Via.Host}
			// One file is for all; of several each is for one.
			if n := len(f.waitPasswordFiles); n > 0 {
				p.file = f.waitPasswordFiles[min(files, n-1)]
			}
			files++
			var err error
			if password, err = p.read(cmd); err != nil {
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
	o, specs, err := f.options()
	if err != nil {
		return err
	}
	session, err := f.dns.open(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer session.stack.Close()
	if o.Roots, err = roots(f.tlsCA); err != nil {
		return err
	}
	o.Through(session.stack, session.now, session.maxQueries, session.deadline)
	if o.Via.User != "" {
		if o.Password, err = (passwordSource{"--password-file", f.passwordFile, passwordVariable, o.Via.User}).read(cmd); err != nil {
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
	if err := f.output.document(cmd, session.verbose, r, func() *view.Doc { return view.RoundtripDoc(r) },
		docWriter{"nagios", func(w io.Writer) error { return export.WriteRoundtripNagios(w, r, session.unknownOK) }},
		docWriter{"prometheus", func(w io.Writer) error { return export.WriteRoundtripPrometheus(w, r) }}); err != nil {
		return err
	}
	if f.output.format == "nagios" {
		return exit(export.RoundtripNagiosStatus(r, session.unknownOK))
	}
	switch r.Verdict {
	case roundtrip.Arrived:
		return nil
	case roundtrip.Spam, roundtrip.Bounced, roundtrip.Lost:
		return exit(exitFindings)
	}
	return session.exit(exitIncomplete)
}
