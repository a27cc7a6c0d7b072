package setup

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/provider"
	"mailworthy/resolver"
)

// NewSchema names the JSON contract of a Proposal.
const NewSchema = "mailworthy/setup-new/1"

// Chosen is a service of a new domain, with what is stated for it.
type Chosen struct {
	Service *provider.Service
	Options Options
}

// Plan says what a new domain is for.
type Plan struct {
	Domain   string
	Services []Chosen
	// Receives is the service that takes the domain's mail, ReceiveHost a host of one's
	// own that does; both empty: it is left open.
	Receives    *Chosen
	ReceiveHost string
	// IPs are own sending addresses, HELO is the name that the host of them greets with;
	// empty: mail and the domain.
	IPs  []netip.Addr
	HELO string
	// Reports is the mailbox that takes reports; empty: postmaster at the domain, which
	// every domain that takes mail has (RFC 5321, 4.5.1).
	Reports        string
	TLSRPT, MTASTS bool
	Now            time.Time
	// Spare leaves out what services advise to put into the SPF record and do without.
	Spare bool
}

// Proposed is a record of a proposal.
type Proposed struct {
	Purpose string `json:"purpose"`
	For     string `json:"for"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Value   string `json:"value"`
	// Complete: it can be published as it stands, now. Later: not before the steps ahead
	// of it; empty: now.
	Complete bool   `json:"complete"`
	Later    string `json:"later" empty:"null"`
	// Whose is the zone that it belongs in, if it is not the domain's.
	Whose string `json:"whose" empty:"null"`

	of *provider.Record
	// waits: Later is about what stands at the name.
	waits bool
}

// Active reports whether the record is to be published now, as it stands.
func (p *Proposed) Active() bool { return p.Complete && p.Later == "" && p.Whose == "" }

// later notes what has to be before the record is published.
func (p *Proposed) later(what string) {
	p.Later = what
	p.Complete = p.Complete && what == ""
}

// Wait notes that something stands where the record belongs, which has to go first. The proposal
// is audited as if it had.
func (p *Proposed) Wait(what string) {
	p.later(what)
	p.waits = true
}

// Record is the record itself.
func (p *Proposed) Record() finding.Record {
	return finding.Record{Name: p.Name, Type: p.Type, Value: p.Value}
}

// Step is one of the steps in order.
type Step struct {
	Do string `json:"do"`
	// Verify is the command that shows that it worked; empty: none does.
	Verify string `json:"verify" empty:"null"`
}

// Verified is the outcome of auditing the proposal. The report has all of it.
type Verified struct {
	Verdict  string            `json:"verdict"`
	Score    *int              `json:"score"`
	Findings []finding.Finding `json:"findings"`
	// NotChecked says what offline was not asked.
	NotChecked int `json:"not_checked"`
}

// Proposal is the set of records for a new domain.
type Proposal struct {
	Schema    string     `json:"schema"`
	Domain    string     `json:"domain"`
	Providers []string   `json:"providers"`
	Receives  string     `json:"receives"`
	Records   []Proposed `json:"records"`
	// Lookups is how many DNS lookups the SPF record takes; Exact is false if an include
	// was not answered, and it is the least then.
	Lookups int  `json:"spf_lookups"`
	Exact   bool `json:"spf_lookups_exact"`
	// Policy is the text of the MTA-STS policy, if it was asked for.
	Policy string   `json:"mta_sts_policy" empty:"null"`
	Steps  []Step   `json:"steps"`
	Notes  []string `json:"notes"`
	// Audit is the outcome with the first stage of DMARC, AtEnd that with the last.
	Audit *Verified `json:"audit"`
	AtEnd *Verified `json:"audit_at_end"`

	plan Plan
}

// Propose makes the records for a new domain. It asks nothing: Zone is for auditing the
// proposal. The error says which of the services cannot go together.
func Propose(p Plan) *Proposal {
	out := &Proposal{Schema: NewSchema, Domain: p.Domain, Providers: []string{}, Records: []Proposed{}, Steps: []Step{}, Notes: []string{}, plan: p}
	services := slices.Clone(p.Services)
	if r := p.Receives; r != nil {
		out.Receives = r.Service.Name
		// Who has mailboxes there sends from them.
		if r.Service.Kind == provider.Mailbox && !slices.ContainsFunc(services, func(c Chosen) bool { return c.Service == r.Service }) {
			services = append(services, *r)
		}
	} else {
		out.Receives = p.ReceiveHost
	}
	for _, c := range services {
		out.Providers = append(out.Providers, c.Service.Name)
	}
	out.spf(services)
	for _, c := range services {
		out.service(c)
	}
	out.receive()
	out.own()
	out.dmarc()
	out.transport()
	out.steps(services)
	return out
}

func (p *Proposal) add(purpose, of, name, rtype, value string) *Proposed {
	r := Proposed{Purpose: purpose, For: of, Name: name, Type: rtype, Value: value}
	r.Complete = !r.Record().HasPlaceholder()
	p.Records = append(p.Records, r)
	return &p.Records[len(p.Records)-1]
}

func (p *Proposal) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// envelope is the envelope host that is proposed for a service.
func (p *Proposal) envelope(c Chosen) string {
	name := c.Options.ReturnPath
	if name == "" && len(c.Service.ReturnPaths) > 0 {
		name = c.Service.ReturnPaths[0]
		if name == "@" && len(c.Service.ReturnPaths) > 1 {
			// A subdomain keeps the MX of the domain for its own mail.
			name = c.Service.ReturnPaths[1]
		}
	}
	switch {
	case name == "":
		return ""
	case name == "@" || name == p.Domain:
		return p.Domain
	case resolver.Within(name, p.Domain):
		return name
	}
	return name + "." + p.Domain
}

func (p *Proposal) values(c Chosen) provider.Values {
	region := c.Options.Region
	if region == "" && len(c.Service.Regions) > 0 {
		region = c.Service.Regions[0].Name
	}
	v := valuesOf(c.Service, p.Domain, region, p.envelope(c), c.Options)
	v.Vars["selector"] = first(c.Options.Selectors)
	return v
}

func first(list []string) string {
	if len(list) > 0 {
		return list[0]
	}
	return ""
}

// spf proposes the record of the domain itself: own addresses, and the services whose
// mail has the domain in the envelope.
func (p *Proposal) spf(services []Chosen) {
	terms, sign := []string{}, "~"
	for _, ip := range p.plan.IPs {
		kind := "ip4:"
		if ip.Is6() && !ip.Is4In6() {
			kind = "ip6:"
		}
		terms = append(terms, kind+ip.Unmap().String())
	}
	for _, c := range services {
		v := p.values(c)
		for i := range way(c.Service).Records {
			r := &way(c.Service).Records[i]
			if r.Purpose != provider.SPF || r.Need != provider.Needed && (p.plan.Spare || r.Need != provider.Advised) || v.Fill(r.Name) != p.Domain {
				continue
			}
			if term := v.Fill(r.Value); !slices.Contains(terms, term) {
				terms = append(terms, term)
			}
			sign = cmp.Or(r.All, sign)
		}
	}
	if len(terms) == 0 {
		if p.plan.Receives == nil && p.plan.ReceiveHost == "" || len(services) > 0 {
			p.note("The services use envelope hosts of their own, so that %s itself needs no sender in its SPF record.", p.Domain)
		}
		p.add("spf", "all", p.Domain, "TXT", "v=spf1 ~all")
		return
	}
	p.add("spf", "all", p.Domain, "TXT", "v=spf1 "+strings.Join(terms, " ")+" "+sign+"all")
}

// takesBounces reports whether a record that is optional for a service takes the bounces of an
// envelope domain of its own, which the service needs an SPF record at. A domain that has neither
// an MX record nor an address cannot be answered, and receivers refuse what it sends.
func (p *Proposal) takesBounces(s *provider.Service, r *provider.Record, name string) bool {
	return r.Type == "MX" && r.Name == "{return-path}" && name != p.Domain && slices.ContainsFunc(way(s).Records, func(other provider.Record) bool {
		return other.Purpose == provider.SPF && other.Name == r.Name && other.Need == provider.Needed
	})
}

// service proposes the records of one service.
func (p *Proposal) service(c Chosen) {
	s := c.Service
	v := p.values(c)
	for i := range way(s).Records {
		r := &way(s).Records[i]
		if r.Need == provider.Unwanted || r.Need == provider.Optional && !p.takesBounces(s, r, v.Fill(r.Name)) || r.Need == provider.Unverified || r.Need == provider.Receive || r.Purpose == provider.DMARC {
			continue
		}
		if v.Vars["selector"] == "" && len(r.Try) > 0 {
			v.Vars["selector"] = r.Try[0]
		}
		name, value := v.Fill(r.Name), v.Fill(r.Value)
		if r.Purpose == provider.SPF {
			if name == p.Domain {
				continue
			}
			value = freshSPF(value, r.All)
		}
		if !p.free(s, name, r.Type, value) {
			continue
		}
		p.add(string(r.Purpose), s.Name, name, r.Type, value).of = r
	}
	if len(s.RegionNames()) > 1 && c.Options.Region == "" {
		if strings.HasPrefix(s.Regions[0].Name, "<") {
			p.note("%s: state the region of the account as --provider %s@REGION (%s).", s.Name, s.ID, strings.Join(s.RegionNames(), ", "))
		} else {
			p.note("%s: the region %s is assumed; state another one as --provider %s@REGION (%s).", s.Name, s.Regions[0].Name, s.ID, strings.Join(s.RegionNames(), ", "))
		}
	}
	for _, t := range s.Traps {
		p.note("%s: %s.", s.Name, t)
	}
}

// free reports whether a record can be beside those of the services before: a CNAME
// stands alone at its name, and two services cannot share an envelope host or a
// selector.
func (p *Proposal) free(s *provider.Service, name, rtype, value string) bool {
	for i := range p.Records {
		o := &p.Records[i]
		if !strings.EqualFold(o.Name, name) || o.For == "all" || o.For == s.Name {
			continue
		}
		if o.Type == rtype && o.Value == value && rtype != "CNAME" {
			return false
		}
		if o.Type == "CNAME" || rtype == "CNAME" || rtype == "MX" || rtype == "TXT" && strings.HasPrefix(value, "v=spf1") || strings.Contains(name, "._domainkey.") {
			p.note("%s and %s both want %s: choose another name on the page of %s, or state it with --return-path.", o.For, s.Name, name, s.Name)
			return false
		}
	}
	return true
}

// way is the recommended set of records.
func way(s *provider.Service) *provider.Way {
	if len(s.Ways) == 0 {
		return &provider.Way{}
	}
	return &s.Ways[0]
}

// receive proposes the MX.
func (p *Proposal) receive() {
	switch {
	case p.plan.ReceiveHost != "":
		p.add("mx", "receiving", p.Domain, "MX", "10 "+p.plan.ReceiveHost)
		if h := p.plan.ReceiveHost; resolver.Within(h, p.Domain) && (h != p.helo() || len(p.plan.IPs) == 0) {
			p.add("mx", "receiving", h, "A", "<address: the address of "+h+">")
		}
	case p.plan.Receives != nil:
		n := 0
		v := p.values(*p.plan.Receives)
		for _, r := range way(p.plan.Receives.Service).Records {
			if r.Need == provider.Receive {
				n++
				p.add("mx", p.plan.Receives.Service.Name, p.Domain, "MX", v.Fill(r.Value))
			}
		}
		if n == 0 {
			p.add("mx", p.plan.Receives.Service.Name, p.Domain, "MX", "10 <mx: the MX host that "+p.plan.Receives.Service.Name+" shows>")
		}
	default:
		p.add("mx", "receiving", p.Domain, "MX", "10 <mx: the host that takes the mail of "+p.Domain+">")
		p.note("Replies and bounces need an MX: state where mail is received with --receives.")
	}
}

// helo is the name of the own host.
func (p *Proposal) helo() string { return cmp.Or(p.plan.HELO, "mail."+p.Domain) }

// own proposes what own sending addresses need: a name that leads to them and back.
func (p *Proposal) own() {
	for _, ip := range p.plan.IPs {
		t := "A"
		if ip.Is6() && !ip.Is4In6() {
			t = "AAAA"
		}
		if resolver.Within(p.helo(), p.Domain) {
			p.add("helo", "own host", p.helo(), t, ip.Unmap().String())
		}
		r := p.add("ptr", "own host", resolver.ReverseName(ip.Unmap()), "PTR", p.helo())
		r.Whose = "whoever provides the address " + ip.String()
	}
	if len(p.plan.IPs) > 0 && resolver.Within(p.helo(), p.Domain) {
		p.add("helo", "own host", p.helo(), "TXT", "v=spf1 a -all")
		p.add("dkim", "own host", "<selector: the selector that your mail server signs with>._domainkey."+p.Domain, "TXT", "v=DKIM1; k=rsa; p=<key: the public key of your mail server>")
	}
}

// reports is the mailbox for reports.
func (p *Proposal) reports() string { return cmp.Or(p.plan.Reports, "postmaster@"+p.Domain) }

// dmarc proposes the policy in stages; only the first is for now.
func (p *Proposal) dmarc() {
	for i, stage := range []struct{ policy, later string }{
		{"p=none", ""},
		{"p=quarantine; t=y", "two weeks of aggregate reports show that all your mail passes"},
		{"p=quarantine", "the reports of two more weeks show no own mail that fails"},
		{"p=reject", "the reports of four more weeks show no own mail that fails"},
	} {
		r := p.add("dmarc", fmt.Sprintf("stage %d", i+1), "_dmarc."+p.Domain, "TXT", "v=DMARC1; "+stage.policy+"; rua=mailto:"+p.reports())
		r.later(stage.later)
	}
}

// transport proposes TLS reports and MTA-STS.
func (p *Proposal) transport() {
	if p.plan.TLSRPT {
		p.add("tls-rpt", "receiving", "_smtp._tls."+p.Domain, "TXT", "v=TLSRPTv1; rua=mailto:"+p.reports())
	}
	if !p.plan.MTASTS {
		return
	}
	var hosts []string
	for i := range p.Records {
		if r := &p.Records[i]; r.Type == "MX" && r.Name == p.Domain {
			hosts = append(hosts, "mx: "+r.Value[strings.IndexByte(r.Value, ' ')+1:])
		}
	}
	p.Policy = "version: STSv1\nmode: testing\n" + strings.Join(hosts, "\n") + "\nmax_age: 604800\n"
	p.add("mta-sts", "receiving", "mta-sts."+p.Domain, "A", "<web: the address of a web server that serves the policy>").later("the web server has a certificate for mta-sts." + p.Domain)
	p.add("mta-sts", "receiving", "_mta-sts."+p.Domain, "TXT", "v=STSv1; id="+p.plan.Now.UTC().Format("20060102150405")).later("https://mta-sts." + p.Domain + "/.well-known/mta-sts.txt serves the policy")
}

// steps are what to do in order, and how to verify each.
func (p *Proposal) steps(services []Chosen) {
	add := func(verify, format string, args ...any) {
		p.Steps = append(p.Steps, Step{fmt.Sprintf(format, args...), verify})
	}
	for _, c := range services {
		add("", "Add the domain on the page of %s, and copy what it shows into the records written <like this>.", c.Service.Name)
	}
	if len(p.plan.IPs) > 0 {
		add("mailworthy audit --only hosts "+p.Domain, "Have the PTR records set by whoever provides the addresses, let the host greet with %s, and let the mail server sign.", p.helo())
	}
	add("mailworthy audit --zone "+p.Domain+".zone --offline "+p.Domain, "Put the records into the zone file and audit it before it is live.")
	add("mailworthy audit "+p.Domain, "Publish the records.")
	for _, c := range services {
		region := ""
		if c.Options.Region != "" {
			region = " --region " + c.Options.Region
		}
		do := "Verify the domain on the page of " + c.Service.Name
		if c.Service.SwitchOn != "" {
			do += "; then " + c.Service.SwitchOn
		}
		add("mailworthy setup "+c.Service.ID+" "+p.Domain+region, "%s.", do)
	}
	add("", "Make sure that %s can be read: reports are compressed XML, some every day.", p.reports())
	add("mailworthy message FILE", "Send a message through each service to a mailbox of your own and check it.")
	add("mailworthy dmarc check "+p.Domain, "When aggregate reports show that all your mail passes, go on to the next stage of DMARC.")
	if p.plan.MTASTS {
		add("", "Serve the MTA-STS policy, then publish _mta-sts; when TLS reports show no failures, change the mode to enforce and the id.")
	}
}

// Target returns what an audit has to state for the proposal: selectors, envelope and
// signing domains.
func (p *Proposal) Target() (selectors, mailFrom, dkimDomains []string) {
	put := func(list *[]string, s string) {
		if !slices.Contains(*list, s) && !strings.Contains(s, "<") {
			*list = append(*list, s)
		}
	}
	for i := range p.Records {
		r := &p.Records[i]
		switch {
		case r.Later != "" && !r.waits || r.Whose != "":
		case r.Purpose == "dkim":
			sel, d, _ := strings.Cut(standIn(r.Name), "._domainkey.")
			put(&selectors, sel)
			put(&dkimDomains, d)
		case r.Purpose == "spf" && r.For != "all":
			put(&mailFrom, standIn(r.Name))
		case r.Purpose == "spf" && r.Value != "v=spf1 ~all":
			put(&mailFrom, r.Name)
		}
	}
	return selectors, mailFrom, dkimDomains
}
