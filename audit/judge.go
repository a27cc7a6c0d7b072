package audit

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// judge turns the facts into findings. If the DNS left open what the domain is
// for, it is judged as each thing that it could be.
func (a *run) judge() {
	res := a.result
	profiles, why := a.profiles()
	res.Profile, res.ProfileWhy = profiles[0], why
	a.noteServices()
	if len(profiles) == 1 && res.Detail != Whole {
		res.Findings, res.Passes = finding.CollectFound(a.sheets(profiles[0])...)
		res.Findings = a.further(res.Findings, profiles[0])
	} else {
		res.Findings = a.findings(profiles[0])
	}
	sheets := a.spfSheets
	for _, other := range profiles[1:] {
		res.Findings = whatever(res.Findings, a.findings(other), profiles[0], other)
	}
	a.spfSheets = sheets
	NotChecked(res.Findings, res.Trace)
	res.Findings, res.Passes = follow(lostReports(misplacedDMARC(wildcards(a.noteDNS64(res.Findings)), a.hasOwnKey()), res.Domain), res.Passes, res.Domain)
	fault := a.commonFault()
	a.judgeReceivers(fault)
	a.uncheckReceivers()
	if fault != nil {
		fault.put(a)
	}
	for i := range res.Evaluations {
		UncheckSPF(&res.Evaluations[i], res.Trace)
	}
}

// findings judges the domain as one that is for that.
func (a *run) findings(profile finding.Profile) []finding.Finding {
	return a.further(finding.Collect(a.sheets(profile)...), profile)
}

// sheets are what the checks make of the domain as one that is for that.
func (a *run) sheets(profile finding.Profile) []*finding.Sheet {
	res := a.result
	sheets := make([]*finding.Sheet, 0, 5+len(res.Envelope))
	if a.wants(finding.SPF) {
		a.judgeSPF(profile)
		sheets = append(sheets, a.spfSheets...)
	}
	if a.wants(finding.DKIM) {
		sheets = append(sheets, dkim.Check(res.DKIM, dkim.Context{Profile: profile, Stated: a.target.Profile != "", Kin: a.kin, Envelopes: a.envelopeKeys}))
	}
	if a.wants(finding.DMARC) {
		c := dmarc.Context{Profile: profile, Alignments: res.Alignments, HasSPF: a.hasSPF(), HasDKIM: a.hasDKIM()}
		if res.SPF != nil && res.SPF.Record != nil {
			c.SPF = res.SPF.Record.Text
		}
		if k := a.kin.Live(); k != nil && !a.hasOwnKey() {
			c.SignedAbove = k.Domain
		}
		if c.Signers = a.signersBelow(); profile != finding.Sender {
			c.Senders = a.sendersBelow()
			if a.target.Profile == "" {
				c.Signs = a.signsYet()
			}
		}
		for _, e := range res.Examined.Envelopes {
			if e.Domain != res.Domain && !slices.Contains(a.target.MailFrom, e.Domain) && resolver.Within(e.Domain, res.Domain) {
				c.Envelopes = append(c.Envelopes, e.Domain)
			}
		}
		sheets = append(sheets, dmarc.Check(res.DMARC, c))
		if profile == res.Profile && res.Detail != ForRow {
			res.NextDMARC = res.DMARC.Next(c)
		}
	}
	if a.wants(finding.Reputation) {
		sheets = append(sheets, rbl.Check(res.RBL, rbl.Context{Profile: profile, AddressesUnknown: res.Examined.SendersUnknown, AddressesLeftOut: res.Examined.LeftOut > 0}))
	}
	if a.wants(finding.Hosts) {
		hosts := mailhost.Check(a.misledBounces(res.Hosts), mailhost.Context{Profile: profile,
			AddressesUnknown: res.Examined.SendersUnknown || res.Examined.LeftOut > 0})
		a.mislaidMX(hosts)
		a.halfMislaidMX(hosts)
		a.mislaidAddresses(hosts)
		a.returnPathMX(hosts)
		sheets = append(sheets, hosts)
	}
	for _, services := range []*finding.Sheet{a.leftBehind(profile), a.inferred(profile, sheets), a.checkReturnPaths(profile)} {
		if services != nil {
			sheets = append(sheets, services)
		}
	}
	return sheets
}

// further adds to the findings of the sheets what comes without one.
func (a *run) further(findings []finding.Finding, profile finding.Profile) []finding.Finding {
	res := a.result
	if res.Transport != nil {
		findings = append(findings, transport.Check(res.Transport, arriving(findings)...)...)
	}
	if profile == finding.Sender {
		findings = append(findings, a.needed...)
	}
	awaitSPF(findings)
	a.awaitDoubled(findings)
	a.awaitExcluded(findings)
	led := a.aliases()
	return a.behindWildcard(a.atEnds(a.dangling(a.behindAlias(a.ownAddresses(findings), led), led), led))
}

// awaitSPF has fixes wait that publish an SPF record beside another one, as it stood in one text with
// that, which is in error: nobody but the owner has seen what it is to be.
func awaitSPF(findings []finding.Finding) {
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil {
			continue
		}
		for _, r := range f.Fix.More {
			terms, l := spf.Parse(r.Value)
			if r.Type != "TXT" || !spf.IsRecord(r.Value) || l.ErrorAt < 0 {
				continue
			}
			await(f, fmt.Sprintf("%q in the SPF record is put right", terms[l.ErrorAt].Text))
			break
		}
	}
}

// await has the fix of a finding wait for a condition; other findings may share that fix as it was.
func await(f *finding.Finding, when string) {
	fix := *f.Fix
	fix.Await(when)
	f.Fix = &fix
}

// whatever keeps what holds of both judgements. What only one of them finds
// depends on what the DNS did not say, and so is unknown itself.
func whatever(findings, others []finding.Finding, as, other finding.Profile) []finding.Finding {
	like := func(list []finding.Finding, f *finding.Finding) bool {
		return slices.ContainsFunc(list, func(g finding.Finding) bool {
			return g.Check == f.Check && g.Subject == f.Subject && g.Severity == f.Severity
		})
	}
	var out []finding.Finding
	keep := func(f finding.Finding, in []finding.Finding, profile finding.Profile) {
		switch {
		case like(in, &f):
			out = append(out, f)
		case f.Severity == finding.Pass || f.Severity == finding.Info || f.Severity == finding.Notice:
		default:
			if f.Severity != finding.Unknown {
				// A section that this is nothing in, or half of it, has no value yet.
				f.CouldBe, f.Severity, f.Undecides = f.Severity, finding.Unknown, f.Undecides || f.Severity.AtLeast(finding.Error)
			}
			if why := " This counts if the domain is a " + string(profile) + "; the record that would say so was not answered."; !strings.HasSuffix(f.Detail, why) {
				f.Detail += why
			}
			f.Fix = nil
			out = append(out, f)
		}
	}
	for _, f := range findings {
		keep(f, others, as)
	}
	for _, f := range others {
		if !like(findings, &f) {
			keep(f, nil, other)
		}
	}
	return out
}

// policies are those of the domain and of each other envelope domain.
func (a *run) policies() []*spfpolicy.Policy {
	return append([]*spfpolicy.Policy{a.result.SPF}, a.result.Envelope...)
}

// judgeSPF checks the policy of the domain and of each other envelope domain. A
// stated address must pass in the envelope domains that are used with it.
func (a *run) judgeSPF(profile finding.Profile) {
	res := a.result
	a.spfSheets = nil
	stated := len(a.target.IPs) > 0
	for _, p := range a.policies() {
		c := spfpolicy.Context{Profile: profile, DMARCEnforces: res.DMARC.Enforces(), MX: "unknown"}
		c.Foreign = p.Domain != res.Domain && resolver.Registrable(p.Domain) != resolver.Registrable(res.Domain)
		if p.Domain == res.Domain {
			c.MX, c.MXMended = string(a.domain.MX), a.mendsMX()
			c.Envelopes = a.envelopesElsewhere()
			c.Signs = a.target.Profile == "" && a.signsYet() != ""
		} else if i := slices.IndexFunc(res.Examined.Envelopes, func(e EnvelopeOf) bool { return e.Domain == p.Domain }); i >= 0 {
			c.Service = res.Examined.Envelopes[i].Service
		}
		if stated && slices.Contains(res.Examined.MailFrom, p.Domain) {
			for _, e := range res.Evaluations {
				if e.Domain == p.Domain {
					c.Evaluations = append(c.Evaluations, e)
				}
			}
		}
		if profile == finding.Sender && !stated {
			c.Doubtful = a.doubtful(p)
		}
		if a.misledTo(p) {
			a.spfSheets = append(a.spfSheets, finding.NewSheet(serviceChecks, p.Domain)) // said of the alias
			continue
		}
		sheet := spfpolicy.Check(p, c)
		a.atEnvelope(sheet, p.Domain, c.Foreign)
		a.spfSheets = append(a.spfSheets, sheet)
	}
}

// profiles returns what the domain is for: what was stated, else what its records
// declare. Only an explicit "nothing is sent" makes it anything but a sender. They
// are several if a record that would declare it was not answered.
func (a *run) profiles() ([]finding.Profile, string) {
	found := a.result.Examined.Envelopes
	for _, p := range a.returnPaths {
		found = append(slices.Clip(found), EnvelopeOf{p.name, p.service.Name})
	}
	if like := a.options.Like; like != nil {
		return profiles(a.target, append(slices.Clip(like.Examined.Envelopes), found...), like.SPF, like.DKIM, like.DMARC, like.Hosts.Domain.MX)
	}
	return profiles(a.target, found, a.result.SPF, a.result.DKIM, a.result.DMARC, a.domain.MX)
}

func profiles(t Target, found []EnvelopeOf, policy *spfpolicy.Policy, keys *dkim.Discovery, d *dmarc.Discovery, mx mailhost.MXState) ([]finding.Profile, string) {
	if t.Profile != "" {
		return []finding.Profile{t.Profile}, "stated"
	}
	sender := []finding.Profile{finding.Sender}
	var sends []string
	for _, stated := range [...]struct {
		what string
		n    int
	}{{"DKIM domains", len(t.DKIMDomains)}, {"DKIM selectors", len(t.Selectors)}, {"HELO names", len(t.HELO)},
		{"envelope domains", len(t.MailFrom)}, {"sending addresses", len(t.IPs)}} {
		if stated.n > 0 {
			sends = append(sends, stated.what)
		}
	}
	if len(sends) == 0 && len(found) > 0 {
		return sender, "guessed: " + found[0].Domain + " is set up for mail through " + found[0].Service
	}
	if len(sends) > 0 {
		return sender, "guessed: " + strings.Join(sends, " and ") + " are stated"
	}
	if policy.Contradicted() {
		return sender, "guessed: a text beside the SPF record, which was meant to be one, names senders"
	}
	record, says := "its SPF record is v=spf1 -all", policy.SendsNothing()
	if !says && !mayBeSigned(keys) { // a service may send with an envelope of its own: it signs then
		switch {
		case policy.MeansNothingSent():
			record, says = "its SPF record means v=spf1 -all", true
		case mx == mailhost.MXNull && (policy.NamesNobody() || policy.NamesNoSender()):
			return []finding.Profile{finding.Parked}, "guessed: its SPF record names no sender and its MX is null"
		case mx == mailhost.MXNull && policy.IsAbsent() && hasNoKey(keys) && d != nil && d.MeansReject():
			return []finding.Profile{finding.Parked}, "guessed: its MX is null, its DMARC policy is reject, and it has neither an SPF record nor a DKIM key"
		case (mx == mailhost.MXNull || mx == mailhost.MXNone) && policy.NamesNoSender() && hasNoKey(keys) && d != nil && d.MeansReject():
			return []finding.Profile{finding.Parked}, "guessed: no MX takes mail, its DMARC policy is reject, its SPF record names no sender, and it has no DKIM key"
		}
	}
	if policy.Status != spfpolicy.StatusUnresolved && !says {
		return sender, "guessed: no record says that the domain sends nothing"
	}
	quiet := map[mailhost.MXState][]finding.Profile{
		mailhost.MXNull: {finding.Parked}, mailhost.MXNone: {finding.Parked}, mailhost.MXPresent: {finding.Receiver},
		mailhost.MXUnknown: {finding.Parked, finding.Receiver},
	}[mx]
	switch {
	case policy.Status == spfpolicy.StatusUnresolved:
		return append(sender, quiet...), "not known: the DNS did not say whether an SPF record declares that nothing is sent"
	case len(quiet) > 1:
		return quiet, "guessed: " + record + "; its MX is not known"
	case quiet[0] == finding.Parked:
		return quiet, "guessed: " + record + " and no MX takes mail"
	}
	return quiet, "guessed: " + record + " and it has an MX"
}

// mayBeSigned reports whether the domain has a key, or an alias or a question without an
// answer that one may be behind. One that is mistyped or at a wrong name is of somebody who
// signs; one that is revoked is none.
func mayBeSigned(keys *dkim.Discovery) bool {
	return keys != nil && (keys.Proof == dkim.ProofUnknown || len(keys.Mislaid) > 0 ||
		slices.ContainsFunc(keys.Keys, func(k dkim.PublishedKey) bool { return k.Live() || !k.Revoked && !k.Wildcard }) ||
		slices.ContainsFunc(keys.Selectors, func(s dkim.Selector) bool {
			return s.Status == dkim.SelectorUnresolved || s.Status != dkim.SelectorFound && len(s.CNAMEs) > 0
		}))
}

// hasNoKey reports whether all that says something of keys is that there is none: below a
// name that exists there may be one at a selector that nobody asked for.
func hasNoKey(keys *dkim.Discovery) bool {
	return keys != nil && (keys.Proof == dkim.ProofAbsent || keys.Wildcard.Status == dkim.WildcardRevoked || len(keys.Keys) > 0) && !mayBeSigned(keys)
}

// hasSPF reports whether the domain has a usable SPF record; nil: not known.
func (a *run) hasSPF() *bool {
	switch a.result.SPF.Status {
	case spfpolicy.StatusFound:
		return answer(true)
	case spfpolicy.StatusNone, spfpolicy.StatusNXDomain:
		if len(a.envelopesElsewhere()) > 0 {
			// Whether SPF passes for the envelope domain, and aligns, is another question.
			return nil
		}
		return answer(false)
	case spfpolicy.StatusMultiple:
		return answer(false)
	}
	return nil
}

func answer(b bool) *bool { return &b }
