package audit

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
	"mailworthy/mailhost"
)

// TestAwaitsMX: an SPF record with mx that is in force nowhere is not published while the report leaves
// MX records at the doubled name where they are.
func TestAwaitsMX(t *testing.T) {
	const head = "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n" +
		"@ MX 10 mx1\nmx1 A 192.0.2.10\nmx2 A 192.0.2.11\n"
	for _, tt := range []struct {
		name, zone string
		sections   []finding.Section
		waits      bool
	}{
		{"said in the same report", "acme.example MX 20 mx2\n@ TXT \"v=spf1 mx -al\"", []finding.Section{finding.SPF, finding.Hosts}, true},
		{"a null MX", "acme.example MX 0 .\n@ TXT \"v=spf1 mx -al\"", []finding.Section{finding.SPF, finding.Hosts}, false},
		{"said in no report", "acme.example MX 20 mx2\n@ TXT \"v=spf1 mx -al\"", []finding.Section{finding.SPF}, true},
		{"a host that is gone", "acme.example MX 20 mx9\n@ TXT \"v=spf1 mx -al\"", []finding.Section{finding.SPF, finding.Hosts}, true},
		{"no mx", "acme.example MX 20 mx9\n@ TXT \"v=spf1 ip4:192.0.2.10 -al\"", []finding.Section{finding.SPF, finding.Hosts}, false},
		{"the host of both", "acme.example MX 20 mx1\n@ TXT \"v=spf1 mx -al\"", []finding.Section{finding.SPF}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: "acme.example", Profile: finding.Sender, Sections: tt.sections}, Options{})
			seen := false
			for _, f := range r.Findings {
				if f.Check != "spf-syntax" || f.Fix == nil {
					continue
				}
				seen = true
				if waits := f.Fix.When != ""; waits != tt.waits || f.Fix.Complete == waits {
					t.Errorf("waits %v, complete %v: %q", waits, f.Fix.Complete, f.Fix.When)
				}
			}
			if !seen {
				t.Error("the slip is not found")
			}
		})
	}
}

// TestArriving: a TLS-RPT record that is moved to its name waits until mail arrives at its mailbox, but not
// for MX records that the same report moves.
func TestArriving(t *testing.T) {
	const head = "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\nmx1 A 192.0.2.10\n@ TXT \"v=spf1 mx -all\"\n"
	const record = "_smtp.tls TXT \"v=TLSRPTv1; rua=mailto:t@acme.example\"\n"
	both := []finding.Section{finding.Hosts, finding.Transport}
	for _, tt := range []struct {
		name, zone string
		sections   []finding.Section
		waits      bool
	}{
		{"MX records are moved", record + "acme.example MX 10 mx1", both, false},
		{"said in no report", record + "acme.example MX 10 mx1", both[1:], true},
		{"no MX records", record, both, true},
		{"a null MX at the doubled name", record + "acme.example MX 0 .", both, true},
		{"an address as well that gets nowhere", strings.Replace(record, "t@", "t@null.acme.example,mailto:t@", 1) + "null MX 0 .\nacme.example MX 10 mx1", both, true},
	} {
		r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: "acme.example", Profile: finding.Sender, Sections: tt.sections}, Options{})
		at := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Check == "tls-rpt-wrong-name" && f.Fix != nil })
		if at < 0 {
			t.Errorf("%s: nothing is said", tt.name)
		} else if fix := r.Findings[at].Fix; fix.Complete == tt.waits || (fix.When != "") != tt.waits {
			t.Errorf("%s: complete: %t: %q", tt.name, fix.Complete, fix.When)
		}
	}
}

// TestAwaitsDoubled: so does the record of a name that it includes, or that names the domain, and one whose
// hosts have addresses at the doubled name.
func TestAwaitsDoubled(t *testing.T) {
	const head = "$ORIGIN acme.com.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 45.76.0.53\n@ MX 10 mx1\nmx1 A 45.76.0.10\n"
	both, alone := []finding.Section{finding.SPF, finding.Hosts}, []finding.Section{finding.SPF}
	for _, tt := range []struct {
		name, zone, domain string
		sections           []finding.Section
		when               string
	}{
		{"behind a redirect", "acme.com MX 20 mx2\n@ TXT \"v=spf1 redirect=_s.acme.com\"\n_s TXT \"v=spf1 mx:acme.com -al\"", "", both, "the MX records at acme.com.acme.com are"},
		{"behind an include", "acme.com MX 20 mx2\n@ TXT \"v=spf1 include:_s.acme.com -all\"\n_s TXT \"v=spf1 mx:acme.com -al\"", "", both, "the MX records at acme.com.acme.com are"},
		{"in what is included", "acme.com MX 20 mx2\n@ TXT \"v=spf1 include:_s.acme.com -al\"\n_s TXT \"v=spf1 mx:acme.com -all\"", "", both, "the MX records at acme.com.acme.com are"},
		{"round in what is included", "@ TXT \"v=spf1 mx include:_s.acme.com -al\"\n_s TXT \"v=spf1 include:_s.acme.com -all\"", "", both, ""},
		{"of another domain", "acme.com MX 20 mx2\nnews TXT \"v=spf1 mx:acme.com -al\"", "news.acme.com", both, "the MX records at acme.com.acme.com are"},
		{"an address that nothing moves", "@ MX 20 mx2\nmx2.acme.com A 45.77.0.11\n@ TXT \"v=spf1 mx -al\"", "", alone, "the address at mx2.acme.com.acme.com is"},
		{"an address that is moved", "@ MX 20 mx2\nmx2.acme.com A 45.77.0.11\n@ TXT \"v=spf1 mx -al\"", "", both, ""},
		{"one of which the owner is asked", "@ MX 20 mx2\nmx2.acme.com A 45.77.0.11\nmx2.acme.com A 10.0.0.1\n@ TXT \"v=spf1 mx -al\"", "", both, "the address at mx2.acme.com.acme.com is"},
		{"one beside another", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 mx a:h.acme.com -al\"", "", both, "the address at h.acme.com.acme.com is"},
		{"the same", "h A 45.76.0.12\nh.acme.com A 45.76.0.12\n@ TXT \"v=spf1 mx a:h.acme.com -al\"", "", both, ""},
		{"one that the record names", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 mx a:h.acme.com ip4:45.77.0.0/24 -al\"", "", both, ""},
		{"one that is not public", "h A 45.76.0.12\nh.acme.com A 10.0.0.1\n@ TXT \"v=spf1 mx a:h.acme.com -al\"", "", both, ""},
		{"in force today", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx mx -all\"", "", both, ""},
		{"in force today, beside an include that is not loaded", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx mx include:_spf.google.com -all\"", "", both, ""},
		{"the address, too", "@ MX 20 mx2\nmx2.acme.com A 45.77.0.11\n@ TXT \"v=spf1 mx mx include:_spf.google.com -all\"", "", alone, ""},
		{"behind a redirect that is not loaded", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx mx redirect=_spf.google.com\"", "", both, ""},
		{"terms after all", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx include:_spf.google.com -all ip4:45.1.1.1\"", "", both, ""},
		{"an include of a macro", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx mx include:%{d}._spf.esp.net -all\"", "", both, ""},
		{"of a target that is corrected", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx include:_s.acme.com.acme.com -all\"\n_s TXT \"v=spf1 ip4:45.76.0.9 -all\"", "", both, "the MX records at acme.com.acme.com are"},
		{"the domain's own record above it, that its error kept out of force", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx include:_s.acme.com -all\"\n_s TXT \"v=spf1 ip4:45.1.1.1 -al\"", "", alone, "the MX records at acme.com.acme.com are"},
		{"above a redirect", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx redirect=_s.acme.com\"\n_s TXT \"v=spf1 ip4:45.1.1.1 -al\"", "", alone, "the MX records at acme.com.acme.com are"},
		{"two records below it", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx include:_s.acme.com -all\"\n_s TXT \"v=spf1 ip4:45.1.1.1 -all\"\n_s TXT \"v=spf1 ip4:45.1.1.2 -all\"", "", alone, "the MX records at acme.com.acme.com are"},
		{"in force today with what it includes", "acme.com MX 20 mx2\n@ TXT \"v=spf1 mx mx include:_s.acme.com -all\"\n_s TXT \"v=spf1 ip4:45.1.1.1 -all\"", "", alone, ""},
		{"nothing above it stands on hosts", "acme.com MX 20 mx2\n@ TXT \"v=spf1 ip4:45.76.0.10 include:_s.acme.com -all\"\n_s TXT \"v=spf1 ip4:45.1.1.1 -al\"", "", alone, ""},
		{"by a term that lets nothing pass", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 mx -a:h.acme.com -al\"", "", both, ""},
		{"by a term that says nothing", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 mx ?a:h.acme.com -al\"", "", both, ""},
		{"by an mx that lets nothing pass, in what is included", "acme.com MX 20 mx2\n@ TXT \"v=spf1 ip4:45.76.0.10 include:_s.acme.com -al\"\n_s TXT \"v=spf1 -mx:acme.com ip4:45.1.1.1 -all\"", "", both, ""},
		{"one within the length of its own term", "h A 45.76.0.12\nh.acme.com A 45.76.0.99\n@ TXT \"v=spf1 mx a:h.acme.com/24 -al\"", "", both, ""},
		{"one that an included record names", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 a:h.acme.com include:_s.acme.com -al\"\n_s TXT \"v=spf1 ip4:45.77.0.12 -all\"", "", both, ""},
		{"one that is named behind a term that fails it", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 a:h.acme.com -ip4:45.77.0.0/16 ip4:45.77.0.12 -al\"", "", both, "the address at h.acme.com.acme.com is"},
		{"one that fails in what is included", "h A 45.76.0.12\nh.acme.com A 45.77.0.12\n@ TXT \"v=spf1 a:h.acme.com include:_s.acme.com -al\"\n_s TXT \"v=spf1 -ip4:45.77.0.12 ip4:45.77.0.12 -all\"", "", both, "the address at h.acme.com.acme.com is"},
		{"an exchange of another domain whose addresses pass", "news MX 10 mx1\nnews.acme.com MX 20 mx2\nmx2 A 45.77.0.11\n@ TXT \"v=spf1 ip4:45.77.0.11 mx:news.acme.com -al\"", "", both, ""},
		{"one of which one address does not", "news MX 10 mx1\nnews.acme.com MX 20 mx2\nmx2 A 45.77.0.11\nmx2 A 45.77.0.12\n@ TXT \"v=spf1 ip4:45.77.0.11 mx:news.acme.com -al\"", "", both, "the MX records at news.acme.com.acme.com are"},
		{"the terms of a record that is flattened", "h0 A 45.78.0.1\nh1 A 45.78.0.2\nh2 A 45.78.0.3\nh3 A 45.78.0.4\nh4 A 45.78.0.5\nh5 A 45.78.0.6\nh6 A 45.78.0.7\nh7 A 45.78.0.8\nh8 A 45.78.0.9\nh9 A 45.78.0.10\nh10 A 45.78.0.11\nh0.acme.com A 45.99.99.9\n@ TXT \"v=spf1 a:h0.acme.com a:h1.acme.com a:h2.acme.com a:h3.acme.com a:h4.acme.com a:h5.acme.com a:h6.acme.com a:h7.acme.com a:h8.acme.com a:h9.acme.com a:h10.acme.com -all\"", "", alone, "the address at h0.acme.com.acme.com is"},
		{"those of more MX hosts than a record may have", "acme.com MX 20 mx2\nm0 A 45.79.0.1\n@ MX 10 m0\nm1 A 45.79.0.2\n@ MX 10 m1\nm2 A 45.79.0.3\n@ MX 10 m2\nm3 A 45.79.0.4\n@ MX 10 m3\nm4 A 45.79.0.5\n@ MX 10 m4\nm5 A 45.79.0.6\n@ MX 10 m5\nm6 A 45.79.0.7\n@ MX 10 m6\nm7 A 45.79.0.8\n@ MX 10 m7\nm8 A 45.79.0.9\n@ MX 10 m8\nm9 A 45.79.0.10\n@ MX 10 m9\n@ TXT \"v=spf1 mx mx -all\"", "", alone, "the MX records at acme.com.acme.com are"},
		{"of a host that the alias of an MX host leads to", "@ MX 20 mx2\nmx2 CNAME hh\nhh.acme.com A 45.77.0.11\n@ TXT \"v=spf1 mx -al\"", "", both, "the address at hh.acme.com.acme.com is"},
		{"of one behind an alias, that has it", "h CNAME hh\nhh A 45.77.0.11\nhh.acme.com A 45.77.0.11\n@ TXT \"v=spf1 mx a:h.acme.com -al\"", "", both, ""},
		{"aliases in a ring", "h CNAME hh\nhh CNAME h\ni A 45.76.0.12\ni.acme.com A 45.77.0.12\n@ TXT \"v=spf1 mx a:h.acme.com a:i.acme.com -al\"", "", alone, "the address at i.acme.com.acme.com is"},
		{"nothing at a doubled name", "@ TXT \"v=spf1 mx:news.acme.com -al\"\nnews MX 10 mx1", "", both, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: cmp.Or(tt.domain, "acme.com"), Profile: finding.Sender, Sections: tt.sections}, Options{})
			seen := false
			for _, f := range r.Findings {
				if f.Fix == nil || f.Fix.Type != "TXT" || f.Severity == finding.Pass {
					continue
				}
				seen = true
				if !strings.HasPrefix(f.Fix.When, tt.when) || (f.Fix.When == "") != (tt.when == "") || f.Fix.Complete != (tt.when == "") {
					t.Errorf("waits until %q, want %q; complete %v", f.Fix.When, tt.when, f.Fix.Complete)
				}
			}
			if !seen {
				t.Error("the slip is not found")
			}
		})
	}
}

// TestAwaitsDoubledOfSubzone: of a zone below a registrable domain, its own name is the one that is added.
func TestAwaitsDoubledOfSubzone(t *testing.T) {
	const head = "$ORIGIN news.acme.com.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 45.76.0.53\n@ MX 10 mx1\nmx1 A 45.76.0.10\n@ TXT \"v=spf1 mx -al\"\n"
	for _, tt := range []struct{ zone, when string }{
		{"news.acme.com MX 20 mx2\nmx2 A 45.77.0.11", "the MX records at news.acme.com.news.acme.com are moved or removed"},
		{"mx1.news.acme.com A 45.77.0.11", "the address at mx1.news.acme.com.news.acme.com is moved or removed"},
		{"mx2.acme.com A 45.77.0.11", ""},
	} {
		r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: "news.acme.com", Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.Hosts}}, Options{})
		at := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Check == "spf-syntax" && f.Fix != nil })
		if at < 0 {
			t.Fatalf("%s: the slip is not found", tt.zone)
		}
		if got := r.Findings[at].Fix.When; got != tt.when {
			t.Errorf("%s: waits until %q, want %q", tt.zone, got, tt.when)
		}
	}
}

// TestHalfMislaidMX: MX records at the doubled name beside others in force are said; whether they are
// meant, or left from before those, nobody but the owner knows.
func TestHalfMislaidMX(t *testing.T) {
	const head = "$ORIGIN acme.example.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n" +
		"@ MX 10 mx1\nmx1 A 192.0.2.10\nmx2 A 192.0.2.11\n@ TXT \"v=spf1 mx -all\"\n"
	for _, tt := range []struct{ name, zone, said string }{
		{"a host of the domain's", "acme.example MX 20 mx2", "20 mx2.acme.example stands at acme.example.acme.example"},
		{"of a service that was left, or is not yet used", "acme.example MX 1 smtp.esp.test.", "1 smtp.esp.test stands at"},
		{"an address", "acme.example MX 20 45.76.0.10.", "20 45.76.0.10 stands at"},
		{"null", "acme.example MX 0 .", ""},
		{"the same host", "acme.example MX 20 mx1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Run(t.Context(), dnstest.Zone(t, head+tt.zone+"\n"), Target{Domain: "acme.example", Profile: finding.Sender, Sections: []finding.Section{finding.Hosts}}, Options{})
			said := ""
			for _, f := range r.Findings {
				if f.Check != "mx-missing" || f.Severity == finding.Pass {
					continue
				}
				said = f.Detail
				// Where others take the mail, no reply is lost: the reason that reports show says so.
				at := slices.IndexFunc(mailhost.Checks, func(c finding.Check) bool { return c.ID == f.Check })
				if why := mailhost.Checks[at].Why; !strings.HasPrefix(why, "Where nothing takes the mail, replies") || !strings.Contains(why, "domain twice") {
					t.Errorf("the reason is that of a domain without MX: %s", why)
				}
				if f.Severity != finding.Notice || f.Fix.Complete || f.Fix.Value != "" || f.Fix.Remove != nil {
					t.Errorf("%s, with %+v", f.Severity, f.Fix)
				}
			}
			if (said != "") != (tt.said != "") || !strings.Contains(said, tt.said) {
				t.Errorf("said %q, want %q", said, tt.said)
			}
		})
	}
}
