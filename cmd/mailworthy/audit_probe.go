package main

import (
	"errors"

	"github.com/spf13/cobra"

	"mailworthy/dial"
	"mailworthy/smtp/probe"
	"mailworthy/transport"
)

// probing is what audit --probe connects with, shared by all domains of the run until it is
// closed. What the section Transport fetches and finds validated is not asked for twice.
func (f *auditFlags) probing(cmd *cobra.Command, s *session, with transport.Tools) (*probe.Shared, error) {
	if s.alone {
		return nil, errors.New("--offline and --probe exclude each other")
	}
	pool := with.Web.Roots
	if pool == nil {
		var err error
		if pool, err = roots(""); err != nil {
			return nil, err
		}
	}
	return probe.NewShared(cmd.Context(), probe.Options{Roots: pool, Now: s.now, Deadline: s.deadline, Web: with.Web, Validator: &with.Validator,
		Dialer: &dial.Dialer{AllowPrivate: f.web.allowPrivate, Timeout: s.deadline, MaxPerAddr: 1, MaxRead: probe.MaxRead}}), nil
}
