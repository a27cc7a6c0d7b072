package setup

import (
	"context"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/provider"
	"mailworthy/resolver"
)

// Schema names the JSON contract of a Checklist. Keys are added to it, never renamed.
const Schema = "mailworthy/setup/1"

// Status is what was found of an expected record.
type Status string

const (
	OK      Status = "ok"
	Missing Status = "missing"
	Wrong   Status = "wrong"
	// Unknown: the DNS did not say, or a name is known to the service alone.
	Unknown Status = "unknown"
	// NotNeeded: optional and not there, or there and of no use to the service.
	NotNeeded Status = "not-needed"
)

// Item is one record of a checklist.
type Item struct {
	Purpose provider.Purpose `json:"purpose"`
	Name    string           `json:"name"`
	Type    string           `json:"type"`
	// Expected is the record to publish: of an SPF record the whole of it, with the
	// terms that are there. Found is what is there; empty: nothing, or it is not known.
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Status   Status `json:"status"`
	// Detail says why, in full sentences; empty if there is nothing to say.
	Detail string `json:"detail"`
	// Reason is a word for the cause of a status, for programs: "apex", "flattened",
	// "doubled", …; empty if the status says all.
	Reason string        `json:"reason" empty:"null"`
	Need   provider.Need `json:"need"`
	// Complete: Expected and Name can be published as they stand, and what they replace is
	// the service's own.
	Complete bool `json:"complete"`
	// Occupied: what is at the name may be of another sender, which loses it if Expected
	// takes its place.
	Occupied bool `json:"occupied"`
	// Remove are published records that Expected replaces, or that are of no use.
	Remove []finding.Record `json:"remove"`
	// Unanswered: the status is unknown because the DNS did not answer.
	Unanswered bool               `json:"unanswered"`
	Evidence   []finding.Evidence `json:"evidence"`

	// lookups are what the term of an SPF record that is of no use costs.
	lookups int
	record  *provider.Record
}

// Record is what to publish.
func (i *Item) Record() finding.Record {
	return finding.Record{Name: i.Name, Type: i.Type, Value: i.Expected}
}

// ToDo reports whether the record is to be published.
func (i *Item) ToDo() bool { return i.Status == Missing || i.Status == Wrong }

// Port is a port of the service in JSON.
type Port struct {
	Port int `json:"port"`
	// TLS is "starttls" or "implicit".
	TLS string `json:"tls"`
}

// Mail is how programs hand mail in.
type Mail struct {
	Hosts []string `json:"hosts"`
	Ports []int    `json:"ports"`
	// PortTLS has the ports with their kind of TLS; RelayPorts those of the second host.
	PortTLS    []Port `json:"port_tls"`
	RelayPorts []Port `json:"relay_port_tls"`
	Username   string `json:"username"`
	Password   string `json:"password"`
	// MinTLS is the lowest version that the service accepts; empty: it does not say.
	MinTLS string `json:"min_tls" empty:"null"`
	// FromMemory names what of this is not verified.
	FromMemory string `json:"from_memory" empty:"null"`
}

// Checklist is what a service needs of a domain and what is there.
type Checklist struct {
	// Schema is always "mailworthy/setup/1".
	Schema   string `json:"schema"`
	Provider string `json:"provider"`
	ID       string `json:"provider_id"`
	Domain   string `json:"domain"`
	// Region and Way are those that the records are judged by; RegionBy is "stated",
	// "found" or "assumed".
	Region     string `json:"region" empty:"null"`
	RegionBy   string `json:"region_by" empty:"null"`
	Way        string `json:"way" empty:"null"`
	ReturnPath string `json:"return_path" empty:"null"`
	Records    []Item `json:"records"`
	// SMTP is null for a service without an SMTP host.
	SMTP     *Mail             `json:"smtp"`
	Limits   []string          `json:"limits"`
	Traps    []string          `json:"traps"`
	Findings []finding.Finding `json:"findings"`
	// Next are the steps that are left, in order.
	Next []string `json:"next"`
	// Source says where the expectations come from, and when they were read.
	Source  string `json:"source" empty:"null"`
	Date    string `json:"date" empty:"null"`
	Queries int    `json:"queries"`

	service *provider.Service
}

// Options state what the DNS does not say.
type Options struct {
	// Region of the account; empty: found in the records, or the usual one.
	Region string
	// ReturnPath is the envelope host, whole or as a name below the domain; empty: the
	// one that the service proposes, or that a zone shows.
	ReturnPath string
	// Selectors are those that the service shows.
	Selectors []string
	// Tokens are for the places <key: …>.
	Tokens map[string]string
	// MaxQueries bounds the distinct questions; zero: 500.
	MaxQueries int
	// Inferred: nobody stated the service; what is missing is a warning.
	Inferred bool
}

// check is one comparison under way.
type check struct {
	ctx    context.Context
	ask    *resolver.Session
	s      *provider.Service
	domain string
	o      Options
	// listed: a zone that is loaded holds the domain, so that its names can be listed.
	listed bool
	below  []resolver.Record
	// namesBelow lists names below one, as far as loaded zones hold them.
	namesBelow func(name string, most int) []string
	spf        map[string]*spfAnswer
	dmarc      *dmarcAnswer
}

// Check compares what the service needs with what the DNS holds. It never fails: what
// the DNS does not say is unknown. The domain is one that audit.ParseDomain returned.
func Check(ctx context.Context, r resolver.Resolver, s *provider.Service, domain string, o Options) *Checklist {
	if o.MaxQueries == 0 {
		o.MaxQueries = 500
	}
	c := &check{ctx: ctx, ask: resolver.NewSession(r, o.MaxQueries), s: s, domain: domain, o: o, spf: map[string]*spfAnswer{}}
	c.below = resolver.Below(r, domain, resolver.TypeTXT, resolver.TypeCNAME, resolver.TypeMX, resolver.TypeNS, resolver.TypeSOA)
	c.listed = len(c.below) > 0
	c.namesBelow = func(name string, most int) []string { return dkim.NamesBelow(r, name, most) }
	c.fetch()
	l := c.best()
	l.Queries = c.ask.Queries()
	l.finish(o)
	return l
}

// Describe returns the list of a service for a domain without asking anything.
func Describe(s *provider.Service, o Options) *Checklist {
	l := newChecklist(s, "")
	region := o.Region
	if region == "" && len(s.Regions) > 0 {
		region = s.Regions[0].Name
	}
	l.SMTP = mailOf(s, valuesOf(s, "<domain: your domain>", region, "", o))
	return l
}

func newChecklist(s *provider.Service, domain string) *Checklist {
	return &Checklist{Schema: Schema, Provider: s.Name, ID: s.ID, Domain: domain, Records: []Item{}, Limits: nonNil(s.Limits), Traps: nonNil(s.Traps),
		Findings: []finding.Finding{}, Next: []string{}, Source: s.Source, Date: s.Date, service: s}
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// valuesOf fills templates of a service in for a domain.
func valuesOf(s *provider.Service, domain, region, returnPath string, o Options) provider.Values {
	v := provider.NewValues(s)
	v.Vars["domain"], v.Vars["dashed"], v.Vars["return-path"] = domain, strings.ReplaceAll(domain, ".", "-"), returnPath
	if r, ok := s.Region(region); ok {
		for k, value := range r.Vars {
			v.Vars[k] = value
		}
	}
	for k, t := range o.Tokens {
		v.Tokens[k] = t
	}
	return v
}

func mailOf(s *provider.Service, v provider.Values) *Mail {
	if s.SMTP == nil {
		return nil
	}
	m := &Mail{Hosts: []string{v.Fill(s.SMTP.Host)}, Username: s.SMTP.User, Password: s.SMTP.Password, MinTLS: s.SMTP.TLS, FromMemory: s.SMTP.FromMemory,
		Ports: []int{}, PortTLS: []Port{}}
	if s.SMTP.Relay != "" {
		m.Hosts = append(m.Hosts, v.Fill(s.SMTP.Relay))
	}
	for _, p := range s.SMTP.Ports {
		m.Ports = append(m.Ports, p.Number)
	}
	m.PortTLS, m.RelayPorts = ports(s.SMTP.Ports), ports(s.SMTP.RelayPorts)
	return m
}

func ports(list []provider.Port) []Port {
	out := make([]Port, 0, len(list))
	for _, p := range list {
		kind := "starttls"
		if p.Implicit {
			kind = "implicit"
		}
		out = append(out, Port{p.Number, kind})
	}
	return out
}

// regions are the names of the regions to try.
func (c *check) regions() []string {
	switch {
	case c.o.Region != "":
		return []string{c.o.Region}
	case len(c.s.Regions) == 0:
		return []string{""}
	}
	out := make([]string, 0, len(c.s.Regions))
	for _, r := range c.s.Regions {
		out = append(out, r.Name)
	}
	return out
}

// best judges the records by each way and region, and returns the list that most of
// what is there belongs to; of equal ones the first.
func (c *check) best() *Checklist {
	var best *Checklist
	most := -1
	ways := c.s.Ways
	if len(ways) == 0 {
		ways = []provider.Way{{}}
	}
	for w := range ways {
		for _, region := range c.regions() {
			l := c.judge(&ways[w], region)
			if n := l.weight(); n > most {
				best, most = l, n
			}
		}
	}
	return best
}

// weight orders lists by how much of what is there belongs to them.
func (l *Checklist) weight() int {
	n := 0
	for i := range l.Records {
		it := &l.Records[i]
		switch {
		case it.Need == provider.Unwanted || it.Purpose == provider.DMARC:
		case it.Status == OK:
			n += 10
		case it.Status == Wrong:
			// The name is of this way, what is there is not.
			n++
		}
	}
	return n
}

// judge compares the records of one way in one region.
func (c *check) judge(w *provider.Way, region string) *Checklist {
	l := newChecklist(c.s, c.domain)
	l.Way = w.Name
	returnPath := c.returnPath(w)
	v := valuesOf(c.s, c.domain, region, returnPath, c.o)
	if region != "" {
		l.RegionBy = "assumed"
		if c.o.Region != "" {
			l.RegionBy = "stated"
		}
	}
	names := c.names(w, &v)
	hasDMARC := false
	for i := range w.Records {
		r := &w.Records[i]
		hasDMARC = hasDMARC || r.Purpose == provider.DMARC
		name := names[i]
		if name == "" {
			name = v.Fill(r.Name)
		}
		it := c.item(r, name, &v)
		l.Records = append(l.Records, it)
		if l.RegionBy == "assumed" && it.Status == OK && c.regional(r) {
			l.RegionBy = "found"
		}
	}
	// A record may have shown which region it is.
	l.ReturnPath = v.Fill(returnPath)
	if l.Region = v.Fill(region); l.RegionBy == "found" && strings.HasPrefix(l.Region, "<") {
		l.RegionBy = "assumed"
	}
	if !hasDMARC && c.s.NeedsRecords() {
		r := &provider.Record{Purpose: provider.DMARC, Need: provider.Optional, Name: "_dmarc.{domain}", Type: "TXT", Value: "v=DMARC1",
			Why: c.s.Name + " does not demand one; Gmail, Yahoo and Microsoft do of who sends 5,000 messages a day"}
		l.Records = append(l.Records, c.item(r, v.Fill(r.Name), &v))
	}
	c.again(l, w, names, &v)
	// Verification is over once the service signs.
	signed := false
	for i := range l.Records {
		it := &l.Records[i]
		signed = signed || it.Purpose == provider.DKIM && it.Status == OK
	}
	for i := range l.Records {
		if it := &l.Records[i]; signed && it.Need == provider.Once && it.Status == Missing {
			it.Status = NotNeeded
			it.Detail = "It is asked for until the domain is verified; the records for DKIM are there."
		}
	}
	l.SMTP = mailOf(c.s, v)
	return l
}

// again fills in what other records have shown: a token of the first alias belongs in
// the second one, too.
func (c *check) again(l *Checklist, w *provider.Way, names []string, v *provider.Values) {
	for i := range w.Records {
		it := &l.Records[i]
		if it.Status == Missing && !it.Complete && it.Type != "TXT" {
			*it = c.item(&w.Records[i], cmpName(names[i], v.Fill(w.Records[i].Name)), v)
		}
	}
}

func cmpName(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// regional reports whether a record differs from region to region.
func (c *check) regional(r *provider.Record) bool {
	if len(c.s.Regions) == 0 {
		return false
	}
	for k := range c.s.Regions[0].Vars {
		if strings.Contains(r.Value, "{"+k+"}") {
			return true
		}
	}
	return false
}

// otherRegions are the values for the other regions.
func (c *check) otherRegions(v *provider.Values) map[string]provider.Values {
	out := map[string]provider.Values{}
	for _, r := range c.s.Regions {
		if strings.HasPrefix(r.Name, "<") {
			continue
		}
		out[r.Name] = valuesOf(c.s, c.domain, r.Name, v.Vars["return-path"], Options{})
	}
	return out
}

// fetch asks what is sure to be asked, at once; the comparison finds it answered.
func (c *check) fetch() {
	b := resolver.NewBatch(c.ctx, c.ask)
	seen := map[string]bool{}
	none := func(*resolver.Answer, error) {}
	ask := func(name string, types ...resolver.Type) {
		for _, t := range types {
			if key := name + t.String(); !seen[key] && !strings.ContainsAny(name, "<{") {
				seen[key] = true
				b.Ask(name, t, none)
			}
		}
	}
	ask("_dmarc."+c.domain, resolver.TypeTXT)
	ask("_domainkey."+c.domain, resolver.TypeTXT)
	for _, w := range c.s.Ways {
		for _, rp := range c.candidates() {
			v := valuesOf(c.s, c.domain, "", rp, c.o)
			for _, r := range w.Records {
				for _, sel := range append(slices.Clone(r.Try), c.o.Selectors...) {
					u := v
					u.Vars["selector"] = sel
					c.askFor(ask, r, u.Fill(r.Name))
				}
				c.askFor(ask, r, v.Fill(r.Name))
			}
		}
	}
	b.Run()
}

func (c *check) askFor(ask func(string, ...resolver.Type), r provider.Record, name string) {
	switch r.Type {
	case "TXT":
		ask(name, resolver.TypeTXT)
	case "CNAME":
		ask(name, resolver.TypeCNAME, resolver.TypeTXT)
	case "MX":
		ask(name, resolver.TypeMX)
	case "NS":
		ask(name, resolver.TypeNS)
	}
}
