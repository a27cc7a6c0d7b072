package transport

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// maxDestinations bounds the hosts of destinations that are looked at.
const maxDestinations = 10

// ReportingFacts are what there is of TLS reporting for a domain.
type ReportingFacts struct {
	Domain       string        `json:"domain"`
	Record       Texts         `json:"record"`
	Destinations []Destination `json:"destinations"`
	// Hosts are those that reports go to.
	Hosts []ReportHost `json:"hosts"`
	// sts is the record of MTA-STS, without whose reports nobody knows what fails.
	sts Texts
}

// ReportHost is a host that reports go to: by mail, or over HTTPS.
type ReportHost struct {
	Name string `json:"name"`
	// Scheme is mailto or https.
	Scheme string `json:"scheme"`
	// Exchanges are where mail to it goes, null for https.
	Exchanges *Exchanges `json:"exchanges"`
	// Host has its addresses, null for mailto.
	Host *Host `json:"host"`
}

// BeginReporting asks for the record of TLS reporting, and for where its destinations
// are. Nothing is sent to them.
func BeginReporting(b *resolver.Batch, domain string, done func(*ReportingFacts)) {
	f := &ReportingFacts{Domain: domain, Destinations: []Destination{}, Hosts: []ReportHost{}}
	b.Part(func(b *resolver.Batch) {
		askTexts(b, "_mta-sts."+domain, func(t Texts) { f.sts = t })
		askTexts(b, "_smtp._tls."+domain, func(t Texts) {
			f.Record = t
			if r := f.record(); r != nil {
				f.Destinations = append(f.Destinations, r.Destinations[:min(len(r.Destinations), maxTags)]...)
				f.askHosts(b)
			}
		})
	}, func() { done(f) })
}

// record is the one that senders use, or that was meant; nil if there is none.
func (f *ReportingFacts) record() *TLSRPT {
	records, near := versioned(f.Record.Records, "v=TLSRPTv1")
	if len(records) == 0 {
		records = near
	}
	if len(records) != 1 {
		return nil
	}
	return ParseTLSRPT(records[0])
}

func (f *ReportingFacts) askHosts(b *resolver.Batch) {
	for _, d := range f.Destinations {
		scheme, rest, _ := strings.Cut(d.URI, ":")
		h := ReportHost{Scheme: strings.ToLower(scheme)}
		switch {
		case d.Problem != "":
			continue
		case h.Scheme == "mailto":
			address, _, _ := strings.Cut(rest, "?")
			h.Name = address[strings.LastIndexByte(address, '@')+1:]
		default:
			u, err := url.Parse(d.URI)
			if err != nil {
				continue
			}
			h.Name = u.Hostname()
		}
		h.Name = strings.TrimSuffix(strings.ToLower(h.Name), ".")
		if len(f.Hosts) < maxDestinations && !slices.ContainsFunc(f.Hosts, func(o ReportHost) bool { return o.Name == h.Name && o.Scheme == h.Scheme }) {
			f.Hosts = append(f.Hosts, h)
		}
	}
	for i := range f.Hosts {
		if h := &f.Hosts[i]; h.Scheme == "mailto" {
			askExchanges(b, h.Name, func(x *Exchanges) { h.Exchanges = x })
		} else {
			askHost(b, h.Name, func(got Host) { h.Host = &got })
		}
	}
}

// CheckReporting returns the findings about TLS reporting.
func CheckReporting(f *ReportingFacts) []finding.Finding {
	s := finding.NewSheet(checkList, f.Domain)
	name := "_smtp._tls." + f.Domain
	evidence := []finding.Evidence{f.Record.Evidence}
	if f.Record.State == Unknown {
		s.Add("tls-rpt-unresolved", finding.Finding{Evidence: evidence, CouldBe: finding.Error,
			Detail: fmt.Sprintf("Whether there is a record at %s is not known: the DNS did not answer (%s).", name, f.Record.Evidence.Status)})
		return s.Findings()
	}
	s.Decided("tls-rpt-missing", "tls-rpt-multiple-records", "tls-rpt-unresolved")
	records, near := versioned(f.Record.Records, "v=TLSRPTv1")
	r := f.record()
	switch {
	case len(records) > 1:
		s.Add("tls-rpt-multiple-records", finding.Finding{Evidence: evidence, Fix: &finding.Fix{Summary: "Leave one record, with the destinations of all in its rua=."},
			Detail: fmt.Sprintf("%s has %d records that begin with v=TLSRPTv1;. Senders then take the domain to have none.", name, len(records))})
		return s.Findings()
	case r == nil && len(near) > 1:
		s.Add("tls-rpt-syntax", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("%s has %d records, and none begins with v=TLSRPTv1;.", name, len(near))})
		return s.Findings()
	case r == nil:
		fix := fixOf("Have the reports sent to a mailbox of yours.", "v=TLSRPTv1; rua="+mailboxPlaceholder)
		fix.Name, fix.Type = name, "TXT"
		found := finding.Finding{Evidence: evidence, Fix: fix, Detail: fmt.Sprintf("There is no record at %s: nobody is told if TLS with the domain's hosts fails.", name)}
		if sts, _ := versioned(f.sts.Records, "v=STSv1"); len(sts) > 0 {
			found.Severity = finding.Warning
			found.Detail = fmt.Sprintf("The domain has an MTA-STS record and no record at %s: nobody is told if senders cannot keep to the policy.", name)
		}
		s.Add("tls-rpt-missing", found)
		return s.Findings()
	}
	about := len(s.Found())
	checkTLSRPT(s, r)
	for _, found := range s.Found()[about:] {
		found.Evidence = evidence
		if found.Fix != nil && found.Fix.Value != "" {
			found.Fix.Name, found.Fix.Type = name, "TXT"
			found.Fix.Remove = []finding.Record{{Name: name, Type: "TXT", Value: r.text}}
		}
	}
	f.checkHosts(s)
	return s.Findings()
}

// checkHosts says which destinations take no reports.
func (f *ReportingFacts) checkHosts(s *finding.Sheet) {
	if len(f.Hosts) > 0 {
		s.Decided("tls-rpt-host-cannot-receive")
	}
	unknown := func(h *ReportHost, what string, evidence ...finding.Evidence) {
		s.Undecided("tls-rpt-host-cannot-receive")
		s.Add("tls-rpt-unresolved", finding.Finding{Evidence: evidence, CouldBe: finding.Error, Detail: fmt.Sprintf("Whether %s can take the reports is not known: the DNS did not answer for %s.", show.Escape(h.Name), what)})
	}
	for i := range f.Hosts {
		h := &f.Hosts[i]
		cannot := func(why string, severity finding.Severity, evidence ...finding.Evidence) {
			s.Add("tls-rpt-host-cannot-receive", finding.Finding{Severity: severity, Subject: h.Name, Evidence: evidence,
				Detail: fmt.Sprintf("Reports go to %s:…%s, and %s.", h.Scheme, show.Escape(h.Name), why)})
		}
		switch {
		case h.Host != nil && h.Host.State == Unknown:
			unknown(h, "its addresses", h.Host.Evidence...)
		case h.Host != nil && h.Host.State == Absent:
			cannot("that host has no address", finding.Error, h.Host.Evidence...)
		case h.Host != nil:
		case h.Exchanges.State == Unknown:
			unknown(h, "its MX", h.Exchanges.Evidence)
		case h.Exchanges.Null:
			cannot("it has a null MX: it accepts no mail", finding.Error, h.Exchanges.Evidence)
		case h.Exchanges.State == Absent && len(h.Exchanges.Hosts) == 0:
			cannot("it has neither an MX nor an address", finding.Error, h.Exchanges.Evidence)
		case h.Exchanges.Implicit && h.Exchanges.Hosts[0].State == Unknown:
			unknown(h, "its addresses", h.Exchanges.Hosts[0].Evidence...)
		}
	}
}
