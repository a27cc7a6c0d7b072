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
	answering, without := 0, false
	for i := range a.Servers {
		if len(a.Servers[i].Records) > 0 {
			answering++
		}
		without = without || a.Servers[i].State == WithoutAuthority
	}
	if answering == 0 {
		detail := fmt.Sprintf("No authoritative server of %s answered, so they could not be compared.", a.Domain)
		switch {
		case without:
			detail = fmt.Sprintf("What answers at the addresses of the name servers of %s is no authoritative server (no AA bit): a router or provider may intercept questions to port 53. So they could not be compared.", a.Domain)
		case a.NS == Absent:
			detail = fmt.Sprintf("No NS records were found at %s or above it, so its authoritative servers are not known.", a.Domain)
		case a.NS == Unknown:
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
	var alone, none []string
	for _, c := range compared {
		answered := 0
		var texts []string
		servers := make(map[string][]string)
		evidence := make(map[string]finding.Evidence)
		for _, s := range a.Servers {
			for _, p := range s.Records {
				if p.What != c.what {
					continue
				}
				answered++
				text := p.text()
				if servers[text] == nil {
					texts = append(texts, text)
					evidence[text] = s.Evidence[p.at]
				}
				servers[text] = append(servers[text], s.label())
			}
		}
		switch {
		case answered >= min(2, a.reachable()):
		case answered == 0:
			none = append(none, c.what)
		default:
			alone = append(alone, c.what) // there is nothing to compare with
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
	if alone == nil && none == nil {
		j.Decided("ns-inconsistent")
		return
	}
	j.Undecided("ns-inconsistent")
	detail := ""
	if alone != nil {
		detail = fmt.Sprintf("One server alone answered for %s, so that there is nothing to compare.", strings.Join(alone, ", "))
	} else {
		detail = fmt.Sprintf("None of the servers answered for %s, so that there is nothing to compare.", strings.Join(none, ", "))
	}
	j.unresolved("Name servers could not be compared", a.Domain, detail, finding.Error, a.Evidence)
}

// authority reports whether a server answers with authority at an address of the kind.
func (a *Authoritative) authority(v4 bool) bool {
	return slices.ContainsFunc(a.Servers, func(s Server) bool { return s.State == Answers && s.Addr.Is4() == v4 })
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

func (s *Server) label() string {
	if !s.Addr.IsValid() {
		return s.Host
	}
	return fmt.Sprintf("%s (%s)", s.Host, s.Addr)
}

// failing judges the servers that did not answer. One that cannot be reached at
// one address but answers at another may be a matter of this network, which
// perhaps has no IPv6; so may it be that what answers has no authority, unless others have at
// addresses of the same kind.
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
			case WithoutAuthority:
				if !a.authority(s.Addr.Is4()) {
					continue
				}
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
