package transport

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
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
	// hoped are hosts that no record sends reports to yet, but the one to propose would.
	hoped []ReportHost
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
			f.askMeant(b)
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

// host is where the reports to a destination go; false if there is none.
func (d *Destination) host() (h ReportHost, ok bool) {
	if d.Problem != "" {
		return h, false
	}
	scheme, rest, _ := strings.Cut(d.URI, ":")
	if h.Scheme = strings.ToLower(scheme); h.Scheme == "mailto" {
		address, _, _ := strings.Cut(rest, "?")
		h.Name = address[strings.LastIndexByte(address, '@')+1:]
	} else if u, err := url.Parse(d.URI); err == nil {
		h.Name = u.Hostname()
	} else {
		return h, false
	}
	h.Name = strings.TrimSuffix(strings.ToLower(h.Name), ".")
	return h, true
}

// HostOf returns what is known of where the reports to a destination go; nil if it was not
// looked at.
func (f *ReportingFacts) HostOf(d *Destination) *ReportHost {
	h, ok := d.host()
	at := slices.IndexFunc(f.Hosts, func(o ReportHost) bool { return o.Name == h.Name && o.Scheme == h.Scheme })
	if !ok || at < 0 {
		return nil
	}
	return &f.Hosts[at]
}

func (f *ReportingFacts) askHosts(b *resolver.Batch) {
	for i := range f.Destinations {
		d := &f.Destinations[i]
		if h, ok := d.host(); ok && len(f.Hosts) < maxDestinations && f.HostOf(d) == nil {
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

// askMeant asks about the hosts of what was meant to be the record at its name.
func (f *ReportingFacts) askMeant(b *resolver.Batch) {
	if records, _ := versioned(f.Record.Records, "v=TLSRPTv1"); len(records) > 1 {
		f.askHoped(b, oneOf("", records, f.Domain).Value)
	} else if r := f.record(); r != nil {
		meant := meantTLSRPT(r.text, f.Domain)
		if piece := f.piece(r); piece != "" {
			meant = meantTLSRPT(r.text+"; "+piece, f.Domain)
		}
		f.askHoped(b, meant)
	}
}

// askHoped asks about the hosts that reports are to go to by a record that may be proposed: to publish it
// must not end in a finding about them.
func (f *ReportingFacts) askHoped(b *resolver.Batch, record string) {
	first := len(f.hoped)
	for _, d := range ParseTLSRPT(record).Destinations {
		h, ok := d.host()
		same := func(o ReportHost) bool { return o.Name == h.Name && o.Scheme == h.Scheme }
		if ok && len(f.hoped) < maxDestinations && !slices.ContainsFunc(f.Hosts, same) && !slices.ContainsFunc(f.hoped, same) {
			f.hoped = append(f.hoped, h)
		}
	}
	for i := first; i < len(f.hoped); i++ {
		if h := f.hoped[i]; h.Scheme == "mailto" {
			askExchanges(b, h.Name, func(x *Exchanges) { f.hoped[i].Exchanges = x })
		} else {
			askHost(b, h.Name, func(got Host) { f.hoped[i].Host = &got })
		}
	}
}

// wait makes a fix that puts a record in force wait, if its reports get nowhere; but for mail to a domain
// of arriving (see Check).
func (f *ReportingFacts) wait(fix *finding.Fix, record string, arriving ...string) {
	if fix.When != "" || fix.Value == "" {
		return
	}
	for _, d := range ParseTLSRPT(record).Destinations {
		h, ok := d.host()
		at := slices.IndexFunc(f.hoped, func(o ReportHost) bool { return ok && o.Name == h.Name && o.Scheme == h.Scheme })
		if at < 0 || h.Scheme == "mailto" && slices.Contains(arriving, h.Name) {
			continue
		}
		if cannot, _, _ := f.hoped[at].Takes(); cannot != "" {
			fix.When = show.Escape(h.Name) + " takes mail"
			if h.Scheme != "mailto" {
				fix.When = show.Escape(h.Name) + " has an address"
			}
			return
		}
	}
}

// CheckReporting returns the findings about TLS reporting.
func CheckReporting(f *ReportingFacts) []finding.Finding {
	s := finding.NewSheet(checkList, f.Domain)
	f.check(s)
	for _, found := range s.Found() {
		if found.Fix != nil {
			f.wait(found.Fix, found.Fix.Value)
		}
	}
	f.Record.hosted(s.Found(), f.Domain)
	return s.Findings()
}

// check judges the record, and where the reports go.
func (f *ReportingFacts) check(s *finding.Sheet) {
	name := "_smtp._tls." + f.Domain
	evidence := []finding.Evidence{f.Record.Evidence}
	if f.Record.State == Unknown {
		s.Add("tls-rpt-unresolved", finding.Finding{Evidence: evidence, CouldBe: finding.Error,
			Detail: fmt.Sprintf("Whether there is a record at %s is not known: the DNS did not answer (%s).", name, f.Record.Evidence.Status)})
		return
	}
	s.Decided("tls-rpt-missing", "tls-rpt-multiple-records", "tls-rpt-unresolved")
	records, near := versioned(f.Record.Records, "v=TLSRPTv1")
	r := f.record()
	switch {
	case len(records) > 1:
		s.Add("tls-rpt-multiple-records", finding.Finding{Evidence: evidence, Fix: oneOf(name, records, f.Domain),
			Detail: fmt.Sprintf("%s has %d records that begin with v=TLSRPTv1;. Senders then take the domain to have none.", name, len(records))})
		return
	case r == nil && len(near) > 1:
		s.Add("tls-rpt-syntax", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("%s has %d records, and none begins with v=TLSRPTv1;.", name, len(near))})
		return
	case r == nil && f.Record.aliasText("_tls") != "":
		s.Add("tls-rpt-syntax", f.Record.asAlias("TLS-RPT", f.Record.aliasText("_tls")))
		return
	case r == nil:
		fix := fixOf("Have the reports sent to a mailbox of yours.", "v=TLSRPTv1; rua="+mailboxPlaceholder)
		fix.Name, fix.Type = name, "TXT"
		found := finding.Finding{Evidence: evidence, Fix: fix, Detail: noneAt(&f.Record, "TLS-RPT") + ": nobody is told if TLS with the domain's hosts fails."}
		if sts, _ := versioned(f.sts.Records, "v=STSv1"); len(sts) > 0 {
			found.Severity = finding.Warning
			found.Detail = fmt.Sprintf("The domain has an MTA-STS record and no TLS-RPT record at %s: nobody is told if senders cannot keep to the policy.", name)
		}
		found.Detail += danglingAlias(&f.Record, f.Domain, &f.sts)
		inPlaceOfAlias(fix, &f.Record, &f.sts)
		s.Add("tls-rpt-missing", found)
		return
	}
	if found, ok := f.Record.cutOff("TLS-RPT", r.text, meantTLSRPT, f.Domain); ok {
		s.Add("tls-rpt-syntax", found)
		return
	}
	about, piece := len(s.Found()), f.piece(r)
	checkTLSRPT(s, r, f.Domain)
	for _, found := range s.Found()[about:] {
		found.Evidence = evidence
		if found.Fix != nil && found.Fix.Value != "" {
			found.Fix.Name, found.Fix.Type = name, "TXT"
			found.Fix.Remove = []finding.Record{{Name: name, Type: "TXT", Value: r.text}}
			found.Fix.When = secured(r.text, found.Fix.Value)
			if i := slices.IndexFunc(f.Record.Records, func(text string) bool {
				return text != r.text && text != piece && (strings.Contains(text, "@") || strings.Contains(text, "://"))
			}); i >= 0 && found.Fix.When == "" {
				found.Fix.When = fmt.Sprintf("%s is no part of it", quote(f.Record.Records[i]))
			}
			if piece != "" {
				found.Fix.Summary, found.Fix.Value = "Publish it as one record.", meantTLSRPT(r.text+"; "+piece, f.Domain)
				found.Fix.Remove = append(found.Fix.Remove, finding.Record{Name: name, Type: "TXT", Value: piece})
			}
		}
	}
	f.checkHosts(s)
}

// piece is the TXT record beside one without a destination that begins with its field: of one
// record that was published as two. It is "" if there is none.
func (f *ReportingFacts) piece(r *TLSRPT) string {
	if len(f.Record.Records) != 2 || len(r.Destinations) > 0 {
		return ""
	}
	for _, text := range f.Record.Records {
		if name, _, ok := strings.Cut(text, "="); ok && text != r.text && strings.EqualFold(strings.TrimSpace(name), "rua") {
			return text
		}
	}
	return ""
}

// secured says what must hold before a record names with https what was written with http:
// whether the host speaks TLS, nobody knows here. It is "" if there is no such destination.
func secured(text, proposed string) string {
	text = ascii.ToLower(text)
	for _, d := range ParseTLSRPT(proposed).Destinations {
		uri := ascii.ToLower(d.URI)
		if rest, ok := strings.CutPrefix(uri, "https://"); ok && strings.Contains(text, "http://"+rest) && !strings.Contains(text, uri) {
			host, _, _ := strings.Cut(rest, "/")
			return show.Escape(host) + " takes reports by https"
		}
	}
	return ""
}

// oneOf is the fix for several records: one with the destinations of all.
func oneOf(name string, records []string, domain string) *finding.Fix {
	all := &reading{version: "v=TLSRPTv1", values: map[string][]string{}}
	var remove []finding.Record
	for _, text := range records {
		r := readFields(text, all.version)
		all.values["rua"] = append(all.values["rua"], r.values["rua"]...)
		all.left = append(all.left, r.left...)
		for field := range strings.SplitSeq(r.rest, "; ") {
			if field != "" && !strings.Contains(all.rest+"; ", "; "+field+"; ") {
				all.rest += "; " + field
			}
		}
		remove = append(remove, finding.Record{Name: name, Type: "TXT", Value: text})
	}
	fix := fixOf("Leave one record, with the destinations of all in its rua=.", all.reports(domain))
	fix.Name, fix.Type, fix.Remove = name, "TXT", remove
	return fix
}

// to is the destination of which a host is.
func (f *ReportingFacts) to(h *ReportHost) string {
	for i := range f.Destinations {
		if f.HostOf(&f.Destinations[i]) == h {
			return quote(f.Destinations[i].URI)
		}
	}
	return show.Escape(h.Name)
}

// checkHosts says which destinations take no reports.
func (f *ReportingFacts) checkHosts(s *finding.Sheet) {
	if len(f.Hosts) > 0 {
		s.Decided("tls-rpt-host-cannot-receive")
	}
	for i := range f.Hosts {
		h := &f.Hosts[i]
		cannot, unanswered, evidence := h.Takes()
		switch {
		case cannot != "":
			s.Add("tls-rpt-host-cannot-receive", finding.Finding{Severity: finding.Error, Subject: h.Name, Evidence: evidence,
				Detail: fmt.Sprintf("Reports go to %s, and %s.", f.to(h), cannot)})
		case unanswered != "":
			s.Undecided("tls-rpt-host-cannot-receive")
			s.Add("tls-rpt-unresolved", finding.Finding{Evidence: evidence, CouldBe: finding.Error,
				Detail: fmt.Sprintf("Whether %s can take the reports is not known: the DNS did not answer for %s.", show.Escape(h.Name), unanswered)})
		}
	}
}

// Takes returns why no reports can go to the host, or what the DNS did not say of it; both
// are empty if they can. Evidence is what it rests on.
func (h *ReportHost) Takes() (cannot, unanswered string, evidence []finding.Evidence) {
	x := h.Exchanges
	switch {
	case h.Host != nil && h.Host.State == Unknown:
		return "", "its addresses", h.Host.Evidence
	case h.Host != nil && h.Host.State == Absent:
		return "that host has no address", "", h.Host.Evidence
	case h.Host != nil || x == nil:
	case x.State == Unknown:
		return "", "its MX", []finding.Evidence{x.Evidence}
	case x.Null:
		return "it has a null MX: it accepts no mail", "", []finding.Evidence{x.Evidence}
	case x.State == Absent && len(x.Hosts) == 0 && x.Evidence.Status == string(resolver.NXDomain):
		return "that domain does not exist", "", []finding.Evidence{x.Evidence}
	case x.State == Absent && len(x.Hosts) == 0:
		return "it has neither an MX nor an address", "", []finding.Evidence{x.Evidence}
	case x.Implicit && x.Hosts[0].State == Unknown:
		return "", "its addresses", x.Hosts[0].Evidence
	}
	return "", "", nil
}
