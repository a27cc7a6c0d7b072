// Package spf evaluates and audits the Sender Policy Framework, by which a
// domain says in the DNS which hosts may send mail in its name.
//
// A record is one TXT record that starts with "v=spf1". Its terms are read from
// left to right until one matches the client's address; the sign before that
// term is the result: "+" pass, "-" fail, "~" softfail, "?" neutral.
//
//	v=spf1 mx include:_spf.esp.example ip4:192.0.2.0/28 -all
//
// CheckHost is the function check_host() of RFC 7208: the verdict on one client.
// It asks in the order of the terms and counts as a receiver counts: more than
// ten terms that need the DNS, or more than two that find nothing, and the
// result is permerror whatever else the record says.
//
// Examine looks at a domain's whole policy, whatever client it may be for: every
// record below every include and redirect, asked for at the same time, so that
// the wall time is the depth of the tree and not its breadth. Its result, a
// Policy, is complete even where an evaluation would have stopped: over the
// limit, in a loop, or where the DNS did not answer. Check turns it into
// findings. Merge and Flatten write better records.
//
// The rules are those of RFC 7208 with its errata, RFC 7372 and RFC 8616.
package spf
