package main

import (
	"errors"

	"github.com/spf13/cobra"

	"mailworthy/dial"
	"mailworthy/smtp/probe"
	"mailworthy/transport"
)

// probing is what audit --probe connects with, shared by all domains of the run, and the
// function that ends it.
func (f *auditFlags) probing(cmd *cobra.Command, s *session) (*probe.Shared, func(), error) {
	if s.alone {
		return nil, nil, errors.New("--offline and --probe exclude each other")
	}
	pool, err := roots(f.web.ca)
	if err != nil {
		return nil, nil, err
	}
	web, err := f.web.open(cmd.Context(), s, f.dns.now != "")
	if err != nil {
		return nil, nil, err
	}
	unchecked, end, err := f.dns.unchecked()
	if err != nil {
		return nil, nil, err
	}
	shared := probe.NewShared(cmd.Context(), probe.Options{Roots: pool, Now: s.now, Deadline: s.deadline, Web: web, Validator: &transport.Validator{Unchecked: unchecked, Trusted: f.trustAD},
		Dialer: &dial.Dialer{AllowPrivate: f.web.allowPrivate, Timeout: s.deadline, MaxPerAddr: 1, MaxRead: probe.MaxRead}})
	return shared, func() { shared.Close(); end() }, nil
}
