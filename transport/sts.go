package transport

import (
	"strings"

	"mailworthy/resolver"
)

// policyPath is where a policy is (RFC 8461, 3.3).
const policyPath = "/.well-known/mta-sts.txt"

// STSFacts are what there is of MTA-STS for a domain.
type STSFacts struct {
	Domain string `json:"domain"`
	Record Texts  `json:"record"`
	// ID is that of the record; empty without a valid one.
	ID string `json:"id"`
	// Host is mta-sts.DOMAIN, Fetch the policy there.
	Host   Host    `json:"host"`
	Fetch  Fetch   `json:"fetch"`
	Policy *Policy `json:"policy"`
	// Exchanges are the hosts that the policy has to cover.
	Exchanges *Exchanges `json:"exchanges"`
	// Uncovered are the names of those that mail can go to and that it does not.
	Uncovered []string `json:"uncovered"`
	// Parent is the record of the organizational domain, null if that is the domain.
	Parent *Texts `json:"parent"`
	// Proposed is the policy to publish, null if nothing is wrong with it.
	Proposed *string `json:"proposed_policy"`
	// reports are the texts of TLS reporting.
	reports Texts
}

// BeginSTS asks for what MTA-STS needs: all in one round but for the addresses of MX
// hosts and the policy, which is fetched once its host has an address. Without a web
// (nil) no policy is fetched.
func BeginSTS(b *resolver.Batch, web *Web, domain string, done func(*STSFacts)) {
	f := &STSFacts{Domain: domain, Uncovered: []string{}}
	host := "mta-sts." + domain
	b.Part(func(b *resolver.Batch) {
		askTexts(b, "_mta-sts."+domain, func(t Texts) { f.Record = t })
		askTexts(b, "_smtp._tls."+domain, func(t Texts) { f.reports = t })
		if org := resolver.Registrable(domain); org != domain {
			askTexts(b, "_mta-sts."+org, func(t Texts) { f.Parent = &t })
		}
		askExchanges(b, domain, func(x *Exchanges) { f.Exchanges = x })
		askHost(b, host, func(h Host) {
			f.Host = h
			f.Fetch = Fetch{URL: "https://" + host + policyPath, Outcome: NotFetched, Reason: "it was not fetched"}
			switch {
			case h.State == Absent:
				f.Fetch.Outcome, f.Fetch.Reason = NoHost, host+" has no address"
			case web == nil:
			case h.State == Unknown:
				f.Fetch.Outcome, f.Fetch.Reason = Unanswered, "the DNS did not answer for the addresses of "+host
			default:
				var got *Fetch
				ctx := b.Context()
				b.Go(func() { got = web.Get(ctx, host, policyPath, MaxPolicy) }, func() {
					f.Fetch = *got
					if f.Fetch.Outcome == Fetched {
						f.Policy = ParsePolicy(f.Fetch.Body)
					}
				})
			}
		})
	}, func() {
		f.compare()
		done(f)
	})
}

func askTexts(b *resolver.Batch, name string, done func(Texts)) {
	b.Ask(name, resolver.TypeTXT, func(a *resolver.Answer, err error) { done(textsOf(name, a, err)) })
}

// compare finds what depends on more than one answer.
func (f *STSFacts) compare() {
	if versions, _ := f.records(); len(versions) == 1 {
		if r := ParseSTS(versions[0]); len(r.Problems) == 0 && r.ValidID() {
			f.ID = r.ID
		}
	}
	if f.Policy == nil {
		return
	}
	meant, _ := f.Policy.meant()
	var extra []string
	if f.Policy.Mode != "none" && len(f.Policy.MX) > 0 {
		for _, h := range f.Exchanges.live() {
			if !f.Policy.Matches(h.Name) {
				f.Uncovered = append(f.Uncovered, h.Name)
			}
		}
	}
	if meant.Mode != "none" {
		for _, h := range f.Exchanges.live() {
			if !meant.Matches(h.Name) {
				extra = append(extra, h.Name)
			}
		}
	}
	if !f.Policy.Valid() || len(f.Policy.Departures) > 0 || len(f.Policy.Differing) > 0 || len(extra) > 0 {
		text := f.Policy.Text(extra...)
		f.Proposed = &text
	}
}

// records are the texts at _mta-sts that senders take for records, and those that were
// meant to be and do not begin as they must (RFC 8461, 3.1).
func (f *STSFacts) records() (records, near []string) { return versioned(f.Record.Records, "v=STSv1") }

// versioned sorts out the texts that begin with a version and a semicolon, and those
// that nearly do.
func versioned(texts []string, version string) (records, near []string) {
	for _, t := range texts {
		switch {
		case strings.HasPrefix(t, version+";"):
			records = append(records, t)
		case meantAs(t, version):
			near = append(near, t)
		}
	}
	return records, near
}
