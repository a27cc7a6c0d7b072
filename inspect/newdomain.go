package inspect

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/internal/field"
	"mailworthy/mailhost"
	"mailworthy/provider"
	"mailworthy/provider/setup"
)

// NewDomain is what somebody states about a domain that does not send mail yet, in their
// words: the wire form of a setup.Plan.
type NewDomain struct {
	Domain string `json:"domain"`
	// Providers are the services that send, each NAME or NAME@REGION.
	Providers []string `json:"providers"`
	// Receives is the service that takes the domain's mail, in the same form, or a host.
	Receives string `json:"receives"`
	// IPs are own sending addresses, HELO is the name that their host greets with.
	IPs  []string `json:"ips"`
	HELO string   `json:"helo"`
	// Reports is the mailbox that takes reports.
	Reports string `json:"reports"`
	// Tokens fill in places that only a service's page shows, each NAME:KEY=VALUE.
	Tokens []string `json:"tokens"`
	TLSRPT bool     `json:"tls_rpt"`
	MTASTS bool     `json:"mta_sts"`
}

// ErrNobodySends is the error of a NewDomain that states nobody who sends.
var ErrNobodySends = errors.New("nothing is known of who sends for the domain")

// Plan checks what is stated, the services being those of a catalogue. The error is a
// *FieldError if it is of a field.
func (n NewDomain) Plan(services *provider.Catalogue) (setup.Plan, error) {
	p := setup.Plan{TLSRPT: n.TLSRPT, MTASTS: n.MTASTS, Reports: n.Reports}
	var err error
	if p.Domain, err = audit.ParseAuthorDomain(n.Domain); err != nil {
		return p, err
	}
	for _, word := range n.Providers {
		c, err := n.chosen(services, word)
		if err != nil {
			return p, err
		}
		if i := slices.IndexFunc(p.Services, func(o setup.Chosen) bool { return o.Service == c.Service }); i < 0 {
			p.Services = append(p.Services, c)
		} else if a, b := p.Services[i].Options.Region, c.Options.Region; a != b {
			return p, field.Errorf("providers", " %s is stated for two regions (%s, %s)", c.Service.ID, cmp.Or(a, "none"), cmp.Or(b, "none")).
				With("state one here; then mailworthy setup %s %s --region REGION for the other", c.Service.ID, p.Domain)
		}
	}
	if err := n.receives(services, &p); err != nil {
		return p, err
	}
	if p.IPs, err = addresses("ips", n.IPs); err != nil {
		return p, err
	}
	for _, ip := range p.IPs {
		if !mailhost.Public(ip) {
			return p, field.Errorf("ips", " %s is an address inside a network, from which nobody else sees mail come", ip).With("state the public address that the mail leaves from")
		}
	}
	if n.HELO != "" {
		if p.HELO, err = audit.ParseDomain(n.HELO); err != nil {
			return p, field.Because("helo", err)
		}
	}
	if n.Reports != "" && (strings.Count(n.Reports, "@") != 1 || strings.ContainsAny(n.Reports, " ,;<>!\"")) {
		return p, field.Errorf("reports", " %q is not a mailbox", n.Reports).With("write it as reports@%s", p.Domain)
	}
	if len(p.Services) == 0 && len(p.IPs) == 0 && p.Receives == nil {
		return p, ErrNobodySends
	}
	return p, nil
}

// receives reads who takes the domain's mail: a service, or a host.
func (n NewDomain) receives(services *provider.Catalogue, p *setup.Plan) (err error) {
	if n.Receives == "" {
		return nil
	}
	if s, _ := services.Find(n.Receives); s == nil && strings.Contains(n.Receives, ".") {
		if p.ReceiveHost, err = audit.ParseDomain(n.Receives); err != nil {
			return field.Because("receives", err)
		}
		return nil
	}
	c, err := n.chosen(services, n.Receives)
	if err != nil {
		return err
	}
	p.Receives = &c
	// A service that also sends is one account, in the region that either states.
	i := slices.IndexFunc(p.Services, func(o setup.Chosen) bool { return o.Service == c.Service })
	if i < 0 {
		return nil
	}
	switch a, b := &p.Services[i].Options.Region, &c.Options.Region; {
	case *b == "":
		*b = *a
	case *a == "":
		*a = *b
	case *a != *b:
		return field.Errorf("receives", " %s@%s: as a service that sends it is of another region (%s)", c.Service.ID, *b, *a).With("an account is in one of them")
	}
	return nil
}

// chosen is a service with its region and tokens: "amazon-ses@eu-west-1".
func (n NewDomain) chosen(services *provider.Catalogue, word string) (setup.Chosen, error) {
	name, region, _ := strings.Cut(word, "@")
	s, err := services.Meant(name)
	if err != nil {
		return setup.Chosen{}, err
	}
	if !s.NeedsRecords() {
		return setup.Chosen{}, field.Errorf("", "what %s needs is not in the catalogue", s.Name).With("mailworthy setup --list lists the services")
	}
	stated := Service{Region: region}
	for _, t := range n.Tokens {
		of, rest, ok := strings.Cut(t, ":")
		if !ok {
			return setup.Chosen{}, field.Errorf("tokens", " %q is not NAME:KEY=VALUE", t).With("write it as sendgrid:number=1234")
		}
		owner, err := services.Meant(of)
		if err != nil {
			return setup.Chosen{}, err
		}
		if owner == s {
			stated.Tokens = append(stated.Tokens, rest)
		}
	}
	o, err := stated.Options(s)
	return setup.Chosen{Service: s, Options: o}, err
}
