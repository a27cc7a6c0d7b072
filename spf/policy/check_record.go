package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// beside reports a text that was meant to be an SPF record, or a part of it, beside the one in force.
// What it authorises is not authorised, and nobody but the owner knows which of the
// two was to go.
func (k *checker) beside() {
	text, more := k.p.besideRecord()
	if text == "" || k.trial {
		return
	}
	f := finding.Finding{Severity: finding.Notice, Title: "A TXT record beside the SPF record does not begin with \"v=spf1 \"", Reference: "RFC 7208, 4.5",
		Evidence: []finding.Evidence{k.p.Record.Evidence},
		Detail:   fmt.Sprintf("The TXT record %s of %s was meant to be an SPF record, but does not begin with v=spf1 and a space. Receivers pass it over.", quote(text), k.p.Domain),
		Fix:      &finding.Fix{Summary: "Remove the record that has no effect.", Remove: []finding.Record{{Name: k.p.Domain, Type: "TXT", Value: text}}}}
	if !looksLikeRecord(text) {
		f.Detail = fmt.Sprintf("The TXT record %s of %s holds terms of SPF, but does not begin with v=spf1 and a space. Receivers pass it over.", quote(text), k.p.Domain)
	}
	if len(more) > 0 {
		f.Severity = finding.Warning
		f.Detail += " The record in force has nothing of " + enumerate(more, 5) + ": whoever sends by that fails."
		f.Fix = advice("If mail comes from what it names, put these terms into the record in force; then remove it.")
	}
	k.Add("spf-syntax", f)
}

// shape judges how the domain's own records are published.
func (k *checker) shape() {
	k.Decided("spf-syntax", "spf-record-too-long", "spf-string-too-long", "spf-broken-split")
	k.deprecated()
	k.beside()
	for _, r := range k.own {
		if r.Status != StatusFound {
			continue
		}
		k.size(r)
		k.split(r)
	}
}

// records judges what the domain's own records say by themselves.
func (k *checker) records() {
	k.Decided("spf-terms-after-all", "spf-redirect-with-all", "spf-unknown-modifier")
	if !k.unknownRecords {
		k.Decided("spf-ptr", "spf-duplicate-term") // they are found in what is included, too
	}
	for _, r := range k.own {
		if r.Status != StatusFound {
			continue
		}
		k.order(r)
		k.modifiers(r)
		k.slips(r)
		k.explanationOf(r)
	}
	for _, r := range k.included() {
		k.order(r)
		k.modifiers(r)
		k.slips(r)
	}
	k.pointers()
	k.ending()
	k.everyone()
}

// included are the records of the domain's own administration that includes lead to and that
// can be read: what no receiver reads there its owner can move.
func (k *checker) included() []*Record {
	var out []*Record
	k.p.walk(func(r *Record, own bool) {
		if !own && !r.Loop && !r.Repeated && r.Status == StatusFound && r.Error == "" && k.mine(r) {
			out = append(out, r)
		}
	})
	return out
}

// add files a finding about a record.
func (k *checker) add(id string, r *Record, f finding.Finding) {
	if f.Subject == "" && r.Domain != k.p.Domain {
		f.Subject = r.Domain
	}
	if f.Evidence == nil {
		f.Evidence = []finding.Evidence{r.Evidence}
	}
	k.Add(id, f)
}

// unlessInError says of what a record lets pass that nobody passes by it, if a receiver comes to an
// error first: a permerror authorises nobody (RFC 7208, 4.6). A is an address that it is about.
func (k *checker) unlessInError(r *Record, a netip.Addr) string {
	if k.misread[r.Domain] || k.published.answers != nil && k.published.Status == StatusFound && k.published.try("", "", a).Result == spf.PermError {
		return " Nobody passes by it while the record is in error or leads to one: that comes with the repair."
	}
	return ""
}

// maxNamed is how many terms a finding names one by one.
const maxNamed = 8

// syntax reports the errors of a record (RFC 7208, 4.6): one finding, whatever their
// number, as they have one effect and one fix.
func (k *checker) syntax(r *Record, m *repaired) {
	var said []string
	n := 0
	marked := ""
	f := finding.Finding{}
	for i := range r.facts.terms {
		t := &r.facts.terms[i]
		if t.Error == "" {
			continue
		}
		if n == 0 {
			marked = finding.Mark(r.Text, t.Offset)
		}
		if n++; n > maxNamed {
			continue
		}
		s := fmt.Sprintf("%s (character %d) is %s", quote(t.Text), t.Offset+1, t.Error)
		switch {
		case strings.HasPrefix(t.Error, "a second"), strings.HasPrefix(t.Error, "not "):
		default:
			s = fmt.Sprintf("%s (character %d) is not valid: %s", quote(t.Text), t.Offset+1, t.Error)
		}
		meant := meant(*t)
		if i := slices.IndexFunc(m.changes, func(c change) bool { return c.term == quotable(t.Text) && (c.asked || c.to != "") }); i >= 0 {
			if meant = m.changes[i].to; m.changes[i].asked {
				meant = ""
			}
		} else if slices.ContainsFunc(m.changes, func(c change) bool {
			return c.why == strayedSpace && slices.Contains(strings.Fields(c.term), t.Text)
		}) {
			meant = "" // said with what it belongs to
		}
		if meant != "" {
			s += fmt.Sprintf(", probably meant to be %s", quote(meant))
		}
		said = append(said, s)
	}
	if n > maxNamed {
		said = append(said, fmt.Sprintf("%d more terms are in error", n-maxNamed))
	}
	f.Detail = fmt.Sprintf("In the record of %s %s. The whole record is a permerror, and nobody passes by it: %s.", r.Domain, strings.Join(said, "; "), strconv.Quote(marked))
	f.Detail += k.joined
	k.joined = ""
	for i, c := range m.changes {
		if i == maxNamed {
			break
		}
		if c.to == "" || c.asked || c.why == strayedSpace || strings.HasSuffix(c.why, "of its own") {
			s := c.String()
			f.Detail += " " + strings.ToUpper(s[:1]) + s[1:] + "."
		}
	}
	p := k.proposal(r)
	p.parts, p.broken = m.parts, true
	f.Detail += k.askCut(p)
	k.unread = k.unread || !m.complete()
	switch {
	case m.text == "":
		f.Fix = advice("Write the record anew: hardly anything in it can be read.")
	case len(m.parts) == 0:
		f.Fix = &finding.Fix{Summary: "Publish the record with your senders: nothing that was there could be read.", Name: r.Domain, Type: "TXT", Value: spf.Version + " <your senders> ~all",
			Remove: []finding.Record{{Name: r.Domain, Type: "TXT", Value: r.Text}}}
	default:
		f.Fix = p.share(false, "%s", corrected(m))
	}
	k.add("spf-syntax", r, f)
}

// slips reports terms that the grammar allows and nobody means: a name with an empty
// label, a comma or another term in it. What an include leads to is judged by itself.
func (k *checker) slips(r *Record) {
	var said []string
	id := "spf-void-lookup"
	p := k.proposal(r)
	for i := range r.Terms {
		t := &r.Terms[i]
		open := t.Meant == "" && t.Kind != spf.KindModifier && (strings.ContainsAny(t.parsed.Spec, ",;|:") || indexFold(t.parsed.Spec, "redirect=") >= 0) && suspicious(t.parsed)
		mailbox := !open && t.Meant == "" && isMailbox(t)
		if t.Meant == "" && !open && !mailbox || t.Error != "" || t.Ignored != "" || t.Kind == spf.KindModifier {
			continue
		}
		if t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect {
			if t.Status.absent() || t.Status == StatusInvalid && k.p.Domain != anyDomain {
				continue
			}
			id = "spf-include-missing"
		}
		p.broken = true
		if k.slipped == nil {
			k.slipped = make(map[string]bool)
		}
		k.slipped[t.Text] = true
		if mailbox {
			said = append(said, quote(t.Text)+" has a mail address in place of the name of a host")
			p.wrong(t, rightName(t))
			continue
		}
		if open {
			said = append(said, quote(t.Text)+" has a character in place of a space, a dot or a letter")
			p.wrong(t, rightName(t))
			continue
		}
		said = append(said, fmt.Sprintf("%s was probably meant to be %s", quote(t.Text), quote(t.Meant)))
		if k.leadBack(r.Domain, strings.Fields(t.Meant)) {
			said[len(said)-1] = quote(t.Text) + " is not the name of a record"
			p.wrong(t, rightName(t))
		} else if k.cut(r, i) {
			said[len(said)-1] += ", or a name with another letter"
			p.wrong(t, rightName(t))
		} else if k.nowhere(r.Domain, strings.Fields(t.Meant)...) {
			p.wrong(t, rightName(t))
		} else {
			p.read(t)
		}
	}
	if len(said) == 0 || k.Has("spf-broken-split") {
		return
	}
	severity, title, so := finding.Error, "SPF typo: mistyped name matches no sender", "no host has such a name"
	if id == "spf-include-missing" {
		severity = finding.Critical
		title, so = "SPF typo: mistyped name of an include or redirect", "no record stands at such a name, and a receiver that comes to it answers permerror"
	}
	k.add(id, r, finding.Finding{Severity: severity, Title: title,
		Detail: fmt.Sprintf("In the record of %s %s. The grammar allows it as it is, but %s.", r.Domain, strings.Join(said[:min(len(said), maxNamed)], "; "), so),
		Fix:    p.share(false, "Publish the corrected record.")})
}

// leadBack reports whether one of the terms includes the record that it stands in.
func (k *checker) leadBack(domain string, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		t := spf.ParseTerm(text)
		name, _, ok := t.Target(domain, k.p.Domain)
		return ok && (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && ascii.EqualFold(name, domain)
	})
}

// isMailbox reports whether a term names a mail address. Which host sends for it, nobody
// but its owner knows.
func isMailbox(t *Term) bool {
	return (t.Kind.Directive() || t.Kind == spf.KindRedirect) && !t.parsed.Macros && strings.Contains(t.Value, "@")
}

// cut reports whether the name of a term, as it was meant, may have lost a letter to what is
// taken off, with no answer of the DNS that says what it is.
func (k *checker) cut(r *Record, at int) bool {
	t := &r.Terms[at]
	tokens := make([]string, len(r.Terms))
	for i := range r.Terms {
		tokens[i] = r.Terms[i].Text
	}
	terms := strings.Fields(t.Meant)
	return standsForLetter(member(tokens, at), terms) && !k.vouched(r.Domain, terms[len(terms)-1]) || lostStart(t.Text, terms) && !k.vouched(r.Domain, terms[0])
}

// askCut asks for each name of a repaired record that may have lost a letter, unless the
// DNS holds what it names. It returns what it says of them.
func (k *checker) askCut(p *proposal) string {
	said := ""
	i := 0
	for _, x := range p.parts {
		if x.or != "" {
			p.edits[i], p.astray = edit{to: []string{"<" + forPlaceholder(x.text) + " or " + forPlaceholder(x.or) + ">"}, asks: true, firm: true}, true
		} else if x.cut && !k.vouched(p.record.Domain, x.text) {
			t := spf.ParseTerm(x.text)
			p.edits[i], p.astray = edit{to: []string{rightNameOf(&t)}, asks: true, firm: true}, true
			what := "letter of the name"
			if t.Prefix.IsValid() {
				what = "digit of the address"
			}
			said += fmt.Sprintf(" A %s in %s may be lost.", what, quote(x.text))
		}
		if !x.unread {
			i++
		}
	}
	return said
}

// vouched reports whether the DNS holds what a term names.
func (k *checker) vouched(domain, text string) bool {
	t := spf.ParseTerm(text)
	name, _, ok := t.Target(domain, k.p.Domain)
	if !ok || t.Error != "" {
		return false
	}
	found := func(types ...resolver.Type) bool {
		return slices.ContainsFunc(types, func(x resolver.Type) bool { return k.p.answers.get(name, x).status() == StatusFound })
	}
	switch t.Kind {
	case spf.KindInclude, spf.KindRedirect:
		return k.p.answers.get(name, resolver.TypeTXT).recordStatus() == StatusFound
	case spf.KindExp:
		return found(resolver.TypeTXT)
	}
	return found(resolver.TypeA, resolver.TypeAAAA, resolver.TypeMX)
}

// modifiers reports those that nobody knows (RFC 7208, 6), each kind once.
func (k *checker) modifiers(r *Record) {
	p := k.proposal(r)
	var mistyped, unknown, reporting, malformed []string
	asks, nobody, forAll := false, !useful(r.Text), modifierForAll(r)
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind != spf.KindModifier || t.Error != "" {
			continue
		}
		switch {
		case reported(t.parsed) != "":
			reporting = append(reporting, t.Text)
			if why := reportingError(t.parsed); why != "" {
				malformed = append(malformed, quote(t.Text)+" is malformed: "+why)
			}
		case t.Meant != "":
			p.broken = true
			mistyped = append(mistyped, fmt.Sprintf("%s, probably meant to be %s,", quote(t.Text), quote(t.Meant)))
			p.read(t)
		default:
			if ascii.EqualFold(t.parsed.Name(), "v") && slices.ContainsFunc(r.Terms, func(o Term) bool { return o.Ignored == "after_all" }) {
				p.replace(t, false) // said with what stands behind it
				continue
			}
			unknown = append(unknown, t.Text)
			if ownsDomain(t.Text) {
				p.replace(t, false)
			} else if strings.ContainsAny(t.Value, ".:") || holdsTerm(t.parsed.Name()) || t == forAll || nobody {
				asks = true // it may have been meant to name a sender
				p.broken, p.astray = true, true
				p.replace(t, true, placeholder(t.Text))
			} else {
				p.replace(t, false)
			}
		}
	}
	if len(mistyped) > 0 {
		k.add("spf-unknown-modifier", r, finding.Finding{
			Severity: finding.Error,
			Title:    "SPF typo: mechanism read as unknown modifier",
			Detail: fmt.Sprintf("In the record of %s %s is read as an unknown modifier and ignored without a word: what was meant is not in force.", r.Domain,
				strings.TrimSuffix(strings.Join(mistyped[:min(len(mistyped), maxNamed)], " and "), ",")),
			Fix: p.share(false, "Publish the corrected record."),
		})
	}
	if len(reporting) > 0 {
		detail := fmt.Sprintf("%s in the record of %s ask for reports of failures (RFC 6652, 3). Receivers that do not send any ignore them, and hardly one does.", enumerate(reporting, maxNamed), r.Domain)
		if len(reporting) == 1 {
			detail = fmt.Sprintf("%s in the record of %s asks for reports of failures (RFC 6652, 3). Receivers that do not send any ignore it, and hardly one does.", quote(reporting[0]), r.Domain)
		}
		// The record is valid, and the address in it is one that its owner named: nothing is proposed.
		f := finding.Finding{Severity: finding.Info, Title: "SPF asks for failure reports (RFC 6652)", Detail: detail, Reference: "RFC 6652, 3"}
		if len(malformed) > 0 {
			f.Severity = finding.Notice
			f.Detail += " " + strings.Join(malformed[:min(len(malformed), maxNamed)], "; ") + "."
			f.Fix = advice("Correct what is malformed, or publish the record without it.")
		}
		k.add("spf-unknown-modifier", r, f)
	}
	if len(unknown) > 0 {
		f := finding.Finding{Detail: fmt.Sprintf("%s in the record of %s is a modifier that no standard knows. Receivers ignore it.", quote(unknown[0]), r.Domain),
			Fix: p.share(asks, "Publish the record without it. What another service asked for belongs in a TXT record of its own.")}
		if len(unknown) > 1 {
			f.Detail = fmt.Sprintf("%s in the record of %s are modifiers that no standard knows. Receivers ignore them.", enumerate(unknown, maxNamed), r.Domain)
			f.Fix.Summary = "Publish the record without them. What another service asked for belongs in a TXT record of its own."
		}
		if asks {
			f.Fix.Summary = "Publish the record with the terms that were meant, if a sender was; else without them."
		}
		k.add("spf-unknown-modifier", r, f)
	}
}

// holdsTerm reports whether the name of a modifier may hold a term that lost its sign, or the host
// of one: "redirect_spf.esp.example=".
func holdsTerm(name string) bool {
	at := strings.IndexFunc(name, func(c rune) bool { return c >= 0x80 || !ascii.IsAlphanumeric(byte(c)) })
	return strings.Contains(name, ".") || at > 0 && slices.ContainsFunc(names, func(n string) bool {
		return len(n) > 2 && n != "all" && hint.Distance(ascii.ToLower(name[:at]), n) <= 1
	})
}

// reportingError is what is wrong with ra, rp or rr (RFC 6652, 3 and 4).
func reportingError(t *spf.Term) string {
	switch name, value := ascii.ToLower(t.Name()), t.Spec; name {
	case "rp":
		if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 100 || len(value) > 3 || !ascii.IsDigit(value[0]) {
			return "a percentage from 0 to 100 is wanted"
		}
	case "rr":
		for _, s := range strings.Split(value, ":") {
			switch strings.ToLower(s) {
			case "all", "e", "f", "n", "s":
			default:
				return "all, or e, f, n and s with colons between them, are wanted"
			}
		}
	case "ra":
		if value == "" || strings.ContainsAny(value, "@ ") {
			return "the local part of an address of the domain is wanted"
		}
	}
	return ""
}

// explanationOf reports an exp that no receiver can use (6.2).
func (k *checker) explanationOf(r *Record) {
	unknown := false
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind != spf.KindExp || t.Error != "" || t.Ignored != "" || r != k.end && k.end != nil {
			continue
		}
		switch {
		case t.Status.unknown():
			unknown = true
			k.add("spf-unresolved", r, finding.Finding{
				Detail:   fmt.Sprintf("The DNS did not say what the explanation of %s is (%s).", r.Domain, why(t.Evidence[0])),
				Evidence: t.Evidence, CouldBe: finding.Notice,
			})
		case t.ExplanationError != "":
			k.add("spf-exp-invalid", r, finding.Finding{
				Detail:   fmt.Sprintf("The explanation that %s in the record of %s asks for cannot be used: %s.", quote(t.Text), r.Domain, quotable(t.ExplanationError)),
				Evidence: t.Evidence,
				// Whether the text or the modifier is to go, its owner knows.
				Fix: advice("Correct the text at %s, or publish the record without exp.", quotable(t.Target)),
			})
		}
	}
	if !unknown {
		k.Decided("spf-exp-invalid")
	}
}

// pointers reports ptr and %{p}, in the own records and in what they include, each
// record once.
func (k *checker) pointers() {
	k.p.walk(func(r *Record, own bool) {
		if r.Loop || r.Repeated {
			return
		}
		own = own || k.mine(r)
		var found []string
		f := finding.Finding{}
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Error != "" || t.Ignored != "" || t.Kind != spf.KindPTR && !strings.Contains(strings.ToLower(t.Text), "%{p") {
				continue
			}
			found = append(found, t.Text)
			if own {
				f.Fix = k.ask(r, t, sendersOf(t), "Name the addresses of the senders instead.")
			}
		}
		if len(found) == 0 {
			return
		}
		if !own {
			f.Severity = finding.Notice
			f.Fix = advice("Ask the owner of %s to name addresses instead.", r.Domain)
		}
		verb := "looks"
		if len(found) > 1 {
			verb = "look"
		}
		f.Detail = fmt.Sprintf("%s in the record of %s %s up the names of every client: slow, at the mercy of the client's own DNS, and not to be published by the standard.", enumerate(found, maxNamed), r.Domain, verb)
		k.add("spf-ptr", r, f)
	})
}
