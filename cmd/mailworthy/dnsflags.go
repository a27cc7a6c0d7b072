package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"mailworthy/internal/logging"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// dnsFlags are the flags of every command that asks the DNS.
type dnsFlags struct {
	resolvers  []string
	zones      []string
	offline    bool
	unknown    string
	timeout    time.Duration
	retries    int
	deadline   time.Duration
	maxQueries int
	now        string
	verbose    int
	logFormat  string
	// proposes: the command makes a zone of its own, so that --offline needs none.
	proposes bool
	// context is that of the command, for what waits before a question is asked.
	context func() context.Context
	limits  rateLimits
}

// rateLimits bound the questions a second; 0 is no bound.
type rateLimits struct {
	all, server, list float64
	// lists are the zones that list is for, each on its own.
	lists []string
}

// zones is the bound of each block list.
func (l *rateLimits) zones() map[string]float64 {
	if l.list == 0 {
		return nil
	}
	zones := make(map[string]float64, len(l.lists))
	for _, z := range l.lists {
		zones[z] = l.list
	}
	return zones
}

func (f *dnsFlags) add(cmd *cobra.Command) {
	f.context = cmd.Context
	flags := cmd.Flags()
	flags.StringArrayVar(&f.resolvers, "resolver", nil, "ask this `server` (host[:port], udp://, tcp://, tls://, https://…/dns-query); repeatable; default: the system's")
	flags.StringArrayVar(&f.zones, "zone", nil, "answer from this zone file (BIND format), or the .zone, .db and .txt zone files of this folder (`FILE[@ORIGIN]`); repeatable")
	flags.BoolVar(&f.offline, "offline", false, "never touch the network: what no zone answers is not checked")
	flags.StringVar(&f.unknown, "unknown", "fail", "whether what the DNS did not say ends in exit status 3: `fail|ok`")
	flags.DurationVar(&f.timeout, "timeout", 2*time.Second, "how long to wait for each try of a question")
	flags.IntVar(&f.retries, "retries", 2, "further tries for a question that is not answered")
	flags.DurationVar(&f.deadline, "deadline", 30*time.Second, "how long one domain may take")
	flags.IntVar(&f.maxQueries, "max-queries", 500, "how many questions one domain may cost")
	flags.StringVar(&f.now, "now", "", "judge expiry at this `time` (RFC 3339) instead of now")
	flags.CountVarP(&f.verbose, "verbose", "v", "show passes, notices and evidence, and log to standard error; twice: log every question")
	flags.StringVar(&f.logFormat, "log-format", "text", "log as `text|json`")
}

// session is what a command needs to ask the DNS. Whoever opens one closes its stack.
type session struct {
	stack      *resolver.Stack
	deadline   time.Duration
	maxQueries int
	now        time.Time
	// clock stands at --now; nil, the system's, if that was not given.
	clock   func() time.Time
	verbose bool
	log     *slog.Logger
	// unknownOK: what the DNS did not say does not end in exit status 3.
	unknownOK bool
	// alone: nobody is asked but the zones of --zone.
	alone bool
}

// held returns an error if no zone answers for the domain and nobody else is asked.
func (s *session) held(domain string) error {
	if !s.alone || s.stack.Holds(domain) {
		return nil
	}
	return fmt.Errorf("no zone of --zone holds %s, and --offline asks nobody else", domain)
}

// exit is the error that carries the status of what was found.
func (s *session) exit(status int) error {
	if status == exitIncomplete && s.unknownOK {
		status = exitOK
	}
	return exit(status)
}

// open checks the flags and builds the resolver that they describe.
func (f *dnsFlags) open(stderr io.Writer) (*session, error) {
	s := &session{deadline: f.deadline, maxQueries: f.maxQueries, now: time.Now(), verbose: f.verbose > 0}
	switch {
	case f.timeout <= 0:
		return nil, fmt.Errorf("--timeout %s: it must be more than 0", f.timeout)
	case f.deadline <= 0:
		return nil, fmt.Errorf("--deadline %s: it must be more than 0", f.deadline)
	case f.retries < 0 || f.retries > 10:
		return nil, fmt.Errorf("--retries %d: it must be 0 to 10", f.retries)
	case f.maxQueries < 1:
		return nil, fmt.Errorf("--max-queries %d: it must be at least 1", f.maxQueries)
	case f.limits.all < 0 || f.limits.server < 0 || f.limits.list < 0:
		return nil, errors.New("--qps, --server-qps and --list-qps must not be negative")
	case f.offline && len(f.resolvers) > 0:
		return nil, withHint(errors.New("--offline and --resolver exclude each other"), "leave one out")
	case f.offline && len(f.zones) == 0 && !f.proposes:
		return nil, withHint(errors.New("--offline needs a zone to answer from"), "add --zone FILE")
	}
	var err error
	if s.clock, err = clockAt(f.now); err != nil {
		return nil, err
	} else if s.clock != nil {
		s.now = s.clock()
	}
	if s.log, err = logging.New(stderr, f.logFormat, f.verbose); err != nil {
		return nil, fmt.Errorf("--log-format %w", err)
	}
	zones, err := loadZones(f.context(), f.zones, stderr)
	if err != nil {
		return nil, err
	}
	s.unknownOK, s.alone = f.unknown == "ok", f.offline
	s.stack, err = resolver.Build(resolver.Options{Zones: zones, Offline: f.offline,
		Config: resolver.Config{Servers: f.resolvers, Timeout: f.timeout, Retries: f.tries(),
			QPS: f.limits.all, ServerQPS: f.limits.server, ZoneQPS: f.limits.zones()}})
	if err != nil {
		return nil, withHint(err, "--resolver takes host[:port], udp://, tcp://, tls:// or https://host/dns-query")
	}
	return s, nil
}

// tries are the retries in the resolver's words: -1 is none.
func (f *dnsFlags) tries() int {
	if f.retries == 0 {
		return -1
	}
	return f.retries
}

// asker is one audit's view of the resolver, with its bound on questions.
func (s *session) asker() *resolver.Session { return resolver.NewSession(s.stack, s.maxQueries) }

// context bounds the work on one domain by --deadline.
func (s *session) context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.deadline)
}

// loadZones reads the zones that --zone names.
func loadZones(ctx context.Context, specs []string, stderr io.Writer) ([]*resolver.ZoneSet, error) {
	files, other, err := resolver.ExpandZones(specs)
	for _, file := range other {
		fmt.Fprintf(stderr, "warning: %s is left out: it does not start as a zone file\n", show.Escape(file))
	}
	if err != nil {
		return nil, fmt.Errorf("--zone %w", err)
	}
	zones, err := readfile.Await(ctx, func() ([]*resolver.ZoneSet, error) { return resolver.LoadZones(files...) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(err, "--zone takes FILE, FILE@ORIGIN or a folder of zone files")
	}
	if err != nil {
		return nil, err
	}
	for _, z := range zones {
		for _, w := range z.Warnings {
			fmt.Fprintf(stderr, "warning: %s\n", show.Escape(w))
		}
	}
	return zones, nil
}
