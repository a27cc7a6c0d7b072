package main

import (
	"strings"

	"mailworthy/internal/dnstest"
)

// nameServers begins a zone; what is tried follows.
const nameServers = `$ORIGIN acme.example.
$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ NS ns2
ns1 A 192.0.2.53
ns2 A 198.51.100.53
`

const mailHosts = nameServers + `@ MX 10 mx1
@ MX 20 mx2
mx1 A 192.0.2.10
mx2 A 192.0.2.11
`

// siblingKey is an RSA key in two strings.
const siblingKey = `( "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmeFqoUbDHKT+BTT7zuEzhFFSNX4YlTv4eP6yNkxhOw+gyefaCvJwf/2b1bQaUeab/wcg8/tfptW3wSREn9jF4AucfSwfavE1GPQ9D2zI22ICkSK6tCwtYzMJjG77PPP/RsbUF96ct/010MNuyewGQ1biG0Qc" "rTyEtd9CimW1KS88tw9xbQdWvMQEC7ef78fIdoAqtmgXNI+Ieew98k2/ZQOnxFyMiiJ6Y9XgAefrDJ7voUACLOORuICKdzzIq8L21KcC7Yp4uE6LUjH5YDyZ3y8fgcnBwbVLDTm23u8FjC8lRlMRY+Cu8wl0kCDZtNfIiTfl7Eq2yzUYMFB/sr/zkwIDAQAB" )`

const (
	goodSPF   = "@ TXT \"v=spf1 mx -all\"\n"
	goodDMARC = "_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n"
	goodDKIM  = "s1._domainkey TXT " + siblingKey + "\n"
	esp       = `$ORIGIN esp.example.
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1.acme.example.
@ MX 10 mx
mx A 203.0.113.5
spf TXT "v=spf1 ip4:203.0.113.0/28 -all"
_spf TXT "v=spf1 ip4:203.0.113.16/28 -all"
`
)

// spfCase is a record and what the check of it must say.
func spfCase(name, pending, record string, want expectation) faulty {
	return faulty{name: name, pending: pending, zone: mailHosts + "@ TXT \"" + strings.ReplaceAll(strings.ReplaceAll(record, `\`, `\\`), `"`, `\"`) + "\"\n" + goodDMARC + goodDKIM + esp,
		commands: []string{"spf check --offline --zone zone acme.example"}, want: []expectation{want}}
}

func dmarcCase(name, pending, record string, want expectation) faulty {
	return faulty{name: name, pending: pending, zone: mailHosts + goodSPF + goodDKIM + "_dmarc TXT \"" + strings.ReplaceAll(strings.ReplaceAll(record, `\`, `\\`), `"`, `\"`) + "\"\n" + esp,
		commands: []string{"dmarc check --offline --zone zone acme.example"}, want: []expectation{want}}
}

func lintCase(name, pending, kind, record string, want expectation) faulty {
	return faulty{name: name, pending: pending, commands: []string{"lint " + kind + " < " + record}, want: []expectation{want}}
}

func zoneCase(name, pending, zone, command string, want expectation) faulty {
	return faulty{name: name, pending: pending, zone: zone, commands: []string{command}, want: []expectation{want}}
}

// siblingRows are further cases of each kind.
func siblingRows() []faulty {
	return []faulty{
		// 1. A fix never harms.
		spfCase("harm: punctuation in place of the only sender", "", "v=spf1 ' -all", expectation{found: []string{"critical spf-syntax"}, records: []string{}, says: []string{"<a sender, if one stood here>"}}),
		spfCase("harm: a record that names nobody", "", "v=spf1", expectation{found: []string{"warning spf-all-missing"}, records: []string{}}),
		spfCase("harm: a record that says nothing of anybody", "", "v=spf1 ?all", expectation{found: []string{"warning spf-all-neutral"}, records: []string{}, unproposed: []string{"v=spf1 ~all", "v=spf1 -all"}}),
		spfCase("harm: a record that says nothing of others", "", "v=spf1 mx ?all", expectation{found: []string{"warning spf-all-neutral"}, records: []string{"v=spf1 mx ~all"}}),
		spfCase("harm: more punctuation than senders", "", "v=spf1 , ; ~all", expectation{found: []string{"critical spf-syntax"}, records: []string{}}),
		spfCase("harm: punctuation beside a sender", "", "v=spf1 mx ; -all", expectation{found: []string{"critical spf-syntax"}, records: []string{"v=spf1 mx -all"}}),
		spfCase("harm: a loop behind all", "", "v=spf1 mx include:_spf.nowhere.acme.example,include:spf.esp.example -all include:acme.example", expectation{unproposed: []string{"include:acme.example -all"}}),
		zoneCase("harm: two records that lead to one in error", "", mailHosts+"@ TXT \"v=spf1 redirect=_own.acme.example\"\n@ TXT \"v=spf1 mx ~all\"\n_own TXT \"v=spf1 include:spf..acme.example -all\"\n"+goodDMARC+goodDKIM, "spf check --offline --zone zone acme.example",
			expectation{found: []string{"critical spf-multiple-records"}, records: []string{}, says: []string{"once what they lead to is repaired"}}),
		zoneCase("harm: two records that let everyone pass together", "", mailHosts+"@ TXT \"v=spf1 include:_own.acme.example -all\"\n@ TXT \"v=spf1 include:spf.esp.example ~all\"\n_own TXT \"v=spf1 mx all\"\n"+goodDMARC+goodDKIM+esp, "spf check --offline --zone zone acme.example",
			expectation{found: []string{"critical spf-multiple-records"}, records: []string{}, says: []string{"they let everyone pass"}}),
		dmarcCase("harm: a backslash for the last letter of a host", "", `v=DMARC1; p=reject; rua=mailto:d@acme.example,mailto:r@reports.co\; fo=1`, expectation{found: []string{"error dmarc-report-uri-invalid"}, records: []string{}, unproposed: []string{"reports.co;", "reports.co,"}}),
		dmarcCase("harm: a quotation mark for the last letter of a host", "", `v=DMARC1; p=reject; rua=mailto:d@acme.example,mailto:r@reports.co'; sp=none`, expectation{records: []string{}}),
		dmarcCase("harm: a dot for the last letter of a host", "", `v=DMARC1; p=reject; rua=mailto:d@reports.co.,mailto:d@acme.example`, expectation{records: []string{}}),
		dmarcCase("harm: a dot behind a whole host", "", `v=DMARC1; p=reject; rua=mailto:d@reports.example.,mailto:d@acme.example`, expectation{records: []string{"v=DMARC1; p=reject; rua=mailto:d@reports.example,mailto:d@acme.example"}}),
		dmarcCase("harm: backslashes of a zone file", "", `v=DMARC1\; p=reject\; rua=mailto:d@reports.co\;`, expectation{records: []string{"v=DMARC1; p=reject; rua=mailto:d@reports.co"}}),
		dmarcCase("harm: a backslash behind a whole host", "", `v=DMARC1; p=reject; rua=mailto:d@acme.example\; ruf=mailto:d@acme.example`, expectation{records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example; ruf=mailto:d@acme.example"}}),
		{name: "harm: a key of a domain that seems to send nothing", zone: mailHosts + "@ TXT \"v=spf1 -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"audit --offline --zone zone acme.example", "audit --offline --zone zone --profile receiver acme.example"},
			want:     []expectation{{found: []string{"notice dkim-parked-key"}, records: []string{}}, {found: []string{"notice dkim-parked-key"}, fixes: []string{"v=DKIM1; p="}}}},
		spfCase("harm: ip4 with a dot", "", "v=spf1 ip4.192.0.2.10 -all", expectation{found: []string{"critical spf-syntax"}, records: []string{"v=spf1 ip4:192.0.2.10 -all"}}),
		dmarcCase("harm: a test that nobody reads as one", "", "v=DMARC1; p=reject; t=yes; rua=mailto:d@acme.example", expectation{found: []string{"warning dmarc-tag-value-invalid"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}, says: []string{"write t=y"}}),
		dmarcCase("harm: pct with a sign", "", "v=DMARC1; p=reject; pct=50%; rua=mailto:d@acme.example", expectation{records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}, says: []string{"write pct=50"}}),
		dmarcCase("harm: sp with a colon", "", "v=DMARC1; p=reject; sp:none; rua=mailto:d@acme.example", expectation{records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}),
		dmarcCase("harm: an exclamation mark in an address", "", "v=DMARC1; p=reject; rua=mailto:d!x@acme.example", expectation{records: []string{}, says: []string{"perhaps meant"}}),
		zoneCase("harm: a step for later", "", mailHosts+goodSPF+goodDKIM+"_dmarc TXT \"v=DMARC1; p=none; rua=mailto:d@acme.example\"\n", "audit --offline --zone zone --format zone acme.example",
			expectation{says: []string{"; later: _dmarc.acme.example.", "When aggregate reports show"}, never: []string{"; later: _dmarc.acme.example. 3600 IN TXT \"v=DMARC1; p=none", "audited"}}),
		zoneCase("harm: a step for later in a plan", "", mailHosts+goodSPF+goodDKIM+"_dmarc TXT \"v=DMARC1; p=quarantine; pct=50; rua=mailto:d@acme.example\"\n", "audit --offline --zone zone --plan acme.example",
			expectation{says: []string{"When the reports are clean"}, never: []string{"audited"}}),
		spfCase("harm: an all behind a slash", "", "v=spf1 ip4:192.0.2.10/-all", expectation{found: []string{"critical spf-syntax"}, records: []string{}, says: []string{"-all"}}),
		spfCase("harm: everyone beside a sender", "", "v=spf1 ip4:192.0.2.1 ip4:0.0.0.0/0 -all", expectation{found: []string{"critical spf-all-pass"}, absent: []string{"spf-overlap"}, records: []string{}}),
		spfCase("harm: address cut short", "", "v=spf1 ip4:192.0.2. mx -all", expectation{found: []string{"critical spf-syntax"}, records: []string{}}),
		zoneCase("harm: missing include", "", mailHosts+"@ TXT \"v=spf1 include:gone.esp.example -all\"\n"+goodDMARC+goodDKIM+esp, "audit --offline --zone zone --plan acme.example",
			expectation{status: exits1, found: []string{"critical spf-include-missing"}, unproposed: []string{"v=spf1 -all"}, never: []string{"→ ready", "Judged as a parked", "Judged as a receiver", "100/100"}}),
		zoneCase("harm: no SPF record", "", mailHosts+goodDMARC+goodDKIM, "audit --offline --zone zone --format zone acme.example", expectation{never: []string{`closes spf-record-missing acme.example. 300 IN TXT "v=spf1`, `closes spf-record-missing acme.example. 3600 IN TXT "v=spf1`}}),
		zoneCase("harm: no DMARC record", "", mailHosts+goodSPF+goodDKIM, "audit --offline --zone zone --format zone acme.example", expectation{never: []string{"dmarc-reports@acme.example"}}),
		dmarcCase("harm: rua with a space", "", "v=DMARC1; p=reject; rua=mailto: postmaster@acme.example", expectation{records: []string{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example"}, unproposed: []string{"dmarc-reports@"}}),
		zoneCase("harm: MX is an address", "", nameServers+"@ MX 10 192.0.2.10\n"+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example", expectation{status: exits1, found: []string{"error mx-ip-literal"}, records: []string{}, unproposed: []string{"10 mail.acme.example"}}),

		// 2. What is probably meant is what is published.
		dmarcCase("meant: p:quarantine", "", "v=DMARC1; p:quarantine; rua=mailto:d@acme.example", expectation{records: []string{"v=DMARC1; p=quarantine; rua=mailto:d@acme.example"}, unproposed: []string{"p=none"}}),
		spfCase("meant: include with a bar", "", "v=spf1 include:spf.esp.example|_spf.esp.example -all", expectation{records: []string{"v=spf1 include:spf.esp.example include:_spf.esp.example -all"}}),
		spfCase("meant: two addresses and a comma", "", "v=spf1 ip4:192.0.2.10, ip4:192.0.2.11 -all", expectation{records: []string{"v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 -all"}}),
		spfCase("meant: include_", "", "v=spf1 include_spf.esp.example -all", expectation{records: []string{"v=spf1 include:spf.esp.example -all"}}),
		spfCase("meant: include-_", "", "v=spf1 include-_spf.esp.example -all", expectation{records: []string{"v=spf1 include:_spf.esp.example -all"}}),
		spfCase("meant: mx with a dot", "", "v=spf1 mx.acme.example -all", expectation{records: []string{"v=spf1 mx:acme.example -all"}}),
		dmarcCase("meant: two mailboxes and a space", "", "v=DMARC1; p=reject; rua=mailto:d@acme.example, mailto:e@acme.example", expectation{status: exits0, unproposed: []string{"dmarc-reports@", `rua=mailto:d@acme.example"`}}),
		dmarcCase("meant: at sign in words", "", "v=DMARC1; p=reject; rua=mailto:d(at)acme.example", expectation{unproposed: []string{"dmarc-reports@"}}),

		// 3. Fixes of one report agree; one cause, one finding.
		spfCase("agree: -all.", "", "v=spf1 mx -all.", expectation{found: []string{"critical spf-syntax"}, absent: []string{"spf-all-missing"}, records: []string{"v=spf1 mx -all"}}),
		spfCase("agree: minus sign", "", "v=spf1 mx \xe2\x88\x92all", expectation{absent: []string{"spf-all-missing"}, records: []string{"v=spf1 mx -all"}}),
		lintCase("agree: redirect with a colon", "", "spf", "v=spf1 redirect:spf.esp.example", expectation{status: exits1, absent: []string{"spf-all-missing"}, records: []string{"v=spf1 redirect=spf.esp.example"}}),
		lintCase("agree: ~all;", "", "spf", "v=spf1 mx ~all;", expectation{status: exits1, absent: []string{"spf-all-missing"}, records: []string{"v=spf1 mx ~all"}}),
		dmarcCase("agree: rua without a scheme", "", "v=DMARC1; p=reject; rua=d@acme.example", expectation{absent: []string{"dmarc-no-aggregate-reports"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}),
		zoneCase("agree: the domain does not exist", "", nameServers, "audit --offline --zone zone nothing.acme.example", expectation{status: exits1, found: []string{"critical domain-missing"},
			absent: []string{"spf-record-missing", "dmarc-record-missing", "mx-missing", "dkim-proved-absent"}, never: []string{"✖ Gmail", "✖ Yahoo"}}),

		// 4. What was misread feeds nothing else.
		spfCase("misread: a sign whose all is missing", "", "v=spf1 mx ?", expectation{found: []string{"critical spf-syntax"}, records: []string{}, says: []string{"<?all or ~all>"}}),
		spfCase("misread: a dash whose all is missing", "", "v=spf1 mx -", expectation{found: []string{"critical spf-syntax"}, records: []string{}, says: []string{"<-all or ~all>"}}),
		spfCase("misread: a sign too many", "", "v=spf1 mx -all ?", expectation{found: []string{"critical spf-syntax"}, records: []string{"v=spf1 mx -all"}}),
		spfCase("misread: a range that only the repair has", "", "v=spf1 mx ip6:192.0.2.10 -all", expectation{found: []string{"critical spf-syntax"}, absent: []string{"spf-overlap"}}),
		spfCase("misread: twice by the repair", "", "v=spf1 mx ip4:192.0.2.10 ip6:192.0.2.10 -all", expectation{found: []string{"critical spf-syntax"}, absent: []string{"spf-overlap", "spf-duplicate-term"}}),
		zoneCase("offline: names of the client that no zone holds", "", mailHosts+"@ TXT \"v=spf1 ptr -all\"\n"+goodDMARC, "spf check --offline --zone zone --ip 198.51.100.77 acme.example", expectation{absent: []string{"spf-ip-not-authorized"}, found: []string{"not-checked spf-unresolved"}}),
		zoneCase("offline: names in a macro that no zone holds", "", mailHosts+"@ TXT \"v=spf1 exists:%{p}._h.acme.example ~all\"\n"+goodDMARC, "spf check --offline --zone zone --ip 198.51.100.77 acme.example", expectation{absent: []string{"spf-ip-not-authorized"}, found: []string{"not-checked spf-unresolved"}}),
		dmarcCase("agree: np misspelt", "", "v=DMARC1; p=reject; np=rejectt; rua=mailto:d@acme.example", expectation{found: []string{"error dmarc-policy-invalid"}, absent: []string{"dmarc-discovery-differs"}, records: []string{"v=DMARC1; p=reject; np=reject; rua=mailto:d@acme.example"}}),
		dmarcCase("agree: pct without a value", "", "v=DMARC1; p=reject; pct=; rua=mailto:d@acme.example", expectation{found: []string{"critical dmarc-syntax"}, absent: []string{"dmarc-historic-tag"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}),
		dmarcCase("agree: no scheme that receivers send to", "", "v=DMARC1; p=reject; rua=https://acme.example/r", expectation{found: []string{"warning dmarc-no-aggregate-reports"}, absent: []string{"dmarc-report-scheme"}}),
		dmarcCase("misread: two policies", "", "v=DMARC1; p=none; p=reject; rua=mailto:d@acme.example", expectation{found: []string{"error dmarc-duplicate-tag"}, absent: []string{"dmarc-policy-none"}, records: []string{}}),
		lintCase("meant: two ids", "", "mta-sts", "v=STSv1; id=1; id=2", expectation{status: exits1, found: []string{"error mta-sts-syntax"}, records: []string{}}),
		lintCase("meant: a version alone", "", "mta-sts", "v=STSv1", expectation{status: exits1, absent: []string{"mta-sts-version-prefix"}}),
		spfCase("misread: + all", "", "v=spf1 mx + all", expectation{found: []string{"critical spf-syntax"}, absent: []string{"spf-all-pass"}}),
		spfCase("misread: ptr beside an error", "", "v=spf1 mx inlude:spf.esp.example -all", expectation{found: []string{"critical spf-syntax"}, absent: []string{"spf-include-missing", "spf-void-lookup"}, records: []string{"v=spf1 mx include:spf.esp.example -all"}}),
		spfCase("misread: all in the middle of an error", "", "v=spf1 a : mail all -all", expectation{found: []string{"critical spf-syntax"}, absent: []string{"spf-all-pass", "spf-terms-after-all"}}),
		dmarcCase("misread: no semicolon", "", "v=DMARC1 p=reject rua=mailto:d@acme.example", expectation{absent: []string{"dmarc-record-missing", "dmarc-no-aggregate-reports"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}),
		dmarcCase("misread: p in capitals", "", "v=DMARC1; P=REJECT; RUA=mailto:d@acme.example", expectation{unproposed: []string{"p=none", "dmarc-reports@"}}),

		// 5. An unknown input stays unknown.
		{name: "unknown: %{l} without a sender", zone: mailHosts + "@ TXT \"v=spf1 exists:%{l}._u.acme.example -all\"\nsales._u A 127.0.0.2\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.10 acme.example", "spf evaluate --offline --zone zone --ip 192.0.2.10 --mail-from sales@acme.example acme.example",
				"audit --only spf --offline --zone zone --ip 192.0.2.10 --mail-from sales@acme.example acme.example", "audit --only spf --offline --zone zone --ip 192.0.2.10 --mail-from other@acme.example acme.example"},
			want: []expectation{{says: []string{"--mail-from"}, absent: []string{"spf-ip-not-authorized"}, unproposed: []string{"ip4:192.0.2.10"}}, {status: exits0, says: []string{"result pass"}},
				{status: exits0, absent: []string{"spf-unresolved", "spf-ip-not-authorized"}}, {found: []string{"critical spf-ip-not-authorized"}, absent: []string{"spf-unresolved"}}}},
		{name: "unknown: an include with %{h} and %{l}", zone: mailHosts + "@ TXT \"v=spf1 mx include:%{l}.%{h}._u.acme.example -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone acme.example", "audit --only spf --offline --zone zone acme.example"},
			want:     []expectation{{says: []string{"--helo", "--mail-from", "--ip"}}, {says: []string{"--helo", "--mail-from", "--ip"}}}},
		{name: "unknown: %{h} with a HELO name", zone: nameServers + "@ TXT \"v=spf1 exists:%{h}._h.acme.example -all\"\nmx1.acme.example._h A 127.0.0.2\n",
			commands: []string{"spf evaluate --offline --zone zone --ip 192.0.2.10 --helo mx1.acme.example acme.example"}, want: []expectation{{status: exits0, says: []string{"result pass"}}}},
		{name: "unknown: %{s}", zone: mailHosts + "@ TXT \"v=spf1 exists:%{s}._s.acme.example -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.10 acme.example"}, want: []expectation{{says: []string{"--mail-from"}, absent: []string{"spf-ip-not-authorized"}}}},
		{name: "unknown: what an excluded include excludes", zone: mailHosts + "@ TXT \"v=spf1 -include:_bad.acme.example mx -all\"\n_bad TXT \"v=spf1 exists:%{l}._bad.acme.example -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.10 acme.example"}, want: []expectation{{status: exits3, says: []string{"--mail-from", "not all that decides was stated"}, never: []string{"lookups failed"}, found: []string{"unknown spf-unresolved"}, absent: []string{"spf-ip-not-authorized"}}}},
		{name: "unknown: a record that may not be there", zone: mailHosts + "@ TXT \"v=spf1 include:%{l}._u.acme.example mx -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.10 acme.example"}, want: []expectation{{status: exits3, says: []string{"--mail-from"}, absent: []string{"spf-ip-not-authorized"}}}},
		{name: "unknown: excluded either way", zone: mailHosts + "@ TXT \"v=spf1 mx -exists:%{l}._u.acme.example -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.77 acme.example"}, want: []expectation{{status: exits1, found: []string{"critical spf-ip-not-authorized"}, absent: []string{"spf-unresolved"}}}},
		{name: "unknown: %{i} is known", zone: mailHosts + "@ TXT \"v=spf1 exists:%{i}._i.acme.example -all\"\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.10 acme.example"}, want: []expectation{{status: exits1, found: []string{"critical spf-ip-not-authorized"}}}},
		{name: "unknown: %{o} is known", zone: mailHosts + "@ TXT \"v=spf1 exists:%{i}.%{o}._o.acme.example -all\"\n192.0.2.10.acme.example._o A 127.0.0.2\n" + goodDMARC + goodDKIM,
			commands: []string{"spf check --offline --zone zone --ip 192.0.2.10 acme.example"}, want: []expectation{{status: exits0, absent: []string{"spf-ip-not-authorized"}}}},

		// 6. Who is a sender.
		{name: "sender: Google receives", zone: nameServers + "@ MX 1 smtp.google.com.\n@ TXT \"v=spf1 include:_spf.google.com ~all\"\n" + goodDMARC + goodDKIM +
			"$ORIGIN google.com.\n@ SOA ns1.acme.example. h.acme.example. 1 2 3 4 5\n@ NS ns1.acme.example.\nsmtp A 203.0.113.49\n_spf TXT \"v=spf1 ip4:203.0.113.48/28 ~all\"\n$ORIGIN 113.0.203.in-addr.arpa.\n@ SOA ns1.acme.example. h.acme.example. 1 2 3 4 5\n@ NS ns1.acme.example.\n",
			commands: []string{"audit --offline --zone zone --selector s1 acme.example"}, want: []expectation{{absent: []string{"ptr-missing"}, never: []string{"Ask the provider of 203.0.113.49"}}}},
		zoneCase("sender: web server of a domain without MX", "", nameServers+"@ A 203.0.113.80\n@ TXT \"v=spf1 include:spf.esp.example -all\"\n"+goodDMARC+goodDKIM+esp, "audit --offline --zone zone acme.example",
			expectation{absent: []string{"ptr-missing"}, never: []string{"203.0.113.80 (", "Sending from 203.0.113.80"}}),
		{name: "sender: DNS64 with a prefix of the network", live: append(liveDomain(), live{"mx1.acme.example", "AAAA", "2001:db8:64::c000:20a"}, live{"ipv4only.arpa", "A", "192.0.0.170"}, live{"ipv4only.arpa", "A", "192.0.0.171"},
			live{"ipv4only.arpa", "AAAA", "2001:db8:64::c000:aa"}, live{"ipv4only.arpa", "AAAA", "2001:db8:64::c000:ab"}),
			commands: []string{"live records audit --selector s1 acme.example"}, want: []expectation{{found: []string{"notice resolver-dns64"}, absent: []string{"ptr-missing"}}}},
		{name: "sender: a true AAAA is one", live: append(liveDomain(), live{"mx1.acme.example", "AAAA", "2001:db8:10::10"}),
			commands: []string{"live records audit --selector s1 acme.example"}, want: []expectation{{absent: []string{"resolver-dns64"}, found: []string{"error ptr-missing"}}}},
		{name: "sender: SendGrid as documented", zone: nameServers + "@ MX 10 mx1\nmx1 A 192.0.2.10\nem1234 CNAME u1234567.wl123.sendgrid.net.\ns1._domainkey CNAME s1.domainkey.u1234567.wl123.sendgrid.net.\ns2._domainkey CNAME s2.domainkey.u1234567.wl123.sendgrid.net.\n" + goodDMARC +
			"$ORIGIN sendgrid.net.\n@ SOA ns1.acme.example. h.acme.example. 1 2 3 4 5\n@ NS ns1.acme.example.\nu1234567.wl123 TXT \"v=spf1 ip4:203.0.113.64/28 -all\"\nu1234567.wl123 MX 10 mx\nmx A 203.0.113.65\ns1.domainkey.u1234567.wl123 TXT " + siblingKey + "\ns2.domainkey.u1234567.wl123 TXT " + siblingKey + "\n" +
			"$ORIGIN 2.0.192.in-addr.arpa.\n@ SOA ns1.acme.example. h.acme.example. 1 2 3 4 5\n@ NS ns1.acme.example.\n10 PTR mx1.acme.example.\n",
			commands: []string{"audit --offline --zone zone acme.example"}, want: []expectation{{status: exits0, absent: []string{"error spf-record-missing"}, never: []string{"NOT READY"}}}},

		// 7. A resolver that lies.
		{name: "liar: NXDOMAIN for everything", live: []live{}, commands: []string{"live records audit gmail.com"},
			want: []expectation{{found: []string{"unknown resolver-not-public"}, absent: []string{"domain-missing", "spf-record-missing", "dmarc-record-missing", "spf-target-unregistered"}, never: []string{"register"}, status: exits3}}},
		{name: "liar: the include is not registered, says who denies com", live: liarWithInclude(), commands: []string{"live records audit --selector s1 acme.example"},
			want: []expectation{{absent: []string{"spf-target-unregistered", "spf-include-missing"}, never: []string{"register"}}}},
		{name: "liar: not with its own name", live: liveDomain(), commands: []string{"live records audit --selector s1 acme.example"}, want: []expectation{{absent: []string{"resolver-not-public"}}}},

		{name: "liar: an address for every name", live: liveDomain(), faults: func(s *dnstest.Server) { s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.Rewrite}) }, commands: []string{"live records audit --selector s1 acme.example"},
			want: []expectation{{found: []string{"unknown rbl-resolver-rewrites"}, absent: []string{"rbl-listed", "rbl-domain-listed"}}}},
		{name: "liar: answers nothing, says one thing", live: liveDomain(), faults: func(s *dnstest.Server) { s.Fault("", dnstest.Any, dnstest.Fault{Kind: dnstest.ServFail}) }, commands: []string{"live records audit --selector s1 acme.example"},
			want: []expectation{{status: exits3, says: []string{"No resolver answered any question", "? UNKNOWN DNS resolver does not answer"}, never: []string{"zen.spamhaus.org:", "selector1._domainkey", "spf-unresolved ·"}}}},

		// 8. Offline means not checked.
		zoneCase("offline: lists", "", mailHosts+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example", expectation{status: exits0, absent: []string{"unknown rbl-unresolved"}, says: []string{"not checked"}, never: []string{"2.0.0.127.zen.spamhaus.org"}}),
		{name: "offline: nothing could be judged", zone: mailHosts + "@ TXT \"v=spf1 include:_spf.google.com -all\"\n_dmarc CNAME acme.dmarc.esp.net.\ns1._domainkey CNAME s1.esp.net.\n",
			commands: []string{"audit --offline --zone zone --only reputation acme.example", "audit --offline --zone zone --only spf --format nagios acme.example", "audit --offline --zone zone --skip spf,rbl,hosts,dkim --format csv acme.example",
				"audit --offline --zone zone --only dkim --format prometheus acme.example", "audit --offline --zone zone --only rbl --format junit acme.example", "audit --offline --zone zone acme.example"},
			want: []expectation{{status: exits0, says: []string{"NOT CHECKED no score", "Not checked (offline): 11 block lists."}, never: []string{"READY"}}, {status: exits0, says: []string{"OK - acme.example is not checked"}, never: []string{"ready"}},
				{status: exits0, says: []string{"acme.example,not checked,"}, never: []string{",ready"}}, {status: exits0, says: []string{`verdict="not checked"} 1`, `verdict="ready"} 0`}},
				{status: exits0, says: []string{"Nothing could be judged", `failures="0"`}}, {status: exits0, says: []string{"No zone holds", "s1.esp.net"}, never: []string{"No key was found", "No policy was found", "? Gmail"}}}},
		{name: "offline: a message", zone: mailHosts + "@ TXT \"v=spf1 include:_spf.google.com -all\"\n_dmarc CNAME acme.dmarc.esp.net.\n",
			files:    map[string]string{"m.eml": "Return-Path: <b@acme.example>\nReceived: from mx1.acme.example (mx1.acme.example [192.0.2.10]) by mx.example.net with ESMTPS id x; Sat, 28 Nov 2026 01:00:00 +0000\nDKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=s9; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\nFrom: a@acme.example\nDate: Sat, 28 Nov 2026 01:00:00 +0000\nMessage-ID: <1@acme.example>\n\nhi\n"},
			commands: []string{"message --offline --zone zone m.eml", "message --offline --zone zone --format json m.eml", "spf evaluate --offline --zone zone --ip 192.0.2.10 acme.example", "dmarc evaluate --offline --zone zone --from acme.example --spf acme.example=pass", "dkim verify --offline --zone zone m.eml"},
			want: []expectation{{status: exits0, says: []string{"– SPF not checked", "– DKIM not checked", "– DMARC not checked", "Authentication-Results: mailworthy; none"}, never: []string{"temperror"}}, {status: exits0, never: []string{"temperror"}},
				{status: exits0, says: []string{"result not checked"}, never: []string{"temperror"}}, {status: exits0, says: []string{"result not checked"}, never: []string{"temperror"}}, {status: exits0, says: []string{"result not checked"}, never: []string{"temperror"}}}},
		zoneCase("sender: a mapped address", "", nameServers+"@ MX 10 mx1\nmx1 A 192.0.2.10\nmx1 AAAA ::ffff:192.0.2.99\n"+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error mx-private-address"}, says: []string{"Sending from 192.0.2.10 (", "IPv4-mapped"}}),
		zoneCase("offline: the alias of an MX host", "", nameServers+"@ MX 10 mx1\nmx1 CNAME mail.esp.net.\n"+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error mx-cname"}, absent: []string{"mx-unresolvable"}, records: []string{}}),
		zoneCase("offline: an MX host that cannot be", "", nameServers+"@ MX 10 invalid.\n"+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error mx-unresolvable"}, records: []string{}}),
		{name: "sender: the client of a message behind NAT64", zone: mailHosts + goodSPF + goodDMARC + goodDKIM,
			files:    map[string]string{"m.eml": "Return-Path: <b@acme.example>\nReceived: from mx1.acme.example (mx1.acme.example [IPv6:64:ff9b::c000:20a]) by mx.example.net with ESMTP id x; Sat, 28 Nov 2026 01:00:00 +0000\nFrom: a@acme.example\nDate: Sat, 28 Nov 2026 01:00:00 +0000\nMessage-ID: <1@acme.example>\n\nhi\n"},
			commands: []string{"message --offline --zone zone m.eml"}, want: []expectation{{says: []string{"address of NAT64", "state it with --ip"}, absent: []string{"message-spf-fail"}}}},
		zoneCase("sender: an address of NAT64 in a zone file", "", mailHosts+"mx1 AAAA 64:ff9b::c000:20a\nmx2 AAAA 64:ff9b:1::c000:20b\n"+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error mx-private-address"}, says: []string{"Sending from 192.0.2.10, 192.0.2.11 (", "translated (NAT64)"}}),
		zoneCase("wrong name: the tenant of Microsoft 365", "", mailHosts+goodSPF+goodDMARC+"selector1-tenant-onmicrosoft-com._domainkey CNAME selector1-acme-example._domainkey.tenant.onmicrosoft.com.\n", "audit --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error dkim-wrong-name"}, absent: []string{"dkim-none-observed", "dkim-unresolved", "dkim-proved-absent"}, fixes: []string{"selector1-acme-example._domainkey.tenant.onmicrosoft.com"}}),
		zoneCase("wrong name: the dotless target of Microsoft 365", "", mailHosts+goodSPF+goodDMARC+"selector1._domainkey CNAME selector1-acme-onmicrosoft-com.\n", "audit --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error dkim-cname-dangling"}, absent: []string{"dkim-unresolved"}, records: []string{}, says: []string{"selector of Microsoft 365"}}),
		zoneCase("offline: no zone has the domain", "", mailHosts, "audit --offline --zone zone other.example", expectation{status: exits2, says: []string{"error: "}, never: []string{"NOT READY", "UNKNOWN"}}),
		zoneCase("offline: a foreign include", "", mailHosts+"@ TXT \"v=spf1 mx include:_spf.google.com -all\"\n"+goodDMARC+goodDKIM, "audit --offline --zone zone acme.example", expectation{status: exits0, absent: []string{"unknown spf-unresolved"}, says: []string{"not checked"}}),
		zoneCase("offline: PTR", "", mailHosts+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone --only hosts acme.example", expectation{status: exits0, absent: []string{"ptr-unresolved", "ptr-missing"}}),
		zoneCase("offline: selectors of the zone", "", mailHosts+goodSPF+goodDMARC+"zx81._domainkey TXT "+siblingKey+"\n", "dkim check --offline --zone zone acme.example", expectation{status: exits0, says: []string{"zx81"}, absent: []string{"dkim-none-observed"}}),
		zoneCase("offline: a key of the organizational domain", "", mailHosts+goodSPF+goodDMARC+goodDKIM+"news MX 10 mx1\nnews TXT \"v=spf1 mx -all\"\n", "audit --offline --zone zone news.acme.example",
			expectation{status: exits0, says: []string{"a key of acme.example aligns"}, absent: []string{"dkim-proved-absent", "dmarc-spf-only"}}),
		zoneCase("offline: no zone has the organizational domain", "", "$ORIGIN news.acme.example.\n@ SOA ns1 host 1 2 3 4 300\n@ MX 10 mx1\nmx1 A 192.0.2.10\n"+goodSPF+goodDMARC, "audit --offline --zone zone news.acme.example",
			expectation{status: exits0, says: []string{"not checked: _domainkey.acme.example"}, absent: []string{"dkim-proved-absent", "dmarc-spf-only"}}),

		// 9. Found at the wrong name.
		zoneCase("wrong name: SPF at a doubled name", "", mailHosts+"acme.example TXT \"v=spf1 mx -all\"\n"+goodDMARC+goodDKIM, "spf check --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error spf-wrong-name"}, says: []string{"acme.example.acme.example"}, absent: []string{"spf-record-missing"}, records: []string{"v=spf1 mx -all"}}),
		zoneCase("wrong name: DKIM without the underscore", "", mailHosts+goodSPF+goodDMARC+"s1.domainkey TXT "+siblingKey+"\n", "dkim check --offline --zone zone --selector s1 acme.example",
			expectation{status: exits1, found: []string{"error dkim-wrong-name"}, says: []string{"s1.domainkey.acme.example"}, absent: []string{"dkim-selector-missing"}}),
		zoneCase("wrong name: _dmarc is asked", "", mailHosts+goodSPF+goodDMARC+goodDKIM, "audit --offline --zone zone _dmarc.acme.example", expectation{status: exits2, says: []string{"acme.example", "did you mean"}}),
		zoneCase("wrong name: DMARC at a doubled name", "", mailHosts+goodSPF+goodDKIM+"_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:d@acme.example\"\n", "dmarc check --offline --zone zone acme.example",
			expectation{status: exits1, found: []string{"error dmarc-wrong-name"}, absent: []string{"dmarc-record-missing"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}),
		zoneCase("wrong name: the tenant's selector", "", mailHosts+goodSPF+goodDMARC+"selector1-acme-example._domainkey CNAME selector1-acme-example._domainkey.acmetenant.onmicrosoft.com.\n$ORIGIN onmicrosoft.com.\n@ SOA ns1.acme.example. h.acme.example. 1 2 3 4 5\n@ NS ns1.acme.example.\nselector1-acme-example._domainkey.acmetenant TXT "+siblingKey+"\n",
			"dkim check --offline --zone zone --selector selector1 acme.example", expectation{found: []string{"dkim-wrong-name"}, says: []string{"selector1-acme-example"}}),

		// 10. Grammar to the letter.
		lintCase("grammar: extension of TLS-RPT", "", "tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; x-1=y", expectation{status: exits0}),
		lintCase("grammar: extension name of TLS-RPT", "", "tls-rpt", "v=TLSRPTv1; rua=mailto:a@acme.example; x!=y", expectation{status: exits1}),
		lintCase("grammar: extension name of MTA-STS", "", "mta-sts", "v=STSv1; id=1; -x=y", expectation{status: exits1}),
		lintCase("grammar: scheme that nobody supports", "", "dmarc", "v=DMARC1; p=reject; rua=mailto:d@acme.example,ftp://acme.example/r", expectation{status: exits0, absent: []string{"error dmarc-report-uri-invalid"}}),
		lintCase("grammar: mx/0", "", "spf", "v=spf1 mx/0 -all", expectation{status: exits0, found: []string{"critical spf-broad-range"}}),
		lintCase("grammar: ra rp rr", "", "spf", "v=spf1 mx ra=postmaster rp=10 rr=e:f -all", expectation{status: exits0, never: []string{"no standard knows"}, absent: []string{"error spf-unknown-modifier"}}),

		// 11. A command that asked nothing says so.
		{name: "nothing asked: a domain of a list of addresses", live: []live{{"2.0.0.127.bl.spamcop.net", "A", "127.0.0.2"}}, commands: []string{"live records rbl check --list bl.spamcop.net acme.example"},
			want: []expectation{{says: []string{"addresses"}, never: []string{"clean", "not listed"}}}},
		{name: "nothing asked: IPv6 of a list of IPv4", live: []live{{"2.0.0.127.bl.spamcop.net", "A", "127.0.0.2"}}, commands: []string{"live records rbl check --list psbl.surriel.com 2001:db8::1"},
			want: []expectation{{says: []string{"IPv4"}, never: []string{"clean", "not listed"}}}},
		{name: "nothing asked: it was", live: []live{{"2.0.0.127.bl.spamcop.net", "A", "127.0.0.2"}, {"10.2.0.192.bl.spamcop.net", "A", "127.0.0.2"}}, commands: []string{"live records rbl check --list bl.spamcop.net 192.0.2.10"},
			want: []expectation{{status: exits1, says: []string{"bl.spamcop.net"}}}},

		{name: "nothing asked: of an address and a domain one was", live: []live{{"test.dbl.spamhaus.org", "A", "127.0.1.2"}}, commands: []string{"live records rbl check --list dbl.spamhaus.org 192.0.2.10 acme.example"},
			want: []expectation{{says: []string{"192.0.2.10", "domains", "acme.example"}}}},
		{name: "nothing asked: IPv6 of a list of both", live: []live{{"2.0.0.127.zen.spamhaus.org", "A", "127.0.0.2"}, {"2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org", "A", "127.0.0.2"}},
			commands: []string{"live records rbl check --list zen.spamhaus.org 2001:db8::1"}, want: []expectation{{status: exits0, says: []string{"2001:db8::1"}}}},

		// 12. As peers have it right.
		dmarcCase("peers: p=rejct", "", "v=DMARC1; p=rejct; rua=mailto:d@acme.example", expectation{status: exits1, found: []string{"error dmarc-policy-invalid"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}),
		dmarcCase("peers: sp=rejct", "", "v=DMARC1; p=reject; sp=rejct; rua=mailto:d@acme.example", expectation{status: exits1, found: []string{"error dmarc-policy-invalid"}, unproposed: []string{"sp=none"}}),
		dmarcCase("peers: three mailboxes", "", "v=DMARC1; p=reject; rua=mailto:a@acme.example,mailto:b@acme.example,mailto:c@acme.example", expectation{status: exits0, found: []string{"notice dmarc-report-addresses-many"}, unproposed: []string{"dmarc-reports@"}}),
		zoneCase("peers: parked with ~all", "", nameServers+"@ MX 0 .\n@ TXT \"v=spf1 ~all\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", "audit --offline --zone zone --profile parked --only spf acme.example", expectation{fixes: []string{"v=spf1 -all"}}),
		zoneCase("peers: msv1.invalid", "", nameServers+"@ MX 32767 ms12345678.msv1.invalid.\n"+goodSPF+goodDMARC, "audit --offline --zone zone acme.example", expectation{says: []string{"MS=ms12345678"}, absent: []string{"error mx-unresolvable"}}),
		spfCase("peers: a whole private net", "", "v=spf1 mx ip4:10.0.0.0/8 -all", expectation{absent: []string{"spf-broad-range"}, found: []string{"spf-private-address"}, records: []string{"v=spf1 mx -all"}}),
	}
}

// liveDomain are the records of a domain that a resolver serves.
func liveDomain() []live {
	return []live{{"example", "NS", "ns1.acme.example"}, {"com", "NS", "ns1.acme.example"}, {"acme.example", "NS", "ns1.acme.example"}, {"ns1.acme.example", "A", "192.0.2.53"},
		{"acme.example", "MX", []any{"10", "mx1.acme.example"}}, {"mx1.acme.example", "A", "192.0.2.10"}, {"10.2.0.192.in-addr.arpa", "PTR", "mx1.acme.example"},
		{"acme.example", "TXT", "v=spf1 mx -all"}, {"_dmarc.acme.example", "TXT", "v=DMARC1; p=reject; rua=mailto:d@acme.example"},
		{"s1._domainkey.acme.example", "TXT", "v=DKIM1; k=rsa; p=" + plainKey}}
}

// plainKey is the key of siblingKey.
var plainKey = func() string {
	_, key, _ := strings.Cut(strings.NewReplacer(`" "`, "", `" )`, "").Replace(siblingKey), "p=")
	return key
}()

// liarWithInclude is a domain at a resolver that knows nothing of com.
func liarWithInclude() []live {
	var out []live
	for _, r := range liveDomain() {
		if r.Name == "com" {
			continue
		}
		if r.Value == "v=spf1 mx -all" {
			r.Value = "v=spf1 mx include:spf.protection.outlook.com -all"
		}
		out = append(out, r)
	}
	return out
}
