package audit

import (
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/spf"
)

// mostlyFindings is room for the findings of most audits, passes included: they are
// large, and moving them to a larger place again and again is what costs.
const mostlyFindings = 128

// judge turns the facts into findings.
func (a *run) judge() {
	res := a.result
	res.Findings = make([]finding.Finding, 0, mostlyFindings)
	res.Profile, res.ProfileWhy = a.profile()
	if a.wants(finding.SPF) {
		a.judgeSPF()
	}
	if a.wants(finding.DKIM) {
		res.Findings = append(res.Findings, dkim.Check(res.DKIM, dkim.Context{Profile: res.Profile})...)
	}
	if a.wants(finding.DMARC) {
		c := dmarc.Context{Profile: res.Profile, Alignments: res.Alignments, HasSPF: a.hasSPF(), HasDKIM: a.hasDKIM()}
		res.Findings = append(res.Findings, dmarc.Check(res.DMARC, c)...)
		res.NextDMARC = res.DMARC.Next(c)
	}
	if a.wants(finding.Reputation) {
		res.Findings = append(res.Findings, rbl.Check(res.RBL, rbl.Context{Profile: res.Profile,
			AddressesUnknown: res.Examined.SendersUnknown})...)
	}
	if a.wants(finding.Hosts) {
		res.Findings = append(res.Findings, mailhost.Check(res.Hosts, mailhost.Context{Profile: res.Profile})...)
	}
	a.judgeReceivers()
}

// judgeSPF checks the policy of the domain and of each other envelope domain. A
// stated address must pass in the envelope domains that are used with it.
func (a *run) judgeSPF() {
	res := a.result
	stated := len(a.target.IPs) > 0
	for _, p := range append([]*spf.Policy{res.SPF}, res.Envelope...) {
		c := spf.Context{Profile: res.Profile, DMARCEnforces: res.DMARC.Enforces(), MX: "unknown"}
		if p.Domain == res.Domain {
			c.MX = string(a.domain.MX)
		}
		if stated && slices.Contains(res.Examined.MailFrom, p.Domain) {
			for _, e := range res.Evaluations {
				if e.Domain == p.Domain {
					c.Evaluations = append(c.Evaluations, e)
				}
			}
		}
		found := spf.Check(p, c)
		for _, f := range found {
			if f.Severity != finding.Pass {
				a.spfFindings[p.Domain] = append(a.spfFindings[p.Domain], f.Check)
			}
		}
		res.Findings = append(res.Findings, found...)
	}
}

// profile returns what the domain is for: what was stated, else what its records
// declare. Only an explicit "nothing is sent" makes it anything but a sender.
func (a *run) profile() (finding.Profile, string) {
	t, res := a.target, a.result
	if t.Profile != "" {
		return t.Profile, "stated"
	}
	var sends []string
	for what, given := range map[string]bool{"sending addresses": len(t.IPs) > 0, "envelope domains": len(t.MailFrom) > 0,
		"DKIM selectors": len(t.Selectors) > 0, "DKIM domains": len(t.DKIMDomains) > 0, "HELO names": len(t.HELO) > 0} {
		if given {
			sends = append(sends, what)
		}
	}
	if len(sends) > 0 {
		slices.Sort(sends)
		return finding.Sender, "guessed: " + strings.Join(sends, " and ") + " are stated"
	}
	if !res.SPF.SendsNothing() {
		return finding.Sender, "guessed: no record says that the domain sends nothing"
	}
	switch a.domain.MX {
	case mailhost.MXNull, mailhost.MXNone:
		return finding.Parked, "guessed: its SPF record is v=spf1 -all and no MX takes mail"
	case mailhost.MXPresent:
		return finding.Receiver, "guessed: its SPF record is v=spf1 -all and it has an MX"
	}
	return finding.Receiver, "guessed: its SPF record is v=spf1 -all; its MX is not known"
}

// hasSPF reports whether the domain has a usable SPF record; nil: not known.
func (a *run) hasSPF() *bool {
	switch a.result.SPF.Status {
	case spf.StatusFound:
		return answer(true)
	case spf.StatusNone, spf.StatusNXDomain, spf.StatusMultiple:
		return answer(false)
	}
	return nil
}

// hasDKIM reports whether the domain has a usable key; nil: not known.
func (a *run) hasDKIM() *bool {
	if a.result.DKIM == nil {
		return nil
	}
	for _, k := range a.result.DKIM.Keys {
		if k.Domain == a.result.Domain && k.Live() {
			return answer(true)
		}
	}
	if a.result.DKIM.Proof == dkim.ProofAbsent {
		return answer(false)
	}
	return nil
}

func answer(b bool) *bool { return &b }
