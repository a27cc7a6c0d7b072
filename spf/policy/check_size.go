package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/spf"
)

// size reports answers that may not fit (RFC 7208, 3.4) and strings that cannot
// be published (3.3).
func (k *checker) size(r *Record) {
	if r.Octets > maxOctets {
		other := r.Octets - len(r.Text) - len(r.Domain)
		f := finding.Finding{Detail: fmt.Sprintf("The name and the TXT records of %s are %d octets together, of which the SPF record is %d. The advice is to stay under %d, so that an answer fits into 512 octets of UDP.",
			r.Domain, r.Octets, len(r.Text), maxOctets)}
		switch {
		case other <= maxOctets/2 && r == k.p.Record && k.p.unfit() == "":
			f.Fix = k.proposal(r).share(false, "Move ranges of the record to records of their own.")
			k.shortened = f.Fix
		case other > 0:
			f.Fix = advice("Move what else stands at the name, %d octets of TXT records such as site verifications, to names of their own where their owners allow it.", other)
		default:
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
					Fix:    advice("Publish the record as strings of up to 255 octets each, without a space between them but the one between two terms."),
				})
				break
			}
		}
	}
}

// shorten moves ranges of the domain's own record to further records.
func (k *checker) shorten() *finding.Fix {
	if k.p.unfit() != "" {
		return nil
	}
	d := k.p.draftAsIs(k.full())
	if d.wrong != "" || len(d.records) < 2 || d.lookups > spf.MaxLookups {
		return nil
	}
	return &finding.Fix{
		Summary: fmt.Sprintf("Move ranges to %s; it takes %s more.", recordsOfTheirOwn(len(d.records)-1), show.Counted(len(d.records)-1, "lookup")),
		Value:   d.records[0].Value, More: d.records[1:],
	}
}

// recordsOfTheirOwn is "2 records of their own".
func recordsOfTheirOwn(n int) string { return show.Counted(n, "record") + " of their own" }

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
			said := fmt.Sprintf("Two strings of the record of %s join as %s: the space between %s and %s is missing.", r.Domain, quote(left+right), quote(left), quote(right))
			if slices.ContainsFunc(r.Terms, func(t Term) bool { return t.Text == left+right && t.Error != "" }) {
				k.joined = " " + said // the syntax error comes of it
				return
			}
			p := k.proposal(r)
			for i := range r.Terms {
				if t := &r.Terms[i]; t.Text == left+right && t.Error == "" {
					p.replace(t, false, left, right)
				}
			}
			k.add("spf-broken-split", r, finding.Finding{
				Detail: said,
				Fix:    p.share(false, "Publish the record with the space."),
			})
			return // the others have the same cause, and the same fix
		}
	}
}

// brokenAt reports whether a term ends and another begins at an offset, without a
// space between them.
func brokenAt(text string, at int) bool {
	if at <= len(spf.Version) || at >= len(text) || text[at-1] == ' ' || text[at] == ' ' {
		return false
	}
	from := strings.LastIndexByte(text[:at], ' ') + 1
	to := at
	for to < len(text) && text[to] != ' ' {
		to++
	}
	left, right := spf.ParseTerm(text[from:at]), spf.ParseTerm(text[at:to])
	return left.Error == "" && left.Kind != spf.KindModifier && right.Error == "" && right.Kind != spf.KindModifier
}
