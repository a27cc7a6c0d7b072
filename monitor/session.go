package monitor

import (
	"fmt"

	"mailworthy/dial"
	"mailworthy/inspect"
	"mailworthy/internal/field"
	"mailworthy/internal/show"
	"mailworthy/notify"
)

// NewSession is a session that asks and connects through s, which it closes, with an error
// too. If nobody is asked but zones, no mail is sent.
func NewSession(s *inspect.Session) (*Session, error) {
	tools, err := s.Tools(inspect.Fetching{}, false)
	if err != nil {
		s.Close()
		return nil, err
	}
	out := &Session{Resolver: s.Stack, Transport: tools, Close: s.Close, Held: s.Held, MaxQueries: s.MaxQueries, Deadline: s.Deadline, Now: s.Now}
	if !s.Alone {
		out.Mail = &MailTools{Roots: dial.Roots}
	}
	return out, nil
}

// Asking is what is stated of whom to ask and how far to go, and what the configuration has
// of it, but for what is given: that goes before the configuration, by its key.
func (m *Monitor) Asking(a inspect.Asking, given func(key string) bool) inspect.Asking {
	limits := m.Config.Limits
	if !given("resolvers") && !a.Offline {
		a.Resolvers = m.Config.Resolvers
	}
	if limits.Timeout > 0 && !given("timeout") {
		a.Timeout = limits.Timeout
	}
	if limits.Deadline > 0 && !given("deadline") {
		a.Deadline = limits.Deadline
	}
	if limits.Retries >= 0 && !given("retries") {
		a.Retries = limits.Retries
	}
	if limits.MaxQueries > 0 && !given("max_queries") {
		a.MaxQueries = limits.MaxQueries
	}
	return a
}

// Check refuses a configuration that cannot do what it says: it tells of changes that are
// not kept, or all that it has is not to be done offline. Mails that are not sent are warned
// of. The error is a *field.Error.
func (m *Monitor) Check(offline bool) error {
	c := m.Config
	for _, t := range c.Notifications {
		if t.When == notify.Change && m.History == "" {
			return field.Together("notification %q tells of changes, and no history is kept to know them by", t.Name).
				With("add history: FILE to %s or --history FILE, or when: threshold to the notification", c.File)
		}
	}
	n := len(c.Roundtrips)
	switch {
	case !offline || n == 0:
		return nil
	case len(c.Domains) == 0 && len(c.Logs.Paths) == 0:
		return field.Together("%s has round trips alone, and ${offline} sends nothing", c.File).With("leave --offline out, or add domains")
	case m.Warn != nil:
		m.Warn(fmt.Sprintf("--offline: %s not sent", show.Counted(n, "round trip")))
	}
	return nil
}
