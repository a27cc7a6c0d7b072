package inspect

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/field"
	"mailworthy/internal/show"
	"mailworthy/provider"
)

// FieldError says what is wrong with one value of a Statement, of Settings or of an
// Envelope; its Field is the key in JSON.
type FieldError = field.Error

// Statement is what somebody states about the mail of a domain, in their words: the
// wire form of an audit.Target. A key that is left out is not stated.
type Statement struct {
	// Domain is the author domain: the one in From.
	Domain string `json:"domain"`
	// MailFrom are envelope domains. Of an address its domain is meant; what stands before
	// the @ is for SPF records that ask for it.
	MailFrom []string `json:"mail_from,omitempty"`
	// Selectors are DKIM selectors that are in use.
	Selectors []string `json:"selectors,omitempty"`
	// DKIMDomains are signing domains (d=).
	DKIMDomains []string `json:"dkim_domains,omitempty"`
	// IPs are the sending addresses.
	IPs []string `json:"ips,omitempty"`
	// HELO are the names that the sending hosts greet with.
	HELO []string `json:"helo,omitempty"`
	// Providers are services that send for the domain, by any of their names.
	Providers []string `json:"providers,omitempty"`
	// Profile is "sender", "parked" or "receiver"; empty: guessed.
	Profile string `json:"profile,omitempty"`
	// Sections are those to audit, by name or flag; none: all.
	Sections []string `json:"sections,omitempty"`
}

// StatementOf is the statement whose Target is this one.
func StatementOf(t audit.Target) Statement {
	s := Statement{Domain: t.Domain, MailFrom: t.MailFrom, Selectors: t.Selectors, DKIMDomains: t.DKIMDomains, HELO: t.HELO, Providers: t.Providers, Profile: string(t.Profile)}
	if len(t.LocalParts) > 0 {
		s.MailFrom = slices.Clone(t.MailFrom)
		for i, domain := range s.MailFrom {
			if local, ok := t.LocalParts[domain]; ok {
				s.MailFrom[i] = local + "@" + domain
			}
		}
	}
	for _, ip := range t.IPs {
		s.IPs = append(s.IPs, ip.String())
	}
	for _, section := range t.Sections {
		s.Sections = append(s.Sections, section.Flag())
	}
	return s
}

// Target checks all of the statement. The error is a *FieldError.
func (s Statement) Target() (audit.Target, error) {
	t, err := s.Mail()
	if err != nil {
		return t, err
	}
	if len(s.Sections) > 0 {
		if t.Sections, err = Sections(s.Sections, nil); err != nil {
			var wrong *FieldError
			if errors.As(err, &wrong) {
				wrong.Field = "sections"
			}
			return t, err
		}
	}
	if t.Domain, err = DomainParser(t.Sections)(s.Domain); err != nil {
		return t, field.Because("domain", err)
	}
	return t, nil
}

// Mail checks what is stated about the mail: all but the domain and the sections. The
// error is a *FieldError.
func (s Statement) Mail() (audit.Target, error) {
	t := audit.Target{Profile: finding.Profile(s.Profile)}
	if !slices.Contains([]finding.Profile{"", finding.Sender, finding.Parked, finding.Receiver}, t.Profile) {
		return t, field.Errorf("profile", " %q: it must be sender, parked or receiver", s.Profile)
	}
	var err error
	if t.IPs, err = addresses("ips", s.IPs); err != nil {
		return t, err
	}
	for _, list := range []struct {
		key   string
		in    []string
		out   *[]string
		parse func(string) (string, error)
	}{
		{"mail_from", s.MailFrom, &t.MailFrom, func(text string) (string, error) { return envelope(text, &t) }},
		{"dkim_domains", s.DKIMDomains, &t.DKIMDomains, audit.ParseDomain},
		{"helo", s.HELO, &t.HELO, audit.ParseHELO},
		{"selectors", s.Selectors, &t.Selectors, audit.ParseSelector},
		{"providers", s.Providers, &t.Providers, serviceID},
	} {
		for _, text := range list.in {
			name, err := list.parse(text)
			if err != nil {
				return t, field.Because(list.key, err)
			}
			*list.out = append(*list.out, name)
		}
	}
	return t, nil
}

// serviceID is the ID of a service of whose records something is known.
func serviceID(name string) (string, error) {
	s, err := provider.Builtin().Meant(name)
	switch {
	case err != nil:
		return "", err
	case !s.NeedsRecords():
		return "", fmt.Errorf("what %s needs is not known", s.Name)
	}
	return s.ID, nil
}

// addresses reads IP addresses.
func addresses(key string, list []string) (out []netip.Addr, err error) {
	for _, text := range list {
		ip, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil || ip.Zone() != "" {
			return nil, notAnAddress(key, text)
		}
		out = append(out, ip.Unmap())
	}
	return out, nil
}

func notAnAddress(key, text string) error {
	return field.Errorf(key, " %q is not an IP address", text).With("write it as 192.0.2.10 or 2001:db8::10")
}

// envelope reads an envelope domain, or an address, which is what people have at hand:
// its domain is meant, and its local part is kept in t.
func envelope(text string, t *audit.Target) (string, error) {
	at := strings.LastIndexByte(text, '@')
	domain, err := audit.ParseDomain(text[at+1:])
	if local := strings.TrimSpace(text[:max(at, 0)]); err == nil && local != "" {
		if len(local) > maxLocalPart || strings.ContainsFunc(local, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return "", fmt.Errorf("%q is no mail address", show.Cut(text, 100))
		}
		if t.LocalParts == nil {
			t.LocalParts = make(map[string]string)
		}
		t.LocalParts[domain] = local
	}
	return domain, err
}

// maxLocalPart is the longest local part of an address (RFC 5321, 4.5.3.1.1).
const maxLocalPart = 64

// DomainParser is how the domain of an audit of these sections is read. Of SPF alone it
// may be any name: a record that others include is one to check too.
func DomainParser(sections []finding.Section) func(string) (string, error) {
	if len(sections) == 1 && sections[0] == finding.SPF {
		return audit.ParseDomain
	}
	return audit.ParseAuthorDomain
}

// Sections are those of only, or those that an audit covers by default, without those
// of skip, in the order of a report. The error is a *FieldError of "only" or "skip".
func Sections(only, skip []string) ([]finding.Section, error) {
	chosen := map[finding.Section]bool{}
	read := func(flag string, names []string, value bool) error {
		for _, name := range names {
			s, ok := finding.ChosenSection(name)
			if !ok {
				return field.Errorf(flag, " %q is no section", name).With("sections are %s", SectionWords())
			}
			chosen[s] = value
		}
		return nil
	}
	if len(only) == 0 {
		for _, s := range finding.Audited {
			chosen[s] = true
		}
	}
	if err := read("only", only, true); err != nil {
		return nil, err
	}
	if err := read("skip", skip, false); err != nil {
		return nil, err
	}
	maps.DeleteFunc(chosen, func(_ finding.Section, wanted bool) bool { return !wanted })
	return finding.InOrder(slices.Collect(maps.Keys(chosen))), nil
}

// SectionWords are the words for sections that Sections knows, for a message.
func SectionWords() string {
	var words []string
	for _, s := range finding.Choosable {
		words = append(words, s.Flag())
	}
	return strings.Join(words, ", ")
}
