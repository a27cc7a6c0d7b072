// Package explain makes causes of what somebody has in hand: an SMTP reply, a sentence
// out of a bounce, lines of a mail log, a mail that came back, a complaint, an automatic
// answer. It tells these apart by itself, says for each recipient what happened, who said
// so, why, who must act and what to do, and proves the cause in the DNS (smtp/proof).
//
// Explainer.Read takes one input, Explainer.Prove runs the proofs of all, and Report is
// the result in the form of the JSON contract "mailworthy/explain/1": every key is always
// there, and what the input does not say is null.
package explain
