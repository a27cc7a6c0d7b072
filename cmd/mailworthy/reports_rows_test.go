package main

// reportedRows are the folders of reported faults; their expected.txt says what is
// right.
var reportedRows = []faulty{
	{name: "01", want: []expectation{{status: exits1, // it is not signed
		says: []string{"client 192.0.2.10", "SPF pass 192.0.2.10", "DMARC pass"}, never: []string{"2001:db8:a6::1 for acme.example"}}}},
	{name: "03", want: []expectation{{says: []string{"DNS64"}, absent: []string{"ptr-missing"}, found: []string{"notice resolver-dns64"}}}},
	{name: "04", want: []expectation{
		{status: exits1, found: []string{"critical spf-syntax"}, absent: []string{"spf-all-pass", "spf-all-missing"}, records: []string{"v=spf1 mx -all"}},
		{status: exits0, says: []string{"result permerror"}}}},
	{name: "05", want: []expectation{{status: exits1, records: []string{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example"},
		unproposed: []string{"p=none", "dmarc-reports@"}}}},
	{name: "06", want: []expectation{{says: []string{"a final dot"}, never: []string{"dmarc-reports@acme.example"},
		found: []string{"dmarc-report-uri-invalid"}, absent: []string{"dmarc-no-aggregate-reports"},
		records: []string{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example"}}}},
	{name: "08", want: []expectation{{found: []string{"dmarc-report-uri-invalid"}, never: []string{`rua=mailto:postmaster@acme"`, "_report._dmarc.acme "},
		records: []string{"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example"}}}},
	{name: "09", want: []expectation{{status: exits1, says: []string{`"include:spf.esp.example"`}, found: []string{"critical spf-syntax"},
		records: []string{"v=spf1 include:spf.esp.example -all"}, unproposed: []string{"a:include."}}}},
	{name: "11", want: []expectation{{status: exits0, says: []string{"a valid SPF record"}, never: []string{"no standard knows"}, records: []string{}}}},
	{name: "12", want: []expectation{
		{says: []string{"--helo"}, absent: []string{"spf-ip-not-authorized", "critical spf-include-missing"}, unproposed: []string{"ip4:192.0.2.10"}},
		{status: exits0, says: []string{"--helo"}, never: []string{"result permerror"}}}},
	{name: "14", want: []expectation{{found: []string{"warning dkim-ed25519-only"}, says: []string{"Gmail", "RSA"}, never: []string{"✔ Gmail bulk", "✔ Gmail, Gmail bulk"}}}},
	{name: "15", want: []expectation{{status: exits1, never: []string{"operator of acme.example"}, says: []string{"_dmarc.acme.example"}, found: []string{"dmarc-record-missing"},
		unproposed: []string{"dmarc-reports@"}}}},
	{name: "16", want: []expectation{{status: exits1, found: []string{"error dmarc-wrong-name"}, records: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"},
		absent: []string{"dmarc-record-missing"}, unproposed: []string{"p=none"}}}},
	{name: "18", want: []expectation{
		{status: exits1, found: []string{"critical spf-all-pass", "critical spf-broad-range"}, absent: []string{"spf-shared-provider"}, never: []string{"Amazon EC2", "DigitalOcean"}, unproposed: []string{"v=spf1 ~all", "v=spf1 -all"}},
		{status: exits0, found: []string{"critical spf-broad-range"}}}},
	{name: "20", want: []expectation{{status: exits1, says: []string{"+"}, never: []string{"the end is missing"},
		fixes: []string{"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmeFqoUbDHKT+BTT7zuEzhFFSNX4YlTv4eP6yNkxhOw+gyefaCvJwf/2b1bQaUeab/wcg8/tfptW3wSREn9jF4AucfSwfavE1GPQ9D2zI22ICkSK6tCwtYzMJjG77PPP/RsbUF96ct/010MNuyewGQ1biG0QcrTyEtd9CimW1KS88tw9xbQdWvMQEC7ef78fIdoAqtmgXNI+Ieew98k2/ZQOnxFyMiiJ6Y9XgAefrDJ7voUACLOORuICKdzzIq8L21KcC7Yp4uE6LUjH5YDyZ3y8fgcnBwbVLDTm23u8FjC8lRlMRY+Cu8wl0kCDZtNfIiTfl7Eq2yzUYMFB/sr/zkwIDAQAB"}}}},
	{name: "21", want: []expectation{
		{says: []string{"dbl.spamhaus.org", "domains"}, never: []string{"clean"}},
		{says: []string{"zen.spamhaus.org"}, never: []string{"clean"}}}},
	{name: "23", want: []expectation{{status: exits1, never: []string{"127.0.0.1\n", "localhost. A 127.0.0.1", "Publish the public address of localhost"}, unproposed: []string{"127.0.0.1"}, says: []string{"localhost", "null MX"}}}},
	{name: "24", want: []expectation{{found: []string{"error dmarc-cname-and-txt"}, never: []string{"READY 100"}, says: []string{"depends on the resolver"}}}},
	{name: "25", want: []expectation{{status: exits1, found: []string{"error dkim-wrong-name"}, says: []string{"k9._domainkey.acme.example.acme.example", "k8.domainkey.acme.example"},
		absent: []string{"dkim-selector-missing", "dkim-proved-absent"}, unproposed: []string{"<public key"}}}},
	{name: "26", want: []expectation{{status: exits0, says: []string{"7v6qjduqgj2jhvqj5m3a4k3v2ydl4szk", "ab6qjduqgj2jhvqj5m3a4k3v2ydl4szk"}, absent: []string{"dkim-none-observed"}}}},
	{name: "28", want: []expectation{{status: exits0, says: []string{"a valid TLS-RPT record"}, absent: []string{"error tls-rpt-syntax", "warning tls-rpt-syntax"}, unproposed: []string{"tls-reports@"},
		records: []string{"v=TLSRPTv1; rua=mailto:a@acme.example,mailto:b@acme.example"}}}},
	{name: "29", want: []expectation{{status: exits1, says: []string{"backslash"}, never: []string{"no semicolon follows"}, fixes: []string{"v=DMARC1; p=reject; rua=mailto:d@acme.example"}}}},
	{name: "30", want: []expectation{{status: exits1, records: []string{"v=DMARC1; p=reject; rua=mailto:a@acme.example"}, unproposed: []string{"sp=none"}}}},
	{name: "32", want: []expectation{{status: exits1, found: []string{"critical spf-syntax"}, absent: []string{"spf-all-missing"}, records: []string{"v=spf1 mx -all"}}}},
	{name: "33", want: []expectation{{absent: []string{"ptr-missing", "ptr-unconfirmed"}, never: []string{"Ask the provider of 203.0.113.33"}}}},
	{name: "35", want: []expectation{{status: exits1, found: []string{"error dkim-key-split"}, absent: []string{"dkim-key-undecodable", "dkim-multiple-records"}, never: []string{"remove the others"},
		fixes: []string{"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmeFqoUbDHKT+BTT7zuEzhFFSNX4YlTv4eP6yNkxhOw+gyefaCvJwf/2b1bQaUeab/wcg8/tfptW3wSREn9jF4AucfSwfavE1GPQ9D2zI22ICkSK6tCwtYzMJjG77PPP/RsbUF96ct/010MNuyewGQ1biG0QcrTyEtd9CimW1KS88tw9xbQdWvMQEC7ef78fIdoAqtmgXNI+Ieew98k2/ZQOnxFyMiiJ6Y9XgAefrDJ7voUACLOORuICKdzzIq8L21KcC7Yp4uE6LUjH5YDyZ3y8fgcnBwbVLDTm23u8FjC8lRlMRY+Cu8wl0kCDZtNfIiTfl7Eq2yzUYMFB/sr/zkwIDAQAB"}}}},
	{name: "37", want: []expectation{{never: []string{"✖ Gmail: 421", "✖ Yahoo: Not every"}, absent: []string{"error ptr-unconfirmed", "ptr-missing"}}}},
}
