package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/spf"
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
	if count, _ := k.p.pass.minus(unroutable).count(); count > million && !k.Has("spf-all-pass") && k.unlessInError(k.p.Record, k.p.pass.minus(unroutable)[0].from) == "" {
		var most string
		var n uint64
		for _, s := range a.ByTerm {
			if s.v4 > n && s.v4 <= count && s.v4 > count/2 {
				n, most = s.v4, fmt.Sprintf(" Most of them, %s, come by %s.", s.IPv4, quote(s.Term))
			}
		}
		k.Add("spf-address-count", finding.Finding{
			Detail:   fmt.Sprintf("%s authorises %d IPv4 addresses in all.%s", k.p.Domain, count, most),
			Evidence: k.treeEvidence(),
			Fix:      advice("Remove includes of providers that no longer send for you."),
		})
	}
}

// broad judges wide ranges, those of one severity in a record together. What is not
// on the internet is said of as that.
func (k *checker) broad() {
	var inside []string
	var first netip.Addr
	type kind struct {
		in       string
		severity finding.Severity
	}
	groups := make(map[kind][]Range)
	var order []kind
	for _, r := range k.p.Addresses.Broad {
		switch {
		case !r.Own:
			if inside = append(inside, fmt.Sprintf("%s in %s", r.Prefix, r.In)); len(inside) == 1 {
				first = r.Prefix.Addr()
			}
			continue
		case special(r.Prefix) != "":
			continue
		}
		g := kind{in: r.In}
		if r.Prefix.Addr().Is4() && r.Prefix.Bits() <= 8 {
			g.severity = finding.Critical
		}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], r)
	}
	for _, g := range order {
		var said, terms []string
		for _, r := range groups[g] {
			v4, v6 := setOf(r.Prefix).count()
			if r.Prefix.Bits() == 0 && r.Prefix.Addr().Is4() {
				said, terms = append(said, fmt.Sprintf("%s authorises every IPv4 address: of a /0 no bit is compared", quote(r.Term))), append(terms, r.Term)
				continue
			}
			size := v6.String()
			if r.Prefix.Addr().Is4() {
				size = fmt.Sprint(v4)
			}
			said = append(said, fmt.Sprintf("%s authorises a /%d: %s addresses", quote(r.Term), r.Prefix.Bits(), size))
			if !slices.Contains(terms, r.Term) {
				terms = append(terms, r.Term)
			}
		}
		said, terms = slices.Compact(said), slices.Compact(terms)
		more := ""
		if len(said) > maxNamed {
			said, more = said[:maxNamed], fmt.Sprintf("; %d more", len(said)-maxNamed)
		}
		k.add("spf-broad-range", k.full()[g.in], finding.Finding{Severity: g.severity,
			Detail: fmt.Sprintf("In the record of %s %s%s.", g.in, strings.Join(said, "; "), more) + k.unlessInError(k.full()[g.in], groups[g][0].Prefix.Addr()),
			Fix:    advice("Replace %s by the addresses that really send.", enumerate(terms, 5))})
	}
	if len(inside) > 0 {
		k.Add("spf-broad-range", finding.Finding{
			Severity: finding.Notice,
			Detail:   "Included records authorise wide ranges: " + strings.Join(inside[:min(len(inside), 10)], ", ") + "." + k.unlessInError(k.p.Record, first),
			Evidence: k.treeEvidence(),
			Fix:      advice("Ask the providers whether a narrower include exists, or remove those that no longer send for you."),
		})
	}
	k.lengths()
}

// lengths judges "a" and "mx" whose length holds everyone: whatever their addresses
// are, no DNS is needed to see it.
func (k *checker) lengths() {
	for _, r := range k.own {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Error != "" || t.Ignored != "" || t.Kind != spf.KindA && t.Kind != spf.KindMX || t.Qualifier != "+" || len(t.Prefixes) > 0 || t.Status.absent() {
				continue
			}
			bits, family, w, f := int(t.parsed.Bits4), "IPv4", &worlds[0], finding.Finding{}
			if bits >= 16 && t.parsed.Bits6 < 32 {
				bits, family, w = int(t.parsed.Bits6), "IPv6", &worlds[1]
			} else if bits >= 16 {
				continue
			}
			if bits <= 8 {
				f.Severity = finding.Critical
			}
			f.Detail = fmt.Sprintf("%s in the record of %s authorises a /%d around each %s address.", quote(t.Text), r.Domain, bits, family)
			if family == "IPv4" {
				f.Detail = fmt.Sprintf("%s in the record of %s authorises a /%d around each address: %d addresses.", quote(t.Text), r.Domain, bits, uint64(1)<<(32-bits))
			}
			if bits == 0 && !k.Has("spf-all-pass") {
				p := k.proposal(r)
				p.replace(t, true, sendersOf(t))
				k.add("spf-all-pass", r, finding.Finding{
					Detail: fmt.Sprintf("%s in the record of %s authorises every %s address in the world, whatever addresses its name has: they may send in the name of %s and pass SPF.", quote(t.Text), r.Domain, family, k.p.Domain) + k.unlessInError(r, w.samples[0]),
					Fix:    p.share(true, "Name your senders in place of what authorises everyone, and publish the record."),
				})
			}
			if bits == 0 {
				f.Detail = fmt.Sprintf("%s in the record of %s authorises every %s address: of a /0 no bit is compared.", quote(t.Text), r.Domain, family)
			}
			f.Detail += k.unlessInError(r, w.samples[0])
			f.Fix = advice("Replace %s by the addresses that really send.", quotable(t.Text))
			k.add("spf-broad-range", r, f)
			return
		}
	}
}

// special judges ranges that are not on the internet, those of a record together.
// Domains that exist for examples may use the addresses that do.
func (k *checker) special() {
	groups := make(map[string][]Range)
	var order []string
	for _, r := range k.p.Addresses.Special {
		if !r.Own || r.Kind == documentation && (k.p.Domain == anyDomain || reservedName(k.p.Domain)) {
			continue
		}
		if groups[r.In] == nil {
			order = append(order, r.In)
		}
		groups[r.In] = append(groups[r.In], r)
	}
	for _, in := range order {
		rec := k.full()[in]
		p := k.proposal(rec)
		var said []string
		left := make([]string, 0, len(rec.Terms))
		dropped := make(map[int]bool)
		for _, r := range groups[in] {
			said = append(said, fmt.Sprintf("%s stands for %s, a %s range", quote(r.Term), r.Prefix, r.Kind))
			if t := &rec.Terms[r.at]; t.Kind == spf.KindIP4 || t.Kind == spf.KindIP6 {
				dropped[r.at] = true
			}
		}
		for i := range rec.Terms {
			if !dropped[i] {
				left = append(left, rec.Terms[i].Text)
			}
		}
		nobody := !useful(spf.Version + " " + strings.Join(left, " "))
		asks, inside := nobody, false
		for _, r := range groups[in] {
			// A host inside sends by a public address, which nobody but its owner knows.
			switch host := r.Kind == private && each(r.Prefix, func(netip.Addr) {}); {
			case !dropped[r.at]:
			case r.Kind == documentation:
				// Copied from an example: where it was copied to, a server of the owner belongs.
				asks = true
				p.replace(&rec.Terms[r.at], true, string(rec.Terms[r.at].Kind)+":<your address in place of "+forPlaceholder(rec.Terms[r.at].Value)+", which is one of examples>")
			case host || nobody:
				asks, inside = true, inside || host
				p.replace(&rec.Terms[r.at], true, string(rec.Terms[r.at].Kind)+":<the public address of the host behind "+forPlaceholder(rec.Terms[r.at].Value)+">")
			default:
				p.replace(&rec.Terms[r.at], false)
			}
		}
		more := ""
		if len(said) > maxNamed {
			said, more = said[:maxNamed], fmt.Sprintf("; %d more", len(said)-maxNamed)
		}
		what := "Publish the record without it, or with the public address of that host."
		if inside {
			what = "Publish the record with the public address that the host's mail leaves by, or without it if it sends none over the internet."
		}
		f := finding.Finding{
			Detail: fmt.Sprintf("In the record of %s %s%s (RFC 6890). No mail comes from there over the internet.", in, strings.Join(said, "; "), more),
			Fix:    p.share(asks, "%s", what),
		}
		if len(dropped) == 0 {
			f.Fix = advice("Give the host a public address, or name the one that its mail leaves by.")
		}
		k.add("spf-private-address", rec, f)
	}
}

// shared judges ranges and includes that others share.
func (k *checker) shared() {
	for _, r := range k.own {
		var rented, terms []string
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Ignored != "" || t.Error != "" || t.Qualifier != "+" {
				continue
			}
			var service *provider.Service
			if t.Kind == spf.KindInclude {
				service = provider.Builtin().OfSPF(t.Target)
			}
			if service != nil && service.Shared != "" {
				k.add("spf-shared-provider", r, finding.Finding{
					Detail: fmt.Sprintf("%s in the record of %s authorises the addresses of %s. Its customers share them, and one can send in the name of another.", quote(t.Text), r.Domain, service.Shared),
					Fix:    advice("Replace %s by the addresses of your own server, or bind the provider to your account as it describes.", quotable(t.Text)),
				})
			}
			for _, p := range distinctPrefixes(t) {
				if owner := rentedOut(p); owner != "" {
					rented = append(rented, fmt.Sprintf("%s authorises %s, space that %s rents out by the address", quote(t.Text), p, owner))
					terms = append(terms, t.Text)
				}
			}
		}
		if len(rented) == 0 {
			continue
		}
		more := ""
		if len(rented) > maxNamed {
			rented, more = rented[:maxNamed], fmt.Sprintf("; %d more", len(rented)-maxNamed)
		}
		k.add("spf-shared-provider", r, finding.Finding{
			Detail: fmt.Sprintf("In the record of %s %s%s. Any customer can get one and pass SPF for %s.", r.Domain, strings.Join(rented, "; "), more, k.p.Domain),
			Fix:    advice("Replace %s by the single addresses that are yours.", enumerate(slices.Compact(terms), 5)),
		})
	}
}

// duplicates judges terms and includes that come twice.
func (k *checker) duplicates() {
	for _, r := range k.own {
		if k.misread[r.Domain] {
			continue // what stands twice by a repair stands once in the record
		}
		seen := make(map[string]bool)
		var twice []string
		cost := 0
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Error != "" || t.Ignored != "" || !t.Kind.Directive() {
				continue
			}
			key := strings.ToLower(t.Text)
			if t.parsed.Sign == '+' {
				key = strings.TrimPrefix(key, "+")
			}
			if !seen[key] {
				seen[key] = true
				continue
			}
			if !slices.Contains(twice, t.Text) && len(twice) < 100 {
				twice = append(twice, t.Text)
			}
			cost += t.Cost
		}
		if len(twice) == 0 {
			continue
		}
		detail := fmt.Sprintf("%s stands more than once in the record of %s.", quote(twice[0]), r.Domain)
		if len(twice) > 1 {
			detail = fmt.Sprintf("%s stand more than once in the record of %s.", enumerate(twice, maxNamed), r.Domain)
		}
		if cost > 0 {
			detail += fmt.Sprintf(" The repetition costs %s more.", show.Counted(cost, "lookup"))
		}
		k.add("spf-duplicate-term", r, finding.Finding{
			Detail: detail,
			Fix:    k.proposal(r).share(false, "Publish the record with each term once."),
		})
	}
	for _, r := range k.own {
		k.unreached(r)
	}
	// Includes that are reached by two ways.
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Record == nil || !t.Record.Repeated || t.Kind != spf.KindInclude || own && standsBefore(r, i) {
				continue
			}
			f := finding.Finding{
				Subject:  t.Target,
				Detail:   fmt.Sprintf("The record of %s is reached more than once, the second time by %s in the record of %s. That counts again: %s.%s", t.Target, quote(t.Text), r.Domain, show.Counted(t.Cost, "lookup"), k.chain(r)),
				Evidence: []finding.Evidence{t.Record.Evidence},
			}
			for _, o := range k.own {
				for j := range o.Terms {
					// The own include can go if another one holds it too.
					if n := &o.Terms[j]; n.Kind == spf.KindInclude && n.Target == t.Target && n.Ignored == "" && n.Qualifier == "+" && t.Qualifier == "+" && (o != r || n == t) {
						if k.p.Lookups <= spf.MaxLookups && n != t || !k.heldByOwner(n) {
							f.Fix = advice("%s can be spared as long as another include holds it too.", quotable(n.Text))
							continue
						}
						p := k.proposal(o)
						p.spare(n)
						f.Fix = p.share(false, "Publish the record without %s: another include holds it too.", quotable(n.Text))
					}
				}
			}
			k.Add("spf-duplicate-term", f)
		}
	})
}

// unreached reports terms that no client comes to, because one that names the same stands before them
// with another sign: the first that matches decides (RFC 7208, 4.6.2).
func (k *checker) unreached(r *Record) {
	if k.misread[r.Domain] {
		return
	}
	first := make(map[string]string)
	var said []string
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Error != "" || t.Ignored != "" || !t.Kind.Directive() || t.Kind == spf.KindAll {
			continue
		}
		key := ascii.ToLower(strings.TrimLeft(t.Text, "+-~?"))
		if before := first[key]; before == "" {
			first[key] = t.Text
		} else if spf.ParseTerm(before).Sign != t.parsed.Sign && len(said) < maxNamed {
			said = append(said, quote(t.Text)+" stands behind "+quote(before))
		}
	}
	if len(said) == 0 {
		return
	}
	k.add("spf-duplicate-term", r, finding.Finding{Title: "SPF term is never reached: the same comes before it with another sign",
		Detail: fmt.Sprintf("In the record of %s %s. The first term that matches decides, so the later one has no effect.", r.Domain, strings.Join(said, "; ")),
		Fix:    advice("Publish the record with the one of each that is meant.")})
}

// heldByOwner reports whether another include of the domain's own records holds what an include
// leads to, without a record of somebody else's on the way, or one in error: how that is corrected
// nobody knows.
func (k *checker) heldByOwner(n *Term) bool {
	return slices.ContainsFunc(k.own, func(o *Record) bool {
		return slices.ContainsFunc(o.Terms, func(x Term) bool {
			return x.Kind == spf.KindInclude && x.Qualifier == "+" && x.Ignored == "" && x.Target != n.Target && (x.Record == nil || !x.Record.broken(0)) && reaches(k.full(), k.p.Domain, x.Target, n.Target)
		})
	})
}

// standsBefore reports whether the i-th term of a record stands there earlier.
func standsBefore(r *Record, i int) bool {
	for j := range i {
		if r.Terms[j].Ignored == "" && ascii.EqualFold(strings.TrimPrefix(r.Terms[j].Text, "+"), strings.TrimPrefix(r.Terms[i].Text, "+")) {
			return true
		}
	}
	return false
}

// overlapping judges terms of the own record whose ranges all lie inside those of
// other terms.
func (k *checker) overlapping() {
	type place struct {
		in string
		at int
	}
	inner := make(map[place][]Overlap)
	var order []place
	for _, o := range k.p.Addresses.Overlaps {
		if !o.Own || k.misread[o.In] {
			continue // of a term that was misread nobody knows what it can be spared for
		}
		if o.In == o.Within.In && (o.at == o.Within.at || ascii.EqualFold(o.Term, o.Within.Term)) {
			continue // a duplicate, or two addresses of one term
		}
		at := place{o.In, o.at}
		if inner[at] == nil {
			order = append(order, at)
		}
		inner[at] = append(inner[at], o)
	}
	type found struct {
		said, terms []string
		fix         *finding.Fix
		foreign     bool
	}
	in := make(map[string]*found)
	var records []string
	for _, at := range order {
		r := k.full()[at.in]
		t := &r.Terms[at.at]
		if len(inner[at]) < len(distinctPrefixes(t)) || k.saidOtherwise(t, inner[at][0]) {
			continue
		}
		f := in[at.in]
		if f == nil {
			f = new(found)
			in[at.in] = f
			records = append(records, at.in)
		}
		o := inner[at][0]
		always := !slices.ContainsFunc(inner[at], func(o Overlap) bool { return !k.alwaysInside(t, o) })
		f.said = append(f.said, fmt.Sprintf("all that %s authorises lies inside %s of %s", quote(t.Text), quote(o.Within.Term), o.Within.In))
		if o.Within.In != at.in {
			f.foreign = true // it is somebody else's to keep
			continue
		}
		if !always {
			continue // what names stand for may change
		}
		f.terms = append(f.terms, t.Text)
		p := k.proposal(r)
		p.spare(t)
		if f.fix == nil {
			f.fix = p.share(false, "")
		}
	}
	for _, domain := range records {
		f := in[domain]
		if f.fix == nil {
			f.fix = advice("Nothing need change: a term can be spared only as long as the other one holds all of its addresses.")
		} else {
			f.fix.Summary = "Publish the record without " + enumerate(f.terms, 5) + "."
		}
		more := ""
		if len(f.said) > maxNamed {
			f.said, more = f.said[:maxNamed], fmt.Sprintf("; %d more", len(f.said)-maxNamed)
		}
		found := finding.Finding{Detail: fmt.Sprintf("In the record of %s %s%s.", domain, strings.Join(f.said, "; "), more), Fix: f.fix}
		if len(f.terms) == 0 && !f.foreign {
			// "a mx" of one host: each term has its own reason.
			found.Severity, found.Title = finding.Info, "SPF terms with the same addresses today"
		}
		k.add("spf-overlap", k.full()[domain], found)
	}
}

// alwaysInside reports whether a term lies inside another one whatever the DNS says: both are
// addresses, or one name by the same mechanism with a length that is no shorter. Terms of
// different names follow different records, and the next change of one parts them.
func (k *checker) alwaysInside(t *Term, o Overlap) bool {
	r := k.full()[o.Within.In]
	if r == nil || o.Within.at >= len(r.Terms) {
		return false
	}
	w := &r.Terms[o.Within.at]
	if t.parsed.Prefix.IsValid() {
		return w.parsed.Prefix.IsValid()
	}
	return w.Kind == t.Kind && w.Target == t.Target && w.parsed.Bits4 <= t.parsed.Bits4 && w.parsed.Bits6 <= t.parsed.Bits6
}

// saidOtherwise reports whether a finding of its own says what is wrong: that no mail comes
// from the range, or that the other one is far too wide. When that one goes, the range
// inside is needed.
func (k *checker) saidOtherwise(t *Term, o Overlap) bool {
	if !slices.ContainsFunc(distinctPrefixes(t), func(p netip.Prefix) bool { return special(p) == "" }) && k.Has("spf-private-address") {
		return true
	}
	r := k.full()[o.Within.In]
	return r != nil && o.Within.at < len(r.Terms) && slices.ContainsFunc(distinctPrefixes(&r.Terms[o.Within.at]), isBroad)
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
