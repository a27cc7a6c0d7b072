package setup

import (
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/provider"
)

// TestOccupied: what may be another sender's is never replaced by a complete fix, and the
// checklist says who could lose by it. A copy of the service's own key is nobody else's.
func TestOccupied(t *testing.T) {
	const (
		sendgrid = "s1.domainkey.u12.wl3.sendgrid.net"
		head     = "$ORIGIN example.\n$TTL 300\n@ SOA ns h 1 1 1 1 300\n_dmarc.acme TXT \"v=DMARC1; p=none\"\n"
	)
	tokens := map[string]string{"u": "u12", "wl": "wl3", "number": "7"}
	key := func(name, k string) string {
		return name + ` TXT "v=DKIM1; k=rsa; p=` + k[:200] + `" "` + k[200:] + "\"\n"
	}
	mine, theirs := StandInKey("mine"), StandInKey("theirs")
	for _, test := range []struct {
		name, service, zone, at string
		o                       Options
		occupied                bool
		says                    string
	}{
		{"a key of whoever", "sendgrid", key("s1._domainkey.acme", mine) + key(sendgrid+".", theirs), "s1._domainkey.acme.example",
			Options{Tokens: tokens}, true, "another sender signs with the selector s1"},
		{"a copy of the service's key", "sendgrid", key("s1._domainkey.acme", theirs) + key(sendgrid+".", theirs), "s1._domainkey.acme.example",
			Options{Tokens: tokens}, false, "flattened"},
		{"an alias of another service", "sendgrid", "s1._domainkey.acme CNAME dkim2.mcsv.net.\n", "s1._domainkey.acme.example",
			Options{Tokens: tokens}, true, "If Mailchimp still sends"},
		{"an alias of another account", "sendgrid", "s1._domainkey.acme CNAME s1.domainkey.u99.wl3.sendgrid.net.\n", "s1._domainkey.acme.example",
			Options{Tokens: tokens}, true, "u99 instead of u12"},
		{"an alias of whoever", "sendgrid", "s1._domainkey.acme CNAME k.other.example.\n", "s1._domainkey.acme.example",
			Options{Tokens: tokens}, true, "If another sender uses the name"},
		{"a host at the return path", "postmark", "pm-bounces.acme A 192.0.2.1\n", "pm-bounces.acme.example", Options{}, true, "--return-path"},
		{"another MX beside the return path", "amazon-ses", "b.acme MX 10 feedback-smtp.eu-west-1.amazonses.com.\nb.acme MX 20 mx.acme\n", "b.acme.example",
			Options{ReturnPath: "b", Region: "eu-west-1"}, true, "is lost"},
		{"another MX at the return path", "resend", "send.acme MX 10 mx.acme\n", "send.acme.example", Options{Region: "eu-west-1"}, true, "is lost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := provider.Builtin().Find(test.service)
			zone := dnstest.Zone(t, head+test.zone)
			if strings.Contains(test.zone, sendgrid+". TXT") {
				zone = dnstest.Zone(t, "$ORIGIN .\n$TTL 300\nexample. SOA ns h 1 1 1 1 300\nnet. SOA ns h 1 1 1 1 300\n"+
					strings.NewReplacer(".acme TXT", ".acme.example. TXT").Replace(test.zone))
			}
			l := Check(t.Context(), zone, s, "acme.example", test.o)
			found := false
			for _, it := range l.Records {
				if it.Name != test.at || it.Status != Wrong {
					continue
				}
				found = true
				if it.Occupied != test.occupied || !strings.Contains(it.Detail, test.says) {
					t.Errorf("occupied %t, want %t: %s", it.Occupied, test.occupied, it.Detail)
				}
				if it.Occupied && it.Complete {
					t.Error("complete")
				}
			}
			if !found {
				t.Errorf("nothing wrong at %s: %+v", test.at, l.Records)
			}
			for _, f := range l.Findings {
				if f.Subject == test.at && f.Check == "provider-record-wrong" && f.Fix.Complete == test.occupied && f.Severity.AtLeast(finding.Notice) {
					t.Errorf("fix complete %t: %+v", f.Fix.Complete, f.Fix)
				}
			}
		})
	}
}

// TestBesideItsOwn: where one of two hosts of the service is there, the other one is missing
// beside it, and takes nobody's place.
func TestBesideItsOwn(t *testing.T) {
	s, _ := provider.Builtin().Find("mailgun")
	for _, test := range []struct {
		zone     string
		status   Status
		occupied bool
		remove   string
	}{
		{"mg MX 10 mxa.mailgun.org.\n", Missing, false, ""},
		{"mg MX 10 mxa.mailgun.org.\nmg MX 10 mxb.mailgun.org.\n", OK, false, ""},
		{"mg MX 10 mx.other.example.\n", Wrong, true, "10 mx.other.example"},
		{"mg MX 10 mxa.mailgun.org.\nmg MX 20 mx.other.example.\n", Wrong, true, "20 mx.other.example"},
	} {
		zone := dnstest.Zone(t, "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns h 1 1 1 1 300\n"+test.zone)
		judged := false
		for _, it := range Check(t.Context(), zone, s, "acme.example", Options{ReturnPath: "mg", Region: "us"}).Records {
			if it.Type != "MX" || !strings.HasSuffix(it.Expected, " mxb.mailgun.org") {
				continue
			}
			judged = true
			remove := ""
			for _, r := range it.Remove {
				remove += r.Value
			}
			if it.Status != test.status || it.Occupied != test.occupied || remove != test.remove {
				t.Errorf("%s: %s, occupied %t, removed %q: %s", test.zone, it.Status, it.Occupied, remove, it.Detail)
			}
		}
		if !judged {
			t.Errorf("%s: mxb is not judged", test.zone)
		}
	}
}

// TestRegionShown: the region is the one that a record shows, and a host at the domain
// itself is no return path.
func TestRegionShown(t *testing.T) {
	s, _ := provider.Builtin().Find("amazon-ses")
	for _, test := range []struct{ zone, region, by, returnPath, status string }{
		{"bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.\nbounce TXT \"v=spf1 include:amazonses.com ~all\"\n", "eu-west-1", "found", "bounce.acme.example", "ok"},
		{"@ MX 10 feedback-smtp.us-east-1.amazonses.com.\n", "us-east-1", "assumed", "<return-path: a subdomain that you choose as MAIL FROM domain>.acme.example", "wrong"},
	} {
		l := Check(t.Context(), dnstest.Zone(t, "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns h 1 1 1 1 300\n"+test.zone), s, "acme.example", Options{})
		if l.ReturnPath != test.returnPath || l.RegionBy != test.by || test.by == "found" && l.Region != test.region {
			t.Errorf("%s: region %s (%s), return path %s", test.zone, l.Region, l.RegionBy, l.ReturnPath)
		}
		for _, it := range l.Records {
			if it.Purpose == provider.ReturnPath && string(it.Status) != test.status {
				t.Errorf("%s: %+v", test.zone, it)
			}
		}
	}
}

// TestStatedReturnPath: a return path is optional until somebody states its host; then
// what leads elsewhere is wrong.
func TestStatedReturnPath(t *testing.T) {
	s, _ := provider.Builtin().Find("amazon-ses")
	zone := []published{{"bounce." + testDomain, "MX", "10 mx.nowhere.example", &provider.Record{}}, {"bounce." + testDomain, "TXT", "v=spf1 include:amazonses.com ~all", &provider.Record{}}}
	for _, tt := range []struct {
		host string
		want Status
	}{{"bounce", Wrong}, {"other", Missing}, {"", NotNeeded}} {
		l := Check(t.Context(), world(t, zone), s, testDomain, Options{Region: "eu-west-1", ReturnPath: tt.host})
		for _, it := range l.Records {
			if it.Purpose == provider.ReturnPath && it.Status != tt.want {
				t.Errorf("%q: %s %s, want %s", tt.host, it.Status, it.Detail, tt.want)
			}
		}
	}
}
