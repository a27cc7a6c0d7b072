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
	it.Remove = slices.DeleteFunc(it.Remove, func(rec finding.Record) bool {
		return !(it.Occupied && rec.Type == "CNAME") && c.ofWildcard(rec.Name, rec.Type, rec.Value)
	})
	it.Complete = it.Expected != "" && !it.Record().HasPlaceholder() && !it.Occupied
	it.Expected = expectedText(it.Type, it.Expected)
	return it
}

// ofWildcard reports whether a record is the answer of a wildcard: there is none at the name, and
// what is published there takes its place (RFC 4592, 2.2.1).
func (c *check) ofWildcard(name, rtype, value string) bool {
	for name != c.domain && strings.Contains(name, ".") {
		_, name, _ = strings.Cut(name, ".")
		a, err := c.lookup("*."+name, rtype)
		if err == nil && slices.ContainsFunc(a.Records, func(r resolver.Record) bool {
			return recordValue(&r) == value || rtype == "CNAME" && r.Host == value
		}) {
			return true
		}
	}
	return false
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

// hosts compares an MX or NS record: one of those at the name.
func (c *check) hosts(it *Item, r *provider.Record, v *provider.Values) {
	a, err := c.lookup(it.Name, r.Type)
	if err != nil {
		it.unanswered(err)
		return
	}
	it.Evidence = append(it.Evidence, a.Evidence())
	if len(a.CNAMEs) > 0 && !slices.ContainsFunc(a.Records, func(rec resolver.Record) bool { _, ok := match(r, v, recordValue(&rec)); return ok }) {
		it.Found = "CNAME " + a.CNAMEs[0]
		it.replaces(it.Name, "CNAME", a.CNAMEs[0])
		it.wrong("alias", "%s is an alias of %s, and no other record may stand beside it.", it.Name, a.CNAMEs[0])
		it.occupied("If something else uses the name, it fails once the alias is gone: choose another one with --return-path.")
		return
	}
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
		foreign := slices.IndexFunc(all, func(value string) bool { return !c.ownHost(value) })
		if foreign < 0 {
			// What is there is the service's as well: this one is missing beside it.
			c.absent(it, r)
			it.Detail = join("Of the hosts of "+c.s.Name+" only "+strings.Join(all, ", ")+" is there.", r.Why)
			return
		}
		it.replaces(it.Name, r.Type, all[foreign])
		it.wrong("target", "It leads to %s, and not to %s.", all[foreign], it.Expected)
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
		if text := a.Records[i].Text(); strings.HasPrefix(text, prefix) && !c.ofWildcard(name, "TXT", text) {
			it.Found, it.Expected = name+" TXT "+text, text
			it.replaces(name, "TXT", text)
			it.wrong("doubled", "It stands at %s: the domain is in the name twice, because the control panel adds it to what is typed.", name)
			return true
		}
	}
	return false
}
