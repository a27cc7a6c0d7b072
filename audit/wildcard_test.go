package audit

import (
	"fmt"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestSynthesised: what a wildcard of a loaded zone answers is no record that somebody
// published at the wrong name, nothing that a fix can remove, and goes once a fix publishes
// something at or below the name (RFC 4592).
func TestSynthesised(t *testing.T) {
	const head = "$ORIGIN .\n$TTL 300\n. SOA ns. host. 1 7200 3600 1209600 300\n$ORIGIN acme.example.\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\nmx1 A 192.0.2.10\n" +
		"10.2.0.192.in-addr.arpa. PTR mx1\nesp.test. TXT \"v=spf1 ip4:192.0.2.77 -all\"\n"
	const apex = "@ MX 10 mx1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n"
	const doubled = "_dmarc.acme.example TXT \"v=DMARC1; p=none\"\n"
	for _, tt := range []struct {
		name, zone, domain string
		// check is found, with says in its detail and condition, and complete as stated; none is
		// not found.
		check, says string
		complete    bool
		none        string
	}{
		{"an address for every name, a right record", apex + "* A 192.0.2.80", "acme.example", "", "", false, "spf-wrong-name"},
		{"an empty SPF record for every name", "@ MX 10 mx1\n* TXT \"v=spf1 -all\"", "acme.example", "spf-record-missing", "*.acme.example has one, but a wildcard answers for names below acme.example alone.", false, "spf-wrong-name"},
		{"a null MX beside an empty SPF record of the wildcard", apex + "* TXT \"v=spf1 -all\"", "news.acme.example", "mx-missing", "the TXT record of *.acme.example stands at news.acme.example as well", false, ""},
		{"one that a doubled name stops at others", "@ MX 10 mx1\n* TXT \"v=spf1 -all\"\n" + doubled, "acme.example", "spf-record-missing", "no TXT record", false, "spf-wrong-name"},
		{"one below which a key stands", apex + "* TXT \"v=spf1 mx -all\"\n* MX 10 mx1\nk1._domainkey.news TXT \"v=DKIM1; p=\"", "news.acme.example", "spf-record-missing",
			"*.acme.example has one, but a wildcard answers only for names at and below which nothing stands (RFC 4592, 2.2.1): k1._domainkey.news.acme.example has a record.", false, "spf-wrong-name"},
		{"the same of MX", apex + "* TXT \"v=spf1 mx -all\"\n* MX 10 mx1\nk1._domainkey.news TXT \"v=DKIM1; p=\"", "news.acme.example", "mx-missing", "*.acme.example has one", false, "spf-wrong-name"},
		{"one beside a text without a version", apex + "news MX 10 mx1\nnews TXT \"mx -all\"\n* TXT \"v=spf1 -all\"", "news.acme.example", "spf-record-missing", "", false, "spf-wrong-name"},
		{"a record at a doubled name", "@ MX 10 mx1\nacme.example TXT \"v=spf1 mx -all\"\n* A 192.0.2.80", "acme.example", "spf-wrong-name", "acme.example.acme.example has", true, ""},
		{"a slip in it, beside an MX of the wildcard", apex + "* MX 10 mx1\n* TXT \"v=spf1 mx ip4=192.0.2.77 -all\"", "news.acme.example", "spf-unknown-modifier",
			"the MX record of *.acme.example stands at news.acme.example as well", false, ""},
		{"a slip in it, and nothing else", apex + "* TXT \"v=spf1 a:mx1.acme.example ip4=192.0.2.77 -all\"", "news.acme.example", "spf-unknown-modifier", "ip4=", true, ""},
		{"a slip in a record of its own", apex + "* MX 10 mx1\nnews MX 10 mx1\nnews TXT \"v=spf1 mx ip4=192.0.2.77 -all\"", "news.acme.example", "spf-unknown-modifier", "ip4=", true, ""},
		{"an MX without its final dot, and an alias for every name", "@ A 192.0.2.80\n@ MX 10 mx1.acme.example\n@ TXT \"v=spf1 mx -all\"\n* CNAME acme.example.", "acme.example", "mx-unresolvable",
			"Nothing but a wildcard answers for the MX host mx1.acme.example.acme.example", true, "mx-cname"},
		{"the same, and an address", "@ MX 10 mx1.acme.example\n@ TXT \"v=spf1 mx -all\"\n* A 192.0.2.80", "acme.example", "mx-unresolvable", "the final dot is missing", true, ""},
		{"an MX of a service, and an address", "@ MX 10 aspmx.l.google.com\n@ TXT \"v=spf1 mx -all\"\n* A 192.0.2.80\naspmx.l.google.com. A 203.0.113.26", "acme.example", "mx-unresolvable", "the final dot is missing", true, ""},
		{"an MX host that a wildcard has on purpose", "@ MX 10 mail\n@ TXT \"v=spf1 mx -all\"\n* A 192.0.2.80", "acme.example", "", "", false, "mx-unresolvable"},
		{"a slip in the record of a host, beside its address", "@ MX 10 mx1\n@ TXT \"v=spf1 mx a:x.spf.acme.example include:x.spf.acme.example -all\"\n*.spf TXT \"v=spf1 ipv4:192.0.2.4 -all\"\n*.spf A 192.0.2.44", "acme.example", "spf-include-permerror",
			"the A record of *.spf.acme.example stands at x.spf.acme.example as well", false, ""},
		{"a slip in the record of a name with nothing else", "@ MX 10 mx1\n@ TXT \"v=spf1 mx include:x.spf.acme.example -all\"\n*.spf TXT \"v=spf1 ipv4:192.0.2.4 -all\"", "acme.example", "spf-include-permerror", "", true, ""},
		{"a slip behind an alias for every name", "@ MX 10 mx1\nt A 192.0.2.77\nt TXT \"v=spf1 ipv4:192.0.2.4 -all\"\n* CNAME t\n@ TXT \"v=spf1 mx a:foo.acme.example include:foo.acme.example -all\"", "acme.example", "spf-include-permerror",
			"foo.acme.example has addresses", false, ""},
		{"a key at the doubled name, beside an alias for every name", "@ MX 10 mx1\n@ TXT \"v=spf1 mx -all\"\nwww A 192.0.2.80\n* CNAME www\ns1._domainkey.acme.example TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmeFqoUbDHKT+BTT7zuEzhFFSNX4YlTv4eP6yNkxhOw+gyefaCvJwf/2b1bQaUeab/wcg8/tfptW3wSREn9jF4AucfSwfavE1GPQ9D2zI22ICkSK6tCwtYzMJjG77PPP/RsbUF96ct/010MNuyewGQ1biG0Qc\" \"rTyEtd9CimW1KS88tw9xbQdWvMQEC7ef78fIdoAqtmgXNI+Ieew98k2/ZQOnxFyMiiJ6Y9XgAefrDJ7voUACLOORuICKdzzIq8L21KcC7Yp4uE6LUjH5YDyZ3y8fgcnBwbVLDTm23u8FjC8lRlMRY+Cu8wl0kCDZtNfIiTfl7Eq2yzUYMFB/sr/zkwIDAQAB\"", "acme.example", "dkim-wrong-name", "the domain is in the name twice", true, ""},
		{"a key of the wildcard", apex + "* TXT \"v=DKIM1; k=rsa, p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB\"", "foo.acme.example", "", "", false, "dkim-wrong-name"},
		{"a policy below a name that the wildcard answers for", "@ MX 10 mx1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p:none\"\n* MX 10 mx1", "news.acme.example", "dmarc-syntax", "", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: tt.domain, Profile: finding.Sender, Selectors: []string{"s1"}, Sections: []finding.Section{finding.DMARC, finding.DKIM, finding.SPF, finding.Hosts}}, Options{Selectors: "inferred"})
			found := tt.check == ""
			var all []string
			for _, f := range r.Findings {
				if !f.Severity.AtLeast(finding.Notice) {
					continue
				}
				all = append(all, f.Check+": "+f.Detail)
				if f.Check == tt.none {
					t.Errorf("%s: %s", f.Check, f.Detail)
				}
				if f.Fix == nil {
					continue
				}
				if f.Check == tt.check {
					found = true
					if words := f.Detail + " " + f.Fix.When; !strings.Contains(words, tt.says) || f.Fix.Complete != tt.complete {
						t.Errorf("%s, complete %v: %s\n%+v", f.Check, f.Fix.Complete, words, *f.Fix)
					}
				}
				for _, gone := range f.Fix.Remove {
					if label, _, _ := strings.Cut(gone.Name, "."); !strings.Contains("\n"+tt.zone, "\n"+label) && gone.Name != "acme.example" && !strings.Contains(tt.zone, "acme.example TXT") {
						t.Errorf("%s removes %v, which no record is", f.Check, gone)
					}
				}
			}
			if !found {
				t.Errorf("no %s in\n%s", tt.check, strings.Join(all, "\n"))
			}
		})
	}
}

// TestSynthesisedLive: what a server answers from a wildcard, as a name that nobody published
// shows, is nothing to remove, and what else it answers for the name has to stand there.
func TestSynthesisedLive(t *testing.T) {
	const zone = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n@ MX 10 mx1\nmx1 A 192.0.2.10\n@ TXT \"v=spf1 mx -all\"\n* MX 10 mx1\n* A 192.0.2.10\n"
	for _, tt := range []struct {
		name, records string
		// removes: a fix of foo takes something out.
		removes, complete bool
	}{
		{"an SPF record of the wildcard", `* TXT "v=spf1 ip4=192.0.2.4 mx -all"`, false, false},
		{"one of its own", "foo MX 10 mx1\nfoo TXT \"v=spf1 ip4=192.0.2.4 mx -all\"", true, true},
		{"a policy of the wildcard", `* TXT "v=DMARC1; p=nonne; rua=mailto:d@acme.com"`, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := dnstest.Start(t, zone+tt.records+"\n").Client(resolver.Config{})
			defer client.Close()
			r := Run(t.Context(), client, Target{Domain: "foo.acme.com", Profile: finding.Sender, Sections: []finding.Section{finding.DMARC, finding.SPF}}, Options{})
			removes, complete := false, false
			for _, f := range r.Findings {
				if f.Fix == nil || !strings.HasPrefix(f.Check, "spf-") && !strings.HasPrefix(f.Check, "dmarc-") {
					continue
				}
				removes = removes || len(f.Fix.Remove) > 0
				complete = complete || f.Fix.Complete && strings.HasSuffix(f.Fix.Name, "foo.acme.com")
			}
			if removes != tt.removes || complete != tt.complete {
				t.Errorf("removes %t, complete %t", removes, complete)
				for _, f := range r.Findings {
					if f.Fix != nil {
						t.Logf("%s: %+v", f.Check, *f.Fix)
					}
				}
			}
		})
	}
}

// TestWildcardAliasLive: an alias that a wildcard on the network answers with stands at no name that it could be
// removed from, and a record at the name itself is published there; one of its own is removed.
func TestWildcardAliasLive(t *testing.T) {
	const zone = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n@ MX 10 mx1\nmx1 A 192.0.2.10\n@ TXT \"v=spf1 mx -all\"\nwww TXT \"v=DMARC1; p=rejct; rua=mailto:d@acme.com\"\n"
	for records, want := range map[string]string{
		"* CNAME www":      "Publish the record with a policy. 0",
		"_dmarc CNAME www": "Remove the alias at _dmarc.acme.com, which leads to www.acme.com, and publish the record in its place. Publish the record with a policy. 1",
	} {
		client := dnstest.Start(t, zone+records+"\n").Client(resolver.Config{})
		r := Run(t.Context(), client, Target{Domain: "acme.com", Sections: []finding.Section{finding.DMARC}}, Options{})
		client.Close()
		for _, f := range r.Findings {
			if f.Check == "dmarc-policy-invalid" {
				if got := fmt.Sprintf("%s %d", f.Fix.Summary, len(f.Fix.Remove)); got != want || f.Fix.Name != "_dmarc.acme.com" {
					t.Errorf("%s: %s: %s: %+v", records, got, f.Detail, *f.Fix)
				}
				want = ""
			}
		}
		if want != "" {
			t.Errorf("%s: no finding", records)
		}
	}
}

// TestUndottedLive: an MX record without its final dot is said also where a wildcard on the network
// answers for what it became, which is no host to have a PTR record for; a host that is there is one.
func TestUndottedLive(t *testing.T) {
	const zone = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n@ MX 10 mx1.acme.com\nmx1 A 192.0.2.10\n@ TXT \"v=spf1 mx -all\"\n"
	for _, tt := range []struct{ records, fix string }{
		{"* A 192.0.2.80", "10 mx1.acme.com"},
		{"* CNAME mx1", "10 mx1.acme.com"},
		{"", "10 mx1.acme.com"},
		{"mx1.acme.com A 192.0.2.80", ""},
		{"mx1.acme.com A 192.0.2.80\n* A 192.0.2.81", ""},
	} {
		client := dnstest.Start(t, zone+tt.records+"\n").Client(resolver.Config{})
		r := Run(t.Context(), client, Target{Domain: "acme.com", Profile: finding.Sender, Sections: []finding.Section{finding.Hosts}}, Options{})
		client.Close()
		fix := ""
		for _, f := range r.Findings {
			switch {
			case f.Fix == nil:
			case f.Check == "mx-unresolvable" && f.Fix.Complete:
				fix = f.Fix.Value
			case tt.fix != "" && (strings.Contains(f.Fix.Value, "mx1.acme.com.acme.com") || strings.Contains(f.Fix.Summary, "mx1.acme.com.acme.com")):
				t.Errorf("%s: %s: %+v", tt.records, f.Check, *f.Fix)
			}
		}
		if fix != tt.fix {
			t.Errorf("%s: %q, want %q", tt.records, fix, tt.fix)
		}
	}
}

// TestStandsItself: what a wildcard on the network answers with at the names that fixes are for,
// those of envelopes, includes and MX too, is asked about; a name that is there is not.
func TestStandsItself(t *testing.T) {
	const zone = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns host 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n@ MX 10 mx1\nmx1 A 192.0.2.10\n"
	const sound = "@ TXT \"v=spf1 mx -all\"\n"
	for _, tt := range []struct {
		records  string
		target   Target
		check    string
		complete bool
		removes  int
	}{
		{sound + "* MX 10 mx1\n* TXT \"v=spf1 mx -al\"", Target{Domain: "acme.com", MailFrom: []string{"bounce.acme.com"}}, "spf-syntax", false, 0},
		{sound + "bounce MX 10 mx1\nbounce TXT \"v=spf1 mx -al\"", Target{Domain: "acme.com", MailFrom: []string{"bounce.acme.com"}}, "spf-syntax", true, 1},
		{sound + "* MX 10 mx1\n* TXT \"v=spf1 -all\"\nbounce MX 10 mx1\nbounce TXT \"v=spf1 mx -al\"", Target{Domain: "acme.com", MailFrom: []string{"bounce.acme.com"}}, "spf-syntax", true, 1},
		{"@ TXT \"v=spf1 mx include:a.spf.acme.com -all\"\n*.spf TXT \"v=spf1 ip4:192.0.2.7 -al\"\n*.spf A 192.0.2.80", Target{Domain: "acme.com"}, "spf-include-permerror spf-syntax", false, 0},
		{"@ TXT \"v=spf1 mx include:a.spf.acme.com -all\"\na.spf TXT \"v=spf1 ip4:192.0.2.7 -al\"", Target{Domain: "acme.com"}, "spf-include-permerror spf-syntax", true, 1},
		{sound + "* MX 10 mx1.acme.com\nfoo.acme.com A 192.0.2.1", Target{Domain: "foo.acme.com"}, "mx-unresolvable", false, 0},
		{sound + "foo MX 10 mx1.acme.com", Target{Domain: "foo.acme.com"}, "mx-unresolvable", true, 1},
	} {
		client := dnstest.Start(t, zone+tt.records+"\n").Client(resolver.Config{})
		tt.target.Sections = []finding.Section{finding.SPF, finding.Hosts}
		r := Run(t.Context(), client, tt.target, Options{})
		client.Close()
		found := false
		for _, f := range r.Findings {
			if !strings.Contains(tt.check, f.Check) || f.Fix == nil || f.Fix.Name == "" {
				continue
			}
			found = true
			if f.Fix.Complete != tt.complete || len(f.Fix.Remove) != tt.removes {
				t.Errorf("%s: %s: %+v", tt.records, f.Check, *f.Fix)
			}
		}
		if !found {
			t.Errorf("%s: nothing found", tt.records)
		}
	}
}
