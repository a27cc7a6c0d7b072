// Package notify informs people and programs that something about a domain has
// changed, or is at or above a severity: by webhook, in Slack's and Teams'
// forms, and by e-mail.
//
// A Notice is what there is to say. An Outbox keeps the notices that are to be
// sent to each Target, says each of them once, and keeps what could not be
// delivered for the next time. A Sender delivers: with timeouts, with retries that
// back off, and without a secret in any error.
package notify

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"mailworthy/finding"
)

// Kind is the form that a target takes notices in.
type Kind string

// The kinds of targets.
const (
	// Webhook takes the notice as JSON, signed if a secret is stated.
	Webhook Kind = "webhook"
	// Slack takes what Slack's incoming webhooks take, and those made like them.
	Slack Kind = "slack"
	// Teams takes an Adaptive Card, as Teams' workflows do.
	Teams Kind = "teams"
	// Email is sent through an SMTP server.
	Email Kind = "email"
)

// When says what a target hears about.
type When string

// What a target hears about.
const (
	// Change: findings, records, verdict or score differ from the run before.
	Change When = "change"
	// Threshold: there is a finding at or above the target's severity that was not
	// there when the target was last notified.
	Threshold When = "threshold"
)

// TLS says how a connection to a mail server is protected.
type TLS string

// How a connection to a mail server is protected.
const (
	// StartTLS asks for TLS and goes no further without (RFC 3207).
	StartTLS TLS = "starttls"
	// Implicit starts with TLS at once (RFC 8314, 3.3).
	Implicit TLS = "implicit"
	// Plain has none: for a server on the same host.
	Plain TLS = "none"
)

// Target is somebody to notify.
type Target struct {
	// Name is how the target is called in messages and in the outbox.
	Name string
	Kind Kind
	// URL to post to: with most services it is a secret in itself.
	URL Secret
	// Key signs what a Webhook gets; empty: not signed.
	Key  Secret
	Mail Mail
	When When
	// Severity is the least that a Threshold target hears about.
	Severity finding.Severity
	// Domains restricts the target to these; none: all.
	Domains []string
}

// Mail is where and how an e-mail is sent.
type Mail struct {
	From string
	To   []string
	// Server is host:port.
	Server   string
	TLS      TLS
	Username string
	Password Secret
}

// Secret is a text that no output shows: formatted, logged or marshalled it is
// "[secret]". Reveal alone gives it away.
type Secret string

const hidden = "[secret]"

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return hidden }

// Format keeps every verb of fmt from showing the text.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// MarshalText is for JSON, YAML and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue is for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// redact takes what is secret about the target out of a text.
func (t *Target) redact(text string) string {
	secrets := []string{t.URL.Reveal(), t.Key.Reveal(), t.Mail.Password.Reveal()}
	if u, err := url.Parse(t.URL.Reveal()); err == nil {
		// The host may be named; what follows it is the key of most services.
		secrets = append(secrets, u.RequestURI(), strings.TrimPrefix(u.EscapedPath(), "/"), u.Path, u.RawQuery)
		if u.User != nil {
			secrets = append(secrets, u.User.String(), u.User.Username())
			password, _ := u.User.Password()
			secrets = append(secrets, password)
		}
	}
	for _, s := range secrets {
		if len(s) > 1 { // "/" is no secret
			text = strings.ReplaceAll(text, s, hidden)
		}
	}
	return text
}
