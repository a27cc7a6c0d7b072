package rbl

import "mailworthy/finding"

// checkList has the checks by their IDs.
var checkList = finding.NewList(Checks)

// Checks are the checks of the section "reputation".
var Checks = []finding.Check{
	{
		ID: "rbl-listed", Severity: finding.Critical, Section: finding.Reputation,
		Title:     "Sending IP listed on a DNSBL",
		Passed:    "No sending IP listed on a DNSBL",
		Condition: "A list that passed its own test has an entry for a sending address. The severity is the weight of the list, or of the sub-list that the answer names: critical, error, warning, notice or info.",
		Why:       "Receivers that use the list reject or filter the mail. Spamhaus weighs most: Yahoo, Comcast, Apple, Orange and La Poste reject by it. Lists of little weight are hardly used by anybody.",
		Remedy:    "Find out what was sent from the address and stop it, then follow the list's own way out. Removal from a list that matters is free: never pay for it.",
		Reference: "RFC 5782, 2.1 and 2.3",
	},
	{
		ID: "rbl-domain-listed", Severity: finding.Critical, Section: finding.Reputation,
		Title:     "Domain listed on a DNSBL",
		Passed:    "Domain not listed on a DNSBL",
		Condition: "The domain, an envelope domain or a DKIM domain has an entry on a domain list that passed its own test. The severity is the weight of the list or sub-list.",
		Why:       "A domain list follows the mail whatever address it leaves from: Apple rejects by the Spamhaus DBL, and many filters look up every domain in a message on SURBL and URIBL.",
		Remedy:    "Clean hacked pages, open redirects and lists of recipients without consent, then ask for removal. It is free.",
		Reference: "RFC 5782, 3",
	},
	{
		ID: "rbl-list-blocked", Severity: finding.Unknown, Section: finding.Reputation,
		Title:     "DNSBL refuses your resolver (public or over quota)",
		Passed:    "No DNSBL refuses your resolver",
		Condition: "The list answers with an error code such as 127.255.255.254 or 127.0.0.1, which means neither listed nor not listed.",
		Why:       "Lists refuse public resolvers and large users. It does not say whether you are listed; receivers with access to the list still see what it says.",
		Remedy:    "Ask through a resolver of your own, or get a key of the list and state it in the lists file.",
		Reference: "RFC 5782, 5",
	},
	{
		ID: "rbl-list-unhealthy", Severity: finding.Unknown, Section: finding.Reputation,
		Title:     "DNSBL fails its RFC 5782 test entries",
		Passed:    "No DNSBL fails its RFC 5782 test entries",
		Condition: "The entry that every list must have is absent, or the one that none may have is there, or an answer is outside 127/8.",
		Why:       "A list that is empty calls everybody clean, one that was abandoned lists the whole world: neither says anything about the subject.",
		Remedy:    "Leave the list out until it passes its test again.",
		Reference: "RFC 5782, 5 and 7",
	},
	{
		ID: "rbl-list-dead", Severity: finding.Warning, Section: finding.Reputation,
		Title:     "DNSBL is shut down",
		Passed:    "No DNSBL is shut down",
		Condition: "A list that the user asked for is known to be closed, or it is one that the catalogue does not know, and its zone does not exist through a resolver that finds other names. Info for a list that nobody asked for.",
		Why:       "A closed list never lists anything, or everything when its name changes hands: mail servers that still ask it reject all mail on that day.",
		Remedy:    "Take the list out of every configuration.",
		Reference: "RFC 5782, 7",
	},
	{
		ID: "rbl-no-addresses", Severity: finding.Notice, Section: finding.Reputation,
		Title:     "No sending IP known (use --ip)",
		Passed:    "Sending IPs known",
		Condition: "Neither was an address stated, nor do MX and SPF name single ones; or all are private, loopback or reserved. Info where only some are.",
		Why:       "Block lists are mostly about addresses: without one, only the domain can be looked up.",
		Remedy:    "State the addresses that the mail leaves from with --ip.",
		Reference: "RFC 5782, 2.1",
	},
	{
		ID: "rbl-not-asked", Severity: finding.Notice, Section: finding.Reputation,
		Title:     "No DNSBL was asked: none takes this kind of subject",
		Passed:    "DNSBLs were asked",
		Condition: "None of the lists that were chosen takes subjects of the kind: a domain, an IPv4 or an IPv6 address.",
		Why:       "What nobody was asked about may be listed.",
		Remedy:    "Choose a list that takes the kind.",
		Reference: "RFC 5782, 2.1, 2.4 and 3",
	},
	{
		ID: "rbl-resolver-rewrites", Severity: finding.Unknown, Section: finding.Reputation,
		Title:     "Resolver rewrites NXDOMAIN (wildcard or ad-redirect answers)",
		Passed:    "Resolver does not rewrite NXDOMAIN",
		Condition: "A name that does not exist got an address, or several lists gave the same address outside 127/8.",
		Why:       "To a block list \"does not exist\" means clean. Through such a resolver every address looks listed, and absent mail records look present.",
		Remedy:    "Use another resolver (--resolver).",
		Reference: "RFC 8020, 2; RFC 6761, 6.4",
	},
	{
		ID: "rbl-allow-listed", Severity: finding.Info, Section: finding.Reputation,
		Title:     "Listed on an allow list (DNSWL)",
		Passed:    "Not listed on an allow list (DNSWL)",
		Condition: "An allow list, or a reputation list with good marks, has an entry for the subject.",
		Why:       "Filters that use the list give such mail credit.",
		Remedy:    "Nothing to do: keep the entry current.",
		Reference: "RFC 5782, 2.2",
	},
	{
		ID: "rbl-unresolved", Severity: finding.Unknown, Section: finding.Reputation, Whole: true,
		Title:     "DNSBL did not answer",
		Passed:    "All DNSBLs answered",
		Condition: "The test entries of a list, or a question about a subject, were not answered; or the DNS did not say which addresses send.",
		Why:       "Not answered does not mean not listed.",
		Remedy:    "Try again, or through another resolver.",
		Reference: "RFC 2308, 7",
	},
}
