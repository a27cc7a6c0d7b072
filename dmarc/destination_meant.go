package dmarc

import (
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// askMeant asks about the hosts that reports are to go to by what was meant to be a record:
// a fix that publishes it must not end in a finding about them.
func (s *search) askMeant(b *resolver.Batch) {
	d := s.d
	for _, text := range d.misread() {
		c := clean(text, false, d.Domain)
		for _, tag := range []string{"rua", "ruf"} {
			for uri := range strings.SplitSeq(c.get(tag), ",") {
				if u := parseURI(uri, 0); u.Supported() {
					s.askHoped(b, tag, &u)
				}
			}
		}
	}
}

func (s *search) askHoped(b *resolver.Batch, tag string, u *URI) {
	d := s.d
	if slices.ContainsFunc(d.Destinations, func(f Destination) bool { return f.Host == u.Host }) {
		return
	}
	at := slices.IndexFunc(d.hoped, func(f *Destination) bool { return f.Host == u.Host })
	switch {
	case at < 0 && len(d.hoped) == maxDestinations:
		return
	case at < 0:
		f := &Destination{Host: u.Host}
		at, d.hoped = len(d.hoped), append(d.hoped, f)
		s.hoped = append(s.hoped, s.askDestination(b, d, f))
	}
	f := d.hoped[at]
	if !slices.Contains(f.Addresses, u.Address) {
		f.Addresses = append(f.Addresses, u.Address)
	}
	if !slices.Contains(f.Tags, tag) {
		f.Tags = append(f.Tags, tag)
	}
}

// misread are the texts that were meant as policy records, or hold more than receivers read.
func (d *Discovery) misread() (out []string) {
	for i := range d.Walk {
		s := &d.Walk[i]
		if s.Suffix && i > 0 {
			continue
		}
		switch r := s.Record; {
		case r != nil && r.quoted != "":
			out = append(out, r.quoted)
		case r != nil && !r.plain():
			out = append(out, r.Text)
		}
		out = append(append(out, s.Records[:min(len(s.Records), maxDestinations)]...), s.attempts()...)
	}
	for i := range d.Strays[:min(len(d.Strays), maxDestinations)] {
		out = append(out, d.Strays[i].Text)
	}
	return out
}

// plain reports that receivers read each tag of the record.
func (r *Record) plain() bool {
	read := func(uris []URI) bool {
		return !slices.ContainsFunc(uris, func(u URI) bool { return !u.Supported() || u.torn })
	}
	return len(r.Problems) == 0 && read(r.RUA) && read(r.RUF) &&
		!slices.ContainsFunc(r.Tags, func(t Tag) bool { return t.Status == "unknown" || t.Invalid != "" || t.Duplicate })
}

// meantDestinations judges the hosts that a record to publish newly has reports sent to, as
// those of the record in force: published, it ends in no finding that was not there.
func (j *judge) meantDestinations() {
	proposed := map[string]*finding.Fix{}
	for _, f := range j.Found() {
		if f.Fix == nil || f.Fix.Type != "TXT" || f.Fix.HasPlaceholder() || !strings.HasPrefix(f.Fix.Name, recordPrefix) {
			continue
		}
		r, err := ParseRecord(f.Fix.Value)
		if err != nil {
			continue
		}
		for _, m := range j.d.hoped {
			if proposed[m.Host] == nil && (hasHost(r.RUA, m.Host) || hasHost(r.RUF, m.Host)) {
				proposed[m.Host] = f.Fix
			}
		}
	}
	for _, m := range j.d.hoped {
		switch fix := proposed[m.Host]; {
		case fix == nil:
		case m.CanReceive == nil:
			j.Undecided("dmarc-report-host-cannot-receive", "dmarc-report-not-authorized")
		case !*m.CanReceive:
			c := clean(fix.Value, false, j.d.Domain).without([]string{m.Host})
			other := *fix
			other.Summary, other.Value = c.but(m.otherMailbox()), c.String()
			j.lost(m, "would be", &other)
		case m.External == nil || m.Authorized == nil && *m.External:
			j.Undecided("dmarc-report-not-authorized")
		default:
			j.authorized(m)
		}
	}
}

func hasHost(uris []URI, host string) bool {
	return slices.ContainsFunc(uris, func(u URI) bool { return u.Supported() && u.Host == host })
}
