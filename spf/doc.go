// Package spf evaluates the Sender Policy Framework, by which a domain says in the DNS
// which hosts may send mail in its name.
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
// Parse reads a record without asking anything: its terms with their offsets, what is wrong
// with each, and which of them receivers ignore. Term.Target is the name that a term asks
// for if it does not depend on the client.
//
// What a domain publishes as a whole, whatever client it is for, is the subject of package
// spf/policy: the tree of includes, what it authorises, what is wrong with it, and better
// records.
//
// The rules are those of RFC 7208 with its errata, RFC 7372 and RFC 8616.
package spf
