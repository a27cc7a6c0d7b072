// Package message reads a raw Internet message and judges the hygiene of its
// header: what receivers enforce besides SPF, DKIM and DMARC.
//
// A message (RFC 5322) is a header, an empty line and a body. The header is a
// list of fields, "Name: value", each perhaps folded over several lines. Some
// fields must be there (From, Date), many at most once (RFC 5322, 3.6), and a
// receiver that finds two From fields cannot tell whom the reader will see: it
// rejects the message. Lines end in CRLF and hold at most 998 octets; octets
// above 127 are for messages that travel by SMTPUTF8 (RFC 6532) and are
// otherwise written as encoded-words (RFC 2047).
//
// Read keeps the header as it is, with line numbers, and counts what matters in
// the body without keeping it. Facts takes the fields apart. Check turns facts
// into findings. Nothing here asks the DNS.
package message
