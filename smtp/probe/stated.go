package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
	"mailworthy/provider"
)

// Statement is what somebody states about a probe, as they write it. What is left
// out is the default.
type Statement struct {
	// Ports are for targets that state none.
	Ports []string
	// HELO is the name to greet with.
	HELO string
	// TLS is how it begins: "auto", "starttls" or "implicit".
	TLS string
	// RelayTo is an address that MAIL and RCPT are tried with.
	RelayTo string
	// SmugglingTo is a mailbox of the user for messages with wrong ends.
	SmugglingTo            string
	Smuggling, TLSVersions bool
	// Login is the user to log in as, Auth are the mechanisms, in any case. Password: there
	// is one for it, which is no part of the statement.
	Login    string
	Auth     []string
	Password bool
	// Provider is the service, by any of its names, whose habits explain a refused login.
	Provider string

	ConnectTimeout, StepTimeout time.Duration
}

// Words are the mechanisms of a login as a Statement names them.
func Words() []string { return strings.Fields(strings.ToLower(strings.Join(Mechanisms, " "))) }

// MaxTargets is how many targets ParseTargets takes.
const MaxTargets = 100

// ParseTargets reads each of the targets, as ParseTarget does.
func ParseTargets(texts []string) ([]Spec, error) {
	if len(texts) > MaxTargets {
		return nil, fmt.Errorf("%d targets: at most %d are probed at once", len(texts), MaxTargets)
	}
	targets := make([]Spec, len(texts))
	for i, text := range texts {
		var err error
		if targets[i], err = ParseTarget(text); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// maxPorts bounds the ports of a Statement.
const maxPorts = 16

// relayAddress is an address that can be an argument of RCPT as it is: no quoting, nothing
// that ends the command.
var relayAddress = lazyre.New(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}$`)

var heloName = lazyre.New(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[A-Za-z0-9.:]{2,60}\])$`)

// CheckHELO checks a name to greet with, which may be an address in brackets; empty states
// none. The error is a *field.Error of "helo".
func CheckHELO(name string) error {
	if name == "" || heloName.MatchString(name) {
		return nil
	}
	return field.Errorf("helo", " %q is no host name", name).With("a name with forward and reverse DNS, or an address as [192.0.2.1]")
}

// Options checks what is stated, the services being those of a catalogue. A login has no
// password yet. The error is a *field.Error, of no field if it is about a service.
func (s Statement) Options(services *provider.Catalogue) (Options, error) {
	o := Options{HELO: s.HELO, RelayTo: s.RelayTo, Smuggling: s.Smuggling, SmugglingTo: s.SmugglingTo, TLSVersions: s.TLSVersions, ConnectTimeout: s.ConnectTimeout, StepTimeout: s.StepTimeout}
	if s.Login == "" && (s.Password || len(s.Auth) > 0) {
		return o, field.Together("${password_file} and ${auth} are for ${login}").With("add --login USER")
	}
	if err := CheckHELO(s.HELO); err != nil {
		return o, err
	}
	if s.RelayTo != "" && !relayAddress.MatchString(s.RelayTo) {
		return o, field.Errorf("relay_to", " %q is no mail address", s.RelayTo)
	}
	if s.SmugglingTo != "" && !relayAddress.MatchString(s.SmugglingTo) {
		return o, field.Errorf("smuggling_to", " %q is no mail address", s.SmugglingTo)
	}
	switch s.TLS {
	case "", "auto":
	case "starttls", "implicit":
		o.TLS = s.TLS
	default:
		return o, field.Errorf("tls", " %q: it must be auto, starttls or implicit", s.TLS)
	}
	for _, text := range s.Ports {
		p, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
		if err != nil || p == 0 {
			return o, field.Errorf("ports", " %q: it must be from 1 to 65535", text).With("several are written as 25,465,587")
		}
		if !slices.Contains(o.Ports, uint16(p)) {
			o.Ports = append(o.Ports, uint16(p))
		}
	}
	if len(o.Ports) > maxPorts {
		return o, field.Errorf("ports", ": at most %d ports", maxPorts)
	}
	login := &Login{User: s.Login, Catalogue: services}
	if s.Provider != "" {
		var err error
		if login.Service, err = services.Meant(s.Provider); err != nil {
			return o, err
		}
	}
	for _, m := range s.Auth {
		name := strings.ToUpper(m)
		if !slices.Contains(Mechanisms, name) {
			return o, field.Errorf("auth", " %q: it must be %s", m, strings.ToLower(strings.Join(Mechanisms, ", "))).
				With("%s", strings.ToLower(hint.DidYouMean(hint.Nearest(name, 2, Mechanisms...))))
		}
		login.Mechanisms = append(login.Mechanisms, name)
	}
	if s.Login != "" {
		o.Login = login
	}
	return o, nil
}
