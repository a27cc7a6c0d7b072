package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestServices: services are named by what points to them, and an include of one that
// is not in use, or does not need it, is a notice whose fix is not complete.
func TestServices(t *testing.T) {
	for _, test := range []struct {
		name, records, services, left string
	}{
		{"google and an old include", `
			@ MX 1 smtp.google.com.
			@ TXT "v=spf1 include:_spf.google.com include:servers.mcsv.net ~all"`,
			"Google Workspace mx,spf; Mailchimp spf", "include:servers.mcsv.net"},
		{"a service whose keys are nowhere", `
			@ MX 10 mx
			mx A 11.0.0.1
			x._domainkey TXT "v=DKIM1; p="
			@ TXT "v=spf1 mx include:mail.zendesk.com ~all"`,
			"Zendesk spf", "include:mail.zendesk.com"},
		{"a service whose selectors cannot be guessed", `
			@ MX 10 mx
			mx A 11.0.0.1
			x._domainkey TXT "v=DKIM1; p="
			@ TXT "v=spf1 mx include:_spf.salesforce.com ~all"`,
			"Salesforce spf", ""},
		{"an alias without a key is no absence", `
			@ MX 10 mx
			mx A 11.0.0.1
			zendesk1._domainkey CNAME zendesk1._domainkey.zendesk.com.
			@ TXT "v=spf1 mx include:mail.zendesk.com ~all"`,
			"Zendesk spf", ""},
		{"none", `
			@ MX 10 mx
			mx A 11.0.0.1
			@ TXT "v=spf1 mx -all"`, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			zone := "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns h 1 1 1 1 300\n" + strings.ReplaceAll(test.records, "\t", "")
			r := Run(t.Context(), dnstest.Zone(t, zone), Target{Domain: "acme.example"}, Options{})
			var names []string
			for _, s := range r.Services {
				names = append(names, s.Name+" "+strings.Join(s.By, ","))
			}
			if got := strings.Join(names, "; "); got != test.services {
				t.Errorf("services %q, want %q", got, test.services)
			}
			i := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Check == "provider-left-behind" })
			left := ""
			if i >= 0 {
				f := r.Findings[i]
				left = f.Subject
				if f.Severity != finding.Notice || f.Fix == nil || f.Fix.Complete {
					t.Errorf("%+v", f)
				}
			}
			if left != test.left {
				t.Errorf("left behind %q, want %q", left, test.left)
			}
			if test.services != "" && test.services != "Zendesk spf" && !strings.Contains(fmt.Sprint(r.Findings), "leaves from addresses of the service") && len(r.Examined.Senders) == 0 {
				t.Error("rbl-no-addresses does not say whose the addresses are")
			}
		})
	}
}

// TestInferred: what a service lacks that nobody stated is a warning, and only if
// something else than an SPF term points to it, what it needs is known, and all of it was
// answered.
func TestInferred(t *testing.T) {
	const google = "@ MX 1 smtp.google.com.\n"
	for _, test := range []struct{ name, records, want string }{
		{"mailboxes without the include", google + "@ TXT \"v=spf1 include:mail.zendesk.com ~all\"\n", "acme.example"},
		{"mailboxes with it", google + "@ TXT \"v=spf1 include:_spf.google.com ~all\"\n", ""},
		{"with it further down", google + "@ TXT \"v=spf1 include:_spf.acme.example ~all\"\n_spf TXT \"v=spf1 include:_spf.google.com ~all\"\n", ""},
		{"flattened", google + "@ TXT \"v=spf1 ip4:209.85.128.0/17 ~all\"\n", ""},
		{"a macro may stand for it", google + "@ TXT \"v=spf1 include:%{ir}.x.acme.example ~all\"\n1.2.0.11.x TXT \"v=spf1 ip4:11.0.2.1 -all\"\n", ""},
		{"misread, and found by its fix", google + "@ TXT \"v=spf1 include:_spf..google.com ~all\"\n", ""},
		{"no SPF record", google, ""},
		{"sends nothing", google + "@ TXT \"v=spf1 -all\"\n", ""},
		{"one alias of two", "@ TXT \"v=spf1 mx ~all\"\n@ MX 10 mx\nmx A 11.0.0.1\nzendesk1._domainkey CNAME zendesk1._domainkey.zendesk.com.\nk1._domainkey CNAME dkim.mcsv.net.\nk2._domainkey CNAME dkim2.mcsv.net.\n", "k3._domainkey.acme.example"},
	} {
		t.Run(test.name, func(t *testing.T) {
			zone := "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns h 1 1 1 1 300\n" + test.records
			world := dnstest.Zone(t, "$ORIGIN .\n$TTL 300\ncom. SOA ns h 1 1 1 1 300\nnet. SOA ns h 1 1 1 1 300\n_spf.google.com. TXT \"v=spf1 ip4:11.1.0.0/24 ~all\"\n"+
				"mail.zendesk.com. TXT \"v=spf1 ip4:11.2.0.0/24 ~all\"\ndkim.mcsv.net. TXT \"v=DKIM1; p=\"\ndkim2.mcsv.net. TXT \"v=DKIM1; p=\"\n"+zone)
			r := Run(t.Context(), world, Target{Domain: "acme.example"}, Options{})
			got := ""
			for _, f := range r.Findings {
				if f.Check == "provider-record-missing" {
					got += f.Subject
					if f.Severity != finding.Warning || f.Fix == nil || f.Fix.Complete {
						t.Errorf("%+v", f)
					}
				}
			}
			if got != test.want {
				t.Errorf("missing %q, want %q (services %v)", got, test.want, r.Services)
			}
		})
	}
}
