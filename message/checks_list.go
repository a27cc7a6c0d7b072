package message

import (
	"slices"

	"mailworthy/finding"
)

const gmailFormat = "RFC 5322, 3.6; Gmail's sender guidelines, message format (https://support.google.com/mail/answer/81126)"

// checkList has the checks by their IDs.
var checkList = finding.NewList(append(slices.Clip(Checks), Unresolved))

// Checks are the checks of the section "message" that the header decides. Those of the
// authentication are in package audit, which knows SPF, DKIM and DMARC.
var Checks = slices.Concat(headerChecks, listChecks, serviceChecks())

// Unresolved is the check about what the DNS did not say, here and of the authentication.
var Unresolved = check("message-unresolved", finding.Unknown, "Result unknown: DNS lookup failed or input missing", "All DNS lookups for the message answered",
	"The DNS did not answer, or the client is not known, and an outcome depends on it.",
	"A receiver in the same place defers the message (451), as it should not decide on silence: Gmail says 451 4.7.26, temporary DNS failures.",
	"Ask again, or another resolver; look at the name servers of the domain; state --ip and --mail-from.", "RFC 7208, 2.6.6; RFC 6376, 6.1.2; RFC 9989, 5.3.6")

func check(id string, s finding.Severity, title, passed, condition, why, remedy, reference string) finding.Check {
	return finding.Check{ID: id, Severity: s, Section: finding.Message, Title: title, Passed: passed, Condition: condition, Why: why, Remedy: remedy, Reference: reference}
}

var headerChecks = []finding.Check{
	check("message-from-missing", finding.Critical, "No From header", "From header present",
		"The header has no From field.",
		"A message without an author is not RFC 5322 and outside DMARC. Gmail rejects it: 550-5.7.1, not RFC 5322 compliant, 'From' header is missing.",
		"Send exactly one From field with the author's address.", gmailFormat),
	check("message-from-multiple", finding.Critical, "More than one From header", "Not more than one From header",
		"The header has two or more From fields.",
		"Receivers and readers may each take another one for the author, which is how spoofing works. Gmail rejects: 550-5.7.1, Multiple 'From' headers found. DMARC cannot be applied (RFC 9989, 5.3.1).",
		"Send exactly one From field.", gmailFormat),
	check("message-from-invalid", finding.Critical, "From header without a valid address", "From header has a valid address",
		"An address in From cannot be read, its domain is no domain, or there is none at all.",
		"Without an author domain DMARC cannot be applied, and Gmail rejects messages without a valid address in From: 550-5.7.1.",
		"Write From: Name <local@domain.example>, the name in quotation marks where it holds a comma, a dot or an @.", "RFC 5322, 3.4 and 3.6.2; RFC 9989, 5.3.1"),
	check("message-from-several-addresses", finding.Error, "More than one address in From", "Not more than one address in From",
		"One From field with two addresses or more; critical where they are of several domains.",
		"RFC 5322 allows it, but receivers do not: Gmail wants one address in From and answers 550-5.7.1, and with several domains DMARC validation is not possible (RFC 9989, 5.3.1 and 11.5).",
		"Name one author in From; name the others in the text or in Reply-To.", "RFC 9989, 11.5; RFC 5322, 3.6.2; Gmail's sender guidelines, message format"),
	check("message-from-group", finding.Error, "From header is a group address", "From header is not a group address",
		"From uses group syntax, \"Name: address;\".",
		"Group syntax in From (RFC 6854) is for special gateways. A group without an address has no author domain, and receivers treat such mail as malformed.",
		"Write the author's address without the group.", "RFC 6854, 3; RFC 9989, 5.3.1"),
	check("message-sender-invalid", finding.Warning, "Sender header missing or invalid", "No missing or invalid Sender header",
		"Sender does not hold exactly one address, or From holds several addresses and there is no Sender.",
		"Filters count a malformed header against the message; programs show \"on behalf of\" from this field.",
		"Give Sender exactly one address, or leave it out where From has one address.", "RFC 5322, 3.6.2"),
	check("message-address-invalid", finding.Warning, "Invalid address header", "No invalid address header",
		"An address in Reply-To, To, Cc or Bcc cannot be read, or one of these fields is empty.",
		"Gmail and others reject or demote what is not RFC 5322; replies go nowhere.",
		"Write each address as Name <local@domain.example> with commas between them; leave out a field without an address.", "RFC 5322, 3.4"),
	check("message-recipients-missing", finding.Notice, "No recipient header (To, Cc or Bcc)", "Recipient header present (To, Cc or Bcc)",
		"There is neither To nor Cc nor Bcc.",
		"RFC 5322 allows it, but nearly only spam is sent so, and content filters score it.",
		"Name the recipient in To.", "RFC 5322, 3.6.3"),
	check("message-date-missing", finding.Error, "No Date header", "Date header present",
		"The header has no Date field.",
		"Date is one of the two fields that every message must have. Filters score its absence, and programs sort the message wrongly.",
		"Set Date when the message is written.", "RFC 5322, 3.6 and 3.6.1"),
	check("message-date-invalid", finding.Error, "Invalid Date header", "Date header is valid",
		"Date cannot be read as an RFC 5322 date; a warning where only the name of the day is wrong.",
		"Filters score an invalid date, and programs show another one.",
		"Write Date: Mon, 02 Jan 2006 15:04:05 +0000, with English names and a numeric zone.", "RFC 5322, 3.3"),
	check("message-date-skewed", finding.Warning, "Date header far from delivery time", "Date header near delivery time",
		"Date is over 24 hours after, or over 96 hours before the topmost Received field that names a time, or else the present.",
		"Filters score messages from the future and from long ago: both are tricks of spam to stay on top of a mailbox or to pass as old mail.",
		"Set the clock and the time zone of the sending host; set Date when the message is sent, not when it is queued.", "RFC 5322, 3.6.1"),
	check("message-id-missing", finding.Error, "No Message-ID header", "Message-ID header present",
		"The header has no Message-ID field.",
		"Gmail rejects: 550-5.7.1, Messages missing a valid Message-ID header are not accepted.",
		"Set Message-ID: <unique-part@domain.example>, another one for each message.", "RFC 5322, 3.6.4; Gmail's sender guidelines, message format"),
	check("message-id-invalid", finding.Error, "Invalid Message-ID header", "Message-ID header is valid",
		"The Message-ID lacks its angle brackets, its @ or one of its sides; a warning where only its characters are wrong.",
		"Gmail rejects: 550-5.7.1, Messages missing a valid Message-ID header are not accepted.",
		"Set Message-ID: <unique-part@domain.example>, with letters, digits and dots.", "RFC 5322, 3.6.4; Gmail's sender guidelines, message format"),
	check("message-subject-missing", finding.Warning, "No Subject header", "Subject header present",
		"There is no Subject field, or it is empty.",
		"Filters score mail without a subject, and readers take it for spam.",
		"Say in Subject what the message is about.", "RFC 5322, 3.6.5"),
	check("message-duplicate-field", finding.Error, "Duplicate header field", "No duplicate header field",
		"A field that may stand once stands several times (From apart, which has a check of its own).",
		"Gmail rejects: 550-5.7.1, not RFC 5322 compliant, duplicate headers. A second field below or above a signed one is how signed mail is replayed with another subject.",
		"Set each of these fields once; a program that adds one must replace the one that is there.", gmailFormat),
	check("message-header-syntax", finding.Error, "Malformed header line", "No malformed header line",
		"A line of the header has no colon, a name with other than printable ASCII, or continues nothing; a warning where there is only white space before a colon.",
		"Receivers may end the header at such a line and take the rest for the body, so that signatures fail and fields are lost; others reject the message.",
		"Write every field as Name: value; start continuation lines with a space.", "RFC 5322, 2.2 and 4.5"),
	check("message-header-8bit", finding.Error, "Raw 8-bit characters in the header", "No raw 8-bit characters in the header",
		"A field has octets over 127 that are no UTF-8; a warning where they are UTF-8, which needs SMTPUTF8 all the way; a notice where an address or a Received field shows that SMTPUTF8 is used.",
		"Receivers without SMTPUTF8 reject such a message or replace the characters, which breaks DKIM signatures.",
		"Write text beyond ASCII as an encoded-word, =?UTF-8?Q?…?= (RFC 2047).", "RFC 5322, 2.2; RFC 6532, 3; RFC 6531, 3.1"),
	check("message-encoded-word", finding.Warning, "Invalid RFC 2047 encoded-word", "No invalid RFC 2047 encoded-word",
		"An encoded-word of a field for people has an unknown character set or encoding, text that does not decode, over 75 characters, or stands in quotation marks.",
		"Readers see =?…?= instead of text, and filters score it.",
		"Let a mail library encode the text: words of at most 75 characters, no character split between two, no quotation marks around them.", "RFC 2047, 2 and 5"),
	check("message-line-too-long", finding.Error, "Message line over 998 octets", "Message lines within 998 octets",
		"A line of the header or the body has over 998 octets, without its end.",
		"RFC 5322 and SMTP forbid it. Some servers reject the message; others break the line in two, which breaks DKIM signatures.",
		"Fold header fields; send the body as quoted-printable or base64.", "RFC 5322, 2.1.1; RFC 5321, 4.5.3.1.6"),
	check("message-line-long", finding.Notice, "Message lines over 78 octets", "Message lines within 78 octets",
		"Lines of over 78 and up to 998 octets.",
		"RFC 5322 advises against it; hardly any receiver minds.",
		"Fold header fields at 78 octets; send the body as quoted-printable.", "RFC 5322, 2.1.1"),
	check("message-bare-line-end", finding.Error, "Bare CR or LF (line ends must be CRLF)", "No bare CR or LF",
		"A CR without LF, or an LF without CR in a message whose other lines end in CRLF.",
		"SMTP forbids both, and since SMTP smuggling became known (2023) servers reject them or end the connection. A server that repairs them breaks DKIM signatures.",
		"End every line in CRLF, those of generated text and of templates too.", "RFC 5321, 2.3.8 and 4.1.1.4; RFC 5322, 2.2"),
	check("message-nul", finding.Error, "NUL bytes in the message", "No NUL bytes in the message",
		"An octet 0 in header or body.",
		"NUL is not allowed in a message; servers reject it or cut the line there.",
		"Send binary content as base64.", "RFC 5322, 4; RFC 2045, 2.7 and 2.8"),
	check("message-mime-version", finding.Warning, "MIME-Version header missing or not 1.0", "MIME-Version header is 1.0 or not needed",
		"There is a Content- field, or the body has octets over 127, without MIME-Version: 1.0.",
		"Without it the Content- fields mean nothing: readers may see the source of the message, and filters score it.",
		"Set MIME-Version: 1.0.", "RFC 2045, 4"),
	check("message-precedence", finding.Notice, "Unusual Precedence header", "No unusual Precedence header",
		"Precedence is none of bulk, list and junk, or is junk.",
		"The field is no standard. Programs that answer by themselves keep silent for bulk, list and junk; other values do nothing, and junk invites to be filtered.",
		"Leave Precedence out of mail to single readers; set Precedence: bulk on bulk mail, with Auto-Submitted where a program writes.", "RFC 2076; RFC 3834, 2"),
}

var listChecks = []finding.Check{
	check("message-unsubscribe-missing", finding.Notice, "No List-Unsubscribe header", "List-Unsubscribe header present",
		"No List-Unsubscribe field; a warning where List-Id or Precedence says that it is bulk mail.",
		"Gmail, Yahoo and Apple require one-click unsubscribe in marketing and subscribed mail of bulk senders (about 5,000 messages a day). Transactional mail needs none.",
		"In bulk mail set List-Unsubscribe: <https://…> and List-Unsubscribe-Post: List-Unsubscribe=One-Click.", "RFC 2369, 3.2; RFC 8058; Gmail's and Yahoo's sender requirements"),
	check("message-unsubscribe-invalid", finding.Warning, "Invalid List-Unsubscribe header", "No invalid List-Unsubscribe header",
		"List-Unsubscribe is not a list of URIs in angle brackets, or a URI in it cannot be used.",
		"Programs then show no way to unsubscribe, and readers press \"spam\" instead.",
		"Write List-Unsubscribe: <https://…>, <mailto:…>.", "RFC 2369, 2 and 3.2"),
	check("message-one-click-missing", finding.Warning, "List-Unsubscribe without List-Unsubscribe-Post (RFC 8058 one-click)", "No List-Unsubscribe without List-Unsubscribe-Post (RFC 8058 one-click)",
		"List-Unsubscribe stands without List-Unsubscribe-Post.",
		"Gmail and Yahoo require one-click unsubscribe (RFC 8058) of bulk senders: an https: URI that takes a POST without further questions.",
		"Add List-Unsubscribe-Post: List-Unsubscribe=One-Click, and an https: URI to List-Unsubscribe.", "RFC 8058, 3.1; Gmail's and Yahoo's sender requirements"),
	check("message-one-click-invalid", finding.Error, "Invalid List-Unsubscribe-Post (RFC 8058 one-click)", "No invalid List-Unsubscribe-Post (RFC 8058 one-click)",
		"List-Unsubscribe-Post has another value than List-Unsubscribe=One-Click, or List-Unsubscribe has no https: URI.",
		"Receivers then do not offer one click, and the message does not meet what Gmail and Yahoo require of bulk senders.",
		"Set List-Unsubscribe-Post: List-Unsubscribe=One-Click, exactly so, and one https: URI in List-Unsubscribe.", "RFC 8058, 3.1"),
	check("message-one-click-unsigned", finding.Error, "List-Unsubscribe headers not covered by DKIM", "List-Unsubscribe headers covered by DKIM",
		"No DKIM signature that passes names both List-Unsubscribe and List-Unsubscribe-Post in h=. A warning where one does that passes only where l= is accepted.",
		"RFC 8058 demands it, since anyone on the way could add the fields; receivers do not offer one click without it.",
		"Let DKIM sign both fields: add list-unsubscribe and list-unsubscribe-post to the signed headers, and sign after they are set.", "RFC 8058, 4"),
}

// serviceChecks are one check a sending service.
func serviceChecks() []finding.Check {
	var out []finding.Check
	for _, s := range services {
		out = append(out, check("message-service-"+s.name, finding.Warning, "Header exceeds the limits of "+s.title, "Header within the limits of "+s.title,
			"A field that steers "+s.title+" has a form or a size that its documentation excludes.",
			s.consequence, "Keep to the documented limits, or send through the service's API.", s.reference))
	}
	return out
}
