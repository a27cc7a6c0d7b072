package transport

import "mailworthy/finding"

const bimiDraft = "draft-brand-indicators-for-message-identification"

// checkList has the checks by their IDs.
var checkList = finding.NewList(Checks)

// Checks are the rules about the three records. All are of the section Hygiene:
// they say nothing about whether mail from the domain arrives.
var Checks = []finding.Check{
	{ID: "mta-sts-syntax", Severity: finding.Error, Section: finding.Hygiene, Title: "Syntax error in the MTA-STS record",
		Condition: "lint mta-sts: the text is not v=STSv1; followed by name=value fields.",
		Why:       "Senders take the domain to have no MTA-STS policy: mail to it may travel without TLS or to a false host.",
		Remedy:    "Publish v=STSv1; id=… at _mta-sts of the domain.", Reference: "RFC 8461, 3.1"},
	{ID: "mta-sts-id-invalid", Severity: finding.Error, Section: finding.Hygiene, Title: "The id of the MTA-STS record is invalid",
		Condition: "lint mta-sts: id= is missing, or is not 1 to 32 letters and digits.",
		Why:       "Senders pass the record over, and do not see that the policy changed.",
		Remedy:    "Write id= as 1 to 32 letters and digits, such as the date and time of the last change of the policy.", Reference: "RFC 8461, 3.1"},
	{ID: "tls-rpt-syntax", Severity: finding.Error, Section: finding.Hygiene, Title: "Syntax error in the TLS reporting record",
		Condition: "lint tls-rpt: the text is not v=TLSRPTv1; followed by name=value fields. A notice if all that is said is that rua= is there more than once, which is valid.",
		Why:       "A sender that cannot read the record tells nobody that TLS with the domain's hosts fails.",
		Remedy:    "Publish v=TLSRPTv1; rua=mailto:… at _smtp._tls of the domain.", Reference: "RFC 8460, 3"},
	{ID: "tls-rpt-destination-invalid", Severity: finding.Error, Section: finding.Hygiene, Title: "A destination of TLS reports is invalid",
		Condition: "lint tls-rpt: rua= is missing, or a URI in it is neither mailto: with an address nor https:. A notice if it is a URI of another scheme, which senders ignore, a warning if there is no other.",
		Why:       "No reports arrive there.",
		Remedy:    "Name in rua= the mailto: or https: URIs that take the reports, separated by commas.", Reference: "RFC 8460, 3"},
	{ID: "bimi-syntax", Severity: finding.Error, Section: finding.Hygiene, Title: "Syntax error in the BIMI record",
		Condition: "lint bimi: the text is not v=BIMI1; followed by name=value tags.",
		Why:       "Mailboxes show no logo.",
		Remedy:    "Publish v=BIMI1; l=https://…svg; a=https://…pem at default._bimi of the domain.", Reference: bimiDraft + ", 4.2"},
	{ID: "bimi-location-invalid", Severity: finding.Error, Section: finding.Hygiene, Title: "The location of the BIMI logo is invalid",
		Condition: "lint bimi: l= is missing, or l= or a= is not an https URI; a warning where the logo is no .svg or the certificate no .pem by name.",
		Why:       "Mailboxes fetch the logo and its certificate over https alone, and show none otherwise.",
		Remedy:    "Name an SVG file in l= and its certificate in a=, both over https; an empty l= says that the domain has no logo.", Reference: bimiDraft + ", 4.2"},
	{ID: "bimi-evidence-missing", Severity: finding.Notice, Section: finding.Hygiene, Title: "The BIMI record names no certificate",
		Condition: "lint bimi: l= names a logo and a= is missing or empty.",
		Why:       "Gmail and Apple show a logo only with a certificate (VMC or CMC).",
		Remedy:    "Have the logo certified and name the file in a=.", Reference: bimiDraft + ", 4.2"},
}
