package transport

import (
	"mailworthy/finding"
	"mailworthy/resolver"
)

// Facts are what there is of transport security for a domain.
type Facts struct {
	STS       *STSFacts       `json:"mta_sts"`
	Reporting *ReportingFacts `json:"tls_rpt"`
	DNSSEC    *DNSSECFacts    `json:"dnssec"`
	BIMI      *BIMIFacts      `json:"bimi"`
	// strays are what stands at names of a loaded zone that look like those of records.
	strays []stray
	// tlsaNames are the names of a loaded zone that have TLSA records.
	tlsaNames []string
}

// Tools are what Begin asks with besides the DNS. Of the zero value nothing is fetched, and
// what fails validation cannot be told from what is not answered.
type Tools struct {
	// Web fetches policies; nil: none is fetched.
	Web *Web
	// Validator knows how far the resolver is to be believed.
	Validator Validator
	// Names lists names of the zones that were loaded, below a name and up to a number, at
	// which records are looked for that stand at a wrong one; nil: none can be listed.
	Names func(name string, most int) []string
	// TLSANames lists the names below one at which those zones have TLSA records; nil: none
	// can be listed.
	TLSANames func(name string) []string
	// BIMI is which logo is looked for, and who may certify it.
	BIMI BIMITools
}

// Begin asks for all of it: what depends on no answer in one round, the hosts of the MX in
// the next.
func Begin(b *resolver.Batch, t Tools, domain string, done func(*Facts)) {
	f := &Facts{}
	b.Part(func(b *resolver.Batch) {
		b.Part(func(b *resolver.Batch) {
			f.askStrays(b, domain, t.Names)
			if t.TLSANames != nil {
				f.tlsaNames = t.TLSANames(domain)
			}
			BeginSTS(b, t.Web, domain, func(got *STSFacts) { f.STS = got })
			BeginReporting(b, domain, func(got *ReportingFacts) { f.Reporting = got })
			BeginDNSSEC(b, &t.Validator, domain, func(got *DNSSECFacts) { f.DNSSEC = got })
			BeginBIMI(b, t.Web, t.BIMI, domain, func(got *BIMIFacts) { f.BIMI = got })
		}, func() { f.askMoved(b) })
	}, func() {
		f.BIMI.sibling = &f.Reporting.Record
		done(f)
	})
}

// receiving are the checks that only concern a domain that takes mail.
var receiving = map[string]bool{"mta-sts-missing": true, "mta-sts-subdomain": true, "tls-rpt-missing": true, "dane-missing": true}

// Check returns the findings about all of it. That a resolver does not validate is said
// once, and is no ground for anything worse: nothing that was answered speaks of a fault.
// Arriving are domains that no mail arrives at today, and whose MX records are put in force by other
// fixes of the same report: nothing waits for those.
func Check(f *Facts, arriving ...string) []finding.Finding {
	out := f.misplaced(append(CheckSTS(f.STS), CheckReporting(f.Reporting)...), arriving...)
	switch {
	case f.DNSSEC.unsigned():
		// Zone files hold no signatures: of DNSSEC nothing could be said, and nothing was left out.
		out = append(out, f.DNSSEC.unsignedTLSA(f.tlsaNames)...)
	case !f.DNSSEC.Validates:
		s := finding.NewSheet(daneList, f.DNSSEC.Domain)
		f.DNSSEC.undetermined(s, "dnssec-unresolved")
		for _, found := range s.Found() {
			found.Title, found.CouldBe = "DNSSEC and DANE: not known through this resolver", ""
		}
		out = append(out, s.Findings()...)
	default:
		out = append(append(out, CheckDNSSEC(f.DNSSEC)...), CheckDANE(f.DNSSEC)...)
	}
	if f.BIMI != nil {
		out = append(out, f.BIMI.audited(f.misplaced(CheckBIMI(f.BIMI)))...)
	}
	if !f.STS.Exchanges.takesNone() {
		return out
	}
	kept := out[:0]
	for i := range out {
		if !receiving[out[i].Check] {
			kept = append(kept, out[i])
		}
	}
	return kept
}

// takesNone reports whether it is proved that no mail to the domain can be delivered.
func (x *Exchanges) takesNone() bool { return x.Null || x.State == Absent && len(x.Hosts) == 0 }
