package dmarc

import (
	"cmp"
	"fmt"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// maxDestinations bounds the hosts examined of one record.
const maxDestinations = 10

// destinationQuestions are those about one host that is to receive reports.
type destinationQuestions struct {
	walk          []*question
	authorization *question // nil if its name does not fit the DNS
	mx, a, aaaa   *question
}

// askDestinations asks about all hosts of the record. Whether a host is another
// organization's, and whether it then accepts the reports, are asked together,
// although the second needs the first.
func (a *asker) askDestinations(b *resolver.Batch, d *Discovery) []destinationQuestions {
	if d.Record == nil {
		return nil
	}
	var out []destinationQuestions
	var left []string
	add := func(tag string, uris []URI) {
		for i := range uris {
			u := &uris[i]
			if !u.Supported() || u.torn {
				continue
			}
			at := 0
			for at < len(out) && d.Destinations[at].Host != u.Host {
				at++
			}
			if at == len(out) {
				if at == maxDestinations {
					if !slices.Contains(left, u.Host) {
						left = append(left, u.Host)
					}
					continue
				}
				d.Destinations = append(d.Destinations, Destination{Host: u.Host})
				out = append(out, a.askDestination(b, d, &d.Destinations[at]))
			}
			f := &d.Destinations[at]
			if !slices.Contains(f.Addresses, u.Address) {
				f.Addresses = append(f.Addresses, u.Address)
			}
			if !slices.Contains(f.Tags, tag) {
				f.Tags = append(f.Tags, tag)
			}
		}
	}
	add("rua", d.Record.RUA)
	add("ruf", d.Record.RUF)
	d.DestinationsLeftOut = len(left)
	return out
}

func (a *asker) askDestination(b *resolver.Batch, d *Discovery, f *Destination) destinationQuestions {
	q := destinationQuestions{mx: a.ask(b, f.Host, resolver.TypeMX), a: a.ask(b, f.Host, resolver.TypeA), aaaa: a.ask(b, f.Host, resolver.TypeAAAA)}
	domain := cmp.Or(d.PolicyDomain, d.Domain)
	if f.Host == domain {
		return q
	}
	q.walk = a.askWalk(b, f.Host)
	f.AuthorizationName = domain + "._report._dmarc." + f.Host
	if len(f.AuthorizationName) <= maxName {
		q.authorization = a.ask(b, f.AuthorizationName, resolver.TypeTXT)
	}
	return q
}

// read decides.
func (q *destinationQuestions) read(d *Discovery, f *Destination) {
	q.readMail(f)
	no, yes := false, true
	if q.walk == nil {
		f.External = &no
		f.OrganizationalDomain = d.policyOrganization()
		return
	}
	f.ExternalBySuffix = resolver.Registrable(f.Host) != resolver.Registrable(d.PolicyDomain)
	f.Walk = readWalk(q.walk)
	f.OrganizationalDomain, _ = organization(f.Walk)
	if same := sameOrganization(d.policyWalk(), f.Walk); same != nil {
		f.External = &yes
		if *same {
			f.External = &no
		}
	}
	if f.External == nil {
		f.Reason = "whether it belongs to another organization is not known: " + silence(append(slices.Clone(d.policyWalk()), f.Walk...))
	}
	if f.External != nil && !*f.External {
		f.AuthorizationName = ""
		return
	}
	q.readAuthorization(f)
}

// readAuthorization applies RFC 9990, section 4, steps 4 to 9.
func (q *destinationQuestions) readAuthorization(f *Destination) {
	no, yes := false, true
	if q.authorization == nil {
		f.Authorized = &no
		f.Reason = "the name that would authorize it is longer than the DNS allows"
		return
	}
	f.Authorization = []finding.Evidence{q.authorization.evidence()}
	if err := q.authorization.err; err != nil {
		f.Reason = unsaid(f.AuthorizationName, string(err.Reason))
		return
	}
	var other string
	records := 0
	for _, text := range q.authorization.texts(&f.Authorization[0]) {
		r, err := ParseRecord(text)
		if err != nil {
			continue
		}
		records++
		for i := range r.RUA {
			if u := &r.RUA[i]; u.Supported() && u.Host != f.Host {
				other = u.Host
			}
		}
	}
	switch {
	case records > 0 && other == "":
		f.Authorized = &yes
	case records > 0:
		// An override must keep the host, otherwise neither gets reports.
		f.Authorized = &no
		f.Reason = fmt.Sprintf("the record there sends the reports on to %s, which is another host: then neither gets them", other)
	case f.External == nil:
		// Not authorized, but it may not need to be.
	case q.authorization.answer.Absent():
		f.Authorized = &no
		f.Reason = "there is no TXT record at " + f.AuthorizationName
	default:
		f.Authorized = &no
		f.Reason = "no TXT record at " + f.AuthorizationName + " begins with v=DMARC1"
	}
}

// readMail decides whether the host can receive mail: by its MX, or without one
// by its addresses (RFC 5321, 5.1); a null MX refuses all (RFC 7505).
func (q *destinationQuestions) readMail(f *Destination) {
	no, yes := false, true
	mx := q.mx.answer
	if q.mx.err != nil || mx.Status == resolver.Found {
		f.Mail = []finding.Evidence{q.mx.evidence()}
	} else {
		f.Mail = []finding.Evidence{q.mx.evidence(), q.a.evidence(), q.aaaa.evidence()}
	}
	if err := q.mx.err; err != nil {
		f.ReceiveReason = unsaid("its MX", string(err.Reason))
		return
	}
	if mx.Status == resolver.Found {
		for i := range mx.Records {
			if host := mx.Records[i].Host; host != "." && host != "" {
				f.CanReceive = &yes
				return
			}
		}
		f.CanReceive, f.ReceiveReason = &no, "it has a null MX: it accepts no mail"
		return
	}
	var silent []string
	for _, address := range []*question{q.a, q.aaaa} {
		switch {
		case address.err != nil:
			silent = append(silent, string(address.err.Reason))
		case address.answer.Status == resolver.Found:
			f.CanReceive = &yes
			return
		}
	}
	if silent != nil {
		f.ReceiveReason = "it has no MX, and " + unsaid("its addresses", silent...)
		return
	}
	f.CanReceive, f.ReceiveReason = &no, "it has neither an MX nor an address"
	if mx.Status == resolver.NXDomain && len(mx.CNAMEs) == 0 {
		f.ReceiveReason = "the domain does not exist"
	}
}

// policyWalk is the walk as it would go from the policy domain.
func (d *Discovery) policyWalk() []Step {
	for i := range d.Walk {
		if d.Walk[i].Domain == d.PolicyDomain {
			return d.Walk[i:]
		}
	}
	return d.Walk
}

// policyOrganization is the Organizational Domain at which the record was found.
func (d *Discovery) policyOrganization() string {
	org, _ := organization(d.policyWalk())
	return org
}
