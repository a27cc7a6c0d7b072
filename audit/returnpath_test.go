package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/internal/rsatest"
	"mailworthy/resolver"
)

// TestReturnPaths: the return path of a service at a doubled name, or without the final dot
// of its target, is said and put right by a complete fix, with which SPF passes there; one
// that the service does not take is said.
func TestReturnPaths(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	for _, tt := range []struct {
		name, zone, domain string
		// subject is that of the finding, says is in it, publish is what the fix publishes and
		// envelope is where mail is then.
		subject, says, publish, envelope string
	}{
		{"SendGrid at a doubled name", "em1.acme.example CNAME u1.wl2.sendgrid.net.", "",
			"em1.acme.example.acme.example", "the domain is in the name twice", "em1.acme.example CNAME u1.wl2.sendgrid.net", "em1.acme.example"},
		{"without the final dot", "em1 CNAME u1.wl2.sendgrid.net", "",
			"em1.acme.example", "the final dot behind u1.wl2.sendgrid.net is missing", "em1.acme.example CNAME u1.wl2.sendgrid.net", "em1.acme.example"},
		{"both", "em1.acme.example CNAME u1.wl2.sendgrid.net", "",
			"em1.acme.example.acme.example", "the domain is in the name twice", "em1.acme.example CNAME u1.wl2.sendgrid.net", "em1.acme.example"},
		{"SES with its TXT at a doubled name", "bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com.\nbounce.acme.example TXT \"v=spf1 include:amazonses.com ~all\"", "",
			"bounce.acme.example.acme.example", "twice", "bounce.acme.example TXT v=spf1 include:amazonses.com ~all, bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com", "bounce.acme.example"},
		{"SES without the final dot", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com\nbounce TXT \"v=spf1 include:amazonses.com ~all\"", "",
			"bounce.acme.example", "the final dot behind feedback-smtp.eu-west-1.amazonses.com is missing", "bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com", "bounce.acme.example"},
		{"Mailgun's two MX", "mg.acme.example MX 10 mxa.mailgun.org.\nmg.acme.example MX 10 mxb.mailgun.org.\nmg.acme.example TXT \"v=spf1 include:mailgun.org ~all\"", "",
			"mg.acme.example.acme.example", "twice", "mg.acme.example TXT v=spf1 include:mailgun.org ~all, mg.acme.example MX 10 mxa.mailgun.org, mg.acme.example MX 10 mxb.mailgun.org", "mg.acme.example"},
		{"of a subdomain", "em1.news.acme.example CNAME u1.wl2.sendgrid.net.\nnews MX 10 mx1", "news.acme.example",
			"em1.news.acme.example.acme.example", "twice", "em1.news.acme.example CNAME u1.wl2.sendgrid.net", "em1.news.acme.example"},
		{"at both names", "em1.acme.example CNAME u1.wl2.sendgrid.net.\nem1 CNAME u1.wl2.sendgrid.net.", "", "", "", "", "em1.acme.example"},
		{"in order", "em1 CNAME u1.wl2.sendgrid.net.", "", "", "", "", "em1.acme.example"},
		{"links alone", "url1.acme.example CNAME sendgrid.net.", "", "", "", "", ""},
		{"SES with two MX", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\nbounce MX 20 mx1\nbounce TXT \"v=spf1 include:amazonses.com ~all\"", "",
			"bounce.acme.example", "only with exactly one MX record", "", "bounce.acme.example"},
		{"SES's MX doubled, its TXT right", "bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com.\nbounce TXT \"v=spf1 include:amazonses.com ~all\"", "",
			"bounce.acme.example.acme.example", "So Amazon SES does not use bounce.acme.example and sends with amazonses.com", "bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com", "bounce.acme.example"},
		{"Mailgun's MX without dots, its TXT right", "mg MX 10 mxa.mailgun.org\nmg MX 10 mxb.mailgun.org\nmg TXT \"v=spf1 include:mailgun.org ~all\"", "",
			"mg.acme.example", "So bounces of mail of Mailgun with mg.acme.example in the envelope are lost", "mg.acme.example MX 10 mxa.mailgun.org, mg.acme.example MX 10 mxb.mailgun.org", "mg.acme.example"},
		{"SES's MX doubled, without a TXT", "bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com.", "", "bounce.acme.example.acme.example", "twice",
			"bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com, bounce.acme.example TXT v=spf1 include:amazonses.com ~all", "bounce.acme.example"},
		{"SES as an alias", "bounce CNAME feedback-smtp.eu-west-1.amazonses.com.", "", "bounce.acme.example", "takes an MX record there",
			"bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com, bounce.acme.example TXT v=spf1 include:amazonses.com ~all", "bounce.acme.example"},
		{"SES as an alias without the final dot", "bounce CNAME feedback-smtp.eu-west-1.amazonses.com", "", "bounce.acme.example", "takes an MX record there",
			"bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com, bounce.acme.example TXT v=spf1 include:amazonses.com ~all", "bounce.acme.example"},
		{"SES as an alias at a doubled name", "bounce.acme.example CNAME feedback-smtp.eu-west-1.amazonses.com.", "", "bounce.acme.example.acme.example", "twice",
			"bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com, bounce.acme.example TXT v=spf1 include:amazonses.com ~all", "bounce.acme.example"},
		{"SES in two regions", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\nbounce MX 10 feedback-smtp.us-east-1.amazonses.com.\nbounce TXT \"v=spf1 include:amazonses.com ~all\"", "",
			"bounce.acme.example", "has 2 MX records", "", "bounce.acme.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone := fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:]) + "\ts1._domainkey CNAME s1.domainkey.u1.wl2.sendgrid.net.\n"
			for line := range strings.SplitSeq(tt.zone, "\n") {
				zone += "\t" + line + "\n"
			}
			target := Target{Domain: "acme.example"}
			if tt.domain != "" {
				target.Domain = tt.domain
			}
			var world resolver.Resolver = resolver.NewOverlay(nil, dnstest.Parse(t, zone))
			r := Run(context.Background(), world, target, Options{})
			wrong := func(r *Result) (out []finding.Finding) {
				for _, f := range r.Findings {
					if f.Check == "provider-record-wrong" && f.Severity != finding.Pass {
						out = append(out, f)
					}
				}
				return out
			}
			list := wrong(r)
			if tt.subject == "" {
				if len(list) > 0 {
					t.Errorf("found %+v", list)
				}
				return
			}
			if len(list) != 1 || list[0].Subject != tt.subject || list[0].Severity != finding.Warning || !strings.Contains(list[0].Detail, tt.says) {
				t.Fatalf("found %+v", list)
			}
			f := list[0]
			var publish []string
			for _, rec := range f.Fix.Records() {
				publish = append(publish, rec.Name+" "+rec.Type+" "+rec.Value)
			}
			if got := strings.Join(publish, ", "); got != tt.publish || f.Fix.Complete != (tt.publish != "") {
				t.Errorf("the fix publishes %s, complete: %v", got, f.Fix.Complete)
			}
			// A record at the domain itself is missed by nobody: its mail has the return path.
			for _, f := range r.Findings {
				if f.Check == "spf-record-missing" && f.Severity.AtLeast(finding.Warning) {
					t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
				}
			}
			if tt.publish == "" {
				return
			}
			world, err := resolver.Amend(world, f.Fix.Remove, f.Fix.Records())
			if err != nil {
				t.Fatal(err)
			}
			r = Run(context.Background(), world, target, Options{})
			if list := wrong(r); len(list) > 0 || !slices.Contains(r.Examined.MailFrom, tt.envelope) {
				t.Errorf("with the fix: %+v, envelopes %v", list, r.Examined.MailFrom)
			}
			for _, p := range r.Envelope {
				if p.Domain == tt.envelope && p.Status != "found" {
					t.Errorf("with the fix, SPF at %s is %s", p.Domain, p.Status)
				}
			}
		})
	}
}

// TestEnvelopeWithoutMX: an envelope domain that takes no bounces is said, once; of Amazon SES
// the record is known but for its region.
func TestEnvelopeWithoutMX(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	for _, tt := range []struct{ name, zone, want, publish string }{
		{"SES without its MX", "bounce TXT \"v=spf1 include:amazonses.com ~all\"", "mx-missing bounce.acme.example", "10 feedback-smtp.<the AWS region of the identity>.amazonses.com"},
		{"Mailgun's, which are optional", "bounce TXT \"v=spf1 include:mailgun.org ~all\"", "mx-missing bounce.acme.example", "10 <the host that takes the mail of bounce.acme.example>"},
		{"nobody's", "bounce TXT \"v=spf1 ip4:192.0.2.10 -all\"", "mx-missing bounce.acme.example", "10 <the host that takes the mail of bounce.acme.example>"},
		{"a region that there is not", "bounce MX 10 feedback-smtp.eu-west-l.amazonses.com.\n\tbounce TXT \"v=spf1 include:amazonses.com ~all\"", "mx-unresolvable feedback-smtp.eu-west-l.amazonses.com", ""},
		{"without the final dot: said of the record", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com\n\tbounce TXT \"v=spf1 include:amazonses.com ~all\"", "", ""},
		{"as it should be", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\n\tbounce TXT \"v=spf1 include:amazonses.com ~all\"", "", ""},
		{"the alias of a service, whose host has no MX here", "bounce CNAME u8.wl2.sendgrid.net.", "", ""},
		{"an address", "bounce A 192.0.2.10\n\tbounce TXT \"v=spf1 a -all\"", "", ""},
	} {
		zone := fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:]) + "\ts1._domainkey CNAME s1.domainkey.u1.wl2.sendgrid.net.\n\t" + tt.zone + "\n"
		r := Run(context.Background(), resolver.NewOverlay(nil, dnstest.Parse(t, zone)), Target{Domain: "acme.example", MailFrom: []string{"bounce.acme.example"}}, Options{})
		var got []string
		for _, f := range r.Findings {
			if (f.Check == "mx-missing" || f.Check == "mx-unresolvable") && f.Severity.AtLeast(finding.Notice) {
				got = append(got, f.Check+" "+f.Subject)
				want := finding.Warning
				if strings.Contains(tt.name, "optional") {
					want = finding.Notice
				}
				if f.Severity != want || f.Fix.Complete || f.Fix.Value != tt.publish {
					t.Errorf("%s: %s %+v", tt.name, f.Severity, f.Fix)
				}
			}
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestEnvelopeWithoutSPF: at the return path of a service its own record is missing, and not
// one that names the owner's senders.
func TestEnvelopeWithoutSPF(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	for _, tt := range []struct{ name, zone, publish, remove string }{
		{"a target that is gone", "em1 CNAME u999.wl2.sendgrid.net.", "em1.acme.example CNAME <the target that SendGrid shows>", "u999.wl2.sendgrid.net"},
		{"SES without its TXT", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.", "bounce.acme.example TXT v=spf1 include:amazonses.com ~all", ""},
		{"Mailgun without its TXT", "mg MX 10 mxa.mailgun.org.\n\tmg MX 10 mxb.mailgun.org.", "mg.acme.example TXT v=spf1 include:mailgun.org ~all", ""},
		{"Mailgun with its record of type SPF", "mg MX 10 mxa.mailgun.org.\n\tmg MX 10 mxb.mailgun.org.\n\tmg SPF \"v=spf1 include:mailgun.org ip4:192.0.2.25 -all\"",
			"mg.acme.example TXT v=spf1 include:mailgun.org ip4:192.0.2.25 -all", ""},
		{"Mailgun with a record that has no version", "mg MX 10 mxa.mailgun.org.\n\tmg MX 10 mxb.mailgun.org.\n\tmg TXT \"include:mailgun.org ip4:192.0.2.25 -all\"",
			"mg.acme.example TXT v=spf1 ip4:<the address of each server that sends for you> include:<the SPF record of each service that sends for you> ~all", ""},
		{"Mailgun beside a proof of ownership", "mg MX 10 mxa.mailgun.org.\n\tmg MX 10 mxb.mailgun.org.\n\tmg TXT \"google-site-verification=abc\"",
			"mg.acme.example TXT v=spf1 include:mailgun.org ~all", ""},
	} {
		zone := fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:]) + "\ts1._domainkey CNAME s1.domainkey.u1.wl2.sendgrid.net.\n\t" + tt.zone + "\n"
		r := Run(context.Background(), resolver.NewOverlay(nil, dnstest.Parse(t, zone)), Target{Domain: "acme.example"}, Options{})
		found := false
		for _, f := range r.Findings {
			if f.Check != "spf-record-missing" || f.Subject == "acme.example" || f.Severity == finding.Pass {
				continue
			}
			found = true
			rec := f.Fix.Records()[0]
			if got := rec.Name + " " + rec.Type + " " + rec.Value; got != tt.publish || f.Fix.Complete != !rec.HasPlaceholder() || tt.remove != "" && f.Fix.Remove[0].Value != tt.remove {
				t.Errorf("%s: %+v", tt.name, f.Fix)
			}
		}
		if !found {
			t.Errorf("%s: not said", tt.name)
		}
	}
}

// TestReturnPathWithABrokenRecord: what would be in error at the right name is said at once, or
// put right first.
func TestReturnPathWithABrokenRecord(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	for _, tt := range []struct {
		name, zone, check string
		when              bool
	}{
		{"the MX undotted", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com\n\tbounce TXT \"v=spf1 inlcude:amazonses.com ~all\"", "spf-syntax", false},
		{"the MX undotted, no TXT", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com", "spf-record-missing", false},
		{"both doubled", "bounce.acme.example MX 10 feedback-smtp.eu-west-1.amazonses.com.\n\tbounce.acme.example TXT \"v=spf1 inlcude:amazonses.com ~all\"", "", true},
	} {
		zone := fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:]) + "\ts1._domainkey CNAME s1.domainkey.u1.wl2.sendgrid.net.\n\t" + tt.zone + "\n"
		r := Run(context.Background(), resolver.NewOverlay(nil, dnstest.Parse(t, zone)), Target{Domain: "acme.example"}, Options{})
		said := tt.check == ""
		for _, f := range r.Findings {
			said = said || f.Check == tt.check && f.Subject == "bounce.acme.example" && f.Severity.AtLeast(finding.Error)
			if f.Check == "provider-record-wrong" && f.Severity != finding.Pass && (f.Fix.When != "") != tt.when {
				t.Errorf("%s: %+v", tt.name, f.Fix)
			}
		}
		if !said {
			t.Errorf("%s: %s is not said", tt.name, tt.check)
		}
	}
}

// TestMislaidMX: MX records at the doubled name are found and moved, unless their hosts were
// mistyped as well.
func TestMislaidMX(t *testing.T) {
	for _, tt := range []struct{ name, records, publish string }{
		{"a service", "acme.example MX 1 aspmx.l.google.com.\nacme.example MX 5 alt1.aspmx.l.google.com.\n", "1 aspmx.l.google.com, 5 alt1.aspmx.l.google.com"},
		{"own host", "acme.example MX 10 mx1\nmx1 A 192.0.2.1\n", "10 mx1.acme.example"},
		{"a host without its dot", "acme.example MX 1 aspmx.l.google.com\n", ""},
		{"a null MX", "acme.example MX 0 .\n", ""},
		{"a host that nobody outside reaches", "acme.example MX 10 mx1\nmx1 A 10.0.0.1\n", ""},
		{"one with such an address beside", "acme.example MX 10 mx1\nmx1 A 192.0.2.1\nmx1 AAAA fd00::1\n", ""},
		{"an address", "acme.example MX 10 192.0.2.1.\n", ""},
		{"one of two", "acme.example MX 10 mx1\nmx1 A 192.0.2.1\nacme.example MX 20 mx2\nmx2 A 10.0.0.1\n", ""},
	} {
		zone := dnstest.Parse(t, "$ORIGIN acme.example.\n@ SOA ns h 1 2 3 4 5\n@ TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"+tt.records)
		r := Run(context.Background(), resolver.NewOverlay(nil, zone), Target{Domain: "acme.example"}, Options{})
		at := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Check == "mx-missing" && f.Severity == finding.Error })
		if at < 0 || !strings.Contains(r.Findings[at].Detail, "acme.example.acme.example") {
			t.Errorf("%s: %+v", tt.name, r.Findings)
			continue
		}
		fix := r.Findings[at].Fix
		var values []string
		for _, rec := range fix.Records() {
			values = append(values, rec.Value)
		}
		if got := strings.Join(values, ", "); got != tt.publish || fix.Complete != (tt.publish != "") || len(fix.Remove) != len(values) {
			t.Errorf("%s: %+v", tt.name, fix)
		}
	}
}
