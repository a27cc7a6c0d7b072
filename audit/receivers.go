package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/receiver"
	"mailworthy/spf"
)

// judgeReceivers holds what was found against the receivers' requirements. That
// takes every section, and a domain that sends. fault is that of the resolver, if there is one.
func (a *run) judgeReceivers(fault *cause) {
	for _, s := range finding.Audited {
		if !a.wants(s) {
			return
		}
	}
	if a.result.Profile != finding.Sender || a.domain.Exists == mailhost.Absent {
		// A domain that does not exist meets nothing: that is one finding, not one of
		// each receiver.
		return
	}
	f := receiver.Facts{
		SPF: a.spfFact(), DKIM: a.dkimFact(), DKIMRSA: a.dkimRSAFact(), DKIMKeys: a.dkimKeysFact(), DMARC: a.dmarcFact(), NotEnforced: a.notEnforcedFact(),
		PTR: a.ptrFact(), HELO: a.heloFact(), SOA: a.soaFact(), TakesMail: a.takesMailFact(),
		AddressesUnlisted: a.unlistedFact("zen.spamhaus.org", "rbl-listed"), DomainsUnlisted: a.unlistedFact("dbl.spamhaus.org", "rbl-domain-listed"),
	}
	f.Aligned = a.alignedFact(f.SPF, f.DKIM)
	if fault != nil {
		fault.blame(a, &f.SPF, &f.DKIM, &f.DKIMRSA, &f.DKIMKeys, &f.DMARC, &f.NotEnforced, &f.PTR, &f.HELO, &f.SOA, &f.TakesMail,
			&f.AddressesUnlisted, &f.DomainsUnlisted, &f.Aligned)
	}
	a.result.Receivers = receiver.Judge(f, a.options.Volume)
}

func yes(evidence string) receiver.Fact {
	return receiver.Fact{State: receiver.Yes, Evidence: evidence}
}

// because is a fact with the finding that decides it, whose detail has the rest.
func because(state receiver.State, f *finding.Finding) receiver.Fact {
	if f.Severity == finding.NotChecked {
		return unknown(f.Check, cmp.Or(noZoneHas(f.Evidence), f.Title+"."))
	}
	return receiver.Fact{State: state, Finding: f.Check, Evidence: f.Title + " (" + f.Subject + ")."}
}

func unknown(check, evidence string) receiver.Fact {
	return receiver.Fact{State: receiver.Unknown, Finding: check, Evidence: evidence}
}

// first returns the first finding that fits, nil if there is none.
func (a *run) first(fits func(*finding.Finding) bool) *finding.Finding {
	for i := range a.result.Findings {
		if f := &a.result.Findings[i]; f.Severity != finding.Pass && fits(f) {
			return f
		}
	}
	return nil
}

// of returns the first finding of one of the checks.
func (a *run) of(checks ...string) *finding.Finding {
	return a.first(func(f *finding.Finding) bool { return slices.Contains(checks, f.Check) })
}

// undecided returns a finding of the section that the DNS left open and that
// could turn out to be an error.
func (a *run) undecided(s finding.Section) *finding.Finding {
	return a.first(func(f *finding.Finding) bool {
		return f.Section == s && (f.Severity == finding.Unknown && f.CouldBe.AtLeast(finding.Error) || f.Severity == finding.NotChecked && f.Undecides)
	})
}

// spfBreaks are the checks whose findings make a receiver's SPF result none or permerror.
var spfBreaks = []string{"spf-record-missing", "spf-multiple-records", "spf-syntax", "spf-too-many-lookups", "spf-too-many-void-lookups",
	"spf-include-missing", "spf-include-permerror", "spf-target-unregistered", "spf-loop", "spf-too-many-mx", "spf-broken-split", "spf-whitespace", "spf-wrong-name"}

// spfFact: every stated address passes for every envelope domain; if none is
// stated, each envelope domain has a record that can be evaluated.
func (a *run) spfFact() receiver.Fact {
	if f := a.of("spf-ip-not-authorized"); f != nil && f.Severity.AtLeast(finding.Error) {
		return because(receiver.No, f)
	}
	envelope := a.result.Examined.MailFrom
	if len(a.target.MailFrom) == 0 && len(a.result.Examined.Envelopes) == 0 && a.spfElsewhere() {
		return unknown("spf-record-missing", "SPF is checked for "+strings.Join(a.envelopesElsewhere(), ", ")+", which was not stated (--mail-from).")
	}
	for i, p := range a.policies() {
		if !slices.Contains(envelope, p.Domain) {
			continue
		}
		if f := a.first(func(f *finding.Finding) bool {
			return slices.Contains(spfBreaks, f.Check) && f.Severity.AtLeast(finding.Error) && a.spfSheets[i].Has(f.Check)
		}); f != nil {
			return because(receiver.No, f)
		}
	}
	if len(a.target.IPs) > 0 {
		for _, e := range a.result.Evaluations {
			if e.Result != spf.Pass {
				if f := a.of("spf-unresolved"); f != nil && f.Severity == finding.NotChecked {
					return because(receiver.Unknown, f)
				}
				return unknown("spf-unresolved", fmt.Sprintf("SPF for %s and %s gives %s.", e.IP, e.Domain, e.Result))
			}
		}
		return yes("SPF passes for every stated address.")
	}
	if f := a.undecided(finding.SPF); f != nil {
		return because(receiver.Unknown, f)
	}
	return yes("The SPF record can be evaluated; which addresses send was not stated.")
}

func (a *run) dkimFact() receiver.Fact {
	d := a.result.DKIM
	for i := range d.Keys {
		if k := &d.Keys[i]; k.Live() && !k.Wildcard && k.RecordCount <= 1 {
			return yes("The selector " + k.Selector + " at " + k.Domain + " has a usable key.")
		}
	}
	if k := a.kin.Live(); k != nil {
		return yes("The selector " + k.Selector + " at " + k.Domain + " has a usable key.")
	}
	if f := a.of("dkim-key-split"); f != nil {
		return because(receiver.No, f)
	}
	for i := range d.Keys {
		if k := &d.Keys[i]; k.RecordCount > 1 {
			return unknown("dkim-multiple-records", fmt.Sprintf("The selector %s at %s has %d TXT records; which of them counts is undefined (RFC 6376, 3.6.2.2).", k.Selector, k.Domain, k.RecordCount))
		}
	}
	if f := a.of("dkim-selector-missing", "dkim-wrong-name", "dkim-proved-absent"); f != nil {
		return because(receiver.No, f)
	}
	if f := a.of("dkim-none-observed", "dkim-unresolved"); f != nil {
		return because(receiver.Unknown, f)
	}
	if f := a.first(func(f *finding.Finding) bool {
		return f.Section == finding.DKIM && f.Severity.AtLeast(finding.Error)
	}); f != nil {
		return because(receiver.No, f)
	}
	return unknown("", "No usable key was found.")
}

// dkimRSAFact is the fact of DKIM for receivers that verify RSA keys alone. Another
// key may sign at a selector that was not stated.
func (a *run) dkimRSAFact() receiver.Fact {
	f := a.of("dkim-ed25519-only")
	switch {
	case f == nil:
		fact := a.dkimFact()
		if k := a.kin.Live(); k != nil && !a.hasOwnKey() && k.Algorithm != "rsa" {
			return unknown("dkim-none-observed", "The key found at "+k.Domain+" is no RSA key.")
		}
		return fact
	case len(a.target.Selectors) > 0:
		return because(receiver.No, f)
	}
	return because(receiver.Unknown, f)
}

func (a *run) dkimKeysFact() receiver.Fact {
	if f := a.of("dkim-key-too-short"); f != nil {
		return because(receiver.No, f)
	}
	if a.result.DKIM.Proof == dkim.ProofAbsent && a.kin.Absent() {
		return yes("No key is published that could be too short.")
	}
	if k := a.kin.Live(); k != nil && k.Bits >= 1024 {
		return yes("The RSA key found at " + k.Domain + " is not shorter than 1024 bits.")
	}
	for i := range a.result.DKIM.Keys {
		if a.result.DKIM.Keys[i].Bits > 0 {
			return yes("No RSA key found is shorter than 1024 bits.")
		}
	}
	if f := a.of("dkim-unresolved"); f != nil && f.Severity == finding.NotChecked {
		return because(receiver.Unknown, f)
	}
	return unknown("dkim-none-observed", "No key was found to measure.")
}

func (a *run) dmarcFact() receiver.Fact {
	if d := a.result.DMARC; d.Policy != "" {
		return yes("The policy that applies is p=" + string(d.Policy) + ".")
	}
	if f := a.undecided(finding.DMARC); f != nil {
		return because(receiver.Unknown, f)
	}
	if f := a.of("dmarc-record-missing", "dmarc-multiple-records", "dmarc-version", "dmarc-wrong-name", "dmarc-policy-missing", "dmarc-policy-invalid", "dmarc-syntax"); f != nil {
		return because(receiver.No, f)
	}
	return unknown("", "No policy was found.")
}

func (a *run) notEnforcedFact() receiver.Fact {
	switch enforces := a.result.DMARC.Enforces(); {
	case enforces == nil:
		if f := a.of("dmarc-unresolved"); f != nil && f.Severity == finding.NotChecked {
			return because(receiver.Unknown, f)
		}
		return unknown("dmarc-unresolved", "Whether the DMARC policy is enforced is not known.")
	case *enforces:
		return receiver.Fact{State: receiver.No, Evidence: "The DMARC policy is " + string(a.result.DMARC.EffectivePolicy) + "."}
	}
	return yes("No DMARC policy asks for quarantine or rejection.")
}

// alignedFact: an identity that can pass aligns with From. What is not stated is
// taken to be the domain itself, which aligns.
func (a *run) alignedFact(spfPasses, dkimPasses receiver.Fact) receiver.Fact {
	open, spfStated, dkimStated := false, false, false
	// aligns reports whether an identity aligns and passes for certain.
	aligns := func(passes receiver.State, aligned *bool) bool {
		switch {
		case aligned != nil && !*aligned || passes == receiver.No:
		case aligned != nil && passes == receiver.Yes:
			return true
		default:
			open = true
		}
		return false
	}
	for i := range a.result.Alignments {
		al := &a.result.Alignments[i]
		passes := spfPasses.State
		if al.Kind == "dkim" {
			passes, dkimStated = dkimPasses.State, true
		} else {
			spfStated = true
		}
		if aligns(passes, al.Aligned) {
			return yes(al.Why)
		}
	}
	own := true
	if !spfStated && aligns(spfPasses.State, &own) {
		return yes("Assumes that MAIL FROM equals the From domain (state yours with --mail-from).")
	}
	if !dkimStated && aligns(dkimPasses.State, &own) {
		return yes("Assumes d= equals the From domain (state yours with --dkim-domain).")
	}
	if open {
		for _, f := range []receiver.Fact{spfPasses, dkimPasses} {
			if slices.ContainsFunc(a.result.Findings, func(g finding.Finding) bool { return g.Check == f.Finding && g.Severity == finding.NotChecked }) {
				return f // it is open only because that was not checked
			}
		}
		return unknown("dmarc-unresolved", "Whether an identity that passes aligns with From is not known.")
	}
	if f := a.of("dmarc-spf-unaligned", "dmarc-dkim-unaligned"); f != nil {
		return because(receiver.No, f)
	}
	return receiver.Fact{State: receiver.No, Finding: spfPasses.Finding, Evidence: "Neither SPF nor DKIM can pass for a domain that aligns with From."}
}

func (a *run) ptrFact() receiver.Fact {
	if f := a.first(func(f *finding.Finding) bool {
		return (f.Check == "ptr-missing" || f.Check == "ptr-unconfirmed") && f.Severity.AtLeast(finding.Error)
	}); f != nil {
		return because(receiver.No, f)
	}
	if len(a.result.Hosts.Addresses) == 0 {
		return unknown("rbl-no-addresses", "No sending address is known.")
	}
	public := false
	for i := range a.result.Hosts.Addresses {
		addr := &a.result.Hosts.Addresses[i]
		if addr.NotPublic != "" {
			continue
		}
		public = true
		if addr.PTR != mailhost.Present || addr.Confirmed() != mailhost.Present {
			return unknown("hosts-unresolved", cmp.Or(noZoneHasPTR(addr), fmt.Sprintf("The reverse name of %s is not known.", addr.Addr)))
		}
	}
	if public && a.result.Examined.SendersUnknown {
		return unknown("rbl-unresolved", "Not all sending addresses are known: the DNS did not say.")
	}
	if public {
		return yes("Every sending address has a PTR name that leads back to it.")
	}
	if f := a.of("mx-private-address"); f != nil {
		return because(receiver.Unknown, f)
	}
	return unknown("", "No sending address that is known is a public one.")
}

// noZoneHasPTR says which record no zone holds, if that is why the name of an
// address is not known; else it is empty.
func noZoneHasPTR(addr *mailhost.Address) string {
	if noZoneHas(addr.Evidence) != "" {
		return fmt.Sprintf("No zone holds the PTR record of %s.", addr.Addr)
	}
	for i := range addr.Names {
		if why := noZoneHas(addr.Names[i].Evidence); why != "" {
			return why
		}
	}
	return ""
}

func (a *run) heloFact() receiver.Fact {
	if len(a.result.Hosts.HELO) == 0 {
		return receiver.Fact{State: receiver.Unknown}
	}
	if f := a.of("helo-unresolvable"); f != nil {
		return because(receiver.No, f)
	}
	for _, h := range a.result.Hosts.HELO {
		if !h.Literal && h.Resolves != mailhost.Present {
			return unknown("hosts-unresolved", cmp.Or(noZoneHas(h.Evidence), fmt.Sprintf("Whether %s has an address is not known.", h.Name)))
		}
	}
	return yes("The HELO names have addresses.")
}

func (a *run) soaFact() receiver.Fact {
	if f := a.of("domain-no-soa", "domain-missing"); f != nil {
		return because(receiver.No, f)
	}
	for _, authority := range append([]mailhost.Authority{a.domain.Authority}, a.result.Hosts.Envelope...) {
		if authority.SOA != mailhost.Present {
			return unknown("hosts-unresolved", cmp.Or(noZoneHas(authority.Evidence), "Whether "+authority.Domain+" has an SOA is not known."))
		}
	}
	return yes("The From and envelope domains have an SOA.")
}

func (a *run) takesMailFact() receiver.Fact {
	switch a.domain.MX {
	case mailhost.MXNull:
		return receiver.Fact{State: receiver.No, Finding: "mx-null", Evidence: a.domain.Name + " has a null MX."}
	case mailhost.MXUnknown:
		return unknown("hosts-unresolved", cmp.Or(noZoneHas(a.domain.Evidence), fmt.Sprintf("The MX records of %s are not known.", a.domain.Name)))
	}
	return yes(a.domain.Name + " has no null MX.")
}

// unlistedFact: every subject that was asked of the list is clean.
func (a *run) unlistedFact(zone, check string) receiver.Fact {
	clean, open := 0, ""
	for _, l := range a.result.RBL.Listings {
		if l.Zone != zone {
			continue
		}
		switch l.Verdict {
		case rbl.Listed:
			return receiver.Fact{State: receiver.No, Finding: check, Evidence: l.Subject + " is listed on " + zone + "."}
		case rbl.Clean:
			clean++
		default:
			if l.NotAsked() {
				return unknown("rbl-unresolved", "No zone holds "+zone+".")
			}
			open = l.Subject
		}
	}
	switch {
	case open != "":
		return unknown("rbl-list-blocked", fmt.Sprintf("%s did not say whether %s is listed.", zone, open))
	case clean == 0:
		return unknown("rbl-no-addresses", "Nothing was asked of "+zone+".")
	}
	return yes("Nothing is listed on " + zone + ".")
}
