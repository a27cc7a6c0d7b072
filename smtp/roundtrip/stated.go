package roundtrip

import (
	"slices"
	"strings"
	"time"

	"mailworthy/audit"
	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/smtp/probe"
)

// Statement is what somebody states about a synthetic mail, as they write it. What
// is left out is the default, but Via, From, To and Wait must be there.
type Statement struct {
	// Via, From and To are as ParseVia and ParseAddress read them, Wait as ParsePlace does.
	Via, From, To string
	Wait          []string
	// Plus puts the token into the recipient.
	Plus bool
	// HELO is the name to greet with, Auth the mechanism of the login, in any case.
	HELO, Auth string
	// Password: there is one for Via; WaitPasswords are how many there are for Wait. They are
	// no part of the statement.
	Password      bool
	WaitPasswords int
	// DKIMKey is the PEM file of the key to sign with, DKIMSelector and DKIMDomain are for its
	// signature; the domain is that of From if none is stated.
	DKIMKey, DKIMSelector, DKIMDomain string
	// Retry is how long to wait after each try that failed for a time, as time.ParseDuration
	// reads it, or "none" alone.
	Retry         []string
	Timeout, Poll time.Duration
	// Duplicates is how long to go on looking for further copies.
	Duplicates time.Duration
}

// MaxDuplicates bounds Statement.Duplicates.
const MaxDuplicates = 24 * time.Hour

// maxRetries bounds the tries of a Statement.
const maxRetries = 50

// Options checks what is stated, and returns the places apart: Options.Wait takes them with
// their passwords. The error is a *field.Error, which repeats no password; if an address
// has one in it, it is ErrPassword too.
func (s Statement) Options() (o Options, places []Spec, err error) {
	for _, needed := range []struct {
		field string
		is    bool
	}{{"via", s.Via != ""}, {"from", s.From != ""}, {"to", s.To != ""}, {"wait", len(s.Wait) > 0}} {
		if !needed.is {
			return o, nil, field.Errorf(needed.field, " is missing").With("mailworthy roundtrip --help shows examples")
		}
	}
	o = Options{Plus: s.Plus, HELO: s.HELO, Timeout: s.Timeout, Poll: s.Poll, Duplicates: s.Duplicates, Mechanism: strings.ToUpper(s.Auth)}
	if o.Via, err = ParseVia(s.Via); err != nil {
		return o, nil, field.Because("via", err)
	}
	if o.From, err = ParseAddress(s.From); err != nil {
		return o, nil, field.Because("from", err)
	}
	if o.To, err = ParseAddress(s.To); err != nil {
		return o, nil, field.Because("to", err)
	}
	for _, text := range s.Wait {
		p, err := ParsePlace(text)
		if err == nil {
			err = p.Check()
		}
		switch {
		case err != nil:
			return o, nil, field.Because("wait", err)
		case slices.Contains(places, p):
			return o, nil, field.Errorf("wait", " %s is given twice", show.Quote(text, 120))
		}
		places = append(places, p)
	}
	if err := probe.CheckHELO(s.HELO); err != nil {
		return o, nil, err
	}
	if s.Auth != "" && !slices.Contains(Mechanisms, o.Mechanism) {
		return o, nil, field.Errorf("auth", " %q: it must be %s", s.Auth, strings.ToLower(strings.Join(Mechanisms, ", "))).With("%s", strings.ToLower(hint.DidYouMean(hint.Nearest(o.Mechanism, 2, Mechanisms...))))
	}
	if s.Duplicates < 0 || s.Duplicates > MaxDuplicates {
		return o, nil, field.Errorf("duplicates", " %s: it must be 0 to 24h", s.Duplicates)
	}
	if o.Retry, err = retries(s.Retry); err != nil {
		return o, places, err
	}
	if err := s.together(&o, places); err != nil || s.DKIMKey == "" {
		return o, places, err
	}
	o.Key, err = s.signer(o.From)
	return o, places, err
}

// together refuses what is stated for something that is not.
func (s Statement) together(o *Options, places []Spec) error {
	servers := 0
	for _, p := range places {
		if p.Via.Scheme != "" {
			servers++
		}
	}
	switch n := s.WaitPasswords; {
	case n > 1 && n != servers || n > 0 && servers == 0:
		return field.Errorf("wait_password_file", " is given %s for %s on servers", show.Counted(n, "time"), show.Counted(servers, "mailbox"))
	case o.Via.User == "" && (s.Password || o.Mechanism != ""):
		return field.Together("${password_file} and ${auth} are for a login").With("write the user into --via: %s://USER@%s", o.Via.Scheme, o.Via.Host)
	case s.DKIMKey == "" && (s.DKIMSelector != "" || s.DKIMDomain != ""):
		return field.Together("${dkim_selector} and ${dkim_domain} are for ${dkim_key}").With("add --dkim-key FILE")
	case s.DKIMKey != "" && s.DKIMSelector == "":
		return field.Together("${dkim_key} needs ${dkim_selector}").With("the receiver looks for the public key at SELECTOR._domainkey.DOMAIN")
	}
	return nil
}

// signer reads the key of a signature.
func (s Statement) signer(from string) (*Key, error) {
	_, domain, _ := strings.Cut(from, "@")
	var err error
	if s.DKIMDomain != "" {
		if domain, err = audit.ParseDomain(s.DKIMDomain); err != nil {
			return nil, field.Because("dkim_domain", err)
		}
	}
	selector, err := audit.ParseSelector(s.DKIMSelector)
	if err != nil {
		return nil, field.Because("dkim_selector", err)
	}
	key, err := ReadKey(s.DKIMKey, domain, selector)
	if err != nil {
		wrong := field.Because("dkim_key", err)
		wrong.What = " " + s.DKIMKey + wrong.What
		return nil, wrong
	}
	return key, nil
}

// Words are the mechanisms of a login as a Statement names them.
func Words() []string { return strings.Fields(strings.ToLower(strings.Join(Mechanisms, " "))) }

// retries reads the times of Statement.Retry; nil is the default.
func retries(stated []string) ([]time.Duration, error) {
	if stated == nil {
		return nil, nil
	}
	list := []time.Duration{}
	if len(stated) == 1 && stated[0] == "none" {
		return list, nil
	}
	for _, text := range stated {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, field.Errorf("retry", " %q is no time", text).With("write it as 1m,5m,15m, or none")
		}
		list = append(list, d)
	}
	if len(list) > maxRetries {
		return nil, field.Errorf("retry", ": at most %d times", maxRetries)
	}
	return list, nil
}

// maxKey bounds the file of a key.
const maxKey = 64 << 10

// ReadKey reads the key of a PEM file, as ParseKey does. The error does not name the file.
func ReadKey(file, domain, selector string) (*Key, error) {
	text, err := readfile.Read(file, maxKey, readfile.Wait)
	if err != nil {
		return nil, err
	}
	return ParseKey(text, domain, selector)
}
