package inspect

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/provider"
	"mailworthy/provider/setup"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// servicesWorld answers for the names that the services' records lead to, with records
// of invented contents: each include takes two lookups, that of Google four.
func servicesWorld(t *testing.T) *resolver.Stack {
	t.Helper()
	var b strings.Builder
	b.WriteString("$ORIGIN .\n$TTL 300\n@ SOA a. b. 1 1 1 1 300\n")
	done := map[string]bool{}
	for _, s := range provider.Builtin().All() {
		for _, w := range s.Ways {
			for _, r := range w.Records {
				name, ok := strings.CutPrefix(r.Value, "include:")
				if ok && !strings.ContainsAny(name, "{<") && !done[name] {
					done[name] = true
					includes := "include:_n1." + name
					if s.ID == "google-workspace" {
						includes += " include:_n2." + name + " include:_n3." + name
					}
					fmt.Fprintf(&b, "%s. TXT \"v=spf1 %s ~all\"\n", name, includes)
					for n := range 3 {
						fmt.Fprintf(&b, "_n%d.%s. TXT \"v=spf1 ip4:11.0.%d.%d/28 ~all\"\n", n+1, name, len(done), 16*n)
					}
				}
				if _, host, ok := strings.Cut(r.Value, " "); ok && r.Type == "MX" && !strings.Contains(host, "<") {
					for _, region := range append(slices.Clone(s.Regions), provider.Region{}) {
						if to := (provider.Values{Vars: region.Vars}).Fill(host); !done[to] && !strings.ContainsAny(to, "<{") {
							done[to] = true
							fmt.Fprintf(&b, "%s. A 11.2.0.%d\n", to, len(done))
						}
					}
				}
				if r.Type == "CNAME" && r.Purpose == provider.DKIM && !strings.Contains(r.Value, "<") {
					target := strings.NewReplacer("{domain}", "new.example", "{dashed}", "new-example").Replace(r.Value)
					if !done[target] {
						done[target] = true
						key := setup.StandInKey(target)
						fmt.Fprintf(&b, "%s. TXT \"v=DKIM1; p=%s\" \"%s\"\n", target, key[:200], key[200:])
					}
				}
			}
		}
	}
	for n, host := range []string{"smtp.google.com", "mx.zoho.com", "mx2.zoho.com", "mx3.zoho.com", "in1-smtp.messagingengine.com", "in2-smtp.messagingengine.com",
		"feedback-smtp.ap-northeast-1.amazonses.com"} {
		fmt.Fprintf(&b, "%s. A 11.1.0.%d\n", host, n+1)
	}
	b.WriteString("_dmarc.example. TXT \"not a policy\"\n")
	zone, err := resolver.ParseZone(strings.NewReader(b.String()), ".", "services")
	if err != nil {
		t.Fatal(err)
	}
	return &resolver.Stack{Resolver: resolver.NewOverlay(dnstest.Zone(t, "$ORIGIN invalid.\n@ SOA a b 1 1 1 1 1\n"), zone)}
}

// TestNewPairs: the proposal for every pair of twelve common services audits as ready,
// but for the policy of the first stage, and its SPF record has room.
func TestNewPairs(t *testing.T) {
	names := []string{"sendgrid", "mailgun", "postmark", "amazon-ses", "brevo", "mailjet", "mailersend", "resend", "mailchimp", "microsoft-365", "zendesk", "mandrill"}
	stack := servicesWorld(t)
	find := func(name string) setup.Chosen {
		s, _ := provider.Builtin().Find(name)
		if s == nil {
			t.Fatal(name)
		}
		o := setup.Options{}
		if regions := s.RegionNames(); len(regions) > 0 {
			o.Region = regions[len(regions)-1]
		}
		if s.ID == "zoho-mail" {
			o.Region = "com"
		}
		return setup.Chosen{Service: s, Options: o}
	}
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	inspector := &Inspector{Resolver: stack, Options: audit.Options{MaxQueries: 500, Deadline: 20 * time.Second, Now: now, Catalogue: rbl.DefaultCatalogue()}}
	pairs, most := 0, 0
	for i, a := range names {
		for _, b := range names[i+1:] {
			pairs++
			plan := setup.Plan{Domain: "new.example", Services: []setup.Chosen{find(a), find(b)}, Now: now}
			if (i+pairs)%3 != 0 {
				// Else where mail is received is left to be filled in.
				receives := find("google-workspace")
				plan.Receives = &receives
			}
			p, _, err := inspector.Propose(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, p.Lookups)
			if p.Lookups > 10 || !p.Exact {
				t.Errorf("%s and %s: %d lookups, exact %v", a, b, p.Lookups, p.Exact)
			}
			for _, f := range p.Audit.Findings {
				if f.Severity != finding.Notice && f.Check != "dmarc-policy-none" {
					t.Errorf("%s and %s: %s %s %s: %s", a, b, f.Severity, f.Check, f.Subject, f.Detail)
				}
			}
			if p.AtEnd.Verdict != "ready" {
				t.Errorf("%s and %s at the end: %s", a, b, p.AtEnd.Verdict)
			}
		}
	}
	t.Logf("%d pairs, at most %d lookups", pairs, most)
}

// TestProposeOccupied: a domain whose SPF record names senders is not new, and one that is
// parked is told what to remove first.
func TestProposeOccupied(t *testing.T) {
	google, _ := provider.Builtin().Find("google-workspace")
	for _, tt := range []struct {
		name, zone string
		notNew     string
		remove     []string
	}{
		{"nothing there", "", "", nil},
		{"it sends", "acme.example. TXT \"v=spf1 include:_spf.esp.example ~all\"\n_dmarc.acme.example. TXT \"v=DMARC1; p=none\"\n", "v=spf1 include:_spf.esp.example ~all", nil},
		{"by a redirect", "acme.example. TXT \"v=spf1 redirect=_spf.esp.example\"\n", "v=spf1 redirect=_spf.esp.example", nil},
		{"parked", "acme.example. TXT \"v=spf1 -all\"\n_dmarc.acme.example. TXT \"v=DMARC1; p=reject\"\nacme.example. TXT \"a=1\"\n", "",
			[]string{"at acme.example first, or there are two: v=spf1 -all", "at _dmarc.acme.example first, or there are two: v=DMARC1; p=reject"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := Inspector{Resolver: dnstest.Zone(t, "$TTL 300\nacme.example. SOA . . 1 1 1 1 300\n"+tt.zone), Options: audit.Options{Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Catalogue: rbl.DefaultCatalogue()}}
			p, _, err := i.Propose(t.Context(), setup.Plan{Domain: "acme.example", Services: []setup.Chosen{{Service: google}}})
			var known *NotNewError
			if errors.As(err, &known) != (tt.notNew != "") || known != nil && known.Record != tt.notNew {
				t.Fatalf("the error is %v", err)
			}
			if err != nil {
				return
			}
			var remove []string
			for _, n := range p.Notes {
				if strings.HasPrefix(n, "Remove ") {
					remove = append(remove, n)
				}
			}
			if len(remove) != len(tt.remove) {
				t.Fatalf("%q", remove)
			}
			for k, want := range tt.remove {
				if !strings.Contains(remove[k], want) {
					t.Errorf("%q, want %q", remove[k], want)
				}
			}
		})
	}
}

// TestProposeBeside: what stands where a proposed record belongs, or was meant to, keeps the record from
// being published as it stands; what can stay beside it does not.
func TestProposeBeside(t *testing.T) {
	google, _ := provider.Builtin().Find("google-workspace")
	const spf, mx, dmarc, host = "TXT v=spf1 ip4:192.0.2.10 include:_spf.google.com ~all", "MX 1 smtp.google.com", "TXT v=DMARC1; p=none; rua=mailto:postmaster@acme.example", "A 192.0.2.10"
	for _, tt := range []struct {
		zone, notNew string
		waits        []string
	}{
		{"", "", nil},
		{"@ MX 0 .\n@ TXT \"v=spf1 -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"", "", []string{spf, mx, dmarc}},
		{"@ MX 10 mx1\nmx1 A 192.0.2.7", "", []string{mx}},
		{"@ MX 1 smtp.google.com.\n@ TXT \"a=1\"", "", nil},
		{"_dmarc CNAME x.esp.test.", "", []string{dmarc}},
		{"_dmarc TXT \"v=DMARC1 p=reject\"", "", []string{dmarc}},
		{"@ TXT \"v=DMARC1; p=reject\"", "", []string{dmarc}},
		{"_dmark TXT \"v=DMARC1; p=reject\"", "", []string{dmarc}},
		{"mail A 192.0.2.99", "", []string{host, "TXT v=spf1 a -all"}},
		{"mail A 192.0.2.10", "", nil},
		{"mail CNAME x.esp.test.", "", []string{host, "TXT v=spf1 a -all"}},
		{"acme.example MX 10 mx1\nmx1 A 192.0.2.7", "", []string{mx}},
		{"@ SPF \"v=spf1 mx -all\"", "v=spf1 mx -all", nil},
		{"@ TXT \"v=spf1mx ip4:192.0.2.7 -all\"", "v=spf1mx ip4:192.0.2.7 -all", nil},
		{"@ TXT \"v=spf mx -all\"", "v=spf mx -all", nil},
		{"acme.example TXT \"v=spf1 mx -all\"", "v=spf1 mx -all", nil},
	} {
		i := Inspector{Resolver: dnstest.Zone(t, "$ORIGIN acme.example.\n$TTL 300\n@ SOA . . 1 1 1 1 300\n"+tt.zone+"\n"), Options: audit.Options{Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Catalogue: rbl.DefaultCatalogue()}}
		p, _, err := i.Propose(t.Context(), setup.Plan{Domain: "acme.example", Receives: &setup.Chosen{Service: google}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10")}})
		var known *NotNewError
		if errors.As(err, &known) != (tt.notNew != "") || known != nil && known.Record != tt.notNew {
			t.Errorf("%s: the error is %v", tt.zone, err)
		}
		if err != nil {
			continue
		}
		var waits []string
		for k := range p.Records {
			r := &p.Records[k]
			if strings.HasPrefix(r.Later, "what stands at") || strings.HasPrefix(r.Later, "the record that was meant") {
				waits = append(waits, r.Type+" "+r.Value)
				if r.Active() {
					t.Errorf("%s: active: %v", tt.zone, r)
				}
			}
		}
		if !slices.Equal(slices.Sorted(slices.Values(waits)), slices.Sorted(slices.Values(tt.waits))) {
			t.Errorf("%s: %q wait, want %q", tt.zone, waits, tt.waits)
		}
		if p.AtEnd.Verdict == "" {
			t.Errorf("%s: not audited", tt.zone)
		}
	}
}

// TestNewDomainInside: an address inside a network is none that mail comes from.
func TestNewDomainInside(t *testing.T) {
	for ip, ok := range map[string]bool{"10.0.0.5": false, "127.0.0.1": false, "fe80::1": false, "192.0.2.10": true, "2001:db8::10": true} {
		if _, err := (NewDomain{Domain: "acme.example", IPs: []string{ip}}).Plan(provider.Builtin()); (err == nil) != ok {
			t.Errorf("%s: %v", ip, err)
		}
	}
}
