package audit

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// serviceAt returns the service whose envelope host a CNAME or MX record leads to;
// empty: it belongs to no service.
func serviceAt(target string) string {
	if s := provider.Builtin().OfEnvelope(target); s != nil {
		return s.Name
	}
	return ""
}

// EnvelopeOf is an envelope domain that a loaded zone shows, and the service it is
// set up for.
type EnvelopeOf struct {
	Domain  string `json:"domain"`
	Service string `json:"service"`
}

// maxEnvelopes bounds the envelope domains that are taken from a zone.
const maxEnvelopes = 8

// envelopes looks through the loaded zones for hosts that were set up as the envelope
// domain of a service: by their CNAME (em1234 to u1234.wl.sendgrid.net), or by their
// MX (mail to feedback-smtp.eu-west-1.amazonses.com). Nothing is asked for that.
func envelopes(r resolver.Resolver, domain string) []EnvelopeOf {
	var out []EnvelopeOf
	for _, rec := range resolver.Below(r, domain, resolver.TypeCNAME, resolver.TypeMX) {
		if !named(rec.Name, domain) || undoubled(rec.Name, domain, domain) != rec.Name {
			continue
		}
		s := serviceAt(rec.Host)
		if s != "" && len(out) < maxEnvelopes && !slices.ContainsFunc(out, func(e EnvelopeOf) bool { return e.Domain == rec.Name }) {
			out = append(out, EnvelopeOf{rec.Name, s})
		}
	}
	return out
}

// noteEnvelopes notes the envelope domains that were found. The domain itself is one
// beside them only if it has an SPF record, which is known later.
func (a *run) noteEnvelopes(r resolver.Resolver) {
	a.returnPaths = returnPaths(r, a.target.Domain)
	if len(a.target.MailFrom) > 0 {
		return
	}
	e := &a.result.Examined
	if like := a.options.Like; like != nil {
		e.Envelopes = slices.Clone(like.Examined.Envelopes)
	}
	// What a proposal makes an envelope domain is judged as one.
	found := envelopes(r, a.target.Domain)
	for _, p := range a.returnPaths {
		if p.at == p.name {
			found = append(found, EnvelopeOf{p.name, p.service.Name})
		}
	}
	for _, one := range found {
		if len(e.Envelopes) < maxEnvelopes && !slices.ContainsFunc(e.Envelopes, func(have EnvelopeOf) bool { return have.Domain == one.Domain }) {
			e.Envelopes = append(e.Envelopes, one)
		}
	}
	for _, found := range e.Envelopes {
		e.MailFrom = append(e.MailFrom, found.Domain)
	}
	if len(e.Envelopes) == 0 {
		return
	}
	a.spf.when(func() {
		if s := a.result.SPF.Status; s == spfpolicy.StatusNone || s == spfpolicy.StatusNXDomain {
			e.MailFrom = slices.DeleteFunc(e.MailFrom, func(d string) bool { return d == a.target.Domain })
		}
	})
}

// envelopesElsewhere names the envelope domains of the domain's mail if they are not
// the domain itself: those that were stated, those that a loaded zone shows, and those
// of the services whose DKIM keys the domain has by CNAME. There are none if people
// have mailboxes of the domain at a provider, which sends with the domain itself.
func (a *run) envelopesElsewhere() []string {
	if len(a.target.MailFrom) > 0 {
		if slices.Contains(a.target.MailFrom, a.target.Domain) {
			return nil
		}
		return a.target.MailFrom
	}
	if len(a.domain.Mailboxes()) > 0 {
		return nil
	}
	var out []string
	for _, e := range a.result.Examined.Envelopes {
		out = append(out, e.Domain+" ("+e.Service+")")
	}
	for _, p := range a.returnPaths {
		if p.at != p.name {
			out = append(out, p.name+" ("+p.service.Name+")")
		}
	}
	for _, s := range a.signingServices() {
		if !slices.ContainsFunc(a.result.Examined.Envelopes, func(e EnvelopeOf) bool { return e.Service == s }) &&
			!slices.ContainsFunc(a.returnPaths, func(p returnPath) bool { return p.service.Name == s }) {
			out = append(out, "the envelope domain of "+s)
		}
	}
	return out
}

// signingServices are the services with an envelope domain of their own whose keys the
// domain has by CNAME.
func (a *run) signingServices() []string {
	if a.result.DKIM == nil {
		return nil
	}
	var out []string
	for i := range a.result.DKIM.Selectors {
		s := &a.result.DKIM.Selectors[i]
		if s.Status != dkim.SelectorFound || s.Wildcard || s.ProviderBy != "cname" || s.Domain != a.target.Domain || slices.Contains(out, s.Provider) {
			continue
		}
		if p := provider.Builtin().Named(s.Provider); p != nil && p.OwnEnvelope {
			out = append(out, s.Provider)
		}
	}
	return out
}

// spfElsewhere: the domain itself has no SPF record, and its mail has other domains
// in the envelope.
func (a *run) spfElsewhere() bool {
	f := a.of("spf-record-missing")
	return f != nil && f.Subject == a.result.Domain && f.Severity == finding.Notice
}

// atEnvelope says of a name that is the envelope domain of a service, and has no SPF record,
// what the service needs there: its owner has no other senders to name. Of a foreign one
// only its own owner can publish a record.
func (a *run) atEnvelope(sheet *finding.Sheet, domain string, foreign bool) {
	if foreign {
		for _, f := range sheet.Found() {
			if f.Check == "spf-record-missing" && f.Fix != nil {
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Have the service send with an envelope domain (return path) of %s: it will name the records to publish there. At %s only the owner of that domain can publish one.", a.result.Domain, domain)}
			}
		}
		return
	}
	at := slices.IndexFunc(a.result.Examined.Envelopes, func(e EnvelopeOf) bool { return e.Domain == domain })
	if at < 0 {
		return
	}
	s := provider.Builtin().Named(a.result.Examined.Envelopes[at].Service)
	for _, f := range sheet.Found() {
		// What stands there in another form, or was meant to, is the owner's record.
		if s == nil || f.Check != "spf-record-missing" || f.Fix == nil || !f.Fix.HasPlaceholder() || a.hasTerms(domain) {
			continue
		}
		for _, rec := range standing(a.resolver, domain, resolver.TypeCNAME, resolver.TypeMX) {
			if rec.Type == resolver.TypeCNAME {
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Correct the target of the alias at %s: %s shows the right one.", domain, s.Name), Name: domain, Type: "CNAME",
					Value: "<the target that " + s.Name + " shows>", Remove: []finding.Record{{Name: domain, Type: "CNAME", Value: rec.Host}}}
				break
			}
			if include := includeAtReturnPath(s); include != "" {
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the record that %s needs at its return path.", s.Name), Name: domain, Type: "TXT", Value: "v=spf1 " + include + " ~all"}
				break
			}
		}
	}
}

// hasTerms reports whether a TXT record at an envelope domain that has no SPF record holds terms of one.
func (a *run) hasTerms(domain string) bool {
	at := slices.IndexFunc(a.result.Envelope, func(p *spfpolicy.Policy) bool { return p.Domain == domain })
	if at < 0 || a.result.Envelope[at].Record == nil {
		return false
	}
	return slices.ContainsFunc(a.result.Envelope[at].Record.Published, func(t spfpolicy.Published) bool {
		terms, _ := spf.Parse(spf.Version + " " + t.Text())
		return slices.ContainsFunc(terms, func(t spf.Term) bool {
			return t.Error == "" && t.Kind.Directive() && (t.Spec != "" || t.Prefix.IsValid())
		})
	})
}

// includeAtReturnPath is the SPF term that a service asks for at its return path; empty: none
// is known.
func includeAtReturnPath(s *provider.Service) string {
	for r := range s.Records() {
		if r.Purpose == provider.SPF && r.Need != provider.Unwanted && r.Name == "{return-path}" && strings.HasPrefix(r.Value, "include:") && !strings.ContainsAny(r.Value, "<{") {
			return r.Value
		}
	}
	return ""
}
