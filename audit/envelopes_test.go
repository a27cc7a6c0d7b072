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

// served is a domain without SPF record, and what services publish for it.
const served = `
	$ORIGIN acme.example.
	$TTL 300
	@ SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	@ MX 10 mx1
	@ MX 20 mx2
	mx1 A 192.0.2.10
	mx2 A 192.0.2.11
	_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@acme.example"
	$ORIGIN .
	. SOA ns.acme.example. host.acme.example. 1 7200 3600 1209600 300
	10.2.0.192.in-addr.arpa. PTR mx1.acme.example.
	11.2.0.192.in-addr.arpa. PTR mx2.acme.example.
	u1.wl2.sendgrid.net. TXT "v=spf1 ip4:203.0.113.64/28 -all"
	u1.wl2.sendgrid.net. MX 10 mx.sendgrid.net.
	s1.domainkey.u1.wl2.sendgrid.net. TXT "v=DKIM1; k=rsa; p=%s"
	token.dkim.amazonses.com. TXT "p=%[1]s"
	pm.mtasv.net. TXT "v=spf1 ip4:203.0.113.80/28 -all"
	pm.mtasv.net. MX 10 inbound.postmarkapp.com.
	return.smtp2go.net. TXT "v=spf1 ip4:203.0.113.96/28 -all"
	sparkpostmail.com. TXT "v=spf1 ip4:203.0.113.112/28 -all"
	amazonses.com. TXT "v=spf1 ip4:203.0.113.128/28 -all"
	mailgun.org. TXT "v=spf1 ip4:203.0.113.144/28 -all"
	sendgrid.net. A 203.0.113.1
	mx.sendgrid.net. A 203.0.113.3
	u8.wl2.sendgrid.net. TXT "v=spf1 ip4:203.0.113.64/28 -all"
	inbound.postmarkapp.com. A 203.0.113.4
	return.smtp2go.net. A 203.0.113.5
	sparkpostmail.com. A 203.0.113.6
	feedback-smtp.eu-west-1.amazonses.com. A 203.0.113.7
	feedback-smtp.us-east-1.amazonses.com. A 203.0.113.8
	mxa.mailgun.org. A 203.0.113.9
	mxb.mailgun.org. A 203.0.113.10
	aspmx.l.google.com. A 203.0.113.2
	k2.mcsv.net. TXT "v=DKIM1; k=rsa; p=%[1]s"
	$ORIGIN acme.example.
`

// The SPF record of a domain whose mail has other domains in the envelope is missed
// by nobody: those are recognised by CNAME and MX in a loaded zone, and services by
// the CNAME of their keys.
func TestEnvelopesOfServices(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	const key = "s1._domainkey CNAME s1.domainkey.u1.wl2.sendgrid.net."
	tests := []struct {
		name     string
		zone     string
		target   Target
		severity finding.Severity // of spf-record-missing
		mailFrom string
	}{
		{"nothing is set up", "", Target{}, finding.Error, "acme.example"},
		{"SendGrid", "em1 CNAME u1.wl2.sendgrid.net.\n" + key, Target{}, finding.Notice, "em1.acme.example"},
		{"SendGrid, envelope not in sight", key, Target{}, finding.Notice, "acme.example"},
		{"SendGrid, links alone", "url1 CNAME sendgrid.net.\n12345 CNAME sendgrid.net.", Target{}, finding.Error, "acme.example"},
		{"Amazon SES", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\nbounce TXT \"v=spf1 include:amazonses.com ~all\"\ntoken._domainkey CNAME token.dkim.amazonses.com.", Target{}, finding.Notice, "bounce.acme.example"},
		{"Resend", "send MX 10 feedback-smtp.us-east-1.amazonses.com.\nsend TXT \"v=spf1 include:amazonses.com ~all\"", Target{}, finding.Notice, "send.acme.example"},
		{"Mailgun", "mg MX 10 mxa.mailgun.org.\nmg MX 10 mxb.mailgun.org.\nmg TXT \"v=spf1 include:mailgun.org ~all\"\nemail.mg CNAME mailgun.org.", Target{}, finding.Notice, "mg.acme.example"},
		{"Postmark", "pm-bounces CNAME pm.mtasv.net.", Target{}, finding.Notice, "pm-bounces.acme.example"},
		{"SMTP2GO", "em99 CNAME return.smtp2go.net.\nlink CNAME track.smtp2go.net.", Target{}, finding.Notice, "em99.acme.example"},
		{"SparkPost", "bounces CNAME sparkpostmail.com.", Target{}, finding.Notice, "bounces.acme.example"},
		{"two services", "em1 CNAME u1.wl2.sendgrid.net.\npm-bounces CNAME pm.mtasv.net.", Target{}, finding.Notice, "em1.acme.example pm-bounces.acme.example"},
		{"mailboxes at Google beside", "em1 CNAME u1.wl2.sendgrid.net.\n@ MX 5 aspmx.l.google.com.", Target{}, finding.Error, "em1.acme.example"},
		{"an SPF record beside", "em1 CNAME u1.wl2.sendgrid.net.\n@ TXT \"v=spf1 mx -all\"", Target{}, finding.Pass, "acme.example em1.acme.example"},
		{"stated", "em1 CNAME u1.wl2.sendgrid.net.", Target{MailFrom: []string{"em1.acme.example"}}, finding.Notice, "em1.acme.example"},
		{"the domain itself stated", "em1 CNAME u1.wl2.sendgrid.net.", Target{MailFrom: []string{"acme.example"}}, finding.Error, "acme.example"},
		{"the domain says that it sends nothing", "em1 CNAME u1.wl2.sendgrid.net.\n@ TXT \"v=spf1 -all\"", Target{}, finding.Pass, "acme.example em1.acme.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone := fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:])
			for line := range strings.SplitSeq(tt.zone, "\n") {
				zone += "\t" + line + "\n"
			}
			tt.target.Domain = "acme.example"
			r := Run(context.Background(), resolver.NewOverlay(nil, dnstest.Parse(t, zone)), tt.target, Options{})
			at := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Check == "spf-record-missing" && f.Subject == "acme.example" })
			if at < 0 || r.Findings[at].Severity != tt.severity {
				t.Errorf("spf-record-missing: %+v", r.Findings[max(at, 0)])
			}
			from := slices.Sorted(slices.Values(r.Examined.MailFrom))
			if got := strings.Join(from, " "); got != tt.mailFrom {
				t.Errorf("envelope domains %s, want %s", got, tt.mailFrom)
			}
			if r.Profile != finding.Sender {
				t.Errorf("profile %s", r.Profile)
			}
			for _, v := range r.Receivers {
				for _, q := range v.Requirements {
					if q.ID == "spf" && (q.Result == "fails") != (tt.severity == finding.Error && !strings.Contains(tt.mailFrom, "em1")) {
						t.Errorf("%s: SPF %s: %s", v.Receiver, q.Result, q.Because)
					}
				}
			}
			for _, f := range r.Findings {
				if tt.severity == finding.Notice && f.Section != finding.Reputation && f.Section != finding.DKIM && f.Severity.AtLeast(finding.Error) {
					t.Errorf("%s %s: %s", f.Severity, f.Check, f.Detail)
				}
			}
		})
	}
}

// TestProfileGuessed: what a domain is for is taken from what it declares.
func TestProfileGuessed(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	key := "s1._domainkey TXT \"v=DKIM1; p=" + k2048[:200] + "\" \"" + k2048[200:] + "\"\n"
	const slack = "@ A 198.51.100.1\n@ TXT \"v=spf1 ~all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n"
	for _, tt := range []struct {
		zone string
		want finding.Profile
	}{
		{"@ MX 0 .\n@ TXT \"v=spf1 -all\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1 ?all\"\n", finding.Parked}, // as with ~all, which is proposed
		{"@ MX 0 .\n@ TXT \"v=spf1\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1 ?all\"\n" + key, finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 a ~all\"\n", finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\n" + key, finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\ns1._domainkey CNAME s1.esp.example.\n", finding.Sender},
		{"@ MX 0 .\n", finding.Sender},
		{"@ TXT \"v=spf1 ~all\"\n", finding.Sender},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 ~all\"\n", finding.Sender},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 -all\"\n", finding.Receiver},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 -all\"\n@ TXT \"v=sf1 mx -all\"\n", finding.Sender}, // the other one was meant to be a record too
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 -all\"\n@ TXT \"v=sf1 -all\"\n", finding.Receiver},
		// What was probably meant is what is published.
		{"@ MX 0 .\n@ TXT \"v=spf1 - all\"\n", finding.Parked},
		{"@ MX 10 .\n@ TXT \"v=spf1 -al\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~ all\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1-all\"\n", finding.Parked},
		{"@ TXT \"v=spf1;-all\"\n", finding.Parked},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 - all\"\n", finding.Receiver},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 -mx -a -all\"\n", finding.Receiver},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 - all\"\n" + key, finding.Sender},
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 -mx -a -all\"\n" + key, finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 mx - all\"\n", finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 mxx.example -all\"\n", finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 -mx redirect=_spf.esp.example\"\n", finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 -mx ?all\"\n", finding.Parked},
		// A null MX and p=reject, and nothing that could send.
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked},
		{"@ MX 10 .\n_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n@ TXT \"site=1\"\n", finding.Parked},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n@ TXT \"v=spf1 mx -all\"\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n@ TXT \"v=spf mx -all\"\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=quarantine\"\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v DMARC1; p=reject;\"\n", finding.Parked},
		{"@ MX 0 .\n_dmarc TXT \"v=DMAR1; p=reject\"\n", finding.Parked},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p:reject;\"\n", finding.Parked},
		{"@ MX 0 .\ndmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked},
		{"@ MX 0 .\n_dmarc TXT \"v DMARC1; p=none;\"\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n_dmarc TXT \"v=DMARC1; p=none\"\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject; t=y\"\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n" + key, finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\ns1._domainkey CNAME s1.esp.example.\n", finding.Sender},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n*._domainkey TXT \"v=DKIM1; p=\"\n", finding.Parked},
		{"@ MX 0 .\n_dmarc TXT \"v=DMARC1; p=reject\"\n_domainkey TXT \"o=-\"\n", finding.Sender}, // a key may be below
		{"@ MX 10 mx\nmx A 198.51.100.1\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 ?all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked},
		{"@ TXT \"v=spf1 ~all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked},
		{"@ TXT \"v=spf1 ?all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked},
		{"@ TXT \"v=spf1 ?all\"\n_dmarc TXT \"v=DMARC1; p=quarantine\"\n", finding.Sender},
		{"@ TXT \"v=spf1 ?all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n" + key, finding.Sender},
		{"@ TXT \"v=spf1 ?mx ~all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Sender},
		// What is mistyped or at a wrong name is of somebody who sends.
		{slack + "s1.domainkey CNAME s1.domainkey.u1.wl1.sendgrid.net.\n", finding.Sender},
		{slack + strings.ReplaceAll(key, "v=DKIM1; p=", "v=DKIM1; k=rsa p="), finding.Sender},
		{slack + "s1._domainkey TXT \"s1.domainkey.u123.wl123.sendgrid.net\"\n", finding.Sender},
		{slack + "s1._domainkey.acme.example CNAME s1.domainkey.u1.wl1.sendgrid.net.\n", finding.Sender},
		{slack + "em1.acme.example CNAME u1.wl1.sendgrid.net.\n", finding.Sender},
		{slack + "em1 CNAME u1.wl1.sendgrid.net\n", finding.Sender},
		{slack + strings.Replace(key, "s1._domainkey", "@", 1), finding.Sender},
		{slack + "s1._domainkey TXT \"v=DKIM1; p=\"\n", finding.Parked},
		{slack, finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\n* TXT \"some=text\"\n", finding.Parked},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\ns1.domainkey CNAME s1.domainkey.u1.wl1.sendgrid.net.\n", finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\n" + strings.ReplaceAll(key, "v=DKIM1; p=", "v=DKIM1; k=rsa p="), finding.Sender},
		{"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\ns1._domainkey TXT \"v=DKIM1; p=\"\n", finding.Parked},
		{"@ TXT \"v=spf1 redirect=_spf.esp.example\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Sender},
		{"@ A 198.51.100.1\n@ TXT \"v=spf1 ~all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Parked}, // a web server,
		{"@ MX 10 mx\nmx A 198.51.100.1\n@ TXT \"v=spf1 ~all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Sender},
		{"_dmarc TXT \"v=DMARC1; p=reject\"\n", finding.Sender},
	} {
		zone := dnstest.Parse(t, "$ORIGIN acme.example.\n@ SOA ns h 1 2 3 4 5\n"+tt.zone)
		if r := Run(context.Background(), resolver.NewOverlay(nil, zone), Target{Domain: "acme.example"}, Options{}); r.Profile != tt.want {
			t.Errorf("%q: %s (%s), want %s", tt.zone, r.Profile, r.ProfileWhy, tt.want)
		}
	}
}

// TestNullMXBesideAnEnvelope: a domain whose mail has the envelope domain of a service sends
// mail, whatever its MX is.
func TestNullMXBesideAnEnvelope(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	zone := strings.NewReplacer("@ MX 10 mx1", "@ MX 0 .", "@ MX 20 mx2", "").Replace(fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:])) +
		"\ts1._domainkey CNAME s1.domainkey.u1.wl2.sendgrid.net.\n\tem1 CNAME u1.wl2.sendgrid.net.\n\t@ TXT \"v=spf1 ~all\"\n"
	r := Run(context.Background(), resolver.NewOverlay(nil, dnstest.Parse(t, zone)), Target{Domain: "acme.example"}, Options{})
	said := false
	for _, f := range r.Findings {
		said = said || f.Check == "mx-null" && f.Severity == finding.Error
		if strings.Contains(f.Title+f.Detail, "sends no mail") {
			t.Errorf("%s %s: %s. %s", f.Severity, f.Check, f.Title, f.Detail)
		}
	}
	if !said || r.Profile != finding.Sender {
		t.Errorf("profile %s (%s), a null MX is said: %v", r.Profile, r.ProfileWhy, said)
	}
}

// TestForeignEnvelope: an envelope domain of another organization is not the reader's to put
// right, and a record at the customary name of an include is no misplaced one.
func TestForeignEnvelope(t *testing.T) {
	zone := dnstest.Parse(t, "$ORIGIN acme.example.\n@ SOA ns h 1 2 3 4 5\n@ MX 10 mx\n@ MX 20 mx\nmx A 192.0.2.1\n@ TXT \"v=spf1 mx -all\"\nbounce MX 10 mx\n_spf.bounce TXT \"v=spf1 mx -all\"\n"+
		"$ORIGIN esp.example.\n@ SOA ns h 1 2 3 4 5\n@ MX 10 mx\nmx A 192.0.2.2\n_spf TXT \"v=spf1 ip4:192.0.2.2 -all\"\n")
	for domain, want := range map[string]string{"esp.example": "spf-record-missing", "bounce.acme.example": "spf-wrong-name"} {
		r := Run(context.Background(), resolver.NewOverlay(nil, zone), Target{Domain: "acme.example", MailFrom: []string{domain}}, Options{})
		found := ""
		for _, f := range r.Findings {
			if f.Section == finding.SPF && f.Subject == domain && f.Severity.AtLeast(finding.Error) {
				found += f.Check
				if domain == "esp.example" && (f.Fix == nil || len(f.Fix.Records()) > 0) {
					t.Errorf("%s: %+v", domain, f.Fix)
				}
			}
		}
		if found != want {
			t.Errorf("%s: %q, want %q", domain, found, want)
		}
	}
}

// TestEndOfAService: how the record of a return path ends is the service's to say, if it is the
// service's by an alias or by its words; what the owner wrote is the owner's.
func TestEndOfAService(t *testing.T) {
	k2048 := rsatest.Public(2048, 0)
	zone := strings.Replace(fmt.Sprintf(served, k2048[:200]+`" "`+k2048[200:]), "p=reject", "p=none", 1) +
		"\t@ TXT \"v=spf1 mx -all\"\n\tu9.wl2.sendgrid.net. TXT \"v=spf1 ip4:203.0.113.64/28 ~all\"\n"
	for _, tt := range []struct {
		name, records string
		said          bool
	}{
		{"an alias", "em1 CNAME u9.wl2.sendgrid.net.", false},
		{"the service's words", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\n\tbounce TXT \"v=spf1 include:amazonses.com ~all\"", false},
		{"a sender more", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\n\tbounce TXT \"v=spf1 include:amazonses.com ip4:192.0.2.77 ~all\"", true},
		{"another service's words", "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\n\tbounce TXT \"v=spf1 include:mailgun.org ~all\"", true},
	} {
		r := Run(context.Background(), resolver.NewOverlay(nil, dnstest.Parse(t, zone+"\t"+tt.records+"\n")), Target{Domain: "acme.example"}, Options{})
		said := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Check == "spf-all-softfail" && f.Severity == finding.Notice })
		if said != tt.said || len(r.Examined.Envelopes) != 1 {
			t.Errorf("%s: said %t, envelopes %v", tt.name, said, r.Examined.Envelopes)
		}
	}
}
