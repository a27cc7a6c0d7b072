// Package setup compares what a service needs of a domain with what the DNS holds: a
// checklist of records, each with what is expected, what is there, and why it is wrong.
//
// What only the service's page can show is a place to fill in, <key: what it is>. What
// one record shows of it (a token, a region) is filled in for the others. What the DNS
// does not say is unknown, never missing.
package setup
