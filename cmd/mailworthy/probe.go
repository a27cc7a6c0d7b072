package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/inspect"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/readfile"
	"mailworthy/report/export"
	"mailworthy/report/view"
	"mailworthy/resolver"
	"mailworthy/smtp/probe"
	"mailworthy/transport"
)

// passwordVariable is the variable of the environment that has the password of --login.
const passwordVariable = "MAILWORTHY_SMTP_PASSWORD"

// maxTargets is how many targets one probe takes.
const maxTargets = 100

type probeFlags struct {
	question
	ports        []string
	helo         string
	tls          string
	tlsCA        string
	allowPrivate bool
	relayTo      string
	smuggling    bool
	versions     bool
	login        string
	passwordFile string
	auth         []string
	provider     string
	services     string
	connect      time.Duration
	step         time.Duration
	trustAD      bool
}

func newProbe() *cobra.Command {
	f := &probeFlags{}
	cmd := &cobra.Command{
		Use:   "probe HOST[:PORT]...|DOMAIN...",
		Short: "Connect to mail servers and see how far a session gets, step by step",
		Long: `Connects to a host, or to every MX host of a domain, and does a session at each address
and port: banner, EHLO, STARTTLS (on 465 TLS from the first byte), EHLO again, QUIT. Each
step has an outcome and its time. No message is ever sent.

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
			if len(args) > maxTargets {
				return fmt.Errorf("%d targets: at most %d are probed at once", len(args), maxTargets)
			}
			return nil
		},
		RunE: f.run,
	}
	f.add(cmd, "nagios", "prometheus")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.ports, "port", nil, "connect to these `ports` where the target states none; default: 25 of MX hosts, 25,465,587 of hosts")
	flags.StringVar(&f.helo, "helo", "", "greet with this `name`; default: the address of the connection, as [192.0.2.1]")
	flags.StringVar(&f.tls, "tls", "auto", "how TLS begins: `auto|starttls|implicit`; auto: from the first byte on 465, else STARTTLS")
	flags.StringVar(&f.tlsCA, "tls-ca", "", "trust the root certificates of this PEM `file`, too")
	flags.BoolVar(&f.allowPrivate, "allow-private", false, "connect to private addresses even if MX records lead there")
	flags.BoolVar(&f.trustAD, "trust-ad", false, "the path to the resolver can be trusted: believe it when it says that an answer is validated (for DANE)")
	flags.StringVar(&f.relayTo, "relay-to", "", "try MAIL and RCPT with this `address` of another domain, and RSET; never a message")
	flags.BoolVar(&f.smuggling, "smuggling", false, "try whether a command that ends in a bare line feed is taken: NOOP, never a message")
	flags.BoolVar(&f.versions, "tls-versions", false, "find out which versions of TLS (1.0 to 1.3) each server accepts, by up to four more connections after all others")
	flags.StringVar(&f.login, "login", "", "log in as this `user`, over verified TLS only, one attempt a mechanism")
	flags.StringVar(&f.passwordFile, "password-file", "", "read the password of --login from the first line of this `file`")
	flags.StringSliceVar(&f.auth, "auth", nil, "log in with these `mechanisms`: plain, login, cram-md5, scram-sha-256, scram-sha-1, xoauth2 (the password is an access token); default: all but the last, as offered")
	flags.StringVar(&f.provider, "provider", "", "the `service` whose habits explain a refused login; default: found by the host")
	flags.DurationVar(&f.connect, "connect-timeout", probe.DefaultConnect, "how long a connection may take to be made")
	flags.DurationVar(&f.step, "step-timeout", probe.DefaultStep, "how long an answer may take")
	f.failOn.add(cmd, "")
	addServicesFlag(cmd, &f.services)
	// A session has its own patience besides that of the DNS.
	deadline := flags.Lookup("deadline")
	deadline.Usage = "how long one target may take, the DNS included"
	deadline.DefValue = probe.DefaultDeadline.String()
	f.dns.deadline = probe.DefaultDeadline
	_ = cmd.RegisterFlagCompletionFunc("tls", cobra.FixedCompletions([]string{"auto", "starttls", "implicit"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// relayAddress is an address that can be an argument of RCPT as it is: no quoting, nothing
// that ends the command.
var relayAddress = lazyre.New(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}$`)

var heloName = lazyre.New(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[A-Za-z0-9.:]{2,60}\])$`)

// options checks the flags and makes the options of a probe of them.
func (f *probeFlags) options(cmd *cobra.Command) (probe.Options, error) {
	o := probe.Options{HELO: f.helo, RelayTo: f.relayTo, Smuggling: f.smuggling, TLSVersions: f.versions, ConnectTimeout: f.connect, StepTimeout: f.step}
	switch {
	case f.connect <= 0 || f.step <= 0:
		return o, errors.New("--connect-timeout and --step-timeout must be more than 0")
	case f.helo != "" && !heloName.MatchString(f.helo):
		return o, withHint(fmt.Errorf("--helo %q is no host name", f.helo), "a name with forward and reverse DNS, or an address as [192.0.2.1]")
	case f.relayTo != "" && !relayAddress.MatchString(f.relayTo):
		return o, fmt.Errorf("--relay-to %q is no mail address", f.relayTo)
	case f.login == "" && (f.passwordFile != "" || len(f.auth) > 0):
		return o, withHint(errors.New("--password-file and --auth are for --login"), "add --login USER")
	}
	switch f.tls {
	case "auto":
	case "starttls", "implicit":
		o.TLS = f.tls
	default:
		return o, fmt.Errorf("--tls %q: it must be auto, starttls or implicit", f.tls)
	}
	for _, text := range f.ports {
		p, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
		if err != nil || p == 0 {
			return o, withHint(fmt.Errorf("--port %q: it must be from 1 to 65535", text), "several are written as 25,465,587")
		}
		if !slices.Contains(o.Ports, uint16(p)) {
			o.Ports = append(o.Ports, uint16(p))
		}
	}
	if len(o.Ports) > 16 {
		return o, errors.New("--port: at most 16 ports")
	}
	var err error
	if o.Roots, err = roots(f.tlsCA); err != nil {
		return o, err
	}
	services, err := catalogue(f.services)
	if err != nil {
		return o, err
	}
	login := &probe.Login{User: f.login, Catalogue: services}
	if f.provider != "" {
		if login.Service, err = inspect.FindService(services, f.provider); err != nil {
			return o, err
		}
	}
	for _, m := range f.auth {
		name := strings.ToUpper(m)
		if !slices.Contains(probe.Mechanisms, name) {
			return o, fmt.Errorf("--auth %q: it must be plain, login, cram-md5, scram-sha-256, scram-sha-1 or xoauth2", m)
		}
		login.Mechanisms = append(login.Mechanisms, name)
	}
	if f.login == "" {
		return o, nil
	}
	if login.Password, err = (passwordSource{"--password-file", f.passwordFile, passwordVariable, f.login}).read(cmd); err != nil {
		return o, err
	}
	o.Login = login
	return o, nil
}

// roots are the root certificates of the system and of a file; nil if there are none.
func roots(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if file != "" {
		if err := addRoots(pool, "--tls-ca", file); err != nil {
			return nil, err
		}
	}
	if pool.Equal(x509.NewCertPool()) {
		return nil, nil
	}
	return pool, nil
}

// addRoots adds the certificates of the file that a flag names.
func addRoots(pool *x509.CertPool, flag, file string) error {
	text, err := readfile.Read(file, 8<<20, readfile.Wait)
	if err != nil {
		return fmt.Errorf("%s %s: %w", flag, file, err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s %s: there is no certificate in PEM form in it", flag, file)
	}
	return nil
}

func (f *probeFlags) run(cmd *cobra.Command, args []string) error {
	failOn, err := f.failOn.limit()
	if err != nil {
		return err
	}
	var targets []probe.Spec
	for _, arg := range args {
		s, err := probe.ParseTarget(arg)
		if err != nil {
			return err
		}
		targets = append(targets, s)
	}
	return f.ask(cmd, func(_ context.Context, s *session) (*answer, error) {
		o, err := f.options(cmd)
		if err != nil {
			return nil, err
		}
		// --max-queries is for one domain.
		o.Resolver, o.Now, o.Deadline = resolver.NewSession(s.stack, s.maxQueries*len(targets)), s.now, s.deadline
		o.Dialer = &dial.Dialer{AllowPrivate: f.allowPrivate, Timeout: s.deadline, MaxPerAddr: 1, MaxRead: probe.MaxRead}
		unchecked, end, err := f.dns.unchecked()
		if err != nil {
			return nil, err
		}
		defer end()
		o.Validator = &transport.Validator{Unchecked: unchecked, Trusted: f.trustAD}
		if !s.alone {
			o.Web = &transport.Web{Dialer: &dial.Dialer{AllowPrivate: f.allowPrivate, Timeout: s.deadline, Lookup: dial.Through(s.stack)}, Roots: o.Roots}
		}
		// Each target has a deadline of its own.
		r := probe.Run(cmd.Context(), targets, o)
		a := &answer{value: r, doc: func() *view.Doc { return view.ProbeDoc(r) }, findings: r.Findings(), others: []docWriter{
			{"nagios", func(w io.Writer) error { return export.WriteProbeNagios(w, r, failOn, s.unknownOK) }},
			{"prometheus", func(w io.Writer) error { return export.WriteProbePrometheus(w, r) }}}}
		if f.output.format == "nagios" {
			a.status = func(finding.Severity) int { return export.ProbeNagiosStatus(r, failOn, s.unknownOK) }
		}
		return a, nil
	})
}
