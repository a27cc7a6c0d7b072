package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
)

// hosts judges the PTR round trip of the address, and HELO.
func (j *judgement) hosts(f *mailhost.Facts, findings []finding.Finding) {
	id := &j.request.Identities
	if f == nil {
		return
	}
	for i := range f.Addresses {
		a := &f.Addresses[i]
		if a.Addr != id.ClientIP.Unmap() || !j.wants(reply.ProofPTR) && j.plan.mode != level {
			continue
		}
		ip := a.Addr.String()
		p := aspect{proof: reply.ProofPTR, findings: pick(findings, func(f *finding.Finding) bool {
			return f.Subject == ip && about(f, "ptr-missing", "ptr-unconfirmed", "ptr-generic")
		})}
		hard := slices.ContainsFunc(p.findings, func(f finding.Finding) bool { return grave(&f) })
		state, why, _ := unanswered(findings, finding.Hosts)
		switch {
		case a.NotPublic != "":
			p.state, p.why, p.findings = open, fmt.Sprintf("%s is a %s address, which the public DNS has no name for. The receiver saw another one: state it with --ip.", ip, a.NotPublic), nil
		case hard:
			p.state, p.why = shown, cmp.Or(p.findings[0].Detail, p.findings[0].Title)
		case a.PTR == mailhost.Unknown, a.Confirmed() == mailhost.Unknown:
			p.state, p.why, p.findings = open, cmp.Or(why, "The PTR record of "+ip+" was not answered."), nil
			if state == notAsked {
				p.state = notAsked
			}
		case len(p.findings) > 0 && j.request.Reason == reply.PTRRequired:
			// A generated name is what such receivers refuse too.
			p.state, p.why = shown, cmp.Or(p.findings[0].Detail, p.findings[0].Title)
		case a.Confirmed() != mailhost.Present:
			p.state, p.why, p.findings = open, "Nothing can be said of the PTR record of "+ip+".", nil
		default:
			names := make([]string, len(a.Names))
			for i, n := range a.Names {
				names[i] = n.Name
			}
			p.state, p.why, p.findings = right, fmt.Sprintf("The PTR record of %s names %s, which leads back to it.", ip, show.Listed(names, 3)), nil
		}
		j.add(p)
	}
	for i := range f.HELO {
		h := &f.HELO[i]
		if !j.wants(reply.ProofHELO) {
			continue
		}
		p := aspect{proof: reply.ProofHELO}
		p.findings = pick(findings, func(f *finding.Finding) bool { return about(f, "helo-unresolvable", "helo-mismatch") })
		if len(p.findings) > 1 {
			p.findings = p.findings[:1] // that it does not match follows
		}
		switch {
		case len(p.findings) > 0 && j.request.Reason != reply.PTRRequired || slices.ContainsFunc(p.findings, func(f finding.Finding) bool { return f.Check == "helo-unresolvable" }):
			p.state, p.why = shown, cmp.Or(p.findings[0].Detail, p.findings[0].Title)
		case h.Resolves == mailhost.Unknown && !h.Literal:
			state, why, _ := unanswered(findings, finding.Hosts)
			p.state, p.why, p.findings = max(state, open), cmp.Or(why, "The HELO name "+h.Name+" was not answered."), nil
		case h.Resolves != mailhost.Present && !h.Literal:
			p.state, p.why, p.findings = open, "Nothing can be said of the HELO name "+h.Name+".", nil
		default:
			p.state, p.why, p.findings = right, fmt.Sprintf("The HELO name %s has an address.", h.Name), nil
		}
		j.add(p)
	}
}

// envelope judges where the envelope domain takes its mail, and whether it exists.
func (j *judgement) envelope(s *step, res *audit.Result) {
	d := s.target.Domain
	p := aspect{proof: reply.ProofMailFrom}
	p.findings = pick(res.Findings, func(f *finding.Finding) bool {
		return about(f, "domain-missing", "domain-no-soa", "mx-missing", "mx-null", "mx-null-not-alone", "mx-unresolvable", "mx-ip-literal", "mx-private-address") && grave(f)
	})
	j.host(&p, d, res, "The envelope domain "+d)
}

// host is the rest of the judgement of a domain as one that takes mail.
func (j *judgement) host(p *aspect, d string, res *audit.Result, who string) {
	state, why, is := unanswered(pick(res.Findings, func(f *finding.Finding) bool {
		return f.Check == "hosts-unresolved" && !strings.Contains(f.Detail, "PTR") || mailhost.NothingKnown(f.Check) || f.Check == "domain-missing"
	}), finding.Hosts)
	switch h := res.Hosts.Domain; {
	case len(p.findings) > 0:
		p.state, p.why = shown, cmp.Or(p.findings[0].Detail, p.findings[0].Title)
	case is:
		p.state, p.why = state, why
	case h == nil || h.MX == mailhost.MXUnknown:
		p.state, p.why = open, who+" was not answered."
	case h.MX == mailhost.MXPresent:
		p.state, p.why = right, fmt.Sprintf("%s exists and takes its mail at %s.", who, show.Listed(h.MXHosts(), 3))
	default:
		p.state, p.why = right, who+" exists and takes its mail at its own address."
	}
	j.add(*p)
}

// recipient judges where the recipient's domain takes its mail.
func (j *judgement) recipient(s *step, res *audit.Result) {
	d := s.target.Domain
	p := aspect{proof: reply.ProofRecipientMX}
	causes := []string{"domain-missing", "mx-missing", "mx-null", "mx-null-not-alone", "mx-unresolvable", "mx-ip-literal", "mx-private-address", "mx-cname"}
	if j.request.Reason == reply.Network || j.request.Reason == reply.Expired || j.request.Reason == reply.DNS {
		causes = append(causes, "ns-lame", "ns-unreachable", "ns-inconsistent")
	}
	p.findings = pick(res.Findings, func(f *finding.Finding) bool {
		return about(f, causes...) && (grave(f) || f.Severity == finding.Warning)
	})
	h := res.Hosts.Domain
	p.findings = forRecipient(p.findings, d)
	if h != nil && h.MX == mailhost.MXNull && len(p.findings) == 0 {
		// For a domain that receives no mail this is as it should be; for the sender it
		// is the cause.
		p.state, p.why = shown, nullMX(d)
		p.findings = []finding.Finding{{Check: "mx-null", Severity: finding.Info, Section: finding.Hosts, Subject: d, Title: "The recipient's domain takes no mail (null MX)",
			Detail: p.why, Evidence: h.Evidence, Reference: "RFC 7505, 3"}}
		j.add(p)
		return
	}
	j.host(&p, d, res, "The recipient's domain "+d)
	last := &j.aspects[len(j.aspects)-1]
	host := j.request.Identities.RemoteHost
	if last.state == right && h != nil && host != "" && h.MX == mailhost.MXPresent {
		if slices.Contains(h.MXHosts(), host) {
			last.why += fmt.Sprintf(" %s, which answered, is one of them.", host)
		} else {
			last.why += fmt.Sprintf(" %s, which answered, is none of them: the mail was sent elsewhere, or the MX records have changed.", host)
		}
	}
	if last.state == right && j.request.Reason == reply.RelayDenied {
		last.why += " Whether the server wants a login first, the DNS does not show."
	}
	if last.state == right && j.request.Reason == reply.Network {
		last.why += " Whether its servers can be reached at port 25, the DNS does not show."
	}
}

// forRecipient words the findings for one who sends to the domain: checks are written for
// its owner, who sends from it.
func forRecipient(findings []finding.Finding, d string) []finding.Finding {
	for i := range findings {
		switch f := &findings[i]; f.Check {
		case "domain-missing":
			f.Detail, f.Fix = fmt.Sprintf("The recipient's domain %s does not exist in the DNS (NXDOMAIN), so no mail to it can be delivered.", d), nil
		case "mx-null":
			f.Detail, f.Fix = nullMX(d), nil
		}
	}
	return findings
}

func nullMX(d string) string {
	return fmt.Sprintf("The recipient's domain %s says with a null MX that it takes no mail.", d)
}

// lists judges what the block lists said.
func (j *judgement) lists(s *step, survey *rbl.Survey, findings []finding.Finding) {
	p := aspect{proof: reply.ProofRBL}
	p.findings = pick(findings, func(f *finding.Finding) bool {
		return about(f, "rbl-listed", "rbl-domain-listed")
	})
	subjects := append([]string{}, s.domains...)
	if s.ip.IsValid() {
		subjects = append([]string{s.ip.String()}, subjects...)
	}
	on := "the block lists asked"
	if s.zone != "" {
		on = s.zone
	}
	bad, silent, clean := "", "", 0
	asked := false
	for i := range survey.Listings {
		l := &survey.Listings[i]
		switch l.Verdict {
		case rbl.Listed:
			bad = l.Subject
		case rbl.Clean:
			clean++
		default:
			silent = cmp.Or(silent, l.Zone+": "+cmp.Or(l.Why, "it gave no verdict"))
			asked = asked || !slices.ContainsFunc(l.Evidence, func(e finding.Evidence) bool { return e.Status == string(resolver.Offline) })
		}
	}
	switch {
	case bad != "" && len(p.findings) > 0:
		p.state, p.why = shown, fmt.Sprintf("%s is on %s now.", bad, on)
	case silent != "" && (s.zone != "" || clean == 0):
		p.state, p.why = open, fmt.Sprintf("Whether %s is on %s is not known. %s.", show.Listed(subjects, 3), on, strings.TrimSuffix(silent, "."))
		if slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Severity == finding.NotChecked }) {
			p.state = notAsked
		}
	case clean > 0:
		p.state, p.why = right, fmt.Sprintf("%s is not on %s now.", show.Listed(subjects, 3), on)
	default:
		p.state, p.why = open, fmt.Sprintf("Nothing can be said of %s on %s.", show.Listed(subjects, 3), on)
	}
	j.add(p)
}
