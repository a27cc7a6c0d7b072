package mailhost

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// NothingKnown reports whether the check says why nothing is known of a domain: that a resolver
// is of no use, or that the servers of the domain do not answer. What else is unknown may have
// that cause.
func NothingKnown(check string) bool {
	return check == "resolver-silent" || check == "resolver-not-public" || check == "zone-silent"
}

// NotPublic is the finding that a resolver does not see the public DNS: it denies
// what is there, or finds what cannot be, by the evidence. If it is all, nothing that it
// says is believed, and else nothing that it says of the top-level domains of the evidence.
func NotPublic(domain, server string, evidence []finding.Evidence, all bool) finding.Finding {
	s := finding.NewSheet(checkList, domain)
	if server == "" {
		server = "the resolver"
	}
	var wrong, hidden []string
	for _, e := range evidence {
		what := "the top-level domain " + e.Name
		switch {
		case e.Name == ".":
			what = "the root"
		case e.Type == "A" && e.Status != "found":
			hidden = append(hidden, e.Name)
			continue
		}
		switch e.Status {
		case "nxdomain":
			wrong = append(wrong, what+" does not exist")
		case "nodata":
			wrong = append(wrong, what+" has no name servers")
		case "found":
			switch {
			case e.Name == domain:
				wrong = append(wrong, fmt.Sprintf("%s has the address %s, and yet no SOA record: so a resolver answers that blocks a name", domain, show.Listed(e.Answer, maxNamed)))
			case strings.HasSuffix(e.Name, ".invalid"):
				wrong = append(wrong, fmt.Sprintf("%s has a %s record, a name that cannot exist (RFC 6761, 6.4)", e.Name, e.Type))
			}
		default:
			wrong = append(wrong, fmt.Sprintf("it says nothing about %s (%s)", what, e.Status))
		}
	}
	so := fmt.Sprintf("so that what it says of %s is not believed: nothing is known of the domain.", domain)
	if hidden != nil {
		wrong = append(wrong, "com is served by "+show.Listed(hidden, maxNamed)+", and none of these exists")
	}
	switch {
	case !all && hidden != nil:
		so = "but lets a few names through, so that what it denies elsewhere is not believed."
	case !all:
		so = "so that what it says of names there is not believed."
	}
	f := finding.Finding{Evidence: evidence, Undecides: all,
		Detail: fmt.Sprintf("By %s, %s. It does not see the public DNS, %s", server, strings.Join(wrong, ", and "), so),
		Fix:    &finding.Fix{Summary: "Ask another resolver: with --resolver, or in the settings of this system."}}
	if all {
		f.CouldBe = finding.Critical
	}
	s.Add("resolver-not-public", f)
	return *s.Found()[0]
}

// Silent is the finding that no resolver answered any question, by the evidence, which is
// some of them; why names the servers and what came of asking them. If late, none had
// failed before the time of the audit was over.
func Silent(domain, why string, late bool, evidence []finding.Evidence) finding.Finding {
	s := finding.NewSheet(checkList, domain)
	f := finding.Finding{Evidence: evidence, Undecides: true,
		Detail: fmt.Sprintf("No resolver answered any question (%s). That says nothing about %s.", why, domain),
		Fix:    &finding.Fix{Summary: "Ask another resolver (--resolver ADDR), or wait longer for an answer (--timeout 10s)."}}
	if late {
		f.Title = "DNS resolver did not answer in time"
		f.Detail = fmt.Sprintf("The time of the audit was over before any question was answered. That says nothing about %s.", domain)
		f.Fix = &finding.Fix{Summary: "Give the audit more time (--deadline), or ask another resolver (--resolver ADDR)."}
	}
	s.Add("resolver-silent", f)
	return *s.Found()[0]
}

// MadeUp is the finding that a resolver with DNS64 made addresses up, or (byLooks) may have: they were left
// out of the hosts of the evidence.
func MadeUp(domain, server string, byLooks bool, hosts []string, evidence []finding.Evidence) finding.Finding {
	s := finding.NewSheet(checkList, domain)
	more := ""
	if n := len(hosts) - maxNamed; n > 0 {
		hosts, more = hosts[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	f := finding.Finding{Evidence: evidence[:min(len(evidence), maxEvidence)],
		Detail: fmt.Sprintf("%s makes IPv6 addresses up for hosts that have none (DNS64): for %s%s. Nobody else sees them, so they are left out.",
			server, strings.Join(hosts, ", "), more),
		Fix: &finding.Fix{Summary: "Nothing is to be done for the domain. Ask a resolver without DNS64 to see what others see."}}
	if byLooks {
		f.Title = "DNS resolver may synthesize IPv6 addresses (DNS64)"
		f.Detail = fmt.Sprintf("By %s, IPv6 addresses hold the IPv4 address of the same host, as a resolver makes them up for hosts that have none (DNS64): those of %s%s. It does not answer about ipv4only.arpa as others do, which would tell, so they are left out.",
			server, strings.Join(hosts, ", "), more)
		f.Fix.Summary = "Ask another resolver (--resolver). If mail does leave from these addresses, state them with --ip."
	}
	s.Add("resolver-dns64", f)
	return *s.Found()[0]
}

// ZoneSilent is the finding that nothing of a zone was answered: why says what came of asking.
// Others says that something else was, and all that nothing else was not.
func ZoneSilent(domain, zone, why string, others, all bool, evidence []finding.Evidence) finding.Finding {
	s := finding.NewSheet(checkList, domain)
	why += inItsWords(evidence)
	f := finding.Finding{Evidence: evidence, Undecides: all,
		Detail: fmt.Sprintf("Not one question about %s was answered (%s). That says nothing about what it publishes.", zone, why),
		Fix:    &finding.Fix{Summary: fmt.Sprintf("See to the name servers of %s: each must answer for the zone, and a signed zone must validate. Then try again.", zone)}}
	if others {
		f.Detail = fmt.Sprintf("Not one question about %s was answered (%s); those about other domains were. That says nothing about what it publishes.", zone, why)
	}
	s.Add("zone-silent", f)
	return *s.Found()[0]
}

// ZoneRefused is the finding that a resolver refuses to answer about a zone, and answers about
// others: that is its own policy (RFC 1035, 4.1.1; RFC 8914, 4.16 to 4.19). Why says what came of asking,
// and all that nothing else was not answered.
func ZoneRefused(domain, zone, why string, all bool, evidence []finding.Evidence) finding.Finding {
	s := finding.NewSheet(checkList, domain)
	s.Add("zone-silent", finding.Finding{Evidence: evidence, Undecides: all, Title: "DNS resolver refuses to answer about the domain",
		Detail: fmt.Sprintf("Every question about %s was refused (%s); those about other domains were answered. So the resolver blocks the domain, or may not look it up. That says nothing about what it publishes.",
			zone, why+inItsWords(evidence)),
		Fix: &finding.Fix{Summary: "Ask another resolver: with --resolver, or in the settings of this system."}})
	return *s.Found()[0]
}

// inItsWords is the first reason that a resolver gave for a failure, if it gave one.
func inItsWords(evidence []finding.Evidence) string {
	for _, e := range evidence {
		if e.Note != "" {
			return ", in its words: " + show.Cut(e.Note, 100)
		}
	}
	return ""
}
