// Package policy examines everything that a domain publishes for SPF, whatever client it
// may be for, and says what is wrong with it and how it is repaired.
//
// Examine asks for every record below every include and redirect at the same time, so that
// the wall time is the depth of the tree and not its breadth. Its result, a Policy, is
// complete even if an evaluation would have stopped: over the limit, in a loop, or where
// the DNS did not answer. Check turns it into findings, Lint those of one record by itself.
// Merge makes one record of several, and Flatten one with addresses in place of names; both
// are compared with what is published, by spf.CheckHost.
//
// One client is the matter of package spf.
package policy
