package setup

import (
	"slices"
	"strings"

	"mailworthy/provider"
	"mailworthy/resolver"
)

// candidates are the envelope hosts to look at: the one that is stated, or those that
// the service proposes and that a zone shows.
func (c *check) candidates() []string {
	if c.o.ReturnPath != "" {
		return []string{c.whole(c.o.ReturnPath)}
	}
	var out []string
	for _, label := range c.s.ReturnPaths {
		out = append(out, c.whole(label))
	}
	for i := range c.s.Ways {
		for _, name := range c.shown(&c.s.Ways[i]) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// whole is a name below the domain, written as a label of it or in full.
func (c *check) whole(name string) string {
	name = strings.TrimSuffix(name, ".")
	switch {
	case name == "@" || name == c.domain:
		return c.domain
	case resolver.Within(name, c.domain), resolver.Registrable(name) == resolver.Registrable(c.domain):
		return name
	}
	return name + "." + c.domain
}

// shown are the names below the domain, in a loaded zone, that are set up as the envelope
// host of the service.
func (c *check) shown(w *provider.Way) []string {
	var out []string
	for i := range w.Records {
		r := &w.Records[i]
		prefix, ok := strings.CutSuffix(r.Name, "{return-path}")
		if !ok || r.Type == "TXT" {
			continue
		}
		for _, rec := range c.below {
			owner, ok := strings.CutPrefix(rec.Name, prefix)
			if trimmed, doubled := strings.CutSuffix(owner, "."+c.domain+"."+c.domain); doubled {
				owner = trimmed + "." + c.domain
			}
			if !ok || rec.Type.String() != r.Type || slices.Contains(out, owner) || !resolver.Within(owner, c.domain) || owner == c.domain || strings.Contains(owner, "_") {
				continue
			}
			if c.anyRegion(r, recordValue(&rec)) && len(out) < 4 {
				out = append(out, owner)
			}
		}
	}
	return out
}

// anyRegion reports whether a value is the one of a record in some region.
func (c *check) anyRegion(r *provider.Record, value string) bool {
	regions := c.s.Regions
	if len(regions) == 0 {
		regions = []provider.Region{{}}
	}
	for _, region := range regions {
		v := valuesOf(c.s, c.domain, region.Name, "", Options{})
		if _, ok := match(r, &v, value); ok && region.Name == v.Fill(region.Name) && !onlyPlaces(r) {
			return true
		}
	}
	return false
}

// onlyPlaces: the value tells nothing, because all of it is a place to fill in.
func onlyPlaces(r *provider.Record) bool {
	return strings.HasPrefix(r.Value, "<") && strings.Count(r.Value, "<") == 1 && strings.HasSuffix(r.Value, ">") && len(r.Accept) == 0
}

// returnPath is the envelope host: the first candidate at which something of the way
// is, else the first.
func (c *check) returnPath(w *provider.Way) string {
	list := c.candidates()
	if len(list) == 0 {
		return ""
	}
	if len(list) > 1 {
		for _, name := range list {
			if strings.Contains(name, "<") {
				continue
			}
			for i := range w.Records {
				r := &w.Records[i]
				if !strings.Contains(r.Name, "{return-path}") || strings.Contains(r.Name, "<") || r.Purpose == provider.SPF && name == c.domain {
					continue
				}
				v := valuesOf(c.s, c.domain, "", name, c.o)
				if a, err := c.lookup(v.Fill(r.Name), r.Type); err == nil && slices.ContainsFunc(a.Records, func(rec resolver.Record) bool { return c.anyRegion(r, recordValue(&rec)) }) {
					return name
				}
			}
		}
	}
	return list[0]
}

// recordValue is the data of a record as templates have it: of an MX with its
// preference.
func recordValue(rec *resolver.Record) string {
	if rec.Type == resolver.TypeTXT {
		return rec.Text()
	}
	return rec.String()
}

// match compares a value with what a record is to be. It returns the tokens that the
// value shows.
func match(r *provider.Record, v *provider.Values, value string) (map[string]string, bool) {
	value = strings.TrimSuffix(value, ".")
	template := r.Value
	if r.Type == "MX" {
		// The preference is the customer's.
		_, value, _ = strings.Cut(value, " ")
		_, template, _ = strings.Cut(template, " ")
	}
	tokens, ok := v.Capture(template, value)
	if len(r.Accept) == 0 {
		return tokens, ok
	}
	for _, p := range r.Accept {
		if v.Like(p, value) {
			return tokens, true
		}
	}
	// What has no place to fill in needs no pattern.
	return tokens, ok && !strings.Contains(template, "<")
}

// names finds the names of the records that the catalogue does not have: a selector
// that was stated, or that a zone or a well-known label shows. The tokens that a name
// shows are noted in v. Empty: the name is that of the template.
func (c *check) names(w *provider.Way, v *provider.Values) []string {
	out := make([]string, len(w.Records))
	used := map[string]bool{}
	for i := range w.Records {
		r := &w.Records[i]
		if strings.Contains(r.Name, "{selector}") {
			out[i] = c.selector(r, v)
			continue
		}
		if v.Complete(r.Name) {
			continue
		}
		if name := c.placed(r, v, used); name != "" {
			used[name] = true
			out[i] = name
			if tokens, ok := v.Capture(r.Name, name); ok {
				for k, t := range tokens {
					v.Tokens[k] = t
				}
			}
		}
	}
	return out
}

// selector is the name of a record whose selector the customer may change.
func (c *check) selector(r *provider.Record, v *provider.Values) string {
	list := append(slices.Clone(c.o.Selectors), r.Try...)
	at := func(sel string) string {
		v.Vars["selector"] = sel
		return v.Fill(r.Name)
	}
	if len(c.o.Selectors) == 0 {
		for _, sel := range list {
			if a, err := c.lookup(at(sel), r.Type); err == nil && len(a.Records)+len(a.CNAMEs) > 0 {
				return at(sel)
			}
		}
	}
	return at(list[0])
}

// placed is the name at which a record with a place in its name stands.
func (c *check) placed(r *provider.Record, v *provider.Values, used map[string]bool) string {
	fits := func(name string) bool {
		_, ok := v.Capture(r.Name, name)
		return ok && !used[name] && (r.Match == "" || v.Like(r.Match, name))
	}
	if r.Purpose == provider.DKIM {
		suffix := strings.TrimPrefix(v.Fill(r.Name[strings.Index(r.Name, "._domainkey."):]), ".")
		for _, sel := range c.o.Selectors {
			if name := strings.ToLower(sel) + "." + suffix; fitsAny(v, r, name) && !used[name] {
				return name
			}
		}
	}
	var other string
	for _, rec := range c.below {
		// What stands in place of an alias is found by its name.
		if !fits(rec.Name) || r.Type != rec.Type.String() && (r.Match == "" || r.Type == "TXT" && rec.Type != resolver.TypeCNAME) {
			continue
		}
		if c.anyRegion(r, recordValue(&rec)) {
			return rec.Name
		}
		key := r.Purpose == provider.DKIM && r.Type == "TXT" && strings.Contains(recordValue(&rec), "p=")
		alias := r.Purpose == provider.DKIM && r.Type == "CNAME" && rec.Type == resolver.TypeCNAME && onlyPlaces(r) && provider.Builtin().OfAlias(rec.Host) == nil
		if other == "" && rec.Name != c.domain && !foreign(&rec, c.s) && !signsForOther(rec.Name, c.s) && (r.Match != "" || key || alias) {
			other = rec.Name
		}
	}
	if other != "" {
		return other
	}
	for _, rec := range c.below {
		if rec.Type.String() != r.Type || r.Need == provider.Optional || !c.anyRegion(r, recordValue(&rec)) {
			continue
		}
		for _, name := range c.intended(rec.Name, r.Purpose) {
			if fits(name) {
				return name
			}
		}
	}
	for _, label := range r.Try {
		if len(c.o.Selectors) > 0 {
			break
		}
		rest := r.Name[strings.Index(r.Name, ">")+1:]
		name := label + v.Fill(rest)
		if used[name] {
			continue
		}
		if a, err := c.lookup(name, r.Type); err == nil && len(a.Records)+len(a.CNAMEs) > 0 {
			return name
		}
	}
	return ""
}

// foreign: the alias is that of another service.
func foreign(rec *resolver.Record, s *provider.Service) bool {
	other := provider.Builtin().OfAlias(rec.Host)
	return rec.Type == resolver.TypeCNAME && other != nil && other.Name != s.Name
}

// signsForOther: the selector is one that another service gives its customers, and this one
// does not, so that a key there is no evidence of this one.
func signsForOther(name string, s *provider.Service) bool {
	selector, _, ok := strings.Cut(name, "._domainkey.")
	has := func(s *provider.Service) bool { return slices.Contains(s.Selectors, selector) }
	return ok && !has(s) && slices.ContainsFunc(provider.Builtin().All(), has)
}

// intended are the names that a misplaced record was meant for.
func (c *check) intended(name string, p provider.Purpose) []string {
	if trimmed, ok := strings.CutSuffix(name, "."+c.domain+"."+c.domain); ok {
		return []string{trimmed + "." + c.domain}
	}
	if p != provider.DKIM || strings.Contains(name, "._domainkey.") {
		return nil
	}
	if strings.Contains(name, ".domainkey.") {
		return []string{strings.Replace(name, ".domainkey.", "._domainkey.", 1)}
	}
	label, rest, _ := strings.Cut(name, ".")
	return []string{label + "._domainkey." + rest}
}

// fitsAny: a stated selector may have any form that the template allows.
func fitsAny(v *provider.Values, r *provider.Record, name string) bool {
	_, ok := v.Capture(r.Name, name)
	return ok
}

// lookup asks for records of a type by its name.
func (c *check) lookup(name, rtype string) (*resolver.Answer, error) {
	t, _ := resolver.ParseType(rtype)
	if t == resolver.TypeNS {
		if a := c.delegation(name); a != nil {
			return a, nil
		}
	}
	return c.ask.Lookup(c.ctx, name, t)
}

// delegation is the answer of a zone file for a name that it delegates away; nil if it
// does not.
func (c *check) delegation(name string) *resolver.Answer {
	a := &resolver.Answer{Name: name, Type: resolver.TypeNS, Status: resolver.Found, Rcode: "NOERROR"}
	for _, rec := range c.below {
		if rec.Type == resolver.TypeNS && rec.Name == name && name != c.domain {
			a.Records = append(a.Records, rec)
		}
	}
	if len(a.Records) == 0 {
		return nil
	}
	return a
}
