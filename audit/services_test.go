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
