package setup

import (
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/provider"
)

// TestMeant: what is proposed starts from the record that was meant, as the audit repairs it,
// and is not complete where a part of it, or who else sends, nobody can tell.
func TestMeant(t *testing.T) {
	const (
		servers = "ip4:<the address of each server of your own that sends>"
		google  = "_dmarc TXT \"v=DMARC1; p=none\"\n@ MX 1 smtp.google.com.\n"
		reject  = "v=DMARC1; p=reject; rua=mailto:d@acme.example"
	)
	for _, test := range []struct {
		service, zone string
		purpose       provider.Purpose
		status        Status
		reason, want  string
		complete      bool
		remove        []string
	}{
		{"google-workspace", google, provider.SPF, Missing, "", "v=spf1 include:_spf.google.com ~all", true, nil},
		{"google-workspace", google + `@ TXT "v=spf1mx ip4:203.0.113.5 -all"`, provider.SPF, Wrong, "broken", "v=spf1 mx ip4:203.0.113.5 include:_spf.google.com -all", true,
			[]string{"acme.example v=spf1mx ip4:203.0.113.5 -all"}},
		{"google-workspace", google + `@ TXT "v=spf1 mx - all"`, provider.SPF, Wrong, "broken", "v=spf1 mx include:_spf.google.com -all", true, []string{"acme.example v=spf1 mx - all"}},
		{"google-workspace", google + `@ TXT "v=spf1 ip4.192.0.2.10 -all"`, provider.SPF, Wrong, "broken", "v=spf1 ip4:192.0.2.10 include:_spf.google.com -all", true,
			[]string{"acme.example v=spf1 ip4.192.0.2.10 -all"}},
		{"google-workspace", google + `@ TXT "v=spf1 ip4:203.0.113.500 mx -all"`, provider.SPF, Wrong, "broken",
			"v=spf1 ip4:<the address that ip4:203.0.113.500 was meant to be> mx include:_spf.google.com -all", false, []string{"acme.example v=spf1 ip4:203.0.113.500 mx -all"}},
		{"google-workspace", google + `@ TXT " v=spf1 include:_spf.google.com -all"`, provider.SPF, Wrong, "broken", "v=spf1 include:_spf.google.com -all", true,
			[]string{"acme.example  v=spf1 include:_spf.google.com -all"}},
		{"google-workspace", google + `@ SPF "v=spf1 mx ip4:203.0.113.5 -all"`, provider.SPF, Wrong, "broken", "v=spf1 mx ip4:203.0.113.5 include:_spf.google.com -all", true, nil},
		{"google-workspace", "@ MX 1 smtp.google.com.\n" + `_dmarc TXT "v=spf1 mx ip4:203.0.113.5 -all"`, provider.SPF, Wrong, "name",
			"v=spf1 mx ip4:203.0.113.5 include:_spf.google.com -all", true, []string{"_dmarc.acme.example v=spf1 mx ip4:203.0.113.5 -all"}},
		{"google-workspace", google + `acme.example TXT "v=spf1 mx -all"`, provider.SPF, Wrong, "doubled", "v=spf1 mx include:_spf.google.com -all", true,
			[]string{"acme.example.acme.example v=spf1 mx -all"}},
		{"google-workspace", google + `acme.example TXT "v=spf1 ip4:203.0.113.500 -all"`, provider.SPF, Wrong, "name", "", false, nil},
		{"google-workspace", google + `_spf TXT "v=spf1 mx ip4:203.0.113.5 -all"`, provider.SPF, Wrong, "name", "", false, nil},
		{"google-workspace", google + "@ TXT \"v=spf1 mx -all\"\n@ TXT \"v=spf1 ip4:203.0.113.5 ~all\"", provider.SPF, Wrong, "several",
			"v=spf1 ip4:203.0.113.5 mx include:_spf.google.com -all", true, []string{"acme.example v=spf1 ip4:203.0.113.5 ~all", "acme.example v=spf1 mx -all"}},
		{"google-workspace", google + `@ TXT "mx ip4:203.0.113.5 -all"`, provider.SPF, Missing, "", "v=spf1 include:_spf.google.com " + servers + " ~all", false, nil},
		{"google-workspace", google + "@ TXT \"v=spf1\"\n@ TXT \"mx ip4:203.0.113.5 -all\"", provider.SPF, Wrong, "broken", "v=spf1 mx ip4:203.0.113.5 include:_spf.google.com -all", true,
			[]string{"acme.example v=spf1", "acme.example mx ip4:203.0.113.5 -all"}},
		{"google-workspace", google + `@ TXT "v=spf1"`, provider.SPF, Missing, "", "v=spf1 include:_spf.google.com " + servers + " ~all", false, []string{"acme.example v=spf1"}},
		{"google-workspace", google + `@ TXT "Our terms include: all of it"`, provider.SPF, Missing, "", "v=spf1 include:_spf.google.com ~all", true, nil},
		{"google-workspace", google + `@ TXT "v=spf1 ip4:203.0.113.5"`, provider.SPF, Missing, "", "v=spf1 ip4:203.0.113.5 include:_spf.google.com", true, []string{"acme.example v=spf1 ip4:203.0.113.5"}},
		{"google-workspace", google + `@ TXT "v=spf1 +all"`, provider.SPF, Missing, "",
			"v=spf1 include:_spf.google.com ip4:<the address of each other sender of yours> ~all", false, []string{"acme.example v=spf1 +all"}},
		{"google-workspace", google + `@ TXT "v=spf1 include:acme.example -all"`, provider.SPF, Missing, "", "", false, nil},
		{"google-workspace", "@ MX 10 mx1\nmx1 A 203.0.113.10", provider.SPF, Missing, "", "v=spf1 include:_spf.google.com " + servers + " ~all", false, nil},
		{"google-workspace", "@ MX 0 .", provider.SPF, Missing, "", "v=spf1 include:_spf.google.com ~all", true, nil},
		{"mailjet", "@ MX 1 smtp.google.com.", provider.SPF, Missing, "", "v=spf1 include:spf.mailjet.com <include:_spf.google.com, if Google Workspace sends for the domain> ~all", false, nil},
		{"mailgun", "mg MX 10 mxa.mailgun.org.\nmg SPF \"v=spf1 include:mailgun.org ip4:203.0.113.4 -all\"", provider.SPF, Wrong, "broken",
			"v=spf1 include:mailgun.org ip4:203.0.113.4 -all", true, nil},
		{"mailgun", "mg MX 10 mxa.mailgun.org.", provider.SPF, Missing, "", "v=spf1 include:mailgun.org ~all", true, nil},
		{"mailgun", "mg.acme.example TXT \"v=spf1 include:mailgun.org -all\"\nmg MX 10 mxa.mailgun.org.", provider.SPF, Wrong, "doubled", "v=spf1 include:mailgun.org -all", true,
			[]string{"mg.acme.example.acme.example v=spf1 include:mailgun.org -all"}},
		{"zoho-mail", `@ TXT "v=spf1 mx include:_spf.esp.test -all v=DMARC1; p=reject; rua=mailto:d@acme.example"` + "\nmx1 A 192.0.2.1\n@ MX 10 mx1", provider.SPF, Missing, "", "", false, nil},
		{"mailtrap", "_dmarc TXT \"v=DMARC1; rua=mailto:d@acme.example\"\n@ TXT \"v=DMARC1; p=reject; rua=mailto:e@acme.example\"", provider.DMARC, Wrong, "broken",
			"", false, nil}, // which of the two policies holds is for the owner to say
		{"mailtrap", "* CNAME acme.example.\n_dmark TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"", provider.DMARC, Wrong, "name",
			"v=DMARC1; p=reject; rua=mailto:d@acme.example", true, []string{"_dmark.acme.example v=DMARC1; p=reject; rua=mailto:d@acme.example"}},
		{"mailtrap", "_dmarc CNAME acme.example.\n_dmark TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"", provider.DMARC, Wrong, "name",
			"v=DMARC1; p=reject; rua=mailto:d@acme.example", true, []string{"_dmark.acme.example v=DMARC1; p=reject; rua=mailto:d@acme.example", "_dmarc.acme.example acme.example"}},
		{"resend", "send CNAME other\nother A 192.0.2.1", provider.ReturnPath, Wrong, "alias", "10 feedback-smtp.eu-west-1.amazonses.com", false, []string{"send.acme.example other.acme.example"}},
		{"sendgrid", "em123.acme.example CNAME u123.wl45.sendgrid.net.", provider.ReturnPath, Wrong, "doubled", "u123.wl45.sendgrid.net", true,
			[]string{"em123.acme.example.acme.example u123.wl45.sendgrid.net"}},
		{"sendgrid", "em123 CNAME u123.wl45.sendgrid.net.\ns1._domainkey.acme.example CNAME s1.domainkey.u678.wl45.sendgrid.net.", provider.DKIM, Wrong, "doubled",
			"s1.domainkey.u123.wl45.sendgrid.net", true, []string{"s1._domainkey.acme.example.acme.example s1.domainkey.u678.wl45.sendgrid.net"}},
		{"resend", "send CNAME other\nother A 192.0.2.1", provider.SPF, Wrong, "alias", "v=spf1 include:amazonses.com ~all", false, []string{"send.acme.example other.acme.example"}},
		{"resend", "send CNAME other\nother TXT \"v=spf1 ip4:192.0.2.1 -all\"", provider.SPF, Wrong, "alias", "", false, nil},
		{"resend", "send CNAME other\nother TXT \"v=spf1 include:amazonses.com -all\"", provider.SPF, OK, "", "", false, nil},

		{"google-workspace", "@ MX 10 mx1\n* TXT \"v=spf1 ip4:45.76.9.5 -all\"", provider.SPF, Missing, "", "v=spf1 include:_spf.google.com " + servers + " ~all", false, nil},
		{"google-workspace", "* TXT \"" + reject + "\"", provider.DKIM, Wrong, "type", "v=DKIM1; k=rsa; p=<key: the key that the Admin console shows>", false, nil},
		{"google-workspace", "* TXT \"v=DKIM1; k=rsa; p=\"\n_domainkey TXT o=-", provider.DKIM, Missing, "", "v=DKIM1; k=rsa; p=<key: the key that the Admin console shows>", false, nil},
		{"google-workspace", "@ MX 10 mx1\n* TXT google-site-verification=abc", provider.Verification, Missing, "", "google-site-verification=<code: the code that the Admin console shows>", false, nil},
		{"sendgrid", "* CNAME s1.domainkey.u678.wl45.sendgrid.net.\n_domainkey TXT o=-", provider.DKIM, Missing, "", "s1.domainkey.<u: u and digits, shown by SendGrid>.<wl: wl and digits, shown by SendGrid>.sendgrid.net", false, nil},
		{"mailtrap", "", provider.DMARC, Missing, "", "v=DMARC1; p=none; rua=mailto:r@acme.example", true, nil},
		{"mailtrap", `_dmark TXT "` + reject + `"`, provider.DMARC, Wrong, "name", reject, true, []string{"_dmark.acme.example " + reject}},
		{"mailtrap", `_dmarc._domainkey TXT "` + reject + `"`, provider.DMARC, Wrong, "name", reject, true, []string{"_dmarc._domainkey.acme.example " + reject}},
		{"mailtrap", `_domainkey TXT "` + reject + `"`, provider.DMARC, Wrong, "name", reject, true, []string{"_domainkey.acme.example " + reject}},
		{"mailtrap", `@ TXT "v=spf1 mx ~all ` + reject + `"`, provider.DMARC, Wrong, "name", "", false, nil},
		{"mailtrap", `_dmarc TXT "v=DMARC1; p=rejct; rua=mailto:d@acme.example"`, provider.DMARC, Wrong, "broken", reject, true, []string{"_dmarc.acme.example v=DMARC1; p=rejct; rua=mailto:d@acme.example"}},
		{"mailtrap", `_dmarc TXT "v=DMARC1; rua=mailto:d@acme.example"`, provider.DMARC, Wrong, "broken", "v=DMARC1; p=none; rua=mailto:d@acme.example", true,
			[]string{"_dmarc.acme.example v=DMARC1; rua=mailto:d@acme.example"}},
		{"mailtrap", `_dmarc TXT "p=reject; rua=mailto:d@acme.example"`, provider.DMARC, Wrong, "broken", reject, true, []string{"_dmarc.acme.example p=reject; rua=mailto:d@acme.example"}},
		{"mailtrap", "_dmarc TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"v=DMARC1; p=reject\"", provider.DMARC, Wrong, "several", "v=DMARC1; p=<none or reject>", false,
			[]string{"_dmarc.acme.example v=DMARC1; p=none", "_dmarc.acme.example v=DMARC1; p=reject"}},
		{"mailtrap", "_dmarc CNAME nowhere", provider.DMARC, Wrong, "alias", "v=DMARC1; p=none; rua=mailto:r@acme.example", false, []string{"_dmarc.acme.example nowhere.acme.example"}},
		{"mailtrap", "_dmarc CNAME there\nthere TXT \"" + reject + `"`, provider.DMARC, OK, "", reject, true, nil},
	} {
		t.Run(test.service+" "+test.zone, func(t *testing.T) {
			s, _ := provider.Builtin().Find(test.service)
			apex := "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns h 1 1 1 1 300\n"
			if test.purpose == provider.DMARC && !strings.Contains(test.zone, "\n@ MX ") {
				apex += "@ MX 10 in.esp.test.\n" // what is put right has reports sent to it
			}
			zone := dnstest.Zone(t, apex+test.zone+"\n")
			l := Check(t.Context(), zone, s, "acme.example", Options{Tokens: map[string]string{"reports": "r@acme.example"}, Region: regionOf(s)})
			i := slices.IndexFunc(l.Records, func(it Item) bool { return it.Purpose == test.purpose })
			if i < 0 {
				t.Fatal("no such record")
			}
			it := l.Records[i]
			var remove []string
			for _, r := range it.Remove {
				remove = append(remove, r.Name+" "+r.Value)
			}
			if it.Status != test.status || it.Reason != test.reason || it.Expected != test.want || it.Complete != test.complete || !slices.Equal(remove, test.remove) {
				t.Errorf("%s %q, complete %t: %q, removed %q: %s", it.Status, it.Reason, it.Complete, it.Expected, remove, it.Detail)
			}
			for _, f := range l.Findings {
				if f.Fix != nil && f.Fix.Complete && f.Fix.Name == it.Name && f.Fix.Type == "TXT" && f.Subject == it.Name && !it.Complete && f.Severity.AtLeast(finding.Notice) && strings.HasPrefix(f.Fix.Value, "v=") {
					t.Errorf("a complete fix: %+v", f.Fix)
				}
			}
		})
	}
}

func regionOf(s *provider.Service) string {
	if slices.Contains(s.RegionNames(), "eu-west-1") {
		return "eu-west-1"
	}
	return ""
}
