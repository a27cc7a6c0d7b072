package monitor

import (
	"strings"
	"testing"
	"time"

	"mailworthy/config"
	"mailworthy/inspect"
	"mailworthy/notify"
)

// TestAsking: what is given goes before the configuration, and that before the rest.
func TestAsking(t *testing.T) {
	m := &Monitor{Config: &config.Config{Resolvers: []string{"192.0.2.53"}, Limits: config.Limits{Timeout: time.Second, Deadline: time.Minute, Retries: 0, MaxQueries: 7}}}
	stated := inspect.Asking{Resolvers: []string{"192.0.2.1"}, Timeout: 2 * time.Second, Deadline: 2 * time.Minute, Retries: 2, MaxQueries: 9}
	never := func(string) bool { return false }
	if a := m.Asking(stated, never); a.Resolvers[0] != "192.0.2.53" || a.Timeout != time.Second || a.Deadline != time.Minute || a.Retries != 0 || a.MaxQueries != 7 {
		t.Errorf("configured: %+v", a)
	}
	if a := m.Asking(stated, func(string) bool { return true }); a.Resolvers[0] != "192.0.2.1" || a.Timeout != 2*time.Second || a.Deadline != 2*time.Minute || a.Retries != 2 || a.MaxQueries != 9 {
		t.Errorf("given: %+v", a)
	}
	m.Config.Limits = config.Limits{Retries: -1}
	stated.Offline, stated.Resolvers = true, nil
	if a := m.Asking(stated, never); a.Resolvers != nil || a.Timeout != 2*time.Second || a.Retries != 2 {
		t.Errorf("neither, offline: %+v", a)
	}
}

// TestCheck: changes are told only if they are kept, and offline no mail is sent, which is an
// error if there is nothing else to do.
func TestCheck(t *testing.T) {
	var warned string
	m := &Monitor{Config: &config.Config{File: "mail.yaml", Notifications: []notify.Target{{Name: "ops", When: notify.Change}}}, Warn: func(text string) { warned = text }}
	if err := m.Check(false); err == nil || !strings.Contains(err.Error(), `notification "ops" tells of changes`) {
		t.Error(err)
	}
	if m.History = "mail.db"; m.Check(true) != nil {
		t.Error("changes that are kept")
	}
	m.Config.Roundtrips = make([]config.Roundtrip, 2)
	if err := m.Check(false); err != nil {
		t.Error(err)
	}
	if err := m.Check(true); err == nil || err.Error() != "mail.yaml has round trips alone, and offline sends nothing" {
		t.Error(err)
	}
	m.Config.Domains = make([]config.Domain, 1)
	if err := m.Check(true); err != nil || warned != "--offline: 2 round trips not sent" {
		t.Errorf("%v, warned of %q", err, warned)
	}
}

// TestNewSession: offline a run sends no mail, and else it has what that needs.
func TestNewSession(t *testing.T) {
	a := inspect.Asking{Offline: true, Proposes: true, Timeout: time.Second, Deadline: time.Minute, MaxQueries: 7}
	for _, offline := range []bool{true, false} {
		if a.Offline = offline; !offline {
			a.Resolvers = []string{"192.0.2.53"}
		}
		asked, err := a.Open(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSession(asked)
		if err != nil || (s.Mail == nil) != offline || (s.Transport.Web == nil) != offline || s.MaxQueries != 7 || s.Held("acme.example") == nil == offline {
			t.Errorf("offline %v: %+v, %v", offline, s, err)
		}
		s.Close()
	}
}
