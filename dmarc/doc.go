// Package dmarc finds, reads and judges the DMARC policy of a domain
// (RFC 9989, which obsoletes RFC 7489 and 9091; aggregate reports: RFC 9990).
//
// DMARC ties what a person sees, the domain in the From header (the Author
// Domain), to what a machine can prove: the envelope domain that SPF passed and
// the d= domains whose DKIM signatures verified. A message passes when one of
// them is aligned: the same domain (strict), or one of the same organization
// (relaxed). If none is, the record says what its owner would like done: none,
// quarantine or reject.
//
// Two questions are answered by walking up the tree of names (RFC 9989, 4.10):
// which record applies, and which name is the Organizational Domain. The walk
// asks at most eight questions, at "_dmarc." and each ancestor of the domain; a
// record with psd=n or psd=y ends it. Receivers that still follow RFC 7489 ask
// a public suffix list instead; if the two disagree, a Discovery has both.
//
// Discover asks the DNS and returns facts; Check turns facts into findings;
// Evaluate gives the verdict on one message from its identities alone. A step
// of the walk that the DNS did not answer could have held a record: what then
// depends on it is said to be unknown, never "no record".
package dmarc
