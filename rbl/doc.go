// Package rbl asks DNS block lists about addresses and domains, and knows when
// not to believe them.
//
// A block list is a zone (RFC 5782): to ask about 192.0.2.99 one looks up the A
// record of 99.2.0.192.zone; an answer in 127/8 is a listing whose last octets
// say of which kind, NXDOMAIN means not listed. That is simple enough to be
// misread in five ways, which most tools do: a list that refuses a resolver
// answers 127.255.255.254, which is no listing; a list that was closed may
// answer everything, or nothing; a parked zone or a resolver that invents
// answers for absent names returns addresses outside 127/8; and a question that
// nobody answered says nothing at all.
//
// So there are five verdicts, never two: listed, clean, unknown, blocked, dead.
// Each list is tested with the entries that RFC 5782, 5 requires, through the
// same resolver and in the same round as the questions proper, and no answer of
// a list counts before it has passed.
package rbl
