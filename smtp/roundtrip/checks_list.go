package roundtrip

import "mailworthy/finding"

// Checks are the rules about synthetic mails in run and watch: one for each verdict but
// Arrived, one for what takes long and one for what comes twice. None counts in a score.
var Checks = []finding.Check{
	{ID: "roundtrip-bounced", Severity: finding.Error, Section: finding.Hygiene, Title: "Synthetic message bounced", Passed: "Synthetic message did not bounce",
		Condition: "A server refused the mail of a round trip for good, in the session or by a bounce.",
		Why:       "Other mail by the same way is refused likewise.",
		Remedy:    "Read who refused it and why: mailworthy explain takes the reply or the bounce.", Reference: "RFC 5321, 4.2.1; RFC 3464"},
	{ID: "roundtrip-lost", Severity: finding.Error, Section: finding.Hygiene, Title: "Synthetic message lost", Passed: "Synthetic message not lost",
		Condition: "A server accepted the mail, the time is over, and it is in no folder that was looked into; no bounce came.",
		Why:       "Accepted mail that nobody finds is not noticed by its sender.",
		Remedy:    "Look for its Message-ID in the logs of the server that accepted it, and in quarantine.", Reference: "RFC 5321, 6.1"},
	{ID: "roundtrip-spam", Severity: finding.Warning, Section: finding.Hygiene, Title: "Synthetic message in the junk folder", Passed: "Synthetic message not in the junk folder",
		Condition: "The mail arrived in the junk folder alone.",
		Why:       "The receiver rates mail by this way as spam, and people do not see it.",
		Remedy:    "Read the Authentication-Results of the mail that arrived (mailworthy message FILE), and audit the domain.", Reference: "RFC 8601"},
	{ID: "roundtrip-deferred", Severity: finding.Warning, Section: finding.Hygiene, Title: "Synthetic message deferred each time", Passed: "Synthetic message not deferred each time",
		Condition: "Each try was answered 4xx, and the mail is not sent.",
		Why:       "Other mail by the same way waits in the queue.",
		Remedy:    "Read the reply with mailworthy explain: greylisting ends by itself, a rate limit or a DNS failure does not.", Reference: "RFC 5321, 4.2.1 and 4.5.4.1"},
	{ID: "roundtrip-slow", Severity: finding.Warning, Section: finding.Hygiene, Title: "Synthetic message slower than its limit", Passed: "Synthetic message within its time limit",
		Condition: "The mail arrived, and it took longer than slow in the configuration.",
		Why:       "Codes and password mails are worthless after minutes.",
		Remedy:    "The hops with their times name the server where it waited.", Reference: "RFC 5321, 4.4"},
	{ID: "roundtrip-duplicate", Severity: finding.Warning, Section: finding.Hygiene, Title: "Synthetic message delivered more than once", Passed: "Synthetic message delivered once",
		Condition: "There are several copies of the mail, or another one of a mail of an earlier run came, up to a week later.",
		Why:       "Other mail by the same way is there twice, too, and people act on it twice.",
		Remedy:    "Compare the Received fields of the copies: the first one that differs is the server that sent it again, often since the answer to it was lost.", Reference: "RFC 5321, 4.5.4.1; RFC 1047"},
	{ID: "roundtrip-unknown", Severity: finding.Unknown, Section: finding.Hygiene, Title: "Synthetic message: result unknown", Passed: "Synthetic message: result known",
		Condition: "No server was reached, or the mailbox could not be read.",
		Why:       "Whether mail arrives is not known; nothing is wrong with it for that.",
		Remedy:    "See that the server and the mailbox of the round trip can be reached from here, with the password configured.", Reference: "RFC 5321; RFC 9051"},
}
