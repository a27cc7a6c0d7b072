// Package bounce reads mail that comes back: delivery reports (RFC 3464 in RFC 6522,
// RFC 6533 for SMTPUTF8), the mails of systems that write none, complaints (RFC 5965)
// and automatic answers (RFC 3834). It says of each recipient what became of the
// message, who said so and in which words, and explains the words with smtp/reply.
//
// A delivery report is a table for programs, and still no two systems fill it alike.
// Status and Diagnostic-Code differ (the Diagnostic-Code is nearer to the truth), a
// code of 5.x.x stands beside "Action: delayed" (the action is right), and older
// systems write to people only. Their mails are read by what they have in common: a
// list of addresses, the answer of the server near each, and a copy of the message.
//
// Everything read is hostile. Parse bounds size, depth and number of parts, headers
// and recipients, and never fails: what it did not read is named in Message.Limits.
//
// A bounce of a mail that one never sent is backscatter: see Original.SentBy.
package bounce
