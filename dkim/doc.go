// Package dkim finds the DKIM keys that a domain publishes, judges them, and
// verifies the signatures of a message.
//
// A sender signs mail with a private key and names a domain (d=) and a selector
// (s=) in the signature; the receiver fetches the public key as a TXT record at
// <selector>._domainkey.<domain> (RFC 6376, 3.6.2) and checks the signature. The
// selectors of a domain are in its mail, not in its DNS: nobody can list them.
// An audit without mail can only ask for selectors that somebody stated, that
// the domain's providers are known to use, or that are common. What it does not
// find that way was not observed; it is not missing. The exception is NXDOMAIN at
// _domainkey.<domain> itself, which proves that nothing exists below (RFC 8020).
//
// Examine asks and returns facts, Check turns facts into findings, ParseKey reads
// one key record, Verify checks a message.
package dkim
