package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// amazonSES takes a MAIL FROM domain only with exactly one MX record, the one of its
// region ("SetIdentityMailFromDomain").
const amazonSES = "amazon-ses"

// returnPath is what a loaded zone has of the return path of a service at one name, misread: the
// zone has added its own name to the owner, or to a target without a final dot.
type returnPath struct {
	service *provider.Service
	// at is the name that it stands at, name and target are what was typed.
	at, name, target string
	// leads is where it leads, and undotted says that this is not what was typed.
	leads    string
	undotted bool
	// aliased says that the service takes an MX record there, and that an alias stands there.
	aliased bool
	// is are the records, meant those that were typed.
	is, meant []finding.Record
}

// returnPaths looks through the loaded zones for such records. Nothing is asked for that.
func returnPaths(r resolver.Resolver, domain string) []returnPath {
	zone := resolver.Registrable(domain)
	if zone == "" {
		zone = domain
	}
	var out []returnPath
	for _, rec := range resolver.Below(r, zone, resolver.TypeCNAME, resolver.TypeMX) {
		p := returnPath{at: rec.Name, name: undoubled(rec.Name, domain, zone), target: rec.Host, leads: rec.Host}
		if !named(p.name, domain) {
			continue
		}
		p.service = provider.Builtin().OfEnvelope(p.target)
		for _, origin := range [...]string{domain, zone} {
			if bare, ok := strings.CutSuffix(rec.Host, "."+origin); ok && p.service == nil {
				p.service, p.target, p.undotted = provider.Builtin().OfEnvelope(bare), bare, true
			}
		}
		p.aliased = p.service != nil && rec.Type == resolver.TypeCNAME && byMX(p.service)
		i := slices.IndexFunc(out, func(have returnPath) bool { return have.at == p.at })
		switch {
		case p.service == nil || p.name == p.at && !p.undotted && !p.aliased:
			continue
		case i < 0 && len(out) == maxEnvelopes, p.name != p.at && occupied(r, p.name, rec.Type):
			continue
		case i < 0:
			i = len(out)
			out = append(out, p)
			if p.name != p.at && !holds(r, p.name, resolver.TypeTXT) { // what stands beside it was typed there as well
				for _, text := range resolver.Below(r, p.at, resolver.TypeTXT) {
					if text.Name == p.at {
						out[i].move(text, text.Text(), text.Text())
					}
				}
			}
		}
		switch {
		case out[i].aliased:
			out[i].is = append(out[i].is, finding.Record{Name: p.at, Type: "CNAME", Value: rec.Host})
			out[i].meant = append(out[i].meant, finding.Record{Name: p.name, Type: "MX", Value: "10 " + p.target})
		case rec.Type == resolver.TypeMX:
			out[i].move(rec, fmt.Sprintf("%d %s", rec.Preference, rec.Host), fmt.Sprintf("%d %s", rec.Preference, p.target))
		default:
			out[i].move(rec, rec.Host, p.target)
		}
	}
	return out
}

// byMX reports whether a service takes exactly one MX record at a return path, and no alias.
func byMX(s *provider.Service) bool {
	n := 0
	for r := range s.Records() {
		switch {
		case r.Name != "{return-path}":
		case r.Type == "CNAME":
			return false
		case r.Type == "MX":
			n++
		}
	}
	return n == 1
}

// move notes a record with its value as it is and as it was meant.
func (p *returnPath) move(rec resolver.Record, is, meant string) {
	p.is = append(p.is, finding.Record{Name: p.at, Type: rec.Type.String(), Value: is})
	p.meant = append(p.meant, finding.Record{Name: p.name, Type: rec.Type.String(), Value: meant})
}

// occupied reports whether a loaded zone has what stands in the way of a record of the type.
func occupied(r resolver.Resolver, name string, t resolver.Type) bool {
	if t == resolver.TypeCNAME {
		return holds(r, name, resolver.TypeCNAME, resolver.TypeMX, resolver.TypeTXT, resolver.TypeA, resolver.TypeAAAA, resolver.TypeNS)
	}
	return holds(r, name, resolver.TypeCNAME, t)
}

// holds reports whether a loaded zone has records of these types at a name.
func holds(r resolver.Resolver, name string, types ...resolver.Type) bool {
	return len(standing(r, name, types...)) > 0
}

// standing are the records of these types that a loaded zone has at a name.
func standing(r resolver.Resolver, name string, types ...resolver.Type) (at []resolver.Record) {
	for _, rec := range resolver.Below(r, name, types...) {
		if rec.Name == name {
			at = append(at, rec)
		}
	}
	return at
}

// lost says what mail of the service lacks for the records.
func (p *returnPath) lost() string {
	text := fmt.Sprintf("bounces of mail of %s with %s in the envelope are lost", p.service.Name, p.name)
	if p.service.ID == amazonSES {
		text = fmt.Sprintf("Amazon SES does not use %s and sends with amazonses.com in the envelope, which is not aligned", p.name)
	}
	if slices.ContainsFunc(p.meant, func(r finding.Record) bool { return r.Type != "MX" }) && p.service.ID != amazonSES {
		return fmt.Sprintf("mail of %s with %s in the envelope passes no SPF, and its bounces are lost", p.service.Name, p.name)
	}
	return text
}

// named reports whether a name below the domain can be an envelope domain.
func named(name, domain string) bool {
	return name != domain && resolver.Within(name, domain) && !strings.HasPrefix(name, "*") && !strings.HasPrefix(name, "_") && !strings.Contains(name, "._")
}

// undoubled is a name without the name of its zone that a panel has put behind the domain.
func undoubled(name, domain, zone string) string {
	for _, origin := range [...]string{domain, zone} {
		if short, ok := strings.CutSuffix(name, "."+origin); ok && strings.HasSuffix(short, "."+domain) {
			return short
		}
	}
	return name
}

// misledTo reports whether a policy is not there because an alias of a return path leads
// elsewhere.
func (a *run) misledTo(p *spfpolicy.Policy) bool {
	return (p.Status == spfpolicy.StatusNone || p.Status == spfpolicy.StatusNXDomain) && slices.ContainsFunc(a.returnPaths, func(r returnPath) bool {
		return r.at == p.Domain && r.name == r.at && r.is[0].Type == "CNAME"
	})
}

// fix puts what was typed in its place, with the SPF record that the service asks for there if there
// is none. A record that is in error itself is put right first.
func (p *returnPath) fix(r resolver.Resolver) *finding.Fix {
	f := &finding.Fix{Summary: fmt.Sprintf("Publish the record at %s with the final dot of its target: %s.", p.name, p.target), Remove: p.is}
	records := slices.Clone(p.meant)
	if p.aliased {
		f.Summary = fmt.Sprintf("Publish an MX record in place of the alias: %s %s.", p.name, p.meant[0].Value)
	}
	if p.at != p.name && !p.aliased {
		f.Summary = fmt.Sprintf("Move what stands there to %s.", p.name)
		if p.undotted {
			f.Summary = fmt.Sprintf("Move what stands there to %s, with the final dot of the target: %s.", p.name, p.target)
		}
	}
	if p.at != p.name || p.aliased {
		include := includeAtReturnPath(p.service)
		if include != "" && !slices.ContainsFunc(p.meant, func(r finding.Record) bool { return r.Type != "MX" }) && !holds(r, p.name, resolver.TypeTXT) {
			records = append(records, finding.Record{Name: p.name, Type: "TXT", Value: "v=spf1 " + include + " ~all"})
			f.Summary += fmt.Sprintf(" With it goes the SPF record that %s needs there.", p.service.Name)
		}
	}
	for _, rec := range p.meant {
		if rec.Type != "TXT" || !strings.HasPrefix(rec.Value, "v=spf1") {
			continue
		}
		if _, lexed := spf.Parse(rec.Value); lexed.ErrorAt >= 0 {
			f.When = "the SPF record there is correct"
		}
	}
	f.Name, f.Type, f.Value, f.More = records[0].Name, records[0].Type, records[0].Value, records[1:]
	return f
}

// checkReturnPaths finds return paths of services that are misread, or that the service
// does not take. Nil: there are none.
func (a *run) checkReturnPaths(profile finding.Profile) *finding.Sheet {
	if profile != finding.Sender {
		return nil
	}
	var sheet *finding.Sheet
	add := func(f finding.Finding) {
		if sheet == nil {
			sheet = finding.NewSheet(serviceChecks, a.result.Domain)
		}
		f.Severity = finding.Warning
		sheet.Add("provider-record-wrong", f)
	}
	for _, p := range a.returnPaths {
		detail := fmt.Sprintf("The return path of %s at %s leads to %s: the final dot behind %s is missing, so the zone added its own name.", p.service.Name, p.at, p.leads, p.target)
		if p.at != p.name {
			detail = fmt.Sprintf("The return path of %s stands at %s: the domain is in the name twice. It is not at %s.", p.service.Name, p.at, p.name)
		}
		if p.aliased {
			detail = fmt.Sprintf("The return path of %s at %s is an alias of %s. %[1]s takes an MX record there, and an SPF record beside it, which cannot stand beside an alias.", p.service.Name, p.at, p.leads)
			if p.at != p.name {
				detail += fmt.Sprintf(" And the domain is in the name twice: it is not at %s.", p.name)
			}
		}
		add(finding.Finding{Subject: p.at, Fix: p.fix(a.resolver),
			Detail: detail + " So " + p.lost() + "."})
	}
	for _, e := range a.result.Examined.Envelopes {
		if s := provider.Builtin().Named(e.Service); s == nil || s.ID != amazonSES {
			continue
		}
		var hosts []string
		for _, rec := range standing(a.resolver, e.Domain, resolver.TypeMX) {
			if !slices.Contains(hosts, rec.Host) {
				hosts = append(hosts, rec.Host)
			}
		}
		if len(hosts) > 1 {
			add(finding.Finding{Subject: e.Domain,
				Detail: fmt.Sprintf("%s has %s (%s). Amazon SES takes a MAIL FROM domain only with exactly one MX record, its own: with more it gives up %[1]s and sends with amazonses.com in the envelope, which is not aligned with %[4]s.",
					e.Domain, show.Counted(len(hosts), "MX record"), show.Listed(hosts, 4), a.result.Domain),
				Fix: &finding.Fix{Summary: fmt.Sprintf("Leave the MX record of the region that you send from alone at %s, and give other mail of that name another one.", e.Domain)}})
		}
	}
	return sheet
}

// returnPathMX says of an envelope domain without MX record whose SPF record is that of a
// service what the service has to say of MX records there: of Amazon SES only the region is for
// the owner to say; others call them optional, and then receivers that refuse such a sender are
// few.
func (a *run) returnPathMX(sheet *finding.Sheet) {
	for _, f := range sheet.Found() {
		if f.Check != "mx-missing" || f.Subject == a.result.Domain || f.Fix == nil || f.Fix.Name == "" {
			continue
		}
		at := slices.IndexFunc(a.result.Envelope, func(p *spfpolicy.Policy) bool { return p.Domain == f.Subject })
		if at < 0 {
			continue
		}
		for _, target := range a.result.Envelope[at].Targets() {
			s := provider.Builtin().OfSPF(target)
			switch {
			case s == nil:
				continue
			case s.ID == amazonSES:
				f.Detail += " Its SPF record is that of Amazon SES, which gives the domain up as MAIL FROM without its MX record."
				f.Fix = &finding.Fix{Summary: "Publish the MX record that Amazon SES shows for its custom MAIL FROM domain.", Name: f.Subject, Type: "MX", Value: "10 feedback-smtp.<the AWS region of the identity>.amazonses.com"}
			case optionalMX(s):
				f.Severity = finding.Notice
				f.Detail = fmt.Sprintf("The envelope domain %s has neither an MX record nor an address. %s calls its MX records there optional; a receiver may refuse a sender that cannot be answered all the same.", f.Subject, s.Name)
				f.Fix.Summary = fmt.Sprintf("Publish the MX records that %s shows for %s.", s.Name, f.Subject)
			}
			break
		}
	}
}

// optionalMX reports whether a service shows MX records for a return path, and calls them optional.
func optionalMX(s *provider.Service) bool {
	for r := range s.Records() {
		if r.Name == "{return-path}" && r.Type == "MX" && r.Purpose == provider.MX && r.Need == provider.Optional {
			return true
		}
	}
	return false
}

// misledBounces takes out what is said of the hosts of an envelope domain whose return path
// is misread: that is the cause, and it is said of the record. What takes bounces behind the
// alias of a service is the service's to see to.
func (a *run) misledBounces(facts *mailhost.Facts) *mailhost.Facts {
	misled := func(e mailhost.Authority) bool {
		return slices.ContainsFunc(a.returnPaths, func(p returnPath) bool { return p.at == e.Domain || p.name == e.Domain }) ||
			slices.ContainsFunc(e.Evidence, func(q finding.Evidence) bool {
				return slices.ContainsFunc(q.CNAMEs, func(to string) bool { return serviceAt(to) != "" })
			})
	}
	if !slices.ContainsFunc(facts.Envelope, misled) {
		return facts
	}
	out := *facts
	out.Envelope = slices.Clone(facts.Envelope)
	for i := range out.Envelope {
		if misled(out.Envelope[i]) {
			out.Envelope[i].Hosts = nil
		}
	}
	return &out
}

// mislaidMX says of a domain without MX that a loaded zone has its MX records at the doubled
// name. They are moved, if their hosts are named as they were meant.
func (a *run) mislaidMX(sheet *finding.Sheet) {
	domain := a.result.Domain
	for _, f := range sheet.Found() {
		if f.Check != "mx-missing" && f.Check != "mx-implicit" || f.Subject != domain {
			continue
		}
		is, whole := a.doubledMX()
		if len(is) == 0 {
			continue
		}
		f.Detail += fmt.Sprintf(" MX records stand at %s: the domain is in the name twice.", is[0].Name)
		if whole && a.result.SPF.StandsOnMX() {
			f.Detail += " Until they are moved, \"mx\" in the SPF record stands for no address."
		}
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Move the MX records from %s to %s.", is[0].Name, domain)}
		if whole {
			moved(f.Fix, domain, is)
		}
	}
}

// doubledMX are the MX records that a loaded zone has at the doubled name of the domain; whole says
// that they can be moved as they are.
func (a *run) doubledMX() (is []finding.Record, whole bool) {
	registrable := resolver.Registrable(a.result.Domain)
	at := a.result.Domain + "." + registrable
	whole = true
	for _, rec := range standing(a.resolver, at, resolver.TypeMX) {
		is = append(is, finding.Record{Name: at, Type: "MX", Value: fmt.Sprintf("%d %s", rec.Preference, rec.Host)})
		whole = whole && (rec.Host != "." && !resolver.Within(rec.Host, registrable) && !isAddress(rec.Host) || a.holdsPublic(rec.Host))
	}
	return is, whole && len(is) <= maxEnvelopes
}

// holdsPublic reports whether a loaded zone has addresses of a host, and none that nobody outside can reach.
func (a *run) holdsPublic(host string) bool {
	is := standing(a.resolver, host, resolver.TypeA, resolver.TypeAAAA)
	return len(is) > 0 && !slices.ContainsFunc(is, func(r resolver.Record) bool { return !mailhost.Public(r.Addr) })
}

// isAddress reports whether a host of an MX record is written as an address, which is looked up as a name.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// mendsMX reports whether the audit has complete MX records for the domain, in place of those that
// name no host that can be reached, or that stand at a wrong name.
func (a *run) mendsMX() bool {
	if !a.wants(finding.Hosts) {
		return false
	}
	if a.domain.MX == mailhost.MXNone {
		is, whole := a.doubledMX()
		return len(is) > 0 && whole
	}
	return a.domain.Mended()
}
