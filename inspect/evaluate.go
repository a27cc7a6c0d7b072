package inspect

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"mailworthy/audit"
	"mailworthy/dmarc"
	"mailworthy/internal/field"
	"mailworthy/spf"
)

// Client is what somebody states about one SMTP client, to evaluate SPF for, in their
// words: the wire form of an spf.Client.
type Client struct {
	// IP is its address.
	IP string `json:"ip"`
	// HELO is the name that it greets with.
	HELO string `json:"helo"`
	// MailFrom is the envelope sender, an address or its domain; "" is the null sender of
	// bounces, nil is not stated.
	MailFrom *string `json:"mail_from"`
	// Domain is evaluated in place of the domain of the sender.
	Domain string `json:"domain"`
}

// ErrNothingToEvaluate is the error of a Client that states no domain.
var ErrNothingToEvaluate = errors.New("nothing to evaluate")

// Client checks what is stated. The error is a *FieldError if it is of a field.
func (c Client) Client() (spf.Client, error) {
	client := spf.Client{HELO: c.HELO}
	var err error
	if client.IP, err = netip.ParseAddr(c.IP); err != nil || client.IP.Zone() != "" {
		return client, notAnAddress("ip", c.IP)
	}
	if c.Domain != "" {
		if client.Domain, err = audit.ParseDomain(c.Domain); err != nil {
			return client, err
		}
	}
	if c.MailFrom != nil {
		client.MailFrom = *c.MailFrom
	}
	domain := client.MailFrom[strings.LastIndexByte(client.MailFrom, '@')+1:]
	switch {
	case c.MailFrom == nil && client.Domain != "":
		client.MailFrom, client.Assumed.LocalPart = "postmaster@"+client.Domain, true
	case client.MailFrom == "" && client.HELO == "" && client.Domain == "":
		return client, ErrNothingToEvaluate
	case strings.ContainsFunc(domain, unicode.IsSpace):
		return client, field.Errorf("mail_from", " %q: its domain contains a space", client.MailFrom)
	case client.MailFrom != "" && domain == client.MailFrom:
		client.MailFrom, client.Assumed.LocalPart = "postmaster@"+domain, true
	}
	client.Assumed.HELO, client.Assumed.Names = c.HELO == "", true
	return client, nil
}

// Identities are what somebody states about a message, to evaluate DMARC for: the wire
// form of dmarc.Identities.
type Identities struct {
	// From is the author domain.
	From string `json:"from"`
	// SPF is envelope domains and DKIM signing domains with their results, each
	// DOMAIN=RESULT.
	SPF  []string `json:"spf"`
	DKIM []string `json:"dkim"`
}

// Identities checks what is stated. The error is a *FieldError.
func (s Identities) Identities() (id dmarc.Identities, err error) {
	if id.From, err = audit.ParseDomain(s.From); err != nil {
		return id, field.Because("from", err)
	}
	if id.SPF, err = identities("spf", s.SPF, spfResults); err != nil {
		return id, err
	}
	id.DKIM, err = identities("dkim", s.DKIM, dkimResults)
	return id, err
}

// spfResults and dkimResults are those that may be stated (RFC 8601, 2.7).
var (
	spfResults  = []string{"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "policy"}
	dkimResults = []string{"pass", "fail", "neutral", "none", "temperror", "permerror", "policy"}
)

// identities reads the DOMAIN=RESULT of a field.
func identities(key string, stated, results []string) ([]dmarc.Identity, error) {
	var list []dmarc.Identity
	for _, text := range stated {
		name, result, ok := strings.Cut(text, "=")
		if !ok {
			return nil, field.Errorf(key, " %q is not DOMAIN=RESULT", text).With("write it as %s=pass", text)
		}
		domain, err := audit.ParseDomain(name)
		if err != nil {
			return nil, field.Because(key, err)
		}
		result = strings.ToLower(strings.TrimSpace(result))
		if !slices.Contains(results, result) {
			return nil, field.Errorf(key, " %q: %q is no result", text, result).With("it is one of %s", strings.Join(results, ", "))
		}
		list = append(list, dmarc.Identity{Domain: domain, Result: result})
	}
	return list, nil
}
