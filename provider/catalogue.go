package provider

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailworthy/internal/field"
	"mailworthy/internal/hint"
)

//go:embed catalogue.txt
var catalogueTXT string

// Catalogue is a set of services. It is never changed.
type Catalogue struct {
	services []*Service
	// byWord has the services by their names, IDs and other names, folded.
	byWord map[string]*Service
	// mx, spf and cname have the service of a name suffix; inbound and envelope have
	// patterns by the last two labels.
	mx, spf, cname    map[string]*Service
	inbound, envelope map[string][]pattern
}

// pattern is a pattern of host names and the service that it belongs to.
type pattern struct {
	text string
	of   *Service
}

// Builtin returns the catalogue of the program.
var Builtin = sync.OnceValue(func() *Catalogue {
	services, err := Parse(catalogueTXT)
	if err == nil {
		var c *Catalogue
		if c, err = index(services); err == nil {
			return c
		}
	}
	panic("provider: catalogue.txt: " + err.Error())
})

// With returns the catalogue with the services of a user's file, which replace those of
// the same ID. The error names the line or the name that two services claim.
func (c *Catalogue) With(text string) (*Catalogue, error) {
	more, err := Parse(text)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(c.services)
	for _, s := range more {
		s.User = true
		if i := slices.IndexFunc(all, func(o *Service) bool { return o.ID == s.ID }); i >= 0 {
			all[i] = s
		} else {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *Service) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return index(all)
}

func index(services []*Service) (*Catalogue, error) {
	c := &Catalogue{services: services, byWord: map[string]*Service{}, mx: map[string]*Service{}, spf: map[string]*Service{},
		cname: map[string]*Service{}, inbound: map[string][]pattern{}, envelope: map[string][]pattern{}}
	for _, s := range services {
		for _, w := range append([]string{s.ID, s.Name}, s.Also...) {
			key := fold(w)
			if other := c.byWord[key]; other != nil && other != s {
				return nil, fmt.Errorf("%s and %s are both called %q", other.Name, s.Name, w)
			}
			c.byWord[key] = s
		}
		for _, in := range []struct {
			of    map[string]*Service
			names []string
		}{{c.mx, s.MX}, {c.spf, s.SPF}, {c.cname, s.CNAME}} {
			for _, suffix := range in.names {
				if other := in.of[suffix]; other != nil {
					return nil, fmt.Errorf("%s and %s both claim %s", other.Name, s.Name, suffix)
				}
				in.of[suffix] = s
			}
		}
		for _, p := range s.Inbound {
			c.inbound[lastTwo(p)] = append(c.inbound[lastTwo(p)], pattern{p, s})
		}
		for _, p := range s.Envelope {
			c.envelope[lastTwo(p)] = append(c.envelope[lastTwo(p)], pattern{p, s})
		}
	}
	return c, nil
}

// All returns the services sorted by name. The list must not be changed.
func (c *Catalogue) All() []*Service { return c.services }

// WithRecords returns the services of which it is known what they need of a domain.
func (c *Catalogue) WithRecords() []*Service {
	var out []*Service
	for _, s := range c.services {
		if s.NeedsRecords() {
			out = append(out, s)
		}
	}
	return out
}

// IDs returns the IDs of services.
func IDs(services []*Service) []string {
	out := make([]string, len(services))
	for i, s := range services {
		out[i] = s.ID
	}
	return out
}

// fold makes a name comparable: letters and digits in lower case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r > 0x7f, r == '+':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, name)
}

// Meant is Find with an error that says which one may be meant, a *field.Error of no field.
func (c *Catalogue) Meant(name string) (*Service, error) {
	s, near := c.Find(name)
	if s != nil {
		return s, nil
	}
	err := field.Errorf("", "there is no service %.60q", name)
	if len(near) > 0 {
		return nil, err.With("did you mean %s?", strings.Join(near, " or "))
	}
	return nil, err.With("mailworthy setup --list lists the services")
}

// Find returns the service of a name, however it is written: "SendGrid", "send-grid",
// "sendgrid". If there is none, near has the names that may be meant.
func (c *Catalogue) Find(name string) (s *Service, near []string) {
	key := fold(name)
	if s := c.byWord[key]; s != nil && key != "" {
		return s, nil
	}
	if key == "" {
		return nil, nil
	}
	words := make([]string, 0, len(c.byWord))
	for _, s := range c.services {
		if s.NeedsRecords() || s.SMTP != nil {
			words = append(words, fold(s.ID), fold(s.Name))
			for _, w := range s.Also {
				words = append(words, fold(w))
			}
		}
	}
	if w := hint.Nearest(key, max(2, len(key)/3), words...); w != "" {
		near = append(near, c.byWord[w].ID)
	}
	for _, s := range c.services {
		if id := fold(s.ID); (s.NeedsRecords() || s.SMTP != nil) && len(key) >= 3 && len(near) < 3 && !slices.Contains(near, s.ID) &&
			(strings.Contains(id, key) || strings.Contains(key, id)) {
			near = append(near, s.ID)
		}
	}
	return nil, near
}

// Named returns the service whose Name it is, nil if there is none.
func (c *Catalogue) Named(name string) *Service {
	if s := c.byWord[fold(name)]; s != nil && s.Name == name {
		return s
	}
	return nil
}

// OfSPF returns the service whose customers' SPF records include the name, nil if none
// is known; OfMX that of an MX host, OfAlias that of the target of a selector.
func (c *Catalogue) OfSPF(name string) *Service   { return bySuffix(c.spf, name) }
func (c *Catalogue) OfMX(name string) *Service    { return bySuffix(c.mx, name) }
func (c *Catalogue) OfAlias(name string) *Service { return bySuffix(c.cname, name) }

// OfInbound returns the service whose host that only receives it is, nil if none is
// known.
func (c *Catalogue) OfInbound(host string) *Service {
	for _, p := range c.inbound[lastTwo(host)] {
		if below(host, p.text) {
			return p.of
		}
	}
	return nil
}

// OfEnvelope returns the service to which the CNAME or MX of an envelope host leads,
// nil if none is known.
func (c *Catalogue) OfEnvelope(target string) *Service {
	for _, p := range c.envelope[lastTwo(target)] {
		if strings.Count(target, ".") == strings.Count(p.text, ".") && below(target, p.text) {
			return p.of
		}
	}
	return nil
}

// bySuffix finds the longest suffix of a name, on label boundaries.
func bySuffix(in map[string]*Service, name string) *Service {
	for rest := strings.ToLower(name); rest != ""; {
		if s := in[rest]; s != nil {
			return s
		}
		_, rest, _ = strings.Cut(rest, ".")
	}
	return nil
}

// lastTwo are the last two labels of a name.
func lastTwo(name string) string {
	end := strings.LastIndexByte(name, '.')
	if end < 0 {
		return name
	}
	return name[strings.LastIndexByte(name[:end], '.')+1:]
}

// below reports whether a name is the one of the pattern or below it.
func below(name, pattern string) bool {
	for {
		have, haveMore := cutLast(&name)
		want, wantMore := cutLast(&pattern)
		before, after, star := strings.Cut(want, "*")
		switch {
		case !star && have != want:
			return false
		case star && (len(have) < len(before)+len(after) || !strings.HasPrefix(have, before) || !strings.HasSuffix(have, after)):
			return false
		case !wantMore:
			return true
		case !haveMore:
			return false
		}
	}
}

// cutLast takes the last label off a name; more says that there are others.
func cutLast(name *string) (label string, more bool) {
	i := strings.LastIndexByte(*name, '.')
	if i < 0 {
		return *name, false
	}
	label, *name = (*name)[i+1:], (*name)[:i]
	return label, true
}
