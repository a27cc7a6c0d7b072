package inspect

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"mailworthy/audit"
	"mailworthy/dial"
	"mailworthy/internal/field"
	"mailworthy/mailhost"
	"mailworthy/report"
	"mailworthy/resolver"
	"mailworthy/smtp/probe"
	"mailworthy/transport"
)

// Session is what asks the DNS by an Asking, with its bounds. Whoever opens it closes it.
type Session struct {
	// Stack is what the audits of the session share.
	Stack *resolver.Stack
	// Sceptic is the stack for whoever asks without an audit, which doubts by itself.
	Sceptic resolver.Resolver
	// MaxQueries and Deadline bound what is asked of one domain.
	MaxQueries int
	Deadline   time.Duration
	// Now is the time to judge by; Clock stands there, and is nil, the system's, if no time
	// was stated.
	Now   time.Time
	Clock func() time.Time
	// Alone: nobody is asked but the zones.
	Alone bool
}

// Close ends the connections of the session.
func (s *Session) Close() { s.Stack.Close() }

// Held returns an error if no zone answers for the domain and nobody else is asked.
func (s *Session) Held(domain string) error {
	if !s.Alone || s.Stack.Holds(domain) {
		return nil
	}
	return field.Together("no zone of ${zones} holds %s, and ${offline} asks nobody else", domain)
}

// Asker is the view that the work on one domain has of the resolver, with its bound on questions.
func (s *Session) Asker() *resolver.Session { return resolver.NewSession(s.Sceptic, s.MaxQueries) }

// Evaluator is Asker for what is evaluated to the letter: answers are taken as they are, as a
// receiver that asks the same resolver takes them.
func (s *Session) Evaluator() *resolver.Session { return resolver.NewSession(s.Stack, s.MaxQueries) }

// Context bounds the work on one domain.
func (s *Session) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.Deadline)
}

// Bound puts the bounds and the time of the session into the options of an audit.
func (s *Session) Bound(o *audit.Options) {
	o.MaxQueries, o.Deadline, o.Now = s.MaxQueries, s.Deadline, s.Now
}

// SenderOf is the domain that an address sends for by its PTR records; "" if the DNS does not
// say, or takes longer than a few seconds.
func (s *Session) SenderOf(ctx context.Context, addr netip.Addr) string {
	ctx, cancel := context.WithTimeout(ctx, min(s.Deadline, 3*time.Second))
	defer cancel()
	for _, a := range mailhost.ExamineAddresses(ctx, s.Sceptic, []netip.Addr{addr}) {
		for _, name := range a.Names {
			if name, err := audit.ParseAuthorDomain(name.Name); err == nil {
				return resolver.Registrable(name)
			}
		}
	}
	return ""
}

// Probe puts into the options of a probe of so many targets what asks and connects: each
// target may cost as many questions as a domain, and has the deadline of one.
func (s *Session) Probe(o *probe.Options, targets int, private, trusted bool) error {
	o.Resolver, o.Now, o.Deadline, o.Dialer = resolver.NewSession(s.Sceptic, s.MaxQueries*targets), s.Now, s.Deadline, s.dialer(private)
	validator, err := s.Validator(trusted)
	if err != nil {
		return err
	}
	o.Validator = &validator
	if !s.Alone {
		o.Web = &transport.Web{Dialer: &dial.Dialer{AllowPrivate: private, Timeout: s.Deadline, Lookup: dial.Through(s.Stack)}, Roots: o.Roots}
	}
	return nil
}

// Asked is how many questions went to servers; offline, how many there were.
func (s *Session) Asked(t *report.Tally) int64 {
	if s.Stack.Cache == nil {
		return int64(t.Questions)
	}
	return s.Stack.Cache.Stats().Misses
}

// HitRate is how much of what was asked came from the cache; nil if there is none.
func (s *Session) HitRate() *float64 {
	if s.Stack.Cache == nil {
		return nil
	}
	rate := s.Stack.Cache.Stats().HitRate()
	return &rate
}

// Fetching is what somebody states about how what records lead to is fetched.
type Fetching struct {
	// AllowPrivate connects to private and loopback addresses too.
	AllowPrivate bool
	// Roots is a PEM file of certificates that are trusted besides those of the system.
	Roots string
}

// Web is what fetches over HTTPS; nil if nobody but the zones is asked. The error is a
// *FieldError of "tls_ca".
func (s *Session) Web(f Fetching) (*transport.Web, error) {
	w := &transport.Web{Now: s.Clock, Dialer: &dial.Dialer{AllowPrivate: f.AllowPrivate, Timeout: min(s.Deadline, dial.DefaultTimeout), Lookup: dial.Through(s.Stack)}}
	if f.Roots != "" {
		var err error
		if w.Roots, err = Roots(f.Roots); err != nil {
			return nil, err
		}
	}
	if s.Alone {
		return nil, nil
	}
	return w, nil
}

// Roots are the root certificates of the system and of a PEM file, "" being none; nil if there
// are none. The error is a *FieldError of "tls_ca".
func Roots(file string) (*x509.CertPool, error) {
	pool, err := dial.Roots(file)
	if err != nil {
		return nil, field.BecauseOf("tls_ca", file, err)
	}
	return pool, nil
}

// Validator asks the resolver for what it validates, and the same servers for what fails.
// Trusted says that the path to the resolver can be trusted.
func (s *Session) Validator(trusted bool) (transport.Validator, error) {
	unchecked, err := s.Stack.Unchecked()
	return transport.Validator{Unchecked: unchecked, Trusted: trusted, Now: func() time.Time { return s.Now }}, err
}

// fetchesAtOnce bounds the fetches of the audits of a run.
const fetchesAtOnce = 32

// Tools are those of audits that cover transport security, which share what they fetch.
func (s *Session) Tools(f Fetching, trusted bool) (t transport.Tools, err error) {
	if t.Web, err = s.Web(f); err != nil {
		return t, err
	}
	if t.Web != nil {
		t.Web.Shared = transport.NewFetches(fetchesAtOnce)
	}
	t.Validator, err = s.Validator(trusted)
	return t, err
}

// Probing connects to the MX hosts of the domains of a run, each address once, until it is
// closed. What the tools fetch and find validated is not asked for twice. The error is a
// *FieldError.
func (s *Session) Probing(ctx context.Context, f Fetching, with transport.Tools) (*probe.Shared, error) {
	if s.Alone {
		return nil, field.Together("${offline} and ${probe} exclude each other")
	}
	pool := with.Web.Roots
	if pool == nil {
		var err error
		if pool, err = Roots(""); err != nil {
			return nil, err
		}
	}
	return probe.NewShared(ctx, probe.Options{Roots: pool, Now: s.Now, Deadline: s.Deadline, Web: with.Web, Validator: &with.Validator, Dialer: s.dialer(f.AllowPrivate)}), nil
}

// dialer connects to mail servers.
func (s *Session) dialer(private bool) *dial.Dialer {
	return &dial.Dialer{AllowPrivate: private, Timeout: s.Deadline, MaxPerAddr: 1, MaxRead: probe.MaxRead}
}
