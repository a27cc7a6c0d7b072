package transport

import (
	"crypto/x509"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"mailworthy/bimi"
	"mailworthy/dmarc"
	"mailworthy/resolver"
)

// DefaultSelector is the one of messages that name none.
const DefaultSelector = "default"

// BIMIFacts are what there is of BIMI for a domain.
type BIMIFacts struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	// Record are the texts at the selector, Parent those of the organizational domain, null if
	// that is the domain.
	Record Texts  `json:"record"`
	Parent *Texts `json:"parent"`
	// From is the name whose record applies, empty if none does. Location is its logo,
	// Authority its certificate.
	From      string `json:"from" empty:"null"`
	Location  string `json:"location" empty:"null"`
	Authority string `json:"authority" empty:"null"`
	// Declined: the domain says that it has no logo.
	Declined bool `json:"declined"`
	// DMARC are the policies of the domain and of its organizational domain.
	DMARC []BIMIPolicy `json:"dmarc"`
	// LogoFetch and Logo are the file of l=, EvidenceFetch and Evidence that of a=; null if
	// there is none.
	LogoFetch     *Fetch         `json:"logo_fetch"`
	Logo          *bimi.Logo     `json:"logo"`
	EvidenceFetch *Fetch         `json:"evidence_fetch"`
	Evidence      *bimi.Evidence `json:"evidence"`
	// Receivers are who would show the logo.
	Receivers []BIMIVerdict `json:"receivers"`
	// own are the texts of the domain itself, sibling those at the name of another kind of
	// record, if they were asked for.
	own     Texts
	sibling *Texts
}

// BIMIPolicy is the DMARC policy at a domain, as BIMI needs it.
type BIMIPolicy struct {
	Texts
	Domain string `json:"domain"`
	// Enforced is Present if failing mail is quarantined or rejected, all of it; Why says
	// what is missing, if something is.
	Enforced State  `json:"enforced"`
	Why      string `json:"why"`
	// none: it is known that there is no record. step is what to do.
	none bool
	step string
}

// BIMITools are what BIMI needs besides the tools that Begin has.
type BIMITools struct {
	// Selector of the record; empty: DefaultSelector.
	Selector string
	// Roots are the authorities that certify marks; nil: those of bimi.Roots.
	Roots *x509.CertPool
}

// BeginBIMI asks for what BIMI needs: the records in one round, then the files that the
// record names, both at once. Without a web (nil) none is fetched.
func BeginBIMI(b *resolver.Batch, web *Web, with BIMITools, domain string, done func(*BIMIFacts)) {
	f := &BIMIFacts{Domain: domain, Selector: with.Selector}
	if f.Selector == "" {
		f.Selector = DefaultSelector
	}
	domains := []string{domain}
	if org := resolver.Registrable(domain); org != "" && org != domain {
		domains = append(domains, org)
	}
	f.DMARC = make([]BIMIPolicy, len(domains))
	b.Part(func(b *resolver.Batch) {
		for i, d := range domains {
			askTexts(b, "_dmarc."+d, func(t Texts) { f.DMARC[i] = policyOf(d, t) })
		}
		askTexts(b, domain, func(t Texts) { f.own = t })
		b.Part(func(b *resolver.Batch) {
			for i, d := range domains {
				askTexts(b, f.Selector+"._bimi."+d, func(t Texts) {
					if i == 0 {
						f.Record = t
					} else {
						f.Parent = &t
					}
				})
			}
		}, func() {
			f.choose()
			f.fetch(b, web)
		})
	}, func() {
		f.inherit()
		f.read(web, with, domains)
		f.Receivers = f.verdicts()
		done(f)
	})
}

// bimiRecords are the texts that receivers take for records, and those that were meant to be
// and do not begin as they must.
func bimiRecords(t *Texts) (records, near []string) {
	for _, text := range t.Records {
		first, _, _ := strings.Cut(text, ";")
		switch {
		case strings.Join(strings.Fields(first), "") == "v=BIMI1":
			records = append(records, text)
		case meantAs(text, "v=BIMI1"):
			near = append(near, text)
		}
	}
	return records, near
}

// applying are the texts whose record counts: those of the organizational domain if it is
// proved that the domain has none of its own.
func (f *BIMIFacts) applying() *Texts {
	records, near := bimiRecords(&f.Record)
	if f.Parent != nil && f.Record.State != Unknown && len(records)+len(near) == 0 {
		return f.Parent
	}
	return &f.Record
}

// choose finds the record that applies.
func (f *BIMIFacts) choose() {
	t := f.applying()
	records, near := bimiRecords(t)
	if len(records) == 0 {
		records = near
	}
	if len(records) != 1 {
		return
	}
	r := ParseBIMI(records[0])
	f.From, f.Location, f.Authority, f.Declined = t.Name, r.Location, r.Evidence, r.Declined
}

// fetch gets the files of the record.
func (f *BIMIFacts) fetch(b *resolver.Batch, web *Web) {
	for _, file := range []struct {
		uri  string
		most int64
		into **Fetch
	}{{f.Location, 2 * bimi.MaxLogo, &f.LogoFetch}, {f.Authority, bimi.MaxEvidence, &f.EvidenceFetch}} {
		if file.uri == "" || httpsProblem(file.uri) != "" {
			continue
		}
		if web == nil {
			*file.into = &Fetch{URL: file.uri, Outcome: NotFetched, Reason: "it was not fetched"}
			continue
		}
		ctx := b.Context()
		var got *Fetch
		b.Go(func() { got = web.getURI(ctx, file.uri, file.most) }, func() { *file.into = got })
	}
}

// read reads the files that were fetched.
func (f *BIMIFacts) read(web *Web, with BIMITools, domains []string) {
	if get := f.LogoFetch; get != nil && get.Outcome == Fetched {
		f.Logo = bimi.ReadLogo(get.Body)
	}
	if get := f.EvidenceFetch; get != nil && get.Outcome == Fetched {
		o := bimi.Options{Roots: with.Roots, Now: time.Now(), Logo: f.Logo}
		if web != nil && web.Now != nil {
			o.Now = web.Now()
		}
		for _, d := range domains {
			o.Names = append(o.Names, d, f.Selector+"._bimi."+d)
		}
		f.Evidence = bimi.ReadEvidence(get.Body, o)
	}
}

// policyOf reads the DMARC policy at a domain. What it says of subdomains counts as well: a
// logo is for all of the domain's mail.
func policyOf(domain string, t Texts) BIMIPolicy {
	p := BIMIPolicy{Texts: t, Domain: domain, Enforced: Absent}
	if t.State == Unknown {
		p.Enforced, p.Why = Unknown, fmt.Sprintf("the DNS did not answer for %s (%s)", t.Name, t.Evidence.Status)
		return p
	}
	var records []*dmarc.Record
	for _, text := range t.Records {
		if r, err := dmarc.ParseRecord(text); err == nil {
			records = append(records, r)
		}
	}
	if len(records) != 1 {
		p.none = len(records) == 0
		p.step = "Publish a DMARC record with p=none and rua= first: the aggregate reports show when it can be enforced."
		if p.Why = "there is no DMARC record at " + t.Name; len(records) > 1 {
			p.step = "Leave one DMARC record."
			p.Why = fmt.Sprintf("there are %d DMARC records at %s, so that none counts", len(records), t.Name)
		}
		return p
	}
	r := records[0]
	policy, sp, _, usable := r.Effective()
	stated, _ := r.Tag("p")
	switch {
	case !usable || policy == dmarc.None && !strings.EqualFold(stated.Value, string(dmarc.None)):
		p.step = "Correct the DMARC record first."
		p.Why = "the DMARC record at " + t.Name + " has no valid policy"
	case policy == dmarc.None:
		p.Why = "the DMARC record at " + t.Name + " says p=none"
		p.step = "Go on to p=quarantine once the aggregate reports show that your own mail passes."
	case sp == dmarc.None:
		p.Why = "the DMARC record at " + t.Name + " says sp=none"
		p.step = fmt.Sprintf("Give subdomains the policy of the domain (sp=%s) once the reports show that those that send mail pass.", policy)
	case r.Testing:
		p.Why = "the DMARC record at " + t.Name + " says t=y"
		p.step = "Take t=y out once the aggregate reports show that your own mail passes."
	case r.Percent != nil && *r.Percent < 100:
		p.Why = fmt.Sprintf("the DMARC record at %s says pct=%d", t.Name, *r.Percent)
		p.step = fmt.Sprintf("Take pct=%d out once the aggregate reports show that your own mail passes.", *r.Percent)
	default:
		p.Enforced = Present
	}
	return p
}

// inherit has a domain without a record of its own under that of its organizational domain.
func (f *BIMIFacts) inherit() {
	if len(f.DMARC) < 2 {
		return
	}
	if own := &f.DMARC[0]; own.none {
		own.Enforced, own.Why, own.step = f.DMARC[1].Enforced, f.DMARC[1].Why, f.DMARC[1].step
	}
}

// enforced is whether DMARC is enforced as BIMI needs it, and why not.
func (f *BIMIFacts) enforced() (State, []string) {
	enforced, why := Present, []string{}
	for _, p := range f.DMARC {
		if p.Enforced == Present {
			continue
		}
		if !slices.Contains(why, p.Why) {
			why = append(why, p.Why)
		}
		if p.Enforced == Absent || enforced == Present {
			enforced = p.Enforced
		}
	}
	return enforced, why
}

// beside are the texts at a name where another kind of record belongs, an alias if one is.
func (f *BIMIFacts) beside() *Texts {
	if f.sibling != nil && len(f.sibling.Evidence.CNAMEs) > 0 {
		return f.sibling
	}
	return &f.DMARC[0].Texts
}

// nextStep is what stands in the way of DMARC enforced as BIMI needs it, and weakens nothing.
func (f *BIMIFacts) nextStep() string {
	var steps []string
	for _, p := range f.DMARC {
		if p.Enforced == Absent && p.step != "" && !slices.Contains(steps, p.step) {
			steps = append(steps, p.step)
		}
	}
	return strings.Join(steps, " ") + " dmarc check has the record."
}

// isSVG reports whether a media type is that of a logo.
func isSVG(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "image/svg+xml"
}
