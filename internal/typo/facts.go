package typo

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/report"
	"mailworthy/resolver"
	"mailworthy/spf"
	"mailworthy/transport"
)

// stranger is an address that no template lets send.
var stranger = netip.MustParseAddr("198.51.100.250")

// facts are what receivers make of a zone, by their own protocols and apart from
// what a report says of it.
type facts struct {
	// spf has the result for each sender of the template, and for the stranger.
	spf map[client]spf.Result
	// policy has the effective policy by the name in From.
	policy map[string]dmarc.Policy
	record *dmarc.Record
	// keys are the p= values of the selectors of the template; "" is no key.
	keys map[string]string
	// mx are the hosts that take mail.
	mx []string
	// named are, by kind, what the one valid record of transport security there names: the
	// id, where reports go, the files of the logo.
	named map[string][]string
}

// places are where the records of transport security stand, by kind.
var places = map[string]string{"mta-sts": "_mta-sts." + Domain, "tls-rpt": "_smtp._tls." + Domain, "bimi": "default._bimi." + Domain}

// namedBy is what a text of a kind names; nil if it is not valid.
func namedBy(kind, text string) []string {
	for _, x := range transport.Lint(kind, []byte(text)) {
		if x.Severity.AtLeast(finding.Error) {
			return nil
		}
	}
	switch kind {
	case "mta-sts":
		return []string{transport.ParseSTS(text).ID}
	case "tls-rpt":
		var out []string
		for _, d := range transport.ParseTLSRPT(text).Destinations {
			if d.Problem == "" {
				out = append(out, d.URI)
			}
		}
		return out
	}
	r := transport.ParseBIMI(text)
	return []string{r.Location, r.Evidence}
}

// client is an address that sends with an envelope domain.
type client struct {
	domain string
	ip     netip.Addr
}

// clients are the senders of a template, with a stranger for each of its domains.
func (t Template) clients() []client {
	var out []client
	add := func(domain string, senders []netip.Addr) {
		for _, ip := range append(slices.Clone(senders), stranger) {
			out = append(out, client{domain, ip})
		}
	}
	add(Domain, t.Senders)
	for _, domain := range slices.Sorted(maps.Keys(t.Envelope)) {
		add(domain, t.Envelope[domain])
	}
	return out
}

// learn finds the facts out. Sender addresses that are asked of are those of the
// template.
func learn(ctx context.Context, r resolver.Resolver, t Template) facts {
	session := resolver.NewSession(r, 0)
	f := facts{spf: make(map[client]spf.Result), policy: make(map[string]dmarc.Policy), keys: make(map[string]string), named: make(map[string][]string)}
	for _, c := range t.clients() {
		f.spf[c] = spf.CheckHost(ctx, session, spf.Client{IP: c.ip, HELO: "mx1." + Domain, MailFrom: "postmaster@" + c.domain}).Result
	}
	for _, name := range []string{Domain, "www." + Domain, "nobody." + Domain} {
		d := dmarc.Discover(ctx, session, name)
		f.policy[name] = d.EffectivePolicy
		if name == Domain && d.PolicyDomain == Domain {
			f.record = d.Record
		}
	}
	for _, rec := range t.Records {
		if _, ok := f.keys[rec.Name]; ok || kind(rec) != "dkim" {
			continue
		}
		f.keys[rec.Name] = ""
		if a, err := session.Lookup(ctx, rec.Name, resolver.TypeTXT); err == nil && len(a.Records) == 1 {
			f.keys[rec.Name] = keyData(a.Records[0].Text())
		}
	}
	for kind, name := range places {
		if a, err := session.Lookup(ctx, name, resolver.TypeTXT); err == nil && len(a.Records) == 1 {
			f.named[kind] = namedBy(kind, a.Records[0].Text())
		}
	}
	if a, err := session.Lookup(ctx, Domain, resolver.TypeMX); err == nil {
		for _, rec := range a.Records {
			for _, t := range []resolver.Type{resolver.TypeA, resolver.TypeAAAA} {
				if a, err := session.Lookup(ctx, rec.Host, t); err == nil && a.Status == resolver.Found && !slices.Contains(f.mx, rec.Host) {
					f.mx = append(f.mx, rec.Host)
				}
			}
		}
	}
	return f
}

// keyData is the p= of a key record that a receiver can use, without white space.
func keyData(text string) string {
	ok := false
	p := ""
	for _, x := range dkim.Lint([]byte(text)) {
		if x.Severity.AtLeast(finding.Error) {
			return ""
		}
	}
	for tag := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(tag, "=")
		if strings.TrimSpace(name) == "p" {
			p, ok = strings.Join(strings.Fields(value), ""), true
		}
	}
	if !ok {
		return ""
	}
	return p
}

// strength orders the results for a stranger: the more, the less he may do.
// Without a usable record it is that of "?all".
func strength(r spf.Result) int {
	switch r {
	case spf.Fail:
		return 3
	case spf.SoftFail:
		return 2
	case spf.Pass:
		return 0
	}
	return 1
}

// usable reports whether a result is one of a record that receivers can read.
func usable(r spf.Result) bool {
	return r == spf.Pass || r == spf.Fail || r == spf.SoftFail || r == spf.Neutral
}

// level orders policies.
func level(p dmarc.Policy) int {
	return slices.Index([]dmarc.Policy{dmarc.None, dmarc.Quarantine, dmarc.Reject}, p)
}

// mailboxes are the addresses that reports go to.
func (f *facts) mailboxes() []string {
	if f.record == nil {
		return nil
	}
	var out []string
	for _, u := range append(slices.Clone(f.record.RUA), f.record.RUF...) {
		if u.Supported() {
			out = append(out, u.Address)
		}
	}
	return out
}

// run audits what a resolver answers, without block lists; like a report before,
// unless that is nil.
func run(ctx context.Context, r resolver.Resolver, target audit.Target, like *report.Report) *report.Report {
	if target.Sections == nil {
		target.Sections = []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Hosts}
	}
	o := audit.Options{Selectors: dkim.Common}
	if like != nil {
		o.Like = &like.Result
	}
	return report.New(audit.Run(ctx, r, target, o), report.DefaultScale(), "test")
}
