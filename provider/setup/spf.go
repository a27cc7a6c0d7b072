package setup

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// maxLookups is the limit of RFC 7208, 4.6.4.
const maxLookups = 10

// spfAnswer is the SPF policy of a name, examined once.
type spfAnswer struct{ policy *spfpolicy.Policy }

func (c *check) policy(name string) *spfpolicy.Policy {
	a := c.spf[name]
	if a == nil {
		a = &spfAnswer{spfpolicy.Examine(c.ctx, c.ask, name)}
		c.spf[name] = a
	}
	return a.policy
}

// term is a term of the tree of an SPF record.
type term struct {
	*spfpolicy.Term
	// own: it is a term of the record itself.
	own bool
}

// findTerm finds the first include or redirect of a name that is wanted.
func findTerm(r *spfpolicy.Record, wanted func(string) bool, own bool) *term {
	if r == nil {
		return nil
	}
	var below *term
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect {
			continue
		}
		if wanted(strings.TrimSuffix(t.Value, ".")) {
			return &term{t, own}
		}
		if below == nil && t.Record != nil && !t.Record.Loop && !t.Record.Repeated {
			below = findTerm(t.Record, wanted, false)
		}
	}
	return below
}

// includeOf is the name of a term such as include:_spf.esp.example.
func includeOf(term string) string { return strings.TrimPrefix(term, "include:") }

// wanted says which included names are those of a record.
func wanted(r *provider.Record, v *provider.Values) func(string) bool {
	return func(name string) bool {
		for _, t := range append([]string{r.Value}, r.Accept...) {
			if _, ok := v.Capture(includeOf(t), name); ok {
				return true
			}
		}
		return false
	}
}

// spfItem compares a term of an SPF record.
func (c *check) spfItem(it *Item, r *provider.Record, v *provider.Values) {
	p := c.policy(it.Name)
	if p.Record != nil {
		it.Evidence = append(it.Evidence, p.Record.Evidence)
	}
	if p.Status == spfpolicy.StatusUnresolved {
		it.Status, it.Reason, it.Unanswered = Unknown, "unanswered", true
		it.Detail = "The DNS did not answer for the SPF record of " + it.Name + ": what is there is not known."
		if r.Need == provider.Unwanted {
			it.Expected = ""
		}
		return
	}
	if r.Need == provider.Unwanted {
		c.unwantedSPF(it, r, p, wanted(r, v))
		return
	}
	switch m := spfMistake(p); {
	case m != nil:
		c.mistaken(it, r, p, m, v)
	case p.Status == spfpolicy.StatusFound:
		c.termItem(it, r, p, v)
	default:
		c.noSPF(it, r, p, v)
	}
	c.proven(it, v.Fill(r.Value))
}

// termItem compares a term of an SPF record that is there.
func (c *check) termItem(it *Item, r *provider.Record, p *spfpolicy.Policy, v *provider.Values) {
	want, names := v.Fill(r.Value), wanted(r, v)
	it.Found = p.Record.Text
	if at := p.Record.Evidence.CNAMEs; len(at) > 0 {
		it.Expected = ""
		it.wrong("alias", "%s is an alias, and its record stands at %s: what is missing belongs there.", it.Name, at[len(at)-1])
		if t := findTerm(p.Record, names, true); t != nil {
			it.Status, it.Reason, it.Detail = OK, "", ""
		}
		return
	}
	t := findTerm(p.Record, names, true)
	if t == nil {
		c.noTerm(it, r, p, want, names, v)
		return
	}
	it.Expected = p.Record.Text
	switch end := lastAll(p.Record); {
	case p.Record.Error != "":
		it.wrong("broken", "The record is in error, so that no receiver uses it: %s.", p.Record.Error)
		it.Expected = ""
	case t.Ignored != "":
		it.wrong("ignored", "%s stands behind all, where no receiver reads it.", t.Text)
		it.Expected = addTerm(withoutTerm(p.Record, t.Term), want)
		it.replaces(it.Name, "TXT", p.Record.Text)
	case t.Qualifier != "" && t.Qualifier != "+" && t.own:
		it.wrong("sign", "%s has the sign %s: what it holds does not pass.", t.Text, t.Qualifier)
		it.Expected = strings.Replace(p.Record.Text, t.Text, strings.TrimPrefix(t.Text, t.Qualifier), 1)
		it.replaces(it.Name, "TXT", p.Record.Text)
	case r.Literal && !t.own:
		it.wrong("not-literal", "It is in a record that this one includes, and %s looks for it in the record itself.", c.s.Name)
		it.Expected = addTerm(p.Record, want)
		it.replaces(it.Name, "TXT", p.Record.Text)
	case p.Lookups > maxLookups:
		it.wrong("lookups", "The record takes %d DNS lookups, more than %d: every check ends in permerror. See mailworthy spf check --tree %s.", p.Lookups, maxLookups, it.Name)
		it.Expected = ""
	case r.All != "" && end != r.All:
		it.wrong("all", "%s demands that the record ends in %sall; it ends in %s.", c.s.Name, r.All, allText(end))
		it.Expected = withAll(p.Record, r.All)
		it.replaces(it.Name, "TXT", p.Record.Text)
	default:
		it.Status = OK
		if end == "+" {
			it.Detail = "The include is right, but the record ends in +all: everybody may send as " + it.Name + ". See mailworthy spf check " + it.Name + "."
		}
	}
}

func allText(sign string) string {
	if sign == "" {
		return "no all"
	}
	return strings.TrimPrefix(sign, "+") + "all"
}

// freshSPF is a record for a name that has none.
func freshSPF(want, all string) string {
	if all == "" {
		all = "~"
	}
	return "v=spf1 " + want + " " + all + "all"
}

// lastAll is the sign of the record's all; empty: it has none.
func lastAll(r *spfpolicy.Record) string {
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Kind == spf.KindAll {
			return t.Qualifier
		}
	}
	return ""
}

// addTerm is the text of a record with one more term, ahead of what ends it.
func addTerm(r *spfpolicy.Record, want string) string {
	for i := range r.Terms {
		switch t := &r.Terms[i]; t.Kind {
		case spf.KindAll, spf.KindRedirect, spf.KindExp:
			if t.Offset <= len(r.Text) {
				return r.Text[:t.Offset] + want + " " + r.Text[t.Offset:]
			}
		}
	}
	return strings.TrimRight(r.Text, " ") + " " + want
}

// withoutTerm is a record without a term.
func withoutTerm(r *spfpolicy.Record, t *spfpolicy.Term) *spfpolicy.Record {
	out := *r
	out.Text = strings.TrimRight(r.Text[:t.Offset], " ") + r.Text[t.Offset+len(t.Text):]
	out.Terms = nil
	for i := range r.Terms {
		if x := r.Terms[i]; &r.Terms[i] != t {
			if x.Offset > t.Offset {
				x.Offset -= len(t.Text) + 1
			}
			out.Terms = append(out.Terms, x)
		}
	}
	return &out
}

// withAll is the text of a record with another sign before all.
func withAll(r *spfpolicy.Record, sign string) string {
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Kind == spf.KindAll {
			return r.Text[:t.Offset] + sign + "all" + r.Text[t.Offset+len(t.Text):]
		}
	}
	return strings.TrimRight(r.Text, " ") + " " + sign + "all"
}

// noSPF: the name has no SPF record.
func (c *check) noSPF(it *Item, r *provider.Record, p *spfpolicy.Policy, v *provider.Values) {
	want := v.Fill(r.Value)
	it.Expected = freshSPF(want, r.All)
	if at := p.Record.Evidence.CNAMEs; len(at) > 0 {
		it.Found = it.Name + " CNAME " + at[0]
		it.replaces(it.Name, "CNAME", at[0])
		it.wrong("alias", "%s is an alias to %s, where no SPF record is, and no other record may stand beside it.", it.Name, at[0])
		it.occupied("What the alias is for is lost once the record takes its place.")
		return
	}
	if it.Name != c.domain {
		if apex := c.policy(c.domain); apex.Status == spfpolicy.StatusFound {
			if t := findTerm(apex.Record, wanted(r, v), true); t != nil && t.own {
				it.Found = c.domain + ` TXT "` + show.Cut(apex.Record.Text, 400) + `"`
				it.wrong("apex", "The include stands at %s, where it authorises nothing: mail of %s has %s in the envelope, and SPF is checked there.", c.domain, c.s.Name, it.Name)
				return
			}
		}
	}
	// The domain is added to the name of a host below it as well.
	doubled := it.Name + "." + c.domain
	if q := c.policy(doubled); q.Status == spfpolicy.StatusFound && len(q.Record.Evidence.CNAMEs) == 0 && !c.ofWildcard(doubled, "TXT", q.Record.Text) {
		m := &mistake{check: "spf-wrong-name", remove: []finding.Record{{Name: doubled, Type: "TXT", Value: q.Record.Text}}}
		if spfMistake(q) == nil {
			m.text, m.whole = q.Record.Text, true
		}
		c.mistaken(it, r, p, m, v)
		return
	}
	c.absent(it, r)
	it.Detail = join(it.Name+" has no SPF record.", r.Why)
	if others := c.besides(it.Name); len(others) > 0 {
		it.Expected = freshSPF(strings.Join(append([]string{want}, others...), " "), r.All)
		it.Detail += " Others than " + c.s.Name + " may send as well, such as who receives its mail: the record must name all who do."
	}
}

// noTerm: the record is there, and not for this service.
func (c *check) noTerm(it *Item, r *provider.Record, p *spfpolicy.Policy, want string, names func(string) bool, v *provider.Values) {
	if p.Record.Error != "" {
		it.wrong("broken", "The record is in error, so that no receiver uses it: %s. Correct it first (mailworthy spf check %s), then add %s.", p.Record.Error, it.Name, want)
		it.Expected = ""
		return
	}
	others := c.otherRegions(v)
	for _, region := range slices.Sorted(mapsKeys(others)) {
		o := others[region]
		other := includeOf(o.Fill(r.Value))
		if t := findTerm(p.Record, func(n string) bool { return strings.EqualFold(n, other) }, true); t != nil && t.own && !names(other) {
			it.Expected = strings.Replace(p.Record.Text, t.Text, want, 1)
			it.replaces(it.Name, "TXT", p.Record.Text)
			c.wrongRegion(it, region)
			return
		}
	}
	for i := range p.Record.Terms {
		t := &p.Record.Terms[i]
		if trimmed, ok := strings.CutSuffix(strings.ToLower(t.Value), "."+c.domain); ok && names(trimmed) {
			it.Expected = strings.Replace(p.Record.Text, t.Value, trimmed, 1)
			it.replaces(it.Name, "TXT", p.Record.Text)
			it.wrong("doubled", "%s has the domain behind the name: the control panel added it.", t.Text)
			return
		}
	}
	it.Status = Missing
	it.Expected = addTerm(p.Record, want)
	lost := ""
	if len(p.Record.Terms) == 0 || lastAll(p.Record) == "" && inPieces(p) {
		// A part of it was lost: who else sends, the owner knows.
		it.Expected = freshSPF(strings.Join(append(strings.Fields(p.Record.Text)[1:], want, otherServers), " "), r.All)
		lost = " A part of it seems to be lost: it must name all who send."
	}
	if r.All != "" {
		if end := lastAll(p.Record); end != r.All {
			it.Expected = addTerm(withSign(p.Record, r.All), want)
		}
	}
	it.Detail = join(fmt.Sprintf("The SPF record of %s has no %s.", it.Name, want)+lost, r.Why)
	it.replaces(it.Name, "TXT", p.Record.Text)
	if cost := c.cost(includeOf(want)); p.Lookups+cost > maxLookups {
		it.Reason = "lookups"
		it.Detail += fmt.Sprintf(" With it the record takes %d DNS lookups, more than %d: make room first (mailworthy spf flatten %s).", p.Lookups+cost, maxLookups, it.Name)
		it.Expected, it.Remove = "", nil
	}
}

// withSign is a record with another sign before all.
func withSign(r *spfpolicy.Record, sign string) *spfpolicy.Record {
	out := *r
	out.Text = withAll(r, sign)
	return &out
}

// cost is how many lookups an include takes, itself among them; 1 if its record is not
// known.
func (c *check) cost(include string) int {
	a, err := c.ask.Lookup(c.ctx, include, resolver.TypeTXT)
	if err != nil || len(a.Records) == 0 {
		return 1
	}
	return 1 + c.policy(include).Lookups
}

// unwantedSPF: a term that the service has no use for.
func (c *check) unwantedSPF(it *Item, r *provider.Record, p *spfpolicy.Policy, names func(string) bool) {
	it.Expected = ""
	if p.Status == spfpolicy.StatusNone || p.Status == spfpolicy.StatusNXDomain {
		c.absent(it, r)
		return
	}
	it.Status, it.Detail = NotNeeded, join("", r.Why)
	if p.Status != spfpolicy.StatusFound || p.Record.Error != "" {
		return // it is to be corrected before anything is taken out of it
	}
	t := findTerm(p.Record, names, true)
	if t == nil || !t.own {
		return
	}
	it.Reason, it.lookups = "left-behind", t.Cost
	it.Found = t.Text
	it.Detail = join(fmt.Sprintf("%s is in the record and costs %s.", t.Text, show.Counted(max(t.Cost, 1), "lookup")), r.Why)
	if len(p.Record.Evidence.CNAMEs) == 0 {
		it.replaces(it.Name, "TXT", p.Record.Text)
		it.Expected = withoutTerm(p.Record, t.Term).Text
	}
}
