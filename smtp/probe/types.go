package probe

import (
	"crypto/x509"
	"net/netip"
	"time"

	"mailworthy/dial"
	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/transport"
)

// Schema names the form of the JSON.
const Schema = "mailworthy/probe/1"

// Outcome is how a step ended, in one word.
type Outcome string

// The outcomes.
const (
	OK Outcome = "ok"
	// Refused: nothing listens on the port, or a firewall says so.
	Refused Outcome = "refused"
	// Timeout: no answer within the time of the step, or of the target.
	Timeout Outcome = "timeout"
	// Unreachable: no route, or a name without an address.
	Unreachable Outcome = "unreachable"
	// Reset: the connection was broken off (RST).
	Reset Outcome = "reset"
	// Closed: the other side ended the connection where an answer was due.
	Closed Outcome = "closed"
	// TLSFailed: the handshake failed.
	TLSFailed Outcome = "tls-failed"
	// Protocol: what came is no answer of the protocol.
	Protocol Outcome = "protocol"
	// Rejected4 and Rejected5: an answer with such a code.
	Rejected4 Outcome = "rejected-4xx"
	Rejected5 Outcome = "rejected-5xx"
	// NotTried: an earlier step ended the session, or it was left out on purpose.
	NotTried Outcome = "not-tried"
)

// The names of steps. EHLO is there twice if TLS came between: Step.TLS tells which.
const (
	StepResolve  = "resolve"
	StepConnect  = "connect"
	StepTLS      = "tls"
	StepBanner   = "banner"
	StepEHLO     = "ehlo"
	StepSTARTTLS = "starttls"
	StepAuth     = "auth"
	StepMail     = "mail"
	StepRcpt     = "rcpt"
	StepRset     = "rset"
	StepQuit     = "quit"
)

// Step is one step of a session.
type Step struct {
	Step    string  `json:"step"`
	Outcome Outcome `json:"outcome"`
	// DurationMS is how long it took, in milliseconds; 0 if it was not tried.
	DurationMS int64 `json:"duration_ms"`
	// Detail is what was said, or why it was not tried. Text of the server is in it: raw.
	Detail string `json:"detail"`
	// TLS: the step was made inside TLS.
	TLS bool `json:"inside_tls"`

	code     int
	duration time.Duration
}

// TLS is what a handshake agreed on.
type TLS struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
	// Implicit: TLS began with the first byte.
	Implicit bool `json:"implicit"`
}

// Endpoint is one address and port, with the session that was had there.
type Endpoint struct {
	// Host is the name or address that was asked for.
	Host string `json:"host"`
	Port uint16 `json:"port"`
	// Address is what was connected to; empty if the host could not be resolved.
	Address string `json:"address"`
	Steps   []Step `json:"steps"`
	// Banner is the text of the greeting with its code, lines joined by a line break;
	// null if none came.
	Banner *string `json:"banner"`
	// EHLO and EHLOTLS are the keywords with their parameters, one a line, as the server
	// wrote them, before and inside TLS.
	EHLO    []string `json:"ehlo"`
	EHLOTLS []string `json:"ehlo_tls"`
	// TLS and Certificate are null if there was no handshake.
	TLS         *TLS         `json:"tls"`
	Certificate *Certificate `json:"certificate"`
	// DANE and MTASTS say whether what the server showed is what the domain demands: match,
	// mismatch, none (nothing is demanded), unusable or insecure (TLSA records that senders
	// pass over), unknown; null if no domain led here, or there was no session.
	DANE   *string `json:"dane"`
	MTASTS *string `json:"mta_sts"`
	// BareLF says whether the server takes a line feed alone for the end of a command; null
	// if that was not tried, or its answer does not show it.
	BareLF *bool `json:"bare_lf"`
	// EndsOfData are ends of a message that SMTP does not have, and whether the server took
	// them for one; empty if that was not asked for.
	EndsOfData []EndOfData `json:"ends_of_data"`
	// TLSVersions are the versions of TLS that were offered alone, the newest first; empty if
	// that was not asked for, or the server has no TLS.
	TLSVersions []TLSVersion   `json:"tls_versions"`
	Transcript  []finding.Said `json:"transcript"`
	// Explained is what a reply that refused something means, by package smtp/reply.
	Explained []Explained `json:"explained"`

	// other is what the server chose of more suites than crypto/tls has, after a handshake
	// with those failed; nil: it was not asked.
	other    *TLSVersion
	chain    []*x509.Certificate
	addr     netip.Addr
	led      bool   // the DNS led here, nobody stated it
	injected string // what came in plain text after the answer to STARTTLS
	wrongTLS string // "implicit": TLS where STARTTLS is expected; "plain": the reverse
	busy     bool   // the server answered 421
	greeted  string // the name that the banner begins with
	noIPv6   bool
	// mechanism is the one that the login was accepted with.
	mechanism string
	openLF    string // why it is not known whether a bare line feed is taken
	askedFor  string // the name that the certificate was asked for, if it is another one
}

// Explained is a reply with its meaning.
type Explained struct {
	Step    string   `json:"step"`
	Reply   string   `json:"reply"`
	Reason  string   `json:"reason"`
	Meaning string   `json:"meaning"`
	Next    []string `json:"next"`
}

// Target is what was probed for one argument.
type Target struct {
	Target    string            `json:"target"`
	Endpoints []Endpoint        `json:"endpoints"`
	Findings  []finding.Finding `json:"findings"`

	domain   string // whose MX hosts these are
	demands  *demands
	nullMX   bool
	evidence []finding.Evidence
	unknown  string // why there are no endpoints
}

// Report is the result of a run.
type Report struct {
	// Schema is always "mailworthy/probe/1".
	Schema  string   `json:"schema"`
	Targets []Target `json:"targets"`
	// DurationMS is the time of the whole run.
	DurationMS int64 `json:"duration_ms"`
	// From is the local address of the connections; empty if none was made.
	From string `json:"from"`
	// HELO is the name that was greeted with; empty: the address of the connection.
	HELO string `json:"helo"`
}

// Findings are those of all targets.
func (r *Report) Findings() (all []finding.Finding) {
	for i := range r.Targets {
		all = append(all, r.Targets[i].Findings...)
	}
	return all
}

// Options say how to probe. Dialer and Resolver must be set.
type Options struct {
	Dialer   *dial.Dialer
	Resolver resolver.Resolver
	// Ports for targets that state none; none: 25 of MX hosts, 25, 465 and 587 of hosts.
	Ports []uint16
	// HELO is the name to greet with; empty: the address of the connection, as a literal.
	HELO string
	// TLS is how TLS begins: "" by port (465 at once, else STARTTLS), "implicit", "starttls".
	TLS string
	// Roots that certificates are verified by; nil: none are known, and trust is unknown.
	Roots *x509.CertPool
	// RelayTo is an address that MAIL and RCPT are tried with; empty: they are not.
	RelayTo string
	// Smuggling tries whether a command that ends in a line feed alone is taken: NOOP, which
	// does nothing.
	Smuggling bool
	// SmugglingTo is a mailbox of the user that messages with ends of data are sent to that
	// SMTP does not have, in up to five connections after all others; empty: none is sent.
	// CheckMailbox must have allowed it for the target.
	SmugglingTo string
	// unasked is how long to wait for an answer that comes without a command; zero is a second.
	unasked time.Duration
	// TLSVersions finds out which versions of TLS each server accepts, after all sessions with
	// its address, by up to four more connections.
	TLSVersions bool
	// Login is what to log in with; nil: nothing.
	Login *Login
	// Validator asks for TLSA records, and Web fetches the MTA-STS policies, of domains; a
	// nil Validator: neither is compared with what the servers show.
	Validator *transport.Validator
	Web       *transport.Web
	// Now is the time that certificates are judged by.
	Now time.Time
	// ConnectTimeout, StepTimeout and Deadline bound a connect, a step, and a target.
	// Zero: DefaultConnect, DefaultStep, DefaultDeadline.
	ConnectTimeout, StepTimeout, Deadline time.Duration
}

// The default bounds. RFC 5321, 4.5.3.2 grants servers five minutes; who waits at a
// screen does not.
const (
	DefaultConnect  = 10 * time.Second
	DefaultStep     = 30 * time.Second
	DefaultDeadline = time.Minute
)

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// submission reports whether the endpoint is for clients that log in, rather than for
// other servers.
func (e *Endpoint) submission() bool {
	switch e.Port {
	case 25:
		return false
	case 465, 587, 2525:
		return true
	}
	return len(authOf(e.EHLO)) > 0 || len(authOf(e.EHLOTLS)) > 0
}

// step returns the last step of the name that was tried, or else the first; nil if there
// is none.
func (e *Endpoint) step(name string) *Step {
	var found *Step
	for i := range e.Steps {
		if s := &e.Steps[i]; s.Step == name && (found == nil || s.Outcome != NotTried) {
			found = s
		}
	}
	return found
}

// ended is the first step that went wrong; nil if none did.
func (e *Endpoint) ended() *Step {
	for i := range e.Steps {
		if o := e.Steps[i].Outcome; o != OK && o != NotTried {
			return &e.Steps[i]
		}
	}
	return nil
}

func (e *Endpoint) ok(name string) bool {
	s := e.step(name)
	return s != nil && s.Outcome == OK
}
