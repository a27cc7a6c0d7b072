package spf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
)

// million is from how many IPv4 addresses on a policy says little.
const million = 1_000_000

// addresses judges what is authorised.
func (k *checker) addresses() {
	if !k.unknownRecords && !k.unknownNames {
		k.Decided("spf-broad-range", "spf-address-count", "spf-shared-provider", "spf-private-address", "spf-duplicate-term", "spf-overlap")
	}
	k.broad()
	k.special()
	k.shared()
	k.duplicates()
	k.overlapping()
	a := &k.p.Addresses
	if a.v4 > million && !k.Has("spf-all-pass") {
		var most string
		var n uint64
		for _, s := range a.ByTerm {
			if s.v4 > n {
				n, most = s.v4, fmt.Sprintf(" Most of them, %s, come by %s.", s.IPv4, quote(s.Term))
			}
		}
		k.Add("spf-address-count", finding.Finding{
			Detail:   fmt.Sprintf("%s authorises %s IPv4 addresses in all.%s", k.p.Domain, a.IPv4, most),
			Evidence: k.treeEvidence(),
			Fix:      advice("Remove includes of providers that no longer send for you."),
		})
	}
}

// broad judges wide ranges.
func (k *checker) broad() {
	var inside []string
	for _, r := range k.p.Addresses.Broad {
		size := "/" + fmt.Sprint(r.Prefix.Bits())
		if !r.Own {
			inside = append(inside, fmt.Sprintf("%s in %s", r.Prefix, r.In))
			continue
		}
		f := finding.Finding{
			Detail: fmt.Sprintf("%s in the record of %s authorises a %s: ", quote(r.Term), r.In, size),
		}
		v4, v6 := setOf(r.Prefix).count()
		if r.Prefix.Addr().Is4() {
			f.Detail += fmt.Sprintf("%d addresses.", v4)
			if r.Prefix.Bits() <= 8 {
				f.Severity = finding.Critical
			}
		} else {
			f.Detail += fmt.Sprintf("%s addresses.", v6)
		}
		f.Fix = advice("Replace %s by the addresses that really send.", quotable(r.Term))
		k.add("spf-broad-range", k.full()[r.In], f)
	}
	if len(inside) > 0 {
		k.Add("spf-broad-range", finding.Finding{
			Severity: finding.Notice,
			Detail:   "Included records authorise wide ranges: " + strings.Join(inside[:min(len(inside), 10)], ", ") + ".",
			Evidence: k.treeEvidence(),
			Fix:      advice("Ask the providers whether a narrower include exists, or remove those that no longer send for you."),
		})
	}
}

// special judges ranges that are not on the internet. Domains that exist for
// examples may use the addresses that do.
func (k *checker) special() {
	for _, r := range k.p.Addresses.Special {
		if !r.Own || r.Kind == documentation && (k.p.Domain == anyDomain || reservedName(k.p.Domain)) {
			continue
		}
		rec := k.full()[r.In]
		k.add("spf-private-address", rec, finding.Finding{
			Detail: fmt.Sprintf("%s in the record of %s stands for %s, a %s range (RFC 6890). No mail comes from there over the internet.", quote(r.Term), r.In, r.Prefix, r.Kind),
			Fix:    (&editor{record: rec, drop: []string{r.Term}}).fix("Publish the record without the term, or with the public address of that host."),
		})
	}
}

// shared judges ranges and includes that others share.
func (k *checker) shared() {
	for _, r := range k.own {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Ignored != "" || t.Error != "" || t.Qualifier != "+" {
				continue
			}
			if owner := sharedIncludes[t.Target]; t.Kind == KindInclude && owner != "" {
				k.add("spf-shared-provider", r, finding.Finding{
					Detail: fmt.Sprintf("%s in the record of %s authorises the addresses of %s. Its customers share them, and one can send in the name of another.", quote(t.Text), r.Domain, owner),
					Fix:    advice("Replace %s by the addresses of your own server, or bind the provider to your account as it describes.", quotable(t.Text)),
				})
			}
			for _, p := range t.Prefixes {
				if owner := rentedOut(p); owner != "" {
					k.add("spf-shared-provider", r, finding.Finding{
						Detail: fmt.Sprintf("%s in the record of %s authorises %s, space that %s rents out by the address. Any customer can get one and pass SPF for %s.", quote(t.Text), r.Domain, p, owner, k.p.Domain),
						Fix:    advice("Replace %s by the single addresses that are yours.", quotable(t.Text)),
					})
				}
			}
		}
	}
}

// duplicates judges terms and includes that come twice.
func (k *checker) duplicates() {
	for _, r := range k.own {
		seen := make(map[string]bool)
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Error != "" || t.Ignored != "" || !t.Kind.directive() {
				continue
			}
			key := strings.ToLower(t.Text)
			if t.parsed.sign == '+' {
				key = strings.TrimPrefix(key, "+")
			}
			if !seen[key] {
				seen[key] = true
				continue
			}
			detail := fmt.Sprintf("%s stands twice in the record of %s.", quote(t.Text), r.Domain)
			if t.Cost > 0 {
				detail += fmt.Sprintf(" The repetition costs %s more.", count(t.Cost, "lookup"))
			}
			k.add("spf-duplicate-term", r, finding.Finding{
				Detail: detail,
				Fix:    (&editor{record: r}).fix("Publish the record with each term once."),
			})
		}
	}
	// Includes that are reached by two ways.
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Record == nil || !t.Record.Repeated || t.Kind != KindInclude || own && standsBefore(r, i) {
				continue
			}
			f := finding.Finding{
				Subject:  t.Target,
				Detail:   fmt.Sprintf("The record of %s is reached more than once, the second time by %s in the record of %s. That counts again: %s.%s", t.Target, quote(t.Text), r.Domain, count(t.Cost, "lookup"), k.chain(r)),
				Evidence: []finding.Evidence{t.Record.Evidence},
			}
			for _, o := range k.own {
				for j := range o.Terms {
					// The own include can go where another one holds it too.
					if n := &o.Terms[j]; n.Kind == KindInclude && n.Target == t.Target && n.Ignored == "" && n.Qualifier == "+" && t.Qualifier == "+" && (o != r || n == t) {
						f.Fix = (&editor{record: o, drop: []string{n.Text}}).fix("Publish the record without %s: another include holds it too.", quotable(n.Text))
					}
				}
			}
			k.Add("spf-duplicate-term", f)
		}
	})
}

// standsBefore reports whether the i-th term of a record stands there earlier.
func standsBefore(r *Record, i int) bool {
	for j := range i {
		if r.Terms[j].Ignored == "" && foldEqual(strings.TrimPrefix(r.Terms[j].Text, "+"), strings.TrimPrefix(r.Terms[i].Text, "+")) {
			return true
		}
	}
	return false
}

// overlapping judges terms of the own record whose ranges all lie inside those of
// other terms.
func (k *checker) overlapping() {
	if k.p.Record.facts.layout.wrongAt >= 0 {
		return
	}
	type place struct {
		in string
		at int
	}
	inner := make(map[place][]Overlap)
	var order []place
	for _, o := range k.p.Addresses.Overlaps {
		if !o.Own {
			continue
		}
		if o.In == o.Within.In && (o.at == o.Within.at || foldEqual(o.Term, o.Within.Term)) {
			continue // a duplicate, or two addresses of one term
		}
		at := place{o.In, o.at}
		if inner[at] == nil {
			order = append(order, at)
		}
		inner[at] = append(inner[at], o)
	}
	n := 0
	for _, at := range order {
		r := k.full()[at.in]
		t := &r.Terms[at.at]
		if len(inner[at]) < len(distinctPrefixes(t)) {
			continue
		}
		if n++; n > 10 {
			break
		}
		o := inner[at][0]
		k.add("spf-overlap", r, finding.Finding{
			Detail: fmt.Sprintf("All that %s in the record of %s authorises lies inside %s of %s.", quote(t.Text), r.Domain, quote(o.Within.Term), o.Within.In),
			Fix:    (&editor{record: r, drop: []string{t.Text}}).fix("Publish the record without %s.", quotable(t.Text)),
		})
	}
}

func distinctPrefixes(t *Term) []netip.Prefix {
	seen := make(map[netip.Prefix]bool)
	var out []netip.Prefix
	for _, p := range t.Prefixes {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// senders judges the addresses that send for the domain.
func (k *checker) senders() {
	var failed []Evaluation
	unknown := len(k.c.Evaluations) == 0
	for _, e := range k.c.Evaluations {
		if e.Domain != k.p.Domain || e.Identity == "helo" {
			continue
		}
		switch e.Result {
		case Pass:
		case TempError:
			unknown = true
			f := finding.Finding{
				Subject:  e.IP.String(),
				Detail:   fmt.Sprintf("Whether %s may send for %s is not known: the evaluation ends in temperror (%s).", e.IP, e.Domain, quotable(e.Error)),
				Evidence: []finding.Evidence{k.p.Record.Evidence}, CouldBe: finding.Critical,
			}
			if e.Bounded {
				f.Title = "An evaluation was not finished"
				f.Detail = fmt.Sprintf("Whether %s may send for %s is not known: the evaluation was %s.", e.IP, e.Domain, e.Error)
			}
			k.Add("spf-unresolved", f)
		default:
			failed = append(failed, e)
		}
	}
	if !unknown {
		k.Decided("spf-ip-not-authorized")
	}
	fixes := make(map[bool]*finding.Fix) // for addresses that end in permerror, and for others
	for _, e := range failed {
		detail := fmt.Sprintf("%s gets %s for %s: ", e.IP, e.Result, e.Domain)
		switch {
		case e.Error != "":
			detail += quotable(e.Error) + "."
		case e.Matched != "":
			detail += fmt.Sprintf("it matches %s in the record of %s.", quote(e.Matched), e.MatchedIn)
		default:
			detail += "no term matches."
		}
		detail += k.holder(e)
		inError := e.Result == PermError
		if fixes[inError] == nil {
			fixes[inError] = k.authorise(failed, inError)
		}
		k.Add("spf-ip-not-authorized", finding.Finding{Subject: e.IP.String(), Detail: detail,
			Evidence: []finding.Evidence{k.p.Record.Evidence}, Fix: fixes[inError]})
	}
}

// authorise proposes a record by which the addresses of some evaluations pass. It
// is evaluated for each of them before it is offered; where nothing works, the
// error must go first.
func (k *checker) authorise(failed []Evaluation, inError bool) *finding.Fix {
	r := k.p.Record
	var terms []string
	for _, e := range failed {
		if t := addressTerm(e); t != "" && !slices.Contains(terms, t) {
			terms = append(terms, t)
		}
	}
	named := strings.Join(terms[:min(len(terms), 5)], " ")
	spell := families{k.p.VoidsIPv4 > maxVoid, k.p.VoidsIPv6 > maxVoid}
	for _, e := range []*editor{{record: r}, {record: r, spell: spell}, {record: r, add: terms}, {record: r, add: terms, spell: spell}, {record: r, first: terms, spell: spell}, {record: r, first: terms}} {
		text := e.text()
		if text == r.Text || slices.ContainsFunc(failed, func(x Evaluation) bool { return k.p.tryAgain(r.Domain, text, x).Result != Pass }) {
			continue
		}
		switch {
		case e.first == nil && e.add == nil:
			return e.fix("Publish the record without what keeps %s from a pass, which is a finding of its own.", named)
		case e.first != nil && inError:
			return e.fix("Publish the record with %s at its start, and repair what ends in permerror behind it: it is a finding of its own.", named)
		case e.first != nil:
			return e.fix("Publish the record with %s at its start.", named)
		case inError:
			return e.fix("Publish the record with %s and without what ends in permerror, which is a finding of its own.", named)
		}
		return e.fix("Publish the record with %s.", named)
	}
	return advice("Repair the error first; it is a finding of its own. Then the address may pass, or needs to be added.")
}

// holder says which term of the tree holds an address that does not pass, and why
// it does not help.
func (k *checker) holder(e Evaluation) string {
	out := ""
	k.p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if out != "" || t.Error != "" || t.Kind == KindAll {
				continue
			}
			match := t.match
			if t.Kind == KindIP4 || t.Kind == KindIP6 {
				match = setOf(t.parsed.prefix)
			}
			if t.Kind == KindInclude || t.Kind == KindRedirect || !match.contains(e.IP) {
				continue
			}
			reason := "but the evaluation ends before it"
			switch {
			case t.Ignored != "":
				reason = "but stands behind all, where nobody reads it"
			case e.Matched == t.Text && e.MatchedIn == r.Domain:
				continue
			case t.Qualifier != "+":
				reason = "and its sign " + t.Qualifier + " excludes it"
			case e.Matched != "":
				reason = "but another term comes first"
			}
			out = fmt.Sprintf(" %s in the record of %s holds the address, %s.", quote(t.Text), r.Domain, reason)
		}
	})
	return out
}
