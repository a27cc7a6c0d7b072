package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"mailworthy/inspect"
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
	m := &monitor.Monitor{Config: c, FailOn: c.FailOn, History: c.History.File, Told: true, Version: version, Sender: &notify.Sender{Version: version}, Warn: warning(stderr)}
	if f.failOn.word != "" {
		if m.FailOn, err = f.failOn.limit(); err != nil {
			return nil, err
		}
	}
	if f.history != "" {
		m.History = f.history
	}
	if err := m.Check(f.dns.Offline); err != nil {
		return nil, ofFlag(err)
	}
	if m.Clock, err = inspect.ClockAt(f.dns.Now); err != nil {
		return nil, ofFlag(err)
	}
	dns := f.dns
	dns.Asking = m.Asking(dns.Asking, func(key string) bool { return cmd.Flags().Changed(flagOf(key)[2:]) })
	m.Open = func() (*monitor.Session, error) { return dns.monitored(cmd.Context(), stderr) }
	m.Other = func(n int) (_ *monitor.Session, err error) {
		other := dns
		var ok bool
		if other.Asking, ok = dns.Other(n); !ok {
			return nil, nil
		}
		return other.monitored(cmd.Context(), io.Discard)
	}
	return m, nil
}

// monitored opens a session of the flags as a run needs it.
func (f *dnsFlags) monitored(ctx context.Context, stderr io.Writer) (*monitor.Session, error) {
	s, err := f.open(ctx, stderr)
	if err != nil {
		return nil, err
	}
	m, err := monitor.NewSession(s.Session)
	if err != nil {
		return nil, err
	}
	m.Held, m.Audited = s.Held, s.logAudit
	return m, nil
}
