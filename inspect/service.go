package inspect

import (
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/internal/field"
	"mailworthy/provider"
	"mailworthy/provider/setup"
)

// Service is what somebody states about their account at a service, in their words: the
// wire form of setup.Options.
type Service struct {
	// Region is that of the account; empty: found in the records, or the usual one.
	Region string `json:"region" empty:"null"`
	// ReturnPath is the envelope host, whole or as a name below the domain.
	ReturnPath string `json:"return_path" empty:"null"`
	// Selectors are the DKIM selectors that the service shows.
	Selectors []string `json:"selectors"`
	// Tokens fill in places that only the service's page shows, each KEY=VALUE.
	Tokens []string `json:"tokens"`
}

// Options checks what is stated of the service. The error is a *FieldError if it is
// of a field.
func (f Service) Options(s *provider.Service) (setup.Options, error) {
	o := setup.Options{Tokens: map[string]string{}}
	if f.Region != "" {
		r, ok := s.Region(f.Region)
		switch {
		case len(s.Regions) == 0:
			return o, field.Errorf("region", " %s: %s has no regions that differ", f.Region, s.Name).With("leave it out")
		case !ok || strings.HasPrefix(r.Name, "<"):
			return o, field.Errorf("region", " %q is not one of %s", f.Region, s.Name).With("it is one of %s", strings.Join(s.RegionNames(), ", "))
		}
		o.Region = r.Name
	}
	if f.ReturnPath != "" {
		name := strings.ToLower(strings.TrimSuffix(f.ReturnPath, "."))
		if _, err := audit.ParseDomain("x." + name + ".example"); err != nil && name != "@" {
			return o, field.Errorf("return_path", " %q is not a host name", f.ReturnPath).With("write it as bounce or bounce.acme.example")
		}
		o.ReturnPath = name
	}
	for _, sel := range f.Selectors {
		parsed, err := audit.ParseSelector(sel)
		if err != nil {
			return o, err
		}
		o.Selectors = append(o.Selectors, parsed)
	}
	known := provider.NewValues(s).Texts
	for _, t := range f.Tokens {
		k, v, ok := strings.Cut(t, "=")
		_, is := known[k]
		switch {
		case !ok || k == "" || v == "":
			return o, field.Errorf("tokens", " %q is not KEY=VALUE", t).With("the key is the word after < in a record to publish")
		case !is && k != "reports":
			return o, field.Errorf("tokens", " %s: %s has no such place", k, s.Name).With("%s", tokenHint(known))
		case strings.ContainsAny(v, "<>\n\r"):
			return o, field.Errorf("tokens", " %s: a value has no < or > and no line break", k)
		}
		if k != "reports" {
			var err error
			if v, err = s.Token(k, v); err != nil {
				return o, field.Errorf("tokens", " %s: %v", k, err).With("%s", "it is "+strings.TrimSpace(strings.TrimPrefix(known[k], k+":")))
			}
		}
		o.Tokens[k] = v
	}
	return o, nil
}

func tokenHint(known map[string]string) string {
	var keys []string
	for k := range known {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return "its places are " + strings.Join(append(keys, "reports"), ", ")
}
