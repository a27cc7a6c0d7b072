// Package probe looks at mail servers from outside: one connection to each address
// and port does a good session (banner, EHLO, STARTTLS or TLS from the first byte,
// EHLO again, QUIT), and every step has an outcome in one word, its time and what
// was said (RFC 5321, RFC 3207).
//
// A probe sees what can be seen from here. A server that puts us off, a network that
// blocks port 25, a machine without IPv6 say nothing about the domain: such findings
// are unknown, with their cause, and never "no STARTTLS".
//
// It is polite: one connection at a time to an address, nothing more to an address
// that answered 421, no message (but for Options.SmugglingTo, to a mailbox of the user),
// QUIT at the end.
//
// The entry points: Run probes targets, ParseTarget reads one, Judge turns what was
// seen into findings.
package probe
