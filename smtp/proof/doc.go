// Package proof shows the cause of a refusal in the DNS, or rules it out. It takes what
// a reply means (package smtp/reply), the identities that are known of the message, and
// runs the audit that looks at exactly these: SPF of the envelope domain for the address
// that sent, the key of the selector that signed, the PTR record of that address, the one
// block list that the text names, the MX of the recipient.
//
// There are four outcomes. Proved: the DNS shows the cause, with the finding and its fix.
// RuledOut: the DNS is right now; it has changed since, or the receiver saw another
// answer. Unknown: the DNS did not say, an identity is not known, or the text does not
// name the cause. NotRun: nothing was asked.
//
// A fix never harms here either. An address that only the text of a refusal states may be
// that of a forwarder or of a forger: no record that lets it send is complete, and a
// message that was not sent by the domain at all (backscatter) proves nothing.
package proof
