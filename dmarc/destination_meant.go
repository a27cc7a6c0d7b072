package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// meantDestination is a host that gets no reports today and would with a record put right.
type meantDestination struct {
	Destination
	questions destinationQuestions
}

// askMeant asks about the hosts that reports are to go to by what was meant to be a record:
// a fix that publishes it must not end in a finding about them.
func (s *search) askMeant(b *resolver.Batch) {
	d := s.d
	for _, text := range d.misread() {
		c := clean(text, false, d.Domain)
		for uri := range strings.SplitSeq(c.get("rua")+","+c.get("ruf"), ",") {
			u := parseURI(uri, 0)
			if !u.Supported() || d.destination(u.Host) != nil || len(s.meant) == maxDestinations {
				continue
			}
			m := &meantDestination{Destination: Destination{Host: u.Host}}
			m.questions = s.askDestination(b, d, &m.Destination)
			s.meant, d.hoped = append(s.meant, m), append(d.hoped, &m.Destination)
		}
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

// destination is what is known of a host that reports go to, or are to go to; nil if it was
// not asked about.
func (d *Discovery) destination(host string) *Destination {
	if at := slices.IndexFunc(d.Destinations, func(f Destination) bool { return f.Host == host }); at >= 0 {
		return &d.Destinations[at]
	}
	if at := slices.IndexFunc(d.hoped, func(f *Destination) bool { return f.Host == host }); at >= 0 {
		return d.hoped[at]
	}
	return nil
}

// awaitDestinations makes each record to publish wait for the hosts that it newly has
// reports sent to, if they take none.
func (j *judge) awaitDestinations() {
	if j.d.hoped == nil {
		return
	}
	for _, f := range j.Found() {
		if f.Fix == nil || f.Fix.Type != "TXT" || f.Fix.HasPlaceholder() || !strings.HasPrefix(f.Fix.Name, recordPrefix) {
			continue
		}
		r, err := ParseRecord(f.Fix.Value)
		if err != nil {
			continue
		}
		for _, m := range j.d.hoped {
			if hasHost(r.RUA, m.Host) || hasHost(r.RUF, m.Host) {
				await(f.Fix, m.lacks())
			}
		}
	}
}

// await makes a fix wait, once: findings share it.
func await(f *finding.Fix, when string) {
	if !strings.Contains(f.When, when) {
		f.Await(when)
	}
}

func hasHost(uris []URI, host string) bool {
	return slices.ContainsFunc(uris, func(u URI) bool { return u.Supported() && u.Host == host })
}

// lacks is what must come true before reports arrive; "" if they do, or it is not known.
func (f *Destination) lacks() string {
	switch {
	case f.CanReceive != nil && !*f.CanReceive:
		return fmt.Sprintf("%s can receive the reports (today: %s)", f.Host, f.ReceiveReason)
	case f.External != nil && *f.External && f.Authorized != nil && !*f.Authorized:
		return fmt.Sprintf("%s has agreed to receive the reports (today: %s)", f.Host, f.Reason)
	}
	return ""
}
