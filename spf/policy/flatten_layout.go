package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// layout writes the records of a draft: what fits stands in the domain's own
// record, the rest in as few others as can be, each of which is one lookup.
func (d *draft) layout() {
	l := d.literals()
	for i := range d.runs {
		d.lookups += d.runs[i].lookups()
	}
	room, fixed := d.room(l)
	if fixed > room {
		d.wrong = fmt.Sprintf("the terms that must stay take %d octets by themselves", fixed)
		return
	}
	if !d.spread(l, room-fixed) {
		d.wrong = fmt.Sprintf("%d ranges do not fit in ten records", len(l.texts[l.big]))
		return
	}
	d.lookups += len(l.names)
	d.write(l)
	for i := range d.runs {
		for j, p := range l.prefixes[i] {
			d.ranges = append(d.ranges, FlatRange{Record: l.at(d, i, j), Prefix: p, Sources: d.sourcesOf(p)})
		}
	}
}

// literals are the addresses of a draft as terms, run by run, and where they stand.
type literals struct {
	prefixes [][]netip.Prefix
	texts    [][]string
	// big is the run with the longest terms, which may be spread over several records; -1 if
	// there is none. here are its terms in the domain's own record, chunks those in the
	// records of the names.
	big    int
	here   []string
	names  []string
	chunks [][]string
}

// literals writes the addresses of the runs as terms.
func (d *draft) literals() *literals {
	l := &literals{prefixes: make([][]netip.Prefix, len(d.runs)), texts: make([][]string, len(d.runs)), big: -1}
	for i := range d.runs {
		r := &d.runs[i]
		l.prefixes[i] = r.set.prefixes()
		for _, p := range l.prefixes[i] {
			text := prefixTerm(p)
			if r.sign != '+' {
				text = string(rune(r.sign)) + text
			}
			l.texts[i] = append(l.texts[i], text)
		}
		if l.big < 0 || size(l.texts[i]) > size(l.texts[l.big]) {
			l.big = i
		}
	}
	return l
}

// room is how many octets the domain's own record may have, and how many of them are taken by
// what must stand in it.
func (d *draft) room(l *literals) (room, fixed int) {
	other := 0
	for i := range d.p.Record.Published {
		if p := &d.p.Record.Published[i]; !p.SPF {
			other += p.Octets
		}
	}
	fixed = len(spf.Version) + size(d.tail)
	for i := range d.runs {
		fixed += size(d.runs[i].names())
		if i != l.big {
			fixed += size(l.texts[i])
		}
	}
	if room = maxOctets - len(d.p.Domain) - other; room < fixed+1 {
		// The rest at the name leaves no room, and no record can change that.
		room = maxOctets - len(d.p.Domain)
	}
	return room, fixed
}

// spread distributes the terms of the big run over the room in the domain's own record and as few
// others as can be. It reports whether they fit.
func (d *draft) spread(l *literals, room int) bool {
	if l.big < 0 {
		return true
	}
	for {
		includes := 0
		for _, n := range l.names {
			includes += 1 + len("include:") + len(n)
			if d.runs[l.big].sign != '+' {
				includes++
			}
		}
		var ok bool
		if l.here, l.chunks, ok = fill(l.texts[l.big], room-includes, l.names); ok {
			return true
		}
		if len(l.names) >= spf.MaxLookups {
			return false
		}
		name := d.freeName(l.names)
		if name == "" {
			return false
		}
		l.names = append(l.names, name)
	}
}

// write makes the records.
func (d *draft) write(l *literals) {
	own := []string{spf.Version}
	for i := range d.runs {
		r := &d.runs[i]
		if i == l.big {
			own = append(own, l.here...)
			for _, n := range l.names {
				text := "include:" + n
				if r.sign != '+' {
					text = string(rune(r.sign)) + text
				}
				own = append(own, text)
			}
		} else {
			own = append(own, l.texts[i]...)
		}
		own = append(own, r.names()...)
	}
	own = append(own, d.tail...)
	d.records = []finding.Record{{Name: d.p.Domain, Type: "TXT", Value: strings.Join(own, " ")}}
	for i, n := range l.names {
		terms := []string{spf.Version}
		for _, c := range l.chunks[i] {
			terms = append(terms, strings.TrimLeft(c, "+-~?"))
		}
		d.records = append(d.records, finding.Record{Name: n, Type: "TXT", Value: strings.Join(append(terms, "-all"), " ")})
	}
}

// at is the name of the record that holds the j-th range of the i-th run.
func (l *literals) at(d *draft, i, j int) string {
	name := d.p.Domain
	if i == l.big {
		for k, c := range l.chunks {
			if slices.Contains(c, l.texts[i][j]) {
				name = l.names[k]
			}
		}
	}
	return name
}

// size is the octets of terms, each with the space before it.
func size(terms []string) int {
	n := 0
	for _, t := range terms {
		n += 1 + len(t)
	}
	return n
}

// fill distributes terms over the room in the own record and the records of the
// names, in order.
func fill(terms []string, room int, names []string) (here []string, chunks [][]string, ok bool) {
	chunks = make([][]string, len(names))
	i := 0
	for ; i < len(terms) && room >= 1+len(terms[i]); i++ {
		room -= 1 + len(terms[i])
	}
	here = terms[:i]
	for k, n := range names {
		left := maxOctets - len(n) - len(spf.Version) - len(" -all")
		from := i
		for ; i < len(terms) && left >= 1+len(terms[i]); i++ {
			left -= 1 + len(terms[i])
		}
		chunks[k] = terms[from:i]
	}
	return here, chunks, i == len(terms)
}

// freeName is the next name _spfN below the domain that the current policy does
// not use, and at which nothing stands as far as it was asked; "" if all that were asked
// are taken. A wildcard's answer is nothing.
func (d *draft) freeName(taken []string) string {
	asked := d.p.answers.asked[question{splitName(1, d.p.Domain), resolver.TypeTXT}] != nil
	for i := 1; ; i++ {
		if asked && i > splitNames {
			return ""
		}
		n := splitName(i, d.p.Domain)
		if d.full[n] == nil && !slices.Contains(taken, n) && !d.p.answers.holds(n) {
			return n
		}
	}
}

// sourcesOf lists the terms that a range stands for.
func (d *draft) sourcesOf(p netip.Prefix) []Place {
	out := []Place{}
	set := setOf(p)
	for _, s := range d.sources {
		if len(s.set.overlap(set)) > 0 && !slices.Contains(out, s.place) {
			out = append(out, s.place)
		}
	}
	return out
}

// comment says of a range when and from where it was taken.
func (r *FlatRange) comment(date time.Time) string {
	var from []string
	for _, s := range r.Sources {
		from = append(from, s.Term+" in "+s.In)
	}
	return date.UTC().Format("2006-01-02") + " " + prefixTerm(r.Prefix) + " from " + strings.Join(from, ", ")
}
