package dmarc

import (
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// maxInSummary bounds a record that stands in a sentence.
const maxInSummary = 500

// alias is where the name of the step leads; "" if it is no alias.
func (s *Step) alias() string {
	if n := len(s.Evidence.CNAMEs); n > 0 {
		return s.Evidence.CNAMEs[n-1]
	}
	return ""
}

// leadsNowhere: the name is an alias, and no TXT is at its end.
func (s *Step) leadsNowhere() bool {
	return s.alias() != "" && s.Outcome == NoRecord && len(s.Others) == 0
}

// aliasText says where an alias without a record leads; "" for any other step.
func (s *Step) aliasText() string {
	if s.alias() == "" || s.Outcome != NoRecord {
		return ""
	}
	if text := s.withoutDot(); text != "" {
		return " " + text
	}
	what := "has no DMARC record"
	if s.Evidence.Status == "nxdomain" {
		what = "does not exist"
	}
	return fmt.Sprintf(" %s is an alias of %s, which %s.", s.Name, s.alias(), what)
}

// hosted turns each fix that changes TXT at an alias into one that can be done:
// nothing may stand beside a CNAME (RFC 1034, 3.6.2), so that the record at its
// end must change, or the CNAME go.
func (j *judge) hosted() {
	for i := range j.d.Walk {
		s := &j.d.Walk[i]
		if s.alias() == "" {
			continue
		}
		for _, f := range j.Found() {
			if f.Fix != nil && touches(f.Fix, s.Name) {
				if s.meant != nil {
					f.Fix = s.dotted()
					continue
				}
				if j.wildcardAlias(s) {
					f.Detail += fmt.Sprintf(" A wildcard is the alias that answers at %s, and leads to %s: a record of its own there ends that.", s.Name, s.alias())
					continue
				}
				summary := f.Fix.Summary
				if f.Fix = s.aliased(f.Fix, resolver.Within(s.alias(), j.d.Domain)); j.answersAsWildcard(s) {
					f.Fix.Summary = summary
					f.Detail += fmt.Sprintf(" The alias at %s is that of a wildcard, and leads to %s: a record of its own there ends that.", s.Name, s.alias())
					continue
				}
				f.Detail += s.aliasText()
				if s.Outcome != NoRecord {
					f.Detail += fmt.Sprintf(" %s is an alias of %s.", s.Name, s.alias())
				}
			}
		}
	}
}

// wildcardAlias reports whether the alias at the step is that of a wildcard, which a name
// that nobody published has as well: it stands at no name that a fix could remove it from.
func (j *judge) wildcardAlias(s *Step) bool {
	w := j.d.Wildcard
	return s.wildcard || w != nil && s.Domain == j.d.Domain && s.leadsNowhere() && slices.Equal(w.Evidence.CNAMEs, s.Evidence.CNAMEs)
}

// answersAsWildcard reports whether the network has the alias at the step also at a name that nobody
// published, and it leads to a name of the domain.
func (j *judge) answersAsWildcard(s *Step) bool {
	w := j.d.Wildcard
	return w != nil && s.Domain == j.d.Domain && !resolver.IsZone(s.Evidence.Server) && resolver.Within(s.alias(), j.d.Domain) && slices.Equal(w.Evidence.CNAMEs, s.Evidence.CNAMEs)
}

// touches reports that the fix publishes or removes TXT at the name.
func touches(fix *finding.Fix, name string) bool {
	return fix.Name == name || slices.ContainsFunc(fix.Remove, func(r finding.Record) bool { return r.Name == name })
}

// aliased is the fix if the name is an alias; own: of a name of the domain itself.
// Its other TXT records are not those of DMARC, and stay.
func (s *Step) aliased(fix *finding.Fix, own bool) *finding.Fix {
	if own && fix.Name == s.Name {
		out := *fix
		out.Summary = fmt.Sprintf("Remove the alias at %s, which leads to %s, and publish the record in its place. %s", s.Name, s.alias(), fix.Summary)
		out.Remove = slices.DeleteFunc(slices.Clone(fix.Remove), func(r finding.Record) bool { return r.Name == s.Name })
		out.Remove = append(out.Remove, finding.Record{Name: s.Name, Type: "CNAME", Value: s.Evidence.CNAMEs[0]})
		return &out
	}
	if s.leadsNowhere() && fix.Name == s.Name {
		out := *fix
		out.Summary = fmt.Sprintf("Remove the alias at %s first, or have the operator of %s publish the record there. %s", s.Name, s.alias(), fix.Summary)
		out.Remove = append(slices.Clone(fix.Remove), finding.Record{Name: s.Name, Type: "CNAME", Value: s.Evidence.CNAMEs[0]})
		return &out
	}
	how := "do that there"
	switch {
	case fix.Name == s.Name && len(fix.Value) <= maxInSummary:
		how = fmt.Sprintf("change the record there to %q", fix.Value)
	case fix.Name == s.Name:
		how = "change the record there"
	}
	return &finding.Fix{When: fix.When, Summary: fmt.Sprintf("%s As %s is an alias, have the operator of %s %s; or remove the alias and publish the record at %s yourself.",
		fix.Summary, s.Name, s.alias(), how, s.Name)}
}
