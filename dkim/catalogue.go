package dkim

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailworthy/provider"
)

//go:embed common.txt
var commonTXT string

// Confidence says where a provider's entry comes from.
type Confidence string

const (
	// Documented: in the provider's own instructions.
	Documented Confidence = "documented"
	// Observed: seen in public zones or messages.
	Observed Confidence = "observed"
	// Memory: commonly said, not verified. A hint, never the ground of an error.
	Memory Confidence = "memory"
)

// Provider is a service or a program that signs mail for domains of others.
// It is the part of package provider's entry that is about keys.
type Provider struct {
	Name string
	// Selectors are those that its customers publish, patterns as written:
	// {yyyy} stands for a year, {mmyy} for a month and year, {label} for the first
	// label of the customer's name at the provider, as the SPF record includes it.
	Selectors []string
	// MX, SPF and CNAME are name suffixes: of the MX hosts of its customers, of
	// the names that their SPF records include, of the targets of their selectors.
	MX, SPF, CNAME []string
	// Targets are the aliases to publish if they are the same for all customers
	// or follow from the domain, as selector=target; {domain} stands for the domain,
	// <…> for what the provider shows.
	Targets    []string
	Confidence Confidence
	// Software: not a service; nothing in the DNS points to it.
	Software bool
	// Standby: it publishes its keys in pairs of which one is alive; the target of
	// the other is absent until the next rotation.
	Standby bool
	Note    string

	expanded []string // Expand("")
}

// The years that dated patterns are enumerated for, and the months of {mmyy}.
const (
	firstYear = 2016
	lastYear  = 2026
)

// Expand returns the selectors with years and months enumerated, the latest
// first, after those without a date. A {label} is replaced by label; if that
// is empty the pattern is left out. The list must not be changed.
func (p *Provider) Expand(label string) []string {
	labelled := func(s string) bool { return strings.Contains(s, "{label}") }
	if label == "" || !slices.ContainsFunc(p.Selectors, labelled) {
		return p.expanded
	}
	return p.expand(label)
}

func (p *Provider) expand(label string) []string {
	var plain, dated []string
	for _, s := range p.Selectors {
		switch {
		case strings.Contains(s, "{label}"):
			if label != "" {
				plain = append(plain, strings.ReplaceAll(s, "{label}", label))
			}
		case strings.Contains(s, "{yyyy}"):
			for y := lastYear; y >= firstYear; y-- {
				dated = append(dated, strings.ReplaceAll(s, "{yyyy}", fmt.Sprint(y)))
			}
		case strings.Contains(s, "{mmyy}"):
			for y := lastYear; y >= firstYear; y-- {
				for m := 12; m >= 1; m-- {
					dated = append(dated, strings.ReplaceAll(s, "{mmyy}", fmt.Sprintf("%02d%02d", m, y%100)))
				}
			}
		default:
			plain = append(plain, s)
		}
	}
	return append(plain, dated...)
}

// catalogue is the parsed data and its indexes. It is never changed.
type catalogue struct {
	providers []Provider
	byName    map[string]*Provider
	common    []string
	// mx, spf and cname map a suffix to the provider that it belongs to.
	mx, spf, cname map[string]*Provider
	// owner maps a selector to the one service that it names.
	owner map[string]*Provider
}

var loaded = sync.OnceValue(func() *catalogue {
	c, err := makeCatalogue(provider.Builtin().All(), commonTXT)
	if err != nil {
		panic("dkim: embedded catalogue: " + err.Error())
	}
	return c
})

// makeCatalogue takes the services of whose keys something is known.
func makeCatalogue(services []*provider.Service, common string) (*catalogue, error) {
	c := &catalogue{byName: map[string]*Provider{}, mx: map[string]*Provider{}, spf: map[string]*Provider{},
		cname: map[string]*Provider{}, owner: map[string]*Provider{}}
	for _, s := range services {
		if len(s.Selectors)+len(s.MX)+len(s.SPF)+len(s.CNAME) == 0 && !s.Software {
			continue
		}
		c.providers = append(c.providers, Provider{Name: s.Name, Selectors: s.Selectors, MX: s.MX, SPF: s.SPF, CNAME: s.CNAME, Targets: s.Targets,
			Confidence: Confidence(s.Confidence), Note: s.Note, Software: s.Software, Standby: s.Standby})
	}
	users := map[string]int{}
	for i := range c.providers {
		p := &c.providers[i]
		p.expanded = p.expand("")
		c.byName[p.Name] = p
		for _, index := range []struct {
			of map[string]*Provider
			by []string
		}{{c.mx, p.MX}, {c.spf, p.SPF}, {c.cname, p.CNAME}} {
			for _, suffix := range index.by {
				if other := index.of[suffix]; other != nil {
					return nil, fmt.Errorf("%s and %s both claim %s", other.Name, p.Name, suffix)
				}
				index.of[suffix] = p
			}
		}
		for _, s := range p.Expand("") {
			users[s]++
			c.owner[s] = p
		}
	}
	for s, n := range users {
		if n > 1 || !namesProvider(s, c.owner[s]) {
			delete(c.owner, s)
		}
	}
	for line := range strings.Lines(common) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			c.common = append(c.common, line)
		}
	}
	return c, nil
}

// namesProvider reports whether a selector alone says whose key it is: a word of
// its own, of a service whose customers publish the key itself. If they publish
// an alias, its target says it, and a key without one is somebody else's.
func namesProvider(selector string, p *Provider) bool {
	letters := 0
	for _, c := range selector {
		if c >= 'a' && c <= 'z' {
			letters++
		}
	}
	return !p.Software && len(p.CNAME) == 0 && len(selector) >= 5 && letters >= 3
}

// bySuffix finds the provider with the longest suffix of name in index, on label
// boundaries, and the suffix.
func bySuffix(index map[string]*Provider, name string) (*Provider, string) {
	name = strings.ToLower(name)
	for rest := name; rest != ""; {
		if p := index[rest]; p != nil {
			return p, rest
		}
		_, after, ok := strings.Cut(rest, ".")
		if !ok {
			break
		}
		rest = after
	}
	return nil, ""
}

// providerOfAlias names the provider that an alias chain leads to: the last
// target that belongs to one.
func (c *catalogue) providerOfAlias(cnames []string) *Provider {
	for _, name := range slices.Backward(cnames) {
		if p, _ := bySuffix(c.cname, name); p != nil {
			return p
		}
	}
	return nil
}

// all returns every selector of the catalogue once: the common ones first, then
// by provider, those with a date last.
func (c *catalogue) all() []string {
	seen := map[string]bool{}
	var plain, dated []string
	add := func(to *[]string, s string) {
		if !seen[s] {
			seen[s] = true
			*to = append(*to, s)
		}
	}
	for _, s := range c.common {
		add(&plain, s)
	}
	for i := range c.providers {
		p := &c.providers[i]
		for _, s := range p.Selectors {
			if !strings.Contains(s, "{") {
				add(&plain, s)
			}
		}
	}
	for i := range c.providers {
		for _, s := range c.providers[i].Expand("") {
			add(&dated, s)
		}
	}
	return append(plain, dated...)
}
