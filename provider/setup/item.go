package setup

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
)

// item compares one record. What it shows is noted in v.
func (c *check) item(r *provider.Record, name string, v *provider.Values) Item {
	it := Item{Purpose: r.Purpose, Name: name, Type: r.Type, Expected: v.Fill(r.Value), Need: r.Need, record: r}
	switch {
	case strings.Contains(name, "<"):
		c.nameless(&it, r)
	case r.Purpose == provider.SPF:
		c.spfItem(&it, r, v)
	case r.Purpose == provider.DMARC:
		c.dmarcItem(&it, r)
	case r.Type == "CNAME":
		c.alias(&it, r, v)
	case r.Type == "MX" || r.Type == "NS":
		c.hosts(&it, r, v)
	case r.Purpose == provider.DKIM:
		c.key(&it, r)
	default:
		c.text(&it, r, v)
	}
	if it.Need == provider.Unverified && it.Status != OK {
		it.Status, it.Reason = Unknown, "memory"
		it.Detail = "It is known from memory alone: publish it if " + c.s.Name + " shows it."
	}
	if it.Need == provider.Optional && !c.optional(r) {
		it.Need = provider.Advised
	}
	if it.Need == provider.Optional && it.Status == Missing {
		it.Status = NotNeeded
		it.Detail = join("Optional.", r.Why)
	}
	it.Complete = !it.Record().HasPlaceholder() && !it.Occupied
	it.Expected = expectedText(it.Type, it.Expected)
	return it
}

// optional reports whether a record is for a feature that the user need not have: whoever
// states the host of a return path wants it.
func (c *check) optional(r *provider.Record) bool {
	return r.Need == provider.Optional && (c.o.ReturnPath == "" || !strings.Contains(r.Name, "{return-path}"))
}

// expectedText is a value as a person would paste it.
func expectedText(rtype, value string) string {
	if rtype == "TXT" {
		return value
	}
	return strings.TrimSuffix(value, ".")
}

// join puts a reason behind a sentence, as a sentence.
func join(sentence, why string) string {
	if why == "" {
		return sentence
	}
	return strings.TrimSpace(sentence + " " + strings.ToUpper(why[:1]) + why[1:] + ".")
}

// nameless is a record whose name only the service's page shows.
func (c *check) nameless(it *Item, r *provider.Record) {
	place := it.Name[strings.Index(it.Name, "<")+1:]
	key, _, _ := strings.Cut(place, ":")
	switch {
	case r.Need == provider.Unwanted:
		it.Status = NotNeeded
		it.Detail = join("", r.Why)
	case c.elsewhere(it, r):
	case r.Need == provider.Optional:
		it.Status = NotNeeded
		it.Detail = join("Optional.", r.Why)
	case c.listed:
		it.Status = Missing
		it.Detail = join("The zone has no record of this form.", r.Why)
	case r.Purpose == provider.DKIM && c.noKeys():
		it.Status = Missing
		it.Detail = "Nothing exists below _domainkey." + c.domain + " (NXDOMAIN)."
	default:
		it.Status, it.Reason = Unknown, "name"
		it.Detail = fmt.Sprintf("Only %s shows this name, and the DNS cannot be searched for it: state it with --token %s=… ", c.s.Name, key)
		switch {
		case r.Purpose == provider.DKIM:
			it.Detail += "or --selector."
		case strings.Contains(r.Name, "{return-path}"):
			it.Detail += "or --return-path."
		default:
			it.Detail = strings.TrimSpace(it.Detail) + "."
		}
	}
}

// noKeys: the DNS proves that no DKIM key exists.
func (c *check) noKeys() bool {
	a, err := c.ask.Lookup(c.ctx, "_domainkey."+c.domain, resolver.TypeTXT)
	return err == nil && a.Status == resolver.NXDomain
}

// unanswered notes that the DNS did not say.
func (it *Item) unanswered(err error) {
	e := resolver.AsError(err)
	it.Status, it.Reason, it.Unanswered = Unknown, "unanswered", true
	it.Detail = fmt.Sprintf("The DNS did not answer for %s (%s): what is there is not known.", e.Name, e.Reason)
	it.Evidence = append(it.Evidence, e.Evidence())
}

func (it *Item) wrong(reason, format string, args ...any) {
	it.Status, it.Reason, it.Detail = Wrong, reason, fmt.Sprintf(format, args...)
}

// occupied notes that what is at the name may be of another sender, and what that one
// loses.
func (it *Item) occupied(format string, args ...any) {
	it.Occupied = true
	it.Detail += " " + fmt.Sprintf(format, args...)
}

// copied reports whether a key in place of an alias is the one behind its target: then it
// is the service's, and nobody else's.
func (c *check) copied(it *Item, records []resolver.Record) bool {
	if it.Record().HasPlaceholder() || len(records) != 1 {
		return false
	}
	a, err := c.lookup(it.Expected, "TXT")
	return err == nil && slices.ContainsFunc(a.Records, func(r resolver.Record) bool {
		p := value(r.Text(), "p")
		return p != "" && p == value(records[0].Text(), "p")
	})
}

// replaces notes a record that goes when the expected one comes.
func (it *Item) replaces(name, rtype, value string) {
	it.Remove = append(it.Remove, finding.Record{Name: name, Type: rtype, Value: value})
}

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
			it.Found = p.name + " " + t + " " + show.Cut(value, 300)
			it.Evidence = append(it.Evidence, a.Evidence())
			it.replaces(p.name, t, value)
			it.wrong(p.reason, "It stands at %s: %s.", p.name, p.why)
			if t == r.Type && !strings.Contains(r.Value, "{") {
				it.Expected = value
			}
			return true
		}
	}
	return false
}

// hosts compares an MX or NS record: one of those at the name.
func (c *check) hosts(it *Item, r *provider.Record, v *provider.Values) {
	a, err := c.lookup(it.Name, r.Type)
	if err != nil {
		it.unanswered(err)
		return
	}
	it.Evidence = append(it.Evidence, a.Evidence())
	if len(a.Records) == 0 {
		if !c.astray(it, r, v) {
			c.absent(it, r)
			c.elsewhere(it, r)
		}
		return
	}
	var all []string
	found := ""
	for i := range a.Records {
		value := recordValue(&a.Records[i])
		all = append(all, value)
		if tokens, ok := match(r, v, value); ok && found == "" {
			found = value
			note(v, tokens)
		}
	}
	it.Found = strings.Join(all, ", ")
	switch {
	case found != "" && r.Alone && len(a.Records) > 1:
		for _, value := range all {
			if value != found {
				it.replaces(it.Name, r.Type, value)
			}
		}
		it.Expected = found
		it.wrong("not-alone", "Other MX records stand beside it, and %s demands that it is alone: use a subdomain that nothing else uses.", c.s.Name)
		it.occupied("Mail that the other hosts take is lost once they are removed.")
	case found != "":
		it.Status, it.Found, it.Expected = OK, found, found
	case r.Need == provider.Receive:
		it.Status = NotNeeded
		it.Detail = "The domain's mail is received elsewhere."
		if all[0] == "0 ." {
			it.Detail = "The domain declares that it receives no mail (null MX)."
		}
		if s := provider.Builtin().OfInbound(a.Records[0].Host); s == c.s {
			it.Detail = "Another MX host of " + c.s.Name + " is there."
		} else if s != nil {
			it.Detail = "The domain's mail is received by " + s.Name + "."
		}
	default:
		for _, value := range all {
			if region := c.inOtherRegion(r, v, value); region != "" {
				it.replaces(it.Name, r.Type, value)
				c.wrongRegion(it, region)
				return
			}
			host := value[strings.IndexByte(value, ' ')+1:]
			if trimmed, ok := strings.CutSuffix(host, "."+c.domain); ok {
				if _, fits := match(r, v, "0 "+trimmed); fits && r.Type == "MX" {
					it.replaces(it.Name, r.Type, value)
					it.wrong("final-dot", "The domain was added to the host: write it with a final dot (%s.), or without the domain where the panel adds it.", trimmed)
					return
				}
			}
		}
		if c.optional(r) {
			it.Status = NotNeeded
			it.Detail = join("Optional; other hosts are there.", r.Why)
			return
		}
		it.replaces(it.Name, r.Type, all[0])
		it.wrong("target", "It leads to %s, and not to %s.", all[0], it.Expected)
		it.occupied("If other mail goes there, it is lost once the record is replaced.")
	}
}

// elsewhere finds an MX at the domain itself in place of the envelope host. It reports
// whether there is one.
func (c *check) elsewhere(it *Item, r *provider.Record) bool {
	if it.Name == c.domain || r.Purpose != provider.ReturnPath || r.Type != "MX" {
		return false
	}
	a, err := c.lookup(c.domain, "MX")
	if err != nil {
		return false
	}
	for i := range a.Records {
		value := recordValue(&a.Records[i])
		if c.anyRegion(r, value) {
			it.Found = c.domain + " MX " + value
			it.Remove = nil
			it.wrong("apex", "It stands at %s, where it takes the domain's own mail: it belongs to %s.", c.domain, it.Name)
			it.replaces(c.domain, "MX", value)
			return true
		}
	}
	return false
}

// text compares a TXT record that is neither SPF, DKIM nor DMARC.
func (c *check) text(it *Item, r *provider.Record, v *provider.Values) {
	a, err := c.lookup(it.Name, "TXT")
	if err != nil {
		it.unanswered(err)
		return
	}
	it.Evidence = append(it.Evidence, a.Evidence())
	prefix, _, placed := strings.Cut(v.Fill(r.Value), "<")
	for i := range a.Records {
		text := a.Records[i].Text()
		if r.Value == "*" || placed && len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) || !placed && text == it.Expected {
			it.Found = show.Cut(text, 400)
			if r.Need == provider.Unwanted {
				it.Status, it.Expected = NotNeeded, ""
				it.Detail = join("", r.Why)
				it.replaces(it.Name, "TXT", text)
				return
			}
			it.Status, it.Expected = OK, text
			return
		}
	}
	if r.Value == "*" {
		it.Expected = ""
	}
	if !c.astrayText(it, prefix) {
		c.absent(it, r)
	}
}

// astrayText looks for a text with the domain in its name twice.
func (c *check) astrayText(it *Item, prefix string) bool {
	if prefix == "" || it.Need != provider.Once {
		return false
	}
	name := it.Name + "." + c.domain
	a, err := c.lookup(name, "TXT")
	if err != nil {
		return false
	}
	for i := range a.Records {
		if text := a.Records[i].Text(); strings.HasPrefix(text, prefix) {
			it.Found, it.Expected = name+" TXT "+text, text
			it.replaces(name, "TXT", text)
			it.wrong("doubled", "It stands at %s: the domain is in the name twice, because the control panel adds it to what is typed.", name)
			return true
		}
	}
	return false
}
