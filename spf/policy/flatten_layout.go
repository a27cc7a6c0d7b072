package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/spf"
)

// layout writes the records of a draft: what fits stands in the domain's own
// record, the rest in as few others as can be, each of which is one lookup.
func (d *draft) layout() {
	literals := make([][]string, len(d.runs))
	prefixes := make([][]netip.Prefix, len(d.runs))
	big := -1
	for i := range d.runs {
		r := &d.runs[i]
		d.lookups += r.lookups()
		prefixes[i] = r.set.prefixes()
		for _, p := range prefixes[i] {
			text := prefixTerm(p)
			if r.sign != '+' {
				text = string(rune(r.sign)) + text
			}
			literals[i] = append(literals[i], text)
		}
		if big < 0 || size(literals[i]) > size(literals[big]) {
			big = i
		}
	}
	other := 0
	for i := range d.p.Record.Published {
		if p := &d.p.Record.Published[i]; !p.SPF {
			other += p.Octets
		}
	}
	fixed := len(spf.Version) + size(d.tail)
	for i := range d.runs {
		fixed += size(d.runs[i].names())
		if i != big {
			fixed += size(literals[i])
		}
	}
	room := maxOctets - len(d.p.Domain) - other
	if room < fixed+1 {
		// The rest at the name leaves no room, and no record can change that.
		room = maxOctets - len(d.p.Domain)
	}
	if fixed > room {
		d.wrong = fmt.Sprintf("the terms that must stay take %d octets by themselves", fixed)
		return
	}
	var names []string
	var here []string
	var chunks [][]string
	if big >= 0 {
		for {
			includes := 0
			for _, n := range names {
				includes += 1 + len("include:") + len(n)
				if d.runs[big].sign != '+' {
					includes++
				}
			}
			var ok bool
			if here, chunks, ok = fill(literals[big], room-fixed-includes, names); ok {
				break
			}
			if len(names) >= spf.MaxLookups {
				d.wrong = fmt.Sprintf("%d ranges do not fit in ten records", len(literals[big]))
				return
			}
			names = append(names, d.freeName(names))
		}
	}
	d.lookups += len(names)
	own := []string{spf.Version}
	for i := range d.runs {
		r := &d.runs[i]
		if i == big {
			own = append(own, here...)
			for _, n := range names {
				text := "include:" + n
				if r.sign != '+' {
					text = string(rune(r.sign)) + text
				}
				own = append(own, text)
			}
		} else {
			own = append(own, literals[i]...)
		}
		own = append(own, r.names()...)
	}
	own = append(own, d.tail...)
	d.records = []finding.Record{{Name: d.p.Domain, Type: "TXT", Value: strings.Join(own, " ")}}
	for i, n := range names {
		terms := []string{spf.Version}
		for _, c := range chunks[i] {
			terms = append(terms, strings.TrimLeft(c, "+-~?"))
		}
		d.records = append(d.records, finding.Record{Name: n, Type: "TXT", Value: strings.Join(append(terms, "-all"), " ")})
	}
	for i := range d.runs {
		for j, p := range prefixes[i] {
			at := d.p.Domain
			if i == big {
				for k, c := range chunks {
					if slices.Contains(c, literals[i][j]) {
						at = names[k]
					}
				}
			}
			d.ranges = append(d.ranges, FlatRange{Record: at, Prefix: p, Sources: d.sourcesOf(p)})
		}
	}
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
// not use.
func (d *draft) freeName(taken []string) string {
	for i := 1; ; i++ {
		n := "_spf" + strconv.Itoa(i) + "." + d.p.Domain
		if d.full[n] == nil && !slices.Contains(taken, n) {
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
