// Package mailhost examines the hosts behind a mail domain: where replies go
// (MX, RFC 5321, 5.1; null MX, RFC 7505), and whether the addresses that send
// have names that lead back to them.
//
// Receivers ask these questions before they look at any signature. A sending
// address without a PTR record, or with one whose name does not resolve back to
// it, is turned away by Gmail and Comcast at the door; a domain that can receive
// no reply (no SOA, a null MX) is turned away by Yahoo.
package mailhost
