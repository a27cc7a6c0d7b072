// Package reporttest has results of audits, written by hand, for the tests of the
// report and of whatever draws it: they say how a report reads and nothing about
// how an audit is made.
package reporttest

import (
	"net/netip"
	"strings"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/bombtest"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/receiver"
	spfpolicy "mailworthy/spf/policy"
)

// AllPassed returns a pass in each scored section, so that each is judged.
func AllPassed(except ...finding.Section) []finding.Finding {
	var out []finding.Finding
	for _, s := range finding.Audited {
		skip := false
		for _, e := range except {
			skip = skip || e == s
		}
		if !skip {
			out = append(out, finding.Finding{Check: string(s) + "-good", Section: s, Severity: finding.Pass})
		}
	}
	return out
}

// Found is a finding of a check.
func Found(section finding.Section, check string, severity finding.Severity) finding.Finding {
	return finding.Finding{Check: check, Section: section, Severity: severity}
}

// Unresolved is a check of a section that the DNS left undecided.
func Unresolved(section finding.Section, couldBe finding.Severity, undecides bool) finding.Finding {
	return finding.Finding{Check: string(section) + "-unresolved", Section: section, Severity: finding.Unknown,
		CouldBe: couldBe, Undecides: undecides, Partial: !undecides}
}

// Started is when the audits began.
var Started = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// Flawed is a domain with findings of every severity.
func Flawed() *audit.Result {
	one, two := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")
	return &audit.Result{
		Domain: "acme.example", Profile: finding.Sender, ProfileWhy: "guessed: no record says that the domain sends nothing",
		Examined: audit.Examined{
			Senders: []audit.Sender{{Addr: one, From: []string{"MX host mx1.acme.example"}}, {Addr: two, From: []string{"MX host mx2.acme.example"}},
				{Addr: netip.MustParseAddr("198.51.100.7"), From: []string{"SPF ip4:198.51.100.7"}}},
			SenderRanges: []string{"_spf.esp.example", "ip4:203.0.113.0/24"},
			MailFrom:     []string{"acme.example", "bounce.acme.example"}, DKIMDomains: []string{"acme.example"}, Selectors: []string{"s1", "s2"},
		},
		Findings: []finding.Finding{
			{Check: "spf-multiple-records", Section: finding.SPF, Severity: finding.Critical, Subject: "acme.example", Title: "Multiple SPF records (permerror)",
				Detail:    "acme.example publishes 2 SPF records, so every check ends in permerror.",
				Reference: "RFC 7208, 4.5",
				Evidence: []finding.Evidence{{Name: "acme.example", Type: "TXT", Status: "found", Server: "udp://192.0.2.53:53", Rcode: "NOERROR", TTL: 300,
					Answer: []string{"v=spf1 include:_spf.esp.example ~all", "v=spf1 ip4:192.0.2.0/28 -all"}}},
				Fix: &finding.Fix{Complete: true, Summary: "Remove both and publish one record that authorises everything the two did.",
					Name: "acme.example", Type: "TXT", Value: "v=spf1 ip4:192.0.2.0/28 include:_spf.esp.example -all",
					Remove: []finding.Record{{Name: "acme.example", Type: "TXT", Value: "v=spf1 include:_spf.esp.example ~all"},
						{Name: "acme.example", Type: "TXT", Value: "v=spf1 ip4:192.0.2.0/28 -all"}}}},
			{Check: "ptr-missing", Section: finding.Hosts, Severity: finding.Error, Subject: "192.0.2.11", Title: "No PTR record (reverse DNS) for a sending IP",
				Detail: "192.0.2.11 has no PTR record.", Reference: "RFC 1912, 2.1",
				Evidence: []finding.Evidence{{Name: "11.2.0.192.in-addr.arpa", Type: "PTR", Status: "nxdomain", Server: "udp://192.0.2.53:53", Rcode: "NXDOMAIN", TTL: 900}},
				Fix: &finding.Fix{Complete: true, Summary: "Ask whoever provides the address to publish its name.", Name: "11.2.0.192.in-addr.arpa", Type: "PTR",
					Value: "mx2.acme.example"}},
			{Check: "dkim-key-weak", Section: finding.DKIM, Severity: finding.Warning, Subject: "s1", Title: "DKIM RSA key under 2048 bits",
				Detail: "The key at s1._domainkey.acme.example has 1024 bits.", Reference: "RFC 8301, 3.2",
				Fix: &finding.Fix{Summary: "Publish a key of 2048 bits at a new selector, sign with it, and revoke this one a week later."}},
			{Check: "dmarc-policy-none", Section: finding.DMARC, Severity: finding.Warning, Subject: "acme.example", Title: "DMARC policy is p=none (monitoring only, not enforced)",
				Detail: "p=none asks receivers to deliver mail that fails.", Reference: "RFC 9989, 4.7",
				Fix: &finding.Fix{When: "the reports show that all your mail is aligned", Summary: "Publish the next step.", Name: "_dmarc.acme.example", Type: "TXT",
					Value: "v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc-reports@acme.example,mailto:acme@reports.dmarc.example; adkim=r; aspf=r"}},
			{Check: "rbl-list-blocked", Section: finding.Reputation, Severity: finding.Unknown, CouldBe: finding.Critical, Subject: "bl.lists.test",
				Title: "The list refuses to answer this resolver", Detail: "bl.lists.test answers 127.255.255.254: no queries through public resolvers.",
				Evidence: []finding.Evidence{{Name: "10.2.0.192.bl.lists.test", Type: "A", Status: "found", Answer: []string{"127.255.255.254"}, Server: "udp://192.0.2.53:53", Rcode: "NOERROR", TTL: 60}},
				Fix:      &finding.Fix{Summary: "Ask through a resolver of your own (--resolver)."}},
			{Check: "mx-single", Section: finding.Hosts, Severity: finding.Notice, Subject: "acme.example", Title: "Only one MX host (no backup)", Detail: "If mx1.acme.example is down, mail waits at the senders."},
			{Check: "spf-syntax", Section: finding.SPF, Severity: finding.Pass, Subject: "acme.example", Title: "No syntax error in the SPF record"},
			{Check: "spf-all-pass", Section: finding.SPF, Severity: finding.Pass, Subject: "acme.example", Title: "SPF does not allow every sender (no +all)"},
			{Check: "dmarc-record-missing", Section: finding.DMARC, Severity: finding.Pass, Subject: "acme.example", Title: "DMARC record found"},
			{Check: "rbl-listed", Section: finding.Reputation, Severity: finding.Pass, Subject: "acme.example", Title: "No sending IP listed on a DNSBL"},
		},
		Receivers: []receiver.Verdict{
			{Receiver: "Gmail", Volume: "low", Who: "everybody", Result: receiver.Meets, Requirements: []receiver.Requirement{
				{ID: "spf-or-dkim", Text: "SPF or DKIM passes", Result: receiver.Meets, ShownByDNS: true, Reference: "https://receiver.example/"}}},
			{Receiver: "Gmail", Volume: "bulk", Who: "bulk senders", Result: receiver.Fails, Requirements: []receiver.Requirement{
				{ID: "spf", Text: "SPF passes", Result: receiver.Fails, ShownByDNS: true, Because: "acme.example publishes 2 SPF records.", Finding: "spf-multiple-records",
					Code: "550 5.7.27", Reply: "the sender is unauthenticated", Reference: "https://receiver.example/"}}},
			{Receiver: "Apple", Volume: "bulk", Who: "bulk senders", Result: receiver.CannotTell, Requirements: []receiver.Requirement{
				{ID: "listed", Text: "not listed", Result: receiver.CannotTell, ShownByDNS: true, Because: "bl.lists.test gave no answer.", Finding: "rbl-list-blocked",
					Reference: "https://receiver.example/"}}},
		},
		SPF: &spfpolicy.Policy{Domain: "acme.example", Status: spfpolicy.StatusMultiple, Record: &spfpolicy.Record{Domain: "acme.example", Status: spfpolicy.StatusMultiple}},
		RBL: &rbl.Survey{Addresses: []netip.Addr{one, two}}, Hosts: &mailhost.Facts{},
		Queries: 47, Started: Started, Duration: 212 * time.Millisecond,
	}
}

// Clean is a domain without a flaw.
func Clean() *audit.Result {
	one := netip.MustParseAddr("192.0.2.10")
	var passes []finding.Finding
	for check, section := range map[string]finding.Section{"spf-syntax": finding.SPF, "dkim-key-syntax": finding.DKIM,
		"dmarc-syntax": finding.DMARC, "rbl-listed": finding.Reputation, "ptr-missing": finding.Hosts} {
		passes = append(passes, finding.Finding{Check: check, Section: section, Severity: finding.Pass, Subject: "clean.example", Title: "Broken"})
	}
	return &audit.Result{
		Domain: "clean.example", Profile: finding.Sender, ProfileWhy: "stated",
		Examined: audit.Examined{Senders: []audit.Sender{{Addr: one, From: []string{"stated"}}}, MailFrom: []string{"clean.example"},
			DKIMDomains: []string{"clean.example"}, Selectors: []string{"s1"}},
		Findings: passes,
		SPF: &spfpolicy.Policy{Domain: "clean.example", Status: spfpolicy.StatusFound, Lookups: 2, LookupsExact: true,
			Record: &spfpolicy.Record{Domain: "clean.example", Status: spfpolicy.StatusFound, Text: "v=spf1 mx include:_spf.esp.example -all"}},
		DKIM: &dkim.Discovery{Domain: "clean.example", Proof: dkim.ProofExists, Catalogue: dkim.Common,
			Wildcard: dkim.Wildcard{Status: dkim.WildcardNone}},
		DMARC: &dmarc.Discovery{Domain: "clean.example", PolicyDomain: "clean.example", Policy: dmarc.Reject, Tag: "p",
			Record: &dmarc.Record{ADKIM: dmarc.Relaxed, ASPF: dmarc.Relaxed, P: dmarc.Reject, RUA: []dmarc.URI{{Address: "dmarc@clean.example"}}}},
		RBL: &rbl.Survey{Addresses: []netip.Addr{one}, Domains: []rbl.Subject{{Name: "clean.example"}},
			Listings: []rbl.Listing{{Subject: "192.0.2.10", Kind: rbl.IPv4, Zone: "bl.one.test", Verdict: rbl.Clean}, {Subject: "192.0.2.10", Kind: rbl.IPv4, Zone: "bl.two.test", Verdict: rbl.Clean},
				{Subject: "192.0.2.10", Kind: rbl.IPv4, Zone: "bl.dead.test", Verdict: rbl.Dead}}},
		Hosts: &mailhost.Facts{
			Domain: &mailhost.Domain{Exists: mailhost.Present, MX: mailhost.MXPresent, Own: mailhost.Host{Resolves: mailhost.Absent},
				Authority: mailhost.Authority{Exists: mailhost.Present, SOA: mailhost.Present},
				Exchanges: []mailhost.Exchange{{Host: mailhost.Host{Name: "mx1.clean.example", Resolves: mailhost.Present}},
					{Host: mailhost.Host{Name: "mx2.clean.example", Resolves: mailhost.Present}}}},
			Addresses: []mailhost.Address{{Addr: one, PTR: mailhost.Present, Names: []mailhost.ReverseName{{Name: "mx1.clean.example", Confirmed: mailhost.Present}}}}},
		Queries: 60, Started: Started, Duration: 87 * time.Millisecond,
	}
}

// Silent is a domain about which the DNS said nothing.
func Silent() *audit.Result {
	r := &audit.Result{Domain: "silent.example", Profile: finding.Sender, Queries: 12, Started: Started, Duration: 9 * time.Second,
		Examined: audit.Examined{SendersUnknown: true, MailFrom: []string{"silent.example"}, DKIMDomains: []string{"silent.example"}}}
	for _, s := range finding.Audited {
		r.Findings = append(r.Findings, finding.Finding{Check: string(s) + "-unresolved", Section: s, Severity: finding.Unknown, CouldBe: finding.Critical,
			Undecides: true, Subject: "silent.example", Title: "The DNS did not answer", Detail: "The question for " + string(s) + " was not answered in time.",
			Evidence: []finding.Evidence{{Name: "silent.example", Type: "TXT", Status: "timeout", Server: "udp://192.0.2.53:53"}}})
	}
	return r
}

// Results are the reports that the golden tests of each format show.
func Results() map[string]*audit.Result {
	return map[string]*audit.Result{"flawed": Flawed(), "clean": Clean(), "silent": Silent(), "hostile": Hostile()}
}

// Hostile is a domain whose records attack whoever reads the report.
func Hostile() *audit.Result {
	return &audit.Result{
		Domain: "xn--bcher-kva.example", Unicode: "bücher.example", Profile: finding.Sender, Started: Started,
		Examined: audit.Examined{MailFrom: []string{"xn--bcher-kva.example"}, Selectors: []string{"\x1b[31mred"}, SenderRanges: []string{bombtest.Attack}},
		Findings: []finding.Finding{
			{Check: "spf-syntax", Section: finding.SPF, Severity: finding.Critical, Subject: "xn--bcher-kva.example", Title: "Syntax error in the SPF record (permerror)",
				Detail: "The record says " + bombtest.Attack + ".", Reference: "RFC 7208, 4.6",
				Evidence: []finding.Evidence{{Name: "xn--bcher-kva.example", Type: "TXT", Status: "found", Answer: []string{bombtest.Attack, strings.Repeat("A\u0301\x1b[A", 100)},
					Server: "udp://192.0.2.53:53", Note: bombtest.Attack}},
				Fix: &finding.Fix{Complete: true, Summary: "Publish what was meant: " + bombtest.Attack, Name: "xn--bcher-kva.example", Type: "TXT", Value: bombtest.Attack,
					Remove: []finding.Record{{Name: "=formula.example", Type: "TXT", Value: strings.Repeat("x", 1000)}}}},
			{Check: "rbl-listed", Section: finding.Reputation, Severity: finding.Error, Subject: bombtest.Attack, Title: "Sending IP listed on a DNSBL", Detail: "=1+1"},
		},
	}
}
