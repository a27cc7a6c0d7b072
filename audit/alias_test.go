package audit

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestApexAlias: that the domain itself is an alias is named where it is the cause, and what
// cannot stand beside the alias waits until it is gone.
func TestApexAlias(t *testing.T) {
	const soa = "@ 300 SOA ns hostmaster 1 2 3 4 300\n"
	for _, tt := range []struct {
		name, zone, domain string
		alias              bool
	}{
		{"an alias at the domain", "@ 300 CNAME www\nwww 300 A 192.0.2.80\n", "acme.example", true},
		{"an alias of an alias", "@ 300 CNAME www\nwww 300 CNAME web\nweb 300 A 192.0.2.80\n", "acme.example", true},
		{"an address", soa + "@ 300 A 192.0.2.80\n", "acme.example", false},
		{"an alias below the domain", soa + "news 300 CNAME www\nwww 300 A 192.0.2.80\n", "news.acme.example", false},
	} {
		world := resolver.NewOverlay(nil, dnstest.Parse(t, "$ORIGIN acme.example.\n"+tt.zone))
		r := Run(t.Context(), world, Target{Domain: tt.domain, Sections: []finding.Section{finding.SPF, finding.Hosts}}, Options{Selectors: "inferred"})
		seen := map[string]bool{}
		for _, f := range r.Findings {
			named := strings.Contains(f.Detail, "is an alias of")
			waits := f.Fix != nil && strings.Contains(f.Fix.When, "the alias at acme.example is replaced")
			switch f.Check {
			case "domain-no-soa":
				named = named && strings.Contains(f.Fix.Summary, "remove the alias") && strings.Contains(f.Title, "alias")
			case "spf-record-missing", "mx-implicit":
				named = named && waits
			default:
				if waits {
					t.Errorf("%s: %s waits", tt.name, f.Check)
				}
				continue
			}
			if f.Severity != finding.Pass && named != tt.alias {
				t.Errorf("%s: %s: %s; %+v", tt.name, f.Check, f.Detail, f.Fix)
			}
			seen[f.Check] = f.Severity != finding.Pass
		}
		if tt.alias && (!seen["domain-no-soa"] || !seen["spf-record-missing"] || !seen["mx-implicit"]) {
			t.Errorf("%s: %v", tt.name, seen)
		}
	}
}

// TestAtEnds: a fix of what stands behind an alias is published where it stands, and never
// beside the alias (RFC 1034, 3.6.2).
func TestAtEnds(t *testing.T) {
	const head = "$ORIGIN .\n$TTL 300\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\nmx1 A 192.0.2.10\n" +
		"_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\nother.test. TXT \"v=spf1 ip4=192.0.2.77 -all\"\n"
	for _, tt := range []struct {
		name, zone, domain, check string
		// at is where the fix is published, "" if it has no record.
		at       string
		complete bool
	}{
		{"an include", "@ MX 10 mx1\n@ TXT \"v=spf1 mx include:_spf.acme.example -all\"\n_spf CNAME rec\nrec TXT \"v=spf1 ip4=192.0.2.11 -all\"", "acme.example", "spf-unknown-modifier", "rec.acme.example", true},
		{"an include behind two", "@ MX 10 mx1\n@ TXT \"v=spf1 mx include:_spf.acme.example -all\"\n_spf CNAME b\nb CNAME rec\nrec TXT \"v=spf1 ip4=192.0.2.11 -all\"", "acme.example", "spf-unknown-modifier", "rec.acme.example", true},
		{"the domain, a slip", "news CNAME www\nwww MX 10 mx1\nwww TXT \"v=spf1 mx ip4=192.0.2.11 -all\"", "news.acme.example", "spf-unknown-modifier", "www.acme.example", false},
		{"the domain, a term twice", "news CNAME www\nwww MX 10 mx1\nwww TXT \"v=spf1 mx mx -all\"", "news.acme.example", "spf-duplicate-term", "www.acme.example", false},
		{"the domain, no all", "news CNAME www\nwww MX 10 mx1\nwww TXT \"v=spf1 mx\"", "news.acme.example", "spf-all-missing", "www.acme.example", false},
		{"the domain, a null MX beside another", "news CNAME www\nwww MX 10 mx1\nwww MX 0 .\nwww TXT \"v=spf1 mx -all\"", "news.acme.example", "mx-null-not-alone", "", false},
		{"the domain at another's name", "news CNAME other.test.", "news.acme.example", "spf-unknown-modifier", "", false},
		{"no alias", "news MX 10 mx1\nnews TXT \"v=spf1 mx ip4=192.0.2.11 -all\"", "news.acme.example", "spf-unknown-modifier", "news.acme.example", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: tt.domain, Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.Hosts}}, Options{})
			found := false
			for _, f := range r.Findings {
				if f.Fix == nil {
					continue
				}
				for _, rec := range append(f.Fix.Records(), f.Fix.Remove...) {
					if strings.Contains(tt.zone, strings.TrimSuffix(rec.Name, ".acme.example")+" CNAME") {
						t.Errorf("%s: %v beside the alias", f.Check, rec)
					}
				}
				if f.Check == tt.check {
					found = true
					if f.Fix.Name != tt.at || f.Fix.Complete != tt.complete {
						t.Errorf("%s: %+v", f.Check, *f.Fix)
					}
				}
			}
			if !found {
				t.Errorf("no %s", tt.check)
			}
		})
	}
}

// TestDangling: a name that is an alias of one which does not exist has one fix: the alias gets its final
// dot, if the zone added its own name to the target, and else goes with whatever is published there.
func TestDangling(t *testing.T) {
	const head = "$ORIGIN .\n$TTL 300\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n@ MX 10 mx1\nmx1 A 192.0.2.10\n@ TXT \"v=spf1 mx -all\"\n" +
		"em.esp.test. MX 10 mx.esp.test.\nem.esp.test. TXT \"v=spf1 ip4:192.0.2.77 -all\"\nmx.esp.test. A 192.0.2.77\n10.2.0.192.in-addr.arpa. PTR mx1\n77.2.0.192.in-addr.arpa. PTR mx.esp.test.\n"
	for _, tt := range []struct {
		name, zone string
		target     Target
		// want are the findings that are worse than notices, each with the types it publishes at news.
		want string
	}{
		{"without its dot", "news CNAME em.esp.test", Target{Domain: "news.acme.example"}, "spf-record-missing CNAME complete"},
		{"of an envelope domain", "news CNAME em.esp.test", Target{Domain: "acme.example", MailFrom: []string{"news.acme.example"}}, "spf-record-missing CNAME complete"},
		{"without its dot, and nothing is there", "news CNAME em9.esp.test", Target{Domain: "news.acme.example"}, "spf-record-missing"},
		{"without its dot, hosts alone", "news CNAME em.esp.test", Target{Domain: "news.acme.example", Sections: []finding.Section{finding.Hosts}}, "mx-missing"},
		{"the last of two without its dot", "news CNAME foo\nfoo CNAME em.esp.test", Target{Domain: "news.acme.example"}, "spf-record-missing"},
		{"the last of two without its dot, hosts alone", "news CNAME foo\nfoo CNAME em.esp.test", Target{Domain: "news.acme.example", Sections: []finding.Section{finding.Hosts}}, "mx-missing"},
		{"of a name that may be one of the domain", "news CNAME mail.us\nwww.us A 192.0.2.9", Target{Domain: "news.acme.example"}, "spf-record-missing"},
		{"of a name that may be one of the domain, hosts alone", "news CNAME mail.us\nwww.us A 192.0.2.9", Target{Domain: "news.acme.example", Sections: []finding.Section{finding.Hosts}}, "mx-missing"},
		{"of a name of the domain", "news CNAME gone", Target{Domain: "news.acme.example"}, "mx-missing MX, spf-record-missing TXT"},
		{"in order", "news CNAME em.esp.test.", Target{Domain: "news.acme.example"}, ""},
	} {
		if tt.target.Profile = finding.Sender; tt.target.Sections == nil {
			tt.target.Sections = []finding.Section{finding.SPF, finding.Hosts}
		}
		r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), tt.target, Options{})
		var got []string
		for _, f := range r.Findings {
			if !f.Severity.AtLeast(finding.Error) || f.Fix == nil {
				continue
			}
			said := f.Check
			if strings.Contains(f.Fix.Summary+" "+f.Detail, "mail.us.)") || strings.Contains(f.Detail, "mail.us is missing") {
				t.Errorf("%s: a stranger's name: %s", tt.name, f.Fix.Summary)
			}
			for _, rec := range f.Fix.Records() {
				if said += " " + rec.Type; rec.Name != "news.acme.example" || len(f.Fix.Remove) != 1 || f.Fix.Remove[0].Type != "CNAME" {
					t.Errorf("%s: %s: %+v", tt.name, f.Check, *f.Fix)
				}
			}
			if f.Fix.Complete {
				said += " complete"
			}
			got = append(got, said)
		}
		slices.Sort(got)
		if is := strings.Join(got, ", "); is != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, is, tt.want)
		}
	}
}
