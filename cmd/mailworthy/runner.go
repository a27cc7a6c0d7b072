package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailworthy/dial"
	"mailworthy/internal/show"
	"mailworthy/monitor"
	"mailworthy/notify"
)

// runnerFlags are what run and watch share.
type runnerFlags struct {
	config  configFlag
	dns     dnsFlags
	history string
	failOn  failOnFlag
}

func (f *runnerFlags) add(cmd *cobra.Command) {
	f.config.add(cmd)
	f.dns.add(cmd)
	cmd.Flags().StringVar(&f.history, "history", "", "keep the runs in this `file`; default: as configured")
	f.failOn.add(cmd, "; default: as configured, or error")
}

// monitor reads the configuration. A flag that is given goes before it.
func (f *runnerFlags) monitor(cmd *cobra.Command) (*monitor.Monitor, error) {
	stderr := cmd.ErrOrStderr()
	c, err := f.config.load(stderr)
	if err != nil {
		return nil, err
	}
	dns := f.dns
	m := &monitor.Monitor{Config: c, FailOn: c.FailOn, History: c.History.File, Told: true, Version: version, Sender: &notify.Sender{Version: version},
		Warn: func(text string) { fmt.Fprintf(stderr, "warning: %s\n", show.Escape(text)) }}
	if f.failOn.word != "" {
		if m.FailOn, err = f.failOn.limit(); err != nil {
			return nil, err
		}
	}
	if f.history != "" {
		m.History = f.history
	}
	given := cmd.Flags().Changed
	if !given("resolver") && !f.dns.offline {
		dns.resolvers = c.Resolvers
	}
	limits := c.Limits
	if limits.Timeout > 0 && !given("timeout") {
		dns.timeout = limits.Timeout
	}
	if limits.Deadline > 0 && !given("deadline") {
		dns.deadline = limits.Deadline
	}
	if limits.Retries >= 0 && !given("retries") {
		dns.retries = limits.Retries
	}
	if limits.MaxQueries > 0 && !given("max-queries") {
		dns.maxQueries = limits.MaxQueries
	}
	for _, t := range c.Notifications {
		if t.When == notify.Change && m.History == "" {
			return nil, withHint(fmt.Errorf("notification %q tells of changes, and no history is kept to know them by", t.Name),
				"add history: FILE to %s or --history FILE, or when: threshold to the notification", c.File)
		}
	}
	if n := len(c.Roundtrips); dns.offline && n > 0 {
		if len(c.Domains) == 0 && len(c.Logs.Paths) == 0 {
			return nil, withHint(fmt.Errorf("%s has round trips alone, and --offline sends nothing", c.File), "leave --offline out, or add domains")
		}
		m.Warn(fmt.Sprintf("--offline: %s not sent", show.Counted(n, "round trip")))
	}
	if m.Clock, err = clockAt(dns.now); err != nil {
		return nil, err
	}
	m.Open = func() (*monitor.Session, error) {
		return monitored(dns.open(stderr))
	}
	m.Other = func(n int) (*monitor.Session, error) {
		return monitored(dns.other(n))
	}
	return m, nil
}

// monitored is a session of the flags as a run needs it; nil if there is none.
func monitored(s *session, err error) (*monitor.Session, error) {
	if err != nil || s == nil {
		return nil, err
	}
	tools, err := s.tools(webFlags{}, false)
	if err != nil {
		s.stack.Close()
		return nil, err
	}
	var mail *monitor.MailTools
	if !s.alone { // --offline sends nothing
		mail = &monitor.MailTools{Roots: dial.Roots}
	}
	return &monitor.Session{Mail: mail, Resolver: s.stack, Transport: tools, Close: s.stack.Close, Held: s.held, MaxQueries: s.maxQueries, Deadline: s.deadline, Now: s.now,
		Audited: s.logAudit}, nil
}
