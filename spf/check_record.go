package spf

import (
	"fmt"
	"strings"

	"mailworthy/finding"
)

// records judges what the domain's own records say by themselves.
func (k *checker) records() {
	k.Decided("spf-syntax", "spf-terms-after-all", "spf-redirect-with-all", "spf-record-too-long", "spf-string-too-long",
		"spf-broken-split", "spf-unknown-modifier", "spf-ptr", "spf-duplicate-term")
	k.syntax(k.p.Record)
	k.deprecated()
	for _, r := range k.own {
		if r.Status != StatusFound {
			continue
		}
		k.order(r)
		k.modifiers(r)
		k.size(r)
		k.split(r)
		k.explanationOf(r)
	}
	k.pointers()
	k.ending()
	k.everyone()
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

// syntax reports the errors of a record (RFC 7208, 4.6).
func (k *checker) syntax(r *Record) {
	if r.Error == "" {
		return
	}
	fixed, changes := repair(r.Text)
	e := &editor{record: r}
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Error == "" {
			continue
		}
		detail := fmt.Sprintf("%s at offset %d of the record of %s is %s.", quote(t.Text), t.Offset, r.Domain, t.Error)
		switch {
		case strings.HasPrefix(t.Error, "a second"), strings.HasPrefix(t.Error, "not "):
		default:
			detail = fmt.Sprintf("%s at offset %d of the record of %s is not valid: %s.", quote(t.Text), t.Offset, r.Domain, t.Error)
		}
		if t.Meant != "" {
			detail += fmt.Sprintf(" It was probably meant to be %s.", quote(t.Meant))
		}
		detail += " The whole record is a permerror."
		if t.Meant == "" {
			detail += said(changes)
		}
		fix := e.fix("Publish the corrected record.")
		if fixed == version {
			fix.Summary = "Publish the corrected record, with your senders before ~all: nothing that was there could be read."
		}
		k.add("spf-syntax", r, finding.Finding{Detail: detail, Fix: fix})
	}
}

// order reports terms that nobody reads.
func (k *checker) order(r *Record) {
	var after, moved []string
	redirect := ""
	for i := range r.Terms {
		t := &r.Terms[i]
		switch t.Ignored {
		case "after_all":
			after = append(after, t.Text)
			if t.Error == "" && t.Kind != KindAll && t.Qualifier == "+" {
				moved = append(moved, t.Text)
			}
		case "redirect_with_all":
			redirect = t.Text
		}
	}
	if len(after) > 0 {
		e := &editor{record: r, add: moved}
		what := "Move them before all, if these senders are yours."
		if len(moved) == 0 {
			what = "Remove them."
		}
		k.add("spf-terms-after-all", r, finding.Finding{
			Detail: fmt.Sprintf("In the record of %s %s behind all, where no receiver reads on: %s.", r.Domain, stands(len(after), "term"), enumerate(after, 10)),
			Fix:    e.fix("%s", what),
		})
	}
	if redirect != "" {
		k.add("spf-redirect-with-all", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s has both all and %s. With all anywhere in a record its redirect is ignored.", r.Domain, quote(redirect)),
			Fix:    (&editor{record: r}).fix("Publish the record without the redirect; its policy does not change."),
		})
	}
}

// stands is "1 term stands" and "2 terms stand".
func stands(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " stands"
	}
	return fmt.Sprintf("%d %ss stand", n, noun)
}

// modifiers reports those that nobody knows (RFC 7208, 6).
func (k *checker) modifiers(r *Record) {
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind != KindModifier || t.Error != "" {
			continue
		}
		f := finding.Finding{}
		if t.Meant != "" {
			f.Severity = finding.Error
			f.Title = "A mistyped term passes for a modifier"
			f.Detail = fmt.Sprintf("%s in the record of %s is read as an unknown modifier and ignored without a word. It was probably meant to be %s, which is not in force.", quote(t.Text), r.Domain, quote(t.Meant))
			f.Fix = (&editor{record: r}).fix("Publish the record with %s.", quotable(t.Meant))
		} else {
			f.Detail = fmt.Sprintf("%s in the record of %s is a modifier that no standard knows. Receivers ignore it.", quote(t.Text), r.Domain)
			f.Fix = (&editor{record: r, drop: []string{t.Text}}).fix("Remove the modifier.")
		}
		k.add("spf-unknown-modifier", r, f)
	}
}

// size reports answers that may not fit (RFC 7208, 3.4) and strings that cannot
// be published (3.3).
func (k *checker) size(r *Record) {
	if r.Octets > maxOctets {
		other := r.Octets - len(r.Text) - len(r.Domain)
		f := finding.Finding{Detail: fmt.Sprintf("The name and the TXT records of %s are %d octets together, of which the SPF record is %d. The advice is to stay under %d, so that an answer fits into 512 octets of UDP.",
			r.Domain, r.Octets, len(r.Text), maxOctets)}
		if fix := k.shorten(r); fix != nil && other <= maxOctets/2 {
			f.Fix = fix
		} else if other > 0 {
			f.Fix = advice("Move what else stands at the name, %d octets of TXT records such as site verifications, to names of their own where their owners allow it.", other)
		} else {
			f.Fix = advice("Move ranges of the record to a record of their own, such as _spf1.%s, and include it.", r.Domain)
		}
		k.add("spf-record-too-long", r, f)
	}
	for i := range r.Published {
		x := &r.Published[i]
		for _, s := range x.Strings {
			if x.SPF && len(s) > 255 {
				k.add("spf-string-too-long", r, finding.Finding{
					Detail: fmt.Sprintf("The record of %s is one string of %d octets; a string holds 255 at most.", r.Domain, len(s)),
					Fix:    (&editor{record: r}).fix("Publish the record as strings of up to 255 octets each; they are joined without a space."),
				})
			}
		}
	}
}

// shorten moves ranges of the domain's own record to further records.
func (k *checker) shorten(r *Record) *finding.Fix {
	if r != k.p.Record || k.p.unfit() != "" {
		return nil
	}
	d := k.p.draftAsIs(k.full())
	if d.wrong != "" || len(d.records) < 2 || d.lookups > maxLookups {
		return nil
	}
	return &finding.Fix{
		Summary: fmt.Sprintf("Move ranges to %s; it takes %s more.", count(len(d.records)-1, "record of their own"), count(len(d.records)-1, "lookup")),
		Name:    d.records[0].Name, Type: "TXT", Value: d.records[0].Value, More: d.records[1:],
		Remove: []finding.Record{{Name: r.Domain, Type: "TXT", Value: r.Text}},
	}
}

// split reports strings that join without the space between two terms (3.3).
func (k *checker) split(r *Record) {
	for i := range r.Published {
		x := &r.Published[i]
		if !x.SPF || x.Text() != r.Text {
			continue
		}
		at := 0
		for j, s := range x.Strings {
			at += len(s)
			if j == len(x.Strings)-1 || !brokenAt(r.Text, at) {
				continue
			}
			from := strings.LastIndexByte(r.Text[:at], ' ') + 1
			to := at
			for to < len(r.Text) && r.Text[to] != ' ' {
				to++
			}
			left, right := r.Text[from:at], r.Text[at:to]
			e := &editor{record: r, replace: map[string]string{left + right: left + " " + right}}
			k.add("spf-broken-split", r, finding.Finding{
				Detail: fmt.Sprintf("Two strings of the record of %s join as %s: the space between %s and %s is missing.", r.Domain, quote(left+right), quote(left), quote(right)),
				Fix:    e.splitFix(left+right, left+" "+right),
			})
		}
	}
}

// splitFix corrects one place of the text before anything else is looked at.
func (e *editor) splitFix(glued, apart string) *finding.Fix {
	r := *e.record
	r.Text = strings.Replace(r.Text, glued, apart, 1)
	_, l := parse(r.Text, nil)
	r.Terms, r.Error = nil, l.wrong
	fix := (&editor{record: &r}).fix("Publish the record with the space.")
	fix.Remove = []finding.Record{{Name: r.Domain, Type: "TXT", Value: e.record.Text}}
	return fix
}

// brokenAt reports whether a term ends and another begins at an offset, without a
// space between them.
func brokenAt(text string, at int) bool {
	if at <= len(version) || at >= len(text) || text[at-1] == ' ' || text[at] == ' ' {
		return false
	}
	from := strings.LastIndexByte(text[:at], ' ') + 1
	to := at
	for to < len(text) && text[to] != ' ' {
		to++
	}
	left, right := term{text: text[from:at]}, term{text: text[at:to]}
	left.parse()
	right.parse()
	return left.wrong == "" && left.kind != KindModifier && right.wrong == "" && right.kind != KindModifier
}

// explanationOf reports an exp that no receiver can use (6.2).
func (k *checker) explanationOf(r *Record) {
	unknown := false
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Kind != KindExp || t.Error != "" || t.Ignored != "" || r != k.end && k.end != nil {
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
				Fix:      (&editor{record: r, drop: []string{t.Text}}).fix("Correct the text at %s, or publish the record without exp.", quotable(t.Target)),
			})
		}
	}
	if !unknown {
		k.Decided("spf-exp-invalid")
	}
}

// pointers reports ptr and %{p}, in the own records and in what they include.
func (k *checker) pointers() {
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Error != "" || t.Ignored != "" {
				continue
			}
			macro := strings.Contains(strings.ToLower(t.Text), "%{p")
			if t.Kind != KindPTR && !macro {
				continue
			}
			f := finding.Finding{Detail: fmt.Sprintf("%s in the record of %s looks up the names of every client: slow, at the mercy of the client's own DNS, and not to be published by the standard.", quote(t.Text), r.Domain)}
			if own {
				f.Fix = (&editor{record: r, drop: []string{t.Text}}).fix("Remove the term, and name the addresses of the senders it stands for.")
			} else {
				f.Severity = finding.Notice
				f.Fix = advice("Ask the owner of %s to name addresses instead.", r.Domain)
			}
			k.add("spf-ptr", r, f)
		}
	})
}

// ending judges the all that counts.
func (k *checker) ending() {
	r := k.end
	if r == nil {
		return // a redirect leads to what is not known, or to nothing
	}
	k.Decided("spf-all-neutral", "spf-all-missing")
	if !k.unknownRecords && !k.unknownNames {
		k.Decided("spf-all-pass")
	}
	mine := false
	for _, o := range k.own {
		mine = mine || o == r
	}
	fix := func(format string, args ...any) *finding.Fix {
		if !mine {
			return advice("Ask the owner of %s to end the record in ~all or -all, or publish a record of your own.", r.Domain)
		}
		return (&editor{record: r, all: '~'}).fix(format, args...)
	}
	var all *Term
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Kind == KindAll && t.Error == "" && t.Ignored == "" {
			all = t
			break
		}
	}
	if all == nil {
		detail := fmt.Sprintf("The record of %s has neither all nor redirect. What matches no term is neutral, as good as no record.", r.Domain)
		k.add("spf-all-missing", r, finding.Finding{Detail: detail, Fix: fix("End the record in ~all.")})
		k.Decided("spf-all-softfail")
		return
	}
	switch all.Qualifier {
	case "+":
		k.add("spf-all-pass", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s has %s: every address in the world may send in the name of %s and pass SPF.", r.Domain, quote(all.Text), k.p.Domain),
			Fix:    fix("Name your senders before ~all, and publish the record."),
		})
	case "?":
		k.add("spf-all-neutral", r, finding.Finding{
			Detail: fmt.Sprintf("The record of %s ends in ?all, which says nothing about forged mail.", r.Domain),
			Fix:    fix("End the record in ~all."),
		})
	case "~":
		k.softfail(r, mine)
		return
	}
	k.Decided("spf-all-softfail")
}

// softfail judges ~all: good beside a DMARC policy that enforces, weak without.
func (k *checker) softfail(r *Record, mine bool) {
	f := finding.Finding{}
	switch {
	case k.c.DMARCEnforces == nil:
		f.Severity = finding.Info
		f.Title = "The record ends in ~all"
		f.Detail = fmt.Sprintf("The record of %s ends in ~all. That is the better end beside a DMARC policy of quarantine or reject; without one, receivers hardly act on it.", r.Domain)
	case *k.c.DMARCEnforces:
		k.Decided("spf-all-softfail")
		return
	default:
		f.Detail = fmt.Sprintf("The record of %s ends in ~all, and no DMARC policy of quarantine or reject stands beside it. Receivers hardly act on softfail alone.", r.Domain)
		f.Fix = advice("Publish a DMARC policy of quarantine or reject; ~all can stay then.")
		if mine && k.c.Profile == finding.Parked {
			f.Fix = (&editor{record: r, all: '-'}).fix("End the record in -all: the domain sends no mail.")
		}
	}
	k.add("spf-all-softfail", r, f)
}
