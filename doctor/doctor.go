// Package doctor examines the machine that audits instead of a domain: whether its
// resolver sees the public DNS, validates, is answered by the block lists, and whether
// TCP, IPv6 and the clock are as an audit needs them.
package doctor

import (
	"context"
	"time"

	"mailworthy/finding"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// SchemaID names the JSON of an Examination. Keys are added to it, never renamed.
const SchemaID = "mailworthy/doctor/1"

// MaxQueries bounds the questions to one resolver; its block lists take most of them.
const MaxQueries = 150

// The names that are asked for: the root, the largest top-level domain, and a name whose
// signature is wrong on purpose, so that a resolver that validates refuses it.
const (
	root  = "."
	tld   = "com"
	bogus = "dnssec-failed.org"
)

// State is the outcome of one check.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Problem State = "problem"
	// Unknown: what was asked was not answered.
	Unknown State = "unknown"
	// NotChecked: it was not asked, on purpose.
	NotChecked State = "not-checked"
)

// The checks, in their order. IPv6 and Clock are of the machine, the others of a resolver.
const (
	Answers   = "resolver-answers"
	PublicDNS = "public-dns"
	Rewriting = "nxdomain"
	Types     = "record-types"
	DNSSEC    = "dnssec"
	TCP       = "tcp"
	Lists     = "blocklists"
	IPv6      = "ipv6"
	Clock     = "clock"
)

// checks are all of them, with what each finds out.
var checks = []struct{ name, whether string }{
	{Answers, "whether the resolver answers"},
	{PublicDNS, "whether it sees the public DNS"},
	{Rewriting, "whether it denies names that do not exist"},
	{Types, "whether it answers for TXT, MX and PTR"},
	{DNSSEC, "whether it validates"},
	{TCP, "whether TCP to port 53 works"},
	{Lists, "which block lists refuse it"},
	{IPv6, "whether IPv6 works"},
	{Clock, "the comparison with the date of the root zone"},
}

// Check is a line of an examination.
type Check struct {
	// Resolver is the one that was asked; empty for what is of the machine.
	Resolver string `json:"resolver"`
	Check    string `json:"check"`
	State    State  `json:"state"`
	// Severity is how bad a problem is: error if audits cannot be believed or done,
	// warning if a part of them is not known, notice if little is lost. It is pass,
	// unknown or not-checked for the other states.
	Severity finding.Severity `json:"severity"`
	// Text says what was found, Advice what to do about it; "" if nothing is to be done.
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

// Examination is what was found.
type Examination struct {
	// Schema is always "mailworthy/doctor/1".
	Schema string `json:"schema"`
	// State is the worst of the checks: problem, unknown, ok; not-checked if nothing was.
	State      State     `json:"state"`
	Time       time.Time `json:"time"`
	Checks     []Check   `json:"checks"`
	Queries    int       `json:"queries"`
	DurationMS int64     `json:"duration_ms"`
}

// Server is a resolver to examine: several as one hide which of them fails.
type Server struct {
	// Name is how it is called in the result, without secrets.
	Name string
	// Resolver asks it as an audit does.
	Resolver resolver.Resolver
	// TCP asks it over TCP; nil if Resolver does not use UDP.
	TCP resolver.Resolver
}

// Options say what is examined.
type Options struct {
	Servers []Server
	// Catalogue has the block lists; nil: the default one. Quick leaves them and IPv6 out.
	Catalogue *rbl.Catalogue
	Quick     bool
	// IPv6 asks a server of the public DNS over IPv6; nil: that is not checked.
	IPv6 resolver.Resolver
	// Now is the clock of the machine.
	Now time.Time
}

// Examine asks each resolver, and returns what was found. It asks at most MaxQueries
// questions of each, and ends with the context: what was not answered then is unknown.
func Examine(ctx context.Context, o Options) *Examination {
	started := time.Now()
	e := &Examination{Schema: SchemaID, Time: o.Now.UTC().Truncate(time.Second), Checks: []Check{}}
	clock := Check{Check: Clock, State: Unknown, Text: "no resolver said the serial of the root zone, which has the date in it"}
	for _, s := range o.Servers {
		asked := resolver.NewSession(s.Resolver, MaxQueries)
		x := &examination{ctx: ctx, e: e, name: s.Name, ask: asked}
		if seen := x.server(s, o); seen != nil && clock.State == Unknown {
			clock = checkClock(seen, o.Now)
		}
		e.Queries += len(asked.Trace()) + x.others
	}
	machine := &examination{ctx: ctx, e: e}
	if !o.Quick {
		machine.ipv6(o.IPv6)
	}
	machine.add(clock)
	e.Queries += machine.others
	e.State = worst(e.Checks)
	e.DurationMS = time.Since(started).Milliseconds()
	return e
}

// Offline is the examination that asks nothing: it says what cannot be checked.
func Offline(now time.Time) *Examination {
	e := &Examination{Schema: SchemaID, Time: now.UTC().Truncate(time.Second), State: NotChecked, Checks: []Check{}}
	x := &examination{e: e}
	for _, c := range checks {
		x.add(Check{Check: c.name, State: NotChecked, Text: "offline: " + c.whether + " takes a question to the network"})
	}
	return e
}

// worst is the state of all checks together. A problem that is a notice does not count.
func worst(checks []Check) State {
	state := NotChecked
	for _, c := range checks {
		switch {
		case c.State == Problem && c.Severity != finding.Notice:
			return Problem
		case c.State == Unknown:
			state = Unknown
		case state == NotChecked && c.State != NotChecked:
			state = OK
		}
	}
	return state
}

// Status is the exit status: 1 if a problem is at or above failOn, 3 if something is
// unknown, unless that is OK, else 0. Never fails at nothing.
func (e *Examination) Status(failOn finding.Severity, never, unknownOK bool) int {
	status := 0
	for _, c := range e.Checks {
		switch {
		case c.State == Problem && !never && c.Severity.AtLeast(failOn):
			return 1
		case c.State == Unknown && !unknownOK:
			status = 3
		}
	}
	return status
}

// Failing are the checks that say why audits cannot be done or believed: problems that
// are errors, and what no resolver answered.
func (e *Examination) Failing() []Check {
	var out []Check
	for _, c := range e.Checks {
		if c.State == Problem && c.Severity.AtLeast(finding.Error) {
			out = append(out, c)
		}
	}
	return out
}
