// Package maillog reads the logs of mail servers: Postfix, Exim, sendmail, OpenSMTPD,
// qmail and mox, in the forms in which syslog, journald, containers and the servers
// themselves write them.
//
// A Log takes lines (Line, Read) or files (ReadFiles) and yields one Event for each
// thing that a line says of a recipient: an attempt, a deferral, a delivery, a bounce.
// Lines of one message are joined by host and queue id, so that an event also states
// the sender and the Message-ID, which stand on other lines.
//
// Counts are of pairs (message, recipient). A recipient who is deferred five times and
// then gets the message is one delivery with five deferrals. A hand-over to a content
// filter or another local hop is no delivery: the second pass of the message is counted
// in its place. Mail refused from others is a table of its own (Report.RejectedHere).
//
// Memory is bounded by what is open and by fixed limits, never by the length of the
// log: see the limits in correlate.go and counts.go. A line that is not understood is
// counted and kept as an example, up to MaxSamples of them.
//
// Everything read is hostile. Texts in events are as the log has them, not valid UTF-8
// perhaps; MarshalJSON makes them so, and who prints them escapes them.
package maillog
