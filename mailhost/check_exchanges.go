package mailhost

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// record is the MX record as published.
func (e *Exchange) record(d *Domain) finding.Record {
	return finding.Record{Name: d.Name, Type: "MX", Value: fmt.Sprintf("%d %s", e.Preference, e.Name)}
}

// anotherMX is an MX record to be completed: which host takes the mail of the domain
// is for its owner to say.
func (d *Domain) anotherMX(summary string, preference uint16, instead ...finding.Record) *finding.Fix {
	return &finding.Fix{Summary: summary, Name: d.Name, Type: "MX",
		Value: fmt.Sprintf("%d <the host that takes the mail of %s>", preference, d.Name), Remove: instead}
}

// exchangeChecks are the checks that are decided only if every MX record was looked at.
var exchangeChecks = []string{"mx-unresolvable", "mx-cname", "mx-ip-literal", "mx-private-address", "mx-duplicate", "mx-underscore", "mx-validation"}

// exchanges judges the MX hosts.
func (j *judge) exchanges(d *Domain) {
	j.Decided(exchangeChecks...)
	if d.ExchangesLeftOut > 0 {
		j.Undecided(exchangeChecks...)
	}
	var unknown []string
	var unknownEvidence []finding.Evidence
	seen := make(map[string]*Exchange)
	var undotted [2][]*Exchange // that surely lost their final dot, and that may have
	for i := range d.Exchanges {
		e := &d.Exchanges[i]
		if first := seen[e.Name]; first != nil && !e.Null {
			f := finding.Finding{Subject: e.Name, Evidence: d.Evidence,
				Detail: fmt.Sprintf("%s is named by two MX records of %s, with preference %d and %d.", e.Name, d.Name, first.Preference, e.Preference),
				Fix:    &finding.Fix{Summary: "Remove the second one."}}
			if first.Preference != e.Preference {
				f.Fix.Remove = []finding.Record{e.record(d)}
			}
			j.Add("mx-duplicate", f)
			continue
		}
		seen[e.Name] = e
		switch {
		case e.Null:
		case e.Validation != "":
			j.validation(d, e)
		case isThisMachine(e.Name), e.dotlessLocalhost(d.Name):
			j.thisMachine(d, e)
		case e.Literal:
			j.literal(d, e, literal(withoutURL(e.Name)))
		case e.Resolves != Unknown && e.dotless(d).IsValid():
			j.literal(d, e, e.dotless(d))
		default:
			if len(e.CNAMEs) == 0 || e.Resolves != Absent {
				j.alias(d, i)
			}
			j.notPublic(d, e)
			if e.Meant == nil && impossible(e.Name) == "" {
				j.odd(d, e)
			}
			if e.Resolves == Unknown && !e.reserved(d) {
				unknown = append(unknown, e.Name)
				unknownEvidence = append(unknownEvidence, e.Evidence...)
				if e.dotless(d).IsValid() {
					j.Undecided("mx-ip-literal")
				}
			} else if e.Resolves != Present && len(e.CNAMEs) == 0 && e.undotted != "" && !d.named(e.undotted, -1) {
				if e.Meant != nil {
					undotted[0] = append(undotted[0], e)
				} else {
					undotted[1] = append(undotted[1], e)
				}
			} else if e.Resolves != Present && !j.aimedBefore(d, i) {
				j.unresolvable(d, e)
			}
		}
	}
	for _, hosts := range undotted {
		j.withoutDot(d, hosts)
	}
	if len(unknown) > 0 {
		j.Undecided("mx-unresolvable")
		j.noHost(len(unknown) == len(seen), "A/AAAA lookup of an MX host failed: result unknown", named(unknown),
			fmt.Sprintf("The addresses of %s, which the MX records of %s name, are not known: the questions were not answered.", named(unknown), d.Name),
			unknownEvidence)
	}
	j.single(d, seen)
}

// single is about a host that has no reserve of any kind: many addresses behind one
// name, as large providers have them, are one, and so is a provider's gateway.
func (j *judge) single(d *Domain, exchanges map[string]*Exchange) {
	hosts := d.MXHosts()
	if len(hosts) != 1 || j.parked() {
		j.Decided("mx-single")
		return
	}
	e := exchanges[hosts[0]]
	four, six := 0, 0
	for _, a := range e.Addresses {
		if a.Is4() {
			four++
		} else {
			six++
		}
	}
	switch {
	case four > 1 || six > 1 || e.Gateway != "":
		j.Decided("mx-single")
	case e.silent > 0 || len(e.Addresses) == 0:
		// It may have more; or it has none, which is another check's to say.
		j.Undecided("mx-single")
	default:
		j.Add("mx-single", finding.Finding{Evidence: slices.Concat(d.Evidence, e.Evidence),
			Detail: fmt.Sprintf("%s is the only MX host of %s. While it is down, mail waits at its senders.", e.Name, d.Name),
			Fix:    &finding.Fix{Summary: "Publish a second MX record with a higher preference, if mail must not wait."}})
	}
}

// validation judges an MX record that Microsoft 365 had made to see who owns the
// domain. It never takes mail, and a TXT record shows the same.
func (j *judge) validation(d *Domain, e *Exchange) {
	f := finding.Finding{Subject: e.Name, Evidence: d.Evidence,
		Detail: fmt.Sprintf("The MX record \"%d %s\" of %s takes no mail: Microsoft 365 has it published to see who owns the domain, and the name below .invalid never exists. "+
			"The TXT record %s shows the same. Once the domain is verified, neither is needed.", e.Preference, e.Name, d.Name, e.Validation)}
	txt := finding.Record{Name: d.Name, Type: "TXT", Value: e.Validation}
	if d.usableBeside(e) || slices.ContainsFunc(d.Exchanges, func(o Exchange) bool { return o.Null || o.Validation == "" }) {
		f.Fix = &finding.Fix{Summary: "Publish the TXT record instead, and remove the MX record.", Name: txt.Name, Type: txt.Type, Value: txt.Value,
			Remove: []finding.Record{e.record(d)}}
	} else {
		f.Severity = finding.Error
		f.Title = "Only MX record is one that proves domain ownership to Microsoft 365"
		f.Detail += fmt.Sprintf(" As there is no other MX record, mail to %s cannot be delivered.", d.Name)
		f.Fix = d.anotherMX("Publish the TXT record instead, and an MX record that names the host which takes the mail.", 10, e.record(d))
		f.Fix.More = []finding.Record{txt}
	}
	j.Add("mx-validation", f)
}

// odd judges a host with characters that no host name has.
func (j *judge) odd(d *Domain, e *Exchange) {
	c := oddCharacter(e.Name)
	if c == "" {
		return
	}
	j.Add("mx-underscore", finding.Finding{Subject: e.Name, Evidence: d.Evidence,
		Detail: fmt.Sprintf("The MX host %s of %s has the character %q. Host names are made of letters, digits and hyphens, and some mail servers do not deliver to another one.", show.Cut(e.Name, maxShown), d.Name, c),
		Fix:    &finding.Fix{Summary: "Give the host a name of letters, digits and hyphens, and name that in the MX record."}})
}

// usableBeside reports whether mail of the domain reaches another host than that of e.
func (d *Domain) usableBeside(e *Exchange) bool {
	return slices.ContainsFunc(d.Exchanges, func(o Exchange) bool { return o.Name != e.Name && o.usable() })
}

// replace is the fix of an MX record whose host cannot take mail from outside. Beside
// a host that takes mail it can go; else the owner must say which host it is.
func (d *Domain) replace(e *Exchange, why string) *finding.Fix {
	switch {
	case e.Meant != nil && !d.named(e.Meant.Name, -1) && !d.meantBefore(e):
		summary := fmt.Sprintf("Name %s, which has an address.", e.Meant.Name)
		if e.Meant.Resolves != Present {
			summary = fmt.Sprintf("Name %s alone.", e.Meant.Name)
		}
		return &finding.Fix{Summary: summary, Name: d.Name, Type: "MX",
			Value: fmt.Sprintf("%d %s", e.Preference, e.Meant.Name), Remove: []finding.Record{e.record(d)}}
	case d.meantBefore(e):
		return &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: another one is to name %s.", e.Meant.Name), Remove: []finding.Record{e.record(d)}}
	case d.usableBeside(e):
		return &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: %s. Other MX hosts take the mail.", why), Remove: []finding.Record{e.record(d)}}
	}
	return d.anotherMX(fmt.Sprintf("Replace the MX record: %s. Name the host that takes the mail; if the domain receives none, publish a null MX: \"0 .\".", why),
		e.Preference, e.record(d))
}

// meantBefore: an MX record before this one was meant to name the same host.
func (d *Domain) meantBefore(e *Exchange) bool {
	for i := range d.Exchanges {
		o := &d.Exchanges[i]
		if o == e {
			break
		}
		if e.Meant != nil && o.Meant != nil && o.Meant.Name == e.Meant.Name {
			return true
		}
	}
	return false
}

// local says why a host name means nothing outside; empty: it may.
func (e *Exchange) local(d *Domain) string {
	switch {
	case isThisMachine(e.Name):
		return fmt.Sprintf("%s is every machine's name for itself", e.Name)
	case impossible(e.Name) != "":
		return impossible(e.Name)
	case !strings.Contains(e.Name, "."):
		return fmt.Sprintf("%s is no full host name", e.Name)
	case localName(e.Name, d.Name):
		return fmt.Sprintf("%s is a name inside one network", e.Name)
	}
	return ""
}

// reserved: the name cannot exist outside, whatever the DNS says or does not say.
func (e *Exchange) reserved(d *Domain) bool {
	return isThisMachine(e.Name) || impossible(e.Name) != "" || slices.Contains(localSuffixes, e.Name) || strings.Contains(e.Name, ".") && localName(e.Name, d.Name)
}

// dotlessLocalhost: the record was meant to name localhost, and its zone added its own name to it
// because the final dot is missing: nothing stands at that name, or a record that is right as it is.
func (e *Exchange) dotlessLocalhost(domain string) bool {
	name, ok := strings.CutSuffix(e.Name, "."+domain)
	return ok && isThisMachine(name) && e.Resolves != Unknown && !slices.ContainsFunc(e.Addresses, func(a netip.Addr) bool { return !a.IsLoopback() })
}

// thisMachine judges a host that is for every sender the sender itself.
func (j *judge) thisMachine(d *Domain, e *Exchange) {
	what, why := "is every machine's name for itself: no mail from outside gets there", cmp.Or(e.local(d), fmt.Sprintf("%s is this machine for whoever asks", e.Name))
	if name, ok := strings.CutSuffix(e.Name, "."+d.Name); ok && len(e.Addresses) == 0 && isThisMachine(name) {
		why = name + " is every machine's name for itself"
		what = fmt.Sprintf("has no address: the zone added its own name to %s, which is every machine's name for itself", name)
	}
	j.Add("mx-private-address", finding.Finding{Subject: e.Name, Evidence: slices.Concat(d.Evidence, e.Evidence),
		Title:  "MX host is localhost",
		Detail: fmt.Sprintf("An MX record of %s names %s, which %s.", d.Name, e.Name, what),
		Fix:    d.replace(e, why)})
}

// unresolvable judges a host that has no address.
func (j *judge) unresolvable(d *Domain, e *Exchange) {
	f := finding.Finding{Subject: e.Name, Evidence: e.Evidence,
		Detail: fmt.Sprintf("The MX host %s of %s has neither an A nor an AAAA record.", e.Name, d.Name)}
	host, why := e.Name, e.local(d)
	if e.Resolves == Unknown {
		f.Detail = fmt.Sprintf("The MX host %s of %s does not exist outside.", e.Name, d.Name)
	}
	if n := len(e.CNAMEs); n > 0 {
		host = e.CNAMEs[n-1]
		f.Detail = fmt.Sprintf("The MX host %s of %s is an alias of %s, which has neither an A nor an AAAA record.", e.Name, d.Name, host)
		j.follows(&f, "mx-cname", fmt.Sprintf("%s is an alias, and an MX record must name the host itself.", e.Name))
	}
	if c := oddCharacter(e.Name); c != "" && (e.Meant != nil || impossible(e.Name) != "") {
		j.follows(&f, "mx-underscore", fmt.Sprintf("%s has the character %q, which is in no host name.", show.Cut(e.Name, maxShown), c))
	}
	switch {
	case e.Meant != nil:
		f.Detail += fmt.Sprintf(" Probably %s is meant", e.Meant.Name)
		if f.Detail += "."; e.Meant.Resolves == Present {
			f.Detail = strings.TrimSuffix(f.Detail, ".") + ", which has one."
		}
		f.Evidence = slices.Concat(f.Evidence, e.Meant.Evidence)
		f.Fix = d.replace(e, "its host does not exist")
	case e.aimed != "":
		d.nameAimed(e, &f)
	case len(e.CNAMEs) > 0 && e.unregistered == "":
		f.Fix = d.replace(e, "the alias leads nowhere")
	case why != "":
		cannot := " It cannot have one: "
		if e.Resolves == Unknown {
			cannot = " It cannot: "
		}
		f.Detail += cannot + why + "."
		f.Fix = d.replace(e, why)
	case e.unregistered != "":
		f.Title = "MX host is in a domain that does not exist"
		f.Detail = fmt.Sprintf("The domain %s of the MX host %s does not exist. Whoever registers it can have mail to %s delivered to a server of his own, and read it.", e.unregistered, e.Name, d.Name)
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Correct the name in the MX record \"%d %s\", or remove the record; if %s was yours, register it again.", e.Preference, e.Name, e.unregistered)}
	case !resolver.Within(host, d.Authority.Organizational):
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Correct the name in the MX record \"%d %s\", or remove the record: %s is in a zone of others.", e.Preference, e.Name, host)}
	case d.usableBeside(e):
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the address of %s, or remove the MX record \"%d %s\".", host, e.Preference, e.Name)}
	default:
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the address of %s, or name the host that takes the mail in the MX record \"%d %s\".", host, e.Preference, e.Name)}
	}
	j.Add("mx-unresolvable", f)
}

// follows puts what another check finds at the same record below a finding that it goes
// away with.
func (j *judge) follows(f *finding.Finding, check, detail string) {
	c, _ := checkList.Find(check)
	f.Follows = append(f.Follows, c.Consequence(f.Subject, detail))
	j.Undecided(check)
}

// withoutDot is said of MX records whose hosts lost their final dot, once for all of them:
// the cause is one.
func (j *judge) withoutDot(d *Domain, hosts []*Exchange) {
	if len(hosts) == 0 {
		return
	}
	var names, undotted, right []string
	f := finding.Finding{Subject: hosts[0].Name}
	fix := &finding.Fix{}
	for _, e := range hosts {
		names = append(names, e.Name)
		undotted = append(undotted, e.undotted)
		right = append(right, fmt.Sprintf("%d %s.", e.Preference, e.undotted))
		f.Evidence = append(f.Evidence, e.Evidence...)
		if e.Meant == nil {
			continue
		}
		f.Evidence = append(f.Evidence, e.Meant.Evidence...)
		fix.More = append(fix.More, finding.Record{Name: d.Name, Type: "MX", Value: fmt.Sprintf("%d %s", e.Preference, e.undotted)})
		fix.Remove = append(fix.Remove, e.record(d))
	}
	f.Evidence = f.Evidence[:min(len(f.Evidence), maxEvidence)]
	n := len(hosts)
	f.Detail = fmt.Sprintf("There is no address at the MX %s %s of %s", show.Plural(n, "host"), named(names), d.Name)
	if slices.ContainsFunc(hosts, func(e *Exchange) bool { return e.wildcard }) {
		f.Detail = fmt.Sprintf("Nothing but a wildcard answers for the MX %s %s of %s", show.Plural(n, "host"), named(names), d.Name)
	}
	because := fmt.Sprintf("he zone added its own name to %s, because the final dot is missing.", named(undotted))
	if fix.Remove == nil {
		f.Detail += ". Perhaps t" + because
		fix.Summary = fmt.Sprintf("If that is what takes the mail, write it with its final dot (%s); else publish the address, or name the host that takes the mail.", named(right))
	} else {
		f.Detail += ": t" + because
		fix.Summary = fmt.Sprintf("Write the MX %s with the final dot: %s", show.Plural(n, "record"), named(right))
		fix.Name, fix.Type, fix.Value, fix.More = d.Name, "MX", fix.More[0].Value, fix.More[1:]
	}
	f.Fix = fix
	j.Add("mx-unresolvable", f)
}

// named: another MX record names the host.
func (d *Domain) named(host string, but int) bool {
	for i := range d.Exchanges {
		if i != but && d.Exchanges[i].Name == host {
			return true
		}
	}
	return false
}

// dotless is the address that the record was meant to name, if the zone's
// name was added to it: 192.0.2.1 without a final dot. A host that has just this
// address bears its name rightly.
func (e *Exchange) dotless(d *Domain) netip.Addr {
	if a := e.written(d.Name, d.Authority.Organizational); !slices.Contains(e.Addresses, a) {
		return a
	}
	return netip.Addr{}
}

// written is the address that the record names, with the name of one of the zones behind
// it if there is no final dot; invalid if it names none.
func (e *Exchange) written(zones ...string) netip.Addr {
	if e.Literal {
		return literal(withoutURL(e.Name))
	}
	for _, zone := range zones {
		if text, ok := strings.CutSuffix(e.Name, "."+zone); ok && zone != "" {
			if a, err := netip.ParseAddr(withoutURL(text)); err == nil && a.Is4() {
				return a
			}
		}
	}
	return netip.Addr{}
}

// literal judges a host that is written as an address.
func (j *judge) literal(d *Domain, e *Exchange, addr netip.Addr) {
	f := finding.Finding{Subject: e.Name, Evidence: d.Evidence,
		Detail: fmt.Sprintf("An MX record of %s names the address %s. It is looked up as a name, which does not exist, so no mail gets there.", d.Name, e.Name)}
	if !e.Literal {
		f.Evidence = slices.Concat(d.Evidence, e.Evidence)
		f.Detail = fmt.Sprintf("An MX record of %s names %s, which looks like the address %s written without a final dot, so that the zone added its own name. "+
			"With the dot it would be wrong as well: an MX record must name a host, not an address.", d.Name, e.Name, addr)
	}
	known := d.hostWith(addr)
	if known == "" && e.Meant != nil && slices.Contains(e.Meant.Addresses, addr) {
		known = e.Meant.Name
	}
	switch kind := notPublic(addr); {
	case kind != "":
		f.Detail += fmt.Sprintf(" The address is a %s one as well, which nobody outside can deliver to.", kind)
		f.Fix = d.replace(e, fmt.Sprintf("%s is a %s address", addr, kind))
	case known != "" && d.named(known, -1):
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Remove the MX record: %s, which has that address, has one already.", known), Remove: []finding.Record{e.record(d)}}
	case known != "":
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Name %s, which has that address.", known), Name: d.Name, Type: "MX",
			Value: fmt.Sprintf("%d %s", e.Preference, known), Remove: []finding.Record{e.record(d)}}
	default:
		name := fmt.Sprintf("<the name of the host %s>", addr)
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Name the host that has the address %s; if it has no name yet, publish one for it.", addr), Name: d.Name, Type: "MX",
			Value:  fmt.Sprintf("%d %s", e.Preference, name),
			Remove: []finding.Record{e.record(d)}, More: []finding.Record{{Name: name, Type: forwardType(addr).String(), Value: addr.String()}}}
	}
	j.Add("mx-ip-literal", f)
}

// notPublic judges the addresses of a host that nobody outside can reach.
func (j *judge) notPublic(d *Domain, e *Exchange) {
	if e.silent > 0 {
		j.Undecided("mx-private-address")
	}
	var wrong []finding.Record
	var texts []string
	var without string // the type whose only addresses are those: removed, SPF's term for the host finds none of that family
	for _, a := range e.Addresses {
		if kind := notPublic(a); kind != "" {
			t := forwardType(a).String()
			wrong = append(wrong, finding.Record{Name: e.Name, Type: t, Value: a.String()})
			texts = append(texts, fmt.Sprintf("the %s address %s", kind, a))
			if !slices.ContainsFunc(e.Addresses, func(b netip.Addr) bool { return forwardType(b).String() == t && isPublic(b) }) {
				without = cmp.Or(without, t)
			}
		}
	}
	if len(wrong) == 0 {
		return
	}
	f := finding.Finding{Subject: e.Name, Evidence: e.Evidence,
		Detail: fmt.Sprintf("The MX host %s of %s has %s, which nobody outside can deliver to.", e.Name, d.Name, strings.Join(texts, " and "))}
	owner, own := e.Name, resolver.Within(e.Name, d.Authority.Organizational)
	if n := len(e.CNAMEs); n > 0 {
		owner = e.CNAMEs[n-1]
		own = resolver.Within(owner, d.Authority.Organizational)
		for i := range wrong {
			wrong[i].Name = owner
		}
	}
	switch why := e.local(d); {
	case why != "":
		f.Fix = d.replace(e, why)
	case own && without == "" && e.silent == 0:
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Remove what is not public from %s: it has public addresses beside.", owner), Remove: wrong}
	case own:
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the public address of %s instead.", owner), Name: owner, Type: cmp.Or(without, wrong[0].Type),
			Value: fmt.Sprintf("<the public address of %s>", owner), Remove: wrong}
		if without != "" && e.usable() {
			f.Fix.Summary = fmt.Sprintf("Publish the public address of %s instead; if it has none for an %s record, remove that.", owner, without)
		}
	default:
		f.Fix = d.replace(e, fmt.Sprintf("%s is no host of the domain, and has no address that can be reached", owner))
		if e.usable() {
			f.Fix = &finding.Fix{Summary: fmt.Sprintf("Have the operator of %s remove the address that is not public.", owner)}
		}
	}
	j.Add("mx-private-address", f)
}
