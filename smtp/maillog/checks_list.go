package maillog

import "mailworthy/finding"

// The checks of a run over the logs of mail servers.
const (
	CheckBounced  = "logs-bounced"
	CheckDeferred = "logs-deferred"
	CheckRefuses  = "logs-receiver-refuses"
	CheckNew      = "logs-reason-new"
)

// Checks are the rules about what the logs of mail servers say. They are judged by run and
// watch, over the last day, and count in no score.
var Checks = []finding.Check{
	{ID: CheckBounced, Severity: finding.Error, Section: finding.Hygiene, Title: "SMTP bounce rate over the limit (mail log)", Passed: "SMTP bounce rate within the limit (mail log)",
		Condition: "Of the recipients whose outcome is known, at least max_bounced percent (5) failed for good: rejected, or expired in the queue. Fewer than min_messages (20) recipients are not judged.",
		Why:       "A rising share of failures is how a listing, a lost record or an old list of addresses shows first. Receivers and sending services throttle or block senders that bounce much.",
		Remedy:    "See what the receivers answered: mailworthy logs --by reason FILE; mailworthy explain says what an answer means and who must act.", Reference: "RFC 5321, 4.2.1; RFC 3463"},
	{ID: CheckRefuses, Severity: finding.Error, Section: finding.Hygiene, Title: "Receiver refuses every SMTP delivery (mail log)", Passed: "No receiver refuses every SMTP delivery (mail log)",
		Condition: "A receiver took none of at least min_messages (20) recipients, and deferred or rejected them.",
		Why:       "Mail to everybody there is lost or waits: a block of the sending IP or domain, or a record that this receiver demands.",
		Remedy:    "Read what it answers with mailworthy explain; most such answers name the record or the list.", Reference: "RFC 5321, 4.2.1"},
	{ID: CheckDeferred, Severity: finding.Warning, Section: finding.Hygiene, Title: "SMTP deferral rate over the limit (mail log)", Passed: "SMTP deferral rate within the limit (mail log)",
		Condition: "At least max_deferred percent (30) of at least min_messages (20) attempts were answered 4xx or could not be made.",
		Why:       "Mail arrives late, and after some days in the queue not at all. Rate limits and DNS failures of receivers show as 4xx before they show as 5xx.",
		Remedy:    "See which receivers defer and why: mailworthy logs --by receiver FILE. Send more slowly to those that limit the rate.", Reference: "RFC 5321, 4.2.1 and 4.5.4.1"},
	{ID: CheckNew, Severity: finding.Warning, Section: finding.Hygiene, Title: "New SMTP error reason (mail log)", Passed: "No new SMTP error reason (mail log)",
		Condition: "A reason with its code was given in the last day, and not in the day before, which the logs have too.",
		Why:       "What begins today has a cause of today: a record that was changed, a listing, a new rule of a receiver.",
		Remedy:    "Look the answer up: mailworthy explain --text 'THE ANSWER'.", Reference: "RFC 3463"},
}
