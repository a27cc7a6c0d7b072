package setup

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
	spfpolicy "mailworthy/spf/policy"
)

// otherServers is the place for the servers that a fresh record has to name beside the service.
const otherServers = "ip4:<the address of each server of your own that sends>"

// mistake is what the audit finds of a record that is not in force as it was meant.
type mistake struct {
	check, detail string
	// text is the record that was meant, with places to fill in where nobody can tell;
	// empty: there is none to start from. whole says that it has no such place.
	text  string
	whole bool
	// remove are the published records that it replaces.
	remove []finding.Record
}

// mistakeOf is the first finding of some checks as a mistake at the name of a TXT record;
// nil if there is none.
func mistakeOf(findings []finding.Finding, name string, counts func(*finding.Finding) bool) *mistake {
	var m *mistake
	for i := range findings {
		f := &findings[i]
		// Services that look for a policy find none without p, though receivers make one up.
		if f.Severity == finding.Unknown || !f.Severity.AtLeast(finding.Error) && f.Check != "dmarc-policy-missing" || f.Severity == finding.Pass || !counts(f) {
			continue
		}
		if m == nil {
			m = &mistake{check: f.Check, detail: f.Detail}
		}
		// What needs more records than one, or has a condition, is for the audit to explain.
		if x := f.Fix; m.text == "" && x != nil && x.Name == name && x.Type == "TXT" && x.When == "" && len(x.More) == 0 {
			m.text, m.remove, m.whole = x.Value, x.Remove, !x.HasPlaceholder()
		}
	}
	return m
}

// spfMistakes are the checks of an SPF record that is not in force as it was meant.
var spfMistakes = []string{"spf-syntax", "spf-whitespace", "spf-broken-split", "spf-wrong-name", "spf-multiple-records", "spf-record-missing"}

// spfMistake says whether the SPF record of a name is not the one that was meant.
func spfMistake(p *spfpolicy.Policy) *mistake {
	return mistakeOf(spfpolicy.Check(p, spfpolicy.Context{Profile: finding.Sender}).Findings(), p.Domain, func(f *finding.Finding) bool {
		// Of a record that is really missing the fix is one to fill in.
		return slices.Contains(spfMistakes, f.Check) && !(f.Check == "spf-record-missing" && f.Fix != nil && f.Fix.HasPlaceholder())
	})
}

// mistaken compares a term with the record that was meant, in place of the one that is there.
func (c *check) mistaken(it *Item, r *provider.Record, p *spfpolicy.Policy, m *mistake, v *provider.Values) {
	want := v.Fill(r.Value)
	reason := "broken"
	switch doubled := it.Name + "." + c.domain; {
	case m.check == "spf-multiple-records":
		reason = "several"
		m.detail = fmt.Sprintf("%s has %d SPF records: every check ends in permerror. Publish one.", it.Name, len(m.remove))
	case m.check == "spf-wrong-name" && slices.ContainsFunc(m.remove, func(x finding.Record) bool { return x.Name == doubled }):
		reason = "doubled"
		m.detail = fmt.Sprintf("The record stands at %s: the domain is in the name twice, because the control panel adds it to what is typed.", doubled)
	case m.check == "spf-wrong-name":
		reason = "name"
	}
	if own := (finding.Record{Name: it.Name, Type: "TXT", Value: p.Record.Text}); p.Status == spfpolicy.StatusFound && !slices.Contains(m.remove, own) {
		m.remove = append(m.remove, own)
	}
	var found []string
	for _, x := range m.remove {
		if text := show.Cut(x.Value, 400); !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	if reason == "doubled" && len(found) > 0 {
		found[0] = it.Name + "." + c.domain + ` TXT "` + found[0] + `"`
	}
	it.Found = strings.Join(found, " | ")
	it.Expected, it.Remove = "", nil
	it.wrong(reason, "%s", m.detail)
	var next Item
	if m.whole {
		next = Item{Name: it.Name, Need: it.Need}
		c.termItem(&next, r, c.with(it.Name, m.text, m.remove), v)
	} else if m.text != "" {
		next.Expected = withTerm(m.text, want)
	}
	if it.Expected = next.Expected; it.Expected == "" {
		if next.ToDo() && m.whole {
			it.Detail = join(it.Detail, strings.TrimSuffix(next.Detail, "."))
		} else if reason != "several" {
			it.Detail += fmt.Sprintf(" Correct it first (mailworthy audit %s), then see that it has %s.", c.domain, want)
		}
		return
	}
	it.Remove = m.remove
}

// inPieces reports whether a TXT record beside what is read as the SPF record, or without one,
// holds terms: the first word of a record was lost, or it was published in pieces.
func inPieces(p *spfpolicy.Policy) bool {
	return slices.ContainsFunc(p.Record.Published, func(t spfpolicy.Published) bool {
		return !t.SPF && slices.ContainsFunc(strings.Fields(strings.ToLower(t.Text())), func(word string) bool {
			switch name, value, _ := strings.Cut(strings.TrimLeft(word, "+-~?"), ":"); name {
			case "ip4", "ip6", "include":
				return value != ""
			case "all":
				return strings.ContainsAny(word[:1], "+-~?")
			}
			return false
		})
	})
}

// withTerm is the text of a record that has places to fill in with one more term.
func withTerm(text, want string) string {
	words := strings.Fields(text)
	if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(strings.TrimPrefix(w, "+"), want) }) {
		return text
	}
	for i := len(words) - 1; i > 0; i-- {
		if w := strings.ToLower(words[i]); strings.TrimLeft(w, "+-~?") == "all" || strings.HasPrefix(w, "redirect=") {
			return strings.Join(slices.Insert(words, i, want), " ")
		}
	}
	return text + " " + want
}

// with examines the SPF record of a name as it is with another text, and without the records
// that this replaces.
func (c *check) with(name, text string, remove []finding.Record) *spfpolicy.Policy {
	amended, err := resolver.Amend(c.ask, remove, []finding.Record{{Name: name, Type: "TXT", Value: text}})
	if err != nil { // a name that cannot be asked for
		return c.policy(name)
	}
	return spfpolicy.Examine(c.ctx, amended, name)
}

// proven takes a record back that the audit calls critical as soon as it is published, but
// for what the service's own term leads to. What the audit proposes in its place, with places
// to fill in, is proposed here as well.
func (c *check) proven(it *Item, want string) {
	if !it.ToDo() || it.Expected == "" || it.Record().HasPlaceholder() {
		return
	}
	if text := strings.ToLower(it.Expected); strings.Contains(text[1:], " v=") {
		it.Expected, it.Remove = "", nil
		it.Detail += fmt.Sprintf(" Another record stands in the same text: take them apart first (mailworthy audit %s says how).", c.domain)
		return
	}
	q := c.with(it.Name, it.Expected, it.Remove)
	for _, f := range spfpolicy.Check(q, spfpolicy.Context{Profile: finding.Sender}).Findings() {
		if f.Severity != finding.Critical || strings.Contains(f.Detail, includeOf(want)) {
			continue
		}
		it.Expected = ""
		if x := f.Fix; x != nil && x.Name == it.Name && x.Type == "TXT" && x.HasPlaceholder() && strings.Contains(x.Value, want) {
			it.Expected = x.Value
		}
		if it.Expected == "" {
			it.Remove = nil
		}
		it.Detail += " Correct what is there as well: " + f.Detail
		return
	}
}

// besides are the terms, as places to fill in, of who else may send for a name that has no SPF
// record: the domain's mail is received by servers of its own, or by another service.
func (c *check) besides(name string) (terms []string) {
	a, err := c.lookup(name, "MX")
	if err != nil || inPieces(c.policy(name)) {
		return []string{otherServers}
	}
	for i := range a.Records {
		host := a.Records[i].Host
		s := provider.Builtin().OfInbound(host)
		term := otherServers
		switch {
		case host == "." || host == "" || s == c.s || c.ownHost(recordValue(&a.Records[i])):
			continue
		case s != nil:
			term = ""
			if include := includeFor(s); include != "" {
				term = "<" + include + ", if " + s.Name + " sends for the domain>"
			}
		}
		if term != "" && !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return terms
}

// ownHost: the MX is one that the service asks for.
func (c *check) ownHost(value string) bool {
	for r := range c.s.Records() {
		if r.Type == "MX" && c.anyRegion(r, value) {
			return true
		}
	}
	return false
}

// includeFor is the term that a service asks for in the record of the domain itself; empty:
// none, or it is not the same for all customers.
func includeFor(s *provider.Service) string {
	for r := range s.Records() {
		if r.Purpose == provider.SPF && r.Name == "{domain}" && r.Need != provider.Unwanted && !strings.ContainsAny(r.Value, "{<") {
			return r.Value
		}
	}
	return ""
}

// dmarcMistakes are the checks of a DMARC record that is not in force as it was meant.
var dmarcMistakes = []string{"dmarc-syntax", "dmarc-version", "dmarc-policy-missing", "dmarc-policy-invalid", "dmarc-multiple-records", "dmarc-wrong-name",
	"dmarc-cname-and-txt", "dmarc-duplicate-tag"}

// dmarcMistake says whether the DMARC record of the domain is not the one that was meant.
func (c *check) dmarcMistake(d *dmarc.Discovery) *mistake {
	return mistakeOf(dmarc.Check(d, dmarc.Context{Profile: finding.Sender}).Findings(), "_dmarc."+c.domain, func(f *finding.Finding) bool {
		return slices.Contains(dmarcMistakes, f.Check) && (f.Check == "dmarc-wrong-name" || f.Subject == c.domain)
	})
}
