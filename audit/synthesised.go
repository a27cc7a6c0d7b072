package audit

import (
	"context"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// hostTypes are what a wildcard answers that mail needs of a name.
var hostTypes = [...]resolver.Type{resolver.TypeTXT, resolver.TypeMX, resolver.TypeA, resolver.TypeAAAA}

// standsItself looks whether the names below the organizational domain at which complete fixes publish
// something are there at all on the network, or whether a wildcard answers for them, which it ends to do
// once something stands there or below (RFC 4592, 2.2.1). It asks for a name beside each that nobody
// published: only that is asked, unless a wildcard answers. It reports whether anything was asked.
func (a *run) standsItself(ctx context.Context) (asked bool) {
	org := resolver.Registrable(a.target.Domain)
	if resolver.Stands(a.resolver, org) || resolver.Stands(a.resolver, a.target.Domain) {
		return false // a loaded zone shows its wildcards
	}
	known := make(map[string]bool)
	for i := range a.result.Findings {
		f := &a.result.Findings[i]
		if f.Fix == nil || !f.Fix.Complete {
			continue
		}
		for _, name := range namesBelow(f.Fix, org) {
			if resolver.Stands(a.resolver, name) || resolver.WildcardFor(a.resolver, name) != nil {
				continue
			}
			if _, ok := known[name]; !ok {
				known[name], asked = a.synthesised(ctx, name), true
			}
			if known[name] {
				fix := *f.Fix
				fix.Remove = slices.DeleteFunc(slices.Clone(fix.Remove), func(r finding.Record) bool { return r.Name == name })
				if len(fix.Remove)+len(fix.Records()) == 0 {
					atWildcard(&fix, "the wildcard that answers for "+name)
				} else {
					fix.Await(allAsWell(name))
				}
				f.Fix = &fix
				break
			}
		}
	}
	return asked
}

// namesBelow are the hosts below an organizational domain at or below which a fix publishes something
// or removes it. Names with an underscore are no hosts.
func namesBelow(fix *finding.Fix, org string) (names []string) {
	for _, r := range append(fix.Records(), fix.Remove...) {
		for name, ok := r.Name, true; ok && name != org && resolver.Within(name, org); _, name, ok = strings.Cut(name, ".") {
			if !strings.HasPrefix(name, "_") && !strings.Contains(name, "._") && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// synthesised reports whether the network answers for a name all that it answers for one beside it that
// nobody published. What is not answered is not known to be there.
func (a *run) synthesised(ctx context.Context, name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	beside := resolver.Guards(parent)[0] + "." + parent
	answer, err := a.session.Lookup(ctx, beside, resolver.TypeTXT)
	if err == nil && answer.Status == resolver.NXDomain && len(answer.CNAMEs) == 0 {
		return false
	}
	for _, t := range hostTypes {
		is, err := a.session.Lookup(ctx, name, t)
		nobodys, other := a.session.Lookup(ctx, beside, t)
		if err != nil || other != nil {
			continue
		}
		if is.Status != nobodys.Status || !slices.Equal(is.CNAMEs, nobodys.CNAMEs) || !slices.Equal(sorted(is), sorted(nobodys)) {
			return false
		}
	}
	return true
}

// sorted are the records of an answer in an order of their own: servers turn them.
func sorted(answer *resolver.Answer) []string {
	texts := answer.Evidence().Answer
	slices.Sort(texts)
	return texts
}
