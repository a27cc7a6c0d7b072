package dmarc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// multiple reports several records at one name.
func (j *judge) multiple(s *Step, i int) {
	f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence}}
	var detail strings.Builder
	fmt.Fprintf(&detail, "%s has %d DMARC records; receivers discard all of them (RFC 9989, 4.10, step 2): ", s.Name, len(s.Records))
	detail.WriteString(quotedList(s.Records) + ".")
	note, moot := j.standing(i)
	if moot {
		f.Severity = finding.Warning
	} else if i == 0 && j.d.Record != nil {
		note = fmt.Sprintf("By RFC 9989 the record at %s then applies; receivers that follow RFC 7489 stop here and apply none.", j.d.PolicyDomain)
	}
	if note != "" {
		detail.WriteString(" " + note)
	}
	f.Detail = detail.String()
	c := merge(s.Records, s.Domain)
	f.Fix = publish("Replace the records by a single one.", s.Name, c.String())
	if !c.certain() {
		f.Fix.Summary += c.incomplete()
	}
	f.Fix.Remove, f.Fix.More = txtRecords(s.Name, s.Records), txtRecords(s.Domain, c.proofs)
	if c.none {
		f.Fix = &finding.Fix{Summary: "Replace the records by a single one."}
	} else if r, err := ParseRecord(c.String()); err == nil {
		if beside := s.uncovered(r, false); len(beside) > 0 {
			f.Fix.When = "what stands beside them was meant as no part of it: " + quotedList(beside)
		}
	}
	j.Add("dmarc-multiple-records", f)
}

// uncovered are the texts at the step that were meant as records, are not, and say what a record
// does not. ignored: sp and np count nowhere.
func (s *Step) uncovered(r *Record, ignored bool) []string {
	return slices.DeleteFunc(s.attempts(), func(text string) bool { return covers(r, clean(text, ignored, s.Domain)) })
}

// standing says what the loss of the record at step i means for the domain, and
// whether another one makes it moot.
func (j *judge) standing(i int) (note string, moot bool) {
	d := j.d
	switch {
	case i > 0 && d.Record != nil:
		return fmt.Sprintf("The record at %s applies to %s all the same.", d.PolicyDomain, d.Domain), true
	case i > 0 && j.own().Outcome == Unanswered:
		return fmt.Sprintf("It matters to %s only if that has no record of its own, which is not known.", d.Domain), true
	case d.Record != nil:
		return fmt.Sprintf("The record at %s applies instead.", d.PolicyDomain), false
	case d.Undecided.Policy != "":
		return "", false
	}
	return "No policy applies, as if there were no DMARC at all.", false
}

// merge makes one record of several that were discarded, with all their report
// addresses. If their policies differ, nobody but the owner knows which one was meant.
func merge(texts []string, domain string) *cleaned {
	if whole := joinedPieces(texts); whole != "" {
		return clean(whole, false, domain)
	}
	var out *cleaned
	var first draft
	for _, text := range texts[:min(len(texts), maxDestinations)] {
		c := clean(text, false, domain)
		if out == nil {
			out, first = c, c.draft
			continue
		}
		for _, tag := range []string{"p", "sp", "np", "adkim", "aspf", "psd", "t", "pct"} {
			switch a, b := out.get(tag), c.get(tag); {
			case a == b:
			case (tag == "pct" || tag == "t") && out.get("p") == string(None) && out.get("sp")+out.get("np") == "":
				out.set(tag, "") // nothing is enforced either way
			case tag == "pct":
				out.set(tag, either(cmp.Or(a, "100"), cmp.Or(b, "100"))) // none is in force today
			case tag == "t":
				out.set(tag, either(cmp.Or(a, "n"), cmp.Or(b, "n")))
			case tag == "p":
				out.set(tag, either(a, b))
			case tag == "sp" || tag == "np":
				// Without it p holds, and for names that do not exist sp before that.
				out.set(tag, either(cmp.Or(a, first.inherited(tag)), cmp.Or(b, c.inherited(tag))))
			case tag == "psd":
				out.set(tag, "<what psd was meant to be>")
			default:
				out.set(tag, either(cmp.Or(a, "r"), cmp.Or(b, "r")))
			}
		}
		for _, tag := range []string{"rua", "ruf"} {
			out.set(tag, union(out.get(tag), c.get(tag)))
		}
		if out.get("fo") == "" {
			out.set("fo", c.get("fo"))
		}
		out.open = append(out.open, c.open...)
		out.proofs = append(out.proofs, c.proofs...)
		out.none = out.none || c.none
	}
	out.changes = nil
	return out
}

// joinedPieces is the one record that several texts are pieces of: one has the version, the
// others begin with a tag, and no tag is in two of them. It is "" if they are not.
func joinedPieces(texts []string) string {
	if len(texts) > maxDestinations {
		return ""
	}
	head := ""
	var rest []string
	have := map[string]bool{}
	for _, text := range texts {
		if len(text) > maxRepair {
			return ""
		}
		tokens := repaired(text).tokens()
		for i := range tokens {
			t := &tokens[i]
			if !t.known || !t.strong || have[t.name] {
				return ""
			}
			have[t.name] = true
		}
		switch text = strings.Trim(text, " ;"); {
		case len(tokens) == 0:
			return ""
		case tokens[0].name != "v":
			rest = append(rest, text)
		case head != "":
			return ""
		default:
			head = text
		}
	}
	if head == "" || len(rest) == 0 {
		return ""
	}
	return strings.Join(append([]string{head}, rest...), "; ")
}

// either is a placeholder for one of two values.
func either(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return "<" + strings.Trim(a, "<>") + " or " + strings.Trim(b, "<>") + ">"
}

// union joins two lists of addresses.
func union(a, b string) string {
	list := strings.FieldsFunc(a, func(c rune) bool { return c == ',' })
	for uri := range strings.SplitSeq(b, ",") {
		if uri != "" && !slices.Contains(list, uri) {
			list = append(list, uri)
		}
	}
	return strings.Join(list, ",")
}

// others reports TXT at a name of the walk that are no records: failed attempts
// at one, and strangers.
func (j *judge) others(s *Step, i int) {
	var strangers []string
	attempts := 0
	for n := range s.Others {
		o := &s.Others[n]
		if target := aliasTyped(o.Text); target != "" && i == 0 && s.Outcome != HasRecord && len(s.Others) == 1 {
			j.Add("dmarc-version", finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence},
				Detail: fmt.Sprintf("%s has the TXT record %s, which is the name of an alias and no record: a CNAME was published as the text of a TXT record.", s.Name, quoted(o.Text)),
				Fix: &finding.Fix{Summary: "Publish the alias in place of the text.", When: target + " has the record that the service publishes for the domain",
					Name: s.Name, Type: "CNAME", Value: target, Remove: txtRecords(s.Name, []string{o.Text})}})
			continue
		}
		if !o.Intended {
			strangers = append(strangers, o.Text)
			continue
		}
		if attempts++; attempts > maxAttempts {
			continue
		}
		f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence},
			Detail: fmt.Sprintf("%s has the TXT record %s, which is not read as a DMARC record: %s.", s.Name, quoted(o.Text), o.Reason)}
		note, moot := j.standing(i)
		if s.Outcome == HasRecord {
			note, moot = "Another record at the name is in force, so that this one has no effect.", true
		}
		if note != "" {
			f.Detail += " " + note
		}
		meant := o.Text
		if o.quoted != "" {
			meant, f.Detail = o.quoted, cutOff(o.Text, o.quoted)+" And it is not read as a DMARC record: "+o.Reason+"."
		}
		switch c := clean(meant, i == 0 && j.d.ignoresSubdomains(), s.Domain); {
		case s.Outcome == HasRecord && covers(s.Record, c):
			f.Severity = finding.Warning
			f.Fix = &finding.Fix{Summary: "Remove the record that has no effect.", Remove: txtRecords(s.Name, []string{o.Text})}
		case i == 0 && s.Outcome == HasRecord:
			f.Severity = finding.Warning
			c = merge(append([]string{s.Record.Text}, s.attempts()...), s.Domain)
			f.Fix = publish("Make one record of it and of the one in force.", s.Name, c.String())
			if !c.certain() {
				f.Fix.Summary += c.incomplete()
			}
			f.Fix.Remove, f.Fix.More = txtRecords(s.Name, append([]string{s.Record.Text}, s.attempts()...)), txtRecords(s.Domain, c.proofs)
			f.Fix.When = s.Record.changed(c)
		case moot:
			f.Severity = finding.Warning
			f.Fix = &finding.Fix{Summary: "Correct the record, or remove it."}
		default:
			texts := []string{o.Text}
			if all := s.attempts(); len(all) > 1 && o.quoted == "" {
				texts, c = all, merge(all, s.Domain)
			}
			f.Fix = publish(c.but("Publish the record so that v=DMARC1; comes first.", "dmarc-version"), s.Name, c.String())
			f.Fix.Remove, f.Fix.More = txtRecords(s.Name, texts), txtRecords(s.Domain, c.proofs)
			if c.none {
				f.Fix = &finding.Fix{Summary: c.but("Publish the record so that v=DMARC1; comes first.")}
			}
		}
		j.Add("dmarc-version", f)
	}
	// A wildcard's records are no decision about this name, and of the parents
	// only the one whose record applies is of interest.
	if len(strangers) == 0 || i > 0 && s.Domain != j.d.PolicyDomain {
		return
	}
	// Those of an alias to a name of the domain stand where they belong.
	if s.alias() != "" && resolver.Within(s.alias(), j.d.Domain) {
		return
	}
	f := finding.Finding{Subject: s.Domain, Evidence: []finding.Evidence{s.Evidence},
		Detail: fmt.Sprintf("%s has %s that no DMARC receiver reads: %s.",
			s.Name, show.Counted(len(strangers), "TXT record"), quotedList(strangers)),
		Fix: &finding.Fix{Summary: "Remove what is not a DMARC record from " + s.Name + ".", Remove: txtRecords(s.Name, strangers)}}
	if at := slices.IndexFunc(strangers, func(text string) bool {
		return belongsTo(text, s.Domain) != "" && !(isSPF(text) && j.c.HasSPF != nil && *j.c.HasSPF && spared(text, j.c.SPF))
	}); at >= 0 && i == 0 {
		// It may be the only one that the domain has.
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish %s at %s, if it is not there, and remove it here then.", quoted(strangers[at]), belongsTo(strangers[at], s.Domain))}
	}
	if i == 0 && f.Fix.Remove != nil && slices.ContainsFunc(strangers, func(text string) bool { return len(text) > 1 && !isSPF(text) }) {
		// A record may have been cut in two.
		f.Fix = &finding.Fix{Summary: "See whether what they say belongs into the record, and remove them then."}
	}
	if j.d.Wildcard != nil && slices.Contains(j.d.Wildcard.Texts, strangers[0]) {
		f.Detail += " It comes from a wildcard, which answers for every name without records of its own."
		f.Fix = nil
	}
	j.Add("dmarc-spf-at-dmarc-name", f)
}

// spared reports whether an SPF record names no sender that another one does not name: it may be
// taken away.
func spared(text, by string) bool {
	have := strings.Fields(ascii.ToLower(by))
	return !slices.ContainsFunc(strings.Fields(ascii.ToLower(text)), func(term string) bool {
		bare := strings.TrimLeft(term, "+-~?")
		return term != "v=spf1" && bare != "all" && !slices.Contains(have, term)
	})
}

// isSPF reports whether a text was meant as an SPF record.
func isSPF(text string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimLeft(text, " \t\"'")), "v=spf1")
}

// belongsTo is where a text stands that begins as a record of another kind does, or proves
// who owns a domain; "" if it is neither.
func belongsTo(text, domain string) string {
	lower := strings.ToLower(strings.TrimLeft(text, " \t\"'"))
	for _, kind := range [...]struct{ start, at string }{
		{"v=spf1", ""}, {"v=dkim1", "<selector>._domainkey."}, {"k=rsa", "<selector>._domainkey."}, {"k=ed25519", "<selector>._domainkey."},
		{"v=bimi1", "default._bimi."}, {"v=stsv1", "_mta-sts."}, {"v=tlsrptv1", "_smtp._tls."},
	} {
		if strings.HasPrefix(lower, kind.start) {
			return kind.at + domain
		}
	}
	if key, _, ok := strings.Cut(lower, "="); ok && (strings.Contains(key, "verif") || key == "ms") {
		return domain
	}
	return ""
}

// aliasTyped is the name that stands as the whole text of a TXT record, as if an alias had
// been published with the wrong type: one with _dmarc in it, or with the final dot of a zone file and below
// a domain that one registers, at which no service has the record of another; "" if that is not it.
func aliasTyped(text string) string {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
	first, _, _ := strings.Cut(name, "_dmarc.")
	ended := strings.HasSuffix(strings.TrimSpace(text), ".") && (strings.Contains(name, "dmarc") || resolver.Registrable(name) != name)
	if first == name && !ended || !resolver.IsHostName(strings.ReplaceAll(name, "_", "")) || !resolver.Whole(name) {
		return ""
	}
	return name
}

// gluedSPF is an SPF record, up to its all, in a text that goes on.
var gluedSPF = lazyre.New(`(?i)\bv=spf1[ \t]+(?:[^"\\;]*[ \t])?[-~?+]all\b`)

// apart returns the SPF record that stands in a text meant as a DMARC record, and the text
// without it; "" if there is none that is whole.
func apart(text string) (spf, rest string) {
	if at := gluedSPF.FindStringIndex(text); at != nil && !strings.Contains(strings.ToLower(text[at[0]:at[1]]), "dmarc") {
		return text[at[0]:at[1]], strings.Trim(text[:at[0]]+" "+text[at[1]:], " \t;,|")
	}
	return "", text
}

// misplaced reports records where no receiver looks.
func (j *judge) misplaced() {
	s := j.own()
	if s.Outcome == Unanswered {
		return
	}
	answered := true
	var silent []finding.Evidence
	moved := s.Outcome != NoRecord || j.Has("dmarc-version")
	for i := range j.d.Strays {
		stray := &j.d.Strays[i]
		if stray.Text == "" {
			answered = false
			silent = append(silent, stray.Evidence)
			continue
		}
		if stray.Name == s.alias() {
			continue // receivers do read it, by way of the alias
		}
		f := finding.Finding{Subject: stray.Name, Evidence: []finding.Evidence{stray.Evidence, s.Evidence},
			Detail: fmt.Sprintf("The DMARC record %s is published at %s, where no receiver looks: it belongs at %s.", quoted(stray.Text), stray.Name, s.Name)}
		other, rest := apart(stray.Text)
		c := clean(rest, false, j.d.Domain)
		what, own := "A proof of ownership for a service", c.proofs
		if other != "" {
			what, own = "An SPF record", append([]string{other}, own...)
		}
		if own != nil {
			f.Detail = fmt.Sprintf("%s and a DMARC record stand in one TXT record at %s, %s: each must be one of its own, the latter at %s.", what, stray.Name, quoted(stray.Text), s.Name)
		}
		switch {
		case own != nil && (s.Outcome == HasRecord || moved || c.none):
			f.Fix = &finding.Fix{Summary: fmt.Sprintf("Leave %s there, as a record of its own.", quoted(own[0]))}
			if other == "" && s.Record != nil && c.within(s.Record) {
				f.Severity = finding.Notice
				f.Detail += " The record in the right place is in force."
				f.Fix.Name, f.Fix.Type, f.Fix.Value, f.Fix.More = stray.Name, "TXT", own[0], txtRecords(stray.Name, own[1:])
				f.Fix.Remove = txtRecords(stray.Name, []string{stray.Text})
			}
		case s.Outcome == HasRecord:
			if f.Severity = finding.Notice; s.Record != nil && s.Record.Broken() {
				f.Detail += " There is a record in the right place, and it is not valid."
			} else {
				f.Detail += " The record in the right place is in force."
			}
			f.Fix = &finding.Fix{Summary: "Remove it.", Remove: txtRecords(stray.Name, []string{stray.Text})}
			if s.Record == nil || !c.within(s.Record) {
				// It may be the one that was meant.
				f.Fix = &finding.Fix{Summary: "Compare the two records, put what was meant into the one in the right place, and remove the other."}
			}
		case moved || c.none:
			f.Fix = &finding.Fix{Summary: "Remove it, once the right name has one record."}
		default:
			moved = true
			f.Fix = publish(c.but("Move the record to "+s.Name+"."), s.Name, c.String())
			f.Fix.Remove = txtRecords(stray.Name, []string{stray.Text})
			if own != nil {
				f.Fix.Summary = c.but("Publish two records, each at its name.")
				f.Fix.More = txtRecords(stray.Name, own)
				if other != "" && !isSPF(stray.Text) && j.c.HasSPF != nil && *j.c.HasSPF {
					// A second SPF record would undo the one that is there.
					f.Fix.More = txtRecords(stray.Name, c.proofs)
					f.Fix.When = fmt.Sprintf("what %s says is part of the SPF record of %s", quoted(other), stray.Name)
				}
			}
			f.Detail += " Without it no policy applies to the domain."
			if j.d.Record != nil {
				f.Detail = strings.TrimSuffix(f.Detail, " Without it no policy applies to the domain.")
			}
		}
		j.Add("dmarc-wrong-name", f)
	}
	if answered {
		j.Decided("dmarc-wrong-name")
	} else if s.Outcome != HasRecord {
		j.Add("dmarc-unresolved", finding.Finding{CouldBe: finding.Error, Evidence: silent,
			Detail: "Whether a DMARC record is published at a wrong name is not known: the DNS did not answer."})
	}
}

// attempts are the texts at the step that were meant as records and are not.
func (s *Step) attempts() []string {
	var out []string
	for i := range s.Others {
		if o := &s.Others[i]; o.Intended && len(out) < maxAttempts {
			out = append(out, o.Text)
		}
	}
	return out
}

// covers reports that nothing is lost if the other record goes: the one in force is no
// weaker, and has its report addresses, and nothing else stands in the other.
func covers(r *Record, c *cleaned) bool {
	if !c.certain() || c.proofs != nil || r.P.rank() < Policy(c.get("p")).rank() {
		return false
	}
	for uri := range strings.SplitSeq(c.get("rua"), ",") {
		if uri != "" && !hasURI(r.RUA, uri) {
			return false
		}
	}
	return true
}

func hasURI(uris []URI, want string) bool {
	return slices.ContainsFunc(uris, func(u URI) bool { return strings.EqualFold(u.Text, want) })
}
