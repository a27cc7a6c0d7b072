package dkim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// tenantSelector returns the selector of a name, relative to the domain, that is
// the target of the alias which Microsoft 365 asks for and not the alias itself:
// selector1-acme-example or selector1-acme-onmicrosoft-com, with ._domainkey and the
// tenant behind it or without.
func tenantSelector(relative, domain string) (string, bool) {
	if domain == tenants || strings.HasSuffix(domain, "."+tenants) {
		return "", false // that is where Microsoft publishes them
	}
	label, rest, _ := strings.Cut(relative, ".")
	selector, of, ok := strings.Cut(label, "-")
	if !ok || selector != "selector1" && selector != "selector2" {
		return "", false
	}
	if of != strings.ReplaceAll(domain, ".", "-") && !strings.HasSuffix(of, "-onmicrosoft-com") {
		return "", false
	}
	return selector, rest == "" || rest == "_domainkey" || strings.HasPrefix(rest, "_domainkey.") && strings.HasSuffix(rest, "."+tenants)
}

// tenants is the domain below which each customer of Microsoft 365 has a name.
const tenants = "onmicrosoft.com"

// tenantNames are the names at which the alias of a selector stands by mistake if
// the target was published as a selector. The tenant is guessed from the domain.
func tenantNames(selector, domain string) []string {
	first, _, _ := strings.Cut(domain, ".")
	names := []string{selector + "-" + strings.ReplaceAll(domain, ".", "-")}
	for _, tenant := range []string{first, strings.NewReplacer(".", "", "-", "").Replace(domain)} {
		names = append(names, selector+"-"+tenant+"-onmicrosoft-com")
	}
	for i := range names {
		names[i] += "._domainkey." + domain
	}
	return names
}

// tenantLabel is the first label of the target that Microsoft 365 gives the alias of a selector.
func tenantLabel(selector, domain string) string {
	return selector + "-" + strings.ReplaceAll(domain, ".", "-")
}

// ofAnother says that the target of an alias at Microsoft 365 which does not exist is not the one
// of this selector and domain; "" if it is, or is at another service.
func (s *Selector) ofAnother() string {
	target := s.CNAMEs[len(s.CNAMEs)-1]
	label, rest, _ := strings.Cut(target, ".")
	if !strings.HasPrefix(label, "selector1-") && !strings.HasPrefix(label, "selector2-") || label == tenantLabel(s.Name, s.Domain) ||
		!resolver.Within(rest, tenants) && !resolver.Within(rest, "dkim.mail.microsoft") {
		return ""
	}
	return fmt.Sprintf("%s is an alias of %s, which does not exist: the target of Microsoft 365 for this selector and domain begins with %s.", s.QueryName(), target, tenantLabel(s.Name, s.Domain))
}

// ofTenant reports whether a target at Microsoft 365 is right in all that can be compared: its
// label is made of the selector and the domain, and its tenant is that of the other selector.
func (j *judge) ofTenant(s *Selector, target string) bool {
	label, tenant, _ := strings.Cut(target, "._domainkey.")
	if label != tenantLabel(s.Name, s.Domain) {
		return false
	}
	for i := range j.d.Selectors {
		other := &j.d.Selectors[i]
		if other.Domain != s.Domain || other.Name == s.Name || other.Name != "selector1" && other.Name != "selector2" || len(other.CNAMEs) == 0 {
			continue
		}
		leads := cmp.Or(other.hyphened(), resolver.Undotted(other.CNAMEs[0], s.Domain, resolver.Registrable(s.Domain)), other.CNAMEs[0])
		if !strings.HasSuffix(leads, "."+tenant) {
			return false
		}
	}
	return true
}

// oneLabel reports whether the target of an alias is a single label: no service
// publishes a key at a top-level domain, so that nobody need be asked.
func oneLabel(cnames []string) bool {
	return len(cnames) > 0 && !strings.Contains(cnames[len(cnames)-1], ".")
}

// labelAlone judges an alias whose target is one label, as it stands or with the
// domain that the zone file added to it.
func (j *judge) labelAlone(s *Selector) bool {
	target := s.CNAMEs[len(s.CNAMEs)-1]
	label := strings.TrimSuffix(target, "."+s.Domain)
	if strings.Contains(label, ".") || label != target && !strings.Contains(label, "-onmicrosoft-com") {
		return false
	}
	fix := &finding.Fix{Summary: "Publish the alias with the whole target that the service shows."}
	why := "that is one label, and no service publishes a key there"
	if _, ok := tenantSelector(label, s.Domain); ok {
		why = "that is a selector of Microsoft 365 and not the name of a key: the target ends in .onmicrosoft.com or .dkim.mail.microsoft"
		fix = &finding.Fix{Summary: "Publish the alias with the target that the Defender portal shows.", Name: s.QueryName(), Type: "CNAME",
			Value: "<target-of-" + s.Name + "-shown-in-the-Defender-portal>", Remove: []finding.Record{{Name: s.QueryName(), Type: "CNAME", Value: s.CNAMEs[0]}}}
	}
	j.Add("dkim-cname-dangling", finding.Finding{Subject: s.QueryName(), Evidence: []finding.Evidence{*s.Evidence},
		Detail: fmt.Sprintf("%s is an alias of %s; %s.", s.QueryName(), target, why), Fix: fix})
	return true
}

// mislaidAlias reports whether a name that was not answered with a key is an alias
// of one even so: its target is that of a service.
func mislaidAlias(cnames []string) bool {
	if len(cnames) == 0 || oneLabel(cnames) {
		return false
	}
	p, _ := bySuffix(loaded().cname, cnames[0])
	return p != nil || strings.Contains(cnames[0], "._domainkey.") || strings.Contains(cnames[0], "dkim")
}

// isKeyAlias reports whether the aliases followed from a name are those of a key: one of their
// targets has a name that keys have.
func isKeyAlias(cnames []string) bool {
	return slices.ContainsFunc(cnames, func(name string) bool {
		return strings.Contains(name, "domainkey.") || strings.Contains(name, ".dkim.") || strings.HasPrefix(name, "dkim.")
	})
}
