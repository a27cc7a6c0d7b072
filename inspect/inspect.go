// Package inspect takes a domain from the question to the graded report: it audits,
// grades by a policy and plans. Whatever shows or keeps reports (the command, a run by
// schedule, a list, a page) does this step here.
//
// A Request is the same question in JSON, for whoever asks over a wire.
package inspect

import (
	"context"
	"log/slog"
	"sync"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/resolver"
)

// Inspector audits domains under the same settings. Several goroutines may use it at
// once, and nothing of it may be changed then. Resolver must be set; the zero value of
// all else is the default.
type Inspector struct {
	// Resolver answers; a Session of each audit asks it.
	Resolver resolver.Resolver
	// Options bound and tune each audit.
	Options audit.Options
	// Policy judges the findings; nil is the default judgement.
	Policy *report.Policy
	// Probe adds what a session with the MX hosts of the domain shows to each report; nil:
	// nobody is connected to. It is called beside the audit. What it finds counts in no
	// score, and is the same for each proposal.
	Probe func(ctx context.Context, r resolver.Resolver, domain string) []finding.Finding
	// Plan: reports get a plan, which takes an audit of each proposal.
	Plan bool
	// Version is that of the program, for the report.
	Version string
	// Graded is called with each report before its plan is made, in the goroutine of
	// Inspect: for a log and a history. Nil: it is not called.
	Graded func(context.Context, audit.Target, *report.Report)
	// Log gets a line for each proposal that could not be audited; nil: none is written.
	Log *slog.Logger
}

// Inspect returns the report of a target, which is never nil. What the DNS did not say
// is in the report as unknown, and so is what was not asked because the context ended.
func (i *Inspector) Inspect(ctx context.Context, target audit.Target) *report.Report {
	asked := i.Resolver
	if i.Plan {
		// Audits of proposals reuse these answers.
		asked = resolver.NewSession(i.Resolver, 0)
	}
	var seen []finding.Finding
	var probing sync.WaitGroup
	if i.Probe != nil {
		probing.Go(func() { seen = i.Probe(ctx, asked, target.Domain) })
	}
	result := audit.Run(ctx, asked, target, i.Options)
	probing.Wait()
	r := i.grade(result, seen)
	if !i.Plan {
		i.graded(ctx, target, r)
		return r
	}
	again := i.Options
	again.Like = &r.Result
	i.graded(ctx, target, r)
	r.Plan = report.MakePlan(r, func(changes []report.Change) *report.Report {
		proposed := asked
		for _, c := range changes {
			var err error
			if proposed, err = resolver.Amend(proposed, c.Remove, c.Add); err != nil {
				if i.Log != nil {
					i.Log.Warn("a proposal cannot be audited", "domain", target.Domain, "error", err)
				}
				return nil
			}
		}
		return i.grade(audit.Run(ctx, proposed, target, again), seen)
	})
	return r
}

// Through returns the report of a target as another resolver has it: without a plan,
// and untold to Graded. What block lists say to another resolver is another matter, so
// their health is not shared with it.
func (i *Inspector) Through(ctx context.Context, r resolver.Resolver, target audit.Target) *report.Report {
	o := i.Options
	o.Health = nil
	return i.grade(audit.Run(ctx, r, target, o), nil)
}

// grade makes the report of an audit, and of what was seen besides.
func (i *Inspector) grade(result *audit.Result, seen []finding.Finding) *report.Report {
	result.Findings = append(result.Findings, seen...)
	return report.NewWithPolicy(result, i.Policy, i.Version)
}

func (i *Inspector) graded(ctx context.Context, target audit.Target, r *report.Report) {
	if i.Graded != nil {
		i.Graded(ctx, target, r)
	}
}
