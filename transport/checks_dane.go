package transport

import "mailworthy/finding"

// daneList has the checks about DANE by their IDs.
var daneList = finding.NewList(DANEChecks)

// DANEChecks are the rules about TLSA records of mail servers.
var DANEChecks = []finding.Check{
	{ID: "tlsa-syntax", Severity: finding.Error, Section: finding.Hygiene, Title: "Syntax error in the TLSA record",
		Passed:    "No syntax error in the TLSA record",
		Condition: "lint tlsa: the text is not three numbers up to 255 and hexadecimal digits.",
		Why:       "No server loads such a record.",
		Remedy:    "Write usage, selector, matching type and the digest in hexadecimal: 3 1 1 and the SHA-256 digest of the server's key.", Reference: "RFC 6698, 2.2"},
	{ID: "tlsa-unusable", Severity: finding.Error, Section: finding.Hygiene, Title: "TLSA record that no sender can use",
		Passed:    "No TLSA record that no sender can use",
		Condition: "Its usage, selector or matching type is not defined, its digest has a wrong length, or its data is no certificate or key.",
		Why:       "Senders pass it over. If the host has no other, they use TLS without knowing whom they speak to.",
		Remedy:    "Publish 3 1 1 and the SHA-256 digest of the server's key.", Reference: "RFC 7672, 3.1.3"},
	{ID: "dane-usage-pkix", Severity: finding.Warning, Section: finding.Hygiene, Title: "TLSA usage 0 or 1 (mail knows 2 and 3 only)",
		Passed:    "No TLSA usage 0 or 1",
		Condition: "The usage is 0 or 1 (PKIX-TA, PKIX-EE).",
		Why:       "Mail servers have no list of trusted authorities for it: senders pass the record over.",
		Remedy:    "Publish usage 3 (the server's own key) or 2 (an authority whose certificate the server sends).", Reference: "RFC 7672, 3.1.3"},
	{ID: "dane-full", Severity: finding.Warning, Section: finding.Hygiene, Title: "TLSA record with a whole certificate or key (matching type 0)",
		Passed:    "No TLSA record with a whole certificate or key",
		Condition: "The matching type is 0.",
		Why:       "The answer is long: some senders do not get it over UDP, and defer the mail.",
		Remedy:    "Publish a digest: matching type 1.", Reference: "RFC 7672, 3.1.2"},
	{ID: "dane-ta-cert-selector", Severity: finding.Notice, Section: finding.Hygiene, Title: "TLSA 2 0: digest of a CA certificate (2 1 1 is more robust)",
		Passed:    "No TLSA 2 0 digest of a CA certificate",
		Condition: "The record is 2 0 1 or 2 0 2.",
		Why:       "It stops matching if the authority's key gets another certificate.",
		Remedy:    "Publish the digest of the authority's key: 2 1 1.", Reference: "RFC 7671, 5.2.1"},
	{ID: "dane-sha512-only", Severity: finding.Notice, Section: finding.Hygiene, Title: "TLSA record with SHA-512 only (SHA-256 is safer)",
		Passed:    "No TLSA record with SHA-512 only",
		Condition: "The matching type is 2, and no SHA-256 digest of the same usage stands beside it.",
		Why:       "Senders have to know SHA-256 alone.",
		Remedy:    "Put the SHA-256 digest beside it: matching type 1.", Reference: "RFC 7671, 9"},
}
