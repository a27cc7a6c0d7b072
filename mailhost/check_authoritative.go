package mailhost

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// authoritative judges the comparison of the authoritative servers.
func (j *judge) authoritative(a *Authoritative) {
	answering := 0
	for _, s := range a.Servers {
		if len(s.Records) > 0 {
			answering++
		}
	}
	if answering == 0 {
		detail := fmt.Sprintf("No authoritative server of %s answered, so they could not be compared.", a.Domain)
		switch a.NS {
		case Absent:
			detail = fmt.Sprintf("No NS records were found at %s or above it, so its authoritative servers are not known.", a.Domain)
		case Unknown:
			detail = fmt.Sprintf("The question for the name servers of %s was not answered, so they could not be compared.", a.Domain)
		}
		evidence := slices.Clone(a.Evidence)
		for _, s := range a.Servers {
			evidence = append(evidence, s.Evidence...)
		}
		j.unresolved("Name servers could not be compared (NS lookup failed)", a.Domain, detail, finding.Error, evidence)
		return
	}
	j.Decided("ns-lame", "ns-unreachable")
	j.disagree(a)
	j.failing(a)
}

// disagree compares what the servers say, question by question.
func (j *judge) disagree(a *Authoritative) {
	whole := true
	for _, c := range compared {
		answered := 0
		var texts []string
		servers := make(map[string][]string)
		evidence := make(map[string]finding.Evidence)
		for _, s := range a.Servers {
			for i, p := range s.Records {
				if p.What != c.what {
					continue
				}
				answered++
				text := p.text()
				if servers[text] == nil {
					texts = append(texts, text)
					evidence[text] = s.evidenceOf(i)
				}
				servers[text] = append(servers[text], s.label())
			}
		}
		if answered < min(2, a.reachable()) {
			whole = false // there was nothing to compare with
		}
		if len(texts) < 2 {
			continue
		}
		f := finding.Finding{Subject: c.prefix + a.Domain, Title: fmt.Sprintf("Name servers return different %s records (out of sync)", c.what),
			Detail: fmt.Sprintf("The authoritative servers of %s give %d different answers for %s.", a.Zone, len(texts), c.what),
			Fix:    &finding.Fix{Summary: "Bring all servers to the same zone."}}
		for _, text := range texts {
			f.Detail += fmt.Sprintf(" %s: %s.", named(servers[text]), show.Cut(text, maxShown))
			if len(f.Evidence) < maxEvidence {
				f.Evidence = append(f.Evidence, evidence[text])
			}
		}
		j.Add("ns-inconsistent", f)
	}
	if whole {
		j.Decided("ns-inconsistent")
	} else {
		j.Undecided("ns-inconsistent")
	}
}

// reachable is how many servers have an address.
func (a *Authoritative) reachable() int {
	n := 0
	for i := range a.Servers {
		if a.Servers[i].Addr.IsValid() {
			n++
		}
	}
	return n
}

// evidenceOf is the evidence of the i-th record: those that were not answered
// have evidence, but no record.
func (s *Server) evidenceOf(i int) finding.Evidence {
	for _, e := range s.Evidence {
		if e.Status == "found" || e.Status == "nodata" || e.Status == "nxdomain" {
			if i == 0 {
				return e
			}
			i--
		}
	}
	return finding.Evidence{}
}

func (s *Server) label() string {
	if !s.Addr.IsValid() {
		return s.Host
	}
	return fmt.Sprintf("%s (%s)", s.Host, s.Addr)
}

// failing judges the servers that did not answer. One that cannot be reached at
// one address but answers at another may be a matter of this network, which
// perhaps has no IPv6.
func (j *judge) failing(a *Authoritative) {
	byHost := make(map[string][]*Server)
	var hosts []string
	for i := range a.Servers {
		s := &a.Servers[i]
		if byHost[s.Host] == nil {
			hosts = append(hosts, s.Host)
		}
		byHost[s.Host] = append(byHost[s.Host], s)
	}
	for _, host := range hosts {
		var lame, unreachable []string
		answers := false
		var evidence []finding.Evidence
		for _, s := range byHost[host] {
			switch s.State {
			case Answers:
				answers = true
				continue
			case Lame:
				lame = append(lame, s.label())
			case Nowhere:
				lame = append(lame, s.Host+", which has no address")
			case Unreachable:
				unreachable = append(unreachable, s.label())
			default:
				continue
			}
			evidence = append(evidence, s.Evidence...)
		}
		evidence = evidence[:min(len(evidence), maxEvidence)]
		switch {
		case len(lame) > 0:
			j.Add("ns-lame", finding.Finding{Subject: host, Evidence: evidence,
				Detail: fmt.Sprintf("The NS records of %s name %s, but it does not answer for the zone.", a.Zone, strings.Join(lame, ", ")),
				Fix:    &finding.Fix{Summary: fmt.Sprintf("Configure %s on %s, or remove the server from the NS records.", a.Zone, host)}})
		case len(unreachable) > 0 && !answers:
			j.Add("ns-unreachable", finding.Finding{Subject: host, Evidence: evidence,
				Detail: fmt.Sprintf("The NS records of %s name %s, but nothing came back from there.", a.Zone, strings.Join(unreachable, ", ")),
				Fix:    &finding.Fix{Summary: fmt.Sprintf("Look whether %s is up and reachable on port 53 over UDP and TCP.", host)}})
		}
	}
}
