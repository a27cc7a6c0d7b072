// Package reply explains what an SMTP server said: an answer such as
// "550-5.7.26 …", with or without the words that the sending server put around it.
//
// A reply has four layers, and they disagree often. The digit of the reply code says
// whether to try again, the enhanced code names a class of causes, the text names the
// cause, and the receiver decides what all three mean: receivers reuse codes against
// their registered meaning. So the order of evidence is the receiver's own text, the
// text, the enhanced code, the reply code (RFC 5321, section 4.2; RFC 3463).
//
// Before that, one thing is settled: who speaks. A server that could not connect writes
// an enhanced code of its own (4.4.1, 5.4.4), and no receiver is to blame for it.
//
// What the package knows is data: data/*.rules lists markers of texts with the
// reason that each means, data/reasons.txt says who must act on a reason and how,
// data/codes.txt explains every code that the standards name, and package receiver
// has the hosts and texts by which a receiver is recognised. A file
// of the user in the format of the rules comes before all of them (see New).
//
// What nothing explains is Unknown. It is never guessed to be an unknown user.
//
// The entry points: Split cuts a pasted text into replies, Parse takes one apart,
// Knowledge.Explain says what it means, Knowledge.Help explains a code alone.
package reply
