package setup

import (
	"slices"
	"strings"

	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
)

// alias compares a CNAME.
func (c *check) alias(it *Item, r *provider.Record, v *provider.Values) {
	a, err := c.lookup(it.Name, "CNAME")
	if err != nil {
		it.unanswered(err)
		return
	}
	it.Evidence = append(it.Evidence, a.Evidence())
	if len(a.Records) == 0 {
		c.noAlias(it, r, v)
		return
	}
	target := a.Records[0].Host
	it.Found = target
	tokens, ok := match(r, v, target)
	if !ok {
		it.replaces(it.Name, "CNAME", target)
		c.wrongTarget(it, r, v, target)
		return
	}
	if other := c.otherAccount(r, v, target); other != "" {
		it.replaces(it.Name, "CNAME", target)
		it.wrong("account", "It leads to another account than the records before it, or than --token says: %s.", other)
		it.occupied("Mail of that account fails once the record is replaced.")
		return
	}
	note(v, tokens)
	it.Status, it.Expected = OK, target
	if r.Purpose == provider.DKIM {
		c.behind(it, target)
	}
}

// note keeps what a value shows.
func note(v *provider.Values, tokens map[string]string) {
	for k, t := range tokens {
		if v.Tokens[k] == "" {
			v.Tokens[k] = t
		}
	}
}

// otherAccount says which place of a value is another one than a record before has
// shown; empty: none.
func (c *check) otherAccount(r *provider.Record, v *provider.Values, value string) string {
	if len(r.Accept) == 0 {
		return ""
	}
	free := *v
	free.Tokens = nil
	tokens, ok := free.Capture(r.Value, value)
	if !ok {
		return ""
	}
	for _, k := range slices.Sorted(mapsKeys(tokens)) {
		if have := v.Tokens[k]; have != "" && !strings.EqualFold(have, tokens[k]) {
			return tokens[k] + " instead of " + have
		}
	}
	return ""
}

// behind looks for the key at the target of a selector.
func (c *check) behind(it *Item, target string) {
	a, err := c.lookup(it.Name, "TXT")
	switch {
	case err != nil && resolver.AsError(err).Reason == resolver.Offline:
		it.Detail = "Its target was not asked (offline)."
	case err != nil:
		it.Detail = "The alias is right; whether a key is behind it the DNS did not say (" + string(resolver.AsError(err).Reason) + ")."
	case len(a.Records) == 0:
		if trimmed, ok := strings.CutSuffix(target, "."+c.domain); ok && strings.Contains(trimmed, ".") {
			c.finalDot(it, trimmed)
			return
		}
		it.Reason = "ready"
		if c.s.SwitchOn != "" {
			it.Detail = "Ready: the alias is right, and its target has no key yet. Now " + c.s.SwitchOn + "."
		} else {
			it.Detail = "Ready: the alias is right, and its target has no key yet. Now verify the domain on the page of " + c.s.Name +
				"; if it is verified, compare the target with the one that the page shows."
		}
		if c.s.Standby {
			it.Detail += " Of the two targets one has no key until the next rotation."
		}
	default:
		if _, bad := goodKey(a.Records); bad != "" {
			it.Detail = "The alias is right. The key behind it is " + c.s.Name + "'s to mend: " + bad + "."
		}
	}
}

// finalDot notes that the domain was added to the target of an alias.
func (c *check) finalDot(it *Item, target string) {
	it.wrong("final-dot", "The domain was added to the target: write it with a final dot (%s.), or without the domain where the panel adds it.", target)
	it.Expected = target
}

// wrongTarget says why an alias leads elsewhere.
func (c *check) wrongTarget(it *Item, r *provider.Record, v *provider.Values, target string) {
	if trimmed, ok := strings.CutSuffix(target, "."+c.domain); ok {
		if _, fits := match(r, v, trimmed); fits {
			c.finalDot(it, trimmed)
			return
		}
	}
	if region := c.inOtherRegion(r, v, target); region != "" {
		c.wrongRegion(it, region)
		return
	}
	if r.Purpose == provider.DKIM {
		if s := provider.Builtin().OfAlias(target); s != nil && s.Name != c.s.Name {
			it.wrong("other-service", "It leads to %s, a name of %s.", target, s.Name)
			it.occupied("If %s still sends for the domain, its signatures fail once the record is replaced.", s.Name)
			return
		}
	}
	free := *v
	free.Tokens = nil
	if _, fits := match(r, &free, target); fits {
		it.wrong("account", "It leads to %s, which is not the one of the records before it or of --token.", target)
		it.occupied("Mail of that account fails once the record is replaced.")
		return
	}
	it.wrong("target", "It leads to %s, and not to %s.", target, it.Expected)
	it.occupied("If another sender uses the name, its mail fails once the record is replaced.")
}

// inOtherRegion names the region whose value it is.
func (c *check) inOtherRegion(r *provider.Record, v *provider.Values, value string) string {
	others := c.otherRegions(v)
	for _, name := range slices.Sorted(mapsKeys(others)) {
		o := others[name]
		if _, ok := match(r, &o, value); ok {
			return name
		}
	}
	return ""
}

func (c *check) wrongRegion(it *Item, region string) {
	it.wrong("region", "It is the record of the region %s: host, MX and include must be of one region.", region)
}

// noAlias says what there is in place of a CNAME.
func (c *check) noAlias(it *Item, r *provider.Record, v *provider.Values) {
	text, err := c.lookup(it.Name, "TXT")
	if err != nil {
		it.unanswered(err)
		return
	}
	if len(text.Records) > 0 {
		first := text.Records[0].Text()
		it.Found = show.Cut(first, 400)
		it.replaces(it.Name, "TXT", first)
		if _, ok := match(r, v, strings.Trim(first, `"`)); ok && !onlyPlaces(r) {
			it.wrong("type", "The target stands in a TXT record: publish it as CNAME.")
			return
		}
		if r.Purpose == provider.DKIM && strings.Contains(first, "p=") {
			it.wrong("flattened", "A TXT record with a key stands in place of the CNAME. If it is a copy of %s's key (flattened), %[1]s cannot rotate it, and mail fails when it does.", c.s.Name)
			if !c.copied(it, text.Records) {
				sel, _, _ := strings.Cut(it.Name, ".")
				it.occupied("If another sender signs with the selector %s, its signatures fail once the record is replaced.", sel)
			}
			return
		}
		if r.Purpose != provider.DKIM {
			it.wrong("flattened", "A TXT record stands in place of the CNAME (copied or flattened): it does not follow when %s changes its own.", c.s.Name)
			it.occupied("If another sender uses the name, its mail fails once the record is replaced.")
			return
		}
		it.wrong("type", "A TXT record stands in place of the CNAME.")
		return
	}
	for _, t := range []resolver.Type{resolver.TypeA, resolver.TypeAAAA, resolver.TypeMX} {
		a, err := c.ask.Lookup(c.ctx, it.Name, t)
		if err != nil || len(a.Records) == 0 || text.Status == resolver.NXDomain {
			continue
		}
		value := a.Records[0].String()
		it.Found = t.String() + " " + value
		it.replaces(it.Name, t.String(), value)
		if t == resolver.TypeMX {
			it.wrong("type", "An MX record stands in place of the CNAME.")
		} else {
			it.wrong("proxied", "The name has an address in place of the CNAME: it is proxied or flattened (Cloudflare: set it to \"DNS only\").")
		}
		if r.Purpose != provider.DKIM {
			it.occupied("If the name is that of another host, choose another one with --return-path.")
		}
		return
	}
	if c.astray(it, r, v) {
		return
	}
	c.absent(it, r)
}

// absent is a record that is not there.
func (c *check) absent(it *Item, r *provider.Record) {
	it.Status = Missing
	it.Detail = join("", r.Why)
	if r.Need == provider.Unwanted {
		it.Status = NotNeeded
	}
}

// astray looks where a record lands by mistake: with the domain in its name twice, or
// without an underscore or a label. It reports whether it is there.
func (c *check) astray(it *Item, r *provider.Record, v *provider.Values) bool {
	if r.Need == provider.Optional || r.Need == provider.Unwanted || r.Need == provider.Unverified {
		return false
	}
	type place struct{ name, reason, why string }
	places := []place{{it.Name + "." + c.domain, "doubled", "the domain is in the name twice, because the control panel adds it to what is typed"}}
	if r.Purpose == provider.DKIM {
		sel, rest, _ := strings.Cut(it.Name, "._domainkey.")
		places = append(places,
			place{sel + ".domainkey." + rest, "underscore", "the underscore before domainkey is missing"},
			place{sel + "." + rest, "label", "the label _domainkey is missing"},
			place{sel + "._domainkeys." + rest, "label", "_domainkey is misspelt"})
	} else if label, rest, ok := strings.Cut(it.Name, "."); ok && strings.HasPrefix(label, "_") {
		places = append(places, place{label[1:] + "." + rest, "underscore", "the underscore at the front is missing"})
	}
	for _, p := range places {
		for _, t := range []string{r.Type, "TXT"} {
			a, err := c.lookup(p.name, t)
			if err != nil || len(a.Records) == 0 {
				continue
			}
			i := slices.IndexFunc(a.Records, func(rec resolver.Record) bool {
				value := recordValue(&rec)
				_, ok := match(r, v, value)
				return ok || r.Purpose == provider.DKIM && (strings.Contains(value, "p=") || onlyPlaces(r) && t == "CNAME")
			})
			if i < 0 || t != r.Type && r.Purpose != provider.DKIM {
				continue
			}
			value := recordValue(&a.Records[i])
			if c.ofWildcard(p.name, t, value) {
				continue
			}
			it.Found = p.name + " " + t + " " + show.Cut(value, 300)
			it.Evidence = append(it.Evidence, a.Evidence())
			it.replaces(p.name, t, value)
			it.wrong(p.reason, "It stands at %s: %s.", p.name, p.why)
			if tokens, ok := match(r, v, value); ok && t == "CNAME" && t == r.Type && !onlyPlaces(r) && c.otherAccount(r, v, value) == "" {
				note(v, tokens)
				it.Expected = value
			} else if t == r.Type && !strings.Contains(r.Value, "{") {
				it.Expected = value
			}
			return true
		}
	}
	return false
}
